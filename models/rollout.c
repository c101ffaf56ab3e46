#include "models/rollout.h"

#include "models/gate.h"
#include "sim/quantity.h"

typedef struct Rollout {
    const RolloutSpec *spec;
    const char *name; /* of the config */
    Lanes lanes;
    uint32_t *order; /* [pop] */
    Gate *gate;      /* NULL: none */
    RolloutState state;
    uint32_t push, cause, stage;
    SimTime begin, extended; /* of this wave, so far */
    SimEventId wave, look, deadline;
    bool is_reverted, is_tripped; /* what was stopped is to be taken back; by its gate */
} Rollout;

struct Rollouts {
    Sim *sim;
    const World *world;
    Changes *changes;
    RolloutEvents events;
    Rollout *rows;
};

enum { WAVE, LOOK, DEADLINE, PASSED };

static void on_wave(Sim *sim, void *state, SimEvent event);
static void on_look(Sim *sim, void *state, SimEvent event);
static void on_deadline(Sim *sim, void *state, SimEvent event);
static void on_passed(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [WAVE] = {"rollout.wave", on_wave},
    [LOOK] = {"rollout.gate", on_look},
    [DEADLINE] = {"rollout.deadline", on_deadline},
    [PASSED] = {"rollout.passed", on_passed},
};
static const SimModelOps ops = {.name = "rollout",
                                .state_size = sizeof(Rollouts),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

static Rollout *
row_at(const Rollouts *rollouts, uint32_t config)
{
    SIM_ASSERT(config < rollouts->world->n_configs);
    return &rollouts->rows[config];
}

static uint32_t
n_waves(const Rollout *row)
{
    return MAX(1, row->spec->waves.n);
}

static uint32_t
pops_of(double share, uint32_t n_pops)
{
    double exact = share * n_pops;
    uint32_t whole = (uint32_t)exact;
    /* A share such as 7 % of 100 is 7, whatever the product's last bit says. */
    return MIN(exact - whole > 1e-6 ? whole + 1 : whole, n_pops);
}

/* PoPs at which the lane has the version once the wave is pushed. */
static uint32_t
pops_after(const Rollouts *rollouts, const Rollout *row, uint32_t lane, uint32_t wave)
{
    uint32_t n_pops = rollouts->world->n_pops, most = 0;
    if (row->spec->waves.n == 0)
        return n_pops;
    for (uint32_t i = 0; i <= wave; i++) {
        const WaveSpec *spec = SIM_ITEM(row->spec->waves, WaveSpec, i);
        if (lanes_is_reached(&row->lanes, lane, spec))
            most = MAX(most, pops_of(spec->share, n_pops));
    }
    return most;
}

static void
verify(const Sim *sim, const void *state)
{
    const Rollouts *rollouts = state;
    for (uint32_t i = 0; i < rollouts->world->n_configs; i++) {
        const Rollout *row = &rollouts->rows[i];
        SIM_ASSERT(row->stage <= n_waves(row));
        SIM_ASSERT(row->state == ROLLOUT_RUNNING || !sim_is_pending(sim, row->wave));
        SIM_ASSERT(row->state == ROLLOUT_RUNNING || !sim_is_pending(sim, row->look));
    }
}

/* attach ------------------------------------------------------------------------------------ */

static void
order_pops(const World *world, Rollout *row, SimRng *rng)
{
    for (uint32_t i = 0; i < world->n_pops; i++)
        switch ((WaveOrder)row->spec->order) {
        case WAVE_LARGE_FIRST:
            row->order[i] = world->pops_by_demand[i];
            break;
        case WAVE_SMALL_FIRST:
            row->order[i] = world->pops_by_demand[world->n_pops - 1 - i];
            break;
        case WAVE_RANDOM:
            row->order[i] = i;
            break;
        }
    for (uint32_t i = world->n_pops; row->spec->order == WAVE_RANDOM && i > 1; i--) {
        uint32_t j = (uint32_t)sim_rng_below(rng, i), pop = row->order[i - 1];
        row->order[i - 1] = row->order[j];
        row->order[j] = pop;
    }
}

static bool
init_row(Rollouts *rollouts, uint32_t config, SimMessages *messages)
{
    const World *world = rollouts->world;
    const ConfigSpec *spec = world_config(world, config);
    SimRng rng = sim_stream(rollouts->sim, "rollout/%.100s/order", spec->entity.name);
    Rollout *row = &rollouts->rows[config];
    *row = (Rollout){.spec = &spec->rollout, .name = spec->entity.name, .cause = SIM_NONE};
    row->order = SIM_ARENA_NEW(sim_arena(rollouts->sim), uint32_t, world->n_pops);
    order_pops(world, row, &rng);
    if (spec->rollout.gate.kind != GATE_NONE)
        row->gate = gate_new(rollouts->sim, world, spec, row->order);
    return lanes_init(&row->lanes, world, spec, messages);
}

Rollouts *
rollout_attach(Sim *sim, const World *world, Changes *changes, const RolloutEvents *events,
               SimMessages *messages)
{
    Rollouts *rollouts = sim_attach(sim, &ops);
    bool is_right = true;
    *rollouts = (Rollouts){.sim = sim, .world = world, .changes = changes, .events = *events};
    rollouts->rows = SIM_ARENA_NEW(sim_arena(sim), Rollout, world->n_configs);
    for (uint32_t config = 0; config < world->n_configs; config++)
        is_right &= init_row(rollouts, config, messages);
    return is_right ? rollouts : NULL;
}

const Lanes *
rollout_lanes(const Rollouts *rollouts, uint32_t config)
{
    return &row_at(rollouts, config)->lanes;
}

/* waves ------------------------------------------------------------------------------------- */

bool
rollout_is_planned(const Rollouts *rollouts, uint32_t config)
{
    const RolloutSpec *spec = row_at(rollouts, config)->spec;
    return spec->waves.n > 0 || spec->gate.kind != GATE_NONE || spec->commit_confirm > 0;
}

static void
post(const Rollouts *rollouts, SimEvent event, uint32_t config, uint32_t low)
{
    event.actor = config;
    event.arg = (uint64_t)row_at(rollouts, config)->push << 32 | low;
    sim_post(rollouts->sim, sim_now(rollouts->sim), event);
}

static SimJournalEntry
entry_of(const Rollouts *rollouts, const Rollout *row, const char *kind)
{
    return (SimJournalEntry){
        .at = sim_now(rollouts->sim), .cause = row->cause, .kind = kind, .entity = row->name};
}

/* How long the last wave is watched: as long as the gate's memory needs to fill. */
static SimTime
watch_after(const Rollout *row)
{
    const RolloutSpec *spec = row->spec;
    SimTime soak = spec->waves.n ? SIM_ITEM(spec->waves, WaveSpec, spec->waves.n - 1)->soak : 0;
    return spec->gate.kind == GATE_NONE ? soak : MAX(soak, spec->gate.window + spec->gate.lag);
}

static void
journal_wave(const Rollouts *rollouts, const Rollout *row, uint32_t wave)
{
    SimJournalEntry entry = entry_of(rollouts, row, "rollout.wave");
    uint32_t n_pops = 0;
    char whom[160] = "";
    SIM_EACH(WaveCohortSpec, cohort, SIM_ITEM(row->spec->waves, WaveSpec, wave)->cohorts)
    {
        g_strlcat(whom, whom[0] ? " and " : ", cohort ", sizeof whom);
        g_strlcat(whom, cohort->cohort, sizeof whom);
    }
    for (uint32_t lane = 0; lane < row->lanes.n; lane++)
        n_pops = MAX(n_pops, pops_after(rollouts, row, lane, wave));
    sim_journal_add(rollouts->world->journal, &entry, "wave %u of %u of %s: %u PoPs%s", wave + 1,
                    n_waves(row), row->name, n_pops, whom);
}

/* The first wave goes out: from now on the gate looks, and somebody has to confirm. */
static void
begin(Rollouts *rollouts, uint32_t config)
{
    Rollout *row = row_at(rollouts, config);
    row->begin = sim_now(rollouts->sim);
    if (row->gate) {
        gate_start(row->gate);
        row->look = sim_after(rollouts->sim, row->spec->gate.every, &ops, LOOK, config, 0);
    }
    if (row->spec->commit_confirm > 0)
        row->deadline =
            sim_after(rollouts->sim, row->spec->commit_confirm, &ops, DEADLINE, config, 0);
}

static void
push_wave(Rollouts *rollouts, uint32_t config)
{
    Rollout *row = row_at(rollouts, config);
    uint32_t wave = row->stage++, waves = n_waves(row);
    if (wave == 0)
        begin(rollouts, config);
    if (waves > 1)
        journal_wave(rollouts, row, wave);
    if (row->gate)
        gate_begin_wave(row->gate);
    row->extended = 0;
    SimTime soak =
        wave + 1 < waves ? SIM_ITEM(row->spec->waves, WaveSpec, wave)->soak : watch_after(row);
    row->wave = sim_after(rollouts->sim, soak, &ops, WAVE, config, 0);
    post(rollouts, rollouts->events.wave, config, wave);
}

/* The next wave is due, if the change process lets it. */
static void
ask_wave(Rollouts *rollouts, uint32_t config)
{
    const SimLaw at_once = sim_law_constant(0);
    const Rollout *row = row_at(rollouts, config);
    char what[32];
    const SimLaw *approval = &at_once;
    if (row->spec->waves.n > 0)
        approval = &SIM_ITEM(row->spec->waves, WaveSpec, row->stage)->approval;
    g_snprintf(what, sizeof what, "wave %u", row->stage + 1);
    const ChangeAsk ask = {.config = config,
                           .what = what,
                           .approval = approval,
                           .cause = row->cause,
                           .then = sim_event(rollouts->sim, &ops, PASSED, config, 0)};
    if (change_ask(rollouts->changes, &ask))
        push_wave(rollouts, config);
}

static void
on_passed(Sim *sim, void *state, SimEvent event)
{
    Rollouts *rollouts = state;
    (void)sim;
    if (row_at(rollouts, event.actor)->state == ROLLOUT_RUNNING)
        push_wave(rollouts, event.actor);
}

static void
forget(Rollouts *rollouts, Rollout *row)
{
    sim_cancel(rollouts->sim, row->wave);
    sim_cancel(rollouts->sim, row->look);
    sim_cancel(rollouts->sim, row->deadline);
    row->wave = row->look = row->deadline = 0;
}

static void
stop(Rollouts *rollouts, uint32_t config, bool is_reverted, uint32_t verdict)
{
    Rollout *row = row_at(rollouts, config);
    row->is_reverted = is_reverted;
    forget(rollouts, row);
    change_withdraw(rollouts->changes, config);
    row->state = ROLLOUT_STOPPED;
    post(rollouts, rollouts->events.stopped, config, verdict);
}

/* The wave has seen too little; whether it soaks on or has stopped the rollout. */
static bool
is_extended(Rollouts *rollouts, uint32_t config)
{
    Rollout *row = row_at(rollouts, config);
    const ExtendSpec *extend = &row->spec->extend;
    char by[32], seen[32];
    if (!extend->entity.is_given || (double)gate_seen(row->gate) >= extend->requests_below)
        return false;
    sim_quantity_format_count(seen, sizeof seen, (double)gate_seen(row->gate));
    bool is_over = row->extended + extend->by > extend->at_most;
    SimJournalEntry entry =
        entry_of(rollouts, row, is_over && extend->stops ? "rollout.stopped" : "rollout.extended");
    if (!is_over) {
        row->extended += extend->by;
        row->wave = sim_after(rollouts->sim, extend->by, &ops, WAVE, config, 0);
        sim_journal_add(rollouts->world->journal, &entry,
                        "wave %u of %s has seen %s requests and soaks %s longer", row->stage,
                        row->name, seen, sim_quantity_format_duration(by, sizeof by, extend->by));
        return true;
    }
    uint32_t verdict = sim_journal_add(
        rollouts->world->journal, &entry, "wave %u of %s has still seen only %s requests, and %s",
        row->stage, row->name, seen, extend->stops ? "stops" : "the next goes out all the same");
    if (extend->stops)
        stop(rollouts, config, row->spec->auto_revert, verdict);
    return extend->stops;
}

static void
on_wave(Sim *sim, void *state, SimEvent event)
{
    Rollouts *rollouts = state;
    Rollout *row = row_at(rollouts, event.actor);
    if (row->stage < n_waves(row)) {
        if (!is_extended(rollouts, event.actor))
            ask_wave(rollouts, event.actor);
        return;
    }
    row->state = ROLLOUT_DONE;
    sim_cancel(sim, row->look);
}

void
rollout_start(Rollouts *rollouts, uint32_t config, uint32_t push, uint32_t cause)
{
    Rollout *row = row_at(rollouts, config);
    forget(rollouts, row);
    row->state = ROLLOUT_RUNNING;
    row->push = push;
    row->cause = cause;
    row->stage = 0;
    row->is_reverted = row->is_tripped = false;
    ask_wave(rollouts, config);
}

uint32_t
rollout_wave_pops(const Rollouts *rollouts, uint32_t config, uint32_t wave, uint32_t lane,
                  const uint32_t **ret_pops)
{
    const Rollout *row = row_at(rollouts, config);
    SIM_ASSERT(wave < n_waves(row));
    uint32_t before = wave > 0 ? pops_after(rollouts, row, lane, wave - 1) : 0;
    *ret_pops = row->order + before;
    return pops_after(rollouts, row, lane, wave) - before;
}

uint32_t
rollout_wave_reach(const Rollouts *rollouts, uint32_t config, uint32_t wave, uint32_t lane,
                   const uint32_t **ret_pops)
{
    const Rollout *row = row_at(rollouts, config);
    SIM_ASSERT(wave < n_waves(row));
    *ret_pops = row->order;
    return pops_after(rollouts, row, lane, wave);
}

uint32_t
rollout_pushed_pops(const Rollouts *rollouts, uint32_t config, uint32_t lane,
                    const uint32_t **ret_pops)
{
    const Rollout *row = row_at(rollouts, config);
    *ret_pops = row->order;
    return row->stage > 0 ? pops_after(rollouts, row, lane, row->stage - 1) : 0;
}

void
rollout_arrived(Rollouts *rollouts, uint32_t config, uint32_t pop)
{
    Rollout *row = row_at(rollouts, config);
    if (row->state == ROLLOUT_RUNNING && row->gate)
        gate_watch(row->gate, pop);
}

void
rollout_cancel(Rollouts *rollouts, uint32_t config)
{
    Rollout *row = row_at(rollouts, config);
    forget(rollouts, row);
    change_withdraw(rollouts->changes, config);
    if (row->state == ROLLOUT_RUNNING)
        row->state = ROLLOUT_IDLE;
}

/* the gate ---------------------------------------------------------------------------------- */

static void
on_look(Sim *sim, void *state, SimEvent event)
{
    Rollouts *rollouts = state;
    Rollout *row = row_at(rollouts, event.actor);
    if (!gate_look(row->gate)) {
        row->look = sim_after(sim, row->spec->gate.every, &ops, LOOK, event.actor, 0);
        return;
    }
    char age[32], failed[32];
    SimJournalEntry entry = entry_of(rollouts, row, "rollout.stopped");
    uint32_t verdict = sim_journal_add(
        rollouts->world->journal, &entry,
        "the gate stops %s in wave %u of %u, %s after the push: %s of requests failed", row->name,
        row->stage, n_waves(row),
        sim_quantity_format_duration(age, sizeof age, sim_now(sim) - row->begin),
        sim_quantity_format_share(failed, sizeof failed, gate_share(row->gate)));
    row->is_tripped = true;
    stop(rollouts, event.actor, row->spec->auto_revert, verdict);
}

/* commit-confirm ---------------------------------------------------------------------------- */

bool
rollout_confirm(Rollouts *rollouts, uint32_t config, uint32_t cause)
{
    Rollout *row = row_at(rollouts, config);
    if (!sim_cancel(rollouts->sim, row->deadline))
        return false;
    SimJournalEntry entry = entry_of(rollouts, row, "rollout.confirmed");
    entry.cause = cause;
    sim_journal_add(rollouts->world->journal, &entry, "%s is confirmed", row->name);
    return true;
}

static void
on_deadline(Sim *sim, void *state, SimEvent event)
{
    Rollouts *rollouts = state;
    Rollout *row = row_at(rollouts, event.actor);
    char age[32];
    SimJournalEntry entry = entry_of(rollouts, row, "rollout.unconfirmed");
    uint32_t verdict = sim_journal_add(
        rollouts->world->journal, &entry, "%s was not confirmed within %s: it is taken back",
        row->name, sim_quantity_format_duration(age, sizeof age, sim_now(sim) - row->begin));
    stop(rollouts, event.actor, true, verdict);
}

RolloutState
rollout_state(const Rollouts *rollouts, uint32_t config)
{
    return row_at(rollouts, config)->state;
}

bool
rollout_is_reverted(const Rollouts *rollouts, uint32_t config)
{
    const Rollout *row = row_at(rollouts, config);
    return row->state == ROLLOUT_STOPPED && row->is_reverted;
}

bool
rollout_is_tripped(const Rollouts *rollouts, uint32_t config)
{
    const Rollout *row = row_at(rollouts, config);
    return row->state == ROLLOUT_STOPPED && row->is_tripped;
}

uint32_t
rollout_stage(const Rollouts *rollouts, uint32_t config)
{
    return row_at(rollouts, config)->stage;
}
