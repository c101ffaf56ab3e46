#include "models/world.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#include <string.h>

static const char text[] = "locations: {dc: {latitude: 0, longitude: 0}}\n"
                           "services:\n"
                           "  proxy: {placement: pop, cohorts: {new: 75%, old: 25%}}\n"
                           "  bots: {placement: pop, inside: rules}\n"
                           "  rules: {placement: pop, inside: proxy}\n"
                           "  waf: {placement: pop}\n"
                           "  kv: {placement: core, location: dc}\n"
                           "sites: {web: {service: proxy, requests: 1/s}}\n"
                           "configs:\n"
                           "  a: {properties: {x: 1}, consumers: [\n"
                           "    {service: proxy, when: x > 1, effect: {degrade: blind}},\n"
                           "    {service: waf, when: x > 1, effect: {degrade: deaf}},\n"
                           "    {service: waf, when: x > 2, effect: {degrade: blind}}]}\n";
enum { PROXY, BOTS, RULES, WAF, KV };

static void
a_module_has_its_hosts_cohorts(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    const World *world = &fake->world;
    CHECK_INT(world->host[BOTS], PROXY);
    CHECK_INT(world->host[PROXY], PROXY);
    CHECK_INT(world->n_cohorts[BOTS], 2);
    CHECK_STR(world_cohort_name(world, BOTS, 1), "old");
    CHECK_NEAR(world_cohort_share(world, BOTS, 1), 0.25, 1e-12);
    CHECK_INT(world_cohort_find(world, BOTS, "old"), 1);
    CHECK_INT(world_cohort_find(world, BOTS, "FL3"), SIM_NONE);
}

static void
a_host_without_cohorts_has_one_without_name(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    const World *world = &fake->world;
    CHECK_INT(world->n_cohorts[WAF], 1);
    CHECK_STR(world_cohort_name(world, WAF, 0), "");
    CHECK_NEAR(world_cohort_share(world, KV, 0), 1, 0);
}

static void
conditions_are_named_once(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 1, 1);
    CHECK_INT(fake->world.n_conditions, 2);
    CHECK_INT(world_condition_find(&fake->world, "blind"), 0);
    CHECK_INT(world_condition_find(&fake->world, "deaf"), 1);
    CHECK_INT(world_condition_find(&fake->world, "dumb"), SIM_NONE);
}

static void
pops_are_selected_busiest_first(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 60, 1);
    const World *world = &fake->world;
    g_autofree uint32_t *found = g_new0(uint32_t, world->n_pops);
    CHECK_INT(world_select_pops(world, &(PopSelector){0}, found), 60);
    for (uint32_t i = 1; i < 60; i++)
        CHECK(world->demand[found[i - 1]] >= world->demand[found[i]]);
    uint32_t n = world_select_pops(world, &(PopSelector){.region = "europe"}, found);
    CHECK(n > 5 && n < 60);
    for (uint32_t i = 0; i < n; i++)
        CHECK_INT(world->geo->pops.at.region[found[i]], geo_region_find("europe"));
    CHECK_INT(world_select_pops(world, &(PopSelector){.region = "Europe", .busiest = 3}, found), 3);
    uint32_t busiest = found[0];
    const char *code = world->geo->pops.code[busiest];
    CHECK_INT(world_select_pops(world, &(PopSelector){.code = code}, found), 1);
    CHECK_INT(found[0], busiest);
    CHECK_INT(world_select_pops(world, &(PopSelector){.code = code, .region = "asia"}, found), 0);
    CHECK(world_select_pops(world, &(PopSelector){.country = "us"}, found) > 5);
}

