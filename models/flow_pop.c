#include "models/flow.h"

#include <math.h>
#include <string.h>

static const double STEADY = 1e-4;      /* relative change a step below which steps may grow */
static const uint32_t STRETCH_MAX = 16; /* ticks */

/* arrivals ---------------------------------------------------------------------------------- */

/* The share of an exponential wait that ends within h means: 1 - exp(-h), by (2,2) Pade. */
static inline double
ended(double h)
{
    double even = 1 + h * h / 12, odd = h / 2;
    return 1 - (even - odd) / (even + odd);
}

/* Of people who wait: the share that comes back in a step; of those who begin to in its course. */
static void
find_ends(Flow *flow, double seconds)
{
    if (flow->ends_seconds == seconds)
        return;
    flow->ends_seconds = seconds;
    for (uint32_t r = 0; r < flow->plan->stride; r++) {
        double waits = seconds / flow->clients.reload[r];
        flow->ends[r] = ended(waits);
        flow->within[r] = 1 - flow->ends[r] / waits;
    }
}

/* 429: people are told to go away, and try again as after any failure. */
static void
refuse_people(const FlowStep *step)
{
    Flow *flow = step->flow;
    double sum = 0;
    for (uint32_t r = 0; r < flow->clients.n_clients; r++) {
        double stay = flow->refused[r] * flow->clients.persistence[r];
        step->pop->orbit[r] += stay;
        flow->orbit_in[r] += stay;
        flow->left += flow->refused[r] - stay;
        flow->books->offered[r] += flow->refused[r];
        flow->books->blocked[r] += flow->refused[r];
        if (r >= flow->plan->n_people)
            continue;
        flow->cause_rows[flow->traffic.limit_slot[flow->plan->rows[r].site] * step->n + r] +=
            flow->refused[r];
        sum += flow->refused[r];
    }
    flow->books->outcome_sum[OUTCOME_429] += sum;
    step->pop->counts.offered += sum;
    step->pop->counts.blocked += sum;
}

/*
 * Fresh demand and people who try again, under the site's limit.  Of those who
 * fail during the step some come back within it; their number is what the last
 * step's failures promise, so that what waits in balance does not depend on the
 * step's length.
 */
FLOW_COLUMNS static void
enter_people(const FlowStep *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    const FlowClients *clients = &flow->clients;
    const double dt = step->seconds;
    double *restrict enter = flow->enter, *restrict orbit = pop->orbit;
    double *restrict sum_fresh = flow->books->fresh, *restrict sum_reloads = flow->books->reloads;
    double *restrict out = flow->orbit_out, *restrict refused = flow->refused;
    double *restrict came = flow->came;
    const double *restrict ends = flow->ends, *restrict within = flow->within;
    const double *restrict demand = pop->demand;
    const double *restrict share = flow->traffic.share_now, *restrict factor = flow->traffic.factor;
    const double *restrict admit = flow->traffic.admit, *restrict stays = pop->stays;
    FLOW_APART
    for (uint32_t r = 0; r < step->n; r++) {
        double fresh = demand[r] * share[r] * factor[r] * dt;
        double again = orbit[r] * ends[r];
        double back = stays[r] * within[r];
        double extra = (fresh + again) * back / (1 - back);
        double left = orbit[r] - again;
        extra = extra < left ? extra : left;
        again += extra;
        orbit[r] -= again;
        came[r] = fresh + again;
        enter[r] = came[r] * admit[r];
        refused[r] = came[r] - enter[r];
        sum_fresh[r] += fresh;
        sum_reloads[r] += again;
        out[r] += again;
    }
    double entered = 0, limited = 0;
    for (uint32_t r = 0; r < clients->n_clients; r++) {
        entered += demand[r] * share[r] * factor[r] * dt;
        limited += refused[r];
    }
    flow->entered += entered;
    if (limited > 0)
        refuse_people(step);
}

/* Calls that enter this PoP through fronts: of its own requests, and of central services here. */
static void
enter_zones(const FlowStep *step)
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
        flow->enter[row] = rate * flow->traffic.share_now[row] * step->seconds;
    }
}

static void
enter(const FlowStep *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    memset(flow->enter, 0, (size_t)step->levels * step->n * sizeof(double));
    memset(flow->refused, 0, (size_t)step->levels * step->n * sizeof(double));
    find_ends(flow, step->seconds);
    enter_people(step);
    enter_zones(step);
    flow_delays_take(&pop->delays, &flow->clients, step->from, step->to, flow->enter);
    for (uint32_t i = 0; pop->carry && i < step->levels * step->n; i++) {
        flow->enter[i] += pop->carry[i];
        pop->carry[i] = 0;
    }
    if (step->has_entry)
        flow_entry_take(step);
}

