/*
 * catchments.c - where users of the made-up Internet go, against what is published.
 *
 * Routes here come from the definition, place by place and without any shortcut, so that they also
 * say what a solver must find.  Six seeds of 20,000 networks; every PoP withdraws once.  Published:
 * 35 % of the users of Microsoft's CDN see any inflation (Koch et al., SIGCOMM 2021), 20 % of
 * clients a suboptimal PoP (Calder et al., IMC 2015); 19 of a network's 300 sites took half of its
 * requests (2022).  "Prototype" is an earlier, separate implementation of the same idea.
 */
#include "models/interconnect.h"
#include "models/internet_generate.h"
#include "tests/harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 6, BUSIEST = 19, TOP_USERS = 10 };
#define RTT_MS_PER_KM 0.015
#define LENGTH(rank) ((rank) % 64)
#define CLASS(rank) ((rank) / 64)

typedef struct Net {
    const Geo *geo;
    Internet *internet;
    Interconnect *edge;
    bool *is_down;  /* [pop] */
    uint8_t *rank;  /* [network] as in anycast.h; 255 none */
    bool *is_known; /* [place] */
    uint32_t *pop;  /* [place] */
} Net;

/* ---- Routes ---- */

static double
chord(const GeoPlaces *a, uint32_t i, const GeoPlaces *b, uint32_t j)
{
    double x = a->x[i] - b->x[j], y = a->y[i] - b->y[j], z = a->z[i] - b->z[j];
    return x * x + y * y + z * z;
}

static bool
improve(uint8_t *rank, unsigned class, unsigned length)
{
    if (class * 64 + length >= *rank)
        return false;
    *rank = (uint8_t)(class * 64 + length);
    return true;
}

/* Customers' routes go up until nothing changes, once across, and down; sellers come before their
 * customers in number. */
static void
rank_networks(Net *net)
{
    const Internet *internet = net->internet;
    memset(net->rank, 255, internet->n);
    for (uint32_t s = 0; s < net->edge->n_sessions; s++)
        if (!net->is_down[net->edge->pop[s]])
            improve(&net->rank[net->edge->network[s]], net->edge->class[s], 1);
    for (uint32_t i = internet->n; i-- > 0;)
        for (uint32_t k = internet->providers.start[i];
             net->rank[i] < 64 && k < internet->providers.start[i + 1]; k++)
            improve(&net->rank[internet->providers.list[k]], 0, net->rank[i] + 1u);
    for (uint32_t i = 0; i < internet->n; i++)
        for (uint32_t k = internet->peers.start[i];
             net->rank[i] < 64 && k < internet->peers.start[i + 1]; k++)
            improve(&net->rank[internet->peers.list[k]], 1, net->rank[i] + 1u);
    for (uint32_t i = 0; i < internet->n; i++)
        for (uint32_t k = internet->providers.start[i]; k < internet->providers.start[i + 1]; k++)
            if (net->rank[internet->providers.list[k]] != 255)
                improve(&net->rank[i], 2, LENGTH(net->rank[internet->providers.list[k]]) + 1u);
}

static uint32_t
nearest_place(const Net *net, uint32_t network, uint32_t metro)
{
    const Internet *internet = net->internet;
    const GeoPlaces *at = &net->geo->metros.at;
    uint32_t best = internet->place_start[network];
    for (uint32_t p = best + 1; p < internet->place_start[network + 1]; p++)
        if (chord(at, internet->home[p], at, metro) < chord(at, internet->home[best], at, metro))
            best = p;
    return best;
}

static uint32_t
nearest_session(const Net *net, uint32_t network, uint32_t metro)
{
    double best = INFINITY;
    uint32_t pop = SIM_NONE;
    for (uint32_t s = net->edge->start[network]; s < net->edge->start[network + 1]; s++) {
        double d = chord(&net->geo->metros.at, metro, &net->geo->pops.at, net->edge->pop[s]);
        if (net->is_down[net->edge->pop[s]] || net->edge->class[s] != CLASS(net->rank[network]) ||
            d >= best)
            continue;
        best = d;
        pop = net->edge->pop[s];
    }
    return pop;
}

