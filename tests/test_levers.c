#include "models/levers.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

static const char text[] = "locations: {here: {latitude: 0, longitude: 0}}\n"
                           "services:\n"
                           "  proxy: {placement: pop}\n"
                           "  kv: {placement: core, location: here}\n"
                           "sites: {web: {service: proxy, requests: 1/s}}\n";
enum { PROXY, KV };

static void
a_service_stands_still_while_anybody_halts_it(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Levers *levers = levers_attach(fake->sim, &fake->world);
    levers_halt(levers, KV, true, 0);
    levers_halt(levers, KV, true, 1);
    levers_halt(levers, KV, false, 2);
    CHECK_INT(fake_count(fake, FAKE_HALT), 1);
    levers_halt(levers, KV, false, 3);
    CHECK_INT(fake_count(fake, FAKE_HALT), 2);
    CHECK_NEAR(fake_call(fake, FAKE_HALT, 1).value, 0, 0);
    CHECK_INT(fake_call(fake, FAKE_HALT, 1).cause, 3);
}

static void
hands_on_a_capacity_multiply(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Levers *levers = levers_attach(fake->sim, &fake->world);
    levers_capacity_set(levers, KV, HAND_SCALE, 4, 0);
    levers_capacity_set(levers, KV, HAND_AUTOSCALER, 1.5, 1);
    levers_capacity_set(levers, KV, HAND_SCALE, 2, 2);
    levers_capacity_set(levers, KV, HAND_FAILOVER, 0.5, 3);
    static const double factors[] = {4, 6, 3, 1.5};
    for (uint32_t i = 0; i < 4; i++)
        CHECK_NEAR(fake_call(fake, FAKE_CAPACITY, i).value, factors[i], 1e-12);
    CHECK_NEAR(levers_capacity(levers, KV, HAND_SCALE), 2, 0);
    CHECK_NEAR(levers_capacity(levers, PROXY, HAND_SCALE), 1, 0);
}

static void
demand_and_its_limit_are_told_together(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Levers *levers = levers_attach(fake->sim, &fake->world);
    levers_demand_set(levers, 0, 1, 0);
    CHECK_INT(fake_count(fake, FAKE_DEMAND), 0);
    levers_demand_set(levers, 0, 3, 0);
    levers_limit_set(levers, 0, 7, 1);
    levers_limit_set(levers, 0, -1, 2);
    CHECK_NEAR(fake_call(fake, FAKE_DEMAND, 0).limit, -1, 0);
    CHECK_NEAR(fake_call(fake, FAKE_DEMAND, 1).value, 3, 0);
    CHECK_NEAR(fake_call(fake, FAKE_DEMAND, 1).limit, 7, 0);
    CHECK_NEAR(fake_call(fake, FAKE_DEMAND, 2).limit, -1, 0);
}

static CU_TestInfo tests[] = {
    {"a_service_stands_still_while_anybody_halts_it",
     a_service_stands_still_while_anybody_halts_it},
    {"hands_on_a_capacity_multiply", hands_on_a_capacity_multiply},
    {"demand_and_its_limit_are_told_together", demand_and_its_limit_are_told_together},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("levers", tests)
