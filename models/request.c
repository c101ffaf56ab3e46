#include "models/request.h"
#include "models/request_sample.h"

#include <math.h>
#include <string.h>

enum { TICK };
static void on_tick(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);
static const SimKind kinds[] = {[TICK] = {"request.tick", on_tick}};
static const SimModelOps model = {.name = "request",
                                  .state_size = sizeof(RequestPlane),
                                  .kinds = kinds,
                                  .n_kinds = G_N_ELEMENTS(kinds),
                                  .verify = verify};

/* rates ------------------------------------------------------------------------------------- */

static void
read_demand(RequestPlane *plane, RequestPop *pop, SimTime at)
{
    traffic_demand_read(&plane->traffic, pop->index, at, pop->demand);
}

static void
set_all_demand(RequestPlane *plane, SimTime now)
{
    /* The mean of the coming period stands for it. */
    for (uint32_t p = 0; p < plane->n_kept; p++)
        read_demand(plane, &plane->pops[p], now + TRAFFIC_DEMAND_PERIOD / 2);
    if (plane->n_kept == plane->world->n_pops)
        read_demand(plane, &plane->pops[plane->n_kept], now + TRAFFIC_DEMAND_PERIOD / 2);
    plane->demand_until = now + TRAFFIC_DEMAND_PERIOD;
}

static void
set_rates(RequestPlane *plane)
{
    for (uint32_t p = 0; p < plane->n_pops; p++)
        request_pop_rates_set(plane, &plane->pops[p]);
}

/* What people ask for at the kept PoPs, of the whole network: a limit is one for all of it. */
static void
find_factors(RequestPlane *plane)
{
    const Traffic *traffic = &plane->traffic;
    traffic_factors_find(&plane->traffic);
    for (uint32_t r = 0; r < plane->plan->n_clients; r++) {
        uint32_t site = plane->plan->rows[r].site;
        double fresh = 0, again = 0;
        plane->asked[r] = 0;
        if (traffic->limit[site] < 0)
            continue;
        for (uint32_t p = 0; p < plane->n_pops; p++) {
            fresh += plane->pops[p].demand[r];
            again += plane->pops[p].orbit[r];
        }
        plane->asked[r] =
            (fresh * traffic->share_now[r] * traffic->factor[r] + again / plane->rows[r].reload_s) /
            plane->site_share[site];
    }
    traffic_limits_find(&plane->traffic, plane->asked);
    set_rates(plane);
}

/* time -------------------------------------------------------------------------------------- */

/*
 * What is central goes on to `end` when no PoP can still send it anything that arrives by then;
 * a PoP that is asked to go on does so for as long as nothing new can reach it from there.
 */
static void
advance(RequestPlane *plane, SimTime to)
{
    while (plane->at < to) {
        SimTime end = to - plane->at < plane->reach ? to : plane->at + plane->reach;
        for (uint32_t p = 0; p < plane->n_pops; p++) {
            SimTime way = plane->pop_way[p];
            if (plane->pop_at[p] + way >= end && end < to)
                continue;
            SimTime until = to - plane->at < way ? to : plane->at + way;
            request_pop_advance(plane, &plane->pops[p], until);
            plane->pop_at[p] = until;
        }
        request_core_advance(plane, end);
        plane->at = end;
    }
    for (uint32_t p = 0; p < plane->n_pops; p++) {
        request_pop_advance(plane, &plane->pops[p], to);
        plane->pop_at[p] = to;
    }
}

void
request_advance_to_now(RequestPlane *plane)
{
    advance(plane, sim_now(plane->world->sim));
}

static void
advance_sessions(RequestPlane *plane, SimTime now)
{
    for (uint32_t r = 0; r < plane->plan->n_clients; r++)
        plane->login_ok[r] /= plane->site_share[plane->plan->rows[r].site];
    traffic_sessions_advance(&plane->traffic, now, plane->login_ok);
    memset(plane->login_ok, 0, plane->plan->stride * sizeof(double));
}

