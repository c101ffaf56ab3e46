#include "models/station.h"

#define TARGET_DEFAULT (5 * SIM_MILLISECOND)
#define INTERVAL_DEFAULT (100 * SIM_MILLISECOND)

void
station_init(Station *station, const StationRule *rule, uint32_t servers)
{
    SIM_ASSERT(rule->discipline <= STATION_SHARING);
    SIM_ASSERT(rule->queue < 0 || rule->queue >= 0); /* no NaN */
    SIM_ASSERT(rule->expected >= 0 && rule->target >= 0 && rule->interval >= 0);
    *station = (Station){
        .rule = rule, .servers = servers, .first = SIM_NONE, .last = SIM_NONE, .limit = UINT32_MAX};
}

/* Too little is left until its caller gives up; to cancel is to ask for one nanosecond. */
static bool
is_too_late(const StationRule *rule, const StationJob *job, SimTime now)
{
    SimTime least = rule->expected > 0 ? rule->expected : rule->cancel;
    return least > 0 && job->deadline - now < least;
}

static void
join(Station *station, StationJob *jobs, uint32_t job, SimTime now)
{
    jobs[job].prev = station->last;
    if (station->waiting == 0) {
        station->first = job;
        station->emptied = now;
    } else {
        jobs[station->last].next = job;
    }
    station->last = job;
    station->waiting++;
}

static void
quit(Station *station, StationJob *jobs, uint32_t job, SimTime now)
{
    StationJob *row = &jobs[job];
    *(row->prev == SIM_NONE ? &station->first : &jobs[row->prev].next) = row->next;
    *(row->next == SIM_NONE ? &station->last : &jobs[row->next].prev) = row->prev;
    row->next = row->prev = SIM_NONE;
    if (--station->waiting == 0)
        station->emptied = now;
}

static StationAnswer
arrive_shared(Station *station)
{
    double queue = station->rule->queue;
    if (queue >= 0 && (double)station->busy + 1 > (double)station->servers + queue)
        return STATION_REFUSE;
    station->busy++;
    return STATION_START;
}

StationAnswer
station_arrive(Station *station, StationJob *jobs, uint32_t job, SimTime now)
{
    const StationRule *rule = station->rule;
    jobs[job].arrived = now;
    jobs[job].next = jobs[job].prev = SIM_NONE;
    if (is_too_late(rule, &jobs[job], now) || station->busy + station->waiting >= station->limit)
        return STATION_REFUSE;
    if (station->busy < station->servers && station->waiting == 0 &&
        rule->discipline != STATION_SHARING) {
        station->busy++;
        return STATION_START;
    }
    if (rule->discipline == STATION_SHARING)
        return arrive_shared(station);
    if (rule->queue >= 0 && (double)station->waiting + 1 > rule->queue)
        return STATION_REFUSE;
    join(station, jobs, job, now);
    return STATION_WAIT;
}

void
station_release(Station *station)
{
    SIM_ASSERT(station->busy > 0);
    station->busy--;
}

static bool
is_standing(const Station *station, SimTime now)
{
    SimTime interval = station->rule->interval;
    return now - station->emptied > (interval > 0 ? interval : INTERVAL_DEFAULT);
}

/* Whose turn it is when somebody waits. */
static uint32_t
next_of(const Station *station, SimTime now)
{
    switch (station->rule->discipline) {
    case STATION_LIFO:
        return station->last;
    case STATION_ADAPTIVE_LIFO:
        return is_standing(station, now) ? station->last : station->first;
    case STATION_FIFO:
    case STATION_CODEL:
    case STATION_SHARING:
        break;
    }
    return station->first;
}

static bool
waited_too_long(const Station *station, const StationJob *job, SimTime now)
{
    const StationRule *rule = station->rule;
    SimTime target = rule->target > 0 ? rule->target : TARGET_DEFAULT;
    SimTime interval = rule->interval > 0 ? rule->interval : INTERVAL_DEFAULT;
    return now - job->arrived > (is_standing(station, now) ? target : interval);
}

uint32_t
station_take(Station *station, StationJob *jobs, SimTime now, uint32_t *ret_dropped)
{
    while (station->waiting > 0 && station->busy < station->servers) {
        uint32_t job = next_of(station, now);
        bool is_dropped = is_too_late(station->rule, &jobs[job], now) ||
                          (station->rule->discipline == STATION_CODEL &&
                           waited_too_long(station, &jobs[job], now));
        quit(station, jobs, job, now);
        if (!is_dropped) {
            station->busy++;
            return job;
        }
        jobs[job].next = *ret_dropped;
        *ret_dropped = job;
    }
    return SIM_NONE;
}

void
station_leave(Station *station, StationJob *jobs, uint32_t job, SimTime now)
{
    const StationJob *row = &jobs[job];
    SIM_ASSERT(station->waiting > 0);
    SIM_ASSERT((row->prev == SIM_NONE ? station->first : jobs[row->prev].next) == job);
    SIM_ASSERT((row->next == SIM_NONE ? station->last : jobs[row->next].prev) == job);
    quit(station, jobs, job, now);
}

void
station_servers_set(Station *station, uint32_t servers)
{
    station->servers = servers;
}

uint32_t
station_drop_all(Station *station, StationJob *jobs, SimTime now)
{
    uint32_t first = station->first;
    for (uint32_t job = first; job != SIM_NONE; job = jobs[job].next)
        jobs[job].prev = SIM_NONE;
    if (station->waiting > 0)
        station->emptied = now;
    station->first = station->last = SIM_NONE;
    station->waiting = 0;
    return first;
}

void
station_verify(const Station *station, const StationJob *jobs)
{
    const StationRule *rule = station->rule;
    uint32_t n = 0, before = SIM_NONE;
    for (uint32_t job = station->first; job != SIM_NONE; job = jobs[job].next) {
        SIM_ASSERT(jobs[job].prev == before);
        SIM_ASSERT(before == SIM_NONE || jobs[before].arrived <= jobs[job].arrived);
        SIM_ASSERT(n < station->waiting);
        before = job;
        n++;
    }
    SIM_ASSERT(n == station->waiting);
    SIM_ASSERT(station->last == before);
    SIM_ASSERT(n == 0 || station->emptied <= jobs[station->first].arrived);
    SIM_ASSERT(rule->queue < 0 || n <= rule->queue);
    SIM_ASSERT(n == 0 || rule->discipline != STATION_SHARING);
}
