#include "models/bgp.h"
#include "models/bgp_paths.h"
#include "tests/harness.h"

#include <string.h>

/* Of a line such as "8=9 5>1": peers, and the provider before its customer. */
static Internet *
internet_of(const char *text)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++) {
        char *end;
        uint32_t a = (uint32_t)g_ascii_strtoull(*word, &end, 10);
        uint32_t b = (uint32_t)g_ascii_strtoull(end + 1, NULL, 10);
        CHECK(*end == '>' ? internet_builder_transit(builder, a, b, &error)
                          : internet_builder_peering(builder, a, b, &error));
    }
    Internet *internet = internet_builder_finish(builder, &error);
    if (!internet)
        CHECK_STR(error->message, "");
    return internet;
}

/* A prefix on a graph of its own, and what it needs. */
typedef struct Case {
    Internet *internet;
    Interconnect *interconnect;
    SimArena *arena;
    Bgp *bgp;
} Case;

static Case
case_with(Internet *internet, Interconnect *interconnect, const BgpOptions *options)
{
    Case c = {.internet = internet, .interconnect = interconnect};
    c.arena = sim_arena_new((size_t)1 << 30);
    c.bgp = bgp_new(internet, interconnect, options, sim_rng_named(1, 0, "bgp"), c.arena);
    return c;
}

static Case
case_of(const char *text)
{
    Internet *internet = internet_of(text);
    return case_with(internet, interconnect_of(internet->n, 1, NULL, 0), &BGP_DEFAULTS);
}

static void
case_drop(Case *c)
{
    sim_arena_free(c->arena);
    interconnect_free(c->interconnect);
    internet_free(c->internet);
}

static void
originate(Case *c, uint32_t asn, bool is_on)
{
    bgp_origin_set(c->bgp, internet_find(c->internet, asn), is_on);
    bgp_run(c->bgp);
}

/* "1:P3 2:C1", of the networks that have a route: class (customer, peer R, provider) and length. */
static void
check_ranks(const Case *c, const char *want)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (uint32_t v = 0; v < c->internet->n; v++) {
        uint8_t rank = bgp_rank(c->bgp, v);
        if (rank != ANYCAST_UNREACHABLE)
            g_string_append_printf(text, "%s%u:%c%d", text->len ? " " : "", c->internet->asn[v],
                                   "CRP"[rank / ANYCAST_CLASS_STEP], rank % ANYCAST_CLASS_STEP);
    }
    CHECK_STR(text->str, want);
}

/* The neighbour a network sends to, by ASN. */
static uint32_t
next(const Case *c, uint32_t asn)
{
    uint32_t neighbour = bgp_next(c->bgp, internet_find(c->internet, asn));
    return neighbour == SIM_NONE ? SIM_NONE : c->internet->asn[neighbour];
}

#define G0 "8=9 9=10 9=3 1>666 2>666 2>777 4>777 5>1 8>1 8>2 9>4 10>777 11>8 11>9 11>10 12>10"
#define G1 "1>3 1>4 1>10 2=3 2>5 3>8 4>6 5>7 6>8 7>9 9>10"
#define G2 "1=11 1>10 2>10 11>2 3>4 11>3 2>12"
#define G3 "1>4 1=5 2=3 2>4 3>6 4>6 5>6"

