#include "models/flow.h"

#include "sim/elementary.h"

#include <math.h>
#include <string.h>

/* attaching --------------------------------------------------------------------------------- */

void
flow_guard_init(Flow *flow, FlowGuard *guard, const NeedSpec *need, uint32_t pop)
{
    const World *world = flow->world;
    *guard = (FlowGuard){
        .index = guards_find(flow->books->guards, need), .come = 1, .pass = 1, .go = 1, .tries = 1};
    const Guard *of = &flow->books->guards->of[guard->index];
    guard->rule = throttle_rule((ThrottleKind)need->throttle);
    if (guard->rule)
        guard->throttle = SIM_ARENA_NEW(flow->arena, Throttle, 1);
    if (need->breaker.kind != BREAKER_NONE) {
        BreakerRule rule = breaker_rule(&need->breaker);
        guard->breaker = SIM_ARENA_NEW(flow->arena, Breaker, 1);
        breaker_init(guard->breaker, &rule, guard_stream(world, of, "breaker", pop));
    }
    if (need->outlier.entity.is_given) {
        OutlierRule rule = outlier_rule(&need->outlier);
        uint32_t n = outlier_hosts(world_service(world, need->service)->station.hosts);
        OutlierHost *hosts = SIM_ARENA_NEW(flow->arena, OutlierHost, n);
        guard->outlier = SIM_ARENA_NEW(flow->arena, Outlier, 1);
        outlier_init(guard->outlier, &rule, hosts, n, guard_stream(world, of, "outlier", pop));
    }
}

void
flow_guard_attach(Flow *flow)
{
    const FlowPlan *plan = flow->plan;
    uint32_t n = plan->n_guarded;
    flow->guard_sent = SIM_ARENA_NEW(flow->arena, double, n + 1);
    flow->guard_lost = SIM_ARENA_NEW(flow->arena, double, n + 1);
    flow->guard_again = SIM_ARENA_NEW(flow->arena, double, n + 1);
    flow->guard_open = SIM_ARENA_NEW(flow->arena, double, 2 * flow->books->guards->n + 1);
    for (uint32_t p = 0; n > 0 && p < flow->n_pops; p++) {
        flow->pops[p].guards = SIM_ARENA_NEW(flow->arena, FlowGuard, n);
        for (uint32_t e = 0; e < plan->n_edges; e++)
            if (plan->edges[e].guarded)
                flow_guard_init(flow, &flow->pops[p].guards[plan->edges[e].guard],
                                plan->edges[e].guarded, p);
    }
}

/* causes ------------------------------------------------------------------------------------ */

/* The journal's entry for the slot of a cause. */
static uint32_t
cause_of(const Flow *flow, uint32_t slot)
{
    return slot < flow->books->n_causes ? flow->books->firsts[slot] : SIM_NONE;
}

/* What most of the failures that a guard sees come from; kept while it sees none. */
static void
find_slot(const Flow *flow, FlowGuard *guard, const FlowCalls *calls)
{
    const FlowCore *core = &flow->cores[calls->target];
    double own = flow_impair_failed(core, calls->need->timeout);
    if (guard->once > 0 && calls->front > own) {
        guard->slot = calls->front_slot;
    } else if (guard->once > 0 && own > core->failed) {
        guard->slot = core->impair_slot;
    } else if (guard->once > 0) {
        guard->slot = 0;
        for (uint32_t c = 1; c < BOOKS_CAUSES; c++)
            if (core->causes[c] > core->causes[guard->slot])
                guard->slot = c;
    } else if (guard->go < 1 && (core->backlog_slot || core->impair_slot)) {
        guard->slot = core->backlog_slot ? core->backlog_slot : core->impair_slot;
    }
}

static void
note_breaker(Flow *flow, FlowGuard *guard, BreakerState was)
{
    Guard *of = &flow->books->guards->of[guard->index];
    guard_breaker_moved(of, flow->world, guard->breaker, was, sim_now(flow->world->sim),
                        cause_of(flow, guard->slot));
}

/* before a step ----------------------------------------------------------------------------- */

/* Hosts gone bad fail those who still ask them. */
static double
own_failed(const FlowCore *core, const FlowGuard *guard, const FlowCalls *calls, double *ret_spread)
{
    double failed = flow_impair_failed(core, calls->need->timeout);
    double bad = core->bad_hosts;
    *ret_spread = 1;
    if (!guard->outlier || bad <= 0 || bad >= 1 || failed >= 1)
        return failed;
    double seen = outlier_bad_share(guard->outlier, bad);
    *ret_spread = (1 - seen) / (1 - bad);
    return fmax(0, 1 - (1 - failed) * *ret_spread);
}

