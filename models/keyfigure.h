/*
 * keyfigure.h - the few numbers that every run is summed up by.
 *
 * A table of measures with a short id (for JSON and for many seeds) and words,
 * figures of merit where somebody watches or is paged, and one more for each
 * site where people log in: how many wait there at most.
 * A figure whose metric a scenario does not have is left out.
 */
#pragma once

#include "models/measure.h"
#include "models/spec.h"

typedef struct KeyFigure {
    const char *id;    /* peak_errors */
    const char *words; /* "peak errors" */
    MeasureSpec measure;
    bool is_silent_at_zero; /* not worth a line when there was none */
} KeyFigure;

typedef struct KeyFigures {
    uint32_t n;
    KeyFigure *figures;
    GStringChunk *text; /* of those that are not in the table */
} KeyFigures;

KeyFigures *key_figures_new(const Spec *spec);
void key_figures_free(KeyFigures *figures);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeyFigures, key_figures_free)

/* Whether it is one of merit.h. */
bool key_figure_is_merit(const KeyFigure *figure);
/* False: the run has no such metric. */
bool key_figure_take(const KeyFigure *figure, const Recording *recording, Measured *ret);
/* "52.3 % at 12:55:00"; the caller frees it. */
char *key_figure_text(const Measured *measured, int64_t start);
