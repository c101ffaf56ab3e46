#include "models/merit.h"

#include "models/landmark.h"
#include "models/phase.h"
#include "models/verdict.h"

#include <math.h>
#include <string.h>

#define WINDOW_SHARE 10
#define WINDOW_MOST (10 * SIM_MINUTE)
enum { WINDOW_BUCKETS = 3 };

const char *const merit_names[MERIT_COUNT + 1] = {"merit.detect",
                                                  "merit.monitor",
                                                  "merit.probe",
                                                  "merit.crowd",
                                                  "merit.page",
                                                  "merit.ack",
                                                  "merit.identify",
                                                  "merit.mitigate",
                                                  "merit.recover",
                                                  "merit.first-word",
                                                  "merit.misled",
                                                  "merit.updates",
                                                  NULL};
const char *const merit_abouts[MERIT_COUNT] = {
    "from users' pain to the first alert that pages",
    "from users' pain to the first alert of a monitor",
    "from users' pain to the first alert of probes",
    "from users' pain to the first alert of people who complain",
    "from users' pain to the first team paged",
    "from users' pain to the first acknowledgement",
    "from users' pain to the cause known",
    "from users' pain to half of it",
    "from users' pain to the end of it",
    "from users' pain to the first public word",
    "time spent on wrong leads",
    "public words after the first",
};

bool
merit_find(const char *metric, MeritKind *ret)
{
    for (int kind = 0; kind < MERIT_COUNT; kind++)
        if (strcmp(merit_names[kind], metric) == 0) {
            *ret = (MeritKind)kind;
            return true;
        }
    return false;
}

MeasureUnit
merit_unit(MeritKind kind)
{
    return kind == MERIT_UPDATES ? MEASURE_NUMBER : MEASURE_SECONDS;
}

/* who there is ------------------------------------------------------------------------------ */

static MeritKind
kind_of_observer(const ObserverSpec *observer)
{
    return observer->kind == OBSERVER_PROBES  ? MERIT_PROBE
           : observer->kind == OBSERVER_CROWD ? MERIT_CROWD
                                              : MERIT_MONITOR;
}

static bool
has_observer(const Spec *spec, MeritKind kind)
{
    SIM_EACH(ObserverSpec, observer, spec->observers)
    if (kind_of_observer(observer) == kind)
        return true;
    return false;
}

static bool
has_words(const Spec *spec)
{
    SIM_EACH(TimelineSpec, entry, spec->timeline)
    if (entry->verb == VERB_POST)
        return true;
    return spec->status_page.entity.is_given || spec->teams.n > 0;
}

bool
merit_applies(const Spec *spec, MeritKind kind)
{
    switch (kind) {
    case MERIT_DETECT:
        return spec->observers.n > 0;
    case MERIT_MONITOR:
    case MERIT_PROBE:
    case MERIT_CROWD:
        return has_observer(spec, kind);
    case MERIT_PAGE:
    case MERIT_ACK:
    case MERIT_IDENTIFY:
    case MERIT_MISLED:
        return spec->teams.n > 0;
    case MERIT_FIRST_WORD:
    case MERIT_UPDATES:
        return has_words(spec);
    case MERIT_MITIGATE:
    case MERIT_RECOVER:
    case MERIT_COUNT:
        break;
    }
    return true;
}

/* the journal, read once ---------------------------------------------------------------------- */

typedef struct Reading {
    const Spec *spec;
    const SimJournal *journal;
    const Recording *recording;
    PhaseTurns turns;
    SimTime relief; /* recovered, or the end of the run */
    Merit *merit;
    bool has_pager;
    GArray *deeds; /* MeritMark */
} Reading;

static const char *
name_in(const char *entity)
{
    const char *slash = entity ? strchr(entity, '/') : NULL;
    return slash ? slash + 1 : "";
}

static const ObserverSpec *
observer_of(const Spec *spec, const char *entity)
{
    SIM_EACH(ObserverSpec, observer, spec->observers)
    if (strcmp(observer->entity.name, name_in(entity)) == 0)
        return observer;
    return NULL;
}

static void
note_first(MeritMark *mark, SimTime at, uint32_t id)
{
    if (mark->at < 0)
        *mark = (MeritMark){at, id};
}

