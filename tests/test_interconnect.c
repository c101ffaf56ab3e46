#include "models/interconnect.h"
#include "models/internet_generate.h"
#include "tests/harness.h"

#include <math.h>
#include <string.h>

static void
sessions_are_sorted_and_found_both_ways(void)
{
    const InterconnectSession sessions[] = {
        {.network = 3, .pop = 1, .class = SESSION_PEER, .prepend = 2},
        {.network = 0, .pop = 2, .class = SESSION_CUSTOMER},
        {.network = 3, .pop = 0, .class = SESSION_PROVIDER},
        {.network = 1, .pop = 1, .class = SESSION_PEER},
    };
    g_autoptr(Interconnect) edge = interconnect_of(4, 4, sessions, 4);
    const uint32_t start[] = {0, 1, 2, 2, 4}, pop_start[] = {0, 1, 3, 4, 4};
    const uint32_t network[] = {0, 1, 3, 3}, pop[] = {2, 1, 0, 1}, of_pop[] = {2, 1, 3, 0};
    for (int i = 0; i < 5; i++) {
        CHECK_INT(edge->start[i], start[i]);
        CHECK_INT(edge->pop_start[i], pop_start[i]);
    }
    for (int i = 0; i < 4; i++) {
        CHECK_INT(edge->network[i], network[i]);
        CHECK_INT(edge->pop[i], pop[i]);
        CHECK_INT(edge->of_pop[i], of_pop[i]);
    }
    CHECK_INT(edge->class[2], SESSION_PROVIDER);
    CHECK_INT(edge->class[3], SESSION_PEER);
    CHECK_INT(edge->prepend[3], 2);
}

static void
an_edge_may_meet_nobody(void)
{
    g_autoptr(Interconnect) edge = interconnect_of(2, 3, NULL, 0);
    CHECK_INT(edge->n_sessions, 0);
    CHECK_INT(edge->start[2], 0);
    CHECK_INT(edge->pop_start[3], 0);
}

typedef struct World {
    Geo *geo;
    Internet *internet;
} World;

static World
world(uint32_t networks)
{
    World world = {0};
    g_autoptr(GError) error = NULL;
    if (!geo_load(NULL, NULL, &world.geo, &error))
        CHECK_STR(error->message, "");
    world.internet =
        internet_generate(world.geo, &(InternetOptions){.seed = 1, .networks = networks});
    return world;
}

static void
world_finish(World *world)
{
    internet_free(world->internet);
    geo_free(world->geo);
}

static Interconnect *
make(const World *world, uint32_t networks, double remote, double hubs)
{
    InterconnectOptions options = INTERCONNECT_DEFAULTS;
    options.networks = networks;
    options.remote = remote;
    options.hubs = hubs;
    return interconnect_make(world->internet, world->geo, &options);
}

static uint32_t
sessions_of(const Interconnect *edge, uint32_t network)
{
    return edge->start[network + 1] - edge->start[network];
}

/* Networks with sessions of that class. */
static uint32_t
count_networks(const Interconnect *edge, SessionClass class)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < edge->n_networks; i++)
        n += sessions_of(edge, i) > 0 && edge->class[edge->start[i]] == class;
    return n;
}

static void
as_many_networks_meet_the_edge_as_asked_for(void)
{
    World w = world(2000);
    for (uint32_t networks = 0; networks <= 1000; networks += 250) {
        g_autoptr(Interconnect) edge = make(&w, networks, 0.15, 0.4);
        CHECK_INT(count_networks(edge, SESSION_PEER), networks);
        CHECK_INT(count_networks(edge, SESSION_CUSTOMER), 8);
        CHECK_INT(count_networks(edge, SESSION_PROVIDER), 0);
    }
    g_autoptr(Interconnect) most = make(&w, 13000, 0.15, 0.4);
    CHECK_INT(count_networks(most, SESSION_PEER), 1300);
    world_finish(&w);
}

static void
the_smallest_internet_meets_the_edge(void)
{
    World w = world(INTERNET_GENERATE_MIN);
    g_autoptr(Interconnect) edge = make(&w, 13000, 0.15, 0.4);
    CHECK_INT(count_networks(edge, SESSION_CUSTOMER), 3);
    CHECK_INT(count_networks(edge, SESSION_PEER), 41);
    world_finish(&w);
}

static void
tier_1_sell_transit_where_they_are(void)
{
    World w = world(2000);
    g_autoptr(Interconnect) edge = make(&w, 1000, 0.15, 0.4);
    for (uint32_t s = 0; s < edge->n_sessions; s++) {
        uint32_t network = edge->network[s];
        double nearest = INFINITY;
        if (edge->class[s] != SESSION_CUSTOMER)
            continue;
        CHECK_INT(w.internet->kind[network], NETWORK_TIER1);
        for (uint32_t place = w.internet->place_start[network];
             place < w.internet->place_start[network + 1]; place++)
            nearest = MIN(nearest, geo_metro_pop_km(w.geo, w.internet->home[place], edge->pop[s]));
        CHECK(nearest < 61);
    }
    for (uint32_t i = 0; i < w.internet->n; i++)
        if (sessions_of(edge, i) > 0 && edge->class[edge->start[i]] == SESSION_CUSTOMER)
            CHECK(sessions_of(edge, i) > 30);
    world_finish(&w);
}

