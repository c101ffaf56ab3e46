#include "models/traffic.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

static const char text[] =
    "network: {requests: 1k/s, diurnal: {amplitude: 50%}, headroom: 100%, cores_min: 0.001,\n"
    "  overrides: [{busiest: 1, capacity: 3x}]}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 10ms, cohorts: {new: 75%, old: 25%}}\n"
    "  kv: {placement: core, station: {servers: 10}, front: {service: proxy}}\n"
    "sites:\n"
    "  tail: {remainder: true, service: proxy, needs: {kv: 10%}}\n"
    "  login: {service: proxy}\n"
    "  app: {share: 40%, service: proxy, cohorts: {old: 100%},\n"
    "    sessions: {login: login, users: 1k, lifetime: exponential(mean 1h), return: 100%}}\n";
enum { TAIL_NEW, TAIL_OLD, LOGIN_NEW, LOGIN_OLD, APP, CLIENTS, ZONE_NEW = CLIENTS, ZONE_OLD, ROWS };

static void
init(Traffic *traffic, FakeWorld *fake)
{
    SimArena *arena = sim_arena(fake->sim);
    traffic_init(traffic, &fake->world, flow_plan_new(&fake->world, arena), arena);
}

static void
a_switched_front_is_served_by_one_cohort(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Traffic traffic;
    init(&traffic, fake);
    CHECK_INT(traffic.plan->n_rows, ROWS);
    CHECK_NEAR(traffic.share_now[ZONE_NEW], 0.75, 1e-12);
    traffic.front_cohort[1] = 1;
    traffic_shares_find(&traffic);
    CHECK_NEAR(traffic.share_now[ZONE_NEW], 0, 0);
    CHECK_NEAR(traffic.share_now[ZONE_OLD], 1, 0);
    CHECK_NEAR(traffic.share_now[TAIL_NEW], 0.75, 1e-12);
}

static void
factors_are_surges_times_sessions(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Traffic traffic;
    init(&traffic, fake);
    traffic.surge[0] = 3;
    double nobody[8] = {0};
    /* Half an hour without a log-in: the mean of an hour's life leaves e^-0.5 of the sessions. */
    traffic_sessions_advance(&traffic, 30 * SIM_MINUTE, nobody);
    traffic_factors_find(&traffic);
    CHECK_NEAR(traffic.factor[TAIL_OLD], 3, 1e-12);
    CHECK_NEAR(traffic.factor[APP], 0.6065, 0.01);
    CHECK_NEAR(traffic.factor[LOGIN_NEW], 0.6065, 0.01);
}

static void
a_limit_admits_its_rate(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Traffic traffic;
    init(&traffic, fake);
    traffic.limit[0] = 30;
    const double asked[8] = {[TAIL_NEW] = 90, [TAIL_OLD] = 30, [APP] = 500};
    traffic_limits_find(&traffic, asked);
    CHECK_NEAR(traffic.admit[TAIL_NEW], 0.25, 1e-12);
    CHECK_NEAR(traffic.admit[APP], 1, 0);
}

static void
cores_are_the_daily_peak_with_headroom(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Traffic traffic;
    double cores;
    init(&traffic, fake);
    traffic_cores_find(&traffic, &cores);
    /* 10 ms a request, twice the peak, thrice by the override; a tenth of the tail's calls enter
     * again; users are all over the world, so the peak is less than 1.5 times the mean. */
    double mean = (1000 + 0.1 * 600) * 0.010 * 2 * 3;
    CHECK(cores > mean && cores < 1.5 * mean);
}

static void
a_surge_names_its_cause_to_those_it_calls(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Traffic traffic;
    init(&traffic, fake);
    CHECK_INT(traffic_surge_cause(&traffic, SIM_NONE), 0);
    traffic.surge_slot[2] = 5;
    CHECK_INT(traffic_surge_cause(&traffic, SIM_NONE), 5);
    CHECK_INT(traffic_surge_cause(&traffic, 1), 0);
    traffic.surge_slot[0] = 7;
    CHECK_INT(traffic_surge_cause(&traffic, 1), 7);
}

static CU_TestInfo tests[] = {
    {"a_switched_front_is_served_by_one_cohort", a_switched_front_is_served_by_one_cohort},
    {"factors_are_surges_times_sessions", factors_are_surges_times_sessions},
    {"a_limit_admits_its_rate", a_limit_admits_its_rate},
    {"cores_are_the_daily_peak_with_headroom", cores_are_the_daily_peak_with_headroom},
    {"a_surge_names_its_cause_to_those_it_calls", a_surge_names_its_cause_to_those_it_calls},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("traffic", tests)
