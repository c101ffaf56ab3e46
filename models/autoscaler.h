/*
 * autoscaler.h - more servers for a central service when those there are busy, after a while.
 *
 * Target tracking, as clouds do it.  Each `every` it looks at the service's utilisation over the
 * last `every`, in closed buckets of the recorder: what an observer sees, late and at most 100 %.
 * With u that, S the servers that serve and t the target, the service needs
 *
 *     n = ceil(u S / t),  at least the scenario's own and at most `most` times these
 *
 * servers (to a thousandth of one, so that exactly on target is not above it).  When n is more than
 * it has asked for already it asks for the rest at once; they serve after a drawn `delay`, each
 * request its own.  When n has been fewer for as long as `calm`, and nothing it asked for is under
 * way, it lets go down to the most that was needed in that time, at once.
 *
 * An operator's `scale` and a fail-over multiply on top of it (levers.h): S counts them, and n is
 * kept as a factor.  A service that stands still is not busy, and loses its servers in the end, as
 * it would.  A bucket without a figure decides nothing.
 *
 * Left out: quotas, prices, step policies, schedules, prediction, servers that fail to start.
 * One stream a service.  Nothing is allocated after attach.
 */
#pragma once

#include "models/levers.h"
#include "models/tools.h"

typedef struct Autoscaler Autoscaler;

typedef struct AutoscalerParts {
    Levers *levers;
    MetricReader read_metric;
    void *context;
} AutoscalerParts;

/* NULL when no service has autoscale. */
Autoscaler *autoscaler_attach(Sim *sim, const World *world, const AutoscalerParts *parts);