static void
close_bucket(RequestPlane *plane, SimTime now)
{
    request_record_close(plane, now);
    if (now >= plane->demand_until)
        set_all_demand(plane, now);
}

static void
on_tick(Sim *sim, void *state, SimEvent event)
{
    RequestPlane *plane = state;
    SimTime now = sim_now(sim);
    (void)event;
    advance(plane, now);
    request_record_take(plane);
    for (uint32_t p = 0; p < plane->n_kept; p++) {
        request_pop_tick(plane, &plane->pops[p]);
        request_cpu_settle(plane, &plane->pops[p], now);
        request_cache_tick(plane, &plane->pops[p]);
    }
    request_core_tick(plane);
    request_guard_tick(plane, now, sim_seconds(now - plane->ticked));
    plane->ticked = now;
    advance_sessions(plane, now);
    if (now >= books_bucket_end(plane->books))
        close_bucket(plane, now);
    find_factors(plane);
    plane->complaint = request_exhausted(plane);
    if (plane->complaint)
        sim_stop(sim);
    SimTime edge = books_bucket_end(plane->books), next = now + plane->tick;
    sim_at(sim, next < edge ? next : edge, &model, TICK, 0, 0);
}

static void
finish(void *state)
{
    RequestPlane *plane = state;
    SimTime now = sim_now(plane->world->sim);
    advance(plane, now);
    if (now > plane->books->bucket_from && sim_recorder_n_closed(plane->books->recorder) <
                                               sim_recorder_n_buckets(plane->books->recorder))
        request_record_close(plane, now);
}

/* attaching --------------------------------------------------------------------------------- */

static void
attach_rows(RequestPlane *plane)
{
    SimArena *arena = plane->arena;
    uint32_t n = plane->plan->stride;
    plane->passed = SIM_ARENA_NEW(arena, uint64_t, n);
    plane->passed_miss = SIM_ARENA_NEW(arena, uint64_t, n);
    plane->login_ok = SIM_ARENA_NEW(arena, double, n);
    plane->asked = SIM_ARENA_NEW(arena, double, n);
    plane->rates = SIM_ARENA_NEW(arena, double, n);
    plane->stack = SIM_ARENA_NEW(arena, uint32_t, 2 * (size_t)n);
    plane->killed = SIM_ARENA_NEW(arena, bool, plane->world->n_services);
    plane->origin_failed = SIM_ARENA_NEW(arena, double, plane->world->n_sites);
    request_fault_attach(plane);
}

static void
attach_sample(RequestPlane *plane, uint32_t keep)
{
    const World *world = plane->world;
    RequestSample sample = request_sample_new(&plane->traffic, plane->arena, keep);
    plane->n_kept = sample.n_pops;
    plane->n_pops = sample.n_pops + 1; /* and the place of users who reach none */
    plane->kept_share = sample.share;
    plane->site_share = sample.site_share;
    plane->service_share = sample.service_share;
    plane->pops = SIM_ARENA_NEW(plane->arena, RequestPop, plane->n_pops);
    plane->kept_of = SIM_ARENA_NEW(plane->arena, uint32_t, world->n_pops);
    for (uint32_t p = 0; p < world->n_pops; p++)
        plane->kept_of[p] = SIM_NONE;
    for (uint32_t i = 0; i < sample.n_pops; i++) {
        plane->kept_of[sample.pops[i]] = i;
        plane->pops[i].index = sample.pops[i];
        plane->books->pops[sample.pops[i]] = &plane->pops[i].counts;
    }
}

