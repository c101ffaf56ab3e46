/*
 * requests.h - small systems as whole scenarios on the request plane, and what is read off them.
 *
 * One PoP with demand that does not move with the day is a station of theory: network.cores servers
 * in queues of cores_per_queue, CPU times as network.law says, Poisson arrivals.
 */
#pragma once

#include "tests/theory/theory.h"
#include "tests/whole_run.h"

#include <math.h>

/* What a watcher adds up over the requests of clients that are served. */
typedef struct Watched {
    double n, waited, waited_long, wait_s, sojourn_s;
    double wait_over_s;
    SimTime from; /* earlier arrivals do not count */
    SimTime served_from;
} Watched;

/* A request's CPU stretch is told just before its end, when its origin takes no time. */
static inline void
watched_hop(void *context, const RequestHop *hop)
{
    Watched *watched = context;
    if (hop->kind == HOP_SERVED)
        watched->served_from = hop->from;
    if (hop->kind != HOP_ENDED || hop->outcome != OUTCOME_OK || hop->from < watched->from)
        return;
    double wait = sim_seconds(watched->served_from - hop->from);
    watched->n++;
    watched->waited += wait > 0;
    watched->waited_long += wait > watched->wait_over_s;
    watched->wait_s += wait;
    watched->sojourn_s += sim_seconds(hop->to - hop->from);
}

typedef struct Station1 { /* one PoP */
    double seconds;       /* of the run */
    double per_s;         /* arrivals */
    const char *cpu;
    const char *network, *client, *more; /* further keys; NULL: none */
} Station1;

static inline char *
station1_text(const Station1 *of)
{
    return g_strdup_printf("blackstart: 1\n"
                           "title: theory\n"
                           "clock: {duration: %.6fs}\n"
                           "network: {busiest: 1, diurnal: {amplitude: 0%%}, %s}\n"
                           "services: {proxy: {placement: pop, cpu: %s}}\n"
                           "sites: {web: {service: proxy, requests: %g/s, origin: {latency: 0s},\n"
                           "  client: {timeout: 1h, persistence: 0%%%s%s}}}\n%s",
                           of->seconds, of->network ? of->network : "cores: 1", of->cpu, of->per_s,
                           of->client ? ", " : "", of->client ? of->client : "",
                           of->more ? of->more : "");
}

static inline RunOptions
requests_options(uint64_t seed)
{
    return (RunOptions){.name = "theory", .plane = RUN_REQUEST, .seed = seed, .has_seed = true};
}

static inline void
requests_run(WholeRun *whole, const char *text, uint64_t seed)
{
    const RunOptions options = requests_options(seed);
    whole_run_make(whole, text, &options);
    whole_run_finish(whole);
}

static inline void
requests_run_again(WholeRun *whole, uint64_t seed)
{
    const RunOptions options = requests_options(seed);
    whole_run_again(whole, &options);
    whole_run_finish(whole);
}

/* Runs it with every request told to the watcher. */
static inline void
requests_watch(const Station1 *of, uint64_t seed, Watched *watched)
{
    WholeRun whole;
    RequestLog log = {.context = watched, .hop = watched_hop};
    RunOptions options = requests_options(seed);
    g_autofree char *text = station1_text(of);
    options.log = &log;
    whole_run_make(&whole, text, &options);
    whole_run_finish(&whole);
    whole_run_clear(&whole);
}

static inline double
requests_total(const WholeRun *whole, const char *column)
{
    return whole_run_total(whole, column, 0, SIM_TIME_MAX);
}

/* A row of the latencies of the whole run; zeros without one. */
static inline PlaneLatency
requests_latency(const WholeRun *whole, const char *scope, const char *name)
{
    g_autoptr(GArray) rows = run_latencies(whole->run);
    for (guint i = 0; i < rows->len; i++) {
        const PlaneLatency *row = &g_array_index(rows, PlaneLatency, i);
        if (strcmp(row->scope, scope) == 0 && strcmp(row->name, name) == 0)
            return *row;
    }
    return (PlaneLatency){0};
}

typedef struct Spread { /* of a sample */
    double n, sum, squares;
} Spread;

static inline void
spread_add(Spread *spread, double value)
{
    spread->n++;
    spread->sum += value;
    spread->squares += value * value;
}

static inline double
spread_mean(const Spread *spread)
{
    return spread->sum / spread->n;
}

static inline double
spread_deviation(const Spread *spread)
{
    double mean = spread_mean(spread);
    return sqrt(fmax(0, spread->squares / spread->n - mean * mean) * spread->n / (spread->n - 1));
}

static inline double
spread_error(const Spread *spread)
{
    return spread_deviation(spread) / sqrt(spread->n);
}

/* Within four standard errors of the runs, which must not be larger than `most` of what is wanted:
 * a wrong model is often a noisy one. */
#define CASE_SPREAD(number, about, spread, want, most)                                             \
    do {                                                                                           \
        CASE_NEAR((number), (about), spread_mean(spread), (want), 4 * spread_error(spread));       \
        CHECK(spread_error(spread) <= (most) * (want));                                            \
    } while (0)
