#include "sim/rng.h"

#include "tests/harness.h"

#include <math.h>

#define N 400000

typedef double (*Draw)(SimRng *rng);

/* Mean and variance of N draws lie within 4.5 standard errors of what the theory says; kurtosis is
 * the fourth central moment over the squared variance. */
static void
check_moments(const char *path, Draw draw, double mean, double variance, double kurtosis)
{
    SimRng rng = sim_rng_named(11, 0, path);
    double sum = 0, squares = 0, lagged = 0, last = 0;
    for (int i = 0; i < N; i++) {
        double x = draw(&rng) - mean;
        sum += x;
        squares += x * x;
        lagged += x * last;
        last = x;
    }
    CHECK_NEAR(sum / N, 0.0, 4.5 * sqrt(variance / N));
    CHECK_NEAR(squares / N / variance, 1.0, 4.5 * sqrt((kurtosis - 1) / N));
    CHECK_NEAR(lagged / N / variance, 0.0, 4.5 / sqrt(N));
}

static double
draw_unit(SimRng *rng)
{
    return sim_rng_unit(rng);
}

static double
draw_normal(SimRng *rng)
{
    return sim_rng_normal(rng);
}

static double
draw_exponential(SimRng *rng)
{
    return sim_seconds(sim_rng_exponential(rng, 3 * SIM_SECOND));
}

static double
draw_log_of_lognormal(SimRng *rng)
{
    return log(sim_seconds(sim_rng_lognormal(rng, SIM_SECOND, 0.5)));
}

static double
draw_chance(SimRng *rng)
{
    return sim_rng_chance(rng, 0.3);
}

static double
draw_die(SimRng *rng)
{
    return (double)sim_rng_below(rng, 6);
}

static void
moments_agree_with_theory(void)
{
    check_moments("unit", draw_unit, 0.5, 1.0 / 12, 1.8);
    check_moments("normal", draw_normal, 0.0, 1.0, 3.0);
    check_moments("exponential", draw_exponential, 3.0, 9.0, 9.0);
    check_moments("lognormal", draw_log_of_lognormal, 0.0, 0.25, 3.0);
    check_moments("chance", draw_chance, 0.3, 0.21, 1.8);
    check_moments("die", draw_die, 2.5, 35.0 / 12, 1.8);
}

static void
check_binomial(uint64_t n, double p)
{
    enum { DRAWS = 100000 };
    SimRng rng = sim_rng_named(n, (uint32_t)(p * 1e6), "binomial");
    double mean = (double)n * p, variance = mean * (1 - p);
    double excess = (1 - 6 * p * (1 - p)) / variance;
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        uint64_t k = sim_rng_binomial(&rng, n, p);
        CHECK(k <= n);
        double x = (double)k - mean;
        sum += x;
        squares += x * x;
    }
    CHECK_NEAR(sum / DRAWS, 0.0, 4.5 * sqrt(variance / DRAWS));
    CHECK_NEAR(squares / DRAWS / variance, 1.0, 4.5 * sqrt((2 + excess) / DRAWS));
}

static void
binomial_has_its_moments_at_every_size(void)
{
    check_binomial(1, 0.5);
    check_binomial(20, 0.3);
    check_binomial(20, 0.9);
    check_binomial(1000, 0.003);
    check_binomial(100, 0.5);
    check_binomial(1000, 0.02);
    check_binomial(1000000, 0.00004);
    check_binomial(1000000, 0.7);
    check_binomial(UINT64_C(1000000000000), 1e-3);
    SimRng rng = sim_rng_named(1, 0, "edge");
    CHECK_INT(sim_rng_binomial(&rng, 0, 0.5), 0);
    CHECK_INT(sim_rng_binomial(&rng, 9, 0.0), 0);
    CHECK_INT(sim_rng_binomial(&rng, 9, 1.0), 9);
    CHECK_INT(sim_rng_binomial(&rng, 9, -1.0), 0);
    CHECK_INT(sim_rng_binomial(&rng, 9, NAN), 0);
    CHECK_INT(sim_rng_binomial(&rng, UINT64_MAX, 1e-300), 0);
    CHECK(sim_rng_binomial(&rng, UINT64_MAX, 0.5) > UINT64_MAX / 4);
}

