#include "models/request.h"

#include <math.h>
#include <string.h>

static bool
is_call(const Request *row)
{
    return row->parent != SIM_NONE || row->caller != SIM_NONE;
}

/* ends -------------------------------------------------------------------------------------- */

static void
count_latency(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome, SimTime now)
{
    const Request *row = &pop->requests[request];
    SimTime way = request_way(pop, row->number);
    if (G_UNLIKELY(pop->has_entry) && row->state != REQUEST_LOST)
        way += request_entry_delay(plane, pop, row->row);
    if (pop->latencies && !plane->rows[row->row].is_attack)
        pop->latencies[outcome * SIM_HISTOGRAM_BUCKETS +
                       sim_histogram_index(now - row->began + way)]++;
    HOP(plane, pop, request, .kind = HOP_ENDED, .from = row->began, .to = now, .outcome = outcome,
        .cause = row->slot, .way = way, .service = row->blamed,
        .cache = request_hop_cache(row, outcome));
}

/* An end that is not as it should be.  Of attacks only their site's columns know. */
static void
count_end(RequestPlane *plane, uint32_t row, Outcome outcome, uint32_t slot, double *counter)
{
    if (plane->rows[row].is_attack)
        return;
    plane->books->cause_sum[slot]++;
    plane->books->cause_total[slot]++;
    plane->books->outcome_sum[outcome]++;
    (*counter)++;
}

void
request_succeed(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome,
                SimTime now)
{
    Request *row = &pop->requests[request];
    if (is_call(row)) {
        request_call_over(plane, pop, request, OUTCOME_OK, 0, now);
        return;
    }
    RetryPolicy *policy = pop->policies[row->row];
    if (policy)
        retry_policy_succeeded(policy, now, row->level > 0);
    count_latency(plane, pop, request, outcome, now);
    plane->books->ok[row->row]++;
    bool is_attack = plane->rows[row->row].is_attack;
    plane->books->outcome_sum[OUTCOME_STALE] += outcome == OUTCOME_STALE && !is_attack;
    plane->login_ok[row->row]++;
    plane->left++;
    pop->counts.ok += !is_attack;
    request_free(pop, request);
}

static void
book_block(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome, uint32_t slot,
           SimTime now)
{
    Request *row = &pop->requests[request];
    RetryPolicy *policy = pop->policies[row->row];
    if (policy && outcome != OUTCOME_429)
        retry_policy_succeeded(policy, now, row->level > 0);
    row->slot = (uint8_t)slot;
    count_latency(plane, pop, request, outcome, now);
    count_end(plane, row->row, outcome, slot, &pop->counts.blocked);
    plane->books->blocked[row->row]++;
}

/* Answered, but not with what was asked for: nobody tries again. */
static void
block(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome, uint32_t slot,
      SimTime now)
{
    book_block(plane, pop, request, outcome, slot, now);
    plane->left++;
    request_free(pop, request);
}

/* The person behind a request that has no attempt left. */
static void
leave_to_person(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t slot, SimTime now)
{
    Request *row = &pop->requests[request];
    const RequestRow *of = &plane->rows[row->row];
    bool stays = request_draw(pop, row->number, DRAW_PERSISTENCE) < of->persistence;
    HOP(plane, pop, request, .kind = stays ? HOP_WAITS : HOP_GONE, .from = now,
        .to = stays ? now + sim_from_seconds(of->reload_s) : now, .outcome = OUTCOME_NONE,
        .service = SIM_NONE, .cause = slot);
    if (stays)
        request_orbit_join(plane, pop, row->row, slot, now);
    else
        plane->left++;
    request_free(pop, request);
}

static SimTime
backoff_of(const RequestRow *of, const RequestPop *pop, const Request *row)
{
    double wait = sim_seconds(of->backoff);
    for (uint32_t k = 0; k < row->level; k++)
        wait *= of->growth;
    if (of->has_jitter)
        wait *= request_draw(pop, row->number, DRAW_BACKOFF + row->level);
    return sim_from_seconds(wait);
}

static RetryFailure
kind_of(Outcome outcome)
{
    return outcome == OUTCOME_TIMEOUT                         ? RETRY_TIMEOUT
           : outcome == OUTCOME_503 || outcome == OUTCOME_429 ? RETRY_THROTTLED
                                                              : RETRY_ERROR;
}

