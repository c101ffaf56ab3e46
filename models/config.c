#include "models/config.h"

#include "models/version.h"

#include <string.h>

enum {
    PUSHES_FIRST = 64,
    PUSHES_MAX = 3 * VERSIONS_MAX,
    DRAW_STRIDE = 16, /* numbers of a stream that belong to one round or push */
    TEXT_MAX = 200,
};

/* One sending of a version, to all PoPs or to some; later ones win. */
typedef struct Push {
    uint32_t version;
    uint32_t entry;    /* journal: the version, or whoever sent it again */
    uint64_t position; /* in the streams of delays */
    bool is_generated; /* which streams */
    bool is_told;      /* its way is worth journal lines */
    uint32_t targets, arrived;
    SimTime sent_at;
} Push;

/* What one PoP has. */
typedef struct Place {
    uint32_t push, version;
    bool is_bad, is_held;
} Place;

typedef struct Consumer {
    uint32_t id;    /* in processes.h */
    bool *in_force; /* [pop] */
} Consumer;

typedef struct Config {
    const ConfigSpec *spec;
    const char *entity; /* "config/NAME": what journal entries of this config carry */
    Versions *versions;
    bool is_running; /* the generator */
    bool has_told_generator;
    SimRng node, *delays, *hand_delays; /* [pop] */
    uint64_t n_hand;
    Push *pushes;
    uint32_t n_pushes, room;
    uint32_t rolled; /* the push of the rollout; 0: none */
    Place *places;   /* [pop] */
    uint32_t n_bad, n_held;
    Consumer *consumers;
} Config;

struct Configs {
    Sim *sim;
    const World *world;
    ConfigParts parts;
    Rollouts *rollouts;
    Config *rows;
};

enum { GENERATE, ARRIVE, WAVE, STOPPED };

