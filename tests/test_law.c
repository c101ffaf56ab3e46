#include "sim/law.h"

#include "tests/harness.h"

#include <math.h>
#include <stdio.h>

static const char *const samples[] = {
    "5s",
    "exponential(mean 5s)",
    "lognormal(median 3m, sigma 0.7)",
    "lognormal(median 600ms, p99 2.3s)",
    "lognormal(median 3m)",
    "uniform(1s, 2s)",
    "mixture(80% exponential(mean 6s), 20% lognormal(median 60s, sigma 1))",
    "mixture(50% 1s, 25% uniform(2s, 3s), 25% exponential(mean 10s))",
};

static SimLaw
parse(const char *text)
{
    SimLaw law = {0};
    g_autofree char *expected = NULL;
    if (!CHECK(sim_law_parse(text, &law, &expected)))
        fprintf(stderr, "  '%s': %s\n", text, expected);
    return law;
}

static void
laws_are_read(void)
{
    CHECK_INT(sim_law_mean(&(SimLaw){0}), 0);
    SimLaw law = parse("  lognormal( median 600ms ,p99   2.3s )");
    CHECK_INT(law.parts[0].kind, SIM_LAW_LOGNORMAL);
    CHECK_INT(law.parts[0].a, 600 * SIM_MILLISECOND);
    CHECK_NEAR(law.parts[0].sigma, 0.5776, 1e-4);
    CHECK_NEAR(sim_seconds(sim_law_quantile(&law, 0.99)), 2.3, 1e-9);
    law = parse("mixture(80% exponential(mean 6s), 20% lognormal(median 60s, sigma 1))");
    CHECK_INT(law.n_parts, 2);
    CHECK_NEAR(law.parts[1].share, 0.2, 0);
    CHECK_NEAR(parse("lognormal(median 3m)").parts[0].sigma, 0.7, 0);
}

static void
a_wrong_law_says_what_was_expected(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", "expected a duration such as 5s, or exponential(mean 5s)"},
        {"5", "expected a duration"},
        {"normal(mean 5s)", "expected a duration"},
        {"exponential(5s)", "expected the mean, as in exponential(mean 5s)"},
        {"exponential(mean 5)", "expected the mean"},
        {"exponential()", "expected the mean"},
        {"exponential(mean 5s", "expected a duration"},
        {"exponential(mean 5s) x", "expected a duration"},
        {"exponential(mean 5s))", "expected a duration"},
        {"lognormal(mean 5s)", "expected the median"},
        {"lognormal(median 5s, p40 3s)", "expected the median"},
        {"lognormal(median 5s, p99 3s)", "expected the median"},
        {"lognormal(median 0s, p99 3s)", "expected the median"},
        {"lognormal(median 5s, sigma 11)", "expected the median"},
        {"lognormal(median 5s, sigma -1)", "expected the median"},
        {"uniform(2s, 1s)", "expected the least and the greatest"},
        {"uniform(1s)", "expected the least and the greatest"},
        {"mixture", "expected two to four laws"},
        {"mixture()", "expected two to four laws"},
        {"mixture(100% 5s)", "expected two to four laws"},
        {"mixture(50% 5s, 40% 6s)", "expected two to four laws"},
        {"mixture(50% 5s, 50% uniform(2s, 1s))", "expected the least and the greatest"},
        {"mixture(50% 5s, 50% mixture(50% 1s, 50% 2s))", "expected a duration"},
        {"mixture(20% 1s, 20% 1s, 20% 1s, 20% 1s, 20% 1s)", "expected two to four laws"},
        {"((((((((", "expected a duration"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        SimLaw law = {.n_parts = 77};
        g_autofree char *expected = NULL;
        if (!CHECK(!sim_law_parse(cases[i].text, &law, &expected)))
            fprintf(stderr, "  accepted '%s'\n", cases[i].text);
        CHECK_HAS(expected, cases[i].expected);
        CHECK_INT(law.n_parts, 77);
        CHECK(!sim_law_parse(cases[i].text, &law, NULL));
    }
}

