#include "models/gate.h"

#include "models/plane.h"
#include "models/proportion.h"
#include "sim/elementary.h"

enum { DRAW_STRIDE = 1024 /* numbers of a stream that belong to one look */ };

/* Since the push, up to one look. */
typedef struct Sample {
    int64_t offered, failed;           /* with the version */
    int64_t base_offered, base_failed; /* without */
    int64_t ratio_ppb;                 /* sum over the intervals of failed / offered, in 1e-9 */
} Sample;

struct Gate {
    const World *world;
    const GateSpec *spec;
    const uint32_t *order; /* [pop] */
    bool *is_watched;      /* [pop] */
    bool *is_baseline;     /* [pop] */
    PlaneCounts *seen;     /* [pop] of both, at the last look */
    PlaneMeans *means;     /* [pop] of both, at the last look, where the plane has them */
    uint32_t n_watched, n_baseline;
    Sample *samples; /* a ring, by number of the look */
    uint32_t n_samples;
    uint64_t looks;
    int64_t wave_offered; /* when the wave began */
    double z;             /* limit of the level alpha */
    bool has_noise;       /* that is to be drawn */
    SimRng noise;
    uint64_t n_draws;
};

/* How many looks make up a time, rounded up. */
static uint64_t
steps_of(const GateSpec *spec, SimTime time)
{
    return (uint64_t)((time + spec->every - 1) / spec->every);
}

Gate *
gate_new(Sim *sim, const World *world, const ConfigSpec *config, const uint32_t *order)
{
    SimArena *arena = sim_arena(sim);
    const GateSpec *spec = &config->rollout.gate;
    Gate *gate = SIM_ARENA_NEW(arena, Gate, 1);
    uint64_t window = steps_of(spec, MAX(spec->window, spec->short_window));
    *gate = (Gate){.world = world, .spec = spec, .order = order};
    gate->n_samples = (uint32_t)(window + steps_of(spec, spec->lag) + 2);
    gate->samples = SIM_ARENA_NEW(arena, Sample, gate->n_samples);
    gate->is_watched = SIM_ARENA_NEW(arena, bool, world->n_pops);
    gate->is_baseline = SIM_ARENA_NEW(arena, bool, world->n_pops);
    gate->seen = SIM_ARENA_NEW(arena, PlaneCounts, world->n_pops);
    gate->means = SIM_ARENA_NEW(arena, PlaneMeans, world->n_pops);
    gate->has_noise =
        (spec->kind == GATE_BINOMIAL || spec->kind == GATE_BASELINE) && world->ops->means;
    gate->z = sim_normal_quantile(1 - spec->alpha);
    gate->noise = sim_stream(sim, "rollout/%.100s/noise", config->entity.name);
    return gate;
}

/* watching ---------------------------------------------------------------------------------- */

static PlaneCounts
counts_of(const Gate *gate, uint32_t pop)
{
    const World *world = gate->world;
    PlaneCounts sum = {0};
    if (gate->spec->sites.n == 0)
        return world->ops->counts(world->plane, pop);
    SIM_EACH(uint32_t, site, gate->spec->sites)
    {
        PlaneCounts counts = world->ops->site_counts(world->plane, pop, *site);
        sum.offered += counts.offered;
        sum.failed += counts.failed;
    }
    return sum;
}

static PlaneMeans
means_of(const Gate *gate, uint32_t pop)
{
    const World *world = gate->world;
    const PlaneCounts *seen = &gate->seen[pop];
    if (gate->spec->sites.n == 0)
        return world->ops->means(world->plane, pop);
    return (PlaneMeans){(double)seen->offered, (double)seen->failed};
}

/* From now on. */
static void
begin_at(Gate *gate, uint32_t pop)
{
    gate->seen[pop] = counts_of(gate, pop);
    if (gate->has_noise)
        gate->means[pop] = means_of(gate, pop);
}

static void
watch(Gate *gate, uint32_t pop)
{
    if (gate->is_watched[pop])
        return;
    gate->is_watched[pop] = true;
    gate->n_watched++;
    begin_at(gate, pop);
}

