#include "models/monitor.h"

#include "tests/harness.h"

#include <math.h>

static SimArena *arena;

static const SimTime scrape = 15 * SIM_SECOND;

/* Samples of 100 requests a scrape, of which so many fail. */
static MonitorSeries
series_of(const int64_t *failed, uint32_t n)
{
    MonitorSeries series;
    int64_t sum = 0;
    monitor_series_init(&series, arena, scrape, SIM_HOUR);
    for (uint32_t i = 0; i < n; i++) {
        sum += failed[i] < 0 ? 0 : failed[i];
        if (failed[i] < 0)
            monitor_series_miss(&series);
        else
            monitor_series_add(&series, sum, 100 * (i + 1));
    }
    return series;
}

static double
level(const MonitorSeries *series, SimTime now, SimTime lag, SimTime length)
{
    return monitor_window(series, now, lag, length).level;
}

static void
a_window_is_the_difference_of_its_ends(void)
{
    MonitorSeries series = series_of((int64_t[]){0, 10, 20, 30}, 4);
    CHECK_NEAR(level(&series, 60 * SIM_SECOND, 0, 30 * SIM_SECOND), 0.25, 1e-12);
    CHECK_NEAR(level(&series, 60 * SIM_SECOND, 0, 60 * SIM_SECOND), 0.15, 1e-12);
    /* Between two scrapes nothing new is seen; a window of part of one is all of it. */
    CHECK_NEAR(level(&series, 74 * SIM_SECOND, 0, 15 * SIM_SECOND), 0.3, 1e-12);
    CHECK_NEAR(level(&series, 60 * SIM_SECOND, 0, SIM_SECOND), 0.3, 1e-12);
    CHECK_INT(monitor_window(&series, 60 * SIM_SECOND, 0, 30 * SIM_SECOND).lower, 200);
}

static void
a_lag_hides_what_is_newer(void)
{
    MonitorSeries series = series_of((int64_t[]){0, 10, 20, 30}, 4);
    CHECK_NEAR(level(&series, 60 * SIM_SECOND, 15 * SIM_SECOND, 15 * SIM_SECOND), 0.2, 1e-12);
    CHECK_NEAR(level(&series, 60 * SIM_SECOND, SIM_SECOND, 15 * SIM_SECOND), 0.2, 1e-12);
    CHECK(!monitor_window(&series, 60 * SIM_SECOND, 61 * SIM_SECOND, SIM_MINUTE).has_data);
    CHECK(!monitor_window(&series, 60 * SIM_SECOND, 50 * SIM_SECOND, SIM_MINUTE).has_data);
}

static void
time_before_the_run_is_healthy_if_it_counts(void)
{
    MonitorSeries series = series_of((int64_t[]){50, 50}, 2);
    CHECK_NEAR(level(&series, 30 * SIM_SECOND, 0, SIM_HOUR), 0.5, 1e-12);
    series.before = 0;
    CHECK_NEAR(level(&series, 30 * SIM_SECOND, 0, SIM_HOUR), 0.5 * 30 / 3600, 1e-12);
    series.before = 1;
    CHECK_NEAR(level(&series, 30 * SIM_SECOND, 0, SIM_MINUTE), 0.75, 1e-12);
}

static void
missing_samples_narrow_a_window_and_counters_bridge_them(void)
{
    MonitorSeries series = series_of((int64_t[]){0, 40, -1, 20, -1}, 5);
    CHECK_NEAR(level(&series, 75 * SIM_SECOND, 0, 45 * SIM_SECOND), 0.1, 1e-12);
    CHECK(!monitor_window(&series, 75 * SIM_SECOND, 0, 15 * SIM_SECOND).has_data);
    MonitorSample newest;
    CHECK(monitor_series_newest(&series, 75 * SIM_SECOND, 0, &newest));
    CHECK_INT(newest.lower, 400);
    MonitorSeries dark = series_of((int64_t[]){-1, -1}, 2);
    CHECK(!monitor_series_newest(&dark, 30 * SIM_SECOND, 0, &newest));
    CHECK(!monitor_window(&dark, 30 * SIM_SECOND, 0, SIM_HOUR).has_data);
}

static void
what_is_forgotten_counts_as_before(void)
{
    MonitorSeries series = series_of((int64_t[]){100, 100, 100}, 3);
    series.before = 0;
    monitor_series_forget(&series);
    CHECK(!monitor_window(&series, 45 * SIM_SECOND, 0, SIM_MINUTE).has_data);
    monitor_series_add(&series, 350, 400);
    CHECK_NEAR(level(&series, 60 * SIM_SECOND, 0, SIM_MINUTE), 0.5 / 4, 1e-12);
    CHECK_NEAR(level(&series, 60 * SIM_SECOND, 0, 15 * SIM_SECOND), 0.5, 1e-12);
}

