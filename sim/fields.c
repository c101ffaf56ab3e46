#include "sim/fields.h"

#include "sim/nearest.h"
#include "sim/pool.h"
#include "sim/value.h"

#include <string.h>

#define ITEMS_MAX_DEFAULT 10000u
#define LISTED_MAX 24u
#define HINTS_MAX 100u /* after so many errors nobody reads suggestions, and they cost time */

/* A name that waits until the whole root is read. */
typedef struct Reference {
    const char *path, *text;
    SimMark mark;
    uint32_t *destination;
    bool is_default; /* the fallback of a row: no entry of that name means none */
    bool is_dangling;
} Reference;

/* A struct whose check waits for the references. */
typedef struct Check {
    const SimFieldTable *table;
    void *item;
    guint references_from, references_to;
} Check;

/* The entries of a root map by name, for the references to it. */
typedef struct Names {
    const char *path;
    GHashTable *index; /* name -> its number + 1; looked up only, never walked */
    const char **names;
    uint32_t n;
} Names;

struct SimFields {
    SimPool *pool;
    SimMessages *messages;
    const SimFieldTable *root_table;
    char *root;
    GArray *references, *checks, *names;
    bool had_errors; /* before references were resolved */
};

static void read_struct(SimFields *fields, const SimFieldTable *table, const SimNode *node,
                        SimMark mark, const char *name, char *destination);

void *
sim_fields_alloc(SimFields *fields, size_t n, size_t size)
{
    return sim_pool_alloc(fields->pool, n, size);
}

char *
sim_fields_strdup(SimFields *fields, const char *text)
{
    return sim_pool_strndup(fields->pool, text, strlen(text));
}

GPtrArray *
sim_fields_tables(const SimFieldTable *root)
{
    GPtrArray *tables = g_ptr_array_new();
    g_ptr_array_add(tables, (void *)root);
    for (guint i = 0; i < tables->len; i++) {
        const SimFieldTable *table = tables->pdata[i];
        for (uint32_t k = 0; k < table->n_fields; k++) {
            const SimFieldTable *inner = table->fields[k].table;
            if (inner && !g_ptr_array_find(tables, inner, NULL))
                g_ptr_array_add(tables, (void *)inner);
        }
    }
    return tables;
}

void
sim_fields_error(SimFields *fields, SimMark mark, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    sim_messages_error(fields->messages, mark, "%s", text);
}

const char *
sim_fields_nearest(const char *text, const char *const *candidates)
{
    return sim_nearest(text, candidates, g_strv_length((char **)candidates));
}

/* For a word that should be one of these: the nearest of them, or the list of the first n_shown. */
static char *
hint(SimFields *fields, const char *text, const char *const *candidates, uint32_t n,
     uint32_t n_shown)
{
    if (sim_messages_errors(fields->messages) > HINTS_MAX)
        return g_strdup("");
    const char *near = sim_nearest(text, candidates, n);
    if (near)
        return g_strdup_printf("; did you mean '%s'?", near);
    if (n == 0)
        return g_strdup("; there are none");
    GString *out = g_string_new(NULL);
    for (uint32_t i = 0; i < n_shown && i < LISTED_MAX; i++)
        g_string_append_printf(out, "%s%s", i == 0 ? "; expected one of " : ", ", candidates[i]);
    g_string_append(out, n_shown > LISTED_MAX ? ", ..." : "");
    return g_string_free(out, FALSE);
}

static void
wrong_node(SimFields *fields, const SimField *field, const SimNode *node)
{
    g_autofree char *expected = sim_value_expected(field);
    sim_fields_error(fields, node->mark, "'%s' is %s: expected %s", field->key,
                     sim_node_kind_name(node), expected);
}

/* References. */

static void
add_reference(SimFields *fields, const SimField *field, const char *text, SimMark mark,
              bool is_default, uint32_t *destination)
{
    Reference reference = {.path = field->path,
                           .text = text,
                           .mark = mark,
                           .destination = destination,
                           .is_default = is_default};
    *destination = SIM_NONE;
    g_array_append_val(fields->references, reference);
}

static void
read_reference(SimFields *fields, const SimField *field, const SimNode *node, bool is_default,
               uint32_t *destination)
{
    *destination = SIM_NONE;
    if (node->kind != SIM_NODE_SCALAR || sim_node_is_null(node))
        wrong_node(fields, field, node);
    else
        add_reference(fields, field, node->scalar, node->mark, is_default, destination);
}

static uint32_t
items_max(const SimField *field)
{
    return field->items_max ? field->items_max : ITEMS_MAX_DEFAULT;
}

