#include "sim/cmd/command.h"
#include "sim/cmd/json.h"
#include "sim/cmd/library.h"
#include "sim/cmd/output.h"
#include "sim/cmd/run.h"

#include "models/capability.h"
#include "models/merit.h"
#include "models/metric.h"

#include <string.h>

/* Rows of a list: pairs of name and what it is about. */
typedef struct Rows {
    GPtrArray *names, *abouts;
} Rows;

static void
add(Rows *rows, const char *name, const char *about)
{
    g_ptr_array_add(rows->names, g_strdup(name));
    g_ptr_array_add(rows->abouts, g_strdup(about));
}

static bool
list_verbs(Rows *rows, const char *scenario)
{
    (void)scenario;
    for (guint i = 0; commands[i]; i++)
        if (!commands[i]->is_hidden)
            add(rows, commands[i]->name, commands[i]->about);
    return true;
}

/* The text after `title:` at the start of a line. */
static char *
title_of(const char *path)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return g_strdup("");
    const char *line = g_str_has_prefix(text, "title:") ? text : strstr(text, "\ntitle:");
    if (!line)
        return g_strdup("");
    line += strcspn(line, ":") + 1;
    return g_strstrip(g_strndup(line, strcspn(line, "\n")));
}

static int
by_name(gconstpointer left, gconstpointer right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool
list_scenarios(Rows *rows, const char *scenario)
{
    g_autofree char *folder = library_folder("scenarios");
    g_autoptr(GDir) dir = folder ? g_dir_open(folder, 0, NULL) : NULL;
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    (void)scenario;
    for (const char *name = dir ? g_dir_read_name(dir) : NULL; name; name = g_dir_read_name(dir))
        if (g_str_has_suffix(name, ".yaml"))
            g_ptr_array_add(files, g_strdup(name));
    g_ptr_array_sort(files, by_name);
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *path = g_build_filename(folder, files->pdata[i], NULL);
        g_autofree char *title = title_of(path);
        add(rows, path, title);
    }
    return true;
}

static const char *const metric_patterns[][2] = {
    {"errors, success, blocked", "Shares of all attempts."},
    {"site.NAME.errors (success, blocked)", "The same of one site."},
    {"cohort.NAME., region.NAME., service.NAME.", "The same of others; a service's calls."},
    {"hit_ratio", "Cache hits of lookups."},
    {"latency.p50, latency.p95, latency.p99", "Of served requests, seconds."},
    {"latency.p999, region.NAME.latency.p99",
     "The same, and of services and outcomes: request plane."},
    {"cpu.mean, cpu.max", "Share of the PoPs' capacity that is busy."},
    {"service.NAME.utilisation, .backlog, .wait", "Of its servers; calls; seconds."},
    {"all.offered (fresh, retries, reloads, ok, failed)", "Attempts per second."},
    {"outcome.NAME", "Attempts per second by outcome; see `list outcomes`."},
    {"orbit.waiting, site.NAME.waiting", "People who will try again."},
    {"sessions.SITE.open", "Sessions."},
    {"cache.warm, origin.requests", "Share warm; requests per second that reach origins."},
    {"config.NAME.bad, .held, .new", "Shares of PoPs by version."},
    {"observer.NAME.value, .firing", "What an observer last saw; an alert is on."},
    {"observer.NAME.burn, .budget, .reports", "Burn rate, budget spent; reports of a crowd."},
    {"merit.detect, .page, .ack, .identify", "From users' pain to an alert, people, the cause."},
    {"merit.mitigate, .recover, .first-word", "From users' pain to relief, and the public word."},
};

static bool
list_metrics(Rows *rows, const char *name)
{
    ExitCode code;
    RunArguments arguments = {.is_quiet = true};
    if (!name) {
        for (guint i = 0; i < G_N_ELEMENTS(metric_patterns); i++)
            add(rows, metric_patterns[i][0], metric_patterns[i][1]);
        add(rows, "", "`blackstart list metrics SCENARIO` names those of one scenario.");
        return true;
    }
    g_autoptr(Scenario) scenario = scenario_load(name, NULL, &code);
    /* Who looks for the right name may have a wrong one in the file. */
    if (scenario) {
        scenario->spec.expect.n = scenario->spec.published.n = 0;
        scenario->spec.spotlight = NULL;
    }
    g_autoptr(Run) run = scenario ? run_prepare(&arguments, scenario) : NULL;
    if (!run)
        return false;
    g_autoptr(GPtrArray) names = metric_names(run_recorder(run));
    for (guint i = 0; i < names->len; i++) {
        uint32_t column = sim_recorder_find(run_recorder(run), names->pdata[i]);
        const SimColumn *about =
            column == SIM_NONE ? NULL : sim_recorder_describe(run_recorder(run), column);
        add(rows, names->pdata[i], about && about->about ? about->about : "");
    }
    for (int kind = 0; kind < MERIT_COUNT; kind++)
        if (merit_applies(&scenario->spec, (MeritKind)kind))
            add(rows, merit_names[kind], merit_abouts[kind]);
    return true;
}

