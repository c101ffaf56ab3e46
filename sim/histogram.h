/*
 * histogram.h - durations in buckets of equal ratio.
 *
 * Sixteen buckets to the octave, ratio 1.044, from 65.5 us to 18.3 minutes; one
 * bucket holds what is shorter, one what is longer.  A quantile is interpolated
 * within its bucket and so off by 4.5 % at most.  Weights are doubles, because
 * fluid traffic comes in fractions of a request.
 *
 * A SimHistogram that is all zero is empty; it owns nothing and may be copied.
 * Hot loops may add to weights[sim_histogram_index(value)] themselves if they
 * keep total and sum.  add costs a few ns, everything else O(buckets).
 */
#pragma once

#include "sim/base.h"

#define SIM_HISTOGRAM_LOWEST_BIT 16
#define SIM_HISTOGRAM_OCTAVES 24
#define SIM_HISTOGRAM_LOWEST (INT64_C(1) << SIM_HISTOGRAM_LOWEST_BIT)
#define SIM_HISTOGRAM_HIGHEST (SIM_HISTOGRAM_LOWEST << SIM_HISTOGRAM_OCTAVES)
#define SIM_HISTOGRAM_BUCKETS (16 * SIM_HISTOGRAM_OCTAVES + 2)

typedef struct SimHistogram {
    double total; /* of all weights */
    double sum;   /* of weight times value, in seconds */
    double weights[SIM_HISTOGRAM_BUCKETS];
} SimHistogram;

/* A negative value counts as the shortest. */
void sim_histogram_add(SimHistogram *histogram, SimTime value, double weight);
void sim_histogram_merge(SimHistogram *histogram, const SimHistogram *other);
/* In seconds, exact; 0 when empty. */
double sim_histogram_mean(const SimHistogram *histogram);
/* 0 when empty. */
SimTime sim_histogram_quantile(const SimHistogram *histogram, double p);

/* 2^(i/16) - 1 in units of 2^-32: where the sixteen buckets of an octave begin, and ends of it. */
extern const uint64_t sim_histogram_starts[18];
/* The bucket that contains the beginning of each linear sixteenth of an octave. */
extern const uint8_t sim_histogram_guess[16];

/* A linear sixteenth touches three buckets at most; no branch depends on which. */
static inline uint32_t
sim_histogram_index(SimTime value)
{
    if (value < SIM_HISTOGRAM_LOWEST)
        return 0;
    if (value >= SIM_HISTOGRAM_HIGHEST)
        return SIM_HISTOGRAM_BUCKETS - 1;
    int top = 63 - __builtin_clzll((uint64_t)value);
    /* The 32 bits below the leading one: the position within the octave. */
    uint32_t position = (uint32_t)((uint64_t)value << (63 - top) >> 31);
    uint32_t i = sim_histogram_guess[position >> 28];
    i += position >= sim_histogram_starts[i + 1];
    i += position >= sim_histogram_starts[i + 1];
    return 1 + 16 * (uint32_t)(top - SIM_HISTOGRAM_LOWEST_BIT) + i;
}

/* A bucket holds lower <= value < upper; the last one's upper is nominal. */
SimTime sim_histogram_lower(uint32_t bucket);
SimTime sim_histogram_upper(uint32_t bucket);
