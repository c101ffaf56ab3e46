#include "sim/sim.h"

#include "tests/harness.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A toy with everything a model has: two kinds of event, cancelling, streams, an invariant. */
enum { TICK, TIMEOUT };

typedef struct Toy {
    SimRng rng;
    SimEventId timeout;
    uint64_t ticks, timeouts, cancelled;
    SimTime last;
    uint32_t actors[64];
    uint32_t n;
} Toy;

static const SimModelOps toy_ops;

static void
on_tick(Sim *sim, void *state, SimEvent event)
{
    Toy *toy = state;
    toy->ticks++;
    toy->last = sim_now(sim);
    toy->cancelled += sim_cancel(sim, toy->timeout);
    toy->timeout = sim_after(sim, 3 * SIM_SECOND, &toy_ops, TIMEOUT, event.actor, 0);
    SimTime delay = sim_rng_exponential(&toy->rng, SIM_SECOND);
    sim_after(sim, delay, &toy_ops, TICK, (event.actor + 1) % 7, toy->ticks);
}

static void
on_timeout(Sim *sim, void *state, SimEvent event)
{
    Toy *toy = state;
    (void)sim;
    (void)event;
    toy->timeouts++;
}

static void
toy_verify(const Sim *sim, const void *state)
{
    const Toy *toy = state;
    SIM_ASSERT(toy->timeouts + toy->cancelled <= toy->ticks);
    SIM_ASSERT(toy->last <= sim_now(sim));
}

static const SimKind toy_kinds[] = {
    [TICK] = {"toy.tick", on_tick},
    [TIMEOUT] = {"toy.timeout", on_timeout},
};
static const SimModelOps toy_ops = {
    .name = "toy",
    .state_size = sizeof(Toy),
    .kinds = toy_kinds,
    .n_kinds = G_N_ELEMENTS(toy_kinds),
    .verify = toy_verify,
};

/* A second model that notes the order in which its actors are called. */
static void
on_note(Sim *sim, void *state, SimEvent event)
{
    Toy *toy = state;
    if (event.arg == 99)
        sim_stop(sim);
    if (event.arg == 98)
        SIM_ASSERT(event.arg != 98);
    toy->actors[toy->n++] = event.actor;
}
static const SimKind note_kinds[] = {{"note.note", on_note}};
static const SimModelOps note_ops = {
    .name = "note",
    .state_size = sizeof(Toy),
    .kinds = note_kinds,
    .n_kinds = 1,
};

static Sim *
new_toy(uint64_t seed, Toy **ret_toy)
{
    Sim *sim = sim_new(&(SimOptions){.scenario = "toy", .seed = seed, .reserve = 1 << 26});
    Toy *toy = sim_attach(sim, &toy_ops);
    toy->rng = sim_stream(sim, "toy/%d/ticks", 0);
    sim_at(sim, 0, &toy_ops, TICK, 0, 0);
    if (ret_toy)
        *ret_toy = toy;
    return sim;
}

static void
events_up_to_and_at_the_end_are_handled(void)
{
    g_autoptr(Sim) sim = sim_new(&(SimOptions){.seed = 1, .reserve = 1 << 24});
    Toy *notes = sim_attach(sim, &note_ops);
    sim_at(sim, 20, &note_ops, 0, 3, 0);
    sim_at(sim, 10, &note_ops, 0, 1, 0);
    sim_at(sim, 10, &note_ops, 0, 2, 0);
    sim_at(sim, 21, &note_ops, 0, 4, 0);
    CHECK_INT(sim_next(sim), 10);
    sim_run(sim, 20);
    CHECK_INT(sim_now(sim), 20);
    CHECK_INT(notes->n, 3);
    CHECK_INT(notes->actors[0], 1);
    CHECK_INT(notes->actors[1], 2);
    CHECK_INT(notes->actors[2], 3);
    CHECK_INT(sim_pending(sim), 1);
    sim_run(sim, 100);
    CHECK_INT(sim_now(sim), 100);
    CHECK_INT(notes->n, 4);
    CHECK_INT(sim_events(sim), 4);
    CHECK_INT(sim_next(sim), SIM_TIME_MAX);
}

