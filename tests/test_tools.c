#include "models/tools.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#include <math.h>

#define WORLD                                                                                      \
    "services:\n"                                                                                  \
    "  proxy: {placement: pop}\n"                                                                  \
    "sites: {web: {service: proxy, requests: 100/s}}\n"                                            \
    "tools:\n"                                                                                     \
    "  dashboard: {site: web, works_above: 90%, instead: glass}\n"                                 \
    "  vpn: {service: proxy, access: 2m, holds: 30m}\n"                                            \
    "  glass: {access: 5m, holds: 10m}\n"                                                          \
    "  phone: {}\n"                                                                                \
    "observers: {errors: {kind: threshold, metric: errors, above: 5%}}\n"                          \
    "teams: {edge: {alerts: errors}, core: {alerts: errors}}\n"                                    \
    "timeline: [{at: 1h, do: note, text: a}]\n"

enum { DASHBOARD, VPN, GLASS, PHONE };

typedef struct Success { /* what the metrics read, from an instant on */
    SimTime from;
    double site, service;
} Success;

typedef struct Case {
    FakeWorld *fake;
    Tools *tools;
    const Success *success; /* ascending */
    guint n;
} Case;

static double
read_metric(void *context, const char *metric, SimTime span)
{
    const Case *at = context;
    double value = NAN;
    CHECK_INT(span, SIM_MINUTE);
    for (guint i = 0; i < at->n; i++)
        if (sim_now(at->fake->sim) >= at->success[i].from)
            value = g_str_equal(metric, "site.web.success")        ? at->success[i].site
                    : g_str_equal(metric, "service.proxy.success") ? at->success[i].service
                                                                   : NAN;
    return value;
}

static void
open_case(Case *at, const char *text, uint64_t seed, const Success *success, guint n)
{
    *at = (Case){.fake = fake_world_new(text, 2, seed), .success = success, .n = n};
    at->tools = tools_attach(at->fake->sim, &at->fake->world, read_metric, at, at->fake->messages);
}

static void
close_case(Case *at)
{
    sim_verify(at->fake->sim);
    fake_world_free(at->fake);
}

static ToolsAnswer
ask(Case *at, uint32_t user, uint32_t tool)
{
    SimList wanted = {.items = &tool, .n = 1};
    return tools_ask(at->tools, user, wanted);
}

static void
a_tool_works_at_its_share_of_successes_and_without_traffic(void)
{
    static const Success success[] = {{10, 0.899, 0.5}, {20, 0.9, 0.499}};
    Case at;
    open_case(&at, WORLD, 1, success, G_N_ELEMENTS(success));
    CHECK(tools_works(at.tools, DASHBOARD));
    sim_run(at.fake->sim, 10);
    CHECK(!tools_works(at.tools, DASHBOARD));
    CHECK(tools_works(at.tools, VPN));
    CHECK(tools_works(at.tools, GLASS));
    sim_run(at.fake->sim, 20);
    CHECK(tools_works(at.tools, DASHBOARD));
    CHECK(!tools_works(at.tools, VPN));
    CHECK(tools_works(at.tools, PHONE));
    close_case(&at);
}

static void
getting_in_takes_its_time_once_and_is_held(void)
{
    Case at;
    open_case(&at, WORLD, 1, NULL, 0);
    uint32_t edge = tools_user_of_team(&at.fake->world, 0);
    uint32_t core = tools_user_of_team(&at.fake->world, 1);
    Sim *sim = at.fake->sim;
    CHECK_INT(ask(&at, edge, VPN).at, 2 * SIM_MINUTE);
    sim_run(sim, SIM_MINUTE);
    CHECK_INT(ask(&at, edge, VPN).at, 2 * SIM_MINUTE);
    CHECK_INT(ask(&at, core, VPN).at, 3 * SIM_MINUTE);
    sim_run(sim, 32 * SIM_MINUTE);
    CHECK_INT(ask(&at, edge, VPN).at, 32 * SIM_MINUTE);
    sim_run(sim, 32 * SIM_MINUTE + 1);
    CHECK_INT(ask(&at, edge, VPN).at, 34 * SIM_MINUTE + 1);
    CHECK_INT(ask(&at, core, VPN).at, 32 * SIM_MINUTE + 1);
    close_case(&at);
}

