#include "sim/recorder.h"

#include <math.h>
#include <string.h>

typedef struct Gauge {
    double integral; /* of value times seconds */
    double seconds;
    double min, max, last;
    bool is_set;
} Gauge;

/* value, min and max by bucket; the latter two for gauges alone. */
typedef struct Series {
    SimColumn column;
    double *value, *min, *max;
} Series;

struct SimRecorder {
    SimArena *arena;
    SimTime width;
    uint32_t n_buckets;
    uint32_t n_closed;
    uint32_t n_columns;
    uint32_t columns_max;
    double *counts;
    Gauge *gauges;
    Series *series;
    uint32_t *names; /* open addressing by hash of the name: column + 1, or 0 */
    uint32_t n_names;
};

static SimTime
choose_width(SimTime duration, uint32_t buckets_max)
{
    static const SimTime widths[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
                                     600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 604800};
    uint32_t i = 0;
    while (i + 1 < G_N_ELEMENTS(widths) && (duration - 1) / (widths[i] * SIM_SECOND) >= buckets_max)
        i++;
    SimTime width = widths[i] * SIM_SECOND;
    while ((duration - 1) / width >= buckets_max && width <= SIM_TIME_MAX / 2)
        width *= 2;
    return width;
}

SimRecorder *
sim_recorder_new(SimArena *arena, SimTime duration, uint32_t buckets_max, uint32_t columns_max)
{
    SIM_ASSERT(duration > 0 && buckets_max > 0);
    SIM_ASSERT(columns_max <= 1u << 24);
    SimRecorder *recorder = SIM_ARENA_NEW(arena, SimRecorder, 1);
    recorder->arena = arena;
    recorder->width = choose_width(duration, buckets_max);
    recorder->n_buckets = (uint32_t)((duration - 1) / recorder->width) + 1;
    recorder->columns_max = columns_max;
    recorder->counts = SIM_ARENA_NEW(arena, double, columns_max);
    recorder->gauges = SIM_ARENA_NEW(arena, Gauge, columns_max);
    recorder->series = SIM_ARENA_NEW(arena, Series, columns_max);
    recorder->n_names = 4;
    while (recorder->n_names < 2 * columns_max)
        recorder->n_names *= 2;
    recorder->names = SIM_ARENA_NEW(arena, uint32_t, recorder->n_names);
    return recorder;
}

/* The place of the name in the table, or the free one where it belongs. */
static uint32_t *
find_name(const SimRecorder *recorder, const char *name)
{
    uint32_t mask = recorder->n_names - 1;
    uint32_t i = (uint32_t)sim_hash_text(name) & mask;
    while (recorder->names[i] &&
           strcmp(recorder->series[recorder->names[i] - 1].column.name, name) != 0)
        i = (i + 1) & mask;
    return &recorder->names[i];
}

static double *
new_buckets(SimRecorder *recorder, double past)
{
    double *buckets = SIM_ARENA_NEW(recorder->arena, double, recorder->n_buckets);
    for (uint32_t i = 0; i < recorder->n_closed; i++)
        buckets[i] = past;
    return buckets;
}

uint32_t
sim_recorder_column(SimRecorder *recorder, const char *name, SimColumnKind kind, const char *unit,
                    const char *about)
{
    SIM_ASSERT(recorder->n_columns < recorder->columns_max);
    uint32_t *place = find_name(recorder, name);
    SIM_ASSERT(*place == 0);
    uint32_t column = recorder->n_columns++;
    *place = column + 1;
    Series *series = &recorder->series[column];
    series->column = (SimColumn){
        .name = sim_arena_strdup(recorder->arena, name),
        .kind = kind,
        .unit = sim_arena_strdup(recorder->arena, unit),
        .about = sim_arena_strdup(recorder->arena, about),
    };
    bool is_gauge = kind == SIM_COLUMN_GAUGE;
    series->value = new_buckets(recorder, is_gauge ? (double)NAN : 0.0);
    series->min = is_gauge ? new_buckets(recorder, (double)NAN) : series->value;
    series->max = is_gauge ? new_buckets(recorder, (double)NAN) : series->value;
    return column;
}

