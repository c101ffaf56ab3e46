#include "models/run.h"

#include "models/metric.h"

#include "tests/whole_run.h"

/* Ten minutes of two PoPs and a bad push, which crash-loops half of the processes. */
static const char scenario[] =
    "blackstart: 1\n"
    "title: run\n"
    "clock: {duration: 10m, seed: 3}\n"
    "network: {busiest: 2, cores: 100, diurnal: {amplitude: 0%}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 1ms, restart: {processes: 10, stuck: 20%}}\n"
    "sites: {web: {service: proxy, requests: 10k/s, client: {retries: 1}}}\n"
    "configs:\n"
    "  flags: {properties: {x: 1}, generator: {every: 1m}, consumers: [\n"
    "    {service: proxy, when: x > 1, effect: {panic: 30%, crash_loop: 50%}}]}\n"
    "timeline:\n"
    "  - {at: +90s, do: push, config: flags, properties: {x: 2}}\n"
    "  - {at: +8m, do: surge, sites: [web], by: 2x, for: 30s}\n";

static const RunOptions plain = {.name = "run"};

static void
slices_of_any_length_have_the_same_digest(void)
{
    uint64_t whole = whole_run_digest(scenario, SIM_HOUR, &plain);
    CHECK_INT(whole_run_digest(scenario, SIM_SECOND, &plain), whole);
    CHECK_INT(whole_run_digest(scenario, 37 * SIM_SECOND + 11, &plain), whole);
    CHECK_INT(whole_run_digest(scenario, 777 * SIM_SECOND / 1000, &plain), whole);
}

static void
a_seed_given_replaces_the_scenarios(void)
{
    const RunOptions same = {.name = "run", .seed = 3, .has_seed = true};
    const RunOptions other = {.name = "run", .seed = 4, .has_seed = true};
    uint64_t whole = whole_run_digest(scenario, SIM_HOUR, &plain);
    CHECK_INT(whole_run_digest(scenario, SIM_HOUR, &same), whole);
    CHECK(whole_run_digest(scenario, SIM_HOUR, &other) != whole);
}

