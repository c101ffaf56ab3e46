/*
 * request_log.h - what somebody who watches the request plane is told: hops.
 *
 * A hop is a stretch of one request's way, or a moment (from == to), told when it is over.  Hops
 * come window by window and in a window place by place: of one place in the order of their ends,
 * of different ones only as exactly as a window is long (see request.h).
 *
 * Requests have numbers that are the same in every run of the scenario with the seed: PoP by PoP,
 * in order of arrival.  An attempt that is tried again keeps its number; a person who comes back
 * is a new request.  Calls to services have numbers of their own and name the request, or call,
 * that made them.
 *
 * Whose client has gone may still take CPU: it is SERVED in vain, with OUTCOME_NONE, after its end.
 *
 * Watching changes nothing but the time a run takes: no request passes on the fast path unseen.
 */
#pragma once

#include "models/outcome.h"
#include "sim/base.h"

typedef enum RequestHopKind {
    HOP_ARRIVED,  /* an attempt or call has come to its PoP */
    HOP_ADMITTED, /* not: by a service without a process that answers, else 429 by a limit (without
                     ARRIVED: by the client's own), 503 by a queue */
    HOP_QUEUED,   /* for CPU: a stretch; OUTCOME_OK: it got some */
    HOP_SERVED,   /* CPU: a stretch */
    HOP_CALLED,   /* a call to a service was sent */
    HOP_CENTRAL,  /* at the central service: a stretch, waiting and service */
    HOP_ANSWERED, /* the call is over for its caller: a stretch from when it was sent */
    HOP_CACHE,    /* hit (OUTCOME_OK) or miss (OUTCOME_NONE) */
    HOP_ORIGIN,   /* the origin: a stretch */
    HOP_RETRY,    /* the machine will try again at `to` */
    HOP_WAITS,    /* its person waits to come back, till `to` on average */
    HOP_GONE,     /* its person has given up */
    HOP_ENDED,    /* the attempt's end: a stretch from its arrival */
    HOP_KINDS
} RequestHopKind;
extern const char *const request_hop_names[HOP_KINDS + 1]; /* NULL-terminated */

typedef enum HopCache { HOP_CACHE_NOT_ASKED, HOP_CACHE_HIT, HOP_CACHE_MISS } HopCache;

typedef struct RequestHop {
    RequestHopKind kind;
    SimTime from, to;
    uint64_t request; /* its number, from 1 */
    uint64_t parent;  /* call: the number of the request or call that makes it; 0: none, or gone */
    uint64_t key;     /* cache, origin: the object; else 0 */
    uint32_t pop;     /* in the world; SIM_NONE: none */
    uint32_t site;    /* SIM_NONE: a call */
    uint32_t service; /* that it is about; SIM_NONE */
    uint32_t attempt; /* from 1 */
    Outcome outcome;  /* OUTCOME_NONE: not decided */
    uint32_t cause;   /* slot of books.h; 0: none */
    uint32_t entry;   /* of the journal: what did it, if more is known than its root; SIM_NONE */
    SimTime way;      /* ended: the way of the client there and back, which is not in from .. to */
    SimTime waited;   /* central: of the stretch, before service began */
    HopCache cache;   /* ended */
} RequestHop;

typedef struct RequestLog {
    void *context;
    void (*hop)(void *context, const RequestHop *hop);
} RequestLog;
