/*
 * requests.c - whole runs of the request plane against queueing theory and retry theory.
 *
 * Cases 1, 2, 3, 5, 6, 7, 8, 9, 10, 13 and 14 of the model book as scenarios: nothing of the plane
 * is called, only its recorder and its log are read.  Times are in units of the mean CPU time.
 */
#include "tests/theory/requests.h"

#include "models/retry_policy.h"

/* queues ------------------------------------------------------------------------------------ */

enum { SEEDS = 8 };

/* The mean CPU time is 10 ms in all of these. */
typedef struct Waits {
    Spread sojourn, wait, waited, waited_long;
} Waits;

static Waits
watch_waits(double seconds, double per_s, const char *network)
{
    Waits waits = {0};
    const Station1 of = {.seconds = seconds, .per_s = per_s, .cpu = "10ms", .network = network};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        Watched watched = {.from = 10 * SIM_SECOND, .wait_over_s = 0.01};
        requests_watch(&of, seed, &watched);
        spread_add(&waits.sojourn, watched.sojourn_s / watched.n * 100);
        spread_add(&waits.wait, watched.wait_s / watched.n * 100);
        spread_add(&waits.waited, watched.waited / watched.n);
        spread_add(&waits.waited_long, watched.waited_long / watched.n);
    }
    return waits;
}

static void
one_server_keeps_its_requests_as_long_as_the_formula_says(void)
{
    Waits waits = watch_waits(3000, 80, NULL);
    CASE_SPREAD("1", "R: M/M/1 at .8: mean sojourn", &waits.sojourn, 5, .015);
    WholeRun whole;
    g_autofree char *text =
        station1_text(&(Station1){.seconds = 25000, .per_s = 80, .cpu = "10ms"});
    requests_run(&whole, text, 1);
    PlaneLatency sojourn = requests_latency(&whole, "service", "proxy");
    CASE_NEAR("1", "R: M/M/1 at .8: median sojourn", sojourn.seconds[0] * 100, 3.466, .01 * 3.466);
    CASE_NEAR("1", "R: M/M/1 at .8: 99 % quantile of the sojourn", sojourn.seconds[2] * 100, 23.03,
              .04 * 23.03);
    whole_run_clear(&whole);
}

static void
each_worker_of_a_pop_is_a_queue_of_its_own(void)
{
    Waits waits = watch_waits(300, 800, "cores: 10");
    CASE_SPREAD("1", "R: ten M/M/1 at .8 behind one address: mean sojourn", &waits.sojourn, 5,
                .015);
}

static void
many_servers_make_wait_whom_the_formula_says(void)
{
    Waits ten = watch_waits(2000, 800, "cores: 10, cores_per_queue: 10");
    CASE_SPREAD("2", "R: M/M/10 a=8: probability of waiting", &ten.waited, .40918, .01);
    CASE_SPREAD("2", "R: M/M/10 a=8: mean wait", &ten.wait, .20459, .02);
    CASE_SPREAD("2", "R: M/M/10 a=8: P(wait > 1)", &ten.waited_long, .05538, .02);
    Waits hundred = watch_waits(150, 9000, "cores: 100, cores_per_queue: 100");
    CASE_SPREAD("2", "R: M/M/100 a=90: probability of waiting", &hundred.waited, .21694, .02);
}

static void
full_rooms_refuse_as_many_as_the_formula_says(void)
{
    static const struct {
        const char *about, *network;
        double per_s, refused;
    } rows[] = {
        {"R: M/M/1/10 at .9: refused", "cores: 1, queue: 9", 90, .05081},
        {"R: M/M/1/10 at 1.5: refused", "cores: 1, queue: 9", 150, .33723},
        {"R: M/M/10/10 a=8: refused",
         "cores: 10, cores_per_queue: 10, limit: {kind: fixed, initial: 10}", 800, .12166},
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        WholeRun whole;
        g_autofree char *text = station1_text(&(Station1){.seconds = 2e6 / rows[i].per_s,
                                                          .per_s = rows[i].per_s,
                                                          .cpu = "10ms",
                                                          .network = rows[i].network});
        requests_run(&whole, text, 1);
        CASE_NEAR("3", rows[i].about,
                  requests_total(&whole, "outcome.503") / requests_total(&whole, "all.offered"),
                  rows[i].refused, .015 * rows[i].refused);
        whole_run_clear(&whole);
    }
}

