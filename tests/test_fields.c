#include "sim/fields.h"

#include "sim/quantity.h"
#include "sim/value.h"
#include "tests/harness.h"

#include <string.h>

typedef struct Clock {
    SimEntity entity;
    int64_t start;
    SimTime duration;
    int64_t seed;
} Clock;

typedef struct Need {
    SimEntity entity;
    uint32_t service;
    double share;
} Need;

typedef struct Service {
    SimEntity entity;
    double servers;
    SimLaw time;
    SimList needs;
    uint32_t fallback;
    int placement;
    bool is_metered;
} Service;

typedef struct Scenario {
    SimEntity entity;
    const char *title;
    Clock clock;
    SimList services;
    SimList restart; /* of references */
    SimInstant at;
    double queries, factor, size, number;
    const char *code;
    char *condition;
} Scenario;

static const char *const placements[] = {"pop", "core", "external", NULL};

static const SimField clock_fields[] = {
    {.key = "start",
     .kind = SIM_FIELD_TIMESTAMP,
     .offset = offsetof(Clock, start),
     .required = true,
     .about = "When the run begins."},
    {.key = "duration",
     .kind = SIM_FIELD_DURATION,
     .offset = offsetof(Clock, duration),
     .fallback = "6h",
     .min = 1,
     .max = 86400,
     .about = "How long it runs."},
    {.key = "seed",
     .kind = SIM_FIELD_INTEGER,
     .offset = offsetof(Clock, seed),
     .fallback = "1",
     .about = "The seed."},
};
static const SimFieldTable clock_table = {
    .name = "clock", .size = sizeof(Clock), SIM_TABLE(clock_fields)};

static const SimField need_fields[] = {
    {.key = "service",
     .kind = SIM_FIELD_REFERENCE,
     .offset = offsetof(Need, service),
     .path = "services",
     .required = true},
    {.key = "share", .kind = SIM_FIELD_SHARE, .offset = offsetof(Need, share), .fallback = "100%"},
};
static const SimFieldTable need_table = {
    .name = "need", .size = sizeof(Need), SIM_TABLE(need_fields), .shorthand = "service"};

static void
check_service(SimFields *fields, void *item)
{
    Service *service = item;
    if (service->fallback == 0 && strcmp(service->entity.name, "kv") == 0)
        sim_fields_error(fields, service->entity.mark, "a service can not fall back on itself");
}

static const SimField service_fields[] = {
    {.key = "servers",
     .kind = SIM_FIELD_COUNT,
     .offset = offsetof(Service, servers),
     .required = true,
     .min = 1,
     .max = 1e6},
    {.key = "time",
     .kind = SIM_FIELD_LAW,
     .offset = offsetof(Service, time),
     .fallback = "exponential(mean 5ms)"},
    {.key = "needs",
     .kind = SIM_FIELD_LIST,
     .offset = offsetof(Service, needs),
     .table = &need_table,
     .items_max = 4},
    {.key = "fallback",
     .kind = SIM_FIELD_REFERENCE,
     .offset = offsetof(Service, fallback),
     .path = "services"},
    {.key = "placement",
     .kind = SIM_FIELD_CHOICE,
     .offset = offsetof(Service, placement),
     .choices = placements,
     .fallback = "core"},
    {.key = "metered", .kind = SIM_FIELD_BOOL, .offset = offsetof(Service, is_metered)},
};
static const SimFieldTable service_table = {
    .name = "service", .size = sizeof(Service), SIM_TABLE(service_fields), .check = check_service};

static bool
parse_condition(SimFields *fields, const SimNode *node, void *destination)
{
    if (node->kind != SIM_NODE_SCALAR || !strchr(node->scalar, '>')) {
        sim_fields_error(fields, node->mark, "expected a condition");
        return false;
    }
    *(char **)destination = sim_fields_strdup(fields, node->scalar);
    return true;
}

static void
print_condition(const void *source, GString *out)
{
    const char *text = *(const char *const *)source;
    g_string_append(out, text ? text : "");
}

