#include "sim/base.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static _Thread_local const SimAssertContext *current_run;

SimTime
sim_from_nanoseconds(double nanoseconds)
{
    if (nanoseconds >= 9223372036854775807.0)
        return SIM_TIME_MAX;
    if (nanoseconds <= -9223372036854775807.0)
        return -SIM_TIME_MAX;
    if (nanoseconds != nanoseconds)
        return 0;
    /* Split, since adding a half to a large odd value would round it to its neighbour. */
    int64_t whole = (int64_t)nanoseconds;
    double rest = nanoseconds - (double)whole;
    return whole + (rest >= 0.5) - (rest <= -0.5);
}

SimTime
sim_from_seconds(double seconds)
{
    return sim_from_nanoseconds(seconds * 1e9);
}

SimTime
sim_time_add(SimTime a, SimTime b)
{
    SimTime sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a > 0 ? SIM_TIME_MAX : -SIM_TIME_MAX;
    return sum;
}

uint64_t
sim_hash_text(const char *text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return sim_mix64(hash);
}

void
sim_assert_context_set(const SimAssertContext *context)
{
    current_run = context;
}

void
sim_assert_context_drop(const SimAssertContext *context)
{
    if (current_run == context)
        current_run = NULL;
}

static void
append_run(GString *message, const SimAssertContext *run)
{
    g_string_append_printf(
        message, "  scenario     %s\n  seed         %" PRIu64 "\n  replication  %" PRIu32 "\n",
        run->scenario ? run->scenario : "(none)", run->seed, run->replication);
    if (run->now)
        g_string_append_printf(message, "  time         %.9f s\n", sim_seconds(run->now(run->run)));
    if (run->describe)
        run->describe(run->run, message);
    if (run->repeat)
        g_string_append_printf(message, "  repeat with  %s\n", run->repeat);
}

void
sim_fail(const char *file, int line, const char *format, ...)
{
    const SimAssertContext *run = current_run;
    current_run = NULL; /* a failure inside the report must not report again without end */
    GString *message = g_string_new(NULL);
    g_string_printf(message, "%s:%d: ", file, line);
    va_list arguments;
    va_start(arguments, format);
    g_string_append_vprintf(message, format, arguments);
    va_end(arguments);
    g_string_append_c(message, '\n');
    if (run)
        append_run(message, run);
    fputs(message->str, stderr);
    abort();
}
