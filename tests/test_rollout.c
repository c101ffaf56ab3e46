#include "models/rollout.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#include <stdlib.h>

enum { POPS = 100 };
static const double requests_per_s = 1e6; /* of each PoP */

static const char head[] = "services: {proxy: {placement: pop}}\n"
                           "sites: {web: {service: proxy, requests: 100/s}}\n"
                           "configs:\n"
                           "  features:\n"
                           "    properties: {size: 60}\n"
                           "    rollout:\n";
static const char plan[] = "      waves: [{share: 1%}, {share: 5%}, {share: 25%}, {share: 100%}]\n";

/* Whoever pushes: gives each wave's PoPs the version at once, and notes what it is told. */
typedef struct Owner {
    FakeWorld *fake;
    Rollouts *rollouts;
    double p;            /* of requests fail where the version runs */
    SimTime since[POPS]; /* -1: not there */
    uint32_t waves;
    SimTime wave_at[8], stopped_at;
    uint32_t verdict, push;
} Owner;

static void
on_wave(Sim *sim, void *state, SimEvent event)
{
    Owner *owner = *(Owner **)state;
    const uint32_t *pops;
    uint32_t n = rollout_wave_pops(owner->rollouts, event.actor, (uint32_t)event.arg, 0, &pops);
    owner->push = (uint32_t)(event.arg >> 32);
    owner->wave_at[owner->waves++] = sim_now(sim);
    for (uint32_t i = 0; i < n; i++) {
        owner->since[pops[i]] = sim_now(sim);
        rollout_arrived(owner->rollouts, event.actor, pops[i]);
    }
}

static void
on_stopped(Sim *sim, void *state, SimEvent event)
{
    Owner *owner = *(Owner **)state;
    owner->stopped_at = sim_now(sim);
    owner->verdict = (uint32_t)event.arg;
}

static const SimKind kinds[] = {{"owner.wave", on_wave}, {"owner.stopped", on_stopped}};
static const SimModelOps ops = {
    .name = "owner", .state_size = sizeof(Owner *), .kinds = kinds, .n_kinds = 2};

static PlaneCounts
count(const FakeWorld *fake, uint32_t pop)
{
    const Owner *owner = fake->context;
    SimTime now = sim_now(fake->sim), since = owner->since[pop];
    double failing = since >= 0 ? sim_seconds(now - since) : 0;
    return (PlaneCounts){.offered = (int64_t)(requests_per_s * sim_seconds(now)),
                         .failed = (int64_t)(requests_per_s * owner->p * failing)};
}

static void
owner_free(Owner *owner)
{
    fake_world_free(owner->fake);
    g_free(owner);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Owner, owner_free)

static Owner *
owner_new(const char *rollout, const char *gate, double p)
{
    g_autofree char *text = g_strconcat(head, rollout, gate, NULL);
    Owner *owner = g_new0(Owner, 1);
    owner->fake = fake_world_new(text, POPS, 1);
    owner->p = p;
    owner->stopped_at = -1;
    for (uint32_t pop = 0; pop < POPS; pop++)
        owner->since[pop] = -1;
    owner->fake->counts = count;
    owner->fake->context = owner;
    Sim *sim = owner->fake->sim;
    *(Owner **)sim_attach(sim, &ops) = owner;
    RolloutEvents events = {sim_event(sim, &ops, 0, 0, 0), sim_event(sim, &ops, 1, 0, 0)};
    SimMessages *messages = owner->fake->messages;
    Changes *changes = change_attach(sim, &owner->fake->world, messages);
    owner->rollouts = rollout_attach(sim, &owner->fake->world, changes, &events, messages);
    return owner;
}

static void
run(Owner *owner, double seconds)
{
    sim_run(owner->fake->sim, sim_from_seconds(seconds));
    sim_verify(owner->fake->sim);
}