static void
format_reads_back_to_the_same_law(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        SimLaw law = parse(samples[i]);
        g_autofree char *text = sim_law_format(&law);
        SimLaw again = parse(text);
        CHECK_INT(again.n_parts, law.n_parts);
        for (uint32_t j = 0; j < law.n_parts; j++) {
            CHECK_INT(again.parts[j].kind, law.parts[j].kind);
            CHECK_INT(again.parts[j].a, law.parts[j].a);
            CHECK_INT(again.parts[j].b, law.parts[j].b);
            CHECK_NEAR(again.parts[j].sigma, law.parts[j].sigma, 0);
            CHECK_NEAR(again.parts[j].share, law.parts[j].share, 0);
        }
    }
    SimLaw law = parse(samples[6]);
    g_autofree char *text = sim_law_format(&law);
    CHECK_STR(text, "mixture(80% exponential(mean 6s), 20% lognormal(median 1m, sigma 1))");
}

static void
samples_have_the_mean_and_quantiles_of_their_law(void)
{
    enum { N = 200000 };
    for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
        SimLaw law = parse(samples[i]);
        SimRng rng = sim_rng_named(1, 0, samples[i]);
        SimTime median = sim_law_quantile(&law, 0.5), p90 = sim_law_quantile(&law, 0.9);
        double sum = 0, squares = 0;
        int below_median = 0, below_p90 = 0;
        for (int j = 0; j < N; j++) {
            SimTime value = sim_law_sample(&law, &rng);
            sum += sim_seconds(value);
            squares += sim_seconds(value) * sim_seconds(value);
            below_median += value <= median;
            below_p90 += value <= p90;
        }
        double mean = sum / N;
        double error = sqrt(fmax(squares / N - mean * mean, 0) / N);
        CHECK_NEAR(mean, sim_seconds(sim_law_mean(&law)), 4 * error + 1e-9);
        double median_share = sim_law_cdf(&law, median), p90_share = sim_law_cdf(&law, p90);
        CHECK(median_share >= 0.5 - 1e-9 && p90_share >= 0.9 - 1e-9);
        CHECK_NEAR((double)below_median / N, median_share, 4 * 0.5 / sqrt(N));
        CHECK_NEAR((double)below_p90 / N, p90_share, 4 * 0.5 / sqrt(N));
    }
}

static void
quantiles_and_distribution_invert_each_other(void)
{
    SimLaw law = parse(samples[6]);
    for (double p = 0.01; p < 1.0; p += 0.01) {
        SimTime time = sim_law_quantile(&law, p);
        CHECK(sim_law_cdf(&law, time) >= p);
        CHECK(sim_law_cdf(&law, time - 1) < p);
    }
    CHECK_INT(sim_law_quantile(&law, 0.0), 0);
    CHECK(sim_law_quantile(&law, 1.0) > SIM_HOUR);
    CHECK(sim_law_quantile(&law, NAN) == 0);
}

static void
extreme_laws_saturate(void)
{
    SimRng rng = sim_rng_named(1, 0, "extreme");
    SimLaw law = parse("lognormal(median 100000d, sigma 10)");
    CHECK_INT(sim_law_mean(&law), SIM_TIME_MAX);
    for (int i = 0; i < 1000; i++)
        CHECK(sim_law_sample(&law, &rng) >= 0);
    law = parse("lognormal(median 0s, sigma 1)");
    CHECK_INT(sim_law_sample(&law, &rng), 0);
    law = parse("exponential(mean 0s)");
    CHECK_INT(sim_law_sample(&law, &rng), 0);
    law = parse("uniform(1s, 1s)");
    CHECK_INT(sim_law_sample(&law, &rng), SIM_SECOND);
}

static CU_TestInfo tests[] = {
    {"laws_are_read", laws_are_read},
    {"a_wrong_law_says_what_was_expected", a_wrong_law_says_what_was_expected},
    {"format_reads_back_to_the_same_law", format_reads_back_to_the_same_law},
    {"samples_have_the_mean_and_quantiles_of_their_law",
     samples_have_the_mean_and_quantiles_of_their_law},
    {"quantiles_and_distribution_invert_each_other", quantiles_and_distribution_invert_each_other},
    {"extreme_laws_saturate", extreme_laws_saturate},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("law", tests)
