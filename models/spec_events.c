#include "models/spec_events.h"

#include "models/spec.h"
#include "sim/quantity.h"

#include <math.h>
#include <string.h>

const char *const verb_names[VERB_COUNT + 1] = {
    [VERB_NOTE] = "note",
    [VERB_MIGRATE] = "migrate",
    [VERB_PUSH] = "push",
    [VERB_STOP_GENERATOR] = "stop-generator",
    [VERB_START_GENERATOR] = "start-generator",
    [VERB_PUSH_KNOWN_GOOD] = "push-known-good",
    [VERB_CONFIRM] = "confirm",
    [VERB_RESTART] = "restart",
    [VERB_SWITCH_FALLBACK] = "switch-fallback",
    [VERB_SWITCH_BACK] = "switch-back",
    [VERB_KILL_SWITCH] = "kill-switch",
    [VERB_RESTORE] = "restore",
    [VERB_SCALE] = "scale",
    [VERB_HALT] = "halt",
    [VERB_LIMIT] = "limit",
    [VERB_SURGE] = "surge",
    [VERB_POP_DOWN] = "pop-down",
    [VERB_POP_UP] = "pop-up",
    [VERB_PURGE] = "purge",
    [VERB_KILL] = "kill",
    [VERB_FAIL_OPEN] = "fail-open",
    [VERB_FAIL_CLOSED] = "fail-closed",
    [VERB_POST] = "post",
    [VERB_SERVICE_FAILS] = "service-fails",
    [VERB_SERVICE_SLOW] = "service-slow",
    [VERB_BURN_CPU] = "burn-cpu",
    [VERB_LINK] = "link",
    [VERB_POWER_LOSS] = "power-loss",
    [VERB_CLOUD_OUTAGE] = "cloud-outage",
    [VERB_CERTIFICATE] = "certificate-expiry",
    [VERB_DNS_FAILURE] = "dns-failure",
    [VERB_DDOS] = "ddos",
    [VERB_ORIGIN_FAILS] = "origin-fails",
    [VERB_ORIGIN_SLOW] = "origin-slow",
    [VERB_CLOCK_SKEW] = "clock-skew",
    [VERB_BLACKOUT] = "telemetry-blackout",
    [VERB_QUOTA] = "quota",
    [VERB_STATUS_DOWN] = "status-page-down",
    [VERB_COUNT] = NULL,
};

