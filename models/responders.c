#include "models/responders.h"

#include <math.h>
#include <string.h>

enum { DRAW_STRIDE = 16, WORDS_MAX = 160 };
static const SimTime look_period = 10 * SIM_SECOND, flap_window = 30 * SIM_MINUTE;

typedef enum Stage { /* what the team does now */
                     STAGE_IDLE,
                     STAGE_ALERTED, /* not paged yet */
                     STAGE_PAGED,
                     STAGE_TRIAGE,
                     STAGE_MISLED,
                     STAGE_DIAGNOSIS,
                     STAGE_DECISION,
                     STAGE_WAITING, /* for the tools of a step */
                     STAGE_ACTING,
                     STAGE_WATCHING, /* all done; until `until` */
                     STAGES
} Stage;

typedef enum Word { WORD_UPDATE, WORD_IDENTIFIED, WORD_MITIGATED, WORD_RECOVERED } Word;
static const char *const words[] = {
    [WORD_UPDATE] = "is investigating",
    [WORD_IDENTIFIED] = "has found the cause",
    [WORD_MITIGATED] = "has a fix in place",
    [WORD_RECOVERED] = "sees that all works again",
};

typedef struct Lead {
    SimRng stream;
    double unit; /* drawn once an incident */
    bool is_tried;
} Lead;

typedef struct Team {
    const TeamSpec *spec;
    const char *entity;
    Stage stage;
    SimEventId next, word; /* the end of the stage; the next public word */
    uint64_t incident;     /* its number */
    uint32_t line;         /* its latest journal entry */
    uint32_t paged_by;     /* observer */
    Lead *leads;
    uint32_t lead; /* that it follows */
    bool was_misled, has_spoken, has_acted;
    uint32_t step;        /* timeline entry in hand; SIM_NONE: before the first */
    SimTime met_since;    /* `until` holds since; -1: does not */
    SimTime came_back[2]; /* the last two times that an alert did; -1: never */
    SimRng page, ack, triage, diagnosis, decision, first;
} Team;

struct Responders {
    Sim *sim;
    const World *world;
    ResponderParts parts;
    Team *teams;
    SimTime *fired; /* [observer] last; -1: never */
    bool *cleared;  /* [observer] since then */
    uint64_t *done; /* [timeline entry] incident in which its team last did it */
    uint32_t n;
};

