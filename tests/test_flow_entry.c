#include "tests/flow_world.h"

#define HEAD                                                                                       \
    "network: {busiest: 2, cores: 1000, diurnal: {amplitude: 0%}}\n"                               \
    "services: {proxy: {placement: pop, cpu: 100ms}}\n"
enum { SHOP, NEWS };

static const char two_sites[] =
    HEAD "sites:\n"
         "  shop: {service: proxy, requests: 1000/s,\n"
         "    client: {retries: 2, backoff: 0s, persistence: 0%, timeout: 4s}}\n"
         "  news: {service: proxy, requests: 1000/s, client: {retries: 0, persistence: 0%}}\n";

static void
entry(FlowWorld *it, uint32_t site, uint32_t pop, EntryFault fault)
{
    fault.cause = flow_world_cause(it, outcome_names[fault.outcome]);
    flow_plane_ops.entry_set(it->flow, site, pop, &fault);
}

static void
names_that_do_not_resolve_fail_at_once(void)
{
    FlowWorld it = flow_world_new(two_sites, 2);
    flow_world_run(&it, 10);
    entry(&it, SHOP, SIM_NONE, (EntryFault){.share = 0.5, .outcome = OUTCOME_SERVFAIL});
    flow_world_run(&it, 30);
    /* Fresh, half of them once more, a quarter twice; no CPU for those that fail. */
    CHECK_NEAR(flow_world_sum(&it, "site.shop.offered", 10, 30), 20e3 * 1.75, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "site.shop.failed", 10, 30), 20e3 * 0.875, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "outcome.servfail", 10, 30), 20e3 * 0.875, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "cause.1.failed", 10, 30), 20e3 * 0.875, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "site.news.failed", 10, 30), 0, 0);
    CHECK_NEAR(flow_world_sum(&it, "cpu.mean", 10, 30) / 20, 0.1 * 1875 / 2000, 1e-6);
    flow_world_free(&it);
}

static void
the_latest_fault_of_an_outcome_counts(void)
{
    FlowWorld it = flow_world_new(two_sites, 2);
    entry(&it, SIM_NONE, SIM_NONE, (EntryFault){.share = 0.5, .outcome = OUTCOME_TLS});
    entry(&it, NEWS, SIM_NONE, (EntryFault){.share = 0.2, .outcome = OUTCOME_TLS});
    entry(&it, NEWS, SIM_NONE, (EntryFault){.share = 0.5, .outcome = OUTCOME_SERVFAIL});
    flow_world_run(&it, 10);
    CHECK_NEAR(flow_world_sum(&it, "site.news.failed", 0, 10), 10e3 * 0.6, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "outcome.servfail", 0, 10), 10e3 * 0.5, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "outcome.tls", 0, 10), 10e3 * (0.1 + 0.875), 1e-3);
    entry(&it, SIM_NONE, SIM_NONE, (EntryFault){.outcome = OUTCOME_TLS});
    entry(&it, SIM_NONE, SIM_NONE, (EntryFault){.outcome = OUTCOME_SERVFAIL});
    flow_world_run(&it, 20);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 10, 20), 0, 0);
    flow_world_free(&it);
}

/* 2,000 requests a second that are lost: known four seconds later, and then tried again. */
static void
who_is_lost_waits_for_his_time_out(void)
{
    FlowWorld it = flow_world_new(two_sites, 2);
    flow_world_run(&it, 10);
    entry(&it, SHOP, SIM_NONE, (EntryFault){.share = 1, .outcome = OUTCOME_TIMEOUT});
    flow_world_run(&it, 20);
    entry(&it, SHOP, SIM_NONE, (EntryFault){.outcome = OUTCOME_TIMEOUT});
    flow_world_run(&it, 30);
    CHECK_NEAR(flow_world_sum(&it, "site.shop.failed", 0, 13), 0, 0);
    CHECK_NEAR(flow_world_sum(&it, "site.shop.offered", 10, 13), 3e3, 1e-3);
    /* A retry each at 14 to 18 s, two each from 18 s to 20 s. */
    CHECK_NEAR(flow_world_sum(&it, "site.shop.offered", 15, 17), 2e3 * 2, 100);
    CHECK_NEAR(flow_world_sum(&it, "site.shop.offered", 19, 20), 1e3 * 3, 100);
    CHECK_NEAR(flow_world_sum(&it, "site.shop.failed", 10, 30), 10e3 + 6e3 + 2e3, 200);
    CHECK_NEAR(flow_world_sum(&it, "outcome.timeout", 10, 30), 18e3, 200);
    CHECK_NEAR(flow_world_share(&it, "cause.1.failed", "all.failed", 10, 30), 1, 1e-9);
    CHECK_NEAR(flow_world_sum(&it, "site.shop.ok", 10, 30), 18e3, 200);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 25, 30), 0, 1e-6);
    flow_world_free(&it);
}

