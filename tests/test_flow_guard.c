#include "tests/flow_world.h"

#include <math.h>

#define HEAD                                                                                       \
    "network: {busiest: 2, cores: 1000, diurnal: {amplitude: 0%}}\n"                               \
    "locations: {dc: {latitude: 0, longitude: 0}}\n"
#define CLIENT "client: {retries: 0, persistence: 0%, timeout: 10s}"
#define STATION "{servers: 100, service_time: 10ms, hosts: 40}"

/* A thousand requests a second call kv, over a need with these keys; station of kv; site's needs */
#define SHOP(station, keys)                                                                        \
    HEAD "services:\n"                                                                             \
         "  proxy: {placement: pop, cpu: 1ms, needs: {kv: {timeout: 1s" keys "}}}\n"               \
         "  kv: {placement: core, location: dc, station: " station "}\n"                           \
         "sites:\n"                                                                                \
         "  shop: {service: proxy, requests: 1000/s, " CLIENT "}\n"
enum { PROXY, KV };

static void
impair(FlowWorld *it, uint32_t service, Impairment fault)
{
    fault.cause = flow_world_cause(it, "fault");
    flow_plane_ops.impair_set(it->flow, service, &fault);
}

static Impairment
errors(double share)
{
    Impairment fault = IMPAIRMENT_NONE;
    fault.errors = share;
    return fault;
}

/* Of a kind in the journal: the first entry, or NULL; how many happenings in all. */
static const SimJournalEntry *
first_of(const FlowWorld *it, const char *kind, uint64_t *ret_n)
{
    const SimJournal *journal = it->fake->world.journal;
    const SimJournalEntry *first = NULL;
    *ret_n = 0;
    for (uint32_t i = 0; i < sim_journal_count(journal); i++) {
        const SimJournalEntry *entry = sim_journal_get(journal, i);
        if (g_strcmp0(entry->kind, kind) != 0)
            continue;
        first = first ? first : entry;
        *ret_n += entry->n;
    }
    return first;
}

/* Case 15.  The fault begins at 30 s, its first failures are those of the second after. */
static void
breakers_trip_when_their_law_says(void)
{
    static const double rows[][2] = {{1, 5}, {.8, 6.25}, {.6, 8.3333}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        FlowWorld it = flow_world_new(SHOP(STATION, ", breaker: hystrix"), 2);
        flow_world_run(&it, 30);
        impair(&it, KV, errors(rows[i][0]));
        flow_world_run(&it, 60);
        uint64_t n = 0;
        const SimJournalEntry *opens = first_of(&it, "breaker.opens", &n);
        CHECK(opens != NULL);
        double after = opens ? sim_seconds(opens->at) - 31 : 0;
        CHECK(after >= rows[i][1] && after <= rows[i][1] + 1.5);
        flow_world_free(&it);
    }
}

static void
an_open_breaker_takes_the_load_away(void)
{
    FlowWorld it = flow_world_new(SHOP(STATION, ", breaker: hystrix"), 2);
    flow_world_run(&it, 30);
    impair(&it, KV, errors(1));
    flow_world_run(&it, 150);
    /* One call in five seconds tries at each of two PoPs; nobody is served. */
    CHECK_NEAR(flow_world_sum(&it, "service.kv.offered", 50, 140), 2 * 90 / 5, 5);
    CHECK_NEAR(flow_world_share(&it, "all.failed", "all.offered", 50, 140), 1, 1e-3);
    CHECK_NEAR(flow_world_sum(&it, "breaker.proxy.kv.open", 50, 140), 90, 1e-9);
    CHECK_NEAR(flow_world_share(&it, "cause.1.failed", "all.failed", 40, 140), 1, 1e-9);
    uint64_t n = 0;
    const SimJournalEntry *opens = first_of(&it, "breaker.opens", &n);
    CHECK_STR(opens->entity, "breaker/proxy/kv");
    CHECK_INT(n, 2);
    first_of(&it, "breaker.tries", &n);
    CHECK_INT(n, 2);
    flow_world_free(&it);
}

static void
what_is_not_called_fails_open_where_the_need_does(void)
{
    FlowWorld it = flow_world_new(SHOP(STATION, ", breaker: hystrix, on_failure: open"), 2);
    flow_world_run(&it, 30);
    impair(&it, KV, errors(1));
    flow_world_run(&it, 100);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 0, 100), 0, 0);
    CHECK(flow_world_sum(&it, "service.kv.offered", 50, 90) < 30);
    flow_world_free(&it);
}

