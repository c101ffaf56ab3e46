#include "models/responders.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WORLD                                                                                      \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop}\n"                                                                  \
    "  core: {placement: core, location: here}\n"                                                  \
    "locations: {here: {latitude: 0, longitude: 0}}\n"                                             \
    "sites: {web: {service: proxy, requests: 100/s}}\n"                                            \
    "observers: {errors: {kind: threshold, metric: errors, above: 5%}, kv: {kind: threshold, "     \
    "metric: errors, above: 5%}}\n"                                                                \
    "tools: {dashboard: {site: web, instead: glass}, vpn: {site: web}, glass: {access: 5m}}\n"
/* Every law a constant: what happens when is then known. */
#define STEADY                                                                                     \
    "  edge:\n"                                                                                    \
    "    alerts: [errors, kv]\n"                                                                   \
    "    page: 1m\n"                                                                               \
    "    ack: 2m\n"                                                                                \
    "    triage: 3m\n"                                                                             \
    "    diagnosis: 20m\n"                                                                         \
    "    decision: 4m\n"
#define STEPS                                                                                      \
    "timeline:\n"                                                                                  \
    "  - {id: kill, team: edge, delay: 5m, do: kill-switch, services: core}\n"                     \
    "  - {id: back, team: edge, delay: 1m, do: restore, services: core}\n"

enum { ERRORS, KV };

typedef struct Case {
    FakeWorld *fake;
    Timeline *timeline;
    Responders *responders;
    SimTime well_from; /* `errors` is 10 % before, 0 from then on */
    SimTime page_down_from, page_down_to;
    SimTime site_down_to;
    bool tickets_only;
} Case;

static double
read_metric(void *context, const char *metric, SimTime span)
{
    const Case *at = context;
    SimTime now = sim_now(at->fake->sim);
    (void)span;
    if (g_str_equal(metric, "errors"))
        return now < at->well_from ? 0.1 : 0;
    if (g_str_equal(metric, "site.web.success"))
        return now < at->site_down_to ? 0.1 : 1;
    return NAN;
}

static bool
page_is_up(void *context)
{
    const Case *at = context;
    SimTime now = sim_now(at->fake->sim);
    return now < at->page_down_from || now >= at->page_down_to;
}

static bool
is_page(void *context, uint32_t observer)
{
    (void)observer;
    return !((const Case *)context)->tickets_only;
}

static void
open_case(Case *at, const char *text, uint64_t seed)
{
    FakeWorld *fake = fake_world_new(text, 2, seed);
    Sim *sim = fake->sim;
    const World *world = &fake->world;
    ConfigParts parts = {cluster_attach(sim, world), processes_attach(sim, world),
                         routing_attach(sim, world)};
    *at = (Case){.fake = fake, .well_from = SIM_TIME_MAX};
    Tools *tools = tools_attach(sim, world, read_metric, at, fake->messages);
    TimelineParts timeline_parts = {
        .clusters = parts.clusters,
        .configs = config_attach(sim, world, &parts, fake->messages),
        .processes = parts.processes,
        .routing = parts.routing,
        .tools = tools,
        .read_metric = read_metric,
        .context = at,
    };
    at->timeline = timeline_attach(sim, world, &timeline_parts, fake->messages);
    ResponderParts responder_parts = {.timeline = at->timeline,
                                      .tools = tools,
                                      .read_metric = read_metric,
                                      .page_is_up = page_is_up,
                                      .is_page = is_page,
                                      .context = at};
    at->responders = responders_attach(sim, world, &responder_parts, fake->messages);
}

static void
close_case(Case *at)
{
    sim_verify(at->fake->sim);
    fake_world_free(at->fake);
}

static void
give(Case *at, SimTime when, uint32_t observer, bool fires)
{
    SimJournalEntry line = {.at = sim_now(at->fake->sim),
                            .cause = SIM_NONE,
                            .kind = fires ? "alert.fires" : "alert.clears",
                            .entity = "observer"};
    SimEvent alert = responders_alert(at->responders);
    alert.actor = observer;
    alert.arg = (uint64_t)sim_journal_add(at->fake->world.journal, &line, "alert") << 1 | fires;
    sim_post(at->fake->sim, when, alert);
}

