/*
 * metastable.c - MS-1, the reference metastable failure (case 9), and retry budgets (case 10).
 *
 * One server of 100 requests a second, 60 fresh ones, a time-out of 1 s, retries at once.  The
 * server halts for D at 50 s.  Whole runs of the flow plane, against the exact solution of the same
 * fluid below, which shares no code with it.
 */
#include "tests/theory/theory.h"

#include "tests/whole_run.h"

#include <math.h>

/* The exact solution ------------------------------------------------------------------------ */

/*
 * With an unbounded FIFO queue, A(t) admitted and S(t) started, the attempts that arrived at t - T
 * have failed by t iff S(t) < A(t - T), all levels alike.  Rates are constant between breakpoints
 * and obey a_0 = fresh, a_k(t) = f(t) a_{k-1}(t - T); every crossing is solved exactly.
 */
enum { LEVELS = 3, BREAKPOINTS_MAX = 100000 };
static const double FRESH = 60, SPEED = 100, TIMEOUT = 1;

typedef struct Breakpoint {
    double at, rate[LEVELS];
} Breakpoint;

typedef struct Exact {
    Breakpoint *points;                /* rates from points[i].at on */
    uint32_t n, past;                  /* past: the one in force at now - TIMEOUT */
    double now, halt, backlog, behind; /* behind: A(now - TIMEOUT) - S(now) */
    bool is_failing;
} Exact;

static double
sum_of(const double *rate)
{
    double sum = 0;
    for (int k = 0; k < LEVELS; k++)
        sum += rate[k];
    return sum;
}

static void
add_breakpoint(Exact *exact)
{
    Breakpoint point = {.at = exact->now, .rate = {FRESH}};
    for (int k = 1; k < LEVELS && exact->is_failing; k++)
        point.rate[k] = exact->points[exact->past].rate[k - 1];
    if (CHECK(exact->n < BREAKPOINTS_MAX))
        exact->points[exact->n++] = point;
}

/* Moves on to the next event; the rates are those of the last breakpoint. */
static void
advance(Exact *exact, double horizon)
{
    double in = sum_of(exact->points[exact->n - 1].rate);
    double out = exact->now < exact->halt ? 0 : exact->backlog > 0 ? SPEED : fmin(SPEED, in);
    double behind = sum_of(exact->points[exact->past].rate) - out;
    double step = horizon - exact->now, crossing = INFINITY, empty = INFINITY, next = INFINITY;
    if (exact->now < exact->halt)
        step = fmin(step, exact->halt - exact->now);
    if (exact->past + 1 < exact->n)
        next = exact->points[exact->past + 1].at + TIMEOUT - exact->now;
    if (exact->is_failing ? behind < 0 : behind > 0)
        crossing = fmax(0, -exact->behind / behind);
    if (in < out && exact->backlog > 0)
        empty = exact->backlog / (out - in);
    step = fmin(fmin(step, next), fmin(crossing, empty));
    exact->now += step;
    exact->backlog = step == empty ? 0 : exact->backlog + (in - out) * step;
    exact->behind = step == crossing ? 0 : exact->behind + behind * step;
    if (step == crossing)
        exact->is_failing = !exact->is_failing;
    else if (step == next)
        exact->past++;
    add_breakpoint(exact);
}

static bool
exact_collapses(double halt)
{
    Exact exact = {.points = g_new0(Breakpoint, BREAKPOINTS_MAX),
                   .n = 2,
                   .halt = halt,
                   .behind = -FRESH * TIMEOUT};
    exact.points[0] = (Breakpoint){.at = -10, .rate = {FRESH}};
    exact.points[1] = (Breakpoint){.at = 0, .rate = {FRESH}};
    while (exact.now < 300)
        advance(&exact, 300);
    g_free(exact.points);
    return exact.is_failing;
}

/* The flow plane ---------------------------------------------------------------------------- */

typedef struct Variant {
    const char *about, *network, *client;
    double expected;
} Variant;

static char *
scenario_of(const char *network, const char *client, double halt, const char *more)
{
    return g_strdup_printf("blackstart: 1\n"
                           "title: MS-1\n"
                           "clock: {duration: 200s}\n"
                           "network: {busiest: 1, cores: 1, diurnal: {amplitude: 0%%}%s}\n"
                           "services: {proxy: {placement: pop, cpu: 10ms}}\n"
                           "sites: {web: {service: proxy, requests: 60/s,\n"
                           "  client: {timeout: 1s, persistence: 0%%%s}}}\n"
                           "timeline:\n"
                           "  - {at: +50s, do: halt, service: proxy, for: %.6fs}\n%s",
                           network, client, halt, more);
}

/* Served over fresh requests in the last 50 s. */
static double
goodput(const char *text, double tick_factor)
{
    WholeRun whole;
    whole_run_make(&whole, text, &(RunOptions){.name = "MS-1", .tick_factor = tick_factor});
    whole_run_finish(&whole);
    SimTime end = run_duration(whole.run), from = end - 50 * SIM_SECOND;
    double ok = whole_run_total(&whole, "all.ok", from, end);
    double fresh = whole_run_total(&whole, "all.fresh", from, end);
    whole_run_clear(&whole);
    return ok / fresh;
}

