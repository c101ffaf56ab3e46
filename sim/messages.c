#include "sim/messages.h"

#include <string.h>

#define KEPT_MAX 1000u /* further messages are counted only */
#define PRINTED_MAX 50u
#define TEXT_MAX 1000u /* bytes of one message */
#define BEFORE_MAX 72u /* characters of the line shown before the underlined text */
#define LINE_MAX_SHOWN 110u
#define ELLIPSIS "\xe2\x80\xa6"

typedef struct Message {
    uint32_t file; /* index into files, UINT32_MAX: none */
    uint32_t line, column, length, sequence;
    uint32_t before; /* characters of shown before the column */
    bool is_warning;
    char *text, *shown;
} Message;

struct SimMessages {
    GArray *kept; /* Message */
    GPtrArray *files;
    uint32_t errors, warnings;
};

static void
message_clear(void *data)
{
    Message *message = data;
    g_free(message->text);
    g_free(message->shown);
}

SimMessages *
sim_messages_new(void)
{
    SimMessages *messages = g_new0(SimMessages, 1);
    messages->kept = g_array_new(FALSE, TRUE, sizeof(Message));
    g_array_set_clear_func(messages->kept, message_clear);
    messages->files = g_ptr_array_new_with_free_func(g_free);
    return messages;
}

void
sim_messages_free(SimMessages *messages)
{
    if (!messages)
        return;
    g_array_free(messages->kept, TRUE);
    g_ptr_array_free(messages->files, TRUE);
    g_free(messages);
}

static uint32_t
file_index(SimMessages *messages, const char *file)
{
    if (!file)
        return UINT32_MAX;
    for (uint32_t i = 0; i < messages->files->len; i++)
        if (strcmp(messages->files->pdata[i], file) == 0)
            return i;
    g_ptr_array_add(messages->files, g_strdup(file));
    return messages->files->len - 1;
}

/* Control characters of a user's file must not reach the terminal. */
static void
append_character(GString *out, gunichar character)
{
    if (character == '\t')
        g_string_append_c(out, ' ');
    else if (g_unichar_iscntrl(character) || (character >= 0x202a && character <= 0x202e) ||
             (character >= 0x2066 && character <= 0x2069))
        g_string_append_c(out, '?');
    else
        g_string_append_unichar(out, character);
}

static char *
printable(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    const char *at = valid;
    for (; *at && out->len < TEXT_MAX; at = g_utf8_next_char(at))
        append_character(out, g_utf8_get_char(at));
    if (*at)
        g_string_append(out, ELLIPSIS);
    return g_string_free(out, FALSE);
}

/* Stays within the line whatever its bytes are: the text may not be UTF-8. */
static const char *
previous_character(const char *at, const char *start)
{
    do
        at--;
    while (at > start && ((unsigned char)*at & 0xc0) == 0x80);
    return at;
}

/* The part of the line around the column; ret_before: its characters left of the column. */
static char *
line_around(const SimMark *mark, uint32_t *ret_before)
{
    const char *at = mark->text + mark->offset, *from = at;
    uint32_t before = 0;
    while (from > mark->text && before < BEFORE_MAX) {
        from = previous_character(from, mark->text);
        before++;
    }
    GString *out = g_string_new(from > mark->text ? ELLIPSIS : "");
    *ret_before = before + (from > mark->text);
    uint32_t n = 0;
    while (*from && *from != '\n' && *from != '\r' && n++ < LINE_MAX_SHOWN) {
        gunichar character = g_utf8_get_char_validated(from, -1);
        bool is_valid = character < 0x110000;
        append_character(out, is_valid ? character : 0xfffd);
        from = is_valid ? g_utf8_next_char(from) : from + 1;
    }
    if (*from && *from != '\n' && *from != '\r')
        g_string_append(out, ELLIPSIS);
    return g_string_free(out, FALSE);
}