static bool
may_retry(RequestPop *pop, const Request *row, const RequestRow *of, Outcome outcome, SimTime now)
{
    /* Machines of users who reach no PoP try in vain: not counted. */
    bool wants = row->level < of->retries && pop->index != SIM_NONE;
    RetryPolicy *policy = pop->policies[row->row];
    if (!policy)
        return wants;
    return retry_policy_failed(policy, now, row->level > 0, kind_of(outcome), wants) && wants;
}

static void
retry_later(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    SimTime wait = backoff_of(&plane->rows[row->row], pop, row);
    row->level++;
    HOP(plane, pop, request, .kind = HOP_RETRY, .from = now, .to = now + wait,
        .outcome = OUTCOME_NONE, .service = SIM_NONE);
    if (wait == 0) {
        request_retry(plane, pop, request, now);
        return;
    }
    row->state = REQUEST_BACKING_OFF;
    request_post(plane, pop, sim_time_add(now, wait),
                 (RequestEvent){.kind = REQUEST_ON_RETRY, .who = request, .turn = row->turn});
}

void
request_attempt_failed(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome,
                       uint32_t slot, SimTime now)
{
    Request *row = &pop->requests[request];
    request_timer_stop(pop, request);
    row->turn++;
    row->slot = (uint8_t)slot;
    if (is_call(row)) {
        request_call_over(plane, pop, request, outcome, slot, now);
        return;
    }
    const RequestRow *of = &plane->rows[row->row];
    count_latency(plane, pop, request, outcome, now);
    count_end(plane, row->row, outcome, slot, &pop->counts.failed);
    plane->books->failed[row->row]++;
    if (pop->site_failed)
        pop->site_failed[of->site]++;
    if (may_retry(pop, row, of, outcome, now))
        retry_later(plane, pop, request, now);
    else
        leave_to_person(plane, pop, request, slot, now);
}

/* What a unit did to it, when it has had its CPU. */
void
request_end_by_unit(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    const Request *row = &pop->requests[request];
    Outcome outcome = (Outcome)row->outcome;
    if (outcome_is_failed(outcome) && row->blamed != SIM_NONE)
        plane->books->service_failed[row->blamed]++;
    if (outcome == OUTCOME_STALE)
        request_succeed(plane, pop, request, outcome, now);
    else if (outcome_is_blocked(outcome) && !is_call(row))
        block(plane, pop, request, outcome, row->slot, now);
    else
        request_attempt_failed(plane, pop, request, outcome, row->slot, now);
}

/* steps ------------------------------------------------------------------------------------- */

/* A client waits for calls and origins as long again as it would have waited for CPU. */
void
request_watch(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    request_timer_stop(pop, request);
    pop->jobs[request].deadline = now + plane->timeouts[pop->requests[request].clock];
    request_timer_start(plane, pop, request, pop->requests[request].clock);
}

/* It does not come: the answer is that of the CDN, which waited as long as for one that does. */
static bool
origin_fails(const RequestPlane *plane, const RequestPop *pop, const Request *row)
{
    double errors = plane->origins[plane->rows[row->row].site].errors;
    return errors > 0 && request_draw(pop, row->number, DRAW_ORIGIN + row->level) < errors;
}

static void
ask_origin(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    const RequestRow *of = &plane->rows[row->row];
    const RequestOrigin *fault = &plane->origins[of->site];
    bool fails = origin_fails(plane, pop, row);
    SimTime takes = fails ? of->origin_latency : of->origin_latency + fault->delay;
    row->turn++;
    row->state = REQUEST_FETCHING;
    row->called = now;
    if (of->origin != SIM_NONE && !fails) {
        request_watch(plane, pop, request, now);
        request_core_send(plane, pop, request, of->origin, now);
        return;
    }
    if (takes == 0 && !fails) {
        request_succeed(plane, pop, request, OUTCOME_OK, now);
        return;
    }
    if (takes >= plane->timeouts[row->clock])
        request_watch(plane, pop, request, now);
    request_post(plane, pop, now + takes,
                 (RequestEvent){.kind = REQUEST_ON_ORIGIN,
                                .who = request,
                                .turn = row->turn,
                                .outcome = fails ? OUTCOME_522 : OUTCOME_OK,
                                .slot = fault->slot});
}

