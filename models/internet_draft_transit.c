#include "models/internet_draft.h"

#define SCALE_KM 700.0
#define SAME_COUNTRY 4.0
/* A network that found no seller after so many draws asks any of those before it. */
#define TRIES 32
#define PROVIDERS_MAX 64

/* CAIDA's as-rel of December 2017, 59,753 networks: sellers by how many customers they have. */
static const InternetLaw customer_law[] = {
    {1, 1}, {2, 0.5}, {18, 0.1}, {168, 0.01}, {5237, 1.0 / 8991},
};
/* Of the same, networks by how many providers they have, and how likely each is beyond the last. */
static const double stub_providers[] = {0.449, 0.404, 0.096, 0.029, 0.022};
#define STUB_FURTHER 0.69
static const double seller_providers[] = {0.234, 0.316, 0.207, 0.114, 0.052, 0.077};
#define SELLER_FURTHER 0.71

typedef struct Market {
    InternetDraft *draft;
    InternetKernel kernel;
    double *wanted;          /* [seller] customers */
    InternetRows sellers_in; /* by metro */
    double *within;          /* beside sellers_in.list, cumulative in each metro */
    uint32_t n_cities;       /* with sellers */
    uint32_t *city;          /* [city] metro */
    double *row;             /* [city] cumulative attraction as seen from one metro */
    InternetRows living;     /* networks by the metro of their first home */
    uint32_t *slot;          /* [network + 1] where its providers are */
    uint8_t *filled;         /* [network] of its slots */
    uint32_t *provider;      /* [slot] */
} Market;

/* ---- How many ---- */

static uint32_t
draw_count(SimRng *rng, const double *share, uint32_t n, double further)
{
    double u = sim_rng_unit(rng);
    uint32_t count = 1;
    while (count < n && u >= share[count - 1])
        u -= share[count++ - 1];
    while (count >= n && count < PROVIDERS_MAX && sim_rng_chance(rng, further))
        count++;
    return count;
}

static void
draw_counts(Market *market)
{
    const InternetDraft *draft = market->draft;
    SimRng base = internet_draft_stream(draft, "multihoming");
    market->slot = g_new(uint32_t, (size_t)draft->n + 1);
    uint32_t used = 0;
    for (uint32_t i = 0; i < draft->n; i++) {
        SimRng rng = internet_draft_fork(&base, i);
        uint32_t count =
            i < draft->transit_end
                ? draw_count(&rng, seller_providers, G_N_ELEMENTS(seller_providers), SELLER_FURTHER)
                : draw_count(&rng, stub_providers, G_N_ELEMENTS(stub_providers), STUB_FURTHER);
        market->slot[i] = used;
        used += i < draft->tier1_end ? 0 : MIN(count, MIN(i, draft->transit_end));
    }
    market->slot[draft->n] = used;
    market->filled = g_new0(uint8_t, draft->n);
    market->provider = g_new(uint32_t, (size_t)used + 1);
}

static bool
is_full(const Market *market, uint32_t network)
{
    return market->slot[network] + market->filled[network] == market->slot[network + 1];
}

static bool
buy(Market *market, uint32_t network, uint32_t seller)
{
    uint32_t *own = market->provider + market->slot[network];
    if (seller >= network)
        return false;
    for (uint32_t i = 0; i < market->filled[network]; i++)
        if (own[i] == seller)
            return false;
    own[market->filled[network]++] = seller;
    return true;
}

/* ---- Where sellers are ---- */

static void
want_customers(Market *market)
{
    uint32_t n = market->draft->transit_end;
    market->wanted = g_new(double, n);
    for (uint32_t i = 0; i < n; i++)
        market->wanted[i] =
            internet_draft_law(customer_law, G_N_ELEMENTS(customer_law), (i + 0.5) / n);
}

static void
find_sellers(Market *market)
{
    const Internet *internet = market->draft->internet;
    uint32_t n_metros = market->draft->geo->n_metros;
    uint32_t n_places = internet->place_start[market->draft->transit_end];
    g_autofree InternetPair *pairs = g_new(InternetPair, (size_t)n_places + 1);
    for (uint32_t place = 0; place < n_places; place++)
        pairs[place] =
            (InternetPair){.row = internet->home[place], .column = internet->network[place]};
    market->sellers_in = internet_draft_rows(n_metros, market->draft->transit_end, pairs, n_places);
    market->within = g_new(double, (size_t)n_places + 1);
    market->city = g_new(uint32_t, n_metros);
    market->row = g_new(double, n_metros);
    for (uint32_t metro = 0; metro < n_metros; metro++) {
        double sum = 0;
        uint32_t end = market->sellers_in.start[metro + 1];
        for (uint32_t i = market->sellers_in.start[metro]; i < end; i++) {
            uint32_t seller = market->sellers_in.list[i];
            uint32_t homes = internet->place_start[seller + 1] - internet->place_start[seller];
            market->within[i] = sum += market->wanted[seller] / homes;
        }
        if (sum > 0)
            market->city[market->n_cities++] = metro;
    }
}

static void
find_customers(Market *market)
{
    const InternetDraft *draft = market->draft;
    g_autofree InternetPair *pairs = g_new(InternetPair, draft->n);
    for (uint32_t i = 0; i < draft->n; i++)
        pairs[i] = (InternetPair){.row = draft->first_home[i], .column = i};
    market->living = internet_draft_rows(draft->geo->n_metros, draft->n, pairs, draft->n);
}

