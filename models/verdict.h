/*
 * verdict.h - was it as expected: the expectations and the published values of
 * a scenario against what a run recorded.
 *
 * An expectation ends held, failed, or inconclusive: its fault never had an
 * effect, what it waits for never happened, the run ended too early, or there
 * was no traffic to judge by.  Silence is not health: a figure that would hold
 * is inconclusive when a part of its window has no data.  One failure makes the
 * verdict failed; else one inconclusive finding makes it inconclusive.
 *
 * A fault that touched nothing makes the verdict inconclusive too, without anybody asking for it:
 * one that happened and neither failed an attempt nor counted anything (fault_counts), or whose
 * time never came.  One that was skipped by its `chance` or `if` is only mentioned.  What people or
 * alerts do is no fault.
 *
 * With `within`, the bounds must hold in each bucket for `for` on end (at least
 * one bucket), beginning at most `within` after the window's start; a bucket
 * without data holds nothing.
 *
 * Published values are compared and never judge a run.
 */
#pragma once

#include "models/faults.h"
#include "models/measure.h"
#include "models/spec.h"
#include "sim/messages.h"

typedef enum Judgement { JUDGEMENT_HELD, JUDGEMENT_FAILED, JUDGEMENT_INCONCLUSIVE } Judgement;
extern const char *const judgement_names[3]; /* held, failed, inconclusive */

typedef struct FaultFact {
    FaultEffect effect;
    bool is_skipped;
} FaultFact;

/* What the verdict reads of a run; the arrays belong to the caller. */
typedef struct Facts {
    Recording recording;
    const SimTime *entry_times; /* [timeline entry] first happened; -1: did not */
    const double *entry_bites;  /* [timeline entry] failed attempts traced to it */
    const double *config_bites; /* [config] */
    const FaultFact *faults;    /* [timeline entry]; NULL: nobody counted */
} Facts;

typedef struct Finding {
    const ExpectSpec *expect;
    Judgement judgement;
    Measured measured; /* status MEASURE_NO_DATA for fault_bites */
    char *expected;    /* "errors peak at most 1 %" */
    char *sentence;    /* "was 3.2 % at 14:37:00" */
} Finding;

typedef struct FaultFinding { /* of an entry of the timeline that is injected */
    const TimelineSpec *entry;
    const char *name;
    bool has_effect;
    bool is_idle;   /* it has none, and so the run says nothing about the policy */
    char *sentence; /* "12.0M calls answered with an error" */
} FaultFinding;

typedef struct PublishedFinding {
    const PublishedSpec *published;
    Measured measured;
    char *simulated; /* its value as text */
    char *band;      /* "11:18:00 to 11:32:00"; "" when there is none */
    bool has_band, is_inside;
} PublishedFinding;

typedef struct Verdict {
    Judgement judgement;
    uint32_t n, n_held, n_failed, n_inconclusive;
    Finding *findings;
    uint32_t n_faults, n_effective, n_idle;
    FaultFinding *faults;
    uint32_t n_published, n_inside;
    PublishedFinding *published;
} Verdict;

/* Every metric, bound and name that the scenario's triggers, expectations and published values use;
 * what does not fit is reported with its mark. */
void verdict_check(const Spec *spec, const SimRecorder *recorder, SimMessages *messages);

/* The spec must have passed verdict_check. */
Verdict *verdict_new(const Spec *spec, const Facts *facts);
void verdict_free(Verdict *verdict);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Verdict, verdict_free)

/* The timeline entry that an id, or the verb of the first such entry, names; SIM_NONE. */
uint32_t verdict_find_entry(const Spec *spec, const char *name);