/* The time of the k-th line of a kind; -1: there are not so many. */
static SimTime
line_at(const Case *at, const char *kind, uint32_t k)
{
    const SimJournal *journal = at->fake->world.journal;
    for (uint32_t i = 0; i < sim_journal_count(journal); i++)
        if (g_str_equal(sim_journal_get(journal, i)->kind, kind) && k-- == 0)
            return sim_journal_get(journal, i)->at;
    return -1;
}

static double
minutes_at(const Case *at, const char *kind, uint32_t k)
{
    SimTime time = line_at(at, kind, k);
    return time < 0 ? -1 : sim_seconds(time) / 60;
}

static uint32_t
count_lines(const Case *at, const char *kind)
{
    uint32_t n = 0;
    while (line_at(at, kind, n) >= 0)
        n++;
    return n;
}

static void
each_stage_follows_from_the_one_before(void)
{
    static const char want[] = "00:00 alert.fires alert\n"
                               "00:00 alert.clears alert\n"
                               "00:00 alert.fires alert\n"
                               "11:00 team.paged team edge is paged by kv\n"
                               "13:00 team.acks team edge acknowledges\n"
                               "16:00 team.triages team edge knows that it is an incident\n"
                               "36:00 team.identifies team edge knows the cause\n"
                               "40:00 team.decides team edge decides what to do\n"
                               "40:00 team.acts team edge begins: kill-switch core\n"
                               "45:00 timeline.happens kill-switch core\n"
                               "45:00 team.acts team edge begins: restore core\n"
                               "46:00 timeline.happens restore core\n"
                               "46:00 team.done team edge stands down\n";
    Case at;
    open_case(&at, WORLD "teams:\n" STEADY STEPS, 1);
    give(&at, 10 * SIM_MINUTE, KV, true);
    give(&at, 11 * SIM_MINUTE, KV, false);
    give(&at, 12 * SIM_MINUTE, ERRORS, true); /* they are busy: nobody is paged again */
    sim_run(at.fake->sim, 30 * SIM_MINUTE);
    CHECK(responders_is_busy(at.responders, 0));
    sim_run(at.fake->sim, 3 * SIM_HOUR);
    CHECK(!responders_is_busy(at.responders, 0));
    g_autofree char *journal = fake_journal(at.fake);
    CHECK_STR(journal, want);
    /* Deeds are caused by the act, the act by the one before, the page by its alert. */
    const SimJournal *lines = at.fake->world.journal;
    static const uint32_t causes[] = {0, 3, 4, 5, 6, 7, 8, 8, 10, 10};
    for (uint32_t i = 0; i < G_N_ELEMENTS(causes); i++)
        CHECK_INT(sim_journal_get(lines, 3 + i)->cause, causes[i]);
    CHECK_INT(fake_count(at.fake, FAKE_KILL_SWITCH), 2);
    close_case(&at);
}

static void
only_its_own_alerts_and_pages_page_a_team(void)
{
    static const char text[] = WORLD "teams: {a: {alerts: errors}, b: {alerts: kv}, c: {alerts: "
                                     "[errors, kv]}}\n";
    Case at;
    open_case(&at, text, 1);
    at.tickets_only = true;
    give(&at, SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, SIM_MINUTE);
    CHECK(!responders_is_busy(at.responders, 0));
    at.tickets_only = false;
    give(&at, 2 * SIM_MINUTE, ERRORS, false);
    sim_run(at.fake->sim, 2 * SIM_MINUTE);
    CHECK(!responders_is_busy(at.responders, 0));
    give(&at, 3 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 3 * SIM_MINUTE);
    CHECK(responders_is_busy(at.responders, 0));
    CHECK(!responders_is_busy(at.responders, 1));
    CHECK(responders_is_busy(at.responders, 2));
    close_case(&at);
}

/* Alerts that come and go: five times, eight minutes apart. */
static void
flap(Case *at)
{
    for (uint32_t i = 0; i < 5; i++) {
        give(at, (10 + 8 * i) * SIM_MINUTE, ERRORS, true);
        give(at, (14 + 8 * i) * SIM_MINUTE, ERRORS, false);
    }
}

#define FLAPPING "    wrong_leads: {ddos: {flapping: 100%, diagnosis: 130m}}\n"