static void
stop_ends_the_run_after_the_event_in_hand(void)
{
    g_autoptr(Sim) sim = sim_new(&(SimOptions){.seed = 1, .reserve = 1 << 24});
    Toy *notes = sim_attach(sim, &note_ops);
    sim_at(sim, 10, &note_ops, 0, 1, 99);
    sim_at(sim, 20, &note_ops, 0, 2, 0);
    sim_run(sim, 100);
    CHECK(sim_is_stopped(sim));
    CHECK_INT(notes->n, 1);
    CHECK_INT(sim_now(sim), 10);
    sim_run(sim, 200);
    CHECK_INT(notes->n, 1);
}

static void
a_cancelled_event_is_not_handled(void)
{
    g_autoptr(Sim) sim = sim_new(&(SimOptions){.seed = 1, .reserve = 1 << 24});
    Toy *notes = sim_attach(sim, &note_ops);
    SimEventId id = sim_at(sim, 10, &note_ops, 0, 1, 0);
    CHECK(sim_is_pending(sim, id));
    CHECK(sim_cancel(sim, id));
    CHECK(!sim_cancel(sim, id));
    sim_run(sim, 100);
    CHECK_INT(notes->n, 0);
    sim_after(sim, SIM_TIME_MAX, &note_ops, 0, 1, 0);
    CHECK_INT(sim_next(sim), SIM_TIME_MAX);
}

static uint64_t
digest_of(uint64_t seed, bool has_notes)
{
    Toy *toy;
    g_autoptr(Sim) sim = new_toy(seed, &toy);
    if (has_notes)
        sim_attach(sim, &note_ops);
    sim_run(sim, SIM_HOUR);
    sim_verify(sim);
    CHECK(toy->ticks > 3000 && toy->timeouts > 50);
    return sim_digest(sim);
}

static void
the_same_seed_gives_the_same_digest(void)
{
    CHECK_INT(digest_of(1, false), digest_of(1, false));
    CHECK(digest_of(1, false) != digest_of(2, false));
}

static void
a_model_without_events_changes_no_digest(void)
{
    CHECK_INT(digest_of(1, false), digest_of(1, true));
}

/* Recorded: the same on every machine, compiler and build type. */
static void
the_digest_is_the_recorded_one(void)
{
    CHECK_INT(digest_of(1, false), INT64_C(4393272340789053918));
}

static void
slices_of_a_run_make_the_same_run(void)
{
    g_autoptr(Sim) whole = new_toy(5, NULL);
    g_autoptr(Sim) sliced = new_toy(5, NULL);
    sim_run(whole, SIM_HOUR);
    for (SimTime until = 0; until <= SIM_HOUR; until += SIM_MINUTE)
        sim_run(sliced, until);
    CHECK_INT(sim_digest(sliced), sim_digest(whole));
    CHECK_INT(sim_events(sliced), sim_events(whole));
    sim_digest_mix(whole, 1);
    CHECK(sim_digest(sliced) != sim_digest(whole));
}

static void
a_restored_run_goes_on_to_the_same_digest(void)
{
    SimRng rng = sim_rng_named(1, 0, "snapshot times");
    for (uint64_t seed = 0; seed < 20; seed++) {
        g_autoptr(Sim) sim = new_toy(seed, NULL);
        sim_run(sim, sim_rng_uniform(&rng, 0, 30 * SIM_MINUTE));
        g_autoptr(SimSnapshot) snapshot = sim_snapshot(sim);
        uint64_t before = sim_digest(sim);
        sim_run(sim, SIM_HOUR);
        uint64_t digest = sim_digest(sim), n = sim_events(sim);
        for (int round = 0; round < 2; round++) {
            sim_restore(sim, snapshot);
            CHECK_INT(sim_digest(sim), before);
            sim_run(sim, SIM_HOUR);
            CHECK_INT(sim_digest(sim), digest);
            CHECK_INT(sim_events(sim), n);
        }
    }
}

static void
a_forked_run_goes_on_to_the_same_digest(void)
{
    g_autoptr(Sim) sim = new_toy(3, NULL);
    sim_run(sim, 10 * SIM_MINUTE);
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        sim_run(sim, SIM_HOUR);
        uint64_t digest = sim_digest(sim);
        _exit(write(ends[1], &digest, sizeof digest) != sizeof digest);
    }
    uint64_t digest = 0;
    CHECK(read(ends[0], &digest, sizeof digest) == sizeof digest);
    waitpid(child, NULL, 0);
    close(ends[0]);
    close(ends[1]);
    sim_run(sim, SIM_HOUR);
    CHECK_INT(sim_digest(sim), digest);
}

