#include "models/internet_generate.h"
#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

static Geo *
world(void)
{
    Geo *geo = NULL;
    g_autoptr(GError) error = NULL;
    if (!geo_load(NULL, NULL, &geo, &error))
        CHECK_STR(error->message, "");
    return geo;
}

static Internet *
generate(const Geo *geo, uint32_t networks, uint64_t seed)
{
    return internet_generate(geo, &(InternetOptions){.seed = seed, .networks = networks});
}

static uint32_t
count(const InternetRows *rows, uint32_t i)
{
    return rows->start[i + 1] - rows->start[i];
}

static bool
has(const InternetRows *rows, uint32_t i, uint32_t other)
{
    for (uint32_t k = rows->start[i]; k < rows->start[i + 1]; k++)
        if (rows->list[k] == other)
            return true;
    return false;
}

static const uint32_t sizes[] = {64, 300, 2000, 20000};

/* Shares of networks, with customers or without, that have 1, 2, ... n or more providers. */
static void
provider_shares(const Internet *internet, bool sellers, uint32_t n, double *ret)
{
    uint32_t all = 0;
    memset(ret, 0, n * sizeof *ret);
    for (uint32_t i = 0; i < internet->n; i++) {
        uint32_t providers = count(&internet->providers, i);
        if ((count(&internet->customers, i) > 0) != sellers || providers == 0)
            continue;
        all++;
        ret[MIN(providers, n) - 1]++;
    }
    for (uint32_t i = 0; i < n; i++)
        ret[i] /= all;
}

/* Four standard errors of 17,000 draws, and what duplicates and first customers move. */
static void
networks_buy_from_as_many_as_in_the_real_graph(void)
{
    g_autoptr(Geo) geo = world();
    g_autoptr(Internet) internet = generate(geo, 20000, 1);
    const double stub[] = {0.449, 0.404, 0.096, 0.029, 0.022};
    const double seller[] = {0.234, 0.316, 0.207, 0.114, 0.052, 0.077};
    double got[6];
    provider_shares(internet, false, 5, got);
    for (uint32_t i = 0; i < 5; i++)
        CHECK_NEAR(got[i], stub[i], 0.016);
    provider_shares(internet, true, 6, got);
    for (uint32_t i = 0; i < 6; i++)
        CHECK_NEAR(got[i], seller[i], 0.036);
    CHECK_NEAR((double)internet->n_customer_relations / internet->n, 1.97, 0.06);
}

static int
by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static void
sellers_have_as_many_customers_as_in_the_real_graph(void)
{
    g_autoptr(Geo) geo = world();
    g_autoptr(Internet) internet = generate(geo, 20000, 1);
    g_autofree uint32_t *customers = g_new(uint32_t, internet->n);
    uint32_t n = 0;
    for (uint32_t i = 0; i < internet->n; i++)
        if (count(&internet->customers, i) > 0)
            customers[n++] = count(&internet->customers, i);
    qsort(customers, n, sizeof *customers, by_number);
    CHECK_NEAR((double)n / internet->n, 0.150, 0.002);
    CHECK_NEAR(customers[n / 2], 2, 1);
    CHECK_NEAR(customers[n * 9 / 10], 18, 6);
    CHECK_NEAR(customers[n * 99 / 100], 168, 50);
    CHECK(customers[n - 1] > 1000);
}

static void
four_of_five_networks_show_no_peers(void)
{
    g_autoptr(Geo) geo = world();
    g_autoptr(Internet) internet = generate(geo, 20000, 1);
    uint32_t none = 0, sellers = 0, sellers_none = 0;
    for (uint32_t i = 0; i < internet->n; i++) {
        bool is_seller = count(&internet->customers, i) > 0;
        bool is_alone = count(&internet->peers, i) == 0;
        none += is_alone;
        sellers += is_seller;
        sellers_none += is_seller && is_alone;
    }
    CHECK_NEAR((double)none / internet->n, 0.81, 0.015);
    CHECK_NEAR((double)sellers_none / sellers, 0.49, 0.04);
}

/* Providers have lower numbers, so there is no ring; the longest chain of the real graph is 38. */
static void
everybody_reaches_a_tier_1_and_chains_are_short(void)
{
    g_autoptr(Geo) geo = world();
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
        g_autoptr(Internet) internet = generate(geo, sizes[s], 7);
        g_autofree uint32_t *chain = g_new0(uint32_t, internet->n);
        uint32_t longest = 0;
        for (uint32_t i = 0; i < internet->n; i++) {
            CHECK((internet->kind[i] == NETWORK_TIER1) == (count(&internet->providers, i) == 0));
            for (uint32_t k = internet->providers.start[i]; k < internet->providers.start[i + 1];
                 k++) {
                CHECK(internet->providers.list[k] < i);
                chain[i] = MAX(chain[i], chain[internet->providers.list[k]] + 1);
            }
            longest = MAX(longest, chain[i]);
        }
        CHECK(longest >= 2 && longest <= 38);
    }
}

