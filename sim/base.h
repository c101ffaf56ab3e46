/*
 * base.h - time, ids and assertions: what every other file stands on.
 *
 * Time is int64 nanoseconds since the start of the scenario.  It never wraps:
 * conversions saturate at SIM_TIME_MAX, which also means "never".
 *
 * What a user or the world can get wrong is reported through GError.  What
 * only we can get wrong is a SIM_ASSERT: always compiled in, cheap, without
 * side effects.  Its report names the expression and the place and, when a run
 * is current in this thread, the scenario, seed, replication, simulated time,
 * the event being handled and the command line that repeats the run; then the
 * process aborts.  The current run is thread-local and is read by the reporter
 * alone.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t SimTime;

#define SIM_NONE UINT32_MAX
#define SIM_TIME_MAX INT64_MAX
#define SIM_MICROSECOND INT64_C(1000)
#define SIM_MILLISECOND INT64_C(1000000)
#define SIM_SECOND INT64_C(1000000000)
#define SIM_MINUTE (60 * SIM_SECOND)
#define SIM_HOUR (60 * SIM_MINUTE)
#define SIM_DAY (24 * SIM_HOUR)

/* To the nearest nanosecond, halves away from zero; saturates at +-SIM_TIME_MAX; NaN gives 0. */
SimTime sim_from_seconds(double seconds);
/* The same from a number of nanoseconds. */
SimTime sim_from_nanoseconds(double nanoseconds);
/* a + b, saturating at +-SIM_TIME_MAX. */
SimTime sim_time_add(SimTime a, SimTime b);

static inline double
sim_seconds(SimTime time)
{
    return (double)time / 1e9;
}

/* SplitMix64's finaliser: a bijection of 64 bits without structure; for digests, hashes, keys. */
static inline uint64_t
sim_mix64(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* FNV-1a, then mixed: names to numbers, the same on every machine. */
uint64_t sim_hash_text(const char *text);

/* What a failure report says about the run.  The pointers must stay valid while it is set. */
typedef struct SimAssertContext {
    const char *scenario;
    uint64_t seed;
    uint32_t replication;
    const char *repeat;                                  /* the command line; may be NULL */
    const void *run;                                     /* handed to the two hooks */
    SimTime (*now)(const void *run);                     /* may be NULL */
    void (*describe)(const void *run, GString *message); /* event in hand, recent events; or NULL */
} SimAssertContext;

/* Makes context this thread's current run (NULL: none). */
void sim_assert_context_set(const SimAssertContext *context);
/* Forgets context if it is the current one. */
void sim_assert_context_drop(const SimAssertContext *context);

/* Reports and aborts: for failures that are no plain condition, such as an exhausted arena. */
G_NORETURN void sim_fail(const char *file, int line, const char *format, ...) G_GNUC_PRINTF(3, 4);

#define SIM_ASSERT(condition)                                                                      \
    do {                                                                                           \
        if (G_UNLIKELY(!(condition)))                                                              \
            sim_fail(__FILE__, __LINE__, "assertion failed: %s", #condition);                      \
    } while (0)

/* A statement that costs too much for every run: compiled in by -Dverify=true. */
#ifdef SIM_VERIFY_ON
#define SIM_VERIFY(statement)                                                                      \
    do {                                                                                           \
        statement;                                                                                 \
    } while (0)
#else
#define SIM_VERIFY(statement)                                                                      \
    do {                                                                                           \
    } while (0)
#endif