/* From the end of the order, so that later waves reach it last. */
static void
fill_baseline(Gate *gate)
{
    double wanted = gate->spec->baseline * gate->n_watched;
    for (uint32_t i = gate->world->n_pops; i > 0 && gate->n_baseline < wanted; i--) {
        uint32_t pop = gate->order[i - 1];
        if (gate->is_watched[pop] || gate->is_baseline[pop])
            continue;
        gate->is_baseline[pop] = true;
        gate->n_baseline++;
        begin_at(gate, pop);
    }
}

void
gate_watch(Gate *gate, uint32_t pop)
{
    SIM_ASSERT(pop < gate->world->n_pops);
    watch(gate, pop);
    if (gate->spec->kind != GATE_BASELINE)
        return;
    gate->n_baseline -= gate->is_baseline[pop];
    gate->is_baseline[pop] = false;
    fill_baseline(gate);
}

void
gate_start(Gate *gate)
{
    gate->looks = 0;
    gate->wave_offered = 0;
    gate->n_watched = gate->n_baseline = 0;
    gate->samples[0] = (Sample){0};
    for (uint32_t pop = 0; pop < gate->world->n_pops; pop++) {
        gate->is_watched[pop] = gate->is_baseline[pop] = false;
        if (gate->spec->scope == GATE_SCOPE_ALL)
            watch(gate, pop);
    }
}

/* looking ----------------------------------------------------------------------------------- */

static Sample *
sample_at(const Gate *gate, uint64_t look)
{
    return &gate->samples[look % gate->n_samples];
}

/* Failures among an interval's requests, as counters of single requests would have them. */
static int64_t
draw_failed(Gate *gate, int64_t offered, PlaneMeans means)
{
    if (offered <= 0 || means.offered <= 0)
        return 0;
    double share = CLAMP(means.failed / means.offered, 0, 1);
    gate->noise.counter = gate->n_draws++ * DRAW_STRIDE;
    return (int64_t)sim_rng_binomial(&gate->noise, (uint64_t)offered, share);
}

/* What the PoPs counted since the last look. */
static PlaneCounts
interval_of(Gate *gate, const bool *is_meant)
{
    const World *world = gate->world;
    PlaneCounts sum = {0};
    PlaneMeans means = {0};
    for (uint32_t pop = 0; pop < world->n_pops; pop++) {
        if (!is_meant[pop])
            continue;
        PlaneCounts before = gate->seen[pop];
        PlaneMeans mean = gate->means[pop];
        begin_at(gate, pop);
        sum.offered += gate->seen[pop].offered - before.offered;
        sum.failed += gate->seen[pop].failed - before.failed;
        means.offered += gate->means[pop].offered - mean.offered;
        means.failed += gate->means[pop].failed - mean.failed;
    }
    if (gate->has_noise)
        sum.failed = draw_failed(gate, sum.offered, means);
    return sum;
}

static void
take_sample(Gate *gate)
{
    Sample now = *sample_at(gate, gate->looks);
    PlaneCounts with = interval_of(gate, gate->is_watched);
    PlaneCounts without = interval_of(gate, gate->is_baseline);
    double ratio = with.offered > 0 ? (double)with.failed / (double)with.offered : 0;
    now.offered += with.offered;
    now.failed += with.failed;
    now.base_offered += without.offered;
    now.base_failed += without.failed;
    now.ratio_ppb += (int64_t)(ratio * 1e9 + 0.5);
    *sample_at(gate, ++gate->looks) = now;
}

typedef struct Window {
    Sample sum;
    double mean_ratio; /* of its intervals; those before the push count 0 */
} Window;

/* Looks that are old enough to be seen. */
static uint64_t
visible(const Gate *gate)
{
    uint64_t lag = steps_of(gate->spec, gate->spec->lag);
    return gate->looks > lag ? gate->looks - lag : 0;
}

