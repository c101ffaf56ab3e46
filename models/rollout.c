#include "models/rollout.h"

#include "models/plane.h"
#include "sim/quantity.h"

/* What the gate has seen since the push, up to one evaluation. */
typedef struct Sample {
    int64_t offered, failed;
    int64_t ratio_ppb; /* sum over the intervals of failed / offered, in 1e-9 */
} Sample;

typedef struct Rollout {
    const RolloutSpec *spec;
    const char *name; /* of the config */
    uint32_t *order;  /* [pop] */
    RolloutState state;
    uint32_t push, cause, stage;
    SimTime begin;
    SimEventId wave, gate, deadline;
    /* The gate. */
    bool is_reverted;  /* what was stopped is to be taken back */
    bool *is_watched;  /* [pop] */
    PlaneCounts *base; /* [pop] when the watch began */
    Sample *samples;   /* a ring, by number of the evaluation */
    uint32_t n_samples;
    uint64_t evaluations;
} Rollout;

struct Rollouts {
    Sim *sim;
    const World *world;
    RolloutEvents events;
    Rollout *rows;
};

enum { WAVE, GATE, DEADLINE };

static void on_wave(Sim *sim, void *state, SimEvent event);
static void on_gate(Sim *sim, void *state, SimEvent event);
static void on_deadline(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [WAVE] = {"rollout.wave", on_wave},
    [GATE] = {"rollout.gate", on_gate},
    [DEADLINE] = {"rollout.deadline", on_deadline},
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

/* PoPs that have the version once the wave is pushed. */
static uint32_t
pops_after(const Rollouts *rollouts, const Rollout *row, uint32_t wave)
{
    uint32_t n_pops = rollouts->world->n_pops, most = 0;
    if (row->spec->waves.n == 0)
        return n_pops;
    for (uint32_t i = 0; i <= wave; i++) {
        double exact = SIM_ITEM(row->spec->waves, WaveSpec, i)->share * n_pops;
        uint32_t whole = (uint32_t)exact;
        /* A share such as 7 % of 100 is 7, whatever the product's last bit says. */
        uint32_t n = exact - whole > 1e-6 ? whole + 1 : whole;
        most = MAX(most, MIN(n, n_pops));
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
        SIM_ASSERT(row->state == ROLLOUT_RUNNING || !sim_is_pending(sim, row->gate));
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

/* How many evaluations make up a time, rounded up. */
static uint64_t
steps_of(const GateSpec *gate, SimTime time)
{
    return (uint64_t)((time + gate->every - 1) / gate->every);
}

static void
init_row(Rollouts *rollouts, uint32_t config)
{
    SimArena *arena = sim_arena(rollouts->sim);
    const World *world = rollouts->world;
    const ConfigSpec *spec = world_config(world, config);
    const GateSpec *gate = &spec->rollout.gate;
    SimRng rng = sim_stream(rollouts->sim, "rollout/%.100s/order", spec->entity.name);
    Rollout *row = &rollouts->rows[config];
    *row = (Rollout){.spec = &spec->rollout, .name = spec->entity.name, .cause = SIM_NONE};
    row->order = SIM_ARENA_NEW(arena, uint32_t, world->n_pops);
    order_pops(world, row, &rng);
    if (gate->kind == GATE_NONE)
        return;
    uint64_t window = steps_of(gate, MAX(gate->window, gate->short_window));
    row->n_samples = (uint32_t)(window + steps_of(gate, gate->lag) + 2);
    row->samples = SIM_ARENA_NEW(arena, Sample, row->n_samples);
    row->is_watched = SIM_ARENA_NEW(arena, bool, world->n_pops);
    row->base = SIM_ARENA_NEW(arena, PlaneCounts, world->n_pops);
}

Rollouts *
rollout_attach(Sim *sim, const World *world, const RolloutEvents *events)
{
    Rollouts *rollouts = sim_attach(sim, &ops);
    rollouts->sim = sim;
    rollouts->world = world;
    rollouts->events = *events;
    rollouts->rows = SIM_ARENA_NEW(sim_arena(sim), Rollout, world->n_configs);
    for (uint32_t config = 0; config < world->n_configs; config++)
        init_row(rollouts, config);
    return rollouts;
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
push_wave(Rollouts *rollouts, uint32_t config)
{
    Rollout *row = row_at(rollouts, config);
    uint32_t wave = row->stage++, waves = n_waves(row);
    if (waves > 1) {
        SimJournalEntry entry = entry_of(rollouts, row, "rollout.wave");
        sim_journal_add(rollouts->world->journal, &entry, "wave %u of %u of %s: %u PoPs", wave + 1,
                        waves, row->name, pops_after(rollouts, row, wave));
    }
    SimTime soak =
        wave + 1 < waves ? SIM_ITEM(row->spec->waves, WaveSpec, wave)->soak : watch_after(row);
    row->wave = sim_after(rollouts->sim, soak, &ops, WAVE, config, 0);
    post(rollouts, rollouts->events.wave, config, wave);
}

static void
on_wave(Sim *sim, void *state, SimEvent event)
{
    Rollouts *rollouts = state;
    Rollout *row = row_at(rollouts, event.actor);
    if (row->stage < n_waves(row)) {
        push_wave(rollouts, event.actor);
        return;
    }
    row->state = ROLLOUT_DONE;
    sim_cancel(sim, row->gate);
}

static void
forget(Rollouts *rollouts, Rollout *row)
{
    sim_cancel(rollouts->sim, row->wave);
    sim_cancel(rollouts->sim, row->gate);
    sim_cancel(rollouts->sim, row->deadline);
    row->wave = row->gate = row->deadline = 0;
}

static void
watch(Rollouts *rollouts, Rollout *row, uint32_t pop)
{
    if (row->is_watched[pop])
        return;
    row->is_watched[pop] = true;
    row->base[pop] = rollouts->world->ops->counts(rollouts->world->plane, pop);
}

static void
start_gate(Rollouts *rollouts, uint32_t config)
{
    Rollout *row = row_at(rollouts, config);
    const GateSpec *gate = &row->spec->gate;
    row->evaluations = 0;
    row->samples[0] = (Sample){0};
    for (uint32_t pop = 0; pop < rollouts->world->n_pops; pop++) {
        row->is_watched[pop] = false;
        if (gate->scope == GATE_SCOPE_ALL)
            watch(rollouts, row, pop);
    }
    row->gate = sim_after(rollouts->sim, gate->every, &ops, GATE, config, 0);
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
    row->begin = sim_now(rollouts->sim);
    if (row->spec->gate.kind != GATE_NONE)
        start_gate(rollouts, config);
    if (row->spec->commit_confirm > 0)
        row->deadline =
            sim_after(rollouts->sim, row->spec->commit_confirm, &ops, DEADLINE, config, 0);
    push_wave(rollouts, config);
}

uint32_t
rollout_wave_pops(const Rollouts *rollouts, uint32_t config, uint32_t wave,
                  const uint32_t **ret_pops)
{
    const Rollout *row = row_at(rollouts, config);
    SIM_ASSERT(wave < n_waves(row));
    uint32_t before = wave > 0 ? pops_after(rollouts, row, wave - 1) : 0;
    *ret_pops = row->order + before;
    return pops_after(rollouts, row, wave) - before;
}

uint32_t
rollout_pushed_pops(const Rollouts *rollouts, uint32_t config, const uint32_t **ret_pops)
{
    const Rollout *row = row_at(rollouts, config);
    *ret_pops = row->order;
    return row->stage > 0 ? pops_after(rollouts, row, row->stage - 1) : 0;
}

void
rollout_arrived(Rollouts *rollouts, uint32_t config, uint32_t pop)
{
    Rollout *row = row_at(rollouts, config);
    SIM_ASSERT(pop < rollouts->world->n_pops);
    if (row->state == ROLLOUT_RUNNING && row->spec->gate.kind != GATE_NONE)
        watch(rollouts, row, pop);
}

void
rollout_cancel(Rollouts *rollouts, uint32_t config)
{
    Rollout *row = row_at(rollouts, config);
    forget(rollouts, row);
    if (row->state == ROLLOUT_RUNNING)
        row->state = ROLLOUT_IDLE;
}

/* the gate ---------------------------------------------------------------------------------- */

static Sample *
sample_at(const Rollout *row, uint64_t evaluation)
{
    return &row->samples[evaluation % row->n_samples];
}

static void
take_sample(Rollouts *rollouts, Rollout *row)
{
    const World *world = rollouts->world;
    Sample before = *sample_at(row, row->evaluations), now = {0};
    for (uint32_t pop = 0; pop < world->n_pops; pop++) {
        if (!row->is_watched[pop])
            continue;
        PlaneCounts counts = world->ops->counts(world->plane, pop);
        now.offered += counts.offered - row->base[pop].offered;
        now.failed += counts.failed - row->base[pop].failed;
    }
    int64_t offered = now.offered - before.offered, failed = now.failed - before.failed;
    double ratio = offered > 0 ? (double)failed / (double)offered : 0;
    now.ratio_ppb = before.ratio_ppb + (int64_t)(ratio * 1e9 + 0.5);
    *sample_at(row, ++row->evaluations) = now;
}

typedef struct Window {
    int64_t offered, failed;
    double mean_ratio; /* of its intervals; those before the push count 0 */
} Window;

/* The window that ends with the newest sample the gate may see; false before there is one. */
static bool
look(const Rollout *row, SimTime length, Window *ret)
{
    const GateSpec *gate = &row->spec->gate;
    uint64_t lag = steps_of(gate, gate->lag), steps = steps_of(gate, length);
    if (row->evaluations <= lag)
        return false;
    uint64_t last = row->evaluations - lag, first = last > steps ? last - steps : 0;
    Sample to = *sample_at(row, last), from = *sample_at(row, first);
    *ret = (Window){.offered = to.offered - from.offered,
                    .failed = to.failed - from.failed,
                    .mean_ratio = (double)(to.ratio_ppb - from.ratio_ppb) / 1e9 / (double)steps};
    return true;
}

static bool
is_too_bad(const Rollout *row)
{
    const GateSpec *gate = &row->spec->gate;
    Window slow, fast;
    if (!look(row, gate->window, &slow) || (double)slow.offered < gate->requests_min)
        return false;
    if (gate->kind == GATE_THRESHOLD)
        return (double)slow.failed > gate->at_most * (double)slow.offered;
    double limit = gate->burn * gate->at_most;
    return look(row, gate->short_window, &fast) && slow.mean_ratio >= limit &&
           fast.mean_ratio >= limit;
}

static void
stop(Rollouts *rollouts, uint32_t config, bool is_reverted, uint32_t verdict)
{
    Rollout *row = row_at(rollouts, config);
    row->is_reverted = is_reverted;
    forget(rollouts, row);
    row->state = ROLLOUT_STOPPED;
    post(rollouts, rollouts->events.stopped, config, verdict);
}

static void
on_gate(Sim *sim, void *state, SimEvent event)
{
    Rollouts *rollouts = state;
    Rollout *row = row_at(rollouts, event.actor);
    const GateSpec *gate = &row->spec->gate;
    take_sample(rollouts, row);
    if (!is_too_bad(row)) {
        row->gate = sim_after(sim, gate->every, &ops, GATE, event.actor, 0);
        return;
    }
    Window window;
    char age[32], failed[32];
    look(row, gate->kind == GATE_BURN ? gate->short_window : gate->window, &window);
    double share = window.offered > 0 ? (double)window.failed / (double)window.offered : 0;
    SimJournalEntry entry = entry_of(rollouts, row, "rollout.stopped");
    uint32_t verdict = sim_journal_add(
        rollouts->world->journal, &entry,
        "the gate stops %s in wave %u of %u, %s after the push: %s of requests failed", row->name,
        row->stage, n_waves(row),
        sim_quantity_format_duration(age, sizeof age, sim_now(sim) - row->begin),
        sim_quantity_format_share(failed, sizeof failed, share));
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

uint32_t
rollout_stage(const Rollouts *rollouts, uint32_t config)
{
    return row_at(rollouts, config)->stage;
}
