#include "models/flow_station.h"

#include "sim/rng.h"
#include "sim/sim.h"
#include "tests/harness.h"

#include <math.h>
#include <string.h>

enum { STREAMS = 3, PERIODS = 12 };

/* Traffic that is constant over each second: calls a second, work a call, servers. */
typedef struct Pattern {
    double rate[PERIODS][STREAMS];
    double work[STREAMS];
    double capacity[PERIODS];
    double timeout[STREAMS];
} Pattern;

typedef struct Totals {
    double started[STREAMS], timed_out[STREAMS], refused[STREAMS], waiting;
} Totals;

static SimRng
rng_of(uint64_t seed)
{
    return sim_rng_named(seed, 0, "station");
}

/* Bursts, calm and halts, around a load of one. */
static Pattern
random_pattern(uint64_t seed)
{
    SimRng rng = rng_of(seed);
    Pattern pattern = {.work = {0.01, 0.02, 0.005}, .timeout = {1, 0.4, 2.5}};
    for (int p = 0; p < PERIODS; p++) {
        pattern.capacity[p] = sim_rng_unit(&rng) < 0.25 ? 0 : 1;
        for (int i = 0; i < STREAMS; i++)
            pattern.rate[p][i] = 60 * sim_rng_unit(&rng) * (i == 2 ? 2 : 1);
    }
    return pattern;
}

static void
step_station(FlowStation *station, SimArena *arena, const Pattern *pattern, int period,
             SimTime from, SimTime to, Totals *totals)
{
    double arrivals[STREAMS];
    for (int i = 0; i < STREAMS; i++)
        arrivals[i] = pattern->rate[period][i] * sim_seconds(to - from);
    flow_station_drain(station, from, to, pattern->capacity[period], totals->started,
                       totals->timed_out);
    flow_station_admit(station, arena, from, to, arrivals, pattern->work, totals->started,
                       totals->refused);
    flow_station_verify(station, to);
}

static Totals
run_station(const Pattern *pattern, FlowStationOptions options, SimTime step)
{
    g_autoptr(Sim) sim = sim_new(&(SimOptions){.seed = 1});
    FlowStation station;
    Totals totals = {0};
    options.n_streams = STREAMS;
    options.timeout = pattern->timeout;
    options.queue = options.queue > 0 ? options.queue : -1;
    flow_station_init(&station, &options);
    for (SimTime now = 0; now < PERIODS * SIM_SECOND; now += step)
        step_station(&station, sim_arena(sim), pattern, (int)(now / SIM_SECOND), now, now + step,
                     &totals);
    totals.waiting = flow_station_waiting(&station, PERIODS * SIM_SECOND);
    return totals;
}

/* The naive model: the fluid as packets, each with its own arrival, start and deadline. ------ */

enum { PACKETS_PER_SECOND = 2000, PACKETS = PACKETS_PER_SECOND * PERIODS };
static const double WIDTH = 1.0 / PACKETS_PER_SECOND;

static double
packet_work(const Pattern *pattern, int period)
{
    double work = 0;
    for (int i = 0; i < STREAMS; i++)
        work += pattern->rate[period][i] * WIDTH * pattern->work[i];
    return work;
}

static void
book_packet(const Pattern *pattern, double arrival, double start, Totals *totals)
{
    int period = (int)arrival;
    for (int i = 0; i < STREAMS; i++) {
        double amount = pattern->rate[period][i] * WIDTH;
        double deadline = arrival + pattern->timeout[i];
        if (start <= fmin(deadline, PERIODS))
            totals->started[i] += amount;
        else if (deadline <= PERIODS)
            totals->timed_out[i] += amount;
        else
            totals->waiting += amount;
    }
}

/* When work that begins at `clock` is done, with servers that come and go. */
static double
finish_time(const Pattern *pattern, double clock, double work)
{
    while (work > 0 && clock < PERIODS) {
        int period = (int)clock;
        double room = (period + 1 - clock) * pattern->capacity[period];
        if (room >= work)
            return clock + work / pattern->capacity[period];
        work -= room;
        clock = period + 1;
    }
    return clock;
}

