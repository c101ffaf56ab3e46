#include "models/internet_draft.h"

#include "sim/elementary.h"

#include <math.h>

#define EARTH_RADIUS_KM 6371.0088
/* A network that has no exchange point in its city goes so much further for one e times as large.
 */
#define REACH_KM 200.0
#define EXCHANGES_MAX 32
#define TRIES 8

/* CAIDA's as-rel of December 2017, as far as peers are visible there: of all sellers of transit, 51
 * % have any; 13 % of stubs and content have, of which those of content are most. */
static const InternetLaw seller_law[] = {
    {1, 0.51},
    {40, 0.1},
    {524, 0.01},
    {5731, 1.0 / 8991},
};
static const InternetLaw content_law[] = {{1, 1}, {20, 0.3}, {200, 0.03}, {2000, 0.0005}};
static const InternetLaw stub_law[] = {{1, 0.087}, {10, 0.01}, {100, 0.0005}};

typedef struct Fabric {
    InternetDraft *draft;
    double *wanted;         /* [network] peers */
    uint32_t n_exchanges;   /* one for each PoP; several in a city are one, the first */
    uint32_t *exchange_of;  /* [metro] where its networks meet */
    double *weight;         /* [exchange] cumulative */
    InternetRows exchanges; /* by network */
    InternetRows members;   /* by exchange */
    double *within;         /* beside members.list, cumulative in each */
    GArray *pairs;
} Fabric;

/* ---- Where ---- */

static uint32_t
best_exchange(const Geo *geo, const double *pull_km, uint32_t metro)
{
    uint32_t best = 0;
    double best_value = -INFINITY;
    for (uint32_t pop = 0; pop < geo->n_pops; pop++) {
        double chord =
            sqrt(internet_draft_chord_squared(&geo->metros.at, metro, &geo->pops.at, pop));
        double value = pull_km[pop] - chord * EARTH_RADIUS_KM;
        if (value > best_value) {
            best = pop;
            best_value = value;
        }
    }
    return best;
}

static void
find_exchanges(Fabric *fabric)
{
    const Geo *geo = fabric->draft->geo;
    fabric->n_exchanges = geo->n_pops;
    fabric->exchange_of = g_new(uint32_t, geo->n_metros);
    fabric->weight = g_new(double, geo->n_pops);
    g_autofree double *pull_km = g_new(double, geo->n_pops);
    for (uint32_t pop = 0; pop < geo->n_pops; pop++)
        pull_km[pop] = sim_log(MAX(geo->pops.weight[pop], 1e-3)) * REACH_KM;
    for (uint32_t metro = 0; metro < geo->n_metros; metro++)
        fabric->exchange_of[metro] = best_exchange(geo, pull_km, metro);
    double sum = 0;
    for (uint32_t pop = 0; pop < geo->n_pops; pop++)
        fabric->weight[pop] = sum += geo->pops.weight[pop];
}

/* ---- Who ---- */

static double
draw_wanted(const InternetDraft *draft, uint32_t network, SimRng *rng)
{
    double u = sim_rng_unit(rng);
    if (network < draft->tier1_end)
        return 0;
    if (network < draft->transit_end) {
        double large = draft->large_end, share = seller_law[0].survival;
        double local = (share * draft->transit_end - large) / (draft->transit_end - large);
        double peering = network < large ? 1 : local;
        return u >= peering
                   ? 0
                   : internet_draft_law(seller_law, G_N_ELEMENTS(seller_law), u / peering * share);
    }
    if (network < draft->content_end)
        return internet_draft_law(content_law, G_N_ELEMENTS(content_law), u);
    return u >= stub_law[0].survival ? 0 : internet_draft_law(stub_law, G_N_ELEMENTS(stub_law), u);
}

static void
join(Fabric *fabric, uint32_t network, SimRng *rng, GArray *pairs)
{
    const Internet *internet = fabric->draft->internet;
    uint32_t start = internet->place_start[network];
    uint32_t n = MIN(internet->place_start[network + 1] - start, EXCHANGES_MAX);
    for (uint32_t i = 0; i < n; i++) {
        InternetPair pair = {.row = network,
                             .column = fabric->exchange_of[internet->home[start + i]]};
        g_array_append_val(pairs, pair);
    }
    InternetPair hub = {.row = network,
                        .column = internet_draft_pick(fabric->weight, fabric->n_exchanges, rng)};
    g_array_append_val(pairs, hub);
}

