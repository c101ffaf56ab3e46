/*
 * instant.h - moments as scenarios write them, always UTC.
 *
 *   2025-11-18T11:05:00Z   a timestamp, to the second, strict
 *   11:05  11:05:30        a clock time
 *   +5m  5m                an offset from the start (or whatever the field says)
 *
 * Days are counted in the proleptic Gregorian calendar, years 1 to 9999; leap seconds do not
 * exist.
 */
#pragma once

#include "sim/base.h"

typedef enum SimInstantKind {
    SIM_INSTANT_NONE,
    SIM_INSTANT_OFFSET,
    SIM_INSTANT_CLOCK,
    SIM_INSTANT_ABSOLUTE
} SimInstantKind;
/* value: ns since start (offset), ns since midnight (clock), seconds since 1970 (absolute). */
typedef struct SimInstant {
    SimInstantKind kind;
    int64_t value;
} SimInstant;

bool sim_timestamp_parse(const char *text, int64_t *ret_unix_seconds);
/* To be freed. */
char *sim_timestamp_format(int64_t unix_seconds);

bool sim_instant_parse(const char *text, SimInstant *ret);
/* Text that reads back to the same; empty for NONE; to be freed. */
char *sim_instant_format(SimInstant instant);
/* ns since the start.  A clock time earlier than the start's means the next day; a timestamp may
 * lie before the start, which gives a negative time.  NONE gives 0. */
SimTime sim_instant_resolve(SimInstant instant, int64_t start_unix_seconds);
