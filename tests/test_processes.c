#include "models/processes.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

static double
share_live(const Processes *processes, uint32_t service)
{
    ProcessCounts sum = processes_sum(processes, service);
    return (double)sum.live / sum.processes;
}

static double
share_stuck(const Processes *processes, uint32_t service)
{
    ProcessCounts sum = processes_sum(processes, service);
    return (double)sum.stuck / sum.processes;
}

/* Consumers, in the order in which they are added. */
enum { PANIC, LOOP, BURN, REJECT };
enum { PROXY, MODULE, WORKER, CORE }; /* services */
enum { OLD, NEW };                    /* cohorts of the proxy */

static const char text[] =
    "services:\n"
    "  proxy:\n"
    "    placement: pop\n"
    "    cohorts: {old: 50%, new: 50%}\n"
    "    restart: {processes: 80, delay: 10s, warm_up: 80s, warm_speed: 50%, stuck: 25%,\n"
    "              cache_kept: 20%}\n"
    "  module: {placement: pop, inside: proxy}\n"
    "  worker:\n"
    "    placement: pop\n"
    "    restart: {processes: 40, delay: 0s}\n"
    "  core: {placement: core, location: here}\n"
    "locations: {here: {latitude: 0, longitude: 0}}\n"
    "sites: {web: {service: proxy, requests: 100/s}}\n"
    "configs:\n"
    "  scores:\n"
    "    properties: {size: 60}\n"
    "    consumers:\n"
    "      - {service: module, cohort: new, when: size > 200,\n"
    "         effect: {panic: 80%, degrade: no-rules}}\n"
    "      - {service: module, cohort: new, when: size > 200, effect: {crash_loop: 40%}}\n"
    "      - {service: module, when: size > 100, effect: {panic: 50%, errors: 10%, burn_cpu: 3x}}\n"
    "      - {service: worker, when: size > 100, effect: {crash_loop: 100%}}\n";

static Processes *
attach(FakeWorld *fake)
{
    Processes *processes = processes_attach(fake->sim, &fake->world);
    /* So that small numbers can stand for causes. */
    for (uint32_t i = 0; i < 300; i++)
        sim_journal_add(fake->world.journal, &(SimJournalEntry){.cause = SIM_NONE, .kind = "test"},
                        "cause %u", i);
    SIM_EACH(ConsumerSpec, consumer, world_config(&fake->world, 0)->consumers)
    processes_consumer_add(processes, consumer->service, consumer->cohort, &consumer->effect);
    return processes;
}

static void
run(FakeWorld *fake, double seconds)
{
    sim_run(fake->sim, sim_from_seconds(seconds));
    sim_verify(fake->sim);
}

static void
a_group_has_its_cohorts_share_of_processes(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Processes *processes = attach(fake);
    CHECK_INT(processes_counts(processes, PROXY, NEW, 2).live, 40);
    CHECK_INT(processes_counts(processes, MODULE, OLD, 0).live, 40);
    CHECK_NEAR(share_live(processes, MODULE), 1, 0);
    CHECK_INT(fake->calls->len, 0);
}

static void
panic_holds_while_the_version_is_bad(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Processes *processes = attach(fake);
    processes_effect_set(processes, PANIC, 1, true, 5);
    Behaviour bad = fake_behaviour(fake, MODULE, 1, NEW);
    CHECK_NEAR(bad.panic, 0.8, 1e-12);
    CHECK_STR(fake->world.conditions[bad.degrade], "no-rules");
    CHECK_INT(bad.cause, 5);
    CHECK_NEAR(bad.speed, 1, 0);
    CHECK_NEAR(fake_behaviour(fake, MODULE, 1, OLD).panic, 0, 0);
    CHECK_NEAR(fake_behaviour(fake, MODULE, 0, NEW).panic, 0, 0);
    CHECK_NEAR(fake_behaviour(fake, PROXY, 1, NEW).panic, 0, 0);
    processes_effect_set(processes, PANIC, 1, false, 6);
    CHECK_NEAR(fake_behaviour(fake, MODULE, 1, NEW).panic, 0, 0);
    CHECK_INT(fake_behaviour(fake, MODULE, 1, NEW).degrade, SIM_NONE);
}

