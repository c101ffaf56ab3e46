/*
 * processes.h - the processes of PoP services: who lives, loops, is stuck, and
 * what that and the configs in force do to calls.
 *
 * A group is the processes of one host service and cohort at one PoP: N =
 * restart.processes x the cohort's share, at least one.  Always
 *     N = live + looping + stuck + restarting.
 * Services inside the host share its groups.
 *
 * A consumer reads a config; its effect is in force at a PoP while the version
 * there breaks its condition (config.h decides and tells).
 *   panic, errors, burn_cpu, slow, calls, degrade   hold while in force; a good version heals at
 *              once.  Several in force for one service: independent failures, factors multiply,
 *              delays add, first condition.
 *   crash_loop x   each arrival kills Binomial(live, x); of these Binomial(dead, restart.stuck) are
 *              stuck: they still take connections and answer with errors until somebody restarts
 *              them.  The others loop: all of a group on one back-off clock (backoff.h).  A start
 *              takes restart.delay, drawn once a group; a start that ends while the effect is in
 *              force dies again, after a good version it succeeds.  The clock starts anew
 *              when the group was healthy long enough.  A unit that the back-off gives up on is
 *              stuck.
 * Dead processes take no connections, so calls meet stuck ones with probability stuck / (live +
 * stuck); without either, all calls are refused.  The service whose config killed them meets these
 * errors; the host alone has speed and refused.
 *
 * speed = (live - cold) / N, where a process that came up t ago counts (1 - warm_speed) (1 - t /
 * warm_up) towards cold, in eight steps.
 *
 * A group restarts in four quarters, each of them down for one drawn delay; each stuck or
 * looping process comes back with probability `success`; what comes up while crash_loop x is in
 * force dies with probability x again (see restart.h for campaigns).  Restarts and crashes keep
 * restart.cache_kept of their processes' part of the PoP's cache.
 *
 * Left out: processes that differ in load, connections that survive a restart.  All draws come
 * from one stream a group and purpose.  Nothing is allocated after attach.
 */
#pragma once

#include "models/world.h"

typedef struct Processes Processes;

typedef struct ProcessCounts {
    uint32_t processes, live, looping, stuck, restarting;
} ProcessCounts;

typedef struct ProcessRoll {
    uint32_t service; /* placed at the PoPs; its host's processes are meant */
    uint32_t cohort, pop;
    double success;
    uint32_t cause;
    SimEvent then; /* posted when all quarters are done */
} ProcessRoll;

typedef struct ProcessKill {
    uint32_t service, cohort; /* SIM_NONE: all of the host's */
    const uint32_t *pops;
    uint32_t n_pops;
    double share;
    uint32_t cause;
} ProcessKill;

Processes *processes_attach(Sim *sim, const World *world);

/* Before the run starts, for config.h and faults.h: the consumer's number.  cohort NULL: all.  The
 * effect must outlive the run; who changes it sets it anew wherever it is in force. */
uint32_t processes_consumer_add(Processes *processes, uint32_t service, const char *cohort,
                                const EffectSpec *effect);
/* A version arrived that breaks the consumer (again), or one that does not. */
void processes_effect_set(Processes *processes, uint32_t consumer, uint32_t pop, bool in_force,
                          uint32_t cause);
/* The consumer has no version at all: every call of its service fails. */
void processes_starve(Processes *processes, uint32_t consumer, uint32_t pop, uint32_t cause);

/* A rolling restart begins; false when one is under way already, and nothing happens. */
bool processes_roll(Processes *processes, const ProcessRoll *roll);
/* How many died. */
uint32_t processes_kill(Processes *processes, const ProcessKill *kill);

ProcessCounts processes_counts(const Processes *processes, uint32_t service, uint32_t cohort,
                               uint32_t pop);
/* Over all PoPs and cohorts of the service's host. */
ProcessCounts processes_sum(const Processes *processes, uint32_t service);