static bool
is_too_long(SimFields *fields, const SimField *field, const SimNode *node)
{
    if (node->n <= items_max(field))
        return false;
    sim_fields_error(fields, node->mark, "'%s' has %u entries: expected at most %u", field->key,
                     node->n, items_max(field));
    return true;
}

static void
read_references(SimFields *fields, const SimField *field, const SimNode *node, bool is_default,
                SimList *list)
{
    if (node->kind == SIM_NODE_MAPPING) {
        wrong_node(fields, field, node);
        return;
    }
    bool is_list = node->kind == SIM_NODE_SEQUENCE;
    if (is_list && is_too_long(fields, field, node))
        return;
    list->n = is_list ? node->n : 1;
    list->items = sim_fields_alloc(fields, list->n, sizeof(uint32_t));
    for (uint32_t i = 0; i < list->n; i++)
        read_reference(fields, field, is_list ? node->items[i] : node, is_default,
                       SIM_ITEM(*list, uint32_t, i));
}

static const SimField *
root_map(const SimFields *fields, const char *path)
{
    for (uint32_t i = 0; i < fields->root_table->n_fields; i++) {
        const SimField *field = &fields->root_table->fields[i];
        if (strcmp(field->key, path) == 0 && field->kind == SIM_FIELD_MAP)
            return field;
    }
    return NULL;
}

static const Names *
names_of(SimFields *fields, const char *path)
{
    for (guint i = 0; i < fields->names->len; i++)
        if (strcmp(g_array_index(fields->names, Names, i).path, path) == 0)
            return &g_array_index(fields->names, Names, i);
    const SimField *field = root_map(fields, path);
    SIM_ASSERT(field);
    const SimList *list = (const SimList *)(fields->root + field->offset);
    Names names = {.path = path, .index = g_hash_table_new(g_str_hash, g_str_equal), .n = list->n};
    names.names = sim_fields_alloc(fields, list->n, sizeof(char *));
    for (uint32_t i = 0; i < list->n; i++) {
        const SimEntity *entity =
            (const SimEntity *)((const char *)list->items + i * field->table->size);
        names.names[i] = entity->name;
        g_hash_table_insert(names.index, (void *)entity->name, GUINT_TO_POINTER(i + 1));
    }
    g_array_append_val(fields->names, names);
    return &g_array_index(fields->names, Names, fields->names->len - 1);
}

static void
resolve(SimFields *fields, Reference *reference)
{
    const Names *names = names_of(fields, reference->path);
    guint found = GPOINTER_TO_UINT(g_hash_table_lookup(names->index, reference->text));
    if (found > 0) {
        *reference->destination = found - 1;
        return;
    }
    if (reference->is_default)
        return;
    reference->is_dangling = true;
    /* A map that was lost to an error, such as a mistyped key, would make every name dangle. */
    if (names->n == 0 && fields->had_errors)
        return;
    g_autofree char *shown = sim_value_shorten(reference->text);
    g_autofree char *near = hint(fields, reference->text, names->names, names->n, names->n);
    const SimField *map = root_map(fields, reference->path);
    sim_fields_error(fields, reference->mark, "no %s is called '%s'%s", map->table->name, shown,
                     near);
}

/* Lists and maps. */

static void
read_list(SimFields *fields, const SimField *field, const SimNode *node, SimList *list)
{
    if (node->kind != SIM_NODE_SEQUENCE) {
        wrong_node(fields, field, node);
        return;
    }
    if (is_too_long(fields, field, node))
        return;
    list->n = node->n;
    list->items = sim_fields_alloc(fields, list->n, field->table->size);
    for (uint32_t i = 0; i < list->n; i++)
        read_struct(fields, field->table, node->items[i], node->items[i]->mark, NULL,
                    (char *)list->items + i * field->table->size);
}

static void
read_map(SimFields *fields, const SimField *field, const SimNode *node, SimList *list)
{
    if (node->kind != SIM_NODE_MAPPING) {
        wrong_node(fields, field, node);
        return;
    }
    if (is_too_long(fields, field, node))
        return;
    list->n = node->n;
    list->items = sim_fields_alloc(fields, list->n, field->table->size);
    for (uint32_t i = 0; i < list->n; i++) {
        const SimNodePair *pair = &node->pairs[i];
        if (!sim_value_is_name(pair->key)) {
            g_autofree char *shown = sim_value_shorten(pair->key);
            sim_fields_error(fields, pair->key_mark,
                             "'%s' is not a name: expected letters, digits, - _ or . after a "
                             "letter or digit",
                             shown);
        }
        read_struct(fields, field->table, pair->value, pair->key_mark,
                    sim_fields_strdup(fields, pair->key),
                    (char *)list->items + i * field->table->size);
    }
}

