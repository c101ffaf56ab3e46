#include "models/flow.h"
#include "sim/elementary.h"

#include <math.h>
#include <string.h>

static void
add_active(const Flow *flow, FlowPop *pop, FlowActive active)
{
    if (active.chance <= 0)
        return;
    SIM_ASSERT(pop->n_active < flow->active_max);
    pop->active[pop->n_active++] = active;
}

static void
activate_unit(Flow *flow, FlowPop *pop, const FlowTerm *term)
{
    const FlowUnit *unit = &flow->plan->units[term->index];
    const Behaviour *does = &pop->behaviour[term->index];
    const ServiceSpec *service = world_service(flow->world, unit->service);
    const ServiceSpec *host = world_service(flow->world, flow->world->host[unit->service]);
    FlowActive active = {.weight = term->weight, .service = unit->service};
    active.error_cpu = sim_seconds(service->error_cpu ? service->error_cpu : host->error_cpu);
    bool own = term->outcome == OUTCOME_NONE;
    uint32_t first = pop->n_active;
    active.slot = books_cause_slot(flow->books, does->cause);
    double left = does->refused ? 0 : 1;
    active.chance = 1 - left;
    active.outcome = (uint8_t)(term->is_stale ? OUTCOME_STALE : own ? OUTCOME_502 : term->outcome);
    active.is_free = true;
    add_active(flow, pop, active);
    active.is_free = false;
    active.chance = left * does->panic;
    left *= 1 - does->panic;
    active.is_joined = pop->n_active > first;
    active.outcome = (uint8_t)(term->is_stale ? OUTCOME_STALE : own ? OUTCOME_500 : term->outcome);
    add_active(flow, pop, active);
    active.chance = left * does->errors;
    active.is_joined = pop->n_active > first;
    active.slot = books_cause_slot(flow->books, does->stuck_cause);
    active.is_free = does->errors >= 1 && does->speed <= 0;
    if (own && !term->is_stale)
        active.outcome = (uint8_t)service->outcome;
    add_active(flow, pop, active);
}

/* What sites block by their own rules while a unit is degraded. */
static void
activate_degraded(Flow *flow, FlowPop *pop, uint32_t unit)
{
    const Behaviour *does = &pop->behaviour[unit];
    if (does->degrade == SIM_NONE)
        return;
    const double *weight =
        flow->reactions +
        ((size_t)unit * flow->world->n_conditions + does->degrade) * flow->plan->stride;
    add_active(flow, pop,
               (FlowActive){.weight = weight,
                            .chance = 1,
                            .slot = books_cause_slot(flow->books, does->cause),
                            .service = flow->plan->units[unit].service,
                            .outcome = OUTCOME_BLOCKED});
}

/* Who would wait for a unit longer than his time-out gives up: told at once, in the fluid. */
static void
activate_late(Flow *flow, FlowPop *pop, uint32_t u)
{
    const Behaviour *does = &pop->behaviour[u];
    const FlowUnit *unit = &flow->plan->units[u];
    uint32_t n = flow->plan->stride;
    bool any = false;
    if (does->delay <= 0)
        return;
    if (!pop->late)
        pop->late = SIM_ARENA_NEW(flow->arena, double, (size_t)flow->plan->n_units *n);
    for (uint32_t r = 0; r < flow->plan->n_rows; r++) {
        bool is_late = does->delay > flow->clients.timeout[r];
        pop->late[(size_t)u * n + r] = is_late ? unit->calls[r] : 0;
        any |= is_late && unit->calls[r] > 0;
    }
    pop->has_delay = true;
    add_active(flow, pop,
               (FlowActive){.weight = pop->late + (size_t)u * n,
                            .chance = any,
                            .slot = books_cause_slot(flow->books, does->cause),
                            .service = unit->service,
                            .outcome = OUTCOME_TIMEOUT});
}

static bool
is_attacked(const Flow *flow, const FlowTerm *term)
{
    for (uint32_t r = flow->plan->n_people; r < flow->plan->n_clients; r++)
        if (term->weight[r] > 0 && flow->traffic.surge[flow->plan->rows[r].site] > 0)
            return true;
    return false;
}

