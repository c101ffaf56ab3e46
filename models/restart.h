/*
 * restart.h - restart campaigns: somebody restarts a service, PoP by PoP.
 *
 * A campaign visits its PoPs in the order given (world_select_pops: busiest
 * first), in as many lanes as PoPs may be under way at once (0: one lane for
 * each).  At a PoP all chosen cohorts restart together, each as processes.h
 * says; a lane goes on when its PoP is done and `pace` is over.  What is being
 * restarted already is passed over.
 *
 * At most 64 campaigns are under way at once; a further one is passed over,
 * with a journal line.  Memory for a campaign's list is taken once and used
 * again.
 */
#pragma once

#include "models/processes.h"

enum { RESTART_CAMPAIGNS_MAX = 64 };

typedef struct Restarts Restarts;

typedef struct RestartCampaign {
    uint32_t service; /* placed at the PoPs; its host is restarted */
    uint32_t cohort;  /* of the host; SIM_NONE: all */
    const uint32_t *pops;
    uint32_t n_pops, concurrency;
    SimTime pace;
    double success; /* share of stuck processes that a pass brings back */
    uint32_t cause;
} RestartCampaign;

Restarts *restart_attach(Sim *sim, const World *world, Processes *processes);
/* Copies the list of PoPs. */
void restart_begin(Restarts *restarts, const RestartCampaign *campaign);
/* Campaigns under way. */
uint32_t restart_count(const Restarts *restarts);
