#include "models/keyfigure.h"
#include "tests/harness.h"
#include "tests/recording.h"

#include <string.h>

static const Sample samples[] = {{100, 0, 0, 1}, {100, 50, 0, 2}, {100, 0, 0, 1}};

static void
figures_are_taken_where_their_metric_exists(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    Recording recording = {.recorder = recording_new(arena, samples, 3),
                           .end = 3 * SIM_SECOND,
                           .duration = 3 * SIM_SECOND};
    for (uint32_t i = 0; i < n_key_figures; i++) {
        Measured measured;
        bool is_known = key_figure_take(&key_figures[i], &recording, &measured);
        if (strcmp(key_figures[i].id, "peak_errors") == 0) {
            g_autofree char *text = key_figure_text(&measured, 0);
            CHECK(is_known);
            CHECK_STR(text, "50.0 % at 00:00:01");
        }
        if (strcmp(key_figures[i].id, "peak_cpu") == 0)
            CHECK(!is_known);
    }
}

static void
ids_are_unique(void)
{
    for (uint32_t i = 0; i < n_key_figures; i++)
        for (uint32_t j = 0; j < i; j++)
            CHECK(strcmp(key_figures[i].id, key_figures[j].id) != 0);
}

static CU_TestInfo tests[] = {
    {"figures_are_taken_where_their_metric_exists", figures_are_taken_where_their_metric_exists},
    {"ids_are_unique", ids_are_unique},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("keyfigure", tests)
