#include "sim/cmd/figure_data.h"

#include "sim/cmd/figure_budget.h"
#include "sim/cmd/figure_lanes.h"
#include "sim/quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    POPS_COLUMNS_MAX = 1024,
    CAUSES_SHOWN = 6,
    WAVES_MAX = 14,
};

/* all figures --------------------------------------------------------------------------------- */

static GString *
print_run(const Result *result)
{
    GString *out = g_string_new("key\tvalue\ntitle");
    PlaneKept kept = run_kept(result->run);
    uint32_t n_pops = run_geo(result->run)->n_pops;
    g_autofree char *part = kept.n_pops < n_pops
                                ? g_strdup_printf(", %u of %u PoPs", kept.n_pops, n_pops)
                                : g_strdup("");
    g_autofree char *note =
        g_strdup_printf("blackstart %s, %s, seed %" G_GUINT64_FORMAT ", %s plane%s, digest %s",
                        BLACKSTART_VERSION, result->scenario->stem, result->seed,
                        run_plane_names[run_plane(result->run)], part, result->digest);
    figure_append_text(out, result->scenario->spec.title, 70);
    g_string_append(out, "\nnote");
    figure_append_text(out, note, 110);
    g_string_append_c(out, '\n');
    return out;
}

static GString *
print_events(const Result *result)
{
    GString *out = g_string_new("time\tkind\ttext\n");
    for (uint32_t i = 0; i < result->landmarks->n; i++) {
        const Landmark *landmark = &result->landmarks->landmarks[i];
        g_string_append_printf(out, "%.3f\t%s", figure_unix_seconds(result, landmark->at),
                               landmark->kind);
        figure_append_text(out, landmark->text, LANDMARK_TEXT_MAX);
        g_string_append_c(out, '\n');
    }
    return out;
}

static GString *
print_phases(const Result *result)
{
    GString *out = g_string_new("begin\tend\tkind\ttext\n");
    for (uint32_t i = 0; i < result->phases.n; i++) {
        const Phase *phase = &result->phases.phases[i];
        g_string_append_printf(out, "%.3f\t%.3f\t%s\t%s\n",
                               figure_unix_seconds(result, phase->begin),
                               figure_unix_seconds(result, phase->end), phase->kind, phase->name);
    }
    return out;
}

/* incident ------------------------------------------------------------------------------------ */

/* Causes that have a colour of their own; the last gathers the rest when there are more. */
static uint32_t
shown_causes(const Result *result)
{
    return MIN(result->n_causes, CAUSES_SHOWN);
}

/* Share of a row's offered requests lost to shown cause i. */
static double
cause_share(const Result *result, const FigureRows *rows, uint32_t row, uint32_t i)
{
    const SimRecorder *recorder = rows->recording->recorder;
    uint32_t last = i + 1 == CAUSES_SHOWN ? result->n_causes : i + 1;
    uint32_t offered = sim_recorder_find(recorder, "all.offered");
    double over = 0, lost = 0;
    for (uint32_t b = figure_row_begin(rows, row); b < figure_row_end(rows, row); b++)
        over += sim_recorder_value(recorder, offered, b);
    for (uint32_t c = i; c < last; c++) {
        g_autofree char *name = g_strdup_printf("cause.%u.failed", result->causes[c].slot);
        uint32_t column = sim_recorder_find(recorder, name);
        for (uint32_t b = figure_row_begin(rows, row); b < figure_row_end(rows, row); b++)
            lost += sim_recorder_value(recorder, column, b);
    }
    return over > 0 ? MIN(lost / over, 1) : NAN;
}

/* The scenario's spotlight as a success ratio; false: it has none, or it is none. */
static bool
find_watched(const Result *result, char **ret_metric, bool *ret_is_errors)
{
    const char *spotlight = result->scenario->spec.spotlight;
    bool is_errors = spotlight && g_str_has_suffix(spotlight, "errors");
    if (!spotlight || !(is_errors || g_str_has_suffix(spotlight, "success")))
        return false;
    *ret_metric = g_strdup(spotlight);
    *ret_is_errors = is_errors;
    return true;
}

