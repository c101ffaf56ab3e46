#include "models/config_state.h"

#include <string.h>

enum {
    PUSHES_FIRST = 64,
    PUSHES_MAX = 3 * VERSIONS_MAX,
    LANE_SHIFT = 56,  /* of an arrival's argument: lane, config, push */
    DRAW_STRIDE = 16, /* numbers of a stream that belong to one round or push */
    TEXT_MAX = 200,
};

enum { GENERATE, ARRIVE, WAVE, STOPPED, RELEASED, GOOD_RELEASED };

static void on_generate(Sim *sim, void *state, SimEvent event);
static void on_arrive(Sim *sim, void *state, SimEvent event);
static void on_wave(Sim *sim, void *state, SimEvent event);
static void on_stopped(Sim *sim, void *state, SimEvent event);
static void on_released(Sim *sim, void *state, SimEvent event);
static void on_good_released(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [GENERATE] = {"config.generate", on_generate},
    [ARRIVE] = {"config.arrive", on_arrive},
    [WAVE] = {"config.wave", on_wave},
    [STOPPED] = {"config.stopped", on_stopped},
    [RELEASED] = {"config.released", on_released},
    [GOOD_RELEASED] = {"config.good-released", on_good_released},
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
        for (uint32_t lane = 0; lane < config->lanes->n; lane++) {
            uint32_t bad = 0, held = 0;
            for (uint32_t pop = 0; pop < configs->world->n_pops; pop++) {
                const Place *place = config_place(configs, config, lane, pop);
                bad += place->is_bad;
                held += place->is_held;
                SIM_ASSERT(place->push < config->n_pushes);
            }
            SIM_ASSERT(bad == config->n_bad[lane]);
            SIM_ASSERT(held == config->n_held[lane]);
        }
    }
}

/* attach ------------------------------------------------------------------------------------ */

static void
add_consumer(Configs *configs, Config *config, uint32_t index, const char *cohort, uint32_t lane)
{
    const ConsumerSpec *spec = SIM_ITEM(config->spec->consumers, ConsumerSpec, index);
    Consumer *consumer = &config->consumers[config->n_consumers++];
    *consumer = (Consumer){.index = index, .lane = lane};
    consumer->id =
        processes_consumer_add(configs->parts.processes, spec->service, cohort, &spec->effect);
    consumer->in_force = SIM_ARENA_NEW(sim_arena(configs->sim), bool, configs->world->n_pops);
}

/* A consumer of all cohorts is one a cohort when the waves tell them apart. */
static void
add_consumers(Configs *configs, Config *config, uint32_t index)
{
    const World *world = configs->world;
    const ConsumerSpec *spec = SIM_ITEM(config->spec->consumers, ConsumerSpec, index);
    uint32_t n_cohorts = world->n_cohorts[spec->service];
    if (config->lanes->n == 1 || spec->cohort || n_cohorts == 1) {
        const char *cohort =
            spec->cohort ? spec->cohort : world_cohort_name(world, spec->service, 0);
        add_consumer(configs, config, index, spec->cohort, lanes_find(config->lanes, cohort));
        return;
    }
    for (uint32_t cohort = 0; cohort < n_cohorts; cohort++) {
        const char *name = world_cohort_name(world, spec->service, cohort);
        add_consumer(configs, config, index, name, lanes_find(config->lanes, name));
    }
}

static void
init_consumers(Configs *configs, Config *config)
{
    uint32_t n = 0;
    SIM_EACH(ConsumerSpec, consumer, config->spec->consumers)
    n += configs->world->n_cohorts[consumer->service];
    config->consumers = SIM_ARENA_NEW(sim_arena(configs->sim), Consumer, n);
    for (uint32_t i = 0; i < config->spec->consumers.n; i++)
        add_consumers(configs, config, i);
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
    config->lanes = rollout_lanes(configs->rollouts, id);
    uint32_t n_places = config->lanes->n * world->n_pops;
    config->pushes[0] = (Push){.entry = SIM_NONE, .targets = n_places, .arrived = n_places};
    config->places = SIM_ARENA_NEW(arena, Place, n_places);
    config->node = sim_stream(configs->sim, "config/%.100s/node", name);
    config->delays = SIM_ARENA_NEW(arena, SimRng, world->n_pops);
    config->hand_delays = SIM_ARENA_NEW(arena, SimRng, world->n_pops);
    for (uint32_t pop = 0; pop < world->n_pops; pop++) {
        const char *code = world->geo->pops.code[pop];
        config->delays[pop] = sim_stream(configs->sim, "config/%.100s/delay/pop/%.40s", name, code);
        config->hand_delays[pop] =
            sim_stream(configs->sim, "config/%.100s/hand-delay/pop/%.40s", name, code);
    }
    init_consumers(configs, config);
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
        is_right &= config_check(world, i, messages);
    if (!is_right)
        return NULL;
    Configs *configs = sim_attach(sim, &ops);
    *configs = (Configs){.sim = sim, .world = world, .parts = *parts};
    configs->rows = SIM_ARENA_NEW(sim_arena(sim), Config, world->n_configs);
    configs->changes = change_attach(sim, world, messages);
    if (!configs->changes)
        return NULL;
    const RolloutEvents events = {.wave = sim_event(sim, &ops, WAVE, 0, 0),
                                  .stopped = sim_event(sim, &ops, STOPPED, 0, 0)};
    configs->rollouts = rollout_attach(sim, world, configs->changes, &events, messages);
    if (!configs->rollouts)
        return NULL;
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

static Push *
latest(const Config *config)
{
    return &config->pushes[config->n_pushes - 1];
}

/* A bad version is out, or on its way. */
static bool
is_troubled(const Config *config)
{
    return config_sum(config, config->n_bad) > 0 || config_sum(config, config->n_held) > 0 ||
           version_is_bad(config->versions, latest(config)->version);
}

/* pops NULL: all. */
static void
send(Configs *configs, uint32_t id, uint32_t push_id, uint32_t lane, const uint32_t *pops,
     uint32_t n_pops)
{
    Config *config = config_row(configs, id);
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
        sim_after(configs->sim, delay, &ops, ARRIVE, pop,
                  (uint64_t)lane << LANE_SHIFT | (uint64_t)id << 32 | push_id);
    }
}

