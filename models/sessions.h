/*
 * sessions.h - people who are logged in: log-in demand is an outcome.
 *
 * A site with sessions is used by people who have one; its demand is in
 * proportion to the sessions open.  A session lasts as long as its law says;
 * when it ends, the share `return` of its people want to log in again at once.
 * Newcomers, over the day, make up for the rest, so that without trouble as
 * many sessions open as end.  Only these two log in: while log-ins fail, people
 * who want one wait among the log-in site's clients (that is the backlog), and
 * sessions go on ending.
 *
 * Ends are kept by slots of time: what opens during a slot is spread over later
 * slots by the law's distribution.  The sessions open at the start are as old
 * as those of a system long in balance (the residual law, in the same slots, so
 * that nothing drifts).  The longest 0.1 % of lifetimes count as the least of
 * them.  The population is one for the whole network, not one a PoP.
 *
 * A slot costs O(slots), a tick O(1).
 */
#pragma once

#include "models/world.h"

typedef struct Sessions Sessions;

Sessions *sessions_new(const World *world, SimArena *arena);
/* Mean log-ins a second that keep the site's sessions in balance: users over mean lifetime, by
 * slots. */
double sessions_balance(const Sessions *sessions, uint32_t site);
/* Moves one site's sessions on to `to`; opened: sessions opened since the last call, evenly. */
void sessions_advance(Sessions *sessions, uint32_t site, SimTime to, double opened);
double sessions_open(const Sessions *sessions, uint32_t site);
/* Factors on the mean demand: of the site itself, and of its log-ins. */
double sessions_use_factor(const Sessions *sessions, uint32_t site);
double sessions_login_factor(const Sessions *sessions, uint32_t site);
/* The site whose sessions log in through this one; SIM_NONE. */
uint32_t sessions_of_login(const Sessions *sessions, uint32_t login);
