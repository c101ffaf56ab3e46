#include "models/landmark.h"
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

static CU_TestInfo tests[] = {
    {"entries_have_words", entries_have_words},
    {"notes_give_way_to_deeds", notes_give_way_to_deeds},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("landmark", tests)