/* What is said about a scenario of these services and sites, and whether it may run. */
static char *
complaint(const char *services, const char *sites, bool *ret_ok)
{
    g_autofree char *whole =
        g_strdup_printf("blackstart: 1\ntitle: t\nclock: {duration: 1h}\n"
                        "network: {requests: 1k/s}\n"
                        "locations: {dc: {latitude: 0, longitude: 0}}\n"
                        "services:\n  proxy: {placement: pop, cohorts: {new: 75%%, old: 25%%}}\n"
                        "  kv: {placement: core, location: dc}\n%ssites:\n%s",
                        services, sites);
    g_autoptr(SimMessages) messages = sim_messages_new();
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(Geo) geo = NULL;
    g_autoptr(Sim) sim = sim_new(&(SimOptions){.seed = 1});
    Spec spec = {0};
    World world;
    SimDocument *document = sim_document_parse(whole, strlen(whole), "t.yaml", NULL, messages);
    SimFields *fields = sim_fields_read(&spec_table, sim_document_root(document), &spec, messages);
    CHECK(geo_load(NULL, NULL, &geo, NULL));
    CHECK_INT(sim_messages_errors(messages), 0);
    *ret_ok = world_init(&world, sim, &spec, geo, messages);
    sim_messages_print(messages, false, out);
    sim_fields_free(fields);
    sim_document_free(document);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

typedef struct Wrong {
    const char *services, *sites, *said;
} Wrong;

static void
what_only_the_whole_shows_is_said_with_its_place(void)
{
    static const char web[] = "  web: {service: proxy, requests: 1/s}\n";
    static const Wrong wrongs[] = {
        {"  a: {placement: pop, inside: b}\n  b: {placement: pop, inside: a}\n", web,
         "t.yaml:9:3: error: service 'a' is inside itself: expected `inside` to end at a service "
         "with processes of its own"},
        {"  a: {placement: pop, cohorts: {x: 50%, y: 40%}}\n", web,
         "t.yaml:9:33: error: the cohorts of service 'a' sum to 90%: expected 100%"},
        {"  a: {placement: pop, inside: kv}\n", web,
         "t.yaml:9:3: error: service 'a' is inside 'kv', which is not at the PoPs: expected a "
         "service with placement: pop"},
        {"  a: {placement: pop, inside: proxy, cohorts: {x: 100%}}\n", web,
         "t.yaml:9:3: error: service 'a' has cohorts but is inside 'proxy': expected the cohorts "
         "of its host alone"},
        {"  a: {placement: core, location: dc, front: {service: kv}}\n", web,
         "error: the front of service 'a' is not at the PoPs: expected a service with placement: "
         "pop"},
        {"  a: {placement: core, location: dc, front: {service: proxy, cohorts: {new: 60%}}}\n",
         web, "error: the cohorts of front of service 'a' sum to 60%: expected 100%"},
        {"  a: {placement: pop, needs: {b: 1%}}\n  b: {placement: pop, needs: {a: 1%}}\n", web,
         "t.yaml:9:3: error: service 'a' needs itself through services at the same PoP: expected "
         "loops to pass a core service"},
        {"", "  web: {service: kv, requests: 1/s}\n",
         "t.yaml:10:3: error: site 'web' enters service 'kv', which is not at the PoPs: expected "
         "a service with placement: pop"},
        {"", "  web: {service: proxy, requests: 1/s, cohorts: {FL: 100%}}\n",
         "t.yaml:10:50: error: service 'proxy' has no cohort 'FL': expected one of its cohorts"},
        {"", "  web: {service: proxy, requests: 1/s, regions: {atlantis: 2x}}\n",
         "t.yaml:10:50: error: no region is called 'atlantis': expected north-america"},
        {"",
         "  web: {service: proxy, requests: 1/s, needs: {kv: {on_failure: fallback, fallback: "
         "proxy}}}\n",
         "t.yaml:10:48: error: the fallback of 'kv' is between services at the PoPs: expected "
         "core or external services on both sides"},
        {"", "  a: {service: proxy, remainder: true}\n  b: {service: proxy, remainder: true}\n",
         "t.yaml:11:3: error: site 'b' is a second remainder: expected one"},
        {"", "  a: {service: proxy, share: 70%}\n  b: {service: proxy, share: 50%}\n",
         "t.yaml:11:3: error: with site 'b' the shares of sites sum to 120%: expected at most "
         "100%"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(wrongs); i++) {
        bool ok = true;
        g_autofree char *said = complaint(wrongs[i].services, wrongs[i].sites, &ok);
        CHECK(!ok);
        CHECK_HAS(said, wrongs[i].said);
    }
}

static void
a_right_world_is_quiet(void)
{
    bool ok = false;
    g_autofree char *said = complaint(
        "", "  a: {service: proxy, share: 70%}\n  b: {service: proxy, share: 30%}\n", &ok);
    CHECK(ok);
    CHECK_STR(said, "");
}

/* Who only leads to a loop is not named. */
static void
a_loop_names_those_that_are_in_it(void)
{
    bool ok = true;
    g_autofree char *said = complaint("  a: {placement: pop, needs: {b: 1%}}\n"
                                      "  b: {placement: pop, needs: {c: 1%}}\n"
                                      "  c: {placement: pop, needs: {b: 1%}}\n",
                                      "  web: {service: proxy, requests: 1/s}\n", &ok);
    CHECK(!ok);
    CHECK(!strstr(said, "service 'a' needs itself"));
    CHECK_HAS(said, "service 'b' needs itself");
    CHECK_HAS(said, "service 'c' needs itself");
}

/* Each service needs all that come after it: 2^40 ways to walk. */
static void
needs_may_not_branch_without_end(void)
{
    bool ok = true;
    g_autoptr(GString) services = g_string_new(NULL);
    for (int i = 0; i < 40; i++) {
        g_string_append_printf(services, "  s%d: {placement: pop, needs: {", i);
        for (int j = i + 1; j < 40 && j < i + 30; j++)
            g_string_append_printf(services, "s%d: 100%%, ", j);
        g_string_append(services, "}}\n");
    }
    g_autofree char *said =
        complaint(services->str, "  web: {service: proxy, requests: 1/s}\n", &ok);
    CHECK(!ok);
    CHECK_HAS(said, "error: the needs of service 's0' branch into");
    CHECK_HAS(said, "ways: expected at most 10000");
}

static CU_TestInfo tests[] = {
    {"a_module_has_its_hosts_cohorts", a_module_has_its_hosts_cohorts},
    {"a_host_without_cohorts_has_one_without_name", a_host_without_cohorts_has_one_without_name},
    {"conditions_are_named_once", conditions_are_named_once},
    {"pops_are_selected_busiest_first", pops_are_selected_busiest_first},
    {"what_only_the_whole_shows_is_said_with_its_place",
     what_only_the_whole_shows_is_said_with_its_place},
    {"a_right_world_is_quiet", a_right_world_is_quiet},
    {"a_loop_names_those_that_are_in_it", a_loop_names_those_that_are_in_it},
    {"needs_may_not_branch_without_end", needs_may_not_branch_without_end},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("world", tests)