static const SimField scenario_fields[] = {
    {.key = "title", .kind = SIM_FIELD_TEXT, .offset = offsetof(Scenario, title)},
    {.key = "clock",
     .kind = SIM_FIELD_OBJECT,
     .offset = offsetof(Scenario, clock),
     .table = &clock_table},
    {.key = "services",
     .kind = SIM_FIELD_MAP,
     .offset = offsetof(Scenario, services),
     .table = &service_table},
    {.key = "restart",
     .kind = SIM_FIELD_REFERENCES,
     .offset = offsetof(Scenario, restart),
     .path = "services"},
    {.key = "at", .kind = SIM_FIELD_INSTANT, .offset = offsetof(Scenario, at)},
    {.key = "queries",
     .kind = SIM_FIELD_RATE,
     .offset = offsetof(Scenario, queries),
     .fallback = "81M/s"},
    {.key = "factor",
     .kind = SIM_FIELD_FACTOR,
     .offset = offsetof(Scenario, factor),
     .fallback = "1x"},
    {.key = "size", .kind = SIM_FIELD_BYTES, .offset = offsetof(Scenario, size), .fallback = "2TB"},
    {.key = "number",
     .kind = SIM_FIELD_NUMBER,
     .offset = offsetof(Scenario, number),
     .fallback = "0.5"},
    {.key = "code", .kind = SIM_FIELD_NAME, .offset = offsetof(Scenario, code)},
    {.key = "condition",
     .kind = SIM_FIELD_CUSTOM,
     .offset = offsetof(Scenario, condition),
     .parse = parse_condition,
     .print = print_condition,
     .expected = "a condition such as `features > 200`"},
};
static const SimFieldTable scenario_table = {
    .name = "scenario", .size = sizeof(Scenario), SIM_TABLE(scenario_fields)};

typedef struct Load {
    SimMessages *messages;
    SimDocument *document;
    SimFields *fields;
    Scenario scenario;
    GString *printed; /* all messages */
} Load;

static Load
load(const char *text)
{
    Load load = {.messages = sim_messages_new(), .printed = g_string_new(NULL)};
    load.document = sim_document_parse(text, strlen(text), "t", NULL, load.messages);
    load.fields = sim_fields_read(&scenario_table, sim_document_root(load.document), &load.scenario,
                                  load.messages);
    sim_messages_print(load.messages, false, load.printed);
    return load;
}

static void
unload(Load *load)
{
    g_string_free(load->printed, TRUE);
    sim_fields_free(load->fields);
    sim_document_free(load->document);
    sim_messages_free(load->messages);
}

/* The message's own line, without the source below it. */
static void
check_message(const char *text, const char *want)
{
    Load it = load(text);
    g_auto(GStrv) lines = g_strsplit(it.printed->str, "\n", 2);
    CHECK_STR(lines[0], want);
    CHECK_INT(sim_messages_errors(it.messages), 1);
    unload(&it);
}

#define SERVICE(rest) "services: {kv: {servers: 2, " rest "}}"

