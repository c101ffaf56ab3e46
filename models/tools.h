/*
 * tools.h - what people and policies need to act: dashboards, APIs, log-ins, break-glass.
 *
 * A tool stands on a site or a service and works while at least `works_above`
 * of what was answered there in the last closed windows, a minute of them, was
 * a success: counters, as whoever tries it would find out, not the truth.  No
 * answer at all speaks against nothing.  A tool that stands on neither always
 * works.
 *
 * Who needs a tool gets into it first, which takes a time of its law, and is
 * then in for `holds`.  When it does not work they turn to the one that stands
 * in for it, and to the one for that, and take whichever lets them in first; who
 * is getting into a tool that stops working begins anew.  Being in outlasts an
 * outage, the tool's work does not.
 *
 * A user is an entry of the timeline or a team; the draws of one are numbered
 * by how often it got in, so that further users move no others'.
 *
 * Left out: a tool that works for some only, the load that its users are.
 */
#pragma once

#include "models/world.h"

/* The metric's value over the last closed windows that make up at least `span`, the last one for 0;
 * NaN: unknown or no traffic, which meets nothing. */
typedef double (*MetricReader)(void *context, const char *metric, SimTime span);

typedef struct Tools Tools;

/* NULL when tools stand in for each other in a circle, which messages then says. */
Tools *tools_attach(Sim *sim, const World *world, MetricReader read_metric, void *context,
                    SimMessages *messages);

static inline uint32_t
tools_user_of_entry(uint32_t entry)
{
    return entry;
}
static inline uint32_t
tools_user_of_team(const World *world, uint32_t team)
{
    return world->spec->timeline.n + team;
}

typedef struct ToolsAnswer {
    SimTime at;       /* when all are at hand, if nothing changes; now: go; SIM_TIME_MAX: not yet */
    uint32_t lacking; /* the first of those wanted that does not work; SIM_NONE */
    uint32_t using;   /* of those wanted, or in place of one: what takes longest to get into */
} ToolsAnswer;

bool tools_works(const Tools *tools, uint32_t tool);
/* wanted: uint32_t.  Whoever asks begins to get in, and asks again at `at` and before: each
 * TOOLS_LOOK. */
ToolsAnswer tools_ask(Tools *tools, uint32_t user, SimList wanted);
/* "dashboard does not work: gets in through glass"; into buffer, which is returned. */
char *tools_describe(const World *world, const ToolsAnswer *answer, char *buffer, size_t size);

#define TOOLS_LOOK (10 * SIM_SECOND)
