#include "models/proportion.h"

#include "tests/harness.h"

/* Case 28: 1000 requests, 0.1 % fail ordinarily; five are too many. */
static void
five_of_a_thousand_are_too_many(void)
{
    CHECK_INT(proportion_limit(1000, .001, .01), 5);
    CHECK_NEAR(proportion_tail(1000, .001, 5), .003636878, 1e-9);
    CHECK_NEAR(proportion_tail(1000, .002, 5), .0525, 5e-5);
    CHECK_NEAR(proportion_tail(1000, .005, 5), .5599, 5e-5);
    CHECK_NEAR(proportion_tail(1000, .01, 5), .9713, 5e-5);
}

static void
the_tail_is_that_of_the_binomial_law(void)
{
    CHECK_NEAR(proportion_tail(20, .5, 15), 21700.0 / 1048576, 1e-12);
    CHECK_NEAR(proportion_tail(20, .5, 5), 1 - 6196.0 / 1048576, 1e-12);
    CHECK_NEAR(proportion_tail(3, .25, 3), 1.0 / 64, 1e-12);
    CHECK_NEAR(proportion_tail(3, .25, 0), 1, 0);
    CHECK_NEAR(proportion_tail(3, .25, 4), 0, 0);
    CHECK_NEAR(proportion_tail(3, 0, 1), 0, 0);
    CHECK_NEAR(proportion_tail(3, 1, 3), 1, 0);
    /* Three deviations above a mean of a thousand, and a sum over everything. */
    CHECK_NEAR(proportion_tail(1000000, .001, 1096), .0014, .0003);
    for (uint64_t x = 1; x < 60; x++)
        CHECK(proportion_tail(60, .3, x) <= proportion_tail(60, .3, x - 1));
}

static void
z_compares_with_the_pooled_share(void)
{
    ProportionSample with = {1000, 10}, without = {10000, 20}, none = {0, 0};
    double p = 30.0 / 11000, variance = p * (1 - p) * (1.0 / 1000 + 1.0 / 10000);
    double z = proportion_z(with, without);
    CHECK_NEAR(z * z, .008 * .008 / variance, 1e-9);
    CHECK(z > 0);
    CHECK(proportion_z(without, with) < 0);
    CHECK_NEAR(proportion_z(with, none), 0, 0);
    CHECK_NEAR(proportion_z((ProportionSample){10, 0}, (ProportionSample){10, 0}), 0, 0);
}

/* The table of the model book: one-sided, level 1 %, a baseline ten times as large, p0 = .1 %. */
static void
power_is_that_of_the_table(void)
{
    static const double shares[] = {.0015, .002, .005, .01, .05};
    static const struct {
        double n, power[5];
    } rows[] = {{100, {.032, .062, .241, .445, .923}},
                {1000, {.057, .143, .696, .965, 1}},
                {10000, {.235, .665, 1, 1, 1}},
                {100000, {.976, 1, 1, 1, 1}}};
    for (uint32_t r = 0; r < G_N_ELEMENTS(rows); r++)
        for (uint32_t s = 0; s < G_N_ELEMENTS(shares); s++)
            CHECK_NEAR(proportion_power(rows[r].n, shares[s], 10 * rows[r].n, .001, .01),
                       rows[r].power[s], .0006);
}

static void
what_is_noticed_has_the_power_asked_for(void)
{
    double share = proportion_noticed(47232, 47232, .001, .01, .95);
    CHECK_NEAR(share, .002, .0001);
    CHECK_NEAR(
        proportion_power(5000, proportion_noticed(5000, 50000, .001, .01, .9), 50000, .001, .01),
        .9, 1e-9);
    share = proportion_noticed_at(1000, 5, .9713);
    CHECK_NEAR(share, .01, 1e-5);
    CHECK_NEAR(proportion_noticed_at(10, 11, .9), 1, 0);
}

static CU_TestInfo tests[] = {
    {"five_of_a_thousand_are_too_many", five_of_a_thousand_are_too_many},
    {"the_tail_is_that_of_the_binomial_law", the_tail_is_that_of_the_binomial_law},
    {"z_compares_with_the_pooled_share", z_compares_with_the_pooled_share},
    {"power_is_that_of_the_table", power_is_that_of_the_table},
    {"what_is_noticed_has_the_power_asked_for", what_is_noticed_has_the_power_asked_for},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("proportion", tests)
