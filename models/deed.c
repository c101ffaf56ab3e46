#include "models/deed.h"

#include "models/plane.h"
#include "models/version.h"
#include "sim/quantity.h"

#include <string.h>

static const double surge_max = 1e6;

typedef struct Limit {
    double rate;   /* < 0: none */
    uint32_t deed; /* that set it */
} Limit;

struct Deeds {
    Sim *sim;
    const World *world;
    DeedParts parts;
    Restarts *restarts;
    uint32_t *surging; /* [entry] its surges that have not ended */
    uint32_t *halts;   /* [service] */
    uint32_t *downs;   /* [pop] pop-downs that have not ended */
    Limit *limits;     /* [site] */
    uint32_t *pops;    /* scratch for selectors */
};

static const SimModelOps ops = {.name = "deed", .state_size = sizeof(Deeds)};

static const TimelineSpec *
entry_at(const World *world, uint32_t entry)
{
    SIM_ASSERT(entry < world->spec->timeline.n);
    return SIM_ITEM(world->spec->timeline, TimelineSpec, entry);
}

/* checks ------------------------------------------------------------------------------------ */

typedef void (*Check)(const World *world, const TimelineSpec *entry, SimMessages *messages);

static void
check_pops(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    g_autofree uint32_t *pops = g_new(uint32_t, MAX(1, world->n_pops));
    const PopSelector *selector = &entry->pops;
    if (selector->region && geo_region_find(selector->region) == SIM_NONE)
        sim_messages_error(messages, entry->entity.mark, "no region is called '%s'",
                           selector->region);
    else if (world_select_pops(world, selector, pops) == 0)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' matches no PoP: expected a region, country or code of the network",
                           verb_names[entry->verb]);
}

/* A cohort of a service, or of the edge service before it. */
static void
check_cohort(const World *world, const TimelineSpec *entry, uint32_t service, SimMessages *messages)
{
    if (entry->cohort && world_cohort_find(world, service, entry->cohort) == SIM_NONE)
        sim_messages_error(messages, entry->entity.mark, "service '%s' has no cohort '%s'",
                           world_service(world, service)->entity.name, entry->cohort);
}

static void
check_processes(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    const ServiceSpec *service = world_service(world, entry->service);
    check_pops(world, entry, messages);
    check_cohort(world, entry, entry->service, messages);
    if (service->placement != PLACEMENT_POP)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' needs a service at the PoPs, and '%s' is not: expected one with "
                           "placement: pop",
                           verb_names[entry->verb], service->entity.name);
}

static void
check_fronts(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    SIM_EACH(uint32_t, service, entry->services)
    {
        const ServiceSpec *spec = world_service(world, *service);
        if (spec->front.service == SIM_NONE || !spec->front.entity.is_given)
            sim_messages_error(messages, entry->entity.mark,
                               "service '%s' has no front: expected services that are reached "
                               "through the edge",
                               spec->entity.name);
        else
            check_cohort(world, entry, spec->front.service, messages);
    }
}

static void
check_push(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    version_check(world_config(world, entry->config), entry->properties, messages);
}

static void
check_generator(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    const ConfigSpec *config = world_config(world, entry->config);
    if (config->generator.every == 0)
        sim_messages_error(messages, entry->entity.mark,
                           "config '%s' has no generator: expected one with generator: {every: …}",
                           config->entity.name);
}

static void
check_confirm(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    const ConfigSpec *config = world_config(world, entry->config);
    if (config->rollout.commit_confirm == 0)
        sim_messages_error(messages, entry->entity.mark,
                           "config '%s' waits for no confirmation: expected one with rollout: "
                           "{commit_confirm: …}",
                           config->entity.name);
}

/* doing ------------------------------------------------------------------------------------- */

typedef void (*Act)(Deeds *deeds, const TimelineSpec *entry, uint32_t cause);

static void
migrate(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    cluster_migrate(deeds->parts.clusters, &(ClusterMigration){.cluster = entry->cluster,
                                                               .from = entry->from,
                                                               .to = entry->to,
                                                               .over = entry->over,
                                                               .cause = cause});
}

