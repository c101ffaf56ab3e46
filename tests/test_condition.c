#include "models/condition.h"

#include "sim/fields.h"
#include "sim/node.h"
#include "tests/harness.h"

#include <string.h>

/* One condition and one trigger, read and printed as a scenario's are. */
typedef struct Both {
    SimEntity entity;
    Condition condition;
    Trigger trigger;
} Both;

static const SimField rows[] = {
    {.key = "condition",
     .kind = SIM_FIELD_CUSTOM,
     .offset = offsetof(Both, condition),
     .parse = condition_parse,
     .print = condition_print,
     .about = "A condition."},
    {.key = "trigger",
     .kind = SIM_FIELD_CUSTOM,
     .offset = offsetof(Both, trigger),
     .parse = trigger_parse,
     .print = trigger_print,
     .about = "A trigger."},
};
static const SimFieldTable table = {
    .name = "both", .about = "Both.", .size = sizeof(Both), SIM_TABLE(rows)};

/* Reads "key: text"; says what was wrong, then what the sentence prints as.  The names in *ret are
 * gone with what was read. */
static char *
read_back(const char *key, const char *text, Both *ret)
{
    g_autofree char *yaml = g_strdup_printf("%s: '%s'\n", key, text);
    g_autoptr(SimMessages) messages = sim_messages_new();
    g_autoptr(GString) out = g_string_new(NULL);
    SimDocument *document = sim_document_parse(yaml, strlen(yaml), "c.yaml", NULL, messages);
    Both both = {0};
    SimFields *fields = sim_fields_read(&table, sim_document_root(document), &both, messages);
    sim_messages_print(messages, false, out);
    condition_print(&both.condition, out);
    trigger_print(&both.trigger, out);
    if (ret)
        *ret = both;
    sim_fields_free(fields);
    sim_document_free(document);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

static void
values_take_any_unit(void)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"4", 4}, {"5%", 0.05}, {"200ms", 0.2}, {"40k/s", 40000}, {"2x", 2}, {"10M", 1e7}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        double value = -1;
        CHECK(value_read(cases[i].text, &value));
        CHECK_NEAR(value, cases[i].value, 1e-12 * cases[i].value);
    }
    double untouched = 7;
    CHECK(!value_read("much", &untouched));
    CHECK(!value_read("", &untouched));
    CHECK(!value_read("nan", &untouched));
    CHECK_NEAR(untouched, 7, 0);
}

static void
comparisons_are_what_they_say(void)
{
    static const bool holds[][3] = {
        /* left is below, equal, above */
        [ABOVE] = {false, false, true}, [AT_LEAST] = {false, true, true},
        [BELOW] = {true, false, false}, [AT_MOST] = {true, true, false},
        [EQUAL] = {false, true, false}, [UNEQUAL] = {true, false, true}};
    for (guint c = 0; c < G_N_ELEMENTS(holds); c++)
        for (int side = 0; side < 3; side++)
            CHECK_INT(comparison_holds((Comparison)c, side - 1, 0), holds[c][side]);
}

static void
sentences_print_as_they_were_read(void)
{
    static const char *const conditions[] = {"features > 200", "a >= 0.1",  "a < 3",
                                             "a <= 1e+06",     "a == 0.25", "a != 1"};
    static const char *const triggers[] = {"errors > 0.05 for 2m", "latency.p95 >= 0.2",
                                           "all.offered < 40000 for 1m30s"};
    for (guint i = 0; i < G_N_ELEMENTS(conditions); i++) {
        g_autofree char *back = read_back("condition", conditions[i], NULL);
        CHECK_STR(back, conditions[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(triggers); i++) {
        g_autofree char *back = read_back("trigger", triggers[i], NULL);
        CHECK_STR(back, triggers[i]);
    }
}

static void
units_and_spaces_do_not_matter(void)
{
    Both both;
    g_autofree char *back = read_back("trigger", "  errors   >  5%  for  2m ", &both);
    CHECK_STR(back, "errors > 0.05 for 2m");
    CHECK_INT(both.trigger.lasting, 2 * SIM_MINUTE);
}

static void
no_digit_is_lost(void)
{
    Both both, again;
    g_autofree char *first = read_back("condition", "a > 0.12345678901234567", &both);
    g_autofree char *second = read_back("condition", first, &again);
    CHECK(both.condition.value == again.condition.value);
    CHECK_STR(second, first);
}

static void
what_is_no_sentence_says_so(void)
{
    static const char *const conditions[] = {"features",        "features 200",    "features = 200",
                                             "features > many", "a > 1 and b > 2", ""};
    static const char *const triggers[] = {"errors > 5% for", "errors > 5% for long",
                                           "errors > 5% during 2m", "errors"};
    for (guint i = 0; i < G_N_ELEMENTS(conditions); i++) {
        g_autofree char *said = read_back("condition", conditions[i], NULL);
        g_autofree char *want =
            g_strdup_printf("'%s' is no condition: expected PROPERTY, one of", conditions[i]);
        CHECK_HAS(said, want);
        CHECK_HAS(said, "c.yaml:1:13: ");
    }
    for (guint i = 0; i < G_N_ELEMENTS(triggers); i++) {
        g_autofree char *said = read_back("trigger", triggers[i], NULL);
        g_autofree char *want = g_strdup_printf(
            "'%s' is no condition on a metric: expected METRIC, one of", triggers[i]);
        CHECK_HAS(said, want);
    }
}

static CU_TestInfo tests[] = {
    {"values_take_any_unit", values_take_any_unit},
    {"comparisons_are_what_they_say", comparisons_are_what_they_say},
    {"sentences_print_as_they_were_read", sentences_print_as_they_were_read},
    {"units_and_spaces_do_not_matter", units_and_spaces_do_not_matter},
    {"no_digit_is_lost", no_digit_is_lost},
    {"what_is_no_sentence_says_so", what_is_no_sentence_says_so},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("condition", tests)