static void
effects_of_one_service_join(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Processes *processes = attach(fake);
    processes_effect_set(processes, PANIC, 0, true, 5);
    processes_effect_set(processes, BURN, 0, true, 6);
    Behaviour both = fake_behaviour(fake, MODULE, 0, NEW);
    CHECK_NEAR(both.panic, 0.9, 1e-12);
    CHECK_NEAR(both.errors, 0.1, 1e-12);
    CHECK_NEAR(both.burn_cpu, 3, 0);
    CHECK_INT(both.stuck_cause, 6);
    CHECK_NEAR(fake_behaviour(fake, MODULE, 0, OLD).panic, 0.5, 1e-12);
}

static void
a_starved_consumer_fails_every_call(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Processes *processes = attach(fake);
    processes_starve(processes, REJECT, 2, 8);
    CHECK_NEAR(fake_behaviour(fake, WORKER, 2, 0).errors, 1, 0);
    CHECK_INT(processes_counts(processes, WORKER, 0, 2).live, 40);
    processes_effect_set(processes, REJECT, 2, false, 9);
    CHECK_NEAR(fake_behaviour(fake, WORKER, 2, 0).errors, 0, 0);
}

static void
a_crash_loop_kills_its_share_and_a_good_version_ends_it(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 60, 1);
    Processes *processes = attach(fake);
    double dead = 0, stuck = 0;
    for (uint32_t pop = 0; pop < 60; pop++) {
        processes_effect_set(processes, LOOP, pop, true, 5);
        ProcessCounts counts = processes_counts(processes, PROXY, NEW, pop);
        dead += counts.looping + counts.stuck;
        stuck += counts.stuck;
        CHECK_NEAR(fake_behaviour(fake, PROXY, pop, NEW).speed, counts.live / 40.0, 1e-12);
        double met = (double)counts.stuck / (counts.live + counts.stuck);
        CHECK_NEAR(fake_behaviour(fake, MODULE, pop, NEW).errors, met, 1e-12);
    }
    CHECK_NEAR(dead / (60 * 40), 0.4, 4 * 0.01);
    CHECK_NEAR(stuck / dead, 0.25, 4 * 0.014);
    run(fake, 9 * 60);
    for (uint32_t pop = 0; pop < 60; pop++)
        processes_effect_set(processes, LOOP, pop, false, 6);
    run(fake, 15 * 60);
    CHECK_NEAR(share_live(processes, PROXY), 1 - stuck / (60 * 80), 1e-12);
    CHECK_NEAR(share_stuck(processes, PROXY), stuck / (60 * 80), 1e-12);
    CHECK(fake_behaviour(fake, MODULE, 0, NEW).errors > 0);
    CHECK_INT(fake_behaviour(fake, MODULE, 0, NEW).stuck_cause, 5);
}

/* Case 29: what crashes at once starts at 0, 0, 10, 30, 70, 150, 310, 610, 910 s; the first 0 is
 * the start before the first crash. */
static void
back_off_starts_at_its_published_times(void)
{
    static const double starts[] = {0, 10, 30, 70, 150, 310, 610, 910};
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Processes *processes = attach(fake);
    uint32_t kind = 0;
    while (!g_str_equal(sim_kind_name(fake->sim, kind), "processes.start"))
        kind++;
    processes_effect_set(processes, REJECT, 0, true, 5);
    CHECK(fake_behaviour(fake, WORKER, 0, 0).refused);
    for (uint32_t i = 0; i < G_N_ELEMENTS(starts); i++) {
        if (i > 0)
            run(fake, starts[i] - 0.001);
        CHECK_INT(sim_kind_count(fake->sim, kind), i);
        run(fake, starts[i]);
        CHECK_INT(sim_kind_count(fake->sim, kind), i + 1);
    }
    processes_effect_set(processes, REJECT, 0, false, 6);
    CHECK(fake_behaviour(fake, WORKER, 0, 0).refused);
    run(fake, 1210);
    CHECK_INT(processes_counts(processes, WORKER, 0, 0).live, 40);
    CHECK(!fake_behaviour(fake, WORKER, 0, 0).refused);
}

