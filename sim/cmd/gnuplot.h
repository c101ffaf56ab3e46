/*
 * gnuplot.h - draws figures: gnuplot as a child process for each picture, as many
 * at once as there are processors.
 *
 * A gnuplot that is missing, fails or is killed costs its pictures and nothing
 * else: data and scripts stay, and the complaint says which pictures are missing
 * and why.  One that takes more than two minutes is ended.
 */
#pragma once

#include "sim/cmd/interrupt.h"

#include <glib.h>

typedef enum GnuplotChoice {
    GNUPLOT_FIRST = 1,
    GNUPLOT_SECOND = 2,
    GNUPLOT_BOTH = 3
} GnuplotChoice;

typedef struct GnuplotJob {
    const char *folder;       /* holds scripts and data; pictures go there */
    const GPtrArray *figures; /* names */
    GnuplotChoice themes;     /* first: light, second: dark */
    GnuplotChoice formats;    /* first: png, second: svg */
} GnuplotJob;

/* False when something is missing; *ret_complaint is then a new text. */
bool gnuplot_draw(const GnuplotJob *job, Interrupt *interrupt, char **ret_complaint);

/* "light", "dark", "both" / "png", "svg", "both"; false: none of them. */
bool gnuplot_theme(const char *word, GnuplotChoice *ret);
bool gnuplot_format(const char *word, GnuplotChoice *ret);
