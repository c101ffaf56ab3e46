#include "models/crowd.h"

#include "sim/elementary.h"

static const double NOTICE = 200;                     /* seconds */
static const double TURN = 6.283185307179586 / 86400; /* radians a second of a day */

CrowdDay
crowd_day(const Geo *geo, double amplitude, SimTime peak)
{
    CrowdDay day = {0};
    double users = 0;
    for (uint32_t m = 0; m < geo->n_metros; m++)
        users += geo->metros.users[m];
    for (uint32_t m = 0; m < geo->n_metros && users > 0; m++) {
        double phase = (geo->metros.at.longitude[m] * 240 - sim_seconds(peak)) * TURN;
        double weight = amplitude * geo->metros.users[m] / users;
        day.even += weight * sim_cos(phase);
        day.odd -= weight * sim_sin(phase);
    }
    return day;
}

double
crowd_day_at(CrowdDay day, double at)
{
    return 1 + day.even * sim_cos(at * TURN) + day.odd * sim_sin(at * TURN);
}

double
crowd_notice(Crowd *crowd, double hit, double seconds)
{
    double left = sim_exp(-seconds / NOTICE), gap = crowd->noticed - hit;
    crowd->noticed = hit + gap * left;
    return hit * seconds + gap * NOTICE * (1 - left);
}

bool
crowd_bin(Crowd *crowd, int64_t reports, double limit, int64_t bins)
{
    bool was_firing = crowd->is_firing, is_above = (double)reports > limit;
    crowd->n_above = is_above ? crowd->n_above + 1 : 0;
    crowd->n_below = is_above ? 0 : crowd->n_below + 1;
    if (crowd->n_above >= bins)
        crowd->is_firing = true;
    else if (crowd->n_below >= bins)
        crowd->is_firing = false;
    return crowd->is_firing != was_firing;
}
