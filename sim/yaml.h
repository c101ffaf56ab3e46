/*
 * yaml.h - the text of one file to nodes, by libfyaml's events.
 *
 * The events are handled one by one, without recursion, so that every limit
 * holds before memory is taken: at most 8 MB of text, valid UTF-8 without NUL,
 * depth 64, the node count of the tree.  Duplicate keys, a second document in
 * the file, tags, aliases to what is not known yet, keys that are not plain text
 * and YAML 1.1 merge keys are errors.
 *
 * Marks point into the text, which must live as long as the tree's nodes are
 * used, and be terminated by NUL.
 */
#pragma once

#include "sim/tree.h"

#define SIM_YAML_BYTES_MAX ((size_t)8 << 20)

/* The first `skip` bytes belong to the text for messages and are not YAML: `path=` of a --set.
 * NULL: nothing could be read, or the text is empty; a message says so. */
SimNode *sim_yaml_read(SimTree *tree, const char *name, const char *text, size_t length,
                       size_t skip);
