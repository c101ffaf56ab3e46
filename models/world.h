/*
 * world.h - the scenario with its names resolved: what every module of a run
 * reads and none writes.
 *
 * A service has a host: the PoP service whose processes it shares (`inside`,
 * followed to its end), or itself.  Its cohorts are its host's.  A host without
 * cohorts has one, named "".  Conditions are the names of `degrade` effects.
 */
#pragma once

#include "models/geo.h"
#include "models/spec.h"
#include "sim/arena.h"
#include "sim/journal.h"
#include "sim/messages.h"
#include "sim/sim.h"

enum { COHORTS_MAX = 8 };

typedef struct PlaneOps PlaneOps;
typedef struct Internet Internet;     /* internet.h */
typedef struct AnycastMap AnycastMap; /* anycast.h */

/* Which PoPs the users of each metro reach: shares of metro m are shares[start[m]] to
 * shares[start[m + 1] - 1], in ascending order of PoP; what they leave of CATCHMENT_PARTS reaches
 * none. */
enum { CATCHMENT_PARTS = 65536 };
typedef struct CatchmentShare {
    uint32_t pop, parts;
} CatchmentShare;
typedef struct CatchmentTable {
    uint32_t *start;
    CatchmentShare *shares;
} CatchmentTable;

typedef struct World {
    const Spec *spec;
    const Geo *geo; /* n_pops PoPs */
    uint32_t n_pops, n_metros, n_services, n_sites, n_configs;
    uint32_t *host;          /* [service] */
    uint32_t *n_cohorts;     /* [service] */
    const char **conditions; /* names of degrade conditions */
    uint32_t n_conditions;
    uint32_t n_groups;          /* prefix groups: those of the spec after one for all other sites */
    uint32_t *group;            /* [site] */
    CatchmentTable *catchments; /* [group] at the start */
    const Internet *internet;   /* NULL: metros reach the nearest PoP */
    const AnycastMap *anycast;
    double *demand;           /* [pop] mean requests/s over a day, for order and selectors */
    uint32_t *pops_by_demand; /* busiest first */
    Sim *sim;
    SimJournal *journal;
    const PlaneOps *ops; /* the plane and its state */
    void *plane;
} World;

const ServiceSpec *world_service(const World *world, uint32_t service);
const SiteSpec *world_site(const World *world, uint32_t site);
const ConfigSpec *world_config(const World *world, uint32_t config);
/* Name and share of a service's cohort; "" when the host has none. */
const char *world_cohort_name(const World *world, uint32_t service, uint32_t cohort);
double world_cohort_share(const World *world, uint32_t service, uint32_t cohort);
uint32_t world_cohort_find(const World *world, uint32_t service, const char *name); /* SIM_NONE */
uint32_t world_condition_find(const World *world, const char *name);                /* SIM_NONE */
/* "" for the one of sites without a group. */
const char *world_group_name(const World *world, uint32_t group);
/* PoPs that match, busiest first, into ret (n_pops long); how many. */
uint32_t world_select_pops(const World *world, const PopSelector *selector, uint32_t *ret);
/* Fills everything but the plane.  False when names or shapes are wrong, which messages then says:
 * an entry that is not at the PoPs, `inside` in a ring, a loop of needs inside a PoP, cohorts that
 * do not sum to 100 % or are not the host's, a region that does not exist, more than one remainder,
 * sites that share more than all traffic, needs that branch into too many ways.
 * geo must outlive the world. */
bool world_init(World *world, Sim *sim, const Spec *spec, const Geo *geo, SimMessages *messages);
