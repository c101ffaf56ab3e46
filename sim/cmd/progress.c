#include "sim/cmd/progress.h"

#include "sim/cmd/output.h"
#include "sim/quantity.h"

#include <glib.h>
#include <stdio.h>

enum { WIDTH = 32 };
#define FIRST_AFTER 1.0
#define EVERY 0.1

static double
seconds_now(void)
{
    return (double)g_get_monotonic_time() / 1e6;
}

void
progress_start(Progress *progress, const char *what, bool is_quiet)
{
    *progress = (Progress){
        .what = what, .begin = seconds_now(), .is_wanted = !is_quiet && output_is_terminal()};
}

void
progress_show(Progress *progress, double done)
{
    double now = seconds_now(), spent = now - progress->begin;
    char bar[WIDTH + 1], left[SIM_QUANTITY_TEXT_MAX];
    if (!progress->is_wanted || spent < FIRST_AFTER || now - progress->last < EVERY || !(done > 0))
        return;
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i < (int)(done * WIDTH) ? '#' : '.';
    bar[WIDTH] = 0;
    double seconds_left = (double)(int)(spent * (1 - done) / done + 0.5);
    fprintf(stderr, "\r%s [%s] %3.0f %%, %s left \033[K", progress->what, bar, 100 * done,
            sim_quantity_format_duration(left, sizeof left, sim_from_seconds(seconds_left)));
    fflush(stderr);
    progress->last = now;
    progress->is_drawn = true;
}

double
progress_stop(Progress *progress)
{
    if (progress->is_drawn)
        fputs("\r\033[K", stderr);
    progress->is_drawn = false;
    return seconds_now() - progress->begin;
}
