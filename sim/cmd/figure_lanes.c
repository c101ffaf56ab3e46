#include "sim/cmd/figure_lanes.h"

#include <math.h>
#include <string.h>

#define IN_TROUBLE 0.005 /* highest share failed of a row */
enum { SHADES = 48, CALM_SERVICES = 6 };

static const char *const group_names[] = {[LANE_DONE] = "changes and faults",
                                          [LANE_VERSIONS] = "changes and faults",
                                          [LANE_SITE] = "sites",
                                          [LANE_SERVICE] = "services",
                                          [LANE_OBSERVER] = "who watches",
                                          [LANE_ACTION] = "who acts",
                                          [LANE_TEAM] = "who acts",
                                          [LANE_STATUS] = "who acts"};

uint32_t
lanes_place(const Lanes *lanes, LaneKind kind, uint32_t of)
{
    for (guint i = 0; i < lanes->lanes->len; i++) {
        const Lane *lane = &g_array_index(lanes->lanes, Lane, i);
        if (lane->kind == kind && lane->of == of)
            return i;
    }
    return SIM_NONE;
}

static void
add_lane(Lanes *lanes, LaneKind kind, uint32_t of, const char *name)
{
    Lane lane = {.kind = kind, .of = of, .name = landmark_cut(name, LANES_NAME_MAX)};
    g_array_append_val(lanes->lanes, lane);
}

/* who was in trouble -------------------------------------------------------------------------- */

/* site.shop.errors, service.kv.errors */
static char *
errors_of(const Lanes *lanes, LaneKind kind, uint32_t of)
{
    const Spec *spec = &lanes->result->scenario->spec;
    return kind == LANE_SITE
               ? g_strdup_printf("site.%s.errors", SIM_ITEM(spec->sites, SiteSpec, of)->entity.name)
               : g_strdup_printf("service.%s.errors",
                                 SIM_ITEM(spec->services, ServiceSpec, of)->entity.name);
}

typedef struct Candidate {
    uint32_t of;
    double trouble; /* failed in all; 0: nothing to see */
} Candidate;

/* Worst first; of equal ones the earlier. */
static int
by_trouble(gconstpointer left, gconstpointer right)
{
    const Candidate *a = left, *b = right;
    if (a->trouble != b->trouble)
        return a->trouble > b->trouble ? -1 : 1;
    return a->of < b->of ? -1 : a->of > b->of;
}

static int
by_place(gconstpointer left, gconstpointer right)
{
    const Candidate *a = left, *b = right;
    return a->of < b->of ? -1 : a->of > b->of;
}

static double
trouble_of(const Lanes *lanes, LaneKind kind, uint32_t of)
{
    const Recording *recording = lanes->rows.recording;
    g_autofree char *name = errors_of(lanes, kind, of);
    Metric errors;
    double peak = 0;
    if (!metric_find(recording->recorder, name, &errors))
        return 0;
    for (uint32_t row = 0; row < lanes->rows.n; row++) {
        double value = figure_row_value(&lanes->rows, row, name);
        peak = value > peak ? value : peak;
    }
    double total = metric_total(&errors, 0, lanes->rows.n_buckets);
    bool is_touched = kind == LANE_SERVICE && lanes_is_touched(lanes, of);
    return peak > IN_TROUBLE ? total : is_touched ? 1 : 0;
}

static void
add_troubled(Lanes *lanes, LaneKind kind, uint32_t n, uint32_t most)
{
    const Spec *spec = &lanes->result->scenario->spec;
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    for (uint32_t i = 0; i < n; i++) {
        Candidate candidate = {i, trouble_of(lanes, kind, i)};
        if (candidate.trouble > 0)
            g_array_append_val(candidates, candidate);
    }
    bool is_calm = candidates->len == 0 && kind == LANE_SERVICE;
    for (uint32_t i = 0; is_calm && i < MIN(n, CALM_SERVICES); i++) {
        Candidate candidate = {i, 0};
        g_array_append_val(candidates, candidate);
    }
    g_array_sort(candidates, by_trouble);
    if (candidates->len > most)
        g_array_set_size(candidates, most);
    g_array_sort(candidates, by_place);
    for (guint i = 0; i < candidates->len; i++) {
        uint32_t of = g_array_index(candidates, Candidate, i).of;
        add_lane(lanes, kind, of,
                 kind == LANE_SITE ? SIM_ITEM(spec->sites, SiteSpec, of)->entity.name
                                   : SIM_ITEM(spec->services, ServiceSpec, of)->entity.name);
    }
}

/* Neighbouring rows of the same shade are one line. */
static void
append_heat(Lanes *lanes, uint32_t lane, const char *metric)
{
    const FigureRows *rows = &lanes->rows;
    int shade = -2;
    double share = NAN;
    uint32_t first = 0;
    for (uint32_t row = 0; row <= rows->n; row++) {
        double value = row < rows->n ? figure_row_value(rows, row, metric) : NAN;
        int next = row == rows->n ? -2 : isnan(value) ? -1 : (int)(sqrt(MIN(value, 1)) * SHADES);
        if (next == shade)
            continue;
        if (row > first && shade >= 0)
            g_string_append_printf(
                lanes->heat, "%u\t%.3f\t%.3f\t%.4g\n", lane,
                figure_unix_seconds(lanes->result, figure_row_time(rows, first)),
                figure_unix_seconds(lanes->result,
                                    MIN(figure_row_time(rows, row), rows->recording->end)),
                share);
        shade = next;
        share = value;
        first = row;
    }
}

/* all lanes ----------------------------------------------------------------------------------- */

static bool
has_status(const Result *result)
{
    return merit_applies(&result->scenario->spec, MERIT_FIRST_WORD);
}

