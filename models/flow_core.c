#include "models/erlang.h"
#include "models/flow.h"
#include "models/need.h"
#include "sim/elementary.h"

#include <math.h>
#include <string.h>

static const double TOLD = 1e-3; /* change of a failed share that PoPs are told of at once */

static const ServiceSpec *
spec_of(const Flow *flow, const FlowCore *core)
{
    return world_service(flow->world, core->service);
}

/* attaching --------------------------------------------------------------------------------- */

static uint32_t
nearest_pop(const World *world, const LocationSpec *location)
{
    const GeoPlaces *at = &world->geo->pops.at;
    uint32_t best = 0;
    double least = 1e18;
    for (uint32_t p = 0; p < world->n_pops; p++) {
        double km = geo_distance_km(location->latitude, location->longitude, at->latitude[p],
                                    at->longitude[p]);
        if (km < least) {
            least = km;
            best = p;
        }
    }
    return best;
}

static void
attach_calls(Flow *flow, FlowCore *core)
{
    const SimList *needs = &spec_of(flow, core)->needs;
    core->calls = SIM_ARENA_NEW(flow->arena, FlowCall, needs->n + 1);
    SIM_EACH(const NeedSpec, need, *needs)
    {
        FlowCall *call = &core->calls[core->n_calls++];
        *call = (FlowCall){.need = need, .target = flow->core_of[need->service]};
        if (call->target != SIM_NONE)
            call->stream = flow->cores[call->target].n_streams++;
        if (call->target != SIM_NONE && need_is_guarded(need)) {
            call->guard = SIM_ARENA_NEW(flow->arena, FlowGuard, 1);
            flow_guard_init(flow, call->guard, need, SIM_NONE);
        }
    }
}

static void
attach_streams(Flow *flow, FlowCore *core)
{
    uint32_t n = core->n_streams ? core->n_streams : 1;
    const StationSpec *station = &spec_of(flow, core)->station;
    core->n_streams = n;
    core->timeout = SIM_ARENA_NEW(flow->arena, double, n);
    core->patience = SIM_ARENA_NEW(flow->arena, double, n);
    core->given_up = SIM_ARENA_NEW(flow->arena, double, n);
    core->work = SIM_ARENA_NEW(flow->arena, double, n);
    core->arrivals = SIM_ARENA_NEW(flow->arena, double, n);
    core->started = SIM_ARENA_NEW(flow->arena, double, n);
    core->timed_out = SIM_ARENA_NEW(flow->arena, double, n);
    core->refused = SIM_ARENA_NEW(flow->arena, double, n);
    for (uint32_t i = 0; i < n; i++) {
        core->work[i] = sim_seconds(station->service_time);
        core->timeout[i] = 1e9;
    }
}

/* When the time-outs of all streams are known. */
static void
attach_station(Flow *flow, FlowCore *core)
{
    const StationSpec *station = &spec_of(flow, core)->station;
    FlowStationOptions options = {.n_streams = core->n_streams,
                                  .timeout = core->timeout,
                                  .queue = station->queue > 0 ? station->queue : -1,
                                  .lifo = station->discipline == DISCIPLINE_LIFO ||
                                          station->discipline == DISCIPLINE_ADAPTIVE_LIFO,
                                  .codel = station->discipline == DISCIPLINE_CODEL,
                                  .cancel = station->cancel};
    memcpy(core->patience, core->timeout, core->n_streams * sizeof(double));
    flow_station_init(&core->station, &options);
    core->admission_rule = throttle_rule((ThrottleKind)station->admission);
    if (core->admission_rule)
        core->admission = SIM_ARENA_NEW(flow->arena, Throttle, 1);
}

/* Depth first over needs, so that callers come before those they call; loops end where they close.
 */
static void
visit(Flow *flow, uint32_t index, bool *seen, uint32_t *position)
{
    if (seen[index])
        return;
    seen[index] = true;
    for (uint32_t i = 0; i < flow->cores[index].n_calls; i++)
        if (flow->cores[index].calls[i].target != SIM_NONE)
            visit(flow, flow->cores[index].calls[i].target, seen, position);
    flow->core_order[--*position] = index;
}

