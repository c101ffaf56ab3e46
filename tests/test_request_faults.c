#include "tests/plane_world.h"

#include <math.h>

/* One PoP with ample CPU; every request calls `kv`, a tenth by way of the cache to an origin. */
static const char world_text[] =
    "network: {busiest: 1, cores: 64, cores_per_queue: 64, diurnal: {amplitude: 0%}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 1ms, needs: {rules: 100%}}\n"
    "  rules: {placement: pop, inside: proxy, cpu: 1ms}\n"
    "  kv: {placement: core, outcome: '504', station: {servers: 200, service_time: 10ms}}\n"
    "sites:\n"
    "  web: {service: proxy, requests: 1000/s, needs: {kv: {share: 50%, timeout: 1s}},\n"
    "    origin: {latency: 50ms}, client: {timeout: 3s, persistence: 0%}}\n"
    "  api: {service: proxy, requests: 500/s, client: {timeout: 3s, persistence: 0%}}\n";
enum { PROXY, RULES, KV };
enum { WEB, API };
static const SimTime end = 60 * SIM_SECOND;

static PlaneWorld
make(const char *text)
{
    return plane_world_new(&request_plane_ops, text, 1, 11, (PlaneOptions){.duration = end});
}

static void
impair(const PlaneWorld *of, Impairment fault)
{
    fault.cause = plane_world_note(of, "impaired");
    of->ops->impair_set(of->plane, KV, &fault);
}

/* A share of n, within four standard errors of chance. */
static void
check_share(double seen, double n, double share)
{
    CHECK_NEAR(seen, n * share, 4 * sqrt(n * share * (1 - share)) + 5);
}

static void
calls_that_err_have_been_served(void)
{
    PlaneWorld of = make(world_text);
    Impairment fault = IMPAIRMENT_NONE;
    fault.errors = 0.3;
    impair(&of, fault);
    plane_world_finish(&of, end);
    double calls = plane_world_total(&of, "service.kv.offered", 0, end);
    check_share(plane_world_total(&of, "service.kv.failed", 0, end), calls, 0.3);
    check_share(plane_world_total(&of, "outcome.504", 0, end), calls, 0.3);
    CHECK_NEAR(plane_world_blamed(&of, 0), plane_world_total(&of, "all.failed", 0, end), 0);
    /* 500 calls a second of 10 ms at 200 servers. */
    const SimRecorder *recorder = of.ops->books(of.plane)->recorder;
    CHECK_NEAR(
        sim_recorder_value(recorder, sim_recorder_find(recorder, "service.kv.utilisation"), 30),
        0.025, 0.005);
    plane_world_free(&of);
}

static void
bad_hosts_answer_without_serving(void)
{
    PlaneWorld of = make(world_text);
    Impairment fault = IMPAIRMENT_NONE;
    fault.bad_hosts = 0.4;
    impair(&of, fault);
    plane_world_finish(&of, end);
    double calls = plane_world_total(&of, "service.kv.offered", 0, end);
    check_share(plane_world_total(&of, "outcome.504", 0, end), calls, 0.4);
    const SimRecorder *recorder = of.ops->books(of.plane)->recorder;
    CHECK_NEAR(
        sim_recorder_value(recorder, sim_recorder_find(recorder, "service.kv.utilisation"), 30),
        0.015, 0.005);
    plane_world_free(&of);
}

/* Who calls waits out the time-out of the call, which is shorter than its client's. */
static void
lost_calls_time_out(void)
{
    PlaneWorld of = make(world_text);
    Impairment fault = IMPAIRMENT_NONE;
    fault.lost = 0.25;
    impair(&of, fault);
    plane_world_finish(&of, end);
    double calls = plane_world_total(&of, "service.kv.offered", 0, end);
    double failed = plane_world_total(&of, "outcome.504", 0, end);
    check_share(failed, calls, 0.25);
    CHECK_NEAR(failed, plane_world_total(&of, "all.failed", 0, end), 0);
    CHECK_NEAR(plane_world_blamed(&of, 0), failed, 0);
    plane_world_free(&of);
}

