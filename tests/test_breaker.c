#include "models/breaker.h"

#include "tests/harness.h"

#include <math.h>

static Breaker
breaker_of(BreakerRule rule, uint32_t replication)
{
    Breaker breaker;
    breaker_init(&breaker, &rule, sim_rng_named(1, replication, "breaker"));
    return breaker;
}

/* Calls one after the other, each failing with chance p, at so many a second. */
typedef struct Stream {
    SimTime now, every;
    SimRng rng;
    uint64_t sent;
} Stream;

static void
call(Breaker *breaker, Stream *stream, double p)
{
    stream->now += stream->every;
    if (!breaker_admit(breaker, stream->now))
        return;
    bool failed = sim_rng_unit(&stream->rng) < p;
    stream->sent++;
    breaker_count(breaker, &(BreakerCalls){stream->now, stream->now, !failed, failed, 0});
}

static Stream
stream_of(double per_s, uint32_t replication)
{
    return (Stream){.every = sim_from_seconds(1 / per_s),
                    .rng = sim_rng_named(2, replication, "calls")};
}

/* In rates: one step; the share that went. */
static double
step(Breaker *breaker, SimTime *now, SimTime length, double per_s, double p)
{
    double calls = per_s * sim_seconds(length);
    double go = calls * breaker_share(breaker, *now, calls);
    *now += length;
    breaker_count(breaker, &(BreakerCalls){*now - length, *now, go * (1 - p), go * p, 0});
    return go / calls;
}

/* Seconds from the step to p until it opens; healthy before. */
static double
trip_time_in_rates(BreakerRule rule, double per_s, double p, SimTime length, uint32_t replication)
{
    Breaker breaker = breaker_of(rule, replication);
    SimTime now = 0, from = 20 * SIM_SECOND;
    while (now < from)
        step(&breaker, &now, length, per_s, 0);
    while (breaker.state == BREAKER_CLOSED && now < from + SIM_DAY)
        step(&breaker, &now, length, per_s, p);
    return sim_seconds(now - from);
}

/* Case 15 of the model book. */
static void
hystrix_trips_five_seconds_over_p_after_a_step(void)
{
    static const double rows[][2] = {{1, 5}, {.8, 6.25}, {.6, 8.3333}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        double fluid = trip_time_in_rates((BreakerRule){.kind = BREAKER_HYSTRIX}, 100, rows[i][0],
                                          SIM_SECOND / 4, 0);
        CHECK(fluid >= rows[i][1] && fluid <= rows[i][1] + 1.5);
        Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_HYSTRIX}, 0);
        Stream stream = stream_of(1000, (uint32_t)i);
        while (stream.now < 20 * SIM_SECOND)
            call(&breaker, &stream, 0);
        SimTime from = stream.now;
        while (breaker.state == BREAKER_CLOSED)
            call(&breaker, &stream, rows[i][0]);
        double single = sim_seconds(stream.now - from);
        CHECK(single >= rows[i][1] - .2 && single <= rows[i][1] + 1.7); /* noise of 10,000 calls */
    }
}

static void
hystrix_never_trips_below_its_threshold_or_volume(void)
{
    Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_HYSTRIX}, 0);
    SimTime now = 0;
    while (now < SIM_HOUR)
        step(&breaker, &now, SIM_SECOND, 100, .49);
    CHECK_INT(breaker.state, BREAKER_CLOSED);
    breaker = breaker_of((BreakerRule){.kind = BREAKER_HYSTRIX}, 0);
    for (now = 0; now < SIM_HOUR;)
        step(&breaker, &now, SIM_SECOND, 1.9, 1);
    CHECK_INT(breaker.state, BREAKER_CLOSED);
    while (now < SIM_HOUR + 11 * SIM_SECOND)
        step(&breaker, &now, SIM_SECOND, 2.1, 1);
    CHECK_INT(breaker.state, BREAKER_OPEN);
}

static void
hystrix_lets_one_call_try_every_five_seconds(void)
{
    Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_HYSTRIX}, 0);
    Stream stream = stream_of(100, 0);
    while (breaker.state == BREAKER_CLOSED)
        call(&breaker, &stream, 1);
    SimTime from = stream.now;
    stream.sent = 0;
    while (stream.now < from + 52 * SIM_SECOND)
        call(&breaker, &stream, 1);
    CHECK_INT(stream.sent, 10);
    while (breaker.state != BREAKER_CLOSED)
        call(&breaker, &stream, 0);
    CHECK_INT(stream.sent, 11);
    CHECK(stream.now <= from + 56 * SIM_SECOND);
}

