#include "models/config_state.h"

static void
journal_refusal(const Configs *configs, const Config *config, uint32_t pop, uint32_t version,
                uint32_t cause)
{
    const World *world = configs->world;
    SimJournalEntry entry = config_entry(configs, config, "config.held", cause);
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
    const char *name = config->spec->entity.name, *quality = config_quality(config, push->version);
    SimJournalEntry entry = config_entry(configs, config, "config.arrived", push->entry);
    double age = sim_seconds(sim_now(configs->sim) - push->sent_at);
    if (push->arrived == 1 && version_is_bad(config->versions, push->version))
        sim_journal_add(world->journal, &entry, "%s version %u (%s) reaches its first PoP, %s",
                        name, push->version, quality, world->geo->pops.code[pop]);
    if (push->arrived == push->targets)
        sim_journal_add(world->journal, &entry,
                        "%s version %u (%s) has reached %u of %u %s in %.1f s", name, push->version,
                        quality, push->arrived, world->n_pops * config->lanes->n,
                        config->lanes->n > 1 ? "cohorts at PoPs" : "PoPs", age);
}

static const EffectSpec *
effect_of(const Config *config, const Consumer *consumer)
{
    return &SIM_ITEM(config->spec->consumers, ConsumerSpec, consumer->index)->effect;
}

/* By an effect that is in force there. */
static bool
is_withdrawn(const Config *config, uint32_t pop)
{
    for (uint32_t i = 0; i < config->n_consumers; i++)
        if (config->consumers[i].in_force[pop] &&
            effect_of(config, &config->consumers[i])->withdraw)
            return true;
    return false;
}

static void
heal(Configs *configs, Config *config, Consumer *consumer, uint32_t pop, uint32_t cause)
{
    if (!consumer->in_force[pop])
        return;
    consumer->in_force[pop] = false;
    processes_effect_set(configs->parts.processes, consumer->id, pop, false, cause);
    if (effect_of(config, consumer)->withdraw && !is_withdrawn(config, pop))
        routing_announce(configs->parts.routing, 0, pop, cause);
}

static void
hurt(Configs *configs, Config *config, Consumer *consumer, uint32_t pop, uint32_t cause)
{
    const EffectSpec *effect = effect_of(config, consumer);
    bool was_withdrawn = is_withdrawn(config, pop);
    consumer->in_force[pop] = true;
    if (effect->reject)
        processes_starve(configs->parts.processes, consumer->id, pop, cause);
    else
        processes_effect_set(configs->parts.processes, consumer->id, pop, true, cause);
    if (effect->withdraw && !was_withdrawn)
        routing_withdraw(configs->parts.routing, 0, pop, cause);
}

/* Whether the program itself sees that it cannot use the version; a file that loads well and does
 * harm afterwards it takes for good. */
static bool
is_noticed(const EffectSpec *effect)
{
    return effect->reject || effect->panic > 0 || effect->crash_loop > 0 || effect->degrade;
}

/* What each consumer in the lane makes of the version. */
static void
load(Configs *configs, Config *config, uint32_t lane, uint32_t pop, const Push *push)
{
    Place *place = config_place(configs, config, lane, pop);
    place->version = push->version;
    place->is_bad = place->is_held = false;
    for (uint32_t i = 0; i < config->n_consumers; i++) {
        Consumer *consumer = &config->consumers[i];
        if (consumer->lane != lane)
            continue;
        if (!version_breaks(config->versions, push->version, consumer->index)) {
            heal(configs, config, consumer, pop, push->entry);
        } else if (config->spec->last_known_good && is_noticed(effect_of(config, consumer))) {
            place->is_held = true;
        } else {
            hurt(configs, config, consumer, pop, push->entry);
            place->is_bad = true;
        }
    }
}

static void
journal_healed(const Configs *configs, const Config *config, const Push *push)
{
    SimJournalEntry entry = config_entry(configs, config, "config.healed", push->entry);
    sim_journal_add(configs->world->journal, &entry,
                    "%s: no PoP runs a bad version any more, since version %u",
                    config->spec->entity.name, push->version);
}

