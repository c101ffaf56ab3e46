#include "models/deed.h"

#include "models/faults.h"
#include "models/version.h"
#include "sim/quantity.h"

#include <string.h>

struct Deeds {
    Sim *sim;
    const World *world;
    DeedParts parts;
    Faults *faults;
    Restarts *restarts;
    uint32_t *limits;  /* [site] journal id of the limit that counts; SIM_NONE: none */
    bool *is_switched; /* [service] whose failures mean what the scenario does not say */
    uint32_t *pops;    /* scratch for selectors */
};

enum { KILL, POST };
static const SimTime post_again = SIM_MINUTE;

static void on_kill(Sim *sim, void *state, SimEvent event);
static void on_post(Sim *sim, void *state, SimEvent event);

static const SimKind kinds[] = {[KILL] = {"deed.kill", on_kill}, [POST] = {"deed.post", on_post}};
static const SimModelOps ops = {
    .name = "deed", .state_size = sizeof(Deeds), .kinds = kinds, .n_kinds = G_N_ELEMENTS(kinds)};

static const TimelineSpec *
entry_at(const World *world, uint32_t entry)
{
    SIM_ASSERT(entry < world->spec->timeline.n);
    return SIM_ITEM(world->spec->timeline, TimelineSpec, entry);
}

/* checks ------------------------------------------------------------------------------------ */

typedef void (*Check)(const World *world, const TimelineSpec *entry, SimMessages *messages);

