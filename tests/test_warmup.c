#include "models/warmup.h"

#include "tests/harness.h"

static const RestartSpec spec = {.warm_up = 80 * SIM_SECOND, .warm_speed = 0.25};

static void
cold_shrinks_in_a_straight_line(void)
{
    Warmup warmup = {0};
    warmup_add(&warmup, &spec, 20, 0);
    for (SimTime second = 0; second <= 80; second += 10)
        CHECK_NEAR(warmup_cold(&warmup, &spec, second * SIM_SECOND),
                   20 * 0.75 * (1 - (double)second / 80), 1e-12);
    CHECK_NEAR(warmup_cold(&warmup, &spec, SIM_HOUR), 0, 0);
}

static void
warm_batches_are_forgotten(void)
{
    Warmup warmup = {0};
    warmup_add(&warmup, &spec, 20, 0);
    warmup_add(&warmup, &spec, 10, 40 * SIM_SECOND);
    warmup_expire(&warmup, &spec, 79 * SIM_SECOND);
    CHECK_INT(warmup.n, 2);
    warmup_expire(&warmup, &spec, 80 * SIM_SECOND);
    CHECK_INT(warmup.n, 1);
    CHECK_NEAR(warmup_cold(&warmup, &spec, 80 * SIM_SECOND), 10 * 0.75 * 0.5, 1e-12);
}

static void
more_batches_than_fit_join_the_oldest(void)
{
    Warmup warmup = {0};
    for (uint32_t i = 0; i < 10; i++)
        warmup_add(&warmup, &spec, 1 + i, i * SIM_SECOND);
    CHECK_INT(warmup.n, WARMUP_BATCHES);
    CHECK_INT(warmup.batches[0].processes, 1 + 2 + 3 + 4 + 5 + 6 + 7);
    CHECK_INT(warmup.batches[0].ready_at, 6 * SIM_SECOND);
    CHECK_INT(warmup.batches[3].processes, 10);
}

static void
the_dead_are_not_cold(void)
{
    Warmup warmup = {0};
    warmup_add(&warmup, &spec, 20, 0);
    warmup_add(&warmup, &spec, 10, 0);
    warmup_trim(&warmup, 24);
    CHECK_NEAR(warmup_cold(&warmup, &spec, 0), 24 * 0.75, 1e-12);
    warmup_trim(&warmup, 0);
    CHECK_NEAR(warmup_cold(&warmup, &spec, 0), 0, 0);
}

static void
without_warm_up_nothing_is_cold(void)
{
    Warmup warmup = {0};
    RestartSpec none = {.warm_speed = 0.5};
    warmup_add(&warmup, &none, 20, 0);
    CHECK_INT(warmup.n, 0);
    CHECK_NEAR(warmup_cold(&warmup, &none, 0), 0, 0);
}

static CU_TestInfo tests[] = {
    {"cold_shrinks_in_a_straight_line", cold_shrinks_in_a_straight_line},
    {"warm_batches_are_forgotten", warm_batches_are_forgotten},
    {"more_batches_than_fit_join_the_oldest", more_batches_than_fit_join_the_oldest},
    {"the_dead_are_not_cold", the_dead_are_not_cold},
    {"without_warm_up_nothing_is_cold", without_warm_up_nothing_is_cold},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("warmup", tests)
