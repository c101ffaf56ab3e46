#include "models/keyed_cache_policy.h"

/* A mark counts hits in its low two bits; the bits above name the ring of the row. */
enum { MAIN, SMALL, GHOST };
#define HITS_MAX 3u
#define HITS_TO_STAY 2u
#define RING_SHIFT 2

static inline uint32_t
small_target(uint32_t capacity)
{
    return MAX(capacity / 10, 1);
}

static uint32_t
ghosts(uint32_t capacity)
{
    return capacity - small_target(capacity);
}

static inline bool
is_ghost(const KeyedCache *cache, uint32_t row)
{
    return cache->marks[row] >> RING_SHIFT == GHOST;
}

static inline void
touch(KeyedCache *cache, uint32_t row)
{
    uint8_t mark = cache->marks[row];
    if ((mark & HITS_MAX) < HITS_MAX)
        cache->marks[row] = (uint8_t)(mark + 1);
}

/* The newest of a ring, without hits. */
static inline void
join(KeyedCache *cache, uint32_t row, uint8_t ring)
{
    cache_ring_push(cache, &cache->rings[ring], row);
    cache->marks[row] = (uint8_t)(ring << RING_SHIFT);
}

static void
leave(KeyedCache *cache, uint32_t row)
{
    uint8_t ring = cache->marks[row] >> RING_SHIFT;
    cache_ring_remove(cache, &cache->rings[ring], row);
    cache->n -= ring != GHOST;
}

/* Out of everything, ghosts included. */
static void
forget(KeyedCache *cache, uint32_t row)
{
    CacheRing *ring = &cache->rings[cache->marks[row] >> RING_SHIFT];
    leave(cache, row);
    cache_prefetch_victim(cache, ring->oldest);
    cache_index_remove(cache, row);
    cache_row_give(cache, row);
}

/* The oldest of the small ring: on to the main one, or out. */
static void
settle_small(KeyedCache *cache)
{
    CacheRing *small = &cache->rings[SMALL], *ghost = &cache->rings[GHOST];
    uint32_t row = small->oldest;
    bool stays = (cache->marks[row] & HITS_MAX) >= HITS_TO_STAY;
    cache_ring_remove(cache, small, row);
    if (stays) {
        join(cache, row, MAIN);
        return;
    }
    cache->n--;
    join(cache, row, GHOST);
    if (ghost->n > ghosts(cache->capacity))
        forget(cache, ghost->oldest);
}

/* The oldest of the main ring: one more round for one hit less, or out. */
static void
settle_main(KeyedCache *cache)
{
    CacheRing *ring = &cache->rings[MAIN];
    if ((cache->marks[ring->oldest] & HITS_MAX) == 0)
        forget(cache, ring->oldest);
    else
        cache->marks[cache_ring_turn(cache, ring)]--;
}

/* Small gives room while it has its tenth, else main.  A ghost is taken out first, lest it be the
 * one that is forgotten. */
static uint32_t
admit(KeyedCache *cache, uint32_t ghost)
{
    if (ghost != CACHE_NOBODY)
        leave(cache, ghost);
    while (cache->n == cache->capacity) {
        if (cache->rings[SMALL].n >= small_target(cache->capacity))
            settle_small(cache);
        else
            settle_main(cache);
    }
    uint32_t row = ghost != CACHE_NOBODY ? ghost : cache_row_take(cache);
    join(cache, row, ghost != CACHE_NOBODY ? MAIN : SMALL);
    cache->n++;
    return row;
}

static const CacheMoves moves = {.touch = touch, .admit = admit, .is_ghost = is_ghost};

CACHE_CALLS(moves)

static void
verify(const KeyedCache *cache)
{
    const CacheRing *rings = cache->rings;
    SIM_ASSERT(rings[MAIN].n + rings[SMALL].n == cache->n);
    SIM_ASSERT(rings[GHOST].n <= ghosts(cache->capacity));
    for (uint8_t ring = 0; ring < CACHE_RINGS; ring++)
        for (uint32_t i = 0, row = rings[ring].oldest; i < rings[ring].n; i++) {
            SIM_ASSERT(cache->marks[row] >> RING_SHIFT == ring);
            row = cache->links[row].after;
        }
}

const CachePolicy cache_s3_fifo = {.ghosts = ghosts,
                                   .get = get,
                                   .put = put,
                                   .access = get_or_put,
                                   .leave = leave,
                                   .verify = verify};
