/*
 * keyed_cache_policy.h - what the policies of a keyed cache are made of: rows, an index, rings.
 *
 * Only keyed_cache.c and the files of the policies include this.
 *
 * A row is the place of one object, or of one ghost.  Row 0 is nobody, so that zeroed memory is an
 * empty cache.  What is touched together lies together: key and chain (entries), the two neighbours
 * (links), what a hit sets (marks), when it came in (born, only with a time to live).
 *
 * The index finds the row of a key: slots[key] of a dense cache, else the chain that begins at
 * slots[hash of key] and goes on through entries[row].chain.  There are 1 to 2 slots for a row.
 *
 * A ring is a circular list of rows.  `after` leads from the oldest to newer ones and from the
 * newest to the oldest, so that moving the oldest to the newest place is one step of `oldest`, and
 * an object that takes the place of the oldest writes no link.
 *
 * A policy is a table of operations.  Its get, put and access are cache_use with its own moves,
 * which the compiler inlines: an access is one indirect call and one look-up.
 */
#pragma once

#include "models/keyed_cache.h"

#define CACHE_NOBODY 0u
#define CACHE_RINGS 3

typedef struct CacheEntry {
    uint64_t key;
    uint32_t chain; /* the next row with this slot; of a free row, the next free one */
} CacheEntry;

typedef struct CacheLink {
    uint32_t before, after;
} CacheLink;

typedef struct CacheRing {
    uint32_t oldest, n;
} CacheRing;

typedef struct CachePolicy {
    /* Ghosts that a cache of so many objects remembers; NULL: none. */
    uint32_t (*ghosts)(uint32_t capacity);
    bool (*get)(KeyedCache *cache, uint64_t key, SimTime now);
    void (*put)(KeyedCache *cache, uint64_t key, SimTime now);
    bool (*access)(KeyedCache *cache, uint64_t key, SimTime now);
    /* Takes a row out of its ring; it stays in the index. */
    void (*leave)(KeyedCache *cache, uint32_t row);
    /* Beyond what holds for all; may be NULL. */
    void (*verify)(const KeyedCache *cache);
} CachePolicy;

extern const CachePolicy cache_lru, cache_fifo, cache_clock, cache_sieve, cache_s3_fifo;

struct KeyedCache {
    const CachePolicy *policy;
    uint32_t *slots;
    CacheEntry *entries;
    CacheLink *links;
    uint8_t *marks;
    SimTime *born; /* NULL without a time to live */
    SimTime ttl;
    uint64_t ids; /* 0: hashed */
    uint32_t shift;
    uint32_t n, capacity; /* objects, without ghosts */
    uint32_t rows, used;  /* rows in all, row 0 included; rows below used + 1 were in use once */
    uint32_t free;        /* the first of the rows given back */
    uint32_t hand;        /* sieve */
    CacheRing rings[CACHE_RINGS];
};

/* The slot of a key: its own, or where its chain begins. */
static inline uint32_t *
cache_slot(const KeyedCache *cache, uint64_t key)
{
    if (cache->ids) {
        SIM_ASSERT(key < cache->ids);
        return &cache->slots[key];
    }
    return &cache->slots[sim_mix64(key) >> cache->shift];
}

static inline uint32_t
cache_find(const KeyedCache *cache, const uint32_t *slot, uint64_t key)
{
    uint32_t row = *slot;
    if (cache->ids)
        return row;
    while (row != CACHE_NOBODY && cache->entries[row].key != key)
        row = cache->entries[row].chain;
    return row;
}

static inline void
cache_index_add(KeyedCache *cache, uint32_t *slot, uint32_t row, uint64_t key)
{
    cache->entries[row].key = key;
    cache->entries[row].chain = *slot;
    *slot = row;
}

static inline void
cache_index_remove(KeyedCache *cache, uint32_t row)
{
    uint32_t *at = cache_slot(cache, cache->entries[row].key);
    while (*at != row)
        at = &cache->entries[*at].chain;
    *at = cache->entries[row].chain;
}

/* A row of nobody; there must be one. */
static inline uint32_t
cache_row_take(KeyedCache *cache)
{
    uint32_t row = cache->free;
    if (row == CACHE_NOBODY)
        return ++cache->used;
    cache->free = cache->entries[row].chain;
    return row;
}

static inline void
cache_row_give(KeyedCache *cache, uint32_t row)
{
    cache->entries[row].chain = cache->free;
    cache->free = row;
}

/* The row becomes the newest. */
static inline void
cache_ring_push(KeyedCache *cache, CacheRing *ring, uint32_t row)
{
    CacheLink *links = cache->links;
    if (ring->n++ == 0) {
        ring->oldest = links[row].before = links[row].after = row;
        return;
    }
    uint32_t oldest = ring->oldest, newest = links[oldest].before;
    links[row] = (CacheLink){.before = newest, .after = oldest};
    links[newest].after = links[oldest].before = row;
}