/* Servers that are gone start nothing. */
static double
start_time(const Pattern *pattern, double clock)
{
    while (clock < PERIODS && pattern->capacity[(int)clock] == 0)
        clock = (int)clock + 1;
    return clock < PERIODS ? clock : INFINITY;
}

static Totals
run_packets(const Pattern *pattern)
{
    Totals totals = {0};
    double free_at = 0;
    for (int n = 0; n < PACKETS; n++) {
        double arrival = (n + 0.5) * WIDTH;
        double start = start_time(pattern, fmax(arrival, free_at));
        book_packet(pattern, arrival, start, &totals);
        if (start < PERIODS)
            free_at = finish_time(pattern, start, packet_work(pattern, (int)arrival));
        else
            free_at = INFINITY;
    }
    return totals;
}

/* The same, newest packet first, on a clock as fine as a packet. */
static Totals
run_packets_lifo(const Pattern *pattern)
{
    Totals totals = {0};
    static double left[PACKETS];
    int *stack = g_new(int, PACKETS), depth = 0;
    for (int n = 0; n < PACKETS; n++) {
        int period = n / PACKETS_PER_SECOND;
        double spare = pattern->capacity[period] * WIDTH;
        left[n] = packet_work(pattern, period);
        stack[depth++] = n;
        while (depth > 0 && spare > 0) {
            int top = stack[depth - 1];
            double take = fmin(spare, left[top]);
            double share = take / packet_work(pattern, top / PACKETS_PER_SECOND);
            double age = (n - top) * WIDTH;
            for (int i = 0; i < STREAMS; i++)
                if (age <= pattern->timeout[i])
                    totals.started[i] += pattern->rate[top / PACKETS_PER_SECOND][i] * WIDTH * share;
            spare -= take;
            left[top] -= take;
            if (left[top] > 1e-15)
                break;
            depth--;
        }
    }
    g_free(stack);
    return totals;
}

static double
calls_of(const Pattern *pattern)
{
    double sum = 0;
    for (int p = 0; p < PERIODS; p++)
        for (int i = 0; i < STREAMS; i++)
            sum += pattern->rate[p][i];
    return sum;
}

static double
difference(const Totals *a, const Totals *b)
{
    double sum = fabs(a->waiting - b->waiting);
    for (int i = 0; i < STREAMS; i++)
        sum += fabs(a->started[i] - b->started[i]) + fabs(a->timed_out[i] - b->timed_out[i]);
    return sum;
}

/* tests ------------------------------------------------------------------------------------- */

static void
fifo_agrees_with_packets(void)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        Pattern pattern = random_pattern(seed);
        Totals packets = run_packets(&pattern);
        Totals fluid = run_station(&pattern, (FlowStationOptions){0}, 50 * SIM_MILLISECOND);
        if (!CHECK(difference(&fluid, &packets) < 0.001 * calls_of(&pattern)))
            fprintf(stderr, "seed %llu: off by %g of %g\n", (unsigned long long)seed,
                    difference(&fluid, &packets), calls_of(&pattern));
    }
}

/* As long as the windows of the longest time-out fit into the segments, and the rates hold still
 * within a step. */
static void
the_length_of_a_step_does_not_matter(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Pattern pattern = random_pattern(seed);
        Totals coarse = run_station(&pattern, (FlowStationOptions){0}, 200 * SIM_MILLISECOND);
        Totals fine = run_station(&pattern, (FlowStationOptions){0}, 50 * SIM_MILLISECOND);
        CHECK_NEAR(difference(&coarse, &fine), 0, 1e-6 * calls_of(&pattern));
    }
}

static void
lifo_agrees_with_packets(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        Pattern pattern = random_pattern(seed);
        Totals packets = run_packets_lifo(&pattern);
        Totals fluid =
            run_station(&pattern, (FlowStationOptions){.lifo = true}, 5 * SIM_MILLISECOND);
        for (int i = 0; i < STREAMS; i++)
            CHECK_NEAR(fluid.started[i], packets.started[i], 0.01 * calls_of(&pattern));
    }
}

