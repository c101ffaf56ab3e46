#include "models/flow.h"

#include "tests/whole_run.h"

/* A file fails everybody for a minute; those who come back all at once then break the log-in
 * service, which no file harms. */
static const char two_dips[] =
    "blackstart: 1\n"
    "title: two dips\n"
    "clock: {duration: 10m}\n"
    "network: {busiest: 1, cores: 1000, diurnal: {amplitude: 0%}}\n"
    "locations: {dc: {latitude: 0, longitude: 0}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 1ms}\n"
    "  login: {placement: core, location: dc, station: {servers: 12, queue: 50}}\n"
    "sites:\n"
    "  web: {service: proxy, requests: 1000/s, needs: {login: {timeout: 2s}},\n"
    "    client: {retries: 0, persistence: 95%, reload: 60s}}\n"
    "configs:\n"
    "  flags: {properties: {x: 1}, distribution: {delay: 0s}, consumers: [\n"
    "    {service: proxy, when: x > 1, effect: {panic: 100%}}]}\n"
    "timeline:\n"
    "  - {at: +1m, do: push, config: flags, properties: {x: 2}}\n"
    "  - {at: +2m, do: push-known-good, config: flags}\n";

static const RunOptions plain = {.name = "flow"};

static void
a_second_dip_belongs_to_the_file_of_the_first(void)
{
    WholeRun whole;
    whole_run_make(&whole, two_dips, &plain);
    whole_run_finish(&whole);
    SimTime minute = SIM_MINUTE, end = 10 * SIM_MINUTE;
    double later = whole_run_total(&whole, "all.failed", 125 * SIM_SECOND, end);
    double failed = whole_run_total(&whole, "all.failed", 0, end);
    CHECK(later > 1000);
    CHECK_NEAR(run_bites_config(whole.run, 0), failed, 1e-3 * failed);
    CHECK_NEAR(whole_run_total(&whole, "all.failed", 0, minute), 0, 1e-6);
    whole_run_clear(&whole);
}

/* Calls that no one caused are laid on the demand. */
static void
demand_beyond_capacity_is_its_own_cause(void)
{
    static const char text[] =
        "blackstart: 1\n"
        "title: too much\n"
        "clock: {duration: 2m}\n"
        "network: {busiest: 1, cores: 1, queue: 10, diurnal: {amplitude: 0%}}\n"
        "services: {proxy: {placement: pop, cpu: 10ms}}\n"
        "sites: {web: {service: proxy, requests: 200/s,\n"
        "  client: {retries: 0, persistence: 0%}}}\n";
    WholeRun whole;
    whole_run_make(&whole, text, &plain);
    whole_run_finish(&whole);
    CHECK_INT(run_causes(whole.run), 1);
    CHECK_INT(run_cause_entry(whole.run, 0), SIM_NONE);
    CHECK_STR(run_cause_label(whole.run, 0), "demand beyond capacity");
    double failed = whole_run_total(&whole, "all.failed", 0, 2 * SIM_MINUTE);
    CHECK_NEAR(failed / whole_run_total(&whole, "all.offered", 0, 2 * SIM_MINUTE), 0.5, 0.02);
    CHECK_NEAR(whole_run_total(&whole, "cause.0.failed", 0, 2 * SIM_MINUTE), failed, 1e-6 * failed);
    whole_run_clear(&whole);
}

static void
nothing_fails_where_nothing_is_wrong(void)
{
    static const char text[] = "blackstart: 1\n"
                               "title: calm\n"
                               "clock: {duration: 5m}\n"
                               "network: {busiest: 5, requests: 100k/s}\n"
                               "services: {proxy: {placement: pop, cpu: 1ms}}\n"
                               "sites: {web: {service: proxy, remainder: true}}\n";
    WholeRun whole;
    whole_run_make(&whole, text, &plain);
    whole_run_finish(&whole);
    double offered = whole_run_total(&whole, "all.offered", 0, 5 * SIM_MINUTE);
    CHECK(offered > 0);
    CHECK_NEAR(whole_run_total(&whole, "all.failed", 0, 5 * SIM_MINUTE), 0, 0);
    CHECK_NEAR(whole_run_total(&whole, "all.ok", 0, 5 * SIM_MINUTE), offered, 1e-3 * offered);
    whole_run_clear(&whole);
}

