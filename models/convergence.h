/*
 * convergence.h - when each place follows a change of routes.
 *
 * An Anycast says at once where every place ends up; the Internet takes seconds to minutes to get
 * there.  Here is the delay of each changed place, by the ways before and after:
 *
 *     heard(p)    when p's network hears that its way is gone: what it took to notice at the PoP,
 *                 and a hop d for each network on the old way from there to p
 *     follows(p)  = max(heard(p), follows(new parent)) if the new parent's network could have told
 *                 p's its route before, which then is known and waits; else
 *                 max(heard(p), follows(new parent) + what is left of its timer + d)
 *     announced   follows(p) = follows(new parent) + d, and seldom what is left of its timer
 *
 * d is lognormal.  The timer (MRAI) is kept by a share of networks.  A network that has another
 * session with the edge moves over inside, in a second or three after it heard, and no other hears
 * of it: most users move so.  A place that hands over to the same neighbour as before follows with
 * it. A network without any way left first hunts through ever longer ways that do not exist either,
 * round by round of timers: lognormal, with a median that grows as the root of how many networks
 * hunt, up to the size of an Internet.  One with a single neighbour gives up when that does.
 *
 * Draws are functions of (key, number of the change, ASN), so that one network more moves nobody
 * else's.  Until a place follows, its traffic goes where it went: with ROUTE_DRAIN and
 * ROUTE_ANNOUNCE it is served there; with ROUTE_CUT and ROUTE_SILENT it is lost if `from` of its
 * change is a PoP that went.
 *
 * Left out: PoPs between the old and the new one (a place has either), loops of traffic meanwhile,
 * flap damping, routes that get stuck for longer.  bgp.h has every message, and the test
 * theory/convergence.c holds one against the other.
 *
 * A change costs O(changed places x length of their ways).  State lies in the arena; nothing is
 * allocated after convergence_new.
 */
#pragma once

#include "models/anycast.h"
#include "sim/rng.h"

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
    double again_share; /* of announcements that correct one just sent, and wait for the timer;
                           fitted to bgp.h */
    SimTime inside_least, inside_most; /* to move over to another session of one's own, uniform */
    SimTime detect;                    /* of links that go down: BFD, 3 x 100 ms */
    SimTime hold_least, hold_most;     /* of a silent session, uniform: the hold time of 90 s less
                                          the age of the last keepalive, up to 30 s */
    SimTime hunt_median;    /* of the search when no way is left, lognormal, when as many hunt as */
    uint32_t hunt_networks; /* this; times sqrt(how many hunt / this) if fewer */
    double hunt_sigma;
} ConvergenceOptions;
#define CONVERGENCE_DEFAULTS                                                                       \
    ((ConvergenceOptions){.hop_median = 1500 * SIM_MILLISECOND,                                    \
                          .hop_sigma = 1.0,                                                        \
                          .mrai = 30 * SIM_SECOND,                                                 \
                          .mrai_share = 0.5,                                                       \
                          .again_share = 0.2,                                                      \
                          .inside_least = 1 * SIM_SECOND,                                          \
                          .inside_most = 3 * SIM_SECOND,                                           \
                          .detect = 300 * SIM_MILLISECOND,                                         \
                          .hold_least = 60 * SIM_SECOND,                                           \
                          .hold_most = 90 * SIM_SECOND,                                            \
                          .hunt_median = 105 * SIM_SECOND,                                         \
                          .hunt_networks = 20000,                                                  \
                          .hunt_sigma = 0.25})

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
