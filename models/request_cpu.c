#include "models/request.h"
#include "sim/ziggurat.h"

#include <math.h>
#include <string.h>

/* service times ----------------------------------------------------------------------------- */

/* CPU seconds of the units that are made, those that run hot at their factor. */
static double
sum_cpu(const RequestPlane *plane, const RequestPop *pop, const RequestProgram *program,
        uint64_t made)
{
    double cpu = 0;
    for (uint32_t i = 0; i < program->n_steps; i++) {
        const RequestStep *step = &program->steps[i];
        if (step->kind == REQUEST_UNIT && made >> i & 1)
            cpu += sim_seconds(world_service(plane->world, step->service)->cpu) *
                   pop->behaviour[step->unit].burn_cpu;
    }
    return cpu;
}

static double
cpu_of(const RequestPlane *plane, const RequestPop *pop, uint32_t row, uint64_t made)
{
    const RequestProgram *program = &plane->rows[row].program;
    if (program->has_cpu && !pop->is_burning)
        return program->cpu;
    return sum_cpu(plane, pop, program, made);
}

/* What an attempt costs: of an attack, up to where it is blocked. */
static double
cost_of(const RequestPlane *plane, const RequestPop *pop, const Request *row)
{
    const RequestRow *of = &plane->rows[row->row];
    if (!of->is_attack || row->outcome != OUTCOME_BLOCKED)
        return cpu_of(plane, pop, row->row, row->made);
    return sum_cpu(plane, pop, &of->program, row->made & ((UINT64_C(2) << row->step) - 1));
}

/* The same for an attempt whenever it is asked for, but for what burns or slows the PoP then. */
static SimTime
draw_service(const RequestPlane *plane, const RequestPop *pop, uint64_t number, uint32_t level,
             double cpu)
{
    double spread = 1;
    if (cpu <= 0)
        return 0;
    if (plane->world->spec->network.law == SERVICE_EXPONENTIAL) {
        SimRng rng = request_draws(pop, number, DRAW_SERVICE + 8 * level);
        spread = sim_rng_exponential_unit(&rng);
    }
    double ns = spread * cpu * pop->pace;
    return ns < 1 ? 1 : ns < 4e18 ? (SimTime)(ns + 0.5) : SIM_TIME_MAX / 2;
}

static uint32_t
queue_of(const RequestPop *pop, uint64_t number)
{
    if (pop->n_queues == 1)
        return 0;
    SimRng rng = request_draws(pop, number, DRAW_QUEUE);
    return (uint32_t)((sim_rng_u64(&rng) >> 32) * pop->n_queues >> 32);
}

/* the fast path ----------------------------------------------------------------------------- */

void
request_server_take(SimTime *free_at, uint32_t n, SimTime done)
{
    uint32_t at = 0;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= n)
            break;
        if (child + 1 < n && free_at[child + 1] < free_at[child])
            child++;
        if (free_at[child] >= done)
            break;
        free_at[at] = free_at[child];
        at = child;
    }
    free_at[at] = done;
}

static void
count_sojourn(const RequestRow *row, SimTime sojourn)
{
    row->sojourns[sim_histogram_index(sojourn)]++;
}

/* Its CPU time is fixed and over within the window: the call that it then makes is sent already. */
static void
call_ahead(RequestPlane *plane, RequestPop *pop, const RequestWish *wish, SimTime now, SimTime done)
{
    uint32_t request = request_client_new(plane, pop, wish, 0, now);
    Request *row = &pop->requests[request];
    uint64_t calls = wish->made & plane->rows[wish->row].program.calls;
    row->clock = plane->rows[wish->row].clock;
    row->step = (uint16_t)__builtin_ctzll(calls);
    row->blamed = SIM_NONE;
    plane->books->fresh[wish->row]++;
    request_offered(plane, pop, wish->row);
    request_call_directly(plane, pop, request, done);
}

static void
pass(RequestPlane *plane, RequestPop *pop, const RequestWish *wish, SimTime latency)
{
    if (pop->policies[wish->row])
        retry_policy_passed(pop->policies[wish->row]);
    plane->passed[wish->row]++;
    plane->passed_miss[wish->row] += wish->is_miss;
    pop->passed++;
    if (pop->site_offered)
        pop->site_offered[plane->rows[wish->row].site]++;
    pop->latencies[OUTCOME_OK * SIM_HISTOGRAM_BUCKETS +
                   sim_histogram_index(latency + request_way(pop, wish->number))]++;
}

