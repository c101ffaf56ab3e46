/*
 * traffic.h - who asks, how often, and through which cohort: what both data planes start from.
 *
 * Rows are those of the plan (flow_plan.h).  Fresh demand of a row at a PoP is
 *
 *     demand of its site there x share of its cohort x factor
 *
 * with factor = surge x what sessions say (a site of logged-in people, or their log-ins).  Under a
 * limit the share `admit` of what people ask is let in, so that the site's whole rate stays at the
 * limit.  Demand is held for a minute at the value of its middle.
 *
 * An attack's site has no demand until it is given a factor, and no part in the capacity of PoPs.
 *
 * Also here, since it follows from demand alone: the CPU capacity of PoPs.
 */
#pragma once

#include "models/demand.h"
#include "models/flow_plan.h"
#include "models/sessions.h"

#define TRAFFIC_DEMAND_PERIOD SIM_MINUTE

typedef struct Traffic {
    const World *world;
    FlowPlan *plan;
    Demand *demand;
    Sessions *sessions;
    uint32_t *front_cohort; /* [service] that serves its front now; SIM_NONE: as written */
    double *share_now;      /* [row] share of the site's or zone's traffic */
    double *factor;         /* [row] surge x sessions */
    double *admit;          /* [row] share of attempts admitted under a limit */
    double *surge, *limit;  /* [site]; limit < 0: none */
    uint32_t *limit_slot;   /* [site] cause of its limit */
    uint32_t *surge_slot;   /* [site] cause of its surge; 0: none */
    double *site_scratch;   /* [site] */
} Traffic;

/* Rates as the scenario says, every metro at its nearest PoP. */
void traffic_init(Traffic *traffic, const World *world, FlowPlan *plan, SimArena *arena);
/* The share of each row's traffic, after switch-fallback. */
void traffic_shares_find(Traffic *traffic);
/* The factor is more than the site's ordinary traffic: of an attack, that is none. */
bool traffic_is_surge(const Traffic *traffic, uint32_t site, double factor);
/* How clients of a site behave: those of an attack neither retry nor come back unless its `client`
 * is given. */
ClientSpec traffic_client(const SiteSpec *site);
/* Surges and sessions. */
void traffic_factors_find(Traffic *traffic);
/* asked [row]: what people ask a second at all PoPs, before limits. */
void traffic_limits_find(Traffic *traffic, const double *asked);
/* Fresh demand of a PoP, of those who reach none (SIM_NONE), by row, before shares and factors. */
void traffic_demand_read(Traffic *traffic, uint32_t pop, SimTime at, double *ret_by_row);
/* Log-ins of the tick by row become sessions. */
void traffic_sessions_advance(Traffic *traffic, SimTime now, const double *login_ok);
/* CPU capacity of all PoPs in cores: given, or their daily peak with the network's headroom. */
void traffic_cores_find(Traffic *traffic, double *ret_cores);
/* The share that sites' own rules block while a unit is degraded; [unit][condition][row]. */
void traffic_reactions_find(const Traffic *traffic, double *ret);
/* Cause of a surge of sites that call this central service, of any site (SIM_NONE); 0: none. */
uint32_t traffic_surge_cause(const Traffic *traffic, uint32_t service);
