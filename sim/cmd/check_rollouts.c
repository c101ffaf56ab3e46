#include "sim/cmd/check_rollouts.h"

#include "models/gate.h"
#include "models/version.h"
#include "sim/quantity.h"

enum { TEXT_MAX = 64 };

static const double power = 0.95;

typedef struct Whole {
    const Run *run;
    const Spec *spec;
    double requests_per_s; /* mean over a day */
} Whole;

static Whole
whole_of(const Run *run, const Spec *spec, const Exposure *exposure)
{
    Whole whole = {.run = run, .spec = spec};
    for (uint32_t i = 0; i < exposure->n_sites; i++)
        whole.requests_per_s += exposure->site_rate[i];
    return whole;
}

/* What the first wave's gate has to go by. */
typedef struct Canary {
    RunWave wave;
    SimTime soak;
    double requests, noticed;
} Canary;

/* The first wave's time, and how long a gate watches one wave for all. */
static SimTime
soak_of(const RolloutSpec *rollout)
{
    if (rollout->waves.n > 1)
        return SIM_ITEM(rollout->waves, WaveSpec, 0)->soak;
    return rollout->gate.window + rollout->gate.lag;
}

/* As much longer as it takes to see enough, if it may. */
static SimTime
extension_of(const ExtendSpec *extend, double requests_per_s, SimTime soak)
{
    SimTime longer = 0;
    while (extend->entity.is_given && longer + extend->by <= extend->at_most &&
           requests_per_s * sim_seconds(soak + longer) < extend->requests_below)
        longer += extend->by;
    return longer;
}

static Canary
canary_of(const Whole *whole, const ConfigSpec *config, uint32_t index)
{
    Canary canary = {.wave = run_wave(whole->run, index, 0), .soak = soak_of(&config->rollout)};
    double requests_per_s = whole->requests_per_s * canary.wave.traffic;
    canary.soak += extension_of(&config->rollout.extend, requests_per_s, canary.soak);
    canary.requests = requests_per_s * sim_seconds(canary.soak);
    canary.noticed = gate_noticed(&config->rollout.gate, canary.requests, canary.soak, power);
    return canary;
}

static const ChangeSpec *
change_of(const Spec *spec, const ConfigSpec *config)
{
    return config->change.entity.is_given ? &config->change : &spec->change_process;
}

static void
append_waves(GString *out, const Run *run, const ConfigSpec *config, uint32_t index)
{
    const RolloutSpec *rollout = &config->rollout;
    char soak[TEXT_MAX];
    g_string_append_printf(out, "  %s: ", config->entity.name);
    if (rollout->waves.n == 0)
        g_string_append_printf(out, "all %u PoPs at once", run_geo(run)->n_pops);
    for (uint32_t w = 0; w < rollout->waves.n; w++) {
        const WaveSpec *wave = SIM_ITEM(rollout->waves, WaveSpec, w);
        g_string_append_printf(out, "%s%u PoPs", w ? "; then " : "",
                               run_wave(run, index, w).n_pops);
        SIM_EACH(WaveCohortSpec, cohort, wave->cohorts)
        g_string_append_printf(out, " of %s", cohort->cohort);
        g_string_append_printf(out, ", %s",
                               sim_quantity_format_duration(soak, sizeof soak, wave->soak));
    }
}

static void
append_gate(GString *out, const ConfigSpec *config)
{
    static const char *const kinds[] = {"no gate", "gate at", "gate at", "gate: more than chance",
                                        "gate: worse than the others"};
    const GateSpec *gate = &config->rollout.gate;
    char window[TEXT_MAX], most[TEXT_MAX];
    g_string_append_printf(out, "; %s", kinds[gate->kind]);
    if (gate->kind == GATE_THRESHOLD || gate->kind == GATE_BURN)
        g_string_append_printf(out, " %s",
                               sim_quantity_format_share(most, sizeof most, gate->at_most));
    if (gate->kind != GATE_NONE)
        g_string_append_printf(out, " over %s",
                               sim_quantity_format_duration(window, sizeof window, gate->window));
    g_string_append(out, config->validate_at_loader || config->generator.validate
                             ? "; validated\n"
                             : "; not validated\n");
}