void
flow_core_attach(Flow *flow)
{
    const World *world = flow->world;
    flow->core_of = SIM_ARENA_NEW(flow->arena, uint32_t, world->n_services);
    for (uint32_t v = 0; v < world->n_services; v++)
        flow->core_of[v] =
            world_service(world, v)->placement == PLACEMENT_POP ? SIM_NONE : flow->n_cores++;
    flow->cores = SIM_ARENA_NEW(flow->arena, FlowCore, flow->n_cores + 1);
    flow->core_order = SIM_ARENA_NEW(flow->arena, uint32_t, flow->n_cores + 1);
    for (uint32_t v = 0; v < world->n_services; v++) {
        if (flow->core_of[v] == SIM_NONE)
            continue;
        FlowCore *core = &flow->cores[flow->core_of[v]];
        uint32_t location = world_service(world, v)->location;
        *core = (FlowCore){.service = v,
                           .factor = 1,
                           .pop = world->pops_by_demand[0],
                           .impairment = IMPAIRMENT_NONE};
        if (location != SIM_NONE)
            core->pop =
                nearest_pop(world, SIM_ITEM(world->spec->locations, const LocationSpec, location));
    }
    for (uint32_t e = 0; e < flow->plan->n_edges; e++)
        flow->plan->edges[e].stream =
            flow->cores[flow->core_of[flow->plan->edges[e].service]].n_streams++;
    for (uint32_t i = 0; i < flow->n_cores; i++)
        attach_calls(flow, &flow->cores[i]);
    for (uint32_t i = 0; i < flow->n_cores; i++)
        attach_streams(flow, &flow->cores[i]);
    for (uint32_t e = 0; e < flow->plan->n_edges; e++) {
        const FlowEdge *edge = &flow->plan->edges[e];
        flow->cores[flow->core_of[edge->service]].timeout[edge->stream] =
            sim_seconds(edge->timeout);
    }
    for (uint32_t i = 0; i < flow->n_cores; i++)
        for (uint32_t j = 0; j < flow->cores[i].n_calls; j++) {
            const FlowCall *call = &flow->cores[i].calls[j];
            if (call->target != SIM_NONE)
                flow->cores[call->target].timeout[call->stream] = sim_seconds(call->need->timeout);
        }
    for (uint32_t i = 0; i < flow->n_cores; i++)
        attach_station(flow, &flow->cores[i]);
    bool *seen = SIM_ARENA_NEW(flow->arena, bool, flow->n_cores + 1);
    uint32_t position = flow->n_cores;
    for (uint32_t i = 0; i < flow->n_cores; i++)
        visit(flow, i, seen, &position);
}

/* calls ------------------------------------------------------------------------------------- */

/* Tries a call, once with each retry: the mean number when each fails with that chance. */
static double
tries(double failed, uint32_t retries)
{
    double sum = 1, power = 1;
    for (uint32_t k = 0; k < retries; k++) {
        power *= failed;
        sum += power;
    }
    return sum;
}

/* Failed share of a central service's calls through the edge, at the PoP where they enter. */
static double
front_failed_at(const Flow *flow, uint32_t pop, uint32_t service)
{
    uint32_t first = flow->plan->zone_first[service];
    double failed = 0;
    if (first == SIM_NONE)
        return 0;
    for (uint32_t r = first; r < flow->plan->n_rows && flow->plan->rows[r].service == service; r++)
        failed +=
            flow->traffic.share_now[r] * flow->pops[pop].zone_failed[r - flow->plan->n_clients];
    return failed;
}

static FlowCalls
guarded_calls(const Flow *flow, const FlowCore *core, const FlowCall *call, double seconds)
{
    uint32_t first = flow->plan->zone_first[call->need->service];
    const uint32_t *slots = flow->pops[core->pop].zone_slot;
    SimTime now = sim_now(flow->world->sim);
    return (FlowCalls){.need = call->need,
                       .target = call->target,
                       .front = front_failed_at(flow, core->pop, call->need->service),
                       .front_slot = first == SIM_NONE ? 0 : slots[first - flow->plan->n_clients],
                       .from = now - sim_from_seconds(seconds),
                       .to = now};
}

