#include "tests/harness.h"

#include "models/erlang.h"
#include "sim/elementary.h"

#include <glib.h>
#include <math.h>

static double
b_by_recursion(double load, uint32_t servers)
{
    double b = 1;
    for (uint32_t k = 1; k <= servers; k++)
        b = load * b / (k + load * b);
    return b;
}

/* Case 1 of the model book. */
static void
one_server_at_80_percent_has_its_closed_form(void)
{
    ErlangQueue queue = {.servers = 1, .service_per_s = 1, .arrivals_per_s = .8};
    CHECK_NEAR(erlang_in_system(&queue), 4, 1e-6);
    CHECK_NEAR(erlang_wait_mean(&queue), 4, 1e-6);
    CHECK_NEAR(erlang_sojourn_quantile(&queue, .5), 3.4657359028, 1e-6);
    CHECK_NEAR(erlang_sojourn_quantile(&queue, .99), 23.0258509299, 1e-6);
    CHECK_NEAR(erlang_sojourn_tail(&queue, 3), sim_exp(-.6), 1e-12);
}

/* Case 2. */
static void
waiting_of_many_servers_has_its_closed_form(void)
{
    ErlangQueue ten = {.servers = 10, .service_per_s = 1, .arrivals_per_s = 8};
    CHECK_NEAR(erlang_b(8, 10), .12166, 1e-5);
    CHECK_NEAR(erlang_c(8, 10), .40918, 1e-5);
    CHECK_NEAR(erlang_wait_mean(&ten), .20459, 1e-5);
    CHECK_NEAR(erlang_waiting(&ten), 1.6367, 1e-4);
    CHECK_NEAR(erlang_wait_tail(&ten, 1), .05538, 1e-5);
    ErlangQueue hundred = {.servers = 100, .service_per_s = 2, .arrivals_per_s = 180};
    CHECK_NEAR(erlang_b(90, 100), .02696, 1e-5);
    CHECK_NEAR(erlang_c(90, 100), .21694, 1e-5);
    CHECK_NEAR(erlang_waiting(&hundred), 1.9525, 1e-4);
    CHECK_NEAR(erlang_wait_quantile(&hundred, .99), .3077 / 2, 1e-4);
    CHECK_NEAR(erlang_wait_quantile(&hundred, .5), 0, 0);
    CHECK_NEAR(erlang_c(14, 16), .50848, 1e-5);
}

/* Case 3. */
static void
finite_rooms_block_as_their_closed_form_says(void)
{
    ErlangQueue queue = {.servers = 1, .service_per_s = 1, .arrivals_per_s = .9, .places = 10};
    CHECK_NEAR(erlang_blocking(&queue), .05081, 1e-5);
    queue.arrivals_per_s = 1.5;
    CHECK_NEAR(erlang_blocking(&queue), .33723, 1e-5);
    queue.arrivals_per_s = 1;
    CHECK_NEAR(erlang_blocking(&queue), 1. / 11, 1e-12);
    queue.arrivals_per_s = 1 + 1e-9;
    CHECK_NEAR(erlang_blocking(&queue), 1. / 11, 1e-7);
    ErlangQueue loss = {.servers = 10, .service_per_s = 1, .arrivals_per_s = 8, .places = 10};
    CHECK_NEAR(erlang_blocking(&loss), .12166, 1e-5);
}

/* Case 5: whatever the law of service. */
static void
processor_sharing_stretches_service_by_the_idle_share(void)
{
    CHECK_NEAR(erlang_sharing_sojourn(1, .8), 5, 1e-12);
    CHECK(isinf(erlang_sharing_sojourn(1, 1)));
}

/* The birth-death chain, state by state. */
static ErlangAbandon
abandon_by_states(const ErlangQueue *queue)
{
    double p = 1, total = 1, waiting = 0;
    for (double n = 1; n < 5000; n++) {
        double in_service = fmin(n, queue->servers), queued = n - in_service;
        p *= queue->arrivals_per_s /
             (in_service * queue->service_per_s + queued * queue->patience_per_s);
        total += p;
        waiting += p * queued;
        if (total > 1e200) {
            p /= total;
            waiting /= total;
            total = 1;
        }
    }
    waiting /= total;
    return (ErlangAbandon){.waiting = waiting,
                           .share = waiting * queue->patience_per_s / queue->arrivals_per_s};
}