/* The place of a neighbour that takes over. */
static uint32_t
next_place(const Net *net, uint32_t network, uint32_t metro)
{
    const Internet *internet = net->internet;
    const GeoPlaces *at = &net->geo->metros.at;
    const InternetRows *const by_class[] = {&internet->customers, &internet->peers,
                                            &internet->providers};
    const InternetRows *rows = by_class[CLASS(net->rank[network])];
    double best = INFINITY;
    uint32_t next = SIM_NONE;
    for (uint32_t k = rows->start[network]; k < rows->start[network + 1]; k++) {
        uint8_t rank = net->rank[rows->list[k]];
        if (rank == 255 || LENGTH(rank) + 1 != LENGTH(net->rank[network]) ||
            (rank >= 64 && CLASS(net->rank[network]) < 2))
            continue;
        uint32_t place = nearest_place(net, rows->list[k], metro);
        double d = chord(at, metro, at, internet->home[place]);
        if (d < best) {
            best = d;
            next = place;
        }
    }
    return next;
}

/* Follows hand-overs to a place that is known or meets the edge; then all on the way are known. */
static uint32_t
find_pop(Net *net, uint32_t place)
{
    uint32_t way[64], n = 0, pop = SIM_NONE;
    for (uint32_t at = place; at != SIM_NONE; n++) {
        uint32_t network = net->internet->network[at], metro = net->internet->home[at];
        if (net->is_known[at]) {
            pop = net->pop[at];
            break;
        }
        SIM_ASSERT(n < G_N_ELEMENTS(way));
        way[n] = at;
        if (LENGTH(net->rank[network]) == 1)
            pop = nearest_session(net, network, metro);
        at = net->rank[network] == 255 || LENGTH(net->rank[network]) == 1
                 ? SIM_NONE
                 : next_place(net, network, metro);
    }
    for (uint32_t i = 0; i < n && way[i] != SIM_NONE; i++) {
        net->is_known[way[i]] = true;
        net->pop[way[i]] = pop;
    }
    return pop;
}

static void
solve(Net *net)
{
    rank_networks(net);
    memset(net->is_known, 0, net->internet->n_places);
    for (uint32_t place = 0; place < net->internet->n_places; place++)
        if (net->internet->users[place] > 0)
            find_pop(net, place);
}

static void
net_init(Net *net, const Geo *geo, uint64_t seed, double remote, double hubs)
{
    InternetOptions internet = INTERNET_DEFAULTS;
    InterconnectOptions edge = INTERCONNECT_DEFAULTS;
    internet.seed = edge.seed = seed;
    edge.remote = remote;
    edge.hubs = hubs;
    net->geo = geo;
    net->internet = internet_generate(geo, &internet);
    net->edge = interconnect_make(net->internet, geo, &edge);
    net->is_down = g_new0(bool, geo->n_pops);
    net->rank = g_new(uint8_t, net->internet->n);
    net->is_known = g_new0(bool, net->internet->n_places);
    net->pop = g_new(uint32_t, net->internet->n_places);
    solve(net);
}

static void
net_finish(Net *net)
{
    internet_free(net->internet);
    interconnect_free(net->edge);
    g_free(net->is_down);
    g_free(net->rank);
    g_free(net->is_known);
    g_free(net->pop);
}

/* ---- What is counted ---- */

typedef enum Figure {
    NEAREST,
    INFLATED_1_MS,
    INFLATED_10_MS,
    INFLATED_25_MS,
    INFLATED_100_MS,
    UNREACHABLE,
    TOP_10_USERS,
    LARGEST,
    BUSIEST_19,
    MOVED_TO_FIRST,
    MOVED_TO_THREE,
    MOVED_SITES,
    FIGURES
} Figure;

static int
descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* Sorts values; what the first n add up to. */
static double
sum_of_first(double *values, uint32_t length, uint32_t n)
{
    double sum = 0;
    qsort(values, length, sizeof *values, descending);
    for (uint32_t i = 0; i < n && i < length; i++)
        sum += values[i];
    return sum;
}