const char *const verb_abouts[VERB_COUNT] = {
    [VERB_NOTE] = "Writes a line in the journal and a flag on the plot.",
    [VERB_MIGRATE] = "Changes a cluster node by node: `from` and `to` share, `over` a time.",
    [VERB_PUSH] = "Pushes a version of a config with `properties`, through its rollout.",
    [VERB_STOP_GENERATOR] = "Stops the periodic generation of a config.",
    [VERB_START_GENERATOR] = "Starts it again.",
    [VERB_PUSH_KNOWN_GOOD] = "Pushes the last known good version of a config, to all PoPs at once.",
    [VERB_CONFIRM] = "Keeps the version that commit-confirm would take back.",
    [VERB_RESTART] = "Restarts a service PoP by PoP: `concurrency` PoPs at once, `pace` a PoP, "
                     "`success` the share of stuck processes that each pass brings back. A central "
                     "service forgets what waits for it.",
    [VERB_SWITCH_FALLBACK] = "Serves the fronts of `services` with another `cohort`.",
    [VERB_SWITCH_BACK] = "Undoes switch-fallback.",
    [VERB_KILL_SWITCH] = "Calls to `services` are skipped, everywhere.",
    [VERB_RESTORE] = "Undoes kill-switch, fail-open and fail-closed.",
    [VERB_SCALE] = "Multiplies the servers of a core service, or a PoP service's CPU, with `by`.",
    [VERB_HALT] = "A service serves nothing `for` a time; calls wait.",
    [VERB_LIMIT] =
        "Admits at most `to_rate` requests of a site's people; the rest gets 429, and people "
        "try again.",
    [VERB_SURGE] = "Multiplies the fresh demand of `sites` with `by`, `for` a time.",
    [VERB_POP_DOWN] = "PoPs lose their routes, of all prefix groups or of one, and their traffic "
                      "moves away.",
    [VERB_POP_UP] = "PoPs announce their routes again.",
    [VERB_PURGE] = "Drops a `share` of the cached content of `sites`, everywhere.",
    [VERB_KILL] = "A `share` of the processes of a service dies now.",
    [VERB_FAIL_OPEN] = "A failed call to `services` lets the request pass from now on.",
    [VERB_FAIL_CLOSED] = "A failed call to `services` fails the request from now on.",
    [VERB_POST] = "Says `text` on the status page.",
    [VERB_SERVICE_FAILS] = "A `share` of the calls to a service, or all on a share of its `hosts`, "
                           "is answered with an error.",
    [VERB_SERVICE_SLOW] = "Calls to a service take `by` times as long, or `latency` longer.",
    [VERB_BURN_CPU] = "Calls to a service at the PoPs cost `by` times the CPU.",
    [VERB_LINK] = "The way to a `location`, or from users to PoPs, loses a `share` or, with "
                  "`latency`, takes longer.",
    [VERB_POWER_LOSS] = "A core `location` has no power; `share` is the chance that its generators "
                        "do not start, else they carry the load after `over`.",
    [VERB_CLOUD_OUTAGE] = "A `share` of the calls to the external services of a `location` fails.",
    [VERB_CERTIFICATE] = "The certificate of `sites` or `services` has expired: TLS fails.",
    [VERB_DNS_FAILURE] = "Names of `sites` do not resolve; `ramp` is the lifetime of old answers.",
    [VERB_DDOS] = "Attack traffic: `sites` with `attack` send `by` times their requests.",
    [VERB_ORIGIN_FAILS] = "A `share` of what the origins of `sites` are asked fails.",
    [VERB_ORIGIN_SLOW] = "The origins of `sites` take `latency` longer.",
    [VERB_CLOCK_SKEW] = "Clocks of `services` are off by `skew`; beyond their clock_tolerance "
                        "calls fail.",
    [VERB_BLACKOUT] = "`observers` (absent: all monitors) get no new figures `for` a time.",
    [VERB_QUOTA] = "A service accepts at most `to_rate` calls; the rest is refused.",
    [VERB_STATUS_DOWN] = "The status page can not be reached `for` a time.",
};

const VerbKeys verb_keys[VERB_COUNT] = {
    [VERB_NOTE] = {"text", ""},
    [VERB_MIGRATE] = {"cluster", "from to over"},
    [VERB_PUSH] = {"config properties", ""},
    [VERB_STOP_GENERATOR] = {"config", ""},
    [VERB_START_GENERATOR] = {"config", ""},
    [VERB_PUSH_KNOWN_GOOD] = {"config", ""},
    [VERB_CONFIRM] = {"config", ""},
    [VERB_RESTART] = {"service",
                      "cohort concurrency pace success region country code busiest count"},
    [VERB_SWITCH_FALLBACK] = {"services cohort", ""},
    [VERB_SWITCH_BACK] = {"services", ""},
    [VERB_KILL_SWITCH] = {"services", ""},
    [VERB_RESTORE] = {"services", ""},
    [VERB_SCALE] = {"service by", ""},
    [VERB_HALT] = {"service for", ""},
    [VERB_LIMIT] = {"site to_rate", "for"},
    [VERB_SURGE] = {"sites by", "for"},
    [VERB_POP_DOWN] = {"", "region country code busiest count for group how"},
    [VERB_POP_UP] = {"", "region country code busiest count group"},
    [VERB_PURGE] = {"sites", "share"},
    [VERB_FAIL_OPEN] = {"services", ""},
    [VERB_FAIL_CLOSED] = {"services", ""},
    [VERB_POST] = {"text", ""},
    [VERB_SERVICE_FAILS] = {"service",
                            "share hosts cohort for ramp region country code busiest count"},
    [VERB_SERVICE_SLOW] = {"service",
                           "by latency cohort for ramp region country code busiest count"},
    [VERB_BURN_CPU] = {"service by", "cohort for ramp region country code busiest count"},
    [VERB_LINK] = {"", "location share latency for ramp region country code busiest count"},
    [VERB_POWER_LOSS] = {"location", "share over for"},
    [VERB_CLOUD_OUTAGE] = {"location", "share for ramp"},
    [VERB_CERTIFICATE] = {"", "sites services for"},
    [VERB_DNS_FAILURE] = {"sites", "share for ramp"},
    [VERB_DDOS] = {"sites", "by for ramp"},
    [VERB_ORIGIN_FAILS] = {"sites", "share for ramp"},
    [VERB_ORIGIN_SLOW] = {"sites latency", "for ramp"},
    [VERB_CLOCK_SKEW] = {"services skew", "for ramp region country code busiest count"},
    [VERB_BLACKOUT] = {"", "observers for"},
    [VERB_QUOTA] = {"service to_rate", "for"},
    [VERB_STATUS_DOWN] = {"", "for"},
    [VERB_KILL] = {"service", "cohort share region country code busiest count"},
};

