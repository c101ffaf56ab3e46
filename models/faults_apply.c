#include "models/faults_parts.h"

static const double demand_max = 1e6;

static double
either(double p, double q)
{
    return 1 - (1 - p) * (1 - q);
}

bool
fault_is_at_pops(const World *world, uint32_t service)
{
    return world_service(world, service)->placement == PLACEMENT_POP;
}

uint32_t
fault_location(const Faults *faults, uint32_t service)
{
    const ServiceSpec *spec = world_service(faults->world, service);
    return faults->power[service].is_away ? spec->failover.location : spec->location;
}

bool
fault_befalls(const Faults *faults, const TimelineSpec *entry, uint32_t service)
{
    if (entry->service == service || fault_lists(&entry->services, service))
        return true;
    if (entry->location == SIM_NONE || fault_location(faults, service) != entry->location)
        return false;
    return entry->verb != VERB_CLOUD_OUTAGE ||
           world_service(faults->world, service)->placement == PLACEMENT_EXTERNAL;
}

/* With latency and without a share, a link loses nothing. */
static double
lost_share(const TimelineSpec *entry)
{
    return entry->latency > 0 && entry->share >= 1 ? 0 : entry->share;
}

/* by = 0: not given. */
static double
factor_at(double by, double level)
{
    return by > 0 ? 1 + (by - 1) * level : 1;
}

/* central services -------------------------------------------------------------------------- */

typedef struct Blow { /* an entry in force, and whom it befalls */
    const World *world;
    const TimelineSpec *entry;
    double level;
    uint32_t service;
} Blow;

typedef void (*Impair)(const Blow *blow, Impairment *to);

static void
impair_fails(const Blow *blow, Impairment *to)
{
    if (blow->entry->hosts > 0)
        to->bad_hosts = either(to->bad_hosts, blow->entry->hosts * blow->level);
    else
        to->errors = either(to->errors, blow->entry->share * blow->level);
}

static void
impair_slow(const Blow *blow, Impairment *to)
{
    to->slow *= factor_at(blow->entry->by, blow->level);
    to->delay += sim_seconds(blow->entry->latency) * blow->level;
}

static void
impair_link(const Blow *blow, Impairment *to)
{
    to->lost = either(to->lost, lost_share(blow->entry) * blow->level);
    to->delay += sim_seconds(blow->entry->latency) * blow->level;
}

static void
impair_cloud(const Blow *blow, Impairment *to)
{
    to->errors = either(to->errors, blow->entry->share * blow->level);
}

static void
impair_certificate(const Blow *blow, Impairment *to)
{
    if (blow->level > 0)
        to->errors = 1;
}

static bool
is_beyond(const World *world, const TimelineSpec *entry, double level, uint32_t service)
{
    SimTime tolerance = world_service(world, service)->clock_tolerance;
    return tolerance > 0 && (double)entry->skew * level > (double)tolerance;
}

static void
impair_clock(const Blow *blow, Impairment *to)
{
    if (is_beyond(blow->world, blow->entry, blow->level, blow->service))
        to->errors = 1;
}

static void
impair_quota(const Blow *blow, Impairment *to)
{
    if (to->quota_per_s < 0 || blow->entry->to_rate < to->quota_per_s)
        to->quota_per_s = blow->entry->to_rate;
}

static const Impair impairs[VERB_COUNT] = {
    [VERB_SERVICE_FAILS] = impair_fails,
    [VERB_SERVICE_SLOW] = impair_slow,
    [VERB_LINK] = impair_link,
    [VERB_CLOUD_OUTAGE] = impair_cloud,
    [VERB_CERTIFICATE] = impair_certificate,
    [VERB_CLOCK_SKEW] = impair_clock,
    [VERB_QUOTA] = impair_quota,
};

