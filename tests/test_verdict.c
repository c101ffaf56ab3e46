#include "models/verdict.h"
#include "tests/harness.h"
#include "tests/recording.h"
#include "tests/response.h"
#include "tests/scenario.h"

#define HEAD                                                                                       \
    "blackstart: 1\n"                                                                              \
    "title: a test\n"                                                                              \
    "clock: {start: 2025-11-18T11:00:00Z, duration: 10s}\n"                                        \
    "services: {kv: {placement: pop}}\n"                                                           \
    "sites: {shop: {service: kv, share: 100%}}\n"                                                  \
    "configs: {rules: {properties: {size: 1}}}\n"                                                  \
    "timeline:\n"                                                                                  \
    "  - {at: +2s, do: push, config: rules, properties: {size: 9}, id: bad}\n"                     \
    "  - {at: +6s, do: push-known-good, config: rules}\n"

/* Bad from 2 s to 6 s. */
static const Sample incident[] = {
    {100, 0, 0, 1},  {100, 0, 0, 1}, {100, 30, 0, 1}, {100, 40, 0, 1}, {100, 40, 0, 1},
    {100, 40, 0, 1}, {100, 8, 0, 1}, {100, 0, 0, 1},  {100, 0, 0, 1},  {100, 0, 0, 1}};

typedef struct Case {
    ScenarioText scenario;
    SimArena *arena;
    SimTime entry_times[2];
    double entry_bites[2], config_bites[1];
    FaultFact faults[2];
    Facts facts;
    Verdict *verdict;
} Case;

static void
case_begin(Case *test, const char *text, const Sample *samples, uint32_t n)
{
    g_autofree char *whole = g_strconcat(HEAD, text, NULL);
    *test = (Case){.arena = sim_arena_new(1 << 22),
                   .entry_times = {2 * SIM_SECOND, 6 * SIM_SECOND},
                   .entry_bites = {158, 0},
                   .config_bites = {158}};
    scenario_text_read(&test->scenario, whole);
    test->facts = (Facts){.recording = {.recorder = recording_new(test->arena, samples, n),
                                        .start = test->scenario.spec.clock.start,
                                        .end = n * SIM_SECOND,
                                        .duration = 10 * SIM_SECOND},
                          .entry_times = test->entry_times,
                          .entry_bites = test->entry_bites,
                          .config_bites = test->config_bites,
                          .faults = test->faults};
}

static void
case_judge(Case *test)
{
    verdict_check(&test->scenario.spec, test->facts.recording.recorder, test->scenario.messages);
    CHECK_INT(sim_messages_errors(test->scenario.messages), 0);
    test->verdict = verdict_new(&test->scenario.spec, &test->facts);
}

static void
case_end(Case *test)
{
    verdict_free(test->verdict);
    scenario_text_clear(&test->scenario);
    sim_arena_free(test->arena);
}

/* The first expectation: judgement, and what it says. */
static void
expect_finding(const char *text, const Sample *samples, uint32_t n, Judgement judgement,
               const char *expected, const char *sentence)
{
    Case test;
    case_begin(&test, text, samples, n);
    case_judge(&test);
    CHECK_INT(test.verdict->findings[0].judgement, judgement);
    CHECK_STR(test.verdict->findings[0].expected, expected);
    CHECK_HAS(test.verdict->findings[0].sentence, sentence);
    case_end(&test);
}
#define INCIDENT incident, G_N_ELEMENTS(incident)

static void
a_figure_within_its_bounds_holds(void)
{
    expect_finding("expect: [{metric: errors, of: peak, at_most: 45%}]", INCIDENT, JUDGEMENT_HELD,
                   "errors peak at most 45%", "was 40.0 % at 11:00:03");
}

static void
a_figure_outside_fails(void)
{
    expect_finding("expect: [{metric: errors, of: peak, at_most: 1%}]", INCIDENT, JUDGEMENT_FAILED,
                   "errors peak at most 1%", "was 40.0 % at 11:00:03");
}

static void
an_instant_is_compared_with_a_clock_time(void)
{
    expect_finding("expect: [{metric: errors, of: first, above: 1%, at_least: '11:00:01', "
                   "at_most: '11:00:02'}]",
                   INCIDENT, JUDGEMENT_HELD, "errors first at least 11:00:01, at most 11:00:02",
                   "was 11:00:02");
}

static void
what_never_comes_is_not_in_time(void)
{
    expect_finding("expect: [{metric: errors, of: first, above: 90%, at_most: '11:00:09'}]",
                   INCIDENT, JUDGEMENT_FAILED, "errors first at most 11:00:09", "was never");
    expect_finding("expect: [{metric: errors, of: first, above: 90%, at_least: '11:00:01'}]",
                   INCIDENT, JUDGEMENT_HELD, "errors first at least 11:00:01", "was never");
}