static void
send_everywhere(Configs *configs, uint32_t id, uint32_t push_id)
{
    for (uint32_t lane = 0; lane < config_row(configs, id)->lanes->n; lane++)
        send(configs, id, push_id, lane, NULL, configs->world->n_pops);
}

/* The number of a new push; SIM_NONE, with a journal line, when there are too many. */
static uint32_t
add_push(Configs *configs, Config *config, const Push *push)
{
    if (config->n_pushes == PUSHES_MAX) {
        SimJournalEntry entry = config_entry(configs, config, "config.refused", push->entry);
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

/* Approved, in a window: through the rollout if there is one. */
static void
go_out(Configs *configs, uint32_t id, uint32_t push_id)
{
    Config *config = config_row(configs, id);
    config->waiting = 0;
    if (!rollout_is_planned(configs->rollouts, id)) {
        send_everywhere(configs, id, push_id);
        return;
    }
    config->rolled = push_id;
    rollout_start(configs->rollouts, id, push_id, config->pushes[push_id].entry);
}

/* A new version, through the change process and the rollout, unless it goes past both. */
static void
push_version(Configs *configs, uint32_t id, const Push *push)
{
    Config *config = config_row(configs, id);
    char what[32];
    uint32_t push_id = add_push(configs, config, push);
    if (push_id == SIM_NONE)
        return;
    rollout_cancel(configs->rollouts, id);
    config->rolled = 0;
    if (version_bypasses(config->spec, push->is_generated)) {
        send_everywhere(configs, id, push_id);
        return;
    }
    g_snprintf(what, sizeof what, "version %u", push->version);
    const ChangeAsk ask = {.config = id,
                           .what = what,
                           .approval = &change_spec(configs->world, id)->approval,
                           .cause = push->entry,
                           .is_quiet = !push->is_told,
                           .then = sim_event(configs->sim, &ops, RELEASED, id, push_id)};
    config->waiting = push_id;
    if (change_ask(configs->changes, &ask))
        go_out(configs, id, push_id);
}

static void
on_released(Sim *sim, void *state, SimEvent event)
{
    Configs *configs = state;
    (void)sim;
    if (config_row(configs, event.actor)->waiting == event.arg)
        go_out(configs, event.actor, (uint32_t)event.arg);
}

/* A version that is known, again and at once.  SIM_NONE: there are too many. */
static uint32_t
push_again(Configs *configs, uint32_t id, uint32_t version, uint32_t cause, uint32_t n_pops)
{
    Config *config = config_row(configs, id);
    SimJournalEntry entry = config_entry(configs, config, "config.pushed", cause);
    Push push = {.version = version, .position = config->n_hand++, .is_told = true};
    push.entry =
        sim_journal_add(configs->world->journal, &entry, "%s version %u goes out again, to %u PoPs",
                        config->spec->entity.name, version, n_pops);
    uint32_t push_id = add_push(configs, config, &push);
    rollout_cancel(configs->rollouts, id);
    config->rolled = config->waiting = 0;
    return push_id;
}

static void
send_known_good(Configs *configs, uint32_t id, uint32_t cause)
{
    const Config *config = config_row(configs, id);
    uint32_t version = version_known_good(config->versions, version_count(config->versions));
    uint32_t push_id = push_again(configs, id, version, cause, configs->world->n_pops);
    if (push_id != SIM_NONE)
        send_everywhere(configs, id, push_id);
}

void
config_push_known_good(Configs *configs, uint32_t id, uint32_t cause)
{
    const ChangeSpec *change = change_spec(configs->world, id);
    if (change->emergency == EMERGENCY_WAITS) {
        const ChangeAsk ask = {.config = id,
                               .what = "the known good version",
                               .approval = &change->approval,
                               .cause = cause,
                               .then = sim_event(configs->sim, &ops, GOOD_RELEASED, id, cause)};
        rollout_cancel(configs->rollouts, id);
        if (!change_ask(configs->changes, &ask))
            return;
    }
    send_known_good(configs, id, cause);
}

static void
on_good_released(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    send_known_good(state, event.actor, (uint32_t)event.arg);
}

static void
journal_full(const Configs *configs, const Config *config, uint32_t cause)
{
    SimJournalEntry entry = config_entry(configs, config, "config.refused", cause);
    sim_journal_coalesce(configs->world->journal, sim_hash_text(config->entity), 1, &entry,
                         "%s: no more than %d versions", config->spec->entity.name, VERSIONS_MAX);
}

void
config_push(Configs *configs, uint32_t id, SimList properties, uint32_t cause)
{
    Config *config = config_row(configs, id);
    char text[TEXT_MAX];
    uint32_t version = version_add(config->versions, properties, sim_now(configs->sim));
    if (version == SIM_NONE) {
        journal_full(configs, config, cause);
        return;
    }
    SimJournalEntry entry = config_entry(configs, config, "config.version", cause);
    Push push = {.version = version, .position = config->n_hand++, .is_told = true};
    push.entry =
        sim_journal_add(configs->world->journal, &entry, "%s version %u (%s) is pushed by hand: %s",
                        config->spec->entity.name, version, config_quality(config, version),
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
    SimJournalEntry entry = config_entry(configs, config, "config.version", cause);
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
    Config *config = config_row(configs, id);
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
    const Config *config = config_row(configs, event.actor);
    sim_after(sim, config->spec->generator.every, &ops, GENERATE, event.actor, event.arg + 1);
    if (config->is_running)
        generate(configs, event.actor, event.arg);
}

void
config_generator_set(Configs *configs, uint32_t config, bool runs, uint32_t cause)
{
    (void)cause;
    config_row(configs, config)->is_running = runs;
}

/* arriving ---------------------------------------------------------------------------------- */

static void
on_arrive(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    uint32_t lane = (uint32_t)(event.arg >> LANE_SHIFT);
    uint32_t id = (uint32_t)(event.arg >> 32) & 0xffffff;
    config_arrive(state, id, (uint32_t)event.arg, lane, event.actor);
}

/* the rollout's decisions ------------------------------------------------------------------- */

static void
on_wave(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    Configs *configs = state;
    Config *config = config_row(configs, event.actor);
    uint32_t push = (uint32_t)(event.arg >> 32), wave = (uint32_t)event.arg;
    const uint32_t *pops;
    if (push != config->rolled)
        return;
    for (uint32_t lane = 0; lane < config->lanes->n; lane++) {
        uint32_t n = rollout_wave_pops(configs->rollouts, event.actor, wave, lane, &pops);
        send(configs, event.actor, push, lane, pops, n);
    }
}

static void
pull_kill_switches(Configs *configs, const Config *config, uint32_t cause)
{
    const World *world = configs->world;
    SIM_EACH(uint32_t, service, config->spec->rollout.kill)
    {
        SimJournalEntry entry = config_entry(configs, config, "rollout.kills", cause);
        uint32_t id = sim_journal_add(world->journal, &entry, "the gate switches off calls to %s",
                                      world_service(world, *service)->entity.name);
        SimEvent kill = configs->kill;
        kill.actor = *service;
        kill.arg = id;
        if (configs->has_kill)
            sim_post(configs->sim, sim_now(configs->sim), kill);
    }
}

void
config_on_kill(Configs *configs, SimEvent then)
{
    configs->kill = then;
    configs->has_kill = true;
}

/* Where it went, the version before goes. */
static void
revert(Configs *configs, uint32_t id, uint32_t push, uint32_t verdict)
{
    const Config *config = config_row(configs, id);
    const uint32_t *pops[LANES_MAX];
    uint32_t n[LANES_MAX], most = 0;
    for (uint32_t lane = 0; lane < config->lanes->n; lane++) {
        n[lane] = rollout_pushed_pops(configs->rollouts, id, lane, &pops[lane]);
        most = MAX(most, n[lane]);
    }
    uint32_t good = version_known_good(config->versions, config->pushes[push].version);
    uint32_t again = push_again(configs, id, good, verdict, most);
    for (uint32_t lane = 0; again != SIM_NONE && lane < config->lanes->n; lane++)
        send(configs, id, again, lane, pops[lane], n[lane]);
}

static void
on_stopped(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    Configs *configs = state;
    const Config *config = config_row(configs, event.actor);
    uint32_t push = (uint32_t)(event.arg >> 32), verdict = (uint32_t)event.arg;
    if (push != config->rolled)
        return;
    if (rollout_is_tripped(configs->rollouts, event.actor))
        pull_kill_switches(configs, config, verdict);
    if (rollout_is_reverted(configs->rollouts, event.actor))
        revert(configs, event.actor, push, verdict);
}

void
config_confirm(Configs *configs, uint32_t config, uint32_t cause)
{
    rollout_confirm(configs->rollouts, config, cause);
}
