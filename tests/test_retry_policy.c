#include "tests/harness.h"

#include "models/retry_policy.h"

#include <string.h>

#define S SIM_SECOND

static RetryPolicy
policy_of(RetryPolicyKind kind)
{
    RetryPolicy policy;
    retry_policy_init(&policy, kind, .2, 0);
    return policy;
}

static void
send_fresh(RetryPolicy *policy, SimTime now, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        CHECK(retry_policy_admit(policy, now, .999999));
        retry_policy_sent(policy, now, false);
    }
}

static void
succeed(RetryPolicy *policy, SimTime now, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        retry_policy_sent(policy, now, false);
        retry_policy_succeeded(policy, now, false);
    }
}

/* Fails at most n attempts, retrying each at once as long as that is granted; returns the grants.
 */
static uint32_t
grants(RetryPolicy *policy, SimTime now, uint32_t n, RetryFailure failure)
{
    uint32_t granted = 0;
    retry_policy_sent(policy, now, false);
    while (granted < n && retry_policy_failed(policy, now, granted > 0, failure, true)) {
        retry_policy_sent(policy, now, true);
        granted++;
    }
    if (granted == n)
        retry_policy_failed(policy, now, granted > 0, failure, false);
    return granted;
}

/* n retries granted to as many fresh attempts, none of them sent yet. */
static uint32_t
waiting(RetryPolicy *policy, SimTime now, uint32_t n, RetryFailure failure)
{
    uint32_t granted = 0;
    send_fresh(policy, now, n);
    for (uint32_t i = 0; i < n; i++)
        granted += retry_policy_failed(policy, now, false, failure, true);
    return granted;
}

static void
names_follow_the_kinds(void)
{
    CHECK_STR(retry_policy_names[RETRY_NONE], "none");
    CHECK_STR(retry_policy_names[RETRY_ENVOY_BUDGET], "envoy-budget");
    CHECK_STR(retry_policy_names[RETRY_AWS_2026], "aws-2026");
    for (int kind = 0; kind < RETRY_POLICY_COUNT; kind++)
        CHECK(retry_policy_names[kind] != NULL);
    CHECK(retry_policy_names[RETRY_POLICY_COUNT] == NULL);
}

static void
no_policy_grants_what_is_wanted(void)
{
    RetryPolicy policy = policy_of(RETRY_NONE);
    CHECK_INT(grants(&policy, 0, 1000, RETRY_ERROR), 1000);
    CHECK_INT(policy.in_flight, 0);
    CHECK_INT(policy.retrying, 0);
    CHECK(retry_policy_admit(&policy, 0, 1e-9));
}

static void
nothing_is_granted_that_is_not_wanted(void)
{
    for (int kind = 0; kind < RETRY_POLICY_COUNT; kind++) {
        RetryPolicy policy = policy_of((RetryPolicyKind)kind);
        retry_policy_sent(&policy, S, false);
        double tokens = policy.tokens;
        CHECK(!retry_policy_failed(&policy, S, false, RETRY_ERROR, false));
        CHECK_NEAR(policy.tokens, kind == RETRY_GRPC ? tokens - 1000 : tokens, 0);
    }
}

static void
a_budget_starts_empty_and_earns_its_share(void)
{
    RetryPolicy policy = policy_of(RETRY_BUDGET);
    for (uint32_t n = 1; n <= 4; n++)
        CHECK_INT(grants(&policy, 0, 1, RETRY_ERROR), 0);
    CHECK_INT(grants(&policy, 0, 1, RETRY_ERROR), 1);
    send_fresh(&policy, 0, 49);
    CHECK_INT(grants(&policy, 0, 100, RETRY_ERROR), 10);
}

static void
a_budget_keeps_ten_seconds_of_tokens_at_most(void)
{
    RetryPolicy policy = policy_of(RETRY_BUDGET);
    for (int64_t t = 0; t < 1000; t++)
        send_fresh(&policy, t * S / 10, 10);
    /* The newest of 16 slots has just begun: 15/16 of 10 s, at 20 tokens a second. */
    uint32_t got = grants(&policy, 100 * S, 1000, RETRY_ERROR);
    CHECK(got <= 200);
    CHECK(got >= 185);
    send_fresh(&policy, 200 * S, 1000);
    CHECK_INT(grants(&policy, 211 * S, 1000, RETRY_ERROR), 0);
}

static void
a_minimum_is_earned_by_time_and_kept_for_ten_seconds(void)
{
    RetryPolicy policy;
    retry_policy_init(&policy, RETRY_BUDGET, 0, 3);
    CHECK_INT(grants(&policy, 0, 100, RETRY_ERROR), 0);
    CHECK_INT(grants(&policy, S, 100, RETRY_ERROR), 3);
    CHECK_INT(grants(&policy, 3 * S, 100, RETRY_ERROR), 6);
    CHECK_INT(grants(&policy, 1003 * S, 100, RETRY_ERROR), 30);
}