/* The answer comes in time, later or too late. */
static void
a_longer_way_is_waited_for_up_to_the_time_out(void)
{
    PlaneWorld of = make(world_text);
    Impairment fault = IMPAIRMENT_NONE;
    fault.delay = 0.5;
    plane_world_advance(&of, 10 * SIM_SECOND);
    impair(&of, fault);
    plane_world_advance(&of, 30 * SIM_SECOND);
    double before = plane_world_total(&of, "all.failed", 0, end);
    const SimRecorder *recorder = of.ops->books(of.plane)->recorder;
    uint32_t column = sim_recorder_find(recorder, "service.kv.latency.p50");
    double usual = sim_recorder_value(recorder, column, 5);
    CHECK_NEAR(before, 0, 0);
    CHECK_NEAR(sim_recorder_value(recorder, column, 20), usual + 0.5, 0.02);
    fault.delay = 1.5;
    impair(&of, fault);
    plane_world_finish(&of, end);
    double calls = plane_world_total(&of, "service.kv.offered", 31 * SIM_SECOND, end - SIM_SECOND);
    CHECK_NEAR(plane_world_total(&of, "outcome.504", 32 * SIM_SECOND, end), calls, 0);
    plane_world_free(&of);
}

/* 500 calls a second of 10 ms at 200 servers, 50 times as long: 1.25 of what it can. */
static void
a_slow_service_is_short_of_servers(void)
{
    PlaneWorld of = make(world_text);
    Impairment fault = IMPAIRMENT_NONE;
    fault.slow = 50;
    impair(&of, fault);
    plane_world_finish(&of, end);
    double calls = plane_world_total(&of, "service.kv.offered", 30 * SIM_SECOND, end);
    double failed = plane_world_total(&of, "service.kv.failed", 30 * SIM_SECOND, end);
    CHECK(failed > .2 * calls);
    CHECK(plane_world_blamed(&of, 0) > 0);
    plane_world_free(&of);
}

static void
a_quota_lets_its_rate_pass(void)
{
    PlaneWorld of = make(world_text);
    Impairment fault = IMPAIRMENT_NONE;
    fault.quota_per_s = 200;
    impair(&of, fault);
    plane_world_finish(&of, end);
    double calls = plane_world_total(&of, "service.kv.offered", 0, end);
    double failed = plane_world_total(&of, "service.kv.failed", 0, end);
    CHECK_NEAR(calls - failed, 200 * 60, 5);
    CHECK_NEAR(plane_world_blamed(&of, 0), failed, 0);
    fault.quota_per_s = 2000;
    plane_world_free(&of);
    of = make(world_text);
    impair(&of, fault);
    plane_world_finish(&of, end);
    CHECK_NEAR(plane_world_total(&of, "service.kv.failed", 0, end), 0, 20);
    plane_world_free(&of);
}

/* What a failed call does is switched while calls fail: no request fails, then each, then none. */
static void
a_switch_says_what_failed_calls_do(void)
{
    PlaneWorld of = make(world_text);
    Impairment fault = IMPAIRMENT_NONE;
    fault.errors = 1;
    impair(&of, fault);
    of.ops->need_set(of.plane, KV, NEED_OPEN, SIM_NONE);
    plane_world_advance(&of, 20 * SIM_SECOND);
    of.ops->need_set(of.plane, KV, NEED_AS_WRITTEN, SIM_NONE);
    plane_world_advance(&of, 40 * SIM_SECOND);
    of.ops->need_set(of.plane, KV, NEED_STALE, SIM_NONE);
    plane_world_finish(&of, end);
    SimTime first = 19 * SIM_SECOND, second = 21 * SIM_SECOND, third = 41 * SIM_SECOND;
    CHECK_NEAR(plane_world_total(&of, "all.failed", 0, first), 0, 0);
    CHECK_NEAR(plane_world_total(&of, "outcome.504", second, 39 * SIM_SECOND),
               plane_world_total(&of, "service.kv.offered", second, 39 * SIM_SECOND), 40);
    CHECK_NEAR(plane_world_total(&of, "all.failed", third, end), 0, 0);
    CHECK_NEAR(plane_world_total(&of, "outcome.stale", third, end),
               plane_world_total(&of, "service.kv.offered", third, end), 40);
    plane_world_free(&of);
}