bool
request_cpu_pass(RequestPlane *plane, RequestPop *pop, const RequestWish *wish, SimTime now,
                 SimTime to)
{
    const RequestRow *row = &plane->rows[wish->row];
    uint64_t calls = wish->made & row->program.calls;
    bool is_direct = calls && (calls & (calls - 1)) == 0 && (calls & row->program.direct);
    if (calls && !is_direct)
        return false;
    SimTime service =
        draw_service(plane, pop, wish->number, 0, cpu_of(plane, pop, wish->row, wish->made));
    SimTime *free_at = pop->free_at + (size_t)queue_of(pop, wish->number) * pop->servers;
    SimTime start = service == 0 || free_at[0] < now ? now : free_at[0];
    SimTime done = sim_time_add(start, service), end = done;
    SimTime patience = plane->timeouts[row->clock];
    if (wish->is_miss && !is_direct) {
        if (row->origin != SIM_NONE || plane->has_origin_fault[row->site])
            return false;
        end = sim_time_add(done, row->origin_latency);
    }
    if (end > to || start - now >= patience || end - done >= patience)
        return false;
    if (service > 0)
        request_server_take(free_at, pop->servers, done);
    pop->busy_ns += (uint64_t)service;
    if (service > 0)
        count_sojourn(row, done - now);
    if (is_direct)
        call_ahead(plane, pop, wish, now, done);
    else
        pass(plane, pop, wish, end - now);
    return true;
}

/* Places a row where it is first in, first out: nothing that comes later changes its time. */
static void
schedule(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    SimTime *free_at = pop->free_at + (size_t)row->queue * pop->servers;
    SimTime start = free_at[0] > now ? free_at[0] : now;
    bool is_late = start >= pop->jobs[request].deadline;
    if (plane->rows[row->row].is_attack)
        request_judge(plane, pop, request);
    row->service = draw_service(plane, pop, row->number, row->level, cost_of(plane, pop, row));
    if (!is_late)
        request_timer_stop(pop, request);
    else if (!row->is_timed)
        request_timer_start(plane, pop, request, row->clock);
    if (is_late && plane->world->spec->network.cancel) {
        row->state = REQUEST_DOOMED;
        return;
    }
    row->state = REQUEST_SCHEDULED;
    row->done = sim_time_add(start, row->service);
    request_server_take(free_at, pop->servers, row->done);
    request_post(plane, pop, row->done,
                 (RequestEvent){.kind = REQUEST_ON_CPU, .who = request, .turn = row->turn});
}

/* queues ------------------------------------------------------------------------------------ */

static void
post_shared(RequestPlane *plane, RequestPop *pop, uint32_t queue, SimTime now)
{
    SimTime next = sharing_next(pop->shared[queue], now);
    pop->shared_turn[queue]++;
    if (next < SIM_TIME_MAX)
        request_post(plane, pop, next,
                     (RequestEvent){
                         .kind = REQUEST_ON_SHARED, .who = queue, .turn = pop->shared_turn[queue]});
}

/* A request gets CPU: what it meets is decided, and so is what that costs. */
static void
start(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    if (!row->is_orphan)
        request_judge(plane, pop, request);
    if (!pop->shared)
        request_timer_stop(pop, request);
    else if (!row->is_timed)
        request_timer_start(plane, pop, request, row->clock);
    double cpu = cost_of(plane, pop, row);
    bool is_seen_through = plane->rows[row->row].is_attack && row->outcome == OUTCOME_BLOCKED;
    if (row->outcome != OUTCOME_OK && row->blamed != SIM_NONE && !is_seen_through) {
        const World *world = plane->world;
        const ServiceSpec *blamed = world_service(world, row->blamed);
        const ServiceSpec *host = world_service(world, world->host[row->blamed]);
        cpu += sim_seconds(blamed->error_cpu ? blamed->error_cpu : host->error_cpu);
    }
    row->service = draw_service(plane, pop, row->number, row->level, cpu);
    row->state = REQUEST_SERVED;
    row->turn++;
    row->done = now + row->service;
    if (pop->shared) {
        sharing_arrive(pop->shared[row->queue], now, request, (double)row->service / pop->pace);
        post_shared(plane, pop, row->queue, now);
        return;
    }
    request_post(plane, pop, row->done,
                 (RequestEvent){.kind = REQUEST_ON_CPU, .who = request, .turn = row->turn});
}

