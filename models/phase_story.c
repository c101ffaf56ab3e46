#include "models/phase_story.h"

/* A moment at which a chapter may begin; they are in the order that the chapters have. */
typedef struct Turn {
    SimTime at; /* -1: never */
    const char *kind, *name;
} Turn;

enum { TURNS = 8 };

bool
phase_story_applies(const Spec *spec)
{
    return spec->observers.n > 0 || spec->teams.n > 0;
}

static SimTime
earlier(SimTime a, SimTime b)
{
    return a < 0 ? b : b < 0 ? a : MIN(a, b);
}

static void
list_turns(const Merit *merit, Turn *turns)
{
    const MeritTeam *team = merit_lead_team(merit);
    SimTime seen = earlier(merit->marks[MERIT_DETECT].at, merit->marks[MERIT_PAGE].at);
    bool is_relief = merit->deed != SIM_NONE;
    const Turn all[TURNS] = {
        {merit->push, "push", "push"},
        {merit->onset, "fault", "impact"},
        {seen < 0 ? -1 : MAX(seen, merit->onset), "detected", "detected"},
        {team ? team->misled.at : -1, "misled", "wrong lead"},
        {team ? team->unmisled.at : -1, "diagnosing", "diagnosing"},
        {merit->marks[MERIT_IDENTIFY].at, "identified", "identified"},
        {merit->marks[MERIT_MITIGATE].at, "recovering", is_relief ? "mitigated" : "recovering"},
        {merit->marks[MERIT_RECOVER].at, "steady", "recovered"}};
    for (guint i = 0; i < TURNS; i++)
        turns[i] = all[i];
}

/* When the next later chapter begins. */
static SimTime
end_of(const Turn *turns, guint i, SimTime end)
{
    for (guint k = i + 1; k < TURNS; k++)
        if (turns[k].at >= 0)
            end = MIN(end, turns[k].at);
    return end;
}

void
phase_story_find(const Recording *recording, const Merit *merit, Phases *ret)
{
    Turn turns[TURNS];
    SimTime latest = 0;
    *ret = (Phases){.threshold = phases_turns(recording).threshold};
    if (merit->onset < 0) {
        phases_add(ret, recording, 0, recording->end, "steady", "steady");
        return;
    }
    list_turns(merit, turns);
    phases_add(ret, recording, 0, merit->push >= 0 ? merit->push : merit->onset, "steady",
               "steady");
    for (guint i = 0; i < TURNS; i++) {
        SimTime end = end_of(turns, i, recording->end);
        if (turns[i].at < 0 || end < latest)
            continue;
        SimTime begin = MAX(turns[i].at, latest);
        phases_add(ret, recording, begin, end, turns[i].kind, turns[i].name);
        latest = MAX(latest, end);
    }
}
