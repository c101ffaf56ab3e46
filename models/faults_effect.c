#include "models/faults_parts.h"

typedef struct Counter {
    const Faults *faults;
    uint32_t id;
    const TimelineSpec *entry;
    const SimRecorder *recorder, *pop_recorder;
} Counter;

static double
overlap(SimTime from, SimTime to, const Spell *spell)
{
    SimTime common = MIN(to, spell->to) - MAX(from, spell->from);
    return common > 0 ? sim_seconds(common) : 0;
}

static uint32_t
n_spells(const Force *force)
{
    return force->n_spells + force->is_on;
}

/* The last one may be under way. */
static Spell
spell_at(const Counter *counter, uint32_t k)
{
    const Force *force = &counter->faults->forces[counter->id];
    if (k < force->n_spells)
        return force->spells[k];
    return (Spell){force->level_since, sim_now(counter->faults->sim), force->level};
}

/* What a bucket of a series adds, given how much it holds and how long it is. */
typedef double (*Part)(const Counter *counter, double amount, double seconds);

static double
whole(const Counter *counter, double amount, double seconds)
{
    (void)counter;
    (void)seconds;
    return amount;
}

/* The part of a series that lies within the spells, times their strength. */
static double
sum_within(const Counter *counter, const SimRecorder *recorder, const char *name, Part part)
{
    double sum = 0;
    uint32_t column = sim_recorder_find(recorder, name);
    double width = sim_seconds(sim_recorder_width(recorder));
    for (uint32_t b = 0; column != SIM_NONE && b < sim_recorder_n_closed(recorder); b++) {
        SimTime from = sim_recorder_bucket_start(recorder, b);
        SimTime to = from + sim_recorder_width(recorder);
        double share = 0;
        for (uint32_t k = 0; k < n_spells(&counter->faults->forces[counter->id]); k++) {
            Spell spell = spell_at(counter, k);
            share += overlap(from, to, &spell) / width * spell.level;
        }
        if (share > 0)
            sum += part(counter, sim_recorder_value(recorder, column, b), width) * share;
    }
    return sum;
}

static double
sum_named(const Counter *counter, const char *kind, const char *name, const char *what, Part part)
{
    g_autofree char *column = g_strdup_printf("%s.%s.%s", kind, name, what);
    return sum_within(counter, counter->recorder, column, part);
}

/* Of all demand, that of the PoPs that the entry befell last. */
static double
share_of_pops(const Counter *counter)
{
    const World *world = counter->faults->world;
    const Force *force = &counter->faults->forces[counter->id];
    double all = 0, befallen = 0;
    for (uint32_t pop = 0; pop < world->n_pops && force->pops; pop++) {
        all += world->demand[pop];
        befallen += force->pops[pop] ? world->demand[pop] : 0;
    }
    return all > 0 ? befallen / all : 1;
}

/* The share of what is touched that an entry means; 1 where it has none, or only makes slow. */
static double
share_of(const TimelineSpec *entry)
{
    if (entry->verb == VERB_POWER_LOSS || entry->latency > 0)
        return 1;
    return entry->hosts > 0 ? entry->hosts : entry->share;
}

static bool
is_asked_of(const Counter *counter, uint32_t service)
{
    const World *world = counter->faults->world;
    const TimelineSpec *entry = counter->entry;
    const ServiceSpec *spec = world_service(world, service);
    if (entry->verb == VERB_CLOCK_SKEW && entry->skew <= spec->clock_tolerance)
        return false;
    if (entry->service == service || fault_lists(&entry->services, service))
        return true;
    if (entry->location == SIM_NONE || spec->location != entry->location)
        return false;
    return entry->verb == VERB_LINK ||
           (entry->verb == VERB_POWER_LOSS ? spec->placement == PLACEMENT_CORE
                                           : spec->placement == PLACEMENT_EXTERNAL);
}

