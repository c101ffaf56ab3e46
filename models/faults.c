#include "models/faults_parts.h"

#include <string.h>

enum { RAMP_STEPS = 20, DRAW_STRIDE = 16 };
static const SimTime ramp_step_min = 5 * SIM_SECOND;

static void on_step(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [FAULTS_STEP] = {"faults.step", on_step},
    [FAULTS_FAILOVER] = {"faults.failover", fault_power_failover},
    [FAULTS_GENERATOR] = {"faults.generator", fault_power_generator},
};
const SimModelOps faults_ops = {.name = "faults",
                                .state_size = sizeof(Faults),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

static void
verify(const Sim *sim, const void *state)
{
    const Faults *faults = state;
    for (uint32_t i = 0; i < faults->n; i++) {
        const Force *force = &faults->forces[i];
        SIM_ASSERT(force->level >= 0 && force->level <= 1);
        SIM_ASSERT(force->since <= sim_now(sim));
        SIM_ASSERT(force->is_on || !sim_is_pending(sim, force->step));
    }
}

/* kinds ------------------------------------------------------------------------------------- */

typedef void (*Tell)(Faults *faults, uint32_t entry, uint32_t cause);

static void
tell_halt(Faults *faults, uint32_t id, uint32_t cause)
{
    levers_halt(faults->parts.levers, fault_entry(faults->world, id)->service,
                faults->forces[id].is_on, cause);
}

static bool
is_held_down(const Faults *faults, uint32_t pop)
{
    for (uint32_t i = 0; i < faults->n; i++)
        if (fault_entry(faults->world, i)->verb == VERB_POP_DOWN && faults->forces[i].is_on &&
            faults->forces[i].pops[pop])
            return true;
    return false;
}

/* At the end only those go up that no other entry holds down. */
static void
tell_pops(Faults *faults, uint32_t id, uint32_t cause)
{
    Force *force = &faults->forces[id];
    const uint32_t *order = faults->world->pops_by_demand;
    uint32_t n = 0;
    for (uint32_t i = 0; i < faults->world->n_pops; i++) {
        uint32_t pop = order[i];
        if (!force->pops[pop] || (!force->is_on && is_held_down(faults, pop)))
            continue;
        force->touched += force->is_on && routing_is_up(faults->parts.routing, 0, pop);
        faults->scratch[n++] = pop;
    }
    routing_pops_set(faults->parts.routing, 0, faults->scratch, n, !force->is_on, cause);
}

static void
tell_purge(Faults *faults, uint32_t id, uint32_t cause)
{
    const World *world = faults->world;
    const TimelineSpec *entry = fault_entry(world, id);
    SIM_EACH(const uint32_t, site, entry->sites)
    world->ops->cache_keep(world->plane, SIM_NONE, *site, 1 - entry->share, cause);
}

static void
tell_kill(Faults *faults, uint32_t id, uint32_t cause)
{
    const World *world = faults->world;
    const TimelineSpec *entry = fault_entry(world, id);
    uint32_t n = faults_pops_select(faults, id, faults->scratch);
    uint32_t cohort =
        entry->cohort ? world_cohort_find(world, entry->service, entry->cohort) : SIM_NONE;
    faults->forces[id].touched +=
        processes_kill(faults->parts.processes, &(ProcessKill){.service = entry->service,
                                                               .cohort = cohort,
                                                               .pops = faults->scratch,
                                                               .n_pops = n,
                                                               .share = entry->share,
                                                               .cause = cause});
}

/* Absent: every monitor. */
static void
tell_blackout(Faults *faults, uint32_t id, uint32_t cause)
{
    const TimelineSpec *entry = fault_entry(faults->world, id);
    bool is_dark = faults->forces[id].is_on;
    if (entry->observers.n == 0)
        observers_blackout_set(faults->parts.observers, SIM_NONE, is_dark, cause);
    SIM_EACH(const uint32_t, observer, entry->observers)
    observers_blackout_set(faults->parts.observers, *observer, is_dark, cause);
}

static void
tell_page(Faults *faults, uint32_t id, uint32_t cause)
{
    status_page_set_down(faults->parts.status_page, faults->forces[id].is_on, cause);
}

/* What of it is told to the world, at each change. */
static const Tell tells[VERB_COUNT] = {
    [VERB_HALT] = tell_halt,
    [VERB_SURGE] = fault_demand_tell,
    [VERB_POP_DOWN] = tell_pops,
    [VERB_PURGE] = tell_purge,
    [VERB_KILL] = tell_kill,
    [VERB_SERVICE_FAILS] = fault_services_tell,
    [VERB_SERVICE_SLOW] = fault_services_tell,
    [VERB_BURN_CPU] = fault_services_tell,
    [VERB_LINK] = fault_ways_tell,
    [VERB_POWER_LOSS] = fault_power_tell,
    [VERB_CLOUD_OUTAGE] = fault_services_tell,
    [VERB_CERTIFICATE] = fault_sites_tell,
    [VERB_DNS_FAILURE] = fault_sites_tell,
    [VERB_DDOS] = fault_demand_tell,
    [VERB_ORIGIN_FAILS] = fault_origins_tell,
    [VERB_ORIGIN_SLOW] = fault_origins_tell,
    [VERB_CLOCK_SKEW] = fault_services_tell,
    [VERB_BLACKOUT] = tell_blackout,
    [VERB_QUOTA] = fault_services_tell,
    [VERB_STATUS_DOWN] = tell_page,
};

static bool
is_over_at_once(int verb)
{
    return verb == VERB_KILL || verb == VERB_PURGE;
}

/* Verbs that befall chosen PoPs from their begin to their end. */
static bool
has_pops(const TimelineSpec *entry)
{
    switch (entry->verb) {
    case VERB_POP_DOWN:
    case VERB_SERVICE_FAILS:
    case VERB_SERVICE_SLOW:
    case VERB_BURN_CPU:
    case VERB_CLOCK_SKEW:
        return true;
    case VERB_LINK:
        return entry->location == SIM_NONE;
    default:
        return false;
    }
}

/* attach ------------------------------------------------------------------------------------ */

static const char *
name_of(const TimelineSpec *entry)
{
    return entry->id ? entry->id : verb_names[entry->verb];
}

/* By name and number among its namesakes, so that a further entry moves no other's draws. */
static SimRng
stream_of(const Faults *faults, uint32_t id, const char *purpose)
{
    const char *name = name_of(fault_entry(faults->world, id));
    uint32_t namesakes = 0;
    for (uint32_t i = 0; i < id; i++)
        namesakes += strcmp(name_of(fault_entry(faults->world, i)), name) == 0;
    return sim_stream(faults->sim, "faults/%.100s/%u/%s", name, namesakes, purpose);
}

/* The effect that an entry has on services at the PoPs, and its consumers of it. */
static void
attach_effect(Faults *faults, uint32_t id)
{
    const World *world = faults->world;
    const TimelineSpec *entry = fault_entry(world, id);
    Force *force = &faults->forces[id];
    SimArena *arena = sim_arena(faults->sim);
    uint32_t n = entry->service != SIM_NONE ? 1 : entry->services.n;
    if (!has_pops(entry) || entry->verb == VERB_POP_DOWN || n == 0)
        return;
    force->effect = SIM_ARENA_NEW(arena, EffectSpec, 1);
    *force->effect = (EffectSpec){.burn_cpu = 1, .calls = 1};
    force->consumers = SIM_ARENA_NEW(arena, uint32_t, n);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t service = entry->service != SIM_NONE
                               ? entry->service
                               : *SIM_ITEM(entry->services, const uint32_t, k);
        force->consumers[k] = SIM_NONE;
        if (fault_is_at_pops(world, service))
            force->consumers[k] = processes_consumer_add(faults->parts.processes, service,
                                                         entry->cohort, force->effect);
    }
}

