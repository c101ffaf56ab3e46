#include "tests/theory/theory.h"

#include "models/cache.h"
#include "sim/elementary.h"
#include "sim/rng.h"

#include <math.h>

#define OBJECTS 100000u
#define PLACES 10000u
#define ALPHA 0.9

/* A least-recently-used list over the object ids, 0 being the most popular; OBJECTS is its head. */
typedef struct Lru {
    uint32_t before[OBJECTS + 1], after[OBJECTS + 1];
    bool holds[OBJECTS];
    uint32_t n;
} Lru;

typedef struct Bench {
    double up_to[OBJECTS]; /* popularity of the ranks up to each */
    Lru lru;
    SimRng requests, fetches;
} Bench;

static void
lru_empty(Lru *lru)
{
    memset(lru, 0, sizeof *lru);
    lru->before[OBJECTS] = lru->after[OBJECTS] = OBJECTS;
}

static void
lru_take_out(Lru *lru, uint32_t object)
{
    lru->after[lru->before[object]] = lru->after[object];
    lru->before[lru->after[object]] = lru->before[object];
    lru->holds[object] = false;
    lru->n--;
}

static void
lru_put_first(Lru *lru, uint32_t object)
{
    uint32_t first = lru->after[OBJECTS];
    lru->after[object] = first;
    lru->before[object] = OBJECTS;
    lru->before[first] = lru->after[OBJECTS] = object;
    lru->holds[object] = true;
    lru->n++;
}

static Bench *
bench_new(void)
{
    Bench *bench = g_new0(Bench, 1);
    double sum = 0;
    for (uint32_t i = 0; i < OBJECTS; i++)
        bench->up_to[i] = sum += sim_pow(i + 1.0, -ALPHA);
    for (uint32_t i = 0; i < OBJECTS; i++)
        bench->up_to[i] /= sum;
    bench->requests = sim_rng_named(1, 0, "requests");
    bench->fetches = sim_rng_named(1, 0, "fetches");
    lru_empty(&bench->lru);
    return bench;
}

