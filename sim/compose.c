#include "sim/compose.h"

#include "sim/base.h"
#include "sim/nearest.h"
#include "sim/yaml.h"

#include <string.h>

#define TEMPLATES "templates"
#define OVERRIDES "overrides"
#define LIKE "like"
#define PARTS_MAX 64u /* of a selector or a path */

void
sim_compose_join(SimTree *tree, SimNode *into, const SimNode *file)
{
    static const char *const appended[] = {"timeline", "expect", "published", OVERRIDES};
    const SimNode *earlier[G_N_ELEMENTS(appended)] = {NULL};
    for (guint i = 0; i < G_N_ELEMENTS(appended); i++)
        earlier[i] = sim_node_get(into, appended[i]);
    sim_tree_absorb(tree, into, file);
    for (guint i = 0; i < G_N_ELEMENTS(appended) && !tree->is_full; i++) {
        const SimNode *own = sim_node_get(file, appended[i]);
        if (!earlier[i] || !own || earlier[i]->kind != SIM_NODE_SEQUENCE ||
            own->kind != SIM_NODE_SEQUENCE)
            continue;
        SimNode *joined = sim_tree_node(tree, SIM_NODE_SEQUENCE, own->mark);
        if (!joined)
            return;
        for (uint32_t k = 0; k < earlier[i]->n; k++)
            sim_tree_append(tree, joined, earlier[i]->items[k]);
        for (uint32_t k = 0; k < own->n; k++)
            sim_tree_append(tree, joined, own->items[k]);
        into->pairs[sim_tree_find(into, appended[i])].value = joined;
    }
}

/* Templates. */

typedef enum Progress { UNTOUCHED, OPEN, DONE } Progress;

typedef struct Templates {
    SimTree *tree;
    const SimNode *mapping; /* of all templates; NULL: none */
    Progress *progress;     /* by index in mapping */
    GPtrArray *chain;       /* names of the templates that are open, for the message of a cycle */
} Templates;

static void expand(Templates *templates, SimNode *node, uint32_t depth);

/* " did you mean" or the list of what there is, for a word that is none of mapping's keys. */
static char *
suggest(const SimNode *mapping, const char *text, const char *what)
{
    if (!mapping || mapping->n == 0)
        return g_strdup_printf("; there are no %s", what);
    g_autoptr(GPtrArray) keys = g_ptr_array_new();
    for (uint32_t i = 0; i < mapping->n; i++)
        g_ptr_array_add(keys, (void *)mapping->pairs[i].key);
    const char *near = sim_nearest(text, (const char *const *)keys->pdata, keys->len);
    if (near)
        return g_strdup_printf("; did you mean '%s'?", near);
    GString *out = g_string_new(NULL);
    for (guint i = 0; i < keys->len && i < 12; i++)
        g_string_append_printf(out, "%s%.40s", i ? ", " : "; expected one of ",
                               (char *)keys->pdata[i]);
    g_string_append(out, keys->len > 12 ? ", ..." : "");
    return g_string_free(out, FALSE);
}

static void
report_cycle(Templates *templates, const char *name, SimMark mark)
{
    g_autoptr(GString) chain = g_string_new(NULL);
    bool is_inside = false;
    for (guint i = 0; i < templates->chain->len; i++) {
        is_inside = is_inside || strcmp(templates->chain->pdata[i], name) == 0;
        if (is_inside)
            g_string_append_printf(chain, "%.40s -> ", (char *)templates->chain->pdata[i]);
    }
    sim_messages_error(templates->tree->messages, mark,
                       "a template can not be like itself: %s%.40s", chain->str, name);
}

