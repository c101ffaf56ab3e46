/*
 * detection.c - how long it takes to see that a share p of requests fails, against closed forms.
 *
 * Cases 26 (burn rates over two windows) and 27 (probes) on the modules alone and through whole
 * runs of both planes; thresholds; CUSUM of Poisson counts.  A whole run is one service of which a
 * share p of calls fails from a moment on, to clients who never try again, so that the traffic
 * stays.
 */
#include "models/faults.h"
#include "models/monitor.h"
#include "models/probes.h"
#include "tests/theory/theory.h"

#include "tests/whole_run.h"

#include <math.h>
#include <string.h>

static const uint64_t seed = 26;

/* modules alone ----------------------------------------------------------------------------- */

typedef struct Step { /* errors p from `at` on, until `end` */
    SimTime at, end;
    double p;
} Step;

static const double rate = 1e5; /* requests a second */

static int64_t
failed_at(const Step *step, SimTime now)
{
    SimTime spell = MIN(now, step->end) - MIN(now, step->at);
    return (int64_t)floor(sim_seconds(spell) * rate * step->p);
}

/* Seconds from the step to the pair's alert, and from its end to the alert's; -1: never. */
static void
run_pair(const Step *step, SimTime slow, SimTime fast, double burn, SimTime every,
         double *ret_begin, double *ret_end)
{
    g_autoptr(SimArena) arena = sim_arena_new(0);
    MonitorSeries series;
    MonitorAlert alert = {.since = -1};
    const double limit = burn * 0.001;
    monitor_series_init(&series, arena, every, slow);
    series.before = 0;
    *ret_begin = *ret_end = -1;
    for (SimTime now = every; now < step->end + 2 * SIM_HOUR; now += every) {
        monitor_series_add(&series, failed_at(step, now), (int64_t)floor(sim_seconds(now) * rate));
        bool holds = monitor_window(&series, now, 0, slow).level >= limit &&
                     monitor_window(&series, now, 0, fast).level >= limit;
        if (!monitor_alert_step(&alert, holds ? MONITOR_BAD : MONITOR_OK, NO_DATA_KEEP, now, 0))
            continue;
        if (alert.is_firing && *ret_begin < 0)
            *ret_begin = sim_seconds(now - step->at);
        else if (!alert.is_firing)
            *ret_end = sim_seconds(now - step->end);
    }
}

static const double shares[] = {1, 0.5, 0.1, 0.05, 0.02, 0.01};

static void
check_row(SimTime slow, SimTime fast, double burn, const double *want)
{
    for (guint i = 0; i < G_N_ELEMENTS(shares); i++) {
        Step step = {.at = 7 * SIM_HOUR, .end = 12 * SIM_HOUR, .p = shares[i]};
        double begin, end;
        for (SimTime every = SIM_SECOND; every <= SIM_MINUTE; every *= 15) {
            double period = sim_seconds(every);
            run_pair(&step, slow, fast, burn, every, &begin, &end);
            CHECK_NEAR(begin, want[i] < 0 ? -1 : want[i] + period / 2, period / 2 + 1e-6);
        }
    }
}

static void
burn_rates_take_the_time_of_the_table(void)
{
    static const double hour[] = {51.84, 103.68, 518.4, 1036.8, 2592, -1};
    static const double six_hours[] = {129.6, 259.2, 1296, 2592, 6480, 12960};
    check_row(SIM_HOUR, 5 * SIM_MINUTE, 14.4, hour);
    check_row(6 * SIM_HOUR, 30 * SIM_MINUTE, 6, six_hours);
}

static void
short_windows_end_alerts_soon(void)
{
    const Step step = {.at = 7 * SIM_HOUR, .end = 8 * SIM_HOUR, .p = 1};
    double begin, end;
    run_pair(&step, SIM_HOUR, 5 * SIM_MINUTE, 14.4, SIM_SECOND, &begin, &end);
    CHECK_NEAR(end, 295.68 + 0.5, 0.5);
    run_pair(&step, 6 * SIM_HOUR, 30 * SIM_MINUTE, 6, SIM_SECOND, &begin, &end);
    CHECK_NEAR(end, 1789.2 + 0.5, 0.5);
}

