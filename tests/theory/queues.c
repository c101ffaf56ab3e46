#include "tests/theory/theory.h"

#include "models/erlang.h"
#include "models/moments.h"
#include "sim/elementary.h"
#include "sim/rng.h"

#include <math.h>

static double
exponential(SimRng *rng, double rate)
{
    return -sim_log(sim_rng_unit(rng)) / rate;
}

typedef struct Measured {
    double wait_mean, sojourn_mean;
    double share_waited;  /* longer than the time asked for */
    double share_delayed; /* at all */
    double share_stayed;  /* longer than the time asked for */
} Measured;

typedef struct Experiment {
    const char *arrivals_stream, *services_stream;
    uint32_t servers, jobs;
    double arrivals;
    double wait_over, sojourn_over;
} Experiment;

/* First come, first served: each job takes the server that is free first; mu = 1. */
static Measured
simulate(const Experiment *experiment)
{
    SimRng arrivals = sim_rng_named(1, 0, experiment->arrivals_stream);
    SimRng services = sim_rng_named(1, 0, experiment->services_stream);
    double free_at[128] = {0}, now = 0;
    Measured sum = {0};
    for (uint32_t job = 0; job < experiment->jobs; job++) {
        now += exponential(&arrivals, experiment->arrivals);
        uint32_t first = 0;
        for (uint32_t i = 1; i < experiment->servers; i++)
            if (free_at[i] < free_at[first])
                first = i;
        double wait = fmax(free_at[first] - now, 0), service = exponential(&services, 1);
        free_at[first] = now + wait + service;
        sum.wait_mean += wait;
        sum.sojourn_mean += wait + service;
        sum.share_delayed += wait > 0;
        sum.share_waited += wait > experiment->wait_over;
        sum.share_stayed += wait + service > experiment->sojourn_over;
    }
    double n = experiment->jobs;
    return (Measured){.wait_mean = sum.wait_mean / n,
                      .sojourn_mean = sum.sojourn_mean / n,
                      .share_delayed = sum.share_delayed / n,
                      .share_waited = sum.share_waited / n,
                      .share_stayed = sum.share_stayed / n};
}

static void
one_server_waits_as_its_closed_form_says(void)
{
    ErlangQueue queue = {.servers = 1, .service_per_s = 1, .arrivals_per_s = .8};
    double median = erlang_sojourn_quantile(&queue, .5), p99 = erlang_sojourn_quantile(&queue, .99);
    Measured at_median = simulate(&(Experiment){.arrivals_stream = "one/arrivals",
                                                .services_stream = "one/services",
                                                .servers = 1,
                                                .jobs = 1000000,
                                                .arrivals = .8,
                                                .sojourn_over = median});
    Measured at_p99 = simulate(&(Experiment){.arrivals_stream = "one/arrivals",
                                             .services_stream = "one/services",
                                             .servers = 1,
                                             .jobs = 1000000,
                                             .arrivals = .8,
                                             .sojourn_over = p99});
    CASE_NEAR("1", "M/M/1 at .8: jobs in the system", .8 * at_p99.sojourn_mean,
              erlang_in_system(&queue), .03 * 4);
    CASE_NEAR("1", "M/M/1 at .8: share above the median", at_median.share_stayed, .5, .005);
    CASE_NEAR("1", "M/M/1 at .8: share above the 99 % quantile", at_p99.share_stayed, .01, .0015);
}

static void
many_servers_wait_as_their_closed_form_says(void)
{
    ErlangQueue queue = {.servers = 10, .service_per_s = 1, .arrivals_per_s = 8};
    Measured got = simulate(&(Experiment){.arrivals_stream = "ten/arrivals",
                                          .services_stream = "ten/services",
                                          .servers = 10,
                                          .jobs = 1000000,
                                          .arrivals = 8,
                                          .wait_over = 1,
                                          .sojourn_over = 3});
    CASE_NEAR("2", "M/M/10 a=8: probability of waiting", got.share_delayed, erlang_c(8, 10),
              .02 * .40918);
    CASE_NEAR("2", "M/M/10 a=8: mean wait", got.wait_mean, erlang_wait_mean(&queue), .03 * .20459);
    CASE_NEAR("2", "M/M/10 a=8: P(wait > 1)", got.share_waited, erlang_wait_tail(&queue, 1),
              .04 * .05538);
    CASE_NEAR("2", "M/M/10 a=8: P(sojourn > 3)", got.share_stayed, erlang_sojourn_tail(&queue, 3),
              .001);
    got = simulate(&(Experiment){.arrivals_stream = "hundred/arrivals",
                                 .services_stream = "hundred/services",
                                 .servers = 100,
                                 .jobs = 4000000,
                                 .arrivals = 90});
    CASE_NEAR("2", "M/M/100 a=90: probability of waiting", got.share_delayed, erlang_c(90, 100),
              .02 * .21694);
}

/* The chain of (server busy, customers in orbit), jump by jump. */
static double
orbit_of(double arrivals, double return_rate, uint32_t jumps)
{
    SimRng rng = sim_rng_named(1, 0, "orbit");
    bool is_busy = false;
    double orbit = 0, time = 0, area = 0;
    for (uint32_t jump = 0; jump < jumps; jump++) {
        double returns = orbit * return_rate, service = is_busy ? 1 : 0;
        double total = arrivals + service + returns, dt = exponential(&rng, total);
        area += orbit * dt;
        time += dt;
        double pick = sim_rng_unit(&rng) * total;
        if (pick < arrivals) {
            orbit += is_busy;
            is_busy = true;
        } else if (pick < arrivals + service) {
            is_busy = false;
        } else if (!is_busy) {
            orbit--;
            is_busy = true;
        }
    }
    return area / time;
}