static void
attach_forces(Faults *faults)
{
    const World *world = faults->world;
    SimArena *arena = sim_arena(faults->sim);
    faults->n = world->spec->timeline.n;
    faults->forces = SIM_ARENA_NEW(arena, Force, faults->n);
    faults->generator = SIM_ARENA_NEW(arena, SimRng, faults->n);
    for (uint32_t i = 0; i < faults->n; i++) {
        Force *force = &faults->forces[i];
        const TimelineSpec *entry = fault_entry(world, i);
        force->deed = SIM_NONE;
        force->pops_draw = stream_of(faults, i, "pops");
        faults->generator[i] = stream_of(faults, i, "generators");
        if (verb_is_fault(entry->verb) && has_pops(entry))
            force->pops = SIM_ARENA_NEW(arena, uint8_t, world->n_pops);
        if (verb_is_fault(entry->verb))
            attach_effect(faults, i);
    }
}

static void
attach_services(Faults *faults)
{
    const World *world = faults->world;
    SimArena *arena = sim_arena(faults->sim);
    faults->power = SIM_ARENA_NEW(arena, Power, world->n_services);
    faults->when_killed = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    for (uint32_t service = 0; service < world->n_services; service++) {
        const ServiceSpec *spec = world_service(world, service);
        faults->power[service].rng =
            sim_stream(faults->sim, "faults/failover/%.100s", spec->entity.name);
        faults->when_killed[service] = SIM_NONE;
        if (spec->when_killed.entity.is_given && fault_is_at_pops(world, service))
            faults->when_killed[service] = processes_consumer_add(
                faults->parts.processes, world->host[service], NULL, &spec->when_killed);
    }
}

