#include "models/flow.h"
#include "sim/elementary.h"

#include <math.h>
#include <string.h>

static const double CALM = 1e-9;       /* people or attempts below which a PoP has none waiting */
static const double STEADY = 1e-4;     /* relative change a step below which steps may grow */
static const uint32_t STRETCH_MAX = 8; /* ticks */

/* One step of one PoP. */
typedef struct Step {
    Flow *flow;
    FlowPop *pop;
    uint32_t index;
    SimTime from, to;
    double seconds;
    uint32_t n, levels, n_active; /* stride; levels; terms that fail now */
} Step;

static inline double *
column(double *columns, const Step *step, uint32_t k)
{
    return columns + (size_t)k * step->n;
}

/* terms ------------------------------------------------------------------------------------- */

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
    active.slot = flow_cause_slot(flow, does->cause);
    double left = does->refused ? 0 : 1;
    active.chance = 1 - left;
    active.outcome = (uint8_t)(term->is_stale ? OUTCOME_STALE : own ? OUTCOME_502 : term->outcome);
    add_active(flow, pop, active);
    active.chance = left * does->panic;
    left *= 1 - does->panic;
    active.is_joined = pop->n_active > first;
    active.outcome = (uint8_t)(term->is_stale ? OUTCOME_STALE : own ? OUTCOME_500 : term->outcome);
    add_active(flow, pop, active);
    active.chance = left * does->errors;
    active.is_joined = pop->n_active > first;
    active.slot = flow_cause_slot(flow, does->stuck_cause);
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
                            .slot = flow_cause_slot(flow, does->cause),
                            .service = flow->plan->units[unit].service,
                            .outcome = OUTCOME_BLOCKED});
}

/* CPU that is usable: each host's cohorts weigh by their share. */
static void
find_speed(Flow *flow, FlowPop *pop)
{
    const World *world = flow->world;
    double cpu = 0, usable = 0;
    pop->overload_slot = 0;
    pop->is_burning = false;
    for (uint32_t u = 0; u < flow->plan->n_units; u++) {
        const FlowUnit *unit = &flow->plan->units[u];
        const Behaviour *does = &pop->behaviour[u];
        pop->is_burning |= does->burn_cpu != 1;
        if (does->burn_cpu != 1 || does->speed < 1)
            pop->overload_slot = flow_cause_slot(flow, does->cause);
        if (world->host[unit->service] != unit->service)
            continue;
        double share = world_cohort_share(world, unit->service, unit->cohort);
        double weight = share * sim_seconds(world_service(world, unit->service)->cpu);
        cpu += weight;
        usable += weight * does->speed;
    }
    pop->speed = cpu > 0 ? usable / cpu : 1;
}

void
flow_pop_refresh(Flow *flow, uint32_t index)
{
    FlowPop *pop = &flow->pops[index];
    pop->n_active = 0;
    for (uint32_t i = 0; i < flow->plan->n_terms; i++)
        if (flow->plan->terms[i].source == FLOW_UNIT)
            activate_unit(flow, pop, &flow->plan->terms[i]);
    for (uint32_t u = 0; u < flow->plan->n_units; u++)
        activate_degraded(flow, pop, u);
    find_speed(flow, pop);
    pop->stretch = 1;
    pop->due = pop->at;
}

/* Takes each term's part of what the terms before it have left; joined ones share one base. */
static void
apply_terms(Step *step, uint32_t first)
{
    Flow *flow = step->flow;
    double *restrict survive = flow->survive, *restrict base = flow->attempts;
    for (uint32_t a = first; a < step->n_active; a++) {
        const double *restrict weight = flow->active[a].weight;
        double *restrict portion = column(flow->portion, step, a);
        double chance = flow->active[a].chance;
        if (!flow->active[a].is_joined)
            memcpy(base, survive, step->n * sizeof(double));
        for (uint32_t r = 0; r < step->n; r++) {
            portion[r] = base[r] * weight[r] * chance;
            survive[r] -= portion[r];
        }
    }
}