/* Seconds until the k-th of V points has tested, by the points' own phases. */
static double
draw_probes(SimRng *rng, uint32_t n, SimTime every, uint32_t need, double failing)
{
    g_autoptr(SimArena) arena = sim_arena_new(0);
    g_autofree SimTime *first = g_new(SimTime, n);
    Probes probes;
    SimTime at = 0;
    probes_init(&probes, arena, n, need);
    for (uint32_t i = 0; i < n; i++)
        first[i] = sim_rng_chance(rng, failing) ? probes_phase(rng, every) : SIM_TIME_MAX;
    while (!probes_is_firing(&probes)) {
        uint32_t next = 0;
        for (uint32_t i = 1; i < n; i++)
            next = first[i] < first[next] ? i : next;
        if (first[next] == SIM_TIME_MAX)
            return -1;
        at = first[next];
        first[next] = SIM_TIME_MAX;
        probes_result(&probes, next, true);
    }
    return sim_seconds(at);
}

static int
by_size(gconstpointer left, gconstpointer right, gpointer context)
{
    double a = *(const double *)left, b = *(const double *)right;
    (void)context;
    return (a > b) - (a < b);
}

static void
check_probes(SimTime every, uint32_t n, uint32_t need, double mean, double p95)
{
    enum { DRAWS = 5000 };
    g_autofree double *times = g_new(double, DRAWS);
    SimRng rng = sim_rng_named(seed, n, "probes");
    double sum = 0;
    for (uint32_t i = 0; i < DRAWS; i++)
        sum += times[i] = draw_probes(&rng, n, every, need, 1);
    g_qsort_with_data(times, DRAWS, sizeof *times, by_size, NULL);
    CHECK_NEAR(sum / DRAWS, mean, 0.03 * mean);
    CHECK_NEAR(times[DRAWS * 95 / 100], p95, 0.03 * p95);
}

static void
probes_take_the_time_of_an_order_statistic(void)
{
    check_probes(60 * SIM_SECOND, 10, 1, 5.45, 15.5);
    check_probes(60 * SIM_SECOND, 10, 3, 16.4, 30.4);
    check_probes(300 * SIM_SECOND, 20, 3, 42.9, 84.8);
    check_probes(120 * SIM_SECOND, 50, 25, 58.8, 72.6);
}

static void
of_failing_pops_so_many_points_are_binomial(void)
{
    enum { DRAWS = 4000 };
    SimRng rng = sim_rng_named(seed, 0, "binomial");
    uint32_t missed = 0;
    for (uint32_t i = 0; i < DRAWS; i++)
        missed += draw_probes(&rng, 20, SIM_MINUTE, 3, 0.1) < 0;
    /* P(Bin(20, .1) <= 2) */
    CHECK_NEAR((double)missed / DRAWS, 0.6769, 0.025);
}

static void
a_cusum_of_poisson_counts_takes_its_excess_over_its_drift(void)
{
    enum { DRAWS = 4000 };
    SimRng rng = sim_rng_named(seed, 0, "cusum");
    double k = monitor_cusum_reference(10, 20), sum = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        MonitorCusum cusum = {0};
        do
            sum++;
        while (!monitor_cusum_step(&cusum, (int64_t)sim_rng_poisson(&rng, 20), k, 15));
    }
    /* 2.7 intervals, and what the last of them has too much. */
    CHECK_NEAR(k, 14.427, 1e-3);
    CHECK(sum / DRAWS > 2.7 && sum / DRAWS < 3.7);
}

static void
a_quiet_cusum_seldom_cries_wolf(void)
{
    SimRng rng = sim_rng_named(seed, 0, "quiet");
    double k = monitor_cusum_reference(10, 20);
    MonitorCusum cusum = {0};
    uint32_t fires = 0;
    for (uint32_t i = 0; i < 100000; i++)
        fires += monitor_cusum_step(&cusum, (int64_t)sim_rng_poisson(&rng, 10), k, 15) &&
                 cusum.is_firing;
    /* Wald: at most exp(-h ln 2) = 3e-5 a start; a start every few intervals. */
    CHECK(fires <= 6);
}

/* whole runs -------------------------------------------------------------------------------- */

static const SimTime onset = 2 * SIM_HOUR;

/* The service fails a share p of its calls from two hours on, until `until`. */
static char *
scenario(double p, SimTime until, double requests, const char *observers)
{
    return g_strdup_printf(
        "blackstart: 1\ntitle: detection\nclock: {duration: 6h}\n"
        "network: {busiest: 10, diurnal: {amplitude: 0%%}}\n"
        "services: {proxy: {placement: pop, cpu: 1ms}}\n"
        "sites: {web: {service: proxy, requests: %.0f/s, client: {retries: 0, persistence: 0%%}}}\n"
        "configs:\n"
        "  flags: {properties: {x: 1}, distribution: {delay: 0s}, consumers: [\n"
        "    {service: proxy, when: x > 1, effect: {errors: %g%%}}]}\n"
        "observers: {it: {%s}}\n"
        "timeline:\n"
        "  - {at: +%ds, do: push, config: flags, properties: {x: 2}}\n"
        "  - {at: +%ds, do: push-known-good, config: flags}\n",
        requests, p * 100, observers, (int)(onset / SIM_SECOND), (int)(until / SIM_SECOND));
}

