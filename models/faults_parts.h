/*
 * faults_parts.h - what the files of faults.h share.
 */
#pragma once

#include "models/faults.h"
#include "models/observers.h"
#include "models/status_page.h"

enum { FAULT_SPELLS_MAX = 48 };

typedef struct Spell { /* a time with one strength */
    SimTime from, to;
    double level;
} Spell;

/* An entry of the timeline that is a fault. */
typedef struct Force {
    bool has_happened, is_on;
    uint32_t deed; /* journal id of what began it last */
    SimTime since; /* that */
    double level;  /* share of its full strength */
    SimTime level_since;
    SimEventId step;
    SimRng pops_draw;
    uint64_t times;      /* how often PoPs were drawn */
    uint8_t *pops;       /* [pop] whether it is among those befallen; NULL: it takes no PoPs */
    EffectSpec *effect;  /* on services at the PoPs; NULL: none is */
    uint32_t *consumers; /* [k-th service] SIM_NONE: not at the PoPs */
    Spell spells[FAULT_SPELLS_MAX];
    uint32_t n_spells;
    double touched; /* what is counted when it happens */
} Force;

typedef struct Power { /* of a core service */
    bool is_dark, is_away;
    uint32_t cause;
    SimEventId failover;
    SimRng rng;
} Power;

struct Faults {
    Sim *sim;
    const World *world;
    FaultParts parts;
    uint32_t n;
    Force *forces;                  /* [entry] */
    SimRng *generator;              /* [entry] of power-loss */
    Power *power;                   /* [service] */
    uint32_t *when_killed;          /* [service] consumer of processes.h; SIM_NONE: none */
    uint64_t *pop_keys;             /* [pop] */
    uint32_t *scratch, *candidates; /* [pop] */
};

static inline const TimelineSpec *
fault_entry(const World *world, uint32_t entry)
{
    SIM_ASSERT(entry < world->spec->timeline.n);
    return SIM_ITEM(world->spec->timeline, const TimelineSpec, entry);
}

static inline bool
fault_lists(const SimList *list, uint32_t index)
{
    SIM_EACH(const uint32_t, listed, *list)
    if (*listed == index)
        return true;
    return false;
}

bool fault_is_at_pops(const World *world, uint32_t service);
/* Whether anything of a PoP selector is given. */
bool fault_selects(const PopSelector *selector);
/* Where a service is served now. */
uint32_t fault_location(const Faults *faults, uint32_t service);
/* Whether the entry befalls the central service, by name or by where it is. */
bool fault_befalls(const Faults *faults, const TimelineSpec *entry, uint32_t service);

/* faults_apply.c: tells the world what all that is in force does to the targets of an entry. */
void fault_services_tell(Faults *faults, uint32_t entry, uint32_t cause);
void fault_sites_tell(Faults *faults, uint32_t entry, uint32_t cause);
void fault_origins_tell(Faults *faults, uint32_t entry, uint32_t cause);
void fault_ways_tell(Faults *faults, uint32_t entry, uint32_t cause);
void fault_demand_tell(Faults *faults, uint32_t entry, uint32_t cause);
void fault_service_tell(Faults *faults, uint32_t service, uint32_t cause);

/* faults_power.c */
enum { FAULTS_STEP, FAULTS_FAILOVER, FAULTS_GENERATOR };
extern const SimModelOps faults_ops;
void fault_power_begin(Faults *faults, uint32_t entry, uint32_t cause);
void fault_power_tell(Faults *faults, uint32_t entry, uint32_t cause);
void fault_power_failover(Sim *sim, void *state, SimEvent event);
void fault_power_generator(Sim *sim, void *state, SimEvent event);
/* Sets the strength and notes it for the counter. */
void fault_level_set(Faults *faults, uint32_t entry, double level);
