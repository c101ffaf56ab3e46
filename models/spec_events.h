/*
 * spec_events.h - the part of a scenario that happens and is judged: the
 * timeline, expectations, and published values.
 */
#pragma once

#include "models/condition.h"
#include "sim/fields.h"

/* What a timeline entry does; spec_events.c has a row for each: words and fields it takes. */
typedef enum Verb {
    VERB_NOTE,
    VERB_MIGRATE,         /* cluster, from, to, over */
    VERB_PUSH,            /* config, properties: a new version by hand */
    VERB_STOP_GENERATOR,  /* config */
    VERB_START_GENERATOR, /* config */
    VERB_PUSH_KNOWN_GOOD, /* config */
    VERB_CONFIRM,         /* config: keeps a commit-confirm version */
    VERB_RESTART,         /* service, cohort, concurrency, pace, success: a campaign over PoPs */
    VERB_SWITCH_FALLBACK, /* services, cohort: their fronts use this cohort from now on */
    VERB_SWITCH_BACK,     /* services */
    VERB_KILL_SWITCH,     /* services: calls to them are skipped */
    VERB_RESTORE,         /* services: undoes kill-switch */
    VERB_SCALE,           /* service, by */
    VERB_HALT,            /* service, for: serves nothing */
    VERB_LIMIT,           /* site, to_rate: admits at most this fresh rate (the rest gets 429) */
    VERB_SURGE,           /* sites, by, for */
    VERB_POP_DOWN,        /* region, country, code, busiest, group, how, for */
    VERB_POP_UP,          /* region, country, code, busiest, group */
    VERB_PURGE,           /* sites, share: drops cached content */
    VERB_KILL,            /* service, cohort, share: processes die now */
    VERB_FAIL_OPEN,       /* services: a failed call to them lets the request pass */
    VERB_FAIL_CLOSED,     /* services: a failed call to them fails the request */
    VERB_POST,            /* text: a word on the status page */
    /* Faults. */
    VERB_SERVICE_FAILS, /* service, share, hosts, cohort, PoPs: calls are answered with errors */
    VERB_SERVICE_SLOW,  /* service, by, latency, PoPs: calls take longer */
    VERB_BURN_CPU,      /* service, by, PoPs: calls at the PoPs cost more CPU */
    VERB_LINK,          /* location or PoPs; share (lost), latency (added) */
    VERB_POWER_LOSS,    /* location, share (chance that generators do not start), over */
    VERB_CLOUD_OUTAGE,  /* location, share: external services there fail */
    VERB_CERTIFICATE,   /* sites, services: TLS fails */
    VERB_DNS_FAILURE,   /* sites: names do not resolve, once resolvers' answers have expired */
    VERB_DDOS,          /* sites: attack traffic comes */
    VERB_ORIGIN_FAILS,  /* sites, share */
    VERB_ORIGIN_SLOW,   /* sites, latency */
    VERB_CLOCK_SKEW,    /* services, skew */
    VERB_BLACKOUT,      /* observers: they get no new figures */
    VERB_QUOTA,         /* service, to_rate: more calls are refused */
    VERB_STATUS_DOWN,   /* the status page can not be reached */
    VERB_COUNT
} Verb;
extern const char *const verb_names[VERB_COUNT + 1]; /* NULL-terminated */
extern const char *const verb_abouts[VERB_COUNT];    /* one sentence each, for `list` */
/* What each verb takes, by key, separated by blanks.  A key not named there is refused, but text.
 */
typedef struct VerbKeys {
    const char *required, *optional;
} VerbKeys;
extern const VerbKeys verb_keys[VERB_COUNT];
static inline bool
verb_is_fault(int verb)
{
    return (verb >= VERB_SERVICE_FAILS && verb < VERB_COUNT) || verb == VERB_KILL ||
           verb == VERB_HALT || verb == VERB_SURGE || verb == VERB_POP_DOWN || verb == VERB_PURGE;
}

/* How a PoP loses its routes (in the order of RouteLoss of convergence.h). */
typedef enum PopLoss {
    POP_LOSS_DRAIN, /* withdraws them, and serves whoever still comes */
    POP_LOSS_CUT,   /* its links go; what still comes is lost */
    POP_LOSS_SILENT /* it falls silent; nobody notices for a while */
} PopLoss;
extern const char *const pop_loss_names[]; /* NULL-terminated */

