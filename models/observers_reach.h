/*
 * observers_reach.h - how soon an observer can tell, without a run.
 *
 * For a step from nothing to a share p of failing requests, on whose share it watches: scrape,
 * window, lag, `for` and evaluation at their longest (monitor.h); for probes the mean time of the
 * k-th of all points, whatever share p they see as failing (p = 1 only).  An observer that never
 * tells even at p = 1 watches nothing.
 *
 * Left out: few requests, figures that get lost, retries that add to the failing ones.
 */
#pragma once

#include "models/spec_observers.h"

/* Seconds; infinity: never; NaN: it depends on more than p. */
double observers_reach(const ObserverSpec *spec, bool is_share, double p);
