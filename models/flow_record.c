#include "models/erlang.h"
#include "models/flow.h"
#include "sim/elementary.h"

#include <math.h>
#include <string.h>

enum { SITE_COLUMNS = 6, COHORT_COLUMNS = 5, REGION_COLUMNS = 5, SERVICE_COLUMNS = 2 };

static const char *const site_names[SITE_COLUMNS] = {"fresh",  "offered", "ok",
                                                     "failed", "blocked", "answered"};

/* columns ----------------------------------------------------------------------------------- */

static uint32_t
count(Flow *flow, const char *name, const char *about)
{
    return sim_recorder_column(flow->recorder, name, SIM_COLUMN_COUNT, "attempts", about);
}

static uint32_t
gauge(Flow *flow, const char *name, const char *unit, const char *about)
{
    return sim_recorder_column(flow->recorder, name, SIM_COLUMN_GAUGE, unit, about);
}

/* PREFIX.NAME.WHAT for each of a list of words; returns the first. */
static uint32_t
count_list(Flow *flow, const char *prefix, const char *name, const char *const *words, uint32_t n)
{
    uint32_t first = SIM_NONE;
    for (uint32_t i = 0; i < n; i++) {
        g_autofree char *text = g_strdup_printf("%s.%s.%s", prefix, name, words[i]);
        uint32_t column = count(flow, text, NULL);
        first = i == 0 ? column : first;
    }
    return first;
}

static void
attach_all(Flow *flow)
{
    FlowColumns *columns = &flow->columns;
    columns->fresh = count(flow, "all.fresh", "first attempts of people");
    columns->retries = count(flow, "all.retries", "attempts that machines repeat");
    columns->reloads = count(flow, "all.reloads", "attempts that people repeat");
    columns->offered = count(flow, "all.offered", "all attempts");
    columns->ok = count(flow, "all.ok", "attempts served");
    columns->failed = count(flow, "all.failed", "attempts failed");
    columns->blocked = count(flow, "all.blocked", "attempts blocked or refused by a limit");
    columns->answered = count(flow, "all.answered", "attempts that came to an end, of any kind");
    for (uint32_t i = 0; i < OUTCOME_COUNT; i++) {
        g_autofree char *name = g_strdup_printf("outcome.%s", outcome_names[i]);
        uint32_t column = count(flow, name, NULL);
        columns->outcome = i == 0 ? column : columns->outcome;
    }
    for (uint32_t i = 0; i < FLOW_CAUSES; i++) {
        g_autofree char *name = g_strdup_printf("cause.%u.failed", i);
        uint32_t column = count(flow, name, "failed or blocked attempts by first cause");
        columns->cause = i == 0 ? column : columns->cause;
    }
    columns->lookups = count(flow, "cache.lookups", "cacheable requests");
    columns->hits = count(flow, "cache.hits", "of these, answered by the cache");
    columns->origin = count(flow, "origin.requests", "requests that went to origins");
    columns->latency = gauge(flow, "latency.p50", "s", "of served requests");
    gauge(flow, "latency.p95", "s", NULL);
    gauge(flow, "latency.p99", "s", NULL);
    columns->cpu_mean = gauge(flow, "cpu.mean", "share", "PoP CPU in use, over all PoPs");
    columns->cpu_max = gauge(flow, "cpu.max", "share", "of the busiest PoP");
    columns->waiting = gauge(flow, "orbit.waiting", "people", "who wait to try again");
    columns->warm = gauge(flow, "cache.warm", "share", "cached content relative to full caches");
    columns->origin_capacity =
        gauge(flow, "origin.capacity", "requests/s", "of origins with a limit, in all");
}

static void
attach_sites(Flow *flow)
{
    const World *world = flow->world;
    FlowColumns *columns = &flow->columns;
    columns->site = SIM_ARENA_NEW(flow->arena, uint32_t, world->n_sites);
    columns->sessions = SIM_ARENA_NEW(flow->arena, uint32_t, world->n_sites);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const char *name = world_site(world, s)->entity.name;
        columns->site[s] = count_list(flow, "site", name, site_names, SITE_COLUMNS);
        g_autofree char *waiting = g_strdup_printf("site.%s.waiting", name);
        gauge(flow, waiting, "people", "who wait to try again");
        columns->sessions[s] = SIM_NONE;
        if (world_site(world, s)->sessions.login == SIM_NONE)
            continue;
        g_autofree char *open = g_strdup_printf("sessions.%s.open", name);
        columns->sessions[s] = gauge(flow, open, "sessions", "people logged in");
    }
}