/* The cause is the entry that began last; after the last of them, the end. */
void
fault_service_tell(Faults *faults, uint32_t service, uint32_t cause)
{
    const World *world = faults->world;
    Impairment impairment = IMPAIRMENT_NONE;
    SimTime latest = -1;
    impairment.cause = cause;
    for (uint32_t i = 0; i < faults->n; i++) {
        const Force *force = &faults->forces[i];
        const TimelineSpec *entry = fault_entry(world, i);
        if (!force->is_on || !impairs[entry->verb] || !fault_befalls(faults, entry, service))
            continue;
        const Blow blow = {world, entry, force->level, service};
        impairs[entry->verb](&blow, &impairment);
        if (force->since >= latest) {
            latest = force->since;
            impairment.cause = force->deed;
        }
    }
    world->ops->impair_set(world->plane, service, &impairment);
}

/* services at the PoPs ---------------------------------------------------------------------- */

typedef void (*Affect)(const TimelineSpec *entry, double level, EffectSpec *to);

static void
affect_fails(const TimelineSpec *entry, double level, EffectSpec *to)
{
    to->errors = entry->share * level;
}

static void
affect_slow(const TimelineSpec *entry, double level, EffectSpec *to)
{
    to->slow = (SimTime)((double)entry->latency * level);
}

static void
affect_burn(const TimelineSpec *entry, double level, EffectSpec *to)
{
    to->burn_cpu = factor_at(entry->by, level);
}

static void
affect_clock(const TimelineSpec *entry, double level, EffectSpec *to)
{
    (void)entry;
    to->errors = level > 0;
}

static const Affect affects[VERB_COUNT] = {
    [VERB_SERVICE_FAILS] = affect_fails,
    [VERB_SERVICE_SLOW] = affect_slow,
    [VERB_BURN_CPU] = affect_burn,
    [VERB_CLOCK_SKEW] = affect_clock,
};

static void
affect_service(Faults *faults, uint32_t id, uint32_t consumer, uint32_t service, uint32_t cause)
{
    const World *world = faults->world;
    const Force *force = &faults->forces[id];
    const TimelineSpec *entry = fault_entry(world, id);
    bool is_in = force->is_on &&
                 (entry->verb != VERB_CLOCK_SKEW || is_beyond(world, entry, force->level, service));
    affects[entry->verb](entry, force->level, force->effect);
    for (uint32_t pop = 0; pop < world->n_pops; pop++)
        processes_effect_set(faults->parts.processes, consumer, pop, is_in && force->pops[pop],
                             is_in ? force->deed : cause);
}

/* The k-th service that an entry names; SIM_NONE after the last. */
static uint32_t
named_service(const TimelineSpec *entry, uint32_t k)
{
    if (entry->service != SIM_NONE)
        return k == 0 ? entry->service : SIM_NONE;
    return k < entry->services.n ? *SIM_ITEM(entry->services, const uint32_t, k) : SIM_NONE;
}

void
fault_services_tell(Faults *faults, uint32_t id, uint32_t cause)
{
    const World *world = faults->world;
    const TimelineSpec *entry = fault_entry(world, id);
    for (uint32_t service = 0; service < world->n_services; service++)
        if (!fault_is_at_pops(world, service) && fault_befalls(faults, entry, service))
            fault_service_tell(faults, service, cause);
    for (uint32_t k = 0; named_service(entry, k) != SIM_NONE && faults->forces[id].effect; k++)
        if (faults->forces[id].consumers[k] != SIM_NONE)
            affect_service(faults, id, faults->forces[id].consumers[k], named_service(entry, k),
                           cause);
}

/* ways, origins, demand --------------------------------------------------------------------- */

