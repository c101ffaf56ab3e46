#include "models/flow.h"

#include <math.h>
#include <string.h>

/* Attempts that reached a worker: outcomes and causes by term. */
static void
book_terms(const FlowStep *step)
{
    Flow *flow = step->flow;
    const double *restrict attempts = flow->attempts;
    uint32_t people = flow->plan->n_people;
    for (uint32_t a = 0; a < step->n_active; a++) {
        const FlowActive *active = &flow->active[a];
        const double *restrict portion = flow_column(flow->portion, step, a);
        double *restrict cause = flow->cause_rows + (size_t)active->slot * step->n;
        double sum = 0, others = 0;
        bool counts = active->outcome != OUTCOME_STALE;
        for (uint32_t r = 0; r < people; r++) {
            double amount = attempts[r] * portion[r];
            cause[r] += counts ? amount : 0;
            sum += amount;
        }
        for (uint32_t r = people; r < flow->plan->n_rows; r++)
            others += attempts[r] * portion[r];
        flow->books->outcome_sum[active->outcome] += sum;
        if (outcome_is_failed((Outcome)active->outcome))
            step->pop->counts.failed += sum;
        if (active->service != SIM_NONE && outcome_is_failed((Outcome)active->outcome) &&
            (flow->core_of[active->service] == SIM_NONE || active->is_gone))
            flow->books->service_failed[active->service] += sum + others;
    }
}

FLOW_COLUMNS static void
book_offered(const FlowStep *step, bool by_station)
{
    Flow *flow = step->flow;
    double *restrict attempts = flow->attempts, *restrict sum_offered = flow->books->offered;
    double *restrict sum_retries = flow->books->retries;
    double sum = 0;
    memset(attempts, 0, step->n * sizeof(double));
    for (uint32_t k = 0; k < step->levels; k++) {
        const double *restrict level = flow_column(flow->level, step, k);
        const double *restrict offered = by_station ? flow_column(flow->enter, step, k) : level;
        const double is_retry = k > 0;
        FLOW_APART
        for (uint32_t r = 0; r < step->n; r++) {
            attempts[r] += level[r];
            sum_offered[r] += offered[r];
            sum_retries[r] += offered[r] * is_retry;
        }
        for (uint32_t r = 0; r < flow->plan->n_people; r++)
            sum += offered[r];
    }
    step->pop->counts.offered += sum;
}

FLOW_COLUMNS static void
book_rows(const FlowStep *step)
{
    Flow *flow = step->flow;
    const double *restrict attempts = flow->attempts, *restrict failed = flow->failed;
    const double *restrict blocked = flow->blocked, *restrict miss = step->pop->miss;
    const double *restrict refusing = flow->origin_lost;
    double *restrict sum_ok = flow->books->ok, *restrict sum_failed = flow->books->failed;
    double *restrict sum_blocked = flow->books->blocked, *restrict sum_asked = flow->books->asked;
    double *restrict sum_miss = flow->books->miss, *restrict served = flow->served;
    double *restrict login_ok = flow->login_ok;
    FLOW_APART
    for (uint32_t r = 0; r < step->n; r++) {
        double ok = attempts[r] * (1 - failed[r] - blocked[r]);
        double reached = 1 - miss[r] * refusing[r];
        double asked = ok / (reached > 1e-9 ? reached : 1e-9);
        sum_ok[r] += ok;
        sum_failed[r] += attempts[r] * failed[r];
        sum_blocked[r] += attempts[r] * blocked[r];
        sum_asked[r] += asked;
        sum_miss[r] += asked * miss[r];
        served[r] = ok;
        login_ok[r] += ok;
    }
}

/* People whose machine has no attempt left: some wait to try again, the others give up. */
FLOW_COLUMNS static void
book_people(const FlowStep *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    uint32_t n = flow->clients.n_clients;
    const double *restrict persistence = flow->clients.persistence, *restrict final = flow->final;
    const double *restrict served = flow->served, *restrict attempts = flow->attempts;
    const double *restrict blocked = flow->blocked, *restrict came = flow->came;
    double *restrict orbit = pop->orbit, *restrict in = flow->orbit_in;
    double *restrict stays = pop->stays;
    double waiting = 0, left = 0, ok = 0, stopped = 0;
    for (uint32_t r = 0; r < n; r++) {
        double stay = final[r] * persistence[r];
        orbit[r] += stay;
        in[r] += stay;
        stays[r] = stay < 0.999 * came[r] ? stay / (came[r] + 1e-300) : 0.999 * (came[r] > 0);
    }
    for (uint32_t r = 0; r < n; r++) {
        bool is_person = r < flow->plan->n_people;
        waiting += orbit[r];
        ok += is_person ? served[r] : 0;
        stopped += is_person ? attempts[r] * blocked[r] : 0;
        left += final[r] * (1 - persistence[r]) + served[r] + attempts[r] * blocked[r];
    }
    flow->left += left;
    pop->counts.ok += ok;
    pop->counts.blocked += stopped;
    pop->has_orbit = waiting > FLOW_CALM;
    memcpy(pop->tokens, flow->tokens, step->n * sizeof(double));
}

