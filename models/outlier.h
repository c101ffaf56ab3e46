/*
 * outlier.h - hosts of a service that keep failing are left out: Envoy's outlier detection.
 *
 * A host is ejected when it has failed `consecutive` calls on end (5), or, at the end of each
 * interval (10 s), when its share of successes lies more than 1.9 standard deviations below the
 * mean of all hosts, if at least 5 hosts had at least 100 calls each; and only while fewer than
 * ejected_max of the hosts (10 %, but always one) are out.  It stays out for `ejection` (30 s)
 * times the number of its ejections, at most ejection_max (300 s), and comes back at the sweep
 * that ends the interval; each interval that it stays in takes one from that number.  Calls go to
 * the hosts that are in, evenly; with less than `panic` (50 %) of them in they go to all.
 *
 * So a fault of all hosts can not be ejected away, and of H hosts, b of them bad, callers see
 *
 *     b / H                            at first
 *     (b - out) / (H - out)            after some consecutive x H / calls a second,
 *                                      out = min(b, ejected_max H)
 *
 * One state serves one caller's kind at one place, in two forms that may not be mixed:
 *   call by call  outlier_pick, then outlier_count;
 *   in rates      outlier_bad_share, then outlier_step: host i of H is bad by how much of the share
 *                 of bad hosts reaches it, a call to a good one fails with the chance `failed`.
 *                 Failures on end as in breaker.h.
 *
 * The owner gives the hosts; more than OUTLIER_HOSTS_MOST are stood for by as many.
 * Left out: gateway failures and failure percentage (not enforced by default), jitter of ejection
 * times (0 by default), local-origin errors apart.
 * O(1) a call, O(hosts) a step and a sweep.
 */
#pragma once

#include "sim/rng.h"

enum { OUTLIER_HOSTS_MOST = 256 };

typedef struct OutlierRule {
    double consecutive;
    SimTime interval, ejection, ejection_max;
    double ejected_max, panic;
} OutlierRule;

typedef struct OutlierHost {
    double run, hazard, threshold; /* failures on end; in rates: chance used up; drawn */
    double calls, ok;              /* of the interval */
    SimTime until;                 /* out: may come back then */
    uint32_t times;                /* ejections, less intervals in */
    bool is_out;
} OutlierHost;

typedef struct Outlier {
    OutlierRule rule;
    OutlierHost *hosts;
    uint32_t n, n_out;
    SimTime sweeps_at;
    uint64_t ejections, returns; /* of the run: what the owner writes down is their growth */
    SimRng rng;
} Outlier;

/* Host states to provide for a service of so many hosts; 0 when they are not told apart. */
uint32_t outlier_hosts(double hosts);
void outlier_init(Outlier *outlier, const OutlierRule *rule, OutlierHost *hosts, uint32_t n,
                  SimRng rng);

/* The host that a call goes to. */
uint32_t outlier_pick(Outlier *outlier, SimTime now);
void outlier_count(Outlier *outlier, SimTime now, uint32_t host, bool ok);

/* The share of calls that meet a bad host, when such a share of all hosts is bad. */
double outlier_bad_share(const Outlier *outlier, double bad);
typedef struct OutlierCalls {
    SimTime from, to;
    double calls;  /* in that time */
    double bad;    /* share of the hosts that fail each call */
    double failed; /* share of calls to the others that fail */
} OutlierCalls;
void outlier_step(Outlier *outlier, const OutlierCalls *calls);
/* Nothing that comes to pass by itself: no host is out. */
static inline bool
outlier_is_calm(const Outlier *outlier)
{
    return outlier->n_out == 0;
}