#define ROW(type, member, name, kind_, ...)                                                        \
    {                                                                                              \
        .key = (name), .kind = (kind_), .offset = offsetof(type, member), __VA_ARGS__              \
    }
#define T(member, name, kind_, ...) ROW(TimelineSpec, member, name, SIM_FIELD_##kind_, __VA_ARGS__)

static bool after_parse(SimFields *fields, const SimNode *node, void *destination);
static void after_print(const void *data, GString *out);
static bool value_parse(SimFields *fields, const SimNode *node, void *destination);
static void value_print(const void *data, GString *out);
static bool bound_parse(SimFields *fields, const SimNode *node, void *destination);
static void bound_print(const void *data, GString *out);

const char *const pop_loss_names[] = {"drain", "cut", "silent", NULL};

static const SimField property_fields[] = {
    ROW(PropertySpec, value, "value", SIM_FIELD_COUNT, .required = true, .min = -1e15, .max = 1e15,
        .about = "The value."),
};
static const SimFieldTable property_table = {.name = "pushed property",
                                             .about = "A property of the version that is pushed.",
                                             .size = sizeof(PropertySpec),
                                             SIM_TABLE(property_fields),
                                             .shorthand = "value"};

static void timeline_check(SimFields *fields, void *item);
static const SimField timeline_fields[] = {
    T(id, "id", NAME, .about = "A name, for `after` and `fault_bites`; default: the verb."),
    T(at, "at", INSTANT, .about = "A clock time (UTC) or an offset from the start."),
    T(after, "after", CUSTOM, .parse = after_parse, .print = after_print,
      .expected = "`6m` (after the entry before), `ID`, or `ID + 6m`",
      .about = "After another entry has happened."),
    T(when, "when", CUSTOM, .parse = trigger_parse, .print = trigger_print,
      .expected = "a condition on a metric such as `errors > 5% for 2m`",
      .about = "When a metric says so, once."),
    T(every, "every", DURATION, .fallback = "0s", .min = 0, .max = 31 * 86400.0,
      .about = "Repeats from the time of `at` (default: the start)."),
    T(until, "until", INSTANT, .about = "End of the repetition; default: the run's."),
    T(delay, "delay", LAW, .fallback = "0s",
      .about = "A further wait, drawn each time: people take time."),
    T(on_alert, "on_alert", REFERENCE, .path = "observers",
      .about = "When this observer first gives an alert: a policy that acts by itself."),
    T(team, "team", REFERENCE, .path = "teams",
      .about = "When this team comes to it: its entries, in the file's order, are its runbook."),
    T(tools, "tools", REFERENCES, .path = "tools", .items_max = 16,
      .about = "What it takes; while one of them is down the entry waits."),
    T(chance, "chance", SHARE, .fallback = "100%", .min = 0, .max = 1,
      .about = "That it happens at all, drawn once."),
    T(only_if, "if", CUSTOM, .parse = trigger_parse, .print = trigger_print,
      .expected = "a condition on a metric such as `errors > 5%`",
      .about = "When its time has come and this does not hold, it is skipped; a team looks at it "
               "again after its last step."),
    T(verb, "do", CHOICE, .required = true, .choices = verb_names, .about = "What happens."),
    T(config, "config", REFERENCE, .path = "configs", .about = "Which config."),
    T(cluster, "cluster", REFERENCE, .path = "clusters", .about = "Which cluster."),
    T(service, "service", REFERENCE, .path = "services", .about = "Which service."),
    T(site, "site", REFERENCE, .path = "sites", .about = "Which site."),
    T(location, "location", REFERENCE, .path = "locations", .about = "Which location."),
    T(observers, "observers", REFERENCES, .path = "observers", .items_max = 200,
      .about = "Which observers."),
    T(services, "services", REFERENCES, .path = "services", .items_max = 100,
      .about = "Which services."),
    T(sites, "sites", REFERENCES, .path = "sites", .items_max = 200, .about = "Which sites."),
    T(properties, "properties", MAP, .table = &property_table, .items_max = 32,
      .about = "Of the pushed version; those not named are as usual."),
    T(cohort, "cohort", NAME, .about = "Which cohort; absent: all."),
    T(from, "from", SHARE, .fallback = "0%", .min = 0, .max = 1, .about = "Share at the begin."),
    T(to, "to", SHARE, .fallback = "100%", .min = 0, .max = 1, .about = "Share at the end."),
    T(by, "by", FACTOR, .min = 1e-6, .max = 1e6, .about = "A factor."),
    T(share, "share", SHARE, .fallback = "100%", .min = 0, .max = 1, .about = "A share."),
    T(to_rate, "to_rate", RATE, .min = 1e-6, .max = 1e12, .about = "A rate."),
    T(success, "success", SHARE, .fallback = "100%", .min = 0, .max = 1,
      .about = "Share of stuck processes that a restart brings back."),
    T(hosts, "hosts", SHARE, .fallback = "0%", .min = 0, .max = 1,
      .about = "Share of the service's hosts that it befalls."),
    T(latency, "latency", DURATION, .fallback = "0s", .min = 0, .max = 3600,
      .about = "Time added."),
    T(skew, "skew", DURATION, .fallback = "0s", .min = 0, .max = 31 * 86400.0,
      .about = "How far clocks are off."),
    T(ramp, "ramp", DURATION, .fallback = "0s", .min = 0, .max = 31 * 86400.0,
      .about = "A fault grows to its full strength over this time."),
    T(over, "over", DURATION, .fallback = "0s", .min = 0, .max = 31 * 86400.0,
      .about = "How long the change takes."),
    T(lasting, "for", DURATION, .fallback = "0s", .min = 0, .max = 31 * 86400.0,
      .about = "How long it lasts; 0: to the end."),
    T(concurrency, "concurrency", INTEGER, .fallback = "0", .min = 0, .max = 5000,
      .about = "PoPs at once; 0: all."),
    T(pace, "pace", DURATION, .fallback = "0s", .min = 0, .max = 86400,
      .about = "Time from one PoP to the next in a lane."),
    T(pops.region, "region", NAME, .about = "Only PoPs of this region."),
    T(pops.country, "country", NAME, .about = "Only PoPs of this country (ISO code)."),
    T(pops.code, "code", NAME, .about = "Only this PoP."),
    T(pops.busiest, "busiest", INTEGER, .fallback = "0", .min = 0, .max = 5000,
      .about = "Only the n busiest of them; 0: all."),
    T(pops.count, "count", INTEGER, .fallback = "0", .min = 0, .max = 5000,
      .about = "So many of them, drawn at random; 0: all."),
    T(group, "group", REFERENCE, .path = "prefix_groups",
      .about = "Only this prefix group; absent: all."),
    T(how, "how", CHOICE, .fallback = "drain", .choices = pop_loss_names,
      .about = "drain: routes go, and whoever still comes is served; cut: links go, and who still "
               "comes is lost; silent: nobody notices until hold timers run out."),
    T(text, "text", TEXT, .about = "What the journal and the plot say."),
};
const SimFieldTable timeline_table = {.name = "timeline entry",
                                      .about = "Something that happens: exactly one of at, after, "
                                               "when, on_alert, team or every says when.",
                                      .size = sizeof(TimelineSpec),
                                      SIM_TABLE(timeline_fields),
                                      .check = timeline_check};

