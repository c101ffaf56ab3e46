/*
 * flow.h - the flow plane: between discrete events, traffic is rates and
 * backlogs.  This header is for the plane's own files; the world sees plane.h.
 *
 * Time.  A global tick (1 s) couples PoPs and central services.  Each PoP has a
 * clock of its own and advances in steps that end at its events, at ticks, or,
 * while nothing changes there, at the close of the recorder's bucket.  A step
 * with an overloaded station is cut into pieces of a twentieth of the shortest
 * time-out.  Demand is piecewise constant (60 s).
 *
 * A step of a PoP, for all rows (flow_plan.h) at once:
 *   1. attempts: fresh demand, people who try again, machines' delayed retries;
 *   2. the PoP's CPU: all served at once while it suffices, else through a
 *      station of cumulative curves (flow_station.h), whose time-outs and
 *      refusals come back as retries at the moment they happen;
 *   3. terms: each unit or edge that fails takes its share of what is left, in
 *      the plan's order, so that an attempt has one first cause;
 *   4. failures: machine retries within their budget, at once or after a
 *      back-off (delay line); then people wait and reload, or give up.
 * Central stations then advance a tick with the calls of all PoPs (flow_core.h)
 * and their failed share is what PoPs meet in the next tick.
 *
 * Cause.  Slots 0 to 15 stand for roots of the journal (0: none known: demand
 * beyond capacity).  While a tick lasts, failures of central services, of
 * overload and of origins are booked under a pseudo-slot each; at its end these
 * are shared out: an overload belongs to what took capacity away if something
 * did, else to the marks of the arrivals, the causes that made people wait and
 * come back.
 */
#pragma once

#include "models/cache.h"
#include "models/demand.h"
#include "models/flow_plan.h"
#include "models/flow_station.h"
#include "models/plane.h"
#include "models/sessions.h"
#include "sim/histogram.h"
#include "sim/recorder.h"

enum { FLOW_CAUSES = 16, FLOW_LEVELS_MAX = 6, FLOW_ACTIVE_MAX = 64, FLOW_DELAY_SLOTS = 64 };

/* A term that fails at a PoP now. */
typedef struct FlowActive {
    const double *weight;
    double chance;    /* that a call fails */
    double error_cpu; /* seconds of CPU that such a failure costs */
    uint32_t slot;
    uint32_t service;
    uint8_t outcome;
} FlowActive;

/* A cohort of clients' retry habits by row, the same at all PoPs.  Columns of `stride`. */
typedef struct FlowClients {
    uint32_t levels;   /* attempts a machine makes at most, over all rows */
    double *can_retry; /* [level * stride]: 1 if an attempt of that level may be followed */
    double *at_once;   /* [stride]: 1 if the next attempt follows without back-off */
    double *timeout;   /* [level * stride] seconds, by stream of a PoP's station */
    double *persistence, *reload; /* [stride] share who try again; mean seconds until then */
    double *budget, *budget_min;  /* [stride] < 0: no budget */
    double *backoff, *growth;     /* [stride] */
    bool *jitter;                 /* [stride] */
    bool has_delays;
    SimTime delay_slot; /* width of a slot of the delay lines */
    double reload_min, timeout_min;
} FlowClients;

typedef struct FlowPop {
    SimTime at, due;     /* advanced up to; next step ends no later than due */
    uint32_t stretch;    /* ticks a step may take */
    uint32_t seen;       /* core_version of the last step */
    double cores, speed; /* capacity; share usable (live processes, warm-up) */
    bool is_halted;
    double *demand;      /* [stride] requests a second, fresh */
    double *orbit;       /* [stride] people waiting to try again */
    double *tokens;      /* [stride] retry budget */
    double *miss;        /* [stride] share of requests that go to the origin */
    double *zone_failed; /* [zone row] failed share of the last step, for calls through the front */
    uint32_t *zone_slot; /* [zone row] cause slot of most of that */
    double *zone_lost;   /* [zone row] share lost to overload */
    double *calls;       /* [edge] calls a second now */
    double *age;         /* [site] cache age in requests */
    Behaviour *behaviour; /* [unit] */
    uint32_t n_active;
    FlowActive active[FLOW_ACTIVE_MAX]; /* of units; edges and origins are added in a step */
    bool is_burning;
    bool has_orbit;
    FlowStation station;
    double *carry;  /* [level * stride] retries that enter with the next piece of a step; or NULL */
    double *delays; /* [level][slot][stride], or NULL */
    bool has_delayed;
    double offered, failed; /* cumulative */
    double bucket_work;     /* CPU seconds since the bucket opened */
    double bucket_wait;     /* seconds waited x seconds, of an overloaded station */
    uint32_t overload_slot;
} FlowPop;

