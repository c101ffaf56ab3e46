/*
 * limiter.h - limits on the calls in hand that adapt to what is measured.
 *
 * fixed       the number that was given
 * aimd        Netflix AIMDLimit: initial 10; x 0.9, rounded down, when a call is dropped or takes
 *             longer than 5 s; + 1 when it succeeds and at least half of the limit is in use.  No
 *             upper bound but that use
 * gradient2   Netflix Gradient2Limit: initial 20, 20 to 200.  The long round trip is the mean of
 *             the first 10 samples, then an exponential average over 600 (2 / 601 each).  With
 *             g = long / short within 0.5 .. 1:  L' = 0.8 L + 0.2 (g L + 4), so that a steady g
 *             leads to 4 / (1 - g).  The long average is cut by 5 % when it is more than twice the
 *             short, which counts from the next sample on; the limit stands still while less than
 *             half of it is in use; a drop counts by its round trip alone
 * vegas       Netflix VegasLimit: initial 20, 1 to 1000.  With the least round trip, l = log10 L
 *             (its whole part, at least 1; the root of L from 1000 on) and the queue
 *             q = L (1 - least / rtt), rounded up: a drop takes l off; else, if at least half of
 *             the limit is in use, q <= l adds 6 l, q < 3 l adds l, q > 6 l takes l off.  A sample
 *             below the least only becomes the least; so does any sample once 30 L U(0.5, 1) have
 *             passed since the last such probe
 *
 * Constants and order of updates are those of the named classes, but that gradient2 leaves out the
 * tolerance of 1.5 by which the class has come to multiply g (it had none, and cut by 10 %, at
 * first).  Two known flaws are theirs too: of a round trip that stays high gradient2's long average
 * makes the norm within some 600 samples, and the limit climbs by 0.8 a sample to its maximum;
 * vegas' probe takes a standing queue for the unloaded round trip.  Behind a real station both
 * swing instead, since a sample tells of a limit that is a round trip old: at twice the capacity
 * of ten servers of 10 ms gradient2 between 20 and some 80, vegas between 7 and some 70.
 *
 * Each sample is one call that ended; who was turned away by the limit itself is no sample.  O(1).
 * Whoever owns a limiter gives its limit to the station (station.h).  limit_min and limit_max may
 * be set after limiter_init; an initial limit outside stands until the first change.
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
    SimTime rtt;      /* from admission to the end; 0 counts as one nanosecond */
    uint32_t in_hand; /* calls in hand when it was admitted or ended, itself included */
    bool was_dropped; /* refused, timed out or failed for want of capacity */
} LimiterSample;

typedef struct Limiter Limiter;

struct Limiter {
    LimiterKind kind;
    double limit;
    double limit_min, limit_max;
    double long_rtt, short_rtt; /* gradient2: average and last; vegas: least and last; seconds */
    double samples;             /* all; vegas: since the last probe */
    double probe_jitter;        /* vegas: probes when this x 30 L samples have passed */
    SimRng rng;                 /* of vegas' probes */
};

/* initial 0: the kind's own default (fixed: no limit); else >= 1. */
void limiter_init(Limiter *limiter, LimiterKind kind, double initial, SimRng rng);
void limiter_sample(Limiter *limiter, const LimiterSample *sample);
/* Whole calls, at least 1; UINT32_MAX for none. */
uint32_t limiter_limit(const Limiter *limiter);