typedef struct Seen { /* seconds after the onset and the end; -1: never */
    double fires, clears;
} Seen;

static Seen
watch(RunPlane plane, const char *text, uint64_t run_seed, SimTime until, const char *words)
{
    WholeRun whole;
    Seen seen = {-1, -1};
    whole_run_make(&whole, text,
                   &(RunOptions){.name = "detection",
                                 .plane = plane,
                                 .seed = run_seed,
                                 .has_seed = true,
                                 .until = until + SIM_HOUR});
    whole_run_finish(&whole);
    const SimJournal *journal = run_journal(whole.run);
    for (uint32_t i = 0; i < sim_journal_count(journal); i++) {
        const SimJournalEntry *entry = sim_journal_get(journal, i);
        if (!strstr(entry->text, words))
            continue;
        if (strcmp(entry->kind, "alert.fires") == 0 && seen.fires < 0)
            seen.fires = sim_seconds(entry->at - onset);
        if (strcmp(entry->kind, "alert.clears") == 0)
            seen.clears = sim_seconds(entry->at - until);
    }
    whole_run_clear(&whole);
    return seen;
}

static const double run_rates[RUN_PLANES] = {[RUN_FLOW] = 1e6, [RUN_REQUEST] = 400};

static void
check_run(const char *observer, const char *words, double p, double want, double period)
{
    for (int plane = 0; plane < RUN_PLANES; plane++) {
        SimTime until = onset + sim_from_seconds(MAX(want, 0)) + 20 * SIM_MINUTE;
        g_autofree char *text = scenario(p, until, run_rates[plane], observer);
        Seen seen = watch((RunPlane)plane, text, 1, until, words);
        CHECK_NEAR(seen.fires, want, want < 0 ? 0 : period);
    }
}

static void
whole_runs_burn_as_the_table_says(void)
{
    static const char burn[] = "kind: burn, metric: errors, budget: 0.1%, scrape: 15s, every: 15s";
    check_run(burn, "over 1h", 1, 51.84, 15);
    check_run(burn, "over 1h", 0.1, 518.4, 15);
    check_run(burn, "over 6h", 1, 129.6, 15);
    check_run(burn, "over 6h", 0.5, 259.2, 15);
}

static void
with_few_errors_only_the_slower_windows_ever_see(void)
{
    static const char burn[] = "kind: burn, metric: errors, budget: 0.1%";
    check_run(burn, "over 1h", 0.02, 2592, 60);
    check_run(burn, "over 1h", 0.01, -1, 60);
    check_run(burn, "over 6h", 0.05, 2592, 60);
}

static void
after_the_end_the_short_window_empties(void)
{
    for (int plane = 0; plane < RUN_PLANES; plane++) {
        SimTime until = onset + 20 * SIM_MINUTE;
        g_autofree char *text =
            scenario(1, until, run_rates[plane], "kind: burn, metric: errors, every: 15s");
        /* An evaluation late at most; what the flow plane knows of steady PoPs is 10 s old. */
        double late = 15 + (plane == RUN_FLOW ? 10 : 0);
        CHECK_NEAR(watch((RunPlane)plane, text, 1, until, "over 1h").clears, 295.68, late);
        CHECK_NEAR(watch((RunPlane)plane, text, 1, until, "over 6h").clears, 1789.2, late);
    }
}

static void
thresholds_add_up_scrape_window_for_and_evaluation(void)
{
    /* 1m x 5 / 10 fills half the window: between that and a scrape and an evaluation more. */
    check_run("kind: threshold, metric: errors, above: 5%, window: 1m, for: 2m", "above", 0.1,
              30 + 120 + (15 + 60) / 2.0, (15 + 60) / 2.0);
    check_run("kind: threshold, metric: errors, above: 5%, window: 10m, for: 5m, lag: 30s", "above",
              0.1, 300 + 300 + 30 + (15 + 60) / 2.0, (15 + 60) / 2.0);
    check_run("kind: threshold, metric: errors, above: 12%, for: 0s", "above", 0.1, -1, 0);
}

