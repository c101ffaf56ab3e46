/*
 * arena.h - the memory of one run.
 *
 * One region of address space, reserved at once and filled from its start.
 * Blocks are zeroed, aligned to 64 bytes and never freed singly: they live as
 * long as the run.  The arena's own header lies at the start of the region, so
 * a copy of the used part is a copy of the whole run, and restoring it to the
 * same addresses keeps every pointer inside valid.  fork(2) does the same by
 * copy on write.
 *
 * Only touched pages cost memory.  Where the system refuses the reserve asked
 * for, it is halved until it fits.  An allocation that does not fit ends the
 * process with a message: sizes are bounded before a run is built.
 *
 * Not thread-safe; a run belongs to one thread.
 */
#pragma once

#include "sim/base.h"

#define SIM_ARENA_RESERVE_DEFAULT ((size_t)4 << 30)

typedef struct SimArena SimArena;
typedef struct SimSnapshot SimSnapshot;

/* reserve in bytes of address space; 0 means SIM_ARENA_RESERVE_DEFAULT. */
SimArena *sim_arena_new(size_t reserve);
void sim_arena_free(SimArena *arena);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimArena, sim_arena_free)

/* n objects of size bytes; never NULL, also for n == 0. */
void *sim_arena_alloc(SimArena *arena, size_t n, size_t size);
#define SIM_ARENA_NEW(arena, type, n) ((type *)sim_arena_alloc((arena), (n), sizeof(type)))
/* NULL gives NULL. */
char *sim_arena_strdup(SimArena *arena, const char *text);
/* Bytes taken so far, including the header and the padding. */
size_t sim_arena_used(const SimArena *arena);

/* A copy on the heap of everything allocated so far; the caller frees it. */
SimSnapshot *sim_arena_snapshot(const SimArena *arena);
/* Back to the snapshot, which must be of this arena; later blocks are gone and their bytes zero. */
void sim_arena_restore(SimArena *arena, const SimSnapshot *snapshot);
size_t sim_snapshot_size(const SimSnapshot *snapshot);
void sim_snapshot_free(SimSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimSnapshot, sim_snapshot_free)
