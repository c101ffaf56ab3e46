#include "models/request.h"
#include "sim/ziggurat.h"

#include <string.h>

enum { REQUESTS_FIRST = 256, EVENTS_FIRST = 256 };

/* events ------------------------------------------------------------------------------------ */

static void *
grown(SimArena *arena, const void *old, uint32_t n, uint32_t capacity, size_t size)
{
    void *rows = sim_arena_alloc(arena, capacity, size);
    if (n)
        memcpy(rows, old, n * size);
    return rows;
}

uint32_t
request_events_put(RequestEvents *events, SimArena *arena, RequestEvent event)
{
    if (events->n_free == 0) {
        uint32_t capacity = events->capacity ? 2 * events->capacity : EVENTS_FIRST;
        SIM_ASSERT(capacity <= SIM_WHEEL_PAYLOAD_MAX + 1);
        events->slots =
            grown(arena, events->slots, events->capacity, capacity, sizeof(RequestEvent));
        events->free = grown(arena, NULL, 0, capacity, sizeof(uint32_t));
        for (uint32_t i = capacity; i-- > events->capacity;)
            events->free[events->n_free++] = i;
        events->capacity = capacity;
    }
    uint32_t slot = events->free[--events->n_free];
    events->slots[slot] = event;
    return slot;
}

RequestEvent
request_events_take(RequestEvents *events, uint32_t slot)
{
    events->free[events->n_free++] = slot;
    return events->slots[slot];
}

void
request_post(RequestPlane *plane, RequestPop *pop, SimTime at, RequestEvent event)
{
    if (at == SIM_TIME_MAX) /* never */
        return;
    sim_wheel_push(pop->wheel, at, request_events_put(&pop->events, plane->arena, event));
    pop->next_local = at < pop->next_local ? at : pop->next_local;
}

/* rows -------------------------------------------------------------------------------------- */

static void
grow(RequestPlane *plane, RequestPop *pop)
{
    uint32_t capacity = pop->capacity ? 2 * pop->capacity : REQUESTS_FIRST;
    pop->requests = grown(plane->arena, pop->requests, pop->n_requests, capacity, sizeof(Request));
    pop->jobs = grown(plane->arena, pop->jobs, pop->n_requests, capacity, sizeof(StationJob));
    pop->capacity = capacity;
}

/* turn goes on, whatever becomes of a row: nothing that was meant for an old one finds a new. */
uint32_t
request_new(RequestPlane *plane, RequestPop *pop)
{
    uint32_t request = pop->free;
    if (request != SIM_NONE) {
        pop->free = pop->jobs[request].next;
    } else {
        if (pop->n_requests == pop->capacity)
            grow(plane, pop);
        request = pop->n_requests++;
    }
    uint32_t turn = pop->requests[request].turn + 1;
    pop->requests[request] = (Request){.turn = turn,
                                       .parent = SIM_NONE,
                                       .caller = SIM_NONE,
                                       .earlier = SIM_NONE,
                                       .later = SIM_NONE,
                                       .outcome = OUTCOME_OK};
    return request;
}

void
request_free(RequestPop *pop, uint32_t request)
{
    request_timer_stop(pop, request);
    pop->requests[request].turn++;
    pop->requests[request].state = REQUEST_FREE;
    pop->jobs[request].next = pop->free;
    pop->free = request;
}

/* time-outs --------------------------------------------------------------------------------- */

/* All of a class wait equally long, so the oldest is due first: one event a class will do.  An
 * event that finds nobody due looks again when somebody is; one that is too late for a row that got
 * its timer late is stale. */
static void
arm(RequestPlane *plane, RequestPop *pop, uint8_t clock)
{
    RequestClock *of = &pop->clocks[clock];
    if (of->first == SIM_NONE || (of->is_armed && of->armed <= pop->jobs[of->first].deadline))
        return;
    of->is_armed = true;
    of->armed = pop->jobs[of->first].deadline;
    request_post(plane, pop, of->armed,
                 (RequestEvent){.kind = REQUEST_ON_EXPIRY, .who = clock, .turn = ++of->turn});
}