/* retries ----------------------------------------------------------------------------------- */

FLOW_COLUMNS static void
earn_tokens(const FlowStep *step)
{
    Flow *flow = step->flow;
    const FlowClients *clients = &flow->clients;
    static const double KEPT_SECONDS = 10;
    const double *restrict budget = clients->budget, *restrict least = clients->budget_min;
    const double *restrict asked = flow->enter, *restrict had = step->pop->tokens;
    double *restrict tokens = flow->tokens;
    FLOW_APART
    for (uint32_t r = 0; r < step->n; r++) {
        double rate = budget[r] * asked[r] / step->seconds + least[r];
        double earned = had[r] + rate * step->seconds, most = rate * KEPT_SECONDS;
        tokens[r] = budget[r] > 0 ? (earned < most ? earned : most) : 1e300;
    }
}

/*
 * Failures of a level: what may be retried goes to at_once (the next level) or,
 * in flow->grant, to the delay line; the rest is final.
 */
FLOW_COLUMNS static void
retry(const FlowStep *step, uint32_t k, const double *restrict failed, double *restrict at_once)
{
    Flow *flow = step->flow;
    const double *restrict can = flow->clients.can_retry + (size_t)k * step->n;
    const double *restrict now = flow->clients.at_once;
    double *restrict tokens = flow->tokens, *restrict final = flow->final;
    double *restrict later = flow->grant;
    FLOW_APART
    for (uint32_t r = 0; r < step->n; r++) {
        double wanted = failed[r] * can[r];
        double grant = wanted < tokens[r] ? wanted : tokens[r];
        tokens[r] -= grant;
        final[r] += failed[r] - grant;
        at_once[r] += grant * now[r];
        later[r] = grant * (1 - now[r]);
    }
}

static void
put_later(const FlowStep *step, uint32_t k)
{
    Flow *flow = step->flow;
    if (flow->clients.has_delays)
        flow_delays_put(&step->pop->delays, &flow->clients, flow->arena, k, step->from, step->to,
                        flow->grant);
}

/* serving ----------------------------------------------------------------------------------- */

/*
 * Everything is served as it comes.  Fills flow->level and, for the delay line,
 * flow->work with what is retried later; returns the CPU seconds it takes.
 */
