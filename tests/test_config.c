#include "models/config.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#define SERVICES                                                                                   \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop, cohorts: {old: 50%, new: 50%}}\n"                                   \
    "  core: {placement: core, location: here}\n"                                                  \
    "locations: {here: {latitude: 0, longitude: 0}}\n"                                             \
    "network: {convergence: 1s}\n"                                                                 \
    "sites: {web: {service: proxy, requests: 100/s}}\n"                                            \
    "clusters: {database: 40}\n"
#define FEATURES                                                                                   \
    "configs:\n"                                                                                   \
    "  features:\n"                                                                                \
    "    properties: {size: 60}\n"                                                                 \
    "    limits: [size <= 200]\n"
#define GENERATED "    generator: {every: 5m, runs_on: database, when_migrated: {size: 210}}\n"
#define PANICS                                                                                     \
    "    consumers:\n"                                                                             \
    "      - {service: proxy, cohort: new, when: size > 200, effect: {panic: 100%}}\n"

enum { PROXY, OLD = 0, NEW };

typedef struct Bench {
    FakeWorld *fake;
    ConfigParts parts;
    Configs *configs;
    uint32_t cause;
} Bench;

static Bench
bench_of(FakeWorld *fake)
{
    Sim *sim = fake->sim;
    Bench bench = {.fake = fake};
    bench.parts = (ConfigParts){.clusters = cluster_attach(sim, &fake->world),
                                .processes = processes_attach(sim, &fake->world),
                                .routing = routing_attach(sim, &fake->world)};
    bench.configs = config_attach(sim, &fake->world, &bench.parts, fake->messages);
    SimJournalEntry entry = {.cause = SIM_NONE, .kind = "test"};
    bench.cause = sim_journal_add(fake->world.journal, &entry, "somebody did it");
    return bench;
}

static void
run(const Bench *bench, double seconds)
{
    sim_run(bench->fake->sim, sim_from_seconds(seconds));
    sim_verify(bench->fake->sim);
}

static void
push_size(const Bench *bench, double size)
{
    PropertySpec change = {.entity.name = "size", .value = size};
    config_push(bench->configs, 0, (SimList){&change, 1}, bench->cause);
}

static double
panic_at(const Bench *bench, uint32_t pop)
{
    return fake_behaviour(bench->fake, PROXY, pop, NEW).panic;
}

static void
a_generator_follows_the_clock(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(SERVICES FEATURES GENERATED PANICS, 3, 1);
    fake->spec.clock.start += 130;
    Bench bench = bench_of(fake);
    run(&bench, 3600);
    CHECK_INT(config_n_versions(bench.configs, 0), 1 + 12);
    for (uint32_t round = 0; round < 12; round++)
        CHECK_INT(config_generated_at(bench.configs, 0, 1 + round),
                  (170 + 300 * round) * SIM_SECOND);
    CHECK_INT(fake_count(fake, FAKE_BEHAVIOUR), 0);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "02:50 config.version features version 1 (good) is generated: size 60\n");
    CHECK_INT(sim_journal_count(fake->world.journal), 2);
}

static void
a_stopped_generator_makes_nothing_and_moves_no_draw(void)
{
    g_autoptr(FakeWorld) one = fake_world_new(SERVICES FEATURES GENERATED PANICS, 3, 1);
    g_autoptr(FakeWorld) two = fake_world_new(SERVICES FEATURES GENERATED PANICS, 3, 1);
    Bench with = bench_of(one), without = bench_of(two);
    ClusterMigration half = {.to = 0.5, .cause = with.cause};
    cluster_migrate(with.parts.clusters, &half);
    cluster_migrate(without.parts.clusters, &half);
    config_generator_set(without.configs, 0, false, without.cause);
    run(&with, 1600);
    run(&without, 700);
    CHECK_INT(config_n_versions(without.configs, 0), 1);
    config_generator_set(without.configs, 0, true, without.cause);
    push_size(&without, 10);
    run(&without, 1600);
    CHECK_INT(config_n_versions(with.configs, 0), 7);
    CHECK_INT(config_n_versions(without.configs, 0), 5);
    for (uint32_t round = 3; round < 6; round++)
        CHECK_INT(config_is_bad(without.configs, 0, round - 1),
                  config_is_bad(with.configs, 0, round + 1));
}