/* Tries a second, of so many calls wanted, that pass their guard. */
static double
guarded_rate(Flow *flow, const FlowCore *core, FlowCall *call, double wanted, double seconds)
{
    FlowCalls calls = guarded_calls(flow, core, call, seconds);
    call->guard->asked = wanted;
    flow_guard_open(flow, call->guard, &calls);
    call->guard->sent = wanted * call->guard->go * call->guard->tries;
    return call->guard->sent;
}

/* A central service calls what it needs: through the edge where there is a front. */
static void
make_calls(Flow *flow, FlowCore *core, double seconds)
{
    for (uint32_t i = 0; i < core->n_calls; i++) {
        FlowCall *call = &core->calls[i];
        const NeedSpec *need = call->need;
        if (call->target == SIM_NONE || flow->killed[need->service])
            continue;
        double rate = core->calls_per_s * need->share * (1 - need->cached) * need->calls;
        double front = front_failed_at(flow, core->pop, need->service);
        if (call->guard)
            rate = guarded_rate(flow, core, call, rate, seconds);
        else
            rate *= tries(call->failed, (uint32_t)need->retries);
        uint32_t first = flow->plan->zone_first[need->service];
        for (uint32_t r = first; first != SIM_NONE && r < flow->plan->n_rows &&
                                 flow->plan->rows[r].service == need->service;
             r++)
            flow->zone_extra[(size_t)core->pop * flow->n_zones + r - flow->plan->n_clients] += rate;
        double spread = call->guard ? call->guard->spread : 1;
        flow->cores[call->target].arrivals[call->stream] += rate * (1 - front) * spread * seconds;
    }
}

static void
take_arrivals(Flow *flow, double seconds)
{
    memset(flow->zone_extra, 0, (size_t)flow->n_pops * flow->n_zones * sizeof(double));
    for (uint32_t i = 0; i < flow->n_cores; i++)
        memset(flow->cores[i].arrivals, 0, flow->cores[i].n_streams * sizeof(double));
    for (uint32_t e = 0; e < flow->plan->n_edges; e++) {
        const FlowEdge *edge = &flow->plan->edges[e];
        FlowCore *core = &flow->cores[flow->core_of[edge->service]];
        double failed = flow_impair_failed(core, edge->timeout);
        double rate = edge->guarded ? fmax(0, flow->guard_sent[edge->guard])
                                    : fmax(0, flow->calls[e]) * tries(failed, edge->retries);
        core->arrivals[edge->stream] += rate * seconds;
    }
}

/* stations ---------------------------------------------------------------------------------- */

double
flow_core_held(const Flow *flow, uint32_t core, SimTime timeout)
{
    const FlowCore *target = &flow->cores[core];
    double patience = sim_seconds(timeout), lost = target->impairment.lost;
    double wait = target->wait + target->impairment.delay + target->work[0];
    return fmin(wait, patience) * (1 - lost) + patience * lost;
}

/* Seconds for which a call keeps its caller's place: it waits, longer by faults; the lost wait all.
 */
static double
held_by(const Flow *flow, const FlowCall *call)
{
    const FlowCore *target = &flow->cores[call->target];
    double timeout = sim_seconds(call->need->timeout), lost = target->impairment.lost;
    double wait = target->wait + flow_impair_delay(flow, target);
    double held = fmin(wait, timeout) * (1 - lost) + timeout * lost;
    return call->guard ? held * call->guard->pass : held;
}

/* Bulkheads that are full hold what they may and no more; others what their calls last.  A higher
 * rate fills more of them, so this climbs to the balance. */
static double
busy_with_bulkheads(const Flow *flow, const FlowCore *core, double places, double busy)
{
    double service = core->work[0];
    for (uint32_t round = 0; round <= core->n_calls; round++) {
        double left = places, each = service;
        for (uint32_t i = 0; i < core->n_calls; i++) {
            const NeedSpec *need = core->calls[i].need;
            if (core->calls[i].target == SIM_NONE)
                continue;
            double held = need->share * held_by(flow, &core->calls[i]);
            bool is_full = need->bulkhead > 0 && busy / service * held > need->bulkhead;
            left -= is_full ? need->bulkhead : 0;
            each += is_full ? 0 : held;
        }
        busy = fmax(busy, left * service / each);
    }
    return busy;
}

