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

/* shares, factors --------------------------------------------------------------------------- */

static void
find_factors(Flow *flow)
{
    traffic_factors_find(&flow->traffic);
    memset(flow->came, 0, flow->plan->stride * sizeof(double));
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        double fresh = 0;
        if (flow->traffic.limit[flow->plan->rows[r].site] < 0)
            continue;
        for (uint32_t p = 0; p < flow->n_pops; p++)
            fresh += flow->pops[p].demand[r];
        flow->came[r] = fresh * flow->traffic.share_now[r] * flow->traffic.factor[r] +
                        flow->orbit_total[r] / flow->clients.reload[r];
    }
    traffic_limits_find(&flow->traffic, flow->came);
}

static void
set_all_demand(Flow *flow, SimTime now)
{
    /* The mean of the coming period stands for it. */
    for (uint32_t p = 0; p < flow->n_pops; p++)
        traffic_demand_read(&flow->traffic, p, now + TRAFFIC_DEMAND_PERIOD / 2,
                            flow->pops[p].demand);
    flow_catchment_demand_set(flow, now + TRAFFIC_DEMAND_PERIOD / 2);
    flow->demand_until = now + TRAFFIC_DEMAND_PERIOD;
}

/* attaching --------------------------------------------------------------------------------- */

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
    double **rows[] = {&flow->survive,   &flow->came,      &flow->ends,    &flow->within,
                       &flow->attempts,  &flow->failed,    &flow->blocked, &flow->served,
                       &flow->final,     &flow->tokens,    &flow->cpu,     &flow->login_ok,
                       &flow->undelayed, &flow->impatient, &flow->delay};
    for (uint32_t i = 0; i < G_N_ELEMENTS(levels); i++)
        *levels[i] = row_column(flow, flow->clients.levels);
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++)
        *rows[i] = row_column(flow, 1);
    /* A column, or the streams of a central service: edges and needs. */
    uint32_t wide = flow->plan->stride + flow->plan->n_edges;
    for (uint32_t v = 0; v < flow->world->n_services; v++)
        wide += world_service(flow->world, v)->needs.n;
    flow->grant = SIM_ARENA_NEW(flow->arena, double, wide);
    /* Three of a unit's term, two of an edge's, two for a unit that degrades and delays. */
    flow->active_max = 4 * flow->plan->n_terms + 2 * flow->plan->n_units + FLOW_ORIGIN_TERMS;
    flow->portion = row_column(flow, flow->active_max);
    flow->active = SIM_ARENA_NEW(flow->arena, FlowActive, flow->active_max);
    flow->reach = SIM_ARENA_NEW(flow->arena, double, flow->plan->n_calls + 1);
}