/* Calls that pass their guard, of so many that were wanted. */
static double
book_guarded(const FlowStep *step, const FlowEdge *edge, double asked)
{
    Flow *flow = step->flow;
    FlowGuard *guard = &step->pop->guards[edge->guard];
    FlowCalls calls = flow_terms_calls(step, edge);
    double made = asked * guard->go;
    flow_guard_count(flow, guard, &calls, asked);
    flow_guard_sums_set(flow, guard, edge->guard, calls.front, made);
    step->pop->is_guarding |= !flow_guard_is_calm(guard);
    return made;
}

/* Calls over an edge in a step; more: factors, or NULL. */
static double
calls_over(const Flow *flow, const FlowEdge *edge, const double *more)
{
    const FlowRowCall *calls = flow->plan->calls + edge->first_call;
    const double *restrict attempts = flow->attempts;
    const double *restrict reach = flow->reach + edge->first_call;
    double sum = 0;
    for (uint32_t i = 0; !more && i < edge->n_calls; i++)
        sum += attempts[calls[i].row] * reach[i] * calls[i].per_request;
    for (uint32_t i = 0; more && i < edge->n_calls; i++)
        sum +=
            attempts[calls[i].row] * reach[i] * more[edge->first_call + i] * calls[i].per_request;
    return sum;
}

/* Calls over each edge, for central services and, through fronts, for this PoP's next step. */
static void
book_calls(const FlowStep *step)
{
    Flow *flow = step->flow;
    const FlowPlan *plan = flow->plan;
    double *rates = flow->grant, unused[2];
    const double *more = step->pop->has_more_calls ? step->pop->more_calls : NULL;
    step->pop->is_guarding = false;
    for (uint32_t e = 0; e < plan->n_edges; e++) {
        rates[e] = calls_over(flow, &plan->edges[e], more) / step->seconds;
    }
    for (uint32_t e = 0; e < plan->n_edges; e++)
        if (plan->edges[e].is_used && plan->edges[e].fallback != SIM_NONE)
            rates[plan->edges[e].fallback] +=
                rates[e] *
                flow_terms_edge_failed(flow, step->pop, &plan->edges[e], &unused[0], &unused[1]);
    for (uint32_t e = 0; e < plan->n_edges; e++) {
        double front = flow->front[flow->core_of[plan->edges[e].service]];
        if (plan->edges[e].guarded)
            rates[e] = book_guarded(step, &plan->edges[e], rates[e]);
        flow_pop_calls_set(flow, step->pop, e, rates[e], rates[e] * (1 - front));
    }
}

void
flow_pop_calls_set(Flow *flow, FlowPop *pop, uint32_t edge, double rate, double passed)
{
    flow->calls[edge] += passed - pop->passed[edge];
    flow->tried[edge] += rate - pop->calls[edge];
    pop->calls[edge] = rate;
    pop->passed[edge] = passed;
}

static void
set_site_miss(Flow *flow, FlowPop *pop, uint32_t site)
{
    const CacheCurve *curve = flow->curves[site];
    double cacheable = world_site(flow->world, site)->cache.cacheable;
    double hit = curve ? cache_curve_hit(curve, pop->age[site]) : 0;
    for (uint32_t r = 0; r < flow->clients.n_clients; r++)
        if (flow->plan->rows[r].site == site)
            pop->miss[r] = 1 - cacheable * hit;
}

/* Caches that are not full: their age grows with requests whose fetch, if needed, succeeds. */
static void
fill_caches(const FlowStep *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    if (!pop->is_filling)
        return;
    pop->is_filling = false;
    for (uint32_t s = 0; s < flow->world->n_sites; s++)
        flow->traffic.site_scratch[s] = 0;
    for (uint32_t r = 0; r < flow->clients.n_clients; r++)
        flow->traffic.site_scratch[flow->plan->rows[r].site] += flow->served[r];
    for (uint32_t s = 0; s < flow->world->n_sites; s++) {
        const CacheCurve *curve = flow->curves[s];
        if (!curve || pop->age[s] >= cache_curve_full(curve))
            continue;
        double asked = flow->traffic.site_scratch[s] * world_site(flow->world, s)->cache.cacheable;
        pop->age[s] = cache_curve_advance(curve, pop->age[s], asked, 1 - flow->origins[s].lost);
        pop->is_filling |= pop->age[s] < cache_curve_full(curve);
        set_site_miss(flow, pop, s);
    }
}

