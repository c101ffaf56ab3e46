#include "models/status_page.h"

#include "models/monitor.h"
#include "models/monitor_reading.h"

static const SimTime look_period = 10 * SIM_SECOND;
static const SimTime look_window = SIM_MINUTE;

struct StatusPage {
    Sim *sim;
    const World *world;
    uint32_t n_down; /* faults in force */
    bool is_failing; /* its site fails */
    MonitorTally tally;
    MonitorReading reading;
    MonitorSeries series;
};

enum { LOOK };
static void on_look(Sim *sim, void *state, SimEvent event);
static const SimKind kinds[] = {[LOOK] = {"status.look", on_look}};
static const SimModelOps ops = {.name = "status_page",
                                .state_size = sizeof(StatusPage),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds)};

static void
watch(StatusPage *page, const Books *books, uint32_t site)
{
    g_autofree char *metric =
        g_strdup_printf("site.%s.errors", world_site(page->world, site)->entity.name);
    bool is_known = monitor_reading_find(&page->reading, books, metric);
    SIM_ASSERT(is_known);
    monitor_tally_init(&page->tally, books, sim_arena(page->sim));
    monitor_series_init(&page->series, sim_arena(page->sim), look_period, look_window);
    sim_after(page->sim, look_period, &ops, LOOK, 0, 0);
}

StatusPage *
status_page_attach(Sim *sim, const World *world, const Books *books)
{
    StatusPage *page = sim_attach(sim, &ops);
    page->sim = sim;
    page->world = world;
    if (world->spec->status_page.site != SIM_NONE)
        watch(page, books, world->spec->status_page.site);
    return page;
}

bool
status_page_is_up(const StatusPage *page)
{
    return page->n_down == 0 && !page->is_failing;
}

static void
tell(const StatusPage *page, bool was_up, uint32_t cause)
{
    bool is_up = status_page_is_up(page);
    if (is_up == was_up)
        return;
    SimJournalEntry entry = {.at = sim_now(page->sim),
                             .cause = cause,
                             .kind = is_up ? "status.up" : "status.down",
                             .entity = "status-page"};
    sim_journal_add(page->world->journal, &entry, "%s",
                    is_up ? "the status page can be reached again"
                          : "the status page can not be reached");
}

void
status_page_set_down(StatusPage *page, bool is_down, uint32_t cause)
{
    bool was_up = status_page_is_up(page);
    SIM_ASSERT(is_down || page->n_down > 0);
    page->n_down += is_down ? 1u : -1u;
    tell(page, was_up, cause);
}

static void
on_look(Sim *sim, void *state, SimEvent event)
{
    StatusPage *page = state;
    SimTime now = sim_now(sim);
    bool was_up = status_page_is_up(page);
    int64_t failed, answered;
    (void)event;
    monitor_reading_take(&page->reading, &page->tally, now, &failed, &answered);
    monitor_series_add(&page->series, failed, answered);
    MonitorWindow window = monitor_window(&page->series, now, 0, look_window);
    if (window.has_data)
        page->is_failing = 2 * window.upper > window.lower;
    tell(page, was_up, SIM_NONE);
    sim_after(sim, look_period, &ops, LOOK, 0, 0);
}
