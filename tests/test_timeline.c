#include "models/timeline.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#include <math.h>

#define WORLD                                                                                      \
    "network: {convergence: 1s}\n"                                                                 \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop}\n"                                                                  \
    "  core: {placement: core, location: here}\n"                                                  \
    "locations: {here: {latitude: 0, longitude: 0}}\n"                                             \
    "sites: {web: {service: proxy, requests: 100/s}}\n"                                            \
    "configs:\n"                                                                                   \
    "  features:\n"                                                                                \
    "    properties: {size: 60}\n"                                                                 \
    "    consumers: [{service: proxy, when: size > 200, effect: {panic: 100%}}]\n"                 \
    "timeline:\n"

/* The metric that tests give: its name decides. */
static double
read_metric(void *context, const char *metric, SimTime span)
{
    (void)span;
    SimTime now = sim_now(((FakeWorld *)context)->sim);
    if (g_str_equal(metric, "errors")) /* 10 % but for the fourth minute */
        return now / SIM_MINUTE == 3 ? 0.01 : 0.1;
    if (g_str_equal(metric, "site.web.success")) /* down for twenty minutes */
        return now < 20 * SIM_MINUTE ? 0.2 : 0.99;
    return NAN;
}

static Timeline *
attach(FakeWorld *fake)
{
    Sim *sim = fake->sim;
    const World *world = &fake->world;
    ConfigParts parts = {cluster_attach(sim, world), processes_attach(sim, world),
                         routing_attach(sim, world)};
    TimelineParts all = {.clusters = parts.clusters,
                         .levers = levers_attach(sim, world),
                         .configs = config_attach(sim, world, &parts, fake->messages),
                         .processes = parts.processes,
                         .routing = parts.routing,
                         .tools = tools_attach(sim, world, read_metric, fake, fake->messages),
                         .read_metric = read_metric,
                         .context = fake};
    return timeline_attach(sim, world, &all, fake->messages);
}

static void
entries_happen_at_their_times(void)
{
    static const char text[] = WORLD "  - {at: 11:05, do: note, text: first}\n"
                                     "  - {at: 7m, do: note, id: second, text: second}\n"
                                     "  - {after: 6m, do: note, id: third, text: third}\n"
                                     "  - {after: note + 1m, do: note, id: fourth, text: fourth}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Timeline *timeline = attach(fake);
    static const uint32_t minutes[] = {5, 7, 13, 6};
    CHECK_INT(timeline_time(timeline, 2), -1);
    CHECK_INT(timeline_journal(timeline, 2), SIM_NONE);
    sim_run(fake->sim, SIM_HOUR);
    for (uint32_t i = 0; i < 4; i++)
        CHECK_INT(timeline_time(timeline, i), minutes[i] * SIM_MINUTE);
    g_autofree char *journal = fake_journal(fake);
    CHECK_STR(journal, "05:00 timeline.happens first\n06:00 timeline.happens fourth\n"
                       "07:00 timeline.happens second\n13:00 timeline.happens third\n");
    CHECK_INT(sim_journal_root(fake->world.journal, timeline_journal(timeline, 2)),
              timeline_journal(timeline, 1));
    sim_verify(fake->sim);
}

static void
repetitions_end_with_until(void)
{
    static const char text[] =
        WORLD "  - {at: 10m, every: 10m, until: 12:00, do: kill, service: proxy, share: 50%}\n"
              "  - {after: kill + 30m, every: 20m, until: 12:00, do: note, text: again}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Timeline *timeline = attach(fake);
    sim_run(fake->sim, 5 * SIM_HOUR);
    uint32_t kills = 0, notes = 0;
    for (uint32_t i = 0; i < sim_journal_count(fake->world.journal); i++) {
        const char *entity = sim_journal_get(fake->world.journal, i)->entity;
        kills += g_str_equal(entity, "timeline/kill");
        notes += g_str_equal(entity, "timeline/note");
    }
    CHECK_INT(kills, 6);
    CHECK_INT(notes, 2);
    CHECK_INT(timeline_time(timeline, 0), 10 * SIM_MINUTE);
    CHECK_INT(timeline_time(timeline, 1), 40 * SIM_MINUTE);
}

