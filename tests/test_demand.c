#include "models/demand.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#include <math.h>

static const char text[] =
    "network: {requests: 1M/s, diurnal: {amplitude: 45%, peak: 20h}}\n"
    "services: {proxy: {placement: pop}}\n"
    "sites:\n"
    "  tail: {remainder: true, service: proxy}\n"
    "  shop: {share: 20%, service: proxy, diurnal: {amplitude: 100%, peak: 12h}}\n"
    "  local: {requests: 500/s, service: proxy, diurnal: {amplitude: 0%},\n"
    "    regions: {europe: 1x, asia: 0x, africa: 0x, oceania: 0x, middle-east: 0x,\n"
    "      north-america: 0x, south-america: 0x}}\n";
enum { TAIL, SHOP, LOCAL, SITES };

/* Whole metros, to PoPs or none. */
static void
assign(const FakeWorld *fake, Demand *demand, const uint32_t *pop_of)
{
    uint32_t n_metros = fake->world.n_metros, n = 0;
    g_autofree uint32_t *start = g_new0(uint32_t, n_metros + 1);
    g_autofree CatchmentShare *shares = g_new0(CatchmentShare, n_metros);
    for (uint32_t m = 0; m < n_metros; m++) {
        if (pop_of[m] != SIM_NONE)
            shares[n++] = (CatchmentShare){pop_of[m], CATCHMENT_PARTS};
        start[m + 1] = n;
    }
    demand_assign(demand, &(CatchmentTable){start, shares});
}

static Demand *
assigned(const FakeWorld *fake)
{
    Demand *demand = demand_new(&fake->world, sim_arena(fake->sim));
    demand_assign(demand, fake->world.catchments);
    return demand;
}

static double
total_at(const FakeWorld *fake, const Demand *demand, SimTime at, uint32_t site)
{
    double sum = 0, rates[SITES];
    for (uint32_t p = 0; p < fake->world.n_pops; p++) {
        demand_at(demand, p, at, rates);
        sum += rates[site];
    }
    return sum;
}

static void
pops_sum_to_what_the_scenario_says(void)
{
    static const double want[] = {[TAIL] = 800e3, [SHOP] = 200e3, [LOCAL] = 500};
    g_autoptr(FakeWorld) fake = fake_world_new(text, 40, 1);
    Demand *demand = assigned(fake);
    for (uint32_t s = 0; s < SITES; s++) {
        double sum = 0;
        for (uint32_t p = 0; p < fake->world.n_pops; p++)
            sum += demand_mean(demand, p, s);
        CHECK_NEAR(sum, want[s], 1e-6 * want[s]);
        CHECK_NEAR(demand_site_mean(demand, s), want[s], 1e-9 * want[s]);
    }
}

static void
a_day_has_the_mean(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 5, 1);
    Demand *demand = assigned(fake);
    for (uint32_t s = 0; s < SITES; s++) {
        double sum = 0;
        for (int hour = 0; hour < 24; hour++)
            sum += total_at(fake, demand, hour * SIM_HOUR, s) / 24;
        CHECK_NEAR(sum, demand_site_mean(demand, s), 1e-9 * sum);
    }
}

/* The PoP of one metro swings by the whole amplitude, and peaks at 20 h of its solar time. */
static void
a_metro_peaks_in_its_own_evening(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Demand *demand = demand_new(&fake->world, sim_arena(fake->sim));
    for (uint32_t metro = 0; metro < 200; metro += 40) {
        g_autofree uint32_t *pop_of = g_new0(uint32_t, fake->world.n_metros);
        for (uint32_t m = 0; m < fake->world.n_metros; m++)
            pop_of[m] = m == metro ? 0 : SIM_NONE;
        assign(fake, demand, pop_of);
        /* The run starts at 11:00 UTC. */
        double local = 11 + fake->geo->metros.at.longitude[metro] / 15;
        double wait = fmod(20 - local + 48, 24), rates[SITES];
        demand_at(demand, 0, sim_from_seconds(wait * 3600), rates);
        CHECK_NEAR(rates[TAIL], 1.45 * demand_mean(demand, 0, TAIL), 1e-6 * rates[TAIL]);
        demand_at(demand, 0, sim_from_seconds((wait + 12) * 3600), rates);
        CHECK_NEAR(rates[TAIL], 0.55 * demand_mean(demand, 0, TAIL), 1e-6 * rates[TAIL]);
        /* At its trough a full swing has nothing, and never less. */
        demand_at(demand, 0, sim_from_seconds((wait + 4) * 3600), rates);
        CHECK(rates[SHOP] >= 0);
        CHECK_NEAR(rates[SHOP], 0, 1e-6 * demand_mean(demand, 0, SHOP));
    }
}

