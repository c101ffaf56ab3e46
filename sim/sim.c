#include "sim/sim.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define RECENT 8 /* events kept for the report of a failure; a power of two */
#define PATH_MAX_LENGTH 256

typedef struct Kind {
    const SimKind *kind;
    void *state;
    uint64_t name_hash;
    uint64_t count;
} Kind;

typedef struct Model {
    const SimModelOps *ops;
    void *state;
    uint16_t kind_base;
} Model;

typedef struct Happened {
    SimTime at;
    SimEvent event;
} Happened;

struct Sim {
    SimArena *arena;
    SimQueue *queue;
    SimTime now;
    uint64_t digest;
    uint64_t n_events;
    volatile int is_stopped;
    bool is_handling; /* recent[(n_events - 1) % RECENT] is in hand */
    Happened recent[RECENT];

    uint32_t n_kinds;
    uint32_t n_models;
    Kind kinds[SIM_KINDS_MAX];
    Model models[SIM_MODELS_MAX];

    uint64_t seed;
    uint32_t replication;
    const char *scenario;
    SimAssertContext context;
};

static SimTime
report_now(const void *run)
{
    return ((const Sim *)run)->now;
}

static void
report_events(const void *run, GString *message)
{
    const Sim *sim = run;
    uint64_t n = MIN(sim->n_events, (uint64_t)RECENT);
    for (uint64_t i = sim->n_events; i-- > sim->n_events - n;) {
        const Happened *happened = &sim->recent[i % RECENT];
        bool in_hand = sim->is_handling && i == sim->n_events - 1;
        g_string_append_printf(message, "  %s %s actor %" PRIu32 " arg %" PRIu64 " at %.9f s\n",
                               in_hand ? "handling    " : "earlier     ",
                               sim_kind_name(sim, happened->event.kind), happened->event.actor,
                               happened->event.arg, sim_seconds(happened->at));
    }
}

Sim *
sim_new(const SimOptions *options)
{
    SimArena *arena = sim_arena_new(options->reserve);
    Sim *sim = SIM_ARENA_NEW(arena, Sim, 1);
    sim->arena = arena;
    sim->queue = sim_queue_new(arena, 0);
    sim->seed = options->seed;
    sim->replication = options->replication;
    sim->scenario = sim_arena_strdup(arena, options->scenario ? options->scenario : "(unnamed)");
    sim->digest = sim_mix64(options->seed ^ sim_mix64(options->replication + UINT64_C(1)));
    sim->context = (SimAssertContext){
        .scenario = sim->scenario,
        .seed = options->seed,
        .replication = options->replication,
        .repeat = sim_arena_strdup(arena, options->repeat),
        .run = sim,
        .now = report_now,
        .describe = report_events,
    };
    sim_assert_context_set(&sim->context);
    return sim;
}

void
sim_free(Sim *sim)
{
    if (!sim)
        return;
    sim_assert_context_drop(&sim->context);
    sim_arena_free(sim->arena);
}

SimArena *
sim_arena(Sim *sim)
{
    return sim->arena;
}

SimTime
sim_now(const Sim *sim)
{
    return sim->now;
}

uint64_t
sim_seed(const Sim *sim)
{
    return sim->seed;
}

uint32_t
sim_replication(const Sim *sim)
{
    return sim->replication;
}

const char *
sim_scenario(const Sim *sim)
{
    return sim->scenario;
}

SimRng
sim_stream(const Sim *sim, const char *path_format, ...)
{
    char path[PATH_MAX_LENGTH];
    va_list arguments;
    va_start(arguments, path_format);
    int length = vsnprintf(path, sizeof path, path_format, arguments);
    va_end(arguments);
    SIM_ASSERT(length >= 0 && length < PATH_MAX_LENGTH);
    return sim_rng_named(sim->seed, sim->replication, path);
}

static const Model *
find_model(const Sim *sim, const SimModelOps *ops)
{
    for (uint32_t i = 0; i < sim->n_models; i++)
        if (sim->models[i].ops == ops)
            return &sim->models[i];
    return NULL;
}

void
sim_attach_state(Sim *sim, const SimModelOps *ops, void *state)
{
    SIM_ASSERT(!find_model(sim, ops));
    SIM_ASSERT(sim->n_models < SIM_MODELS_MAX);
    SIM_ASSERT(ops->n_kinds <= SIM_KINDS_MAX - sim->n_kinds);
    sim->models[sim->n_models++] = (Model){ops, state, (uint16_t)sim->n_kinds};
    for (uint32_t i = 0; i < ops->n_kinds; i++)
        sim->kinds[sim->n_kinds++] = (Kind){
            .kind = &ops->kinds[i],
            .state = state,
            .name_hash = sim_hash_text(ops->kinds[i].name),
        };
}

void *
sim_attach(Sim *sim, const SimModelOps *ops)
{
    void *state = sim_arena_alloc(sim->arena, 1, ops->state_size);
    sim_attach_state(sim, ops, state);
    return state;
}

