/*
 * canary.c - what gates of rollouts see: cases 28, 31 and 32, the table of powers, scope, and
 * failures that come together.
 *
 * Canaries of whole runs are one each four hundred seconds: a generator makes a bad version, one of
 * two PoPs gets it, the gate looks once after two hundred, and the next version supersedes it.
 */
#include "models/gate.h"
#include "models/plane.h"
#include "models/proportion.h"
#include "tests/fake_world.h"
#include "tests/theory/requests.h"

#include <string.h>

/* a gate alone -------------------------------------------------------------------------------- */

enum { POPS = 11 };

/* A canary, ten PoPs without the version, and counters that the test moves. */
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
    return ((const Bench *)fake->context)->counts[pop];
}

static void
bench_init(Bench *bench, const char *gate)
{
    g_autofree char *text = g_strdup_printf(
        "services: {proxy: {placement: pop}}\n"
        "sites: {web: {service: proxy, requests: 100/s}}\n"
        "configs: {rules: {properties: {x: 0}, rollout: {waves: [5%%, 100%%], gate: {\n"
        "  lag: 0s, window: 10m, every: 10m, requests_min: 0, %s}}}}\n",
        gate);
    *bench = (Bench){.fake = fake_world_new(text, POPS, 1)};
    bench->fake->counts = count;
    bench->fake->context = bench;
    bench->ops = *bench->fake->world.ops;
    bench->fake->world.ops = &bench->ops;
    for (uint32_t i = 0; i < POPS; i++)
        bench->order[i] = i;
    bench->gate = gate_new(bench->fake->sim, &bench->fake->world,
                           world_config(&bench->fake->world, 0), bench->order);
}

/* One canary of n requests of which Binomial(n, share) clusters fail; whether it is stopped. */
static bool
is_stopped(Bench *bench, SimRng *rng, uint64_t n, double share, uint64_t cluster, double ordinary)
{
    memset(bench->counts, 0, sizeof bench->counts);
    gate_start(bench->gate);
    gate_watch(bench->gate, 0);
    for (uint32_t pop = 0; pop < POPS; pop++) {
        double p = pop == 0 ? share : ordinary;
        uint64_t failed = sim_rng_binomial(rng, n / cluster, p) * cluster;
        bench->counts[pop] = (PlaneCounts){(int64_t)n, (int64_t)failed};
    }
    return gate_look(bench->gate);
}

static double
stopped_share(const char *gate, uint64_t n, double share, uint64_t cluster, uint32_t times)
{
    Bench bench;
    uint32_t stopped = 0;
    bench_init(&bench, gate);
    SimRng rng = sim_stream(bench.fake->sim, "test/canary");
    for (uint32_t i = 0; i < times; i++)
        stopped += is_stopped(&bench, &rng, n, share, cluster, .001);
    fake_world_free(bench.fake);
    return (double)stopped / times;
}

static void
the_exact_rule_has_the_size_and_power_of_the_binomial_law(void)
{
    static const char gate[] = "kind: binomial, at_most: 0.1%, alpha: 1%";
    CASE_NEAR("28", "exact rule, n=1000: stops good ones, p=.001",
              stopped_share(gate, 1000, .001, 1, 40000), .0036, .0015);
    CASE_NEAR("28", "exact rule, n=1000: p=.002", stopped_share(gate, 1000, .002, 1, 20000), .0525,
              .01);
    CASE_NEAR("28", "exact rule, n=1000: p=.005", stopped_share(gate, 1000, .005, 1, 20000), .5599,
              .015);
    CASE_NEAR("28", "exact rule, n=1000: p=.01", stopped_share(gate, 1000, .01, 1, 20000), .9713,
              .01);
}

/* Ten requests fail together: the design effect is 1 + (10 - 1) x 1. */
static void
failures_that_come_together_are_fewer_than_they_look(void)
{
    static const char naive[] = "kind: binomial, at_most: 0.1%, alpha: 1%";
    static const char aware[] = "kind: binomial, at_most: 0.1%, alpha: 1%, design_effect: 10x";
    CASE_NEAR("-", "ten fail together, n=1000: stops good ones",
              stopped_share(naive, 1000, .001, 10, 20000), 1 - pow(.999, 100), .01);
    CASE_NEAR("-", "the same with design_effect 10x", stopped_share(aware, 1000, .001, 10, 20000),
              proportion_tail(100, .001, 2), .003);
    CASE_NEAR("-", "with design_effect 10x: bad ones, p=.05",
              stopped_share(aware, 1000, .05, 10, 20000), proportion_tail(100, .05, 2), .015);
}

