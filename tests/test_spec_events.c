#include "models/spec_events.h"

#include "tests/scenario.h"

#define HEAD                                                                                       \
    "blackstart: 1\ntitle: t\nclock: {duration: 1h}\n"                                             \
    "services: {proxy: {placement: pop, cohorts: {new: 100%}}}\n"                                  \
    "sites: {web: {service: proxy, requests: 1/s}}\n"                                              \
    "clusters: {house: 10}\n"                                                                      \
    "configs: {flags: {properties: {x: 1}}}\n"                                                     \
    "locations: {house: {latitude: 1, longitude: 1}}\n"                                            \
    "observers: {errors: {kind: threshold, metric: errors, above: 5%}}\n"

static char *
said_of_entry(const char *entry)
{
    g_autofree char *text = g_strdup_printf("%stimeline:\n  - {%s}\n", HEAD, entry);
    return scenario_text_complaints(text);
}

static char *
said_of_expectation(const char *expectation)
{
    g_autofree char *text = g_strdup_printf("%sexpect:\n  - {%s}\n", HEAD, expectation);
    return scenario_text_complaints(text);
}

static const SimField *
field_of(const SimFieldTable *table, const char *key)
{
    for (uint32_t i = 0; i < table->n_fields; i++)
        if (strcmp(table->fields[i].key, key) == 0)
            return &table->fields[i];
    return NULL;
}

/* One right entry for each verb, with all that it takes. */
static const char *const entries[VERB_COUNT] = {
    [VERB_NOTE] = "text: hello",
    [VERB_MIGRATE] = "cluster: house, from: 10%, to: 90%, over: 1m",
    [VERB_PUSH] = "config: flags, properties: {x: 2}",
    [VERB_STOP_GENERATOR] = "config: flags",
    [VERB_START_GENERATOR] = "config: flags",
    [VERB_PUSH_KNOWN_GOOD] = "config: flags",
    [VERB_CONFIRM] = "config: flags",
    [VERB_RESTART] = "service: proxy, cohort: new, concurrency: 3, pace: 1s, success: 90%, "
                     "region: europe, country: DE, code: FRA, busiest: 2",
    [VERB_SWITCH_FALLBACK] = "services: [proxy], cohort: new",
    [VERB_SWITCH_BACK] = "services: [proxy]",
    [VERB_KILL_SWITCH] = "services: [proxy]",
    [VERB_RESTORE] = "services: [proxy]",
    [VERB_SCALE] = "service: proxy, by: 2x",
    [VERB_HALT] = "service: proxy, for: 1m",
    [VERB_LIMIT] = "site: web, to_rate: 10/s, for: 1m",
    [VERB_SURGE] = "sites: [web], by: 2x, for: 1m",
    [VERB_POP_DOWN] = "region: europe, country: DE, code: FRA, busiest: 2, for: 1m",
    [VERB_POP_UP] = "region: europe, country: DE, code: FRA, busiest: 2",
    [VERB_PURGE] = "sites: [web], share: 50%",
    [VERB_KILL] = "service: proxy, cohort: new, share: 50%, code: FRA",
    [VERB_FAIL_OPEN] = "services: [proxy]",
    [VERB_FAIL_CLOSED] = "services: [proxy]",
    [VERB_POST] = "text: we know",
    [VERB_SERVICE_FAILS] = "service: proxy, share: 5%, hosts: 2%, for: 1m, ramp: 2s, count: 3",
    [VERB_SERVICE_SLOW] = "service: proxy, by: 2x, latency: 1s, for: 1m, ramp: 2s, code: FRA",
    [VERB_BURN_CPU] = "service: proxy, by: 2x, cohort: new, for: 1m, ramp: 2s, busiest: 4",
    [VERB_LINK] = "region: europe, share: 5%, latency: 20ms, for: 1m, ramp: 2s",
    [VERB_POWER_LOSS] = "location: house, share: 50%, over: 1m, for: 2h",
    [VERB_CLOUD_OUTAGE] = "location: house, share: 50%, for: 2h, ramp: 1m",
    [VERB_CERTIFICATE] = "sites: [web], for: 2h",
    [VERB_DNS_FAILURE] = "sites: [web], share: 50%, for: 2h, ramp: 5m",
    [VERB_DDOS] = "sites: [web], by: 3x, for: 2h, ramp: 5m",
    [VERB_ORIGIN_FAILS] = "sites: [web], share: 30%, for: 2h, ramp: 5m",
    [VERB_ORIGIN_SLOW] = "sites: [web], latency: 3s, for: 2h, ramp: 5m",
    [VERB_CLOCK_SKEW] = "services: [proxy], skew: 1h, for: 2h, ramp: 5m",
    [VERB_BLACKOUT] = "observers: [errors], for: 2h",
    [VERB_QUOTA] = "service: proxy, to_rate: 5/s, for: 2h",
    [VERB_STATUS_DOWN] = "for: 2h",
};