static void
sample_limiter(RequestPop *pop, const Request *row, SimTime now, bool was_dropped)
{
    if (!pop->limiters)
        return;
    Station *station = &pop->stations[row->queue];
    const LimiterSample sample = {.rtt = now - row->began,
                                  .in_hand = station->busy + station->waiting + 1,
                                  .was_dropped = was_dropped};
    limiter_sample(&pop->limiters[row->queue], &sample);
    station->limit = limiter_limit(&pop->limiters[row->queue]);
}

/* Those that a discipline gave up: nobody will serve them. */
static void
fail_dropped(RequestPlane *plane, RequestPop *pop, uint32_t dropped, SimTime now)
{
    while (dropped != SIM_NONE) {
        uint32_t next = pop->jobs[dropped].next;
        Request *row = &pop->requests[dropped];
        uint32_t slot = row->is_orphan ? 0 : request_overload_slot(plane, pop, dropped);
        pop->waiting--;
        sample_limiter(pop, row, now, true);
        if (G_UNLIKELY(plane->log))
            request_hop_cpu(plane, pop, dropped, OUTCOME_503, slot, now);
        if (row->is_orphan)
            request_free(pop, dropped);
        else
            request_attempt_failed(plane, pop, dropped, OUTCOME_503, slot, now);
        dropped = next;
    }
}

static void
fill_servers(RequestPlane *plane, RequestPop *pop, uint32_t queue, SimTime now)
{
    uint32_t dropped = SIM_NONE, request;
    Station *station = &pop->stations[queue];
    while ((request = station_take(station, pop->jobs, now, &dropped)) != SIM_NONE) {
        pop->waiting--;
        start(plane, pop, request, now);
    }
    fail_dropped(plane, pop, dropped, now);
}

/* All jobs of a shared queue have CPU; those beyond its servers count as the ones that wait. */
static bool
is_beyond(const RequestPop *pop, const Station *station)
{
    return pop->shared && station->busy > pop->servers;
}

static void
release(RequestPop *pop, Station *station)
{
    pop->waiting -= is_beyond(pop, station);
    station_release(station);
}

static bool
is_room_full(const RequestPlane *plane, const RequestPop *pop, const Station *station)
{
    double places = plane->world->spec->network.queue;
    return places > 0 && pop->waiting >= places && station->busy >= station->servers;
}

static void
queue_up(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    Station *station = &pop->stations[row->queue];
    StationAnswer answer = STATION_REFUSE;
    if (!is_room_full(plane, pop, station))
        answer = station_arrive(station, pop->jobs, request, now);
    if (answer == STATION_START) {
        pop->waiting += is_beyond(pop, station);
        start(plane, pop, request, now);
    } else if (answer == STATION_WAIT) {
        row->state = REQUEST_WAITING;
        pop->waiting++;
        if (!row->is_timed)
            request_timer_start(plane, pop, request, row->clock);
    } else {
        uint32_t slot = request_overload_slot(plane, pop, request);
        if (station->busy + station->waiting < station->limit)
            sample_limiter(pop, row, now, true);
        HOP(plane, pop, request, .kind = HOP_ADMITTED, .from = now, .to = now,
            .outcome = OUTCOME_503, .cause = slot, .service = SIM_NONE);
        request_attempt_failed(plane, pop, request, OUTCOME_503, slot, now);
    }
}

void
request_cpu_arrive(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    if (cpu_of(plane, pop, row->row, row->made) <= 0) {
        row->service = 0;
        row->done = now;
        row->state = REQUEST_SERVED;
        request_judge(plane, pop, request);
        request_go_on(plane, pop, request, now);
        return;
    }
    row->queue = queue_of(pop, row->number);
    if (pop->is_scheduled)
        schedule(plane, pop, request, now);
    else
        queue_up(plane, pop, request, now);
}