static void
regions_decide_where_a_site_is_used(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 40, 1);
    Demand *demand = demand_new(&fake->world, sim_arena(fake->sim));
    uint32_t europe = geo_region_find("europe");
    g_autofree uint32_t *pop_of = g_new0(uint32_t, fake->world.n_metros);
    for (uint32_t m = 0; m < fake->world.n_metros; m++)
        pop_of[m] = fake->geo->metros.at.region[m] == europe ? 3 : 4;
    assign(fake, demand, pop_of);
    CHECK_NEAR(demand_mean(demand, 3, LOCAL), 500, 1e-6);
    CHECK_NEAR(demand_mean(demand, 4, LOCAL), 0, 0);
    CHECK(demand_mean(demand, 4, TAIL) > demand_mean(demand, 3, TAIL));
}

static void
moves_end_where_an_assignment_does(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 6, 1);
    Demand *moved = assigned(fake), *fresh = demand_new(&fake->world, sim_arena(fake->sim));
    g_autofree uint32_t *pop_of = g_new0(uint32_t, fake->world.n_metros);
    geo_nearest(fake->geo, NULL, pop_of);
    for (uint32_t m = 0; m < fake->world.n_metros; m += 7) {
        uint32_t to = m % 5 == 4 ? SIM_NONE : (pop_of[m] + m) % 6;
        demand_move(moved, 0, m, pop_of[m], 2, 1234);
        demand_move(moved, 0, m, pop_of[m], to, CATCHMENT_PARTS - 1234);
        demand_move(moved, 0, m, 2, to, 1234);
        pop_of[m] = to;
    }
    assign(fake, fresh, pop_of);
    for (uint32_t p = 0; p < 6; p++) {
        double a[SITES], b[SITES];
        demand_at(moved, p, 5 * SIM_HOUR, a);
        demand_at(fresh, p, 5 * SIM_HOUR, b);
        for (uint32_t s = 0; s < SITES; s++)
            CHECK_NEAR(a[s], b[s], 0);
    }
}

static const char group_text[] = "prefix_groups: {apart: {}}\n"
                                 "network: {requests: 1M/s}\n"
                                 "services: {proxy: {placement: pop}}\n"
                                 "sites:\n"
                                 "  tail: {remainder: true, service: proxy}\n"
                                 "  shop: {share: 20%, service: proxy, group: apart}\n";

static void
a_group_moves_its_own_sites_alone(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(group_text, 6, 1);
    Demand *demand = assigned(fake);
    double tail = demand_mean(demand, 0, 0), shop = demand_mean(demand, 0, 1);
    const CatchmentTable *table = &fake->world.catchments[1];
    for (uint32_t m = 0; m < fake->world.n_metros; m++)
        if (table->shares[table->start[m]].pop == 0)
            demand_move(demand, 1, m, 0, SIM_NONE, CATCHMENT_PARTS);
    CHECK(shop > 0);
    CHECK_NEAR(demand_mean(demand, 0, 0), tail, 0);
    CHECK_NEAR(demand_mean(demand, 0, 1), 0, 0);
    CHECK_NEAR(demand_mean(demand, SIM_NONE, 1), shop, 1e-6 * shop);
}

static void
a_mean_can_be_replaced(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Demand *demand = demand_new(&fake->world, sim_arena(fake->sim));
    demand_mean_set(demand, LOCAL, 70);
    demand_assign(demand, fake->world.catchments);
    CHECK_NEAR(total_at(fake, demand, SIM_HOUR, LOCAL), 70, 1e-9);
}

static CU_TestInfo tests[] = {
    {"pops_sum_to_what_the_scenario_says", pops_sum_to_what_the_scenario_says},
    {"a_day_has_the_mean", a_day_has_the_mean},
    {"a_metro_peaks_in_its_own_evening", a_metro_peaks_in_its_own_evening},
    {"regions_decide_where_a_site_is_used", regions_decide_where_a_site_is_used},
    {"moves_end_where_an_assignment_does", moves_end_where_an_assignment_does},
    {"a_group_moves_its_own_sites_alone", a_group_moves_its_own_sites_alone},
    {"a_mean_can_be_replaced", a_mean_can_be_replaced},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("demand", tests)
