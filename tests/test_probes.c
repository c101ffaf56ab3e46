#include "models/probes.h"

#include "tests/harness.h"

static const uint64_t seed = 27;

static void
an_alert_takes_so_many_points_and_counts_each_once(void)
{
    SimArena *arena = sim_arena_new(0);
    Probes probes;
    probes_init(&probes, arena, 5, 2);
    CHECK(!probes_result(&probes, 0, true));
    CHECK(!probes_result(&probes, 0, true));
    CHECK(!probes_is_firing(&probes));
    CHECK(probes_result(&probes, 3, true));
    CHECK(probes_is_firing(&probes));
    CHECK(!probes_result(&probes, 4, true));
    CHECK(!probes_result(&probes, 0, false));
    CHECK(probes_result(&probes, 4, false));
    CHECK(!probes_is_firing(&probes));
    CHECK_INT(probes.n_failing, 1);
    sim_arena_free(arena);
}

static void
a_share_of_points_is_rounded_up(void)
{
    CHECK_INT(probes_need(20, 3, 0), 3);
    CHECK_INT(probes_need(20, 3, 0.5), 10);
    CHECK_INT(probes_need(5, 1, 0.5), 3);
    CHECK_INT(probes_need(100, 1, 0.07), 7);
}

static void
points_stand_where_people_are(void)
{
    g_autoptr(Geo) geo = NULL;
    g_autoptr(GError) error = NULL;
    CHECK(geo_load(NULL, NULL, &geo, &error));
    double users = 0, europe = 0;
    uint32_t region = geo_region_find("europe"), n = 0;
    for (uint32_t m = 0; m < geo->n_metros; m++) {
        users += geo->metros.users[m];
        europe += geo->metros.at.region[m] == region ? geo->metros.users[m] : 0;
    }
    SimRng rng = sim_rng_named(seed, 0, "points");
    for (uint32_t i = 0; i < 4000; i++)
        n += geo->metros.at.region[probes_metro(geo, SIM_NONE, &rng)] == region;
    CHECK_NEAR(n / 4000.0, europe / users, 0.02);
    for (uint32_t i = 0; i < 100; i++)
        CHECK_INT(geo->metros.at.region[probes_metro(geo, region, &rng)], region);
}

static void
phases_are_even_and_within_the_interval(void)
{
    SimRng rng = sim_rng_named(seed, 0, "phases");
    double sum = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        SimTime phase = probes_phase(&rng, SIM_MINUTE);
        CHECK(phase >= 0 && phase < SIM_MINUTE);
        sum += sim_seconds(phase);
    }
    CHECK_NEAR(sum / 10000, 30, 0.6);
}

static CU_TestInfo tests[] = {
    {"an_alert_takes_so_many_points_and_counts_each_once",
     an_alert_takes_so_many_points_and_counts_each_once},
    {"a_share_of_points_is_rounded_up", a_share_of_points_is_rounded_up},
    {"points_stand_where_people_are", points_stand_where_people_are},
    {"phases_are_even_and_within_the_interval", phases_are_even_and_within_the_interval},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("probes", tests)