/* The template of that name with its own `like` done; NULL: a message says why. */
static const SimNode *
template_of(Templates *templates, const SimNode *name)
{
    SimTree *tree = templates->tree;
    if (name->kind != SIM_NODE_SCALAR || sim_node_is_null(name)) {
        sim_messages_error(tree->messages, name->mark, "expected the name of a template, found %s",
                           sim_node_kind_name(name));
        return NULL;
    }
    const SimNode *mapping = templates->mapping;
    uint32_t at = mapping ? sim_tree_find(mapping, name->scalar) : UINT32_MAX;
    if (!sim_tree_step(tree, mapping ? mapping->n : 1, name->mark))
        return NULL;
    if (at == UINT32_MAX) {
        g_autofree char *hint = suggest(mapping, name->scalar, "templates");
        sim_messages_error(tree->messages, name->mark, "no template is called '%.80s'%s",
                           name->scalar, hint);
        return NULL;
    }
    if (templates->progress[at] == OPEN) {
        report_cycle(templates, name->scalar, name->mark);
        return NULL;
    }
    SimNode *found = mapping->pairs[at].value;
    if (templates->progress[at] == UNTOUCHED) {
        templates->progress[at] = OPEN;
        g_ptr_array_add(templates->chain, (void *)name->scalar);
        expand(templates, found, 2);
        g_ptr_array_set_size(templates->chain, (gint)templates->chain->len - 1);
        templates->progress[at] = DONE;
    }
    return found->kind == SIM_NODE_MAPPING ? found : NULL;
}

/* node becomes: the templates, one after the other, then its own keys. */
static void
start_from(Templates *templates, SimNode *node, const SimNode *like, uint32_t depth)
{
    SimTree *tree = templates->tree;
    bool is_list = like->kind == SIM_NODE_SEQUENCE;
    SimNode base = {.kind = SIM_NODE_MAPPING, .mark = node->mark};
    for (uint32_t i = 0; i < (is_list ? like->n : 1) && !tree->is_full; i++) {
        const SimNode *found = template_of(templates, is_list ? like->items[i] : like);
        if (found)
            sim_tree_merge(tree, &base, found, depth);
        node->is_incomplete |= !found || found->is_incomplete;
    }
    if (tree->is_full)
        return;
    sim_tree_merge(tree, &base, node, depth);
    node->pairs = base.pairs;
    node->n = base.n;
    node->capacity = base.capacity;
}

static void
expand_mapping(Templates *templates, SimNode *node, uint32_t depth)
{
    uint32_t at = sim_tree_find(node, LIKE);
    const SimNode *like = at == UINT32_MAX ? NULL : node->pairs[at].value;
    sim_tree_remove(node, LIKE);
    for (uint32_t i = 0; i < node->n && !templates->tree->is_full; i++)
        expand(templates, node->pairs[i].value, depth + 1);
    if (like && !templates->tree->is_full)
        start_from(templates, node, like, depth);
}

/* Depth: a template's chain starts over, so the depth of calls is at most that of the tree times
 * the number of templates that are open at once; PARTS_MAX of them are allowed. */
static void
expand(Templates *templates, SimNode *node, uint32_t depth)
{
    if (templates->chain->len > PARTS_MAX) {
        sim_messages_error(templates->tree->messages, node->mark,
                           "more than %u templates are like one another in a row", PARTS_MAX);
        templates->tree->is_full = true;
        return;
    }
    if (node->kind == SIM_NODE_MAPPING)
        expand_mapping(templates, node, depth);
    else if (node->kind == SIM_NODE_SEQUENCE)
        for (uint32_t i = 0; i < node->n && !templates->tree->is_full; i++)
            expand(templates, node->items[i], depth + 1);
}

static const SimNode *
templates_of(SimTree *tree, const SimNode *root)
{
    const SimNode *mapping = sim_node_get(root, TEMPLATES);
    if (!mapping || sim_node_is_null(mapping))
        return NULL;
    if (mapping->kind != SIM_NODE_MAPPING) {
        sim_messages_error(tree->messages, mapping->mark,
                           "expected a mapping from names to templates, found %s",
                           sim_node_kind_name(mapping));
        return NULL;
    }
    for (uint32_t i = 0; i < mapping->n; i++)
        if (mapping->pairs[i].value->kind != SIM_NODE_MAPPING)
            sim_messages_error(tree->messages, mapping->pairs[i].key_mark,
                               "the template '%.80s' must be a mapping, not %s",
                               mapping->pairs[i].key, sim_node_kind_name(mapping->pairs[i].value));
    return mapping;
}

