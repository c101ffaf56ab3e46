#include "models/access_trace.h"

#include "sim/instant.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BLOCK ((size_t)1 << 20)
#define RECORD 24u
#define CELLS_MAX 64u
#define TEXT_SHOWN 40

const char *const access_trace_format_names[ACCESS_TRACE_FORMAT_COUNT + 1] = {
    [ACCESS_TRACE_AUTO] = "auto",
    [ACCESS_TRACE_ORACLE] = "oracle",
    [ACCESS_TRACE_CSV] = "csv",
};

struct AccessTrace {
    char *path;
    FILE *file;
    AccessTraceFormat format;
    bool is_at_end;           /* of the file; the block may still hold some */
    uint64_t place;           /* of the last record or line, from 1 */
    uint32_t n_cells;         /* of every line */
    uint32_t time, key, size; /* which cell is which; size: SIM_NONE if there is none */
    size_t begin, end;        /* the unread part of the block */
    char block[BLOCK + 1];    /* a zero may be written at `end` */
};

static bool complain(const AccessTrace *trace, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

/* Sets an error at the record or line in hand and returns false. */
static bool
complain(const AccessTrace *trace, GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    bool has_lines = trace->format == ACCESS_TRACE_CSV;
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL, "%s:%s%" G_GUINT64_FORMAT ": %s",
                trace->path, has_lines ? "" : " record ", trace->place, message);
    return false;
}

/* Of the file as a whole, errno being fresh. */
static bool
complain_of_file(const char *path, GError **error, const char *what)
{
    int why = errno;
    g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(why), "%s: %s: %s", path, what,
                g_strerror(why));
    return false;
}

/* The unread part moves to the front, and more of the file follows it. */
static bool
refill(AccessTrace *trace, GError **error)
{
    memmove(trace->block, trace->block + trace->begin, trace->end - trace->begin);
    trace->end -= trace->begin;
    trace->begin = 0;
    size_t wanted = BLOCK - trace->end;
    size_t got = fread(trace->block + trace->end, 1, wanted, trace->file);
    trace->end += got;
    trace->is_at_end = got < wanted;
    return !ferror(trace->file) || complain_of_file(trace->path, error, "cannot read");
}

/* lines ------------------------------------------------------------------------------------- */

