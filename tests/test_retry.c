#include "tests/harness.h"

#include "models/retry.h"

#include <math.h>

/* Case 8 of the model book. */
static void
attempts_and_final_failures_are_geometric(void)
{
    CHECK_NEAR(retry_attempts(.5, 3), 1.875, 1e-12);
    CHECK_NEAR(retry_final_failure(.5, 3), .0625, 1e-15);
    CHECK_NEAR(retry_attempts(.9, 3), 3.439, 1e-12);
    CHECK_NEAR(retry_final_failure(.9, 3), .6561, 1e-12);
    CHECK_NEAR(retry_attempts(1, 3), 4, 0);
    CHECK_NEAR(retry_attempts(1 - 1e-13, 3), 4, 1e-11);
    CHECK_NEAR(retry_attempts(0, 3), 1, 0);
    CHECK_NEAR(retry_attempts(.7, 0), 1, 1e-12);
    CHECK_NEAR(retry_final_failure(.7, 0), .7, 0);
}

static void
layers_multiply(void)
{
    CHECK_NEAR(retry_layers(3, 5), 243, 0);
    CHECK_NEAR(retry_layers(3, 0), 1, 0);
}

static void
a_budget_bounds_the_amplification_in_the_long_run(void)
{
    RetryBudget budget = {.share = .2, .min_per_s = 10, .ttl_s = 10};
    RetryDemand dead = {.fresh_per_s = 1000, .wanted_per_s = 3000};
    double sent = 0;
    for (int i = 0; i < 1000; i++)
        sent += retry_budget_step(&budget, .1, dead) * .1;
    CHECK_NEAR(sent, 100 * (.2 * 1000 + 10), 1e-6);
    CHECK_NEAR(budget.tokens, 0, 1e-9);
}

static void
a_quiet_time_saves_no_more_than_its_ttl(void)
{
    RetryBudget budget = {.share = .2, .min_per_s = 10, .ttl_s = 10};
    for (int i = 0; i < 100; i++)
        CHECK_NEAR(retry_budget_step(&budget, 1, (RetryDemand){.fresh_per_s = 1000}), 0, 0);
    CHECK_NEAR(budget.tokens, .2 * 1000 * 10, 1e-9);
    /* Less traffic holds fewer tokens. */
    retry_budget_step(&budget, 1, (RetryDemand){.fresh_per_s = 100});
    CHECK_NEAR(budget.tokens, .2 * 100 * 10, 1e-9);
}

static void
saved_tokens_are_spent_once(void)
{
    for (double dt = .01; dt <= 20; dt *= 2) {
        RetryBudget budget = {.share = .1, .ttl_s = 10, .tokens = 1000};
        RetryDemand demand = {.fresh_per_s = 1000, .wanted_per_s = 500};
        double sent = 0, time = 0;
        while (time < 40) {
            sent += retry_budget_step(&budget, dt, demand) * dt;
            time += dt;
        }
        CHECK_NEAR(sent, 1000 + 100 * time, 1e-6);
    }
}

static void
a_minimum_serves_clients_without_traffic(void)
{
    RetryBudget budget = {.share = .2, .min_per_s = 10, .ttl_s = 10};
    CHECK_NEAR(retry_budget_step(&budget, 1, (RetryDemand){.wanted_per_s = 50}), 10, 1e-12);
    RetryBudget none = {.share = -1};
    CHECK_NEAR(retry_budget_step(&none, 1, (RetryDemand){.wanted_per_s = 50}), 50, 0);
}

static void
the_throttle_closes_above_one_failure_in_eleven(void)
{
    static const struct {
        double failure, allowed;
    } rows[] = {{.0, 1}, {.09, 1}, {.0905, 1}, {.0913, 0}, {.5, 0}, {1, 0}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        RetryThrottle throttle = {.tokens_max = 10, .ratio = .1, .tokens = 10};
        RetryAnswers answers = {.ok_per_s = 100 * (1 - rows[i].failure),
                                .failed_per_s = 100 * rows[i].failure};
        double allowed = 1;
        for (int step = 0; step < 10000; step++)
            allowed = retry_throttle_step(&throttle, 1, answers);
        CHECK_NEAR(allowed, rows[i].allowed, 0);
    }
}

static void
the_throttle_closes_within_a_step_at_half_its_tokens(void)
{
    RetryThrottle throttle = {.tokens_max = 10, .ratio = .1, .tokens = 10};
    CHECK_NEAR(retry_throttle_step(&throttle, 1, (RetryAnswers){.failed_per_s = 20}), .25, 1e-12);
    CHECK_NEAR(throttle.tokens, 0, 0);
    CHECK_NEAR(retry_throttle_step(&throttle, 1, (RetryAnswers){.ok_per_s = 100}), .5, 1e-12);
    CHECK_NEAR(throttle.tokens, 10, 0);
}

static void
delays_grow_up_to_their_cap(void)
{
    RetryDelay delay = {.base = 25 * SIM_MILLISECOND, .growth = 2, .cap = 250 * SIM_MILLISECOND};
    static const int64_t want_ms[] = {25, 50, 100, 200, 250, 250};
    for (uint32_t k = 0; k < G_N_ELEMENTS(want_ms); k++)
        CHECK_INT(retry_delay(&delay, k + 1), want_ms[k] * SIM_MILLISECOND);
    CHECK_INT(retry_delay(&delay, UINT32_MAX), 250 * SIM_MILLISECOND);
    RetryDelay endless = {.base = SIM_SECOND, .growth = 3, .cap = SIM_TIME_MAX};
    CHECK_INT(retry_delay(&endless, 3), 9 * SIM_SECOND);
    CHECK_INT(retry_delay(&endless, 1000), SIM_TIME_MAX);
    RetryDelay constant = {.base = SIM_SECOND, .growth = 1, .cap = SIM_TIME_MAX};
    CHECK_INT(retry_delay(&constant, 1000), SIM_SECOND);
    RetryDelay at_once = {.growth = 5, .cap = SIM_TIME_MAX};
    CHECK_INT(retry_delay(&at_once, UINT32_MAX), 0);
}

static CU_TestInfo tests[] = {
    {"attempts_and_final_failures_are_geometric", attempts_and_final_failures_are_geometric},
    {"layers_multiply", layers_multiply},
    {"a_budget_bounds_the_amplification_in_the_long_run",
     a_budget_bounds_the_amplification_in_the_long_run},
    {"a_quiet_time_saves_no_more_than_its_ttl", a_quiet_time_saves_no_more_than_its_ttl},
    {"saved_tokens_are_spent_once", saved_tokens_are_spent_once},
    {"a_minimum_serves_clients_without_traffic", a_minimum_serves_clients_without_traffic},
    {"the_throttle_closes_above_one_failure_in_eleven",
     the_throttle_closes_above_one_failure_in_eleven},
    {"the_throttle_closes_within_a_step_at_half_its_tokens",
     the_throttle_closes_within_a_step_at_half_its_tokens},
    {"delays_grow_up_to_their_cap", delays_grow_up_to_their_cap},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("retry", tests)
