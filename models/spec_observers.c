#include "models/spec_observers.h"

#include "models/spec_row.h"
#include "sim/quantity.h"

#include <math.h>
#include <string.h>

const char *const observer_kind_names[OBSERVER_KINDS + 1] = {"threshold", "burn",  "cusum",
                                                             "probes",    "crowd", NULL};
const char *const observer_kind_abouts[OBSERVER_KINDS] = {
    [OBSERVER_THRESHOLD] = "A metric's window is above (or below) a level `for` a time.",
    [OBSERVER_BURN] = "An error budget burns too fast over a long and a short window.",
    [OBSERVER_CUSUM] = "A metric's events add up beyond what is normal: early anomaly detection.",
    [OBSERVER_PROBES] = "Vantage points test a site, each in its own rhythm; some must fail.",
    [OBSERVER_CROWD] = "People report a site broken, more often than usual at this time of day.",
};

const char *const severity_names[] = {"info", "ticket", "page", NULL};
static const char *const no_data_names[] = {"keep", "alert", "ok", NULL};
static const char *const via_names[] = {"direct", "edge", NULL};

/* levels ------------------------------------------------------------------------------------ */

static bool
level_parse(SimFields *fields, const SimNode *node, void *destination)
{
    LevelSpec *level = destination;
    const char *text = node->kind == SIM_NODE_SCALAR ? node->scalar : "";
    level->is_given = value_read(text, &level->value);
    if (!level->is_given)
        sim_fields_error(fields, node->mark,
                         "'%s' is no level: expected a number with its unit such as 5%%, 200ms or "
                         "10/min",
                         text);
    return level->is_given;
}

static void
level_print(const void *data, GString *out)
{
    const LevelSpec *level = data;
    char value[SIM_QUANTITY_TEXT_MAX];
    if (level->is_given)
        g_string_append(out, sim_quantity_exact_number(value, sizeof value, level->value));
}

/* rows -------------------------------------------------------------------------------------- */

static const SimField window_fields[] = {
    DURATION(BurnWindowSpec, long_window, "long", .required = true, .min = 10, .max = 31 * 86400.0,
             .about = "The long window: how much was burnt."),
    DURATION(BurnWindowSpec, short_window, "short", .required = true, .min = 10,
             .max = 31 * 86400.0, .about = "The short window: it still burns."),
    FACTOR(BurnWindowSpec, burn, "burn", .required = true, .min = 1e-3, .max = 1e6,
           .about = "Alerts when both burn the budget at least so many times too fast."),
    CHOICE(BurnWindowSpec, severity, "severity", .fallback = "page", .choices = severity_names,
           .about = "Of this pair's alert."),
};
static const SimFieldTable window_table = {.name = "burn window",
                                           .about = "A pair of windows of a burn-rate monitor.",
                                           .size = sizeof(BurnWindowSpec),
                                           SIM_TABLE(window_fields)};

#define O(member, name, kind_, ...) ROW(ObserverSpec, member, name, SIM_FIELD_##kind_, __VA_ARGS__)
#define LEVEL(member, name, about_)                                                                \
    O(member, name, CUSTOM, .parse = level_parse, .print = level_print,                            \
      .expected = "a number with its unit such as `5%`, `200ms` or `10/min`", .about = (about_))

