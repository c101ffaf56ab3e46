#include "models/request.h"

#include <math.h>

static const double CALLS_MOST = 1000; /* of one step, however many its service makes */

static uint32_t
zone_row(const RequestPlane *plane, const RequestPop *pop, uint32_t service, uint64_t number)
{
    uint32_t row = plane->plan->zone_first[service];
    double u = request_draw(pop, number, DRAW_COHORT);
    while (row + 1 < plane->plan->n_rows && plane->plan->rows[row + 1].service == service &&
           plane->plan->rows[row + 1].site == SIM_NONE && u >= plane->traffic.share_now[row])
        u -= plane->traffic.share_now[row++];
    return row;
}

/* A call enters the edge in front of its service, at this PoP. */
static void
enter_front(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t service, SimTime now)
{
    Request *row = &pop->requests[request];
    row->row = zone_row(plane, pop, service, row->number);
    row->made = request_steps_draw(plane, pop, &plane->rows[row->row].program, row->number, 0);
    plane->books->offered[row->row]++;
    HOP(plane, pop, request, .kind = HOP_ARRIVED, .from = now, .to = now, .outcome = OUTCOME_NONE,
        .service = service);
    if (request_is_refused(plane, pop, request))
        request_end_by_unit(plane, pop, request, now);
    else
        request_cpu_arrive(plane, pop, request, now);
}

typedef struct Try {
    uint32_t parent, service;
    uint8_t level;
    bool is_fallback;
} Try;

static void need_failed(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t slot,
                        SimTime now);

/* No more tries: the fallback's, or what the failure of the need does. */
static void
give_up(RequestPlane *plane, RequestPop *pop, uint32_t request, bool is_fallback, uint32_t slot,
        SimTime now)
{
    const Request *row = &pop->requests[request];
    const RequestStep *step = &plane->rows[row->row].program.steps[row->step];
    if (!is_fallback && step->action == NEED_FALLBACK && step->fallback != SIM_NONE)
        request_make_calls(plane, pop, request, step->fallback, true, now);
    else
        need_failed(plane, pop, request, slot, now);
}

static void
try_call(RequestPlane *plane, RequestPop *pop, const Try *try, SimTime now)
{
    const Request *parent = &pop->requests[try->parent];
    const RequestStep *step = &plane->rows[parent->row].program.steps[parent->step];
    bool has_guard = step->guard != REQUEST_NO_GUARD && !try->is_fallback;
    RequestGuard *guard = has_guard ? pop->guards[step->guard] : NULL;
    RequestGo go = {.now = now, .is_retry = try->level > 0};
    uint64_t number = ++pop->numbers;
    go.draw = guard ? request_draw(pop, number, DRAW_THROTTLE) : 1;
    if (guard && !request_guard_admit(guard, &go)) {
        give_up(plane, pop, try->parent, false, guard->slot, now);
        return;
    }
    uint32_t request = request_new(plane, pop);
    Request *row = &pop->requests[request];
    parent = &pop->requests[try->parent];
    row->number = number;
    row->guard = guard ? step->guard + 1u : 0;
    row->host = guard ? request_guard_host(guard, now) : 0;
    row->began = now;
    row->row = SIM_NONE;
    row->parent = try->parent;
    row->parent_turn = parent->turn;
    row->parent_number = parent->number;
    row->mark = parent->mark;
    row->level = try->level;
    row->is_fallback = try->is_fallback;
    row->blamed = try->service;
    pop->jobs[request].deadline = now + plane->timeouts[step->clock];
    request_timer_start(plane, pop, request, step->clock);
    plane->books->service_calls[try->service]++;
    HOP(plane, pop, request, .kind = HOP_CALLED, .from = now, .to = now, .outcome = OUTCOME_NONE,
        .service = try->service);
    if (plane->plan->zone_first[try->service] != SIM_NONE)
        enter_front(plane, pop, request, try->service, now);
    else
        request_core_send(plane, pop, request, plane->core_of[try->service], now);
}

static void
next_step(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    pop->requests[request].turn++;
    pop->requests[request].step++;
    request_take_steps(plane, pop, request, now);
}

/* What the failure of a need does to the request that has it. */
static void
need_failed(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t slot, SimTime now)
{
    Request *row = &pop->requests[request];
    const RequestStep *step = &plane->rows[row->row].program.steps[row->step];
    if (step->action == NEED_OPEN) {
        next_step(plane, pop, request, now);
    } else if (step->action == NEED_STALE) {
        row->turn++;
        request_succeed(plane, pop, request, OUTCOME_STALE, now);
    } else {
        const ServiceSpec *needed = world_service(plane->world, step->service);
        row->blamed = step->service;
        request_attempt_failed(plane, pop, request,
                               step->outcome == OUTCOME_NONE ? (Outcome)needed->outcome
                                                             : (Outcome)step->outcome,
                               slot, now);
    }
}

