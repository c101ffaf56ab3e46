#include "models/routing.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

static const char text[] = "network: {convergence: exponential(mean 6s)}\n"
                           "services: {proxy: {placement: pop}}\n"
                           "sites: {web: {service: proxy, requests: 100/s}}\n";

/* Every metro reaches the nearest PoP that is up, once routes have converged. */
static void
check_converged(const FakeWorld *fake, const Routing *routing)
{
    const World *world = &fake->world;
    g_autofree bool *up = g_new0(bool, world->n_pops);
    g_autofree uint32_t *nearest = g_new0(uint32_t, world->n_metros);
    for (uint32_t pop = 0; pop < world->n_pops; pop++)
        up[pop] = routing_is_up(routing, 0, pop);
    geo_nearest(world->geo, up, nearest);
    for (uint32_t metro = 0; metro < world->n_metros; metro++)
        CHECK_INT(routing_pop_of(routing, 0, metro), nearest[metro]);
    sim_verify(fake->sim);
}

static uint32_t
metros_of(const FakeWorld *fake, const Routing *routing, uint32_t pop)
{
    uint32_t n = 0;
    for (uint32_t metro = 0; metro < fake->world.n_metros; metro++)
        n += routing_pop_of(routing, 0, metro) == pop;
    return n;
}

static void
a_lost_pop_moves_its_metros_alone_one_by_one(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 12, 1);
    Routing *routing = routing_attach(fake->sim, &fake->world);
    uint32_t lost = fake->world.pops_by_demand[0];
    uint32_t orphans = metros_of(fake, routing, lost);
    routing_pops_set(routing, 0, &lost, 1, false, 9);
    CHECK_INT(metros_of(fake, routing, lost), orphans);
    sim_run(fake->sim, 6 * SIM_SECOND);
    CHECK_NEAR(metros_of(fake, routing, lost) / (double)orphans, 0.37, 0.15);
    sim_run(fake->sim, SIM_HOUR);
    CHECK_INT(fake_count(fake, FAKE_CATCHMENT), orphans);
    CHECK_INT(fake_call(fake, FAKE_CATCHMENT, 0).cause, 9);
    check_converged(fake, routing);
}

static void
a_return_before_convergence_moves_nobody(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 12, 1);
    Routing *routing = routing_attach(fake->sim, &fake->world);
    uint32_t lost = fake->world.pops_by_demand[0];
    routing_pops_set(routing, 0, &lost, 1, false, 9);
    routing_pops_set(routing, 0, &lost, 1, true, 10);
    sim_run(fake->sim, SIM_HOUR);
    CHECK_INT(fake_count(fake, FAKE_CATCHMENT), 0);
    check_converged(fake, routing);
}

static void
losses_and_returns_in_any_order_end_at_the_nearest(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 12, 3);
    Routing *routing = routing_attach(fake->sim, &fake->world);
    SimRng rng = sim_rng_named(1, 0, "test");
    for (uint32_t i = 0; i < 60; i++) {
        uint32_t pop = (uint32_t)sim_rng_below(&rng, 12);
        routing_pops_set(routing, 0, &pop, 1, sim_rng_chance(&rng, 0.5), i);
        sim_run(fake->sim, sim_now(fake->sim) + 3 * SIM_SECOND);
        sim_verify(fake->sim);
    }
    sim_run(fake->sim, SIM_HOUR);
    check_converged(fake, routing);
}

static void
a_pop_is_up_when_nothing_holds_it_down(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Routing *routing = routing_attach(fake->sim, &fake->world);
    uint32_t pop = 1;
    routing_withdraw(routing, 0, pop, 1);
    routing_withdraw(routing, 0, pop, 2);
    routing_pops_set(routing, 0, &pop, 1, false, 3);
    routing_announce(routing, 0, pop, 4);
    routing_pops_set(routing, 0, &pop, 1, true, 5);
    CHECK(!routing_is_up(routing, 0, pop));
    routing_announce(routing, 0, pop, 6);
    CHECK(routing_is_up(routing, 0, pop));
}

static void
without_any_pop_a_metro_reaches_none(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Routing *routing = routing_attach(fake->sim, &fake->world);
    uint32_t all[] = {0, 1, 2};
    routing_pops_set(routing, 0, all, 3, false, 1);
    sim_run(fake->sim, SIM_HOUR);
    CHECK_INT(metros_of(fake, routing, SIM_NONE), fake->world.n_metros);
    routing_pops_set(routing, 0, all, 3, true, 2);
    sim_run(fake->sim, 2 * SIM_HOUR);
    check_converged(fake, routing);
}

static CU_TestInfo tests[] = {
    {"a_lost_pop_moves_its_metros_alone_one_by_one", a_lost_pop_moves_its_metros_alone_one_by_one},
    {"a_return_before_convergence_moves_nobody", a_return_before_convergence_moves_nobody},
    {"losses_and_returns_in_any_order_end_at_the_nearest",
     losses_and_returns_in_any_order_end_at_the_nearest},
    {"a_pop_is_up_when_nothing_holds_it_down", a_pop_is_up_when_nothing_holds_it_down},
    {"without_any_pop_a_metro_reaches_none", without_any_pop_a_metro_reaches_none},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("routing", tests)
