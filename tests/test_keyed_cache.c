#include "tests/harness.h"

#include "models/keyed_cache_policy.h"
#include "sim/rng.h"

#include <string.h>

/* The same caches again as plain arrays, oldest first: nothing is fast and nothing is linked. */
#define ITEMS_MAX 64
typedef struct Item {
    uint64_t key;
    SimTime born;
    uint32_t hits;
} Item;

typedef struct List {
    Item items[ITEMS_MAX];
    uint32_t n;
} List;

typedef struct Naive {
    KeyedCacheOptions options;
    List lists[3]; /* the only or main one, small, ghosts */
    uint32_t hand; /* of sieve, a position in the first list */
} Naive;

static uint32_t
list_find(const List *list, uint64_t key)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (list->items[i].key == key)
            return i;
    return SIM_NONE;
}

static Item
list_take(List *list, uint32_t at)
{
    Item item = list->items[at];
    memmove(&list->items[at], &list->items[at + 1], (--list->n - at) * sizeof item);
    return item;
}

static void
list_add(List *list, Item item)
{
    list->items[list->n++] = item;
}

static void
naive_remove(Naive *naive, uint32_t list, uint32_t at)
{
    list_take(&naive->lists[list], at);
    if (list == 0 && at < naive->hand)
        naive->hand--;
    if (naive->hand >= naive->lists[0].n)
        naive->hand = 0;
}

static void
naive_touch(Naive *naive, uint32_t list, uint32_t at)
{
    List *only = &naive->lists[list];
    if (naive->options.policy == CACHE_LRU)
        list_add(only, list_take(only, at));
    else
        only->items[at].hits++;
}

static void
naive_evict_s3_fifo(Naive *naive)
{
    List *queue = naive->lists, *small = &naive->lists[1], *ghosts = &naive->lists[2];
    uint32_t small_size = MAX(naive->options.capacity / 10, 1);
    if (small->n >= small_size) {
        Item item = list_take(small, 0);
        bool stays = item.hits >= 2;
        item.hits = 0;
        list_add(stays ? queue : ghosts, item);
        if (ghosts->n > naive->options.capacity - small_size)
            list_take(ghosts, 0);
    } else {
        Item item = list_take(queue, 0);
        uint32_t hits = MIN(item.hits, 3);
        if (hits > 0) {
            item.hits = hits - 1;
            list_add(queue, item);
        }
    }
}

static void
naive_evict(Naive *naive)
{
    List *queue = &naive->lists[0];
    if (naive->options.policy == CACHE_S3_FIFO) {
        naive_evict_s3_fifo(naive);
    } else if (naive->options.policy == CACHE_SIEVE) {
        for (; queue->items[naive->hand].hits; naive->hand = (naive->hand + 1) % queue->n)
            queue->items[naive->hand].hits = 0;
        naive_remove(naive, 0, naive->hand);
    } else {
        while (naive->options.policy == CACHE_CLOCK && queue->items[0].hits) {
            Item item = list_take(queue, 0);
            item.hits = 0;
            list_add(queue, item);
        }
        list_take(queue, 0);
    }
}

static bool
naive_use(Naive *naive, uint64_t key, SimTime now, CacheUse use)
{
    for (uint32_t list = 0; list < 2; list++) {
        uint32_t at = list_find(&naive->lists[list], key);
        if (at == SIM_NONE)
            continue;
        SimTime ttl = naive->options.ttl, age = now - naive->lists[list].items[at].born;
        if (ttl == 0 || age <= ttl) {
            if (use & CACHE_GET)
                naive_touch(naive, list, at);
            return true;
        }
        naive_remove(naive, list, at);
    }
    if (!(use & CACHE_PUT))
        return false;
    uint32_t ghost = list_find(&naive->lists[2], key);
    if (ghost != SIM_NONE)
        list_take(&naive->lists[2], ghost);
    while (naive->lists[0].n + naive->lists[1].n == naive->options.capacity)
        naive_evict(naive);
    bool begins_small = naive->options.policy == CACHE_S3_FIFO && ghost == SIM_NONE;
    list_add(&naive->lists[begins_small], (Item){.key = key, .born = now});
    return false;
}

static void
naive_keep(Naive *naive, double kept, uint64_t salt)
{
    for (uint32_t list = 0; list < 3; list++)
        for (uint32_t i = naive->lists[list].n; i-- > 0;) {
            uint64_t hash = sim_mix64(naive->lists[list].items[i].key ^ sim_mix64(~salt));
            if ((double)(hash >> 11) * 0x1p-53 >= kept)
                naive_remove(naive, list, i);
        }
}

