#include "models/world.h"

#include <math.h>
#include <string.h>

/* Ways from a service down its needs: what a request's plan walks. */
enum { WAYS_MAX = 10000 };

const ServiceSpec *
world_service(const World *world, uint32_t service)
{
    SIM_ASSERT(service < world->n_services);
    return SIM_ITEM(world->spec->services, const ServiceSpec, service);
}

const SiteSpec *
world_site(const World *world, uint32_t site)
{
    SIM_ASSERT(site < world->n_sites);
    return SIM_ITEM(world->spec->sites, const SiteSpec, site);
}

const ConfigSpec *
world_config(const World *world, uint32_t config)
{
    SIM_ASSERT(config < world->n_configs);
    return SIM_ITEM(world->spec->configs, const ConfigSpec, config);
}

static const SimList *
host_cohorts(const World *world, uint32_t service)
{
    return &world_service(world, world->host[service])->cohorts;
}

const char *
world_cohort_name(const World *world, uint32_t service, uint32_t cohort)
{
    const SimList *cohorts = host_cohorts(world, service);
    SIM_ASSERT(cohort < world->n_cohorts[service]);
    return cohorts->n ? SIM_ITEM(*cohorts, const CohortSpec, cohort)->entity.name : "";
}

double
world_cohort_share(const World *world, uint32_t service, uint32_t cohort)
{
    const SimList *cohorts = host_cohorts(world, service);
    SIM_ASSERT(cohort < world->n_cohorts[service]);
    return cohorts->n ? SIM_ITEM(*cohorts, const CohortSpec, cohort)->share : 1;
}

uint32_t
world_cohort_find(const World *world, uint32_t service, const char *name)
{
    for (uint32_t c = 0; c < world->n_cohorts[service]; c++)
        if (strcmp(world_cohort_name(world, service, c), name) == 0)
            return c;
    return SIM_NONE;
}

static bool
matches(const World *world, const PopSelector *selector, uint32_t pop)
{
    const Geo *geo = world->geo;
    if (selector->region &&
        g_ascii_strcasecmp(geo_region_name(geo->pops.at.region[pop]), selector->region) != 0)
        return false;
    if (selector->country && g_ascii_strcasecmp(geo->pops.at.country[pop], selector->country) != 0)
        return false;
    return !selector->code || g_ascii_strcasecmp(geo->pops.code[pop], selector->code) == 0;
}

uint32_t
world_select_pops(const World *world, const PopSelector *selector, uint32_t *ret)
{
    uint32_t most = selector->busiest > 0 ? (uint32_t)selector->busiest : world->n_pops;
    uint32_t n = 0;
    for (uint32_t i = 0; i < world->n_pops && n < most; i++)
        if (matches(world, selector, world->pops_by_demand[i]))
            ret[n++] = world->pops_by_demand[i];
    return n;
}

/* Follows `inside` to its end; a ring is an error and leaves the service its own host. */
static void
find_host(World *world, uint32_t service, SimMessages *messages)
{
    uint32_t host = service;
    for (uint32_t steps = 0; world_service(world, host)->inside != SIM_NONE; steps++) {
        host = world_service(world, host)->inside;
        if (steps > world->n_services) {
            sim_messages_error(messages, world_service(world, service)->entity.mark,
                               "service '%s' is inside itself: expected `inside` to end at a "
                               "service with processes of its own",
                               world_service(world, service)->entity.name);
            host = service;
            break;
        }
    }
    world->host[service] = host;
    uint32_t n = world_service(world, host)->cohorts.n;
    world->n_cohorts[service] = n ? n : 1;
}

static void
check_shares(const SimList *cohorts, const char *what, const char *name, SimMessages *messages)
{
    double sum = 0;
    SIM_EACH(const CohortSpec, cohort, *cohorts)
    sum += cohort->share;
    if (cohorts->n && fabs(sum - 1) > 1e-6)
        sim_messages_error(messages, SIM_ITEM(*cohorts, const CohortSpec, 0)->entity.mark,
                           "the cohorts of %s '%s' sum to %.4g%%: expected 100%%", what, name,
                           sum * 100);
}

/* Cohorts that a site or front lists are those of the service that it enters. */
static void
check_listed(const World *world, const SimList *cohorts, uint32_t service, const char *what,
             const char *name, SimMessages *messages)
{
    check_shares(cohorts, what, name, messages);
    SIM_EACH(const CohortSpec, cohort, *cohorts)
    if (world_cohort_find(world, service, cohort->entity.name) == SIM_NONE)
        sim_messages_error(messages, cohort->entity.mark,
                           "service '%s' has no cohort '%s': expected one of its cohorts",
                           world_service(world, service)->entity.name, cohort->entity.name);
}

static bool
is_at_pop(const World *world, uint32_t service)
{
    return world_service(world, service)->placement == PLACEMENT_POP;
}

