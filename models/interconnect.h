/*
 * interconnect.h - where the edge meets other networks: its sessions.
 *
 * A session is a PoP and a network that exchange routes there, and what the network takes the edge
 * for: its customer (the edge buys transit from it), its peer, or its provider.
 *
 * Interconnections are made from an Internet and a Geo.  The tier 1 with most customers sell
 * transit at the PoPs in the cities of their homes.  Other networks peer with the edge, at most 65
 * % of all; which ones is drawn with weight by kind (tier 1 8, sellers of transit 3, content 4,
 * stubs 0.5) plus the square root of users in means.  Where: for each home, and once more for one
 * of them, a PoP is drawn with probability ~
 *
 *     weight^(reach / scatter) exp(-distance / scatter)
 *
 * weight being that of the PoP (networks that meet there, so the pull of its exchange points).  The
 * share `hubs` of networks meets others in the large hub of its part of the world, reach 800 km and
 * scatter 60 km; the rest nearby, 100 and 160 km.  Before that, the share `remote`, without sellers
 * of transit in several countries, meets the edge only at one hub 500 km off or more, drawn ~
 * weight exp(-distance / 2,000 km), as networks do that peer remotely.  All these are assumptions,
 * chosen so that catchments are as published (models/README.md): users at their nearest PoP, and
 * where they go when it withdraws.
 *
 * `hubs` is what makes few PoPs carry much, and it costs proximity.  20,000 networks, means of six
 * seeds, requests in the busiest 19 of 320 PoPs (published: about half) and users at their nearest
 * PoP (published: 65 % see no inflation):
 *
 *     hubs                   0      0.2    0.4    0.6    0.8    1
 *     remote 0               0.21   0.27   0.33   0.40   0.48   0.55  of requests
 *                            0.90   0.84   0.78   0.72   0.66   0.60  of users
 *     remote 0.15            0.22   0.27   0.32   0.38   0.44   0.50  of requests
 *                            0.76   0.71   0.66   0.61   0.56   0.51  of users
 *
 * With every metro at its nearest PoP the busiest 19 carry 0.21.  The default keeps proximity; half
 * of the requests in 19 PoPs takes hubs near 1 (the very 19 of 2022 carry 0.40 then), or 0.85 with
 * remote 0.  The two published figures are of different networks; both at once are not had here.
 *
 * Left out: private interconnects as a kind of their own, caches inside networks, prices, capacity.
 *
 * Sessions are sorted by network, then PoP: rows by network, and rows by PoP that point to them.
 * Never changes once made; owns its columns.
 */
#pragma once

#include "models/internet.h"

typedef enum SessionClass { /* how the network values routes that it hears there */
                            SESSION_CUSTOMER,
                            SESSION_PEER,
                            SESSION_PROVIDER
} SessionClass;

typedef struct InterconnectOptions {
    uint64_t seed;
    uint32_t networks; /* that meet the edge, besides the sellers of transit; 0: none */
    uint32_t transits; /* tier 1 that sell it transit */
    double remote;     /* share of networks that meet the edge only at one distant hub */
    double hubs;       /* of the others, the share that meets it in large hubs, not nearby */
} InterconnectOptions;
#define INTERCONNECT_DEFAULTS                                                                      \
    ((InterconnectOptions){                                                                        \
        .seed = 1, .networks = 13000, .transits = 8, .remote = 0.15, .hubs = 0.4})

typedef struct Interconnect {
    uint32_t n_sessions, n_networks, n_pops;
    uint32_t *start;              /* [network + 1] sessions of a network */
    uint32_t *network;            /* [session] */
    uint32_t *pop;                /* [session] ascending within a network */
    uint8_t *class;               /* [session] SessionClass */
    uint8_t *prepend;             /* [session] times that the edge adds itself once more */
    uint32_t *pop_start, *of_pop; /* [pop + 1], sessions of a PoP in ascending order */
} Interconnect;

/* Costs O(metros * PoPs), 25 ms for the built-in world and 20,000 networks. */
Interconnect *interconnect_make(const Internet *internet, const Geo *geo,
                                const InterconnectOptions *options);
typedef struct InterconnectSession {
    uint32_t network, pop;
    SessionClass class;
    uint8_t prepend;
} InterconnectSession;
/* Of sessions written down one by one, in any order; no two of one network and PoP. */
Interconnect *interconnect_of(uint32_t n_networks, uint32_t n_pops,
                              const InterconnectSession *sessions, uint32_t n);
void interconnect_free(Interconnect *interconnect);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Interconnect, interconnect_free)
