/*
 * harness.h - what every test file shares: checks that print both sides, and
 * the main function.
 *
 * A test file is statics named as facts, one table, and TEST_MAIN.  The
 * program runs all its tests, or those named on its command line, and ends
 * with the line "NAME: N passed, N failed".
 */
#pragma once

#include <CUnit/CUnit.h>
#include <stdbool.h>
#include <stdint.h>

#define CHECK(condition) test_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_INT(got, want)                                                                       \
    test_check_int((int64_t)(got), (int64_t)(want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want) test_check_str((got), (want), #got, __FILE__, __LINE__)
/* |got - want| <= tolerance; a NaN on either side fails. */
#define CHECK_NEAR(got, want, tolerance)                                                           \
    test_check_near((got), (want), (tolerance), #got, __FILE__, __LINE__)
/* The text contains the part. */
#define CHECK_HAS(text, part) test_check_has((text), (part), #text, __FILE__, __LINE__)

bool test_check(bool condition, const char *text, const char *file, int line);
bool test_check_int(int64_t got, int64_t want, const char *text, const char *file, int line);
bool test_check_str(const char *got, const char *want, const char *text, const char *file,
                    int line);
bool test_check_near(double got, double want, double tolerance, const char *text, const char *file,
                     int line);
bool test_check_has(const char *text, const char *part, const char *expression, const char *file,
                    int line);

int test_main(const char *name, CU_TestInfo *tests, int argc, char **argv);

#define TEST_MAIN(name, tests)                                                                     \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return test_main(name, tests, argc, argv);                                                 \
    }
