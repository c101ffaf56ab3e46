#include "tests/harness.h"

#include "models/erlang.h"
#include "models/moments.h"

#include <glib.h>
#include <math.h>

#define STATES 400

/* M/M/c by its Kolmogorov equations, cut off at STATES - 1 jobs; mu = 1. */
static void
chain_slope(const double *p, double arrivals_per_s, double servers, double *ret_slope)
{
    for (int n = 0; n < STATES; n++) {
        double in = n > 0 ? arrivals_per_s * p[n - 1] : 0;
        double down = n < STATES - 1 ? fmin(n + 1, servers) * p[n + 1] : 0;
        double out = (n < STATES - 1 ? arrivals_per_s : 0) + fmin(n, servers);
        ret_slope[n] = in + down - out * p[n];
    }
}

static void
chain_step(double *p, double arrivals_per_s, double servers, double dt)
{
    double k[4][STATES], at[STATES];
    static const double stage[4] = {0, .5, .5, 1};
    for (int s = 0; s < 4; s++) {
        for (int n = 0; n < STATES; n++)
            at[n] = p[n] + (s > 0 ? stage[s] * dt * k[s - 1][n] : 0);
        chain_slope(at, arrivals_per_s, servers, k[s]);
    }
    for (int n = 0; n < STATES; n++)
        p[n] += dt / 6 * (k[0][n] + 2 * (k[1][n] + k[2][n]) + k[3][n]);
}

static void
chain_init(double *p, double arrivals_per_s, double servers)
{
    double total = 1;
    p[0] = 1;
    for (int n = 1; n < STATES; n++) {
        p[n] = p[n - 1] * arrivals_per_s / fmin(n, servers);
        total += p[n];
    }
    for (int n = 0; n < STATES; n++)
        p[n] /= total;
}

static double
chain_mean(const double *p)
{
    double mean = 0;
    for (int n = 0; n < STATES; n++)
        mean += n * p[n];
    return mean;
}

typedef struct Pulse {
    double servers, low, high, length, after, dt;
} Pulse;

typedef struct PulseResult {
    double peak;
    double moments_error, steady_error; /* greatest, relative to the peak */
} PulseResult;

/* Everything from its own steady state through the pulse and the drain. */
static PulseResult
run_pulse(const Pulse *pulse)
{
    double p[STATES], low = pulse->low * pulse->servers, high = pulse->high * pulse->servers;
    MomentsStation station = {.servers = pulse->servers, .service_per_s = 1};
    Moments moments = {0};
    MomentsSteady steady;
    chain_init(p, low, pulse->servers);
    moments_step(&moments, &station, 500, low);
    moments_steady_init(&steady, pulse->servers);
    double psffa = chain_mean(p);
    PulseResult result = {0};
    for (double t = 0; t < pulse->length + pulse->after; t += pulse->dt) {
        double arrivals = t < pulse->length - pulse->dt / 2 ? high : low;
        chain_step(p, arrivals, pulse->servers, pulse->dt);
        moments_step(&moments, &station, pulse->dt, arrivals);
        psffa = moments_steady_step(&steady, psffa, 1, pulse->dt, arrivals);
        double exact = chain_mean(p);
        result.peak = fmax(result.peak, exact);
        result.moments_error = fmax(result.moments_error, fabs(moments.mean - exact));
        result.steady_error = fmax(result.steady_error, fabs(psffa - exact));
    }
    result.moments_error /= result.peak;
    result.steady_error /= result.peak;
    return result;
}

/* Case 7 of the model book. */
static void
ten_servers_follow_a_pulse_within_two_and_a_half_percent(void)
{
    PulseResult result = run_pulse(
        &(Pulse){.servers = 10, .low = .7, .high = 1.3, .length = 20, .after = 60, .dt = .05});
    CHECK_NEAR(result.peak, 70.2, .005 * 70.2);
    CHECK(result.moments_error <= .025);
    CHECK_NEAR(result.moments_error, .017, .003);
    CHECK_NEAR(result.steady_error, .092, .01);
}

static void
one_server_follows_a_pulse_within_five_percent(void)
{
    PulseResult result = run_pulse(
        &(Pulse){.servers = 1, .low = .6, .high = 1.5, .length = 40, .after = 120, .dt = .25});
    CHECK_NEAR(result.peak, 22.7, .005 * 22.7);
    CHECK_NEAR(result.moments_error, .048, .003);
    CHECK_NEAR(result.steady_error, .126, .01);
}

static Moments
rest_of(double servers, double utilisation)
{
    Moments moments = {0};
    MomentsStation station = {.servers = servers, .service_per_s = 1};
    moments_step(&moments, &station, 1e4, utilisation * servers);
    return moments;
}

/* The law of one server is geometric, which the negative binomial holds. */
static void
at_rest_the_mean_is_erlang_s_for_one_server_and_nearly_for_more(void)
{
    CHECK_NEAR(rest_of(1, .6).mean, 1.5, 1e-6);
    CHECK_NEAR(rest_of(1, .9).mean, 9, 1e-4);
    ErlangQueue ten = {.servers = 10, .service_per_s = 1, .arrivals_per_s = 7};
    CHECK_NEAR(rest_of(10, .7).mean / erlang_in_system(&ten), 1, .02);
    ErlangQueue hundred = {.servers = 100, .service_per_s = 1, .arrivals_per_s = 80};
    CHECK_NEAR(rest_of(100, .8).mean / erlang_in_system(&hundred), 1, .001);
}