static void
flapping_misleads_and_a_steady_failure_does_not(void)
{
    Case at;
    open_case(&at, WORLD "teams:\n" STEADY FLAPPING STEPS, 1);
    flap(&at);
    sim_run(at.fake->sim, 5 * SIM_HOUR);
    /* Triage ends at 16; the second alert that came back is that of 26. */
    CHECK_NEAR(minutes_at(&at, "team.misled", 0), 26, 0.2);
    CHECK_NEAR(minutes_at(&at, "team.unmisled", 0) - minutes_at(&at, "team.misled", 0), 130, 1e-9);
    CHECK(line_at(&at, "team.identifies", 0) == line_at(&at, "team.unmisled", 0));
    CHECK_INT(count_lines(&at, "team.misled"), 1);
    close_case(&at);
    open_case(&at, WORLD "teams:\n" STEADY FLAPPING STEPS, 1);
    give(&at, 10 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 5 * SIM_HOUR);
    CHECK_INT(count_lines(&at, "team.misled"), 0);
    CHECK_NEAR(minutes_at(&at, "team.identifies", 0), 36, 1e-9);
    close_case(&at);
}

static void
it_flaps_when_two_alerts_came_back_within_half_an_hour(void)
{
    Case at;
    open_case(&at, WORLD "teams:\n" STEADY FLAPPING STEPS, 1);
    give(&at, 10 * SIM_MINUTE, ERRORS, true);
    give(&at, 12 * SIM_MINUTE, ERRORS, true); /* graver, not back */
    give(&at, 13 * SIM_MINUTE, KV, true);     /* another, for the first time */
    give(&at, 14 * SIM_MINUTE, ERRORS, false);
    give(&at, 17 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 30 * SIM_MINUTE);
    CHECK_INT(count_lines(&at, "team.misled"), 0);
    give(&at, 31 * SIM_MINUTE, KV, false);
    give(&at, 32 * SIM_MINUTE, KV, true);
    sim_run(at.fake->sim, 33 * SIM_MINUTE);
    CHECK_INT(count_lines(&at, "team.misled"), 1);
    close_case(&at);
}

static void
leads_are_followed_in_order_and_the_last_ends_the_diagnosis(void)
{
    static const char text[] = WORLD "teams:\n" STEADY "    wrong_leads:\n"
                                     "      kv: {first_alert: {kv: 100%}, diagnosis: 30m}\n"
                                     "      never: {chance: 0%}\n"
                                     "      page: {status_page_down: 100%, diagnosis: 70m}\n" STEPS;
    Case at;
    open_case(&at, text, 1);
    at.page_down_from = 40 * SIM_MINUTE;
    at.page_down_to = 60 * SIM_MINUTE;
    give(&at, 10 * SIM_MINUTE, KV, true);
    sim_run(at.fake->sim, 5 * SIM_HOUR);
    CHECK_NEAR(minutes_at(&at, "team.misled", 0), 16, 1e-9);
    CHECK_NEAR(minutes_at(&at, "team.unmisled", 0), 46, 1e-9);
    CHECK_NEAR(minutes_at(&at, "team.misled", 1), 46, 1e-9);
    CHECK_NEAR(minutes_at(&at, "team.unmisled", 1), 116, 1e-9);
    CHECK_NEAR(minutes_at(&at, "team.identifies", 0), 116, 1e-9);
    g_autofree char *journal = fake_journal(at.fake);
    CHECK_HAS(journal, "team edge takes it for kv");
    CHECK_HAS(journal, "team edge gives up kv");
    CHECK_HAS(journal, "team edge takes it for page");
    close_case(&at);
    /* Paged by the other observer, and the page up: neither. */
    open_case(&at, text, 1);
    give(&at, 10 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 5 * SIM_HOUR);
    CHECK_INT(count_lines(&at, "team.misled"), 0);
    close_case(&at);
}

