/*
 * kernel.c - what the kernel's inner loops cost.
 *
 *     meson test -C build --benchmark --verbose      or      build/tests/bench_kernel [NAME...]
 *
 * Prints a table, separated by tabs: name, parameter, value, unit.  A value is the median of five
 * measurements, in processor time, after one to warm up; building what is measured is not timed.
 * Names given are the rows to run, by the beginning of their name.
 *
 * hold.*    Pop the first of n pending items and push it again after an exponential time; mean
 *           times of 1 ms, 30 ms and 1 s in turn, because a wheel of bytes has favourite scales.
 * hold.many  The same on that many wheels in turn, with 20 items each, as one per PoP would be.
 * mm1.*     A queue with one server at 90 % load, as events and as a recursion over departures.
 *           Both must come to the same sojourn times, customer by customer.
 * phold.*   n logical processes and as many messages, which go to a random process after 10 %
 *           lookahead and an exponential rest.
 */
#include "sim/queue.h"
#include "sim/wheel.h"
#include "sim/ziggurat.h"
#include "tests/heap.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define RUNS 5
#define RESERVE ((size_t)1 << 30)
#define MASK 16383u

__extension__ typedef unsigned __int128 Wide;

typedef struct Measurement {
    double value;
    uint64_t digest; /* of the results, which keeps the work from being left out */
} Measurement;

typedef struct Row {
    const char *name;
    uint32_t parameter;
    const char *unit;
    Measurement (*measure)(uint32_t parameter);
} Row;

/* Of this process, so that others on the machine disturb less. */
static double
processor_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* --- hold --- */

static const double hold_means[] = {1e6, 30e6, 1e9};
#define HOLDS 700000

static SimTime *
draw_increments(double mean)
{
    SimRng rng = sim_rng_named(1, 0, "increments");
    SimTime *increments = g_new(SimTime, MASK + 1);
    for (uint32_t i = 0; i <= MASK; i++)
        increments[i] = sim_from_nanoseconds(mean * sim_rng_exponential_unit(&rng));
    return increments;
}

/* In seconds; with the time at which it ended. */
static double
hold_wheel_once(uint32_t n, const SimTime *increments, SimTime *ret_end)
{
    g_autoptr(SimArena) arena = sim_arena_new(RESERVE);
    SimWheel *wheel = sim_wheel_new(arena);
    SimWheelItem item = {0, 0};
    double start = 0.0;
    for (uint32_t i = 0; i < n; i++)
        sim_wheel_push(wheel, increments[i & MASK] + i, i);
    for (uint32_t i = 0; i < n + HOLDS; i++) {
        if (i == n)
            start = processor_seconds();
        sim_wheel_pop(wheel, SIM_TIME_MAX, &item);
        sim_wheel_push(wheel, item.at + increments[i & MASK], item.key & SIM_WHEEL_PAYLOAD_MAX);
    }
    *ret_end = item.at;
    return processor_seconds() - start;
}

#define FEW 20

/* n wheels with few items each, one hold in each in turn. */
static double
hold_wheels_once(uint32_t n, const SimTime *increments, SimTime *ret_end)
{
    g_autoptr(SimArena) arena = sim_arena_new(RESERVE);
    g_autofree SimWheel **wheels = g_new(SimWheel *, n);
    SimWheelItem item = {0, 0};
    double start = 0.0;
    for (uint32_t i = 0; i < n; i++) {
        wheels[i] = sim_wheel_new(arena);
        for (uint32_t j = 0; j < FEW; j++)
            sim_wheel_push(wheels[i], increments[(i * FEW + j) & MASK], j);
    }
    for (uint32_t i = 0, which = 0; i < n + HOLDS; i++, which = which + 1 < n ? which + 1 : 0) {
        if (i == n)
            start = processor_seconds();
        sim_wheel_pop(wheels[which], SIM_TIME_MAX, &item);
        sim_wheel_push(wheels[which], item.at + increments[i & MASK], 0);
    }
    *ret_end = item.at;
    return processor_seconds() - start;
}

