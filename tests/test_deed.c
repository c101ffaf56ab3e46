#include "models/deed.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#include <string.h>

static double
share_live(const Processes *processes, uint32_t service)
{
    ProcessCounts sum = processes_sum(processes, service);
    return (double)sum.live / sum.processes;
}

#define WORLD                                                                                      \
    "network: {convergence: 1s}\n"                                                                 \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop, cohorts: {old: 50%, new: 50%}}\n"                                   \
    "  kv: {placement: core, location: here, front: {service: proxy}}\n"                           \
    "  core: {placement: core, location: here}\n"                                                  \
    "locations: {here: {latitude: 0, longitude: 0}}\n"                                             \
    "sites:\n"                                                                                     \
    "  web: {service: proxy, requests: 100/s}\n"                                                   \
    "  shop: {service: proxy, requests: 10/s}\n"                                                   \
    "clusters: {database: 40}\n"                                                                   \
    "configs:\n"                                                                                   \
    "  features: {properties: {size: 60}, generator: {every: 5m}}\n"                               \
    "  rules: {properties: {size: 60}}\n"                                                          \
    "timeline:\n"

enum { PROXY, KV, CORE };
enum { WEB, SHOP };

typedef struct Bench {
    FakeWorld *fake;
    DeedParts parts;
    Deeds *deeds;
    uint32_t causes;
} Bench;

static Bench
bench_of(FakeWorld *fake)
{
    Sim *sim = fake->sim;
    const World *world = &fake->world;
    Bench bench = {.fake = fake};
    bench.parts.clusters = cluster_attach(sim, world);
    bench.parts.processes = processes_attach(sim, world);
    bench.parts.routing = routing_attach(sim, world);
    bench.parts.levers = levers_attach(sim, world);
    bench.parts.status_page = status_page_attach(sim, world, NULL);
    ConfigParts parts = {bench.parts.clusters, bench.parts.processes, bench.parts.routing};
    bench.parts.configs = config_attach(sim, world, &parts, fake->messages);
    bench.deeds = deed_attach(sim, world, &bench.parts);
    for (uint32_t i = 0; i < 8; i++)
        sim_journal_add(world->journal, &(SimJournalEntry){.cause = SIM_NONE, .kind = "test"},
                        "deed %u", i);
    return bench;
}

static void
a_surge_multiplies_and_ends(void)
{
    static const char text[] =
        WORLD "  - {at: 1m, do: surge, sites: [web, shop], by: 2x, for: 1m}\n"
              "  - {at: 1m, do: surge, sites: shop, by: 3x, for: 1m}\n"
              "  - {at: 1m, do: limit, site: shop, to_rate: 5/s, for: 1m}\n"
              "  - {at: 1m, do: limit, site: shop, to_rate: 7/s, for: 1m}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Bench bench = bench_of(fake);
    static const struct {
        uint32_t entry, deed;
        bool undo;
        double factor, limit;
    } steps[] = {{0, 0, false, 2, -1}, {1, 1, false, 6, -1}, {2, 2, false, 6, 5},
                 {3, 3, false, 6, 7},  {0, 0, true, 3, 7},   {2, 2, true, 3, 7},
                 {3, 3, true, 3, -1},  {1, 1, true, 1, -1}};
    FakeCall last = {0};
    for (uint32_t i = 0; i < G_N_ELEMENTS(steps); i++) {
        CHECK(deed_has_end(SIM_ITEM(fake->spec.timeline, TimelineSpec, steps[i].entry)));
        if (steps[i].undo)
            deed_undo(bench.deeds, steps[i].entry, steps[i].deed, 5);
        else
            deed_do(bench.deeds, steps[i].entry, steps[i].deed);
        for (uint32_t k = 0; k < fake->calls->len; k++)
            if (g_array_index(fake->calls, FakeCall, k).who == SHOP)
                last = g_array_index(fake->calls, FakeCall, k);
        CHECK_NEAR(last.value, steps[i].factor, 1e-12);
        CHECK_NEAR(last.limit, steps[i].limit, 0);
    }
}

