#include "models/phase_story.h"
#include "tests/response.h"

static void
expect_story(Response *response, const char *want)
{
    Phases phases;
    GString *got = g_string_new(NULL);
    response_take(response);
    phase_story_find(&response->recording, &response->merit, &phases);
    for (uint32_t i = 0; i < phases.n; i++) {
        g_string_append_printf(got, "%s%g %s", i ? ", " : "", sim_seconds(phases.phases[i].begin),
                               phases.phases[i].name);
        CHECK_INT(phases.phases[i].end,
                  i + 1 < phases.n ? phases.phases[i + 1].begin : response->recording.end);
    }
    CHECK_STR(got->str, want);
    g_string_free(got, TRUE);
    response_end(response);
}

static void
the_whole_story(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 10.5, "alert.fires", "observer/burn");
    response_say(&response, 11, "team.paged", "team/edge");
    response_say(&response, 12, "team.misled", "team/edge");
    response_say(&response, 16, "team.unmisled", "team/edge");
    response_say(&response, 20, "team.identifies", "team/edge");
    response_say(&response, 23, "timeline.happens", "timeline/fix");
    expect_story(&response, "0 steady, 4 push, 8 impact, 10.5 detected, 12 wrong lead, "
                            "16 diagnosing, 20 identified, 24 mitigated, 32 recovered");
}

static void
nobody_saw_it(void)
{
    Response response;
    response_begin(&response, NULL);
    expect_story(&response, "0 steady, 4 push, 8 impact, 24 recovering, 32 recovered");
}

static void
relief_before_the_cause_is_known_skips_that(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 6, "alert.fires", "observer/burn");
    response_say(&response, 22, "timeline.happens", "timeline/fix");
    response_say(&response, 27, "team.identifies", "team/edge");
    expect_story(&response, "0 steady, 4 push, 8 detected, 24 mitigated, 32 recovered");
}

static void
a_cause_after_the_onset_is_no_push(void)
{
    Response response;
    response_begin(&response, NULL);
    response.push = response_say(&response, 9, "timeline.happens", "timeline/fix");
    response.push = SIM_NONE;
    response.push = response_say(&response, 10, "timeline.happens", "timeline/lunch");
    expect_story(&response, "0 steady, 8 impact, 24 mitigated, 32 recovered");
}

static void
a_calm_run_is_one_phase(void)
{
    static const double calm[RESPONSE_SECONDS] = {0};
    Response response;
    response_begin(&response, calm);
    response_say(&response, 6, "alert.fires", "observer/burn");
    expect_story(&response, "0 steady");
}

static void
peaks_are_those_of_each_phase(void)
{
    Response response;
    Phases phases;
    response_begin(&response, NULL);
    response_take(&response);
    phase_story_find(&response.recording, &response.merit, &phases);
    CHECK_NEAR(phases.phases[0].errors, 0, 0);
    CHECK_NEAR(phases.phases[2].errors, 0.6, 1e-12);
    CHECK_INT(phases.phases[2].errors_at, 8 * SIM_SECOND);
    CHECK_NEAR(phases.phases[3].errors, 0.2, 1e-12);
    response_end(&response);
}

static CU_TestInfo tests[] = {
    {"the_whole_story", the_whole_story},
    {"nobody_saw_it", nobody_saw_it},
    {"relief_before_the_cause_is_known_skips_that", relief_before_the_cause_is_known_skips_that},
    {"a_cause_after_the_onset_is_no_push", a_cause_after_the_onset_is_no_push},
    {"a_calm_run_is_one_phase", a_calm_run_is_one_phase},
    {"peaks_are_those_of_each_phase", peaks_are_those_of_each_phase},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("phase_story", tests)
