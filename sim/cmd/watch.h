/*
 * watch.h - what is written while a run of the request plane goes on: its access log and its
 * trace, as the options of `run` ask for.
 */
#pragma once

#include "sim/cmd/access_log.h"
#include "sim/cmd/trace.h"

typedef struct WatchArguments {
    char *access_log, *format_text, *trace, *from_text, *limit_text; /* NULL: not given */
    /* From the texts. */
    AccessLogFormat format;
    SimTime from;
    uint64_t limit;
} WatchArguments;

/* Reads the texts; *ret_wrong stays, or becomes what is wrong and *ret_what why. */
void watch_arguments_read(WatchArguments *arguments, const char **ret_wrong, const char **ret_what);
void watch_arguments_clear(WatchArguments *arguments);
bool watch_is_wanted(const WatchArguments *arguments);
/* Whether standard output is taken by it. */
bool watch_takes_output(const WatchArguments *arguments);

typedef struct Watch Watch;

/* Borrows the arguments. */
Watch *watch_new(const WatchArguments *arguments);
/* Removes what was not published. */
void watch_free(Watch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Watch, watch_free)
/* For the options of the run; NULL when nothing is watched. */
RequestLog *watch_log(Watch *watch);
/* Opens the files that are asked for, once the run is made and before it goes on. */
bool watch_open(Watch *watch, const Run *run, const Spec *spec,
                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* After the run: false when a file could not be written, which has been said. */
bool watch_publish(Watch *watch);