void *
sim_state(const Sim *sim, const SimModelOps *ops)
{
    const Model *model = find_model(sim, ops);
    return model ? model->state : NULL;
}

uint16_t
sim_kind_base(Sim *sim, const SimModelOps *ops)
{
    const Model *model = find_model(sim, ops);
    SIM_ASSERT(model);
    return model->kind_base;
}

SimEvent
sim_event(Sim *sim, const SimModelOps *ops, uint16_t kind, uint32_t actor, uint64_t arg)
{
    SIM_ASSERT(kind < ops->n_kinds);
    return (SimEvent){
        .kind = (uint16_t)(sim_kind_base(sim, ops) + kind),
        .actor = actor,
        .arg = arg,
    };
}

SimEventId
sim_post(Sim *sim, SimTime at, SimEvent event)
{
    SIM_ASSERT(at >= sim->now);
    SIM_ASSERT(event.kind < sim->n_kinds);
    return sim_queue_push(sim->queue, at, event);
}

SimEventId
sim_at(Sim *sim, SimTime at, const SimModelOps *ops, uint16_t kind, uint32_t actor, uint64_t arg)
{
    return sim_post(sim, at, sim_event(sim, ops, kind, actor, arg));
}

SimEventId
sim_after(Sim *sim, SimTime delay, const SimModelOps *ops, uint16_t kind, uint32_t actor,
          uint64_t arg)
{
    return sim_at(sim, sim_time_add(sim->now, delay), ops, kind, actor, arg);
}

bool
sim_cancel(Sim *sim, SimEventId id)
{
    return sim_queue_cancel(sim->queue, id);
}

bool
sim_is_pending(const Sim *sim, SimEventId id)
{
    return sim_queue_is_pending(sim->queue, id);
}

SimTime
sim_next(const Sim *sim)
{
    SimTime at;
    return sim_queue_peek(sim->queue, &at) ? at : SIM_TIME_MAX;
}

static inline uint64_t
digest_step(uint64_t digest, uint64_t value)
{
    digest = (digest ^ value) * UINT64_C(0x9fb21c651e98df25);
    return digest ^ (digest >> 29);
}

static void
handle(Sim *sim, SimTime at, SimEvent event)
{
    Kind *kind = &sim->kinds[event.kind];
    sim->now = at;
    sim->recent[sim->n_events++ % RECENT] = (Happened){at, event};
    kind->count++;
    sim->digest =
        digest_step(sim->digest, (uint64_t)at * UINT64_C(0x9e3779b97f4a7c15) + event.actor);
    sim->digest = digest_step(sim->digest, event.arg + kind->name_hash);
    sim->is_handling = true;
    kind->kind->handle(sim, kind->state, event);
    sim->is_handling = false;
    SIM_VERIFY(sim_verify(sim));
}

void
sim_run(Sim *sim, SimTime until)
{
    SimTime at;
    SimEvent event;
    SIM_ASSERT(until >= sim->now);
    SIM_ASSERT(!sim->is_handling);
    sim_assert_context_set(&sim->context);
    while (!sim->is_stopped && sim_queue_pop(sim->queue, until, &at, &event))
        handle(sim, at, event);
    if (!sim->is_stopped)
        sim->now = until;
}

void
sim_stop(Sim *sim)
{
    sim->is_stopped = 1;
}

bool
sim_is_stopped(const Sim *sim)
{
    return sim->is_stopped;
}

uint64_t
sim_events(const Sim *sim)
{
    return sim->n_events;
}

uint32_t
sim_pending(const Sim *sim)
{
    return sim_queue_size(sim->queue);
}

uint64_t
sim_digest(const Sim *sim)
{
    return sim_mix64(sim->digest);
}

void
sim_digest_mix(Sim *sim, uint64_t value)
{
    sim->digest = digest_step(sim->digest, value);
}

uint32_t
sim_n_kinds(const Sim *sim)
{
    return sim->n_kinds;
}

const char *
sim_kind_name(const Sim *sim, uint32_t kind)
{
    SIM_ASSERT(kind < sim->n_kinds);
    return sim->kinds[kind].kind->name;
}

uint64_t
sim_kind_count(const Sim *sim, uint32_t kind)
{
    SIM_ASSERT(kind < sim->n_kinds);
    return sim->kinds[kind].count;
}

void
sim_verify(const Sim *sim)
{
    sim_queue_verify(sim->queue);
    for (uint32_t i = 0; i < sim->n_models; i++)
        if (sim->models[i].ops->verify)
            sim->models[i].ops->verify(sim, sim->models[i].state);
}

SimSnapshot *
sim_snapshot(const Sim *sim)
{
    SIM_ASSERT(!sim->is_handling);
    return sim_arena_snapshot(sim->arena);
}

void
sim_restore(Sim *sim, const SimSnapshot *snapshot)
{
    SIM_ASSERT(!sim->is_handling);
    sim_arena_restore(sim->arena, snapshot);
}
