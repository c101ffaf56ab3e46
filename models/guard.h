/*
 * guard.h - the needs whose calls are guarded, and what is written down of their guards.
 *
 * A guard is a need with a breaker, a throttle, a bulkhead, a limit or budget of retries, or with
 * outlier detection.  Each caller's kind (a service, a service's front, a site) has guards of its
 * own at each PoP, a central service one.  The planes keep the states and decide; here are the
 * names, the recorder's column breaker.CALLER.SERVICE.open (share of places whose breaker is not
 * closed) and the journal: breaker.opens, the first breaker.tries after it, breaker.closes,
 * outlier.ejects and outlier.returns, coalesced over places (sim_journal_coalesce).
 */
#pragma once

#include "models/world.h"
#include "sim/recorder.h"

typedef struct Guard {
    const NeedSpec *need;
    const char *caller;         /* name of the service or site; of a front: NAME-front */
    const char *entity, *hosts; /* "breaker/CALLER/SERVICE", "outlier/CALLER/SERVICE" */
    uint32_t column;            /* gauge; SIM_NONE without a breaker */
    uint32_t opened, ejected;   /* journal: the last of them; SIM_NONE */
} Guard;

typedef struct Guards {
    Guard *of;
    uint32_t n;
} Guards;

/* In the order of the scenario: services, each with its front, then sites. */
Guards *guards_new(const World *world, SimArena *arena);
uint32_t guards_count(const Spec *spec);
void guards_attach(Guards *guards, SimRecorder *recorder);
/* The guard of a need; SIM_NONE when it has none. */
uint32_t guards_find(const Guards *guards, const NeedSpec *need);
/* The stream of a guard's draws at a PoP; pop SIM_NONE: of a central caller. */
SimRng guard_stream(const World *world, const Guard *guard, const char *what, uint32_t pop);

/* A breaker went from one state to another: journalled if it is worth a line.  cause: of the
 * failures that it has seen. */
void guard_breaker_moved(Guard *guard, const World *world, const Breaker *breaker, BreakerState was,
                         SimTime now, uint32_t cause);
/* Hosts were ejected, or came back, since the counts that are given. */
void guard_outlier_moved(Guard *guard, const World *world, const Outlier *outlier,
                         uint64_t ejections, uint64_t returns, SimTime now, uint32_t cause);
