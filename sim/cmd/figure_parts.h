/*
 * figure_parts.h - what the data files of figures are made of: rows of merged buckets, numbers,
 * times and texts as plots/README.md wants them.
 */
#pragma once

#include "sim/cmd/result.h"

enum { FIGURE_ROWS_MAX = 1200 };

/* Rows of a figure: `merge` buckets of the recorder each. */
typedef struct FigureRows {
    const Recording *recording;
    uint32_t n_buckets, merge, n;
} FigureRows;

FigureRows figure_rows(const Result *result, uint32_t most);
uint32_t figure_row_begin(const FigureRows *rows, uint32_t row);
uint32_t figure_row_end(const FigureRows *rows, uint32_t row);
/* When it begins; of the number after the last, when the last ends. */
SimTime figure_row_time(const FigureRows *rows, uint32_t row);
/* The metric over a row; NaN when the run has no such metric. */
double figure_row_value(const FigureRows *rows, uint32_t row, const char *metric);

double figure_unix_seconds(const Result *result, SimTime at);
/* The middle of a row, without a tab before it. */
void figure_append_time(GString *out, const Result *result, const FigureRows *rows, uint32_t row);
void figure_append_number(GString *out, double value);
void figure_append_text(GString *out, const char *text, glong most);

/* Of an entity such as "timeline/ID": the timeline entry; SIM_NONE. */
uint32_t figure_entry_of(const Result *result, const SimJournalEntry *entry);
/* "edge" of "team/edge". */
const char *figure_name_in(const char *entity);

/* As long as something has begun and not ended. */
typedef struct FigureSpell {
    SimTime begin, end;
    const char *kind;
} FigureSpell;

typedef struct FigurePairs {
    const char *begin, *end; /* kinds of the journal */
    const char *entity;      /* whole; NULL: any */
    const char *has_text;    /* NULL: any */
    const char *kind;        /* of the spells */
} FigurePairs;

/* Appends FigureSpell to the array; they end with the run. */
void figure_spells(const Result *result, const FigurePairs *pairs, GArray *spells);
/* The alerts of an observer, kind page, ticket or info, without what a graver one covers; to be
 * freed. */
GArray *figure_alerts(const Result *result, uint32_t observer);