/* NULL after the last; terminated, without its end. */
static bool
next_line(AccessTrace *trace, char **ret_line, GError **error)
{
    for (;;) {
        char *line = trace->block + trace->begin;
        size_t length = trace->end - trace->begin;
        char *stop = memchr(line, '\n', length);
        if (!stop && length <= ACCESS_TRACE_LINE_MAX && !trace->is_at_end) {
            if (!refill(trace, error))
                return false;
            continue;
        }
        *ret_line = length > 0 ? line : NULL;
        if (length == 0)
            return true;
        trace->place++;
        trace->begin = stop ? (size_t)(stop + 1 - trace->block) : trace->end;
        length = stop ? (size_t)(stop - line) : length;
        if (length > ACCESS_TRACE_LINE_MAX)
            return complain(trace, error, "the line is too long: expected at most %u bytes",
                            ACCESS_TRACE_LINE_MAX);
        if (memchr(line, '\0', length))
            return complain(trace, error, "a zero byte: expected text (time,key,size)");
        line[length] = '\0';
        if (length > 0 && line[length - 1] == '\r')
            line[length - 1] = '\0';
        return true;
    }
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Unescapes in place; the cell ends at *ret_stop, the text goes on at *ret_at. */
static bool
read_quoted(const AccessTrace *trace, char **at, char **ret_stop, GError **error)
{
    char *in = *at + 1, *out = *at;
    for (; *in != '"' || in[1] == '"'; in++) {
        if (*in == '\0')
            return complain(trace, error,
                            "a quote is not closed: expected '\"' before the end of the line");
        in += *in == '"';
        *out++ = *in;
    }
    for (in++; is_blank(*in); in++)
        continue;
    if (*in != ',' && *in != '\0')
        return complain(trace, error,
                        "text after a closing quote: expected a comma or the end of the line");
    *ret_stop = out;
    *at = in;
    return true;
}

static char *
skip_bare(char **at)
{
    char *start = *at, *stop = start + strcspn(start, ",");
    *at = stop;
    while (stop > start && is_blank(stop[-1]))
        stop--;
    return stop;
}

static bool
split(const AccessTrace *trace, char *at, char *cells[CELLS_MAX], uint32_t *ret_n, GError **error)
{
    for (uint32_t n = 0; n < CELLS_MAX; n++) {
        char *stop = at;
        while (is_blank(*at))
            at++;
        cells[n] = at;
        if (*at != '"')
            stop = skip_bare(&at);
        else if (!read_quoted(trace, &at, &stop, error))
            return false;
        bool is_last = *at == '\0';
        at++;
        *stop = '\0';
        *ret_n = n + 1;
        if (is_last)
            return true;
    }
    return complain(trace, error, "too many cells: expected at most %u", CELLS_MAX);
}

static uint32_t
find_cell(char *const *cells, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (g_ascii_strcasecmp(cells[i], name) == 0)
            return i;
    return SIM_NONE;
}

/* The first line says which cell is which, by names or by its number of cells. */
static bool
learn_columns(AccessTrace *trace, char *const *cells, uint32_t n, bool *ret_is_header,
              GError **error)
{
    uint32_t time = find_cell(cells, n, "time"), key = find_cell(cells, n, "key");
    bool is_header = time != SIM_NONE && key != SIM_NONE;
    if (!is_header && n != 2 && n != 3)
        return complain(trace, error,
                        "%u cell%s: expected time,key or time,key,size, or a line with these "
                        "names above others",
                        n, n == 1 ? "" : "s");
    trace->n_cells = n;
    trace->time = is_header ? time : 0;
    trace->key = is_header ? key : 1;
    trace->size = is_header ? find_cell(cells, n, "size") : n == 3 ? 2 : SIM_NONE;
    *ret_is_header = is_header;
    return true;
}

/* Digits; stops before what is none.  False: there are none, or too many. */
static bool
read_digits(const char **at, uint64_t limit, uint64_t *ret)
{
    const char *start = *at;
    uint64_t value = 0;
    for (; g_ascii_isdigit(**at); (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');
        if (value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *ret = value;
    return *at > start;
}

/* Seconds with a fraction, whose digits beyond the ninth are dropped; or a timestamp. */
static bool
read_time(const char *text, SimTime *ret)
{
    uint64_t seconds, nanoseconds = 0;
    int64_t unix_seconds;
    const uint64_t limit = SIM_TIME_MAX / SIM_SECOND - 1;
    if (sim_timestamp_parse(text, &unix_seconds) && unix_seconds >= 0 &&
        (uint64_t)unix_seconds <= limit) {
        *ret = unix_seconds * SIM_SECOND;
        return true;
    }
    if (!read_digits(&text, limit, &seconds))
        return false;
    if (*text == '.' && g_ascii_isdigit(text[1])) {
        uint64_t unit = SIM_SECOND / 10;
        for (text++; g_ascii_isdigit(*text); text++, unit /= 10)
            nanoseconds += unit * (uint64_t)(*text - '0');
    }
    *ret = (SimTime)(seconds * SIM_SECOND + nanoseconds);
    return *text == '\0';
}

static bool
read_size(const char *text, uint64_t *ret)
{
    return read_digits(&text, INT64_MAX, ret) && *text == '\0';
}

static bool
complain_of_cell(const AccessTrace *trace, const char *cell, GError **error, const char *what)
{
    g_autofree char *valid = g_utf8_make_valid(cell, (gssize)strnlen(cell, TEXT_SHOWN));
    return complain(trace, error, "'%s' is no %s", valid, what);
}

static bool
read_cells(const AccessTrace *trace, char *const *cells, Access *ret, GError **error)
{
    Access access = {.bytes = 0};
    if (!read_time(cells[trace->time], &access.at))
        return complain_of_cell(trace, cells[trace->time], error,
                                "time: expected seconds, or a timestamp 2025-11-18T11:05:00Z");
    if (cells[trace->key][0] == '\0')
        return complain(trace, error, "the key is empty: expected a text");
    access.key = sim_hash_text(cells[trace->key]);
    if (trace->size != SIM_NONE && !read_size(cells[trace->size], &access.bytes))
        return complain_of_cell(trace, cells[trace->size], error,
                                "size: expected a number of bytes");
    *ret = access;
    return true;
}

/* *ret_is_one: the line was a request, neither empty nor a header. */
static bool
read_line(AccessTrace *trace, char *line, Access *ret, bool *ret_is_one, GError **error)
{
    char *cells[CELLS_MAX];
    uint32_t n;
    bool is_header = false;
    *ret_is_one = false;
    if (trace->place == 1 && g_str_has_prefix(line, "\xef\xbb\xbf"))
        line += 3;
    if (*line == '\0')
        return true;
    if (!split(trace, line, cells, &n, error))
        return false;
    if (trace->n_cells == 0 && !learn_columns(trace, cells, n, &is_header, error))
        return false;
    if (is_header)
        return true;
    if (n != trace->n_cells)
        return complain(trace, error, "%u cell%s: expected %u, as in the first line", n,
                        n == 1 ? "" : "s", trace->n_cells);
    *ret_is_one = true;
    return read_cells(trace, cells, ret, error);
}

static bool
read_lines(AccessTrace *trace, Access *accesses, uint32_t n_max, uint32_t *ret_n, GError **error)
{
    uint32_t n = 0;
    while (n < n_max) {
        char *line;
        bool is_one;
        if (!next_line(trace, &line, error))
            return false;
        if (!line)
            break;
        if (!read_line(trace, line, &accesses[n], &is_one, error))
            return false;
        n += is_one;
    }
    *ret_n = n;
    return true;
}

/* records ----------------------------------------------------------------------------------- */

static bool
read_record(const AccessTrace *trace, const char *record, Access *ret, GError **error)
{
    uint32_t seconds, bytes;
    uint64_t key, next;
    memcpy(&seconds, record, 4);
    memcpy(&key, record + 4, 8);
    memcpy(&bytes, record + 12, 4);
    memcpy(&next, record + 16, 8);
    int64_t next_access = (int64_t)GUINT64_FROM_LE(next);
    if (next_access < -1)
        return complain(trace, error,
                        "the next access is %" G_GINT64_FORMAT
                        ": expected a number, or -1; is this an oracleGeneral trace?",
                        next_access);
    *ret = (Access){.at = GUINT32_FROM_LE(seconds) * SIM_SECOND,
                    .key = GUINT64_FROM_LE(key),
                    .bytes = GUINT32_FROM_LE(bytes)};
    return true;
}

static bool
read_records(AccessTrace *trace, Access *accesses, uint32_t n_max, uint32_t *ret_n, GError **error)
{
    uint32_t n = 0;
    while (n < n_max) {
        size_t left = trace->end - trace->begin;
        if (left < RECORD && !trace->is_at_end) {
            if (!refill(trace, error))
                return false;
            continue;
        }
        if (left == 0)
            break;
        trace->place++;
        if (left < RECORD)
            return complain(trace, error, "the file ends after %zu bytes of it: expected %u", left,
                            RECORD);
        if (!read_record(trace, trace->block + trace->begin, &accesses[n], error))
            return false;
        trace->begin += RECORD;
        n++;
    }
    *ret_n = n;
    return true;
}

/* files ------------------------------------------------------------------------------------- */

static const struct {
    const char *magic, *program;
} compressed[] = {
    {"\x1f\x8b", "gzip -dc"},
    {"\x28\xb5\x2f\xfd", "zstd -dc"},
    {"\xfd\x37zXZ", "xz -dc"},
    {"BZh", "bzip2 -dc"},
};

/* By the first block, which has been read. */
static bool
recognise(AccessTrace *trace, GError **error)
{
    size_t length = trace->end - trace->begin;
    for (size_t i = 0; i < G_N_ELEMENTS(compressed); i++) {
        size_t magic_length = strlen(compressed[i].magic);
        if (length < magic_length || memcmp(trace->block, compressed[i].magic, magic_length) != 0)
            continue;
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_INVAL,
                    "%s: the file is compressed: expected a plain one, as `%s` makes it",
                    trace->path, compressed[i].program);
        return false;
    }
    bool has_zero = memchr(trace->block, '\0', MIN(length, 100 * RECORD)) != NULL;
    trace->format = has_zero ? ACCESS_TRACE_ORACLE : ACCESS_TRACE_CSV;
    return true;
}

bool
access_trace_open(const char *path, AccessTraceFormat format, AccessTrace **ret, GError **error)
{
    g_autoptr(AccessTrace) trace = g_new0(AccessTrace, 1);
    SIM_ASSERT(format < ACCESS_TRACE_FORMAT_COUNT);
    trace->path = g_strdup(path);
    trace->format = format;
    trace->size = SIM_NONE;
    trace->file = fopen(path, "rb");
    if (!trace->file)
        return complain_of_file(path, error, "cannot open");
    if (!refill(trace, error))
        return false;
    if (format == ACCESS_TRACE_AUTO && !recognise(trace, error))
        return false;
    *ret = g_steal_pointer(&trace);
    return true;
}

void
access_trace_free(AccessTrace *trace)
{
    if (!trace)
        return;
    if (trace->file)
        fclose(trace->file);
    g_free(trace->path);
    g_free(trace);
}

bool
access_trace_read(AccessTrace *trace, Access *accesses, uint32_t n_max, uint32_t *ret_n,
                  GError **error)
{
    SIM_ASSERT(n_max > 0);
    return trace->format == ACCESS_TRACE_ORACLE ? read_records(trace, accesses, n_max, ret_n, error)
                                                : read_lines(trace, accesses, n_max, ret_n, error);
}

bool
access_trace_rewind(AccessTrace *trace, GError **error)
{
    if (fseek(trace->file, 0, SEEK_SET) != 0)
        return complain_of_file(trace->path, error, "cannot be read again: expected a file");
    trace->begin = trace->end = 0;
    trace->place = 0;
    trace->n_cells = 0;
    trace->is_at_end = false;
    return true;
}

bool
access_trace_has_sizes(const AccessTrace *trace)
{
    return trace->format == ACCESS_TRACE_ORACLE || trace->size != SIM_NONE;
}

AccessTraceFormat
access_trace_format(const AccessTrace *trace)
{
    return trace->format;
}