static void
count_users(const Net *net, double *ret)
{
    const Internet *internet = net->internet;
    const Geo *geo = net->geo;
    const double limit[] = {1, 10, 25, 100};
    g_autofree uint32_t *nearest = g_new(uint32_t, geo->n_metros);
    g_autofree double *users = g_new0(double, geo->n_pops);
    g_autofree double *requests = g_new0(double, geo->n_pops);
    double all = 0, traffic = 0;
    geo_nearest(geo, NULL, nearest);
    for (uint32_t p = 0; p < internet->n_places; p++) {
        uint32_t metro = internet->home[p], pop = net->pop[p];
        double n = internet->users[p];
        all += n;
        traffic += n * geo->metros.requests_per_user[metro];
        if (n <= 0 || pop == SIM_NONE) {
            ret[UNREACHABLE] += n;
            continue;
        }
        users[pop] += n;
        requests[pop] += n * geo->metros.requests_per_user[metro];
        double ms = RTT_MS_PER_KM * (geo_metro_pop_km(geo, metro, pop) -
                                     geo_metro_pop_km(geo, metro, nearest[metro]));
        ret[NEAREST] += pop == nearest[metro] ? n : 0;
        for (int i = 0; i < 4; i++)
            ret[INFLATED_1_MS + i] += ms > limit[i] ? n : 0;
    }
    for (int figure = NEAREST; figure <= UNREACHABLE; figure++)
        ret[figure] /= all;
    ret[TOP_10_USERS] = sum_of_first(users, geo->n_pops, TOP_USERS) / all;
    ret[LARGEST] = users[0] / all;
    ret[BUSIEST_19] = sum_of_first(requests, geo->n_pops, BUSIEST) / traffic;
}

/* Where the users of one PoP go when it withdraws; false when it has none. */
static bool
withdraw(Net *net, uint32_t pop, const uint32_t *before, double *ret)
{
    const Internet *internet = net->internet;
    g_autofree double *moved = g_new0(double, net->geo->n_pops + 1);
    double all = 0;
    net->is_down[pop] = true;
    solve(net);
    net->is_down[pop] = false;
    for (uint32_t p = 0; p < internet->n_places; p++) {
        if (internet->users[p] <= 0 || before[p] != pop)
            continue;
        all += internet->users[p];
        moved[net->pop[p] == SIM_NONE ? net->geo->n_pops : net->pop[p]] += internet->users[p];
    }
    if (all <= 0)
        return false;
    ret[MOVED_TO_FIRST] += sum_of_first(moved, net->geo->n_pops, 1) / all;
    ret[MOVED_TO_THREE] += sum_of_first(moved, net->geo->n_pops, 3) / all;
    for (uint32_t i = 0; i < net->geo->n_pops; i++)
        ret[MOVED_SITES] += moved[i] > 0.01 * all;
    return true;
}

static void
count_moves(Net *net, double *ret)
{
    g_autofree uint32_t *before = g_memdup2(net->pop, net->internet->n_places * sizeof *net->pop);
    uint32_t n = 0;
    for (uint32_t pop = 0; pop < net->geo->n_pops; pop++)
        n += withdraw(net, pop, before, ret);
    for (int figure = MOVED_TO_FIRST; figure <= MOVED_SITES; figure++)
        ret[figure] /= n;
}

/* Means over the seeds; moves of the first alone, as every PoP withdraws there. */
static void
measure(const Geo *geo, double remote, double hubs, bool moves, double *ret)
{
    memset(ret, 0, FIGURES * sizeof *ret);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        Net net;
        double got[FIGURES] = {0};
        net_init(&net, geo, seed, remote, hubs);
        count_users(&net, got);
        if (moves && seed == 1)
            count_moves(&net, ret);
        for (int figure = 0; figure < MOVED_TO_FIRST; figure++)
            ret[figure] += got[figure] / SEEDS;
        net_finish(&net);
    }
}

/* ---- Against what is published ---- */

static Geo *
world(void)
{
    Geo *geo = NULL;
    g_autoptr(GError) error = NULL;
    if (!geo_load(NULL, NULL, &geo, &error))
        CHECK_STR(error->message, "");
    return geo;
}

