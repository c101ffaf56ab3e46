#include "sim/arena.h"

#include <string.h>
#include <sys/mman.h>

#define ALIGNMENT ((size_t)64)
#define RESERVE_MIN ((size_t)1 << 20)
#define HUGE_PAGE ((size_t)2 << 20)

struct SimArena {
    size_t reserved; /* bytes of the region, header included */
    size_t used;     /* first free byte, counted from the header */
};

struct SimSnapshot {
    const SimArena *arena;
    size_t size;
    unsigned char bytes[];
};

static size_t
round_up(size_t n, size_t multiple)
{
    return (n + multiple - 1) / multiple * multiple;
}

/* size bytes that begin at a huge page: reserves one page too many and gives the ends back. */
static void *
map_aligned(size_t size)
{
    unsigned char *base = mmap(NULL, size + HUGE_PAGE, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    size_t before = round_up((uintptr_t)base, HUGE_PAGE) - (uintptr_t)base;
    if (before > 0)
        munmap(base, before);
    if (before < HUGE_PAGE)
        munmap(base + before + size, HUGE_PAGE - before);
    return base + before;
}

SimArena *
sim_arena_new(size_t reserve)
{
    if (reserve == 0)
        reserve = SIM_ARENA_RESERVE_DEFAULT;
    SIM_ASSERT(reserve <= SIZE_MAX / 4);
    size_t size = round_up(MAX(reserve, RESERVE_MIN), RESERVE_MIN);
    SimArena *arena = NULL;
    while (!(arena = map_aligned(size)) && size > RESERVE_MIN)
        size = round_up(size / 2, RESERVE_MIN);
    if (!arena)
        sim_fail(__FILE__, __LINE__, "no address space for a run: even %zu KiB were refused",
                 RESERVE_MIN / 1024);
    /* Hot state is read at random: fewer and larger pages.  A refusal changes nothing but speed. */
    madvise(arena, size, MADV_HUGEPAGE);
    arena->reserved = size;
    arena->used = round_up(sizeof *arena, ALIGNMENT);
    return arena;
}

void
sim_arena_free(SimArena *arena)
{
    if (arena)
        munmap(arena, arena->reserved);
}

void *
sim_arena_alloc(SimArena *arena, size_t n, size_t size)
{
    size_t bytes;
    bool fits = !__builtin_mul_overflow(n, size, &bytes) && bytes <= arena->reserved - arena->used;
    if (!fits)
        sim_fail(__FILE__, __LINE__,
                 "the run's memory is full: %zu objects of %zu bytes do not fit into the %zu MiB "
                 "left of %zu MiB",
                 n, size, (arena->reserved - arena->used) >> 20, arena->reserved >> 20);
    void *block = (unsigned char *)arena + arena->used;
    arena->used += bytes; /* reserved is a multiple of the alignment, so rounding up stays inside */
    arena->used = round_up(arena->used, ALIGNMENT);
    return block;
}

char *
sim_arena_strdup(SimArena *arena, const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    return memcpy(sim_arena_alloc(arena, size, 1), text, size);
}

size_t
sim_arena_used(const SimArena *arena)
{
    return arena->used;
}

SimSnapshot *
sim_arena_snapshot(const SimArena *arena)
{
    SimSnapshot *snapshot = g_malloc(sizeof *snapshot + arena->used);
    snapshot->arena = arena;
    snapshot->size = arena->used;
    memcpy(snapshot->bytes, arena, arena->used);
    return snapshot;
}

void
sim_arena_restore(SimArena *arena, const SimSnapshot *snapshot)
{
    SIM_ASSERT(snapshot->arena == arena);
    if (arena->used > snapshot->size)
        memset((unsigned char *)arena + snapshot->size, 0, arena->used - snapshot->size);
    memcpy(arena, snapshot->bytes, snapshot->size);
}

size_t
sim_snapshot_size(const SimSnapshot *snapshot)
{
    return snapshot->size;
}

void
sim_snapshot_free(SimSnapshot *snapshot)
{
    g_free(snapshot);
}
