#include "models/capability.h"

#include "tests/scenario.h"

#include <stdio.h>

static const char used[] =
    "blackstart: 1\n"
    "title: all that one plane lacks\n"
    "clock: {duration: 1m}\n"
    "network: {discipline: sharing, law: constant, deadlines: true, limit: vegas}\n"
    "services: {proxy: {placement: pop, cpu: 1ms}}\n"
    "sites:\n"
    "  web:\n"
    "    service: proxy\n"
    "    requests: 1/s\n"
    "    cache: {policy: sieve, ttl: 1m, trace: log.csv}\n"
    "    client: {library: grpc, retries: 1}\n"
    "timeline: [{at: +1s, do: pop-down, busiest: 1}]\n";

/* How many complaints there are, and the text of them; the caller frees it. */
static uint32_t
check(const char *text, CapabilityUse use, char **ret_said)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, text);
    capability_check(&scenario.spec, use, scenario.messages);
    uint32_t n = sim_messages_errors(scenario.messages);
    g_autoptr(GString) out = g_string_new(NULL);
    sim_messages_print(scenario.messages, false, out);
    *ret_said = g_strdup(out->str);
    scenario_text_clear(&scenario);
    return n;
}

static void
every_feature_that_a_plane_lacks_is_refused_at_its_place(void)
{
    g_autofree char *flow = NULL, *request = NULL, *sample = NULL;
    CHECK_INT(check(used, (CapabilityUse){0}, &flow), 8);
    CHECK_INT(check(used, (CapabilityUse){.is_request = true}, &request), 0);
    CHECK_INT(check(used, (CapabilityUse){.is_request = true, .is_sampled = true}, &sample), 1);
    CHECK_HAS(flow, "test.yaml:4:");
    CHECK_HAS(flow, "expected --plane request");
    CHECK_HAS(flow, "client library");
    CHECK_HAS(sample, "test.yaml:12:");
    CHECK_HAS(sample, "without --sample-pops");
}

static void
what_no_row_names_both_planes_have(void)
{
    g_autofree char *said = NULL;
    static const char plain[] = "blackstart: 1\ntitle: t\nclock: {duration: 1m}\n"
                                "network: {discipline: codel, cancel: true, queue: 5}\n"
                                "services: {proxy: {placement: pop, cpu: 1ms}}\n"
                                "sites: {web: {service: proxy, requests: 1/s,\n"
                                "  client: {retries: 2, budget: 20%}}}\n";
    CHECK_INT(check(plain, (CapabilityUse){0}, &said), 0);
}

static void
every_row_names_a_plane_and_a_reason(void)
{
    for (uint32_t i = 0; i < n_capabilities; i++) {
        const Capability *of = &capabilities[i];
        CHECK(of->has_flow || of->has_request);
        CHECK(of->name && of->why && of->find);
        CHECK(!(of->has_flow && of->has_request && of->has_sampled));
    }
}

static CU_TestInfo tests[] = {
    {"every_feature_that_a_plane_lacks_is_refused_at_its_place",
     every_feature_that_a_plane_lacks_is_refused_at_its_place},
    {"what_no_row_names_both_planes_have", what_no_row_names_both_planes_have},
    {"every_row_names_a_plane_and_a_reason", every_row_names_a_plane_and_a_reason},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("capability", tests)
