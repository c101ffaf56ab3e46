#include "models/internet.h"
#include "sim/rng.h"
#include "tests/harness.h"

#include <string.h>

/* Of a line such as "8=9 5>1": peers, and the provider before its customer. */
static void
tell(InternetBuilder *builder, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++) {
        g_autoptr(GError) error = NULL;
        char *end;
        uint32_t a = (uint32_t)g_ascii_strtoull(*word, &end, 10);
        uint32_t b = (uint32_t)g_ascii_strtoull(end + 1, NULL, 10);
        bool is_taken = *end == '>' ? internet_builder_transit(builder, a, b, &error)
                                    : internet_builder_peering(builder, a, b, &error);
        CHECK(is_taken);
    }
}

static Internet *
internet_of(const char *text)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    g_autoptr(GError) error = NULL;
    tell(builder, text);
    Internet *internet = internet_builder_finish(builder, &error);
    if (!internet)
        CHECK_STR(error->message, "");
    return internet;
}

/* The ASNs of a row, "1 2 3". */
static char *
row(const Internet *internet, const InternetRows *rows, uint32_t asn)
{
    GString *text = g_string_new(NULL);
    uint32_t i = internet_find(internet, asn);
    for (uint32_t k = rows->start[i]; k < rows->start[i + 1]; k++)
        g_string_append_printf(text, "%s%u", text->len ? " " : "", internet->asn[rows->list[k]]);
    return g_string_free(text, FALSE);
}

static void
check_row(const Internet *internet, const InternetRows *rows, uint32_t asn, const char *want)
{
    g_autofree char *got = row(internet, rows, asn);
    CHECK_STR(got, want);
}

#define G0 "8=9 9=10 9=3 1>666 2>666 2>777 4>777 5>1 8>1 8>2 9>4 10>777 11>8 11>9 11>10 12>10"

static void
neighbours_are_in_ascending_order_of_asn(void)
{
    g_autoptr(Internet) internet = internet_of(G0);
    CHECK_INT(internet->n, 12);
    CHECK_INT(internet->n_customer_relations, 13);
    CHECK_INT(internet->n_peer_relations, 3);
    check_row(internet, &internet->providers, 777, "2 4 10");
    check_row(internet, &internet->customers, 11, "8 9 10");
    check_row(internet, &internet->peers, 9, "3 8 10");
    check_row(internet, &internet->providers, 5, "");
    CHECK_INT(internet_row_length(&internet->customers, internet_find(internet, 8)), 2);
}

static void
networks_are_found_by_asn(void)
{
    g_autoptr(Internet) internet = internet_of("4200000000>65551 7=4200000000");
    CHECK_INT(internet_find(internet, 7), 0);
    CHECK_INT(internet_find(internet, 65551), 1);
    CHECK_INT(internet_find(internet, 4200000000), 2);
    CHECK_INT(internet_find(internet, 8), SIM_NONE);
    CHECK_INT(internet_find(internet, 0), SIM_NONE);
    CHECK_INT(internet_find(internet, UINT32_MAX), SIM_NONE);
}

static void
kinds_follow_from_relations(void)
{
    g_autoptr(Internet) internet = internet_of(G0);
    CHECK_INT(internet->kind[internet_find(internet, 11)], NETWORK_TIER1);
    CHECK_INT(internet->kind[internet_find(internet, 8)], NETWORK_TRANSIT);
    CHECK_INT(internet->kind[internet_find(internet, 777)], NETWORK_STUB);
    CHECK_INT(internet->kind[internet_find(internet, 3)], NETWORK_STUB);
    CHECK_STR(internet_kind_name(NETWORK_TIER1), "tier1");
    CHECK_STR(internet_kind_name(NETWORK_STUB), "stub");
}

static void
the_latest_kind_told_counts(void)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    internet_builder_network(builder, 8, NETWORK_STUB);
    tell(builder, "8>9");
    internet_builder_network(builder, 8, NETWORK_CONTENT);
    internet_builder_network(builder, 77, NETWORK_TRANSIT);
    g_autoptr(Internet) internet = internet_builder_finish(builder, NULL);
    CHECK_INT(internet->n, 3);
    CHECK_INT(internet->kind[0], NETWORK_CONTENT);
    CHECK_INT(internet->kind[1], NETWORK_STUB);
    CHECK_INT(internet->kind[2], NETWORK_TRANSIT);
}

static void
a_relation_told_twice_counts_once(void)
{
    g_autoptr(Internet) internet = internet_of("1>2 3=4 1>2 4=3 3=4");
    CHECK_INT(internet->n_customer_relations, 1);
    CHECK_INT(internet->n_peer_relations, 1);
    check_row(internet, &internet->peers, 4, "3");
    check_row(internet, &internet->providers, 2, "1");
}

