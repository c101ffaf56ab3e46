/*
 * version.h - the versions of one config: their properties, and what each would
 * break.
 *
 * Version 0 has the properties of the scenario; every further one is those with
 * some changed.  A version is bad when it breaks a consumer's condition or a
 * limit.  Conditions are evaluated once, when the version is made.
 *
 * The tables grow by doubling in the run's arena, up to VERSIONS_MAX.
 */
#pragma once

#include "models/world.h"

enum { VERSIONS_MAX = 10000 };

typedef struct Versions Versions;

/* With version 0, made at the start of the run. */
Versions *versions_new(SimArena *arena, const ConfigSpec *spec);
/* changes: PropertySpec.  Returns its number; SIM_NONE when there are too many. */
uint32_t version_add(Versions *versions, SimList changes, SimTime at);
uint32_t version_count(const Versions *versions);
SimTime version_made_at(const Versions *versions, uint32_t version);
bool version_breaks(const Versions *versions, uint32_t version, uint32_t consumer);
bool version_breaks_limit(const Versions *versions, uint32_t version);
/* Any consumer, or a limit. */
bool version_is_bad(const Versions *versions, uint32_t version);
/* The newest of the first `before` versions that is not bad; 0 if all are. */
uint32_t version_known_good(const Versions *versions, uint32_t before);
/* "features 210, rules 12", cut to size; into buffer, which is returned. */
char *version_describe(const Versions *versions, uint32_t version, char *buffer, size_t size);

/* SIM_NONE: the config has no property of that name. */
uint32_t version_property_find(const ConfigSpec *spec, const char *name);
/* Whether all changes name properties of the config; messages says which do not. */
bool version_check(const ConfigSpec *spec, SimList changes, SimMessages *messages);
/* Whether a version, generated or not, goes past the change process and the rollout. */
bool version_bypasses(const ConfigSpec *spec, bool is_generated);
