/*
 * planes.c - the request plane against the flow plane, on reference.yaml at sizes n = 1, 10, 100.
 *
 * The flow plane is the limit of the request plane for large n, so both must agree within
 *
 *     |mean of R runs - F| <= 4 s / sqrt(R) + b / n + delta
 *
 * with s the deviation of the runs, b a few events and delta the numerical error of the flow plane
 * (models.md section 10), on amounts of the whole run first, then on curves.  That noise and curves
 * of errors shrink as 1 / sqrt(n) catches a bias that a tolerance would hide; the curve of served
 * requests keeps one of 0.4 %, for the flow plane has no latency of calls: what a central service
 * delays it counts at once.  What traffic does not cause must be the same entry for entry.
 *
 * A run of the request plane is compared with the run of the flow plane with its seed: demand has
 * no seed, but crashes and delays have.
 */
#include "tests/whole_run.h"

#include <math.h>
#include <stdio.h>

#ifndef RUNS_FACTOR
#define RUNS_FACTOR 1
#endif

enum { SIZES = 3, WINDOWS = 40 };
static const struct {
    double n;
    uint32_t runs;
} sizes[SIZES] = {{1, 24 * RUNS_FACTOR}, {10, 8 * RUNS_FACTOR}, {100, 3 * RUNS_FACTOR}};

typedef enum Amount {
    FAILED,
    ORIGIN,
    SECONDS,
    RETRIES,
    RELOADS,
    KV_CALLS,
    AUTH_CALLS,
    SERVED,
    AMOUNTS
} Amount;
static const struct {
    const char *column; /* NULL: seconds with more than 1 % errors */
    const char *about;
    double events; /* b: what a size of 1 may be off by */
    double delta;  /* numerical error of the flow plane, relative; of seconds: absolute */
} amounts[AMOUNTS] = {
    [FAILED] = {"all.failed", "failed requests", 5, .01},
    [ORIGIN] = {"origin.requests", "requests to origins", 5, .01},
    [SECONDS] = {NULL, "seconds above 1 % errors", 20, 2},
    [RETRIES] = {"all.retries", "retries", 5, .01},
    [RELOADS] = {"all.reloads", "reloads", 5, .01},
    [KV_CALLS] = {"service.kv.offered", "calls to kv", 5, .01},
    [AUTH_CALLS] = {"service.auth.offered", "calls to auth", 5, .01},
    [SERVED] = {"all.ok", "requests served", 5, .01},
};

typedef struct Figures { /* of a run; amounts but for seconds are divided by n */
    double amount[AMOUNTS];
    double ok[WINDOWS], errors[WINDOWS];
} Figures;

typedef struct Agreement { /* of one size */
    double n, runs;
    double flow[AMOUNTS], mean[AMOUNTS], deviation[AMOUNTS]; /* deviation: of the difference */
    double rms_ok, rms_errors; /* of a run's curve from the flow plane's; errors: share */
} Agreement;

/* one run ----------------------------------------------------------------------------------- */

static void
load(ScenarioText *scenario, double n)
{
    static const struct {
        const char *key, *unit;
        double at_one;
    } scaled[] = {{"network.requests", "/s", 200},       {"network.cores", "", 1},
                  {"network.cores_per_queue", "", 1},    {"services.kv.station.servers", "", 5},
                  {"services.kv.station.queue", "", 20}, {"services.auth.station.servers", "", 2},
                  {"sites.web.cache.objects", "", 5000}, {"sites.web.origin.capacity", "/s", 500}};
    char *set[G_N_ELEMENTS(scaled) + 1] = {NULL};
    for (guint i = 0; i < G_N_ELEMENTS(scaled); i++)
        set[i] = g_strdup_printf("%s=%.0f%s", scaled[i].key, scaled[i].at_one * n, scaled[i].unit);
    const SimDocumentOptions options = {.set = (const char *const *)set};
    *scenario = (ScenarioText){.messages = sim_messages_new()};
    scenario->document = sim_document_load(REFERENCE, &options, scenario->messages);
    scenario->fields = sim_fields_read(&spec_table, sim_document_root(scenario->document),
                                       &scenario->spec, scenario->messages);
    CHECK_INT(sim_messages_errors(scenario->messages), 0);
    for (guint i = 0; i < G_N_ELEMENTS(scaled); i++)
        g_free(set[i]);
}

static Run *
run_one(const WholeRun *whole, RunPlane plane, uint64_t seed)
{
    const RunOptions options = {
        .name = "reference", .plane = plane, .seed = seed, .has_seed = true};
    Run *run = run_new(&whole->scenario.spec, whole->geo, &options, whole->scenario.messages);
    SIM_ASSERT(run);
    run_advance(run, run_duration(run));
    run_finish(run);
    sim_verify(run_sim(run));
    return run;
}

static double
at(const Run *run, const char *column, uint32_t bucket)
{
    const SimRecorder *recorder = run_recorder(run);
    return sim_recorder_value(recorder, sim_recorder_find(recorder, column), bucket);
}

static Figures
read_figures(const Run *run, double n)
{
    Figures figures = {0};
    uint32_t closed = sim_recorder_n_closed(run_recorder(run)), wide = closed / WINDOWS;
    double answered[WINDOWS] = {0};
    for (uint32_t b = 0; b < closed; b++) {
        double failed = at(run, "all.failed", b), all = at(run, "all.answered", b);
        for (int a = 0; a < AMOUNTS; a++)
            if (amounts[a].column)
                figures.amount[a] += at(run, amounts[a].column, b) / n;
            else
                figures.amount[a] += failed > .01 * all;
        figures.ok[b / wide] += at(run, "all.ok", b) / n;
        figures.errors[b / wide] += failed;
        answered[b / wide] += all;
    }
    for (int w = 0; w < WINDOWS; w++)
        figures.errors[w] /= fmax(1, answered[w]);
    return figures;
}

