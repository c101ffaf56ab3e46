/*
 * convergence.h - when each place follows a change of routes.
 *
 * An Anycast says at once where every place ends up; the Internet takes seconds to minutes to get
 * there.  Here is the delay of each changed place, by the parent chains before and after:
 *
 *     heard(p)    when p's network hears that its way is gone: how long nobody noticed at the PoP,
 *                 plus one hop d for each network on the old way
 *     follows(p)  = max(heard(p), follows(new parent)), plus one hop and a wait for the neighbour's
 *                 timer (MRAI) when the neighbour could not have told p its route before
 *     announced   follows(p) = follows(new parent) + d
 *
 * d is lognormal.  A network that has another session with the edge moves over inside, in a second
 * or three, and no other network hears of it: most users move so.  A place whose network keeps its
 * exit follows when the neighbour there does.  Who reaches no PoP any more hunts through ever
 * longer ways that do not exist either, round by round of timers, for about two minutes; only its
 * single-homed customers lose the route at once with it.
 *
 * Draws are functions of (key, change number, network), so that one network more moves nobody
 * else's.  Until a place follows, its traffic goes where it went: with ROUTE_DRAIN and
 * ROUTE_ANNOUNCE it is served there, with ROUTE_CUT and ROUTE_SILENT it is lost if `from` of its
 * change is a PoP that went.
 *
 * Left out: places on the way between the old and the new PoP (a place has either), loops of
 * traffic meanwhile, flap damping.  bgp.h has every message; tests/theory/convergence.c compares.
 *
 * Costs O(changes x length of ways).  State lies in the arena; no allocation after _new.
 */
#pragma once

#include "models/anycast.h"

typedef enum RouteCause {
    ROUTE_ANNOUNCE, /* more or better routes: a PoP comes back, a prepend, a leak */
    ROUTE_DRAIN,    /* withdrawn: the PoP serves who still comes */
    ROUTE_CUT,      /* links go down; neighbours see it within `detect`, what comes is lost */
    ROUTE_SILENT,   /* the PoP is dead and its links are up: nobody knows until hold timers end */
    ROUTE_CAUSES
} RouteCause;

typedef struct ConvergenceOptions {
    SimTime hop_median; /* one network takes and passes on a route, lognormal */
    double hop_sigma;
    SimTime mrai; /* least time between two announcements to a neighbour (RFC 4271: 30 s) times
                     U(0.75, 1) for jitter, at the share of networks that keep it */
    double mrai_share;
    SimTime inside_least, inside_most; /* to move over to another session of one's own, uniform */
    SimTime detect;                    /* of links that go down: BFD, 3 x 100 ms */
    SimTime hold_least, hold_most;     /* of a silent session, uniform: the hold time of 90 s less
                                          the age of the last keepalive, up to 30 s */
    SimTime hunt_median;               /* of the search for ways when the last is gone, lognormal */
    double hunt_sigma;
} ConvergenceOptions;
#define CONVERGENCE_DEFAULTS                                                                       \
    ((ConvergenceOptions){.hop_median = 1500 * SIM_MILLISECOND,                                    \
                          .hop_sigma = 1.0,                                                        \
                          .mrai = 30 * SIM_SECOND,                                                 \
                          .mrai_share = 0.5,                                                       \
                          .inside_least = 1 * SIM_SECOND,                                          \
                          .inside_most = 3 * SIM_SECOND,                                           \
                          .detect = 300 * SIM_MILLISECOND,                                         \
                          .hold_least = 60 * SIM_SECOND,                                           \
                          .hold_most = 90 * SIM_SECOND,                                            \
                          .hunt_median = 100 * SIM_SECOND,                                         \
                          .hunt_sigma = 0.3})

typedef struct Convergence Convergence;

/* Remembers the ways of now, to compare with after a change.  One for each Anycast. */
Convergence *convergence_new(const Anycast *anycast, const ConvergenceOptions *options, SimRng key,
                             SimArena *arena);
/*
 * After each change of the anycast, one call: ret_delay[i] is how long after the cause place
 * anycast_changes(anycast)[i].place follows, and remembers the ways of now.  hold is the hold time
 * of every silent session, 0 to draw it.
 */
void convergence_follow(Convergence *convergence, const Anycast *anycast, RouteCause cause,
                        SimTime hold, SimTime *ret_delay);
