#include "models/retry.h"

#include "sim/elementary.h"

#include <math.h>

double
retry_final_failure(double failure, uint32_t retries)
{
    SIM_ASSERT(failure >= 0 && failure <= 1);
    return sim_pow(failure, (double)retries + 1);
}

/* Near p = 1 the quotient loses digits; 1 - p^(r+1) is then -expm1((r+1) log p). */
double
retry_attempts(double failure, uint32_t retries)
{
    SIM_ASSERT(failure >= 0 && failure <= 1);
    double tries = (double)retries + 1;
    if (failure == 0 || failure == 1)
        return failure == 0 ? 1 : tries;
    return -sim_expm1(tries * sim_log(failure)) / (1 - failure);
}

double
retry_layers(uint32_t tries, uint32_t layers)
{
    return sim_pow(tries, layers);
}

double
retry_budget_step(RetryBudget *budget, double dt_s, RetryDemand demand)
{
    SIM_ASSERT(dt_s > 0);
    SIM_ASSERT(demand.fresh_per_s >= 0);
    SIM_ASSERT(demand.wanted_per_s >= 0);
    if (budget->share < 0)
        return demand.wanted_per_s;
    double income_per_s = budget->share * demand.fresh_per_s + budget->min_per_s;
    double tokens_max = budget->share * demand.fresh_per_s * budget->ttl_s;
    double tokens = fmin(budget->tokens, tokens_max);
    double sent_per_s = fmin(demand.wanted_per_s, income_per_s + tokens / dt_s);
    tokens += (income_per_s - sent_per_s) * dt_s;
    budget->tokens = fmin(fmax(tokens, 0), tokens_max);
    return sent_per_s;
}

double
retry_throttle_step(RetryThrottle *throttle, double dt_s, RetryAnswers answers)
{
    SIM_ASSERT(dt_s > 0);
    SIM_ASSERT(throttle->tokens_max > 0);
    double drift_per_s = throttle->ratio * answers.ok_per_s - answers.failed_per_s;
    double half = throttle->tokens_max / 2;
    double before = throttle->tokens, after = before + drift_per_s * dt_s;
    throttle->tokens = fmin(fmax(after, 0), throttle->tokens_max);
    if (before > half)
        return after > half ? 1 : (before - half) / (before - after);
    return after > half ? (after - half) / (after - before) : 0;
}

SimTime
retry_delay(const RetryDelay *delay, uint32_t retry)
{
    SIM_ASSERT(retry >= 1);
    SIM_ASSERT(delay->base >= 0);
    SIM_ASSERT(delay->growth >= 0);
    if (delay->base == 0)
        return 0;
    double grown = (double)delay->base * sim_pow(delay->growth, (double)retry - 1);
    return MIN(sim_from_nanoseconds(grown), delay->cap);
}
