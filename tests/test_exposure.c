#include "models/exposure.h"
#include "tests/harness.h"
#include "tests/scenario.h"

#define HEAD                                                                                       \
    "blackstart: 1\n"                                                                              \
    "title: a test\n"                                                                              \
    "clock: {duration: 10m}\n"                                                                     \
    "network: {requests: 1000/s}\n"                                                                \
    "locations: {dc: {latitude: 45, longitude: -120}}\n"

/* proxy -> bots and kv (both at need); kv and access are reached through proxy. */
static const char loop[] = HEAD
    "services:\n"
    "  proxy: {placement: pop, needs: {kv: 10%, bots: {share: 40%, on_failure: open}}}\n"
    "  bots: {placement: pop, inside: proxy}\n"
    "  kv: {placement: core, location: dc, front: {service: proxy, needs: {bots: 100%}}}\n"
    "  access: {placement: core, location: dc, needs: {kv: {share: 50%, cached: 50%}}}\n"
    "  mirror: {placement: external, location: dc}\n"
    "sites:\n"
    "  shop: {share: 30%, service: proxy}\n"
    "  login: {share: 20%, service: proxy, needs: {access: 100%}, vendors: [idp]}\n"
    "  news: {remainder: true, service: proxy, needs: {kv: {share: 100%, on_failure: fallback, "
    "fallback: mirror}}}\n"
    "vendors:\n"
    "  idp: {vendors: [tags]}\n"
    "  tags: {services: [mirror], vendors: [idp]}\n";

enum { PROXY, BOTS, KV, ACCESS, MIRROR };
enum { SHOP, LOGIN, NEWS };

static double
falls(const Exposure *exposure, uint32_t service, uint32_t site)
{
    return exposure->fails[service * exposure->n_sites + site];
}

static void
the_way_back_to_the_edge_is_a_loop(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, loop);
    g_autoptr(Exposure) exposure = exposure_new(&scenario.spec);
    CHECK_INT(exposure->n_loops, 1);
    if (exposure->n_loops) {
        g_autofree char *text = exposure_chain_text(&scenario.spec, &exposure->loops[0], true);
        CHECK_STR(text, "proxy needs kv; kv is reached through proxy");
    }
    scenario_text_clear(&scenario);
}

static void
chains_lead_to_the_edge(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, loop);
    g_autoptr(Exposure) exposure = exposure_new(&scenario.spec);
    g_autofree char *text = exposure_chain_text(&scenario.spec, &exposure->chains[ACCESS], false);
    CHECK_STR(text, "access needs kv; kv is reached through proxy");
    CHECK_INT(exposure->chains[MIRROR].n, 0);
    CHECK_INT(exposure->chains[PROXY].n, 0);
    scenario_text_clear(&scenario);
}

static void
shares_multiply_along_closed_needs(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, loop);
    g_autoptr(Exposure) exposure = exposure_new(&scenario.spec);
    CHECK_NEAR(falls(exposure, KV, SHOP), 0.1, 1e-9);
    /* proxy's own 10 %, then access' 50 % of which half is cached, of what passes proxy. */
    CHECK_NEAR(falls(exposure, KV, LOGIN), 1 - 0.9 * 0.75, 1e-9);
    CHECK_NEAR(falls(exposure, PROXY, SHOP), 1, 1e-9);
    CHECK_NEAR(falls(exposure, PROXY, NEWS), 1, 1e-9);
    scenario_text_clear(&scenario);
}

static void
open_needs_and_fallbacks_spare_the_caller(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, loop);
    g_autoptr(Exposure) exposure = exposure_new(&scenario.spec);
    /* bots is open for proxy, but what kv is reached through needs it for kv's zone. */
    CHECK_NEAR(falls(exposure, BOTS, SHOP), 0.1, 1e-9);
    CHECK_NEAR(falls(exposure, MIRROR, NEWS), 0, 1e-9);
    CHECK_NEAR(falls(exposure, KV, NEWS), 0.1, 1e-9);
    scenario_text_clear(&scenario);
}