static void
add_numbered(Lanes *lanes, LaneKind kind, const char *name)
{
    uint32_t n = lanes_count_items(lanes, kind);
    for (uint32_t i = 0; i < n; i++)
        add_lane(lanes, kind, i, i == 0 ? name : "");
}

/* The config that did most harm; SIM_NONE: none did any. */
static uint32_t
worst_config(const Result *result)
{
    uint32_t worst = SIM_NONE;
    for (uint32_t c = 0; c < result->scenario->spec.configs.n; c++)
        if (result->facts.config_bites[c] >
            (worst == SIM_NONE ? 0 : result->facts.config_bites[worst]))
            worst = c;
    return worst;
}

static void
add_lanes(Lanes *lanes)
{
    const Result *result = lanes->result;
    const Spec *spec = &result->scenario->spec;
    uint32_t config = worst_config(result);
    uint32_t n_observers = MIN(spec->observers.n, LANES_OBSERVERS_MAX);
    uint32_t n_teams = MIN(spec->teams.n, LANES_TEAMS_MAX);
    uint32_t n_actions = lanes_count_items(lanes, LANE_ACTION);
    add_numbered(lanes, LANE_DONE, "the timeline");
    if (config != SIM_NONE)
        add_lane(lanes, LANE_VERSIONS, config,
                 SIM_ITEM(spec->configs, ConfigSpec, config)->entity.name);
    uint32_t left =
        LANES_MAX - lanes->lanes->len - n_observers - n_teams - n_actions - has_status(result);
    add_troubled(lanes, LANE_SITE, spec->sites.n, MIN(LANES_SITES_MAX, left / 2));
    uint32_t n_sites = lanes->lanes->len;
    add_troubled(lanes, LANE_SERVICE, spec->services.n,
                 LANES_MAX - n_sites - n_observers - n_teams - n_actions - has_status(result));
    for (uint32_t i = 0; i < n_observers; i++)
        add_lane(lanes, LANE_OBSERVER, i, SIM_ITEM(spec->observers, ObserverSpec, i)->entity.name);
    add_numbered(lanes, LANE_ACTION, "the timeline");
    for (uint32_t i = 0; i < n_teams; i++)
        add_lane(lanes, LANE_TEAM, i, SIM_ITEM(spec->teams, TeamSpec, i)->entity.name);
    if (has_status(result))
        add_lane(lanes, LANE_STATUS, 0, "status page");
}

static void
lanes_clear(Lanes *lanes)
{
    for (guint i = 0; i < lanes->lanes->len; i++)
        g_free(g_array_index(lanes->lanes, Lane, i).name);
    g_array_free(lanes->lanes, TRUE);
    g_string_free(lanes->heat, TRUE);
    g_string_free(lanes->bars, TRUE);
    g_string_free(lanes->marks, TRUE);
}

static void
lanes_init(Lanes *lanes, const Result *result)
{
    *lanes = (Lanes){.result = result,
                     .rows = figure_rows(result, FIGURE_ROWS_MAX),
                     .lanes = g_array_new(FALSE, FALSE, sizeof(Lane)),
                     .heat = g_string_new("lane\tbegin\tend\tshare\n"),
                     .bars = g_string_new("lane\tbegin\tend\tkind\ttext\n"),
                     .marks = g_string_new("lane\ttime\tkind\ttext\n")};
    add_lanes(lanes);
    for (guint i = 0; i < lanes->lanes->len; i++) {
        const Lane *lane = &g_array_index(lanes->lanes, Lane, i);
        if (lane->kind != LANE_SITE && lane->kind != LANE_SERVICE)
            continue;
        g_autofree char *metric = errors_of(lanes, lane->kind, lane->of);
        append_heat(lanes, i, metric);
    }
    lanes_add_story(lanes);
}

bool
figure_has_lanes(const Result *result)
{
    return result->scenario->spec.services.n > 1 || result->scenario->spec.observers.n > 0 ||
           result->scenario->spec.teams.n > 0;
}

GString *
figure_print_lanes(const Result *result)
{
    Lanes lanes;
    GString *out = g_string_new("lane\tgroup\ttext\n");
    lanes_init(&lanes, result);
    for (guint i = 0; i < lanes.lanes->len; i++) {
        const Lane *lane = &g_array_index(lanes.lanes, Lane, i);
        g_string_append_printf(out, "%u\t%s\t%s\n", i, group_names[lane->kind], lane->name);
    }
    lanes_clear(&lanes);
    return out;
}

/* One of the three texts that a build of all lanes leaves. */
static GString *
print_part(const Result *result, size_t offset)
{
    Lanes lanes;
    lanes_init(&lanes, result);
    GString **part = (GString **)(void *)((char *)&lanes + offset);
    GString *text = g_string_new((*part)->str);
    lanes_clear(&lanes);
    return text;
}

GString *
figure_print_lanes_span(const Result *result)
{
    GString *out = g_string_new("begin\tend\n");
    SimTime end = MAX(result->facts.recording.end, SIM_SECOND);
    g_string_append_printf(out, "%.3f\t%.3f\n", figure_unix_seconds(result, 0),
                           figure_unix_seconds(result, end));
    return out;
}

GString *
figure_print_lanes_heat(const Result *result)
{
    return print_part(result, G_STRUCT_OFFSET(Lanes, heat));
}

GString *
figure_print_lanes_bars(const Result *result)
{
    return print_part(result, G_STRUCT_OFFSET(Lanes, bars));
}

GString *
figure_print_lanes_marks(const Result *result)
{
    return print_part(result, G_STRUCT_OFFSET(Lanes, marks));
}
