/* The normalised scenario: see sim_fields_print_yaml in fields.h. */
#include "sim/fields.h"

#include "sim/value.h"

#include <string.h>

typedef struct Printer {
    const SimFieldTable *root_table;
    const char *root;
    bool is_comment; /* inside an object that is not given */
} Printer;

/* The lines of a struct: what the file has or what holds by default, then, as comments, the
 * objects that are not given (their defaults fill them again when this is read). */
static void print_struct(const Printer *printer, const SimFieldTable *table, const char *data,
                         int indent, GString *out);

static const SimEntity *
entity_at(const SimFieldTable *table, const SimList *list, uint32_t i)
{
    return (const SimEntity *)(const void *)((const char *)list->items + i * table->size);
}

static void
print_reference(const Printer *printer, const SimField *field, uint32_t index, GString *out)
{
    if (index == SIM_NONE)
        return;
    for (uint32_t i = 0; i < printer->root_table->n_fields; i++) {
        const SimField *map = &printer->root_table->fields[i];
        if (strcmp(map->key, field->path) != 0)
            continue;
        const SimList *list = (const SimList *)(const void *)(printer->root + map->offset);
        SIM_ASSERT(index < list->n);
        sim_value_quote(entity_at(map->table, list, index)->name, out);
    }
}

static void
print_references(const Printer *printer, const SimField *field, const SimList *list, GString *out)
{
    g_string_append_c(out, '[');
    for (uint32_t i = 0; i < list->n; i++) {
        g_string_append(out, i == 0 ? "" : ", ");
        print_reference(printer, field, *SIM_ITEM(*list, uint32_t, i), out);
    }
    g_string_append_c(out, ']');
}

static void
print_custom(const SimField *field, const char *data, GString *out)
{
    if (!field->print)
        return;
    g_autoptr(GString) text = g_string_new(NULL);
    field->print(data, text);
    if (text->len > 0)
        sim_value_quote(text->str, out);
}

/* The value on one line; empty: there is none. */
static void
print_word(const Printer *printer, const SimField *field, const char *data, GString *out)
{
    if (field->kind == SIM_FIELD_REFERENCE)
        print_reference(printer, field, *(const uint32_t *)(const void *)data, out);
    else if (field->kind == SIM_FIELD_REFERENCES)
        print_references(printer, field, (const SimList *)(const void *)data, out);
    else if (field->kind == SIM_FIELD_CUSTOM)
        print_custom(field, data, out);
    else if (!sim_value_is_unset(field, data))
        sim_value_print(field, data, out);
}

static void
print_key(const char *key, int indent, GString *out)
{
    g_string_append_printf(out, "%*s", indent, "");
    sim_value_quote(key, out);
    g_string_append_c(out, ':');
}

static void
print_body(const Printer *printer, const char *key, const SimFieldTable *table, const char *data,
           int indent, GString *out)
{
    g_autoptr(GString) body = g_string_new(NULL);
    print_struct(printer, table, data, indent + 2, body);
    print_key(key, indent, out);
    bool is_empty = body->len == 0 || body->str[strspn(body->str, " ")] == '#';
    g_string_append_printf(out, "%s\n%s", is_empty ? " {}" : "", body->str);
}

static void
print_list(const Printer *printer, const SimField *field, const SimList *list, int indent,
           GString *out)
{
    print_key(field->key, indent, out);
    g_string_append(out, list->n == 0 ? " []\n" : "\n");
    for (uint32_t i = 0; i < list->n; i++) {
        g_autoptr(GString) body = g_string_new(NULL);
        print_struct(printer, field->table, (const char *)entity_at(field->table, list, i),
                     indent + 4, body);
        bool is_empty = body->len == 0 || body->str[strspn(body->str, " ")] == '#';
        g_string_append_printf(out, "%*s- ", indent + 2, "");
        g_string_append_printf(out, "%s", is_empty ? "{}\n" : body->str + indent + 4);
        if (is_empty)
            g_string_append(out, body->str);
    }
}

static void
print_map(const Printer *printer, const SimField *field, const SimList *list, int indent,
          GString *out)
{
    print_key(field->key, indent, out);
    g_string_append(out, list->n == 0 ? " {}\n" : "\n");
    for (uint32_t i = 0; i < list->n; i++) {
        const SimEntity *entity = entity_at(field->table, list, i);
        print_body(printer, entity->name, field->table, (const char *)entity, indent + 2, out);
    }
}

static void
print_field(const Printer *printer, const SimField *field, const char *data, int indent,
            GString *out)
{
    if (field->kind == SIM_FIELD_LIST) {
        print_list(printer, field, (const SimList *)(const void *)data, indent, out);
    } else if (field->kind == SIM_FIELD_MAP) {
        print_map(printer, field, (const SimList *)(const void *)data, indent, out);
    } else if (field->kind == SIM_FIELD_OBJECT) {
        print_body(printer, field->key, field->table, data, indent, out);
    } else {
        g_autoptr(GString) word = g_string_new(NULL);
        print_word(printer, field, data, word);
        if (word->len == 0)
            return;
        print_key(field->key, indent, out);
        g_string_append_printf(out, " %s\n", word->str);
    }
}

static bool
is_absent(const SimField *field, const char *data)
{
    return field->kind == SIM_FIELD_OBJECT && !((const SimEntity *)(const void *)data)->is_given;
}

static void
print_as_comment(const Printer *printer, const SimField *field, const char *data, int indent,
                 GString *out)
{
    Printer quiet = *printer;
    quiet.is_comment = true;
    g_autoptr(GString) text = g_string_new(NULL);
    print_field(&quiet, field, data, 0, text);
    g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
    for (guint i = 0; lines[i] && lines[i][0]; i++)
        g_string_append_printf(out, "%*s# %s\n", indent, "", lines[i]);
}

static void
print_struct(const Printer *printer, const SimFieldTable *table, const char *data, int indent,
             GString *out)
{
    for (uint32_t i = 0; i < table->n_fields; i++) {
        const SimField *field = &table->fields[i];
        if (printer->is_comment || !is_absent(field, data + field->offset))
            print_field(printer, field, data + field->offset, indent, out);
    }
    for (uint32_t i = 0; i < table->n_fields && !printer->is_comment; i++) {
        const SimField *field = &table->fields[i];
        if (is_absent(field, data + field->offset))
            print_as_comment(printer, field, data + field->offset, indent, out);
    }
}

void
sim_fields_print_yaml(const SimFieldTable *table, const void *data, GString *out)
{
    Printer printer = {.root_table = table, .root = data};
    print_struct(&printer, table, data, 0, out);
}