/* Names first, then the way, then TLS; nobody of the other site is touched. */
static void
attempts_fail_on_their_way(void)
{
    PlaneWorld of = make(world_text);
    EntryFault fault = {.share = 0.2, .outcome = OUTCOME_SERVFAIL};
    fault.cause = plane_world_note(&of, "names");
    of.ops->entry_set(of.plane, WEB, SIM_NONE, &fault);
    fault = (EntryFault){.share = 0.25, .outcome = OUTCOME_TIMEOUT, .cause = fault.cause};
    of.ops->entry_set(of.plane, WEB, SIM_NONE, &fault);
    fault = (EntryFault){.share = 0.5, .outcome = OUTCOME_TLS, .cause = fault.cause};
    of.ops->entry_set(of.plane, WEB, 0, &fault);
    plane_world_finish(&of, end);
    double n = plane_world_total(&of, "site.web.offered", 0, end);
    check_share(plane_world_total(&of, "outcome.servfail", 0, end), n, .2);
    check_share(plane_world_total(&of, "outcome.timeout", 0, end), n * .95, .8 * .25);
    check_share(plane_world_total(&of, "outcome.tls", 0, end), n, .8 * .75 * .5);
    CHECK_NEAR(plane_world_total(&of, "site.api.failed", 0, end), 0, 0);
    CHECK_NEAR(plane_world_blamed(&of, 0), plane_world_total(&of, "all.failed", 0, end), 0);
    /* They use no CPU: 2 ms each for the others. */
    double came = plane_world_total(&of, "all.offered", 0, end) -
                  plane_world_total(&of, "all.failed", 0, end) - n * .05 * .2;
    const SimRecorder *recorder = of.ops->books(of.plane)->recorder;
    CHECK_NEAR(sim_recorder_value(recorder, sim_recorder_find(recorder, "cpu.mean"), 30),
               came / 60 * .002 / 64, .003);
    plane_world_free(&of);
}

static void
a_longer_way_to_the_pop_shows_in_latency(void)
{
    PlaneWorld of = make(world_text);
    plane_world_advance(&of, 20 * SIM_SECOND);
    const EntryFault fault = {.outcome = OUTCOME_TIMEOUT, .delay = 0.4, .cause = SIM_NONE};
    of.ops->entry_set(of.plane, SIM_NONE, SIM_NONE, &fault);
    plane_world_advance(&of, 40 * SIM_SECOND);
    const EntryFault worse = {.outcome = OUTCOME_TIMEOUT, .delay = 3.5, .cause = SIM_NONE};
    of.ops->entry_set(of.plane, API, SIM_NONE, &worse);
    plane_world_finish(&of, end);
    const SimRecorder *recorder = of.ops->books(of.plane)->recorder;
    uint32_t column = sim_recorder_find(recorder, "latency.p50");
    CHECK_NEAR(sim_recorder_value(recorder, column, 30),
               sim_recorder_value(recorder, column, 10) + 0.4, 0.03);
    CHECK_NEAR(plane_world_total(&of, "all.failed", 0, 40 * SIM_SECOND), 0, 0);
    CHECK_NEAR(plane_world_total(&of, "outcome.timeout", 45 * SIM_SECOND, end), 500 * 15, 400);
    plane_world_free(&of);
}

static void
origins_fail_or_answer_late(void)
{
    PlaneWorld of = make(world_text);
    OriginFault fault = {.errors = 0.3, .delay = 0.5, .cause = plane_world_note(&of, "origin")};
    of.ops->origin_set(of.plane, WEB, &fault);
    plane_world_advance(&of, 30 * SIM_SECOND);
    double asked = plane_world_total(&of, "origin.requests", 0, end) -
                   plane_world_total(&of, "site.api.offered", 0, end);
    check_share(plane_world_total(&of, "outcome.522", 0, end), asked, .3);
    CHECK_NEAR(plane_world_blamed(&of, 0), plane_world_total(&of, "all.failed", 0, end), 40);
    fault = (OriginFault){.delay = 5, .cause = SIM_NONE};
    of.ops->origin_set(of.plane, WEB, &fault);
    plane_world_finish(&of, end);
    CHECK_NEAR(plane_world_total(&of, "outcome.timeout", 35 * SIM_SECOND, end), 1000 * 25, 800);
    CHECK_NEAR(plane_world_total(&of, "site.api.failed", 0, end), 0, 0);
    plane_world_free(&of);
}

