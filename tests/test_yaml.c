#include "sim/yaml.h"
#include "tests/harness.h"

#include <string.h>

typedef struct Reading {
    SimMessages *messages;
    SimTree tree;
    SimNode *root;
    GString *printed;
} Reading;

static Reading
read_bytes(const char *text, size_t length)
{
    Reading reading = {.messages = sim_messages_new(), .printed = g_string_new(NULL)};
    sim_tree_init(&reading.tree, reading.messages);
    reading.root = sim_yaml_read(&reading.tree, "t", text, length, 0);
    sim_messages_print(reading.messages, false, reading.printed);
    return reading;
}

static void
finish(Reading *reading)
{
    g_string_free(reading->printed, TRUE);
    sim_tree_finish(&reading->tree);
    sim_messages_free(reading->messages);
}

static void
check_first_message(const char *text, size_t length, const char *want)
{
    Reading reading = read_bytes(text, length);
    g_auto(GStrv) lines = g_strsplit(reading.printed->str, "\n", 2);
    CHECK_STR(lines[0], want);
    finish(&reading);
}

static void
what_is_not_plain_yaml_is_refused(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"a: 1\nb: 2\na: 3", "t:3:1: error: the key 'a' is already given on line 1"},
        {"a: {b: 1, c: 2, b: 3}", "t:1:17: error: the key 'b' is already given on line 1"},
        {"a: 1\n---\nb: 2", "t:2:1: error: a second document begins here: expected one document in "
                            "a file"},
        {"a: !!str 5", "t:1:4: error: tags such as '!!str' have no meaning here"},
        {"a: *x", "t:1:4: error: no anchor '&x' comes before this alias"},
        {"a: &x {b: *x}", "t:1:11: error: no anchor '&x' comes before this alias"},
        {"x: &x {a: 1}\nb: {<<: *x}",
         "t:2:5: error: merge keys are not read: expected `like: NAME` and an entry in "
         "`templates`"},
        {"{a: 1}: b", "t:1:1: error: a key must be plain text, not a mapping"},
        {"? [a]\n: b", "t:1:3: error: a key must be plain text, not a list"},
        {"&k key: v", "t:1:4: error: a key can not carry an anchor"},
        {"a: \xff", "t:1:4: error: byte 0xff is not UTF-8: expected a text file in UTF-8"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check_first_message(rows[i].text, strlen(rows[i].text), rows[i].want);
    check_first_message("a: 1\nb\0c", 8, "t:2:2: error: a NUL byte: expected a text file in UTF-8");
}

static void
syntax_errors_come_with_their_place(void)
{
    static const char *const texts[] = {"a: [1, 2\nb: 3", "a: }",      "a: \"x",
                                        "a: b: c",        "- a\nb: c", "a: 'x",
                                        "\t- a",          "a: @x",     "a:\n  b: 1\n c: 2"};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        Reading reading = read_bytes(texts[i], strlen(texts[i]));
        CHECK_HAS(reading.printed->str, ": error: not valid YAML");
        CHECK(g_str_has_prefix(reading.printed->str, "t:"));
        finish(&reading);
    }
    check_first_message("a: }", 4,
                        "t:1:4: error: not valid YAML: flow mapping with invalid extra "
                        "closing brace");
}

/* n times the text. */
static GString *
repeated(const char *text, uint32_t n)
{
    GString *out = g_string_new(NULL);
    for (uint32_t i = 0; i < n; i++)
        g_string_append(out, text);
    return out;
}

static void
nesting_stops_at_64_whatever_its_form(void)
{
    static const char *const forms[] = {"[", "{a: ", "- ", "? ", "[[{b: ["};
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GString) text = repeated(forms[i], 100000);
        Reading reading = read_bytes(text->str, text->len);
        CHECK_HAS(reading.printed->str, "error: the nesting is deeper than 64 levels\n");
        CHECK_INT(sim_messages_errors(reading.messages), 1);
        finish(&reading);
    }
    g_autoptr(GString) good = repeated("[", 60);
    g_string_append_printf(good, "%.60s",
                           "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
    Reading reading = read_bytes(good->str, good->len);
    CHECK_STR(reading.printed->str, "");
    finish(&reading);
}

static void
an_alias_bomb_stops_at_the_node_limit(void)
{
    g_autoptr(GString) text = g_string_new("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 12; i++)
        g_string_append_printf(text, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d,*a%d]\n", i, i,
                               i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    Reading reading = read_bytes(text->str, text->len);
    CHECK_HAS(reading.printed->str, "error: the scenario has more than 100000 nodes after aliases, "
                                    "includes, templates and overrides\n");
    CHECK_INT(sim_messages_errors(reading.messages), 1);
    CHECK(reading.tree.n_nodes <= SIM_TREE_NODES_MAX);
    finish(&reading);
}

static void
aliases_that_nest_ever_deeper_stop_at_the_depth_limit(void)
{
    g_autoptr(GString) text = g_string_new("a0: &a0 [x]\n");
    for (int i = 1; i < 100; i++)
        g_string_append_printf(text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
    Reading reading = read_bytes(text->str, text->len);
    CHECK_HAS(reading.printed->str, "error: the nesting is deeper than 64 levels\n");
    finish(&reading);
}

static void
the_size_limit_comes_before_the_parser(void)
{
    g_autoptr(GString) text = repeated("#0123456789abcd\n", (8 << 20) / 16 + 1);
    check_first_message(text->str, text->len,
                        "t: error: the file is larger than the limit of 8 MB");
}

static void
marks_count_characters_and_know_the_key(void)
{
    const char *text = "\xef\xbb\xbf# top\nt\xc3\xa4g: {k\xc3\xb6y: wert}\nnext:\n  a: 1\n";
    Reading reading = read_bytes(text, strlen(text));
    CHECK_STR(reading.printed->str, "");
    const SimNodePair *pair = &reading.root->pairs[0];
    CHECK_STR(pair->key, "t\xc3\xa4g");
    CHECK_INT(pair->key_mark.line, 2);
    CHECK_INT(pair->key_mark.column, 1);
    CHECK_INT(pair->key_mark.length, 3);
    const SimNodePair *inner = &pair->value->pairs[0];
    CHECK_INT(inner->key_mark.column, 7);
    CHECK_INT(inner->value->mark.column, 12);
    CHECK_INT(inner->value->mark.length, 4);
    CHECK_INT(reading.root->pairs[1].value->mark.line, 4);
    CHECK_INT(reading.root->pairs[1].value->mark.column, 3);
    finish(&reading);
}

static CU_TestInfo tests[] = {
    {"what_is_not_plain_yaml_is_refused", what_is_not_plain_yaml_is_refused},
    {"syntax_errors_come_with_their_place", syntax_errors_come_with_their_place},
    {"nesting_stops_at_64_whatever_its_form", nesting_stops_at_64_whatever_its_form},
    {"an_alias_bomb_stops_at_the_node_limit", an_alias_bomb_stops_at_the_node_limit},
    {"aliases_that_nest_ever_deeper_stop_at_the_depth_limit",
     aliases_that_nest_ever_deeper_stop_at_the_depth_limit},
    {"the_size_limit_comes_before_the_parser", the_size_limit_comes_before_the_parser},
    {"marks_count_characters_and_know_the_key", marks_count_characters_and_know_the_key},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("yaml", tests)