FLOW_COLUMNS static double
serve_at_once(const FlowStep *step)
{
    Flow *flow = step->flow;
    double work = 0;
    memcpy(flow->level, flow->enter, (size_t)step->levels * step->n * sizeof(double));
    memset(flow->final, 0, step->n * sizeof(double));
    earn_tokens(step);
    for (uint32_t k = 0; k < step->levels; k++) {
        if (step->has_entry)
            flow_entry_divert(step, k, flow_column(flow->level, step, k));
        const double *restrict level = flow_column(flow->level, step, k);
        const double *restrict cpu = flow->cpu, *restrict share = flow->failed;
        double *restrict lost = flow->attempts;
        bool is_last = k + 1 == step->levels;
        double lanes[4] = {0};
        for (uint32_t r = 0; r < step->n; r += 4)
            for (uint32_t i = 0; i < 4; i++) {
                lost[r + i] = level[r + i] * share[r + i];
                lanes[i] += level[r + i] * cpu[r + i];
            }
        work += (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
        if (step->n_active == 0 && !step->has_entry)
            continue;
        if (step->has_entry)
            flow_entry_failed(step, k, lost);
        retry(step, k, lost, is_last ? flow->served : flow_column(flow->level, step, k + 1));
        if (flow->clients.has_delays && !is_last)
            memcpy(flow_column(flow->work, step, k), flow->grant, step->n * sizeof(double));
    }
    return work;
}

static void
put_all_later(const FlowStep *step)
{
    Flow *flow = step->flow;
    bool any = flow->clients.has_delays && (step->n_active > 0 || step->has_entry);
    for (uint32_t k = 0; any && k + 1 < step->levels; k++)
        flow_delays_put(&step->pop->delays, &flow->clients, flow->arena, k, step->from, step->to,
                        flow_column(flow->work, step, k));
}

/* What took capacity away now or sent others here; else what did while the work that still waits
 * began to. */
static void
find_backlog_slot(const Flow *flow, FlowPop *pop)
{
    uint32_t now = pop->is_halted ? flow->halt_slot : pop->overload_slot;
    if (!now)
        now = flow->scale_slot;
    if (!now)
        now = pop->guest_slot;
    if (!now)
        now = traffic_surge_cause(&flow->traffic, SIM_NONE);
    if (now || flow_station_is_empty(&pop->station))
        pop->backlog_slot = now;
}

/* Time-outs and refusals by overload: outcome and cause. */
static void
book_overload(const FlowStep *step, double *restrict lost, Outcome outcome)
{
    Flow *flow = step->flow;
    uint32_t slot = step->pop->backlog_slot ? step->pop->backlog_slot : flow->slot_overload;
    double *restrict cause = flow->cause_rows + (size_t)slot * step->n;
    double sum = 0;
    for (uint32_t r = 0; r < flow->plan->n_people; r++) {
        cause[r] += lost[r];
        flow->books->failed[r] += lost[r];
        sum += lost[r];
    }
    for (uint32_t r = flow->plan->n_people; r < flow->plan->n_clients; r++)
        flow->books->failed[r] += lost[r];
    flow->books->outcome_sum[outcome] += sum;
    step->pop->counts.failed += sum;
}

/* Calls that waited when their processes died: a reset, and at once another attempt. */
static void
book_dropped(const FlowStep *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    for (uint32_t k = 0; pop->has_dropped && k < step->levels; k++) {
        double *dropped = flow_column(pop->dropped, step, k);
        bool is_last = k + 1 == step->levels;
        retry(step, k, dropped, is_last ? flow->served : flow_column(pop->carry, step, k + 1));
        if (!is_last)
            put_later(step, k);
        book_overload(step, dropped, OUTCOME_502);
        memset(dropped, 0, step->n * sizeof(double));
    }
    pop->has_dropped = false;
}

/* Attempts that end on the way do not come to the station; their retries may. */
static void
turn_away(const FlowStep *step)
{
    Flow *flow = step->flow;
    for (uint32_t k = 0; k < step->levels; k++) {
        bool is_last = k + 1 == step->levels;
        flow_entry_divert(step, k, flow_column(flow->enter, step, k));
        memset(flow->attempts, 0, step->n * sizeof(double));
        flow_entry_failed(step, k, flow->attempts);
        retry(step, k, flow->attempts,
              is_last ? flow->served : flow_column(flow->enter, step, k + 1));
        if (!is_last)
            put_later(step, k);
    }
}

/* Through the station: flow->level becomes what was started in time. */
static void
serve_by_station(const FlowStep *step, double capacity)
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
        memcpy(flow_column(flow->work, step, k), flow->cpu, step->n * sizeof(double));
    earn_tokens(step);
    flow_station_drain(&pop->station, step->from, step->to, capacity, flow->started,
                       flow->timed_out);
    for (uint32_t k = 0; k < step->levels; k++) {
        bool is_last = k + 1 == step->levels;
        retry(step, k, flow_column(flow->timed_out, step, k),
              is_last ? flow->served : flow_column(flow->enter, step, k + 1));
        if (!is_last)
            put_later(step, k);
    }
    if (step->has_entry)
        turn_away(step);
    flow_station_admit(&pop->station, flow->arena, step->from, step->to, flow->enter, flow->work,
                       flow->started, flow->refused);
    for (uint32_t k = 0; k < step->levels; k++) {
        double *restrict lost = flow->attempts;
        double *started = flow_column(flow->started, step, k),
               *refused = flow_column(flow->refused, step, k);
        for (uint32_t r = 0; r < step->n; r++)
            lost[r] = started[r] * flow->failed[r] + refused[r];
        bool is_last = k + 1 == step->levels;
        retry(step, k, lost, is_last ? flow->served : flow_column(pop->carry, step, k + 1));
        if (!is_last)
            put_later(step, k);
        book_overload(step, flow_column(flow->timed_out, step, k), OUTCOME_TIMEOUT);
        book_overload(step, refused, OUTCOME_503);
    }
    book_dropped(step);
    memcpy(flow->level, flow->started, all * sizeof(double));
}

/* Share of calls through fronts that the overload of this step lost. */
static void
find_zone_losses(const FlowStep *step, bool by_station)
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

static double
usable_cores(const Flow *flow, const FlowPop *pop)
{
    return pop->is_halted ? 0 : pop->cores * pop->speed * flow->pop_scale;
}

void
flow_pop_refresh(Flow *flow, uint32_t index)
{
    FlowPop *pop = &flow->pops[index];
    flow_terms_refresh(flow, pop);
    pop->stretch = 1;
    pop->due = pop->at;
}

void
flow_pop_drop(Flow *flow, uint32_t index, double share)
{
    FlowPop *pop = &flow->pops[index];
    size_t all = (size_t)flow->clients.levels * flow->plan->stride;
    if (flow_station_is_empty(&pop->station))
        return;
    if (!pop->dropped)
        pop->dropped = SIM_ARENA_NEW(flow->arena, double, all);
    flow_station_drop(&pop->station, pop->at, share, pop->dropped);
    pop->has_dropped = true;
}

