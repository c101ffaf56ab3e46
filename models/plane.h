/*
 * plane.h - the interface between the world and the traffic.
 *
 * The plane owns everything from fresh demand to outcome.  World modules
 * (configs, processes, routing, timeline) hold parameters and discrete state
 * only and tell the plane what changed, each time with the journal entry that
 * is the cause; what they read back is cumulative counters.  Nobody outside
 * the plane's own files asks which plane is running.
 *
 * Services are named by their index in the spec, cohorts by their index in the
 * cohorts of the service's host (see world.h; one unnamed cohort when it has
 * none), causes by journal ids.  All calls take effect at the run's current
 * time; the plane first advances what they touch to now.
 */
#pragma once

#include "models/books.h"
#include "models/request_log.h"

/* What the processes of one service and cohort at one PoP do to calls. */
typedef struct Behaviour {
    double panic;  /* share of calls that fail with 500 */
    double errors; /* share of calls that fail with the service's own outcome (stuck processes,
                      effect errors) */
    bool refused;  /* no process lives: every call fails with 502 */
    double speed;  /* share of the cohort's CPU that is usable: live processes x warm-up; 1 = all */
    double burn_cpu;  /* factor on CPU time of a call; 1 = normal */
    double delay;     /* seconds that a call takes beyond its CPU time, waiting for nothing here */
    double calls;     /* factor on the calls that the service makes to what it needs; 1 = normal */
    uint32_t degrade; /* condition that sites react to (index into world->conditions); SIM_NONE */
    uint32_t cause, stuck_cause; /* journal ids: of panic, refused, burn, degrade; of errors */
} Behaviour;
#define BEHAVIOUR_NORMAL                                                                           \
    ((Behaviour){.speed = 1,                                                                       \
                 .burn_cpu = 1,                                                                    \
                 .calls = 1,                                                                       \
                 .degrade = SIM_NONE,                                                              \
                 .cause = SIM_NONE,                                                                \
                 .stuck_cause = SIM_NONE})

bool behaviour_is_same(const Behaviour *a, const Behaviour *b);

/* CPU of a PoP that is usable, as a share: each host's cohorts weigh by share and cost; behaviour
 * by unit of the plan. */
double plane_speed(const World *world, const FlowPlan *plan, const Behaviour *behaviour);

typedef struct PlaneCounts { /* cumulative, of one PoP, all sites */
    int64_t offered, failed;
} PlaneCounts;

typedef struct PlaneMeans {
    double offered, failed;
} PlaneMeans;

/* What faults do to the calls of a central service, on top of what its station does. */
typedef struct Impairment {
    double errors;      /* share answered with the service's failure outcome, having been served */
    double bad_hosts;   /* share of its hosts that answer every call with an error, at once */
    double lost;        /* share that gets lost on the way: nobody answers, the caller times out */
    double delay;       /* seconds that the way takes longer, both directions together */
    double slow;        /* factor on the service time; 1 = normal */
    double quota_per_s; /* calls accepted a second, evenly; the rest is refused; < 0: no quota */
    uint32_t cause;
} Impairment;
#define IMPAIRMENT_NONE ((Impairment){.slow = 1, .quota_per_s = -1, .cause = SIM_NONE})

/* What befalls a site's attempts on their way to a PoP: no CPU is used there. */
typedef struct EntryFault {
    double share;    /* of attempts that end so */
    uint8_t outcome; /* a failed one: OUTCOME_TLS, OUTCOME_SERVFAIL; OUTCOME_TIMEOUT: lost, the
                        client waits its time-out */
    double delay;    /* seconds that the way takes longer for the others */
    uint32_t cause;
} EntryFault;

typedef struct OriginFault {
    double errors; /* share of the requests to the origin that fail with 522 */
    double delay;  /* seconds that the others take longer */
    uint32_t cause;
} OriginFault;

/* What a failed call does, in place of what the scenario says; NEED_AS_WRITTEN: that. */
enum { NEED_AS_WRITTEN = -1 };

typedef struct RequestTrace { /* a log of keys that a site's requests ask for */
    uint64_t *keys;
    uint64_t n, n_distinct;
} RequestTrace;

/* Some users of a metro reach another PoP. */
typedef struct CatchmentMove {
    uint32_t metro;
    uint32_t from, to; /* PoPs; SIM_NONE: what they send gets lost */
    uint32_t parts;    /* of CATCHMENT_PARTS of the metro's users */
    /* Of them, who were guests at `from` and who are at `to`: there but not at the start. */
    uint32_t guests_out, guests_in;
    uint32_t cause;
} CatchmentMove;

/* What the servers of a PoP do not reach. */
typedef struct Isolation {
    double
        outside;   /* share of calls to central services and of fetches from origins that is lost */
    double inside; /* share of cached answers that other servers hold which can not be asked */
    uint32_t cause;
} Isolation;

