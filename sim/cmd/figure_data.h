/*
 * figure_data.h - one data file of a figure each: a table of names and
 * printers, in the formats of plots/README.md.
 */
#pragma once

#include "sim/cmd/result.h"

typedef struct FigureData {
    const char *name;   /* incident.tsv */
    const char *figure; /* that needs it; NULL: all */
    GString *(*print)(const Result *result);
} FigureData;

extern const FigureData figure_data[];
extern const guint n_figure_data;

/* Whether any request was looked up in a cache. */
bool figure_data_has_cache(const Result *result);
