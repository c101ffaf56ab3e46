/*
 * flow_clients.h - what clients do when an attempt fails, by row.
 *
 * A machine makes up to `levels` attempts; attempt k + 1 follows a failure of
 * attempt k at once or after back-off x growth^k (full jitter: uniform between 0
 * and that), if the retry budget has a token.  Tokens come at
 * budget x (fresh + reloads) + minimum and are kept for ten seconds at most.  When the
 * machine is done, the share `persistence` of people wait an exponential time
 * with mean `reload` and start anew; the others give up.
 *
 * A back-off of half a tick or less is taken as none.  Longer ones travel on a delay line: a ring
 * of slots of fixed width on an absolute grid, by level and row, so that any step length draws the
 * right part.  Its smear is one slot, at most 1/32 of the longest back-off.  Clients whom a fault
 * leaves without any answer wait on such a line too, for their time-out.
 */
#pragma once

#include "models/flow_plan.h"

enum { FLOW_LEVELS_MAX = 6, FLOW_DELAY_SLOTS = 64 };

typedef struct FlowClients { /* columns of `stride` doubles, the same at all PoPs */
    uint32_t stride, n_clients, levels;
    double *can_retry; /* [level]: 1 if another attempt may follow one of that level */
    double *at_once;   /* 1: retries follow without back-off */
    double *timeout;   /* [level] seconds: streams of a PoP's station */
    double *persistence, *reload;
    double *budget, *budget_min; /* budget 0: no limit */
    double *backoff, *growth, *jitter;
    bool has_delays;
    SimTime slot;                                /* width of a slot of the retries' lines */
    SimTime slot_wait;                           /* of lines for those who wait in vain */
    double reload_min, timeout_min, timeout_max; /* of clients */
} FlowClients;

typedef struct FlowDelays { /* attempts on their way at one PoP; NULL columns until the first */
    double *slots;          /* [level][slot][row] */
    SimTime slot;           /* their width */
    double pending;         /* attempts on their way, all rows */
} FlowDelays;

void flow_clients_init(FlowClients *clients, const World *world, const FlowPlan *plan,
                       SimArena *arena);
/* amounts [row] failed at `level` between from and to; they come back at level + 1. */
void flow_delays_put(FlowDelays *delays, const FlowClients *clients, SimArena *arena,
                     uint32_t level, SimTime from, SimTime to, const double *amounts);
/* The same for attempts that nobody answers: they come back at their level after the time-out. */
void flow_delays_put_wait(FlowDelays *delays, const FlowClients *clients, SimArena *arena,
                          uint32_t level, SimTime from, SimTime to, const double *amounts);
/* Adds what is due between from and to to ret [level * stride]. */
void flow_delays_take(FlowDelays *delays, const FlowClients *clients, SimTime from, SimTime to,
                      double *ret);
