/*
 * wheel_parts.h - what a wheel is made of: for wheel.c, which runs it, and
 * wheel_sweep.c, which looks through all of it.  See wheel.h for the picture.
 *
 * The lists of the window end with a filler that is later than any item.
 */
#pragma once

#include "sim/wheel.h"

#define LEVELS 8u
#define SLOTS 256u
#define CHUNK_BYTES 512u
#define CHUNK_ITEMS 31u
#define RUN_MAX 2048u /* a slot with more items is dealt out, not sorted */
#define LATE_MAX 64u  /* more late items than this go back into the slots */
#define LATE_ROOM 128u
#define NO_KEY UINT64_MAX /* of what stands behind the last item */

/* Chunks lie at multiples of their size.  The chunks of a slot form a ring: the last one, where
 * items are appended, points to the first. */
typedef struct Chunk {
    struct Chunk *next;
    uint64_t n_before; /* in the last chunk: items in the others, which are full */
    SimWheelItem items[CHUNK_ITEMS];
} Chunk;
_Static_assert(sizeof(Chunk) == CHUNK_BYTES, "a chunk is found by its items' addresses");

/* end is where the next item goes.  Where it is a multiple of CHUNK_BYTES there is no room: the
 * chunk before it is full or, for NULL, there is none. */
typedef struct Slot {
    SimWheelItem *end;
    SimTime first; /* the least time in it */
} Slot;

typedef struct Tables {
    Slot slots[LEVELS][SLOTS];
    uint64_t occupied[LEVELS][SLOTS / 64];
    SimWheelItem run[RUN_MAX + 1]; /* ends with a filler */
} Tables;

enum { RUN, LATE };

struct SimWheel {
    const SimWheelItem *head[2]; /* of the run and of what came late; at its end stands a filler */
    SimWheelItem *late_end;
    SimTime horizon; /* the window's last tick */
    SimTime now;     /* when the last item left */
    uint64_t n_pushed;
    uint64_t n_left;  /* popped or swept */
    uint64_t current; /* the tick that levels are relative to; none is before it in the slots */
    Tables *tables;   /* NULL until a slot is needed */
    Chunk *free;
    uint32_t levels; /* bit l: some slot of level l is occupied */
    SimArena *arena;
    SimWheelItem filler;
    SimWheelItem late[1 + LATE_ROOM + 1];
};

static const SimWheelItem no_item = {SIM_TIME_MAX, NO_KEY};

/* Ticks are times made unsigned, in the same order. */
static inline uint64_t
tick_of(SimTime at)
{
    return (uint64_t)at ^ (UINT64_C(1) << 63);
}

static inline Chunk *
last_chunk(const Slot *slot)
{
    return (Chunk *)(((uintptr_t)slot->end - 1) & ~(uintptr_t)(CHUNK_BYTES - 1));
}

static inline uint64_t
slot_size(const Slot *slot)
{
    const Chunk *last = last_chunk(slot);
    return last->n_before + (uint64_t)(slot->end - last->items);
}

/* The slot's chunks are the caller's. */
static inline void
empty_slot(SimWheel *wheel, Slot *slot, unsigned level)
{
    uint64_t *words = wheel->tables->occupied[level];
    uint64_t i = (uint64_t)(slot - wheel->tables->slots[level]);
    words[i / 64] &= ~(UINT64_C(1) << i % 64);
    if ((words[0] | words[1] | words[2] | words[3]) == 0)
        wheel->levels &= ~(1u << level);
    slot->end = NULL;
}

static inline void
free_chunks(SimWheel *wheel, Chunk *last)
{
    Chunk *first = last->next;
    last->next = wheel->free;
    wheel->free = first;
}
