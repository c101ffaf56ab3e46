/*
 * rollout.h - staged rollouts: in which waves a version goes out, and what
 * stops it.
 *
 * One rollout a config is under way at most; a new one supersedes it, whatever
 * its state (a config that is generated more often than its waves take never
 * gets past the first of them).  Wave k is pushed when wave k - 1 has soaked; it reaches
 * ceil(share x PoPs) PoPs in all, in an order that is fixed for the run.  No
 * waves: all PoPs at once.
 *
 * The gate sees counters, never the truth: each `every` it samples the offered
 * and failed attempts of the PoPs that run the version since they got it
 * (scope wave) or of all PoPs since the push (scope all), and decides on the
 * newest sample that is `lag` old:
 *   threshold  failed / offered over the window > at_most;
 *   burn       the time average over the window of each interval's failed ratio, which is 0
 *              before the push, >= burn x at_most, in the long and in the short window.
 * With fewer than requests_min attempts in the window (burn: the long one) it
 * gives no verdict.  It watches until the last wave is soak or window old, whichever is longer.
 *
 * commit_confirm: unless rollout_confirm comes within that time of the push,
 * the version is taken back.
 *
 * The way up is events, which the owner (config.h) gives at attach: `wave` and
 * `stopped`, with actor = config; see RolloutEvents.
 */
#pragma once

#include "models/world.h"

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

Rollouts *rollout_attach(Sim *sim, const World *world, const RolloutEvents *events);
/* Waves, a gate or commit-confirm: otherwise a push needs no rollout. */
bool rollout_is_planned(const Rollouts *rollouts, uint32_t config);
/* Starts for the config's push of that number and posts wave 0 at once. */
void rollout_start(Rollouts *rollouts, uint32_t config, uint32_t push, uint32_t cause);
/* The PoPs that the wave adds, in order; how many. */
uint32_t rollout_wave_pops(const Rollouts *rollouts, uint32_t config, uint32_t wave,
                           const uint32_t **ret_pops);
/* All PoPs that the waves so far were pushed to. */
uint32_t rollout_pushed_pops(const Rollouts *rollouts, uint32_t config, const uint32_t **ret_pops);
/* The PoP runs the version from now on: the gate watches it. */
void rollout_arrived(Rollouts *rollouts, uint32_t config, uint32_t pop);
/* Somebody pushed past it: no more waves, no verdict. */
void rollout_cancel(Rollouts *rollouts, uint32_t config);
/* False when nothing waits for it. */
bool rollout_confirm(Rollouts *rollouts, uint32_t config, uint32_t cause);
RolloutState rollout_state(const Rollouts *rollouts, uint32_t config);
/* It was stopped, and what was pushed is to be taken back. */
bool rollout_is_reverted(const Rollouts *rollouts, uint32_t config);
/* Waves pushed so far, of this rollout or the last. */
uint32_t rollout_stage(const Rollouts *rollouts, uint32_t config);
