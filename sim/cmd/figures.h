/*
 * figures.h - the data of the figures, in the formats of plots/README.md.
 *
 * Each figure's script, what they share and their data lie side by side in
 * plots/, so the directory can be drawn again anywhere.  Neighbouring buckets
 * are merged, counts before ratios, until a file has at most 1,200 rows.
 *
 * Drawn are: incident, pops and retries always; cache when there is something
 * to cache; versions when there is a config; lanes when there is more than one
 * service, or somebody who watches or acts; budget when somebody watches or
 * users felt something.
 */
#pragma once

#include "sim/cmd/result.h"
#include "sim/cmd/rundir.h"

/* Names (static strings) of the figures that this run has; the array is to be freed. */
GPtrArray *figures_of(const Result *result);
/* The names of all figures there are; NULL-terminated. */
extern const char *const figure_names[];

/* The data of all its figures. */
bool figures_write(const Result *result, Rundir *rundir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The scripts of all its figures, from the program's own into a folder. */
bool figures_copy_scripts(const GPtrArray *figures, const char *folder,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Every name of a file that may lie in plots/: strings, to be freed with the array. */
GPtrArray *figures_file_names(void);