/* An attack is seen through where the unit works; is_joined: its failures come just before. */
static void
activate_block(Flow *flow, FlowPop *pop, const FlowTerm *term, bool is_joined)
{
    const Behaviour *does = &pop->behaviour[term->index];
    double works = does->refused ? 0 : (1 - does->panic) * (1 - does->errors);
    if (does->degrade != SIM_NONE || !is_attacked(flow, term))
        return;
    add_active(flow, pop,
               (FlowActive){.weight = term->weight,
                            .spared = term->spared,
                            .chance = works,
                            .service = flow->plan->units[term->index].service,
                            .outcome = OUTCOME_BLOCKED,
                            .is_joined = is_joined});
}

/* Factor on the calls that a PoP service makes for a row. */
static double
calls_factor(const Flow *flow, const FlowPop *pop, uint32_t service, uint32_t row)
{
    const World *world = flow->world;
    const FlowRow *of = &flow->plan->rows[row];
    uint32_t entry =
        of->site == SIM_NONE ? world_service(world, of->service)->front.service : of->service;
    bool is_same = world->host[entry] == world->host[service];
    double factor = 0;
    for (uint32_t u = 0; u < flow->plan->n_units; u++) {
        const FlowUnit *unit = &flow->plan->units[u];
        if (unit->service != service)
            continue;
        double share =
            is_same ? unit->cohort == of->cohort : world_cohort_share(world, service, unit->cohort);
        factor += share * pop->behaviour[u].calls;
    }
    return factor;
}

static void
find_calls_factors(Flow *flow, FlowPop *pop)
{
    const FlowPlan *plan = flow->plan;
    pop->has_more_calls = false;
    for (uint32_t u = 0; u < plan->n_units; u++)
        pop->has_more_calls |= pop->behaviour[u].calls != 1;
    if (!pop->has_more_calls)
        return;
    if (!pop->more_calls)
        pop->more_calls = SIM_ARENA_NEW(flow->arena, double, plan->n_calls_max + 1);
    for (uint32_t i = 0; i < plan->n_calls; i++)
        pop->more_calls[i] = 1;
    for (uint32_t i = 0; i < plan->n_owned; i++) {
        const FlowOwned *owned = &plan->owned[i];
        double factor = calls_factor(flow, pop, owned->service, owned->row);
        pop->more_calls[owned->call] +=
            (factor - 1) * owned->per_request / plan->calls[owned->call].per_request;
    }
}

static void
find_speed(Flow *flow, FlowPop *pop)
{
    pop->overload_slot = 0;
    pop->is_burning = false;
    for (uint32_t u = 0; u < flow->plan->n_units; u++) {
        const Behaviour *does = &pop->behaviour[u];
        pop->is_burning |= does->burn_cpu != 1;
        if (does->burn_cpu != 1 || does->speed < 1)
            pop->overload_slot = books_cause_slot(flow->books, does->cause);
    }
    pop->speed = plane_speed(flow->world, flow->plan, pop->behaviour);
}

void
flow_terms_refresh(Flow *flow, FlowPop *pop)
{
    uint32_t unit = SIM_NONE, before = 0; /* whose failures came last, from where on */
    pop->n_active = 0;
    for (uint32_t i = 0; i < flow->plan->n_terms; i++) {
        const FlowTerm *term = &flow->plan->terms[i];
        if (term->source == FLOW_UNIT) {
            unit = term->index;
            before = pop->n_active;
            activate_unit(flow, pop, term);
        } else if (term->source == FLOW_BLOCK) {
            activate_block(flow, pop, term, unit == term->index && pop->n_active > before);
        }
    }
    for (uint32_t u = 0; u < flow->plan->n_units; u++)
        activate_degraded(flow, pop, u);
    pop->has_delay = false;
    for (uint32_t u = 0; u < flow->plan->n_units; u++)
        activate_late(flow, pop, u);
    find_calls_factors(flow, pop);
    find_speed(flow, pop);
}

