#include "models/request.h"
#include "sim/ziggurat.h"

#include <math.h>
#include <string.h>

enum { CALLS_FIRST = 256 };

/* rows -------------------------------------------------------------------------------------- */

uint32_t
request_central_new(RequestPlane *plane)
{
    uint32_t call = plane->calls_free;
    if (call != SIM_NONE) {
        plane->calls_free = plane->call_jobs[call].next;
    } else {
        if (plane->n_calls == plane->calls_capacity) {
            uint32_t capacity = plane->calls_capacity ? 2 * plane->calls_capacity : CALLS_FIRST;
            RequestCall *calls = SIM_ARENA_NEW(plane->arena, RequestCall, capacity);
            StationJob *jobs = SIM_ARENA_NEW(plane->arena, StationJob, capacity);
            if (plane->n_calls) {
                memcpy(calls, plane->calls, plane->n_calls * sizeof(RequestCall));
                memcpy(jobs, plane->call_jobs, plane->n_calls * sizeof(StationJob));
            }
            plane->calls = calls;
            plane->call_jobs = jobs;
            plane->calls_capacity = capacity;
        }
        call = plane->n_calls++;
    }
    plane->calls[call] = (RequestCall){.turn = plane->calls[call].turn + 1, .pop = SIM_NONE};
    return call;
}

void
request_central_free(RequestPlane *plane, uint32_t call)
{
    plane->calls[call].turn++;
    plane->calls[call].state = REQUEST_FREE;
    plane->call_jobs[call].next = plane->calls_free;
    plane->calls_free = call;
}

void
request_central_post(RequestPlane *plane, SimTime at, RequestCentralEvent kind, uint32_t who,
                     uint32_t turn)
{
    if (at == SIM_TIME_MAX) /* never */
        return;
    RequestEvent event = {.kind = (uint8_t)kind, .who = who, .turn = turn};
    sim_wheel_push(plane->wheel, at, request_events_put(&plane->events, plane->arena, event));
}

/* answers ----------------------------------------------------------------------------------- */

static void
sample_limiter(RequestCore *core, const RequestCall *call, SimTime now, bool was_dropped)
{
    if (core->limiter.kind == LIMITER_NONE || call->is_turned_away)
        return;
    const LimiterSample sample = {.rtt = now - call->began,
                                  .in_hand =
                                      core->station.busy + core->station.waiting + core->held + 1,
                                  .was_dropped = was_dropped};
    limiter_sample(&core->limiter, &sample);
}

void
request_core_answer(RequestPlane *plane, uint32_t index, Outcome outcome, uint32_t slot,
                    SimTime now)
{
    RequestCall call = plane->calls[index];
    RequestCore *core = &plane->cores[call.core];
    sample_limiter(core, &call, now, outcome != OUTCOME_OK);
    if (call.is_admitted)
        throttle_answer(&core->throttle, core->admission, now,
                        outcome == OUTCOME_OK && now <= plane->call_jobs[index].deadline);
    request_central_free(plane, index);
    if (call.pop == SIM_NONE) {
        request_core_child_over(plane, &call, outcome, slot, now);
        return;
    }
    RequestPop *pop = &plane->pops[call.pop];
    SimTime way = core->way[call.pop] + core->delay / 2;
    request_post(plane, pop, sim_time_add(now, way),
                 (RequestEvent){.kind = REQUEST_ON_ANSWER,
                                .who = call.request,
                                .turn = call.request_turn,
                                .outcome = (uint8_t)outcome,
                                .slot = (uint8_t)slot});
}

static void
fail(RequestPlane *plane, uint32_t call, SimTime now)
{
    RequestCore *core = &plane->cores[plane->calls[call].core];
    uint32_t slot = request_core_slot(plane, core, &core->draws);
    SimTime began = plane->calls[call].began;
    HOP_AT_CORE(plane, &plane->calls[call], .kind = HOP_CENTRAL, .from = began, .to = now,
                .waited = now - began, .service = core->service, .outcome = OUTCOME_503,
                .cause = slot);
    request_core_answer(plane, call, OUTCOME_503, slot, now);
}

