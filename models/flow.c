#include "models/flow.h"

#include <math.h>
#include <string.h>

enum { TICK };
static void on_tick(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);
static const SimKind kinds[] = {[TICK] = {"flow.tick", on_tick}};
static const SimModelOps model = {.name = "flow",
                                  .state_size = sizeof(Flow),
                                  .kinds = kinds,
                                  .n_kinds = G_N_ELEMENTS(kinds),
                                  .verify = verify};

static const SimTime DEMAND_PERIOD = SIM_MINUTE;

/* shares, factors --------------------------------------------------------------------------- */

/* The share of a zone's calls that each cohort serves, after switch-fallback. */
static void
find_shares(Flow *flow)
{
    for (uint32_t r = 0; r < flow->plan->n_rows; r++) {
        const FlowRow *row = &flow->plan->rows[r];
        uint32_t forced = row->site == SIM_NONE ? flow->front_cohort[row->service] : SIM_NONE;
        flow->share_now[r] = forced == SIM_NONE ? row->share : forced == row->cohort;
    }
}

static void
find_factors(Flow *flow)
{
    const World *world = flow->world;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        uint32_t site = flow->plan->rows[r].site;
        double factor = flow->surge[site] * sessions_use_factor(flow->sessions, site);
        uint32_t user = sessions_of_login(flow->sessions, site);
        if (user != SIM_NONE)
            factor *= sessions_login_factor(flow->sessions, user);
        flow->factor[r] = factor;
    }
    for (uint32_t s = 0; s < world->n_sites; s++)
        flow->site_scratch[s] = 0;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        uint32_t site = flow->plan->rows[r].site;
        if (flow->limit[site] < 0)
            continue;
        double fresh = 0;
        for (uint32_t p = 0; p < flow->n_pops; p++)
            fresh += flow->pops[p].demand[r];
        flow->site_scratch[site] += fresh * flow->share_now[r] * flow->factor[r] +
                                    flow->orbit_total[r] / flow->clients.reload[r];
    }
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        uint32_t site = flow->plan->rows[r].site;
        double rate = flow->site_scratch[site];
        flow->admit[r] =
            flow->limit[site] < 0 || rate <= flow->limit[site] ? 1 : flow->limit[site] / rate;
    }
}

void
flow_demand_read(const Flow *flow, uint32_t pop, SimTime at, double *ret_by_row)
{
    demand_at(flow->demand, pop, at, flow->site_scratch);
    for (uint32_t r = 0; r < flow->plan->n_clients; r++)
        ret_by_row[r] = flow->site_scratch[flow->plan->rows[r].site];
}

static void
set_all_demand(Flow *flow, SimTime now)
{
    /* The mean of the coming period stands for it. */
    for (uint32_t p = 0; p < flow->n_pops; p++)
        flow_demand_read(flow, p, now + DEMAND_PERIOD / 2, flow->pops[p].demand);
    flow_catchment_demand_set(flow, now + DEMAND_PERIOD / 2);
    flow->demand_until = now + DEMAND_PERIOD;
}

/* attaching --------------------------------------------------------------------------------- */

static void
attach_reactions(Flow *flow)
{
    const World *world = flow->world;
    size_t stride = flow->plan->stride;
    for (uint32_t u = 0; u < flow->plan->n_units; u++)
        for (uint32_t d = 0; d < world->n_conditions; d++) {
            double *row = flow->reactions + ((size_t)u * world->n_conditions + d) * stride;
            for (uint32_t r = 0; r < flow->plan->n_rows; r++) {
                const FlowRow *of = &flow->plan->rows[r];
                const SimList *reactions = of->site == SIM_NONE
                                               ? &world_service(world, of->service)->front.reactions
                                               : &world_site(world, of->site)->reactions;
                row[r] = 0;
                SIM_EACH(const ReactionSpec, reaction, *reactions)
                if (strcmp(reaction->entity.name, world->conditions[d]) == 0)
                    row[r] = reaction->share * flow->plan->units[u].calls[r];
            }
        }
}

static double *
row_column(Flow *flow, uint32_t n)
{
    return SIM_ARENA_NEW(flow->arena, double, (size_t)flow->plan->stride *n);
}

