#include "models/books.h"

#include <math.h>
#include <string.h>

enum { COHORT_COLUMNS = 5, REGION_COLUMNS = 5 };

static const char *const site_names[BOOKS_SITE_COLUMNS] = {"fresh",  "offered", "ok",
                                                           "failed", "blocked", "answered"};

/* columns ----------------------------------------------------------------------------------- */

static uint32_t
count(Books *books, const char *name, const char *about)
{
    return sim_recorder_column(books->recorder, name, SIM_COLUMN_COUNT, "attempts", about);
}

static uint32_t
gauge(Books *books, const char *name, const char *unit, const char *about)
{
    return sim_recorder_column(books->recorder, name, SIM_COLUMN_GAUGE, unit, about);
}

/* PREFIX.NAME.WHAT for each of a list of words; returns the first. */
static uint32_t
count_list(Books *books, const char *prefix, const char *name, const char *const *words, uint32_t n)
{
    uint32_t first = SIM_NONE;
    for (uint32_t i = 0; i < n; i++) {
        g_autofree char *text = g_strdup_printf("%s.%s.%s", prefix, name, words[i]);
        uint32_t column = count(books, text, NULL);
        first = i == 0 ? column : first;
    }
    return first;
}

static void
attach_all(Books *books)
{
    BooksColumns *columns = &books->columns;
    columns->fresh = count(books, "all.fresh", "first attempts of people");
    columns->retries = count(books, "all.retries", "attempts that machines repeat");
    columns->reloads = count(books, "all.reloads", "attempts that people repeat");
    columns->offered = count(books, "all.offered", "all attempts");
    columns->ok = count(books, "all.ok", "attempts served");
    columns->failed = count(books, "all.failed", "attempts failed");
    columns->blocked = count(books, "all.blocked", "attempts blocked or refused by a limit");
    columns->answered = count(books, "all.answered", "attempts that came to an end, of any kind");
    for (uint32_t i = 0; i < OUTCOME_COUNT; i++) {
        g_autofree char *name = g_strdup_printf("outcome.%s", outcome_names[i]);
        uint32_t column = count(books, name, NULL);
        columns->outcome = i == 0 ? column : columns->outcome;
    }
    for (uint32_t i = 0; i < BOOKS_CAUSES; i++) {
        g_autofree char *name = g_strdup_printf("cause.%u.failed", i);
        uint32_t column = count(books, name, "failed or blocked attempts by first cause");
        columns->cause = i == 0 ? column : columns->cause;
    }
    columns->lookups = count(books, "cache.lookups", "cacheable requests");
    columns->hits = count(books, "cache.hits", "of these, answered by the cache");
    columns->origin = count(books, "origin.requests", "requests that went to origins");
    columns->latency = gauge(books, "latency.p50", "s", "of served requests");
    gauge(books, "latency.p95", "s", NULL);
    gauge(books, "latency.p99", "s", NULL);
    columns->cpu_mean = gauge(books, "cpu.mean", "share", "PoP CPU in use, over all PoPs");
    columns->cpu_max = gauge(books, "cpu.max", "share", "of the busiest PoP");
    columns->waiting = gauge(books, "orbit.waiting", "people", "who wait to try again");
    columns->warm = gauge(books, "cache.warm", "share", "cached content relative to full caches");
    columns->origin_capacity =
        gauge(books, "origin.capacity", "requests/s", "of origins with a limit, in all");
}

static void
attach_sites(Books *books, SimArena *arena)
{
    const World *world = books->world;
    BooksColumns *columns = &books->columns;
    columns->site = SIM_ARENA_NEW(arena, uint32_t, world->n_sites);
    columns->sessions = SIM_ARENA_NEW(arena, uint32_t, world->n_sites);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const char *name = world_site(world, s)->entity.name;
        columns->site[s] = count_list(books, "site", name, site_names, BOOKS_SITE_COLUMNS);
        g_autofree char *waiting = g_strdup_printf("site.%s.waiting", name);
        gauge(books, waiting, "people", "who wait to try again");
        columns->sessions[s] = SIM_NONE;
        if (world_site(world, s)->sessions.login == SIM_NONE)
            continue;
        g_autofree char *open = g_strdup_printf("sessions.%s.open", name);
        columns->sessions[s] = gauge(books, open, "sessions", "people logged in");
    }
}