static void
envoy_allows_three_retries_at_a_time(void)
{
    RetryPolicy policy = policy_of(RETRY_ENVOY);
    CHECK_INT(waiting(&policy, 0, 10, RETRY_ERROR), 3);
    retry_policy_sent(&policy, S, true);
    CHECK_INT(waiting(&policy, S, 1, RETRY_ERROR), 0);
    retry_policy_succeeded(&policy, S, true);
    CHECK_INT(waiting(&policy, S, 10, RETRY_ERROR), 1);
    /* A retry that fails gives its own place to the next. */
    CHECK_INT(policy.retrying, 3);
    retry_policy_sent(&policy, S, true);
    CHECK(retry_policy_failed(&policy, S, true, RETRY_ERROR, true));
    CHECK_INT(policy.retrying, 3);
}

static void
a_retry_that_is_dropped_frees_its_place(void)
{
    RetryPolicy policy = policy_of(RETRY_ENVOY);
    CHECK_INT(waiting(&policy, 0, 3, RETRY_ERROR), 3);
    retry_policy_dropped(&policy);
    CHECK_INT(policy.retrying, 2);
    CHECK_INT(policy.in_flight, 0);
    CHECK_INT(waiting(&policy, 0, 3, RETRY_ERROR), 1);
}

static void
envoys_budget_allows_a_fifth_of_what_is_in_flight(void)
{
    static const struct {
        uint32_t in_flight, retries;
    } rows[] = {{0, 3}, {5, 3}, {19, 3}, {20, 4}, {24, 4}, {25, 5}, {100, 20}, {1000, 200}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        RetryPolicy policy = policy_of(RETRY_ENVOY_BUDGET);
        send_fresh(&policy, 0, rows[i].in_flight);
        uint32_t granted = 0;
        for (int n = 0; n < 1000; n++) {
            retry_policy_sent(&policy, 0, false);
            granted += retry_policy_failed(&policy, 0, false, RETRY_ERROR, true);
        }
        CHECK_INT(granted, rows[i].retries);
    }
}

static void
grpc_stops_below_half_of_the_tokens_and_opens_again(void)
{
    RetryPolicy policy = policy_of(RETRY_GRPC);
    /* The fifth failure leaves five of ten tokens, which is not more than half. */
    CHECK_INT(grants(&policy, 0, 100, RETRY_ERROR), 4);
    CHECK_INT(grants(&policy, 0, 100, RETRY_ERROR), 0);
    CHECK_NEAR(policy.tokens, 4000, 0);
    /* The failure that asks takes a token itself: 6.1 are needed. */
    succeed(&policy, 0, 20);
    CHECK_INT(grants(&policy, 0, 1, RETRY_ERROR), 0);
    succeed(&policy, 0, 11);
    CHECK_NEAR(policy.tokens, 6100, 0);
    CHECK_INT(grants(&policy, 0, 1, RETRY_ERROR), 1);
}

static void
grpc_holds_ten_tokens_at_most_and_none_at_least(void)
{
    RetryPolicy policy = policy_of(RETRY_GRPC);
    succeed(&policy, 0, 1000);
    CHECK_INT(grants(&policy, 0, 100, RETRY_TIMEOUT), 4);
    for (int i = 0; i < 100; i++)
        grants(&policy, 0, 1, RETRY_ERROR);
    succeed(&policy, 0, 61);
    CHECK_INT(grants(&policy, 0, 1, RETRY_ERROR), 1);
}

static void
finagle_grants_a_fifth_and_ten_a_second_that_live_ten_seconds(void)
{
    RetryPolicy policy = policy_of(RETRY_FINAGLE);
    /* A reserve of 10/s for 10 s, at once; then one in five. */
    CHECK_INT(grants(&policy, 0, 1000, RETRY_ERROR), 100);
    send_fresh(&policy, 0, 99);
    CHECK_INT(grants(&policy, 0, 1000, RETRY_ERROR), 20);
    /* The second in which all that was taken leaves the window. */
    CHECK_INT(grants(&policy, 10 * S - 1, 1000, RETRY_ERROR), 0);
    CHECK_INT(grants(&policy, 10 * S, 1000, RETRY_ERROR), 100);
}

static void
finagles_deposits_expire(void)
{
    RetryPolicy policy = policy_of(RETRY_FINAGLE);
    send_fresh(&policy, S / 2, 500);
    RetryPolicy later = policy;
    CHECK_INT(grants(&policy, 10 * S - 1, 1000, RETRY_ERROR), 200);
    CHECK_INT(grants(&later, 10 * S, 1000, RETRY_ERROR), 100);
}

