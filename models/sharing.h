/*
 * sharing.h - processor sharing: all jobs are served at once.
 *
 * With n jobs and c servers each job runs at the speed min(1, c / n) x speed (M/G/1-PS for c = 1:
 * mean sojourn E[S] / (1 - rho) for any law of S).  A virtual clock that runs at that speed turns
 * every job's end into a fixed number, so an arrival moves no other job; a heap holds the ends.
 *
 * Precision.  Work is rounded to whole nanoseconds; a job ends at the first nanosecond at which
 * the clock has reached its end: not before its work is done and less than a nanosecond after.  The
 * clock is a double that counts nanoseconds and begins again at 0 whenever the last job goes; while
 * nothing is shared (n <= c, speed 1) it is exact, else each event moves it by at most 2^-53 of its
 * reading: 0.3 ns after a month without an idle moment.  When a job ends is worked out in one
 * place, so that sharing_finish finds at the time that sharing_next gave what it gave it for.
 *
 * The owner asks for the time of the next end after each change and comes back then.  Ends are
 * due in order: before anything else changes later than a job's end, sharing_finish must have
 * given that job.  Coming to sharing_finish too late is harmless: ends of the past are worked out
 * one by one, each frees its share at its own time.  Equal ends leave in order of arrival.
 *
 * next and jobs are O(1), leave and verify O(n), the rest O(log n).  Memory comes from the arena
 * and doubles.
 */
#pragma once

#include "sim/arena.h"

typedef struct Sharing Sharing;

/* servers >= 0, any real number; speed 1. */
Sharing *sharing_new(SimArena *arena, double servers);
/* work >= 0: seconds on one server at speed 1. */
void sharing_arrive(Sharing *sharing, SimTime now, uint32_t job, double work);
/* When the first job ends if nothing changes; SIM_TIME_MAX: never. */
SimTime sharing_next(const Sharing *sharing, SimTime now);
/* The job that has ended by now, or SIM_NONE; call until it gives SIM_NONE. */
uint32_t sharing_finish(Sharing *sharing, SimTime now);
/* A job goes away unfinished (its client aborts); one that is not here is an error. */
void sharing_leave(Sharing *sharing, SimTime now, uint32_t job);
/* Both >= 0: 0 stops all. */
void sharing_speed_set(Sharing *sharing, SimTime now, double servers, double speed);
uint32_t sharing_jobs(const Sharing *sharing);
void sharing_verify(const Sharing *sharing);
