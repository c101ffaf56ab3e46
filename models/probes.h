/*
 * probes.h - synthetic tests from vantage points: who tests when, and what their results say.
 *
 * Points stand at metros drawn by their users.  Each tests every `every`, with a phase of its own
 * that is uniform in it, so tests of V points fall evenly in time.  An alert begins when the last
 * result of at least k points is a failure, and ends when fewer are.
 *
 * Of V points that see a total failure the k-th finds it after T = every x Beta(k, V + 1 - k): mean
 * k every / (V + 1).  If only a share of PoPs fails, V is binomial.
 *
 * Left out: several tests of one point at once, confirmation from a second point.
 */
#pragma once

#include "models/geo.h"
#include "sim/arena.h"
#include "sim/rng.h"

typedef struct Probes {
    uint32_t n, need; /* points; of them that must fail */
    uint32_t n_failing;
    bool *fails; /* [point] its last result */
} Probes;

void probes_init(Probes *probes, SimArena *arena, uint32_t n, uint32_t need);
/* How many must fail: `fail`, or the share of the points, rounded up, if that is more. */
uint32_t probes_need(uint32_t points, uint32_t fail, double share);
/* A metro drawn by users among those of a region (SIM_NONE: all); SIM_NONE: none has any. */
uint32_t probes_metro(const Geo *geo, uint32_t region, SimRng *rng);
/* When a point first tests: 0 <= phase < every. */
SimTime probes_phase(SimRng *rng, SimTime every);
/* A point's result; true when the alert begins or ends with it. */
bool probes_result(Probes *probes, uint32_t point, bool is_failed);
static inline bool
probes_is_firing(const Probes *probes)
{
    return probes->n_failing >= probes->need;
}
