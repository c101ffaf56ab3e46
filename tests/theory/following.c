/*
 * following.c - how long users take to follow when PoPs come and go, on the default Internet and
 * edge, against what was measured.
 *
 * Routes come from the definition, place by place and without any shortcut.
 */
#include "models/bgp.h"
#include "models/convergence.h"
#include "models/internet_generate.h"
#include "tests/harness.h"
#include "tests/told_anycast.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The default edge on the default Internet. */
typedef struct Edge {
    Geo *geo;
    Internet *internet;
    Interconnect *interconnect;
    SimArena *arena;
    bool *is_down; /* [pop] */
    Anycast anycast;
    uint32_t *parent, *pop; /* [place] before the latest change */
    Convergence *convergence;
    SimTime *delay;
} Edge;

/* ---- routes by the definition ---- */

static double
chord(const GeoPlaces *a, uint32_t i, const GeoPlaces *b, uint32_t j)
{
    double x = a->x[i] - b->x[j], y = a->y[i] - b->y[j], z = a->z[i] - b->z[j];
    return x * x + y * y + z * z;
}

static unsigned
through(const Edge *edge, const InternetRows *rows, uint32_t network, unsigned class)
{
    unsigned least = ANYCAST_UNREACHABLE;
    for (uint32_t i = rows->start[network]; i < rows->start[network + 1]; i++) {
        unsigned rank = edge->anycast.rank[rows->list[i]];
        if (rank < (class == 2 ? ANYCAST_UNREACHABLE : ANYCAST_CLASS_STEP))
            least = MIN(least, class * ANYCAST_CLASS_STEP + rank % ANYCAST_CLASS_STEP + 1);
    }
    return least;
}

static unsigned
at_session(const Edge *edge, uint32_t s)
{
    const Interconnect *sessions = edge->interconnect;
    return edge->is_down[sessions->pop[s]]
               ? ANYCAST_UNREACHABLE
               : (unsigned)sessions->class[s] * ANYCAST_CLASS_STEP + 1 + sessions->prepend[s];
}

/* Sweeps until nothing changes. */
static void
rank_networks(Edge *edge)
{
    const Internet *net = edge->internet;
    const uint32_t *start = edge->interconnect->start;
    memset(edge->anycast.rank, ANYCAST_UNREACHABLE, net->n);
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t v = 0; v < net->n; v++) {
            unsigned rank =
                MIN(through(edge, &net->customers, v, 0),
                    MIN(through(edge, &net->peers, v, 1), through(edge, &net->providers, v, 2)));
            for (uint32_t s = start[v]; s < start[v + 1]; s++)
                rank = MIN(rank, at_session(edge, s));
            moved |= rank != edge->anycast.rank[v];
            edge->anycast.rank[v] = (uint8_t)rank;
        }
    }
}

static uint32_t
nearest_session(const Edge *edge, uint32_t network, uint32_t metro, double *ret_distance)
{
    const Interconnect *sessions = edge->interconnect;
    uint32_t best = SIM_NONE;
    *ret_distance = INFINITY;
    for (uint32_t s = sessions->start[network]; s < sessions->start[network + 1]; s++) {
        double d = chord(&edge->geo->metros.at, metro, &edge->geo->pops.at, sessions->pop[s]);
        if (at_session(edge, s) == edge->anycast.rank[network] && d < *ret_distance) {
            *ret_distance = d;
            best = sessions->pop[s];
        }
    }
    return best;
}