static void
recovery_is_judged_from_its_action(void)
{
    expect_finding("expect: [{metric: errors, at_most: 1%, after: push-known-good, within: 2s, "
                   "for: 3s}]",
                   INCIDENT, JUDGEMENT_HELD,
                   "errors at most 1% within 2 s after push-known-good for 3 s",
                   "from 11:00:07 on");
    expect_finding("expect: [{metric: errors, at_most: 1%, after: bad, within: 2s}]", INCIDENT,
                   JUDGEMENT_FAILED, "errors at most 1% within 2 s after bad", "not in time");
    expect_finding("expect: [{metric: errors, at_most: 1%, after: push-known-good, within: 2s, "
                   "for: 5s}]",
                   INCIDENT, JUDGEMENT_INCONCLUSIVE,
                   "errors at most 1% within 2 s after push-known-good for 5 s",
                   "the run ended too soon");
}

static void
a_dead_system_satisfies_nothing(void)
{
    static const Sample dead[10] = {{100, 0, 0, 1}, {-1, 0, 0, 0}, {-1, 0, 0, 0}, {-1, 0, 0, 0},
                                    {-1, 0, 0, 0},  {-1, 0, 0, 0}, {-1, 0, 0, 0}, {-1, 0, 0, 0},
                                    {-1, 0, 0, 0},  {-1, 0, 0, 0}};
    expect_finding("expect: [{metric: errors, of: peak, at_most: 1%}]", dead, 10,
                   JUDGEMENT_INCONCLUSIVE, "errors peak at most 1%",
                   "from 11:00:01 on there was nothing to judge by for 9 s");
    expect_finding("expect: [{metric: success, at_least: 99%, from: +2s}]", dead, 10,
                   JUDGEMENT_INCONCLUSIVE, "success at least 99%", "no traffic");
    expect_finding("expect: [{metric: errors, at_most: 1%, from: +2s, within: 3s, for: 2s}]", dead,
                   10, JUDGEMENT_FAILED, "errors at most 1% within 3 s for 2 s", "not in time");
}

static void
a_run_cut_short_holds_nothing(void)
{
    expect_finding("expect: [{metric: errors, of: peak, at_most: 1%}]", incident, 2,
                   JUDGEMENT_INCONCLUSIVE, "errors peak at most 1%",
                   "the run ended at 11:00:02, before the window did");
    expect_finding("expect: [{metric: errors, of: peak, at_most: 1%}]", incident, 4,
                   JUDGEMENT_FAILED, "errors peak at most 1%", "was 40.0 % at 11:00:03");
    expect_finding("expect: [{metric: errors, of: peak, at_most: 1%, from: +5s}]", incident, 4,
                   JUDGEMENT_INCONCLUSIVE, "errors peak at most 1%", "before the window begins");
}

static void
a_fault_that_never_bit_says_nothing(void)
{
    Case test;
    case_begin(&test, "expect: [{fault_bites: rules}, {fault_bites: bad}]", INCIDENT);
    test.entry_bites[0] = 0;
    case_judge(&test);
    CHECK_INT(test.verdict->findings[0].judgement, JUDGEMENT_HELD);
    CHECK_INT(test.verdict->findings[1].judgement, JUDGEMENT_INCONCLUSIVE);
    CHECK_INT(test.verdict->judgement, JUDGEMENT_INCONCLUSIVE);
    case_end(&test);
}

static void
one_failure_outweighs_doubts(void)
{
    Case test;
    case_begin(&test,
               "expect: [{metric: errors, at_most: 90%}, {metric: errors, at_most: 1%, from: +5h}, "
               "{metric: errors, of: peak, at_most: 1%}]",
               INCIDENT);
    case_judge(&test);
    CHECK_INT(test.verdict->n_held, 1);
    CHECK_INT(test.verdict->n_inconclusive, 1);
    CHECK_INT(test.verdict->n_failed, 1);
    CHECK_INT(test.verdict->judgement, JUDGEMENT_FAILED);
    case_end(&test);
}

static void
what_an_expectation_waits_for_must_happen(void)
{
    Case test;
    case_begin(&test, "expect: [{metric: errors, at_most: 1%, after: push-known-good + 1s}]",
               INCIDENT);
    test.entry_times[1] = -1;
    case_judge(&test);
    CHECK_INT(test.verdict->findings[0].judgement, JUDGEMENT_INCONCLUSIVE);
    CHECK_HAS(test.verdict->findings[0].sentence, "push-known-good did not happen");
    case_end(&test);
}

