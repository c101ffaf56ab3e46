/*
 * plane.c - whole runs of the flow plane against what must hold for any plane.
 *
 * Case 8 and its relatives: what fails, who tries again, who calls whom.  Then the plane's own
 * promises: half the tick moves integrals by less than 1 %, people are conserved at every moment,
 * a snapshot goes on as the run did, and the seed decides.
 */
#include "tests/theory/theory.h"

#include "tests/whole_run.h"

#include <math.h>

#define HEAD "blackstart: 1\ntitle: plane\n"

/* A version of `flags` with x = 2 does the effect, from 10 s on. */
static char *
failing(const char *effect, const char *client, const char *services)
{
    return g_strdup_printf(HEAD
                           "clock: {duration: 300s}\n"
                           "network: {busiest: 1, cores: 1000, diurnal: {amplitude: 0%%}}\n"
                           "services:\n"
                           "  proxy: {placement: pop, cpu: 1ms, needs: {bots: 40%%}}\n"
                           "  bots: {placement: pop, inside: proxy, cpu: 1ms}\n%s"
                           "sites: {web: {service: proxy, requests: 1000/s, client: {%s}}}\n"
                           "configs:\n"
                           "  flags: {properties: {x: 1}, distribution: {delay: 0s}, consumers: [\n"
                           "    {service: %s}]}\n"
                           "timeline: [{at: +10s, do: push, config: flags, properties: {x: 2}}]\n",
                           services, client, effect);
}

static void
run_text(WholeRun *whole, const char *text, const RunOptions *options)
{
    whole_run_make(whole, text, options);
    for (SimTime now = 0; now < run_duration(whole->run); now += 37 * SIM_SECOND) {
        run_advance(whole->run, now);
        sim_verify(run_sim(whole->run));
    }
    whole_run_finish(whole);
    sim_verify(run_sim(whole->run));
}

static const RunOptions plain = {.name = "plane"};

static double
ratio(const WholeRun *whole, const char *above, const char *below, SimTime from, SimTime to)
{
    return whole_run_total(whole, above, from, to) / whole_run_total(whole, below, from, to);
}

static void
retries_follow_failures_as_a_geometric_series(void)
{
    WholeRun whole;
    g_autofree char *text =
        failing("proxy, when: x > 1, effect: {errors: 50%}", "retries: 3, persistence: 0%", "");
    run_text(&whole, text, &plain);
    SimTime from = 20 * SIM_SECOND, to = 280 * SIM_SECOND;
    CASE_NEAR("8", "p=.5 r=3: attempts a request",
              ratio(&whole, "all.offered", "all.fresh", from, to), 1.875, 1e-6);
    CASE_NEAR("8", "p=.5 r=3: final failures a request",
              1 - ratio(&whole, "all.ok", "all.fresh", from, to), 0.0625, 1e-6);
    whole_run_clear(&whole);
}

/* A request that does not call the module never fails there, however it fails. */
static void
a_module_fails_its_callers_alone(void)
{
    WholeRun whole;
    g_autofree char *text = failing("bots, when: x > 1, effect: {errors: 50%, panic: 50%}",
                                    "retries: 0, persistence: 0%", "");
    run_text(&whole, text, &plain);
    CASE_NEAR("-", "40 % call what fails with .5 and .5: failed",
              ratio(&whole, "all.failed", "all.offered", 20 * SIM_SECOND, 280 * SIM_SECOND), 0.3,
              1e-6);
    whole_run_clear(&whole);
}

/* All fails: those who wait grow to O with O/T = q (fresh + O/T), so reloads are q/(1-q) fresh. */
static void
people_come_back_until_they_give_up(void)
{
    WholeRun whole;
    g_autofree char *text = failing("proxy, when: x > 1, effect: {errors: 100%}",
                                    "retries: 0, persistence: 70%, reload: 5s", "");
    run_text(&whole, text, &plain);
    CASE_NEAR("-", "q=.7: reloads a fresh request, all failing",
              ratio(&whole, "all.reloads", "all.fresh", 200 * SIM_SECOND, 290 * SIM_SECOND),
              0.7 / 0.3, 0.01);
    whole_run_clear(&whole);
}