void
flow_pop_miss_set(Flow *flow, FlowPop *pop)
{
    for (uint32_t s = 0; s < flow->world->n_sites; s++)
        set_site_miss(flow, pop, s);
}

/* A further wait of a share of a row's requests. */
static inline void
delay_row(Flow *flow, uint32_t row, double share, double seconds)
{
    flow->undelayed[row] *= 1 - fmin(1, share);
    flow->delay[row] += share * seconds;
}

/* Calls to central services that are far or slow, by faults; nobody waits longer than his time-out.
 */
static void
delay_by_calls(Flow *flow)
{
    const FlowPlan *plan = flow->plan;
    for (uint32_t e = 0; e < plan->n_edges; e++) {
        const FlowEdge *edge = &plan->edges[e];
        double more = flow_impair_delay(flow, &flow->cores[flow->core_of[edge->service]]);
        more = fmin(more, sim_seconds(edge->timeout));
        for (uint32_t i = 0; more > 0 && i < edge->n_calls; i++) {
            const FlowRowCall *call = &plan->calls[edge->first_call + i];
            if (call->row < plan->n_people)
                delay_row(flow, call->row, call->per_request / edge->each, edge->each * more);
        }
    }
}

static void
delay_by_units(Flow *flow, const FlowPop *pop)
{
    for (uint32_t u = 0; u < flow->plan->n_units; u++)
        for (uint32_t r = 0; pop->behaviour[u].delay > 0 && r < flow->plan->n_people; r++)
            delay_row(flow, r, flow->plan->units[u].calls[r], pop->behaviour[u].delay);
}

/* Those served whom faults cost time, and how much: as if each way to lose it were met alone. */
static void
book_delay(const FlowStep *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    uint32_t n = flow->plan->n_people;
    if (!pop->entry.has_delay && !pop->has_delay && !flow->has_far_core)
        return;
    for (uint32_t r = 0; r < n; r++) {
        double entry = pop->entry.has_delay ? pop->entry.delay[r] : 0;
        flow->undelayed[r] = entry <= 0;
        flow->delay[r] = entry;
    }
    if (pop->has_delay)
        delay_by_units(flow, pop);
    if (flow->has_far_core)
        delay_by_calls(flow);
    for (uint32_t r = 0; r < n; r++) {
        pop->bucket_delayed += flow->served[r] * (1 - flow->undelayed[r]);
        pop->bucket_delay += flow->served[r] * flow->delay[r];
    }
}

/* How much the failed shares moved, relative to themselves: whether longer steps will do. */
FLOW_COLUMNS static void
find_change(const FlowStep *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    double moved = 0, size = 1e-9;
    const double *restrict final = flow->final;
    double *restrict last = pop->last_failed;
    const double per_second = 1 / step->seconds;
    FLOW_APART
    for (uint32_t r = 0; r < step->n; r++) {
        double now = final[r] * per_second;
        moved += fabs(now - last[r]);
        size += now;
        last[r] = now;
    }
    pop->change = moved / size;
}

/* What the attempts that came ask for, whether they get it or not: the mean cost of one. */
static void
book_cost(const FlowStep *step)
{
    const Flow *flow = step->flow;
    const double *restrict attempts = flow->attempts, *restrict cpu = flow->cpu;
    double cost = 0, calls = 0;
    for (uint32_t r = 0; r < flow->clients.n_clients; r++) {
        cost += attempts[r] * cpu[r];
        calls += attempts[r];
    }
    step->pop->bucket_cost += cost;
    step->pop->bucket_calls += calls;
}

void
flow_book_sites_begin(const FlowStep *step)
{
    const Books *books = step->flow->books;
    if (!step->pop->site_offered)
        return;
    memcpy(step->flow->was_there, books->offered, step->n * sizeof(double));
    memcpy(step->flow->was_there + step->n, books->failed, step->n * sizeof(double));
}

/* What the step has added to the rows, by site. */
static void
book_sites(const FlowStep *step)
{
    const Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    for (uint32_t r = 0; pop->site_offered && r < flow->clients.n_clients; r++) {
        uint32_t site = flow->plan->rows[r].site;
        pop->site_offered[site] += flow->books->offered[r] - flow->was_there[r];
        pop->site_failed[site] += flow->books->failed[r] - flow->was_there[step->n + r];
    }
}

void
flow_book_step(const FlowStep *step, bool by_station)
{
    book_offered(step, by_station);
    book_rows(step);
    flow_origin_book(step);
    book_terms(step);
    book_people(step);
    book_calls(step);
    fill_caches(step);
    find_change(step);
    book_cost(step);
    book_delay(step);
    if (step->has_entry)
        flow_entry_book(step);
    book_sites(step);
}
