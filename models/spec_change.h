/*
 * spec_change.h - the part of a scenario that holds changes back: windows, freezes, approvals.
 *
 * As spec.h: names, numbers and indices, never written after loading.  What they do stands in
 * change.h.
 */
#pragma once

#include "sim/fields.h"

enum { WEEK_DAYS = 7, WEEK_DAY_S = 86400 };

typedef struct Week {     /* "mon-thu 08:00-16:00", UTC */
    uint32_t days;        /* bit 0: Monday */
    int32_t from_s, to_s; /* of the day; to_s beyond its end: goes on into the next day */
} Week;

typedef struct WindowSpec {
    SimEntity entity;
    Week week;
} WindowSpec;

typedef struct FreezeSpec {
    SimEntity entity;
    SimInstant from, to;
    const char *because;
} FreezeSpec;

typedef enum ChangeEmergency { EMERGENCY_BYPASSES, EMERGENCY_WAITS } ChangeEmergency;

typedef struct ChangeSpec {
    SimEntity entity;
    SimList windows; /* WindowSpec; empty: always open */
    SimList freezes; /* FreezeSpec */
    SimLaw approval; /* before a version goes out at all */
    int emergency;   /* ChangeEmergency: what push-known-good by hand does */
} ChangeSpec;

/* "mon,tue 08:00-16:00", to the end of out. */
void week_print(const void *week, GString *out);

extern const SimFieldTable change_table;
