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

static void
a_name_without_a_service_is_reported_in_place(void)
{
    const char text[] =
        HEAD "services: {proxy: {placement: pop, needs: {prxy: 10%, gateway: 1%}}}\n"
             "sites: {shop: {share: 100%, service: proxy}}\n";
    g_autoptr(SimMessages) messages = sim_messages_new();
    g_autoptr(SimDocument) document =
        sim_document_parse(text, strlen(text), "test.yaml", NULL, messages);
    Spec spec = {.version = 0};
    g_autoptr(SimFields) fields =
        sim_fields_read(&spec_table, sim_document_root(document), &spec, messages);
    CHECK(fields != NULL);
    g_autoptr(GString) out = g_string_new(NULL);
    sim_messages_print(messages, false, out);
    CHECK_HAS(out->str, "test.yaml:5:");
    CHECK_HAS(out->str, "no service is called 'prxy'; did you mean 'proxy'?");
    CHECK_HAS(out->str, "no service is called 'gateway'");
}

static CU_TestInfo tests[] = {
    {"names_become_indices", names_become_indices},
    {"a_name_without_a_service_is_reported_in_place",
     a_name_without_a_service_is_reported_in_place},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("need", tests)
