#include "models/spec_change.h"

#include "tests/scenario.h"

#define HEAD                                                                                       \
    "blackstart: 1\ntitle: t\nclock: {duration: 1h}\n"                                             \
    "services: {proxy: {placement: pop}}\n"                                                        \
    "sites: {web: {service: proxy, requests: 1/s}}\n"

static char *
said_of(const char *change)
{
    g_autofree char *text = g_strdup_printf(HEAD "change_process: {%s}\n", change);
    return scenario_text_complaints(text);
}

static void
a_window_is_days_and_hours(void)
{
    static const struct {
        const char *text;
        uint32_t days;
        int32_t from_s, to_s;
    } rows[] = {
        {"'mon-thu 08:00-16:00'", 0x0f, 8 * 3600, 16 * 3600},
        {"'08:00-16:00'", 0x7f, 8 * 3600, 16 * 3600},
        {"'fri 22:00-04:30'", 0x10, 22 * 3600, 28 * 3600 + 1800},
        {"'sat-mon 00:00-24:00'", 0x61, 0, 24 * 3600},
        {"'Mon, Wed 09:00:30-10:00'", 0x05, 9 * 3600 + 30, 10 * 3600},
    };
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        ScenarioText scenario;
        g_autofree char *text =
            g_strdup_printf(HEAD "change_process: {windows: [%s]}\n", rows[i].text);
        scenario_text_read(&scenario, text);
        const SimList windows = scenario.spec.change_process.windows;
        if (CHECK_INT(windows.n, 1)) {
            const Week *week = &SIM_ITEM(windows, WindowSpec, 0)->week;
            CHECK_INT(week->days, rows[i].days);
            CHECK_INT(week->from_s, rows[i].from_s);
            CHECK_INT(week->to_s, rows[i].to_s);
        }
        scenario_text_clear(&scenario);
    }
}

static void
what_is_no_window_is_said_so(void)
{
    static const char *const rows[] = {"mon",
                                       "8-16",
                                       "mon 16:00",
                                       "mun 08:00-16:00",
                                       "mon-thu 08:00-25:00",
                                       "24:00-08:00",
                                       "mon- 08:00-16:00"};
    for (uint32_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *change = g_strdup_printf("windows: ['%s']", rows[i]);
        g_autofree char *said = said_of(change);
        CHECK_HAS(said, "is no window: expected days and hours in UTC such as mon-thu");
    }
}

static void
a_freeze_is_of_dates_or_moments(void)
{
    g_autofree char *right =
        said_of("freezes: [{from: 2025-12-20, to: 2026-01-02, because: rest},\n"
                "  {from: 2025-12-20T08:00:00Z, to: +5m}]");
    CHECK_STR(right, "");
    g_autofree char *wrong = said_of("freezes: [{from: 2025-13-20, to: 2026-01-02}]");
    CHECK_HAS(wrong, "'2025-13-20' is no moment: expected a date such as 2025-12-20");
}

static void
what_is_printed_reads_back_to_the_same(void)
{
    ScenarioText one, two;
    scenario_text_read(
        &one, HEAD "change_process: {windows: ['fri-mon 22:00-04:30', '00:00-24:00'],\n"
                   "  freezes: [{from: 2025-12-20, to: +5m, because: rest}], emergency: waits,\n"
                   "  approval: 'lognormal(median 10m, sigma 0.7)'}\n");
    g_autoptr(GString) first = g_string_new(NULL);
    sim_fields_print_yaml(&spec_table, &one.spec, first);
    CHECK_HAS(first->str, "mon,fri,sat,sun 22:00-04:30");
    CHECK_HAS(first->str, "00:00-24:00");
    scenario_text_read(&two, first->str);
    g_autoptr(GString) second = g_string_new(NULL);
    sim_fields_print_yaml(&spec_table, &two.spec, second);
    CHECK_STR(second->str, first->str);
    scenario_text_clear(&one);
    scenario_text_clear(&two);
}

static CU_TestInfo tests[] = {
    {"a_window_is_days_and_hours", a_window_is_days_and_hours},
    {"what_is_no_window_is_said_so", what_is_no_window_is_said_so},
    {"a_freeze_is_of_dates_or_moments", a_freeze_is_of_dates_or_moments},
    {"what_is_printed_reads_back_to_the_same", what_is_printed_reads_back_to_the_same},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("spec_change", tests)
