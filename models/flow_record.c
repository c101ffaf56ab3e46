#include "models/erlang.h"
#include "models/flow.h"
#include "sim/elementary.h"

#include <math.h>
#include <string.h>

static double
capacity_of(const Flow *flow, const FlowPop *pop)
{
    return fmax(1e-9, pop->cores * pop->speed * flow->pop_scale);
}

typedef struct LatencyPoint { /* of the sojourn at a PoP: quantile, weight */
    double quantile, weight;
} LatencyPoint;

static void
add_point(SimHistogram *latency, double near, double weight, double miss, double origin_s)
{
    sim_histogram_add(latency, sim_from_seconds(near), weight * (1 - miss));
    sim_histogram_add(latency, sim_from_seconds(near + origin_s), weight * miss);
}

/*
 * Adds a PoP's served requests to the histogram: the way, the sojourn at the
 * PoP (M/M/c while it copes, the queue's wait when not, no more than a client
 * waits), what faults cost those whom they cost time, and for misses the origin.
 */
static void
add_latency(Flow *flow, uint32_t p, double served, double seconds, double miss, double origin_s)
{
    static const LatencyPoint points[] = {{0.35, 0.7}, {0.8, 0.2}, {0.95, 0.08}, {0.995, 0.02}};
    const FlowPop *pop = &flow->pops[p];
    double servers = (double)flow->world->spec->network.cores_per_queue;
    double cores = fmax(1e-9, pop->cores * pop->speed * flow->pop_scale);
    double busy = fmin(0.995, pop->counts.work / (cores * seconds));
    double service = pop->bucket_cost / fmax(pop->bucket_calls, 1e-9);
    double queued = pop->bucket_backlog / seconds / cores;
    double slow = fmin(1, pop->bucket_delayed / served);
    double more = pop->bucket_delay / fmax(pop->bucket_delayed, 1e-9);
    double waits = erlang_c(busy * servers, servers);
    double relief = servers * (1 - busy) / service;
    for (uint32_t i = 0; i < G_N_ELEMENTS(points); i++) {
        double left = 1 - points[i].quantile;
        double own = servers == 1 ? -sim_log(left) / relief
                                  : -sim_log(left) * service +
                                        (waits > left ? sim_log(waits / left) / relief : 0);
        for (uint32_t j = 0; j < BOOKS_WAY_POINTS; j++) {
            double here = fmin(own + queued, flow->clients.timeout_max);
            double near = flow->books->way[p * BOOKS_WAY_POINTS + j] + here;
            double weight = served * points[i].weight / BOOKS_WAY_POINTS;
            add_point(flow->latency, near, weight * (1 - slow), miss, origin_s);
            if (slow > 0)
                add_point(flow->latency, near + more, weight * slow, miss, origin_s);
        }
    }
}

/* Mean origin latency of the misses of this bucket. */
static double
origin_latency(const Flow *flow)
{
    double sum = 0, seconds = 0;
    for (uint32_t r = 0; r < flow->plan->n_people; r++) {
        uint32_t site = flow->plan->rows[r].site;
        double latency = sim_seconds(world_site(flow->world, site)->origin.latency);
        sum += flow->books->miss[r];
        seconds += flow->books->miss[r] * (latency + flow->origins[site].fault.delay);
    }
    return sum > 0 ? seconds / sum : 0;
}

static double
miss_share(const Flow *flow)
{
    double asked = 0, miss = 0;
    for (uint32_t r = 0; r < flow->plan->n_people; r++) {
        asked += flow->books->asked[r];
        miss += flow->books->miss[r];
    }
    return asked > 0 ? miss / asked : 0;
}

static void
close_pops(Flow *flow, SimTime to)
{
    double seconds = sim_seconds(to - flow->books->bucket_from), origin = origin_latency(flow);
    double miss = miss_share(flow), used = 0, there = 0, most = 0;
    memset(flow->latency, 0, sizeof *flow->latency);
    for (uint32_t p = 0; p < flow->n_pops; p++) {
        FlowPop *pop = &flow->pops[p];
        BooksPop *counts = &pop->counts;
        counts->capacity = capacity_of(flow, pop);
        used += counts->work;
        there += counts->capacity;
        most = fmax(most, fmin(1, counts->work / (counts->capacity * seconds)));
        if (counts->ok > 0 && counts->work > 0)
            add_latency(flow, p, counts->ok, seconds, miss, origin);
        books_close_pop(flow->books, p, counts, to);
        pop->bucket_backlog = pop->bucket_cost = pop->bucket_calls = 0;
        pop->bucket_delay = pop->bucket_delayed = 0;
    }
    books_close_cpu(flow->books, used, there, most, to);
}

static void
close_cores(Flow *flow, SimTime to)
{
    for (uint32_t i = 0; i < flow->n_cores; i++) {
        const FlowCore *core = &flow->cores[i];
        uint32_t column = flow->books->columns.service[core->service] + BOOKS_SERVICE_COLUMNS;
        books_gauge(flow->books, column, core->utilisation, to);
        books_gauge(flow->books, column + 1, core->backlog, to);
        books_gauge(flow->books, column + 2, core->wait, to);
    }
}

static void
close_gauges(Flow *flow, SimTime to)
{
    static const double quantiles[] = {0.5, 0.95, 0.99};
    Books *books = flow->books;
    double waiting = 0;
    for (uint32_t i = 0; i < 3 && flow->latency->total > 0; i++)
        books_gauge(books, books->columns.latency + i,
                    sim_seconds(sim_histogram_quantile(flow->latency, quantiles[i])), to);
    double *by_site = flow->traffic.site_scratch;
    memset(by_site, 0, flow->world->n_sites * sizeof(double));
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        by_site[flow->plan->rows[r].site] += flow->orbit_total[r];
        waiting += r < flow->plan->n_people ? flow->orbit_total[r] : 0;
    }
    books_gauge(books, books->columns.waiting, waiting, to);
    books_close_sites(books, by_site, flow->traffic.sessions, to);
}

/* Content relative to full caches, by demand for what may be cached. */
static void
close_caches(Flow *flow, SimTime to)
{
    double warm = 0, all = 0, capacity = 0;
    for (uint32_t s = 0; s < flow->world->n_sites; s++) {
        capacity += world_site(flow->world, s)->origin.capacity_per_s;
        if (!flow->curves[s] || world_site(flow->world, s)->attack.entity.is_given)
            continue;
        double cacheable = world_site(flow->world, s)->cache.cacheable;
        for (uint32_t p = 0; p < flow->n_pops; p++) {
            double weight = demand_mean(flow->traffic.demand, p, s) * cacheable;
            double age = flow->pops[p].age[s];
            bool is_full = age >= cache_curve_full(flow->curves[s]);
            warm += weight * (is_full ? 1 : cache_curve_warm(flow->curves[s], age));
            all += weight;
        }
    }
    if (all > 0)
        books_gauge(flow->books, flow->books->columns.warm, warm / all, to);
    if (capacity > 0)
        books_gauge(flow->books, flow->books->columns.origin_capacity, capacity, to);
}

void
flow_record_close(Flow *flow, SimTime to)
{
    books_close_sums(flow->books);
    close_pops(flow, to);
    close_gauges(flow, to);
    close_cores(flow, to);
    close_caches(flow, to);
    flow_guard_record(flow, to);
    books_close(flow->books, to);
}