static double
hold_queue_once(uint32_t n, const SimTime *increments, SimTime *ret_end)
{
    g_autoptr(SimArena) arena = sim_arena_new(RESERVE);
    SimQueue *queue = sim_queue_new(arena, n);
    SimTime at = 0;
    double start = 0.0;
    SimEvent event;
    for (uint32_t i = 0; i < n; i++)
        sim_queue_push(queue, increments[i & MASK] + i, (SimEvent){.actor = i});
    for (uint32_t i = 0; i < n + HOLDS; i++) {
        if (i == n)
            start = processor_seconds();
        sim_queue_pop(queue, SIM_TIME_MAX, &at, &event);
        sim_queue_push(queue, at + increments[i & MASK], event);
    }
    *ret_end = at;
    return processor_seconds() - start;
}

static double
hold_heap_once(uint32_t n, const SimTime *increments, SimTime *ret_end)
{
    Heap heap = {0};
    double start = 0.0;
    SimWheelItem item = {0, 0};
    for (uint32_t i = 0; i < n; i++)
        heap_push(&heap, increments[i & MASK] + i, i);
    for (uint32_t i = 0; i < n + HOLDS; i++) {
        if (i == n)
            start = processor_seconds();
        item = heap_pop(&heap);
        heap_push(&heap, item.at + increments[i & MASK], item.key & SIM_WHEEL_PAYLOAD_MAX);
    }
    double seconds = processor_seconds() - start;
    *ret_end = item.at;
    heap_finish(&heap);
    return seconds;
}

static Measurement
hold(uint32_t n, double (*hold_once)(uint32_t n, const SimTime *increments, SimTime *ret_end))
{
    Measurement result = {0.0, 0};
    for (uint32_t i = 0; i < G_N_ELEMENTS(hold_means); i++) {
        g_autofree SimTime *increments = draw_increments(hold_means[i]);
        SimTime end;
        result.value += hold_once(n, increments, &end) * 1e9 / HOLDS / G_N_ELEMENTS(hold_means);
        result.digest = sim_mix64(result.digest ^ (uint64_t)end);
    }
    return result;
}

static Measurement
hold_wheel(uint32_t n)
{
    return hold(n, hold_wheel_once);
}

static Measurement
hold_wheels(uint32_t n)
{
    return hold(n, hold_wheels_once);
}

static Measurement
hold_queue(uint32_t n)
{
    return hold(n, hold_queue_once);
}

static Measurement
hold_heap(uint32_t n)
{
    return hold(n, hold_heap_once);
}

/* --- a station --- */

#define SERVICE_MEAN 1e6
#define INTERARRIVAL_MEAN (SERVICE_MEAN / 0.9)
#define LINE_PLACES 4096u

typedef struct Station {
    SimRng arrivals;
    SimRng services;
    SimTime sojourn; /* sum */
    uint32_t n_arrived;
    uint32_t n_departed;
    SimTime line[LINE_PLACES]; /* when they arrived who have not departed */
} Station;

enum { ARRIVAL, DEPARTURE };

static inline SimTime
draw(SimRng *rng, double mean)
{
    return (SimTime)(mean * sim_rng_exponential_unit(rng));
}

static void
station_init(Station *station)
{
    memset(station, 0, sizeof *station);
    station->arrivals = sim_rng_named(1, 0, "station/arrivals");
    station->services = sim_rng_named(1, 0, "station/services");
}

static inline void
on_arrival(Station *station, SimWheel *wheel, SimTime now, uint32_t n)
{
    uint32_t in_line = station->n_arrived - station->n_departed;
    SIM_ASSERT(in_line < LINE_PLACES);
    station->line[station->n_arrived++ % LINE_PLACES] = now;
    if (station->n_arrived < n)
        sim_wheel_push(wheel, now + draw(&station->arrivals, INTERARRIVAL_MEAN), ARRIVAL);
    if (in_line == 0)
        sim_wheel_push(wheel, now + draw(&station->services, SERVICE_MEAN), DEPARTURE);
}

