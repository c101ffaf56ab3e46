/*
 * spec.h - a scenario as read: the structs that its field tables fill.
 *
 * This is the vocabulary of a scenario file, and nothing else: names, numbers
 * with their units turned into doubles and nanoseconds, references turned into
 * indices of the lists below.  World modules copy what they need from here when
 * a run is made; nothing writes here after loading.  Lists are SimLists of the
 * struct named in the comment.  Documentation of each field stands once, in the
 * rows of spec.c.
 */
#pragma once

#include "models/backoff.h"
#include "models/outcome.h"
#include "models/spec_config.h"
#include "models/spec_events.h"
#include "models/spec_network.h"
#include "models/spec_observers.h"
#include "models/spec_protections.h"
#include "models/spec_responders.h"
#include "sim/fields.h"

typedef struct ClockSpec {
    SimEntity entity;
    int64_t start; /* seconds since 1970 */
    SimTime duration, tick;
    int64_t seed;
} ClockSpec;

typedef struct LocationSpec { /* core data centres and clouds */
    SimEntity entity;
    double latitude, longitude;
} LocationSpec;

typedef struct CohortSpec {
    SimEntity entity; /* name: FL2 */
    double share;
} CohortSpec;

typedef enum NeedFailure { NEED_FAIL, NEED_OPEN, NEED_FALLBACK, NEED_STALE } NeedFailure;

typedef struct NeedSpec {
    SimEntity entity; /* name: the service needed */
    uint32_t service; /* index of that service */
    double share;     /* of the caller's requests that make the call */
    double cached;    /* of those, answered without a call */
    double calls;     /* made by each that makes any */
    int on_failure;   /* NeedFailure */
    uint32_t fallback;
    SimTime timeout;
    int64_t retries;
    int outcome; /* of the caller's request when the call fails; OUTCOME_NONE: the service's own */
    BreakerSpec breaker;
    int throttle;    /* ThrottleKind: calls that the caller refuses itself */
    int limits;      /* CallLimits: whose numbers the two that follow are when not given */
    double bulkhead; /* calls of one caller's kind at one PoP in hand at once; 0: any number */
    double retries_at_once; /* of them, retries; 0: any number */
    double retry_budget;    /* retries a first try; 0: no limit */
    OutlierSpec outlier;
} NeedSpec;

typedef struct StationSpec {
    SimEntity entity;
    double servers;
    SimTime service_time;
    double queue;       /* waiting places; < 0: unbounded */
    double concurrency; /* calls in hand at once; < 0: no limit of its own */
    int discipline;
    int law;
    bool cancel;    /* work whose caller has given up is dropped unserved */
    bool deadlines; /* a call that can not be served in time is refused */
    ConcurrencySpec limit;
    double hosts;  /* machines that the servers are spread over; 0: not told apart */
    int admission; /* ThrottleKind: calls that are refused before they reach a server */
    AutoscaleSpec autoscale;
} StationSpec;

typedef struct RestartSpec {
    SimEntity entity;
    int64_t processes; /* per PoP (placement pop) or in all */
    SimLaw delay;      /* a process's own start, from exec to ready */
    int backoff;       /* BackoffKind, after a crash */
    double
        stuck; /* share of crash-looping processes that end in `failed` until restarted by hand */
    SimTime warm_up;   /* from ready to full speed */
    double warm_speed; /* speed just after the start */
    double cache_kept; /* share of the cache's content that a restart keeps */
} RestartSpec;

typedef struct ReactionSpec { /* what a degraded condition does to a site */
    SimEntity entity;         /* name of the condition, e.g. bot-score-zero */
    double share;             /* of requests blocked */
} ReactionSpec;

typedef struct FrontSpec { /* callers reach this service through the edge */
    SimEntity entity;
    uint32_t service;  /* SIM_NONE: called directly */
    SimList cohorts;   /* CohortSpec: which cohort serves this service's own zone */
    SimList needs;     /* NeedSpec: what the front calls for each request of the zone */
    SimList reactions; /* ReactionSpec */
} FrontSpec;

typedef enum Placement { PLACEMENT_POP, PLACEMENT_CORE, PLACEMENT_EXTERNAL } Placement;

