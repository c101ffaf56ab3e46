#include "tests/harness.h"

#include "models/cache.h"
#include "sim/elementary.h"

#include <math.h>

static SimArena *
arena_new(void)
{
    return sim_arena_new((size_t)64 << 20);
}

/* Case 16 of the model book: mean hit of the first C/4, C/2 and C requests of an exact cold LRU. */
static void
a_cold_cache_hits_as_exact_lru_does(void)
{
    g_autoptr(SimArena) arena = arena_new();
    const CacheCurve *curve = cache_curve_new(arena, 1e5, .9, 1e4);
    CHECK_NEAR(cache_curve_hits(curve, 0, 2500) / 2500, .31374, .0005);
    CHECK_NEAR(cache_curve_hits(curve, 0, 5000) / 5000, .37248, .0005);
    CHECK_NEAR(cache_curve_hits(curve, 0, 10000) / 10000, .43569, .0005);
}

/* Section 4.2 and case 17. */
static const struct {
    double objects, alpha, size, full, steady, quarter, half, whole, instantaneous;
} rows[] = {
    {1e4, .8, 1e3, 1472, .43666, .15207, .20963, .27783, .38435},
    {1e5, .8, 1e4, 15606, .46869, .19458, .24889, .31273, .41222},
    {1e5, .9, 1e4, 20172, .60523, .31374, .37248, .43569, .53014},
    {1e5, 1.0, 1e4, 29038, .73734, .45386, .51102, .56813, .65046},
    {1e6, .9, 1e5, 219339, .63695, .36247, .41609, .47375, .55993},
};

static void
the_table_of_cold_starts_holds(void)
{
    g_autoptr(SimArena) arena = arena_new();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        double size = rows[i].size;
        const CacheCurve *curve = cache_curve_new(arena, rows[i].objects, rows[i].alpha, size);
        CHECK_NEAR(cache_curve_full(curve), rows[i].full, 1);
        CHECK_NEAR(cache_curve_steady(curve), rows[i].steady, 2e-5);
        CHECK_NEAR(cache_curve_hits(curve, 0, size / 4) / (size / 4), rows[i].quarter, .0005);
        CHECK_NEAR(cache_curve_hits(curve, 0, size / 2) / (size / 2), rows[i].half, .0005);
        CHECK_NEAR(cache_curve_hits(curve, 0, size) / size, rows[i].whole, .0005);
        CHECK_NEAR(cache_curve_hit(curve, size), rows[i].instantaneous, .0001);
    }
}

static void
steady_hits_of_other_exponents_are_che_s(void)
{
    static const struct {
        double objects, alpha, size, steady;
    } che[] = {{1e5, .7, 1e4, .34741},
               {1e5, 1.1, 1e4, .84463},
               {1e6, .7, 1e5, .35610},
               {1e6, 1.1, 1e5, .88652}};
    g_autoptr(SimArena) arena = arena_new();
    for (size_t i = 0; i < G_N_ELEMENTS(che); i++)
        CHECK_NEAR(
            cache_curve_steady(cache_curve_new(arena, che[i].objects, che[i].alpha, che[i].size)),
            che[i].steady, 2e-5);
}

/* Against the sums over every object. */
static void
quadrature_and_table_agree_with_the_plain_sums(void)
{
    g_autoptr(SimArena) arena = arena_new();
    static const double alphas[] = {0, .5, .9, 1.3, 2.5, 4};
    for (size_t a = 0; a < G_N_ELEMENTS(alphas); a++) {
        const CacheCurve *curve = cache_curve_new(arena, 5000, alphas[a], 1500);
        double total = 0;
        for (int i = 1; i <= 5000; i++)
            total += sim_pow(i, -alphas[a]);
        for (double n = 0.5; n < fmin(cache_curve_full(curve), 1e12); n *= 3.3) {
            double resident = 0, hit = 0;
            for (int i = 1; i <= 5000; i++) {
                double p = sim_pow(i, -alphas[a]) / total;
                resident += -sim_expm1(-p * n);
                hit += p * -sim_expm1(-p * n);
            }
            CHECK_NEAR(cache_curve_hit(curve, n), hit, 2e-6);
            CHECK_NEAR(cache_curve_warm(curve, n) * 1500, resident, 2e-5 * resident);
            CHECK_NEAR(cache_curve_hits(curve, 0, n), n - resident, 2e-6 * n);
        }
    }
}