static void
attach_scratch(Flow *flow)
{
    double **levels[] = {&flow->enter,     &flow->level,   &flow->started,
                         &flow->timed_out, &flow->refused, &flow->work};
    double **rows[] = {
        &flow->survive,       &flow->came,        &flow->origin_refusing, &flow->ends,
        &flow->within,        &flow->attempts,    &flow->failed,          &flow->blocked,
        &flow->served,        &flow->final,       &flow->tokens,          &flow->cpu,
        &flow->origin_weight, &flow->share_now,   &flow->factor,          &flow->admit,
        &flow->sum_fresh,     &flow->sum_retries, &flow->sum_reloads,     &flow->sum_offered,
        &flow->sum_ok,        &flow->sum_failed,  &flow->sum_blocked,     &flow->sum_miss,
        &flow->sum_asked,     &flow->login_ok};
    for (uint32_t i = 0; i < G_N_ELEMENTS(levels); i++)
        *levels[i] = row_column(flow, flow->clients.levels);
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++)
        *rows[i] = row_column(flow, 1);
    /* A column, or the streams of a central service: edges and needs. */
    uint32_t wide = flow->plan->stride + flow->plan->n_edges;
    for (uint32_t v = 0; v < flow->world->n_services; v++)
        wide += world_service(flow->world, v)->needs.n;
    flow->grant = SIM_ARENA_NEW(flow->arena, double, wide);
    /* Three of a unit's term, two of an edge's, one for a degraded unit, one for origins. */
    flow->active_max = 3 * flow->plan->n_terms + flow->plan->n_units + 1;
    flow->portion = row_column(flow, flow->active_max);
    flow->active = SIM_ARENA_NEW(flow->arena, FlowActive, flow->active_max);
    flow->reach = SIM_ARENA_NEW(flow->arena, double, flow->plan->n_calls + 1);
}

static void
attach_pop(Flow *flow, FlowPop *pop)
{
    SimArena *arena = flow->arena;
    const NetworkSpec *network = &flow->world->spec->network;
    pop->demand = row_column(flow, 1);
    pop->orbit = row_column(flow, 1);
    pop->stays = row_column(flow, 1);
    pop->tokens = row_column(flow, 1);
    pop->miss = row_column(flow, 1);
    pop->last_failed = row_column(flow, 1);
    pop->zone_failed = SIM_ARENA_NEW(arena, double, flow->n_zones + 1);
    pop->zone_lost = SIM_ARENA_NEW(arena, double, flow->n_zones + 1);
    pop->zone_slot = SIM_ARENA_NEW(arena, uint32_t, flow->n_zones + 1);
    pop->calls = SIM_ARENA_NEW(arena, double, flow->plan->n_edges + 1);
    pop->passed = SIM_ARENA_NEW(arena, double, flow->plan->n_edges + 1);
    pop->age = SIM_ARENA_NEW(arena, double, flow->world->n_sites);
    pop->behaviour = SIM_ARENA_NEW(arena, Behaviour, flow->plan->n_units + 1);
    pop->active = SIM_ARENA_NEW(arena, FlowActive, flow->active_max);
    pop->speed = 1;
    pop->stretch = 1;
    for (uint32_t u = 0; u < flow->plan->n_units; u++)
        pop->behaviour[u] = BEHAVIOUR_NORMAL;
    for (uint32_t s = 0; s < flow->world->n_sites; s++)
        if (flow->curves[s])
            pop->age[s] = fmin(1e300, cache_curve_full(flow->curves[s]));
    FlowStationOptions options = {.n_streams = flow->clients.levels * flow->plan->stride,
                                  .timeout = flow->clients.timeout,
                                  .queue = network->queue > 0 ? network->queue : -1,
                                  .lifo = network->discipline == DISCIPLINE_LIFO,
                                  .cancel = network->cancel};
    flow_station_init(&pop->station, &options);
}

static void
attach_caches(Flow *flow)
{
    const World *world = flow->world;
    flow->curves = SIM_ARENA_NEW(flow->arena, const CacheCurve *, world->n_sites);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const CacheSpec *cache = &world_site(world, s)->cache;
        if (cache->cacheable > 0)
            flow->curves[s] = cache_curve_new(flow->arena, cache->objects, cache->alpha,
                                              cache->objects * cache->size);
    }
}

