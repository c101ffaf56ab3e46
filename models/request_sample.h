/*
 * request_sample.h - which PoPs of a large network the request plane keeps.
 *
 * With `keep` PoPs wanted, the PoPs stand in a row, by region and in a region by demand, and are
 * cut into as many pieces of equal length; the middle one of each is kept, whole, with its users,
 * its CPU and its caches.  So every region and size has about its share.  PoPs that are not kept
 * have no traffic; what the world does to them happens and is journaled all the same, so exogenous
 * happenings stay what they are.
 *
 * Central services are scaled to the share of their calls that the kept PoPs make, limits of
 * sites, capacities of origins and log-ins to the share of the site's demand.
 */
#pragma once

#include "models/traffic.h"

typedef struct RequestSample {
    uint32_t *pops; /* world indices, ascending */
    uint32_t n_pops;
    double share;          /* of all demand */
    double *site_share;    /* [site] of its demand */
    double *service_share; /* [service] of the calls to a central service */
} RequestSample;

/* keep 0 or at least as many as there are: all. */
RequestSample request_sample_new(const Traffic *traffic, SimArena *arena, uint32_t keep);
