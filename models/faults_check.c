#include "models/faults_parts.h"

static const char *
verb_of(const TimelineSpec *entry)
{
    return verb_names[entry->verb];
}

void
faults_check_pops(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    g_autofree uint32_t *pops = g_new(uint32_t, MAX(1, world->n_pops));
    const PopSelector *selector = &entry->pops;
    uint32_t n = world_select_pops(world, selector, pops);
    if (selector->region && geo_region_find(selector->region) == SIM_NONE)
        sim_messages_error(messages, entry->entity.mark, "no region is called '%s'",
                           selector->region);
    else if (n == 0)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' matches no PoP: expected a region, country or code of the network",
                           verb_of(entry));
    else if (selector->count > n)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' is to draw %" G_GINT64_FORMAT " PoPs of %u: expected at most "
                           "these",
                           verb_of(entry), selector->count, n);
}

void
faults_check_cohort(const World *world, const TimelineSpec *entry, uint32_t service,
                    SimMessages *messages)
{
    if (entry->cohort && world_cohort_find(world, service, entry->cohort) == SIM_NONE)
        sim_messages_error(messages, entry->entity.mark, "service '%s' has no cohort '%s'",
                           world_service(world, service)->entity.name, entry->cohort);
}

void
faults_check_processes(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    faults_check_pops(world, entry, messages);
    faults_check_cohort(world, entry, entry->service, messages);
    if (!fault_is_at_pops(world, entry->service))
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' needs a service at the PoPs, and '%s' is not: expected one with "
                           "placement: pop",
                           verb_of(entry), world_service(world, entry->service)->entity.name);
}

/* What chooses PoPs or cohorts has nothing to choose from at a central service. */
static void
check_whole(const World *world, const TimelineSpec *entry, uint32_t service, SimMessages *messages)
{
    if (fault_selects(&entry->pops) || entry->cohort)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' chooses PoPs or a cohort, and service '%s' is not at the PoPs: "
                           "expected neither",
                           verb_of(entry), world_service(world, service)->entity.name);
}

static void
check_central(const World *world, const TimelineSpec *entry, uint32_t service,
              SimMessages *messages)
{
    if (fault_is_at_pops(world, service))
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' needs a central service, and '%s' is at the PoPs: expected one "
                           "with placement: core or external",
                           verb_of(entry), world_service(world, service)->entity.name);
}

static void
check_fails(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    const ServiceSpec *service = world_service(world, entry->service);
    if (fault_is_at_pops(world, entry->service))
        faults_check_processes(world, entry, messages);
    else
        check_whole(world, entry, entry->service, messages);
    if (entry->hosts > 0 && !(service->station.hosts > 0))
        sim_messages_error(messages, entry->entity.mark,
                           "service '%s' does not tell its hosts apart: expected one with station: "
                           "{hosts: …}",
                           service->entity.name);
    if (entry->hosts > 0 && entry->share < 1)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' has both hosts and share: all calls to bad hosts fail; expected "
                           "one of them",
                           verb_of(entry));
}

static void
check_slow(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    bool is_at_pops = fault_is_at_pops(world, entry->service);
    if (entry->by <= 0 && entry->latency == 0)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' does not say how slow: expected by: or latency:", verb_of(entry));
    if (is_at_pops && entry->by > 0)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' of a service at the PoPs takes latency:, and not by: what costs "
                           "more CPU is `burn-cpu`",
                           verb_of(entry));
    if (is_at_pops)
        faults_check_processes(world, entry, messages);
    else
        check_whole(world, entry, entry->service, messages);
}

static void
check_burn(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    faults_check_processes(world, entry, messages);
    if (entry->by < 1)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' multiplies with less than one: expected by: of at least 1x",
                           verb_of(entry));
}

/* A location without such services has nothing to lose. */
static void
check_location(const World *world, const TimelineSpec *entry, bool core, bool external,
               SimMessages *messages)
{
    for (uint32_t i = 0; i < world->n_services; i++) {
        const ServiceSpec *service = world_service(world, i);
        bool counts = (core && service->placement == PLACEMENT_CORE) ||
                      (external && service->placement == PLACEMENT_EXTERNAL);
        bool goes_there = core && service->failover.entity.is_given &&
                          service->failover.location == entry->location;
        if (counts && (service->location == entry->location || goes_there))
            return;
    }
    sim_messages_error(
        messages, entry->entity.mark, "'%s': no %s service is at '%s'", verb_of(entry),
        core && external ? "central"
        : core           ? "core"
                         : "external",
        SIM_ITEM(world->spec->locations, LocationSpec, entry->location)->entity.name);
}

