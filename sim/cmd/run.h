/*
 * run.h - the verb `run`, and what its parts share with the workers that run
 * single seeds.
 */
#pragma once

#include "sim/cmd/gnuplot.h"
#include "sim/cmd/interrupt.h"
#include "sim/cmd/result.h"
#include "sim/cmd/watch.h"

typedef struct RunArguments {
    char *seed_text, *seeds_text, *until_text, *theme_text, *out, *plane_text;
    char **set;
    int jobs, sample_pops;
    bool has_no_plots, wants_json, is_quiet;
    WatchArguments watch;
    RequestLog *log; /* told of every hop; NULL */
    /* From the texts. */
    uint64_t seed;
    bool has_seed;
    SimTime until;
    RunPlane plane;
    GnuplotChoice themes; /* 0: not given */
    guint n_scenarios;
} RunArguments;

void run_arguments_clear(RunArguments *arguments);
/* From its text; false: it names no plane. */
bool run_read_plane(RunArguments *arguments);

/* A run of the scenario; NULL when it has errors, all being said. */
Run *run_prepare(const RunArguments *arguments, const Scenario *scenario);
/* To its end or the first Ctrl-C. */
Result *run_drive(Run *run, const RunArguments *arguments, const Scenario *scenario,
                  Interrupt *interrupt);
/* The command line that repeats it, quoted for a shell. */
char *run_repeat_command(const RunArguments *arguments, const Scenario *scenario, uint64_t seed);