const char *const measure_kind_names[MEASURE_COUNT + 1] = {
    "mean",    "peak",     "low",     "total",   "first", "last",  "time-above",
    "longest", "switches", "aligned", "settled", "fall",  "ratio", NULL};

#define M(type, path, name, kind_, ...) ROW(type, path, name, SIM_FIELD_##kind_, __VA_ARGS__)
#define MEASURE_ROWS(type, prefix)                                                                 \
    M(type, prefix kind, "of", CHOICE, .fallback = "mean", .choices = measure_kind_names,          \
      .about = "What is taken of the metric over the window."),                                    \
        M(type, prefix from, "from", INSTANT,                                                      \
          .about = "Start of the window; default: of the run."),                                   \
        M(type, prefix to, "to", INSTANT, .about = "End of the window; default: of the run."),     \
        M(type, prefix above, "above", CUSTOM, .fallback = "1%", .parse = value_parse,             \
          .print = value_print, .expected = "a number with its unit such as `1%` or `200ms`",      \
          .about = "Threshold of first, last, time-above, longest, switches, aligned, settled."),  \
        M(type, prefix base_from, "base_from", INSTANT,                                            \
          .about = "fall, ratio: start of the window compared with."),                             \
        M(type, prefix base_to, "base_to", INSTANT, .about = "fall, ratio: its end."),             \
        M(type, prefix period, "period", DURATION, .fallback = "5m", .min = 1, .max = 86400,       \
          .about = "aligned: the period."),                                                        \
        M(type, prefix tolerance, "tolerance", DURATION, .fallback = "30s", .min = 0,              \
          .max = 86400, .about = "aligned: how late a crossing may be.")

