/*
 * keyfigure.h - the few numbers that every run is summed up by.
 *
 * A table of measures with a short id (for JSON and for many seeds) and words.
 * A figure whose metric a scenario does not have is left out.
 */
#pragma once

#include "models/measure.h"

typedef struct KeyFigure {
    const char *id;    /* peak_errors */
    const char *words; /* "peak errors" */
    MeasureSpec measure;
    bool is_silent_at_zero; /* not worth a line when there was none */
} KeyFigure;

extern const KeyFigure key_figures[];
extern const uint32_t n_key_figures;

/* False: the run has no such metric. */
bool key_figure_take(const KeyFigure *figure, const Recording *recording, Measured *ret);
/* "52.3 % at 12:55:00"; the caller frees it. */
char *key_figure_text(const Measured *measured, int64_t start);
