/*
 * spec_protections.h - the part of a scenario that limits damage: breakers, throttles, outlier
 * detection, scaling, fail-over; and the traffic that attacks.
 *
 * As spec.h: names, numbers and indices, never written after loading.  A number that is not given
 * is the default of the kind (breaker.h, outlier.h).
 */
#pragma once

#include "sim/fields.h"

typedef enum BreakerKind {
    BREAKER_NONE,
    BREAKER_HYSTRIX,
    BREAKER_RESILIENCE4J,
    BREAKER_FINAGLE, /* failure accrual: consecutive failures */
    BREAKER_KINDS
} BreakerKind;
extern const char *const breaker_names[BREAKER_KINDS + 1]; /* NULL-terminated */

typedef struct BreakerSpec {
    SimEntity entity;
    int kind;           /* BreakerKind */
    double errors;      /* failed share of the window that trips it; 0: the kind's own */
    double volume;      /* calls in the window below which it does not; 0: the kind's own */
    SimTime window;     /* hystrix; 0: its own */
    SimTime open;       /* time until it probes; 0: the kind's own */
    double consecutive; /* finagle: failures on end that trip it; 0: its own */
} BreakerSpec;

typedef enum ThrottleKind {
    THROTTLE_NONE,
    THROTTLE_SRE,
    THROTTLE_ENVOY,
    THROTTLE_KINDS
} ThrottleKind;
extern const char *const throttle_names[THROTTLE_KINDS + 1]; /* NULL-terminated */

typedef struct OutlierSpec { /* hosts that fail are left out: Envoy's outlier detection */
    SimEntity entity;
    double consecutive; /* failures on end of one host */
    SimTime interval;   /* between sweeps */
    SimTime ejection;   /* first time out; grows with each */
    SimTime ejection_max;
    double ejected_max; /* share of hosts out at once */
    double panic;       /* share of hosts that must be in; with fewer all are asked again */
} OutlierSpec;

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