static void
hit_ratio_and_content_only_grow(void)
{
    g_autoptr(SimArena) arena = arena_new();
    const CacheCurve *curve = cache_curve_new(arena, 1e7, .85, 2e5);
    double hit = 0, warm = 0;
    CHECK_NEAR(cache_curve_hit(curve, 0), 0, 0);
    for (double n = 1e-3; n < 1e8; n *= 1.01) {
        CHECK(cache_curve_hit(curve, n) >= hit);
        CHECK(cache_curve_warm(curve, n) >= warm);
        hit = cache_curve_hit(curve, n);
        warm = cache_curve_warm(curve, n);
    }
    CHECK_NEAR(hit, cache_curve_steady(curve), 0);
    CHECK_NEAR(warm, 1, 0);
}

static void
a_full_cache_is_steady(void)
{
    g_autoptr(SimArena) arena = arena_new();
    const CacheCurve *curve = cache_curve_new(arena, 1e5, .9, 1e4);
    double full = cache_curve_full(curve), steady = cache_curve_steady(curve);
    CHECK_NEAR(cache_curve_hit(curve, full * (1 - 1e-9)), steady, 1e-6);
    CHECK_NEAR(cache_curve_hits(curve, 2 * full, 5 * full), 3 * full * steady, 1e-6 * full);
    CHECK_NEAR(cache_curve_hits(curve, 0, 3 * full),
               cache_curve_hits(curve, 0, full / 3) + cache_curve_hits(curve, full / 3, 3 * full),
               1e-6);
}

static void
hits_of_a_short_step_are_hit_ratio_times_requests(void)
{
    g_autoptr(SimArena) arena = arena_new();
    const CacheCurve *curve = cache_curve_new(arena, 1e9, .9, 1e7);
    for (double n = 10; n < 1e7; n *= 2.7)
        CHECK_NEAR(cache_curve_hits(curve, n, 1.001 * n) / (.001 * n),
                   cache_curve_hit(curve, 1.0005 * n), 1e-5);
}

static void
a_billion_objects_work(void)
{
    g_autoptr(SimArena) arena = arena_new();
    const CacheCurve *curve = cache_curve_new(arena, 1e9, .9, 1e8);
    double full = cache_curve_full(curve);
    CHECK(full > 1e8 && full < 1e10);
    /* More of a catalogue's requests fall on the same share of it the larger it is. */
    CHECK(cache_curve_steady(curve) > .63695);
    CHECK(cache_curve_steady(curve) < .80);
    CHECK_NEAR(cache_curve_warm(curve, full), 1, 0);
}

static void
a_catalogue_that_fits_becomes_all_hits(void)
{
    g_autoptr(SimArena) arena = arena_new();
    const CacheCurve *curve = cache_curve_new(arena, 1000, 1, 1000);
    CHECK(isinf(cache_curve_full(curve)));
    CHECK_NEAR(cache_curve_steady(curve), 1, 0);
    CHECK_NEAR(cache_curve_hit(curve, 1e9), 1, 0);
    CHECK_NEAR(cache_curve_hits(curve, 0, 1e9), 1e9 - 1000, 1e-3);
    CHECK_NEAR(cache_curve_warm(curve, 1e9), 1, 0);
}

