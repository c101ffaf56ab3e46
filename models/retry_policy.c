#include "models/retry_policy.h"

#include <math.h>

const char *const retry_policy_names[RETRY_POLICY_COUNT + 1] = {
    [RETRY_NONE] = "none",   [RETRY_BUDGET] = "budget",
    [RETRY_ENVOY] = "envoy", [RETRY_ENVOY_BUDGET] = "envoy-budget",
    [RETRY_GRPC] = "grpc",   [RETRY_FINAGLE] = "finagle",
    [RETRY_AWS] = "aws",     [RETRY_AWS_2026] = "aws-2026",
    [RETRY_SRE] = "sre",
};

/* Sums of tenths and fifths miss a whole token by some 1e-16. */
#define ROUNDING 1e-9

static const double BUDGET_KEPT_S = 10;
static const uint32_t ENVOY_RETRIES = 3;
static const double ENVOY_SHARE = .2;
static const double GRPC_TOKENS = 10000, GRPC_FAILURE = 1000, GRPC_SUCCESS = 100;
/* In fifths of a retry, so that all numbers are whole. */
static const double FINAGLE_RETRY = 5, FINAGLE_RESERVE = 10 * 10 * 5;
static const double AWS_TOKENS = 500, AWS_SUCCESS = 1;
static const double SRE_MULTIPLIER = 2;

/* the window --------------------------------------------------------------------------------- */

typedef struct Window {
    SimTime slot; /* 0: none */
    uint32_t slots;
} Window;

static const Window windows[RETRY_POLICY_COUNT] = {
    [RETRY_BUDGET] = {10 * SIM_SECOND / RETRY_SLOTS, RETRY_SLOTS},
    [RETRY_FINAGLE] = {SIM_SECOND, 10},
    [RETRY_SRE] = {120 * SIM_SECOND / RETRY_SLOTS, RETRY_SLOTS},
};

/* Returns the newest slot, after those that have come since the last call were emptied. */
static uint32_t
roll(RetryPolicy *policy, SimTime now)
{
    const Window *window = &windows[policy->kind];
    if (window->slot == 0)
        return 0;
    SIM_ASSERT(now >= 0);
    int64_t slot = now / window->slot, come = MIN(slot - policy->slot, window->slots);
    SIM_ASSERT(come >= 0);
    for (int64_t i = 1; i <= come; i++) {
        int64_t old = (policy->slot + i) % window->slots;
        policy->requests[old] = 0;
        policy->accepts[old] = 0;
    }
    policy->slot = slot;
    return (uint32_t)(slot % window->slots);
}

static double
sum(const double *slots)
{
    double sum = 0;
    for (uint32_t i = 0; i < RETRY_SLOTS; i++)
        sum += slots[i];
    return sum;
}

/* what a retry needs, and takes ------------------------------------------------------------------
 */

typedef struct Ask {
    uint32_t slot;
    SimTime now;
    RetryFailure failure;
} Ask;

static bool
take_nothing(RetryPolicy *policy, const Ask *ask)
{
    (void)policy;
    (void)ask;
    return true;
}

/*
 * To cut to ten seconds' worth here is enough: what was earned since any earlier time within
 * them, on top of what ten seconds were worth then, is no less than what they are worth now.
 */
static bool
take_budget(RetryPolicy *policy, const Ask *ask)
{
    policy->tokens += policy->min_per_s * sim_seconds(ask->now - policy->at);
    policy->at = ask->now;
    double most = policy->share * sum(policy->requests) + policy->min_per_s * BUDGET_KEPT_S;
    policy->tokens = fmin(policy->tokens, most);
    if (policy->tokens < 1 - ROUNDING)
        return false;
    policy->tokens = fmax(policy->tokens - 1, 0);
    return true;
}

static bool
take_envoy(RetryPolicy *policy, const Ask *ask)
{
    (void)ask;
    return policy->retrying < ENVOY_RETRIES;
}

static bool
take_envoy_budget(RetryPolicy *policy, const Ask *ask)
{
    (void)ask;
    uint32_t most = (uint32_t)(ENVOY_SHARE * policy->in_flight + ROUNDING);
    return policy->retrying < MAX(most, ENVOY_RETRIES);
}

static bool
take_grpc(RetryPolicy *policy, const Ask *ask)
{
    (void)ask;
    return policy->tokens > GRPC_TOKENS / 2;
}

static bool
take_finagle(RetryPolicy *policy, const Ask *ask)
{
    if (sum(policy->requests) + FINAGLE_RESERVE < FINAGLE_RETRY)
        return false;
    policy->requests[ask->slot] -= FINAGLE_RETRY;
    return true;
}

