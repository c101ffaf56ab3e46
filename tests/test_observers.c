#include "models/observers.h"
#include "models/observers_reach.h"

#include "tests/scenario.h"
#include "tests/watched.h"

#include <math.h>
#include <string.h>

/* Somebody who listens, and notes what was told. */
typedef struct Listener {
    uint32_t n, observer, entry;
    bool fires;
} Listener;

static void
on_told(Sim *sim, void *state, SimEvent event)
{
    Listener *listener = state;
    (void)sim;
    listener->n++;
    listener->observer = event.actor;
    listener->entry = observers_event_entry(event);
    listener->fires = observers_event_fires(event);
}
static const SimKind kinds[] = {{"listener.told", on_told}};
static const SimModelOps ops = {
    .name = "listener", .state_size = sizeof(Listener), .kinds = kinds, .n_kinds = 1};

typedef struct Scene {
    Watched watched;
    Observers *observers;
    Listener *listener;
} Scene;

static void
make(Scene *scene, const char *text)
{
    Watched *watched = &scene->watched;
    watched_make(watched, text);
    FakeWorld *fake = watched->fake;
    const ObserversParts parts = {
        .configs = watched->configs, .routing = watched->routing, .books = watched->books};
    scene->observers = observers_attach(fake->sim, &fake->world, &parts, fake->messages);
    CHECK(scene->observers != NULL);
    scene->listener = sim_attach(fake->sim, &ops);
    observers_listen(scene->observers, sim_event(fake->sim, &ops, 0, 0, 0));
}

/* What the observers alone wrote: "MM:SS fires" or "MM:SS clears", a word each. */
static char *
alerts(const Scene *scene)
{
    GString *out = g_string_new(NULL);
    const SimJournal *journal = scene->watched.fake->world.journal;
    for (uint32_t i = 0; i < sim_journal_count(journal); i++) {
        const SimJournalEntry *entry = sim_journal_get(journal, i);
        if (!g_str_has_prefix(entry->kind, "alert."))
            continue;
        int64_t second = entry->at / SIM_SECOND;
        g_string_append_printf(out, "%s%02d:%02d %s", out->len ? ", " : "", (int)(second / 60),
                               (int)(second % 60), entry->kind + strlen("alert."));
    }
    return g_string_free(out, FALSE);
}

/* From ten minutes on so much fails, for a while. */
static void
fail_for(Scene *scene, double share, SimTime lasting)
{
    watched_run(&scene->watched, 10 * SIM_MINUTE);
    scene->watched.failing = share;
    watched_run(&scene->watched, 10 * SIM_MINUTE + lasting);
    scene->watched.failing = 0;
    watched_run(&scene->watched, 30 * SIM_MINUTE);
}

static void
check_alerts(const char *observer, double share, SimTime lasting, const char *want)
{
    Scene scene;
    g_autofree char *text = g_strdup_printf("observers: {it: {%s}}\n", observer);
    make(&scene, text);
    fail_for(&scene, share, lasting);
    g_autofree char *got = alerts(&scene);
    CHECK_STR(got, want);
    watched_clear(&scene.watched);
}

static void
a_threshold_fires_after_window_and_for_and_tells_its_listeners(void)
{
    Scene scene;
    make(&scene, "observers: {it: {kind: threshold, metric: errors, above: 5%, for: 2m}}\n");
    watched_run(&scene.watched, 10 * SIM_MINUTE);
    scene.watched.failing = 0.072;
    watched_run(&scene.watched, 13 * SIM_MINUTE);
    CHECK_INT(scene.listener->n, 1);
    CHECK(scene.listener->fires);
    CHECK_INT(scene.listener->observer, 0);
    CHECK(observers_is_firing(scene.observers, 0));
    const SimJournalEntry *entry =
        sim_journal_get(scene.watched.fake->world.journal, scene.listener->entry);
    CHECK_STR(entry->kind, "alert.fires");
    CHECK_STR(entry->entity, "observer/it");
    CHECK_INT(entry->cause, SIM_NONE);
    CHECK_STR(entry->text, "it (page): errors 7.2 % of requests over 1m, above 5.0 %");
    scene.watched.failing = 0.01;
    watched_run(&scene.watched, 15 * SIM_MINUTE);
    CHECK_INT(scene.listener->n, 2);
    CHECK(!scene.listener->fires);
    CHECK(!observers_is_firing(scene.observers, 0));
    entry = sim_journal_get(scene.watched.fake->world.journal, scene.listener->entry);
    CHECK_STR(entry->text, "it (page) is over: errors 1.0 % of requests over 1m, not above 5.0 %");
    watched_clear(&scene.watched);
}