/* Traffic-seconds lost until now, as a share of all traffic. */
static double
exposure(const Owner *owner)
{
    double seconds = 0;
    for (uint32_t pop = 0; pop < POPS; pop++)
        if (owner->since[pop] >= 0)
            seconds += sim_seconds(owner->stopped_at - owner->since[pop]) / POPS;
    return owner->p * seconds;
}

static const char burn[] =
    "      gate: {kind: burn, window: 1h, short_window: 5m, burn: 14.4x, at_most: 0.1%,\n"
    "             lag: 0s, every: 10s}\n";

static void
waves_come_one_after_the_other(void)
{
    g_autoptr(Owner) owner = owner_new(plan, "", 1);
    CHECK(rollout_is_planned(owner->rollouts, 0));
    rollout_start(owner->rollouts, 0, 7, SIM_NONE);
    run(owner, 3600);
    CHECK_INT(owner->waves, 4);
    CHECK_INT(owner->push, 7);
    for (uint32_t wave = 0; wave < 4; wave++)
        CHECK_INT(owner->wave_at[wave], wave * 10 * SIM_MINUTE);
    uint32_t at[4] = {0};
    for (uint32_t pop = 0; pop < POPS; pop++)
        at[owner->since[pop] / (10 * SIM_MINUTE)]++;
    CHECK_INT(at[0], 1);
    CHECK_INT(at[1], 4);
    CHECK_INT(at[2], 20);
    CHECK_INT(at[3], 75);
    CHECK_INT(rollout_state(owner->rollouts, 0), ROLLOUT_DONE);
    CHECK_INT(owner->stopped_at, -1);
}

/* Case 31: p = .05 is stopped at 1036.8 s in stage 2 after 1.392 traffic-seconds. */
static void
burn_stops_five_percent_in_the_second_wave(void)
{
    g_autoptr(Owner) owner = owner_new(plan, burn, 0.05);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 7200);
    CHECK_NEAR(sim_seconds(owner->stopped_at), 1036.8, 10);
    CHECK_INT(rollout_stage(owner->rollouts, 0), 2);
    CHECK_NEAR(exposure(owner), 1.392, 0.05 * 0.05 * 10);
    CHECK_INT(rollout_state(owner->rollouts, 0), ROLLOUT_STOPPED);
    CHECK_INT(owner->waves, 2);
}

/* Case 31: p = .02 is stopped at 2592 s in stage 4 after 19.56 traffic-seconds. */
static void
burn_stops_two_percent_in_the_last_wave(void)
{
    g_autoptr(Owner) owner = owner_new(plan, burn, 0.02);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 7200);
    CHECK_NEAR(sim_seconds(owner->stopped_at), 2592, 10);
    CHECK_INT(rollout_stage(owner->rollouts, 0), 4);
    CHECK_NEAR(exposure(owner), 19.56, 0.02 * 10);
}

static void
burn_lets_one_percent_pass(void)
{
    g_autoptr(Owner) owner = owner_new(plan, burn, 0.01);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 4 * 3600);
    CHECK_INT(owner->stopped_at, -1);
    CHECK_INT(rollout_state(owner->rollouts, 0), ROLLOUT_DONE);
}

static void
a_threshold_sees_only_what_is_lag_old(void)
{
    g_autoptr(Owner) owner =
        owner_new(plan, "      gate: {kind: threshold, at_most: 1%, lag: 60s, every: 10s}\n", 0.5);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 3600);
    CHECK_INT(owner->stopped_at, 70 * SIM_SECOND);
    g_autofree char *journal = fake_journal(owner->fake);
    CHECK_HAS(journal, "the gate stops features in wave 1 of 4, 1m10s after the push: 50.0 % of");
}

/* One PoP of a hundred fails half its requests: half a percent of all. */
static void
a_gate_over_all_pops_misses_a_small_wave(void)
{
    static const char gate[] =
        "      gate: {kind: threshold, scope: all, at_most: 1%, lag: 0s, every: 10s}\n";
    g_autoptr(Owner) owner = owner_new(plan, gate, 0.5);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 3600);
    CHECK_INT(rollout_stage(owner->rollouts, 0), 2);
    CHECK(owner->stopped_at > 600 * SIM_SECOND);
}