static void
attach_services(RequestPlane *plane)
{
    const World *world = plane->world;
    uint32_t n = 0;
    plane->core_of = SIM_ARENA_NEW(plane->arena, uint32_t, world->n_services);
    for (uint32_t v = 0; v < world->n_services; v++)
        plane->core_of[v] = world_service(world, v)->placement == PLACEMENT_POP ? SIM_NONE : n++;
    request_core_attach(plane);
    request_plan_attach(plane);
    request_core_settle(plane);
    for (uint32_t i = 0; i < plane->n_cores; i++)
        for (uint32_t r = 0; plane->cores[i].service == SIM_NONE && r < plane->plan->n_clients; r++)
            if (plane->rows[r].site == plane->cores[i].site)
                plane->rows[r].origin = i;
}

static void
attach_pops(RequestPlane *plane, const double *cores)
{
    const NetworkSpec *network = &plane->world->spec->network;
    plane->may_schedule = network->discipline == DISCIPLINE_FIFO && network->queue <= 0 &&
                          network->limit.kind == LIMITER_NONE && !network->deadlines;
    plane->pop_scale = 1;
    for (uint32_t i = 0; i < plane->n_kept; i++) {
        uint32_t index = plane->pops[i].index;
        request_pop_attach(plane, &plane->pops[i], index, i, cores[index]);
    }
    request_pop_attach(plane, &plane->pops[plane->n_kept], SIM_NONE, plane->n_kept, 0);
}

static void *
attach(Sim *sim, World *world, const PlaneOptions *options)
{
    RequestPlane *plane = sim_attach(sim, &model);
    plane->arena = sim_arena(sim);
    plane->world = world;
    world->ops = &request_plane_ops;
    world->plane = plane;
    double factor = options->tick_factor > 0 ? options->tick_factor : 1;
    plane->tick = (SimTime)((double)world->spec->clock.tick * factor);
    plane->log = options->log;
    plane->traces = options->traces;
    plane->counts_sites = options->counts_sites;
    plane->has_fast_path = !options->has_no_fast_path && !options->log;
    plane->plan = flow_plan_new(world, plane->arena);
    traffic_init(&plane->traffic, world, plane->plan, plane->arena);
    plane->books = books_new(world, plane->plan, plane->arena, options->duration);
    books_ways_find(plane->books, plane->arena);
    attach_rows(plane);
    attach_sample(plane, options->sample_pops);
    request_record_attach(plane);
    attach_services(plane);
    g_autofree double *cores = g_new(double, world->n_pops + 1);
    traffic_cores_find(&plane->traffic, cores);
    if (!request_check(plane, cores, options->messages))
        return NULL;
    request_cache_attach(plane);
    attach_pops(plane, cores);
    request_guard_attach(plane);
    set_all_demand(plane, 0);
    find_factors(plane);
    sim_at(sim, plane->tick, &model, TICK, 0, 0);
    return plane;
}

/* invariants -------------------------------------------------------------------------------- */

static uint64_t
people_at(const RequestPlane *plane, const RequestPop *pop)
{
    uint64_t n = 0;
    for (uint32_t r = 0; r < plane->plan->n_clients; r++)
        n += pop->orbit[r];
    for (uint32_t i = 0; i < pop->n_requests; i++) {
        const Request *row = &pop->requests[i];
        bool is_client =
            row->row < plane->plan->n_clients && row->parent == SIM_NONE && row->caller == SIM_NONE;
        n += row->state != REQUEST_FREE && is_client && !row->is_orphan;
    }
    return n;
}

/* Everybody who entered was served, blocked, has given up, waits, or is on the way. */
void
request_verify(const RequestPlane *plane)
{
    uint64_t inside = 0, passed = 0;
    for (uint32_t p = 0; p < plane->n_pops; p++)
        inside += people_at(plane, &plane->pops[p]);
    for (uint32_t r = 0; r < plane->plan->n_clients; r++)
        passed += plane->passed[r];
    SIM_ASSERT(plane->entered == plane->left + passed + inside);
    for (uint32_t p = 0; p < plane->n_kept; p++)
        for (uint32_t q = 0; q < plane->pops[p].n_queues && !plane->pops[p].is_scheduled; q++)
            station_verify(&plane->pops[p].stations[q], plane->pops[p].jobs);
}

