#include "sim/cmd/figure_lanes.h"

#include <string.h>

/* Of a text, in units of the picture; the panel is so wide. */
#define CHARACTER_WIDTH 5.4
#define TEXT_MARGIN 14.0
#define MARK_WIDTH 9.0
#define PANEL_WIDTH 772.0
enum { ITEMS_MAX = 60 };

static double
seconds_of(const Lanes *lanes, SimTime at)
{
    return figure_unix_seconds(lanes->result, MIN(at, lanes->rows.recording->end));
}

static void
add_bar(Lanes *lanes, uint32_t lane, SimTime begin, SimTime end, const char *kind, const char *text)
{
    if (begin >= end || begin >= lanes->rows.recording->end)
        return;
    g_string_append_printf(lanes->bars, "%u\t%.3f\t%.3f\t%s", lane, seconds_of(lanes, begin),
                           seconds_of(lanes, end), kind);
    figure_append_text(lanes->bars, *text ? text : "-", LANES_TEXT_MAX);
    g_string_append_c(lanes->bars, '\n');
}

static void
add_mark(Lanes *lanes, uint32_t lane, SimTime at, const char *kind, const char *text)
{
    g_string_append_printf(lanes->marks, "%u\t%.3f\t%s", lane, seconds_of(lanes, at), kind);
    figure_append_text(lanes->marks, *text ? text : "-", LANES_TEXT_MAX);
    g_string_append_c(lanes->marks, '\n');
}

static const SimJournal *
journal_of(const Lanes *lanes)
{
    return run_journal(lanes->result->run);
}

/* When what this entry began ends; -1: the journal has no end. */
static SimTime
end_of(const Lanes *lanes, uint32_t id)
{
    const SimJournal *journal = journal_of(lanes);
    for (uint32_t i = id + 1; i < sim_journal_count(journal); i++) {
        const SimJournalEntry *entry = sim_journal_get(journal, i);
        if (entry->cause == id && strcmp(entry->kind, "timeline.ends") == 0)
            return entry->at;
    }
    return -1;
}

static const TimelineSpec *
timeline_of(const Lanes *lanes, const SimJournalEntry *entry)
{
    uint32_t index = figure_entry_of(lanes->result, entry);
    return index == SIM_NONE
               ? NULL
               : SIM_ITEM(lanes->result->scenario->spec.timeline, TimelineSpec, index);
}

/* the timeline -------------------------------------------------------------------------------- */

/* A change, a fault or a deed, where it is drawn, and the time that it and its text take up. */
typedef struct Item {
    SimTime begin, end; /* the same: a mark */
    SimTime from, to;
    const char *kind;
    char *text; /* NULL: no room */
    uint32_t lane;
} Item;

static void
item_clear(gpointer item)
{
    g_free(((Item *)item)->text);
}

/* A text that would leave the panel ends where the panel does. */
static void
take_room(const Lanes *lanes, Item *item)
{
    SimTime run = lanes->rows.recording->end;
    double units = (double)g_utf8_strlen(item->text, -1) * CHARACTER_WIDTH + TEXT_MARGIN;
    SimTime wide = (SimTime)((double)run * units / PANEL_WIDTH);
    bool is_late = item->begin + wide > run;
    item->from =
        is_late ? MAX(0, (item->begin < item->end ? run : item->begin) - wide) : item->begin;
    item->from = MIN(item->from, item->begin);
    item->to = MAX(item->end, is_late ? item->begin : item->begin + wide);
}

static bool
lasts(const TimelineSpec *entry)
{
    return verb_is_fault(entry->verb) && entry->verb != VERB_PURGE && entry->verb != VERB_KILL;
}

static bool
is_wanted(const TimelineSpec *entry, LaneKind kind)
{
    const char *what = landmark_kind(entry->verb);
    bool is_done = strcmp(what, "fault") == 0 || strcmp(what, "change") == 0;
    if (entry->verb == VERB_POST)
        return false;
    return kind == LANE_DONE ? is_done : !is_done && entry->team == SIM_NONE;
}

static void
collect(const Lanes *lanes, LaneKind kind, GArray *items)
{
    const SimJournal *journal = journal_of(lanes);
    SimTime run = lanes->rows.recording->end;
    for (uint32_t id = 0; id < sim_journal_count(journal) && items->len < ITEMS_MAX; id++) {
        const SimJournalEntry *entry = sim_journal_get(journal, id);
        bool happens = strcmp(entry->kind, "timeline.happens") == 0;
        const TimelineSpec *spec = happens ? timeline_of(lanes, entry) : NULL;
        if (!spec || !is_wanted(spec, kind))
            continue;
        SimTime end = end_of(lanes, id);
        if (end < 0)
            end = lasts(spec) ? run : MIN(entry->at + spec->over, run);
        Item item = {.begin = entry->at,
                     .end = end,
                     .kind = landmark_kind(spec->verb),
                     .text = landmark_cut(entry->text, LANES_TEXT_MAX)};
        take_room(lanes, &item);
        g_array_append_val(items, item);
    }
}

