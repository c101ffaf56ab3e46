#include "sim/value.h"

#include "tests/harness.h"

#include <string.h>

static const char *const colours[] = {"red", "green", NULL};

static void
every_kind_reads_back_what_it_prints(void)
{
    static const struct {
        SimFieldKind kind;
        const char *text, *printed;
    } rows[] = {
        {SIM_FIELD_BOOL, "true", "true"},
        {SIM_FIELD_INTEGER, "-12", "-12"},
        {SIM_FIELD_NUMBER, "-0.1", "-0.1"},
        {SIM_FIELD_COUNT, "1.5k", "1500"},
        {SIM_FIELD_SHARE, "12.5%", "12.5%"},
        {SIM_FIELD_SHARE, "0.1%", "0.1%"},
        {SIM_FIELD_FACTOR, "14.4x", "14.4x"},
        {SIM_FIELD_DURATION, "6h30m", "6h30m"},
        {SIM_FIELD_DURATION, "1500ms", "1500ms"},
        {SIM_FIELD_RATE, "81M/s", "81000000/s"},
        {SIM_FIELD_BYTES, "64MiB", "67108864B"},
        {SIM_FIELD_TIMESTAMP, "2025-11-18T11:00:00Z", "2025-11-18T11:00:00Z"},
        {SIM_FIELD_INSTANT, "5m", "+5m"},
        {SIM_FIELD_LAW, "uniform(1s, 2s)", "uniform(1s, 2s)"},
        {SIM_FIELD_TEXT, "a: b", "\"a: b\""},
        {SIM_FIELD_NAME, "FL2", "FL2"},
        {SIM_FIELD_CHOICE, "green", "green"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        SimField field = {.key = "k", .kind = rows[i].kind, .choices = colours};
        SimLaw space = {0}; /* the largest of the values */
        g_autofree char *problem = NULL;
        g_autoptr(GString) out = g_string_new(NULL);
        CHECK(sim_value_read(&field, rows[i].text, &space, &problem));
        sim_value_print(&field, &space, out);
        CHECK_STR(out->str, rows[i].printed);
    }
}

static void
limits_hold_in_the_unit_of_the_row(void)
{
    SimField field = {.kind = SIM_FIELD_COUNT, .min = -10, .max = 10};
    double value = 7;
    g_autofree char *problem = NULL, *other = NULL;
    CHECK(sim_value_read(&field, "-5", &value, &problem));
    CHECK_NEAR(value, -5, 0);
    CHECK(!sim_value_read(&field, "11", &value, &problem));
    CHECK_STR(problem, "'11' is above the largest allowed value 10");
    CHECK_NEAR(value, -5, 0);
    SimField own = {.kind = SIM_FIELD_COUNT};
    CHECK(!sim_value_read(&own, "-5", &value, &other));
    CHECK_STR(other, "'-5' is below the least allowed value 0");
}

static void
a_least_value_alone_leaves_the_top_open(void)
{
    SimField field = {.kind = SIM_FIELD_RATE, .min = 5};
    double min, max;
    sim_value_limits(&field, &min, &max);
    CHECK_NEAR(min, 5, 0);
    CHECK(max > 1e200);
    CHECK(sim_value_is_unset(&field, &(double){0}));
    CHECK(!sim_value_is_unset(&field, &(double){6}));
}

static void
quoting_keeps_a_text_a_text(void)
{
    static const struct {
        const char *text, *quoted;
    } rows[] = {{"plain", "plain"},
                {"two words", "two words"},
                {"null", "\"null\""},
                {"true", "\"true\""},
                {"12", "\"12\""},
                {"", "\"\""},
                {"a\"\\\n", "\"a\\\"\\\\\\n\""},
                {"end ", "\"end \""},
                {"- a", "\"- a\""},
                {"\x1b", "\"\\u001b\""},
                {"a # b", "\"a # b\""}};
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) out = g_string_new(NULL);
        sim_value_quote(rows[i].text, out);
        CHECK_STR(out->str, rows[i].quoted);
    }
}

static void
long_texts_are_shortened_by_characters(void)
{
    g_autofree char *text = g_strnfill(100, 'x');
    g_autofree char *shown = sim_value_shorten(text);
    CHECK_INT(strlen(shown), 63);
    g_autofree char *same = sim_value_shorten("t\xc3\xa4g");
    CHECK_STR(same, "t\xc3\xa4g");
    CHECK(sim_value_is_name("a-b_c.9") && !sim_value_is_name("-a") && !sim_value_is_name(""));
}

static CU_TestInfo tests[] = {
    {"every_kind_reads_back_what_it_prints", every_kind_reads_back_what_it_prints},
    {"limits_hold_in_the_unit_of_the_row", limits_hold_in_the_unit_of_the_row},
    {"a_least_value_alone_leaves_the_top_open", a_least_value_alone_leaves_the_top_open},
    {"quoting_keeps_a_text_a_text", quoting_keeps_a_text_a_text},
    {"long_texts_are_shortened_by_characters", long_texts_are_shortened_by_characters},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("value", tests)