/* A central (core or external) service. */
typedef struct FlowCore {
    uint32_t service;
    double servers, service_s; /* servers now; seconds a call */
    double factor;             /* scale */
    bool is_halted;
    uint32_t capacity_cause; /* slot of what took capacity away; SIM_NONE */
    uint32_t n_streams;
    double *timeout, *work, *arrivals, *started, *timed_out, *refused; /* [stream] */
    double *failed; /* [stream] failed share of the last tick, with what it needs itself */
    double own_failed;
    double causes[FLOW_CAUSES]; /* what its failures are due to; sums to 1 */
    double marks[FLOW_CAUSES];  /* marked calls a second of the last tick */
    FlowStation station;
    double wait, utilisation;
    uint32_t pop;          /* where its calls through the edge enter */
    uint32_t *need_stream; /* [need] */
    uint32_t *need_edge_core;
    double *need_failed; /* [need] failed share that this service meets */
    uint32_t order;      /* position in the sweep */
    double offered_rate;
} FlowCore;

typedef struct FlowColumns { /* recorder columns */
    uint32_t fresh, retries, reloads, offered, ok, failed, blocked;
    uint32_t outcome, cause;                    /* first of each */
    uint32_t *site, *cohort, *region, *service; /* first column of each */
    uint32_t n_cohorts;
    uint32_t latency[3], cpu_mean, cpu_max, waiting, warm, lookups, hits, origin, origin_capacity;
    uint32_t *sessions; /* [site] or SIM_NONE */
} FlowColumns;

typedef struct Flow {
    World *world;
    SimArena *arena;
    SimTime tick, next_tick, bucket_width, demand_until;
    double tick_factor;
    FlowPlan *plan;
    FlowClients clients;
    Demand *demand;
    Sessions *sessions;
    bool *killed;        /* [service] */
    double *share_now;   /* [row] share of the site's or zone's traffic now */
    double *site_factor; /* [row] surge x sessions */
    double *admit;       /* [row] share of arrivals admitted under a limit */
    double *row_persist_decay;
    double *surge, *limit; /* [site] */
    uint32_t n_pops, n_zones;
    FlowPop *pops;
    uint32_t n_cores;
    FlowCore *cores;
    uint32_t *core_of; /* [service]; SIM_NONE */
    uint32_t *core_order;
    uint32_t core_version;
    double *calls;             /* [edge] calls a second, all PoPs */
    double *zone_extra;        /* [pop * n_zones] calls a second from core services */
    const CacheCurve **curves; /* [site] or NULL */
    double *origin_failed, *origin_rate, *origin_bucket; /* [site] */
    uint32_t *cache_cause;                               /* [site] slot */
    uint32_t n_slots, pseudo_core, pseudo_overload, pseudo_origin;
    uint32_t roots[FLOW_CAUSES], n_causes;
    double *cause_rows;  /* [slot * stride] failed or blocked attempts of this tick */
    double *orbit_marks; /* [cause * stride] waiting people by cause, all PoPs */
    double *orbit_total, *orbit_in, *orbit_out; /* [row], all PoPs; in and out of this tick */
    double *sum_offered, *sum_failed, *sum_blocked, *sum_fresh, *sum_retries, *sum_reloads,
        *sum_miss, *sum_ok, *sum_stale; /* [row] of the open bucket */
    double bucket_cause[FLOW_CAUSES], total_cause[FLOW_CAUSES];
    double bucket_outcome[OUTCOME_COUNT];
    double *service_failed; /* [service] calls of the open bucket */
    double *service_offered;
    double fresh_total, served_total, given_up_total, blocked_total; /* conservation of people */
    SimRecorder *recorder, *pop_recorder;
    FlowColumns columns;
    SimHistogram *latency;
    double *round_trip; /* [pop * 4] quartile points of the way from users, seconds */
    double *row_latency_core;
    uint64_t pop_steps;
    /* Scratch of a step, [stride] unless said. */
    double *level;                                /* [level * stride] */
    double *started, *timed_out, *refused, *work; /* [level * stride] */
    double *survive, *attempts, *failed, *blocked, *stale, *final, *share;
    double *portion; /* [active * stride] */
} Flow;

/* flow_pop.c */
void flow_pop_advance(Flow *flow, uint32_t pop, SimTime to);
void flow_pop_refresh(Flow *flow, uint32_t pop); /* after a behaviour or the plan changed */
/* flow_core.c */
void flow_core_attach(Flow *flow);
void flow_core_advance(Flow *flow, SimTime from, SimTime to);
void flow_core_plan_changed(Flow *flow);
/* flow_cause.c */
uint32_t flow_cause_slot(Flow *flow, uint32_t cause);
void flow_cause_share_out(Flow *flow);
/* flow_record.c */
void flow_record_attach(Flow *flow, SimTime duration);
void flow_record_close(Flow *flow, SimTime from, SimTime to);
