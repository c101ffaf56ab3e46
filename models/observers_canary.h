/*
 * observers_canary.h - attempts at the PoPs that run a config's newest version.
 *
 * Counters that only go up: at each reading, what every PoP that had the newest version at the
 * reading before, and still has, counted since.  A 1 % canary at 100 % errors is 100 % here and 1 %
 * of all.  Before the first push every PoP runs version 0.
 *
 * Left out: what a PoP counted between two readings when it changed in between; cohorts apart: a
 * PoP where one lane of a rollout has the version counts whole.
 */
#pragma once

#include "models/config.h"
#include "models/plane.h"

typedef struct Canary {
    const World *world;
    const Configs *configs;
    uint32_t config, site; /* site SIM_NONE: all */
    uint32_t version;      /* the newest at the last reading */
    int64_t offered, failed;
    PlaneCounts *last; /* [pop] */
    bool *has;         /* [pop] had it at the last reading */
} Canary;

void canary_init(Canary *canary, SimArena *arena, const World *world, const Configs *configs);
/* True when another version is the newest now. */
bool canary_take(Canary *canary);
