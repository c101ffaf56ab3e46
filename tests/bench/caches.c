/*
 * caches.c - what keyed caches and Zipf draws cost.
 *
 * Prints a table "name, parameter, value, unit" separated by tabs, medians of 5.  Requests are
 * drawn beforehand, so that only the cache is timed; a run begins with a warm cache.  The column
 * `parameter` of a cache names its index, and "ahead" where it is told of requests 8 ahead.
 */
#include "models/keyed_cache.h"
#include "models/zipf.h"

#include <stdio.h>

#define OBJECTS 1000000u
#define CAPACITY 100000u
#define REQUESTS 4000000u
#define AHEAD 8
#define RUNS 5

static int
by_value(gconstpointer left, gconstpointer right, gpointer data)
{
    double a = *(const double *)left, b = *(const double *)right;
    (void)data;
    return (a > b) - (a < b);
}

static double
median(double values[RUNS])
{
    g_qsort_with_data(values, RUNS, sizeof *values, by_value, NULL);
    return values[RUNS / 2];
}

static uint32_t
hits_of(KeyedCache *cache, const uint32_t *keys, uint32_t ahead)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < REQUESTS - AHEAD; i++) {
        if (ahead)
            keyed_cache_prefetch(cache, keys[i + AHEAD]);
        hits += keyed_cache_access(cache, keys[i], 0);
    }
    return hits;
}

static void
time_cache(CachePolicyKind policy, const uint32_t *keys, uint64_t ids, uint32_t ahead)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)256 << 20);
    KeyedCacheOptions options = {.policy = policy, .capacity = CAPACITY, .ids = ids};
    KeyedCache *cache = keyed_cache_new(arena, &options);
    double rates[RUNS];
    uint32_t hits = hits_of(cache, keys, ahead);
    for (int run = 0; run < RUNS; run++) {
        int64_t start = g_get_monotonic_time();
        hits = hits_of(cache, keys, ahead);
        rates[run] = REQUESTS / (double)(g_get_monotonic_time() - start);
    }
    const char *index = ids > 0 ? "dense" : "hashed", *suffix = ahead ? ", ahead" : "";
    const char *name = cache_policy_names[policy];
    printf("%s\t%s%s\t%.1f\tM requests/s\n", name, index, suffix, median(rates));
    if (!ahead && ids > 0)
        printf("%s\thit ratio\t%.4f\t1\n", name, hits / (double)REQUESTS);
}

static void
time_zipf(const char *parameter, ZipfMethod method)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)64 << 20);
    const Zipf *zipf = zipf_new_by(arena, OBJECTS, 1, method);
    SimRng rng = sim_rng_named(1, 0, "bench");
    double rates[RUNS];
    uint64_t sum = 0;
    for (int run = 0; run < RUNS; run++) {
        int64_t start = g_get_monotonic_time();
        for (uint32_t i = 0; i < REQUESTS; i++)
            sum += zipf_draw(zipf, &rng);
        rates[run] = (double)(g_get_monotonic_time() - start) * 1e3 / REQUESTS;
    }
    printf("zipf draw\t%s\t%.1f\tns\n", sum ? parameter : "", median(rates));
}

int
main(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)64 << 20);
    const Zipf *zipf = zipf_new(arena, OBJECTS, 1);
    SimRng rng = sim_rng_named(1, 0, "requests");
    g_autofree uint32_t *keys = g_new(uint32_t, REQUESTS);
    /* Ids in no order of popularity, as catalogues have them. */
    for (uint32_t i = 0; i < REQUESTS; i++)
        keys[i] = (uint32_t)(zipf_draw(zipf, &rng) * UINT64_C(611953) % OBJECTS);
    printf("name\tparameter\tvalue\tunit\n");
    for (int policy = 0; policy < CACHE_POLICY_COUNT; policy++)
        for (uint32_t way = 0; way < 4; way++)
            time_cache((CachePolicyKind)policy, keys, way & 1 ? OBJECTS : 0, way / 2);
    time_zipf("alias", ZIPF_ALIAS);
    time_zipf("rejection inversion", ZIPF_REJECTION);
    return 0;
}
