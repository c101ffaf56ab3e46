/*
 * story_text.h - a story in words, for somebody on call, and as JSON.
 *
 * A line for each hop, calls indented below who makes them, with the time of day and the time
 * since the request came; stretches stand where they begin, ends where they end.  Then why: for
 * each thing that went wrong the journal's chain of causes up to its root.
 */
#pragma once

#include "sim/cmd/json.h"
#include "sim/cmd/story.h"

/* Of a story that was found; to be freed. */
char *story_text(Story *story, const Run *run, const Spec *spec);
/* Members of the object that is open. */
void story_json(Json *json, Story *story, const Run *run, const Spec *spec);