/* To a client's library a reload is a request as any other. */
static void
a_budget_grows_with_reloads_too(void)
{
    WholeRun whole;
    g_autofree char *text = failing("proxy, when: x > 1, effect: {errors: 100%}",
                                    "retries: 1, budget: 20%, persistence: 70%, reload: 5s", "");
    run_text(&whole, text, &plain);
    SimTime from = 200 * SIM_SECOND, to = 290 * SIM_SECOND;
    double people = whole_run_total(&whole, "all.fresh", from, to) +
                    whole_run_total(&whole, "all.reloads", from, to);
    CASE_NEAR("-", "budget 20 %: retries a request of fresh and reloads",
              whole_run_total(&whole, "all.retries", from, to) / people, .2, .002);
    whole_run_clear(&whole);
}

static const char fallbacks[] =
    HEAD "clock: {duration: 200s}\n"
         "network: {busiest: 1, cores: 1000, diurnal: {amplitude: 0%}}\n"
         "locations: {dc: {latitude: 0, longitude: 0}}\n"
         "services:\n"
         "  proxy: {placement: pop, cpu: 1ms}\n"
         "  kv: {placement: core, location: dc, station: {servers: 100}}\n"
         "  api: {placement: core, location: dc, station: {servers: 100}}\n"
         "  mirror: {placement: external, location: dc, station: {servers: 1000}}\n"
         "sites:\n"
         "  web: {service: proxy, requests: 1000/s, client: {persistence: 0%}, needs: {\n"
         "    kv: {share: 20%, timeout: 1s, on_failure: fallback, fallback: mirror},\n"
         "    api: {share: 30%, timeout: 1s, on_failure: fallback, fallback: mirror},\n"
         "    mirror: {share: 5%, timeout: 1s}}}\n"
         "timeline:\n"
         "  - {at: +50s, do: halt, service: kv, for: 100s}\n"
         "  - {at: +50s, do: halt, service: api, for: 100s}\n"
         "  - {at: +100s, do: kill-switch, services: [kv]}\n"
         "  - {at: +170s, do: restore, services: [kv]}\n";

static void
calls_of_one_fallback_add_up(void)
{
    WholeRun whole;
    run_text(&whole, fallbacks, &plain);
    SimTime s = SIM_SECOND;
    CASE_NEAR("-", "calls of a fallback when nothing fails, a request",
              ratio(&whole, "service.mirror.offered", "all.fresh", 10 * s, 45 * s), 0.05, 1e-6);
    CASE_NEAR("-", "when two services with it fail",
              ratio(&whole, "service.mirror.offered", "all.fresh", 60 * s, 98 * s), 0.55, 0.002);
    CASE_NEAR("-", "when one of them is not called any more",
              ratio(&whole, "service.mirror.offered", "all.fresh", 105 * s, 145 * s), 0.35, 0.002);
    CASE_NEAR("-", "failures meanwhile", ratio(&whole, "all.failed", "all.fresh", 60 * s, 190 * s),
              0, 1e-6);
    CHECK_NEAR(whole_run_total(&whole, "service.kv.offered", 105 * s, 168 * s), 0, 1e-9);
    /* Nobody called kv since before it was well again: its old failures are forgotten. */
    CASE_NEAR("-", "calls of the fallback when kv is called again",
              ratio(&whole, "service.mirror.offered", "all.fresh", 168 * s, 199 * s), 0.05, 1e-6);
    whole_run_clear(&whole);
}

