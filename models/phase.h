/*
 * phase.h - the chapters of an incident, read off its error curve.
 *
 * The threshold is 1 % of attempts, or five times the baseline if that is more:
 * the share at the start, or in the calmest tenth of the run if that is less.  Steady lasts until
 * errors first exceed it.  Of the highest share after that, half is the line between good and bad:
 * as long as the curve still goes back and forth across that line, and is below it for a tenth of
 * the time, it is flapping, then it is failing. From the last drop below the line on it is
 * recovering, and recovered when the threshold is never exceeded again.  A phase that has no time
 * is left out.
 *
 * Buckets without attempts belong to the phase around them.
 *
 * Where somebody watches or is paged, the journal tells the chapters instead (phase_story.h).
 */
#pragma once

#include "models/measure.h"

enum { PHASES_MAX = 16 };

typedef struct Phase {
    SimTime begin, end;
    const char *kind; /* steady, impact, fault, recovering, …: what figures colour */
    const char *name; /* steady, flapping, failing, recovering, recovered, … */
    double errors;    /* highest share in it; NaN without attempts */
    SimTime errors_at;
} Phase;

typedef struct Phases {
    uint32_t n;
    Phase phases[PHASES_MAX];
    double threshold;
} Phases;

/* Where the curve turns, as starts of buckets; -1: it does not. */
typedef struct PhaseTurns {
    double threshold;
    SimTime onset;     /* errors first exceed it */
    SimTime drop;      /* they last fall below half of their peak */
    SimTime recovered; /* from here on they never exceed it again */
} PhaseTurns;

void phases_find(const Recording *recording, Phases *ret);
PhaseTurns phases_turns(const Recording *recording);
/* One more phase, from the bucket in which it begins; nothing if it has no time. */
void phases_add(Phases *phases, const Recording *recording, SimTime begin, SimTime end,
                const char *kind, const char *name);