/* Cohorts by name: those of all hosts that rows enter; a host without cohorts has no column. */
static void
attach_cohorts(Books *books, SimArena *arena)
{
    static const char *const words[COHORT_COLUMNS] = {"offered", "ok", "failed", "blocked",
                                                      "answered"};
    const World *world = books->world;
    BooksColumns *columns = &books->columns;
    columns->cohort = SIM_ARENA_NEW(arena, uint32_t, books->plan->n_rows + 1);
    columns->cohort_of_row = SIM_ARENA_NEW(arena, uint32_t, books->plan->n_rows + 1);
    for (uint32_t r = 0; r < books->plan->n_clients; r++) {
        const FlowRow *row = &books->plan->rows[r];
        const char *name = world_cohort_name(world, row->service, row->cohort);
        columns->cohort_of_row[r] = SIM_NONE;
        if (*name == 0)
            continue;
        g_autofree char *text = g_strdup_printf("cohort.%s.offered", name);
        uint32_t known = sim_recorder_find(books->recorder, text);
        columns->cohort_of_row[r] =
            known != SIM_NONE ? known : count_list(books, "cohort", name, words, COHORT_COLUMNS);
    }
}

static void
attach_regions_and_services(Books *books, SimArena *arena)
{
    static const char *const region_words[REGION_COLUMNS] = {"offered", "ok", "failed", "blocked",
                                                             "answered"};
    static const char *const service_words[BOOKS_SERVICE_COLUMNS] = {"offered", "failed"};
    const World *world = books->world;
    BooksColumns *columns = &books->columns;
    columns->region = SIM_ARENA_NEW(arena, uint32_t, GEO_REGIONS);
    columns->service = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    for (uint32_t i = 0; i < GEO_REGIONS; i++)
        columns->region[i] =
            count_list(books, "region", geo_region_name(i), region_words, REGION_COLUMNS);
    for (uint32_t v = 0; v < world->n_services; v++) {
        const char *name = world_service(world, v)->entity.name;
        columns->service[v] =
            count_list(books, "service", name, service_words, BOOKS_SERVICE_COLUMNS);
        if (world_service(world, v)->placement == PLACEMENT_POP)
            continue;
        g_autofree char *used = g_strdup_printf("service.%s.utilisation", name);
        g_autofree char *backlog = g_strdup_printf("service.%s.backlog", name);
        g_autofree char *wait = g_strdup_printf("service.%s.wait", name);
        gauge(books, used, "share", "servers in use");
        gauge(books, backlog, "calls", "waiting");
        gauge(books, wait, "s", "time to a server");
    }
}

/* PoP buckets are whole multiples of the others, at most 1,024. */
static void
attach_pop_recorder(Books *books, SimArena *arena, SimTime duration)
{
    const World *world = books->world;
    SimTime width = sim_recorder_width(books->recorder);
    for (uint32_t buckets = 1024; buckets >= 4; buckets /= 2) {
        books->pop_recorder = sim_recorder_new(arena, duration, buckets, world->n_pops * 3);
        if (sim_recorder_width(books->pop_recorder) % width == 0)
            break;
    }
    for (uint32_t p = 0; p < world->n_pops; p++) {
        const char *code = world->geo->pops.code[p];
        g_autofree char *offered = g_strdup_printf("pop.%s.offered", code);
        g_autofree char *failed = g_strdup_printf("pop.%s.failed", code);
        g_autofree char *used = g_strdup_printf("pop.%s.utilisation", code);
        sim_recorder_column(books->pop_recorder, offered, SIM_COLUMN_COUNT, "attempts", NULL);
        sim_recorder_column(books->pop_recorder, failed, SIM_COLUMN_COUNT, "attempts", NULL);
        sim_recorder_column(books->pop_recorder, used, SIM_COLUMN_GAUGE, "share", NULL);
    }
}

