#include "models/outcome.h"

#include "tests/harness.h"

#include <glib.h>
#include <string.h>

static void
every_outcome_is_of_one_class(void)
{
    for (int i = 0; i < OUTCOME_COUNT; i++) {
        Outcome outcome = (Outcome)i;
        CHECK_INT(outcome_is_served(outcome) + outcome_is_blocked(outcome) +
                      outcome_is_failed(outcome),
                  1);
    }
    CHECK(!outcome_is_failed(OUTCOME_NONE));
    CHECK(outcome_is_blocked(OUTCOME_429));
    CHECK(outcome_is_served(OUTCOME_STALE));
    CHECK(outcome_is_failed(OUTCOME_TIMEOUT));
}

static void
names_are_all_there_and_differ(void)
{
    for (int i = 0; i < OUTCOME_COUNT; i++)
        for (int j = 0; j < i; j++)
            CHECK(strcmp(outcome_names[i], outcome_names[j]) != 0);
    CHECK(outcome_names[OUTCOME_COUNT] == NULL);
    CHECK_STR(outcome_names[OUTCOME_503], "503");
}

static CU_TestInfo tests[] = {
    {"every_outcome_is_of_one_class", every_outcome_is_of_one_class},
    {"names_are_all_there_and_differ", names_are_all_there_and_differ},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("outcome", tests)