static void
eight_variants_recover_or_collapse_as_published(void)
{
    static const Variant variants[] = {
        {"MS-1 r=0", "", "", 1},
        {"MS-1 r=1", "", ", retries: 1", 0},
        {"MS-1 r=2", "", ", retries: 2", 0},
        {"MS-1 r=2, budget 20 %", "", ", retries: 2, budget: 20%", 1},
        {"MS-1 r=2, LIFO", ", discipline: lifo", ", retries: 2", 1},
        {"MS-1 r=2, queue limit 50", ", queue: 50", ", retries: 2", 1},
        {"MS-1 r=2, cancel at time-out", ", cancel: true", ", retries: 2", 1},
        {"MS-1 r=2, full jitter from 1 s", "", ", retries: 2, backoff: 1s, jitter: true", 0},
        {"MS-1 r=2, full jitter from 10 s", "", ", retries: 2, backoff: 10s, jitter: true", 0},
    };
    for (guint i = 0; i < G_N_ELEMENTS(variants); i++) {
        g_autofree char *text = scenario_of(variants[i].network, variants[i].client, 5, "");
        CASE_NEAR("9", variants[i].about, goodput(text, 1), variants[i].expected, 0.01);
    }
}

static double
find_halt_exact(void)
{
    double recovers = 1, collapses = 5;
    CHECK(!exact_collapses(recovers));
    CHECK(exact_collapses(collapses));
    for (int i = 0; i < 30; i++) {
        double middle = (recovers + collapses) / 2;
        *(exact_collapses(middle) ? &collapses : &recovers) = middle;
    }
    return collapses;
}

static double
find_halt_of_run(double tick_factor)
{
    double recovers = 1, collapses = 5;
    for (int i = 0; i < 12; i++) {
        double middle = (recovers + collapses) / 2;
        g_autofree char *text = scenario_of("", ", retries: 2", middle, "");
        *(goodput(text, tick_factor) < 0.5 ? &collapses : &recovers) = middle;
    }
    return collapses;
}

static void
the_critical_halt_is_that_of_the_exact_solution(void)
{
    double exact = find_halt_exact(), run = find_halt_of_run(1), half = find_halt_of_run(0.5);
    CASE_NEAR("9", "MS-1 r=2: critical halt of the flow plane, s", run, exact, 0.02 * exact);
    CASE_NEAR("9", "the same with half the step", half, run, 0.01 * run);
}

/* A halt of 5 s at 50 s of a server of 1,000/s; retries up to 20 % of fresh requests. */
static double
goodput_with_budget(double fresh)
{
    g_autofree char *text =
        g_strdup_printf("blackstart: 1\n"
                        "title: retry budget\n"
                        "clock: {duration: 955s}\n"
                        "network: {busiest: 1, cores: 1, diurnal: {amplitude: 0%%}}\n"
                        "services: {proxy: {placement: pop, cpu: 1ms}}\n"
                        "sites: {web: {service: proxy, requests: %g/s, client: {timeout: 1s,\n"
                        "  retries: 2, persistence: 0%%, budget: 20%%}}}\n"
                        "timeline: [{at: +50s, do: halt, service: proxy, for: 5s}]\n",
                        fresh);
    return goodput(text, 1);
}

static void
a_budget_saves_what_fits_with_its_retries(void)
{
    CASE_NEAR("10", "budget 20 %, 800 of 1000/s recovers", goodput_with_budget(800), 1, 0.01);
    CASE_NEAR("10", "budget 20 %, 820 of 1000/s recovers", goodput_with_budget(820), 1, 0.01);
    CASE_NEAR("10", "budget 20 %, 850 of 1000/s does not", goodput_with_budget(850), 0, 0.01);
}

/*
 * Collapsed from 50 s on, limited from 100 s.  The backlog then is 60 + 120 + 3 x 180 + 45 x 80 =
 * 4,320 calls; with three attempts for each of 30/s it grows by 70 for two seconds and falls at
 * 10/s, until it is what arrived in the last second: 90.  That is at 532 s.
 */
static double
seconds_until_well(const char *limit)
{
    g_autofree char *deed =
        g_strdup_printf("  - {at: +100s, do: limit, site: web, to_rate: %s}\n", limit);
    g_autofree char *timeline = scenario_of("", ", retries: 2", 5, deed);
    g_auto(GStrv) parts = g_strsplit(timeline, "200s", 2);
    g_autofree char *text = g_strconcat(parts[0], "900s", parts[1], NULL);
    WholeRun whole;
    whole_run_make(&whole, text, &(RunOptions){.name = "MS-1"});
    whole_run_finish(&whole);
    double found = INFINITY;
    for (int second = 110; second < 899 && !isfinite(found); second++)
        if (whole_run_total(&whole, "all.ok", second * SIM_SECOND, (second + 1) * SIM_SECOND) > 15)
            found = second;
    whole_run_clear(&whole);
    return found;
}

static void
shedding_below_the_threshold_restores_health(void)
{
    CASE_NEAR("9", "limit 30/s (under 100/3): well again at, s", seconds_until_well("30/s"), 532,
              5);
    CHECK(!isfinite(seconds_until_well("36/s")));
}

static CU_TestInfo tests[] = {
    {"eight_variants_recover_or_collapse_as_published",
     eight_variants_recover_or_collapse_as_published},
    {"the_critical_halt_is_that_of_the_exact_solution",
     the_critical_halt_is_that_of_the_exact_solution},
    {"a_budget_saves_what_fits_with_its_retries", a_budget_saves_what_fits_with_its_retries},
    {"shedding_below_the_threshold_restores_health", shedding_below_the_threshold_restores_health},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("metastable", tests)
