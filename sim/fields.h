/*
 * fields.h - tables of fields, from which parsing, units, defaults, limits,
 * messages, --set, the reference page and the JSON Schema follow.
 *
 * A table describes one mapping of a scenario file and the C struct it is read
 * into.  Each row names a key, the kind of value with its unit, where it goes
 * (an offset), its limits, its default as text (parsed by the same code as a
 * user's text, so it can not drift) and one sentence of documentation.
 *
 * Every struct that a table describes begins with a SimEntity.  Objects nest by
 * value; lists and maps become a SimList of structs that lie densely in memory
 * owned by the SimSpecMemory of the load.  A map keeps the file's order and its
 * entries carry the key as entity.name.
 *
 * Errors do not stop the reading: each is collected with the mark of the node
 * it belongs to, and all are reported at once (messages.h prints them).
 */
#pragma once

#include "sim/base.h"
#include "sim/instant.h"
#include "sim/law.h"
#include "sim/messages.h"
#include "sim/node.h"

#include <stddef.h>

typedef enum SimFieldKind {
    SIM_FIELD_BOOL,       /* bool: true, false */
    SIM_FIELD_INTEGER,    /* int64_t: 12 */
    SIM_FIELD_NUMBER,     /* double: 0.9, 1e6, no unit */
    SIM_FIELD_COUNT,      /* double: 200, 5M, 1.5k */
    SIM_FIELD_SHARE,      /* double 0..1: 20% (limits in 0..1 unless the row says otherwise) */
    SIM_FIELD_FACTOR,     /* double: 4x, 0.5x */
    SIM_FIELD_DURATION,   /* SimTime: 30s, 6h30m */
    SIM_FIELD_RATE,       /* double per second: 81M/s, 12/min */
    SIM_FIELD_BYTES,      /* double: 2TB */
    SIM_FIELD_TIMESTAMP,  /* int64_t seconds since 1970 UTC: 2025-11-18T11:00:00Z */
    SIM_FIELD_INSTANT,    /* SimInstant: 11:05, 11:05:30, a timestamp, +5m */
    SIM_FIELD_LAW,        /* SimLaw: 5s, lognormal(median 3m, sigma 0.7) */
    SIM_FIELD_TEXT,       /* const char * */
    SIM_FIELD_NAME,       /* const char *: letters, digits, - _ . ; starts with a letter or digit */
    SIM_FIELD_CHOICE,     /* int: index into choices */
    SIM_FIELD_REFERENCE,  /* uint32_t: the index of a named entry of a map in the root (path) */
    SIM_FIELD_REFERENCES, /* SimList of uint32_t; a lone scalar is a list of one */
    SIM_FIELD_OBJECT,     /* the nested struct, in place */
    SIM_FIELD_LIST,       /* SimList of structs */
    SIM_FIELD_MAP,        /* SimList of structs, named by their keys */
    SIM_FIELD_CUSTOM,     /* whatever parse() makes of the node */
} SimFieldKind;

/* What every described struct begins with.  name is the key of a map entry, NULL elsewhere. */
typedef struct SimEntity {
    const char *name;
    SimMark mark;  /* where it stands in its file; not set (line 0) when it came from a default */
    bool is_given; /* the file has it; false for an object filled by defaults alone */
} SimEntity;

typedef struct SimList {
    void *items;
    uint32_t n;
} SimList;
#define SIM_ITEM(list, type, i) (&((type *)(list).items)[i])
/* An empty list has no items, and nothing may be added to no pointer, not even 0. */
#define SIM_EACH(type, item, list)                                                                 \
    for (type *item = (type *)(list).items, *item##_end = item ? item + (list).n : item;           \
         item < item##_end; item++)

typedef struct SimFieldTable SimFieldTable;
typedef struct SimFields SimFields; /* the state of one reading; see below */

typedef struct SimField {
    const char *key;
    SimFieldKind kind;
    uint32_t offset;
    const char *fallback; /* default as text; NULL: zero bytes (REFERENCE: SIM_NONE) */
    bool required;
    double min, max; /* in the unit stored (seconds for durations and laws' means); both 0: the
                        kind's own */
    const char *const *choices; /* CHOICE: NULL-terminated */
    const char *path;           /* REFERENCE(S): key of the root map, e.g. "services" */
    const SimFieldTable *table; /* OBJECT, LIST, MAP */
    uint32_t items_max;         /* LIST, MAP, REFERENCES: 0 means 10,000 */
    /* CUSTOM: reads node into destination; adds its own messages; expected is for the reference
     * page and schema. */
    bool (*parse)(SimFields *fields, const SimNode *node, void *destination);
    void (*print)(const void *data, GString *out); /* CUSTOM: its text again; nothing: not given */
    const char *expected; /* CUSTOM: "a condition such as `features > 200`" */
    const char *about;    /* one sentence for the reference page */
} SimField;

struct SimFieldTable {
    const char *name; /* for the reference page: "service" */
    const char *about;
    size_t size; /* of the struct */
    const SimField *fields;
    uint32_t n_fields;
    const char *shorthand; /* a scalar in place of the mapping sets this key; NULL: not allowed */
    /* Optional: checks across fields of one struct that itself read without error; after all
     * references are resolved, inner structs before the outer, otherwise in file order. */
    void (*check)(SimFields *fields, void *item);
};
#define SIM_TABLE(rows) .fields = (rows), .n_fields = G_N_ELEMENTS(rows)

/*
 * Reads root into destination (zeroed, table->size bytes) with everything it
 * points to in memory that lives until sim_fields_free.  References are
 * resolved at the end, over the whole root.  Messages go to `messages`; the
 * result is usable only if none of them is an error.
 */
SimFields *sim_fields_read(const SimFieldTable *table, const SimNode *root, void *destination,
                           SimMessages *messages);
void sim_fields_free(SimFields *fields);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimFields, sim_fields_free)

/* For parse and check hooks: memory of the load, and messages at a mark. */
void *sim_fields_alloc(SimFields *fields, size_t n, size_t size);
char *sim_fields_strdup(SimFields *fields, const char *text);
void sim_fields_error(SimFields *fields, SimMark mark, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The candidate (NULL-terminated list) a mistyped text probably meant; NULL: none is near. */
const char *sim_fields_nearest(const char *text, const char *const *candidates);

/* Every table that can be reached from root, each once, in the order of their first mention; the
 * array is to be freed, the tables are not. */
GPtrArray *sim_fields_tables(const SimFieldTable *root);

/* The reference page (Markdown), the JSON Schema, and the normalised scenario (every field after
 * defaults, as YAML that reads back to the same values). */
void sim_fields_print_reference(const SimFieldTable *table, GString *out);
void sim_fields_print_schema(const SimFieldTable *table, GString *out);
void sim_fields_print_yaml(const SimFieldTable *table, const void *data, GString *out);
