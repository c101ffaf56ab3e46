#include "sim/elementary.h"

#include "sim/rng.h"
#include "tests/harness.h"

#include <math.h>

#define N 1000000

/* The error of got in units of the last place of the right answer. */
static double
ulps(double got, long double want)
{
    double near = (double)want;
    int exponent;
    frexp(near, &exponent);
    double unit = ldexp(1.0, MAX(exponent - 53, -1074));
    return (double)fabsl((long double)got - want) / unit;
}

static double
relative(double got, long double want)
{
    return (double)(fabsl((long double)got - want) / fabsl(want));
}

typedef double (*Function)(double);
typedef long double (*Reference)(long double);

static double
worst_ulps(Function function, Reference reference, double lo, double hi, int n)
{
    SimRng rng = sim_rng_named(1, 0, "elementary");
    double worst = 0;
    for (int i = 0; i < n; i++) {
        double x = lo + (hi - lo) * sim_rng_unit(&rng);
        double error = ulps(function(x), reference((long double)x));
        worst = !(error <= worst) ? error : worst;
    }
    return worst;
}

static double
exp_of(double x)
{
    return sim_exp(x);
}

static void
exp_is_within_an_ulp_of_the_truth(void)
{
    CHECK_NEAR(worst_ulps(exp_of, expl, -708, 709.7, N), 0.0, 1.0);
    CHECK_NEAR(worst_ulps(exp_of, expl, -1, 1, N), 0.0, 1.0);
    CHECK_NEAR(worst_ulps(exp_of, expl, -745, -708, N / 10), 0.0, 1.0);
}

static void
exp_saturates(void)
{
    CHECK(sim_exp(0.0) == 1.0);
    CHECK(sim_exp(710.0) == INFINITY);
    CHECK(sim_exp(INFINITY) == INFINITY);
    CHECK(sim_exp(1e300) == INFINITY);
    CHECK(sim_exp(-746.0) == 0.0);
    CHECK(sim_exp(-INFINITY) == 0.0);
    CHECK(isnan(sim_exp(NAN)));
    CHECK(isfinite(sim_exp(709.78)));
}

static void
log_is_within_an_ulp_of_the_truth(void)
{
    SimRng rng = sim_rng_named(2, 0, "elementary");
    double worst = 0;
    for (int i = 0; i < N; i++) {
        uint64_t bits = sim_rng_below(&rng, UINT64_C(0x7ff0000000000000) - 1) + 1;
        double x = sim_double_from_bits(bits);
        worst = fmax(worst, ulps(sim_log(x), logl((long double)x)));
    }
    CHECK_NEAR(worst, 0.0, 1.0);
    CHECK_NEAR(worst_ulps(sim_log, logl, 0.5, 2.0, N), 0.0, 1.0);
    CHECK(sim_log(1.0) == 0.0);
    CHECK(sim_log(0.0) == -INFINITY);
    CHECK(sim_log(INFINITY) == INFINITY);
    CHECK(isnan(sim_log(-1.0)) && isnan(sim_log(NAN)));
    CHECK_NEAR(ulps(sim_log(5e-324), logl((long double)5e-324)), 0.0, 1.0);
}

static void
expm1_and_log1p_keep_small_arguments(void)
{
    CHECK_NEAR(worst_ulps(sim_expm1, expm1l, -0.5, 0.5, N), 0.0, 4.0);
    CHECK_NEAR(worst_ulps(sim_expm1, expm1l, -40, 700, N / 10), 0.0, 4.0);
    CHECK_NEAR(worst_ulps(sim_expm1, expm1l, -1e-9, 1e-9, N / 10), 0.0, 3.0);
    CHECK_NEAR(worst_ulps(sim_log1p, log1pl, -0.999, 3.0, N), 0.0, 3.0);
    CHECK_NEAR(worst_ulps(sim_log1p, log1pl, -1e-9, 1e-9, N / 10), 0.0, 3.0);
    CHECK_NEAR(worst_ulps(sim_log1p, log1pl, 1.0, 1e12, N / 10), 0.0, 3.0);
    CHECK(sim_log1p(-1.0) == -INFINITY && isnan(sim_log1p(-2.0)) && sim_log1p(0.0) == 0.0);
    CHECK(sim_expm1(-800.0) == -1.0 && sim_expm1(800.0) == INFINITY && isnan(sim_expm1(NAN)));
}

static void
pow_is_close_and_knows_its_special_cases(void)
{
    SimRng rng = sim_rng_named(3, 0, "elementary");
    double worst = 0;
    for (int i = 0; i < N / 4; i++) {
        double x = sim_exp(20 * sim_rng_unit(&rng) - 10), y = 60 * sim_rng_unit(&rng) - 30;
        worst = fmax(worst, relative(sim_pow(x, y), powl((long double)x, (long double)y)));
    }
    CHECK_NEAR(worst, 0.0, 1e-12);
    CHECK(sim_pow(3.0, 4.0) == 81.0 && sim_pow(2.0, -2.0) == 0.25 && sim_pow(7.0, 1.0) == 7.0);
    CHECK(sim_pow(0.0, 0.0) == 1.0 && sim_pow(1.0, NAN) == 1.0 && sim_pow(NAN, 0.0) == 1.0);
    CHECK(sim_pow(0.0, 0.8) == 0.0 && sim_pow(0.0, -0.8) == INFINITY);
    CHECK(sim_pow(-2.0, 3.0) == -8.0 && isnan(sim_pow(-2.0, 0.5)));
    CHECK_NEAR(sim_pow(-1.5, 17.0), pow(-1.5, 17.0), 1e-9);
    CHECK(sim_pow(10.0, 400.0) == INFINITY && sim_pow(10.0, -400.0) == 0.0);
    CHECK(sim_pow(0.5, INFINITY) == 0.0 && sim_pow(2.0, INFINITY) == INFINITY);
    CHECK(isnan(sim_pow(NAN, 1.5)));
}