/* Half a second beyond the CPU, then longer than anybody waits. */
static void
units_let_requests_wait(void)
{
    PlaneWorld of = make(world_text);
    Behaviour slow = BEHAVIOUR_NORMAL;
    slow.delay = 0.5;
    slow.cause = plane_world_note(&of, "delay");
    plane_world_advance(&of, 20 * SIM_SECOND);
    of.ops->behaviour_set(of.plane, RULES, 0, 0, &slow);
    plane_world_advance(&of, 40 * SIM_SECOND);
    slow.delay = 4;
    of.ops->behaviour_set(of.plane, RULES, 0, 0, &slow);
    plane_world_finish(&of, end);
    const SimRecorder *recorder = of.ops->books(of.plane)->recorder;
    uint32_t column = sim_recorder_find(recorder, "latency.p50");
    CHECK_NEAR(sim_recorder_value(recorder, column, 30),
               sim_recorder_value(recorder, column, 10) + 0.5, 0.03);
    CHECK_NEAR(plane_world_total(&of, "all.failed", 0, 40 * SIM_SECOND), 0, 0);
    double late = plane_world_total(&of, "outcome.timeout", 40 * SIM_SECOND, end);
    CHECK_NEAR(late, 1500 * 17, 1000);
    CHECK_NEAR(plane_world_blamed(&of, slow.cause), late, 0);
    plane_world_free(&of);
}

/* The needs of a unit of the PoP, made two and a half times or half as often; a site's own as
 * they are. */
static void
services_make_more_calls(void)
{
    static const char text[] =
        "network: {busiest: 1, cores: 64, cores_per_queue: 64, diurnal: {amplitude: 0%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms, needs: {kv: 50%}}\n"
        "  kv: {placement: core, station: {servers: 200, service_time: 10ms}}\n"
        "  db: {placement: core, station: {servers: 200, service_time: 10ms}}\n"
        "sites: {web: {service: proxy, requests: 1000/s, needs: {db: 50%}}}\n";
    PlaneWorld of = make(text);
    Behaviour busy = BEHAVIOUR_NORMAL;
    busy.calls = 2.5;
    of.ops->behaviour_set(of.plane, PROXY, 0, 0, &busy);
    plane_world_advance(&of, 30 * SIM_SECOND);
    busy.calls = 0.5;
    of.ops->behaviour_set(of.plane, PROXY, 0, 0, &busy);
    plane_world_finish(&of, end);
    CHECK_NEAR(plane_world_total(&of, "service.kv.offered", 0, 30 * SIM_SECOND), 37500, 1200);
    CHECK_NEAR(plane_world_total(&of, "service.kv.offered", 30 * SIM_SECOND, end), 7500, 500);
    CHECK_NEAR(plane_world_total(&of, "service.db.offered", 0, end), 30000, 800);
    CHECK_NEAR(plane_world_total(&of, "all.failed", 0, end), 0, 0);
    plane_world_free(&of);
}

static void
sites_are_counted_pop_by_pop(void)
{
    PlaneWorld of = plane_world_new(&request_plane_ops, world_text, 1, 11,
                                    (PlaneOptions){.duration = end, .counts_sites = true});
    const EntryFault fault = {.share = 0.5, .outcome = OUTCOME_TLS, .cause = SIM_NONE};
    of.ops->entry_set(of.plane, API, 0, &fault);
    plane_world_finish(&of, end);
    static const char *const names[] = {"site.web", "site.api"};
    for (uint32_t s = 0; s < 2; s++) {
        PlaneCounts counts = of.ops->site_counts(of.plane, 0, s);
        g_autofree char *offered = g_strconcat(names[s], ".offered", NULL);
        g_autofree char *failed = g_strconcat(names[s], ".failed", NULL);
        CHECK_NEAR((double)counts.offered, plane_world_total(&of, offered, 0, end), 0);
        CHECK_NEAR((double)counts.failed, plane_world_total(&of, failed, 0, end), 0);
    }
    CHECK(of.ops->site_counts(of.plane, 0, API).failed > 10000);
    plane_world_free(&of);
}

