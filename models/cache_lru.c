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

static const CacheMoves moves = {.touch = touch, .admit = cache_admit};

CACHE_CALLS(moves)

const CachePolicy cache_lru = {.get = get, .put = put, .access = get_or_put, .leave = cache_leave};