/* Failed share of calls to a fronted service that the edge itself loses here, and whose fault. */
static double
front_failed(const Flow *flow, const FlowPop *pop, uint32_t service, uint32_t *ret_slot)
{
    uint32_t first = flow->plan->zone_first[service];
    double failed = 0, most = 0;
    if (first == SIM_NONE)
        return 0;
    for (uint32_t r = first; r < flow->plan->n_rows && flow->plan->rows[r].service == service;
         r++) {
        uint32_t zone = r - flow->plan->n_clients;
        double part = flow->share_now[r] * pop->zone_failed[zone];
        failed += part;
        if (part > most) {
            most = part;
            *ret_slot = pop->zone_slot[zone];
        }
    }
    return failed;
}

/* Failed share of calls over an edge from this PoP: first the front, then the service. */
static double
edge_failed(const Flow *flow, const FlowPop *pop, const FlowEdge *edge, double *ret_front,
            uint32_t *ret_slot)
{
    double front = front_failed(flow, pop, edge->service, ret_slot);
    double once = 1 - (1 - front) * (1 - flow->cores[flow->core_of[edge->service]].failed);
    double failed = once;
    for (uint32_t k = 0; k < edge->retries; k++)
        failed *= once;
    if (edge->each != 1 && failed > 0 && failed < 1)
        failed = 1 - sim_pow(1 - failed, edge->each);
    *ret_front = once > 0 ? failed * front / once : 0;
    return failed;
}

static void
add_edge_term(Step *step, const FlowTerm *term)
{
    Flow *flow = step->flow;
    const FlowEdge *edge = &flow->plan->edges[term->index];
    uint32_t core = flow->core_of[edge->service], slot = flow->slot_core + core;
    double front = 0, failed = edge_failed(flow, step->pop, edge, &front, &slot);
    double rescue = 1;
    if (failed <= 0)
        return;
    if (edge->fallback != SIM_NONE) {
        double unused;
        uint32_t ignored = 0;
        rescue =
            edge_failed(flow, step->pop, &flow->plan->edges[edge->fallback], &unused, &ignored);
    }
    int own = world_service(flow->world, edge->service)->outcome;
    int outcome = term->outcome == OUTCOME_NONE ? own : term->outcome;
    FlowActive active = {.weight = term->weight,
                         .chance = front * rescue,
                         .slot = slot,
                         .service = edge->service,
                         .outcome = (uint8_t)(term->is_stale ? OUTCOME_STALE : outcome)};
    SIM_ASSERT(step->n_active + 2 <= flow->active_max);
    if (active.chance > 0)
        flow->active[step->n_active++] = active;
    active.is_joined = active.chance > 0;
    active.chance = (failed - front) * rescue;
    active.slot = flow->slot_core + core;
    if (active.chance > 0)
        flow->active[step->n_active++] = active;
}

static void
find_zone_failures(const Step *step)
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

static void
add_origin_terms(Step *step)
{
    Flow *flow = step->flow;
    bool any = false;
    for (uint32_t s = 0; s < flow->world->n_sites; s++)
        any |= flow->origin_failed[s] > 0;
    if (!any)
        return;
    double *weight = flow->origin_weight;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++)
        weight[r] = step->pop->miss[r] * flow->origin_failed[flow->plan->rows[r].site];
    SIM_ASSERT(step->n_active < flow->active_max);
    flow->active[step->n_active++] = (FlowActive){.weight = weight,
                                                  .chance = 1,
                                                  .slot = flow->slot_origin,
                                                  .service = SIM_NONE,
                                                  .outcome = OUTCOME_503};
}