static double
count_calls_of(const Counter *counter, Part part)
{
    const World *world = counter->faults->world;
    double sum = 0;
    for (uint32_t service = 0; service < world->n_services; service++) {
        if (!is_asked_of(counter, service))
            continue;
        double part_of = fault_is_at_pops(world, service) ? share_of_pops(counter) : 1;
        sum += part_of * sum_named(counter, "service", world_service(world, service)->entity.name,
                                   "offered", part);
    }
    return sum * share_of(counter->entry);
}

static double
count_calls(const Counter *counter)
{
    return count_calls_of(counter, whole);
}

static double
above_quota(const Counter *counter, double amount, double seconds)
{
    return MAX(0, amount - counter->entry->to_rate * seconds);
}

static double
count_refused(const Counter *counter)
{
    return count_calls_of(counter, above_quota);
}

static double
sum_sites(const Counter *counter, const char *what)
{
    double sum = 0;
    SIM_EACH(const uint32_t, site, counter->entry->sites)
    sum += sum_named(counter, "site", world_site(counter->faults->world, *site)->entity.name, what,
                     whole);
    return sum;
}

static double
count_attempts(const Counter *counter)
{
    return sum_sites(counter, "offered") * share_of(counter->entry) + count_calls(counter);
}

static double
count_attack(const Counter *counter)
{
    return sum_sites(counter, "offered");
}

static double
count_surge(const Counter *counter)
{
    double by = counter->entry->by;
    return sum_sites(counter, "fresh") * (by > 1 ? 1 - 1 / by : 1 / by - 1);
}

static double
count_ways(const Counter *counter)
{
    const World *world = counter->faults->world;
    const Force *force = &counter->faults->forces[counter->id];
    double sum = 0;
    if (counter->entry->location != SIM_NONE)
        return count_calls(counter);
    for (uint32_t pop = 0; pop < world->n_pops; pop++) {
        if (!force->pops[pop])
            continue;
        g_autofree char *column = g_strdup_printf("pop.%s.offered", world->geo->pops.code[pop]);
        sum += sum_within(counter, counter->pop_recorder, column, whole);
    }
    return sum * share_of(counter->entry);
}

/* No more than the sites ask, and no more than all origins are asked. */
static double
count_origins(const Counter *counter)
{
    double asked = sum_within(counter, counter->recorder, "origin.requests", whole);
    return MIN(asked, sum_sites(counter, "answered")) * share_of(counter->entry);
}

/* By how warm all caches were just before. */
static double
count_dropped(const Counter *counter)
{
    const World *world = counter->faults->world;
    const Force *force = &counter->faults->forces[counter->id];
    const SimRecorder *recorder = counter->recorder;
    uint32_t column = sim_recorder_find(recorder, "cache.warm");
    double objects = 0, sum = 0;
    SIM_EACH(const uint32_t, site, counter->entry->sites)
    {
        const CacheSpec *cache = &world_site(world, *site)->cache;
        objects += cache->cacheable > 0 ? cache->objects * cache->size * world->n_pops : 0;
    }
    for (uint32_t k = 0; k < force->n_spells && column != SIM_NONE; k++) {
        uint32_t bucket = (uint32_t)(force->spells[k].from / sim_recorder_width(recorder));
        bucket -= bucket > 0;
        if (bucket < sim_recorder_n_closed(recorder))
            sum += sim_recorder_value(recorder, column, bucket);
    }
    return sum * objects * counter->entry->share;
}

static double
seconds_in_force(const Counter *counter)
{
    double seconds = 0;
    for (uint32_t k = 0; k < n_spells(&counter->faults->forces[counter->id]); k++) {
        Spell spell = spell_at(counter, k);
        seconds += sim_seconds(spell.to - spell.from);
    }
    return seconds;
}

static double
figures_per_s(const ObserverSpec *observer)
{
    static const double CROWD_BIN_S = 60;
    if (observer->kind == OBSERVER_CROWD)
        return 1 / CROWD_BIN_S;
    if (observer->kind == OBSERVER_PROBES)
        return (double)observer->points / sim_seconds(observer->every);
    return 1 / sim_seconds(observer->scrape);
}

