#include "sim/pool.h"

#include "sim/base.h"

#include <stdint.h>
#include <string.h>

#define CHUNK_BYTES ((size_t)64 << 10)
#define ALIGNMENT ((size_t)16)

struct SimPool {
    GPtrArray *chunks;
    char *next;
    size_t left;
};

SimPool *
sim_pool_new(void)
{
    SimPool *pool = g_new0(SimPool, 1);
    pool->chunks = g_ptr_array_new_with_free_func(g_free);
    return pool;
}

void
sim_pool_free(SimPool *pool)
{
    if (!pool)
        return;
    g_ptr_array_free(pool->chunks, TRUE);
    g_free(pool);
}

static char *
chunk_new(SimPool *pool, size_t bytes)
{
    char *chunk = g_malloc0(bytes);
    g_ptr_array_add(pool->chunks, chunk);
    return chunk;
}

void *
sim_pool_alloc(SimPool *pool, size_t n, size_t size)
{
    SIM_ASSERT(size == 0 || n <= (SIZE_MAX - ALIGNMENT) / size);
    size_t bytes = (MAX(n * size, 1) + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (bytes >= CHUNK_BYTES / 4)
        return chunk_new(pool, bytes);
    if (bytes > pool->left) {
        pool->next = chunk_new(pool, CHUNK_BYTES);
        pool->left = CHUNK_BYTES;
    }
    char *piece = pool->next;
    pool->next += bytes;
    pool->left -= bytes;
    return piece;
}

char *
sim_pool_strndup(SimPool *pool, const char *text, size_t length)
{
    char *copy = sim_pool_alloc(pool, length + 1, 1);
    if (length > 0)
        memcpy(copy, text, length);
    return copy;
}
