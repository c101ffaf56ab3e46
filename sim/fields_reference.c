/* The reference page, in Markdown: see sim_fields_print_reference in fields.h. */
#include "sim/fields.h"

#include "sim/value.h"

#include <string.h>

/* A bar would end the cell of a Markdown table. */
static void
append_cell(const char *text, GString *out)
{
    for (; text && *text; text++) {
        if (*text == '|')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *text == '\n' ? ' ' : *text);
    }
}

static void
append_link(const SimFieldTable *table, GString *out)
{
    g_autofree char *anchor = g_ascii_strdown(table->name, -1);
    g_strdelimit(anchor, " ", '-');
    g_string_append_printf(out, "[%s](#%s)", table->name, anchor);
}

static void
append_limits(const SimField *field, GString *out)
{
    if (field->min == 0.0 && field->max == 0.0)
        return;
    double min, max;
    sim_value_limits(field, &min, &max);
    g_autofree char *low = sim_value_limit_text(field, min);
    g_autofree char *high = sim_value_limit_text(field, max);
    if (field->max >= field->min)
        g_string_append_printf(out, ", %s to %s", low, high);
    else
        g_string_append_printf(out, ", at least %s", low);
}

static void
append_table_value(const SimField *field, GString *out)
{
    if (field->kind == SIM_FIELD_LIST)
        g_string_append(out, "list of ");
    else if (field->kind == SIM_FIELD_MAP)
        g_string_append(out, "names, each a ");
    append_link(field->table, out);
    if (field->items_max)
        g_string_append_printf(out, ", at most %u", field->items_max);
    if (field->table->shorthand)
        g_string_append_printf(out, "; a lone value is its `%s`", field->table->shorthand);
}

static void
append_choices(const SimField *field, GString *out)
{
    for (uint32_t i = 0; field->choices[i]; i++)
        g_string_append_printf(out, "%s`%s`", i == 0 ? "" : ", ", field->choices[i]);
}

static void
append_value(const SimField *field, GString *out)
{
    const char *noun = sim_value_kind(field->kind)->noun;
    if (field->table) {
        append_table_value(field, out);
    } else if (field->kind == SIM_FIELD_CHOICE) {
        append_choices(field, out);
    } else if (field->kind == SIM_FIELD_CUSTOM || field->kind == SIM_FIELD_REFERENCE ||
               field->kind == SIM_FIELD_REFERENCES || field->kind == SIM_FIELD_BOOL) {
        g_autofree char *expected = sim_value_expected(field);
        append_cell(expected, out);
    } else {
        g_string_append(out, strchr(noun, ' ') + 1);
        append_limits(field, out);
    }
}

static void
append_row(const SimField *field, GString *out)
{
    g_string_append_printf(out, "| `%s` | ", field->key);
    append_value(field, out);
    g_string_append(out, " | ");
    if (field->required) {
        g_string_append(out, "*required*");
    } else if (field->fallback) {
        g_string_append_c(out, '`');
        append_cell(field->fallback, out);
        g_string_append_c(out, '`');
    }
    g_string_append(out, " | ");
    append_cell(field->about, out);
    g_string_append(out, " |\n");
}

static void
append_table(const SimFieldTable *table, GString *out)
{
    g_string_append_printf(out, "\n## %s\n\n", table->name);
    if (table->about)
        g_string_append_printf(out, "%s\n\n", table->about);
    if (table->shorthand)
        g_string_append_printf(out, "A lone value in place of the mapping sets `%s`.\n\n",
                               table->shorthand);
    g_string_append(out, "| key | value | default | meaning |\n|---|---|---|---|\n");
    for (uint32_t i = 0; i < table->n_fields; i++)
        append_row(&table->fields[i], out);
}

static void
append_kinds(GString *out)
{
    g_string_append(out, "\n## Values\n\n| value | written |\n|---|---|\n");
    for (int kind = SIM_FIELD_BOOL; kind <= SIM_FIELD_NAME; kind++) {
        const SimValueKind *row = sim_value_kind((SimFieldKind)kind);
        g_string_append_printf(out, "| %s | %s |\n", strchr(row->noun, ' ') + 1,
                               row->example[0] ? row->example : "any text");
    }
}

void
sim_fields_print_reference(const SimFieldTable *table, GString *out)
{
    g_string_append_printf(out,
                           "# Scenario reference\n\nGenerated from the tables that read the "
                           "file.  Units are mandatory where a number has one; a key without a "
                           "value counts as not given.\n\n"
                           "Four keys work everywhere or at the top, before anything else is "
                           "read:\n\n"
                           "| key | does |\n|---|---|\n"
                           "| `include: [path, ...]` | joins other files under this one; lists "
                           "of `timeline`, `expect`, `published` and `overrides` are appended |\n"
                           "| `templates: {name: {...}}` | mappings to start from |\n"
                           "| `like: name` | in any mapping: starts from that template, own keys "
                           "win |\n"
                           "| `overrides: [{select: sites/shop-*, set: {...}}]` | changes every "
                           "entry that the path selects |\n");
    append_kinds(out);
    g_autoptr(GPtrArray) tables = sim_fields_tables(table);
    for (guint i = 0; i < tables->len; i++)
        append_table(tables->pdata[i], out);
}