/* Every ring holds the keys of the naive list in the same order. */
static bool
has_the_same_content(const KeyedCache *cache, const Naive *naive)
{
    for (int list = 0; list < 3; list++) {
        const List *want = &naive->lists[list];
        const CacheRing *ring = &cache->rings[list];
        if (ring->n != want->n)
            return false;
        for (uint32_t i = 0, row = ring->oldest; i < ring->n; i++) {
            if (cache->entries[row].key != want->items[i].key)
                return false;
            row = cache->links[row].after;
        }
    }
    return keyed_cache_size(cache) == naive->lists[0].n + naive->lists[1].n;
}

static bool
use(KeyedCache *cache, uint64_t key, SimTime now, CacheUse use_as)
{
    if (use_as == CACHE_GET)
        return keyed_cache_get(cache, key, now);
    if (use_as == CACHE_ACCESS)
        return keyed_cache_access(cache, key, now);
    keyed_cache_put(cache, key, now);
    return false;
}

/* A few hundred random operations; the number of the first that went wrong, or 0. */
static uint32_t
walk(SimArena *arena, const KeyedCacheOptions *options, SimRng *rng, bool keeps)
{
    KeyedCache *cache = keyed_cache_new(arena, options);
    Naive naive = {.options = *options};
    SimTime now = 0;
    uint64_t n_keys = options->capacity + 1 + sim_rng_below(rng, 20);
    static const CacheUse uses[] = {CACHE_ACCESS, CACHE_ACCESS, CACHE_ACCESS, CACHE_GET, CACHE_PUT};
    for (uint32_t step = 1; step <= 400; step++) {
        uint64_t key = MIN(sim_rng_below(rng, n_keys), sim_rng_below(rng, n_keys));
        CacheUse use_as = uses[sim_rng_below(rng, G_N_ELEMENTS(uses))];
        key = options->ids ? key : key * UINT64_C(0x9e3779b97f4a7c15);
        now += (SimTime)sim_rng_below(rng, 3);
        bool got = use(cache, key, now, use_as), want = naive_use(&naive, key, now, use_as);
        if (use_as != CACHE_PUT && got != want)
            return step;
        if (keeps && sim_rng_chance(rng, .02)) {
            keyed_cache_keep(cache, .5, step);
            naive_keep(&naive, .5, step);
        }
        keyed_cache_verify(cache);
        if (!has_the_same_content(cache, &naive))
            return step;
    }
    return 0;
}

static void
walk_often(uint64_t ids, SimTime ttl, bool keeps)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)16 << 20);
    for (uint64_t seed = 1; seed <= 50; seed++)
        for (int policy = 0; policy < CACHE_POLICY_COUNT; policy++) {
            SimRng rng = sim_rng_named(seed, 0, "walk");
            KeyedCacheOptions options = {.policy = (CachePolicyKind)policy,
                                         .capacity = (uint32_t)sim_rng_below(&rng, 25) + 1,
                                         .ids = ids,
                                         .ttl = ttl};
            CHECK_INT(walk(arena, &options, &rng, keeps), 0);
        }
}

static void
dense_caches_are_the_naive_ones(void)
{
    walk_often(46, 0, false);
}

static void
hashed_caches_are_the_naive_ones(void)
{
    walk_often(0, 0, false);
}

static void
so_they_are_with_a_time_to_live(void)
{
    walk_often(46, 30, false);
    walk_often(0, 5, false);
}

static void
so_they_are_when_content_is_lost(void)
{
    walk_often(46, 0, true);
    walk_often(0, 0, true);
    walk_often(0, 30, true);
}

static KeyedCache *
make(SimArena *arena, CachePolicyKind policy, uint32_t capacity, uint64_t ids, SimTime ttl)
{
    KeyedCacheOptions options = {.policy = policy, .capacity = capacity, .ids = ids, .ttl = ttl};
    return keyed_cache_new(arena, &options);
}

static void
an_object_lives_for_its_time_and_comes_in_anew(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    for (int policy = 0; policy < CACHE_POLICY_COUNT; policy++) {
        KeyedCache *cache = make(arena, (CachePolicyKind)policy, 2, 0, 10);
        CHECK(!keyed_cache_access(cache, 7, 100));
        CHECK(keyed_cache_access(cache, 7, 110));
        CHECK(!keyed_cache_access(cache, 7, 111)); /* hits do not renew */
        CHECK(keyed_cache_access(cache, 7, 121));
        CHECK(!keyed_cache_get(cache, 7, 122));
        CHECK_INT(keyed_cache_size(cache), 0);
        keyed_cache_put(cache, 7, 130);
        keyed_cache_put(cache, 7, 139); /* no change when it is there */
        CHECK(!keyed_cache_get(cache, 7, 141));
    }
}

