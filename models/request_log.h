/*
 * request_log.h - what somebody who watches the request plane is told: hops.
 *
 * A hop is a stretch of one request's way, or a moment (from == to).  Requests have numbers that
 * are the same in every run of the scenario with the seed: PoP by PoP, in order of arrival.  Calls
 * to services have numbers of their own and name the request that made them.
 *
 * Watching changes nothing but the time a run takes: no request passes on the fast path unseen.
 */
#pragma once

#include "models/outcome.h"
#include "sim/base.h"

typedef enum RequestHopKind {
    HOP_ARRIVED,  /* an attempt or call has come to its PoP */
    HOP_ADMITTED, /* 429 or not: a limit, a client's own throttle */
    HOP_QUEUED,   /* for CPU: a stretch */
    HOP_SERVED,   /* CPU: a stretch */
    HOP_CALLED,   /* a call to a central service was sent */
    HOP_CENTRAL,  /* at the central service: a stretch, waiting and service */
    HOP_ANSWERED, /* the call is over: a stretch from when it was sent */
    HOP_CACHE,    /* hit (OUTCOME_OK) or miss (OUTCOME_NONE) */
    HOP_ORIGIN,   /* the origin: a stretch */
    HOP_RETRY,    /* the machine will try again at `to` */
    HOP_WAITS,    /* its person waits to come back */
    HOP_GONE,     /* its person has given up */
    HOP_ENDED,    /* the attempt's end: a stretch from its arrival */
    HOP_KINDS
} RequestHopKind;
extern const char *const request_hop_names[HOP_KINDS + 1]; /* NULL-terminated */

typedef struct RequestHop {
    RequestHopKind kind;
    SimTime from, to;
    uint64_t request; /* its number, from 1; 0: a call of a central service */
    uint64_t parent;  /* call: the number of the request that makes it; else 0 */
    uint64_t key;     /* cache, origin: the object; else 0 */
    uint32_t pop;     /* in the world; SIM_NONE: none */
    uint32_t site;    /* SIM_NONE: a call through a front */
    uint32_t service; /* that it is about; SIM_NONE */
    uint32_t attempt; /* from 1 */
    Outcome outcome;  /* OUTCOME_NONE: not decided */
    uint32_t cause;   /* slot of books.h; 0: none */
    SimTime way;      /* ended: the way of the client there and back, which is not in from .. to */
} RequestHop;

typedef struct RequestLog {
    void *context;
    void (*hop)(void *context, const RequestHop *hop);
} RequestLog;
