#include "models/request.h"

#include <math.h>

/* What a sample may not be smaller than: below, chance decides and not the scenario. */
static const double SERVERS_LEAST = 10, OBJECTS_LEAST = 1000;
/* What is too much for single requests: a second of a PoP's, a run's, and memory. */
static const double RATE_MOST = 4e6, REQUESTS_MOST = 1e12, SERVERS_MOST = 1e7, BYTES_MOST = 1.2e9;
static const double CALLS_MOST = 1e4; /* that one call may lead to */

static void
check_sizes(const RequestPlane *plane, SimMessages *messages)
{
    SimMark mark = plane->world->spec->entity.mark;
    if (plane->has_too_many_timeouts)
        sim_messages_error(messages, mark,
                           "clients and needs have more than %d different time-outs: expected "
                           "fewer, or --plane flow",
                           REQUEST_TIMEOUTS_MAX);
    if (plane->has_too_many_steps)
        sim_messages_error(messages, mark,
                           "the needs of a site or service branch into more than %d steps: "
                           "expected fewer, or --plane flow",
                           REQUEST_STEPS_MAX);
}

static double
requests_of(const RequestPlane *plane)
{
    const SimRecorder *recorder = plane->books->recorder;
    double seconds = sim_seconds(sim_recorder_width(recorder)) * sim_recorder_n_buckets(recorder);
    double rate = 0;
    for (uint32_t s = 0; s < plane->world->n_sites; s++)
        rate += demand_site_mean(plane->traffic.demand, s) * plane->site_share[s];
    return rate * seconds;
}

/* What would not end for days. */
static void
check_length(const RequestPlane *plane, SimMessages *messages)
{
    const Spec *spec = plane->world->spec;
    double requests = requests_of(plane);
    SimMark mark = spec->network.entity.is_given ? spec->network.entity.mark : spec->entity.mark;
    if (requests > REQUESTS_MOST)
        sim_messages_error(messages, mark,
                           "%.3g people and programs come during the run, each an event: expected "
                           "%.0e at most: a shorter run, --sample-pops or --plane flow",
                           requests, REQUESTS_MOST);
}

/* Calls, each with `below` others by service, that the steps of a program make. */
static double
calls_of(const RequestProgram *program, const double *below)
{
    double reached[REQUEST_STEPS_MAX], sum = 0;
    for (uint32_t i = 0; i < program->n_steps; i++)
        reached[i] = 1;
    for (uint32_t i = 0; i < program->n_steps; i++) {
        const RequestStep *step = &program->steps[i];
        for (uint32_t j = i + 1; j <= i + step->skip; j++)
            reached[j] *= step->share;
        if (step->kind == REQUEST_CALL)
            sum += reached[i] * step->share * step->calls * below[step->service];
    }
    return sum;
}

/* One round: what a call leads to, of its service and of the edge in front, if below is known. */
static double
calls_again(const RequestPlane *plane, double *below)
{
    double most = 0;
    for (uint32_t i = 0; i < plane->n_cores; i++) {
        uint32_t service = plane->cores[i].service;
        if (service == SIM_NONE)
            continue;
        uint32_t zone = plane->plan->zone_first[service];
        double calls = 1 + calls_of(&plane->cores[i].program, below);
        if (zone != SIM_NONE)
            calls += calls_of(&plane->rows[zone].program, below);
        most = fmax(most, calls - below[service]);
        below[service] = calls;
    }
    return most;
}

/* Needs may come round through central services and the edge, if less comes back than went in. */
static void
check_loops(const RequestPlane *plane, SimMessages *messages)
{
    g_autofree double *below = g_new0(double, plane->world->n_services);
    uint32_t worst = SIM_NONE;
    for (uint32_t round = 0; round < CALLS_MOST && worst == SIM_NONE; round++) {
        if (calls_again(plane, below) < 1e-9)
            return;
        for (uint32_t v = 0; v < plane->world->n_services; v++)
            if (below[v] >= CALLS_MOST && worst == SIM_NONE)
                worst = v;
    }
    if (worst == SIM_NONE)
        return;
    const ServiceSpec *service = world_service(plane->world, worst);
    sim_messages_error(messages, service->entity.mark,
                       "a call of '%s' leads to more than %g others along the needs of what it "
                       "passes: expected smaller shares, or more of them cached",
                       service->entity.name, CALLS_MOST);
}

/* A rule that the whole network keeps, but a small part of it would not. */
static void
check_service(const RequestPlane *plane, const RequestCore *core, SimMessages *messages)
{
    const ServiceSpec *service = world_service(plane->world, core->service);
    if (service->station.servers < SERVERS_LEAST || core->servers >= SERVERS_LEAST)
        return;
    sim_messages_error(messages, service->entity.mark,
                       "service '%s' keeps %.2g of %.4g servers in this sample: fewer than %g "
                       "behave otherwise: expected more PoPs with --sample-pops, or all",
                       service->entity.name, core->servers, service->station.servers,
                       SERVERS_LEAST);
}

/* Slots hold calls that wait for a server or for what they need; who shares does not wait. */
static void
check_sharing(const RequestPlane *plane, SimMessages *messages)
{
    for (uint32_t i = 0; i < plane->n_cores; i++) {
        if (plane->cores[i].service == SIM_NONE)
            continue;
        const ServiceSpec *service = world_service(plane->world, plane->cores[i].service);
        const StationSpec *station = &service->station;
        if (station->discipline == DISCIPLINE_SHARING && station->concurrency > 0)
            sim_messages_error(messages, station->entity.mark,
                               "service '%s' shares its servers among all calls, so a concurrency "
                               "limits nothing: expected limit: or queue: instead",
                               service->entity.name);
    }
}