static void
attach_sums(Books *books, SimArena *arena)
{
    double **rows[] = {&books->fresh,   &books->retries, &books->reloads,
                       &books->offered, &books->ok,      &books->failed,
                       &books->blocked, &books->miss,    &books->asked};
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++)
        *rows[i] = SIM_ARENA_NEW(arena, double, books->plan->stride);
    books->service_calls = SIM_ARENA_NEW(arena, double, books->world->n_services);
    books->service_failed = SIM_ARENA_NEW(arena, double, books->world->n_services);
    books->pops = SIM_ARENA_NEW(arena, const BooksPop *, books->world->n_pops);
}

Books *
books_new(const World *world, const FlowPlan *plan, SimArena *arena, SimTime duration)
{
    Books *books = SIM_ARENA_NEW(arena, Books, 1);
    uint32_t most = 128 + BOOKS_CAUSES + OUTCOME_COUNT * 6 + 9 * world->n_sites +
                    9 * world->n_services + 5 * plan->n_rows + 16 * GEO_REGIONS +
                    4 * world->n_configs + guards_count(world->spec) + 6 * world->spec->observers.n;
    books->world = world;
    books->plan = plan;
    books->n_causes = 1;
    books->roots[0] = books->firsts[0] = SIM_NONE;
    books->recorder = sim_recorder_new(arena, duration, 4096, most);
    attach_sums(books, arena);
    attach_all(books);
    attach_sites(books, arena);
    attach_cohorts(books, arena);
    attach_regions_and_services(books, arena);
    books->guards = guards_new(world, arena);
    guards_attach(books->guards, books->recorder);
    attach_pop_recorder(books, arena, duration);
    return books;
}

void
books_ways_find(Books *books, SimArena *arena)
{
    static const double LAST_MILE = 0.008; /* seconds, both directions */
    static const double SECONDS_PER_KM =
        1.5e-5; /* there and back in fibre, 1.5 x the great circle */
    static const double spread[BOOKS_WAY_POINTS] = {0.2, 0.6, 1.1, 2.1};
    const Geo *geo = books->world->geo;
    const CatchmentTable *catchment = &books->world->catchments[0];
    books->way = SIM_ARENA_NEW(arena, double, (size_t)geo->n_pops *BOOKS_WAY_POINTS);
    g_autofree double *weights = g_new0(double, 2 * geo->n_pops + 1);
    double *sums = weights + geo->n_pops;
    for (uint32_t m = 0; m < geo->n_metros; m++)
        for (uint32_t i = catchment->start[m]; i < catchment->start[m + 1]; i++) {
            uint32_t pop = catchment->shares[i].pop;
            double weight = geo->metros.traffic[m] * catchment->shares[i].parts;
            weights[pop] += weight;
            sums[pop] += weight * geo_metro_pop_km(geo, m, pop);
        }
    for (uint32_t p = 0; p < geo->n_pops; p++) {
        double mean = weights[p] > 0 ? sums[p] / weights[p] * SECONDS_PER_KM : 0;
        for (uint32_t i = 0; i < BOOKS_WAY_POINTS; i++)
            books->way[p * BOOKS_WAY_POINTS + i] = LAST_MILE * (0.5 + 0.4 * i) + mean * spread[i];
    }
}

