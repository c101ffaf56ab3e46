/*
 * spec_config.h - the part of a scenario that is pushed: config streams, the
 * clusters that generate them, how they spread, and whom a bad version harms.
 *
 * As spec.h: names, numbers and indices, never written after loading.
 */
#pragma once

#include "models/condition.h"
#include "sim/fields.h"

typedef struct PropertySpec {
    SimEntity entity;
    double value;
} PropertySpec;

typedef struct GeneratorSpec {
    SimEntity entity;
    SimTime every;         /* 0: pushed by hand only */
    uint32_t runs_on;      /* cluster; SIM_NONE */
    SimList when_migrated; /* PropertySpec */
    bool validate;
} GeneratorSpec;

typedef struct ClusterSpec {
    SimEntity entity;
    int64_t nodes;
} ClusterSpec;

typedef struct StragglerSpec {
    SimEntity entity;
    double share;
    SimLaw delay;
} StragglerSpec;

typedef struct DistributionSpec {
    SimEntity entity;
    SimLaw delay;
    StragglerSpec stragglers;
} DistributionSpec;

typedef struct WaveSpec {
    SimEntity entity;
    double share; /* of PoPs that have the version when the wave is complete */
    SimTime soak;
} WaveSpec;

typedef enum GateScope { GATE_SCOPE_WAVE, GATE_SCOPE_ALL } GateScope;
typedef enum GateKind { GATE_NONE, GATE_THRESHOLD, GATE_BURN } GateKind;

typedef struct GateSpec {
    SimEntity entity;
    int kind;
    SimTime window, lag, every;
    double at_most; /* threshold: share of failed requests; burn: the SLO's budget */
    double burn;    /* burn: factor */
    SimTime short_window;
    double requests_min; /* fewer in the window: no verdict */
    int scope;           /* GateScope */
} GateSpec;

typedef enum WaveOrder { WAVE_RANDOM, WAVE_SMALL_FIRST, WAVE_LARGE_FIRST } WaveOrder;

typedef struct RolloutSpec {
    SimEntity entity;
    SimList waves; /* WaveSpec; empty: all at once */
    int order;     /* WaveOrder */
    GateSpec gate;
    bool auto_revert;
    SimTime commit_confirm; /* 0: none; else reverts unless confirmed in time */
} RolloutSpec;

typedef struct EffectSpec {
    SimEntity entity;
    double panic;        /* share of calls that fail; the worker is back in milliseconds */
    double crash_loop;   /* share of processes that die and loop */
    bool reject;         /* the consumer refuses the version; see config.h */
    const char *degrade; /* name of a condition that sites react to */
    double errors;       /* share of calls answered with an error, nothing crashes */
    double burn_cpu;     /* factor on the service's CPU time */
    bool withdraw;       /* the PoP withdraws its routes */
    SimTime slow;        /* that a call takes longer, without CPU */
    double calls;        /* factor on the calls that the service makes to what it needs */
} EffectSpec;

typedef struct ConsumerSpec {
    SimEntity entity;
    uint32_t service;
    const char *cohort; /* NULL: all */
    Condition when;
    EffectSpec effect;
} ConsumerSpec;

typedef struct LimitSpec {
    SimEntity entity;
    Condition demand; /* must hold for a valid version: features <= 200 */
} LimitSpec;

typedef struct ConfigSpec {
    SimEntity entity;
    SimList properties; /* PropertySpec */
    GeneratorSpec generator;
    SimList limits; /* LimitSpec: what validation demands */
    bool validate_at_loader;
    bool last_known_good; /* a consumer that refuses or dies on a version falls back to the last
                             good one */
    DistributionSpec distribution;
    RolloutSpec rollout;
    SimList consumers; /* ConsumerSpec */
} ConfigSpec;

extern const SimFieldTable cluster_table, config_table, effect_table;
