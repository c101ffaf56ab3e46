#include "models/autoscaler.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#include <math.h>

#define SERVICES(delay)                                                                            \
    "locations: {here: {latitude: 0, longitude: 0}}\n"                                             \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop}\n"                                                                  \
    "  kv: {placement: core, location: here, station: {servers: 10, service_time: 1s, "            \
    "autoscale: {target: 50%, every: 1m, delay: " delay ", most: 4x, calm: 5m}}}\n"                \
    "sites: {web: {service: proxy, requests: 1/s}}\n"
enum { KV = 1 };

/* A load in servers, and what an observer of the service sees of it. */
typedef struct Bench {
    FakeWorld *fake;
    Levers *levers;
    Autoscaler *autoscaler;
    double load;
} Bench;

static double
capacity(const Bench *bench)
{
    uint32_t n = fake_count(bench->fake, FAKE_CAPACITY);
    return n ? fake_call(bench->fake, FAKE_CAPACITY, n - 1).value : 1;
}

static double
read_metric(void *context, const char *metric, SimTime span)
{
    const Bench *bench = context;
    CHECK_INT(span, SIM_MINUTE);
    CHECK_STR(metric, "service.kv.utilisation");
    return isnan(bench->load) ? NAN : fmin(1, bench->load / (10 * capacity(bench)));
}

static void
bench_init(Bench *bench, const char *text)
{
    bench->fake = fake_world_new(text, 1, 1);
    bench->levers = levers_attach(bench->fake->sim, &bench->fake->world);
    const AutoscalerParts parts = {bench->levers, read_metric, bench};
    bench->autoscaler = autoscaler_attach(bench->fake->sim, &bench->fake->world, &parts);
}

static void
run_to(Bench *bench, int minutes)
{
    sim_run(bench->fake->sim, minutes * SIM_MINUTE + SIM_SECOND);
    sim_verify(bench->fake->sim);
}

static void
it_asks_at_once_and_gets_it_later(void)
{
    Bench bench = {.load = 8};
    bench_init(&bench, SERVICES("3m"));
    run_to(&bench, 3);
    CHECK_NEAR(capacity(&bench), 1, 0);
    run_to(&bench, 4);
    /* 8 busy servers at a target of one half: 16. */
    CHECK_NEAR(capacity(&bench), 1.6, 1e-6);
    CHECK_INT(fake_call(bench.fake, FAKE_CAPACITY, 0).at, 4 * SIM_MINUTE);
    run_to(&bench, 60);
    CHECK_INT(fake_count(bench.fake, FAKE_CAPACITY), 1);
    g_autofree char *said = fake_journal(bench.fake);
    CHECK_HAS(said, "01:00 scaling.decides kv is 80 % busy: 16 servers are to serve");
    CHECK_HAS(said, "04:00 scaling.serves kv has 16 servers");
    fake_world_free(bench.fake);
}

/* All it can see is 100 %: it doubles each time what serves, up to the most. */
static void
a_saturated_service_grows_step_by_step(void)
{
    Bench bench = {.load = 1000};
    bench_init(&bench, SERVICES("3m"));
    run_to(&bench, 4);
    CHECK_NEAR(capacity(&bench), 2, 1e-6);
    run_to(&bench, 60);
    CHECK_NEAR(capacity(&bench), 4, 1e-6);
    CHECK_INT(fake_count(bench.fake, FAKE_CAPACITY), 2);
    fake_world_free(bench.fake);
}

static void
it_lets_go_after_a_calm(void)
{
    Bench bench = {.load = 15};
    bench_init(&bench, SERVICES("3m"));
    run_to(&bench, 20);
    CHECK_NEAR(capacity(&bench), 3, 1e-6);
    bench.load = 6;
    run_to(&bench, 22);
    bench.load = 9;
    run_to(&bench, 24);
    bench.load = 6;
    run_to(&bench, 25);
    CHECK_NEAR(capacity(&bench), 3, 1e-6);
    run_to(&bench, 26);
    CHECK_NEAR(capacity(&bench), 1.8, 1e-6);
    run_to(&bench, 32);
    CHECK_NEAR(capacity(&bench), 1.2, 1e-6);
    bench.load = 0;
    run_to(&bench, 60);
    CHECK_NEAR(capacity(&bench), 1, 1e-6);
    fake_world_free(bench.fake);
}

static void
an_operator_multiplies_what_it_does(void)
{
    Bench bench = {.load = 15};
    bench_init(&bench, SERVICES("3m"));
    run_to(&bench, 20);
    levers_capacity_set(bench.levers, KV, HAND_SCALE, 2, 0);
    CHECK_NEAR(capacity(&bench), 6, 1e-6);
    run_to(&bench, 40);
    CHECK_NEAR(capacity(&bench), 3, 1e-6);
    fake_world_free(bench.fake);
}

static void
without_a_figure_it_decides_nothing(void)
{
    Bench bench = {.load = NAN};
    bench_init(&bench, SERVICES("3m"));
    run_to(&bench, 60);
    CHECK_INT(fake_count(bench.fake, FAKE_CAPACITY), 0);
    fake_world_free(bench.fake);
}

static void
orders_that_overtake_each_other_all_arrive(void)
{
    Bench bench = {.load = 6};
    bench_init(&bench, SERVICES("'uniform(1s, 10m)'"));
    for (int minute = 1; minute <= 12; minute++) {
        bench.load += 1;
        run_to(&bench, minute);
    }
    run_to(&bench, 30);
    CHECK_NEAR(capacity(&bench), 3.6, 1e-6);
    fake_world_free(bench.fake);
}

static void
a_world_without_autoscale_has_no_autoscaler(void)
{
    static const char text[] = "services: {proxy: {placement: pop}}\n"
                               "sites: {web: {service: proxy, requests: 1/s}}\n";
    Bench bench = {.load = 1};
    bench_init(&bench, text);
    CHECK(!bench.autoscaler);
    fake_world_free(bench.fake);
}

static CU_TestInfo tests[] = {
    {"it_asks_at_once_and_gets_it_later", it_asks_at_once_and_gets_it_later},
    {"a_saturated_service_grows_step_by_step", a_saturated_service_grows_step_by_step},
    {"it_lets_go_after_a_calm", it_lets_go_after_a_calm},
    {"an_operator_multiplies_what_it_does", an_operator_multiplies_what_it_does},
    {"without_a_figure_it_decides_nothing", without_a_figure_it_decides_nothing},
    {"orders_that_overtake_each_other_all_arrive", orders_that_overtake_each_other_all_arrive},
    {"a_world_without_autoscale_has_no_autoscaler", a_world_without_autoscale_has_no_autoscaler},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("autoscaler", tests)