static void
a_call_that_tries_closes_it_after_the_fault(void)
{
    FlowWorld it = flow_world_new(SHOP(STATION, ", breaker: hystrix"), 2);
    flow_world_run(&it, 30);
    impair(&it, KV, errors(1));
    flow_world_run(&it, 90);
    impair(&it, KV, IMPAIRMENT_NONE);
    flow_world_run(&it, 120);
    uint64_t n = 0;
    const SimJournalEntry *closes = first_of(&it, "breaker.closes", &n);
    CHECK_INT(n, 2);
    CHECK(closes && sim_seconds(closes->at) <= 90 + 5 + 3);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 100, 118), 0, 1e-9);
    CHECK_NEAR(flow_world_sum(&it, "service.kv.offered", 100, 118), 18000, 1);
    CHECK_NEAR(flow_world_sum(&it, "breaker.proxy.kv.open", 100, 118), 0, 0);
    flow_world_free(&it);
}

/* Six in ten calls fail: a trial succeeds four times in ten, and half a window later it opens. */
static void
breakers_of_a_half_dead_service_flap(void)
{
    FlowWorld it = flow_world_new(SHOP(STATION, ", breaker: hystrix"), 2);
    flow_world_run(&it, 30);
    impair(&it, KV, errors(.6));
    flow_world_run(&it, 1000);
    uint64_t opens = 0, closes = 0;
    first_of(&it, "breaker.opens", &opens);
    first_of(&it, "breaker.closes", &closes);
    CHECK(opens > 40 && closes > 40);
    double open = flow_world_sum(&it, "breaker.proxy.kv.open", 100, 990) / 890;
    CHECK(open > .3 && open < .95);
    /* Not at one time at all PoPs: each has drawn its own. */
    double ok = flow_world_share(&it, "all.ok", "all.offered", 100, 990);
    CHECK(ok > .02 && ok < .4 * (1 - open) + .05);
    flow_world_free(&it);
}

/* Case 14: twice what kv can do is sent. */
static void
sre_clients_send_twice_what_is_accepted(void)
{
    FlowWorld it =
        flow_world_new(SHOP("{servers: 1, service_time: 10ms, queue: 2}", ", throttle: sre"), 1);
    flow_world_run(&it, 1500);
    CHECK_NEAR(flow_world_sum(&it, "service.kv.offered", 600, 1490) / 890, 200, 2);
    CHECK_NEAR(flow_world_share(&it, "service.kv.offered", "all.offered", 600, 1490), .2, .002);
    CHECK_NEAR(flow_world_sum(&it, "all.ok", 600, 1490) / 890, 100, 1);
    flow_world_free(&it);
}

#define CALM_SHOP(station, keys)                                                                   \
    HEAD "services:\n"                                                                             \
         "  proxy: {placement: pop, cpu: 1ms, needs: {kv: {timeout: 1s" keys "}}}\n"               \
         "  kv: {placement: core, location: dc, station: " station "}\n"                           \
         "sites:\n"                                                                                \
         "  shop: {service: proxy, requests: 400/s, " CLIENT "}\n"

/* Case 14: before the calls, and before the station. */
static void
envoy_admits_the_root_of_offered_times_capacity(void)
{
    FlowWorld it = flow_world_new(
        CALM_SHOP("{servers: 1, service_time: 10ms, queue: 2}", ", throttle: envoy"), 1);
    flow_world_run(&it, 600);
    CHECK_NEAR(flow_world_sum(&it, "service.kv.offered", 300, 590) / 290, 205.2, 2.05);
    flow_world_free(&it);
    it = flow_world_new(
        CALM_SHOP("{servers: 1, service_time: 10ms, queue: 2, admission: envoy}", ""), 1);
    flow_world_run(&it, 600);
    CHECK_NEAR(it.flow->cores[0].admission->share, .487, .00487);
    CHECK_NEAR(flow_world_sum(&it, "all.ok", 300, 590) / 290, 100, 1);
    flow_world_free(&it);
}