static void
every_verb_takes_its_keys_and_a_text(void)
{
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        const char *more = verb == VERB_NOTE || verb == VERB_POST ? "" : ", text: why";
        g_autofree char *entry =
            g_strdup_printf("at: +1m, do: %s, %s%s", verb_names[verb], entries[verb], more);
        g_autofree char *said = said_of_entry(entry);
        CHECK_STR(said, "");
    }
}

static void
every_verb_has_a_name_and_a_sentence(void)
{
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        CHECK(verb_names[verb] != NULL);
        CHECK(verb_abouts[verb] != NULL);
        CHECK(verb_abouts[verb] && g_str_has_suffix(verb_abouts[verb], "."));
    }
    CHECK(verb_names[VERB_COUNT] == NULL);
    CHECK(measure_kind_names[MEASURE_COUNT] == NULL);
    CHECK_STR(measure_kind_names[MEASURE_RATIO], "ratio");
    CHECK_STR(measure_kind_names[MEASURE_TIME_ABOVE], "time-above");
}

/* The keys that a message names as expected are keys of an entry. */
static void
keys_of_verbs_are_fields_of_an_entry(void)
{
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        const char *foreign = verb == VERB_RESTART ? "over: 1m" : "concurrency: 7";
        g_autofree char *entry =
            g_strdup_printf("at: +1m, do: %s, %s, %s", verb_names[verb], entries[verb], foreign);
        g_autofree char *said = said_of_entry(entry);
        g_autofree char *want =
            g_strdup_printf("test.yaml:11:5: error: '%s' does not take the key '%s': expected one "
                            "of ",
                            verb_names[verb], verb == VERB_RESTART ? "over" : "concurrency");
        CHECK_HAS(said, want);
        const char *list = strstr(said, "expected one of ");
        if (!list)
            continue;
        list += strlen("expected one of ");
        g_autofree char *line = g_strndup(list, strcspn(list, "\n"));
        g_auto(GStrv) keys = g_strsplit(line, " ", -1);
        for (guint i = 0; keys[i]; i++)
            if (!CHECK(field_of(&timeline_table, keys[i]) != NULL))
                fprintf(stderr, "%s names the key '%s'\n", verb_names[verb], keys[i]);
    }
}

static void
a_verb_says_which_key_it_needs(void)
{
    static const char *const needed[VERB_COUNT][2] = {
        [VERB_NOTE] = {"text"},
        [VERB_MIGRATE] = {"cluster"},
        [VERB_PUSH] = {"config", "properties"},
        [VERB_STOP_GENERATOR] = {"config"},
        [VERB_START_GENERATOR] = {"config"},
        [VERB_PUSH_KNOWN_GOOD] = {"config"},
        [VERB_CONFIRM] = {"config"},
        [VERB_RESTART] = {"service"},
        [VERB_SWITCH_FALLBACK] = {"services", "cohort"},
        [VERB_SWITCH_BACK] = {"services"},
        [VERB_KILL_SWITCH] = {"services"},
        [VERB_RESTORE] = {"services"},
        [VERB_SCALE] = {"service", "by"},
        [VERB_HALT] = {"service", "for"},
        [VERB_LIMIT] = {"site", "to_rate"},
        [VERB_SURGE] = {"sites", "by"},
        [VERB_PURGE] = {"sites"},
        [VERB_KILL] = {"service"},
        [VERB_FAIL_OPEN] = {"services"},
        [VERB_FAIL_CLOSED] = {"services"},
        [VERB_POST] = {"text"},
        [VERB_SERVICE_FAILS] = {"service"},
        [VERB_SERVICE_SLOW] = {"service"},
        [VERB_BURN_CPU] = {"service", "by"},
        [VERB_POWER_LOSS] = {"location"},
        [VERB_CLOUD_OUTAGE] = {"location"},
        [VERB_DNS_FAILURE] = {"sites"},
        [VERB_DDOS] = {"sites"},
        [VERB_ORIGIN_FAILS] = {"sites"},
        [VERB_ORIGIN_SLOW] = {"sites", "latency"},
        [VERB_CLOCK_SKEW] = {"services", "skew"},
        [VERB_QUOTA] = {"service", "to_rate"},
    };
    for (int verb = 0; verb < VERB_COUNT; verb++) {
        g_autofree char *entry = g_strdup_printf("at: +1m, do: %s", verb_names[verb]);
        g_autofree char *said = said_of_entry(entry);
        for (guint i = 0; i < 2 && needed[verb][i]; i++) {
            g_autofree char *want =
                g_strdup_printf("test.yaml:11:5: error: '%s' needs the key '%s'", verb_names[verb],
                                needed[verb][i]);
            CHECK_HAS(said, want);
        }
        if (!needed[verb][0])
            CHECK_STR(said, "");
    }
}

static void
an_entry_says_once_when(void)
{
    static const char want_none[] =
        "a timeline entry has none of at, after, when, on_alert, team, every: "
        "expected exactly one (every may go with at)";
    static const char want_many[] =
        "a timeline entry has more than one of at, after, when, on_alert, team, every";
    g_autofree char *none = said_of_entry("do: note, text: a");
    g_autofree char *both = said_of_entry("at: +1m, after: 5m, do: note, text: a");
    g_autofree char *all = said_of_entry("at: +1m, when: errors > 1%, do: note, text: a");
    g_autofree char *every = said_of_entry("every: 5m, do: note, text: a");
    g_autofree char *from = said_of_entry("at: +1m, every: 5m, until: +1h, do: note, text: a");
    CHECK_HAS(none, want_none);
    CHECK_HAS(both, want_many);
    CHECK_HAS(all, want_many);
    CHECK_STR(every, "");
    CHECK_STR(from, "");
}

