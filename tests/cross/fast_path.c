/*
 * fast_path.c - the request plane's fast path against its plain loop, request for request.
 *
 * Each scenario runs three times with the same seed: as it is; with every request an object; and
 * with every request an object at a station, which a queue limit that is never met forces, so that
 * nothing is scheduled ahead.  All columns of the recorders, the latencies of the whole run and the
 * events of the kernel must be the same, to the last digit.
 */
#include "tests/plane_world.h"
#include "tests/whole_run.h"

#include <math.h>
#include <stdio.h>

typedef struct Case {
    const char *name, *network, *services, *site, *more;
} Case;

static const Case cases[] = {
    {"calm", "cores: 4", "", "", ""},
    {"one queue of eight cores", "cores: 8, cores_per_queue: 8", "", "", ""},
    {"thirty queues", "cores: 30, cores_per_queue: 1", "", "", ""},
    {"near capacity", "cores: 2, cores_per_queue: 2", "", "client: {timeout: 300ms, retries: 2},",
     ""},
    {"misses with an origin that is far", "cores: 4", "",
     "cache: {cacheable: 80%, objects: 10k}, origin: {latency: 130ms},", ""},
    {"an origin with a limit", "cores: 4", "",
     "cache: {cacheable: 80%, objects: 10k}, origin: {latency: 20ms, capacity: 100/s},", ""},
    {"central calls", "cores: 4",
     "  auth: {placement: core, station: {servers: 4, service_time: 20ms}, "
     "    needs: {kv: {share: 50%, breaker: finagle, bulkhead: 30}}}\n"
     "  kv: {placement: core, station: {servers: 9, service_time: 10ms},\n"
     "    front: {service: proxy}}\n",
     "needs: {auth: {share: 20%, timeout: 1s}, kv: {share: 30%, timeout: 500ms, retries: 1}},", ""},
    {"errors, retries and people", "cores: 4", "", "client: {retries: 2, budget: 20%, reload: 2s},",
     "configs: {flags: {properties: {x: 1}, distribution: {delay: 1s}, consumers: [\n"
     "  {service: proxy, when: x > 1, effect: {errors: 30%}}]}}\n"
     "timeline: [{at: +20s, do: push, config: flags, properties: {x: 2}},\n"
     "  {at: +60s, do: push-known-good, config: flags}]\n"},
    {"a crash and a cold start", "cores: 4", "",
     "cache: {cacheable: 80%, objects: 10k}, client: {retries: 1, backoff: 100ms, reload: 3s},",
     "timeline: [{at: +20s, do: kill, service: proxy, share: 60%},\n"
     "  {at: +50s, do: kill, service: proxy}]\n"},
    {"a halt", "cores: 4", "", "client: {timeout: 2s, retries: 1},",
     "timeline: [{at: +30s, do: halt, service: proxy, for: 5s}]\n"},
    {"a halt with cancel", "cores: 4, cancel: true", "", "client: {timeout: 2s, retries: 2},",
     "timeline: [{at: +30s, do: halt, service: proxy, for: 5s}]\n"},
    {"a surge", "cores: 4, cores_per_queue: 4", "",
     "client: {timeout: 2s, retries: 2, budget: 10%},",
     "timeline: [{at: +30s, do: surge, sites: [web], by: 2x, for: 20s}]\n"},
    {"a surge with cancel", "cores: 4, cancel: true", "",
     "client: {timeout: 1s, retries: 2, backoff: 1s, jitter: true},",
     "timeline: [{at: +30s, do: surge, sites: [web], by: 2x, for: 20s}]\n"},
    {"PoPs that come and go", "cores: 8", "", "",
     "timeline: [{at: +20s, do: pop-down, busiest: 1, for: 40s}]\n"},
};

static char *
text_of(const Case *of, const char *network)
{
    return g_strdup_printf("blackstart: 1\n"
                           "title: fast path\n"
                           "clock: {duration: 120s}\n"
                           "network: {busiest: 3, diurnal: {amplitude: 0%%}, %s%s}\n"
                           "services:\n"
                           "  proxy: {placement: pop, cpu: 8ms, needs: {rules: 70%%},\n"
                           "    restart: {delay: 2s, warm_up: 5s, cache_kept: 30%%}}\n"
                           "  rules: {placement: pop, inside: proxy, cpu: 2ms}\n%s"
                           "sites: {web: {service: proxy, %s requests: 700/s}}\n%s",
                           of->network, network, of->services, of->site, of->more);
}