static void
kinds_follow_from_relations(void)
{
    g_autoptr(Geo) geo = world();
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
        g_autoptr(Internet) internet = generate(geo, sizes[s], 3);
        for (uint32_t i = 0; i < internet->n; i++) {
            bool sells = internet->kind[i] == NETWORK_TIER1 || internet->kind[i] == NETWORK_TRANSIT;
            CHECK(sells == (count(&internet->customers, i) > 0));
            for (uint32_t j = 0; j < internet->n && internet->kind[i] == NETWORK_TIER1 &&
                                 internet->kind[j] == NETWORK_TIER1;
                 j++)
                CHECK(i == j || has(&internet->peers, i, j));
        }
    }
}

static void
relations_are_told_from_both_sides_once(void)
{
    g_autoptr(Geo) geo = world();
    g_autoptr(Internet) internet = generate(geo, 2000, 5);
    for (uint32_t i = 0; i < internet->n; i++) {
        const InternetRows *peers = &internet->peers, *providers = &internet->providers;
        for (uint32_t k = peers->start[i]; k < peers->start[i + 1]; k++) {
            CHECK(k == peers->start[i] || peers->list[k - 1] < peers->list[k]);
            CHECK(peers->list[k] != i && has(peers, peers->list[k], i));
            CHECK(!has(providers, i, peers->list[k]) && !has(providers, peers->list[k], i));
        }
        for (uint32_t k = providers->start[i]; k < providers->start[i + 1]; k++) {
            CHECK(k == providers->start[i] || providers->list[k - 1] < providers->list[k]);
            CHECK(has(&internet->customers, providers->list[k], i));
        }
    }
    CHECK_INT(internet->customers.start[internet->n], internet->n_customer_relations);
    CHECK_INT(internet->peers.start[internet->n], 2 * internet->n_peer_relations);
}

static void
users_of_a_metro_are_those_of_its_places(void)
{
    g_autoptr(Geo) geo = world();
    for (size_t s = 0; s < G_N_ELEMENTS(sizes); s++) {
        g_autoptr(Internet) internet = generate(geo, sizes[s], 11);
        g_autofree double *users = g_new0(double, geo->n_metros);
        for (uint32_t p = 0; p < internet->n_places; p++) {
            uint32_t network = internet->network[p];
            CHECK(internet->users[p] >= 0);
            CHECK(p >= internet->place_start[network] && p < internet->place_start[network + 1]);
            CHECK(p == internet->place_start[network] || internet->home[p - 1] < internet->home[p]);
            users[internet->home[p]] += internet->users[p];
        }
        for (uint32_t metro = 0; metro < geo->n_metros; metro++)
            CHECK_NEAR(users[metro] / geo->metros.users[metro], 1, 1e-9);
    }
}

static void
tier_1_are_in_a_hundred_cities_and_large_ones_in_dozens(void)
{
    g_autoptr(Geo) geo = world();
    g_autoptr(Internet) internet = generate(geo, 20000, 1);
    for (uint32_t i = 0; i < 16 + 260; i++) {
        uint32_t homes = internet->place_start[i + 1] - internet->place_start[i];
        CHECK(homes >= (i < 16 ? 100 : 8) && homes <= (i < 16 ? 200 : 58));
    }
    CHECK_INT(internet->kind[15], NETWORK_TIER1);
    CHECK_INT(internet->kind[16], NETWORK_TRANSIT);
}

static bool
same(const Internet *a, const Internet *b)
{
    return a->n_places == b->n_places && a->n_customer_relations == b->n_customer_relations &&
           a->n_peer_relations == b->n_peer_relations &&
           memcmp(a->home, b->home, a->n_places * sizeof *a->home) == 0 &&
           memcmp(a->users, b->users, a->n_places * sizeof *a->users) == 0 &&
           memcmp(a->providers.list, b->providers.list,
                  a->n_customer_relations * sizeof *a->providers.list) == 0 &&
           memcmp(a->peers.list, b->peers.list,
                  (size_t)2 * a->n_peer_relations * sizeof *a->peers.list) == 0;
}

static void
a_seed_makes_one_internet(void)
{
    g_autoptr(Geo) geo = world();
    g_autoptr(Internet) a = generate(geo, 2000, 1);
    g_autoptr(Internet) again = generate(geo, 2000, 1);
    g_autoptr(Internet) other = generate(geo, 2000, 2);
    CHECK(same(a, again));
    CHECK(!same(a, other));
}

static CU_TestInfo tests[] = {
    {"networks_buy_from_as_many_as_in_the_real_graph",
     networks_buy_from_as_many_as_in_the_real_graph},
    {"sellers_have_as_many_customers_as_in_the_real_graph",
     sellers_have_as_many_customers_as_in_the_real_graph},
    {"four_of_five_networks_show_no_peers", four_of_five_networks_show_no_peers},
    {"everybody_reaches_a_tier_1_and_chains_are_short",
     everybody_reaches_a_tier_1_and_chains_are_short},
    {"kinds_follow_from_relations", kinds_follow_from_relations},
    {"relations_are_told_from_both_sides_once", relations_are_told_from_both_sides_once},
    {"users_of_a_metro_are_those_of_its_places", users_of_a_metro_are_those_of_its_places},
    {"tier_1_are_in_a_hundred_cities_and_large_ones_in_dozens",
     tier_1_are_in_a_hundred_cities_and_large_ones_in_dozens},
    {"a_seed_makes_one_internet", a_seed_makes_one_internet},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("internet_generate", tests)
