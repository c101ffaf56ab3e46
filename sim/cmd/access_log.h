/*
 * access_log.h - a line for each attempt of a client that has ended, as servers write them.
 *
 * json (the default), one object a line, absent things null:
 *   time        when it came to its PoP, UTC; first, so that `sort` puts lines in order of time
 *   request     its number, as `explain` wants it; attempt: 1, 2, ... of the same request
 *   pop, region, site
 *   outcome     ok, stale, blocked, 429, 500, ... timeout; status: the same as a number
 *   latency_ms  for the client, its way there and back included
 *   cache       hit, miss; null: the cache was not asked.  key: of the object, where kept by key
 *   service     where it failed
 *   cause       what began it, in words; entry: its line (id) in journal.jsonl
 *
 * common, the Common Log Format, `host ident user [date] "request" status bytes`:
 *   host is the PoP's code, ident REQUEST.ATTEMPT, user always -, date when it came to its PoP, the
 *   path /SITE/KEY, bytes - since sizes are not modelled.
 *
 * Statuses of outcomes without one: 403 blocked, 499 for a client that gave up waiting (as nginx).
 * Lines come place by place within a window of the plane (at most a second).
 */
#pragma once

#include "models/run.h"
#include "sim/cmd/outfile.h"

typedef enum AccessLogFormat {
    ACCESS_LOG_JSON,
    ACCESS_LOG_COMMON,
    ACCESS_LOG_FORMATS
} AccessLogFormat;
extern const char *const access_log_format_names[ACCESS_LOG_FORMATS + 1]; /* NULL-terminated */

typedef struct AccessLog AccessLog;

/* Takes the file. */
AccessLog *access_log_new(Outfile *file, AccessLogFormat format);
void access_log_free(AccessLog *log);
/* Before the first hop. */
void access_log_attach(AccessLog *log, const Run *run, const Spec *spec);
void access_log_hop(AccessLog *log, const RequestHop *hop);
bool access_log_publish(AccessLog *log, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The number that stands for an outcome. */
uint32_t access_log_status(Outcome outcome);
