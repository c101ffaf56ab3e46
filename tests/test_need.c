#include "tests/scenario.h"

#define HEAD                                                                                       \
    "blackstart: 1\n"                                                                              \
    "title: a test\n"                                                                              \
    "clock: {duration: 10m}\n"                                                                     \
    "locations: {dc: {latitude: 45, longitude: -120}}\n"

static void
names_become_indices(void)
{
    ScenarioText scenario;
    scenario_text_read(
        &scenario,
        HEAD "services:\n"
             "  proxy: {placement: pop, needs: {access: 10%, kv: 20%}}\n"
             "  kv: {placement: core, location: dc}\n"
             "  access: {placement: core, location: dc, front: {service: proxy, needs: {kv: 5%}}}\n"
             "sites: {shop: {share: 100%, service: proxy, needs: {access: 1%}}}\n");
    const ServiceSpec *proxy = SIM_ITEM(scenario.spec.services, ServiceSpec, 0);
    const ServiceSpec *access = SIM_ITEM(scenario.spec.services, ServiceSpec, 2);
    const SiteSpec *shop = SIM_ITEM(scenario.spec.sites, SiteSpec, 0);
    CHECK_INT(SIM_ITEM(proxy->needs, NeedSpec, 0)->service, 2);
    CHECK_INT(SIM_ITEM(proxy->needs, NeedSpec, 1)->service, 1);
    CHECK_INT(SIM_ITEM(access->front.needs, NeedSpec, 0)->service, 1);
    CHECK_INT(SIM_ITEM(shop->needs, NeedSpec, 0)->service, 2);
    scenario_text_clear(&scenario);
}

/* What is said about a scenario that is not right. */
static GString *
complaints_of(const char *text)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    g_autoptr(SimDocument) document =
        sim_document_parse(text, strlen(text), "test.yaml", NULL, messages);
    Spec spec = {.version = 0};
    g_autoptr(SimFields) fields =
        sim_fields_read(&spec_table, sim_document_root(document), &spec, messages);
    CHECK(fields != NULL);
    GString *out = g_string_new(NULL);
    sim_messages_print(messages, false, out);
    return out;
}

static void
a_name_without_a_service_is_reported_in_place(void)
{
    g_autoptr(GString) out =
        complaints_of(HEAD "services: {proxy: {placement: pop, needs: {prxy: 10%, gateway: 1%}}}\n"
                           "sites: {shop: {share: 100%, service: proxy}}\n");
    CHECK_HAS(out->str, "test.yaml:5:");
    CHECK_HAS(out->str, "no service is called 'prxy'; did you mean 'proxy'?");
    CHECK_HAS(out->str, "no service is called 'gateway'");
}

static void
guards_stand_before_central_services_only(void)
{
    g_autoptr(GString) out = complaints_of(
        HEAD "services:\n"
             "  proxy: {placement: pop, needs: {waf: {breaker: hystrix}, kv: {outlier: {}}}}\n"
             "  waf: {placement: pop}\n"
             "  kv: {placement: core, location: dc}\n"
             "sites: {shop: {share: 100%, service: proxy, needs: {kv: {breaker: {kind: finagle, "
             "window: 3s}}}}}\n");
    CHECK_HAS(out->str, "need 'waf' has a breaker, throttle, bulkhead, budget or outlier, but that "
                        "service stands at the PoPs: expected a core or external service");
    CHECK_HAS(out->str, "need 'kv' tells hosts of that service apart, which has none: expected "
                        "hosts: in its station");
    CHECK_HAS(out->str, "a breaker of kind finagle has no window");
}

static void
named_limits_fill_what_is_not_given(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario,
                       HEAD "services:\n"
                            "  proxy: {placement: pop, needs: {a: {limits: envoy}, b: {limits: "
                            "hystrix, bulkhead: 20}}}\n"
                            "  a: {placement: core, location: dc}\n"
                            "  b: {placement: core, location: dc}\n"
                            "sites: {shop: {share: 100%, service: proxy}}\n");
    const ServiceSpec *proxy = SIM_ITEM(scenario.spec.services, ServiceSpec, 0);
    CHECK_NEAR(SIM_ITEM(proxy->needs, NeedSpec, 0)->bulkhead, 1024, 0);
    CHECK_NEAR(SIM_ITEM(proxy->needs, NeedSpec, 0)->retries_at_once, 3, 0);
    CHECK_NEAR(SIM_ITEM(proxy->needs, NeedSpec, 1)->bulkhead, 20, 0);
    scenario_text_clear(&scenario);
}

static CU_TestInfo tests[] = {
    {"names_become_indices", names_become_indices},
    {"a_name_without_a_service_is_reported_in_place",
     a_name_without_a_service_is_reported_in_place},
    {"guards_stand_before_central_services_only", guards_stand_before_central_services_only},
    {"named_limits_fill_what_is_not_given", named_limits_fill_what_is_not_given},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("need", tests)
