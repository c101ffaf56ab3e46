/*
 * node.h - a YAML document as a light tree of our own, and the merging of
 * several files into one.
 *
 * libfyaml parses; what it delivers is copied into nodes that know their file,
 * line and column, so that includes, templates, overrides and --set can join
 * pieces of different files and every later message still names the right
 * place.  Limits hold during the copy: 8 MB a file, depth 64, 100,000 nodes
 * after aliases, includes, templates and overrides together.
 *
 * A load, in this order:
 *   1. read the file (`-` is standard input); `include: [path, …]` names files,
 *      relative to the including file, that must lie under the scenario's
 *      directory or the installed library; read depth first, each once; a cycle is an error;
 *   2. merge: mappings join key by key, later wins (the includer over the
 *      included); sequences of `timeline`, `expect`, `published`, `overrides` are joined, other
 *      sequences are replaced;
 *   3. templates: `templates: {customer: {…}}`; an entry with `like: customer` (or a list of
 *      names) starts from the template's copy, its own keys win, key by key;
 *   4. overrides: `overrides: [{select: sites/shop-*, set: {client: {retries: 0}}}]`; select is a
 *      path of keys with * and ? globs in each part; a selector that matches nothing is an error;
 *   5. --set path=value, path of keys joined by dots, a list index as [n]; value is YAML.
 */
#pragma once

#include "sim/messages.h"

#include <glib.h>

typedef enum SimNodeKind { SIM_NODE_SCALAR, SIM_NODE_MAPPING, SIM_NODE_SEQUENCE } SimNodeKind;

typedef struct SimNode SimNode;
typedef struct SimNodePair {
    const char *key;
    SimMark key_mark;
    SimNode *value;
} SimNodePair;

struct SimNode {
    SimNodeKind kind;
    SimMark mark;
    const char *scalar; /* SCALAR: its text; "" for an empty plain scalar (null) */
    bool is_quoted;     /* SCALAR: quoted or a block: never null */
    bool is_incomplete; /* MAPPING: its template is missing: do not ask for what that would bring */
    uint32_t n;         /* MAPPING, SEQUENCE */
    uint32_t capacity;  /* of pairs or items, while the document is put together */
    SimNodePair *pairs; /* MAPPING, in the file's order */
    SimNode **items;    /* SEQUENCE */
};

typedef struct SimDocument SimDocument; /* owns all nodes and the texts of all files */

typedef struct SimDocumentOptions {
    const char *const *set; /* NULL-terminated "path=value", may be NULL */
    const char *library;    /* directory of installed scenarios; NULL: none */
} SimDocumentOptions;

/* Reads, includes, merges.  Never NULL: on errors the messages say so and the root may be partial.
 */
SimDocument *sim_document_load(const char *path, const SimDocumentOptions *options,
                               SimMessages *messages);
/* The same from memory; name stands for the path in messages; includes are refused. */
SimDocument *sim_document_parse(const char *text, size_t length, const char *name,
                                const SimDocumentOptions *options, SimMessages *messages);
const SimNode *sim_document_root(const SimDocument *document); /* NULL: nothing could be read */
void sim_document_free(SimDocument *document);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimDocument, sim_document_free)

const SimNode *sim_node_get(const SimNode *mapping, const char *key); /* NULL: absent */
/* A key without a value, or with a plain null or ~, counts as not given. */
bool sim_node_is_null(const SimNode *node);
/* What a node is, as messages say it: "a mapping". */
const char *sim_node_kind_name(const SimNode *node);