static void
degenerate_caches_have_sane_curves(void)
{
    g_autoptr(SimArena) arena = arena_new();
    const CacheCurve *none = cache_curve_new(arena, 1000, 1, 0);
    CHECK_NEAR(cache_curve_hit(none, 5), 0, 0);
    CHECK_NEAR(cache_curve_hits(none, 0, 5), 0, 0);
    CHECK_NEAR(cache_curve_warm(none, 5), 1, 0);
    CHECK_NEAR(cache_curve_keep(none, 5, .5), 0, 0);
    const CacheCurve *one = cache_curve_new(arena, 1, 1, 1);
    CHECK_NEAR(cache_curve_hit(one, 1), 1 - sim_exp(-1), 1e-6);
    const CacheCurve *sliver = cache_curve_new(arena, 1e6, .9, 1e-6);
    CHECK_NEAR(cache_curve_steady(sliver), 0, 1e-6);
    const CacheCurve *nearly = cache_curve_new(arena, 1000, 2, 1000 - 1e-9);
    CHECK_NEAR(cache_curve_steady(nearly), 1, 0);
    const CacheCurve *large = cache_curve_new(arena, 7e9, 2.8, 7e9 * (1 - 1.1e-6));
    CHECK_NEAR(cache_curve_steady(large), 1, 1e-12);
    CHECK_NEAR(cache_curve_warm(large, cache_curve_keep(large, 1e-6, .3)) /
                   cache_curve_warm(large, 1e-6),
               .3, 1e-9);
}

static void
what_is_kept_round_trips(void)
{
    g_autoptr(SimArena) arena = arena_new();
    const CacheCurve *curve = cache_curve_new(arena, 1e6, .9, 1e5);
    static const double ages[] = {1e-5, .3, 7, 1e3, 1e5, 2e5, 1e9};
    static const double shares[] = {0, 1e-9, .1, .5, .99, 1};
    for (size_t i = 0; i < G_N_ELEMENTS(ages); i++)
        for (size_t k = 0; k < G_N_ELEMENTS(shares); k++) {
            double kept = cache_curve_keep(curve, ages[i], shares[k]);
            double want = shares[k] * cache_curve_warm(curve, ages[i]);
            CHECK_NEAR(cache_curve_warm(curve, kept), want, 1e-9 * want);
        }
}

/* The state of every object under fetches that succeed with a share that changes in time. */
static void
age_advances_by_successful_requests_exactly(void)
{
    enum { OBJECTS = 300 };
    static const double success[] = {1, 0, .3, .05, .7};
    g_autoptr(SimArena) arena = arena_new();
    const CacheCurve *curve = cache_curve_new(arena, OBJECTS, .9, 250);
    double total = 0, absent[OBJECTS], age = 0;
    for (int i = 0; i < OBJECTS; i++) {
        total += sim_pow(i + 1, -.9);
        absent[i] = 1;
    }
    for (size_t phase = 0; phase < G_N_ELEMENTS(success); phase++) {
        double hit = 0;
        for (int i = 0; i < OBJECTS; i++) {
            double p = sim_pow(i + 1, -.9) / total;
            absent[i] *= sim_exp(-success[phase] * p * 150);
            hit += p * (1 - absent[i]);
        }
        age = cache_curve_advance(curve, age, 150, success[phase]);
        CHECK_NEAR(cache_curve_hit(curve, age), hit, 1e-6);
    }
    CHECK_NEAR(cache_curve_advance(curve, age, 1e9, 1), cache_curve_full(curve), 0);
}

static CU_TestInfo tests[] = {
    {"a_cold_cache_hits_as_exact_lru_does", a_cold_cache_hits_as_exact_lru_does},
    {"the_table_of_cold_starts_holds", the_table_of_cold_starts_holds},
    {"steady_hits_of_other_exponents_are_che_s", steady_hits_of_other_exponents_are_che_s},
    {"quadrature_and_table_agree_with_the_plain_sums",
     quadrature_and_table_agree_with_the_plain_sums},
    {"hit_ratio_and_content_only_grow", hit_ratio_and_content_only_grow},
    {"a_full_cache_is_steady", a_full_cache_is_steady},
    {"hits_of_a_short_step_are_hit_ratio_times_requests",
     hits_of_a_short_step_are_hit_ratio_times_requests},
    {"a_billion_objects_work", a_billion_objects_work},
    {"a_catalogue_that_fits_becomes_all_hits", a_catalogue_that_fits_becomes_all_hits},
    {"degenerate_caches_have_sane_curves", degenerate_caches_have_sane_curves},
    {"what_is_kept_round_trips", what_is_kept_round_trips},
    {"age_advances_by_successful_requests_exactly", age_advances_by_successful_requests_exactly},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("cache", tests)