static bool
list_measures(Rows *rows, const char *scenario)
{
    static const char *const abouts[MEASURE_COUNT] = {
        [MEASURE_MEAN] = "Mean: total over total of a share, time average of a level.",
        [MEASURE_PEAK] = "Highest bucket.",
        [MEASURE_LOW] = "Lowest bucket.",
        [MEASURE_TOTAL] = "Sum of a count; of errors, the number of failed attempts.",
        [MEASURE_FIRST] = "When it first is above `above`.",
        [MEASURE_LAST] = "When it last is.",
        [MEASURE_TIME_ABOVE] = "Time above it in all.",
        [MEASURE_LONGEST] = "Longest time above it on end.",
        [MEASURE_SWITCHES] = "How often it crosses, either way.",
        [MEASURE_ALIGNED] = "Share of crossings soon after a multiple of `period`.",
        [MEASURE_SETTLED] = "When it went above for good.",
        [MEASURE_FALL] = "How much lower the mean is than in the base window.",
        [MEASURE_RATIO] = "The mean over that of the base window.",
    };
    (void)scenario;
    for (guint i = 0; i < MEASURE_COUNT; i++)
        add(rows, measure_kind_names[i], abouts[i]);
    return true;
}

static bool
list_timeline(Rows *rows, const char *scenario)
{
    (void)scenario;
    for (guint i = 0; i < VERB_COUNT; i++)
        add(rows, verb_names[i], verb_abouts[i]);
    return true;
}

/* What each takes, and what its counter counts. */
static bool
list_faults(Rows *rows, const char *scenario)
{
    (void)scenario;
    for (int i = 0; i < VERB_COUNT; i++) {
        if (!verb_is_fault(i))
            continue;
        g_autofree char *about =
            g_strdup_printf("%s Keys: %s%s%s. Counts: %s.", verb_abouts[i], verb_keys[i].required,
                            *verb_keys[i].required && *verb_keys[i].optional ? " " : "",
                            verb_keys[i].optional, fault_counts(i));
        add(rows, verb_names[i], about);
    }
    return true;
}

static bool
list_observers(Rows *rows, const char *scenario)
{
    (void)scenario;
    for (guint i = 0; i < OBSERVER_KINDS; i++)
        add(rows, observer_kind_names[i], observer_kind_abouts[i]);
    return true;
}

static bool
list_outcomes(Rows *rows, const char *scenario)
{
    (void)scenario;
    for (guint i = 0; i < OUTCOME_COUNT; i++)
        add(rows, outcome_names[i],
            outcome_is_served((Outcome)i)    ? "served"
            : outcome_is_blocked((Outcome)i) ? "blocked"
                                             : "failed");
    return true;
}

static bool
list_laws(Rows *rows, const char *scenario)
{
    (void)scenario;
    add(rows, "5s", "Always.");
    add(rows, "exponential(mean 5s)", "Without memory.");
    add(rows, "lognormal(median 3m, sigma 0.7)", "What people and networks take.");
    add(rows, "lognormal(median 600ms, p99 2.3s)", "The same by a percentile.");
    add(rows, "uniform(1s, 2s)", "Anything between.");
    add(rows, "mixture(80% exponential(mean 6s), 20% lognormal(median 60s, sigma 1))",
        "One of up to four, drawn by share.");
    return true;
}

static bool
list_planes(Rows *rows, const char *scenario)
{
    (void)scenario;
    add(rows, "flow", "Rates and backlogs between events: large networks, hours in seconds.");
    add(rows, "request", "Every request an event, with keys, queues, time-outs and retries.");
    for (guint i = 0; i < n_capabilities; i++) {
        const Capability *of = &capabilities[i];
        g_autofree char *about = g_strdup_printf(
            "Not in %s: %s.", of->has_flow ? "a sample of PoPs" : "the flow plane", of->why);
        add(rows, of->name, about);
    }
    add(rows, "", "All else is in both.");
    return true;
}

