#include "models/traffic.h"

#include <math.h>
#include <string.h>

void
traffic_shares_find(Traffic *traffic)
{
    for (uint32_t r = 0; r < traffic->plan->n_rows; r++) {
        const FlowRow *row = &traffic->plan->rows[r];
        uint32_t forced = row->site == SIM_NONE ? traffic->front_cohort[row->service] : SIM_NONE;
        traffic->share_now[r] = forced == SIM_NONE ? row->share : forced == row->cohort;
    }
}

void
traffic_factors_find(Traffic *traffic)
{
    for (uint32_t r = 0; r < traffic->plan->n_clients; r++) {
        uint32_t site = traffic->plan->rows[r].site;
        double factor = traffic->surge[site] * sessions_use_factor(traffic->sessions, site);
        uint32_t user = sessions_of_login(traffic->sessions, site);
        if (user != SIM_NONE)
            factor *= sessions_login_factor(traffic->sessions, user);
        traffic->factor[r] = factor;
    }
}

void
traffic_limits_find(Traffic *traffic, const double *asked)
{
    for (uint32_t s = 0; s < traffic->world->n_sites; s++)
        traffic->site_scratch[s] = 0;
    for (uint32_t r = 0; r < traffic->plan->n_clients; r++)
        traffic->site_scratch[traffic->plan->rows[r].site] += asked[r];
    for (uint32_t r = 0; r < traffic->plan->n_clients; r++) {
        uint32_t site = traffic->plan->rows[r].site;
        double rate = traffic->site_scratch[site], limit = traffic->limit[site];
        traffic->admit[r] = limit < 0 || rate <= limit ? 1 : limit / rate;
    }
}

void
traffic_demand_read(Traffic *traffic, uint32_t pop, SimTime at, double *ret_by_row)
{
    demand_at(traffic->demand, pop, at, traffic->site_scratch);
    for (uint32_t r = 0; r < traffic->plan->n_clients; r++)
        ret_by_row[r] = traffic->site_scratch[traffic->plan->rows[r].site];
}

void
traffic_sessions_advance(Traffic *traffic, SimTime now, const double *login_ok)
{
    for (uint32_t s = 0; s < traffic->world->n_sites; s++) {
        uint32_t login = world_site(traffic->world, s)->sessions.login;
        double opened = 0;
        if (login == SIM_NONE)
            continue;
        for (uint32_t r = 0; r < traffic->plan->n_clients; r++)
            if (traffic->plan->rows[r].site == login)
                opened += login_ok[r];
        sessions_advance(traffic->sessions, s, now, opened);
    }
}

void
traffic_reactions_find(const Traffic *traffic, double *ret)
{
    const World *world = traffic->world;
    const FlowPlan *plan = traffic->plan;
    for (uint32_t u = 0; u < plan->n_units; u++)
        for (uint32_t d = 0; d < world->n_conditions; d++) {
            double *row = ret + ((size_t)u * world->n_conditions + d) * plan->stride;
            for (uint32_t r = 0; r < plan->n_rows; r++) {
                const FlowRow *of = &plan->rows[r];
                const SimList *reactions = of->site == SIM_NONE
                                               ? &world_service(world, of->service)->front.reactions
                                               : &world_site(world, of->site)->reactions;
                row[r] = 0;
                SIM_EACH(const ReactionSpec, reaction, *reactions)
                if (strcmp(reaction->entity.name, world->conditions[d]) == 0)
                    row[r] = reaction->share * plan->units[u].calls[r];
            }
        }
}

bool
traffic_is_surge(const Traffic *traffic, uint32_t site, double factor)
{
    return factor > !world_site(traffic->world, site)->attack.entity.is_given;
}

ClientSpec
traffic_client(const SiteSpec *site)
{
    ClientSpec client = site->client;
    if (site->attack.entity.is_given && !client.entity.is_given) {
        client.retries = 0;
        client.persistence = 0;
    }
    return client;
}

uint32_t
traffic_surge_cause(const Traffic *traffic, uint32_t service)
{
    const FlowPlan *plan = traffic->plan;
    uint32_t slot = 0;
    for (uint32_t s = 0; service == SIM_NONE && s < traffic->world->n_sites; s++)
        slot = traffic->surge_slot[s] ? traffic->surge_slot[s] : slot;
    for (uint32_t e = 0; service != SIM_NONE && e < plan->n_edges; e++)
        for (uint32_t r = 0; plan->edges[e].service == service && r < plan->n_clients; r++)
            if (plan->edges[e].calls[r] > 0 && traffic->surge_slot[plan->rows[r].site])
                slot = traffic->surge_slot[plan->rows[r].site];
    return slot;
}

