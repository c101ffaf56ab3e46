#include "models/observers_reach.h"

#include "models/monitor.h"
#include "models/probes.h"

#include <math.h>

static double
pair_reach(const BurnWindowSpec *pair, double budget, double p)
{
    double needed = pair->burn * budget / p;
    return needed > 1 ? INFINITY : needed * sim_seconds(pair->long_window);
}

static double
window_reach(const ObserverSpec *spec, double p)
{
    double first = INFINITY;
    if (spec->kind == OBSERVER_BURN) {
        SIM_EACH(const BurnWindowSpec, pair, spec->windows)
        first = fmin(first, pair_reach(pair, spec->budget, p));
        return first;
    }
    double needed = (spec->above.is_given ? spec->above.value : 1 - spec->below.value) / p;
    return needed >= 1 ? INFINITY : needed * sim_seconds(spec->window) + sim_seconds(spec->lasting);
}

double
observers_reach(const ObserverSpec *spec, bool is_share, double p)
{
    if (spec->kind == OBSERVER_PROBES && p >= 1) {
        double need = probes_need((uint32_t)spec->points, (uint32_t)spec->fail, spec->share);
        return need * sim_seconds(spec->every) / ((double)spec->points + 1);
    }
    if (!is_share || spec->kind == OBSERVER_PROBES || spec->kind == OBSERVER_CROWD ||
        spec->kind == OBSERVER_CUSUM)
        return NAN;
    return window_reach(spec, p) + sim_seconds(spec->scrape + spec->lag + spec->every);
}