static void
a_gate_without_requests_gives_no_verdict(void)
{
    static const char gate[] = "      gate: {kind: threshold, at_most: 1%, requests_min: 1e12}\n";
    g_autoptr(Owner) owner = owner_new(plan, gate, 1);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 1700);
    CHECK_INT(owner->stopped_at, -1);
}

static void
a_new_push_starts_from_the_first_wave(void)
{
    g_autoptr(Owner) owner = owner_new(plan, burn, 0);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 700);
    rollout_start(owner->rollouts, 0, 2, SIM_NONE);
    CHECK_INT(rollout_stage(owner->rollouts, 0), 1);
    run(owner, 1299);
    CHECK_INT(owner->waves, 3);
    CHECK_INT(owner->push, 2);
    rollout_cancel(owner->rollouts, 0);
    run(owner, 7200);
    CHECK_INT(owner->waves, 3);
    CHECK_INT(rollout_state(owner->rollouts, 0), ROLLOUT_IDLE);
}

static void
what_nobody_confirms_is_taken_back(void)
{
    g_autoptr(Owner) owner = owner_new("      commit_confirm: 15m\n", "", 0);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 600);
    CHECK_INT(owner->waves, 1);
    CHECK(rollout_confirm(owner->rollouts, 0, SIM_NONE));
    CHECK(!rollout_confirm(owner->rollouts, 0, SIM_NONE));
    run(owner, 1200);
    CHECK_INT(owner->stopped_at, -1);
    rollout_start(owner->rollouts, 0, 2, SIM_NONE);
    run(owner, 3600);
    CHECK_INT(owner->stopped_at, 2100 * SIM_SECOND);
}

static void
the_order_is_small_first_or_large_first(void)
{
    g_autoptr(Owner) large = owner_new(plan, "      order: large-first\n", 0);
    g_autoptr(Owner) small = owner_new(plan, "      order: small-first\n", 0);
    const uint32_t *pops;
    CHECK_INT(rollout_wave_pops(large->rollouts, 0, 0, 0, &pops), 1);
    CHECK_INT(pops[0], large->fake->world.pops_by_demand[0]);
    CHECK_INT(rollout_wave_pops(small->rollouts, 0, 3, 0, &pops), 75);
    CHECK_INT(pops[74], small->fake->world.pops_by_demand[0]);
}

/* A canary of one PoP with 1 M/s sees 600 M requests in ten minutes. */
static void
a_wave_that_saw_too_little_soaks_on(void)
{
    static const char gate[] = "      gate: {kind: threshold, at_most: 1%, lag: 0s}\n"
                               "      extend: {when_requests_below: 1000M, by: 5m, at_most: 30m}\n";
    g_autoptr(Owner) owner = owner_new(plan, gate, 0);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 7200);
    CHECK_INT(owner->wave_at[1], 20 * SIM_MINUTE);
    CHECK_INT(owner->wave_at[2], 30 * SIM_MINUTE);
    g_autofree char *journal = fake_journal(owner->fake);
    CHECK_HAS(journal, "10:00 rollout.extended wave 1 of features has seen 590 M requests and "
                       "soaks 5m longer\n");
    CHECK_HAS(journal, "15:00 rollout.extended wave 1 of features has seen 890 M requests");
}

