/*
 * spec_protections.h - the part of a scenario that limits damage: breakers, throttles, outlier
 * detection, scaling, fail-over; and the traffic that attacks.
 *
 * As spec.h: names, numbers and indices, never written after loading.  A number that is not given
 * is the default of the kind (breaker.h, outlier.h).
 */
#pragma once

#include "models/breaker.h"
#include "models/outlier.h"
#include "models/throttle.h"
#include "sim/fields.h"

typedef struct BreakerSpec {
    SimEntity entity;
    int kind;           /* BreakerKind */
    double errors;      /* failed share of the window that trips it; 0: the kind's own */
    double volume;      /* calls in the window below which it does not; 0: the kind's own */
    SimTime window;     /* hystrix; 0: its own */
    SimTime open;       /* time until it probes; 0: the kind's own */
    double consecutive; /* finagle: failures on end that trip it; 0: its own */
    SimTime slow;       /* resilience4j: a call that takes so long counts as slow; 0: its own */
    double slow_share;  /* of the window that trips it; 0: its own */
} BreakerSpec;
BreakerRule breaker_rule(const BreakerSpec *spec);

typedef enum CallLimits { LIMITS_NONE, LIMITS_ENVOY, LIMITS_HYSTRIX, CALL_LIMITS } CallLimits;
extern const char *const call_limit_names[CALL_LIMITS + 1]; /* NULL-terminated */
/* Calls in hand, and retries among them, that a caller allows itself; 0: any number. */
extern const double call_limit_calls[CALL_LIMITS], call_limit_retries[CALL_LIMITS];

typedef struct OutlierSpec { /* hosts that fail are left out: Envoy's outlier detection */
    SimEntity entity;
    double consecutive; /* failures on end of one host */
    SimTime interval;   /* between sweeps */
    SimTime ejection;   /* first time out; grows with each */
    SimTime ejection_max;
    double ejected_max; /* share of hosts out at once */
    double panic;       /* share of hosts that must be in; with fewer all are asked again */
} OutlierSpec;
OutlierRule outlier_rule(const OutlierSpec *spec);

typedef struct AutoscaleSpec {
    SimEntity entity;
    double target; /* utilisation; 0: none */
    SimTime every; /* between decisions */
    SimLaw delay;  /* from a decision to servers that serve */
    double most;   /* factor on the scenario's own servers */
    SimTime calm;  /* before it scales in */
} AutoscaleSpec;

typedef struct FailoverSpec {
    SimEntity entity;
    uint32_t location;
    SimLaw after;    /* from the loss to the first call served there */
    double capacity; /* servers there, as a share of the service's own */
} FailoverSpec;

typedef struct AttackSpec {
    SimEntity entity;
    uint32_t blocked_by; /* the PoP service that sees through it; SIM_NONE: none */
    double share;        /* of the attack that it blocks while it works */
} AttackSpec;

extern const SimFieldTable breaker_table, outlier_table, autoscale_table, failover_table,
    attack_table;
