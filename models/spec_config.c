#include "models/spec_config.h"

#include "models/spec_row.h"

#define DAY_S 86400.0

static const SimField property_fields[] = {
    COUNT(PropertySpec, value, "value", .required = true, .min = -1e15, .max = 1e15,
          .about = "A number that consumers' conditions look at."),
};
static const SimFieldTable property_table = {.name = "property",
                                             .about = "A measurable property of a version.",
                                             .size = sizeof(PropertySpec),
                                             SIM_TABLE(property_fields),
                                             .shorthand = "value"};

static const SimField cluster_fields[] = {
    INTEGER(ClusterSpec, nodes, "nodes", .required = true, .min = 1, .max = 100000,
            .about = "Machines; each generation runs on one of them, drawn at random."),
};
const SimFieldTable cluster_table = {
    .name = "cluster",
    .about = "Where configs are generated; a change migrates it node by node.",
    .size = sizeof(ClusterSpec),
    SIM_TABLE(cluster_fields),
    .shorthand = "nodes"};

static const SimField generator_fields[] = {
    DURATION(GeneratorSpec, every, "every", .required = true, .min = 1, .max = DAY_S,
             .about =
                 "Period: a new version is generated and pushed each time, at multiples of it."),
    REFERENCE(GeneratorSpec, runs_on, "runs_on", .path = "clusters",
              .about = "The cluster whose node, drawn at random, generates it."),
    MAP(GeneratorSpec, when_migrated, "when_migrated", .table = &property_table, .items_max = 32,
        .about = "Properties of a version that a migrated node generates."),
    BOOL(GeneratorSpec, validate, "validate", .fallback = "false",
         .about = "Whether a version that breaks a limit is held back where it is generated."),
};
static const SimFieldTable generator_table = {.name = "generator",
                                              .about = "Makes a version periodically.",
                                              .size = sizeof(GeneratorSpec),
                                              SIM_TABLE(generator_fields)};

static const SimField limit_fields[] = {
    CUSTOM(LimitSpec, demand, "demand", .required = true, .parse = condition_parse,
           .print = condition_print, .expected = "a condition such as `features <= 200`",
           .about = "Holds for every valid version."),
};
static const SimFieldTable limit_table = {.name = "limit",
                                          .about = "What validation demands of a version.",
                                          .size = sizeof(LimitSpec),
                                          SIM_TABLE(limit_fields),
                                          .shorthand = "demand"};

static const SimField straggler_fields[] = {
    SHARE(StragglerSpec, share, "share", .fallback = "0%", .min = 0, .max = 1,
          .about = "Share of PoPs that get a version late."),
    LAW(StragglerSpec, delay, "delay", .fallback = "uniform(30s, 300s)",
        .about = "How late these are, instead of the ordinary delay."),
};
static const SimFieldTable straggler_table = {.name = "stragglers",
                                              .about = "PoPs that are late.",
                                              .size = sizeof(StragglerSpec),
                                              SIM_TABLE(straggler_fields)};

static const SimField distribution_fields[] = {
    LAW(DistributionSpec, delay, "delay", .fallback = "lognormal(median 600ms, p99 2.29s)",
        .about = "From push to a PoP's processes, drawn for each PoP and version."),
    OBJECT(DistributionSpec, stragglers, "stragglers", .table = &straggler_table,
           .about = "PoPs that get it late."),
};
static const SimFieldTable distribution_table = {.name = "distribution",
                                                 .about = "How a version spreads.",
                                                 .size = sizeof(DistributionSpec),
                                                 SIM_TABLE(distribution_fields)};

static const SimField wave_cohort_fields[] = {
    NAME(WaveCohortSpec, cohort, "cohort", .required = true,
         .about = "A cohort of a service that reads the config."),
};
static const SimFieldTable wave_cohort_table = {.name = "wave cohort",
                                                .about = "Whom a wave reaches.",
                                                .size = sizeof(WaveCohortSpec),
                                                SIM_TABLE(wave_cohort_fields),
                                                .shorthand = "cohort"};

