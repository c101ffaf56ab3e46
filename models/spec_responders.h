/*
 * spec_responders.h - the part of a scenario that acts: teams, the tools they need, the status page
 * they write on.
 *
 * As spec.h: names, numbers and indices, never written after loading.
 */
#pragma once

#include "models/condition.h"
#include "sim/fields.h"

typedef struct ToolSpec { /* at most one of site and service; neither: it always works */
    SimEntity entity;
    uint32_t site, service; /* what it stands on; SIM_NONE */
    double works_above;     /* least share of successes there with which it works */
    SimLaw access;          /* time to get in */
    SimTime holds;          /* who is in need not get in again for so long */
    uint32_t instead;       /* the tool for when this one does not work; SIM_NONE */
} ToolSpec;

typedef struct FirstAlertSpec {
    SimEntity entity; /* name: the observer that paged */
    double chance;
} FirstAlertSpec;

typedef struct LeadSpec { /* a wrong explanation: chances of the conditions that hold add up as
                             independent ones */
    SimEntity entity;     /* name: what it is taken for */
    double chance;        /* whatever is seen */
    double flapping;      /* alerts come and go */
    double status_page_down;
    SimList first_alert; /* FirstAlertSpec */
    SimLaw diagnosis;    /* time until they give it up */
} LeadSpec;

typedef struct SaysSpec {
    SimEntity entity;
    SimLaw first;  /* from the acknowledgement to the first public word */
    SimTime every; /* updates; 0: none */
} SaysSpec;

typedef struct TeamSpec {
    SimEntity entity;
    SimList alerts; /* uint32_t: observers that page it */
    SimLaw page, ack, triage, diagnosis, decision;
    SimList wrong_leads; /* LeadSpec */
    SaysSpec says;       /* not given: nothing */
    Trigger until;       /* the incident is over for the team; absent: after its last step */
} TeamSpec;

typedef struct StatusPageSpec {
    SimEntity entity;
    uint32_t site; /* behind the edge it reports on; SIM_NONE: hosted elsewhere */
} StatusPageSpec;

extern const SimFieldTable tool_table, team_table, status_page_table;
