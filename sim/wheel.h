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
 *       up to the horizon              beyond it
 *     +-------------------+   +-----------------------------+
 *     | run: sorted once  |   | level 0  |#..#.....|   1 ns |
 *     | late: what was    |   | level 1  |...#..#..| 256 ns |
 *     | pushed into the   |   |   ...                   ... |
 *     | window since      |   | level 7  |.....#...| 2.3 a  |
 *     +-------------------+   +-----------------------------+
 *
 * When the window is spent the first slot is opened.  If it holds few enough
 * items, evenly spread, they are sorted and become the next run; otherwise they
 * are dealt out to the levels below, and the window becomes shorter.  What is
 * pushed into the window afterwards goes to a short sorted array.  When that is
 * full, the whole window goes back into the slots.  While all slots are empty
 * the window has no end: a wheel with few items is that short array alone, which
 * takes 2 KiB and stays in the first-level cache.
 *
 * push and pop together cost 7 to 30 ns from one to a million pending items;
 * looking at the first time costs next to nothing and moves nothing.  At worst
 * an item is moved once a level, and is one of 64 in the array.  Memory comes
 * from the arena in blocks of chunks and is reused; nothing is taken once the
 * wheel has reached its largest size.  At most 2^40 items are pushed in all; more
 * is the end of the run.
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
/* at must not lie before the time of the last item popped; returns the item's sequence number,
 * counted from 1. */
uint64_t sim_wheel_push(SimWheel *wheel, SimTime at, uint32_t payload);
/* The first item, if its time is at most until. */
bool sim_wheel_pop(SimWheel *wheel, SimTime until, SimWheelItem *ret);
/* The time of the first item; SIM_TIME_MAX when the wheel is empty. */
SimTime sim_wheel_next(const SimWheel *wheel);
/* The first item, which stays.  Searches a slot when the window is spent: costs O(n) at worst. */
bool sim_wheel_first(const SimWheel *wheel, SimWheelItem *ret);
/* The payload of an item that will probably leave after n others, for a prefetch; or SIM_NONE. */
uint32_t sim_wheel_ahead(const SimWheel *wheel, uint32_t n);
/* Takes out all items that is_stale; O(n). */
void sim_wheel_sweep(SimWheel *wheel, bool (*is_stale)(const void *context, SimWheelItem item),
                     const void *context);
uint64_t sim_wheel_size(const SimWheel *wheel);
/* Order, slots and counts; O(n). */
void sim_wheel_verify(const SimWheel *wheel);