static const SimField wave_fields[] = {
    SHARE(WaveSpec, share, "share", .required = true, .min = 1e-6, .max = 1,
          .about = "Share of PoPs that have the version once this wave is pushed."),
    DURATION(WaveSpec, soak, "soak", .fallback = "10m", .min = 0, .max = 30 * 86400.0,
             .about = "Wait before the next wave, while the gate watches."),
    LAW(WaveSpec, approval, "approval", .fallback = "0s",
        .about = "What somebody's yes takes before this wave, drawn each time."),
    LIST(WaveSpec, cohorts, "cohorts", .table = &wave_cohort_table, .items_max = 8,
         .about = "Only these cohorts of the services that read the config, at the wave's PoPs; a "
                  "later wave adds others. Absent: all."),
};
static const SimFieldTable wave_table = {.name = "wave",
                                         .about = "One step of a staged rollout.",
                                         .size = sizeof(WaveSpec),
                                         SIM_TABLE(wave_fields),
                                         .shorthand = "share"};

static const char *const gate_kinds[] = {"none", "threshold", "burn", "binomial", "baseline", NULL};
static const char *const gate_scopes[] = {"wave", "all", NULL};
static const SimField gate_fields[] = {
    CHOICE(GateSpec, kind, "kind", .fallback = "none", .choices = gate_kinds,
           .about = "No gate; failed share of the window above at_most; SLO burn over two windows; "
                    "more failures than at_most explains by chance; or than PoPs without the "
                    "version have (the last two are tests of level alpha)."),
    CHOICE(GateSpec, scope, "scope", .fallback = "wave", .choices = gate_scopes,
           .about = "Whose traffic it counts: PoPs that run the new version, or all."),
    SHARE(GateSpec, at_most, "at_most", .fallback = "0.1%", .min = 0, .max = 1,
          .about =
              "Highest failed share (threshold), the SLO's error budget (burn), or the ordinary "
              "failed share (binomial)."),
    DURATION(GateSpec, window, "window", .fallback = "10m", .min = 1, .max = DAY_S,
             .about = "What it averages over (burn: the long window)."),
    DURATION(GateSpec, short_window, "short_window", .fallback = "5m", .min = 1, .max = DAY_S,
             .about = "Burn: the short window, which must burn too."),
    FACTOR(GateSpec, burn, "burn", .fallback = "14.4x", .min = 0.1, .max = 10000,
           .about = "Burn: how many times faster than the budget allows."),
    DURATION(GateSpec, lag, "lag", .fallback = "15s", .min = 0, .max = 3600,
             .about = "Age of the newest figure it can see."),
    DURATION(GateSpec, every, "every", .fallback = "10s", .min = 1, .max = DAY_S,
             .about = "How often it decides."),
    COUNT(GateSpec, requests_min, "requests_min", .fallback = "100", .min = 0, .max = 1e15,
          .about = "With fewer requests in the window it does not decide."),
    REFERENCES(GateSpec, sites, "sites", .path = "sites", .items_max = 100,
               .about = "Only requests of these sites count, such as customers whose cohort the "
                        "first waves reach; absent: all."),
    SHARE(GateSpec, alpha, "alpha", .fallback = "1%", .min = 1e-9, .max = 0.5,
          .about = "Binomial, baseline: chance of a false alarm at each decision."),
    FACTOR(GateSpec, baseline, "baseline", .fallback = "1x", .min = 1, .max = 100,
           .about = "Baseline: PoPs without the version that it compares with, for each PoP with."),
    FACTOR(GateSpec, design_effect, "design_effect", .fallback = "1x", .min = 1, .max = 1e6,
           .about = "Binomial, baseline: requests that count as one, since those of one PoP fail "
                    "together: 1 + (m - 1) x correlation."),
};

static void
gate_check(SimFields *fields, void *item)
{
    const GateSpec *gate = item;
    if (gate->kind == GATE_BASELINE && gate->scope == GATE_SCOPE_ALL)
        sim_fields_error(fields, gate->entity.mark,
                         "kind: baseline compares PoPs with and without the version, and scope: "
                         "all takes both together: expected scope: wave");
}

static const SimFieldTable gate_table = {
    .name = "gate",
    .about = "Watches a rollout through observed counters, and stops it.",
    .size = sizeof(GateSpec),
    SIM_TABLE(gate_fields),
    .check = gate_check};

