#include "models/rollback.h"

#include "tests/harness.h"
#include "tests/scenario.h"

/* The dashboard's own zone is on the old proxy, its challenge on the new one, which a bad file
 * breaks; the API enters either. */
#define WORLD(on_failure, old_share, actions)                                                      \
    "blackstart: 1\ntitle: t\nclock: {duration: 10m}\nnetwork: {requests: 1000/s}\n"               \
    "locations: {dc: {latitude: 45, longitude: -120}}\n"                                           \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop, cohorts: {new: 60%, old: 40%}}\n"                                   \
    "  bots: {placement: pop, inside: proxy}\n"                                                    \
    "  challenge: {placement: core, location: dc, front: {service: proxy, cohorts: " old_share     \
    ", needs: {bots: {on_failure: " on_failure "}}}}\n"                                            \
    "  control: {placement: core, location: dc}\n"                                                 \
    "sites:\n"                                                                                     \
    "  login: {share: 1%, service: proxy, cohorts: {old: 100%}, needs: {challenge: 100%, "         \
    "control: 30%}}\n"                                                                             \
    "  api: {share: 1%, service: proxy, needs: {bots: 100%}}\n"                                    \
    "  web: {remainder: true, service: proxy}\n"                                                   \
    "configs:\n"                                                                                   \
    "  rules:\n"                                                                                   \
    "    properties: {size: 60}\n"                                                                 \
    "    consumers:\n"                                                                             \
    "      - {service: bots, cohort: new, when: size > 200, effect: {errors: 100%}}\n"             \
    "      - {service: bots, cohort: old, when: size > 200, effect: {degrade: scores}}\n"          \
    "  panics:\n"                                                                                  \
    "    properties: {size: 60}\n"                                                                 \
    "    consumers: [{service: bots, cohort: new, when: size > 200, effect: {panic: 100%}}]\n"     \
    "tools:\n"                                                                                     \
    "  dashboard: {site: login, instead: vpn}\n"                                                   \
    "  vpn: {service: challenge, instead: glass}\n"                                                \
    "  strict: {site: api, works_above: 50%}\n"                                                    \
    "  lax: {site: api, works_above: 30%}\n"                                                       \
    "  glass: {access: 5m}\n"                                                                      \
    "timeline:\n" actions

enum { DASHBOARD, VPN, STRICT, LAX, GLASS };
enum { PROXY, BOTS, CHALLENGE, CONTROL };

typedef struct Case {
    ScenarioText scenario;
    Exposure *exposure;
    GArray *uses;
} Case;

static void
open_case(Case *at, const char *text)
{
    scenario_text_read(&at->scenario, text);
    at->exposure = exposure_new(&at->scenario.spec);
    at->uses = rollback_find(&at->scenario.spec, at->exposure);
}

static void
close_case(Case *at)
{
    rollback_free(at->uses);
    exposure_free(at->exposure);
    scenario_text_clear(&at->scenario);
}

static const ToolUse *
use_at(const Case *at, guint i)
{
    static const ToolUse none = {.entry = SIM_NONE};
    CHECK(i < at->uses->len);
    return i < at->uses->len ? &g_array_index(at->uses, ToolUse, i) : &none;
}

static void
check_why(const Case *at, guint i, const char *want)
{
    const ToolUse *use = use_at(at, i);
    CHECK(!use->is_there);
    g_autofree char *why = use->is_there ? NULL : rollback_text(&at->scenario.spec, use);
    CHECK_STR(why ? why : "it is there", want);
}

static void
a_tool_behind_what_the_config_breaks_is_named_with_its_chain(void)
{
    Case at;
    open_case(&at, WORLD("fail", "{new: 100%}",
                         "  - {at: +1m, tools: dashboard, do: stop-generator, config: rules}\n"));
    CHECK_INT(at.uses->len, 1);
    check_why(
        &at, 0,
        "site login needs challenge; challenge is reached through proxy, which needs bots for "
        "it; bots reads rules: when that breaks it, 100 % of login fails");
    CHECK_INT(use_at(&at, 0)->config, 0);
    CHECK_INT(use_at(&at, 0)->broken, BOTS);
    CHECK_INT(use_at(&at, 0)->instead, GLASS); /* the vpn is behind it as well */
    close_case(&at);
}