/* A bad push to a loaded edge of 20 PoPs; restart; people who reload; a PoP that goes down. */
static const char incident[] =
    HEAD "clock: {duration: 20m, seed: 7}\n"
         "network: {busiest: 20, requests: 1M/s, headroom: 20%, queue: 100k}\n"
         "locations: {dc: {latitude: 40, longitude: -75}}\n"
         "services:\n"
         "  proxy: {placement: pop, cpu: 200us, error_cpu: 100us, cohorts: {new: 70%, old: 30%},\n"
         "    needs: {kv: {share: 10%, timeout: 2s}},\n"
         "    restart: {processes: 20, stuck: 10%}}\n"
         "  kv: {placement: core, location: dc, front: {service: proxy},\n"
         "    station: {servers: 1200, service_time: 10ms}}\n"
         "sites:\n"
         "  web: {service: proxy, share: 80%, cache: {cacheable: 90%, objects: 100k},\n"
         "    client: {timeout: 5s, retries: 1, backoff: 500ms, jitter: true}}\n"
         "  shop: {service: proxy, remainder: true, client: {timeout: 3s, retries: 2,\n"
         "    budget: 20%}}\n"
         "configs:\n"
         "  flags: {properties: {x: 1}, consumers: [\n"
         "    {service: proxy, cohort: new, when: x > 1, effect: {panic: 60%, crash_loop: 10%}}]}\n"
         "timeline:\n"
         "  - {at: +2m, do: push, config: flags, properties: {x: 2}}\n"
         "  - {at: +6m, do: push-known-good, config: flags}\n"
         "  - {at: +9m, do: restart, service: proxy, concurrency: 5, pace: 10s}\n"
         "  - {at: +14m, do: pop-down, busiest: 1, for: 2m}\n"
         "  - {at: +17m, do: purge, sites: [web]}\n";

static void
half_the_tick(const char *text, const char *const *columns, uint32_t n)
{
    WholeRun whole, half;
    run_text(&whole, text, &plain);
    run_text(&half, text, &(RunOptions){.name = "plane", .tick_factor = 0.5});
    for (uint32_t i = 0; i < n; i++) {
        double full = whole_run_total(&whole, columns[i], 0, SIM_TIME_MAX);
        double fine = whole_run_total(&half, columns[i], 0, SIM_TIME_MAX);
        CASE_NEAR("-", columns[i], fine, full, 0.01 * full);
    }
    whole_run_clear(&whole);
    whole_run_clear(&half);
}

/* Names, ways, certificates, central services, units, origins and an attack, one after the other on
 * an edge with little to spare. */
static const char faults[] =
    HEAD "clock: {duration: 20m, seed: 7}\n"
         "network: {busiest: 10, requests: 500k/s, headroom: 20%, queue: 100k, cancel: true}\n"
         "locations: {dc: {latitude: 40, longitude: -75}}\n"
         "services:\n"
         "  proxy: {placement: pop, cpu: 200us, needs: {bots: {on_failure: open}}}\n"
         "  bots: {placement: pop, inside: proxy, cpu: 100us, needs: {score: 20%}}\n"
         "  score: {placement: core, location: dc, station: {servers: 2000, cancel: true}}\n"
         "  kv: {placement: core, location: dc, front: {service: proxy}, needs: {db: 50%},\n"
         "    station: {servers: 1200, service_time: 10ms, concurrency: 20k, cancel: true}}\n"
         "  db: {placement: core, location: dc, station: {servers: 1200}}\n"
         "sites:\n"
         "  web: {service: proxy, share: 80%, needs: {kv: {share: 10%, timeout: 2s}},\n"
         "    cache: {cacheable: 90%, objects: 100k}, origin: {capacity: 300k/s},\n"
         "    client: {timeout: 5s, retries: 1, backoff: 500ms, jitter: true}}\n"
         "  shop: {service: proxy, remainder: true, client: {timeout: 3s, retries: 2,\n"
         "    budget: 20%}}\n"
         "  flood: {service: proxy, requests: 400k/s, attack: {blocked_by: bots, share: 90%}}\n"
         "timeline:\n"
         "  - {at: +1m, do: dns-failure, sites: [shop], share: 80%, ramp: 30s, for: 2m}\n"
         "  - {at: +2m, do: link, busiest: 3, share: 30%, latency: 300ms, for: 2m}\n"
         "  - {at: +4m, do: service-fails, service: kv, share: 30%, for: 2m}\n"
         "  - {at: +5m, do: fail-open, services: [kv]}\n"
         "  - {at: +6m, do: fail-closed, services: [kv]}\n"
         "  - {at: +7m, do: service-slow, service: db, latency: 3s, for: 2m}\n"
         "  - {at: +9m, do: service-slow, service: kv, by: 3x, for: 1m}\n"
         "  - {at: +11m, do: quota, service: kv, to_rate: 20k/s, for: 1m}\n"
         "  - {at: +12m, do: origin-fails, sites: [web], share: 50%, for: 1m}\n"
         "  - {at: +13m, do: ddos, sites: [flood], for: 5m}\n"
         "  - {at: +15m, do: kill-switch, services: [bots]}\n"
         "  - {at: +16m, do: restore, services: [bots]}\n";

