/*
 * phase_story.h - the chapters of an incident in which somebody watches, as the journal has them.
 *
 *   steady, push       up to the cause that failed most, and from it to the onset
 *   impact, detected   users feel it; an alert fires, or a team is paged
 *   wrong lead         the team whose diagnosis counts takes it for something else
 *   diagnosing         it no longer does
 *   identified, mitigated, recovered   as in merit.h; recovering where nobody had a hand in it
 *
 * A chapter lasts until the next moment of a later kind: what is identified after it was mitigated
 * opens no chapter.  One that has no time is left out.
 */
#pragma once

#include "models/merit.h"
#include "models/phase.h"

/* Whether the journal can tell: the scenario has observers or teams. */
bool phase_story_applies(const Spec *spec);
void phase_story_find(const Recording *recording, const Merit *merit, Phases *ret);