typedef struct PlaneOptions {
    SimTime duration;
    SimMessages *messages;
    double tick_factor; /* of every step, for tests of convergence; 0 or 1: clock.tick */
    bool counts_sites;  /* site_counts will be asked */
    /* Of the request plane. */
    uint32_t sample_pops;       /* PoPs that are kept; 0: all */
    const RequestTrace *traces; /* [site]; NULL: none */
    RequestLog *log;            /* NULL: nobody watches */
    bool has_no_fast_path;      /* for tests: every request an object */
} PlaneOptions;

typedef struct PlaneKept { /* what a sampling plane carries traffic for */
    uint32_t n_pops;
    double share;                      /* of all demand */
    uint32_t n_caches_keyed, n_caches; /* sites whose caches are kept object by object; with any */
} PlaneKept;

typedef struct PlaneLatency { /* of a run, by region, service or outcome */
    const char *scope, *name;
    uint64_t n;
    double seconds[4]; /* p50, p95, p99, p99.9 */
} PlaneLatency;

typedef struct PlaneOps {
    const char *name;
    /* Attaches the plane to the run and makes itself the world's; every metro at its nearest PoP.
     */
    void *(*attach)(Sim *sim, World *world, const PlaneOptions *options);
    /* Everything advanced to now, the open bucket closed. */
    void (*finish)(void *plane);
    /* Placement pop: sets what one PoP's processes of a service and cohort do. */
    void (*behaviour_set)(void *plane, uint32_t service, uint32_t pop, uint32_t cohort,
                          const Behaviour *behaviour);
    /* Processes of a host and cohort died at a PoP: the share of what they had in hand fails now,
     * before the plane is told what those that are left do. */
    void (*crash)(void *plane, uint32_t host, uint32_t pop, uint32_t cohort, double share,
                  uint32_t cause);
    /* Calls to the service are skipped (true) or made (false). */
    void (*kill_switch_set)(void *plane, uint32_t service, bool killed, uint32_t cause);
    /* The service's front is served by one cohort; SIM_NONE: as the scenario says. */
    void (*front_set)(void *plane, uint32_t service, uint32_t cohort, uint32_t cause);
    /* Core and external: servers; pop: CPU of all PoPs; factor relative to the scenario's own. */
    void (*capacity_set)(void *plane, uint32_t service, double factor, uint32_t cause);
    /* A central service forgets all calls that wait for it: they fail now. */
    void (*station_drop)(void *plane, uint32_t service, uint32_t cause);
    /* The service serves nothing (calls wait) until set back. */
    void (*halt_set)(void *plane, uint32_t service, bool halted, uint32_t cause);
    /* Fresh demand of a site: factor, and a cap in requests per second (< 0: none). */
    void (*demand_set)(void *plane, uint32_t site, double factor, double limit, uint32_t cause);
    /* Some users of the prefix group's sites reach another PoP from now on.  Their connections
     * break, and are set up anew there. */
    void (*catchment_moved)(void *plane, uint32_t group, const CatchmentMove *move);
    /* What a cache keeps: of one PoP or all (SIM_NONE), one site or all (SIM_NONE). */
    void (*cache_keep)(void *plane, uint32_t pop, uint32_t site, double kept, uint32_t cause);
    /* Central services: faults in force; the latest call counts. */
    void (*impair_set)(void *plane, uint32_t service, const Impairment *impairment);
    /* Attempts of a site (SIM_NONE: every site) that enter at a PoP (SIM_NONE: any); each outcome
     * has one fault a site and PoP, the latest. */
    void (*entry_set)(void *plane, uint32_t site, uint32_t pop, const EntryFault *fault);
    void (*origin_set)(void *plane, uint32_t site, const OriginFault *fault);
    /* What a failed call to the service does to whoever made it: NEED_FAIL, NEED_OPEN, NEED_STALE,
     * NEED_AS_WRITTEN. */
    void (*need_set)(void *plane, uint32_t service, int on_failure, uint32_t cause);
    /* Of one site's attempts at a PoP, up to its last step.  The plane counts them when
     * PlaneOptions.counts_sites is set. */
    PlaneCounts (*site_counts)(const void *plane, uint32_t pop, uint32_t site);
    /* Counters of a PoP up to its last step, which is at most ten seconds old. */
    PlaneCounts (*counts)(const void *plane, uint32_t pop);
    /* The same before rounding, of a plane whose counters are expectations; NULL: they are of
     * single requests, with their noise. */
    PlaneMeans (*means)(const void *plane, uint32_t pop);
    const Books *(*books)(const void *plane);
    double (*cores)(const void *plane, uint32_t pop); /* CPU capacity of a PoP, as it stands */
    uint64_t (*steps)(const void *plane);             /* of PoPs, or requests: the work done */
    const char *(*complaint)(const void *plane); /* NULL, or gives why it ended the run, or NULL */
    PlaneKept (*kept)(const void *plane);        /* NULL: all of everything */
    GArray *(*latencies)(const void *plane);     /* PlaneLatency; NULL: not measured */
} PlaneOps;
