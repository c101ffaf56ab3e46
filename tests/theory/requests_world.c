/*
 * requests_world.c - whole runs of the request plane against theory: caches, crashes, rollouts.
 *
 * Cases 16 to 19 of the model book through a site's cache at one PoP, 29 through a config that
 * kills its reader, 31 through a health gate that watches real requests, 32 through a generator.
 */
#include "tests/theory/requests.h"

/* caches ------------------------------------------------------------------------------------ */

/* All requests are for objects; nothing takes CPU. */
static char *
cache_text(const char *cache, const char *origin, double seconds, double per_s, const char *more)
{
    return g_strdup_printf("blackstart: 1\n"
                           "title: caches\n"
                           "clock: {duration: %gs}\n"
                           "network: {busiest: 1, cores: 1, diurnal: {amplitude: 0%%}}\n"
                           "services: {proxy: {placement: pop}}\n"
                           "sites: {web: {service: proxy, requests: %g/s, origin: {%s},\n"
                           "  cache: {cacheable: 100%%, %s},\n"
                           "  client: {timeout: 1h, persistence: 0%%}}}\n%s",
                           seconds, per_s, origin, cache, more);
}

static double
hit_ratio(const WholeRun *whole, double from_s, double to_s)
{
    SimTime from = sim_from_seconds(from_s), to = sim_from_seconds(to_s);
    return whole_run_total(whole, "cache.hits", from, to) /
           whole_run_total(whole, "cache.lookups", from, to);
}

static void
full_caches_hit_as_their_policy_says(void)
{
    static const struct {
        const char *number, *about, *cache;
        double hit;
    } rows[] = {
        {"17", "R: LRU .8, 1e5/1e4: hits", "objects: 100k, size: 10%, alpha: 0.8", .46869},
        {"17", "R: LRU .9, 1e5/1e4: hits", "objects: 100k, size: 10%, alpha: 0.9", .60523},
        {"17", "R: LRU 1, 1e5/1e4: hits", "objects: 100k, size: 10%, alpha: 1", .73734},
        {"17", "R: LRU .9, 1e6/1e5: hits", "objects: 1M, size: 10%, alpha: 0.9", .63695},
        {"18", "R: FIFO .9, 1e5/1e4: hits", "objects: 100k, size: 10%, alpha: 0.9, policy: fifo",
         .56372},
        {"18", "R: CLOCK .9, 1e5/1e4: hits", "objects: 100k, size: 10%, alpha: 0.9, policy: clock",
         .6162},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        WholeRun whole;
        g_autofree char *text = cache_text(rows[i].cache, "latency: 0s", 200, 10000, "");
        requests_run(&whole, text, 1);
        CASE_NEAR(rows[i].number, rows[i].about, hit_ratio(&whole, 0, 200), rows[i].hit, .0015);
        whole_run_clear(&whole);
    }
}

/* A purge every 100 s; 125 requests a second, so 2,500 are 20 s: whole buckets of 2 s. */
static void
an_empty_cache_fills_as_the_curve_says(void)
{
    static const struct {
        double requests, hit;
    } rows[] = {{2500, .31374}, {5000, .37248}, {10000, .43569}};
    enum { PURGES = 60 };
    WholeRun whole;
    g_autofree char *text =
        cache_text("objects: 100k, size: 10%, alpha: 0.9", "latency: 0s", 100 * PURGES, 125,
                   "timeline: [{at: +0s, every: 100s, do: purge, sites: [web]}]\n");
    requests_run(&whole, text, 1);
    CHECK_INT(sim_recorder_width(run_recorder(whole.run)), 2 * SIM_SECOND);
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        Spread hits = {0};
        g_autofree char *about =
            g_strdup_printf("R: LRU .9, 1e5/1e4, cold: hits of the first %g", rows[i].requests);
        for (int k = 0; k < PURGES; k++)
            spread_add(&hits, hit_ratio(&whole, 100 * k, 100 * k + rows[i].requests / 125));
        CASE_NEAR("16", about, spread_mean(&hits), rows[i].hit, .003);
    }
    whole_run_clear(&whole);
}

/* What is fetched comes in; an origin that answers 30 % of what it is asked fills slower. */
static void
a_failing_origin_keeps_a_cache_from_turning_over(void)
{
    WholeRun whole;
    const char *cache = "objects: 100k, size: 10%, alpha: 0.9";
    double answered = .3, hit = .63173, per_s = 10000;
    g_autofree char *origin =
        g_strdup_printf("latency: 0s, capacity: %g/s", answered * (1 - hit) * per_s);
    g_autofree char *text = cache_text(cache, origin, 400, per_s, "");
    requests_run(&whole, text, 1);
    CASE_NEAR("19", "R: LRU, origin answers 30 %: hits", hit_ratio(&whole, 200, 400), hit, .003);
    whole_run_clear(&whole);
    g_autofree char *dead = cache_text(cache, "latency: 0s, capacity: 0.000001/s", 400, per_s, "");
    requests_run(&whole, dead, 1);
    CASE_NEAR("19", "R: LRU, dead origin: hits, late less early",
              hit_ratio(&whole, 200, 400) - hit_ratio(&whole, 0, 200), 0, .0015);
    whole_run_clear(&whole);
}

/* crashes ----------------------------------------------------------------------------------- */

/* A version that kills its readers at 10 s, taken back after a while: service comes back with the
 * next start, and those are at 0, 0, 10, 30, 70, 150, 310, 610 and 910 s after the crash. */