static void
halts_of_one_service_end_with_the_last(void)
{
    static const char text[] = WORLD "  - {at: 1m, do: halt, service: core, for: 1m}\n"
                                     "  - {at: 1m, do: halt, service: core, for: 2m}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Bench bench = bench_of(fake);
    deed_do(bench.deeds, 0, 0);
    deed_do(bench.deeds, 1, 1);
    deed_undo(bench.deeds, 0, 0, 2);
    CHECK_INT(fake_count(fake, FAKE_HALT), 1);
    deed_undo(bench.deeds, 1, 1, 3);
    CHECK_INT(fake_count(fake, FAKE_HALT), 2);
    CHECK_NEAR(fake_call(fake, FAKE_HALT, 1).value, 0, 0);
    CHECK_INT(fake_call(fake, FAKE_HALT, 1).cause, 3);
}

static void
switches_reach_the_plane(void)
{
    static const char text[] =
        WORLD "  - {at: 1m, do: switch-fallback, services: kv, cohort: old}\n"
              "  - {at: 1m, do: switch-back, services: kv}\n"
              "  - {at: 1m, do: kill-switch, services: [kv, core]}\n"
              "  - {at: 1m, do: restore, services: core}\n"
              "  - {at: 1m, do: scale, service: core, by: 4x}\n"
              "  - {at: 1m, do: purge, sites: web, share: 30%}\n"
              "  - {at: 1m, do: fail-open, services: kv}\n"
              "  - {at: 1m, do: fail-closed, services: core}\n"
              "  - {at: 1m, do: restore, services: [kv, core]}\n"
              "  - {at: 1m, do: restore, services: kv}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Bench bench = bench_of(fake);
    for (uint32_t i = 0; i < 10; i++)
        deed_do(bench.deeds, i, i);
    CHECK_INT(fake_count(fake, FAKE_NEED), 4);
    static const int failures[] = {NEED_OPEN, NEED_FAIL, NEED_AS_WRITTEN, NEED_AS_WRITTEN};
    for (uint32_t i = 0; i < 4; i++)
        CHECK_NEAR(fake_call(fake, FAKE_NEED, i).value, failures[i], 0);
    CHECK_INT(fake_call(fake, FAKE_FRONT, 0).who, KV);
    CHECK_INT(fake_call(fake, FAKE_FRONT, 0).where, 0);
    CHECK_INT(fake_call(fake, FAKE_FRONT, 1).where, SIM_NONE);
    CHECK_INT(fake_count(fake, FAKE_KILL_SWITCH), 6);
    CHECK_NEAR(fake_call(fake, FAKE_KILL_SWITCH, 2).value, 0, 0);
    CHECK_INT(fake_call(fake, FAKE_KILL_SWITCH, 2).who, CORE);
    CHECK_NEAR(fake_call(fake, FAKE_CAPACITY, 0).value, 4, 0);
    CHECK_NEAR(fake_call(fake, FAKE_CACHE, 0).value, 0.7, 1e-12);
    CHECK_INT(fake_call(fake, FAKE_CACHE, 0).where, SIM_NONE);
    CHECK_INT(fake_call(fake, FAKE_CACHE, 0).cause, 5);
}

static void
a_central_service_that_restarts_forgets_what_waits(void)
{
    static const char text[] = WORLD "  - {at: 1m, do: restart, service: core}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Bench bench = bench_of(fake);
    CHECK(deed_check(&fake->world, SIM_ITEM(fake->spec.timeline, TimelineSpec, 0), fake->messages));
    deed_do(bench.deeds, 0, 5);
    CHECK_INT(fake_count(fake, FAKE_DROP), 1);
    CHECK_INT(fake_call(fake, FAKE_DROP, 0).who, CORE);
    CHECK_INT(fake_call(fake, FAKE_DROP, 0).cause, 5);
}

static void
pops_go_down_and_come_back(void)
{
    static const char text[] = WORLD "  - {at: 1m, do: pop-down, busiest: 2, for: 10m}\n"
                                     "  - {at: 1m, do: kill, service: proxy, cohort: new}\n"
                                     "  - {at: 1m, do: restart, service: proxy, busiest: 1}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 5, 1);
    Bench bench = bench_of(fake);
    const uint32_t *busiest = fake->world.pops_by_demand;
    deed_do(bench.deeds, 0, 0);
    CHECK(!routing_is_up(bench.parts.routing, 0, busiest[0]));
    CHECK(!routing_is_up(bench.parts.routing, 0, busiest[1]));
    CHECK(routing_is_up(bench.parts.routing, 0, busiest[2]));
    deed_undo(bench.deeds, 0, 0, 1);
    CHECK(routing_is_up(bench.parts.routing, 0, busiest[0]));
    deed_do(bench.deeds, 1, 2);
    CHECK_NEAR(share_live(bench.parts.processes, PROXY), 0.5, 0);
    deed_do(bench.deeds, 2, 3);
    CHECK(processes_counts(bench.parts.processes, PROXY, 0, busiest[0]).restarting > 0);
    CHECK_INT(processes_counts(bench.parts.processes, PROXY, 0, busiest[1]).restarting, 0);
}