static void
a_condition_must_hold_without_a_break(void)
{
    static const char text[] =
        WORLD "  - {when: errors > 5% for 2m, do: note, id: short, text: short}\n"
              "  - {when: errors > 5% for 5m, do: note, id: long, text: long}\n"
              "  - {when: errors > 50%, do: note, id: never, text: never}\n"
              "  - {when: unknown > 0, do: note, id: blind, text: blind}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Timeline *timeline = attach(fake);
    sim_run(fake->sim, 5 * SIM_HOUR);
    CHECK_INT(timeline_time(timeline, 0), 130 * SIM_SECOND);
    CHECK_INT(timeline_time(timeline, 1), 9 * SIM_MINUTE);
    CHECK_INT(timeline_time(timeline, 2), -1);
    CHECK_INT(timeline_time(timeline, 3), -1);
    CHECK_INT(sim_journal_count(fake->world.journal), 2);
}

static void
a_delay_is_drawn_each_time_and_for_ends_the_deed(void)
{
    static const char text[] =
        WORLD "  - {at: 1m, do: halt, service: core, for: 10m, delay: 'uniform(1m, 5m)'}\n";
    SimTime first = 0;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        g_autoptr(FakeWorld) fake = fake_world_new(text, 2, seed);
        Timeline *timeline = attach(fake);
        sim_run(fake->sim, SIM_HOUR);
        SimTime at = timeline_time(timeline, 0);
        CHECK(at >= 2 * SIM_MINUTE && at <= 6 * SIM_MINUTE);
        CHECK(at != first);
        first = at;
        CHECK_INT(fake_call(fake, FAKE_HALT, 0).at, at);
        CHECK_INT(fake_call(fake, FAKE_HALT, 1).at, at + 10 * SIM_MINUTE);
        CHECK_NEAR(fake_call(fake, FAKE_HALT, 1).value, 0, 0);
        CHECK(timeline_is_cause(timeline, 0, fake_call(fake, FAKE_HALT, 1).cause));
    }
}

static void
an_effect_leads_back_to_its_entry(void)
{
    static const char text[] =
        WORLD "  - {at: 1m, do: push, id: mistake, config: features, properties: {size: 300}}\n"
              "  - {at: 1m, do: note, text: nothing}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Timeline *timeline = attach(fake);
    sim_run(fake->sim, 2 * SIM_MINUTE);
    uint32_t cause = fake_behaviour(fake, 0, 1, 0).cause;
    CHECK(timeline_is_cause(timeline, 0, cause));
    CHECK(!timeline_is_cause(timeline, 1, cause));
    CHECK_INT(timeline_find(&fake->world, "mistake"), 0);
    CHECK_INT(timeline_find(&fake->world, "push"), SIM_NONE);
    CHECK_INT(timeline_find(&fake->world, "note"), 1);
}

static void
a_snapshot_goes_on_as_the_run_did(void)
{
    static const char text[] =
        WORLD "  - {at: 1m, every: 7m, do: kill, service: proxy, share: 30%, delay: 'exponential("
              "mean 1m)'}\n"
              "  - {at: 3m, every: 11m, do: push, config: features, properties: {size: 300}}\n"
              "  - {at: 5m, every: 11m, do: push-known-good, config: features}\n"
              "  - {at: 9m, every: 13m, do: pop-down, busiest: 1, for: 4m}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 4, 1);
    attach(fake);
    sim_run(fake->sim, 31 * SIM_MINUTE);
    g_autoptr(SimSnapshot) snapshot = sim_snapshot(fake->sim);
    sim_run(fake->sim, 5 * SIM_HOUR);
    uint64_t digest = sim_digest(fake->sim);
    sim_restore(fake->sim, snapshot);
    sim_run(fake->sim, 5 * SIM_HOUR);
    CHECK(sim_digest(fake->sim) == digest);
    sim_verify(fake->sim);
}

