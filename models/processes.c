#include "models/processes.h"

#include "models/plane.h"
#include "models/warmup.h"

enum {
    QUARTERS = 4,       /* of a rolling restart */
    DRAW_STRIDE = 1024, /* numbers of a stream that belong to one decision */
};

static const SimTime start_min = SIM_SECOND; /* without back-off, lest it start without end */

/* What people do draws apart from what configs do, so that it shifts none of the latter's draws. */
typedef enum Purpose { DRAW_CRASH, DRAW_START, DRAW_KILL, DRAW_ROLL, PURPOSES } Purpose;
static const char *const purpose_names[PURPOSES] = {"crash", "start", "kill", "roll"};

typedef struct Stream {
    SimRng rng;
    uint64_t decisions;
} Stream;

/* A rolling restart of one group: what there was of each kind, and what is down now. */
typedef struct Rolling {
    bool is_active;
    uint32_t quarter, cause;
    double success;
    SimEvent then;
    uint32_t live, looping, stuck;
    uint32_t down_live, down_looping, down_stuck;
} Rolling;

typedef struct Group {
    uint32_t service, cohort, pop; /* service: the host */
    uint32_t n, live, looping, stuck;
    uint32_t crashes; /* on the back-off clock */
    SimTime up_since; /* the end of the last loop */
    SimEventId start, warming;
    uint32_t cause, stuck_service, stuck_cause;
    Warmup warmup;
    Rolling rolling;
    Stream streams[PURPOSES];
} Group;

/* What a consumer meets at one PoP. */
typedef struct Effect {
    bool in_force, is_starved;
    uint32_t cause;
} Effect;

typedef struct Consumer {
    uint32_t service, host, cohort, degrade;
    const EffectSpec *effect;
    uint32_t next;   /* of the same host */
    Effect *effects; /* [pop] */
} Consumer;

struct Processes {
    Sim *sim;
    const World *world;
    Group *groups;
    uint32_t n_groups;
    uint32_t *first;  /* [service] group of a host's cohort 0 and PoP 0; SIM_NONE: no host */
    uint32_t *total;  /* [service] processes of a host at one PoP */
    Behaviour **told; /* [service] what the plane knows: [cohort, PoP]; NULL: not at the PoPs */
    Consumer *consumers;
    uint32_t n_consumers, consumers_max;
    uint32_t *consumers_of; /* [service] first consumer of a host */
};

enum { START, WARM, QUARTER };

