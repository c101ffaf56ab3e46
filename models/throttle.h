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
 * Call by call: throttle_admit for each call that wants to go, throttle_answer for each that went.
 * The same window, and p as of each call.  Where rejected calls count, one that is on its way
 * counts as accepted until it is answered: else the first round trip would look like a failure. One
 * state keeps to one of the two forms.
 *
 * Left out: Envoy's volume threshold (off by default).
 */
#pragma once

#include "sim/base.h"

#define THROTTLE_SLOTS 16

typedef enum ThrottleKind {
    THROTTLE_NONE,
    THROTTLE_SRE,
    THROTTLE_ENVOY,
    THROTTLE_KINDS
} ThrottleKind;
extern const char *const throttle_names[THROTTLE_KINDS + 1]; /* NULL-terminated */

typedef struct ThrottleRule {
    double window_s;
    double multiplier;
    double aggression;
    double reject_max;
    bool counts_rejected;
} ThrottleRule;

extern const ThrottleRule throttle_sre, throttle_envoy;
/* NULL for THROTTLE_NONE. */
const ThrottleRule *throttle_rule(ThrottleKind kind);

/* Zero bytes are a client that has sent nothing yet. */
typedef struct Throttle {
    double requests[THROTTLE_SLOTS + 1];
    double accepted[THROTTLE_SLOTS + 1];
    uint32_t newest;
    double filled; /* part of the newest slot's time that has passed */
    double share;  /* rejected now */
    SimTime at;    /* call by call: as of then */
} Throttle;

/*
 * Rejects throttle->share of offered_per_s for dt_s, of the rest the backend accepts the share
 * `accepted`; returns the share to reject from now on.
 */
double throttle_step(Throttle *throttle, const ThrottleRule *rule, double dt_s,
                     double offered_per_s, double accepted);

/* One call wants to go; draw is a uniform number in (0, 1).  `now` never runs backwards. */
bool throttle_admit(Throttle *throttle, const ThrottleRule *rule, SimTime now, double draw);
/* A call that went has been answered; ok: the backend took it. */
void throttle_answer(Throttle *throttle, const ThrottleRule *rule, SimTime now, bool ok);