static void
half_the_tick_moves_integrals_by_less_than_a_per_cent(void)
{
    static const char *const columns[] = {"all.offered", "all.ok",      "all.failed",
                                          "all.retries", "all.reloads", "outcome.timeout",
                                          "outcome.500", "cache.hits"};
    static const char *const of_faults[] = {
        "all.offered", "all.ok",          "all.failed",       "all.retries",
        "all.reloads", "outcome.timeout", "outcome.servfail", "site.flood.failed"};
    half_the_tick(incident, columns, G_N_ELEMENTS(columns));
    half_the_tick(faults, of_faults, G_N_ELEMENTS(of_faults));
}
static uint64_t
digest_of(const char *text, uint64_t seed)
{
    WholeRun whole;
    whole_run_make(&whole, text, &(RunOptions){.name = "plane", .seed = seed, .has_seed = true});
    whole_run_finish(&whole);
    uint64_t digest = sim_digest(run_sim(whole.run));
    whole_run_clear(&whole);
    return digest;
}

static void
the_seed_decides(void)
{
    CHECK(digest_of(incident, 1) == digest_of(incident, 1));
    CHECK(digest_of(incident, 1) != digest_of(incident, 2));
}

static void
go_on_from_snapshots(const char *text)
{
    static const int seconds[] = {0, 61, 131, 250, 400, 601, 871};
    uint64_t want = digest_of(text, 3);
    for (guint i = 0; i < G_N_ELEMENTS(seconds); i++) {
        WholeRun whole;
        whole_run_make(&whole, text, &(RunOptions){.name = "plane", .seed = 3, .has_seed = true});
        Sim *sim = run_sim(whole.run);
        run_advance(whole.run, seconds[i] * SIM_SECOND + 123456789);
        g_autoptr(SimSnapshot) snapshot = sim_snapshot(sim);
        whole_run_finish(&whole);
        double failed = whole_run_total(&whole, "all.failed", 0, SIM_TIME_MAX);
        CHECK(sim_digest(sim) == want);
        sim_restore(sim, snapshot);
        whole_run_finish(&whole);
        CHECK(sim_digest(sim) == want);
        CHECK_NEAR(whole_run_total(&whole, "all.failed", 0, SIM_TIME_MAX), failed, 0);
        whole_run_clear(&whole);
    }
}

static void
a_snapshot_goes_on_as_the_run_did(void)
{
    go_on_from_snapshots(incident);
    go_on_from_snapshots(faults);
}

/* No traffic is lost or made when catchments move, and the rest of the edge carries it. */
static void
a_lost_pop_moves_its_traffic(void)
{
    static const char text[] =
        HEAD "clock: {duration: 20m}\n"
             "network: {busiest: 10, requests: 10k/s, cores: 1000, diurnal: {amplitude: 0%}}\n"
             "services: {proxy: {placement: pop, cpu: 1ms}}\n"
             "sites: {web: {service: proxy, remainder: true, client: {persistence: 0%}}}\n"
             "timeline: [{at: +5m, do: pop-down, busiest: 1}]\n";
    WholeRun whole;
    run_text(&whole, text, &plain);
    const SimRecorder *pops = run_pop_recorder(whole.run);
    uint32_t last = sim_recorder_n_closed(pops) - 1;
    double sum = 0, least = INFINITY;
    for (uint32_t p = 0; p < run_geo(whole.run)->n_pops; p++) {
        double offered = sim_recorder_value(pops, 3 * p, last);
        sum += offered;
        least = fmin(least, offered);
    }
    double width = sim_seconds(run_duration(whole.run) - sim_recorder_bucket_start(pops, last));
    CASE_NEAR("-", "requests a second with a PoP lost", sum / width, 10000, 1);
    CHECK_NEAR(least, 0, 1e-6);
    CASE_NEAR("-", "all requests of the run", whole_run_total(&whole, "all.fresh", 0, SIM_TIME_MAX),
              10000.0 * 1200, 1);
    whole_run_clear(&whole);
}