/* stations ---------------------------------------------------------------------------------- */

/* Calls that are held while what they need answers use up the concurrency, and the limit. */
void
request_core_bound(RequestCore *core)
{
    double servers = core->is_halted ? 0 : floor(core->servers * core->factor + 0.5);
    servers = core->is_halted ? 0 : fmax(1, fmin(servers, 4e9));
    if (core->concurrency >= 0) {
        double slots = fmax(1, floor(core->concurrency * core->factor + 0.5));
        servers = fmin(servers, fmax(0, slots - core->held));
    }
    station_servers_set(&core->station, (uint32_t)servers);
    uint32_t limit = limiter_limit(&core->limiter);
    uint32_t held = limit == UINT32_MAX ? 0 : core->held;
    core->station.limit = limit > held ? limit - held : 0;
}

static double
speed_of(const RequestCore *core)
{
    double exact = core->servers * core->factor, whole = fmax(1, floor(exact + 0.5));
    return exact / whole;
}

static void
post_shared(RequestPlane *plane, uint32_t index, SimTime now)
{
    RequestCore *core = &plane->cores[index];
    SimTime next = sharing_next(core->shared, now);
    core->shared_turn++;
    if (next < SIM_TIME_MAX)
        request_central_post(plane, next, REQUEST_CENTRAL_SHARED, index, core->shared_turn);
}

static void
begin(RequestPlane *plane, uint32_t index, SimTime now)
{
    RequestCall *call = &plane->calls[index];
    RequestCore *core = &plane->cores[call->core];
    double spread = core->is_constant ? 1 : sim_rng_exponential_unit(&core->draws);
    double seconds = core->seconds * spread;
    call->service = sim_from_seconds(seconds / speed_of(core));
    call->state = REQUEST_SERVED;
    call->started = now;
    call->turn++;
    core->busy_ns += (double)call->service;
    core->waited_ns += (double)(now - call->began);
    core->begun++;
    if (core->shared) {
        sharing_arrive(core->shared, now, index, seconds);
        post_shared(plane, call->core, now);
        return;
    }
    request_central_post(plane, sim_time_add(now, call->service), REQUEST_CENTRAL_SERVED, index,
                         call->turn);
}

void
request_core_fill(RequestPlane *plane, RequestCore *core, SimTime now)
{
    uint32_t dropped = SIM_NONE, call;
    request_core_bound(core);
    while ((call = station_take(&core->station, plane->call_jobs, now, &dropped)) != SIM_NONE)
        begin(plane, call, now);
    while (dropped != SIM_NONE) {
        uint32_t next = plane->call_jobs[dropped].next;
        fail(plane, dropped, now);
        dropped = next;
    }
}

void
request_core_forget(RequestPlane *plane, RequestCore *core, SimTime now)
{
    uint32_t call = station_drop_all(&core->station, plane->call_jobs, now);
    SIM_ASSERT(!core->is_scheduled);
    while (call != SIM_NONE) {
        uint32_t next = plane->call_jobs[call].next;
        fail(plane, call, now);
        call = next;
    }
}

/* A second's worth of tokens: what comes beyond the rate is refused. */
static void
ask_origin(RequestPlane *plane, uint32_t index, SimTime now)
{
    RequestCore *core = &plane->cores[plane->calls[index].core];
    double earned = core->rate * sim_seconds(now - core->counted);
    core->tokens = fmin(fmax(1, core->rate), core->tokens + earned);
    core->counted = now;
    core->begun++;
    if (core->tokens < 1) {
        core->refused++;
        request_core_answer(plane, index, OUTCOME_503, 0, now);
        return;
    }
    core->tokens--;
    request_core_answer(plane, index, OUTCOME_OK, 0, now);
}

