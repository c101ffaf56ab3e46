#include "models/keyed_cache_policy.h"

/* A mark is 1 after a hit. */
static inline void
touch(KeyedCache *cache, uint32_t row)
{
    cache->marks[row] = 1;
}

/* The hand stands at the oldest of the ring; a second chance is to become the newest unmarked. */
static inline uint32_t
admit(KeyedCache *cache, uint32_t ghost)
{
    CacheRing *ring = &cache->rings[0];
    (void)ghost;
    if (cache->n < cache->capacity) {
        uint32_t row = cache_join(cache);
        cache->marks[row] = 0;
        return row;
    }
    while (cache->marks[ring->oldest])
        cache->marks[cache_ring_turn(cache, ring)] = 0;
    return cache_replace_oldest(cache);
}

static const CacheMoves moves = {.touch = touch, .admit = admit};

CACHE_CALLS(moves)

const CachePolicy cache_clock = {
    .get = get, .put = put, .access = get_or_put, .leave = cache_leave};
