#include "sim/queue.h"

#include "sim/wheel.h"

#include <string.h>

#define CAPACITY_DEFAULT 256u
#define CAPACITY_MAX (SIM_WHEEL_PAYLOAD_MAX + 1)
#define DEAD_MIN 64u  /* fewer dead keys are left where they are */
#define FETCH_AHEAD 4 /* events */

typedef struct Slot {
    SimEvent event;
    uint64_t key; /* of the event in it; 0 when the slot is free and next_free chains it */
    uint32_t next_free;
} Slot;

/* The keys in the wheel that agree with their slot are alive; the others are dead. */
struct SimQueue {
    SimWheel *wheel;
    Slot *slots;
    uint32_t capacity;
    uint32_t n_slots; /* slots ever used */
    uint32_t free_slot;
    uint32_t n_live;
    SimArena *arena;
};

static uint32_t
slot_of(uint64_t key)
{
    return (uint32_t)key & SIM_WHEEL_PAYLOAD_MAX;
}

SimQueue *
sim_queue_new(SimArena *arena, uint32_t capacity)
{
    SimQueue *queue = SIM_ARENA_NEW(arena, SimQueue, 1);
    SIM_ASSERT(capacity <= CAPACITY_MAX);
    queue->arena = arena;
    queue->capacity = capacity > 0 ? capacity : CAPACITY_DEFAULT;
    queue->wheel = sim_wheel_new(arena);
    sim_wheel_reserve(queue->wheel, queue->capacity);
    queue->slots = SIM_ARENA_NEW(arena, Slot, queue->capacity);
    queue->free_slot = SIM_NONE;
    return queue;
}

/* The old slots stay behind in the arena: together they are smaller than the new ones. */
static void
grow(SimQueue *queue)
{
    if (queue->capacity > CAPACITY_MAX / 2)
        sim_fail(__FILE__, __LINE__, "the event list is full: %u events are pending",
                 queue->capacity);
    Slot *slots = SIM_ARENA_NEW(queue->arena, Slot, 2 * (size_t)queue->capacity);
    memcpy(slots, queue->slots, queue->n_slots * sizeof *slots);
    queue->slots = slots;
    queue->capacity *= 2;
}

static uint32_t
take_slot(SimQueue *queue)
{
    uint32_t slot = queue->free_slot;
    queue->n_live++;
    if (slot != SIM_NONE) {
        queue->free_slot = queue->slots[slot].next_free;
        return slot;
    }
    if (queue->n_slots == queue->capacity)
        grow(queue);
    return queue->n_slots++;
}

static void
free_slot(SimQueue *queue, uint32_t slot)
{
    queue->n_live--;
    queue->slots[slot].key = 0;
    queue->slots[slot].next_free = queue->free_slot;
    queue->free_slot = slot;
}

SimEventId
sim_queue_push(SimQueue *queue, SimTime at, SimEvent event)
{
    uint32_t slot = take_slot(queue);
    uint64_t sequence = sim_wheel_push(queue->wheel, at, slot);
    queue->slots[slot].event = event;
    queue->slots[slot].key = sequence << SIM_WHEEL_PAYLOAD_BITS | slot;
    return queue->slots[slot].key;
}

static bool
is_dead(const SimQueue *queue, uint64_t key)
{
    return queue->slots[slot_of(key)].key != key;
}

bool
sim_queue_pop(SimQueue *queue, SimTime until, SimTime *ret_at, SimEvent *ret_event)
{
    SimWheelItem item;
    if (queue->n_live == 0)
        return false;
    do {
        if (!sim_wheel_pop(queue->wheel, until, &item))
            return false;
    } while (is_dead(queue, item.key));
    *ret_at = item.at;
    *ret_event = queue->slots[slot_of(item.key)].event;
    free_slot(queue, slot_of(item.key));
    /* Slots of the next events are fetched while this one is handled. */
    uint32_t ahead = sim_wheel_ahead(queue->wheel, FETCH_AHEAD);
    if (ahead < queue->n_slots)
        __builtin_prefetch(&queue->slots[ahead]);
    return true;
}

static bool
is_stale(const void *queue, SimWheelItem item)
{
    return is_dead(queue, item.key);
}

bool
sim_queue_peek(const SimQueue *queue, SimTime *ret_at)
{
    SimWheelItem first;
    if (queue->n_live == 0)
        return false;
    if (sim_wheel_size(queue->wheel) > queue->n_live && sim_wheel_first(queue->wheel, &first) &&
        is_dead(queue, first.key))
        sim_wheel_sweep(queue->wheel, is_stale, queue);
    *ret_at = sim_wheel_next(queue->wheel);
    return true;
}

bool
sim_queue_is_pending(const SimQueue *queue, SimEventId id)
{
    return id != 0 && slot_of(id) < queue->n_slots && !is_dead(queue, id);
}

bool
sim_queue_cancel(SimQueue *queue, SimEventId id)
{
    if (!sim_queue_is_pending(queue, id))
        return false;
    free_slot(queue, slot_of(id));
    uint64_t n_dead = sim_wheel_size(queue->wheel) - queue->n_live;
    if (n_dead > DEAD_MIN && n_dead > queue->n_live)
        sim_wheel_sweep(queue->wheel, is_stale, queue);
    return true;
}

uint32_t
sim_queue_size(const SimQueue *queue)
{
    return queue->n_live;
}

typedef struct Census {
    const SimQueue *queue;
    uint32_t n_live;
} Census;

/* For a sweep that takes nothing out. */
static bool
count_living(const void *context, SimWheelItem item)
{
    Census *census = (Census *)context;
    SIM_ASSERT(slot_of(item.key) < census->queue->n_slots);
    census->n_live += !is_dead(census->queue, item.key);
    return false;
}

void
sim_queue_verify(const SimQueue *queue)
{
    Census census = {queue, 0};
    uint32_t n_live = 0, n_free = 0;
    SIM_ASSERT(queue->n_slots <= queue->capacity);
    for (uint32_t i = 0; i < queue->n_slots; i++) {
        uint64_t key = queue->slots[i].key;
        SIM_ASSERT(key == 0 || slot_of(key) == i);
        n_live += key != 0;
    }
    for (uint32_t i = queue->free_slot; i != SIM_NONE; i = queue->slots[i].next_free)
        n_free++;
    SIM_ASSERT(n_live == queue->n_live && n_live + n_free == queue->n_slots);
    sim_wheel_verify(queue->wheel);
    sim_wheel_sweep(queue->wheel, count_living, &census);
    SIM_ASSERT(census.n_live == n_live);
}
