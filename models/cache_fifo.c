#include "models/keyed_cache_policy.h"

static inline void
touch(KeyedCache *cache, uint32_t row)
{
    (void)cache;
    (void)row;
}

static const CacheMoves moves = {.touch = touch, .admit = cache_admit};

CACHE_CALLS(moves)

const CachePolicy cache_fifo = {.get = get, .put = put, .access = get_or_put, .leave = cache_leave};
