#include "models/request.h"

#include "models/request_sample.h"
#include "models/request_trace.h"
#include "tests/whole_run.h"

#include <glib/gstdio.h>
#include <malloc.h>
#include <math.h>

/* Forty PoPs with caches, a central service behind the edge, retries and people; trouble at 60 s.
 */
static const char scenario[] =
    "blackstart: 1\n"
    "title: request\n"
    "clock: {duration: 4m, seed: 5}\n"
    "network: {busiest: 6, cores: 4, diurnal: {amplitude: 0%}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 2ms, restart: {processes: 10, delay: 2s}}\n"
    "  rules: {placement: pop, inside: proxy, cpu: 1ms}\n"
    "  kv: {placement: core, station: {servers: 40, service_time: 10ms}, front: {service: proxy}}\n"
    "sites:\n"
    "  web: {service: proxy, requests: 2k/s, needs: {rules: 100%, kv: {share: 10%, timeout: 2s}},\n"
    "    cache: {cacheable: 60%, objects: 20k}, origin: {latency: 60ms},\n"
    "    client: {timeout: 5s, retries: 2, backoff: 200ms, jitter: true, reload: 10s}}\n"
    "configs:\n"
    "  flags: {properties: {x: 1}, distribution: {delay: 'uniform(0s, 1s)'}, consumers: [\n"
    "    {service: rules, when: x > 1, effect: {errors: 20%, crash_loop: 10%}}]}\n"
    "timeline:\n"
    "  - {at: +60s, do: push, config: flags, properties: {x: 2}}\n"
    "  - {at: +90s, do: push-known-good, config: flags}\n";

static const RunOptions request = {.name = "request", .plane = RUN_REQUEST};

static void
a_run_is_a_function_of_its_seed(void)
{
    const RunOptions other = {.name = "request", .plane = RUN_REQUEST, .seed = 6, .has_seed = true};
    uint64_t whole = whole_run_digest(scenario, SIM_HOUR, &request);
    CHECK_INT(whole_run_digest(scenario, SIM_HOUR, &request), whole);
    CHECK_INT(whole_run_digest(scenario, 37 * SIM_SECOND + 11, &request), whole);
    CHECK_INT(whole_run_digest(scenario, 777 * SIM_MILLISECOND, &request), whole);
    CHECK(whole_run_digest(scenario, SIM_HOUR, &other) != whole);
}

static void
a_snapshot_goes_on_as_the_run_did(void)
{
    WholeRun whole;
    whole_run_make(&whole, scenario, &request);
    Sim *sim = run_sim(whole.run);
    run_advance(whole.run, 63 * SIM_SECOND + 17);
    g_autoptr(SimSnapshot) snapshot = sim_snapshot(sim);
    run_advance(whole.run, run_duration(whole.run));
    uint64_t first = sim_digest(sim);
    sim_restore(sim, snapshot);
    run_advance(whole.run, 70 * SIM_SECOND);
    run_advance(whole.run, run_duration(whole.run));
    CHECK_INT(sim_digest(sim), first);
    whole_run_clear(&whole);
}

static void
people_are_conserved_at_every_moment(void)
{
    WholeRun whole;
    whole_run_make(&whole, scenario, &request);
    for (SimTime now = 0; now < run_duration(whole.run); now += 1311 * SIM_MILLISECOND) {
        run_advance(whole.run, now);
        sim_verify(run_sim(whole.run));
    }
    whole_run_clear(&whole);
}

/* Fresh demand is Poisson: 480,000 arrivals within four standard errors. */
static void
arrivals_come_at_the_rate_of_demand(void)
{
    WholeRun whole;
    whole_run_make(&whole, scenario, &request);
    whole_run_finish(&whole);
    double fresh = whole_run_total(&whole, "all.fresh", 0, SIM_HOUR);
    CHECK_NEAR(fresh, 480e3, 4 * sqrt(480e3));
    double answered = whole_run_total(&whole, "all.answered", 0, SIM_HOUR);
    double offered = whole_run_total(&whole, "all.offered", 0, SIM_HOUR);
    CHECK(answered <= offered && answered > 0.998 * offered);
    whole_run_clear(&whole);
}

