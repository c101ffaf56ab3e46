/*
 * landmark.h - what deserves a number on the plot: timeline entries that
 * happened, in words.
 *
 * So are rollouts that stopped themselves, and what those who watch and act did first: alerts,
 * wrong leads, the cause known, the first public word; of these the journal tells.
 *
 * An entry's own text, or its verb and what it acts on.  When more happened than
 * fit, what starts or ends an incident goes before what accompanies it: faults
 * and pushes first, then actions, then notes; of equal ones the earlier.  The
 * result is in order of time.
 */
#pragma once

#include "models/spec.h"
#include "sim/journal.h"

enum { LANDMARKS_MAX = 14, LANDMARK_TEXT_MAX = 60 };

typedef struct Landmark {
    SimTime at;
    uint32_t entry;   /* of the timeline; SIM_NONE: from the journal */
    const char *kind; /* fault, change, alert, human, action, public, note: what figures colour */
    char *text;       /* at most LANDMARK_TEXT_MAX characters */
} Landmark;

typedef struct Landmarks {
    uint32_t n;
    Landmark landmarks[LANDMARKS_MAX];
} Landmarks;

/* entry_times[entry]: when it first happened, -1 when it did not.  journal may be NULL. */
Landmarks *landmarks_new(const Spec *spec, const SimTime *entry_times, const SimJournal *journal);
void landmarks_free(Landmarks *landmarks);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Landmarks, landmarks_free)

/* fault, change, action or note: what an entry with this verb is. */
const char *landmark_kind(int verb);
/* The entry in words, uncut; the caller frees it. */
char *landmark_words(const Spec *spec, const TimelineSpec *entry);
/* The text with at most `most` characters, the last a … when it was cut; tabs, line breaks and
 * double quotes replaced. */
char *landmark_cut(const char *text, glong most);