/* Cohorts by name: those of all hosts that rows enter; a host without cohorts has no column. */
static void
attach_cohorts(Flow *flow)
{
    static const char *const words[COHORT_COLUMNS] = {"offered", "ok", "failed", "blocked",
                                                      "answered"};
    const World *world = flow->world;
    FlowColumns *columns = &flow->columns;
    columns->cohort = SIM_ARENA_NEW(flow->arena, uint32_t, flow->plan->n_rows + 1);
    columns->cohort_of_row = SIM_ARENA_NEW(flow->arena, uint32_t, flow->plan->n_rows + 1);
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        const FlowRow *row = &flow->plan->rows[r];
        const char *name = world_cohort_name(world, row->service, row->cohort);
        columns->cohort_of_row[r] = SIM_NONE;
        if (*name == 0)
            continue;
        g_autofree char *text = g_strdup_printf("cohort.%s.offered", name);
        uint32_t known = sim_recorder_find(flow->recorder, text);
        columns->cohort_of_row[r] =
            known != SIM_NONE ? known : count_list(flow, "cohort", name, words, COHORT_COLUMNS);
    }
}

static void
attach_regions_and_services(Flow *flow)
{
    static const char *const region_words[REGION_COLUMNS] = {"offered", "ok", "failed", "blocked",
                                                             "answered"};
    static const char *const service_words[SERVICE_COLUMNS] = {"offered", "failed"};
    const World *world = flow->world;
    FlowColumns *columns = &flow->columns;
    columns->region = SIM_ARENA_NEW(flow->arena, uint32_t, GEO_REGIONS);
    columns->service = SIM_ARENA_NEW(flow->arena, uint32_t, world->n_services);
    for (uint32_t i = 0; i < GEO_REGIONS; i++)
        columns->region[i] =
            count_list(flow, "region", geo_region_name(i), region_words, REGION_COLUMNS);
    for (uint32_t v = 0; v < world->n_services; v++) {
        const char *name = world_service(world, v)->entity.name;
        columns->service[v] = count_list(flow, "service", name, service_words, SERVICE_COLUMNS);
        if (flow->core_of[v] == SIM_NONE)
            continue;
        g_autofree char *used = g_strdup_printf("service.%s.utilisation", name);
        g_autofree char *backlog = g_strdup_printf("service.%s.backlog", name);
        g_autofree char *wait = g_strdup_printf("service.%s.wait", name);
        gauge(flow, used, "share", "servers in use");
        gauge(flow, backlog, "calls", "waiting");
        gauge(flow, wait, "s", "time to a server");
    }
}

/* PoP buckets are whole multiples of the others, at most 1,024. */
static SimRecorder *
new_pop_recorder(const Flow *flow, SimTime duration)
{
    SimRecorder *recorder = NULL;
    SimTime width = sim_recorder_width(flow->recorder);
    for (uint32_t buckets = 1024; buckets >= 4; buckets /= 2) {
        recorder = sim_recorder_new(flow->arena, duration, buckets, flow->n_pops * 3);
        if (sim_recorder_width(recorder) % width == 0)
            break;
    }
    for (uint32_t p = 0; p < flow->n_pops; p++) {
        const char *code = flow->world->geo->pops.code[p];
        g_autofree char *offered = g_strdup_printf("pop.%s.offered", code);
        g_autofree char *failed = g_strdup_printf("pop.%s.failed", code);
        g_autofree char *used = g_strdup_printf("pop.%s.utilisation", code);
        sim_recorder_column(recorder, offered, SIM_COLUMN_COUNT, "attempts", NULL);
        sim_recorder_column(recorder, failed, SIM_COLUMN_COUNT, "attempts", NULL);
        sim_recorder_column(recorder, used, SIM_COLUMN_GAUGE, "share", NULL);
    }
    return recorder;
}

/* Round trips of users to each PoP: four points of equal weight over its metros. */
static void
find_ways(Flow *flow)
{
    static const double LAST_MILE = 0.008; /* seconds, both directions */
    static const double SECONDS_PER_KM =
        1.5e-5; /* there and back in fibre, 1.5 x the great circle */
    const Geo *geo = flow->world->geo;
    flow->way = SIM_ARENA_NEW(flow->arena, double, (size_t)flow->n_pops *FLOW_WAY_POINTS);
    for (uint32_t p = 0; p < flow->n_pops; p++) {
        double weight = 0, sum = 0;
        for (uint32_t m = 0; m < geo->n_metros; m++)
            if (demand_pop_of(flow->demand, m) == p) {
                weight += geo->metros.traffic[m];
                sum += geo->metros.traffic[m] * geo_metro_pop_km(geo, m, p);
            }
        double mean = weight > 0 ? sum / weight * SECONDS_PER_KM : 0;
        static const double spread[FLOW_WAY_POINTS] = {0.2, 0.6, 1.1, 2.1};
        for (uint32_t i = 0; i < FLOW_WAY_POINTS; i++)
            flow->way[p * FLOW_WAY_POINTS + i] = LAST_MILE * (0.5 + 0.4 * i) + mean * spread[i];
    }
}

