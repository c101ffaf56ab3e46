/*
 * sim.h - the run: clock, event list, models, random streams and digest.
 *
 * A run is an object; nothing of it is global.  It owns one arena, which holds
 * the Sim itself, the queue and every model's state, so a snapshot of the arena
 * is a snapshot of the run.
 *
 * A model is a constant table: its name, the size of its state and its kinds of
 * event.  Events name a kind, an actor (the index of an entity) and one
 * argument; they hold no pointers.  Handlers run one after the other in order
 * of (time, sequence of scheduling); time stands still within a handler.
 *
 * The digest covers time, kind name, actor and argument of every handled event
 * and whatever models mix in.  Two runs of the same (scenario, seed,
 * replication, version) have the same digest on every machine.
 *
 * While a run exists it is this thread's current run for the report of a failed
 * assertion; with several, the one last created or running.
 */
#pragma once

#include "sim/queue.h"
#include "sim/rng.h"

#define SIM_MODELS_MAX 64
#define SIM_KINDS_MAX 1024

typedef struct Sim Sim;

typedef struct SimOptions {
    const char *scenario; /* its name, for reports; copied */
    uint64_t seed;
    uint32_t replication;
    size_t reserve;     /* address space of the arena in bytes; 0: the default */
    const char *repeat; /* the command line that repeats this run; copied; may be NULL */
} SimOptions;

/* A kind of event: "station.departure", and what happens when one is due. */
typedef struct SimKind {
    const char *name;
    void (*handle)(Sim *sim, void *state, SimEvent event);
} SimKind;

typedef struct SimModelOps {
    const char *name;
    size_t state_size; /* allocated zeroed by sim_attach; 0 with sim_attach_state */
    const SimKind *kinds;
    uint32_t n_kinds;
    void (*verify)(const Sim *sim, const void *state); /* optional: invariants, may cost O(n) */
} SimModelOps;

Sim *sim_new(const SimOptions *options);
void sim_free(Sim *sim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sim, sim_free)

SimArena *sim_arena(Sim *sim);
SimTime sim_now(const Sim *sim);
uint64_t sim_seed(const Sim *sim);
uint32_t sim_replication(const Sim *sim);
const char *sim_scenario(const Sim *sim);
/* The stream of a decision, from its start: every call with the same path gives the same numbers,
 * so a model takes each stream once and keeps it. */
SimRng sim_stream(const Sim *sim, const char *path_format, ...) G_GNUC_PRINTF(2, 3);

/* Each table once per run.  The state lives in the arena. */
void *sim_attach(Sim *sim, const SimModelOps *ops);
/* The same with the model's own state, which should lie in the arena too. */
void sim_attach_state(Sim *sim, const SimModelOps *ops, void *state);
/* The state of an attached model; NULL when ops is not attached. */
void *sim_state(const Sim *sim, const SimModelOps *ops);
/* The run's number of the model's kind 0; the model's other kinds follow. */
uint16_t sim_kind_base(Sim *sim, const SimModelOps *ops);

/* An event of the model's kind (counted from 0 within the model), for sim_post or to hand on as
 * "then". */
SimEvent sim_event(Sim *sim, const SimModelOps *ops, uint16_t kind, uint32_t actor, uint64_t arg);
/* at must not lie in the past. */
SimEventId sim_post(Sim *sim, SimTime at, SimEvent event);
SimEventId sim_at(Sim *sim, SimTime at, const SimModelOps *ops, uint16_t kind, uint32_t actor,
                  uint64_t arg);
/* delay >= 0; a time beyond SIM_TIME_MAX is never reached. */
SimEventId sim_after(Sim *sim, SimTime delay, const SimModelOps *ops, uint16_t kind, uint32_t actor,
                     uint64_t arg);
/* False when the event was handled or cancelled already, or is being handled. */
bool sim_cancel(Sim *sim, SimEventId id);
bool sim_is_pending(const Sim *sim, SimEventId id);
/* The time of the next event; SIM_TIME_MAX when there is none. */
SimTime sim_next(const Sim *sim);

/* Handles every event due at or before until, then sets the clock to until. */
void sim_run(Sim *sim, SimTime until);
/* Ends sim_run after the event in hand, with the clock at that event; later calls of sim_run
 * return at once.  May be called from a signal handler. */
void sim_stop(Sim *sim);
bool sim_is_stopped(const Sim *sim);

/* Events handled so far. */
uint64_t sim_events(const Sim *sim);
uint32_t sim_pending(const Sim *sim);
uint64_t sim_digest(const Sim *sim);
/* Adds a model's counter to the digest. */
void sim_digest_mix(Sim *sim, uint64_t value);

/* The profile: kinds of all models in order of attachment. */
uint32_t sim_n_kinds(const Sim *sim);
const char *sim_kind_name(const Sim *sim, uint32_t kind);
uint64_t sim_kind_count(const Sim *sim, uint32_t kind);

/* Checks the queue and every model's invariants now. */
void sim_verify(const Sim *sim);

/* The whole run, to be restored into the same Sim any number of times. */
SimSnapshot *sim_snapshot(const Sim *sim);
void sim_restore(Sim *sim, const SimSnapshot *snapshot);