static void on_start(Sim *sim, void *state, SimEvent event);
static void on_warm(Sim *sim, void *state, SimEvent event);
static void on_quarter(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [START] = {"processes.start", on_start},
    [WARM] = {"processes.warm", on_warm},
    [QUARTER] = {"processes.quarter", on_quarter},
};
static const SimModelOps ops = {.name = "processes",
                                .state_size = sizeof(Processes),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

/* lookup ------------------------------------------------------------------------------------ */

static uint32_t
restarting(const Group *group)
{
    const Rolling *rolling = &group->rolling;
    return rolling->down_live + rolling->down_looping + rolling->down_stuck;
}

static void
verify(const Sim *sim, const void *state)
{
    const Processes *processes = state;
    for (uint32_t i = 0; i < processes->n_groups; i++) {
        const Group *group = &processes->groups[i];
        uint32_t sum = group->live + group->looping + group->stuck + restarting(group);
        SIM_ASSERT(sum == group->n);
        SIM_ASSERT(group->looping == 0 || sim_is_pending(sim, group->start));
        SIM_ASSERT(group->rolling.is_active || restarting(group) == 0);
        SIM_ASSERT(group->warmup.n == 0 || sim_is_pending(sim, group->warming));
    }
}

static Group *
group_of(const Processes *processes, uint32_t host, uint32_t cohort, uint32_t pop)
{
    const World *world = processes->world;
    SIM_ASSERT(host < world->n_services && processes->first[host] != SIM_NONE);
    SIM_ASSERT(cohort < world->n_cohorts[host]);
    SIM_ASSERT(pop < world->n_pops);
    return &processes->groups[processes->first[host] + cohort * world->n_pops + pop];
}

static uint32_t
index_of(const Processes *processes, const Group *group)
{
    return (uint32_t)(group - processes->groups);
}

static const RestartSpec *
restart_of(const Processes *processes, const Group *group)
{
    return &world_service(processes->world, group->service)->restart;
}

/* Every decision has numbers of its own, however many the one before took. */
static SimRng *
decide(Group *group, Purpose purpose)
{
    Stream *stream = &group->streams[purpose];
    stream->rng.counter = stream->decisions++ * DRAW_STRIDE;
    return &stream->rng;
}

/* attach ------------------------------------------------------------------------------------ */

static uint32_t
processes_in_cohort(const World *world, uint32_t host, uint32_t cohort)
{
    double all = (double)world_service(world, host)->restart.processes;
    return (uint32_t)MAX(1.0, all * world_cohort_share(world, host, cohort) + 0.5);
}

static void
init_group(Processes *processes, uint32_t host, uint32_t cohort, uint32_t pop)
{
    const World *world = processes->world;
    Group *group = group_of(processes, host, cohort, pop);
    uint32_t n = processes_in_cohort(world, host, cohort);
    *group = (Group){
        .service = host,
        .cohort = cohort,
        .pop = pop,
        .n = n,
        .live = n,
        .up_since = -SIM_DAY,
        .cause = SIM_NONE,
        .stuck_service = host,
        .stuck_cause = SIM_NONE,
    };
    for (uint32_t i = 0; i < PURPOSES; i++)
        group->streams[i].rng = sim_stream(processes->sim, "processes/%u/%u/%s/pop/%s", host,
                                           cohort, purpose_names[i], world->geo->pops.code[pop]);
}

static bool
is_host(const World *world, uint32_t service)
{
    return world->host[service] == service &&
           world_service(world, service)->placement == PLACEMENT_POP;
}

static void
attach_groups(Processes *processes)
{
    const World *world = processes->world;
    SimArena *arena = sim_arena(processes->sim);
    for (uint32_t service = 0; service < world->n_services; service++) {
        processes->first[service] = processes->consumers_of[service] = SIM_NONE;
        if (!is_host(world, service))
            continue;
        processes->first[service] = processes->n_groups;
        processes->n_groups += world->n_cohorts[service] * world->n_pops;
    }
    processes->groups = SIM_ARENA_NEW(arena, Group, processes->n_groups);
    for (uint32_t service = 0; service < world->n_services; service++)
        for (uint32_t cohort = 0;
             processes->first[service] != SIM_NONE && cohort < world->n_cohorts[service];
             cohort++) {
            processes->total[service] += processes_in_cohort(world, service, cohort);
            for (uint32_t pop = 0; pop < world->n_pops; pop++)
                init_group(processes, service, cohort, pop);
        }
}

static void
attach_told(Processes *processes)
{
    const World *world = processes->world;
    processes->told = SIM_ARENA_NEW(sim_arena(processes->sim), Behaviour *, world->n_services);
    for (uint32_t service = 0; service < world->n_services; service++) {
        if (processes->first[world->host[service]] == SIM_NONE)
            continue;
        uint32_t n = world->n_cohorts[service] * world->n_pops;
        processes->told[service] = SIM_ARENA_NEW(sim_arena(processes->sim), Behaviour, n);
        for (uint32_t i = 0; i < n; i++)
            processes->told[service][i] = BEHAVIOUR_NORMAL;
    }
}

static uint32_t
consumers_max(const World *world)
{
    uint32_t most = world->n_services;
    for (uint32_t config = 0; config < world->n_configs; config++)
        SIM_EACH(const ConsumerSpec, consumer, world_config(world, config)->consumers)
    most += world->n_cohorts[consumer->service];
    SIM_EACH(const TimelineSpec, entry, world->spec->timeline)
    most += 1 + entry->services.n;
    return most;
}

Processes *
processes_attach(Sim *sim, const World *world)
{
    SimArena *arena = sim_arena(sim);
    Processes *processes = sim_attach(sim, &ops);
    processes->sim = sim;
    processes->world = world;
    processes->first = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    processes->total = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    processes->consumers_of = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    processes->consumers_max = consumers_max(world);
    processes->consumers = SIM_ARENA_NEW(arena, Consumer, processes->consumers_max);
    attach_groups(processes);
    attach_told(processes);
    return processes;
}

uint32_t
processes_consumer_add(Processes *processes, uint32_t service, const char *cohort,
                       const EffectSpec *effect)
{
    const World *world = processes->world;
    SIM_ASSERT(processes->n_consumers < processes->consumers_max);
    uint32_t host = world->host[service], id = processes->n_consumers++;
    SIM_ASSERT(processes->first[host] != SIM_NONE);
    processes->consumers[id] = (Consumer){
        .service = service,
        .host = host,
        .cohort = cohort ? world_cohort_find(world, service, cohort) : SIM_NONE,
        .degrade = effect->degrade ? world_condition_find(world, effect->degrade) : SIM_NONE,
        .effect = effect,
        .next = processes->consumers_of[host],
        .effects = SIM_ARENA_NEW(sim_arena(processes->sim), Effect, world->n_pops),
    };
    SIM_ASSERT(!cohort || processes->consumers[id].cohort != SIM_NONE);
    processes->consumers_of[host] = id;
    return id;
}

/* what calls meet --------------------------------------------------------------------------- */

static bool
is_met_by(const Consumer *consumer, uint32_t cohort)
{
    return consumer->cohort == SIM_NONE || consumer->cohort == cohort;
}

static double
either(double p, double q)
{
    return 1 - (1 - p) * (1 - q);
}

static void
add_effect(Behaviour *behaviour, const Consumer *consumer, const Effect *effect)
{
    const EffectSpec *spec = consumer->effect;
    if (effect->is_starved) {
        behaviour->errors = 1;
        behaviour->stuck_cause = effect->cause;
        return;
    }
    behaviour->panic = either(behaviour->panic, spec->panic);
    behaviour->errors = either(behaviour->errors, spec->errors);
    behaviour->burn_cpu *= MAX(1, spec->burn_cpu);
    behaviour->delay += sim_seconds(spec->slow);
    behaviour->calls *= spec->calls;
    if (behaviour->degrade == SIM_NONE)
        behaviour->degrade = consumer->degrade;
    behaviour->cause = effect->cause;
    if (spec->errors > 0)
        behaviour->stuck_cause = effect->cause;
}

static double
speed_of(const Processes *processes, const Group *group)
{
    const RestartSpec *spec = restart_of(processes, group);
    double cold = warmup_cold(&group->warmup, spec, sim_now(processes->sim));
    return MAX(0, group->live - cold) / group->n;
}

static void
add_group(const Processes *processes, Behaviour *behaviour, const Group *group, uint32_t service)
{
    if (service == group->service) {
        behaviour->speed = speed_of(processes, group);
        behaviour->refused = group->live + group->stuck == 0;
        if (behaviour->cause == SIM_NONE && behaviour->speed < 1)
            behaviour->cause = group->cause;
    }
    if (group->stuck > 0 && service == group->stuck_service) {
        double met = (double)group->stuck / (group->live + group->stuck);
        behaviour->errors = either(behaviour->errors, met);
        behaviour->stuck_cause = group->stuck_cause;
    }
}

/* Only what is news: a plane has work to do when it is told. */
static void
tell(const Processes *processes, const Group *group, uint32_t service)
{
    const World *world = processes->world;
    Behaviour behaviour = BEHAVIOUR_NORMAL;
    uint32_t next = processes->consumers_of[group->service];
    while (next != SIM_NONE) {
        const Consumer *consumer = &processes->consumers[next];
        const Effect *effect = &consumer->effects[group->pop];
        if (effect->in_force && consumer->service == service && is_met_by(consumer, group->cohort))
            add_effect(&behaviour, consumer, effect);
        next = consumer->next;
    }
    add_group(processes, &behaviour, group, service);
    Behaviour *told = &processes->told[service][group->cohort * world->n_pops + group->pop];
    if (behaviour_is_same(told, &behaviour))
        return;
    *told = behaviour;
    world->ops->behaviour_set(world->plane, service, group->pop, group->cohort, &behaviour);
}

/* The host, and the service that meets the stuck ones. */
static void
tell_group(const Processes *processes, const Group *group)
{
    tell(processes, group, group->service);
    if (group->stuck_service != group->service)
        tell(processes, group, group->stuck_service);
}

/* The probability that a process which comes up now dies of a config. */
static double
crash_share(const Processes *processes, const Group *group, uint32_t *ret_service,
            uint32_t *ret_cause)
{
    double share = 0;
    uint32_t next = processes->consumers_of[group->service];
    while (next != SIM_NONE) {
        const Consumer *consumer = &processes->consumers[next];
        const Effect *effect = &consumer->effects[group->pop];
        next = consumer->next;
        if (!effect->in_force || effect->is_starved || !is_met_by(consumer, group->cohort) ||
            consumer->effect->crash_loop <= 0)
            continue;
        share = either(share, consumer->effect->crash_loop);
        *ret_service = consumer->service;
        *ret_cause = effect->cause;
    }
    return share;
}

/* dying and starting ------------------------------------------------------------------------ */

static void
journal_deaths(const Processes *processes, const Group *group, uint32_t dead, uint32_t cause)
{
    const World *world = processes->world;
    const char *service = world_service(world, group->service)->entity.name;
    uint64_t what = ((uint64_t)group->service << 40) | ((uint64_t)group->cohort << 32) | cause;
    SimJournalEntry entry = {
        .at = sim_now(processes->sim), .cause = cause, .kind = "processes.died", .entity = service};
    sim_journal_coalesce(world->journal, sim_mix64(what ^ sim_hash_text(entry.kind)), 1, &entry,
                         "%u of %u processes of %s%s%s die at %s", dead, group->n, service,
                         world->n_cohorts[group->service] > 1 ? " " : "",
                         world_cohort_name(world, group->service, group->cohort),
                         world->geo->pops.code[group->pop]);
}

static void
lose_cache(const Processes *processes, const Group *group, uint32_t restarted, uint32_t cause)
{
    const World *world = processes->world;
    double part = (double)restarted / processes->total[group->service];
    double kept = 1 - (1 - restart_of(processes, group)->cache_kept) * part;
    if (kept < 1)
        world->ops->cache_keep(world->plane, group->pop, SIM_NONE, kept, cause);
}

static void
schedule_start(Processes *processes, Group *group)
{
    const RestartSpec *spec = restart_of(processes, group);
    SimTime uptime = sim_now(processes->sim) - group->up_since;
    if (backoff_is_reset((BackoffKind)spec->backoff, uptime))
        group->crashes = 0;
    SimTime wait = backoff_delay((BackoffKind)spec->backoff, ++group->crashes, uptime);
    if (wait == SIM_TIME_MAX) {
        group->stuck += group->looping;
        group->looping = 0;
        group->stuck_cause = group->cause;
        return;
    }
    SimTime start = sim_law_sample(&spec->delay, decide(group, DRAW_START));
    if (spec->backoff == BACKOFF_NONE)
        start = MAX(start, start_min);
    group->start = sim_after(processes->sim, sim_time_add(wait, start), &ops, START,
                             index_of(processes, group), 0);
}

/* Those that have left `live`: some end as stuck, the others loop on the group's clock. */
static void
loop(Processes *processes, Group *group, uint32_t dead, uint32_t stuck, uint32_t service,
     uint32_t cause)
{
    uint32_t stuck_before = group->stuck;
    group->looping += dead - stuck;
    group->stuck += stuck;
    group->cause = cause;
    warmup_trim(&group->warmup, group->live);
    bool is_clocked = sim_is_pending(processes->sim, group->start);
    if (group->looping > 0 && !is_clocked)
        schedule_start(processes, group);
    if (group->stuck == stuck_before)
        return;
    uint32_t before = group->stuck_service;
    group->stuck_service = service;
    group->stuck_cause = cause;
    if (before != service)
        tell(processes, group, before);
}

/* How many die; they take with them what they had in hand and their part of the cache. */
static uint32_t
die(Processes *processes, Group *group, SimRng *rng, double share, uint32_t cause)
{
    const World *world = processes->world;
    uint32_t dead = (uint32_t)sim_rng_binomial(rng, group->live, share);
    if (dead == 0)
        return 0;
    double lost = (double)dead / group->live;
    world->ops->crash(world->plane, group->service, group->pop, group->cohort, lost, cause);
    group->live -= dead;
    journal_deaths(processes, group, dead, cause);
    lose_cache(processes, group, dead, cause);
    return dead;
}

static void
crash(Processes *processes, Group *group, double share, uint32_t service, uint32_t cause)
{
    SimRng *rng = decide(group, DRAW_CRASH);
    uint32_t dead = die(processes, group, rng, share, cause);
    uint32_t stuck = (uint32_t)sim_rng_binomial(rng, dead, restart_of(processes, group)->stuck);
    if (dead > 0)
        loop(processes, group, dead, stuck, service, cause);
}

static void
look_again(Processes *processes, Group *group)
{
    SimTime step = restart_of(processes, group)->warm_up / WARMUP_STEPS;
    if (group->warmup.n > 0 && !sim_is_pending(processes->sim, group->warming))
        group->warming = sim_after(processes->sim, step, &ops, WARM, index_of(processes, group), 0);
}

static void
on_warm(Sim *sim, void *state, SimEvent event)
{
    Processes *processes = state;
    Group *group = &processes->groups[event.actor];
    warmup_expire(&group->warmup, restart_of(processes, group), sim_now(sim));
    look_again(processes, group);
    tell(processes, group, group->service);
}

static void
come_up(Processes *processes, Group *group, uint32_t n)
{
    group->live += n;
    warmup_add(&group->warmup, restart_of(processes, group), n, sim_now(processes->sim));
    look_again(processes, group);
}

static void
on_start(Sim *sim, void *state, SimEvent event)
{
    Processes *processes = state;
    Group *group = &processes->groups[event.actor];
    uint32_t service = group->stuck_service, cause = group->cause;
    if (group->looping == 0)
        return;
    group->up_since = sim_now(sim);
    if (crash_share(processes, group, &service, &cause) > 0) {
        loop(processes, group, 0, 0, service, cause);
    } else {
        come_up(processes, group, group->looping);
        group->looping = 0;
    }
    tell_group(processes, group);
}

/* configs ----------------------------------------------------------------------------------- */

static void
set_effect(Processes *processes, uint32_t id, uint32_t pop, Effect effect)
{
    SIM_ASSERT(id < processes->n_consumers);
    SIM_ASSERT(pop < processes->world->n_pops);
    const Consumer *consumer = &processes->consumers[id];
    bool crashes = effect.in_force && !effect.is_starved && consumer->effect->crash_loop > 0;
    consumer->effects[pop] = effect;
    for (uint32_t cohort = 0; cohort < processes->world->n_cohorts[consumer->host]; cohort++) {
        if (!is_met_by(consumer, cohort))
            continue;
        Group *group = group_of(processes, consumer->host, cohort, pop);
        if (crashes)
            crash(processes, group, consumer->effect->crash_loop, consumer->service, effect.cause);
        tell(processes, group, consumer->service);
        if (crashes && consumer->service != consumer->host)
            tell(processes, group, consumer->host);
    }
}

void
processes_effect_set(Processes *processes, uint32_t consumer, uint32_t pop, bool in_force,
                     uint32_t cause)
{
    set_effect(processes, consumer, pop, (Effect){.in_force = in_force, .cause = cause});
}

void
processes_starve(Processes *processes, uint32_t consumer, uint32_t pop, uint32_t cause)
{
    set_effect(processes, consumer, pop,
               (Effect){.in_force = true, .is_starved = true, .cause = cause});
}

/* rolling restarts -------------------------------------------------------------------------- */

static uint32_t
quarter_of(uint32_t n, uint32_t quarter)
{
    uint64_t all = n;
    return (uint32_t)((quarter + 1) * all / QUARTERS - quarter * all / QUARTERS);
}

static uint32_t
take(uint32_t *kind, uint32_t n)
{
    uint32_t taken = MIN(*kind, n);
    *kind -= taken;
    return taken;
}

/* The next quarter that holds a process goes down; false when there is none. */
static bool
take_quarter(Processes *processes, Group *group)
{
    Rolling *rolling = &group->rolling;
    while (restarting(group) == 0 && rolling->quarter < QUARTERS) {
        uint32_t quarter = rolling->quarter++;
        rolling->down_live = take(&group->live, quarter_of(rolling->live, quarter));
        rolling->down_looping = take(&group->looping, quarter_of(rolling->looping, quarter));
        rolling->down_stuck = take(&group->stuck, quarter_of(rolling->stuck, quarter));
    }
    if (restarting(group) == 0)
        return false;
    warmup_trim(&group->warmup, group->live);
    group->cause = rolling->cause;
    lose_cache(processes, group, restarting(group), group->cause);
    SimTime delay = sim_law_sample(&restart_of(processes, group)->delay, decide(group, DRAW_ROLL));
    sim_after(processes->sim, delay, &ops, QUARTER, index_of(processes, group), 0);
    tell_group(processes, group);
    return true;
}

/* What was down comes up, stays what it was, or dies of a config that is still in force. */
static void
bring_back(Processes *processes, Group *group)
{
    Rolling *rolling = &group->rolling;
    SimRng *rng = decide(group, DRAW_ROLL);
    uint32_t service = group->service, cause = group->cause;
    double share = crash_share(processes, group, &service, &cause);
    uint32_t looping = (uint32_t)sim_rng_binomial(rng, rolling->down_looping, rolling->success);
    uint32_t stuck = (uint32_t)sim_rng_binomial(rng, rolling->down_stuck, rolling->success);
    uint32_t up = rolling->down_live + looping + stuck;
    uint32_t dead = (uint32_t)sim_rng_binomial(rng, up, share);
    uint32_t lost = (uint32_t)sim_rng_binomial(rng, dead, restart_of(processes, group)->stuck);
    group->looping += rolling->down_looping - looping;
    group->stuck += rolling->down_stuck - stuck;
    rolling->down_live = rolling->down_looping = rolling->down_stuck = 0;
    if (group->looping == 0)
        group->crashes = 0;
    come_up(processes, group, up - dead);
    if (dead > 0)
        loop(processes, group, dead, lost, service, cause);
    else if (group->looping > 0 && !sim_is_pending(processes->sim, group->start))
        schedule_start(processes, group);
}

static void
on_quarter(Sim *sim, void *state, SimEvent event)
{
    Processes *processes = state;
    Group *group = &processes->groups[event.actor];
    bring_back(processes, group);
    if (take_quarter(processes, group))
        return;
    tell_group(processes, group);
    group->rolling.is_active = false;
    sim_post(sim, sim_now(sim), group->rolling.then);
}

bool
processes_roll(Processes *processes, const ProcessRoll *roll)
{
    uint32_t host = processes->world->host[roll->service];
    Group *group = group_of(processes, host, roll->cohort, roll->pop);
    if (group->rolling.is_active)
        return false;
    group->rolling = (Rolling){.is_active = true,
                               .cause = roll->cause,
                               .success = roll->success,
                               .then = roll->then,
                               .live = group->live,
                               .looping = group->looping,
                               .stuck = group->stuck};
    bool has_begun = take_quarter(processes, group);
    SIM_ASSERT(has_begun);
    return true;
}

uint32_t
processes_kill(Processes *processes, const ProcessKill *kill)
{
    const World *world = processes->world;
    uint32_t host = world->host[kill->service], killed = 0;
    for (uint32_t i = 0; i < kill->n_pops; i++)
        for (uint32_t cohort = 0; cohort < world->n_cohorts[host]; cohort++) {
            if (kill->cohort != SIM_NONE && kill->cohort != cohort)
                continue;
            Group *group = group_of(processes, host, cohort, kill->pops[i]);
            SimRng *rng = decide(group, DRAW_KILL);
            uint32_t dead = die(processes, group, rng, kill->share, kill->cause);
            if (dead > 0)
                loop(processes, group, dead, 0, group->stuck_service, kill->cause);
            tell_group(processes, group);
            killed += dead;
        }
    return killed;
}

/* questions --------------------------------------------------------------------------------- */

ProcessCounts
processes_counts(const Processes *processes, uint32_t service, uint32_t cohort, uint32_t pop)
{
    const Group *group = group_of(processes, processes->world->host[service], cohort, pop);
    return (ProcessCounts){.processes = group->n,
                           .live = group->live,
                           .looping = group->looping,
                           .stuck = group->stuck,
                           .restarting = restarting(group)};
}

ProcessCounts
processes_sum(const Processes *processes, uint32_t service)
{
    const World *world = processes->world;
    ProcessCounts sum = {0};
    for (uint32_t cohort = 0; cohort < world->n_cohorts[service]; cohort++)
        for (uint32_t pop = 0; pop < world->n_pops; pop++) {
            ProcessCounts counts = processes_counts(processes, service, cohort, pop);
            sum.processes += counts.processes;
            sum.live += counts.live;
            sum.looping += counts.looping;
            sum.stuck += counts.stuck;
            sum.restarting += counts.restarting;
        }
    return sum;
}
