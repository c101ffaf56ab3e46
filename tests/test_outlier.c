#include "models/outlier.h"

#include "tests/harness.h"

#include <math.h>

enum { HOSTS = 40 };
static const OutlierRule envoy = {.consecutive = 5,
                                  .interval = 10 * SIM_SECOND,
                                  .ejection = 30 * SIM_SECOND,
                                  .ejection_max = 300 * SIM_SECOND,
                                  .ejected_max = .1,
                                  .panic = .5};

typedef struct Bench {
    Outlier outlier;
    OutlierHost hosts[HOSTS];
    SimTime now;
    SimRng rng;
    double failed, calls; /* since the last look */
} Bench;

static void
bench_init(Bench *bench, OutlierRule rule, uint32_t n)
{
    *bench = (Bench){.rng = sim_rng_named(3, 0, "calls")};
    outlier_init(&bench->outlier, &rule, bench->hosts, n, sim_rng_named(1, 0, "outlier"));
}

/* Hosts 0..bad-1 fail every call, the others with chance p; one call a millisecond. */
static void
call_for(Bench *bench, SimTime length, uint32_t bad, double p)
{
    bench->failed = bench->calls = 0;
    for (SimTime end = bench->now + length; bench->now < end; bench->now += SIM_MILLISECOND) {
        uint32_t host = outlier_pick(&bench->outlier, bench->now);
        bool failed = host < bad || sim_rng_unit(&bench->rng) < p;
        outlier_count(&bench->outlier, bench->now, host, !failed);
        bench->failed += failed;
        bench->calls++;
    }
}

static void
flow_for(Bench *bench, SimTime length, double bad, double p)
{
    bench->failed = bench->calls = 0;
    for (SimTime end = bench->now + length; bench->now < end; bench->now += SIM_SECOND / 10) {
        double seen = outlier_bad_share(&bench->outlier, bad);
        outlier_step(&bench->outlier,
                     &(OutlierCalls){bench->now, bench->now + SIM_SECOND / 10, 100, bad, p});
        bench->failed += 100 * (1 - (1 - seen) * (1 - p));
        bench->calls += 100;
    }
}

static void
bad_hosts_are_left_out(void)
{
    Bench single, fluid;
    bench_init(&single, envoy, HOSTS);
    bench_init(&fluid, envoy, HOSTS);
    call_for(&single, 2 * SIM_SECOND, 3, 0);
    flow_for(&fluid, 2 * SIM_SECOND, 3. / HOSTS, 0);
    CHECK_INT(single.outlier.n_out, 3);
    CHECK_INT(fluid.outlier.n_out, 3);
    /* Five calls each, at 25 a second a host. */
    CHECK_NEAR(single.failed, 15, 0);
    CHECK_NEAR(fluid.failed, 15, 8);
    CHECK_NEAR(outlier_bad_share(&fluid.outlier, 3. / HOSTS), 0, 0);
    call_for(&single, 5 * SIM_SECOND, 3, 0);
    CHECK_NEAR(single.failed, 0, 0);
}

static void
a_tenth_of_the_hosts_may_be_out(void)
{
    Bench single, fluid;
    bench_init(&single, envoy, HOSTS);
    bench_init(&fluid, envoy, HOSTS);
    call_for(&single, 2 * SIM_SECOND, 10, 0);
    flow_for(&fluid, 2 * SIM_SECOND, 10. / HOSTS, 0);
    CHECK_INT(single.outlier.n_out, 4);
    CHECK_INT(fluid.outlier.n_out, 4);
    call_for(&single, 7 * SIM_SECOND, 10, 0);
    flow_for(&fluid, 7 * SIM_SECOND, 10. / HOSTS, 0);
    CHECK_NEAR(single.failed / single.calls, 6. / 36, .02);
    CHECK_NEAR(fluid.failed / fluid.calls, 6. / 36, 1e-9);
    bench_init(&single, envoy, 4); /* one always may */
    call_for(&single, SIM_SECOND, 2, 0);
    CHECK_INT(single.outlier.n_out, 1);
}