static void
a_zone_on_another_cohort_or_a_need_that_fails_open_keeps_it(void)
{
    static const char action[] =
        "  - {at: +1m, tools: dashboard, do: stop-generator, config: rules}\n";
    Case at;
    g_autofree char *old = g_strdup(WORLD("fail", "{old: 100%}", ""));
    g_autofree char *open = g_strdup(WORLD("open", "{new: 100%}", ""));
    const char *const worlds[] = {old, open};
    for (guint i = 0; i < 2; i++) {
        g_autofree char *text = g_strconcat(worlds[i], action, NULL);
        open_case(&at, text);
        CHECK(use_at(&at, 0)->is_there);
        close_case(&at);
    }
}

static void
a_panic_takes_what_shares_the_processes(void)
{
    Case at;
    open_case(&at, WORLD("open", "{new: 100%}",
                         "  - {at: +1m, tools: dashboard, do: push-known-good, config: panics}\n"));
    check_why(&at, 0,
              "site login needs challenge; challenge is reached through proxy; bots runs inside "
              "proxy; bots reads panics: when that breaks it, 100 % of login fails");
    close_case(&at);
}

static void
the_share_that_fails_decides(void)
{
    Case at;
    open_case(&at, WORLD("fail", "{new: 100%}",
                         "  - {at: +1m, tools: [strict, lax], do: stop-generator, config: rules}\n"
                         "  - {at: +1m, tools: dashboard, do: scale, service: control, by: 2x}\n"));
    CHECK_INT(at.uses->len, 3);
    check_why(&at, 0,
              "site api needs bots; bots reads rules: when that breaks it, 60.0 % of api fails");
    CHECK_INT(use_at(&at, 0)->instead, SIM_NONE);
    CHECK(use_at(&at, 1)->is_there);
    CHECK(use_at(&at, 2)->is_there); /* 30 % of log-ins need it */
    close_case(&at);
}

static void
a_service_that_is_repaired_may_be_the_tool(void)
{
    Case at;
    open_case(&at, WORLD("fail", "{new: 100%}",
                         "  - {at: +1m, tools: vpn, do: restart, service: proxy}\n"
                         "  - {at: +1m, tools: vpn, do: kill-switch, services: challenge}\n"
                         "  - {at: +1m, tools: glass, do: kill-switch, services: challenge}\n"
                         "  - {at: +1m, tools: vpn, do: kill, service: proxy}\n"
                         "  - {at: +1m, tools: vpn, do: note, text: a}\n"));
    CHECK_INT(at.uses->len, 3); /* faults and notes repair nothing */
    check_why(&at, 0,
              "it is service challenge; challenge is reached through proxy: while proxy is down, "
              "100 % of challenge fails");
    check_why(&at, 1, "it is service challenge: while challenge is down, 100 % of challenge fails");
    CHECK(use_at(&at, 2)->is_there);
    close_case(&at);
}

static void
services_and_places_that_take_a_tool_away_are_listed(void)
{
    Case at;
    open_case(&at, WORLD("fail", "{new: 100%}", "  - {at: +1m, do: note, text: a}\n"));
    g_autoptr(GArray) services = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    rollback_lost_with(&at.scenario.spec, at.exposure, DASHBOARD, services, places);
    CHECK_INT(services->len, 3);
    if (services->len == 3) {
        CHECK_INT(g_array_index(services, uint32_t, 0), PROXY);
        CHECK_INT(g_array_index(services, uint32_t, 1), BOTS);
        CHECK_INT(g_array_index(services, uint32_t, 2), CHALLENGE);
    }
    CHECK_INT(places->len, 1);
    g_array_set_size(services, 0);
    g_array_set_size(places, 0);
    rollback_lost_with(&at.scenario.spec, at.exposure, GLASS, services, places);
    CHECK_INT(services->len, 0);
    CHECK_INT(places->len, 0);
    close_case(&at);
}

static CU_TestInfo tests[] = {
    {"a_tool_behind_what_the_config_breaks_is_named_with_its_chain",
     a_tool_behind_what_the_config_breaks_is_named_with_its_chain},
    {"a_zone_on_another_cohort_or_a_need_that_fails_open_keeps_it",
     a_zone_on_another_cohort_or_a_need_that_fails_open_keeps_it},
    {"a_panic_takes_what_shares_the_processes", a_panic_takes_what_shares_the_processes},
    {"the_share_that_fails_decides", the_share_that_fails_decides},
    {"a_service_that_is_repaired_may_be_the_tool", a_service_that_is_repaired_may_be_the_tool},
    {"services_and_places_that_take_a_tool_away_are_listed",
     services_and_places_that_take_a_tool_away_are_listed},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("rollback", tests)