static const SimField extend_fields[] = {
    COUNT(ExtendSpec, requests_below, "when_requests_below", .required = true, .min = 1,
          .max = 1e15,
          .about = "A wave at whose end the gate has counted fewer of its requests soaks on."),
    DURATION(ExtendSpec, by, "by", .fallback = "10m", .min = 1, .max = 30 * DAY_S,
             .about = "How much longer, each time."),
    DURATION(ExtendSpec, at_most, "at_most", .fallback = "1h", .min = 1, .max = 90 * DAY_S,
             .about = "How much longer in all, a wave."),
    BOOL(ExtendSpec, stops, "stops", .fallback = "false",
         .about = "Whether a wave that has still seen too little then stops the rollout; else it "
                  "goes on."),
};
static const SimFieldTable extend_table = {.name = "extend",
                                           .about = "A wave that saw too little is watched longer.",
                                           .size = sizeof(ExtendSpec),
                                           SIM_TABLE(extend_fields)};

static const char *const bypasses[] = {"none", "generated", "data", NULL};
static const char *const wave_orders[] = {"random", "small-first", "large-first", NULL};
static const SimField rollout_fields[] = {
    CHOICE(RolloutSpec, bypass, "bypass", .fallback = "none", .choices = bypasses,
           .about = "Which versions go out everywhere at once, past windows, approvals, waves and "
                    "gate: none, those that a generator makes, or all if the config is data."),
    LIST(RolloutSpec, waves, "waves", .table = &wave_table, .items_max = 50,
         .about = "Steps; absent: all PoPs at once."),
    CHOICE(RolloutSpec, order, "order", .fallback = "random", .choices = wave_orders,
           .about = "Which PoPs come first."),
    OBJECT(RolloutSpec, gate, "gate", .table = &gate_table, .about = "What stops the rollout."),
    OBJECT(RolloutSpec, extend, "extend", .table = &extend_table,
           .about = "When a wave is watched longer."),
    REFERENCES(RolloutSpec, kill, "kill", .path = "services", .items_max = 100,
               .about = "Services whose kill switch is pulled when the gate stops the rollout."),
    BOOL(RolloutSpec, auto_revert, "auto_revert", .fallback = "true",
         .about = "Whether a stopped rollout also goes back to the last known good version."),
    DURATION(
        RolloutSpec, commit_confirm, "commit_confirm", .fallback = "0s", .min = 0, .max = DAY_S,
        .about = "The version is taken back after this long unless `confirm` comes; 0: never."),
};

static void
rollout_check(SimFields *fields, void *item)
{
    const RolloutSpec *rollout = item;
    bool has_gate = rollout->gate.kind != GATE_NONE;
    if (rollout->extend.entity.is_given && !has_gate)
        sim_fields_error(fields, rollout->extend.entity.mark,
                         "waves are extended by what the gate has counted, and there is no gate: "
                         "expected gate: with a kind");
    if (rollout->extend.entity.is_given && rollout->waves.n < 2)
        sim_fields_error(fields, rollout->extend.entity.mark,
                         "there is no wave before another that could be extended: expected two "
                         "waves or more");
    if (rollout->kill.n > 0 && !has_gate)
        sim_fields_error(fields, rollout->entity.mark,
                         "kill: waits for the gate, and there is none: expected gate: with a kind");
}

static const SimFieldTable rollout_table = {.name = "rollout",
                                            .about = "In which steps a version goes out.",
                                            .size = sizeof(RolloutSpec),
                                            SIM_TABLE(rollout_fields),
                                            .check = rollout_check};

static const SimField effect_fields[] = {
    SHARE(EffectSpec, panic, "panic", .fallback = "0%", .min = 0, .max = 1,
          .about = "Share of calls that fail with 500; the worker is back in milliseconds."),
    SHARE(EffectSpec, crash_loop, "crash_loop", .fallback = "0%", .min = 0, .max = 1,
          .about = "Share of processes that die and loop (see `restart`)."),
    SHARE(EffectSpec, errors, "errors", .fallback = "0%", .min = 0, .max = 1,
          .about = "Share of calls answered with the service's failure outcome."),
    BOOL(EffectSpec, reject, "reject", .fallback = "false",
         .about = "The consumer refuses the version; without last_known_good it then has none "
                  "and fails every call."),
    NAME(EffectSpec, degrade, "degrade",
         .about = "A condition that sites react to (`reactions`); nothing fails by itself."),
    FACTOR(EffectSpec, burn_cpu, "burn_cpu", .fallback = "1x", .min = 1, .max = 1e6,
           .about = "What the CPU time of a call is multiplied with."),
    DURATION(EffectSpec, slow, "slow", .fallback = "0s", .min = 0, .max = 3600,
             .about = "Time that a call takes longer, without using CPU."),
    FACTOR(EffectSpec, calls, "calls", .fallback = "1x", .min = 0, .max = 1e6,
           .about = "What the calls that the service makes to its own needs are multiplied with: "
                    "a filter that is lost lets everything through."),
    BOOL(EffectSpec, withdraw, "withdraw", .fallback = "false",
         .about = "The PoP withdraws its routes; users move to the next one."),
};
const SimFieldTable effect_table = {.name = "effect",
                                    .about = "What a version does to its consumer.",
                                    .size = sizeof(EffectSpec),
                                    SIM_TABLE(effect_fields)};