static uint32_t
draw(Bench *bench)
{
    double u = sim_rng_unit(&bench->requests);
    uint32_t low = 0, high = OBJECTS - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (bench->up_to[middle] < u)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Hits of so many requests, of whose fetches the share `success` succeeds. */
static uint32_t
hits_of(Bench *bench, uint32_t requests, double success)
{
    Lru *lru = &bench->lru;
    uint32_t hits = 0;
    for (uint32_t i = 0; i < requests; i++) {
        uint32_t object = draw(bench);
        if (lru->holds[object]) {
            hits++;
            lru_take_out(lru, object);
            lru_put_first(lru, object);
        } else if (sim_rng_chance(&bench->fetches, success)) {
            if (lru->n == PLACES)
                lru_take_out(lru, lru->before[OBJECTS]);
            lru_put_first(lru, object);
        }
    }
    return hits;
}

#define PHASES 6
static const uint32_t phase_requests[PHASES] = {2500, 2500, 5000, 10000, 20000, 40000};

static void
cold_lru_caches_follow_the_curve_until_full_and_after(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    const CacheCurve *curve = cache_curve_new(arena, OBJECTS, ALPHA, PLACES);
    g_autofree Bench *bench = bench_new();
    double hits[PHASES] = {0}, age = 0;
    for (int run = 0; run < 50; run++) {
        lru_empty(&bench->lru);
        for (int phase = 0; phase < PHASES; phase++)
            hits[phase] += hits_of(bench, phase_requests[phase], 1) / 50.0;
    }
    for (int phase = 0; phase < PHASES; phase++) {
        double requests = phase_requests[phase];
        g_autofree char *about =
            g_strdup_printf("LRU from empty: requests %.0f to %.0f", age, age + requests);
        CASE_NEAR("16", about, hits[phase] / requests,
                  cache_curve_hits(curve, age, age + requests) / requests, .003);
        age += requests;
    }
}

static void
a_warm_lru_cache_hits_as_che_says(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    const CacheCurve *curve = cache_curve_new(arena, OBJECTS, ALPHA, PLACES);
    g_autofree Bench *bench = bench_new();
    hits_of(bench, 100000, 1);
    CASE_NEAR("17", "LRU steady, alpha .9", hits_of(bench, 1000000, 1) / 1e6,
              cache_curve_steady(curve), .0015);
    CASE_NEAR("17", "the same against the published value", cache_curve_steady(curve), .60523,
              .001);
}

static void
failing_fetches_slow_the_filling_by_their_share(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    const CacheCurve *curve = cache_curve_new(arena, OBJECTS, ALPHA, PLACES);
    g_autofree Bench *bench = bench_new();
    static const double success[] = {.3, 0, .8, .1};
    double hits[G_N_ELEMENTS(success)] = {0}, age = 0;
    for (int run = 0; run < 50; run++) {
        lru_empty(&bench->lru);
        for (size_t i = 0; i < G_N_ELEMENTS(success); i++)
            hits[i] += hits_of(bench, 6000, success[i]) / 50.0 / 6000;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(success); i++) {
        double next = cache_curve_advance(curve, age, 6000, success[i]);
        double want = next > age ? cache_curve_hits(curve, age, next) / (next - age)
                                 : cache_curve_hit(curve, age);
        g_autofree char *about =
            g_strdup_printf("filling while %.0f %% of the fetches succeed", 100 * success[i]);
        CASE_NEAR("16", about, hits[i], want, .003);
        age = next;
    }
}

/* What the curve leaves out: misses that fail do not evict. */
static void
a_full_cache_behind_a_failing_origin_hits_more_than_the_curve(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    const CacheCurve *curve = cache_curve_new(arena, OBJECTS, ALPHA, PLACES);
    g_autofree Bench *bench = bench_new();
    hits_of(bench, 100000, 1);
    hits_of(bench, 300000, .3);
    double got = hits_of(bench, 1000000, .3) / 1e6;
    CASE_NEAR("19", "LRU steady, 30 % of the fetches succeed", got, .63173, .003);
    CASE_NEAR("19", "the curve's error there", cache_curve_steady(curve) - got, -.0265, .003);
    double before = hits_of(bench, 300000, 0) / 3e5, after = hits_of(bench, 300000, 0) / 3e5;
    CASE_NEAR("19", "a dead origin freezes the hit ratio", after, before, .003);
}

/* Half of the content at random is kept: two ages are exact, one age is a little off. */
static void
a_half_flushed_cache_is_two_ages(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    const CacheCurve *curve = cache_curve_new(arena, OBJECTS, ALPHA, PLACES);
    g_autofree Bench *bench = bench_new();
    double got = 0, age = cache_curve_full(curve) / 2;
    for (int run = 0; run < 50; run++) {
        lru_empty(&bench->lru);
        hits_of(bench, (uint32_t)age, 1);
        for (uint32_t object = 0; object < OBJECTS; object++)
            if (bench->lru.holds[object] && sim_rng_chance(&bench->fetches, .5))
                lru_take_out(&bench->lru, object);
        got += hits_of(bench, 5000, 1) / 50.0 / 5000;
    }
    double two_ages =
        (cache_curve_hits(curve, 0, 5000) + cache_curve_hits(curve, age, age + 5000)) / 2 / 5000;
    double kept = cache_curve_keep(curve, age, .5);
    CASE_NEAR("-", "5000 requests after half a flush: two ages", two_ages, got, .003);
    CASE_NEAR("-", "the same: one age", cache_curve_hits(curve, kept, kept + 5000) / 5000, got,
              .03);
}

static CU_TestInfo tests[] = {
    {"cold_lru_caches_follow_the_curve_until_full_and_after",
     cold_lru_caches_follow_the_curve_until_full_and_after},
    {"a_warm_lru_cache_hits_as_che_says", a_warm_lru_cache_hits_as_che_says},
    {"failing_fetches_slow_the_filling_by_their_share",
     failing_fetches_slow_the_filling_by_their_share},
    {"a_full_cache_behind_a_failing_origin_hits_more_than_the_curve",
     a_full_cache_behind_a_failing_origin_hits_more_than_the_curve},
    {"a_half_flushed_cache_is_two_ages", a_half_flushed_cache_is_two_ages},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("caches", tests)
