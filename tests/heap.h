/*
 * heap.h - a plain binary heap in order of (time, key): the oracle that faster
 * event lists are compared with, and the yardstick of the benchmarks.
 */
#pragma once

#include "sim/wheel.h"

typedef struct Heap {
    SimWheelItem *items;
    size_t n;
    size_t capacity;
    uint64_t n_pushed;
} Heap;

static inline bool
heap_is_before(SimWheelItem a, SimWheelItem b)
{
    return a.at < b.at || (a.at == b.at && a.key < b.key);
}

static inline void
heap_push(Heap *heap, SimTime at, uint32_t payload)
{
    if (heap->n == heap->capacity) {
        heap->capacity = MAX(64, 2 * heap->capacity);
        heap->items = g_renew(SimWheelItem, heap->items, heap->capacity);
    }
    SimWheelItem item = {at, ++heap->n_pushed << SIM_WHEEL_PAYLOAD_BITS | payload};
    size_t i = heap->n++;
    for (; i > 0 && heap_is_before(item, heap->items[(i - 1) / 2]); i = (i - 1) / 2)
        heap->items[i] = heap->items[(i - 1) / 2];
    heap->items[i] = item;
}

/* There must be one. */
static inline SimWheelItem
heap_pop(Heap *heap)
{
    SimWheelItem top = heap->items[0], last = heap->items[--heap->n];
    size_t i = 0;
    for (size_t child = 1; child < heap->n; child = 2 * i + 1) {
        child += child + 1 < heap->n && heap_is_before(heap->items[child + 1], heap->items[child]);
        if (!heap_is_before(heap->items[child], last))
            break;
        heap->items[i] = heap->items[child];
        i = child;
    }
    heap->items[i] = last;
    return top;
}

static inline void
heap_finish(Heap *heap)
{
    g_free(heap->items);
}