static void
push(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    config_push(deeds->parts.configs, entry->config, entry->properties, cause);
}

static void
stop_generator(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    config_generator_set(deeds->parts.configs, entry->config, false, cause);
}

static void
start_generator(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    config_generator_set(deeds->parts.configs, entry->config, true, cause);
}

static void
push_known_good(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    config_push_known_good(deeds->parts.configs, entry->config, cause);
}

static void
confirm(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    config_confirm(deeds->parts.configs, entry->config, cause);
}

static uint32_t
cohort_of(const Deeds *deeds, const TimelineSpec *entry, uint32_t service)
{
    return entry->cohort ? world_cohort_find(deeds->world, service, entry->cohort) : SIM_NONE;
}

static void
restart(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    uint32_t n = world_select_pops(deeds->world, &entry->pops, deeds->pops);
    restart_begin(deeds->restarts,
                  &(RestartCampaign){.service = entry->service,
                                     .cohort = cohort_of(deeds, entry, entry->service),
                                     .pops = deeds->pops,
                                     .n_pops = n,
                                     .concurrency = (uint32_t)entry->concurrency,
                                     .pace = entry->pace,
                                     .success = entry->success,
                                     .cause = cause});
}

static void
kill_processes(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    uint32_t n = world_select_pops(deeds->world, &entry->pops, deeds->pops);
    processes_kill(deeds->parts.processes,
                   &(ProcessKill){.service = entry->service,
                                  .cohort = cohort_of(deeds, entry, entry->service),
                                  .pops = deeds->pops,
                                  .n_pops = n,
                                  .share = entry->share,
                                  .cause = cause});
}

static void
switch_fallback(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    const World *world = deeds->world;
    SIM_EACH(uint32_t, service, entry->services)
    {
        uint32_t edge = world_service(world, *service)->front.service;
        world->ops->front_set(world->plane, *service, cohort_of(deeds, entry, edge), cause);
    }
}

static void
switch_back(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    const World *world = deeds->world;
    SIM_EACH(uint32_t, service, entry->services)
    world->ops->front_set(world->plane, *service, SIM_NONE, cause);
}

static void
set_killed(const Deeds *deeds, const TimelineSpec *entry, bool killed, uint32_t cause)
{
    const World *world = deeds->world;
    SIM_EACH(uint32_t, service, entry->services)
    world->ops->kill_switch_set(world->plane, *service, killed, cause);
}

static void
kill_switch(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    set_killed(deeds, entry, true, cause);
}

static void
restore(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    set_killed(deeds, entry, false, cause);
}

static void
scale(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    const World *world = deeds->world;
    world->ops->capacity_set(world->plane, entry->service, entry->by, cause);
}

static void
halt(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    const World *world = deeds->world;
    if (deeds->halts[entry->service]++ == 0)
        world->ops->halt_set(world->plane, entry->service, true, cause);
}

static void
end_halt(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    const World *world = deeds->world;
    SIM_ASSERT(deeds->halts[entry->service] > 0);
    if (--deeds->halts[entry->service] == 0)
        world->ops->halt_set(world->plane, entry->service, false, cause);
}

static bool
has_site(const TimelineSpec *entry, uint32_t site)
{
    SIM_EACH(uint32_t, listed, entry->sites)
    if (*listed == site)
        return true;
    return false;
}

/* Tells the plane what is asked of a site now: all surges under way, and the limit. */
static void
set_demand(const Deeds *deeds, uint32_t site, uint32_t cause)
{
    const World *world = deeds->world;
    double factor = 1;
    for (uint32_t i = 0; i < world->spec->timeline.n; i++) {
        const TimelineSpec *entry = entry_at(world, i);
        for (uint32_t k = 0; k < deeds->surging[i] && has_site(entry, site); k++)
            factor = CLAMP(factor * entry->by, 1 / surge_max, surge_max);
    }
    world->ops->demand_set(world->plane, site, factor, deeds->limits[site].rate, cause);
}

