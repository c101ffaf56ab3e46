/*
 * metric.h - the series that names such as errors or site.dashboard.success
 * stand for.
 *
 * A metric is read from a recorder, bucket by bucket.  Any column is one: a
 * COUNT reads as a rate per second, a gauge as its mean over the bucket.  The
 * rest are shares of two counts:
 *
 *   errors, success, blocked          of all attempts: failed, ok, blocked over offered
 *   PREFIX.errors (success, blocked)  the same for site.NAME, cohort.NAME, region.NAME
 *                                     and service.NAME, whose calls are ok when not failed
 *   hit_ratio                         cache.hits over cache.lookups
 *
 * `site.NAME.blocked` is both a column and a share: the share is meant.
 *
 * A share of nothing is NaN: a bucket without attempts neither succeeds nor
 * fails, and satisfies no bound.  Over several buckets a share is the total over
 * the total, never a mean of shares.  An outcome may fall into a later bucket
 * than its attempt, so shares are cut at 1.
 *
 * A gauge's column gives its unit: "s" reads as seconds, "share" as a share.
 */
#pragma once

#include "sim/recorder.h"

typedef enum MetricUnit {
    METRIC_SHARE,
    METRIC_SECONDS,
    METRIC_RATE, /* per second */
    METRIC_COUNT /* people, calls: any other gauge */
} MetricUnit;

typedef struct Metric {
    const SimRecorder *recorder;
    SimTime end; /* of what was simulated: the last bucket may be shorter; default never */
    MetricUnit unit;
    uint32_t column; /* its own, or the upper one of a share */
    uint32_t over;   /* the lower one of a share; SIM_NONE: no share */
    bool is_rest;    /* the share is what the upper one leaves: 1 - column / over */
} Metric;

/* False, and *ret left alone, when there is no such metric. */
bool metric_find(const SimRecorder *recorder, const char *name, Metric *ret);
bool metric_exists(const SimRecorder *recorder, const char *name);
/* The existing name most like `name`; NULL when none is near.  The caller frees it. */
char *metric_nearest(const SimRecorder *recorder, const char *name);
/* Every name, derived ones first: a GPtrArray of strings, for lists and messages. */
GPtrArray *metric_names(const SimRecorder *recorder);

/* NaN: nothing to judge. */
double metric_value(const Metric *metric, uint32_t bucket);
/* Over buckets from <= b < to, weighted by what they hold. */
double metric_mean(const Metric *metric, uint32_t from, uint32_t to);
/* The amount of a COUNT, or of the upper count of a share; NaN for a gauge. */
double metric_total(const Metric *metric, uint32_t from, uint32_t to);
/* The time that a closed bucket covers, seconds. */
double metric_bucket_seconds(const Metric *metric, uint32_t bucket);
bool metric_is_gauge(const Metric *metric);