static void
both_planes_see_the_same_happenings(void)
{
    const RunOptions flow = {.name = "request"};
    WholeRun a, b;
    whole_run_make(&a, scenario, &request);
    whole_run_make(&b, scenario, &flow);
    whole_run_finish(&a);
    whole_run_finish(&b);
    const SimJournal *left = run_journal(a.run), *right = run_journal(b.run);
    CHECK_INT(sim_journal_count(left), sim_journal_count(right));
    for (uint32_t i = 0; i < sim_journal_count(left); i++) {
        const SimJournalEntry *one = sim_journal_get(left, i), *two = sim_journal_get(right, i);
        CHECK_INT(one->at, two->at);
        CHECK_STR(one->text, two->text);
    }
    whole_run_clear(&a);
    whole_run_clear(&b);
}

/* Once rows, events and wheels have reached their largest size nothing is allocated. */
static void
a_steady_run_takes_no_memory_after_warm_up(void)
{
    static const char calm[] =
        "blackstart: 1\ntitle: calm\nclock: {duration: 10m}\n"
        "network: {busiest: 4, cores: 4, diurnal: {amplitude: 0%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 2ms}\n"
        "  kv: {placement: core, station: {servers: 40, service_time: 10ms}}\n"
        "sites: {web: {service: proxy, requests: 2k/s, needs: {kv: 20%},\n"
        "  cache: {cacheable: 60%, objects: 20k}}}\n";
    WholeRun whole;
    whole_run_make(&whole, calm, &request);
    Sim *sim = run_sim(whole.run);
    run_advance(whole.run, 5 * SIM_MINUTE);
    size_t arena = sim_arena_used(sim_arena(sim));
    size_t heap = mallinfo2().uordblks;
    run_advance(whole.run, 9 * SIM_MINUTE);
    CHECK_INT(sim_arena_used(sim_arena(sim)), arena);
    CHECK_INT(mallinfo2().uordblks, heap);
    whole_run_clear(&whole);
}

static void
a_sample_keeps_its_share_of_everything(void)
{
    static const char wide[] =
        "blackstart: 1\ntitle: wide\nclock: {duration: 1m}\n"
        "network: {busiest: 60, requests: 20k/s, diurnal: {amplitude: 0%}, cores_min: 0.01}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms}\n"
        "  kv: {placement: core, station: {servers: 1000, service_time: 10ms}}\n"
        "sites: {web: {service: proxy, remainder: true, needs: {kv: 10%}}}\n";
    const RunOptions some = {.name = "wide", .plane = RUN_REQUEST, .sample_pops = 12};
    WholeRun whole;
    whole_run_make(&whole, wide, &some);
    whole_run_finish(&whole);
    PlaneKept kept = run_kept(whole.run);
    double fresh = whole_run_total(&whole, "all.fresh", 0, SIM_HOUR);
    CHECK_INT(kept.n_pops, 12);
    CHECK(kept.share > 0.05 && kept.share < 0.5);
    CHECK_NEAR(fresh, 1.2e6 * kept.share, 4 * sqrt(1.2e6 * kept.share));
    whole_run_clear(&whole);
}