/* The rule of the gate, summed over what both samples can be. */
static double
exact_power(uint64_t n, double p1, double p0)
{
    double z = 2.3263478740408408, sum = 0;
    uint64_t most = (uint64_t)(10 * (double)n * p0 + 12 * sqrt(10 * (double)n * p0) + 12);
    for (uint64_t y = 0; y <= MIN(most, 10 * n); y++) {
        double here = proportion_tail(10 * n, p0, y) - proportion_tail(10 * n, p0, y + 1);
        uint64_t low = 0, high = n + 1; /* the first x that is too many */
        while (high - low > 1) {
            uint64_t x = low + (high - low) / 2;
            ProportionSample with = {(double)n, (double)x};
            ProportionSample without = {10 * (double)n, (double)y};
            if (proportion_z(with, without) > z)
                high = x;
            else
                low = x;
        }
        sum += here * proportion_tail(n, p1, high);
    }
    return sum;
}

/* The table gives the normal approximation; the rule itself differs where few fail. */
static void
the_test_against_a_baseline_has_its_power(void)
{
    static const char gate[] = "kind: baseline, baseline: 10x, alpha: 1%";
    static const double shares[] = {.0015, .002, .005, .01, .05};
    static const struct {
        uint64_t n;
        double table[5], near;
    } rows[] = {{100, {.032, .062, .241, .445, .923}, .1},
                {1000, {.057, .143, .696, .965, 1}, .04},
                {10000, {.235, .665, 1, 1, 1}, .02},
                {100000, {.976, 1, 1, 1, 1}, .02}};
    for (uint32_t r = 0; r < G_N_ELEMENTS(rows); r++)
        for (uint32_t s = 0; s < G_N_ELEMENTS(shares); s++) {
            g_autofree char *about = g_strdup_printf("against a baseline, n=%g p=%g, rule itself",
                                                     (double)rows[r].n, shares[s]);
            g_autofree char *table = g_strdup_printf("the same, table of normal powers");
            double found = stopped_share(gate, rows[r].n, shares[s], 1, 10000);
            CASE_NEAR("28", about, found, exact_power(rows[r].n, shares[s], .001), .02);
            CASE_NEAR("28", table, found, rows[r].table[s], rows[r].near);
        }
}

/* whole runs ---------------------------------------------------------------------------------- */

static uint32_t
count_of(const WholeRun *whole, const char *kind)
{
    const SimJournal *journal = run_journal(whole->run);
    uint32_t n = 0;
    for (uint32_t e = 0; e < sim_journal_count(journal); e++)
        n += strcmp(sim_journal_get(journal, e)->kind, kind) == 0;
    return n;
}

static void
make(WholeRun *whole, const char *text, RunPlane plane)
{
    const RunOptions options = {.name = "theory", .plane = plane, .seed = 7, .has_seed = true};
    whole_run_make(whole, text, &options);
    whole_run_finish(whole);
}

/* 1,400 canaries of about 1,000 requests of the smaller of two PoPs. */
static double
stopped_of_canaries(RunPlane plane, double share)
{
    WholeRun whole;
    g_autofree char *text = g_strdup_printf(
        "blackstart: 1\n"
        "title: canaries\n"
        "clock: {duration: 560000s}\n"
        "network: {busiest: 2, cores: 32, diurnal: {amplitude: 0%%}}\n"
        "services: {proxy: {placement: pop, cpu: 1ms}}\n"
        "sites: {web: {service: proxy, requests: 12.35/s, client: {retries: 0, persistence: "
        "0%%}}}\n"
        "clusters: {nodes: 10}\n"
        "configs: {flags: {properties: {x: 1}, distribution: {delay: 0s},\n"
        "  generator: {every: 400s, runs_on: nodes, when_migrated: {x: 2}}, rollout: {\n"
        "  order: small-first, waves: [{share: 50%%, soak: 300s}, {share: 100%%}],\n"
        "  gate: {kind: binomial, at_most: 0.1%%, window: 200s, every: 200s, lag: 0s}},\n"
        "  consumers: [{service: proxy, when: x > 1, effect: {errors: %g%%}}]}}\n"
        "timeline: [{at: +0s, do: migrate, cluster: nodes, from: 100%%, to: 100%%}]\n",
        100 * share);
    make(&whole, text, plane);
    double n = run_config_versions(whole.run, 0) - 1, stopped = count_of(&whole, "rollout.stopped");
    whole_run_clear(&whole);
    return stopped / n;
}