static void
verify(const Sim *sim, const void *state)
{
    (void)sim;
    request_verify(state);
}

/* the plane's operations -------------------------------------------------------------------- */

static void
behaviour_set(void *state, uint32_t service, uint32_t pop, uint32_t cohort,
              const Behaviour *behaviour)
{
    RequestPlane *plane = state;
    request_advance_to_now(plane);
    if (plane->kept_of[pop] == SIM_NONE)
        return;
    RequestPop *at = &plane->pops[plane->kept_of[pop]];
    bool is_gone = false;
    for (uint32_t u = 0; u < plane->plan->n_units; u++) {
        const FlowUnit *unit = &plane->plan->units[u];
        if (unit->service != service || unit->cohort != cohort)
            continue;
        is_gone |= behaviour->refused && !at->behaviour[u].refused;
        at->behaviour[u] = *behaviour;
        at->unit_slot[u] = (uint8_t)books_cause_slot(plane->books, behaviour->cause);
        at->stuck_slot[u] = (uint8_t)books_cause_slot(plane->books, behaviour->stuck_cause);
    }
    request_cpu_refresh(plane, at, plane->at);
    /* What was tried again before this was known finds nobody either. */
    const RequestCrash rest = {.host = service,
                               .cohort = cohort,
                               .share = 1,
                               .slot = books_cause_slot(plane->books, behaviour->cause)};
    if (is_gone && plane->world->host[service] == service)
        request_cpu_crash(plane, at, &rest, plane->at);
}

static void
crash(void *state, uint32_t host, uint32_t pop, uint32_t cohort, double share, uint32_t cause)
{
    RequestPlane *plane = state;
    const RequestCrash what = {.host = host,
                               .cohort = cohort,
                               .share = share,
                               .slot = books_cause_slot(plane->books, cause)};
    request_advance_to_now(plane);
    if (plane->kept_of[pop] != SIM_NONE)
        request_cpu_crash(plane, &plane->pops[plane->kept_of[pop]], &what, plane->at);
}

static void
refresh_pops(RequestPlane *plane)
{
    for (uint32_t p = 0; p < plane->n_kept; p++)
        request_cpu_refresh(plane, &plane->pops[p], plane->at);
}

static void
kill_switch_set(void *state, uint32_t service, bool killed, uint32_t cause)
{
    RequestPlane *plane = state;
    (void)cause;
    request_advance_to_now(plane);
    plane->killed[service] = killed;
    flow_plan_build(plane->plan, plane->world, plane->killed, NULL);
    request_plan_refresh(plane);
    refresh_pops(plane);
}

static void
front_set(void *state, uint32_t service, uint32_t cohort, uint32_t cause)
{
    RequestPlane *plane = state;
    (void)cause;
    request_advance_to_now(plane);
    plane->traffic.front_cohort[service] = cohort;
    traffic_shares_find(&plane->traffic);
}

static void
capacity_set(void *state, uint32_t service, double factor, uint32_t cause)
{
    RequestPlane *plane = state;
    uint32_t slot = factor < 1 ? books_cause_slot(plane->books, cause) : 0;
    request_advance_to_now(plane);
    if (plane->core_of[service] == SIM_NONE) {
        plane->pop_scale = factor;
        plane->scale_slot = slot;
        refresh_pops(plane);
        return;
    }
    RequestCore *core = &plane->cores[plane->core_of[service]];
    core->factor = factor;
    core->capacity_slot = slot;
    request_core_refresh(plane, core, plane->at);
}

static void
station_drop(void *state, uint32_t service, uint32_t cause)
{
    RequestPlane *plane = state;
    (void)cause; /* those who wait are lost to what made them wait */
    request_advance_to_now(plane);
    SIM_ASSERT(plane->core_of[service] != SIM_NONE);
    request_core_forget(plane, &plane->cores[plane->core_of[service]], plane->at);
}

