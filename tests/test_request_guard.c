#include "tests/plane_world.h"

#include <math.h>

enum { PROXY, KV, DB };
static const SimTime end = 60 * SIM_SECOND;

/* One PoP whose site calls `kv` with each request, under a guard. */
static char *
text_of(const char *need, const char *station)
{
    return g_strdup_printf(
        "network: {busiest: 1, cores: 64, cores_per_queue: 64, diurnal: {amplitude: 0%%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms}\n"
        "  kv: {placement: core, outcome: '504', station: {servers: 100, service_time: 10ms%s}}\n"
        "  db: {placement: core, station: {servers: 100, service_time: 10ms}}\n"
        "sites: {web: {service: proxy, requests: 500/s, needs: {kv: {timeout: 1s, %s}},\n"
        "  client: {timeout: 3s, persistence: 0%%}}}\n",
        station, need);
}

static PlaneWorld
make(const char *need, const char *station)
{
    g_autofree char *text = text_of(need, station);
    return plane_world_new(&request_plane_ops, text, 1, 11, (PlaneOptions){.duration = end});
}

static void
impair(const PlaneWorld *of, Impairment fault)
{
    fault.cause = plane_world_note(of, "impaired");
    of->ops->impair_set(of->plane, KV, &fault);
}

static const RequestGuard *
guard_of(const PlaneWorld *of)
{
    return ((const RequestPlane *)of->plane)->pops[0].guards[0];
}

static uint32_t
lines_of(const PlaneWorld *of, const char *kind)
{
    g_autofree char *journal = fake_journal(of->fake);
    uint32_t n = 0;
    for (const char *at = journal; (at = strstr(at, kind)); at++)
        n++;
    return n;
}

static double
gauge_at(const PlaneWorld *of, const char *column, uint32_t bucket)
{
    const SimRecorder *recorder = of->ops->books(of->plane)->recorder;
    uint32_t index = sim_recorder_find(recorder, column);
    return CHECK(index != SIM_NONE) ? sim_recorder_value(recorder, index, bucket) : NAN;
}

/* Of 500 calls a second the one that tries every five seconds is left. */
static void
an_open_breaker_fails_at_once_and_closes_when_calls_succeed(void)
{
    PlaneWorld of = make("breaker: hystrix", "");
    Impairment fault = IMPAIRMENT_NONE;
    fault.errors = 1;
    plane_world_advance(&of, 10 * SIM_SECOND);
    impair(&of, fault);
    plane_world_advance(&of, 17 * SIM_SECOND);
    CHECK_INT(guard_of(&of)->breaker.state, BREAKER_OPEN);
    plane_world_advance(&of, 40 * SIM_SECOND);
    double tried = plane_world_total(&of, "service.kv.offered", 20 * SIM_SECOND, 40 * SIM_SECOND);
    CHECK(tried >= 3 && tried <= 5);
    CHECK_NEAR(plane_world_total(&of, "outcome.504", 20 * SIM_SECOND, 39 * SIM_SECOND), 500 * 19,
               400);
    CHECK_NEAR(plane_world_total(&of, "all.failed", 0, end), plane_world_blamed(&of, 0), 0);
    of.ops->impair_set(of.plane, KV, &IMPAIRMENT_NONE);
    plane_world_finish(&of, end);
    CHECK_INT(guard_of(&of)->breaker.state, BREAKER_CLOSED);
    CHECK_NEAR(plane_world_total(&of, "all.failed", 46 * SIM_SECOND, end), 0, 0);
    CHECK_INT(lines_of(&of, "breaker.opens"), 1);
    CHECK_INT(lines_of(&of, "breaker.closes"), 1);
    CHECK_NEAR(gauge_at(&of, "breaker.web.kv.open", 5), 0, 0);
    CHECK_NEAR(gauge_at(&of, "breaker.web.kv.open", 30), 1, 0);
    CHECK(guard_of(&of)->in_hand < 30);
    plane_world_free(&of);
}

static void
what_a_refused_call_does_is_the_needs(void)
{
    Impairment fault = IMPAIRMENT_NONE;
    fault.errors = 1;
    PlaneWorld of = make("breaker: hystrix, on_failure: open", "");
    impair(&of, fault);
    plane_world_finish(&of, end);
    CHECK_NEAR(plane_world_total(&of, "all.failed", 0, end), 0, 0);
    CHECK_NEAR(plane_world_total(&of, "all.ok", 0, end), 500 * 60, 4 * sqrt(500 * 60));
    plane_world_free(&of);
    of = make("breaker: hystrix, on_failure: fallback, fallback: db", "");
    impair(&of, fault);
    plane_world_finish(&of, end);
    CHECK_NEAR(plane_world_total(&of, "all.failed", 0, end), 0, 0);
    CHECK_NEAR(plane_world_total(&of, "service.db.offered", 0, end), 500 * 60, 4 * sqrt(500 * 60));
    CHECK(plane_world_total(&of, "service.kv.offered", 0, end) < 500 * 8);
    plane_world_free(&of);
}