/* CPU seconds a second of a PoP with this demand and nothing failing. */
static double
load_at(const Traffic *traffic, const double *demand)
{
    const FlowPlan *plan = traffic->plan;
    double load = 0;
    for (uint32_t r = 0; r < plan->n_people; r++) {
        double rate = demand[r] * traffic->share_now[r];
        load += rate * plan->cpu[r];
        for (uint32_t e = 0; rate > 0 && e < plan->n_edges; e++)
            for (uint32_t z = plan->n_clients; z < plan->n_rows; z++)
                if (plan->rows[z].service == plan->edges[e].service)
                    load += rate * plan->edges[e].calls[r] * traffic->share_now[z] * plan->cpu[z];
    }
    return load;
}

static double
cores_of(Traffic *traffic, uint32_t pop, double *demand)
{
    const World *world = traffic->world;
    const NetworkSpec *network = &world->spec->network;
    double peak = 0;
    if (network->cores > 0)
        return network->cores;
    if (world->geo->pops.capacity[pop] > 0)
        return world->geo->pops.capacity[pop];
    for (SimTime hour = 0; hour < 24; hour++) {
        traffic_demand_read(traffic, pop, hour * SIM_HOUR, demand);
        peak = fmax(peak, load_at(traffic, demand));
    }
    return fmax(network->cores_min, peak * (1 + network->headroom));
}

void
traffic_cores_find(Traffic *traffic, double *ret_cores)
{
    const World *world = traffic->world;
    g_autofree double *demand = g_new0(double, traffic->plan->stride + 1);
    for (uint32_t p = 0; p < world->n_pops; p++)
        ret_cores[p] = cores_of(traffic, p, demand);
    g_autofree uint32_t *selected = g_new(uint32_t, world->n_pops);
    SIM_EACH(const PopOverrideSpec, override, world->spec->network.overrides)
    {
        PopSelector selector = {.region = override->region,
                                .country = override->country,
                                .code = override->code,
                                .busiest = override->busiest};
        uint32_t n = world_select_pops(world, &selector, selected);
        for (uint32_t i = 0; i < n; i++)
            ret_cores[selected[i]] *= override->capacity;
    }
}

static void
attach_sites(Traffic *traffic, SimArena *arena)
{
    uint32_t n = traffic->world->n_sites;
    traffic->surge = SIM_ARENA_NEW(arena, double, n);
    traffic->limit = SIM_ARENA_NEW(arena, double, n);
    traffic->limit_slot = SIM_ARENA_NEW(arena, uint32_t, n);
    traffic->surge_slot = SIM_ARENA_NEW(arena, uint32_t, n);
    traffic->site_scratch = SIM_ARENA_NEW(arena, double, n);
    for (uint32_t s = 0; s < n; s++) {
        traffic->surge[s] = !world_site(traffic->world, s)->attack.entity.is_given;
        traffic->limit[s] = -1;
    }
}

static void
attach_demand(Traffic *traffic, SimArena *arena)
{
    const World *world = traffic->world;
    traffic->demand = demand_new(world, arena);
    traffic->sessions = sessions_new(world, arena);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const SessionsSpec *spec = &world_site(world, s)->sessions;
        if (spec->login != SIM_NONE)
            demand_mean_set(traffic->demand, spec->login, sessions_balance(traffic->sessions, s));
    }
    demand_assign(traffic->demand, world->catchments);
}

void
traffic_init(Traffic *traffic, const World *world, FlowPlan *plan, SimArena *arena)
{
    *traffic = (Traffic){.world = world, .plan = plan};
    traffic->front_cohort = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    for (uint32_t v = 0; v < world->n_services; v++)
        traffic->front_cohort[v] = SIM_NONE;
    traffic->share_now = SIM_ARENA_NEW(arena, double, plan->stride);
    traffic->factor = SIM_ARENA_NEW(arena, double, plan->stride);
    traffic->admit = SIM_ARENA_NEW(arena, double, plan->stride);
    attach_sites(traffic, arena);
    traffic_shares_find(traffic);
    attach_demand(traffic, arena);
}
