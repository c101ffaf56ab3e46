/*
 * merit.h - how long it took: from users' pain to an alert, to people, to relief.
 *
 * All times are read off the journal and the error curve after the run, so nothing here acts on
 * it.  They count from the onset, at which the curve leaves its threshold (phase.h), and are
 * negative for what was there before.
 *
 *   detect      the first alert that pages, or any alert where none of the scenario's can page
 *   monitor, probe, crowd  the first alert of a monitor, of probes, of people who complain
 *   page, ack   the first team is paged, the first acknowledges
 *   identify    the team that counts knows the cause: that whose deed mitigates, else that which
 *               knew first; others may know the cause of their own trouble long before
 *   mitigate    a deed halves the pain: the first moment after it, and before the next deed, from
 *               which the failed share is at most half of what it was before the deed, on average
 *               over a window; else the last deed before recovery; or by itself, where the curve
 *               last falls below half of its peak before any of these
 *   recover     the threshold is never exceeded again
 *   first-word  the first public word
 *   misled      time spent on wrong leads by the team that counts; when none knew, that which was
 *               misled longest
 *   updates     public words after the first
 *
 * The window is a tenth of the incident, at least three buckets and at most ten minutes: longer
 * than a flapping cause needs to come back.  Deeds are the actions of the timeline, all steps of
 * runbooks, rollouts that stop themselves and servers that a scaler brings.
 *
 * An alert that fired before the onset counts while it has not cleared by then.  Only what has
 * happened before recovery is looked at, but words and alerts until the end of the run.
 *
 * What never came is +infinity; without an onset there is nothing to measure (NaN).
 *
 * Left out: whether an alert was about this pain or another; several incidents in one run are one.
 */
#pragma once

#include "models/measure.h"
#include "models/spec.h"
#include "sim/journal.h"

typedef enum MeritKind {
    MERIT_DETECT,
    MERIT_MONITOR,
    MERIT_PROBE,
    MERIT_CROWD,
    MERIT_PAGE,
    MERIT_ACK,
    MERIT_IDENTIFY,
    MERIT_MITIGATE,
    MERIT_RECOVER,
    MERIT_FIRST_WORD,
    MERIT_MISLED,
    MERIT_UPDATES,
    MERIT_COUNT
} MeritKind;

enum { MERIT_TEAMS_MAX = 16 };

/* A moment, and the journal entry that tells of it. */
typedef struct MeritMark {
    SimTime at;     /* -1: never */
    uint32_t entry; /* SIM_NONE: read off the curve */
} MeritMark;

typedef struct MeritTeam { /* the first time each; of wrong leads the last */
    const char *name;
    MeritMark paged, acks, misled, unmisled, identifies, done;
    SimTime misled_for; /* all wrong leads together */
} MeritTeam;

typedef struct Merit {
    SimTime onset; /* -1: users felt nothing */
    SimTime end;   /* of the run */
    SimTime push;  /* of the cause that failed most; -1: unknown, or after the onset */
    MeritMark marks[MERIT_COUNT];
    uint32_t deed; /* journal entry that mitigated; SIM_NONE: none did */
    uint32_t n_words;
    uint32_t mender; /* team whose deed that was; SIM_NONE: nobody's */
    uint32_t n_teams;
    MeritTeam teams[MERIT_TEAMS_MAX]; /* that were paged, in that order */
} Merit;

/* cause: the journal entry to which most failures lead back; SIM_NONE. */
void merit_take(const Spec *spec, const Recording *recording, const SimJournal *journal,
                uint32_t cause, Merit *ret);

/* Seconds since the onset; of misled a duration, of updates a number. */
double merit_value(const Merit *merit, MeritKind kind);
/* Whether the scenario has anybody who could: observers, teams, a status page. */
bool merit_applies(const Spec *spec, MeritKind kind);
/* The team whose diagnosis counts: that which mended, else knew first, else was misled longest;
 * NULL: none. */
const MeritTeam *merit_lead_team(const Merit *merit);

/* "merit.detect" as a metric: false if it is none. */
bool merit_find(const char *metric, MeritKind *ret);
extern const char *const merit_names[MERIT_COUNT + 1]; /* "merit.detect"; NULL-terminated */
extern const char *const merit_abouts[MERIT_COUNT];
MeasureUnit merit_unit(MeritKind kind);