/* The last row that is due no later.  Nearly always the last of all; where rows get their timers
 * late they do so in order, so it is near the one before. */
static uint32_t
place_in_class(const RequestPop *pop, const RequestClock *of, SimTime deadline)
{
    uint32_t before = of->last;
    if (before == SIM_NONE || pop->jobs[before].deadline <= deadline)
        return before;
    before = of->recent == SIM_NONE ? of->last : of->recent;
    while (before != SIM_NONE && pop->jobs[before].deadline > deadline)
        before = pop->requests[before].earlier;
    uint32_t next = before == SIM_NONE ? of->first : pop->requests[before].later;
    for (; pop->jobs[next].deadline <= deadline; next = pop->requests[next].later)
        before = next;
    return before;
}

void
request_timer_start(RequestPlane *plane, RequestPop *pop, uint32_t request, uint8_t clock)
{
    RequestClock *of = &pop->clocks[clock];
    Request *row = &pop->requests[request];
    uint32_t before = place_in_class(pop, of, pop->jobs[request].deadline);
    row->clock = clock;
    row->is_timed = true;
    row->earlier = before;
    row->later = before == SIM_NONE ? of->first : pop->requests[before].later;
    if (row->later == SIM_NONE)
        of->last = request;
    else
        pop->requests[row->later].earlier = request;
    if (before == SIM_NONE)
        of->first = request;
    else
        pop->requests[before].later = request;
    of->recent = request;
    arm(plane, pop, clock);
}

void
request_timer_stop(RequestPop *pop, uint32_t request)
{
    Request *row = &pop->requests[request];
    RequestClock *of = &pop->clocks[row->clock];
    if (!row->is_timed)
        return;
    row->is_timed = false;
    if (of->recent == request)
        of->recent = row->earlier;
    if (row->earlier == SIM_NONE)
        of->first = row->later;
    else
        pop->requests[row->earlier].later = row->later;
    if (row->later == SIM_NONE)
        of->last = row->earlier;
    else
        pop->requests[row->later].earlier = row->earlier;
}

static void
on_expiry(RequestPlane *plane, RequestPop *pop, const RequestEvent *event, SimTime now)
{
    uint8_t clock = (uint8_t)event->who;
    RequestClock *of = &pop->clocks[clock];
    if (of->turn != event->turn)
        return;
    of->is_armed = false;
    while (of->first != SIM_NONE && pop->jobs[of->first].deadline <= now) {
        uint32_t request = of->first;
        request_timer_stop(pop, request);
        request_expired(plane, pop, request, now);
    }
    arm(plane, pop, clock);
}

/* arrivals ---------------------------------------------------------------------------------- */

/* A Poisson stream whose rate changes goes on at the new pace: what is left of a gap is stretched.
 */
static SimTime
next_arrival(SimRng *rng, SimTime now, double rate)
{
    if (rate <= 0)
        return SIM_TIME_MAX;
    double gap = sim_rng_exponential_unit(rng) / rate * 1e9;
    return gap < 4e18 ? now + (SimTime)(gap + 0.5) : SIM_TIME_MAX;
}

static SimTime
stretched(SimRng *rng, SimTime next, SimTime now, double old_rate, double rate)
{
    if (old_rate <= 0 || rate <= 0 || next == SIM_TIME_MAX)
        return next_arrival(rng, now, rate);
    double gap = (double)(next - now) * (old_rate / rate);
    return gap < 4e18 ? now + (SimTime)gap : SIM_TIME_MAX;
}

/* Vose's table: row i stands for itself with probability accept, else for other. */
static void
make_alias(RequestPlane *plane, RequestPop *pop, const double *rate, double sum)
{
    uint32_t n = pop->n_rows, *small = plane->stack, *large = plane->stack + n;
    uint32_t n_small = 0, n_large = 0;
    for (uint32_t r = 0; r < n; r++) {
        pop->accept[r] = sum > 0 ? rate[r] * n / sum : 1;
        pop->other[r] = r;
        if (pop->accept[r] < 1)
            small[n_small++] = r;
        else
            large[n_large++] = r;
    }
    while (n_small && n_large) {
        uint32_t less = small[--n_small], more = large[n_large - 1];
        pop->other[less] = more;
        pop->accept[more] -= 1 - pop->accept[less];
        if (pop->accept[more] < 1) {
            n_large--;
            small[n_small++] = more;
        }
    }
    while (n_small)
        pop->accept[small[--n_small]] = 1;
    while (n_large)
        pop->accept[large[--n_large]] = 1;
}

