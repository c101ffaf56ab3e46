#include "tests/harness.h"

#include "models/zipf.h"
#include "sim/elementary.h"

#include <math.h>

#define RANKS 1000u

/* p_i of the law, as doubles summed from the small end. */
static void
law(double *p, uint32_t n, double alpha)
{
    double sum = 0;
    for (uint32_t i = n; i-- > 0;)
        sum += p[i] = sim_pow(i + 1.0, -alpha);
    for (uint32_t i = 0; i < n; i++)
        p[i] /= sum;
}

/* Pearson's statistic of a million draws, in standard deviations from its mean. */
static double
distance_from_law(const Zipf *zipf, uint64_t seed, double alpha)
{
    const uint32_t n_draws = 1000000;
    double p[RANKS], sum = 0;
    uint32_t counts[RANKS] = {0};
    SimRng rng = sim_rng_named(seed, 0, "draws");
    law(p, RANKS, alpha);
    for (uint32_t i = 0; i < n_draws; i++) {
        uint64_t rank = zipf_draw(zipf, &rng);
        if (rank >= RANKS)
            return INFINITY;
        counts[rank]++;
    }
    /* Ranks that expect fewer than 10 draws count together. */
    uint32_t cells = 0, rest = 0;
    double rest_p = 0;
    for (uint32_t i = 0; i < RANKS; i++) {
        double want = n_draws * p[i];
        if (want >= 10) {
            sum += (counts[i] - want) * (counts[i] - want) / want;
            cells++;
        } else {
            rest += counts[i];
            rest_p += p[i];
        }
    }
    if (rest_p > 0)
        sum += pow(rest - n_draws * rest_p, 2) / (n_draws * rest_p);
    double freedom = rest_p > 0 ? cells : cells - 1.0;
    return (sum - freedom) / sqrt(2 * freedom);
}

static const double alphas[] = {0, .5, .7, .9, 1, 1.1, 2, 3};

static void
both_methods_follow_the_law(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)2 << 20);
    for (uint32_t i = 0; i < G_N_ELEMENTS(alphas); i++)
        for (int method = ZIPF_ALIAS; method <= ZIPF_REJECTION; method++) {
            const Zipf *zipf = zipf_new_by(arena, RANKS, alphas[i], (ZipfMethod)method);
            CHECK_NEAR(distance_from_law(zipf, i + 1, alphas[i]), 0, 4);
        }
}

/* A wrong exponent must not pass for the right one. */
static void
the_test_tells_a_wrong_law(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    const Zipf *zipf = zipf_new(arena, RANKS, .92);
    CHECK(distance_from_law(zipf, 1, .9) > 10);
}

/* Numbers at equal distances hit each rank in proportion to its part of the table. */
static void
the_table_holds_the_law(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    const uint32_t steps = 1000000;
    for (uint32_t i = 0; i < G_N_ELEMENTS(alphas); i++) {
        double p[100];
        uint32_t counts[100] = {0};
        const Zipf *zipf = zipf_new(arena, 100, alphas[i]);
        law(p, 100, alphas[i]);
        for (uint32_t step = 0; step < steps; step++)
            counts[zipf_at(zipf, UINT64_MAX / steps * step)]++;
        for (uint32_t rank = 0; rank < 100; rank++)
            CHECK_NEAR(counts[rank] / (double)steps, p[rank], 2e-4);
    }
}

/* Counts by power of two of the rank, of big catalogues. */
static void
both_methods_agree_on_a_big_catalogue(void)
{
    enum { BUCKETS = 22 };
    const uint32_t n_draws = 1000000, ranks = 3000000;
    g_autoptr(SimArena) arena = sim_arena_new((size_t)64 << 20);
    const Zipf *ways[] = {zipf_new_by(arena, ranks, .9, ZIPF_ALIAS), zipf_new(arena, ranks, .9)};
    uint32_t counts[2][BUCKETS] = {{0}};
    for (int way = 0; way < 2; way++) {
        SimRng rng = sim_rng_named(3, 0, way ? "rejection" : "alias");
        for (uint32_t i = 0; i < n_draws; i++)
            counts[way][g_bit_storage(zipf_draw(ways[way], &rng) + 1) - 1]++;
    }
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        double a = counts[0][bucket], b = counts[1][bucket];
        CHECK_NEAR(a, b, 4 * sqrt(a + b + 1));
    }
}

static void
odd_catalogues_have_their_ranks(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    SimRng rng = sim_rng_named(4, 0, "odd");
    for (int method = ZIPF_ALIAS; method <= ZIPF_REJECTION; method++)
        for (uint32_t i = 0; i < G_N_ELEMENTS(alphas); i++) {
            const Zipf *one = zipf_new_by(arena, 1, alphas[i], (ZipfMethod)method);
            const Zipf *two = zipf_new_by(arena, 2, ZIPF_ALPHA_MAX, (ZipfMethod)method);
            CHECK_INT(zipf_ranks(two), 2);
            CHECK_INT(zipf_at(one, 0), 0);
            CHECK_INT(zipf_at(one, UINT64_MAX), 0);
            for (int draw = 0; draw < 100; draw++) {
                CHECK_INT(zipf_draw(one, &rng), 0);
                CHECK(zipf_draw(two, &rng) < 2);
            }
        }
}

/* All ranks alike in a catalogue that no table could hold. */
static void
the_largest_catalogue_is_drawn_from_to_its_end(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)1 << 20);
    const Zipf *zipf = zipf_new(arena, ZIPF_RANKS_MAX, 0);
    SimRng rng = sim_rng_named(5, 0, "large");
    double mean = 0;
    for (int i = 0; i < 100000; i++) {
        uint64_t rank = zipf_draw(zipf, &rng);
        mean += (double)rank / (double)ZIPF_RANKS_MAX / 100000;
    }
    CHECK_NEAR(mean, .5, .005);
}

static uint64_t
digest(const Zipf *zipf)
{
    SimRng rng = sim_rng_named(6, 0, "digest");
    uint64_t hash = 0;
    for (uint64_t i = 0; i < 100000; i++)
        hash = sim_mix64(hash ^ zipf_draw(zipf, &rng)) + zipf_at(zipf, sim_mix64(i));
    return hash;
}

static void
every_machine_draws_the_same(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)4 << 20);
    CHECK_INT(digest(zipf_new_by(arena, 100000, .9, ZIPF_ALIAS)), INT64_C(-1671482039985714305));
    CHECK_INT(digest(zipf_new_by(arena, 100000, .9, ZIPF_REJECTION)), INT64_C(2545916422722180872));
    CHECK_INT(digest(zipf_new_by(arena, UINT64_C(1) << 40, 1, ZIPF_REJECTION)),
              INT64_C(-5532719029537690923));
}

static CU_TestInfo tests[] = {
    {"both_methods_follow_the_law", both_methods_follow_the_law},
    {"the_test_tells_a_wrong_law", the_test_tells_a_wrong_law},
    {"the_table_holds_the_law", the_table_holds_the_law},
    {"both_methods_agree_on_a_big_catalogue", both_methods_agree_on_a_big_catalogue},
    {"odd_catalogues_have_their_ranks", odd_catalogues_have_their_ranks},
    {"the_largest_catalogue_is_drawn_from_to_its_end",
     the_largest_catalogue_is_drawn_from_to_its_end},
    {"every_machine_draws_the_same", every_machine_draws_the_same},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("zipf", tests)
