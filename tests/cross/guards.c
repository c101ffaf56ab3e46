/*
 * guards.c - each guard of calls on both planes: the same small world, told the same things at the
 * same moments.  tests/cross/faults.c does so for faults.
 *
 * Amounts until the fault is over (when a breaker that grows its time tries again is chance) must
 * agree within 4 s / sqrt(R) + b + delta (models.md section 10): s the deviation of R runs of the
 * request plane, b what happens in a tick or two, for the flow plane's guards move at its steps and
 * learn of a fault a tick late, delta 1 % of what the flow plane has.
 */
#include "tests/plane_world.h"

#include <math.h>
#include <stdio.h>

enum { PROXY, RULES, KV, DB };
enum { RUNS = 4 };
static const SimTime begin = 20 * SIM_SECOND, over = 80 * SIM_SECOND, end = 120 * SIM_SECOND;
static const double DELTA = .01;

static const char world_text[] =
    "network: {busiest: 2, cores: 400, cores_per_queue: 400, diurnal: {amplitude: 0%%}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 8ms}\n"
    "  rules: {placement: pop, inside: proxy, cpu: 2ms, needs: {db: {share: 20%%, timeout: 1s}}}\n"
    "  kv: {placement: core, outcome: '504', station: {servers: 200, service_time: 20ms,\n"
    "    hosts: 10%s}}\n"
    "  db: {placement: core, station: {servers: 40, service_time: 20ms}}\n"
    "sites:\n"
    "  web: {service: proxy, requests: 2000/s, needs: {kv: {share: 50%%, timeout: 1s%s}},\n"
    "    origin: {latency: 60ms}, client: {timeout: 2s, retries: 1, reload: 10s}}\n"
    "  api: {service: proxy, requests: 500/s, needs: {rules: 100%%}, origin: {latency: 60ms},\n"
    "    client: {timeout: 2s, persistence: 0%%}}\n";

typedef struct Case {
    const char *name;
    void (*set)(const PlaneWorld *of, bool is_on);
    const char *need, *station; /* of kv, more than the world says */
    double events;              /* b: a moment's worth of what the guard decides about */
} Case;

/* faults ------------------------------------------------------------------------------------ */

static void
impair(const PlaneWorld *of, bool is_on, Impairment fault)
{
    of->ops->impair_set(of->plane, KV, is_on ? &fault : &IMPAIRMENT_NONE);
}

#define IMPAIRMENT(name, ...)                                                                      \
    static void name(const PlaneWorld *of, bool is_on)                                             \
    {                                                                                              \
        Impairment fault = IMPAIRMENT_NONE;                                                        \
        __VA_ARGS__;                                                                               \
        impair(of, is_on, fault);                                                                  \
    }
IMPAIRMENT(errors, fault.errors = .3)
IMPAIRMENT(fails, fault.errors = 1)
IMPAIRMENT(bad_hosts, fault.bad_hosts = .2)
IMPAIRMENT(lost, fault.lost = 1)
IMPAIRMENT(quota, fault.quota_per_s = 100)

static const Case cases[] = {
    {"hystrix", fails, ", breaker: hystrix", NULL, 3000},
    {"hystrix at a fifth", errors, ", breaker: {kind: hystrix, errors: 20%}", NULL, 3000},
    {"resilience4j", fails, ", breaker: resilience4j", NULL, 3000},
    {"finagle", fails, ", breaker: finagle", NULL, 3000},
    {"a bulkhead", lost, ", bulkhead: 100", NULL, 500},
    {"a throttle", quota, ", throttle: sre", NULL, 3000},
    {"a retry budget", fails, ", retries: 3, retry_budget: 20%", NULL, 3000},
    {"outlier detection", bad_hosts, ", outlier: {ejected_max: 50%}", NULL, 500},
    {"admission control", errors, "", ", admission: envoy", 1500},
};

/* comparison -------------------------------------------------------------------------------- */

typedef struct Amounts {
    double failed, ok, calls;
} Amounts;

static Amounts
run_one(const Case *of, const PlaneOps *ops, uint64_t seed)
{
    g_autofree char *text =
        g_strdup_printf(world_text, of->station ? of->station : "", of->need ? of->need : "");
    PlaneWorld world = plane_world_new(ops, text, 2, seed, (PlaneOptions){.duration = end});
    plane_world_advance(&world, begin);
    of->set(&world, true);
    plane_world_advance(&world, over);
    of->set(&world, false);
    plane_world_finish(&world, end);
    Amounts amounts = {.failed = plane_world_total(&world, "all.failed", 0, over),
                       .ok = plane_world_total(&world, "all.ok", 0, over)};
    amounts.calls = plane_world_total(&world, "service.kv.offered", 0, over);
    plane_world_free(&world);
    return amounts;
}

static void
check(const Case *of, const char *about, double flow, const double *runs)
{
    double mean = 0, square = 0;
    for (int i = 0; i < RUNS; i++)
        mean += runs[i] / RUNS;
    for (int i = 0; i < RUNS; i++)
        square += (runs[i] - mean) * (runs[i] - mean) / (RUNS - 1);
    double within = 4 * sqrt(square / RUNS) + of->events + DELTA * flow;
    printf("guards | %s | %s | %.6g | %.6g | %.2g\n", of->name, about, flow, mean, within);
    if (!CHECK_NEAR(mean, flow, within))
        printf("  differs: %s\n", of->name);
}

static void
compare(const Case *of)
{
    Amounts flow = run_one(of, &flow_plane_ops, 1);
    double failed[RUNS], ok[RUNS], calls[RUNS];
    for (uint32_t i = 0; i < RUNS; i++) {
        Amounts one = run_one(of, &request_plane_ops, i + 1);
        failed[i] = one.failed;
        ok[i] = one.ok;
        calls[i] = one.calls;
    }
    check(of, "failed", flow.failed, failed);
    check(of, "served", flow.ok, ok);
    check(of, "calls", flow.calls, calls);
}

static void
planes_agree_on_guards(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        compare(&cases[i]);
}

static CU_TestInfo tests[] = {
    {"planes_agree_on_guards", planes_agree_on_guards},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("guards", tests)