static void
killed_processes_come_back_cold_and_warm_up(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Processes *processes = attach(fake);
    uint32_t pop = 0;
    processes_kill(
        processes,
        &(ProcessKill){
            .service = MODULE, .cohort = OLD, .pops = &pop, .n_pops = 1, .share = 1, .cause = 3});
    CHECK(fake_behaviour(fake, PROXY, 0, OLD).refused);
    CHECK_INT(fake_behaviour(fake, PROXY, 0, OLD).cause, 3);
    CHECK(!fake_behaviour(fake, PROXY, 0, NEW).refused);
    CHECK_NEAR(fake_call(fake, FAKE_CACHE, 0).value, 1 - 0.8 * 0.5, 1e-12);
    run(fake, 10);
    CHECK_NEAR(fake_behaviour(fake, PROXY, 0, OLD).speed, 0.5, 1e-12);
    run(fake, 10 + 40);
    CHECK_NEAR(fake_behaviour(fake, PROXY, 0, OLD).speed, 0.75, 1e-12);
    run(fake, 10 + 80);
    CHECK_NEAR(fake_behaviour(fake, PROXY, 0, OLD).speed, 1, 1e-12);
    uint32_t calls = fake->calls->len;
    run(fake, 1000);
    CHECK_INT(fake->calls->len, calls);
}

static ProcessRoll
roll_of(double success)
{
    return (ProcessRoll){.service = PROXY, .cohort = NEW, .success = success, .cause = 4};
}

/* A model to be told when a restart is done. */
static void
on_told(Sim *sim, void *state, SimEvent event)
{
    *(SimTime *)state = sim_now(sim);
    (void)event;
}
static const SimKind told_kinds[] = {{"told", on_told}};
static const SimModelOps told_ops = {
    .name = "told", .state_size = sizeof(SimTime), .kinds = told_kinds, .n_kinds = 1};

static void
a_rolling_restart_takes_quarters_and_frees_the_stuck(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Processes *processes = attach(fake);
    SimTime *told = sim_attach(fake->sim, &told_ops);
    processes_effect_set(processes, LOOP, 0, true, 5);
    processes_effect_set(processes, LOOP, 0, false, 6);
    run(fake, 60);
    uint32_t stuck = processes_counts(processes, PROXY, NEW, 0).stuck;
    CHECK(stuck >= 2);
    ProcessRoll roll = roll_of(1);
    roll.then = sim_event(fake->sim, &told_ops, 0, 0, 0);
    CHECK(processes_roll(processes, &roll));
    CHECK(!processes_roll(processes, &roll));
    for (uint32_t second = 60; second < 100; second++) {
        run(fake, second);
        ProcessCounts counts = processes_counts(processes, PROXY, NEW, 0);
        CHECK_NEAR(counts.restarting, 10, 1);
    }
    run(fake, 101);
    CHECK_INT(*told, 100 * SIM_SECOND);
    CHECK_INT(processes_counts(processes, PROXY, NEW, 0).live, 40);
    CHECK_NEAR(fake_behaviour(fake, MODULE, 0, NEW).errors, 0, 0);
}

static void
a_restart_frees_each_stuck_process_with_its_success(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 100, 1);
    Processes *processes = attach(fake);
    sim_attach(fake->sim, &told_ops);
    for (uint32_t pop = 0; pop < 100; pop++)
        processes_effect_set(processes, LOOP, pop, true, 5);
    for (uint32_t pop = 0; pop < 100; pop++)
        processes_effect_set(processes, LOOP, pop, false, 6);
    run(fake, 60);
    double before = share_stuck(processes, PROXY) * 100 * 80;
    for (uint32_t pop = 0; pop < 100; pop++) {
        ProcessRoll roll = roll_of(0.7);
        roll.pop = pop;
        roll.then = sim_event(fake->sim, &told_ops, 0, 0, 0);
        processes_roll(processes, &roll);
    }
    run(fake, 120);
    double after = share_stuck(processes, PROXY) * 100 * 80;
    CHECK_NEAR(after / before, 0.3, 4 * 0.023);
}