static void
the_ring_forgets_what_no_window_needs(void)
{
    MonitorSeries series;
    monitor_series_init(&series, arena, scrape, SIM_MINUTE);
    for (int64_t i = 1; i <= 1000; i++)
        monitor_series_add(&series, i * i, 100 * i);
    SimTime now = 1000 * scrape;
    CHECK_NEAR(level(&series, now, 0, SIM_MINUTE), (1e6 - 996.0 * 996) / 400, 1e-9);
    CHECK_INT(monitor_series_due(&series), now + scrape);
}

static void
an_alert_waits_for_its_time_and_a_break_begins_it_anew(void)
{
    MonitorAlert alert = {.since = -1};
    const SimTime wait = 2 * SIM_MINUTE;
    CHECK(!monitor_alert_step(&alert, MONITOR_BAD, NO_DATA_KEEP, SIM_MINUTE, wait));
    CHECK(!monitor_alert_step(&alert, MONITOR_BAD, NO_DATA_KEEP, 2 * SIM_MINUTE, wait));
    CHECK(!monitor_alert_step(&alert, MONITOR_OK, NO_DATA_KEEP, 3 * SIM_MINUTE, wait));
    CHECK(!monitor_alert_step(&alert, MONITOR_BAD, NO_DATA_KEEP, 4 * SIM_MINUTE, wait));
    CHECK(monitor_alert_step(&alert, MONITOR_BAD, NO_DATA_KEEP, 6 * SIM_MINUTE, wait));
    CHECK(alert.is_firing);
    CHECK(!monitor_alert_step(&alert, MONITOR_BAD, NO_DATA_KEEP, 7 * SIM_MINUTE, wait));
    CHECK(monitor_alert_step(&alert, MONITOR_OK, NO_DATA_KEEP, 8 * SIM_MINUTE, wait));
    CHECK(!alert.is_firing);
}

static void
without_figures_the_policy_decides(void)
{
    MonitorAlert alert = {.since = -1};
    CHECK(!monitor_alert_step(&alert, MONITOR_NO_DATA, NO_DATA_KEEP, 1, 0));
    CHECK(!monitor_alert_step(&alert, MONITOR_NO_DATA, NO_DATA_OK, 2, 0));
    CHECK(monitor_alert_step(&alert, MONITOR_NO_DATA, NO_DATA_ALERT, 3, 0));
    CHECK(!monitor_alert_step(&alert, MONITOR_NO_DATA, NO_DATA_KEEP, 4, 0));
    CHECK(alert.is_firing);
    CHECK(monitor_alert_step(&alert, MONITOR_NO_DATA, NO_DATA_OK, 5, 0));
    CHECK(!alert.is_firing);
}

static void
a_cusum_adds_what_is_beyond_its_reference(void)
{
    MonitorCusum cusum = {0};
    double k = monitor_cusum_reference(10, 20);
    CHECK_NEAR(k, 14.427, 5e-4);
    for (int i = 0; i < 100; i++)
        CHECK(!monitor_cusum_step(&cusum, 10, k, 15));
    CHECK_NEAR(cusum.sum, 0, 0);
    /* 15 / (20 - 14.427) = 2.7 intervals: the third tells. */
    CHECK(!monitor_cusum_step(&cusum, 20, k, 15));
    CHECK(!monitor_cusum_step(&cusum, 20, k, 15));
    CHECK(monitor_cusum_step(&cusum, 20, k, 15));
    CHECK_NEAR(cusum.sum, 15, 0);
    /* Back to normal: 15 / 4.427 = 3.4 intervals. */
    for (int i = 0; i < 3; i++)
        CHECK(!monitor_cusum_step(&cusum, 10, k, 15));
    CHECK(cusum.is_firing);
    CHECK(monitor_cusum_step(&cusum, 10, k, 15));
    CHECK(!cusum.is_firing);
}

static CU_TestInfo tests[] = {
    {"a_window_is_the_difference_of_its_ends", a_window_is_the_difference_of_its_ends},
    {"a_lag_hides_what_is_newer", a_lag_hides_what_is_newer},
    {"time_before_the_run_is_healthy_if_it_counts", time_before_the_run_is_healthy_if_it_counts},
    {"missing_samples_narrow_a_window_and_counters_bridge_them",
     missing_samples_narrow_a_window_and_counters_bridge_them},
    {"what_is_forgotten_counts_as_before", what_is_forgotten_counts_as_before},
    {"the_ring_forgets_what_no_window_needs", the_ring_forgets_what_no_window_needs},
    {"an_alert_waits_for_its_time_and_a_break_begins_it_anew",
     an_alert_waits_for_its_time_and_a_break_begins_it_anew},
    {"without_figures_the_policy_decides", without_figures_the_policy_decides},
    {"a_cusum_adds_what_is_beyond_its_reference", a_cusum_adds_what_is_beyond_its_reference},
    CU_TEST_INFO_NULL,
};

int
main(int argc, char **argv)
{
    arena = sim_arena_new(0);
    int code = test_main("monitor", tests, argc, argv);
    sim_arena_free(arena);
    return code;
}