/* Whether needs among PoP services lead from one to another; bounded by their number. */
static bool
reaches(const World *world, uint32_t from, uint32_t to, bool *seen)
{
    SIM_EACH(const NeedSpec, need, world_service(world, from)->needs)
    {
        if (!is_at_pop(world, need->service))
            continue;
        if (need->service == to)
            return true;
        if (seen[need->service])
            continue;
        seen[need->service] = true;
        if (reaches(world, need->service, to, seen))
            return true;
    }
    return false;
}

/* Ways down from a PoP service along its needs; there is no loop. */
static double
ways_down(const World *world, uint32_t service, double *ways)
{
    if (ways[service] > 0)
        return ways[service];
    double sum = 1;
    SIM_EACH(const NeedSpec, need, world_service(world, service)->needs)
    sum += is_at_pop(world, need->service) ? ways_down(world, need->service, ways) : 1;
    return ways[service] = sum;
}

static void
check_ways(const World *world, SimMessages *messages)
{
    g_autofree double *ways = g_new0(double, world->n_services);
    for (uint32_t i = 0; i < world->n_services; i++)
        if (is_at_pop(world, i) && ways_down(world, i, ways) > WAYS_MAX) {
            sim_messages_error(messages, world_service(world, i)->entity.mark,
                               "the needs of service '%s' branch into %.3g ways: expected at most "
                               "%d",
                               world_service(world, i)->entity.name, ways[i], WAYS_MAX);
            return;
        }
}

static bool
has_loop(const World *world, uint32_t service)
{
    g_autofree bool *seen = g_new0(bool, world->n_services);
    return reaches(world, service, service, seen);
}

static void
check_service(const World *world, uint32_t index, SimMessages *messages)
{
    const ServiceSpec *service = world_service(world, index);
    const char *name = service->entity.name;
    check_shares(&service->cohorts, "service", name, messages);
    if (service->inside != SIM_NONE && !is_at_pop(world, service->inside))
        sim_messages_error(messages, service->entity.mark,
                           "service '%s' is inside '%s', which is not at the PoPs: expected a "
                           "service with placement: pop",
                           name, world_service(world, service->inside)->entity.name);
    if (service->inside != SIM_NONE && service->cohorts.n)
        sim_messages_error(messages, service->entity.mark,
                           "service '%s' has cohorts but is inside '%s': expected the cohorts of "
                           "its host alone",
                           name, world_service(world, service->inside)->entity.name);
    if (service->front.service != SIM_NONE) {
        if (!is_at_pop(world, service->front.service))
            sim_messages_error(messages, service->front.entity.mark,
                               "the front of service '%s' is not at the PoPs: expected a service "
                               "with placement: pop",
                               name);
        check_listed(world, &service->front.cohorts, service->front.service, "front of service",
                     name, messages);
    }
    if (is_at_pop(world, index) && has_loop(world, index))
        sim_messages_error(messages, service->entity.mark,
                           "service '%s' needs itself through services at the same PoP: expected "
                           "loops to pass a core service",
                           name);
}

static void
check_site(const World *world, const SiteSpec *site, SimMessages *messages)
{
    const char *name = site->entity.name;
    if (!is_at_pop(world, site->service))
        sim_messages_error(messages, site->entity.mark,
                           "site '%s' enters service '%s', which is not at the PoPs: expected a "
                           "service with placement: pop",
                           name, world_service(world, site->service)->entity.name);
    check_listed(world, &site->cohorts, site->service, "site", name, messages);
    SIM_EACH(const RegionSpec, region, site->regions)
    if (geo_region_find(region->entity.name) == SIM_NONE)
        sim_messages_error(messages, region->entity.mark,
                           "no region is called '%s': expected north-america, south-america, "
                           "europe, africa, middle-east, asia or oceania",
                           region->entity.name);
}

static void
check_fallbacks(const World *world, const SimList *needs, SimMessages *messages)
{
    SIM_EACH(const NeedSpec, need, *needs)
    if (need->on_failure == NEED_FALLBACK && need->fallback != SIM_NONE &&
        (is_at_pop(world, need->fallback) || is_at_pop(world, need->service)))
        sim_messages_error(messages, need->entity.mark,
                           "the fallback of '%s' is between services at the PoPs: expected core "
                           "or external services on both sides",
                           need->entity.name);
}

static void
collect_condition(World *world, const EffectSpec *effect)
{
    if (effect->degrade && world_condition_find(world, effect->degrade) == SIM_NONE)
        world->conditions[world->n_conditions++] = effect->degrade;
}

/* The names of degrade effects, each once, in order of appearance. */
static void
collect_conditions(World *world, SimArena *arena)
{
    uint32_t most = world->n_services;
    for (uint32_t c = 0; c < world->n_configs; c++)
        most += world_config(world, c)->consumers.n;
    world->conditions = SIM_ARENA_NEW(arena, const char *, most + 1);
    for (uint32_t c = 0; c < world->n_configs; c++)
        SIM_EACH(const ConsumerSpec, consumer, world_config(world, c)->consumers)
    collect_condition(world, &consumer->effect);
    for (uint32_t service = 0; service < world->n_services; service++)
        collect_condition(world, &world_service(world, service)->when_killed);
}