/* Three retries of what always fails; a budget of a fifth. */
static void
a_budget_bounds_the_retries_of_a_need(void)
{
    static const struct {
        const char *text;
        double tries;
    } rows[] = {{SHOP(STATION, ", retries: 3"), 4},
                {SHOP(STATION, ", retries: 3, retry_budget: 20%"), 1.2},
                {SHOP(STATION, ", retries: 3, retries_at_once: 3"), 1.6}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        FlowWorld it = flow_world_new(rows[i].text, 2);
        flow_world_run(&it, 30);
        impair(&it, KV, errors(1));
        flow_world_run(&it, 100);
        /* 10 ms each: three retries at once are 300 a second, at each of two PoPs. */
        CHECK_NEAR(it.flow->cores[0].asked_per_s, 1000 * rows[i].tries, 10 * rows[i].tries);
        CHECK_NEAR(flow_world_share(&it, "all.failed", "all.offered", 40, 90), 1, 1e-6);
        flow_world_free(&it);
    }
}

static void
retries_within_a_budget_still_rescue(void)
{
    FlowWorld it = flow_world_new(SHOP(STATION, ", retries: 1, retry_budget: 100%"), 2);
    FlowWorld tight = flow_world_new(SHOP(STATION, ", retries: 1, retry_budget: 20%"), 2);
    flow_world_run(&it, 30);
    flow_world_run(&tight, 30);
    impair(&it, KV, errors(.5));
    impair(&tight, KV, errors(.5));
    flow_world_run(&it, 100);
    flow_world_run(&tight, 100);
    CHECK_NEAR(flow_world_share(&it, "all.failed", "all.offered", 40, 90), .25, 1e-6);
    /* Of half that failed, a fifth of all is tried again, and half of that succeeds. */
    CHECK_NEAR(flow_world_share(&tight, "all.failed", "all.offered", 40, 90), .5 - .2 * .5, 1e-3);
    flow_world_free(&it);
    flow_world_free(&tight);
}

static void
halt(FlowWorld *it, uint32_t service, bool halted)
{
    flow_plane_ops.halt_set(it->flow, service, halted, flow_world_cause(it, "halt"));
}

/* Calls in hand at a PoP: as many as time out in a second can be made. */
static void
a_bulkhead_bounds_the_calls_in_hand(void)
{
    FlowWorld it = flow_world_new(SHOP(STATION, ", bulkhead: 10"), 1);
    flow_world_run(&it, 30);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 0, 30), 0, 1e-9); /* 10 ms x 1000/s: just so */
    halt(&it, KV, true);
    flow_world_run(&it, 90);
    CHECK_NEAR(flow_world_sum(&it, "service.kv.offered", 40, 89) / 49, 10, 1);
    CHECK(it.flow->pops[0].guards[0].in_hand <= 10 + 1e-9);
    CHECK_NEAR(flow_world_share(&it, "all.failed", "all.offered", 40, 89), 1, 1e-3);
    CHECK_NEAR(flow_world_share(&it, "cause.1.failed", "all.failed", 32, 89), 1, 1e-6);
    halt(&it, KV, false);
    flow_world_run(&it, 120);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 95, 119), 0, 1e-3);
    flow_world_free(&it);
}

/* api holds fifty calls; of each it asks `slow` for something that it can do without. */
#define HOLDER(keys)                                                                               \
    HEAD "services:\n"                                                                             \
         "  proxy: {placement: pop, cpu: 1ms, needs: {api: {timeout: 2s}}}\n"                      \
         "  api: {placement: core, location: dc, station: {servers: 20, service_time: 10ms,\n"     \
         "    concurrency: 50, cancel: true}, needs: {slow: {share: 50%, on_failure: open,\n"      \
         "      timeout: 30s" keys "}}}\n"                                                         \
         "  slow: {placement: core, location: dc, station: {servers: 100, cancel: true}}\n"        \
         "sites:\n"                                                                                \
         "  shop: {service: proxy, requests: 400/s, " CLIENT "}\n"

static void
a_pool_of_its_own_keeps_a_hung_service_from_the_others(void)
{
    static const struct {
        const char *text;
        double least, most; /* failed share while `slow` hangs */
    } rows[] = {{HOLDER(""), .9, 1}, {HOLDER(", bulkhead: 10"), 0, 1e-6}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        FlowWorld it = flow_world_new(rows[i].text, 2);
        flow_world_run(&it, 30);
        halt(&it, 2, true);
        flow_world_run(&it, 60);
        double failed = flow_world_share(&it, "all.failed", "all.offered", 35, 60);
        CHECK(failed >= rows[i].least && failed <= rows[i].most);
        flow_world_free(&it);
    }
}