/* The rows of PoPs and the series are two views of the same requests. */
static void
pops_add_up_to_the_whole(void)
{
    WholeRun whole;
    whole_run_make(&whole, two_dips, &plain);
    whole_run_finish(&whole);
    const SimRecorder *pops = run_pop_recorder(whole.run);
    SimTime end = 10 * SIM_MINUTE;
    double offered = 0, failed = 0;
    for (uint32_t b = 0; b < sim_recorder_n_closed(pops); b++)
        for (uint32_t p = 0; p < run_geo(whole.run)->n_pops; p++) {
            offered += sim_recorder_value(pops, 3 * p, b);
            failed += sim_recorder_value(pops, 3 * p + 1, b);
        }
    CHECK_NEAR(offered, whole_run_total(&whole, "all.offered", 0, end), 1e-6 * offered);
    CHECK_NEAR(failed, whole_run_total(&whole, "all.failed", 0, end), 1e-6 * failed);
    whole_run_clear(&whole);
}

#define TWO_POPS                                                                                   \
    "blackstart: 1\n"                                                                              \
    "title: two\n"                                                                                 \
    "clock: {duration: 10m}\n"                                                                     \
    "network: {busiest: 2, requests: 100k/s, headroom: 20%, convergence: 1s,\n"                    \
    "  diurnal: {amplitude: 0%}}\n"                                                                \
    "services: {proxy: {placement: pop, cpu: 1ms}}\n"                                              \
    "sites: {web: {service: proxy, remainder: true, client: {timeout: 5s, reload: 30s}}}\n"        \
    "timeline:\n"

/* Who reaches no PoP is not silent: he asks, gets nothing, and comes back when there is one. */
static void
users_without_any_pop_fail(void)
{
    WholeRun whole;
    whole_run_make(&whole, TWO_POPS "  - {at: +2m, do: pop-down, for: 3m}\n", &plain);
    whole_run_finish(&whole);
    SimTime down = 122 * SIM_SECOND, up = 5 * SIM_MINUTE;
    double fresh = whole_run_total(&whole, "all.fresh", down, up);
    CHECK_NEAR(fresh, 178 * 100e3, 1e-6 * fresh);
    CHECK_NEAR(whole_run_total(&whole, "all.ok", down, up), 0, 1e-6);
    double failed = whole_run_total(&whole, "outcome.timeout", down, up);
    CHECK_NEAR(failed, whole_run_total(&whole, "all.offered", down, up), 1e-9 * failed);
    CHECK(whole_run_total(&whole, "all.reloads", down, up) > 0.5 * fresh);
    /* Those who wait follow the routes: PoPs with room to spare would not fail by themselves. */
    CHECK(whole_run_total(&whole, "all.reloads", up + 2 * SIM_SECOND, 10 * SIM_MINUTE) > 1e6);
    CHECK_STR(run_cause_label(whole.run, 1), "pop-down");
    CHECK(run_bites_entry(whole.run, 0) >= failed);
    whole_run_clear(&whole);
}

/* The PoP that is left has not the CPU for two. */
static void
an_overload_by_others_users_belongs_to_what_sent_them(void)
{
    WholeRun whole;
    whole_run_make(&whole, TWO_POPS "  - {at: +2m, do: pop-down, busiest: 1, for: 3m}\n", &plain);
    whole_run_finish(&whole);
    double failed = whole_run_total(&whole, "all.failed", 0, 10 * SIM_MINUTE);
    CHECK(failed > 1e5);
    CHECK_NEAR(run_bites_entry(whole.run, 0), failed, 1e-6 * failed);
    whole_run_clear(&whole);
}

static void
an_overload_in_a_surge_belongs_to_the_surge(void)
{
    WholeRun whole;
    whole_run_make(&whole, TWO_POPS "  - {at: +2m, do: surge, sites: [web], by: 3x, for: 1m}\n",
                   &plain);
    whole_run_finish(&whole);
    double failed = whole_run_total(&whole, "all.failed", 0, 10 * SIM_MINUTE);
    CHECK(failed > 1e5);
    CHECK_NEAR(run_bites_entry(whole.run, 0), failed, 1e-6 * failed);
    whole_run_clear(&whole);
}