static void
a_get_alone_brings_nothing_in_and_a_put_is_no_use(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    KeyedCache *cache = make(arena, CACHE_LRU, 2, 10, 0);
    CHECK(!keyed_cache_get(cache, 1, 0));
    CHECK(!keyed_cache_get(cache, 1, 0));
    keyed_cache_put(cache, 1, 0);
    keyed_cache_put(cache, 2, 0);
    keyed_cache_put(cache, 1, 0);
    keyed_cache_put(cache, 3, 0);
    CHECK(!keyed_cache_get(cache, 1, 0));
    CHECK(keyed_cache_get(cache, 2, 0));
    CHECK(keyed_cache_get(cache, 3, 0));
}

static void
keep_keeps_the_share_asked_for(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)8 << 20);
    for (int policy = 0; policy < CACHE_POLICY_COUNT; policy++) {
        KeyedCache *cache = make(arena, (CachePolicyKind)policy, 10000, 0, 0);
        for (uint64_t key = 0; key < 30000; key++)
            keyed_cache_access(cache, key, 0);
        keyed_cache_keep(cache, 1, 1);
        CHECK_INT(keyed_cache_size(cache), 10000);
        keyed_cache_keep(cache, .25, 2);
        CHECK_NEAR(keyed_cache_size(cache), 2500, 200);
        keyed_cache_keep(cache, .5, 3);
        CHECK_NEAR(keyed_cache_size(cache), 1250, 150);
        keyed_cache_verify(cache);
        keyed_cache_keep(cache, 0, 4);
        CHECK_INT(keyed_cache_size(cache), 0);
        CHECK(!keyed_cache_access(cache, 29999, 0));
        keyed_cache_verify(cache);
    }
}

static void
an_empty_cache_costs_what_is_said_and_accesses_cost_nothing(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)64 << 20);
    for (int policy = 0; policy < CACHE_POLICY_COUNT; policy++)
        for (uint64_t ids = 0; ids <= 50000; ids += 25000) {
            KeyedCacheOptions options = {.policy = (CachePolicyKind)policy,
                                         .capacity = 30001,
                                         .ids = ids,
                                         .ttl = (SimTime)ids};
            size_t before = sim_arena_used(arena);
            KeyedCache *cache = keyed_cache_new(arena, &options);
            size_t taken = sim_arena_used(arena) - before;
            CHECK_INT(keyed_cache_bytes(&options), taken);
            for (uint64_t i = 0; i < 200000; i++)
                keyed_cache_access(cache, i * i % 25000, (SimTime)i);
            CHECK_INT(sim_arena_used(arena) - before, taken);
        }
}

/* A second access of everything, in caches that hold everything. */
static void
what_fits_is_never_evicted(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)8 << 20);
    for (int policy = 0; policy < CACHE_POLICY_COUNT; policy++)
        for (uint64_t ids = 0; ids <= 500; ids += 500) {
            KeyedCache *cache = make(arena, (CachePolicyKind)policy, 500, ids, 0);
            for (uint64_t i = 0; i < 1000; i++) {
                keyed_cache_prefetch(cache, i % 500);
                CHECK_INT(keyed_cache_access(cache, i % 500, 0), i >= 500);
            }
            keyed_cache_verify(cache);
        }
}

static void
policies_have_names(void)
{
    CHECK_STR(cache_policy_names[CACHE_LRU], "lru");
    CHECK_STR(cache_policy_names[CACHE_S3_FIFO], "s3-fifo");
    for (int policy = 0; policy < CACHE_POLICY_COUNT; policy++)
        CHECK(cache_policy_names[policy] != NULL);
    CHECK(cache_policy_names[CACHE_POLICY_COUNT] == NULL);
}

static CU_TestInfo tests[] = {
    {"dense_caches_are_the_naive_ones", dense_caches_are_the_naive_ones},
    {"hashed_caches_are_the_naive_ones", hashed_caches_are_the_naive_ones},
    {"so_they_are_with_a_time_to_live", so_they_are_with_a_time_to_live},
    {"so_they_are_when_content_is_lost", so_they_are_when_content_is_lost},
    {"an_object_lives_for_its_time_and_comes_in_anew",
     an_object_lives_for_its_time_and_comes_in_anew},
    {"a_get_alone_brings_nothing_in_and_a_put_is_no_use",
     a_get_alone_brings_nothing_in_and_a_put_is_no_use},
    {"keep_keeps_the_share_asked_for", keep_keeps_the_share_asked_for},
    {"an_empty_cache_costs_what_is_said_and_accesses_cost_nothing",
     an_empty_cache_costs_what_is_said_and_accesses_cost_nothing},
    {"what_fits_is_never_evicted", what_fits_is_never_evicted},
    {"policies_have_names", policies_have_names},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("keyed_cache", tests)
