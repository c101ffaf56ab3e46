/*
 * spec_network.h - the part of a scenario that is the edge itself and the way to it: PoPs, their
 * capacity, the Internet around them, prefix groups, and what a PoP does that has too much.
 *
 * As spec.h: names, numbers and indices, never written after loading.
 */
#pragma once

#include "sim/fields.h"

typedef struct DiurnalSpec {
    SimEntity entity;
    double amplitude;
    SimTime peak; /* local time of day */
} DiurnalSpec;

typedef struct ClusterShareSpec { /* of the machines of a PoP */
    SimEntity entity;
    double share;
} ClusterShareSpec;

typedef enum OverloadPolicy {
    OVERLOAD_RIDE,           /* it queues */
    OVERLOAD_SHED,           /* refuses what is beyond its capacity, at once */
    OVERLOAD_WITHDRAW_GROUP, /* withdraws one prefix group */
    OVERLOAD_WITHDRAW,       /* withdraws all */
    OVERLOAD_POLICIES
} OverloadPolicy;
extern const char *const overload_policy_names[OVERLOAD_POLICIES + 1]; /* NULL-terminated */

typedef struct OverloadSpec {
    SimEntity entity;
    int policy;      /* OverloadPolicy */
    uint32_t group;  /* of prefix_groups, for withdraw-group */
    double above;    /* CPU that is asked for, as a share of capacity, that counts as too much */
    SimTime lasting; /* key `for`: so long, until it acts */
    double below;    /* it comes back when it would be below this */
    SimTime calm;    /* and not before so long */
    SimTime every;   /* looks */
    double inhibit;  /* no more than this share of PoPs is withdrawn at once */
} OverloadSpec;

typedef struct TrafficManagerSpec { /* moves load between PoPs by measured CPU */
    SimEntity entity;
    double above;  /* CPU in use that makes a PoP give load away; 0: no traffic manager */
    double target; /* what it shall have then; nobody is given more than this */
    double below;  /* takes it back when both would be below this */
    SimTime every, lag;
    double distance_km; /* how far it may be moved */
    double most;        /* share of a PoP's load that may be away at once */
} TrafficManagerSpec;

typedef struct PopOverrideSpec {
    SimEntity entity;
    const char *region, *country, *code; /* NULL: any */
    int64_t busiest;                     /* 0: any; n: among the n with most demand */
    double capacity;                     /* factor */
    SimList clusters;                    /* ClusterShareSpec; empty: one */
    OverloadSpec overload;               /* not given: the network's */
} PopOverrideSpec;

typedef struct FilterSpec { /* share of networks that refuse leaked routes so */
    SimEntity entity;
    double otc, peer_lock, max_prefix;
} FilterSpec;

typedef struct ConvergenceSpec { /* how fast routes follow; see convergence.h */
    SimEntity entity;
    SimLaw hop;        /* from one network to the next */
    double mrai_share; /* of networks that wait between advertisements */
    SimTime mrai;
    SimLaw inside; /* a network that meets the edge elsewhere too */
    SimTime bfd;   /* until the loss of a link is noticed */
    SimTime hold;  /* until silence is */
} ConvergenceSpec;

typedef struct InternetSpec { /* given: routes of networks; else metros reach the nearest PoP */
    SimEntity entity;
    const char *relations; /* CAIDA as-rel file; NULL: a generated Internet */
    int64_t networks, seed;
    int64_t interconnected, transits;
    double remote, hubs;
    FilterSpec filters;
    ConvergenceSpec convergence;
} InternetSpec;

typedef struct ConnectionsSpec { /* that break when users move */
    SimEntity entity;
    SimTime lifetime;  /* of a connection, mean */
    double requests;   /* made on it */
    SimTime handshake; /* CPU to set one up */
    SimTime spread;    /* users come back within about this */
} ConnectionsSpec;

typedef enum Discipline { /* in the order of StationDiscipline */
                          DISCIPLINE_FIFO,
                          DISCIPLINE_LIFO,
                          DISCIPLINE_ADAPTIVE_LIFO,
                          DISCIPLINE_CODEL,
                          DISCIPLINE_SHARING
} Discipline;

typedef enum ServiceLaw { SERVICE_EXPONENTIAL, SERVICE_CONSTANT } ServiceLaw;

typedef struct ConcurrencySpec { /* a limit on calls in hand beyond which they are refused */
    SimEntity entity;
    int kind; /* LimiterKind */
    double initial;
} ConcurrencySpec;

typedef struct NetworkSpec {
    SimEntity entity;
    const char *pops, *metros; /* NULL: the built-in reference edge; else a CSV path */
    int64_t busiest;           /* keep the n PoPs with most demand; 0: all */
    double requests_per_s;     /* mean over a day, all sites; 0: sites give their own */
    DiurnalSpec diurnal;
    double headroom;         /* capacity above the PoP's own daily peak, as a share */
    double cores;            /* CPU capacity of each PoP; 0: derived from demand and headroom */
    double cores_min;        /* least CPU capacity of a PoP when derived */
    int64_t cores_per_queue; /* the c of M/M/c */
    double queue;            /* requests that may wait at a PoP; 0: any number */
    int discipline;          /* Discipline */
    int law;                 /* ServiceLaw */
    bool cancel;             /* a request whose client has given up is dropped unserved */
    bool deadlines;          /* a request that can not be served in time is refused */
    ConcurrencySpec limit;   /* of each queue */
    SimLaw convergence;      /* delay until a network follows a routing change */
    SimList overrides;       /* PopOverrideSpec */
    InternetSpec internet;
    ConnectionsSpec connections;
    OverloadSpec overload;
    TrafficManagerSpec traffic_manager;
} NetworkSpec;

typedef struct HealthSpec { /* a PoP withdraws what it can not serve */
    SimEntity entity;
    uint32_t service; /* that must answer it; SIM_NONE: no check */
    double failed;    /* share of checks that may fail */
    SimTime every, lasting, calm;
    double
        inhibit; /* when more than this share of PoPs are sick, the check is at fault: they stay */
} HealthSpec;

typedef struct GroupRegionSpec {
    SimEntity entity;
    const char *region;
} GroupRegionSpec;

typedef struct PrefixGroupSpec { /* sites that are announced together */
    SimEntity entity;
    SimList regions; /* GroupRegionSpec: only PoPs there announce it; empty: all */
    HealthSpec health;
} PrefixGroupSpec;

/* What fields of stations and of PoPs say about themselves. */
#define ABOUT_DISCIPLINE                                                                           \
    " next: the oldest; the newest; the newest only while a queue stands (adaptive-lifo); the "    \
    "oldest, but none that waited too long while a queue stands (codel); or all at once "          \
    "(sharing).  The flow plane has all but sharing."
#define ABOUT_DEADLINES                                                                            \
    " whose client would have given up before it is served is refused at once: deadlines travel "  \
    "with it (request plane)."

extern const SimFieldTable network_table, diurnal_table, prefix_group_table, concurrency_table;
extern const char *const discipline_names[], *const service_law_names[]; /* NULL-terminated */