/*
 * The plainest call, one try and straight to its service, needs no row of its own, and no number
 * but for who watches: its request waits for the answer itself, for as long as the shorter of the
 * two time-outs.  at is when its CPU time is over, now or later in this window.
 */
void
request_call_directly(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime at)
{
    Request *row = &pop->requests[request];
    const RequestStep *step = &plane->rows[row->row].program.steps[row->step];
    uint8_t own = row->clock;
    bool is_short = plane->timeouts[step->clock] < plane->timeouts[own];
    uint8_t clock = is_short ? step->clock : own;
    row->called = at;
    row->is_direct = true;
    plane->books->service_calls[step->service]++;
    request_timer_stop(pop, request);
    pop->jobs[request].deadline = at + plane->timeouts[clock];
    request_timer_start(plane, pop, request, clock);
    row->patience = own;
    if (G_UNLIKELY(plane->log))
        request_hop_direct(plane, pop, request, HOP_CALLED, OUTCOME_NONE, 0, at);
    request_core_send(plane, pop, request, step->core, at);
    row->state = REQUEST_CALLING;
}

/* The end of such a call: an answer, or nobody waits for one any more. */
static void
direct_over(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome, uint32_t slot,
            SimTime now)
{
    Request *row = &pop->requests[request];
    const RequestStep *step = &plane->rows[row->row].program.steps[row->step];
    if (G_UNLIKELY(plane->log))
        request_hop_direct(plane, pop, request, HOP_ANSWERED, outcome, slot, now);
    request_timer_stop(pop, request);
    row->clock = row->patience;
    row->is_direct = false;
    plane->cores[step->core].latencies[sim_histogram_index(now - row->called)]++;
    plane->books->service_failed[step->service] += outcome != OUTCOME_OK;
    if (outcome == OUTCOME_OK)
        next_step(plane, pop, request, now);
    else
        need_failed(plane, pop, request, slot, now);
}

bool
request_direct_expired(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t slot,
                       SimTime now)
{
    Request *row = &pop->requests[request];
    if (!row->is_direct)
        return false;
    const RequestStep *step = &plane->rows[row->row].program.steps[row->step];
    if (plane->timeouts[step->clock] < plane->timeouts[row->patience]) {
        direct_over(plane, pop, request, OUTCOME_TIMEOUT, slot, now);
        return true;
    }
    if (G_UNLIKELY(plane->log))
        request_hop_direct(plane, pop, request, HOP_ANSWERED, OUTCOME_TIMEOUT, slot, now);
    row->clock = row->patience;
    row->is_direct = false;
    plane->books->service_failed[step->service]++;
    return false;
}

/* The unit that an attempt makes of the alternatives from `first` on. */
static uint32_t
unit_made(const RequestProgram *program, const Request *row, uint32_t first)
{
    uint32_t last = first + program->steps[first].rest;
    while (first < last && !(row->made >> first & 1))
        first++;
    return first;
}

/* Calls of a step whose service makes more of them, or fewer; a part of one is a chance. */
static uint32_t
multiplied(const RequestPlane *plane, const RequestPop *pop, const Request *row, uint32_t calls)
{
    const RequestProgram *program = &plane->rows[row->row].program;
    uint32_t owner = program->steps[row->step].owner;
    double n = calls;
    if (owner != REQUEST_NO_OWNER)
        n *= pop->behaviour[program->steps[unit_made(program, row, owner)].unit].calls;
    double whole = floor(n);
    uint32_t purpose = DRAW_FATE + 64u * row->level + row->step;
    if (n > whole && request_draw(pop, row->number, purpose) < n - whole)
        whole++;
    return (uint32_t)fmin(whole, CALLS_MOST);
}

void
request_make_calls(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t service,
                   bool is_fallback, SimTime now)
{
    Request *row = &pop->requests[request];
    const RequestStep *step = &plane->rows[row->row].program.steps[row->step];
    uint32_t n = step->calls;
    if (G_UNLIKELY(pop->is_multiplying))
        n = multiplied(plane, pop, row, n);
    if (n == 0) {
        next_step(plane, pop, request, now);
        return;
    }
    if (step->is_direct && n == 1) {
        request_call_directly(plane, pop, request, now);
        return;
    }
    uint32_t turn = ++row->turn;
    row->state = REQUEST_CALLING;
    row->pending = (uint16_t)n;
    request_watch(plane, pop, request, now);
    for (uint32_t i = 0; i < n && pop->requests[request].turn == turn; i++)
        try_call(plane, pop,
                 &(Try){.parent = request, .service = service, .is_fallback = is_fallback}, now);
}