/* Takes each term's part of what the terms before it have left; joined ones share one base. */
FLOW_COLUMNS static void
apply_terms(FlowStep *step, uint32_t first)
{
    Flow *flow = step->flow;
    double *restrict survive = flow->survive, *restrict base = flow->attempts;
    for (uint32_t a = first; a < step->n_active; a++) {
        const double *restrict weight = flow->active[a].weight;
        double *restrict portion = flow_column(flow->portion, step, a);
        double chance = flow->active[a].chance;
        if (!flow->active[a].is_joined)
            memcpy(base, survive, step->n * sizeof(double));
        FLOW_APART
        for (uint32_t r = 0; r < step->n; r++) {
            portion[r] = base[r] * weight[r] * chance;
            survive[r] -= portion[r];
        }
    }
}

/* Failed share of calls to each fronted service that the edge itself loses here, and whose fault.
 */
static void
find_front_failures(const FlowStep *step)
{
    const Flow *flow = step->flow;
    const FlowPop *pop = step->pop;
    for (uint32_t k = 0; k < flow->n_cores; k++) {
        uint32_t service = flow->cores[k].service, first = flow->plan->zone_first[service];
        double failed = 0, most = 0;
        for (uint32_t r = first;
             first != SIM_NONE && r < flow->plan->n_rows && flow->plan->rows[r].service == service;
             r++) {
            uint32_t zone = r - flow->plan->n_clients;
            double part = flow->traffic.share_now[r] * pop->zone_failed[zone];
            failed += part;
            if (part > most) {
                most = part;
                flow->front_slot[k] = pop->zone_slot[zone];
            }
        }
        flow->front[k] = failed;
    }
}

FlowCalls
flow_terms_calls(const FlowStep *step, const FlowEdge *edge)
{
    const Flow *flow = step->flow;
    uint32_t core = flow->core_of[edge->service];
    return (FlowCalls){.need = edge->guarded,
                       .target = core,
                       .front = flow->front[core],
                       .front_slot = flow->front_slot[core],
                       .from = step->from,
                       .to = step->to};
}

/* Any of the calls of a request fails; each fails with chance `failed`. */
static double
any_of(const FlowEdge *edge, double failed)
{
    return edge->each != 1 && failed < 1 ? 1 - sim_pow(1 - failed, edge->each) : failed;
}

static double
guarded_failed(const Flow *flow, const FlowPop *pop, const FlowEdge *edge, double *ret_front,
               double *ret_refused)
{
    const FlowGuard *guard = &pop->guards[edge->guard];
    double refused = 1 - guard->go, lost = guard->go * guard->lost;
    double one = refused + lost, all = any_of(edge, one);
    if (one <= 0)
        return 0;
    *ret_refused = all * refused / one;
    if (guard->once > 0)
        *ret_front = all * lost / one * flow->front[flow->core_of[edge->service]] / guard->once;
    return all;
}

double
flow_terms_edge_failed(const Flow *flow, const FlowPop *pop, const FlowEdge *edge,
                       double *ret_front, double *ret_refused)
{
    uint32_t core = flow->core_of[edge->service];
    double front = flow->front[core];
    double own = flow_impair_failed(&flow->cores[core], edge->timeout);
    double once = 1 - (1 - front) * (1 - own);
    double failed = once;
    *ret_front = *ret_refused = 0;
    if (edge->guarded)
        return guarded_failed(flow, pop, edge, ret_front, ret_refused);
    if (once <= 0)
        return 0;
    for (uint32_t k = 0; k < edge->retries; k++)
        failed *= once;
    failed = any_of(edge, failed);
    *ret_front = failed * front / once;
    return failed;
}

static void
open_guards(const FlowStep *step)
{
    Flow *flow = step->flow;
    for (uint32_t e = 0; step->pop->guards && e < flow->plan->n_edges; e++) {
        FlowCalls calls;
        if (!flow->plan->edges[e].guarded)
            continue;
        calls = flow_terms_calls(step, &flow->plan->edges[e]);
        flow_guard_open(flow, &step->pop->guards[flow->plan->edges[e].guard], &calls);
    }
}

