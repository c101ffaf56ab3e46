#include "models/request.h"

#include <math.h>

static const SimTime WAY_LEAST = 2 * SIM_MILLISECOND; /* to a central service and, as long, back */
static const double WAY_BASE = 1e-3;                  /* seconds, before the distance counts */
static const double SECONDS_PER_KM = 7.5e-6;          /* one way in fibre, 1.5 x the great circle */

static double
km_to(const RequestPlane *plane, uint32_t location, const RequestPop *pop)
{
    const GeoPlaces *at = &plane->world->geo->pops.at;
    if (location == SIM_NONE)
        return 0;
    const LocationSpec *place =
        SIM_ITEM(plane->world->spec->locations, const LocationSpec, location);
    return geo_distance_km(place->latitude, place->longitude, at->latitude[pop->index],
                           at->longitude[pop->index]);
}

/* Calls of the service itself enter at the nearest kept PoP, without a location at the first. */
static void
attach_ways(RequestPlane *plane, RequestCore *core)
{
    double least = 1e18;
    core->way = SIM_ARENA_NEW(plane->arena, SimTime, plane->n_kept + 1);
    for (uint32_t p = 0; p < plane->n_kept; p++) {
        uint32_t location = world_service(plane->world, core->service)->location;
        double km = km_to(plane, location, &plane->pops[p]);
        SimTime way = sim_from_seconds(WAY_BASE + km * SECONDS_PER_KM);
        core->way[p] = way < WAY_LEAST ? WAY_LEAST : way;
        if (km < least) {
            least = km;
            core->pop = p;
        }
    }
}

static void
attach_station(RequestPlane *plane, RequestCore *core)
{
    const ServiceSpec *service = world_service(plane->world, core->service);
    const StationSpec *spec = &service->station;
    double share = plane->service_share[core->service];
    core->servers = spec->servers * share;
    core->seconds = sim_seconds(spec->service_time);
    core->is_constant = spec->law == SERVICE_CONSTANT;
    core->concurrency = spec->concurrency > 0 ? spec->concurrency * share : -1;
    core->rule = (StationRule){.discipline = (StationDiscipline)spec->discipline,
                               .queue = spec->queue > 0 ? spec->queue * share : -1,
                               .cancel = spec->cancel,
                               .expected = spec->deadlines ? spec->service_time : 0};
    station_init(&core->station, &core->rule, 1);
    limiter_init(&core->limiter, (LimiterKind)spec->limit.kind, spec->limit.initial,
                 sim_stream(plane->world->sim, "request/%s/limit", service->entity.name));
    core->station.limit = limiter_limit(&core->limiter);
    core->admission = throttle_rule((ThrottleKind)spec->admission);
    core->draws = sim_stream(plane->world->sim, "request/%s/service", service->entity.name);
    core->latencies = plane->service_latencies + (size_t)core->service * SIM_HISTOGRAM_BUCKETS;
    request_core_bound(core);
    if (spec->discipline == DISCIPLINE_SHARING)
        core->shared = sharing_new(plane->arena, fmax(1, floor(core->servers + 0.5)));
}

static void
attach_origin(RequestPlane *plane, RequestCore *core, uint32_t site)
{
    const OriginSpec *origin = &world_site(plane->world, site)->origin;
    SimTime way = origin->latency / 2 < WAY_LEAST ? WAY_LEAST : origin->latency / 2;
    *core = (RequestCore){.service = SIM_NONE, .site = site, .factor = 1};
    core->rate = core->tokens = origin->capacity_per_s * plane->site_share[site];
    core->way = SIM_ARENA_NEW(plane->arena, SimTime, plane->n_kept + 1);
    for (uint32_t p = 0; p < plane->n_kept; p++)
        core->way[p] = way;
}