static void
a_longer_way_is_latency_until_nobody_waits_for_it(void)
{
    FlowWorld it = flow_world_new(two_sites, 2);
    flow_world_run(&it, 10);
    double before = flow_world_sum(&it, "latency.p50", 9, 10);
    entry(&it, SIM_NONE, SIM_NONE, (EntryFault){.delay = 2, .outcome = OUTCOME_TIMEOUT});
    flow_world_run(&it, 20);
    CHECK_NEAR(flow_world_sum(&it, "latency.p50", 19, 20), before + 2, 0.1);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 0, 20), 0, 0);
    entry(&it, SHOP, SIM_NONE, (EntryFault){.delay = 5, .outcome = OUTCOME_TIMEOUT});
    flow_world_run(&it, 40);
    CHECK_NEAR(flow_world_sum(&it, "site.shop.ok", 20, 40), 0, 0);
    CHECK_NEAR(flow_world_sum(&it, "site.news.ok", 20, 40), 20e3, 1e-3);
    flow_world_free(&it);
}

static void
one_pop_fails_alone_and_counts_its_sites(void)
{
    FlowWorld it = flow_world_new(two_sites, 2);
    flow_world_run(&it, 10);
    entry(&it, NEWS, 1, (EntryFault){.share = 0.25, .outcome = OUTCOME_TLS});
    flow_world_run(&it, 20);
    const PlaneCounts at = flow_plane_ops.site_counts(it.flow, 1, NEWS);
    const PlaneCounts other = flow_plane_ops.site_counts(it.flow, 0, NEWS);
    const PlaneCounts shop = flow_plane_ops.site_counts(it.flow, 1, SHOP);
    CHECK(at.offered > 0 && other.offered > 0);
    CHECK_INT(at.offered + other.offered, 20000);
    CHECK_NEAR((double)at.failed, (double)at.offered / 8, 1);
    CHECK_INT(other.failed, 0);
    CHECK_INT(shop.failed, 0);
    CHECK_INT(shop.offered, at.offered);
    CHECK_INT(flow_plane_ops.counts(it.flow, 1).failed, at.failed);
    flow_world_free(&it);
}

/* The station is overloaded, and what is turned away before does not wait in it. */
static void
who_is_turned_away_takes_no_place_in_the_queue(void)
{
    static const char text[] =
        "network: {busiest: 1, cores: 90, cancel: true, diurnal: {amplitude: 0%}}\n"
        "services: {proxy: {placement: pop, cpu: 100ms}}\n"
        "sites: {shop: {service: proxy, requests: 1000/s,\n"
        "  client: {retries: 1, backoff: 0s, persistence: 50%, timeout: 4s}}}\n";
    FlowWorld it = flow_world_new(text, 1);
    flow_world_run(&it, 60);
    CHECK(flow_world_sum(&it, "outcome.timeout", 50, 60) > 100);
    entry(&it, SHOP, SIM_NONE, (EntryFault){.share = 1, .outcome = OUTCOME_SERVFAIL});
    flow_world_run(&it, 120);
    CHECK_NEAR(flow_world_share(&it, "outcome.servfail", "all.offered", 70, 120), 1, 1e-9);
    CHECK_NEAR(flow_world_sum(&it, "cpu.mean", 70, 120), 0, 1e-9);
    flow_world_free(&it);
}

static CU_TestInfo tests[] = {
    {"names_that_do_not_resolve_fail_at_once", names_that_do_not_resolve_fail_at_once},
    {"the_latest_fault_of_an_outcome_counts", the_latest_fault_of_an_outcome_counts},
    {"who_is_lost_waits_for_his_time_out", who_is_lost_waits_for_his_time_out},
    {"a_longer_way_is_latency_until_nobody_waits_for_it",
     a_longer_way_is_latency_until_nobody_waits_for_it},
    {"one_pop_fails_alone_and_counts_its_sites", one_pop_fails_alone_and_counts_its_sites},
    {"who_is_turned_away_takes_no_place_in_the_queue",
     who_is_turned_away_takes_no_place_in_the_queue},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("flow_entry", tests)