static void on_generate(Sim *sim, void *state, SimEvent event);
static void on_arrive(Sim *sim, void *state, SimEvent event);
static void on_wave(Sim *sim, void *state, SimEvent event);
static void on_stopped(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [GENERATE] = {"config.generate", on_generate},
    [ARRIVE] = {"config.arrive", on_arrive},
    [WAVE] = {"config.wave", on_wave},
    [STOPPED] = {"config.stopped", on_stopped},
};
static const SimModelOps ops = {.name = "config",
                                .state_size = sizeof(Configs),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

static void
verify(const Sim *sim, const void *state)
{
    const Configs *configs = state;
    (void)sim;
    for (uint32_t i = 0; i < configs->world->n_configs; i++) {
        const Config *config = &configs->rows[i];
        uint32_t bad = 0, held = 0;
        for (uint32_t pop = 0; pop < configs->world->n_pops; pop++) {
            bad += config->places[pop].is_bad;
            held += config->places[pop].is_held;
            SIM_ASSERT(config->places[pop].push < config->n_pushes);
        }
        SIM_ASSERT(bad == config->n_bad);
        SIM_ASSERT(held == config->n_held);
    }
}

static Config *
row_at(const Configs *configs, uint32_t config)
{
    SIM_ASSERT(config < configs->world->n_configs);
    return &configs->rows[config];
}

/* check and attach -------------------------------------------------------------------------- */

static void
check_condition(const ConfigSpec *spec, SimMark mark, const Condition *condition,
                SimMessages *messages)
{
    if (version_property_find(spec, condition->property) == SIM_NONE)
        sim_messages_error(messages, mark,
                           "config '%s' has no property '%s': expected one of its properties",
                           spec->entity.name, condition->property);
}

static void
check_consumer(const World *world, const ConfigSpec *spec, const ConsumerSpec *consumer,
               SimMessages *messages)
{
    const ServiceSpec *service = world_service(world, consumer->service);
    SimMark mark = consumer->entity.mark;
    check_condition(spec, mark, &consumer->when, messages);
    if (service->placement != PLACEMENT_POP)
        sim_messages_error(messages, mark,
                           "service '%s' is not placed at the PoPs and receives no config: "
                           "expected a service with placement: pop",
                           service->entity.name);
    else if (consumer->cohort &&
             world_cohort_find(world, consumer->service, consumer->cohort) == SIM_NONE)
        sim_messages_error(messages, mark, "service '%s' has no cohort '%s'", service->entity.name,
                           consumer->cohort);
}

static void
check_generator(const World *world, const ConfigSpec *spec, SimMessages *messages)
{
    const GeneratorSpec *generator = &spec->generator;
    SimTime soak = 0;
    if (generator->every == 0)
        return;
    if (world->spec->clock.duration / generator->every >= VERSIONS_MAX)
        sim_messages_error(messages, generator->entity.mark,
                           "config '%s' would be generated more than %d times: expected a longer "
                           "period or a shorter run",
                           spec->entity.name, VERSIONS_MAX);
    if (generator->when_migrated.n > 0 && generator->runs_on == SIM_NONE)
        sim_messages_error(messages, generator->entity.mark,
                           "config '%s' has when_migrated but runs on no cluster: expected "
                           "runs_on: with the name of one",
                           spec->entity.name);
    version_check(spec, generator->when_migrated, messages);
    for (uint32_t i = 0; i + 1 < spec->rollout.waves.n; i++)
        soak += SIM_ITEM(spec->rollout.waves, WaveSpec, i)->soak;
    if (soak >= generator->every)
        sim_messages_warning(messages, spec->rollout.entity.mark,
                             "config '%s' is generated again before its waves are through: the "
                             "later ones are never pushed",
                             spec->entity.name);
}

static bool
check(const World *world, const ConfigSpec *spec, SimMessages *messages)
{
    uint32_t before = sim_messages_errors(messages);
    SIM_EACH(LimitSpec, limit, spec->limits)
    check_condition(spec, limit->entity.mark, &limit->demand, messages);
    SIM_EACH(ConsumerSpec, consumer, spec->consumers)
    check_consumer(world, spec, consumer, messages);
    check_generator(world, spec, messages);
    return sim_messages_errors(messages) == before;
}

static void
init_row(Configs *configs, uint32_t id)
{
    const World *world = configs->world;
    SimArena *arena = sim_arena(configs->sim);
    const ConfigSpec *spec = world_config(world, id);
    const char *name = spec->entity.name;
    g_autofree char *entity = g_strdup_printf("config/%s", name);
    Config *config = &configs->rows[id];
    *config = (Config){.spec = spec, .is_running = true, .n_pushes = 1, .room = PUSHES_FIRST};
    config->entity = sim_arena_strdup(arena, entity);
    config->versions = versions_new(arena, spec);
    config->pushes = SIM_ARENA_NEW(arena, Push, PUSHES_FIRST);
    config->pushes[0] =
        (Push){.entry = SIM_NONE, .targets = world->n_pops, .arrived = world->n_pops};
    config->places = SIM_ARENA_NEW(arena, Place, world->n_pops);
    config->node = sim_stream(configs->sim, "config/%.100s/node", name);
    config->delays = SIM_ARENA_NEW(arena, SimRng, world->n_pops);
    config->hand_delays = SIM_ARENA_NEW(arena, SimRng, world->n_pops);
    for (uint32_t pop = 0; pop < world->n_pops; pop++) {
        const char *code = world->geo->pops.code[pop];
        config->delays[pop] = sim_stream(configs->sim, "config/%.100s/delay/pop/%.40s", name, code);
        config->hand_delays[pop] =
            sim_stream(configs->sim, "config/%.100s/hand-delay/pop/%.40s", name, code);
    }
    config->consumers = SIM_ARENA_NEW(arena, Consumer, spec->consumers.n);
    for (uint32_t i = 0; i < spec->consumers.n; i++) {
        const ConsumerSpec *consumer = SIM_ITEM(spec->consumers, ConsumerSpec, i);
        config->consumers[i].id = processes_consumer_add(configs->parts.processes, consumer);
        config->consumers[i].in_force = SIM_ARENA_NEW(arena, bool, world->n_pops);
    }
}

/* Time from the start to the first multiple of the period in UTC. */
static SimTime
first_round(int64_t start_s, SimTime every)
{
    int64_t rest = start_s % every;
    if (rest < 0)
        rest += every;
    /* (start_s * 10^9) mod every without overflow: every is at most a day. */
    for (int digit = 0; digit < 9; digit++)
        rest = rest * 10 % every;
    return rest == 0 ? 0 : every - rest;
}

static bool
check_ordinary(const Config *config, SimMessages *messages)
{
    if (!version_is_bad(config->versions, 0))
        return true;
    sim_messages_error(messages, config->spec->entity.mark,
                       "config '%s' breaks a limit or a consumer's condition from the start: "
                       "expected ordinary properties that break none",
                       config->spec->entity.name);
    return false;
}

Configs *
config_attach(Sim *sim, const World *world, const ConfigParts *parts, SimMessages *messages)
{
    bool is_right = true;
    for (uint32_t i = 0; i < world->n_configs; i++)
        is_right &= check(world, world_config(world, i), messages);
    if (!is_right)
        return NULL;
    Configs *configs = sim_attach(sim, &ops);
    *configs = (Configs){.sim = sim, .world = world, .parts = *parts};
    configs->rows = SIM_ARENA_NEW(sim_arena(sim), Config, world->n_configs);
    configs->rollouts =
        rollout_attach(sim, world,
                       &(RolloutEvents){.wave = sim_event(sim, &ops, WAVE, 0, 0),
                                        .stopped = sim_event(sim, &ops, STOPPED, 0, 0)});
    for (uint32_t i = 0; i < world->n_configs; i++) {
        init_row(configs, i);
        is_right &= check_ordinary(&configs->rows[i], messages);
        SimTime every = configs->rows[i].spec->generator.every;
        if (every > 0)
            sim_at(sim, first_round(world->spec->clock.start, every), &ops, GENERATE, i, 0);
    }
    return is_right ? configs : NULL;
}

/* pushing ----------------------------------------------------------------------------------- */

static SimJournalEntry
entry_of(const Configs *configs, const Config *config, const char *kind, uint32_t cause)
{
    return (SimJournalEntry){
        .at = sim_now(configs->sim), .cause = cause, .kind = kind, .entity = config->entity};
}

static const char *
quality_of(const Config *config, uint32_t version)
{
    return version_is_bad(config->versions, version) ? "bad" : "good";
}

static Push *
latest(const Config *config)
{
    return &config->pushes[config->n_pushes - 1];
}

/* A bad version is out, or on its way. */
static bool
is_troubled(const Config *config)
{
    return config->n_bad > 0 || config->n_held > 0 ||
           version_is_bad(config->versions, latest(config)->version);
}

static void
send(Configs *configs, uint32_t id, uint32_t push_id, const uint32_t *pops, uint32_t n_pops)
{
    Config *config = row_at(configs, id);
    const DistributionSpec *law = &config->spec->distribution;
    Push *push = &config->pushes[push_id];
    push->targets += n_pops;
    push->sent_at = sim_now(configs->sim);
    for (uint32_t i = 0; i < n_pops; i++) {
        uint32_t pop = pops ? pops[i] : i;
        SimRng rng = push->is_generated ? config->delays[pop] : config->hand_delays[pop];
        rng.counter = push->position * DRAW_STRIDE;
        bool is_late = sim_rng_chance(&rng, law->stragglers.share);
        SimTime delay = sim_law_sample(is_late ? &law->stragglers.delay : &law->delay, &rng);
        sim_after(configs->sim, delay, &ops, ARRIVE, pop, (uint64_t)id << 32 | push_id);
    }
}

/* The number of a new push; SIM_NONE, with a journal line, when there are too many. */
static uint32_t
add_push(Configs *configs, Config *config, const Push *push)
{
    if (config->n_pushes == PUSHES_MAX) {
        SimJournalEntry entry = entry_of(configs, config, "config.refused", push->entry);
        sim_journal_coalesce(configs->world->journal, sim_hash_text(config->entity), 1, &entry,
                             "%s: no more than %d pushes", config->spec->entity.name, PUSHES_MAX);
        return SIM_NONE;
    }
    if (config->n_pushes == config->room) {
        Push *wide = SIM_ARENA_NEW(sim_arena(configs->sim), Push, 2 * config->room);
        memcpy(wide, config->pushes, config->n_pushes * sizeof(Push));
        config->pushes = wide;
        config->room *= 2;
    }
    config->pushes[config->n_pushes] = *push;
    return config->n_pushes++;
}

/* A new version, through the rollout if there is one. */
static void
push_version(Configs *configs, uint32_t id, const Push *push)
{
    Config *config = row_at(configs, id);
    uint32_t push_id = add_push(configs, config, push);
    if (push_id == SIM_NONE)
        return;
    config->rolled = 0;
    if (!rollout_is_planned(configs->rollouts, id)) {
        send(configs, id, push_id, NULL, configs->world->n_pops);
        return;
    }
    config->rolled = push_id;
    rollout_start(configs->rollouts, id, push_id, push->entry);
}

/* A version that is known, again and at once. */
static void
push_again(Configs *configs, uint32_t id, uint32_t version, uint32_t cause, const uint32_t *pops,
           uint32_t n_pops)
{
    Config *config = row_at(configs, id);
    SimJournalEntry entry = entry_of(configs, config, "config.pushed", cause);
    Push push = {.version = version, .position = config->n_hand++, .is_told = true};
    push.entry =
        sim_journal_add(configs->world->journal, &entry, "%s version %u goes out again, to %u PoPs",
                        config->spec->entity.name, version, n_pops);
    uint32_t push_id = add_push(configs, config, &push);
    rollout_cancel(configs->rollouts, id);
    config->rolled = 0;
    if (push_id != SIM_NONE)
        send(configs, id, push_id, pops, n_pops);
}

void
config_push_known_good(Configs *configs, uint32_t id, uint32_t cause)
{
    Config *config = row_at(configs, id);
    uint32_t version = version_known_good(config->versions, version_count(config->versions));
    push_again(configs, id, version, cause, NULL, configs->world->n_pops);
}

static void
journal_full(const Configs *configs, const Config *config, uint32_t cause)
{
    SimJournalEntry entry = entry_of(configs, config, "config.refused", cause);
    sim_journal_coalesce(configs->world->journal, sim_hash_text(config->entity), 1, &entry,
                         "%s: no more than %d versions", config->spec->entity.name, VERSIONS_MAX);
}

void
config_push(Configs *configs, uint32_t id, SimList properties, uint32_t cause)
{
    Config *config = row_at(configs, id);
    char text[TEXT_MAX];
    uint32_t version = version_add(config->versions, properties, sim_now(configs->sim));
    if (version == SIM_NONE) {
        journal_full(configs, config, cause);
        return;
    }
    SimJournalEntry entry = entry_of(configs, config, "config.version", cause);
    Push push = {.version = version, .position = config->n_hand++, .is_told = true};
    push.entry =
        sim_journal_add(configs->world->journal, &entry, "%s version %u (%s) is pushed by hand: %s",
                        config->spec->entity.name, version, quality_of(config, version),
                        version_describe(config->versions, version, text, sizeof text));
    push_version(configs, id, &push);
}

/* generating -------------------------------------------------------------------------------- */

static bool
draw_is_migrated(Configs *configs, const Config *config, uint64_t round)
{
    uint32_t cluster = config->spec->generator.runs_on;
    if (cluster == SIM_NONE)
        return false;
    const ClusterSpec *spec = SIM_ITEM(configs->world->spec->clusters, ClusterSpec, cluster);
    SimRng rng = config->node;
    rng.counter = round * DRAW_STRIDE;
    uint32_t node = (uint32_t)sim_rng_below(&rng, (uint64_t)spec->nodes);
    return cluster_is_migrated(configs->parts.clusters, cluster, node);
}

/* The line of a version that a reader cares about; of the ordinary ones only the first has one. */
static uint32_t
journal_version(Configs *configs, Config *config, uint32_t version, bool is_migrated, bool is_held)
{
    char text[TEXT_MAX];
    const GeneratorSpec *generator = &config->spec->generator;
    uint32_t cause =
        is_migrated ? cluster_cause(configs->parts.clusters, generator->runs_on) : SIM_NONE;
    SimJournalEntry entry = entry_of(configs, config, "config.version", cause);
    bool is_bad = version_is_bad(config->versions, version);
    if (!is_bad && !is_troubled(config) && config->has_told_generator)
        return SIM_NONE;
    config->has_told_generator = true;
    return sim_journal_add(
        configs->world->journal, &entry, "%s version %u (%s) is generated%s%s: %s",
        config->spec->entity.name, version, is_bad ? "bad" : "good",
        is_migrated ? " on a migrated node" : "", is_held ? " and held back by validation" : "",
        version_describe(config->versions, version, text, sizeof text));
}

static void
generate(Configs *configs, uint32_t id, uint64_t round)
{
    Config *config = row_at(configs, id);
    const GeneratorSpec *generator = &config->spec->generator;
    bool is_migrated = draw_is_migrated(configs, config, round);
    uint32_t version =
        version_add(config->versions, is_migrated ? generator->when_migrated : (SimList){0},
                    sim_now(configs->sim));
    if (version == SIM_NONE) {
        journal_full(configs, config, SIM_NONE);
        return;
    }
    bool is_held = generator->validate && version_breaks_limit(config->versions, version);
    Push push = {.version = version, .position = round, .is_generated = true};
    push.is_told = version_is_bad(config->versions, version) || is_troubled(config);
    push.entry = journal_version(configs, config, version, is_migrated, is_held);
    if (!is_held)
        push_version(configs, id, &push);
}

static void
on_generate(Sim *sim, void *state, SimEvent event)
{
    Configs *configs = state;
    const Config *config = row_at(configs, event.actor);
    sim_after(sim, config->spec->generator.every, &ops, GENERATE, event.actor, event.arg + 1);
    if (config->is_running)
        generate(configs, event.actor, event.arg);
}

void
config_generator_set(Configs *configs, uint32_t config, bool runs, uint32_t cause)
{
    (void)cause;
    row_at(configs, config)->is_running = runs;
}

/* arriving ---------------------------------------------------------------------------------- */

static void
journal_refusal(const Configs *configs, const Config *config, uint32_t pop, uint32_t version,
                uint32_t cause)
{
    const World *world = configs->world;
    SimJournalEntry entry = entry_of(configs, config, "config.held", cause);
    uint64_t key = sim_mix64(sim_hash_text(config->entity) + version);
    sim_journal_coalesce(world->journal, key, 1, &entry,
                         "%s version %u is refused at %s, which keeps the last good one",
                         config->spec->entity.name, version, world->geo->pops.code[pop]);
}

/* First and last arrival of a push whose way is told. */
static void
journal_arrival(const Configs *configs, const Config *config, const Push *push, uint32_t pop)
{
    const World *world = configs->world;
    const char *name = config->spec->entity.name, *quality = quality_of(config, push->version);
    SimJournalEntry entry = entry_of(configs, config, "config.arrived", push->entry);
    double age = sim_seconds(sim_now(configs->sim) - push->sent_at);
    if (push->arrived == 1 && version_is_bad(config->versions, push->version))
        sim_journal_add(world->journal, &entry, "%s version %u (%s) reaches its first PoP, %s",
                        name, push->version, quality, world->geo->pops.code[pop]);
    if (push->arrived == push->targets)
        sim_journal_add(world->journal, &entry,
                        "%s version %u (%s) has reached %u of %u PoPs in %.1f s", name,
                        push->version, quality, push->arrived, world->n_pops, age);
}

static void
heal(Configs *configs, Config *config, uint32_t i, uint32_t pop, uint32_t cause)
{
    Consumer *consumer = &config->consumers[i];
    if (!consumer->in_force[pop])
        return;
    consumer->in_force[pop] = false;
    processes_effect_set(configs->parts.processes, consumer->id, pop, false, cause);
    if (SIM_ITEM(config->spec->consumers, ConsumerSpec, i)->effect.withdraw)
        routing_announce(configs->parts.routing, 0, pop, cause);
}

static void
hurt(Configs *configs, Config *config, uint32_t i, uint32_t pop, uint32_t cause)
{
    Consumer *consumer = &config->consumers[i];
    const EffectSpec *effect = &SIM_ITEM(config->spec->consumers, ConsumerSpec, i)->effect;
    bool was_in_force = consumer->in_force[pop];
    consumer->in_force[pop] = true;
    if (effect->reject)
        processes_starve(configs->parts.processes, consumer->id, pop, cause);
    else
        processes_effect_set(configs->parts.processes, consumer->id, pop, true, cause);
    if (effect->withdraw && !was_in_force)
        routing_withdraw(configs->parts.routing, 0, pop, cause);
}

/* Whether the program itself sees that it cannot use the version; a file that loads well and does
 * harm afterwards it takes for good. */
static bool
is_noticed(const Config *config, uint32_t i)
{
    const EffectSpec *effect = &SIM_ITEM(config->spec->consumers, ConsumerSpec, i)->effect;
    return effect->reject || effect->panic > 0 || effect->crash_loop > 0 || effect->degrade;
}

/* What each consumer makes of the version. */
static void
load(Configs *configs, Config *config, uint32_t pop, const Push *push, Place *place)
{
    place->version = push->version;
    place->is_bad = place->is_held = false;
    for (uint32_t i = 0; i < config->spec->consumers.n; i++) {
        if (!version_breaks(config->versions, push->version, i)) {
            heal(configs, config, i, pop, push->entry);
        } else if (config->spec->last_known_good && is_noticed(config, i)) {
            place->is_held = true;
        } else {
            hurt(configs, config, i, pop, push->entry);
            place->is_bad = true;
        }
    }
}

static void
journal_healed(const Configs *configs, const Config *config, const Push *push)
{
    SimJournalEntry entry = entry_of(configs, config, "config.healed", push->entry);
    sim_journal_add(configs->world->journal, &entry,
                    "%s: no PoP runs a bad version any more, since version %u",
                    config->spec->entity.name, push->version);
}

static void
deliver(Configs *configs, Config *config, uint32_t pop, const Push *push)
{
    Place *place = &config->places[pop], was = *place;
    if (config->spec->validate_at_loader && version_breaks_limit(config->versions, push->version))
        place->is_held = true;
    else
        load(configs, config, pop, push, place);
    config->n_bad += (uint32_t)place->is_bad - (uint32_t)was.is_bad;
    config->n_held += (uint32_t)place->is_held - (uint32_t)was.is_held;
    if (place->is_held)
        journal_refusal(configs, config, pop, push->version, push->entry);
    if (was.is_bad && config->n_bad == 0)
        journal_healed(configs, config, push);
}

static void
on_arrive(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    Configs *configs = state;
    uint32_t id = (uint32_t)(event.arg >> 32), push_id = (uint32_t)event.arg, pop = event.actor;
    Config *config = row_at(configs, id);
    Push *push = &config->pushes[push_id];
    if (config->places[pop].push > push_id)
        return;
    config->places[pop].push = push_id;
    push->arrived++;
    if (push->is_told)
        journal_arrival(configs, config, push, pop);
    deliver(configs, config, pop, push);
    if (push_id == config->rolled && config->places[pop].version == push->version)
        rollout_arrived(configs->rollouts, id, pop);
}

/* the rollout's decisions ------------------------------------------------------------------- */

static void
on_wave(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    Configs *configs = state;
    Config *config = row_at(configs, event.actor);
    uint32_t push = (uint32_t)(event.arg >> 32), wave = (uint32_t)event.arg;
    const uint32_t *pops;
    if (push != config->rolled)
        return;
    uint32_t n = rollout_wave_pops(configs->rollouts, event.actor, wave, &pops);
    send(configs, event.actor, push, pops, n);
}

static void
on_stopped(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    Configs *configs = state;
    Config *config = row_at(configs, event.actor);
    uint32_t push = (uint32_t)(event.arg >> 32), verdict = (uint32_t)event.arg;
    const uint32_t *pops;
    if (push != config->rolled || !rollout_is_reverted(configs->rollouts, event.actor))
        return;
    uint32_t n = rollout_pushed_pops(configs->rollouts, event.actor, &pops);
    uint32_t good = version_known_good(config->versions, config->pushes[push].version);
    push_again(configs, event.actor, good, verdict, pops, n);
}

void
config_confirm(Configs *configs, uint32_t config, uint32_t cause)
{
    rollout_confirm(configs->rollouts, config, cause);
}

/* questions --------------------------------------------------------------------------------- */

double
config_share_bad(const Configs *configs, uint32_t config)
{
    return (double)row_at(configs, config)->n_bad / configs->world->n_pops;
}

double
config_share_held(const Configs *configs, uint32_t config)
{
    return (double)row_at(configs, config)->n_held / configs->world->n_pops;
}

double
config_share_newest(const Configs *configs, uint32_t id)
{
    const Config *config = row_at(configs, id);
    uint32_t n = 0, version = latest(config)->version;
    for (uint32_t pop = 0; pop < configs->world->n_pops; pop++)
        n += config->places[pop].version == version;
    return (double)n / configs->world->n_pops;
}

uint32_t
config_version(const Configs *configs, uint32_t config, uint32_t pop)
{
    SIM_ASSERT(pop < configs->world->n_pops);
    return row_at(configs, config)->places[pop].version;
}

uint32_t
config_n_versions(const Configs *configs, uint32_t config)
{
    return version_count(row_at(configs, config)->versions);
}

bool
config_is_bad(const Configs *configs, uint32_t config, uint32_t version)
{
    return version_is_bad(row_at(configs, config)->versions, version);
}

SimTime
config_generated_at(const Configs *configs, uint32_t config, uint32_t version)
{
    return version_made_at(row_at(configs, config)->versions, version);
}

const Rollouts *
config_rollouts(const Configs *configs)
{
    return configs->rollouts;
}

bool
config_is_cause(const Configs *configs, uint32_t id, uint32_t entry)
{
    const char *entity = row_at(configs, id)->entity;
    while (entry != SIM_NONE) {
        const SimJournalEntry *line = sim_journal_get(configs->world->journal, entry);
        if (line->entity == entity)
            return true;
        entry = line->cause;
    }
    return false;
}