/* Fields. */

static bool
is_scalar_kind(SimFieldKind kind)
{
    return kind <= SIM_FIELD_CHOICE;
}

static void
read_scalar(SimFields *fields, const SimField *field, const SimNode *node, void *destination)
{
    if (node->kind != SIM_NODE_SCALAR) {
        wrong_node(fields, field, node);
        return;
    }
    bool is_kept = field->kind == SIM_FIELD_TEXT || field->kind == SIM_FIELD_NAME;
    const char *text = is_kept ? sim_fields_strdup(fields, node->scalar) : node->scalar;
    g_autofree char *problem = NULL;
    if (!sim_value_read(field, text, destination, &problem))
        sim_fields_error(fields, node->mark, "%s", problem);
}

static void
read_field(SimFields *fields, const SimField *field, const SimNode *node, SimMark mark,
           bool is_default, char *destination)
{
    if (is_scalar_kind(field->kind))
        read_scalar(fields, field, node, destination);
    else if (field->kind == SIM_FIELD_REFERENCE)
        read_reference(fields, field, node, is_default, (uint32_t *)(void *)destination);
    else if (field->kind == SIM_FIELD_REFERENCES)
        read_references(fields, field, node, is_default, (SimList *)(void *)destination);
    else if (field->kind == SIM_FIELD_OBJECT)
        read_struct(fields, field->table, node, mark, NULL, destination);
    else if (field->kind == SIM_FIELD_LIST)
        read_list(fields, field, node, (SimList *)(void *)destination);
    else if (field->kind == SIM_FIELD_MAP)
        read_map(fields, field, node, (SimList *)(void *)destination);
    else
        field->parse(fields, node, destination);
}

/* A row's default goes the way of a user's text; that it is wrong would be our bug. */
static void
read_default(SimFields *fields, const SimField *field, char *destination)
{
    if (field->kind == SIM_FIELD_REFERENCE)
        *(uint32_t *)(void *)destination = SIM_NONE;
    if (field->fallback) {
        SimNode node = {.kind = SIM_NODE_SCALAR, .scalar = field->fallback, .is_quoted = true};
        uint32_t errors = sim_messages_errors(fields->messages);
        read_field(fields, field, &node, (SimMark){0}, true, destination);
        SIM_ASSERT(sim_messages_errors(fields->messages) == errors);
        if (field->kind == SIM_FIELD_OBJECT)
            ((SimEntity *)(void *)destination)->is_given = false;
    } else if (field->kind == SIM_FIELD_OBJECT) {
        read_struct(fields, field->table, NULL, (SimMark){0}, NULL, destination);
    }
}

static char *
title(const SimFieldTable *table, const char *name)
{
    return name ? g_strdup_printf("%s '%.80s'", table->name, name) : g_strdup(table->name);
}

static void
report_missing(SimFields *fields, const SimFieldTable *table, const SimField *field, SimMark mark,
               const char *name)
{
    g_autofree char *owner = title(table, name), *expected = sim_value_expected(field);
    sim_fields_error(fields, mark, "%s needs '%s': expected %s", owner, field->key, expected);
}

static bool
is_known(const SimFieldTable *table, const char *key)
{
    for (uint32_t i = 0; i < table->n_fields; i++)
        if (strcmp(table->fields[i].key, key) == 0)
            return true;
    return false;
}

/* Keys that never reach a table but are meant where these stand. */
static void
add_composing_keys(const SimFields *fields, const SimFieldTable *table, GPtrArray *keys)
{
    if (table == fields->root_table) {
        g_ptr_array_add(keys, (void *)"include");
        g_ptr_array_add(keys, (void *)"templates");
        g_ptr_array_add(keys, (void *)"overrides");
    } else {
        g_ptr_array_add(keys, (void *)"like");
    }
}

static void
refuse_unknown(SimFields *fields, const SimFieldTable *table, const SimNode *node, const char *name)
{
    for (uint32_t i = 0; i < node->n; i++) {
        const char *key = node->pairs[i].key;
        if (is_known(table, key))
            continue;
        g_autoptr(GPtrArray) keys = g_ptr_array_new();
        for (uint32_t k = 0; k < table->n_fields; k++)
            g_ptr_array_add(keys, (void *)table->fields[k].key);
        add_composing_keys(fields, table, keys);
        g_autofree char *near =
            hint(fields, key, (const char *const *)keys->pdata, keys->len, table->n_fields);
        g_autofree char *shown = sim_value_shorten(key), *owner = title(table, name);
        sim_fields_error(fields, node->pairs[i].key_mark, "unknown key '%s' in %s%s", shown, owner,
                         near);
    }
}