/* A try has ended, and its caller still waits for it. */
static void
call_result(RequestPlane *plane, RequestPop *pop, const Request *try, Outcome outcome,
            uint32_t slot, bool may_retry, SimTime now)
{
    uint32_t request = try->parent;
    Request *parent = &pop->requests[request];
    const RequestStep *step = &plane->rows[parent->row].program.steps[parent->step];
    if (outcome == OUTCOME_OK) {
        if (--parent->pending == 0)
            next_step(plane, pop, request, now);
        return;
    }
    if (may_retry) {
        try_call(plane, pop,
                 &(Try){.parent = request,
                        .service = try->is_fallback ? step->fallback : step->service,
                        .level = (uint8_t)(try->level + 1),
                        .is_fallback = try->is_fallback},
                 now);
        return;
    }
    give_up(plane, pop, request, try->is_fallback, slot, now);
}

/* Its caller waits for it, and has tries left. */
static bool
wants_retry(const RequestPlane *plane, const RequestPop *pop, const Request *try)
{
    if (try->parent == SIM_NONE || pop->requests[try->parent].turn != try->parent_turn)
        return false;
    const Request *parent = &pop->requests[try->parent];
    return try->level < plane->rows[parent->row].program.steps[parent->step].retries;
}

/* How it ended is counted; whether it is tried again. */
static bool
ask_guard(const RequestPlane *plane, const RequestPop *pop, const Request *try, Outcome outcome,
          uint32_t slot, SimTime now)
{
    bool wants = outcome != OUTCOME_OK && wants_retry(plane, pop, try);
    const RequestAnswer answer = {.sent = try->began,
                                  .now = now,
                                  .host = try->host,
                                  .outcome = outcome,
                                  .slot = slot,
                                  .was_retry = try->level > 0,
                                  .wants = wants};
    return try->guard ? request_guard_answered(pop->guards[try->guard - 1], &answer) : wants;
}

void
request_call_over(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome,
                  uint32_t slot, SimTime now)
{
    Request row = pop->requests[request];
    bool has_front = row.row != SIM_NONE;
    uint32_t service = has_front ? plane->rows[row.row].service : row.blamed;
    HOP(plane, pop, request, .kind = HOP_ANSWERED, .from = row.began, .to = now, .outcome = outcome,
        .cause = slot, .service = service);
    if (row.caller != SIM_NONE)
        request_core_reply(plane, pop, request, outcome, slot, now);
    else
        plane->cores[plane->core_of[service]].latencies[sim_histogram_index(now - row.began)]++;
    if (outcome != OUTCOME_OK && row.caller == SIM_NONE)
        plane->books->service_failed[service]++;
    bool may_retry = ask_guard(plane, pop, &row, outcome, slot, now);
    request_free(pop, request);
    if (row.parent != SIM_NONE && pop->requests[row.parent].turn == row.parent_turn)
        call_result(plane, pop, &row, outcome, slot, may_retry, now);
}

void
request_call_answered(RequestPlane *plane, RequestPop *pop, uint32_t request,
                      const RequestEvent *event, SimTime now)
{
    const Request *row = &pop->requests[request];
    if (row->state == REQUEST_FETCHING)
        request_origin_answered(plane, pop, request, event, now);
    else if (row->is_direct)
        direct_over(plane, pop, request, (Outcome)event->outcome, event->slot, now);
    else
        request_call_over(plane, pop, request, (Outcome)event->outcome, event->slot, now);
}

void
request_entered(RequestPlane *plane, RequestPop *pop, const RequestEvent *event, SimTime now)
{
    uint32_t request = request_new(plane, pop);
    Request *row = &pop->requests[request];
    row->number = ++pop->numbers;
    row->began = now;
    row->caller = event->who;
    row->caller_turn = event->turn;
    row->mark = event->mark;
    row->parent_number = request_core_number(plane, event);
    row->host = row->parent_number ? plane->calls[event->who].host : 0;
    row->row = plane->plan->zone_first[event->service];
    row->clock = plane->rows[row->row].clock;
    pop->jobs[request].deadline = now + plane->timeouts[row->clock];
    enter_front(plane, pop, request, event->service, now);
}