static const struct {
    const char *text, *want;
} message_rows[] = {
    {"queries: 30",
     "t:1:10: error: '30' has no unit: expected a rate such as 300/s, 81M/s or 12/min"},
    {"queries: -3/s",
     "t:1:10: error: '-3/s' is not a rate: expected a rate such as 300/s, 81M/s or 12/min"},
    {"queries: [1/s]",
     "t:1:10: error: 'queries' is a list: expected a rate such as 300/s, 81M/s or 12/min"},
    {"queries: {a: 1/s}",
     "t:1:10: error: 'queries' is a mapping: expected a rate such as 300/s, 81M/s or 12/min"},
    {"factor: 3", "t:1:9: error: '3' has no unit: expected a factor such as 4x or 0.5x"},
    {"size: 2 TB", "t:1:7: error: '2 TB' is not a size: expected a size such as 64MiB or 2TB"},
    {"number: 1e999",
     "t:1:9: error: '1e999' is not a number: expected a number such as 0.9 or 1e6"},
    {"number: 0x10", "t:1:9: error: '0x10' is not a number: expected a number such as 0.9 or 1e6"},
    {"number: .nan", "t:1:9: error: '.nan' is not a number: expected a number such as 0.9 or 1e6"},
    {"at: 24:00", "t:1:5: error: '24:00' is not a time: expected a time such as 11:05, +5m or "
                  "2025-11-18T11:05:00Z"},
    {"code: a b", "t:1:7: error: 'a b' is not a name: expected a name such as lyon-2 (letters, "
                  "digits, - _ and .)"},
    {"condition: f", "t:1:12: error: expected a condition"},
    {"clock: {start: 2025-02-29T00:00:00Z}",
     "t:1:16: error: '2025-02-29T00:00:00Z' is not a UTC time: expected a UTC time such as "
     "2025-11-18T11:00:00Z"},
    {"clock: {start: 2025-11-18}", "t:1:16: error: '2025-11-18' is not a UTC time: expected a "
                                   "UTC time such as 2025-11-18T11:00:00Z"},
    {"clock: {seed: 3}",
     "t:1:1: error: clock needs 'start': expected a UTC time such as 2025-11-18T11:00:00Z"},
    {"clock: 7", "t:1:8: error: clock is a value: expected a mapping (`key: value`)"},
    {"clock: {start: 2025-11-18T11:00:00Z, duration: 30}",
     "t:1:48: error: '30' has no unit: expected a duration such as 30s, 5m or 6h30m"},
    {"clock: {start: 2025-11-18T11:00:00Z, duration: 2d}",
     "t:1:48: error: '2d' is above the largest allowed value 1d"},
    {"clock: {start: 2025-11-18T11:00:00Z, duration: 2ms}",
     "t:1:48: error: '2ms' is below the least allowed value 1s"},
    {"clock: {start: 2025-11-18T11:00:00Z, seed: 1.5}",
     "t:1:44: error: '1.5' is not a whole number: expected a whole number such as 12"},
    {"servces: {}", "t:1:1: error: unknown key 'servces' in scenario; did you mean 'services'?"},
    {"tempaltes: {a: {}}",
     "t:1:1: error: unknown key 'tempaltes' in scenario; did you mean 'templates'?"},
    {"services: {kv: {servers: 1, lke: x}}",
     "t:1:29: error: unknown key 'lke' in service 'kv'; did you mean 'like'?"},
    {"clock: {start: 2025-11-18T11:00:00Z, zzz: 1}",
     "t:1:38: error: unknown key 'zzz' in clock; expected one of start, duration, seed"},
    {"services:\n  kv:\n    servrs: 3\n    servers: 3",
     "t:3:5: error: unknown key 'servrs' in service 'kv'; did you mean 'servers'?"},
    {"services: {kv: }",
     "t:1:12: error: service 'kv' needs 'servers': expected a count such as 200, 1.5k or 5M"},
    {"services: {kv: 3}",
     "t:1:16: error: service 'kv' is a value: expected a mapping (`key: value`)"},
    {"services: {kv: {servers: 0}}", "t:1:26: error: '0' is below the least allowed value 1"},
    {"services: {k v: {servers: 1}}", "t:1:12: error: 'k v' is not a name: expected letters, "
                                      "digits, - _ or . after a letter or digit"},
    {"services: [kv]", "t:1:11: error: 'services' is a list: expected a mapping from names"},
    {SERVICE("time: 5"), "t:1:35: error: '5' has no unit: expected a delay law such as 5s, "
                         "exponential(mean 5s) or lognormal(median 3m, sigma 0.7)"},
    {SERVICE("placement: cor"),
     "t:1:40: error: 'cor' is not one of pop, core or external; did you mean 'core'?"},
    {SERVICE("placement: moon"), "t:1:40: error: 'moon' is not one of pop, core or external"},
    {SERVICE("metered: yes"), "t:1:38: error: 'yes' is not true or false"},
    {SERVICE("fallback: kw"), "t:1:39: error: no service is called 'kw'; expected one of kv"},
    {SERVICE("fallback: other"), "t:1:39: error: no service is called 'other'; expected one of kv"},
    {SERVICE("fallback: [kv]"),
     "t:1:39: error: 'fallback' is a list: expected the name of an entry of 'services'"},
    {SERVICE("fallback: kv"), "t:1:12: error: a service can not fall back on itself"},
    {SERVICE("needs: [kv, kv, kv, kv, kv]"),
     "t:1:36: error: 'needs' has 5 entries: expected at most 4"},
    {SERVICE("needs: {service: kv}"), "t:1:36: error: 'needs' is a mapping: expected a list"},
    {SERVICE("needs: [{share: 5%}]"),
     "t:1:37: error: need needs 'service': expected the name of an entry of 'services'"},
    {SERVICE("needs: [{service: kv, share: 200%}]"),
     "t:1:58: error: '200%' is above the largest allowed value 100%"},
    {"restart: db", "t:1:10: error: no service is called 'db'; there are none"},
};

