/*
 * demand.h - fresh demand of each site at each PoP, following the sun.
 *
 * A site's mean rate over a day is spread over metros by their traffic and the
 * site's regional factors; each metro's share moves with its local solar time,
 *
 *     rate(t) = mean (1 + a cos(2 pi (t + longitude / 15 deg h - peak) / 24 h)).
 *
 * A PoP's demand is the sum over the metros of its catchment, and a sum of
 * cosines of one period is a cosine: three numbers a (site, PoP) pair hold it
 * exactly.  Metros that reach no PoP are summed the same way, under SIM_NONE: their
 * users still ask.  A move of a metro costs O(metros x sites) for the two PoPs.
 *
 * Left out: the day of the week, and noise.
 */
#pragma once

#include "models/world.h"

typedef struct Demand Demand;

/* Rates as the scenario says; no metro is assigned yet. */
Demand *demand_new(const World *world, SimArena *arena);
/* Replaces a site's mean rate (log-ins, whose rate follows from sessions). */
void demand_mean_set(Demand *demand, uint32_t site, double rate);
/* Assigns all metros and computes every PoP. */
void demand_assign(Demand *demand, const uint32_t *pop_of_metro);
/* To a PoP, or to none (SIM_NONE). */
void demand_move(Demand *demand, uint32_t metro, uint32_t pop);
uint32_t demand_pop_of(const Demand *demand, uint32_t metro);
/* Rates of all sites at a PoP, or of users who reach none (SIM_NONE), at a time of the run. */
void demand_at(const Demand *demand, uint32_t pop, SimTime at, double *ret_by_site);
/* Mean over a day, and the highest of the day, of one site at one PoP. */
double demand_mean(const Demand *demand, uint32_t pop, uint32_t site);
double demand_site_mean(const Demand *demand, uint32_t site);
