/*
 * rundir.h - the directory that a run leaves behind.
 *
 * Files are first written whole into a hidden directory inside, then moved to
 * their names, the manifest last: a reader finds either the files of one run or
 * no manifest.  Nothing is moved when writing failed, and an earlier run stays
 * as it was.
 *
 * One process at a time: the directory is locked while it is open.  A directory
 * that holds something else than an earlier run is refused, and only files with
 * the names of ours are ever replaced or removed.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Rundir Rundir;

/* Makes the directory and its parents if need be, and locks it. */
Rundir *rundir_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes what was not published, and unlocks. */
void rundir_close(Rundir *rundir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rundir, rundir_close)

const char *rundir_path(const Rundir *rundir);
/* Where the files wait to be published: the working directory for programs that make more. */
const char *rundir_staging(const Rundir *rundir);
/* name may have one folder before it: "plots/incident.tsv". */
bool rundir_write(Rundir *rundir, const char *name, const GString *text,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Moves all to their names; files of an earlier run that this one does not have are removed. */
bool rundir_publish(Rundir *rundir, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether path looks like the directory of a run. */
bool rundir_is_run(const char *path);
