/*
 * deed.h - what each verb of the timeline does to the world, and undoes.
 *
 * A deed tells the module that owns the state, or the plane, with the deed's
 * journal entry as the cause.  What is injected is in faults.h, with what ends
 * by itself.  Of the others one does:
 *   limit     the latest counts; the end of an earlier one changes nothing.
 * scale stays, and is relative to the scenario's own capacity: the latest
 * counts (the autoscaler's factor comes on top, levers.h).  fail-open and
 * fail-closed hold until `restore`, which also undoes kill-switch.  pop-up
 * announces PoPs, whoever took them down.  post says something in public: while the status page
 * is down it is tried again each minute.
 *
 * Selectors are resolved when the deed is done; nothing is allocated then.
 */
#pragma once

#include "models/config.h"
#include "models/levers.h"
#include "models/observers.h"
#include "models/restart.h"
#include "models/status_page.h"

typedef struct Deeds Deeds;

typedef struct DeedParts {
    Clusters *clusters;
    Configs *configs;
    Processes *processes;
    Routing *routing;
    Levers *levers;
    Observers *observers;    /* NULL: no entry takes figures away */
    StatusPage *status_page; /* NULL: always up */
} DeedParts;

/* False when the entry can not be done in this world, which messages then says. */
bool deed_check(const World *world, const TimelineSpec *entry, SimMessages *messages);
/* The entry must have passed the check. */
Deeds *deed_attach(Sim *sim, const World *world, const DeedParts *parts);
/* cause: journal id of the deed. */
void deed_do(Deeds *deeds, uint32_t entry, uint32_t cause);
/* Whether the entry's deeds end by themselves; then deed_undo is due after entry->lasting. */
bool deed_has_end(const TimelineSpec *entry);
/* done: journal id of the deed that ends; cause: of its end. */
void deed_undo(Deeds *deeds, uint32_t entry, uint32_t done, uint32_t cause);
/* "restart proxy FL2": verb and targets, cut to size, into buffer, which is returned. */
char *deed_describe(const World *world, const TimelineSpec *entry, char *buffer, size_t size);
