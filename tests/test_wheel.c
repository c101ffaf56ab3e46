#include "sim/wheel.h"

#include "sim/rng.h"
#include "tests/harness.h"
#include "tests/heap.h"

#include <math.h>
#include <string.h>

/* A wheel and a plain heap that get the same items. */
typedef struct Pair {
    SimArena *arena;
    SimWheel *wheel;
    Heap heap;
    SimTime now;
    SimRng rng;
} Pair;

static void
pair_init(Pair *pair, const char *path)
{
    memset(pair, 0, sizeof *pair);
    pair->arena = sim_arena_new((size_t)1 << 28);
    pair->wheel = sim_wheel_new(pair->arena);
    pair->rng = sim_rng_named(1, 0, path);
}

static void
pair_finish(Pair *pair)
{
    sim_wheel_verify(pair->wheel);
    sim_arena_free(pair->arena);
    heap_finish(&pair->heap);
}

static void
push(Pair *pair, SimTime at)
{
    uint32_t payload = (uint32_t)sim_rng_below(&pair->rng, SIM_WHEEL_PAYLOAD_MAX);
    heap_push(&pair->heap, at, payload);
    if (sim_wheel_push(pair->wheel, at, payload) != pair->heap.n_pushed)
        CHECK_INT(-1, pair->heap.n_pushed);
}

/* Tests of millions of steps report only what is wrong. */
static void
expect(int64_t got, int64_t want)
{
    if (got != want)
        CHECK_INT(got, want);
}

static void
pop(Pair *pair)
{
    SimWheelItem got = {0, 0}, want = heap_pop(&pair->heap);
    expect(sim_wheel_next(pair->wheel), want.at);
    expect(sim_wheel_pop(pair->wheel, want.at, &got), true);
    expect(got.at, want.at);
    expect((int64_t)got.key, (int64_t)want.key);
    pair->now = want.at;
}

static void
drain(Pair *pair)
{
    SimWheelItem item;
    while (pair->heap.n > 0)
        pop(pair);
    CHECK_INT(sim_wheel_size(pair->wheel), 0);
    CHECK_INT(sim_wheel_next(pair->wheel), SIM_TIME_MAX);
    CHECK(!sim_wheel_pop(pair->wheel, SIM_TIME_MAX, &item));
    CHECK(!sim_wheel_first(pair->wheel, &item));
}

typedef SimTime (*Increment)(SimRng *rng, double mean);

static SimTime
constant(SimRng *rng, double mean)
{
    (void)rng;
    return sim_from_nanoseconds(mean);
}

static SimTime
exponential(SimRng *rng, double mean)
{
    return sim_from_nanoseconds(-log(sim_rng_unit(rng)) * mean);
}

static SimTime
uniform(SimRng *rng, double mean)
{
    return sim_from_nanoseconds(2.0 * mean * sim_rng_unit(rng));
}

static SimTime
bimodal(SimRng *rng, double mean)
{
    double scale = sim_rng_chance(rng, 0.9) ? 0.1 : 9.1;
    return sim_from_nanoseconds(scale * mean * sim_rng_unit(rng) * 2.0);
}

static SimTime
triangular(SimRng *rng, double mean)
{
    return sim_from_nanoseconds(mean * (sim_rng_unit(rng) + sim_rng_unit(rng)));
}

static SimTime
pareto(SimRng *rng, double mean)
{
    return sim_from_nanoseconds(mean / 11.0 * pow(sim_rng_unit(rng), -1.0 / 1.1));
}

static SimTime
mostly_zero(SimRng *rng, double mean)
{
    return sim_rng_chance(rng, 0.8) ? 0 : sim_from_nanoseconds(5.0 * mean);
}

static const Increment increments[] = {constant,   exponential, uniform,    bimodal,
                                       triangular, pareto,      mostly_zero};