/* Case 32: half the nodes migrated, 36 rounds: 17.5 flips on average. */
static void
half_a_cluster_flips_seventeen_and_a_half_times(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(SERVICES FEATURES GENERATED PANICS, 1, 1);
    const PlaneOps *ops = fake->world.ops;
    double sum = 0, squares = 0;
    for (uint64_t seed = 1; seed <= 500; seed++) {
        SimOptions options = {.scenario = "test", .seed = seed, .reserve = (size_t)64 << 20};
        sim_free(fake->sim);
        fake->sim = sim_new(&options);
        CHECK(world_init(&fake->world, fake->sim, &fake->spec, fake->geo, fake->messages));
        fake->world.ops = ops;
        fake->world.plane = fake;
        Bench bench = bench_of(fake);
        cluster_migrate(bench.parts.clusters, &(ClusterMigration){.to = 0.5, .cause = bench.cause});
        sim_run(fake->sim, 179 * SIM_MINUTE);
        int flips = 0;
        for (uint32_t version = 2; version <= 36; version++)
            flips += config_is_bad(bench.configs, 0, version) !=
                     config_is_bad(bench.configs, 0, version - 1);
        sum += flips;
        squares += flips * flips;
    }
    double mean = sum / 500;
    CHECK_NEAR(mean, 17.5, 0.3);
    CHECK_NEAR(squares / 500 - mean * mean, 2.96 * 2.96, 1.5);
}

static void
a_bad_version_spreads_by_its_law_and_a_good_one_heals(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(SERVICES FEATURES PANICS, 200, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    run(&bench, 0.6);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 0.5, 0.15);
    CHECK_NEAR(config_share_newest(bench.configs, 0), config_share_bad(bench.configs, 0), 0);
    run(&bench, 60);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 1, 0);
    CHECK_NEAR(panic_at(&bench, 7), 1, 0);
    CHECK_NEAR(fake_behaviour(fake, PROXY, 7, OLD).panic, 0, 0);
    push_size(&bench, 80);
    run(&bench, 120);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 0, 0);
    CHECK_NEAR(panic_at(&bench, 7), 0, 0);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "features version 1 (bad) is pushed by hand: size 210");
    CHECK_HAS(journal, "features version 1 (bad) reaches its first PoP, ");
    CHECK_HAS(journal, "features version 1 (bad) has reached 200 of 200 PoPs in ");
    CHECK_HAS(journal, "features: no PoP runs a bad version any more, since version 2");
    CHECK(sim_journal_count(fake->world.journal) < 10);
}

static void
an_effect_leads_back_to_the_change_of_the_cluster(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(SERVICES FEATURES GENERATED PANICS, 3, 1);
    Bench bench = bench_of(fake);
    cluster_migrate(bench.parts.clusters, &(ClusterMigration){.to = 1, .cause = bench.cause});
    run(&bench, 60);
    uint32_t cause = fake_behaviour(fake, PROXY, 0, NEW).cause;
    CHECK_STR(sim_journal_get(fake->world.journal, cause)->kind, "config.version");
    CHECK_INT(sim_journal_root(fake->world.journal, cause), bench.cause);
    CHECK(config_is_cause(bench.configs, 0, cause));
    CHECK(!config_is_cause(bench.configs, 0, bench.cause));
    CHECK(!config_is_cause(bench.configs, 0, SIM_NONE));
}

static void
a_pop_never_goes_back_to_an_older_push(void)
{
    static const char text[] =
        SERVICES FEATURES "    distribution: {delay: 1s, stragglers: {share: 30%, delay: "
                          "'uniform(30s, 300s)'}}\n" PANICS;
    g_autoptr(FakeWorld) fake = fake_world_new(text, 50, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    run(&bench, 10);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 0.7, 0.2);
    push_size(&bench, 70);
    for (uint32_t second = 11; second < 400; second++) {
        run(&bench, second);
        for (uint32_t pop = 0; pop < 50 && second > 311; pop++)
            CHECK_INT(config_version(bench.configs, 0, pop), 2);
    }
}