/* No way counts that nobody goes: then windows are as long as the world lets them be. */
static void
find_reach(RequestPlane *plane)
{
    const SimTime never = SIM_TIME_MAX / 4;
    bool is_called = false;
    plane->reach = never;
    plane->pop_at = SIM_ARENA_NEW(plane->arena, SimTime, plane->n_pops);
    plane->pop_way = SIM_ARENA_NEW(plane->arena, SimTime, plane->n_pops);
    for (uint32_t e = 0; e < plane->plan->n_edges; e++)
        is_called |= plane->plan->edges[e].is_used;
    for (uint32_t p = 0; p < plane->n_pops; p++) {
        plane->pop_way[p] = never;
        for (uint32_t i = 0; i < plane->n_cores && p < plane->n_kept; i++)
            if (is_called || plane->cores[i].service == SIM_NONE)
                plane->pop_way[p] = MIN(plane->pop_way[p], plane->cores[i].way[p]);
        plane->reach = MIN(plane->reach, plane->pop_way[p]);
    }
}

static bool
is_named(const TimelineSpec *entry, uint32_t service, const ServiceSpec *of)
{
    bool found = entry->service == service;
    SIM_EACH(const uint32_t, other, entry->services)
    found |= *other == service;
    return found || (entry->location != SIM_NONE && entry->location == of->location);
}

/* Does anything in the scenario change what this service can do? */
static bool
is_touched(const World *world, uint32_t service)
{
    const ServiceSpec *of = world_service(world, service);
    bool found = of->station.autoscale.target > 0 || of->failover.entity.is_given;
    SIM_EACH(const TimelineSpec, entry, world->spec->timeline)
    found |=
        (entry->verb == VERB_SCALE || entry->verb == VERB_RESTART || verb_is_fault(entry->verb)) &&
        is_named(entry, service, of);
    for (uint32_t v = 0; v < world->n_services; v++) {
        /* Calls of other central services need a row that waits. */
        const ServiceSpec *other = world_service(world, v);
        SIM_EACH(const NeedSpec, need, other->needs)
        found |= other->placement != PLACEMENT_POP &&
                 (need->service == service ||
                  (need->on_failure == NEED_FALLBACK && need->fallback == service));
    }
    return found;
}

/* Known when the programs are: a service that needs nothing and is as it is for the whole run. */
void
request_core_settle(RequestPlane *plane)
{
    static const uint32_t SERVERS_MOST = 8192;
    for (uint32_t i = 0; i < plane->n_cores && plane->has_fast_path; i++) {
        RequestCore *core = &plane->cores[i];
        const StationRule *rule = &core->rule;
        if (core->service == SIM_NONE || rule->discipline != STATION_FIFO || rule->queue >= 0 ||
            rule->cancel || rule->expected > 0 || core->limiter.kind != LIMITER_NONE ||
            core->concurrency >= 0 || core->admission || core->program.n_steps > 0 ||
            core->station.servers > SERVERS_MOST || is_touched(plane->world, core->service))
            continue;
        core->is_scheduled = true;
        core->free_at = SIM_ARENA_NEW(plane->arena, SimTime, core->station.servers);
    }
}

void
request_core_attach(RequestPlane *plane)
{
    const World *world = plane->world;
    uint32_t n = 0;
    plane->calls_free = SIM_NONE;
    plane->wheel = sim_wheel_new(plane->arena);
    plane->cores = SIM_ARENA_NEW(plane->arena, RequestCore, world->n_services + world->n_sites);
    for (uint32_t v = 0; v < world->n_services; v++) {
        if (world_service(world, v)->placement == PLACEMENT_POP)
            continue;
        plane->cores[n] = (RequestCore){.service = v, .site = SIM_NONE, .factor = 1};
        attach_ways(plane, &plane->cores[n]);
        attach_station(plane, &plane->cores[n++]);
    }
    for (uint32_t s = 0; s < world->n_sites; s++)
        if (world_site(world, s)->origin.capacity_per_s > 0)
            attach_origin(plane, &plane->cores[n++], s);
    plane->n_cores = n;
    find_reach(plane);
}
