/*
 * ensemble.h - what many seeds of one scenario say together.
 *
 * Made from the JSON lines of workers.  Of every key figure and published value
 * the 10th, 50th and 90th percentile over seeds (nearest rank; what never
 * happened counts as infinite, what could not be measured does not count), and
 * of published values the share of seeds inside the band.  Of every expectation
 * how often it held.
 */
#pragma once

#include "sim/cmd/json.h"
#include "sim/cmd/scenario.h"

typedef struct Ensemble Ensemble;

/* lines[i] may be NULL: that seed has no result.  A line of another scenario (the file was changed
 * meanwhile) does not count. */
Ensemble *ensemble_new(const Scenario *scenario, char *const *lines, guint n);
void ensemble_free(Ensemble *ensemble);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Ensemble, ensemble_free)

char *ensemble_text(const Ensemble *ensemble, const char *directory);
/* A whole object. */
void ensemble_json(const Ensemble *ensemble, Json *json);
/* CODE_FAILED when an expectation failed in any seed, and so on. */
ExitCode ensemble_code(const Ensemble *ensemble);