static void
every_discipline_conserves_calls(void)
{
    for (uint64_t seed = 1; seed <= 50; seed++) {
        Pattern pattern = random_pattern(seed);
        FlowStationOptions options = {.lifo = seed & 1,
                                      .codel = (seed & 17) == 16,
                                      .cancel = (seed & 2) != 0,
                                      .queue = seed & 4 ? 25 : -1};
        SimTime step = (seed & 8 ? 50 : 20) * SIM_MILLISECOND;
        Totals totals = run_station(&pattern, options, step);
        double sum = totals.waiting;
        for (int i = 0; i < STREAMS; i++)
            sum += totals.started[i] + totals.timed_out[i] + totals.refused[i];
        CHECK_NEAR(sum, calls_of(&pattern), 1e-6 * calls_of(&pattern));
    }
}

/* One stream, one call a work of 10 ms, one server. */
static Pattern
steady(double rate, double timeout)
{
    Pattern pattern = {.work = {0.01, 0.01, 0.01}, .timeout = {timeout, INFINITY, INFINITY}};
    for (int p = 0; p < PERIODS; p++) {
        pattern.capacity[p] = 1;
        pattern.rate[p][0] = rate;
    }
    return pattern;
}

/* Half as much again as there is capacity for: all of it is used, and the rest refused at once but
 * for the first tenth of a second. */
static void
codel_keeps_the_queue_short(void)
{
    static const SimTime steps[] = {10 * SIM_MILLISECOND, 50 * SIM_MILLISECOND,
                                    250 * SIM_MILLISECOND};
    for (uint32_t i = 0; i < 3; i++) {
        Pattern pattern = steady(150, 1);
        FlowStationOptions options = {.codel = true, .queue = -1};
        Totals totals = run_station(&pattern, options, steps[i]);
        CHECK_NEAR(totals.started[0], 100.0 * PERIODS, 1e-6);
        CHECK_NEAR(totals.waiting, 0.5, 1e-6);
        CHECK_NEAR(totals.timed_out[0], 0, 1e-9);
        CHECK_NEAR(totals.refused[0], 50.0 * PERIODS - 0.5, 1e-6);
    }
}

/* Five seconds without a server: who waits gives up after two; when it is back all that is older
 * than the rule allows is dropped, and what comes is served at once. */
static void
codel_serves_none_of_those_who_waited_through_a_halt(void)
{
    Pattern pattern = steady(50, 2);
    for (int p = 3; p < 8; p++)
        pattern.capacity[p] = 0;
    FlowStationOptions options = {.codel = true, .queue = -1};
    Totals totals = run_station(&pattern, options, 20 * SIM_MILLISECOND);
    CHECK_NEAR(totals.started[0], 50.0 * (PERIODS - 5), 1);
    CHECK_NEAR(totals.timed_out[0], 50.0 * 3, 2);
    CHECK_NEAR(totals.refused[0], 50.0 * 2, 2);
    CHECK_NEAR(totals.waiting, 0, 1e-9);
}

static void
a_calm_station_keeps_nothing(void)
{
    Pattern pattern = steady(99, 1);
    Totals totals = run_station(&pattern, (FlowStationOptions){0}, 50 * SIM_MILLISECOND);
    CHECK_NEAR(totals.started[0], 99.0 * PERIODS, 1e-6);
    CHECK_NEAR(totals.timed_out[0] + totals.waiting, 0, 1e-9);
}

/* Backlog grows at 50/s, its wait reaches the time-out of 1 s after 2 s; then nothing is in time
 * that is not at its deadline. */
static void
overload_is_in_time_until_the_wait_reaches_the_timeout(void)
{
    Pattern pattern = steady(150, 1);
    Totals totals = run_station(&pattern, (FlowStationOptions){0}, 10 * SIM_MILLISECOND);
    /* Arrivals up to u wait u/2, so those before 2 s start in time: 300 calls. */
    CHECK_NEAR(totals.started[0], 300, 2);
    CHECK_NEAR(totals.timed_out[0], 150 * 11 - 300, 2);
    CHECK_NEAR(totals.waiting, 150, 1e-6);
}

