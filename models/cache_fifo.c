#include "models/keyed_cache_policy.h"

static inline void
touch(KeyedCache *cache, uint32_t row)
{
    (void)cache;
    (void)row;
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

const CachePolicy cache_fifo = {.get = get, .put = put, .access = get_or_put, .leave = cache_leave};