/* Sites that attack are silent until somebody makes them. */
static void
silence_attacks(Faults *faults)
{
    for (uint32_t site = 0; site < faults->world->n_sites; site++)
        if (world_site(faults->world, site)->attack.entity.is_given)
            levers_demand_set(faults->parts.levers, site, 0, SIM_NONE);
}

Faults *
faults_attach(Sim *sim, const World *world, const FaultParts *parts)
{
    SimArena *arena = sim_arena(sim);
    Faults *faults = sim_attach(sim, &faults_ops);
    faults->sim = sim;
    faults->world = world;
    faults->parts = *parts;
    faults->scratch = SIM_ARENA_NEW(arena, uint32_t, world->n_pops);
    faults->candidates = SIM_ARENA_NEW(arena, uint32_t, world->n_pops);
    faults->pop_keys = SIM_ARENA_NEW(arena, uint64_t, world->n_pops);
    for (uint32_t pop = 0; pop < world->n_pops; pop++)
        faults->pop_keys[pop] = sim_stream(sim, "faults/pop/%s", world->geo->pops.code[pop]).key;
    attach_forces(faults);
    attach_services(faults);
    silence_attacks(faults);
    return faults;
}

/* PoPs -------------------------------------------------------------------------------------- */

bool
fault_selects(const PopSelector *selector)
{
    return selector->region || selector->country || selector->code || selector->busiest > 0 ||
           selector->count > 0;
}

/* Those with the least of numbers that belong to the draw and the PoP. */
static uint32_t
draw_pops(const Faults *faults, uint64_t draw, uint32_t count, uint32_t *pops, uint32_t n)
{
    uint32_t kept = 0;
    memcpy(faults->candidates, pops, n * sizeof *pops);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t own = sim_mix64(draw ^ faults->pop_keys[faults->candidates[i]]);
        uint32_t before = 0;
        for (uint32_t k = 0; k < n && before < count; k++)
            before += sim_mix64(draw ^ faults->pop_keys[faults->candidates[k]]) < own;
        if (before < count)
            pops[kept++] = faults->candidates[i];
    }
    return kept;
}

uint32_t
faults_pops_select(Faults *faults, uint32_t id, uint32_t *ret)
{
    const TimelineSpec *entry = fault_entry(faults->world, id);
    uint32_t n = world_select_pops(faults->world, &entry->pops, ret);
    if (entry->pops.count <= 0 || n <= entry->pops.count)
        return n;
    Force *force = &faults->forces[id];
    force->pops_draw.counter = force->times++ * DRAW_STRIDE;
    return draw_pops(faults, sim_rng_u64(&force->pops_draw), (uint32_t)entry->pops.count, ret, n);
}

void
faults_pops_release(Faults *faults, const uint32_t *pops, uint32_t n_pops)
{
    for (uint32_t i = 0; i < faults->n; i++)
        for (uint32_t k = 0; k < n_pops && fault_entry(faults->world, i)->verb == VERB_POP_DOWN;
             k++)
            faults->forces[i].pops[pops[k]] = 0;
}

