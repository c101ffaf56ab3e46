#include "models/request.h"

#include <math.h>

/* A site's cache is kept object by object as long as filling all of them before the run starts
 * takes no more requests than this; dearer ones, the largest catalogues, follow their curve. */
static const double WARM_REQUESTS_MAX = 20e6;
static const double OBJECTS_MAX = 2e9; /* of a catalogue, and of all caches with what links them */

/* Only LRU without expiry has a curve. */
static bool
needs_keys(const CacheSpec *cache)
{
    return cache->policy != CACHE_LRU || cache->ttl > 0 || cache->trace;
}

static double
objects_of(const RequestPlane *plane, uint32_t site)
{
    const CacheSpec *cache = &world_site(plane->world, site)->cache;
    double objects = cache->trace ? (double)plane->traces[site].n_distinct : cache->objects;
    return fmax(1, objects * cache->size);
}

static KeyedCacheOptions
options_of(const RequestPlane *plane, uint32_t site)
{
    const CacheSpec *cache = &world_site(plane->world, site)->cache;
    return (KeyedCacheOptions){.policy = (CachePolicyKind)cache->policy,
                               .capacity = (uint32_t)objects_of(plane, site),
                               .ttl = cache->ttl};
}

double
request_cache_bytes(const RequestPlane *plane, uint32_t site)
{
    const CacheSpec *cache = &world_site(plane->world, site)->cache;
    if (cache->cacheable <= 0 || !needs_keys(cache))
        return 0;
    double objects = objects_of(plane, site);
    if (objects >= 1e9) /* more than a cache has rows for: about */
        return 32 * objects * plane->n_kept;
    KeyedCacheOptions options = options_of(plane, site);
    return (double)keyed_cache_bytes(&options) * plane->n_kept;
}

static double
warm_requests(const RequestPlane *plane, uint32_t site)
{
    const CacheSpec *cache = &world_site(plane->world, site)->cache;
    double full = cache_curve_full(plane->curves[site]);
    return cache->policy == CACHE_LRU ? full : 4 * full;
}

static bool
may_be_keyed(const CacheSpec *cache)
{
    return cache->objects * cache->size >= 1 && cache->size < 1 && cache->objects < OBJECTS_MAX;
}

/* The cheapest caches first, each at all kept PoPs. */
static void
choose_keyed(RequestPlane *plane, bool *keyed)
{
    const World *world = plane->world;
    double left = WARM_REQUESTS_MAX;
    for (;;) {
        uint32_t best = SIM_NONE;
        double least = left;
        for (uint32_t s = 0; s < world->n_sites; s++) {
            if (keyed[s] || !plane->curves[s] || !may_be_keyed(&world_site(world, s)->cache))
                continue;
            double cost = warm_requests(plane, s) * plane->n_kept;
            if (cost <= least) {
                least = cost;
                best = s;
            }
        }
        if (best == SIM_NONE)
            return;
        keyed[best] = true;
        left -= least;
    }
}

static const Zipf *
shared_zipf(RequestPlane *plane, uint32_t site)
{
    const CacheSpec *cache = &world_site(plane->world, site)->cache;
    for (uint32_t s = 0; s < site; s++) {
        const CacheSpec *other = &world_site(plane->world, s)->cache;
        if (plane->zipfs[s] && other->objects == cache->objects && other->alpha == cache->alpha)
            return plane->zipfs[s];
    }
    return zipf_new(plane->arena, (uint64_t)(cache->objects + 0.5), cache->alpha);
}

void
request_cache_attach(RequestPlane *plane)
{
    const World *world = plane->world;
    g_autofree bool *keyed = g_new0(bool, world->n_sites + 1);
    plane->curves = SIM_ARENA_NEW(plane->arena, const CacheCurve *, world->n_sites);
    plane->zipfs = SIM_ARENA_NEW(plane->arena, const Zipf *, world->n_sites);
    plane->cache_slot = SIM_ARENA_NEW(plane->arena, uint32_t, world->n_sites);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const CacheSpec *cache = &world_site(world, s)->cache;
        if (cache->cacheable <= 0)
            continue;
        plane->curves[s] = cache_curve_new(plane->arena, cache->objects, cache->alpha,
                                           cache->objects * cache->size);
        keyed[s] = needs_keys(cache);
    }
    choose_keyed(plane, keyed);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        if (!keyed[s])
            continue;
        plane->n_keyed++;
        if (!world_site(world, s)->cache.trace)
            plane->zipfs[s] = shared_zipf(plane, s);
    }
}

static uint64_t
next_of_trace(RequestPlane *plane, RequestPop *pop, uint32_t site)
{
    const RequestTrace *trace = &plane->traces[site];
    uint64_t at = pop->trace_at[site]++;
    return trace->keys[at % trace->n];
}

/* Requests before the run, until the content is what it will be: for LRU that is when it is full.
 * Keys are drawn some ahead, since each is looked for in a part of memory that is far away. */
