/*
 * retry.h - how many attempts a request costs, and what holds them back.
 *
 * Attempts that fail independently with probability p, at most r retries:
 *
 *     attempts per request   (1 - p^(r+1)) / (1 - p),  r + 1 at p = 1
 *     requests that fail     p^(r+1)
 *     tries in l layers, each trying t times against a dead end: t^l at the bottom
 *
 * Retry budget (Finagle, linkerd: 20 %, 10/s, 10 s), as a fluid in the rate lambda of fresh
 * requests: B' = share lambda + min - sent with 0 <= B <= share lambda ttl, and retries are sent
 * as they are wanted while there are tokens.  In the long run sent <= share lambda + min, which
 * bounds the amplification by 1 + share + min / lambda.
 *
 * Retry throttle (gRPC A6: 10 tokens, ratio 0.1): a failure takes a token, a success gives back
 * `ratio` of one; retries go out while more than half of the tokens are there.  It closes when the
 * failures stay above ratio / (1 + ratio) = 0.0909 of the attempts and opens below.
 *
 * Back-off: attempt k waits min(cap, base * growth^(k-1)) after the failure before it, or a
 * uniform part of that where the client jitters (the caller draws it).
 *
 * Left out: correlation between the attempts of one request, which is the rule in an outage: the
 * data planes carry their own delay lines and use only the budgets from here.  Budget and throttle
 * here are rates over a step; retry_policy.h decides the same call by call.
 */
#pragma once

#include "sim/base.h"

/* Attempts per request, first one included. */
double retry_attempts(double failure, uint32_t retries);
/* The share of requests whose last attempt fails too. */
double retry_final_failure(double failure, uint32_t retries);
double retry_layers(uint32_t tries, uint32_t layers);

typedef struct RetryBudget {
    double share; /* retries per fresh request; negative: no budget, all may go */
    double min_per_s;
    double ttl_s;
    double tokens; /* retries saved up; 0 at the start */
} RetryBudget;

typedef struct RetryDemand {
    double fresh_per_s;
    double wanted_per_s; /* retries that clients would send */
} RetryDemand;

/* The rate of retries sent during the next dt_s > 0; exact while the demand is constant. */
double retry_budget_step(RetryBudget *budget, double dt_s, RetryDemand demand);

typedef struct RetryThrottle {
    double tokens_max;
    double ratio;
    double tokens; /* tokens_max at the start */
} RetryThrottle;

typedef struct RetryAnswers {
    double ok_per_s;
    double failed_per_s; /* retries that fail included */
} RetryAnswers;

/* The part of the next dt_s > 0 in which retries are allowed (0..1). */
double retry_throttle_step(RetryThrottle *throttle, double dt_s, RetryAnswers answers);

typedef struct RetryDelay {
    SimTime base;
    double growth; /* 1: constant */
    SimTime cap;   /* SIM_TIME_MAX: none */
} RetryDelay;

/* Before retry number k (1 is the first), without jitter. */
SimTime retry_delay(const RetryDelay *delay, uint32_t retry);