static void
append_waits(GString *out, const Spec *spec, const ConfigSpec *config)
{
    const ChangeSpec *change = change_of(spec, config);
    char median[TEXT_MAX];
    bool is_first = true;
    SIM_EACH(WindowSpec, window, change->windows)
    {
        g_string_append(out, is_first ? "    waits for: " : " or ");
        week_print(&window->week, out);
        is_first = false;
    }
    SIM_EACH(FreezeSpec, freeze, change->freezes)
    {
        g_string_append_printf(out, "%sthe end of %s", is_first ? "    waits for: " : "; ",
                               freeze->because ? freeze->because : "a freeze");
        is_first = false;
    }
    SimTime approval = sim_law_quantile(&change->approval, 0.5);
    if (approval > 0) {
        g_string_append_printf(out, "%sapproval, %s at the median",
                               is_first ? "    waits for: " : "; ",
                               sim_quantity_format_duration(median, sizeof median, approval));
        is_first = false;
    }
    if (!is_first)
        g_string_append(out, change->emergency == EMERGENCY_WAITS ? "; so does the way back\n"
                                                                  : "; the way back does not\n");
}

static const char *
bypass_of(const ConfigSpec *config)
{
    if (version_bypasses(config, false))
        return "all versions, since it is data";
    return version_bypasses(config, true) ? "generated versions" : NULL;
}

static void
append_canary(GString *out, const Whole *whole, const ConfigSpec *config, uint32_t index)
{
    const Canary canary = canary_of(whole, config, index);
    char pops[TEXT_MAX], share[TEXT_MAX], requests[TEXT_MAX], soak[TEXT_MAX], noticed[TEXT_MAX];
    sim_quantity_format_share(pops, sizeof pops,
                              (double)canary.wave.n_pops / run_geo(whole->run)->n_pops);
    sim_quantity_format_share(share, sizeof share, canary.wave.reached);
    sim_quantity_format_count(requests, sizeof requests, canary.requests);
    sim_quantity_format_duration(soak, sizeof soak, canary.soak);
    sim_quantity_format_share(noticed, sizeof noticed, canary.noticed);
    if (config->rollout.waves.n > 1)
        g_string_append_printf(out, "    first wave: %s of PoPs, %s of requests\n", pops, share);
    if (config->rollout.gate.kind == GATE_NONE)
        return;
    g_string_append_printf(out, "    its gate sees %s requests in %s; ", requests, soak);
    if (canary.noticed < 1)
        g_string_append_printf(out, "it stops %.0f of 100 versions that fail %s, fewer below\n",
                               100 * power, noticed);
    else
        g_string_append(out, "too few to notice anything\n");
}

void
check_rollouts_append(GString *out, const Run *run, const Spec *spec, const Exposure *exposure)
{
    const Whole whole = whole_of(run, spec, exposure);
    if (spec->configs.n)
        g_string_append(out, "\nRollouts\n");
    for (uint32_t i = 0; i < spec->configs.n; i++) {
        const ConfigSpec *config = SIM_ITEM(spec->configs, ConfigSpec, i);
        append_waves(out, run, config, i);
        append_gate(out, config);
        append_waits(out, spec, config);
        if (bypass_of(config))
            g_string_append_printf(out, "    past all that: %s\n", bypass_of(config));
        append_canary(out, &whole, config, i);
    }
}

void
check_rollouts_json(Json *json, const Run *run, const Spec *spec, const Exposure *exposure)
{
    static const char *const bypasses[] = {"none", "generated", "data"};
    const Whole whole = whole_of(run, spec, exposure);
    json_open(json, "rollouts", '{');
    for (uint32_t i = 0; i < spec->configs.n; i++) {
        const ConfigSpec *config = SIM_ITEM(spec->configs, ConfigSpec, i);
        const Canary canary = canary_of(&whole, config, i);
        json_open(json, config->entity.name, '{');
        json_text(json, "bypass", bypasses[config->rollout.bypass]);
        json_integer(json, "first_wave_pops", canary.wave.n_pops);
        json_number(json, "first_wave_share", canary.wave.reached);
        if (config->rollout.gate.kind != GATE_NONE) {
            json_number(json, "first_wave_requests", canary.requests);
            json_number(json, "noticed_share", canary.noticed);
        }
        json_close(json, '}');
    }
    json_close(json, '}');
}
