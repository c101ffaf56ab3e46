#include "models/flow_clients.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#include <math.h>

/* One site, one row: 2 s after the first failure, 6 s after the second. */
static const char fixed[] = "services: {proxy: {placement: pop}}\n"
                            "sites: {web: {service: proxy, requests: 1/s,\n"
                            "  client: {retries: 2, backoff: 2s, growth: 3, timeout: 7s,\n"
                            "    budget: 20%, budget_min: 3/s, persistence: 40%, reload: 9s}}}\n";
static const char jittered[] = "services: {proxy: {placement: pop}}\n"
                               "sites: {web: {service: proxy, requests: 1/s,\n"
                               "  client: {retries: 2, backoff: 2s, growth: 3, jitter: true}}}\n";

typedef struct Line {
    FakeWorld *fake;
    FlowClients clients;
    FlowDelays delays;
} Line;

static void
make(Line *line, const char *text)
{
    *line = (Line){.fake = fake_world_new(text, 1, 1)};
    SimArena *arena = sim_arena(line->fake->sim);
    FlowPlan *plan = flow_plan_new(&line->fake->world, arena);
    flow_clients_init(&line->clients, &line->fake->world, plan, arena);
}

static void
put(Line *line, uint32_t level, SimTime from, SimTime to, double amount)
{
    g_autofree double *amounts = g_new0(double, line->clients.stride);
    amounts[0] = amount;
    flow_delays_put(&line->delays, &line->clients, sim_arena(line->fake->sim), level, from, to,
                    amounts);
}

/* What comes back at the level between the two times. */
static double
take(Line *line, uint32_t level, SimTime from, SimTime to)
{
    g_autofree double *ret = g_new0(double, (size_t)line->clients.stride * line->clients.levels);
    flow_delays_take(&line->delays, &line->clients, from, to, ret);
    return ret[level * line->clients.stride];
}

static void
columns_are_what_the_scenario_says(void)
{
    Line line;
    make(&line, fixed);
    const FlowClients *clients = &line.clients;
    CHECK_INT(clients->levels, 3);
    CHECK_INT(clients->n_clients, 1);
    CHECK_NEAR(clients->can_retry[0] + clients->can_retry[clients->stride], 2, 0);
    CHECK_NEAR(clients->can_retry[2 * clients->stride], 0, 0);
    CHECK_NEAR(clients->timeout[0], 7, 0);
    CHECK_NEAR(clients->budget[0], 0.2, 1e-12);
    CHECK_NEAR(clients->budget_min[0], 3, 0);
    CHECK_NEAR(clients->persistence[0], 0.4, 1e-12);
    CHECK_NEAR(clients->reload[0], 9, 0);
    CHECK_NEAR(clients->reload_min, 9, 0);
    CHECK_NEAR(clients->timeout_min, 7, 0);
    CHECK_NEAR(clients->at_once[0], 0, 0);
    CHECK(clients->has_delays);
    fake_world_free(line.fake);
}

static void
a_fixed_wait_comes_back_when_it_is_over(void)
{
    Line line;
    make(&line, fixed);
    put(&line, 0, SIM_SECOND, 2 * SIM_SECOND, 10);
    /* Failed between 1 and 2 s: again between 3 and 4 s, give or take a slot of 6 s / 32. */
    CHECK_NEAR(take(&line, 1, 2 * SIM_SECOND, 2800 * SIM_MILLISECOND), 0, 1e-12);
    CHECK_NEAR(take(&line, 1, 2800 * SIM_MILLISECOND, 3500 * SIM_MILLISECOND), 5, 1);
    CHECK_NEAR(take(&line, 1, 3500 * SIM_MILLISECOND, 4200 * SIM_MILLISECOND), 5, 1);
    CHECK_NEAR(line.delays.pending, 0, 1e-9);
    put(&line, 1, 5 * SIM_SECOND, 6 * SIM_SECOND, 10);
    CHECK_NEAR(take(&line, 2, 6 * SIM_SECOND, 10800 * SIM_MILLISECOND), 0, 1e-12);
    CHECK_NEAR(take(&line, 2, 10800 * SIM_MILLISECOND, 12200 * SIM_MILLISECOND), 10, 1e-9);
    fake_world_free(line.fake);
}

static void
full_jitter_spreads_over_the_whole_wait(void)
{
    Line line;
    make(&line, jittered);
    put(&line, 0, 990 * SIM_MILLISECOND, SIM_SECOND, 20);
    for (int i = 0; i < 4; i++) {
        SimTime from = SIM_SECOND + i * SIM_SECOND / 2;
        CHECK_NEAR(take(&line, 1, from, from + SIM_SECOND / 2), 5, 0.6);
    }
    CHECK_NEAR(take(&line, 1, 3 * SIM_SECOND, 4 * SIM_SECOND), 0, 0.6);
    CHECK_NEAR(line.delays.pending, 0, 1e-9);
    fake_world_free(line.fake);
}

