/*
 * bgp.h - one prefix of the edge, message by message: what convergence.h is held against.
 *
 * Every network keeps what each neighbour told it last, takes the best by the rules of anycast.h
 * (customer before peer before provider, then the shorter path, then the edge itself, then the
 * lower ASN or else the older route) and tells those neighbours that may know, but not the one it
 * has it from.  A message takes one hop d, lognormal, and never overtakes an earlier one on its
 * way.  A network that keeps the timer (MRAI) announces to a neighbour at most once per mrai x
 * U(0.75, 1), as RFC 4271 has it; withdrawals go at once.  A path in which the receiver stands is
 * refused.
 *
 * Paths are counted nodes of one tree (bgp_paths.h), so memory is bounded by what is held or on its
 * way.  Messages leave by (time, number).  Draws are functions of (key, ASNs of sender and
 * receiver, number of the message between them), so that what happens elsewhere moves none of them.
 *
 * Left out: PoPs (two sessions of a network are as good as each other), several routers of a
 * network, flap damping, route servers, timers for withdrawals.
 *
 * A message costs a queue operation and, when the best route goes, a look at all neighbours of the
 * receiver.  State lies in the arena and doubles there; internet and interconnect must outlive it.
 */
#pragma once

#include "models/anycast.h"
#include "sim/rng.h"

typedef struct BgpOptions {
    SimTime hop_median; /* to take and pass on a message */
    double hop_sigma;
    SimTime mrai;
    double mrai_share;  /* of networks that keep the timer */
    bool prefer_oldest; /* among equals the route held longest, not the lower ASN */
} BgpOptions;
#define BGP_DEFAULTS                                                                               \
    ((BgpOptions){.hop_median = 1500 * SIM_MILLISECOND,                                            \
                  .hop_sigma = 1.0,                                                                \
                  .mrai = 30 * SIM_SECOND,                                                         \
                  .mrai_share = 0.5})

typedef struct Bgp Bgp;

/* Nobody announces anything yet. */
Bgp *bgp_new(const Internet *internet, const Interconnect *interconnect, const BgpOptions *options,
             SimRng key, SimArena *arena);

/* What happens now; the others hear of it in bgp_run. */
/* The edge announces or withdraws on a session, by message. */
void bgp_session_set(Bgp *bgp, uint32_t session, bool is_announced, uint8_t prepend);
/* The session breaks, and its network sees that after so long. */
void bgp_session_break(Bgp *bgp, uint32_t session, SimTime detected);
/* A network says that it is the edge (hijack), or no longer. */
void bgp_origin_set(Bgp *bgp, uint32_t network, bool is_on);
/* A network tells everybody whatever it holds (route leak), or no longer. */
void bgp_leak_set(Bgp *bgp, uint32_t network, bool is_on);
/* Import filters of a network, AnycastFilter; for routes heard from then on. */
void bgp_filter_set(Bgp *bgp, uint32_t network, unsigned filters);

/* Until no message and no timer is left; returns how many messages arrived. */
uint64_t bgp_run(Bgp *bgp);
/* The clock and the counts of what follows begin at zero. */
void bgp_count_anew(Bgp *bgp);

uint8_t bgp_rank(const Bgp *bgp, uint32_t network); /* as anycast_rank */
/* The neighbour that it sends to; SIM_NONE: the edge itself, or nowhere. */
uint32_t bgp_next(const Bgp *bgp, uint32_t network);
/* Since bgp_count_anew, SIM_TIME_MAX if never: when it got a route after having none; when its
 * path last changed, and how often; when the neighbour that it sends to last changed. */
SimTime bgp_first_route(const Bgp *bgp, uint32_t network);
SimTime bgp_last_change(const Bgp *bgp, uint32_t network);
uint32_t bgp_changes(const Bgp *bgp, uint32_t network);
SimTime bgp_last_move(const Bgp *bgp, uint32_t network);
/* Paths held at once, at most, since it was made. */
uint32_t bgp_paths_most(const Bgp *bgp);