/* What the cities with sellers attract from there. */
static void
look_from(Market *market, uint32_t metro)
{
    const InternetDraft *draft = market->draft;
    double sum = 0;
    for (uint32_t i = 0; i < market->n_cities; i++) {
        uint32_t city = market->city[i];
        double weight = market->within[market->sellers_in.start[city + 1] - 1] *
                        internet_draft_kernel(&market->kernel, &draft->geo->metros.at, metro, city);
        if (draft->country[city] == draft->country[metro])
            weight *= SAME_COUNTRY;
        market->row[i] = sum += weight;
    }
}

static uint32_t
draw_seller(const Market *market, SimRng *rng)
{
    uint32_t city = market->city[internet_draft_pick(market->row, market->n_cities, rng)];
    uint32_t start = market->sellers_in.start[city];
    uint32_t n = market->sellers_in.start[city + 1] - start;
    return market->sellers_in.list[start + internet_draft_pick(market->within + start, n, rng)];
}

/* ---- Who buys from whom ---- */

/* From the given one on, around the ring of a list: a network without customers of its own that
 * still wants a provider. */
static uint32_t
find_open(const Market *market, const uint32_t *list, uint32_t n, uint32_t from)
{
    for (uint32_t k = 0; k < n; k++) {
        uint32_t network = list[(from + k) % n];
        if (network >= market->draft->transit_end && !is_full(market, network))
            return network;
    }
    return SIM_NONE;
}

/* Every seller finds its first customer in its city, or in the next one that has any. */
static void
find_first_customers(Market *market)
{
    const InternetDraft *draft = market->draft;
    const InternetRows *living = &market->living;
    SimRng base = internet_draft_stream(draft, "first-customer");
    for (uint32_t seller = draft->tier1_end; seller < draft->transit_end; seller++) {
        SimRng rng = internet_draft_fork(&base, seller);
        uint32_t metro = draft->first_home[seller], customer = SIM_NONE;
        uint32_t n = living->start[metro + 1] - living->start[metro];
        customer = find_open(market, living->list + living->start[metro], n,
                             (uint32_t)sim_rng_below(&rng, n));
        if (customer == SIM_NONE)
            customer = find_open(market, living->list, draft->n, living->start[metro]);
        if (customer != SIM_NONE)
            buy(market, customer, seller);
        market->wanted[seller] = MAX(market->wanted[seller] - 1, 0.01);
    }
}

/* Large ones buy from larger ones, wherever these are. */
static void
supply_large(Market *market)
{
    const InternetDraft *draft = market->draft;
    g_autofree double *cumulative = g_new(double, draft->large_end);
    SimRng base = internet_draft_stream(draft, "providers");
    double sum = 0;
    for (uint32_t i = 0; i < draft->large_end; i++)
        cumulative[i] = sum += market->wanted[i];
    for (uint32_t i = draft->tier1_end; i < draft->large_end; i++) {
        SimRng rng = internet_draft_fork(&base, i);
        for (uint32_t tries = TRIES; !is_full(market, i) && tries > 0; tries--)
            buy(market, i, internet_draft_pick(cumulative, i, &rng));
        for (uint32_t seller = 0; !is_full(market, i); seller++)
            buy(market, i, seller);
    }
}

static void
supply_from(Market *market, uint32_t metro, const SimRng *base)
{
    const InternetDraft *draft = market->draft;
    uint32_t end = market->living.start[metro + 1];
    for (uint32_t k = market->living.start[metro]; k < end; k++) {
        uint32_t network = market->living.list[k];
        if (network < draft->large_end)
            continue;
        SimRng rng = internet_draft_fork(base, network);
        for (uint32_t tries = TRIES; !is_full(market, network) && tries > 0; tries--)
            buy(market, network, draw_seller(market, &rng));
        while (!is_full(market, network))
            buy(market, network, (uint32_t)sim_rng_below(&rng, MIN(network, draft->transit_end)));
    }
}

static void
supply_others(Market *market)
{
    const InternetDraft *draft = market->draft;
    SimRng base = internet_draft_stream(draft, "providers");
    for (uint32_t metro = 0; metro < draft->geo->n_metros; metro++) {
        if (market->living.start[metro] == market->living.start[metro + 1])
            continue;
        look_from(market, metro);
        supply_from(market, metro, &base);
    }
}

/* ---- The whole ---- */

static void
write_rows(Market *market)
{
    const InternetDraft *draft = market->draft;
    Internet *internet = draft->internet;
    uint32_t n = market->slot[draft->n];
    g_autofree InternetPair *pairs = g_new(InternetPair, (size_t)n + 1);
    g_autofree InternetPair *reverse = g_new(InternetPair, (size_t)n + 1);
    for (uint32_t i = 0; i < draft->n; i++)
        for (uint32_t slot = market->slot[i]; slot < market->slot[i + 1]; slot++) {
            pairs[slot] = (InternetPair){.row = i, .column = market->provider[slot]};
            reverse[slot] = (InternetPair){.row = market->provider[slot], .column = i};
        }
    internet->providers = internet_draft_rows(draft->n, draft->n, pairs, n);
    internet->customers = internet_draft_rows(draft->n, draft->n, reverse, n);
    internet->n_customer_relations = n;
}

static void
market_finish(Market *market)
{
    g_free(market->wanted);
    g_free(market->sellers_in.start);
    g_free(market->sellers_in.list);
    g_free(market->within);
    g_free(market->city);
    g_free(market->row);
    g_free(market->living.start);
    g_free(market->living.list);
    g_free(market->slot);
    g_free(market->filled);
    g_free(market->provider);
}

void
internet_draft_transit(InternetDraft *draft)
{
    Market market = {.draft = draft};
    internet_draft_kernel_init(&market.kernel, SCALE_KM);
    want_customers(&market);
    draw_counts(&market);
    find_customers(&market);
    find_first_customers(&market);
    find_sellers(&market);
    supply_large(&market);
    supply_others(&market);
    write_rows(&market);
    market_finish(&market);
}
