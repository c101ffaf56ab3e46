/*
 * people.c - teams in whole runs: what policies change for the people who
 * respond, with the same draws, seed by seed.
 *
 * A generated file breaks a proxy that the dashboard's challenge stands behind.
 */
#include "tests/theory/theory.h"
#include "tests/whole_run.h"

#include <math.h>

enum { SEEDS = 60 };

/* cluster: from and to what share of it is migrated at once; tools: of the step. */
#define WORLD(from, tools)                                                                         \
    "blackstart: 1\ntitle: t\n"                                                                    \
    "clock: {start: 2025-11-18T11:00:00Z, duration: 8h}\n"                                         \
    "network: {busiest: 3, requests: 10k/s}\n"                                                     \
    "locations: {dc: {latitude: 45, longitude: -120}}\n"                                           \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop, cpu: 1ms}\n"                                                        \
    "  challenge: {placement: core, location: dc, station: {servers: 1000}, front: {service: "     \
    "proxy}}\n"                                                                                    \
    "sites:\n"                                                                                     \
    "  web: {remainder: true, service: proxy}\n"                                                   \
    "  login: {share: 1%, service: proxy, needs: {challenge: 100%}}\n"                             \
    "clusters: {house: 10}\n"                                                                      \
    "configs:\n"                                                                                   \
    "  features:\n"                                                                                \
    "    properties: {size: 60}\n"                                                                 \
    "    generator: {every: 5m, runs_on: house, when_migrated: {size: 210}}\n"                     \
    "    consumers: [{service: proxy, when: size > 200, effect: {errors: 60%}}]\n"                 \
    "observers:\n"                                                                                 \
    "  errors: {kind: threshold, metric: errors, above: 5%, for: 1m, every: 15s}\n"                \
    "tools:\n"                                                                                     \
    "  dashboard: {site: login, works_above: 50%}\n"                                               \
    "  panel: {site: login, works_above: 50%, instead: glass}\n"                                   \
    "  glass: {access: 'lognormal(median 5m, sigma 0.5)'}\n"                                       \
    "teams:\n"                                                                                     \
    "  edge: {alerts: errors, wrong_leads: {ddos: {flapping: 80%}}, says: {}, until: errors < 1% " \
    "for 30m}\n"                                                                                   \
    "timeline:\n"                                                                                  \
    "  - {at: 10m, do: migrate, cluster: house, to: " from "}\n"                                   \
    "  - {id: stop, team: edge, tools: " tools ", do: stop-generator, config: features}\n"         \
    "  - {team: edge, do: push-known-good, config: features}\n"                                    \
    "  - {at: 7h, do: stop-generator, config: features}\n"                                         \
    "  - {at: 7h, do: push-known-good, config: features}\n"

/* Of the first line of a kind, minutes; -1: there is none. */
static double
minutes_at(const WholeRun *whole, const char *kind)
{
    const SimJournal *journal = run_journal(whole->run);
    for (uint32_t i = 0; i < sim_journal_count(journal); i++)
        if (g_str_equal(sim_journal_get(journal, i)->kind, kind))
            return sim_seconds(sim_journal_get(journal, i)->at) / 60;
    return -1;
}

typedef struct Found {
    double diagnosis[SEEDS], lock_out[SEEDS]; /* minutes; < 0: it ended before */
    bool is_misled[SEEDS];
} Found;

static void
run_all(const char *text, Found *ret)
{
    *ret = (Found){.diagnosis = {0}};
    for (guint seed = 0; seed < SEEDS; seed++) {
        WholeRun whole;
        const RunOptions options = {.name = "people", .has_seed = true, .seed = seed + 1};
        whole_run_make(&whole, text, &options);
        if (!whole.run)
            break;
        whole_run_finish(&whole);
        sim_verify(run_sim(whole.run));
        double triages = minutes_at(&whole, "team.triages");
        double identifies = minutes_at(&whole, "team.identifies");
        double acts = minutes_at(&whole, "team.acts");
        CHECK(triages > 0);
        ret->diagnosis[seed] = identifies < 0 ? -1 : identifies - triages;
        ret->lock_out[seed] = acts < 0 ? -1 : acts - minutes_at(&whole, "team.decides");
        ret->is_misled[seed] = minutes_at(&whole, "team.misled") > 0;
        whole_run_clear(&whole);
    }
}

