#include "tests/fuzz/scenario.h"

#include "models/spec.h"

#include <string.h>

/* libfyaml 0.7.12 loses a buffer on some texts with many quotes; asked for by the leak checker. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:libfyaml";
}

/* The normalised scenario, or the messages. */
static GString *
read_scenario(const char *text, size_t length, const char *const *set, bool *ret_is_good)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    SimDocumentOptions options = {.set = set};
    g_autoptr(SimDocument) document =
        sim_document_parse(text, length, "fuzz.yaml", &options, messages);
    g_autofree void *spec = g_malloc0(spec_table.size);
    g_autoptr(SimFields) fields =
        sim_fields_read(&spec_table, sim_document_root(document), spec, messages);
    SIM_ASSERT(fields);
    GString *out = g_string_new(NULL);
    sim_messages_print(messages, true, out);
    SIM_ASSERT(g_utf8_validate(out->str, (gssize)out->len, NULL));
    *ret_is_good = sim_messages_errors(messages) == 0;
    SIM_ASSERT(*ret_is_good || out->len > 0);
    if (!*ret_is_good)
        return out;
    g_string_truncate(out, 0);
    sim_fields_print_yaml(&spec_table, spec, out);
    return out;
}

/* A first line `#set path=value` is an option: so that the fuzzer reaches --set. */
static char *
option_of(const char *text, size_t length)
{
    static const char sign[] = "#set ";
    if (length < sizeof sign || memcmp(text, sign, sizeof sign - 1) != 0)
        return NULL;
    const char *end = memchr(text, '\n', length);
    size_t n = (end ? (size_t)(end - text) : length) - (sizeof sign - 1);
    return g_strndup(text + sizeof sign - 1, n);
}

void
fuzz_scenario(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autofree char *option = option_of(text, size);
    const char *const set[] = {option, NULL};
    bool is_good;
    g_autoptr(GString) first = read_scenario(text, size, set, &is_good);
    if (!is_good)
        return;
    g_autoptr(GString) second = read_scenario(first->str, first->len, NULL, &is_good);
    if (is_good && strcmp(first->str, second->str) == 0)
        return;
    sim_fail(__FILE__, __LINE__, "the normalised scenario\n%s\ndoes not read back:\n%s", first->str,
             second->str);
}
