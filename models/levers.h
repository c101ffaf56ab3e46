/*
 * levers.h - settings of the plane that several hands hold at once.
 *
 * A service stands still while anybody halts it.  Its capacity is the product of what each hand
 * says: an operator's `scale`, the autoscaler, a fail-over.  A site's fresh demand is the product
 * of its surges and at most the operator's limit.  The plane is told what comes out, and only when
 * that changes or, for the limit, when somebody moves the lever.
 *
 * The cause is that of whoever moved last.
 */
#pragma once

#include "models/plane.h"

typedef struct Levers Levers;

/* Whose factor of a service's capacity it is. */
typedef enum CapacityHand {
    HAND_SCALE,
    HAND_AUTOSCALER,
    HAND_FAILOVER,
    CAPACITY_HANDS
} CapacityHand;

Levers *levers_attach(Sim *sim, const World *world);

/* One more reason to stand still, or one less. */
void levers_halt(Levers *levers, uint32_t service, bool halted, uint32_t cause);
void levers_capacity_set(Levers *levers, uint32_t service, CapacityHand hand, double factor,
                         uint32_t cause);
double levers_capacity(const Levers *levers, uint32_t service, CapacityHand hand);
/* factor: of all surges together. */
void levers_demand_set(Levers *levers, uint32_t site, double factor, uint32_t cause);
/* Requests per second; < 0: none. */
void levers_limit_set(Levers *levers, uint32_t site, double rate, uint32_t cause);