void
flow_guard_judge(const Flow *flow, FlowGuard *guard, const FlowCalls *calls)
{
    const FlowCore *core = &flow->cores[calls->target];
    double own = own_failed(core, guard, calls, &guard->spread), power = 1;
    guard->once = 1 - (1 - calls->front) * (1 - own);
    guard->lost = guard->tries = 0;
    for (int64_t k = 0; k <= calls->need->retries; k++) {
        double again = k < calls->need->retries ? guard->grant : 0;
        guard->tries += power;
        guard->lost += power * guard->once * (1 - again);
        power *= guard->once * again;
    }
}

/* The share of the retries that failures ask for which makes at most so many of them a call. */
static double
grant_of(double once, int64_t retries, double most)
{
    double low = 0, high = 1;
    for (uint32_t i = 0; i < 50; i++) {
        double grant = i == 0 ? 1 : (low + high) / 2, sum = 0, power = 1;
        for (int64_t k = 0; k < retries; k++) {
            power *= once * grant;
            sum += power;
        }
        if (sum <= most)
            low = grant;
        else
            high = grant;
        if (low >= 1)
            break;
    }
    return low;
}

static void
grant_retries(const Flow *flow, FlowGuard *guard, const FlowCalls *calls, double seconds)
{
    const NeedSpec *need = calls->need;
    double made = guard->asked * guard->go, most = 1e9;
    guard->grant = 1;
    if (need->retries == 0 || made <= 0)
        return;
    if (need->retry_budget > 0)
        most = need->retry_budget + guard->tokens / (made * seconds);
    if (need->retries_at_once > 0)
        most = fmin(most, need->retries_at_once /
                              (made * flow_core_held(flow, calls->target, need->timeout)));
    if (most < (double)need->retries)
        guard->grant = grant_of(guard->once, need->retries, most);
}

/*
 * Calls in hand: they come at the rate asked until the bulkhead is full, then as places get free.
 * A call holds its place for the time that it waits now, and no more get free than the service
 * serves of this caller's, or than time out.
 */
static double
bulkhead_share(const Flow *flow, FlowGuard *guard, const FlowCalls *calls, double rate, double dt)
{
    const FlowCore *core = &flow->cores[calls->target];
    double most = calls->need->bulkhead;
    double held = flow_core_held(flow, calls->target, calls->need->timeout);
    double level = rate * held, left = guard->in_hand - level, decay = sim_exp(-dt / held);
    if (rate <= 0 || level <= most) {
        guard->in_hand = fmin(most, level + left * decay);
        return 1;
    }
    double served = core->asked_per_s > 0 ? core->could_per_s * guard->sent / core->asked_per_s : 0;
    double free = fmin(most / held, served + most / sim_seconds(calls->need->timeout));
    double until = guard->in_hand < most ? fmin(dt, held * sim_log(-left / (level - most))) : 0;
    guard->in_hand = until < dt ? most : level + left * decay;
    return fmin(1, (rate * until + free * (dt - until)) / (rate * dt));
}

void
flow_guard_open(Flow *flow, FlowGuard *guard, const FlowCalls *calls)
{
    double seconds = sim_seconds(calls->to - calls->from), rate = guard->asked;
    guard->grant = 1;
    flow_guard_judge(flow, guard, calls);
    find_slot(flow, guard, calls);
    guard->come = 1;
    if (guard->breaker) {
        BreakerState was = guard->breaker->state;
        guard->come = breaker_share(guard->breaker, calls->to - 1, rate * seconds);
        note_breaker(flow, guard, was);
    }
    guard->pass = guard->come;
    if (guard->throttle)
        guard->pass *= 1 - guard->throttle->share;
    guard->go = guard->pass;
    if (calls->need->bulkhead > 0)
        guard->go *= bulkhead_share(flow, guard, calls, rate * guard->go, seconds);
    grant_retries(flow, guard, calls, seconds);
    flow_guard_judge(flow, guard, calls);
}

/* after a step ------------------------------------------------------------------------------ */

static void
count_breaker(Flow *flow, FlowGuard *guard, const FlowCalls *calls, double tries)
{
    BreakerState was = guard->breaker->state;
    SimTime held = sim_from_seconds(flow_core_held(flow, calls->target, calls->need->timeout));
    bool is_slow = guard->breaker->rule.slow > 0 && held >= guard->breaker->rule.slow;
    guard->breaker->took = held;
    breaker_count(guard->breaker, &(BreakerCalls){.from = calls->from,
                                                  .to = calls->to,
                                                  .ok = tries * (1 - guard->once),
                                                  .failed = tries * guard->once,
                                                  .slow = is_slow ? tries : 0});
    note_breaker(flow, guard, was);
}

