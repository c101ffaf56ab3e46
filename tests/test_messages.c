#include "sim/messages.h"
#include "tests/harness.h"

#include <string.h>

/* Marks the first place of the word in a text of one line. */
static SimMark
mark(const char *text, const char *word, uint32_t line)
{
    uint32_t offset = (uint32_t)(strstr(text, word) - text);
    return (SimMark){.file = "f.yaml",
                     .line = line,
                     .column = (uint32_t)g_utf8_strlen(text, offset) + 1,
                     .length = (uint32_t)g_utf8_strlen(word, -1),
                     .offset = offset,
                     .text = text};
}

static void
check_printed(const SimMessages *messages, bool colour, const char *want)
{
    g_autoptr(GString) out = g_string_new(NULL);
    sim_messages_print(messages, colour, out);
    CHECK_STR(out->str, want);
}

static void
a_message_names_the_place_and_underlines_it(void)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    sim_messages_error(messages, mark("at: 11:5\nnext", "11:5", 3), "'%s' is odd", "11:5");
    check_printed(messages, false, "f.yaml:3:5: error: '11:5' is odd\n  at: 11:5\n      ^~~~\n");
    CHECK_INT(sim_messages_errors(messages), 1);
    CHECK_INT(sim_messages_warnings(messages), 0);
}

static void
places_without_a_line_or_a_file_are_left_out(void)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    sim_messages_error(messages, (SimMark){.file = "g.yaml"}, "there is no such file");
    sim_messages_warning(messages, (SimMark){0}, "nothing to do");
    check_printed(messages, false,
                  "warning: nothing to do\ng.yaml: error: there is no such file\n");
}

static void
messages_are_sorted_and_each_is_printed_once(void)
{
    const char *text = "one two";
    g_autoptr(SimMessages) messages = sim_messages_new();
    for (int i = 0; i < 2; i++) {
        sim_messages_error(messages, mark(text, "two", 2), "late");
        sim_messages_error(messages, mark(text, "two", 1), "second");
        sim_messages_warning(messages, mark(text, "one", 1), "first");
    }
    check_printed(messages, false,
                  "f.yaml:1:1: warning: first\n  one two\n  ^~~\n"
                  "f.yaml:1:5: error: second\n  one two\n      ^~~\n"
                  "f.yaml:2:5: error: late\n  one two\n      ^~~\n");
    CHECK_INT(sim_messages_errors(messages), 4);
}

static void
after_fifty_a_line_says_how_many_are_left(void)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    for (uint32_t i = 0; i < 2000; i++)
        sim_messages_error(messages, (SimMark){.file = "f", .line = i + 1, .column = 1}, "no");
    g_autoptr(GString) out = g_string_new(NULL);
    sim_messages_print(messages, false, out);
    CHECK_HAS(out->str, "f:50:1: error: no\n1950 more messages are not shown\n");
}

static void
long_lines_are_cut_around_the_place(void)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int i = 0; i < 100000; i++)
        g_string_append(text, "\xc3\xa9");
    g_string_overwrite(text, 100000, "XX");
    g_autoptr(SimMessages) messages = sim_messages_new();
    sim_messages_error(messages, mark(text->str, "XX", 1), "here");
    g_autoptr(GString) out = g_string_new(NULL);
    sim_messages_print(messages, false, out);
    CHECK_HAS(out->str, "f.yaml:1:50001: error: here\n");
    CHECK(out->len < 600);
    CHECK_HAS(out->str, " ^~\n");
}

static void
control_characters_do_not_reach_the_terminal(void)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    sim_messages_error(messages, mark("a\t\033[2Jb", "b", 1), "'%s'", "\033]0;x\a\xff");
    check_printed(messages, false,
                  "f.yaml:1:7: error: '?]0;x?\xef\xbf\xbd'\n  a ?[2Jb\n        ^\n");
}

static void
bytes_that_are_no_text_can_be_shown(void)
{
    const char *text = "\x80\x80\xdf";
    g_autoptr(SimMessages) messages = sim_messages_new();
    SimMark place = {.file = "f", .line = 1, .column = 1, .length = 1, .offset = 2, .text = text};
    sim_messages_error(messages, place, "x");
    check_printed(messages, false,
                  "f:1:1: error: x\n  \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n   ^\n");
}

static void
colour_marks_the_kind_and_the_underline(void)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    sim_messages_error(messages, mark("ab", "ab", 1), "x");
    check_printed(messages, true,
                  "\033[1mf.yaml:1:1: \033[31merror:\033[0m x\n  ab\n  \033[1;32m^~\033[0m\n");
}

static CU_TestInfo tests[] = {
    {"a_message_names_the_place_and_underlines_it", a_message_names_the_place_and_underlines_it},
    {"places_without_a_line_or_a_file_are_left_out", places_without_a_line_or_a_file_are_left_out},
    {"messages_are_sorted_and_each_is_printed_once", messages_are_sorted_and_each_is_printed_once},
    {"after_fifty_a_line_says_how_many_are_left", after_fifty_a_line_says_how_many_are_left},
    {"long_lines_are_cut_around_the_place", long_lines_are_cut_around_the_place},
    {"control_characters_do_not_reach_the_terminal", control_characters_do_not_reach_the_terminal},
    {"bytes_that_are_no_text_can_be_shown", bytes_that_are_no_text_can_be_shown},
    {"colour_marks_the_kind_and_the_underline", colour_marks_the_kind_and_the_underline},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("messages", tests)