static void
only_one_call_tries_while_its_answer_is_out(void)
{
    Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_HYSTRIX}, 0);
    Stream stream = stream_of(100, 0);
    while (breaker.state == BREAKER_CLOSED)
        call(&breaker, &stream, 1);
    SimTime now = breaker.until;
    CHECK(!breaker_admit(&breaker, now - 1));
    CHECK(breaker_admit(&breaker, now));
    CHECK(!breaker_admit(&breaker, now + SIM_SECOND));
    /* The answer never comes: another may try. */
    CHECK(breaker_admit(&breaker, now + 5 * SIM_SECOND));
    breaker_count(&breaker, &(BreakerCalls){now + 6 * SIM_SECOND, now + 6 * SIM_SECOND, 1, 0, 0});
    CHECK_INT(breaker.state, BREAKER_CLOSED);
}

/* Case 15: exact. */
static void
resilience4j_trips_after_half_a_window_of_failures(void)
{
    Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_RESILIENCE4J}, 0);
    Stream stream = stream_of(10, 0);
    for (uint32_t i = 0; i < 250; i++)
        call(&breaker, &stream, 0);
    stream.sent = 0;
    while (breaker.state == BREAKER_CLOSED)
        call(&breaker, &stream, 1);
    CHECK_INT(stream.sent, 50);
    static const double rows[][2] = {{1, 50}, {.6, 83.333}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        double calls = 1000 * trip_time_in_rates((BreakerRule){.kind = BREAKER_RESILIENCE4J}, 1000,
                                                 rows[i][0], SIM_MILLISECOND / 10, 0);
        CHECK_NEAR(calls, rows[i][1], .15);
    }
}

static void
resilience4j_waits_for_a_full_window(void)
{
    Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_RESILIENCE4J}, 0);
    Stream stream = stream_of(10, 0);
    while (breaker.state == BREAKER_CLOSED)
        call(&breaker, &stream, 1);
    CHECK_INT(stream.sent, 100);
}

static void
resilience4j_opens_on_calls_that_are_all_slow(void)
{
    Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_RESILIENCE4J}, 0);
    for (SimTime now = 1; now < 100; now++)
        breaker_count(&breaker, &(BreakerCalls){now, now, 1, 0, 1});
    CHECK_INT(breaker.state, BREAKER_CLOSED);
    breaker_count(&breaker, &(BreakerCalls){100, 100, 1, 0, 1});
    CHECK_INT(breaker.state, BREAKER_OPEN);
}

static void
resilience4j_decides_by_ten_calls(void)
{
    for (uint32_t bad = 4; bad <= 5; bad++) {
        Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_RESILIENCE4J}, 0);
        Stream stream = stream_of(10, 0);
        while (breaker.state == BREAKER_CLOSED)
            call(&breaker, &stream, 1);
        stream.now = breaker.until;
        for (uint32_t i = 0; i < 9; i++)
            call(&breaker, &stream, i < bad);
        CHECK_INT(breaker.state, BREAKER_TRYING);
        call(&breaker, &stream, 0);
        CHECK_INT(breaker.state, bad < 5 ? BREAKER_CLOSED : BREAKER_OPEN);
    }
}

/* Case 15: mean over many; in rates and call by call. */
static void
finagle_needs_as_many_calls_as_a_run_of_five_takes(void)
{
    static const double rows[][2] = {{.5, 62}, {.9, 6.935}, {1, 5}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        double single = 0, fluid = 0;
        enum { N = 4000 };
        for (uint32_t r = 0; r < N; r++) {
            Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_FINAGLE}, r);
            Stream stream = stream_of(1, r);
            while (breaker.state == BREAKER_CLOSED)
                call(&breaker, &stream, rows[i][0]);
            single += (double)stream.sent / N;
            fluid += trip_time_in_rates((BreakerRule){.kind = BREAKER_FINAGLE}, 1, rows[i][0],
                                        SIM_SECOND / 50, r) /
                     N;
        }
        CHECK_NEAR(single, rows[i][1], .04 * rows[i][1]);
        CHECK_NEAR(fluid, rows[i][1], .04 * rows[i][1]);
        CHECK_NEAR(breaker_run_mean(rows[i][0], 5), rows[i][1], .001 * rows[i][1]);
    }
}

static void
finagle_stays_away_longer_each_time(void)
{
    Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_FINAGLE}, 0);
    Stream stream = stream_of(100, 0);
    double least = 5, most = 5;
    while (breaker.state == BREAKER_CLOSED)
        call(&breaker, &stream, 1);
    for (uint32_t i = 0; i < 12; i++) {
        double dead = sim_seconds(breaker.until - stream.now);
        CHECK(dead >= least && dead <= most);
        least = i == 0 ? 5 : fmin(300, 2 * least);
        most = fmin(300, 2 * least);
        stream.now = breaker.until;
        call(&breaker, &stream, 1);
        CHECK_INT(breaker.state, BREAKER_OPEN);
    }
    stream.now = breaker.until;
    call(&breaker, &stream, 0);
    CHECK_INT(breaker.state, BREAKER_CLOSED);
    while (breaker.state == BREAKER_CLOSED)
        call(&breaker, &stream, 1);
    CHECK_NEAR(sim_seconds(breaker.until - stream.now), 5, 1e-9);
}