static const SimField measure_fields[] = {
    M(MeasureSpec, metric, "metric", TEXT, .required = true,
      .about = "errors, success, blocked, latency.p95, site.NAME.errors, service.NAME.errors, …"),
    MEASURE_ROWS(MeasureSpec, ),
};
static const SimFieldTable measure_table = {.name = "measure",
                                            .about = "One number from a run.",
                                            .size = sizeof(MeasureSpec),
                                            SIM_TABLE(measure_fields)};

static void expect_check(SimFields *fields, void *item);
#define BOUND(type, member, name, about_)                                                          \
    M(type, member, name, CUSTOM, .parse = bound_parse, .print = bound_print,                      \
      .expected = "a number with its unit such as `1%`, `200ms`, `4`, or a clock time",            \
      .about = (about_))
static const SimField expect_fields[] = {
    M(ExpectSpec, fault_bites, "fault_bites", NAME,
      .about = "A config or timeline entry that must have had an effect on traffic; else the "
               "verdict is inconclusive."),
    M(ExpectSpec, measure.metric, "metric", TEXT, .about = "The metric that is judged."),
    MEASURE_ROWS(ExpectSpec, measure.),
    BOUND(ExpectSpec, at_least, "at_least", "The least value that is right."),
    BOUND(ExpectSpec, at_most, "at_most", "The highest value that is right."),
    M(ExpectSpec, after, "after", CUSTOM, .parse = after_parse, .print = after_print,
      .expected = "`ID` or `ID + 6m`", .about = "The window starts with that timeline entry."),
    M(ExpectSpec, within, "within", DURATION, .fallback = "0s", .min = 0, .max = 31 * 86400.0,
      .about = "It must become true at most this long after the window's start."),
    M(ExpectSpec, lasting, "for", DURATION, .fallback = "0s", .min = 0, .max = 31 * 86400.0,
      .about = "And stay true for this long."),
    M(ExpectSpec, because, "because", TEXT, .about = "Why this is expected."),
};
const SimFieldTable expect_table = {.name = "expectation",
                                    .about = "What must hold in every run of the scenario.",
                                    .size = sizeof(ExpectSpec),
                                    SIM_TABLE(expect_fields),
                                    .check = expect_check};

