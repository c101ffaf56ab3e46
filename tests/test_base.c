#include "sim/base.h"

#include "tests/harness.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void
seconds_round_to_the_nearest_nanosecond_and_saturate(void)
{
    CHECK_INT(sim_from_seconds(1.5), 1500 * SIM_MILLISECOND);
    CHECK_INT(sim_from_seconds(-1.5), -1500 * SIM_MILLISECOND);
    CHECK_INT(sim_from_nanoseconds(2.5), 3);
    CHECK_INT(sim_from_nanoseconds(-2.5), -3);
    CHECK_INT(sim_from_nanoseconds(0.49999999999999994), 0);
    CHECK_INT(sim_from_nanoseconds(4503599627370497.0), INT64_C(4503599627370497));
    CHECK_INT(sim_from_seconds(1e300), SIM_TIME_MAX);
    CHECK_INT(sim_from_seconds(-INFINITY), -SIM_TIME_MAX);
    CHECK_INT(sim_from_seconds(9.3e9), SIM_TIME_MAX);
    CHECK_INT(sim_from_seconds(NAN), 0);
    CHECK_NEAR(sim_seconds(90 * SIM_MINUTE), 5400.0, 0.0);
}

static void
sums_of_times_saturate(void)
{
    CHECK_INT(sim_time_add(3, 4), 7);
    CHECK_INT(sim_time_add(SIM_TIME_MAX, 1), SIM_TIME_MAX);
    CHECK_INT(sim_time_add(-SIM_TIME_MAX, -5), -SIM_TIME_MAX);
}

static SimTime
test_now(const void *run)
{
    (void)run;
    return 1500 * SIM_MILLISECOND;
}

static void
test_describe(const void *run, GString *message)
{
    g_string_append_printf(message, "  handling     %s\n", (const char *)run);
}

static void
fail_with_context(void)
{
    SimAssertContext context = {
        .scenario = "feature-file",
        .seed = 7,
        .replication = 3,
        .repeat = "blackstart run --seed 7 feature-file.yaml",
        .run = "pop.crash",
        .now = test_now,
        .describe = test_describe,
    };
    sim_assert_context_set(&context);
    SIM_ASSERT(1 + 1 == 3);
}

static void
fail_without_context(void)
{
    SimAssertContext context = {.scenario = "gone"};
    sim_assert_context_set(&context);
    sim_assert_context_drop(&context);
    int d = 7;
    SIM_ASSERT(100 % d == 1);
}

/* What the function prints to stderr until it aborts; NULL if it does not abort. */
static char *
report_of(void (*function)(void))
{
    int ends[2];
    if (pipe(ends) != 0)
        return NULL;
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        function();
        _exit(0);
    }
    close(ends[1]);
    GString *text = g_string_new(NULL);
    char part[512];
    for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;)
        g_string_append_len(text, part, n);
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    bool is_aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
    return g_string_free(text, !is_aborted);
}

static void
a_failed_assertion_names_the_run(void)
{
    g_autofree char *report = report_of(fail_with_context);
    CHECK_HAS(report, "test_base.c:");
    CHECK_HAS(report, "assertion failed: 1 + 1 == 3\n");
    CHECK_HAS(report, "scenario     feature-file\n");
    CHECK_HAS(report, "seed         7\n");
    CHECK_HAS(report, "replication  3\n");
    CHECK_HAS(report, "time         1.500000000 s\n");
    CHECK_HAS(report, "handling     pop.crash\n");
    CHECK_HAS(report, "repeat with  blackstart run --seed 7 feature-file.yaml\n");
}

static void
outside_a_run_the_report_is_the_expression_alone(void)
{
    g_autofree char *report = report_of(fail_without_context);
    CHECK_HAS(report, "assertion failed: 100 % d == 1\n");
    CHECK(report && !strstr(report, "scenario"));
}

static void
hashes_of_names_differ(void)
{
    CHECK(sim_hash_text("a") != sim_hash_text("b"));
    CHECK(sim_hash_text("") != sim_hash_text("a"));
    CHECK(sim_hash_text("station/1") != sim_hash_text("station/10"));
}

static CU_TestInfo tests[] = {
    {"seconds_round_to_the_nearest_nanosecond_and_saturate",
     seconds_round_to_the_nearest_nanosecond_and_saturate},
    {"sums_of_times_saturate", sums_of_times_saturate},
    {"a_failed_assertion_names_the_run", a_failed_assertion_names_the_run},
    {"outside_a_run_the_report_is_the_expression_alone",
     outside_a_run_the_report_is_the_expression_alone},
    {"hashes_of_names_differ", hashes_of_names_differ},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("base", tests)