static void
fetch(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    plane->books->asked[row->row]++;
    HOP(plane, pop, request, .kind = HOP_CACHE, .from = now, .to = now, .service = SIM_NONE,
        .outcome = row->is_miss ? OUTCOME_NONE : OUTCOME_OK, .key = row->key);
    if (!row->is_miss) {
        request_succeed(plane, pop, request, OUTCOME_OK, now);
        return;
    }
    plane->books->miss[row->row]++;
    ask_origin(plane, pop, request, now);
}

/* The next call that it makes; when there is none, what comes after the steps. */
void
request_take_steps(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    const RequestProgram *program = &plane->rows[row->row].program;
    for (; row->step < program->n_steps; row->step++) {
        const RequestStep *step = &program->steps[row->step];
        if (step->kind != REQUEST_CALL || !(row->made >> row->step & 1) ||
            plane->killed[step->service])
            continue;
        request_make_calls(plane, pop, request, step->service, false, now);
        return;
    }
    if (is_call(row)) {
        request_watch(plane, pop, request, now);
        request_core_send(plane, pop, request, plane->rows[row->row].core, now);
    } else {
        fetch(plane, pop, request, now);
    }
}

/* What its units let it wait for beyond their CPU, and at which of them most. */
static SimTime
delay_of(const RequestPlane *plane, const RequestPop *pop, const Request *row, uint32_t *ret_unit)
{
    const RequestProgram *program = &plane->rows[row->row].program;
    double seconds = 0, most = 0;
    for (uint32_t i = 0; i < program->n_steps; i++) {
        const RequestStep *step = &program->steps[i];
        if (step->kind != REQUEST_UNIT || !(row->made >> i & 1))
            continue;
        double delay = pop->behaviour[step->unit].delay;
        seconds += delay;
        if (delay > most)
            *ret_unit = step->unit;
        most = fmax(most, delay);
    }
    return sim_from_seconds(seconds);
}

static bool
is_delayed(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    uint32_t unit = 0;
    SimTime delay = delay_of(plane, pop, row, &unit);
    if (delay == 0)
        return false;
    row->turn++;
    row->state = REQUEST_DELAYED;
    row->slot = pop->unit_slot[unit];
    if (delay >= plane->timeouts[row->clock])
        request_watch(plane, pop, request, now);
    request_post(plane, pop, sim_time_add(now, delay),
                 (RequestEvent){.kind = REQUEST_ON_DELAY, .who = request, .turn = row->turn});
    return true;
}

void
request_delay_over(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    request_timer_stop(pop, request);
    row->turn++;
    row->slot = 0;
    request_take_steps(plane, pop, request, now);
}

void
request_go_on(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    if (row->is_orphan) {
        if (G_UNLIKELY(plane->log))
            request_hop_cpu(plane, pop, request, OUTCOME_NONE, 0, now);
        request_free(pop, request);
        return;
    }
    if (G_UNLIKELY(plane->log))
        request_hop_cpu(plane, pop, request, (Outcome)row->outcome, row->slot, now);
    if (row->outcome != OUTCOME_OK) {
        request_end_by_unit(plane, pop, request, now);
        return;
    }
    if (G_UNLIKELY(pop->is_delaying) && is_delayed(plane, pop, request, now))
        return;
    request_take_steps(plane, pop, request, now);
}

/* origins ----------------------------------------------------------------------------------- */

void
request_origin_answered(RequestPlane *plane, RequestPop *pop, uint32_t request,
                        const RequestEvent *event, SimTime now)
{
    const Request *row = &pop->requests[request];
    const RequestRow *of = &plane->rows[row->row];
    HOP(plane, pop, request, .kind = HOP_ORIGIN, .from = row->called, .to = now,
        .outcome = (Outcome)event->outcome, .key = row->key, .service = SIM_NONE);
    if (event->outcome == OUTCOME_OK) {
        if (row->is_put_late)
            request_cache_fetched(plane, pop, row->row, row->key, now);
        request_succeed(plane, pop, request, OUTCOME_OK, now);
    } else {
        uint32_t slot = event->slot ? event->slot : plane->cache_slot[of->site];
        request_attempt_failed(plane, pop, request, (Outcome)event->outcome, slot, now);
    }
}

/* attempts ---------------------------------------------------------------------------------- */