/* Servers, fewer when calls held for slow dependencies use up the concurrency. */
static double
capacity_of(const Flow *flow, const FlowCore *core)
{
    const StationSpec *station = &spec_of(flow, core)->station;
    double servers = station->servers * core->factor, held = 0;
    if (core->is_halted)
        return 0;
    if (station->concurrency <= 0)
        return servers;
    double places = station->concurrency * core->factor, service = core->work[0];
    bool has_bulkhead = false;
    for (uint32_t i = 0; i < core->n_calls; i++) {
        if (core->calls[i].target == SIM_NONE)
            continue;
        held += core->calls[i].need->share * held_by(flow, &core->calls[i]);
        has_bulkhead |= core->calls[i].need->bulkhead > 0;
    }
    double busy = places * service / (service + held);
    return fmin(servers, has_bulkhead ? busy_with_bulkheads(flow, core, places, busy) : busy);
}

static double
sum_of(const double *values, uint32_t n)
{
    double sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += values[i];
    return sum;
}

static void
serve_calmly(FlowCore *core, double capacity, double seconds)
{
    double calls = sum_of(core->arrivals, core->n_streams);
    memcpy(core->started, core->arrivals, core->n_streams * sizeof(double));
    memcpy(core->timed_out, core->given_up, core->n_streams * sizeof(double));
    memset(core->given_up, 0, core->n_streams * sizeof(double));
    memset(core->refused, 0, core->n_streams * sizeof(double));
    core->utilisation = capacity > 0 ? calls * core->work[0] / (capacity * seconds) : 0;
    core->backlog = 0;
    core->wait = 0;
    if (core->utilisation > 0.5 && core->utilisation < 1) {
        ErlangQueue queue = {.servers = capacity,
                             .service_per_s = 1 / core->work[0],
                             .arrivals_per_s = calls / seconds};
        core->wait = erlang_wait_mean(&queue);
    }
}

static void
serve_by_station(Flow *flow, FlowCore *core, SimTime from, SimTime to, double capacity)
{
    uint32_t n = core->n_streams;
    double shortest = 1e9;
    for (uint32_t i = 0; i < n; i++)
        shortest = fmin(shortest, core->timeout[i]);
    SimTime piece = sim_from_seconds(shortest / 20 * flow->tick_factor);
    int64_t pieces = (to - from + piece - 1) / piece;
    double *part = flow->grant;
    memset(core->started, 0, n * sizeof(double));
    memcpy(core->timed_out, core->given_up, n * sizeof(double));
    memset(core->given_up, 0, n * sizeof(double));
    memset(core->refused, 0, n * sizeof(double));
    for (int64_t i = 0; i < pieces; i++) {
        SimTime begin = from + (to - from) * i / pieces,
                end = from + (to - from) * (i + 1) / pieces;
        for (uint32_t j = 0; j < n; j++)
            part[j] = core->arrivals[j] / (double)pieces;
        flow_station_drain(&core->station, begin, end, capacity, core->started, core->timed_out);
        flow_station_admit(&core->station, flow->arena, begin, end, part, core->work, core->started,
                           core->refused);
    }
    core->utilisation = capacity > 0 ? 1 : 0;
    core->backlog = flow_station_waiting(&core->station, to);
    core->wait = capacity > 0 ? flow_station_work(&core->station) / capacity : shortest;
}

/* What took capacity away: a deed or a fault here, or of what its calls are held up by. */
static uint32_t
shortage_slot(const Flow *flow, const FlowCore *core)
{
    if (core->capacity_slot)
        return core->capacity_slot;
    if (core->impairment.slow > 1)
        return core->impair_slot;
    for (uint32_t i = 0; spec_of(flow, core)->station.concurrency > 0 && i < core->n_calls; i++) {
        uint32_t target = core->calls[i].target;
        if (target != SIM_NONE && flow->cores[target].impair_slot)
            return flow->cores[target].impair_slot;
    }
    return 0;
}

