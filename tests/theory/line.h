/*
 * line.h - one station in motion: Poisson callers, an event loop, and counts of what became of
 * them.
 *
 * Drives station.h, sharing.h and limiter.h as a request plane does: draws arrivals and services
 * from streams of their own, lets callers give up, asks shared servers for their next end after
 * each change, gives the limiter a sample for each call that ended and its limit to the station.
 * A test fills the upper part of a Line, then begins, runs and ends it.
 */
#pragma once

#include "models/limiter.h"
#include "models/sharing.h"
#include "models/station.h"
#include "sim/queue.h"

#include <math.h>

/* One station, its callers, and what became of them. */
typedef struct Line {
    /* What it is like: set by the test, zero is the common case. */
    double arrivals_per_s, service_per_s; /* of one server */
    uint32_t servers;
    StationRule rule;
    bool is_constant;     /* service takes always the same */
    double patience_s;    /* deadline after arrival; 0: none */
    bool patience_varies; /* exponential with that mean */
    bool gives_up;        /* leaves at its deadline: a waiting job, or one of shared servers */
    Limiter *limiter;
    uint32_t jobs_max;
    double *sojourns; /* of all that are served, if it is not NULL */

    SimArena *arena;
    SimQueue *queue;
    Station station;
    Sharing *sharing;
    StationJob *jobs;
    SimEventId *gives_up_at;
    uint32_t *free, n_free;
    SimRng arrival_draws, service_draws, patience_draws;
    SimEventId next_arrival, next_end;
    SimTime now, began;

    double arrived, refused, turned_away, left, dropped, served, in_time;
    double waited, waited_over_1s, wait_s, wait_most_s;
    double waiting_area, in_hand_area; /* job seconds */
    uint32_t in_hand_most;
    double limit_least, limit_most, limit_sum, samples;
} Line;

enum { LINE_ARRIVE, LINE_END, LINE_GIVE_UP, LINE_SHARED_END };

static inline SimTime
line_exponential(SimRng *rng, double mean_s)
{
    return sim_rng_exponential(rng, sim_from_seconds(mean_s));
}

static inline uint32_t
line_in_hand(const Line *line)
{
    return line->station.busy + line->station.waiting;
}

static inline void
line_arrivals_go_on(Line *line)
{
    SimTime gap = line_exponential(&line->arrival_draws, 1 / line->arrivals_per_s);
    line->next_arrival =
        sim_queue_push(line->queue, line->now + gap, (SimEvent){.kind = LINE_ARRIVE});
}

/* A Poisson stream forgets: the next arrival is drawn anew. */
static inline void
line_arrivals_set(Line *line, double arrivals_per_s)
{
    line->arrivals_per_s = arrivals_per_s;
    sim_queue_cancel(line->queue, line->next_arrival);
    line_arrivals_go_on(line);
}

static inline void
line_begin(Line *line, uint32_t replication)
{
    uint32_t n = line->jobs_max > 0 ? line->jobs_max : 4096;
    line->arena = sim_arena_new(0);
    line->queue = sim_queue_new(line->arena, 64);
    line->jobs = SIM_ARENA_NEW(line->arena, StationJob, n);
    line->gives_up_at = SIM_ARENA_NEW(line->arena, SimEventId, n);
    line->free = SIM_ARENA_NEW(line->arena, uint32_t, n);
    for (uint32_t job = n; job-- > 0;)
        line->free[line->n_free++] = job;
    line->arrival_draws = sim_rng_named(1, replication, "arrivals");
    line->service_draws = sim_rng_named(1, replication, "services");
    line->patience_draws = sim_rng_named(1, replication, "patience");
    station_init(&line->station, &line->rule, line->servers);
    if (line->rule.discipline == STATION_SHARING)
        line->sharing = sharing_new(line->arena, line->servers);
    if (line->limiter)
        line->station.limit = limiter_limit(line->limiter);
    line->limit_least = INFINITY;
    line_arrivals_go_on(line);
}

static inline void
line_end(Line *line)
{
    station_verify(&line->station, line->jobs);
    sim_arena_free(line->arena);
}

/* Counts from now on. */
static inline void
line_counts_reset(Line *line)
{
    line->began = line->now;
    line->arrived = line->refused = line->turned_away = line->left = line->dropped = 0;
    line->served = line->in_time = line->waited = line->waited_over_1s = line->wait_s = 0;
    line->wait_most_s = line->waiting_area = line->in_hand_area = 0;
    line->in_hand_most = 0;
    line->limit_least = INFINITY;
    line->limit_most = line->limit_sum = line->samples = 0;
}

static inline void
line_sample(Line *line, SimTime rtt, uint32_t n, bool was_dropped)
{
    if (!line->limiter)
        return;
    limiter_sample(line->limiter,
                   &(LimiterSample){.rtt = rtt, .in_hand = n, .was_dropped = was_dropped});
    double limit = limiter_limit(line->limiter);
    line->station.limit = (uint32_t)limit;
    line->limit_least = fmin(line->limit_least, limit);
    line->limit_most = fmax(line->limit_most, limit);
    line->limit_sum += limit;
    line->samples++;
}

/* Shared servers end a job when the model says so: asked again after each change. */
static inline void
line_shared_end_again(Line *line)
{
    sim_queue_cancel(line->queue, line->next_end);
    SimTime at = sharing_next(line->sharing, line->now);
    line->next_end = at == SIM_TIME_MAX
                         ? 0
                         : sim_queue_push(line->queue, at, (SimEvent){.kind = LINE_SHARED_END});
}

