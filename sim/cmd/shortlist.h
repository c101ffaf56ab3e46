/*
 * shortlist.h - requests worth a look: of each outcome, and of each service that failed with it,
 * the slowest few.
 */
#pragma once

#include "models/run.h"
#include "sim/cmd/json.h"

typedef struct Shortlist Shortlist;

/* Of one outcome only, or with OUTCOME_NONE of all. */
Shortlist *shortlist_new(uint32_t of_each, Outcome outcome);
void shortlist_free(Shortlist *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Shortlist, shortlist_free)
RequestLog *shortlist_log(Shortlist *list);

char *shortlist_text(Shortlist *list, const Run *run, const Spec *spec);
/* Members of the object that is open. */
void shortlist_json(Json *json, Shortlist *list, const Run *run, const Spec *spec);
