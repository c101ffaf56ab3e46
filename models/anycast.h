/*
 * anycast.h - which PoP each place reaches: routes by the rules of Gao and Rexford, exits by hot
 * potato, and what changes when the edge announces or withdraws somewhere.
 *
 * Two layers.  Of a *network*: how well it can hear the edge, as one byte
 *
 *     rank = class * 64 + length;  class: 0 from a customer, 1 from a peer, 2 from a provider
 *
 * smaller is better, ANYCAST_UNREACHABLE is none.  A customer's routes are told to everybody,
 * others to customers alone; a network takes the best class, then the shortest.  Of a *place*
 * (network, home): among the sessions with the edge and the neighbours that support its network's
 * rank, the exit that is nearest to the home; ties by the lower ASN, then the lower PoP.  A
 * neighbour takes over in the home of its that is nearest.  So each place has one parent, which is
 * a place or a PoP, and the catchment of a PoP is the subtree below it.
 *
 * Distances are compared as chords of the sphere, so only additions and multiplications decide.
 *
 * An AnycastMap holds what never changes (tables of nearest homes, the core of networks with
 * customers); an Anycast is the state of one prefix group and lies in an arena: it has no pointer
 * but into that arena and to the map.
 *
 * A withdrawal or announcement is incremental, and leaves the same state as a full solve, bit for
 * bit: the core is solved anew when the best rank of a neighbour in it moved, and only places that
 * can have changed are looked at again.
 */
#pragma once

#include "models/interconnect.h"
#include "sim/arena.h"

#define ANYCAST_UNREACHABLE 255
enum { ANYCAST_CLASS_STEP = 64, ANYCAST_LENGTH_MAX = 62 };

typedef struct AnycastMap AnycastMap;
typedef struct Anycast Anycast;

/* internet, interconnect and geo must outlive it. */
AnycastMap *anycast_map_new(const Internet *internet, const Interconnect *interconnect,
                            const Geo *geo);
void anycast_map_free(AnycastMap *map);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(AnycastMap, anycast_map_free)

/* A place whose PoP or whose way there changed. */
typedef struct AnycastChange {
    uint32_t place;
    uint32_t from, to; /* PoP, or SIM_NONE */
} AnycastChange;

/* Every PoP announces; solved. */
Anycast *anycast_new(const AnycastMap *map, SimArena *arena);
/* PoPs that begin or cease to announce, together; those that are so already stay.  changes_of says
 * what came of it. */
void anycast_pops_set(Anycast *anycast, const uint32_t *pops, uint32_t n, bool announce);
bool anycast_is_announced(const Anycast *anycast, uint32_t pop);
/* Of the latest change of any kind, in ascending order of place; valid until the next. */
const AnycastChange *anycast_changes(const Anycast *anycast, uint32_t *ret_n);
/* From nothing: for tests, and after changes of many things at once. */
void anycast_solve(Anycast *anycast);

/* Policy.  Each takes effect at once, and changes are told. */
/* One session: down or up; how often the edge prepends itself. */
void anycast_session_set(Anycast *anycast, uint32_t session, bool is_up, uint8_t prepend);
/* The network keeps what it hears there to itself (no-export). */
void anycast_no_export_set(Anycast *anycast, uint32_t session, bool is_on);
/* A second origin of the same prefix: a network that says it is the edge (hijack).  Places that
 * follow it reach PoP n_pops + index.  Returns the index. */
uint32_t anycast_origin_add(Anycast *anycast, uint32_t network);
void anycast_origin_remove(Anycast *anycast, uint32_t index);
/* A network tells its peers and providers what it heard from others of them. */
void anycast_leak_set(Anycast *anycast, uint32_t network, bool is_on);
/* What a network does not take from peers and customers: import filters against leaks. */
typedef enum AnycastFilter {
    ANYCAST_FILTER_OTC = 1,       /* only-to-customer attribute: refuses a leaked route */
    ANYCAST_FILTER_PEER_LOCK = 2, /* refuses a route through a tier 1 from somebody not that */
    ANYCAST_FILTER_MAX_PREFIX = 4 /* closes the session that leaks: none of the leaker's routes */
} AnycastFilter;
void anycast_filter_set(Anycast *anycast, uint32_t network, unsigned filters);

/* Reading. */
uint8_t anycast_rank(const Anycast *anycast, uint32_t network);
uint32_t anycast_pop_of(const Anycast *anycast, uint32_t place); /* or SIM_NONE */
/* The place that it hands over to; SIM_NONE: it is at its PoP, or nowhere. */
uint32_t anycast_parent(const Anycast *anycast, uint32_t place);
/* The way from the place to its PoP in km, home to home; 0 if it reaches none. */
double anycast_km(const Anycast *anycast, uint32_t place);
const AnycastMap *anycast_map(const Anycast *anycast);
const Internet *anycast_internet(const AnycastMap *map);
const Interconnect *anycast_interconnect(const AnycastMap *map);
/* Users by PoP, n_pops long; those who reach none, returned. */
double anycast_users(const Anycast *anycast, double *ret_users);