/* Case 4. */
static void
impatient_customers_leave_as_the_chain_says(void)
{
    ErlangQueue queue = {
        .servers = 50, .service_per_s = 1, .arrivals_per_s = 60, .patience_per_s = .5};
    CHECK_NEAR(erlang_a(&queue).share, .16823, 1e-5);
    CHECK_NEAR(erlang_a(&queue).waiting, 20.187, 1e-3);
    CHECK_NEAR(erlang_a_fluid(&queue).share, .16823, .03 * .16823);
    CHECK_NEAR(erlang_a_fluid(&queue).waiting, 20.187, .03 * 20.187);
    queue.arrivals_per_s = 50;
    CHECK_NEAR(erlang_a(&queue).share, .04668, 1e-5);
    CHECK_NEAR(erlang_a(&queue).waiting, 4.668, 1e-3);
    CHECK_NEAR(erlang_a_fluid(&queue).share, 0, 0);
}

static void
abandonment_equals_its_chain_from_idle_to_flooded(void)
{
    static const double servers[] = {1, 2, 30, 300};
    static const double loads[] = {.05, .5, .95, 1, 1.3, 4};
    static const double patience[] = {.02, .5, 1, 20};
    for (size_t c = 0; c < G_N_ELEMENTS(servers); c++)
        for (size_t l = 0; l < G_N_ELEMENTS(loads); l++)
            for (size_t t = 0; t < G_N_ELEMENTS(patience); t++) {
                ErlangQueue queue = {.servers = servers[c],
                                     .service_per_s = 1,
                                     .arrivals_per_s = loads[l] * servers[c],
                                     .patience_per_s = patience[t]};
                if (loads[l] * servers[c] / patience[t] > 2000)
                    continue;
                ErlangAbandon got = erlang_a(&queue), want = abandon_by_states(&queue);
                CHECK_NEAR(got.waiting, want.waiting, 5e-8 * want.waiting);
                CHECK_NEAR(got.share, want.share, 5e-8 * want.share);
            }
}

/* Case 13's closed form. */
static void
the_retrial_orbit_has_its_closed_form(void)
{
    CHECK_NEAR(erlang_retrial_orbit(.6, .6, .5), 2.7, 1e-12);
    CHECK_NEAR(erlang_retrial_orbit(.8, .8, .2), 19.2, 1e-12);
    CHECK_NEAR(erlang_retrial_orbit(.5, .5, 2), .75, 1e-12);
}

static void
the_integral_agrees_with_the_recursion(void)
{
    static const uint32_t servers[] = {129, 1000, 20000, 1000000};
    static const double loads[] = {.3, .9, .99, 1, 1.01, 1.5, 20};
    for (size_t c = 0; c < G_N_ELEMENTS(servers); c++)
        for (size_t l = 0; l < G_N_ELEMENTS(loads); l++) {
            double load = loads[l] * servers[c], want = b_by_recursion(load, servers[c]);
            if (want > 1e-280)
                CHECK_NEAR(erlang_b(load, servers[c]) / want, 1, 5e-9);
            else
                CHECK_NEAR(erlang_b(load, servers[c]), 0, 1e-270);
        }
}

static void
a_real_number_of_servers_joins_the_integers(void)
{
    static const double loads[] = {1e-6, .01, .7, 3, 50, 1e5};
    for (size_t l = 0; l < G_N_ELEMENTS(loads); l++) {
        for (double c = 1; c < 100; c += 7) {
            double got = erlang_b(loads[l], c + 1e-9), want = erlang_b(loads[l], c);
            CHECK_NEAR(want > 1e-290 ? got / want : 1, 1, 1e-7);
        }
        /* The recursion holds between the integers too. */
        for (double c = .25; c < 60; c += 4.5) {
            double b = erlang_b(loads[l], c);
            double next = loads[l] * b / (c + 1 + loads[l] * b);
            CHECK_NEAR(next > 1e-290 ? erlang_b(loads[l], c + 1) / next : 1, 1, 1e-8);
        }
    }
}