/* Failed, blocked and served shares of each row's attempts, and what an attempt costs. */
static void
judge(Step *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    memcpy(flow->active, pop->active, pop->n_active * sizeof(FlowActive));
    step->n_active = pop->n_active;
    for (uint32_t r = 0; r < step->n; r++)
        flow->survive[r] = 1;
    apply_terms(step, 0);
    find_zone_failures(step);
    for (uint32_t e = 0; e < flow->plan->n_edges; e++)
        memcpy(column(flow->reach, step, e), flow->survive, step->n * sizeof(double));
    for (uint32_t i = 0; i < flow->plan->n_terms; i++) {
        const FlowTerm *term = &flow->plan->terms[i];
        uint32_t first = step->n_active;
        if (term->source != FLOW_EDGE)
            continue;
        memcpy(column(flow->reach, step, term->index), flow->survive, step->n * sizeof(double));
        add_edge_term(step, term);
        apply_terms(step, first);
    }
    uint32_t first = step->n_active;
    add_origin_terms(step);
    apply_terms(step, first);
    memset(flow->failed, 0, step->n * sizeof(double));
    memset(flow->blocked, 0, step->n * sizeof(double));
    memcpy(flow->cpu, flow->plan->cpu, step->n * sizeof(double));
    for (uint32_t a = 0; a < step->n_active; a++) {
        const FlowActive *active = &flow->active[a];
        const double *restrict portion = column(flow->portion, step, a);
        double *restrict into = outcome_is_failed((Outcome)active->outcome)    ? flow->failed
                                : outcome_is_blocked((Outcome)active->outcome) ? flow->blocked
                                                                               : NULL;
        for (uint32_t r = 0; into && r < step->n; r++)
            into[r] += portion[r];
        for (uint32_t r = 0; active->error_cpu > 0 && r < step->n; r++)
            flow->cpu[r] += portion[r] * active->error_cpu;
    }
    for (uint32_t u = 0; pop->is_burning && u < flow->plan->n_units; u++) {
        const FlowUnit *unit = &flow->plan->units[u];
        double more = (pop->behaviour[u].burn_cpu - 1) *
                      sim_seconds(world_service(flow->world, unit->service)->cpu);
        for (uint32_t r = 0; more > 0 && r < step->n; r++)
            flow->cpu[r] += more * unit->calls[r];
    }
}

/* arrivals ---------------------------------------------------------------------------------- */

/* The share of an exponential wait that ends within h means: 1 - exp(-h), by its (2,2) Pade form.
 */
static inline double
ended(double h)
{
    double even = 1 + h * h / 12, odd = h / 2;
    return 1 - (even - odd) / (even + odd);
}

/* Fresh demand and people who try again, under the site's limit; returns what is refused. */
static void
enter_people(const Step *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    double dt = step->seconds;
    double *restrict enter = flow->enter, *restrict orbit = pop->orbit;
    const double *restrict reload = flow->clients.reload;
    for (uint32_t r = 0; r < step->n; r++) {
        double fresh = pop->demand[r] * flow->share_now[r] * flow->factor[r] * dt;
        double again = orbit[r] * ended(dt / reload[r]);
        orbit[r] -= again;
        enter[r] = (fresh + again) * flow->admit[r];
        flow->refused[r] = (fresh + again) - enter[r];
        flow->sum_fresh[r] += fresh;
        flow->sum_reloads[r] += again;
        flow->orbit_out[r] += again;
    }
    for (uint32_t r = 0; r < flow->clients.n_clients; r++) {
        double fresh = pop->demand[r] * flow->share_now[r] * flow->factor[r] * dt;
        flow->entered += fresh;
        if (flow->refused[r] > 0) { /* 429: people are told to go away, and do */
            flow->sum_offered[r] += flow->refused[r];
            flow->sum_blocked[r] += flow->refused[r];
            flow->cause_rows[flow->limit_slot[flow->plan->rows[r].site] * step->n + r] +=
                flow->refused[r];
            flow->outcome_sum[OUTCOME_429] += flow->refused[r];
            flow->left += flow->refused[r];
            pop->offered += flow->refused[r];
        }
    }
}

/* Calls that enter this PoP through fronts: of its own requests, and of central services here. */
static void
enter_zones(const Step *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    for (uint32_t z = 0; z < flow->n_zones; z++) {
        uint32_t row = flow->plan->n_clients + z;
        uint32_t service = flow->plan->rows[row].service;
        double rate = 0;
        for (uint32_t e = 0; e < flow->plan->n_edges; e++)
            if (flow->plan->edges[e].service == service)
                rate += pop->calls[e];
        rate += flow->zone_extra[(size_t)step->index * flow->n_zones + z];
        flow->enter[row] = rate * flow->share_now[row] * step->seconds;
    }
}

static void
enter(const Step *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    memset(flow->enter, 0, (size_t)step->levels * step->n * sizeof(double));
    memset(flow->refused, 0, (size_t)step->levels * step->n * sizeof(double));
    enter_people(step);
    enter_zones(step);
    flow_delays_take(&pop->delays, &flow->clients, step->from, step->to, flow->enter);
    for (uint32_t i = 0; pop->carry && i < step->levels * step->n; i++) {
        flow->enter[i] += pop->carry[i];
        pop->carry[i] = 0;
    }
}

