#include "models/gate.h"

#include "models/proportion.h"
#include "tests/fake_world.h"
#include "tests/harness.h"

#include <string.h>

enum { POPS = 20 };

#define HEAD                                                                                       \
    "services: {proxy: {placement: pop}}\n"                                                        \
    "sites: {web: {service: proxy, requests: 100/s}}\n"                                            \
    "configs:\n"                                                                                   \
    "  rules:\n"                                                                                   \
    "    properties: {faulty: 0}\n"                                                                \
    "    rollout: {waves: [5%%, 100%%], gate: "

/* Counters that the test moves by hand. */
typedef struct Bench {
    FakeWorld *fake;
    Gate *gate;
    PlaneOps ops;
    PlaneCounts counts[POPS];
    uint32_t order[POPS];
} Bench;

static PlaneCounts
count(const FakeWorld *fake, uint32_t pop)
{
    const Bench *bench = fake->context;
    return bench->counts[pop];
}

static PlaneMeans
mean(const void *plane, uint32_t pop)
{
    const FakeWorld *fake = plane;
    PlaneCounts counts = count(fake, pop);
    return (PlaneMeans){(double)counts.offered, (double)counts.failed};
}

static Bench *
bench_new(const char *gate, bool is_fluid)
{
    g_autofree char *text = g_strdup_printf(HEAD "%s}\n", gate);
    Bench *bench = g_new0(Bench, 1);
    bench->fake = fake_world_new(text, POPS, 1);
    bench->fake->counts = count;
    bench->fake->context = bench;
    bench->ops = *bench->fake->world.ops;
    bench->ops.means = is_fluid ? mean : NULL;
    bench->fake->world.ops = &bench->ops;
    for (uint32_t i = 0; i < POPS; i++)
        bench->order[i] = i;
    bench->gate = gate_new(bench->fake->sim, &bench->fake->world,
                           world_config(&bench->fake->world, 0), bench->order);
    return bench;
}

static void
bench_free(Bench *bench)
{
    fake_world_free(bench->fake);
    g_free(bench);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bench, bench_free)

static void
add(Bench *bench, uint32_t pop, int64_t offered, int64_t failed)
{
    bench->counts[pop].offered += offered;
    bench->counts[pop].failed += failed;
}

static void
the_exact_test_stops_at_the_fifth_failure(void)
{
    static const char gate[] = "{kind: binomial, at_most: 0.1%, alpha: 1%, lag: 0s, window: 10m, "
                               "every: 10m}";
    for (int64_t failed = 4; failed <= 5; failed++) {
        g_autoptr(Bench) bench = bench_new(gate, false);
        gate_start(bench->gate);
        add(bench, 0, 777, 333);
        gate_watch(bench->gate, 0);
        add(bench, 0, 1000, failed);
        add(bench, 1, 1000, 1000);
        CHECK_INT(gate_look(bench->gate), failed == 5);
        CHECK_NEAR(gate_share(bench->gate), (double)failed / 1000, 1e-12);
    }
}

static void
what_fails_together_counts_less(void)
{
    static const char gate[] = "{kind: binomial, at_most: 0.1%, alpha: 1%, lag: 0s, window: 10m, "
                               "every: 10m, design_effect: 5x}";
    g_autoptr(Bench) bench = bench_new(gate, false);
    gate_start(bench->gate);
    gate_watch(bench->gate, 0);
    add(bench, 0, 1000, 9); /* 1 of 200: 18 % by chance */
    CHECK(!gate_look(bench->gate));
    add(bench, 0, 1000, 21); /* 4 of 200 in the window */
    CHECK(gate_look(bench->gate));
}

static void
a_baseline_is_of_pops_without_the_version(void)
{
    static const char gate[] =
        "{kind: baseline, baseline: 3x, alpha: 1%, lag: 0s, window: 10m, every: 10m}";
    g_autoptr(Bench) bench = bench_new(gate, false);
    gate_start(bench->gate);
    gate_watch(bench->gate, 0);
    /* Everybody fails alike: a bad day, not a bad version. */
    for (uint32_t pop = 0; pop < POPS; pop++)
        add(bench, pop, 10000, 300);
    CHECK(!gate_look(bench->gate));
    /* The last three of the order are the baseline, the others are not looked at. */
    for (uint32_t pop = 1; pop < POPS; pop++)
        add(bench, pop, 10000, pop < POPS - 3 ? 300 : 230);
    add(bench, 0, 10000, 300);
    CHECK(gate_look(bench->gate));
}

static void
a_pop_that_gets_the_version_leaves_the_baseline(void)
{
    static const char gate[] = "{kind: baseline, alpha: 1%, lag: 0s, window: 10m, every: 10m}";
    g_autoptr(Bench) bench = bench_new(gate, false);
    gate_start(bench->gate);
    for (uint32_t pop = 0; pop < POPS; pop++)
        gate_watch(bench->gate, pop);
    for (uint32_t pop = 0; pop < POPS; pop++)
        add(bench, pop, 10000, pop < POPS / 2 ? 5000 : 0);
    CHECK(!gate_look(bench->gate)); /* nobody is left to compare with */
}

static void
too_few_requests_give_no_verdict(void)
{
    g_autoptr(Bench) one =
        bench_new("{kind: binomial, lag: 0s, every: 10m, requests_min: 1001}", false);
    gate_start(one->gate);
    gate_watch(one->gate, 0);
    add(one, 0, 1000, 1000);
    CHECK(!gate_look(one->gate));
    g_autoptr(Bench) two =
        bench_new("{kind: baseline, lag: 0s, every: 10m, requests_min: 1000}", false);
    gate_start(two->gate);
    gate_watch(two->gate, 0);
    add(two, 0, 1000, 1000);
    add(two, POPS - 1, 999, 0);
    CHECK(!gate_look(two->gate));
}

