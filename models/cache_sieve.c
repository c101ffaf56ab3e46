#include "models/keyed_cache_policy.h"

/* A mark is 1 after a hit. */
static inline void
touch(KeyedCache *cache, uint32_t row)
{
    cache->marks[row] = 1;
}

static void
leave(KeyedCache *cache, uint32_t row)
{
    if (cache->hand == row)
        cache->hand = cache->links[row].after;
    cache_leave(cache, row);
    if (cache->n == 0)
        cache->hand = CACHE_NOBODY;
}

/* The hand walks from the oldest to the newest and on from the oldest: around the ring.  The
 * victim's row takes the new object to the newest place. */
static inline uint32_t
replace(KeyedCache *cache)
{
    CacheRing *ring = &cache->rings[0];
    uint32_t row = cache->hand == CACHE_NOBODY ? ring->oldest : cache->hand;
    while (cache->marks[row]) {
        cache->marks[row] = 0;
        row = cache->links[row].after;
    }
    uint32_t next = cache->links[row].after;
    cache_prefetch_victim(cache, next);
    cache_index_remove(cache, row);
    if (row == ring->oldest) {
        cache_ring_turn(cache, ring);
    } else {
        cache_ring_remove(cache, ring, row);
        cache_ring_push(cache, ring, row);
    }
    cache->hand = next == row ? CACHE_NOBODY : next;
    return row;
}

static inline uint32_t
admit(KeyedCache *cache, uint32_t ghost)
{
    (void)ghost;
    uint32_t row = cache->n < cache->capacity ? cache_join(cache) : replace(cache);
    cache->marks[row] = 0;
    return row;
}

static const CacheMoves moves = {.touch = touch, .admit = admit};

CACHE_CALLS(moves)

const CachePolicy cache_sieve = {.get = get, .put = put, .access = get_or_put, .leave = leave};
