/*
 * throttle.h - clients and proxies that reject locally what a backend would reject anyway.
 *
 * Over a sliding window let n be the requests and ok the accepted ones.  The share rejected is
 *
 *     p = max(0, (n - multiplier * ok) / (n + 1)) ^ (1 / aggression), at most reject_max
 *
 *                   window  multiplier  aggression  reject_max  n counts
 *     throttle_sre   120 s       2          1           1       all requests, rejected ones too
 *     throttle_envoy  30 s    1 / 0.95      1          0.8      requests that were sent
 *
 * Fixed points against a backend that accepts min(sent, mu): SRE sends min(lambda, 2 mu); Envoy
 * sends sqrt(lambda mu / 0.95) while p stays below 0.8.  After a full outage Envoy still sends a
 * fifth and is back one window later; SRE clients let about one request a window through, and
 * what is accepted then grows by e in half a window: many clients take minutes to come back.
 *
 * The fluid form: rates are constant within a step, and p, known at its start, holds for the whole
 * of it, so steps should stay below a tenth of the window.  The window slides continuously over 16
 * slots, of which the oldest leaves in proportion to how far the newest is filled.  One state
 * stands for a group of clients that see the same backend.
 *
 * Left out: sampling noise of clients with few requests (retry_policy.h has SRE's call by call),
 * and Envoy's volume threshold (off by default).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define THROTTLE_SLOTS 16

typedef struct ThrottleRule {
    double window_s;
    double multiplier;
    double aggression;
    double reject_max;
    bool counts_rejected;
} ThrottleRule;

extern const ThrottleRule throttle_sre, throttle_envoy;

/* Zero bytes are a client that has sent nothing yet. */
typedef struct Throttle {
    double requests[THROTTLE_SLOTS + 1];
    double accepted[THROTTLE_SLOTS + 1];
    uint32_t newest;
    double filled; /* part of the newest slot's time that has passed */
    double share;  /* rejected now */
} Throttle;

/*
 * Rejects throttle->share of offered_per_s for dt_s, of the rest the backend accepts the share
 * `accepted`; returns the share to reject from now on.
 */
double throttle_step(Throttle *throttle, const ThrottleRule *rule, double dt_s,
                     double offered_per_s, double accepted);