static inline void
line_start(Line *line, uint32_t job)
{
    double wait_s = sim_seconds(line->now - line->jobs[job].arrived);
    line->waited += wait_s > 0;
    line->waited_over_1s += wait_s > 1;
    line->wait_s += wait_s;
    line->wait_most_s = fmax(line->wait_most_s, wait_s);
    double mean_s = 1 / line->service_per_s;
    SimTime service = line->is_constant ? sim_from_seconds(mean_s)
                                        : line_exponential(&line->service_draws, mean_s);
    if (line->sharing) {
        sharing_arrive(line->sharing, line->now, job, sim_seconds(service));
        line_shared_end_again(line);
        return;
    }
    if (line->gives_up)
        sim_queue_cancel(line->queue, line->gives_up_at[job]);
    sim_queue_push(line->queue, line->now + service, (SimEvent){.kind = LINE_END, .actor = job});
}

static inline void
line_take_all(Line *line)
{
    uint32_t job, dropped = SIM_NONE;
    while ((job = station_take(&line->station, line->jobs, line->now, &dropped)) != SIM_NONE)
        line_start(line, job);
    for (; dropped != SIM_NONE; dropped = line->jobs[dropped].next) {
        line->dropped++;
        line->free[line->n_free++] = dropped;
    }
}

static inline SimTime
line_deadline_draw(Line *line)
{
    if (line->patience_s == 0)
        return SIM_TIME_MAX;
    SimTime patience = line->patience_varies
                           ? line_exponential(&line->patience_draws, line->patience_s)
                           : sim_from_seconds(line->patience_s);
    return line->now + patience;
}

static inline void
line_on_arrive(Line *line)
{
    line_arrivals_go_on(line);
    line->arrived++;
    if (line_in_hand(line) >= line->station.limit) {
        line->turned_away++;
        return;
    }
    SIM_ASSERT(line->n_free > 0);
    uint32_t job = line->free[line->n_free - 1];
    SimTime deadline = line->jobs[job].deadline = line_deadline_draw(line);
    StationAnswer answer = station_arrive(&line->station, line->jobs, job, line->now);
    if (answer == STATION_REFUSE) {
        line->refused++;
        line_sample(line, SIM_MILLISECOND, line_in_hand(line) + 1, true);
        return;
    }
    line->n_free--;
    line->in_hand_most = MAX(line->in_hand_most, line_in_hand(line));
    if (line->gives_up)
        line->gives_up_at[job] =
            sim_queue_push(line->queue, deadline, (SimEvent){.kind = LINE_GIVE_UP, .actor = job});
    if (answer == STATION_START)
        line_start(line, job);
}

static inline void
line_on_end(Line *line, uint32_t job)
{
    SimTime sojourn = line->now - line->jobs[job].arrived;
    if (line->sojourns)
        line->sojourns[(uint64_t)line->served] = sim_seconds(sojourn);
    line->served++;
    line->in_time += line->now <= line->jobs[job].deadline;
    line->free[line->n_free++] = job;
    uint32_t n = line_in_hand(line);
    station_release(&line->station);
    line_sample(line, sojourn, n, false);
    line_take_all(line);
}

static inline void
line_on_shared_end(Line *line)
{
    uint32_t job;
    while ((job = sharing_finish(line->sharing, line->now)) != SIM_NONE) {
        if (line->gives_up)
            sim_queue_cancel(line->queue, line->gives_up_at[job]);
        line_on_end(line, job);
    }
    line_shared_end_again(line);
}

static inline void
line_on_give_up(Line *line, uint32_t job)
{
    line->left++;
    line->free[line->n_free++] = job;
    if (!line->sharing) {
        station_leave(&line->station, line->jobs, job, line->now);
        return;
    }
    sharing_leave(line->sharing, line->now, job);
    station_release(&line->station);
    line_shared_end_again(line);
}

static inline void
line_handle(Line *line, SimEvent event)
{
    switch (event.kind) {
    case LINE_ARRIVE:
        line_on_arrive(line);
        return;
    case LINE_END:
        line_on_end(line, event.actor);
        return;
    case LINE_GIVE_UP:
        line_on_give_up(line, event.actor);
        return;
    default:
        line_on_shared_end(line);
        return;
    }
}

static inline void
line_advance(Line *line, SimTime now)
{
    double dt = sim_seconds(now - line->now);
    line->waiting_area += dt * line->station.waiting;
    line->in_hand_area += dt * line_in_hand(line);
    line->now = now;
}

/* Until then, or until so many jobs have come. */
static inline void
line_run(Line *line, SimTime until, double jobs)
{
    SimTime at;
    SimEvent event;
    while (line->arrived < jobs && sim_queue_pop(line->queue, until, &at, &event)) {
        line_advance(line, at);
        line_handle(line, event);
    }
    if (line->arrived < jobs)
        line_advance(line, until);
}

static inline void
line_run_jobs(Line *line, double jobs)
{
    line_begin(line, 0);
    line_run(line, SIM_TIME_MAX, jobs);
}

static inline void
line_run_seconds(Line *line, double seconds)
{
    line_run(line, sim_time_add(line->now, sim_from_seconds(seconds)), INFINITY);
}

static inline double
line_elapsed_s(const Line *line)
{
    return sim_seconds(line->now - line->began);
}
