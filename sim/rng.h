/*
 * rng.h - random numbers: one stream per decision, named by its path.
 *
 * A stream is a key and a counter.  The k-th number is a mix of both, as in
 * SplitMix64, and the key enters twice so that two streams never run through
 * each other's numbers.  The key is a hash of seed, replication and the path
 * of the decision ("station/7/arrivals"), so that adding an entity or a
 * monitor moves no other stream and two policies can be compared with common
 * random numbers.  All state is in the SimRng: copying it forks the stream,
 * setting counter to 0 restarts it.
 *
 * Normal, exponential and lognormal draws invert the distribution function:
 * one number each, and monotone in it, which keeps paired runs close.  What
 * decides something is an integer.
 */
#pragma once

#include "sim/base.h"

typedef struct SimRng {
    uint64_t key;
    uint64_t counter;
} SimRng;

SimRng sim_rng_named(uint64_t seed, uint32_t replication, const char *path);

static inline uint64_t
sim_rng_u64(SimRng *rng)
{
    uint64_t z = rng->key + ++rng->counter * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z ^= rng->key;
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Uniform in the open interval (0, 1), a multiple of 2^-53. */
static inline double
sim_rng_unit(SimRng *rng)
{
    return ((double)(sim_rng_u64(rng) >> 12) + 0.5) * 0x1p-52;
}

/* Uniform in 0 .. n-1 without bias; n > 0. */
uint64_t sim_rng_below(SimRng *rng, uint64_t n);
/* Always draws one number, also for p <= 0 (false) and p >= 1 (true). */
bool sim_rng_chance(SimRng *rng, double p);
/* Uniform in lo .. hi, both included; lo <= hi. */
SimTime sim_rng_uniform(SimRng *rng, SimTime lo, SimTime hi);
SimTime sim_rng_exponential(SimRng *rng, SimTime mean);
/* sigma is the standard deviation of the logarithm. */
SimTime sim_rng_lognormal(SimRng *rng, SimTime median, double sigma);
double sim_rng_normal(SimRng *rng);

/* Successes of n trials.  Exact: inversion while n min(p, 1-p) < 10, else transformed rejection
 * (a handful of numbers whatever n is). */
uint64_t sim_rng_binomial(SimRng *rng, uint64_t n, double p);
/* Exact likewise.  A mean that is not positive gives 0; means above 1e15 count as 1e15. */
uint64_t sim_rng_poisson(SimRng *rng, double mean);