static void
attach_pop(Flow *flow, FlowPop *pop, bool counts_sites)
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
    pop->misses = SIM_ARENA_NEW(arena, double, flow->world->n_sites);
    pop->behaviour = SIM_ARENA_NEW(arena, Behaviour, flow->plan->n_units + 1);
    pop->active = SIM_ARENA_NEW(arena, FlowActive, flow->active_max);
    pop->speed = 1;
    pop->stretch = 1;
    if (counts_sites) {
        pop->site_offered = SIM_ARENA_NEW(arena, double, flow->world->n_sites);
        pop->site_failed = SIM_ARENA_NEW(arena, double, flow->world->n_sites);
    }
    for (uint32_t u = 0; u < flow->plan->n_units; u++)
        pop->behaviour[u] = BEHAVIOUR_NORMAL;
    for (uint32_t s = 0; s < flow->world->n_sites; s++)
        if (flow->curves[s])
            pop->age[s] = fmin(1e300, cache_curve_full(flow->curves[s]));
    FlowStationOptions options = {.n_streams = flow->clients.levels * flow->plan->stride,
                                  .timeout = flow->clients.timeout,
                                  .queue = network->queue > 0 ? network->queue : -1,
                                  .lifo = network->discipline == DISCIPLINE_LIFO ||
                                          network->discipline == DISCIPLINE_ADAPTIVE_LIFO,
                                  .codel = network->discipline == DISCIPLINE_CODEL,
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
find_cores(Flow *flow)
{
    g_autofree double *cores = g_new(double, flow->n_pops + 1);
    traffic_cores_find(&flow->traffic, cores);
    for (uint32_t p = 0; p < flow->n_pops; p++)
        flow->pops[p].cores = cores[p];
}

static void
find_reactions(Flow *flow)
{
    traffic_reactions_find(&flow->traffic, flow->reactions);
}

static void
attach_services(Flow *flow)
{
    SimArena *arena = flow->arena;
    flow->killed = SIM_ARENA_NEW(arena, bool, flow->world->n_services);
    flow->on_failure = SIM_ARENA_NEW(arena, int, flow->world->n_services);
    for (uint32_t v = 0; v < flow->world->n_services; v++)
        flow->on_failure[v] = NEED_AS_WRITTEN;
    flow->calls = SIM_ARENA_NEW(arena, double, flow->plan->n_edges + 1);
    flow->tried = SIM_ARENA_NEW(arena, double, flow->plan->n_edges + 1);
    flow->zone_extra = SIM_ARENA_NEW(arena, double, (size_t)flow->n_pops * flow->n_zones + 1);
    flow_core_attach(flow);
    flow->front = SIM_ARENA_NEW(arena, double, flow->n_cores + 1);
    flow->front_slot = SIM_ARENA_NEW(arena, uint32_t, flow->n_cores + 1);
}

static void *
attach(Sim *sim, World *world, const PlaneOptions *options)
{
    Flow *flow = sim_attach(sim, &model);
    SimArena *arena = flow->arena = sim_arena(sim);
    flow->world = world;
    world->ops = &flow_plane_ops;
    world->plane = flow;
    flow->tick_factor = options->tick_factor > 0 ? options->tick_factor : 1;
    flow->tick = (SimTime)((double)world->spec->clock.tick * flow->tick_factor);
    flow->plan = flow_plan_new(world, arena);
    flow->n_pops = world->n_pops;
    flow->n_zones = flow->plan->n_rows - flow->plan->n_clients;
    flow->pop_scale = 1;
    traffic_init(&flow->traffic, world, flow->plan, arena);
    flow_clients_init(&flow->clients, world, flow->plan, arena);
    attach_scratch(flow);
    flow->cache_slot = SIM_ARENA_NEW(arena, uint32_t, world->n_sites);
    flow_origin_attach(flow);
    attach_caches(flow);
    flow->reactions = row_column(flow, flow->plan->n_units * world->n_conditions + 1);
    find_reactions(flow);
    flow_catchment_attach(flow);
    flow->pops = SIM_ARENA_NEW(arena, FlowPop, flow->n_pops);
    flow->was_there = row_column(flow, options->counts_sites ? 2 : 0);
    for (uint32_t p = 0; p < flow->n_pops; p++)
        attach_pop(flow, &flow->pops[p], options->counts_sites);
    find_cores(flow);
    flow->books = books_new(world, flow->plan, arena, options->duration);
    books_ways_find(flow->books, arena);
    for (uint32_t p = 0; p < flow->n_pops; p++)
        flow->books->pops[p] = &flow->pops[p].counts;
    attach_services(flow);
    flow_guard_attach(flow);
    flow_cause_attach(flow);
    flow->latency = SIM_ARENA_NEW(arena, SimHistogram, 1);
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

void
flow_advance_all(Flow *flow)
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
close_bucket(Flow *flow, SimTime now)
{
    flow_advance_all(flow);
    for (uint32_t p = 0; p < flow->n_pops; p++)
        flow_pop_plan_next(flow, p);
    flow_cause_share_out(flow);
    flow_record_close(flow, now);
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
    flow_origin_advance(flow);
    traffic_sessions_advance(&flow->traffic, now, flow->login_ok);
    memset(flow->login_ok, 0, flow->plan->stride * sizeof(double));
    flow_cause_share_out(flow);
    find_factors(flow);
    flow->ticked = now;
    if (now >= flow->books->bucket_from + sim_recorder_width(flow->books->recorder))
        close_bucket(flow, now);
    SimTime edge = flow->books->bucket_from + sim_recorder_width(flow->books->recorder);
    SimTime next = now + flow->tick;
    sim_at(sim, next < edge ? next : edge, &model, TICK, 0, 0);
}

static void
finish(void *plane)
{
    Flow *flow = plane;
    SimTime now = sim_now(flow->world->sim);
    flow_advance_all(flow);
    flow_catchment_advance(flow, now);
    if (now > flow->books->bucket_from && sim_recorder_n_closed(flow->books->recorder) <
                                              sim_recorder_n_buckets(flow->books->recorder)) {
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
        inside += pop->delays.pending + pop->entry.lost.pending + queued;
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
    bool costs_other = false;
    flow_pop_advance(flow, pop, now_of(flow));
    for (uint32_t u = 0; u < flow->plan->n_units; u++) {
        const FlowUnit *unit = &flow->plan->units[u];
        Behaviour *does = &flow->pops[pop].behaviour[u];
        if (unit->service != service || unit->cohort != cohort)
            continue;
        costs_other |= does->burn_cpu != behaviour->burn_cpu;
        *does = *behaviour;
    }
    if (costs_other)
        flow_pop_reweigh(flow, pop);
    flow_pop_refresh(flow, pop);
}

static void
crash(void *plane, uint32_t host, uint32_t pop, uint32_t cohort, double share, uint32_t cause)
{
    Flow *flow = plane;
    (void)cause;
    flow_pop_advance(flow, pop, now_of(flow));
    flow_pop_drop(flow, pop, share * world_cohort_share(flow->world, host, cohort));
}

void
flow_refresh_all(Flow *flow)
{
    for (uint32_t p = 0; p < flow->n_pops; p++)
        flow_pop_refresh(flow, p);
    flow->core_version++;
}

/* After a switch, for those too who wait. */
static void
rebuild(Flow *flow)
{
    flow_plan_build(flow->plan, flow->world, flow->killed, flow->on_failure);
    find_reactions(flow);
    for (uint32_t p = 0; p < flow->n_pops; p++)
        flow_pop_reweigh(flow, p);
    flow_refresh_all(flow);
}

static void
kill_switch_set(void *plane, uint32_t service, bool killed, uint32_t cause)
{
    Flow *flow = plane;
    (void)cause;
    flow_advance_all(flow);
    flow->killed[service] = killed;
    rebuild(flow);
}

static void
need_set(void *plane, uint32_t service, int on_failure, uint32_t cause)
{
    Flow *flow = plane;
    (void)cause;
    SIM_ASSERT(on_failure == NEED_AS_WRITTEN || flow_plan_may_switch(flow->world, service));
    SIM_ASSERT(on_failure != NEED_FALLBACK);
    flow_advance_all(flow);
    flow->on_failure[service] = on_failure;
    rebuild(flow);
}

static void
front_set(void *plane, uint32_t service, uint32_t cohort, uint32_t cause)
{
    Flow *flow = plane;
    (void)cause;
    flow_advance_all(flow);
    flow->traffic.front_cohort[service] = cohort;
    traffic_shares_find(&flow->traffic);
    flow_refresh_all(flow);
}

static void
capacity_set(void *plane, uint32_t service, double factor, uint32_t cause)
{
    Flow *flow = plane;
    flow_advance_all(flow);
    if (flow->core_of[service] == SIM_NONE) {
        flow->pop_scale = factor;
        flow->scale_slot = factor < 1 ? books_cause_slot(flow->books, cause) : 0;
        flow_refresh_all(flow);
        return;
    }
    FlowCore *core = &flow->cores[flow->core_of[service]];
    core->factor = factor;
    core->capacity_slot = factor < 1 ? books_cause_slot(flow->books, cause) : 0;
}

static void
station_drop(void *plane, uint32_t service, uint32_t cause)
{
    Flow *flow = plane;
    SIM_ASSERT(flow->core_of[service] != SIM_NONE);
    FlowCore *core = &flow->cores[flow->core_of[service]];
    flow_advance_all(flow);
    flow_station_drop(&core->station, flow->ticked, 1, core->given_up);
    if (core->backlog_slot == 0)
        core->backlog_slot = books_cause_slot(flow->books, cause);
}

static void
halt_set(void *plane, uint32_t service, bool halted, uint32_t cause)
{
    Flow *flow = plane;
    flow_advance_all(flow);
    if (flow->core_of[service] == SIM_NONE) {
        for (uint32_t p = 0; p < flow->n_pops; p++)
            flow->pops[p].is_halted = halted;
        flow->halt_slot = halted ? books_cause_slot(flow->books, cause) : 0;
        flow_refresh_all(flow);
        return;
    }
    FlowCore *core = &flow->cores[flow->core_of[service]];
    core->is_halted = halted;
    core->capacity_slot = halted ? books_cause_slot(flow->books, cause) : 0;
}

static void
demand_set(void *plane, uint32_t site, double factor, double limit, uint32_t cause)
{
    Flow *flow = plane;
    flow_advance_all(flow);
    bool is_surge = traffic_is_surge(&flow->traffic, site, factor);
    flow->traffic.surge[site] = factor;
    flow->traffic.limit[site] = limit;
    flow->traffic.limit_slot[site] = limit < 0 ? 0 : books_cause_slot(flow->books, cause);
    flow->traffic.surge_slot[site] = is_surge ? books_cause_slot(flow->books, cause) : 0;
    find_factors(flow);
    flow_refresh_all(flow);
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
            flow->cache_slot[s] = books_cause_slot(flow->books, cause);
}

static PlaneCounts
counts(const void *plane, uint32_t pop)
{
    const Flow *flow = plane;
    return (PlaneCounts){.offered = llround(flow->pops[pop].counts.offered),
                         .failed = llround(flow->pops[pop].counts.failed)};
}

static PlaneMeans
means(const void *plane, uint32_t pop)
{
    const BooksPop *counts = &((const Flow *)plane)->pops[pop].counts;
    return (PlaneMeans){.offered = counts->offered, .failed = counts->failed};
}

static PlaneCounts
site_counts(const void *plane, uint32_t pop, uint32_t site)
{
    const FlowPop *at = &((const Flow *)plane)->pops[pop];
    SIM_ASSERT(at->site_offered);
    return (PlaneCounts){.offered = llround(at->site_offered[site]),
                         .failed = llround(at->site_failed[site])};
}

static const Books *
books(const void *plane)
{
    return ((const Flow *)plane)->books;
}

static double
cores(const void *plane, uint32_t pop)
{
    return ((const Flow *)plane)->pops[pop].cores;
}

static uint64_t
steps(const void *plane)
{
    return ((const Flow *)plane)->pop_steps;
}

const PlaneOps flow_plane_ops = {
    .name = "flow",
    .attach = attach,
    .finish = finish,
    .books = books,
    .cores = cores,
    .steps = steps,
    .behaviour_set = behaviour_set,
    .crash = crash,
    .kill_switch_set = kill_switch_set,
    .front_set = front_set,
    .capacity_set = capacity_set,
    .station_drop = station_drop,
    .halt_set = halt_set,
    .demand_set = demand_set,
    .catchment_moved = flow_catchment_moved,
    .cache_keep = cache_keep,
    .impair_set = flow_impair_set,
    .entry_set = flow_entry_set,
    .origin_set = flow_origin_set,
    .need_set = need_set,
    .counts = counts,
    .means = means,
    .site_counts = site_counts,
};