static void
what_does_not_work_is_replaced_or_waited_for(void)
{
    static const Success success[] = {{0, 0, 0}, {3 * SIM_MINUTE, 1, 0}};
    Case at;
    char words[100];
    open_case(&at, WORLD, 1, success, G_N_ELEMENTS(success));
    const World *world = &at.fake->world;
    uint32_t edge = tools_user_of_team(world, 0), core = tools_user_of_team(world, 1);
    ToolsAnswer answer = ask(&at, edge, DASHBOARD);
    CHECK_INT(answer.at, 5 * SIM_MINUTE);
    CHECK_INT(answer.lacking, DASHBOARD);
    CHECK_INT(answer.using, GLASS);
    CHECK_STR(tools_describe(world, &answer, words, sizeof words),
              "dashboard does not work: gets in through glass");
    answer = ask(&at, edge, VPN);
    CHECK_INT(answer.at, SIM_TIME_MAX);
    CHECK_STR(tools_describe(world, &answer, words, sizeof words), "vpn does not work");
    /* The dashboard works again before the glass is broken: whichever is first. */
    sim_run(at.fake->sim, 3 * SIM_MINUTE);
    answer = ask(&at, edge, DASHBOARD);
    CHECK_INT(answer.at, 3 * SIM_MINUTE);
    CHECK_INT(answer.lacking, SIM_NONE);
    CHECK_INT(ask(&at, core, DASHBOARD).at, 3 * SIM_MINUTE);
    close_case(&at);
}

static void
a_slow_tool_that_comes_back_does_not_delay_who_is_in_elsewhere(void)
{
    static const char text[] =
        "services: {proxy: {placement: pop}}\n"
        "sites: {web: {service: proxy, requests: 100/s}}\n"
        "tools: {slow: {site: web, access: 20m, instead: glass}, glass: {access: 5m}}\n"
        "timeline: [{at: 1h, do: note, text: a}]\n";
    static const Success success[] = {
        {0, 0, 0}, {4 * SIM_MINUTE, 1, 1}, {6 * SIM_MINUTE, 0, 0}, {7 * SIM_MINUTE, 1, 1}};
    Case at;
    open_case(&at, text, 1, success, G_N_ELEMENTS(success));
    Sim *sim = at.fake->sim;
    CHECK_INT(ask(&at, 0, 0).at, 5 * SIM_MINUTE);
    sim_run(sim, 4 * SIM_MINUTE);
    CHECK_INT(ask(&at, 0, 0).at, 5 * SIM_MINUTE); /* begins with the slow one besides */
    sim_run(sim, 6 * SIM_MINUTE);
    CHECK_INT(ask(&at, 0, 0).at, 6 * SIM_MINUTE); /* in through the glass; thrown out of slow */
    CHECK_INT(ask(&at, 0, 0).using, 1);
    sim_run(sim, 7 * SIM_MINUTE);
    CHECK_INT(ask(&at, 0, 0).at, 7 * SIM_MINUTE);
    sim_run(sim, 66 * SIM_MINUTE); /* the glass is no longer held; slow was begun at 7 minutes */
    CHECK_INT(ask(&at, 0, 0).at, 66 * SIM_MINUTE);
    CHECK_INT(ask(&at, 0, 0).using, 0);
    close_case(&at);
}