/* About 300 requests have CPU when two fifths of the processes die. */
static void
a_crash_takes_what_its_processes_had_in_hand(void)
{
    static const char text[] =
        "blackstart: 1\ntitle: crash\nclock: {duration: 1m}\n"
        "network: {busiest: 1, cores: 1000, cores_per_queue: 1000, diurnal: {amplitude: 0%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1s, outcome: '503', restart: {processes: 1000}}\n"
        "sites: {web: {service: proxy, requests: 300/s, client: {persistence: 0%}}}\n"
        "timeline: [{at: +30s, do: kill, service: proxy, share: 40%}]\n";
    WholeRun whole;
    whole_run_make(&whole, text, &request);
    whole_run_finish(&whole);
    double lost = whole_run_total(&whole, "outcome.502", 0, SIM_HOUR);
    CHECK_NEAR(lost, 120, 4 * sqrt(120));
    CHECK_NEAR(whole_run_total(&whole, "all.failed", 0, SIM_HOUR), lost, 0);
    whole_run_clear(&whole);
}

/* Who waits through a halt meets the rules as they are when it ends: switched off. */
static void
a_kill_switch_reaches_requests_under_way(void)
{
    static const char text[] =
        "blackstart: 1\ntitle: switch\nclock: {duration: 1m}\n"
        "network: {busiest: 1, cores: 4, diurnal: {amplitude: 0%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms}\n"
        "  rules: {placement: pop, inside: proxy, cpu: 1ms}\n"
        "sites: {web: {service: proxy, requests: 200/s, needs: {rules: 100%}}}\n"
        "configs: {list: {properties: {x: 1}, distribution: {delay: 0s}, consumers: [\n"
        "  {service: rules, when: x > 1, effect: {errors: 100%}}]}}\n"
        "timeline:\n"
        "  - {at: +10s, do: halt, service: proxy, for: 5s}\n"
        "  - {at: +11s, do: push, config: list, properties: {x: 2}}\n"
        "  - {at: +13s, do: kill-switch, services: [rules]}\n";
    WholeRun whole;
    whole_run_make(&whole, text, &request);
    whole_run_finish(&whole);
    CHECK_NEAR(whole_run_total(&whole, "all.failed", 0, SIM_HOUR), 0, 0);
    CHECK(whole_run_total(&whole, "all.ok", 0, SIM_HOUR) > 11e3);
    whole_run_clear(&whole);
}

/* The share of its one server that `store` uses, when those who need it have 20 ms of 100 left. */
static double
use_of_store(const char *rule)
{
    g_autofree char *text = g_strdup_printf(
        "blackstart: 1\ntitle: deadlines\nclock: {duration: 1m}\n"
        "network: {busiest: 1, cores: 4, diurnal: {amplitude: 0%%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms}\n"
        "  books: {placement: core, needs: {store: {timeout: 10s}},\n"
        "    station: {servers: 10, service_time: 80ms, law: constant}}\n"
        "  store: {placement: core, station: {servers: 1, service_time: 50ms, law: constant%s}}\n"
        "sites: {web: {service: proxy, requests: 10/s, needs: {books: {timeout: 100ms}},\n"
        "  client: {persistence: 0%%}}}\n",
        rule);
    WholeRun whole;
    whole_run_make(&whole, text, &request);
    whole_run_finish(&whole);
    const SimRecorder *recorder = run_recorder(whole.run);
    uint32_t column = sim_recorder_find(recorder, "service.store.utilisation");
    double sum = 0;
    for (uint32_t b = 0; b < sim_recorder_n_closed(recorder); b++)
        sum += sim_recorder_value(recorder, column, b) / sim_recorder_n_closed(recorder);
    whole_run_clear(&whole);
    return sum;
}

static void
deadlines_travel_to_what_a_call_needs(void)
{
    CHECK_NEAR(use_of_store(""), 0.5, 0.1);
    CHECK_NEAR(use_of_store(", deadlines: true"), 0, 0);
}

/* What is said of a scenario that this plane refuses; the caller frees it. */
static char *
complaints(const char *text, const RunOptions *options)
{
    ScenarioText read;
    Geo *geo = NULL;
    scenario_text_read(&read, text);
    CHECK(geo_load(NULL, NULL, &geo, NULL));
    Run *run = run_new(&read.spec, geo, options, read.messages);
    CHECK(run == NULL);
    GString *out = g_string_new(NULL);
    sim_messages_print(read.messages, false, out);
    run_free(run);
    geo_free(geo);
    scenario_text_clear(&read);
    return g_string_free(out, FALSE);
}

