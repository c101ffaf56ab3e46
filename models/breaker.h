/*
 * breaker.h - callers that stop calling what keeps failing.
 *
 *   hystrix       failed share of the last ten full buckets of a tenth of the window (10 s), read
 *                 at most every half second: trips at 50 % of at least 20 calls; after 5 s one
 *                 call tries
 *   resilience4j  failed share of the last 100 calls (and at least as many): trips at 50 %, or when
 *                 all of them were slow (60 s); after 60 s ten calls try, with the same shares
 *   finagle       failure accrual: 5 failures on end; dead for 5 s, then twice as long each time
 *                 that the one call that tries fails, half of it drawn (equal jitter), up to 300 s
 *
 * Closed, every call goes; open, none does; trying, as many as the kind's trial asks for.  A trial
 * whose answers fail to come within another open time is given out anew.  Closing forgets all
 * counts.  Answers to calls that were sent before it opened are counted by whoever's turn it is:
 * none while it is open, as a trial's while it tries, as the libraries do.
 *
 * One state serves one caller's kind at one place, in two forms that may not be mixed:
 *   call by call  breaker_admit, then breaker_count with from == to and one call;
 *   in rates      breaker_share of the calls of a step, then breaker_count with its answers, spread
 *                 evenly over from..to.
 * In rates the counting windows are those of single calls.  Failures on end follow the law of the
 * first run of k failures in calls that fail with chance p: k calls, then a chance a call of
 * 1 / (E - k), E = (p^-k - 1) / (1 - p) being the mean; the draw is made when it closes.  Answers
 * to a trial are drawn too: a trial is a handful of calls.
 *
 * Trip times after a step from 0 to p: hystrix 5 s / p, and up to a bucket and a look (1.5 s) more;
 * resilience4j 50 / p calls behind a full window; E calls of finagle.
 *
 * Left out: hystrix' metrics that go on while it is open, resilience4j's windows of time, finagle's
 * moving average of successes, and limits of calls in hand (the owners', by their bulkhead).
 * Amortised O(1) a call, O(cells) an answer in rates; about 1 KiB.
 */
#pragma once

#include "sim/rng.h"

typedef enum BreakerKind {
    BREAKER_NONE,
    BREAKER_HYSTRIX,
    BREAKER_RESILIENCE4J,
    BREAKER_FINAGLE, /* failure accrual: consecutive failures */
    BREAKER_KINDS
} BreakerKind;
extern const char *const breaker_names[BREAKER_KINDS + 1]; /* NULL-terminated */

typedef struct BreakerRule { /* 0: the kind's own */
    BreakerKind kind;
    double errors;      /* failed share of the window that trips it */
    double volume;      /* calls in the window below which it does not; resilience4j: the window */
    SimTime window;     /* hystrix */
    SimTime open;       /* until it lets calls try; finagle: the first time */
    double consecutive; /* finagle: failures on end that trip it */
    SimTime slow;       /* resilience4j: a call that takes so long is slow; the owner's to judge */
    double slow_share;  /* resilience4j: slow share of the window that trips it */
} BreakerRule;

/* The rule with the kind's own numbers where it has none. */
BreakerRule breaker_rule_complete(const BreakerRule *rule);

typedef enum BreakerState { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_TRYING } BreakerState;

enum { BREAKER_CELLS = 100, BREAKER_BUCKETS = 10 };

typedef struct Breaker {
    BreakerRule rule;
    BreakerState state;
    SimTime until;    /* open: calls try then; trying: the trial is given out anew */
    SimTime looks_at; /* hystrix: the window is read again */
    uint32_t opened;  /* times, since it was last closed by a trial */
    SimTime due;      /* trying: since then */
    SimTime took;     /* in rates: how long a call takes; the owner's to set */
    double free;      /* trying: calls that may still go */
    double tried_ok, tried_failed, tried_slow; /* trying: their answers */
    double run, hazard, threshold;             /* finagle: calls on end; chance used up; drawn */
    int64_t bucket;                            /* hystrix: the open one, absolute */
    double ok[BREAKER_BUCKETS + 1], failed[BREAKER_BUCKETS + 1]; /* hystrix, ring by bucket */
    uint32_t cell;                                               /* resilience4j: the open one */
    double filled, counted;                                      /* calls in it; in all so far */
    float bad[BREAKER_CELLS + 1], slow[BREAKER_CELLS + 1];       /* resilience4j, ring of calls */
    SimRng rng;
} Breaker;

void breaker_init(Breaker *breaker, const BreakerRule *rule, SimRng rng);

/* One call: whether it may go. */
bool breaker_admit(Breaker *breaker, SimTime now);
/* In rates: the share that may go of so many calls that come in a step that goes on to `now`. */
double breaker_share(Breaker *breaker, SimTime now, double calls);

typedef struct BreakerCalls { /* calls that went and have their answer */
    SimTime from, to;
    double ok, failed;
    double slow; /* of both: took rule.slow or longer */
} BreakerCalls;
/* In order of time; may change the state, as may breaker_admit and breaker_share. */
void breaker_count(Breaker *breaker, const BreakerCalls *calls);

/* Mean number of calls, each failing with chance p > 0, until k have failed on end. */
double breaker_run_mean(double p, double k);