static void
after_names_an_entry_a_wait_or_both(void)
{
    static const struct {
        const char *text, *entry;
        SimTime delay;
    } cases[] = {{"6m", NULL, 6 * SIM_MINUTE},
                 {"first", "first", 0},
                 {"first + 90s", "first", 90 * SIM_SECOND},
                 {"first+2h", "first", 2 * SIM_HOUR}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        ScenarioText scenario;
        g_autofree char *text =
            g_strdup_printf("%stimeline:\n  - {at: +1m, id: first, do: note, text: a}\n"
                            "  - {after: %s, do: note, text: b}\n",
                            HEAD, cases[i].text);
        scenario_text_read(&scenario, text);
        const TimelineSpec *entry = SIM_ITEM(scenario.spec.timeline, const TimelineSpec, 1);
        CHECK(entry->after.is_given);
        CHECK_INT(entry->after.delay, cases[i].delay);
        if (cases[i].entry)
            CHECK_STR(entry->after.entry, cases[i].entry);
        else
            CHECK(entry->after.entry == NULL);
        scenario_text_clear(&scenario);
    }
    static const char *const wrong[] = {"a + b", "+ 5m", "a + 5m + 6m", "[a]"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autofree char *entry = g_strdup_printf("after: %s, do: note, text: a", wrong[i]);
        g_autofree char *said = said_of_entry(entry);
        CHECK_HAS(said, "does not say after what: expected a duration such as 6m, the id of an "
                        "entry, or both as in stop-generator + 6m");
    }
}

static void
expectations_are_checked(void)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"metric: errors, at_most: 1%", NULL},
        {"fault_bites: flags", NULL},
        {"metric: errors, of: last, above: 200ms, at_most: '11:40'", NULL},
        {"metric: errors, at_most: 1%, within: 10m, for: 5m, after: x + 1m", NULL},
        {"at_most: 1%",
         "an expectation has neither of metric and fault_bites: expected exactly one"},
        {"metric: errors, at_most: 1%, fault_bites: flags",
         "an expectation has both of metric and fault_bites: expected exactly one"},
        {"metric: errors", "an expectation on 'errors' has no bound: expected at_least or at_most"},
        {"metric: errors, at_most: 1%, for: 5m",
         "an expectation has 'for' without 'within': expected both"},
        {"metric: errors, at_most: few",
         "'few' is no bound: expected a number with its unit such as 99.9%, 200ms, 4, 300/s, or "
         "a clock time such as 11:40"},
        {"metric: errors, at_most: 1%, above: much",
         "'much' is no value: expected a number with its unit such as 1%, 200ms, 4 or 300/s"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *said = said_of_expectation(cases[i].text);
        if (cases[i].said)
            CHECK_HAS(said, cases[i].said);
        else
            CHECK_STR(said, "");
    }
}

static void
bounds_are_numbers_or_instants(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario,
                       HEAD "expect:\n"
                            "  - {metric: errors, at_least: 99.9%, at_most: 300/s}\n"
                            "  - {metric: errors, of: first, at_least: 10m, at_most: '11:40'}\n");
    const ExpectSpec *one = SIM_ITEM(scenario.spec.expect, const ExpectSpec, 0);
    const ExpectSpec *two = SIM_ITEM(scenario.spec.expect, const ExpectSpec, 1);
    CHECK_INT(one->at_least.kind, BOUND_NUMBER);
    CHECK_NEAR(one->at_least.number, 0.999, 1e-12);
    CHECK_NEAR(one->at_most.number, 300, 0);
    CHECK_STR(one->at_most.text, "300/s");
    CHECK_NEAR(two->at_least.number, 600, 0);
    CHECK_INT(two->at_most.kind, BOUND_INSTANT);
    CHECK_INT(two->measure.kind, MEASURE_FIRST);
    scenario_text_clear(&scenario);
}

static CU_TestInfo tests[] = {
    {"every_verb_takes_its_keys_and_a_text", every_verb_takes_its_keys_and_a_text},
    {"every_verb_has_a_name_and_a_sentence", every_verb_has_a_name_and_a_sentence},
    {"keys_of_verbs_are_fields_of_an_entry", keys_of_verbs_are_fields_of_an_entry},
    {"a_verb_says_which_key_it_needs", a_verb_says_which_key_it_needs},
    {"an_entry_says_once_when", an_entry_says_once_when},
    {"after_names_an_entry_a_wait_or_both", after_names_an_entry_a_wait_or_both},
    {"expectations_are_checked", expectations_are_checked},
    {"bounds_are_numbers_or_instants", bounds_are_numbers_or_instants},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("spec_events", tests)
