#include "tests/flow_world.h"

/* Three of four requests are misses: one is not cacheable, the catalogue of the others hits a third
 * of the time at most; news is not cacheable at all. */
static const char sites[] =
    "network: {busiest: 2, cores: 1000, diurnal: {amplitude: 0%}}\n"
    "services: {proxy: {placement: pop, cpu: 1ms}}\n"
    "sites:\n"
    "  shop: {service: proxy, requests: 1000/s, cache: {cacheable: 60%, objects: 1000, size: "
    "20%},\n"
    "    origin: {latency: 100ms}, client: {retries: 0, persistence: 0%, timeout: 10s}}\n"
    "  news: {service: proxy, requests: 500/s, cache: {cacheable: 0%}, origin: {latency: 1s, "
    "capacity: 400/s},\n"
    "    client: {retries: 0, persistence: 0%, timeout: 10s}}\n";
enum { SHOP, NEWS };

static void
origin(FlowWorld *it, uint32_t site, double errors, double delay)
{
    const OriginFault fault = {
        .errors = errors, .delay = delay, .cause = flow_world_cause(it, "origin")};
    flow_plane_ops.origin_set(it->flow, site, &fault);
}

static double
miss_share(const FlowWorld *it)
{
    return it->flow->pops[0].miss[SHOP];
}

static void
a_dead_origin_fails_the_misses(void)
{
    FlowWorld it = flow_world_new(sites, 2);
    double miss = miss_share(&it);
    CHECK(miss > 0.4 && miss < 0.9);
    flow_world_run(&it, 10);
    origin(&it, SHOP, 1, 0);
    flow_world_run(&it, 40);
    CHECK_NEAR(flow_world_share(&it, "site.shop.failed", "site.shop.offered", 10, 40), miss, 1e-6);
    CHECK_NEAR(flow_world_share(&it, "outcome.522", "site.shop.failed", 10, 40), 1, 1e-9);
    CHECK_NEAR(flow_world_sum(&it, "cause.1.failed", 10, 40),
               flow_world_sum(&it, "outcome.522", 10, 40), 1e-6);
    origin(&it, SHOP, 0, 0);
    flow_world_run(&it, 50);
    CHECK_NEAR(flow_world_sum(&it, "site.shop.failed", 40, 50), 0, 0);
    flow_world_free(&it);
}

/* A fifth beyond the limit is refused; of a half that reaches the origin nothing is. */
static void
who_gets_no_answer_does_not_count_against_the_limit(void)
{
    FlowWorld it = flow_world_new(sites, 2);
    flow_world_run(&it, 20);
    CHECK_NEAR(flow_world_share(&it, "site.news.failed", "site.news.offered", 10, 20), 0.2, 1e-6);
    CHECK_NEAR(flow_world_sum(&it, "outcome.503", 10, 20), 1000, 1e-3);
    double asked = flow_world_sum(&it, "origin.requests", 10, 20);
    origin(&it, NEWS, 0.5, 0);
    flow_world_run(&it, 40);
    CHECK_NEAR(flow_world_sum(&it, "outcome.503", 25, 35), 0, 1e-6);
    CHECK_NEAR(flow_world_sum(&it, "outcome.522", 25, 35), 2500, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "origin.requests", 25, 35), asked, 1);
    origin(&it, NEWS, 1, 0);
    flow_world_run(&it, 60);
    CHECK_NEAR(flow_world_sum(&it, "site.news.ok", 45, 55), 0, 0);
    CHECK_NEAR(flow_world_sum(&it, "origin.requests", 45, 55), asked, 1);
    flow_world_free(&it);
}

static void
a_slow_origin_is_latency_until_nobody_waits_for_it(void)
{
    FlowWorld it = flow_world_new(sites, 2);
    double miss = miss_share(&it);
    flow_world_run(&it, 10);
    double before = flow_world_sum(&it, "latency.p95", 9, 10);
    origin(&it, SHOP, 0, 4);
    origin(&it, NEWS, 0, 4);
    flow_world_run(&it, 20);
    CHECK_NEAR(flow_world_sum(&it, "latency.p95", 19, 20), before + 4, 0.3);
    CHECK_NEAR(flow_world_sum(&it, "site.shop.failed", 10, 20), 0, 0);
    origin(&it, SHOP, 0.25, 9.95);
    flow_world_run(&it, 40);
    double failed = flow_world_sum(&it, "site.shop.failed", 20, 40);
    CHECK_NEAR(failed, 20e3 * miss, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "outcome.522", 20, 40), 0.25 * failed, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "outcome.timeout", 20, 40), 0.75 * failed, 1e-3);
    flow_world_free(&it);
}

static CU_TestInfo tests[] = {
    {"a_dead_origin_fails_the_misses", a_dead_origin_fails_the_misses},
    {"who_gets_no_answer_does_not_count_against_the_limit",
     who_gets_no_answer_does_not_count_against_the_limit},
    {"a_slow_origin_is_latency_until_nobody_waits_for_it",
     a_slow_origin_is_latency_until_nobody_waits_for_it},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("flow_origin", tests)
