#include "models/spec_responders.h"

#include "tests/scenario.h"

#define HEAD                                                                                       \
    "blackstart: 1\ntitle: t\nclock: {duration: 1h}\n"                                             \
    "services: {proxy: {placement: pop}}\n"                                                        \
    "sites: {web: {service: proxy, requests: 1/s}}\n"                                              \
    "observers: {errors: {kind: threshold, metric: errors, above: 5%}, kv: {kind: threshold, "     \
    "metric: "                                                                                     \
    "errors, above: 5%}}\n"

static void
a_tool_stands_on_a_site_a_service_or_nothing(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario,
                       HEAD "tools:\n"
                            "  dashboard: {site: web, works_above: 90%, instead: glass}\n"
                            "  vpn: {service: proxy, holds: 10m}\n"
                            "  glass: {access: 'lognormal(median 5m, sigma 0.5)'}\n");
    const ToolSpec *tools = scenario.spec.tools.items;
    CHECK_INT(tools[0].site, 0);
    CHECK_INT(tools[0].service, SIM_NONE);
    CHECK_NEAR(tools[0].works_above, 0.9, 1e-12);
    CHECK_INT(tools[0].instead, 2);
    CHECK_INT(tools[0].access.parts[0].a, 0);
    CHECK_INT(tools[0].holds, SIM_HOUR);
    CHECK_INT(tools[1].service, 0);
    CHECK_NEAR(tools[1].works_above, 0.5, 1e-12);
    CHECK_INT(tools[1].holds, 10 * SIM_MINUTE);
    CHECK_INT(tools[2].site, SIM_NONE);
    CHECK_INT(tools[2].instead, SIM_NONE);
    scenario_text_clear(&scenario);
    g_autofree char *said =
        scenario_text_complaints(HEAD "tools: {both: {site: web, service: proxy}}\n");
    CHECK_HAS(said, "test.yaml:7:9: error: tool 'both' has both site and service: expected at "
                    "most one");
}

static void
a_team_says_how_long_each_stage_takes(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario,
                       HEAD "teams:\n"
                            "  edge:\n"
                            "    alerts: [errors, kv]\n"
                            "    wrong_leads:\n"
                            "      kv: {first_alert: {kv: 40%}, diagnosis: 30m}\n"
                            "      ddos: {chance: 10%, flapping: 60%, status_page_down: 50%}\n"
                            "    says: {first: 15m}\n"
                            "    until: errors < 1% for 5m\n"
                            "  quiet: {alerts: errors}\n");
    const TeamSpec *team = SIM_ITEM(scenario.spec.teams, const TeamSpec, 0);
    const LeadSpec *leads = team->wrong_leads.items;
    CHECK_INT(team->alerts.n, 2);
    CHECK_INT(team->page.parts[0].a, 0);
    CHECK_INT(team->ack.parts[0].a, 3 * SIM_MINUTE);
    CHECK_INT(team->triage.parts[0].a, 4 * SIM_MINUTE);
    CHECK_INT(team->diagnosis.parts[0].a, 20 * SIM_MINUTE);
    CHECK_NEAR(team->diagnosis.parts[0].sigma, 1, 1e-12);
    CHECK_INT(team->wrong_leads.n, 2);
    CHECK_STR(leads[0].entity.name, "kv");
    CHECK_STR(SIM_ITEM(leads[0].first_alert, const FirstAlertSpec, 0)->entity.name, "kv");
    CHECK_NEAR(SIM_ITEM(leads[0].first_alert, const FirstAlertSpec, 0)->chance, 0.4, 1e-12);
    CHECK_INT(leads[0].diagnosis.parts[0].a, 30 * SIM_MINUTE);
    CHECK_NEAR(leads[1].chance, 0.1, 1e-12);
    CHECK_NEAR(leads[1].flapping, 0.6, 1e-12);
    CHECK_NEAR(leads[1].status_page_down, 0.5, 1e-12);
    CHECK_INT(leads[1].diagnosis.parts[0].a, 130 * SIM_MINUTE);
    CHECK(team->says.entity.is_given);
    CHECK_INT(team->says.every, 30 * SIM_MINUTE);
    CHECK_STR(team->until.metric, "errors");
    CHECK_INT(team->until.lasting, 5 * SIM_MINUTE);
    CHECK(!SIM_ITEM(scenario.spec.teams, const TeamSpec, 1)->says.entity.is_given);
    scenario_text_clear(&scenario);
}

static void
a_team_must_be_paged_by_something(void)
{
    g_autofree char *none = scenario_text_complaints(HEAD "teams: {edge: {alerts: []}}\n");
    g_autofree char *absent = scenario_text_complaints(HEAD "teams: {edge: {}}\n");
    CHECK_HAS(none, "nothing pages team 'edge': expected at least one observer in alerts");
    CHECK_HAS(absent, "alerts");
}

static void
keys_of_steps_and_policies_are_read(void)
{
    ScenarioText scenario;
    scenario_text_read(
        &scenario,
        HEAD "tools: {api: {site: web}}\n"
             "teams: {edge: {alerts: errors}}\n"
             "timeline:\n"
             "  - {team: edge, tools: api, if: errors > 5%, do: kill-switch, services: proxy}\n"
             "  - {on_alert: kv, chance: 50%, do: note, text: a}\n");
    const TimelineSpec *entries = scenario.spec.timeline.items;
    CHECK_INT(entries[0].team, 0);
    CHECK_INT(entries[0].tools.n, 1);
    CHECK_STR(entries[0].only_if.metric, "errors");
    CHECK_NEAR(entries[0].chance, 1, 1e-12);
    CHECK_INT(entries[1].on_alert, 1);
    CHECK_NEAR(entries[1].chance, 0.5, 1e-12);
    CHECK(!entries[1].only_if.metric);
    scenario_text_clear(&scenario);
    g_autofree char *lasting = scenario_text_complaints(
        HEAD "timeline: [{at: +1m, if: errors > 5% for 1m, do: note, text: a}]\n");
    CHECK_HAS(lasting, "'if' looks once: expected a condition without 'for'");
    g_autofree char *every =
        scenario_text_complaints(HEAD "teams: {edge: {alerts: errors}}\n"
                                      "timeline: [{team: edge, every: 5m, do: note, text: a}]\n");
    CHECK_HAS(every, "a step of a team's runbook is done once an incident: expected no every");
}

static CU_TestInfo tests[] = {
    {"a_tool_stands_on_a_site_a_service_or_nothing", a_tool_stands_on_a_site_a_service_or_nothing},
    {"a_team_says_how_long_each_stage_takes", a_team_says_how_long_each_stage_takes},
    {"a_team_must_be_paged_by_something", a_team_must_be_paged_by_something},
    {"keys_of_steps_and_policies_are_read", keys_of_steps_and_policies_are_read},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("spec_responders", tests)
