#include "models/monitor_reading.h"

#include <math.h>

static const double MILLIONTHS = 1e6;
static const double GAUGE_MAX = 1e11; /* a day of readings stays within an int64_t */

void
monitor_tally_init(MonitorTally *tally, const Books *books, SimArena *arena)
{
    *tally = (MonitorTally){.books = books, .at = -1};
    tally->counts = SIM_ARENA_NEW(arena, double, sim_recorder_n_columns(books->recorder));
}

static void
refresh(MonitorTally *tally, SimTime now)
{
    uint32_t closed = sim_recorder_n_closed(tally->books->recorder);
    if (tally->at == now && tally->n_closed == closed)
        return;
    books_tally(tally->books, tally->counts);
    tally->at = now;
    tally->n_closed = closed;
}

bool
monitor_reading_find(MonitorReading *reading, const Books *books, const char *name)
{
    *reading = (MonitorReading){.unit = 1};
    if (!metric_find(books->recorder, name, &reading->metric))
        return false;
    if (reading->metric.over != SIM_NONE) {
        reading->kind = READING_SHARE;
    } else if (metric_is_gauge(&reading->metric)) {
        reading->kind = READING_GAUGE;
    } else {
        reading->kind = READING_RATE;
        reading->unit = 1000;
    }
    return true;
}

void
monitor_reading_over(MonitorReading *reading, const Books *books, uint32_t column, uint32_t over)
{
    *reading = (MonitorReading){
        .kind = READING_SHARE,
        .unit = 1,
        .metric = {
            .recorder = books->recorder, .end = SIM_TIME_MAX, .column = column, .over = over}};
}

static void
take_closed(MonitorReading *reading, uint32_t closed)
{
    const Metric *metric = &reading->metric;
    for (uint32_t b = reading->n_closed; b < closed; b++) {
        reading->upper += sim_recorder_value(metric->recorder, metric->column, b);
        if (metric->over != SIM_NONE)
            reading->lower += sim_recorder_value(metric->recorder, metric->over, b);
    }
    reading->n_closed = closed;
}

static void
take_gauge(MonitorReading *reading, uint32_t closed)
{
    double value = closed > 0 ? metric_value(&reading->metric, closed - 1) : NAN;
    if (isnan(value))
        return;
    reading->gauge += llround(CLAMP(value, -GAUGE_MAX, GAUGE_MAX) * MILLIONTHS);
    reading->n_gauges += (int64_t)MILLIONTHS;
}

/* A sum of fractions may be a last bit short of the whole number it stands for. */
static int64_t
whole(double sum)
{
    return (int64_t)floor(sum + 1e-6);
}

void
monitor_reading_take(MonitorReading *reading, MonitorTally *tally, SimTime now, int64_t *ret_upper,
                     int64_t *ret_lower)
{
    const Metric *metric = &reading->metric;
    uint32_t closed = sim_recorder_n_closed(metric->recorder);
    if (reading->kind == READING_GAUGE) {
        take_gauge(reading, closed);
        *ret_upper = reading->gauge;
        *ret_lower = reading->n_gauges;
        return;
    }
    refresh(tally, now);
    take_closed(reading, closed);
    *ret_upper = whole(reading->upper + tally->counts[metric->column]);
    *ret_lower = reading->kind == READING_RATE
                     ? now / SIM_MILLISECOND
                     : whole(reading->lower + tally->counts[metric->over]);
    if (metric->is_rest)
        *ret_upper = *ret_lower - MIN(*ret_upper, *ret_lower);
}
