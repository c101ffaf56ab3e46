#include "models/probes.h"

void
probes_init(Probes *probes, SimArena *arena, uint32_t n, uint32_t need)
{
    SIM_ASSERT(need > 0);
    *probes = (Probes){.n = n, .need = need, .fails = SIM_ARENA_NEW(arena, bool, n)};
}

uint32_t
probes_need(uint32_t points, uint32_t fail, double share)
{
    /* A share such as 7 % of 100 is 7, whatever the product's last bit says. */
    double exact = share * points;
    uint32_t whole = (uint32_t)exact;
    return MAX(fail, exact - whole > 1e-6 ? whole + 1 : whole);
}

uint32_t
probes_metro(const Geo *geo, uint32_t region, SimRng *rng)
{
    double all = 0, sum = 0, at = sim_rng_unit(rng);
    uint32_t last = SIM_NONE;
    for (uint32_t m = 0; m < geo->n_metros; m++)
        if (region == SIM_NONE || geo->metros.at.region[m] == region)
            all += geo->metros.users[m];
    for (uint32_t m = 0; m < geo->n_metros; m++) {
        if ((region != SIM_NONE && geo->metros.at.region[m] != region) || geo->metros.users[m] <= 0)
            continue;
        sum += geo->metros.users[m];
        last = m;
        if (sum >= at * all)
            break;
    }
    return last;
}

SimTime
probes_phase(SimRng *rng, SimTime every)
{
    return (SimTime)sim_rng_below(rng, (uint64_t)every);
}

bool
probes_result(Probes *probes, uint32_t point, bool is_failed)
{
    SIM_ASSERT(point < probes->n);
    bool was_firing = probes_is_firing(probes);
    probes->n_failing += (uint32_t)is_failed - (uint32_t)probes->fails[point];
    probes->fails[point] = is_failed;
    return probes_is_firing(probes) != was_firing;
}