static void
waiting_falls_with_servers_and_rises_with_load(void)
{
    double last = 1;
    for (double c = 8.01; c < 30; c += .17) {
        CHECK(erlang_c(8, c) < last);
        last = erlang_c(8, c);
    }
    CHECK_NEAR(erlang_c(8, 8), 1, 0);
    CHECK_NEAR(erlang_c(9, 8), 1, 0);
    CHECK_NEAR(erlang_c(0, 8), 0, 0);
    CHECK_NEAR(erlang_c(0, 0), 1, 0);
}

static void
an_overloaded_queue_waits_for_ever(void)
{
    ErlangQueue queue = {.servers = 4, .service_per_s = 1, .arrivals_per_s = 4};
    CHECK(isinf(erlang_wait_mean(&queue)));
    CHECK(isinf(erlang_wait_quantile(&queue, .5)));
    CHECK(isinf(erlang_sojourn_quantile(&queue, .5)));
    CHECK_NEAR(erlang_wait_tail(&queue, 1e9), 1, 0);
    CHECK_NEAR(erlang_sojourn_tail(&queue, 1e9), 1, 0);
}

/* At c - 1 = a wait and service have the same rate and the general formula divides by zero. */
static void
sojourn_is_smooth_where_its_formula_is_singular(void)
{
    ErlangQueue queue = {.servers = 9, .service_per_s = 1, .arrivals_per_s = 8};
    double c = erlang_c(8, 9);
    CHECK_NEAR(erlang_sojourn_tail(&queue, 2), sim_exp(-2) * (1 + 2 * c), 1e-12);
    queue.arrivals_per_s = 8 + 1e-7;
    CHECK_NEAR(erlang_sojourn_tail(&queue, 2), sim_exp(-2) * (1 + 2 * c), 1e-6);
    for (double t = 0; t < 800; t += 7.3) {
        queue.arrivals_per_s = 1 + t / 100;
        double tail = erlang_sojourn_tail(&queue, t);
        CHECK(tail >= 0 && tail <= 1);
    }
}

static void
a_long_room_of_many_servers_stays_finite(void)
{
    ErlangQueue queue = {
        .servers = 5000, .service_per_s = 1, .arrivals_per_s = 5500, .places = 1e6};
    CHECK_NEAR(erlang_blocking(&queue), 1 - 5000. / 5500, 1e-9);
    queue.arrivals_per_s = 2000;
    CHECK_NEAR(erlang_blocking(&queue), 0, 1e-12);
}

static CU_TestInfo tests[] = {
    {"one_server_at_80_percent_has_its_closed_form", one_server_at_80_percent_has_its_closed_form},
    {"waiting_of_many_servers_has_its_closed_form", waiting_of_many_servers_has_its_closed_form},
    {"finite_rooms_block_as_their_closed_form_says", finite_rooms_block_as_their_closed_form_says},
    {"processor_sharing_stretches_service_by_the_idle_share",
     processor_sharing_stretches_service_by_the_idle_share},
    {"impatient_customers_leave_as_the_chain_says", impatient_customers_leave_as_the_chain_says},
    {"abandonment_equals_its_chain_from_idle_to_flooded",
     abandonment_equals_its_chain_from_idle_to_flooded},
    {"the_retrial_orbit_has_its_closed_form", the_retrial_orbit_has_its_closed_form},
    {"the_integral_agrees_with_the_recursion", the_integral_agrees_with_the_recursion},
    {"a_real_number_of_servers_joins_the_integers", a_real_number_of_servers_joins_the_integers},
    {"waiting_falls_with_servers_and_rises_with_load",
     waiting_falls_with_servers_and_rises_with_load},
    {"an_overloaded_queue_waits_for_ever", an_overloaded_queue_waits_for_ever},
    {"sojourn_is_smooth_where_its_formula_is_singular",
     sojourn_is_smooth_where_its_formula_is_singular},
    {"a_long_room_of_many_servers_stays_finite", a_long_room_of_many_servers_stays_finite},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("erlang", tests)
