#include "models/plane.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

static const char text[] =
    "services:\n"
    "  proxy: {placement: pop, cpu: 3ms, cohorts: {new: 75%, old: 25%}}\n"
    "  rules: {placement: pop, inside: proxy, cpu: 9ms}\n"
    "  dns: {placement: pop, cpu: 1ms}\n"
    "sites: {web: {service: proxy, requests: 1/s, needs: {rules: 100%, dns: 100%}}}\n";

/* Hosts count, what runs inside them does not; cohorts weigh by share, hosts by cost. */
static void
usable_cpu_weighs_hosts_by_share_and_cost(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    FlowPlan *plan = flow_plan_new(&fake->world, sim_arena(fake->sim));
    g_autofree Behaviour *behaviour = g_new(Behaviour, plan->n_units);
    for (uint32_t u = 0; u < plan->n_units; u++)
        behaviour[u] = BEHAVIOUR_NORMAL;
    CHECK_NEAR(plane_speed(&fake->world, plan, behaviour), 1, 1e-12);
    for (uint32_t u = 0; u < plan->n_units; u++)
        if (plan->units[u].service <= 1 && plan->units[u].cohort == 0)
            behaviour[u].speed = 0.5;
    /* 3 ms of 4 are the proxy's, and of these three quarters run at half speed. */
    CHECK_NEAR(plane_speed(&fake->world, plan, behaviour), 1 - 0.75 * 0.75 * 0.5, 1e-12);
}

static CU_TestInfo tests[] = {
    {"usable_cpu_weighs_hosts_by_share_and_cost", usable_cpu_weighs_hosts_by_share_and_cost},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("plane", tests)
