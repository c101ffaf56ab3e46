/*
 * scenario.h - a scenario found, read, and joined with its network.
 *
 * A name without a slash that is no file here is looked for in the library, with
 * and without .yaml.  `-` is standard input.  Errors of the file go to standard
 * error all at once, with their places.
 */
#pragma once

#include "models/geo.h"
#include "models/spec.h"
#include "sim/cmd/command.h"

typedef struct Scenario {
    char *name;   /* as given */
    char *path;   /* as found; "-" */
    char *folder; /* that files of the network are relative to */
    char *stem;   /* for directories */
    SimMessages *messages;
    SimDocument *document;
    SimFields *fields;
    Spec spec;
    Geo *geo;
    char *normalised; /* the whole scenario after defaults, as YAML */
    char *hash;       /* SHA-256 of that, in hexadecimal */
} Scenario;

/* NULL: all has been said, and *ret_code is the exit code.  set: NULL or "path=value", NULL. */
Scenario *scenario_load(const char *name, char **set, ExitCode *ret_code);
/* The same, with the files of its network relative to a folder; NULL: to its own. */
Scenario *scenario_load_in(const char *name, const char *folder, char **set, ExitCode *ret_code);
void scenario_free(Scenario *scenario);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Scenario, scenario_free)

/* A file's name for directories: letters, digits, - and _; never empty; to be freed. */
char *scenario_stem(const char *path);
/* Prints what has been collected to standard error; whether there is an error among it. */
bool scenario_print_messages(const Scenario *scenario);