static inline uint32_t
draw_row(RequestPop *pop)
{
    uint64_t bits = sim_rng_u64(&pop->fresh);
    uint32_t row = (uint32_t)((bits >> 32) * pop->n_rows >> 32);
    double u = ((double)(uint32_t)bits + 0.5) * 0x1p-32;
    return u < pop->accept[row] ? row : pop->other[row];
}

void
request_pop_rates_set(RequestPlane *plane, RequestPop *pop)
{
    const Traffic *traffic = &plane->traffic;
    double *rate = plane->rates, sum = 0, old = pop->fresh_rate;
    for (uint32_t r = 0; r < pop->n_rows; r++) {
        rate[r] = pop->demand[r] * traffic->share_now[r] * traffic->factor[r];
        sum += rate[r];
    }
    make_alias(plane, pop, rate, sum);
    pop->fresh_rate = sum;
    if (sum != old)
        pop->next_fresh = stretched(&pop->fresh, pop->next_fresh, plane->at, old, sum);
}

/* people ------------------------------------------------------------------------------------ */

void
request_orbit_add(RequestPlane *plane, RequestPop *pop, uint32_t row, double people, SimTime now)
{
    double old = pop->reload_rate, rate = old + people / plane->rows[row].reload_s;
    pop->reload_rate = rate > 1e-12 ? rate : 0;
    pop->next_reload = stretched(&pop->reload, pop->next_reload, now, old, pop->reload_rate);
}

void
request_orbit_join(RequestPlane *plane, RequestPop *pop, uint32_t row, uint32_t mark, SimTime now)
{
    pop->orbit[row]++;
    pop->marks[row * BOOKS_CAUSES + mark]++;
    request_orbit_add(plane, pop, row, 1, now);
}

/* Who comes back: by row as often as they do, by mark as many as there are. */
static uint32_t
draw_returning(RequestPlane *plane, RequestPop *pop)
{
    double at = sim_rng_unit(&pop->reload) * pop->reload_rate;
    uint32_t chosen = SIM_NONE;
    for (uint32_t r = 0; r < pop->n_rows && (at >= 0 || chosen == SIM_NONE); r++) {
        if (pop->orbit[r] == 0)
            continue;
        chosen = r;
        at -= pop->orbit[r] / plane->rows[r].reload_s;
    }
    return chosen;
}

static uint32_t
draw_mark(RequestPop *pop, uint32_t row)
{
    uint64_t at = sim_rng_below(&pop->reload, pop->orbit[row]);
    uint32_t mark = 0;
    while (at >= pop->marks[row * BOOKS_CAUSES + mark])
        at -= pop->marks[row * BOOKS_CAUSES + mark++];
    return mark;
}

static void
on_reload(RequestPlane *plane, RequestPop *pop, SimTime now, SimTime to)
{
    uint32_t row = draw_returning(plane, pop);
    if (row == SIM_NONE) { /* rounding left a rate behind the last person */
        pop->reload_rate = 0;
        pop->next_reload = SIM_TIME_MAX;
        return;
    }
    uint32_t mark = draw_mark(pop, row);
    pop->orbit[row]--;
    pop->marks[row * BOOKS_CAUSES + mark]--;
    pop->next_reload = SIM_TIME_MAX;
    request_orbit_add(plane, pop, row, -1, now);
    plane->books->reloads[row]++;
    request_fresh(plane, pop, row, mark, true, now, to);
}

static void
on_fresh(RequestPlane *plane, RequestPop *pop, SimTime now, SimTime to)
{
    uint32_t row = draw_row(pop);
    pop->next_fresh = next_arrival(&pop->fresh, now, pop->fresh_rate);
    request_fresh(plane, pop, row, 0, false, now, to);
}

/* the loop ---------------------------------------------------------------------------------- */

