#include "sim/ziggurat.h"

#include "sim/elementary.h"
#include "tests/harness.h"

#include <math.h>

#define N 1000000

static int
compare_doubles(const void *a, const void *b, void *unused)
{
    double x = *(const double *)a, y = *(const double *)b;
    (void)unused;
    return (x > y) - (x < y);
}

static double *
draw_many(const char *path)
{
    SimRng rng = sim_rng_named(5, 0, path);
    double *draws = g_new(double, N);
    for (int i = 0; i < N; i++)
        draws[i] = sim_rng_exponential_unit(&rng);
    return draws;
}

/* All layers have the area of the first with its tail, and the topmost ends at height 1. */
static void
the_edges_solve_their_equations(void)
{
    const double *edges = sim_ziggurat_edges;
    double r = edges[1], area = (r + 1.0) * sim_exp(-r);
    CHECK_NEAR(edges[0] * sim_exp(-r) / area, 1.0, 1e-14);
    CHECK(edges[SIM_ZIGGURAT_LAYERS] == 0.0);
    for (uint32_t i = 1; i < SIM_ZIGGURAT_LAYERS; i++) {
        double height = sim_exp(-edges[i]) * sim_expm1(edges[i] - edges[i + 1]);
        CHECK_NEAR(edges[i] * height / area, 1.0, 1e-11);
        CHECK(edges[i] < edges[i - 1]);
    }
}

/* The k-th moment is k! and its variance (2k)! - k!^2. */
static void
moments_agree_with_theory(void)
{
    g_autofree double *draws = draw_many("moments");
    double sums[5] = {0};
    static const double factorials[] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320};
    for (int i = 0; i < N; i++) {
        double power = 1.0;
        for (int k = 1; k <= 4; k++)
            sums[k] += power *= draws[i];
    }
    for (int k = 1; k <= 4; k++) {
        double variance = factorials[2 * k] - factorials[k] * factorials[k];
        CHECK_NEAR(sums[k] / N, factorials[k], 4.5 * sqrt(variance / N));
    }
}

/* Beyond the last edge at 7.7, too. */
static void
the_tail_has_its_probability(void)
{
    enum { DRAWS = 20000000 };
    SimRng rng = sim_rng_named(6, 0, "tail");
    uint32_t beyond[16] = {0};
    for (int i = 0; i < DRAWS; i++) {
        int whole = (int)sim_rng_exponential_unit(&rng);
        beyond[MIN(whole, 15)]++;
    }
    for (int x = 14; x >= 0; x--)
        beyond[x] += beyond[x + 1];
    CHECK_INT(beyond[0], DRAWS);
    for (int x = 1; x <= 12; x++) {
        double mean = DRAWS * sim_exp(-x);
        CHECK_NEAR(beyond[x], mean, 4.5 * sqrt(mean));
    }
}

/* Kolmogorov and Smirnov: sqrt(N) times the distance passes 1.95 once in a thousand samples. */
static void
the_distribution_is_exponential(void)
{
    g_autofree double *draws = draw_many("distribution");
    g_qsort_with_data(draws, N, sizeof *draws, compare_doubles, NULL);
    double distance = 0.0;
    for (int i = 0; i < N; i++) {
        double p = -sim_expm1(-draws[i]);
        distance = MAX(distance, MAX(p - i / (double)N, (i + 1) / (double)N - p));
    }
    CHECK_NEAR(sqrt(N) * distance, 0.0, 1.95);
}

/* 4096 bins of equal probability, so narrow that a layer's edge in the wrong place shows; within
 * 4.5 standard errors of chi-square. */
static void
fine_bins_are_equally_likely(void)
{
    enum { BINS = 4096, DRAWS = 16000000 };
    g_autofree uint32_t *bins = g_new0(uint32_t, BINS);
    SimRng rng = sim_rng_named(7, 0, "bins");
    for (int i = 0; i < DRAWS; i++) {
        int bin = (int)(sim_exp(-sim_rng_exponential_unit(&rng)) * BINS);
        bins[MIN(bin, BINS - 1)]++;
    }
    double chi_square = 0.0, mean = (double)DRAWS / BINS;
    for (int i = 0; i < BINS; i++)
        chi_square += (bins[i] - mean) * (bins[i] - mean) / mean;
    CHECK_NEAR(chi_square, BINS - 1, 4.5 * sqrt(2.0 * (BINS - 1)));
}

static double
correlation(const double *a, const double *b, int n)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++)
        sum += (a[i] - 1.0) * (b[i] - 1.0);
    return sum / n;
}

static void
draws_do_not_foretell_each_other(void)
{
    g_autofree double *draws = draw_many("serial");
    for (int lag = 1; lag <= 20; lag++)
        CHECK_NEAR(correlation(draws, draws + lag, N - lag), 0.0, 4.5 / sqrt(N));
}

static void
streams_are_independent(void)
{
    g_autofree double *first = draw_many("station/1");
    for (int i = 2; i <= 20; i++) {
        g_autofree char *path = g_strdup_printf("station/%d", i);
        g_autofree double *other = draw_many(path);
        CHECK_NEAR(correlation(first, other, N), 0.0, 4.5 / sqrt(N));
    }
}

/* The same bits from every compiler, build and machine. */
static void
a_stream_can_be_repeated(void)
{
    SimRng rng = sim_rng_named(1, 0, "repeat"), copy = rng;
    uint64_t digest = 0;
    for (int i = 0; i < N; i++) {
        double x = sim_rng_exponential_unit(&rng);
        digest = sim_mix64(digest ^ sim_bits_from_double(x));
        CHECK(x == sim_rng_exponential_unit(&copy));
    }
    CHECK_INT(rng.counter, 1033326);
    CHECK_INT(digest, INT64_C(8073166208679179297));
}

static CU_TestInfo tests[] = {
    {"the_edges_solve_their_equations", the_edges_solve_their_equations},
    {"moments_agree_with_theory", moments_agree_with_theory},
    {"the_tail_has_its_probability", the_tail_has_its_probability},
    {"the_distribution_is_exponential", the_distribution_is_exponential},
    {"fine_bins_are_equally_likely", fine_bins_are_equally_likely},
    {"draws_do_not_foretell_each_other", draws_do_not_foretell_each_other},
    {"streams_are_independent", streams_are_independent},
    {"a_stream_can_be_repeated", a_stream_can_be_repeated},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("ziggurat", tests)