/* retries ----------------------------------------------------------------------------------- */

static void
earn_tokens(const Step *step)
{
    Flow *flow = step->flow;
    const FlowClients *clients = &flow->clients;
    FlowPop *pop = step->pop;
    static const double KEPT_SECONDS = 10;
    for (uint32_t r = 0; r < clients->n_clients; r++) {
        double rate = clients->budget[r] * pop->demand[r] * flow->share_now[r] * flow->factor[r] +
                      clients->budget_min[r];
        double tokens = fmin(pop->tokens[r] + rate * step->seconds, rate * KEPT_SECONDS);
        flow->tokens[r] = clients->budget[r] > 0 ? tokens : 1e300;
    }
}

/*
 * Failures of a level: what may be retried goes to at_once (next level, same
 * step) or to the delay line, the rest is final.
 */
static void
retry(const Step *step, uint32_t k, const double *restrict failed, double *restrict at_once,
      double *restrict later)
{
    Flow *flow = step->flow;
    const double *restrict can = flow->clients.can_retry + (size_t)k * step->n;
    const double *restrict now = flow->clients.at_once;
    double *restrict tokens = flow->tokens, *restrict final = flow->final;
    for (uint32_t r = 0; r < step->n; r++) {
        double wanted = failed[r] * can[r];
        double grant = wanted < tokens[r] ? wanted : tokens[r];
        tokens[r] -= grant;
        final[r] += failed[r] - grant;
        if (at_once)
            at_once[r] += grant * now[r];
        if (later)
            later[r] = grant * (1 - now[r]);
    }
}

static void
put_later(const Step *step, uint32_t k)
{
    Flow *flow = step->flow;
    if (flow->clients.has_delays)
        flow_delays_put(&step->pop->delays, &flow->clients, flow->arena, k, step->from, step->to,
                        flow->grant);
}

/* serving ----------------------------------------------------------------------------------- */

/* Everything is served as it comes.  Fills flow->level; returns the CPU seconds it takes. */
static double
serve_at_once(const Step *step, bool commit)
{
    Flow *flow = step->flow;
    double work = 0;
    memcpy(flow->level, flow->enter, (size_t)step->levels * step->n * sizeof(double));
    memset(flow->final, 0, step->n * sizeof(double));
    earn_tokens(step);
    for (uint32_t k = 0; k < step->levels; k++) {
        double *restrict level = column(flow->level, step, k);
        double *restrict lost = flow->attempts;
        for (uint32_t r = 0; r < step->n; r++)
            lost[r] = level[r] * flow->failed[r];
        retry(step, k, lost, k + 1 < step->levels ? column(flow->level, step, k + 1) : NULL,
              flow->grant);
        if (commit && k + 1 < step->levels)
            put_later(step, k);
        double lanes[4] = {0};
        for (uint32_t r = 0; r < step->n; r += 4)
            for (uint32_t i = 0; i < 4; i++)
                lanes[i] += level[r + i] * flow->cpu[r + i];
        work += (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
    }
    return work;
}

/* What took capacity away now; else what did while the work that still waits began to. */
static void
find_backlog_slot(const Flow *flow, FlowPop *pop)
{
    uint32_t now = pop->is_halted ? flow->halt_slot : pop->overload_slot;
    if (!now)
        now = flow->scale_slot;
    if (now || flow_station_is_empty(&pop->station))
        pop->backlog_slot = now;
}

/* Time-outs and refusals by overload: outcome and cause. */
static void
book_overload(const Step *step, double *restrict lost, Outcome outcome)
{
    Flow *flow = step->flow;
    uint32_t slot = step->pop->backlog_slot ? step->pop->backlog_slot : flow->slot_overload;
    double *restrict cause = flow->cause_rows + (size_t)slot * step->n;
    double sum = 0;
    for (uint32_t r = 0; r < flow->clients.n_clients; r++) {
        cause[r] += lost[r];
        flow->sum_failed[r] += lost[r];
        sum += lost[r];
    }
    flow->outcome_sum[outcome] += sum;
    step->pop->failed += sum;
}

/* Through the station: flow->level becomes what was started in time. */
static void
serve_by_station(const Step *step, double capacity)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    size_t all = (size_t)step->levels * step->n;
    memset(flow->started, 0, all * sizeof(double));
    memset(flow->timed_out, 0, all * sizeof(double));
    memset(flow->refused, 0, all * sizeof(double));
    memset(flow->final, 0, step->n * sizeof(double));
    if (!pop->carry)
        pop->carry = SIM_ARENA_NEW(flow->arena, double, all);
    for (uint32_t k = 0; k < step->levels; k++)
        memcpy(column(flow->work, step, k), flow->cpu, step->n * sizeof(double));
    earn_tokens(step);
    flow_station_drain(&pop->station, step->from, step->to, capacity, flow->started,
                       flow->timed_out);
    for (uint32_t k = 0; k < step->levels; k++) {
        double *next = k + 1 < step->levels ? column(flow->enter, step, k + 1) : NULL;
        retry(step, k, column(flow->timed_out, step, k), next, flow->grant);
        if (next)
            put_later(step, k);
    }
    flow_station_admit(&pop->station, flow->arena, step->from, step->to, flow->enter, flow->work,
                       flow->started, flow->refused);
    for (uint32_t k = 0; k < step->levels; k++) {
        double *restrict lost = flow->attempts;
        double *started = column(flow->started, step, k), *refused = column(flow->refused, step, k);
        for (uint32_t r = 0; r < step->n; r++)
            lost[r] = started[r] * flow->failed[r] + refused[r];
        retry(step, k, lost, k + 1 < step->levels ? column(pop->carry, step, k + 1) : NULL,
              flow->grant);
        if (k + 1 < step->levels)
            put_later(step, k);
        book_overload(step, column(flow->timed_out, step, k), OUTCOME_TIMEOUT);
        book_overload(step, refused, OUTCOME_503);
    }
    memcpy(flow->level, flow->started, all * sizeof(double));
}