static void
published_values_are_compared_and_never_judge(void)
{
    Case test;
    case_begin(&test,
               "published:\n"
               "- {id: F1, about: onset, value: '11:00:02', source: us, measure: {metric: errors, "
               "of: first}, at_least: '11:00:01', at_most: '11:00:03'}\n"
               "- {id: F2, about: peak, value: half, source: us, measure: {metric: errors, of: "
               "peak}, at_least: 50%}\n"
               "- {id: F3, about: total, value: unknown, source: us, measure: {metric: all.failed, "
               "of: total}}\n",
               INCIDENT);
    case_judge(&test);
    CHECK_INT(test.verdict->judgement, JUDGEMENT_HELD);
    CHECK_INT(test.verdict->n_inside, 1);
    CHECK_STR(test.verdict->published[0].simulated, "11:00:02");
    CHECK_STR(test.verdict->published[0].band, "11:00:01 to 11:00:03");
    CHECK(test.verdict->published[0].is_inside);
    CHECK_STR(test.verdict->published[1].band, "at least 50%");
    CHECK(!test.verdict->published[1].is_inside);
    CHECK(!test.verdict->published[2].has_band);
    CHECK_STR(test.verdict->published[2].simulated, "158");
    case_end(&test);
}

static void
expect_message(const char *text, const char *message)
{
    Case test;
    g_autoptr(GString) out = g_string_new(NULL);
    case_begin(&test, text, INCIDENT);
    verdict_check(&test.scenario.spec, test.facts.recording.recorder, test.scenario.messages);
    sim_messages_print(test.scenario.messages, false, out);
    CHECK_HAS(out->str, message);
    case_end(&test);
}

static void
names_that_do_not_exist_are_reported(void)
{
    expect_message("expect: [{metric: errrors, at_most: 1%}]",
                   "no metric is called 'errrors'; did you mean 'errors'?");
    expect_message("expect: [{metric: zebra, at_most: 1%}]", "no metric is called 'zebra'");
    expect_message("expect: [{metric: errors, at_most: 1%, after: push-known-god}]",
                   "no timeline entry is called 'push-known-god'; did you mean 'push-known-good'?");
    expect_message("expect: [{fault_bites: rulez}]",
                   "no config or timeline entry is called 'rulez'; did you mean 'rules'?");
    expect_message("expect: [{metric: errors, at_most: '11:40'}]", "is a clock time");
    expect_message("expect: [{metric: latency.p95, of: total, at_most: 1s}]", "has no total");
    expect_message("spotlight: site.shp.errors", "did you mean 'site.shop.errors'?");
    expect_message("spotlight: latency.p95", "expected one that ends in success or errors");
}

/* What is said about an expectation of a run in which an alert fired 2 s after the onset. */
static void
expect_merit(const char *text, int seconds, const char *want)
{
    Response response;
    ScenarioText scenario;
    g_autofree char *whole = g_strconcat(RESPONSE_HEAD, text, NULL);
    response_begin(&response, NULL);
    response_say(&response, 10, "alert.fires", "observer/burn");
    response_take(&response);
    scenario_text_read(&scenario, whole);
    Spec *spec = &scenario.spec;
    spec->observers = (SimList){.items = response.observers, .n = 1};
    verdict_check(spec, response.recording.recorder, scenario.messages);
    if (sim_messages_errors(scenario.messages)) {
        g_autoptr(GString) out = g_string_new(NULL);
        sim_messages_print(scenario.messages, false, out);
        CHECK_HAS(out->str, want);
    } else {
        response.recording.end = seconds * SIM_SECOND;
        Facts facts = {.recording = response.recording};
        g_autoptr(Verdict) verdict = verdict_new(spec, &facts);
        g_autofree char *got = g_strdup_printf("%s: %s", judgement_names[verdict->judgement],
                                               verdict->n ? verdict->findings[0].sentence
                                                          : verdict->published[0].simulated);
        CHECK_STR(got, want);
    }
    scenario_text_clear(&scenario);
    response_end(&response);
}

static void
figures_of_merit_are_expected_in_durations(void)
{
    expect_merit("expect: [{metric: merit.detect, at_most: 2s}]", 40, "held: was 2 s");
    expect_merit("expect: [{metric: merit.detect, at_most: 1s}]", 40, "failed: was 2 s");
    expect_merit("expect: [{metric: merit.monitor, at_least: 1s}]", 12, "held: was 2 s");
    expect_merit("expect: [{metric: merit.recover, at_most: 1m}]", 40, "held: was 24 s");
    expect_merit("published: [{id: F1, about: alert, value: 2 s, source: post-mortem, measure: "
                 "{metric: merit.detect}, at_most: 3s}]",
                 40, "held: 2 s");
}

