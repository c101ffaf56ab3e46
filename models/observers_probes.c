#include "models/observers_row.h"

enum { DRAWS_MAX = 100 };
static const SimTime watch_period = SIM_SECOND;
static const SimTime hung_period = 10 * SIM_SECOND;

/* A run that keeps some PoPs only has something to test at those. */
static bool
is_carried(const Observers *observers, uint32_t metro)
{
    uint32_t pop = routing_pop_of(observers->parts.routing, 0, metro);
    return pop == SIM_NONE || observers->parts.books->pops[pop];
}

static void
attach_point(Observers *observers, ObserverRow *row, uint32_t i, uint32_t region)
{
    const char *name = row->spec->entity.name;
    ProbePoint *point = &row->points[i];
    SimRng where = sim_stream(observers->sim, "observer/%.100s/point/%u", name, i);
    for (int tries = 0; tries < DRAWS_MAX; tries++) {
        point->metro = probes_metro(observers->world->geo, region, &where);
        if (is_carried(observers, point->metro))
            break;
    }
    point->pop = SIM_NONE;
    point->draws = sim_stream(observers->sim, "observer/%.100s/tests/%u", name, i);
    observers_after(observers, probes_phase(&where, row->spec->every), OBSERVERS_TEST, row->id, i);
}

/* Where the points may stand; without a region anywhere: SIM_NONE. */
static bool
find_region(const Observers *observers, const ObserverSpec *spec, uint32_t *region,
            SimMessages *messages)
{
    *region = spec->region ? geo_region_find(spec->region) : SIM_NONE;
    if (!spec->region)
        return true;
    SimRng any = {0};
    if (*region == SIM_NONE)
        sim_messages_error(messages, spec->entity.mark,
                           "there is no region '%s': expected one "
                           "such as europe or north-america",
                           spec->region);
    else if (probes_metro(observers->world->geo, *region, &any) == SIM_NONE)
        sim_messages_error(messages, spec->entity.mark,
                           "no user lives in '%s': expected a region with users in network.metros",
                           spec->region);
    else
        return true;
    return false;
}

bool
observers_probes_attach(Observers *observers, ObserverRow *row, SimMessages *messages)
{
    const ObserverSpec *spec = row->spec;
    SimArena *arena = sim_arena(observers->sim);
    const BooksColumns *columns = &observers->parts.books->columns;
    uint32_t region;
    if (!find_region(observers, spec, &region, messages))
        return false;
    probes_init(&row->probes, arena, (uint32_t)spec->points,
                probes_need((uint32_t)spec->points, (uint32_t)spec->fail, spec->share));
    row->points = SIM_ARENA_NEW(arena, ProbePoint, row->probes.n);
    for (uint32_t i = 0; i < row->probes.n; i++)
        attach_point(observers, row, i, region);
    monitor_reading_over(&row->hanging, observers->parts.books, columns->outcome + OUTCOME_TIMEOUT,
                         columns->failed);
    observers_after(observers, watch_period, OBSERVERS_WATCH, row->id, 0);
    return true;
}

static PlaneCounts
counts_of(const Observers *observers, const ObserverRow *row, uint32_t pop)
{
    const World *world = observers->world;
    return world->ops->site_counts(world->plane, pop, row->spec->site);
}

/* What became of the attempts of the last second, or of the last that there were. */
static void
watch_point(Observers *observers, ObserverRow *row, ProbePoint *point)
{
    uint32_t pop = routing_pop_of(observers->parts.routing, 0, point->metro);
    if (pop == SIM_NONE) {
        point->pop = pop;
        point->failing = 1;
        return;
    }
    PlaneCounts now = counts_of(observers, row, pop), before = point->counts;
    bool has_moved = pop != point->pop;
    if (!has_moved && now.offered == before.offered && now.failed == before.failed)
        return;
    int64_t offered = now.offered - before.offered, failed = now.failed - before.failed;
    point->pop = pop;
    point->counts = now;
    /* A queue's failures come later than its arrivals. */
    if (!has_moved)
        point->failing = failed >= offered ? 1 : (double)failed / (double)offered;
}

void
observers_probes_watch(Observers *observers, ObserverRow *row)
{
    SimTime now = sim_now(observers->sim);
    for (uint32_t i = 0; i < row->probes.n; i++)
        watch_point(observers, row, &row->points[i]);
    if (now - row->hung_at >= hung_period) {
        row->hung[1] = row->hung[0];
        row->lost[1] = row->lost[0];
        monitor_reading_take(&row->hanging, &observers->tally, now, &row->hung[0], &row->lost[0]);
        row->hung_at = now;
    }
    observers_after(observers, watch_period, OBSERVERS_WATCH, row->id, 0);
}

/* Of attempts that failed in the last ten to twenty seconds, those that timed out. */
static double
hanging_share(Observers *observers, ObserverRow *row)
{
    int64_t hung, lost;
    monitor_reading_take(&row->hanging, &observers->tally, sim_now(observers->sim), &hung, &lost);
    return lost > row->lost[1] ? (double)(hung - row->hung[1]) / (double)(lost - row->lost[1]) : 0;
}

void
observers_probes_test(Observers *observers, ObserverRow *row, uint32_t i)
{
    ProbePoint *point = &row->points[i];
    SimRng draws = point->draws;
    draws.counter = point->tests++ * DRAW_STRIDE;
    bool is_failed = sim_rng_chance(&draws, point->failing);
    bool hangs = point->pop == SIM_NONE;
    if (is_failed && !hangs)
        hangs = sim_rng_chance(&draws, hanging_share(observers, row));
    observers_after(observers, row->spec->every, OBSERVERS_TEST, row->id, i);
    if (is_failed && hangs && row->spec->timeout > 0)
        observers_after(observers, row->spec->timeout, OBSERVERS_RESULT, row->id, i);
    else
        observers_probes_result(observers, row, i, is_failed);
}

void
observers_probes_result(Observers *observers, ObserverRow *row, uint32_t point, bool is_failed)
{
    Probes *probes = &row->probes;
    char text[96];
    if (observers_loses(observers, row))
        return;
    bool has_changed = probes_result(probes, point, is_failed);
    row->value = (double)probes->n_failing / probes->n;
    row->alerts[0].is_firing = probes_is_firing(probes);
    g_snprintf(text, sizeof text, "%u of %u points fail, %s %u", probes->n_failing, probes->n,
               row->alerts[0].is_firing ? "at least" : "fewer than", probes->need);
    if (has_changed)
        observers_tell(observers, row, 0, text);
}
