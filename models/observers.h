/*
 * observers.h - who watches a run: monitors, synthetic probes, the crowd.
 *
 * Observers only read: counters, through their own scrapes, lags and losses, never the truth; they
 * can be late and they can miss.  With or without them the traffic is the same to the last count.
 *
 *   threshold, burn, cusum   monitor.h, over the metric's cumulative counters (monitor_reading.h)
 *   probes                   probes.h: tests of a site from vantage points
 *   crowd                    crowd.h: reports of people
 *
 * What they read is as old as the plane's last step: at most a tick on the request plane; on the
 * flow plane a tick where something fails, at most ten seconds where all is calm.
 *
 * `via: edge` loses a sample, or a test's result, with the chance with which attempts failed since
 * the sample before.  A blackout loses all of them.  `canary` counts only PoPs that run the
 * config's newest version, from the sample after they got it; a newer version begins anew.
 *
 * An alert begins and ends at evaluations; burn has one for each pair of windows, so an observer
 * may give a ticket first and a page later.  Journal: alert.fires and alert.clears, entity
 * "observer/NAME", no cause: whoever watches does not know it.  Then each listener's event is
 * posted at once, with actor = observer and arg = journal id << 1 | fires.
 *
 * Gauges: observer.NAME.value (what it last saw), .firing (0 or 1); burn: .burn (of the first
 * pair's long window), .budget (share of thirty days' errors spent since the start); crowd:
 * .reports (/s).
 *
 * Left out: alerts that get lost, silences, grouping.  Cost: a few microseconds a scrape.
 */
#pragma once

#include "models/books.h"
#include "models/config.h"
#include "sim/messages.h"

typedef struct Observers Observers;

typedef struct ObserversParts {
    const Configs *configs; /* NULL when no observer has `canary` */
    const Routing *routing; /* NULL when none probes */
    const Books *books;
} ObserversParts;

/* NULL when an observer is wrong (an unknown metric, one that its kind can not watch), which
 * messages then says. */
Observers *observers_attach(Sim *sim, const World *world, const ObserversParts *parts,
                            SimMessages *messages);
/* Posts `then` at every alert that begins or ends, with actor = observer and arg = journal id << 1
 * | fires; at most OBSERVERS_LISTENERS_MAX. */
enum { OBSERVERS_LISTENERS_MAX = 4 };
void observers_listen(Observers *observers, SimEvent then);
static inline uint32_t
observers_event_entry(SimEvent event)
{
    return (uint32_t)(event.arg >> 1);
}
static inline bool
observers_event_fires(SimEvent event)
{
    return event.arg & 1;
}

bool observers_is_firing(const Observers *observers, uint32_t observer);
/* Of what fires now, the gravest; when nothing does, of what fired last, before that its own. */
Severity observers_severity(const Observers *observers, uint32_t observer);
/* Alerts that it has begun so far: a flapping one has many. */
uint32_t observers_count(const Observers *observers, uint32_t observer);
/* An observer, or every monitor (SIM_NONE), gets no figures until set back; calls nest. */
void observers_blackout_set(Observers *observers, uint32_t observer, bool is_dark, uint32_t cause);
/* Gauges had their values from .. to, within the open bucket. */
void observers_record(const Observers *observers, SimTime from, SimTime to);
