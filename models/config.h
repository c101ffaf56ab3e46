/*
 * config.h - config streams: how versions are made, spread, refused, and taken
 * back.
 *
 * A version is a number and a value for each property.  Version 0 is the
 * ordinary one and runs everywhere at the start.  A generator makes one at every
 * multiple of its period in UTC, on a node drawn at random; a migrated
 * node writes `when_migrated`.  With generator.validate a version that breaks a
 * limit is held back there.  A push by hand names its own properties.  Both go
 * out through the change process (change.h) and the config's rollout
 * (rollout.h), except those that go past both: `bypass` says generated versions,
 * or all of a config that is data.  A newer version supersedes what waits or is
 * under way.  Emergencies wait for nothing: reverts of a gate or of a missing
 * confirmation always go to the PoPs at once, and so does push-known-good unless
 * `emergency: waits`.  The last known good version is the newest one that breaks
 * no limit and no consumer's condition.
 *
 * Each push reaches a PoP after a delay of its own: Bernoulli(stragglers.share)
 * chooses the law.  A PoP never goes back to an older push: one that arrives
 * after a later one is dropped.
 *
 * What a PoP does with a version that arrived:
 *   validate_at_loader and a limit is broken: refused, the PoP keeps what it has;
 *   a consumer's condition holds (the version is bad for it):
 *     last_known_good, and the effect is one that the program notices itself (panic,
 *     crash_loop, reject, degrade): this consumer refuses and keeps its last good one;
 *     effect.reject without last_known_good: the consumer has no version, every call fails;
 *     else the effect is in force (processes.h), withdraw through routing.h;
 *   otherwise the consumer is healed.
 * Where waves tell cohorts apart (lane.h) a PoP has a version for each lane and each of them does
 * this by itself; shares of PoPs then weigh each lane.  A gate that trips pulls the kill switches
 * of the rollout.
 *
 * Draws: node and delays of a generated version come from named streams at a
 * position given by its round, those of other pushes from other streams, so no
 * action shifts what a later generation draws.
 *
 * Causes: effect <- version <- change of the generating cluster (a timeline
 * entry), or <- whoever pushed.  Journal: bad versions, versions that heal, and
 * pushes by hand have lines for the push and the last PoP, bad ones also for the
 * first; then refusals (coalesced), the last PoP that heals, and reverts.
 * Ordinary versions have one line for all of them.
 *
 * Left out: corrupted transfers, PoPs that lose their stored version in a
 * restart.  At most VERSIONS_MAX versions a config (version.h): more is an error at load, and
 * pushes by hand beyond it are refused with a journal line.
 */
#pragma once

#include "models/cluster.h"
#include "models/processes.h"
#include "models/rollout.h"
#include "models/routing.h"
#include "sim/messages.h"

typedef struct Configs Configs;

typedef struct ConfigParts {
    Clusters *clusters;
    Processes *processes;
    Routing *routing;
} ConfigParts;

/* NULL when something is wrong with a config, which messages then says. */
Configs *config_attach(Sim *sim, const World *world, const ConfigParts *parts,
                       SimMessages *messages);

/* What to post, with actor = service and arg = the journal id of the cause, when the gate of a
 * rollout pulls a kill switch; before the run.  Nobody listens: the line is written, no more. */
void config_on_kill(Configs *configs, SimEvent then);

/* properties: PropertySpec; those not named are as usual. */
void config_push(Configs *configs, uint32_t config, SimList properties, uint32_t cause);
void config_push_known_good(Configs *configs, uint32_t config, uint32_t cause);
void config_generator_set(Configs *configs, uint32_t config, bool runs, uint32_t cause);
void config_confirm(Configs *configs, uint32_t config, uint32_t cause);

/* Shares of PoPs, for the recorder: an effect is in force; the newest version that came was
 * refused (by the loader or a consumer); the newest push has arrived. */
double config_share_bad(const Configs *configs, uint32_t config);
double config_share_held(const Configs *configs, uint32_t config);
double config_share_newest(const Configs *configs, uint32_t config);
/* The version that a PoP has, for cohorts that no wave names. */
uint32_t config_version(const Configs *configs, uint32_t config, uint32_t pop);
/* The version that was pushed last, whether it has arrived or not. */
uint32_t config_newest(const Configs *configs, uint32_t config);
/* A PoP runs it, in one lane at least. */
bool config_has_newest(const Configs *configs, uint32_t config, uint32_t pop);
uint32_t config_n_versions(const Configs *configs, uint32_t config);
bool config_is_bad(const Configs *configs, uint32_t config, uint32_t version);
SimTime config_generated_at(const Configs *configs, uint32_t config, uint32_t version);
const Rollouts *config_rollouts(const Configs *configs);
/* The journal entry is a version of this config or follows from one. */
bool config_is_cause(const Configs *configs, uint32_t config, uint32_t entry);
