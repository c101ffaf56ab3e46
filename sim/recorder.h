/*
 * recorder.h - the series of a run: columns over buckets of equal width.
 *
 * The width is the smallest of 1, 2, 5, 10, 15, 30 s, the same minutes, and
 * hours upward, with which the duration fits into the most buckets allowed, so
 * memory does not depend on how long a scenario is.  The last bucket may reach
 * beyond the end.
 *
 * COUNT columns integrate: whoever produces traffic adds to the column's place
 * in sim_recorder_counts, and closing the bucket stores the sum.  GAUGE columns
 * keep the mean over the time they were given, and the least and the greatest
 * value; a bucket without data is NaN.
 *
 * One bucket is open at a time; sim_recorder_close goes on to the next.  The
 * memory comes from the arena, a column at a time.
 */
#pragma once

#include "sim/arena.h"

typedef struct SimRecorder SimRecorder;

typedef enum SimColumnKind { SIM_COLUMN_COUNT, SIM_COLUMN_GAUGE } SimColumnKind;

typedef struct SimColumn {
    const char *name;
    SimColumnKind kind;
    const char *unit;
    const char *about;
} SimColumn;

SimRecorder *sim_recorder_new(SimArena *arena, SimTime duration, uint32_t buckets_max,
                              uint32_t columns_max);
/* The column's number, dense from 0.  Names are unique and copied, as are unit and about (both may
 * be NULL).  A column that comes late is 0 or NaN in the buckets closed before. */
uint32_t sim_recorder_column(SimRecorder *recorder, const char *name, SimColumnKind kind,
                             const char *unit, const char *about);
/* The accumulators of the open bucket, by column; the address never changes. */
double *sim_recorder_counts(SimRecorder *recorder);
/* A gauge had this value from .. to, within the open bucket; from == to counts for minimum and
 * maximum, and for the mean only if nothing else does. */
void sim_recorder_gauge(SimRecorder *recorder, uint32_t column, double value, SimTime from,
                        SimTime to);
/* Stores the open bucket and opens the next; at most as often as there are buckets. */
void sim_recorder_close(SimRecorder *recorder);

SimTime sim_recorder_width(const SimRecorder *recorder);
SimTime sim_recorder_bucket_start(const SimRecorder *recorder, uint32_t bucket);
uint32_t sim_recorder_n_buckets(const SimRecorder *recorder); /* that cover the duration */
uint32_t sim_recorder_n_closed(const SimRecorder *recorder);
uint32_t sim_recorder_n_columns(const SimRecorder *recorder);
const SimColumn *sim_recorder_describe(const SimRecorder *recorder, uint32_t column);
uint32_t sim_recorder_find(const SimRecorder *recorder, const char *name); /* or SIM_NONE */

/* Of a closed bucket.  For a COUNT column all three are the amount. */
double sim_recorder_value(const SimRecorder *recorder, uint32_t column, uint32_t bucket);
double sim_recorder_min(const SimRecorder *recorder, uint32_t column, uint32_t bucket);
double sim_recorder_max(const SimRecorder *recorder, uint32_t column, uint32_t bucket);
