#include "sim/histogram.h"

#include "sim/base.h"

const uint64_t sim_histogram_starts[18] = {
    0x00000000, 0x0b5586cf, 0x172b83c7, 0x2387a6e7, 0x306fe0a3,  0x3dea64c1,
    0x4bfdad53, 0x5ab07dd4, 0x6a09e667, 0x7a11473e, 0x8ace5422,  0x9c49182a,
    0xae89f995, 0xc199bdd8, 0xd5818dcf, 0xea4afa2a, 0x100000000, 0x100000000,
};

const uint8_t sim_histogram_guess[16] = {0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 12, 13, 14, 15};

SimTime
sim_histogram_lower(uint32_t bucket)
{
    SIM_ASSERT(bucket < SIM_HISTOGRAM_BUCKETS);
    if (bucket == 0)
        return 0;
    uint32_t octave = (bucket - 1) / 16 + SIM_HISTOGRAM_LOWEST_BIT;
    uint64_t ratio = (UINT64_C(1) << 32) + sim_histogram_starts[(bucket - 1) % 16];
    /* Rounded up: the least value that the index function puts here. */
    if (octave >= 32)
        return (SimTime)(ratio << (octave - 32));
    uint64_t unit = UINT64_C(1) << (32 - octave);
    return (SimTime)((ratio + unit - 1) / unit);
}

SimTime
sim_histogram_upper(uint32_t bucket)
{
    return bucket + 1 < SIM_HISTOGRAM_BUCKETS ? sim_histogram_lower(bucket + 1)
                                              : 2 * SIM_HISTOGRAM_HIGHEST;
}

void
sim_histogram_add(SimHistogram *histogram, SimTime value, double weight)
{
    histogram->weights[sim_histogram_index(value)] += weight;
    histogram->total += weight;
    histogram->sum += weight * sim_seconds(value);
}

void
sim_histogram_merge(SimHistogram *histogram, const SimHistogram *other)
{
    for (uint32_t i = 0; i < SIM_HISTOGRAM_BUCKETS; i++)
        histogram->weights[i] += other->weights[i];
    histogram->total += other->total;
    histogram->sum += other->sum;
}

double
sim_histogram_mean(const SimHistogram *histogram)
{
    return histogram->total > 0.0 ? histogram->sum / histogram->total : 0.0;
}

SimTime
sim_histogram_quantile(const SimHistogram *histogram, double p)
{
    /* The buckets are summed anew: total went through other roundings. */
    double total = 0.0;
    for (uint32_t i = 0; i < SIM_HISTOGRAM_BUCKETS; i++)
        total += histogram->weights[i];
    double left = total * CLAMP(p, 0.0, 1.0);
    uint32_t last = SIM_NONE;
    for (uint32_t i = 0; i < SIM_HISTOGRAM_BUCKETS; i++) {
        double weight = histogram->weights[i];
        if (!(weight > 0.0))
            continue;
        last = i;
        if (left <= weight) {
            double width = (double)(sim_histogram_upper(i) - sim_histogram_lower(i));
            return sim_histogram_lower(i) + sim_from_nanoseconds(width * (left / weight));
        }
        left -= weight;
    }
    return last == SIM_NONE ? 0 : sim_histogram_upper(last);
}
