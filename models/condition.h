/*
 * condition.h - the two short sentences of a scenario that are decisions.
 *
 * A condition compares a property of a config version with a number:
 * `features > 200`.  A trigger compares a metric of the run with a number and
 * may ask how long it holds: `errors > 5% for 2m`.  Operators: > >= < <= == !=.
 * A number may be plain, a share (`5%`), a duration (`200ms`, in seconds) or a
 * rate (`40k/s`).  No arithmetic, no and/or: two entries of a list say "and".
 */
#pragma once

#include "sim/fields.h"

typedef enum Comparison { ABOVE, AT_LEAST, BELOW, AT_MOST, EQUAL, UNEQUAL } Comparison;

typedef struct Condition {
    const char *property; /* NULL: absent */
    Comparison comparison;
    double value;
} Condition;

typedef struct Trigger {
    const char *metric; /* NULL: absent */
    Comparison comparison;
    double value;
    SimTime lasting;
} Trigger;

/* A number with whichever unit: 4, 5%, 200ms (seconds), 40k/s, 2x. */
bool value_read(const char *text, double *ret);
bool comparison_holds(Comparison comparison, double left, double right);

/* Hooks for CUSTOM fields: destination is a Condition, a Trigger. */
bool condition_parse(SimFields *fields, const SimNode *node, void *destination);
bool trigger_parse(SimFields *fields, const SimNode *node, void *destination);
/* Their text again, for the normalised scenario. */
void condition_print(const void *data, GString *out);
void trigger_print(const void *data, GString *out);
