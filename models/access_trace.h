/*
 * access_trace.h - logs of a cache's requests, read from front to back.
 *
 * Two formats, told apart by the first bytes (a zero byte means oracle):
 *
 *   oracle  records of 24 bytes, little-endian: u32 time in seconds, u64 object, u32 size in
 *           bytes, i64 number of the next request for it (-1: none; read and not used).  The
 *           format "oracleGeneral" of libCacheSim and of the public collections of traces.
 *   csv     a request a line: time, key and, if known, size.  A first line that names the columns
 *           `time` and `key` (any case and order) may add others, which are ignored; without one
 *           the columns are time, key and, if there are three, size.  Time is in seconds with a
 *           fraction, or a timestamp 2025-11-18T11:05:00Z; size is in bytes.  A key is any text,
 *           hashed by sim_hash_text.  Cells with commas stand in double quotes, quotes are doubled
 *           there, and no cell goes on in the next line.  Empty lines are skipped.
 *
 * Reading keeps one block of the file in memory, whatever its length.  An error names the file,
 * the line or record, what is wrong and what was expected; after one the trace can only be freed.
 * Times may go back: servers write a request when it ends.
 *
 * Left out: compressed files (said so when one is met), and what a log says of methods, headers,
 * ranges and answers.
 */
#pragma once

#include "sim/base.h"

#define ACCESS_TRACE_LINE_MAX 65536u

typedef enum AccessTraceFormat {
    ACCESS_TRACE_AUTO,
    ACCESS_TRACE_ORACLE,
    ACCESS_TRACE_CSV,
    ACCESS_TRACE_FORMAT_COUNT
} AccessTraceFormat;
extern const char *const access_trace_format_names[ACCESS_TRACE_FORMAT_COUNT + 1];

typedef struct Access {
    SimTime at;
    uint64_t key;
    uint64_t bytes; /* 0 where the log has no sizes */
} Access;

typedef struct AccessTrace AccessTrace;

bool access_trace_open(const char *path, AccessTraceFormat format, AccessTrace **ret,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void access_trace_free(AccessTrace *trace);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AccessTrace, access_trace_free)

/* The next up to n_max requests; *ret_n is 0 at the end only. */
bool access_trace_read(AccessTrace *trace, Access *accesses, uint32_t n_max, uint32_t *ret_n,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Back to the first request; an error for pipes. */
bool access_trace_rewind(AccessTrace *trace, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A csv log's are known once a request has been read. */
bool access_trace_has_sizes(const AccessTrace *trace);
/* Never ACCESS_TRACE_AUTO. */
AccessTraceFormat access_trace_format(const AccessTrace *trace);
