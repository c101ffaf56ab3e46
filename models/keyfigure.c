#include "models/keyfigure.h"

#include "models/merit.h"

#include <math.h>

static const KeyFigure table[] = {
    {"failed_share", "requests failed", {.metric = "errors", .kind = MEASURE_MEAN}, false},
    {"failed_requests", "number of them", {.metric = "errors", .kind = MEASURE_TOTAL}, false},
    {"peak_errors", "peak errors", {.metric = "errors", .kind = MEASURE_PEAK}, false},
    {"first_above_1_percent",
     "errors first above 1 %",
     {.metric = "errors", .kind = MEASURE_FIRST, .above = 0.01},
     false},
    {"last_above_1_percent",
     "errors last above 1 %",
     {.metric = "errors", .kind = MEASURE_LAST, .above = 0.01},
     false},
    {"time_above_1_percent",
     "time above 1 %",
     {.metric = "errors", .kind = MEASURE_TIME_ABOVE, .above = 0.01},
     false},
    {"peak_blocked", "peak blocked", {.metric = "blocked", .kind = MEASURE_PEAK}, true},
    {"peak_latency_p50",
     "peak latency p50",
     {.metric = "latency.p50", .kind = MEASURE_PEAK},
     false},
    {"peak_latency_p99",
     "peak latency p99",
     {.metric = "latency.p99", .kind = MEASURE_PEAK},
     false},
    {"peak_offered", "peak load", {.metric = "all.offered", .kind = MEASURE_PEAK}, false},
    {"peak_retries", "peak retries", {.metric = "all.retries", .kind = MEASURE_PEAK}, true},
    {"peak_reloads", "peak reloads", {.metric = "all.reloads", .kind = MEASURE_PEAK}, true},
    {"peak_waiting",
     "people waiting, peak",
     {.metric = "orbit.waiting", .kind = MEASURE_PEAK},
     true},
    {"peak_cpu", "peak CPU, fullest PoP", {.metric = "cpu.max", .kind = MEASURE_PEAK}, false},
    {"low_hit_ratio", "lowest hit ratio", {.metric = "hit_ratio", .kind = MEASURE_LOW}, false},
};

/* Whether people log in there, who then have a session elsewhere. */
static bool
is_login(const Spec *spec, uint32_t index)
{
    SIM_EACH(SiteSpec, site, spec->sites)
    if (site->sessions.entity.is_given && site->sessions.login == index)
        return true;
    return false;
}

/* In the order in which things should come. */
static const struct MeritFigure {
    MeritKind kind;
    const char *id, *words;
} merits[] = {
    {MERIT_DETECT, "time_to_detect", "pain to alert"},
    {MERIT_PAGE, "time_to_page", "pain to page"},
    {MERIT_ACK, "time_to_acknowledge", "pain to acknowledged"},
    {MERIT_MISLED, "time_misled", "on a wrong lead"},
    {MERIT_IDENTIFY, "time_to_identify", "pain to identified"},
    {MERIT_MITIGATE, "time_to_mitigate", "pain to mitigated"},
    {MERIT_RECOVER, "time_to_recover", "pain to recovered"},
    {MERIT_FIRST_WORD, "time_to_first_word", "pain to first public word"},
    {MERIT_UPDATES, "public_updates", "updates after it"},
};

static void
add_merits(KeyFigures *figures, const Spec *spec)
{
    if (spec->observers.n == 0 && spec->teams.n == 0)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(merits); i++)
        if (merit_applies(spec, merits[i].kind))
            figures->figures[figures->n++] =
                (KeyFigure){.id = merits[i].id,
                            .words = merits[i].words,
                            .measure = {.metric = merit_names[merits[i].kind]}};
}

KeyFigures *
key_figures_new(const Spec *spec)
{
    KeyFigures *figures = g_new0(KeyFigures, 1);
    figures->figures =
        g_new0(KeyFigure, G_N_ELEMENTS(table) + G_N_ELEMENTS(merits) + spec->sites.n);
    figures->text = g_string_chunk_new(256);
    for (guint i = 0; i < G_N_ELEMENTS(table); i++)
        figures->figures[figures->n++] = table[i];
    add_merits(figures, spec);
    for (uint32_t s = 0; s < spec->sites.n; s++) {
        const char *name = SIM_ITEM(spec->sites, SiteSpec, s)->entity.name;
        if (!is_login(spec, s))
            continue;
        g_autofree char *id = g_strconcat("peak_waiting_", name, NULL);
        g_autofree char *words = g_strconcat("waiting at ", name, NULL);
        g_autofree char *metric = g_strconcat("site.", name, ".waiting", NULL);
        figures->figures[figures->n++] =
            (KeyFigure){.id = g_string_chunk_insert(figures->text, id),
                        .words = g_string_chunk_insert(figures->text, words),
                        .measure = {.metric = g_string_chunk_insert(figures->text, metric),
                                    .kind = MEASURE_PEAK},
                        .is_silent_at_zero = true};
    }
    return figures;
}

void
key_figures_free(KeyFigures *figures)
{
    if (!figures)
        return;
    g_string_chunk_free(figures->text);
    g_free(figures->figures);
    g_free(figures);
}

bool
key_figure_is_merit(const KeyFigure *figure)
{
    MeritKind kind;
    return merit_find(figure->measure.metric, &kind);
}

bool
key_figure_take(const KeyFigure *figure, const Recording *recording, Measured *ret)
{
    if (key_figure_is_merit(figure) ? !recording->merit
                                    : !metric_exists(recording->recorder, figure->measure.metric))
        return false;
    *ret = measure_take(&figure->measure, recording, -1);
    return true;
}

char *
key_figure_text(const Measured *measured, int64_t start)
{
    char value[64], at[64];
    measure_format(value, sizeof value, measured->unit, measured->value, start);
    if (measured->at < 0 || isnan(measured->value))
        return g_strdup(value);
    return g_strdup_printf("%s at %s", value,
                           measure_format_clock(at, sizeof at, measured->at, start));
}
