#include "tests/flow_world.h"

#define HEAD                                                                                       \
    "network: {busiest: 2, cores: 1000, diurnal: {amplitude: 0%}}\n"                               \
    "locations: {dc: {latitude: 0, longitude: 0}}\n"
#define CLIENT "client: {retries: 0, persistence: 0%, timeout: 10s}"

/* 300 calls a second to kv, which has room for 1,000. */
static const char shop[] =
    HEAD "services:\n"
         "  proxy: {placement: pop, cpu: 1ms}\n"
         "  kv: {placement: core, location: dc, station: {servers: 10, service_time: 10ms, cancel: "
         "true}}\n"
         "sites:\n"
         "  shop: {service: proxy, requests: 1000/s, needs: {kv: {share: 30%, timeout: 2s}},\n"
         "    " CLIENT "}\n"
         "timeline:\n"
         "  - {at: +5m, do: fail-open, services: [kv]}\n";
enum { PROXY, KV };

static void
impair(FlowWorld *it, uint32_t service, Impairment fault)
{
    fault.cause = flow_world_cause(it, "fault");
    flow_plane_ops.impair_set(it->flow, service, &fault);
}

/* The share that fails from 12 s on when the fault begins at 10 s. */
static double
failed_by(const char *text, Impairment fault, const char *column)
{
    FlowWorld it = flow_world_new(text, 2);
    flow_world_run(&it, 10);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 0, 10), 0, 0);
    impair(&it, KV, fault);
    flow_world_run(&it, 40);
    double failed = flow_world_share(&it, column, "all.offered", 12, 40);
    CHECK_NEAR(flow_world_share(&it, "cause.1.failed", "all.failed", 12, 40), 1, 1e-9);
    fault = IMPAIRMENT_NONE;
    flow_plane_ops.impair_set(it.flow, KV, &fault);
    flow_world_run(&it, 60);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 55, 60), 0, 1e-9);
    flow_world_free(&it);
    return failed;
}

static Impairment
none(void)
{
    return IMPAIRMENT_NONE;
}

static void
shares_of_calls_fail_as_told(void)
{
    Impairment fault = none();
    fault.errors = 0.2;
    CHECK_NEAR(failed_by(shop, fault, "all.failed"), 0.3 * 0.2, 1e-6);
    fault.lost = 0.1;
    CHECK_NEAR(failed_by(shop, fault, "all.failed"), 0.3 * (1 - 0.9 * 0.8), 1e-6);
    fault.bad_hosts = 0.5;
    CHECK_NEAR(failed_by(shop, fault, "outcome.503"), 0.3 * (1 - 0.9 * 0.5 * 0.8), 1e-6);
}

static void
what_is_beyond_the_quota_is_refused(void)
{
    Impairment fault = none();
    fault.quota_per_s = 75;
    CHECK_NEAR(failed_by(shop, fault, "all.failed"), 0.3 * 0.75, 1e-6);
    fault.quota_per_s = 0;
    CHECK_NEAR(failed_by(shop, fault, "all.failed"), 0.3, 1e-6);
}

static double
utilisation_by(Impairment fault)
{
    FlowWorld it = flow_world_new(shop, 2);
    flow_world_run(&it, 10);
    impair(&it, KV, fault);
    flow_world_run(&it, 40);
    double used = flow_world_sum(&it, "service.kv.utilisation", 20, 40) / 20;
    flow_world_free(&it);
    return used;
}

static void
only_calls_that_are_served_use_servers(void)
{
    Impairment fault = none();
    fault.errors = 0.5;
    CHECK_NEAR(utilisation_by(fault), 0.3, 1e-6);
    fault.lost = 0.5;
    CHECK_NEAR(utilisation_by(fault), 0.15, 1e-6);
    fault = none();
    fault.bad_hosts = 0.2;
    CHECK_NEAR(utilisation_by(fault), 0.24, 1e-6);
    fault = none();
    fault.slow = 2;
    CHECK_NEAR(utilisation_by(fault), 0.6, 1e-6);
}

/* Three times the work than there are servers for: two of three calls, and it is the fault's. */
static void
a_slow_service_serves_what_it_can(void)
{
    Impairment fault = none();
    fault.slow = 10;
    FlowWorld it = flow_world_new(shop, 2);
    impair(&it, KV, fault);
    flow_world_run(&it, 120);
    double failed = flow_world_share(&it, "all.failed", "all.offered", 60, 120);
    CHECK_NEAR(failed, 0.3 * 2 / 3, 0.004);
    CHECK_NEAR(flow_world_share(&it, "cause.1.failed", "all.failed", 60, 120), 1, 1e-9);
    CHECK_NEAR(flow_world_sum(&it, "service.kv.utilisation", 60, 120) / 60, 1, 1e-9);
    flow_world_free(&it);
}

/* Two needs of one service: only the one that waits less than the way takes is late. */
static void
a_long_way_fails_those_who_do_not_wait_for_it(void)
{
    static const char text[] =
        HEAD "services:\n"
             "  proxy: {placement: pop, cpu: 1ms}\n"
             "  kv: {placement: core, location: dc, station: {servers: 10, service_time: 10ms}}\n"
             "sites:\n"
             "  a: {service: proxy, requests: 100/s, needs: {kv: {timeout: 2s}}, " CLIENT "}\n"
             "  b: {service: proxy, requests: 100/s, needs: {kv: {timeout: 5s}}, " CLIENT "}\n";
    Impairment fault = none();
    fault.delay = 3;
    FlowWorld it = flow_world_new(text, 2);
    impair(&it, KV, fault);
    flow_world_run(&it, 60);
    CHECK_NEAR(flow_world_share(&it, "site.a.failed", "site.a.offered", 2, 60), 1, 1e-9);
    CHECK_NEAR(flow_world_share(&it, "site.b.failed", "site.b.offered", 2, 60), 0, 1e-9);
    CHECK_NEAR(flow_world_share(&it, "cause.1.failed", "all.failed", 0, 60), 1, 1e-9);
    CHECK_NEAR(flow_world_sum(&it, "service.kv.utilisation", 20, 40) / 20, 0.2, 1e-6);
    flow_world_free(&it);
}

