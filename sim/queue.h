/*
 * queue.h - the future event list.
 *
 * Events leave in order of (time, sequence number).  The sequence number is
 * given at push, so events of equal time leave first in, first out, and no
 * order ever depends on an address, a hash or how events are stored.  Time
 * does not run backwards: nothing is pushed before an event that has left, nor
 * before a time that pop was asked about.
 *
 * A wheel (wheel.h) orders 16-byte keys; the events stand in slots that do not
 * move.  An id is the key, sequence number and slot in one, and is never given
 * twice, so it outlives its event harmlessly: cancelling it is refused.  A
 * cancelled event leaves its slot at once and its key behind, which no longer
 * agrees with the slot and is dropped when it is met, or when such keys
 * outnumber the living.
 *
 * push, pop and cancel cost O(1) amortised, some 20 to 60 ns up to a million
 * events.  peek does too, unless events were cancelled since: then it may have
 * to look through all.
 * Memory comes from the arena and doubles; nothing is taken once the queue has
 * reached its largest size.  At most 2^24 events are pending at a time and 2^40
 * pushed in all; more is the end of the run.
 */
#pragma once

#include "sim/arena.h"

/* kind and flags belong to the run and its models; actor is the index of an entity. */
typedef struct SimEvent {
    uint16_t kind;
    uint16_t flags;
    uint32_t actor;
    uint64_t arg;
} SimEvent;

/* 0 is never the id of an event. */
typedef uint64_t SimEventId;

typedef struct SimQueue SimQueue;

/* capacity: how many pending events to have room for at first; 0 for a small default. */
SimQueue *sim_queue_new(SimArena *arena, uint32_t capacity);
SimEventId sim_queue_push(SimQueue *queue, SimTime at, SimEvent event);
/* The first event, if its time is at most until. */
bool sim_queue_pop(SimQueue *queue, SimTime until, SimTime *ret_at, SimEvent *ret_event);
bool sim_queue_peek(const SimQueue *queue, SimTime *ret_at);
/* False when the event has left or was cancelled already. */
bool sim_queue_cancel(SimQueue *queue, SimEventId id);
bool sim_queue_is_pending(const SimQueue *queue, SimEventId id);
uint32_t sim_queue_size(const SimQueue *queue);
/* The wheel, slots against keys, and the count of the living; O(n). */
void sim_queue_verify(const SimQueue *queue);
