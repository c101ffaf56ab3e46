/*
 * figure_lanes.h - the data of the swim lanes: what was done, who was in trouble, who watched and
 * who acted, each a lane over the same time.
 *
 * At most LANES_MAX lanes.  Of sites and services those show that failed or that something was done
 * to, worst first to be kept, in the scenario's order; when none did, the first few.  Shares are
 * runs of rows of about the same share.  Bars and marks are from the journal; a text stands where
 * there is room for it, and what finds no lane with room shares the last one without its text.
 */
#pragma once

#include "sim/cmd/figure_parts.h"

enum {
    LANES_MAX = 22,
    LANES_DONE_MAX = 3,
    LANES_ACTIONS_MAX = 4,
    LANES_SITES_MAX = 4,
    LANES_OBSERVERS_MAX = 6,
    LANES_TEAMS_MAX = 4,
    LANES_NAME_MAX = 22,
    LANES_TEXT_MAX = 44
};

typedef enum LaneKind {
    LANE_DONE,     /* changes and faults of the timeline */
    LANE_VERSIONS, /* of the config that did most harm */
    LANE_SITE,
    LANE_SERVICE,
    LANE_OBSERVER,
    LANE_ACTION, /* deeds of the timeline that belong to no team */
    LANE_TEAM,
    LANE_STATUS
} LaneKind;

typedef struct Lane {
    LaneKind kind;
    uint32_t of; /* site, service, observer, team or config; of DONE and ACTION a number */
    char *name;
    double trouble; /* how many attempts or calls failed */
} Lane;

typedef struct Lanes {
    const Result *result;
    FigureRows rows;
    GArray *lanes; /* Lane, from the top */
    GString *heat, *bars, *marks;
} Lanes;

bool figure_has_lanes(const Result *result);
GString *figure_print_lanes(const Result *result);
/* When the run begins and ends. */
GString *figure_print_lanes_span(const Result *result);
GString *figure_print_lanes_heat(const Result *result);
GString *figure_print_lanes_bars(const Result *result);
GString *figure_print_lanes_marks(const Result *result);

/* figure_lanes_story.c: the bars and marks of all lanes; may add lanes of what was done. */
void lanes_add_story(Lanes *lanes);
/* How many lanes the timeline's changes and faults, or its actions, need. */
uint32_t lanes_count_items(const Lanes *lanes, LaneKind kind);
bool lanes_is_touched(const Lanes *lanes, uint32_t service);
uint32_t lanes_place(const Lanes *lanes, LaneKind kind, uint32_t of); /* or SIM_NONE */