uint32_t
world_condition_find(const World *world, const char *name)
{
    for (uint32_t i = 0; i < world->n_conditions; i++)
        if (strcmp(world->conditions[i], name) == 0)
            return i;
    return SIM_NONE;
}

static gint
by_demand(gconstpointer a, gconstpointer b, gpointer data)
{
    const World *world = data;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    if (world->demand[left] != world->demand[right])
        return world->demand[left] > world->demand[right] ? -1 : 1;
    return left < right ? -1 : left > right;
}

static void
order_pops(World *world, SimArena *arena)
{
    world->demand = SIM_ARENA_NEW(arena, double, world->n_pops);
    world->pops_by_demand = SIM_ARENA_NEW(arena, uint32_t, world->n_pops);
    const CatchmentTable *catchment = &world->catchments[0];
    for (uint32_t m = 0; m < world->n_metros; m++)
        for (uint32_t i = catchment->start[m]; i < catchment->start[m + 1]; i++)
            world->demand[catchment->shares[i].pop] +=
                world->geo->metros.traffic[m] * catchment->shares[i].parts / CATCHMENT_PARTS;
    for (uint32_t p = 0; p < world->n_pops; p++)
        world->pops_by_demand[p] = p;
    g_qsort_with_data(world->pops_by_demand, (gint)world->n_pops, sizeof(uint32_t), by_demand,
                      world);
}

const char *
world_group_name(const World *world, uint32_t group)
{
    if (group == 0)
        return "";
    return SIM_ITEM(world->spec->prefix_groups, const PrefixGroupSpec, group - 1)->entity.name;
}

/* Every metro reaches the nearest PoP. */
static void
assign_nearest(World *world, CatchmentTable *ret, SimArena *arena)
{
    g_autofree uint32_t *nearest = g_new(uint32_t, world->n_metros);
    ret->start = SIM_ARENA_NEW(arena, uint32_t, world->n_metros + 1);
    ret->shares = SIM_ARENA_NEW(arena, CatchmentShare, world->n_metros);
    geo_nearest(world->geo, NULL, nearest);
    for (uint32_t m = 0; m < world->n_metros; m++) {
        ret->shares[m] = (CatchmentShare){nearest[m], CATCHMENT_PARTS};
        ret->start[m + 1] = m + 1;
    }
}

static void
assign_groups(World *world, SimArena *arena)
{
    world->n_groups = 1 + world->spec->prefix_groups.n;
    world->group = SIM_ARENA_NEW(arena, uint32_t, world->n_sites);
    world->catchments = SIM_ARENA_NEW(arena, CatchmentTable, world->n_groups);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        uint32_t group = world_site(world, s)->group;
        world->group[s] = group == SIM_NONE ? 0 : group + 1;
    }
    for (uint32_t g = 0; g < world->n_groups; g++)
        assign_nearest(world, &world->catchments[g], arena);
}

static void
check_all(const World *world, SimMessages *messages)
{
    uint32_t remainders = 0;
    double shares = 0;
    for (uint32_t i = 0; i < world->n_services; i++) {
        check_service(world, i, messages);
        check_fallbacks(world, &world_service(world, i)->needs, messages);
        check_fallbacks(world, &world_service(world, i)->front.needs, messages);
    }
    for (uint32_t i = 0; i < world->n_sites; i++) {
        const SiteSpec *site = world_site(world, i);
        check_site(world, site, messages);
        check_fallbacks(world, &site->needs, messages);
        remainders += site->remainder;
        shares += site->share;
        if (shares > 1 + 1e-9 && shares - site->share <= 1 + 1e-9)
            sim_messages_error(messages, site->entity.mark,
                               "with site '%s' the shares of sites sum to %.4g%%: expected at most "
                               "100%%",
                               site->entity.name, shares * 100);
        if (remainders > 1 && site->remainder)
            sim_messages_error(messages, site->entity.mark,
                               "site '%s' is a second remainder: expected one", site->entity.name);
    }
}

bool
world_init(World *world, Sim *sim, const Spec *spec, const Geo *geo, SimMessages *messages)
{
    SimArena *arena = sim_arena(sim);
    uint32_t before = sim_messages_errors(messages);
    *world = (World){.spec = spec,
                     .geo = geo,
                     .sim = sim,
                     .n_pops = geo->n_pops,
                     .n_metros = geo->n_metros,
                     .n_services = spec->services.n,
                     .n_sites = spec->sites.n,
                     .n_configs = spec->configs.n};
    world->host = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    world->n_cohorts = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    for (uint32_t i = 0; i < world->n_services; i++)
        find_host(world, i, messages);
    check_all(world, messages);
    if (sim_messages_errors(messages) == before)
        check_ways(world, messages);
    collect_conditions(world, arena);
    assign_groups(world, arena);
    order_pops(world, arena);
    world->journal = sim_journal_new(arena, NULL);
    return sim_messages_errors(messages) == before;
}
