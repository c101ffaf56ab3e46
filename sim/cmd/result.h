/*
 * result.h - everything that is said about a finished (or interrupted) run.
 *
 * Made once after the last advance; the texts, files and figures are printed
 * from it.  It borrows the scenario and the run, which must outlive it.
 */
#pragma once

#include "models/keyfigure.h"
#include "models/landmark.h"
#include "models/merit.h"
#include "models/phase.h"
#include "models/run.h"
#include "models/verdict.h"
#include "sim/cmd/scenario.h"

enum { RESULT_CAUSES_MAX = 16 };

typedef struct ResultCause {
    uint32_t slot;
    double failed, share; /* of all failed attempts */
    char *label;
} ResultCause;

typedef struct Result {
    const Scenario *scenario;
    Run *run;
    bool is_interrupted;
    double wall_seconds;
    uint64_t seed;
    char *command; /* that repeats it */
    char *digest;  /* 16 hexadecimal digits */
    Facts facts;   /* with the recording; owns the arrays */
    Verdict *verdict;
    Merit merit; /* facts.recording.merit */
    Phases phases;
    KeyFigures *figures;
    Landmarks *landmarks;
    uint32_t n_causes; /* biggest first */
    ResultCause causes[RESULT_CAUSES_MAX];
} Result;

typedef struct ResultOptions {
    const char *command;
    double wall_seconds;
    bool is_interrupted;
} ResultOptions;

/* The run must be finished. */
Result *result_new(const Scenario *scenario, Run *run, const ResultOptions *options);
void result_free(Result *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Result, result_free)

/* held, failed, inconclusive or interrupted. */
const char *result_verdict(const Result *result);
ExitCode result_code(const Result *result);