static void
lifo_serves_at_capacity_under_overload(void)
{
    Pattern pattern = steady(150, 1);
    Totals totals = run_station(&pattern, (FlowStationOptions){.lifo = true}, 10 * SIM_MILLISECOND);
    CHECK_NEAR(totals.started[0], 100.0 * PERIODS, 1);
    CHECK_NEAR(totals.timed_out[0], 50.0 * (PERIODS - 1), 1);
}

/* Work of callers who have gone is not done: the wait stays at the time-out. */
static void
cancel_keeps_serving_in_time(void)
{
    Pattern pattern = steady(150, 1);
    Totals totals =
        run_station(&pattern, (FlowStationOptions){.cancel = true}, 10 * SIM_MILLISECOND);
    CHECK_NEAR(totals.started[0], 100.0 * PERIODS, 12);
    CHECK(run_station(&pattern, (FlowStationOptions){.lifo = true, .cancel = true},
                      10 * SIM_MILLISECOND)
              .started[0] > 100.0 * PERIODS - 2);
}

static void
a_queue_limit_refuses_the_excess(void)
{
    Pattern pattern = steady(150, 1);
    Totals totals = run_station(&pattern, (FlowStationOptions){.queue = 40}, 10 * SIM_MILLISECOND);
    CHECK_NEAR(totals.waiting, 40, 1e-6);
    CHECK_NEAR(totals.started[0], 100.0 * PERIODS, 1e-6);
    CHECK_NEAR(totals.refused[0], 50.0 * PERIODS - 40, 1e-6);
    CHECK_NEAR(totals.timed_out[0], 0, 1e-9);
}

static void
a_halt_times_out_all_that_waits_too_long(void)
{
    Pattern pattern = steady(60, 1);
    for (int p = 0; p < 5; p++)
        pattern.capacity[p] = 0;
    Totals totals = run_station(&pattern, (FlowStationOptions){0}, 10 * SIM_MILLISECOND);
    /* The queue of 300 drains at 40/s; its wait is 3 s at 5 s and falls 0.4 s a second. */
    Totals packets = run_packets(&pattern);
    CHECK_NEAR(totals.started[0], packets.started[0], 2);
    CHECK_NEAR(totals.timed_out[0], packets.timed_out[0], 2);
}

static void
a_crash_drops_what_is_still_wanted(void)
{
    g_autoptr(Sim) sim = sim_new(&(SimOptions){.seed = 1});
    Pattern pattern = steady(100, 1);
    FlowStation station;
    Totals totals = {0};
    double dropped[STREAMS] = {0};
    pattern.capacity[0] = pattern.capacity[1] = 0;
    const FlowStationOptions options = {
        .n_streams = STREAMS, .timeout = pattern.timeout, .queue = -1};
    flow_station_init(&station, &options);
    for (SimTime now = 0; now < 3 * SIM_SECOND / 2; now += 50 * SIM_MILLISECOND)
        step_station(&station, sim_arena(sim), &pattern, 0, now, now + 50 * SIM_MILLISECOND,
                     &totals);
    flow_station_drop(&station, 3 * SIM_SECOND / 2, 0.25, dropped);
    flow_station_verify(&station, 3 * SIM_SECOND / 2);
    CHECK_NEAR(dropped[0], 25, 1e-9);
    CHECK_NEAR(flow_station_work(&station), 1.125, 1e-9);
    flow_station_drop(&station, 3 * SIM_SECOND / 2, 1, dropped);
    flow_station_verify(&station, 3 * SIM_SECOND / 2);
    CHECK_NEAR(dropped[0], 100, 1e-9);
    CHECK(flow_station_is_empty(&station));
}

/* A hundred wait, of the last second; half of them are beyond half a second; the others may then
 * wait longer, and start two seconds after they came. */