static void
check_cache(const RequestPlane *plane, uint32_t site, double all_bytes, SimMessages *messages)
{
    const SiteSpec *spec = world_site(plane->world, site);
    double bytes = request_cache_bytes(plane, site);
    if (all_bytes > BYTES_MOST && bytes > 0)
        sim_messages_error(messages, spec->entity.mark,
                           "the caches of site '%s' take %.3g MB at %u PoPs, each object of them "
                           "kept: expected %.3g MB for all sites at most: fewer objects, a smaller "
                           "size or --sample-pops",
                           spec->entity.name, bytes / 1e6, plane->n_kept, BYTES_MOST / 1e6);
}

static void
check_sampled_cache(const RequestPlane *plane, uint32_t site, SimMessages *messages)
{
    const SiteSpec *spec = world_site(plane->world, site);
    double objects = spec->cache.objects * spec->cache.size;
    if (spec->cache.cacheable > 0 && objects < OBJECTS_LEAST && spec->cache.size < 1)
        sim_messages_error(messages, spec->entity.mark,
                           "the cache of site '%s' holds %.4g objects a PoP: a sample of PoPs "
                           "says little about so few: expected %g, or a run without --sample-pops",
                           spec->entity.name, objects, OBJECTS_LEAST);
}

static double
rate_of(const RequestPlane *plane, uint32_t pop)
{
    double sum = 0;
    for (uint32_t s = 0; s < plane->world->n_sites; s++)
        sum += demand_mean(plane->traffic.demand, pop, s);
    return sum;
}

/* A second of arrivals must fit into a PoP's rows, and the servers of all PoPs into memory. */
static void
check_pops(const RequestPlane *plane, const double *cores, SimMessages *messages)
{
    const World *world = plane->world;
    double servers = 0, most = 0;
    uint32_t busiest = 0;
    SimMark mark = world->spec->network.entity.is_given ? world->spec->network.entity.mark
                                                        : world->spec->entity.mark;
    for (uint32_t p = 0; p < plane->n_kept; p++) {
        uint32_t index = plane->pops[p].index;
        double rate = rate_of(plane, index);
        servers += cores[index];
        busiest = rate > most ? index : busiest;
        most = fmax(most, rate);
    }
    if (most > RATE_MOST)
        sim_messages_error(messages, mark,
                           "PoP %s gets %.3g requests a second, each an event: expected %.3g at "
                           "most: lower rates, or --plane flow",
                           world->geo->pops.code[busiest], most, RATE_MOST);
    if (servers > SERVERS_MOST)
        sim_messages_error(messages, mark,
                           "the kept PoPs have %.3g cores, each a server: expected %.3g at most: "
                           "--sample-pops, or --plane flow",
                           servers, SERVERS_MOST);
}

/* Rows and memory that a run may grow to; looked at once a tick. */
const char *
request_exhausted(const RequestPlane *plane)
{
    static const uint32_t ROWS_MOST = 6000000;
    static const size_t MEMORY_MOST = (size_t)8 << 30;
    for (uint32_t p = 0; p < plane->n_pops; p++)
        if (plane->pops[p].n_requests > ROWS_MOST)
            return "a PoP has more than 6 million requests in hand: expected lower rates, shorter "
                   "time-outs, a queue limit, or --plane flow";
    if (plane->n_calls > 2 * ROWS_MOST)
        return "central services have more than 12 million calls in hand: expected lower rates, "
               "shorter time-outs, a queue limit, or --plane flow";
    if (sim_arena_used(plane->arena) > MEMORY_MOST)
        return "the run needs more than 8 GB: expected lower rates, fewer or smaller caches, "
               "--sample-pops, or --plane flow";
    return NULL;
}

/* Sessions that nobody of the sample could open. */
static void
check_sampled_sessions(const RequestPlane *plane, uint32_t site, SimMessages *messages)
{
    const SiteSpec *spec = world_site(plane->world, site);
    uint32_t login = spec->sessions.login;
    if (login != SIM_NONE && plane->site_share[login] <= 0)
        sim_messages_error(messages, spec->entity.mark,
                           "site '%s' opens its sessions at '%s', which has no users at the PoPs "
                           "of this sample: expected more PoPs with --sample-pops, or all",
                           spec->entity.name, world_site(plane->world, login)->entity.name);
}

bool
request_check(const RequestPlane *plane, const double *cores, SimMessages *messages)
{
    bool is_sampled = plane->n_kept < plane->world->n_pops;
    uint32_t before = sim_messages_errors(messages);
    double bytes = 0;
    check_sizes(plane, messages);
    check_pops(plane, cores, messages);
    check_length(plane, messages);
    check_loops(plane, messages);
    check_sharing(plane, messages);
    for (uint32_t s = 0; s < plane->world->n_sites; s++)
        bytes += request_cache_bytes(plane, s);
    for (uint32_t s = 0; s < plane->world->n_sites; s++) {
        check_cache(plane, s, bytes, messages);
        if (is_sampled)
            check_sampled_cache(plane, s, messages);
        if (is_sampled)
            check_sampled_sessions(plane, s, messages);
    }
    for (uint32_t i = 0; i < plane->n_cores && is_sampled; i++)
        if (plane->cores[i].service != SIM_NONE)
            check_service(plane, &plane->cores[i], messages);
    return sim_messages_errors(messages) == before;
}