/* A breaker in a central caller. */
static void
a_central_caller_s_breaker_frees_its_places(void)
{
    FlowWorld it = flow_world_new(HOLDER(", breaker: {kind: finagle, open: 20s}"), 2);
    flow_world_run(&it, 30);
    impair(&it, 2, errors(1));
    flow_world_run(&it, 120);
    uint64_t n = 0;
    const SimJournalEntry *opens = first_of(&it, "breaker.opens", &n);
    CHECK_STR(opens->entity, "breaker/api/slow");
    CHECK_INT(n, 1);
    CHECK(flow_world_sum(&it, "service.slow.offered", 40, 110) < 10);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 0, 110), 0, 1e-9);
    CHECK_NEAR(flow_world_sum(&it, "breaker.api.slow.open", 40, 110), 70, 1e-9);
    flow_world_free(&it);
}

/* Two of forty hosts go bad, then twelve: a tenth may be left out. */
static void
bad_hosts_are_left_out_up_to_a_tenth(void)
{
    FlowWorld it = flow_world_new(SHOP(STATION, ", outlier: {}"), 2);
    Impairment fault = IMPAIRMENT_NONE;
    flow_world_run(&it, 30);
    fault.bad_hosts = .05;
    impair(&it, KV, fault);
    flow_world_run(&it, 59);
    CHECK_NEAR(flow_world_share(&it, "all.failed", "all.offered", 40, 59), 0, 1e-9);
    double seen = flow_world_sum(&it, "all.failed", 30, 40);
    CHECK(seen > 15 && seen < 100); /* five calls a host and PoP, seen within a second */
    flow_world_run(&it, 200);
    fault.bad_hosts = .3;
    impair(&it, KV, fault);
    flow_world_run(&it, 208);
    CHECK_NEAR(flow_world_share(&it, "all.failed", "all.offered", 203, 208), 8. / 36, 1e-6);
    uint64_t n = 0;
    const SimJournalEntry *ejects = first_of(&it, "outlier.ejects", &n);
    CHECK_STR(ejects->entity, "outlier/proxy/kv");
    CHECK(n >= 8);
    impair(&it, KV, IMPAIRMENT_NONE);
    flow_world_run(&it, 700);
    CHECK_NEAR(flow_world_sum(&it, "all.failed", 210, 700), 0, 1e-9);
    CHECK_INT(it.flow->pops[0].guards[0].outlier->n_out, 0);
    flow_world_free(&it);
}

static void
a_guard_with_nothing_to_do_changes_nothing(void)
{
    FlowWorld plain = flow_world_new(SHOP(STATION, ""), 2);
    FlowWorld guarded = flow_world_new(
        SHOP(STATION, ", breaker: hystrix, throttle: sre, limits: envoy, retry_budget: 20%,"
                      " outlier: {}"),
        2);
    flow_world_run(&plain, 300);
    flow_world_run(&guarded, 300);
    static const char *const columns[] = {"all.ok", "all.failed", "service.kv.offered"};
    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
        CHECK_NEAR(flow_world_sum(&guarded, columns[i], 0, 300),
                   flow_world_sum(&plain, columns[i], 0, 300), 1e-6);
    flow_world_free(&plain);
    flow_world_free(&guarded);
}

static CU_TestInfo tests[] = {
    {"breakers trip when their law says", breakers_trip_when_their_law_says},
    {"an open breaker takes the load away", an_open_breaker_takes_the_load_away},
    {"what is not called fails open where the need does",
     what_is_not_called_fails_open_where_the_need_does},
    {"a call that tries closes it after the fault", a_call_that_tries_closes_it_after_the_fault},
    {"breakers of a half-dead service flap", breakers_of_a_half_dead_service_flap},
    {"SRE clients send twice what is accepted", sre_clients_send_twice_what_is_accepted},
    {"Envoy admits the root of offered times capacity",
     envoy_admits_the_root_of_offered_times_capacity},
    {"a budget bounds the retries of a need", a_budget_bounds_the_retries_of_a_need},
    {"retries within a budget still rescue", retries_within_a_budget_still_rescue},
    {"a bulkhead bounds the calls in hand", a_bulkhead_bounds_the_calls_in_hand},
    {"a pool of its own keeps a hung service from the others",
     a_pool_of_its_own_keeps_a_hung_service_from_the_others},
    {"a central caller's breaker frees its places", a_central_caller_s_breaker_frees_its_places},
    {"bad hosts are left out up to a tenth", bad_hosts_are_left_out_up_to_a_tenth},
    {"a guard with nothing to do changes nothing", a_guard_with_nothing_to_do_changes_nothing},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("flow_guard", tests)