static int
ascending(const void *left, const void *right, void *context)
{
    const double *a = left, *b = right;
    (void)context;
    return (*a > *b) - (*a < *b);
}

static double
median_of(const double *values, guint n_values)
{
    double sorted[SEEDS];
    guint n = 0;
    for (guint i = 0; i < n_values; i++)
        if (values[i] >= 0)
            sorted[n++] = values[i];
    CHECK(n >= n_values * 9 / 10);
    g_qsort_with_data(sorted, (gint)n, sizeof *sorted, ascending, NULL);
    return n ? sorted[n / 2] : NAN;
}

/* What flaps is taken for an attack; who is not misled needs as long as if it had not flapped. */
static void
a_steady_bad_file_shortens_the_diagnosis(void)
{
    static Found flapping, steady;
    double longer[SEEDS], shorter[SEEDS];
    guint n = 0;
    run_all(WORLD("50%", "panel"), &flapping);
    run_all(WORLD("100%", "panel"), &steady);
    for (guint i = 0; i < SEEDS; i++) {
        CHECK(!steady.is_misled[i]);
        if (flapping.diagnosis[i] < 0 || steady.diagnosis[i] < 0)
            continue;
        if (!flapping.is_misled[i])
            CHECK_NEAR(flapping.diagnosis[i], steady.diagnosis[i], 1e-6);
        if (!flapping.is_misled[i])
            continue;
        longer[n] = flapping.diagnosis[i];
        shorter[n++] = steady.diagnosis[i];
    }
    /* Lognormal, median 20 min and sigma 1: four standard errors of a median of 60. */
    CASE_NEAR("-", "median diagnosis of a steady failure, min", median_of(steady.diagnosis, SEEDS),
              20, 20 * 0.65);
    printf("     misled by flapping: %u of %u\n", n, SEEDS);
    CHECK(n > SEEDS / 5);
    /* They begin with the lead once it flaps, and give it up after a median of 130 min. */
    printf("     their median diagnosis %.0f min, %.0f had it not flapped\n", median_of(longer, n),
           median_of(shorter, n));
    CHECK(median_of(longer, n) > median_of(shorter, n) + 60);
}

/* The dashboard stands behind what it is needed for; the glass does not. */
static void
out_of_band_access_shortens_the_action(void)
{
    static Found locked, glass;
    run_all(WORLD("100%", "dashboard"), &locked);
    run_all(WORLD("100%", "panel"), &glass);
    guint n = 0;
    for (guint i = 0; i < SEEDS; i++) {
        if (locked.lock_out[i] < 0 || glass.lock_out[i] < 0)
            continue;
        n++;
        CHECK_NEAR(locked.diagnosis[i], glass.diagnosis[i], 1e-9);
        CHECK(locked.lock_out[i] > glass.lock_out[i]);
    }
    CHECK(n > SEEDS * 9 / 10);
    CASE_NEAR("-", "median way in by break-glass, min", median_of(glass.lock_out, SEEDS), 5,
              5 * 0.33);
    printf("     median lock-out without it: %.0f min\n", median_of(locked.lock_out, SEEDS));
    CHECK(median_of(locked.lock_out, SEEDS) > 120);
}

static CU_TestInfo tests[] = {
    {"a_steady_bad_file_shortens_the_diagnosis", a_steady_bad_file_shortens_the_diagnosis},
    {"out_of_band_access_shortens_the_action", out_of_band_access_shortens_the_action},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("people", tests)