/* Adds what the entries of one verb do to attempts of a site, or to those that enter at a PoP. */
static EntryFault
entry_fault(const Faults *faults, int verb, uint32_t site, uint32_t pop, uint32_t cause)
{
    static const uint8_t outcomes[VERB_COUNT] = {[VERB_CERTIFICATE] = OUTCOME_TLS,
                                                 [VERB_DNS_FAILURE] = OUTCOME_SERVFAIL,
                                                 [VERB_LINK] = OUTCOME_TIMEOUT};
    EntryFault fault = {.outcome = outcomes[verb], .cause = cause};
    SimTime latest = -1;
    for (uint32_t i = 0; i < faults->n; i++) {
        const Force *force = &faults->forces[i];
        const TimelineSpec *entry = fault_entry(faults->world, i);
        if (!force->is_on || entry->verb != verb || entry->location != SIM_NONE)
            continue;
        if (pop != SIM_NONE ? !force->pops[pop] : !fault_lists(&entry->sites, site))
            continue;
        double share = verb == VERB_LINK ? lost_share(entry) : entry->share;
        fault.share = either(fault.share, share * force->level);
        fault.delay += sim_seconds(entry->latency) * force->level;
        if (force->since >= latest) {
            latest = force->since;
            fault.cause = force->deed;
        }
    }
    return fault;
}

void
fault_sites_tell(Faults *faults, uint32_t id, uint32_t cause)
{
    const World *world = faults->world;
    const TimelineSpec *entry = fault_entry(world, id);
    SIM_EACH(const uint32_t, site, entry->sites)
    {
        EntryFault fault = entry_fault(faults, entry->verb, *site, SIM_NONE, cause);
        world->ops->entry_set(world->plane, *site, SIM_NONE, &fault);
    }
    if (entry->services.n > 0)
        fault_services_tell(faults, id, cause);
}

void
fault_ways_tell(Faults *faults, uint32_t id, uint32_t cause)
{
    const World *world = faults->world;
    const TimelineSpec *entry = fault_entry(world, id);
    if (entry->location != SIM_NONE) {
        fault_services_tell(faults, id, cause);
        return;
    }
    for (uint32_t pop = 0; pop < world->n_pops; pop++)
        if (faults->forces[id].pops[pop]) {
            EntryFault fault = entry_fault(faults, VERB_LINK, SIM_NONE, pop, cause);
            world->ops->entry_set(world->plane, SIM_NONE, pop, &fault);
        }
}

void
fault_origins_tell(Faults *faults, uint32_t id, uint32_t cause)
{
    const World *world = faults->world;
    SIM_EACH(const uint32_t, site, fault_entry(world, id)->sites)
    {
        OriginFault fault = {.cause = cause};
        SimTime latest = -1;
        for (uint32_t i = 0; i < faults->n; i++) {
            const Force *force = &faults->forces[i];
            const TimelineSpec *entry = fault_entry(world, i);
            bool fails = entry->verb == VERB_ORIGIN_FAILS, slows = entry->verb == VERB_ORIGIN_SLOW;
            if (!force->is_on || !(fails || slows) || !fault_lists(&entry->sites, *site))
                continue;
            if (fails)
                fault.errors = either(fault.errors, entry->share * force->level);
            fault.delay += sim_seconds(entry->latency) * force->level;
            if (force->since >= latest) {
                latest = force->since;
                fault.cause = force->deed;
            }
        }
        world->ops->origin_set(world->plane, *site, &fault);
    }
}

/* Surges multiply; of a site that attacks, attacks add. */
void
fault_demand_tell(Faults *faults, uint32_t id, uint32_t cause)
{
    const World *world = faults->world;
    SIM_EACH(const uint32_t, site, fault_entry(world, id)->sites)
    {
        bool attacks = world_site(world, *site)->attack.entity.is_given;
        double factor = attacks ? 0 : 1;
        for (uint32_t i = 0; i < faults->n; i++) {
            const Force *force = &faults->forces[i];
            const TimelineSpec *entry = fault_entry(world, i);
            if (!force->is_on || !fault_lists(&entry->sites, *site))
                continue;
            if (entry->verb == VERB_DDOS)
                factor = MIN(factor + (entry->by > 0 ? entry->by : 1) * force->level, demand_max);
            if (entry->verb == VERB_SURGE)
                factor = CLAMP(factor * entry->by, 1 / demand_max, demand_max);
        }
        levers_demand_set(faults->parts.levers, *site, factor, cause);
    }
}
