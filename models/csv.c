#include "models/csv.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Reader {
    Csv *csv;
    char *at, *end;
    uint32_t line;
    GPtrArray *cells; /* the header row's too */
    GArray *lines;
    uint32_t rows_max;
} Reader;

static bool
complain_at(const char *file, uint32_t line, GError **error, const char *message)
{
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s:%u: %s", file, line, message);
    return false;
}

bool
csv_complain(const Csv *csv, uint32_t row, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return complain_at(csv->file, row < csv->n_rows ? csv->lines[row] : 1, error, message);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool
is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static void
skip_blanks(Reader *reader)
{
    while (reader->at < reader->end && is_blank(*reader->at))
        reader->at++;
}

/* \n, \r\n and a lone \r each end one line. */
static void
skip_line_end(Reader *reader)
{
    if (reader->at == reader->end)
        return;
    if (*reader->at == '\r' && reader->at + 1 < reader->end && reader->at[1] == '\n')
        reader->at++;
    reader->at++;
    reader->line++;
}

/* Unescapes in place.  The terminating zero is left to the caller, who knows what follows. */
static bool
read_quoted(Reader *reader, char **ret_stop, GError **error)
{
    uint32_t opened = reader->line;
    char *out = reader->at++;
    for (;; reader->at++) {
        if (reader->at == reader->end)
            return complain_at(reader->csv->file, opened, error,
                               "a quote is not closed: expected '\"' before the end of the file");
        if (*reader->at == '"') {
            if (reader->at + 1 == reader->end || reader->at[1] != '"')
                break;
            reader->at++;
        }
        if (*reader->at == '\n')
            reader->line++;
        *out++ = *reader->at;
    }
    reader->at++;
    skip_blanks(reader);
    *ret_stop = out;
    if (reader->at == reader->end || *reader->at == ',' || is_line_end(*reader->at))
        return true;
    return complain_at(reader->csv->file, reader->line, error,
                       "text after a closing quote: expected a comma or the end of the line");
}

static char *
read_bare(Reader *reader)
{
    char *start = reader->at;
    while (reader->at < reader->end && *reader->at != ',' && !is_line_end(*reader->at))
        reader->at++;
    char *stop = reader->at;
    while (stop > start && is_blank(stop[-1]))
        stop--;
    return stop;
}

/* Leaves the reader on the separator and says where to write the zero that ends the cell. */
static bool
read_cell(Reader *reader, char **ret_stop, GError **error)
{
    skip_blanks(reader);
    bool is_quoted = reader->at < reader->end && *reader->at == '"';
    g_ptr_array_add(reader->cells, reader->at);
    if (is_quoted)
        return read_quoted(reader, ret_stop, error);
    *ret_stop = read_bare(reader);
    return true;
}

static bool
read_row(Reader *reader, uint32_t *ret_n, GError **error)
{
    for (uint32_t n = 1;; n++) {
        char *stop;
        if (!read_cell(reader, &stop, error))
            return false;
        bool is_last = reader->at == reader->end || *reader->at != ',';
        if (is_last)
            skip_line_end(reader);
        else
            reader->at++;
        *stop = '\0';
        *ret_n = n;
        if (is_last)
            return true;
        if (n == CSV_COLUMNS_MAX)
            return complain_at(reader->csv->file, reader->line, error,
                               "too many columns: expected at most 64");
    }
}

static bool
check_header(Csv *csv, GError **error)
{
    for (uint32_t i = 0; i < csv->n_columns; i++)
        for (uint32_t j = 0; j < i; j++)
            if (csv->names[i][0] && g_ascii_strcasecmp(csv->names[i], csv->names[j]) == 0)
                return csv_complain(csv, UINT32_MAX, error,
                                    "column '%s' twice: expected each name once", csv->names[i]);
    return true;
}

static bool
add_row(Reader *reader, uint32_t line, uint32_t n, GError **error)
{
    Csv *csv = reader->csv;
    if (csv->n_columns == 0) {
        csv->n_columns = n;
        return true;
    }
    if (n != csv->n_columns) {
        g_autofree char *message =
            g_strdup_printf("%u cells: expected %u, as in the header row", n, csv->n_columns);
        return complain_at(csv->file, line, error, message);
    }
    if (csv->n_rows == reader->rows_max) {
        g_autofree char *message =
            g_strdup_printf("too many rows: expected at most %u", reader->rows_max);
        return complain_at(csv->file, line, error, message);
    }
    g_array_append_val(reader->lines, line);
    csv->n_rows++;
    return true;
}

static bool
is_empty_line(const Reader *reader)
{
    return is_line_end(*reader->at);
}

static bool
read_rows(Reader *reader, GError **error)
{
    while (reader->at < reader->end) {
        if (is_empty_line(reader)) {
            skip_line_end(reader);
            continue;
        }
        uint32_t line = reader->line, n;
        if (!read_row(reader, &n, error) || !add_row(reader, line, n, error))
            return false;
    }
    if (reader->csv->n_columns == 0)
        return complain_at(reader->csv->file, 1, error,
                           "the file is empty: expected a row of column names");
    if (reader->csv->n_rows == 0)
        return complain_at(reader->csv->file, reader->line, error,
                           "no rows: expected at least one below the column names");
    return true;
}

/* The first n_columns cells are the header's. */
static void
take_cells(Csv *csv, GPtrArray *cells, GArray *lines)
{
    size_t size = sizeof(char *);
    csv->names = g_memdup2(cells->pdata, csv->n_columns * size);
    csv->cells = g_memdup2(cells->pdata + csv->n_columns, (cells->len - csv->n_columns) * size);
    csv->lines = g_memdup2(lines->data, lines->len * sizeof(uint32_t));
}

bool
csv_parse(const char *file, const char *text, size_t length, uint32_t rows_max, Csv **ret,
          GError **error)
{
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        length -= 3;
    }
    if (!g_utf8_validate_len(text, length, NULL))
        return complain_at(file, 1, error, "not a text file: expected CSV in UTF-8");
    g_autoptr(Csv) csv = g_new0(Csv, 1);
    csv->file = g_strdup(file);
    csv->text = g_malloc(length + 1);
    memcpy(csv->text, text, length);
    csv->text[length] = '\0';
    g_autoptr(GPtrArray) cells = g_ptr_array_new();
    g_autoptr(GArray) lines = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    Reader reader = {.csv = csv,
                     .at = csv->text,
                     .end = csv->text + length,
                     .line = 1,
                     .cells = cells,
                     .lines = lines,
                     .rows_max = rows_max};
    if (!read_rows(&reader, error))
        return false;
    take_cells(csv, cells, lines);
    if (!check_header(csv, error))
        return false;
    *ret = g_steal_pointer(&csv);
    return true;
}