static void
thresholds_take_their_time(void)
{
    /* Nothing but the window: 1m x 5 / 100 is 3 s, the next scrape is at 10:15. */
    check_alerts("kind: threshold, metric: errors, above: 5%, for: 0s, every: 15s", 1,
                 5 * SIM_MINUTE, "10:15 fires, 16:00 clears");
    /* The window must fill: 1m x 5 / 7. */
    check_alerts("kind: threshold, metric: errors, above: 5%, for: 0s, every: 15s", 0.07,
                 5 * SIM_MINUTE, "10:45 fires, 15:30 clears");
    check_alerts("kind: threshold, metric: errors, above: 5%, for: 0s, every: 15s, lag: 20s", 1,
                 5 * SIM_MINUTE, "10:45 fires, 16:30 clears");
    check_alerts("kind: threshold, metric: errors, above: 5%, for: 2m", 1, 5 * SIM_MINUTE,
                 "13:00 fires, 16:00 clears");
    /* Shorter than it must last. */
    check_alerts("kind: threshold, metric: errors, above: 5%, for: 2m", 1, SIM_MINUTE, "");
    check_alerts("kind: threshold, metric: success, below: 95%, for: 0s, every: 15s", 1,
                 5 * SIM_MINUTE, "10:15 fires, 16:00 clears");
}

static void
rates_and_sites_are_metrics_too(void)
{
    check_alerts("kind: threshold, metric: all.failed, above: 100/s, for: 0s, every: 15s", 0.2,
                 5 * SIM_MINUTE, "10:45 fires, 15:30 clears");
    check_alerts("kind: threshold, metric: all.ok, below: 900/s, for: 0s, every: 15s", 0.2,
                 5 * SIM_MINUTE, "10:45 fires, 15:30 clears");
    check_alerts("kind: threshold, metric: site.web.errors, above: 5%, for: 0s, every: 15s", 1,
                 5 * SIM_MINUTE, "10:15 fires, 16:00 clears");
}

static void
few_requests_are_no_figures(void)
{
    Scene scene;
    make(&scene, "observers: {it: {kind: threshold, metric: errors, above: 5%, for: 0s,\n"
                 "  requests_min: 100k, every: 15s}}\n");
    fail_for(&scene, 1, 5 * SIM_MINUTE);
    g_autofree char *got = alerts(&scene);
    CHECK_STR(got, "");
    watched_clear(&scene.watched);
}

static void
a_flapping_service_fires_again_and_again(void)
{
    Scene scene;
    make(&scene, "observers: {it: {kind: threshold, metric: errors, above: 5%, for: 0s}}\n");
    for (int64_t i = 1; i <= 12; i++) {
        watched_run(&scene.watched, i * 5 * SIM_MINUTE);
        scene.watched.failing = i % 2 ? 1 : 0;
    }
    CHECK_INT(observers_count(scene.observers, 0), 6);
    CHECK_INT(scene.listener->n, 11);
    watched_clear(&scene.watched);
}

static void
blackout(Scene *scene, const char *no_data, uint32_t whom)
{
    g_autofree char *text = g_strdup_printf("observers: {it: {kind: threshold, metric: errors, "
                                            "above: 5%%, for: 0s, no_data: %s, every: 15s}}\n",
                                            no_data);
    make(scene, text);
    watched_run(&scene->watched, 5 * SIM_MINUTE);
    observers_blackout_set(scene->observers, whom, true, SIM_NONE);
    fail_for(scene, 1, 5 * SIM_MINUTE);
    observers_blackout_set(scene->observers, whom, false, SIM_NONE);
    watched_run(&scene->watched, 35 * SIM_MINUTE);
    scene->watched.failing = 1;
    watched_run(&scene->watched, 36 * SIM_MINUTE);
}

static void
in_a_blackout_nobody_sees_the_outage(void)
{
    Scene scene;
    blackout(&scene, "keep", 0);
    g_autofree char *got = alerts(&scene);
    CHECK_STR(got, "35:15 fires");
    watched_clear(&scene.watched);
    blackout(&scene, "alert", SIM_NONE);
    g_autofree char *told = alerts(&scene);
    /* The last window with two samples ends at 5:45: after 30:00 the first has one at 30:30. */
    CHECK_STR(told, "06:00 fires, 30:30 clears, 35:15 fires");
    CHECK_HAS(sim_journal_get(scene.watched.fake->world.journal, 0)->text, "no figures of errors");
    watched_clear(&scene.watched);
}