static void
validation_at_the_generator_holds_a_version_back(void)
{
    static const char text[] =
        SERVICES FEATURES "    generator: {every: 5m, runs_on: database, validate: true,\n"
                          "                when_migrated: {size: 210}}\n" PANICS;
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Bench bench = bench_of(fake);
    cluster_migrate(bench.parts.clusters, &(ClusterMigration){.to = 1, .cause = bench.cause});
    run(&bench, 1000);
    CHECK_INT(fake_count(fake, FAKE_BEHAVIOUR), 0);
    CHECK_NEAR(config_share_held(bench.configs, 0), 0, 0);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "features version 2 (bad) is generated on a migrated node and held back by "
                       "validation: size 210");
}

static void
refused_versions_leave_the_last_good_one(void)
{
    static const char *const ways[] = {"    validate_at_loader: true\n",
                                       "    last_known_good: true\n"};
    for (uint32_t way = 0; way < 2; way++) {
        g_autofree char *text = g_strconcat(SERVICES FEATURES, ways[way], PANICS, NULL);
        g_autoptr(FakeWorld) fake = fake_world_new(text, 20, 1);
        Bench bench = bench_of(fake);
        push_size(&bench, 210);
        run(&bench, 60);
        CHECK_INT(fake_count(fake, FAKE_BEHAVIOUR), 0);
        CHECK_NEAR(config_share_bad(bench.configs, 0), 0, 0);
        CHECK_NEAR(config_share_held(bench.configs, 0), 1, 0);
        CHECK_INT(config_version(bench.configs, 0, 0), way == 0 ? 0 : 1);
        push_size(&bench, 70);
        run(&bench, 120);
        CHECK_NEAR(config_share_held(bench.configs, 0), 0, 0);
        g_autofree char *journal = fake_journal(fake);
        CHECK_HAS(journal, "features version 1 is refused at ");
        CHECK(sim_journal_count(fake->world.journal) < 10);
    }
}

/* A program falls back when it sees that a file is bad, and only then. */
static void
harm_that_shows_later_passes_the_last_known_good(void)
{
    static const char text[] =
        SERVICES FEATURES "    last_known_good: true\n"
                          "    consumers: [{service: proxy, when: size > 200, effect: {errors: "
                          "30%, burn_cpu: 2x}}]\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    run(&bench, 60);
    CHECK_NEAR(fake_behaviour(fake, PROXY, 1, OLD).errors, 0.3, 1e-12);
    CHECK_NEAR(fake_behaviour(fake, PROXY, 1, OLD).burn_cpu, 2, 0);
    CHECK_NEAR(config_share_held(bench.configs, 0), 0, 0);
}

static void
a_rejected_version_without_a_good_one_starves(void)
{
    static const char text[] = SERVICES FEATURES
        "    consumers: [{service: proxy, when: size > 200, effect: {reject: true}}]\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    run(&bench, 60);
    CHECK_NEAR(fake_behaviour(fake, PROXY, 1, OLD).errors, 1, 0);
    push_size(&bench, 70);
    run(&bench, 120);
    CHECK_NEAR(fake_behaviour(fake, PROXY, 1, OLD).errors, 0, 0);
}

static void
a_withdrawing_pop_comes_back_with_a_good_version(void)
{
    static const char text[] = SERVICES FEATURES
        "    consumers: [{service: proxy, when: size > 200, effect: {withdraw: true}}]\n"
        "    rollout: {waves: [{share: 25%}]}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 4, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    push_size(&bench, 220);
    run(&bench, 60);
    uint32_t up = 0;
    for (uint32_t pop = 0; pop < 4; pop++)
        up += routing_is_up(bench.parts.routing, 0, pop);
    CHECK_INT(up, 3);
    CHECK(fake_count(fake, FAKE_CATCHMENT) > 0);
    config_push_known_good(bench.configs, 0, bench.cause);
    run(&bench, 120);
    for (uint32_t pop = 0; pop < 4; pop++)
        CHECK(routing_is_up(bench.parts.routing, 0, pop));
}

static void
known_good_goes_to_all_pops_past_the_rollout(void)
{
    static const char text[] =
        SERVICES FEATURES PANICS "    rollout: {waves: [{share: 50%}, {share: 100%}]}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 10, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 100);
    run(&bench, 1300);
    push_size(&bench, 210);
    run(&bench, 1400);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 0.5, 0);
    config_push_known_good(bench.configs, 0, bench.cause);
    run(&bench, 1500);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 0, 0);
    CHECK_INT(config_version(bench.configs, 0, 3), 1);
    run(&bench, 5000);
    CHECK_NEAR(config_share_newest(bench.configs, 0), 1, 0);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "features version 1 goes out again, to 10 PoPs");
}

