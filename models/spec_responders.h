/*
 * spec_responders.h - the part of a scenario that acts: teams, the tools they need, the status page
 * they write on.
 *
 * As spec.h: names, numbers and indices, never written after loading.
 */
#pragma once

#include "sim/fields.h"

typedef struct ToolSpec {
    SimEntity entity;
} ToolSpec;

typedef struct TeamSpec {
    SimEntity entity;
} TeamSpec;

typedef struct StatusPageSpec {
    SimEntity entity;
    uint32_t site; /* behind the edge it reports on; SIM_NONE: hosted elsewhere */
} StatusPageSpec;

extern const SimFieldTable tool_table, team_table, status_page_table;