static void
figures_that_cross_the_edge_fail_with_it(void)
{
    static const char alike[] = "kind: threshold, metric: errors, above: 5%, for: 0s, every: 15s";
    Scene scene;
    g_autofree char *text =
        g_strdup_printf("observers: {near: {%s}, far: {%s, via: edge}}\n", alike, alike);
    make(&scene, text);
    fail_for(&scene, 1, 10 * SIM_MINUTE);
    /* All of it fails, so no sample comes; afterwards the counters tell. */
    const SimJournal *journal = scene.watched.fake->world.journal;
    SimTime fires[2] = {0};
    for (uint32_t i = sim_journal_count(journal); i-- > 0;) {
        const SimJournalEntry *entry = sim_journal_get(journal, i);
        if (strcmp(entry->kind, "alert.fires") == 0)
            fires[strcmp(entry->entity, "observer/far") == 0] = entry->at;
    }
    CHECK_INT(fires[0], 10 * SIM_MINUTE + 15 * SIM_SECOND);
    CHECK_INT(fires[1], 0);
    watched_clear(&scene.watched);
}

static void
a_canary_that_fails_is_seen_by_who_looks_at_it_alone(void)
{
    Scene scene;
    make(&scene, "observers:\n"
                 "  all: {kind: threshold, metric: errors, above: 5%, for: 0s, every: 15s}\n"
                 "  new: {kind: threshold, metric: errors, above: 50%, for: 0s, every: 15s,\n"
                 "        canary: flags}\n");
    Watched *watched = &scene.watched;
    watched_run(watched, 10 * SIM_MINUTE);
    config_push(watched->configs, 0, (SimList){0}, SIM_NONE);
    sim_run(watched->fake->sim, 10 * SIM_MINUTE);
    uint32_t n = 0;
    for (uint32_t p = 0; p < WATCHED_POPS; p++) {
        bool has = config_version(watched->configs, 0, p) == config_newest(watched->configs, 0);
        watched->pop_failing[p] = has;
        n += has;
    }
    CHECK_INT(n, 1);
    watched->failing = 0.05; /* one PoP of twenty */
    watched_run(watched, 12 * SIM_MINUTE);
    CHECK(!observers_is_firing(scene.observers, 0));
    CHECK(observers_is_firing(scene.observers, 1));
    g_autofree char *got = alerts(&scene);
    CHECK_STR(got, "11:00 fires");
    watched_clear(&scene.watched);
}

static void
a_burning_budget_gives_a_page_and_a_ticket(void)
{
    Scene scene;
    make(&scene, "observers: {it: {kind: burn, metric: errors, budget: 0.1%, every: 15s}}\n");
    watched_run(&scene.watched, SIM_HOUR);
    scene.watched.failing = 1;
    watched_run(&scene.watched, SIM_HOUR + 65 * SIM_SECOND);
    CHECK_INT(observers_count(scene.observers, 0), 1);
    CHECK_INT(observers_severity(scene.observers, 0), SEVERITY_PAGE);
    watched_run(&scene.watched, SIM_HOUR + 270 * SIM_SECOND);
    CHECK_INT(observers_count(scene.observers, 0), 3);
    scene.watched.failing = 0;
    watched_run(&scene.watched, 2 * SIM_HOUR);
    CHECK(observers_is_firing(scene.observers, 0));
    CHECK_INT(observers_severity(scene.observers, 0), SEVERITY_TICKET);
    g_autofree char *got = alerts(&scene);
    /* 51.8, 129.6 and 259.2 s; over after 295.7 and 1789 s. */
    CHECK_STR(got, "61:00 fires, 62:15 fires, 64:30 fires, 69:30 clears, 94:30 clears");
    CHECK_HAS(sim_journal_get(scene.watched.fake->world.journal, 0)->text,
              "errors burn the budget 16.7x over 1h and 200x over 5m, limit 14.4x");
    watched_clear(&scene.watched);
}

static void
a_cusum_sees_what_no_threshold_would(void)
{
    check_alerts("kind: cusum, metric: errors, normal: 0.1%, shifted: 0.5%, excess: 60", 0.005,
                 5 * SIM_MINUTE, "11:00 fires, 16:00 clears");
    check_alerts("kind: cusum, metric: all.failed, normal: 1/s, shifted: 5/s, excess: 60", 0.005,
                 5 * SIM_MINUTE, "11:00 fires, 16:00 clears");
    check_alerts("kind: cusum, metric: errors, normal: 0.1%, shifted: 0.5%, excess: 60", 0.001,
                 5 * SIM_MINUTE, "");
}