/* The nearest home of a neighbour that supports the network's rank. */
static uint32_t
next_place(const Edge *edge, uint32_t network, uint32_t metro, double *distance)
{
    const Internet *net = edge->internet;
    const GeoPlaces *at = &edge->geo->metros.at;
    const InternetRows *const by_class[] = {&net->customers, &net->peers, &net->providers};
    unsigned rank = edge->anycast.rank[network], class = rank / ANYCAST_CLASS_STEP;
    const InternetRows *rows = by_class[class];
    uint32_t next = SIM_NONE;
    for (uint32_t k = rows->start[network]; k < rows->start[network + 1]; k++) {
        uint32_t w = rows->list[k];
        unsigned theirs = edge->anycast.rank[w];
        if (theirs >= (class == 2 ? ANYCAST_UNREACHABLE : ANYCAST_CLASS_STEP) ||
            theirs % ANYCAST_CLASS_STEP + 1 != rank % ANYCAST_CLASS_STEP)
            continue;
        for (uint32_t p = net->place_start[w]; p < net->place_start[w + 1]; p++) {
            double d = chord(at, metro, at, net->home[p]);
            if (d < *distance) {
                *distance = d;
                next = p;
            }
        }
    }
    return next;
}

/* Parents first: by length of the network's way. */
static void
solve(Edge *edge)
{
    const Internet *net = edge->internet;
    Anycast *anycast = &edge->anycast;
    rank_networks(edge);
    for (uint32_t p = 0; p < net->n_places; p++)
        anycast->parent[p] = anycast->pop[p] = SIM_NONE;
    for (unsigned length = 1; length <= ANYCAST_LENGTH_MAX; length++)
        for (uint32_t p = 0; p < net->n_places; p++) {
            uint8_t rank = anycast->rank[net->network[p]];
            if (rank == ANYCAST_UNREACHABLE || rank % ANYCAST_CLASS_STEP != length)
                continue;
            double distance;
            uint32_t pop = nearest_session(edge, net->network[p], net->home[p], &distance);
            uint32_t next = next_place(edge, net->network[p], net->home[p], &distance);
            anycast->parent[p] = next;
            anycast->pop[p] = next == SIM_NONE ? pop : anycast->pop[next];
        }
}

/* The changes that a solver would tell: of PoP, or of the neighbour handed over to. */
static void
find_changes(Edge *edge)
{
    Anycast *anycast = &edge->anycast;
    anycast->n_changes = 0;
    for (uint32_t p = 0; p < edge->internet->n_places; p++)
        if (anycast->pop[p] != edge->pop[p] || anycast->parent[p] != edge->parent[p])
            anycast->changes[anycast->n_changes++] =
                (AnycastChange){.place = p, .from = edge->pop[p], .to = anycast->pop[p]};
}

static Edge
edge_new(uint64_t seed)
{
    Edge edge = {.arena = sim_arena_new(0)};
    CHECK(geo_load(NULL, NULL, &edge.geo, NULL));
    InternetOptions internet = INTERNET_DEFAULTS;
    InterconnectOptions interconnect = INTERCONNECT_DEFAULTS;
    internet.seed = interconnect.seed = seed;
    edge.internet = internet_generate(edge.geo, &internet);
    edge.interconnect = interconnect_make(edge.internet, edge.geo, &interconnect);
    edge.is_down = g_new0(bool, edge.interconnect->n_pops);
    told_anycast_init(&edge.anycast, edge.internet);
    edge.parent = g_new(uint32_t, edge.internet->n_places);
    edge.pop = g_new(uint32_t, edge.internet->n_places);
    edge.delay = g_new(SimTime, edge.internet->n_places);
    solve(&edge);
    edge.convergence = convergence_new(&edge.anycast, &CONVERGENCE_DEFAULTS,
                                       sim_rng_named(seed, 0, "convergence"), edge.arena);
    return edge;
}

static void
edge_drop(Edge *edge)
{
    told_anycast_clear(&edge->anycast);
    g_free(edge->is_down);
    g_free(edge->parent);
    g_free(edge->pop);
    g_free(edge->delay);
    sim_arena_free(edge->arena);
    interconnect_free(edge->interconnect);
    internet_free(edge->internet);
    geo_free(edge->geo);
}

/* ---- users by delay ---- */

typedef struct Moved {
    double seconds, users;
} Moved;

static int
compare_moved(const void *a, const void *b, void *unused)
{
    const Moved *x = a, *y = b;
    (void)unused;
    return (x->seconds > y->seconds) - (x->seconds < y->seconds);
}