static void
keep_start(RequestPlane *plane, RequestCore *core, SimTime start)
{
    if (core->n_starts == core->starts_capacity) {
        uint32_t old = core->starts_capacity, capacity = old ? 2 * old : CALLS_FIRST;
        SimTime *starts = SIM_ARENA_NEW(plane->arena, SimTime, capacity);
        for (uint32_t i = 0; i < old; i++)
            starts[i] = core->starts[(core->first_start + i) & (old - 1)];
        core->starts = starts;
        core->starts_capacity = capacity;
        core->first_start = 0;
    }
    core->starts[(core->first_start + core->n_starts++) & (core->starts_capacity - 1)] = start;
}

uint32_t
request_core_waiting(RequestCore *core, SimTime now)
{
    if (!core->is_scheduled)
        return core->station.waiting;
    while (core->n_starts && core->starts[core->first_start] <= now) {
        core->first_start = (core->first_start + 1) & (core->starts_capacity - 1);
        core->n_starts--;
    }
    return core->n_starts;
}

void
request_core_be_done(RequestPlane *plane, uint32_t index, SimTime now)
{
    const RequestCall *call = &plane->calls[index];
    const RequestCore *core = &plane->cores[call->core];
    Outcome outcome = OUTCOME_OK;
    uint32_t slot = 0;
    if (request_fault_errs(plane, call)) {
        outcome = (Outcome)world_service(plane->world, core->service)->outcome;
        slot = core->fault_slot;
    }
    request_core_answer(plane, index, outcome, slot, now);
}

/* First in, first out: the first server that is free takes it, and its answer is sent already. */
static void
schedule(RequestPlane *plane, uint32_t index, SimTime now)
{
    RequestCall *call = &plane->calls[index];
    RequestCore *core = &plane->cores[call->core];
    double spread = core->is_constant ? 1 : sim_rng_exponential_unit(&core->draws);
    SimTime start = core->free_at[0] > now ? core->free_at[0] : now;
    call->service = sim_from_seconds(core->seconds * spread / speed_of(core));
    core->busy_ns += (double)call->service;
    core->waited_ns += (double)(start - now);
    core->begun++;
    SimTime done = sim_time_add(start, call->service);
    request_server_take(core->free_at, core->station.servers, done);
    if (start > now) {
        request_core_waiting(core, now);
        keep_start(plane, core, start);
    }
    request_core_be_done(plane, index, done);
}

void
request_core_arrive(RequestPlane *plane, uint32_t index, SimTime now)
{
    RequestCall *call = &plane->calls[index];
    RequestCore *core = &plane->cores[call->core];
    call->began = now;
    core->marked[call->mark]++;
    if (G_UNLIKELY(core->is_impaired) && request_fault_stops(plane, index, now))
        return;
    if (core->is_scheduled && call->pop != SIM_NONE) {
        schedule(plane, index, now);
        return;
    }
    if (core->service == SIM_NONE) {
        ask_origin(plane, index, now);
        return;
    }
    if (core->admission &&
        !throttle_admit(&core->throttle, core->admission, now, sim_rng_unit(&core->draws))) {
        call->is_turned_away = true;
        fail(plane, index, now);
        return;
    }
    call->is_admitted = core->admission != NULL;
    request_core_bound(core);
    call->is_turned_away = core->station.busy + core->station.waiting >= core->station.limit;
    StationAnswer answer = station_arrive(&core->station, plane->call_jobs, index, now);
    if (answer == STATION_START)
        begin(plane, index, now);
    else if (answer == STATION_WAIT)
        call->state = REQUEST_WAITING;
    else
        fail(plane, index, now);
}

