/*
 * wheel.h - a fast event list: items {time, sequence, payload} leave in order of
 * (time, sequence).
 *
 * A radix wheel over 64-bit ticks of one nanosecond.  Eight levels of 256 slots: an item lies in
 * the level of the highest byte in which its time differs from the wheel's current time, in the
 * slot of that byte's value.  So the wheel scales itself and has no width to tune.  Bitmaps find
 * the next occupied slot; a slot is a list of chunks that are only appended to; the slot about
 * to run is sorted once, and what is pushed into the window that is running goes to a small heap
 * beside it.
 *
 * The sequence number is given at push, so items of equal time leave first in, first out, however
 * the wheel is laid out.  There is no cancel: whoever cancels lets the payload's owner see that
 * the item is stale (see queue.h, which does that for the run's events).
 *
 * push and pop cost about 20 to 30 ns each way from a thousand to a million pending items.  Memory
 * comes from the arena in blocks of chunks and is reused; nothing is taken once the wheel has
 * reached its largest size.
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
/* at must not lie before the time of the last item popped; returns the item's sequence number,
 * counted from 1. */
uint64_t sim_wheel_push(SimWheel *wheel, SimTime at, uint32_t payload);
/* The first item, if its time is at most until. */
bool sim_wheel_pop(SimWheel *wheel, SimTime until, SimWheelItem *ret);
/* The time of the first item; SIM_TIME_MAX when the wheel is empty. */
SimTime sim_wheel_next(SimWheel *wheel);
uint64_t sim_wheel_size(const SimWheel *wheel);
/* Order, slots and counts; O(n). */
void sim_wheel_verify(const SimWheel *wheel);