static void
a_common_fault_is_not_ejected_away(void)
{
    Bench fluid;
    bench_init(&fluid, envoy, HOSTS);
    flow_for(&fluid, SIM_MINUTE, 1, 0);
    CHECK_INT(fluid.outlier.n_out, 4);
    CHECK_NEAR(fluid.failed, fluid.calls, 1e-6);
}

static void
hosts_come_back_and_stay_out_longer_each_time(void)
{
    Bench bench;
    bench_init(&bench, envoy, HOSTS);
    flow_for(&bench, SIM_SECOND, 1. / HOSTS, 0);
    CHECK_NEAR(sim_seconds(bench.hosts[0].until), 30, 1);
    flow_for(&bench, 38 * SIM_SECOND, 1. / HOSTS, 0);
    CHECK_INT(bench.outlier.n_out, 1);
    flow_for(&bench, 3 * SIM_SECOND, 1. / HOSTS, 0); /* back at 40 s, out again */
    CHECK_INT(bench.outlier.returns, 1);
    CHECK_INT(bench.outlier.ejections, 2);
    CHECK_NEAR(sim_seconds(bench.hosts[0].until), 100, 1);
    flow_for(&bench, SIM_HOUR, 1. / HOSTS, 0);
    CHECK(bench.hosts[0].times > 10);
    CHECK(bench.hosts[0].until - bench.now <= 300 * SIM_SECOND);
    flow_for(&bench, SIM_HOUR, 0, 0);
    CHECK_INT(bench.outlier.n_out, 0);
    CHECK_INT(bench.hosts[0].times, 0);
}

static void
with_too_few_in_all_are_asked(void)
{
    OutlierRule rule = envoy;
    rule.ejected_max = 1;
    Bench bench;
    bench_init(&bench, rule, 10);
    flow_for(&bench, 2 * SIM_SECOND, .6, 0);
    CHECK_INT(bench.outlier.n_out, 6);
    CHECK_NEAR(outlier_bad_share(&bench.outlier, .6), .6, 0);
    flow_for(&bench, 1 * SIM_SECOND, .6, 0);
    CHECK_NEAR(bench.failed, 600, 1e-6);
    bench_init(&bench, rule, 10);
    call_for(&bench, 2 * SIM_SECOND, 4, 0);
    CHECK_INT(bench.outlier.n_out, 4);
    call_for(&bench, 2 * SIM_SECOND, 4, 0);
    CHECK_NEAR(bench.failed, 0, 0);
}

/* A host that fails a third of its calls has no run of five soon, but lies far from the others. */
static void
a_host_far_below_the_others_is_ejected_at_the_sweep(void)
{
    OutlierRule rule = envoy;
    rule.consecutive = 1000;
    Bench bench;
    bench_init(&bench, rule, 20);
    flow_for(&bench, 9 * SIM_SECOND, .7 / 20, 0);
    CHECK_INT(bench.outlier.n_out, 0);
    flow_for(&bench, 2 * SIM_SECOND, .7 / 20, 0);
    CHECK_INT(bench.outlier.n_out, 1);
    CHECK(bench.hosts[0].is_out);
    bench_init(&bench, rule, 20);
    flow_for(&bench, SIM_MINUTE, 0, .7); /* all alike: nobody */
    CHECK_INT(bench.outlier.n_out, 0);
}

static void
many_hosts_are_stood_for_by_some(void)
{
    CHECK_INT(outlier_hosts(0), 0);
    CHECK_INT(outlier_hosts(40), 40);
    CHECK_INT(outlier_hosts(1e6), OUTLIER_HOSTS_MOST);
}

static CU_TestInfo tests[] = {
    {"bad hosts are left out", bad_hosts_are_left_out},
    {"a tenth of the hosts may be out", a_tenth_of_the_hosts_may_be_out},
    {"a common fault is not ejected away", a_common_fault_is_not_ejected_away},
    {"hosts come back and stay out longer each time",
     hosts_come_back_and_stay_out_longer_each_time},
    {"with too few in, all are asked", with_too_few_in_all_are_asked},
    {"a host far below the others is ejected at the sweep",
     a_host_far_below_the_others_is_ejected_at_the_sweep},
    {"many hosts are stood for by some", many_hosts_are_stood_for_by_some},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("outlier", tests)
