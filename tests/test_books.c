#include "models/books.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

static const char text[] = "network: {requests: 1k/s}\n"
                           "services: {proxy: {placement: pop, cohorts: {new: 75%, old: 25%}}}\n"
                           "sites:\n"
                           "  tail: {remainder: true, service: proxy, cache: {cacheable: 50%}}\n"
                           "  shop: {share: 20%, service: proxy, cohorts: {old: 100%}}\n";
enum { TAIL_NEW, TAIL_OLD, SHOP };

static Books *
open_books(FakeWorld *fake)
{
    SimArena *arena = sim_arena(fake->sim);
    return books_new(&fake->world, flow_plan_new(&fake->world, arena), arena, SIM_HOUR);
}

static double
value(const Books *books, const char *name)
{
    uint32_t column = sim_recorder_find(books->recorder, name);
    CHECK(column != SIM_NONE);
    return sim_recorder_value(books->recorder, column, 0);
}

static void
rows_sum_to_sites_cohorts_and_all(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Books *books = open_books(fake);
    books->offered[TAIL_NEW] = books->ok[TAIL_NEW] = 5;
    books->offered[TAIL_OLD] = books->failed[TAIL_OLD] = 7;
    books->offered[SHOP] = books->blocked[SHOP] = 11;
    books->asked[TAIL_NEW] = 5;
    books->miss[TAIL_NEW] = 3;
    books_close_sums(books);
    books_close(books, books_bucket_end(books));
    CHECK_NEAR(value(books, "all.offered"), 23, 0);
    CHECK_NEAR(value(books, "all.answered"), 23, 0);
    CHECK_NEAR(value(books, "site.tail.failed"), 7, 0);
    CHECK_NEAR(value(books, "cohort.old.offered"), 18, 0);
    CHECK_NEAR(value(books, "cohort.old.blocked"), 11, 0);
    CHECK_NEAR(value(books, "cache.lookups"), 2.5, 0);
    CHECK_NEAR(value(books, "cache.hits"), 2, 0);
    CHECK_NEAR(value(books, "outcome.ok"), 5, 0);
    CHECK_NEAR(books->offered[SHOP], 0, 0);
}

static void
the_last_cause_slot_takes_the_rest(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 3, 1);
    Books *books = open_books(fake);
    CHECK_INT(books_cause_slot(books, SIM_NONE), 0);
    for (uint32_t i = 0; i < 20; i++) {
        const SimJournalEntry entry = {.cause = SIM_NONE, .kind = "test"};
        uint32_t root = sim_journal_add(fake->world.journal, &entry, "root %u", i);
        const SimJournalEntry below = {.cause = root, .kind = "test"};
        uint32_t child = sim_journal_add(fake->world.journal, &below, "child");
        uint32_t want = i + 1 < BOOKS_CAUSES ? i + 1 : BOOKS_CAUSES - 1;
        CHECK_INT(books_cause_slot(books, child), want);
        CHECK_INT(books_cause_slot(books, root), want);
    }
}

static void
a_pop_counts_in_its_region_once(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    Books *books = open_books(fake);
    BooksPop pop = {.offered = 100, .failed = 10, .ok = 85, .blocked = 5, .capacity = 2};
    SimTime end = books_bucket_end(books);
    pop.work = 1.5 * sim_seconds(end);
    books_close_sums(books);
    books_close_pop(books, 0, &pop, end);
    books_close_cpu(books, 1.5 * sim_seconds(end), 2, 0.75, end);
    books_close(books, end);
    const char *region = geo_region_name(fake->geo->pops.at.region[0]);
    g_autofree char *offered = g_strdup_printf("region.%s.offered", region);
    g_autofree char *failed = g_strdup_printf("region.%s.failed", region);
    CHECK_NEAR(value(books, offered), 100, 0);
    CHECK_NEAR(value(books, failed), 10, 0);
    CHECK_NEAR(value(books, "cpu.mean"), 0.75, 1e-12);
    CHECK_NEAR(pop.ok, 0, 0);
    CHECK_NEAR(pop.recorded_offered, 100, 0);
}

static CU_TestInfo tests[] = {
    {"rows_sum_to_sites_cohorts_and_all", rows_sum_to_sites_cohorts_and_all},
    {"the_last_cause_slot_takes_the_rest", the_last_cause_slot_takes_the_rest},
    {"a_pop_counts_in_its_region_once", a_pop_counts_in_its_region_once},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("books", tests)
