#include "tests/flow_world.h"

#define HEAD                                                                                       \
    "network: {busiest: 2, cores: 100, diurnal: {amplitude: 0%}}\n"                                \
    "locations: {dc: {latitude: 0, longitude: 0}}\n"
#define CLIENT "client: {retries: 0, persistence: 0%, timeout: 4s}"

static const char shop[] =
    HEAD "services:\n"
         "  proxy: {placement: pop, cpu: 1ms, needs: {bots: {on_failure: open}}}\n"
         "  bots: {placement: pop, inside: proxy, cpu: 2ms, needs: {score: 50%}}\n"
         "  late: {placement: pop, inside: proxy, cpu: 4ms}\n"
         "  score: {placement: core, location: dc, station: {servers: 1000}}\n"
         "sites:\n"
         "  shop: {service: proxy, requests: 1000/s, needs: {score: 10%, late: 100%},\n"
         "    " CLIENT "}\n"
         "  flood: {service: proxy, requests: 2000/s, needs: {score: 10%, late: 100%},\n"
         "    origin: {capacity: 1M/s}, attack: {blocked_by: bots, share: 80%}}\n"
         "timeline:\n"
         "  - {at: +5m, do: fail-closed, services: [bots]}\n";
enum { PROXY, BOTS, LATE, SCORE };
enum { SHOP, FLOOD };

static void
behave(FlowWorld *it, uint32_t service, Behaviour does)
{
    does.cause = does.stuck_cause = flow_world_cause(it, "behaviour");
    for (uint32_t p = 0; p < 2; p++)
        flow_plane_ops.behaviour_set(it->flow, service, p, 0, &does);
}

static Behaviour
normal(void)
{
    return BEHAVIOUR_NORMAL;
}

static void
a_slow_unit_is_latency_until_nobody_waits_for_it(void)
{
    FlowWorld it = flow_world_new(shop, 2);
    Behaviour does = normal();
    flow_world_run(&it, 10);
    double before = flow_world_sum(&it, "latency.p50", 9, 10);
    does.delay = 2;
    behave(&it, LATE, does);
    flow_world_run(&it, 20);
    CHECK_NEAR(flow_world_sum(&it, "latency.p50", 19, 20), before + 2, 0.1);
    CHECK_NEAR(flow_world_sum(&it, "cpu.mean", 19, 20), flow_world_sum(&it, "cpu.mean", 9, 10),
               1e-9);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 0, 20), 0, 0);
    does.delay = 5;
    behave(&it, LATE, does);
    flow_world_run(&it, 30);
    CHECK_NEAR(flow_world_share(&it, "outcome.timeout", "all.offered", 20, 30), 1, 1e-9);
    CHECK_NEAR(flow_world_share(&it, "cause.1.failed", "all.failed", 20, 30), 0, 1e-9);
    CHECK_NEAR(flow_world_share(&it, "cause.2.failed", "all.failed", 20, 30), 1, 1e-9);
    does.delay = 0;
    behave(&it, LATE, does);
    flow_world_run(&it, 40);
    CHECK_NEAR(flow_world_sum(&it, "latency.p50", 39, 40), before, 1e-6);
    flow_world_free(&it);
}

/* Only the calls that the unit makes itself are more, not those of the site. */
static void
a_unit_that_calls_more_loads_what_it_calls(void)
{
    FlowWorld it = flow_world_new(shop, 2);
    Behaviour does = normal();
    flow_world_run(&it, 10);
    CHECK_NEAR(flow_world_sum(&it, "service.score.offered", 5, 10), 5 * 600, 1e-3);
    does.calls = 3;
    behave(&it, BOTS, does);
    flow_world_run(&it, 20);
    CHECK_NEAR(flow_world_sum(&it, "service.score.offered", 15, 20), 5 * 1600, 1e-3);
    behave(&it, BOTS, normal());
    flow_world_run(&it, 30);
    CHECK_NEAR(flow_world_sum(&it, "service.score.offered", 25, 30), 5 * 600, 1e-3);
    flow_world_free(&it);
}

static void
attack(FlowWorld *it, double factor)
{
    flow_plane_ops.demand_set(it->flow, FLOOD, factor, -1, flow_world_cause(it, "attack"));
}

static void
an_attack_is_nobody(void)
{
    static const char *const columns[] = {"all.fresh",  "all.offered",    "all.ok",
                                          "all.failed", "all.blocked",    "all.answered",
                                          "outcome.ok", "outcome.blocked"};
    double before[G_N_ELEMENTS(columns)];
    FlowWorld it = flow_world_new(shop, 2);
    flow_world_run(&it, 20);
    CHECK_NEAR(flow_world_sum(&it, "site.flood.offered", 0, 20), 0, 0);
    for (uint32_t i = 0; i < G_N_ELEMENTS(columns); i++)
        before[i] = flow_world_sum(&it, columns[i], 10, 20);
    attack(&it, 3);
    flow_world_run(&it, 30);
    for (uint32_t i = 0; i < G_N_ELEMENTS(columns); i++)
        CHECK_NEAR(flow_world_sum(&it, columns[i], 20, 30), before[i], 1e-6);
    CHECK_NEAR(flow_world_sum(&it, "site.flood.offered", 20, 30), 60e3, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "site.flood.blocked", 20, 30), 48e3, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "site.flood.ok", 20, 30), 12e3, 1e-3);
    const PlaneCounts at[] = {flow_plane_ops.counts(it.flow, 0), flow_plane_ops.counts(it.flow, 1)};
    CHECK_NEAR((double)(at[0].offered + at[1].offered), 30e3, 2);
    flow_world_free(&it);
}