static void
routes_of_one_origin_are_those_worked_out_by_hand(void)
{
    const struct {
        const char *graph;
        uint32_t origin;
        const char *want;
    } cases[] = {
        {G0, 777, "1:P3 2:C1 3:R3 4:C1 8:C2 9:C2 10:C1 11:C2 12:C2 666:P2 777:C0"},
        {G1, 10, "1:C1 2:C4 3:R5 4:P2 5:C3 6:P3 7:C2 8:P4 9:C1 10:C0"},
        {G1, 4, "1:C1 3:P2 4:C0 6:P1 8:P2 10:P2"},
        {G2, 10, "1:C1 2:C1 3:P3 4:P4 10:C0 11:C2 12:P2"},
        {G2, 2, "1:R2 2:C0 3:P2 4:P3 10:P1 11:C1 12:P1"},
        {G3, 4, "1:C1 2:C1 3:R2 4:C0 5:R2 6:P1"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case c = case_of(cases[i].graph);
        originate(&c, cases[i].origin, true);
        check_ranks(&c, cases[i].want);
        case_drop(&c);
    }
}

static void
a_customer_chain_is_not_taken_for_its_provider(void)
{
    Case c = case_of(G0);
    originate(&c, 777, true);
    CHECK_INT(next(&c, 1), 8);
    CHECK_INT(next(&c, 3), 9);
    CHECK_INT(next(&c, 11), 10);
    CHECK_INT(next(&c, 5), SIM_NONE);
    case_drop(&c);
}

static void
two_origins_share_the_networks(void)
{
    Case c = case_of(G0);
    originate(&c, 777, true);
    originate(&c, 666, true);
    check_ranks(&c, "1:C1 2:C1 3:R3 4:C1 5:C2 8:C2 9:C2 10:C1 11:C2 12:C2 666:C0 777:C0");
    CHECK_INT(next(&c, 2), 666);
    CHECK_INT(next(&c, 8), 1);
    CHECK_INT(next(&c, 11), 10);
    case_drop(&c);
}

static void
the_oldest_route_wins_where_it_should(void)
{
    BgpOptions options = BGP_DEFAULTS;
    options.prefer_oldest = true;
    Internet *internet = internet_of(G0);
    Case c = case_with(internet, interconnect_of(internet->n, 1, NULL, 0), &options);
    originate(&c, 777, true);
    CHECK_INT(next(&c, 2), 777);
    originate(&c, 666, true);
    CHECK_INT(next(&c, 2), 777);
    originate(&c, 777, false);
    originate(&c, 777, true);
    CHECK_INT(next(&c, 2), 666);
    case_drop(&c);
}

static void
withdrawal_and_announcement_lead_back(void)
{
    Case c = case_of("777>2 2>3 666>1 1>2");
    originate(&c, 777, true);
    originate(&c, 666, true);
    check_ranks(&c, "1:P1 2:P1 3:P2 666:C0 777:C0");
    CHECK_INT(next(&c, 2), 777);
    originate(&c, 777, false);
    check_ranks(&c, "1:P1 2:P2 3:P3 666:C0");
    CHECK_INT(next(&c, 2), 1);
    CHECK_INT(next(&c, 1), 666);
    originate(&c, 777, true);
    check_ranks(&c, "1:P1 2:P1 3:P2 666:C0 777:C0");
    CHECK_INT(next(&c, 2), 777);
    case_drop(&c);
}

static void
a_leak_spreads_and_filters_stop_it(void)
{
    const unsigned filters[] = {0, ANYCAST_FILTER_OTC, ANYCAST_FILTER_PEER_LOCK,
                                ANYCAST_FILTER_MAX_PREFIX};
    for (size_t i = 0; i < G_N_ELEMENTS(filters); i++) {
        Case c = case_of("777=666 666=1 777>9"); /* 777 is a tier 1 */
        bgp_filter_set(c.bgp, internet_find(c.internet, 1), filters[i]);
        originate(&c, 777, true);
        check_ranks(&c, "9:P1 666:R1 777:C0");
        bgp_leak_set(c.bgp, internet_find(c.internet, 666), true);
        bgp_run(c.bgp);
        check_ranks(&c, filters[i] ? "9:P1 666:R1 777:C0" : "1:R2 9:P1 666:R1 777:C0");
        bgp_leak_set(c.bgp, internet_find(c.internet, 666), false);
        bgp_run(c.bgp);
        check_ranks(&c, "9:P1 666:R1 777:C0");
        case_drop(&c);
    }
}

static void
max_prefix_closes_the_session_and_opens_it_again(void)
{
    Case c = case_of("666>777 1>666 666=5");
    bgp_filter_set(c.bgp, internet_find(c.internet, 1), ANYCAST_FILTER_MAX_PREFIX);
    originate(&c, 777, true);
    check_ranks(&c, "1:C2 5:R2 666:C1 777:C0");
    bgp_leak_set(c.bgp, internet_find(c.internet, 666), true);
    bgp_run(c.bgp);
    check_ranks(&c, "5:R2 666:C1 777:C0");
    bgp_leak_set(c.bgp, internet_find(c.internet, 666), false);
    bgp_run(c.bgp);
    check_ranks(&c, "1:C2 5:R2 666:C1 777:C0");
    case_drop(&c);
}

/* ---- against the definition, on random graphs ---- */

static Internet *
random_internet(SimRng *rng, uint32_t n)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    g_autofree uint32_t *asn = g_new(uint32_t, n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = (uint32_t)sim_rng_below(rng, i + 1);
        asn[i] = asn[k];
        asn[k] = 10 * i + 5;
    }
    /* Contradictions are refused and do no harm; providers come first in the order, so no ring. */
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t k = 0; k < 4; k++) {
            uint32_t other = (uint32_t)sim_rng_below(rng, i);
            bool is_taken = k < 2 ? internet_builder_transit(builder, asn[other], asn[i], NULL)
                                  : internet_builder_peering(builder, asn[other], asn[i], NULL);
            (void)is_taken;
        }
    return internet_builder_finish(builder, NULL);
}

