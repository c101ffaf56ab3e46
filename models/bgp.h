/*
 * bgp.h - one prefix of the edge, message by message: what convergence.h is held against.
 *
 * Every network keeps what each neighbour told it last, takes the best by the rules of anycast.h
 * (customer before peer before provider, then the shorter path, then the edge itself, then the
 * lower ASN or the older route) and tells those neighbours that may know.  A message takes one hop
 * d, lognormal, and never overtakes an earlier one on its way.  A network that keeps the timer
 * (MRAI) announces to a neighbour at most once per mrai x U(0.75, 1); withdrawals go at once.  A
 * path in which the receiver stands is refused.
 *
 * Paths are nodes (network, rest of the path) of one tree, shared by all who hold them and counted,
 * so memory is bounded by what is held or on its way.  Comparing two paths walks to the node that
 * they share.
 *
 * Messages leave by (time, number sent).  Draws are functions of (key, direction of a link, number
 * of the message there), so that what happens elsewhere moves none of them.
 *
 * Left out: PoPs (two sessions of a network are as good as each other), several routers of a
 * network, flap damping, MRAI for withdrawals, route servers.
 *
 * A message costs a heap operation and, when the best route goes, a look at all of the receiver's
 * neighbours.  A Bgp owns its columns; internet and interconnect must outlive it.
 */
#pragma once

#include "models/anycast.h"

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
             SimRng key);
void bgp_free(Bgp *bgp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Bgp, bgp_free)

/* What happens now; neighbours hear of it as bgp_run goes on. */
/* The edge announces or withdraws on a session, by message. */
void bgp_session_set(Bgp *bgp, uint32_t session, bool is_announced, uint8_t prepend);
/* The session breaks, and the network sees it after so long. */
void bgp_session_break(Bgp *bgp, uint32_t session, SimTime detected);
/* A network says that it is the edge (hijack), or no longer. */
void bgp_origin_set(Bgp *bgp, uint32_t network, bool is_on);
/* A network tells everybody whatever it holds (route leak), or no longer. */
void bgp_leak_set(Bgp *bgp, uint32_t network, bool is_on);
/* Import filters, AnycastFilter; for routes heard from then on. */
void bgp_filter_set(Bgp *bgp, uint32_t network, unsigned filters);

/* Starts counting anew: the clock of what follows is zero now. */
void bgp_count_anew(Bgp *bgp);
/* Until no message or timer is left; the messages delivered meanwhile. */
uint64_t bgp_run(Bgp *bgp);

uint8_t bgp_rank(const Bgp *bgp, uint32_t network); /* as anycast_rank */
/* The neighbour that it sends to; SIM_NONE: the edge itself, or nowhere. */
uint32_t bgp_next(const Bgp *bgp, uint32_t network);
/* Since bgp_count_anew, SIM_TIME_MAX if never: when it first held a route that it did not hold
 * before having none; when its best path last changed. */
SimTime bgp_first_route(const Bgp *bgp, uint32_t network);
SimTime bgp_last_change(const Bgp *bgp, uint32_t network);
/* Path changes since then. */
uint32_t bgp_changes(const Bgp *bgp, uint32_t network);
uint64_t bgp_messages(const Bgp *bgp);
