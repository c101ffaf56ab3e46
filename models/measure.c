#include "models/measure.h"

#include "models/merit.h"
#include "sim/quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define HYSTERESIS 0.8 /* a crossing down is below this share of the threshold */

/* A metric over the buckets of a window. */
typedef struct Window {
    Metric metric;
    uint32_t first, end;
} Window;

void
measure_window(const Recording *recording, SimTime from, SimTime to, uint32_t *ret_first,
               uint32_t *ret_end)
{
    uint32_t n = sim_recorder_n_closed(recording->recorder);
    uint32_t first = 0, end;
    while (first < n && sim_recorder_bucket_start(recording->recorder, first) < from)
        first++;
    for (end = first; end < n; end++)
        if (sim_recorder_bucket_start(recording->recorder, end) >= to)
            break;
    *ret_first = first;
    *ret_end = end;
}

static SimTime
resolve(SimInstant instant, const Recording *recording, SimTime fallback)
{
    return instant.kind == SIM_INSTANT_NONE ? fallback
                                            : sim_instant_resolve(instant, recording->start);
}

static Window
window_between(const Metric *metric, const Recording *recording, SimTime from, SimTime to)
{
    Window window = {.metric = *metric};
    measure_window(recording, from, to, &window.first, &window.end);
    return window;
}

static SimTime
start_of(const Window *window, uint32_t bucket)
{
    return sim_recorder_bucket_start(window->metric.recorder, bucket);
}

/* extremes ---------------------------------------------------------------------------------- */

static void
take_extreme(const Window *window, double sign, Measured *result)
{
    result->value = NAN;
    for (uint32_t b = window->first; b < window->end; b++) {
        double value = metric_value(&window->metric, b);
        if (!isnan(value) && (isnan(result->value) || sign * value > sign * result->value)) {
            result->value = value;
            result->at = start_of(window, b);
        }
    }
}

static double
first_above(const Window *window, double above)
{
    for (uint32_t b = window->first; b < window->end; b++)
        if (metric_value(&window->metric, b) > above)
            return sim_seconds(start_of(window, b));
    return INFINITY;
}

static double
last_above(const Window *window, double above)
{
    for (uint32_t b = window->end; b-- > window->first;)
        if (metric_value(&window->metric, b) > above)
            return sim_seconds(start_of(window, b));
    return -INFINITY;
}

static double
time_above(const Window *window, double above, bool is_longest)
{
    double sum = 0, longest = 0, run = 0;
    for (uint32_t b = window->first; b < window->end; b++) {
        double seconds = metric_bucket_seconds(&window->metric, b);
        bool is_above = metric_value(&window->metric, b) > above;
        sum += is_above ? seconds : 0;
        run = is_above ? run + seconds : 0;
        longest = MAX(longest, run);
    }
    return is_longest ? longest : sum;
}

/* crossings --------------------------------------------------------------------------------- */

typedef struct Crossings {
    uint32_t n, n_aligned;
    bool is_up;      /* at the end */
    SimTime last_up; /* begin of the last stay above; the window's when it began above */
    bool has_data;
} Crossings;

/* Time since the last multiple of the period on the UTC clock, which generators follow too. */
static SimTime
since_multiple(SimTime at, int64_t start, SimTime period)
{
    /* start * 10^9 mod period without overflow: a period is at most a day. */
    int64_t rest = (start % period + period) % period;
    for (int i = 0; i < 9; i++)
        rest = rest * 10 % period;
    return (rest + at % period) % period;
}

static Crossings
count_crossings(const Window *window, const MeasureSpec *measure, int64_t start)
{
    Crossings crossings = {.last_up = -1};
    double below = measure->above - (1 - HYSTERESIS) * fabs(measure->above);
    for (uint32_t b = window->first; b < window->end; b++) {
        double value = metric_value(&window->metric, b);
        bool was_up = crossings.is_up, was_first = !crossings.has_data;
        if (isnan(value))
            continue;
        crossings.has_data = true;
        crossings.is_up = value > measure->above || (was_up && !(value < below));
        if (crossings.is_up && (!was_up || was_first))
            crossings.last_up = start_of(window, b);
        if (was_first || crossings.is_up == was_up)
            continue;
        crossings.n++;
        crossings.n_aligned +=
            since_multiple(start_of(window, b), start, measure->period) <= measure->tolerance;
    }
    return crossings;
}

