/*
 * flow_station.h - one queue of the flow plane: cumulative curves.
 *
 * Traffic is a set of streams; a call of stream i brings work[i] (server
 * seconds) and its caller gives up timeout[i] after arriving.  The station is
 * the pair of curves A(t), admitted work, and S(t), started work (Newell).
 * Between steps A is piecewise linear and kept as segments {window of arrival,
 * amount by stream}, back to the oldest work that still waits; S is a position
 * in them.  Everything is read off the two curves:
 *
 *   FIFO     work at the head is the oldest; a call that arrived at u is started
 *            in time iff S reaches A(u) by u + timeout; the crossing of two
 *            straight lines is solved inside a step, not rounded to it;
 *   LIFO     new arrivals first, then waiting work from newest to oldest;
 *   time-out a caller who gives up is counted at that moment; its work stays in
 *            the queue and is served in vain, unless `cancel`, which skips
 *            what would time out before the step is over;
 *   limit    what would wait beyond `queue` calls is refused;
 *   codel    FIFO, in which a call may wait 100 ms, or 5 ms once the queue has stood for
 *            longer than 100 ms: what would wait longer is refused as it comes, by the
 *            capacity of the step.  While there is none nobody is; those who have waited
 *            longer when it is back are dropped then, and refused.
 *
 * LIFO that is adaptive (FIFO while no queue stands) is LIFO here: without a queue
 * the order is the same.
 *
 * A step is two calls, so that retries of what timed out can join the arrivals
 * of the same step (they arrive in the very window in which the time-outs fell):
 * flow_station_drain, then flow_station_admit.
 *
 * Conservation, checked by verify: per stream, admitted = started in time +
 * timed out + dropped + in hand.  At most 64 segments; when full, the two
 * neighbours whose joining loses least (both expired, else smallest width over
 * age) become one.  A drain costs O(segments touched x streams).
 *
 * Left out: the spread of service times (the fluid has none; calm stations use
 * erlang.h), priorities, and, with `cancel`, the dropping of a segment's work
 * before all its streams have timed out.
 */
#pragma once

#include "sim/arena.h"
#include "sim/base.h"

enum { FLOW_SEGMENTS_MAX = 64, FLOW_TIMEOUTS_MAX = 8 };

typedef struct FlowStationOptions {
    uint32_t n_streams;
    const double *timeout; /* [stream] seconds, at least two steps; infinity: never */
    double queue;          /* calls that may wait; < 0: any number */
    bool lifo, cancel, codel;
} FlowStationOptions;

typedef struct FlowSegment {
    SimTime from, to; /* window of arrival of what is left */
    double served;    /* FIFO: share already started, from the early end */
    double keep;      /* LIFO: share left, thinned evenly */
    double work;      /* of all streams at served = 0, keep = 1 */
} FlowSegment;

typedef struct FlowStation {
    FlowStationOptions options;
    FlowSegment segments[FLOW_SEGMENTS_MAX]; /* oldest first */
    uint32_t n_segments;
    double timeouts[FLOW_TIMEOUTS_MAX]; /* the distinct ones */
    uint32_t n_timeouts;
    bool has_all_timeouts;
    double *amounts;    /* [segment][stream], allocated at the first use */
    double *stale;      /* [stream] codel: dropped since the last flow_station_admit */
    SimTime stood_from; /* codel: since when the queue has stood; negative: it does not */
    double spare;       /* server seconds left of the step's capacity after drain */
    double step_work;   /* capacity of the step in hand */
    double admitted, started, timed_out, dropped; /* cumulative calls, for verify */
} FlowStation;

/* Options' arrays are kept by reference and must live as long; time-outs are read now,
 * and stay until flow_station_retime. */
void flow_station_init(FlowStation *station, const FlowStationOptions *options);

/*
 * Serves waiting work from .. to with `capacity` servers (0: halted) and lets
 * callers give up.  Adds to ret_started (in time) and ret_timed_out, [stream].
 */
void flow_station_drain(FlowStation *station, SimTime from, SimTime to, double capacity,
                        double *ret_started, double *ret_timed_out);
/* Arrivals of the same step, evenly spread over it, with the server seconds that each call brings;
 * adds to ret_started and ret_refused. */
void flow_station_admit(FlowStation *station, SimArena *arena, SimTime from, SimTime to,
                        const double *arrivals, const double *work, double *ret_started,
                        double *ret_refused);
/* Calls that wait bring so many server seconds from now on, [stream]: what they are for has
 * changed. */
void flow_station_reweigh(FlowStation *station, const double *work);
/* Callers wait so long from now on, those in the queue too: `timeout` is the array of the options,
 * which becomes `fresh`.  Adds who gives up at once for that to ret_timed_out. */
void flow_station_retime(FlowStation *station, SimTime now, double *timeout, const double *fresh,
                         double *ret_timed_out);
/* A share of what waits fails now (a crash); adds the calls still wanted to ret_dropped. */
void flow_station_drop(FlowStation *station, SimTime now, double share, double *ret_dropped);

bool flow_station_is_empty(const FlowStation *station);
/* Server seconds waiting, in vain or not; calls waiting that are still wanted. */
double flow_station_work(const FlowStation *station);
double flow_station_waiting(const FlowStation *station, SimTime now);
void flow_station_verify(const FlowStation *station, SimTime now);
