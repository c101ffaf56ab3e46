/*
 * response.h - an incident with somebody who watches and acts, made by hand: a curve and a journal.
 *
 * One bucket a second, from 0 to 40 s.  Push at 4 s, pain from 8 s (60 %), half of it gone at 24 s
 * (20 %), over at 32 s.  Tests add to the journal what they are about.
 */
#pragma once

#include "models/merit.h"
#include "tests/recording.h"
#include "tests/scenario.h"

#define RESPONSE_HEAD                                                                              \
    "blackstart: 1\n"                                                                              \
    "title: a test\n"                                                                              \
    "clock: {start: 2025-11-18T11:00:00Z, duration: 40s}\n"                                        \
    "services: {kv: {placement: pop}}\n"                                                           \
    "sites: {shop: {service: kv, share: 100%}}\n"                                                  \
    "timeline:\n"                                                                                  \
    "  - {at: +4s, do: kill-switch, services: [kv], id: fix}\n"                                    \
    "  - {at: +5s, do: note, text: lunch, id: lunch}\n"

enum { RESPONSE_SECONDS = 40 };

typedef struct Response {
    ScenarioText scenario;
    SimArena *arena;
    SimJournal *journal;
    ObserverSpec observers[3];
    TeamSpec teams[2];
    Recording recording;
    uint32_t push;
    Merit merit;
} Response;

static inline uint32_t
response_say(Response *response, double seconds, const char *kind, const char *entity)
{
    SimJournalEntry entry = {
        .at = sim_from_seconds(seconds), .cause = response->push, .kind = kind, .entity = entity};
    if (g_str_has_prefix(kind, "alert."))
        return sim_journal_add(response->journal, &entry, "%s (%s): errors",
                               strchr(entity, '/') + 1,
                               strcmp(entity, "observer/crowd") == 0 ? "ticket" : "page");
    return sim_journal_add(response->journal, &entry, "%s of %s", kind, entity);
}

/* percent: errors of each second; NULL: the incident above. */
static inline void
response_begin(Response *response, const double *percent)
{
    Sample samples[RESPONSE_SECONDS];
    for (int i = 0; i < RESPONSE_SECONDS; i++) {
        double usual = i < 8 || i >= 32 ? 0 : i < 24 ? 60 : 20;
        samples[i] = (Sample){100, percent ? percent[i] : usual, 0, 1};
    }
    *response = (Response){.arena = sim_arena_new(1 << 24), .push = SIM_NONE};
    scenario_text_read(&response->scenario, RESPONSE_HEAD);
    response->observers[0] = (ObserverSpec){
        .entity = {.name = "burn"}, .kind = OBSERVER_CUSUM, .severity = SEVERITY_PAGE};
    response->observers[1] = (ObserverSpec){
        .entity = {.name = "probes"}, .kind = OBSERVER_PROBES, .severity = SEVERITY_PAGE};
    response->observers[2] = (ObserverSpec){
        .entity = {.name = "crowd"}, .kind = OBSERVER_CROWD, .severity = SEVERITY_TICKET};
    response->teams[0] = (TeamSpec){.entity = {.name = "edge"}};
    response->teams[1] = (TeamSpec){.entity = {.name = "kv"}};
    response->scenario.spec.observers = (SimList){.items = response->observers, .n = 3};
    response->scenario.spec.teams = (SimList){.items = response->teams, .n = 2};
    response->journal = sim_journal_new(response->arena, NULL);
    response->recording =
        (Recording){.recorder = recording_new(response->arena, samples, RESPONSE_SECONDS),
                    .start = response->scenario.spec.clock.start,
                    .end = RESPONSE_SECONDS * SIM_SECOND,
                    .duration = RESPONSE_SECONDS * SIM_SECOND};
    response->push = response_say(response, 4, "timeline.happens", "timeline/lunch");
}

static inline const Merit *
response_take(Response *response)
{
    merit_take(&response->scenario.spec, &response->recording, response->journal, response->push,
               &response->merit);
    response->recording.merit = &response->merit;
    return &response->merit;
}

static inline void
response_end(Response *response)
{
    scenario_text_clear(&response->scenario);
    sim_arena_free(response->arena);
}
