#include "models/flow_station.h"

#include <math.h>
#include <string.h>

/* Controlled delay for servers ("Fail at Scale", 2015): the longest wait while a queue stands, and
 * until it has stood as long as the latter. */
static const double CODEL_TARGET = 0.005, CODEL_INTERVAL = 0.1; /* seconds */
static const double NOTHING = 1e-12; /* share of a segment below which it is done */

static double
clamp01(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double *
amounts_of(const FlowStation *station, uint32_t segment)
{
    return station->amounts + (size_t)segment * station->options.n_streams;
}

static double
remaining_share(const FlowSegment *segment)
{
    return segment->keep * (1 - segment->served);
}

/* The share of a segment, from its early end, whose callers of a stream have given up by `now`. */
static double
expired_share(const FlowSegment *segment, double timeout, SimTime now)
{
    double age = sim_seconds(now - segment->from) - timeout;
    return clamp01(age / sim_seconds(segment->to - segment->from));
}

/* The share of a segment that nobody waits for any more; streams that are not in it do not count.
 */
static double
expired_by_all(const FlowStation *station, uint32_t j, SimTime now)
{
    const double *amounts = amounts_of(station, j);
    double least = 1;
    for (uint32_t i = 0; i < station->options.n_streams && least > 0; i++)
        if (amounts[i] > 0)
            least =
                fmin(least, expired_share(&station->segments[j], station->options.timeout[i], now));
    return least;
}

/* The distinct time-outs; with more than fit, the last stands for all longer ones. */
static void
find_timeouts(FlowStation *station)
{
    station->n_timeouts = 0;
    for (uint32_t i = 0; i < station->options.n_streams; i++) {
        uint32_t k = 0;
        while (k < station->n_timeouts && station->timeouts[k] != station->options.timeout[i])
            k++;
        if (k == station->n_timeouts && k < FLOW_TIMEOUTS_MAX)
            station->timeouts[station->n_timeouts++] = station->options.timeout[i];
        station->has_all_timeouts = k < FLOW_TIMEOUTS_MAX;
        if (!station->has_all_timeouts)
            return;
    }
}

void
flow_station_init(FlowStation *station, const FlowStationOptions *options)
{
    *station = (FlowStation){.options = *options, .stood_from = -1};
    find_timeouts(station);
}

/* No caller of the segment gives up between from and to. */
static bool
is_quiet(const FlowStation *station, const FlowSegment *segment, SimTime from, SimTime to)
{
    for (uint32_t k = 0; k < station->n_timeouts; k++)
        if (expired_share(segment, station->timeouts[k], from) !=
            expired_share(segment, station->timeouts[k], to))
            return false;
    return station->has_all_timeouts;
}

bool
flow_station_is_empty(const FlowStation *station)
{
    return station->n_segments == 0;
}

double
flow_station_work(const FlowStation *station)
{
    double sum = 0;
    for (uint32_t j = 0; j < station->n_segments; j++)
        sum += station->segments[j].work * remaining_share(&station->segments[j]);
    return sum;
}

static double
segment_waiting(const FlowStation *station, uint32_t j, SimTime now)
{
    const FlowSegment *segment = &station->segments[j];
    const double *amounts = amounts_of(station, j);
    double sum = 0;
    for (uint32_t i = 0; i < station->options.n_streams; i++) {
        double expired = expired_share(segment, station->options.timeout[i], now);
        sum += amounts[i] * segment->keep * (1 - fmax(segment->served, expired));
    }
    return sum;
}

double
flow_station_waiting(const FlowStation *station, SimTime now)
{
    double sum = 0;
    for (uint32_t j = 0; j < station->n_segments; j++)
        sum += segment_waiting(station, j, now);
    return sum;
}

/* Calls in the queue, wanted or not: what a limit counts. */
static double
calls_in_queue(const FlowStation *station)
{
    double sum = 0;
    for (uint32_t j = 0; j < station->n_segments; j++) {
        const double *amounts = amounts_of(station, j);
        double calls = 0;
        for (uint32_t i = 0; i < station->options.n_streams; i++)
            calls += amounts[i];
        sum += calls * remaining_share(&station->segments[j]);
    }
    return sum;
}

static void
remove_segments(FlowStation *station, uint32_t first, uint32_t n)
{
    if (n == 0)
        return;
    uint32_t after = station->n_segments - first - n;
    memmove(&station->segments[first], &station->segments[first + n], after * sizeof(FlowSegment));
    memmove(amounts_of(station, first), amounts_of(station, first + n),
            (size_t)after * station->options.n_streams * sizeof(double));
    station->n_segments -= n;
}

/* One segment's passage through a step of FIFO service. */
typedef struct Passage {
    double first;              /* share started or skipped before the step */
    double served_0, served_1; /* share where service begins and ends; `cancel` skips what is
                                  between first and served_0 */
    double start, end;         /* seconds since the step's begin between which it was served */
} Passage;

/*
 * The share of the segment between lo and hi (within served_0 .. served_1) that
 * is started no later than its deadline.  Start time and deadline are straight
 * lines over the share, so the late part is cut off at one crossing.
 */
static double
share_in_time(const FlowSegment *segment, const Passage *pass, SimTime step_from, double timeout,
              double lo, double hi)
{
    if (hi <= lo)
        return 0;
    double span = pass->served_1 - pass->served_0;
    double begin = sim_seconds(segment->from - step_from) + timeout;
    double width = sim_seconds(segment->to - segment->from);
    double slope = span > 0 ? (pass->end - pass->start) / span : 0;
    double late_lo = pass->start + (lo - pass->served_0) * slope - (begin + lo * width);
    double late_hi = pass->start + (hi - pass->served_0) * slope - (begin + hi * width);
    if (late_lo <= 0 && late_hi <= 0)
        return hi - lo;
    if (late_lo > 0 && late_hi > 0)
        return 0;
    double crossing = late_lo / (late_lo - late_hi);
    return (hi - lo) * (late_lo <= 0 ? crossing : 1 - crossing);
}

/* Books one stream of one segment over a FIFO step: started in time, and given up. */
static void
book_stream(const FlowSegment *segment, const Passage *pass, SimTime from, SimTime to,
            double timeout, double amount, double *ret_started, double *ret_timed_out)
{
    double before = expired_share(segment, timeout, from);
    double after = expired_share(segment, timeout, to);
    double started = share_in_time(segment, pass, from, timeout, pass->served_0, pass->served_1);
    double lost = fmax(0, after - fmax(before, pass->first)) -
                  share_in_time(segment, pass, from, timeout, fmax(before, pass->served_0),
                                fmin(after, pass->served_1));
    *ret_started += amount * started;
    *ret_timed_out += amount * fmax(0, lost);
}

static void
drain_fifo(FlowStation *station, SimTime from, SimTime to, double capacity, double *ret_started,
           double *ret_timed_out)
{
    const FlowStationOptions *options = &station->options;
    double clock = 0, left = station->step_work;
    uint32_t done = 0;
    for (uint32_t j = 0; j < station->n_segments; j++) {
        FlowSegment *segment = &station->segments[j];
        Passage pass = {.first = segment->served, .start = clock};
        if (options->cancel)
            segment->served = fmax(segment->served, expired_by_all(station, j, to));
        double waiting = segment->work * remaining_share(segment);
        double take = fmin(waiting, left);
        pass.served_0 = pass.served_1 = segment->served;
        if (take >= waiting)
            pass.served_1 = 1;
        else
            pass.served_1 += take / (segment->work * segment->keep);
        clock += capacity > 0 ? take / capacity : 0;
        pass.end = clock;
        left -= take;
        if (take <= 0 && pass.served_1 < 1 && is_quiet(station, segment, from, to))
            continue;
        const double *amounts = amounts_of(station, j);
        for (uint32_t i = 0; i < options->n_streams; i++)
            if (amounts[i] > 0)
                book_stream(segment, &pass, from, to, options->timeout[i],
                            amounts[i] * segment->keep, &ret_started[i], &ret_timed_out[i]);
        segment->served = pass.served_1;
        if (done == j && 1 - segment->served <= NOTHING)
            done = j + 1;
    }
    remove_segments(station, 0, done);
    station->spare = fmax(0, left);
}

/* LIFO: only lets callers give up; waiting work is served after the step's arrivals. */
static void
expire_lifo(FlowStation *station, SimTime from, SimTime to, double *ret_timed_out)
{
    const FlowStationOptions *options = &station->options;
    for (uint32_t j = 0; j < station->n_segments; j++) {
        const FlowSegment *segment = &station->segments[j];
        const double *amounts = amounts_of(station, j);
        for (uint32_t i = 0; i < options->n_streams; i++) {
            double before = expired_share(segment, options->timeout[i], from);
            double after = expired_share(segment, options->timeout[i], to);
            ret_timed_out[i] += amounts[i] * segment->keep * (after - before);
        }
    }
    station->spare = station->step_work;
}

/* Serves waiting work newest first with what the arrivals of the step have left. */
static void
drain_lifo(FlowStation *station, SimTime now, double *ret_started)
{
    const FlowStationOptions *options = &station->options;
    for (uint32_t j = station->n_segments; j-- > 0 && station->spare > 0;) {
        FlowSegment *segment = &station->segments[j];
        double wanted = options->cancel ? 1 - expired_by_all(station, j, now) : 1;
        double waiting = segment->work * segment->keep * wanted;
        double part = waiting > 0 ? fmin(1, station->spare / waiting) : 1;
        const double *amounts = amounts_of(station, j);
        for (uint32_t i = 0; i < options->n_streams; i++)
            ret_started[i] += part * amounts[i] * segment->keep *
                              (1 - expired_share(segment, options->timeout[i], now));
        station->spare = fmax(0, station->spare - waiting * part);
        segment->keep *= 1 - part;
    }
    uint32_t kept = 0;
    for (uint32_t j = 0; j < station->n_segments; j++) {
        const FlowSegment *segment = &station->segments[j];
        bool is_void = options->cancel && expired_by_all(station, j, now) >= 1;
        if (segment->keep <= NOTHING || is_void)
            continue;
        if (kept != j) {
            station->segments[kept] = *segment;
            memcpy(amounts_of(station, kept), amounts_of(station, j),
                   options->n_streams * sizeof(double));
        }
        kept++;
    }
    station->n_segments = kept;
}

/* Codel: the longest that a call may wait that comes before `to`. */
static double
codel_wait(const FlowStation *station, SimTime from, SimTime to)
{
    SimTime since = station->stood_from < 0 ? from : station->stood_from;
    return sim_seconds(to - since) > CODEL_INTERVAL ? CODEL_TARGET : CODEL_INTERVAL;
}

/* Codel, when servers are back: who has waited too long is dropped as his turn comes, which is at
 * once. */
static void
drop_stale(FlowStation *station, SimTime from, SimTime to)
{
    const FlowStationOptions *options = &station->options;
    double longest = codel_wait(station, from, to);
    uint32_t gone = 0;
    for (uint32_t j = 0; j < station->n_segments; j++) {
        FlowSegment *segment = &station->segments[j];
        double stale = expired_share(segment, longest, from);
        if (stale <= segment->served + NOTHING)
            continue;
        const double *amounts = amounts_of(station, j);
        for (uint32_t i = 0; i < options->n_streams; i++) {
            double told = fmax(segment->served, expired_share(segment, options->timeout[i], from));
            double lost = amounts[i] * segment->keep * fmax(0, stale - told);
            station->stale[i] += lost;
            station->dropped += lost;
        }
        segment->served = stale;
        gone += stale >= 1 && gone == j;
    }
    remove_segments(station, 0, gone);
}

void
flow_station_drain(FlowStation *station, SimTime from, SimTime to, double capacity,
                   double *ret_started, double *ret_timed_out)
{
    SIM_ASSERT(to > from);
    double started = 0, timed_out = 0;
    for (uint32_t i = 0; i < station->options.n_streams; i++) {
        started -= ret_started[i];
        timed_out -= ret_timed_out[i];
    }
    station->step_work = capacity * sim_seconds(to - from);
    if (station->options.codel && capacity > 0)
        drop_stale(station, from, to);
    if (station->options.lifo)
        expire_lifo(station, from, to, ret_timed_out);
    else
        drain_fifo(station, from, to, capacity, ret_started, ret_timed_out);
    for (uint32_t i = 0; i < station->options.n_streams; i++) {
        started += ret_started[i];
        timed_out += ret_timed_out[i];
    }
    station->started += started;
    station->timed_out += timed_out;
}

/* Makes what is left of a segment its whole. */
static void
normalise(FlowStation *station, uint32_t j)
{
    FlowSegment *segment = &station->segments[j];
    double share = remaining_share(segment);
    double *amounts = amounts_of(station, j);
    for (uint32_t i = 0; i < station->options.n_streams; i++)
        amounts[i] *= share;
    segment->work *= share;
    segment->from += sim_from_seconds(segment->served * sim_seconds(segment->to - segment->from));
    if (segment->from >= segment->to)
        segment->from = segment->to - 1;
    segment->served = 0;
    segment->keep = 1;
}

/*
 * How much is lost by joining segment j to the next: the width of the window
 * over its age.  Neighbours that some stream's time-out cuts come last.
 */
static double
joining_loss(const FlowStation *station, uint32_t j, SimTime now)
{
    const FlowSegment *a = &station->segments[j], *b = a + 1;
    double loss = sim_seconds(b->to - a->from) / (sim_seconds(now - b->to) + 1e-9);
    for (uint32_t k = 0; k < station->n_timeouts; k++) {
        double early = expired_share(a, station->timeouts[k], now);
        double late = expired_share(b, station->timeouts[k], now);
        if (early != late || (early > 0 && early < 1))
            return loss + 1e9;
    }
    return loss;
}

/* Joins a segment to the next.  Each stream keeps the calls that are still wanted: where the joint
 * window shows another share of them than the two had, its amount makes up for it. */
static void
join(FlowStation *station, uint32_t j, SimTime now)
{
    normalise(station, j);
    normalise(station, j + 1);
    FlowSegment *into = &station->segments[j];
    const FlowSegment joint = {.from = into->from, .to = into[1].to, .keep = 1};
    double *amounts = amounts_of(station, j);
    const double *other = amounts_of(station, j + 1);
    for (uint32_t i = 0; i < station->options.n_streams; i++) {
        double timeout = station->options.timeout[i];
        double wanted = amounts[i] * (1 - expired_share(into, timeout, now)) +
                        other[i] * (1 - expired_share(&into[1], timeout, now));
        double part = 1 - expired_share(&joint, timeout, now);
        amounts[i] = part > 0 ? wanted / part : amounts[i] + other[i];
    }
    into->work += into[1].work;
    into->to = into[1].to;
    remove_segments(station, j + 1, 1);
}

static void
make_room(FlowStation *station, SimTime now)
{
    uint32_t best = 0;
    double least = joining_loss(station, 0, now);
    for (uint32_t j = 1; j + 1 < station->n_segments; j++) {
        double loss = joining_loss(station, j, now);
        if (loss < least) {
            least = loss;
            best = j;
        }
    }
    join(station, best, now);
}

/* Codel: the share of the arrivals' work that would not wait too long. */
static double
share_in_good_time(const FlowStation *station, SimTime from, SimTime to, double work)
{
    double per_second = station->step_work / sim_seconds(to - from);
    double may_wait = codel_wait(station, from, to) * per_second - flow_station_work(station);
    if (station->step_work <= 0 || work <= 0)
        return 1;
    return clamp01((station->spare + fmax(0, may_wait)) / work);
}

/* The share of the arrivals for which there is room, in the queue or at a server. */
static double
share_admitted(const FlowStation *station, double calls, double work)
{
    if (station->options.queue < 0 || calls <= 0)
        return 1;
    double served = work > 0 ? calls * fmin(1, station->spare / work) : calls;
    double room = station->options.queue - calls_in_queue(station) + served;
    return clamp01(room / calls);
}

void
flow_station_admit(FlowStation *station, SimArena *arena, SimTime from, SimTime to,
                   const double *arrivals, const double *work_each, double *ret_started,
                   double *ret_refused)
{
    const FlowStationOptions *options = &station->options;
    uint32_t n = options->n_streams;
    double calls = 0, work = 0;
    for (uint32_t i = 0; i < n; i++) {
        calls += arrivals[i];
        work += arrivals[i] * work_each[i];
    }
    double admitted = share_admitted(station, calls, work);
    if (options->codel)
        admitted = fmin(admitted, share_in_good_time(station, from, to, work));
    work *= admitted;
    double part = work > 0 ? fmin(1, station->spare / work) : 1;
    for (uint32_t i = 0; i < n; i++) {
        ret_refused[i] += arrivals[i] * (1 - admitted);
        ret_started[i] += arrivals[i] * admitted * part;
    }
    for (uint32_t i = 0; station->stale && i < n; i++) {
        ret_refused[i] += station->stale[i];
        station->stale[i] = 0;
    }
    station->admitted += calls * admitted;
    station->started += calls * admitted * part;
    station->spare = fmax(0, station->spare - work * part);
    if (part < 1) {
        if (!station->amounts)
            station->amounts = SIM_ARENA_NEW(arena, double, (size_t)n *FLOW_SEGMENTS_MAX);
        if (options->codel && !station->stale)
            station->stale = SIM_ARENA_NEW(arena, double, n);
        if (station->n_segments == FLOW_SEGMENTS_MAX)
            make_room(station, to);
        uint32_t j = station->n_segments++;
        station->segments[j] = (FlowSegment){.from = from,
                                             .to = to,
                                             .served = options->lifo ? 0 : part,
                                             .keep = options->lifo ? 1 - part : 1,
                                             .work = work};
        for (uint32_t i = 0; i < n; i++)
            amounts_of(station, j)[i] = arrivals[i] * admitted;
    }
    if (station->n_segments == 0)
        station->stood_from = -1;
    else if (station->stood_from < 0)
        station->stood_from = from;
    if (options->lifo && station->n_segments) {
        double before = 0, after = 0;
        for (uint32_t i = 0; i < n; i++)
            before += ret_started[i];
        drain_lifo(station, to, ret_started);
        for (uint32_t i = 0; i < n; i++)
            after += ret_started[i];
        station->started += after - before;
    }
}

void
flow_station_reweigh(FlowStation *station, const double *work)
{
    static const double LEAST = 1e-12; /* work, never none: shares of it are taken */
    for (uint32_t j = 0; j < station->n_segments; j++) {
        const double *amounts = amounts_of(station, j);
        double sum = 0;
        for (uint32_t i = 0; i < station->options.n_streams; i++)
            sum += amounts[i] * work[i];
        station->segments[j].work = fmax(LEAST, sum);
    }
}

/* Of one stream of a segment: who has more time is still in hand, who has less may give up now. */
static double
retime_stream(FlowStation *station, uint32_t j, uint32_t i, double timeout, SimTime now)
{
    const FlowSegment *segment = &station->segments[j];
    double *amount = &amounts_of(station, j)[i];
    double before = expired_share(segment, station->options.timeout[i], now);
    double after = expired_share(segment, timeout, now);
    double wanted = *amount * segment->keep * (1 - fmax(segment->served, before));
    double part = segment->keep * (1 - fmax(segment->served, after));
    if (after < before)
        *amount = part > 0 ? wanted / part : 0;
    return fmax(0, wanted - *amount * part);
}

void
flow_station_retime(FlowStation *station, SimTime now, double *timeout, const double *fresh,
                    double *ret_timed_out)
{
    const FlowStationOptions *options = &station->options;
    SIM_ASSERT(timeout == options->timeout);
    for (uint32_t i = 0; i < options->n_streams; i++) {
        for (uint32_t j = 0; fresh[i] != timeout[i] && j < station->n_segments; j++) {
            double lost = retime_stream(station, j, i, fresh[i], now);
            station->timed_out += lost;
            ret_timed_out[i] += lost;
        }
        timeout[i] = fresh[i];
    }
    find_timeouts(station);
}

void
flow_station_drop(FlowStation *station, SimTime now, double share, double *ret_dropped)
{
    for (uint32_t j = 0; j < station->n_segments; j++) {
        FlowSegment *segment = &station->segments[j];
        const double *amounts = amounts_of(station, j);
        for (uint32_t i = 0; i < station->options.n_streams; i++) {
            double expired = expired_share(segment, station->options.timeout[i], now);
            double lost = share * amounts[i] * segment->keep * (1 - fmax(segment->served, expired));
            ret_dropped[i] += lost;
            station->dropped += lost;
        }
        segment->keep *= 1 - share;
    }
    if (share >= 1)
        station->n_segments = 0;
}

void
flow_station_verify(const FlowStation *station, SimTime now)
{
    double in_hand = flow_station_waiting(station, now);
    double sum = station->started + station->timed_out + station->dropped + in_hand;
    SIM_ASSERT(fabs(station->admitted - sum) <= 1e-6 * (station->admitted + 1));
    for (uint32_t j = 0; j < station->n_segments; j++) {
        const FlowSegment *segment = &station->segments[j];
        SIM_ASSERT(segment->from < segment->to && segment->to <= now);
        SIM_ASSERT(segment->served >= 0 && segment->served <= 1);
        SIM_ASSERT(segment->keep >= 0 && segment->keep <= 1 + 1e-12);
        SIM_ASSERT(j == 0 || segment[-1].to <= segment->from);
    }
}
