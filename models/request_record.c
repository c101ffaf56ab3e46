#include "models/request.h"

#include <math.h>
#include <string.h>

static const double quantiles[] = {0.5, 0.95, 0.99, 0.999};
static const char *const quantile_names[] = {"p50", "p95", "p99", "p999"};
enum { QUANTILES = G_N_ELEMENTS(quantiles), BUCKETS = SIM_HISTOGRAM_BUCKETS };

/* columns ----------------------------------------------------------------------------------- */

static uint32_t
attach_quantiles(RequestPlane *plane, const char *scope, const char *name, const char *about)
{
    uint32_t first = SIM_NONE;
    for (uint32_t i = 0; i < QUANTILES; i++) {
        g_autofree char *text = g_strdup_printf("%s.%s.latency.%s", scope, name, quantile_names[i]);
        uint32_t column =
            sim_recorder_column(plane->books->recorder, text, SIM_COLUMN_GAUGE, "s", about);
        first = i == 0 ? column : first;
    }
    return first;
}

void
request_record_attach(RequestPlane *plane)
{
    const World *world = plane->world;
    uint32_t n = 0;
    plane->region_latencies =
        SIM_ARENA_NEW(plane->arena, uint64_t, (size_t)GEO_REGIONS * OUTCOME_COUNT * BUCKETS);
    plane->region_totals =
        SIM_ARENA_NEW(plane->arena, uint64_t, (size_t)GEO_REGIONS * OUTCOME_COUNT * BUCKETS);
    plane->service_latencies =
        SIM_ARENA_NEW(plane->arena, uint64_t, (size_t)world->n_services * BUCKETS);
    plane->service_totals =
        SIM_ARENA_NEW(plane->arena, uint64_t, (size_t)world->n_services * BUCKETS);
    plane->sampled = SIM_ARENA_NEW(plane->arena, uint64_t, BUCKETS);
    plane->latency_columns =
        SIM_ARENA_NEW(plane->arena, uint32_t, GEO_REGIONS + OUTCOME_COUNT + world->n_services + 1);
    for (uint32_t i = 0; i < GEO_REGIONS; i++)
        plane->latency_columns[n++] =
            attach_quantiles(plane, "region", geo_region_name(i), "of served requests");
    for (uint32_t i = 0; i < OUTCOME_COUNT; i++)
        plane->latency_columns[n++] =
            attach_quantiles(plane, "outcome", outcome_names[i], "of attempts");
    for (uint32_t v = 0; v < world->n_services; v++)
        plane->latency_columns[n++] = attach_quantiles(
            plane, "service", world_service(world, v)->entity.name, "of calls to it");
    plane->latency_columns[n] = sim_recorder_column(plane->books->recorder, "latency.p999",
                                                    SIM_COLUMN_GAUGE, "s", "of served requests");
}

/* quantiles --------------------------------------------------------------------------------- */

static void
add(uint64_t *into, const uint64_t *counts)
{
    for (uint32_t b = 0; b < BUCKETS; b++)
        into[b] += counts[b];
}

static uint64_t
total(const uint64_t *counts)
{
    uint64_t sum = 0;
    for (uint32_t b = 0; b < BUCKETS; b++)
        sum += counts[b];
    return sum;
}

/* Interpolated within its bucket; NaN without data. */
static double
quantile(const uint64_t *counts, uint64_t n, double p)
{
    double at = p * (double)n, before = 0;
    if (n == 0)
        return NAN;
    for (uint32_t b = 0; b < BUCKETS; b++) {
        double here = (double)counts[b];
        if (here > 0 && before + here >= at) {
            double lower = sim_seconds(sim_histogram_lower(b));
            double upper = sim_seconds(sim_histogram_upper(b));
            return lower + (upper - lower) * ((at - before) / here);
        }
        before += here;
    }
    return sim_seconds(SIM_HISTOGRAM_HIGHEST);
}

static void
gauge_quantiles(RequestPlane *plane, uint32_t first, const uint64_t *counts, uint32_t n_quantiles,
                SimTime to)
{
    uint64_t n = total(counts);
    for (uint32_t i = 0; n > 0 && i < n_quantiles; i++)
        books_gauge(plane->books, first + i, quantile(counts, n, quantiles[i]), to);
}

/* [region][outcome] of the open bucket: by region those served, by outcome all. */
static const uint64_t *
counts_of(const uint64_t *latencies, uint32_t region, uint32_t outcome)
{
    return latencies + ((size_t)region * OUTCOME_COUNT + outcome) * BUCKETS;
}

