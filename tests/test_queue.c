#include "sim/queue.h"

#include "sim/rng.h"
#include "tests/harness.h"

#include <string.h>

static SimEvent
numbered(uint32_t actor)
{
    return (SimEvent){.kind = 1, .actor = actor, .arg = 3 * (uint64_t)actor};
}

static void
events_leave_in_order_of_time(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    SimQueue *queue = sim_queue_new(arena, 2);
    static const SimTime times[] = {50, 10, 30, 20, 40, 0};
    for (uint32_t i = 0; i < 6; i++)
        sim_queue_push(queue, times[i], numbered((uint32_t)times[i]));
    SimTime at, last = -1;
    SimEvent event;
    CHECK(sim_queue_peek(queue, &at) && at == 0);
    while (sim_queue_pop(queue, 40, &at, &event)) {
        CHECK(at > last);
        CHECK_INT(event.actor, at);
        CHECK_INT(event.arg, 3 * at);
        last = at;
    }
    CHECK_INT(last, 40);
    CHECK_INT(sim_queue_size(queue), 1);
}

static void
ties_leave_first_in_first_out(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    SimQueue *queue = sim_queue_new(arena, 0);
    for (uint32_t i = 0; i < 1000; i++)
        sim_queue_push(queue, i % 3, numbered(i));
    SimTime at, last_at = 0;
    SimEvent event;
    int64_t last = -1;
    while (sim_queue_pop(queue, SIM_TIME_MAX, &at, &event)) {
        CHECK(at > last_at || event.actor > last);
        last = event.actor;
        last_at = at;
    }
    CHECK_INT(last, 998);
}

static void
a_stale_cancel_is_refused(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    SimQueue *queue = sim_queue_new(arena, 0);
    SimTime at;
    SimEvent event;
    SimEventId first = sim_queue_push(queue, 1, numbered(1));
    CHECK(first != 0);
    CHECK(sim_queue_is_pending(queue, first));
    CHECK(sim_queue_pop(queue, 1, &at, &event));
    CHECK(!sim_queue_cancel(queue, first));
    SimEventId second = sim_queue_push(queue, 2, numbered(2));
    CHECK(second != first);
    CHECK(!sim_queue_cancel(queue, first));
    CHECK(!sim_queue_is_pending(queue, first));
    CHECK(sim_queue_cancel(queue, second));
    CHECK(!sim_queue_cancel(queue, second));
    CHECK(!sim_queue_cancel(queue, 0) && !sim_queue_cancel(queue, UINT64_MAX));
    CHECK(!sim_queue_pop(queue, SIM_TIME_MAX, &at, &event));
    CHECK_INT(sim_queue_size(queue), 0);
}

typedef struct Naive {
    SimTime at;
    uint32_t actor; /* counts up with every push, so it is the sequence too */
    SimEventId id;
} Naive;

typedef struct Pair {
    SimQueue *queue;
    Naive list[4096];
    uint32_t n;
    uint32_t pushed;
} Pair;

static uint32_t
first_of(const Pair *pair)
{
    uint32_t first = 0;
    for (uint32_t i = 1; i < pair->n; i++)
        if (pair->list[i].at < pair->list[first].at ||
            (pair->list[i].at == pair->list[first].at &&
             pair->list[i].actor < pair->list[first].actor))
            first = i;
    return first;
}

static void
step(Pair *pair, SimRng *rng, SimTime *now)
{
    uint64_t what = sim_rng_below(rng, 10);
    SimTime at;
    SimEvent event;
    if (what < 5 && pair->n < 4096) {
        at = *now + (SimTime)sim_rng_below(rng, 50);
        SimEventId id = sim_queue_push(pair->queue, at, numbered(pair->pushed));
        pair->list[pair->n++] = (Naive){at, pair->pushed++, id};
    } else if (what < 8 && pair->n > 0) {
        uint32_t i = (uint32_t)sim_rng_below(rng, pair->n);
        CHECK(sim_queue_cancel(pair->queue, pair->list[i].id));
        pair->list[i] = pair->list[--pair->n];
    } else if (pair->n > 0) {
        uint32_t first = first_of(pair);
        CHECK(sim_queue_peek(pair->queue, &at) && at == pair->list[first].at);
        CHECK(sim_queue_pop(pair->queue, SIM_TIME_MAX, &at, &event));
        CHECK_INT(event.actor, pair->list[first].actor);
        *now = at;
        pair->list[first] = pair->list[--pair->n];
    }
    CHECK_INT(sim_queue_size(pair->queue), pair->n);
    sim_queue_verify(pair->queue);
}

static void
the_queue_agrees_with_a_naive_list_over_50_seeds(void)
{
    g_autofree Pair *pair = g_new0(Pair, 1);
    for (uint64_t seed = 0; seed < 50; seed++) {
        g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
        SimRng rng = sim_rng_named(seed, 0, "queue");
        SimTime now = 0;
        memset(pair, 0, sizeof *pair);
        pair->queue = sim_queue_new(arena, 1);
        for (int i = 0; i < 3000; i++)
            step(pair, &rng, &now);
    }
}