/* A central service is restarted as a whole. */
static void
check_restart(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    const ServiceSpec *service = world_service(world, entry->service);
    const PopSelector *pops = &entry->pops;
    bool is_part = entry->cohort || entry->concurrency || entry->pace || entry->success < 1 ||
                   pops->region || pops->country || pops->code || pops->busiest || pops->count;
    if (service->placement == PLACEMENT_POP)
        faults_check_processes(world, entry, messages);
    else if (is_part)
        sim_messages_error(messages, entry->entity.mark,
                           "service '%s' is not at the PoPs and restarts as a whole: expected "
                           "nothing but the service",
                           service->entity.name);
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
            faults_check_cohort(world, entry, spec->front.service, messages);
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
check_kill_switch(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    SIM_EACH(uint32_t, service, entry->services)
    {
        const ServiceSpec *spec = world_service(world, *service);
        if (spec->when_killed.entity.is_given && spec->placement != PLACEMENT_POP)
            sim_messages_error(messages, spec->when_killed.entity.mark,
                               "'when_killed' of service '%s', which is not at the PoPs: expected "
                               "one with placement: pop",
                               spec->entity.name);
        if (spec->when_killed.reject || spec->when_killed.withdraw)
            sim_messages_error(messages, spec->when_killed.entity.mark,
                               "'when_killed' of service '%s' takes neither reject nor withdraw: "
                               "there is no version to refuse",
                               spec->entity.name);
    }
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

static uint32_t
id_of(const Deeds *deeds, const TimelineSpec *entry)
{
    return (uint32_t)(entry - (const TimelineSpec *)deeds->world->spec->timeline.items);
}

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
    const World *world = deeds->world;
    if (world_service(world, entry->service)->placement != PLACEMENT_POP) {
        world->ops->station_drop(world->plane, entry->service, cause);
        return;
    }
    uint32_t n = faults_pops_select(deeds->faults, id_of(deeds, entry), deeds->pops);
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
kill_service(Deeds *deeds, uint32_t service, uint32_t cause)
{
    const World *world = deeds->world;
    world->ops->kill_switch_set(world->plane, service, true, cause);
    faults_service_killed(deeds->faults, service, true, cause);
}

static void
kill_switch(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    SIM_EACH(uint32_t, service, entry->services)
    kill_service(deeds, *service, cause);
}

/* A rollout's gate has tripped. */
static void
on_kill(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    kill_service(state, event.actor, (uint32_t)event.arg);
}

static void
set_failure(Deeds *deeds, const TimelineSpec *entry, int on_failure, uint32_t cause)
{
    const World *world = deeds->world;
    SIM_EACH(uint32_t, service, entry->services)
    {
        bool is_news = on_failure != NEED_AS_WRITTEN || deeds->is_switched[*service];
        deeds->is_switched[*service] = on_failure != NEED_AS_WRITTEN;
        if (is_news)
            world->ops->need_set(world->plane, *service, on_failure, cause);
    }
}

static void
fail_open(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    set_failure(deeds, entry, NEED_OPEN, cause);
}

static void
fail_closed(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    set_failure(deeds, entry, NEED_FAIL, cause);
}

static void
restore(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    const World *world = deeds->world;
    SIM_EACH(uint32_t, service, entry->services)
    {
        world->ops->kill_switch_set(world->plane, *service, false, cause);
        faults_service_killed(deeds->faults, *service, false, cause);
    }
    set_failure(deeds, entry, NEED_AS_WRITTEN, cause);
}

static void
scale(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    levers_capacity_set(deeds->parts.levers, entry->service, HAND_SCALE, entry->by, cause);
}

static void
limit(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    deeds->limits[entry->site] = cause;
    levers_limit_set(deeds->parts.levers, entry->site, entry->to_rate, cause);
}

static void
end_limit(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    deeds->limits[entry->site] = SIM_NONE;
    levers_limit_set(deeds->parts.levers, entry->site, -1, cause);
}

static void
pop_up(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    uint32_t n = faults_pops_select(deeds->faults, id_of(deeds, entry), deeds->pops);
    faults_pops_release(deeds->faults, deeds->pops, n);
    routing_pops_set(deeds->parts.routing, 0, deeds->pops, n, true, cause);
}

/* A word that nobody can read is tried again. */
static void
on_post(Sim *sim, void *state, SimEvent event)
{
    Deeds *deeds = state;
    const World *world = deeds->world;
    uint32_t cause = (uint32_t)event.arg;
    if (deeds->parts.status_page && !status_page_is_up(deeds->parts.status_page)) {
        sim_after(sim, post_again, &ops, POST, event.actor, event.arg);
        return;
    }
    const SimJournalEntry *deed = sim_journal_get(world->journal, cause);
    sim_journal_add(
        world->journal,
        &(SimJournalEntry){
            .at = sim_now(sim), .cause = cause, .kind = "team.posts", .entity = deed->entity},
        "the status page says: %s", entry_at(world, event.actor)->text);
}

static void
post(Deeds *deeds, const TimelineSpec *entry, uint32_t cause)
{
    sim_after(deeds->sim, 0, &ops, POST, id_of(deeds, entry), cause);
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
    [VERB_RESTART] = {check_restart, restart, NULL},
    [VERB_SWITCH_FALLBACK] = {check_fronts, switch_fallback, NULL},
    [VERB_SWITCH_BACK] = {check_fronts, switch_back, NULL},
    [VERB_KILL_SWITCH] = {check_kill_switch, kill_switch, NULL},
    [VERB_POST] = {NULL, post, NULL},
    [VERB_RESTORE] = {NULL, restore, NULL},
    [VERB_SCALE] = {NULL, scale, NULL},
    [VERB_LIMIT] = {NULL, limit, end_limit},
    [VERB_POP_UP] = {faults_check_pops, pop_up, NULL},
    [VERB_FAIL_OPEN] = {NULL, fail_open, NULL},
    [VERB_FAIL_CLOSED] = {NULL, fail_closed, NULL},
};

bool
deed_check(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    uint32_t before = sim_messages_errors(messages);
    if (verb_is_fault(entry->verb))
        return faults_check(world, entry, messages);
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
    deeds->faults = faults_attach(sim, world,
                                  &(FaultParts){.levers = parts->levers,
                                                .processes = parts->processes,
                                                .routing = parts->routing,
                                                .observers = parts->observers,
                                                .status_page = parts->status_page});
    config_on_kill(parts->configs, sim_event(sim, &ops, KILL, 0, 0));
    deeds->restarts = restart_attach(sim, world, parts->processes);
    deeds->limits = SIM_ARENA_NEW(arena, uint32_t, world->n_sites);
    deeds->is_switched = SIM_ARENA_NEW(arena, bool, world->n_services);
    deeds->pops = SIM_ARENA_NEW(arena, uint32_t, world->n_pops);
    for (uint32_t site = 0; site < world->n_sites; site++)
        deeds->limits[site] = SIM_NONE;
    return deeds;
}

void
deed_do(Deeds *deeds, uint32_t id, uint32_t cause)
{
    const TimelineSpec *entry = entry_at(deeds->world, id);
    if (verb_is_fault(entry->verb))
        faults_begin(deeds->faults, id, cause);
    else if (rows[entry->verb].act)
        rows[entry->verb].act(deeds, entry, cause);
}

bool
deed_has_end(const TimelineSpec *entry)
{
    if (verb_is_fault(entry->verb))
        return faults_have_end(entry);
    return rows[entry->verb].end && entry->lasting > 0;
}

void
deed_undo(Deeds *deeds, uint32_t id, uint32_t done, uint32_t cause)
{
    const TimelineSpec *entry = entry_at(deeds->world, id);
    SIM_ASSERT(deed_has_end(entry));
    bool is_overtaken = entry->verb == VERB_LIMIT && deeds->limits[entry->site] != done;
    if (verb_is_fault(entry->verb))
        faults_end(deeds->faults, id, done, cause);
    else if (!is_overtaken)
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
