#include "sim/rng.h"

#include "sim/elementary.h"

#include <math.h>

__extension__ typedef unsigned __int128 Wide;

SimRng
sim_rng_named(uint64_t seed, uint32_t replication, const char *path)
{
    uint64_t key = sim_mix64(seed + UINT64_C(0x9e3779b97f4a7c15));
    key = sim_mix64(key ^ (replication + UINT64_C(0xd1b54a32d192ed03)));
    return (SimRng){.key = sim_mix64(key ^ sim_hash_text(path))};
}

/* D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019). */
uint64_t
sim_rng_below(SimRng *rng, uint64_t n)
{
    SIM_ASSERT(n > 0);
    Wide product = (Wide)sim_rng_u64(rng) * n;
    if ((uint64_t)product < n) {
        uint64_t threshold = -n % n;
        while ((uint64_t)product < threshold)
            product = (Wide)sim_rng_u64(rng) * n;
    }
    return (uint64_t)(product >> 64);
}

bool
sim_rng_chance(SimRng *rng, double p)
{
    return sim_rng_unit(rng) < p;
}

SimTime
sim_rng_uniform(SimRng *rng, SimTime lo, SimTime hi)
{
    SIM_ASSERT(lo <= hi);
    uint64_t width = (uint64_t)hi - (uint64_t)lo + 1;
    uint64_t offset = width == 0 ? sim_rng_u64(rng) : sim_rng_below(rng, width);
    return (SimTime)((uint64_t)lo + offset);
}

SimTime
sim_rng_exponential(SimRng *rng, SimTime mean)
{
    return sim_from_nanoseconds(-sim_log(sim_rng_unit(rng)) * (double)mean);
}

SimTime
sim_rng_lognormal(SimRng *rng, SimTime median, double sigma)
{
    return sim_from_nanoseconds((double)median * sim_exp(sigma * sim_rng_normal(rng)));
}

double
sim_rng_normal(SimRng *rng)
{
    return sim_normal_quantile(sim_rng_unit(rng));
}

/* log(k!) - [(k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2]: what Stirling's formula lacks. */
static double
stirling_rest(double k)
{
    static const double small[] = {0.0810614667953272,  0.0413406959554092, 0.0276779256849983,
                                   0.02079067210376509, 0.0166446911898211, 0.0138761288230707,
                                   0.0118967099458917,  0.0104112652619720, 0.00925546218271273,
                                   0.00833056343336287};
    if (k < 10.0)
        return small[(int)k];
    double square = (k + 1.0) * (k + 1.0);
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1.0);
}

/* Walks up the distribution function; the mean is below 10. */
static uint64_t
binomial_by_inversion(SimRng *rng, uint64_t n, double p)
{
    double odds = p / (1.0 - p);
    double probability = sim_exp((double)n * sim_log1p(-p));
    double u = sim_rng_unit(rng);
    uint64_t k = 0;
    while (u >= probability && k < n) {
        u -= probability;
        k++;
        probability *= odds * (double)(n - k + 1) / (double)k;
        /* Beyond all mass that a double can hold: u is a rounding error. */
        if (probability < 1e-300)
            break;
    }
    return k;
}

/* log of P(k) / P(m), arranged so that no large terms cancel. */
static double
binomial_log_ratio(double n, double odds, double m, double k)
{
    return (m + 0.5) * sim_log1p((m - k) * (n + 2.0) / ((k + 1.0) * (n - m + 1.0))) +
           (n + 1.0) * sim_log1p((k - m) / (n - k + 1.0)) +
           (k - m) * sim_log(odds * (n - k + 1.0) / (k + 1.0)) + stirling_rest(m) +
           stirling_rest(n - m) - stirling_rest(k) - stirling_rest(n - k);
}

/* W. Hoermann, "The generation of binomial random variates", J. Stat. Comp. Sim. 46 (1993),
 * algorithm BTRS; p <= 1/2 and n p >= 10. */
static uint64_t
binomial_by_rejection(SimRng *rng, double n, double p)
{
    double odds = p / (1.0 - p);
    double deviation = sqrt(n * p * (1.0 - p));
    double b = 1.15 + 2.53 * deviation;
    double a = -0.0873 + 0.0248 * b + 0.01 * p;
    double centre = n * p + 0.5;
    double v_accept = 0.92 - 4.2 / b;
    double alpha = (2.83 + 5.1 / b) * deviation;
    double mode = floor((n + 1.0) * p);
    for (;;) {
        double u = sim_rng_unit(rng) - 0.5;
        double v = sim_rng_unit(rng);
        double us = 0.5 - fabs(u);
        double k = floor((2.0 * a / us + b) * u + centre);
        if (k < 0.0 || k > n)
            continue;
        if (us >= 0.07 && v <= v_accept)
            return (uint64_t)k;
        if (sim_log(v * alpha / (a / (us * us) + b)) <= binomial_log_ratio(n, odds, mode, k))
            return (uint64_t)k;
    }
}

uint64_t
sim_rng_binomial(SimRng *rng, uint64_t n, double p)
{
    if (n == 0 || !(p > 0.0))
        return 0;
    if (p >= 1.0)
        return n;
    if (p > 0.5)
        return n - sim_rng_binomial(rng, n, 1.0 - p);
    if ((double)n * p < 10.0)
        return binomial_by_inversion(rng, n, p);
    return MIN(binomial_by_rejection(rng, (double)n, p), n);
}

static uint64_t
poisson_by_inversion(SimRng *rng, double mean)
{
    double probability = sim_exp(-mean);
    double u = sim_rng_unit(rng);
    uint64_t k = 0;
    while (u >= probability && probability > 1e-300) {
        u -= probability;
        k++;
        probability *= mean / (double)k;
    }
    return k;
}

/* W. Hoermann, "The transformed rejection method for generating Poisson random variables",
 * Insurance: Mathematics and Economics 12 (1993), algorithm PTRS; mean >= 10. */
static uint64_t
poisson_by_rejection(SimRng *rng, double mean)
{
    double b = 0.931 + 2.53 * sqrt(mean);
    double a = -0.059 + 0.02483 * b;
    double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4);
    double v_accept = 0.9277 - 3.6224 / (b - 2.0);
    for (;;) {
        double u = sim_rng_unit(rng) - 0.5;
        double v = sim_rng_unit(rng);
        double us = 0.5 - fabs(u);
        double k = floor((2.0 * a / us + b) * u + mean + 0.43);
        if (us >= 0.07 && v <= v_accept)
            return (uint64_t)k;
        if (k < 0.0 || (us < 0.013 && v > us))
            continue;
        /* log P(k), with Stirling's formula for k! and its large terms cancelled. */
        double log_mass = k * sim_log1p((mean - k - 1.0) / (k + 1.0)) - (mean - k - 1.0) -
                          0.5 * sim_log(k + 1.0) - 0.918938533204672742 - stirling_rest(k);
        if (sim_log(v * inverse_alpha / (a / (us * us) + b)) <= log_mass)
            return (uint64_t)k;
    }
}

uint64_t
sim_rng_poisson(SimRng *rng, double mean)
{
    if (!(mean > 0.0))
        return 0;
    return mean < 10.0 ? poisson_by_inversion(rng, mean)
                       : poisson_by_rejection(rng, MIN(mean, 1e15));
}
