/*
 * story.h - what became of one request, told hop by hop, with the calls that were made for it.
 *
 * Collects while a run goes on; is told when the request has come to its end and nothing that was
 * begun for it is still under way, or a minute of the run later.  Work that a client's time-out
 * left behind belongs to the story: it is what overload is made of.
 *
 * A person who waits to come back is counted, not followed: who comes back is a new request.
 */
#pragma once

#include "models/run.h"
#include "sim/cmd/json.h"

typedef struct Story Story;

Story *story_new(uint64_t number);
void story_free(Story *story);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Story, story_free)
RequestLog *story_log(Story *story);
/* Whether all is known that there is to know, as of now. */
bool story_is_told(const Story *story, SimTime now);
/* Whether the request was seen at all, and the highest number that was. */
bool story_is_found(const Story *story);
uint64_t story_highest(const Story *story);

char *story_text(Story *story, const Run *run, const Spec *spec);
/* Members of the object that is open. */
void story_json(Json *json, Story *story, const Run *run, const Spec *spec);