void
flow_pop_reweigh(Flow *flow, uint32_t index)
{
    FlowPop *pop = &flow->pops[index];
    const FlowPlan *plan = flow->plan;
    memcpy(flow->work, plan->cpu, plan->stride * sizeof(double));
    for (uint32_t u = 0; u < plan->n_units; u++) {
        const FlowUnit *unit = &plan->units[u];
        double more = (pop->behaviour[u].burn_cpu - 1) *
                      sim_seconds(world_service(flow->world, unit->service)->cpu);
        for (uint32_t r = 0; more > 0 && r < plan->stride; r++)
            flow->work[r] += more * unit->calls[r];
    }
    for (uint32_t k = 1; k < flow->clients.levels; k++)
        memcpy(flow->work + (size_t)k * plan->stride, flow->work, plan->stride * sizeof(double));
    flow_station_reweigh(&pop->station, flow->work);
}

/* one step ---------------------------------------------------------------------------------- */

static void
take_step(Flow *flow, uint32_t index, SimTime to)
{
    FlowPop *pop = &flow->pops[index];
    FlowStep step = {.flow = flow,
                     .pop = pop,
                     .index = index,
                     .from = pop->at,
                     .to = to,
                     .seconds = sim_seconds(to - pop->at),
                     .n = flow->plan->stride,
                     .levels = flow->clients.levels,
                     .has_entry = flow_entry_is_busy(pop)};
    double capacity = usable_cores(flow, pop);
    flow_terms_judge(&step);
    flow_book_sites_begin(&step);
    enter(&step);
    bool by_station = !flow_station_is_empty(&pop->station) || pop->has_dropped;
    double work = by_station ? 0 : serve_at_once(&step);
    by_station |= work > capacity * step.seconds;
    find_backlog_slot(flow, pop);
    if (by_station) {
        serve_by_station(&step, capacity);
        work = fmin(capacity * step.seconds, pop->station.step_work - pop->station.spare);
    } else {
        put_all_later(&step);
    }
    find_zone_losses(&step, by_station);
    flow_book_step(&step, by_station);
    pop->load = work / step.seconds;
    pop->counts.work += work;
    if (by_station)
        pop->bucket_backlog += flow_station_work(&pop->station) * step.seconds;
    pop->at = to;
    flow->pop_steps++;
}

/* Work waits, or will in the next step. */
static bool
is_short(const Flow *flow, const FlowPop *pop)
{
    return !flow_station_is_empty(&pop->station) || pop->load > 0.98 * usable_cores(flow, pop);
}

/* So near to it that a long step might pass over the begin of a queue. */
static bool
is_strained(const Flow *flow, const FlowPop *pop)
{
    return is_short(flow, pop) || pop->load > 0.93 * usable_cores(flow, pop);
}

void
flow_pop_advance(Flow *flow, uint32_t index, SimTime to)
{
    FlowPop *pop = &flow->pops[index];
    SimTime piece = sim_from_seconds(flow->clients.timeout_min / 20 * flow->tick_factor);
    while (pop->at < to) {
        SimTime most = is_short(flow, pop) ? piece : is_strained(flow, pop) ? flow->tick : to;
        take_step(flow, index, to - pop->at > most ? pop->at + most : to);
    }
}

/* Nothing fails, waits or fills here: the next step may end with the recorder's bucket. */
static bool
is_calm(const Flow *flow, const FlowPop *pop)
{
    return pop->n_active == 0 && !pop->has_orbit && !pop->is_filling && !pop->is_guarding &&
           pop->delays.pending < FLOW_CALM && !flow_entry_is_busy(pop) && flow->core_trouble == 0 &&
           !is_strained(flow, pop);
}

void
flow_pop_plan_next(Flow *flow, uint32_t index)
{
    FlowPop *pop = &flow->pops[index];
    bool steady = pop->change < STEADY && !pop->is_guarding && pop->seen == flow->core_version &&
                  !is_strained(flow, pop);
    /* The line of those who wait in vain is not long enough for longer steps. */
    steady = steady && !flow_entry_is_busy(pop);
    pop->stretch = steady ? pop->stretch * 2 : 1;
    if (pop->stretch > STRETCH_MAX)
        pop->stretch = STRETCH_MAX;
    SimTime reach = flow->tick * pop->stretch;
    SimTime longest = sim_from_seconds(flow->clients.reload_min / 2);
    reach = reach > longest && longest > flow->tick ? longest : reach;
    pop->due = is_calm(flow, pop) ? SIM_TIME_MAX : pop->at + reach;
    pop->seen = flow->core_version;
}