void
sim_compose_templates(SimTree *tree, SimNode *root)
{
    const SimNode *mapping = templates_of(tree, root);
    Templates templates = {.tree = tree, .mapping = mapping, .chain = g_ptr_array_new()};
    templates.progress = g_new0(Progress, mapping ? mapping->n : 0);
    for (uint32_t i = 0; mapping && i < mapping->n && !tree->is_full; i++) {
        SimNode name = {.kind = SIM_NODE_SCALAR,
                        .scalar = mapping->pairs[i].key,
                        .mark = mapping->pairs[i].key_mark,
                        .is_quoted = true};
        template_of(&templates, &name);
    }
    sim_tree_remove(root, TEMPLATES);
    if (!tree->is_full)
        expand(&templates, root, 0);
    g_free(templates.progress);
    g_ptr_array_free(templates.chain, TRUE);
}

/* Overrides. */

typedef struct Selection {
    SimTree *tree;
    SimMark mark; /* of the selector */
    const SimNode *set;
    char **parts;
    uint32_t matches;
} Selection;

static void select_in(Selection *selection, SimNode *node, uint32_t part);

static void
apply(Selection *selection, SimNode **target, uint32_t depth)
{
    SimTree *tree = selection->tree;
    selection->matches++;
    if (sim_node_is_null(*target)) {
        SimNode *empty = sim_tree_node(tree, SIM_NODE_MAPPING, (*target)->mark);
        if (!empty)
            return;
        *target = empty;
    }
    if ((*target)->kind == SIM_NODE_MAPPING)
        sim_tree_merge(tree, *target, selection->set, depth);
    else if (selection->matches == 1)
        sim_messages_error(tree->messages, selection->mark,
                           "the selector must match mappings, but it matches %s on line %u",
                           sim_node_kind_name(*target), (*target)->mark.line);
}

static void
try_child(Selection *selection, const char *name, SimNode **child, uint32_t part)
{
    if (!g_pattern_match_simple(selection->parts[part], name))
        return;
    if (selection->parts[part + 1])
        select_in(selection, *child, part + 1);
    else
        apply(selection, child, part + 1);
}

static void
select_in(Selection *selection, SimNode *node, uint32_t part)
{
    SimTree *tree = selection->tree;
    if (node->kind == SIM_NODE_SCALAR)
        return;
    if (!sim_tree_step(tree, node->n, selection->mark))
        return;
    for (uint32_t i = 0; i < node->n && !tree->is_full; i++) {
        char index[16];
        g_snprintf(index, sizeof index, "%u", i);
        if (node->kind == SIM_NODE_MAPPING)
            try_child(selection, node->pairs[i].key, &node->pairs[i].value, part);
        else
            try_child(selection, index, &node->items[i], part);
    }
}

static bool
is_override(SimTree *tree, const SimNode *item)
{
    static const char *const known[] = {"select", "set"};
    if (item->kind != SIM_NODE_MAPPING) {
        sim_messages_error(tree->messages, item->mark,
                           "expected {select: PATH, set: {...}}, found %s",
                           sim_node_kind_name(item));
        return false;
    }
    for (uint32_t i = 0; i < item->n; i++)
        if (strcmp(item->pairs[i].key, known[0]) != 0 && strcmp(item->pairs[i].key, known[1]) != 0)
            sim_messages_error(tree->messages, item->pairs[i].key_mark,
                               "unknown key '%.80s' in an override: expected select and set",
                               item->pairs[i].key);
    const SimNode *selector = sim_node_get(item, "select"), *set = sim_node_get(item, "set");
    if (!selector || selector->kind != SIM_NODE_SCALAR || sim_node_is_null(selector)) {
        sim_messages_error(tree->messages, selector ? selector->mark : item->mark,
                           "an override needs 'select': a path of keys such as sites/*");
        return false;
    }
    if (!set || set->kind != SIM_NODE_MAPPING) {
        sim_messages_error(tree->messages, set ? set->mark : item->mark,
                           "an override needs 'set': a mapping of what it changes");
        return false;
    }
    return true;
}