/* 1 + 2 + 4 ms a request; those blocked at bots use 3 ms and make no calls. */
static void
what_is_blocked_uses_what_lies_before(void)
{
    FlowWorld it = flow_world_new(shop, 2);
    attack(&it, 3);
    flow_world_run(&it, 20);
    double cpu = (1000 * 7 + 6000 * (0.8 * 3 + 0.2 * 7)) * 1e-3 / 200;
    CHECK_NEAR(flow_world_sum(&it, "cpu.mean", 10, 20) / 10, cpu, 1e-6);
    CHECK_NEAR(flow_world_sum(&it, "service.score.offered", 10, 20), 10 * 0.6 * 2200, 1e-3);
    /* Without the service that sees through it, all of it comes through. */
    flow_plane_ops.kill_switch_set(it.flow, BOTS, true, SIM_NONE);
    flow_world_run(&it, 40);
    CHECK_NEAR(flow_world_sum(&it, "site.flood.blocked", 30, 40), 0, 0);
    CHECK_NEAR(flow_world_sum(&it, "cpu.mean", 30, 40) / 10, 7000 * 5e-3 / 200, 1e-6);
    CHECK_NEAR(flow_world_sum(&it, "service.score.offered", 30, 40), 10 * 0.1 * 7000, 1e-3);
    flow_plane_ops.kill_switch_set(it.flow, BOTS, false, SIM_NONE);
    flow_world_run(&it, 60);
    CHECK_NEAR(flow_world_sum(&it, "cpu.mean", 50, 60) / 10, cpu, 1e-6);
    flow_world_free(&it);
}

/* While it fails open it blocks what it still handles; degraded, nothing; closed, what fails there
 * has failed. */
static void
an_attack_is_blocked_where_the_service_works(void)
{
    FlowWorld it = flow_world_new(shop, 2);
    Behaviour does = normal();
    attack(&it, 1);
    does.errors = 0.5;
    behave(&it, BOTS, does);
    flow_world_run(&it, 10);
    CHECK_NEAR(flow_world_sum(&it, "site.flood.blocked", 5, 10), 10e3 * 0.4, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "site.flood.failed", 5, 10), 0, 0);
    flow_plane_ops.need_set(it.flow, BOTS, NEED_FAIL, SIM_NONE);
    flow_world_run(&it, 20);
    CHECK_NEAR(flow_world_sum(&it, "site.flood.blocked", 15, 20), 10e3 * 0.4, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "site.flood.failed", 15, 20), 10e3 * 0.5, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 15, 20), 5e3 * 0.5, 1e-3);
    flow_plane_ops.need_set(it.flow, BOTS, NEED_AS_WRITTEN, SIM_NONE);
    does.errors = 0;
    does.panic = 1;
    behave(&it, BOTS, does);
    flow_world_run(&it, 30);
    CHECK_NEAR(flow_world_sum(&it, "site.flood.blocked", 25, 30), 0, 0);
    flow_world_free(&it);
}

/* 200 cores: 7 for people; 40,000 a second at 3.8 ms are 152; without the block, 280. */
static void
an_attack_that_comes_through_breaks_others(void)
{
    FlowWorld it = flow_world_new(shop, 2);
    attack(&it, 20);
    flow_world_run(&it, 60);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 0, 60), 0, 0);
    Behaviour does = normal();
    does.refused = true;
    behave(&it, BOTS, does);
    flow_world_run(&it, 120);
    CHECK(flow_world_share(&it, "all.failed", "all.offered", 90, 120) > 0.1);
    CHECK_NEAR(flow_world_share(&it, "cause.1.failed", "all.failed", 60, 120), 1, 1e-9);
    CHECK_NEAR(flow_world_sum(&it, "all.offered", 0, 120), 120e3, 1);
    flow_world_free(&it);
}

static CU_TestInfo tests[] = {
    {"a_slow_unit_is_latency_until_nobody_waits_for_it",
     a_slow_unit_is_latency_until_nobody_waits_for_it},
    {"a_unit_that_calls_more_loads_what_it_calls", a_unit_that_calls_more_loads_what_it_calls},
    {"an_attack_is_nobody", an_attack_is_nobody},
    {"what_is_blocked_uses_what_lies_before", what_is_blocked_uses_what_lies_before},
    {"an_attack_is_blocked_where_the_service_works", an_attack_is_blocked_where_the_service_works},
    {"an_attack_that_comes_through_breaks_others", an_attack_that_comes_through_breaks_others},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("flow_terms", tests)
