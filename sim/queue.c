#include "sim/queue.h"

#include <string.h>

#define CAPACITY_DEFAULT 256u
#define SLOT_BITS 24
#define CAPACITY_MAX (UINT32_C(1) << SLOT_BITS)
#define SEQUENCE_MAX (UINT64_C(1) << (64 - SLOT_BITS))

/*
 * A key is one number of 128 bits: the time with its sign flipped, the sequence
 * number, the slot.  Numbers compare without branches, and a fixed-size key of
 * 16 bytes puts the four children of a node into one line of cache, because the
 * root stands at the end of the first line.  No two sequence numbers are equal,
 * so the slot decides nothing.
 */
__extension__ typedef unsigned __int128 Key;

#define ROOT 3u

/* A slot is dead from the cancelling of its event until its key leaves the heap; then it is free
 * and next_free chains it. */
typedef enum SlotState { FREE, LIVE, DEAD } SlotState;

typedef struct Slot {
    SimEvent event;
    uint32_t generation; /* counts up when the slot is taken; never 0 while it is in use */
    SlotState state;
    uint32_t next_free;
} Slot;

struct SimQueue {
    SimArena *arena;
    Key *heap; /* from ROOT on */
    Slot *slots;
    uint32_t capacity; /* of both arrays, without the places before ROOT */
    uint32_t n_keys;
    uint32_t n_dead;
    uint32_t n_slots; /* slots ever used */
    uint32_t free_slot;
    uint64_t sequence;
};

static Key
key_of(SimTime at, uint64_t sequence, uint32_t slot)
{
    uint64_t time = (uint64_t)at ^ (UINT64_C(1) << 63);
    return (Key)time << 64 | sequence << SLOT_BITS | slot;
}

static SimTime
key_time(Key key)
{
    return (SimTime)((uint64_t)(key >> 64) ^ (UINT64_C(1) << 63));
}

static uint32_t
key_slot(Key key)
{
    return (uint32_t)key & (CAPACITY_MAX - 1);
}

/* With the root at 3, the children of i lie at 4 (i - 2) .. 4 (i - 2) + 3: a whole line. */
static uint32_t
parent_of(uint32_t i)
{
    return i / 4 + 2;
}

static uint64_t
children_of(uint32_t i)
{
    return 4 * ((uint64_t)i - 2);
}

static void
sift_up(Key *heap, uint32_t i, Key key)
{
    while (i > ROOT && key < heap[parent_of(i)]) {
        heap[i] = heap[parent_of(i)];
        i = parent_of(i);
    }
    heap[i] = key;
}

/* The place of the least of four keys side by side. */
static uint32_t
least_of_four(const Key *heap, uint32_t child)
{
    uint32_t left = child + (heap[child + 1] < heap[child]);
    uint32_t right = child + 2 + (heap[child + 3] < heap[child + 2]);
    return heap[right] < heap[left] ? right : left;
}

/* Puts key where a hole at i leads: the hole sinks to a leaf, then the key rises.  A key that comes
 * from the end of the heap mostly belongs there, and the way down needs no comparison with it. */
static void
sift_down(Key *heap, uint32_t i, uint32_t end, Key key)
{
    uint32_t top = i;
    uint64_t child = children_of(i);
    for (; child + 4 <= end; child = children_of(i)) {
        uint32_t least = least_of_four(heap, (uint32_t)child);
        heap[i] = heap[least];
        i = least;
    }
    if (child < end) {
        uint32_t least = (uint32_t)child;
        for (uint32_t j = least + 1; j < end; j++)
            least = heap[j] < heap[least] ? j : least;
        heap[i] = heap[least];
        i = least;
    }
    while (i > top && key < heap[parent_of(i)]) {
        heap[i] = heap[parent_of(i)];
        i = parent_of(i);
    }
    heap[i] = key;
}

SimQueue *
sim_queue_new(SimArena *arena, uint32_t capacity)
{
    SimQueue *queue = SIM_ARENA_NEW(arena, SimQueue, 1);
    queue->arena = arena;
    SIM_ASSERT(capacity <= CAPACITY_MAX);
    queue->capacity = capacity > 0 ? capacity : CAPACITY_DEFAULT;
    queue->heap = SIM_ARENA_NEW(arena, Key, (size_t)queue->capacity + ROOT);
    queue->slots = SIM_ARENA_NEW(arena, Slot, queue->capacity);
    queue->free_slot = SIM_NONE;
    return queue;
}

/* The old arrays stay behind in the arena: together they are smaller than the new ones. */
static void
grow(SimQueue *queue)
{
    if (queue->capacity > CAPACITY_MAX / 2)
        sim_fail(__FILE__, __LINE__, "the event list is full: %u events are pending",
                 queue->capacity);
    Key *heap = SIM_ARENA_NEW(queue->arena, Key, 2 * (size_t)queue->capacity + ROOT);
    Slot *slots = SIM_ARENA_NEW(queue->arena, Slot, 2 * (size_t)queue->capacity);
    memcpy(heap + ROOT, queue->heap + ROOT, queue->n_keys * sizeof *heap);
    memcpy(slots, queue->slots, queue->n_slots * sizeof *slots);
    queue->heap = heap;
    queue->slots = slots;
    queue->capacity *= 2;
}

