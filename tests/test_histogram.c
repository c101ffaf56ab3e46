#include "sim/histogram.h"

#include "sim/rng.h"
#include "tests/harness.h"

#include <math.h>

static void
buckets_follow_one_another_without_gaps(void)
{
    CHECK_INT(sim_histogram_lower(0), 0);
    for (uint32_t i = 0; i < SIM_HISTOGRAM_BUCKETS; i++) {
        SimTime lower = sim_histogram_lower(i), upper = sim_histogram_upper(i);
        CHECK(lower < upper);
        CHECK_INT(sim_histogram_index(lower), i);
        CHECK_INT(sim_histogram_index(i + 1 < SIM_HISTOGRAM_BUCKETS ? upper - 1 : upper), i);
        if (i > 0 && i + 1 < SIM_HISTOGRAM_BUCKETS)
            CHECK_NEAR((double)upper / (double)lower, pow(2, 1.0 / 16), 1e-4);
    }
    CHECK_INT(sim_histogram_index(-5), 0);
    CHECK_INT(sim_histogram_index(SIM_TIME_MAX), SIM_HISTOGRAM_BUCKETS - 1);
}

static void
a_quantile_is_within_five_percent(void)
{
    SimRng rng = sim_rng_named(1, 0, "histogram");
    for (int round = 0; round < 200; round++) {
        SimTime value = sim_rng_uniform(&rng, 100 * SIM_MICROSECOND, 10 * SIM_MINUTE);
        value >>= sim_rng_below(&rng, 22);
        value = MAX(value, 100 * SIM_MICROSECOND);
        SimHistogram histogram = {0};
        sim_histogram_add(&histogram, value, 0.25);
        for (double p = 0; p <= 1; p += 0.25)
            CHECK_NEAR((double)sim_histogram_quantile(&histogram, p) / (double)value, 1.0, 0.05);
        CHECK_NEAR(sim_histogram_mean(&histogram), sim_seconds(value), 1e-9);
    }
}

static void
quantiles_follow_the_distribution(void)
{
    SimHistogram histogram = {0};
    SimRng rng = sim_rng_named(2, 0, "histogram");
    for (int i = 0; i < 200000; i++)
        sim_histogram_add(&histogram, sim_rng_exponential(&rng, SIM_SECOND), 2.0);
    CHECK_NEAR(histogram.total, 400000, 1e-6);
    CHECK_NEAR(sim_histogram_mean(&histogram), 1.0, 0.01);
    CHECK_NEAR(sim_seconds(sim_histogram_quantile(&histogram, 0.5)), log(2), 0.01);
    CHECK_NEAR(sim_seconds(sim_histogram_quantile(&histogram, 0.99)), log(100), 0.05);
}

static void
merging_is_adding_everything_to_one(void)
{
    SimHistogram one = {0}, a = {0}, b = {0};
    for (int i = 1; i < 1000; i++) {
        sim_histogram_add(&one, i * SIM_MILLISECOND, 1);
        sim_histogram_add(i % 3 ? &a : &b, i * SIM_MILLISECOND, 1);
    }
    sim_histogram_merge(&a, &b);
    CHECK_NEAR(a.total, one.total, 0);
    CHECK_NEAR(a.sum, one.sum, 1e-9);
    for (double p = 0; p <= 1; p += 0.01)
        CHECK_INT(sim_histogram_quantile(&a, p), sim_histogram_quantile(&one, p));
}

static void
an_empty_histogram_says_zero(void)
{
    SimHistogram histogram = {0};
    CHECK_INT(sim_histogram_quantile(&histogram, 0.5), 0);
    CHECK_NEAR(sim_histogram_mean(&histogram), 0, 0);
    sim_histogram_add(&histogram, SIM_TIME_MAX, 1);
    CHECK(sim_histogram_quantile(&histogram, 1.0) >= SIM_HISTOGRAM_HIGHEST);
}

static CU_TestInfo tests[] = {
    {"buckets_follow_one_another_without_gaps", buckets_follow_one_another_without_gaps},
    {"a_quantile_is_within_five_percent", a_quantile_is_within_five_percent},
    {"quantiles_follow_the_distribution", quantiles_follow_the_distribution},
    {"merging_is_adding_everything_to_one", merging_is_adding_everything_to_one},
    {"an_empty_histogram_says_zero", an_empty_histogram_says_zero},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("histogram", tests)