/* Share of calls through fronts that the overload of this step lost. */
static void
find_zone_losses(const Step *step, bool by_station)
{
    Flow *flow = step->flow;
    for (uint32_t z = 0; z < flow->n_zones; z++) {
        uint32_t r = flow->plan->n_clients + z;
        double lost = by_station ? flow->timed_out[r] + flow->refused[r] : 0;
        double sum = lost + (by_station ? flow->started[r] : 0);
        if (!by_station || sum > 0)
            step->pop->zone_lost[z] = sum > 0 ? lost / sum : 0;
    }
}

/* books ------------------------------------------------------------------------------------- */

/* Attempts that reached a worker: outcomes and causes by term. */
static void
book_terms(const Step *step)
{
    Flow *flow = step->flow;
    const double *restrict attempts = flow->attempts;
    uint32_t clients = flow->clients.n_clients;
    for (uint32_t a = 0; a < step->n_active; a++) {
        const FlowActive *active = &flow->active[a];
        const double *restrict portion = column(flow->portion, step, a);
        double *restrict cause = flow->cause_rows + (size_t)active->slot * step->n;
        double sum = 0, zones = 0;
        bool counts = active->outcome != OUTCOME_STALE;
        for (uint32_t r = 0; r < clients; r++) {
            double amount = attempts[r] * portion[r];
            cause[r] += counts ? amount : 0;
            sum += amount;
        }
        for (uint32_t r = clients; r < flow->plan->n_rows; r++)
            zones += attempts[r] * portion[r];
        flow->outcome_sum[active->outcome] += sum;
        if (outcome_is_failed((Outcome)active->outcome))
            step->pop->failed += sum;
        if (active->service != SIM_NONE && outcome_is_failed((Outcome)active->outcome) &&
            flow->core_of[active->service] == SIM_NONE)
            flow->service_failed[active->service] += sum + zones;
    }
}