static bool
has_room(const GArray *items, guint n, const Item *item, uint32_t lane)
{
    for (guint i = 0; i < n; i++) {
        const Item *other = &g_array_index(items, Item, i);
        if (other->lane == lane && item->from < other->to && other->from < item->to)
            return false;
    }
    return true;
}

/* Where it hides no text, or else in the last lane. */
static void
place_without_text(const Lanes *lanes, GArray *items, guint i, uint32_t most)
{
    Item *item = &g_array_index(items, Item, i);
    SimTime margin = (SimTime)((double)lanes->rows.recording->end * MARK_WIDTH / PANEL_WIDTH / 2);
    item->from = item->begin - margin;
    item->to = item->end + margin;
    item->lane = 0;
    while (item->lane + 1 < most && !has_room(items, i, item, item->lane))
        item->lane++;
    g_clear_pointer(&item->text, g_free);
}

static GArray *
pack_items(const Lanes *lanes, LaneKind kind)
{
    GArray *items = g_array_new(FALSE, FALSE, sizeof(Item));
    g_array_set_clear_func(items, item_clear);
    collect(lanes, kind, items);
    uint32_t most = kind == LANE_DONE ? LANES_DONE_MAX : LANES_ACTIONS_MAX;
    for (guint i = 0; i < items->len; i++) {
        Item *item = &g_array_index(items, Item, i);
        while (item->lane < most && !has_room(items, i, item, item->lane))
            item->lane++;
        if (item->lane == most)
            place_without_text(lanes, items, i, most);
    }
    return items;
}

uint32_t
lanes_count_items(const Lanes *lanes, LaneKind kind)
{
    g_autoptr(GArray) items = pack_items(lanes, kind);
    uint32_t n = 0;
    for (guint i = 0; i < items->len; i++)
        n = MAX(n, g_array_index(items, Item, i).lane + 1);
    return n;
}

static void
add_items(Lanes *lanes, LaneKind kind)
{
    g_autoptr(GArray) items = pack_items(lanes, kind);
    for (guint i = 0; i < items->len; i++) {
        const Item *item = &g_array_index(items, Item, i);
        uint32_t lane = lanes_place(lanes, kind, item->lane);
        if (item->begin < item->end)
            add_bar(lanes, lane, item->begin, item->end, item->kind, item->text ? item->text : "");
        else
            add_mark(lanes, lane, item->begin, item->kind, item->text ? item->text : "");
    }
}

/* Of harmless versions those that an eye can tell apart. */
static void
add_versions(Lanes *lanes, uint32_t lane, uint32_t config)
{
    const Run *run = lanes->result->run;
    SimTime apart = lanes->rows.recording->end / 200, latest = -apart;
    for (uint32_t v = 1; v < run_config_versions(run, config); v++) {
        RunVersion version = run_config_version(run, config, v);
        if (version.at - latest < (version.is_bad ? apart / 4 : apart))
            continue;
        latest = version.at;
        add_mark(lanes, lane, version.at, version.is_bad ? "bad" : "good", "");
    }
}

/* services ------------------------------------------------------------------------------------ */

/* From one verb to the other, or to the end of the entry. */
static const struct State {
    int begin, end; /* end: VERB_COUNT: none */
    bool is_restored;
    const char *kind;
} states[] = {
    {VERB_KILL_SWITCH, VERB_COUNT, true, "killed"},
    {VERB_HALT, VERB_COUNT, false, "halted"},
    {VERB_SWITCH_FALLBACK, VERB_SWITCH_BACK, false, "fallback"},
    {VERB_SCALE, VERB_COUNT, false, "scaled"},
    {VERB_FAIL_OPEN, VERB_FAIL_CLOSED, true, "open"},
};

static bool
is_end(const struct State *state, int verb)
{
    return verb == state->end || (state->is_restored && verb == VERB_RESTORE);
}

static bool
is_about(const TimelineSpec *entry, uint32_t service)
{
    if (entry->service == service)
        return true;
    SIM_EACH(uint32_t, other, entry->services)
    if (*other == service)
        return true;
    return false;
}