/* It never gets to the PoP: its client is told at once, or waits as long as it does. */
static void
end_on_the_way(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    row->state = REQUEST_LOST;
    if (row->outcome == OUTCOME_TIMEOUT)
        request_timer_start(plane, pop, request, row->clock);
    else
        request_attempt_failed(plane, pop, request, (Outcome)row->outcome, row->slot, now);
}

/* A row that has its number, row and level begins an attempt. */
static void
begin(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    row->began = now;
    row->step = 0;
    row->blamed = SIM_NONE;
    row->clock = plane->rows[row->row].clock;
    pop->jobs[request].deadline = now + plane->timeouts[row->clock];
    if (row->outcome != OUTCOME_OK) {
        end_on_the_way(plane, pop, request, now);
        return;
    }
    HOP(plane, pop, request, .kind = HOP_ARRIVED, .from = now, .to = now, .outcome = OUTCOME_NONE,
        .service = plane->rows[row->row].service);
    if (pop->index == SIM_NONE) {
        request_attempt_failed(plane, pop, request, OUTCOME_TIMEOUT, pop->overload_slot, now);
        return;
    }
    if (request_is_refused(plane, pop, request)) {
        request_end_by_unit(plane, pop, request, now);
        return;
    }
    request_cpu_arrive(plane, pop, request, now);
}

static void
ask(RequestPlane *plane, RequestPop *pop, RequestWish *wish, SimTime now)
{
    wish->made =
        request_steps_draw(plane, pop, &plane->rows[wish->row].program, wish->number, wish->level);
    if (G_UNLIKELY(pop->has_entry))
        request_entry_judge(plane, pop, wish);
    wish->is_miss = pop->index != SIM_NONE && wish->entry == OUTCOME_OK &&
                    request_cache_misses(plane, pop, wish, now);
    if (pop->policies[wish->row])
        retry_policy_sent(pop->policies[wish->row], now, wish->level > 0);
}

static void
fill(Request *row, const RequestWish *wish)
{
    row->row = wish->row;
    row->number = wish->number;
    row->level = (uint8_t)wish->level;
    row->made = wish->made;
    row->key = wish->key;
    row->is_miss = wish->is_miss;
    row->is_put_late = wish->is_put_late;
    row->outcome = wish->entry;
    row->slot = wish->slot;
}

void
request_retry(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    RequestWish wish = {.row = row->row, .level = row->level, .number = row->number};
    row->turn++;
    plane->books->retries[row->row]++;
    request_offered(plane, pop, row->row);
    plane->attempts++;
    ask(plane, pop, &wish, now);
    fill(&pop->requests[request], &wish);
    begin(plane, pop, request, now);
}

uint32_t
request_client_new(RequestPlane *plane, RequestPop *pop, const RequestWish *wish, uint32_t mark,
                   SimTime now)
{
    uint32_t request = request_new(plane, pop);
    fill(&pop->requests[request], wish);
    pop->requests[request].mark = (uint8_t)mark;
    pop->requests[request].began = now;
    return request;
}

/* Refused by a limit of the site, or by the client's own library; true: it is over. */
static bool
is_turned_away(RequestPlane *plane, RequestPop *pop, const RequestWish *wish, uint32_t mark,
               SimTime now)
{
    const Traffic *traffic = &plane->traffic;
    RetryPolicy *policy = pop->policies[wish->row];
    double admit = traffic->admit[wish->row];
    bool is_limited = admit < 1 && request_draw(pop, wish->number, DRAW_ADMIT) >= admit;
    if (!is_limited &&
        (!policy ||
         retry_policy_admit(policy, now, request_draw(pop, wish->number, DRAW_THROTTLE))))
        return false;
    uint32_t slot = is_limited ? traffic->limit_slot[plane->rows[wish->row].site] : mark;
    uint32_t request = request_client_new(plane, pop, wish, mark, now);
    pop->requests[request].blamed = SIM_NONE;
    if (is_limited) /* else it never came */
        HOP(plane, pop, request, .kind = HOP_ARRIVED, .from = now, .to = now,
            .outcome = OUTCOME_NONE, .service = plane->rows[wish->row].service);
    HOP(plane, pop, request, .kind = HOP_ADMITTED, .from = now, .to = now, .outcome = OUTCOME_429,
        .cause = slot, .service = SIM_NONE);
    if (is_limited) { /* people try again as after any failure */
        book_block(plane, pop, request, OUTCOME_429, slot, now);
        leave_to_person(plane, pop, request, slot, now);
    } else {
        block(plane, pop, request, OUTCOME_429, slot, now);
    }
    return true;
}

