#include "models/limiter.h"

#include "tests/harness.h"

#include <math.h>

static Limiter
limiter_of(LimiterKind kind, double initial)
{
    Limiter limiter;
    limiter_init(&limiter, kind, initial, sim_rng_named(1, 0, "limiter"));
    return limiter;
}

/* n calls of so many milliseconds while the whole limit is in use. */
static void
feed(Limiter *limiter, int n, double rtt_ms)
{
    for (int i = 0; i < n; i++)
        limiter_sample(limiter, &(LimiterSample){.rtt = sim_from_seconds(rtt_ms / 1e3),
                                                 .in_hand = limiter_limit(limiter)});
}

static void
each_kind_has_its_name_and_its_first_limit(void)
{
    static const struct {
        const char *name;
        uint32_t limit;
    } rows[LIMITER_COUNT] = {
        {"none", UINT32_MAX}, {"fixed", UINT32_MAX}, {"aimd", 10}, {"gradient2", 20}, {"vegas", 20},
    };
    for (uint32_t kind = 0; kind < LIMITER_COUNT; kind++) {
        Limiter limiter = limiter_of((LimiterKind)kind, 0);
        CHECK_STR(limiter_names[kind], rows[kind].name);
        CHECK_INT(limiter_limit(&limiter), rows[kind].limit);
        limiter = limiter_of((LimiterKind)kind, 33.5);
        CHECK_INT(limiter_limit(&limiter), kind == LIMITER_NONE ? UINT32_MAX : 33);
    }
    CHECK(limiter_names[LIMITER_COUNT] == NULL);
}

static void
a_fixed_limit_stays(void)
{
    Limiter limiter = limiter_of(LIMITER_FIXED, 7);
    feed(&limiter, 1000, 5);
    limiter_sample(&limiter, &(LimiterSample){.rtt = 1, .was_dropped = true});
    CHECK_INT(limiter_limit(&limiter), 7);
}

static void
aimd_adds_one_and_takes_a_tenth(void)
{
    Limiter limiter = limiter_of(LIMITER_AIMD, 0);
    feed(&limiter, 5, 10);
    CHECK_INT(limiter_limit(&limiter), 15);
    limiter_sample(&limiter, &(LimiterSample){.rtt = 5 * SIM_SECOND, .in_hand = 8});
    CHECK_INT(limiter_limit(&limiter), 16);
    limiter_sample(&limiter, &(LimiterSample){.rtt = 1, .in_hand = 7});
    CHECK_INT(limiter_limit(&limiter), 16);
    limiter_sample(&limiter, &(LimiterSample){.rtt = 1, .in_hand = 1, .was_dropped = true});
    CHECK_INT(limiter_limit(&limiter), 14);
    limiter_sample(&limiter, &(LimiterSample){.rtt = 5 * SIM_SECOND + 1, .in_hand = 14});
    CHECK_INT(limiter_limit(&limiter), 12);
    for (int i = 0; i < 100; i++)
        limiter_sample(&limiter, &(LimiterSample){.rtt = 1, .was_dropped = true});
    CHECK_INT(limiter_limit(&limiter), 1);
}

static void
gradient2_climbs_by_eight_tenths_a_sample_while_calm(void)
{
    Limiter limiter = limiter_of(LIMITER_GRADIENT2, 0);
    feed(&limiter, 100, 10);
    CHECK_NEAR(limiter.limit, 20 + 100 * .8, 1e-9);
    feed(&limiter, 1000, 10);
    CHECK_INT(limiter_limit(&limiter), 200);
}

static void
gradient2_stands_still_while_half_is_unused(void)
{
    Limiter limiter = limiter_of(LIMITER_GRADIENT2, 0);
    LimiterSample calm = {.rtt = SIM_MILLISECOND, .in_hand = 9};
    for (int i = 0; i < 100; i++)
        limiter_sample(&limiter, &calm);
    CHECK_NEAR(limiter.limit, 20, 0);
    calm.in_hand = 10;
    limiter_sample(&limiter, &calm);
    CHECK_NEAR(limiter.limit, 20.8, 1e-12);
}

/* Four times the round trip: the gradient is at its least, 1/2, and L leads to 4 / (1 - 1/2). */
static void
gradient2_comes_down_within_fifty_samples(void)
{
    Limiter limiter = limiter_of(LIMITER_GRADIENT2, 0);
    feed(&limiter, 600, 10);
    CHECK_INT(limiter_limit(&limiter), 200);
    Limiter unbounded = limiter;
    unbounded.limit_min = 1;
    feed(&unbounded, 50, 40);
    CHECK(unbounded.limit <= 4 / (1 - .5) + 1);
    CHECK(unbounded.limit > 8);
    feed(&limiter, 50, 40);
    CHECK_NEAR(limiter.limit, 20, 0);
}