uint32_t
books_cause_slot(Books *books, uint32_t cause)
{
    if (cause == SIM_NONE)
        return 0;
    uint32_t root = sim_journal_root(books->world->journal, cause);
    for (uint32_t i = 1; i < books->n_causes; i++)
        if (books->roots[i] == root)
            return i;
    if (books->n_causes == BOOKS_CAUSES)
        return BOOKS_CAUSES - 1;
    books->roots[books->n_causes] = root;
    books->firsts[books->n_causes] = cause;
    return books->n_causes++;
}

/* closing a bucket -------------------------------------------------------------------------- */

/* Each adds to counts, by column, what the open bucket holds. */
static void
tally_rows(const Books *books, double *counts)
{
    const BooksColumns *columns = &books->columns;
    for (uint32_t r = 0; r < books->plan->n_clients; r++) {
        const double values[] = {
            books->fresh[r],   books->offered[r],
            books->ok[r],      books->failed[r],
            books->blocked[r], books->ok[r] + books->failed[r] + books->blocked[r]};
        const FlowRow *row = &books->plan->rows[r];
        double cacheable = world_site(books->world, row->site)->cache.cacheable;
        for (uint32_t i = 0; i < BOOKS_SITE_COLUMNS; i++)
            counts[columns->site[row->site] + i] += values[i];
        counts[columns->lookups] += books->asked[r] * cacheable;
        counts[columns->hits] += books->asked[r] - books->miss[r];
        counts[columns->origin] += books->miss[r];
        if (r >= books->plan->n_people)
            continue;
        for (uint32_t i = 0; columns->cohort_of_row[r] != SIM_NONE && i < COHORT_COLUMNS; i++)
            counts[columns->cohort_of_row[r] + i] += values[i + 1];
        counts[columns->fresh] += values[0];
        counts[columns->offered] += values[1];
        counts[columns->ok] += values[2];
        counts[columns->failed] += values[3];
        counts[columns->blocked] += values[4];
        counts[columns->answered] += values[5];
        counts[columns->retries] += books->retries[r];
        counts[columns->reloads] += books->reloads[r];
    }
}

static void
tally_causes(const Books *books, double *counts)
{
    double served = 0;
    for (uint32_t c = 0; c < BOOKS_CAUSES; c++)
        counts[books->columns.cause + c] += books->cause_sum[c];
    for (uint32_t r = 0; r < books->plan->n_people; r++)
        served += books->ok[r];
    for (uint32_t i = 0; i < OUTCOME_COUNT; i++)
        counts[books->columns.outcome + i] +=
            i == OUTCOME_OK ? served - books->outcome_sum[OUTCOME_STALE] : books->outcome_sum[i];
}

/* Calls to the units at the PoPs, as many as the shares of needs promise. */
static double
unit_calls(const Books *books, uint32_t service)
{
    double calls = 0;
    for (uint32_t u = 0; u < books->plan->n_units; u++) {
        const FlowUnit *unit = &books->plan->units[u];
        for (uint32_t r = 0; unit->service == service && r < books->plan->n_rows; r++)
            calls += books->offered[r] * unit->calls[r];
    }
    return calls;
}

static void
tally_services(const Books *books, double *counts)
{
    for (uint32_t v = 0; v < books->world->n_services; v++) {
        double calls = books->service_calls[v] + unit_calls(books, v);
        counts[books->columns.service[v]] += calls;
        counts[books->columns.service[v] + 1] += fmin(books->service_failed[v], calls);
    }
}

static void
tally_region(const Books *books, uint32_t pop, const BooksPop *now, double *counts)
{
    uint32_t region = books->columns.region[books->world->geo->pops.at.region[pop]];
    double offered = now->offered - now->recorded_offered;
    double failed = now->failed - now->recorded_failed;
    counts[region] += offered;
    counts[region + 1] += now->ok;
    counts[region + 2] += failed;
    counts[region + 3] += now->blocked;
    counts[region + 4] += now->ok + failed + now->blocked;
}