static void
retrying_customers_fill_the_orbit_of_the_formula(void)
{
    CASE_NEAR("13", "retrial orbit, .6 and .5", orbit_of(.6, .5, 4000000),
              erlang_retrial_orbit(.6, .6, .5), .03 * 2.7);
    CASE_NEAR("13", "retrial orbit, .8 and .2", orbit_of(.8, .2, 8000000),
              erlang_retrial_orbit(.8, .8, .2), .08 * 19.2);
}

#define STATES 800

typedef struct Chain {
    double servers, arrivals, service;
    double p[STATES];
} Chain;

static void
chain_slope(const Chain *chain, const double *p, double *ret_slope)
{
    for (int n = 0; n < STATES; n++) {
        bool is_last = n == STATES - 1;
        double in = n > 0 ? chain->arrivals * p[n - 1] : 0;
        double down = is_last ? 0 : chain->service * fmin(n + 1, chain->servers) * p[n + 1];
        double out = (is_last ? 0 : chain->arrivals) + chain->service * fmin(n, chain->servers);
        ret_slope[n] = in + down - out * p[n];
    }
}

static void
chain_step(Chain *chain, double dt)
{
    static const double stage[4] = {0, .5, .5, 1};
    double k[4][STATES], at[STATES];
    for (int s = 0; s < 4; s++) {
        for (int n = 0; n < STATES; n++)
            at[n] = chain->p[n] + (s > 0 ? stage[s] * dt * k[s - 1][n] : 0);
        chain_slope(chain, at, k[s]);
    }
    for (int n = 0; n < STATES; n++)
        chain->p[n] += dt / 6 * (k[0][n] + 2 * (k[1][n] + k[2][n]) + k[3][n]);
}

static Moments
chain_moments(const Chain *chain)
{
    Moments moments = {0};
    for (int n = 0; n < STATES; n++)
        moments.mean += n * chain->p[n];
    for (int n = 0; n < STATES; n++)
        moments.variance += (n - moments.mean) * (n - moments.mean) * chain->p[n];
    return moments;
}

static void
an_overloaded_server_follows_the_fluid_within_two_jobs(void)
{
    Chain chain = {.servers = 1, .arrivals = 150, .service = 100, .p = {1}};
    MomentsStation station = {.servers = 1, .service_per_s = 100};
    Moments moments = {0};
    for (int i = 0; i < 2500; i++)
        chain_step(&chain, .004);
    moments_step(&moments, &station, 10, 150);
    Moments exact = chain_moments(&chain);
    CASE_NEAR("6", "overloaded M/M/1, n = 100: mean (chain)", exact.mean, 502, 2);
    CASE_NEAR("6", "overloaded M/M/1, n = 100: mean (moments)", moments.mean, exact.mean, 1);
    CASE_NEAR("6", "overloaded M/M/1, n = 100: deviation (chain)", sqrt(exact.variance), 50, 1);
    CASE_NEAR("6", "overloaded M/M/1, n = 100: deviation (moments)", sqrt(moments.variance),
              sqrt(exact.variance), 1);
}

static void
a_hundred_servers_follow_a_pulse_within_two_percent(void)
{
    Chain chain = {.servers = 100, .arrivals = 80, .service = 1, .p = {1}};
    MomentsStation station = {.servers = 100, .service_per_s = 1};
    Moments moments = {0};
    MomentsSteady steady;
    moments_steady_init(&steady, 100);
    double psffa = 0, peak = 0, moments_error = 0, psffa_error = 0;
    const double dt = .006;
    for (double t = -15; t < 25; t += dt) {
        chain.arrivals = t >= 0 && t < 10 ? 120 : 80;
        chain_step(&chain, dt);
        moments_step(&moments, &station, dt, chain.arrivals);
        psffa = moments_steady_step(&steady, psffa, 1, dt, chain.arrivals);
        double exact = chain_moments(&chain).mean;
        peak = fmax(peak, exact);
        moments_error = fmax(moments_error, fabs(moments.mean - exact));
        psffa_error = t < 0 ? 0 : fmax(psffa_error, fabs(psffa - exact));
    }
    CASE_NEAR("7", "c = 100, pulse .8 to 1.2: peak", peak, 288.7, .005 * 288.7);
    CASE_NEAR("7", "c = 100: greatest error of the normal closure / peak", moments_error / peak,
              .019, .004);
    CASE_NEAR("7", "c = 100: greatest error of PSFFA / peak", psffa_error / peak, .046, .006);
}

static CU_TestInfo tests[] = {
    {"one_server_waits_as_its_closed_form_says", one_server_waits_as_its_closed_form_says},
    {"many_servers_wait_as_their_closed_form_says", many_servers_wait_as_their_closed_form_says},
    {"retrying_customers_fill_the_orbit_of_the_formula",
     retrying_customers_fill_the_orbit_of_the_formula},
    {"an_overloaded_server_follows_the_fluid_within_two_jobs",
     an_overloaded_server_follows_the_fluid_within_two_jobs},
    {"a_hundred_servers_follow_a_pulse_within_two_percent",
     a_hundred_servers_follow_a_pulse_within_two_percent},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("queues", tests)