static void
attach_sites(Flow *flow)
{
    uint32_t n = flow->world->n_sites;
    flow->surge = SIM_ARENA_NEW(flow->arena, double, n);
    flow->limit = SIM_ARENA_NEW(flow->arena, double, n);
    flow->limit_slot = SIM_ARENA_NEW(flow->arena, uint32_t, n);
    flow->surge_slot = SIM_ARENA_NEW(flow->arena, uint32_t, n);
    flow->origin_failed = SIM_ARENA_NEW(flow->arena, double, n);
    flow->origin_count = SIM_ARENA_NEW(flow->arena, double, n);
    flow->cache_slot = SIM_ARENA_NEW(flow->arena, uint32_t, n);
    flow->site_scratch = SIM_ARENA_NEW(flow->arena, double, n);
    for (uint32_t s = 0; s < n; s++) {
        flow->surge[s] = 1;
        flow->limit[s] = -1;
    }
}

/* CPU seconds a second of a PoP with this demand and nothing failing. */
static double
load_at(const Flow *flow, uint32_t p)
{
    const FlowPlan *plan = flow->plan;
    const FlowPop *pop = &flow->pops[p];
    double load = 0;
    for (uint32_t r = 0; r < plan->n_clients; r++) {
        double rate = pop->demand[r] * flow->share_now[r];
        load += rate * plan->cpu[r];
        for (uint32_t e = 0; rate > 0 && e < plan->n_edges; e++)
            for (uint32_t z = plan->n_clients; z < plan->n_rows; z++)
                if (plan->rows[z].service == plan->edges[e].service)
                    load += rate * plan->edges[e].calls[r] * flow->share_now[z] * plan->cpu[z];
    }
    return load;
}

static void
derive_capacity(Flow *flow)
{
    const World *world = flow->world;
    const NetworkSpec *network = &world->spec->network;
    for (uint32_t p = 0; p < flow->n_pops; p++) {
        double peak = 0;
        for (SimTime hour = 0; hour < 24 && network->cores <= 0; hour++) {
            flow_demand_read(flow, p, hour * SIM_HOUR, flow->pops[p].demand);
            peak = fmax(peak, load_at(flow, p));
        }
        double cores = fmax(network->cores_min, peak * (1 + network->headroom));
        if (world->geo->pops.capacity[p] > 0)
            cores = world->geo->pops.capacity[p];
        flow->pops[p].cores = network->cores > 0 ? network->cores : cores;
    }
    uint32_t *selected = g_new(uint32_t, flow->n_pops);
    SIM_EACH(const PopOverrideSpec, override, network->overrides)
    {
        PopSelector selector = {.region = override->region,
                                .country = override->country,
                                .code = override->code,
                                .busiest = override->busiest};
        uint32_t n = world_select_pops(world, &selector, selected);
        for (uint32_t i = 0; i < n; i++)
            flow->pops[selected[i]].cores *= override->capacity;
    }
    g_free(selected);
}

static void
attach_demand(Flow *flow)
{
    const World *world = flow->world;
    uint32_t *nearest = g_new(uint32_t, world->n_metros);
    flow->demand = demand_new(world, flow->arena);
    flow->sessions = sessions_new(world, flow->arena);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const SessionsSpec *spec = &world_site(world, s)->sessions;
        if (spec->login != SIM_NONE)
            demand_mean_set(flow->demand, spec->login, sessions_balance(flow->sessions, s));
    }
    geo_nearest(world->geo, NULL, nearest);
    demand_assign(flow->demand, nearest);
    flow_catchment_attach(flow, nearest);
    g_free(nearest);
}

