#include "models/demand.h"

#include "sim/elementary.h"

#include <math.h>
#include <string.h>

static const double PI = 3.14159265358979323846;
static const double DAY_SECONDS = 86400;

/* Bits that all of a site's demand fills at most; one is left for the sign of sums. */
enum { SUM_BITS = 61 };

typedef struct Swing { /* rate = mean + even cos(wt) + odd sin(wt), t in UTC; in units of a site */
    int64_t mean, even, odd;
} Swing;

struct Demand {
    const World *world;
    double *rate;                  /* [site] mean over a day */
    double *unit;                  /* [site] requests a second that 1 stands for: a power of two */
    double *region_factor;         /* [site * regions] */
    double *metro_cos, *metro_sin; /* [metro] of its longitude */
    Swing *part;                   /* [metro * n_sites + site] of one part of a metro */
    Swing *swing;                  /* [place * n_sites + site], see place_of */
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
    demand->unit = SIM_ARENA_NEW(arena, double, n_sites);
    demand->region_factor = SIM_ARENA_NEW(arena, double, n_sites *GEO_REGIONS);
    demand->part = SIM_ARENA_NEW(arena, Swing, (size_t)world->n_metros * n_sites);
    demand->swing = SIM_ARENA_NEW(arena, Swing, (size_t)(world->n_pops + 1) * n_sites);
    demand->metro_cos = SIM_ARENA_NEW(arena, double, (size_t)world->n_metros);
    demand->metro_sin = SIM_ARENA_NEW(arena, double, (size_t)world->n_metros);
    find_rates(demand);
    for (uint32_t m = 0; m < world->n_metros; m++) {
        double phase = world->geo->metros.at.longitude[m] / 360 * 2 * PI;
        demand->metro_cos[m] = sim_cos(phase);
        demand->metro_sin[m] = sim_sin(phase);
    }
    for (uint32_t s = 0; s < n_sites; s++)
        for (uint32_t r = 0; r < GEO_REGIONS; r++)
            demand->region_factor[s * GEO_REGIONS + r] = region_factor(world_site(world, s), r);
    return demand;
}

void
demand_mean_set(Demand *demand, uint32_t site, double rate)
{
    demand->rate[site] = rate;
}

/* The finest unit in which all of a site's demand is less than 2^SUM_BITS. */
static double
unit_of(double rate)
{
    int exponent = 0;
    (void)frexp(rate, &exponent);
    return ldexp(1, exponent - SUM_BITS);
}

/* What one part of each metro asks of a site. */
static void
find_parts(Demand *demand, uint32_t site)
{
    const World *world = demand->world;
    double sum = 0;
    demand->unit[site] = unit_of(demand->rate[site]);
    for (uint32_t m = 0; m < world->n_metros; m++)
        sum += metro_weight(demand, site, m);
    for (uint32_t m = 0; m < world->n_metros; m++) {
        double share = sum > 0 ? metro_weight(demand, site, m) / sum : 0;
        double part = share * demand->rate[site] / CATCHMENT_PARTS / demand->unit[site];
        demand->part[(size_t)m * world->n_sites + site] =
            (Swing){.mean = (int64_t)part,
                    .even = (int64_t)(part * demand->metro_cos[m]),
                    .odd = (int64_t)(part * demand->metro_sin[m])};
    }
}

/* A PoP, or after all PoPs the place of those who reach none. */
static uint32_t
place_of(const Demand *demand, uint32_t pop)
{
    return pop == SIM_NONE ? demand->world->n_pops : pop;
}

/* The turn by a site's peak comes in demand_at. */
static void
add(Demand *demand, uint32_t group, uint32_t metro, uint32_t pop, int64_t parts)
{
    const World *world = demand->world;
    const Swing *part = &demand->part[(size_t)metro * world->n_sites];
    Swing *swing = &demand->swing[(size_t)place_of(demand, pop) * world->n_sites];
    for (uint32_t s = 0; s < world->n_sites; s++) {
        if (world->group[s] != group)
            continue;
        swing[s].mean += parts * part[s].mean;
        swing[s].even += parts * part[s].even;
        swing[s].odd += parts * part[s].odd;
    }
}

static void
assign_metro(Demand *demand, uint32_t group, const CatchmentTable *catchment, uint32_t metro)
{
    uint32_t left = CATCHMENT_PARTS;
    for (uint32_t i = catchment->start[metro]; i < catchment->start[metro + 1]; i++) {
        add(demand, group, metro, catchment->shares[i].pop, catchment->shares[i].parts);
        left -= catchment->shares[i].parts;
    }
    add(demand, group, metro, SIM_NONE, left);
}

void
demand_assign(Demand *demand, const CatchmentTable *catchments)
{
    const World *world = demand->world;
    memset(demand->swing, 0, (size_t)(world->n_pops + 1) * world->n_sites * sizeof(Swing));
    for (uint32_t s = 0; s < world->n_sites; s++)
        find_parts(demand, s);
    for (uint32_t g = 0; g < world->n_groups; g++)
        for (uint32_t m = 0; m < world->n_metros; m++)
            assign_metro(demand, g, &catchments[g], m);
}

void
demand_move(Demand *demand, uint32_t group, uint32_t metro, uint32_t from, uint32_t to,
            uint32_t parts)
{
    add(demand, group, metro, from, -(int64_t)parts);
    add(demand, group, metro, to, parts);
}

void
demand_at(const Demand *demand, uint32_t pop, SimTime at, double *ret_by_site)
{
    const World *world = demand->world;
    double clock = sim_seconds(at) + (double)(world->spec->clock.start % 86400);
    const Swing *swings = &demand->swing[(size_t)place_of(demand, pop) * world->n_sites];
    const DiurnalSpec *last = NULL;
    double cosine = 0, sine = 0;
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const DiurnalSpec *diurnal = diurnal_of(world, s);
        double angle = 2 * PI * (clock - sim_seconds(diurnal->peak)) / DAY_SECONDS;
        if (diurnal != last) { /* most sites follow the network */
            cosine = sim_cos(angle);
            sine = sim_sin(angle);
        }
        last = diurnal;
        double turn = (double)swings[s].even * cosine - (double)swings[s].odd * sine;
        double rate = (double)swings[s].mean + diurnal->amplitude * turn;
        ret_by_site[s] = fmax(0, rate * demand->unit[s]);
    }
}

double
demand_mean(const Demand *demand, uint32_t pop, uint32_t site)
{
    uint32_t n_sites = demand->world->n_sites;
    return (double)demand->swing[(size_t)place_of(demand, pop) * n_sites + site].mean *
           demand->unit[site];
}

double
demand_site_mean(const Demand *demand, uint32_t site)
{
    return demand->rate[site];
}
