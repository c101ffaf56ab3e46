#include "models/landmark.h"
#include "tests/response.h"
#include "tests/scenario.h"

#define HEAD                                                                                       \
    "blackstart: 1\n"                                                                              \
    "title: a test\n"                                                                              \
    "clock: {duration: 10m}\n"                                                                     \
    "services: {kv: {placement: pop}}\n"                                                           \
    "sites: {shop: {service: kv, share: 100%}}\n"                                                  \
    "configs: {rules: {properties: {size: 1}}}\n"                                                  \
    "timeline:\n"

static void
entries_have_words(void)
{
    static const SimTime times[] = {1, 2, -1, 4};
    ScenarioText scenario;
    scenario_text_read(&scenario,
                       HEAD "  - {at: +1s, do: push, config: rules, properties: {size: 9}}\n"
                            "  - {at: +2s, do: surge, sites: [shop], by: 4x}\n"
                            "  - {at: +3s, do: restart, service: kv}\n"
                            "  - {at: +4s, do: note, text: \"a \\\"word\\\" of the duty officer "
                            "that does not fit into sixty characters\"}\n");
    g_autoptr(Landmarks) landmarks = landmarks_new(&scenario.spec, times, NULL);
    CHECK_INT(landmarks->n, 3);
    CHECK_STR(landmarks->landmarks[0].text, "push rules");
    CHECK_STR(landmarks->landmarks[0].kind, "change");
    CHECK_STR(landmarks->landmarks[1].text, "surge shop by 4x");
    CHECK_HAS(landmarks->landmarks[2].text, "a 'word' of the duty officer");
    CHECK_INT(g_utf8_strlen(landmarks->landmarks[2].text, -1), LANDMARK_TEXT_MAX);
    scenario_text_clear(&scenario);
}

static void
notes_give_way_to_deeds(void)
{
    g_autoptr(GString) text = g_string_new(HEAD);
    SimTime times[20];
    for (int i = 0; i < 20; i++) {
        g_string_append_printf(text,
                               i % 2 ? "  - {at: +%ds, do: purge, sites: [shop]}\n"
                                     : "  - {at: +%ds, do: note, text: a note}\n",
                               i + 1);
        times[i] = i;
    }
    ScenarioText scenario;
    scenario_text_read(&scenario, text->str);
    g_autoptr(Landmarks) landmarks = landmarks_new(&scenario.spec, times, NULL);
    uint32_t n_deeds = 0;
    for (uint32_t i = 0; i < landmarks->n; i++) {
        n_deeds += landmarks->landmarks[i].entry % 2;
        CHECK(i == 0 || landmarks->landmarks[i].at > landmarks->landmarks[i - 1].at);
    }
    CHECK_INT(landmarks->n, LANDMARKS_MAX);
    CHECK_INT(n_deeds, 10);
    scenario_text_clear(&scenario);
}

/* Alerts go to and fro; the first of each observer is the news. */
static void
the_journal_tells_who_saw_and_who_knew(void)
{
    Response response;
    SimTime times[2] = {-1, -1};
    response_begin(&response, NULL);
    for (int i = 0; i < 20; i++)
        response_say(&response, 10 + i, "alert.fires", "observer/burn");
    response_say(&response, 30, "alert.fires", "observer/probes");
    response_say(&response, 31, "team.misled", "team/edge");
    response_say(&response, 32, "team.identifies", "team/edge");
    response_say(&response, 33, "team.posts", "team/edge");
    g_autoptr(Landmarks) landmarks =
        landmarks_new(&response.scenario.spec, times, response.journal);
    static const char *const kinds[] = {"alert", "alert", "human", "human", "public"};
    CHECK_INT(landmarks->n, G_N_ELEMENTS(kinds));
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        CHECK_STR(landmarks->landmarks[i].kind, kinds[i]);
    CHECK_INT(landmarks->landmarks[0].at, 10 * SIM_SECOND);
    response_end(&response);
}

static void
every_verb_is_of_a_kind(void)
{
    for (int verb = 0; verb < VERB_COUNT; verb++)
        CHECK(landmark_kind(verb) != NULL);
    CHECK_STR(landmark_kind(VERB_KILL_SWITCH), "action");
    CHECK_STR(landmark_kind(VERB_DDOS), "fault");
}

static CU_TestInfo tests[] = {
    {"the_journal_tells_who_saw_and_who_knew", the_journal_tells_who_saw_and_who_knew},
    {"every_verb_is_of_a_kind", every_verb_is_of_a_kind},
    {"entries_have_words", entries_have_words},
    {"notes_give_way_to_deeds", notes_give_way_to_deeds},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("landmark", tests)