static Interconnect *
random_interconnect(SimRng *rng, const Internet *internet, uint32_t n_pops)
{
    g_autoptr(GArray) sessions = g_array_new(FALSE, TRUE, sizeof(InterconnectSession));
    for (uint32_t v = 0; v < internet->n; v++)
        for (uint32_t pop = 0; pop < n_pops; pop++)
            if (sim_rng_chance(rng, 0.05)) {
                InterconnectSession s = {.network = v,
                                         .pop = pop,
                                         .class = (SessionClass)sim_rng_below(rng, 3),
                                         .prepend = (uint8_t)sim_rng_below(rng, 3)};
                g_array_append_val(sessions, s);
            }
    return interconnect_of(internet->n, n_pops, (const InterconnectSession *)(void *)sessions->data,
                           sessions->len);
}

enum { REACHED_BY_NONE = 1 << 20 };

static int
least_through(const InternetRows *rows, uint32_t v, int class, const int *rank)
{
    int least = REACHED_BY_NONE;
    for (uint32_t i = rows->start[v]; i < rows->start[v + 1]; i++) {
        int their = rank[rows->list[i]];
        bool tells = class == 2 ? their < REACHED_BY_NONE : their < 1000;
        if (tells)
            least = MIN(least, class * 1000 + their % 1000 + 1);
    }
    return least;
}

static int
least_of_all(const Case *c, const bool *is_up, uint32_t v, const int *rank)
{
    const Interconnect *edge = c->interconnect;
    int least = least_through(&c->internet->customers, v, 0, rank);
    least = MIN(least, least_through(&c->internet->peers, v, 1, rank));
    least = MIN(least, least_through(&c->internet->providers, v, 2, rank));
    for (uint32_t s = edge->start[v]; s < edge->start[v + 1]; s++)
        if (is_up[s])
            least = MIN(least, edge->class[s] * 1000 + 1 + edge->prepend[s]);
    return least;
}

/* Sweeps until nothing changes: what Gao and Rexford say of classes and lengths, and no more. */
static void
check_against_definition(const Case *c, const bool *is_up)
{
    uint32_t n = c->internet->n;
    g_autofree int *rank = g_new(int, n);
    for (uint32_t v = 0; v < n; v++)
        rank[v] = REACHED_BY_NONE;
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t v = 0; v < n; v++) {
            int least = least_of_all(c, is_up, v, rank);
            moved |= least != rank[v];
            rank[v] = least;
        }
    }
    uint32_t n_wrong = 0;
    for (uint32_t v = 0; v < n; v++) {
        int want = rank[v] == REACHED_BY_NONE
                       ? ANYCAST_UNREACHABLE
                       : rank[v] / 1000 * ANYCAST_CLASS_STEP + rank[v] % 1000;
        n_wrong += bgp_rank(c->bgp, v) != want;
    }
    CHECK_INT(n_wrong, 0);
}

static void
check_random_changes(uint64_t seed, bool prefer_oldest)
{
    SimRng rng = sim_rng_named(seed, 0, "graph");
    BgpOptions options = BGP_DEFAULTS;
    options.prefer_oldest = prefer_oldest;
    Internet *internet = random_internet(&rng, 10 + (uint32_t)sim_rng_below(&rng, 60));
    Case c = case_with(internet, random_interconnect(&rng, internet, 6), &options);
    uint32_t n = c.interconnect->n_sessions;
    g_autofree bool *is_up = g_new0(bool, n + 1);
    for (int round = 0; round < 6; round++) {
        for (uint32_t s = 0; s < n; s++) {
            if (!sim_rng_chance(&rng, round == 0 ? 0.7 : 0.3))
                continue;
            is_up[s] = !is_up[s];
            if (is_up[s] || sim_rng_chance(&rng, 0.5))
                bgp_session_set(c.bgp, s, is_up[s], c.interconnect->prepend[s]);
            else
                bgp_session_break(c.bgp, s, 300 * SIM_MILLISECOND);
        }
        bgp_run(c.bgp);
        check_against_definition(&c, is_up);
    }
    case_drop(&c);
}

static void
the_last_message_leaves_the_routes_of_the_definition(void)
{
    for (uint64_t seed = 0; seed < 60; seed++)
        check_random_changes(seed, seed % 2);
}