static void
what_is_wrong_with_an_entry_is_said(void)
{
    static const char *const rows[][2] = {
        {"{after: nobody + 1m, do: note, text: x}", "no entry of the timeline is called 'nobody'"},
        {"{after: 6m, do: note, text: x}", "the first entry of the timeline comes after no other"},
        {"{after: note, do: note, text: x}", "this entry waits for itself"},
        {"{at: 2025-11-18T10:00:00Z, do: note, text: x}", "this lies before the start of the run"},
        {"{at: 10:00, do: note, text: x}", "warning: this never happens: the run ends before"},
        {"{every: 1s, do: note, text: x}", "this repeats more than 10000 times"},
        {"{at: 1m, do: kill, service: core}", "needs a service at the PoPs"},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strconcat(WORLD "  - ", rows[i][0], "\n", NULL);
        g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
        Timeline *timeline = attach(fake);
        CHECK((timeline == NULL) == (sim_messages_errors(fake->messages) > 0));
        g_autofree char *said = fake_messages(fake);
        CHECK_HAS(said, rows[i][1]);
    }
}

#define TOOLS                                                                                      \
    "tools:\n"                                                                                     \
    "  dashboard: {site: web, works_above: 50%}\n"                                                 \
    "  glass: {access: 5m}\n"                                                                      \
    "  api: {site: web, instead: glass}\n"                                                         \
    "observers: {a: {kind: threshold, metric: errors, above: 5%}, b: {kind: threshold, metric: "   \
    "errors, above: 5%}}\n"                                                                        \
    "teams: {edge: {alerts: a}}\n"

static FakeWorld *
world_with_tools(const char *entries, uint64_t seed)
{
    g_autofree char *text = g_strconcat(TOOLS, WORLD, entries, NULL);
    return fake_world_new(text, 2, seed);
}

static void
an_entry_waits_for_its_tools(void)
{
    g_autoptr(FakeWorld) fake = world_with_tools(
        "  - {at: 10m, tools: dashboard, delay: 1m, do: note, id: locked, text: locked}\n"
        "  - {at: 10m, tools: api, delay: 1m, do: note, id: glass, text: glass}\n"
        "  - {at: 25m, tools: [dashboard, api], do: note, id: free, text: free}\n",
        1);
    attach(fake);
    sim_run(fake->sim, SIM_HOUR);
    g_autofree char *journal = fake_journal(fake);
    CHECK_STR(journal,
              "10:00 timeline.waits dashboard does not work; waits: locked\n"
              "10:00 timeline.waits api does not work: gets in through glass; waits: glass\n"
              "16:00 timeline.happens glass\n"
              "21:00 timeline.happens locked\n"
              "25:00 timeline.happens free\n");
    sim_verify(fake->sim);
}

/* Drawn once for an entry, so all of its times or none; as often as it says. */
static void
chance_is_drawn_once(void)
{
    enum { SEEDS = 400 };
    uint32_t n = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        g_autoptr(FakeWorld) fake = world_with_tools(
            "  - {at: 1m, every: 1m, until: 11:10, chance: 30%, do: note, text: x}\n", seed);
        Timeline *timeline = attach(fake);
        sim_run(fake->sim, SIM_HOUR);
        uint32_t happened = 0;
        for (uint32_t i = 0; i < sim_journal_count(fake->world.journal); i++)
            happened +=
                g_str_equal(sim_journal_get(fake->world.journal, i)->kind, "timeline.happens");
        CHECK(happened == 0 || happened == 10);
        CHECK_INT(timeline_time(timeline, 0), happened ? SIM_MINUTE : -1);
        n += happened > 0;
    }
    CHECK(fabs((n - 0.3 * SEEDS) / sqrt(SEEDS * 0.3 * 0.7)) < 4);
}

static void
what_does_not_apply_is_skipped_and_nothing_follows(void)
{
    g_autoptr(FakeWorld) fake =
        world_with_tools("  - {at: 2m, if: errors > 5%, do: note, id: right, text: right}\n"
                         "  - {at: 3m, if: errors > 5%, do: note, id: wrong, text: wrong}\n"
                         "  - {at: 4m, if: unknown > 0, do: note, id: blind, text: blind}\n"
                         "  - {after: wrong, do: note, id: follows, text: follows}\n",
                         1);
    attach(fake);
    sim_run(fake->sim, SIM_HOUR);
    g_autofree char *journal = fake_journal(fake);
    CHECK_STR(journal, "02:00 timeline.happens right\n03:00 timeline.skips skipped: wrong\n"
                       "04:00 timeline.skips skipped: blind\n");
}