static void
handle(RequestPlane *plane, RequestPop *pop, const RequestEvent *event, SimTime now)
{
    uint32_t who = event->who;
    if (event->kind == REQUEST_ON_EXPIRY) {
        on_expiry(plane, pop, event, now);
        return;
    }
    if (event->kind == REQUEST_ON_ENTER) {
        request_entered(plane, pop, event, now);
        return;
    }
    if (event->kind == REQUEST_ON_SHARED) {
        if (pop->shared_turn[who] == event->turn)
            request_cpu_shared(plane, pop, who, now);
        return;
    }
    if (pop->requests[who].turn != event->turn)
        return;
    switch ((RequestEventKind)event->kind) {
    case REQUEST_ON_CPU:
        request_cpu_done(plane, pop, who, now);
        break;
    case REQUEST_ON_RETRY:
        request_retry(plane, pop, who, now);
        break;
    case REQUEST_ON_DELAY:
        request_delay_over(plane, pop, who, now);
        break;
    case REQUEST_ON_ORIGIN:
        request_origin_answered(plane, pop, who, event, now);
        break;
    case REQUEST_ON_ANSWER:
        request_call_answered(plane, pop, who, event, now);
        break;
    case REQUEST_ON_SHARED:
    case REQUEST_ON_ENTER:
    case REQUEST_ON_EXPIRY:
        break;
    }
}

/* As in request_core.c: rows are sent for before their turn. */
static inline void
fetch_ahead(const RequestPop *pop)
{
    uint32_t far = sim_wheel_ahead(pop->wheel, 5), near = sim_wheel_ahead(pop->wheel, 2);
    if (far != SIM_NONE)
        __builtin_prefetch(&pop->events.slots[far]);
    if (near != SIM_NONE) {
        const Request *row = &pop->requests[pop->events.slots[near].who];
        __builtin_prefetch(row, 1);
        __builtin_prefetch((const char *)row + 64, 1);
    }
}

static void
on_local(RequestPlane *plane, RequestPop *pop, SimTime to)
{
    SimWheelItem item;
    if (!sim_wheel_pop(pop->wheel, to, &item))
        g_assert_not_reached();
    fetch_ahead(pop);
    RequestEvent event =
        request_events_take(&pop->events, (uint32_t)item.key & SIM_WHEEL_PAYLOAD_MAX);
    pop->next_local = SIM_TIME_MAX;
    handle(plane, pop, &event, item.at);
    pop->next_local = sim_wheel_next(pop->wheel);
}

void
request_pop_advance(RequestPlane *plane, RequestPop *pop, SimTime to)
{
    for (;;) {
        SimTime arrival = pop->next_fresh < pop->next_reload ? pop->next_fresh : pop->next_reload;
        if (pop->next_local <= arrival) {
            if (pop->next_local > to)
                break;
            on_local(plane, pop, to);
        } else if (arrival > to) {
            break;
        } else if (arrival == pop->next_fresh) {
            on_fresh(plane, pop, arrival, to);
        } else {
            on_reload(plane, pop, arrival, to);
        }
    }
    pop->at = to;
}

void
request_counts_take(RequestPop *pop)
{
    pop->counts.offered += (double)pop->passed;
    pop->counts.ok += (double)pop->passed;
    pop->passed = 0;
}

uint32_t
request_pop_overload(const RequestPlane *plane, const RequestPop *pop)
{
    uint32_t slot = pop->is_halted ? plane->halt_slot : pop->overload_slot;
    if (!slot)
        slot = plane->scale_slot;
    if (!slot)
        slot = pop->guest_slot;
    return slot ? slot : traffic_surge_cause(&plane->traffic, SIM_NONE);
}

static bool
has_backlog(const RequestPop *pop)
{
    bool found = pop->waiting > 0;
    for (uint32_t q = 0; pop->is_scheduled && q < pop->n_queues && !found; q++)
        found = pop->free_at[(size_t)q * pop->servers] > pop->at;
    return found;
}

void
request_pop_tick(RequestPlane *plane, RequestPop *pop)
{
    uint32_t slot = request_pop_overload(plane, pop);
    if (slot || !has_backlog(pop))
        pop->backlog_slot = slot;
}

