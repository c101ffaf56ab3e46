/*
 * rerun.h - the run of a run directory, to be made once more.
 *
 * manifest.json tells seed, plane, sample and end, scenario.yaml beside it the scenario as it was
 * after includes, --set and defaults: the same run, request for request, if the program is the
 * same version.  A network's own files are not kept: they are read where they were, from where the
 * run was made.
 */
#pragma once

#include "sim/cmd/run.h"

typedef struct Rerun {
    RunArguments arguments;
    Scenario *scenario;
    char *name, *digest, *command; /* of the scenario; of the run; that made it */
} Rerun;

/* NULL: all has been said, and *ret_code is the exit code. */
Rerun *rerun_load(const char *directory, ExitCode *ret_code);
void rerun_free(Rerun *replay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rerun, rerun_free)