static void
give_alert(FakeWorld *fake, const Timeline *timeline, SimTime at, uint32_t observer, bool fires)
{
    SimEvent alert = timeline_alert(timeline);
    SimJournalEntry line = {.at = 0, .cause = SIM_NONE, .kind = "alert"};
    uint32_t id = sim_journal_add(fake->world.journal, &line, "alert");
    alert.actor = observer;
    alert.arg = (uint64_t)id << 1 | fires;
    sim_post(fake->sim, at, alert);
}

static void
a_policy_acts_at_the_first_alert_of_its_observer(void)
{
    g_autoptr(FakeWorld) fake =
        world_with_tools("  - {on_alert: b, delay: 10s, do: note, id: acts, text: acts}\n"
                         "  - {after: acts + 1m, do: note, id: then, text: then}\n",
                         1);
    Timeline *timeline = attach(fake);
    give_alert(fake, timeline, SIM_MINUTE, 1, false);
    give_alert(fake, timeline, 2 * SIM_MINUTE, 0, true);
    give_alert(fake, timeline, 3 * SIM_MINUTE, 1, true);
    give_alert(fake, timeline, 5 * SIM_MINUTE, 1, true);
    sim_run(fake->sim, SIM_HOUR);
    CHECK_INT(timeline_time(timeline, 0), 3 * SIM_MINUTE + 10 * SIM_SECOND);
    CHECK_INT(timeline_time(timeline, 1), 4 * SIM_MINUTE + 10 * SIM_SECOND);
    CHECK_INT(sim_journal_count(fake->world.journal), 6);
    CHECK_INT(sim_journal_root(fake->world.journal, timeline_journal(timeline, 1)), 2);
}

static void
a_step_is_done_when_its_team_does_it(void)
{
    g_autoptr(FakeWorld) fake =
        world_with_tools("  - {team: edge, delay: 7m, do: kill-switch, services: core}\n", 1);
    Timeline *timeline = attach(fake);
    sim_run(fake->sim, SIM_HOUR);
    CHECK_INT(sim_journal_count(fake->world.journal), 0);
    CHECK(timeline_applies(timeline, 0));
    CHECK_STR(timeline_label(timeline, 0), "kill-switch core");
    SimJournalEntry line = {.at = SIM_HOUR, .cause = SIM_NONE, .kind = "team.acts"};
    uint32_t acts = sim_journal_add(fake->world.journal, &line, "acts");
    /* What it is told afterwards is here an alert that nobody waits for. */
    timeline_act(timeline, 0, acts, timeline_alert(timeline));
    sim_run(fake->sim, 2 * SIM_HOUR);
    CHECK_INT(timeline_time(timeline, 0), 67 * SIM_MINUTE);
    CHECK_INT(sim_journal_get(fake->world.journal, timeline_journal(timeline, 0))->cause, acts);
    CHECK_INT(fake_count(fake, FAKE_KILL_SWITCH), 1);
}

static CU_TestInfo tests[] = {
    {"entries_happen_at_their_times", entries_happen_at_their_times},
    {"repetitions_end_with_until", repetitions_end_with_until},
    {"a_condition_must_hold_without_a_break", a_condition_must_hold_without_a_break},
    {"a_delay_is_drawn_each_time_and_for_ends_the_deed",
     a_delay_is_drawn_each_time_and_for_ends_the_deed},
    {"an_effect_leads_back_to_its_entry", an_effect_leads_back_to_its_entry},
    {"a_snapshot_goes_on_as_the_run_did", a_snapshot_goes_on_as_the_run_did},
    {"what_is_wrong_with_an_entry_is_said", what_is_wrong_with_an_entry_is_said},
    {"an_entry_waits_for_its_tools", an_entry_waits_for_its_tools},
    {"chance_is_drawn_once", chance_is_drawn_once},
    {"what_does_not_apply_is_skipped_and_nothing_follows",
     what_does_not_apply_is_skipped_and_nothing_follows},
    {"a_policy_acts_at_the_first_alert_of_its_observer",
     a_policy_acts_at_the_first_alert_of_its_observer},
    {"a_step_is_done_when_its_team_does_it", a_step_is_done_when_its_team_does_it},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("timeline", tests)