/* Half the requests of a PoP fail from ten seconds on. */
static PlaneCounts
failing(const FakeWorld *fake, uint32_t pop)
{
    double now = sim_seconds(sim_now(fake->sim));
    (void)pop;
    return (PlaneCounts){(int64_t)(1e6 * now), (int64_t)(5e5 * MAX(0, now - 10))};
}

static void
a_stopped_rollout_is_taken_back_where_it_went(void)
{
    static const char text[] =
        SERVICES FEATURES PANICS "    rollout:\n"
                                 "      waves: [{share: 50%}, {share: 100%}]\n"
                                 "      gate: {kind: threshold, at_most: 1%, lag: 30s}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 10, 1);
    fake->counts = failing;
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    run(&bench, 30);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 0.5, 0);
    run(&bench, 300);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 0, 0);
    CHECK_INT(rollout_state(config_rollouts(bench.configs), 0), ROLLOUT_STOPPED);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "rollout.stopped the gate stops features in wave 1 of 2, ");
    CHECK_HAS(journal, "features version 0 goes out again, to 5 PoPs");
}

static void
what_is_wrong_with_a_config_is_said(void)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {SERVICES FEATURES
         "    consumers: [{service: proxy, when: sice > 2, effect: {panic: 1%}}]\n",
         "config 'features' has no property 'sice'"},
        {SERVICES FEATURES
         "    consumers: [{service: proxy, cohort: old2, when: size > 200, effect: {panic: 1%}}]\n",
         "service 'proxy' has no cohort 'old2'"},
        {SERVICES FEATURES
         "    consumers: [{service: core, when: size > 2, effect: {panic: 1%}}]\n",
         "service 'core' is not placed at the PoPs and receives no config"},
        {SERVICES FEATURES
         "    consumers: [{service: proxy, when: size > 2, effect: {panic: 1%}}]\n",
         "config 'features' breaks a limit or a consumer's condition from the start"},
        {SERVICES FEATURES "    generator: {every: 1s}\n",
         "config 'features' would be generated more than 10000 times"},
        {SERVICES FEATURES "    generator: {every: 5m, when_migrated: {size: 210}}\n",
         "config 'features' has when_migrated but runs on no cluster"},
        {SERVICES FEATURES GENERATED "    rollout: {waves: [{share: 1%}, {share: 100%}]}\n",
         "warning: config 'features' is generated again before its waves are through"},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(FakeWorld) fake = fake_world_new(rows[i].text, 2, 1);
        Bench bench = bench_of(fake);
        g_autofree char *said = fake_messages(fake);
        CHECK(sim_messages_errors(fake->messages) == 0 || !bench.configs);
        CHECK_HAS(said, rows[i].message);
    }
}

static void
a_push_waits_for_approval_and_its_window(void)
{
    static const char text[] =
        SERVICES FEATURES PANICS "    distribution: {delay: 1s}\n"
                                 "    change: {windows: ['tue 12:00-13:00'], approval: 10m}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 4, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    run(&bench, 3599);
    CHECK_NEAR(config_share_newest(bench.configs, 0), 0, 0);
    run(&bench, 3602);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 1, 0);
    /* The way back waits for nothing. */
    run(&bench, 3 * 3600);
    config_push_known_good(bench.configs, 0, bench.cause);
    run(&bench, 3 * 3600 + 2);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 0, 0);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "change.waits version 1 of features waits for approval");
    CHECK_HAS(journal, "change.waits version 1 of features waits 50m for its change window");
    CHECK_HAS(journal, "change.approved version 1 of features goes out, 1h after it was asked");
}

static void
a_later_push_supersedes_one_that_waits(void)
{
    static const char text[] = SERVICES FEATURES PANICS "    change: {approval: 10m}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 4, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    run(&bench, 300);
    push_size(&bench, 70);
    run(&bench, 3600);
    CHECK_INT(config_version(bench.configs, 0, 0), 2);
    CHECK_INT(fake_count(fake, FAKE_BEHAVIOUR), 0);
    push_size(&bench, 220);
    run(&bench, 3700);
    config_push_known_good(bench.configs, 0, bench.cause);
    run(&bench, 7200);
    CHECK_INT(config_version(bench.configs, 0, 0), 2);
}

