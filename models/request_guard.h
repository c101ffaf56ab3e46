/*
 * request_guard.h - the guard of a need's calls at one place, call by call.
 *
 * It holds a need's breaker, throttle, limits of calls in hand and of retries, budget of retries
 * and watch of hosts, where they are asked for.  A call asks to go, has its host given, and is
 * counted when its answer comes, whoever still waits for it.  What costs nothing to ask is asked
 * first; the breaker last, for a call that it lets try must go.  O(1) a call.
 */
#pragma once

#include "models/guard.h"
#include "models/outcome.h"
#include "models/retry_policy.h"

typedef struct RequestGuard { /* of a need's calls at one place; see guard.h */
    const NeedSpec *need;
    Breaker breaker;
    Throttle throttle;
    Outlier outlier; /* n is 0: hosts are not told apart */
    RetryPolicy budget;
    double bulkhead, retries_at_once; /* 0: any number */
    uint32_t in_hand, retries;        /* calls; of them, retries */
    uint8_t slot;                     /* cause of the last failure that it has seen */
    BreakerState was;                 /* at the last tick, as were: */
    uint64_t ejections, returns;
} RequestGuard;

typedef struct RequestGo { /* a call that wants to go */
    SimTime now;
    bool is_retry;
    double draw;
} RequestGo;
/* Whether it may; then it counts as one in hand until its answer. */
bool request_guard_admit(RequestGuard *guard, const RequestGo *go);
/* The host that it goes to, from 1; 0: any. */
uint32_t request_guard_host(RequestGuard *guard, SimTime now);
typedef struct RequestAnswer { /* to a call that went */
    SimTime sent, now;
    uint32_t host;
    Outcome outcome;
    uint32_t slot;
    bool was_retry, wants; /* wants: its caller would try again */
} RequestAnswer;
/* Whether it may be tried again, as far as the guard is concerned. */
bool request_guard_answered(RequestGuard *guard, const RequestAnswer *answer);