/* What ten slots of a second each hold, recounted from the whole history. */
static void
finagle_agrees_with_a_recount_of_its_history(void)
{
    enum { CALLS = 20000 };
    static SimTime at[2 * CALLS];
    static double amount[2 * CALLS];
    SimRng rng = sim_rng_named(1, 0, "finagle/history");
    RetryPolicy policy = policy_of(RETRY_FINAGLE);
    SimTime now = 0;
    size_t n = 0, first = 0, wrong = 0;
    for (uint32_t call = 0; call < CALLS; call++) {
        now += sim_rng_exponential(&rng, call % 100 == 0 ? 4 * S : 10 * SIM_MILLISECOND);
        retry_policy_sent(&policy, now, false);
        at[n] = now, amount[n++] = 1;
        double balance = 500;
        while (at[first] / S <= now / S - 10)
            first++;
        for (size_t i = first; i < n; i++)
            balance += amount[i];
        bool granted = retry_policy_failed(&policy, now, false, RETRY_ERROR, true);
        wrong += granted != (balance >= 5);
        if (granted) {
            at[n] = now, amount[n++] = -5;
            retry_policy_dropped(&policy);
        }
    }
    CHECK_INT(wrong, 0);
    CHECK(n > CALLS + CALLS / 5);
    CHECK(n < 2 * CALLS);
}

static void
aws_retries_cost_five_and_after_a_time_out_ten(void)
{
    RetryPolicy policy = policy_of(RETRY_AWS);
    CHECK_INT(grants(&policy, 0, 1000, RETRY_ERROR), 100);
    CHECK_NEAR(policy.tokens, 0, 0);
    policy = policy_of(RETRY_AWS);
    CHECK_INT(grants(&policy, 0, 1000, RETRY_TIMEOUT), 50);
    policy = policy_of(RETRY_AWS);
    CHECK_INT(grants(&policy, 0, 1000, RETRY_THROTTLED), 100);
}

static void
aws_successes_give_back_what_their_retry_took_else_one(void)
{
    RetryPolicy policy = policy_of(RETRY_AWS);
    CHECK_INT(grants(&policy, 0, 1000, RETRY_ERROR), 100);
    succeed(&policy, 0, 12);
    CHECK_NEAR(policy.tokens, 12, 0);
    CHECK_INT(waiting(&policy, 0, 1, RETRY_TIMEOUT), 1);
    CHECK_NEAR(policy.tokens, 2, 0);
    retry_policy_sent(&policy, 0, true);
    retry_policy_succeeded(&policy, 0, true);
    CHECK_NEAR(policy.tokens, 12, 0);
    succeed(&policy, 0, 1000);
    CHECK_NEAR(policy.tokens, 500, 0);
}

static void
aws_retries_that_fail_give_nothing_back(void)
{
    RetryPolicy policy = policy_of(RETRY_AWS);
    CHECK_INT(waiting(&policy, 0, 1, RETRY_ERROR), 1);
    retry_policy_sent(&policy, 0, true);
    CHECK(retry_policy_failed(&policy, 0, true, RETRY_TIMEOUT, true));
    retry_policy_sent(&policy, 0, true);
    retry_policy_succeeded(&policy, 0, true);
    CHECK_NEAR(policy.tokens, 495, 0);
    CHECK_NEAR(policy.taken, 0, 0);
}

static void
aws_retries_that_took_different_amounts_give_back_their_mean(void)
{
    RetryPolicy policy = policy_of(RETRY_AWS);
    CHECK_INT(waiting(&policy, 0, 3, RETRY_ERROR), 3);
    CHECK_INT(waiting(&policy, 0, 1, RETRY_TIMEOUT), 1);
    CHECK_NEAR(policy.tokens, 475, 0);
    for (int i = 0; i < 4; i++)
        retry_policy_sent(&policy, 0, true);
    retry_policy_succeeded(&policy, 0, true);
    CHECK_NEAR(policy.tokens, 475 + 6.25, 1e-12);
    retry_policy_succeeded(&policy, 0, true);
    CHECK_NEAR(policy.tokens, 475 + 12.5, 1e-12);
    for (int i = 0; i < 2; i++)
        retry_policy_succeeded(&policy, 0, true);
    CHECK_NEAR(policy.tokens, 500, 1e-12);
}

static void
aws_2026_retries_cost_fourteen_and_after_throttling_five(void)
{
    RetryPolicy policy = policy_of(RETRY_AWS_2026);
    CHECK_INT(grants(&policy, 0, 1000, RETRY_ERROR), 35);
    CHECK_NEAR(policy.tokens, 500 - 35 * 14, 0);
    policy = policy_of(RETRY_AWS_2026);
    CHECK_INT(grants(&policy, 0, 1000, RETRY_TIMEOUT), 35);
    policy = policy_of(RETRY_AWS_2026);
    CHECK_INT(grants(&policy, 0, 1000, RETRY_THROTTLED), 100);
    succeed(&policy, 0, 14);
    CHECK_INT(waiting(&policy, 0, 1, RETRY_ERROR), 1);
    retry_policy_sent(&policy, 0, true);
    retry_policy_succeeded(&policy, 0, true);
    CHECK_NEAR(policy.tokens, 14, 0);
}