/* The time-out of clients is fixed, so Erlang-A is out of reach; M/M/1+D (Barrer, 1957) is not. */
static void
clients_of_equal_patience_leave_as_barrer_says(void)
{
    static const double load[] = {.8, 1.2};
    for (guint i = 0; i < G_N_ELEMENTS(load); i++) {
        WholeRun whole;
        double patience = 10, d = 1 - load[i], decay = exp(-d * patience);
        double empty = 1 / (1 + load[i] * (1 - decay) / d + load[i] * decay);
        g_autofree char *text = station1_text(&(Station1){.seconds = 20000,
                                                          .per_s = 100 * load[i],
                                                          .cpu = "10ms",
                                                          .network = "cores: 1, cancel: true"});
        g_auto(GStrv) parts = g_strsplit(text, "timeout: 1h", 2);
        g_autofree char *impatient = g_strjoinv("timeout: 100ms", parts);
        g_autofree char *about = g_strdup_printf("R: M/M/1+D at %g, D=10: gone", load[i]);
        requests_run(&whole, impatient, 1);
        CASE_NEAR("4", about,
                  requests_total(&whole, "outcome.timeout") / requests_total(&whole, "all.offered"),
                  empty * load[i] * decay, .02 * empty * load[i] * decay);
        whole_run_clear(&whole);
    }
}

static void
a_shared_processor_does_not_care_for_the_law(void)
{
    static const char *const laws[] = {"exponential", "constant"};
    for (guint i = 0; i < G_N_ELEMENTS(laws); i++) {
        Watched watched = {.from = 50 * SIM_SECOND};
        g_autofree char *network =
            g_strdup_printf("cores: 1, discipline: sharing, law: %s", laws[i]);
        g_autofree char *about = g_strdup_printf("R: M/G/1-PS at .8, %s: mean sojourn", laws[i]);
        requests_watch(
            &(Station1){.seconds = 15000, .per_s = 80, .cpu = "10ms", .network = network}, 1,
            &watched);
        CASE_NEAR("5", about, watched.sojourn_s / watched.n * 100, 5, .1);
    }
}

/* pulses ------------------------------------------------------------------------------------ */

/* How many are inside when the run ends, over many seeds. */
static Spread
inside_at_the_end(const Station1 *of, uint32_t seeds)
{
    WholeRun whole = {0};
    Spread inside = {0};
    g_autofree char *text = station1_text(of);
    for (uint32_t seed = 1; seed <= seeds; seed++) {
        if (seed == 1)
            requests_run(&whole, text, seed);
        else
            requests_run_again(&whole, seed);
        spread_add(&inside,
                   requests_total(&whole, "all.offered") - requests_total(&whole, "all.ok"));
    }
    whole_run_clear(&whole);
    return inside;
}

static void
an_overloaded_server_fills_as_a_fluid_with_root_n_noise(void)
{
    Spread inside =
        inside_at_the_end(&(Station1){.seconds = 10, .per_s = 150, .cpu = "10ms"}, 2000);
    CASE_NEAR("6", "R: M/M/1 at 1.5 from empty, n=100: mean after 10 s", spread_mean(&inside),
              503.5, 5.035);
    CASE_NEAR("6", "R: the same: standard deviation", spread_deviation(&inside), 50, 3);
}

