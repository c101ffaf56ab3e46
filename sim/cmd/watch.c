#include "sim/cmd/watch.h"

#include "sim/cmd/output.h"
#include "sim/quantity.h"

#include <string.h>

struct Watch {
    const WatchArguments *arguments;
    RequestLog log;
    AccessLog *access_log; /* NULL */
    Trace *trace;          /* NULL */
};

/* arguments --------------------------------------------------------------------------------- */

static bool
is_output(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

static bool
read_format(WatchArguments *arguments)
{
    for (int i = 0; i < ACCESS_LOG_FORMATS && arguments->format_text; i++)
        if (strcmp(arguments->format_text, access_log_format_names[i]) == 0) {
            arguments->format = (AccessLogFormat)i;
            return true;
        }
    return !arguments->format_text;
}

static bool
read_limit(WatchArguments *arguments)
{
    guint64 limit = TRACE_LIMIT_DEFAULT;
    if (arguments->limit_text &&
        !g_ascii_string_to_unsigned(arguments->limit_text, 10, 1, 1000000000, &limit, NULL))
        return false;
    arguments->limit = limit;
    return true;
}

void
watch_arguments_read(WatchArguments *arguments, const char **ret_wrong, const char **ret_what)
{
    if (!read_format(arguments)) {
        *ret_wrong = arguments->format_text;
        *ret_what = "is no format of access logs: expected json or common";
    } else if (!read_limit(arguments)) {
        *ret_wrong = arguments->limit_text;
        *ret_what = "is no number of events: expected 1 to 1000000000";
    } else if (arguments->from_text &&
               !sim_quantity_duration(arguments->from_text, &arguments->from)) {
        *ret_wrong = arguments->from_text;
        *ret_what = "is no time to begin at: expected a duration such as 10m";
    } else if (arguments->format_text && !arguments->access_log) {
        *ret_wrong = "--access-log-format";
        *ret_what = "is of an access log: expected --access-log FILE too";
    } else if ((arguments->limit_text || arguments->from_text) && !arguments->trace) {
        *ret_wrong = arguments->limit_text ? "--trace-limit" : "--trace-from";
        *ret_what = "is of a trace: expected --trace FILE too";
    } else if (is_output(arguments->access_log) && is_output(arguments->trace)) {
        *ret_wrong = "-";
        *ret_what = "is wanted twice: expected a file for the access log or the trace";
    }
}

void
watch_arguments_clear(WatchArguments *arguments)
{
    g_free(arguments->access_log);
    g_free(arguments->format_text);
    g_free(arguments->trace);
    g_free(arguments->from_text);
    g_free(arguments->limit_text);
}

bool
watch_is_wanted(const WatchArguments *arguments)
{
    return arguments->access_log || arguments->trace;
}

bool
watch_takes_output(const WatchArguments *arguments)
{
    return is_output(arguments->access_log) || is_output(arguments->trace);
}

/* watching ---------------------------------------------------------------------------------- */

static void
on_hop(void *context, const RequestHop *hop)
{
    Watch *watch = context;
    if (watch->access_log)
        access_log_hop(watch->access_log, hop);
    if (watch->trace)
        trace_hop(watch->trace, hop);
}

Watch *
watch_new(const WatchArguments *arguments)
{
    Watch *watch = g_new0(Watch, 1);
    watch->arguments = arguments;
    watch->log = (RequestLog){.context = watch, .hop = on_hop};
    return watch;
}

void
watch_free(Watch *watch)
{
    if (!watch)
        return;
    access_log_free(watch->access_log);
    trace_free(watch->trace);
    g_free(watch);
}

RequestLog *
watch_log(Watch *watch)
{
    return watch_is_wanted(watch->arguments) ? &watch->log : NULL;
}

bool
watch_open(Watch *watch, const Run *run, const Spec *spec, GError **error)
{
    const WatchArguments *arguments = watch->arguments;
    if (arguments->access_log) {
        Outfile *file = outfile_open(arguments->access_log, error);
        if (!file)
            return false;
        watch->access_log = access_log_new(file, arguments->format);
        access_log_attach(watch->access_log, run, spec);
    }
    if (arguments->trace) {
        Outfile *file = outfile_open(arguments->trace, error);
        if (!file)
            return false;
        watch->trace = trace_new(file, arguments->limit, arguments->from);
        trace_attach(watch->trace, run, spec);
    }
    return true;
}

static void
note_limit(const Watch *watch)
{
    char text[SIM_QUANTITY_TEXT_MAX];
    SimTime full_at = trace_full_at(watch->trace);
    if (full_at >= 0)
        output_complain("%s: ends %s after the start, when its events were used up; --trace-limit "
                        "allows more, --trace-from begins later",
                        watch->arguments->trace,
                        sim_quantity_format_duration(text, sizeof text, full_at));
}

bool
watch_publish(Watch *watch)
{
    g_autoptr(GError) log_error = NULL;
    g_autoptr(GError) trace_error = NULL;
    if (watch->access_log && !access_log_publish(watch->access_log, &log_error))
        output_complain("%s", log_error->message);
    if (watch->trace)
        note_limit(watch);
    if (watch->trace && !trace_publish(watch->trace, &trace_error))
        output_complain("%s", trace_error->message);
    return !log_error && !trace_error;
}
