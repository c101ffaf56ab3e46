#include "tests/theory/theory.h"

#include "models/cache.h"
#include "models/keyed_cache.h"
#include "models/zipf.h"
#include "sim/elementary.h"

#include <math.h>

#define OBJECTS 100000u
#define PLACES 10000u
#define ALPHA 0.9

/* One cache under independent requests. */
typedef struct Bench {
    SimArena *arena;
    const Zipf *zipf;
    KeyedCache *cache;
    SimRng requests, fetches;
} Bench;

static Bench
bench_new(CachePolicyKind policy, uint32_t objects, double alpha, uint32_t places)
{
    Bench bench = {.arena = sim_arena_new((size_t)64 << 20),
                   .requests = sim_rng_named(1, 0, "requests"),
                   .fetches = sim_rng_named(1, 0, "fetches")};
    KeyedCacheOptions options = {.policy = policy, .capacity = places, .ids = objects};
    bench.zipf = zipf_new(bench.arena, objects, alpha);
    bench.cache = keyed_cache_new(bench.arena, &options);
    return bench;
}

static void
bench_finish(Bench *bench)
{
    keyed_cache_verify(bench->cache);
    sim_arena_free(bench->arena);
}

/* The hit ratio of so many requests, of whose fetches the share `success` succeeds. */
static double
hit_ratio(Bench *bench, uint32_t requests, double success)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < requests; i++) {
        uint64_t key = zipf_draw(bench->zipf, &bench->requests);
        bool is_hit = keyed_cache_get(bench->cache, key, 0);
        hits += is_hit;
        if (!is_hit && sim_rng_chance(&bench->fetches, success))
            keyed_cache_put(bench->cache, key, 0);
    }
    return hits / (double)requests;
}

static double
steady_hit_ratio(CachePolicyKind policy, uint32_t objects, double alpha, uint32_t places)
{
    Bench bench = bench_new(policy, objects, alpha, places);
    hit_ratio(&bench, 20 * places, 1);
    double ratio = hit_ratio(&bench, 4000000, 1);
    bench_finish(&bench);
    return ratio;
}

static void
a_cold_lru_cache_fills_as_its_formula_says(void)
{
    static const double want[] = {.31374, .37248, .43569};
    static const uint32_t requests[] = {2500, 5000, 10000};
    Bench bench = bench_new(CACHE_LRU, OBJECTS, ALPHA, PLACES);
    double hits[3] = {0};
    for (int run = 0; run < 50; run++) {
        double sum = 0;
        keyed_cache_keep(bench.cache, 0, 0);
        for (int i = 0; i < 3; i++) {
            uint32_t more = requests[i] - (i > 0 ? requests[i - 1] : 0);
            sum += hit_ratio(&bench, more, 1) * more;
            hits[i] += sum / requests[i] / 50;
        }
    }
    for (int i = 0; i < 3; i++) {
        g_autofree char *about = g_strdup_printf("keyed LRU, cold: first %u requests", requests[i]);
        CASE_NEAR("16", about, hits[i], want[i], .003);
    }
    bench_finish(&bench);
}

static const struct {
    const char *number;
    CachePolicyKind policy;
    uint32_t objects, places;
    double alpha, hit_ratio;
} steady_states[] = {
    {"17", CACHE_LRU, 100000, 10000, .8, .46869},
    {"17", CACHE_LRU, 100000, 10000, .9, .60523},
    {"17", CACHE_LRU, 100000, 10000, 1, .73734},
    {"17", CACHE_LRU, 1000000, 100000, .9, .63695},
    {"18", CACHE_FIFO, 100000, 10000, .9, .56372},
    {"18", CACHE_CLOCK, 100000, 10000, .9, .6162},
    {"18", CACHE_FIFO, 1000000, 100000, .9, .59876},
    {"18", CACHE_CLOCK, 1000000, 100000, .9, .6470},
};

static void
warm_caches_hit_as_che_and_his_kin_say(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(steady_states); i++) {
        CachePolicyKind policy = steady_states[i].policy;
        uint32_t objects = steady_states[i].objects, places = steady_states[i].places;
        g_autofree char *about =
            g_strdup_printf("keyed %s, steady: alpha %.1f, %u of %u", cache_policy_names[policy],
                            steady_states[i].alpha, places, objects);
        double got = steady_hit_ratio(policy, objects, steady_states[i].alpha, places);
        CASE_NEAR(steady_states[i].number, about, got, steady_states[i].hit_ratio, .0015);
    }
}

static void
a_failing_origin_raises_the_hit_ratio_and_a_dead_one_freezes_it(void)
{
    Bench bench = bench_new(CACHE_LRU, OBJECTS, ALPHA, PLACES);
    hit_ratio(&bench, 400000, .3);
    CASE_NEAR("19", "keyed LRU, steady, 30 % of the fetches succeed",
              hit_ratio(&bench, 2000000, .3), .63173, .003);
    SimRng start = bench.requests;
    double before = hit_ratio(&bench, 300000, 0);
    bench.requests = start;
    CASE_NEAR("19", "a dead origin: the same requests hit again", hit_ratio(&bench, 300000, 0),
              before, 0);
    bench_finish(&bench);
}

