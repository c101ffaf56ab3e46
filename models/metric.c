#include "models/metric.h"

#include "sim/nearest.h"

#include <math.h>
#include <string.h>

/* A share by its last word: which columns of the same prefix it divides. */
typedef struct Share {
    const char *word, *upper, *over;
    bool is_rest;
} Share;

static const Share shares[] = {
    /* Of the attempts whose end is known: a queue's failures come later than its arrivals. */
    {"errors", "failed", "answered", false},
    {"success", "ok", "answered", false},
    {"blocked", "blocked", "answered", false},
    {"errors", "failed", "offered", false},
    {"success", "ok", "offered", false},
    {"success", "failed", "offered", true}, /* services count no ok */
    {"blocked", "blocked", "offered", false},
};

static bool
find_share(const SimRecorder *recorder, const char *prefix, const Share *share, Metric *ret)
{
    g_autofree char *upper = g_strconcat(prefix, share->upper, NULL);
    g_autofree char *over = g_strconcat(prefix, share->over, NULL);
    Metric metric = {.recorder = recorder,
                     .end = SIM_TIME_MAX,
                     .unit = METRIC_SHARE,
                     .column = sim_recorder_find(recorder, upper),
                     .over = sim_recorder_find(recorder, over),
                     .is_rest = share->is_rest};
    if (metric.column == SIM_NONE || metric.over == SIM_NONE)
        return false;
    *ret = metric;
    return true;
}

static bool
find_column(const SimRecorder *recorder, const char *name, Metric *ret)
{
    uint32_t column = sim_recorder_find(recorder, name);
    if (column == SIM_NONE)
        return false;
    const SimColumn *about = sim_recorder_describe(recorder, column);
    MetricUnit unit = METRIC_COUNT;
    if (about->kind == SIM_COLUMN_COUNT)
        unit = METRIC_RATE;
    else if (g_strcmp0(about->unit, "s") == 0)
        unit = METRIC_SECONDS;
    else if (g_strcmp0(about->unit, "share") == 0)
        unit = METRIC_SHARE;
    else if (g_strcmp0(about->unit, "/s") == 0)
        unit = METRIC_RATE;
    *ret = (Metric){.recorder = recorder,
                    .end = SIM_TIME_MAX,
                    .unit = unit,
                    .column = column,
                    .over = SIM_NONE};
    return true;
}

bool
metric_find(const SimRecorder *recorder, const char *name, Metric *ret)
{
    static const Share hits = {"hit_ratio", "hits", "lookups", false};
    const char *dot = strrchr(name, '.');
    const char *word = dot ? dot + 1 : name;
    g_autofree char *prefix = dot ? g_strndup(name, (gsize)(dot + 1 - name)) : g_strdup("all.");
    if (strcmp(name, hits.word) == 0)
        return find_share(recorder, "cache.", &hits, ret);
    for (guint i = 0; i < G_N_ELEMENTS(shares); i++)
        if (strcmp(word, shares[i].word) == 0 && find_share(recorder, prefix, &shares[i], ret))
            return true;
    return find_column(recorder, name, ret);
}

bool
metric_exists(const SimRecorder *recorder, const char *name)
{
    Metric metric;
    return metric_find(recorder, name, &metric);
}

static void
add_if_known(GPtrArray *names, const SimRecorder *recorder, char *name)
{
    if (metric_exists(recorder, name) &&
        !g_ptr_array_find_with_equal_func(names, name, g_str_equal, NULL))
        g_ptr_array_add(names, name);
    else
        g_free(name);
}

GPtrArray *
metric_names(const SimRecorder *recorder)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    uint32_t n = sim_recorder_n_columns(recorder);
    for (guint s = 0; s < G_N_ELEMENTS(shares); s++)
        add_if_known(names, recorder, g_strdup(shares[s].word));
    add_if_known(names, recorder, g_strdup("hit_ratio"));
    for (uint32_t c = 0; c < n; c++) {
        const char *column = sim_recorder_describe(recorder, c)->name;
        const char *dot = strrchr(column, '.');
        if (!dot || strcmp(dot, ".offered") != 0 || g_str_has_prefix(column, "all."))
            continue;
        for (guint s = 0; s < G_N_ELEMENTS(shares); s++)
            add_if_known(
                names, recorder,
                g_strdup_printf("%.*s%s", (int)(dot + 1 - column), column, shares[s].word));
    }
    for (uint32_t c = 0; c < n; c++)
        add_if_known(names, recorder, g_strdup(sim_recorder_describe(recorder, c)->name));
    return names;
}

char *
metric_nearest(const SimRecorder *recorder, const char *name)
{
    g_autoptr(GPtrArray) names = metric_names(recorder);
    return g_strdup(sim_nearest(name, (const char *const *)names->pdata, names->len));
}

bool
metric_is_gauge(const Metric *metric)
{
    return sim_recorder_describe(metric->recorder, metric->column)->kind == SIM_COLUMN_GAUGE;
}

double
metric_bucket_seconds(const Metric *metric, uint32_t bucket)
{
    SimTime start = sim_recorder_bucket_start(metric->recorder, bucket);
    SimTime width = sim_recorder_width(metric->recorder);
    SimTime left = metric->end > start ? metric->end - start : 0;
    return sim_seconds(MIN(width, left));
}

static double
share_of(const Metric *metric, double upper, double over)
{
    if (!(over > 0))
        return NAN;
    double share = CLAMP(upper / over, 0, 1);
    return metric->is_rest ? 1 - share : share;
}

double
metric_value(const Metric *metric, uint32_t bucket)
{
    return metric_mean(metric, bucket, bucket + 1);
}

static double
sum_of(const Metric *metric, uint32_t column, uint32_t from, uint32_t to)
{
    double sum = 0;
    for (uint32_t b = from; b < to; b++)
        sum += sim_recorder_value(metric->recorder, column, b);
    return sum;
}

double
metric_mean(const Metric *metric, uint32_t from, uint32_t to)
{
    double seconds = 0, sum = 0;
    if (metric->over != SIM_NONE)
        return share_of(metric, sum_of(metric, metric->column, from, to),
                        sum_of(metric, metric->over, from, to));
    bool is_gauge = metric_is_gauge(metric);
    for (uint32_t b = from; b < to; b++) {
        double value = sim_recorder_value(metric->recorder, metric->column, b);
        double covered = metric_bucket_seconds(metric, b);
        if (isnan(value))
            continue;
        seconds += covered;
        sum += is_gauge ? value * covered : value;
    }
    return seconds > 0 ? sum / seconds : NAN;
}

double
metric_total(const Metric *metric, uint32_t from, uint32_t to)
{
    if (metric_is_gauge(metric))
        return NAN;
    double total = sum_of(metric, metric->column, from, to);
    return metric->is_rest ? sum_of(metric, metric->over, from, to) - total : total;
}