/* ---- time ---- */

static void
messages_do_not_overtake_each_other(void)
{
    /* With hops this uneven, a withdrawal would often arrive before what it withdraws. */
    BgpOptions options = BGP_DEFAULTS;
    options.hop_sigma = 4;
    for (uint64_t seed = 0; seed < 20; seed++) {
        Internet *internet = internet_of("1>2 2>3 3>4");
        SimArena *arena = sim_arena_new((size_t)16 << 20);
        Interconnect *edge = interconnect_of(
            4, 1, &(InterconnectSession){.network = 3, .class = SESSION_CUSTOMER}, 1);
        Bgp *bgp = bgp_new(internet, edge, &options, sim_rng_named(seed, 0, "bgp"), arena);
        for (int i = 0; i < 5; i++) {
            bgp_session_set(bgp, 0, true, 0);
            bgp_session_set(bgp, 0, false, 0);
        }
        bgp_run(bgp);
        for (uint32_t v = 0; v < 4; v++)
            CHECK_INT(bgp_rank(bgp, v), ANYCAST_UNREACHABLE);
        bgp_session_set(bgp, 0, true, 0);
        bgp_run(bgp);
        CHECK_INT(bgp_rank(bgp, 0), 4);
        sim_arena_free(arena);
        interconnect_free(edge);
        internet_free(internet);
    }
}

static void
a_line_of_networks_hears_hop_by_hop(void)
{
    BgpOptions options = BGP_DEFAULTS;
    options.hop_sigma = 0;
    Internet *internet = internet_of("1>2 2>3 3>4");
    Case c = case_with(
        internet,
        interconnect_of(4, 1, &(InterconnectSession){.network = 3, .class = SESSION_CUSTOMER}, 1),
        &options);
    bgp_session_set(c.bgp, 0, true, 0);
    CHECK_INT(bgp_run(c.bgp), 4);
    for (uint32_t v = 0; v < 4; v++)
        CHECK_INT(bgp_first_route(c.bgp, v), (4 - v) * options.hop_median);
    bgp_count_anew(c.bgp);
    CHECK_INT(bgp_last_change(c.bgp, 0), SIM_TIME_MAX);
    bgp_session_break(c.bgp, 0, 300 * SIM_MILLISECOND);
    CHECK_INT(bgp_run(c.bgp), 4);
    for (uint32_t v = 0; v < 4; v++) {
        CHECK_INT(bgp_last_change(c.bgp, v), (3 - v) * options.hop_median + 300 * SIM_MILLISECOND);
        CHECK_INT(bgp_first_route(c.bgp, v), SIM_TIME_MAX);
        CHECK_INT(bgp_changes(c.bgp, v), 1);
    }
    case_drop(&c);
}

static void
the_timer_holds_the_second_announcement_back(void)
{
    BgpOptions options = BGP_DEFAULTS;
    options.hop_sigma = 0;
    options.mrai_share = 1;
    Internet *internet = internet_of("1>2");
    Case c = case_with(
        internet,
        interconnect_of(2, 1, &(InterconnectSession){.network = 1, .class = SESSION_CUSTOMER}, 1),
        &options);
    for (uint8_t prepend = 0; prepend < 5; prepend++)
        bgp_session_set(c.bgp, 0, true, prepend);
    /* All five reach network 2 at once; it tells the first at once and the last after its timer. */
    CHECK_INT(bgp_run(c.bgp), 7);
    CHECK_INT(bgp_rank(c.bgp, 0), 6);
    CHECK_INT(bgp_first_route(c.bgp, 0), 2 * options.hop_median);
    SimTime wait = bgp_last_change(c.bgp, 0) - bgp_first_route(c.bgp, 0);
    CHECK(wait > options.mrai * 3 / 4 && wait < options.mrai);
    bgp_count_anew(c.bgp);
    bgp_session_set(c.bgp, 0, false, 0);
    bgp_run(c.bgp);
    CHECK_INT(bgp_last_change(c.bgp, 0), 2 * options.hop_median);
    case_drop(&c);
}

static void
one_network_more_moves_nobody_elses_numbers(void)
{
    const char *graphs[] = {"1>2 2>30 30>40", "1>2 2>30 30>40 30>35 2>3"};
    SimTime first[2][4];
    for (int i = 0; i < 2; i++) {
        Case c = case_of(graphs[i]);
        originate(&c, 40, true);
        const uint32_t asn[] = {1, 2, 30, 40};
        for (int k = 0; k < 4; k++)
            first[i][k] = bgp_first_route(c.bgp, internet_find(c.internet, asn[k]));
        case_drop(&c);
    }
    for (int k = 0; k < 4; k++)
        CHECK_INT(first[0][k], first[1][k]);
    CHECK(first[0][0] > first[0][1]);
}