/* what traffic does not cause --------------------------------------------------------------- */

/* Nothing in reference.yaml reacts to traffic: all of the journal. */
static void
check_journals(const Run *flow, const Run *request)
{
    const SimJournal *left = run_journal(flow), *right = run_journal(request);
    uint32_t n = sim_journal_count(left);
    if (!CHECK_INT(sim_journal_count(right), n))
        return;
    for (uint32_t i = 0; i < n; i++) {
        SimJournalEntry a = *sim_journal_get(left, i), b = *sim_journal_get(right, i);
        CHECK_STR(b.kind, a.kind);
        CHECK_STR(b.entity ? b.entity : "", a.entity ? a.entity : "");
        CHECK_STR(b.text, a.text);
        CHECK(a.at == b.at && a.last == b.last && a.cause == b.cause && a.n == b.n);
    }
}

/* comparison -------------------------------------------------------------------------------- */

static double
mean_square(const double *a, const double *b)
{
    double sum = 0;
    for (int w = 0; w < WINDOWS; w++)
        sum += (a[w] - b[w]) * (a[w] - b[w]);
    return sum / WINDOWS;
}

static Agreement
compare(double n, uint32_t runs)
{
    WholeRun whole = {0};
    Agreement sum = {.n = n, .runs = runs};
    double square[AMOUNTS] = {0}, difference[AMOUNTS] = {0}, mean_ok = 0;
    CHECK(geo_load(NULL, NULL, &whole.geo, NULL));
    load(&whole.scenario, n);
    for (uint64_t seed = 1; seed <= runs; seed++) {
        g_autoptr(Run) flow = run_one(&whole, RUN_FLOW, seed);
        g_autoptr(Run) request = run_one(&whole, RUN_REQUEST, seed);
        check_journals(flow, request);
        const Figures f = read_figures(flow, n), r = read_figures(request, n);
        for (int a = 0; a < AMOUNTS; a++) {
            double apart = r.amount[a] - f.amount[a];
            sum.flow[a] += f.amount[a] / runs;
            sum.mean[a] += r.amount[a] / runs;
            difference[a] += apart / runs;
            square[a] += apart * apart / runs;
        }
        sum.rms_ok += mean_square(r.ok, f.ok) / runs;
        sum.rms_errors += mean_square(r.errors, f.errors) / runs;
        mean_ok += f.amount[SERVED] / WINDOWS / runs;
    }
    for (int a = 0; a < AMOUNTS; a++)
        sum.deviation[a] =
            sqrt(fmax(0, square[a] - difference[a] * difference[a]) * runs / (runs - 1.0));
    sum.rms_ok = sqrt(sum.rms_ok) / mean_ok;
    sum.rms_errors = sqrt(sum.rms_errors);
    whole_run_clear(&whole);
    return sum;
}

static void
check_amount(const Agreement *seen, Amount a)
{
    bool is_share = amounts[a].column != NULL;
    double delta = is_share ? amounts[a].delta * seen->flow[a] : amounts[a].delta;
    double within = 4 * seen->deviation[a] / sqrt(seen->runs) + amounts[a].events / seen->n + delta;
    printf("cross | %g | %s | %.6g | %.6g | %.2g | %.2g\n", seen->n, amounts[a].about,
           seen->flow[a], seen->mean[a], seen->deviation[a], within);
    CHECK_NEAR(seen->mean[a], seen->flow[a], within);
}

/* Of y over n in logarithms. */
static double
slope_of(const double *y)
{
    double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;
    for (int i = 0; i < SIZES; i++) {
        double x = log10(sizes[i].n), z = log10(y[i]);
        sum_x += x;
        sum_y += z;
        sum_xx += x * x;
        sum_xy += x * z;
    }
    return (SIZES * sum_xy - sum_x * sum_y) / (SIZES * sum_xx - sum_x * sum_x);
}

static void
check_slope(const char *about, const double *y)
{
    double slope = slope_of(y);
    printf("slope | %s | %.3g | %.3g | %.3g | %.2f\n", about, y[0], y[1], y[2], slope);
    CHECK_NEAR(slope, -.5, .15);
}

static void
amounts_and_curves_agree_and_noise_shrinks_with_size(void)
{
    Agreement seen[SIZES];
    double noise[SIZES], ok[SIZES], errors[SIZES];
    for (int i = 0; i < SIZES; i++) {
        seen[i] = compare(sizes[i].n, sizes[i].runs);
        double sum = 0, count = 0;
        for (int a = 0; a < AMOUNTS; a++) {
            check_amount(&seen[i], (Amount)a);
            if (amounts[a].column) {
                sum += log(seen[i].deviation[a] / seen[i].flow[a]);
                count++;
            }
        }
        noise[i] = exp(sum / count);
        ok[i] = seen[i].rms_ok;
        errors[i] = seen[i].rms_errors;
    }
    check_slope("deviation of amounts, relative (geometric mean)", noise);
    check_slope("curve of errors in 30 s, share", errors);
    printf("slope | curve of served requests in 30 s, relative | %.3g | %.3g | %.3g | %.2f\n",
           ok[0], ok[1], ok[2], slope_of(ok));
    for (int i = 0; i < SIZES; i++) {
        CHECK(ok[i] < .02 / sqrt(sizes[i].n) + .004);
        CHECK(errors[i] < .007 / sqrt(sizes[i].n) + .001);
    }
}

static CU_TestInfo tests[] = {
    {"amounts_and_curves_agree_and_noise_shrinks_with_size",
     amounts_and_curves_agree_and_noise_shrinks_with_size},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("planes", tests)
