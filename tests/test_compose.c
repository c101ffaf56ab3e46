#include "sim/compose.h"
#include "tests/harness.h"

#include <string.h>

static void
print_node(const SimNode *node, GString *out)
{
    bool is_mapping = node->kind == SIM_NODE_MAPPING;
    if (node->kind == SIM_NODE_SCALAR) {
        g_string_append(out, node->scalar);
        return;
    }
    g_string_append_c(out, is_mapping ? '{' : '[');
    for (uint32_t i = 0; i < node->n; i++) {
        g_string_append(out, i == 0 ? "" : ", ");
        if (is_mapping)
            g_string_append_printf(out, "%s: ", node->pairs[i].key);
        print_node(is_mapping ? node->pairs[i].value : node->items[i], out);
    }
    g_string_append_c(out, is_mapping ? '}' : ']');
}

/* The root on one line, or the lines of the messages without the source below them. */
static char *
outcome(const char *text, const char *const *set)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    SimDocumentOptions options = {.set = set};
    g_autoptr(SimDocument) document =
        sim_document_parse(text, strlen(text), "t", &options, messages);
    GString *out = g_string_new(NULL);
    if (sim_messages_errors(messages) == 0) {
        print_node(sim_document_root(document), out);
        return g_string_free(out, FALSE);
    }
    sim_messages_print(messages, false, out);
    g_auto(GStrv) lines = g_strsplit(out->str, "\n", -1);
    g_string_truncate(out, 0);
    for (guint i = 0; lines[i]; i++)
        if (lines[i][0] && lines[i][0] != ' ')
            g_string_append_printf(out, "%s%s", out->len ? "\n" : "", lines[i]);
    return g_string_free(out, FALSE);
}

static void
check(const char *text, const char *want)
{
    g_autofree char *got = outcome(text, NULL);
    CHECK_STR(got, want);
}

static void
an_entry_starts_from_its_templates_and_its_own_keys_win(void)
{
    check("templates: {t: {a: 1, b: {x: 1, y: 2}}}\ns: {k: {like: t, b: {y: 3}, c: 4}}",
          "{s: {k: {a: 1, b: {x: 1, y: 3}, c: 4}}}");
    check("templates: {t: {a: 1, b: 1}, u: {b: 2}}\ns: {k: {like: [t, u]}}", "{s: {k: {a: 1, b: "
                                                                             "2}}}");
    check("templates: {t: {like: u, a: 1}, u: {a: 0, b: 2}}\ns: [{like: t}]",
          "{s: [{a: 1, b: 2}]}");
    check("templates: {t: {a: {like: u}}, u: {b: 2}}\ns: {like: t}", "{s: {a: {b: 2}}}");
    check("templates: {t: {a: 1}}\ns: {k: {like: t, a: }}", "{s: {k: {a: }}}");
    check("templates:\ns: 1", "{s: 1}");
}

static void
templates_that_can_not_be_say_why(void)
{
    check("templates: {big: {a: 1}}\ns: {like: bog}",
          "t:2:11: error: no template is called 'bog'; did you mean 'big'?");
    check("templates: {big: {a: 1}, small: {}}\ns: {like: other}",
          "t:2:11: error: no template is called 'other'; expected one of big, small");
    check("s: {like: t}", "t:1:11: error: no template is called 't'; there are no templates");
    check("templates: {one: {like: two}, two: {like: one}}",
          "t:1:43: error: a template can not be like itself: one -> two -> one");
    check("templates: {one: {a: {like: one}}}",
          "t:1:29: error: a template can not be like itself: one -> one");
    check("templates: {one: 5}",
          "t:1:13: error: the template 'one' must be a mapping, not a value");
    check("templates: [a]",
          "t:1:12: error: expected a mapping from names to templates, found a list");
    check("s: {like: {a: b}}", "t:1:11: error: expected the name of a template, found a mapping");
}

static void
overrides_change_what_they_select(void)
{
    check("s: {aa: {x: 1}, ab: {x: 1}, b: {x: 1}, n: }\n"
          "overrides: [{select: s/a*, set: {x: 2}}, {select: s/?, set: {y: {z: 3}}}]",
          "{s: {aa: {x: 2}, ab: {x: 2}, b: {x: 1, y: {z: 3}}, n: {y: {z: 3}}}}");
    check("l: [{a: 1}, {a: 2}]\noverrides: [{select: l/1, set: {a: 9}}]", "{l: [{a: 1}, {a: 9}]}");
    check("s: {a: {}}\ntemplates: {t: {q: 1}}\noverrides: [{select: '*/*', set: {like: t}}]",
          "{s: {a: {q: 1}}}");
}