static void
callers_may_change_how_long_they_wait(void)
{
    g_autoptr(Sim) sim = sim_new(&(SimOptions){.seed = 1});
    Pattern pattern = steady(100, 1);
    FlowStation station;
    Totals totals = {0};
    double gone[STREAMS] = {0}, fresh[STREAMS] = {0.5, INFINITY, INFINITY};
    pattern.capacity[0] = 0;
    const FlowStationOptions options = {
        .n_streams = STREAMS, .timeout = pattern.timeout, .queue = -1};
    flow_station_init(&station, &options);
    SimTime now = 0, step = 50 * SIM_MILLISECOND;
    for (; now < 3 * SIM_SECOND / 2; now += step)
        step_station(&station, sim_arena(sim), &pattern, 0, now, now + step, &totals);
    CHECK_NEAR(flow_station_waiting(&station, now), 100, 1e-9);
    flow_station_retime(&station, now, pattern.timeout, fresh, gone);
    flow_station_verify(&station, now);
    CHECK_NEAR(gone[0], 50, 1e-9);
    CHECK_NEAR(flow_station_waiting(&station, now), 50, 1e-9);
    fresh[0] = 3;
    flow_station_retime(&station, now, pattern.timeout, fresh, gone);
    flow_station_verify(&station, now);
    CHECK_NEAR(gone[0], 50, 1e-9);
    CHECK_NEAR(flow_station_waiting(&station, now), 50, 1e-9);
    double timed_out = totals.timed_out[0];
    pattern.capacity[0] = 1;
    pattern.rate[0][0] = 0;
    for (; now < 4 * SIM_SECOND; now += step)
        step_station(&station, sim_arena(sim), &pattern, 0, now, now + step, &totals);
    CHECK_NEAR(totals.timed_out[0], timed_out, 1e-9);
    CHECK_NEAR(totals.started[0], 50, 1e-9);
    CHECK(flow_station_is_empty(&station));
}

/* A halt of ten minutes in steps of 50 ms: 12,000 windows in 64 segments. */
static void
a_long_queue_loses_nothing_by_joining(void)
{
    g_autoptr(Sim) sim = sim_new(&(SimOptions){.seed = 1});
    Pattern pattern = steady(10, 30);
    FlowStation station;
    Totals totals = {0};
    SimTime step = 50 * SIM_MILLISECOND, now = 0;
    pattern.rate[0][1] = 3;
    pattern.timeout[1] = 200;
    const FlowStationOptions options = {
        .n_streams = STREAMS, .timeout = pattern.timeout, .queue = -1};
    flow_station_init(&station, &options);
    pattern.capacity[0] = 0;
    for (; now < 600 * SIM_SECOND; now += step)
        step_station(&station, sim_arena(sim), &pattern, 0, now, now + step, &totals);
    CHECK_NEAR(flow_station_work(&station), 13 * 600 * 0.01, 1e-6);
    CHECK_NEAR(totals.timed_out[0], 10 * 570, 30);
    CHECK_NEAR(totals.timed_out[1], 3 * 400, 30);
    pattern.capacity[0] = 1;
    pattern.rate[0][0] = pattern.rate[0][1] = 0;
    for (; now < 700 * SIM_SECOND; now += step)
        step_station(&station, sim_arena(sim), &pattern, 0, now, now + step, &totals);
    CHECK(flow_station_is_empty(&station));
    CHECK_NEAR(totals.started[0] + totals.timed_out[0], 6000, 1e-3);
    CHECK_NEAR(totals.started[1] + totals.timed_out[1], 1800, 1e-3);
}