/* p = 1 - (1 - 0.1)(1 - 0.4) = 0.46 when kv paged, 0.1 otherwise; the same numbers decide. */
static void
chances_of_conditions_that_hold_add_up(void)
{
    static const char text[] =
        WORLD "teams:\n" STEADY
              "    wrong_leads: {x: {chance: 10%, flapping: 60%, first_alert: {kv: 40%}}}\n";
    enum { SEEDS = 500 };
    uint32_t n[2] = {0, 0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bool misled[2];
        for (uint32_t observer = 0; observer < 2; observer++) {
            Case at;
            open_case(&at, text, seed);
            give(&at, 10 * SIM_MINUTE, observer, true);
            sim_run(at.fake->sim, 20 * SIM_MINUTE);
            misled[observer] = count_lines(&at, "team.misled") > 0;
            n[observer] += misled[observer];
            close_case(&at);
        }
        CHECK(misled[KV] || !misled[ERRORS]);
    }
    CHECK(fabs((n[ERRORS] - 0.1 * SEEDS) / sqrt(SEEDS * 0.1 * 0.9)) < 4);
    CHECK(fabs((n[KV] - 0.46 * SEEDS) / sqrt(SEEDS * 0.46 * 0.54)) < 4);
}

/* delays against their laws ----------------------------------------------------------------- */

static int
ascending(const void *left, const void *right, void *context)
{
    const double *a = left, *b = right;
    (void)context;
    return (*a > *b) - (*a < *b);
}

/* Kolmogorov's distance from a law, in units of 1 / sqrt(n): above 1.95 in one case of a thousand.
 */
static double
distance(double *minutes, guint n, const SimLaw *law)
{
    double most = 0;
    g_qsort_with_data(minutes, (gint)n, sizeof *minutes, ascending, NULL);
    for (guint i = 0; i < n; i++) {
        double p = sim_law_cdf(law, (SimTime)(minutes[i] * SIM_MINUTE));
        most = MAX(most, MAX(fabs(p - (double)i / n), fabs(p - (double)(i + 1) / n)));
    }
    return most * sqrt(n);
}

static void
delays_follow_their_laws(void)
{
    static const char text[] =
        WORLD "teams:\n"
              "  edge:\n"
              "    alerts: errors\n"
              "    page: exponential(mean 1m)\n"
              "    decision: uniform(1m, 9m)\n"
              "    wrong_leads: {x: {chance: 50%}}\n"
              "    says: {every: 0s}\n"
              "timeline:\n"
              "  - {team: edge, delay: 'lognormal(median 5m, sigma 0.8)', do: note, text: a}\n";
    static const struct {
        const char *from, *to, *law;
    } stages[] = {
        {NULL, "team.paged", "exponential(mean 1m)"},
        {"team.paged", "team.acks", "lognormal(median 3m, sigma 0.7)"},
        {"team.acks", "team.triages", "lognormal(median 4m, sigma 0.7)"},
        {"team.triages", "team.identifies", "lognormal(median 20m, sigma 1)"},
        {"team.misled", "team.unmisled", "lognormal(median 130m, sigma 0.5)"},
        {"team.identifies", "team.decides", "uniform(1m, 9m)"},
        {"team.acts", "timeline.happens", "lognormal(median 5m, sigma 0.8)"},
    };
    enum { SEEDS = 500 };
    double minutes[G_N_ELEMENTS(stages)][SEEDS];
    guint n[G_N_ELEMENTS(stages)] = {0};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        Case at;
        open_case(&at, text, seed);
        give(&at, 0, ERRORS, true);
        sim_run(at.fake->sim, 200 * SIM_HOUR);
        bool is_misled = count_lines(&at, "team.misled") > 0;
        for (guint i = 0; i < G_N_ELEMENTS(stages); i++) {
            bool is_diagnosis = g_str_equal(stages[i].to, "team.identifies");
            bool is_lead = g_str_equal(stages[i].to, "team.unmisled");
            double from = stages[i].from ? minutes_at(&at, stages[i].from, 0) : 0;
            if ((is_diagnosis && is_misled) || (is_lead && !is_misled))
                continue;
            minutes[i][n[i]++] = minutes_at(&at, stages[i].to, 0) - from;
        }
        close_case(&at);
    }
    for (guint i = 0; i < G_N_ELEMENTS(stages); i++) {
        SimLaw law;
        CHECK(sim_law_parse(stages[i].law, &law, NULL));
        CHECK(n[i] > 200);
        double found = distance(minutes[i], n[i], &law);
        if (found >= 1.95)
            fprintf(stderr, "%s: %g\n", stages[i].to, found);
        CHECK(found < 1.95);
    }
}