static void
a_trial_in_rates_fails_as_often_as_its_call(void)
{
    double closed = 0;
    enum { N = 4000 };
    for (uint32_t r = 0; r < N; r++) {
        Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_HYSTRIX}, r);
        SimTime now = 0;
        while (breaker.state == BREAKER_CLOSED)
            step(&breaker, &now, SIM_SECOND, 40, .7);
        double sent = 0;
        for (SimTime end = now + 6 * SIM_SECOND; now < end;)
            sent += breaker.state == BREAKER_CLOSED ? (now = end, 0)
                                                    : 40 * step(&breaker, &now, SIM_SECOND, 40, .7);
        CHECK_NEAR(sent, 1, 1e-9);
        closed += breaker.state == BREAKER_CLOSED ? 1. / N : 0;
    }
    CHECK_NEAR(closed, .3, .03);
}

static void
few_calls_make_a_trial_in_the_end(void)
{
    Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_HYSTRIX}, 0);
    SimTime now = 0;
    while (breaker.state == BREAKER_CLOSED)
        step(&breaker, &now, SIM_SECOND, 40, 1);
    for (SimTime end = now + 30 * SIM_SECOND; now < end;)
        step(&breaker, &now, SIM_SECOND, .05, 0);
    CHECK_INT(breaker.state, BREAKER_CLOSED);
}

/* Fewer came than were let go: what came decides. */
static void
a_trial_ends_when_all_its_calls_have_gone(void)
{
    Breaker breaker = breaker_of((BreakerRule){.kind = BREAKER_RESILIENCE4J}, 0);
    SimTime now = 0;
    while (breaker.state == BREAKER_CLOSED)
        step(&breaker, &now, SIM_SECOND, 40, 1);
    now = breaker.until;
    for (uint32_t i = 0; i < 3; i++) {
        double go = 4 * breaker_share(&breaker, now, 4);
        now += SIM_SECOND;
        breaker_count(&breaker, &(BreakerCalls){now - SIM_SECOND, now, .9 * go, 0, 0});
    }
    CHECK_INT(breaker.state, BREAKER_CLOSED);
}

static void
the_scenario_s_numbers_replace_the_kind_s(void)
{
    BreakerRule rule = {.kind = BREAKER_HYSTRIX,
                        .errors = .2,
                        .volume = 5,
                        .window = 2 * SIM_SECOND,
                        .open = SIM_SECOND};
    Breaker breaker = breaker_of(rule, 0);
    SimTime now = 0;
    for (uint32_t i = 0; i < 100; i++)
        step(&breaker, &now, SIM_SECOND / 10, 3, 0);
    SimTime from = now;
    while (breaker.state == BREAKER_CLOSED)
        step(&breaker, &now, SIM_SECOND / 10, 3, .5);
    CHECK_NEAR(sim_seconds(now - from), 1.2, .5);
    CHECK_NEAR(sim_seconds(breaker.until - now), 1, 1e-9);
}

static CU_TestInfo tests[] = {
    {"hystrix trips 5 s / p after a step", hystrix_trips_five_seconds_over_p_after_a_step},
    {"hystrix never trips below its threshold or volume",
     hystrix_never_trips_below_its_threshold_or_volume},
    {"hystrix lets one call try every 5 s", hystrix_lets_one_call_try_every_five_seconds},
    {"only one call tries while its answer is out", only_one_call_tries_while_its_answer_is_out},
    {"resilience4j trips after half a window of failures",
     resilience4j_trips_after_half_a_window_of_failures},
    {"resilience4j waits for a full window", resilience4j_waits_for_a_full_window},
    {"resilience4j opens on calls that are all slow",
     resilience4j_opens_on_calls_that_are_all_slow},
    {"resilience4j decides by ten calls", resilience4j_decides_by_ten_calls},
    {"finagle needs as many calls as a run of five takes",
     finagle_needs_as_many_calls_as_a_run_of_five_takes},
    {"finagle stays away longer each time", finagle_stays_away_longer_each_time},
    {"a trial in rates fails as often as its call", a_trial_in_rates_fails_as_often_as_its_call},
    {"few calls make a trial in the end", few_calls_make_a_trial_in_the_end},
    {"a trial ends when all its calls have gone", a_trial_ends_when_all_its_calls_have_gone},
    {"the scenario's numbers replace the kind's", the_scenario_s_numbers_replace_the_kind_s},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("breaker", tests)