/* Calls that come, less those that admission control refuses. */
static void
admit(FlowCore *core, double seconds)
{
    core->asked_per_s = sum_of(core->arrivals, core->n_streams) / seconds;
    for (uint32_t i = 0; core->admission && i < core->n_streams; i++)
        core->arrivals[i] *= 1 - core->admission->share;
}

static void
serve(Flow *flow, FlowCore *core, SimTime from, SimTime to)
{
    double seconds = sim_seconds(to - from), capacity = capacity_of(flow, core);
    admit(core, seconds);
    flow_impair_arrive(core, seconds);
    double calls = sum_of(core->arrivals, core->n_streams);
    if (flow_station_is_empty(&core->station) && calls * core->work[0] <= capacity * seconds)
        serve_calmly(core, capacity, seconds);
    else
        serve_by_station(flow, core, from, to, capacity);
    uint32_t slot = shortage_slot(flow, core);
    if (!slot)
        slot = traffic_surge_cause(&flow->traffic, core->service);
    if (slot || flow_station_is_empty(&core->station))
        core->backlog_slot = slot;
    double lost = sum_of(core->timed_out, core->n_streams) + sum_of(core->refused, core->n_streams);
    double done = sum_of(core->started, core->n_streams);
    if (lost + done > 0)
        core->overload = lost / (lost + done);
    else if (capacity > 0)
        core->overload = 0;
    core->could_per_s = capacity / core->work[0];
    core->own_failed = core->overload;
    if (core->admission)
        core->own_failed = 1 - (1 - core->admission->share) * (1 - core->overload);
    core->calls_per_s = done / seconds;
}

/* failures ---------------------------------------------------------------------------------- */

static double
call_failed(const Flow *flow, const FlowCore *core, uint32_t service, uint32_t retries,
            SimTime timeout)
{
    double front = front_failed_at(flow, core->pop, service);
    uint32_t target = flow->core_of[service];
    double own = target == SIM_NONE ? 0 : flow_impair_failed(&flow->cores[target], timeout);
    double once = 1 - (1 - front) * (1 - own);
    double failed = once;
    for (uint32_t k = 0; k < retries; k++)
        failed *= once;
    return failed;
}

/* What became of the calls that a guard let pass in the tick; those that it kept back fail too. */
static double
guarded_failed(Flow *flow, const FlowCore *core, FlowCall *call, double seconds)
{
    FlowGuard *guard = call->guard;
    FlowCalls calls = guarded_calls(flow, core, call, seconds);
    flow_guard_judge(flow, guard, &calls);
    double failed = 1 - guard->go + guard->go * guard->lost;
    flow_guard_count(flow, guard, &calls, guard->asked);
    return failed;
}

static double
needs_failed(Flow *flow, FlowCore *core, double seconds, double *ret_causes)
{
    double pass = 1;
    for (uint32_t i = 0; i < core->n_calls; i++) {
        FlowCall *call = &core->calls[i];
        const NeedSpec *need = call->need;
        call->failed = 0;
        if (flow->killed[need->service])
            continue;
        call->failed = call->guard ? guarded_failed(flow, core, call, seconds)
                                   : call_failed(flow, core, need->service, (uint32_t)need->retries,
                                                 need->timeout);
        double lost = 1 - sim_pow(1 - call->failed, need->calls);
        double harm = need->share * (1 - need->cached) * lost;
        int does = flow_plan_on_failure(need, flow->on_failure);
        if (does == NEED_OPEN || does == NEED_STALE)
            harm = 0;
        else if (does == NEED_FALLBACK)
            harm *= call_failed(flow, core, need->fallback, 0, need->timeout);
        double part = pass * harm;
        pass -= part;
        double refused = call->guard && part > 0 ? part * (1 - call->guard->go) / call->failed : 0;
        if (refused > 0)
            ret_causes[call->guard->slot < BOOKS_CAUSES ? call->guard->slot : 0] += refused;
        if (part > refused)
            flow_cause_of_call(flow, core, need, part - refused, ret_causes);
    }
    return 1 - pass;
}