static void
a_wave_is_extended_only_so_long(void)
{
    static const char passes[] =
        "      gate: {kind: threshold, at_most: 1%, lag: 0s}\n"
        "      extend: {when_requests_below: 1e12, by: 10m, at_most: 20m}\n";
    static const char stops[] =
        "      gate: {kind: threshold, at_most: 1%, lag: 0s}\n"
        "      extend: {when_requests_below: 1e12, by: 10m, at_most: 20m, stops: true}\n";
    g_autoptr(Owner) one = owner_new(plan, passes, 0);
    rollout_start(one->rollouts, 0, 1, SIM_NONE);
    run(one, 7200);
    CHECK_INT(one->wave_at[1], 30 * SIM_MINUTE);
    CHECK_INT(one->wave_at[3], 90 * SIM_MINUTE);
    g_autoptr(Owner) two = owner_new(plan, stops, 0);
    rollout_start(two->rollouts, 0, 1, SIM_NONE);
    run(two, 7200);
    CHECK_INT(two->waves, 1);
    CHECK_INT(two->stopped_at, 30 * SIM_MINUTE);
    CHECK(rollout_is_reverted(two->rollouts, 0));
    CHECK(!rollout_is_tripped(two->rollouts, 0));
}

/* The run starts on a Tuesday at 11:00. */
static void
a_wave_waits_for_its_window_and_its_approval(void)
{
    static const char waves[] =
        "      waves: [{share: 1%, soak: 50m}, {share: 10%, approval: 3m}, {share: 100%}]\n";
    static const char change[] = "    change: {windows: ['tue 10:00-12:00', 'tue 13:00-14:00']}\n";
    g_autoptr(Owner) owner = owner_new(waves, change, 0);
    run(owner, 600);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 6 * 3600);
    CHECK_INT(owner->wave_at[0], 10 * SIM_MINUTE);
    CHECK_INT(owner->wave_at[1], 120 * SIM_MINUTE);
    CHECK_INT(owner->wave_at[2], 130 * SIM_MINUTE);
    g_autofree char *journal = fake_journal(owner->fake);
    CHECK_HAS(journal, "60:00 change.waits wave 2 of features waits for approval\n");
    CHECK_HAS(journal, "63:00 change.waits wave 2 of features waits 57m for its change window\n");
    CHECK_HAS(journal, "change.approved wave 2 of features goes out, 1h after it was asked\n");
}

static void
a_cancelled_rollout_asks_for_no_further_wave(void)
{
    g_autoptr(Owner) owner =
        owner_new("      waves: [{share: 1%}, {share: 100%, approval: 10m}]\n", "", 0);
    rollout_start(owner->rollouts, 0, 1, SIM_NONE);
    run(owner, 900);
    rollout_cancel(owner->rollouts, 0);
    run(owner, 7200);
    CHECK_INT(owner->waves, 1);
}

static CU_TestInfo tests[] = {
    {"waves_come_one_after_the_other", waves_come_one_after_the_other},
    {"burn_stops_five_percent_in_the_second_wave", burn_stops_five_percent_in_the_second_wave},
    {"burn_stops_two_percent_in_the_last_wave", burn_stops_two_percent_in_the_last_wave},
    {"burn_lets_one_percent_pass", burn_lets_one_percent_pass},
    {"a_threshold_sees_only_what_is_lag_old", a_threshold_sees_only_what_is_lag_old},
    {"a_gate_over_all_pops_misses_a_small_wave", a_gate_over_all_pops_misses_a_small_wave},
    {"a_gate_without_requests_gives_no_verdict", a_gate_without_requests_gives_no_verdict},
    {"a_new_push_starts_from_the_first_wave", a_new_push_starts_from_the_first_wave},
    {"what_nobody_confirms_is_taken_back", what_nobody_confirms_is_taken_back},
    {"the_order_is_small_first_or_large_first", the_order_is_small_first_or_large_first},
    {"a_wave_that_saw_too_little_soaks_on", a_wave_that_saw_too_little_soaks_on},
    {"a_wave_is_extended_only_so_long", a_wave_is_extended_only_so_long},
    {"a_wave_waits_for_its_window_and_its_approval", a_wave_waits_for_its_window_and_its_approval},
    {"a_cancelled_rollout_asks_for_no_further_wave", a_cancelled_rollout_asks_for_no_further_wave},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("rollout", tests)
