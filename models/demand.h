/*
 * demand.h - fresh demand of each site at each PoP, following the sun.
 *
 * A site's mean rate over a day is spread over metros by their traffic and the
 * site's regional factors; each metro's share moves with its local solar time,
 *
 *     rate(t) = mean (1 + a cos(2 pi (t + longitude / 15 deg h - peak) / 24 h)).
 *
 * A PoP's demand is the sum over the parts of metros in its catchment, and a sum of
 * cosines of one period is a cosine: three numbers a (site, PoP) pair hold it.  Users
 * who reach no PoP are summed the same way, under SIM_NONE: they still ask.
 *
 * The sums are whole numbers, of a unit chosen for each site, so what leaves is what
 * came: moves in any order that lead to the same catchments lead to the same demand,
 * bit for bit.  A metro is cut into CATCHMENT_PARTS; a site moves with its prefix
 * group.  A move costs O(sites).
 *
 * Left out: the day of the week, and noise.
 */
#pragma once

#include "models/world.h"

typedef struct Demand Demand;

/* Rates as the scenario says; nobody is assigned yet. */
Demand *demand_new(const World *world, SimArena *arena);
/* Replaces a site's mean rate (log-ins, whose rate follows from sessions); before demand_assign. */
void demand_mean_set(Demand *demand, uint32_t site, double rate);
/* Assigns the users of all metros, group by group, and computes every PoP. */
void demand_assign(Demand *demand, const CatchmentTable *catchments);
/* Some of a metro's users; from and to are PoPs or none (SIM_NONE). */
void demand_move(Demand *demand, uint32_t group, uint32_t metro, uint32_t from, uint32_t to,
                 uint32_t parts);
/* Rates of all sites at a PoP, or of users who reach none (SIM_NONE), at a time of the run. */
void demand_at(const Demand *demand, uint32_t pop, SimTime at, double *ret_by_site);
/* Mean over a day of one site at one PoP. */
double demand_mean(const Demand *demand, uint32_t pop, uint32_t site);
double demand_site_mean(const Demand *demand, uint32_t site);
