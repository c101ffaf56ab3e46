/*
 * spec_config.h - the part of a scenario that is pushed: config streams, the
 * clusters that generate them, how they spread, and whom a bad version harms.
 *
 * As spec.h: names, numbers and indices, never written after loading.
 */
#pragma once

#include "models/condition.h"
#include "models/spec_change.h"
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

typedef struct WaveCohortSpec {
    SimEntity entity;
    const char *cohort;
} WaveCohortSpec;

typedef struct WaveSpec {
    SimEntity entity;
    double share; /* of PoPs that have the version when the wave is complete */
    SimTime soak;
    SimLaw approval; /* before it is pushed */
    SimList cohorts; /* WaveCohortSpec: of its consumers; empty: all */
} WaveSpec;

typedef struct ExtendSpec { /* a wave that saw too little is watched longer */
    SimEntity entity;
    double requests_below; /* 0: never extended */
    SimTime by, at_most;
    bool stops; /* still too little after at_most: stops the rollout, else goes on */
} ExtendSpec;

typedef enum GateScope { GATE_SCOPE_WAVE, GATE_SCOPE_ALL } GateScope;
typedef enum GateKind {
    GATE_NONE,
    GATE_THRESHOLD,
    GATE_BURN,
    GATE_BINOMIAL,
    GATE_BASELINE
} GateKind;

typedef struct GateSpec {
    SimEntity entity;
    int kind;
    SimTime window, lag, every;
    double at_most; /* threshold: share of failed requests; burn: the SLO's budget */
    double burn;    /* burn: factor */
    SimTime short_window;
    double requests_min;                   /* fewer in the window: no verdict */
    int scope;                             /* GateScope */
    SimList sites;                         /* uint32_t: whose requests it counts; empty: all */
    double alpha, baseline, design_effect; /* of the tests; see gate.h */
} GateSpec;

typedef enum WaveOrder { WAVE_RANDOM, WAVE_SMALL_FIRST, WAVE_LARGE_FIRST } WaveOrder;

typedef enum Bypass { BYPASS_NONE, BYPASS_GENERATED, BYPASS_DATA } Bypass;

typedef struct RolloutSpec {
    SimEntity entity;
    int bypass;    /* Bypass: versions that go out at once, past windows, approvals and waves */
    SimList waves; /* WaveSpec; empty: all at once */
    int order;     /* WaveOrder */
    ExtendSpec extend;
    GateSpec gate;
    SimList kill; /* uint32_t: services whose kill switch is pulled when the gate stops it */
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

typedef enum ConfigKind { CONFIG_CODE, CONFIG_DATA } ConfigKind;

typedef struct ConfigSpec {
    SimEntity entity;
    int kind;           /* ConfigKind */
    ChangeSpec change;  /* not given: the scenario's */
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