static void
check_poisson(double mean)
{
    enum { DRAWS = 100000 };
    SimRng rng = sim_rng_named((uint64_t)(mean * 100), 0, "poisson");
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double x = (double)sim_rng_poisson(&rng, mean) - mean;
        sum += x;
        squares += x * x;
    }
    CHECK_NEAR(sum / DRAWS, 0.0, 4.5 * sqrt(mean / DRAWS));
    CHECK_NEAR(squares / DRAWS / mean, 1.0, 4.5 * sqrt((2 + 1 / mean) / DRAWS));
}

static void
poisson_has_its_moments_at_every_size(void)
{
    static const double means[] = {0.01, 0.7, 9.9, 10.0, 12.5, 100, 1e4, 1e9};
    for (size_t i = 0; i < G_N_ELEMENTS(means); i++)
        check_poisson(means[i]);
    SimRng rng = sim_rng_named(1, 0, "edge");
    CHECK_INT(sim_rng_poisson(&rng, 0.0), 0);
    CHECK_INT(sim_rng_poisson(&rng, -1.0), 0);
    CHECK_INT(sim_rng_poisson(&rng, NAN), 0);
    CHECK(sim_rng_poisson(&rng, INFINITY) > 900000000000000);
}

/* Chi-square of counts against probabilities, in standard deviations above its mean. */
static double
chi_square(const int *counts, const double *expected, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
    return (sum - (n - 1)) / sqrt(2.0 * (n - 1));
}

/* Both samplers use rejection here; their whole shape is compared, not the moments alone. */
static void
rejection_draws_the_exact_distribution(void)
{
    enum { DRAWS = 200000, CELLS = 40 };
    int binomial[CELLS] = {0}, poisson[CELLS] = {0};
    double want_binomial[CELLS], want_poisson[CELLS];
    SimRng rng = sim_rng_named(5, 0, "shape");
    for (int i = 0; i < DRAWS; i++) {
        uint64_t k = sim_rng_binomial(&rng, 60, 0.3);
        binomial[CLAMP(k, 5, 32)]++;
        k = sim_rng_poisson(&rng, 18.0);
        poisson[CLAMP(k, 5, 32)]++;
    }
    for (int k = 0; k < CELLS; k++)
        want_binomial[k] = want_poisson[k] = 0;
    for (int k = 0; k <= 120; k++) {
        int cell = CLAMP(k, 5, 32);
        if (k <= 60)
            want_binomial[cell] += DRAWS * exp(lgamma(61) - lgamma(k + 1) - lgamma(61 - k) +
                                               k * log(0.3) + (60 - k) * log(0.7));
        want_poisson[cell] += DRAWS * exp(k * log(18.0) - 18.0 - lgamma(k + 1));
    }
    CHECK_NEAR(chi_square(binomial + 5, want_binomial + 5, 28), 0.0, 4.0);
    CHECK_NEAR(chi_square(poisson + 5, want_poisson + 5, 28), 0.0, 4.0);
}

static void
below_and_uniform_cover_their_range_evenly(void)
{
    int counts[7] = {0};
    double want[7];
    SimRng rng = sim_rng_named(1, 0, "below");
    for (int i = 0; i < 70000; i++)
        counts[sim_rng_below(&rng, 7)]++;
    for (int i = 0; i < 7; i++)
        want[i] = 10000;
    CHECK_NEAR(chi_square(counts, want, 7), 0.0, 4.0);
    bool has_lo = false, has_hi = false;
    for (int i = 0; i < 1000; i++) {
        SimTime x = sim_rng_uniform(&rng, -2, 2);
        CHECK(x >= -2 && x <= 2);
        has_lo |= x == -2;
        has_hi |= x == 2;
    }
    CHECK(has_lo && has_hi);
    CHECK_INT(sim_rng_uniform(&rng, 5, 5), 5);
    sim_rng_uniform(&rng, INT64_MIN, INT64_MAX);
    CHECK_INT(sim_rng_below(&rng, 1), 0);
    CHECK(sim_rng_below(&rng, UINT64_MAX) < UINT64_MAX);
}

