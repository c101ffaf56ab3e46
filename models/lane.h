/*
 * lane.h - the lanes of a config: which cohorts its waves tell apart.
 *
 * A wave may reach some cohorts of the services that read the config and not
 * the others: customers of cohort free before those who pay.  Each cohort that
 * a wave names is a lane of its own; lane 0 is everybody else.  Without such
 * waves there is lane 0 alone.  A PoP has a version for each lane.
 *
 * A lane's weight is its cohort's share of the first service among the
 * consumers that has it, for figures that are shares of PoPs; sites with other
 * shares of cohorts are not looked at.
 */
#pragma once

#include "models/world.h"

enum { LANES_MAX = COHORTS_MAX + 1 };

typedef struct Lanes {
    uint32_t n;
    const char *names[LANES_MAX]; /* NULL: everybody else */
    double weights[LANES_MAX];    /* sum to 1 */
} Lanes;

/* False when a wave names a cohort that none of the consumers has, or too many, which messages
 * then says. */
bool lanes_init(Lanes *lanes, const World *world, const ConfigSpec *config, SimMessages *messages);
/* The lane that serves the cohort. */
uint32_t lanes_find(const Lanes *lanes, const char *cohort);
bool lanes_is_reached(const Lanes *lanes, uint32_t lane, const WaveSpec *wave);