static void
count_outlier(Flow *flow, FlowGuard *guard, const FlowCalls *calls, double tries)
{
    Outlier *outlier = guard->outlier;
    double bad = flow->cores[calls->target].bad_hosts;
    bool is_clean = guard->once <= 0 && bad <= 0;
    if (is_clean && guard->was_clean && outlier->ejections == outlier->returns)
        return;
    guard->was_clean = is_clean;
    double seen = outlier_bad_share(outlier, bad);
    double rest = seen < 1 ? fmax(0, 1 - (1 - guard->once) / (1 - seen)) : 0;
    uint64_t ejections = outlier->ejections, returns = outlier->returns;
    outlier_step(
        outlier,
        &(OutlierCalls){
            .from = calls->from, .to = calls->to, .calls = tries, .bad = bad, .failed = rest});
    guard_outlier_moved(&flow->books->guards->of[guard->index], flow->world, outlier, ejections,
                        returns, sim_now(flow->world->sim), cause_of(flow, guard->slot));
}

void
flow_guard_count(Flow *flow, FlowGuard *guard, const FlowCalls *calls, double asked)
{
    static const double KEPT_SECONDS = 10; /* of the budget of retries */
    double seconds = sim_seconds(calls->to - calls->from), made = asked * guard->go;
    double tries = made * guard->tries * seconds, budget = calls->need->retry_budget * made;
    if (guard->breaker && tries > 0)
        count_breaker(flow, guard, calls, tries);
    if (guard->throttle && seconds > 0)
        throttle_step(guard->throttle, guard->rule, seconds, asked * guard->come, 1 - guard->once);
    if (guard->outlier && tries > 0)
        count_outlier(flow, guard, calls, tries);
    double kept = guard->tokens + (budget - made * (guard->tries - 1)) * seconds;
    guard->tokens = fmax(0, fmin(kept, budget * KEPT_SECONDS));
    guard->asked = asked;
}

void
flow_guard_sums_set(Flow *flow, FlowGuard *guard, uint32_t edge, double front, double made)
{
    double sent = made * (1 - front) * guard->tries * guard->spread, lost = made * guard->lost;
    flow->guard_sent[edge] += sent - guard->sent;
    double again = made * (guard->tries - 1);
    flow->guard_lost[edge] += lost - guard->lost_sum;
    flow->guard_again[edge] += again - guard->again;
    guard->again = again;
    guard->sent = sent;
    guard->lost_sum = lost;
}

bool
flow_guard_is_calm(const FlowGuard *guard)
{
    return guard->once <= 0 && guard->go >= 1 &&
           (!guard->breaker || guard->breaker->state == BREAKER_CLOSED) &&
           (!guard->throttle || guard->throttle->share <= 0) &&
           (!guard->outlier || outlier_is_calm(guard->outlier));
}

/* Those whose steps are long have not yet seen that anything was well until now. */
void
flow_guard_catch_up(Flow *flow, SimTime to)
{
    for (uint32_t p = 0; flow->plan->n_guarded > 0 && p < flow->n_pops; p++)
        flow_pop_advance(flow, p, to);
}

/* recording --------------------------------------------------------------------------------- */

static void
add_open(const FlowGuard *guard, double *open, double *places)
{
    places[guard->index]++;
    open[guard->index] += guard->breaker && guard->breaker->state != BREAKER_CLOSED;
}

void
flow_guard_record(Flow *flow, SimTime to)
{
    const Guards *guards = flow->books->guards;
    if (guards->n == 0)
        return;
    double *open = flow->guard_open, *places = flow->guard_open + guards->n;
    memset(open, 0, 2 * guards->n * sizeof(double));
    for (uint32_t p = 0; p < flow->n_pops; p++)
        for (uint32_t e = 0; e < flow->plan->n_guarded; e++)
            add_open(&flow->pops[p].guards[e], open, places);
    for (uint32_t i = 0; i < flow->n_cores; i++)
        for (uint32_t j = 0; j < flow->cores[i].n_calls; j++)
            if (flow->cores[i].calls[j].guard)
                add_open(flow->cores[i].calls[j].guard, open, places);
    for (uint32_t g = 0; g < guards->n; g++)
        if (guards->of[g].column != SIM_NONE && places[g] > 0)
            books_gauge(flow->books, guards->of[g].column, open[g] / places[g], to);
}
