#include "models/bgp_paths.h"

#include <string.h>

enum { CAPACITY_FIRST = 1024, LENGTH_MOST = 1000 };

void
bgp_paths_init(BgpPaths *paths, SimArena *arena)
{
    *paths = (BgpPaths){.arena = arena, .capacity = CAPACITY_FIRST, .n = 1};
    paths->nodes = SIM_ARENA_NEW(arena, BgpPath, CAPACITY_FIRST);
}

static void
grow(BgpPaths *paths)
{
    BgpPath *nodes = SIM_ARENA_NEW(paths->arena, BgpPath, 2 * (size_t)paths->capacity);
    memcpy(nodes, paths->nodes, paths->n * sizeof *nodes);
    paths->nodes = nodes;
    paths->capacity *= 2;
}

static uint32_t
take(BgpPaths *paths)
{
    paths->live++;
    paths->live_most = MAX(paths->live_most, paths->live);
    uint32_t path = paths->first_free;
    if (path != 0) {
        paths->first_free = paths->nodes[path].rest;
        return path;
    }
    if (paths->n == paths->capacity)
        grow(paths);
    return paths->n++;
}

uint32_t
bgp_paths_root(BgpPaths *paths, unsigned length)
{
    uint32_t path = take(paths);
    paths->nodes[path] = (BgpPath){.network = SIM_NONE, .count = 1, .length = (uint16_t)length};
    return path;
}

uint32_t
bgp_paths_new(BgpPaths *paths, uint32_t network, uint32_t rest, bool from_aside)
{
    uint32_t path = take(paths);
    const BgpPath *after = &paths->nodes[bgp_paths_hold(paths, rest)];
    SIM_ASSERT(rest != 0 && after->length < LENGTH_MOST);
    paths->nodes[path] = (BgpPath){.network = network,
                                   .rest = rest,
                                   .count = 1,
                                   .length = (uint16_t)(after->length + 1),
                                   .went_aside = from_aside || after->went_aside};
    return path;
}

void
bgp_paths_drop(BgpPaths *paths, uint32_t path)
{
    while (path != 0 && --paths->nodes[path].count == 0) {
        uint32_t rest = paths->nodes[path].rest;
        paths->nodes[path].rest = paths->first_free;
        paths->first_free = path;
        paths->live--;
        path = rest;
    }
}

bool
bgp_paths_are_equal(const BgpPaths *paths, uint32_t a, uint32_t b)
{
    const BgpPath *nodes = paths->nodes;
    while (a != b) {
        if (a == 0 || b == 0 || nodes[a].network != nodes[b].network ||
            nodes[a].length != nodes[b].length || nodes[a].went_aside != nodes[b].went_aside)
            return false;
        a = nodes[a].rest;
        b = nodes[b].rest;
    }
    return true;
}

bool
bgp_paths_has(const BgpPaths *paths, uint32_t path, uint32_t network)
{
    for (; path != 0; path = paths->nodes[path].rest)
        if (paths->nodes[path].network == network)
            return true;
    return false;
}