static void observer_check(SimFields *fields, void *item);
static const SimField observer_fields[] = {
    O(kind, "kind", CHOICE, .required = true, .choices = observer_kind_names,
      .about = "How it watches."),
    O(severity, "severity", CHOICE, .fallback = "page", .choices = severity_names,
      .about = "What its alert is to the people who get it; burn: each pair has its own."),
    O(via, "via", CHOICE, .fallback = "direct", .choices = via_names,
      .about = "edge: its figures cross the edge, and get lost as often as attempts fail."),
    O(metric, "metric", TEXT,
      .about = "Monitors, required: what they look at; crowd: the share of people that is hit, "
               "default errors."),
    O(no_data, "no_data", CHOICE, .fallback = "keep", .choices = no_data_names,
      .about = "Monitors, a window without figures: the alert stays as it is; holds; ends."),
    O(scrape, "scrape", DURATION, .fallback = "15s", .min = 1, .max = 3600,
      .about = "Monitors: time between two looks at the counters."),
    O(lag, "lag", DURATION, .fallback = "0s", .min = 0, .max = 86400,
      .about = "Monitors: time until what was scraped can be seen."),
    O(every, "every", DURATION, .fallback = "1m", .min = 1, .max = 86400,
      .about = "Monitors: time between evaluations; probes: between two tests of a point."),
    LEVEL(above, "above", "threshold: alerts above this."),
    LEVEL(below, "below", "threshold: alerts below this, in place of above."),
    O(window, "window", DURATION, .fallback = "1m", .min = 1, .max = 31 * 86400.0,
      .about = "threshold: what it looks back over."),
    O(lasting, "for", DURATION, .fallback = "5m", .min = 0, .max = 86400,
      .about = "threshold: how long it must hold without a break."),
    O(requests_min, "requests_min", COUNT, .fallback = "100", .min = 0, .max = 1e15,
      .about = "threshold and burn, of shares: fewer in the window are no figures."),
    O(canary, "canary", REFERENCE, .path = "configs",
      .about = "threshold and burn, of errors or site.NAME.errors: only PoPs count that run this "
               "config's newest version."),
    O(budget, "budget", SHARE, .fallback = "0.1%", .min = 1e-7, .max = 0.5,
      .about = "burn: the share of requests that may fail, 1 - SLO."),
    O(windows, "windows", LIST, .table = &window_table, .items_max = 8,
      .about = "burn; default: 1h & 5m at 14.4x and 6h & 30m at 6x page, 3d & 6h at 1x a ticket."),
    LEVEL(normal, "normal", "cusum, required: a count's rate or a share, as it usually is."),
    LEVEL(shifted, "shifted", "cusum, required: the same when something is wrong."),
    O(excess, "excess", COUNT, .fallback = "15", .min = 1e-3, .max = 1e12,
      .about = "cusum: alerts when so many events more than the reference have added up."),
    O(site, "site", REFERENCE, .path = "sites",
      .about = "probes, required: the site they test; crowd: the tracker's own site, which loses "
               "reports as it fails."),
    O(points, "points", INTEGER, .fallback = "20", .min = 1, .max = 1000,
      .about = "probes: vantage points, at metros drawn by their users."),
    O(fail, "fail", INTEGER, .fallback = "3", .min = 1, .max = 1000,
      .about = "probes: alerts when the last test of so many points failed."),
    O(share, "share", SHARE, .fallback = "0%", .min = 0, .max = 1,
      .about = "probes: the same as a share of the points; the greater number counts."),
    O(timeout, "timeout", DURATION, .fallback = "30s", .min = 0, .max = 600,
      .about = "probes: a test that hangs has failed after this time."),
    O(region, "region", NAME, .about = "probes: only metros of this region."),
    O(users, "users", COUNT, .fallback = "0", .min = 0, .max = 1e11,
      .about = "crowd: people online on a day's mean; 0: as many as the metros have."),
    O(reports, "report_share", RATE, .fallback = "0.00003/min", .min = 0, .max = 1,
      .about = "crowd: reports of each person who is hit, once people have noticed."),
    O(baseline, "baseline", RATE, .fallback = "5/min", .min = 1e-6, .max = 1e9,
      .about = "crowd: reports when nothing is wrong, on a day's mean."),
    O(times, "times", FACTOR, .fallback = "5x", .min = 1, .max = 1e6,
      .about = "crowd: alerts above so many times what is usual at this time of day."),
    O(bins, "bins", INTEGER, .fallback = "2", .min = 1, .max = 1000,
      .about = "crowd: minutes on end that it takes, either way."),
};
const SimFieldTable observer_table = {.name = "observer",
                                      .about = "Somebody, or something, that watches.",
                                      .size = sizeof(ObserverSpec),
                                      SIM_TABLE(observer_fields),
                                      .check = observer_check};

/* checks ------------------------------------------------------------------------------------ */

/* Keys of each kind beyond kind, severity and via; separated by blanks, with one at either end. */
static const char *const kind_keys[OBSERVER_KINDS] = {
    [OBSERVER_THRESHOLD] =
        " metric no_data scrape lag every above below window for requests_min canary ",
    [OBSERVER_BURN] = " metric no_data scrape lag every requests_min canary budget windows ",
    [OBSERVER_CUSUM] = " metric no_data scrape lag every normal shifted excess ",
    [OBSERVER_PROBES] = " every site points fail share timeout region ",
    [OBSERVER_CROWD] = " metric site users report_share baseline times bins ",
};

typedef struct KeyUse {
    const char *key;
    bool is_used; /* other than by its default */
} KeyUse;

static bool
takes(int kind, const char *key)
{
    g_autofree char *word = g_strdup_printf(" %s ", key);
    return strstr(kind_keys[kind], word) != NULL;
}

