/*
 * station.h - servers and a waiting room, job by job: the queue of the request plane.
 *
 * A station decides who is served next; it owns neither clock nor event list.  Its owner tells it
 * of arrivals and of servers that become free, draws service times and comes back when they are
 * over.  Jobs are rows of the owner's array, named by index, and linked through their own rows, so
 * that nothing is allocated and a station is a few words (a PoP may have thousands).
 *
 * Disciplines
 *   fifo            the oldest first
 *   lifo            the newest first
 *   adaptive-lifo   the oldest first while the room was empty within the last `interval`, the
 *                   newest first in a standing queue
 *   codel           oldest first; what has waited longer than `target` in a standing queue, else
 *                   longer than `interval`, is dropped when its turn comes (controlled delay for
 *                   servers, "Fail at Scale", 2015: 5 ms and 100 ms)
 *   sharing         all jobs at once, each at an equal share of the servers (sharing.h): no job
 *                   waits, `busy` may exceed `servers`, and those beyond count as the queue
 *
 * A standing queue: now - `emptied` > interval.  `emptied` is the last instant at which the room
 * was empty, which is when the first of an unbroken line of waiting jobs came; a room that is
 * emptied and entered at the same instant was empty then.  The rule is asked when a job's turn
 * comes, with the room as it is then, not when the job arrives.
 *
 * Further rules: at most `queue` jobs wait; a job that comes when `limit` are in hand, waiting or
 * served, is refused (a limit that limiter.h moves; lowering it sends nobody away); with `cancel`
 * a job whose deadline has come is not served; with `expected` > 0 neither is one that has less
 * than that left until its deadline (deadline propagation).  Such a job is refused on arrival or
 * dropped when its turn comes, whichever finds it out.  Until then it keeps its place, unless its
 * owner calls station_leave.
 *
 * While a server is idle and somebody waits the owner owes calls of station_take; who arrives then
 * waits too.  All is O(1), take and drop_all for each job that they take or drop.
 */
#pragma once

#include "sim/arena.h"

typedef struct StationJob {
    SimTime arrived;     /* set by station_arrive */
    SimTime deadline;    /* its caller gives up then; SIM_TIME_MAX: never; not negative */
    uint32_t next, prev; /* in the waiting room, or `next` in a chain; SIM_NONE: the end, neither */
} StationJob;

typedef enum StationDiscipline {
    STATION_FIFO,
    STATION_LIFO,
    STATION_ADAPTIVE_LIFO,
    STATION_CODEL,
    STATION_SHARING
} StationDiscipline;

typedef struct StationRule { /* shared by stations of a kind */
    StationDiscipline discipline;
    double queue; /* places to wait; < 0: any number */
    bool cancel;
    SimTime expected;         /* service that must fit before the deadline; 0: not asked */
    SimTime target, interval; /* of codel and adaptive-lifo; 0: 5 ms and 100 ms */
} StationRule;

typedef struct Station {
    const StationRule *rule;
    uint32_t servers, busy;
    uint32_t waiting, first, last; /* the room: oldest first */
    uint32_t limit;                /* jobs in hand at most; UINT32_MAX: no limit */
    SimTime emptied;               /* when the room was last empty; since when, while it is */
} Station;

typedef enum StationAnswer { STATION_START, STATION_WAIT, STATION_REFUSE } StationAnswer;

void station_init(Station *station, const StationRule *rule, uint32_t servers);
/* A job comes.  START: a server has taken it, and the owner draws its service. */
StationAnswer station_arrive(Station *station, StationJob *jobs, uint32_t job, SimTime now);
/* A server is done with its job. */
void station_release(Station *station);
/*
 * The next job that an idle server takes now, or SIM_NONE: call after a release or after more
 * servers until it gives SIM_NONE.  Jobs that the rules drop on the way are chained in front of
 * *ret_dropped, SIM_NONE at first, through their `next`.
 */
uint32_t station_take(Station *station, StationJob *jobs, SimTime now, uint32_t *ret_dropped);
/* A job that waits goes away; any other is an error. */
void station_leave(Station *station, StationJob *jobs, uint32_t job, SimTime now);
/* Busy servers finish what they have, also when there are now fewer. */
void station_servers_set(Station *station, uint32_t servers);
/* All that wait go; the chain of them through `next`, oldest first. */
uint32_t station_drop_all(Station *station, StationJob *jobs, SimTime now);
/* The line both ways, its order and its length; O(waiting). */
void station_verify(const Station *station, const StationJob *jobs);