/* keep against the curve of cache.h, for which half a flush is a mixture of two ages. */
static void
half_a_flush_is_two_ages(void)
{
    Bench bench = bench_new(CACHE_LRU, OBJECTS, ALPHA, PLACES);
    const CacheCurve *curve = cache_curve_new(bench.arena, OBJECTS, ALPHA, PLACES);
    double got = 0, age = floor(cache_curve_full(curve) / 2);
    for (uint32_t run = 0; run < 50; run++) {
        keyed_cache_keep(bench.cache, 0, run);
        hit_ratio(&bench, (uint32_t)age, 1);
        keyed_cache_keep(bench.cache, .5, run);
        got += hit_ratio(&bench, 5000, 1) / 50;
    }
    double want =
        (cache_curve_hits(curve, 0, 5000) + cache_curve_hits(curve, age, age + 5000)) / 2 / 5000;
    CASE_NEAR("-", "keyed LRU: 5000 requests after half a flush", got, want, .003);
    bench_finish(&bench);
}

/* One object asked for at random times, whose fetch takes a while and which then lives a while. */
typedef struct Fetches {
    SimTime due[64]; /* of fetches under way, in the order of their ends */
    uint32_t n;
    uint64_t fetched, requests, hits;
} Fetches;

static void
land(Fetches *fetches, KeyedCache *cache, SimTime now)
{
    uint32_t landed = 0;
    while (landed < fetches->n && fetches->due[landed] <= now)
        keyed_cache_put(cache, 0, fetches->due[landed++]);
    fetches->n -= landed;
    memmove(fetches->due, fetches->due + landed, fetches->n * sizeof fetches->due[0]);
}

static Fetches
fetch_for(KeyedCache *cache, SimTime until, bool coalesced)
{
    Fetches fetches = {.n = 0};
    SimRng rng = sim_rng_named(1, 0, "one object");
    SimTime now = sim_rng_exponential(&rng, SIM_SECOND / 10);
    for (; now < until; now += sim_rng_exponential(&rng, SIM_SECOND / 10)) {
        land(&fetches, cache, now);
        bool is_hit = keyed_cache_get(cache, 0, now);
        fetches.requests++;
        fetches.hits += is_hit;
        if (is_hit || (coalesced && fetches.n > 0))
            continue;
        SIM_ASSERT(fetches.n < G_N_ELEMENTS(fetches.due));
        fetches.due[fetches.n++] = now + SIM_SECOND / 5;
        fetches.fetched++;
    }
    return fetches;
}

static void
an_object_with_a_time_to_live_is_fetched_as_often_as_it_must(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    KeyedCacheOptions options = {
        .policy = CACHE_LRU, .capacity = 1, .ids = 1, .ttl = 5 * SIM_SECOND};
    const SimTime until = 200000 * SIM_SECOND;
    for (int coalesced = 0; coalesced < 2; coalesced++) {
        Fetches fetches = fetch_for(keyed_cache_new(arena, &options), until, coalesced);
        double rate = (double)fetches.fetched / sim_seconds(until);
        double want = coalesced ? .18868 : .56604;
        CASE_NEAR("24", coalesced ? "fetches/s, coalesced" : "fetches/s, each for itself", rate,
                  want, want / 100);
        CASE_NEAR("24", "the hit ratio", (double)fetches.hits / (double)fetches.requests, .94340,
                  .0094);
    }
}

/*
 * S3-FIFO as a renewal process.  An object enters small, where it stays T_small; with two hits or
 * more it goes on to main, else it is a ghost for at most T_ghost, and a request meanwhile brings
 * it to main.  In main a round takes T_main; at its end an object without hits leaves, any other
 * gives one of at most three hits for the next round.  The three times are those for which the
 * mean contents are .1, .9 and .9 of the cache.  Times count requests.
 *
 * Ranks up to HEAD one by one, then geometric bins at their middle.
 */
#define HEAD 1000
#define NODES_MAX 2000

typedef struct Renewal {
    double p[NODES_MAX], weight[NODES_MAX]; /* of one object; objects in the bin */
    uint32_t n;
    double small, main, ghost; /* the three times */
} Renewal;

typedef struct Contents {
    double small, main, ghost, hits;
} Contents;

