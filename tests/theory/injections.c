/*
 * injections.c - whole runs with a fault, on both planes: as many attempts fail as its strength
 * says, no more before and after, and its counter counts them.
 */
#include "models/run.h"

#include "tests/harness.h"
#include "tests/whole_run.h"

#include <math.h>

#define WORLD                                                                                      \
    "blackstart: 1\n"                                                                              \
    "title: test\n"                                                                                \
    "clock: {start: 2025-11-18T11:00:00Z, duration: 4m}\n"                                         \
    "network: {busiest: 1, cores: 100, diurnal: {amplitude: 0%}}\n"                                \
    "locations:\n"                                                                                 \
    "  here: {latitude: 0, longitude: 0}\n"                                                        \
    "  cloud: {latitude: 5, longitude: 5}\n"                                                       \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop, cpu: 1ms, needs: {rules: 100%, kv: {share: 100%, timeout: 1s}, "    \
    "mail: 100%}}\n"                                                                               \
    "  rules: {placement: pop, inside: proxy, cpu: 1ms}\n"                                         \
    "  kv: {placement: core, location: here, clock_tolerance: 5m, station: {servers: 200, "        \
    "service_time: 10ms, hosts: 10}}\n"                                                            \
    "  mail: {placement: external, location: cloud, station: {servers: 200, service_time: "        \
    "10ms}}\n"                                                                                     \
    "sites:\n"                                                                                     \
    "  web: {service: proxy, requests: 1000/s, cache: {cacheable: 0%}, client: {timeout: 2s, "     \
    "retries: 0, persistence: 0%}}\n"                                                              \
    "timeline:\n"

typedef struct Row {
    const char *entries;
    double errors; /* failed share while it is in force */
    double touched;
} Row;

static const Row rows[] = {
    {"  - {at: +1m, do: service-fails, service: kv, share: 20%, for: 1m}\n", 0.2, 12000},
    {"  - {at: +1m, do: service-fails, service: kv, share: 20%, for: 1m}\n"
     "  - {at: +1m, do: service-fails, id: other, service: kv, share: 50%, for: 1m}\n",
     0.6, 12000},
    {"  - {at: +1m, do: service-fails, service: kv, hosts: 30%, for: 1m}\n", 0.3, 18000},
    {"  - {at: +1m, do: service-fails, service: rules, share: 30%, for: 1m}\n", 0.3, 18000},
    {"  - {at: +1m, do: cloud-outage, location: cloud, share: 70%, for: 1m}\n", 0.7, 42000},
    {"  - {at: +1m, do: link, location: here, share: 25%, for: 1m}\n", 0.25, 15000},
    {"  - {at: +1m, do: link, busiest: 1, share: 25%, for: 1m}\n", 0.25, 15000},
    {"  - {at: +1m, do: certificate-expiry, sites: [web], for: 1m}\n", 1, 60000},
    {"  - {at: +1m, do: dns-failure, sites: [web], share: 80%, ramp: 1m, for: 1m}\n", 0.4, 24000},
    {"  - {at: +1m, do: origin-fails, sites: [web], share: 30%, for: 1m}\n", 0.3, 18000},
    {"  - {at: +1m, do: clock-skew, services: [kv], skew: 10m, for: 1m}\n", 1, 60000},
    {"  - {at: +1m, do: quota, service: kv, to_rate: 600/s, for: 1m}\n", 0.4, 24000},
    {"  - {at: +1m, do: service-fails, service: kv, share: 20%, for: 1m}\n"
     "  - {at: +0s, do: fail-open, services: [kv]}\n",
     0, 12000},
};

static double
share_failed(const WholeRun *whole, SimTime from, SimTime to)
{
    return whole_run_total(whole, "all.failed", from, to) /
           whole_run_total(whole, "all.answered", from, to);
}

/* Attempts that get lost fail when their client gives up: the window ends two seconds later.  On
 * the flow plane what becomes of central calls is felt a tick later, one second of sixty. */
static void
check_row(const Row *row, RunPlane plane)
{
    /* Four standard deviations of a share of sixty thousand, and of what came meanwhile. */
    double tolerance = plane == RUN_REQUEST ? 0.018 : row->errors / 59 + 1e-6;
    WholeRun whole;
    g_autofree char *text = g_strconcat(WORLD, row->entries, NULL);
    whole_run_make(&whole, text, &(RunOptions){.name = "test", .plane = plane});
    whole_run_finish(&whole);
    CHECK_NEAR(share_failed(&whole, 0, SIM_MINUTE), 0, 0);
    double during = share_failed(&whole, SIM_MINUTE, 2 * SIM_MINUTE + 2 * SIM_SECOND) * 62 / 60;
    CHECK_NEAR(during, row->errors, tolerance);
    CHECK_NEAR(share_failed(&whole, 2 * SIM_MINUTE + 5 * SIM_SECOND, 4 * SIM_MINUTE), 0, 1e-9);
    FaultEffect effect = run_fault_effect(whole.run, 0);
    CHECK(effect.is_fault && effect.has_happened);
    CHECK_NEAR(effect.touched / row->touched, 1, 0.03);
    whole_run_clear(&whole);
}

static void
as_many_fail_as_the_fault_is_strong_in_rates(void)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check_row(&rows[i], RUN_FLOW);
}

static void
as_many_fail_as_the_fault_is_strong_request_by_request(void)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check_row(&rows[i], RUN_REQUEST);
}

static const char log_ins[] =
    "blackstart: 1\n"
    "title: test\n"
    "clock: {start: 2025-11-18T11:00:00Z, duration: 12m}\n"
    "network: {busiest: 2, diurnal: {amplitude: 0%}}\n"
    "locations: {here: {latitude: 0, longitude: 0}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 0.1ms}\n"
    "  auth: {placement: core, location: here, station: {servers: 200, service_time: 100ms}}\n"
    "sites:\n"
    "  web: {service: proxy, requests: 100/s, sessions: {login: login, users: 100k, lifetime: "
    "20m}}\n"
    "  login: {service: proxy, requests: 1/s, needs: {auth: 100%}}\n"
    "timeline:\n"
    "  - {at: +5m, do: service-fails, service: auth, for: 5m}\n"
    "  - {at: +10m, do: limit, site: login, to_rate: 100/s}\n";

/* Those who could not log in for five minutes come back at once, and are let in a hundred a
 * second; the rest meets 429. */
static void
a_limit_lets_log_ins_in_one_by_one(void)
{
    for (RunPlane plane = RUN_FLOW; plane < RUN_PLANES; plane++) {
        WholeRun whole;
        SimTime from = 10 * SIM_MINUTE + 5 * SIM_SECOND, to = from + 20 * SIM_SECOND;
        whole_run_make(&whole, log_ins, &(RunOptions){.name = "test", .plane = plane});
        whole_run_finish(&whole);
        CHECK_NEAR(whole_run_total(&whole, "site.login.ok", from, to) / 20, 100, 5);
        CHECK(whole_run_total(&whole, "site.login.blocked", from, to) / 20 > 50);
        whole_run_clear(&whole);
    }
}

static CU_TestInfo tests[] = {
    {"a_limit_lets_log_ins_in_one_by_one", a_limit_lets_log_ins_in_one_by_one},
    {"as_many_fail_as_the_fault_is_strong_in_rates", as_many_fail_as_the_fault_is_strong_in_rates},
    {"as_many_fail_as_the_fault_is_strong_request_by_request",
     as_many_fail_as_the_fault_is_strong_request_by_request},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("injections", tests)