/* The window that ends with the newest sample the gate may see; false before there is one. */
static bool
look_back(const Gate *gate, SimTime length, Window *ret)
{
    uint64_t last = visible(gate), steps = steps_of(gate->spec, length);
    if (last == 0)
        return false;
    Sample to = *sample_at(gate, last), from = *sample_at(gate, last > steps ? last - steps : 0);
    Sample sum = {.offered = to.offered - from.offered,
                  .failed = to.failed - from.failed,
                  .base_offered = to.base_offered - from.base_offered,
                  .base_failed = to.base_failed - from.base_failed,
                  .ratio_ppb = to.ratio_ppb - from.ratio_ppb};
    *ret = (Window){.sum = sum, .mean_ratio = (double)sum.ratio_ppb / 1e9 / (double)steps};
    return true;
}

static bool
burns(const Gate *gate, const Window *slow)
{
    double limit = gate->spec->burn * gate->spec->at_most;
    Window fast;
    return look_back(gate, gate->spec->short_window, &fast) && slow->mean_ratio >= limit &&
           fast.mean_ratio >= limit;
}

static bool
is_beyond_chance(const Gate *gate, const Sample *sum)
{
    double together = gate->spec->design_effect;
    uint64_t n = (uint64_t)((double)sum->offered / together);
    uint64_t x = (uint64_t)((double)MIN(sum->failed, sum->offered) / together);
    return x > 0 && proportion_tail(n, gate->spec->at_most, x) <= gate->spec->alpha;
}

static bool
is_worse_than_baseline(const Gate *gate, const Sample *sum)
{
    double together = gate->spec->design_effect;
    if ((double)sum->base_offered < gate->spec->requests_min || sum->base_offered == 0)
        return false;
    ProportionSample with = {(double)sum->offered / together, (double)sum->failed / together};
    ProportionSample without = {(double)sum->base_offered / together,
                                (double)sum->base_failed / together};
    return proportion_z(with, without) > gate->z;
}

bool
gate_look(Gate *gate)
{
    const GateSpec *spec = gate->spec;
    Window window;
    take_sample(gate);
    if (!look_back(gate, spec->window, &window) || (double)window.sum.offered < spec->requests_min)
        return false;
    switch ((GateKind)spec->kind) {
    case GATE_NONE:
        break;
    case GATE_THRESHOLD:
        return (double)window.sum.failed > spec->at_most * (double)window.sum.offered;
    case GATE_BURN:
        return burns(gate, &window);
    case GATE_BINOMIAL:
        return is_beyond_chance(gate, &window.sum);
    case GATE_BASELINE:
        return is_worse_than_baseline(gate, &window.sum);
    }
    return false;
}

double
gate_share(const Gate *gate)
{
    const GateSpec *spec = gate->spec;
    Window window;
    if (!look_back(gate, spec->kind == GATE_BURN ? spec->short_window : spec->window, &window) ||
        window.sum.offered <= 0)
        return 0;
    return (double)window.sum.failed / (double)window.sum.offered;
}

/* waves ------------------------------------------------------------------------------------- */

void
gate_begin_wave(Gate *gate)
{
    gate->wave_offered = sample_at(gate, gate->looks)->offered;
}

int64_t
gate_seen(const Gate *gate)
{
    int64_t offered = sample_at(gate, visible(gate))->offered;
    return MAX(0, offered - gate->wave_offered);
}

double
gate_noticed(const GateSpec *spec, double requests, SimTime soak, double power)
{
    double window = sim_seconds(spec->window), seen = sim_seconds(soak - spec->lag);
    double n = requests * MIN(1, window / MAX(sim_seconds(soak), 1e-9)) / spec->design_effect;
    if (seen <= 0 || n < MAX(spec->requests_min / spec->design_effect, 1))
        return 1;
    switch ((GateKind)spec->kind) {
    case GATE_NONE:
        return 1;
    case GATE_THRESHOLD:
        return proportion_noticed_at((uint64_t)n, (uint64_t)(spec->at_most * n) + 1, power);
    case GATE_BURN:
        return MIN(1, spec->burn * spec->at_most * MAX(1, window / seen));
    case GATE_BINOMIAL:
        return proportion_noticed_at(
            (uint64_t)n, proportion_limit((uint64_t)n, spec->at_most, spec->alpha), power);
    case GATE_BASELINE:
        return proportion_noticed(n, n * spec->baseline, spec->at_most, spec->alpha, power);
    }
    return 1;
}