static double
take_crossings(const Window *window, const MeasureSpec *measure, int64_t start)
{
    Crossings crossings = count_crossings(window, measure, start);
    if (!crossings.has_data)
        return NAN;
    if (measure->kind == MEASURE_SWITCHES)
        return crossings.n;
    if (measure->kind == MEASURE_ALIGNED)
        return crossings.n ? (double)crossings.n_aligned / crossings.n : NAN;
    return crossings.is_up ? sim_seconds(crossings.last_up) : INFINITY;
}

/* all kinds --------------------------------------------------------------------------------- */

static double
take_against_base(const Window *window, const MeasureSpec *measure, const Recording *recording)
{
    Window base =
        window_between(&window->metric, recording, resolve(measure->base_from, recording, 0),
                       resolve(measure->base_to, recording, SIM_TIME_MAX));
    double before = metric_mean(&base.metric, base.first, base.end);
    double now = metric_mean(&window->metric, window->first, window->end);
    if (!(fabs(before) > 0))
        return NAN;
    return measure->kind == MEASURE_FALL ? (before - now) / before : now / before;
}

static void
note_missing(const Window *window, Measured *result)
{
    for (uint32_t b = window->first; b < window->end; b++) {
        if (!isnan(metric_value(&window->metric, b)))
            continue;
        if (result->missing == 0)
            result->missing_at = start_of(window, b);
        result->missing += sim_from_seconds(metric_bucket_seconds(&window->metric, b));
    }
}

static void
take_value(const Window *window, const MeasureSpec *measure, const Recording *recording,
           Measured *result)
{
    switch ((MeasureKind)measure->kind) {
    case MEASURE_MEAN:
        result->value = metric_mean(&window->metric, window->first, window->end);
        break;
    case MEASURE_PEAK:
    case MEASURE_LOW:
        take_extreme(window, measure->kind == MEASURE_PEAK ? 1 : -1, result);
        break;
    case MEASURE_TOTAL:
        result->value = metric_total(&window->metric, window->first, window->end);
        break;
    case MEASURE_FIRST:
        result->value = first_above(window, measure->above);
        break;
    case MEASURE_LAST:
        result->value = last_above(window, measure->above);
        break;
    case MEASURE_TIME_ABOVE:
    case MEASURE_LONGEST:
        result->value = time_above(window, measure->above, measure->kind == MEASURE_LONGEST);
        break;
    case MEASURE_SWITCHES:
    case MEASURE_ALIGNED:
    case MEASURE_SETTLED:
        result->value = take_crossings(window, measure, recording->start);
        break;
    case MEASURE_FALL:
    case MEASURE_RATIO:
        result->value = take_against_base(window, measure, recording);
        break;
    case MEASURE_COUNT:
        SIM_ASSERT(measure->kind < MEASURE_COUNT);
    }
}

/* A figure of merit is a number of the whole run; what came is final, what did not may yet. */
static Measured
take_merit(MeritKind kind, const Recording *recording)
{
    bool may_grow = kind == MERIT_RECOVER || kind == MERIT_MISLED || kind == MERIT_UPDATES;
    double value = recording->merit ? merit_value(recording->merit, kind) : NAN;
    SimTime width = sim_recorder_width(recording->recorder);
    return (Measured){.status = isnan(value) ? MEASURE_NO_DATA : MEASURED,
                      .unit = merit_unit(kind),
                      .value = value,
                      .at = -1,
                      .missing_at = -1,
                      .is_cut = (may_grow || isinf(value)) &&
                                recording->duration > recording->end + width};
}

