/* The JSON Schema (draft 2020-12) for editors: see sim_fields_print_schema in fields.h. */
#include "sim/fields.h"

#include "sim/value.h"

#include <string.h>

static void
append_string(const char *text, GString *out)
{
    g_string_append_c(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_printf(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            g_string_append_printf(out, "\\u%04x", *text);
        else
            g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

static void
append_member(const char *name, const char *text, GString *out)
{
    g_string_append_printf(out, ", \"%s\": ", name);
    append_string(text, out);
}

static void
append_limits(const SimField *field, GString *out)
{
    bool is_number = field->kind == SIM_FIELD_INTEGER || field->kind == SIM_FIELD_NUMBER ||
                     field->kind == SIM_FIELD_COUNT;
    if (!is_number || (field->min == 0.0 && field->max == 0.0))
        return;
    double min, max;
    sim_value_limits(field, &min, &max);
    g_autofree char *low = sim_value_limit_text(field, min);
    g_autofree char *high = sim_value_limit_text(field, max);
    g_string_append_printf(out, ", \"minimum\": %s", low);
    if (field->max >= field->min)
        g_string_append_printf(out, ", \"maximum\": %s", high);
}

/* A field that is written as one word. */
static void
append_scalar(const SimField *field, GString *out)
{
    static const char *const types[] = {
        [SIM_FIELD_BOOL] = "\"boolean\"",
        [SIM_FIELD_INTEGER] = "\"integer\"",
        [SIM_FIELD_NUMBER] = "\"number\"",
        [SIM_FIELD_COUNT] = "[\"number\", \"string\"]",
        [SIM_FIELD_TEXT] = "[\"string\", \"number\", \"boolean\"]",
        [SIM_FIELD_NAME] = "[\"string\", \"number\"]",
    };
    const char *type = field->kind < G_N_ELEMENTS(types) ? types[field->kind] : NULL;
    g_string_append_printf(out, "\"type\": %s", type ? type : "\"string\"");
    const char *pattern = sim_value_kind(field->kind)->pattern;
    if (pattern)
        append_member("pattern", pattern, out);
    append_limits(field, out);
    if (field->kind != SIM_FIELD_CHOICE)
        return;
    g_string_append(out, ", \"enum\": [");
    for (uint32_t i = 0; field->choices[i]; i++) {
        g_string_append(out, i == 0 ? "" : ", ");
        append_string(field->choices[i], out);
    }
    g_string_append_c(out, ']');
}

static void
append_pointer(const SimFieldTable *table, GString *out)
{
    g_autofree char *name = g_strdelimit(g_strdup(table->name), " ", '-');
    g_string_append_printf(out, "{\"$ref\": \"#/$defs/%s\"}", name);
}

static void append_kind(const SimField *field, GString *out);

/* One struct: its mapping, or the shorthand where the table has one. */
static void
append_struct(const SimFieldTable *table, GString *out)
{
    if (!table->shorthand) {
        append_pointer(table, out);
        return;
    }
    g_string_append(out, "{\"anyOf\": [");
    append_pointer(table, out);
    for (uint32_t i = 0; i < table->n_fields; i++) {
        if (strcmp(table->fields[i].key, table->shorthand) != 0)
            continue;
        g_string_append(out, ", {");
        append_kind(&table->fields[i], out);
        g_string_append_c(out, '}');
    }
    g_string_append(out, "]}");
}

static void
append_table_kind(const SimField *field, GString *out)
{
    if (field->kind == SIM_FIELD_OBJECT) {
        g_string_append(out, "\"allOf\": [");
        append_struct(field->table, out);
        g_string_append_c(out, ']');
        return;
    }
    bool is_list = field->kind == SIM_FIELD_LIST;
    g_string_append(out, is_list ? "\"type\": \"array\", \"items\": "
                                 : "\"type\": \"object\", \"additionalProperties\": ");
    append_struct(field->table, out);
    if (field->items_max)
        g_string_append_printf(out, ", \"%s\": %u", is_list ? "maxItems" : "maxProperties",
                               field->items_max);
}

/* The members of the schema that say which values a field takes. */
static void
append_kind(const SimField *field, GString *out)
{
    if (field->table)
        append_table_kind(field, out);
    else if (field->kind == SIM_FIELD_REFERENCES)
        g_string_append(out, "\"type\": [\"string\", \"number\", \"array\"], "
                             "\"items\": {\"type\": [\"string\", \"number\"]}");
    else if (field->kind == SIM_FIELD_REFERENCE)
        g_string_append(out, "\"type\": [\"string\", \"number\"]");
    else if (field->kind == SIM_FIELD_CUSTOM)
        g_string_append(out, "\"type\": [\"string\", \"number\", \"boolean\", \"array\", "
                             "\"object\"]");
    else
        append_scalar(field, out);
}

static bool
is_json_default(const SimField *field)
{
    return field->kind == SIM_FIELD_BOOL || field->kind == SIM_FIELD_INTEGER ||
           field->kind == SIM_FIELD_NUMBER;
}

static void
append_field(const SimField *field, GString *out)
{
    g_string_append(out, "        ");
    append_string(field->key, out);
    g_string_append(out, ": {");
    append_kind(field, out);
    g_autofree char *expected = sim_value_expected(field);
    g_autofree char *description = g_strdup_printf("%s%s(%s)", field->about ? field->about : "",
                                                   field->about ? " " : "", expected);
    append_member("description", description, out);
    if (field->fallback && is_json_default(field))
        g_string_append_printf(out, ", \"default\": %s", field->fallback);
    else if (field->fallback)
        append_member("default", field->fallback, out);
    g_string_append_c(out, '}');
}

/* Whether its entries may be joined with those of another file: all but those of lists are. */
static bool
is_joined(const GPtrArray *tables, const SimFieldTable *table)
{
    for (guint i = 0; i < tables->len; i++) {
        const SimFieldTable *owner = tables->pdata[i];
        for (uint32_t k = 0; k < owner->n_fields; k++)
            if (owner->fields[k].table == table && owner->fields[k].kind != SIM_FIELD_LIST)
                return true;
    }
    return false;
}

/* A template or an included file may bring what is required, so those excuse its absence.  A file
 * without the root's first key is a part that others include. */
static void
append_required(const SimFieldTable *table, bool is_root, GString *out)
{
    g_autoptr(GString) keys = g_string_new(NULL);
    for (uint32_t i = 0; i < table->n_fields; i++) {
        if (!table->fields[i].required)
            continue;
        g_string_append(keys, keys->len == 0 ? "" : ", ");
        append_string(table->fields[i].key, keys);
    }
    if (keys->len == 0)
        return;
    g_string_append_printf(out,
                           ",\n      \"anyOf\": [{\"required\": [%s]}, {\"required\": [\"%s\"]}",
                           keys->str, is_root ? "include" : "like");
    if (is_root) {
        g_string_append(out, ", {\"not\": {\"required\": [");
        append_string(table->fields[0].key, out);
        g_string_append(out, "]}}");
    }
    g_string_append_c(out, ']');
}

static void
append_table(const GPtrArray *tables, guint index, GString *out)
{
    const SimFieldTable *table = tables->pdata[index];
    bool is_root = index == 0;
    static const char like[] =
        "        \"like\": {\"type\": [\"string\", \"array\"], \"items\": {\"type\": \"string\"}, "
        "\"description\": \"The template (or list of templates) to start from.\"}";
    static const char top[] =
        "        \"include\": {\"type\": [\"string\", \"array\"], \"items\": {\"type\": "
        "\"string\"}, \"description\": \"Files to join under this one.\"},\n"
        "        \"templates\": {\"type\": \"object\", \"additionalProperties\": {\"type\": "
        "\"object\"}, \"description\": \"Mappings that entries can be like.\"},\n"
        "        \"overrides\": {\"type\": \"array\", \"items\": {\"type\": \"object\", "
        "\"required\": [\"select\", \"set\"], \"additionalProperties\": false, \"properties\": "
        "{\"select\": {\"type\": \"string\"}, \"set\": {\"type\": \"object\"}}}, "
        "\"description\": \"Changes to every entry that a path selects.\"}";
    g_autofree char *name = g_strdelimit(g_strdup(table->name), " ", '-');
    /* A key without a value is an entry with all defaults. */
    g_string_append_printf(out, "    \"%s\": {\n      \"type\": %s", name,
                           is_root ? "\"object\"" : "[\"object\", \"null\"]");
    if (table->about)
        append_member("description", table->about, out);
    g_string_append(out, ",\n      \"additionalProperties\": false,\n      \"properties\": {\n");
    for (uint32_t i = 0; i < table->n_fields; i++) {
        append_field(&table->fields[i], out);
        g_string_append(out, ",\n");
    }
    g_string_append_printf(out, "%s\n      }", is_root ? top : like);
    if (is_root || !is_joined(tables, table))
        append_required(table, is_root, out);
    g_string_append(out, "\n    }");
}

void
sim_fields_print_schema(const SimFieldTable *table, GString *out)
{
    g_string_append(out, "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                         "  \"title\": \"Blackstart scenario\",\n  \"$ref\": ");
    g_autofree char *name = g_strdelimit(g_strdup(table->name), " ", '-');
    g_string_append_printf(out, "\"#/$defs/%s\",\n  \"$defs\": {\n", name);
    g_autoptr(GPtrArray) tables = sim_fields_tables(table);
    for (guint i = 0; i < tables->len; i++) {
        append_table(tables, i, out);
        g_string_append(out, i + 1 < tables->len ? ",\n" : "\n");
    }
    g_string_append(out, "  }\n}\n");
}
