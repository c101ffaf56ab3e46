#include "tests/theory/theory.h"

#include "models/retry_policy.h"
#include "sim/elementary.h"

#include <math.h>
#include <string.h>

static double
exponential(SimRng *rng, double rate)
{
    return -sim_log(sim_rng_unit(rng)) / rate;
}

/* calls that are answered at once ---------------------------------------------------------------
 */

typedef struct Experiment {
    const char *stream;
    RetryPolicyKind kind;
    double share, min_per_s; /* of budget */
    double failure;          /* of each attempt, whatever came before */
    uint32_t retries, requests;
    double fresh_per_s;
} Experiment;

typedef struct Counts {
    double requests, attempts, failures; /* failures: of attempts that may be tried again */
    double final, granted, seconds;
} Counts;

static void
call(RetryPolicy *policy, const Experiment *experiment, SimRng *rng, SimTime now, Counts *counts)
{
    counts->requests++;
    for (uint32_t k = 0;; k++) {
        counts->attempts++;
        retry_policy_sent(policy, now, k > 0);
        if (!sim_rng_chance(rng, experiment->failure)) {
            retry_policy_succeeded(policy, now, k > 0);
            return;
        }
        bool wants = k < experiment->retries;
        counts->failures += wants;
        if (!retry_policy_failed(policy, now, k > 0, RETRY_ERROR, wants)) {
            counts->final++;
            return;
        }
        counts->granted++;
    }
}

/* Requests of a Poisson process; the first tenth of them is not counted. */
static Counts
run(const Experiment *experiment)
{
    SimRng rng = sim_rng_named(1, 0, experiment->stream);
    RetryPolicy policy;
    retry_policy_init(&policy, experiment->kind, experiment->share, experiment->min_per_s);
    Counts counts = {0};
    double now = 0, start = 0;
    for (uint32_t i = 0; i < experiment->requests; i++) {
        if (i == experiment->requests / 10) {
            counts = (Counts){0};
            start = now;
        }
        now += exponential(&rng, experiment->fresh_per_s);
        call(&policy, experiment, &rng, sim_from_seconds(now), &counts);
    }
    counts.seconds = now - start;
    return counts;
}

static void
attempts_and_final_failures_are_geometric(void)
{
    Counts got = run(&(Experiment){.stream = "clients/none",
                                   .kind = RETRY_NONE,
                                   .failure = .5,
                                   .retries = 3,
                                   .requests = 8000000,
                                   .fresh_per_s = 1000});
    CASE_NEAR("8", "p = .5, three retries: attempts a request", got.attempts / got.requests, 1.875,
              .005 * 1.875);
    CASE_NEAR("8", "p = .5, three retries: requests that fail", got.final / got.requests, .0625,
              .005 * .0625);
}

/*
 * SRE's clients against a backend that takes the first `accepted` requests of each second and
 * refuses the rest.
 */
static void
sre_clients_send_twice_what_is_accepted(void)
{
    static const double MU = 100, WARM_S = 1200, END_S = 6000;
    SimRng arrivals = sim_rng_named(1, 0, "clients/sre/arrivals");
    SimRng draws = sim_rng_named(1, 0, "clients/sre/draws");
    RetryPolicy policy;
    retry_policy_init(&policy, RETRY_SRE, 0, 0);
    double requests = 0, sent = 0, accepted = 0, second = 0;
    for (double now = 0; now < END_S; now += exponential(&arrivals, 10 * MU)) {
        SimTime at = sim_from_seconds(now);
        if (floor(now) != second)
            accepted = 0;
        second = floor(now);
        bool counts = now >= WARM_S, goes = retry_policy_admit(&policy, at, sim_rng_unit(&draws));
        requests += counts;
        if (!goes)
            continue;
        sent += counts;
        retry_policy_sent(&policy, at, false);
        if (accepted++ < MU)
            retry_policy_succeeded(&policy, at, false);
        else
            retry_policy_failed(&policy, at, false, RETRY_THROTTLED, false);
    }
    CASE_NEAR("14", "SRE, lambda = 10 mu, K = 2: rejected locally", 1 - sent / requests, .8,
              .03 * .8);
    CASE_NEAR("14", "SRE, lambda = 10 mu, K = 2: sent / mu", sent / (END_S - WARM_S) / MU, 2,
              .03 * 2);
}

/* gRPC's tokens ---------------------------------------------------------------------------------
 */

enum { TENTHS = 100 }; /* of a token; ten tokens */

/*
 * The chain of the token count, a tenth up with probability 1 - p, ten tenths down with p, in
 * its steady state: how likely a failure finds more than half of the tokens left after its own.
 */
