#include "models/throttle.h"

#include "sim/base.h"
#include "sim/elementary.h"

#include <math.h>

const ThrottleRule throttle_sre = {
    .window_s = 120, .multiplier = 2, .aggression = 1, .reject_max = 1, .counts_rejected = true};
const ThrottleRule throttle_envoy = {.window_s = 30,
                                     .multiplier = 1 / 0.95,
                                     .aggression = 1,
                                     .reject_max = 0.8,
                                     .counts_rejected = false};

static uint32_t
slot_after(uint32_t slot)
{
    return slot == THROTTLE_SLOTS ? 0 : slot + 1;
}

static double
window_sum(const Throttle *throttle, const double *slots)
{
    uint32_t oldest = slot_after(throttle->newest);
    double sum = (1 - throttle->filled) * slots[oldest];
    for (uint32_t slot = slot_after(oldest); slot != oldest; slot = slot_after(slot))
        sum += slots[slot];
    return sum;
}

static void
record(Throttle *throttle, double slot_s, double dt_s, double requests_per_s, double accepted_per_s)
{
    double left = fmin(dt_s / slot_s, THROTTLE_SLOTS + 1);
    while (left > 0) {
        double part = fmin(left, 1 - throttle->filled);
        throttle->requests[throttle->newest] += requests_per_s * part * slot_s;
        throttle->accepted[throttle->newest] += accepted_per_s * part * slot_s;
        throttle->filled += part;
        left -= part;
        if (throttle->filled < 1)
            break;
        throttle->newest = slot_after(throttle->newest);
        throttle->requests[throttle->newest] = 0;
        throttle->accepted[throttle->newest] = 0;
        throttle->filled = 0;
    }
}

double
throttle_step(Throttle *throttle, const ThrottleRule *rule, double dt_s, double offered_per_s,
              double accepted)
{
    SIM_ASSERT(dt_s > 0);
    SIM_ASSERT(offered_per_s >= 0);
    SIM_ASSERT(accepted >= 0 && accepted <= 1);
    double sent_per_s = offered_per_s * (1 - throttle->share);
    record(throttle, rule->window_s / THROTTLE_SLOTS, dt_s,
           rule->counts_rejected ? offered_per_s : sent_per_s, sent_per_s * accepted);
    double requests = window_sum(throttle, throttle->requests);
    double ok = window_sum(throttle, throttle->accepted);
    double share = fmax(0, (requests - rule->multiplier * ok) / (requests + 1));
    if (rule->aggression != 1)
        share = sim_pow(share, 1 / rule->aggression);
    throttle->share = fmin(share, rule->reject_max);
    return throttle->share;
}