typedef struct AfterSpec { /* "6m", "stop-generator", "stop-generator + 6m" */
    bool is_given;
    const char *entry; /* id or verb of an earlier entry; NULL: the entry before this one */
    SimTime delay;
} AfterSpec;

typedef struct PopSelector { /* PoPs that match all that is given; nothing given: all */
    const char *region, *country, *code;
    int64_t busiest;
    int64_t count; /* so many of them, drawn at random; 0: all */
} PopSelector;

typedef struct TimelineSpec {
    SimEntity entity;
    const char *id;
    SimInstant at;
    AfterSpec after;
    Trigger when;
    SimTime every; /* repeats from its first time until `until` */
    SimInstant until;
    SimLaw delay;            /* a further wait, drawn each time */
    uint32_t on_alert, team; /* observer; team whose runbook this is a step of; SIM_NONE */
    SimList tools;           /* uint32_t: without which it can not be done */
    double chance;           /* that it happens at all */
    Trigger only_if;         /* key `if`: skipped when it does not hold; never with `for` */
    int verb;                /* key `do` */
    uint32_t config, cluster, service, site, location;
    SimList services, sites, observers; /* uint32_t */
    SimList properties;                 /* PropertySpec */
    const char *cohort;
    double from, to, by, share, to_rate, success, hosts;
    SimTime over, lasting; /* lasting: key `for` */
    SimTime latency, skew;
    SimTime ramp;        /* a fault grows linearly to its full strength */
    int64_t concurrency; /* restart: PoPs at once */
    SimTime pace;        /* restart: time that one PoP takes in its lane */
    PopSelector pops;
    uint32_t group; /* of prefix_groups; SIM_NONE: all */
    int how;        /* RouteLoss: how PoPs go */
    const char *text;
} TimelineSpec;

typedef enum MeasureKind {
    MEASURE_MEAN,       /* of a ratio: total over total; of a gauge: time average */
    MEASURE_PEAK,       /* highest bucket */
    MEASURE_LOW,        /* lowest bucket */
    MEASURE_TOTAL,      /* of a count */
    MEASURE_FIRST,      /* instant at which it first is above `above` */
    MEASURE_LAST,       /* instant at which it last is */
    MEASURE_TIME_ABOVE, /* time spent above */
    MEASURE_LONGEST,    /* longest unbroken time above */
    MEASURE_SWITCHES,   /* crossings of `above`, either way */
    MEASURE_ALIGNED,    /* share of crossings at most `tolerance` after a multiple of `period` */
    MEASURE_SETTLED,    /* instant of the last upward crossing if it then stays above to the end */
    MEASURE_FALL,       /* (mean of base window - mean of window) / mean of base window */
    MEASURE_RATIO,      /* mean of window / mean of base window */
    MEASURE_COUNT
} MeasureKind;
extern const char *const measure_kind_names[MEASURE_COUNT + 1]; /* NULL-terminated */

typedef struct MeasureSpec {
    SimEntity entity;
    int kind;            /* key `of` */
    const char *metric;  /* errors, site.dashboard.success, latency.p95, … */
    SimInstant from, to; /* window; default the whole run */
    double above;
    SimInstant base_from, base_to;
    SimTime period, tolerance;
} MeasureSpec;

typedef enum BoundKind { BOUND_NONE, BOUND_NUMBER, BOUND_INSTANT } BoundKind;
typedef struct Bound { /* 99.9%, 4, 10m (seconds), 300/s, 2x, or a clock time 11:40 */
    BoundKind kind;
    double number;
    SimInstant instant;
    const char *text;
} Bound;

typedef struct ExpectSpec {
    SimEntity entity;
    const char *fault_bites; /* a config or the id of a timeline entry; NULL: a measure */
    MeasureSpec measure;     /* in place: its keys are keys of the expectation */
    Bound at_least, at_most;
    AfterSpec after; /* the window starts when that entry happens (plus its delay) */
    SimTime within;  /* the bounds must hold from some moment at most this long after the window's
                        start, for `lasting` on end; 0: the measure over the whole window counts */
    SimTime lasting; /* key `for` */
    const char *because;
} ExpectSpec;

typedef struct PublishedSpec {
    SimEntity entity;
    const char *id, *about, *value, *source, *note;
    MeasureSpec measure;     /* key `measure` */
    Bound at_least, at_most; /* the band that counts as agreement */
} PublishedSpec;

extern const SimFieldTable timeline_table, expect_table, published_table;
