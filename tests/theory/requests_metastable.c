/*
 * requests_metastable.c - the reference metastable failure (MS-1, case 9) and retry budgets (case
 * 10) on the request plane.
 *
 * metastable.c holds the flow plane against the exact solution of the fluid; here the same system
 * consists of single requests.  It must fall on the same side with every seed where the fluid is
 * far from its threshold, and near it the threshold must be the fluid's, blurred by 1 / sqrt(n).
 */
#include "tests/theory/requests.h"

enum { SEEDS = 10 };

typedef struct Variant {
    const char *about, *network, *client;
    bool recovers;
} Variant;

/* n times the demand for a server that is n times as fast. */
typedef struct Halt {
    const char *network, *client;
    double n, at, seconds, duration;
} Halt;

static char *
halt_text(const Halt *of)
{
    return g_strdup_printf("blackstart: 1\n"
                           "title: MS-1\n"
                           "clock: {duration: %gs}\n"
                           "network: {busiest: 1, cores: 1, diurnal: {amplitude: 0%%}%s}\n"
                           "services: {proxy: {placement: pop, cpu: %.9fs}}\n"
                           "sites: {web: {service: proxy, requests: %g/s, origin: {latency: 0s},\n"
                           "  client: {timeout: 1s, persistence: 0%%%s}}}\n"
                           "timeline: [{at: +%gs, do: halt, service: proxy, for: %.6fs}]\n",
                           of->duration, of->network, 0.01 / of->n, 60 * of->n, of->client, of->at,
                           of->seconds);
}

/* Served over fresh requests in the last seconds, by seed. */
static Spread
goodput(const char *text, double last_s, uint32_t seeds)
{
    WholeRun whole = {0};
    Spread goodput = {0};
    for (uint32_t seed = 1; seed <= seeds; seed++) {
        if (seed == 1)
            requests_run(&whole, text, seed);
        else
            requests_run_again(&whole, seed);
        SimTime end = run_duration(whole.run), from = end - sim_from_seconds(last_s);
        double ok = whole_run_total(&whole, "all.ok", from, end);
        spread_add(&goodput, ok / whole_run_total(&whole, "all.fresh", from, end));
    }
    whole_run_clear(&whole);
    return goodput;
}

static void
nine_variants_recover_or_collapse_with_every_seed(void)
{
    static const Variant variants[] = {
        {"R: MS-1 r=0", "", "", true},
        {"R: MS-1 r=1", "", ", retries: 1", false},
        {"R: MS-1 r=2", "", ", retries: 2", false},
        {"R: MS-1 r=2, budget 20 %", "", ", retries: 2, budget: 20%", true},
        {"R: MS-1 r=2, LIFO", ", discipline: lifo", ", retries: 2", true},
        {"R: MS-1 r=2, queue limit 50", ", queue: 50", ", retries: 2", true},
        {"R: MS-1 r=2, cancel at time-out", ", cancel: true", ", retries: 2", true},
        {"R: MS-1 r=2, full jitter from 1 s", "", ", retries: 2, backoff: 1s, jitter: true", false},
        {"R: MS-1 r=2, full jitter from 10 s", "", ", retries: 2, backoff: 10s, jitter: true",
         false},
    };
    for (guint i = 0; i < G_N_ELEMENTS(variants); i++) {
        g_autofree char *text = halt_text(&(Halt){.network = variants[i].network,
                                                  .client = variants[i].client,
                                                  .n = 1,
                                                  .at = 50,
                                                  .seconds = 5,
                                                  .duration = 200});
        Spread seen = goodput(text, 50, SEEDS);
        CASE_NEAR("9", variants[i].about, spread_mean(&seen), variants[i].recovers, 0.02);
        CHECK(spread_deviation(&seen) < 0.03);
    }
}

enum { STEPS = 8 };
static const double THRESHOLD = 1.312; /* metastable.c solves for it */

typedef struct Threshold {
    double mean, deviation, error;
} Threshold;

/* The share of seeds that collapse grows with the halt from 0 to 1: a distribution function, whose
 * mean and deviation are those of its steps (Spearman and Kaerber), less those of a step itself. */