static void
change_routes(Edge *edge, const uint32_t *pops, uint32_t n_pops, RouteCause cause, SimTime hold)
{
    size_t size = edge->internet->n_places * sizeof *edge->parent;
    memcpy(edge->parent, edge->anycast.parent, size);
    memcpy(edge->pop, edge->anycast.pop, size);
    for (uint32_t i = 0; i < n_pops; i++)
        edge->is_down[pops[i]] = cause != ROUTE_ANNOUNCE;
    solve(edge);
    find_changes(edge);
    convergence_follow(edge->convergence, &edge->anycast, cause, hold, edge->delay);
}

static void
change(Edge *edge, const uint32_t *pops, uint32_t n_pops, RouteCause cause, GArray *moved)
{
    change_routes(edge, pops, n_pops, cause, 0);
    const AnycastChange *changes = edge->anycast.changes;
    for (uint32_t i = 0; i < edge->anycast.n_changes; i++)
        if (changes[i].from != changes[i].to) {
            Moved move = {sim_seconds(edge->delay[i]), edge->internet->users[changes[i].place]};
            g_array_append_val(moved, move);
        }
}

/* Seconds until that share of the users has followed. */
static double
users_quantile(const GArray *moved, double share)
{
    double all = 0, sum = 0;
    for (uint32_t i = 0; i < moved->len; i++)
        all += g_array_index(moved, Moved, i).users;
    for (uint32_t i = 0; i < moved->len; i++) {
        sum += g_array_index(moved, Moved, i).users;
        if (sum >= share * all)
            return g_array_index(moved, Moved, i).seconds;
    }
    return g_array_index(moved, Moved, moved->len - 1).seconds;
}

static void
print_users(const char *name, GArray *moved)
{
    g_array_sort_with_data(moved, compare_moved, NULL);
    double all = 0, mean = 0;
    for (uint32_t i = 0; i < moved->len; i++) {
        all += g_array_index(moved, Moved, i).users;
        mean += g_array_index(moved, Moved, i).users * g_array_index(moved, Moved, i).seconds;
    }
    printf("%-18s places %7u  t50 %5.1f  t80 %5.1f  t90 %5.1f  t99 %5.1f  last %5.1f  mean %5.1f\n",
           name, moved->len, users_quantile(moved, 0.5), users_quantile(moved, 0.8),
           users_quantile(moved, 0.9), users_quantile(moved, 0.99), users_quantile(moved, 1),
           mean / all);
}

/* Each sixth PoP goes and comes back. */
static void
pops_go_and_come(uint64_t seed, RouteCause cause, GArray *gone, GArray *back)
{
    Edge edge = edge_new(seed);
    for (uint32_t pop = (uint32_t)seed; pop < edge.interconnect->n_pops; pop += 6) {
        change(&edge, &pop, 1, cause, gone);
        change(&edge, &pop, 1, ROUTE_ANNOUNCE, back);
    }
    edge_drop(&edge);
}

static void
users_of_one_pop_follow_as_fast_as_was_measured(void)
{
    g_autoptr(GArray) drained = g_array_new(FALSE, FALSE, sizeof(Moved));
    g_autoptr(GArray) cut = g_array_new(FALSE, FALSE, sizeof(Moved));
    g_autoptr(GArray) back = g_array_new(FALSE, FALSE, sizeof(Moved));
    for (uint64_t seed = 1; seed <= 3; seed++) {
        pops_go_and_come(seed, ROUTE_DRAIN, drained, back);
        pops_go_and_come(seed, ROUTE_CUT, cut, back);
    }
    print_users("a PoP withdrawn", drained);
    print_users("a PoP cut", cut);
    print_users("announced again", back);
    printf("published          80 %% of hosts within about 10 s, long tail (ANRW 2024); "
           "announced: 50 %% < 10 s, all by 38-60\n");
    CHECK(users_quantile(drained, 0.8) > 4 && users_quantile(drained, 0.8) < 12);
    CHECK(users_quantile(drained, 0.99) > 10 && users_quantile(drained, 0.99) < 60);
    CHECK(users_quantile(cut, 0.8) < users_quantile(drained, 0.8));
    CHECK(users_quantile(back, 0.5) < 10 && users_quantile(back, 0.99) < 60);
}