static const SimField published_fields[] = {
    M(PublishedSpec, id, "id", NAME, .required = true, .about = "Short name, e.g. F5."),
    M(PublishedSpec, about, "about", TEXT, .required = true, .about = "What it is."),
    M(PublishedSpec, value, "value", TEXT, .required = true, .about = "As published."),
    M(PublishedSpec, source, "source", TEXT, .required = true, .about = "Where."),
    M(PublishedSpec, note, "note", TEXT, .about = "What to know when comparing."),
    M(PublishedSpec, measure, "measure", OBJECT, .table = &measure_table, .required = true,
      .about = "What the run is asked."),
    BOUND(PublishedSpec, at_least, "at_least", "Lower end of the band that counts as agreement."),
    BOUND(PublishedSpec, at_most, "at_most", "Upper end of it."),
};
const SimFieldTable published_table = {.name = "published value",
                                       .about = "A published figure, printed beside the simulated "
                                                "one; never a gate.",
                                       .size = sizeof(PublishedSpec),
                                       SIM_TABLE(published_fields)};

/* hooks ------------------------------------------------------------------------------------- */

static bool
after_parse(SimFields *fields, const SimNode *node, void *destination)
{
    AfterSpec *after = destination;
    g_auto(GStrv) parts = node->kind == SIM_NODE_SCALAR ? g_strsplit(node->scalar, "+", 3) : NULL;
    guint n = parts ? g_strv_length(parts) : 0;
    for (guint i = 0; i < n; i++)
        g_strstrip(parts[i]);
    bool lone_delay = n == 1 && sim_quantity_duration(parts[0], &after->delay);
    bool ok = lone_delay || (n == 1 && *parts[0]) ||
              (n == 2 && *parts[0] && sim_quantity_duration(parts[1], &after->delay));
    if (!ok) {
        sim_fields_error(fields, node->mark,
                         "'%s' does not say after what: expected a duration such as 6m, the id of "
                         "an entry, or both as in stop-generator + 6m",
                         node->kind == SIM_NODE_SCALAR ? node->scalar : "…");
        return false;
    }
    after->is_given = true;
    after->entry = lone_delay ? NULL : sim_fields_strdup(fields, parts[0]);
    return true;
}

static void
after_print(const void *data, GString *out)
{
    const AfterSpec *after = data;
    char delay[SIM_QUANTITY_TEXT_MAX];
    if (!after->is_given)
        return;
    sim_quantity_exact_duration(delay, sizeof delay, after->delay);
    if (after->entry && after->delay)
        g_string_append_printf(out, "%s + %s", after->entry, delay);
    else
        g_string_append(out, after->entry ? after->entry : delay);
}

static bool
value_parse(SimFields *fields, const SimNode *node, void *destination)
{
    const char *text = node->kind == SIM_NODE_SCALAR ? node->scalar : "";
    if (value_read(text, destination))
        return true;
    sim_fields_error(fields, node->mark,
                     "'%s' is no value: expected a number with its unit such as 1%%, 200ms, 4 or "
                     "300/s",
                     text);
    return false;
}

static void
value_print(const void *data, GString *out)
{
    char value[SIM_QUANTITY_TEXT_MAX];
    g_string_append(out, sim_quantity_exact_number(value, sizeof value, *(const double *)data));
}

static bool
bound_parse(SimFields *fields, const SimNode *node, void *destination)
{
    Bound *bound = destination;
    const char *text = node->kind == SIM_NODE_SCALAR ? node->scalar : "";
    bound->kind = BOUND_NUMBER;
    bound->text = sim_fields_strdup(fields, text);
    if (value_read(text, &bound->number))
        return true;
    bound->kind = BOUND_INSTANT;
    if (sim_instant_parse(text, &bound->instant))
        return true;
    bound->kind = BOUND_NONE;
    sim_fields_error(fields, node->mark,
                     "'%s' is no bound: expected a number with its unit such as 99.9%%, 200ms, 4, "
                     "300/s, or a clock time such as 11:40",
                     text);
    return false;
}

static void
bound_print(const void *data, GString *out)
{
    const Bound *bound = data;
    if (bound->kind != BOUND_NONE)
        g_string_append(out, bound->text);
}

/* checks ------------------------------------------------------------------------------------ */

static bool
has_word(const char *words, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(words, word); at; at = strstr(at + 1, word))
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0))
            return true;
    return false;
}

/* Keys that belong to verbs, and whether an entry gives them (differs from what default means). */
typedef struct Given {
    const char *key;
    bool is_given;
} Given;

