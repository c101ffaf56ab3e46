/*
 * compose.h - the steps between the nodes of the files and the tree that the
 * tables see: joining files, templates, overrides, --set.
 *
 * Each step works on the tree in place and reports what it can not do; node.h
 * says what each means to the user.
 */
#pragma once

#include "sim/tree.h"

/* Joins a file's mapping over what was included: the lists named in node.h are appended, the rest
 * as sim_tree_absorb. */
void sim_compose_join(SimTree *tree, SimNode *into, const SimNode *file);

/* Replaces every `like` by the template's keys, and removes `templates`. */
void sim_compose_templates(SimTree *tree, SimNode *root);

/* Applies `overrides` in order, and removes it. */
void sim_compose_overrides(SimTree *tree, SimNode *root);

/* option is "path=value" and lives as long as the tree; name stands for it in messages. */
void sim_compose_set(SimTree *tree, SimNode *root, const char *option, const char *name);