/* Pop one and push one, n_steps times, with n pending. */
static void
hold(Pair *pair, Increment increment, double mean, uint32_t n, uint32_t n_steps)
{
    for (uint32_t i = 0; i < n; i++)
        push(pair, sim_time_add(pair->now, increment(&pair->rng, mean)));
    sim_wheel_verify(pair->wheel);
    for (uint32_t i = 0; i < n_steps; i++) {
        pop(pair);
        push(pair, sim_time_add(pair->now, increment(&pair->rng, mean)));
        if (i % (n_steps / 8) == 0)
            sim_wheel_verify(pair->wheel);
    }
    expect((int64_t)sim_wheel_size(pair->wheel), (int64_t)pair->heap.n);
}

static void
holds_agree_with_a_heap_for_all_increments(void)
{
    static const double means[] = {1, 40, 3e3, 1e6, 3e9, 1e13};
    static const uint32_t sizes[] = {1, 7, 65, 200, 3000};
    for (uint32_t i = 0; i < G_N_ELEMENTS(increments); i++)
        for (uint32_t j = 0; j < G_N_ELEMENTS(means); j++)
            for (uint32_t k = 0; k < G_N_ELEMENTS(sizes); k++) {
                Pair pair;
                pair_init(&pair, "hold");
                hold(&pair, increments[i], means[j], sizes[k], 3000);
                drain(&pair);
                pair_finish(&pair);
            }
}

static void
a_large_wheel_agrees_with_a_heap(void)
{
    Pair pair;
    pair_init(&pair, "large");
    hold(&pair, exponential, 1e6, 100000, 100000);
    hold(&pair, pareto, 1e8, 20000, 100000);
    drain(&pair);
    pair_finish(&pair);
}

/* Sizes wander between nothing and some thousands, scales between a tick and hours. */
static void
random_schedules_agree_with_a_heap_over_40_seeds(void)
{
    for (uint32_t seed = 0; seed < 40; seed++) {
        Pair pair;
        g_autofree char *path = g_strdup_printf("schedule/%u", seed);
        pair_init(&pair, path);
        for (int phase = 0; phase < 60; phase++) {
            Increment increment = increments[sim_rng_below(&pair.rng, G_N_ELEMENTS(increments))];
            double mean = pow(10.0, 12.0 * sim_rng_unit(&pair.rng));
            double p_push = sim_rng_unit(&pair.rng);
            for (int i = 0; i < 400; i++)
                if (sim_rng_chance(&pair.rng, p_push))
                    push(&pair, sim_time_add(pair.now, increment(&pair.rng, mean)));
                else if (pair.heap.n > 0)
                    pop(&pair);
            sim_wheel_verify(pair.wheel);
        }
        drain(&pair);
        pair_finish(&pair);
    }
}

static void
ties_leave_first_in_first_out(void)
{
    Pair pair;
    pair_init(&pair, "ties");
    for (int i = 0; i < 10000; i++)
        push(&pair, 1000000 + i % 3);
    /* More for the tick that runs, and for the one after it. */
    for (int i = 0; i < 20000; i++) {
        pop(&pair);
        if (i < 10000)
            push(&pair, pair.now + i % 2);
        if (i % 1000 == 0)
            sim_wheel_verify(pair.wheel);
    }
    drain(&pair);
    pair_finish(&pair);
}

static void
items_for_now_join_the_end_of_now(void)
{
    Pair pair;
    pair_init(&pair, "now");
    for (int i = 0; i < 500; i++)
        push(&pair, 70000 * (i / 5));
    for (int i = 0; i < 20000; i++) {
        pop(&pair);
        push(&pair, i % 50 == 49 ? pair.now + 70000 : pair.now);
    }
    drain(&pair);
    pair_finish(&pair);
}

