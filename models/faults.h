/*
 * faults.h - what is injected: the kinds of fault, how strong they are, what they touched.
 *
 * A fault is an entry of the timeline whose verb is one (verb_is_fault).  It is in force from when
 * it happens until `for` is over, or to the end of the run; `kill` and `purge` are over at once.
 * An entry that happens again while it is in force begins anew: the end of its earlier time counts
 * no more.
 *
 * Strength.  With `ramp` r a fault grows in a straight line from nothing to full: it is applied
 * anew each r / 20, but no more often than each 5 s, with what it has in the middle of that step.
 * What several entries in force do to one target is found anew whenever one of them changes:
 * failing shares join as 1 - (1 - a)(1 - b), delays add, factors multiply, of quotas the least
 * counts, attacks add.  So the end of one leaves the others, whatever their order.
 *
 * Targets.  Of PoPs those that match the selector, busiest first; of them `count` are drawn, by a
 * number for each PoP, so that a further PoP moves no other's.  A service at the PoPs meets a fault
 * as it meets a bad config (processes.h); a central one has an Impairment (plane.h); what befalls
 * attempts on their way is an EntryFault, an origin an OriginFault.
 *   link           of a `location`: what central services there are asked; else what users ask the
 *                  PoPs.  With `latency` and no `share` nothing gets lost.
 *   power-loss     core services of the location stand still.  `share` is the chance that its
 *                  generators do not start (100 %); if they do, power is back after `over`.  Else a
 *                  service with `failover` serves at its other location after failover.after, with
 *                  failover.capacity, and goes home when there is power; the others wait for `for`.
 *   dns-failure    SERVFAIL, growing over `ramp`: resolvers' old answers expire evenly.  At its end
 *                  all is well at once.
 *   ddos           a site with `attack` asks `by` times its requests; without, it is silent.
 *   clock-skew     calls to services fail whose clock_tolerance is less than the skew.
 *   when_killed    is no verb: calls to the service are switched off, and its host at the PoPs has
 *                  this effect until `restore`.
 *
 * Effect counter.  A fault counts what it touched, in its own unit (fault_counts): calls made to
 * the service while it was in force, times its share; processes killed; PoPs that went down.  This
 * is besides the attempts whose failure has it as their cause, which the plane counts.  A fault
 * that touched nothing says nothing about the policy (verdict.h).
 *
 * Left out: faults of single links, hosts that fail one after the other, negative answers that
 * resolvers keep, generators that run out of fuel.  Nothing is allocated after attach; a change
 * costs O(entries of the timeline) a target.
 */
#pragma once

#include "models/levers.h"
#include "models/processes.h"
#include "models/routing.h"
#include "sim/recorder.h"

typedef struct Faults Faults;
typedef struct Observers Observers;   /* observers.h, which few who ask about faults need */
typedef struct StatusPage StatusPage; /* status_page.h */

typedef struct FaultParts {
    Levers *levers;
    Processes *processes;
    Routing *routing;
    Observers *observers;    /* may be NULL when no entry takes figures away */
    StatusPage *status_page; /* or the page */
} FaultParts;

/* What a fault did; see fault_counts for its unit. */
typedef struct FaultEffect {
    bool is_fault; /* injected, and not an act of people */
    bool has_happened;
    double touched;
    const char *unit; /* "calls to the service" */
    const char *why;  /* it may have touched nothing */
} FaultEffect;

/* False when the entry, a fault, can not be done in this world, which messages then says. */
bool faults_check(const World *world, const TimelineSpec *entry, SimMessages *messages);
/* Parts of it, for deeds that choose PoPs, too. */
void faults_check_pops(const World *world, const TimelineSpec *entry, SimMessages *messages);
void faults_check_cohort(const World *world, const TimelineSpec *entry, uint32_t service,
                         SimMessages *messages);
/* A service at the PoPs, one of its cohorts, PoPs that there are. */
void faults_check_processes(const World *world, const TimelineSpec *entry, SimMessages *messages);
/* Entries must have passed the check. */
Faults *faults_attach(Sim *sim, const World *world, const FaultParts *parts);
/* cause: journal id of the deed. */
void faults_begin(Faults *faults, uint32_t entry, uint32_t cause);
/* Whether it ends by itself; then faults_end is due after entry->lasting. */
bool faults_have_end(const TimelineSpec *entry);
/* done: journal id of the deed that ends; cause: of its end. */
void faults_end(Faults *faults, uint32_t entry, uint32_t done, uint32_t cause);

/* PoPs of an entry's selector into ret (n_pops long), busiest first; how many.  Each call draws
 * `count` anew. */
uint32_t faults_pops_select(Faults *faults, uint32_t entry, uint32_t *ret);
/* Somebody announces these PoPs, whatever holds them down. */
void faults_pops_release(Faults *faults, const uint32_t *pops, uint32_t n_pops);
/* Calls to the service are switched off, or made again. */
void faults_service_killed(Faults *faults, uint32_t service, bool is_killed, uint32_t cause);

/* After the run: of the sim's faults, by its recorders. */
FaultEffect faults_effect(const Sim *sim, uint32_t entry, const SimRecorder *recorder,
                          const SimRecorder *pop_recorder);
/* What a verb's counter counts, for `list`; NULL: it is no fault. */
const char *fault_counts(int verb);
