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
 * its first time on.  When its time has come, an entry whose `chance` was drawn
 * against it, once, or whose `if` does not hold in the last closed window is
 * skipped; one with `tools` waits until its user is in all of them (tools.h),
 * looking each ten seconds.  A drawn `delay` comes on top each time.  Then the
 * verb is done (deed.h): the modules and the plane are told, with the deed's journal
 * entry as the cause, and for `for` its end is scheduled.  The cause of a deed
 * is the entry that led to it, for `after`.
 *
 * An entry without `id` answers to its verb; when several do, the first.
 * No more than 10,000 repetitions of one entry: more is an error at load.
 */
#pragma once

#include "models/config.h"
#include "models/levers.h"
#include "models/observers.h"
#include "models/status_page.h"
#include "models/tools.h"

enum { TIMELINE_REPEATS_MAX = 10000 };

typedef struct Timeline Timeline;

typedef struct TimelineParts {
    Clusters *clusters;
    Configs *configs;
    Processes *processes;
    Routing *routing;
    Levers *levers;
    Observers *observers;     /* may be NULL when no entry takes figures away */
    StatusPage *status_page;  /* NULL: always up */
    Tools *tools;             /* may be NULL when no entry has `tools` */
    MetricReader read_metric; /* may be NULL when no entry has `when` or `if` */
    void *context;
} TimelineParts;

/* NULL when an entry is wrong, which messages then says. */
Timeline *timeline_attach(Sim *sim, const World *world, const TimelineParts *parts,
                          SimMessages *messages);
/* An observer's alert: actor is the observer, arg is its journal entry * 2 + 1 when it fires, + 0
 * when it clears. */
SimEvent timeline_alert(const Timeline *timeline);
/* Whether chance and `if` are for it, now. */
bool timeline_applies(const Timeline *timeline, uint32_t entry);
/* Does the entry after its drawn delay; `then` comes when it is done.  Its tools are the caller's
 * business.  It must not be under way. */
void timeline_act(Timeline *timeline, uint32_t entry, uint32_t cause, SimEvent then);
/* What an entry does, in words. */
const char *timeline_label(const Timeline *timeline, uint32_t entry);
/* When the entry first happened; -1: not yet. */
SimTime timeline_time(const Timeline *timeline, uint32_t entry);
/* It did not happen because `chance` or `if` was against it, or an entry that it comes after. */
bool timeline_is_skipped(const Timeline *timeline, uint32_t entry);
/* Journal id of its latest deed; SIM_NONE: not yet. */
uint32_t timeline_journal(const Timeline *timeline, uint32_t entry);
/* The entry of that id or verb, the first of several; SIM_NONE. */
uint32_t timeline_find(const World *world, const char *name);
/* The journal entry is one of its deeds or follows from one. */
bool timeline_is_cause(const Timeline *timeline, uint32_t entry, uint32_t journal);
