#include "models/version.h"

#include "sim/quantity.h"

#include <string.h>

enum { VERSIONS_FIRST = 64 };

typedef struct Row {
    SimTime made_at;
    bool is_bad, breaks_limit;
} Row;

struct Versions {
    SimArena *arena;
    const ConfigSpec *spec;
    uint32_t n, room, n_properties, n_consumers;
    Row *rows;
    double *values; /* [version, property] */
    bool *breaks;   /* [version, consumer] */
};

static void *
grow(Versions *versions, const void *old, uint32_t room, size_t size)
{
    void *wide = sim_arena_alloc(versions->arena, room, size);
    if (old)
        memcpy(wide, old, versions->n * size);
    return wide;
}

static void
make_room(Versions *versions)
{
    if (versions->n < versions->room)
        return;
    uint32_t room = MAX(VERSIONS_FIRST, 2 * versions->room);
    versions->rows = grow(versions, versions->rows, room, sizeof(Row));
    versions->values =
        grow(versions, versions->values, room, versions->n_properties * sizeof(double));
    versions->breaks = grow(versions, versions->breaks, room, versions->n_consumers * sizeof(bool));
    versions->room = room;
}

uint32_t
version_property_find(const ConfigSpec *spec, const char *name)
{
    for (uint32_t i = 0; i < spec->properties.n; i++)
        if (strcmp(SIM_ITEM(spec->properties, PropertySpec, i)->entity.name, name) == 0)
            return i;
    return SIM_NONE;
}

static bool
holds(const Versions *versions, uint32_t version, const Condition *condition)
{
    uint32_t property = version_property_find(versions->spec, condition->property);
    SIM_ASSERT(property != SIM_NONE);
    double value = versions->values[version * versions->n_properties + property];
    return comparison_holds(condition->comparison, value, condition->value);
}

static void
judge(Versions *versions, uint32_t version)
{
    const ConfigSpec *spec = versions->spec;
    Row *row = &versions->rows[version];
    SIM_EACH(LimitSpec, limit, spec->limits)
    row->breaks_limit |= !holds(versions, version, &limit->demand);
    row->is_bad = row->breaks_limit;
    for (uint32_t i = 0; i < versions->n_consumers; i++) {
        bool breaks = holds(versions, version, &SIM_ITEM(spec->consumers, ConsumerSpec, i)->when);
        versions->breaks[version * versions->n_consumers + i] = breaks;
        row->is_bad |= breaks;
    }
}

uint32_t
version_add(Versions *versions, SimList changes, SimTime at)
{
    const ConfigSpec *spec = versions->spec;
    if (versions->n == VERSIONS_MAX)
        return SIM_NONE;
    make_room(versions);
    uint32_t version = versions->n++;
    double *values = versions->values + version * versions->n_properties;
    for (uint32_t i = 0; i < versions->n_properties; i++)
        values[i] = SIM_ITEM(spec->properties, PropertySpec, i)->value;
    SIM_EACH(PropertySpec, change, changes)
    values[version_property_find(spec, change->entity.name)] = change->value;
    versions->rows[version] = (Row){.made_at = at};
    judge(versions, version);
    return version;
}

Versions *
versions_new(SimArena *arena, const ConfigSpec *spec)
{
    Versions *versions = SIM_ARENA_NEW(arena, Versions, 1);
    *versions = (Versions){.arena = arena,
                           .spec = spec,
                           .n_properties = spec->properties.n,
                           .n_consumers = spec->consumers.n};
    version_add(versions, (SimList){0}, 0);
    return versions;
}

uint32_t
version_count(const Versions *versions)
{
    return versions->n;
}

static const Row *
row_at(const Versions *versions, uint32_t version)
{
    SIM_ASSERT(version < versions->n);
    return &versions->rows[version];
}

SimTime
version_made_at(const Versions *versions, uint32_t version)
{
    return row_at(versions, version)->made_at;
}

bool
version_breaks(const Versions *versions, uint32_t version, uint32_t consumer)
{
    SIM_ASSERT(version < versions->n);
    SIM_ASSERT(consumer < versions->n_consumers);
    return versions->breaks[version * versions->n_consumers + consumer];
}

bool
version_breaks_limit(const Versions *versions, uint32_t version)
{
    return row_at(versions, version)->breaks_limit;
}

bool
version_is_bad(const Versions *versions, uint32_t version)
{
    return row_at(versions, version)->is_bad;
}

uint32_t
version_known_good(const Versions *versions, uint32_t before)
{
    SIM_ASSERT(before <= versions->n);
    while (before > 1 && versions->rows[before - 1].is_bad)
        before--;
    return before > 0 ? before - 1 : 0;
}

char *
version_describe(const Versions *versions, uint32_t version, char *buffer, size_t size)
{
    SIM_ASSERT(version < versions->n);
    size_t length = 0;
    buffer[0] = 0;
    for (uint32_t i = 0; i < versions->n_properties && length + 1 < size; i++) {
        char number[64];
        sim_quantity_exact_number(number, sizeof number,
                                  versions->values[version * versions->n_properties + i]);
        g_snprintf(buffer + length, (gulong)(size - length), "%s%s %s", i ? ", " : "",
                   SIM_ITEM(versions->spec->properties, PropertySpec, i)->entity.name, number);
        length += strlen(buffer + length);
    }
    return buffer;
}

bool
version_check(const ConfigSpec *spec, SimList changes, SimMessages *messages)
{
    bool is_right = true;
    SIM_EACH(PropertySpec, change, changes)
    {
        if (version_property_find(spec, change->entity.name) != SIM_NONE)
            continue;
        is_right = false;
        sim_messages_error(messages, change->entity.mark,
                           "config '%s' has no property '%s': expected one of its properties",
                           spec->entity.name, change->entity.name);
    }
    return is_right;
}

bool
version_bypasses(const ConfigSpec *spec, bool is_generated)
{
    switch ((Bypass)spec->rollout.bypass) {
    case BYPASS_NONE:
        return false;
    case BYPASS_GENERATED:
        return is_generated;
    case BYPASS_DATA:
        return spec->kind == CONFIG_DATA;
    }
    return false;
}