double *
sim_recorder_counts(SimRecorder *recorder)
{
    return recorder->counts;
}

void
sim_recorder_gauge(SimRecorder *recorder, uint32_t column, double value, SimTime from, SimTime to)
{
    SIM_ASSERT(column < recorder->n_columns);
    SIM_ASSERT(recorder->series[column].column.kind == SIM_COLUMN_GAUGE);
    SIM_ASSERT(from <= to);
    SIM_ASSERT(from >= sim_recorder_bucket_start(recorder, recorder->n_closed));
    SIM_ASSERT(to <= sim_recorder_bucket_start(recorder, recorder->n_closed + 1));
    Gauge *gauge = &recorder->gauges[column];
    gauge->integral += value * sim_seconds(to - from);
    gauge->seconds += sim_seconds(to - from);
    gauge->min = gauge->is_set ? MIN(gauge->min, value) : value;
    gauge->max = gauge->is_set ? MAX(gauge->max, value) : value;
    gauge->last = value;
    gauge->is_set = true;
}

static void
close_gauge(Series *series, Gauge *gauge, uint32_t bucket)
{
    double mean = gauge->seconds > 0.0 ? gauge->integral / gauge->seconds : gauge->last;
    series->value[bucket] = gauge->is_set ? mean : (double)NAN;
    series->min[bucket] = gauge->is_set ? gauge->min : (double)NAN;
    series->max[bucket] = gauge->is_set ? gauge->max : (double)NAN;
    *gauge = (Gauge){0};
}

void
sim_recorder_close(SimRecorder *recorder)
{
    SIM_ASSERT(recorder->n_closed < recorder->n_buckets);
    uint32_t bucket = recorder->n_closed++;
    for (uint32_t i = 0; i < recorder->n_columns; i++) {
        Series *series = &recorder->series[i];
        if (series->column.kind == SIM_COLUMN_GAUGE) {
            close_gauge(series, &recorder->gauges[i], bucket);
        } else {
            series->value[bucket] = recorder->counts[i];
            recorder->counts[i] = 0.0;
        }
    }
}

SimTime
sim_recorder_width(const SimRecorder *recorder)
{
    return recorder->width;
}

SimTime
sim_recorder_bucket_start(const SimRecorder *recorder, uint32_t bucket)
{
    SIM_ASSERT(bucket <= recorder->n_buckets + 1);
    SimTime start;
    bool is_beyond = __builtin_mul_overflow((SimTime)bucket, recorder->width, &start);
    return is_beyond ? SIM_TIME_MAX : start;
}

uint32_t
sim_recorder_n_buckets(const SimRecorder *recorder)
{
    return recorder->n_buckets;
}

uint32_t
sim_recorder_n_closed(const SimRecorder *recorder)
{
    return recorder->n_closed;
}

uint32_t
sim_recorder_n_columns(const SimRecorder *recorder)
{
    return recorder->n_columns;
}

const SimColumn *
sim_recorder_describe(const SimRecorder *recorder, uint32_t column)
{
    SIM_ASSERT(column < recorder->n_columns);
    return &recorder->series[column].column;
}

uint32_t
sim_recorder_find(const SimRecorder *recorder, const char *name)
{
    uint32_t place = *find_name(recorder, name);
    return place ? place - 1 : SIM_NONE;
}

static const Series *
closed_series(const SimRecorder *recorder, uint32_t column, uint32_t bucket)
{
    SIM_ASSERT(column < recorder->n_columns);
    SIM_ASSERT(bucket < recorder->n_closed);
    return &recorder->series[column];
}

double
sim_recorder_value(const SimRecorder *recorder, uint32_t column, uint32_t bucket)
{
    return closed_series(recorder, column, bucket)->value[bucket];
}

double
sim_recorder_min(const SimRecorder *recorder, uint32_t column, uint32_t bucket)
{
    return closed_series(recorder, column, bucket)->min[bucket];
}

double
sim_recorder_max(const SimRecorder *recorder, uint32_t column, uint32_t bucket)
{
    return closed_series(recorder, column, bucket)->max[bucket];
}
