#include "sim/tree.h"
#include "sim/yaml.h"
#include "tests/harness.h"

#include <string.h>

static SimNode *
node(SimTree *tree, const char *text)
{
    return sim_yaml_read(tree, "t", text, strlen(text), 0);
}

static const char *
word(const SimNode *mapping, const char *key)
{
    const SimNode *found = sim_node_get(mapping, key);
    return found ? found->scalar : NULL;
}

static void
merging_joins_mappings_and_replaces_the_rest(void)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    SimTree tree;
    sim_tree_init(&tree, messages);
    SimNode *into = node(&tree, "{a: {x: 1, y: 2}, b: [1, 2], c: 3}");
    const SimNode *from = node(&tree, "{a: {y: 5, z: 6}, b: [9], d: {e: f}}");
    sim_tree_merge(&tree, into, from, 0);
    const SimNode *a = sim_node_get(into, "a");
    CHECK_STR(word(a, "x"), "1");
    CHECK_STR(word(a, "y"), "5");
    CHECK_STR(word(a, "z"), "6");
    CHECK_INT(sim_node_get(into, "b")->n, 1);
    CHECK_STR(word(into, "c"), "3");
    CHECK(sim_node_get(into, "d") != sim_node_get(from, "d"));
    sim_tree_finish(&tree);
}

static SimNode *
numbered(SimTree *tree, uint32_t from, uint32_t to)
{
    SimNode *mapping = sim_tree_node(tree, SIM_NODE_MAPPING, (SimMark){0});
    for (uint32_t i = from; i < to; i++) {
        char key[16];
        int length = g_snprintf(key, sizeof key, "k%u", i);
        SimNode *value = sim_tree_node(tree, SIM_NODE_SCALAR, (SimMark){.line = from + 1});
        sim_tree_set(tree, mapping,
                     (SimNodePair){.key = sim_pool_strndup(tree->pool, key, (size_t)length),
                                   .value = value});
    }
    return mapping;
}

static void
big_mappings_merge_like_small_ones(void)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    SimTree tree;
    sim_tree_init(&tree, messages);
    SimNode *into = numbered(&tree, 0, 300);
    sim_tree_merge(&tree, into, numbered(&tree, 200, 500), 0);
    CHECK_INT(into->n, 500);
    for (uint32_t i = 0; i < into->n; i++) {
        char key[16];
        g_snprintf(key, sizeof key, "k%u", i);
        CHECK_STR(into->pairs[i].key, key);
        CHECK_INT(into->pairs[i].value->mark.line, i < 200 ? 1 : 201);
    }
    sim_tree_remove(into, "k0");
    sim_tree_remove(into, "k499");
    sim_tree_remove(into, "none");
    CHECK_INT(into->n, 498);
    CHECK_INT(sim_tree_find(into, "k1"), 0);
    CHECK_INT(sim_tree_find(into, "k0"), UINT32_MAX);
    sim_tree_finish(&tree);
}

static void
the_first_limit_that_is_passed_gives_one_error(void)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    SimTree tree;
    sim_tree_init(&tree, messages);
    for (uint32_t i = 0; i < SIM_TREE_NODES_MAX; i++)
        sim_tree_node(&tree, SIM_NODE_SCALAR, (SimMark){0});
    CHECK(!tree.is_full);
    CHECK(sim_tree_node(&tree, SIM_NODE_SCALAR, (SimMark){0}) == NULL);
    CHECK(tree.is_full);
    CHECK(!sim_tree_step(&tree, SIM_TREE_STEPS_MAX + 1, (SimMark){0}));
    CHECK_INT(sim_messages_errors(messages), 1);
    sim_tree_finish(&tree);
}

static void
the_budget_of_steps_ends(void)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    SimTree tree;
    sim_tree_init(&tree, messages);
    CHECK(sim_tree_step(&tree, SIM_TREE_STEPS_MAX, (SimMark){0}));
    CHECK(!sim_tree_step(&tree, 1, (SimMark){0}));
    g_autoptr(GString) out = g_string_new(NULL);
    sim_messages_print(messages, false, out);
    CHECK_STR(out->str, "error: joining includes, templates and overrides takes too many steps\n");
    sim_tree_finish(&tree);
}

static CU_TestInfo tests[] = {
    {"merging_joins_mappings_and_replaces_the_rest", merging_joins_mappings_and_replaces_the_rest},
    {"big_mappings_merge_like_small_ones", big_mappings_merge_like_small_ones},
    {"the_first_limit_that_is_passed_gives_one_error",
     the_first_limit_that_is_passed_gives_one_error},
    {"the_budget_of_steps_ends", the_budget_of_steps_ends},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("tree", tests)