static void
every_message_says_what_was_expected(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(message_rows); i++)
        check_message(message_rows[i].text, message_rows[i].want);
}

static void
laws_say_what_their_parts_should_be(void)
{
    Load it = load(SERVICE("time: 'lognormal(median 3)'"));
    CHECK_HAS(it.printed->str, "t:1:36: error: 'lognormal(median 3)' is not a delay law: expected");
    unload(&it);
}

static void
all_errors_of_a_file_come_at_once_with_the_text_underlined(void)
{
    Load it = load("queries: 5\nservices:\n  kv: {servers: 0, plcement: pop}\n");
    CHECK_STR(it.printed->str,
              "t:1:10: error: '5' has no unit: expected a rate such as 300/s, 81M/s or 12/min\n"
              "  queries: 5\n"
              "           ^\n"
              "t:3:17: error: '0' is below the least allowed value 1\n"
              "    kv: {servers: 0, plcement: pop}\n"
              "                  ^\n"
              "t:3:20: error: unknown key 'plcement' in service 'kv'; did you mean 'placement'?\n"
              "    kv: {servers: 0, plcement: pop}\n"
              "                     ^~~~~~~~\n");
    unload(&it);
}

static void
values_arrive_in_their_units(void)
{
    Load it = load("title: \"A: b\"\n"
                   "clock: {start: 2025-11-18T11:00:00Z, duration: 6h30m, seed: -7}\n"
                   "queries: 12/min\nfactor: 0.5x\nsize: 64MiB\nnumber: -1.5e3\ncode: FL2\n"
                   "at: 11:05\nrestart: db\ncondition: features > 200\n"
                   "services:\n"
                   "  kv: {servers: 1.5k, needs: [db, {service: kv, share: 12.5%}]}\n"
                   "  db: {servers: 3, fallback: kv, placement: external, metered: true}\n");
    CHECK_STR(it.printed->str, "");
    const Scenario *scenario = &it.scenario;
    CHECK_STR(scenario->title, "A: b");
    CHECK_INT(scenario->clock.start, 1763463600);
    CHECK_INT(scenario->clock.duration, 23400 * SIM_SECOND);
    CHECK_INT(scenario->clock.seed, -7);
    CHECK_NEAR(scenario->queries, 0.2, 0);
    CHECK_NEAR(scenario->factor, 0.5, 0);
    CHECK_NEAR(scenario->size, 67108864.0, 0);
    CHECK_NEAR(scenario->number, -1500.0, 0);
    CHECK_STR(scenario->condition, "features > 200");
    CHECK_INT(scenario->at.kind, SIM_INSTANT_CLOCK);
    CHECK_INT(scenario->services.n, 2);
    const Service *kv = SIM_ITEM(scenario->services, Service, 0), *db = kv + 1;
    CHECK_STR(kv->entity.name, "kv");
    CHECK_INT(kv->entity.mark.line, 12);
    CHECK_NEAR(kv->servers, 1500, 0);
    CHECK_INT(kv->fallback, SIM_NONE);
    CHECK_INT(kv->placement, 1);
    CHECK_INT(sim_law_mean(&kv->time), 5 * SIM_MILLISECOND);
    CHECK_INT(SIM_ITEM(kv->needs, Need, 0)->service, 1);
    CHECK_NEAR(SIM_ITEM(kv->needs, Need, 0)->share, 1.0, 0);
    CHECK_NEAR(SIM_ITEM(kv->needs, Need, 1)->share, 0.125, 0);
    CHECK_INT(db->fallback, 0);
    CHECK_INT(db->placement, 2);
    CHECK(db->is_metered);
    CHECK_INT(scenario->restart.n, 1);
    CHECK_INT(*SIM_ITEM(scenario->restart, uint32_t, 0), 1);
    unload(&it);
}

