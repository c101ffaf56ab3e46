#include "tests/harness.h"

#include "models/throttle.h"
#include "sim/rng.h"

#include <glib.h>
#include <math.h>

/* Runs against a backend that serves so much and no more; returns what is sent in the end. */
static double
sent_after(Throttle *throttle, const ThrottleRule *rule, double offered_per_s, double served_per_s,
           double time_s)
{
    for (double t = 0; t < time_s; t++) {
        double sent_per_s = offered_per_s * (1 - throttle->share);
        double accepted = sent_per_s > served_per_s ? served_per_s / sent_per_s : 1;
        throttle_step(throttle, rule, 1, offered_per_s, accepted);
    }
    return offered_per_s * (1 - throttle->share);
}

/* Case 14 of the model book, as are the next two. */
static void
sre_clients_send_twice_what_is_accepted(void)
{
    Throttle throttle = {0};
    double sent = sent_after(&throttle, &throttle_sre, 1000, 100, 1200);
    CHECK_NEAR(throttle.share, .8, .008);
    CHECK_NEAR(sent, 200, 2);
}

static void
sre_clients_reject_nothing_below_twice_the_capacity(void)
{
    Throttle throttle = {0};
    CHECK_NEAR(sent_after(&throttle, &throttle_sre, 190, 100, 1200), 190, 0);
}

static void
envoy_sends_the_root_of_offered_times_capacity(void)
{
    static const struct {
        double offered, sent, share;
    } rows[] = {{120, 112.4, .063}, {200, 145.1, 0.2745}, {400, 205.2, .487}, {1000, 324.4, .676}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Throttle throttle = {0};
        double sent = sent_after(&throttle, &throttle_envoy, rows[i].offered, 100, 600);
        CHECK_NEAR(sent, rows[i].sent, .01 * rows[i].sent);
        CHECK_NEAR(throttle.share, rows[i].share, .01 * rows[i].share);
    }
}

static void
envoy_lets_a_fifth_through_to_a_dead_backend(void)
{
    Throttle throttle = {0};
    CHECK_NEAR(sent_after(&throttle, &throttle_envoy, 400, 0, 120), 80, 1e-9);
}

static void
envoy_forgets_a_dead_backend_after_its_window(void)
{
    Throttle throttle = {0};
    sent_after(&throttle, &throttle_envoy, 400, 0, 600);
    CHECK_NEAR(sent_after(&throttle, &throttle_envoy, 400, 1e9, 32), 400, 0);
}

/* What is let through after a full outage is one request a window; it doubles in some 40 s. */
static void
sre_clients_come_back_slowly_from_a_full_outage(void)
{
    Throttle throttle = {0};
    sent_after(&throttle, &throttle_sre, 400, 0, 600);
    CHECK(throttle.share > .999);
    CHECK(sent_after(&throttle, &throttle_sre, 400, 1e9, 300) < 200);
    CHECK_NEAR(sent_after(&throttle, &throttle_sre, 400, 1e9, 1200), 400, 0);
}

static void
the_window_slides_without_steps(void)
{
    Throttle throttle = {0};
    ThrottleRule rule = {
        .window_s = 16, .multiplier = 1, .aggression = 1, .reject_max = 0, .counts_rejected = true};
    for (int i = 0; i < 1000; i++)
        throttle_step(&throttle, &rule, .07, 100, 1);
    /* Nothing is offered any more: the content falls in a straight line. */
    for (double t = 0; t < 15; t += .1) {
        double sum = 0;
        uint32_t oldest = (throttle.newest + 1) % (THROTTLE_SLOTS + 1);
        for (uint32_t slot = 0; slot <= THROTTLE_SLOTS; slot++)
            sum += throttle.requests[slot] * (slot == oldest ? 1 - throttle.filled : 1);
        CHECK_NEAR(sum, 100 * (16 - t), 1e-6);
        throttle_step(&throttle, &rule, .1, 0, 1);
    }
}

static void
a_step_longer_than_the_window_leaves_the_window_full_of_it(void)
{
    Throttle throttle = {0};
    throttle_step(&throttle, &throttle_envoy, 1e6, 400, .5);
    CHECK_NEAR(throttle.share, (12000 - 6000 / .95) / 12001, 1e-9);
}

static void
aggression_flattens_the_rejection(void)
{
    ThrottleRule rule = throttle_envoy;
    rule.aggression = 2;
    Throttle throttle = {0};
    throttle_step(&throttle, &rule, 1e6, 400, .5);
    CHECK_NEAR(throttle.share, sqrt((12000 - 6000 / .95) / 12001), 1e-9);
}

/* Call by call, against a backend that takes mu a second, evenly. */
static double
share_of_single_calls(const ThrottleRule *rule, double per_s, double mu, double *ret_sent)
{
    Throttle throttle = {0};
    SimRng rng = sim_rng_named(1, 0, "calls");
    double sent = 0, rejected = 0, room = 0;
    SimTime every = sim_from_seconds(1 / per_s), from = 600 * SIM_SECOND, now = 0;
    for (; now < 2 * from; now += every) {
        room = fmin(room + mu / per_s, 50);
        if (!throttle_admit(&throttle, rule, now, sim_rng_unit(&rng))) {
            rejected += now >= from;
            continue;
        }
        throttle_answer(&throttle, rule, now, room >= 1);
        room -= room >= 1 ? 1 : 0;
        sent += now >= from;
    }
    *ret_sent = sent / sim_seconds(now - from);
    return rejected / (rejected + sent);
}

/* Case 14, call by call. */
static void
single_calls_find_the_same_shares(void)
{
    double sent = 0;
    CHECK_NEAR(share_of_single_calls(throttle_rule(THROTTLE_SRE), 1000, 100, &sent), .8, .024);
    CHECK_NEAR(sent, 200, 6);
    CHECK_NEAR(share_of_single_calls(throttle_rule(THROTTLE_ENVOY), 400, 100, &sent), .487, .0146);
    CHECK_NEAR(sent, 205.2, 6);
}

static CU_TestInfo tests[] = {
    {"sre_clients_send_twice_what_is_accepted", sre_clients_send_twice_what_is_accepted},
    {"sre_clients_reject_nothing_below_twice_the_capacity",
     sre_clients_reject_nothing_below_twice_the_capacity},
    {"envoy_sends_the_root_of_offered_times_capacity",
     envoy_sends_the_root_of_offered_times_capacity},
    {"envoy_lets_a_fifth_through_to_a_dead_backend", envoy_lets_a_fifth_through_to_a_dead_backend},
    {"envoy_forgets_a_dead_backend_after_its_window",
     envoy_forgets_a_dead_backend_after_its_window},
    {"sre_clients_come_back_slowly_from_a_full_outage",
     sre_clients_come_back_slowly_from_a_full_outage},
    {"the_window_slides_without_steps", the_window_slides_without_steps},
    {"a_step_longer_than_the_window_leaves_the_window_full_of_it",
     a_step_longer_than_the_window_leaves_the_window_full_of_it},
    {"aggression_flattens_the_rejection", aggression_flattens_the_rejection},
    {"single_calls_find_the_same_shares", single_calls_find_the_same_shares},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("throttle", tests)