static void
a_sample_that_is_too_small_is_refused(void)
{
    const RunOptions some = {.name = "small", .plane = RUN_REQUEST, .sample_pops = 1};
    g_autofree char *said =
        complaints("blackstart: 1\ntitle: small\nclock: {duration: 1m}\n"
                   "network: {busiest: 60, requests: 20k/s}\n"
                   "services:\n"
                   "  proxy: {placement: pop, cpu: 1ms}\n"
                   "  kv: {placement: core, station: {servers: 20, service_time: 10ms}}\n"
                   "sites: {web: {service: proxy, remainder: true, needs: {kv: 1%},\n"
                   "  cache: {cacheable: 50%, objects: 2k}}}\n",
                   &some);
    CHECK_HAS(said, "service 'kv' keeps");
    CHECK_HAS(said, "cache of site 'web' holds 200 objects a PoP");
}

/* A log of three keys, in turn: a cache for two objects always misses, one for three never. */
static void
a_trace_is_asked_for_in_its_order(void)
{
    static const double sizes[] = {0.67, 1.0}, want[] = {0, 1};
    g_autofree char *path = g_build_filename(g_get_tmp_dir(), "blackstart-trace.csv", NULL);
    CHECK(g_file_set_contents(path, "time,key\n1,a\n2,b\n3,c\n", -1, NULL));
    for (int i = 0; i < 2; i++) {
        g_autofree char *text =
            g_strdup_printf("blackstart: 1\ntitle: trace\nclock: {duration: 1m}\n"
                            "network: {busiest: 1, cores: 4, diurnal: {amplitude: 0%%}}\n"
                            "services: {proxy: {placement: pop, cpu: 1ms}}\n"
                            "sites: {web: {service: proxy, requests: 100/s,\n"
                            "  cache: {cacheable: 100%%, objects: 3, size: %g%%, trace: %s}}}\n",
                            100 * sizes[i], path);
        WholeRun whole;
        whole_run_make(&whole, text, &request);
        whole_run_finish(&whole);
        double hits = whole_run_total(&whole, "cache.hits", SIM_SECOND, SIM_HOUR);
        double asked = whole_run_total(&whole, "cache.lookups", SIM_SECOND, SIM_HOUR);
        CHECK_NEAR(hits / asked, want[i], 0.002);
        whole_run_clear(&whole);
    }
    g_remove(path);
}

static void
a_trace_that_is_not_there_is_an_error_with_its_place(void)
{
    g_autofree char *said = complaints("blackstart: 1\ntitle: trace\nclock: {duration: 1m}\n"
                                       "services: {proxy: {placement: pop, cpu: 1ms}}\n"
                                       "sites: {web: {service: proxy, requests: 100/s,\n"
                                       "  cache: {cacheable: 100%, trace: /nowhere/at/all.csv}}}\n",
                                       &request);
    CHECK_HAS(said, "test.yaml:6:");
    CHECK_HAS(said, "/nowhere/at/all.csv");
}

static void
latencies_are_told_by_region_service_and_outcome(void)
{
    WholeRun whole;
    whole_run_make(&whole, scenario, &request);
    whole_run_finish(&whole);
    g_autoptr(GArray) rows = run_latencies(whole.run);
    bool has_kv = false, has_500 = false;
    uint64_t regions = 0, all = 0;
    for (guint i = 0; i < rows->len; i++) {
        const PlaneLatency *row = &g_array_index(rows, PlaneLatency, i);
        CHECK(row->seconds[0] <= row->seconds[1] && row->seconds[2] <= row->seconds[3]);
        has_kv |= strcmp(row->name, "kv") == 0 && row->seconds[0] > 0.01;
        has_500 |= strcmp(row->name, "500") == 0;
        regions += strcmp(row->scope, "region") == 0 ? row->n : 0;
        all += strcmp(row->scope, "all") == 0 ? row->n : 0;
    }
    CHECK(has_kv);
    CHECK(has_500 || rows->len > 4);
    CHECK_INT(regions, all);
    whole_run_clear(&whole);
}