static void
until_ends_a_run_early_and_never_late(void)
{
    static const struct {
        SimTime until, expected;
    } cases[] = {
        {2 * SIM_MINUTE, 2 * SIM_MINUTE}, {0, 10 * SIM_MINUTE}, {SIM_HOUR, 10 * SIM_MINUTE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const RunOptions options = {.name = "run", .until = cases[i].until};
        WholeRun whole;
        whole_run_make(&whole, scenario, &options);
        CHECK_INT(run_duration(whole.run), cases[i].expected);
        run_advance(whole.run, SIM_HOUR);
        run_finish(whole.run);
        CHECK_INT(sim_now(run_sim(whole.run)), cases[i].expected);
        whole_run_clear(&whole);
    }
}

static void
what_happens_before_until_is_as_in_the_whole_run(void)
{
    const RunOptions early = {.name = "run", .until = 3 * SIM_MINUTE};
    WholeRun part, whole;
    whole_run_make(&part, scenario, &early);
    whole_run_finish(&part);
    whole_run_make(&whole, scenario, &plain);
    whole_run_finish(&whole);
    SimTime to = 3 * SIM_MINUTE;
    double failed = whole_run_total(&whole, "all.failed", 0, to);
    CHECK(failed > 0);
    CHECK_NEAR(whole_run_total(&part, "all.failed", 0, to), failed, 0);
    whole_run_clear(&part);
    whole_run_clear(&whole);
}

static void
versions_are_listed_with_their_time_and_harm(void)
{
    WholeRun whole;
    whole_run_make(&whole, scenario, &plain);
    CHECK_INT(run_config_versions(whole.run, 0), 1);
    whole_run_finish(&whole);
    uint32_t n = run_config_versions(whole.run, 0), n_bad = 0;
    for (uint32_t v = 0; v < n; v++) {
        RunVersion version = run_config_version(whole.run, 0, v);
        n_bad += version.is_bad;
        CHECK(!version.is_bad || version.at == 90 * SIM_SECOND);
        CHECK(version.is_bad || version.at % SIM_MINUTE == 0);
    }
    CHECK_INT(n_bad, 1);
    CHECK_INT(n, 13); /* the ordinary one, one each minute from 0 to 10, and the push */
    whole_run_clear(&whole);
}

static void
a_deed_that_did_nothing_bites_nobody(void)
{
    WholeRun whole;
    whole_run_make(&whole, scenario, &plain);
    whole_run_finish(&whole);
    CHECK(run_bites_config(whole.run, 0) > 0);
    CHECK_NEAR(run_bites_entry(whole.run, 1), 0, 0);
    CHECK_INT(run_entry_time(whole.run, 0), 90 * SIM_SECOND);
    whole_run_clear(&whole);
}

/* What only the whole can show is said of all at once, with its line. */
static void
a_wrong_whole_makes_no_run(void)
{
    static const char text[] = "blackstart: 1\n"
                               "title: wrong\n"
                               "clock: {duration: 1m}\n"
                               "services: {proxy: {placement: pop, cpu: 1ms}}\n"
                               "sites: {a: {service: proxy, share: 70%},\n"
                               "        b: {service: proxy, share: 60%}}\n"
                               "expect: [{metric: sucess, at_least: 99%}]\n";
    ScenarioText read;
    Geo *geo = NULL;
    scenario_text_read(&read, text);
    CHECK(geo_load(NULL, NULL, &geo, NULL));
    CHECK(run_new(&read.spec, geo, &plain, read.messages) == NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    sim_messages_print(read.messages, false, out);
    CHECK_HAS(out->str, "100");
    CHECK_HAS(out->str, "test.yaml:");
    geo_free(geo);
    scenario_text_clear(&read);
}

/* A central server halts for five seconds, its callers retry for ever after; then it restarts. */
static const char collapse[] =
    "blackstart: 1\n"
    "title: collapse\n"
    "clock: {duration: 180s, seed: 1}\n"
    "network: {busiest: 1, cores: 100, diurnal: {amplitude: 0%}}\n"
    "locations: {here: {latitude: 50, longitude: 8}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 100us}\n"
    "  core: {placement: core, location: here, station: {servers: 10, service_time: 10ms}}\n"
    "sites:\n"
    "  web: {service: proxy, requests: 600/s, client: {timeout: 10s, persistence: 0%},\n"
    "        needs: {core: {timeout: 1s, retries: 2}}}\n"
    "timeline:\n"
    "  - {at: +50s, do: halt, service: core, for: 5s}\n"
    "  - {at: +150s, do: restart, service: core}\n";

static void
a_central_service_that_restarts_leaves_its_collapse_on_both_planes(void)
{
    for (int plane = 0; plane < RUN_PLANES; plane++) {
        const RunOptions options = {.name = "run", .plane = (RunPlane)plane};
        WholeRun whole;
        Metric success;
        whole_run_make(&whole, collapse, &options);
        whole_run_finish(&whole);
        const SimRecorder *recorder = run_recorder(whole.run);
        CHECK(metric_find(recorder, "success", &success));
        SimTime width = sim_recorder_width(recorder);
        uint32_t from = (uint32_t)(120 * SIM_SECOND / width),
                 restart = (uint32_t)(150 * SIM_SECOND / width),
                 after = (uint32_t)(153 * SIM_SECOND / width),
                 end = (uint32_t)(180 * SIM_SECOND / width);
        CHECK_NEAR(metric_mean(&success, from, restart), 0, 1e-3);
        CHECK_NEAR(metric_mean(&success, after, end), 1, 1e-3);
        whole_run_clear(&whole);
    }
}

static CU_TestInfo tests[] = {
    {"slices_of_any_length_have_the_same_digest", slices_of_any_length_have_the_same_digest},
    {"a_seed_given_replaces_the_scenarios", a_seed_given_replaces_the_scenarios},
    {"until_ends_a_run_early_and_never_late", until_ends_a_run_early_and_never_late},
    {"what_happens_before_until_is_as_in_the_whole_run",
     what_happens_before_until_is_as_in_the_whole_run},
    {"versions_are_listed_with_their_time_and_harm", versions_are_listed_with_their_time_and_harm},
    {"a_deed_that_did_nothing_bites_nobody", a_deed_that_did_nothing_bites_nobody},
    {"a_wrong_whole_makes_no_run", a_wrong_whole_makes_no_run},
    {"a_central_service_that_restarts_leaves_its_collapse_on_both_planes",
     a_central_service_that_restarts_leaves_its_collapse_on_both_planes},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("run", tests)
