/*
 * warmup.h - processes that came up a while ago and are not at full speed yet.
 *
 * A process that came up t ago works at warm_speed + (1 - warm_speed) t /
 * warm_up of full speed, and at full speed from warm_up on.  What is missing is
 * counted in processes: cold = sum of n (1 - warm_speed) (1 - t / warm_up) over
 * the batches that came up together.
 *
 * A few batches are kept apart; one more joins the two oldest into one, with
 * the younger's age.  Everything is O(1).
 */
#pragma once

#include "models/world.h"

enum { WARMUP_BATCHES = 4, WARMUP_STEPS = 8 /* in which callers should look again */ };

typedef struct Warmup {
    uint32_t n;
    struct {
        uint32_t processes;
        SimTime ready_at;
    } batches[WARMUP_BATCHES];
} Warmup;

/* n processes came up now; nothing happens when spec has no warm-up. */
void warmup_add(Warmup *warmup, const RestartSpec *spec, uint32_t n, SimTime now);
/* Which of the living died is not known: the youngest batches are cut so that all fit into live. */
void warmup_trim(Warmup *warmup, uint32_t live);
/* Forgets the batches that are warm. */
void warmup_expire(Warmup *warmup, const RestartSpec *spec, SimTime now);
double warmup_cold(const Warmup *warmup, const RestartSpec *spec, SimTime now);
