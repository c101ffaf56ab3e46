#include "models/levers.h"

struct Levers {
    const World *world;
    uint32_t *halts;                    /* [service] reasons to stand still */
    double (*capacity)[CAPACITY_HANDS]; /* [service] */
    double *demand, *limit;             /* [site] */
};

static const SimModelOps ops = {.name = "levers", .state_size = sizeof(Levers)};

Levers *
levers_attach(Sim *sim, const World *world)
{
    SimArena *arena = sim_arena(sim);
    Levers *levers = sim_attach(sim, &ops);
    levers->world = world;
    levers->halts = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    levers->capacity = sim_arena_alloc(arena, world->n_services, sizeof *levers->capacity);
    levers->demand = SIM_ARENA_NEW(arena, double, world->n_sites);
    levers->limit = SIM_ARENA_NEW(arena, double, world->n_sites);
    for (uint32_t service = 0; service < world->n_services; service++)
        for (uint32_t hand = 0; hand < CAPACITY_HANDS; hand++)
            levers->capacity[service][hand] = 1;
    for (uint32_t site = 0; site < world->n_sites; site++) {
        levers->demand[site] = 1;
        levers->limit[site] = -1;
    }
    return levers;
}

void
levers_halt(Levers *levers, uint32_t service, bool halted, uint32_t cause)
{
    const World *world = levers->world;
    SIM_ASSERT(service < world->n_services);
    SIM_ASSERT(halted || levers->halts[service] > 0);
    bool was_halted = levers->halts[service] > 0;
    levers->halts[service] += halted ? 1 : (uint32_t)-1;
    bool is_halted = levers->halts[service] > 0;
    if (is_halted != was_halted)
        world->ops->halt_set(world->plane, service, is_halted, cause);
}

double
levers_capacity(const Levers *levers, uint32_t service, CapacityHand hand)
{
    SIM_ASSERT(service < levers->world->n_services);
    SIM_ASSERT(hand < CAPACITY_HANDS);
    return levers->capacity[service][hand];
}

void
levers_capacity_set(Levers *levers, uint32_t service, CapacityHand hand, double factor,
                    uint32_t cause)
{
    const World *world = levers->world;
    double product = 1;
    SIM_ASSERT(service < world->n_services);
    SIM_ASSERT(hand < CAPACITY_HANDS);
    levers->capacity[service][hand] = factor;
    for (uint32_t i = 0; i < CAPACITY_HANDS; i++)
        product *= levers->capacity[service][i];
    world->ops->capacity_set(world->plane, service, product, cause);
}

static void
tell_demand(const Levers *levers, uint32_t site, uint32_t cause)
{
    const World *world = levers->world;
    world->ops->demand_set(world->plane, site, levers->demand[site], levers->limit[site], cause);
}

void
levers_demand_set(Levers *levers, uint32_t site, double factor, uint32_t cause)
{
    SIM_ASSERT(site < levers->world->n_sites);
    if (levers->demand[site] == factor)
        return;
    levers->demand[site] = factor;
    tell_demand(levers, site, cause);
}

void
levers_limit_set(Levers *levers, uint32_t site, double rate, uint32_t cause)
{
    SIM_ASSERT(site < levers->world->n_sites);
    levers->limit[site] = rate;
    tell_demand(levers, site, cause);
}