static void
a_crash_loop_ends_at_the_next_start(void)
{
    static const struct {
        double fixed, starts;
    } rows[] = {{4, 10}, {15, 30}, {40, 70}, {80, 150}, {160, 310}, {320, 610}, {620, 910}};
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        WholeRun whole;
        double found = NAN;
        g_autofree char *text = g_strdup_printf(
            "blackstart: 1\n"
            "title: crash loop\n"
            "clock: {duration: 1000s}\n"
            "network: {busiest: 1, cores: 8, diurnal: {amplitude: 0%%}}\n"
            "services: {proxy: {placement: pop, cpu: 1ms, restart: {delay: 0s}}}\n"
            "sites: {web: {service: proxy, requests: 200/s, client: {persistence: 0%%}}}\n"
            "configs: {flags: {properties: {x: 1}, distribution: {delay: 0s}, consumers: [\n"
            "  {service: proxy, when: x > 1, effect: {crash_loop: 100%%}}]}}\n"
            "timeline: [{at: +10s, do: push, config: flags, properties: {x: 2}},\n"
            "  {at: +%gs, do: push-known-good, config: flags}]\n",
            10 + rows[i].fixed);
        g_autofree char *about = g_strdup_printf(
            "R: crash loop, fixed after %g s: served again after, s", rows[i].fixed);
        requests_run(&whole, text, 1);
        for (int second = 11; second < 1000 && isnan(found); second++)
            if (whole_run_total(&whole, "all.ok", second * SIM_SECOND, (second + 1) * SIM_SECOND) >
                0)
                found = second - 10;
        CASE_NEAR("29", about, found, rows[i].starts, 1);
        whole_run_clear(&whole);
    }
}

/* rollouts ---------------------------------------------------------------------------------- */

/* Waves of 1, 5, 25 and 100 % of 100 PoPs every ten minutes, burn rate 14.4 over an hour and five
 * minutes.  The gate sees what is up to one tick old and decides every 10 s. */
static double
seconds_until_stopped(double share, uint64_t seed)
{
    WholeRun whole;
    double found = NAN;
    g_autofree char *text = g_strdup_printf(
        "blackstart: 1\n"
        "title: gate\n"
        "clock: {duration: %gs}\n"
        "network: {busiest: 100, cores: 32, diurnal: {amplitude: 0%%}}\n"
        "services: {proxy: {placement: pop, cpu: 1ms}}\n"
        "sites: {web: {service: proxy, requests: 2000/s, client: {persistence: 0%%}}}\n"
        "configs: {flags: {properties: {x: 1}, distribution: {delay: 0s}, rollout: {\n"
        "  waves: [1%%, 5%%, 25%%, 100%%],\n"
        "  gate: {kind: burn, window: 1h, short_window: 5m, lag: 0s}}, consumers: [\n"
        "  {service: proxy, when: x > 1, effect: {errors: %g%%}}]}}\n"
        "timeline: [{at: +60s, do: push, config: flags, properties: {x: 2}}]\n",
        52 / share + 200, 100 * share);
    requests_run(&whole, text, seed);
    const SimJournal *journal = run_journal(whole.run);
    for (uint32_t e = 0; e < sim_journal_count(journal); e++)
        if (strcmp(sim_journal_get(journal, e)->kind, "rollout.stopped") == 0)
            found = sim_seconds(sim_journal_get(journal, e)->at) - 60;
    whole_run_clear(&whole);
    return found;
}

static void
a_gate_stops_a_rollout_when_its_budget_is_burnt(void)
{
    Spread fast = {0};
    for (uint64_t seed = 1; seed <= 6; seed++)
        spread_add(&fast, seconds_until_stopped(.05, seed));
    CASE_NEAR("31", "R: gate of a rollout that fails 5 %: stops after, s", spread_mean(&fast),
              1036.8 + 5, 10 + 4 * spread_error(&fast));
    CASE_NEAR("31", "R: the same, 2 %", seconds_until_stopped(.02, 1), 2592 + 5, 20);
}

/* generators -------------------------------------------------------------------------------- */

/* Half of the nodes are changed; 36 rounds have 35 chances to differ from the one before. */
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
        if (seed == 1)
            requests_run(&whole, text, seed);
        else
            requests_run_again(&whole, seed);
        uint32_t n = 0;
        CHECK(run_config_versions(whole.run, 0) >= 38);
        for (uint32_t v = 2; v <= 36; v++)
            n += run_config_version(whole.run, 0, v).is_bad !=
                 run_config_version(whole.run, 0, v + 1).is_bad;
        spread_add(&flips, n);
    }
    whole_run_clear(&whole);
    CASE_NEAR("32", "R: generator half migrated, 36 rounds: flips", spread_mean(&flips), 17.5, .3);
    CASE_NEAR("32", "R: the same: standard deviation", spread_deviation(&flips), 2.96, .3);
}

static CU_TestInfo tests[] = {
    {"full_caches_hit_as_their_policy_says", full_caches_hit_as_their_policy_says},
    {"an_empty_cache_fills_as_the_curve_says", an_empty_cache_fills_as_the_curve_says},
    {"a_failing_origin_keeps_a_cache_from_turning_over",
     a_failing_origin_keeps_a_cache_from_turning_over},
    {"a_crash_loop_ends_at_the_next_start", a_crash_loop_ends_at_the_next_start},
    {"a_gate_stops_a_rollout_when_its_budget_is_burnt",
     a_gate_stops_a_rollout_when_its_budget_is_burnt},
    {"a_half_migrated_generator_flips_as_a_coin_does",
     a_half_migrated_generator_flips_as_a_coin_does},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("requests_world", tests)