static void
an_absent_object_gets_its_defaults_and_says_so(void)
{
    Load it = load("title: ~\nqueries:\n");
    CHECK_STR(it.printed->str, "");
    CHECK(!it.scenario.clock.entity.is_given);
    CHECK(it.scenario.entity.is_given);
    CHECK_INT(it.scenario.clock.duration, 6 * SIM_HOUR);
    CHECK_NEAR(it.scenario.queries, 81e6, 0);
    CHECK(it.scenario.title == NULL);
    unload(&it);
}

static void
a_missing_template_gives_one_error_only(void)
{
    check_message("templates: {big: {servers: 9}}\nservices: {kv: {like: bog}}",
                  "t:2:23: error: no template is called 'bog'; did you mean 'big'?");
}

static void
a_lost_map_does_not_make_every_name_dangle(void)
{
    check_message("servces: {kv: {servers: 1}}\nrestart: [kv, db]",
                  "t:1:1: error: unknown key 'servces' in scenario; did you mean 'services'?");
}

static void
a_big_scenario_is_read_in_milliseconds(void)
{
    g_autoptr(GString) text = g_string_new("services:\n");
    for (int i = 0; i < 2000; i++)
        g_string_append_printf(text, "  s%d: {servers: %d, needs: [s%d, s0]}\n", i, i + 1,
                               1999 - i);
    gint64 start = g_get_monotonic_time();
    Load it = load(text->str);
    gint64 took = g_get_monotonic_time() - start;
    CHECK_STR(it.printed->str, "");
    /* About 10 ms; ten times that lets sanitizers and busy machines pass. */
    CHECK(took < 200000);
    unload(&it);
}

static char *
yaml_of(const Load *it)
{
    GString *out = g_string_new(NULL);
    sim_fields_print_yaml(&scenario_table, &it->scenario, out);
    return g_string_free(out, FALSE);
}

static void
the_normalised_scenario_reads_back_to_itself(void)
{
    Load first = load(
        "title: \"q \\\" \\\\ \\n # x\\u0007 \\u00e9\"\nclock: {start: 2025-11-18T11:00:00Z}\n"
        "queries: 0.1/min\nfactor: 3.3x\nsize: 1.1TB\nnumber: 1e-7\ncode: '123'\nat: +90s\n"
        "restart: [db, kv]\ncondition: \"a: > 'b'\"\nservices:\n"
        "  kv: {servers: 7, time: 'mixture(80% exponential(mean 6s), 20% lognormal(median 60s, "
        "sigma 1))', needs: [db, {service: kv, share: 33.3%}]}\n"
        "  db: {servers: 1, time: 'lognormal(median 600ms, p99 2.3s)', fallback: kv}\n"
        "  '0': {servers: 1M, time: 0s}\n");
    CHECK_STR(first.printed->str, "");
    g_autofree char *text = yaml_of(&first);
    Load second = load(text);
    CHECK_STR(second.printed->str, "");
    g_autofree char *again = yaml_of(&second);
    CHECK_STR(again, text);
    const Scenario *a = &first.scenario, *b = &second.scenario;
    CHECK_STR(b->title, a->title);
    CHECK_STR(b->code, a->code);
    CHECK_STR(b->condition, a->condition);
    CHECK(a->queries == b->queries && a->factor == b->factor && a->size == b->size &&
          a->number == b->number);
    CHECK(a->at.kind == b->at.kind && a->at.value == b->at.value);
    CHECK_INT(b->services.n, a->services.n);
    for (uint32_t i = 0; i < a->services.n && i < b->services.n; i++) {
        const Service *left = SIM_ITEM(a->services, Service, i);
        const Service *right = SIM_ITEM(b->services, Service, i);
        CHECK_STR(right->entity.name, left->entity.name);
        CHECK(left->servers == right->servers && left->fallback == right->fallback);
        CHECK(memcmp(&left->time, &right->time, sizeof left->time) == 0);
        CHECK_INT(right->needs.n, left->needs.n);
    }
    CHECK(SIM_ITEM(SIM_ITEM(a->services, Service, 0)->needs, Need, 1)->share ==
          SIM_ITEM(SIM_ITEM(b->services, Service, 0)->needs, Need, 1)->share);
    unload(&first);
    unload(&second);
}