/* A further team, lead or step moves nobody's draws; the next incident has its own. */
static void
draws_are_by_team_stage_and_incident(void)
{
    static const char one[] = WORLD "teams: {edge: {alerts: errors}}\n";
    static const char more[] =
        WORLD "teams:\n"
              "  other: {alerts: errors}\n"
              "  edge: {alerts: errors, wrong_leads: {x: {chance: 0%}}, says: {first: 1m}}\n"
              "timeline: [{team: edge, do: note, text: a}]\n";
    double first[2], second[2];
    for (guint i = 0; i < 2; i++) {
        Case at;
        open_case(&at, i ? more : one, 7);
        give(&at, 0, ERRORS, true);
        give(&at, 100 * SIM_HOUR, ERRORS, true);
        sim_run(at.fake->sim, 200 * SIM_HOUR);
        /* Of team edge: the lines of both teams are told apart by their entity. */
        const SimJournal *journal = at.fake->world.journal;
        double times[2] = {-1, -1};
        guint n = 0;
        for (uint32_t k = 0; k < sim_journal_count(journal); k++) {
            const SimJournalEntry *line = sim_journal_get(journal, k);
            if (g_str_equal(line->kind, "team.identifies") &&
                g_str_equal(line->entity, "team/edge") && n < 2)
                times[n++] = sim_seconds(line->at);
        }
        first[i] = times[0];
        second[i] = times[1] - 100 * 3600;
        close_case(&at);
    }
    CHECK_NEAR(first[0], first[1], 0);
    CHECK_NEAR(second[0], second[1], 0);
    CHECK(fabs(first[0] - second[0]) > 1);
}

/* tools and steps --------------------------------------------------------------------------- */

#define LOCKED(tool)                                                                               \
    WORLD "teams:\n" STEADY "timeline:\n"                                                          \
          "  - {team: edge, tools: " tool ", delay: 5m, do: kill-switch, services: core}\n"

