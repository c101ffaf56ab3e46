/*
 * record.h - the files of a run, but for the figures.
 *
 *   manifest.json   what was run, with what, and how it ended
 *   scenario.yaml   the scenario after includes, templates, overrides, defaults
 *   journal.jsonl   every discrete happening with its cause
 *   series.tsv      every column of the recorder by time
 *   pops.tsv        offered, failed and utilisation of every PoP by time
 *   summary.txt, summary.json
 *
 * Sizes are bounded by the recorders and the journal.  Numbers have seven
 * digits and a decimal point.
 */
#pragma once

#include "sim/cmd/result.h"
#include "sim/cmd/rundir.h"

bool record_write(const Result *result, Rundir *rundir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