static void
kinds_are_counted_by_name(void)
{
    Toy *toy;
    g_autoptr(Sim) sim = new_toy(1, &toy);
    Toy notes = {0};
    sim_attach_state(sim, &note_ops, &notes);
    CHECK_INT(sim_n_kinds(sim), 3);
    CHECK_INT(sim_kind_base(sim, &note_ops), 2);
    CHECK(sim_state(sim, &note_ops) == &notes);
    sim_post(sim, SIM_SECOND, sim_event(sim, &note_ops, 0, 1, 2));
    sim_run(sim, SIM_MINUTE);
    CHECK_STR(sim_kind_name(sim, 1), "toy.timeout");
    CHECK_INT(sim_kind_count(sim, 0), toy->ticks);
    CHECK_INT(sim_kind_count(sim, 1), toy->timeouts);
    CHECK_INT(sim_kind_count(sim, 2), 1);
}

static void
streams_are_named_by_seed_replication_and_path(void)
{
    g_autoptr(Sim) a = sim_new(&(SimOptions){.seed = 9, .replication = 2, .reserve = 1 << 20});
    SimRng named = sim_rng_named(9, 2, "pop/7/crash");
    SimRng stream = sim_stream(a, "pop/%d/%s", 7, "crash");
    CHECK_INT(stream.key, named.key);
    CHECK_INT(stream.counter, 0);
    CHECK_INT(sim_seed(a), 9);
    CHECK_INT(sim_replication(a), 2);
    CHECK_STR(sim_scenario(a), "(unnamed)");
}

static void
a_failure_within_an_event_names_it(void)
{
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        Sim *sim = sim_new(&(SimOptions){.scenario = "toy", .seed = 4, .repeat = "run toy"});
        sim_attach(sim, &note_ops);
        sim_at(sim, 10, &note_ops, 0, 5, 1);
        sim_at(sim, 1500 * SIM_MILLISECOND, &note_ops, 0, 6, 98);
        sim_run(sim, SIM_HOUR);
        _exit(0);
    }
    close(ends[1]);
    char report[4096] = {0};
    size_t used = 0;
    for (ssize_t n; (n = read(ends[0], report + used, sizeof report - 1 - used)) > 0;)
        used += (size_t)n;
    close(ends[0]);
    waitpid(child, NULL, 0);
    CHECK_HAS(report, "assertion failed: event.arg != 98");
    CHECK_HAS(report, "scenario     toy\n  seed         4\n  replication  0\n");
    CHECK_HAS(report, "time         1.500000000 s");
    CHECK_HAS(report, "handling     note.note actor 6 arg 98 at 1.500000000 s");
    CHECK_HAS(report, "earlier      note.note actor 5 arg 1 at 0.000000010 s");
    CHECK_HAS(report, "repeat with  run toy");
}

static CU_TestInfo tests[] = {
    {"events_up_to_and_at_the_end_are_handled", events_up_to_and_at_the_end_are_handled},
    {"stop_ends_the_run_after_the_event_in_hand", stop_ends_the_run_after_the_event_in_hand},
    {"a_cancelled_event_is_not_handled", a_cancelled_event_is_not_handled},
    {"the_same_seed_gives_the_same_digest", the_same_seed_gives_the_same_digest},
    {"a_model_without_events_changes_no_digest", a_model_without_events_changes_no_digest},
    {"the_digest_is_the_recorded_one", the_digest_is_the_recorded_one},
    {"slices_of_a_run_make_the_same_run", slices_of_a_run_make_the_same_run},
    {"a_restored_run_goes_on_to_the_same_digest", a_restored_run_goes_on_to_the_same_digest},
    {"a_forked_run_goes_on_to_the_same_digest", a_forked_run_goes_on_to_the_same_digest},
    {"kinds_are_counted_by_name", kinds_are_counted_by_name},
    {"streams_are_named_by_seed_replication_and_path",
     streams_are_named_by_seed_replication_and_path},
    {"a_failure_within_an_event_names_it", a_failure_within_an_event_names_it},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("sim", tests)
