/*
 * wheel.h - a fast event list: items {time, sequence, payload} leave in order of
 * (time, sequence).
 *
 * The sequence number is given at push, so items of equal time leave first in,
 * first out, however the wheel is laid out.  There is no cancel: whoever cancels
 * lets the payload's owner see that the item is stale (see queue.h, which does
 * that for the run's events).
 *
 * A radix wheel over 64-bit ticks of one nanosecond.  Eight levels of 256 slots:
 * an item lies in the level of the highest byte in which its time differs from
 * the wheel's current time, in the slot of that byte's value.  So the wheel
 * scales itself and has no width to tune.  Bitmaps find the next occupied slot;
 * a slot is a list of chunks that are only appended to.
 *
 *     times  <= horizon            > horizon
 *     +-----------------+   +---------------------------------+
 *     | run: an array   |   | level 0 |#..#.....|   one tick  |
 *     | sorted once     |   | level 1 |...#..#..|    256 ns   |
 *     | heap: came late |   |   ...                    ...    |
 *     +-----------------+   | level 7 |.....#...| 2.3 years   |
 *         the window        +---------------------------------+
 *
 * When the window is spent the first slot is opened.  If it holds few enough
 * items, evenly spread, they are sorted and become the next run; otherwise they
 * are dealt out to the levels below, which shorten the window.  What is pushed
 * into the window afterwards goes to a small heap beside the run.  When that
 * heap fills, window and heap go back into the slots.  While all slots are
 * empty the window has no end, and so a wheel with few items is that small heap
 * alone, and takes no other memory.
 *
 * push and pop together cost 10 to 30 ns from one to a million pending items.
 * The worst case of an item is one move a level, eight in all.  Memory comes from
 * the arena in blocks of chunks and is reused; nothing is taken once the wheel
 * has reached its largest size.  At most 2^40 items are pushed in all; more is
 * the end of the run.
 */
#pragma once

#include "sim/arena.h"

#define SIM_WHEEL_PAYLOAD_BITS 24
#define SIM_WHEEL_PAYLOAD_MAX ((UINT32_C(1) << SIM_WHEEL_PAYLOAD_BITS) - 1)

typedef struct SimWheelItem {
    SimTime at;
    uint64_t key; /* sequence << SIM_WHEEL_PAYLOAD_BITS | payload */
} SimWheelItem;

typedef struct SimWheel SimWheel;

SimWheel *sim_wheel_new(SimArena *arena);
/* Takes memory for about n pending items now. */
void sim_wheel_reserve(SimWheel *wheel, uint32_t n);
/* Returns the item's sequence number, counted from 1.  at may lie before the last item popped; a
 * wheel much used in this way falls back to the speed of a heap. */
uint64_t sim_wheel_push(SimWheel *wheel, SimTime at, uint32_t payload);
/* The first item, if its time is at most until. */
bool sim_wheel_pop(SimWheel *wheel, SimTime until, SimWheelItem *ret);
/* The time of the first item; SIM_TIME_MAX when the wheel is empty. */
SimTime sim_wheel_next(const SimWheel *wheel);
/* The first item, which stays.  This opens its slot: when nothing but the time is wanted,
 * sim_wheel_next leaves the wheel in better order for earlier items to come. */
bool sim_wheel_first(const SimWheel *wheel, SimWheelItem *ret);
/* The payload of an item that will probably leave after n others, for a prefetch; or SIM_NONE. */
uint32_t sim_wheel_ahead(const SimWheel *wheel, uint32_t n);
/* Takes out all items that is_stale; O(n). */
void sim_wheel_sweep(SimWheel *wheel, bool (*is_stale)(const void *context, SimWheelItem item),
                     const void *context);
uint64_t sim_wheel_size(const SimWheel *wheel);
/* Order, slots and counts; O(n). */
void sim_wheel_verify(const SimWheel *wheel);