/* What can be listed; each adds its rows, false when it could not (all being said). */
static const struct {
    const char *name, *about;
    bool (*list)(Rows *rows, const char *scenario);
} kinds[] = {
    {"verbs", "What blackstart does", list_verbs},
    {"scenarios", "Scenarios that come with it", list_scenarios},
    {"metrics", "What can be measured", list_metrics},
    {"measures", "What is taken of a metric (`of:`)", list_measures},
    {"timeline", "What a timeline entry does (`do:`)", list_timeline},
    {"faults", "What can be injected (`do:`), and what its counter counts", list_faults},
    {"observers", "Who can watch (`kind:`)", list_observers},
    {"outcomes", "What becomes of a request", list_outcomes},
    {"laws", "How long something takes", list_laws},
    {"planes", "Planes of traffic (`--plane`), and what one of them lacks", list_planes},
};

static void
print_rows(GString *out, const Rows *rows)
{
    gsize widest = 0;
    for (guint i = 0; i < rows->names->len; i++)
        widest = MAX(widest, strlen(rows->names->pdata[i]));
    for (guint i = 0; i < rows->names->len; i++)
        g_string_append_printf(out, "  %-*s  %s\n", (int)MIN(widest, 52),
                               (char *)rows->names->pdata[i], (char *)rows->abouts->pdata[i]);
}

static void
print_rows_json(Json *json, const char *kind, const Rows *rows)
{
    json_open(json, kind, '[');
    for (guint i = 0; i < rows->names->len; i++) {
        json_open(json, NULL, '{');
        json_text(json, "name", rows->names->pdata[i]);
        json_text(json, "about", rows->abouts->pdata[i]);
        json_close(json, '}');
    }
    json_close(json, ']');
}

/* One kind, or with NULL all. */
static ExitCode
list_kinds(const char *wanted, const char *scenario, bool wants_json)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Json json = {.out = out};
    bool is_known = false, ok = true;
    if (wants_json)
        json_open(&json, NULL, '{');
    for (guint i = 0; i < G_N_ELEMENTS(kinds) && ok; i++) {
        if (wanted && strcmp(wanted, kinds[i].name) != 0)
            continue;
        Rows rows = {.names = g_ptr_array_new_with_free_func(g_free),
                     .abouts = g_ptr_array_new_with_free_func(g_free)};
        is_known = true;
        ok = kinds[i].list(&rows, scenario);
        if (wants_json)
            print_rows_json(&json, kinds[i].name, &rows);
        else {
            g_string_append_printf(out, "%s%s (%s)\n", out->len ? "\n" : "", kinds[i].about,
                                   kinds[i].name);
            print_rows(out, &rows);
        }
        g_ptr_array_free(rows.names, TRUE);
        g_ptr_array_free(rows.abouts, TRUE);
    }
    if (wants_json)
        json_close(&json, '}');
    if (!is_known)
        return command_misused(&list_command,
                               "'%s' is nothing to list: expected verbs, scenarios, "
                               "metrics, measures, timeline, faults, outcomes, laws or planes",
                               wanted);
    if (!ok)
        return CODE_USAGE;
    return output_print(out->str) ? CODE_HELD : CODE_ERROR;
}

static ExitCode
run_verb(int argc, char **argv)
{
    gboolean json = FALSE;
    const GOptionEntry entries[] = {{"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
                                    G_OPTION_ENTRY_NULL};
    g_auto(GStrv) rest = NULL;
    ExitCode code;
    (void)argc;
    if (!command_options(&list_command, entries, argv, &rest, &code))
        return code;
    guint n = g_strv_length(rest);
    if (n > 3 || (n == 3 && strcmp(rest[1], "metrics") != 0))
        return command_misused(&list_command, "too many arguments");
    return list_kinds(rest[1], n == 3 ? rest[2] : NULL, json);
}

const Command list_command = {
    .name = "list",
    .arguments =
        "[verbs|scenarios|metrics [SCENARIO]|measures|timeline|faults|outcomes|laws|planes]",
    .about = "List what exists.",
    .run = run_verb,
};