static void
add_state(Lanes *lanes, uint32_t lane, uint32_t service, const struct State *state)
{
    const SimJournal *journal = journal_of(lanes);
    uint32_t begun = SIM_NONE;
    for (uint32_t id = 0; id < sim_journal_count(journal); id++) {
        const SimJournalEntry *entry = sim_journal_get(journal, id);
        bool happens = strcmp(entry->kind, "timeline.happens") == 0;
        const TimelineSpec *spec = happens ? timeline_of(lanes, entry) : NULL;
        bool is_over = !happens && begun != SIM_NONE && entry->cause == begun &&
                       strcmp(entry->kind, "timeline.ends") == 0;
        if (spec && is_about(spec, service) && spec->verb == state->begin && begun == SIM_NONE)
            begun = id;
        else if (begun != SIM_NONE &&
                 (is_over || (spec && is_about(spec, service) && is_end(state, spec->verb)))) {
            add_bar(lanes, lane, sim_journal_get(journal, begun)->at, entry->at, state->kind, "");
            begun = SIM_NONE;
        }
    }
    if (begun != SIM_NONE)
        add_bar(lanes, lane, sim_journal_get(journal, begun)->at, SIM_TIME_MAX, state->kind, "");
}

bool
lanes_is_touched(const Lanes *lanes, uint32_t service)
{
    const Result *result = lanes->result;
    const SimList *timeline = &result->scenario->spec.timeline;
    for (uint32_t i = 0; i < timeline->n; i++) {
        const TimelineSpec *entry = SIM_ITEM(*timeline, TimelineSpec, i);
        for (guint s = 0; s < G_N_ELEMENTS(states); s++)
            if (result->facts.entry_times[i] >= 0 && entry->verb == states[s].begin &&
                is_about(entry, service))
                return true;
    }
    return false;
}

static void
add_spells(Lanes *lanes, uint32_t lane, const GArray *spells)
{
    for (guint i = 0; i < spells->len; i++) {
        const FigureSpell *spell = &g_array_index(spells, FigureSpell, i);
        add_bar(lanes, lane, spell->begin, spell->end, spell->kind, "");
    }
}

static void
add_pairs(Lanes *lanes, uint32_t lane, const FigurePairs *pairs)
{
    g_autoptr(GArray) spells = g_array_new(FALSE, FALSE, sizeof(FigureSpell));
    figure_spells(lanes->result, pairs, spells);
    add_spells(lanes, lane, spells);
}

/* Share of its breakers, over all callers and places, that is not closed, at its most. */
static double
breakers_open(const Lanes *lanes, const char *suffix, uint32_t row)
{
    const SimRecorder *recorder = lanes->rows.recording->recorder;
    double most = 0;
    for (uint32_t c = 0; c < sim_recorder_n_columns(recorder); c++) {
        const char *name = sim_recorder_describe(recorder, c)->name;
        if (!g_str_has_prefix(name, "breaker.") || !g_str_has_suffix(name, suffix))
            continue;
        double value = figure_row_value(&lanes->rows, row, name);
        most = value > most ? value : most;
    }
    return most;
}

static void
add_breakers(Lanes *lanes, uint32_t lane, const char *service)
{
    g_autofree char *suffix = g_strdup_printf(".%s.open", service);
    SimTime since = -1;
    for (uint32_t row = 0; row <= lanes->rows.n; row++) {
        bool is_open = row < lanes->rows.n && breakers_open(lanes, suffix, row) > 0;
        SimTime now = figure_row_time(&lanes->rows, row);
        if (is_open && since < 0)
            since = now;
        else if (!is_open && since >= 0) {
            add_bar(lanes, lane, since, now, "breaker", "");
            since = -1;
        }
    }
}

static void
add_service(Lanes *lanes, uint32_t lane, uint32_t service)
{
    const SimList *services = &lanes->result->scenario->spec.services;
    add_breakers(lanes, lane, SIM_ITEM(*services, ServiceSpec, service)->entity.name);
    for (guint s = 0; s < G_N_ELEMENTS(states); s++)
        add_state(lanes, lane, service, &states[s]);
}

/* who watches --------------------------------------------------------------------------------- */

static bool
is_darkened(const TimelineSpec *entry, const Spec *spec, uint32_t observer)
{
    int kind = SIM_ITEM(spec->observers, ObserverSpec, observer)->kind;
    SIM_EACH(uint32_t, other, entry->observers)
    if (*other == observer)
        return true;
    return entry->observers.n == 0 && kind != OBSERVER_PROBES && kind != OBSERVER_CROWD;
}

static void
add_blackouts(Lanes *lanes, uint32_t lane, uint32_t observer)
{
    const SimJournal *journal = journal_of(lanes);
    for (uint32_t id = 0; id < sim_journal_count(journal); id++) {
        const SimJournalEntry *entry = sim_journal_get(journal, id);
        bool happens = strcmp(entry->kind, "timeline.happens") == 0;
        const TimelineSpec *spec = happens ? timeline_of(lanes, entry) : NULL;
        if (!spec || spec->verb != VERB_BLACKOUT ||
            !is_darkened(spec, &lanes->result->scenario->spec, observer))
            continue;
        SimTime end = end_of(lanes, id);
        add_bar(lanes, lane, entry->at, end < 0 ? SIM_TIME_MAX : end, "dark", "no figures");
    }
}