void
flow_record_attach(Flow *flow, SimTime duration)
{
    const World *world = flow->world;
    uint32_t most = 64 + FLOW_CAUSES + OUTCOME_COUNT + 9 * world->n_sites + 5 * world->n_services +
                    5 * flow->plan->n_rows + 8 * GEO_REGIONS + 4 * world->n_configs;
    flow->recorder = sim_recorder_new(flow->arena, duration, 4096, most);
    attach_all(flow);
    attach_sites(flow);
    attach_cohorts(flow);
    attach_regions_and_services(flow);
    flow->pop_recorder = new_pop_recorder(flow, duration);
    flow->latency = SIM_ARENA_NEW(flow->arena, SimHistogram, 1);
    flow->pop_recorded = SIM_ARENA_NEW(flow->arena, double, (size_t)flow->n_pops * 2);
    find_ways(flow);
}

/* closing a bucket -------------------------------------------------------------------------- */

static void
close_rows(Flow *flow)
{
    double *counts = sim_recorder_counts(flow->recorder);
    const FlowColumns *columns = &flow->columns;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        const double values[] = {
            flow->sum_fresh[r],   flow->sum_offered[r],
            flow->sum_ok[r],      flow->sum_failed[r],
            flow->sum_blocked[r], flow->sum_ok[r] + flow->sum_failed[r] + flow->sum_blocked[r]};
        const FlowRow *row = &flow->plan->rows[r];
        double cacheable = world_site(flow->world, row->site)->cache.cacheable;
        for (uint32_t i = 0; i < SITE_COLUMNS; i++)
            counts[columns->site[row->site] + i] += values[i];
        for (uint32_t i = 0; columns->cohort_of_row[r] != SIM_NONE && i < COHORT_COLUMNS; i++)
            counts[columns->cohort_of_row[r] + i] += values[i + 1];
        counts[columns->fresh] += values[0];
        counts[columns->offered] += values[1];
        counts[columns->ok] += values[2];
        counts[columns->failed] += values[3];
        counts[columns->blocked] += values[4];
        counts[columns->answered] += values[5];
        counts[columns->retries] += flow->sum_retries[r];
        counts[columns->reloads] += flow->sum_reloads[r];
        counts[columns->lookups] += flow->sum_asked[r] * cacheable;
        counts[columns->hits] += flow->sum_asked[r] - flow->sum_miss[r];
        counts[columns->origin] += flow->sum_miss[r];
    }
}

static void
close_services(Flow *flow)
{
    double *counts = sim_recorder_counts(flow->recorder);
    for (uint32_t u = 0; u < flow->plan->n_units; u++) {
        const FlowUnit *unit = &flow->plan->units[u];
        double sum = 0;
        for (uint32_t r = 0; r < flow->plan->n_rows; r++)
            sum += flow->sum_offered[r] * unit->calls[r];
        flow->service_calls[unit->service] += sum;
    }
    for (uint32_t v = 0; v < flow->world->n_services; v++) {
        counts[flow->columns.service[v]] += flow->service_calls[v];
        counts[flow->columns.service[v] + 1] +=
            fmin(flow->service_failed[v], flow->service_calls[v]);
    }
}

static void
close_causes(Flow *flow)
{
    double *counts = sim_recorder_counts(flow->recorder);
    double served = 0;
    for (uint32_t c = 0; c < FLOW_CAUSES; c++)
        counts[flow->columns.cause + c] += flow->cause_sum[c];
    for (uint32_t r = 0; r < flow->plan->n_clients; r++)
        served += flow->sum_ok[r];
    flow->outcome_sum[OUTCOME_OK] = served - flow->outcome_sum[OUTCOME_STALE];
    for (uint32_t i = 0; i < OUTCOME_COUNT; i++)
        counts[flow->columns.outcome + i] += flow->outcome_sum[i];
}

typedef struct LatencyPoint { /* of the sojourn at a PoP: quantile, weight */
    double quantile, weight;
} LatencyPoint;

