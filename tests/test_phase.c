#include "models/phase.h"
#include "tests/harness.h"
#include "tests/recording.h"

/* Errors in percent, a bucket each; '-' has no attempts. */
static char *
names_of(const double *percent, uint32_t n)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    g_autofree Sample *samples = g_new0(Sample, n);
    Phases phases;
    GString *names = g_string_new(NULL);
    for (uint32_t i = 0; i < n; i++)
        samples[i] = (Sample){percent[i] < 0 ? -1 : 100, percent[i], 0, 1};
    Recording recording = {.recorder = recording_new(arena, samples, n),
                           .end = n * SIM_SECOND,
                           .duration = n * SIM_SECOND};
    phases_find(&recording, &phases);
    for (uint32_t i = 0; i < phases.n; i++)
        g_string_append_printf(names, "%s%d %s", i ? ", " : "",
                               (int)(phases.phases[i].begin / SIM_SECOND), phases.phases[i].name);
    return g_string_free(names, FALSE);
}

static void
expect_phases(const double *percent, uint32_t n, const char *want)
{
    g_autofree char *got = names_of(percent, n);
    CHECK_STR(got, want);
}
#define EXPECT(want, ...)                                                                          \
    do {                                                                                           \
        static const double percent[] = {__VA_ARGS__};                                             \
        expect_phases(percent, G_N_ELEMENTS(percent), want);                                       \
    } while (0)

static void
a_calm_run_is_one_phase(void)
{
    EXPECT("0 steady", 0, 0.1, 0, 0.5, 0);
}

static void
an_incident_has_its_chapters(void)
{
    EXPECT("0 steady, 2 failing, 5 recovering, 7 recovered", 0, 0, 50, 60, 50, 5, 2, 0, 0);
}

static void
going_back_and_forth_is_flapping(void)
{
    EXPECT("0 steady, 1 flapping, 5 failing, 8 recovering, 9 recovered", 0, 50, 2, 50, 2, 50, 50,
           50, 3, 0);
}

static void
a_short_break_is_no_flapping(void)
{
    EXPECT("0 steady, 1 failing, 17 recovered", 0, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50,
           50, 0, 50, 50, 0, 0);
}

static void
what_does_not_end_has_no_recovery(void)
{
    EXPECT("0 steady, 2 failing", 0, 0, 50, 60, 50);
    EXPECT("0 steady, 1 failing, 3 recovering", 0, 50, 60, 5, 5);
}

static void
a_high_base_is_steady_too(void)
{
    EXPECT("0 steady", 2, 2, 3, 4, 2);
}

static void
an_early_fault_is_no_baseline(void)
{
    EXPECT("0 failing, 1 recovered", 50, 0, 0, 0);
    EXPECT("0 steady, 1 failing", 0, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50);
}

static void
what_is_so_from_the_start_is_steady(void)
{
    EXPECT("0 steady", 50, 50, 50);
    EXPECT("0 steady", -1, -1, -1);
}

static CU_TestInfo tests[] = {
    {"a_calm_run_is_one_phase", a_calm_run_is_one_phase},
    {"an_incident_has_its_chapters", an_incident_has_its_chapters},
    {"going_back_and_forth_is_flapping", going_back_and_forth_is_flapping},
    {"a_short_break_is_no_flapping", a_short_break_is_no_flapping},
    {"what_does_not_end_has_no_recovery", what_does_not_end_has_no_recovery},
    {"a_high_base_is_steady_too", a_high_base_is_steady_too},
    {"an_early_fault_is_no_baseline", an_early_fault_is_no_baseline},
    {"what_is_so_from_the_start_is_steady", what_is_so_from_the_start_is_steady},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("phase", tests)