static void
without_waiting_the_law_is_poisson(void)
{
    Moments moments = rest_of(60, .1);
    CHECK_NEAR(moments.mean, 6, 1e-6);
    CHECK_NEAR(moments.variance, 6, 1e-6);
}

/* Case 6: M/M/1 with lambda = 1.5 n, mu = n, ten seconds from empty. */
static void
an_overloaded_server_s_mean_is_the_fluid_s_and_a_little(void)
{
    for (double n = 10; n <= 10000; n *= 10) {
        Moments moments = {0};
        MomentsStation station = {.servers = 1, .service_per_s = n};
        moments_step(&moments, &station, 10, 1.5 * n);
        CHECK_NEAR(moments.mean / n, 5 + 2 / n, .7 / n);
        CHECK_NEAR(sqrt(moments.variance), sqrt(25 * n), .05 * sqrt(25 * n));
    }
}

static void
both_closures_agree_where_one_takes_over(void)
{
    for (double mean = 20; mean < 200; mean += 3.7)
        for (double factor = .8; factor < 4; factor *= 1.3) {
            Moments moments = {.mean = mean, .variance = factor * mean};
            MomentsClosure counted = moments_closure(&moments, 64);
            MomentsClosure normal = moments_closure(&moments, 64 + 1e-9);
            CHECK_NEAR(counted.busy, normal.busy, .02 * 64);
            CHECK_NEAR(counted.covariance, normal.covariance, .07 * moments.variance);
        }
}

/* From the smallest to the most spread law; also where the binomial gives way to the Poisson. */
static void
a_closure_stays_within_its_bounds(void)
{
    static const double servers[] = {0, .3, 1, 7, 64, 65, 1e5};
    for (size_t c = 0; c < G_N_ELEMENTS(servers); c++)
        for (double mean = 0; mean < 1e7; mean = mean * 3 + 1e-9)
            for (double variance = 0; variance < 1e9; variance = variance * 4 + 1e-9) {
                Moments moments = {.mean = mean, .variance = variance};
                MomentsClosure closure = moments_closure(&moments, servers[c]);
                CHECK(closure.busy >= 0 && closure.busy <= fmin(mean, servers[c]));
                CHECK(closure.covariance >= 0 && closure.covariance <= variance);
            }
}

static void
step_length_does_not_matter(void)
{
    MomentsStation station = {.servers = 12.5, .service_per_s = 20};
    Moments once = {0}, often = {0};
    for (int i = 0; i < 4; i++) {
        double arrivals = i % 2 == 0 ? 300 : 200;
        moments_step(&once, &station, 8, arrivals);
        for (int k = 0; k < 800; k++)
            moments_step(&often, &station, .01, arrivals);
        CHECK_NEAR(once.mean / often.mean, 1, 1e-3);
        CHECK_NEAR(once.variance / often.variance, 1, 1e-3);
    }
}

static void
a_flooded_queue_grows_and_drains_as_a_fluid(void)
{
    MomentsStation station = {.servers = 2, .service_per_s = 1000};
    Moments moments = {0};
    moments_step(&moments, &station, 3600, 4000);
    CHECK_NEAR(moments.mean, 7.2e6, 1e-5 * 7.2e6);
    moments_step(&moments, &station, 3600, 1000);
    CHECK_NEAR(moments.mean, 3.6e6, 1e-4 * 3.6e6);
    moments_step(&moments, &station, 7200, 1000);
    CHECK(moments.mean < 2);
}

static void
the_inverse_of_the_steady_mean_round_trips(void)
{
    static const double servers[] = {.5, 1, 10, 200, 1e5};
    for (size_t c = 0; c < G_N_ELEMENTS(servers); c++) {
        MomentsSteady steady;
        moments_steady_init(&steady, servers[c]);
        for (double rho = .01; rho < .99999; rho += .0237) {
            ErlangQueue queue = {
                .servers = servers[c], .service_per_s = 1, .arrivals_per_s = rho * servers[c]};
            double got = moments_steady_utilisation(&steady, erlang_in_system(&queue));
            CHECK_NEAR(got, rho, .002);
        }
        CHECK_NEAR(moments_steady_utilisation(&steady, 0), 0, 0);
        CHECK(moments_steady_utilisation(&steady, 1e12) <= 1);
    }
}

static CU_TestInfo tests[] = {
    {"ten_servers_follow_a_pulse_within_two_and_a_half_percent",
     ten_servers_follow_a_pulse_within_two_and_a_half_percent},
    {"one_server_follows_a_pulse_within_five_percent",
     one_server_follows_a_pulse_within_five_percent},
    {"at_rest_the_mean_is_erlang_s_for_one_server_and_nearly_for_more",
     at_rest_the_mean_is_erlang_s_for_one_server_and_nearly_for_more},
    {"without_waiting_the_law_is_poisson", without_waiting_the_law_is_poisson},
    {"an_overloaded_server_s_mean_is_the_fluid_s_and_a_little",
     an_overloaded_server_s_mean_is_the_fluid_s_and_a_little},
    {"both_closures_agree_where_one_takes_over", both_closures_agree_where_one_takes_over},
    {"a_closure_stays_within_its_bounds", a_closure_stays_within_its_bounds},
    {"step_length_does_not_matter", step_length_does_not_matter},
    {"a_flooded_queue_grows_and_drains_as_a_fluid", a_flooded_queue_grows_and_drains_as_a_fluid},
    {"the_inverse_of_the_steady_mean_round_trips", the_inverse_of_the_steady_mean_round_trips},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("moments", tests)
