#include "sim/tree.h"

#include "sim/base.h"

#include <string.h>

/* Mappings up to this size are searched key by key; bigger ones by a hash. */
#define SMALL 16u

void
sim_tree_init(SimTree *tree, SimMessages *messages)
{
    *tree = (SimTree){.pool = sim_pool_new(), .messages = messages};
}

void
sim_tree_finish(SimTree *tree)
{
    sim_pool_free(tree->pool);
    tree->pool = NULL;
}

static void G_GNUC_PRINTF(3, 4) fill_up(SimTree *tree, SimMark mark, const char *format, ...)
{
    if (tree->is_full)
        return;
    tree->is_full = true;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    sim_messages_error(tree->messages, mark, "%s", text);
}

SimNode *
sim_tree_node(SimTree *tree, SimNodeKind kind, SimMark mark)
{
    if (tree->n_nodes >= SIM_TREE_NODES_MAX)
        fill_up(tree, mark,
                "the scenario has more than %u nodes after aliases, includes, templates and "
                "overrides",
                SIM_TREE_NODES_MAX);
    if (tree->is_full)
        return NULL;
    tree->n_nodes++;
    SimNode *node = sim_pool_alloc(tree->pool, 1, sizeof *node);
    node->kind = kind;
    node->mark = mark;
    node->scalar = "";
    return node;
}

static bool
copy_children(SimTree *tree, SimNode *copy, const SimNode *node, uint32_t depth)
{
    copy->n = copy->capacity = node->n;
    if (node->kind == SIM_NODE_MAPPING)
        copy->pairs = sim_pool_alloc(tree->pool, node->n, sizeof *copy->pairs);
    else
        copy->items = sim_pool_alloc(tree->pool, node->n, sizeof *copy->items);
    for (uint32_t i = 0; i < node->n; i++) {
        bool is_mapping = node->kind == SIM_NODE_MAPPING;
        const SimNode *child = is_mapping ? node->pairs[i].value : node->items[i];
        SimNode *made = sim_tree_copy(tree, child, depth + 1);
        if (!made)
            return false;
        if (is_mapping) {
            copy->pairs[i] = node->pairs[i];
            copy->pairs[i].value = made;
        } else {
            copy->items[i] = made;
        }
    }
    return true;
}

SimNode *
sim_tree_copy(SimTree *tree, const SimNode *node, uint32_t depth)
{
    if (depth > SIM_TREE_DEPTH_MAX)
        fill_up(tree, node->mark, "the nesting is deeper than %u levels", SIM_TREE_DEPTH_MAX);
    /* Checked for the whole family at once, before memory for the children is taken. */
    if (tree->n_nodes + node->n >= SIM_TREE_NODES_MAX)
        tree->n_nodes = SIM_TREE_NODES_MAX;
    SimNode *copy = sim_tree_node(tree, node->kind, node->mark);
    if (!copy)
        return NULL;
    copy->scalar = node->scalar;
    copy->is_quoted = node->is_quoted;
    copy->is_incomplete = node->is_incomplete;
    if (node->kind != SIM_NODE_SCALAR && !copy_children(tree, copy, node, depth))
        return NULL;
    return copy;
}

bool
sim_tree_step(SimTree *tree, uint64_t steps, SimMark mark)
{
    tree->steps += steps;
    if (tree->steps > SIM_TREE_STEPS_MAX)
        fill_up(tree, mark, "joining includes, templates and overrides takes too many steps");
    return !tree->is_full;
}

uint32_t
sim_tree_find(const SimNode *mapping, const char *key)
{
    for (uint32_t i = 0; i < mapping->n; i++)
        if (strcmp(mapping->pairs[i].key, key) == 0)
            return i;
    return UINT32_MAX;
}

/* Doubles the room of an array of the pool; the old one stays behind until the pool goes. */
static void *
grown(SimTree *tree, SimNode *node, void *old, size_t size)
{
    if (node->n < node->capacity)
        return old;
    node->capacity = node->n < 4 ? 8 : node->n * 2;
    void *array = sim_pool_alloc(tree->pool, node->capacity, size);
    if (node->n > 0)
        memcpy(array, old, node->n * size);
    return array;
}

static void
append_pair(SimTree *tree, SimNode *mapping, SimNodePair pair)
{
    mapping->pairs = grown(tree, mapping, mapping->pairs, sizeof pair);
    mapping->pairs[mapping->n++] = pair;
}

void
sim_tree_set(SimTree *tree, SimNode *mapping, SimNodePair pair)
{
    uint32_t at = sim_tree_find(mapping, pair.key);
    if (at == UINT32_MAX)
        append_pair(tree, mapping, pair);
    else
        mapping->pairs[at] = pair;
}

void
sim_tree_remove(SimNode *mapping, const char *key)
{
    uint32_t at = sim_tree_find(mapping, key);
    if (at == UINT32_MAX)
        return;
    mapping->n--;
    memmove(&mapping->pairs[at], &mapping->pairs[at + 1],
            (mapping->n - at) * sizeof *mapping->pairs);
}

void
sim_tree_append(SimTree *tree, SimNode *sequence, SimNode *item)
{
    sequence->items = grown(tree, sequence, sequence->items, sizeof(SimNode *));
    sequence->items[sequence->n++] = item;
}

static void join(SimTree *tree, SimNode *into, const SimNode *from, uint32_t depth, bool is_copied);

static void
join_pair(SimTree *tree, SimNode *into, uint32_t at, SimNodePair pair, uint32_t depth,
          bool is_copied)
{
    SimNode *old = at == UINT32_MAX ? NULL : into->pairs[at].value;
    if (old && old->kind == SIM_NODE_MAPPING && pair.value->kind == SIM_NODE_MAPPING) {
        join(tree, old, pair.value, depth + 1, is_copied);
        return;
    }
    if (is_copied)
        pair.value = sim_tree_copy(tree, pair.value, depth + 1);
    if (!pair.value)
        return;
    if (old)
        into->pairs[at] = pair;
    else
        append_pair(tree, into, pair);
}

/* Index by key of a mapping worth it; only looked up, never walked. */
static GHashTable *
index_of(const SimNode *mapping)
{
    GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);
    for (uint32_t i = 0; i < mapping->n; i++)
        g_hash_table_insert(index, (void *)mapping->pairs[i].key, GUINT_TO_POINTER(i + 1));
    return index;
}

static void
join(SimTree *tree, SimNode *into, const SimNode *from, uint32_t depth, bool is_copied)
{
    bool is_big = into->n > SMALL && from->n > SMALL;
    uint64_t steps = is_big ? (uint64_t)into->n + from->n : (uint64_t)(into->n + 1) * from->n;
    if (!sim_tree_step(tree, steps, from->mark))
        return;
    g_autoptr(GHashTable) index = is_big ? index_of(into) : NULL;
    for (uint32_t i = 0; i < from->n && !tree->is_full; i++) {
        const char *key = from->pairs[i].key;
        uint32_t at = index ? GPOINTER_TO_UINT(g_hash_table_lookup(index, key)) - 1
                            : sim_tree_find(into, key);
        join_pair(tree, into, at, from->pairs[i], depth, is_copied);
    }
}

void
sim_tree_merge(SimTree *tree, SimNode *into, const SimNode *from, uint32_t depth)
{
    join(tree, into, from, depth, true);
}

void
sim_tree_absorb(SimTree *tree, SimNode *into, const SimNode *from)
{
    join(tree, into, from, 0, false);
}