static void
served(RequestPlane *plane, uint32_t index, SimTime now)
{
    RequestCall *call = &plane->calls[index];
    RequestCore *core = &plane->cores[call->core];
    const RequestProgram *program = &core->program;
    HOP_AT_CORE(plane, call, .kind = HOP_CENTRAL, .from = call->began, .to = now,
                .waited = call->started - call->began, .service = core->service,
                .outcome = OUTCOME_OK);
    call->turn++;
    call->state = REQUEST_CALLING;
    call->step = 0;
    call->made = 0;
    for (uint32_t i = 0; i < program->n_steps; i++)
        if (program->steps[i].share >= 1 || sim_rng_unit(&core->draws) < program->steps[i].share)
            call->made |= UINT64_C(1) << i;
    station_release(&core->station);
    if (program->n_steps == 0) {
        request_core_be_done(plane, index, now);
    } else {
        core->held++;
        request_core_take_steps(plane, index, now);
    }
    if (!core->shared)
        request_core_fill(plane, core, now);
}

/* in and out -------------------------------------------------------------------------------- */

/* Deadlines travel: of a call, its caller's too, if that is still waiting for it. */
static SimTime
deadline_of(const RequestPop *pop, uint32_t request)
{
    const Request *row = &pop->requests[request];
    SimTime own = pop->jobs[request].deadline;
    bool has_caller =
        row->parent != SIM_NONE && pop->requests[row->parent].turn == row->parent_turn;
    return has_caller ? MIN(own, pop->jobs[row->parent].deadline) : own;
}

void
request_core_send(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t core,
                  SimTime now)
{
    uint32_t index = request_central_new(plane);
    RequestCall *call = &plane->calls[index];
    Request *row = &pop->requests[request];
    if (row->state != REQUEST_FETCHING)
        row->state = REQUEST_AWAY;
    row->turn++;
    call->core = core;
    call->pop = pop->rank;
    call->number = row->number;
    call->direct = row->is_direct ? row->direct : 0;
    call->tries = row->is_direct ? 0 : row->level;
    call->request = request;
    call->request_turn = row->turn;
    call->mark = row->mark;
    call->host = row->parent != SIM_NONE || row->caller != SIM_NONE ? (uint16_t)row->host : 0;
    call->fate = (uint16_t)(DRAW_FATE + 64 * row->level + (row->is_direct ? row->step : 63));
    if (request_fault_loses(plane, call)) {
        request_central_free(plane, index);
        return;
    }
    plane->call_jobs[index].deadline = deadline_of(pop, request);
    SimTime way = plane->cores[core].way[pop->rank] + (plane->cores[core].delay + 1) / 2;
    request_central_post(plane, now + way, REQUEST_CENTRAL_ARRIVES, index, call->turn);
}

uint64_t
request_core_number(const RequestPlane *plane, const RequestEvent *event)
{
    bool is_there = plane->calls[event->who].turn == event->turn;
    return is_there ? plane->calls[event->who].number : 0;
}

void
request_core_reply(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome,
                   uint32_t slot, SimTime now)
{
    const Request *row = &pop->requests[request];
    RequestEvent event = {.kind = REQUEST_CENTRAL_ANSWERED,
                          .who = row->caller,
                          .turn = row->caller_turn,
                          .outcome = (uint8_t)outcome,
                          .slot = (uint8_t)slot};
    uint32_t core = plane->core_of[plane->rows[row->row].service];
    SimTime at = now + plane->cores[core].way[pop->rank];
    sim_wheel_push(plane->wheel, at, request_events_put(&plane->events, plane->arena, event));
}