/* Counters that are expectations get the noise of single requests, in the tests alone. */
static void
fluid_counters_get_their_noise(void)
{
    static const char gate[] = "{kind: binomial, at_most: 0.1%, alpha: 1%, lag: 0s, window: 10m, "
                               "every: 10m}";
    g_autoptr(Bench) bench = bench_new(gate, true);
    uint32_t stopped = 0, n = 4000;
    double sum = 0;
    for (uint32_t i = 0; i < n; i++) {
        gate_start(bench->gate);
        gate_watch(bench->gate, 0);
        add(bench, 0, 1000, 5);
        stopped += gate_look(bench->gate);
        sum += gate_share(bench->gate);
    }
    CHECK_NEAR((double)stopped / n, .5599, .03);
    CHECK_NEAR(sum / n, .005, .0002);
    g_autoptr(Bench) plain = bench_new("{kind: threshold, at_most: 0.49%, lag: 0s}", true);
    gate_start(plain->gate);
    gate_watch(plain->gate, 0);
    add(plain, 0, 1000, 5);
    CHECK(gate_look(plain->gate));
    CHECK_NEAR(gate_share(plain->gate), .005, 1e-12);
}

static void
a_wave_counts_what_came_since_it_began(void)
{
    g_autoptr(Bench) bench = bench_new("{kind: threshold, lag: 10s, every: 10s}", false);
    gate_start(bench->gate);
    gate_watch(bench->gate, 0);
    gate_begin_wave(bench->gate);
    add(bench, 0, 1000, 0);
    gate_look(bench->gate);
    CHECK_INT(gate_seen(bench->gate), 0);
    gate_look(bench->gate);
    CHECK_INT(gate_seen(bench->gate), 1000);
    gate_begin_wave(bench->gate);
    CHECK_INT(gate_seen(bench->gate), 0);
    add(bench, 0, 400, 0);
    gate_look(bench->gate);
    gate_look(bench->gate);
    CHECK_INT(gate_seen(bench->gate), 400);
}

static void
what_a_gate_notices_depends_on_its_sample(void)
{
    GateSpec gate = {.kind = GATE_BINOMIAL,
                     .at_most = .001,
                     .alpha = .01,
                     .window = 10 * SIM_MINUTE,
                     .baseline = 10,
                     .design_effect = 1,
                     .burn = 14.4};
    SimTime soak = 10 * SIM_MINUTE;
    CHECK_NEAR(gate_noticed(&gate, 1000, soak, .9713), .01, 1e-4);
    CHECK(gate_noticed(&gate, 1e6, soak, .95) < .0013);
    CHECK_NEAR(gate_noticed(&gate, 10, soak, .95), .2589, 1e-4);
    gate.requests_min = 100;
    CHECK_NEAR(gate_noticed(&gate, 10, soak, .95), 1, 0);
    gate.kind = GATE_BASELINE;
    CHECK_NEAR(proportion_power(1000, gate_noticed(&gate, 1000, soak, .95), 10000, .001, .01), .95,
               1e-6);
    gate.kind = GATE_BURN;
    gate.window = SIM_HOUR;
    CHECK_NEAR(gate_noticed(&gate, 1e6, soak, .95), .0864, 1e-9);
    gate.kind = GATE_THRESHOLD;
    gate.at_most = .01;
    CHECK_NEAR(gate_noticed(&gate, 6e6, soak, .95), .01, .001);
}

/* Site 0 has one request in fifty, and all failures. */
static PlaneCounts
count_site(const void *plane, uint32_t pop, uint32_t site)
{
    PlaneCounts all = count(plane, pop);
    int64_t offered = site == 0 ? all.offered / 50 : all.offered - all.offered / 50;
    return (PlaneCounts){offered, site == 0 ? all.failed : 0};
}

static void
a_gate_counts_the_sites_it_is_told(void)
{
    static const char *const gates[] = {
        "{kind: binomial, at_most: 0.1%, lag: 0s, window: 10m, every: 10m}",
        "{kind: binomial, at_most: 0.1%, lag: 0s, window: 10m, every: 10m, sites: web}"};
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t is_fluid = 0; is_fluid < 2; is_fluid++) {
            g_autoptr(Bench) bench = bench_new(gates[i], is_fluid);
            bench->ops.site_counts = count_site;
            gate_start(bench->gate);
            gate_watch(bench->gate, 0);
            add(bench, 0, 50000, 30);
            CHECK_INT(gate_look(bench->gate), i == 1);
        }
}

static CU_TestInfo tests[] = {
    {"the_exact_test_stops_at_the_fifth_failure", the_exact_test_stops_at_the_fifth_failure},
    {"what_fails_together_counts_less", what_fails_together_counts_less},
    {"a_baseline_is_of_pops_without_the_version", a_baseline_is_of_pops_without_the_version},
    {"a_pop_that_gets_the_version_leaves_the_baseline",
     a_pop_that_gets_the_version_leaves_the_baseline},
    {"too_few_requests_give_no_verdict", too_few_requests_give_no_verdict},
    {"fluid_counters_get_their_noise", fluid_counters_get_their_noise},
    {"a_wave_counts_what_came_since_it_began", a_wave_counts_what_came_since_it_began},
    {"what_a_gate_notices_depends_on_its_sample", what_a_gate_notices_depends_on_its_sample},
    {"a_gate_counts_the_sites_it_is_told", a_gate_counts_the_sites_it_is_told},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("gate", tests)