static void
named_streams_are_independent(void)
{
    /* Streams whose names, seeds or replications are neighbours, against the first of them. */
    SimRng streams[6] = {
        sim_rng_named(1, 0, "station/1/arrivals"), sim_rng_named(1, 0, "station/2/arrivals"),
        sim_rng_named(1, 0, "station/1/service"),  sim_rng_named(2, 0, "station/1/arrivals"),
        sim_rng_named(1, 1, "station/1/arrivals"), sim_rng_named(0, 1, "station/1/arrivals"),
    };
    double products[6] = {0};
    for (int i = 0; i < N; i++) {
        double first = sim_rng_unit(&streams[0]) - 0.5;
        for (int j = 1; j < 6; j++)
            products[j] += first * (sim_rng_unit(&streams[j]) - 0.5);
    }
    for (int j = 1; j < 6; j++)
        CHECK_NEAR(12 * products[j] / N, 0.0, 4.5 / sqrt(N));
}

static void
bits_are_balanced_and_uncorrelated(void)
{
    SimRng rng = sim_rng_named(3, 0, "bits");
    int ones[64] = {0}, changed[64] = {0};
    uint64_t last = sim_rng_u64(&rng);
    for (int i = 0; i < 100000; i++) {
        uint64_t x = sim_rng_u64(&rng);
        for (int bit = 0; bit < 64; bit++) {
            ones[bit] += (int)(x >> bit & 1);
            changed[bit] += (int)((x ^ last) >> bit & 1);
        }
        last = x;
    }
    for (int bit = 0; bit < 64; bit++) {
        CHECK_NEAR(ones[bit], 50000, 5 * sqrt(25000));
        CHECK_NEAR(changed[bit], 50000, 5 * sqrt(25000));
    }
}

static void
the_same_name_restarts_exactly(void)
{
    SimRng a = sim_rng_named(42, 7, "pop/3/crash");
    for (int i = 0; i < 3; i++) {
        sim_rng_normal(&a);
        sim_rng_chance(&a, 0.5);
        sim_rng_poisson(&a, 100.0);
    }
    a = sim_rng_named(42, 7, "pop/3/crash");
    SimRng b = sim_rng_named(42, 7, "pop/3/crash");
    for (int i = 0; i < 100; i++) {
        CHECK(sim_rng_normal(&a) == sim_rng_normal(&b));
        CHECK_INT(sim_rng_binomial(&a, 1000, 0.4), sim_rng_binomial(&b, 1000, 0.4));
    }
    /* The numbers themselves: a change of the generator changes every recorded run. */
    SimRng c = sim_rng_named(1, 0, "a");
    CHECK_INT(sim_rng_u64(&c), INT64_C(-7903950918907954438));
}

static void
chances_at_the_ends_still_draw(void)
{
    SimRng rng = sim_rng_named(1, 0, "ends");
    for (int i = 0; i < 100; i++) {
        CHECK(!sim_rng_chance(&rng, 0.0));
        CHECK(sim_rng_chance(&rng, 1.0));
        CHECK(!sim_rng_chance(&rng, NAN));
    }
    CHECK_INT(rng.counter, 300);
}

static CU_TestInfo tests[] = {
    {"moments_agree_with_theory", moments_agree_with_theory},
    {"binomial_has_its_moments_at_every_size", binomial_has_its_moments_at_every_size},
    {"poisson_has_its_moments_at_every_size", poisson_has_its_moments_at_every_size},
    {"rejection_draws_the_exact_distribution", rejection_draws_the_exact_distribution},
    {"below_and_uniform_cover_their_range_evenly", below_and_uniform_cover_their_range_evenly},
    {"named_streams_are_independent", named_streams_are_independent},
    {"bits_are_balanced_and_uncorrelated", bits_are_balanced_and_uncorrelated},
    {"the_same_name_restarts_exactly", the_same_name_restarts_exactly},
    {"chances_at_the_ends_still_draw", chances_at_the_ends_still_draw},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("rng", tests)