static void
gradient2_forgives_a_lasting_overload(void)
{
    Limiter limiter = limiter_of(LIMITER_GRADIENT2, 0);
    feed(&limiter, 600, 10);
    feed(&limiter, 100, 40);
    CHECK_INT(limiter_limit(&limiter), 20);
    feed(&limiter, 3000, 40);
    CHECK_INT(limiter_limit(&limiter), 200);
}

static void
gradient2_cuts_a_long_average_that_is_twice_the_short(void)
{
    Limiter limiter = limiter_of(LIMITER_GRADIENT2, 0);
    feed(&limiter, 4, 10);
    feed(&limiter, 6, 20);
    CHECK_NEAR(limiter.long_rtt, .016, 1e-12); /* the mean of the first ten */
    feed(&limiter, 1, 8);
    CHECK_NEAR(limiter.long_rtt, .016 - 2.0 / 601 * .008, 1e-12);
    double before = limiter.long_rtt;
    feed(&limiter, 1, 4);
    CHECK_NEAR(limiter.long_rtt, .95 * (before - 2.0 / 601 * (before - .004)), 1e-12);
}

/* Returns the limit after n samples of a server that works off one call after another. */
static double
vegas_of_a_server(Limiter *limiter, int n, double service_ms, double capacity)
{
    for (int i = 0; i < n; i++)
        feed(limiter, 1, service_ms * fmax(1, limiter_limit(limiter) / capacity));
    return limiter->limit;
}

static void
vegas_settles_between_three_and_six_above_what_is_served(void)
{
    for (double initial = 2; initial <= 70; initial += 17) {
        Limiter limiter = limiter_of(LIMITER_VEGAS, initial);
        limiter.probe_jitter = 1e6; /* no probe */
        feed(&limiter, 1, 10);      /* sees an idle server first */
        double limit = vegas_of_a_server(&limiter, 200, 10, 10);
        CHECK(limit >= 10 + 3 && limit <= 10 + 6 + 1);
    }
}

static void
vegas_takes_a_drop_for_a_queue(void)
{
    Limiter limiter = limiter_of(LIMITER_VEGAS, 150);
    feed(&limiter, 1, 10);
    for (int i = 0; i < 10; i++)
        limiter_sample(&limiter,
                       &(LimiterSample){.rtt = 10 * SIM_MILLISECOND, .was_dropped = true});
    CHECK_NEAR(limiter.limit, 150 - 10 * 2, 0);
    limiter.limit = 1000; /* from here on a step is the root of the limit */
    limiter_sample(&limiter, &(LimiterSample){.rtt = 10 * SIM_MILLISECOND, .was_dropped = true});
    CHECK_NEAR(limiter.limit, 1000 - 31, 0);
    limiter.limit = 1.5;
    limiter_sample(&limiter, &(LimiterSample){.rtt = 10 * SIM_MILLISECOND, .was_dropped = true});
    CHECK_NEAR(limiter.limit, 1, 0);
}

static void
vegas_probes_after_half_to_all_of_thirty_limits(void)
{
    Limiter limiter = limiter_of(LIMITER_VEGAS, 0);
    double least = 1e9, most = 0;
    for (int probe = 0; probe < 200; probe++) {
        LimiterSample idle = {.rtt = 10 * SIM_MILLISECOND, .in_hand = 1};
        limiter_sample(&limiter, &idle);
        idle.rtt = 20 * SIM_MILLISECOND;
        int n = 1;
        for (; limiter.long_rtt < .015; n++)
            limiter_sample(&limiter, &idle);
        least = fmin(least, n);
        most = fmax(most, n);
    }
    CHECK_NEAR(least, 300, 10);
    CHECK_NEAR(most, 600, 10);
    CHECK_NEAR(limiter.limit, 20, 0);
}

/* The classes once more, in whole numbers and with their own state. */
typedef struct Naive {
    double limit, sum, mean, least_rtt, jitter;
    int n;
    SimRng rng;
} Naive;

static void
naive_aimd(Naive *naive, const LimiterSample *sample)
{
    int limit = (int)naive->limit;
    if (sample->was_dropped || sample->rtt > 5000000000) {
        int tenth_off = (int)(limit * .9);
        limit = limit - 1 < tenth_off ? limit - 1 : tenth_off;
        naive->limit = limit < 1 ? 1 : limit;
    } else if ((int)sample->in_hand * 2 >= limit) {
        naive->limit = limit + 1;
    }
}

static void
naive_gradient2(Naive *naive, const LimiterSample *sample)
{
    double rtt = (double)sample->rtt;
    if (naive->n < 10) {
        naive->sum += rtt;
        naive->mean = naive->sum / ++naive->n;
    } else {
        naive->mean = naive->mean * (1 - 2.0 / 601) + rtt * 2.0 / 601;
    }
    double gradient = naive->mean / rtt;
    if (naive->mean / rtt > 2)
        naive->mean *= .95;
    if (sample->in_hand < naive->limit / 2)
        return;
    gradient = gradient > 1 ? 1 : gradient < .5 ? .5 : gradient;
    naive->limit = naive->limit * .8 + (naive->limit * gradient + 4) * .2;
    naive->limit = naive->limit < 20 ? 20 : naive->limit > 200 ? 200 : naive->limit;
}

