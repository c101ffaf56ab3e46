/*
 * pool.h - memory that is taken in small pieces and given back all at once.
 *
 * For what a load builds: nodes, names, the structs that tables fill.  Pieces
 * are zeroed, aligned to 16 bytes and keep their address until sim_pool_free.
 * A piece costs O(1); large pieces get a chunk of their own.
 */
#pragma once

#include <glib.h>

typedef struct SimPool SimPool;

SimPool *sim_pool_new(void);
void sim_pool_free(SimPool *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimPool, sim_pool_free)

/* n * size must not overflow: that is an assertion, limits come before. */
void *sim_pool_alloc(SimPool *pool, size_t n, size_t size);
/* A terminated copy. */
char *sim_pool_strndup(SimPool *pool, const char *text, size_t length);
