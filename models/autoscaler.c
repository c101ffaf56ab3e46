#include "models/autoscaler.h"

#include <math.h>

static const double tolerance = 1e-3; /* of a server */

typedef struct Scaler {
    uint32_t service;
    const AutoscaleSpec *spec;
    const char *metric, *entity;
    double servers;          /* of the scenario */
    double serving, ordered; /* factors on these: that serve; with those under way */
    double needed_most;      /* since fewer are enough */
    SimTime fewer_since;     /* -1: they are not */
    uint32_t under_way;
    SimRng rng;
} Scaler;

struct Autoscaler {
    Sim *sim;
    const World *world;
    AutoscalerParts parts;
    Scaler *scalers;
    uint32_t n;
};

enum { LOOK, SERVE };
static void on_look(Sim *sim, void *state, SimEvent event);
static void on_serve(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [LOOK] = {"autoscaler.look", on_look},
    [SERVE] = {"autoscaler.serve", on_serve},
};
static const SimModelOps ops = {.name = "autoscaler",
                                .state_size = sizeof(Autoscaler),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

static void
verify(const Sim *sim, const void *state)
{
    const Autoscaler *autoscaler = state;
    for (uint32_t i = 0; i < autoscaler->n; i++) {
        const Scaler *scaler = &autoscaler->scalers[i];
        SIM_ASSERT(scaler->fewer_since <= sim_now(sim));
        SIM_ASSERT(scaler->serving >= 1 - 1e-9);
        SIM_ASSERT(scaler->ordered >= scaler->serving - 1e-9);
        SIM_ASSERT(scaler->ordered <= scaler->spec->most + 1e-9);
        SIM_ASSERT(scaler->under_way > 0 || fabs(scaler->ordered - scaler->serving) < 1e-9);
    }
}

static void
init_scaler(Autoscaler *autoscaler, Scaler *scaler, uint32_t service)
{
    const ServiceSpec *spec = world_service(autoscaler->world, service);
    const char *name = spec->entity.name;
    SimArena *arena = sim_arena(autoscaler->sim);
    g_autofree char *metric = g_strdup_printf("service.%s.utilisation", name);
    g_autofree char *entity = g_strdup_printf("scaling/%s", name);
    *scaler = (Scaler){.service = service,
                       .spec = &spec->station.autoscale,
                       .metric = sim_arena_strdup(arena, metric),
                       .entity = sim_arena_strdup(arena, entity),
                       .servers = spec->station.servers,
                       .serving = 1,
                       .ordered = 1,
                       .fewer_since = -1,
                       .rng = sim_stream(autoscaler->sim, "autoscaler/%.100s", name)};
}

Autoscaler *
autoscaler_attach(Sim *sim, const World *world, const AutoscalerParts *parts)
{
    uint32_t n = 0;
    for (uint32_t service = 0; service < world->n_services; service++)
        n += world_service(world, service)->station.autoscale.target > 0;
    if (n == 0)
        return NULL;
    Autoscaler *autoscaler = sim_attach(sim, &ops);
    *autoscaler = (Autoscaler){.sim = sim, .world = world, .parts = *parts};
    autoscaler->scalers = SIM_ARENA_NEW(sim_arena(sim), Scaler, n);
    for (uint32_t service = 0; service < world->n_services; service++) {
        const AutoscaleSpec *spec = &world_service(world, service)->station.autoscale;
        if (!(spec->target > 0))
            continue;
        init_scaler(autoscaler, &autoscaler->scalers[autoscaler->n], service);
        sim_at(sim, spec->every, &ops, LOOK, autoscaler->n++, 0);
    }
    return autoscaler;
}

/* Servers that the factor means now, with what other hands make of them. */
static double
servers_of(const Autoscaler *autoscaler, const Scaler *scaler)
{
    const Levers *levers = autoscaler->parts.levers;
    return scaler->servers * levers_capacity(levers, scaler->service, HAND_SCALE) *
           levers_capacity(levers, scaler->service, HAND_FAILOVER);
}

static void
set_serving(Autoscaler *autoscaler, Scaler *scaler, double factor, uint32_t cause)
{
    const World *world = autoscaler->world;
    scaler->serving = factor;
    uint32_t entry =
        sim_journal_add(world->journal,
                        &(SimJournalEntry){.at = sim_now(autoscaler->sim),
                                           .cause = cause,
                                           .kind = "scaling.serves",
                                           .entity = scaler->entity},
                        "%s has %.4g servers", world_service(world, scaler->service)->entity.name,
                        factor * servers_of(autoscaler, scaler));
    levers_capacity_set(autoscaler->parts.levers, scaler->service, HAND_AUTOSCALER, factor, entry);
}

static uint32_t
say_decision(const Autoscaler *autoscaler, const Scaler *scaler, double used)
{
    const World *world = autoscaler->world;
    return sim_journal_add(world->journal,
                           &(SimJournalEntry){.at = sim_now(autoscaler->sim),
                                              .cause = SIM_NONE,
                                              .kind = "scaling.decides",
                                              .entity = scaler->entity},
                           "%s is %.0f %% busy: %.4g servers are to serve",
                           world_service(world, scaler->service)->entity.name, used * 100,
                           scaler->ordered * servers_of(autoscaler, scaler));
}

/* What an event carries: factor and journal entry. */
typedef union Order {
    struct {
        float factor;
        uint32_t entry;
    } of;
    uint64_t arg;
} Order;

static void
order(Autoscaler *autoscaler, uint32_t id, double factor, double used)
{
    Scaler *scaler = &autoscaler->scalers[id];
    Order more = {.of = {.factor = (float)(factor - scaler->ordered)}};
    scaler->ordered = MIN(scaler->ordered + more.of.factor, scaler->spec->most);
    scaler->under_way++;
    more.of.entry = say_decision(autoscaler, scaler, used);
    sim_after(autoscaler->sim, sim_law_sample(&scaler->spec->delay, &scaler->rng), &ops, SERVE, id,
              more.arg);
}

static void
on_serve(Sim *sim, void *state, SimEvent event)
{
    Autoscaler *autoscaler = state;
    Scaler *scaler = &autoscaler->scalers[event.actor];
    const Order more = {.arg = event.arg};
    (void)sim;
    scaler->under_way--;
    double factor = scaler->under_way == 0 ? scaler->ordered
                                           : MIN(scaler->serving + more.of.factor, scaler->ordered);
    set_serving(autoscaler, scaler, factor, more.of.entry);
}

/* Fewer have been enough for long: those go that nobody needed since. */
static void
let_go(Autoscaler *autoscaler, Scaler *scaler, double used)
{
    scaler->ordered = scaler->needed_most;
    scaler->fewer_since = -1;
    set_serving(autoscaler, scaler, scaler->ordered, say_decision(autoscaler, scaler, used));
}

/* The factor that utilisation asks for. */
static double
needed(const Autoscaler *autoscaler, const Scaler *scaler, double used)
{
    double servers = servers_of(autoscaler, scaler);
    double n = ceil(used * scaler->serving * servers / scaler->spec->target - tolerance);
    return CLAMP(n / servers, 1, scaler->spec->most);
}

static void
decide(Autoscaler *autoscaler, uint32_t id, double used)
{
    Scaler *scaler = &autoscaler->scalers[id];
    SimTime now = sim_now(autoscaler->sim);
    double factor = needed(autoscaler, scaler, used);
    double step = tolerance / servers_of(autoscaler, scaler);
    bool is_fewer = factor < scaler->ordered - step && scaler->under_way == 0;
    if (!is_fewer)
        scaler->fewer_since = -1;
    if (factor > scaler->ordered + step)
        order(autoscaler, id, factor, used);
    if (!is_fewer)
        return;
    bool begins = scaler->fewer_since < 0;
    scaler->needed_most = begins ? factor : MAX(scaler->needed_most, factor);
    scaler->fewer_since = begins ? now : scaler->fewer_since;
    if (now - scaler->fewer_since >= scaler->spec->calm)
        let_go(autoscaler, scaler, used);
}

static void
on_look(Sim *sim, void *state, SimEvent event)
{
    Autoscaler *autoscaler = state;
    const Scaler *scaler = &autoscaler->scalers[event.actor];
    double used = autoscaler->parts.read_metric(autoscaler->parts.context, scaler->metric,
                                                scaler->spec->every);
    if (!isnan(used))
        decide(autoscaler, event.actor, used);
    sim_after(sim, scaler->spec->every, &ops, LOOK, event.actor, 0);
}