static GString *
print_incident(const Result *result)
{
    static const char *const metrics[] = {"all.offered", "all.ok", "latency.p50", "latency.p95",
                                          "latency.p99"};
    FigureRows rows = figure_rows(result, FIGURE_ROWS_MAX);
    GString *out = g_string_new("time\toffered\tserved\tp50\tp95\tp99");
    g_autofree char *watched = NULL;
    bool is_errors = false, is_watched = find_watched(result, &watched, &is_errors);
    for (uint32_t i = 0; i < shown_causes(result); i++)
        g_string_append_printf(out, "\tcause_%u", i + 1);
    g_string_append(out, is_watched ? "\twatched_1\n" : "\n");
    for (uint32_t row = 0; row < rows.n; row++) {
        figure_append_time(out, result, &rows, row);
        for (guint i = 0; i < G_N_ELEMENTS(metrics); i++)
            figure_append_number(out, figure_row_value(&rows, row, metrics[i]));
        for (uint32_t i = 0; i < shown_causes(result); i++)
            figure_append_number(out, cause_share(result, &rows, row, i));
        if (is_watched) {
            double value = figure_row_value(&rows, row, watched);
            figure_append_number(out, is_errors ? 1 - value : value);
        }
        g_string_append_c(out, '\n');
    }
    return out;
}

static GString *
print_incident_causes(const Result *result)
{
    GString *out = g_string_new("column\tshare\ttext\n");
    for (uint32_t i = 0; i < shown_causes(result); i++) {
        bool is_rest = i + 1 == CAUSES_SHOWN && result->n_causes > CAUSES_SHOWN;
        double share = 0;
        for (uint32_t c = i; c < (is_rest ? result->n_causes : i + 1); c++)
            share += result->causes[c].share;
        g_string_append_printf(out, "cause_%u\t%.9g", i + 1, share);
        figure_append_text(out, is_rest ? "other causes" : result->causes[i].label, 28);
        g_string_append_c(out, '\n');
    }
    return out;
}

static GString *
print_incident_watched(const Result *result)
{
    GString *out = g_string_new("column\ttext\n");
    g_autofree char *watched = NULL;
    bool is_errors;
    if (!find_watched(result, &watched, &is_errors))
        return out;
    char *dot = strrchr(watched, '.');
    if (dot)
        *dot = 0;
    const char *first = strchr(watched, '.');
    g_string_append(out, "watched_1");
    figure_append_text(out, dot ? (first ? first + 1 : watched) : "all requests", 30);
    g_string_append_c(out, '\n');
    return out;
}

/* pops ---------------------------------------------------------------------------------------- */

/* PoPs by region, then from west to east; of a sample those that carry traffic. */
static GArray *
pops_in_order(const Run *run)
{
    const Geo *geo = run_geo(run);
    GArray *order = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    for (uint32_t region = 0; region <= geo->n_regions; region++)
        for (uint32_t p = 0; p < geo->n_pops; p++) {
            uint32_t own = geo->pops.at.region[p];
            guint at = order->len;
            bool is_here = own == region || (region == geo->n_regions && own > region);
            if (!is_here || run_pop_cores(run, p) <= 0)
                continue;
            for (; at > 0; at--) {
                uint32_t before = g_array_index(order, uint32_t, at - 1);
                if (geo->pops.at.region[before] != own ||
                    geo->pops.at.longitude[before] <= geo->pops.at.longitude[p])
                    break;
            }
            g_array_insert_val(order, at, p);
        }
    return order;
}

static void
append_pop(GString *out, const SimRecorder *recorder, uint32_t pop, uint32_t merge)
{
    uint32_t n = sim_recorder_n_closed(recorder);
    for (uint32_t b = 0; b < n; b += merge) {
        double offered = 0, failed = 0;
        for (uint32_t k = b; k < MIN(b + merge, n); k++) {
            offered += sim_recorder_value(recorder, 3 * pop, k);
            failed += sim_recorder_value(recorder, 3 * pop + 1, k);
        }
        if (!(offered > 0))
            g_string_append(out, "\t-1");
        else if (!(failed > 0))
            g_string_append(out, "\t0");
        else
            g_string_append_printf(out, "\t%.4g", MIN(failed / offered, 1));
    }
}