static const SimField consumer_fields[] = {
    REFERENCE(ConsumerSpec, service, "service", .path = "services", .required = true,
              .about = "The service that reads the config."),
    NAME(ConsumerSpec, cohort, "cohort", .about = "Only this cohort; absent: all."),
    CUSTOM(ConsumerSpec, when, "when", .required = true, .parse = condition_parse,
           .print = condition_print, .expected = "a condition such as `features > 200`",
           .about = "When the effect takes place."),
    OBJECT(ConsumerSpec, effect, "effect", .table = &effect_table, .required = true,
           .about = "What then happens."),
};
static const SimFieldTable consumer_table = {.name = "consumer",
                                             .about = "A service that reads the config, and what "
                                                      "a bad version does to it.",
                                             .size = sizeof(ConsumerSpec),
                                             SIM_TABLE(consumer_fields)};

static void
config_check(SimFields *fields, void *item)
{
    const ConfigSpec *config = item;
    const RolloutSpec *rollout = &config->rollout;
    if (rollout->bypass == BYPASS_GENERATED && !config->generator.entity.is_given)
        sim_fields_error(fields, rollout->entity.mark,
                         "bypass: generated, but nothing generates config '%s': expected "
                         "generator:, or another bypass",
                         config->entity.name);
    if (rollout->bypass == BYPASS_DATA && config->kind != CONFIG_DATA)
        sim_fields_error(fields, rollout->entity.mark,
                         "bypass: data, but config '%s' is code: expected kind: data, or another "
                         "bypass",
                         config->entity.name);
}

static const char *const config_kinds[] = {"code", "data", NULL};
static const SimField config_fields[] = {
    CHOICE(ConfigSpec, kind, "kind", .fallback = "data", .choices = config_kinds,
           .about = "What it is: `bypass: data` asks."),
    OBJECT(ConfigSpec, change, "change", .table = &change_table,
           .about = "Windows, freezes and approval of its own, in place of `change_process`."),
    MAP(ConfigSpec, properties, "properties", .table = &property_table, .items_max = 32,
        .required = true, .about = "Of an ordinary version."),
    OBJECT(ConfigSpec, generator, "generator", .table = &generator_table,
           .about = "Makes versions by itself; absent: only pushes of the timeline."),
    LIST(ConfigSpec, limits, "limits", .table = &limit_table, .items_max = 32,
         .about = "What validation demands, where there is validation."),
    BOOL(ConfigSpec, validate_at_loader, "validate_at_loader", .fallback = "false",
         .about = "Whether a PoP refuses a version that breaks a limit and keeps the last good."),
    BOOL(ConfigSpec, last_known_good, "last_known_good", .fallback = "false",
         .about = "A consumer that notices that it cannot use a version (panic, crash_loop, "
                  "reject, degrade) keeps the last good one; errors, burn_cpu and withdraw show "
                  "only later, and happen all the same."),
    OBJECT(ConfigSpec, distribution, "distribution", .table = &distribution_table,
           .about = "How versions spread."),
    OBJECT(ConfigSpec, rollout, "rollout", .table = &rollout_table,
           .about = "In which steps they go out."),
    LIST(ConfigSpec, consumers, "consumers", .table = &consumer_table, .items_max = 100,
         .about = "Who reads it, and what breaks."),
};
const SimFieldTable config_table = {.name = "config",
                                    .about = "A config stream: what is pushed to every PoP.",
                                    .size = sizeof(ConfigSpec),
                                    SIM_TABLE(config_fields),
                                    .check = config_check};