static void
renewal_prepare(Renewal *renewal, uint32_t objects, double alpha)
{
    double sum = 0;
    for (uint32_t first = 1; first <= objects;) {
        uint32_t width = first <= HEAD ? 1 : MAX(first / 150, 1), node = renewal->n++;
        SIM_ASSERT(node < NODES_MAX);
        width = MIN(width, objects + 1 - first);
        renewal->weight[node] = width;
        renewal->p[node] = sim_pow(first + (width - 1) / 2.0, -alpha);
        sum += width * renewal->p[node];
        first += width;
    }
    for (uint32_t node = 0; node < renewal->n; node++)
        renewal->p[node] /= sum;
}

/* Mean rounds in main of an object with so many requests a round, which enters without hits. */
static double
mean_rounds(double requests)
{
    double q0 = sim_exp(-requests), q1 = q0 * requests, q2 = q1 * requests / 2;
    if (q0 < 1e-100)
        return 1e100;
    /* R_k rounds from k hits left over: R_2 = R_1 + 1/q0, R_1 = R_0 + gap. */
    double gap = 1 / q0 + (1 - q0 - q1) / (q0 * q0);
    return (1 + q2 * gap + (1 - q0 - q1 - q2) * (gap + 1 / q0)) / q0;
}

static Contents
renewal_contents(const Renewal *renewal)
{
    Contents sum = {0};
    for (uint32_t node = 0; node < renewal->n; node++) {
        double p = renewal->p[node], z = p * renewal->small;
        double stays = 1 - sim_exp(-z) * (1 + z), returns = -sim_expm1(-p * renewal->ghost);
        double reaches_main = stays + (1 - stays) * returns;
        double in_main = reaches_main * renewal->main * mean_rounds(p * renewal->main);
        double as_ghost = (1 - stays) * returns / p;
        double absent = (reaches_main + (1 - stays) * (1 - returns)) / p;
        double share = renewal->weight[node] / (renewal->small + in_main + as_ghost + absent);
        sum.small += share * renewal->small;
        sum.main += share * in_main;
        sum.ghost += share * as_ghost;
        sum.hits += share * (renewal->small + in_main) * p;
    }
    return sum;
}

static double
s3_fifo_hit_ratio(uint32_t objects, double alpha, uint32_t places)
{
    Renewal renewal = {.small = .2 * places, .main = places, .ghost = places};
    renewal_prepare(&renewal, objects, alpha);
    for (int i = 0; i < 400; i++) {
        Contents contents = renewal_contents(&renewal);
        renewal.small *= sqrt(.1 * places / contents.small);
        renewal.main *= sqrt(.9 * places / contents.main);
        renewal.ghost *= sqrt(.9 * places / contents.ghost);
    }
    Contents contents = renewal_contents(&renewal);
    CHECK_NEAR(contents.small + contents.main, places, 1e-3 * places);
    CHECK_NEAR(contents.ghost, .9 * places, 1e-3 * places);
    return contents.hits;
}

static void
s3_fifo_hits_as_its_renewal_model_says(void)
{
    static const double alphas[] = {.8, .9, 1};
    for (size_t i = 0; i < G_N_ELEMENTS(alphas); i++) {
        g_autofree char *about = g_strdup_printf("s3-fifo, steady: alpha %.1f", alphas[i]);
        CASE_NEAR("-", about, steady_hit_ratio(CACHE_S3_FIFO, OBJECTS, alphas[i], PLACES),
                  s3_fifo_hit_ratio(OBJECTS, alphas[i], PLACES), .0015);
    }
}

/* No formula is trusted for SIEVE; but this order is known. */
static void
newer_policies_hit_more(void)
{
    double sieve = steady_hit_ratio(CACHE_SIEVE, OBJECTS, ALPHA, PLACES);
    double s3_fifo = steady_hit_ratio(CACHE_S3_FIFO, OBJECTS, ALPHA, PLACES);
    printf("case -   steady: sieve %.4f, s3-fifo %.4f\n", sieve, s3_fifo);
    CHECK(s3_fifo > .60523 + .03);
    CHECK(sieve > .6162 + .03);
    CHECK(MAX(sieve, s3_fifo) < .70694); /* the most popular kept for ever */
}

static CU_TestInfo tests[] = {
    {"a_cold_lru_cache_fills_as_its_formula_says", a_cold_lru_cache_fills_as_its_formula_says},
    {"warm_caches_hit_as_che_and_his_kin_say", warm_caches_hit_as_che_and_his_kin_say},
    {"a_failing_origin_raises_the_hit_ratio_and_a_dead_one_freezes_it",
     a_failing_origin_raises_the_hit_ratio_and_a_dead_one_freezes_it},
    {"half_a_flush_is_two_ages", half_a_flush_is_two_ages},
    {"an_object_with_a_time_to_live_is_fetched_as_often_as_it_must",
     an_object_with_a_time_to_live_is_fetched_as_often_as_it_must},
    {"s3_fifo_hits_as_its_renewal_model_says", s3_fifo_hits_as_its_renewal_model_says},
    {"newer_policies_hit_more", newer_policies_hit_more},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("keyed_caches", tests)