/* A closed port answers at once: nobody waits for his time-out. */
static void
calls_are_refused_at_once_where_no_process_lives(void)
{
    static const char *const stuck[] = {"0%", "100%"};
    for (uint32_t i = 0; i < 2; i++) {
        WholeRun whole;
        g_autofree char *text =
            g_strdup_printf("blackstart: 1\n"
                            "title: dead\n"
                            "clock: {duration: 3m}\n"
                            "network: {busiest: 2, requests: 100k/s}\n"
                            "services: {proxy: {placement: pop, cpu: 1ms, outcome: '503',\n"
                            "  restart: {delay: 10m, stuck: %s}}}\n"
                            "sites: {web: {service: proxy, remainder: true}}\n"
                            "configs: {list: {properties: {x: 1}, distribution: {delay: 0s},\n"
                            "  consumers: [{service: proxy, when: x > 1,\n"
                            "    effect: {crash_loop: 100%%}}]}}\n"
                            "timeline: [{at: +1m, do: push, config: list, properties: {x: 2}}]\n",
                            stuck[i]);
        whole_run_make(&whole, text, &plain);
        whole_run_finish(&whole);
        SimTime from = SIM_MINUTE + 2 * SIM_SECOND, to = 3 * SIM_MINUTE;
        double offered = whole_run_total(&whole, "all.offered", from, to);
        const char *outcome = i == 0 ? "outcome.502" : "outcome.503";
        CHECK(offered > 1e7);
        CHECK_NEAR(whole_run_total(&whole, outcome, from, to), offered, 1e-9 * offered);
        whole_run_clear(&whole);
    }
}

/* Half as much again as there is CPU for, with clients that would wait for a second. */
static double
served_in_overload(const char *discipline, RunPlane plane)
{
    WholeRun whole;
    g_autofree char *text =
        g_strdup_printf("blackstart: 1\n"
                        "title: overload\n"
                        "clock: {duration: 40s}\n"
                        "network: {busiest: 1, cores: 20, cores_per_queue: 20, discipline: %s,\n"
                        "  cancel: true, diurnal: {amplitude: 0%%}}\n"
                        "services: {proxy: {placement: pop, cpu: 10ms}}\n"
                        "sites: {web: {service: proxy, requests: 3000/s, origin: {latency: 1ms},\n"
                        "  client: {retries: 0, persistence: 0%%, timeout: 1s}}}\n",
                        discipline);
    whole_run_make(&whole, text, &(RunOptions){.name = "overload", .plane = plane});
    whole_run_finish(&whole);
    double ok = whole_run_total(&whole, "all.ok", 10 * SIM_SECOND, 40 * SIM_SECOND) / 30;
    whole_run_clear(&whole);
    return ok;
}

static void
disciplines_serve_as_much_as_on_the_request_plane(void)
{
    static const char *const disciplines[] = {"lifo", "adaptive-lifo", "codel"};
    for (uint32_t i = 0; i < G_N_ELEMENTS(disciplines); i++) {
        double flow = served_in_overload(disciplines[i], RUN_FLOW);
        double request = served_in_overload(disciplines[i], RUN_REQUEST);
        CHECK_NEAR(flow, 2000, 20);
        CHECK_NEAR(flow, request, 0.03 * request);
    }
}

static CU_TestInfo tests[] = {
    {"disciplines_serve_as_much_as_on_the_request_plane",
     disciplines_serve_as_much_as_on_the_request_plane},
    {"calls_are_refused_at_once_where_no_process_lives",
     calls_are_refused_at_once_where_no_process_lives},
    {"users_without_any_pop_fail", users_without_any_pop_fail},
    {"an_overload_by_others_users_belongs_to_what_sent_them",
     an_overload_by_others_users_belongs_to_what_sent_them},
    {"an_overload_in_a_surge_belongs_to_the_surge", an_overload_in_a_surge_belongs_to_the_surge},
    {"a_second_dip_belongs_to_the_file_of_the_first",
     a_second_dip_belongs_to_the_file_of_the_first},
    {"demand_beyond_capacity_is_its_own_cause", demand_beyond_capacity_is_its_own_cause},
    {"nothing_fails_where_nothing_is_wrong", nothing_fails_where_nothing_is_wrong},
    {"pops_add_up_to_the_whole", pops_add_up_to_the_whole},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("flow", tests)
