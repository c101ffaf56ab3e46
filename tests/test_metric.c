#include "models/metric.h"
#include "tests/harness.h"
#include "tests/recording.h"

#include <math.h>

static const Sample samples[] = {
    {100, 0, 0, 0.1}, {100, 50, 10, 0.3}, {-1, 0, 0, 0}, {200, 10, 0, 0.2}};

static Metric
metric_of(SimArena *arena, const char *name)
{
    Metric metric = {.recorder = NULL};
    SimRecorder *recorder = recording_new(arena, samples, G_N_ELEMENTS(samples));
    CHECK(metric_find(recorder, name, &metric));
    return metric;
}

static double
value_of(const char *name, uint32_t bucket)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    Metric metric = metric_of(arena, name);
    return metric_value(&metric, bucket);
}

static void
shares_are_of_all_attempts(void)
{
    CHECK_NEAR(value_of("errors", 1), 0.5, 1e-12);
    CHECK_NEAR(value_of("success", 1), 0.4, 1e-12);
    CHECK_NEAR(value_of("blocked", 1), 0.1, 1e-12);
    CHECK_NEAR(value_of("site.shop.errors", 1), 0.5, 1e-12);
    CHECK_NEAR(value_of("site.shop.blocked", 1), 0.1, 1e-12);
    CHECK_NEAR(value_of("hit_ratio", 0), 0.5, 1e-12);
}

static void
a_service_is_ok_when_it_has_not_failed(void)
{
    CHECK_NEAR(value_of("service.kv.success", 1), 0.5, 1e-12);
    CHECK_NEAR(value_of("service.kv.errors", 1), 0.5, 1e-12);
}

static void
a_share_of_nothing_is_no_number(void)
{
    CHECK(isnan(value_of("errors", 2)));
    CHECK(isnan(value_of("success", 2)));
    CHECK(isnan(value_of("latency.p95", 2)));
    CHECK_NEAR(value_of("all.offered", 2), 0, 0);
}

static void
counts_read_as_rates_and_gauges_as_they_are(void)
{
    CHECK_NEAR(value_of("all.failed", 1), 50, 1e-12);
    CHECK_NEAR(value_of("latency.p95", 1), 0.3, 1e-12);
}

static void
means_of_shares_are_total_over_total(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    Metric errors = metric_of(arena, "errors");
    Metric latency, offered;
    CHECK_NEAR(metric_mean(&errors, 0, 4), 60.0 / 400, 1e-12);
    CHECK_NEAR(metric_total(&errors, 0, 4), 60, 1e-12);
    CHECK(metric_find(errors.recorder, "latency.p95", &latency));
    CHECK_NEAR(metric_mean(&latency, 0, 4), 0.2, 1e-12);
    CHECK(isnan(metric_total(&latency, 0, 4)));
    CHECK(metric_find(errors.recorder, "all.offered", &offered));
    CHECK_NEAR(metric_mean(&offered, 0, 4), 100, 1e-12);
}

static void
a_run_that_ends_within_a_bucket_covers_a_part_of_it(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    Metric offered = metric_of(arena, "all.offered");
    offered.end = 3 * SIM_SECOND + SIM_SECOND / 2;
    CHECK_NEAR(metric_bucket_seconds(&offered, 3), 0.5, 1e-12);
    CHECK_NEAR(metric_value(&offered, 3), 400, 1e-9);
}

static void
unknown_names_have_near_ones(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    SimRecorder *recorder = recording_new(arena, samples, G_N_ELEMENTS(samples));
    g_autofree char *near = metric_nearest(recorder, "site.shop.eror");
    g_autofree char *far = metric_nearest(recorder, "bananas");
    CHECK(!metric_exists(recorder, "site.nobody.errors"));
    CHECK(!metric_exists(recorder, ""));
    CHECK(!metric_exists(recorder, "."));
    CHECK_STR(near, "site.shop.errors");
    CHECK(far == NULL);
}

static void
every_listed_name_exists_once(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    SimRecorder *recorder = recording_new(arena, samples, G_N_ELEMENTS(samples));
    g_autoptr(GPtrArray) names = metric_names(recorder);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < names->len; i++) {
        CHECK(metric_exists(recorder, names->pdata[i]));
        CHECK(g_hash_table_add(seen, names->pdata[i]));
    }
    CHECK(g_hash_table_contains(seen, "errors"));
    CHECK(g_hash_table_contains(seen, "service.kv.success"));
}

static CU_TestInfo tests[] = {
    {"shares_are_of_all_attempts", shares_are_of_all_attempts},
    {"a_service_is_ok_when_it_has_not_failed", a_service_is_ok_when_it_has_not_failed},
    {"a_share_of_nothing_is_no_number", a_share_of_nothing_is_no_number},
    {"counts_read_as_rates_and_gauges_as_they_are", counts_read_as_rates_and_gauges_as_they_are},
    {"means_of_shares_are_total_over_total", means_of_shares_are_total_over_total},
    {"a_run_that_ends_within_a_bucket_covers_a_part_of_it",
     a_run_that_ends_within_a_bucket_covers_a_part_of_it},
    {"unknown_names_have_near_ones", unknown_names_have_near_ones},
    {"every_listed_name_exists_once", every_listed_name_exists_once},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("metric", tests)