static void
sum_region(const uint64_t *latencies, uint32_t region, uint64_t *ret)
{
    for (uint32_t o = 0; o < OUTCOME_COUNT; o++)
        if (outcome_is_served((Outcome)o))
            add(ret, counts_of(latencies, region, o));
}

static void
sum_outcome(const uint64_t *latencies, uint32_t outcome, uint64_t *ret)
{
    for (uint32_t i = 0; i < GEO_REGIONS; i++)
        add(ret, counts_of(latencies, i, outcome));
}

static void
close_latencies(RequestPlane *plane, SimTime to)
{
    const World *world = plane->world;
    uint64_t *sums = plane->sampled;
    uint32_t n = 0;
    size_t size = BUCKETS * sizeof *sums;
    for (uint32_t i = 0; i < GEO_REGIONS; i++) {
        memset(sums, 0, size);
        sum_region(plane->region_latencies, i, sums);
        gauge_quantiles(plane, plane->latency_columns[n++], sums, QUANTILES, to);
    }
    for (uint32_t o = 0; o < OUTCOME_COUNT; o++) {
        memset(sums, 0, size);
        sum_outcome(plane->region_latencies, o, sums);
        gauge_quantiles(plane, plane->latency_columns[n++], sums, QUANTILES, to);
    }
    for (uint32_t v = 0; v < world->n_services; v++)
        gauge_quantiles(plane, plane->latency_columns[n++],
                        plane->service_latencies + (size_t)v * BUCKETS, QUANTILES, to);
    memset(sums, 0, size);
    for (uint32_t i = 0; i < GEO_REGIONS; i++)
        sum_region(plane->region_latencies, i, sums);
    gauge_quantiles(plane, plane->books->columns.latency, sums, 3, to);
    uint64_t served = total(sums);
    if (served > 0)
        books_gauge(plane->books, plane->latency_columns[n], quantile(sums, served, 0.999), to);
}

static void
keep_totals(RequestPlane *plane)
{
    size_t regions = (size_t)GEO_REGIONS * OUTCOME_COUNT * BUCKETS;
    size_t services = (size_t)plane->world->n_services * BUCKETS;
    for (size_t i = 0; i < regions; i++)
        plane->region_totals[i] += plane->region_latencies[i];
    for (size_t i = 0; i < services; i++)
        plane->service_totals[i] += plane->service_latencies[i];
    memset(plane->region_latencies, 0, regions * sizeof(uint64_t));
    memset(plane->service_latencies, 0, services * sizeof(uint64_t));
}

static void
report(GArray *rows, const char *scope, const char *name, const uint64_t *counts)
{
    uint64_t n = total(counts);
    PlaneLatency row = {.scope = scope, .name = name, .n = n};
    for (uint32_t i = 0; i < QUANTILES; i++)
        row.seconds[i] = quantile(counts, n, quantiles[i]);
    if (n > 0)
        g_array_append_val(rows, row);
}

GArray *
request_latencies(const void *state)
{
    const RequestPlane *plane = state;
    const World *world = plane->world;
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(PlaneLatency));
    uint64_t *sums = plane->sampled;
    memset(sums, 0, BUCKETS * sizeof *sums);
    for (uint32_t i = 0; i < GEO_REGIONS; i++)
        sum_region(plane->region_totals, i, sums);
    report(rows, "all", "served", sums);
    for (uint32_t i = 0; i < GEO_REGIONS; i++) {
        memset(sums, 0, BUCKETS * sizeof *sums);
        sum_region(plane->region_totals, i, sums);
        report(rows, "region", geo_region_name(i), sums);
    }
    for (uint32_t v = 0; v < world->n_services; v++)
        report(rows, "service", world_service(world, v)->entity.name,
               plane->service_totals + (size_t)v * BUCKETS);
    for (uint32_t o = 0; o < OUTCOME_COUNT; o++) {
        memset(sums, 0, BUCKETS * sizeof *sums);
        sum_outcome(plane->region_totals, o, sums);
        report(rows, "outcome", outcome_names[o], sums);
    }
    return rows;
}

/* closing a bucket -------------------------------------------------------------------------- */

