#include "sim/recorder.h"

#include "tests/harness.h"

#include <math.h>
#include <stdio.h>

static void
the_width_is_the_smallest_that_fits(void)
{
    static const struct {
        SimTime duration, width;
        uint32_t buckets_max, n_buckets;
    } cases[] = {
        {SIM_HOUR, SIM_SECOND, 4096, 3600},
        {4096 * SIM_SECOND, SIM_SECOND, 4096, 4096},
        {4096 * SIM_SECOND + 1, 2 * SIM_SECOND, 4096, 2049},
        {390 * SIM_MINUTE, 10 * SIM_SECOND, 4096, 2340},
        {390 * SIM_MINUTE, 30 * SIM_SECOND, 1024, 780},
        {7 * SIM_DAY, 5 * SIM_MINUTE, 4096, 2016},
        {SIM_TIME_MAX, 0, 4096, 0},
        {1, SIM_SECOND, 1, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
        SimRecorder *recorder = sim_recorder_new(arena, cases[i].duration, cases[i].buckets_max, 1);
        CHECK(sim_recorder_n_buckets(recorder) <= cases[i].buckets_max);
        if (cases[i].width == 0)
            continue;
        CHECK_INT(sim_recorder_width(recorder), cases[i].width);
        CHECK_INT(sim_recorder_n_buckets(recorder), cases[i].n_buckets);
    }
}

static void
counts_are_stored_and_start_again(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    SimRecorder *recorder = sim_recorder_new(arena, SIM_MINUTE, 60, 4);
    uint32_t a = sim_recorder_column(recorder, "ok", SIM_COLUMN_COUNT, "requests", "Served.");
    uint32_t b = sim_recorder_column(recorder, "failed", SIM_COLUMN_COUNT, "requests", NULL);
    double *counts = sim_recorder_counts(recorder);
    counts[a] += 2.5;
    counts[a] += 1.0;
    sim_recorder_close(recorder);
    counts[b] += 7;
    sim_recorder_close(recorder);
    CHECK_INT(sim_recorder_n_closed(recorder), 2);
    CHECK_NEAR(sim_recorder_value(recorder, a, 0), 3.5, 0);
    CHECK_NEAR(sim_recorder_value(recorder, b, 0), 0, 0);
    CHECK_NEAR(sim_recorder_value(recorder, a, 1), 0, 0);
    CHECK_NEAR(sim_recorder_value(recorder, b, 1), 7, 0);
    CHECK_NEAR(sim_recorder_max(recorder, b, 1), 7, 0);
    CHECK_INT(sim_recorder_bucket_start(recorder, 2), 2 * SIM_SECOND);
    CHECK_STR(sim_recorder_describe(recorder, a)->unit, "requests");
    CHECK(sim_recorder_describe(recorder, b)->about == NULL);
}

static void
gauges_are_averaged_over_time(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    SimRecorder *recorder = sim_recorder_new(arena, SIM_HOUR, 360, 2);
    uint32_t load = sim_recorder_column(recorder, "load", SIM_COLUMN_GAUGE, "share", NULL);
    sim_recorder_gauge(recorder, load, 0.5, 0, 8 * SIM_SECOND);
    sim_recorder_gauge(recorder, load, 1.0, 8 * SIM_SECOND, 10 * SIM_SECOND);
    sim_recorder_gauge(recorder, load, 9.0, 10 * SIM_SECOND, 10 * SIM_SECOND);
    sim_recorder_close(recorder);
    sim_recorder_close(recorder);
    sim_recorder_gauge(recorder, load, 4.0, 25 * SIM_SECOND, 25 * SIM_SECOND);
    sim_recorder_close(recorder);
    CHECK_NEAR(sim_recorder_value(recorder, load, 0), 0.6, 1e-12);
    CHECK_NEAR(sim_recorder_min(recorder, load, 0), 0.5, 0);
    CHECK_NEAR(sim_recorder_max(recorder, load, 0), 9.0, 0);
    CHECK(isnan(sim_recorder_value(recorder, load, 1)));
    CHECK(isnan(sim_recorder_min(recorder, load, 1)) && isnan(sim_recorder_max(recorder, load, 1)));
    CHECK_NEAR(sim_recorder_value(recorder, load, 2), 4.0, 0);
}

static void
columns_are_found_by_name(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 26);
    SimRecorder *recorder = sim_recorder_new(arena, SIM_MINUTE, 60, 3000);
    char name[32];
    for (uint32_t i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "pop/%u/load", i);
        CHECK_INT(sim_recorder_column(recorder, name, SIM_COLUMN_COUNT, NULL, NULL), i);
    }
    CHECK_INT(sim_recorder_n_columns(recorder), 3000);
    CHECK_INT(sim_recorder_find(recorder, "pop/2718/load"), 2718);
    CHECK_INT(sim_recorder_find(recorder, "pop/3000/load"), SIM_NONE);
    CHECK_STR(sim_recorder_describe(recorder, 77)->name, "pop/77/load");
}

static void
a_late_column_is_empty_before(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    SimRecorder *recorder = sim_recorder_new(arena, SIM_MINUTE, 60, 2);
    sim_recorder_close(recorder);
    uint32_t count = sim_recorder_column(recorder, "count", SIM_COLUMN_COUNT, NULL, NULL);
    uint32_t gauge = sim_recorder_column(recorder, "gauge", SIM_COLUMN_GAUGE, NULL, NULL);
    CHECK_NEAR(sim_recorder_value(recorder, count, 0), 0, 0);
    CHECK(isnan(sim_recorder_value(recorder, gauge, 0)));
}

static CU_TestInfo tests[] = {
    {"the_width_is_the_smallest_that_fits", the_width_is_the_smallest_that_fits},
    {"counts_are_stored_and_start_again", counts_are_stored_and_start_again},
    {"gauges_are_averaged_over_time", gauges_are_averaged_over_time},
    {"columns_are_found_by_name", columns_are_found_by_name},
    {"a_late_column_is_empty_before", a_late_column_is_empty_before},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("recorder", tests)
