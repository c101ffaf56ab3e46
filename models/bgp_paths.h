/*
 * bgp_paths.h - paths of networks as one tree of shared nodes.
 *
 * A path is a node: its first network, and the rest of the path; the edge is a root, a node
 * without rest.  Path 0 is none.  Nodes are counted: bgp_paths_new gives one count to its caller
 * and takes one on the rest; bgp_paths_drop at zero frees the node and drops the rest.  The same
 * path may stand in the tree twice; bgp_paths_are_equal compares what they say.
 *
 * Memory comes from the arena and doubles; freed nodes are used again.
 */
#pragma once

#include "sim/arena.h"

typedef struct BgpPath {
    uint32_t network; /* SIM_NONE: the edge */
    uint32_t rest;    /* of a free node: the next free one */
    uint32_t count;
    uint16_t length;     /* networks, the edge as often as it stands there */
    uint16_t went_aside; /* somebody on it had it from a peer or a provider */
} BgpPath;

typedef struct BgpPaths {
    BgpPath *nodes;
    uint32_t n, capacity, first_free;
    uint32_t live, live_most;
    SimArena *arena;
} BgpPaths;

void bgp_paths_init(BgpPaths *paths, SimArena *arena);
/* The edge, length times. */
uint32_t bgp_paths_root(BgpPaths *paths, unsigned length);
uint32_t bgp_paths_new(BgpPaths *paths, uint32_t network, uint32_t rest, bool from_aside);
void bgp_paths_drop(BgpPaths *paths, uint32_t path);
bool bgp_paths_are_equal(const BgpPaths *paths, uint32_t a, uint32_t b);
bool bgp_paths_has(const BgpPaths *paths, uint32_t path, uint32_t network);

static inline uint32_t
bgp_paths_hold(BgpPaths *paths, uint32_t path)
{
    paths->nodes[path].count += path != 0;
    return path;
}
