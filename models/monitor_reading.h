/*
 * monitor_reading.h - a metric as two cumulative counters, which is what a monitor scrapes.
 *
 * upper / lower x unit is the metric's level over whatever lies between two readings:
 *
 *   a share (errors, site.NAME.success, ...)   both counts;
 *   a count's rate a second (all.offered, ...) the count over milliseconds;
 *   a gauge (latency.p99, service.X.backlog)   the sum over readings of the gauge in the recorder's
 *                                              last closed bucket, in millionths, over their
 * number: what is read is up to two buckets old
 *
 * Counts are the floor of what the run's books hold at the time of the reading, closed buckets and
 * the open one.  A tally of the open bucket serves all readings of one moment.
 */
#pragma once

#include "models/books.h"
#include "models/metric.h"

typedef struct MonitorTally {
    const Books *books;
    double *counts; /* of the open bucket, by column */
    SimTime at;
    uint32_t n_closed;
} MonitorTally;

typedef enum MonitorReadingKind { READING_SHARE, READING_RATE, READING_GAUGE } MonitorReadingKind;

typedef struct MonitorReading {
    MonitorReadingKind kind;
    Metric metric;
    double unit;
    double upper, lower; /* of closed buckets */
    uint32_t n_closed;
    int64_t gauge, n_gauges; /* sums so far, in millionths */
} MonitorReading;

/* Columns that are added to the recorder later can not be read. */
void monitor_tally_init(MonitorTally *tally, const Books *books, SimArena *arena);
/* False when there is no such metric. */
bool monitor_reading_find(MonitorReading *reading, const Books *books, const char *name);
/* One column over another. */
void monitor_reading_over(MonitorReading *reading, const Books *books, uint32_t column,
                          uint32_t over);
/* The counters as they stand; a gauge moves on by one reading. */
void monitor_reading_take(MonitorReading *reading, MonitorTally *tally, SimTime now,
                          int64_t *ret_upper, int64_t *ret_lower);