static void
a_pulse_fills_ten_servers_as_the_exact_equations_say(void)
{
    Spread inside = inside_at_the_end(
        &(Station1){.seconds = 40,
                    .per_s = 7,
                    .cpu = "1s",
                    .network = "cores: 10, cores_per_queue: 10",
                    .more = "timeline: [{at: +20s, do: surge, sites: [web], by: 1.857142857x}]\n"},
        1500);
    CASE_NEAR("7", "R: pulse c=10 (.7 to 1.3 for 20): in the system at its end",
              spread_mean(&inside), 70.2, .02 * 70.2);
}

/* clients ----------------------------------------------------------------------------------- */

static void
retries_follow_failures_as_a_geometric_series(void)
{
    WholeRun whole;
    g_autofree char *text = station1_text(&(Station1){
        .seconds = 620,
        .per_s = 500,
        .cpu = "1ms",
        .network = "cores: 10",
        .client = "retries: 3",
        .more = "configs: {flags: {properties: {x: 1}, distribution: {delay: 0s}, consumers: [\n"
                "  {service: proxy, when: x > 1, effect: {errors: 50%}}]}}\n"
                "timeline: [{at: +10s, do: push, config: flags, properties: {x: 2}}]\n"});
    requests_run(&whole, text, 1);
    SimTime from = 20 * SIM_SECOND, to = 610 * SIM_SECOND;
    double fresh = whole_run_total(&whole, "all.fresh", from, to);
    CASE_NEAR("8", "R: p=.5 r=3: attempts a request",
              whole_run_total(&whole, "all.offered", from, to) / fresh, 1.875, .005 * 1.875);
    CASE_NEAR("8", "R: p=.5 r=3: final failures a request",
              1 - whole_run_total(&whole, "all.ok", from, to) / fresh, .0625, .0025);
    whole_run_clear(&whole);
}

/* A server without a queue, and people who come back after theta on average: reloads a second times
 * theta are those who wait. */
static void
people_who_find_the_server_busy_wait_in_orbit(void)
{
    static const struct {
        double load, rate, orbit, tolerance;
    } rows[] = {{.6, .5, 2.7, .03}, {.8, .2, 19.2, .08}};
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        WholeRun whole;
        double seconds = 60000, reload = .1 / rows[i].rate;
        g_autofree char *client = g_strdup_printf("reload: %gs", reload);
        g_autofree char *plain =
            station1_text(&(Station1){.seconds = seconds,
                                      .per_s = rows[i].load * 10,
                                      .cpu = "100ms",
                                      .network = "cores: 1, limit: {kind: fixed, initial: 1}",
                                      .client = client});
        g_auto(GStrv) parts = g_strsplit(plain, "persistence: 0%", 2);
        g_autofree char *text = g_strjoinv("persistence: 100%", parts);
        g_autofree char *about =
            g_strdup_printf("R: orbit of M/M/1 at %g, theta=%g", rows[i].load, rows[i].rate);
        requests_run(&whole, text, 1);
        CASE_NEAR("13", about, requests_total(&whole, "all.reloads") / seconds * reload,
                  rows[i].orbit, rows[i].tolerance * rows[i].orbit);
        whole_run_clear(&whole);
    }
}

/* The key that chooses the library is the client's; the spec is set here, whatever its name. */
static void
a_client_that_throttles_itself_sends_twice_what_is_accepted(void)
{
    WholeRun whole;
    g_autofree char *text = station1_text(
        &(Station1){.seconds = 1800,
                    .per_s = 1000,
                    .cpu = "10ms",
                    .network = "cores: 1, law: constant, limit: {kind: fixed, initial: 20}"});
    const RunOptions options = requests_options(1);
    whole_run_make(&whole, text, &options);
    SIM_ITEM(whole.scenario.spec.sites, SiteSpec, 0)->client.library = RETRY_SRE;
    whole_run_again(&whole, &options);
    whole_run_finish(&whole);
    SimTime from = 600 * SIM_SECOND, to = 1800 * SIM_SECOND;
    double offered = whole_run_total(&whole, "all.offered", from, to);
    double rejected = whole_run_total(&whole, "outcome.429", from, to);
    CASE_NEAR("14", "R: SRE, lambda = 10 mu, K = 2: rejected locally", rejected / offered, .8,
              .03 * .8);
    CASE_NEAR("14", "R: SRE, lambda = 10 mu, K = 2: sent / mu", (offered - rejected) / 1200 / 100,
              2, .03 * 2);
    whole_run_clear(&whole);
}