/* The same failures, taken back in steps of every kind. */
static void
any_pattern_of_steps_takes_all(void)
{
    static const SimTime steps[] = {50 * SIM_MILLISECOND, 333333333, SIM_SECOND, 8 * SIM_SECOND,
                                    61 * SIM_SECOND};
    for (guint i = 0; i < G_N_ELEMENTS(steps); i++) {
        Line line;
        double taken = 0;
        make(&line, i % 2 ? fixed : jittered);
        for (SimTime now = 0; now < 20 * SIM_SECOND; now += steps[i]) {
            taken += take(&line, 1, now, now + steps[i]);
            put(&line, 0, now, now + steps[i], sim_seconds(steps[i]));
        }
        SimTime end = (20 * SIM_SECOND + steps[i] - 1) / steps[i] * steps[i];
        taken += take(&line, 1, end, end + 10 * SIM_SECOND);
        CHECK_NEAR(taken, sim_seconds(end), 1e-9 * sim_seconds(end));
        CHECK_NEAR(line.delays.pending, 0, 1e-9);
        fake_world_free(line.fake);
    }
}

static void
nothing_comes_back_early(void)
{
    Line line;
    make(&line, fixed);
    for (SimTime now = 0; now < 2 * SIM_SECOND; now += 100 * SIM_MILLISECOND) {
        CHECK_NEAR(take(&line, 1, now, now + 100 * SIM_MILLISECOND), 0,
                   now < 1800 * SIM_MILLISECOND ? 0 : 0.4);
        put(&line, 0, now, now + 100 * SIM_MILLISECOND, 1);
    }
    fake_world_free(line.fake);
}

/* The shortest waits that a scenario can say, in a step of many seconds. */
static void
a_tiny_wait_costs_no_time(void)
{
    static const char *const waits[] = {"1ns", "31ns", "1us", "1ms"};
    for (guint i = 0; i < G_N_ELEMENTS(waits); i++) {
        g_autofree char *text = g_strdup_printf(
            "services: {proxy: {placement: pop}}\n"
            "sites: {web: {service: proxy, requests: 1/s, client: {retries: 5, backoff: %s}}}\n",
            waits[i]);
        Line line;
        make(&line, text);
        put(&line, 0, 0, 8 * SIM_SECOND, 3);
        CHECK_NEAR(take(&line, 1, 8 * SIM_SECOND, 3600 * SIM_SECOND), 3, 1e-12);
        fake_world_free(line.fake);
    }
}

/* Calls through a front are made by machines of this network: the least time-out of the callers. */
static void
zones_neither_retry_nor_wait(void)
{
    Line line;
    make(&line, "locations: {dc: {latitude: 0, longitude: 0}}\n"
                "services:\n"
                "  proxy: {placement: pop, needs: {kv: {share: 10%, timeout: 4s},\n"
                "    api: {share: 5%, timeout: 20s}}}\n"
                "  kv: {placement: core, location: dc, front: {service: proxy}}\n"
                "  api: {placement: core, location: dc, front: {service: proxy}}\n"
                "sites: {web: {service: proxy, requests: 1/s, client: {retries: 1}}}\n");
    const FlowClients *clients = &line.clients;
    CHECK_INT(clients->n_clients, 1);
    CHECK_NEAR(clients->timeout[1], 4, 0);
    CHECK_NEAR(clients->timeout[2], 10, 0);
    for (uint32_t r = 1; r < 3; r++) {
        CHECK_NEAR(clients->can_retry[r], 0, 0);
        CHECK_NEAR(clients->persistence[r], 0, 0);
    }
    CHECK_NEAR(clients->timeout_min, 4, 0);
    fake_world_free(line.fake);
}

static CU_TestInfo tests[] = {
    {"columns_are_what_the_scenario_says", columns_are_what_the_scenario_says},
    {"a_fixed_wait_comes_back_when_it_is_over", a_fixed_wait_comes_back_when_it_is_over},
    {"full_jitter_spreads_over_the_whole_wait", full_jitter_spreads_over_the_whole_wait},
    {"any_pattern_of_steps_takes_all", any_pattern_of_steps_takes_all},
    {"nothing_comes_back_early", nothing_comes_back_early},
    {"a_tiny_wait_costs_no_time", a_tiny_wait_costs_no_time},
    {"zones_neither_retry_nor_wait", zones_neither_retry_nor_wait},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("flow_clients", tests)
