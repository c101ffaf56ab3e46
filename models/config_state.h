/*
 * config_state.h - what the files of config.h share: pushes under way, what each PoP has, and who
 * reads it there.
 *
 * config.c makes versions and sends them, config_arrival.c says what a PoP does with one that came,
 * config_check.c what is wrong with a config before the run.
 */
#pragma once

#include "models/config.h"
#include "models/version.h"

/* One sending of a version, to all PoPs or to some; later ones win. */
typedef struct Push {
    uint32_t version;
    uint32_t entry;            /* journal: the version, or whoever sent it again */
    uint64_t position;         /* in the streams of delays */
    bool is_generated;         /* which streams */
    bool is_told;              /* its way is worth journal lines */
    uint32_t targets, arrived; /* places */
    SimTime sent_at;
} Push;

/* What one lane has at one PoP. */
typedef struct Place {
    uint32_t push, version;
    bool is_bad, is_held;
} Place;

/* One who reads it: a consumer of the scenario, or its part that is in one lane. */
typedef struct Consumer {
    uint32_t index; /* of the scenario's */
    uint32_t id;    /* in processes.h */
    uint32_t lane;
    bool *in_force; /* [pop] */
} Consumer;

typedef struct Config {
    const ConfigSpec *spec;
    const char *entity; /* "config/NAME": what journal entries of this config carry */
    Versions *versions;
    const Lanes *lanes;
    bool is_running; /* the generator */
    bool has_told_generator;
    SimRng node, *delays, *hand_delays; /* [pop] */
    uint64_t n_hand;
    Push *pushes;
    uint32_t n_pushes, room;
    uint32_t rolled;  /* the push of the rollout; 0: none */
    uint32_t waiting; /* the push that the change process holds; 0: none */
    Place *places;    /* [lane, pop] */
    uint32_t n_bad[LANES_MAX], n_held[LANES_MAX];
    Consumer *consumers;
    uint32_t n_consumers;
} Config;

struct Configs {
    Sim *sim;
    const World *world;
    ConfigParts parts;
    Changes *changes;
    Rollouts *rollouts;
    Config *rows;
    SimEvent kill; /* what pulls a kill switch */
    bool has_kill;
};

static inline Config *
config_row(const Configs *configs, uint32_t config)
{
    SIM_ASSERT(config < configs->world->n_configs);
    return &configs->rows[config];
}

static inline Place *
config_place(const Configs *configs, const Config *config, uint32_t lane, uint32_t pop)
{
    SIM_ASSERT(lane < config->lanes->n && pop < configs->world->n_pops);
    return &config->places[lane * configs->world->n_pops + pop];
}

static inline SimJournalEntry
config_entry(const Configs *configs, const Config *config, const char *kind, uint32_t cause)
{
    return (SimJournalEntry){
        .at = sim_now(configs->sim), .cause = cause, .kind = kind, .entity = config->entity};
}

static inline const char *
config_quality(const Config *config, uint32_t version)
{
    return version_is_bad(config->versions, version) ? "bad" : "good";
}

/* Over all lanes. */
static inline uint32_t
config_sum(const Config *config, const uint32_t *of_lanes)
{
    uint32_t sum = 0;
    for (uint32_t lane = 0; lane < config->lanes->n; lane++)
        sum += of_lanes[lane];
    return sum;
}

/* False when something is wrong with the config, which messages then says. */
bool config_check(const World *world, uint32_t config, SimMessages *messages);
/* The push has come to a lane at a PoP. */
void config_arrive(Configs *configs, uint32_t config, uint32_t push, uint32_t lane, uint32_t pop);