static bool
is_same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Buckets and columns where two recorders differ; the first is printed. */
static uint32_t
differences(const char *name, const SimRecorder *a, const SimRecorder *b)
{
    uint32_t n = 0, columns = sim_recorder_n_columns(a), closed = sim_recorder_n_closed(a);
    CHECK_INT(sim_recorder_n_columns(b), columns);
    CHECK_INT(sim_recorder_n_closed(b), closed);
    for (uint32_t i = 0; i < closed; i++)
        for (uint32_t c = 0; c < columns; c++) {
            double left = sim_recorder_value(a, c, i), right = sim_recorder_value(b, c, i);
            if (!is_same(left, right) && n++ == 0)
                printf("%s: %s in bucket %u: %.17g and %.17g\n", name,
                       sim_recorder_describe(a, c)->name, i, left, right);
        }
    return n;
}

static void
check_latencies(const Run *a, const Run *b)
{
    g_autoptr(GArray) left = run_latencies(a);
    g_autoptr(GArray) right = run_latencies(b);
    if (!CHECK_INT(left->len, right->len))
        return;
    for (guint i = 0; i < left->len; i++) {
        const PlaneLatency *x = &g_array_index(left, PlaneLatency, i);
        const PlaneLatency *y = &g_array_index(right, PlaneLatency, i);
        CHECK_STR(x->name, y->name);
        CHECK_INT(x->n, y->n);
        for (int q = 0; q < 4; q++)
            CHECK(is_same(x->seconds[q], y->seconds[q]));
    }
}

static void
finish(WholeRun *whole)
{
    for (SimTime now = 0; now < run_duration(whole->run); now += SIM_SECOND) {
        run_advance(whole->run, now);
        sim_verify(run_sim(whole->run));
    }
    whole_run_finish(whole);
    sim_verify(run_sim(whole->run));
}

static void
compare(const Case *of, const char *network, bool has_no_fast_path)
{
    WholeRun fast, plain;
    g_autofree char *text = text_of(of, ""), *other = text_of(of, network);
    RunOptions options = {.name = "fast path", .plane = RUN_REQUEST, .seed = 7, .has_seed = true};
    whole_run_make(&fast, text, &options);
    options.has_no_fast_path = has_no_fast_path;
    whole_run_make(&plain, other, &options);
    finish(&fast);
    finish(&plain);
    uint32_t n = differences(of->name, run_recorder(fast.run), run_recorder(plain.run));
    n += differences(of->name, run_pop_recorder(fast.run), run_pop_recorder(plain.run));
    printf("fast path: %-34s %s: %.0f attempts, %u columns differ\n", of->name,
           *network ? "stations" : "objects ", (double)run_steps(fast.run), n);
    CHECK_INT(n, 0);
    CHECK_INT(run_steps(fast.run), run_steps(plain.run));
    CHECK_INT(sim_digest(run_sim(fast.run)), sim_digest(run_sim(plain.run)));
    check_latencies(fast.run, plain.run);
    whole_run_clear(&fast);
    whole_run_clear(&plain);
}

static void
every_request_an_object_gives_the_same_run(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        compare(&cases[i], "", true);
}

static void
every_request_at_a_station_gives_the_same_run(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        compare(&cases[i], ", queue: 1000000000000", true);
}

/* faults ------------------------------------------------------------------------------------ */

static const char faulty[] =
    "network: {busiest: 3, cores: 8, cores_per_queue: 4, diurnal: {amplitude: 0%}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 8ms, needs: {rules: 70%}}\n"
    "  rules: {placement: pop, inside: proxy, cpu: 2ms, "
    "    needs: {db: {share: 20%, timeout: 1s, breaker: hystrix, throttle: sre}}}\n"
    "  kv: {placement: core, station: {servers: 40, service_time: 20ms, hosts: 10,\n"
    "    admission: envoy}}\n"
    "  db: {placement: core, station: {servers: 40, service_time: 20ms}, needs: {kv: 50%}}\n"
    "sites:\n"
    "  web: {service: proxy, requests: 700/s, "
    "    needs: {kv: {share: 30%, timeout: 1s, retries: 2, retry_budget: 20%,\n"
    "      outlier: {ejected_max: 50%}, limits: envoy}},\n"
    "    cache: {cacheable: 60%, objects: 20k}, origin: {latency: 60ms},\n"
    "    client: {timeout: 2s, retries: 2, backoff: 200ms, jitter: true, reload: 5s}}\n"
    "  api: {service: proxy, requests: 100/s, origin: {capacity: 90/s}}\n"
    "  flood: {service: proxy, requests: 300/s, attack: {blocked_by: rules, share: 80%}}\n";
