#include "sim/pool.h"
#include "tests/harness.h"

#include <string.h>

static void
pieces_are_zeroed_aligned_and_stay_where_they_are(void)
{
    g_autoptr(SimPool) pool = sim_pool_new();
    char *pieces[1000];
    for (int i = 0; i < 1000; i++) {
        size_t size = (size_t)(i * 37 % 4000) + 1;
        pieces[i] = sim_pool_alloc(pool, size, 1);
        CHECK_INT((uintptr_t)pieces[i] % 16, 0);
        CHECK(pieces[i][0] == 0 && pieces[i][size - 1] == 0);
        memset(pieces[i], i % 100 + 1, size);
    }
    for (int i = 0; i < 1000; i++)
        CHECK_INT(pieces[i][i * 37 % 4000], i % 100 + 1);
}

static void
large_and_empty_pieces_are_fine(void)
{
    g_autoptr(SimPool) pool = sim_pool_new();
    char *large = sim_pool_alloc(pool, 1000, 1000);
    large[999999] = 'x';
    CHECK(sim_pool_alloc(pool, 0, 8) != NULL);
    CHECK_INT(large[999999], 'x');
    sim_pool_free(NULL);
}

static void
copies_end_where_they_should(void)
{
    g_autoptr(SimPool) pool = sim_pool_new();
    CHECK_STR(sim_pool_strndup(pool, "abcdef", 3), "abc");
    CHECK_STR(sim_pool_strndup(pool, "", 0), "");
}

static CU_TestInfo tests[] = {
    {"pieces_are_zeroed_aligned_and_stay_where_they_are",
     pieces_are_zeroed_aligned_and_stay_where_they_are},
    {"large_and_empty_pieces_are_fine", large_and_empty_pieces_are_fine},
    {"copies_end_where_they_should", copies_end_where_they_should},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("pool", tests)
