#include "models/merit.h"
#include "tests/response.h"

#include <math.h>

static void
each_moment_counts_from_users_pain(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 10, "alert.fires", "observer/burn");
    response_say(&response, 11, "team.paged", "team/edge");
    response_say(&response, 13, "team.acks", "team/edge");
    response_say(&response, 14, "team.posts", "status-page");
    response_say(&response, 15, "alert.fires", "observer/crowd");
    response_say(&response, 20, "team.identifies", "team/edge");
    uint32_t fix = response_say(&response, 23, "timeline.happens", "timeline/fix");
    response_say(&response, 26, "team.posts", "team/edge");
    const Merit *merit = response_take(&response);
    CHECK_INT(merit->onset, 8 * SIM_SECOND);
    CHECK_INT(merit->push, 4 * SIM_SECOND);
    CHECK_NEAR(merit_value(merit, MERIT_DETECT), 2, 1e-9);
    CHECK_NEAR(merit_value(merit, MERIT_MONITOR), 2, 1e-9);
    CHECK_NEAR(merit_value(merit, MERIT_CROWD), 7, 1e-9);
    CHECK(isinf(merit_value(merit, MERIT_PROBE)));
    CHECK_NEAR(merit_value(merit, MERIT_PAGE), 3, 1e-9);
    CHECK_NEAR(merit_value(merit, MERIT_ACK), 5, 1e-9);
    CHECK_NEAR(merit_value(merit, MERIT_IDENTIFY), 12, 1e-9);
    CHECK_NEAR(merit_value(merit, MERIT_MITIGATE), 16, 1e-9);
    CHECK_INT(merit->deed, fix);
    CHECK_NEAR(merit_value(merit, MERIT_RECOVER), 24, 1e-9);
    CHECK_NEAR(merit_value(merit, MERIT_FIRST_WORD), 6, 1e-9);
    CHECK_INT(merit->n_teams, 1);
    CHECK_NEAR(merit_value(merit, MERIT_UPDATES), 1, 0);
    CHECK_NEAR(merit_value(merit, MERIT_MISLED), 0, 0);
    response_end(&response);
}

static void
an_alert_that_is_over_was_about_something_else(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 5, "alert.fires", "observer/burn");
    response_say(&response, 6, "alert.clears", "observer/burn");
    response_say(&response, 7, "alert.fires", "observer/probes");
    response_say(&response, 12, "alert.fires", "observer/burn");
    response_say(&response, 14, "alert.clears", "observer/probes");
    const Merit *merit = response_take(&response);
    CHECK_NEAR(merit_value(merit, MERIT_MONITOR), 4, 1e-9);
    /* It still fired when the pain began. */
    CHECK_NEAR(merit_value(merit, MERIT_PROBE), -1, 1e-9);
    CHECK_NEAR(merit_value(merit, MERIT_DETECT), -1, 1e-9);
    response_end(&response);
}

static void
a_ticket_wakes_nobody_who_could_be_paged(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 10, "alert.fires", "observer/crowd");
    response_say(&response, 14, "alert.fires", "observer/probes");
    CHECK_NEAR(merit_value(response_take(&response), MERIT_DETECT), 6, 1e-9);
    CHECK_NEAR(merit_value(&response.merit, MERIT_CROWD), 2, 1e-9);
    response.observers[0].severity = response.observers[1].severity = SEVERITY_TICKET;
    CHECK_NEAR(merit_value(response_take(&response), MERIT_DETECT), 2, 1e-9);
    response_end(&response);
}

static void
what_never_came_is_infinite(void)
{
    static const double forever[RESPONSE_SECONDS] = {[30] = 50, 50, 50, 50, 50, 50, 50, 50, 50, 50};
    Response response;
    response_begin(&response, forever);
    const Merit *merit = response_take(&response);
    CHECK_INT(merit->onset, 30 * SIM_SECOND);
    for (int kind = 0; kind < MERIT_MISLED; kind++)
        CHECK(isinf(merit_value(merit, (MeritKind)kind)));
    CHECK_INT(merit->deed, SIM_NONE);
    response_end(&response);
}