static void
check_verb_keys(SimFields *fields, const TimelineSpec *entry)
{
    const Given given[] = {
        {"config", entry->config != SIM_NONE},
        {"cluster", entry->cluster != SIM_NONE},
        {"service", entry->service != SIM_NONE},
        {"site", entry->site != SIM_NONE},
        {"services", entry->services.n > 0},
        {"sites", entry->sites.n > 0},
        {"properties", entry->properties.n > 0},
        {"cohort", entry->cohort != NULL},
        {"from", entry->from > 0},
        {"to", entry->to < 1},
        {"by", entry->by > 0},
        {"share", entry->share < 1},
        {"to_rate", entry->to_rate > 0},
        {"success", entry->success < 1},
        {"over", entry->over != 0},
        {"for", entry->lasting != 0},
        {"concurrency", entry->concurrency > 0},
        {"pace", entry->pace != 0},
        {"region", entry->pops.region != NULL},
        {"country", entry->pops.country != NULL},
        {"code", entry->pops.code != NULL},
        {"busiest", entry->pops.busiest > 0},
        {"count", entry->pops.count > 0},
        {"location", entry->location != SIM_NONE},
        {"observers", entry->observers.n > 0},
        {"hosts", entry->hosts > 0},
        {"latency", entry->latency != 0},
        {"skew", entry->skew != 0},
        {"ramp", entry->ramp != 0},
        {"text", entry->text != NULL},
    };
    const VerbKeys *keys = &verb_keys[entry->verb];
    for (guint i = 0; i < G_N_ELEMENTS(given); i++) {
        const char *key = given[i].key;
        if (has_word(keys->required, key) && !given[i].is_given)
            sim_fields_error(fields, entry->entity.mark, "'%s' needs the key '%s'",
                             verb_names[entry->verb], key);
        bool allowed = has_word(keys->required, key) || has_word(keys->optional, key) ||
                       strcmp(key, "text") == 0;
        if (given[i].is_given && !allowed)
            sim_fields_error(fields, entry->entity.mark,
                             "'%s' does not take the key '%s': expected one of %s%s%s",
                             verb_names[entry->verb], key, keys->required,
                             keys->required[0] && keys->optional[0] ? " " : "", keys->optional);
    }
}

static void
timeline_check(SimFields *fields, void *item)
{
    TimelineSpec *entry = item;
    int times = (entry->at.kind != SIM_INSTANT_NONE) + entry->after.is_given +
                (entry->when.metric != NULL) + (entry->on_alert != SIM_NONE) +
                (entry->team != SIM_NONE);
    if (times > 1 || (times == 0 && entry->every == 0))
        sim_fields_error(fields, entry->entity.mark,
                         "a timeline entry has %s of at, after, when, on_alert, team, every: "
                         "expected exactly one (every may go with at)",
                         times ? "more than one" : "none");
    if (entry->only_if.metric && entry->only_if.lasting > 0)
        sim_fields_error(fields, entry->entity.mark,
                         "'if' looks once: expected a condition without 'for'");
    if (entry->team != SIM_NONE && entry->every > 0)
        sim_fields_error(fields, entry->entity.mark,
                         "a step of a team's runbook is done once an incident: expected no every");
    check_verb_keys(fields, entry);
}

static void
expect_check(SimFields *fields, void *item)
{
    ExpectSpec *expect = item;
    bool has_metric = expect->measure.metric != NULL;
    bool has_bound = expect->at_least.kind != BOUND_NONE || expect->at_most.kind != BOUND_NONE;
    if (has_metric == (expect->fault_bites != NULL))
        sim_fields_error(fields, expect->entity.mark,
                         "an expectation has %s of metric and fault_bites: expected exactly one",
                         has_metric ? "both" : "neither");
    if (has_metric && !has_bound)
        sim_fields_error(fields, expect->entity.mark,
                         "an expectation on '%s' has no bound: expected at_least or at_most",
                         expect->measure.metric);
    if (expect->lasting && !expect->within)
        sim_fields_error(fields, expect->entity.mark,
                         "an expectation has 'for' without 'within': expected both");
}