/* Burn-rate monitors have a severity for each pair of windows. */
static bool
may_page(const ObserverSpec *observer)
{
    SIM_EACH(BurnWindowSpec, window, observer->windows)
    if (window->severity == SEVERITY_PAGE)
        return true;
    return observer->kind != OBSERVER_BURN && observer->severity == SEVERITY_PAGE;
}

static bool
has_pager(const Spec *spec)
{
    SIM_EACH(ObserverSpec, observer, spec->observers)
    if (may_page(observer))
        return true;
    return false;
}

/* An alert's words begin with its observer's name and severity. */
static bool
does_page(const SimJournalEntry *entry)
{
    g_autofree char *head =
        g_strdup_printf("%s (%s)", name_in(entry->entity), severity_names[SEVERITY_PAGE]);
    return g_str_has_prefix(entry->text, head);
}

static void
note_alert(Reading *reading, const SimJournalEntry *entry, uint32_t id)
{
    MeritMark *marks = reading->merit->marks;
    const ObserverSpec *observer = observer_of(reading->spec, entry->entity);
    if (!observer)
        return;
    if (!reading->has_pager || does_page(entry))
        note_first(&marks[MERIT_DETECT], entry->at, id);
    note_first(&marks[kind_of_observer(observer)], entry->at, id);
}

/* An alert that is over before users feel anything was about something else. */
static void
note_clear(Reading *reading, const SimJournalEntry *entry)
{
    Merit *merit = reading->merit;
    static const MeritKind kinds[] = {MERIT_DETECT, MERIT_MONITOR, MERIT_PROBE, MERIT_CROWD};
    if (entry->at >= merit->onset)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
        MeritMark *mark = &merit->marks[kinds[i]];
        if (mark->at >= 0 &&
            g_strcmp0(sim_journal_get(reading->journal, mark->entry)->entity, entry->entity) == 0)
            mark->at = -1;
    }
}

static MeritTeam *
team_of(Merit *merit, const char *entity)
{
    const MeritMark never = {-1, SIM_NONE};
    const char *name = name_in(entity);
    for (uint32_t i = 0; i < merit->n_teams; i++)
        if (strcmp(merit->teams[i].name, name) == 0)
            return &merit->teams[i];
    if (merit->n_teams == MERIT_TEAMS_MAX)
        return NULL;
    MeritTeam *team = &merit->teams[merit->n_teams++];
    *team = (MeritTeam){name, never, never, never, never, never, never, 0};
    return team;
}

/* The wrong lead ends; the longest so far is the one to be told of. */
static void
note_right_lead(MeritTeam *team, SimTime at, uint32_t id)
{
    if (team->misled.at < 0 || team->unmisled.at >= 0)
        return;
    team->unmisled = (MeritMark){at, id};
    team->misled_for += at - team->misled.at;
}

static void
note_team(Reading *reading, const SimJournalEntry *entry, uint32_t id)
{
    MeritTeam *team = team_of(reading->merit, entry->entity);
    const char *what = entry->kind + strlen("team.");
    if (!team)
        return;
    if (strcmp(what, "paged") == 0)
        note_first(&team->paged, entry->at, id);
    else if (strcmp(what, "acks") == 0)
        note_first(&team->acks, entry->at, id);
    else if (strcmp(what, "misled") == 0) {
        note_right_lead(team, entry->at, id);
        team->misled = (MeritMark){entry->at, id};
        team->unmisled.at = -1;
    } else if (strcmp(what, "unmisled") == 0)
        note_right_lead(team, entry->at, id);
    else if (strcmp(what, "identifies") == 0) {
        note_right_lead(team, entry->at, id);
        note_first(&team->identifies, entry->at, id);
    } else if (strcmp(what, "done") == 0)
        note_first(&team->done, entry->at, id);
}

static bool
is_deed(const Reading *reading, const SimJournalEntry *entry)
{
    static const char *const kinds[] = {"rollout.stopped", "rollout.unconfirmed", "scaling.serves"};
    for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (strcmp(entry->kind, kinds[i]) == 0)
            return true;
    uint32_t index = strcmp(entry->kind, "timeline.happens") == 0
                         ? verdict_find_entry(reading->spec, name_in(entry->entity))
                         : SIM_NONE;
    if (index == SIM_NONE)
        return false;
    const TimelineSpec *spec = SIM_ITEM(reading->spec->timeline, TimelineSpec, index);
    return strcmp(landmark_kind(spec->verb), "action") == 0 || spec->team != SIM_NONE;
}

