/*
 * retry_policy.h - what holds a client's retries back, call by call, as the named libraries do.
 *
 *   none          every attempt that the number of retries allows
 *   budget        scenario's own: `share` tokens a fresh request and min_per_s a second, kept
 *                 for at most ten seconds of both; a retry takes one (fluid form: flow_clients.h)
 *   envoy         max_retries 3: at most so many retries in flight at a time
 *   envoy-budget  retry budget: retries in flight at most 20 % of requests in flight, rounded
 *                 down, and at least 3
 *   grpc          throttling tokens (A6): 10 at most, a failure takes 1, also a request's last,
 *                 a success gives 0.1, retries only while more than half are there
 *   finagle       20 % of requests plus 10 a second, tokens live 10 s: a balance over ten
 *                 seconds, so that 100 retries are there at the start
 *   aws           standard mode: a bucket of 500; a retry takes 5, after a time-out 10; a
 *                 success gives back what its retry took, else 1
 *   aws-2026      a retry takes 14, after a throttling answer 5; its first delay is 50 ms
 *   sre           client throttling: each fresh request is rejected locally with probability
 *                 max(0, (requests - 2 accepts) / (requests + 1)) over a window of 2 min;
 *                 requests counts what was rejected, and retries
 *
 * The order of calls: admit before a fresh request, sent for each attempt that leaves, then one
 * answer to each, succeeded or failed.  A retry is in flight, here as in Envoy, from the failure
 * that granted it, through its back-off, to its answer; one that is granted and then not sent
 * must be dropped.  `now` never runs backwards.
 *
 * Windows are slots on an absolute grid, the oldest of which leaves whole: finagle ten of 1 s,
 * as the library's own; budget 16 of 0.625 s, sre 16 of 7.5 s, so that a window is between 15/16
 * of its length and all of it.  Where the retries in flight at an aws client took different
 * amounts, each gives back their mean.
 *
 * One state stands for one client process: a row of a PoP.  Nothing is allocated.  O(1).
 * Left out: back-off (that of aws-2026 too), the number of retries, and which failures may be
 * retried: the caller's.
 * retry.h and throttle.h hold the fluid forms of budget, grpc and sre, in rates; here is one call.
 * Sources: models.md 2.1, 3.1 and the classes it names.
 */
#pragma once

#include "sim/rng.h"

typedef enum RetryPolicyKind {
    RETRY_NONE,
    RETRY_BUDGET,
    RETRY_ENVOY,
    RETRY_ENVOY_BUDGET,
    RETRY_GRPC,
    RETRY_FINAGLE,
    RETRY_AWS,
    RETRY_AWS_2026,
    RETRY_SRE,
    RETRY_POLICY_COUNT
} RetryPolicyKind;
extern const char *const retry_policy_names[RETRY_POLICY_COUNT + 1]; /* NULL-terminated */

typedef enum RetryFailure { RETRY_ERROR, RETRY_TIMEOUT, RETRY_THROTTLED } RetryFailure;

enum { RETRY_SLOTS = 16 };

typedef struct RetryPolicy {
    RetryPolicyKind kind;
    double share, min_per_s; /* of budget */
    /* grpc: in 1/1000.  budget: above ten seconds' worth the rest goes at the next failure. */
    double tokens;
    double taken;                 /* aws: by the retries in flight */
    SimTime at;                   /* tokens are as of then */
    uint32_t in_flight, retrying; /* attempts; retries, those too that wait for their back-off */
    double requests[RETRY_SLOTS], accepts[RETRY_SLOTS]; /* budget, finagle, sre: sliding window */
    int64_t slot;                                       /* the newest, absolute */
} RetryPolicy;

/* share and min_per_s, both >= 0, are budget's.  Share 0 leaves min_per_s alone: a client without
 * a budget is none. */
void retry_policy_init(RetryPolicy *policy, RetryPolicyKind kind, double share, double min_per_s);
/* A fresh request is about to be sent; false: the client rejects it locally (sre).  draw is a
 * uniform number in (0, 1). */
bool retry_policy_admit(RetryPolicy *policy, SimTime now, double draw);
/* An attempt has been sent. */
void retry_policy_sent(RetryPolicy *policy, SimTime now, bool is_retry);
/* It has succeeded. */
void retry_policy_succeeded(RetryPolicy *policy, SimTime now, bool was_retry);
/* A first attempt, sent under a kind that success tells nothing (budget), has succeeded. */
static inline void
retry_policy_passed(RetryPolicy *policy)
{
    policy->in_flight--;
}

/* It has failed; true: it may be tried again, and what that costs has been taken. */
bool retry_policy_failed(RetryPolicy *policy, SimTime now, bool was_retry, RetryFailure failure,
                         bool wants_retry);
/* A retry that was granted will not be sent after all; what it cost is lost, its place is free. */
void retry_policy_dropped(RetryPolicy *policy);
