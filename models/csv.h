/*
 * csv.h - a small table from a CSV text, with a place for every complaint.
 *
 * RFC 4180: cells are separated by commas; a cell in double quotes may hold
 * commas, line ends and doubled quotes.  Also accepted: a byte order mark, line
 * ends of any kind, a last line without one, empty lines, blanks around a cell.
 * The first row names the columns, in any order and any case; columns that
 * nobody asks for are ignored.  The text must be UTF-8.
 *
 * Every error reads "file:line: what is wrong: what was expected".  Reading is
 * linear in the text.  A table owns a copy of its text; cells point into it.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define CSV_COLUMNS_MAX 64
#define CSV_BYTES_MAX (64u << 20)

typedef struct Csv {
    char *file; /* for messages */
    uint32_t n_columns, n_rows;
    const char **names; /* of columns */
    const char **cells; /* row by row */
    uint32_t *lines;    /* where each row begins */
    char *text;
} Csv;

/* file is only named in messages.  More than rows_max rows, or none, is an error. */
bool csv_parse(const char *file, const char *text, size_t length, uint32_t rows_max, Csv **ret,
               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Reads the file and parses it; at most CSV_BYTES_MAX bytes are read. */
bool csv_load(const char *path, uint32_t rows_max, Csv **ret,
              GError **error) G_GNUC_WARN_UNUSED_RESULT;
void csv_free(Csv *csv);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Csv, csv_free)

/* The column of that name, or UINT32_MAX. */
uint32_t csv_column(const Csv *csv, const char *name);
/* Never NULL; "" for the column UINT32_MAX. */
const char *csv_cell(const Csv *csv, uint32_t row, uint32_t column);
/* An empty cell, or the column UINT32_MAX, gives fallback; NAN as fallback makes it required. */
bool csv_number(const Csv *csv, uint32_t row, uint32_t column, double minimum, double maximum,
                double fallback, double *ret, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Sets an error at that row and returns false. */
bool csv_complain(const Csv *csv, uint32_t row, GError **error, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
