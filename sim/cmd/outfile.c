#include "sim/cmd/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 18 };

struct Outfile {
    char *path;
    char *staging; /* NULL: written straight away */
    int descriptor;
    int wrong; /* errno of the first error */
    size_t n;
    char buffer[BUFFER_BYTES];
};

static bool
fail(GError **error, const char *path, const char *what, int code)
{
    g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(code), "%s: %s: %s", path, what,
                code == EPIPE ? "the reader went away before the end" : g_strerror(code));
    return false;
}

static bool
open_file(Outfile *file, GError **error)
{
    struct stat about;
    bool is_there = stat(file->path, &about) == 0;
    if (is_there && S_ISDIR(about.st_mode)) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_ISDIR,
                    "%s: is a directory: expected a file to write", file->path);
        return false;
    }
    int flags = O_WRONLY | O_CLOEXEC;
    if (!is_there || S_ISREG(about.st_mode)) {
        file->staging = g_strdup_printf("%s.%d.new", file->path, (int)getpid());
        flags |= O_CREAT | O_TRUNC | O_NOFOLLOW;
    }
    file->descriptor = open(file->staging ? file->staging : file->path, flags, 0666);
    if (file->descriptor >= 0)
        return true;
    int code = errno;
    g_clear_pointer(&file->staging, g_free);
    return fail(error, file->path, "cannot write", code);
}

Outfile *
outfile_open(const char *path, GError **error)
{
    g_autoptr(Outfile) file = g_new(Outfile, 1);
    bool is_standard = strcmp(path, "-") == 0;
    file->path = g_strdup(is_standard ? "standard output" : path);
    file->staging = NULL;
    file->descriptor = is_standard ? STDOUT_FILENO : -1;
    file->wrong = 0;
    file->n = 0;
    if (!is_standard && !open_file(file, error))
        return NULL;
    return g_steal_pointer(&file);
}

void
outfile_free(Outfile *file)
{
    if (!file)
        return;
    if (file->descriptor > STDERR_FILENO)
        close(file->descriptor);
    if (file->staging)
        g_unlink(file->staging);
    g_free(file->staging);
    g_free(file->path);
    g_free(file);
}

static void
flush(Outfile *file)
{
    const char *at = file->buffer;
    while (file->n > 0 && !file->wrong) {
        ssize_t written = write(file->descriptor, at, file->n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            file->wrong = errno;
            break;
        }
        at += written;
        file->n -= (size_t)written;
    }
    file->n = 0;
}

char *
outfile_room(Outfile *file)
{
    if (file->n + OUTFILE_PIECE_MAX > BUFFER_BYTES)
        flush(file);
    return file->buffer + file->n;
}

void
outfile_take(Outfile *file, size_t n)
{
    file->n += n;
}

void
outfile_write(Outfile *file, const char *text, size_t n)
{
    while (n > 0) {
        size_t piece = MIN(n, OUTFILE_PIECE_MAX);
        memcpy(outfile_room(file), text, piece);
        outfile_take(file, piece);
        text += piece;
        n -= piece;
    }
}

bool
outfile_publish(Outfile *file, GError **error)
{
    flush(file);
    if (file->wrong)
        return fail(error, file->path, "cannot write", file->wrong);
    if (file->descriptor > STDERR_FILENO) {
        int descriptor = file->descriptor;
        file->descriptor = -1;
        if (close(descriptor) != 0)
            return fail(error, file->path, "cannot write", errno);
    }
    if (file->staging && g_rename(file->staging, file->path) != 0)
        return fail(error, file->path, "cannot replace", errno);
    g_clear_pointer(&file->staging, g_free);
    return true;
}
