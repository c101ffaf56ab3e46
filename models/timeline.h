/*
 * timeline.h - the scenario's own happenings: faults, changes, actions, notes.
 *
 * An entry happens once, or each `every`; when, says one of
 *   at      a clock time or an offset;
 *   after   another entry has happened for the first time (by id, by verb, or the entry before);
 *   when    a metric's last closed window meets a condition, looked at each ten seconds, and has
 *           done so without a break for its `for`; once;
 *   every   from `at`, or the start, until `until`.
 * `every` also repeats an entry that waited for another or for a metric, from
 * its first time on.  A drawn `delay` comes on top each time.  Then the verb is
 * done (deed.h): the modules and the plane are told, with the deed's journal
 * entry as the cause, and for `for` its end is scheduled.  The cause of a deed
 * is the entry that led to it, for `after`.
 *
 * An entry without `id` answers to its verb; when several do, the first.
 * No more than 10,000 repetitions of one entry: more is an error at load.
 */
#pragma once

#include "models/config.h"

enum { TIMELINE_REPEATS_MAX = 10000 };

typedef struct Timeline Timeline;

/* The metric's value in the last closed window; NaN: unknown or no traffic, which meets nothing. */
typedef double (*MetricReader)(void *context, const char *metric);

typedef struct TimelineParts {
    Clusters *clusters;
    Configs *configs;
    Processes *processes;
    Routing *routing;
    MetricReader read_metric; /* may be NULL when no entry has `when` */
    void *context;
} TimelineParts;

/* NULL when an entry is wrong, which messages then says. */
Timeline *timeline_attach(Sim *sim, const World *world, const TimelineParts *parts,
                          SimMessages *messages);
/* When the entry first happened; -1: not yet. */
SimTime timeline_time(const Timeline *timeline, uint32_t entry);
/* Journal id of its latest deed; SIM_NONE: not yet. */
uint32_t timeline_journal(const Timeline *timeline, uint32_t entry);
/* The entry of that id or verb, the first of several; SIM_NONE. */
uint32_t timeline_find(const World *world, const char *name);
/* The journal entry is one of its deeds or follows from one. */
bool timeline_is_cause(const Timeline *timeline, uint32_t entry, uint32_t journal);
