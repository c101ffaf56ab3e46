/*
 * observers_row.h - what the files of observers.h share: one observer's state, and how it tells.
 */
#pragma once

#include "models/crowd.h"
#include "models/monitor.h"
#include "models/monitor_reading.h"
#include "models/observers.h"
#include "models/observers_canary.h"
#include "models/probes.h"

enum { ALERTS_MAX = 8, DRAW_STRIDE = 8 };

typedef struct ProbePoint {
    uint32_t metro, pop; /* the PoP whose counters it last saw */
    PlaneCounts counts;
    double failing; /* share of the site's attempts there, when last there were any */
    uint64_t tests;
    SimRng draws;
} ProbePoint;

typedef struct ObserverRow {
    const ObserverSpec *spec;
    const char *entity; /* "observer/NAME" */
    uint32_t id;
    uint32_t dark;             /* blackouts in force */
    SimRng losses;             /* of figures that cross the edge */
    uint64_t n_losses;         /* draws so far */
    int64_t failed, answered;  /* of the run, at the draw before */
    MonitorReading reading;    /* of its metric */
    MonitorReading everything; /* errors: what crosses the edge fails as often */
    double value;              /* what it last saw; NaN: nothing */
    /* Alerts: one, or one for each pair of windows. */
    MonitorAlert alerts[ALERTS_MAX];
    Severity severity; /* of what fired last */
    uint32_t n_fired;
    /* Monitors. */
    MonitorSeries series;
    MonitorCusum cusum;
    Canary *canary; /* NULL: all PoPs count */
    /* Probes. */
    Probes probes;
    ProbePoint *points;
    MonitorReading hanging;   /* time-outs over failed attempts, of the run */
    int64_t hung[2], lost[2]; /* of them, at the last two multiples of ten seconds */
    SimTime hung_at;
    /* Crowd. */
    Crowd crowd;
    CrowdDay day;
    MonitorReading tracker;  /* errors of its own site */
    int64_t hit[2], away[2]; /* counters at the last look: upper, lower */
    double hit_share, away_share;
    double reports, reports_per_s; /* expected in the open bin; in the last one */
    double users;
    uint32_t n_looks;
    uint64_t n_bins;
    SimRng draws;
    uint32_t column; /* first gauge */
} ObserverRow;

struct Observers {
    Sim *sim;
    const World *world;
    ObserversParts parts;
    MonitorTally tally;
    ObserverRow *rows;
    uint32_t n;
    SimEvent listeners[OBSERVERS_LISTENERS_MAX];
    uint32_t n_listeners;
};

/* Kinds of events, which observers.c has the table of. */
enum {
    OBSERVERS_SCRAPE,
    OBSERVERS_EVALUATE,
    OBSERVERS_WATCH,
    OBSERVERS_TEST,
    OBSERVERS_RESULT,
    OBSERVERS_REPORT
};
void observers_after(Observers *observers, SimTime delay, uint16_t kind, uint32_t actor,
                     uint64_t arg);

/* Its figures do not come: a blackout, or lost on their way across the edge. */
bool observers_loses(Observers *observers, ObserverRow *row);
/* One of its alerts has begun or ended: the journal, the listeners. */
void observers_tell(Observers *observers, ObserverRow *row, uint32_t alert, const char *text);
Severity observers_alert_severity(const ObserverRow *row, uint32_t alert);

bool observers_probes_attach(Observers *observers, ObserverRow *row, SimMessages *messages);
void observers_probes_watch(Observers *observers, ObserverRow *row);
void observers_probes_test(Observers *observers, ObserverRow *row, uint32_t point);
void observers_probes_result(Observers *observers, ObserverRow *row, uint32_t point,
                             bool is_failed);

bool observers_crowd_attach(Observers *observers, ObserverRow *row, SimMessages *messages);
void observers_crowd_look(Observers *observers, ObserverRow *row);
