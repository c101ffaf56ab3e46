/*
 * interconnect.h - where the edge meets other networks: its sessions.
 *
 * A session is a PoP and a network that exchange routes there, and what the network takes the edge
 * for: its customer (the edge buys transit from it), its peer, or its provider.  Interconnections
 * are made from an Internet and a Geo: some tier 1 sell transit at many PoPs, thousands of networks
 * meet the edge at exchange points in the cities of PoPs, near their homes; the share `remote` of
 * them meets it only at one distant hub, as networks do that peer remotely.  How much a city
 * attracts is the weight of its PoP (networks that meet there).
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
} InterconnectOptions;
#define INTERCONNECT_DEFAULTS                                                                      \
    ((InterconnectOptions){.seed = 1, .networks = 13000, .transits = 8, .remote = 0.15})

typedef struct Interconnect {
    uint32_t n_sessions, n_networks, n_pops;
    uint32_t *start;              /* [network + 1] sessions of a network */
    uint32_t *network;            /* [session] */
    uint32_t *pop;                /* [session] ascending within a network */
    uint8_t *class;               /* [session] SessionClass */
    uint8_t *prepend;             /* [session] times that the edge adds itself once more */
    uint32_t *pop_start, *of_pop; /* [pop + 1], sessions of a PoP in ascending order */
} Interconnect;

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