/* Two classes of time-outs; a crash takes rows from both.  Nobody outlives the longer of them. */
static void
a_crash_leaves_no_timer_in_another_class(void)
{
    static const char text[] =
        "blackstart: 1\ntitle: timers\nclock: {duration: 1m}\n"
        "network: {busiest: 1, cores: 40, cores_per_queue: 40, diurnal: {amplitude: 0%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms, restart: {processes: 10}}\n"
        "  kv: {placement: core, station: {servers: 10k, service_time: 1000s}}\n"
        "sites: {web: {service: proxy, requests: 100/s, needs: {kv: {timeout: 2s}},\n"
        "  client: {timeout: 5s, persistence: 0%}}}\n"
        "timeline: [{at: +10s, do: kill, service: proxy, share: 60%},\n"
        "  {at: +20s, do: kill, service: proxy, share: 60%},\n"
        "  {at: +30s, do: kill, service: proxy, share: 60%}]\n";
    WholeRun whole;
    whole_run_make(&whole, text, &request);
    whole_run_finish(&whole);
    double offered = whole_run_total(&whole, "all.offered", 0, SIM_HOUR);
    double answered = whole_run_total(&whole, "all.answered", 0, SIM_HOUR);
    CHECK_NEAR(offered - answered, 200, 4 * sqrt(200)); /* two seconds' worth is under way */
    whole_run_clear(&whole);
}

/* Queued rows that had no timer get one when the PoP halts, behind one that was set for later. */
static const char halted[] =
    "blackstart: 1\ntitle: halt\nclock: {duration: 1m}\n"
    "network: {busiest: 1, cores: 1, law: constant, diurnal: {amplitude: 0%}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 100ms}\n"
    "  kv: {placement: core, station: {servers: 10k, service_time: 1s}}\n"
    "sites: {web: {service: proxy, requests: 13/s, needs: {kv: {share: 4%, timeout: 20s}},\n"
    "  client: {timeout: 10s, persistence: 0%}}}\n"
    "timeline: [{at: +30s, do: halt, service: proxy, for: 40s}]\n";

static void
rows_that_were_scheduled_wait_in_order(void)
{
    WholeRun whole;
    whole_run_make(&whole, halted, &request);
    run_advance(whole.run, 31 * SIM_SECOND);
    sim_verify(run_sim(whole.run));
    whole_run_clear(&whole);
}

/* While the PoP stands all who came ten seconds ago and found no CPU go: no second goes by without.
 */
static void
nobody_waits_longer_than_his_patience(void)
{
    WholeRun whole;
    whole_run_make(&whole, halted, &request);
    whole_run_finish(&whole);
    for (SimTime at = 33 * SIM_SECOND; at < SIM_MINUTE; at += SIM_SECOND) {
        double came =
            whole_run_total(&whole, "all.fresh", at - 10 * SIM_SECOND, at - 9 * SIM_SECOND);
        CHECK_NEAR(whole_run_total(&whole, "all.failed", at, at + SIM_SECOND), came, 0);
    }
    whole_run_clear(&whole);
}

