/*
 * guards.c - what guards calls, on the request plane, against the laws of models.md.
 *
 * Cases 14 and 15: the shares that throttles reject, and how soon breakers trip after a step.
 */
#include "tests/theory/theory.h"

#include "tests/plane_world.h"

#include <math.h>

enum { PROXY, KV };

static PlaneWorld
make(const char *need, const char *station, double per_s, uint64_t seed, SimTime duration)
{
    g_autofree char *text = g_strdup_printf(
        "network: {busiest: 1, cores: 64, cores_per_queue: 64, diurnal: {amplitude: 0%%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms}\n"
        "  kv: {placement: core, station: {service_time: 10ms, %s}}\n"
        "sites: {web: {service: proxy, requests: %g/s, needs: {kv: {timeout: 1s%s}},\n"
        "  client: {timeout: 3s, persistence: 0%%}}}\n",
        station, per_s, need);
    return plane_world_new(&request_plane_ops, text, 1, seed,
                           (PlaneOptions){.duration = duration, .counts_sites = true});
}

static void
impair(const PlaneWorld *of, double errors, double quota)
{
    Impairment fault = IMPAIRMENT_NONE;
    fault.errors = errors;
    fault.quota_per_s = quota;
    of->ops->impair_set(of->plane, KV, &fault);
}

static const Breaker *
breaker_at(const PlaneWorld *of, uint32_t guard)
{
    return &((const RequestPlane *)of->plane)->pops[0].guards[guard]->breaker;
}

static void
a_throttled_client_sends_twice_what_is_accepted(void)
{
    SimTime end = 20 * SIM_MINUTE, from = 5 * SIM_MINUTE;
    PlaneWorld of = make(", throttle: sre", "servers: 100", 1000, 3, end);
    impair(&of, 0, 100);
    plane_world_finish(&of, end);
    double sent = plane_world_total(&of, "service.kv.offered", from, end) / 900;
    double offered = plane_world_total(&of, "all.offered", from, end) / 900;
    CASE_NEAR("14", "R SRE throttle, 10 mu offered, K=2: sent / mu", sent / 100, 2, .06);
    CASE_NEAR("14", "R SRE throttle: share rejected", 1 - sent / offered, .8, .024);
    plane_world_free(&of);
}

/* One server of 10 ms and few places: it serves 100 a second of what it is let have. */
static void
admission_control_finds_its_fixed_point(void)
{
    SimTime end = 20 * SIM_MINUTE, from = 5 * SIM_MINUTE;
    PlaneWorld of = make("", "servers: 1, queue: 20, admission: envoy", 400, 5, end);
    const RequestPlane *plane = of.plane;
    double rejected = 0, n = 0;
    for (SimTime now = from; now < end; now += SIM_SECOND / 4, n++) {
        plane_world_advance(&of, now);
        rejected += plane->cores[0].throttle.share;
    }
    plane_world_finish(&of, end);
    double offered = plane_world_total(&of, "service.kv.offered", from, end) / 900;
    CASE_NEAR("14", "R Envoy admission, 4 mu offered: share rejected", rejected / n, .487, .0146);
    CASE_NEAR("14", "R Envoy admission: sent a second", offered * (1 - rejected / n), 205.2, 6.2);
    plane_world_free(&of);
}

/* The plane goes on at its ticks unless it is asked. */
static void
advance(const PlaneWorld *of, SimTime now)
{
    sim_run(of->fake->sim, now);
    request_advance_to_now(of->plane);
}

/* Time from a step of errors to p until the breaker is seen open. */
static double
trip_time(double p, uint64_t seed)
{
    SimTime step = 30 * SIM_SECOND + 370 * SIM_MILLISECOND * (SimTime)seed, end = SIM_MINUTE;
    PlaneWorld of = make(", breaker: hystrix", "servers: 100", 400, seed, 2 * end);
    plane_world_advance(&of, step);
    impair(&of, p, -1);
    SimTime now = step;
    while (breaker_at(&of, 0)->state == BREAKER_CLOSED && now < 2 * end)
        advance(&of, now += 10 * SIM_MILLISECOND);
    plane_world_free(&of);
    return sim_seconds(now - step);
}

enum { RUNS = 20 };