static uint32_t
take_slot(SimQueue *queue)
{
    uint32_t slot = queue->free_slot;
    if (slot == SIM_NONE)
        slot = queue->n_slots++;
    else
        queue->free_slot = queue->slots[slot].next_free;
    Slot *taken = &queue->slots[slot];
    taken->state = LIVE;
    taken->generation += taken->generation == UINT32_MAX ? 2 : 1; /* skips 0 when it wraps */
    return slot;
}

static void
free_slot(SimQueue *queue, uint32_t slot)
{
    queue->slots[slot].state = FREE;
    queue->slots[slot].next_free = queue->free_slot;
    queue->free_slot = slot;
}

SimEventId
sim_queue_push(SimQueue *queue, SimTime at, SimEvent event)
{
    if (queue->n_keys == queue->capacity)
        grow(queue);
    uint32_t slot = take_slot(queue);
    queue->slots[slot].event = event;
    SIM_ASSERT(queue->sequence < SEQUENCE_MAX);
    sift_up(queue->heap, ROOT + queue->n_keys++, key_of(at, queue->sequence++, slot));
    return (uint64_t)queue->slots[slot].generation << 32 | slot;
}

static void
remove_top(SimQueue *queue)
{
    free_slot(queue, key_slot(queue->heap[ROOT]));
    queue->n_keys--;
    if (queue->n_keys > 0)
        sift_down(queue->heap, ROOT, ROOT + queue->n_keys, queue->heap[ROOT + queue->n_keys]);
}

/* Keeps the top alive, so that peek needs no search. */
static void
drop_dead_top(SimQueue *queue)
{
    while (queue->n_keys > 0 && queue->slots[key_slot(queue->heap[ROOT])].state == DEAD) {
        remove_top(queue);
        queue->n_dead--;
    }
}

bool
sim_queue_pop(SimQueue *queue, SimTime until, SimTime *ret_at, SimEvent *ret_event)
{
    if (queue->n_keys == 0 || key_time(queue->heap[ROOT]) > until)
        return false;
    *ret_at = key_time(queue->heap[ROOT]);
    *ret_event = queue->slots[key_slot(queue->heap[ROOT])].event;
    remove_top(queue);
    if (queue->n_dead > 0)
        drop_dead_top(queue);
    /* The next event is fetched while this one is handled.  (With nothing left, slot 0 is.) */
    __builtin_prefetch(&queue->slots[key_slot(queue->heap[ROOT])]);
    return true;
}

bool
sim_queue_peek(const SimQueue *queue, SimTime *ret_at)
{
    if (queue->n_keys == 0)
        return false;
    *ret_at = key_time(queue->heap[ROOT]);
    return true;
}

/* Rebuilds the heap from the living.  The order of keys is total, so this moves no event. */
static void
compact(SimQueue *queue)
{
    uint32_t end = ROOT;
    for (uint32_t i = ROOT; i < ROOT + queue->n_keys; i++) {
        uint32_t slot = key_slot(queue->heap[i]);
        if (queue->slots[slot].state == LIVE)
            queue->heap[end++] = queue->heap[i];
        else
            free_slot(queue, slot);
    }
    queue->n_keys = end - ROOT;
    queue->n_dead = 0;
    if (queue->n_keys > 1)
        for (uint32_t i = parent_of(end - 1); i >= ROOT; i--)
            sift_down(queue->heap, i, end, queue->heap[i]);
}

bool
sim_queue_is_pending(const SimQueue *queue, SimEventId id)
{
    uint32_t slot = (uint32_t)id;
    return slot < queue->n_slots && queue->slots[slot].state == LIVE &&
           queue->slots[slot].generation == id >> 32;
}

bool
sim_queue_cancel(SimQueue *queue, SimEventId id)
{
    if (!sim_queue_is_pending(queue, id))
        return false;
    queue->slots[(uint32_t)id].state = DEAD;
    queue->n_dead++;
    drop_dead_top(queue);
    if (queue->n_dead > 64 && queue->n_dead > queue->n_keys / 2)
        compact(queue);
    return true;
}

uint32_t
sim_queue_size(const SimQueue *queue)
{
    return queue->n_keys - queue->n_dead;
}

void
sim_queue_verify(const SimQueue *queue)
{
    uint32_t n_dead = 0;
    SIM_ASSERT(queue->n_keys <= queue->n_slots && queue->n_slots <= queue->capacity);
    for (uint32_t i = 0; i < queue->n_keys; i++) {
        Key key = queue->heap[ROOT + i];
        SIM_ASSERT(key_slot(key) < queue->n_slots);
        SIM_ASSERT(queue->slots[key_slot(key)].state != FREE);
        SIM_ASSERT(i == 0 || queue->heap[parent_of(ROOT + i)] < key);
        n_dead += queue->slots[key_slot(key)].state == DEAD;
    }
    SIM_ASSERT(n_dead == queue->n_dead);
    SIM_ASSERT(queue->n_keys == 0 || queue->slots[key_slot(queue->heap[ROOT])].state == LIVE);
}
