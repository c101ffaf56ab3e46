#include "models/demand.h"

#include "sim/elementary.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
static const double DAY_SECONDS = 86400;

typedef struct Swing { /* rate = mean + even cos(wt) + odd sin(wt), t in UTC */
    double mean, even, odd;
} Swing;

struct Demand {
    const World *world;
    double *rate;                  /* [site] mean over a day */
    double *weight_sum;            /* [site] sum over metros of traffic x regional factor */
    double *region_factor;         /* [site * regions] */
    double *metro_cos, *metro_sin; /* [site class of peak] see metro_phase */
    Swing *swing;                  /* [place * n_sites + site], see place_of */
    uint32_t *pop_of_metro;
};

static const DiurnalSpec *
diurnal_of(const World *world, uint32_t site)
{
    const SiteSpec *spec = world_site(world, site);
    return spec->diurnal.entity.is_given ? &spec->diurnal : &world->spec->network.diurnal;
}

static double
region_factor(const SiteSpec *site, uint32_t region)
{
    SIM_EACH(const RegionSpec, item, site->regions)
    if (geo_region_find(item->entity.name) == region)
        return item->factor;
    return 1;
}

static void
find_rates(Demand *demand)
{
    const World *world = demand->world;
    double total = world->spec->network.requests_per_s, shares = 0;
    for (uint32_t s = 0; s < world->n_sites; s++)
        shares += world_site(world, s)->share;
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const SiteSpec *site = world_site(world, s);
        demand->rate[s] = site->requests_per_s + total * site->share;
        if (site->remainder && shares < 1)
            demand->rate[s] = total * (1 - shares);
    }
}

static double
metro_weight(const Demand *demand, uint32_t site, uint32_t metro)
{
    const GeoMetros *metros = &demand->world->geo->metros;
    return metros->traffic[metro] *
           demand->region_factor[site * GEO_REGIONS + metros->at.region[metro]];
}

Demand *
demand_new(const World *world, SimArena *arena)
{
    Demand *demand = SIM_ARENA_NEW(arena, Demand, 1);
    uint32_t n_sites = world->n_sites;
    demand->world = world;
    demand->rate = SIM_ARENA_NEW(arena, double, n_sites);
    demand->weight_sum = SIM_ARENA_NEW(arena, double, n_sites);
    demand->region_factor = SIM_ARENA_NEW(arena, double, n_sites *GEO_REGIONS);
    demand->swing = SIM_ARENA_NEW(arena, Swing, (size_t)(world->n_pops + 1) * n_sites);
    demand->pop_of_metro = SIM_ARENA_NEW(arena, uint32_t, world->n_metros);
    demand->metro_cos = SIM_ARENA_NEW(arena, double, (size_t)world->n_metros);
    demand->metro_sin = SIM_ARENA_NEW(arena, double, (size_t)world->n_metros);
    find_rates(demand);
    for (uint32_t m = 0; m < world->n_metros; m++) {
        double phase = world->geo->metros.at.longitude[m] / 360 * 2 * PI;
        demand->metro_cos[m] = sim_cos(phase);
        demand->metro_sin[m] = sim_sin(phase);
    }
    for (uint32_t s = 0; s < n_sites; s++) {
        for (uint32_t r = 0; r < GEO_REGIONS; r++)
            demand->region_factor[s * GEO_REGIONS + r] = region_factor(world_site(world, s), r);
        for (uint32_t m = 0; m < world->n_metros; m++)
            demand->weight_sum[s] += metro_weight(demand, s, m);
    }
    return demand;
}

void
demand_mean_set(Demand *demand, uint32_t site, double rate)
{
    demand->rate[site] = rate;
}

/* A PoP, or after all PoPs the place of those who reach none. */
static uint32_t
place_of(const Demand *demand, uint32_t pop)
{
    return pop == SIM_NONE ? demand->world->n_pops : pop;
}

/* Adds a metro to the sums of its place; turns by the site's peak come in demand_at. */
static void
add_metro(Demand *demand, uint32_t metro)
{
    uint32_t n_sites = demand->world->n_sites;
    uint32_t place = place_of(demand, demand->pop_of_metro[metro]);
    for (uint32_t s = 0; s < n_sites; s++) {
        Swing *swing = &demand->swing[(size_t)place * n_sites + s];
        double sum = demand->weight_sum[s];
        double rate = sum > 0 ? demand->rate[s] * metro_weight(demand, s, metro) / sum : 0;
        swing->mean += rate;
        swing->even += rate * demand->metro_cos[metro];
        swing->odd += rate * demand->metro_sin[metro];
    }
}

static void
sum_pop(Demand *demand, uint32_t pop)
{
    const World *world = demand->world;
    memset(&demand->swing[(size_t)place_of(demand, pop) * world->n_sites], 0,
           world->n_sites * sizeof(Swing));
    for (uint32_t m = 0; m < world->n_metros; m++)
        if (demand->pop_of_metro[m] == pop)
            add_metro(demand, m);
}

void
demand_assign(Demand *demand, const uint32_t *pop_of_metro)
{
    const World *world = demand->world;
    memcpy(demand->pop_of_metro, pop_of_metro, world->n_metros * sizeof(uint32_t));
    memset(demand->swing, 0, (size_t)(world->n_pops + 1) * world->n_sites * sizeof(Swing));
    for (uint32_t m = 0; m < world->n_metros; m++)
        add_metro(demand, m);
}

void
demand_move(Demand *demand, uint32_t metro, uint32_t pop)
{
    uint32_t from = demand->pop_of_metro[metro];
    demand->pop_of_metro[metro] = pop;
    sum_pop(demand, from);
    sum_pop(demand, pop);
}

uint32_t
demand_pop_of(const Demand *demand, uint32_t metro)
{
    return demand->pop_of_metro[metro];
}

void
demand_at(const Demand *demand, uint32_t pop, SimTime at, double *ret_by_site)
{
    const World *world = demand->world;
    double clock = sim_seconds(at) + (double)(world->spec->clock.start % 86400);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const DiurnalSpec *diurnal = diurnal_of(world, s);
        const Swing *swing = &demand->swing[(size_t)place_of(demand, pop) * world->n_sites + s];
        double angle = 2 * PI * (clock - sim_seconds(diurnal->peak)) / DAY_SECONDS;
        double turn = swing->even * sim_cos(angle) - swing->odd * sim_sin(angle);
        ret_by_site[s] = fmax(0, swing->mean + diurnal->amplitude * turn);
    }
}

double
demand_mean(const Demand *demand, uint32_t pop, uint32_t site)
{
    return demand->swing[(size_t)place_of(demand, pop) * demand->world->n_sites + site].mean;
}

double
demand_site_mean(const Demand *demand, uint32_t site)
{
    return demand->rate[site];
}