static void
a_lock_out_delays_the_act_and_break_glass_shortens_it(void)
{
    static const struct {
        const char *text;
        double acts;
        const char *said;
    } cases[] = {
        {LOCKED("vpn"), 100 + 1.0 / 6, "team edge waits: vpn does not work"},
        {LOCKED("dashboard"), 45, "waits: dashboard does not work: gets in through glass"},
        {LOCKED("glass"), 45, "team edge waits: gets in through glass"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case at;
        open_case(&at, cases[i].text, 1);
        at.site_down_to = 100 * SIM_MINUTE + SIM_SECOND;
        give(&at, 10 * SIM_MINUTE, ERRORS, true);
        sim_run(at.fake->sim, 3 * SIM_HOUR);
        g_autofree char *journal = fake_journal(at.fake);
        CHECK_HAS(journal, cases[i].said);
        CHECK_NEAR(minutes_at(&at, "team.waits", 0), 40, 1e-9);
        CHECK_INT(count_lines(&at, "team.waits"), 1);
        CHECK_NEAR(minutes_at(&at, "team.acts", 0), cases[i].acts, 1e-9);
        CHECK_NEAR(minutes_at(&at, "timeline.happens", 0), cases[i].acts + 5, 1e-9);
        close_case(&at);
    }
}

static void
steps_that_do_not_apply_are_skipped(void)
{
    static const char text[] =
        WORLD "teams:\n" STEADY "timeline:\n"
              "  - {team: edge, delay: 1m, do: note, text: first}\n"
              "  - {at: 1m, do: note, text: nobody}\n"
              "  - {team: edge, if: errors < 1%, do: note, text: when well}\n"
              "  - {team: edge, chance: 0%, do: note, text: never}\n"
              "  - {team: edge, if: errors > 1%, delay: 1m, do: note, text: last}\n";
    Case at;
    open_case(&at, text, 1);
    give(&at, 10 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 3 * SIM_HOUR);
    g_autofree char *journal = fake_journal(at.fake);
    CHECK_HAS(journal, "41:00 timeline.happens first\n"
                       "41:00 team.skips team edge skips: when well\n"
                       "41:00 team.skips team edge skips: never\n"
                       "41:00 team.acts team edge begins: last\n"
                       "42:00 timeline.happens last\n"
                       "42:00 team.done team edge stands down\n");
    close_case(&at);
}

/* After the last step, while it is not over, what did not apply is looked at again. */
static void
a_step_that_comes_to_apply_is_done_while_they_watch(void)
{
    static const char text[] =
        WORLD "teams:\n" STEADY "    until: errors < 1% for 3h\n"
              "timeline:\n"
              "  - {team: edge, if: errors < 1%, delay: 1m, do: note, text: when well}\n"
              "  - {team: edge, delay: 1m, do: note, text: at once}\n"
              "  - {team: edge, if: errors < 1%, delay: 1m, do: note, text: well too}\n"
              "  - {team: edge, chance: 0%, do: note, text: never}\n";
    Case at;
    open_case(&at, text, 1);
    at.well_from = 60 * SIM_MINUTE;
    give(&at, 10 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 3 * SIM_HOUR);
    g_autofree char *journal = fake_journal(at.fake);
    CHECK_HAS(journal, "41:00 timeline.happens at once\n");
    CHECK_NEAR(minutes_at(&at, "timeline.happens", 1), 61, 0.2);
    CHECK_NEAR(minutes_at(&at, "timeline.happens", 2), 62, 0.2);
    CHECK_INT(count_lines(&at, "timeline.happens"), 3);
    close_case(&at);
}

#define UNTIL "    until: errors < 1% for 5m\n"

static void
a_team_stands_down_when_it_is_over_and_can_be_paged_again(void)
{
    static const struct {
        double well, done;
        uint32_t acts;
    } cases[] = {
        {5, 18 + 1.0 / 6, 0}, /* before the acknowledgement at 13: triage is done all the same */
        {20, 25, 0},          /* while they diagnose */
        {38, 43, 1},          /* while they act, from 40 to 45: that is finished */
        {100, 105, 2},        /* after the last step */
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        Case at;
        open_case(&at, WORLD "teams:\n" STEADY UNTIL STEPS, 1);
        at.well_from = (SimTime)(cases[i].well * SIM_MINUTE);
        give(&at, 10 * SIM_MINUTE, ERRORS, true);
        give(&at, 11 * SIM_MINUTE, ERRORS, false);
        sim_run(at.fake->sim, 4 * SIM_HOUR);
        double done = cases[i].acts == 1 ? 45 : cases[i].done;
        CHECK_NEAR(minutes_at(&at, "team.done", 0), done, 0.2);
        CHECK_INT(count_lines(&at, "team.acts"), cases[i].acts);
        CHECK_INT(count_lines(&at, "team.triages"), 1);
        CHECK(!responders_is_busy(at.responders, 0));
        at.well_from = SIM_TIME_MAX;
        give(&at, 5 * SIM_HOUR, ERRORS, true);
        sim_run(at.fake->sim, 7 * SIM_HOUR);
        CHECK_NEAR(minutes_at(&at, "team.paged", 1), 301, 1e-9);
        CHECK_INT(count_lines(&at, "team.acts"), cases[i].acts + 2);
        CHECK(responders_is_busy(at.responders, 0));
        close_case(&at);
    }
}

/* the public -------------------------------------------------------------------------------- */

#define SAYS "    says: {first: 10m, every: 30m}\n"

static void
the_public_hears_at_the_first_word_each_interval_and_each_stage(void)
{
    static const double want[] = {23, 36, 46, 76, 106, 112};
    Case at;
    open_case(&at, WORLD "teams:\n" STEADY SAYS UNTIL STEPS, 1);
    at.well_from = 107 * SIM_MINUTE;
    give(&at, 10 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 5 * SIM_HOUR);
    CHECK_INT(count_lines(&at, "team.posts"), G_N_ELEMENTS(want));
    for (guint i = 0; i < G_N_ELEMENTS(want); i++)
        CHECK_NEAR(minutes_at(&at, "team.posts", i), want[i], 0.2);
    g_autofree char *journal = fake_journal(at.fake);
    CHECK_HAS(journal, "23:00 team.posts team edge says that it is investigating\n");
    CHECK_HAS(journal, "36:00 team.posts team edge says that it has found the cause\n");
    CHECK_HAS(journal, "46:00 team.posts team edge says that it has a fix in place\n");
    CHECK_HAS(journal, "team edge says that it sees that all works again\n");
    close_case(&at);
}

static void
a_word_waits_for_the_status_page(void)
{
    Case at;
    open_case(&at, WORLD "teams:\n" STEADY SAYS STEPS, 1);
    at.page_down_from = 20 * SIM_MINUTE;
    at.page_down_to = 30 * SIM_MINUTE;
    give(&at, 10 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 5 * SIM_HOUR);
    CHECK_NEAR(minutes_at(&at, "team.posts", 0), 30, 0.2);
    CHECK_NEAR(minutes_at(&at, "team.posts", 1), 36, 1e-9);
    close_case(&at);
    /* The cause is known before the first word: that is the first word. */
    open_case(&at, WORLD "teams:\n" STEADY "    says: {first: 50m, every: 0s}\n" STEPS, 1);
    give(&at, 10 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 5 * SIM_HOUR);
    CHECK_NEAR(minutes_at(&at, "team.posts", 0), 36, 1e-9);
    CHECK_NEAR(minutes_at(&at, "team.posts", 1), 46, 1e-9);
    CHECK_INT(count_lines(&at, "team.posts"), 2);
    close_case(&at);
}

static void
nothing_is_said_by_who_says_nothing_or_of_what_nobody_heard(void)
{
    Case at;
    open_case(&at, WORLD "teams:\n" STEADY STEPS, 1);
    give(&at, 10 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 5 * SIM_HOUR);
    CHECK_INT(count_lines(&at, "team.posts"), 0);
    close_case(&at);
    open_case(&at, WORLD "teams:\n" STEADY SAYS UNTIL STEPS, 1);
    at.well_from = 12 * SIM_MINUTE; /* over at 18, before the first word at 23 */
    give(&at, 10 * SIM_MINUTE, ERRORS, true);
    sim_run(at.fake->sim, 5 * SIM_HOUR);
    CHECK_INT(count_lines(&at, "team.done"), 1);
    CHECK_INT(count_lines(&at, "team.posts"), 0);
    close_case(&at);
}

static void
a_lead_may_only_depend_on_alerts_of_its_team(void)
{
    static const char text[] =
        WORLD "teams: {edge: {alerts: errors, wrong_leads: {x: {first_alert: {erors: 40%}}}}}\n";
    Case at;
    open_case(&at, text, 1);
    CHECK(at.responders == NULL);
    g_autofree char *said = fake_messages(at.fake);
    CHECK_HAS(said, "error: 'erors' does not page team 'edge': expected one of its alerts; did you "
                    "mean 'errors'?");
    close_case(&at);
}

static CU_TestInfo tests[] = {
    {"each_stage_follows_from_the_one_before", each_stage_follows_from_the_one_before},
    {"only_its_own_alerts_and_pages_page_a_team", only_its_own_alerts_and_pages_page_a_team},
    {"flapping_misleads_and_a_steady_failure_does_not",
     flapping_misleads_and_a_steady_failure_does_not},
    {"it_flaps_when_two_alerts_came_back_within_half_an_hour",
     it_flaps_when_two_alerts_came_back_within_half_an_hour},
    {"leads_are_followed_in_order_and_the_last_ends_the_diagnosis",
     leads_are_followed_in_order_and_the_last_ends_the_diagnosis},
    {"chances_of_conditions_that_hold_add_up", chances_of_conditions_that_hold_add_up},
    {"delays_follow_their_laws", delays_follow_their_laws},
    {"draws_are_by_team_stage_and_incident", draws_are_by_team_stage_and_incident},
    {"a_lock_out_delays_the_act_and_break_glass_shortens_it",
     a_lock_out_delays_the_act_and_break_glass_shortens_it},
    {"steps_that_do_not_apply_are_skipped", steps_that_do_not_apply_are_skipped},
    {"a_step_that_comes_to_apply_is_done_while_they_watch",
     a_step_that_comes_to_apply_is_done_while_they_watch},
    {"a_team_stands_down_when_it_is_over_and_can_be_paged_again",
     a_team_stands_down_when_it_is_over_and_can_be_paged_again},
    {"the_public_hears_at_the_first_word_each_interval_and_each_stage",
     the_public_hears_at_the_first_word_each_interval_and_each_stage},
    {"a_word_waits_for_the_status_page", a_word_waits_for_the_status_page},
    {"nothing_is_said_by_who_says_nothing_or_of_what_nobody_heard",
     nothing_is_said_by_who_says_nothing_or_of_what_nobody_heard},
    {"a_lead_may_only_depend_on_alerts_of_its_team", a_lead_may_only_depend_on_alerts_of_its_team},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("responders", tests)
