#include "models/measure.h"
#include "tests/harness.h"
#include "tests/recording.h"

#include <math.h>

/* 2025-11-18T11:00:00Z */
#define START INT64_C(1763463600)

static Measured
take(const Sample *samples, uint32_t n, MeasureSpec measure)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    SimRecorder *recorder = recording_new(arena, samples, n);
    Recording recording = {
        .recorder = recorder, .start = START, .end = n * SIM_SECOND, .duration = n * SIM_SECOND};
    if (!measure.metric)
        measure.metric = "errors";
    if (!measure.period)
        measure.period = 5 * SIM_SECOND;
    return measure_take(&measure, &recording, -1);
}

/* Errors of 2, 30, 30, 2, 40, 2, 2 % and one silent second before the last. */
static const Sample flapping[] = {{100, 2, 0, 1}, {100, 30, 0, 2}, {100, 30, 0, 3},
                                  {100, 2, 0, 1}, {100, 40, 0, 9}, {100, 2, 0, 1},
                                  {-1, 0, 0, 0},  {100, 2, 0, 1}};
#define FLAPPING flapping, G_N_ELEMENTS(flapping)

static void
extremes_say_when(void)
{
    Measured peak = take(FLAPPING, (MeasureSpec){.kind = MEASURE_PEAK});
    Measured low = take(FLAPPING, (MeasureSpec){.kind = MEASURE_LOW});
    CHECK_NEAR(peak.value, 0.4, 1e-12);
    CHECK_INT(peak.at, 4 * SIM_SECOND);
    CHECK_NEAR(low.value, 0.02, 1e-12);
    CHECK_INT(low.at, 0);
    CHECK_INT(peak.unit, MEASURE_SHARE);
    CHECK_INT(peak.missing, SIM_SECOND);
    CHECK_INT(peak.missing_at, 6 * SIM_SECOND);
}

static void
instants_are_starts_of_buckets(void)
{
    MeasureSpec measure = {.kind = MEASURE_FIRST, .above = 0.1};
    CHECK_NEAR(take(FLAPPING, measure).value, 1, 0);
    measure.kind = MEASURE_LAST;
    CHECK_NEAR(take(FLAPPING, measure).value, 4, 0);
}

static void
what_never_happens_is_infinite(void)
{
    MeasureSpec measure = {.kind = MEASURE_FIRST, .above = 0.9};
    CHECK(take(FLAPPING, measure).value > 1e300);
    measure.kind = MEASURE_LAST;
    CHECK(take(FLAPPING, measure).value < -1e300);
    measure.kind = MEASURE_SETTLED;
    CHECK(take(FLAPPING, measure).value > 1e300);
    CHECK_INT(take(FLAPPING, measure).status, MEASURED);
}

static void
time_above_is_a_sum_and_longest_a_stay(void)
{
    MeasureSpec measure = {.kind = MEASURE_TIME_ABOVE, .above = 0.1};
    CHECK_NEAR(take(FLAPPING, measure).value, 3, 1e-12);
    measure.kind = MEASURE_LONGEST;
    CHECK_NEAR(take(FLAPPING, measure).value, 2, 1e-12);
}

static void
switches_count_both_ways(void)
{
    MeasureSpec measure = {.kind = MEASURE_SWITCHES, .above = 0.1};
    CHECK_NEAR(take(FLAPPING, measure).value, 4, 0);
}

static void
trembling_at_the_threshold_is_no_switch(void)
{
    static const Sample samples[] = {{100, 2, 0, 1},  {100, 11, 0, 1}, {100, 9, 0, 1},
                                     {100, 11, 0, 1}, {100, 9, 0, 1},  {100, 7, 0, 1}};
    MeasureSpec measure = {.kind = MEASURE_SWITCHES, .above = 0.1};
    CHECK_NEAR(take(samples, G_N_ELEMENTS(samples), measure).value, 2, 0);
}

static void
crossings_are_aligned_when_soon_after_the_period(void)
{
    MeasureSpec measure = {
        .kind = MEASURE_ALIGNED, .above = 0.1, .period = 4 * SIM_SECOND, .tolerance = SIM_SECOND};
    /* At 1, 3, 4 and 5 s. */
    CHECK_NEAR(take(FLAPPING, measure).value, 0.75, 1e-12);
    measure.above = 0.9;
    CHECK_INT(take(FLAPPING, measure).status, MEASURE_NO_DATA);
}

static void
periods_are_those_of_the_clock(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    MeasureSpec measure = {
        .metric = "errors", .kind = MEASURE_ALIGNED, .above = 0.1, .period = 4 * SIM_SECOND};
    /* Crossings at 1, 3, 4 and 5 s; the run starts 1 s before a multiple of 4 s. */
    Recording recording = {.recorder = recording_new(arena, FLAPPING),
                           .start = START + 3,
                           .end = 8 * SIM_SECOND,
                           .duration = 8 * SIM_SECOND};
    CHECK_NEAR(measure_take(&measure, &recording, -1).value, 0.5, 1e-12);
}