static void
add_edge_term(FlowStep *step, const FlowTerm *term)
{
    Flow *flow = step->flow;
    const FlowEdge *edge = &flow->plan->edges[term->index];
    uint32_t core = flow->core_of[edge->service], slot = flow->slot_core + core;
    double front = 0, refused = 0, rescue = 1, unused[2];
    double failed = flow_terms_edge_failed(flow, step->pop, edge, &front, &refused);
    if (failed <= 0)
        return;
    if (front > 0)
        slot = flow->front_slot[core];
    if (edge->fallback != SIM_NONE)
        rescue = flow_terms_edge_failed(flow, step->pop, &flow->plan->edges[edge->fallback],
                                        &unused[0], &unused[1]);
    int own = world_service(flow->world, edge->service)->outcome;
    int outcome = term->outcome == OUTCOME_NONE ? own : term->outcome;
    FlowActive active = {.weight = term->weight,
                         .chance = front * rescue,
                         .slot = slot,
                         .service = edge->service,
                         .outcome = (uint8_t)(term->is_stale ? OUTCOME_STALE : outcome)};
    SIM_ASSERT(step->n_active + 3 <= flow->active_max);
    if (active.chance > 0)
        flow->active[step->n_active++] = active;
    active.is_joined = active.chance > 0;
    active.chance = (failed - front - refused) * rescue;
    active.slot = flow->slot_core + core;
    if (flow_impair_is_late(&flow->cores[core], edge->timeout))
        active.slot = flow->cores[core].impair_slot;
    if (active.chance > 0)
        flow->active[step->n_active++] = active;
    if (refused <= 0)
        return;
    active.is_joined |= active.chance > 0;
    active.chance = refused * rescue;
    active.slot = step->pop->guards[edge->guard].slot;
    if (active.chance > 0)
        flow->active[step->n_active++] = active;
}

/* Clients who wait less than a call takes by a fault are gone when its answer comes, whatever a
 * failed call would do to them.  Told at once. */
static void
add_impatient_term(FlowStep *step, const FlowTerm *term)
{
    Flow *flow = step->flow;
    const FlowEdge *edge = &flow->plan->edges[term->index];
    const FlowCore *core = &flow->cores[flow->core_of[edge->service]];
    double delay = core->impairment.delay;
    bool any = false;
    for (uint32_t r = 0; delay > 0 && r < flow->plan->n_clients; r++) {
        bool is_gone =
            delay >= flow->clients.timeout[r] && !flow_impair_is_late(core, edge->timeout);
        flow->impatient[r] = is_gone ? term->weight[r] : 0;
        any |= flow->impatient[r] > 0;
    }
    if (!any)
        return;
    SIM_ASSERT(step->n_active < flow->active_max);
    flow->active[step->n_active++] = (FlowActive){.weight = flow->impatient,
                                                  .chance = 1,
                                                  .slot = core->impair_slot,
                                                  .service = edge->service,
                                                  .outcome = OUTCOME_TIMEOUT,
                                                  .is_gone = true};
}

static void
find_zone_failures(const FlowStep *step)
{
    const Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    for (uint32_t z = 0; z < flow->n_zones; z++) {
        uint32_t row = flow->plan->n_clients + z, slot = 0;
        double most = pop->zone_lost[z];
        slot = flow->slot_overload;
        for (uint32_t a = 0; a < step->n_active; a++) {
            double part = flow->portion[(size_t)a * step->n + row];
            if (part > most && outcome_is_failed((Outcome)flow->active[a].outcome)) {
                most = part;
                slot = flow->active[a].slot;
            }
        }
        pop->zone_failed[z] = 1 - flow->survive[row] * (1 - pop->zone_lost[z]);
        pop->zone_slot[z] = slot;
    }
}

/* The share of requests that has come as far as a term's calls: those that no earlier term took.
 * An edge may have other rows in other terms. */
static void
find_reach(Flow *flow, const FlowTerm *term)
{
    const FlowEdge *edge = &flow->plan->edges[term->index];
    const FlowRowCall *calls = flow->plan->calls + edge->first_call;
    const double *restrict survive = flow->survive, *restrict weight = term->weight;
    double *restrict reach = flow->reach + edge->first_call;
    uint32_t n = edge->n_calls;
    for (uint32_t i = 0; term->has_all_calls && i < n; i++)
        reach[i] = survive[calls[i].row];
    for (uint32_t i = 0; !term->has_all_calls && i < n; i++)
        reach[i] = weight[calls[i].row] > 0 ? survive[calls[i].row] : reach[i];
}