/* PoPs are told of a change; those that have guards have seen all that was before it. */
static void
set_failed(Flow *flow, FlowCore *core, double failed)
{
    double change = fabs(failed - core->announced);
    if (change > TOLD || (failed == 0) != (core->announced == 0)) {
        flow_guard_catch_up(flow, sim_now(flow->world->sim));
        core->announced = failed;
        flow->core_version++;
    }
    core->failed = failed;
}

/* In the order that a call meets them: lost or turned away, overload, what it needs, an error. */
static void
judge(Flow *flow, FlowCore *core, double seconds)
{
    double causes[BOOKS_CAUSES] = {0};
    double needs = needs_failed(flow, core, seconds, causes);
    double own = core->own_failed, turned = core->turned, errors = core->impairment.errors;
    double come = 1 - turned, pass = (1 - own) * (1 - needs);
    set_failed(flow, core, 1 - come * pass * (1 - errors));
    if (core->admission)
        throttle_step(core->admission, core->admission_rule, seconds, core->asked_per_s,
                      come * (1 - core->overload) * (1 - needs) * (1 - errors));
    for (uint32_t c = 0; c < BOOKS_CAUSES; c++)
        causes[c] *= come * (1 - own);
    if (own > 0)
        flow_cause_of_overload(flow, core, come * own, causes);
    core->bad_hosts = core->impairment.bad_hosts;
    causes[core->impair_slot] += turned + come * pass * errors;
    double sum = sum_of(causes, BOOKS_CAUSES);
    for (uint32_t c = 0; c < BOOKS_CAUSES; c++)
        core->causes[c] = sum > 0 ? causes[c] / sum : c == 0;
    flow->core_trouble += core->failed > 0 || flow_impair_is_any_late(flow, core);
}

/* Calls as their callers see them, retries too: those as well that the edge in front loses. */
static void
book_calls(Flow *flow, double seconds)
{
    for (uint32_t e = 0; e < flow->plan->n_edges; e++) {
        uint32_t service = flow->plan->edges[e].service;
        const FlowCore *core = &flow->cores[flow->core_of[service]];
        double tried = fmax(0, flow->tried[e]), passed = fmin(tried, fmax(0, flow->calls[e]));
        double failed = flow_impair_failed(core, flow->plan->edges[e].timeout);
        double lost = tried - passed * (1 - failed), times = 1, again = 0;
        if (flow->plan->edges[e].guarded) {
            again = fmax(0, flow->guard_again[flow->plan->edges[e].guard]);
            lost = flow->guard_lost[flow->plan->edges[e].guard] + again;
        } else if (tried > 0) {
            times = tries(lost / tried, flow->plan->edges[e].retries);
        }
        flow->books->service_calls[service] += (tried * times + again) * seconds;
        flow->books->service_failed[service] += fmax(0, lost) * times * seconds;
    }
    for (uint32_t i = 0; i < flow->n_cores; i++) {
        const FlowCore *core = &flow->cores[i];
        for (uint32_t j = 0; j < core->n_calls; j++) {
            const FlowCall *call = &core->calls[j];
            if (call->target == SIM_NONE || flow->killed[call->need->service])
                continue;
            double calls = core->calls_per_s * call->need->share * (1 - call->need->cached) *
                           call->need->calls * seconds;
            const FlowGuard *guard = call->guard;
            calls *= guard ? guard->go : 1;
            flow->books->service_calls[call->need->service] += calls;
            flow->books->service_failed[call->need->service] +=
                calls * (guard ? guard->lost : call->failed);
        }
    }
}

void
flow_core_advance(Flow *flow, SimTime from, SimTime to)
{
    double seconds = sim_seconds(to - from);
    take_arrivals(flow, seconds);
    for (uint32_t i = 0; i < flow->n_cores; i++) {
        FlowCore *core = &flow->cores[flow->core_order[i]];
        serve(flow, core, from, to);
        make_calls(flow, core, seconds);
    }
    flow->core_trouble = 0;
    for (uint32_t i = flow->n_cores; i-- > 0;)
        judge(flow, &flow->cores[flow->core_order[i]], seconds);
    book_calls(flow, seconds);
}
