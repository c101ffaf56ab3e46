#include "models/request.h"

/* needs of central services ----------------------------------------------------------------- */

static void
send_child(RequestPlane *plane, uint32_t child, uint32_t service, SimTime now)
{
    const RequestCore *from = &plane->cores[plane->calls[plane->calls[child].request].core];
    uint32_t target = plane->core_of[service];
    SimTime delay = plane->cores[target].delay;
    plane->calls[child].core = target;
    plane->calls[child].state = REQUEST_AWAY;
    if (plane->plan->zone_first[service] == SIM_NONE) {
        if (request_fault_loses(plane, &plane->calls[child]))
            return;
        if (delay > 0)
            request_central_post(plane, sim_time_add(now, delay), REQUEST_CENTRAL_ARRIVES, child,
                                 plane->calls[child].turn);
        else
            request_core_arrive(plane, child, now);
        return;
    }
    RequestPop *pop = &plane->pops[from->pop];
    request_post(plane, pop, now + from->way[from->pop],
                 (RequestEvent){.kind = REQUEST_ON_ENTER,
                                .who = child,
                                .turn = plane->calls[child].turn,
                                .mark = plane->calls[child].mark,
                                .service = service});
}

typedef struct Try {
    uint32_t parent;
    uint8_t tries;
    bool is_fallback;
} Try;

static double
draw_throttle(const RequestPlane *plane, uint64_t number)
{
    SimRng rng = {.key = plane->central_key, .counter = number * DRAWS + DRAW_THROTTLE};
    return sim_rng_unit(&rng);
}

static void give_up(RequestPlane *plane, uint32_t index, bool is_fallback, uint32_t slot,
                    SimTime now);

/* The turn of a child grows as it is served; its time-out goes by its number instead. */
static void
try_call(RequestPlane *plane, const Try *try, SimTime now)
{
    const RequestCall *parent = &plane->calls[try->parent];
    const RequestStep *step = &plane->cores[parent->core].program.steps[parent->step];
    bool has_guard = step->guard != REQUEST_NO_GUARD && !try->is_fallback;
    RequestGuard *guard = has_guard ? plane->guards[step->guard] : NULL;
    RequestGo go = {.now = now, .is_retry = try->tries > 0};
    uint64_t number = ++plane->central_numbers;
    go.draw = draw_throttle(plane, number);
    if (guard && !request_guard_admit(guard, &go)) {
        give_up(plane, try->parent, false, guard->slot, now);
        return;
    }
    uint32_t child = request_central_new(plane);
    RequestCall *call = &plane->calls[child];
    parent = &plane->calls[try->parent];
    uint32_t service = try->is_fallback ? step->fallback : step->service;
    call->number = number;
    call->guard = guard ? step->guard + 1u : 0;
    call->host = guard ? (uint16_t)request_guard_host(guard, now) : 0;
    call->fate = DRAW_FATE;
    call->parent = request_call_number(plane, try->parent);
    call->request = try->parent;
    call->request_turn = parent->turn;
    call->tries = try->tries;
    call->is_fallback = try->is_fallback;
    call->mark = parent->mark;
    call->sent = call->began = now;
    SimTime deadline = now + plane->timeouts[step->clock];
    plane->call_jobs[child].deadline = MIN(deadline, plane->call_jobs[try->parent].deadline);
    plane->books->service_calls[service]++;
    request_central_post(plane, deadline, REQUEST_CENTRAL_EXPIRES, child, (uint32_t)call->number);
    HOP_AT_CORE(plane, call, .kind = HOP_CALLED, .from = now, .to = now, .service = service,
                .outcome = OUTCOME_NONE);
    send_child(plane, child, service, now);
}

static void
make_calls(RequestPlane *plane, uint32_t index, bool is_fallback, SimTime now)
{
    RequestCall *call = &plane->calls[index];
    const RequestStep *step = &plane->cores[call->core].program.steps[call->step];
    uint32_t turn = ++call->turn;
    call->pending = (uint16_t)step->calls;
    for (uint32_t i = 0; i < step->calls && plane->calls[index].turn == turn; i++)
        try_call(plane, &(Try){.parent = index, .is_fallback = is_fallback}, now);
}

