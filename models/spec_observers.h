/*
 * spec_observers.h - the part of a scenario that watches: monitors, probes, crowd reports.
 *
 * As spec.h: names, numbers and indices, never written after loading.
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

typedef struct ObserverSpec {
    SimEntity entity;
    int kind;           /* ObserverKind */
    const char *metric; /* threshold, burn, cusum: what they look at */
} ObserverSpec;

extern const SimFieldTable observer_table;