static void
an_emergency_waits_where_the_process_says_so(void)
{
    static const char text[] =
        SERVICES FEATURES PANICS "    change: {approval: 10m, emergency: waits}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 4, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    run(&bench, 900);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 1, 0);
    config_push_known_good(bench.configs, 0, bench.cause);
    run(&bench, 1499);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 1, 0);
    run(&bench, 1600);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 0, 0);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "25:00 change.approved the known good version of features goes out, 10m");
}

static void
what_bypasses_the_rollout_is_everywhere_at_once(void)
{
    static const struct {
        const char *keys;
        bool generated_waits, hand_waits;
    } rows[] = {
        {"    rollout: {waves: [25%, 100%]}\n", true, true},
        {"    rollout: {waves: [25%, 100%], bypass: generated}\n", false, true},
        {"    rollout: {waves: [25%, 100%], bypass: data}\n", false, false},
        {"    change: {approval: 8m}\n    rollout: {bypass: generated}\n", false, true},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            g_strconcat(SERVICES FEATURES "    generator: {every: 1h, runs_on: database}\n",
                        rows[i].keys, NULL);
        g_autoptr(FakeWorld) fake = fake_world_new(text, 4, 1);
        Bench bench = bench_of(fake);
        run(&bench, 60); /* generated at 11:00 */
        CHECK_INT(config_share_newest(bench.configs, 0) < 1, rows[i].generated_waits);
        push_size(&bench, 70);
        run(&bench, 120);
        CHECK_INT(config_share_newest(bench.configs, 0) < 1, rows[i].hand_waits);
    }
}

static void
on_kill(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    *(SimEvent *)state = event;
}

static const SimKind listener_kinds[] = {{"listener.kill", on_kill}};
static const SimModelOps listener_ops = {
    .name = "listener", .state_size = sizeof(SimEvent), .kinds = listener_kinds, .n_kinds = 1};

static void
a_gate_that_trips_pulls_kill_switches(void)
{
    static const char text[] =
        SERVICES FEATURES PANICS "    rollout:\n"
                                 "      waves: [{share: 10%}, {share: 100%}]\n"
                                 "      gate: {kind: threshold, at_most: 1%}\n"
                                 "      kill: [core]\n"
                                 "      auto_revert: false\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 10, 1);
    fake->counts = failing;
    Bench bench = bench_of(fake);
    const SimEvent *heard = sim_attach(fake->sim, &listener_ops);
    config_on_kill(bench.configs, sim_event(fake->sim, &listener_ops, 0, 0, 0));
    push_size(&bench, 210);
    run(&bench, 600);
    CHECK_INT(heard->actor, 1);
    uint32_t cause = (uint32_t)heard->arg;
    CHECK_STR(sim_journal_get(fake->world.journal, cause)->kind, "rollout.kills");
    CHECK_INT(sim_journal_root(fake->world.journal, cause), bench.cause);
    CHECK_NEAR(config_share_bad(bench.configs, 0), .1, 1e-12);
}

/* Wave 1 is the cohort `new` at half the PoPs, wave 2 everybody at half of them, then all. */
static void
a_wave_reaches_the_cohorts_it_names(void)
{
    static const char text[] = SERVICES FEATURES
        "    distribution: {delay: 1s}\n"
        "    consumers: [{service: proxy, when: size > 200, effect: {errors: 30%}}]\n"
        "    rollout: {waves: [{share: 50%, cohorts: [new]}, {share: 50%}, {share: 100%}]}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 10, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    static const struct {
        double at_s, of_new, of_old;
    } rows[] = {{60, 5, 0}, {660, 5, 5}, {1260, 10, 10}};
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        run(&bench, rows[i].at_s);
        uint32_t of_new = 0, of_old = 0;
        for (uint32_t pop = 0; pop < 10; pop++) {
            of_new += fake_behaviour(fake, PROXY, pop, NEW).errors > 0;
            of_old += fake_behaviour(fake, PROXY, pop, OLD).errors > 0;
        }
        CHECK_INT(of_new, rows[i].of_new);
        CHECK_INT(of_old, rows[i].of_old);
        CHECK_NEAR(config_share_bad(bench.configs, 0), (rows[i].of_new + rows[i].of_old) / 20,
                   1e-12);
        CHECK_NEAR(config_share_newest(bench.configs, 0), (rows[i].of_new + rows[i].of_old) / 20,
                   1e-12);
    }
    config_push_known_good(bench.configs, 0, bench.cause);
    run(&bench, 1300);
    CHECK_NEAR(config_share_bad(bench.configs, 0), 0, 0);
    CHECK_NEAR(fake_behaviour(fake, PROXY, 3, NEW).errors, 0, 0);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "rollout.wave wave 1 of 3 of features: 5 PoPs, cohort new\n");
    CHECK_HAS(journal, "rollout.wave wave 2 of 3 of features: 5 PoPs\n");
}

