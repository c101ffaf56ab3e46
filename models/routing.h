/*
 * routing.h - which PoP each metro's users reach.
 *
 * The catchment of a prefix group: a metro reaches the nearest PoP that
 * announces the group.  When a PoP loses its routes or gets them back, each
 * metro whose nearest PoP changes follows after a delay drawn from
 * network.convergence, from one stream a metro; until then its users reach, and
 * are served by, the PoP they had.  A further change before that cancels the
 * first and draws again, so a metro never follows an older state of the routes.
 * A metro without any PoP left reaches SIM_NONE.
 *
 * A PoP announces while nothing holds it down: an operator (pop-down) and every
 * config effect that withdraws count one by one.
 *
 * There is one prefix group, number 0, and every call names it, so that more
 * can follow.  Left out: paths, networks within a metro, black holes while
 * routes converge.  A loss costs O(orphaned metros x PoPs), a return O(metros x
 * PoPs).
 */
#pragma once

#include "models/world.h"

enum { ROUTING_GROUPS = 1 };

typedef struct Routing Routing;

Routing *routing_attach(Sim *sim, const World *world);
/* The PoP that the metro's users reach now; SIM_NONE: none. */
uint32_t routing_pop_of(const Routing *routing, uint32_t group, uint32_t metro);
bool routing_is_up(const Routing *routing, uint32_t group, uint32_t pop);
/* An operator takes PoPs down or brings them up, together; PoPs that are so already stay. */
void routing_pops_set(Routing *routing, uint32_t group, const uint32_t *pops, uint32_t n_pops,
                      bool up, uint32_t cause);
/* One more reason for a PoP to withdraw its routes, or one less. */
void routing_withdraw(Routing *routing, uint32_t group, uint32_t pop, uint32_t cause);
void routing_announce(Routing *routing, uint32_t group, uint32_t pop, uint32_t cause);
