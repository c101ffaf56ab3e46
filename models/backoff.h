/*
 * backoff.h - when a process that keeps crashing is started again.
 *
 * none        at once, always.
 * kubernetes  the first restart at once, then after 10, 20, 40, ... s, at most 300 s; a container
 *             that stayed up for 10 min starts the series again.  A process that crashes at once
 *             starts at 0, 0, 10, 30, 70, 150, 310, 610, 910 s.
 * systemd     always after 100 ms, but a start that would be the sixth within 10 s is refused,
 *             and the unit stays failed until somebody starts it by hand.
 *
 * The caller counts crashes: the first crash of a series is crash 1.  It counts from 1 again
 * after an uptime that backoff_is_reset accepts, and after a start by hand.  systemd's window of
 * starts is not kept: the refusal takes the last uptime for the uptime of all five starts, which
 * is exact for a process that dies for one reason.
 *
 * Left out: jitter (the real systems have none, which is why herds restart together) and the time
 * that a start itself takes, which belongs to the service.
 *
 * Everything is O(1) and stateless.
 */
#pragma once

#include "sim/base.h"

typedef enum BackoffKind { BACKOFF_NONE, BACKOFF_KUBERNETES, BACKOFF_SYSTEMD } BackoffKind;

/*
 * From the crash to the next start; crashes includes this one (at least 1), last_uptime is how long
 * the process had been up.  SIM_TIME_MAX: it stays failed.
 */
SimTime backoff_delay(BackoffKind kind, uint32_t crashes, SimTime last_uptime);

/* The process was up long enough for the next crash to count as the first one. */
bool backoff_is_reset(BackoffKind kind, SimTime uptime);

/*
 * The share of time up, in the long run, of a process that crashes each time after `uptime`: 0 if
 * it ends as failed.
 */
double backoff_availability(BackoffKind kind, SimTime uptime);