static void
check_keys(SimFields *fields, const ObserverSpec *spec)
{
    const KeyUse uses[] = {
        {"metric", spec->metric != NULL},
        {"no_data", spec->no_data != NO_DATA_KEEP},
        {"scrape", spec->scrape != 15 * SIM_SECOND},
        {"lag", spec->lag != 0},
        {"every", spec->every != SIM_MINUTE},
        {"above", spec->above.is_given},
        {"below", spec->below.is_given},
        {"window", spec->window != SIM_MINUTE},
        {"for", spec->lasting != 5 * SIM_MINUTE},
        {"requests_min", spec->requests_min != 100},
        {"canary", spec->canary != SIM_NONE},
        {"budget", spec->budget != 0.001},
        {"windows", spec->windows.n > 0},
        {"normal", spec->normal.is_given},
        {"shifted", spec->shifted.is_given},
        {"excess", spec->excess != 15},
        {"site", spec->site != SIM_NONE},
        {"points", spec->points != 20},
        {"fail", spec->fail != 3},
        {"share", spec->share != 0},
        {"timeout", spec->timeout != 30 * SIM_SECOND},
        {"region", spec->region != NULL},
        {"users", spec->users != 0},
        {"baseline", fabs(spec->baseline * 60 - 5) > 1e-9},
        {"times", spec->times != 5},
        {"bins", spec->bins != 2},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(uses); i++)
        if (uses[i].is_used && !takes(spec->kind, uses[i].key))
            sim_fields_error(fields, spec->entity.mark,
                             "%s: an observer of kind %s takes no '%s': expected%s",
                             spec->entity.name, observer_kind_names[spec->kind], uses[i].key,
                             kind_keys[spec->kind]);
}

static void
check_threshold(SimFields *fields, const ObserverSpec *spec)
{
    if (spec->above.is_given == spec->below.is_given)
        sim_fields_error(fields, spec->entity.mark, "%s: expected one of above and below",
                         spec->entity.name);
}

static void
check_burn(SimFields *fields, ObserverSpec *spec)
{
    static const BurnWindowSpec usual[] = {
        {.long_window = SIM_HOUR,
         .short_window = 5 * SIM_MINUTE,
         .burn = 14.4,
         .severity = SEVERITY_PAGE},
        {.long_window = 6 * SIM_HOUR,
         .short_window = 30 * SIM_MINUTE,
         .burn = 6,
         .severity = SEVERITY_PAGE},
        {.long_window = 72 * SIM_HOUR,
         .short_window = 6 * SIM_HOUR,
         .burn = 1,
         .severity = SEVERITY_TICKET},
    };
    if (spec->windows.n == 0) {
        spec->windows.n = G_N_ELEMENTS(usual);
        spec->windows.items = sim_fields_alloc(fields, spec->windows.n, sizeof usual[0]);
        memcpy(spec->windows.items, usual, sizeof usual);
    }
    SIM_EACH(BurnWindowSpec, window, spec->windows)
    if (window->short_window > window->long_window)
        sim_fields_error(fields, window->entity.mark,
                         "the short window is the longer one: expected at most `long`");
}

static void
check_cusum(SimFields *fields, const ObserverSpec *spec)
{
    if (!spec->normal.is_given || !spec->shifted.is_given)
        sim_fields_error(fields, spec->entity.mark,
                         "%s: a cusum compares two levels: expected normal and shifted",
                         spec->entity.name);
    else if (!(spec->normal.value > 0 && spec->shifted.value > spec->normal.value))
        sim_fields_error(fields, spec->entity.mark,
                         "%s: expected 0 < normal < shifted: what is looked for is more events",
                         spec->entity.name);
}

static void
check_probes(SimFields *fields, const ObserverSpec *spec)
{
    if (spec->site == SIM_NONE)
        sim_fields_error(fields, spec->entity.mark, "%s: probes test a site: expected site",
                         spec->entity.name);
    if (spec->fail > spec->points)
        sim_fields_error(fields, spec->entity.mark,
                         "%s: %d points can not fail, there are %d: expected fail at most points",
                         spec->entity.name, (int)spec->fail, (int)spec->points);
}

static void
observer_check(SimFields *fields, void *item)
{
    ObserverSpec *spec = item;
    check_keys(fields, spec);
    if (observer_is_monitor(spec->kind) && !spec->metric)
        sim_fields_error(fields, spec->entity.mark,
                         "%s: a monitor looks at a metric: expected metric", spec->entity.name);
    if (spec->kind == OBSERVER_THRESHOLD)
        check_threshold(fields, spec);
    if (spec->kind == OBSERVER_BURN)
        check_burn(fields, spec);
    if (spec->kind == OBSERVER_CUSUM)
        check_cusum(fields, spec);
    if (spec->kind == OBSERVER_PROBES)
        check_probes(fields, spec);
}