Measured
measure_take(const MeasureSpec *measure, const Recording *recording, SimTime window_from)
{
    Measured result = {.value = NAN, .at = -1, .missing_at = -1};
    Metric metric = {.recorder = NULL};
    MeritKind merit;
    if (merit_find(measure->metric, &merit))
        return take_merit(merit, recording);
    bool is_found = metric_find(recording->recorder, measure->metric, &metric);
    SIM_ASSERT(is_found);
    metric.end = recording->end;
    SimTime width = sim_recorder_width(recording->recorder);
    SimTime from = window_from >= 0 ? window_from : resolve(measure->from, recording, 0);
    SimTime to = resolve(measure->to, recording, recording->duration);
    Window window = window_between(&metric, recording, from, to);
    result.unit = measure_unit(measure, &metric);
    result.is_cut = MIN(to, recording->duration) > recording->end + width;
    if (from >= recording->end) {
        result.status = MEASURE_NOT_REACHED;
        return result;
    }
    note_missing(&window, &result);
    bool is_empty = window.first == window.end ||
                    result.missing >= sim_time_add(start_of(&window, window.end - 1),
                                                   -start_of(&window, window.first)) +
                                          width;
    if (!is_empty)
        take_value(&window, measure, recording, &result);
    result.status = isnan(result.value) ? MEASURE_NO_DATA : MEASURED;
    return result;
}

MeasureUnit
measure_unit_of_metric(const Metric *metric)
{
    static const MeasureUnit units[] = {[METRIC_SHARE] = MEASURE_SHARE,
                                        [METRIC_SECONDS] = MEASURE_SECONDS,
                                        [METRIC_RATE] = MEASURE_RATE,
                                        [METRIC_COUNT] = MEASURE_NUMBER};
    return units[metric->unit];
}

MeasureUnit
measure_unit(const MeasureSpec *measure, const Metric *metric)
{
    switch ((MeasureKind)measure->kind) {
    case MEASURE_FIRST:
    case MEASURE_LAST:
    case MEASURE_SETTLED:
        return MEASURE_INSTANT;
    case MEASURE_TIME_ABOVE:
    case MEASURE_LONGEST:
        return MEASURE_SECONDS;
    case MEASURE_TOTAL:
    case MEASURE_SWITCHES:
        return MEASURE_NUMBER;
    case MEASURE_ALIGNED:
    case MEASURE_FALL:
        return MEASURE_SHARE;
    case MEASURE_RATIO:
        return MEASURE_FACTOR;
    case MEASURE_MEAN:
    case MEASURE_PEAK:
    case MEASURE_LOW:
    case MEASURE_COUNT:
        break;
    }
    return measure_unit_of_metric(metric);
}

bool
measure_check(const MeasureSpec *measure, const Metric *metric, const char **ret_why)
{
    bool has_base =
        measure->base_from.kind != SIM_INSTANT_NONE && measure->base_to.kind != SIM_INSTANT_NONE;
    bool needs_base = measure->kind == MEASURE_FALL || measure->kind == MEASURE_RATIO;
    if (measure->kind == MEASURE_TOTAL && metric_is_gauge(metric)) {
        *ret_why = "this metric is a level and has no total: expected of: mean, peak or low";
        return false;
    }
    if (needs_base && !has_base) {
        *ret_why = "there is nothing to compare with: expected base_from and base_to";
        return false;
    }
    return true;
}

/* text -------------------------------------------------------------------------------------- */

char *
measure_format_clock(char *buffer, size_t size, SimTime at, int64_t start)
{
    const int64_t day = 86400;
    int64_t seconds = start + at / SIM_SECOND;
    int64_t days = seconds / day - start / day, of_day = seconds % day;
    int written = snprintf(buffer, size, "%02d:%02d:%02d", (int)(of_day / 3600),
                           (int)(of_day / 60 % 60), (int)(of_day % 60));
    if (days > 0 && written > 0 && (size_t)written < size)
        snprintf(buffer + written, size - (size_t)written, " (day %d)", (int)days + 1);
    return buffer;
}

char *
measure_format(char *buffer, size_t size, MeasureUnit unit, double value, int64_t start)
{
    if (isnan(value) || isinf(value)) {
        g_strlcpy(buffer, isnan(value) ? "no data" : "never", size);
        return buffer;
    }
    switch (unit) {
    case MEASURE_SHARE:
        return sim_quantity_format_share(buffer, size, value);
    case MEASURE_SECONDS:
        return sim_quantity_format_duration(buffer, size, sim_from_seconds(value));
    case MEASURE_INSTANT:
        return measure_format_clock(buffer, size, sim_from_seconds(value), start);
    case MEASURE_RATE:
        return sim_quantity_format_rate(buffer, size, value);
    case MEASURE_FACTOR:
        return sim_quantity_format_factor(buffer, size, value);
    case MEASURE_NUMBER:
        break;
    }
    return sim_quantity_format_count(buffer, size, value);
}
