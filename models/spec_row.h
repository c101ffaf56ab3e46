/*
 * spec_row.h - short rows for the field tables of a scenario.
 *
 * A row reads KIND(struct, member, "key", ...), one line a field where it fits;
 * what follows the key are designated members of SimField.
 */
#pragma once

#include "sim/fields.h"

#include <stddef.h>

#define ROW(type, member, name, kind_, ...)                                                        \
    {                                                                                              \
        .key = (name), .kind = (kind_), .offset = offsetof(type, member), __VA_ARGS__              \
    }
#define BOOL(t, m, k, ...) ROW(t, m, k, SIM_FIELD_BOOL, __VA_ARGS__)
#define INTEGER(t, m, k, ...) ROW(t, m, k, SIM_FIELD_INTEGER, __VA_ARGS__)
#define NUMBER(t, m, k, ...) ROW(t, m, k, SIM_FIELD_NUMBER, __VA_ARGS__)
#define COUNT(t, m, k, ...) ROW(t, m, k, SIM_FIELD_COUNT, __VA_ARGS__)
#define SHARE(t, m, k, ...) ROW(t, m, k, SIM_FIELD_SHARE, __VA_ARGS__)
#define FACTOR(t, m, k, ...) ROW(t, m, k, SIM_FIELD_FACTOR, __VA_ARGS__)
#define DURATION(t, m, k, ...) ROW(t, m, k, SIM_FIELD_DURATION, __VA_ARGS__)
#define RATE(t, m, k, ...) ROW(t, m, k, SIM_FIELD_RATE, __VA_ARGS__)
#define INSTANT(t, m, k, ...) ROW(t, m, k, SIM_FIELD_INSTANT, __VA_ARGS__)
#define LAW(t, m, k, ...) ROW(t, m, k, SIM_FIELD_LAW, __VA_ARGS__)
#define TEXT(t, m, k, ...) ROW(t, m, k, SIM_FIELD_TEXT, __VA_ARGS__)
#define NAME(t, m, k, ...) ROW(t, m, k, SIM_FIELD_NAME, __VA_ARGS__)
#define CHOICE(t, m, k, ...) ROW(t, m, k, SIM_FIELD_CHOICE, __VA_ARGS__)
#define REFERENCE(t, m, k, ...) ROW(t, m, k, SIM_FIELD_REFERENCE, __VA_ARGS__)
#define REFERENCES(t, m, k, ...) ROW(t, m, k, SIM_FIELD_REFERENCES, __VA_ARGS__)
#define OBJECT(t, m, k, ...) ROW(t, m, k, SIM_FIELD_OBJECT, __VA_ARGS__)
#define LIST(t, m, k, ...) ROW(t, m, k, SIM_FIELD_LIST, __VA_ARGS__)
#define MAP(t, m, k, ...) ROW(t, m, k, SIM_FIELD_MAP, __VA_ARGS__)
#define CUSTOM(t, m, k, ...) ROW(t, m, k, SIM_FIELD_CUSTOM, __VA_ARGS__)