static GString *
print_pops(const Result *result)
{
    const SimRecorder *recorder = run_pop_recorder(result->run);
    uint32_t n = sim_recorder_n_closed(recorder);
    uint32_t merge = MAX(1, (n + POPS_COLUMNS_MAX - 1) / POPS_COLUMNS_MAX);
    SimTime width = sim_recorder_width(recorder) * merge;
    g_autoptr(GArray) order = pops_in_order(result->run);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%u", (n + merge - 1) / merge);
    for (uint32_t b = 0; b < n; b += merge)
        g_string_append_printf(
            out, "\t%.3f",
            figure_unix_seconds(result, sim_recorder_bucket_start(recorder, b) + width / 2));
    g_string_append_c(out, '\n');
    for (guint i = 0; i < order->len; i++) {
        g_string_append_printf(out, "%u", i);
        append_pop(out, recorder, g_array_index(order, uint32_t, i), merge);
        g_string_append_c(out, '\n');
    }
    return out;
}

static GString *
print_pops_rows(const Result *result)
{
    const Geo *geo = run_geo(result->run);
    g_autoptr(GArray) order = pops_in_order(result->run);
    GString *out = g_string_new("pop\tregion\n");
    for (guint i = 0; i < order->len; i++) {
        uint32_t pop = g_array_index(order, uint32_t, i);
        g_autofree char *code = landmark_cut(geo->pops.code[pop], 8);
        g_string_append(out, code);
        figure_append_text(out, geo_region_name(geo->pops.at.region[pop]), 18);
        g_string_append_c(out, '\n');
    }
    return out;
}

/* retries ------------------------------------------------------------------------------------- */

/* People who wait at sites where others log in. */
static double
login_backlog(const Result *result, const FigureRows *rows, uint32_t row)
{
    const Spec *spec = &result->scenario->spec;
    double waiting = NAN;
    for (uint32_t s = 0; s < spec->sites.n; s++) {
        const SiteSpec *site = SIM_ITEM(spec->sites, SiteSpec, s);
        bool is_login = false;
        SIM_EACH(SiteSpec, other, spec->sites)
        is_login |= other->sessions.entity.is_given && other->sessions.login == s;
        if (!is_login)
            continue;
        g_autofree char *name = g_strdup_printf("site.%s.waiting", site->entity.name);
        double value = figure_row_value(rows, row, name);
        waiting = isnan(waiting) ? value : isnan(value) ? waiting : waiting + value;
    }
    return waiting;
}

static GString *
print_retries(const Result *result)
{
    static const char *const metrics[] = {"all.fresh", "all.retries", "all.reloads", "all.ok",
                                          "orbit.waiting"};
    FigureRows rows = figure_rows(result, FIGURE_ROWS_MAX);
    GString *out = g_string_new(
        "time\tfresh\tmachine_retries\thuman_reloads\tgoodput\twaiting\tlogin_backlog\n");
    for (uint32_t row = 0; row < rows.n; row++) {
        figure_append_time(out, result, &rows, row);
        for (guint i = 0; i < G_N_ELEMENTS(metrics); i++)
            figure_append_number(out, figure_row_value(&rows, row, metrics[i]));
        figure_append_number(out, login_backlog(result, &rows, row));
        g_string_append_c(out, '\n');
    }
    return out;
}

/* cache --------------------------------------------------------------------------------------- */

bool
figure_data_has_cache(const Result *result)
{
    const SimRecorder *recorder = result->facts.recording.recorder;
    uint32_t lookups = sim_recorder_find(recorder, "cache.lookups");
    for (uint32_t b = 0; lookups != SIM_NONE && b < sim_recorder_n_closed(recorder); b++)
        if (sim_recorder_value(recorder, lookups, b) > 0)
            return true;
    return false;
}

/* Only then does the sum of the limits say something about the sum of the load. */
static bool
are_origins_limited(const Result *result)
{
    SIM_EACH(SiteSpec, site, result->scenario->spec.sites)
    if (site->origin.capacity_per_s <= 0)
        return false;
    return true;
}