static void
bytes_may_carry(void)
{
    Pair pair;
    pair_init(&pair, "bytes");
    for (unsigned level = 0; level < 8; level++)
        for (int64_t d = -3; d <= 3; d++)
            for (int n = 0; n < 20; n++)
                push(&pair, (level == 7 ? 0 : INT64_C(1) << (8 * level + 7)) + d);
    for (int64_t top = 1; top < 256; top *= 2)
        for (int n = 0; n < 20; n++) {
            push(&pair, top << 8);
            push(&pair, (top << 8) - 1);
            push(&pair, (top << 48) + n);
            push(&pair, (top << 48) - n);
        }
    for (int i = 0; pair.heap.n > 0; i++) {
        pop(&pair);
        if (i % 7 == 0 && pair.now < SIM_TIME_MAX / 2)
            push(&pair, (pair.now | 255) + 1);
        if (i % 11 == 0)
            push(&pair, pair.now | 255);
        sim_wheel_verify(pair.wheel);
    }
    drain(&pair);
    pair_finish(&pair);
}

static void
all_times_are_allowed(void)
{
    Pair pair;
    pair_init(&pair, "limits");
    for (int i = 0; i < 300; i++) {
        push(&pair, SIM_TIME_MAX);
        push(&pair, SIM_TIME_MAX - i % 5);
        push(&pair, -SIM_TIME_MAX + i % 3);
        push(&pair, i - 150);
        if (i % 3 == 0)
            push(&pair, (SimTime)(sim_rng_u64(&pair.rng) >> 1) - SIM_TIME_MAX / 2);
    }
    sim_wheel_verify(pair.wheel);
    while (pair.now < SIM_TIME_MAX)
        pop(&pair);
    for (int i = 0; i < 300; i++)
        push(&pair, SIM_TIME_MAX);
    drain(&pair);
    pair_finish(&pair);
}

/* A handful that waits for ever must not hide behind the end of an empty window. */
static void
few_items_at_the_end_of_time_leave(void)
{
    Pair pair;
    pair_init(&pair, "end");
    push(&pair, SIM_TIME_MAX);
    push(&pair, 5);
    push(&pair, SIM_TIME_MAX);
    pop(&pair);
    push(&pair, 7);
    drain(&pair);
    pair_finish(&pair);
}

/* Thousands of short timers beside a few that are far apart, and back to few. */
static void
a_burst_in_a_wide_window_stays_in_order(void)
{
    Pair pair;
    pair_init(&pair, "burst");
    for (int i = 1; i <= 100; i++)
        push(&pair, i * SIM_HOUR);
    for (int burst = 0; burst < 20; burst++) {
        pop(&pair);
        for (int i = 0; i < 3000; i++)
            push(&pair, pair.now + (SimTime)sim_rng_below(&pair.rng, 1 + 1000 * (unsigned)burst));
        sim_wheel_verify(pair.wheel);
        while (pair.heap.n > 100)
            pop(&pair);
        push(&pair, pair.now + 100 * SIM_HOUR);
    }
    drain(&pair);
    pair_finish(&pair);
}

/* 1000 items within a microsecond, an hour from now: their slot is wide and they lie in one bin. */
static void
crowded_slots_are_dealt_out(void)
{
    Pair pair;
    pair_init(&pair, "crowd");
    for (int i = 0; i < 200; i++)
        push(&pair, i);
    for (int crowd = 1; crowd <= 5; crowd++)
        for (int i = 0; i < 1000; i++)
            push(&pair, crowd * SIM_HOUR + (SimTime)sim_rng_below(&pair.rng, 1000));
    while (pair.heap.n > 0) {
        pop(&pair);
        if (pair.heap.n % 100 == 0)
            sim_wheel_verify(pair.wheel);
    }
    drain(&pair);
    pair_finish(&pair);
}

static void
empty_and_full_alternate(void)
{
    Pair pair;
    pair_init(&pair, "alternate");
    for (int round = 0; round < 200; round++) {
        int n = round % 2 ? 1 : 64 + 7 * round;
        for (int i = 0; i < n; i++)
            push(&pair, pair.now + exponential(&pair.rng, 1e5));
        drain(&pair);
    }
    pair_finish(&pair);
}

/* Neither looking nor a pop that is too early moves the wheel on: what comes earlier than the first
 * item is still first. */
