#include "models/keyfigure.h"
#include "tests/recording.h"
#include "tests/response.h"
#include "tests/scenario.h"

static const Sample samples[] = {{100, 0, 0, 1}, {100, 50, 0, 2}, {100, 0, 0, 1}};
static const char text[] = "blackstart: 1\n"
                           "title: a test\n"
                           "clock: {duration: 10m}\n"
                           "services: {proxy: {placement: pop}}\n"
                           "sites:\n"
                           "  login: {service: proxy, share: 50%}\n"
                           "  shop: {service: proxy, share: 50%, sessions: {login: login, users: "
                           "1M}}\n";

static const KeyFigure *
find(const KeyFigures *figures, const char *id)
{
    for (uint32_t i = 0; i < figures->n; i++)
        if (strcmp(figures->figures[i].id, id) == 0)
            return &figures->figures[i];
    return NULL;
}

static void
figures_are_taken_where_their_metric_exists(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, text);
    g_autoptr(SimArena) arena = sim_arena_new(1 << 22);
    g_autoptr(KeyFigures) figures = key_figures_new(&scenario.spec);
    Recording recording = {.recorder = recording_new(arena, samples, 3),
                           .end = 3 * SIM_SECOND,
                           .duration = 3 * SIM_SECOND};
    Measured measured;
    CHECK(!key_figure_take(find(figures, "peak_cpu"), &recording, &measured));
    CHECK(key_figure_take(find(figures, "peak_errors"), &recording, &measured));
    g_autofree char *value = key_figure_text(&measured, 0);
    CHECK_STR(value, "50.0 % at 00:00:01");
    scenario_text_clear(&scenario);
}

static void
sites_where_people_log_in_have_one_of_their_own(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, text);
    g_autoptr(KeyFigures) figures = key_figures_new(&scenario.spec);
    const KeyFigure *login = find(figures, "peak_waiting_login");
    CHECK(login && strcmp(login->measure.metric, "site.login.waiting") == 0);
    CHECK(!find(figures, "peak_waiting_shop"));
    scenario_text_clear(&scenario);
}

static void
ids_are_unique(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, text);
    g_autoptr(KeyFigures) figures = key_figures_new(&scenario.spec);
    for (uint32_t i = 0; i < figures->n; i++)
        CHECK(find(figures, figures->figures[i].id) == &figures->figures[i]);
    scenario_text_clear(&scenario);
}

static void
responses_have_figures_where_somebody_watches(void)
{
    Response response;
    response_begin(&response, NULL);
    response_say(&response, 10, "alert.fires", "observer/burn");
    response_take(&response);
    Spec *spec = &response.scenario.spec;
    g_autoptr(KeyFigures) figures = key_figures_new(spec);
    Measured measured;
    CHECK(key_figure_take(find(figures, "time_to_detect"), &response.recording, &measured));
    g_autofree char *value = key_figure_text(&measured, 0);
    CHECK_STR(value, "2 s");
    CHECK(key_figure_take(find(figures, "time_to_identify"), &response.recording, &measured));
    g_autofree char *never = key_figure_text(&measured, 0);
    CHECK_STR(never, "never");
    CHECK(key_figure_is_merit(find(figures, "time_to_identify")));
    CHECK(!key_figure_is_merit(find(figures, "peak_errors")));
    spec->observers.n = spec->teams.n = 0;
    g_autoptr(KeyFigures) alone = key_figures_new(spec);
    CHECK(!find(alone, "time_to_detect"));
    response_end(&response);
}

static CU_TestInfo tests[] = {
    {"responses_have_figures_where_somebody_watches",
     responses_have_figures_where_somebody_watches},
    {"figures_are_taken_where_their_metric_exists", figures_are_taken_where_their_metric_exists},
    {"sites_where_people_log_in_have_one_of_their_own",
     sites_where_people_log_in_have_one_of_their_own},
    {"ids_are_unique", ids_are_unique},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("keyfigure", tests)
