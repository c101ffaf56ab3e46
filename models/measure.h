/*
 * measure.h - one number from a run: what a scenario asks of a metric.
 *
 * A window is from <= start of bucket < to; by default the whole run.  Clock
 * times are resolved against the start of the run.  All kinds of MeasureKind:
 *
 *   mean        total over total of a share, amount over time of a rate, time
 *               average of a gauge
 *   peak, low   highest and lowest bucket, and when
 *   total       sum of a count, or of the upper count of a share (errors: failed attempts)
 *   first, last start of the first and last bucket above the threshold
 *   time-above, longest  time in buckets above it, in all and on end
 *   switches    crossings: up when a bucket is above the threshold, down when one is below 80 % of
 *               it, so that a series that trembles at the threshold does not count
 *   aligned     share of crossings that begin at most `tolerance` after a multiple of `period`
 *               of the UTC clock
 *   settled     start of the last crossing up, when nothing crosses down after it
 *   fall, ratio mean of the window against the mean of the base window
 *
 * Metrics named merit.* (merit.h) are no series but one number of the whole run: they take no kind
 * and no window.
 *
 * Buckets that are NaN are passed over, and counted as missing: whoever judges
 * must not take silence for health.  What never happens is +infinity (first,
 * settled) or -infinity (last).
 */
#pragma once

#include "models/metric.h"
#include "models/spec_events.h"

typedef enum MeasureStatus {
    MEASURED,
    MEASURE_NO_DATA,    /* nothing to judge in the window, or a base of zero */
    MEASURE_NOT_REACHED /* the run ended before the window begins */
} MeasureStatus;

typedef enum MeasureUnit {
    MEASURE_SHARE,
    MEASURE_SECONDS,
    MEASURE_INSTANT, /* seconds since the start of the run */
    MEASURE_RATE,
    MEASURE_NUMBER,
    MEASURE_FACTOR
} MeasureUnit;

struct Merit;

/* What was run: a recorder and its clock. */
typedef struct Recording {
    const SimRecorder *recorder;
    int64_t start;             /* seconds since 1970 */
    SimTime end;               /* how far it came */
    SimTime duration;          /* how far the scenario wanted it to come */
    const struct Merit *merit; /* what metrics named merit.* are of; NULL: not taken */
} Recording;

typedef struct Measured {
    MeasureStatus status;
    MeasureUnit unit;
    double value;
    SimTime at;         /* peak, low: start of that bucket; else -1 */
    SimTime missing;    /* time without data in the window */
    SimTime missing_at; /* when that begins; -1: nothing is missing */
    bool is_cut;        /* the run ended before the window did */
} Measured;

/* Whether this kind can be taken of this metric; if not, *ret_why says what was expected (static).
 */
bool measure_check(const MeasureSpec *measure, const Metric *metric, const char **ret_why);

/* The metric must exist (metric_exists, or merit_find) and fit (measure_check); window_from >= 0
 * replaces measure->from. */
Measured measure_take(const MeasureSpec *measure, const Recording *recording, SimTime window_from);

/* The unit in which the measure's values, and bounds on it, are. */
MeasureUnit measure_unit(const MeasureSpec *measure, const Metric *metric);
MeasureUnit measure_unit_of_metric(const Metric *metric);

/* The first and the last-plus-one closed bucket of a window. */
void measure_window(const Recording *recording, SimTime from, SimTime to, uint32_t *ret_first,
                    uint32_t *ret_end);

/* "3.2 %", "14:37:00", "12m", "never": for people.  Returns the buffer. */
char *measure_format(char *buffer, size_t size, MeasureUnit unit, double value, int64_t start);
/* "14:37:00", with the day after it when that is not the day of `start`. */
char *measure_format_clock(char *buffer, size_t size, SimTime at, int64_t start);