/* One cohort heals while the other still withdraws the PoP. */
static void
a_pop_stays_withdrawn_while_one_lane_is_bad(void)
{
    static const char text[] = SERVICES FEATURES
        "    distribution: {delay: 1s}\n"
        "    consumers: [{service: proxy, when: size > 200, effect: {withdraw: true}}]\n"
        "    rollout: {waves: [{share: 100%, cohorts: [new], soak: 10m}, {share: 100%}]}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 4, 1);
    Bench bench = bench_of(fake);
    push_size(&bench, 210);
    run(&bench, 700);
    CHECK(!routing_is_up(bench.parts.routing, 0, 2));
    push_size(&bench, 70);
    run(&bench, 1200);
    CHECK_NEAR(config_share_bad(bench.configs, 0), .5, 1e-12);
    CHECK(!routing_is_up(bench.parts.routing, 0, 2));
    run(&bench, 1400);
    CHECK(routing_is_up(bench.parts.routing, 0, 2));
}

static CU_TestInfo tests[] = {
    {"a_generator_follows_the_clock", a_generator_follows_the_clock},
    {"a_stopped_generator_makes_nothing_and_moves_no_draw",
     a_stopped_generator_makes_nothing_and_moves_no_draw},
    {"half_a_cluster_flips_seventeen_and_a_half_times",
     half_a_cluster_flips_seventeen_and_a_half_times},
    {"a_bad_version_spreads_by_its_law_and_a_good_one_heals",
     a_bad_version_spreads_by_its_law_and_a_good_one_heals},
    {"an_effect_leads_back_to_the_change_of_the_cluster",
     an_effect_leads_back_to_the_change_of_the_cluster},
    {"a_pop_never_goes_back_to_an_older_push", a_pop_never_goes_back_to_an_older_push},
    {"validation_at_the_generator_holds_a_version_back",
     validation_at_the_generator_holds_a_version_back},
    {"refused_versions_leave_the_last_good_one", refused_versions_leave_the_last_good_one},
    {"harm_that_shows_later_passes_the_last_known_good",
     harm_that_shows_later_passes_the_last_known_good},
    {"a_rejected_version_without_a_good_one_starves",
     a_rejected_version_without_a_good_one_starves},
    {"a_withdrawing_pop_comes_back_with_a_good_version",
     a_withdrawing_pop_comes_back_with_a_good_version},
    {"known_good_goes_to_all_pops_past_the_rollout", known_good_goes_to_all_pops_past_the_rollout},
    {"a_stopped_rollout_is_taken_back_where_it_went",
     a_stopped_rollout_is_taken_back_where_it_went},
    {"what_is_wrong_with_a_config_is_said", what_is_wrong_with_a_config_is_said},
    {"a_push_waits_for_approval_and_its_window", a_push_waits_for_approval_and_its_window},
    {"a_later_push_supersedes_one_that_waits", a_later_push_supersedes_one_that_waits},
    {"an_emergency_waits_where_the_process_says_so", an_emergency_waits_where_the_process_says_so},
    {"what_bypasses_the_rollout_is_everywhere_at_once",
     what_bypasses_the_rollout_is_everywhere_at_once},
    {"a_gate_that_trips_pulls_kill_switches", a_gate_that_trips_pulls_kill_switches},
    {"a_wave_reaches_the_cohorts_it_names", a_wave_reaches_the_cohorts_it_names},
    {"a_pop_stays_withdrawn_while_one_lane_is_bad", a_pop_stays_withdrawn_while_one_lane_is_bad},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("config", tests)
