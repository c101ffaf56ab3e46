#include "models/change.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

/* The run starts on Tuesday 2025-11-18 at 11:00 UTC. */
#define HEAD                                                                                       \
    "services: {proxy: {placement: pop}}\n"                                                        \
    "sites: {web: {service: proxy, requests: 100/s}}\n"
#define CONFIG "configs: {features: {properties: {size: 60}}}\n"

typedef struct Asker {
    Changes *changes;
    uint32_t n;
    SimTime at;
    uint64_t arg;
} Asker;

static void
on_go(Sim *sim, void *state, SimEvent event)
{
    Asker *asker = state;
    asker->n++;
    asker->at = sim_now(sim);
    asker->arg = event.arg;
}

static const SimKind kinds[] = {{"asker.go", on_go}};
static const SimModelOps ops = {
    .name = "asker", .state_size = sizeof(Asker), .kinds = kinds, .n_kinds = 1};

static Asker *
asker_of(FakeWorld *fake)
{
    Asker *asker = sim_attach(fake->sim, &ops);
    asker->changes = change_attach(fake->sim, &fake->world, fake->messages);
    return asker;
}

static bool
ask(const FakeWorld *fake, Asker *asker, uint64_t number)
{
    const ChangeAsk what = {.config = 0,
                            .what = "version 1",
                            .approval = &change_spec(&fake->world, 0)->approval,
                            .cause = SIM_NONE,
                            .then = sim_event(fake->sim, &ops, 0, 0, number)};
    return change_ask(asker->changes, &what);
}

static void
run(const FakeWorld *fake, SimTime until)
{
    sim_run(fake->sim, until);
    sim_verify(fake->sim);
}

static void
without_a_process_everything_goes_out_at_once(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(HEAD CONFIG, 2, 1);
    Asker *asker = asker_of(fake);
    CHECK(ask(fake, asker, 1));
    CHECK(!change_is_waiting(asker->changes, 0));
    CHECK_INT(sim_journal_count(fake->world.journal), 0);
    CHECK_INT(change_opens(asker->changes, 0, 5 * SIM_SECOND, NULL), 5 * SIM_SECOND);
}

static void
a_window_opens_at_its_hour(void)
{
    static const struct {
        const char *windows;
        int64_t asked_s, opens_s;
    } rows[] = {
        {"'08:00-16:00'", 0, 0},
        {"'08:00-11:00'", 0, 21 * 3600},
        {"'11:00-11:01'", 59, 59},
        {"'11:00-11:01'", 60, 24 * 3600},
        {"'tue 11:00-12:00'", 3600, 7 * 24 * 3600},
        {"'mon-tue 12:00-13:00'", 7200, 6 * 24 * 3600 + 3600},
        {"'fri-mon 08:00-16:00'", 0, 2 * 24 * 3600 + 21 * 3600},
        {"'mon,wed 08:00-16:00'", 0, 21 * 3600},
        {"'mon 22:00-12:00'", 0, 0},
        {"'sun 22:00-02:00'", 5 * 24 * 3600 + 14 * 3600, 5 * 24 * 3600 + 14 * 3600},
        {"'sun 22:00-02:00'", 5 * 24 * 3600 + 15 * 3600, 12 * 24 * 3600 + 11 * 3600},
        {"'fri 08:00-09:00', 'wed 10:30-24:00'", 0, 23 * 3600 + 1800},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            g_strdup_printf(HEAD CONFIG "change_process: {windows: [%s]}\n", rows[i].windows);
        g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
        Asker *asker = asker_of(fake);
        CHECK_INT(change_opens(asker->changes, 0, rows[i].asked_s * SIM_SECOND, NULL),
                  rows[i].opens_s * SIM_SECOND);
    }
}

static void
a_freeze_holds_whatever_the_window(void)
{
    static const char text[] =
        HEAD CONFIG "change_process:\n"
                    "  windows: ['08:00-12:00']\n"
                    "  freezes: [{from: 2025-11-18, to: 2025-11-20, because: holidays},\n"
                    "            {from: 2025-11-20T00:00:00Z, to: 2025-11-21T09:30:00Z}]\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Asker *asker = asker_of(fake);
    const char *why;
    SimTime opens = (2 * 24 + 22) * SIM_HOUR + 30 * SIM_MINUTE;
    CHECK_INT(change_opens(asker->changes, 0, 0, &why), opens);
    CHECK_STR(why, "holidays");
    CHECK(!ask(fake, asker, 7));
    run(fake, opens - 1);
    CHECK_INT(asker->n, 0);
    run(fake, opens + 1);
    CHECK_INT(asker->at, opens);
    CHECK_INT(asker->arg, 7);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "change.waits version 1 of features waits 2d23h: holidays\n");
    CHECK_HAS(journal, "change.approved version 1 of features goes out, 2d23h after it");
}