static void
halt_set(void *state, uint32_t service, bool halted, uint32_t cause)
{
    RequestPlane *plane = state;
    uint32_t slot = halted ? books_cause_slot(plane->books, cause) : 0;
    request_advance_to_now(plane);
    if (plane->core_of[service] == SIM_NONE) {
        plane->halt_slot = slot;
        for (uint32_t p = 0; p < plane->n_kept; p++)
            plane->pops[p].is_halted = halted;
        refresh_pops(plane);
        return;
    }
    RequestCore *core = &plane->cores[plane->core_of[service]];
    core->is_halted = halted;
    core->capacity_slot = slot;
    request_core_refresh(plane, core, plane->at);
}

static void
demand_set(void *state, uint32_t site, double factor, double limit, uint32_t cause)
{
    RequestPlane *plane = state;
    Traffic *traffic = &plane->traffic;
    uint32_t slot = books_cause_slot(plane->books, cause);
    request_advance_to_now(plane);
    traffic->surge[site] = factor;
    traffic->limit[site] = limit;
    traffic->limit_slot[site] = limit < 0 ? 0 : slot;
    traffic->surge_slot[site] = traffic_is_surge(traffic, site, factor) ? slot : 0;
    find_factors(plane);
}

/* catchments -------------------------------------------------------------------------------- */

static RequestPop *
place_of(RequestPlane *plane, uint32_t pop)
{
    return &plane->pops[pop == SIM_NONE ? plane->n_kept : plane->kept_of[pop]];
}

static void
count_guests(RequestPlane *plane, uint32_t pop, int64_t change, uint32_t cause)
{
    if (pop == SIM_NONE || change == 0)
        return;
    RequestPop *host = place_of(plane, pop);
    host->n_guests += change;
    if (change > 0)
        host->guest_slot = books_cause_slot(plane->books, cause);
    else if (host->n_guests == 0)
        host->guest_slot = 0;
}

static void
move_mark(RequestPlane *plane, RequestPop *from, RequestPop *to, uint32_t row, uint32_t mark,
          double share)
{
    uint32_t *marks = &from->marks[row * BOOKS_CAUSES + mark];
    uint32_t n = (uint32_t)sim_rng_binomial(&from->reload, *marks, share);
    *marks -= n;
    from->orbit[row] -= n;
    request_orbit_add(plane, from, row, -(double)n, plane->at);
    to->marks[row * BOOKS_CAUSES + mark] += n;
    to->orbit[row] += n;
    request_orbit_add(plane, to, row, n, plane->at);
}

/* Those who wait move with the fresh demand, as much of them as of it. */
static void
move_people(RequestPlane *plane, RequestPop *from, RequestPop *to, const double *before)
{
    for (uint32_t r = 0; r < plane->plan->n_clients; r++) {
        double share = before[r] > 0 ? 1 - from->demand[r] / before[r] : 0;
        for (uint32_t c = 0; from->orbit[r] > 0 && c < BOOKS_CAUSES; c++)
            if (from->marks[r * BOOKS_CAUSES + c])
                move_mark(plane, from, to, r, c, fmin(1, fmax(0, share)));
    }
}

static void
catchment_moved(void *state, uint32_t group, const CatchmentMove *move)
{
    RequestPlane *plane = state;
    SIM_ASSERT(plane->n_kept == plane->world->n_pops);
    request_advance_to_now(plane);
    RequestPop *old = place_of(plane, move->from), *new = place_of(plane, move->to);
    SimTime at = plane->at + TRAFFIC_DEMAND_PERIOD / 2;
    /* The same moment before and after, or the hour would move people too. */
    read_demand(plane, old, at);
    memcpy(plane->asked, old->demand, plane->plan->n_clients * sizeof(double));
    demand_move(plane->traffic.demand, group, move->metro, move->from, move->to, move->parts);
    count_guests(plane, move->from, -(int64_t)move->guests_out, move->cause);
    count_guests(plane, move->to, move->guests_in, move->cause);
    if (move->to == SIM_NONE)
        new->overload_slot = books_cause_slot(plane->books, move->cause);
    read_demand(plane, old, at);
    read_demand(plane, new, at);
    move_people(plane, old, new, plane->asked);
    request_pop_rates_set(plane, old);
    request_pop_rates_set(plane, new);
}

