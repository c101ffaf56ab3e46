/*
 * crowd.h - people who report a site broken, on a tracker that compares with what is usual.
 *
 * Of people who are hit, those who have noticed follow with a delay of NOTICE = 200 s:
 * y' = (hit - y) / NOTICE, so after a step t seconds ago users x (1 - exp(-t / NOTICE)) report,
 * each with a small rate.  What is usual follows the day, over the metros' longitudes:
 *
 *     usual(t) = baseline (1 + a sum over metros of w cos(2 pi (t + longitude / 15 deg h - peak) /
 * 24 h))
 *
 * and so do the people who are there to be hit.  Reports are counted in bins of a minute; an alert
 * begins when a bin holds more than `times` what is usual for `bins` on end, and ends when as many
 * hold less.
 *
 * Left out: people who report because others do, the day of the week, press.
 */
#pragma once

#include "models/geo.h"

typedef struct CrowdDay { /* 1 + even cos(wt) + odd sin(wt), t seconds of UTC's day */
    double even, odd;
} CrowdDay;

typedef struct Crowd {
    double noticed; /* people */
    int64_t n_above, n_below;
    bool is_firing;
} Crowd;

CrowdDay crowd_day(const Geo *geo, double amplitude, SimTime peak);
/* Relative to the day's mean; at is the second of UTC's day. */
double crowd_day_at(CrowdDay day, double at);
/* So many people are hit for a while: the person-seconds of those who have noticed. */
double crowd_notice(Crowd *crowd, double hit, double seconds);
/* A bin ends; true when the alert begins or ends with it. */
bool crowd_bin(Crowd *crowd, int64_t reports, double limit, int64_t bins);