static void
naive_vegas(Naive *naive, const LimiterSample *sample)
{
    double rtt = (double)sample->rtt;
    if (naive->jitter * 30 * naive->limit <= ++naive->n) {
        naive->jitter = .5 + sim_rng_unit(&naive->rng) / 2;
        naive->n = 0;
        naive->least_rtt = rtt;
        return;
    }
    if (naive->least_rtt == 0 || rtt < naive->least_rtt) {
        naive->least_rtt = rtt;
        return;
    }
    int queue = (int)ceil(naive->limit * (1 - naive->least_rtt / rtt));
    int root = (int)sqrt(naive->limit);
    int log = naive->limit < 100 ? 1 : naive->limit < 1000 ? 2 : root;
    if (sample->was_dropped || (sample->in_hand * 2 >= naive->limit && queue > 6 * log))
        naive->limit -= log;
    else if (sample->in_hand * 2 >= naive->limit && queue <= log)
        naive->limit += 6 * log;
    else if (sample->in_hand * 2 >= naive->limit && queue < 3 * log)
        naive->limit += log;
    naive->limit = naive->limit < 1 ? 1 : naive->limit > 1000 ? 1000 : naive->limit;
}

static void
compare(LimiterKind kind, uint64_t seed, void (*naive_sample)(Naive *, const LimiterSample *))
{
    SimRng rng = sim_rng_named(seed, 0, "samples");
    Limiter limiter;
    limiter_init(&limiter, kind, 0, sim_rng_named(seed, 0, "limiter"));
    Naive naive = {.limit = limiter.limit, .rng = sim_rng_named(seed, 0, "limiter")};
    if (kind == LIMITER_VEGAS)
        naive.jitter = .5 + sim_rng_unit(&naive.rng) / 2;
    SimTime median = 10 * SIM_MILLISECOND;
    for (int i = 0; i < 3000; i++) {
        if (sim_rng_below(&rng, 300) == 0)
            median = 1 + (SimTime)sim_rng_below(&rng, 6 * SIM_SECOND);
        LimiterSample sample = {.rtt = sim_rng_lognormal(&rng, median, .3) + 1,
                                .in_hand =
                                    (uint32_t)sim_rng_below(&rng, 2 * limiter_limit(&limiter)),
                                .was_dropped = sim_rng_below(&rng, 40) == 0};
        limiter_sample(&limiter, &sample);
        naive_sample(&naive, &sample);
        CHECK_NEAR(limiter.limit, naive.limit, 1e-9 * naive.limit);
        CHECK(limiter_limit(&limiter) >= 1);
    }
}

static void
limits_agree_with_the_classes_retold_over_30_seeds(void)
{
    for (uint64_t seed = 0; seed < 30; seed++) {
        compare(LIMITER_AIMD, seed, naive_aimd);
        compare(LIMITER_GRADIENT2, seed, naive_gradient2);
        compare(LIMITER_VEGAS, seed, naive_vegas);
    }
}

static CU_TestInfo tests[] = {
    {"each_kind_has_its_name_and_its_first_limit", each_kind_has_its_name_and_its_first_limit},
    {"a_fixed_limit_stays", a_fixed_limit_stays},
    {"aimd_adds_one_and_takes_a_tenth", aimd_adds_one_and_takes_a_tenth},
    {"gradient2_climbs_by_eight_tenths_a_sample_while_calm",
     gradient2_climbs_by_eight_tenths_a_sample_while_calm},
    {"gradient2_stands_still_while_half_is_unused", gradient2_stands_still_while_half_is_unused},
    {"gradient2_comes_down_within_fifty_samples", gradient2_comes_down_within_fifty_samples},
    {"gradient2_forgives_a_lasting_overload", gradient2_forgives_a_lasting_overload},
    {"gradient2_cuts_a_long_average_that_is_twice_the_short",
     gradient2_cuts_a_long_average_that_is_twice_the_short},
    {"vegas_settles_between_three_and_six_above_what_is_served",
     vegas_settles_between_three_and_six_above_what_is_served},
    {"vegas_takes_a_drop_for_a_queue", vegas_takes_a_drop_for_a_queue},
    {"vegas_probes_after_half_to_all_of_thirty_limits",
     vegas_probes_after_half_to_all_of_thirty_limits},
    {"limits_agree_with_the_classes_retold_over_30_seeds",
     limits_agree_with_the_classes_retold_over_30_seeds},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("limiter", tests)