/* A server has done its work; who waits is next. */
static void
leave_server(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    uint32_t queue = row->queue;
    pop->busy_ns += (uint64_t)row->service;
    if (row->state == REQUEST_SCHEDULED)
        return;
    release(pop, &pop->stations[queue]);
    sample_limiter(pop, row, now, false);
    if (!pop->shared)
        fill_servers(plane, pop, queue, now);
}

void
request_cpu_done(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    const Request *row = &pop->requests[request];
    count_sojourn(&plane->rows[row->row], now - row->began);
    leave_server(plane, pop, request, now);
    request_go_on(plane, pop, request, now);
}

void
request_cpu_shared(RequestPlane *plane, RequestPop *pop, uint32_t queue, SimTime now)
{
    uint32_t request;
    while ((request = sharing_finish(pop->shared[queue], now)) != SIM_NONE)
        request_cpu_done(plane, pop, request, now);
    post_shared(plane, pop, queue, now);
}

bool
request_cpu_abandon(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now)
{
    Request *row = &pop->requests[request];
    bool cancels = plane->world->spec->network.cancel;
    if (row->state == REQUEST_DOOMED)
        return true;
    if (row->state == REQUEST_WAITING && cancels) {
        station_leave(&pop->stations[row->queue], pop->jobs, request, now);
        pop->waiting--;
        sample_limiter(pop, row, now, true);
        return true;
    }
    if (row->state == REQUEST_SERVED && cancels && pop->shared) {
        sharing_leave(pop->shared[row->queue], now, request);
        release(pop, &pop->stations[row->queue]);
        sample_limiter(pop, row, now, true);
        post_shared(plane, pop, row->queue, now);
        return true;
    }
    row->is_orphan = true;
    return false;
}

/* changes ----------------------------------------------------------------------------------- */

typedef struct Placed {
    SimTime began;
    uint64_t number;
    uint32_t request, turn;
} Placed;

static gint
by_arrival(gconstpointer a, gconstpointer b, gpointer unused)
{
    const Placed *left = a, *right = b;
    (void)unused;
    if (left->began != right->began)
        return left->began < right->began ? -1 : 1;
    return left->number < right->number ? -1 : left->number > right->number;
}

/* As if it had queued since it arrived: it has not been too late since, nor was the room empty. */
static void
to_queue(RequestPlane *plane, RequestPop *pop, uint32_t request)
{
    Request *row = &pop->requests[request];
    row->turn++;
    station_arrive(&pop->stations[row->queue], pop->jobs, request, row->began);
    row->state = REQUEST_WAITING;
    pop->waiting++;
    if (!row->is_timed && !row->is_orphan)
        request_timer_start(plane, pop, request, row->clock);
}

/* From fixed times to queues: rows whose turn has not come wait again, in order of arrival. */
static void
unschedule(RequestPlane *plane, RequestPop *pop, SimTime now)
{
    g_autoptr(GArray) waiting = g_array_new(FALSE, FALSE, sizeof(Placed));
    pop->is_scheduled = false;
    for (uint32_t q = 0; q < pop->n_queues; q++)
        pop->stations[q].busy = 0;
    for (uint32_t i = 0; i < pop->n_requests; i++) {
        Request *row = &pop->requests[i];
        const Placed placed = {row->began, row->number, i, row->turn};
        bool has_server = row->state == REQUEST_SCHEDULED && row->done - row->service <= now;
        if (has_server) {
            row->state = REQUEST_SERVED;
            pop->stations[row->queue].busy++;
        } else if (row->state == REQUEST_SCHEDULED || row->state == REQUEST_DOOMED) {
            g_array_append_val(waiting, placed);
        }
    }
    g_array_sort_with_data(waiting, by_arrival, NULL);
    for (guint i = 0; i < waiting->len; i++)
        to_queue(plane, pop, g_array_index(waiting, Placed, i).request);
}

/* What waits may start: capacity has changed. */
static void
fill_all(RequestPlane *plane, RequestPop *pop, SimTime now)
{
    for (uint32_t q = 0; q < pop->n_queues; q++) {
        station_servers_set(&pop->stations[q], pop->is_halted ? 0 : pop->servers);
        if (pop->shared) {
            double speed = pop->is_halted ? 0 : 1e9 / pop->pace;
            sharing_speed_set(pop->shared[q], now, pop->servers, speed);
            post_shared(plane, pop, q, now);
        } else {
            fill_servers(plane, pop, q, now);
        }
    }
}