static void
probes_find_a_failing_site_and_hang_when_it_hangs(void)
{
    for (int hangs = 0; hangs < 2; hangs++) {
        Scene scene;
        make(&scene, "observers: {it: {kind: probes, site: web, points: 20, every: 60s, fail: 20,\n"
                     "  timeout: 30s}}\n");
        watched_run(&scene.watched, 10 * SIM_MINUTE);
        scene.watched.failing = 1;
        scene.watched.timing_out = hangs;
        for (uint32_t p = 0; p < WATCHED_POPS; p++)
            scene.watched.pop_failing[p] = 1;
        watched_run(&scene.watched, 10 * SIM_MINUTE + (hangs ? 91 : 61) * SIM_SECOND);
        const SimJournalEntry *entry = sim_journal_get(scene.watched.fake->world.journal, 0);
        CHECK_STR(entry->kind, "alert.fires");
        CHECK_HAS(entry->text, "20 of 20 points fail");
        CHECK_NEAR(sim_seconds(entry->at), hangs ? 687 : 657, 4);
        watched_clear(&scene.watched);
    }
}

static void
people_report_unless_the_tracker_falls_too(void)
{
    static const char crowd[] = "kind: crowd, users: 10M, baseline: 5/min, times: 5x, bins: 2";
    Scene scene;
    g_autofree char *text =
        g_strdup_printf("observers: {it: {%s}, down: {%s, site: web}}\n", crowd, crowd);
    make(&scene, text);
    fail_for(&scene, 1, 10 * SIM_MINUTE);
    CHECK(observers_count(scene.observers, 0) == 1);
    CHECK_INT(observers_count(scene.observers, 1), 1);
    const SimJournalEntry *first = sim_journal_get(scene.watched.fake->world.journal, 0);
    const SimJournalEntry *second = sim_journal_get(scene.watched.fake->world.journal, 1);
    CHECK_STR(first->entity, "observer/it");
    CHECK(first->at <= 13 * SIM_MINUTE);
    /* As long as all fails nobody can report; then those who noticed do. */
    CHECK_STR(second->entity, "observer/down");
    CHECK_INT(second->at, 22 * SIM_MINUTE);
    watched_clear(&scene.watched);
}

static void
gauges_show_what_they_saw(void)
{
    Scene scene;
    make(&scene, "observers: {it: {kind: burn, metric: errors, budget: 0.1%}}\n");
    SimRecorder *recorder = scene.watched.books->recorder;
    watched_run(&scene.watched, SIM_HOUR);
    scene.watched.failing = 1;
    watched_run(&scene.watched, SIM_HOUR + 5 * SIM_MINUTE);
    observers_record(scene.observers, SIM_HOUR + 5 * SIM_MINUTE,
                     SIM_HOUR + 5 * SIM_MINUTE + SIM_SECOND);
    sim_recorder_close(recorder);
    uint32_t last = sim_recorder_n_closed(recorder) - 1;
    static const char *const names[] = {"value", "firing", "burn", "budget"};
    /* 5 of 60 minutes; 5 minutes of a budget of 43.2. */
    static const double want[] = {5.0 / 60, 1, 5.0 / 60 / 0.001, 5 / 43.2};
    for (uint32_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name = g_strdup_printf("observer.it.%s", names[i]);
        uint32_t column = sim_recorder_find(recorder, name);
        if (CHECK(column != SIM_NONE))
            CHECK_NEAR(sim_recorder_value(recorder, column, last), want[i], 1e-6);
    }
    watched_clear(&scene.watched);
}

static char *
complaints(const char *observer)
{
    Watched watched;
    g_autofree char *text = g_strdup_printf("observers: {it: {%s}}\n", observer);
    watched_make(&watched, text);
    const ObserversParts parts = {
        .configs = watched.configs, .routing = watched.routing, .books = watched.books};
    CHECK(
        !observers_attach(watched.fake->sim, &watched.fake->world, &parts, watched.fake->messages));
    char *said = fake_messages(watched.fake);
    watched_clear(&watched);
    return said;
}

static void
what_can_not_be_watched_is_said(void)
{
    g_autofree char *unknown = complaints("kind: threshold, metric: site.wob.errors, above: 1%");
    CHECK_HAS(unknown, "there is no metric 'site.wob.errors': did you mean 'site.web.errors'?");
    g_autofree char *burn = complaints("kind: burn, metric: all.failed");
    CHECK_HAS(burn, "'all.failed' is no share of requests, and a budget is one");
    g_autofree char *cusum =
        complaints("kind: cusum, metric: latency.p99, normal: 1s, shifted: 2s");
    CHECK_HAS(cusum, "'latency.p99' counts no events");
    g_autofree char *canary =
        complaints("kind: threshold, metric: hit_ratio, below: 1%, canary: flags");
    CHECK_HAS(canary, "'hit_ratio' is not counted by PoP");
    g_autofree char *region = complaints("kind: probes, site: web, region: atlantis");
    CHECK_HAS(region, "there is no region 'atlantis'");
    g_autofree char *crowd = complaints("kind: crowd, metric: all.failed");
    CHECK_HAS(crowd, "a crowd sees what share of people is hit");
}

