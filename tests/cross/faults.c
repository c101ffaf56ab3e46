/*
 * faults.c - what befalls calls, attempts and misses, on both planes: the same world, the same call
 * of the plane's interface after ten seconds, and half a minute later the same shares of what
 * failed, how, by whose fault, and what it cost in CPU, calls and time.
 *
 * Two thousand requests a second for thirty seconds: a share of them is off by 0.2 % or
 * less by chance, so 1 % of all requests is what two planes may differ by.
 */
#include "models/flow.h"
#include "models/request.h"
#include "tests/fake_world.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>

static const char text[] =
    "network: {busiest: 2, cores: 30, cores_per_queue: 30, cancel: true, diurnal: {amplitude: "
    "0%}}\n"
    "locations: {dc: {latitude: 0, longitude: 0}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 2ms, needs: {bots: {on_failure: open}}}\n"
    "  bots: {placement: pop, inside: proxy, cpu: 3ms, needs: {score: 50%}}\n"
    "  score: {placement: core, location: dc, station: {servers: 200}}\n"
    "  kv: {placement: core, location: dc, station: {servers: 20, service_time: 10ms, cancel: "
    "true,\n"
    "    queue: 100}}\n"
    "sites:\n"
    "  shop: {service: proxy, requests: 1000/s, needs: {kv: {share: 60%, timeout: 2s}},\n"
    "    cache: {cacheable: 60%, objects: 1000, size: 20%}, origin: {latency: 50ms},\n"
    "    client: {retries: 0, persistence: 0%, timeout: 4s}}\n"
    "  news: {service: proxy, requests: 1000/s, needs: {kv: {share: 20%, timeout: 8s, retries: "
    "1}},\n"
    "    cache: {cacheable: 0%}, origin: {latency: 50ms},\n"
    "    client: {retries: 1, backoff: 0s, persistence: 0%, timeout: 10s}}\n"
    "  docs: {service: proxy, requests: 200/s, needs: {kv: {timeout: 8s}}, cache: {cacheable: "
    "0%},\n"
    "    client: {retries: 0, persistence: 0%, timeout: 4s}}\n"
    "  flood: {service: proxy, requests: 1000/s, cache: {cacheable: 0%},\n"
    "    attack: {blocked_by: bots, share: 80%}}\n"
    "timeline:\n"
    "  - {at: +5m, do: fail-open, services: [kv, bots]}\n";
enum { PROXY, BOTS, SCORE, KV };
enum { SHOP, NEWS, DOCS, FLOOD };

typedef struct At { /* a world behind one of the planes */
    FakeWorld *fake;
    const PlaneOps *ops;
    void *plane;
    uint32_t cause;
} At;

/* faults ------------------------------------------------------------------------------------ */

static void
impair(const At *at, Impairment fault)
{
    fault.cause = at->cause;
    at->ops->impair_set(at->plane, KV, &fault);
}

#define IMPAIR(name, ...)                                                                          \
    static void name(const At *at)                                                                 \
    {                                                                                              \
        Impairment fault = IMPAIRMENT_NONE;                                                        \
        __VA_ARGS__;                                                                               \
        impair(at, fault);                                                                         \
    }
IMPAIR(errors, fault.errors = 0.3)
IMPAIR(lost, fault.lost = 0.3)
IMPAIR(bad_hosts, fault.bad_hosts = 0.5)
IMPAIR(quota, fault.quota_per_s = 300)
IMPAIR(slow, fault.slow = 5)
IMPAIR(long_way, fault.delay = 3)
/* Of another site: the call would wait for eight seconds, its client for four. */
IMPAIR(longer_than_clients_wait, fault.delay = 5;
       at->ops->demand_set(at->plane, DOCS, 1, -1, SIM_NONE))
IMPAIR(all_at_once, fault.errors = 0.1; fault.lost = 0.1; fault.bad_hosts = 0.1; fault.delay = 1)

static void
fail_open(const At *at)
{
    errors(at);
    at->ops->need_set(at->plane, KV, NEED_OPEN, at->cause);
}

static void
entry(const At *at, uint32_t site, uint8_t outcome, double share, double delay)
{
    const EntryFault fault = {
        .share = share, .outcome = outcome, .delay = delay, .cause = at->cause};
    at->ops->entry_set(at->plane, site, SIM_NONE, &fault);
}

static void
names(const At *at)
{
    entry(at, NEWS, OUTCOME_SERVFAIL, 0.5, 0);
}

static void
certificate(const At *at)
{
    entry(at, SIM_NONE, OUTCOME_TLS, 0.25, 0);
}

static void
packets(const At *at)
{
    entry(at, SHOP, OUTCOME_TIMEOUT, 0.4, 0);
}

static void
far_away(const At *at)
{
    entry(at, SIM_NONE, OUTCOME_TIMEOUT, 0, 1);
}

static void
too_far_away(const At *at)
{
    entry(at, SIM_NONE, OUTCOME_TIMEOUT, 0, 5);
}

static void
origin(const At *at, double errors, double delay)
{
    const OriginFault fault = {.errors = errors, .delay = delay, .cause = at->cause};
    at->ops->origin_set(at->plane, SHOP, &fault);
}

static void
dead_origin(const At *at)
{
    origin(at, 1, 0);
}

static void
slow_origin(const At *at)
{
    origin(at, 0.1, 1);
}

static void
too_slow_origin(const At *at)
{
    origin(at, 0, 5);
}

static void
behave(const At *at, Behaviour does)
{
    does.cause = does.stuck_cause = at->cause;
    for (uint32_t p = 0; p < at->fake->world.n_pops; p++)
        at->ops->behaviour_set(at->plane, BOTS, p, 0, &does);
}