static void
looking_ahead_disturbs_nothing(void)
{
    static const uint32_t sizes[] = {1, 10, 100, 5000};
    for (uint32_t k = 0; k < G_N_ELEMENTS(sizes); k++) {
        Pair pair;
        SimWheelItem item;
        pair_init(&pair, "peek");
        for (uint32_t i = 0; i < sizes[k]; i++)
            push(&pair, SIM_HOUR + exponential(&pair.rng, 1e9));
        for (int i = 0; i < 3000; i++) {
            SimTime first = pair.heap.items[0].at;
            expect(sim_wheel_next(pair.wheel), first);
            expect(sim_wheel_first(pair.wheel, &item), true);
            expect(item.at, first);
            expect((int64_t)item.key, (int64_t)pair.heap.items[0].key);
            expect(sim_wheel_pop(pair.wheel, first - 1, &item), false);
            push(&pair, pair.now + (first - pair.now) / 2);
            if (i % 3 == 0)
                pop(&pair);
        }
        drain(&pair);
        pair_finish(&pair);
    }
}

/* Also when it must be sought in a slot among neighbours and ties. */
static void
the_first_item_is_shown_before_it_leaves(void)
{
    Pair pair;
    SimWheelItem item = {0, 0};
    pair_init(&pair, "first");
    for (int i = 0; i < 4000; i++)
        push(&pair,
             (SimTime)(SIM_SECOND * sim_rng_below(&pair.rng, 100) + sim_rng_below(&pair.rng, 5)));
    for (; pair.heap.n > 0; pop(&pair)) {
        expect(sim_wheel_first(pair.wheel, &item), true);
        expect(item.at, pair.heap.items[0].at);
        expect((int64_t)item.key, (int64_t)pair.heap.items[0].key);
    }
    pair_finish(&pair);
}

/* With the most that are ever pending in it, a wheel has all the memory it needs. */
static void
nothing_is_allocated_after_warm_up(void)
{
    static const uint32_t sizes[] = {10, 64, 1000, 20000};
    for (uint32_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        Pair pair;
        pair_init(&pair, "memory");
        hold(&pair, exponential, 1e6, sizes[i], 60000);
        size_t used = sim_arena_used(pair.arena);
        hold(&pair, exponential, 1e6, 0, 200000);
        CHECK_INT(sim_arena_used(pair.arena), used);
        pair_finish(&pair);
    }
}

static void
a_small_wheel_takes_little_memory(void)
{
    Pair pair;
    pair_init(&pair, "small");
    hold(&pair, exponential, 1e6, 60, 10000);
    CHECK(sim_arena_used(pair.arena) < 4096);
    pair_finish(&pair);
}

/* Taken beforehand; few items need none. */
static void
reserved_memory_suffices(void)
{
    Pair pair;
    pair_init(&pair, "reserve");
    sim_wheel_reserve(pair.wheel, 10);
    CHECK(sim_arena_used(pair.arena) < 4096);
    sim_wheel_reserve(pair.wheel, 5000);
    size_t used = sim_arena_used(pair.arena);
    hold(&pair, exponential, 1e6, 5000, 50000);
    CHECK_INT(sim_arena_used(pair.arena), used);
    pair_finish(&pair);
}

static bool
is_odd(const void *context, SimWheelItem item)
{
    ++*(uint32_t *)context;
    return item.key & 1;
}

static void
sweeping_takes_out_what_is_stale_and_nothing_else(void)
{
    static const uint32_t sizes[] = {1, 30, 100, 700, 5000, 30000};
    for (uint32_t k = 0; k < G_N_ELEMENTS(sizes); k++)
        for (uint32_t j = 0; j < G_N_ELEMENTS(increments); j++) {
            Pair pair;
            pair_init(&pair, "sweep");
            hold(&pair, increments[j], 1e4, sizes[k], 500);
            uint32_t seen = 0;
            sim_wheel_sweep(pair.wheel, is_odd, &seen);
            CHECK_INT(seen, sizes[k]);
            sim_wheel_verify(pair.wheel);
            Heap all = pair.heap;
            pair.heap = (Heap){.n_pushed = all.n_pushed};
            for (SimWheelItem item; all.n > 0;)
                if (item = heap_pop(&all), !(item.key & 1)) {
                    heap_push(&pair.heap, item.at, 0);
                    pair.heap.items[pair.heap.n - 1].key = item.key; /* they come in order */
                }
            pair.heap.n_pushed = all.n_pushed;
            heap_finish(&all);
            hold(&pair, increments[j], 1e4, 0, 500 * (pair.heap.n > 0));
            drain(&pair);
            pair_finish(&pair);
        }
}

