/*
 * figure_budget.h - the data of the error-budget figure: how much of thirty days' errors was burnt,
 * how fast, and who was told.
 *
 * The budget is that of the scenario's first burn-rate monitor; without one 0.1 % of all requests,
 * with the usual windows.
 *
 *   burnt = failed so far / (budget x what thirty days at the mean rate of this run would bring)
 *   burn over a window = failed share in the window / budget
 *
 * both of what was recorded, without the monitor's lag and losses, which the bars of its alerts
 * show.  Before the run there were as many requests as in its first bucket, and no errors.
 */
#pragma once

#include "sim/cmd/figure_parts.h"

/* Whether somebody watches, or users felt something. */
bool figure_has_budget(const Result *result);
GString *figure_print_budget(const Result *result);
GString *figure_print_budget_about(const Result *result);
GString *figure_print_budget_windows(const Result *result);
GString *figure_print_budget_observers(const Result *result);
GString *figure_print_budget_alerts(const Result *result);
GString *figure_print_budget_marks(const Result *result);