static void
without_pain_there_is_nothing_to_measure(void)
{
    static const double calm[RESPONSE_SECONDS] = {[7] = 0.5};
    Response response;
    response_begin(&response, calm);
    response_say(&response, 12, "alert.fires", "observer/burn");
    const Merit *merit = response_take(&response);
    for (int kind = 0; kind < MERIT_COUNT; kind++)
        CHECK(isnan(merit_value(merit, (MeritKind)kind)));
    Measured measured =
        measure_take(&(MeasureSpec){.metric = "merit.detect"}, &response.recording, -1);
    CHECK_INT(measured.status, MEASURE_NO_DATA);
    response_end(&response);
}

static void
the_deed_before_the_fall_is_the_one(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 12, "timeline.happens", "timeline/fix");
    uint32_t second = response_say(&response, 22, "timeline.happens", "timeline/fix");
    response_say(&response, 30, "timeline.happens", "timeline/fix");
    const Merit *merit = response_take(&response);
    CHECK_INT(merit->deed, second);
    CHECK_INT(merit->marks[MERIT_MITIGATE].at, 24 * SIM_SECOND);
    response_end(&response);
}

static void
the_team_that_mends_counts_not_the_one_that_knew_first(void)
{
    Response response;
    response_begin(&response, NULL);
    TimelineSpec *fix = (TimelineSpec *)response.scenario.spec.timeline.items;
    for (uint32_t i = 0; i < response.scenario.spec.timeline.n; i++)
        fix[i].team = 0;
    response_say(&response, 10, "team.paged", "team/kv");
    response_say(&response, 10, "team.paged", "team/edge");
    response_say(&response, 12, "team.misled", "team/edge");
    response_say(&response, 13, "team.identifies", "team/kv");
    response_say(&response, 18, "team.unmisled", "team/edge");
    response_say(&response, 18, "team.identifies", "team/edge");
    CHECK_NEAR(merit_value(response_take(&response), MERIT_IDENTIFY), 5, 1e-9);
    response_say(&response, 23, "timeline.happens", "timeline/fix");
    const Merit *merit = response_take(&response);
    CHECK_STR(merit_lead_team(merit)->name, "edge");
    CHECK_NEAR(merit_value(merit, MERIT_IDENTIFY), 10, 1e-9);
    CHECK_NEAR(merit_value(merit, MERIT_MISLED), 6, 1e-9);
    response_end(&response);
}

static void
notes_mitigate_nothing(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 23, "timeline.happens", "timeline/lunch");
    const Merit *merit = response_take(&response);
    CHECK_INT(merit->deed, SIM_NONE);
    /* By itself, where the curve last falls below half of its peak. */
    CHECK_NEAR(merit_value(merit, MERIT_MITIGATE), 16, 1e-9);
    response_end(&response);
}

static void
what_ends_before_anybody_acts_ends_by_itself(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 28, "timeline.happens", "timeline/fix");
    const Merit *merit = response_take(&response);
    CHECK_INT(merit->deed, SIM_NONE);
    CHECK_INT(merit->marks[MERIT_MITIGATE].at, 24 * SIM_SECOND);
    response_end(&response);
}

static void
a_lull_is_no_relief(void)
{
    double percent[RESPONSE_SECONDS] = {0};
    for (int i = 8; i < 36; i++)
        percent[i] = i % 4 == 3 || i >= 30 ? 5 : 60;
    Response response;
    response_begin(&response, percent);
    response_say(&response, 10, "timeline.happens", "timeline/fix");
    uint32_t last = response_say(&response, 28, "timeline.happens", "timeline/fix");
    const Merit *merit = response_take(&response);
    CHECK_INT(merit->deed, last);
    CHECK_INT(merit->marks[MERIT_MITIGATE].at, 30 * SIM_SECOND);
    response_end(&response);
}

