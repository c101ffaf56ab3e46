#include "models/spec_observers.h"

#include "tests/scenario.h"

#define HEAD                                                                                       \
    "blackstart: 1\ntitle: test\nclock: {duration: 1h}\n"                                          \
    "services: {proxy: {placement: pop}}\n"                                                        \
    "sites: {web: {service: proxy, requests: 1/s}}\n"                                              \
    "configs: {flags: {properties: {x: 1}}}\n"

static char *
said_of(const char *observer)
{
    g_autofree char *text = g_strdup_printf(HEAD "observers: {it: {%s}}\n", observer);
    return scenario_text_complaints(text);
}

static void
check_said(const char *observer, const char *part)
{
    g_autofree char *said = said_of(observer);
    CHECK_HAS(said, part);
}

static void
each_kind_says_what_it_lacks(void)
{
    check_said("kind: threshold, above: 1%", "a monitor looks at a metric");
    check_said("kind: threshold, metric: errors", "expected one of above and below");
    check_said("kind: threshold, metric: errors, above: 1%, below: 2%",
               "expected one of above and below");
    check_said("kind: threshold, metric: errors, above: lots", "'lots' is no level");
    check_said("kind: cusum, metric: errors, normal: 1%", "expected normal and shifted");
    check_said("kind: cusum, metric: errors, normal: 2%, shifted: 1%", "0 < normal < shifted");
    check_said("kind: probes", "probes test a site");
    check_said("kind: probes, site: web, points: 3, fail: 4", "4 points can not fail");
    check_said("kind: burn, metric: errors, windows: [{long: 5m, short: 1h, burn: 2x}]",
               "the short window is the longer one");
}

static void
a_key_of_another_kind_is_refused(void)
{
    check_said("kind: threshold, metric: errors, above: 1%, budget: 1%",
               "it: an observer of kind threshold takes no 'budget'");
    check_said("kind: burn, metric: errors, window: 5m", "takes no 'window'");
    check_said("kind: probes, site: web, metric: errors", "takes no 'metric'");
    check_said("kind: crowd, points: 5", "takes no 'points'");
    check_said("kind: crowd, every: 5s", "takes no 'every'");
    check_said("kind: cusum, metric: errors, normal: 1%, shifted: 2%, canary: flags",
               "takes no 'canary'");
}

static void
a_burn_monitor_has_the_windows_of_the_workbook(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, HEAD "observers:\n"
                                       "  slo: {kind: burn, metric: errors}\n"
                                       "  own: {kind: burn, metric: errors, budget: 1%, windows:\n"
                                       "    [{long: 10m, short: 1m, burn: 5x, severity: info}]}\n");
    const ObserverSpec *slo = SIM_ITEM(scenario.spec.observers, ObserverSpec, 0);
    const ObserverSpec *own = SIM_ITEM(scenario.spec.observers, ObserverSpec, 1);
    CHECK_INT(slo->windows.n, 3);
    CHECK_NEAR(slo->budget, 0.001, 0);
    CHECK_NEAR(SIM_ITEM(slo->windows, BurnWindowSpec, 0)->burn, 14.4, 0);
    CHECK_INT(SIM_ITEM(slo->windows, BurnWindowSpec, 1)->short_window, 30 * SIM_MINUTE);
    CHECK_INT(SIM_ITEM(slo->windows, BurnWindowSpec, 2)->severity, SEVERITY_TICKET);
    CHECK_INT(own->windows.n, 1);
    CHECK_INT(SIM_ITEM(own->windows, BurnWindowSpec, 0)->severity, SEVERITY_INFO);
    scenario_text_clear(&scenario);
}

static void
a_normalised_observer_reads_back_the_same(void)
{
    static const char text[] =
        HEAD "observers:\n"
             "  a: {kind: threshold, metric: errors, above: 5%, canary: flags}\n"
             "  b: {kind: burn, metric: errors, no_data: alert}\n"
             "  c: {kind: cusum, metric: errors, normal: 10/min, shifted: 20/min}\n"
             "  d: {kind: probes, site: web, share: 50%, region: europe, via: edge}\n"
             "  e: {kind: crowd, report_share: 0.0001/min, severity: info}\n";
    ScenarioText scenario, again;
    scenario_text_read(&scenario, text);
    g_autoptr(GString) once = g_string_new(NULL);
    sim_fields_print_yaml(&spec_table, &scenario.spec, once);
    scenario_text_read(&again, once->str);
    g_autoptr(GString) twice = g_string_new(NULL);
    sim_fields_print_yaml(&spec_table, &again.spec, twice);
    CHECK_STR(twice->str, once->str);
    CHECK_HAS(once->str, "above: \"0.05\"");
    scenario_text_clear(&scenario);
    scenario_text_clear(&again);
}

static CU_TestInfo tests[] = {
    {"each_kind_says_what_it_lacks", each_kind_says_what_it_lacks},
    {"a_key_of_another_kind_is_refused", a_key_of_another_kind_is_refused},
    {"a_burn_monitor_has_the_windows_of_the_workbook",
     a_burn_monitor_has_the_windows_of_the_workbook},
    {"a_normalised_observer_reads_back_the_same", a_normalised_observer_reads_back_the_same},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("spec_observers", tests)
