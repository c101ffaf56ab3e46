/*
 * value.h - one scalar of a field: from text to what the struct holds and back.
 *
 * Covers every kind that is written as one word, with its limits and the
 * sentence that says what would have been right.  References, objects, lists
 * and maps are the business of fields.h.
 */
#pragma once

#include "sim/fields.h"

typedef struct SimValueKind {
    const char *noun;    /* "a duration" */
    const char *example; /* "30s, 5m or 6h30m" */
    const char *pattern; /* of the JSON Schema; NULL: any text */
    bool has_unit;       /* a bare number is refused for want of a unit */
    double min, max;     /* the kind's own limits */
} SimValueKind;

const SimValueKind *sim_value_kind(SimFieldKind kind);
/* "a duration such as 30s, 5m or 6h30m": to be freed; choices and custom fields say theirs. */
char *sim_value_expected(const SimField *field);
/* The limits that hold: the row's, or the kind's own where the row says nothing. */
void sim_value_limits(const SimField *field, double *ret_min, double *ret_max);
/* A limit in the field's unit: "100%". */
char *sim_value_limit_text(const SimField *field, double limit);

/*
 * Reads text into destination.  Text and names are kept by pointer.  On failure
 * the result is false and *ret_problem a new sentence, for after a mark:
 * "'30' has no unit: expected a duration such as …".
 */
bool sim_value_read(const SimField *field, const char *text, void *destination, char **ret_problem);
/* Zero that the row's limits would refuse, in a row without a default: nothing was given. */
bool sim_value_is_unset(const SimField *field, const void *value);
/* Appends text that reads back to the same value; nothing when there is no value (a NULL text). */
void sim_value_print(const SimField *field, const void *source, GString *out);

/* A YAML scalar that reads as exactly this text: bare where that is safe, else in double quotes. */
void sim_value_quote(const char *text, GString *out);
bool sim_value_is_name(const char *text);
/* A user's text for a message: at most 60 characters. */
char *sim_value_shorten(const char *text);
