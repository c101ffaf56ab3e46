#include "tests/harness.h"

#include "models/backoff.h"

/* Case 29 of the model book. */
static void
kubernetes_starts_an_instantly_crashing_pod_at_the_published_times(void)
{
    static const int64_t want_s[] = {0, 0, 10, 30, 70, 150, 310, 610, 910, 1210};
    SimTime now = 0;
    for (uint32_t start = 0; start < G_N_ELEMENTS(want_s); start++) {
        CHECK_INT(now, want_s[start] * SIM_SECOND);
        now += backoff_delay(BACKOFF_KUBERNETES, start + 1, 0);
    }
}

static void
kubernetes_forgets_after_ten_healthy_minutes(void)
{
    CHECK_INT(backoff_delay(BACKOFF_KUBERNETES, 20, 10 * SIM_MINUTE - 1), 300 * SIM_SECOND);
    CHECK_INT(backoff_delay(BACKOFF_KUBERNETES, 20, 10 * SIM_MINUTE), 0);
    CHECK(!backoff_is_reset(BACKOFF_KUBERNETES, 10 * SIM_MINUTE - 1));
    CHECK(backoff_is_reset(BACKOFF_KUBERNETES, 10 * SIM_MINUTE));
}

static void
the_longest_series_stays_at_the_cap(void)
{
    CHECK_INT(backoff_delay(BACKOFF_KUBERNETES, UINT32_MAX, 0), 300 * SIM_SECOND);
}

/* The share of the time up over n starts, from the first start on. */
static double
measured_availability(SimTime uptime, uint32_t n)
{
    SimTime up = 0, all = 0;
    for (uint32_t crash = 1; crash <= n; crash++) {
        up += uptime;
        all += uptime + backoff_delay(BACKOFF_KUBERNETES, crash, uptime);
    }
    return (double)up / (double)all;
}

/* Case 29 of the model book. */
static void
availability_of_a_crash_loop_is_uptime_over_uptime_plus_cap(void)
{
    static const struct {
        int64_t uptime_s;
        double want;
    } rows[] = {{1, .0033}, {5, .0164}, {30, .0909}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        SimTime uptime = rows[i].uptime_s * SIM_SECOND;
        CHECK_NEAR(backoff_availability(BACKOFF_KUBERNETES, uptime), rows[i].want,
                   .02 * rows[i].want);
        CHECK_NEAR(measured_availability(uptime, 2000), rows[i].want, .02 * rows[i].want);
    }
    CHECK_NEAR(backoff_availability(BACKOFF_KUBERNETES, SIM_HOUR), 1, 0);
}

static void
systemd_gives_up_at_the_sixth_start_within_ten_seconds(void)
{
    for (uint32_t crash = 1; crash < 5; crash++)
        CHECK_INT(backoff_delay(BACKOFF_SYSTEMD, crash, 0), 100 * SIM_MILLISECOND);
    CHECK_INT(backoff_delay(BACKOFF_SYSTEMD, 5, 0), SIM_TIME_MAX);
    CHECK_INT(backoff_delay(BACKOFF_SYSTEMD, 5, 1899 * SIM_MILLISECOND), SIM_TIME_MAX);
    CHECK_NEAR(backoff_availability(BACKOFF_SYSTEMD, 0), 0, 0);
}

static void
systemd_restarts_for_ever_what_lives_for_two_seconds(void)
{
    CHECK_INT(backoff_delay(BACKOFF_SYSTEMD, 5, 1900 * SIM_MILLISECOND), 100 * SIM_MILLISECOND);
    CHECK_INT(backoff_delay(BACKOFF_SYSTEMD, UINT32_MAX, 2 * SIM_SECOND), 100 * SIM_MILLISECOND);
    CHECK_NEAR(backoff_availability(BACKOFF_SYSTEMD, 2 * SIM_SECOND), 2 / 2.1, 1e-12);
}

static void
without_back_off_the_restart_is_immediate(void)
{
    CHECK_INT(backoff_delay(BACKOFF_NONE, 1, 0), 0);
    CHECK_INT(backoff_delay(BACKOFF_NONE, UINT32_MAX, SIM_TIME_MAX), 0);
    CHECK_NEAR(backoff_availability(BACKOFF_NONE, 0), 1, 0);
}

static CU_TestInfo tests[] = {
    {"kubernetes_starts_an_instantly_crashing_pod_at_the_published_times",
     kubernetes_starts_an_instantly_crashing_pod_at_the_published_times},
    {"kubernetes_forgets_after_ten_healthy_minutes", kubernetes_forgets_after_ten_healthy_minutes},
    {"the_longest_series_stays_at_the_cap", the_longest_series_stays_at_the_cap},
    {"availability_of_a_crash_loop_is_uptime_over_uptime_plus_cap",
     availability_of_a_crash_loop_is_uptime_over_uptime_plus_cap},
    {"systemd_gives_up_at_the_sixth_start_within_ten_seconds",
     systemd_gives_up_at_the_sixth_start_within_ten_seconds},
    {"systemd_restarts_for_ever_what_lives_for_two_seconds",
     systemd_restarts_for_ever_what_lives_for_two_seconds},
    {"without_back_off_the_restart_is_immediate", without_back_off_the_restart_is_immediate},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("backoff", tests)