static void
sre_rejects_by_its_formula(void)
{
    RetryPolicy policy = policy_of(RETRY_SRE);
    send_fresh(&policy, 0, 10);
    for (int i = 0; i < 5; i++)
        retry_policy_succeeded(&policy, 0, false);
    /* Ten requests, of which five were accepted: the odds are 0; then 1/12, and so on. */
    CHECK(retry_policy_admit(&policy, 0, 1e-12));
    for (int n = 11; n < 100; n++) {
        double odds = (n - 10.) / (n + 1.);
        RetryPolicy copy = policy;
        CHECK(!retry_policy_admit(&copy, 0, odds - 1e-12));
        CHECK(retry_policy_admit(&policy, 0, odds + 1e-12));
    }
}

static void
sre_counts_retries_and_what_it_rejected(void)
{
    RetryPolicy policy = policy_of(RETRY_SRE);
    CHECK_INT(grants(&policy, 0, 7, RETRY_ERROR), 7);
    /* The first of grants was not admitted, which is what counts a fresh one. */
    CHECK(!retry_policy_admit(&policy, 0, 7. / 8 - 1e-12));
    CHECK(retry_policy_admit(&policy, 0, 8. / 9 + 1e-12));
}

static void
sre_forgets_after_two_minutes(void)
{
    RetryPolicy policy = policy_of(RETRY_SRE);
    for (int i = 0; i < 100; i++)
        retry_policy_admit(&policy, 0, .5);
    CHECK(!retry_policy_admit(&policy, 120 * S - 1, .5));
    RetryPolicy much_later = policy;
    CHECK(retry_policy_admit(&policy, 240 * S, 1e-12));
    CHECK(retry_policy_admit(&much_later, INT64_MAX, 1e-12));
}

static CU_TestInfo tests[] = {
    {"names_follow_the_kinds", names_follow_the_kinds},
    {"no_policy_grants_what_is_wanted", no_policy_grants_what_is_wanted},
    {"nothing_is_granted_that_is_not_wanted", nothing_is_granted_that_is_not_wanted},
    {"a_budget_starts_empty_and_earns_its_share", a_budget_starts_empty_and_earns_its_share},
    {"a_budget_keeps_ten_seconds_of_tokens_at_most", a_budget_keeps_ten_seconds_of_tokens_at_most},
    {"a_minimum_is_earned_by_time_and_kept_for_ten_seconds",
     a_minimum_is_earned_by_time_and_kept_for_ten_seconds},
    {"envoy_allows_three_retries_at_a_time", envoy_allows_three_retries_at_a_time},
    {"a_retry_that_is_dropped_frees_its_place", a_retry_that_is_dropped_frees_its_place},
    {"envoys_budget_allows_a_fifth_of_what_is_in_flight",
     envoys_budget_allows_a_fifth_of_what_is_in_flight},
    {"grpc_stops_below_half_of_the_tokens_and_opens_again",
     grpc_stops_below_half_of_the_tokens_and_opens_again},
    {"grpc_holds_ten_tokens_at_most_and_none_at_least",
     grpc_holds_ten_tokens_at_most_and_none_at_least},
    {"finagle_grants_a_fifth_and_ten_a_second_that_live_ten_seconds",
     finagle_grants_a_fifth_and_ten_a_second_that_live_ten_seconds},
    {"finagles_deposits_expire", finagles_deposits_expire},
    {"finagle_agrees_with_a_recount_of_its_history", finagle_agrees_with_a_recount_of_its_history},
    {"aws_retries_cost_five_and_after_a_time_out_ten",
     aws_retries_cost_five_and_after_a_time_out_ten},
    {"aws_successes_give_back_what_their_retry_took_else_one",
     aws_successes_give_back_what_their_retry_took_else_one},
    {"aws_retries_that_fail_give_nothing_back", aws_retries_that_fail_give_nothing_back},
    {"aws_retries_that_took_different_amounts_give_back_their_mean",
     aws_retries_that_took_different_amounts_give_back_their_mean},
    {"aws_2026_retries_cost_fourteen_and_after_throttling_five",
     aws_2026_retries_cost_fourteen_and_after_throttling_five},
    {"sre_rejects_by_its_formula", sre_rejects_by_its_formula},
    {"sre_counts_retries_and_what_it_rejected", sre_counts_retries_and_what_it_rejected},
    {"sre_forgets_after_two_minutes", sre_forgets_after_two_minutes},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("retry_policy", tests)
