/*
 * outfile.h - a large file that is written as it grows, whole or not at all.
 *
 * Text goes through a buffer into a file beside the one that is wanted, which takes its name when
 * all is written.  `-` is standard output; that, a pipe or a device is written straight away.
 *
 * Writing never fails in between: the first error is kept, the rest is dropped, and publishing
 * says what was wrong.  A reader that went away is an error here: a log that was cut is no log.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct Outfile Outfile;

Outfile *outfile_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Removes what was not published. */
void outfile_free(Outfile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outfile, outfile_free)

enum { OUTFILE_PIECE_MAX = 16384 };
/* Room for a piece of at most OUTFILE_PIECE_MAX bytes; outfile_take gives how long it became. */
char *outfile_room(Outfile *file);
void outfile_take(Outfile *file, size_t n);
/* Of any length. */
void outfile_write(Outfile *file, const char *text, size_t n);

bool outfile_publish(Outfile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