static void
a_restored_wheel_repeats_itself(void)
{
    Pair pair;
    pair_init(&pair, "restore");
    hold(&pair, exponential, 1e5, 3000, 10000);
    g_autoptr(SimSnapshot) snapshot = sim_arena_snapshot(pair.arena);
    uint64_t digests[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        SimWheelItem item;
        for (uint32_t n = 0; n < 20000 && sim_wheel_pop(pair.wheel, SIM_TIME_MAX, &item); n++) {
            digests[i] = sim_mix64(digests[i] ^ item.key ^ (uint64_t)item.at << 20);
            sim_wheel_push(pair.wheel, item.at + (SimTime)(digests[i] >> 45), n);
        }
        sim_arena_restore(pair.arena, snapshot);
        sim_wheel_verify(pair.wheel);
    }
    CHECK_INT(digests[0], digests[1]);
    drain(&pair);
    pair_finish(&pair);
}

/* Of a sorted run it tells exactly who comes next. */
static void
ahead_foretells_the_run(void)
{
    Pair pair;
    SimWheelItem item;
    pair_init(&pair, "ahead");
    hold(&pair, exponential, 1e6, 1000, 4000);
    uint32_t told = 0, foretold = SIM_NONE;
    for (int i = 0; i < 1000; i++) {
        CHECK(sim_wheel_pop(pair.wheel, SIM_TIME_MAX, &item));
        told += foretold == (item.key & SIM_WHEEL_PAYLOAD_MAX);
        foretold = sim_wheel_ahead(pair.wheel, 0);
    }
    CHECK(told > 800);
    CHECK_INT(sim_wheel_ahead(pair.wheel, 100000), SIM_NONE);
    pair_finish(&pair);
}

static CU_TestInfo tests[] = {
    {"holds_agree_with_a_heap_for_all_increments", holds_agree_with_a_heap_for_all_increments},
    {"a_large_wheel_agrees_with_a_heap", a_large_wheel_agrees_with_a_heap},
    {"random_schedules_agree_with_a_heap_over_40_seeds",
     random_schedules_agree_with_a_heap_over_40_seeds},
    {"ties_leave_first_in_first_out", ties_leave_first_in_first_out},
    {"items_for_now_join_the_end_of_now", items_for_now_join_the_end_of_now},
    {"bytes_may_carry", bytes_may_carry},
    {"all_times_are_allowed", all_times_are_allowed},
    {"few_items_at_the_end_of_time_leave", few_items_at_the_end_of_time_leave},
    {"a_burst_in_a_wide_window_stays_in_order", a_burst_in_a_wide_window_stays_in_order},
    {"crowded_slots_are_dealt_out", crowded_slots_are_dealt_out},
    {"empty_and_full_alternate", empty_and_full_alternate},
    {"looking_ahead_disturbs_nothing", looking_ahead_disturbs_nothing},
    {"the_first_item_is_shown_before_it_leaves", the_first_item_is_shown_before_it_leaves},
    {"nothing_is_allocated_after_warm_up", nothing_is_allocated_after_warm_up},
    {"a_small_wheel_takes_little_memory", a_small_wheel_takes_little_memory},
    {"reserved_memory_suffices", reserved_memory_suffices},
    {"sweeping_takes_out_what_is_stale_and_nothing_else",
     sweeping_takes_out_what_is_stale_and_nothing_else},
    {"a_restored_wheel_repeats_itself", a_restored_wheel_repeats_itself},
    {"ahead_foretells_the_run", ahead_foretells_the_run},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("wheel", tests)
