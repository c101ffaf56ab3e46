/*
 * watched.h - a fake world whose books fill by themselves, for tests of those who watch.
 *
 * Each second every client row is asked `rate` times, and a share `failing` of that fails; buckets
 * close as they would.  counts of a PoP are `pop_rate` a second, of which pop_failing[pop] fail.
 */
#pragma once

#include "models/config.h"
#include "tests/fake_world.h"
#include "tests/harness.h"

enum { WATCHED_POPS = 20 };

typedef struct Watched {
    FakeWorld *fake;
    Books *books;
    double rate, failing, timing_out; /* a second of each row; shares of it */
    int64_t pop_rate;
    int64_t offered, failed[WATCHED_POPS];
    double pop_failing[WATCHED_POPS];
    Routing *routing;
    Configs *configs;
} Watched;

static PlaneCounts
watched_counts(const FakeWorld *fake, uint32_t pop)
{
    const Watched *watched = fake->context;
    return (PlaneCounts){.offered = watched->offered, .failed = watched->failed[pop]};
}

static inline void
watched_second(Watched *watched)
{
    Books *books = watched->books;
    double failed = watched->rate * watched->failing;
    for (uint32_t r = 0; r < books->plan->n_clients; r++) {
        books->offered[r] += watched->rate;
        books->failed[r] += failed;
        books->ok[r] += watched->rate - failed;
        books->outcome_sum[OUTCOME_TIMEOUT] += failed * watched->timing_out;
    }
    watched->offered += watched->pop_rate;
    for (uint32_t p = 0; p < WATCHED_POPS; p++)
        watched->failed[p] += (int64_t)((double)watched->pop_rate * watched->pop_failing[p]);
}

/* On to `until`, second by second: traffic first, then whoever watches. */
static inline void
watched_run(Watched *watched, SimTime until)
{
    Sim *sim = watched->fake->sim;
    Books *books = watched->books;
    for (SimTime now = sim_now(sim) + SIM_SECOND; now <= until; now += SIM_SECOND) {
        watched_second(watched);
        if (now >= books_bucket_end(books)) {
            books_close_sums(books);
            books_close(books, now);
        }
        sim_run(sim, now);
    }
}

/* The text has no observers' world of its own: a proxy with a site `web` and a config `flags`. */
static inline void
watched_make(Watched *watched, const char *more)
{
    static const char base[] =
        "network: {diurnal: {amplitude: 0%}}\n"
        "services: {proxy: {placement: pop}, kv: {placement: pop, inside: proxy}}\n"
        "sites: {web: {service: proxy, requests: 100/s}}\n"
        "configs: {flags: {properties: {x: 1}, distribution: {delay: 0s}, rollout:\n"
        "  {waves: [{share: 5%, soak: 1h}, {share: 100%}]}}}\n";
    g_autofree char *text = g_strconcat(base, more, NULL);
    *watched = (Watched){.rate = 1000, .pop_rate = 1000};
    FakeWorld *fake = watched->fake = fake_world_new(text, WATCHED_POPS, 1);
    SimArena *arena = sim_arena(fake->sim);
    fake->counts = watched_counts;
    fake->context = watched;
    watched->books =
        books_new(&fake->world, flow_plan_new(&fake->world, arena), arena, 6 * SIM_HOUR);
    for (uint32_t p = 0; p < WATCHED_POPS; p++)
        watched->books->pops[p] = SIM_ARENA_NEW(arena, BooksPop, 1);
    watched->routing = routing_attach(fake->sim, &fake->world);
    ConfigParts parts = {.clusters = cluster_attach(fake->sim, &fake->world),
                         .processes = processes_attach(fake->sim, &fake->world),
                         .routing = watched->routing};
    watched->configs = config_attach(fake->sim, &fake->world, &parts, fake->messages);
}

static inline void
watched_clear(Watched *watched)
{
    fake_world_free(watched->fake);
}