/* The mean sojourn of a short run, in milliseconds. */
static double
sojourn_ms(const char *cpu, uint64_t seed)
{
    const Station1 of = {.seconds = 20, .per_s = 1000, .cpu = cpu};
    g_autofree char *text = station1_text(&of);
    Watched watched = {.from = SIM_SECOND};
    RequestLog log = {.context = &watched, .hop = watched_hop};
    RunOptions options = requests_options(seed);
    WholeRun whole;
    options.log = &log;
    whole_run_make(&whole, text, &options);
    whole_run_finish(&whole);
    whole_run_clear(&whole);
    return 1000 * watched.sojourn_s / watched.n;
}

/* Two servers meet the same requests: what they differ in is not lost in what runs differ in. */
static void
paired_runs_differ_less_than_unpaired_ones(void)
{
    enum { RUNS = 40 };
    double a[RUNS], b[RUNS], paired = 0, mean_a = 0, mean_b = 0, unpaired = 0;
    for (uint32_t i = 0; i < RUNS; i++) {
        a[i] = sojourn_ms("800us", i + 1);
        b[i] = sojourn_ms("833.333us", i + 1);
        mean_a += a[i] / RUNS;
        mean_b += b[i] / RUNS;
    }
    for (uint32_t i = 0; i < RUNS; i++) {
        double left = a[i] - mean_a, right = b[i] - mean_b;
        unpaired += (left * left + right * right) / (RUNS - 1);
        paired += (left - right) * (left - right) / (RUNS - 1);
    }
    printf("case 35  R: variance of a difference, unpaired over paired: %.1f, at least 5\n",
           unpaired / paired);
    CHECK(unpaired / paired >= 5);
}

static CU_TestInfo tests[] = {
    {"one_server_keeps_its_requests_as_long_as_the_formula_says",
     one_server_keeps_its_requests_as_long_as_the_formula_says},
    {"each_worker_of_a_pop_is_a_queue_of_its_own", each_worker_of_a_pop_is_a_queue_of_its_own},
    {"many_servers_make_wait_whom_the_formula_says", many_servers_make_wait_whom_the_formula_says},
    {"full_rooms_refuse_as_many_as_the_formula_says",
     full_rooms_refuse_as_many_as_the_formula_says},
    {"clients_of_equal_patience_leave_as_barrer_says",
     clients_of_equal_patience_leave_as_barrer_says},
    {"a_shared_processor_does_not_care_for_the_law", a_shared_processor_does_not_care_for_the_law},
    {"an_overloaded_server_fills_as_a_fluid_with_root_n_noise",
     an_overloaded_server_fills_as_a_fluid_with_root_n_noise},
    {"a_pulse_fills_ten_servers_as_the_exact_equations_say",
     a_pulse_fills_ten_servers_as_the_exact_equations_say},
    {"retries_follow_failures_as_a_geometric_series",
     retries_follow_failures_as_a_geometric_series},
    {"people_who_find_the_server_busy_wait_in_orbit",
     people_who_find_the_server_busy_wait_in_orbit},
    {"a_client_that_throttles_itself_sends_twice_what_is_accepted",
     a_client_that_throttles_itself_sends_twice_what_is_accepted},
    {"paired_runs_differ_less_than_unpaired_ones", paired_runs_differ_less_than_unpaired_ones},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("requests", tests)
