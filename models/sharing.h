/*
 * sharing.h - processor sharing: all jobs are served at once.
 *
 * With n jobs and c servers each job runs at the speed min(1, c / n) x speed (M/G/1-PS for c = 1:
 * mean sojourn E[S] / (1 - rho) for any law of S).  A virtual clock that runs at that speed turns
 * every job's end into a fixed number, so an arrival moves no other job; a heap holds the ends.
 *
 * The owner asks for the time of the next end after each change and comes back then.  O(log n).
 */
#pragma once

#include "sim/arena.h"

typedef struct Sharing Sharing;

Sharing *sharing_new(SimArena *arena, double servers);
/* work: seconds on one server at speed 1. */
void sharing_arrive(Sharing *sharing, SimTime now, uint32_t job, double work);
/* When the first job ends if nothing changes; SIM_TIME_MAX: never. */
SimTime sharing_next(const Sharing *sharing, SimTime now);
/* The job that has ended by now, or SIM_NONE; call until it gives SIM_NONE. */
uint32_t sharing_finish(Sharing *sharing, SimTime now);
/* A job goes away unfinished (its client aborts).  O(n). */
void sharing_leave(Sharing *sharing, SimTime now, uint32_t job);
/* speed >= 0: 0 stops all. */
void sharing_speed_set(Sharing *sharing, SimTime now, double servers, double speed);
uint32_t sharing_jobs(const Sharing *sharing);
void sharing_verify(const Sharing *sharing);