static void
several_tools_are_there_when_the_last_is(void)
{
    static const Success success[] = {{0, 0, 1}};
    Case at;
    open_case(&at, WORLD, 1, success, 1);
    uint32_t three[] = {VPN, DASHBOARD, PHONE};
    ToolsAnswer answer = tools_ask(at.tools, 0, (SimList){.items = three, .n = 3});
    CHECK_INT(answer.at, 5 * SIM_MINUTE);
    CHECK_INT(answer.lacking, DASHBOARD);
    answer = tools_ask(at.tools, 0, (SimList){.items = three, .n = 1});
    CHECK_INT(answer.at, 2 * SIM_MINUTE);
    CHECK_INT(answer.using, VPN);
    answer = tools_ask(at.tools, 0, (SimList){.items = NULL, .n = 0});
    CHECK_INT(answer.at, 0);
    CHECK_INT(answer.lacking, SIM_NONE);
    close_case(&at);
}

static void
tools_may_not_stand_in_for_each_other(void)
{
    static const char text[] = "services: {proxy: {placement: pop}}\n"
                               "sites: {web: {service: proxy, requests: 100/s}}\n"
                               "tools: {a: {instead: b}, b: {instead: a}, c: {instead: a}}\n";
    Case at;
    open_case(&at, text, 1, NULL, 0);
    CHECK(at.tools == NULL);
    g_autofree char *said = fake_messages(at.fake);
    CHECK_HAS(said, "error: tool 'a' stands in for itself, perhaps through others: expected an end "
                    "to the chain of instead");
    CHECK_HAS(said, "tool 'b' stands in for itself");
    CHECK(!strstr(said, "tool 'c'"));
    close_case(&at);
}

/* A further user or tool moves no draw; over seeds the times follow the law. */
static void
draws_are_by_user_and_tool(void)
{
    static const char two[] = "services: {proxy: {placement: pop}}\n"
                              "sites: {web: {service: proxy, requests: 100/s}}\n"
                              "tools: {glass: {access: 'lognormal(median 5m, sigma 0.5)'}}\n"
                              "timeline: [{at: 1h, id: b, do: note, text: b}]\n";
    static const char three[] =
        "services: {proxy: {placement: pop}}\n"
        "sites: {web: {service: proxy, requests: 100/s}}\n"
        "tools: {other: {}, glass: {access: 'lognormal(median 5m, sigma 0.5)'}}\n"
        "timeline: [{at: 1h, id: a, do: note, text: a}, {at: 1h, id: b, do: note, text: b}]\n";
    enum { SEEDS = 500 };
    uint32_t below = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        Case at;
        open_case(&at, two, seed, NULL, 0);
        SimTime alone = ask(&at, 0, 0).at;
        close_case(&at);
        below += alone <= 5 * SIM_MINUTE;
        if (seed > 20)
            continue;
        open_case(&at, three, seed, NULL, 0);
        SimTime other = ask(&at, 0, 1).at;
        CHECK_INT(ask(&at, 1, 1).at, alone);
        CHECK(other != alone);
        close_case(&at);
    }
    double deviations = (below - SEEDS / 2.0) / sqrt(SEEDS / 4.0);
    CHECK(fabs(deviations) < 4);
}

static CU_TestInfo tests[] = {
    {"a_tool_works_at_its_share_of_successes_and_without_traffic",
     a_tool_works_at_its_share_of_successes_and_without_traffic},
    {"getting_in_takes_its_time_once_and_is_held", getting_in_takes_its_time_once_and_is_held},
    {"what_does_not_work_is_replaced_or_waited_for", what_does_not_work_is_replaced_or_waited_for},
    {"a_slow_tool_that_comes_back_does_not_delay_who_is_in_elsewhere",
     a_slow_tool_that_comes_back_does_not_delay_who_is_in_elsewhere},
    {"several_tools_are_there_when_the_last_is", several_tools_are_there_when_the_last_is},
    {"tools_may_not_stand_in_for_each_other", tools_may_not_stand_in_for_each_other},
    {"draws_are_by_user_and_tool", draws_are_by_user_and_tool},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("tools", tests)
