#include "sim/cmd/rundir.h"

#include "sim/cmd/figures.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define STAGING ".blackstart-new"
#define MANIFEST "manifest.json"
#define PLOTS "plots"

static const char *const file_names[] = {MANIFEST,       "scenario.yaml", "journal.jsonl",
                                         "series.tsv",   "pops.tsv",      "summary.txt",
                                         "summary.json", "seeds.jsonl",   NULL};

struct Rundir {
    char *path, *staging;
    int lock; /* the directory itself, locked */
};

static void
set_error(GError **error, const char *path, const char *what)
{
    int code = errno;
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(code), "%s: %s: %s", path, what,
                g_strerror(code));
}

bool
rundir_is_run(const char *path)
{
    char head[64] = "";
    g_autofree char *manifest = g_build_filename(path, MANIFEST, NULL);
    FILE *file = fopen(manifest, "re");
    if (!file)
        return false;
    size_t n = fread(head, 1, sizeof head - 1, file);
    fclose(file);
    head[n] = 0;
    return strstr(head, "\"blackstart\"") != NULL;
}

static bool
is_ours(const char *name)
{
    return strcmp(name, STAGING) == 0 || strcmp(name, PLOTS) == 0 ||
           g_strv_contains(file_names, name);
}

/* Nothing, or nothing but what a run that was cut off leaves. */
static bool
is_empty(const char *path)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name = dir ? g_dir_read_name(dir) : NULL; name; name = g_dir_read_name(dir))
        if (!is_ours(name))
            return false;
    return true;
}

/* Removes a directory with the files in it, two levels deep: all that we ever make. */
static void
remove_staging(const char *path, int levels)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    for (const char *name = dir ? g_dir_read_name(dir) : NULL; name; name = g_dir_read_name(dir)) {
        g_autofree char *entry = g_build_filename(path, name, NULL);
        bool is_directory =
            g_file_test(entry, G_FILE_TEST_IS_DIR) && !g_file_test(entry, G_FILE_TEST_IS_SYMLINK);
        if (is_directory && levels > 0)
            remove_staging(entry, levels - 1);
        else
            g_unlink(entry);
    }
    g_rmdir(path);
}

static bool
take_lock(Rundir *rundir, GError **error)
{
    rundir->lock = open(rundir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (rundir->lock < 0) {
        set_error(error, rundir->path, "cannot open the run directory");
        return false;
    }
    if (flock(rundir->lock, LOCK_EX | LOCK_NB) == 0)
        return true;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_AGAIN,
                "%s: another run is writing here: expected one at a time; give this one its own "
                "directory with --out",
                rundir->path);
    return false;
}

static bool
prepare(Rundir *rundir, GError **error)
{
    g_autofree char *plots = g_build_filename(rundir->staging, PLOTS, NULL);
    bool is_other_thing = g_file_test(rundir->path, G_FILE_TEST_EXISTS) &&
                          !g_file_test(rundir->path, G_FILE_TEST_IS_DIR);
    if (is_other_thing) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR,
                    "%s: is a file: expected a directory for the run, or a new name", rundir->path);
        return false;
    }
    if (g_mkdir_with_parents(rundir->path, 0777) != 0) {
        set_error(error, rundir->path, "cannot make the run directory");
        return false;
    }
    if (!take_lock(rundir, error))
        return false;
    if (!is_empty(rundir->path) && !rundir_is_run(rundir->path)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_EXIST,
                    "%s: holds files that are no run: expected a new or empty directory, or that "
                    "of an earlier run",
                    rundir->path);
        return false;
    }
    remove_staging(rundir->staging, 1);
    if (g_mkdir_with_parents(plots, 0777) == 0)
        return true;
    set_error(error, rundir->path, "cannot write into the run directory");
    return false;
}

Rundir *
rundir_open(const char *path, GError **error)
{
    g_autoptr(Rundir) rundir = g_new0(Rundir, 1);
    rundir->lock = -1;
    rundir->path = g_strdup(path);
    g_autofree char *staging = g_build_filename(path, STAGING, NULL);
    rundir->staging = g_canonicalize_filename(staging, NULL);
    return prepare(rundir, error) ? g_steal_pointer(&rundir) : NULL;
}

void
rundir_close(Rundir *rundir)
{
    if (!rundir)
        return;
    if (rundir->lock >= 0) {
        remove_staging(rundir->staging, 1);
        close(rundir->lock);
    }
    g_free(rundir->path);
    g_free(rundir->staging);
    g_free(rundir);
}

const char *
rundir_path(const Rundir *rundir)
{
    return rundir->path;
}

const char *
rundir_staging(const Rundir *rundir)
{
    return rundir->staging;
}

bool
rundir_write(Rundir *rundir, const char *name, const GString *text, GError **error)
{
    g_autofree char *path = g_build_filename(rundir->staging, name, NULL);
    g_autofree char *wanted = g_build_filename(rundir->path, name, NULL);
    FILE *file = fopen(path, "we");
    bool ok = file && fwrite(text->str, 1, text->len, file) == text->len;
    int code = errno;
    if (file && fclose(file) != 0 && ok) {
        code = errno;
        ok = false;
    }
    errno = code;
    if (!ok)
        set_error(error, wanted, "cannot write");
    return ok;
}

static bool
move(const char *from_folder, const char *to_folder, const char *name, GError **error)
{
    g_autofree char *from = g_build_filename(from_folder, name, NULL);
    g_autofree char *to = g_build_filename(to_folder, name, NULL);
    if (!g_file_test(from, G_FILE_TEST_EXISTS)) {
        g_unlink(to);
        return true;
    }
    if (g_rename(from, to) == 0)
        return true;
    set_error(error, to, "cannot replace");
    return false;
}

static bool
publish_plots(Rundir *rundir, GError **error)
{
    g_autofree char *from = g_build_filename(rundir->staging, PLOTS, NULL);
    g_autofree char *to = g_build_filename(rundir->path, PLOTS, NULL);
    g_autoptr(GPtrArray) names = figures_file_names();
    if (g_mkdir_with_parents(to, 0777) != 0) {
        set_error(error, to, "cannot make the directory");
        return false;
    }
    for (guint i = 0; i < names->len; i++)
        if (!move(from, to, names->pdata[i], error))
            return false;
    return true;
}

bool
rundir_publish(Rundir *rundir, GError **error)
{
    g_autofree char *manifest = g_build_filename(rundir->path, MANIFEST, NULL);
    if (g_unlink(manifest) != 0 && errno != ENOENT) {
        set_error(error, manifest, "cannot replace");
        return false;
    }
    if (!publish_plots(rundir, error))
        return false;
    for (guint i = 1; file_names[i]; i++)
        if (!move(rundir->staging, rundir->path, file_names[i], error))
            return false;
    return move(rundir->staging, rundir->path, file_names[0], error);
}
