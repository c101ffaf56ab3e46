#include "sim/journal.h"

#include "tests/harness.h"

#include <string.h>

static uint32_t
note(SimJournal *journal, SimTime at, uint32_t cause)
{
    SimJournalEntry entry = {.at = at, .cause = cause, .kind = "test.note", .entity = "pop/AMS"};
    return sim_journal_add(journal, &entry, "at %d", (int)at);
}

static uint32_t
receive(SimJournal *journal, SimTime at, uint64_t key)
{
    SimJournalEntry entry = {.at = at, .cause = SIM_NONE, .kind = "config.arrived"};
    return sim_journal_coalesce(journal, key, 1, &entry, "file %d arrives", (int)key);
}

static void
ids_are_dense_and_lead_to_the_root(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 26);
    SimJournal *journal = sim_journal_new(arena, NULL);
    uint32_t cause = SIM_NONE;
    for (uint32_t i = 0; i < 5000; i++) {
        uint32_t id = note(journal, i, i % 100 == 0 ? SIM_NONE : cause);
        CHECK_INT(id, i);
        cause = id;
    }
    CHECK_INT(sim_journal_count(journal), 5000);
    CHECK_INT(sim_journal_root(journal, 4999), 4900);
    CHECK_INT(sim_journal_root(journal, 0), 0);
    CHECK_INT(sim_journal_root(journal, SIM_NONE), SIM_NONE);
    const SimJournalEntry *entry = sim_journal_get(journal, 1234);
    CHECK_INT(entry->at, 1234);
    CHECK_INT(entry->cause, 1233);
    CHECK_INT(entry->n, 1);
    CHECK_STR(entry->text, "at 1234");
    CHECK_STR(entry->entity, "pop/AMS");
    CHECK_STR(entry->kind, "test.note");
}

static void
happenings_of_one_key_make_two_lines(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 26);
    SimJournal *journal = sim_journal_new(arena, NULL);
    char text[256];
    CHECK_INT(receive(journal, 0, 7), 0);
    CHECK_INT(receive(journal, 0, 8), 1);
    for (int i = 1; i < 320; i++)
        CHECK_INT(receive(journal, i * 10 * SIM_MILLISECOND, 7), 2);
    CHECK_INT(sim_journal_count(journal), 3);
    const SimJournalEntry *shared = sim_journal_get(journal, 2);
    CHECK_INT(shared->n, 319);
    CHECK_INT(shared->at, 10 * SIM_MILLISECOND);
    CHECK_INT(shared->last, 3190 * SIM_MILLISECOND);
    CHECK_STR(sim_journal_describe(journal, 2, text, sizeof text),
              "file 7 arrives (319 times within 3.18 s)");
    CHECK_STR(sim_journal_describe(journal, 0, text, sizeof text), "file 7 arrives");
}

static void
after_the_window_a_key_begins_anew(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 26);
    SimJournal *journal = sim_journal_new(arena, &(SimJournalOptions){.window = 10});
    CHECK_INT(receive(journal, 0, 7), 0);
    CHECK_INT(receive(journal, 10, 7), 1);
    CHECK_INT(receive(journal, 11, 7), 2);
    CHECK_INT(receive(journal, 12, 7), 3);
    CHECK_INT(receive(journal, 13, 7), 3);
}

static void
more_keys_than_places_lose_no_happening(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 28);
    SimJournal *journal = sim_journal_new(arena, NULL);
    for (uint64_t round = 0; round < 3; round++)
        for (uint64_t key = 0; key < 10000; key++)
            receive(journal, (SimTime)round, key);
    uint64_t n = 0;
    for (uint32_t i = 0; i < sim_journal_count(journal); i++)
        n += sim_journal_get(journal, i)->n;
    CHECK_INT(n, 30000);
}

static void
a_full_journal_counts_what_it_drops(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 26);
    SimJournal *journal = sim_journal_new(arena, &(SimJournalOptions){.capacity = 10});
    for (uint32_t i = 0; i < 9; i++)
        CHECK_INT(note(journal, i, SIM_NONE), i);
    CHECK_INT(note(journal, 20, 4), 4);
    CHECK_INT(receive(journal, 21, 1), SIM_NONE);
    CHECK_INT(receive(journal, 22, 1), SIM_NONE);
    CHECK_INT(sim_journal_count(journal), 10);
    CHECK_INT(sim_journal_dropped(journal), 3);
    const SimJournalEntry *last = sim_journal_get(journal, 9);
    CHECK_INT(last->n, 3);
    CHECK_INT(last->at, 20);
    CHECK_INT(last->last, 22);
    CHECK_STR(last->kind, "journal.full");
}

static void
text_is_bounded_and_cut(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 26);
    SimJournal *journal = sim_journal_new(arena, &(SimJournalOptions){.text_bytes = 2000});
    SimJournalEntry entry = {.cause = SIM_NONE, .kind = "test.long"};
    for (int i = 0; i < 10; i++)
        sim_journal_add(journal, &entry, "%0900d", i);
    CHECK_INT(strlen(sim_journal_get(journal, 0)->text), SIM_JOURNAL_LINE_MAX - 1);
    CHECK_INT(sim_journal_dropped(journal), 7);
    CHECK_INT(sim_journal_count(journal), 4);
}

static CU_TestInfo tests[] = {
    {"ids_are_dense_and_lead_to_the_root", ids_are_dense_and_lead_to_the_root},
    {"happenings_of_one_key_make_two_lines", happenings_of_one_key_make_two_lines},
    {"after_the_window_a_key_begins_anew", after_the_window_a_key_begins_anew},
    {"more_keys_than_places_lose_no_happening", more_keys_than_places_lose_no_happening},
    {"a_full_journal_counts_what_it_drops", a_full_journal_counts_what_it_drops},
    {"text_is_bounded_and_cut", text_is_bounded_and_cut},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("journal", tests)