enum { PROXY, RULES, KV, DB };
enum { WEB, API, FLOOD };

/* At one second of the script. */
static void
act(const PlaneWorld *of, int second)
{
    Impairment fault = IMPAIRMENT_NONE;
    Behaviour does = BEHAVIOUR_NORMAL;
    EntryFault entry = {.outcome = OUTCOME_TIMEOUT, .cause = SIM_NONE};
    OriginFault origin = {.cause = SIM_NONE};
    bool is_on = second % 20 == 0;
    switch (second / 20) {
    case 1: /* lost, refused, bad, slow and wrong */
        fault = is_on ? (Impairment){.errors = .2,
                                     .bad_hosts = .1,
                                     .lost = .1,
                                     .delay = .3,
                                     .slow = 1,
                                     .quota_per_s = 150,
                                     .cause = SIM_NONE}
                      : fault;
        of->ops->impair_set(of->plane, KV, &fault);
        break;
    case 2:
        entry.share = is_on ? .2 : 0;
        entry.delay = is_on ? .1 : 0;
        of->ops->entry_set(of->plane, WEB, 1, &entry);
        entry.outcome = OUTCOME_TLS;
        of->ops->entry_set(of->plane, SIM_NONE, SIM_NONE, &entry);
        break;
    case 3:
        origin.errors = is_on ? .3 : 0;
        origin.delay = is_on ? .2 : 0;
        of->ops->origin_set(of->plane, WEB, &origin);
        of->ops->origin_set(of->plane, API, &origin);
        break;
    case 4:
        does.delay = is_on ? .1 : 0;
        does.calls = is_on ? 1.7 : 1;
        of->ops->behaviour_set(of->plane, RULES, 0, 0, &does);
        of->ops->need_set(of->plane, KV, is_on ? NEED_OPEN : NEED_AS_WRITTEN, SIM_NONE);
        break;
    case 5:
        of->ops->demand_set(of->plane, FLOOD, is_on, -1, SIM_NONE);
        break;
    default:
        break;
    }
}

static PlaneWorld
run_script(bool has_no_fast_path, SimTime step)
{
    const SimTime end = 120 * SIM_SECOND;
    PlaneWorld of = plane_world_new(&request_plane_ops, faulty, 3, 7,
                                    (PlaneOptions){.duration = end,
                                                   .counts_sites = true,
                                                   .has_no_fast_path = has_no_fast_path});
    for (SimTime at = 0; at < end; at += 10 * SIM_SECOND) {
        for (SimTime now = at - 10 * SIM_SECOND + step; at > 0 && now < at; now += step)
            plane_world_advance(&of, now);
        plane_world_advance(&of, at);
        act(&of, (int)(at / SIM_SECOND));
    }
    plane_world_finish(&of, end);
    return of;
}

static void
faults_are_the_same_with_and_without(void)
{
    PlaneWorld fast = run_script(false, SIM_MINUTE);
    for (int i = 0; i < 3; i++) {
        PlaneWorld plain = run_script(i > 0, i < 2 ? 37 * SIM_MILLISECOND : SIM_MINUTE);
        const Books *left = fast.ops->books(fast.plane), *right = plain.ops->books(plain.plane);
        CHECK_INT(differences("faults", left->recorder, right->recorder), 0);
        CHECK_INT(differences("faults", left->pop_recorder, right->pop_recorder), 0);
        CHECK_INT(sim_digest(fast.fake->sim), sim_digest(plain.fake->sim));
        plane_world_free(&plain);
    }
    CHECK(plane_world_total(&fast, "all.failed", 0, SIM_HOUR) > 1000);
    plane_world_free(&fast);
}

static CU_TestInfo tests[] = {
    {"faults_are_the_same_with_and_without", faults_are_the_same_with_and_without},
    {"every_request_an_object_gives_the_same_run", every_request_an_object_gives_the_same_run},
    {"every_request_at_a_station_gives_the_same_run",
     every_request_at_a_station_gives_the_same_run},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("fast_path", tests)