/* As in a network with metros of its own. */
static void
points_need_somebody_who_lives_there(void)
{
    Watched watched;
    watched_make(&watched, "observers: {it: {kind: probes, site: web, region: oceania}}\n");
    const GeoMetros *metros = &watched.fake->geo->metros;
    for (uint32_t m = 0; m < watched.fake->geo->n_metros; m++)
        if (metros->at.region[m] == geo_region_find("oceania"))
            metros->users[m] = 0;
    const ObserversParts parts = {
        .configs = watched.configs, .routing = watched.routing, .books = watched.books};
    CHECK(
        !observers_attach(watched.fake->sim, &watched.fake->world, &parts, watched.fake->messages));
    g_autofree char *said = fake_messages(watched.fake);
    CHECK_HAS(said, "no user lives in 'oceania'");
    watched_clear(&watched);
}

static double
reach(const char *observer, double p)
{
    ScenarioText scenario;
    g_autofree char *text = g_strdup_printf("blackstart: 1\ntitle: t\nclock: {duration: 1h}\n"
                                            "services: {proxy: {placement: pop}}\n"
                                            "sites: {web: {service: proxy, requests: 1/s}}\n"
                                            "observers: {it: {%s}}\n",
                                            observer);
    scenario_text_read(&scenario, text);
    double seconds = observers_reach(SIM_ITEM(scenario.spec.observers, ObserverSpec, 0), true, p);
    scenario_text_clear(&scenario);
    return seconds;
}

static void
what_can_never_tell_is_known_before_a_run(void)
{
    /* scrape 15 s, evaluation 60 s, for 120 s, and half the window. */
    CHECK_NEAR(reach("kind: threshold, metric: errors, above: 5%, for: 2m", 0.1), 225, 1e-9);
    CHECK(isinf(reach("kind: threshold, metric: errors, above: 5%", 0.05)));
    CHECK(isinf(reach("kind: threshold, metric: errors, above: 100%", 1)));
    CHECK_NEAR(reach("kind: threshold, metric: success, below: 90%, for: 0s", 1), 81, 1e-9);
    CHECK_NEAR(reach("kind: burn, metric: errors", 1), 51.84 + 75, 1e-9);
    CHECK(isinf(reach("kind: burn, metric: errors, budget: 50%, windows: [{long: 1h, short: 5m, "
                      "burn: 3x}]",
                      1)));
    CHECK_NEAR(reach("kind: probes, site: web, every: 60s, points: 10", 1), 180.0 / 11, 1e-9);
    CHECK(isnan(reach("kind: crowd", 1)));
}

static CU_TestInfo tests[] = {
    {"a_threshold_fires_after_window_and_for_and_tells_its_listeners",
     a_threshold_fires_after_window_and_for_and_tells_its_listeners},
    {"thresholds_take_their_time", thresholds_take_their_time},
    {"rates_and_sites_are_metrics_too", rates_and_sites_are_metrics_too},
    {"few_requests_are_no_figures", few_requests_are_no_figures},
    {"a_flapping_service_fires_again_and_again", a_flapping_service_fires_again_and_again},
    {"in_a_blackout_nobody_sees_the_outage", in_a_blackout_nobody_sees_the_outage},
    {"figures_that_cross_the_edge_fail_with_it", figures_that_cross_the_edge_fail_with_it},
    {"a_canary_that_fails_is_seen_by_who_looks_at_it_alone",
     a_canary_that_fails_is_seen_by_who_looks_at_it_alone},
    {"a_burning_budget_gives_a_page_and_a_ticket", a_burning_budget_gives_a_page_and_a_ticket},
    {"a_cusum_sees_what_no_threshold_would", a_cusum_sees_what_no_threshold_would},
    {"probes_find_a_failing_site_and_hang_when_it_hangs",
     probes_find_a_failing_site_and_hang_when_it_hangs},
    {"people_report_unless_the_tracker_falls_too", people_report_unless_the_tracker_falls_too},
    {"gauges_show_what_they_saw", gauges_show_what_they_saw},
    {"what_can_not_be_watched_is_said", what_can_not_be_watched_is_said},
    {"points_need_somebody_who_lives_there", points_need_somebody_who_lives_there},
    {"what_can_never_tell_is_known_before_a_run", what_can_never_tell_is_known_before_a_run},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("observers", tests)