static void
set_surge(Deeds *deeds, const TimelineSpec *entry, int change, uint32_t cause)
{
    uint32_t id = (uint32_t)(entry - (const TimelineSpec *)deeds->world->spec->timeline.items);
    deeds->surging[id] += (uint32_t)change;
    SIM_EACH(uint32_t, site, entry->sites)
    set_demand(deeds, *site, cause);
}

static void
surge(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    set_surge(deeds, entry, 1, cause);
}

static void
end_surge(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    set_surge(deeds, entry, -1, cause);
}

static void
limit(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    deeds->limits[entry->site] = (Limit){.rate = entry->to_rate, .deed = cause};
    set_demand(deeds, entry->site, cause);
}

static void
end_limit(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    deeds->limits[entry->site] = (Limit){.rate = -1, .deed = SIM_NONE};
    set_demand(deeds, entry->site, cause);
}

static void
pop_down(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    uint32_t n = world_select_pops(deeds->world, &entry->pops, deeds->pops);
    for (uint32_t i = 0; i < n; i++)
        deeds->downs[deeds->pops[i]]++;
    routing_pops_set(deeds->parts.routing, 0, deeds->pops, n, false, cause);
}

/* Those that no other entry holds down; pop-up has ended all before it. */
static void
end_pop_down(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    uint32_t n = world_select_pops(deeds->world, &entry->pops, deeds->pops), free = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t pop = deeds->pops[i];
        deeds->downs[pop] -= deeds->downs[pop] > 0;
        if (deeds->downs[pop] == 0)
            deeds->pops[free++] = pop;
    }
    routing_pops_set(deeds->parts.routing, 0, deeds->pops, free, true, cause);
}

static void
pop_up(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    uint32_t n = world_select_pops(deeds->world, &entry->pops, deeds->pops);
    for (uint32_t i = 0; i < n; i++)
        deeds->downs[deeds->pops[i]] = 0;
    routing_pops_set(deeds->parts.routing, 0, deeds->pops, n, true, cause);
}

static void
purge(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    const World *world = deeds->world;
    SIM_EACH(uint32_t, site, entry->sites)
    world->ops->cache_keep(world->plane, SIM_NONE, *site, 1 - entry->share, cause);
}

/* the verbs --------------------------------------------------------------------------------- */

typedef struct Row {
    Check check; /* beyond what spec_events.c checks; NULL: nothing */
    Act act;     /* NULL: the journal entry is all */
    Act end;     /* NULL: no end */
} Row;

static const Row rows[VERB_COUNT] = {
    [VERB_NOTE] = {NULL, NULL, NULL},
    [VERB_MIGRATE] = {NULL, migrate, NULL},
    [VERB_PUSH] = {check_push, push, NULL},
    [VERB_STOP_GENERATOR] = {check_generator, stop_generator, NULL},
    [VERB_START_GENERATOR] = {check_generator, start_generator, NULL},
    [VERB_PUSH_KNOWN_GOOD] = {NULL, push_known_good, NULL},
    [VERB_CONFIRM] = {check_confirm, confirm, NULL},
    [VERB_RESTART] = {check_processes, restart, NULL},
    [VERB_SWITCH_FALLBACK] = {check_fronts, switch_fallback, NULL},
    [VERB_SWITCH_BACK] = {check_fronts, switch_back, NULL},
    [VERB_KILL_SWITCH] = {NULL, kill_switch, NULL},
    [VERB_RESTORE] = {NULL, restore, NULL},
    [VERB_SCALE] = {NULL, scale, NULL},
    [VERB_HALT] = {NULL, halt, end_halt},
    [VERB_LIMIT] = {NULL, limit, end_limit},
    [VERB_SURGE] = {NULL, surge, end_surge},
    [VERB_POP_DOWN] = {check_pops, pop_down, end_pop_down},
    [VERB_POP_UP] = {check_pops, pop_up, NULL},
    [VERB_PURGE] = {NULL, purge, NULL},
    [VERB_KILL] = {check_processes, kill_processes, NULL},
};

bool
deed_check(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    uint32_t before = sim_messages_errors(messages);
    if (rows[entry->verb].check)
        rows[entry->verb].check(world, entry, messages);
    return sim_messages_errors(messages) == before;
}

