/*
 * told_anycast.h - an Anycast that is told its routes: what convergence.h reads of one, and no
 * more.  A program that includes it must not need anycast.c as well.
 */
#pragma once

#include "models/anycast.h"

struct Anycast {
    const Internet *internet;
    uint32_t *parent, *pop; /* [place] */
    uint8_t *rank;          /* [network] */
    AnycastChange *changes;
    uint32_t n_changes;
};

/* Nobody reaches anything. */
static inline void
told_anycast_init(Anycast *anycast, const Internet *internet)
{
    uint32_t n = internet->n_places;
    *anycast = (Anycast){.internet = internet,
                         .parent = g_new(uint32_t, n),
                         .pop = g_new(uint32_t, n),
                         .rank = g_new(uint8_t, internet->n),
                         .changes = g_new(AnycastChange, n)};
    for (uint32_t place = 0; place < n; place++) {
        anycast->parent[place] = anycast->pop[place] = SIM_NONE;
        anycast->rank[internet->network[place]] = ANYCAST_UNREACHABLE;
    }
}

static inline void
told_anycast_clear(Anycast *anycast)
{
    g_free(anycast->parent);
    g_free(anycast->pop);
    g_free(anycast->rank);
    g_free(anycast->changes);
}

const AnycastMap *
anycast_map(const Anycast *anycast)
{
    return (const AnycastMap *)(const void *)anycast;
}

const Internet *
anycast_internet(const AnycastMap *map)
{
    return ((const Anycast *)(const void *)map)->internet;
}

uint8_t
anycast_rank(const Anycast *anycast, uint32_t network)
{
    return anycast->rank[network];
}

uint32_t
anycast_pop_of(const Anycast *anycast, uint32_t place)
{
    return anycast->pop[place];
}

uint32_t
anycast_parent(const Anycast *anycast, uint32_t place)
{
    return anycast->parent[place];
}

const AnycastChange *
anycast_changes(const Anycast *anycast, uint32_t *ret_n)
{
    *ret_n = anycast->n_changes;
    return anycast->changes;
}
