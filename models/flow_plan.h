/*
 * flow_plan.h - who calls what, flattened for the flow plane.
 *
 * A row is traffic that takes one way through a PoP: a site's requests in one
 * cohort, or the calls that enter the edge for the zone of a fronted service in
 * one cohort.  For each row the plan holds, with shares multiplied along the
 * needs:
 *   - the calls it makes to each unit (a PoP service in one cohort): CPU;
 *   - the calls it makes over each edge to a core or external service;
 *   - terms: the ways in which a request can go wrong, each a source (unit or
 *     edge), a share of the row's requests and what that does (fail or stale).
 * A need that fails open has calls but no term.  Needs beyond one with
 * on_failure other than fail inherit it.  Switches change the plan, so it is
 * built again after a kill switch, or one that makes a service's failures pass
 * or count; it depends on nothing that moves.  The terms that such switches ask
 * for are made at once and lie where the order of the needs wants them.
 *
 * The rows of attacks come after those of people.  A PoP service that sees
 * through an attack is a term of its own kind, right after the failures of that
 * service; what is blocked there uses the CPU of what the plan calls up to it.
 *
 * Columns have `stride` entries, rows padded with zeros to a multiple of four.
 */
#pragma once

#include "models/world.h"

typedef struct FlowRow {
    uint32_t site;    /* SIM_NONE: a zone */
    uint32_t service; /* the PoP service it enters; of a zone: the fronted service */
    uint32_t cohort;  /* of the entry's host */
    double share;     /* of the site's or zone's traffic, as the scenario says */
} FlowRow;

typedef struct FlowUnit {
    uint32_t service, cohort;
    double *calls; /* [row] per request */
} FlowUnit;

typedef struct FlowEdge {
    uint32_t service; /* core or external */
    SimTime timeout;
    uint32_t retries;
    double each;                  /* calls of a request that makes any */
    const NeedSpec *guarded;      /* the need whose guard its calls pass; NULL: none */
    uint32_t guard;               /* among the edges with one */
    uint32_t fallback;            /* edge tried when this one fails; SIM_NONE */
    uint32_t stream;              /* of the service's station; set by flow_core */
    bool is_used;                 /* some row calls it directly */
    double *calls;                /* [row] per request that comes so far, first tries */
    uint32_t first_call, n_calls; /* its rows with calls, in plan->calls */
} FlowEdge;

typedef struct FlowRowCall { /* one row's calls over one edge */
    uint32_t row;
    double per_request;
} FlowRowCall;

typedef struct FlowOwned { /* of a row's calls over an edge, those that a PoP service makes */
    uint32_t call;         /* in plan->calls, once these are listed */
    uint32_t edge, row, service;
    double per_request;
} FlowOwned;

typedef enum FlowSource { FLOW_UNIT, FLOW_EDGE, FLOW_BLOCK } FlowSource;

typedef struct FlowTerm {
    FlowSource source;
    uint32_t index;     /* of the unit or edge; FLOW_BLOCK: of the unit that blocks an attack */
    bool is_stale;      /* the request succeeds with an older answer */
    int outcome;        /* OUTCOME_NONE: the source's own */
    double *weight;     /* [row] share of requests */
    bool has_all_calls; /* of its edge: no other term has rows of that */
    double *spared;     /* [row] of FLOW_BLOCK: CPU seconds that a blocked request does not use */
} FlowTerm;

typedef struct FlowPlan {
    uint32_t n_rows, n_people, n_clients, stride; /* people, other clients (attacks), then zones */
    FlowRow *rows;
    uint32_t n_units, n_edges, n_terms;
    uint32_t n_guarded; /* edges with a guard */
    FlowUnit *units;
    FlowEdge *edges;
    FlowRowCall *calls; /* of all edges, edge by edge: few rows call any one service */
    uint32_t n_calls, n_calls_max;
    FlowOwned *owned; /* in no order */
    uint32_t n_owned, n_owned_max;
    FlowTerm *terms;
    double *cpu;          /* [row] CPU seconds a request at normal speed */
    SimArena *arena;      /* while it is first built; later builds find all they need */
    uint32_t *zone_first; /* [service] first zone row; SIM_NONE: not fronted */
} FlowPlan;

/* Allocates the plan in the arena and builds it with no service killed, which is its largest. */
FlowPlan *flow_plan_new(const World *world, SimArena *arena);
/* Builds it again; killed[service] is true for services whose calls are skipped,
 * on_failure[service] what a failed call to it does: a NeedFailure, negative: as written (NULL: all
 * are).  What is not as written must be a service that may be switched. */
void flow_plan_build(FlowPlan *plan, const World *world, const bool *killed, const int *on_failure);
/* Some entry of the timeline makes failed calls to the service pass, or fail. */
bool flow_plan_may_switch(const World *world, uint32_t service);
/* What a failed call over a need does. */
int flow_plan_on_failure(const NeedSpec *need, const int *on_failure);
