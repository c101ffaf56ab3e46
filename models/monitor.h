/*
 * monitor.h - what a monitor makes of counters: windows, thresholds, burn rates, CUSUM.
 *
 * A series keeps samples of two cumulative counters, taken on the grid k x scrape: k = 0 is the
 * start of the run, with nothing counted.  A sample may be missing (lost on the way, or a
 * blackout); the counters go on meanwhile, so the next one that comes shows what happened.
 *
 * A window of length W, seen at `now` through a lag L, ends with the newest sample taken by now - L
 * and begins W before it (whole scrapes, rounded up); missing ends move to the next sample inside.
 * Its level is the upper counter over the lower one.  What of it lies before the series begins has
 * the level `before` (NaN: is left out), with the traffic of the rest, so a window of three days
 * works in a run of six hours: time before the run counts as healthy.
 *
 *   threshold  the level is above (below) a limit at each evaluation, without a break for
 * `lasting`: time to detect = up to a scrape + window x limit / p + lag + lasting + up to an
 *              evaluation, for a step to p
 *   burn       level >= burn x budget over a long and over a short window:
 *              time to detect = W burn budget / p of the slower window; never if p < burn x budget;
 *              ends W_short (1 - burn budget / p) after a recovery
 *   cusum      S = max(0, S + events - reference x exposure) with the reference of Poisson counts,
 *              k = (shifted - normal) / ln(shifted / normal); alerts at S >= excess, S is held
 *              there, and ends at S = 0: delay = excess / (shifted - k) intervals of exposure 1
 *
 * Without figures an alert stays as it is, or the caller decides (NoData).  Everything is integer
 * counters and doubles computed in one order.  Left out: sampling error of the counters themselves,
 * relabelled series, counters that restart.
 *
 * A window costs O(missing samples at its ends); a series 24 bytes a sample that it must remember.
 */
#pragma once

#include "models/spec_observers.h"
#include "sim/arena.h"

typedef struct MonitorSample {
    int64_t upper, lower;
    bool is_missing;
} MonitorSample;

typedef struct MonitorSeries {
    MonitorSample *samples; /* a ring, by number of the sample */
    uint32_t n;
    SimTime scrape;
    uint64_t taken, begin; /* newest sample; windows do not reach before `begin` */
    double before;         /* level of the time before; NaN: none */
    double unit;           /* of a level: upper / lower x unit */
} MonitorSeries;

typedef struct MonitorWindow {
    bool has_data;
    int64_t upper, lower; /* within the run */
    double level;
} MonitorWindow;

typedef enum MonitorVerdict { MONITOR_OK, MONITOR_BAD, MONITOR_NO_DATA } MonitorVerdict;

typedef struct MonitorAlert {
    SimTime since; /* holds without a break; -1: does not hold */
    bool is_firing;
} MonitorAlert;

typedef struct MonitorCusum {
    double sum;
    int64_t upper, lower; /* of the sample it last looked at */
    bool is_firing;
} MonitorCusum;

/* Remembers `memory` beyond the newest sample. */
void monitor_series_init(MonitorSeries *series, SimArena *arena, SimTime scrape, SimTime memory);
/* The next sample of the grid is due: at (taken + 1) x scrape. */
SimTime monitor_series_due(const MonitorSeries *series);
void monitor_series_add(MonitorSeries *series, int64_t upper, int64_t lower);
void monitor_series_miss(MonitorSeries *series);
/* From now on what was sampled so far counts as before the series. */
void monitor_series_forget(MonitorSeries *series);
/* The newest sample that can be seen; false: none since the series began. */
bool monitor_series_newest(const MonitorSeries *series, SimTime now, SimTime lag,
                           MonitorSample *ret);
MonitorWindow monitor_window(const MonitorSeries *series, SimTime now, SimTime lag, SimTime length);

/* A verdict at an evaluation; true when the alert begins or ends with it. */
bool monitor_alert_step(MonitorAlert *alert, MonitorVerdict verdict, NoData no_data, SimTime now,
                        SimTime lasting);

/* Reference of a CUSUM a unit of exposure. */
double monitor_cusum_reference(double normal, double shifted);
/* Events and exposure since the last step; true when the alert begins or ends with it. */
bool monitor_cusum_step(MonitorCusum *cusum, int64_t events, double expected, double excess);