static double
grpc_grants(double failure)
{
    double now[TENTHS + 1] = {[TENTHS] = 1};
    for (int step = 0; step < 20000; step++) {
        double next[TENTHS + 1] = {0};
        for (int n = 0; n <= TENTHS; n++) {
            next[MIN(n + 1, TENTHS)] += (1 - failure) * now[n];
            next[MAX(n - 10, 0)] += failure * now[n];
        }
        memcpy(now, next, sizeof now);
    }
    double open = 0;
    for (int n = TENTHS / 2 + 11; n <= TENTHS; n++)
        open += now[n];
    return open;
}

static double
grpc_granted(double failure)
{
    Counts got = run(&(Experiment){.stream = "clients/grpc",
                                   .kind = RETRY_GRPC,
                                   .failure = failure,
                                   .retries = 4,
                                   .requests = 1000000,
                                   .fresh_per_s = 1000});
    return got.granted / got.failures;
}

/* Attempts fail independently, so retries move the tokens as fresh requests do; what is asked
 * by a request's last attempt is not counted, and finds what others find. */
static void
grpc_retries_flow_below_one_failure_in_eleven_and_stop_above(void)
{
    static const struct {
        double failure, least, most;
    } rows[] = {{.03, .999, 1}, {.05, .98, 1}, {.0909, .2, .8}, {.15, 0, .1}, {.3, 0, .001}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        double got = grpc_granted(rows[i].failure), want = grpc_grants(rows[i].failure);
        char about[64];
        snprintf(about, sizeof about, "gRPC, p = %g: share of retries granted (chain)",
                 rows[i].failure);
        CASE_NEAR("-", about, got, want, .01);
        CHECK(got >= rows[i].least);
        CHECK(got <= rows[i].most);
    }
}

/* budgets ---------------------------------------------------------------------------------------
 */

static void
check_amplification(const char *about, const Experiment *experiment, double share, double min_per_s)
{
    Counts got = run(experiment);
    /* With the rate that was drawn; what a window holds may be spent on top of the long run. */
    double rate = got.requests / got.seconds, most = 1 + share + min_per_s / rate;
    double window = 10 * (share * rate + min_per_s) / got.requests;
    CASE_NEAR("-", about, got.attempts / got.requests, most, .005 * most);
    CHECK(got.attempts / got.requests <= most + window);
}

static void
budgets_bound_the_amplification_by_their_share_and_minimum(void)
{
    Experiment dead = {.stream = "clients/dead",
                       .failure = 1,
                       .retries = 3,
                       .requests = 2000000,
                       .fresh_per_s = 1000};
    dead.kind = RETRY_FINAGLE;
    check_amplification("Finagle, dead, 1,000/s: 1 + .2 + 10 / lambda", &dead, .2, 10);
    dead.fresh_per_s = 50;
    dead.requests = 500000;
    check_amplification("Finagle, dead, 50/s: 1 + .2 + 10 / lambda", &dead, .2, 10);
    dead.kind = RETRY_BUDGET;
    dead.share = .1;
    dead.min_per_s = 5;
    check_amplification("budget .1 and 5/s, dead, 50/s", &dead, .1, 5);
    dead.min_per_s = 0;
    check_amplification("budget .1, dead, 50/s", &dead, .1, 0);
    dead.failure = .5;
    check_amplification("budget .1, half fail, 50/s", &dead, .1, 0);
}

static void
budgets_do_not_hold_back_few_failures(void)
{
    Experiment few = {.stream = "clients/few",
                      .kind = RETRY_FINAGLE,
                      .share = .1,
                      .failure = .05,
                      .retries = 3,
                      .requests = 1000000,
                      .fresh_per_s = 1000};
    Counts finagle = run(&few);
    few.kind = RETRY_BUDGET;
    Counts budget = run(&few);
    CASE_NEAR("-", "Finagle, p = .05: share of retries granted", finagle.granted / finagle.failures,
              1, 0);
    CASE_NEAR("-", "budget .1, p = .05: share of retries granted", budget.granted / budget.failures,
              1, 0);
}

/* calls that take time --------------------------------------------------------------------------
 */

typedef struct Flight {
    double fresh_per_s, answers_per_s, backoff_per_s; /* the last two a call */
    double failure;
    double fresh, retries, waiting; /* in flight; granted and not yet sent */
} Flight;

typedef struct Seen {
    double retrying_most, excess_most; /* excess: above what the policy promises at a grant */
    double retrying_mean, in_flight_mean;
} Seen;

static bool
answer(Flight *flight, RetryPolicy *policy, bool was_retry, bool fails)
{
    *(was_retry ? &flight->retries : &flight->fresh) -= 1;
    if (!fails) {
        retry_policy_succeeded(policy, 0, was_retry);
        return false;
    }
    bool granted = retry_policy_failed(policy, 0, was_retry, RETRY_ERROR, true);
    flight->waiting += granted;
    return granted;
}

static void
send(Flight *flight, RetryPolicy *policy, bool is_retry)
{
    *(is_retry ? &flight->retries : &flight->fresh) += 1;
    flight->waiting -= is_retry;
    retry_policy_sent(policy, 0, is_retry);
}