static void
find_trouble(RequestPlane *plane, RequestPop *pop)
{
    pop->has_trouble = pop->is_burning = pop->is_delaying = pop->is_multiplying = false;
    pop->overload_slot = 0;
    for (uint32_t u = 0; u < plane->plan->n_units; u++) {
        const Behaviour *does = &pop->behaviour[u];
        pop->is_burning |= does->burn_cpu != 1;
        pop->has_trouble |=
            does->panic > 0 || does->errors > 0 || does->refused || does->degrade != SIM_NONE;
        pop->is_delaying |= does->delay > 0;
        pop->is_multiplying |= does->calls != 1;
        if (does->burn_cpu != 1 || does->speed < 1)
            pop->overload_slot = books_cause_slot(plane->books, does->cause);
    }
    pop->has_trouble |= pop->is_delaying || pop->is_multiplying;
}

static void
find_pace(RequestPlane *plane, RequestPop *pop)
{
    double servers = (double)pop->servers * pop->n_queues;
    if (pop->pace > 0)
        pop->counts.work += (double)pop->busy_ns / pop->pace;
    pop->busy_ns = 0;
    pop->speed = plane_speed(plane->world, plane->plan, pop->behaviour);
    double cores = fmax(1e-9, pop->cores * pop->speed * plane->pop_scale);
    pop->counts.capacity = cores;
    pop->pace = 1e9 * servers / cores;
    pop->rule.expected = 0;
    for (uint32_t r = 0; plane->world->spec->network.deadlines && r < pop->n_rows; r++) {
        SimTime expected = sim_from_nanoseconds(plane->rows[r].program.cpu * pop->pace);
        pop->rule.expected = expected > pop->rule.expected ? expected : pop->rule.expected;
    }
}

void
request_cpu_refresh(RequestPlane *plane, RequestPop *pop, SimTime now)
{
    if (pop->is_scheduled)
        unschedule(plane, pop, now);
    find_trouble(plane, pop);
    find_pace(plane, pop);
    fill_all(plane, pop, now);
}

void
request_cpu_settle(RequestPlane *plane, RequestPop *pop, SimTime now)
{
    (void)now;
    if (pop->is_scheduled || !plane->may_schedule || pop->has_trouble || pop->is_halted ||
        pop->waiting > 0)
        return;
    pop->is_scheduled = true;
    memset(pop->free_at, 0, (size_t)pop->n_queues * pop->servers * sizeof(SimTime));
    for (uint32_t i = 0; i < pop->n_requests; i++) {
        Request *row = &pop->requests[i];
        if (row->state != REQUEST_SERVED)
            continue;
        row->state = REQUEST_SCHEDULED;
        request_server_take(pop->free_at + (size_t)row->queue * pop->servers, pop->servers,
                            row->done);
    }
}

/* In a process of that cohort: it waits for CPU, has it, or waits for what it called. */
static bool
is_in_hand(const RequestPlane *plane, const Request *row, const RequestCrash *crash)
{
    if (row->state == REQUEST_FREE || row->state == REQUEST_BACKING_OFF ||
        row->state == REQUEST_LOST || row->row == SIM_NONE)
        return false;
    const RequestRow *of = &plane->rows[row->row];
    uint32_t entry = of->site == SIM_NONE ? world_service(plane->world, of->service)->front.service
                                          : of->service;
    return plane->world->host[entry] == crash->host && of->cohort == crash->cohort;
}

/* Which of its requests a process that died had, chance says: anew for each crash. */
static bool
is_lost(RequestPop *pop, const Request *row, double share)
{
    uint64_t bits = sim_mix64(row->number ^ (uint64_t)pop->n_crashes << 40);
    return share >= 1 || request_draw(pop, bits >> 16, DRAW_CRASH) < share;
}