static GString *
print_cache(const Result *result)
{
    static const char *const metrics[] = {"hit_ratio", "cache.warm", "origin.requests"};
    FigureRows rows = figure_rows(result, FIGURE_ROWS_MAX);
    GString *out = g_string_new("time\thit_ratio\twarm\torigin_load\torigin_capacity\n");
    bool is_limited = are_origins_limited(result);
    for (uint32_t row = 0; row < rows.n; row++) {
        figure_append_time(out, result, &rows, row);
        for (guint i = 0; i < G_N_ELEMENTS(metrics); i++)
            figure_append_number(out, figure_row_value(&rows, row, metrics[i]));
        figure_append_number(out,
                             is_limited ? figure_row_value(&rows, row, "origin.capacity") : NAN);
        g_string_append_c(out, '\n');
    }
    return out;
}

/* When the share warm is back at 90 % after it was lower; -1. */
static SimTime
warm_again(const Recording *recording, SimTime after)
{
    Metric warm;
    bool was_cold = false;
    if (!metric_find(recording->recorder, "cache.warm", &warm))
        return -1;
    for (uint32_t b = 0; b < sim_recorder_n_closed(recording->recorder); b++) {
        SimTime start = sim_recorder_bucket_start(recording->recorder, b);
        double value = start < after ? NAN : metric_value(&warm, b);
        was_cold |= value < 0.9;
        if (was_cold && value >= 0.9)
            return start;
    }
    return -1;
}

static void
append_warm(GString *out, const Result *result, SimTime flushed)
{
    char after[64];
    SimTime warm = warm_again(&result->facts.recording, flushed);
    if (warm < 0)
        return;
    sim_quantity_format_duration(after, sizeof after, warm - flushed);
    g_string_append_printf(out, "%.3f\twarm\t90 %% warm, %s after the flush\n",
                           figure_unix_seconds(result, warm), after);
}

static GString *
print_cache_marks(const Result *result)
{
    const Spec *spec = &result->scenario->spec;
    GString *out = g_string_new("time\tkind\ttext\n");
    SimTime flushed = -1;
    for (uint32_t i = 0; i < result->landmarks->n; i++) {
        const Landmark *landmark = &result->landmarks->landmarks[i];
        int verb = landmark->entry == SIM_NONE
                       ? VERB_NOTE
                       : SIM_ITEM(spec->timeline, TimelineSpec, landmark->entry)->verb;
        if (verb != VERB_PURGE && verb != VERB_RESTART)
            continue;
        g_string_append_printf(out, "%.3f\tflush", figure_unix_seconds(result, landmark->at));
        figure_append_text(out, landmark->text, LANDMARK_TEXT_MAX);
        g_string_append_c(out, '\n');
        flushed = landmark->at;
    }
    if (flushed >= 0)
        append_warm(out, result, flushed);
    return out;
}

/* versions ------------------------------------------------------------------------------------ */

/* The config that did most harm; the first when none did any. */
static uint32_t
main_config_index(const Result *result)
{
    uint32_t worst = 0;
    for (uint32_t c = 1; c < result->scenario->spec.configs.n; c++)
        if (result->facts.config_bites[c] > result->facts.config_bites[worst])
            worst = c;
    return worst;
}

static const char *
main_config(const Result *result)
{
    uint32_t config = main_config_index(result);
    return SIM_ITEM(result->scenario->spec.configs, ConfigSpec, config)->entity.name;
}

static GString *
print_versions(const Result *result)
{
    FigureRows rows = figure_rows(result, FIGURE_ROWS_MAX);
    g_autofree char *bad = g_strdup_printf("config.%s.bad", main_config(result));
    g_autofree char *held = g_strdup_printf("config.%s.held", main_config(result));
    GString *out = g_string_new("time\tversion_1\tversion_2\tversion_3\n");
    for (uint32_t row = 0; row < rows.n; row++) {
        double broken = figure_row_value(&rows, row, bad),
               refused = figure_row_value(&rows, row, held);
        broken = isnan(broken) ? 0 : broken;
        refused = isnan(refused) ? 0 : refused;
        figure_append_time(out, result, &rows, row);
        figure_append_number(out, CLAMP(1 - broken - refused, 0, 1));
        figure_append_number(out, refused);
        figure_append_number(out, broken);
        g_string_append_c(out, '\n');
    }
    return out;
}