static void
note_deed(Reading *reading, const SimJournalEntry *entry, uint32_t id)
{
    MeritMark deed = {entry->at, id};
    GArray *deeds = reading->deeds;
    bool is_new = deeds->len == 0 || g_array_index(deeds, MeritMark, deeds->len - 1).at < deed.at;
    if (deed.at >= reading->merit->onset && deed.at <= reading->relief && is_new)
        g_array_append_val(deeds, deed);
}

static void
read_journal(Reading *reading)
{
    Merit *merit = reading->merit;
    for (uint32_t id = 0; id < sim_journal_count(reading->journal); id++) {
        const SimJournalEntry *entry = sim_journal_get(reading->journal, id);
        if (strcmp(entry->kind, "alert.fires") == 0)
            note_alert(reading, entry, id);
        else if (strcmp(entry->kind, "alert.clears") == 0)
            note_clear(reading, entry);
        else if (g_str_has_prefix(entry->kind, "team.") && entry->entity &&
                 g_str_has_prefix(entry->entity, "team/"))
            note_team(reading, entry, id);
        if (is_deed(reading, entry))
            note_deed(reading, entry, id);
        if (strcmp(entry->kind, "team.posts") == 0 && entry->at >= merit->push) {
            note_first(&merit->marks[MERIT_FIRST_WORD], entry->at, id);
            merit->n_words++;
        }
    }
}

/* relief ------------------------------------------------------------------------------------- */

static double
mean_between(const Reading *reading, const Metric *errors, SimTime from, SimTime to)
{
    uint32_t first, end;
    SimTime width = sim_recorder_width(reading->recording->recorder);
    measure_window(reading->recording, from - from % width, to, &first, &end);
    return first < end ? metric_mean(errors, first, end) : NAN;
}

/* The first bucket of [from, to) from which on the mean over a window is at most `most`. */
static SimTime
first_below(const Reading *reading, const Metric *errors, SimTime from, SimTime to, SimTime window,
            double most)
{
    const SimRecorder *recorder = reading->recording->recorder;
    uint32_t first, end;
    measure_window(reading->recording, from, to, &first, &end);
    for (uint32_t b = first; b < end; b++) {
        SimTime start = sim_recorder_bucket_start(recorder, b);
        if (metric_value(errors, b) <= most &&
            mean_between(reading, errors, start, start + window) <= most)
            return start;
    }
    return -1;
}

/* The first deed that halves the pain before the next one comes. */
static MeritMark
find_deed(const Reading *reading, const Metric *errors)
{
    const Merit *merit = reading->merit;
    const GArray *deeds = reading->deeds;
    SimTime width = sim_recorder_width(reading->recording->recorder);
    SimTime window = (reading->relief - merit->onset) / WINDOW_SHARE;
    window = MIN(MAX(window, WINDOW_BUCKETS * width), WINDOW_MOST);
    for (guint i = 0; i < deeds->len; i++) {
        MeritMark deed = g_array_index(deeds, MeritMark, i);
        SimTime next = i + 1 < deeds->len ? g_array_index(deeds, MeritMark, i + 1).at
                                          : reading->relief + width;
        SimTime since = MAX(merit->onset, deed.at - window);
        double before = mean_between(reading, errors, since, MAX(deed.at, since + 1));
        SimTime at = before > reading->turns.threshold
                         ? first_below(reading, errors, deed.at, next, window, before / 2)
                         : -1;
        if (at >= 0)
            return (MeritMark){at, deed.entry};
    }
    return (MeritMark){-1, SIM_NONE};
}

static void
find_relief(Reading *reading, const Metric *errors)
{
    const GArray *deeds = reading->deeds;
    MeritMark *mark = &reading->merit->marks[MERIT_MITIGATE];
    SimTime drop = reading->turns.drop;
    bool is_over = reading->turns.recovered >= 0;
    *mark = find_deed(reading, errors);
    if (mark->at < 0 && is_over && deeds->len > 0)
        *mark = g_array_index(deeds, MeritMark, deeds->len - 1);
    if (drop >= 0 && (mark->at < 0 ? is_over : mark->at > drop))
        *mark = (MeritMark){drop, SIM_NONE};
    reading->merit->deed = mark->entry;
}

/* all together -------------------------------------------------------------------------------- */