static void
crash_one(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t slot, SimTime now)
{
    Request *row = &pop->requests[request];
    Station *station = &pop->stations[row->queue];
    if (row->state == REQUEST_WAITING) {
        station_leave(station, pop->jobs, request, now);
        pop->waiting--;
    } else if (row->state == REQUEST_SERVED) {
        if (pop->shared)
            sharing_leave(pop->shared[row->queue], now, request);
        release(pop, station);
    }
    bool has_cpu = row->state == REQUEST_WAITING || row->state == REQUEST_SERVED;
    row->turn++;
    if (G_UNLIKELY(plane->log) && has_cpu)
        request_hop_cpu(plane, pop, request, OUTCOME_502, slot, now);
    if (row->is_orphan) {
        request_free(pop, request);
        return;
    }
    request_timer_stop(pop, request); /* in the class where it is, before it has another */
    row->is_direct = false;
    row->clock = plane->rows[row->row].clock;
    request_attempt_failed(plane, pop, request, OUTCOME_502, slot, now);
}

void
request_cpu_crash(RequestPlane *plane, RequestPop *pop, const RequestCrash *crash, SimTime now)
{
    g_autoptr(GArray) lost = g_array_new(FALSE, FALSE, sizeof(Placed));
    if (pop->is_scheduled)
        unschedule(plane, pop, now);
    pop->n_crashes++;
    for (uint32_t i = 0; i < pop->n_requests; i++) {
        const Request *row = &pop->requests[i];
        const Placed placed = {row->began, row->number, i, row->turn};
        if (is_in_hand(plane, row, crash) && is_lost(pop, row, crash->share))
            g_array_append_val(lost, placed);
    }
    g_array_sort_with_data(lost, by_arrival, NULL);
    for (guint i = 0; i < lost->len; i++) {
        const Placed *placed = &g_array_index(lost, Placed, i);
        /* One that fails may take others with it: who made a call, who waits for it. */
        if (pop->requests[placed->request].turn == placed->turn)
            crash_one(plane, pop, placed->request, crash->slot, now);
    }
    fill_all(plane, pop, now);
}

/* attaching --------------------------------------------------------------------------------- */

static void
attach_queues(RequestPlane *plane, RequestPop *pop)
{
    SimArena *arena = plane->arena;
    const NetworkSpec *network = &plane->world->spec->network;
    pop->rule = (StationRule){.discipline = (StationDiscipline)network->discipline,
                              .queue = -1,
                              .cancel = network->cancel};
    pop->stations = SIM_ARENA_NEW(arena, Station, pop->n_queues);
    pop->free_at = SIM_ARENA_NEW(arena, SimTime, (size_t)pop->n_queues * pop->servers);
    for (uint32_t q = 0; q < pop->n_queues; q++)
        station_init(&pop->stations[q], &pop->rule, pop->servers);
    if (network->discipline == DISCIPLINE_SHARING) {
        pop->shared = SIM_ARENA_NEW(arena, Sharing *, pop->n_queues);
        pop->shared_turn = SIM_ARENA_NEW(arena, uint32_t, pop->n_queues);
        for (uint32_t q = 0; q < pop->n_queues; q++)
            pop->shared[q] = sharing_new(arena, pop->servers);
    }
    if (network->limit.kind == LIMITER_NONE)
        return;
    pop->limiters = SIM_ARENA_NEW(arena, Limiter, pop->n_queues);
    for (uint32_t q = 0; q < pop->n_queues; q++) {
        SimRng rng = sim_stream(plane->world->sim, "request/%s/limit/%u",
                                plane->world->geo->pops.code[pop->index], q);
        limiter_init(&pop->limiters[q], (LimiterKind)network->limit.kind, network->limit.initial,
                     rng);
        pop->stations[q].limit = limiter_limit(&pop->limiters[q]);
    }
}

void
request_cpu_attach(RequestPlane *plane, RequestPop *pop)
{
    const NetworkSpec *network = &plane->world->spec->network;
    double together = (double)network->cores_per_queue;
    double whole = fmin(1e6, fmax(1, floor(pop->cores + 0.5)));
    pop->servers = (uint32_t)fmin(together, whole);
    pop->n_queues = (uint32_t)fmax(1, floor(whole / pop->servers + 0.5));
    attach_queues(plane, pop);
    request_cpu_refresh(plane, pop, 0);
    request_cpu_settle(plane, pop, 0);
}