static void
book_rows(const Step *step, bool by_station)
{
    Flow *flow = step->flow;
    double *restrict attempts = flow->attempts;
    memset(attempts, 0, step->n * sizeof(double));
    for (uint32_t k = 0; k < step->levels; k++) {
        const double *restrict level = column(flow->level, step, k);
        const double *restrict offered = by_station ? column(flow->enter, step, k) : level;
        for (uint32_t r = 0; r < step->n; r++) {
            attempts[r] += level[r];
            flow->sum_offered[r] += offered[r];
        }
        for (uint32_t r = 0; k > 0 && r < step->n; r++)
            flow->sum_retries[r] += offered[r];
        double sum = 0;
        for (uint32_t r = 0; r < flow->clients.n_clients; r++)
            sum += offered[r];
        step->pop->offered += sum;
    }
    for (uint32_t r = 0; r < step->n; r++) {
        double ok = attempts[r] * (1 - flow->failed[r] - flow->blocked[r]);
        flow->sum_ok[r] += ok;
        flow->sum_failed[r] += attempts[r] * flow->failed[r];
        flow->sum_blocked[r] += attempts[r] * flow->blocked[r];
        uint32_t site = r < flow->clients.n_clients ? flow->plan->rows[r].site : 0;
        double miss = step->pop->miss[r];
        double asked = ok / fmax(1e-9, 1 - miss * flow->origin_failed[site]);
        flow->sum_asked[r] += asked;
        flow->sum_miss[r] += asked * miss;
        flow->served[r] = ok;
        flow->login_ok[r] += ok;
    }
}

/* People whose machine has no attempt left: some wait to try again, the others give up. */
static void
book_people(const Step *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    const double *restrict persistence = flow->clients.persistence;
    double waiting = 0, left = 0;
    for (uint32_t r = 0; r < flow->clients.n_clients; r++) {
        double stays = flow->final[r] * persistence[r];
        pop->orbit[r] += stays;
        flow->orbit_in[r] += stays;
        waiting += pop->orbit[r];
        left += flow->final[r] - stays + flow->served[r] + flow->attempts[r] * flow->blocked[r];
    }
    flow->left += left;
    pop->has_orbit = waiting > CALM;
    for (uint32_t r = 0; r < flow->clients.n_clients; r++)
        if (flow->clients.budget[r] > 0)
            pop->tokens[r] = flow->tokens[r];
}

/* Calls over each edge, for central services and, through fronts, for this PoP's next step. */
static void
book_calls(const Step *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    const FlowPlan *plan = flow->plan;
    double *rates = flow->grant, unused;
    uint32_t slot = 0;
    for (uint32_t e = 0; e < plan->n_edges; e++) {
        const double *restrict calls = plan->edges[e].calls;
        double lanes[4] = {0};
        const double *restrict reach = column(flow->reach, step, e);
        for (uint32_t r = 0; plan->edges[e].is_used && r < step->n; r += 4)
            for (uint32_t i = 0; i < 4; i++)
                lanes[i] += flow->attempts[r + i] * reach[r + i] * calls[r + i];
        rates[e] = ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) / step->seconds;
    }
    for (uint32_t e = 0; e < plan->n_edges; e++)
        if (plan->edges[e].is_used && plan->edges[e].fallback != SIM_NONE)
            rates[plan->edges[e].fallback] +=
                rates[e] * edge_failed(flow, pop, &plan->edges[e], &unused, &slot);
    for (uint32_t e = 0; e < plan->n_edges; e++) {
        double front = front_failed(flow, pop, plan->edges[e].service, &slot);
        flow_pop_calls_set(flow, pop, e, rates[e], rates[e] * (1 - front));
    }
}

void
flow_pop_calls_set(Flow *flow, FlowPop *pop, uint32_t edge, double rate, double passed)
{
    flow->calls[edge] += passed - pop->passed[edge];
    pop->calls[edge] = rate;
    pop->passed[edge] = passed;
}

/* Caches that are not full: their age grows with requests whose fetch, if needed, succeeds. */
static void
fill_caches(const Step *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    if (!pop->is_filling)
        return;
    pop->is_filling = false;
    for (uint32_t s = 0; s < flow->world->n_sites; s++)
        flow->site_scratch[s] = 0;
    for (uint32_t r = 0; r < flow->clients.n_clients; r++)
        flow->site_scratch[flow->plan->rows[r].site] += flow->served[r];
    for (uint32_t s = 0; s < flow->world->n_sites; s++) {
        const CacheCurve *curve = flow->curves[s];
        if (!curve || pop->age[s] >= cache_curve_full(curve))
            continue;
        double asked = flow->site_scratch[s] * world_site(flow->world, s)->cache.cacheable;
        pop->age[s] = cache_curve_advance(curve, pop->age[s], asked, 1 - flow->origin_failed[s]);
        pop->is_filling |= pop->age[s] < cache_curve_full(curve);
    }
    flow_pop_miss_set(flow, pop);
}