Flow *
flow_attach(Sim *sim, World *world, SimTime duration, double tick_factor)
{
    Flow *flow = sim_attach(sim, &model);
    SimArena *arena = flow->arena = sim_arena(sim);
    flow->world = world;
    world->ops = &flow_plane_ops;
    world->plane = flow;
    flow->tick_factor = tick_factor > 0 ? tick_factor : 1;
    flow->tick = (SimTime)((double)world->spec->clock.tick * flow->tick_factor);
    flow->plan = flow_plan_new(world, arena);
    flow->n_pops = world->n_pops;
    flow->n_zones = flow->plan->n_rows - flow->plan->n_clients;
    flow->pop_scale = 1;
    flow->killed = SIM_ARENA_NEW(arena, bool, world->n_services);
    flow->front_cohort = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    for (uint32_t v = 0; v < world->n_services; v++)
        flow->front_cohort[v] = SIM_NONE;
    flow->calls = SIM_ARENA_NEW(arena, double, flow->plan->n_edges + 1);
    flow->tried = SIM_ARENA_NEW(arena, double, flow->plan->n_edges + 1);
    flow->service_calls = SIM_ARENA_NEW(arena, double, world->n_services);
    flow->service_failed = SIM_ARENA_NEW(arena, double, world->n_services);
    flow->outcome_sum = SIM_ARENA_NEW(arena, double, OUTCOME_COUNT);
    flow->zone_extra = SIM_ARENA_NEW(arena, double, (size_t)flow->n_pops * flow->n_zones + 1);
    flow_clients_init(&flow->clients, world, flow->plan, arena);
    attach_scratch(flow);
    attach_sites(flow);
    attach_caches(flow);
    flow->reactions = row_column(flow, flow->plan->n_units * world->n_conditions + 1);
    attach_reactions(flow);
    find_shares(flow);
    attach_demand(flow);
    flow->pops = SIM_ARENA_NEW(arena, FlowPop, flow->n_pops);
    for (uint32_t p = 0; p < flow->n_pops; p++)
        attach_pop(flow, &flow->pops[p]);
    derive_capacity(flow);
    flow_core_attach(flow);
    flow->front = SIM_ARENA_NEW(arena, double, flow->n_cores + 1);
    flow->front_slot = SIM_ARENA_NEW(arena, uint32_t, flow->n_cores + 1);
    flow_cause_attach(flow);
    flow_record_attach(flow, duration);
    for (uint32_t p = 0; p < flow->n_pops; p++) {
        flow_pop_miss_set(flow, &flow->pops[p]);
        flow_pop_refresh(flow, p);
    }
    set_all_demand(flow, 0);
    find_factors(flow);
    sim_at(sim, flow->tick, &model, TICK, 0, 0);
    return flow;
}

/* ticks ------------------------------------------------------------------------------------- */

static void
advance_all(Flow *flow)
{
    SimTime now = sim_now(flow->world->sim);
    for (uint32_t p = 0; p < flow->n_pops; p++)
        flow_pop_advance(flow, p, now);
}

static void
advance_due(Flow *flow, SimTime now)
{
    for (uint32_t p = 0; p < flow->n_pops; p++) {
        FlowPop *pop = &flow->pops[p];
        if (pop->due > now && pop->seen == flow->core_version)
            continue;
        flow_pop_advance(flow, p, now);
        flow_pop_plan_next(flow, p);
    }
}

static void
advance_sessions(Flow *flow, SimTime now)
{
    for (uint32_t s = 0; s < flow->world->n_sites; s++) {
        uint32_t login = world_site(flow->world, s)->sessions.login;
        double opened = 0;
        if (login == SIM_NONE)
            continue;
        for (uint32_t r = 0; r < flow->plan->n_clients; r++)
            if (flow->plan->rows[r].site == login)
                opened += flow->login_ok[r];
        sessions_advance(flow->sessions, s, now, opened);
    }
    memset(flow->login_ok, 0, flow->plan->stride * sizeof(double));
}

/* Origins with a limit refuse what is beyond it. */
static void
advance_origins(Flow *flow, double seconds)
{
    const World *world = flow->world;
    memset(flow->site_scratch, 0, world->n_sites * sizeof(double));
    for (uint32_t r = 0; r < flow->plan->n_clients; r++)
        flow->site_scratch[flow->plan->rows[r].site] += flow->sum_miss[r];
    for (uint32_t s = 0; s < world->n_sites; s++) {
        double capacity = world_site(world, s)->origin.capacity_per_s;
        double rate = (flow->site_scratch[s] - flow->origin_count[s]) / seconds;
        flow->origin_count[s] = flow->site_scratch[s];
        if (capacity <= 0)
            continue;
        double failed = rate > capacity ? 1 - capacity / rate : 0;
        if (fabs(failed - flow->origin_failed[s]) > 1e-3 ||
            (failed == 0) != (flow->origin_failed[s] == 0))
            flow->core_version++;
        flow->origin_failed[s] = failed;
        flow->core_trouble += failed > 0;
    }
    for (uint32_t r = 0; r < flow->plan->n_clients; r++)
        flow->origin_refusing[r] = flow->origin_failed[flow->plan->rows[r].site];
}