static void
cache_keep(void *state, uint32_t pop, uint32_t site, double kept, uint32_t cause)
{
    RequestPlane *plane = state;
    request_advance_to_now(plane);
    for (uint32_t p = 0; p < plane->n_kept; p++)
        if (pop == SIM_NONE || plane->pops[p].index == pop)
            request_cache_keep(plane, &plane->pops[p], site, kept);
    for (uint32_t s = 0; s < plane->world->n_sites; s++)
        if (site == SIM_NONE || s == site)
            plane->cache_slot[s] = books_cause_slot(plane->books, cause);
}

static PlaneCounts
counts(const void *state, uint32_t pop)
{
    const RequestPlane *plane = state;
    if (plane->kept_of[pop] == SIM_NONE)
        return (PlaneCounts){0};
    const RequestPop *at = &plane->pops[plane->kept_of[pop]];
    return (PlaneCounts){.offered = llround(at->counts.offered) + (int64_t)at->passed,
                         .failed = llround(at->counts.failed)};
}

static PlaneCounts
site_counts(const void *state, uint32_t pop, uint32_t site)
{
    const RequestPlane *plane = state;
    SIM_ASSERT(plane->counts_sites);
    if (plane->kept_of[pop] == SIM_NONE)
        return (PlaneCounts){0};
    const RequestPop *at = &plane->pops[plane->kept_of[pop]];
    return (PlaneCounts){.offered = (int64_t)at->site_offered[site],
                         .failed = (int64_t)at->site_failed[site]};
}

static const Books *
books(const void *state)
{
    return ((const RequestPlane *)state)->books;
}

static double
cores(const void *state, uint32_t pop)
{
    const RequestPlane *plane = state;
    uint32_t kept = plane->kept_of[pop];
    return kept == SIM_NONE ? 0 : plane->pops[kept].cores;
}

static uint64_t
steps(const void *state)
{
    return ((const RequestPlane *)state)->attempts;
}

static const char *
complaint(const void *state)
{
    return ((const RequestPlane *)state)->complaint;
}

static PlaneKept
kept(const void *state)
{
    const RequestPlane *plane = state;
    uint32_t n_cached = 0;
    for (uint32_t s = 0; s < plane->world->n_sites; s++)
        n_cached += plane->curves[s] != NULL;
    return (PlaneKept){.n_pops = plane->n_kept,
                       .share = plane->kept_share,
                       .n_caches_keyed = plane->n_keyed,
                       .n_caches = n_cached};
}

const PlaneOps request_plane_ops = {
    .name = "request",
    .attach = attach,
    .finish = finish,
    .behaviour_set = behaviour_set,
    .crash = crash,
    .kill_switch_set = kill_switch_set,
    .front_set = front_set,
    .capacity_set = capacity_set,
    .station_drop = station_drop,
    .halt_set = halt_set,
    .demand_set = demand_set,
    .catchment_moved = catchment_moved,
    .cache_keep = cache_keep,
    .impair_set = request_impair_set,
    .entry_set = request_entry_set,
    .origin_set = request_origin_set,
    .need_set = request_need_set,
    .counts = counts,
    .site_counts = site_counts,
    .books = books,
    .cores = cores,
    .steps = steps,
    .complaint = complaint,
    .kept = kept,
    .latencies = request_latencies,
};