static GString *
print_versions_names(const Result *result)
{
    GString *out = g_string_new("column\tkind\ttext\nversion_1\tgood");
    g_autofree char *good = g_strdup_printf("%s: harmless", main_config(result));
    figure_append_text(out, good, 28);
    g_string_append(out, "\nversion_2\tneutral\trefused, the last one kept"
                         "\nversion_3\tbad\tin effect, harmful\n");
    return out;
}

/* The versions from *made on that were made until a time.  Harmless ones that no eye can tell apart
 * are left out. */
static void
append_generations(GString *out, const Result *result, SimTime until, uint32_t *made,
                   SimTime *latest)
{
    uint32_t config = main_config_index(result);
    SimTime apart = result->facts.recording.end / FIGURE_ROWS_MAX;
    for (; *made < run_config_versions(result->run, config); ++*made) {
        RunVersion version = run_config_version(result->run, config, *made);
        if (version.at > until)
            return;
        if (!version.is_bad && *latest >= 0 && version.at - *latest < apart)
            continue;
        *latest = version.at;
        g_string_append_printf(out, "%.3f\t%s\t\n", figure_unix_seconds(result, version.at),
                               version.is_bad ? "bad_generation" : "generation");
    }
}

/* When this config's versions were made, and the waves in which the journal says they went out. */
static GString *
print_versions_marks(const Result *result)
{
    const SimJournal *journal = run_journal(result->run);
    g_autofree char *config = g_strconcat("config/", main_config(result), NULL);
    GString *out = g_string_new("time\tkind\ttext\n");
    uint32_t n_waves = 0, made = 1;
    SimTime latest = -1;
    for (uint32_t id = 0; id < sim_journal_count(journal) && n_waves < WAVES_MAX; id++) {
        const SimJournalEntry *entry = sim_journal_get(journal, id);
        if (strcmp(entry->kind, "rollout.wave") != 0 || g_strcmp0(entry->entity, config) != 0)
            continue;
        append_generations(out, result, entry->at, &made, &latest);
        n_waves++;
        g_string_append_printf(out, "%.3f\twave", figure_unix_seconds(result, entry->at));
        figure_append_text(out, entry->text, 60);
        g_string_append_c(out, '\n');
    }
    append_generations(out, result, result->facts.recording.end, &made, &latest);
    return out;
}

const FigureData figure_data[] = {
    {"run.tsv", NULL, print_run},
    {"events.tsv", NULL, print_events},
    {"phases.tsv", NULL, print_phases},
    {"incident.tsv", "incident", print_incident},
    {"incident_causes.tsv", "incident", print_incident_causes},
    {"incident_watched.tsv", "incident", print_incident_watched},
    {"pops.tsv", "pops", print_pops},
    {"pops_rows.tsv", "pops", print_pops_rows},
    {"retries.tsv", "retries", print_retries},
    {"cache.tsv", "cache", print_cache},
    {"cache_marks.tsv", "cache", print_cache_marks},
    {"versions.tsv", "versions", print_versions},
    {"versions_names.tsv", "versions", print_versions_names},
    {"versions_marks.tsv", "versions", print_versions_marks},
    {"lanes.tsv", "lanes", figure_print_lanes},
    {"lanes_span.tsv", "lanes", figure_print_lanes_span},
    {"lanes_heat.tsv", "lanes", figure_print_lanes_heat},
    {"lanes_bars.tsv", "lanes", figure_print_lanes_bars},
    {"lanes_marks.tsv", "lanes", figure_print_lanes_marks},
    {"budget.tsv", "budget", figure_print_budget},
    {"budget_about.tsv", "budget", figure_print_budget_about},
    {"budget_windows.tsv", "budget", figure_print_budget_windows},
    {"budget_observers.tsv", "budget", figure_print_budget_observers},
    {"budget_alerts.tsv", "budget", figure_print_budget_alerts},
    {"budget_marks.tsv", "budget", figure_print_budget_marks},
};
const guint n_figure_data = G_N_ELEMENTS(figure_data);
