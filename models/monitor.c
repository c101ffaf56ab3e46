#include "models/monitor.h"

#include "sim/elementary.h"

#include <math.h>

/* series ------------------------------------------------------------------------------------ */

static uint64_t
steps_of(const MonitorSeries *series, SimTime time)
{
    return (uint64_t)((time + series->scrape - 1) / series->scrape);
}

void
monitor_series_init(MonitorSeries *series, SimArena *arena, SimTime scrape, SimTime memory)
{
    SIM_ASSERT(scrape > 0);
    *series = (MonitorSeries){.scrape = scrape, .before = NAN, .unit = 1};
    series->n = (uint32_t)steps_of(series, memory) + 3;
    series->samples = SIM_ARENA_NEW(arena, MonitorSample, series->n);
}

SimTime
monitor_series_due(const MonitorSeries *series)
{
    return (SimTime)(series->taken + 1) * series->scrape;
}

static const MonitorSample *
sample_at(const MonitorSeries *series, uint64_t k)
{
    SIM_ASSERT(k <= series->taken);
    SIM_ASSERT(k + series->n > series->taken);
    return &series->samples[k % series->n];
}

void
monitor_series_add(MonitorSeries *series, int64_t upper, int64_t lower)
{
    series->taken++;
    series->samples[series->taken % series->n] = (MonitorSample){.upper = upper, .lower = lower};
}

void
monitor_series_miss(MonitorSeries *series)
{
    series->taken++;
    series->samples[series->taken % series->n] = (MonitorSample){.is_missing = true};
}

void
monitor_series_forget(MonitorSeries *series)
{
    series->begin = series->taken;
}

/* Number of the newest sample in from < k <= now - lag that is there; from: none. */
static uint64_t
newest(const MonitorSeries *series, SimTime now, SimTime lag, uint64_t from)
{
    if (now < lag)
        return from;
    uint64_t last = MIN((uint64_t)((now - lag) / series->scrape), series->taken);
    while (last > from && sample_at(series, last)->is_missing)
        last--;
    return MAX(last, from);
}

bool
monitor_series_newest(const MonitorSeries *series, SimTime now, SimTime lag, MonitorSample *ret)
{
    uint64_t kept = series->taken + 1 > series->n ? series->taken + 1 - series->n : 0;
    uint64_t from = MAX(series->begin, kept), last = newest(series, now, lag, from);
    if (last <= from)
        return false;
    *ret = *sample_at(series, last);
    return true;
}

static double
level_of(const MonitorSeries *series, const MonitorWindow *window, double covered)
{
    double level = (double)window->upper / (double)window->lower * series->unit;
    if (isnan(series->before) || covered >= 1)
        return level;
    return level * covered + series->before * (1 - covered);
}

MonitorWindow
monitor_window(const MonitorSeries *series, SimTime now, SimTime lag, SimTime length)
{
    MonitorWindow window = {.level = NAN};
    uint64_t steps = steps_of(series, length);
    if (now < lag)
        return window;
    uint64_t end = MIN((uint64_t)((now - lag) / series->scrape), series->taken);
    uint64_t first = end > steps ? end - steps : 0;
    bool is_cut = series->begin > first || end < steps;
    first = MAX(first, series->begin);
    uint64_t last = newest(series, now, lag, first);
    while (first < last && sample_at(series, first)->is_missing)
        first++;
    if (last <= first)
        return window;
    MonitorSample to = *sample_at(series, last), from = *sample_at(series, first);
    window.upper = to.upper - from.upper;
    window.lower = to.lower - from.lower;
    window.has_data = window.lower > 0;
    if (window.has_data)
        window.level =
            level_of(series, &window, is_cut ? (double)(last - series->begin) / (double)steps : 1);
    return window;
}

/* alerts ------------------------------------------------------------------------------------ */

bool
monitor_alert_step(MonitorAlert *alert, MonitorVerdict verdict, NoData no_data, SimTime now,
                   SimTime lasting)
{
    bool was_firing = alert->is_firing;
    if (verdict == MONITOR_NO_DATA && no_data == NO_DATA_KEEP)
        return false;
    bool holds = verdict == MONITOR_BAD || (verdict == MONITOR_NO_DATA && no_data == NO_DATA_ALERT);
    if (!holds)
        alert->since = -1;
    else if (alert->since < 0)
        alert->since = now;
    alert->is_firing = holds && now - alert->since >= lasting;
    return alert->is_firing != was_firing;
}

double
monitor_cusum_reference(double normal, double shifted)
{
    SIM_ASSERT(normal > 0);
    SIM_ASSERT(shifted > normal);
    return (shifted - normal) / sim_log(shifted / normal);
}

bool
monitor_cusum_step(MonitorCusum *cusum, int64_t events, double expected, double excess)
{
    bool was_firing = cusum->is_firing;
    double sum = cusum->sum + (double)events - expected;
    cusum->sum = CLAMP(sum, 0, excess);
    if (sum >= excess)
        cusum->is_firing = true;
    else if (sum <= 0)
        cusum->is_firing = false;
    return cusum->is_firing != was_firing;
}