/* Requests of the fast path: fresh, offered, asked, served. */
static void
take_passed(RequestPlane *plane)
{
    Books *books = plane->books;
    for (uint32_t r = 0; r < plane->plan->n_clients; r++) {
        double n = (double)plane->passed[r];
        books->fresh[r] += n;
        books->offered[r] += n;
        books->ok[r] += n;
        books->asked[r] += n;
        books->miss[r] += (double)plane->passed_miss[r];
        plane->login_ok[r] += n;
        plane->left += plane->passed[r];
        plane->passed[r] = plane->passed_miss[r] = 0;
    }
    for (uint32_t p = 0; p < plane->n_kept; p++)
        request_counts_take(&plane->pops[p]);
}

void
request_record_take(RequestPlane *plane)
{
    take_passed(plane);
}

static void
close_pops(RequestPlane *plane, SimTime to)
{
    double seconds = sim_seconds(to - plane->books->bucket_from);
    double used = 0, there = 0, most = 0;
    for (uint32_t p = 0; p < plane->n_kept; p++) {
        RequestPop *pop = &plane->pops[p];
        BooksPop *counts = &pop->counts;
        counts->work += (double)pop->busy_ns / pop->pace;
        pop->busy_ns = 0;
        used += counts->work;
        there += counts->capacity;
        most = fmax(most, fmin(1, counts->work / (counts->capacity * seconds)));
        books_close_pop(plane->books, pop->index, counts, to);
    }
    books_close_cpu(plane->books, used, there, most, to);
}

static void
close_waiting(RequestPlane *plane, SimTime to)
{
    const Books *books = plane->books;
    double *by_site = plane->traffic.site_scratch, all = 0;
    memset(by_site, 0, plane->world->n_sites * sizeof(double));
    for (uint32_t p = 0; p < plane->n_pops; p++)
        for (uint32_t r = 0; r < plane->plan->n_clients; r++)
            by_site[plane->plan->rows[r].site] += plane->pops[p].orbit[r];
    for (uint32_t s = 0; s < plane->world->n_sites; s++)
        all += world_site(plane->world, s)->attack.entity.is_given ? 0 : by_site[s];
    books_gauge(plane->books, books->columns.waiting, all, to);
    books_close_sites(plane->books, by_site, plane->traffic.sessions, to);
}

static void
close_cores(RequestPlane *plane, SimTime to)
{
    double seconds = sim_seconds(to - plane->books->bucket_from), capacity = 0;
    for (uint32_t i = 0; i < plane->n_cores; i++) {
        RequestCore *core = &plane->cores[i];
        if (core->service == SIM_NONE) {
            capacity += core->rate;
            continue;
        }
        uint32_t column = plane->books->columns.service[core->service] + BOOKS_SERVICE_COLUMNS;
        double servers = fmax(1, core->servers * core->factor);
        double used = core->is_halted ? 0 : core->busy_ns / 1e9 / (servers * seconds);
        books_gauge(plane->books, column, fmin(1, used), to);
        books_gauge(plane->books, column + 1, request_core_waiting(core, to), to);
        books_gauge(plane->books, column + 2,
                    core->begun > 0 ? core->waited_ns / core->begun / 1e9 : 0, to);
        core->busy_ns = core->waited_ns = core->begun = 0;
    }
    if (capacity > 0)
        books_gauge(plane->books, plane->books->columns.origin_capacity, capacity, to);
}

/* Content relative to full caches, by demand for what may be cached. */
static void
close_caches(RequestPlane *plane, SimTime to)
{
    double warm = 0, all = 0;
    for (uint32_t s = 0; s < plane->world->n_sites; s++) {
        const CacheSpec *cache = &world_site(plane->world, s)->cache;
        for (uint32_t p = 0; plane->curves[s] && p < plane->n_kept; p++) {
            const RequestPop *pop = &plane->pops[p];
            double weight = demand_mean(plane->traffic.demand, pop->index, s) * cache->cacheable;
            double full = cache_curve_full(plane->curves[s]);
            double share =
                pop->age[s] >= full ? 1 : cache_curve_warm(plane->curves[s], pop->age[s]);
            if (pop->caches[s])
                share = keyed_cache_size(pop->caches[s]) /
                        fmax(1, keyed_cache_capacity(pop->caches[s]));
            warm += weight * share;
            all += weight;
        }
    }
    if (all > 0)
        books_gauge(plane->books, plane->books->columns.warm, warm / all, to);
}

void
request_record_close(RequestPlane *plane, SimTime to)
{
    take_passed(plane);
    books_close_sums(plane->books);
    close_pops(plane, to);
    close_waiting(plane, to);
    close_latencies(plane, to);
    keep_totals(plane);
    close_cores(plane, to);
    request_guard_close(plane, to);
    close_caches(plane, to);
    books_close(plane->books, to);
}