/* One jump of the chain of (fresh, retries, waiting), all times exponential; true: a grant. */
static bool
jump(Flight *flight, RetryPolicy *policy, SimRng *rng, double total)
{
    double pick = sim_rng_unit(rng) * total;
    if ((pick -= flight->fresh_per_s) < 0)
        send(flight, policy, false);
    else if ((pick -= flight->waiting * flight->backoff_per_s) < 0)
        send(flight, policy, true);
    else if ((pick -= flight->retries * flight->answers_per_s) < 0)
        return answer(flight, policy, true, sim_rng_chance(rng, flight->failure));
    else
        return answer(flight, policy, false, sim_rng_chance(rng, flight->failure));
    return false;
}

static Seen
fly(const char *stream, RetryPolicyKind kind, Flight flight, uint32_t jumps)
{
    SimRng rng = sim_rng_named(1, 0, stream);
    RetryPolicy policy;
    retry_policy_init(&policy, kind, 0, 0);
    Seen seen = {.excess_most = -INFINITY};
    double time = 0;
    for (uint32_t i = 0; i < jumps; i++) {
        double in_flight = flight.fresh + flight.retries,
               retrying = flight.retries + flight.waiting;
        double total = flight.fresh_per_s + flight.answers_per_s * in_flight +
                       flight.backoff_per_s * flight.waiting;
        double dt = exponential(&rng, total);
        time += dt;
        seen.retrying_mean += retrying * dt;
        seen.in_flight_mean += in_flight * dt;
        if (!jump(&flight, &policy, &rng, total))
            continue;
        retrying = flight.retries + flight.waiting;
        seen.retrying_most = fmax(seen.retrying_most, retrying);
        double promised = fmax(3, .2 * (flight.fresh + flight.retries));
        seen.excess_most = fmax(seen.excess_most, retrying - promised);
    }
    seen.retrying_mean /= time;
    seen.in_flight_mean /= time;
    return seen;
}

/* 100 fresh requests in flight, of which half fail. */
static const Flight half_fail = {
    .fresh_per_s = 2000, .answers_per_s = 20, .backoff_per_s = 80, .failure = .5};

static void
envoy_retries_three_at_a_time(void)
{
    Seen seen = fly("clients/envoy", RETRY_ENVOY, half_fail, 1000000);
    CASE_NEAR("-", "Envoy, half fail: most retries in flight", seen.retrying_most, 3, 0);
    /* A place that comes free is asked for a thousand times a second. */
    CASE_NEAR("-", "Envoy, half fail: mean of retries in flight", seen.retrying_mean, 3, .15);
}

static void
envoys_budget_keeps_retries_at_a_fifth_of_what_is_in_flight(void)
{
    Seen seen = fly("clients/envoy-budget", RETRY_ENVOY_BUDGET, half_fail, 2000000);
    CHECK(seen.excess_most <= 0);
    CASE_NEAR("-", "Envoy's budget: retries above max(3, a fifth), at grants", seen.excess_most, 0,
              1e-9);
    CASE_NEAR("-", "Envoy's budget, half fail: retries / in flight",
              seen.retrying_mean / seen.in_flight_mean, .2, .01);
    Flight few = half_fail;
    few.fresh_per_s = 20;
    seen = fly("clients/envoy-few", RETRY_ENVOY_BUDGET, few, 1000000);
    CASE_NEAR("-", "Envoy's budget, 1 fresh in flight: most retries", seen.retrying_most, 3, 0);
    Flight healthy = half_fail;
    healthy.failure = .05;
    seen = fly("clients/envoy-healthy", RETRY_ENVOY_BUDGET, healthy, 1000000);
    /* Attempts 2,000 / (1 - p), of which p are retries that live 1/20 + 1/80 s. */
    double retries = .05 * 2000 / .95 * (.05 + .0125);
    CASE_NEAR("-", "Envoy's budget, p = .05: retries in flight, all granted", seen.retrying_mean,
              retries, .03 * retries);
}

static CU_TestInfo tests[] = {
    {"attempts_and_final_failures_are_geometric", attempts_and_final_failures_are_geometric},
    {"sre_clients_send_twice_what_is_accepted", sre_clients_send_twice_what_is_accepted},
    {"grpc_retries_flow_below_one_failure_in_eleven_and_stop_above",
     grpc_retries_flow_below_one_failure_in_eleven_and_stop_above},
    {"budgets_bound_the_amplification_by_their_share_and_minimum",
     budgets_bound_the_amplification_by_their_share_and_minimum},
    {"budgets_do_not_hold_back_few_failures", budgets_do_not_hold_back_few_failures},
    {"envoy_retries_three_at_a_time", envoy_retries_three_at_a_time},
    {"envoys_budget_keeps_retries_at_a_fifth_of_what_is_in_flight",
     envoys_budget_keeps_retries_at_a_fifth_of_what_is_in_flight},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("clients", tests)