static void
the_last_route_is_hunted_for_two_minutes(void)
{
    Edge edge = edge_new(1);
    uint32_t n_pops = edge.interconnect->n_pops;
    g_autofree uint32_t *pops = g_new(uint32_t, n_pops);
    for (uint32_t pop = 0; pop < n_pops; pop++)
        pops[pop] = pop;
    g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(Moved));
    g_autoptr(GArray) back = g_array_new(FALSE, FALSE, sizeof(Moved));
    change(&edge, pops, n_pops, ROUTE_DRAIN, gone);
    CHECK_INT(gone->len, edge.internet->n_places);
    change(&edge, pops, n_pops, ROUTE_ANNOUNCE, back);
    print_users("all withdrawn", gone);
    print_users("all announced", back);
    printf(
        "published          withdrawn: a tenth left after about 120 s, mean 121 s; Facebook 2021: "
        "last after 660-840 s\n");
    CHECK_NEAR(users_quantile(gone, 0.9), 130, 40);
    CHECK(users_quantile(back, 0.5) < 10 && users_quantile(back, 0.99) < 60);
    edge_drop(&edge);
}

/* Case A7. */
static void
a_silent_pop_loses_all_its_users_for_the_hold_time(void)
{
    Edge edge = edge_new(1);
    uint32_t pop = 0, n = 0;
    SimTime least = SIM_TIME_MAX;
    change_routes(&edge, &pop, 1, ROUTE_SILENT, 90 * SIM_SECOND);
    for (uint32_t i = 0; i < edge.anycast.n_changes; i++)
        if (edge.anycast.changes[i].from == pop) {
            least = MIN(least, edge.delay[i]);
            n++;
        }
    CHECK(n > 0);
    CHECK(least >= 90 * SIM_SECOND);
    edge_drop(&edge);
}

static void
check_ranks(const Edge *edge, const Bgp *bgp)
{
    uint32_t n_wrong = 0;
    for (uint32_t v = 0; v < edge->internet->n; v++)
        n_wrong += edge->anycast.rank[v] != bgp_rank(bgp, v);
    CHECK_INT(n_wrong, 0);
}

static void
messages_lead_to_the_routes_of_the_definition(void)
{
    Edge edge = edge_new(1);
    const Interconnect *sessions = edge.interconnect;
    Bgp *bgp =
        bgp_new(edge.internet, sessions, &BGP_DEFAULTS, sim_rng_named(1, 0, "bgp"), edge.arena);
    for (uint32_t s = 0; s < sessions->n_sessions; s++)
        bgp_session_set(bgp, s, true, sessions->prepend[s]);
    bgp_run(bgp);
    check_ranks(&edge, bgp);
    for (uint32_t pop = 0; pop < sessions->n_pops; pop++) {
        edge.is_down[pop] = true;
        for (uint32_t i = sessions->pop_start[pop]; i < sessions->pop_start[pop + 1]; i++)
            bgp_session_set(bgp, sessions->of_pop[i], false, 0);
        bgp_run(bgp);
        if (pop % 30 == 29) {
            rank_networks(&edge);
            check_ranks(&edge, bgp);
        }
    }
    edge_drop(&edge);
}

static CU_TestInfo tests[] = {
    {"users_of_one_pop_follow_as_fast_as_was_measured",
     users_of_one_pop_follow_as_fast_as_was_measured},
    {"the_last_route_is_hunted_for_two_minutes", the_last_route_is_hunted_for_two_minutes},
    {"a_silent_pop_loses_all_its_users_for_the_hold_time",
     a_silent_pop_loses_all_its_users_for_the_hold_time},
    {"messages_lead_to_the_routes_of_the_definition",
     messages_lead_to_the_routes_of_the_definition},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("theory_following", tests)