static double
count_figures(const Counter *counter)
{
    const SimList *observers = &counter->faults->world->spec->observers;
    double per_s = 0;
    for (uint32_t i = 0; i < observers->n; i++) {
        const ObserverSpec *observer = SIM_ITEM(*observers, const ObserverSpec, i);
        bool is_named = fault_lists(&counter->entry->observers, i);
        bool is_meant = counter->entry->observers.n == 0 && observer_is_monitor(observer->kind);
        per_s += is_named || is_meant ? figures_per_s(observer) : 0;
    }
    return per_s * seconds_in_force(counter);
}

static double
count_touched(const Counter *counter)
{
    return counter->faults->forces[counter->id].touched;
}

typedef struct Row {
    double (*count)(const Counter *counter);
    const char *unit;
    const char *why;
} Row;

static const char no_calls[] = "nobody called it meanwhile";
static const char no_attempts[] = "nobody asked for it meanwhile";

static const Row rows[VERB_COUNT] = {
    [VERB_KILL] = {count_touched, "processes that died", "its share of the processes was none"},
    [VERB_HALT] = {count_calls, "calls to the service meanwhile", no_calls},
    [VERB_SURGE] = {count_surge, "attempts more or fewer", no_attempts},
    [VERB_POP_DOWN] = {count_touched, "PoPs that lost their routes", "they had no routes to lose"},
    [VERB_PURGE] = {count_dropped, "cached objects dropped", "the caches held nothing"},
    [VERB_SERVICE_FAILS] = {count_calls, "calls answered with an error", no_calls},
    [VERB_SERVICE_SLOW] = {count_calls, "calls that took longer", no_calls},
    [VERB_BURN_CPU] = {count_calls, "calls that cost more", no_calls},
    [VERB_LINK] = {count_ways, "calls or attempts on the way, lost or late", no_calls},
    [VERB_POWER_LOSS] = {count_calls, "calls to services without power",
                         "nobody called what is there, or generators started at once"},
    [VERB_CLOUD_OUTAGE] = {count_calls, "calls answered with an error", no_calls},
    [VERB_CERTIFICATE] = {count_attempts, "attempts or calls refused", no_attempts},
    [VERB_DNS_FAILURE] = {count_attempts, "attempts without an address", no_attempts},
    [VERB_DDOS] = {count_attack, "attempts of the attack", "the attack asked nothing"},
    [VERB_ORIGIN_FAILS] = {count_origins, "requests to origins that failed",
                           "caches answered everything"},
    [VERB_ORIGIN_SLOW] = {count_origins, "requests to origins that took longer",
                          "caches answered everything"},
    [VERB_CLOCK_SKEW] = {count_calls, "calls to services that do not tolerate it",
                         "the services tolerate it, or nobody called them"},
    [VERB_BLACKOUT] = {count_figures, "figures that observers did not get",
                       "no figure was due meanwhile"},
    [VERB_STATUS_DOWN] = {seconds_in_force, "seconds without a status page", "it was over at once"},
    [VERB_QUOTA] = {count_refused, "calls beyond the quota", "fewer calls came than are allowed"},
};

const char *
fault_counts(int verb)
{
    SIM_ASSERT(verb >= 0 && verb < VERB_COUNT);
    return rows[verb].unit;
}

FaultEffect
faults_effect(const Sim *sim, uint32_t id, const SimRecorder *recorder,
              const SimRecorder *pop_recorder)
{
    const Faults *faults = sim_state(sim, &faults_ops);
    const TimelineSpec *entry = fault_entry(faults->world, id);
    const Row *row = &rows[entry->verb];
    bool is_act = entry->team != SIM_NONE || entry->on_alert != SIM_NONE;
    FaultEffect effect = {.is_fault = row->count && !is_act,
                          .has_happened = faults->forces[id].has_happened,
                          .unit = row->unit,
                          .why = row->why};
    const Counter counter = {faults, id, entry, recorder, pop_recorder};
    if (effect.is_fault && effect.has_happened)
        effect.touched = row->count(&counter);
    return effect;
}