static void
wrong_leads_add_up(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 10, "team.paged", "team/edge");
    response_say(&response, 11, "team.misled", "team/edge");
    response_say(&response, 13, "team.unmisled", "team/edge");
    response_say(&response, 14, "team.misled", "team/edge");
    response_say(&response, 15, "team.paged", "team/kv");
    response_say(&response, 18, "team.identifies", "team/edge");
    response_say(&response, 19, "team.identifies", "team/kv");
    const Merit *merit = response_take(&response);
    CHECK_INT(merit->n_teams, 2);
    CHECK_STR(merit_lead_team(merit)->name, "edge");
    CHECK_NEAR(merit_value(merit, MERIT_MISLED), 6, 1e-9);
    CHECK_INT(merit->teams[0].misled.at, 14 * SIM_SECOND);
    CHECK_INT(merit->teams[0].unmisled.at, 18 * SIM_SECOND);
    response_end(&response);
}

static void
whose_it_is_must_be_there(void)
{
    Response response;
    response_begin(&response, NULL);
    Spec *spec = &response.scenario.spec;
    CHECK(merit_applies(spec, MERIT_PROBE));
    spec->observers.n = 1;
    CHECK(!merit_applies(spec, MERIT_PROBE));
    CHECK(merit_applies(spec, MERIT_MONITOR));
    spec->teams.n = 0;
    CHECK(!merit_applies(spec, MERIT_ACK));
    CHECK(!merit_applies(spec, MERIT_FIRST_WORD));
    CHECK(merit_applies(spec, MERIT_RECOVER));
    response_end(&response);
}

static void
metrics_of_that_name_are_found(void)
{
    MeritKind kind = MERIT_COUNT;
    CHECK(merit_find("merit.first-word", &kind));
    CHECK_INT(kind, MERIT_FIRST_WORD);
    CHECK(!merit_find("merit.happiness", &kind));
    CHECK_INT(merit_unit(MERIT_UPDATES), MEASURE_NUMBER);
    CHECK_INT(merit_unit(MERIT_DETECT), MEASURE_SECONDS);
}

static void
a_run_cut_short_leaves_never_open(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 10, "alert.fires", "observer/burn");
    response.recording.duration = SIM_HOUR;
    response_take(&response);
    CHECK(!measure_take(&(MeasureSpec){.metric = "merit.detect"}, &response.recording, -1).is_cut);
    CHECK(measure_take(&(MeasureSpec){.metric = "merit.ack"}, &response.recording, -1).is_cut);
    CHECK(measure_take(&(MeasureSpec){.metric = "merit.recover"}, &response.recording, -1).is_cut);
    response_end(&response);
}

static CU_TestInfo tests[] = {
    {"each_moment_counts_from_users_pain", each_moment_counts_from_users_pain},
    {"an_alert_that_is_over_was_about_something_else",
     an_alert_that_is_over_was_about_something_else},
    {"a_ticket_wakes_nobody_who_could_be_paged", a_ticket_wakes_nobody_who_could_be_paged},
    {"what_never_came_is_infinite", what_never_came_is_infinite},
    {"without_pain_there_is_nothing_to_measure", without_pain_there_is_nothing_to_measure},
    {"the_deed_before_the_fall_is_the_one", the_deed_before_the_fall_is_the_one},
    {"notes_mitigate_nothing", notes_mitigate_nothing},
    {"what_ends_before_anybody_acts_ends_by_itself", what_ends_before_anybody_acts_ends_by_itself},
    {"a_lull_is_no_relief", a_lull_is_no_relief},
    {"the_team_that_mends_counts_not_the_one_that_knew_first",
     the_team_that_mends_counts_not_the_one_that_knew_first},
    {"wrong_leads_add_up", wrong_leads_add_up},
    {"whose_it_is_must_be_there", whose_it_is_must_be_there},
    {"metrics_of_that_name_are_found", metrics_of_that_name_are_found},
    {"a_run_cut_short_leaves_never_open", a_run_cut_short_leaves_never_open},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("merit", tests)