static void
a_pop_that_two_hold_down_waits_for_both(void)
{
    static const char text[] = WORLD "  - {at: 1m, do: pop-down, busiest: 2, for: 10m}\n"
                                     "  - {at: 2m, do: pop-down, busiest: 1, for: 10m}\n"
                                     "  - {at: 3m, do: pop-up}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 5, 1);
    Bench bench = bench_of(fake);
    const uint32_t *busiest = fake->world.pops_by_demand;
    deed_do(bench.deeds, 0, 0);
    deed_do(bench.deeds, 1, 1);
    deed_undo(bench.deeds, 0, 0, 2);
    CHECK(!routing_is_up(bench.parts.routing, 0, busiest[0]));
    CHECK(routing_is_up(bench.parts.routing, 0, busiest[1]));
    deed_undo(bench.deeds, 1, 1, 3);
    CHECK(routing_is_up(bench.parts.routing, 0, busiest[0]));
    deed_do(bench.deeds, 0, 4);
    deed_do(bench.deeds, 2, 5);
    CHECK(routing_is_up(bench.parts.routing, 0, busiest[0]));
    deed_undo(bench.deeds, 0, 4, 6);
    CHECK(routing_is_up(bench.parts.routing, 0, busiest[0]));
}

static void
configs_and_clusters_are_told(void)
{
    static const char text[] =
        WORLD "  - {at: 1m, do: migrate, cluster: database, to: 50%}\n"
              "  - {at: 1m, do: push, config: rules, properties: {size: 70}}\n"
              "  - {at: 1m, do: stop-generator, config: features}\n"
              "  - {at: 1m, do: push-known-good, config: rules}\n"
              "  - {at: 1m, do: note, text: coffee}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Bench bench = bench_of(fake);
    for (uint32_t i = 0; i < 5; i++)
        deed_do(bench.deeds, i, i);
    CHECK_NEAR(cluster_share(bench.parts.clusters, 0), 0.5, 0);
    CHECK_INT(cluster_cause(bench.parts.clusters, 0), 0);
    CHECK_INT(config_n_versions(bench.parts.configs, 1), 2);
    sim_run(fake->sim, SIM_HOUR);
    CHECK_INT(config_n_versions(bench.parts.configs, 0), 1);
    sim_verify(fake->sim);
}

/* Nobody can read it before 2 minutes are over; it is tried each minute. */
static void
a_word_waits_for_the_status_page(void)
{
    static const char text[] = WORLD "  - {at: 1m, do: post, text: we are looking}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Bench bench = bench_of(fake);
    status_page_set_down(bench.parts.status_page, true, 7);
    deed_do(bench.deeds, 0, 0);
    sim_run(fake->sim, 90 * SIM_SECOND);
    status_page_set_down(bench.parts.status_page, false, 7);
    g_autofree char *before = fake_journal(fake);
    CHECK(!strstr(before, "team.posts"));
    sim_run(fake->sim, SIM_HOUR);
    g_autofree char *after = fake_journal(fake);
    CHECK_HAS(after, "02:00 team.posts the status page says: we are looking");
}

static void
a_deed_is_described_in_words(void)
{
    static const char text[] =
        WORLD "  - {at: 1m, do: restart, service: proxy, cohort: new, region: europe}\n"
              "  - {at: 1m, do: surge, sites: [web, shop], by: 3x}\n"
              "  - {at: 1m, do: kill, service: proxy, share: 20%}\n";
    static const char *const words[] = {"restart proxy new europe", "surge web shop 3x",
                                        "kill proxy 20.0 %"};
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    char buffer[100];
    for (uint32_t i = 0; i < 3; i++)
        CHECK_STR(deed_describe(&fake->world, SIM_ITEM(fake->spec.timeline, TimelineSpec, i),
                                buffer, sizeof buffer),
                  words[i]);
}