/* Calls that nobody answers hold their places for a second: ten of them a second go. */
static void
a_bulkhead_keeps_calls_in_hand_few(void)
{
    PlaneWorld of = make("bulkhead: 10", "");
    Impairment fault = IMPAIRMENT_NONE;
    plane_world_advance(&of, 20 * SIM_SECOND);
    double before = plane_world_total(&of, "all.failed", 0, end);
    /* 500 a second of 14 ms at 10 places: Erlang's loss is 7.9 %. */
    CHECK_NEAR(before, .079 * 500 * 20, 4 * sqrt(.079 * 500 * 20));
    fault.lost = 1;
    impair(&of, fault);
    for (SimTime now = 21 * SIM_SECOND; now < end; now += 77 * SIM_MILLISECOND) {
        plane_world_advance(&of, now);
        CHECK(guard_of(&of)->in_hand <= 10);
    }
    plane_world_finish(&of, end);
    CHECK_NEAR(plane_world_total(&of, "service.kv.offered", 30 * SIM_SECOND, 50 * SIM_SECOND), 200,
               12);
    plane_world_free(&of);
}

static void
retries_keep_to_their_budget(void)
{
    PlaneWorld of = make("retries: 3, retry_budget: 20%", "");
    Impairment fault = IMPAIRMENT_NONE;
    fault.errors = 1;
    impair(&of, fault);
    plane_world_finish(&of, end);
    double first = plane_world_total(&of, "all.offered", 20 * SIM_SECOND, end);
    CHECK_NEAR(plane_world_total(&of, "service.kv.offered", 20 * SIM_SECOND, end), 1.2 * first,
               0.02 * first);
    plane_world_free(&of);
    of = make("retries: 3, retries_at_once: 2", "");
    impair(&of, fault);
    plane_world_advance(&of, 20 * SIM_SECOND);
    CHECK(guard_of(&of)->retries <= 2);
    double calls = plane_world_total(&of, "service.kv.offered", 0, end);
    first = plane_world_total(&of, "all.offered", 0, end);
    CHECK(calls > 1.05 * first && calls < 1.6 * first);
    plane_world_free(&of);
}

/* Two hosts of ten are bad: both are left out, or, where one may be, that one. */
static void
hosts_that_fail_are_left_out(void)
{
    static const struct {
        const char *need;
        double left;
    } rows[] = {{"outlier: {ejected_max: 50%}", 0}, {"outlier: {ejected_max: 10%}", 1 / 9.}};
    Impairment fault = IMPAIRMENT_NONE;
    fault.bad_hosts = 0.2;
    for (int i = 0; i < 2; i++) {
        PlaneWorld of = make(rows[i].need, ", hosts: 10");
        impair(&of, fault);
        plane_world_finish(&of, end);
        double n = plane_world_total(&of, "all.offered", 5 * SIM_SECOND, 25 * SIM_SECOND);
        double failed = plane_world_total(&of, "all.failed", 5 * SIM_SECOND, 25 * SIM_SECOND);
        CHECK_NEAR(failed, n * rows[i].left, 4 * sqrt(n * rows[i].left) + 5);
        CHECK(lines_of(&of, "outlier.ejects") > 0);
        plane_world_free(&of);
    }
}

/* kv, which refuses most, is called by a central service that watches. */
static void
central_callers_have_guards_of_their_own(void)
{
    static const char text[] =
        "network: {busiest: 1, cores: 64, cores_per_queue: 64, diurnal: {amplitude: 0%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms}\n"
        "  kv: {placement: core, station: {servers: 100, service_time: 10ms}}\n"
        "  db: {placement: core, station: {servers: 100, service_time: 10ms},\n"
        "    needs: {kv: {timeout: 1s, on_failure: open, breaker: {kind: finagle}}}}\n"
        "sites: {web: {service: proxy, requests: 500/s, needs: {db: 100%}}}\n";
    PlaneWorld of =
        plane_world_new(&request_plane_ops, text, 1, 3, (PlaneOptions){.duration = end});
    Impairment fault = IMPAIRMENT_NONE;
    fault.errors = 1;
    plane_world_advance(&of, 10 * SIM_SECOND);
    impair(&of, fault);
    plane_world_finish(&of, end);
    const RequestGuard *guard = ((const RequestPlane *)of.plane)->guards[0];
    CHECK_INT(guard->breaker.state, BREAKER_OPEN);
    CHECK_NEAR(plane_world_total(&of, "all.failed", 0, end), 0, 0);
    /* Five on end, those on their way, and one each after 5, 10, 20 and 40 s or less. */
    double calls = plane_world_total(&of, "service.kv.offered", 10 * SIM_SECOND, end);
    CHECK(calls > 5 && calls < 40);
    CHECK_INT(guard->in_hand, 0);
    plane_world_free(&of);
}

/* Nothing fails, however long a round trip takes. */
static void
a_throttle_lets_the_first_calls_go(void)
{
    PlaneWorld of = make("throttle: sre, breaker: hystrix", "");
    Impairment fault = IMPAIRMENT_NONE;
    fault.delay = 0.3;
    impair(&of, fault);
    plane_world_finish(&of, end);
    CHECK_NEAR(plane_world_total(&of, "all.failed", 0, end), 0, 0);
    plane_world_free(&of);
}

static CU_TestInfo tests[] = {
    {"a_throttle_lets_the_first_calls_go", a_throttle_lets_the_first_calls_go},
    {"an_open_breaker_fails_at_once_and_closes_when_calls_succeed",
     an_open_breaker_fails_at_once_and_closes_when_calls_succeed},
    {"what_a_refused_call_does_is_the_needs", what_a_refused_call_does_is_the_needs},
    {"a_bulkhead_keeps_calls_in_hand_few", a_bulkhead_keeps_calls_in_hand_few},
    {"retries_keep_to_their_budget", retries_keep_to_their_budget},
    {"hosts_that_fail_are_left_out", hosts_that_fail_are_left_out},
    {"central_callers_have_guards_of_their_own", central_callers_have_guards_of_their_own},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("request_guard", tests)