/* One service is called by PoPs and, as a fallback, by a central one: its ten servers are ten. */
static void
a_fallback_of_a_central_service_has_no_servers_of_its_own(void)
{
    static const char text[] =
        "blackstart: 1\ntitle: fallback\nclock: {duration: 1m}\n"
        "network: {busiest: 1, cores: 40, diurnal: {amplitude: 0%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms}\n"
        "  a: {placement: core, station: {servers: 100}, needs: {x: {on_failure: fallback,\n"
        "    fallback: b, timeout: 2m}}}\n"
        "  x: {placement: core, station: {servers: 1, service_time: 1s, queue: 1}}\n"
        "  b: {placement: core, station: {servers: 10, service_time: 100ms}}\n"
        "sites:\n"
        "  near: {service: proxy, requests: 80/s, needs: {b: {timeout: 2m}},\n"
        "    client: {timeout: 2m}}\n"
        "  far: {service: proxy, requests: 80/s, needs: {a: {timeout: 2m}},\n"
        "    client: {timeout: 2m}}\n";
    WholeRun whole;
    whole_run_make(&whole, text, &request);
    whole_run_finish(&whole);
    double served = whole_run_total(&whole, "all.ok", 0, SIM_HOUR);
    CHECK_NEAR(served / 60, 101, 5); /* of 160/s: 100/s at b, 1/s at x */
    whole_run_clear(&whole);
}

/* Ten servers of 10 ms, 1,300/s: what the limit turns away in no time is no round trip to it. */
static void
a_limit_does_not_learn_from_those_it_turns_away(void)
{
    static const char *const kinds[] = {"vegas", "gradient2"};
    static const char *const texts[] = {
        "blackstart: 1\ntitle: limit\nclock: {duration: 1m}\n"
        "network: {busiest: 1, cores: 10, cores_per_queue: 10, limit: %s,\n"
        "  law: constant, diurnal: {amplitude: 0%%}}\n"
        "services: {proxy: {placement: pop, cpu: 10ms}}\n"
        "sites: {web: {service: proxy, requests: 1300/s, client: {persistence: 0%%}}}\n",
        "blackstart: 1\ntitle: limit\nclock: {duration: 1m}\n"
        "network: {busiest: 1, cores: 40, diurnal: {amplitude: 0%%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms}\n"
        "  kv: {placement: core, station: {servers: 10, service_time: 10ms,\n"
        "    law: constant, limit: %s}}\n"
        "sites: {web: {service: proxy, requests: 1300/s, needs: {kv: 100%%},\n"
        "  client: {persistence: 0%%}}}\n"};
    for (int i = 0; i < 4; i++) {
        g_autofree char *text = g_strdup_printf(texts[i / 2], kinds[i % 2]);
        WholeRun whole;
        whole_run_make(&whole, text, &request);
        whole_run_finish(&whole);
        CHECK(whole_run_total(&whole, "all.ok", 0, SIM_HOUR) > 0.9 * 60e3);
        whole_run_clear(&whole);
    }
}

/* Twice what the PoP, or the service, can do: room for ten waits a little, and the rest goes. */
static void
a_shared_queue_has_room_for_so_many(void)
{
    static const char *const places[] = {"cores_per_queue: 4, discipline: sharing, queue: 10, ",
                                         ""};
    static const char *const stations[] = {"servers: 1000", "servers: 4, discipline: sharing, "
                                                            "queue: 10"};
    for (int i = 0; i < 2; i++) {
        g_autofree char *text =
            g_strdup_printf("blackstart: 1\ntitle: shared\nclock: {duration: 1m}\n"
                            "network: {busiest: 1, cores: %d, %sdiurnal: {amplitude: 0%%}}\n"
                            "services:\n"
                            "  proxy: {placement: pop, cpu: 10ms}\n"
                            "  kv: {placement: core, station: {service_time: 10ms, %s}}\n"
                            "sites: {web: {service: proxy, requests: 800/s, needs: {kv: 100%%},\n"
                            "  client: {persistence: 0%%}}}\n",
                            i ? 40 : 4, places[i], stations[i]);
        WholeRun whole;
        whole_run_make(&whole, text, &request);
        whole_run_finish(&whole);
        CHECK_NEAR(whole_run_total(&whole, "all.ok", 0, SIM_HOUR) / 60, 400, 12);
        CHECK(whole_run_total(&whole, "outcome.timeout", 0, SIM_HOUR) == 0);
        whole_run_clear(&whole);
    }
}