enum { ALERT, NEXT, LOOK, STEP, SAY };
static void on_alert(Sim *sim, void *state, SimEvent event);
static void on_next(Sim *sim, void *state, SimEvent event);
static void on_look(Sim *sim, void *state, SimEvent event);
static void on_step(Sim *sim, void *state, SimEvent event);
static void on_say(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);
static const SimKind kinds[] = {
    [ALERT] = {"team.alert", on_alert}, [NEXT] = {"team.next", on_next},
    [LOOK] = {"team.look", on_look},    [STEP] = {"team.step", on_step},
    [SAY] = {"team.say", on_say},
};
static const SimModelOps ops = {.name = "responders",
                                .state_size = sizeof(Responders),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

static void
verify(const Sim *sim, const void *state)
{
    const Responders *responders = state;
    for (uint32_t i = 0; i < responders->n; i++) {
        const Team *team = &responders->teams[i];
        bool waits = team->stage != STAGE_IDLE && team->stage != STAGE_ACTING &&
                     team->stage != STAGE_WATCHING;
        SIM_ASSERT(waits == sim_is_pending(sim, team->next));
        SIM_ASSERT(team->stage != STAGE_MISLED || team->was_misled);
        SIM_ASSERT(team->met_since <= sim_now(sim));
    }
}

/* attach ------------------------------------------------------------------------------------ */

static bool
pages(const TeamSpec *team, uint32_t observer)
{
    SIM_EACH(uint32_t, alert, team->alerts)
    if (*alert == observer)
        return true;
    return false;
}

static const char *
observer_name(const World *world, uint32_t observer)
{
    return SIM_ITEM(world->spec->observers, const ObserverSpec, observer)->entity.name;
}

static void
check_first_alert(const World *world, const TeamSpec *team, const FirstAlertSpec *first,
                  SimMessages *messages)
{
    g_autofree const char **names = g_new0(const char *, team->alerts.n + 1);
    for (uint32_t i = 0; i < team->alerts.n; i++) {
        names[i] = observer_name(world, *SIM_ITEM(team->alerts, uint32_t, i));
        if (strcmp(names[i], first->entity.name) == 0)
            return;
    }
    const char *near = sim_fields_nearest(first->entity.name, names);
    sim_messages_error(messages, first->entity.mark,
                       "'%s' does not page team '%s': expected one of its alerts%s%s%s",
                       first->entity.name, team->entity.name, near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
}

static bool
check(const World *world, SimMessages *messages)
{
    uint32_t before = sim_messages_errors(messages);
    SIM_EACH(TeamSpec, team, world->spec->teams)
    SIM_EACH(LeadSpec, lead, team->wrong_leads)
    SIM_EACH(FirstAlertSpec, first, lead->first_alert)
    check_first_alert(world, team, first, messages);
    return sim_messages_errors(messages) == before;
}

static void
init_team(Responders *responders, Team *team, const TeamSpec *spec)
{
    Sim *sim = responders->sim;
    SimArena *arena = sim_arena(sim);
    const char *name = spec->entity.name;
    g_autofree char *entity = g_strdup_printf("team/%s", name);
    *team = (Team){
        .spec = spec,
        .entity = sim_arena_strdup(arena, entity),
        .line = SIM_NONE,
        .met_since = -1,
        .came_back = {-1, -1},
        .leads = SIM_ARENA_NEW(arena, Lead, spec->wrong_leads.n),
        .page = sim_stream(sim, "team/%.100s/page", name),
        .ack = sim_stream(sim, "team/%.100s/ack", name),
        .triage = sim_stream(sim, "team/%.100s/triage", name),
        .diagnosis = sim_stream(sim, "team/%.100s/diagnosis", name),
        .decision = sim_stream(sim, "team/%.100s/decision", name),
        .first = sim_stream(sim, "team/%.100s/says", name),
    };
    for (uint32_t i = 0; i < spec->wrong_leads.n; i++)
        team->leads[i].stream =
            sim_stream(sim, "team/%.100s/lead/%.100s", name,
                       SIM_ITEM(spec->wrong_leads, const LeadSpec, i)->entity.name);
}

Responders *
responders_attach(Sim *sim, const World *world, const ResponderParts *parts, SimMessages *messages)
{
    SimArena *arena = sim_arena(sim);
    if (!check(world, messages))
        return NULL;
    Responders *responders = sim_attach(sim, &ops);
    *responders =
        (Responders){.sim = sim, .world = world, .parts = *parts, .n = world->spec->teams.n};
    responders->teams = SIM_ARENA_NEW(arena, Team, responders->n);
    responders->fired = SIM_ARENA_NEW(arena, SimTime, world->spec->observers.n);
    responders->cleared = SIM_ARENA_NEW(arena, bool, world->spec->observers.n);
    responders->done = SIM_ARENA_NEW(arena, uint64_t, world->spec->timeline.n);
    for (uint32_t i = 0; i < world->spec->observers.n; i++)
        responders->fired[i] = -1;
    for (uint32_t i = 0; i < responders->n; i++) {
        const TeamSpec *spec = SIM_ITEM(world->spec->teams, const TeamSpec, i);
        SIM_ASSERT(!spec->until.metric || parts->read_metric);
        init_team(responders, &responders->teams[i], spec);
    }
    return responders;
}

/* lines and draws --------------------------------------------------------------------------- */

static void write_line(Responders *responders, Team *team, const char *kind, const char *format,
                       ...) G_GNUC_PRINTF(4, 5);
static void
write_line(Responders *responders, Team *team, const char *kind, const char *format, ...)
{
    char text[SIM_JOURNAL_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    g_vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    SimJournalEntry line = {
        .at = sim_now(responders->sim), .cause = team->line, .kind = kind, .entity = team->entity};
    team->line = sim_journal_add(responders->world->journal, &line, "team %s %s",
                                 team->spec->entity.name, text);
}

static uint32_t
id_of(const Responders *responders, const Team *team)
{
    return (uint32_t)(team - responders->teams);
}

/* By the incident's number, whatever happened before. */
static SimTime
draw(const Team *team, const SimLaw *law, SimRng stream)
{
    stream.counter = team->incident * DRAW_STRIDE;
    return sim_law_sample(law, &stream);
}

static void
enter(Responders *responders, Team *team, Stage stage, SimTime lasting)
{
    team->stage = stage;
    team->next = sim_after(responders->sim, lasting, &ops, NEXT, id_of(responders, team), 0);
}

/* public words ------------------------------------------------------------------------------ */

static void
speak_after(Responders *responders, Team *team, SimTime delay, Word word)
{
    if (!team->spec->says.entity.is_given)
        return;
    sim_cancel(responders->sim, team->word);
    team->word =
        sim_after(responders->sim, delay, &ops, SAY, id_of(responders, team), (uint64_t)word);
}

static void
on_say(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    Responders *responders = state;
    Team *team = &responders->teams[event.actor];
    const ResponderParts *parts = &responders->parts;
    Word word = (Word)event.arg;
    if (parts->page_is_up && !parts->page_is_up(parts->context)) {
        speak_after(responders, team, look_period, word);
        return;
    }
    uint32_t line = team->line; /* a word is no stage: nothing follows from it */
    write_line(responders, team, "team.posts", "says that it %s", words[word]);
    team->line = line;
    team->has_spoken = true;
    if (team->stage != STAGE_IDLE && team->spec->says.every > 0)
        speak_after(responders, team, team->spec->says.every, word);
}

/* the end ----------------------------------------------------------------------------------- */

static bool
is_over(const Responders *responders, const Team *team)
{
    return team->spec->until.metric && team->met_since >= 0 &&
           sim_now(responders->sim) - team->met_since >= team->spec->until.lasting;
}

/* What is left to say: that it is over, to who heard of it, or that all has been done. */
static void
stand_down(Responders *responders, Team *team)
{
    bool is_recovered = is_over(responders, team);
    sim_cancel(responders->sim, team->next);
    sim_cancel(responders->sim, team->word);
    write_line(responders, team, "team.done", "stands down");
    team->stage = STAGE_IDLE;
    if (is_recovered && team->has_spoken)
        speak_after(responders, team, 0, WORD_RECOVERED);
    if (!is_recovered && team->has_acted)
        speak_after(responders, team, 0, WORD_MITIGATED);
}

static void
look_at_end(Responders *responders, Team *team)
{
    const Trigger *until = &team->spec->until;
    double value = responders->parts.read_metric(responders->parts.context, until->metric, 0);
    if (isnan(value) || !comparison_holds(until->comparison, value, until->value))
        team->met_since = -1;
    else if (team->met_since < 0)
        team->met_since = sim_now(responders->sim);
}

/* leads ------------------------------------------------------------------------------------- */

static bool
is_flapping(const Responders *responders, const Team *team)
{
    return team->came_back[0] >= 0 && sim_now(responders->sim) - team->came_back[0] <= flap_window;
}

static double
lead_chance(const Responders *responders, const Team *team, const LeadSpec *lead)
{
    const ResponderParts *parts = &responders->parts;
    double not_taken = 1 - lead->chance;
    if (is_flapping(responders, team))
        not_taken *= 1 - lead->flapping;
    if (parts->page_is_up && !parts->page_is_up(parts->context))
        not_taken *= 1 - lead->status_page_down;
    SIM_EACH(FirstAlertSpec, first, lead->first_alert)
    if (strcmp(first->entity.name, observer_name(responders->world, team->paged_by)) == 0)
        not_taken *= 1 - first->chance;
    return 1 - not_taken;
}

/* False: none takes them. */
static bool
follow_a_lead(Responders *responders, Team *team)
{
    for (uint32_t i = 0; i < team->spec->wrong_leads.n; i++) {
        const LeadSpec *spec = SIM_ITEM(team->spec->wrong_leads, const LeadSpec, i);
        Lead *lead = &team->leads[i];
        if (lead->is_tried || lead->unit >= lead_chance(responders, team, spec))
            continue;
        lead->is_tried = true;
        team->lead = i;
        team->was_misled = true;
        sim_cancel(responders->sim, team->next);
        write_line(responders, team, "team.misled", "takes it for %s", spec->entity.name);
        /* The stream has given one number before. */
        enter(responders, team, STAGE_MISLED, sim_law_sample(&spec->diagnosis, &lead->stream));
        return true;
    }
    return false;
}

static void
draw_leads(Team *team)
{
    for (uint32_t i = 0; i < team->spec->wrong_leads.n; i++) {
        Lead *lead = &team->leads[i];
        lead->stream.counter = team->incident * DRAW_STRIDE;
        lead->unit = sim_rng_unit(&lead->stream);
        lead->is_tried = false;
    }
}

/* the runbook ------------------------------------------------------------------------------- */

static void
act(Responders *responders, Team *team)
{
    const char *label = timeline_label(responders->parts.timeline, team->step);
    write_line(responders, team, "team.acts", "begins: %s", label);
    team->stage = STAGE_ACTING;
    timeline_act(responders->parts.timeline, team->step, team->line,
                 sim_event(responders->sim, &ops, STEP, id_of(responders, team), 0));
}

/* Acts when the tools of the step are at hand, or looks again. */
static ToolsAnswer
ask(Responders *responders, Team *team)
{
    const World *world = responders->world;
    SimTime now = sim_now(responders->sim);
    SimList tools = SIM_ITEM(world->spec->timeline, const TimelineSpec, team->step)->tools;
    ToolsAnswer answer = {.at = now};
    if (tools.n > 0)
        answer = tools_ask(responders->parts.tools,
                           tools_user_of_team(world, id_of(responders, team)), tools);
    if (answer.at > now)
        enter(responders, team, STAGE_WAITING, MIN(answer.at - now, TOOLS_LOOK));
    return answer;
}

static void
begin_step(Responders *responders, Team *team)
{
    char text[WORDS_MAX];
    ToolsAnswer answer = ask(responders, team);
    if (answer.at > sim_now(responders->sim))
        write_line(responders, team, "team.waits", "waits: %s",
                   tools_describe(responders->world, &answer, text, sizeof text));
    else
        act(responders, team);
}

static void
end_runbook(Responders *responders, Team *team)
{
    if (!team->spec->until.metric) {
        stand_down(responders, team);
        return;
    }
    team->stage = STAGE_WATCHING;
    if (team->has_acted)
        speak_after(responders, team, 0, WORD_MITIGATED);
}

/* Of this team, and not done in this incident. */
static bool
is_left(const Responders *responders, const Team *team, uint32_t entry)
{
    const SimList *entries = &responders->world->spec->timeline;
    return SIM_ITEM(*entries, const TimelineSpec, entry)->team == id_of(responders, team) &&
           responders->done[entry] != team->incident;
}

static void
next_step(Responders *responders, Team *team)
{
    uint32_t id = team->step == SIM_NONE ? 0 : team->step + 1;
    for (; id < responders->world->spec->timeline.n; id++) {
        if (!is_left(responders, team, id))
            continue;
        team->step = id;
        if (timeline_applies(responders->parts.timeline, id)) {
            begin_step(responders, team);
            return;
        }
        uint32_t line = team->line;
        write_line(responders, team, "team.skips", "skips: %s",
                   timeline_label(responders->parts.timeline, id));
        team->line = line;
    }
    end_runbook(responders, team);
}

/* While it is not over: a step that did not apply when its turn came, and does now. */
static void
look_for_step(Responders *responders, Team *team)
{
    for (uint32_t id = 0; id < responders->world->spec->timeline.n; id++) {
        if (!is_left(responders, team, id) || !timeline_applies(responders->parts.timeline, id))
            continue;
        team->step = id;
        begin_step(responders, team);
        return;
    }
}

static void
on_step(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    Responders *responders = state;
    Team *team = &responders->teams[event.actor];
    SIM_ASSERT(team->stage == STAGE_ACTING);
    team->has_acted = true;
    responders->done[team->step] = team->incident;
    if (is_over(responders, team))
        stand_down(responders, team);
    else
        next_step(responders, team);
}

/* stages ------------------------------------------------------------------------------------ */

static void
alerted(Responders *responders, Team *team)
{
    write_line(responders, team, "team.paged", "is paged by %s",
               observer_name(responders->world, team->paged_by));
    enter(responders, team, STAGE_PAGED, draw(team, &team->spec->ack, team->ack));
}

static void
paged(Responders *responders, Team *team)
{
    write_line(responders, team, "team.acks", "acknowledges");
    draw_leads(team);
    speak_after(responders, team, draw(team, &team->spec->says.first, team->first), WORD_UPDATE);
    sim_after(responders->sim, look_period, &ops, LOOK, id_of(responders, team), team->incident);
    enter(responders, team, STAGE_TRIAGE, draw(team, &team->spec->triage, team->triage));
}

static void
triaged(Responders *responders, Team *team)
{
    write_line(responders, team, "team.triages", "knows that it is an incident");
    if (is_over(responders, team))
        stand_down(responders, team);
    else if (!follow_a_lead(responders, team))
        enter(responders, team, STAGE_DIAGNOSIS,
              draw(team, &team->spec->diagnosis, team->diagnosis));
}

static void
diagnosed(Responders *responders, Team *team)
{
    write_line(responders, team, "team.identifies", "knows the cause");
    speak_after(responders, team, 0, WORD_IDENTIFIED);
    enter(responders, team, STAGE_DECISION, draw(team, &team->spec->decision, team->decision));
}

static void
misled(Responders *responders, Team *team)
{
    write_line(responders, team, "team.unmisled", "gives up %s",
               SIM_ITEM(team->spec->wrong_leads, const LeadSpec, team->lead)->entity.name);
    if (!follow_a_lead(responders, team))
        diagnosed(responders, team);
}

static void
decided(Responders *responders, Team *team)
{
    write_line(responders, team, "team.decides", "decides what to do");
    next_step(responders, team);
}

static void
waited(Responders *responders, Team *team)
{
    if (ask(responders, team).at <= sim_now(responders->sim))
        act(responders, team);
}

static void
on_next(Sim *sim, void *state, SimEvent event)
{
    static void (*const ends[STAGES])(Responders * responders, Team * team) = {
        [STAGE_ALERTED] = alerted, [STAGE_PAGED] = paged,         [STAGE_TRIAGE] = triaged,
        [STAGE_MISLED] = misled,   [STAGE_DIAGNOSIS] = diagnosed, [STAGE_DECISION] = decided,
        [STAGE_WAITING] = waited,
    };
    (void)sim;
    Responders *responders = state;
    Team *team = &responders->teams[event.actor];
    SIM_ASSERT(ends[team->stage] != NULL);
    ends[team->stage](responders, team);
}

static void
on_look(Sim *sim, void *state, SimEvent event)
{
    Responders *responders = state;
    Team *team = &responders->teams[event.actor];
    if (team->stage == STAGE_IDLE || team->incident != event.arg)
        return;
    if (team->spec->until.metric)
        look_at_end(responders, team);
    bool may_end = team->stage > STAGE_TRIAGE && team->stage != STAGE_ACTING;
    if (may_end && is_over(responders, team)) {
        stand_down(responders, team);
        return;
    }
    if (team->stage == STAGE_DIAGNOSIS)
        follow_a_lead(responders, team);
    if (team->stage == STAGE_WATCHING)
        look_for_step(responders, team);
    sim_after(sim, look_period, &ops, LOOK, event.actor, event.arg);
}

/* alerts ------------------------------------------------------------------------------------ */

static void
page(Responders *responders, Team *team, uint32_t observer, uint32_t alert)
{
    sim_cancel(responders->sim, team->word);
    team->incident++;
    team->line = alert;
    team->paged_by = observer;
    team->was_misled = team->has_spoken = team->has_acted = false;
    team->step = SIM_NONE;
    team->met_since = -1;
    enter(responders, team, STAGE_ALERTED, draw(team, &team->spec->page, team->page));
}

static void
on_alert(Sim *sim, void *state, SimEvent event)
{
    Responders *responders = state;
    const ResponderParts *parts = &responders->parts;
    uint32_t observer = event.actor;
    SimTime now = sim_now(sim), before = responders->fired[observer];
    bool fires = event.arg & 1;
    bool comes_back = responders->cleared[observer] && before >= 0 && now - before <= flap_window;
    responders->cleared[observer] = !fires;
    if (!fires)
        return;
    responders->fired[observer] = now;
    bool is_page = !parts->is_page || parts->is_page(parts->context, observer);
    for (uint32_t i = 0; i < responders->n; i++) {
        Team *team = &responders->teams[i];
        if (!pages(team->spec, observer))
            continue;
        if (comes_back) {
            team->came_back[0] = team->came_back[1];
            team->came_back[1] = now;
        }
        if (team->stage == STAGE_IDLE && is_page)
            page(responders, team, observer, (uint32_t)(event.arg >> 1));
    }
}

SimEvent
responders_alert(const Responders *responders)
{
    return sim_event(responders->sim, &ops, ALERT, 0, 0);
}

bool
responders_is_busy(const Responders *responders, uint32_t team)
{
    SIM_ASSERT(team < responders->n);
    return responders->teams[team].stage != STAGE_IDLE;
}