static void
approval_takes_its_time_also_at_night(void)
{
    static const char text[] =
        HEAD CONFIG "change_process: {windows: ['08:00-11:05'], approval: 10m}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Asker *asker = asker_of(fake);
    CHECK(!ask(fake, asker, 1));
    run(fake, 600 * SIM_SECOND);
    CHECK(change_is_waiting(asker->changes, 0));
    run(fake, 22 * SIM_HOUR);
    CHECK_INT(asker->at, 21 * SIM_HOUR);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "00:00 change.waits version 1 of features waits for approval\n");
    CHECK_HAS(journal, "10:00 change.waits version 1 of features waits 20h50m for its change");
}

static void
approvals_follow_their_law(void)
{
    static const char text[] =
        HEAD CONFIG "change_process: {approval: 'lognormal(median 10m, sigma 0.7)'}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Asker *asker = asker_of(fake);
    uint32_t below = 0, early = 0, n = 2000;
    for (uint32_t i = 0; i < n; i++) {
        SimTime asked = sim_now(fake->sim);
        CHECK(!ask(fake, asker, i));
        run(fake, asked + SIM_HOUR * 24);
        CHECK_INT(asker->n, i + 1);
        below += asker->at - asked < 10 * SIM_MINUTE;
        early += asker->at - asked < sim_from_seconds(600 * 0.4966); /* e^-0.7: one sigma down */
    }
    CHECK_NEAR((double)below / n, 0.5, 0.04);
    CHECK_NEAR((double)early / n, 0.1587, 0.03);
}

static void
a_later_question_withdraws_the_one_before(void)
{
    static const char text[] = HEAD CONFIG "change_process: {approval: 10m}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Asker *asker = asker_of(fake);
    ask(fake, asker, 1);
    run(fake, 300 * SIM_SECOND);
    ask(fake, asker, 2);
    run(fake, SIM_HOUR);
    CHECK_INT(asker->n, 1);
    CHECK_INT(asker->arg, 2);
    CHECK_INT(asker->at, 900 * SIM_SECOND);
    ask(fake, asker, 3);
    change_withdraw(asker->changes, 0);
    CHECK(!change_is_waiting(asker->changes, 0));
    run(fake, 2 * SIM_HOUR);
    CHECK_INT(asker->n, 1);
}

static void
a_config_of_its_own_process_has_that_alone(void)
{
    static const char text[] = HEAD "change_process: {windows: ['mon 00:00-01:00'], approval: 1h}\n"
                                    "configs:\n"
                                    "  free: {properties: {size: 60}, change: {}}\n"
                                    "  bound: {properties: {size: 60}}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    Asker *asker = asker_of(fake);
    CHECK(ask(fake, asker, 1));
    CHECK_INT(change_opens(asker->changes, 0, 0, NULL), 0);
    CHECK_INT(change_opens(asker->changes, 1, 0, NULL), (5 * 24 + 13) * SIM_HOUR);
}

static void
a_freeze_that_ends_before_it_begins_is_wrong_once(void)
{
    static const char text[] =
        HEAD "change_process: {freezes: [{from: 2025-12-20, to: 2025-12-19}]}\n"
             "configs: {one: {properties: {size: 60}}, two: {properties: {size: 60}}}\n";
    g_autoptr(FakeWorld) fake = fake_world_new(text, 2, 1);
    CHECK(!change_attach(fake->sim, &fake->world, fake->messages));
    CHECK_INT(sim_messages_errors(fake->messages), 1);
    g_autofree char *messages = fake_messages(fake);
    CHECK_HAS(messages, "the freeze ends before it begins: expected a `to` after `from`");
}

static CU_TestInfo tests[] = {
    {"without_a_process_everything_goes_out_at_once",
     without_a_process_everything_goes_out_at_once},
    {"a_window_opens_at_its_hour", a_window_opens_at_its_hour},
    {"a_freeze_holds_whatever_the_window", a_freeze_holds_whatever_the_window},
    {"approval_takes_its_time_also_at_night", approval_takes_its_time_also_at_night},
    {"approvals_follow_their_law", approvals_follow_their_law},
    {"a_later_question_withdraws_the_one_before", a_later_question_withdraws_the_one_before},
    {"a_config_of_its_own_process_has_that_alone", a_config_of_its_own_process_has_that_alone},
    {"a_freeze_that_ends_before_it_begins_is_wrong_once",
     a_freeze_that_ends_before_it_begins_is_wrong_once},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("change", tests)