static void
canaries_of_whole_runs_are_stopped_as_often(void)
{
    static const char *const names[] = {"F", "R"};
    for (int plane = RUN_FLOW; plane <= RUN_REQUEST; plane++) {
        g_autofree char *good = g_strdup_printf("%s: canary of 1,000, p=.001", names[plane]);
        g_autofree char *bad = g_strdup_printf("%s: canary of 1,000, p=.005", names[plane]);
        CASE_NEAR("28", good, stopped_of_canaries((RunPlane)plane, .001), .0036, .008);
        CASE_NEAR("28", bad, stopped_of_canaries((RunPlane)plane, .005), .5599, .04);
    }
}

/* Waves of 1, 5, 25 and 100 %: when the gate of a version that fails `share` stops it; NAN: never.
 */
static double
stopped_after(RunPlane plane, double share, const char *rollout)
{
    WholeRun whole;
    double found = NAN;
    g_autofree char *text = g_strdup_printf(
        "blackstart: 1\n"
        "title: gate\n"
        "clock: {duration: 1h30m}\n"
        "network: {busiest: 100, cores: 32, diurnal: {amplitude: 0%%}}\n"
        "services: {proxy: {placement: pop, cpu: 1ms}}\n"
        "sites: {web: {service: proxy, requests: 2000/s, client: {persistence: 0%%}}}\n"
        "configs: {flags: {properties: {x: 1}, distribution: {delay: 0s}, rollout: {%s},\n"
        "  consumers: [{service: proxy, when: x > 1, effect: {errors: %g%%}}]}}\n"
        "timeline: [{at: +60s, do: push, config: flags, properties: {x: 2}}]\n",
        rollout, 100 * share);
    make(&whole, text, plane);
    const SimJournal *journal = run_journal(whole.run);
    for (uint32_t e = 0; e < sim_journal_count(journal); e++)
        if (strcmp(sim_journal_get(journal, e)->kind, "rollout.stopped") == 0)
            found = sim_seconds(sim_journal_get(journal, e)->at) - 60;
    whole_run_clear(&whole);
    return found;
}

#define BURN "kind: burn, window: 1h, short_window: 5m, lag: 0s, every: 10s, requests_min: 0"

/* The flow plane's counters are up to ten seconds old. */
static void
a_gate_stops_a_rollout_when_its_budget_is_burnt(void)
{
    static const char waves[] = "waves: [1%, 5%, 25%, 100%], gate: {" BURN "}";
    CASE_NEAR("31", "F: gate of a rollout that fails 5 %: stops after, s",
              stopped_after(RUN_FLOW, .05, waves), 1036.8 + 5, 15);
    CASE_NEAR("31", "F: the same, 2 %", stopped_after(RUN_FLOW, .02, waves), 2592 + 5, 15);
}

/* One PoP of a hundred fails everything: less than the 1.44 % of all that a global gate wants. */
static void
a_small_canary_shows_in_its_own_figures_alone(void)
{
    static const char own[] = "order: small-first, waves: [{share: 1%, soak: 2h}, 100%],\n"
                              "  gate: {" BURN ", scope: wave}";
    static const char global[] = "order: small-first, waves: [{share: 1%, soak: 2h}, 100%],\n"
                                 "  gate: {" BURN ", scope: all}";
    for (int plane = RUN_FLOW; plane <= RUN_REQUEST; plane++) {
        g_autofree char *about =
            g_strdup_printf("%s: 1 %% canary fails all: its own gate stops it after, s",
                            plane == RUN_FLOW ? "F" : "R");
        CASE_NEAR("-", about, stopped_after((RunPlane)plane, 1, own), 51.8 + 5, 15);
        CHECK(isnan(stopped_after((RunPlane)plane, 1, global)));
    }
}

/* A tenth of the traffic is free and gets the version first; those who pay, ten minutes later.  Its
 * 2 % are 0.2 % of all: a gate of 1 % sees them only where it counts the free site alone. */
