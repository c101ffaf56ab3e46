/*
 * tree.h - where the nodes of a document live while it is put together: makes
 * them, copies them, joins them, and holds the limits.
 *
 * At most 100,000 nodes, depth 64, and a budget of steps, so that neither
 * an alias bomb nor thousands of overrides that each touch thousands of
 * entries can take more than a moment.  The first limit that is passed gives
 * one error; from then on is_full is set, new nodes are NULL, and whoever builds stops.
 *
 * Functions that walk down a tree recurse: their depth is limited by the above.
 */
#pragma once

#include "sim/node.h"
#include "sim/pool.h"

#define SIM_TREE_DEPTH_MAX 64u
#define SIM_TREE_NODES_MAX 100000u
#define SIM_TREE_STEPS_MAX 2000000u

typedef struct SimTree {
    SimPool *pool;
    SimMessages *messages; /* not owned */
    uint32_t n_nodes;
    uint64_t steps;
    bool is_full;
} SimTree;

void sim_tree_init(SimTree *tree, SimMessages *messages);
void sim_tree_finish(SimTree *tree);

/* NULL: the tree is full, and a message says so. */
SimNode *sim_tree_node(SimTree *tree, SimNodeKind kind, SimMark mark);
SimNode *sim_tree_copy(SimTree *tree, const SimNode *node, uint32_t depth);

/* Counts work against the budget; false when it is used up. */
bool sim_tree_step(SimTree *tree, uint64_t steps, SimMark mark);

/* Index of the key, UINT32_MAX: absent. */
uint32_t sim_tree_find(const SimNode *mapping, const char *key);
/* Sets or appends; value is not copied. */
void sim_tree_set(SimTree *tree, SimNode *mapping, SimNodePair pair);
void sim_tree_remove(SimNode *mapping, const char *key);
void sim_tree_append(SimTree *tree, SimNode *sequence, SimNode *item);

/*
 * Joins `from` into the mapping `into` key by key: two mappings under one key
 * are joined in turn, anything else of `from` replaces.  `into` must be nobody
 * else's.  merge copies what it needs of `from`, depth is that of `into` (the root: 0);
 * absorb uses the nodes of `from`, which is not to be used any more.
 */
void sim_tree_merge(SimTree *tree, SimNode *into, const SimNode *from, uint32_t depth);
void sim_tree_absorb(SimTree *tree, SimNode *into, const SimNode *from);