static void
a_cusum_of_a_run_takes_its_excess_over_its_drift(void)
{
    /* Of 60 R requests a minute .1 % is usual: k = .9 % / ln 10 of them, and 1 % come. */
    for (int plane = 0; plane < RUN_PLANES; plane++) {
        double minute = 60 * run_rates[plane], k = 0.009 / log(10.0);
        g_autofree char *observer = g_strdup_printf(
            "kind: cusum, metric: errors, normal: 0.1%%, shifted: 1%%, excess: %.0f",
            2.7 * minute * (0.01 - k));
        g_autofree char *text = scenario(0.01, onset + SIM_HOUR, run_rates[plane], observer);
        Seen seen = watch((RunPlane)plane, text, 1, onset + SIM_HOUR, "it");
        CHECK_NEAR(seen.fires, 2.7 * 60, 60);
    }
}

static void
probes_of_a_run_find_it_in_the_same_time(void)
{
    enum { SEEDS = 40 };
    for (int plane = 0; plane < RUN_PLANES; plane++) {
        double sum = 0;
        g_autofree char *text =
            scenario(1, onset + 10 * SIM_MINUTE, plane == RUN_FLOW ? 1e6 : 50,
                     "kind: probes, site: web, points: 20, every: 300s, fail: 3");
        for (uint64_t i = 0; i < SEEDS; i++)
            sum += watch((RunPlane)plane, text, i, onset + 10 * SIM_MINUTE, "it").fires;
        /* 42.9 s with a deviation of 24 a run; what a test finds is at most a second old. */
        CHECK_NEAR(sum / SEEDS, 43.4, 3 * 24 / sqrt(SEEDS));
    }
}

static void
faults_blind_monitors_and_hide_the_status_page(void)
{
    g_autofree char *plain = scenario(1, onset + 20 * SIM_MINUTE, 1e6,
                                      "kind: threshold, metric: errors, above: 5%, for: 0s");
    g_autofree char *text =
        g_strconcat(plain,
                    "  - {id: dark, at: +100m, do: telemetry-blackout, observers: it, for: 30m}\n"
                    "  - {id: page, at: +100m, do: status-page-down, for: 10m}\n",
                    NULL);
    WholeRun whole;
    whole_run_make(&whole, text, &(RunOptions){.name = "detection"});
    whole_run_finish(&whole);
    const SimJournal *journal = run_journal(whole.run);
    SimTime fires = -1, down = -1, up = -1;
    for (uint32_t i = 0; i < sim_journal_count(journal); i++) {
        const SimJournalEntry *entry = sim_journal_get(journal, i);
        fires = strcmp(entry->kind, "alert.fires") == 0 ? entry->at : fires;
        down = strcmp(entry->kind, "status.down") == 0 ? entry->at : down;
        up = strcmp(entry->kind, "status.up") == 0 ? entry->at : up;
    }
    /* All is dark from 100 to 130 minutes, and it lasts from 120 to 140. */
    CHECK_INT(fires, 131 * SIM_MINUTE);
    CHECK_INT(down, 100 * SIM_MINUTE);
    CHECK_INT(up, 110 * SIM_MINUTE);
    FaultEffect dark =
        faults_effect(run_sim(whole.run), 2, run_recorder(whole.run), run_pop_recorder(whole.run));
    CHECK_NEAR(dark.touched, 120, 2);
    whole_run_clear(&whole);
}

static CU_TestInfo tests[] = {
    {"burn_rates_take_the_time_of_the_table", burn_rates_take_the_time_of_the_table},
    {"short_windows_end_alerts_soon", short_windows_end_alerts_soon},
    {"probes_take_the_time_of_an_order_statistic", probes_take_the_time_of_an_order_statistic},
    {"of_failing_pops_so_many_points_are_binomial", of_failing_pops_so_many_points_are_binomial},
    {"a_cusum_of_poisson_counts_takes_its_excess_over_its_drift",
     a_cusum_of_poisson_counts_takes_its_excess_over_its_drift},
    {"a_quiet_cusum_seldom_cries_wolf", a_quiet_cusum_seldom_cries_wolf},
    {"whole_runs_burn_as_the_table_says", whole_runs_burn_as_the_table_says},
    {"with_few_errors_only_the_slower_windows_ever_see",
     with_few_errors_only_the_slower_windows_ever_see},
    {"after_the_end_the_short_window_empties", after_the_end_the_short_window_empties},
    {"thresholds_add_up_scrape_window_for_and_evaluation",
     thresholds_add_up_scrape_window_for_and_evaluation},
    {"a_cusum_of_a_run_takes_its_excess_over_its_drift",
     a_cusum_of_a_run_takes_its_excess_over_its_drift},
    {"probes_of_a_run_find_it_in_the_same_time", probes_of_a_run_find_it_in_the_same_time},
    {"faults_blind_monitors_and_hide_the_status_page",
     faults_blind_monitors_and_hide_the_status_page},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("detection", tests)