static void
handle(RequestPlane *plane, const RequestEvent *event, SimTime now)
{
    uint32_t job;
    if (event->kind == REQUEST_CENTRAL_SHARED) {
        RequestCore *core = &plane->cores[event->who];
        if (core->shared_turn != event->turn)
            return;
        while ((job = sharing_finish(core->shared, now)) != SIM_NONE)
            served(plane, job, now);
        post_shared(plane, event->who, now);
        return;
    }
    if (event->kind == REQUEST_CENTRAL_EXPIRES) {
        request_core_expire(plane, event->who, event->turn, now);
        return;
    }
    if (plane->calls[event->who].turn != event->turn)
        return;
    if (event->kind == REQUEST_CENTRAL_ARRIVES) {
        request_core_arrive(plane, event->who, now);
    } else if (event->kind == REQUEST_CENTRAL_SERVED) {
        served(plane, event->who, now);
    } else {
        RequestCall child = plane->calls[event->who];
        request_central_free(plane, event->who);
        request_core_child_over(plane, &child, (Outcome)event->outcome, event->slot, now);
    }
}

/* Rows of calls under way are more than a near cache holds: the next ones are sent for early. */
static inline void
fetch_ahead(const RequestPlane *plane)
{
    uint32_t far = sim_wheel_ahead(plane->wheel, 7), near = sim_wheel_ahead(plane->wheel, 3);
    if (far != SIM_NONE)
        __builtin_prefetch(&plane->events.slots[far]);
    if (near != SIM_NONE && plane->events.slots[near].kind != REQUEST_CENTRAL_SHARED) {
        uint32_t who = plane->events.slots[near].who;
        __builtin_prefetch(&plane->calls[who], 1);
        __builtin_prefetch(&plane->call_jobs[who], 1);
    }
}

void
request_core_advance(RequestPlane *plane, SimTime to)
{
    SimWheelItem item;
    while (sim_wheel_pop(plane->wheel, to, &item)) {
        fetch_ahead(plane);
        RequestEvent event =
            request_events_take(&plane->events, (uint32_t)item.key & SIM_WHEEL_PAYLOAD_MAX);
        handle(plane, &event, item.at);
    }
}

void
request_core_refresh(RequestPlane *plane, RequestCore *core, SimTime now)
{
    if (core->shared) {
        double speed = core->is_halted ? 0 : speed_of(core);
        sharing_speed_set(core->shared, now, fmax(1, floor(core->servers * core->factor + 0.5)),
                          speed);
        post_shared(plane, (uint32_t)(core - plane->cores), now);
        return;
    }
    request_core_fill(plane, core, now);
}

/* causes ------------------------------------------------------------------------------------ */

/* As on the flow plane: what took capacity away or multiplied the demand, while it lasts or work
 * of its time waits; else the marks of those who came back. */
uint32_t
request_core_slot(RequestPlane *plane, const RequestCore *core, SimRng *draws)
{
    double sum = 0;
    (void)plane;
    if (core->capacity_slot || core->backlog_slot)
        return core->capacity_slot ? core->capacity_slot : core->backlog_slot;
    if (core->is_impaired)
        return core->fault_slot;
    for (uint32_t c = 1; c < BOOKS_CAUSES; c++)
        sum += core->marked[c];
    if (sum <= 0)
        return 0;
    double at = sim_rng_unit(draws) * sum;
    uint32_t slot = 1;
    for (; slot + 1 < BOOKS_CAUSES && at >= core->marked[slot]; slot++)
        at -= core->marked[slot];
    return slot;
}

void
request_core_tick(RequestPlane *plane)
{
    for (uint32_t i = 0; i < plane->n_cores; i++) {
        RequestCore *core = &plane->cores[i];
        if (core->service == SIM_NONE) {
            plane->origin_failed[core->site] = core->begun > 0 ? core->refused / core->begun : 0;
            core->refused = core->begun = 0;
            continue;
        }
        uint32_t slot = core->capacity_slot;
        if (!slot && core->fault.slow > 1)
            slot = core->fault_slot;
        if (!slot)
            slot = traffic_surge_cause(&plane->traffic, core->service);
        if (slot || request_core_waiting(core, plane->at) == 0)
            core->backlog_slot = slot;
        for (uint32_t c = 0; c < BOOKS_CAUSES; c++)
            core->marked[c] *= 0.5; /* what came lately counts most */
    }
}