static inline void
cache_ring_remove(KeyedCache *cache, CacheRing *ring, uint32_t row)
{
    CacheLink *links = cache->links, link = links[row];
    links[link.before].after = link.after;
    links[link.after].before = link.before;
    if (row == ring->oldest)
        ring->oldest = link.after;
    if (--ring->n == 0)
        ring->oldest = CACHE_NOBODY;
}

/* The oldest becomes the newest. */
static inline uint32_t
cache_ring_turn(KeyedCache *cache, CacheRing *ring)
{
    uint32_t row = ring->oldest;
    ring->oldest = cache->links[row].after;
    return row;
}

/* A new row in the first ring, for a cache that is not full. */
static inline uint32_t
cache_join(KeyedCache *cache)
{
    uint32_t row = cache_row_take(cache);
    cache_ring_push(cache, &cache->rings[0], row);
    cache->n++;
    return row;
}

/* Asks for the slot that evicting the row will write. */
static inline void
cache_prefetch_victim(const KeyedCache *cache, uint32_t row)
{
    __builtin_prefetch(cache_slot(cache, cache->entries[row].key), 1);
}

/* The oldest of the first ring leaves the index; its row is the newest. */
static inline uint32_t
cache_replace_oldest(KeyedCache *cache)
{
    uint32_t row = cache_ring_turn(cache, &cache->rings[0]);
    cache_prefetch_victim(cache, cache->rings[0].oldest);
    cache_index_remove(cache, row);
    return row;
}

/* The operation `leave` of a policy with one ring. */
void cache_leave(KeyedCache *cache, uint32_t row);
/* Takes an object or a ghost out of everything. */
void cache_expel(KeyedCache *cache, uint32_t row);

/* A row for who comes, in place of the oldest of the ring once the cache is full. */
static inline uint32_t
cache_admit(KeyedCache *cache, uint32_t ghost)
{
    (void)ghost;
    return cache->n < cache->capacity ? cache_join(cache) : cache_replace_oldest(cache);
}

/* What distinguishes a policy, for cache_use. */
typedef struct CacheMoves {
    /* A hit on the row. */
    void (*touch)(KeyedCache *cache, uint32_t row);
    /* Makes room for a new object and returns its row, which is in its ring and not in the index.
     * A ghost of the key is given and may be that row, which then is in the index already. */
    uint32_t (*admit)(KeyedCache *cache, uint32_t ghost);
    /* Whether the row is a ghost; NULL: there are none. */
    bool (*is_ghost)(const KeyedCache *cache, uint32_t row);
} CacheMoves;

typedef enum CacheUse { CACHE_GET = 1, CACHE_PUT = 2, CACHE_ACCESS = 3 } CacheUse;

static inline bool
cache_is_fresh(const KeyedCache *cache, uint32_t row, SimTime now)
{
    return !cache->born || now - cache->born[row] <= cache->ttl;
}

static inline __attribute__((always_inline)) bool
cache_use(KeyedCache *cache, uint64_t key, SimTime now, CacheUse use, const CacheMoves *moves)
{
    uint32_t *slot = cache_slot(cache, key);
    uint32_t row = cache_find(cache, slot, key);
    bool is_in = row != CACHE_NOBODY && !(moves->is_ghost && moves->is_ghost(cache, row));
    if (is_in && G_LIKELY(cache_is_fresh(cache, row, now))) {
        if (use & CACHE_GET)
            moves->touch(cache, row);
        return true;
    }
    if (is_in) {
        cache_expel(cache, row);
        row = CACHE_NOBODY;
    }
    if (!(use & CACHE_PUT))
        return false;
    uint32_t place = moves->admit(cache, row);
    if (place != row)
        cache_index_add(cache, slot, place, key);
    if (cache->born)
        cache->born[place] = now;
    return false;
}

/* The get, put and access of a policy: cache_use, compiled with its moves. */
#define CACHE_CALLS(moves)                                                                         \
    static bool get(KeyedCache *cache, uint64_t key, SimTime now)                                  \
    {                                                                                              \
        return cache_use(cache, key, now, CACHE_GET, &(moves));                                    \
    }                                                                                              \
    static void put(KeyedCache *cache, uint64_t key, SimTime now)                                  \
    {                                                                                              \
        cache_use(cache, key, now, CACHE_PUT, &(moves));                                           \
    }                                                                                              \
    static bool get_or_put(KeyedCache *cache, uint64_t key, SimTime now)                           \
    {                                                                                              \
        return cache_use(cache, key, now, CACHE_ACCESS, &(moves));                                 \
    }