/* The value given for a row, also by the shorthand; NULL: not given. */
static const SimNodePair *
given(const SimFieldTable *table, const SimField *field, const SimNode *node,
      SimNodePair *shorthand)
{
    if (!node || sim_node_is_null(node))
        return NULL;
    if (node->kind == SIM_NODE_SCALAR) {
        *shorthand = (SimNodePair){field->key, node->mark, (SimNode *)node};
        return strcmp(field->key, table->shorthand) == 0 ? shorthand : NULL;
    }
    for (uint32_t i = 0; i < node->n; i++)
        if (strcmp(node->pairs[i].key, field->key) == 0)
            return sim_node_is_null(node->pairs[i].value) ? NULL : &node->pairs[i];
    return NULL;
}

static bool
is_readable(SimFields *fields, const SimFieldTable *table, const SimNode *node, const char *name)
{
    bool is_value = node->kind == SIM_NODE_SCALAR && !sim_node_is_null(node);
    if (node->kind != SIM_NODE_SEQUENCE && (!is_value || table->shorthand))
        return true;
    g_autofree char *owner = title(table, name);
    sim_fields_error(fields, node->mark, "%s is %s: expected a mapping (`key: value`)", owner,
                     sim_node_kind_name(node));
    return false;
}

/* node NULL: an object that the file does not have; it gets its defaults. */
static void
read_struct(SimFields *fields, const SimFieldTable *table, const SimNode *node, SimMark mark,
            const char *name, char *destination)
{
    uint32_t errors = sim_messages_errors(fields->messages);
    Check check = {.table = table, .item = destination, .references_from = fields->references->len};
    *(SimEntity *)(void *)destination =
        (SimEntity){.name = name, .mark = mark, .is_given = node != NULL};
    if (node && !is_readable(fields, table, node, name))
        return;
    if (node && node->kind == SIM_NODE_MAPPING)
        refuse_unknown(fields, table, node, name);
    for (uint32_t i = 0; i < table->n_fields; i++) {
        const SimField *field = &table->fields[i];
        SimNodePair shorthand;
        const SimNodePair *pair = given(table, field, node, &shorthand);
        if (pair)
            read_field(fields, field, pair->value, pair->key_mark, false,
                       destination + field->offset);
        else if (node && field->required && !node->is_incomplete)
            report_missing(fields, table, field, mark, name);
        else
            read_default(fields, field, destination + field->offset);
    }
    check.references_to = fields->references->len;
    if (table->check && sim_messages_errors(fields->messages) == errors)
        g_array_append_val(fields->checks, check);
}

static void
run_check(SimFields *fields, const Check *check)
{
    for (guint i = check->references_from; i < check->references_to; i++)
        if (g_array_index(fields->references, Reference, i).is_dangling)
            return;
    check->table->check(fields, check->item);
}

static void
names_clear(void *data)
{
    Names *names = data;
    g_hash_table_destroy(names->index);
}

SimFields *
sim_fields_read(const SimFieldTable *table, const SimNode *root, void *destination,
                SimMessages *messages)
{
    SimFields *fields = g_new0(SimFields, 1);
    fields->pool = sim_pool_new();
    fields->messages = messages;
    fields->root_table = table;
    fields->root = destination;
    fields->references = g_array_new(FALSE, TRUE, sizeof(Reference));
    fields->checks = g_array_new(FALSE, TRUE, sizeof(Check));
    fields->names = g_array_new(FALSE, TRUE, sizeof(Names));
    g_array_set_clear_func(fields->names, names_clear);
    if (!root)
        return fields;
    read_struct(fields, table, root, root->mark, NULL, destination);
    fields->had_errors = sim_messages_errors(messages) > 0;
    for (guint i = 0; i < fields->references->len; i++)
        resolve(fields, &g_array_index(fields->references, Reference, i));
    for (guint i = 0; i < fields->checks->len; i++)
        run_check(fields, &g_array_index(fields->checks, Check, i));
    return fields;
}

void
sim_fields_free(SimFields *fields)
{
    if (!fields)
        return;
    g_array_free(fields->references, TRUE);
    g_array_free(fields->checks, TRUE);
    g_array_free(fields->names, TRUE);
    sim_pool_free(fields->pool);
    g_free(fields);
}
