/*
 * seeds.h - one scenario with many seeds, on all processors.
 *
 * Each seed is a process of its own (this program, hidden verb `worker`), which
 * writes one JSON line.  Lines are kept in the order of seeds, so the result
 * does not depend on how many run at once.  Ctrl-C keeps what is done.
 *
 * Leaves seeds.jsonl, scenario.yaml, summary.txt, summary.json and manifest.json
 * in runs/SCENARIO-seeds.
 */
#pragma once

#include "sim/cmd/run.h"

ExitCode seeds_run(const RunArguments *arguments, const char *name, Interrupt *interrupt);

/* "1-200", "1-200,7", "3": sorted, each once; NULL when it is none of these or more than
 * SEEDS_MAX. */
enum { SEEDS_MAX = 100000 };
GArray *seeds_parse(const char *text); /* of uint64_t */
