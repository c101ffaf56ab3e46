/*
 * limiter.h - limits on the calls in hand that adapt to what is measured.
 *
 * fixed       the number that was given
 * aimd        Netflix AIMDLimit: initial 10; x 0.9 when a call is dropped or takes longer than
 *             5 s; + 1 when it succeeds and at least half of the limit is in use
 * gradient2   Netflix Gradient2Limit: initial 20, 20 to 200, smoothing 0.2, queue allowance 4,
 *             long window 600 samples, gradient = long / short round trip within 0.5 .. 1; the
 *             long average is cut by 5 % when it is more than twice the short; no change while
 *             less than half of the limit is in use
 * vegas       Netflix VegasLimit: initial 20, at most 1000; queue = L (1 - rtt_min / rtt), alpha =
 *             3 log10 L, beta = 6 log10 L, probes the least round trip again every 30 L U(0.5, 1)
 *             samples
 *
 * Each sample is one call that ended.  O(1).  See models.md 3.1 and the named classes for the
 * constants.  Whoever owns a limiter gives its limit to the station (station.h).
 */
#pragma once

#include "sim/rng.h"

typedef enum LimiterKind {
    LIMITER_NONE,
    LIMITER_FIXED,
    LIMITER_AIMD,
    LIMITER_GRADIENT2,
    LIMITER_VEGAS,
    LIMITER_COUNT
} LimiterKind;
extern const char *const limiter_names[LIMITER_COUNT + 1]; /* NULL-terminated, "none" first */

typedef struct LimiterSample {
    SimTime rtt;      /* from admission to the end */
    uint32_t in_hand; /* calls in hand when it was admitted or ended, itself included */
    bool was_dropped; /* refused, timed out or failed for want of capacity */
} LimiterSample;

typedef struct Limiter Limiter;

struct Limiter {
    LimiterKind kind;
    double limit;
    double limit_min, limit_max;
    double long_rtt, short_rtt; /* gradient2: averages; vegas: least and last, seconds */
    double samples, probe_at;   /* counts */
    SimRng rng;                 /* of vegas' probes */
};

/* initial 0: the kind's own default (fixed: no limit). */
void limiter_init(Limiter *limiter, LimiterKind kind, double initial, SimRng rng);
void limiter_sample(Limiter *limiter, const LimiterSample *sample);
/* Whole calls, at least 1; UINT32_MAX for none. */
uint32_t limiter_limit(const Limiter *limiter);
