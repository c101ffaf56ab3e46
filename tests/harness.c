#include "tests/harness.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static bool
record(bool ok, const char *message, const char *file, int line)
{
    CU_assertImplementation(ok ? CU_TRUE : CU_FALSE, (unsigned)line, message, file, "", CU_FALSE);
    if (!ok)
        fprintf(stderr, "%s:%d: %s\n", file, line, message);
    return ok;
}

bool
test_check(bool condition, const char *text, const char *file, int line)
{
    return record(condition, text, file, line);
}

bool
test_check_int(int64_t got, int64_t want, const char *text, const char *file, int line)
{
    char message[512];
    snprintf(message, sizeof message, "%s: got %lld, want %lld", text, (long long)got,
             (long long)want);
    return record(got == want, message, file, line);
}

bool
test_check_str(const char *got, const char *want, const char *text, const char *file, int line)
{
    char message[4096];
    snprintf(message, sizeof message, "%s:\n  got  '%s'\n  want '%s'", text, got ? got : "(null)",
             want ? want : "(null)");
    return record(got && want && strcmp(got, want) == 0, message, file, line);
}

bool
test_check_near(double got, double want, double tolerance, const char *text, const char *file,
                int line)
{
    char message[512];
    snprintf(message, sizeof message, "%s: got %.9g, want %.9g within %.3g", text, got, want,
             tolerance);
    return record(fabs(got - want) <= tolerance, message, file, line);
}

bool
test_check_has(const char *text, const char *part, const char *expression, const char *file,
               int line)
{
    char message[4096];
    snprintf(message, sizeof message, "%s: '%s' does not contain '%s'", expression,
             text ? text : "(null)", part);
    return record(text && strstr(text, part), message, file, line);
}

static bool
is_wanted(const char *test, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], test) == 0)
            return true;
    return argc <= 1;
}

int
test_main(const char *name, CU_TestInfo *tests, int argc, char **argv)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite suite = CU_add_suite(name, NULL, NULL);
    unsigned n = 0;
    for (CU_TestInfo *test = tests; test->pName; test++)
        if (is_wanted(test->pName, argc, argv)) {
            CU_add_test(suite, test->pName, test->pTestFunc);
            n++;
        }
    CU_basic_set_mode(CU_BRM_SILENT);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_tests_failed();
    printf("%s: %u passed, %u failed\n", name, n - failed, failed);
    CU_cleanup_registry();
    return n == 0 || failed ? 1 : 0;
}