static void
choose_pops(Faults *faults, uint32_t id)
{
    Force *force = &faults->forces[id];
    if (!force->pops)
        return;
    uint32_t n = faults_pops_select(faults, id, faults->scratch);
    memset(force->pops, 0, faults->world->n_pops);
    for (uint32_t i = 0; i < n; i++)
        force->pops[faults->scratch[i]] = 1;
}

/* in force ---------------------------------------------------------------------------------- */

/* The last spell of a full list takes the rest, with the latest strength. */
static void
end_spell(Force *force, SimTime now)
{
    if (!force->is_on || now == force->level_since)
        return;
    if (force->n_spells < FAULT_SPELLS_MAX)
        force->n_spells++;
    else
        force->level_since = force->spells[FAULT_SPELLS_MAX - 1].from;
    force->spells[force->n_spells - 1] = (Spell){force->level_since, now, force->level};
}

void
fault_level_set(Faults *faults, uint32_t id, double level)
{
    Force *force = &faults->forces[id];
    SimTime now = sim_now(faults->sim);
    end_spell(force, now);
    force->level = level;
    force->level_since = now;
}

/* What it has in the middle of the step that begins now; the next step, if there is one. */
static void
step(Faults *faults, uint32_t id)
{
    Force *force = &faults->forces[id];
    SimTime ramp = fault_entry(faults->world, id)->ramp;
    SimTime risen = sim_now(faults->sim) - force->since;
    SimTime width = MIN(MAX(ramp / RAMP_STEPS, ramp_step_min), MAX(0, ramp - risen));
    if (width == 0) {
        fault_level_set(faults, id, 1);
        return;
    }
    fault_level_set(faults, id, (double)(risen + width / 2) / (double)ramp);
    force->step = sim_after(faults->sim, width, &faults_ops, FAULTS_STEP, id, 0);
}

static void
on_step(Sim *sim, void *state, SimEvent event)
{
    Faults *faults = state;
    (void)sim;
    step(faults, event.actor);
    tells[fault_entry(faults->world, event.actor)->verb](faults, event.actor,
                                                         faults->forces[event.actor].deed);
}

static void
leave(Faults *faults, uint32_t id, uint32_t cause)
{
    Force *force = &faults->forces[id];
    fault_level_set(faults, id, 0);
    sim_cancel(faults->sim, force->step);
    force->is_on = false;
    tells[fault_entry(faults->world, id)->verb](faults, id, cause);
}

/* Over as soon as it has happened: a spell without length. */
static void
strike(Faults *faults, uint32_t id, uint32_t cause)
{
    Force *force = &faults->forces[id];
    SimTime now = sim_now(faults->sim);
    force->since = now;
    if (force->n_spells < FAULT_SPELLS_MAX)
        force->spells[force->n_spells++] = (Spell){now, now, 1};
    tells[fault_entry(faults->world, id)->verb](faults, id, cause);
}

void
faults_begin(Faults *faults, uint32_t id, uint32_t cause)
{
    const TimelineSpec *entry = fault_entry(faults->world, id);
    Force *force = &faults->forces[id];
    SIM_ASSERT(tells[entry->verb]);
    force->has_happened = true;
    if (is_over_at_once(entry->verb)) {
        strike(faults, id, cause);
        return;
    }
    if (force->is_on)
        leave(faults, id, cause);
    choose_pops(faults, id);
    force->deed = cause;
    force->since = sim_now(faults->sim);
    step(faults, id);
    force->is_on = true;
    if (entry->verb == VERB_POWER_LOSS)
        fault_power_begin(faults, id, cause);
    tells[entry->verb](faults, id, cause);
}

bool
faults_have_end(const TimelineSpec *entry)
{
    return !is_over_at_once(entry->verb) && entry->lasting > 0;
}

void
faults_end(Faults *faults, uint32_t id, uint32_t done, uint32_t cause)
{
    if (faults->forces[id].is_on && faults->forces[id].deed == done)
        leave(faults, id, cause);
}

void
faults_service_killed(Faults *faults, uint32_t service, bool is_killed, uint32_t cause)
{
    uint32_t consumer = faults->when_killed[service];
    for (uint32_t pop = 0; consumer != SIM_NONE && pop < faults->world->n_pops; pop++)
        processes_effect_set(faults->parts.processes, consumer, pop, is_killed, cause);
}