static void
free_customers_go_before_those_who_pay(void)
{
    static const char *const gates[] = {"requests_min: 0", "sites: small"};
    for (int plane = RUN_FLOW; plane <= RUN_REQUEST; plane++)
        for (uint32_t i = 0; i < 2; i++) {
            WholeRun whole;
            g_autofree char *text = g_strdup_printf(
                "blackstart: 1\n"
                "title: cohorts\n"
                "clock: {duration: 20m}\n"
                "network: {busiest: 10, cores: 32, diurnal: {amplitude: 0%%}}\n"
                "services: {proxy: {placement: pop, cpu: 1ms, cohorts: {free: 60%%, paid: 40%%}}}\n"
                "templates: {site: {service: proxy, client: {retries: 0, persistence: 0%%}}}\n"
                "sites:\n"
                "  small: {like: site, requests: 100/s, cohorts: {free: 100%%, paid: 0%%}}\n"
                "  shops: {like: site, requests: 900/s, cohorts: {free: 0%%, paid: 100%%}}\n"
                "configs: {flags: {properties: {x: 1}, distribution: {delay: 0s}, rollout: {\n"
                "  gate: {kind: threshold, at_most: 1%%, window: 5m, %s},\n"
                "  waves: [{share: 100%%, cohorts: [free], soak: 9m}, {share: 100%%}]},\n"
                "  consumers: [{service: proxy, when: x > 1, effect: {errors: 2%%}}]}}\n"
                "timeline: [{at: +60s, do: push, config: flags, properties: {x: 2}}]\n",
                gates[i]);
            make(&whole, text, (RunPlane)plane);
            SimTime from = 2 * SIM_MINUTE, to = 10 * SIM_MINUTE;
            CHECK(whole_run_total(&whole, "site.shops.failed", 0, to) == 0);
            if (i == 0)
                CASE_NEAR("-", "a wave of the free: 2 % of 100/s for 8 min",
                          whole_run_total(&whole, "site.small.failed", from, to), 960, 130);
            CHECK((whole_run_total(&whole, "site.shops.failed", to, 20 * SIM_MINUTE) > 0) ==
                  (i == 0));
            CHECK_INT(count_of(&whole, "rollout.wave"), i == 0 ? 2 : 1);
            whole_run_clear(&whole);
        }
}

static void
a_half_migrated_generator_flips_as_a_coin_does(void)
{
    static const char text[] =
        "blackstart: 1\n"
        "title: generator\n"
        "clock: {duration: 40s}\n"
        "network: {busiest: 1, cores: 1, diurnal: {amplitude: 0%}}\n"
        "services: {proxy: {placement: pop}}\n"
        "sites: {web: {service: proxy, requests: 1/s}}\n"
        "clusters: {nodes: 1000}\n"
        "configs: {file: {properties: {x: 1}, distribution: {delay: 0s},\n"
        "  generator: {every: 1s, runs_on: nodes, when_migrated: {x: 2}}, consumers: [\n"
        "  {service: proxy, when: x > 1, effect: {panic: 100%}}]}}\n"
        "timeline: [{at: +0s, do: migrate, cluster: nodes, from: 50%, to: 50%}]\n";
    Spread flips = {0};
    WholeRun whole = {0};
    for (uint32_t seed = 1; seed <= 500; seed++) {
        const RunOptions options = {.name = "theory", .seed = seed, .has_seed = true};
        if (seed == 1)
            whole_run_make(&whole, text, &options);
        else
            whole_run_again(&whole, &options);
        whole_run_finish(&whole);
        uint32_t n = 0;
        for (uint32_t v = 2; v <= 36; v++)
            n += run_config_version(whole.run, 0, v).is_bad !=
                 run_config_version(whole.run, 0, v + 1).is_bad;
        spread_add(&flips, n);
    }
    whole_run_clear(&whole);
    CASE_NEAR("32", "F: generator half migrated, 36 rounds: flips", spread_mean(&flips), 17.5, .3);
    CASE_NEAR("32", "F: the same: standard deviation", spread_deviation(&flips), 2.96, .3);
}

static CU_TestInfo tests[] = {
    {"a_gate_stops_a_rollout_when_its_budget_is_burnt",
     a_gate_stops_a_rollout_when_its_budget_is_burnt},
    {"a_small_canary_shows_in_its_own_figures_alone",
     a_small_canary_shows_in_its_own_figures_alone},
    {"free_customers_go_before_those_who_pay", free_customers_go_before_those_who_pay},
    {"a_half_migrated_generator_flips_as_a_coin_does",
     a_half_migrated_generator_flips_as_a_coin_does},
    {"the_exact_rule_has_the_size_and_power_of_the_binomial_law",
     the_exact_rule_has_the_size_and_power_of_the_binomial_law},
    {"failures_that_come_together_are_fewer_than_they_look",
     failures_that_come_together_are_fewer_than_they_look},
    {"the_test_against_a_baseline_has_its_power", the_test_against_a_baseline_has_its_power},
    {"canaries_of_whole_runs_are_stopped_as_often", canaries_of_whole_runs_are_stopped_as_often},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("canary", tests)
