#include "models/sessions.h"

#include "sim/elementary.h"
#include "tests/fake_world.h"
#include "tests/harness.h"

#include <math.h>

enum { APP, LOGIN, PLAIN };

static FakeWorld *
world_with(const char *lifetime, const char *share_back)
{
    g_autofree char *text =
        g_strdup_printf("services: {proxy: {placement: pop}}\n"
                        "sites:\n"
                        "  app: {service: proxy, requests: 100/s,\n"
                        "    sessions: {login: login, users: 1M, lifetime: '%s', return: %s}}\n"
                        "  login: {service: proxy}\n"
                        "  plain: {service: proxy, requests: 1/s}\n",
                        lifetime, share_back);
    return fake_world_new(text, 1, 1);
}

/* Log-ins at the rate that the module asks for, but only the given share succeeds. */
static double
live(Sessions *sessions, SimTime from, SimTime to, double success)
{
    double asked = 0;
    for (SimTime now = from; now < to; now += 10 * SIM_SECOND) {
        double rate = sessions_balance(sessions, APP) * sessions_login_factor(sessions, APP) * 10;
        asked += rate;
        sessions_advance(sessions, APP, now + 10 * SIM_SECOND, rate * success);
    }
    return asked;
}

static void
a_day_without_trouble_keeps_the_balance(void)
{
    static const char *const laws[] = {
        "8h",
        "exponential(mean 8h)",
        "lognormal(median 2h, sigma 1.5)",
        "uniform(1h, 12h)",
        "mixture(80% exponential(mean 1h), 20% lognormal(median 20h, sigma 1))",
        "30m",
        "5s"};
    for (guint i = 0; i < G_N_ELEMENTS(laws); i++) {
        g_autoptr(FakeWorld) fake = world_with(laws[i], "60%");
        Sessions *sessions = sessions_new(&fake->world, sim_arena(fake->sim));
        double worst = 0;
        for (SimTime hour = 0; hour < 24; hour++) {
            live(sessions, hour * SIM_HOUR, (hour + 1) * SIM_HOUR, 1);
            worst = fmax(worst, fabs(sessions_use_factor(sessions, APP) - 1));
        }
        if (!CHECK(worst < 0.001))
            fprintf(stderr, "%s: off by %g\n", laws[i], worst);
    }
}

static void
the_balance_is_users_over_their_lifetime(void)
{
    g_autoptr(FakeWorld) fake = world_with("exponential(mean 8h)", "60%");
    Sessions *sessions = sessions_new(&fake->world, sim_arena(fake->sim));
    CHECK_NEAR(sessions_balance(sessions, APP), 1e6 / 28800, 0.002 * 1e6 / 28800);
    g_autoptr(FakeWorld) fixed = world_with("2h", "60%");
    sessions = sessions_new(&fixed->world, sim_arena(fixed->sim));
    CHECK_NEAR(sessions_balance(sessions, APP), 1e6 / 7200, 0.002 * 1e6 / 7200);
}

/* Nobody can log in: an exponential population halves in ln 2 lifetimes, one of equal lifetimes
 * falls along a straight line. */
static void
an_outage_of_log_ins_drains_by_the_law(void)
{
    g_autoptr(FakeWorld) fake = world_with("exponential(mean 8h)", "60%");
    Sessions *sessions = sessions_new(&fake->world, sim_arena(fake->sim));
    live(sessions, 0, 4 * SIM_HOUR, 0);
    CHECK_NEAR(sessions_use_factor(sessions, APP), sim_exp(-0.5), 0.003);
    g_autoptr(FakeWorld) fixed = world_with("8h", "60%");
    sessions = sessions_new(&fixed->world, sim_arena(fixed->sim));
    live(sessions, 0, 2 * SIM_HOUR, 0);
    CHECK_NEAR(sessions_open(sessions, APP), 750e3, 1e3);
}

/* While fewer sessions end, fewer people come back: log-ins follow what is open. */
static void
demand_for_log_ins_follows_the_ends(void)
{
    g_autoptr(FakeWorld) fake = world_with("exponential(mean 8h)", "60%");
    Sessions *sessions = sessions_new(&fake->world, sim_arena(fake->sim));
    CHECK_NEAR(sessions_login_factor(sessions, APP), 1, 1e-9);
    double asked = live(sessions, 0, 4 * SIM_HOUR, 0);
    CHECK_NEAR(sessions_login_factor(sessions, APP), 0.4 + 0.6 * sim_exp(-0.5), 0.003);
    /* Who wants in during the outage: newcomers, and those whose session ended. */
    double ended = 1e6 - sessions_open(sessions, APP);
    CHECK_NEAR(asked, 0.6 * ended + 0.4 * sessions_balance(sessions, APP) * 4 * 3600,
               0.002 * asked);
}

static void
late_log_ins_bring_the_population_back(void)
{
    g_autoptr(FakeWorld) fake = world_with("exponential(mean 8h)", "60%");
    Sessions *sessions = sessions_new(&fake->world, sim_arena(fake->sim));
    double backlog = live(sessions, 0, SIM_HOUR, 0);
    double low = sessions_open(sessions, APP);
    sessions_advance(sessions, APP, SIM_HOUR + SIM_SECOND, backlog);
    CHECK_NEAR(sessions_open(sessions, APP) - low, backlog, 100);
    CHECK_NEAR(sessions_use_factor(sessions, APP), 1, 0.01);
}

static void
a_site_without_sessions_is_left_alone(void)
{
    g_autoptr(FakeWorld) fake = world_with("1h", "60%");
    Sessions *sessions = sessions_new(&fake->world, sim_arena(fake->sim));
    sessions_advance(sessions, PLAIN, SIM_HOUR, 5);
    CHECK_NEAR(sessions_use_factor(sessions, PLAIN), 1, 0);
    CHECK_INT(sessions_of_login(sessions, LOGIN), APP);
    CHECK_INT(sessions_of_login(sessions, PLAIN), SIM_NONE);
}

static void
the_length_of_a_step_does_not_matter(void)
{
    g_autoptr(FakeWorld) fake = world_with("lognormal(median 1h, sigma 1)", "60%");
    Sessions *one = sessions_new(&fake->world, sim_arena(fake->sim));
    Sessions *many = sessions_new(&fake->world, sim_arena(fake->sim));
    sessions_advance(one, APP, 5 * SIM_HOUR, 0);
    for (SimTime now = 0; now < 5 * SIM_HOUR; now += SIM_MINUTE + 7)
        sessions_advance(many, APP, MIN(now + SIM_MINUTE + 7, 5 * SIM_HOUR), 0);
    CHECK_NEAR(sessions_open(one, APP), sessions_open(many, APP), 1e-3);
}

static CU_TestInfo tests[] = {
    {"a_day_without_trouble_keeps_the_balance", a_day_without_trouble_keeps_the_balance},
    {"the_balance_is_users_over_their_lifetime", the_balance_is_users_over_their_lifetime},
    {"an_outage_of_log_ins_drains_by_the_law", an_outage_of_log_ins_drains_by_the_law},
    {"demand_for_log_ins_follows_the_ends", demand_for_log_ins_follows_the_ends},
    {"late_log_ins_bring_the_population_back", late_log_ins_bring_the_population_back},
    {"a_site_without_sessions_is_left_alone", a_site_without_sessions_is_left_alone},
    {"the_length_of_a_step_does_not_matter", the_length_of_a_step_does_not_matter},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("sessions", tests)