/* Its needs are met (OUTCOME_OK) or have failed: it lets go of what it held. */
static void
leave(RequestPlane *plane, uint32_t index, Outcome outcome, uint32_t slot, SimTime now)
{
    RequestCore *core = &plane->cores[plane->calls[index].core];
    core->held--;
    if (outcome == OUTCOME_OK)
        request_core_be_done(plane, index, now);
    else
        request_core_answer(plane, index, outcome, slot, now);
    request_core_fill(plane, core, now);
}

void
request_core_take_steps(RequestPlane *plane, uint32_t index, SimTime now)
{
    RequestCall *call = &plane->calls[index];
    const RequestProgram *program = &plane->cores[call->core].program;
    for (; call->step < program->n_steps; call->step++) {
        const RequestStep *step = &program->steps[call->step];
        if (!(call->made >> call->step & 1) || plane->killed[step->service])
            continue;
        make_calls(plane, index, false, now);
        return;
    }
    leave(plane, index, OUTCOME_OK, 0, now);
}

/* No more tries: the fallback's, or what the failure of the need does. */
static void
give_up(RequestPlane *plane, uint32_t index, bool is_fallback, uint32_t slot, SimTime now)
{
    RequestCall *parent = &plane->calls[index];
    const RequestStep *step = &plane->cores[parent->core].program.steps[parent->step];
    if (!is_fallback && step->action == NEED_FALLBACK && step->fallback != SIM_NONE) {
        make_calls(plane, index, true, now);
        return;
    }
    parent->turn++;
    if (step->action == NEED_OPEN || step->action == NEED_STALE) {
        parent->step++;
        request_core_take_steps(plane, index, now);
    } else {
        leave(plane, index, OUTCOME_503, slot, now);
    }
}

/* How it ended is counted; whether it is tried again. */
static bool
ask_guard(const RequestPlane *plane, const RequestCall *child, Outcome outcome, uint32_t slot,
          SimTime now)
{
    const RequestCall *parent = &plane->calls[child->request];
    const RequestProgram *program = &plane->cores[parent->core].program;
    bool wants = outcome != OUTCOME_OK && parent->turn == child->request_turn &&
                 child->tries < program->steps[parent->step].retries;
    const RequestAnswer answer = {.sent = child->sent,
                                  .now = now,
                                  .host = child->host,
                                  .outcome = outcome,
                                  .slot = slot,
                                  .was_retry = child->tries > 0,
                                  .wants = wants};
    return child->guard ? request_guard_answered(plane->guards[child->guard - 1], &answer) : wants;
}

void
request_core_child_over(RequestPlane *plane, const RequestCall *child, Outcome outcome,
                        uint32_t slot, SimTime now)
{
    uint32_t index = child->request;
    RequestCall *parent = &plane->calls[index];
    bool may_retry = ask_guard(plane, child, outcome, slot, now);
    if (parent->turn != child->request_turn)
        return;
    const RequestStep *step = &plane->cores[parent->core].program.steps[parent->step];
    bool is_over = outcome == OUTCOME_OK && --parent->pending == 0;
    uint32_t service = child->is_fallback ? step->fallback : step->service;
    HOP_AT_CORE(plane, child, .kind = HOP_ANSWERED, .from = child->sent, .to = now,
                .service = service, .outcome = outcome, .cause = slot);
    plane->cores[child->core].latencies[sim_histogram_index(now - child->sent)]++;
    plane->books->service_failed[service] += outcome != OUTCOME_OK;
    if (is_over) {
        parent->turn++;
        parent->step++;
        request_core_take_steps(plane, index, now);
    } else if (may_retry) {
        try_call(plane,
                 &(Try){.parent = index,
                        .tries = (uint8_t)(child->tries + 1),
                        .is_fallback = child->is_fallback},
                 now);
    } else if (outcome != OUTCOME_OK) {
        give_up(plane, index, child->is_fallback, slot, now);
    }
}

/* The caller here gave up; the call, if it is at a station, is served in vain. */
void
request_core_expire(RequestPlane *plane, uint32_t index, uint32_t number, SimTime now)
{
    RequestCall *call = &plane->calls[index];
    if (call->state == REQUEST_FREE || (uint32_t)call->number != number || call->pop != SIM_NONE)
        return;
    RequestCall gone = *call;
    RequestCore *core = &plane->cores[call->core];
    call->request_turn--; /* of no row: its answer finds nobody */
    call->guard = 0;
    if (call->state == REQUEST_AWAY)
        request_central_free(plane, index);
    request_core_child_over(plane, &gone, OUTCOME_TIMEOUT,
                            request_core_slot(plane, core, &core->draws), now);
}