/* `waf` sees through nine tenths while it works: those cost half, and call nothing. */
static void
an_attack_is_in_its_sites_columns_alone(void)
{
    static const char text[] =
        "network: {busiest: 1, cores: 8, cores_per_queue: 8, diurnal: {amplitude: 0%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms, needs: {waf: 100%}}\n"
        "  waf: {placement: pop, inside: proxy, cpu: 1ms, needs: {late: 100%}}\n"
        "  late: {placement: pop, inside: proxy, cpu: 2ms}\n"
        "  kv: {placement: core, station: {servers: 200, service_time: 10ms}}\n"
        "sites:\n"
        "  web: {service: proxy, requests: 100/s}\n"
        "  flood: {service: proxy, requests: 500/s, needs: {kv: 100%},\n"
        "    attack: {blocked_by: waf, share: 90%}}\n";
    PlaneWorld of = make(text);
    plane_world_advance(&of, 10 * SIM_SECOND);
    of.ops->demand_set(of.plane, 1, 1, -1, plane_world_note(&of, "flood"));
    plane_world_advance(&of, 30 * SIM_SECOND);
    double n = plane_world_total(&of, "site.flood.offered", 0, end);
    CHECK_NEAR(n, 500 * 20, 4 * sqrt(500 * 20));
    check_share(plane_world_total(&of, "site.flood.blocked", 0, end), n, .9);
    check_share(plane_world_total(&of, "service.kv.offered", 0, end), n, .1);
    CHECK_NEAR(plane_world_total(&of, "all.offered", 0, end), 100 * 30, 4 * sqrt(3000));
    CHECK_NEAR(plane_world_total(&of, "outcome.blocked", 0, end), 0, 0);
    CHECK_NEAR(plane_world_blamed(&of, 0), 0, 0);
    CHECK_NEAR((double)of.ops->counts(of.plane, 0).offered,
               plane_world_total(&of, "all.offered", 0, end), 0);
    const SimRecorder *recorder = of.ops->books(of.plane)->recorder;
    double used = sim_recorder_value(recorder, sim_recorder_find(recorder, "cpu.mean"), 20);
    CHECK_NEAR(used, (100 * .004 + 500 * (.9 * .002 + .1 * .004)) / 8, .04);
    of.ops->kill_switch_set(of.plane, 1, true, SIM_NONE);
    plane_world_finish(&of, end);
    CHECK_NEAR(plane_world_total(&of, "site.flood.blocked", 31 * SIM_SECOND, end), 0, 0);
    CHECK_NEAR(plane_world_total(&of, "site.flood.ok", 31 * SIM_SECOND, end), 500 * 29,
               4 * sqrt(500 * 29));
    plane_world_free(&of);
}

static CU_TestInfo tests[] = {
    {"an_attack_is_in_its_sites_columns_alone", an_attack_is_in_its_sites_columns_alone},
    {"sites_are_counted_pop_by_pop", sites_are_counted_pop_by_pop},
    {"calls_that_err_have_been_served", calls_that_err_have_been_served},
    {"bad_hosts_answer_without_serving", bad_hosts_answer_without_serving},
    {"lost_calls_time_out", lost_calls_time_out},
    {"a_longer_way_is_waited_for_up_to_the_time_out",
     a_longer_way_is_waited_for_up_to_the_time_out},
    {"a_slow_service_is_short_of_servers", a_slow_service_is_short_of_servers},
    {"a_quota_lets_its_rate_pass", a_quota_lets_its_rate_pass},
    {"a_switch_says_what_failed_calls_do", a_switch_says_what_failed_calls_do},
    {"attempts_fail_on_their_way", attempts_fail_on_their_way},
    {"a_longer_way_to_the_pop_shows_in_latency", a_longer_way_to_the_pop_shows_in_latency},
    {"origins_fail_or_answer_late", origins_fail_or_answer_late},
    {"units_let_requests_wait", units_let_requests_wait},
    {"services_make_more_calls", services_make_more_calls},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("request_faults", tests)