static void
overrides_that_can_not_be_say_why(void)
{
    check("s: {a: 1}\noverrides: [{select: s/b*, set: {x: 2}}]",
          "t:2:22: error: 's/b*' selects nothing");
    check("s: {a: 1}\noverrides: [{select: s/a, set: {x: 2}}]",
          "t:2:22: error: the selector must match mappings, but it matches a value on line 1");
    check("overrides: [5]", "t:1:13: error: expected {select: PATH, set: {...}}, found a value");
    check("overrides: {a: b}", "t:1:12: error: expected a list of overrides, found a mapping");
    check("overrides: [{set: {}}]",
          "t:1:13: error: an override needs 'select': a path of keys such as sites/*");
    check("overrides: [{select: a}]",
          "t:1:13: error: an override needs 'set': a mapping of what it changes");
    check("a: {}\noverrides: [{select: a, set: {}, sett: 1}]",
          "t:2:34: error: unknown key 'sett' in an override: expected select and set");
}

static void
thousands_of_overrides_of_thousands_of_entries_are_refused(void)
{
    g_autoptr(GString) text = g_string_new("s:\n");
    for (int i = 0; i < 20000; i++)
        g_string_append_printf(text, "  k%d: {}\n", i);
    g_string_append(text, "overrides:\n");
    for (int i = 0; i < 10000; i++)
        g_string_append(text, "  - {select: s/*, set: {}}\n");
    g_autofree char *got = outcome(text->str, NULL);
    CHECK_HAS(got, "takes too many steps");
}

static void
check_set(const char *text, const char *option, const char *want)
{
    const char *const set[] = {option, NULL};
    g_autofree char *got = outcome(text, set);
    CHECK_STR(got, want);
}

static void
set_replaces_appends_and_makes_what_is_missing(void)
{
    check_set("a: 1", "a=2", "{a: 2}");
    check_set("a: {b: {c: 1}}", "a.b.c=2", "{a: {b: {c: 2}}}");
    check_set("a: 1", "x.y.z=30s", "{a: 1, x: {y: {z: 30s}}}");
    check_set("a: [1, {b: 2}]", "a[1].b=5", "{a: [1, {b: 5}]}");
    check_set("a: [1]", "a[1]=2", "{a: [1, 2]}");
    check_set("a: {b.c: 1, b: 2}", "a.b.c=5", "{a: {b.c: 5, b: 2}}");
    check_set("a: 1", "a={b: [1, 2]}", "{a: {b: [1, 2]}}");
    check_set("a: 1", "a=", "{a: }");
    check_set("a: 1", "a=x = y", "{a: x = y}");
    check_set("a: 1", "t=2025-11-18T11:00:00Z", "{a: 1, t: 2025-11-18T11:00:00Z}");
}

static void
sets_that_can_not_be_say_why(void)
{
    check_set("a: 1", "a", "--set 1:1:1: error: expected path=value, such as clock.seed=7");
    check_set("a: 1", "=3",
              "--set 1:1:1: error: a key is missing: expected a path such as clock.seed");
    check_set("a: {b: 1}", "a..b=3",
              "--set 1:1:3: error: a key is missing: expected a path such as clock.seed");
    check_set("a: 1", "a.b=3", "--set 1:1:3: error: here is a value, which has no keys");
    check_set("a: [1]", "a.b=3",
              "--set 1:1:3: error: here is a list: expected an index such as [0]");
    check_set("a: [1]", "a[2]=3", "--set 1:1:2: error: the list has 1 items");
    check_set("a: {b: 1}", "a[0]=3", "--set 1:1:2: error: here is a mapping, not a list");
    check_set("a: [1]", "a[x]=3", "--set 1:1:2: error: expected an index such as [0]");
    check_set("a: [1]", "a[0]b=3", "--set 1:1:5: error: expected . or [ here");
    check_set("a: 1", "a=[1",
              "--set 1:1:5: error: not valid YAML: flow sequence without a closing "
              "bracket");
    check_set("a: 1", "a={b: *x}", "--set 1:1:7: error: no anchor '&x' comes before this alias");
    check_set("a: 1", "templates.a=1",
              "--set 1:1:1: error: include, templates, like and overrides are done before --set: "
              "expected the path of a value");
    check_set("a: {}", "a.like=t",
              "--set 1:1:1: error: include, templates, like and overrides are done before --set: "
              "expected the path of a value");
    check_set("a: 1", "a=\xff", "--set 1: error: the text is not UTF-8");
}

static CU_TestInfo tests[] = {
    {"an_entry_starts_from_its_templates_and_its_own_keys_win",
     an_entry_starts_from_its_templates_and_its_own_keys_win},
    {"templates_that_can_not_be_say_why", templates_that_can_not_be_say_why},
    {"overrides_change_what_they_select", overrides_change_what_they_select},
    {"overrides_that_can_not_be_say_why", overrides_that_can_not_be_say_why},
    {"thousands_of_overrides_of_thousands_of_entries_are_refused",
     thousands_of_overrides_of_thousands_of_entries_are_refused},
    {"set_replaces_appends_and_makes_what_is_missing",
     set_replaces_appends_and_makes_what_is_missing},
    {"sets_that_can_not_be_say_why", sets_that_can_not_be_say_why},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("compose", tests)