static void
refuse(const char *known, bool is_transit, uint32_t a, uint32_t b, const char *want)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    g_autoptr(GError) error = NULL;
    tell(builder, known);
    CHECK(!(is_transit ? internet_builder_transit(builder, a, b, &error)
                       : internet_builder_peering(builder, a, b, &error)));
    CHECK_STR(error ? error->message : "", want);
    g_autoptr(Internet) internet = internet_builder_finish(builder, NULL);
    CHECK_INT(internet->n_customer_relations + internet->n_peer_relations, 1);
}

static void
contradictions_name_both_networks(void)
{
    refuse("1>2", true, 2, 1,
           "AS1 is a provider of AS2 already: expected one relation for two networks");
    refuse("2>1", true, 1, 2,
           "AS2 is a provider of AS1 already: expected one relation for two networks");
    refuse("1>2", false, 1, 2,
           "AS1 is a provider of AS2 already: expected one relation for two networks");
    refuse("2=1", true, 1, 2,
           "AS2 and AS1 are peers already: expected one relation for two networks");
    refuse("1>2", true, 9, 9, "AS9 has a relation with itself: expected two networks");
    refuse("1>2", false, 9, 9, "AS9 has a relation with itself: expected two networks");
}

static void
ring(const char *text, const char *want)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    g_autoptr(GError) error = NULL;
    tell(builder, text);
    g_autoptr(Internet) internet = internet_builder_finish(builder, &error);
    CHECK(!internet);
    CHECK_STR(error ? error->message : "", want);
}

static void
a_ring_of_providers_is_named(void)
{
    ring("1>2 5>7 7>30 30>5 2>5 30>8 9>30",
         "each is the provider of the next: AS5 > AS7 > AS30 > AS5: expected no ring of providers");
    ring("20>10 10>5 5>20",
         "each is the provider of the next: AS5 > AS20 > AS10 > AS5: expected no ring of "
         "providers");
}

static void
a_long_ring_is_named_in_part(void)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    for (uint32_t i = 0; i < 1000; i++)
        CHECK(internet_builder_transit(builder, 100 + i, 100 + (i + 1) % 1000, NULL));
    g_autoptr(GError) error = NULL;
    g_autoptr(Internet) internet = internet_builder_finish(builder, &error);
    CHECK(!internet);
    CHECK_HAS(error ? error->message : "", "AS114 > AS115 > ... (1000 networks) > AS100: expected");
}

static void
a_diamond_is_no_ring(void)
{
    g_autoptr(Internet) internet = internet_of("1>2 1>3 2>4 3>4 1>4");
    CHECK_INT(internet->n_customer_relations, 5);
    check_row(internet, &internet->providers, 4, "1 2 3");
}

static void
no_network_is_an_error(void)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    g_autoptr(GError) error = NULL;
    CHECK(!internet_builder_finish(builder, &error));
    CHECK_STR(error ? error->message : "", "no networks: expected at least one");
}

static void
too_many_networks_are_refused(void)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    g_autoptr(GError) error = NULL;
    for (uint32_t asn = 1; asn <= INTERNET_NETWORKS_MAX + 1; asn++)
        internet_builder_network(builder, asn, NETWORK_STUB);
    CHECK(!internet_builder_finish(builder, &error));
    CHECK_STR(error ? error->message : "", "200001 networks: expected at most 200000");
}

static void
places_are_networks_and_homes_in_order(void)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    internet_builder_home(builder, 9, 40, 1.5);
    internet_builder_home(builder, 9, 3, 100);
    internet_builder_home(builder, 4, 8, 7);
    internet_builder_home(builder, 9, 40, 2);
    tell(builder, "4>6 6>9");
    g_autoptr(Internet) internet = internet_builder_finish(builder, NULL);
    CHECK_INT(internet->n, 3);
    CHECK_INT(internet->n_places, 4);
    static const uint32_t network[] = {0, 1, 2, 2}, home[] = {8, 0, 3, 40}, start[] = {0, 1, 2, 4};
    static const double users[] = {7, 0, 100, 3.5};
    CHECK(memcmp(internet->network, network, sizeof network) == 0);
    CHECK(memcmp(internet->home, home, sizeof home) == 0);
    CHECK(memcmp(internet->place_start, start, sizeof start) == 0);
    CHECK(memcmp(internet->users, users, sizeof users) == 0);
}

static void
the_builder_is_empty_after_finish(void)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    tell(builder, "1>2");
    g_autoptr(Internet) first = internet_builder_finish(builder, NULL);
    tell(builder, "2>1 1=3");
    g_autoptr(Internet) second = internet_builder_finish(builder, NULL);
    CHECK_INT(first->n, 2);
    CHECK_INT(second->n, 3);
    check_row(second, &second->providers, 1, "2");
}

