/*
 * outcome.h - what becomes of an attempt.
 *
 * Three classes: served (ok, stale), blocked (answered, but not what a
 * legitimate user asked for: a false positive, a rate limit), failed (the
 * rest).  Only outcomes that a mechanism can produce are listed.
 */
#pragma once

#include <stdbool.h>

typedef enum Outcome {
    OUTCOME_OK,
    OUTCOME_STALE,
    OUTCOME_BLOCKED,
    OUTCOME_429,      /* refused by a rate limit */
    OUTCOME_500,      /* the worker panicked or answered with an error */
    OUTCOME_502,      /* no live process behind the address */
    OUTCOME_503,      /* refused: a full queue, a service that is down */
    OUTCOME_504,      /* a call waited longer than its time-out */
    OUTCOME_522,      /* the origin did not answer in time */
    OUTCOME_SERVFAIL, /* the name did not resolve */
    OUTCOME_TLS,      /* no secure connection: the certificate has expired */
    OUTCOME_TIMEOUT,  /* the client gave up waiting */
    OUTCOME_COUNT,
    OUTCOME_NONE = OUTCOME_COUNT
} Outcome;

extern const char *const outcome_names[OUTCOME_COUNT + 1]; /* NULL-terminated */

static inline bool
outcome_is_served(Outcome outcome)
{
    return outcome <= OUTCOME_STALE;
}

static inline bool
outcome_is_blocked(Outcome outcome)
{
    return outcome == OUTCOME_BLOCKED || outcome == OUTCOME_429;
}

static inline bool
outcome_is_failed(Outcome outcome)
{
    return outcome >= OUTCOME_500 && outcome < OUTCOME_COUNT;
}