/* Time-outs are cancelled by the thousand: their keys must not pile up. */
static void
cancelled_events_do_not_hold_memory(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    SimQueue *queue = sim_queue_new(arena, 256);
    size_t used = sim_arena_used(arena);
    sim_queue_push(queue, 0, numbered(0));
    for (uint32_t i = 1; i < 100000; i++)
        CHECK(sim_queue_cancel(queue, sim_queue_push(queue, 1000000 - i, numbered(i))));
    CHECK_INT(sim_arena_used(arena), used);
    CHECK_INT(sim_queue_size(queue), 1);
    sim_queue_verify(queue);
}

/* Enough cancelled at once that the dead are swept out, several times, from among the living. */
static void
mass_cancelling_leaves_the_others_in_order(void)
{
    enum { N = 20000 };
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    SimQueue *queue = sim_queue_new(arena, 0);
    SimRng rng = sim_rng_named(1, 0, "queue");
    g_autofree SimEventId *ids = g_new(SimEventId, N);
    g_autofree SimTime *times = g_new(SimTime, N);
    g_autofree bool *is_gone = g_new0(bool, N);
    uint32_t left = N;
    for (uint32_t i = 0; i < N; i++) {
        times[i] = (SimTime)sim_rng_below(&rng, 1000) - 500;
        ids[i] = sim_queue_push(queue, times[i], numbered(i));
    }
    for (uint32_t i = 0; i < N; i++)
        if (sim_rng_chance(&rng, 0.9)) {
            CHECK(sim_queue_cancel(queue, ids[i]));
            is_gone[i] = true;
            left--;
            if (i % 64 == 0)
                sim_queue_verify(queue);
        }
    CHECK_INT(sim_queue_size(queue), left);
    SimTime at, last_at = -501;
    SimEvent event;
    uint32_t last = 0;
    for (; sim_queue_pop(queue, SIM_TIME_MAX, &at, &event); left--) {
        CHECK(at > last_at || (at == last_at && event.actor > last));
        CHECK(at == times[event.actor] && !is_gone[event.actor]);
        last_at = at;
        last = event.actor;
    }
    CHECK_INT(left, 0);
}

/* The time of the first living event, without a step ahead: what is pushed before it is first. */
static void
peeking_past_the_cancelled_disturbs_nothing(void)
{
    static const uint32_t sizes[] = {3, 50, 300, 5000};
    for (uint32_t k = 0; k < G_N_ELEMENTS(sizes); k++) {
        g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
        SimQueue *queue = sim_queue_new(arena, 0);
        g_autofree SimEventId *ids = g_new(SimEventId, sizes[k]);
        SimTime at;
        SimEvent event;
        for (uint32_t i = 0; i < sizes[k]; i++)
            ids[i] = sim_queue_push(queue, 1000000 + 1000 * (SimTime)i, numbered(i));
        for (uint32_t i = 0; i + 1 < sizes[k]; i++) {
            CHECK(sim_queue_cancel(queue, ids[i]));
            CHECK(sim_queue_peek(queue, &at));
            CHECK_INT(at, 1001000 + 1000 * (SimTime)i);
        }
        sim_queue_push(queue, 10, numbered(10));
        CHECK(sim_queue_peek(queue, &at) && at == 10);
        CHECK(sim_queue_pop(queue, SIM_TIME_MAX, &at, &event) && event.actor == 10);
        CHECK(!sim_queue_pop(queue, 999999, &at, &event));
        CHECK(sim_queue_cancel(queue, ids[sizes[k] - 1]));
        CHECK(!sim_queue_peek(queue, &at));
        sim_queue_push(queue, 20, numbered(20));
        CHECK(sim_queue_pop(queue, SIM_TIME_MAX, &at, &event) && at == 20);
        sim_queue_verify(queue);
    }
}

/* Slots are used again at once; what an old id named is gone nevertheless. */
static void
an_id_is_never_given_twice(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    SimQueue *queue = sim_queue_new(arena, 1);
    SimEventId last = sim_queue_push(queue, 0, numbered(0));
    for (uint32_t i = 1; i < 1000; i++) {
        CHECK(sim_queue_cancel(queue, last));
        SimEventId id = sim_queue_push(queue, i, numbered(i));
        CHECK(id > last && !sim_queue_is_pending(queue, last));
        last = id;
    }
    CHECK_INT(sim_queue_size(queue), 1);
}

static CU_TestInfo tests[] = {
    {"events_leave_in_order_of_time", events_leave_in_order_of_time},
    {"ties_leave_first_in_first_out", ties_leave_first_in_first_out},
    {"a_stale_cancel_is_refused", a_stale_cancel_is_refused},
    {"the_queue_agrees_with_a_naive_list_over_50_seeds",
     the_queue_agrees_with_a_naive_list_over_50_seeds},
    {"cancelled_events_do_not_hold_memory", cancelled_events_do_not_hold_memory},
    {"mass_cancelling_leaves_the_others_in_order", mass_cancelling_leaves_the_others_in_order},
    {"peeking_past_the_cancelled_disturbs_nothing", peeking_past_the_cancelled_disturbs_nothing},
    {"an_id_is_never_given_twice", an_id_is_never_given_twice},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("queue", tests)