static void
hystrix_trips_after_five_seconds_over_p(void)
{
    static const double p[] = {1, .8, .6};
    for (guint i = 0; i < G_N_ELEMENTS(p); i++) {
        double sum = 0, least = 1e9;
        for (uint64_t seed = 1; seed <= RUNS; seed++) {
            double seconds = trip_time(p[i], seed);
            sum += seconds;
            least = fmin(least, seconds);
        }
        g_autofree char *about = g_strdup_printf("R hystrix, step to p=%g: mean trip", p[i]);
        CASE_NEAR("15", about, sum / RUNS, 5 / p[i] + .75, .75);
        CHECK(least > 5 / p[i] - .2); /* chance moves the share of a window a little */
    }
}

static void
a_full_window_of_calls_trips_at_its_half(void)
{
    PlaneWorld of = make(", breaker: resilience4j", "servers: 100", 20, 7, SIM_MINUTE);
    SimTime now = 20 * SIM_SECOND;
    plane_world_advance(&of, now);
    impair(&of, 1, -1);
    while (breaker_at(&of, 0)->state == BREAKER_CLOSED && now < SIM_MINUTE)
        advance(&of, now += 5 * SIM_MILLISECOND);
    double calls = plane_world_total(&of, "all.failed", 0, SIM_MINUTE);
    const RequestPlane *plane = of.plane;
    for (uint32_t r = 0; r < plane->plan->n_rows; r++)
        calls += plane->books->failed[r]; /* of the open bucket */
    CASE_NEAR("15", "R resilience4j, p=1: failed calls until it trips", calls, 50, 0);
    plane_world_free(&of);
}

enum { SITES = 100 };

/* A hundred sites of ten calls a second, each with a breaker of its own. */
static PlaneWorld
make_many(uint64_t seed)
{
    GString *text = g_string_new(
        "network: {busiest: 1, cores: 64, cores_per_queue: 64, diurnal: {amplitude: 0%}}\n"
        "services:\n"
        "  proxy: {placement: pop, cpu: 1ms}\n"
        "  kv: {placement: core, station: {servers: 100, service_time: 1ms}}\n"
        "sites:\n");
    for (int i = 0; i < SITES; i++)
        g_string_append_printf(
            text,
            "  s%d: {service: proxy, requests: 10/s, client: {persistence: 0%%}, "
            "needs: {kv: {breaker: finagle}}}\n",
            i);
    PlaneWorld of = plane_world_new(&request_plane_ops, text->str, 1, seed,
                                    (PlaneOptions){.duration = SIM_HOUR, .counts_sites = true});
    g_string_free(text, TRUE);
    return of;
}

/* Calls that had their answer when the last of five on end failed. */
static double
calls_until_open(double p, uint64_t seed)
{
    PlaneWorld of = make_many(seed);
    bool is_open[SITES] = {false};
    uint32_t n_open = 0;
    double calls = 0;
    impair(&of, p, -1);
    for (SimTime now = 0; n_open < SITES; now += 10 * SIM_MILLISECOND) {
        advance(&of, now);
        for (uint32_t s = 0; s < SITES; s++) {
            if (is_open[s] || breaker_at(&of, s)->state == BREAKER_CLOSED)
                continue;
            is_open[s] = true;
            n_open++;
            calls += (double)of.ops->site_counts(of.plane, 0, s).offered;
        }
    }
    plane_world_free(&of);
    return calls / SITES;
}

static void
failures_on_end_come_after_their_mean(void)
{
    static const struct {
        double p, calls, within;
        uint64_t runs;
    } rows[] = {{.5, 62, 1.86, 40}, {.9, 6.935, .21, 40}};
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        double sum = 0;
        for (uint64_t seed = 1; seed <= rows[i].runs; seed++)
            sum += calls_until_open(rows[i].p, seed);
        g_autofree char *about = g_strdup_printf("R five failures on end, p=%g: calls", rows[i].p);
        CASE_NEAR("15", about, sum / (double)rows[i].runs, rows[i].calls, rows[i].within);
    }
}

static CU_TestInfo tests[] = {
    {"a_throttled_client_sends_twice_what_is_accepted",
     a_throttled_client_sends_twice_what_is_accepted},
    {"admission_control_finds_its_fixed_point", admission_control_finds_its_fixed_point},
    {"hystrix_trips_after_five_seconds_over_p", hystrix_trips_after_five_seconds_over_p},
    {"a_full_window_of_calls_trips_at_its_half", a_full_window_of_calls_trips_at_its_half},
    {"failures_on_end_come_after_their_mean", failures_on_end_come_after_their_mean},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("guards", tests)