static void
close_bucket(Flow *flow, SimTime now)
{
    advance_all(flow);
    for (uint32_t p = 0; p < flow->n_pops; p++)
        flow_pop_plan_next(flow, p);
    flow_cause_share_out(flow);
    flow_record_close(flow, now);
    memset(flow->origin_count, 0, flow->world->n_sites * sizeof(double));
    if (now >= flow->demand_until)
        set_all_demand(flow, now);
}

static void
on_tick(Sim *sim, void *state, SimEvent event)
{
    Flow *flow = state;
    SimTime now = sim_now(sim), from = flow->ticked;
    (void)event;
    advance_due(flow, now);
    flow_catchment_advance(flow, now);
    flow_core_advance(flow, from, now);
    advance_origins(flow, sim_seconds(now - from));
    advance_sessions(flow, now);
    flow_cause_share_out(flow);
    find_factors(flow);
    flow->ticked = now;
    if (now >= flow->bucket_from + sim_recorder_width(flow->recorder))
        close_bucket(flow, now);
    SimTime edge = flow->bucket_from + sim_recorder_width(flow->recorder);
    SimTime next = now + flow->tick;
    sim_at(sim, next < edge ? next : edge, &model, TICK, 0, 0);
}

void
flow_finish(Flow *flow)
{
    SimTime now = sim_now(flow->world->sim);
    advance_all(flow);
    flow_catchment_advance(flow, now);
    if (now > flow->bucket_from &&
        sim_recorder_n_closed(flow->recorder) < sim_recorder_n_buckets(flow->recorder)) {
        flow_cause_share_out(flow);
        flow_record_close(flow, now);
    }
}

/* People are where they should be: served, gone, waiting, or on their way. */
static void
verify(const Sim *sim, const void *state)
{
    const Flow *flow = state;
    double inside = 0, slack = 0;
    (void)sim;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++)
        inside += flow->nowhere.orbit[r];
    for (uint32_t p = 0; p < flow->n_pops; p++) {
        const FlowPop *pop = &flow->pops[p];
        for (uint32_t r = 0; r < flow->plan->n_clients; r++)
            inside += pop->orbit[r];
        for (uint32_t i = 0; pop->carry && i < flow->clients.levels * flow->plan->stride; i++)
            inside += pop->carry[i];
        for (uint32_t k = 0; pop->has_dropped && k < flow->clients.levels; k++)
            for (uint32_t r = 0; r < flow->plan->n_clients; r++)
                inside += pop->dropped[k * flow->plan->stride + r];
        double queued = flow_station_waiting(&pop->station, pop->at);
        inside += pop->delays.pending + queued;
        slack += flow->n_zones ? queued : 0; /* calls through fronts are no people */
        flow_station_verify(&pop->station, pop->at);
    }
    double gap = flow->entered - flow->left - inside;
    SIM_ASSERT(fabs(gap) <= 1e-6 * (flow->entered + 1) + slack);
}

/* the plane's operations -------------------------------------------------------------------- */

static SimTime
now_of(const Flow *flow)
{
    return sim_now(flow->world->sim);
}

static void
behaviour_set(void *plane, uint32_t service, uint32_t pop, uint32_t cohort,
              const Behaviour *behaviour)
{
    Flow *flow = plane;
    bool is_host = flow->world->host[service] == service;
    flow_pop_advance(flow, pop, now_of(flow));
    for (uint32_t u = 0; u < flow->plan->n_units; u++) {
        const FlowUnit *unit = &flow->plan->units[u];
        Behaviour *does = &flow->pops[pop].behaviour[u];
        if (unit->service != service || unit->cohort != cohort)
            continue;
        if (is_host && behaviour->refused && !does->refused)
            flow_pop_drop(flow, pop, world_cohort_share(flow->world, service, cohort));
        *does = *behaviour;
    }
    flow_pop_refresh(flow, pop);
}

static void
refresh_all(Flow *flow)
{
    for (uint32_t p = 0; p < flow->n_pops; p++)
        flow_pop_refresh(flow, p);
    flow->core_version++;
}

