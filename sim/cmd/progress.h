/*
 * progress.h - a bar on standard error for work that takes more than a second,
 * when somebody looks at a terminal and did not ask for quiet.
 */
#pragma once

#include <stdbool.h>

typedef struct Progress {
    const char *what;
    double begin, last; /* seconds of a steady clock */
    bool is_wanted, is_drawn;
} Progress;

void progress_start(Progress *progress, const char *what, bool is_quiet);
/* done: share of the work, 0 to 1. */
void progress_show(Progress *progress, double done);
/* Removes the bar; the seconds since the start. */
double progress_stop(Progress *progress);