/* The team whose runbook the deed that mitigated is of. */
static uint32_t
find_mender(const Reading *reading)
{
    const Merit *merit = reading->merit;
    if (merit->deed == SIM_NONE)
        return SIM_NONE;
    const SimJournalEntry *deed = sim_journal_get(reading->journal, merit->deed);
    uint32_t index = strcmp(deed->kind, "timeline.happens") == 0
                         ? verdict_find_entry(reading->spec, name_in(deed->entity))
                         : SIM_NONE;
    if (index == SIM_NONE)
        return SIM_NONE;
    uint32_t team = SIM_ITEM(reading->spec->timeline, TimelineSpec, index)->team;
    for (uint32_t i = 0; team != SIM_NONE && i < merit->n_teams; i++)
        if (strcmp(merit->teams[i].name,
                   SIM_ITEM(reading->spec->teams, TeamSpec, team)->entity.name) == 0)
            return i;
    return SIM_NONE;
}

static void
gather_teams(Merit *merit)
{
    for (uint32_t i = 0; i < merit->n_teams; i++) {
        MeritTeam *team = &merit->teams[i];
        note_right_lead(team, merit->end, SIM_NONE);
        const MeritMark marks[] = {team->paged, team->acks, team->identifies};
        static const MeritKind kinds[] = {MERIT_PAGE, MERIT_ACK, MERIT_IDENTIFY};
        for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
            MeritMark *first = &merit->marks[kinds[k]];
            if (marks[k].at >= 0 && (first->at < 0 || marks[k].at < first->at))
                *first = marks[k];
        }
    }
    if (merit->mender != SIM_NONE && merit->teams[merit->mender].identifies.at >= 0)
        merit->marks[MERIT_IDENTIFY] = merit->teams[merit->mender].identifies;
}

void
merit_take(const Spec *spec, const Recording *recording, const SimJournal *journal, uint32_t cause,
           Merit *ret)
{
    Metric errors = {.recorder = NULL};
    Reading reading = {.spec = spec,
                       .journal = journal,
                       .recording = recording,
                       .turns = phases_turns(recording),
                       .has_pager = has_pager(spec),
                       .merit = ret};
    *ret = (Merit){.onset = reading.turns.onset,
                   .end = recording->end,
                   .push = -1,
                   .deed = SIM_NONE,
                   .mender = SIM_NONE};
    for (int kind = 0; kind < MERIT_COUNT; kind++)
        ret->marks[kind] = (MeritMark){-1, SIM_NONE};
    if (ret->onset < 0 || !metric_find(recording->recorder, "errors", &errors))
        return;
    reading.relief = reading.turns.recovered < 0 ? recording->end : reading.turns.recovered;
    ret->marks[MERIT_RECOVER].at = reading.turns.recovered;
    uint32_t root = sim_journal_root(journal, cause);
    if (root != SIM_NONE && sim_journal_get(journal, root)->at <= ret->onset)
        ret->push = sim_journal_get(journal, root)->at;
    g_autoptr(GArray) deeds = g_array_new(FALSE, FALSE, sizeof(MeritMark));
    reading.deeds = deeds;
    read_journal(&reading);
    find_relief(&reading, &errors);
    ret->mender = find_mender(&reading);
    gather_teams(ret);
}

double
merit_value(const Merit *merit, MeritKind kind)
{
    SIM_ASSERT(kind < MERIT_COUNT);
    const MeritTeam *team = merit_lead_team(merit);
    if (merit->onset < 0)
        return NAN;
    if (kind == MERIT_MISLED)
        return team ? sim_seconds(team->misled_for) : 0;
    if (kind == MERIT_UPDATES)
        return merit->n_words > 0 ? merit->n_words - 1 : 0;
    return merit->marks[kind].at < 0 ? INFINITY : sim_seconds(merit->marks[kind].at - merit->onset);
}

const MeritTeam *
merit_lead_team(const Merit *merit)
{
    const MeritTeam *best = NULL;
    if (merit->mender != SIM_NONE)
        return &merit->teams[merit->mender];
    for (uint32_t i = 0; i < merit->n_teams; i++) {
        const MeritTeam *team = &merit->teams[i];
        bool knew = team->identifies.at >= 0, best_knew = best && best->identifies.at >= 0;
        if (!best || (knew && (!best_knew || team->identifies.at < best->identifies.at)) ||
            (!knew && !best_knew && team->misled_for > best->misled_for))
            best = team;
    }
    return best;
}