static void
deliver(Configs *configs, Config *config, uint32_t lane, uint32_t pop, const Push *push)
{
    Place *place = config_place(configs, config, lane, pop), was = *place;
    if (config->spec->validate_at_loader && version_breaks_limit(config->versions, push->version))
        place->is_held = true;
    else
        load(configs, config, lane, pop, push);
    config->n_bad[lane] += (uint32_t)place->is_bad - (uint32_t)was.is_bad;
    config->n_held[lane] += (uint32_t)place->is_held - (uint32_t)was.is_held;
    if (place->is_held)
        journal_refusal(configs, config, pop, push->version, push->entry);
    if (was.is_bad && config_sum(config, config->n_bad) == 0)
        journal_healed(configs, config, push);
}

void
config_arrive(Configs *configs, uint32_t id, uint32_t push_id, uint32_t lane, uint32_t pop)
{
    Config *config = config_row(configs, id);
    Push *push = &config->pushes[push_id];
    Place *place = config_place(configs, config, lane, pop);
    if (place->push > push_id)
        return;
    place->push = push_id;
    push->arrived++;
    if (push->is_told)
        journal_arrival(configs, config, push, pop);
    deliver(configs, config, lane, pop, push);
    if (push_id == config->rolled && place->version == push->version)
        rollout_arrived(configs->rollouts, id, pop);
}

/* questions ----------------------------------------------------------------------------------- */

/* Lanes by their weight. */
static double
share_of(const Configs *configs, const Config *config, const uint32_t *of_lanes)
{
    double share = 0;
    for (uint32_t lane = 0; lane < config->lanes->n; lane++)
        share += config->lanes->weights[lane] * ((double)of_lanes[lane] / configs->world->n_pops);
    return share;
}

double
config_share_bad(const Configs *configs, uint32_t id)
{
    const Config *config = config_row(configs, id);
    return share_of(configs, config, config->n_bad);
}

double
config_share_held(const Configs *configs, uint32_t id)
{
    const Config *config = config_row(configs, id);
    return share_of(configs, config, config->n_held);
}

double
config_share_newest(const Configs *configs, uint32_t id)
{
    const Config *config = config_row(configs, id);
    uint32_t n[LANES_MAX] = {0}, version = config_newest(configs, id);
    for (uint32_t lane = 0; lane < config->lanes->n; lane++)
        for (uint32_t pop = 0; pop < configs->world->n_pops; pop++)
            n[lane] += config_place(configs, config, lane, pop)->version == version;
    return share_of(configs, config, n);
}

uint32_t
config_newest(const Configs *configs, uint32_t id)
{
    const Config *config = config_row(configs, id);
    return config->pushes[config->n_pushes - 1].version;
}

bool
config_has_newest(const Configs *configs, uint32_t id, uint32_t pop)
{
    const Config *config = config_row(configs, id);
    bool has = false;
    for (uint32_t lane = 0; lane < config->lanes->n; lane++)
        has |= config_place(configs, config, lane, pop)->version == config_newest(configs, id);
    return has;
}

uint32_t
config_version(const Configs *configs, uint32_t id, uint32_t pop)
{
    return config_place(configs, config_row(configs, id), 0, pop)->version;
}

uint32_t
config_n_versions(const Configs *configs, uint32_t config)
{
    return version_count(config_row(configs, config)->versions);
}

bool
config_is_bad(const Configs *configs, uint32_t config, uint32_t version)
{
    return version_is_bad(config_row(configs, config)->versions, version);
}

SimTime
config_generated_at(const Configs *configs, uint32_t config, uint32_t version)
{
    return version_made_at(config_row(configs, config)->versions, version);
}

const Rollouts *
config_rollouts(const Configs *configs)
{
    return configs->rollouts;
}

bool
config_is_cause(const Configs *configs, uint32_t id, uint32_t entry)
{
    const char *entity = config_row(configs, id)->entity;
    while (entry != SIM_NONE) {
        const SimJournalEntry *line = sim_journal_get(configs->world->journal, entry);
        if (line->entity == entity)
            return true;
        entry = line->cause;
    }
    return false;
}