static void
override(SimTree *tree, SimNode *root, const SimNode *item)
{
    if (!is_override(tree, item))
        return;
    const SimNode *selector = sim_node_get(item, "select");
    g_auto(GStrv) parts = g_strsplit(selector->scalar, "/", (gint)PARTS_MAX + 1);
    if (g_strv_length(parts) > PARTS_MAX || strlen(selector->scalar) > 1000) {
        sim_messages_error(tree->messages, selector->mark, "the selector is too long");
        return;
    }
    Selection selection = {
        .tree = tree, .mark = selector->mark, .set = sim_node_get(item, "set"), .parts = parts};
    select_in(&selection, root, 0);
    if (selection.matches == 0 && !tree->is_full)
        sim_messages_error(tree->messages, selector->mark, "'%.80s' selects nothing",
                           selector->scalar);
}

void
sim_compose_overrides(SimTree *tree, SimNode *root)
{
    const SimNode *list = sim_node_get(root, OVERRIDES);
    sim_tree_remove(root, OVERRIDES);
    if (!list || sim_node_is_null(list))
        return;
    if (list->kind != SIM_NODE_SEQUENCE) {
        sim_messages_error(tree->messages, list->mark, "expected a list of overrides, found %s",
                           sim_node_kind_name(list));
        return;
    }
    for (uint32_t i = 0; i < list->n && !tree->is_full; i++)
        override(tree, root, list->items[i]);
}

/* --set. */

typedef struct Path {
    SimTree *tree;
    const char *name, *option;
    const char *at;  /* what is left of the path */
    const char *end; /* the = */
    uint32_t depth;  /* of the place reached */
} Path;

static SimMark
path_mark(const Path *path, const char *from, const char *to)
{
    return (SimMark){.file = path->name,
                     .line = 1,
                     .column = (uint32_t)g_utf8_strlen(path->option, from - path->option) + 1,
                     .length = (uint32_t)MAX(g_utf8_strlen(from, to - from), 1),
                     .offset = (uint32_t)(from - path->option),
                     .text = path->option};
}

static bool
is_end_of_key(const Path *path, const char *at)
{
    return at == path->end || *at == '.' || *at == '[';
}

/* The end of the next key.  Names may contain dots, so the longest key that is there wins. */
static const char *
end_of_key(const Path *path, const SimNode *mapping)
{
    const char *best = path->at;
    for (uint32_t i = 0; i < mapping->n; i++) {
        size_t length = strlen(mapping->pairs[i].key);
        if (length <= (size_t)(path->end - path->at) && path->at + length > best &&
            strncmp(mapping->pairs[i].key, path->at, length) == 0 &&
            is_end_of_key(path, path->at + length))
            best = path->at + length;
    }
    if (best > path->at)
        return best;
    while (!is_end_of_key(path, best))
        best++;
    return best;
}

static void
set_error(const Path *path, const char *from, const char *to, const char *what)
{
    sim_messages_error(path->tree->messages, path_mark(path, from, to), "%s", what);
}

/* One key of the path: the place of its value, made when it is missing. */
static SimNode **
step_into_key(Path *path, SimNode **place)
{
    const char *start = path->at;
    if (sim_node_is_null(*place)) {
        *place = sim_tree_node(path->tree, SIM_NODE_MAPPING, path_mark(path, start, path->end));
        if (!*place)
            return NULL;
    }
    SimNode *mapping = *place;
    if (mapping->kind == SIM_NODE_SEQUENCE) {
        set_error(path, start, path->end, "here is a list: expected an index such as [0]");
        return NULL;
    }
    if (mapping->kind == SIM_NODE_SCALAR) {
        set_error(path, start, path->end, "here is a value, which has no keys");
        return NULL;
    }
    const char *end = end_of_key(path, mapping);
    if (end == start) {
        set_error(path, start, path->end, "a key is missing: expected a path such as clock.seed");
        return NULL;
    }
    SimMark mark = path_mark(path, start, end);
    SimNodePair pair = {.key = sim_pool_strndup(path->tree->pool, start, (size_t)(end - start)),
                        .key_mark = mark};
    uint32_t at = sim_tree_find(mapping, pair.key);
    if (at == UINT32_MAX) {
        pair.value = sim_tree_node(path->tree, SIM_NODE_SCALAR, mark);
        if (!pair.value)
            return NULL;
        sim_tree_set(path->tree, mapping, pair);
        at = mapping->n - 1;
    }
    path->at = end;
    return &mapping->pairs[at].value;
}