void
flow_pop_miss_set(Flow *flow, FlowPop *pop)
{
    for (uint32_t r = 0; r < flow->clients.n_clients; r++) {
        uint32_t site = flow->plan->rows[r].site;
        const CacheCurve *curve = flow->curves[site];
        double cacheable = world_site(flow->world, site)->cache.cacheable;
        double hit = curve ? cache_curve_hit(curve, pop->age[site]) : 0;
        pop->miss[r] = 1 - cacheable * hit;
    }
}

/* How much the failed shares moved, relative to themselves: whether longer steps will do. */
static void
find_change(const Step *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    double moved = 0, size = 1e-9;
    for (uint32_t r = 0; r < step->n; r++) {
        double now = flow->final[r] / step->seconds;
        moved += fabs(now - pop->last_failed[r]);
        size += now;
        pop->last_failed[r] = now;
    }
    pop->change = moved / size;
}

static double
usable_cores(const Flow *flow, const FlowPop *pop)
{
    return pop->is_halted ? 0 : pop->cores * pop->speed * flow->pop_scale;
}

/* one step ---------------------------------------------------------------------------------- */

static void
take_step(Flow *flow, uint32_t index, SimTime to)
{
    FlowPop *pop = &flow->pops[index];
    Step step = {.flow = flow,
                 .pop = pop,
                 .index = index,
                 .from = pop->at,
                 .to = to,
                 .seconds = sim_seconds(to - pop->at),
                 .n = flow->plan->stride,
                 .levels = flow->clients.levels};
    double capacity = usable_cores(flow, pop);
    judge(&step);
    enter(&step);
    bool by_station = !flow_station_is_empty(&pop->station);
    double work = by_station ? 0 : serve_at_once(&step, false);
    by_station |= work > capacity * step.seconds;
    find_backlog_slot(flow, pop);
    if (by_station) {
        serve_by_station(&step, capacity);
        work = fmin(capacity * step.seconds, pop->station.step_work - pop->station.spare);
    } else {
        serve_at_once(&step, true);
    }
    book_rows(&step, by_station);
    find_zone_losses(&step, by_station);
    book_terms(&step);
    book_people(&step);
    book_calls(&step);
    fill_caches(&step);
    find_change(&step);
    pop->load = work / step.seconds;
    pop->bucket_work += work;
    if (by_station)
        pop->bucket_backlog += flow_station_work(&pop->station) * step.seconds;
    pop->at = to;
    flow->pop_steps++;
}

static bool
is_strained(const Flow *flow, const FlowPop *pop)
{
    double capacity = usable_cores(flow, pop);
    return !flow_station_is_empty(&pop->station) || pop->load > 0.9 * capacity;
}

void
flow_pop_advance(Flow *flow, uint32_t index, SimTime to)
{
    FlowPop *pop = &flow->pops[index];
    SimTime piece = sim_from_seconds(flow->clients.timeout_min / 20 * flow->tick_factor);
    while (pop->at < to) {
        SimTime until = to;
        if (is_strained(flow, pop) && until - pop->at > piece)
            until = pop->at + piece;
        take_step(flow, index, until);
    }
}

/* Nothing fails, waits or fills here: the next step may end with the recorder's bucket. */
static bool
is_calm(const Flow *flow, const FlowPop *pop)
{
    return pop->n_active == 0 && !pop->has_orbit && !pop->is_filling &&
           pop->delays.pending < CALM && flow->core_trouble == 0 && !is_strained(flow, pop);
}

void
flow_pop_plan_next(Flow *flow, uint32_t index)
{
    FlowPop *pop = &flow->pops[index];
    bool steady = pop->change < STEADY && pop->seen == flow->core_version &&
                  !is_strained(flow, pop) && !pop->is_filling;
    pop->stretch = steady ? pop->stretch * 2 : 1;
    if (pop->stretch > STRETCH_MAX)
        pop->stretch = STRETCH_MAX;
    SimTime reach = flow->tick * pop->stretch;
    SimTime longest = sim_from_seconds(flow->clients.reload_min / 4);
    reach = reach > longest && longest > flow->tick ? longest : reach;
    pop->due = is_calm(flow, pop) ? SIM_TIME_MAX : pop->at + reach;
    pop->seen = flow->core_version;
}
