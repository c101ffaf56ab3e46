/*
 * responders.h - teams: from an alert to people who act.
 *
 * An alert of one of its observers, if it is grave enough to page anybody, pages
 * a team that is not busy.  Each stage
 * takes a time of its law and leaves a journal line whose cause is the stage
 * before; the first one's is the alert:
 *
 *   alert -page-> team.paged -ack-> team.acks -triage-> team.triages
 *         -diagnosis-> team.identifies -decision-> team.decides
 *         then each step of the runbook: team.waits for tools, team.acts, the deed
 *         -> team.done
 *
 * Wrong leads.  After the triage the team's leads are looked at in their order,
 * and the first that takes it is followed (team.misled) until it is given up
 * (team.unmisled) after a time of the lead's own law; then the others are looked
 * at.  Who has been misled needs no diagnosis of their own after the last one.
 * A lead takes the team when a number in (0, 1), drawn once an incident, is below
 *
 *   p = 1 - product of (1 - p_c) over the conditions c that hold
 *
 * always; flapping; the status page can not be reached; which observer paged.
 * Conditions may come to hold later: while they diagnose, each ten seconds the
 * leads are looked at again with the same numbers.  It flaps when two of the
 * team's alerts came back in the last half hour: cleared, and fired again less
 * than half an hour after the same observer fired before.
 *
 * The runbook is the timeline's entries with `team:`, in the file's order; one
 * begins when the one before is done.  Its chance, `if` and tools are the
 * timeline's (timeline.h, tools.h); its `delay` is how long the act takes.  After
 * the last step, while `until` does not hold, each ten seconds the steps that did
 * not apply when their turn came are looked at again.
 *
 * `until` is looked at each ten seconds from the acknowledgement on.  When it
 * holds after the triage the team stands down, whatever it was about to do; an
 * act that has begun is finished first.  Without it the team stands down after
 * its last step.  A team that is busy is not paged again.
 *
 * The public.  The first word comes a time of `first` after the acknowledgement,
 * or when the cause is known if that is sooner; further ones `every` so long, and
 * when the cause is known, when the last step is done, and when `until` holds if
 * anything had been said.  While the status page is down a word waits for it.
 *
 * All draws are from streams of the team, the stage and the incident's number,
 * so that two policies meet the same people.
 *
 * Left out: shifts, escalation, people who know each other's work, two leads at
 * once, a word that is wrong.
 */
#pragma once

#include "models/timeline.h"

typedef struct Responders Responders;

typedef struct ResponderParts {
    Timeline *timeline;
    Tools *tools;                                      /* may be NULL when no step has tools */
    MetricReader read_metric;                          /* may be NULL when no team has `until` */
    bool (*page_is_up)(void *context);                 /* the status page; NULL: always */
    bool (*is_page)(void *context, uint32_t observer); /* what fires now pages; NULL: always */
    void *context;
} ResponderParts;

/* NULL when a team is wrong, which messages then says. */
Responders *responders_attach(Sim *sim, const World *world, const ResponderParts *parts,
                              SimMessages *messages);
/* An observer's alert, as timeline_alert. */
SimEvent responders_alert(const Responders *responders);
/* Paged or at work. */
bool responders_is_busy(const Responders *responders, uint32_t team);