static void
settled_is_the_last_way_up_that_stays(void)
{
    static const Sample samples[] = {{100, 0, 0, 1},  {100, 50, 0, 1}, {100, 0, 0, 1},
                                     {100, 50, 0, 1}, {-1, 0, 0, 0},   {100, 50, 0, 1}};
    MeasureSpec measure = {.kind = MEASURE_SETTLED, .above = 0.1};
    CHECK_NEAR(take(samples, G_N_ELEMENTS(samples), measure).value, 3, 0);
}

static void
windows_take_buckets_by_their_start(void)
{
    MeasureSpec measure = {.kind = MEASURE_TOTAL,
                           .metric = "all.failed",
                           .from = {SIM_INSTANT_OFFSET, SIM_SECOND},
                           .to = {SIM_INSTANT_OFFSET, 3 * SIM_SECOND}};
    CHECK_NEAR(take(FLAPPING, measure).value, 60, 1e-9);
    CHECK_INT(take(FLAPPING, measure).unit, MEASURE_NUMBER);
}

static void
a_fall_compares_with_its_base(void)
{
    MeasureSpec measure = {.kind = MEASURE_FALL,
                           .from = {SIM_INSTANT_OFFSET, 5 * SIM_SECOND},
                           .base_from = {SIM_INSTANT_OFFSET, 4 * SIM_SECOND},
                           .base_to = {SIM_INSTANT_OFFSET, 5 * SIM_SECOND}};
    CHECK_NEAR(take(FLAPPING, measure).value, 0.95, 1e-12);
    measure.kind = MEASURE_RATIO;
    measure.metric = "latency.p95";
    CHECK_NEAR(take(FLAPPING, measure).value, 1.0 / 9, 1e-12);
}

static void
silence_is_no_data(void)
{
    static const Sample samples[] = {{-1, 0, 0, 0}, {-1, 0, 0, 0}};
    for (int kind = 0; kind < MEASURE_COUNT; kind++) {
        MeasureSpec measure = {.kind = kind, .above = 0.1};
        CHECK_INT(take(samples, G_N_ELEMENTS(samples), measure).status, MEASURE_NO_DATA);
    }
}

static void
a_window_after_the_end_is_not_reached(void)
{
    MeasureSpec measure = {.kind = MEASURE_PEAK, .from = {SIM_INSTANT_OFFSET, SIM_HOUR}};
    CHECK_INT(take(FLAPPING, measure).status, MEASURE_NOT_REACHED);
}

static void
values_are_written_for_people(void)
{
    char text[64];
    CHECK_STR(measure_format(text, sizeof text, MEASURE_INSTANT, 3661, START), "12:01:01");
    CHECK_STR(measure_format(text, sizeof text, MEASURE_INSTANT, 14 * 3600.0, START),
              "01:00:00 (day 2)");
    CHECK_STR(measure_format(text, sizeof text, MEASURE_INSTANT, (double)INFINITY, START), "never");
    CHECK_STR(measure_format(text, sizeof text, MEASURE_SHARE, 0.123, START), "12.3 %");
    CHECK_STR(measure_format(text, sizeof text, MEASURE_SECONDS, 372, START), "6m12s");
    CHECK_STR(measure_format(text, sizeof text, MEASURE_FACTOR, 4, START), "4x");
}

static void
kinds_that_do_not_fit_say_so(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    SimRecorder *recorder = recording_new(arena, FLAPPING);
    Metric latency, errors;
    const char *why = NULL;
    MeasureSpec total = {.kind = MEASURE_TOTAL}, fall = {.kind = MEASURE_FALL};
    CHECK(metric_find(recorder, "latency.p95", &latency));
    CHECK(metric_find(recorder, "errors", &errors));
    CHECK(!measure_check(&total, &latency, &why));
    CHECK_HAS(why, "expected of: mean");
    CHECK(!measure_check(&fall, &errors, &why));
    CHECK_HAS(why, "base_from");
    CHECK(measure_check(&total, &errors, &why));
}

static CU_TestInfo tests[] = {
    {"extremes_say_when", extremes_say_when},
    {"instants_are_starts_of_buckets", instants_are_starts_of_buckets},
    {"what_never_happens_is_infinite", what_never_happens_is_infinite},
    {"time_above_is_a_sum_and_longest_a_stay", time_above_is_a_sum_and_longest_a_stay},
    {"switches_count_both_ways", switches_count_both_ways},
    {"trembling_at_the_threshold_is_no_switch", trembling_at_the_threshold_is_no_switch},
    {"crossings_are_aligned_when_soon_after_the_period",
     crossings_are_aligned_when_soon_after_the_period},
    {"periods_are_those_of_the_clock", periods_are_those_of_the_clock},
    {"settled_is_the_last_way_up_that_stays", settled_is_the_last_way_up_that_stays},
    {"windows_take_buckets_by_their_start", windows_take_buckets_by_their_start},
    {"a_fall_compares_with_its_base", a_fall_compares_with_its_base},
    {"silence_is_no_data", silence_is_no_data},
    {"a_window_after_the_end_is_not_reached", a_window_after_the_end_is_not_reached},
    {"values_are_written_for_people", values_are_written_for_people},
    {"kinds_that_do_not_fit_say_so", kinds_that_do_not_fit_say_so},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("measure", tests)
