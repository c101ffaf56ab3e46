#include "models/guard.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

static const char text[] =
    "network: {requests: 1k/s}\n"
    "locations: {dc: {latitude: 0, longitude: 0}}\n"
    "services:\n"
    "  proxy: {placement: pop, needs: {kv: {breaker: hystrix}, api: {timeout: 1s}}}\n"
    "  kv: {placement: core, location: dc, needs: {api: {bulkhead: 10}}}\n"
    "  api: {placement: core, location: dc, station: {hosts: 10},\n"
    "    front: {service: proxy, needs: {kv: {retry_budget: 20%}}}}\n"
    "sites:\n"
    "  web: {remainder: true, service: proxy, needs: {api: {outlier: {consecutive: 3}}}}\n";

static void
every_guarded_need_is_found_with_its_caller(void)
{
    static const struct {
        const char *caller, *entity;
        bool has_column;
    } rows[] = {{"proxy", "breaker/proxy/kv", true},
                {"kv", "breaker/kv/api", false},
                {"api-front", "breaker/api-front/kv", false},
                {"web", "breaker/web/api", false}};
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Guards *guards = guards_new(&fake->world, sim_arena(fake->sim));
    SimRecorder *recorder = sim_recorder_new(sim_arena(fake->sim), SIM_HOUR, 64, 8);
    guards_attach(guards, recorder);
    CHECK_INT(guards->n, 4);
    CHECK_INT(guards_count(fake->world.spec), 4);
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        CHECK_STR(guards->of[i].caller, rows[i].caller);
        CHECK_STR(guards->of[i].entity, rows[i].entity);
        CHECK_INT(guards->of[i].column != SIM_NONE, rows[i].has_column);
        CHECK_INT(guards_find(guards, guards->of[i].need), i);
    }
    CHECK_INT(sim_recorder_find(recorder, "breaker.proxy.kv.open"), guards->of[0].column);
    const NeedSpec *plain = SIM_ITEM(world_service(&fake->world, 0)->needs, NeedSpec, 1);
    CHECK_INT(guards_find(guards, plain), SIM_NONE);
}

static void
breakers_that_move_together_share_a_line(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Guards *guards = guards_new(&fake->world, sim_arena(fake->sim));
    const SimJournal *journal = fake->world.journal;
    Guard *guard = &guards->of[0];
    Breaker breaker = {.state = BREAKER_OPEN, .opened = 1};
    uint32_t first = sim_journal_count(journal);
    const SimJournalEntry fault = {.at = SIM_SECOND, .cause = SIM_NONE, .kind = "fault"};
    uint32_t cause = sim_journal_add(fake->world.journal, &fault, "a fault");
    for (SimTime now = 1; now <= 3; now++)
        guard_breaker_moved(guard, &fake->world, &breaker, BREAKER_CLOSED, now * SIM_SECOND, cause);
    guard_breaker_moved(guard, &fake->world, &breaker, BREAKER_OPEN, 4 * SIM_SECOND, cause);
    CHECK_INT(sim_journal_count(journal), first + 3);
    const SimJournalEntry *opens = sim_journal_get(journal, first + 2);
    CHECK_STR(opens->kind, "breaker.opens");
    CHECK_STR(opens->entity, "breaker/proxy/kv");
    CHECK_INT(opens->n, 2);
    CHECK_INT(opens->cause, cause);
    breaker.state = BREAKER_TRYING;
    guard_breaker_moved(guard, &fake->world, &breaker, BREAKER_OPEN, 8 * SIM_SECOND, cause);
    breaker.opened = 2; /* a trial has failed: the next is no news */
    guard_breaker_moved(guard, &fake->world, &breaker, BREAKER_OPEN, 9 * SIM_SECOND, cause);
    breaker.state = BREAKER_OPEN;
    guard_breaker_moved(guard, &fake->world, &breaker, BREAKER_TRYING, 9 * SIM_SECOND, cause);
    breaker.state = BREAKER_CLOSED;
    guard_breaker_moved(guard, &fake->world, &breaker, BREAKER_TRYING, 9 * SIM_SECOND, cause);
    CHECK_INT(sim_journal_count(journal), first + 5);
    CHECK_STR(sim_journal_get(journal, first + 3)->kind, "breaker.tries");
    CHECK_STR(sim_journal_get(journal, first + 4)->kind, "breaker.closes");
    CHECK_INT(sim_journal_get(journal, first + 4)->cause, guard->opened);
}

static void
hosts_are_counted_in_their_lines(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Guards *guards = guards_new(&fake->world, sim_arena(fake->sim));
    const SimJournal *journal = fake->world.journal;
    Guard *guard = &guards->of[3];
    Outlier outlier = {.ejections = 4, .returns = 1};
    uint32_t first = sim_journal_count(journal);
    guard_outlier_moved(guard, &fake->world, &outlier, 4, 1, 0, SIM_NONE);
    CHECK_INT(sim_journal_count(journal), first);
    guard_outlier_moved(guard, &fake->world, &outlier, 1, 0, 0, SIM_NONE);
    CHECK_STR(sim_journal_get(journal, first)->kind, "outlier.ejects");
    CHECK_STR(sim_journal_get(journal, first)->entity, "outlier/web/api");
    const SimJournalEntry *last = sim_journal_get(journal, sim_journal_count(journal) - 1);
    CHECK_STR(last->kind, "outlier.returns");
    CHECK(last->cause >= first && last->cause != SIM_NONE);
}

static CU_TestInfo tests[] = {
    {"every guarded need is found with its caller", every_guarded_need_is_found_with_its_caller},
    {"breakers that move together share a line", breakers_that_move_together_share_a_line},
    {"hosts are counted in their lines", hosts_are_counted_in_their_lines},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("guard", tests)