typedef struct ServiceSpec {
    SimEntity entity;
    int placement;
    uint32_t location; /* of locations; SIM_NONE for placement pop */
    uint32_t inside;   /* the pop service whose processes it shares; SIM_NONE: its own */
    SimTime cpu;       /* placement pop: CPU time of a call */
    SimTime error_cpu; /* extra CPU time of a call that fails inside */
    SimList cohorts;   /* CohortSpec */
    StationSpec station;
    RestartSpec restart;
    FrontSpec front;
    SimList needs; /* NeedSpec */
    int outcome;   /* what a failed call is to a client when nothing more specific is known */
    FailoverSpec failover;   /* of a core service whose location is lost */
    SimTime clock_tolerance; /* skew beyond which calls fail; 0: indifferent */
    EffectSpec when_killed;  /* what it does to its host when calls to it are switched off */
} ServiceSpec;

typedef struct VendorSpec { /* a site's hidden dependency; only `check` reads it */
    SimEntity entity;
    SimList services; /* uint32_t: services of this network that it stands on */
    SimList vendors;  /* uint32_t: other vendors that it stands on */
} VendorSpec;

typedef struct CacheSpec {
    SimEntity entity;
    double cacheable;  /* share of requests */
    double objects;    /* in the catalogue */
    double alpha;      /* Zipf */
    double size;       /* of the catalogue that a PoP's cache holds for this site */
    int policy;        /* CachePolicyKind */
    SimTime ttl;       /* 0: for ever */
    const char *trace; /* a log whose keys are asked for in its order; NULL: Zipf draws */
} CacheSpec;

typedef struct OriginSpec {
    SimEntity entity;
    double capacity_per_s; /* 0: unlimited */
    SimTime latency;
} OriginSpec;

typedef struct ClientSpec {
    SimEntity entity;
    SimTime timeout;
    int64_t retries;
    SimTime backoff;
    bool jitter;   /* full: the wait is uniform between 0 and the back-off */
    double growth; /* back-off of attempt k: backoff * growth^(k-1) */
    double budget; /* retries per fresh request; 0: no limit */
    double budget_min_per_s;
    int library;        /* RetryPolicyKind; RETRY_NONE: by budget */
    SimTime reload;     /* mean time until a person tries again */
    double persistence; /* share of people who do, after each failure */
} ClientSpec;

typedef struct SessionsSpec {
    SimEntity entity;
    uint32_t login; /* the site whose successes open sessions; SIM_NONE: no sessions */
    double users;   /* sessions open at the start */
    SimLaw lifetime;
    double return_share; /* of expiries that log in again at once; newcomers make up the rest */
} SessionsSpec;

typedef struct RegionSpec {
    SimEntity entity; /* region name */
    double factor;
} RegionSpec;

typedef struct SiteSpec {
    SimEntity entity;
    double share;          /* of network.requests */
    bool remainder;        /* takes what the shares leave */
    double requests_per_s; /* own rate, when > 0 */
    SimList regions;       /* RegionSpec */
    DiurnalSpec diurnal;   /* not given: the network's */
    uint32_t service;      /* where its requests enter */
    SimList cohorts;       /* CohortSpec; empty: as the service's */
    SimList needs;         /* NeedSpec: beyond those of the service */
    SimList reactions;     /* ReactionSpec */
    CacheSpec cache;
    OriginSpec origin;
    ClientSpec client;
    SessionsSpec sessions;
    SimList vendors;   /* uint32_t of vendors */
    AttackSpec attack; /* given: nobody's requests, but an attack's */
    uint32_t group;    /* of prefix_groups; SIM_NONE: the one of all others */
    const char *about;
} SiteSpec;

typedef struct Spec {
    SimEntity entity;
    int64_t version;
    const char *title, *about;
    bool replay;
    ClockSpec clock;
    NetworkSpec network;
    SimList locations, services, vendors, sites, clusters, configs; /* LocationSpec … */
    ChangeSpec change_process;                                      /* of configs without own */
    SimList timeline;                                               /* TimelineSpec */
    SimList expect;                                                 /* ExpectSpec */
    SimList published;                                              /* PublishedSpec */
    SimList observers;                                              /* ObserverSpec */
    SimList tools, teams;                                           /* ToolSpec, TeamSpec */
    StatusPageSpec status_page;
    SimList prefix_groups; /* PrefixGroupSpec */
    const char *spotlight; /* a metric shown in a panel of its own in the incident strip */
} Spec;

extern const SimFieldTable spec_table;