Deeds *
deed_attach(Sim *sim, const World *world, const DeedParts *parts)
{
    SimArena *arena = sim_arena(sim);
    Deeds *deeds = sim_attach(sim, &ops);
    deeds->sim = sim;
    deeds->world = world;
    deeds->parts = *parts;
    deeds->restarts = restart_attach(sim, world, parts->processes);
    deeds->surging = SIM_ARENA_NEW(arena, uint32_t, world->spec->timeline.n);
    deeds->halts = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    deeds->downs = SIM_ARENA_NEW(arena, uint32_t, world->n_pops);
    deeds->limits = SIM_ARENA_NEW(arena, Limit, world->n_sites);
    deeds->pops = SIM_ARENA_NEW(arena, uint32_t, world->n_pops);
    for (uint32_t site = 0; site < world->n_sites; site++)
        deeds->limits[site] = (Limit){.rate = -1, .deed = SIM_NONE};
    return deeds;
}

void
deed_do(Deeds *deeds, uint32_t id, uint32_t cause)
{
    const TimelineSpec *entry = entry_at(deeds->world, id);
    if (rows[entry->verb].act)
        rows[entry->verb].act(deeds, entry, cause);
}

bool
deed_has_end(const TimelineSpec *entry)
{
    return rows[entry->verb].end && entry->lasting > 0;
}

void
deed_undo(Deeds *deeds, uint32_t id, uint32_t done, uint32_t cause)
{
    const TimelineSpec *entry = entry_at(deeds->world, id);
    SIM_ASSERT(deed_has_end(entry));
    bool is_overtaken = entry->verb == VERB_LIMIT && deeds->limits[entry->site].deed != done;
    if (!is_overtaken)
        rows[entry->verb].end(deeds, entry, cause);
}

/* words ------------------------------------------------------------------------------------- */

static void
append(char *buffer, size_t size, const char *word)
{
    if (word && *buffer)
        g_strlcat(buffer, " ", size);
    if (word)
        g_strlcat(buffer, word, size);
}

static void
append_amount(const TimelineSpec *entry, char *buffer, size_t size)
{
    char amount[64];
    if (entry->verb == VERB_SCALE || entry->verb == VERB_SURGE)
        append(buffer, size, sim_quantity_format_factor(amount, sizeof amount, entry->by));
    if (entry->verb == VERB_LIMIT)
        append(buffer, size, sim_quantity_format_rate(amount, sizeof amount, entry->to_rate));
    if (entry->verb == VERB_KILL || entry->verb == VERB_PURGE)
        append(buffer, size, sim_quantity_format_share(amount, sizeof amount, entry->share));
    if (entry->verb == VERB_MIGRATE)
        append(buffer, size, sim_quantity_format_share(amount, sizeof amount, entry->to));
}

char *
deed_describe(const World *world, const TimelineSpec *entry, char *buffer, size_t size)
{
    const Spec *spec = world->spec;
    buffer[0] = 0;
    append(buffer, size, verb_names[entry->verb]);
    if (entry->config != SIM_NONE)
        append(buffer, size, world_config(world, entry->config)->entity.name);
    if (entry->cluster != SIM_NONE)
        append(buffer, size, SIM_ITEM(spec->clusters, ClusterSpec, entry->cluster)->entity.name);
    if (entry->service != SIM_NONE)
        append(buffer, size, world_service(world, entry->service)->entity.name);
    if (entry->site != SIM_NONE)
        append(buffer, size, world_site(world, entry->site)->entity.name);
    SIM_EACH(uint32_t, service, entry->services)
    append(buffer, size, world_service(world, *service)->entity.name);
    SIM_EACH(uint32_t, site, entry->sites)
    append(buffer, size, world_site(world, *site)->entity.name);
    append(buffer, size, entry->cohort);
    append(buffer, size, entry->pops.region);
    append(buffer, size, entry->pops.country);
    append(buffer, size, entry->pops.code);
    append_amount(entry, buffer, size);
    return buffer;
}