/* Under every discipline calls wait while their service is halted, and go on after it. */
static void
a_halt_of_a_shared_queue_refuses_nobody(void)
{
    static const char text[] =
        "blackstart: 1\ntitle: halt\nclock: {duration: 1m}\n"
        "network: {busiest: 1, cores: 4, discipline: sharing, diurnal: {amplitude: 0%}}\n"
        "services: {proxy: {placement: pop, cpu: 1ms}}\n"
        "sites: {web: {service: proxy, requests: 800/s}}\n"
        "timeline: [{at: +30s, do: halt, service: proxy, for: 5s}]\n";
    WholeRun whole;
    whole_run_make(&whole, text, &request);
    whole_run_finish(&whole);
    CHECK_NEAR(whole_run_total(&whole, "all.failed", 0, SIM_HOUR), 0, 0);
    whole_run_clear(&whole);
}

static void
what_is_too_large_is_refused_with_its_place(void)
{
    static const struct {
        const char *network, *site, *said;
    } cases[] = {
        {"", "requests: 1000M/s", "each an event"},
        {"cores: 1M, ", "requests: 1k/s", "cores, each a server"},
        {"", "requests: 1k/s, cache: {cacheable: 50%, objects: 1000M, size: 20%, policy: fifo}",
         "the caches of site 'web' take"},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("blackstart: 1\ntitle: large\n"
                                                "clock: {duration: 1h}\n"
                                                "network: {%sdiurnal: {amplitude: 0%%}}\n"
                                                "services: {proxy: {placement: pop, cpu: 1us}}\n"
                                                "sites: {web: {service: proxy, %s}}\n",
                                                cases[i].network, cases[i].site);
        g_autofree char *said = complaints(text, &request);
        CHECK_HAS(said, cases[i].said);
    }
}

/* Three such services one after the other end beyond the clock's last nanosecond. */
static void
service_that_takes_centuries_only_blocks_its_server(void)
{
    static const char text[] =
        "blackstart: 1\ntitle: slow\nclock: {duration: 5m}\n"
        "network: {busiest: 1, cores: 1, law: constant, diurnal: {amplitude: 0%}}\n"
        "services: {proxy: {placement: pop, cpu: 1h}}\n"
        "sites: {web: {service: proxy, requests: 0.1/s, client: {timeout: 1s}}}\n"
        "timeline: [{at: +0s, do: scale, service: proxy, by: 0.000001x}]\n";
    WholeRun whole;
    whole_run_make(&whole, text, &request);
    whole_run_finish(&whole);
    CHECK_NEAR(whole_run_total(&whole, "all.ok", 0, SIM_HOUR), 0, 0);
    CHECK(whole_run_total(&whole, "outcome.timeout", 0, SIM_HOUR) > 10);
    whole_run_clear(&whole);
}

static void
a_sample_without_those_who_log_in_is_refused(void)
{
    const RunOptions some = {.name = "small", .plane = RUN_REQUEST, .sample_pops = 2};
    g_autofree char *said =
        complaints("blackstart: 1\ntitle: sessions\nclock: {duration: 1m}\n"
                   "services: {proxy: {placement: pop, cpu: 1ms}}\n"
                   "sites:\n"
                   "  login: {service: proxy, requests: 1/s, regions: {africa: 1x, europe: 0x,\n"
                   "    asia: 0x, oceania: 0x, north-america: 0x, south-america: 0x,\n"
                   "    middle-east: 0x}}\n"
                   "  app: {service: proxy, requests: 1k/s, sessions: {login: login, users: 1M}}\n",
                   &some);
    CHECK_HAS(said, "site 'app' opens its sessions at 'login'");
}