static void
slow_unit(const At *at)
{
    Behaviour does = BEHAVIOUR_NORMAL;
    does.delay = 1;
    behave(at, does);
}

static void
too_slow_unit(const At *at)
{
    Behaviour does = BEHAVIOUR_NORMAL;
    does.delay = 5;
    behave(at, does);
}

static void
more_calls(const At *at)
{
    Behaviour does = BEHAVIOUR_NORMAL;
    does.calls = 3;
    behave(at, does);
}

static void
attack(const At *at)
{
    at->ops->demand_set(at->plane, FLOOD, 4, -1, at->cause);
}

static void
attack_unseen(const At *at)
{
    Behaviour does = BEHAVIOUR_NORMAL;
    attack(at);
    does.errors = 0.5;
    behave(at, does);
}

/* running ----------------------------------------------------------------------------------- */

static const char *const figures[] = {
    "all.offered",       "all.retries",           "all.ok",
    "all.failed",        "all.blocked",           "outcome.503",
    "outcome.522",       "outcome.servfail",      "outcome.tls",
    "outcome.timeout",   "cause.1.failed",        "site.shop.failed",
    "site.news.failed",  "site.docs.failed",      "site.flood.ok",
    "site.flood.failed", "site.flood.blocked",    "service.kv.offered",
    "service.kv.failed", "service.score.offered", "origin.requests"};
enum { FIGURES = G_N_ELEMENTS(figures), FROM = 15, TO = 45 };

typedef struct Result {
    double figure[FIGURES], cpu, p50;
} Result;

static double
sum(const SimRecorder *recorder, const char *name)
{
    uint32_t column = sim_recorder_find(recorder, name);
    double all = 0;
    CHECK(column != SIM_NONE);
    for (uint32_t b = FROM; b < TO; b++)
        all += sim_recorder_value(recorder, column, b);
    return all;
}

static Result
run(const PlaneOps *ops, void (*fault)(const At *at))
{
    At at = {.fake = fake_world_new(text, 2, 7), .ops = ops};
    const PlaneOptions options = {.duration = 50 * SIM_SECOND, .messages = at.fake->messages};
    const SimJournalEntry entry = {.cause = SIM_NONE, .kind = "fault"};
    Result result;
    at.plane = ops->attach(at.fake->sim, &at.fake->world, &options);
    ops->demand_set(at.plane, FLOOD, 0, -1, SIM_NONE);
    ops->demand_set(at.plane, DOCS, 0, -1, SIM_NONE);
    sim_run(at.fake->sim, 10 * SIM_SECOND);
    at.cause = sim_journal_add(at.fake->world.journal, &entry, "fault");
    fault(&at);
    sim_run(at.fake->sim, 50 * SIM_SECOND);
    ops->finish(at.plane);
    const SimRecorder *recorder = ops->books(at.plane)->recorder;
    for (uint32_t i = 0; i < FIGURES; i++)
        result.figure[i] = sum(recorder, figures[i]);
    result.cpu = sum(recorder, "cpu.mean") / (TO - FROM);
    result.p50 = sum(recorder, "latency.p50") / (TO - FROM);
    fake_world_free(at.fake);
    return result;
}

static void
compare(const char *name, void (*fault)(const At *at))
{
    const double requests = 2000.0 * (TO - FROM);
    Result flow = run(&flow_plane_ops, fault), request = run(&request_plane_ops, fault);
    for (uint32_t i = 0; i < FIGURES; i++) {
        double off = (flow.figure[i] - request.figure[i]) / fmax(requests, request.figure[i]);
        if (!CHECK_NEAR(off, 0, 0.01))
            fprintf(stderr, "  %s: %s: flow %.0f, request %.0f\n", name, figures[i], flow.figure[i],
                    request.figure[i]);
    }
    if (!CHECK_NEAR(flow.cpu, request.cpu, 0.01))
        fprintf(stderr, "  %s: CPU\n", name);
}

#define CASE(name)                                                                                 \
    static void name##_is_the_same(void)                                                           \
    {                                                                                              \
        compare(#name, name);                                                                      \
    }
#define ROW(name)                                                                                  \
    {                                                                                              \
#name, name##_is_the_same                                                                  \
    }
CASE(errors)
CASE(lost)
CASE(bad_hosts)
CASE(quota)
CASE(slow)
CASE(long_way)
CASE(longer_than_clients_wait)
CASE(all_at_once)
CASE(fail_open)
CASE(names)
CASE(certificate)
CASE(packets)
CASE(far_away)
CASE(too_far_away)
CASE(dead_origin)
CASE(slow_origin)
CASE(too_slow_origin)
CASE(slow_unit)
CASE(too_slow_unit)
CASE(more_calls)

CASE(attack)
CASE(attack_unseen)

static CU_TestInfo tests[] = {
    ROW(attack),       ROW(attack_unseen),
    ROW(errors),       ROW(lost),
    ROW(bad_hosts),    ROW(quota),
    ROW(slow),         ROW(long_way),
    ROW(all_at_once),  ROW(longer_than_clients_wait),
    ROW(fail_open),    ROW(names),
    ROW(certificate),  ROW(packets),
    ROW(far_away),     ROW(too_far_away),
    ROW(dead_origin),  ROW(slow_origin),
    ROW(slow_unit),    ROW(too_slow_unit),
    ROW(more_calls),   ROW(too_slow_origin),
    CU_TEST_INFO_NULL,
};
TEST_MAIN("cross_faults", tests)