static void
add_observer(Lanes *lanes, uint32_t lane, uint32_t observer)
{
    g_autoptr(GArray) alerts = figure_alerts(lanes->result, observer);
    add_blackouts(lanes, lane, observer);
    add_spells(lanes, lane, alerts);
}

/* who acts ------------------------------------------------------------------------------------ */

/* What a team does from this entry of the journal on; NULL: it has finished. */
static const struct Doing {
    const char *entry, *kind, *words;
} doings[] = {
    {"team.paged", "paged", "paged"},
    {"team.acks", "triage", "triage"},
    {"team.triages", "diagnosing", "diagnosing"},
    {"team.misled", "misled", NULL},
    {"team.unmisled", "diagnosing", "diagnosing"},
    {"team.identifies", "deciding", "deciding"},
    {"team.decides", "acting", ""},
    {"team.waits", "waiting", NULL},
    {"team.acts", "acting", NULL},
    {"team.done", NULL, NULL},
};

static const struct Doing *
doing_of(const SimJournalEntry *entry)
{
    for (guint i = 0; i < G_N_ELEMENTS(doings); i++)
        if (strcmp(doings[i].entry, entry->kind) == 0)
            return &doings[i];
    return NULL;
}

/* "team edge begins: push it back" in the lane of edge is "push it back". */
static char *
words_of(const struct Doing *doing, const SimJournalEntry *entry)
{
    static const char *const heads[] = {"begins: ", "waits: "};
    g_autofree char *head = g_strdup_printf("team %s ", figure_name_in(entry->entity));
    const char *text = entry->text;
    if (doing->words)
        return g_strdup(doing->words);
    text += g_str_has_prefix(text, head) ? strlen(head) : 0;
    for (guint i = 0; i < G_N_ELEMENTS(heads); i++)
        text += g_str_has_prefix(text, heads[i]) ? strlen(heads[i]) : 0;
    return g_strdup(text);
}

/* What it did from `since`, an entry, to a time. */
static void
add_doing(Lanes *lanes, uint32_t lane, const SimJournalEntry *since, SimTime end)
{
    const struct Doing *doing = since ? doing_of(since) : NULL;
    if (!doing)
        return;
    g_autofree char *words = words_of(doing, since);
    add_bar(lanes, lane, since->at, end, doing->kind, words);
}

static void
add_team(Lanes *lanes, uint32_t lane, uint32_t team)
{
    const SimJournal *journal = journal_of(lanes);
    const char *name = SIM_ITEM(lanes->result->scenario->spec.teams, TeamSpec, team)->entity.name;
    const SimJournalEntry *since = NULL;
    for (uint32_t id = 0; id < sim_journal_count(journal); id++) {
        const SimJournalEntry *entry = sim_journal_get(journal, id);
        const struct Doing *next = doing_of(entry);
        if (!next || strcmp(figure_name_in(entry->entity), name) != 0)
            continue;
        add_doing(lanes, lane, since, entry->at);
        if (strcmp(entry->kind, "team.acks") == 0)
            add_mark(lanes, lane, entry->at, "ack", "");
        if (strcmp(entry->kind, "team.identifies") == 0)
            add_mark(lanes, lane, entry->at, "identified", "");
        since = next->kind ? entry : NULL;
    }
    add_doing(lanes, lane, since, SIM_TIME_MAX);
}

static void
add_status(Lanes *lanes, uint32_t lane)
{
    const SimJournal *journal = journal_of(lanes);
    add_pairs(lanes, lane,
              &(FigurePairs){.begin = "status.down", .end = "status.up", .kind = "down"});
    for (uint32_t id = 0; id < sim_journal_count(journal); id++) {
        const SimJournalEntry *entry = sim_journal_get(journal, id);
        if (strcmp(entry->kind, "team.posts") == 0)
            add_mark(lanes, lane, entry->at, "post", "");
    }
}

void
lanes_add_story(Lanes *lanes)
{
    add_items(lanes, LANE_DONE);
    add_items(lanes, LANE_ACTION);
    for (guint i = 0; i < lanes->lanes->len; i++) {
        const Lane *lane = &g_array_index(lanes->lanes, Lane, i);
        if (lane->kind == LANE_VERSIONS)
            add_versions(lanes, i, lane->of);
        else if (lane->kind == LANE_SERVICE)
            add_service(lanes, i, lane->of);
        else if (lane->kind == LANE_OBSERVER)
            add_observer(lanes, i, lane->of);
        else if (lane->kind == LANE_TEAM)
            add_team(lanes, i, lane->of);
        else if (lane->kind == LANE_STATUS)
            add_status(lanes, i);
    }
}
