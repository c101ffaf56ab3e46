#include "models/cluster.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

static const char text[] = "services: {proxy: {placement: pop}}\n"
                           "sites: {web: {service: proxy, requests: 100/s}}\n"
                           "clusters: {database: 40}\n";

static uint32_t
migrated(const Clusters *clusters)
{
    uint32_t n = 0;
    for (uint32_t node = 0; node < 40; node++)
        n += cluster_is_migrated(clusters, 0, node);
    return n;
}

static void
nothing_is_migrated_before_a_change(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Clusters *clusters = cluster_attach(fake->sim, &fake->world);
    CHECK_INT(migrated(clusters), 0);
    CHECK_INT(cluster_cause(clusters, 0), SIM_NONE);
}

static void
the_share_grows_in_a_straight_line(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Clusters *clusters = cluster_attach(fake->sim, &fake->world);
    sim_run(fake->sim, 5 * SIM_MINUTE);
    cluster_migrate(clusters, &(ClusterMigration){.to = 1, .over = 40 * SIM_MINUTE, .cause = 7});
    CHECK_INT(cluster_cause(clusters, 0), 7);
    for (uint32_t minute = 0; minute <= 50; minute++) {
        sim_run(fake->sim, (5 + minute) * SIM_MINUTE);
        CHECK_INT(migrated(clusters), MIN(minute, 40));
        CHECK_NEAR(cluster_share(clusters, 0), MIN(minute, 40) / 40.0, 1e-12);
    }
}

static void
a_migrated_node_stays_so_and_the_order_is_the_seeds(void)
{
    uint32_t differs = 0;
    g_autoptr(FakeWorld) one = fake_world_new(text, 2, 1), other = fake_world_new(text, 2, 2);
    Clusters *first = cluster_attach(one->sim, &one->world);
    Clusters *second = cluster_attach(other->sim, &other->world);
    bool was[40] = {false};
    ClusterMigration change = {.to = 1, .over = SIM_HOUR, .cause = SIM_NONE};
    cluster_migrate(first, &change);
    cluster_migrate(second, &change);
    for (uint32_t minute = 0; minute <= 60; minute++) {
        sim_run(one->sim, minute * SIM_MINUTE);
        sim_run(other->sim, minute * SIM_MINUTE);
        for (uint32_t node = 0; node < 40; node++) {
            bool is = cluster_is_migrated(first, 0, node);
            CHECK(is || !was[node]);
            was[node] = is;
            differs += is != cluster_is_migrated(second, 0, node);
        }
    }
    CHECK(differs > 100);
}

static void
a_change_back_takes_effect_at_once_without_over(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Clusters *clusters = cluster_attach(fake->sim, &fake->world);
    cluster_migrate(clusters, &(ClusterMigration){.to = 0.5});
    CHECK_INT(migrated(clusters), 20);
    cluster_migrate(clusters, &(ClusterMigration){.from = 0.5, .to = 0});
    CHECK_INT(migrated(clusters), 0);
    sim_verify(fake->sim);
}

static CU_TestInfo tests[] = {
    {"nothing_is_migrated_before_a_change", nothing_is_migrated_before_a_change},
    {"the_share_grows_in_a_straight_line", the_share_grows_in_a_straight_line},
    {"a_migrated_node_stays_so_and_the_order_is_the_seeds",
     a_migrated_node_stays_so_and_the_order_is_the_seeds},
    {"a_change_back_takes_effect_at_once_without_over",
     a_change_back_takes_effect_at_once_without_over},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("cluster", tests)