static void
kill_switch_set(void *plane, uint32_t service, bool killed, uint32_t cause)
{
    Flow *flow = plane;
    (void)cause;
    advance_all(flow);
    flow->killed[service] = killed;
    flow_plan_build(flow->plan, flow->world, flow->killed);
    attach_reactions(flow);
    refresh_all(flow);
}

static void
front_set(void *plane, uint32_t service, uint32_t cohort, uint32_t cause)
{
    Flow *flow = plane;
    (void)cause;
    advance_all(flow);
    flow->front_cohort[service] = cohort;
    find_shares(flow);
    refresh_all(flow);
}

static void
capacity_set(void *plane, uint32_t service, double factor, uint32_t cause)
{
    Flow *flow = plane;
    advance_all(flow);
    if (flow->core_of[service] == SIM_NONE) {
        flow->pop_scale = factor;
        flow->scale_slot = factor < 1 ? flow_cause_slot(flow, cause) : 0;
        refresh_all(flow);
        return;
    }
    FlowCore *core = &flow->cores[flow->core_of[service]];
    core->factor = factor;
    core->capacity_slot = factor < 1 ? flow_cause_slot(flow, cause) : 0;
}

static void
halt_set(void *plane, uint32_t service, bool halted, uint32_t cause)
{
    Flow *flow = plane;
    advance_all(flow);
    if (flow->core_of[service] == SIM_NONE) {
        for (uint32_t p = 0; p < flow->n_pops; p++)
            flow->pops[p].is_halted = halted;
        flow->halt_slot = halted ? flow_cause_slot(flow, cause) : 0;
        refresh_all(flow);
        return;
    }
    FlowCore *core = &flow->cores[flow->core_of[service]];
    core->is_halted = halted;
    core->capacity_slot = halted ? flow_cause_slot(flow, cause) : 0;
}

static void
demand_set(void *plane, uint32_t site, double factor, double limit, uint32_t cause)
{
    Flow *flow = plane;
    advance_all(flow);
    flow->surge[site] = factor;
    flow->limit[site] = limit;
    flow->limit_slot[site] = limit < 0 ? 0 : flow_cause_slot(flow, cause);
    flow->surge_slot[site] = factor > 1 ? flow_cause_slot(flow, cause) : 0;
    find_factors(flow);
    refresh_all(flow);
}

static void
cache_keep_at(Flow *flow, uint32_t p, uint32_t site, double kept)
{
    FlowPop *pop = &flow->pops[p];
    flow_pop_advance(flow, p, now_of(flow));
    for (uint32_t s = 0; s < flow->world->n_sites; s++) {
        if ((site != SIM_NONE && s != site) || !flow->curves[s])
            continue;
        pop->age[s] = kept > 0 ? cache_curve_keep(flow->curves[s], pop->age[s], kept) : 0;
        pop->is_filling |= pop->age[s] < cache_curve_full(flow->curves[s]);
    }
    flow_pop_miss_set(flow, pop);
    flow_pop_refresh(flow, p);
}

static void
cache_keep(void *plane, uint32_t pop, uint32_t site, double kept, uint32_t cause)
{
    Flow *flow = plane;
    for (uint32_t p = 0; p < flow->n_pops; p++)
        if (pop == SIM_NONE || p == pop)
            cache_keep_at(flow, p, site, kept);
    for (uint32_t s = 0; s < flow->world->n_sites; s++)
        if (site == SIM_NONE || s == site)
            flow->cache_slot[s] = flow_cause_slot(flow, cause);
}

static PlaneCounts
counts(const void *plane, uint32_t pop)
{
    const Flow *flow = plane;
    return (PlaneCounts){.offered = llround(flow->pops[pop].offered),
                         .failed = llround(flow->pops[pop].failed)};
}

const PlaneOps flow_plane_ops = {
    .name = "flow",
    .behaviour_set = behaviour_set,
    .kill_switch_set = kill_switch_set,
    .front_set = front_set,
    .capacity_set = capacity_set,
    .halt_set = halt_set,
    .demand_set = demand_set,
    .catchment_moved = flow_catchment_moved,
    .cache_keep = cache_keep,
    .counts = counts,
};