/* `[n]`: the place of an item; n one past the last appends. */
static SimNode **
step_into_index(Path *path, SimNode **place)
{
    const char *start = path->at;
    char *end = NULL;
    guint64 index = g_ascii_isdigit(start[1]) ? g_ascii_strtoull(start + 1, &end, 10) : 0;
    if (!end || *end != ']' || end >= path->end) {
        set_error(path, start, path->end, "expected an index such as [0]");
        return NULL;
    }
    path->at = end + 1;
    SimNode *list = *place;
    if (list->kind != SIM_NODE_SEQUENCE) {
        g_autofree char *text = g_strdup_printf("here is %s, not a list", sim_node_kind_name(list));
        set_error(path, start, path->at, text);
        return NULL;
    }
    if (index > list->n) {
        g_autofree char *text = g_strdup_printf("the list has %u items", list->n);
        set_error(path, start, path->at, text);
        return NULL;
    }
    if (index == list->n) {
        SimNode *item =
            sim_tree_node(path->tree, SIM_NODE_SCALAR, path_mark(path, start, path->at));
        if (!item)
            return NULL;
        sim_tree_append(path->tree, list, item);
    }
    return &list->items[index];
}

/* Where the path leads; NULL: a message says why not. */
static SimNode **
walk(Path *path, SimNode **root)
{
    SimNode **place = step_into_key(path, root);
    for (path->depth = 1; place && path->at < path->end; path->depth++) {
        if (path->depth >= PARTS_MAX) {
            set_error(path, path->option, path->end, "the path is too long");
            return NULL;
        }
        if (*path->at == '[') {
            place = step_into_index(path, place);
        } else if (*path->at == '.') {
            path->at++;
            place = step_into_key(path, place);
        } else {
            set_error(path, path->at, path->end, "expected . or [ here");
            return NULL;
        }
    }
    return place;
}

/* These were done before --set comes: setting them would have no effect. */
static bool
is_too_late(const Path *path)
{
    static const char *const consumed[] = {"include", TEMPLATES, OVERRIDES};
    for (guint i = 0; i < G_N_ELEMENTS(consumed); i++) {
        size_t length = strlen(consumed[i]);
        if (strncmp(path->option, consumed[i], length) == 0 &&
            is_end_of_key(path, path->option + length))
            return true;
    }
    size_t length = (size_t)(path->end - path->option);
    return (length == 4 || (length > 4 && path->end[-5] == '.')) &&
           strncmp(path->end - 4, LIKE, 4) == 0;
}

void
sim_compose_set(SimTree *tree, SimNode *root, const char *option, const char *name)
{
    const char *equals = strchr(option, '=');
    Path path = {.tree = tree,
                 .name = name,
                 .option = option,
                 .at = option,
                 .end = equals ? equals : option + strlen(option)};
    if (!g_utf8_validate(option, -1, NULL)) {
        sim_messages_error(tree->messages, (SimMark){.file = name}, "the text is not UTF-8");
        return;
    }
    if (!equals) {
        set_error(&path, option, path.end, "expected path=value, such as clock.seed=7");
        return;
    }
    if (is_too_late(&path)) {
        set_error(&path, option, path.end,
                  "include, templates, like and overrides are done before --set: expected the "
                  "path of a value");
        return;
    }
    uint32_t errors = sim_messages_errors(tree->messages);
    SimNode *value =
        sim_yaml_read(tree, name, option, strlen(option), (size_t)(equals + 1 - option));
    if (sim_messages_errors(tree->messages) > errors)
        return;
    if (!value)
        value = sim_tree_node(tree, SIM_NODE_SCALAR, path_mark(&path, option, path.end));
    SimNode **place = value ? walk(&path, &root) : NULL;
    SimNode *copy = place ? sim_tree_copy(tree, value, path.depth) : NULL;
    if (copy)
        *place = copy;
}
