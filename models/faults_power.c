#include "models/faults_parts.h"

static bool
is_dark(const Faults *faults, uint32_t location)
{
    for (uint32_t i = 0; i < faults->n; i++) {
        const TimelineSpec *entry = fault_entry(faults->world, i);
        const Force *force = &faults->forces[i];
        if (entry->verb == VERB_POWER_LOSS && force->is_on && force->level > 0 &&
            entry->location == location)
            return true;
    }
    return false;
}

static void
say(const Faults *faults, uint32_t service, const char *kind, const char *format, uint32_t *cause)
{
    const World *world = faults->world;
    const ServiceSpec *spec = world_service(world, service);
    uint32_t location = fault_location(faults, service);
    *cause = sim_journal_add(
        world->journal,
        &(SimJournalEntry){
            .at = sim_now(faults->sim), .cause = *cause, .kind = kind, .entity = spec->entity.name},
        "%s %s %s", spec->entity.name, format,
        SIM_ITEM(world->spec->locations, LocationSpec, location)->entity.name);
}

static void
set_dark(Faults *faults, uint32_t service, bool dark, uint32_t cause)
{
    Power *power = &faults->power[service];
    const ServiceSpec *spec = world_service(faults->world, service);
    if (power->is_dark == dark)
        return;
    power->is_dark = dark;
    power->cause = cause;
    levers_halt(faults->parts.levers, service, dark, cause);
    if (!dark)
        sim_cancel(faults->sim, power->failover);
    else if (!power->is_away && spec->failover.entity.is_given)
        power->failover = sim_after(faults->sim, sim_law_sample(&spec->failover.after, &power->rng),
                                    &faults_ops, FAULTS_FAILOVER, service, cause);
}

/* Away it has other servers, and other ways to it. */
static void
move(Faults *faults, uint32_t service, bool away, uint32_t cause)
{
    const ServiceSpec *spec = world_service(faults->world, service);
    faults->power[service].is_away = away;
    levers_capacity_set(faults->parts.levers, service, HAND_FAILOVER,
                        away ? spec->failover.capacity : 1, cause);
    fault_service_tell(faults, service, cause);
}

void
fault_power_tell(Faults *faults, uint32_t id, uint32_t cause)
{
    const World *world = faults->world;
    (void)id;
    for (uint32_t service = 0; service < world->n_services; service++) {
        const ServiceSpec *spec = world_service(world, service);
        if (spec->placement != PLACEMENT_CORE)
            continue;
        if (faults->power[service].is_away && !is_dark(faults, spec->location)) {
            move(faults, service, false, cause);
            say(faults, service, "failover.returns", "is served at home again, at", &cause);
        }
        set_dark(faults, service, is_dark(faults, fault_location(faults, service)), cause);
    }
}

void
fault_power_failover(Sim *sim, void *state, SimEvent event)
{
    Faults *faults = state;
    uint32_t service = event.actor, cause = (uint32_t)event.arg;
    const ServiceSpec *spec = world_service(faults->world, service);
    (void)sim;
    if (is_dark(faults, spec->failover.location))
        return;
    move(faults, service, true, cause);
    say(faults, service, "failover.serves", "is served at", &cause);
    set_dark(faults, service, false, cause);
}

/* Power is gone at once; generators that start bring it back after `over`. */
void
fault_power_begin(Faults *faults, uint32_t id, uint32_t cause)
{
    const TimelineSpec *entry = fault_entry(faults->world, id);
    bool starts = !sim_rng_chance(&faults->generator[id], entry->share);
    if (starts)
        faults->forces[id].step =
            sim_after(faults->sim, entry->over, &faults_ops, FAULTS_GENERATOR, id, cause);
}

void
fault_power_generator(Sim *sim, void *state, SimEvent event)
{
    Faults *faults = state;
    const World *world = faults->world;
    const LocationSpec *location =
        SIM_ITEM(world->spec->locations, LocationSpec, fault_entry(world, event.actor)->location);
    uint32_t cause = sim_journal_add(world->journal,
                                     &(SimJournalEntry){.at = sim_now(sim),
                                                        .cause = (uint32_t)event.arg,
                                                        .kind = "power.generators",
                                                        .entity = location->entity.name},
                                     "generators at %s carry the load", location->entity.name);
    fault_level_set(faults, event.actor, 0);
    fault_power_tell(faults, event.actor, cause);
}
