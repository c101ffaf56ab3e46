#include "models/backoff.h"

static const SimTime kubernetes_first = 10 * SIM_SECOND;
static const SimTime kubernetes_cap = 300 * SIM_SECOND;
static const SimTime kubernetes_reset = 10 * SIM_MINUTE;
static const SimTime systemd_delay = 100 * SIM_MILLISECOND;
static const SimTime systemd_window = 10 * SIM_SECOND;
static const uint32_t systemd_burst = 5;

static SimTime
kubernetes(uint32_t crashes, SimTime last_uptime)
{
    if (crashes == 1 || last_uptime >= kubernetes_reset)
        return 0;
    SimTime delay = kubernetes_first;
    for (uint32_t crash = 2; crash < crashes && delay < kubernetes_cap; crash++)
        delay *= 2;
    return MIN(delay, kubernetes_cap);
}

/* The start after crash n stands n cycles after the first; the sixth within the window is refused.
 */
static SimTime
systemd(uint32_t crashes, SimTime last_uptime)
{
    bool is_refused = crashes >= systemd_burst &&
                      last_uptime < systemd_window / (SimTime)systemd_burst - systemd_delay;
    return is_refused ? SIM_TIME_MAX : systemd_delay;
}

SimTime
backoff_delay(BackoffKind kind, uint32_t crashes, SimTime last_uptime)
{
    SIM_ASSERT(crashes >= 1);
    SIM_ASSERT(last_uptime >= 0);
    switch (kind) {
    case BACKOFF_NONE:
        return 0;
    case BACKOFF_KUBERNETES:
        return kubernetes(crashes, last_uptime);
    case BACKOFF_SYSTEMD:
        return systemd(crashes, last_uptime);
    }
    sim_fail(__FILE__, __LINE__, "no back-off of kind %d", (int)kind);
}

bool
backoff_is_reset(BackoffKind kind, SimTime uptime)
{
    switch (kind) {
    case BACKOFF_NONE:
        return true;
    case BACKOFF_KUBERNETES:
        return uptime >= kubernetes_reset;
    case BACKOFF_SYSTEMD:
        return uptime >= systemd_window;
    }
    sim_fail(__FILE__, __LINE__, "no back-off of kind %d", (int)kind);
}

double
backoff_availability(BackoffKind kind, SimTime uptime)
{
    SimTime delay = backoff_delay(kind, UINT32_MAX, uptime);
    if (delay == SIM_TIME_MAX)
        return 0;
    if (delay == 0)
        return 1;
    return sim_seconds(uptime) / (sim_seconds(uptime) + sim_seconds(delay));
}