static void
needs_that_multiply_round_the_edge_are_refused(void)
{
    static const char *const shares[] = {"100%", "40%"};
    for (int i = 0; i < 2; i++) {
        g_autofree char *text =
            g_strdup_printf("blackstart: 1\ntitle: loop\nclock: {duration: 1m}\n"
                            "network: {busiest: 1, cores: 4}\n"
                            "services:\n"
                            "  proxy: {placement: pop, needs: {kv: %s}}\n"
                            "  kv: {placement: core, station: {servers: 1k}, front: {service: "
                            "proxy}}\n"
                            "sites: {web: {service: proxy, requests: 100/s}}\n",
                            shares[i]);
        if (i == 0) {
            g_autofree char *said = complaints(text, &request);
            CHECK_HAS(said, "a call of 'kv' leads to more than");
            continue;
        }
        WholeRun whole;
        whole_run_make(&whole, text, &request);
        whole_run_finish(&whole);
        CHECK_NEAR(whole_run_total(&whole, "service.kv.offered", 0, SIM_HOUR) / 60, 67, 7);
        whole_run_clear(&whole);
    }
}

static CU_TestInfo tests[] = {
    {"a_run_is_a_function_of_its_seed", a_run_is_a_function_of_its_seed},
    {"a_snapshot_goes_on_as_the_run_did", a_snapshot_goes_on_as_the_run_did},
    {"people_are_conserved_at_every_moment", people_are_conserved_at_every_moment},
    {"arrivals_come_at_the_rate_of_demand", arrivals_come_at_the_rate_of_demand},
    {"both_planes_see_the_same_happenings", both_planes_see_the_same_happenings},
    {"a_steady_run_takes_no_memory_after_warm_up", a_steady_run_takes_no_memory_after_warm_up},
    {"a_sample_keeps_its_share_of_everything", a_sample_keeps_its_share_of_everything},
    {"a_crash_takes_what_its_processes_had_in_hand", a_crash_takes_what_its_processes_had_in_hand},
    {"a_kill_switch_reaches_requests_under_way", a_kill_switch_reaches_requests_under_way},
    {"deadlines_travel_to_what_a_call_needs", deadlines_travel_to_what_a_call_needs},
    {"a_sample_that_is_too_small_is_refused", a_sample_that_is_too_small_is_refused},
    {"a_trace_is_asked_for_in_its_order", a_trace_is_asked_for_in_its_order},
    {"a_trace_that_is_not_there_is_an_error_with_its_place",
     a_trace_that_is_not_there_is_an_error_with_its_place},
    {"latencies_are_told_by_region_service_and_outcome",
     latencies_are_told_by_region_service_and_outcome},
    {"a_crash_leaves_no_timer_in_another_class", a_crash_leaves_no_timer_in_another_class},
    {"rows_that_were_scheduled_wait_in_order", rows_that_were_scheduled_wait_in_order},
    {"nobody_waits_longer_than_his_patience", nobody_waits_longer_than_his_patience},
    {"a_fallback_of_a_central_service_has_no_servers_of_its_own",
     a_fallback_of_a_central_service_has_no_servers_of_its_own},
    {"a_limit_does_not_learn_from_those_it_turns_away",
     a_limit_does_not_learn_from_those_it_turns_away},
    {"a_shared_queue_has_room_for_so_many", a_shared_queue_has_room_for_so_many},
    {"a_halt_of_a_shared_queue_refuses_nobody", a_halt_of_a_shared_queue_refuses_nobody},
    {"what_is_too_large_is_refused_with_its_place", what_is_too_large_is_refused_with_its_place},
    {"service_that_takes_centuries_only_blocks_its_server",
     service_that_takes_centuries_only_blocks_its_server},
    {"a_sample_without_those_who_log_in_is_refused", a_sample_without_those_who_log_in_is_refused},
    {"needs_that_multiply_round_the_edge_are_refused",
     needs_that_multiply_round_the_edge_are_refused},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("request", tests)