static void
a_figure_of_merit_is_of_somebody_and_of_the_whole_run(void)
{
    expect_merit("expect: [{metric: merit.ack, at_most: 1s}]", 40, "expected teams");
    expect_merit("expect: [{metric: merit.crowd, at_most: 1s}]", 40, "observers of that kind");
    expect_merit("expect: [{metric: merit.detetc, at_most: 1s}]", 40,
                 "did you mean 'merit.detect'");
    expect_merit("expect: [{metric: merit.detect, of: peak, at_most: 1s}]", 40, "whole run");
    expect_merit("expect: [{metric: merit.detect, at_most: 1s, within: 1m}]", 40, "no after");
    expect_merit("expect: [{metric: merit.detect, at_most: '11:00:30'}]", 40, "clock time");
}

static void
a_fault_that_touched_nothing_is_inconclusive(void)
{
    static const FaultEffect idle = {.is_fault = true,
                                     .has_happened = true,
                                     .unit = "calls",
                                     .why = "nobody called it meanwhile"};
    static const struct {
        double touched, failed;
        bool has_happened, is_skipped;
        Judgement judgement;
        const char *sentence;
    } rows[] = {
        {0, 0, true, false, JUDGEMENT_INCONCLUSIVE, "touched nothing: nobody called it meanwhile"},
        {12, 0, true, false, JUDGEMENT_HELD, "12 calls"},
        {0.4, 0, true, false, JUDGEMENT_INCONCLUSIVE, "touched nothing"},
        {0, 7, true, false, JUDGEMENT_HELD, "7 attempts failed"},
        {0, 0, false, false, JUDGEMENT_INCONCLUSIVE, "never happened"},
        {0, 0, false, true, JUDGEMENT_HELD, "its chance or its condition was against it"},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Case test;
        case_begin(&test, "expect: [{metric: errors, of: peak, at_most: 45%}]", INCIDENT);
        test.entry_bites[0] = rows[i].failed;
        test.faults[0] = (FaultFact){.effect = idle, .is_skipped = rows[i].is_skipped};
        test.faults[0].effect.touched = rows[i].touched;
        test.faults[0].effect.has_happened = rows[i].has_happened;
        case_judge(&test);
        CHECK_INT(test.verdict->n_faults, 1);
        CHECK_STR(test.verdict->faults[0].name, "bad");
        CHECK_INT(test.verdict->judgement, rows[i].judgement);
        CHECK_HAS(test.verdict->faults[0].sentence, rows[i].sentence);
        CHECK_INT(test.verdict->faults[0].has_effect, rows[i].touched + rows[i].failed > 1);
        case_end(&test);
    }
}

/* What failed is worse than what says nothing. */
static void
a_failed_expectation_outweighs_an_idle_fault(void)
{
    Case test;
    case_begin(&test, "expect: [{metric: errors, of: peak, at_most: 1%}]", INCIDENT);
    test.faults[1].effect = (FaultEffect){.is_fault = true, .unit = "calls", .why = "it slept"};
    case_judge(&test);
    CHECK_INT(test.verdict->n_idle, 1);
    CHECK_INT(test.verdict->judgement, JUDGEMENT_FAILED);
    case_end(&test);
}

static CU_TestInfo tests[] = {
    {"a_fault_that_touched_nothing_is_inconclusive", a_fault_that_touched_nothing_is_inconclusive},
    {"a_failed_expectation_outweighs_an_idle_fault", a_failed_expectation_outweighs_an_idle_fault},
    {"figures_of_merit_are_expected_in_durations", figures_of_merit_are_expected_in_durations},
    {"a_figure_of_merit_is_of_somebody_and_of_the_whole_run",
     a_figure_of_merit_is_of_somebody_and_of_the_whole_run},
    {"a_figure_within_its_bounds_holds", a_figure_within_its_bounds_holds},
    {"a_figure_outside_fails", a_figure_outside_fails},
    {"an_instant_is_compared_with_a_clock_time", an_instant_is_compared_with_a_clock_time},
    {"what_never_comes_is_not_in_time", what_never_comes_is_not_in_time},
    {"recovery_is_judged_from_its_action", recovery_is_judged_from_its_action},
    {"a_dead_system_satisfies_nothing", a_dead_system_satisfies_nothing},
    {"a_run_cut_short_holds_nothing", a_run_cut_short_holds_nothing},
    {"a_fault_that_never_bit_says_nothing", a_fault_that_never_bit_says_nothing},
    {"one_failure_outweighs_doubts", one_failure_outweighs_doubts},
    {"what_an_expectation_waits_for_must_happen", what_an_expectation_waits_for_must_happen},
    {"published_values_are_compared_and_never_judge",
     published_values_are_compared_and_never_judge},
    {"names_that_do_not_exist_are_reported", names_that_do_not_exist_are_reported},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("verdict", tests)