static void
check_link(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    bool has_location = entry->location != SIM_NONE;
    if (has_location)
        check_location(world, entry, true, true, messages);
    else
        faults_check_pops(world, entry, messages);
    if (has_location && fault_selects(&entry->pops))
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' has both a location and PoPs: expected one of them",
                           verb_of(entry));
}

static void
check_power(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    check_location(world, entry, true, false, messages);
    if (entry->over > 0 && entry->share >= 1)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' says when generators carry the load, and that none starts: "
                           "expected share:, the chance that they do not, below 100%%",
                           verb_of(entry));
}

static void
check_cloud(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    check_location(world, entry, false, true, messages);
}

static void
check_certificate(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    if (entry->sites.n + entry->services.n == 0)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' does not say whose: expected sites: or services:", verb_of(entry));
    SIM_EACH(const uint32_t, service, entry->services)
    check_central(world, entry, *service, messages);
}

static void
check_attack(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    bool wants = entry->verb == VERB_DDOS;
    SIM_EACH(const uint32_t, site, entry->sites)
    if (world_site(world, *site)->attack.entity.is_given != wants)
        sim_messages_error(messages, entry->entity.mark,
                           wants ? "site '%s' is nobody's attack: expected one with attack:"
                                 : "site '%s' is an attack: expected people's, or `ddos`",
                           world_site(world, *site)->entity.name);
}

static void
check_clock(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    SIM_EACH(const uint32_t, service, entry->services)
    {
        const ServiceSpec *spec = world_service(world, *service);
        if (spec->clock_tolerance == 0)
            sim_messages_error(messages, entry->entity.mark,
                               "service '%s' does not care what time it is: expected one with "
                               "clock_tolerance:",
                               spec->entity.name);
        else if (spec->clock_tolerance >= entry->skew)
            sim_messages_warning(messages, entry->entity.mark,
                                 "service '%s' tolerates such a skew: nothing will fail",
                                 spec->entity.name);
        if (fault_is_at_pops(world, *service))
            faults_check_pops(world, entry, messages);
        else
            check_whole(world, entry, *service, messages);
    }
}

static void
check_quota(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    check_central(world, entry, entry->service, messages);
}

static void
check_blackout(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    bool watches = entry->observers.n > 0;
    SIM_EACH(const ObserverSpec, observer, world->spec->observers)
    watches |= observer_is_monitor(observer->kind);
    if (!watches)
        sim_messages_error(messages, entry->entity.mark,
                           "'%s' takes figures from all monitors, and there is none: expected "
                           "observers:",
                           verb_of(entry));
}

typedef void (*Check)(const World *world, const TimelineSpec *entry, SimMessages *messages);

static const Check checks[VERB_COUNT] = {
    [VERB_SURGE] = check_attack,
    [VERB_POP_DOWN] = faults_check_pops,
    [VERB_KILL] = faults_check_processes,
    [VERB_SERVICE_FAILS] = check_fails,
    [VERB_SERVICE_SLOW] = check_slow,
    [VERB_BURN_CPU] = check_burn,
    [VERB_LINK] = check_link,
    [VERB_POWER_LOSS] = check_power,
    [VERB_CLOUD_OUTAGE] = check_cloud,
    [VERB_CERTIFICATE] = check_certificate,
    [VERB_DDOS] = check_attack,
    [VERB_CLOCK_SKEW] = check_clock,
    [VERB_BLACKOUT] = check_blackout,
    [VERB_QUOTA] = check_quota,
};

bool
faults_check(const World *world, const TimelineSpec *entry, SimMessages *messages)
{
    uint32_t before = sim_messages_errors(messages);
    if (checks[entry->verb])
        checks[entry->verb](world, entry, messages);
    return sim_messages_errors(messages) == before;
}
