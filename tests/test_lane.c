#include "models/lane.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#define HEAD                                                                                       \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop, cohorts: {free: 60%, paid: 30%, gold: 10%}}\n"                      \
    "  other: {placement: pop, cohorts: {beta: 5%, rest: 95%}}\n"                                  \
    "sites: {web: {service: proxy, requests: 100/s}}\n"                                            \
    "configs:\n"                                                                                   \
    "  rules:\n"                                                                                   \
    "    properties: {faulty: 0}\n"                                                                \
    "    consumers:\n"                                                                             \
    "      - {service: proxy, when: faulty > 0, effect: {errors: 1%}}\n"                           \
    "      - {service: other, when: faulty > 0, effect: {errors: 1%}}\n"                           \
    "    rollout: {waves: "

static void
without_cohorts_there_is_one_lane(void)
{
    Lanes lanes;
    g_autoptr(FakeWorld) fake = fake_world_new(HEAD "[1%, 100%]}\n", 2, 1);
    const ConfigSpec *config = world_config(&fake->world, 0);
    CHECK(lanes_init(&lanes, &fake->world, config, fake->messages));
    CHECK_INT(lanes.n, 1);
    CHECK_NEAR(lanes.weights[0], 1, 0);
    CHECK_INT(lanes_find(&lanes, "free"), 0);
    CHECK(lanes_is_reached(&lanes, 0, SIM_ITEM(config->rollout.waves, WaveSpec, 0)));
}

static void
each_cohort_that_a_wave_names_is_a_lane(void)
{
    static const char waves[] =
        "[{share: 1%, cohorts: [free]}, {share: 5%, cohorts: [free, beta]},\n"
        "      {share: 100%}]}\n";
    Lanes lanes;
    g_autofree char *text = g_strconcat(HEAD, waves, NULL);
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    const ConfigSpec *config = world_config(&fake->world, 0);
    CHECK(lanes_init(&lanes, &fake->world, config, fake->messages));
    CHECK_INT(lanes.n, 3);
    CHECK_INT(lanes_find(&lanes, "free"), 1);
    CHECK_INT(lanes_find(&lanes, "beta"), 2);
    CHECK_INT(lanes_find(&lanes, "gold"), 0);
    CHECK_NEAR(lanes.weights[0], .35, 1e-12);
    CHECK_NEAR(lanes.weights[1], .6, 1e-12);
    CHECK_NEAR(lanes.weights[2], .05, 1e-12);
    static const bool reached[3][3] = {
        {false, true, false}, {false, true, true}, {true, true, true}};
    for (uint32_t wave = 0; wave < 3; wave++)
        for (uint32_t lane = 0; lane < 3; lane++)
            CHECK_INT(
                lanes_is_reached(&lanes, lane, SIM_ITEM(config->rollout.waves, WaveSpec, wave)),
                reached[wave][lane]);
}

static void
a_cohort_that_nobody_has_is_an_error(void)
{
    Lanes lanes;
    g_autoptr(FakeWorld) fake =
        fake_world_new(HEAD "[{share: 1%, cohorts: [fre]}, {share: 100%}]}\n", 2, 1);
    CHECK(!lanes_init(&lanes, &fake->world, world_config(&fake->world, 0), fake->messages));
    g_autofree char *messages = fake_messages(fake);
    CHECK_HAS(messages, "no service that reads config 'rules' has a cohort 'fre': expected one of "
                        "their cohorts; did you mean 'free'?");
}

static CU_TestInfo tests[] = {
    {"without_cohorts_there_is_one_lane", without_cohorts_there_is_one_lane},
    {"each_cohort_that_a_wave_names_is_a_lane", each_cohort_that_a_wave_names_is_a_lane},
    {"a_cohort_that_nobody_has_is_an_error", a_cohort_that_nobody_has_is_an_error},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("lane", tests)