/*
 * Adds a PoP's served requests to the histogram: the way, the sojourn at the
 * PoP (M/M/c while it copes, the queue's wait when not, no more than a client
 * waits), and for misses the origin.
 */
static void
add_latency(Flow *flow, uint32_t p, double served, double seconds, double miss, double origin_s)
{
    static const LatencyPoint points[] = {{0.35, 0.7}, {0.8, 0.2}, {0.95, 0.08}, {0.995, 0.02}};
    const FlowPop *pop = &flow->pops[p];
    double servers = (double)flow->world->spec->network.cores_per_queue;
    double cores = fmax(1e-9, pop->cores * pop->speed * flow->pop_scale);
    double busy = fmin(0.995, pop->bucket_work / (cores * seconds));
    double service = pop->bucket_cost / fmax(pop->bucket_calls, 1e-9);
    double queued = pop->bucket_backlog / seconds / cores;
    double waits = erlang_c(busy * servers, servers);
    double relief = servers * (1 - busy) / service;
    for (uint32_t i = 0; i < G_N_ELEMENTS(points); i++) {
        double left = 1 - points[i].quantile;
        double own = servers == 1 ? -sim_log(left) / relief
                                  : -sim_log(left) * service +
                                        (waits > left ? sim_log(waits / left) / relief : 0);
        for (uint32_t j = 0; j < FLOW_WAY_POINTS; j++) {
            double here = fmin(own + queued, flow->clients.timeout_max);
            double near = flow->way[p * FLOW_WAY_POINTS + j] + here;
            double weight = served * points[i].weight / FLOW_WAY_POINTS;
            sim_histogram_add(flow->latency, sim_from_seconds(near), weight * (1 - miss));
            sim_histogram_add(flow->latency, sim_from_seconds(near + origin_s), weight * miss);
        }
    }
}

/* Mean origin latency of the misses of this bucket. */
static double
origin_latency(const Flow *flow)
{
    double sum = 0, seconds = 0;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        sum += flow->sum_miss[r];
        seconds += flow->sum_miss[r] *
                   sim_seconds(world_site(flow->world, flow->plan->rows[r].site)->origin.latency);
    }
    return sum > 0 ? seconds / sum : 0;
}

static double
miss_share(const Flow *flow)
{
    double asked = 0, miss = 0;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        asked += flow->sum_asked[r];
        miss += flow->sum_miss[r];
    }
    return asked > 0 ? miss / asked : 0;
}

static void
close_pops(Flow *flow, SimTime from, SimTime to)
{
    double seconds = sim_seconds(to - from), origin = origin_latency(flow);
    double miss = miss_share(flow), used = 0, cores = 0, most = 0;
    double *counts = sim_recorder_counts(flow->recorder);
    double *rows = sim_recorder_counts(flow->pop_recorder);
    memset(flow->latency, 0, sizeof *flow->latency);
    for (uint32_t p = 0; p < flow->n_pops; p++) {
        FlowPop *pop = &flow->pops[p];
        double capacity = fmax(1e-9, pop->cores * pop->speed * flow->pop_scale);
        double offered = pop->offered - flow->pop_recorded[2 * p];
        double failed = pop->failed - flow->pop_recorded[2 * p + 1];
        double share = fmin(1, pop->bucket_work / (capacity * seconds));
        uint32_t region = flow->columns.region[flow->world->geo->pops.at.region[p]];
        flow->pop_recorded[2 * p] = pop->offered;
        flow->pop_recorded[2 * p + 1] = pop->failed;
        counts[region] += offered;
        counts[region + 1] += pop->bucket_ok;
        counts[region + 2] += failed;
        counts[region + 3] += pop->bucket_blocked;
        counts[region + 4] += pop->bucket_ok + failed + pop->bucket_blocked;
        rows[3 * p] += offered;
        rows[3 * p + 1] += failed;
        sim_recorder_gauge(flow->pop_recorder, 3 * p + 2, share, from, to);
        used += pop->bucket_work;
        cores += capacity;
        most = fmax(most, share);
        if (pop->bucket_ok > 0 && pop->bucket_work > 0)
            add_latency(flow, p, pop->bucket_ok, seconds, miss, origin);
        pop->bucket_ok = pop->bucket_blocked = 0;
        pop->bucket_work = pop->bucket_backlog = pop->bucket_cost = pop->bucket_calls = 0;
    }
    sim_recorder_gauge(flow->recorder, flow->columns.cpu_mean, used / (cores * seconds), from, to);
    sim_recorder_gauge(flow->recorder, flow->columns.cpu_max, most, from, to);
}

