/*
 * rollout.h - staged rollouts: in which waves a version goes out, and what
 * stops it.
 *
 * One rollout a config is under way at most; a new one supersedes it, whatever
 * its state (a config that is generated more often than its waves take never
 * gets past the first of them).  Wave k is pushed when wave k - 1 has soaked and
 * the change process lets it (change.h: the wave's approval, windows, freezes);
 * it reaches ceil(share x PoPs) PoPs in all, in an order that is fixed for the
 * run, and of these the cohorts that it names (lane.h).  A cohort at a PoP that a
 * wave has reached keeps what it has.  No waves: all PoPs at once.
 *
 * extend: a wave at whose end the gate may see fewer than requests_below of its
 * requests soaks on, `by` at a time, `at_most` in all; then it goes on all the
 * same, or stops.
 *
 * The gate (gate.h) looks from the first wave until the last is soak or window
 * old, whichever is longer.  What it stops is taken back (auto_revert), and the
 * kill switches of `kill` are pulled: one, both or neither.
 *
 * commit_confirm: unless rollout_confirm comes within that time of the first
 * wave, the version is taken back.
 *
 * The way up is events, which the owner (config.h) gives at attach: `wave` and
 * `stopped`, with actor = config; see RolloutEvents.
 */
#pragma once

#include "models/change.h"
#include "models/lane.h"

typedef struct Rollouts Rollouts;

typedef enum RolloutState {
    ROLLOUT_IDLE,
    ROLLOUT_RUNNING, /* waves or watching */
    ROLLOUT_DONE,
    ROLLOUT_STOPPED
} RolloutState;

/* What to post.  arg of wave: push << 32 | wave; arg of stopped: push << 32 | journal id of the
 * verdict. */
typedef struct RolloutEvents {
    SimEvent wave, stopped;
} RolloutEvents;

/* NULL when the lanes of a config are wrong, which messages then says. */
Rollouts *rollout_attach(Sim *sim, const World *world, Changes *changes,
                         const RolloutEvents *events, SimMessages *messages);
const Lanes *rollout_lanes(const Rollouts *rollouts, uint32_t config);
/* Waves, a gate or commit-confirm: otherwise a push needs no rollout. */
bool rollout_is_planned(const Rollouts *rollouts, uint32_t config);
/* Starts for the config's push of that number and posts wave 0 at once, or when the change process
 * lets it. */
void rollout_start(Rollouts *rollouts, uint32_t config, uint32_t push, uint32_t cause);
/* The PoPs at which the wave adds the lane, in order; how many. */
uint32_t rollout_wave_pops(const Rollouts *rollouts, uint32_t config, uint32_t wave, uint32_t lane,
                           const uint32_t **ret_pops);
/* All PoPs at which the lane has the version once the wave is pushed. */
uint32_t rollout_wave_reach(const Rollouts *rollouts, uint32_t config, uint32_t wave, uint32_t lane,
                            const uint32_t **ret_pops);
/* All PoPs at which the waves so far were pushed to the lane. */
uint32_t rollout_pushed_pops(const Rollouts *rollouts, uint32_t config, uint32_t lane,
                             const uint32_t **ret_pops);
/* The PoP runs the version from now on: the gate watches it. */
void rollout_arrived(Rollouts *rollouts, uint32_t config, uint32_t pop);
/* Somebody pushed past it: no more waves, no verdict. */
void rollout_cancel(Rollouts *rollouts, uint32_t config);
/* False when nothing waits for it. */
bool rollout_confirm(Rollouts *rollouts, uint32_t config, uint32_t cause);
RolloutState rollout_state(const Rollouts *rollouts, uint32_t config);
/* It was stopped, and what was pushed is to be taken back. */
bool rollout_is_reverted(const Rollouts *rollouts, uint32_t config);
/* It was stopped by its gate: kill switches are due. */
bool rollout_is_tripped(const Rollouts *rollouts, uint32_t config);
/* Waves pushed so far, of this rollout or the last. */
uint32_t rollout_stage(const Rollouts *rollouts, uint32_t config);