static double
total(const WholeRun *whole, const char *column)
{
    return whole_run_total(whole, column, 0, SIM_TIME_MAX);
}

/* Each attempt that fails or is blocked counts once by outcome and once by cause. */
static void
every_failure_has_one_outcome_and_one_cause(void)
{
    static const char *const texts[] = {incident, fallbacks};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        WholeRun whole;
        double outcomes = 0, causes = 0;
        run_text(&whole, texts[i], &plain);
        for (int k = 0; k < OUTCOME_COUNT; k++) {
            g_autofree char *name = g_strconcat("outcome.", outcome_names[k], NULL);
            if (!outcome_is_served((Outcome)k))
                outcomes += total(&whole, name);
        }
        for (uint32_t k = 0; k < run_causes(whole.run); k++) {
            g_autofree char *name = g_strdup_printf("cause.%u.failed", k);
            causes += total(&whole, name);
        }
        double lost = total(&whole, "all.failed") + total(&whole, "all.blocked");
        CHECK_NEAR(outcomes, lost, 1e-6 * (lost + 1));
        CHECK_NEAR(causes, lost, 1e-6 * (lost + 1));
        CHECK_NEAR(total(&whole, "outcome.ok") + total(&whole, "outcome.stale"),
                   total(&whole, "all.ok"), 1e-6 * total(&whole, "all.ok"));
        whole_run_clear(&whole);
    }
}

/* One server of 100/s is halted, and never recovers from the retries; later a limit refuses. */
static void
a_collapse_belongs_to_the_halt_that_began_it(void)
{
    static const char text[] = HEAD "clock: {duration: 300s}\n"
                                    "network: {busiest: 1, cores: 1, diurnal: {amplitude: 0%}}\n"
                                    "services: {proxy: {placement: pop, cpu: 10ms}}\n"
                                    "sites: {web: {service: proxy, requests: 60/s,\n"
                                    "  client: {timeout: 1s, retries: 2, persistence: 0%}}}\n"
                                    "timeline:\n"
                                    "  - {at: +50s, do: halt, service: proxy, for: 5s}\n"
                                    "  - {at: +200s, do: limit, site: web, to_rate: 50/s}\n";
    WholeRun whole;
    run_text(&whole, text, &plain);
    double failed = total(&whole, "all.failed"), blocked = total(&whole, "all.blocked");
    CHECK(failed > 20000);
    CASE_NEAR("-", "failures traced to the halt that began the collapse",
              run_bites_entry(whole.run, 0), failed, 1e-6 * failed);
    CASE_NEAR("-", "requests refused by the limit", blocked, 10 * 100, 1);
    CASE_NEAR("-", "the same, traced to the limit", run_bites_entry(whole.run, 1), blocked, 1e-3);
    whole_run_clear(&whole);
}

static CU_TestInfo tests[] = {
    {"retries_follow_failures_as_a_geometric_series",
     retries_follow_failures_as_a_geometric_series},
    {"a_module_fails_its_callers_alone", a_module_fails_its_callers_alone},
    {"people_come_back_until_they_give_up", people_come_back_until_they_give_up},
    {"a_budget_grows_with_reloads_too", a_budget_grows_with_reloads_too},
    {"calls_of_one_fallback_add_up", calls_of_one_fallback_add_up},
    {"half_the_tick_moves_integrals_by_less_than_a_per_cent",
     half_the_tick_moves_integrals_by_less_than_a_per_cent},
    {"the_seed_decides", the_seed_decides},
    {"a_snapshot_goes_on_as_the_run_did", a_snapshot_goes_on_as_the_run_did},
    {"a_lost_pop_moves_its_traffic", a_lost_pop_moves_its_traffic},
    {"every_failure_has_one_outcome_and_one_cause", every_failure_has_one_outcome_and_one_cause},
    {"a_collapse_belongs_to_the_halt_that_began_it", a_collapse_belongs_to_the_halt_that_began_it},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("plane", tests)