/* More time-outs than segments: no two neighbours are all of one state, whatever is joined. */
static void
many_timeouts_conserve_calls(void)
{
    enum { MANY = 100 };
    g_autoptr(Sim) sim = sim_new(&(SimOptions){.seed = 1});
    SimRng rng = rng_of(1);
    FlowStation station;
    double offered = 0, timeout[MANY], arrivals[MANY], work[MANY];
    double started[MANY] = {0}, timed_out[MANY] = {0}, refused[MANY] = {0}, sum = 0;
    for (int i = 0; i < MANY; i++) {
        timeout[i] = 0.11 + 0.0937 * i;
        work[i] = 0.01;
    }
    const FlowStationOptions options = {.n_streams = MANY, .timeout = timeout, .queue = -1};
    flow_station_init(&station, &options);
    SimTime step = 50 * SIM_MILLISECOND;
    for (SimTime now = 0; now < 30 * SIM_SECOND; now += step) {
        for (int i = 0; i < MANY; i++)
            offered += arrivals[i] = 0.2 * sim_rng_unit(&rng);
        flow_station_drain(&station, now, now + step, 1, started, timed_out);
        flow_station_admit(&station, sim_arena(sim), now, now + step, arrivals, work, started,
                           refused);
        flow_station_verify(&station, now + step);
    }
    for (int i = 0; i < MANY; i++)
        sum += started[i] + timed_out[i];
    CHECK_NEAR(sum + flow_station_waiting(&station, 30 * SIM_SECOND), offered, 1e-3);
    /* Half of the load is served; who is patient waits, so nobody patient has given up yet. */
    CHECK(timed_out[0] > timed_out[MANY / 2]);
    CHECK(timed_out[MANY / 2] > timed_out[MANY - 1]);
}

/* Ten seconds of work wait; its cost is halved, so five seconds of serving empty the queue. */
static void
halving_the_work_that_waits_halves_its_drain(void)
{
    g_autoptr(Sim) sim = sim_new(&(SimOptions){.seed = 1});
    FlowStation station;
    double timeout = 60, work = 0.01, arrivals = 1000, started = 0, timed_out = 0, refused = 0;
    const FlowStationOptions options = {.n_streams = 1, .timeout = &timeout, .queue = -1};
    flow_station_init(&station, &options);
    flow_station_admit(&station, sim_arena(sim), 0, SIM_SECOND, &arrivals, &work, &started,
                       &refused);
    CHECK_NEAR(flow_station_waiting(&station, SIM_SECOND), 1000, 1e-6);
    work /= 2;
    flow_station_reweigh(&station, &work);
    flow_station_verify(&station, SIM_SECOND);
    flow_station_drain(&station, SIM_SECOND, 5 * SIM_SECOND, 1, &started, &timed_out);
    CHECK_NEAR(started, 800, 1e-6);
    flow_station_drain(&station, 5 * SIM_SECOND, 7 * SIM_SECOND, 1, &started, &timed_out);
    CHECK_NEAR(started, 1000, 1e-6);
}

static CU_TestInfo tests[] = {
    {"fifo_agrees_with_packets", fifo_agrees_with_packets},
    {"the_length_of_a_step_does_not_matter", the_length_of_a_step_does_not_matter},
    {"lifo_agrees_with_packets", lifo_agrees_with_packets},
    {"codel_keeps_the_queue_short", codel_keeps_the_queue_short},
    {"codel_serves_none_of_those_who_waited_through_a_halt",
     codel_serves_none_of_those_who_waited_through_a_halt},
    {"every_discipline_conserves_calls", every_discipline_conserves_calls},
    {"a_calm_station_keeps_nothing", a_calm_station_keeps_nothing},
    {"overload_is_in_time_until_the_wait_reaches_the_timeout",
     overload_is_in_time_until_the_wait_reaches_the_timeout},
    {"lifo_serves_at_capacity_under_overload", lifo_serves_at_capacity_under_overload},
    {"cancel_keeps_serving_in_time", cancel_keeps_serving_in_time},
    {"a_queue_limit_refuses_the_excess", a_queue_limit_refuses_the_excess},
    {"a_halt_times_out_all_that_waits_too_long", a_halt_times_out_all_that_waits_too_long},
    {"callers_may_change_how_long_they_wait", callers_may_change_how_long_they_wait},
    {"a_crash_drops_what_is_still_wanted", a_crash_drops_what_is_still_wanted},
    {"a_long_queue_loses_nothing_by_joining", a_long_queue_loses_nothing_by_joining},
    {"many_timeouts_conserve_calls", many_timeouts_conserve_calls},
    {"halving_the_work_that_waits_halves_its_drain", halving_the_work_that_waits_halves_its_drain},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("flow_station", tests)