static Threshold
find_threshold(double n, double range, uint32_t runs)
{
    double before = 0, mean = 0, square = 0, variance = 0, step = 2 * range / STEPS;
    for (int i = 0; i <= STEPS; i++) {
        double halt = THRESHOLD - range + step * i;
        g_autofree char *text = halt_text(&(Halt){.network = "",
                                                  .client = ", retries: 2",
                                                  .n = n,
                                                  .at = 5,
                                                  .seconds = halt,
                                                  .duration = 60});
        Spread seen = goodput(text, 10, runs);
        double collapsed = 1 - spread_mean(&seen);
        CHECK(i > 0 || collapsed < 0.1);
        CHECK(i < STEPS || collapsed > 0.9);
        variance += step * step * collapsed * (1 - collapsed) / runs;
        collapsed = i == 0 ? 0 : i == STEPS ? 1 : collapsed;
        mean += (collapsed - before) * (halt - step / 2);
        square += (collapsed - before) * (halt - step / 2) * (halt - step / 2);
        before = collapsed;
    }
    return (Threshold){.mean = mean,
                       .deviation = sqrt(fmax(0, square - mean * mean - step * step / 12)),
                       .error = sqrt(variance)};
}

static void
the_critical_halt_is_the_fluids_and_its_width_shrinks(void)
{
    static const struct {
        double n, range;
        uint32_t runs;
    } sizes[] = {{1, .6, 120}, {4, .3, 60}, {16, .15, 24}};
    double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, k = G_N_ELEMENTS(sizes);
    for (guint i = 0; i < G_N_ELEMENTS(sizes); i++) {
        double n = sizes[i].n;
        Threshold seen = find_threshold(n, sizes[i].range, sizes[i].runs);
        g_autofree char *about = g_strdup_printf("R: MS-1 r=2: critical halt, n=%g, s", n);
        CASE_NEAR("9", about, seen.mean, THRESHOLD, 4 * seen.error + .05 / n);
        printf("width    R: MS-1 r=2: standard deviation of the critical halt, n=%g: %.4g s\n", n,
               seen.deviation);
        sum_x += log(n);
        sum_y += log(seen.deviation);
        sum_xx += log(n) * log(n);
        sum_xy += log(n) * log(seen.deviation);
    }
    CASE_NEAR("36", "R: MS-1 r=2: log-log slope of the width of the threshold",
              (k * sum_xy - sum_x * sum_y) / (k * sum_xx - sum_x * sum_x), -.5, .15);
}

/* A halt of 5 s of a server of 1,000 a second; retries up to 20 % of fresh requests. */
static void
a_budget_saves_what_fits_with_its_retries(void)
{
    static const struct {
        const char *about;
        double per_s;
        bool recovers;
    } rows[] = {{"R: budget 20 %, 800 of 1000/s recovers", 800, true},
                {"R: budget 20 %, 850 of 1000/s does not", 850, false}};
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(
            "blackstart: 1\n"
            "title: retry budget\n"
            "clock: {duration: 955s}\n"
            "network: {busiest: 1, cores: 1, diurnal: {amplitude: 0%%}}\n"
            "services: {proxy: {placement: pop, cpu: 1ms}}\n"
            "sites: {web: {service: proxy, requests: %g/s, origin: {latency: 0s},\n"
            "  client: {timeout: 1s, retries: 2, persistence: 0%%, budget: 20%%}}}\n"
            "timeline: [{at: +50s, do: halt, service: proxy, for: 5s}]\n",
            rows[i].per_s);
        Spread seen = goodput(text, 50, 4);
        CASE_NEAR("10", rows[i].about, spread_mean(&seen), rows[i].recovers, 0.01);
        CHECK(spread_deviation(&seen) < 0.02);
    }
}

static CU_TestInfo tests[] = {
    {"nine_variants_recover_or_collapse_with_every_seed",
     nine_variants_recover_or_collapse_with_every_seed},
    {"the_critical_halt_is_the_fluids_and_its_width_shrinks",
     the_critical_halt_is_the_fluids_and_its_width_shrinks},
    {"a_budget_saves_what_fits_with_its_retries", a_budget_saves_what_fits_with_its_retries},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("requests_metastable", tests)