static void
close_gauges(Flow *flow, SimTime from, SimTime to)
{
    static const double quantiles[] = {0.5, 0.95, 0.99};
    SimRecorder *recorder = flow->recorder;
    double waiting = 0;
    for (uint32_t i = 0; i < 3 && flow->latency->total > 0; i++)
        sim_recorder_gauge(recorder, flow->columns.latency + i,
                           sim_seconds(sim_histogram_quantile(flow->latency, quantiles[i])), from,
                           to);
    memset(flow->site_scratch, 0, flow->world->n_sites * sizeof(double));
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        flow->site_scratch[flow->plan->rows[r].site] += flow->orbit_total[r];
        waiting += flow->orbit_total[r];
    }
    sim_recorder_gauge(recorder, flow->columns.waiting, waiting, from, to);
    for (uint32_t s = 0; s < flow->world->n_sites; s++) {
        sim_recorder_gauge(recorder, flow->columns.site[s] + SITE_COLUMNS, flow->site_scratch[s],
                           from, to);
        if (flow->columns.sessions[s] != SIM_NONE)
            sim_recorder_gauge(recorder, flow->columns.sessions[s],
                               sessions_open(flow->sessions, s), from, to);
    }
    for (uint32_t i = 0; i < flow->n_cores; i++) {
        const FlowCore *core = &flow->cores[i];
        uint32_t column = flow->columns.service[core->service] + SERVICE_COLUMNS;
        sim_recorder_gauge(recorder, column, core->utilisation, from, to);
        sim_recorder_gauge(recorder, column + 1, core->backlog, from, to);
        sim_recorder_gauge(recorder, column + 2, core->wait, from, to);
    }
}

/* Content relative to full caches, by demand for what may be cached. */
static void
close_caches(Flow *flow, SimTime from, SimTime to)
{
    double warm = 0, all = 0, capacity = 0;
    for (uint32_t s = 0; s < flow->world->n_sites; s++) {
        capacity += world_site(flow->world, s)->origin.capacity_per_s;
        if (!flow->curves[s])
            continue;
        double cacheable = world_site(flow->world, s)->cache.cacheable;
        for (uint32_t p = 0; p < flow->n_pops; p++) {
            double weight = demand_mean(flow->demand, p, s) * cacheable;
            double age = flow->pops[p].age[s];
            bool is_full = age >= cache_curve_full(flow->curves[s]);
            warm += weight * (is_full ? 1 : cache_curve_warm(flow->curves[s], age));
            all += weight;
        }
    }
    if (all > 0)
        sim_recorder_gauge(flow->recorder, flow->columns.warm, warm / all, from, to);
    if (capacity > 0)
        sim_recorder_gauge(flow->recorder, flow->columns.origin_capacity, capacity, from, to);
}

static void
clear_sums(Flow *flow)
{
    size_t rows = flow->plan->stride * sizeof(double);
    double *sums[] = {flow->sum_fresh,   flow->sum_retries, flow->sum_reloads,
                      flow->sum_offered, flow->sum_ok,      flow->sum_failed,
                      flow->sum_blocked, flow->sum_miss,    flow->sum_asked};
    for (uint32_t i = 0; i < G_N_ELEMENTS(sums); i++)
        memset(sums[i], 0, rows);
    memset(flow->cause_sum, 0, FLOW_CAUSES * sizeof(double));
    memset(flow->outcome_sum, 0, OUTCOME_COUNT * sizeof(double));
    memset(flow->service_calls, 0, flow->world->n_services * sizeof(double));
    memset(flow->service_failed, 0, flow->world->n_services * sizeof(double));
}

/* Whole attempts, so that the digest asks for the same counts and not the same last bits. */
static void
mix_digest(Flow *flow)
{
    const double *counts = sim_recorder_counts(flow->recorder);
    const uint32_t columns[] = {flow->columns.offered, flow->columns.ok, flow->columns.failed,
                                flow->columns.blocked};
    for (uint32_t i = 0; i < G_N_ELEMENTS(columns); i++)
        sim_digest_mix(flow->world->sim, (uint64_t)llround(counts[columns[i]]));
}

void
flow_record_close(Flow *flow, SimTime to)
{
    SimTime from = flow->bucket_from;
    close_rows(flow);
    close_services(flow);
    close_causes(flow);
    close_pops(flow, from, to);
    close_gauges(flow, from, to);
    close_caches(flow, from, to);
    mix_digest(flow);
    clear_sums(flow);
    sim_recorder_close(flow->recorder);
    if (to % sim_recorder_width(flow->pop_recorder) == 0)
        sim_recorder_close(flow->pop_recorder);
    flow->bucket_from = to;
}