static void
what_was_not_given_is_printed_as_a_comment(void)
{
    Load it = load("services: {kv: {servers: 1}}");
    g_autofree char *text = yaml_of(&it);
    CHECK_STR(text, "services:\n"
                    "  kv:\n"
                    "    servers: 1\n"
                    "    time: exponential(mean 5ms)\n"
                    "    needs: []\n"
                    "    placement: core\n"
                    "    metered: false\n"
                    "restart: []\n"
                    "queries: 81000000/s\n"
                    "factor: 1x\n"
                    "size: 2000000000000B\n"
                    "number: 0.5\n"
                    "# clock:\n"
                    "#   start: 1970-01-01T00:00:00Z\n"
                    "#   duration: 6h\n"
                    "#   seed: 1\n");
    unload(&it);
}

static void
the_reference_has_a_section_for_every_table(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    sim_fields_print_reference(&scenario_table, out);
    CHECK_HAS(out->str, "\n## scenario\n");
    CHECK_HAS(out->str, "\n## need\n");
    CHECK_HAS(out->str, "| `duration` | duration, 1s to 1d | `6h` | How long it runs. |\n");
    CHECK_HAS(out->str, "| `services` | names, each a [service](#service) |  |  |\n");
    CHECK_HAS(out->str,
              "| `needs` | list of [need](#need), at most 4; a lone value is its `service` |");
    CHECK_HAS(out->str, "| `servers` | count, 1 to 1000000 | *required* |");
    CHECK_HAS(out->str, "| `placement` | `pop`, `core`, `external` | `core` |");
}

static void
the_schema_knows_keys_units_and_templates(void)
{
    g_autoptr(GString) out = g_string_new(NULL);
    sim_fields_print_schema(&scenario_table, out);
    CHECK_HAS(out->str, "\"$ref\": \"#/$defs/scenario\"");
    CHECK_HAS(out->str, "\"additionalProperties\": false");
    CHECK_HAS(out->str, "\"enum\": [\"pop\", \"core\", \"external\"]");
    CHECK_HAS(out->str, "\"anyOf\": [{\"required\": [\"service\"]}, {\"required\": [\"like\"]}]");
    /* An included file may bring the rest of a map's entry. */
    CHECK(!strstr(out->str, "{\"required\": [\"servers\"]}"));
    CHECK_HAS(out->str, "\"templates\": {");
    CHECK_HAS(out->str, "\"default\": \"81M/s\"");
    CHECK_HAS(out->str, "\"minimum\": 1, \"maximum\": 1000000");
}

static CU_TestInfo tests[] = {
    {"every_message_says_what_was_expected", every_message_says_what_was_expected},
    {"laws_say_what_their_parts_should_be", laws_say_what_their_parts_should_be},
    {"all_errors_of_a_file_come_at_once_with_the_text_underlined",
     all_errors_of_a_file_come_at_once_with_the_text_underlined},
    {"values_arrive_in_their_units", values_arrive_in_their_units},
    {"an_absent_object_gets_its_defaults_and_says_so",
     an_absent_object_gets_its_defaults_and_says_so},
    {"a_missing_template_gives_one_error_only", a_missing_template_gives_one_error_only},
    {"a_lost_map_does_not_make_every_name_dangle", a_lost_map_does_not_make_every_name_dangle},
    {"a_big_scenario_is_read_in_milliseconds", a_big_scenario_is_read_in_milliseconds},
    {"the_normalised_scenario_reads_back_to_itself", the_normalised_scenario_reads_back_to_itself},
    {"what_was_not_given_is_printed_as_a_comment", what_was_not_given_is_printed_as_a_comment},
    {"the_reference_has_a_section_for_every_table", the_reference_has_a_section_for_every_table},
    {"the_schema_knows_keys_units_and_templates", the_schema_knows_keys_units_and_templates},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("fields", tests)