static void
warm(RequestPlane *plane, RequestPop *pop, uint32_t site)
{
    enum { AHEAD = 32 };
    const CacheSpec *cache = &world_site(plane->world, site)->cache;
    double rate = cache->cacheable * demand_mean(plane->traffic.demand, pop->index, site);
    double gap = rate > 0 ? 1e9 / rate : 1;
    SimRng rng = sim_stream(plane->world->sim, "request/%s/warm/%u",
                            plane->world->geo->pops.code[pop->index], site);
    uint64_t n = cache->trace ? plane->traces[site].n / 2
                              : (uint64_t)fmin(warm_requests(plane, site), WARM_REQUESTS_MAX);
    uint64_t keys[AHEAD] = {0};
    for (uint64_t i = 0; i < n + AHEAD; i++) {
        uint64_t *key = &keys[i % AHEAD];
        double age = gap * (double)(n + AHEAD - i);
        if (i >= AHEAD)
            keyed_cache_access(pop->caches[site], *key, -sim_from_nanoseconds(age));
        if (i >= n)
            continue;
        *key = cache->trace ? next_of_trace(plane, pop, site) : zipf_draw(plane->zipfs[site], &rng);
        keyed_cache_prefetch(pop->caches[site], *key);
    }
}

static void
set_hit(RequestPlane *plane, RequestPop *pop, uint32_t site)
{
    pop->hit[site] = cache_curve_hit(plane->curves[site], pop->age[site]);
}

void
request_cache_attach_pop(RequestPlane *plane, RequestPop *pop)
{
    const World *world = plane->world;
    pop->age = SIM_ARENA_NEW(plane->arena, double, world->n_sites);
    pop->hit = SIM_ARENA_NEW(plane->arena, double, world->n_sites);
    pop->asked = SIM_ARENA_NEW(plane->arena, double, world->n_sites);
    pop->caches = SIM_ARENA_NEW(plane->arena, KeyedCache *, world->n_sites);
    pop->trace_at = SIM_ARENA_NEW(plane->arena, uint64_t, world->n_sites);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const CacheSpec *cache = &world_site(world, s)->cache;
        if (!plane->curves[s])
            continue;
        pop->age[s] = fmin(1e300, cache_curve_full(plane->curves[s]));
        set_hit(plane, pop, s);
        if (!plane->zipfs[s] && !cache->trace)
            continue;
        KeyedCacheOptions options = options_of(plane, s);
        pop->caches[s] = keyed_cache_new(plane->arena, &options);
        warm(plane, pop, s);
    }
}

bool
request_cache_misses(RequestPlane *plane, RequestPop *pop, RequestWish *wish, SimTime now)
{
    const RequestRow *of = &plane->rows[wish->row];
    uint32_t site = of->site;
    if (of->cacheable <= 0)
        return true;
    double u = request_draw(pop, wish->number, DRAW_CACHEABLE);
    KeyedCache *cache = pop->caches[site];
    if (!cache) {
        pop->asked[site] += of->cacheable;
        return u >= of->cacheable * pop->hit[site];
    }
    if (u >= of->cacheable)
        return true;
    SimRng rng = request_draws(pop, wish->number, DRAW_KEY);
    uint64_t key =
        plane->zipfs[site] ? zipf_draw(plane->zipfs[site], &rng) : next_of_trace(plane, pop, site);
    wish->key = key + 1; /* 0: not cacheable */
    wish->is_put_late = of->origin != SIM_NONE || plane->has_origin_fault[site];
    if (!wish->is_put_late)
        return !keyed_cache_access(cache, key, now);
    return !keyed_cache_get(cache, key, now);
}

void
request_cache_fetched(RequestPlane *plane, RequestPop *pop, uint32_t row, uint64_t key, SimTime now)
{
    KeyedCache *cache = pop->caches[plane->rows[row].site];
    if (cache && key)
        keyed_cache_put(cache, key - 1, now);
}

void
request_cache_keep(RequestPlane *plane, RequestPop *pop, uint32_t site, double kept)
{
    for (uint32_t s = 0; s < plane->world->n_sites; s++) {
        if ((site != SIM_NONE && s != site) || !plane->curves[s])
            continue;
        if (pop->caches[s])
            keyed_cache_keep(pop->caches[s], kept, pop->numbers);
        pop->age[s] = kept > 0 ? cache_curve_keep(plane->curves[s], pop->age[s], kept) : 0;
        set_hit(plane, pop, s);
    }
}

void
request_cache_tick(RequestPlane *plane, RequestPop *pop)
{
    for (uint32_t s = 0; s < plane->world->n_sites; s++) {
        double asked = pop->asked[s];
        pop->asked[s] = 0;
        if (!plane->curves[s] || pop->caches[s] ||
            pop->age[s] >= cache_curve_full(plane->curves[s]))
            continue;
        pop->age[s] =
            cache_curve_advance(plane->curves[s], pop->age[s], asked,
                                (1 - plane->origin_failed[s]) * (1 - plane->origins[s].errors));
        set_hit(plane, pop, s);
    }
}