void
request_fresh(RequestPlane *plane, RequestPop *pop, uint32_t row, uint32_t mark, bool is_reload,
              SimTime now, SimTime to)
{
    RequestWish wish = {.row = row, .number = ++pop->numbers};
    plane->entered += !is_reload;
    plane->attempts++;
    /* What passes at once counts as fresh, offered and ok when the sums are taken. */
    if (!is_turned_away(plane, pop, &wish, mark, now)) {
        ask(plane, pop, &wish, now);
        if (pop->is_scheduled && plane->has_fast_path && !pop->has_trouble && !pop->has_entry &&
            !is_reload && plane->rows[row].is_plain && request_cpu_pass(plane, pop, &wish, now, to))
            return;
        begin(plane, pop, request_client_new(plane, pop, &wish, mark, now), now);
    }
    plane->books->fresh[row] += !is_reload;
    request_offered(plane, pop, row);
}

/* time-outs --------------------------------------------------------------------------------- */

uint32_t
request_overload_slot(RequestPlane *plane, RequestPop *pop, uint32_t request)
{
    const Request *row = &pop->requests[request];
    uint32_t slot = request_pop_overload(plane, pop);
    if (!slot)
        slot = pop->backlog_slot;
    if (slot || row->mark || row->row == SIM_NONE || row->row >= pop->n_rows)
        return slot ? slot : row->mark;
    /* Nothing took capacity away: those who came back are too many, for what made them wait. */
    const uint32_t *marks = &pop->marks[row->row * BOOKS_CAUSES];
    double at = request_draw(pop, row->number, DRAW_MARK) * pop->orbit[row->row];
    for (; slot + 1 < BOOKS_CAUSES && at >= marks[slot]; slot++)
        at -= marks[slot];
    return pop->orbit[row->row] ? slot : 0;
}

static uint32_t
slot_of_waiting(RequestPlane *plane, RequestPop *pop, uint32_t request)
{
    const Request *row = &pop->requests[request];
    SimRng draws = request_draws(pop, row->number, DRAW_MARK);
    if (row->state == REQUEST_CALLING) {
        const RequestStep *step = &plane->rows[row->row].program.steps[row->step];
        return request_core_slot(plane, &plane->cores[step->core], &draws);
    }
    if (row->state == REQUEST_LOST || row->state == REQUEST_DELAYED)
        return row->slot;
    if (row->state == REQUEST_FETCHING) {
        uint32_t site = plane->rows[row->row].site;
        return plane->origins[site].delay > 0 ? plane->origins[site].slot : plane->cache_slot[site];
    }
    if (row->state == REQUEST_AWAY) {
        uint32_t service = row->row != SIM_NONE ? plane->rows[row->row].service : row->blamed;
        return request_core_slot(plane, &plane->cores[plane->core_of[service]], &draws);
    }
    return request_overload_slot(plane, pop, request);
}

void
request_expired(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    const Request *row = &pop->requests[request];
    uint32_t slot = slot_of_waiting(plane, pop, request);
    if (G_UNLIKELY(plane->log))
        request_hop_expired(plane, pop, request, slot, now);
    bool has_cpu = row->state == REQUEST_DOOMED || row->state == REQUEST_SCHEDULED ||
                   row->state == REQUEST_WAITING || row->state == REQUEST_SERVED;
    if (has_cpu && !request_cpu_abandon(plane, pop, request, now)) {
        /* The work goes on in vain; whoever wanted it goes on in a row of its own. */
        uint32_t other = request_new(plane, pop);
        uint32_t turn = pop->requests[other].turn;
        pop->requests[other] = pop->requests[request];
        pop->requests[other].turn = turn;
        pop->requests[other].is_orphan = false;
        pop->requests[request].parent = pop->requests[request].caller = SIM_NONE;
        request = other;
    }
    if (!request_direct_expired(plane, pop, request, slot, now))
        request_attempt_failed(plane, pop, request, OUTCOME_TIMEOUT, slot, now);
}