static inline void
on_departure(Station *station, SimWheel *wheel, SimTime now)
{
    station->sojourn += now - station->line[station->n_departed++ % LINE_PLACES];
    if (station->n_departed < station->n_arrived)
        sim_wheel_push(wheel, now + draw(&station->services, SERVICE_MEAN), DEPARTURE);
}

/* The mean sojourn time is that of theory: 10 service times at 90 %, loosely, as it varies. */
static Measurement
station_result(double seconds, SimTime sojourn, uint32_t n)
{
    double mean = (double)sojourn / n / SERVICE_MEAN;
    SIM_ASSERT(n < 1000000 || (mean > 9.0 && mean < 11.0));
    return (Measurement){n / seconds / 1e6, (uint64_t)sojourn};
}

static Measurement
mm1_by_events(uint32_t n)
{
    g_autoptr(SimArena) arena = sim_arena_new(RESERVE);
    SimWheel *wheel = sim_wheel_new(arena);
    Station *station = SIM_ARENA_NEW(arena, Station, 1);
    SimWheelItem item;
    station_init(station);
    double start = processor_seconds();
    sim_wheel_push(wheel, draw(&station->arrivals, INTERARRIVAL_MEAN), ARRIVAL);
    while (sim_wheel_pop(wheel, SIM_TIME_MAX, &item))
        if ((item.key & SIM_WHEEL_PAYLOAD_MAX) == ARRIVAL)
            on_arrival(station, wheel, item.at, n);
        else
            on_departure(station, wheel, item.at);
    SIM_ASSERT(station->n_departed == n);
    return station_result(processor_seconds() - start, station->sojourn, n);
}

static Measurement
mm1_by_recursion(uint32_t n)
{
    Station station;
    station_init(&station);
    SimRng arrivals = station.arrivals, services = station.services;
    SimTime arrival = 0, departure = 0, sojourn = 0;
    double start = processor_seconds();
    for (uint32_t i = 0; i < n; i++) {
        arrival += draw(&arrivals, INTERARRIVAL_MEAN);
        departure = MAX(departure, arrival);
        departure += draw(&services, SERVICE_MEAN);
        sojourn += departure - arrival;
    }
    return station_result(processor_seconds() - start, sojourn, n);
}

/* --- phold --- */

#define MESSAGES 2000000
#define DELAY_MEAN 1e6
#define FETCH_AHEAD 4

typedef struct Process {
    SimRng rng;
    uint64_t n_received;
    SimTime last;
} Process;

static inline void
on_message(Process *process, SimWheel *wheel, SimTime now, uint32_t n)
{
    process->n_received++;
    process->last = now;
    SimTime delay = (SimTime)(0.1 * DELAY_MEAN) + draw(&process->rng, 0.9 * DELAY_MEAN);
    uint32_t target = (uint32_t)((Wide)sim_rng_u64(&process->rng) * n >> 64);
    sim_wheel_push(wheel, now + delay, target);
}

static inline void
handle_messages(Process *processes, SimWheel *wheel, uint32_t n, uint32_t n_messages)
{
    SimWheelItem item = {0, 0};
    for (uint32_t i = 0; i < n_messages; i++) {
        sim_wheel_pop(wheel, SIM_TIME_MAX, &item);
        uint32_t ahead = sim_wheel_ahead(wheel, FETCH_AHEAD);
        if (ahead != SIM_NONE)
            __builtin_prefetch(&processes[ahead], 1);
        on_message(&processes[item.key & SIM_WHEEL_PAYLOAD_MAX], wheel, item.at, n);
    }
}

