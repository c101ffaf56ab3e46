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

const char *const throttle_names[THROTTLE_KINDS + 1] = {"none", "sre", "envoy", NULL};

const ThrottleRule *
throttle_rule(ThrottleKind kind)
{
    return kind == THROTTLE_SRE ? &throttle_sre : kind == THROTTLE_ENVOY ? &throttle_envoy : NULL;
}

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

static double
find_share(Throttle *throttle, const ThrottleRule *rule)
{
    double requests = window_sum(throttle, throttle->requests);
    double ok = window_sum(throttle, throttle->accepted);
    double share = fmax(0, (requests - rule->multiplier * ok) / (requests + 1));
    if (rule->aggression != 1)
        share = sim_pow(share, 1 / rule->aggression);
    throttle->share = fmin(share, rule->reject_max);
    return throttle->share;
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
    return find_share(throttle, rule);
}

static void
advance(Throttle *throttle, const ThrottleRule *rule, SimTime now)
{
    SIM_ASSERT(now >= throttle->at);
    record(throttle, rule->window_s / THROTTLE_SLOTS, sim_seconds(now - throttle->at), 0, 0);
    throttle->at = now;
}

bool
throttle_admit(Throttle *throttle, const ThrottleRule *rule, SimTime now, double draw)
{
    advance(throttle, rule, now);
    bool goes = draw >= find_share(throttle, rule);
    if (rule->counts_rejected) {
        throttle->requests[throttle->newest] += 1;
        throttle->accepted[throttle->newest] += goes;
    }
    return goes;
}

void
throttle_answer(Throttle *throttle, const ThrottleRule *rule, SimTime now, bool ok)
{
    advance(throttle, rule, now);
    if (rule->counts_rejected) {
        throttle->accepted[throttle->newest] -= !ok;
        return;
    }
    throttle->requests[throttle->newest] += 1;
    throttle->accepted[throttle->newest] += ok;
}