static bool
take_aws(RetryPolicy *policy, const Ask *ask)
{
    static const double costs[2][3] = {
        {[RETRY_ERROR] = 5, [RETRY_TIMEOUT] = 10, [RETRY_THROTTLED] = 5},
        {[RETRY_ERROR] = 14, [RETRY_TIMEOUT] = 14, [RETRY_THROTTLED] = 5},
    };
    double cost = costs[policy->kind == RETRY_AWS_2026][ask->failure];
    if (policy->tokens < cost)
        return false;
    policy->tokens -= cost;
    policy->taken += cost;
    return true;
}

static bool (*const take[RETRY_POLICY_COUNT])(RetryPolicy *, const Ask *) = {
    [RETRY_NONE] = take_nothing, [RETRY_BUDGET] = take_budget,
    [RETRY_ENVOY] = take_envoy,  [RETRY_ENVOY_BUDGET] = take_envoy_budget,
    [RETRY_GRPC] = take_grpc,    [RETRY_FINAGLE] = take_finagle,
    [RETRY_AWS] = take_aws,      [RETRY_AWS_2026] = take_aws,
    [RETRY_SRE] = take_nothing,
};

/* calls -------------------------------------------------------------------------------------- */

void
retry_policy_init(RetryPolicy *policy, RetryPolicyKind kind, double share, double min_per_s)
{
    SIM_ASSERT(kind < RETRY_POLICY_COUNT);
    SIM_ASSERT(share >= 0);
    SIM_ASSERT(min_per_s >= 0);
    static const double *const start[RETRY_POLICY_COUNT] = {
        [RETRY_GRPC] = &GRPC_TOKENS,
        [RETRY_AWS] = &AWS_TOKENS,
        [RETRY_AWS_2026] = &AWS_TOKENS,
    };
    *policy = (RetryPolicy){.kind = kind,
                            .share = share,
                            .min_per_s = min_per_s,
                            .tokens = start[kind] ? *start[kind] : 0};
}

bool
retry_policy_admit(RetryPolicy *policy, SimTime now, double draw)
{
    if (policy->kind != RETRY_SRE)
        return true;
    uint32_t slot = roll(policy, now);
    double requests = sum(policy->requests), accepts = sum(policy->accepts);
    policy->requests[slot]++;
    return draw >= (requests - SRE_MULTIPLIER * accepts) / (requests + 1);
}

void
retry_policy_sent(RetryPolicy *policy, SimTime now, bool is_retry)
{
    SIM_ASSERT(!is_retry || policy->retrying > 0);
    policy->in_flight++;
    bool counts = policy->kind == RETRY_SRE ? is_retry : !is_retry;
    if (windows[policy->kind].slot == 0 || !counts)
        return;
    policy->requests[roll(policy, now)]++;
    if (policy->kind == RETRY_BUDGET)
        policy->tokens += policy->share;
}

/* A retry has ended; returns what it took, if it took tokens. */
static double
end_retry(RetryPolicy *policy)
{
    SIM_ASSERT(policy->retrying > 0);
    double took = policy->taken / policy->retrying;
    policy->taken = --policy->retrying > 0 ? policy->taken - took : 0;
    return took;
}

static double
end_attempt(RetryPolicy *policy, bool was_retry)
{
    SIM_ASSERT(policy->in_flight > 0);
    policy->in_flight--;
    return was_retry ? end_retry(policy) : 0;
}

void
retry_policy_succeeded(RetryPolicy *policy, SimTime now, bool was_retry)
{
    double took = end_attempt(policy, was_retry);
    if (policy->kind == RETRY_GRPC)
        policy->tokens = fmin(policy->tokens + GRPC_SUCCESS, GRPC_TOKENS);
    else if (policy->kind == RETRY_AWS || policy->kind == RETRY_AWS_2026)
        policy->tokens = fmin(policy->tokens + (was_retry ? took : AWS_SUCCESS), AWS_TOKENS);
    else if (policy->kind == RETRY_SRE)
        policy->accepts[roll(policy, now)]++;
}

bool
retry_policy_failed(RetryPolicy *policy, SimTime now, bool was_retry, RetryFailure failure,
                    bool wants_retry)
{
    SIM_ASSERT(failure <= RETRY_THROTTLED);
    end_attempt(policy, was_retry);
    if (policy->kind == RETRY_GRPC)
        policy->tokens = fmax(policy->tokens - GRPC_FAILURE, 0);
    if (!wants_retry)
        return false;
    Ask ask = {.slot = roll(policy, now), .now = now, .failure = failure};
    if (!take[policy->kind](policy, &ask))
        return false;
    policy->retrying++;
    return true;
}

void
retry_policy_dropped(RetryPolicy *policy)
{
    end_retry(policy);
}
