/*
 * rollback.h - "can you still roll back?": whether the tools of an action work
 * while what it is to repair does not.
 *
 * An action of the timeline repairs the services it names, or those that read
 * its config and may be broken by it; a broken one may take along the service
 * whose processes it shares.  A tool is taken away by a service when there is a
 * way of needs that fail closed, fronts and shared processes from the tool's
 * site or service to it, and while the service is down so many of the tool's
 * requests fail (exposure.h) that it no longer works.  Only cohorts that the
 * config breaks count where the front of a zone, or a site, names its cohorts.
 *
 * Left out: overload, so a tool that would only be slow counts as there; two
 * things that break at once; actions that name no service and no config.
 */
#pragma once

#include "models/exposure.h"

typedef struct ToolUse { /* one tool of one action */
    uint32_t entry, tool;
    bool is_there;   /* while what the action repairs is down */
    Chain chain;     /* else: from what the tool is to what takes it away */
    uint32_t config; /* that the last of the chain reads; SIM_NONE: the action names a service */
    uint32_t broken; /* the service that reads it, or is named: the last of the chain, or one of its
                        processes' */
    double fails;    /* share of the tool's requests while the last of the chain is down */
    uint32_t instead; /* the first in place of a tool taken away that is there; SIM_NONE: none */
} ToolUse;

/* Every tool of every action, in order: ToolUse; rollback_free. */
GArray *rollback_find(const Spec *spec, const Exposure *exposure);
void rollback_free(GArray *uses);
/* A timeline entry that somebody does to repair something. */
bool rollback_is_action(const TimelineSpec *entry);
/* "site login needs turnstile; …; bots reads features: if that breaks it, 85% of login fails"; the
 * caller frees it. */
char *rollback_text(const Spec *spec, const ToolUse *use);
/* Services that take the tool away when they are down, and locations whose services do: GArrays of
 * uint32_t. */
void rollback_lost_with(const Spec *spec, const Exposure *exposure, uint32_t tool,
                        GArray *ret_services, GArray *ret_locations);
