#include "models/keyed_cache_policy.h"

/* The ring is in the order of use: its oldest was used longest ago, and needs no link written. */
static inline void
touch(KeyedCache *cache, uint32_t row)
{
    CacheRing *ring = &cache->rings[0];
    if (row == ring->oldest) {
        cache_ring_turn(cache, ring);
        return;
    }
    cache_ring_remove(cache, ring, row);
    cache_ring_push(cache, ring, row);
}

static inline uint32_t
admit(KeyedCache *cache, uint32_t ghost)
{
    (void)ghost;
    return cache->n < cache->capacity ? cache_join(cache) : cache_replace_oldest(cache);
}

static const CacheMoves moves = {.touch = touch, .admit = admit};

static bool
get(KeyedCache *cache, uint64_t key, SimTime now)
{
    return cache_use(cache, key, now, CACHE_GET, &moves);
}

static void
put(KeyedCache *cache, uint64_t key, SimTime now)
{
    cache_use(cache, key, now, CACHE_PUT, &moves);
}

static bool
get_or_put(KeyedCache *cache, uint64_t key, SimTime now)
{
    return cache_use(cache, key, now, CACHE_ACCESS, &moves);
}

const CachePolicy cache_lru = {.get = get, .put = put, .access = get_or_put, .leave = cache_leave};