/* Nothing can go wrong with any request here: no term fails, no overload lost a call. */
static bool
is_flawless(const FlowStep *step)
{
    double lost = 0;
    for (uint32_t z = 0; z < step->flow->n_zones; z++)
        lost += step->pop->zone_lost[z];
    return step->pop->n_active == 0 && step->flow->core_trouble == 0 && lost == 0 &&
           !step->pop->guards;
}

static void
judge_flawless(const FlowStep *step)
{
    Flow *flow = step->flow;
    for (uint32_t i = 0; i < flow->plan->n_calls; i++)
        flow->reach[i] = 1;
    memset(flow->front, 0, flow->n_cores * sizeof(double));
    memset(step->pop->zone_failed, 0, flow->n_zones * sizeof(double));
    memset(flow->failed, 0, step->n * sizeof(double));
    memset(flow->blocked, 0, step->n * sizeof(double));
    memcpy(flow->cpu, flow->plan->cpu, step->n * sizeof(double));
}

static void
sum_failures(const FlowStep *step)
{
    Flow *flow = step->flow;
    memset(flow->failed, 0, step->n * sizeof(double));
    memset(flow->blocked, 0, step->n * sizeof(double));
    for (uint32_t a = 0; a < step->n_active; a++) {
        const FlowActive *active = &flow->active[a];
        const double *restrict portion = flow_column(flow->portion, step, a);
        double *restrict into = outcome_is_failed((Outcome)active->outcome)    ? flow->failed
                                : outcome_is_blocked((Outcome)active->outcome) ? flow->blocked
                                                                               : NULL;
        for (uint32_t r = 0; into && r < step->n; r++)
            into[r] += portion[r];
    }
}

/* What an attempt costs: calls that run hot, errors that are reported, less what nobody works on.
 */
static void
add_cpu(const FlowStep *step)
{
    Flow *flow = step->flow;
    const FlowPop *pop = step->pop;
    memcpy(flow->cpu, flow->plan->cpu, step->n * sizeof(double));
    for (uint32_t u = 0; pop->is_burning && u < flow->plan->n_units; u++) {
        const FlowUnit *unit = &flow->plan->units[u];
        double more = (pop->behaviour[u].burn_cpu - 1) *
                      sim_seconds(world_service(flow->world, unit->service)->cpu);
        for (uint32_t r = 0; more > 0 && r < step->n; r++)
            flow->cpu[r] += more * unit->calls[r];
    }
    for (uint32_t a = 0; a < step->n_active; a++) {
        const FlowActive *active = &flow->active[a];
        const double *restrict portion = flow_column(flow->portion, step, a);
        for (uint32_t r = 0; active->is_free && r < step->n; r++)
            flow->cpu[r] *= 1 - portion[r];
        for (uint32_t r = 0; !active->is_free && active->error_cpu > 0 && r < step->n; r++)
            flow->cpu[r] += portion[r] * active->error_cpu;
        for (uint32_t r = 0; active->spared && r < step->n; r++)
            flow->cpu[r] -= portion[r] * active->spared[r];
    }
}

void
flow_terms_judge(FlowStep *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    step->n_active = 0;
    if (is_flawless(step) && !pop->is_burning) {
        judge_flawless(step);
        return;
    }
    memcpy(flow->active, pop->active, pop->n_active * sizeof(FlowActive));
    step->n_active = pop->n_active;
    for (uint32_t r = 0; r < step->n; r++)
        flow->survive[r] = 1;
    apply_terms(step, 0);
    find_zone_failures(step);
    find_front_failures(step);
    open_guards(step);
    for (uint32_t i = 0; i < flow->plan->n_calls; i++)
        flow->reach[i] = flow->survive[flow->plan->calls[i].row];
    for (uint32_t i = 0; i < flow->plan->n_terms; i++) {
        const FlowTerm *term = &flow->plan->terms[i];
        uint32_t first = step->n_active;
        if (term->source != FLOW_EDGE)
            continue;
        find_reach(flow, term);
        add_edge_term(step, term);
        apply_terms(step, first);
        if (!flow->has_far_core)
            continue;
        first = step->n_active;
        add_impatient_term(step, term);
        apply_terms(step, first);
    }
    uint32_t first = step->n_active;
    flow_origin_terms(step);
    apply_terms(step, first);
    sum_failures(step);
    add_cpu(step);
}