static void
traffic_is_weighted_by_the_sites_rates(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, loop);
    g_autoptr(Exposure) exposure = exposure_new(&scenario.spec);
    CHECK_NEAR(exposure->site_rate[NEWS], 500, 1e-9);
    CHECK_NEAR(exposure->traffic[PROXY], 1, 1e-9);
    CHECK_NEAR(exposure->traffic[KV], 0.3 * 0.1 + 0.2 * 0.325 + 0.5 * 0.1, 1e-9);
    scenario_text_clear(&scenario);
}

static void
vendors_of_vendors_count(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, loop);
    g_autoptr(Exposure) exposure = exposure_new(&scenario.spec);
    CHECK(exposure->by_vendor[MIRROR * exposure->n_sites + LOGIN]);
    CHECK(!exposure->by_vendor[MIRROR * exposure->n_sites + SHOP]);
    CHECK(!exposure->by_vendor[KV * exposure->n_sites + LOGIN]);
    CHECK(exposure_site_stands_on(exposure, &scenario.spec, LOGIN, 1));
    CHECK(!exposure_site_stands_on(exposure, &scenario.spec, SHOP, 1));
    CHECK_NEAR(exposure->vendor_traffic[1], 0.2, 1e-9);
    scenario_text_clear(&scenario);
}

static void
a_vendor_falls_with_what_its_service_needs(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario,
                       HEAD "services:\n"
                            "  proxy: {placement: pop}\n"
                            "  kv: {placement: core, location: dc}\n"
                            "  access: {placement: core, location: dc, needs: {kv: 5%}}\n"
                            "sites: {shop: {share: 100%, service: proxy, vendors: [a]}}\n"
                            "vendors: {c: {services: [access]}, b: {vendors: [c]},\n"
                            "  a: {vendors: [b]}}\n");
    g_autoptr(Exposure) exposure = exposure_new(&scenario.spec);
    CHECK(exposure->by_vendor[1]);
    CHECK(exposure->by_vendor[2]);
    CHECK(!exposure->by_vendor[0]);
    CHECK_NEAR(exposure->vendor_traffic[0], 1, 1e-9);
    scenario_text_clear(&scenario);
}

static void
every_service_of_a_circle_falls_with_any(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, HEAD "services:\n"
                                       "  a: {placement: pop, needs: {b: 100%}}\n"
                                       "  b: {placement: pop, needs: {c: 50%}}\n"
                                       "  c: {placement: pop, needs: {a: 100%}}\n"
                                       "  self: {placement: pop, needs: {self: 50%}}\n"
                                       "sites: {shop: {share: 100%, service: a}}\n");
    g_autoptr(Exposure) exposure = exposure_new(&scenario.spec);
    CHECK_INT(exposure->n_loops, 2);
    CHECK_INT(exposure->loops[0].n, 3);
    CHECK_INT(exposure->loops[1].n, 1);
    CHECK_NEAR(falls(exposure, 2, 0), 0.5, 1e-9);
    CHECK_NEAR(falls(exposure, 1, 0), 1, 1e-9);
    scenario_text_clear(&scenario);
}

static CU_TestInfo tests[] = {
    {"the_way_back_to_the_edge_is_a_loop", the_way_back_to_the_edge_is_a_loop},
    {"chains_lead_to_the_edge", chains_lead_to_the_edge},
    {"shares_multiply_along_closed_needs", shares_multiply_along_closed_needs},
    {"open_needs_and_fallbacks_spare_the_caller", open_needs_and_fallbacks_spare_the_caller},
    {"traffic_is_weighted_by_the_sites_rates", traffic_is_weighted_by_the_sites_rates},
    {"vendors_of_vendors_count", vendors_of_vendors_count},
    {"a_vendor_falls_with_what_its_service_needs", a_vendor_falls_with_what_its_service_needs},
    {"every_service_of_a_circle_falls_with_any", every_service_of_a_circle_falls_with_any},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("exposure", tests)