static void
sine_and_cosine_are_close(void)
{
    SimRng rng = sim_rng_named(4, 0, "elementary");
    double worst = 0;
    for (int i = 0; i < N / 2; i++) {
        double x = (sim_rng_unit(&rng) - 0.5) * (i % 2 ? 20.0 : 2e5);
        worst = fmax(worst, fabs(sim_sin(x) - (double)sinl((long double)x)));
        worst = fmax(worst, fabs(sim_cos(x) - (double)cosl((long double)x)));
    }
    CHECK_NEAR(worst, 0.0, 4e-16);
    CHECK(sim_sin(0.0) == 0.0 && sim_cos(0.0) == 1.0);
    CHECK(isnan(sim_sin(INFINITY)) && isnan(sim_cos(NAN)));
    CHECK(fabs(sim_sin(1e300)) <= 1.0 && fabs(sim_cos(-1e18)) <= 1.0);
}

static long double
normal_reference(long double x)
{
    return 0.5L * erfcl(-x * 0.70710678118654752440084436210485L);
}

static void
normal_distribution_holds_in_the_tails(void)
{
    SimRng rng = sim_rng_named(5, 0, "elementary");
    double worst = 0;
    for (int i = 0; i < N / 4; i++) {
        double x = 45 * sim_rng_unit(&rng) - 37;
        worst = fmax(worst, relative(sim_normal_cdf(x), normal_reference((long double)x)));
    }
    CHECK_NEAR(worst, 0.0, 1e-13);
    CHECK(sim_normal_cdf(0.0) == 0.5);
    CHECK(sim_normal_cdf(-INFINITY) == 0.0 && sim_normal_cdf(INFINITY) == 1.0);
    CHECK(sim_normal_cdf(1e300) == 1.0 && isnan(sim_normal_cdf(NAN)));
}

static void
normal_quantile_inverts_the_distribution(void)
{
    double worst = 0, worst_far = 0;
    for (double p = 1e-300; p < 0.999; p *= 1.01) {
        double z = sim_normal_quantile(p);
        /* An error of z moves p by the density, about |z| p in the tail. */
        double density = fmax(exp(-z * z / 2) * 0.3989422804014327, 1e-310);
        double error = (double)((normal_reference((long double)z) - (long double)p));
        error = fabs(error) / density / fmax(fabs(z), 1.0);
        worst = p > 1e-11 ? fmax(worst, error) : worst;
        worst_far = fmax(worst_far, error);
    }
    CHECK_NEAR(worst, 0.0, 1e-15);
    CHECK_NEAR(worst_far, 0.0, 3e-12);
    CHECK_NEAR(sim_normal_quantile(0.975), 1.959963984540054, 1e-14);
    CHECK(sim_normal_quantile(0.5) == 0.0);
    CHECK(sim_normal_quantile(0.0) == -INFINITY && sim_normal_quantile(1.0) == INFINITY);
    CHECK(isnan(sim_normal_quantile(-0.1)) && isnan(sim_normal_quantile(NAN)));
    CHECK(isfinite(sim_normal_quantile(5e-324)));
}

/* The bits themselves: another compiler, option or processor must give the same. */
static void
bits_are_the_same_everywhere(void)
{
    SimRng rng = sim_rng_named(6, 0, "elementary");
    uint64_t digest = 0;
    for (int i = 0; i < 20000; i++) {
        double u = sim_rng_unit(&rng), x = 80 * u - 40;
        double all[] = {
            sim_exp(x), sim_log(u), sim_expm1(x / 50),     sim_log1p(x / 41),     sim_pow(u, x),
            sim_sin(x), sim_cos(x), sim_normal_cdf(x / 4), sim_normal_quantile(u)};
        for (size_t j = 0; j < G_N_ELEMENTS(all); j++)
            digest = sim_mix64(digest ^ sim_bits_from_double(all[j]));
    }
    CHECK_INT(digest, INT64_C(3290936169670341229));
}

static CU_TestInfo tests[] = {
    {"exp_is_within_an_ulp_of_the_truth", exp_is_within_an_ulp_of_the_truth},
    {"exp_saturates", exp_saturates},
    {"log_is_within_an_ulp_of_the_truth", log_is_within_an_ulp_of_the_truth},
    {"expm1_and_log1p_keep_small_arguments", expm1_and_log1p_keep_small_arguments},
    {"pow_is_close_and_knows_its_special_cases", pow_is_close_and_knows_its_special_cases},
    {"sine_and_cosine_are_close", sine_and_cosine_are_close},
    {"normal_distribution_holds_in_the_tails", normal_distribution_holds_in_the_tails},
    {"normal_quantile_inverts_the_distribution", normal_quantile_inverts_the_distribution},
    {"bits_are_the_same_everywhere", bits_are_the_same_everywhere},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("elementary", tests)
