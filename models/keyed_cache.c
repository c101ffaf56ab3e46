#include "models/keyed_cache_policy.h"

const char *const cache_policy_names[CACHE_POLICY_COUNT + 1] = {
    [CACHE_LRU] = "lru",     [CACHE_FIFO] = "fifo",       [CACHE_CLOCK] = "clock",
    [CACHE_SIEVE] = "sieve", [CACHE_S3_FIFO] = "s3-fifo",
};

static const CachePolicy *const policies[CACHE_POLICY_COUNT] = {
    [CACHE_LRU] = &cache_lru,     [CACHE_FIFO] = &cache_fifo,       [CACHE_CLOCK] = &cache_clock,
    [CACHE_SIEVE] = &cache_sieve, [CACHE_S3_FIFO] = &cache_s3_fifo,
};

#define ROWS_MAX (UINT64_C(1) << 31)

/* Lengths of the arrays. */
typedef struct Extent {
    uint64_t rows, slots;
    uint32_t slot_bits; /* of a hashed cache */
} Extent;

static Extent
extent_of(const KeyedCacheOptions *options)
{
    const CachePolicy *policy = policies[options->policy];
    Extent extent = {.rows = options->capacity};
    if (policy->ghosts)
        extent.rows += policy->ghosts(options->capacity);
    if (options->ids > 0)
        extent.rows = MIN(extent.rows, options->ids);
    extent.rows++;
    extent.slot_bits = 1;
    while (UINT64_C(1) << extent.slot_bits < extent.rows)
        extent.slot_bits++;
    extent.slots = options->ids > 0 ? options->ids : UINT64_C(1) << extent.slot_bits;
    return extent;
}

KeyedCache *
keyed_cache_new(SimArena *arena, const KeyedCacheOptions *options)
{
    SIM_ASSERT(options->policy < CACHE_POLICY_COUNT);
    SIM_ASSERT(options->capacity >= 1);
    SIM_ASSERT(options->ttl >= 0);
    Extent extent = extent_of(options);
    SIM_ASSERT(extent.rows <= ROWS_MAX);
    KeyedCache *cache = SIM_ARENA_NEW(arena, KeyedCache, 1);
    cache->policy = policies[options->policy];
    cache->ids = options->ids;
    cache->ttl = options->ttl;
    cache->capacity = options->capacity;
    cache->rows = (uint32_t)extent.rows;
    cache->shift = 64 - extent.slot_bits;
    cache->slots = SIM_ARENA_NEW(arena, uint32_t, extent.slots);
    cache->entries = SIM_ARENA_NEW(arena, CacheEntry, extent.rows);
    cache->links = SIM_ARENA_NEW(arena, CacheLink, extent.rows);
    cache->marks = SIM_ARENA_NEW(arena, uint8_t, extent.rows);
    if (options->ttl > 0)
        cache->born = SIM_ARENA_NEW(arena, SimTime, extent.rows);
    return cache;
}

/* What an arena takes for n objects of size bytes. */
static size_t
block(uint64_t n, size_t size)
{
    return (n * size + 63) / 64 * 64;
}

size_t
keyed_cache_bytes(const KeyedCacheOptions *options)
{
    Extent extent = extent_of(options);
    return block(1, sizeof(KeyedCache)) + block(extent.slots, sizeof(uint32_t)) +
           block(extent.rows, sizeof(CacheEntry)) + block(extent.rows, sizeof(CacheLink)) +
           block(extent.rows, sizeof(uint8_t)) +
           (options->ttl > 0 ? block(extent.rows, sizeof(SimTime)) : 0);
}

bool
keyed_cache_get(KeyedCache *cache, uint64_t key, SimTime now)
{
    return cache->policy->get(cache, key, now);
}

void
keyed_cache_put(KeyedCache *cache, uint64_t key, SimTime now)
{
    cache->policy->put(cache, key, now);
}

bool
keyed_cache_access(KeyedCache *cache, uint64_t key, SimTime now)
{
    return cache->policy->access(cache, key, now);
}

void
keyed_cache_prefetch(const KeyedCache *cache, uint64_t key)
{
    __builtin_prefetch(cache_slot(cache, key), 1);
}

uint32_t
keyed_cache_size(const KeyedCache *cache)
{
    return cache->n;
}

uint32_t
keyed_cache_capacity(const KeyedCache *cache)
{
    return cache->capacity;
}

void
cache_leave(KeyedCache *cache, uint32_t row)
{
    cache_ring_remove(cache, &cache->rings[0], row);
    cache->n--;
}

void
cache_expel(KeyedCache *cache, uint32_t row)
{
    cache->policy->leave(cache, row);
    cache_index_remove(cache, row);
    cache_row_give(cache, row);
}

void
keyed_cache_keep(KeyedCache *cache, double kept, uint64_t salt)
{
    SIM_ASSERT(kept >= 0 && kept <= 1);
    for (int i = 0; i < CACHE_RINGS; i++) {
        uint32_t row = cache->rings[i].oldest;
        for (uint32_t left = cache->rings[i].n; left > 0; left--) {
            uint32_t next = cache->links[row].after;
            uint64_t hash = sim_mix64(cache->entries[row].key ^ sim_mix64(~salt));
            if ((double)(hash >> 11) * 0x1p-53 >= kept)
                cache_expel(cache, row);
            row = next;
        }
    }
}

/* The rows of a ring are in use, linked both ways, and found by their keys. */
static void
verify_ring(const KeyedCache *cache, const CacheRing *ring)
{
    uint32_t row = ring->oldest;
    SIM_ASSERT((ring->n == 0) == (row == CACHE_NOBODY));
    for (uint32_t i = 0; i < ring->n; i++) {
        SIM_ASSERT(row != CACHE_NOBODY);
        SIM_ASSERT(row <= cache->used);
        uint64_t key = cache->entries[row].key;
        uint32_t next = cache->links[row].after;
        SIM_ASSERT(cache_find(cache, cache_slot(cache, key), key) == row);
        SIM_ASSERT(cache->links[next].before == row);
        row = next;
    }
    SIM_ASSERT(row == ring->oldest);
}

void
keyed_cache_verify(const KeyedCache *cache)
{
    uint32_t placed = 0, given_back = 0;
    for (int i = 0; i < CACHE_RINGS; i++) {
        verify_ring(cache, &cache->rings[i]);
        placed += cache->rings[i].n;
    }
    for (uint32_t row = cache->free; row != CACHE_NOBODY; row = cache->entries[row].chain)
        SIM_ASSERT(++given_back < cache->rows);
    SIM_ASSERT(placed + given_back == cache->used);
    SIM_ASSERT(cache->used < cache->rows);
    SIM_ASSERT(cache->n <= cache->capacity);
    if (cache->policy->verify)
        cache->policy->verify(cache);
}