/* With everybody remote, only sellers of transit in several countries meet the edge nearby. */
static void
remote_networks_meet_the_edge_once_and_far_away(void)
{
    World w = world(2000);
    g_autoptr(Interconnect) edge = make(&w, 1000, 1, 0.4);
    uint32_t once = 0;
    for (uint32_t i = 0; i < w.internet->n; i++) {
        uint32_t first_home = w.internet->home[w.internet->place_start[i]];
        if (w.internet->kind[i] < NETWORK_CONTENT || sessions_of(edge, i) == 0)
            continue;
        CHECK_INT(sessions_of(edge, i), 1);
        CHECK(geo_metro_pop_km(w.geo, first_home, edge->pop[edge->start[i]]) > 499);
        once++;
    }
    CHECK(once > 500);
    world_finish(&w);
}

/* Four standard errors of some 10,000 draws. */
static void
the_remote_share_of_networks_is_remote(void)
{
    World w = world(20000);
    g_autoptr(Interconnect) none = make(&w, 13000, 0, 0.4);
    g_autoptr(Interconnect) some = make(&w, 13000, 0.15, 0.4);
    uint32_t stubs = 0, changed = 0;
    for (uint32_t i = 0; i < w.internet->n; i++) {
        if (w.internet->kind[i] != NETWORK_STUB || sessions_of(none, i) == 0)
            continue;
        uint32_t n = sessions_of(none, i);
        stubs++;
        changed += n != sessions_of(some, i) ||
                   memcmp(none->pop + none->start[i], some->pop + some->start[i],
                          n * sizeof *none->pop) != 0;
    }
    CHECK(stubs > 8000);
    CHECK_NEAR((double)changed / stubs, 0.15, 4 * sqrt(0.15 * 0.85 / stubs));
    world_finish(&w);
}

static void
networks_that_prefer_hubs_meet_where_many_meet(void)
{
    World w = world(2000);
    double weight[3] = {0};
    for (int i = 0; i < 3; i++) {
        g_autoptr(Interconnect) edge = make(&w, 1000, 0, i * 0.5);
        for (uint32_t s = 0; s < edge->n_sessions; s++)
            weight[i] += w.geo->pops.weight[edge->pop[s]] / edge->n_sessions;
    }
    CHECK(weight[1] > 1.15 * weight[0] && weight[2] > 1.15 * weight[1]);
    world_finish(&w);
}

static void
content_and_networks_with_users_come_first(void)
{
    World w = world(20000);
    g_autoptr(Interconnect) edge = make(&w, 5000, 0.15, 0.4);
    double all = 0, met = 0;
    uint32_t n[NETWORK_KINDS] = {0}, n_met[NETWORK_KINDS] = {0};
    for (uint32_t i = 0; i < w.internet->n; i++) {
        n[w.internet->kind[i]]++;
        n_met[w.internet->kind[i]] += sessions_of(edge, i) > 0;
    }
    for (uint32_t p = 0; p < w.internet->n_places; p++) {
        all += w.internet->users[p];
        met += sessions_of(edge, w.internet->network[p]) > 0 ? w.internet->users[p] : 0;
    }
    CHECK(met / all > 0.6);
    CHECK(n_met[NETWORK_CONTENT] * n[NETWORK_STUB] > 2 * n_met[NETWORK_STUB] * n[NETWORK_CONTENT]);
    world_finish(&w);
}

static void
a_seed_makes_one_edge(void)
{
    World w = world(2000);
    g_autoptr(Interconnect) a = make(&w, 1000, 0.15, 0.4);
    g_autoptr(Interconnect) again = make(&w, 1000, 0.15, 0.4);
    g_autoptr(Interconnect) other = interconnect_make(
        w.internet, w.geo,
        &(InterconnectOptions){
            .seed = 2, .networks = 1000, .transits = 8, .remote = 0.15, .hubs = 0.4});
    CHECK_INT(a->n_sessions, again->n_sessions);
    CHECK(memcmp(a->pop, again->pop, a->n_sessions * sizeof *a->pop) == 0);
    CHECK(a->n_sessions != other->n_sessions ||
          memcmp(a->pop, other->pop, a->n_sessions * sizeof *a->pop) != 0);
    world_finish(&w);
}

static CU_TestInfo tests[] = {
    {"sessions_are_sorted_and_found_both_ways", sessions_are_sorted_and_found_both_ways},
    {"an_edge_may_meet_nobody", an_edge_may_meet_nobody},
    {"as_many_networks_meet_the_edge_as_asked_for", as_many_networks_meet_the_edge_as_asked_for},
    {"the_smallest_internet_meets_the_edge", the_smallest_internet_meets_the_edge},
    {"tier_1_sell_transit_where_they_are", tier_1_sell_transit_where_they_are},
    {"remote_networks_meet_the_edge_once_and_far_away",
     remote_networks_meet_the_edge_once_and_far_away},
    {"the_remote_share_of_networks_is_remote", the_remote_share_of_networks_is_remote},
    {"networks_that_prefer_hubs_meet_where_many_meet",
     networks_that_prefer_hubs_meet_where_many_meet},
    {"content_and_networks_with_users_come_first", content_and_networks_with_users_come_first},
    {"a_seed_makes_one_edge", a_seed_makes_one_edge},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("interconnect", tests)