static void
a_snapshot_goes_on_alike(void)
{
    Case c = case_of(G0);
    bgp_origin_set(c.bgp, internet_find(c.internet, 777), true);
    g_autoptr(SimSnapshot) snapshot = sim_arena_snapshot(c.arena);
    uint64_t n = bgp_run(c.bgp);
    SimTime last = bgp_last_change(c.bgp, 0);
    sim_arena_restore(c.arena, snapshot);
    CHECK_INT(bgp_run(c.bgp), n);
    CHECK_INT(bgp_last_change(c.bgp, 0), last);
    case_drop(&c);
}

/* ---- the tree of paths ---- */

static void
dropped_paths_are_used_again(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)16 << 20);
    BgpPaths paths;
    bgp_paths_init(&paths, arena);
    for (int round = 0; round < 5000; round++) {
        uint32_t root = bgp_paths_root(&paths, 1);
        uint32_t a = bgp_paths_new(&paths, 7, root, false);
        uint32_t b = bgp_paths_new(&paths, 8, a, true);
        bgp_paths_drop(&paths, root);
        bgp_paths_drop(&paths, a);
        CHECK_INT(paths.live, 3);
        CHECK_INT(paths.nodes[b].length, 3);
        CHECK(bgp_paths_has(&paths, b, 7) && !bgp_paths_has(&paths, b, 9));
        bgp_paths_drop(&paths, b);
        CHECK_INT(paths.live, 0);
    }
    CHECK_INT(paths.live_most, 3);
    CHECK_INT(paths.n, 4);
}

static void
paths_are_equal_that_say_the_same(void)
{
    g_autoptr(SimArena) arena = sim_arena_new((size_t)16 << 20);
    BgpPaths paths;
    bgp_paths_init(&paths, arena);
    uint32_t one = bgp_paths_root(&paths, 1), two = bgp_paths_root(&paths, 1);
    uint32_t three = bgp_paths_root(&paths, 2);
    CHECK(bgp_paths_are_equal(&paths, one, two));
    CHECK(!bgp_paths_are_equal(&paths, one, three));
    CHECK(!bgp_paths_are_equal(&paths, one, 0));
    uint32_t a = bgp_paths_new(&paths, 7, one, false), b = bgp_paths_new(&paths, 7, two, false);
    CHECK(bgp_paths_are_equal(&paths, a, b));
    CHECK(!bgp_paths_are_equal(&paths, a, bgp_paths_new(&paths, 7, two, true)));
    CHECK(!bgp_paths_are_equal(&paths, a, bgp_paths_new(&paths, 8, two, false)));
}

static CU_TestInfo tests[] = {
    {"routes_of_one_origin_are_those_worked_out_by_hand",
     routes_of_one_origin_are_those_worked_out_by_hand},
    {"a_customer_chain_is_not_taken_for_its_provider",
     a_customer_chain_is_not_taken_for_its_provider},
    {"two_origins_share_the_networks", two_origins_share_the_networks},
    {"the_oldest_route_wins_where_it_should", the_oldest_route_wins_where_it_should},
    {"withdrawal_and_announcement_lead_back", withdrawal_and_announcement_lead_back},
    {"a_leak_spreads_and_filters_stop_it", a_leak_spreads_and_filters_stop_it},
    {"max_prefix_closes_the_session_and_opens_it_again",
     max_prefix_closes_the_session_and_opens_it_again},
    {"the_last_message_leaves_the_routes_of_the_definition",
     the_last_message_leaves_the_routes_of_the_definition},
    {"messages_do_not_overtake_each_other", messages_do_not_overtake_each_other},
    {"a_line_of_networks_hears_hop_by_hop", a_line_of_networks_hears_hop_by_hop},
    {"the_timer_holds_the_second_announcement_back", the_timer_holds_the_second_announcement_back},
    {"one_network_more_moves_nobody_elses_numbers", one_network_more_moves_nobody_elses_numbers},
    {"a_snapshot_goes_on_alike", a_snapshot_goes_on_alike},
    {"dropped_paths_are_used_again", dropped_paths_are_used_again},
    {"paths_are_equal_that_say_the_same", paths_are_equal_that_say_the_same},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("bgp", tests)