/* ---- Against the obvious way ---- */

enum { DRAWN = 60, PAIRS = DRAWN * (DRAWN - 1) / 2 };

/* 0 none, 1 lower is the provider, 2 peers; told in an order and from a side that vary. */
static Internet *
random_internet(uint8_t (*relation)[DRAWN], SimRng *order)
{
    uint32_t pairs[PAIRS], n = 0;
    for (uint32_t a = 0; a < DRAWN; a++)
        for (uint32_t b = a + 1; b < DRAWN; b++)
            pairs[n++] = a * DRAWN + b;
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    for (uint32_t left = PAIRS; left > 0; left--) {
        uint64_t drawn = sim_rng_below(order, left);
        uint32_t a = pairs[drawn] / DRAWN, b = pairs[drawn] % DRAWN;
        pairs[drawn] = pairs[left - 1];
        bool is_swapped = sim_rng_chance(order, 0.5);
        if (relation[a][b] == 1)
            CHECK(internet_builder_transit(builder, 100 + a, 100 + b, NULL));
        if (relation[a][b] == 2)
            CHECK(internet_builder_peering(builder, 100 + (is_swapped ? b : a),
                                           100 + (is_swapped ? a : b), NULL));
    }
    for (uint32_t a = 0; a < DRAWN; a++)
        internet_builder_home(builder, 100 + a, a, 1);
    return internet_builder_finish(builder, NULL);
}

static bool
is_in_row(const InternetRows *rows, uint32_t i, uint32_t j)
{
    for (uint32_t k = rows->start[i]; k < rows->start[i + 1]; k++)
        if (rows->list[k] == j)
            return true;
    return false;
}

static bool
is_ascending(const InternetRows *rows, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = rows->start[i] + 1; k < rows->start[i + 1]; k++)
            if (rows->list[k - 1] >= rows->list[k])
                return false;
    return true;
}

static void
rows_agree_with_a_matrix_in_any_order_of_telling(void)
{
    uint8_t relation[DRAWN][DRAWN] = {0};
    SimRng draw = sim_rng_named(5, 0, "relations"), order = sim_rng_named(5, 0, "order");
    for (uint32_t a = 0; a < DRAWN; a++)
        for (uint32_t b = a + 1; b < DRAWN; b++)
            relation[a][b] = (uint8_t)(MIN(sim_rng_below(&draw, 8), 3) % 3);
    for (int round = 0; round < 5; round++) {
        g_autoptr(Internet) internet = random_internet(relation, &order);
        CHECK_INT(internet->n, DRAWN);
        for (uint32_t a = 0; a < DRAWN; a++)
            for (uint32_t b = a + 1; b < DRAWN; b++) {
                CHECK_INT(is_in_row(&internet->customers, a, b), relation[a][b] == 1);
                CHECK_INT(is_in_row(&internet->providers, b, a), relation[a][b] == 1);
                CHECK(!is_in_row(&internet->customers, b, a));
                CHECK_INT(is_in_row(&internet->peers, a, b), relation[a][b] == 2);
                CHECK_INT(is_in_row(&internet->peers, b, a), relation[a][b] == 2);
            }
        CHECK(is_ascending(&internet->providers, DRAWN));
        CHECK(is_ascending(&internet->customers, DRAWN));
        CHECK(is_ascending(&internet->peers, DRAWN));
    }
}

static CU_TestInfo tests[] = {
    {"neighbours_are_in_ascending_order_of_asn", neighbours_are_in_ascending_order_of_asn},
    {"networks_are_found_by_asn", networks_are_found_by_asn},
    {"kinds_follow_from_relations", kinds_follow_from_relations},
    {"the_latest_kind_told_counts", the_latest_kind_told_counts},
    {"a_relation_told_twice_counts_once", a_relation_told_twice_counts_once},
    {"contradictions_name_both_networks", contradictions_name_both_networks},
    {"a_ring_of_providers_is_named", a_ring_of_providers_is_named},
    {"a_long_ring_is_named_in_part", a_long_ring_is_named_in_part},
    {"a_diamond_is_no_ring", a_diamond_is_no_ring},
    {"no_network_is_an_error", no_network_is_an_error},
    {"too_many_networks_are_refused", too_many_networks_are_refused},
    {"places_are_networks_and_homes_in_order", places_are_networks_and_homes_in_order},
    {"the_builder_is_empty_after_finish", the_builder_is_empty_after_finish},
    {"rows_agree_with_a_matrix_in_any_order_of_telling",
     rows_agree_with_a_matrix_in_any_order_of_telling},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("internet", tests)
