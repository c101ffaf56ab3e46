#include "models/request.h"

#include <math.h>

/* What a sample may not be smaller than: below, chance decides and not the scenario. */
static const double SERVERS_LEAST = 10, OBJECTS_LEAST = 1000;

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

static void
check_cache(const RequestPlane *plane, uint32_t site, SimMessages *messages)
{
    const SiteSpec *spec = world_site(plane->world, site);
    const CacheSpec *cache = &spec->cache;
    bool is_keyed = cache->policy != CACHE_LRU || cache->ttl > 0 || cache->trace;
    double objects = cache->trace ? (double)plane->traces[site].n_distinct : cache->objects;
    if (is_keyed && objects * cache->size * plane->n_kept > 2e8)
        sim_messages_error(messages, spec->entity.mark,
                           "the cache of site '%s' holds %.3g objects at each of %u PoPs, each "
                           "of them kept: expected 2e8 in all at most: fewer objects, a smaller "
                           "size or --sample-pops",
                           spec->entity.name, objects * cache->size, plane->n_kept);
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

void
request_check(const void *state, SimMessages *messages)
{
    const RequestPlane *plane = state;
    bool is_sampled = plane->n_kept < plane->world->n_pops;
    check_sizes(plane, messages);
    for (uint32_t s = 0; s < plane->world->n_sites; s++) {
        check_cache(plane, s, messages);
        if (is_sampled)
            check_sampled_cache(plane, s, messages);
    }
    for (uint32_t i = 0; i < plane->n_cores && is_sampled; i++)
        if (plane->cores[i].service != SIM_NONE)
            check_service(plane, &plane->cores[i], messages);
}
