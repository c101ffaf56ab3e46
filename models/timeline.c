#include "models/timeline.h"

#include "models/deed.h"
#include "sim/instant.h"

#include <math.h>
#include <string.h>

enum { LABEL_MAX = 160, DRAW_STRIDE = 16 };
static const SimTime look_period = 10 * SIM_SECOND;

typedef struct Entry {
    const TimelineSpec *spec;
    const char *entity; /* "timeline/ID": what its journal entries carry */
    const char *label;
    uint32_t after; /* SIM_NONE: not after another */
    SimTime until;  /* last time of a repetition */
    SimTime first_at;
    uint32_t journal;
    SimTime met_since; /* `when` holds since; -1: does not */
    bool is_triggered;
    bool is_chosen;  /* its chance */
    bool is_skipped; /* its time came, and chance or `if` was against it */
    SimRng delay;
    uint64_t draws;
    bool is_acting; /* for a team, which is told with then */
    SimEvent then;
} Entry;

struct Timeline {
    Sim *sim;
    const World *world;
    MetricReader read_metric;
    void *context;
    Tools *tools;
    Deeds *deeds;
    Entry *entries;
    uint32_t n;
};

enum { DUE, DO, UNDO, LOOK, ASK, ALERT };

static void on_due(Sim *sim, void *state, SimEvent event);
static void on_do(Sim *sim, void *state, SimEvent event);
static void on_undo(Sim *sim, void *state, SimEvent event);
static void on_look(Sim *sim, void *state, SimEvent event);
static void on_ask(Sim *sim, void *state, SimEvent event);
static void on_alert(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [DUE] = {"timeline.due", on_due},    [DO] = {"timeline.do", on_do},
    [UNDO] = {"timeline.undo", on_undo}, [LOOK] = {"timeline.look", on_look},
    [ASK] = {"timeline.ask", on_ask},    [ALERT] = {"timeline.alert", on_alert},
};
static const SimModelOps ops = {.name = "timeline",
                                .state_size = sizeof(Timeline),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

static void
verify(const Sim *sim, const void *state)
{
    const Timeline *timeline = state;
    for (uint32_t i = 0; i < timeline->n; i++) {
        SIM_ASSERT(timeline->entries[i].first_at <= sim_now(sim));
        SIM_ASSERT(timeline->entries[i].met_since <= sim_now(sim));
    }
}

static const TimelineSpec *
spec_at(const World *world, uint32_t entry)
{
    SIM_ASSERT(entry < world->spec->timeline.n);
    return SIM_ITEM(world->spec->timeline, TimelineSpec, entry);
}

/* names and checks -------------------------------------------------------------------------- */

uint32_t
timeline_find(const World *world, const char *name)
{
    uint32_t n = world->spec->timeline.n;
    for (uint32_t i = 0; i < n; i++)
        if (spec_at(world, i)->id && strcmp(spec_at(world, i)->id, name) == 0)
            return i;
    for (uint32_t i = 0; i < n; i++)
        if (!spec_at(world, i)->id && strcmp(verb_names[spec_at(world, i)->verb], name) == 0)
            return i;
    return SIM_NONE;
}

static uint32_t
find_after(const World *world, uint32_t id)
{
    const AfterSpec *after = &spec_at(world, id)->after;
    if (!after->is_given)
        return SIM_NONE;
    if (after->entry)
        return timeline_find(world, after->entry);
    return id > 0 ? id - 1 : SIM_NONE;
}

/* An entry that waits for itself, perhaps through others, never happens. */
static bool
is_in_ring(const World *world, uint32_t id)
{
    uint32_t at = find_after(world, id);
    for (uint32_t step = 0; at != SIM_NONE && step < world->spec->timeline.n; step++) {
        if (at == id)
            return true;
        at = find_after(world, at);
    }
    return false;
}

static void
check_after(const World *world, uint32_t id, SimMessages *messages)
{
    const TimelineSpec *spec = spec_at(world, id);
    if (!spec->after.is_given)
        return;
    if (find_after(world, id) == SIM_NONE && spec->after.entry)
        sim_messages_error(messages, spec->entity.mark,
                           "no entry of the timeline is called '%s': expected the id of one, or "
                           "its verb",
                           spec->after.entry);
    else if (find_after(world, id) == SIM_NONE)
        sim_messages_error(messages, spec->entity.mark,
                           "the first entry of the timeline comes after no other: expected at:");
    else if (is_in_ring(world, id))
        sim_messages_error(messages, spec->entity.mark,
                           "this entry waits for itself: expected an entry that happens before");
}

static SimTime
resolve(const World *world, SimInstant instant)
{
    return sim_instant_resolve(instant, world->spec->clock.start);
}

static SimTime
until_of(const World *world, const TimelineSpec *spec)
{
    SimTime end = world->spec->clock.duration;
    return spec->until.kind == SIM_INSTANT_NONE ? end : MIN(end, resolve(world, spec->until));
}

static void
check_times(const World *world, const TimelineSpec *spec, SimMessages *messages)
{
    SimTime at = resolve(world, spec->at), span = until_of(world, spec) - MAX(0, at);
    if (at < 0)
        sim_messages_error(messages, spec->entity.mark,
                           "this lies before the start of the run: expected a later time");
    else if (at > world->spec->clock.duration)
        sim_messages_warning(messages, spec->entity.mark,
                             "this never happens: the run ends before");
    if (spec->every > 0 && span / spec->every >= TIMELINE_REPEATS_MAX)
        sim_messages_error(messages, spec->entity.mark,
                           "this repeats more than %d times: expected a longer period, or until:",
                           TIMELINE_REPEATS_MAX);
}

static bool
check(const World *world, SimMessages *messages)
{
    uint32_t before = sim_messages_errors(messages);
    for (uint32_t i = 0; i < world->spec->timeline.n; i++) {
        check_after(world, i, messages);
        check_times(world, spec_at(world, i), messages);
        deed_check(world, spec_at(world, i), messages);
    }
    return sim_messages_errors(messages) == before;
}

/* attach ------------------------------------------------------------------------------------ */

static const char *
name_of(const TimelineSpec *spec)
{
    return spec->id ? spec->id : verb_names[spec->verb];
}

/* By name and number among its namesakes, so that a further entry moves no other's draws. */
static SimRng
stream_of(const Timeline *timeline, uint32_t id, const char *what)
{
    const char *name = name_of(spec_at(timeline->world, id));
    uint32_t namesakes = 0;
    for (uint32_t i = 0; i < id; i++)
        namesakes += strcmp(name_of(spec_at(timeline->world, i)), name) == 0;
    return sim_stream(timeline->sim, "timeline/%.100s/%u/%s", name, namesakes, what);
}

static void
init_entry(Timeline *timeline, uint32_t id)
{
    const World *world = timeline->world;
    const TimelineSpec *spec = spec_at(world, id);
    SimArena *arena = sim_arena(timeline->sim);
    g_autofree char *entity = g_strdup_printf("timeline/%s", name_of(spec));
    SimRng chance = stream_of(timeline, id, "chance");
    char label[LABEL_MAX];
    deed_describe(world, spec, label, sizeof label);
    timeline->entries[id] = (Entry){
        .spec = spec,
        .entity = sim_arena_strdup(arena, entity),
        .label = spec->text ? spec->text : sim_arena_strdup(arena, label),
        .after = find_after(world, id),
        .until = until_of(world, spec),
        .first_at = -1,
        .journal = SIM_NONE,
        .met_since = -1,
        .is_chosen = sim_rng_chance(&chance, spec->chance),
        .delay = stream_of(timeline, id, "delay"),
    };
}

/* Entries with a time of their own; the others wait for an entry, a metric, an alert, a team. */
static void
schedule_first(Timeline *timeline, uint32_t id)
{
    const TimelineSpec *spec = timeline->entries[id].spec;
    if (!spec->after.is_given && !spec->when.metric && spec->on_alert == SIM_NONE &&
        spec->team == SIM_NONE)
        sim_at(timeline->sim, resolve(timeline->world, spec->at), &ops, DUE, id, SIM_NONE);
}

Timeline *
timeline_attach(Sim *sim, const World *world, const TimelineParts *parts, SimMessages *messages)
{
    bool looks = false;
    if (!check(world, messages))
        return NULL;
    DeedParts deed_parts = {.clusters = parts->clusters,
                            .configs = parts->configs,
                            .processes = parts->processes,
                            .routing = parts->routing,
                            .levers = parts->levers,
                            .observers = parts->observers,
                            .status_page = parts->status_page};
    Timeline *timeline = sim_attach(sim, &ops);
    *timeline = (Timeline){.sim = sim,
                           .world = world,
                           .read_metric = parts->read_metric,
                           .context = parts->context,
                           .tools = parts->tools,
                           .deeds = deed_attach(sim, world, &deed_parts),
                           .n = world->spec->timeline.n};
    timeline->entries = SIM_ARENA_NEW(sim_arena(sim), Entry, timeline->n);
    for (uint32_t i = 0; i < timeline->n; i++) {
        init_entry(timeline, i);
        schedule_first(timeline, i);
        const TimelineSpec *spec = timeline->entries[i].spec;
        looks |= spec->when.metric != NULL;
        SIM_ASSERT(!spec->only_if.metric || parts->read_metric);
        SIM_ASSERT(spec->tools.n == 0 || parts->tools);
    }
    SIM_ASSERT(!looks || parts->read_metric);
    if (looks)
        sim_at(sim, look_period, &ops, LOOK, 0, 0);
    return timeline;
}

/* happening --------------------------------------------------------------------------------- */

static uint32_t
write_journal(const Timeline *timeline, const Entry *entry, uint32_t cause, const char *kind,
              const char *before)
{
    SimJournalEntry line = {
        .at = sim_now(timeline->sim), .cause = cause, .kind = kind, .entity = entry->entity};
    return sim_journal_add(timeline->world->journal, &line, "%s%s", before, entry->label);
}

/* People take a while. */
static void
begin(Timeline *timeline, uint32_t id, uint32_t cause)
{
    Entry *entry = &timeline->entries[id];
    entry->delay.counter = entry->draws++ * DRAW_STRIDE;
    SimTime delay = sim_law_sample(&entry->spec->delay, &entry->delay);
    sim_after(timeline->sim, delay, &ops, DO, id, cause);
}

/* Its tools are at hand, or it looks again. */
static ToolsAnswer
ask(Timeline *timeline, uint32_t id, uint32_t cause)
{
    SimTime now = sim_now(timeline->sim);
    ToolsAnswer answer =
        tools_ask(timeline->tools, tools_user_of_entry(id), timeline->entries[id].spec->tools);
    if (answer.at <= now)
        begin(timeline, id, cause);
    else
        sim_at(timeline->sim, MIN(answer.at, now + TOOLS_LOOK), &ops, ASK, id, cause);
    return answer;
}

static void
on_ask(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    ask(state, event.actor, (uint32_t)event.arg);
}

static void
begin_with_tools(Timeline *timeline, uint32_t id, uint32_t cause)
{
    char words[LABEL_MAX];
    const Entry *entry = &timeline->entries[id];
    ToolsAnswer answer = ask(timeline, id, cause);
    if (answer.at <= sim_now(timeline->sim))
        return;
    tools_describe(timeline->world, &answer, words, sizeof words);
    g_strlcat(words, "; waits: ", sizeof words);
    write_journal(timeline, entry, cause, "timeline.waits", words);
}

/* Its time has come; the next repetition counts from here. */
static void
on_due(Sim *sim, void *state, SimEvent event)
{
    Timeline *timeline = state;
    Entry *entry = &timeline->entries[event.actor];
    const TimelineSpec *spec = entry->spec;
    uint32_t cause = (uint32_t)event.arg;
    bool applies = timeline_applies(timeline, event.actor);
    entry->is_skipped |= !applies;
    if (!applies)
        write_journal(timeline, entry, cause, "timeline.skips", "skipped: ");
    else if (spec->tools.n > 0)
        begin_with_tools(timeline, event.actor, cause);
    else
        begin(timeline, event.actor, cause);
    if (spec->every > 0 && sim_now(sim) + spec->every <= entry->until)
        sim_after(sim, spec->every, &ops, DUE, event.actor, event.arg);
}

/* Those that come after it; only its first time counts. */
static void
release(Timeline *timeline, uint32_t id)
{
    for (uint32_t i = 0; i < timeline->n; i++)
        if (timeline->entries[i].after == id)
            sim_after(timeline->sim, timeline->entries[i].spec->after.delay, &ops, DUE, i,
                      timeline->entries[id].journal);
}

static void
on_do(Sim *sim, void *state, SimEvent event)
{
    Timeline *timeline = state;
    Entry *entry = &timeline->entries[event.actor];
    entry->journal = write_journal(timeline, entry, (uint32_t)event.arg, "timeline.happens", "");
    deed_do(timeline->deeds, event.actor, entry->journal);
    if (deed_has_end(entry->spec))
        sim_after(sim, entry->spec->lasting, &ops, UNDO, event.actor, entry->journal);
    if (entry->is_acting)
        sim_post(sim, sim_now(sim), entry->then);
    entry->is_acting = false;
    if (entry->first_at >= 0)
        return;
    entry->first_at = sim_now(sim);
    release(timeline, event.actor);
}

static void
on_undo(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    Timeline *timeline = state;
    uint32_t done = (uint32_t)event.arg;
    uint32_t cause =
        write_journal(timeline, &timeline->entries[event.actor], done, "timeline.ends", "end of: ");
    deed_undo(timeline->deeds, event.actor, done, cause);
}

static bool
holds(const Timeline *timeline, const Trigger *trigger)
{
    double value = timeline->read_metric(timeline->context, trigger->metric, 0);
    return !isnan(value) && comparison_holds(trigger->comparison, value, trigger->value);
}

static void
look(Timeline *timeline, uint32_t id)
{
    Entry *entry = &timeline->entries[id];
    const Trigger *when = &entry->spec->when;
    SimTime now = sim_now(timeline->sim);
    if (!holds(timeline, when)) {
        entry->met_since = -1;
        return;
    }
    if (entry->met_since < 0)
        entry->met_since = now;
    if (now - entry->met_since < when->lasting)
        return;
    entry->is_triggered = true;
    sim_at(timeline->sim, now, &ops, DUE, id, SIM_NONE);
}

static void
on_look(Sim *sim, void *state, SimEvent event)
{
    Timeline *timeline = state;
    bool goes_on = false;
    (void)event;
    for (uint32_t i = 0; i < timeline->n; i++) {
        Entry *entry = &timeline->entries[i];
        if (!entry->spec->when.metric || entry->is_triggered)
            continue;
        look(timeline, i);
        goes_on |= !entry->is_triggered;
    }
    if (goes_on)
        sim_after(sim, look_period, &ops, LOOK, 0, 0);
}

/* The first alert counts. */
static void
on_alert(Sim *sim, void *state, SimEvent event)
{
    Timeline *timeline = state;
    bool fires = event.arg & 1;
    for (uint32_t i = 0; fires && i < timeline->n; i++) {
        Entry *entry = &timeline->entries[i];
        if (entry->spec->on_alert != event.actor || entry->is_triggered)
            continue;
        entry->is_triggered = true;
        sim_at(sim, sim_now(sim), &ops, DUE, i, event.arg >> 1);
    }
}

SimEvent
timeline_alert(const Timeline *timeline)
{
    return sim_event(timeline->sim, &ops, ALERT, 0, 0);
}

/* for teams --------------------------------------------------------------------------------- */

bool
timeline_applies(const Timeline *timeline, uint32_t entry)
{
    SIM_ASSERT(entry < timeline->n);
    const Entry *at = &timeline->entries[entry];
    return at->is_chosen && (!at->spec->only_if.metric || holds(timeline, &at->spec->only_if));
}

void
timeline_act(Timeline *timeline, uint32_t entry, uint32_t cause, SimEvent then)
{
    SIM_ASSERT(entry < timeline->n);
    SIM_ASSERT(!timeline->entries[entry].is_acting);
    timeline->entries[entry].is_acting = true;
    timeline->entries[entry].then = then;
    begin(timeline, entry, cause);
}

const char *
timeline_label(const Timeline *timeline, uint32_t entry)
{
    SIM_ASSERT(entry < timeline->n);
    return timeline->entries[entry].label;
}

/* questions --------------------------------------------------------------------------------- */

SimTime
timeline_time(const Timeline *timeline, uint32_t entry)
{
    SIM_ASSERT(entry < timeline->n);
    return timeline->entries[entry].first_at;
}

bool
timeline_is_skipped(const Timeline *timeline, uint32_t entry)
{
    for (; entry != SIM_NONE && timeline_time(timeline, entry) < 0;
         entry = timeline->entries[entry].after)
        if (timeline->entries[entry].is_skipped)
            return true;
    return false;
}

uint32_t
timeline_journal(const Timeline *timeline, uint32_t entry)
{
    SIM_ASSERT(entry < timeline->n);
    return timeline->entries[entry].journal;
}

bool
timeline_is_cause(const Timeline *timeline, uint32_t entry, uint32_t journal)
{
    SIM_ASSERT(entry < timeline->n);
    while (journal != SIM_NONE) {
        const SimJournalEntry *line = sim_journal_get(timeline->world->journal, journal);
        if (line->entity == timeline->entries[entry].entity)
            return true;
        journal = line->cause;
    }
    return false;
}
