#include "models/interconnect.h"
#include "tests/harness.h"

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

static CU_TestInfo tests[] = {
    {"sessions_are_sorted_and_found_both_ways", sessions_are_sorted_and_found_both_ways},
    {"an_edge_may_meet_nobody", an_edge_may_meet_nobody},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("interconnect", tests)