static void
join_all(Fabric *fabric)
{
    const InternetDraft *draft = fabric->draft;
    SimRng base = internet_draft_stream(draft, "exchanges");
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(InternetPair));
    fabric->wanted = g_new(double, draft->n);
    for (uint32_t i = 0; i < draft->n; i++) {
        SimRng rng = internet_draft_fork(&base, i);
        fabric->wanted[i] = MIN(draw_wanted(draft, i, &rng), draft->n / 10.0);
        if (fabric->wanted[i] > 0)
            join(fabric, i, &rng, pairs);
    }
    InternetPair *all = (InternetPair *)(void *)pairs->data;
    fabric->exchanges = internet_draft_rows(draft->n, fabric->n_exchanges, all, pairs->len);
    for (guint i = 0; i < pairs->len; i++)
        all[i] = (InternetPair){.row = all[i].column, .column = all[i].row};
    fabric->members = internet_draft_rows(fabric->n_exchanges, draft->n, all, pairs->len);
}

static void
weigh_members(Fabric *fabric)
{
    const InternetRows *members = &fabric->members;
    fabric->within = g_new(double, (size_t)members->start[fabric->n_exchanges] + 1);
    for (uint32_t exchange = 0; exchange < fabric->n_exchanges; exchange++) {
        double sum = 0;
        for (uint32_t i = members->start[exchange]; i < members->start[exchange + 1]; i++) {
            uint32_t network = members->list[i];
            uint32_t n = fabric->exchanges.start[network + 1] - fabric->exchanges.start[network];
            fabric->within[i] = sum += fabric->wanted[network] / n;
        }
    }
}

/* ---- With whom ---- */

static bool
has_neighbour(const InternetRows *rows, uint32_t network, uint32_t neighbour)
{
    for (uint32_t i = rows->start[network]; i < rows->start[network + 1]; i++)
        if (rows->list[i] == neighbour)
            return true;
    return false;
}

static void
peer(Fabric *fabric, uint32_t a, uint32_t b)
{
    InternetPair pairs[2] = {{.row = a, .column = b}, {.row = b, .column = a}};
    g_array_append_vals(fabric->pairs, pairs, 2);
}

/* One partner at a random exchange point that the network is at.  The seller of two related
 * networks comes first, so its customers need not be searched. */
static bool
find_peer(Fabric *fabric, uint32_t network, SimRng *rng)
{
    const InternetRows *providers = &fabric->draft->internet->providers;
    uint32_t start = fabric->exchanges.start[network];
    uint32_t n = fabric->exchanges.start[network + 1] - start;
    uint32_t exchange = fabric->exchanges.list[start + (uint32_t)sim_rng_below(rng, n)];
    uint32_t first = fabric->members.start[exchange];
    uint32_t other =
        fabric->members
            .list[first + internet_draft_pick(fabric->within + first,
                                              fabric->members.start[exchange + 1] - first, rng)];
    if (other == network || has_neighbour(providers, MAX(network, other), MIN(network, other)))
        return false;
    peer(fabric, network, other);
    return true;
}

static void
find_peers(Fabric *fabric)
{
    const InternetDraft *draft = fabric->draft;
    SimRng base = internet_draft_stream(draft, "peers");
    for (uint32_t i = 0; i < draft->tier1_end; i++)
        for (uint32_t j = 0; j < i; j++)
            peer(fabric, i, j);
    for (uint32_t i = draft->tier1_end; i < draft->n; i++) {
        if (fabric->wanted[i] <= 0)
            continue;
        SimRng rng = internet_draft_fork(&base, i);
        /* The other half comes from those who find this one. */
        uint32_t own = MAX((uint32_t)(fabric->wanted[i] / 2 + sim_rng_unit(&rng)), 1);
        for (uint32_t k = 0; k < own; k++)
            for (uint32_t tries = TRIES; tries > 0 && !find_peer(fabric, i, &rng);)
                tries--;
    }
}

static void
fabric_finish(Fabric *fabric)
{
    g_free(fabric->wanted);
    g_free(fabric->exchange_of);
    g_free(fabric->weight);
    g_free(fabric->exchanges.start);
    g_free(fabric->exchanges.list);
    g_free(fabric->members.start);
    g_free(fabric->members.list);
    g_free(fabric->within);
    g_array_unref(fabric->pairs);
}

void
internet_draft_peers(InternetDraft *draft)
{
    Internet *internet = draft->internet;
    Fabric fabric = {.draft = draft, .pairs = g_array_new(FALSE, FALSE, sizeof(InternetPair))};
    find_exchanges(&fabric);
    join_all(&fabric);
    weigh_members(&fabric);
    find_peers(&fabric);
    internet->peers = internet_draft_rows(
        draft->n, draft->n, (const InternetPair *)(void *)fabric.pairs->data, fabric.pairs->len);
    internet->n_peer_relations = internet->peers.start[draft->n] / 2;
    fabric_finish(&fabric);
}