static void
what_is_restarted_while_the_version_is_bad_dies_again(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Processes *processes = attach(fake);
    sim_attach(fake->sim, &told_ops);
    processes_effect_set(processes, REJECT, 0, true, 5);
    run(fake, 35);
    ProcessRoll roll = {.service = WORKER, .success = 1, .cause = 4};
    roll.then = sim_event(fake->sim, &told_ops, 0, 0, 0);
    CHECK(processes_roll(processes, &roll));
    run(fake, 60);
    CHECK_INT(processes_counts(processes, WORKER, 0, 0).live, 0);
    CHECK_INT(processes_counts(processes, WORKER, 0, 0).looping, 40);
}

static void
what_people_do_moves_no_draw_of_a_config(void)
{
    uint32_t dead[2];
    for (uint32_t acts = 0; acts < 2; acts++) {
        g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 3);
        Processes *processes = attach(fake);
        sim_attach(fake->sim, &told_ops);
        uint32_t pop = 0;
        ProcessRoll roll = roll_of(1);
        roll.then = sim_event(fake->sim, &told_ops, 0, 0, 0);
        ProcessKill kill = {.cohort = NEW, .pops = &pop, .n_pops = 1, .share = 0.3, .cause = 1};
        if (acts) {
            processes_kill(processes, &kill);
            run(fake, 30);
            processes_roll(processes, &roll);
        }
        run(fake, 300);
        processes_effect_set(processes, LOOP, 0, true, 5);
        dead[acts] = 40 - processes_counts(processes, PROXY, NEW, 0).live;
    }
    CHECK_INT(dead[1], dead[0]);
}

/* Whatever happens in whatever order: no process is lost, and nothing crashes us. */
static void
processes_are_conserved_in_any_order(void)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        g_autoptr(FakeWorld) fake = fake_world_new(text, 2, seed);
        Processes *processes = attach(fake);
        sim_attach(fake->sim, &told_ops);
        SimRng rng = sim_rng_named(seed, 0, "test");
        for (uint32_t i = 0; i < 300; i++) {
            uint32_t pop = (uint32_t)sim_rng_below(&rng, 2);
            uint32_t what = (uint32_t)sim_rng_below(&rng, 7);
            ProcessRoll roll = {.service = what == 4 ? WORKER : PROXY, .pop = pop, .success = 0.5};
            roll.then = sim_event(fake->sim, &told_ops, 0, 0, 0);
            ProcessKill kill = {
                .service = PROXY, .cohort = SIM_NONE, .pops = &pop, .n_pops = 1, .share = 0.6};
            if (what < 4)
                processes_effect_set(processes, what, pop, sim_rng_chance(&rng, 0.5), i);
            else if (what < 6)
                processes_roll(processes, &roll);
            else
                processes_kill(processes, &kill);
            sim_verify(fake->sim);
            run(fake, 7 * i);
        }
    }
}

static CU_TestInfo tests[] = {
    {"a_group_has_its_cohorts_share_of_processes", a_group_has_its_cohorts_share_of_processes},
    {"panic_holds_while_the_version_is_bad", panic_holds_while_the_version_is_bad},
    {"effects_of_one_service_join", effects_of_one_service_join},
    {"a_starved_consumer_fails_every_call", a_starved_consumer_fails_every_call},
    {"a_crash_loop_kills_its_share_and_a_good_version_ends_it",
     a_crash_loop_kills_its_share_and_a_good_version_ends_it},
    {"back_off_starts_at_its_published_times", back_off_starts_at_its_published_times},
    {"killed_processes_come_back_cold_and_warm_up", killed_processes_come_back_cold_and_warm_up},
    {"a_rolling_restart_takes_quarters_and_frees_the_stuck",
     a_rolling_restart_takes_quarters_and_frees_the_stuck},
    {"a_restart_frees_each_stuck_process_with_its_success",
     a_restart_frees_each_stuck_process_with_its_success},
    {"what_is_restarted_while_the_version_is_bad_dies_again",
     what_is_restarted_while_the_version_is_bad_dies_again},
    {"what_people_do_moves_no_draw_of_a_config", what_people_do_moves_no_draw_of_a_config},
    {"processes_are_conserved_in_any_order", processes_are_conserved_in_any_order},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("processes", tests)