/* attaching --------------------------------------------------------------------------------- */

static void
attach_policies(RequestPlane *plane, RequestPop *pop)
{
    pop->policies = SIM_ARENA_NEW(plane->arena, RetryPolicy *, pop->n_rows + 1);
    for (uint32_t r = 0; r < pop->n_rows; r++) {
        const ClientSpec given = traffic_client(world_site(plane->world, plane->rows[r].site));
        const ClientSpec *client = &given;
        RetryPolicyKind kind = (RetryPolicyKind)client->library;
        if (kind == RETRY_NONE && client->budget > 0)
            kind = RETRY_BUDGET;
        if (kind == RETRY_NONE || (client->retries == 0 && kind != RETRY_SRE))
            continue;
        pop->policies[r] = SIM_ARENA_NEW(plane->arena, RetryPolicy, 1);
        retry_policy_init(pop->policies[r], kind, client->budget, client->budget_min_per_s);
    }
}

static void
attach_rows(RequestPlane *plane, RequestPop *pop)
{
    SimArena *arena = plane->arena;
    uint32_t n = pop->n_rows = plane->plan->n_clients;
    pop->demand = SIM_ARENA_NEW(arena, double, n);
    pop->accept = SIM_ARENA_NEW(arena, double, n);
    pop->other = SIM_ARENA_NEW(arena, uint32_t, n);
    pop->orbit = SIM_ARENA_NEW(arena, uint32_t, n);
    pop->marks = SIM_ARENA_NEW(arena, uint32_t, n * BOOKS_CAUSES);
    attach_policies(plane, pop);
}

void
request_pop_attach(RequestPlane *plane, RequestPop *pop, uint32_t index, uint32_t rank,
                   double cores)
{
    SimArena *arena = plane->arena;
    const World *world = plane->world;
    const char *code = index == SIM_NONE ? "nowhere" : world->geo->pops.code[index];
    *pop = (RequestPop){.index = index,
                        .rank = rank,
                        .next_fresh = SIM_TIME_MAX,
                        .next_reload = SIM_TIME_MAX,
                        .next_local = SIM_TIME_MAX,
                        .free = SIM_NONE,
                        .cores = cores,
                        .speed = 1};
    pop->fresh = sim_stream(world->sim, "request/%s/fresh", code);
    pop->reload = sim_stream(world->sim, "request/%s/reload", code);
    pop->key = sim_stream(world->sim, "request/%s/requests", code).key;
    attach_rows(plane, pop);
    pop->wheel = sim_wheel_new(arena);
    pop->clocks = SIM_ARENA_NEW(arena, RequestClock, plane->n_timeouts + 1);
    for (uint32_t i = 0; i < plane->n_timeouts; i++)
        pop->clocks[i] = (RequestClock){.first = SIM_NONE, .last = SIM_NONE, .recent = SIM_NONE};
    pop->behaviour = SIM_ARENA_NEW(arena, Behaviour, plane->plan->n_units + 1);
    pop->unit_slot = SIM_ARENA_NEW(arena, uint8_t, plane->plan->n_units + 1);
    pop->stuck_slot = SIM_ARENA_NEW(arena, uint8_t, plane->plan->n_units + 1);
    for (uint32_t u = 0; u < plane->plan->n_units; u++)
        pop->behaviour[u] = BEHAVIOUR_NORMAL;
    if (index == SIM_NONE)
        return;
    if (plane->counts_sites) {
        pop->site_offered = SIM_ARENA_NEW(arena, uint64_t, world->n_sites);
        pop->site_failed = SIM_ARENA_NEW(arena, uint64_t, world->n_sites);
    }
    pop->region = world->geo->pops.at.region[index];
    pop->latencies =
        plane->region_latencies + (size_t)pop->region * OUTCOME_COUNT * SIM_HISTOGRAM_BUCKETS;
    for (uint32_t i = 0; i < BOOKS_WAY_POINTS; i++)
        pop->ways[i] = sim_from_seconds(plane->books->way[index * BOOKS_WAY_POINTS + i]);
    request_cpu_attach(plane, pop);
    request_cache_attach_pop(plane, pop);
}