void
books_tally(const Books *books, double *ret_counts)
{
    memset(ret_counts, 0, sim_recorder_n_columns(books->recorder) * sizeof(double));
    tally_rows(books, ret_counts);
    tally_services(books, ret_counts);
    tally_causes(books, ret_counts);
    for (uint32_t p = 0; p < books->world->n_pops; p++)
        if (books->pops[p])
            tally_region(books, p, books->pops[p], ret_counts);
}

void
books_close_sums(Books *books)
{
    double *counts = sim_recorder_counts(books->recorder);
    tally_rows(books, counts);
    tally_services(books, counts);
    tally_causes(books, counts);
}

void
books_gauge(Books *books, uint32_t column, double value, SimTime to)
{
    sim_recorder_gauge(books->recorder, column, value, books->bucket_from, to);
}

void
books_close_pop(Books *books, uint32_t pop, BooksPop *counts, SimTime to)
{
    double *sums = sim_recorder_counts(books->recorder);
    double *rows = sim_recorder_counts(books->pop_recorder);
    double offered = counts->offered - counts->recorded_offered;
    double failed = counts->failed - counts->recorded_failed;
    double seconds = sim_seconds(to - books->bucket_from);
    double share = fmin(1, counts->work / (counts->capacity * seconds));
    tally_region(books, pop, counts, sums);
    counts->recorded_offered = counts->offered;
    counts->recorded_failed = counts->failed;
    rows[3 * pop] += offered;
    rows[3 * pop + 1] += failed;
    sim_recorder_gauge(books->pop_recorder, 3 * pop + 2, share, books->bucket_from, to);
    counts->ok = counts->blocked = counts->work = 0;
}

void
books_close_cpu(Books *books, double used, double there, double most, SimTime to)
{
    double seconds = sim_seconds(to - books->bucket_from);
    /* Capacity is as it stands: what was used before all processes died is more than there is. */
    books_gauge(books, books->columns.cpu_mean, fmin(1, used / (there * seconds)), to);
    books_gauge(books, books->columns.cpu_max, most, to);
}

void
books_close_sites(Books *books, const double *waiting, const Sessions *sessions, SimTime to)
{
    for (uint32_t s = 0; s < books->world->n_sites; s++) {
        books_gauge(books, books->columns.site[s] + BOOKS_SITE_COLUMNS, waiting[s], to);
        if (books->columns.sessions[s] != SIM_NONE)
            books_gauge(books, books->columns.sessions[s], sessions_open(sessions, s), to);
    }
}

static void
clear_sums(Books *books)
{
    size_t rows = books->plan->stride * sizeof(double);
    double *sums[] = {books->fresh,  books->retries, books->reloads, books->offered, books->ok,
                      books->failed, books->blocked, books->miss,    books->asked};
    for (uint32_t i = 0; i < G_N_ELEMENTS(sums); i++)
        memset(sums[i], 0, rows);
    memset(books->cause_sum, 0, sizeof books->cause_sum);
    memset(books->outcome_sum, 0, sizeof books->outcome_sum);
    memset(books->service_calls, 0, books->world->n_services * sizeof(double));
    memset(books->service_failed, 0, books->world->n_services * sizeof(double));
}

/* Whole attempts, so that the digest asks for the same counts and not the same last bits. */
static void
mix_digest(Books *books)
{
    const double *counts = sim_recorder_counts(books->recorder);
    const uint32_t columns[] = {books->columns.offered, books->columns.ok, books->columns.failed,
                                books->columns.blocked};
    for (uint32_t i = 0; i < G_N_ELEMENTS(columns); i++)
        sim_digest_mix(books->world->sim, (uint64_t)llround(counts[columns[i]]));
}

void
books_close(Books *books, SimTime to)
{
    mix_digest(books);
    clear_sums(books);
    sim_recorder_close(books->recorder);
    if (to % sim_recorder_width(books->pop_recorder) == 0)
        sim_recorder_close(books->pop_recorder);
    books->bucket_from = to;
}
