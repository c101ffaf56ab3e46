#include "models/status_page.h"

#include "tests/watched.h"

static void
elsewhere_it_is_up_whatever_happens_here(void)
{
    Watched watched;
    watched_make(&watched, "");
    StatusPage *page = status_page_attach(watched.fake->sim, &watched.fake->world, watched.books);
    watched.failing = 1;
    watched_run(&watched, 10 * SIM_MINUTE);
    CHECK(status_page_is_up(page));
    CHECK_INT(sim_journal_count(watched.fake->world.journal), 0);
    watched_clear(&watched);
}

static void
two_faults_hold_it_down_until_both_are_over(void)
{
    Watched watched;
    watched_make(&watched, "");
    StatusPage *page = status_page_attach(watched.fake->sim, &watched.fake->world, watched.books);
    const SimJournalEntry fault = {.cause = SIM_NONE, .kind = "test"};
    uint32_t cause = sim_journal_add(watched.fake->world.journal, &fault, "coincidence");
    status_page_set_down(page, true, cause);
    status_page_set_down(page, true, cause);
    status_page_set_down(page, false, cause);
    CHECK(!status_page_is_up(page));
    status_page_set_down(page, false, cause);
    CHECK(status_page_is_up(page));
    g_autofree char *journal = fake_journal(watched.fake);
    CHECK_STR(journal, "00:00 test coincidence\n"
                       "00:00 status.down the status page can not be reached\n"
                       "00:00 status.up the status page can be reached again\n");
    CHECK_INT(sim_journal_get(watched.fake->world.journal, 1)->cause, cause);
    watched_clear(&watched);
}

static void
behind_the_edge_it_falls_with_its_site(void)
{
    Watched watched;
    watched_make(&watched, "status_page: {site: web}\n");
    StatusPage *page = status_page_attach(watched.fake->sim, &watched.fake->world, watched.books);
    watched.failing = 0.4;
    watched_run(&watched, 5 * SIM_MINUTE);
    CHECK(status_page_is_up(page));
    watched.failing = 1;
    watched_run(&watched, 6 * SIM_MINUTE);
    CHECK(!status_page_is_up(page));
    watched.failing = 0;
    watched_run(&watched, 7 * SIM_MINUTE);
    CHECK(status_page_is_up(page));
    g_autofree char *journal = fake_journal(watched.fake);
    CHECK_STR(journal, "05:20 status.down the status page can not be reached\n"
                       "06:30 status.up the status page can be reached again\n");
    watched_clear(&watched);
}

static CU_TestInfo tests[] = {
    {"elsewhere_it_is_up_whatever_happens_here", elsewhere_it_is_up_whatever_happens_here},
    {"two_faults_hold_it_down_until_both_are_over", two_faults_hold_it_down_until_both_are_over},
    {"behind_the_edge_it_falls_with_its_site", behind_the_edge_it_falls_with_its_site},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("status_page", tests)
