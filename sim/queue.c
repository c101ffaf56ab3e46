#include "sim/queue.h"

#include <string.h>

#define CAPACITY_DEFAULT 256u
#define CAPACITY_MAX (UINT32_C(1) << 31)

typedef struct Key {
    SimTime at;
    uint64_t sequence;
    uint32_t slot;
} Key;

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
    Key *heap;
    Slot *slots;
    uint32_t capacity; /* of both arrays */
    uint32_t n_keys;
    uint32_t n_dead;
    uint32_t n_slots; /* slots ever used */
    uint32_t free_slot;
    uint64_t sequence;
};

static bool
is_before(const Key *a, const Key *b)
{
    return a->at < b->at || (a->at == b->at && a->sequence < b->sequence);
}

static void
sift_up(Key *heap, uint32_t i, Key key)
{
    while (i > 0) {
        uint32_t parent = (i - 1) / 4;
        if (!is_before(&key, &heap[parent]))
            break;
        heap[i] = heap[parent];
        i = parent;
    }
    heap[i] = key;
}

static uint32_t
first_child(const Key *heap, uint32_t child, uint32_t n)
{
    uint32_t first = child;
    uint32_t end = MIN(child + 4, n);
    for (uint32_t i = child + 1; i < end; i++)
        if (is_before(&heap[i], &heap[first]))
            first = i;
    return first;
}

static void
sift_down(Key *heap, uint32_t i, uint32_t n, Key key)
{
    for (uint64_t child = 4 * (uint64_t)i + 1; child < n; child = 4 * (uint64_t)i + 1) {
        uint32_t first = first_child(heap, (uint32_t)child, n);
        if (!is_before(&heap[first], &key))
            break;
        heap[i] = heap[first];
        i = first;
    }
    heap[i] = key;
}

SimQueue *
sim_queue_new(SimArena *arena, uint32_t capacity)
{
    SimQueue *queue = SIM_ARENA_NEW(arena, SimQueue, 1);
    queue->arena = arena;
    queue->capacity = capacity > 0 ? capacity : CAPACITY_DEFAULT;
    queue->heap = SIM_ARENA_NEW(arena, Key, queue->capacity);
    queue->slots = SIM_ARENA_NEW(arena, Slot, queue->capacity);
    queue->free_slot = SIM_NONE;
    return queue;
}

/* The old arrays stay behind in the arena: together they are smaller than the new ones. */
static void
grow(SimQueue *queue)
{
    SIM_ASSERT(queue->capacity <= CAPACITY_MAX / 2);
    Key *heap = SIM_ARENA_NEW(queue->arena, Key, 2 * (size_t)queue->capacity);
    Slot *slots = SIM_ARENA_NEW(queue->arena, Slot, 2 * (size_t)queue->capacity);
    memcpy(heap, queue->heap, queue->n_keys * sizeof *heap);
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
    sift_up(queue->heap, queue->n_keys++, (Key){at, queue->sequence++, slot});
    return (uint64_t)queue->slots[slot].generation << 32 | slot;
}

static void
remove_top(SimQueue *queue)
{
    free_slot(queue, queue->heap[0].slot);
    queue->n_keys--;
    if (queue->n_keys > 0)
        sift_down(queue->heap, 0, queue->n_keys, queue->heap[queue->n_keys]);
}

/* Keeps the top alive, so that peek needs no search. */
static void
drop_dead_top(SimQueue *queue)
{
    while (queue->n_keys > 0 && queue->slots[queue->heap[0].slot].state == DEAD) {
        remove_top(queue);
        queue->n_dead--;
    }
}

bool
sim_queue_pop(SimQueue *queue, SimTime until, SimTime *ret_at, SimEvent *ret_event)
{
    if (queue->n_keys == 0 || queue->heap[0].at > until)
        return false;
    *ret_at = queue->heap[0].at;
    *ret_event = queue->slots[queue->heap[0].slot].event;
    remove_top(queue);
    if (queue->n_dead > 0)
        drop_dead_top(queue);
    return true;
}

bool
sim_queue_peek(const SimQueue *queue, SimTime *ret_at)
{
    if (queue->n_keys == 0)
        return false;
    *ret_at = queue->heap[0].at;
    return true;
}

/* Rebuilds the heap from the living.  The order of keys is total, so this moves no event. */
static void
compact(SimQueue *queue)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < queue->n_keys; i++) {
        if (queue->slots[queue->heap[i].slot].state == LIVE)
            queue->heap[n++] = queue->heap[i];
        else
            free_slot(queue, queue->heap[i].slot);
    }
    queue->n_keys = n;
    queue->n_dead = 0;
    for (uint32_t i = n / 4 + 1; i-- > 0;)
        if (i < n)
            sift_down(queue->heap, i, n, queue->heap[i]);
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
        const Key *key = &queue->heap[i];
        SIM_ASSERT(key->slot < queue->n_slots);
        SIM_ASSERT(queue->slots[key->slot].state != FREE);
        SIM_ASSERT(i == 0 || is_before(&queue->heap[(i - 1) / 4], key));
        n_dead += queue->slots[key->slot].state == DEAD;
    }
    SIM_ASSERT(n_dead == queue->n_dead);
    SIM_ASSERT(queue->n_keys == 0 || queue->slots[queue->heap[0].slot].state == LIVE);
}