bool
csv_load(const char *path, uint32_t rows_max, Csv **ret, GError **error)
{
    FILE *stream = fopen(path, "rb");
    int failure = errno;
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    uint8_t chunk[16384];
    size_t n = 0;
    while (stream && bytes->len <= CSV_BYTES_MAX && (n = fread(chunk, 1, sizeof chunk, stream)) > 0)
        g_byte_array_append(bytes, chunk, (guint)n);
    bool is_broken = !stream || ferror(stream);
    if (stream && is_broken)
        failure = errno;
    if (stream)
        fclose(stream);
    if (is_broken) {
        g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(failure),
                    "%s: cannot be read: %s", path, g_strerror(failure));
        return false;
    }
    if (bytes->len > CSV_BYTES_MAX)
        return complain_at(path, 1, error, "the file is too large: expected at most 64 MiB");
    return csv_parse(path, bytes->data ? (const char *)bytes->data : "", bytes->len, rows_max, ret,
                     error);
}

void
csv_free(Csv *csv)
{
    if (!csv)
        return;
    g_free(csv->file);
    g_free(csv->names);
    g_free(csv->cells);
    g_free(csv->lines);
    g_free(csv->text);
    g_free(csv);
}

uint32_t
csv_column(const Csv *csv, const char *name)
{
    for (uint32_t i = 0; i < csv->n_columns; i++)
        if (g_ascii_strcasecmp(csv->names[i], name) == 0)
            return i;
    return UINT32_MAX;
}

const char *
csv_cell(const Csv *csv, uint32_t row, uint32_t column)
{
    return column == UINT32_MAX ? "" : csv->cells[(size_t)row * csv->n_columns + column];
}

/* strtod also reads nan, infinity and hexadecimal, which nobody means in such a table. */
static bool
parse_decimal(const char *text, double *ret)
{
    size_t length = strlen(text);
    if (length == 0 || length > 64 || strspn(text, "0123456789+-.eE") != length)
        return false;
    char *end;
    double value = g_ascii_strtod(text, &end);
    if (*end || !isfinite(value))
        return false;
    *ret = value;
    return true;
}

bool
csv_number(const Csv *csv, uint32_t row, uint32_t column, double minimum, double maximum,
           double fallback, double *ret, GError **error)
{
    const char *text = csv_cell(csv, row, column);
    if (!*text && !isnan(fallback)) {
        *ret = fallback;
        return true;
    }
    double value;
    if (!parse_decimal(text, &value))
        return csv_complain(csv, row, error, "%s '%.40s' is not a number: expected %g to %g",
                            csv->names[column], text, minimum, maximum);
    if (value < minimum || value > maximum)
        return csv_complain(csv, row, error, "%s '%.40s' is out of range: expected %g to %g",
                            csv->names[column], text, minimum, maximum);
    *ret = value;
    return true;
}
