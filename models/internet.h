/*
 * internet.h - the networks of the Internet: who buys transit from whom, who peers, where each has
 * users.
 *
 * A network (autonomous system, AS) is a node; a relation is customer to provider, or between
 * peers, as in CAIDA's as-rel files.  A network has one or more homes: the cities (metros of a Geo,
 * by index) where it has routers, and people online in some of them.  A (network, home) pair is a
 * *place*, and has an id of its own: what carries users, and what reaches one PoP or another.
 *
 * Everything is columns and compressed rows (CSR), neighbours in ascending order of ASN, so that
 * neither the order of a file nor renumbering moves a result but by the rule that names the lowest
 * ASN.  Networks are in ascending order of ASN; a place's homes ascend too.
 *
 * A builder takes networks and relations in any order and says what is wrong with them: a network
 * related to itself, two relations that contradict each other, providers in a ring.  The same
 * relation twice is counted once.
 *
 * Left out: several routers in one city, sibling networks, partial transit, IPv6.
 *
 * Building costs O((N + E) log N) and looks each pair up in a hash table whose order nothing
 * depends on.  An Internet never changes once built; it owns its columns.
 */
#pragma once

#include "models/geo.h"

#define INTERNET_NETWORKS_MAX 200000
#define INTERNET_RELATIONS_MAX 5000000
#define INTERNET_HOMES_MAX 2000000

typedef enum NetworkKind {
    NETWORK_TIER1,   /* no provider; the clique */
    NETWORK_TRANSIT, /* has customers, and providers */
    NETWORK_CONTENT, /* no customers, many peers, few users */
    NETWORK_STUB,    /* no customers: where most users are */
    NETWORK_KINDS
} NetworkKind;

/* Rows of neighbours: those of network i are list[start[i]] to list[start[i + 1] - 1], ascending.
 */
typedef struct InternetRows {
    uint32_t *start; /* [n + 1] */
    uint32_t *list;
} InternetRows;

typedef struct Internet {
    uint32_t n, n_places;
    uint32_t n_customer_relations, n_peer_relations;
    uint32_t *asn; /* [n] ascending */
    uint8_t *kind; /* [n] NetworkKind */
    InternetRows providers, customers, peers;
    uint32_t
        *place_start;  /* [n + 1] places of a network: place_start[i] to place_start[i + 1] - 1 */
    uint32_t *network; /* [place] */
    uint32_t *home;    /* [place] metro; ascending within a network */
    double *users;     /* [place] people online; sums over the places of a metro to its users */
} Internet;

typedef struct InternetBuilder InternetBuilder;

InternetBuilder *internet_builder_new(void);
void internet_builder_free(InternetBuilder *builder);
/* A network; again is no harm, and the later kind counts.  One that only relations name is a
 * transit network if it has customers, a tier 1 if it has no provider besides, else a stub. */
void internet_builder_network(InternetBuilder *builder, uint32_t asn, NetworkKind kind);
/* A home of a network, with people online there; the same again adds its users.  Some topologies
 * have no geography: a network without homes gets one from internet_builder_finish, in metro 0,
 * where nobody is online.  (Who loads relations alone draws homes first: internet_asrel.h.) */
void internet_builder_home(InternetBuilder *builder, uint32_t asn, uint32_t metro, double users);
/* False when it contradicts an earlier one or is with itself; error says so, naming both ASNs. */
bool internet_builder_transit(InternetBuilder *builder, uint32_t provider, uint32_t customer,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
bool internet_builder_peering(InternetBuilder *builder, uint32_t a, uint32_t b,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The Internet of what was told; NULL and an error when providers form a ring (naming its ASNs) or
 * there is no network.  The builder is empty then. */
Internet *internet_builder_finish(InternetBuilder *builder, GError **error);
void internet_free(Internet *internet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Internet, internet_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InternetBuilder, internet_builder_free)

/* "tier1", "transit", "content", "stub". */
const char *internet_kind_name(NetworkKind kind);
/* How many neighbours network i has in these rows. */
static inline uint32_t
internet_row_length(const InternetRows *rows, uint32_t i)
{
    return rows->start[i + 1] - rows->start[i];
}
/* The network of that ASN, or SIM_NONE. */
uint32_t internet_find(const Internet *internet, uint32_t asn);
