/*
 * spec_observers.h - the part of a scenario that watches: monitors, probes, crowd reports.
 *
 * As spec.h: names, numbers and indices, never written after loading.  One struct serves all kinds;
 * a key that a kind does not take is refused, and what a kind leaves out has its default.
 */
#pragma once

#include "models/condition.h"
#include "sim/fields.h"

typedef enum ObserverKind {
    OBSERVER_THRESHOLD,
    OBSERVER_BURN,
    OBSERVER_CUSUM,
    OBSERVER_PROBES,
    OBSERVER_CROWD,
    OBSERVER_KINDS
} ObserverKind;
extern const char *const observer_kind_names[OBSERVER_KINDS + 1]; /* NULL-terminated */
extern const char *const observer_kind_abouts[OBSERVER_KINDS]; /* one sentence each, for `list` */
static inline bool
observer_is_monitor(int kind)
{
    return kind == OBSERVER_THRESHOLD || kind == OBSERVER_BURN || kind == OBSERVER_CUSUM;
}

typedef enum Severity { SEVERITY_INFO, SEVERITY_TICKET, SEVERITY_PAGE } Severity;
extern const char *const severity_names[]; /* NULL-terminated */

typedef enum NoData { NO_DATA_KEEP, NO_DATA_ALERT, NO_DATA_OK } NoData;
typedef enum ObserverVia { VIA_DIRECT, VIA_EDGE } ObserverVia;

typedef struct LevelSpec { /* a number with its unit, or none */
    bool is_given;
    double value;
} LevelSpec;

typedef struct BurnWindowSpec {
    SimEntity entity;
    SimTime long_window, short_window;
    double burn; /* factor on the budget */
    int severity;
} BurnWindowSpec;

typedef struct ObserverSpec {
    SimEntity entity;
    int kind; /* ObserverKind */
    int severity;
    int via;            /* ObserverVia */
    const char *metric; /* monitors: what they look at; crowd: the share of people that is hit */
    int no_data;        /* NoData */
    SimTime scrape, lag, every;
    /* threshold */
    LevelSpec above, below;
    SimTime window, lasting; /* lasting: key `for` */
    double requests_min;     /* burn too: of the long window */
    uint32_t canary;         /* config whose newest version a PoP must run to be counted */
    /* burn */
    double budget;   /* 1 - SLO */
    SimList windows; /* BurnWindowSpec */
    /* cusum */
    LevelSpec normal, shifted;
    double excess; /* events beyond the reference, the h of the literature */
    /* probes */
    uint32_t site; /* probes: tested; crowd: the tracker's own, SIM_NONE: it stands elsewhere */
    int64_t points, fail;
    double share; /* of points that must fail, if that is more than `fail` */
    SimTime timeout;
    const char *region; /* NULL: everywhere */
    /* crowd */
    double users;             /* online on a day's mean; 0: those of the metros */
    double reports, baseline; /* a second: of each person who is hit; of all when all is well */
    double times;
    int64_t bins;
} ObserverSpec;

extern const SimFieldTable observer_table;