static void
catchments_are_as_inflated_as_published(void)
{
    static const struct {
        const char *what, *published;
        Figure figure;
        double low, high;
    } rows[] = {
        {"users at their nearest PoP", "65 % (Koch), 80 % (Calder); prototype 65-70 %", NEAREST,
         0.65, 0.70},
        {"inflated at all (by 1 ms)", "35 % (Koch)", INFLATED_1_MS, 0.28, 0.36},
        {"inflated by over 10 ms", "prototype 13-18 %", INFLATED_10_MS, 0.13, 0.18},
        {"inflated by over 25 ms", "prototype 8-13 %", INFLATED_25_MS, 0.08, 0.13},
        {"inflated by over 100 ms", "prototype 0.7-2.5 %", INFLATED_100_MS, 0.007, 0.025},
        {"unreachable", "none", UNREACHABLE, 0, 0},
        {"users at the busiest 10 PoPs", "prototype 25 %", TOP_10_USERS, 0.20, 0.27},
        {"users at the largest PoP", "prototype 7 %", LARGEST, 0.025, 0.07},
        {"requests at the busiest 19 PoPs", "50 % (2022): see hubs", BUSIEST_19, 0.30, 0.5},
        {"of a withdrawn PoP, to its first neighbour", "prototype 45-50 %", MOVED_TO_FIRST, 0.45,
         0.50},
        {"to the first three", "prototype 77-84 %", MOVED_TO_THREE, 0.77, 0.84},
        {"PoPs that get over 1 % of it", "prototype 6-8", MOVED_SITES, 6, 8},
    };
    g_autoptr(Geo) geo = world();
    InterconnectOptions usual = INTERCONNECT_DEFAULTS;
    double got[FIGURES];
    measure(geo, usual.remote, usual.hubs, true, got);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        printf("%-44s %7.3f   %s\n", rows[i].what, got[rows[i].figure], rows[i].published);
        CHECK(got[rows[i].figure] >= rows[i].low && got[rows[i].figure] <= rows[i].high);
    }
}

static void
remote_peering_takes_users_from_their_nearest_pop(void)
{
    static const double remote[] = {0, 0.15, 0.30}, prototype[] = {0.785, 0.675, 0.558};
    g_autoptr(Geo) geo = world();
    double last = 1;
    for (size_t i = 0; i < G_N_ELEMENTS(remote); i++) {
        double got[FIGURES];
        measure(geo, remote[i], INTERCONNECT_DEFAULTS.hubs, false, got);
        printf("remote %.2f: nearest %.3f (prototype %.3f), over 10 ms %.3f, over 25 ms %.3f\n",
               remote[i], got[NEAREST], prototype[i], got[INFLATED_10_MS], got[INFLATED_25_MS]);
        CHECK_NEAR(got[NEAREST], prototype[i], 0.04);
        CHECK(got[NEAREST] < last - 0.08);
        last = got[NEAREST];
    }
}

/* More hub ingress, more requests in few PoPs, and fewer users at the nearest. */
static void
hubs_trade_proximity_for_concentration(void)
{
    static const double requests[2][3] = {{0.204, 0.360, 0.552}, {0.217, 0.345, 0.503}};
    g_autoptr(Geo) geo = world();
    for (int r = 0; r < 2; r++) {
        double last[FIGURES] = {[NEAREST] = 1};
        for (int h = 0; h < 3; h++) {
            double got[FIGURES];
            measure(geo, r * 0.15, h * 0.5, false, got);
            printf("remote %.2f, hubs %.1f: busiest 19 %.3f of requests, nearest %.3f of users\n",
                   r * 0.15, h * 0.5, got[BUSIEST_19], got[NEAREST]);
            CHECK_NEAR(got[BUSIEST_19], requests[r][h], 0.01);
            CHECK(got[BUSIEST_19] > last[BUSIEST_19] && got[NEAREST] < last[NEAREST]);
            memcpy(last, got, sizeof last);
        }
    }
}

static CU_TestInfo tests[] = {
    {"catchments_are_as_inflated_as_published", catchments_are_as_inflated_as_published},
    {"remote_peering_takes_users_from_their_nearest_pop",
     remote_peering_takes_users_from_their_nearest_pop},
    {"hubs_trade_proximity_for_concentration", hubs_trade_proximity_for_concentration},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("catchments", tests)