static void
add(SimMessages *messages, SimMark mark, bool is_warning, const char *format, va_list arguments)
{
    uint32_t *count = is_warning ? &messages->warnings : &messages->errors;
    (*count)++;
    if (messages->kept->len >= KEPT_MAX)
        return;
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    Message message = {.file = file_index(messages, mark.file),
                       .line = mark.line,
                       .column = mark.column,
                       .length = mark.length,
                       .sequence = messages->kept->len,
                       .is_warning = is_warning,
                       .text = printable(text)};
    if (mark.text && mark.line > 0)
        message.shown = line_around(&mark, &message.before);
    g_array_append_val(messages->kept, message);
}

void
sim_messages_error(SimMessages *messages, SimMark mark, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(messages, mark, false, format, arguments);
    va_end(arguments);
}

void
sim_messages_warning(SimMessages *messages, SimMark mark, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(messages, mark, true, format, arguments);
    va_end(arguments);
}

uint32_t
sim_messages_errors(const SimMessages *messages)
{
    return messages->errors;
}

uint32_t
sim_messages_warnings(const SimMessages *messages)
{
    return messages->warnings;
}

static int
compare_numbers(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

/* By file (in the order of their first message), line, column, and then as they came. */
static int
compare(const void *left, const void *right, void *user)
{
    (void)user;
    const Message *a = *(const Message *const *)left, *b = *(const Message *const *)right;
    if (a->file != b->file)
        return compare_numbers(a->file + 1, b->file + 1); /* no file comes first */
    if (a->line != b->line)
        return compare_numbers(a->line, b->line);
    if (a->column != b->column)
        return compare_numbers(a->column, b->column);
    return compare_numbers(a->sequence, b->sequence);
}

static bool
is_repetition(const Message *a, const Message *b)
{
    return a->file == b->file && a->line == b->line && a->column == b->column &&
           strcmp(a->text, b->text) == 0;
}

static void
print_underline(const Message *message, bool colour, GString *out)
{
    g_string_append_printf(out, "  %s\n  ", message->shown);
    for (uint32_t i = 0; i < message->before; i++)
        g_string_append_c(out, ' ');
    g_string_append(out, colour ? "\033[1;32m^" : "^");
    glong shown = g_utf8_strlen(message->shown, -1);
    for (uint32_t i = 1; i < message->length && (glong)(message->before + i) < shown; i++)
        g_string_append_c(out, '~');
    g_string_append(out, colour ? "\033[0m\n" : "\n");
}

static void
print_message(const SimMessages *messages, const Message *message, bool colour, GString *out)
{
    g_string_append(out, colour ? "\033[1m" : "");
    if (message->file != UINT32_MAX)
        g_string_append_printf(out, "%s:", (char *)messages->files->pdata[message->file]);
    if (message->line > 0)
        g_string_append_printf(out, "%u:%u:", message->line, message->column);
    if (message->file != UINT32_MAX || message->line > 0)
        g_string_append_c(out, ' ');
    const char *kind = message->is_warning ? "warning" : "error";
    if (colour)
        g_string_append_printf(out, "\033[%sm%s:\033[0m %s\n", message->is_warning ? "35" : "31",
                               kind, message->text);
    else
        g_string_append_printf(out, "%s: %s\n", kind, message->text);
    if (message->shown)
        print_underline(message, colour, out);
}

void
sim_messages_print(const SimMessages *messages, bool colour, GString *out)
{
    g_autoptr(GPtrArray) order = g_ptr_array_new();
    for (uint32_t i = 0; i < messages->kept->len; i++)
        g_ptr_array_add(order, &g_array_index(messages->kept, Message, i));
    g_ptr_array_sort_with_data(order, compare, NULL);
    uint32_t printed = 0, repeated = 0;
    const Message *last = NULL;
    for (uint32_t i = 0; i < order->len; i++) {
        const Message *message = order->pdata[i];
        bool is_repeated = last && is_repetition(last, message);
        repeated += is_repeated;
        last = message;
        if (is_repeated || printed == PRINTED_MAX)
            continue;
        print_message(messages, message, colour, out);
        printed++;
    }
    uint32_t left_out = messages->errors + messages->warnings - printed - repeated;
    if (left_out > 0)
        g_string_append_printf(out, "%u more %s not shown\n", left_out,
                               left_out == 1 ? "message is" : "messages are");
}