/* Three of ten requests call: they take a second longer, the others do not. */
static void
a_longer_way_is_latency_of_those_who_call(void)
{
    Impairment fault = none();
    fault.delay = 1;
    FlowWorld it = flow_world_new(shop, 2);
    flow_world_run(&it, 10);
    double p50 = flow_world_sum(&it, "latency.p50", 9, 10);
    double p95 = flow_world_sum(&it, "latency.p95", 9, 10);
    impair(&it, KV, fault);
    flow_world_run(&it, 20);
    CHECK_NEAR(flow_world_sum(&it, "latency.p50", 19, 20), p50, 0.1);
    CHECK(flow_world_sum(&it, "latency.p95", 19, 20) > p95 + 0.8);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 0, 20), 0, 0);
    flow_world_free(&it);
}

/* An overloaded queue with a delay on the way: what is left of the time-out is the longest wait,
 * for those too who waited when the fault came; the queue holds the calls of that time. */
static void
a_delay_leaves_less_time_to_wait(void)
{
    FlowWorld it = flow_world_new(shop, 2);
    Impairment fault = none();
    fault.slow = 5;
    impair(&it, KV, fault);
    flow_world_run(&it, 30);
    CHECK_NEAR(flow_world_sum(&it, "service.kv.backlog", 25, 30) / 5, 600, 30);
    fault.delay = 1;
    impair(&it, KV, fault);
    flow_world_run(&it, 60);
    CHECK_NEAR(flow_world_sum(&it, "service.kv.backlog", 55, 60) / 5, 300, 15);
    fault.delay = 0;
    impair(&it, KV, fault);
    flow_world_run(&it, 90);
    CHECK_NEAR(flow_world_sum(&it, "service.kv.backlog", 85, 90) / 5, 600, 30);
    flow_world_free(&it);
}

/* Calls held for three seconds each: 100 places serve 33 a second, of 100. */
static void
a_slow_answer_holds_the_places_of_its_caller(void)
{
    static const char text[] =
        HEAD "services:\n"
             "  proxy: {placement: pop, cpu: 1ms}\n"
             "  kv: {placement: core, location: dc,\n"
             "    station: {servers: 100, service_time: 10ms, concurrency: 100, queue: 10},\n"
             "    needs: {db: {timeout: 5s}}}\n"
             "  db: {placement: core, location: dc, station: {servers: 100}}\n"
             "sites:\n"
             "  a: {service: proxy, requests: 100/s, needs: {kv: {timeout: 5s}}, " CLIENT "}\n";
    Impairment fault = none();
    fault.delay = 3;
    FlowWorld it = flow_world_new(text, 2);
    flow_world_run(&it, 10);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 0, 10), 0, 0);
    impair(&it, 2, fault);
    flow_world_run(&it, 120);
    CHECK_NEAR(flow_world_share(&it, "all.failed", "all.offered", 60, 120), 1 - 1 / 3.01, 0.01);
    CHECK_NEAR(flow_world_share(&it, "cause.1.failed", "all.failed", 60, 120), 1, 1e-9);
    flow_world_free(&it);
}

static void
a_switch_lets_failed_calls_pass_or_fail(void)
{
    FlowWorld it = flow_world_new(shop, 2);
    Impairment fault = none();
    fault.errors = 1;
    impair(&it, KV, fault);
    flow_world_run(&it, 20);
    flow_plane_ops.need_set(it.flow, KV, NEED_OPEN, SIM_NONE);
    flow_world_run(&it, 40);
    flow_plane_ops.need_set(it.flow, KV, NEED_STALE, SIM_NONE);
    flow_world_run(&it, 60);
    flow_plane_ops.need_set(it.flow, KV, NEED_AS_WRITTEN, SIM_NONE);
    flow_world_run(&it, 80);
    CHECK_NEAR(flow_world_share(&it, "all.failed", "all.offered", 10, 20), 0.3, 1e-6);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 21, 60), 0, 0);
    CHECK_NEAR(flow_world_share(&it, "outcome.stale", "all.offered", 41, 60), 0.3, 1e-6);
    CHECK_NEAR(flow_world_share(&it, "all.failed", "all.offered", 61, 80), 0.3, 1e-6);
    CHECK_NEAR(flow_world_share(&it, "service.kv.offered", "all.offered", 21, 40), 0.3, 1e-6);
    flow_world_free(&it);
}

static CU_TestInfo tests[] = {
    {"shares_of_calls_fail_as_told", shares_of_calls_fail_as_told},
    {"what_is_beyond_the_quota_is_refused", what_is_beyond_the_quota_is_refused},
    {"only_calls_that_are_served_use_servers", only_calls_that_are_served_use_servers},
    {"a_slow_service_serves_what_it_can", a_slow_service_serves_what_it_can},
    {"a_long_way_fails_those_who_do_not_wait_for_it",
     a_long_way_fails_those_who_do_not_wait_for_it},
    {"a_longer_way_is_latency_of_those_who_call", a_longer_way_is_latency_of_those_who_call},
    {"a_delay_leaves_less_time_to_wait", a_delay_leaves_less_time_to_wait},
    {"a_slow_answer_holds_the_places_of_its_caller", a_slow_answer_holds_the_places_of_its_caller},
    {"a_switch_lets_failed_calls_pass_or_fail", a_switch_lets_failed_calls_pass_or_fail},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("flow_impair", tests)
