/*
 * flow_guards.c - what guards calls, in whole runs of the flow plane, against the laws of
 * models.md.
 *
 * Cases 14 and 15, and what guards are for: a storm of retries, a dead service, its recovery.  The
 * request plane's are in guards.c; five failures on end, which need many draws, in test_breaker.c.
 */
#include "tests/theory/theory.h"

#include "tests/whole_run.h"

static const RunOptions plain = {.name = "flow_guards"};

/* A shop of so many requests a second, whose proxy calls kv over a need with these keys. */
static WholeRun
run_shop(double per_s, const char *keys, const char *station, const char *timeline)
{
    g_autofree char *text = g_strdup_printf(
        "blackstart: 1\n"
        "title: guards\n"
        "clock: {duration: 20m, tick: 250ms}\n"
        "network: {busiest: 1, cores: 1000, diurnal: {amplitude: 0%%}}\n"
        "locations: {dc: {latitude: 0, longitude: 0}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms, needs: {kv: {timeout: 1s%s}}}\n"
        "  kv: {placement: core, location: dc, station: {service_time: 10ms, %s}}\n"
        "sites:\n"
        "  shop: {service: proxy, requests: %g/s, client: {retries: 0, persistence: 0%%}}\n"
        "timeline: [%s]\n",
        keys, station, per_s, timeline);
    WholeRun whole;
    whole_run_make(&whole, text, &plain);
    whole_run_finish(&whole);
    return whole;
}

static double
rate(const WholeRun *whole, const char *column, double from, double to)
{
    return whole_run_total(whole, column, sim_from_seconds(from), sim_from_seconds(to)) /
           (to - from);
}

/* When the journal first has the kind, in seconds; and how often in all. */
static double
first_time(const WholeRun *whole, const char *kind, double *ret_n)
{
    const SimJournal *journal = run_journal(whole->run);
    double at = -1;
    *ret_n = 0;
    for (uint32_t i = 0; i < sim_journal_count(journal); i++) {
        const SimJournalEntry *entry = sim_journal_get(journal, i);
        if (g_strcmp0(entry->kind, kind) != 0)
            continue;
        at = at < 0 ? sim_seconds(entry->at) : at;
        *ret_n += (double)entry->n;
    }
    return at;
}

static void
throttles_settle_where_they_should(void)
{
    WholeRun whole = run_shop(1000, ", throttle: sre", "servers: 1, queue: 2", "");
    double sent = rate(&whole, "service.kv.offered", 600, 1190);
    CASE_NEAR("14", "F SRE throttle, 10 mu offered, K=2: sent / mu", sent / 100, 2, .02);
    CASE_NEAR("14", "F SRE throttle: share rejected", 1 - sent / 1000, .8, .008);
    whole_run_clear(&whole);
    whole = run_shop(400, ", throttle: envoy", "servers: 1, queue: 2", "");
    sent = rate(&whole, "service.kv.offered", 600, 1190);
    CASE_NEAR("14", "F Envoy admission, 4 mu offered: sent a second", sent, 205.2, 2.05);
    CASE_NEAR("14", "F Envoy admission: share rejected", 1 - sent / 400, .487, .00487);
    whole_run_clear(&whole);
}

static double
trip_time(const char *breaker, double p, double per_s)
{
    g_autofree char *keys = g_strdup_printf(", breaker: %s", breaker);
    g_autofree char *fault =
        g_strdup_printf("{at: +60s, do: service-fails, service: kv, share: %g%%}", 100 * p);
    WholeRun whole = run_shop(per_s, keys, "servers: 100", fault);
    double n, at = first_time(&whole, "breaker.opens", &n);
    whole_run_clear(&whole);
    return at - 60;
}

static void
breakers_trip_when_their_laws_say(void)
{
    static const double rows[][2] = {{1, 5}, {.8, 6.25}, {.6, 8.3333}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *about = g_strdup_printf("F hystrix, step to p=%g: trip, s", rows[i][0]);
        /* From the law's time to a second and a half later. */
        CASE_NEAR("15", about, trip_time("hystrix", rows[i][0], 400), rows[i][1] + .75, .75);
    }
    /* One call a tick, and two ticks until the service's failures are counted. */
    CASE_NEAR("15", "F resilience4j, p=1: calls to trip", 4 * trip_time("resilience4j", 1, 4), 50,
              2.01);
    CASE_NEAR("-", "F hystrix, steady p=.45: never", trip_time("hystrix", .45, 400), -61, 0);
}

/* kv takes 1,000 a second and gets 600; halted for 20 s, three retries each keep it down. */
static void
a_budget_ends_a_storm_of_retries(void)
{
    static const char halt[] = "{at: +60s, do: halt, service: kv, for: 20s}";
    WholeRun whole = run_shop(600, ", retries: 3", "servers: 10", halt);
    CASE_NEAR("-", "F storm of retries, 15 min later: served of offered",
              rate(&whole, "all.ok", 900, 1190) / 600, 0, .01);
    whole_run_clear(&whole);
    whole = run_shop(600, ", retries: 3, retry_budget: 20%", "servers: 10", halt);
    CASE_NEAR("-", "F the same with a budget of 20 %: served of offered",
              rate(&whole, "all.ok", 900, 1190) / 600, 1, .001);
    whole_run_clear(&whole);
    whole = run_shop(600, ", retries: 3, breaker: hystrix", "servers: 10", halt);
    CASE_NEAR("-", "F the same with a breaker: served of offered",
              rate(&whole, "all.ok", 900, 1190) / 600, 1, .001);
    whole_run_clear(&whole);
}

static void
a_breaker_spares_a_dead_service_and_finds_it_alive(void)
{
    WholeRun whole = run_shop(400, ", breaker: hystrix", "servers: 100",
                              "{at: +60s, do: service-fails, service: kv, share: 100%, for: 10m}");
    double n, closes = first_time(&whole, "breaker.closes", &n);
    CASE_NEAR("-", "F open breaker: calls a second to a dead service",
              rate(&whole, "service.kv.offered", 100, 600), .2, .01);
    CASE_NEAR("-", "F closes after the fault, s", closes - 660, 3, 3);
    CASE_NEAR("-", "F served after that", rate(&whole, "all.ok", 670, 1190), 400, .01);
    CHECK_NEAR(n, 1, 0);
    whole_run_clear(&whole);
}

/* A trial of a service that fails p of its calls succeeds with 1 - p; then the window fills anew.
 */
static void
breakers_of_a_half_dead_service_flap(void)
{
    WholeRun whole = run_shop(400, ", breaker: hystrix", "servers: 100",
                              "{at: +60s, do: service-fails, service: kv, share: 60%}");
    double opens, closes;
    first_time(&whole, "breaker.opens", &opens);
    first_time(&whole, "breaker.closes", &closes);
    CHECK(opens >= closes && opens - closes <= 1);
    /* Closed until the first full bucket is read; open 5 s / (1 - p) = 12.5 s in the mean,
     * then closed for one to two. */
    CASE_NEAR("-", "F flapping at p=.6: closings in 19 min", closes, 1140 / (12.5 + 1.5), 20);
    whole_run_clear(&whole);
}

static CU_TestInfo tests[] = {
    {"throttles settle where they should", throttles_settle_where_they_should},
    {"breakers trip when their laws say", breakers_trip_when_their_laws_say},
    {"a budget ends a storm of retries", a_budget_ends_a_storm_of_retries},
    {"a breaker spares a dead service and finds it alive",
     a_breaker_spares_a_dead_service_and_finds_it_alive},
    {"breakers of a half-dead service flap", breakers_of_a_half_dead_service_flap},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("flow_guards", tests)
