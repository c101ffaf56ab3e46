/*
 * run.h - one scenario in motion: the world, its plane and its clock.
 *
 * A run is made from a Spec and a Geo, which it only reads, and owns a Sim
 * whose arena holds everything that changes.  It is advanced by virtual time
 * and read through its recorder, its journal and a few counters.  Nothing here
 * touches files, wall time or threads; two runs may live side by side.
 *
 * Columns of the recorder (COUNT unless said):
 *   all.{fresh,retries,reloads,offered,ok,failed,blocked,answered}
 *   outcome.NAME                        attempts by outcome
 *   cause.K.failed                      K < run_causes(): failed or blocked attempts by first cause
 *   site.NAME.{fresh,offered,ok,failed,blocked,answered}; gauge site.NAME.waiting (people)
 *   cohort.NAME.{offered,ok,failed,blocked,answered};  region.NAME likewise
 *   service.NAME.{offered,failed}       calls; gauges .utilisation .backlog (calls) .wait (s)
 *   gauges latency.{p50,p95,p99} (s), cpu.mean, cpu.max (share of capacity)
 *   gauges orbit.waiting (people), sessions.SITE.open, cache.warm (share)
 *   cache.hits, cache.lookups, origin.requests; gauge origin.capacity (/s, of limited origins)
 *   gauges config.NAME.bad, config.NAME.held (share of PoPs: a version with an effect; a refused
 *   one), config.NAME.new (share of PoPs that have the newest version)
 * answered is ok + failed + blocked: attempts whose end is known, which shares are of.
 * An attempt that fails counts once in all.failed, once by outcome and once by cause.
 */
#pragma once

#include "models/faults.h"
#include "models/plane.h"
#include "sim/journal.h"
#include "sim/messages.h"
#include "sim/recorder.h"
#include "sim/sim.h"

typedef struct Run Run;

typedef enum RunPlane { RUN_FLOW, RUN_REQUEST, RUN_PLANES } RunPlane;
extern const char *const run_plane_names[RUN_PLANES + 1]; /* NULL-terminated */

typedef struct RunOptions {
    const char *name;    /* scenario path, for reports */
    const char *command; /* that repeats the run, for reports */
    uint64_t seed;       /* replaces clock.seed when has_seed */
    bool has_seed;
    SimTime until;      /* shorter than clock.duration when > 0 */
    double tick_factor; /* 0 or 1: clock.tick; 0.5 halves every step (tests) */
    RunPlane plane;
    /* Of the request plane. */
    uint32_t sample_pops;  /* keep so many PoPs, whole; 0: all */
    RequestLog *log;       /* told of every hop; must outlive the run; may be NULL */
    bool has_no_fast_path; /* every request an object (tests) */
} RunOptions;

typedef struct RunVersion {
    SimTime at;  /* made, pushed or not */
    bool is_bad; /* breaks a consumer or a limit */
} RunVersion;

typedef struct RunWave { /* what a config's rollout has reached once the wave is pushed */
    uint32_t n_pops;
    double traffic; /* share of all requests that enter these PoPs, over a day */
    double reached; /* of all requests: those of the cohorts that have the version */
} RunWave;

/* Everything that only the whole can show wrong (a need of a service that is not at the PoP, shares
 * that sum to more than 100 %, an unknown metric, region, cohort, timeline id, loop inside a PoP)
 * is reported with its mark to messages; then and on any earlier error the result is NULL. */
Run *run_new(const Spec *spec, const Geo *geo, const RunOptions *options, SimMessages *messages);
void run_free(Run *run);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Run, run_free)

SimTime run_duration(const Run *run);
/* Advances to `until` (at most the duration); may be called in slices of any size with the same
 * result. */
void run_advance(Run *run, SimTime until);
/* Closes the last bucket, mixes the counters into the digest; call once, after the last advance. */
void run_finish(Run *run);

Sim *run_sim(Run *run);
const SimRecorder *run_recorder(const Run *run); /* series, at most 4,096 buckets */
/* PoP rows, at most 1,024 buckets: columns 3p, 3p+1, 3p+2 = offered, failed, utilisation (gauge) of
 * PoP p. */
const SimRecorder *run_pop_recorder(const Run *run);
const SimJournal *run_journal(const Run *run);
const Geo *run_geo(const Run *run);                 /* as restricted by network.busiest */
double run_pop_cores(const Run *run, uint32_t pop); /* CPU capacity, as it stands */
uint32_t run_causes(const Run *run);                /* slots in use, at most 16 */
/* Slot -> journal id of the cause and its label in words. */
uint32_t run_cause_entry(const Run *run, uint32_t slot);
const char *run_cause_label(const Run *run, uint32_t slot);
/* Failed, blocked or refused attempts traced to a config's versions or a timeline entry's deed: 0
 * means it never bit. */
double run_bites_config(const Run *run, uint32_t config);
double run_bites_entry(const Run *run, uint32_t entry);
/* What an entry touched, in its own unit, and whether it was skipped by chance or `if`; after
 * run_finish. */
FaultEffect run_fault_effect(const Run *run, uint32_t entry);
bool run_entry_skipped(const Run *run, uint32_t entry);
/* Version 0 is the ordinary one, there from the start. */
uint32_t run_config_versions(const Run *run, uint32_t config);
RunVersion run_config_version(const Run *run, uint32_t config, uint32_t version);
RunWave run_wave(const Run *run, uint32_t config, uint32_t wave);
/* When timeline entry i first happened; -1: not (yet). */
SimTime run_entry_time(const Run *run, uint32_t entry);
/* The work done: steps of PoPs on the flow plane, attempts of clients on the request plane. */
uint64_t run_steps(const Run *run);
RunPlane run_plane(const Run *run);
/* Why the plane ended the run before its time: it outgrew what a run may take; NULL: it did not. */
const char *run_complaint(const Run *run);
/* What the plane carries traffic for. */
PlaneKept run_kept(const Run *run);
/* PlaneLatency rows of the whole run; empty on the flow plane.  The caller frees it. */
GArray *run_latencies(const Run *run);