static Measurement
phold(uint32_t n)
{
    g_autoptr(SimArena) arena = sim_arena_new(RESERVE);
    SimWheel *wheel = sim_wheel_new(arena);
    Process *processes = SIM_ARENA_NEW(arena, Process, n);
    for (uint32_t i = 0; i < n; i++) {
        processes[i].rng.key = sim_mix64(i + 1);
        sim_wheel_push(wheel, draw(&processes[i].rng, DELAY_MEAN), i);
    }
    handle_messages(processes, wheel, n, n);
    double start = processor_seconds();
    handle_messages(processes, wheel, n, MESSAGES);
    double seconds = processor_seconds() - start;
    Measurement result = {MESSAGES / seconds / 1e6, 0};
    uint64_t n_received = 0;
    for (uint32_t i = 0; i < n; i++) {
        n_received += processes[i].n_received;
        result.digest = sim_mix64(result.digest ^ (uint64_t)processes[i].last);
    }
    SIM_ASSERT(n_received == (uint64_t)n + MESSAGES);
    return result;
}

/* --- a draw --- */

static Measurement
exponential_draw(uint32_t n)
{
    SimRng rng = sim_rng_named(1, 0, "draw");
    double sum = 0.0;
    double start = processor_seconds();
    for (uint32_t i = 0; i < n; i++)
        sum += sim_rng_exponential_unit(&rng);
    double seconds = processor_seconds() - start;
    return (Measurement){seconds * 1e9 / n, (uint64_t)sum};
}

static const Row rows[] = {
    {"hold.wheel", 1, "ns", hold_wheel},
    {"hold.wheel", 50, "ns", hold_wheel},
    {"hold.wheel", 1000, "ns", hold_wheel},
    {"hold.wheel", 100000, "ns", hold_wheel},
    {"hold.wheel", 1000000, "ns", hold_wheel},
    {"hold.many", 1, "ns", hold_wheels},
    {"hold.many", 330, "ns", hold_wheels},
    {"hold.queue", 1000, "ns", hold_queue},
    {"hold.queue", 100000, "ns", hold_queue},
    {"hold.queue", 1000000, "ns", hold_queue},
    {"hold.heap", 1000, "ns", hold_heap},
    {"hold.heap", 100000, "ns", hold_heap},
    {"hold.heap", 1000000, "ns", hold_heap},
    {"mm1.events", 1000000, "M customers/s", mm1_by_events},
    {"mm1.recursion", 1000000, "M customers/s", mm1_by_recursion},
    {"phold", 256, "M events/s", phold},
    {"phold", 4096, "M events/s", phold},
    {"phold", 65536, "M events/s", phold},
    {"phold", 1000000, "M events/s", phold},
    {"draw.exponential", 10000000, "ns", exponential_draw},
};

static int
compare_values(const void *a, const void *b, void *unused)
{
    double x = *(const double *)a, y = *(const double *)b;
    (void)unused;
    return (x > y) - (x < y);
}

/* Every repetition must come to the same result. */
static void
print_row(const Row *row)
{
    double values[RUNS];
    uint64_t digest = row->measure(row->parameter).digest;
    for (int i = 0; i < RUNS; i++) {
        Measurement measurement = row->measure(row->parameter);
        SIM_ASSERT(measurement.digest == digest);
        values[i] = measurement.value;
    }
    g_qsort_with_data(values, RUNS, sizeof *values, compare_values, NULL);
    printf("%s\t%u\t%.2f\t%s\n", row->name, row->parameter, values[RUNS / 2], row->unit);
    fflush(stdout);
}

static bool
is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (g_str_has_prefix(name, argv[i]))
            return true;
    return argc <= 1;
}

int
main(int argc, char **argv)
{
    SIM_ASSERT(mm1_by_events(200000).digest == mm1_by_recursion(200000).digest);
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (is_wanted(rows[i].name, argc, argv))
            print_row(&rows[i]);
    return 0;
}