static void
what_can_not_be_done_is_said(void)
{
    static const char *const rows[][2] = {
        {"{at: 1m, do: kill, service: core}", "'kill' needs a service at the PoPs, and 'core'"},
        {"{at: 1m, do: restart, service: core, pace: 1s}",
         "'core' is not at the PoPs and restarts"},
        {"{at: 1m, do: kill, service: proxy, cohort: x}", "service 'proxy' has no cohort 'x'"},
        {"{at: 1m, do: pop-down, region: atlantis}", "no region is called 'atlantis'"},
        {"{at: 1m, do: pop-up, code: NIX}", "'pop-up' matches no PoP"},
        {"{at: 1m, do: switch-back, services: core}", "service 'core' has no front"},
        {"{at: 1m, do: switch-fallback, services: kv, cohort: x}",
         "service 'proxy' has no cohort 'x'"},
        {"{at: 1m, do: push, config: rules, properties: {sice: 1}}",
         "config 'rules' has no property 'sice'"},
        {"{at: 1m, do: stop-generator, config: rules}", "config 'rules' has no generator"},
        {"{at: 1m, do: confirm, config: rules}", "config 'rules' waits for no confirmation"},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strconcat(WORLD "  - ", rows[i][0], "\n", NULL);
        g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
        CHECK(!deed_check(&fake->world, SIM_ITEM(fake->spec.timeline, TimelineSpec, 0),
                          fake->messages));
        g_autofree char *said = fake_messages(fake);
        CHECK_HAS(said, rows[i][1]);
        CHECK_HAS(said, "test.yaml:");
    }
}

static PlaneCounts
all_fail(const FakeWorld *fake, uint32_t pop)
{
    int64_t n = 1000 * (sim_now(fake->sim) / SIM_SECOND);
    (void)pop;
    return (PlaneCounts){n, n};
}

/* The hand and the gate pull the same switch, and what it does is done. */
static void
a_gate_pulls_a_switch_as_a_hand_does(void)
{
    static const char text[] =
        "services:\n"
        "  proxy: {placement: pop}\n"
        "  rules: {placement: pop, inside: proxy, when_killed: {errors: 20%}}\n"
        "sites: {web: {service: proxy, requests: 100/s}}\n"
        "configs:\n"
        "  rules:\n"
        "    properties: {size: 60}\n"
        "    rollout: {waves: [50%, 100%], gate: {kind: threshold, at_most: 1%}, kill: rules}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 4, 1);
    fake->counts = all_fail;
    Bench bench = bench_of(fake);
    PropertySpec change = {.entity.name = "size", .value = 70};
    config_push(bench.parts.configs, 0, (SimList){&change, 1}, SIM_NONE);
    sim_run(fake->sim, 60 * SIM_SECOND);
    CHECK_INT(fake_count(fake, FAKE_KILL_SWITCH), 1);
    FakeCall call = fake_call(fake, FAKE_KILL_SWITCH, 0);
    CHECK_INT(call.who, 1);
    CHECK_NEAR(call.value, 1, 0);
    CHECK_STR(sim_journal_get(fake->world.journal, call.cause)->kind, "rollout.kills");
    CHECK_NEAR(fake_behaviour(fake, 0, 2, 0).errors, .2, 1e-12);
}

static CU_TestInfo tests[] = {
    {"a_surge_multiplies_and_ends", a_surge_multiplies_and_ends},
    {"halts_of_one_service_end_with_the_last", halts_of_one_service_end_with_the_last},
    {"switches_reach_the_plane", switches_reach_the_plane},
    {"a_central_service_that_restarts_forgets_what_waits",
     a_central_service_that_restarts_forgets_what_waits},
    {"pops_go_down_and_come_back", pops_go_down_and_come_back},
    {"a_pop_that_two_hold_down_waits_for_both", a_pop_that_two_hold_down_waits_for_both},
    {"configs_and_clusters_are_told", configs_and_clusters_are_told},
    {"a_word_waits_for_the_status_page", a_word_waits_for_the_status_page},
    {"a_deed_is_described_in_words", a_deed_is_described_in_words},
    {"what_can_not_be_done_is_said", what_can_not_be_done_is_said},
    {"a_gate_pulls_a_switch_as_a_hand_does", a_gate_pulls_a_switch_as_a_hand_does},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("deed", tests)
