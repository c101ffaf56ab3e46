#include "models/change.h"

#include "sim/quantity.h"

enum {
    DRAW_STRIDE = 16, /* numbers of a stream that belong to one question */
    WHAT_MAX = 120,
};

static const int64_t week_s = (int64_t)WEEK_DAYS * WEEK_DAY_S;

typedef struct Freeze {
    SimTime from, to;
    const char *why;
} Freeze;

typedef struct Row {
    const ChangeSpec *spec;
    const char *name, *entity; /* of the config; "config/NAME" */
    Freeze *freezes;
    SimRng rng;
    uint64_t n_asked;
    /* What waits. */
    SimEventId event;
    SimTime asked_at;
    bool is_waiting, is_quiet;
    uint32_t cause;
    SimEvent then;
    char what[WHAT_MAX];
} Row;

struct Changes {
    Sim *sim;
    const World *world;
    Row *rows; /* [config] */
};

enum { APPROVED, OPENS };

static void on_approved(Sim *sim, void *state, SimEvent event);
static void on_opens(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [APPROVED] = {"change.approved", on_approved},
    [OPENS] = {"change.opens", on_opens},
};
static const SimModelOps ops = {.name = "change",
                                .state_size = sizeof(Changes),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

static void
verify(const Sim *sim, const void *state)
{
    const Changes *changes = state;
    for (uint32_t i = 0; i < changes->world->n_configs; i++)
        SIM_ASSERT(changes->rows[i].is_waiting == sim_is_pending(sim, changes->rows[i].event));
}

static Row *
row_at(const Changes *changes, uint32_t config)
{
    SIM_ASSERT(config < changes->world->n_configs);
    return &changes->rows[config];
}

/* attach ------------------------------------------------------------------------------------ */

const ChangeSpec *
change_spec(const World *world, uint32_t config)
{
    const ChangeSpec *own = &world_config(world, config)->change;
    return own->entity.is_given ? own : &world->spec->change_process;
}

static bool
init_freezes(Changes *changes, Row *row, SimMessages *messages)
{
    int64_t start = changes->world->spec->clock.start;
    uint32_t before = sim_messages_errors(messages);
    row->freezes = SIM_ARENA_NEW(sim_arena(changes->sim), Freeze, row->spec->freezes.n);
    for (uint32_t i = 0; i < row->spec->freezes.n; i++) {
        const FreezeSpec *spec = SIM_ITEM(row->spec->freezes, FreezeSpec, i);
        row->freezes[i] = (Freeze){.from = sim_instant_resolve(spec->from, start),
                                   .to = sim_instant_resolve(spec->to, start),
                                   .why = spec->because ? spec->because : "freeze"};
        if (row->freezes[i].to <= row->freezes[i].from)
            sim_messages_error(messages, spec->entity.mark,
                               "the freeze ends before it begins: expected a `to` after `from`");
    }
    return sim_messages_errors(messages) == before;
}

Changes *
change_attach(Sim *sim, const World *world, SimMessages *messages)
{
    Changes *changes = sim_attach(sim, &ops);
    *changes = (Changes){.sim = sim, .world = world};
    changes->rows = SIM_ARENA_NEW(sim_arena(sim), Row, world->n_configs);
    bool is_right = true, has_told = false;
    Freeze *shared = NULL;
    for (uint32_t i = 0; i < world->n_configs; i++) {
        Row *row = &changes->rows[i];
        const char *name = world_config(world, i)->entity.name;
        g_autofree char *entity = g_strdup_printf("config/%s", name);
        *row = (Row){.spec = change_spec(world, i), .name = name};
        row->entity = sim_arena_strdup(sim_arena(sim), entity);
        row->rng = sim_stream(sim, "change/%.100s/approval", name);
        /* What all configs share is wrong once. */
        bool is_shared = row->spec == &world->spec->change_process;
        if (!is_shared || !has_told)
            is_right &= init_freezes(changes, row, messages);
        else
            row->freezes = shared;
        if (is_shared) {
            shared = row->freezes;
            has_told = true;
        }
    }
    return is_right ? changes : NULL;
}

/* windows ----------------------------------------------------------------------------------- */

/* Seconds since the last Monday's midnight. */
static int64_t
second_of_week(const Changes *changes, SimTime at)
{
    int64_t seconds = changes->world->spec->clock.start + at / SIM_SECOND;
    int64_t monday = 4 * (int64_t)WEEK_DAY_S; /* 1970-01-05 */
    int64_t rest = (seconds - monday) % week_s;
    return rest < 0 ? rest + week_s : rest;
}

/* Seconds until the window is open, 0 while it is; `second` is of the week. */
static int64_t
until_open(const Week *week, int64_t second)
{
    int64_t best = INT64_MAX;
    for (int64_t day = 0; day < WEEK_DAYS; day++) {
        if (!(week->days >> day & 1))
            continue;
        int64_t since = (second - day * WEEK_DAY_S - week->from_s + week_s) % week_s;
        int64_t wait = since < week->to_s - week->from_s ? 0 : week_s - since;
        best = MIN(best, wait);
    }
    return best;
}

static SimTime
next_window(const Changes *changes, const Row *row, SimTime at)
{
    int64_t second = second_of_week(changes, at), best = INT64_MAX;
    if (row->spec->windows.n == 0)
        return at;
    SIM_EACH(WindowSpec, window, row->spec->windows)
    best = MIN(best, until_open(&window->week, second));
    return best == 0 ? at : (at / SIM_SECOND + best) * SIM_SECOND;
}

static const Freeze *
freeze_at(const Row *row, SimTime at)
{
    for (uint32_t i = 0; i < row->spec->freezes.n; i++)
        if (row->freezes[i].from <= at && at < row->freezes[i].to)
            return &row->freezes[i];
    return NULL;
}

SimTime
change_opens(const Changes *changes, uint32_t config, SimTime at, const char **ret_why)
{
    const Row *row = row_at(changes, config);
    const Freeze *freeze = freeze_at(row, at);
    if (ret_why)
        *ret_why = freeze ? freeze->why : NULL;
    /* Each freeze is left once: time only goes on. */
    for (;;) {
        at = freeze ? freeze->to : at;
        at = next_window(changes, row, at);
        freeze = freeze_at(row, at);
        if (!freeze)
            return at;
    }
}

/* asking ------------------------------------------------------------------------------------ */

static SimJournalEntry
entry_of(const Changes *changes, const Row *row, const char *kind)
{
    return (SimJournalEntry){
        .at = sim_now(changes->sim), .cause = row->cause, .kind = kind, .entity = row->entity};
}

static void
journal_wait(const Changes *changes, const Row *row, const char *why, SimTime until)
{
    char text[SIM_QUANTITY_TEXT_MAX];
    SimJournalEntry entry = entry_of(changes, row, "change.waits");
    if (row->is_quiet)
        return;
    sim_quantity_format_duration(text, sizeof text, until - sim_now(changes->sim));
    if (why)
        sim_journal_add(changes->world->journal, &entry, "%s of %s waits %s: %s", row->what,
                        row->name, text, why);
    else
        sim_journal_add(changes->world->journal, &entry, "%s of %s waits %s for its change window",
                        row->what, row->name, text);
}

/* Approved by now: true when it may go out, else it waits. */
static bool
pass_or_wait(Changes *changes, uint32_t config)
{
    Row *row = row_at(changes, config);
    const char *why;
    SimTime now = sim_now(changes->sim), opens = change_opens(changes, config, now, &why);
    if (opens == now)
        return true;
    journal_wait(changes, row, why, opens);
    row->event = sim_at(changes->sim, opens, &ops, OPENS, config, 0);
    row->is_waiting = true;
    return false;
}

bool
change_ask(Changes *changes, const ChangeAsk *ask)
{
    Row *row = row_at(changes, ask->config);
    change_withdraw(changes, ask->config);
    row->asked_at = sim_now(changes->sim);
    row->is_quiet = ask->is_quiet;
    row->cause = ask->cause;
    row->then = ask->then;
    g_strlcpy(row->what, ask->what, sizeof row->what);
    SimRng rng = row->rng;
    rng.counter = row->n_asked++ * DRAW_STRIDE;
    SimTime takes = sim_law_sample(ask->approval, &rng);
    if (takes == 0)
        return pass_or_wait(changes, ask->config);
    SimJournalEntry entry = entry_of(changes, row, "change.waits");
    if (!row->is_quiet)
        sim_journal_add(changes->world->journal, &entry, "%s of %s waits for approval", row->what,
                        row->name);
    row->event = sim_after(changes->sim, takes, &ops, APPROVED, ask->config, 0);
    row->is_waiting = true;
    return false;
}

static void
go_out(Changes *changes, uint32_t config)
{
    Row *row = row_at(changes, config);
    char text[SIM_QUANTITY_TEXT_MAX];
    SimJournalEntry entry = entry_of(changes, row, "change.approved");
    if (!row->is_quiet)
        sim_journal_add(
            changes->world->journal, &entry, "%s of %s goes out, %s after it was asked", row->what,
            row->name,
            sim_quantity_format_duration(text, sizeof text, sim_now(changes->sim) - row->asked_at));
    sim_post(changes->sim, sim_now(changes->sim), row->then);
}

static void
on_approved(Sim *sim, void *state, SimEvent event)
{
    Changes *changes = state;
    (void)sim;
    row_at(changes, event.actor)->is_waiting = false;
    if (pass_or_wait(changes, event.actor))
        go_out(changes, event.actor);
}

static void
on_opens(Sim *sim, void *state, SimEvent event)
{
    Changes *changes = state;
    (void)sim;
    row_at(changes, event.actor)->is_waiting = false;
    go_out(changes, event.actor);
}

void
change_withdraw(Changes *changes, uint32_t config)
{
    Row *row = row_at(changes, config);
    sim_cancel(changes->sim, row->event);
    row->event = 0;
    row->is_waiting = false;
}

bool
change_is_waiting(const Changes *changes, uint32_t config)
{
    return row_at(changes, config)->is_waiting;
}
