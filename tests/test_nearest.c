#include "sim/nearest.h"
#include "tests/harness.h"

#include <glib.h>

static void
distance_counts_edits_and_swaps_up_to_a_limit(void)
{
    static const struct {
        const char *left, *right;
        uint32_t distance;
    } rows[] = {
        {"servers", "servers", 0},    {"servrs", "servers", 1}, {"timelnie", "timeline", 1},
        {"SERVERS", "servers", 0},    {"abc", "", 3},           {"kitten", "sitting", 3},
        {"abcdef", "ghijkl", 4},      {"ab", "ba", 1},          {"", "", 0},
        {"seervices", "services", 1},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        CHECK_INT(sim_nearest_distance(rows[i].left, rows[i].right, 3), rows[i].distance);
        CHECK_INT(sim_nearest_distance(rows[i].right, rows[i].left, 3), rows[i].distance);
    }
}

static void
the_nearest_is_found_and_the_first_of_equals_wins(void)
{
    static const char *const words[] = {"cat", "cart", "cast", "placement"};
    CHECK_STR(sim_nearest("cass", words, 4), "cast");
    CHECK_STR(sim_nearest("carst", words, 4), "cart");
    CHECK_STR(sim_nearest("plcement", words, 4), "placement");
}

static void
what_is_too_far_or_too_short_has_no_nearest(void)
{
    static const char *const words[] = {"cat", "b"};
    CHECK(sim_nearest("horse", words, 2) == NULL);
    CHECK(sim_nearest("a", words, 2) == NULL);
    CHECK(sim_nearest("", words, 2) == NULL);
    CHECK(sim_nearest("cat", words, 0) == NULL);
    g_autofree char *long_word = g_strnfill(5000, 'c');
    CHECK(sim_nearest(long_word, words, 2) == NULL);
}

static CU_TestInfo tests[] = {
    {"distance_counts_edits_and_swaps_up_to_a_limit",
     distance_counts_edits_and_swaps_up_to_a_limit},
    {"the_nearest_is_found_and_the_first_of_equals_wins",
     the_nearest_is_found_and_the_first_of_equals_wins},
    {"what_is_too_far_or_too_short_has_no_nearest", what_is_too_far_or_too_short_has_no_nearest},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("nearest", tests)
