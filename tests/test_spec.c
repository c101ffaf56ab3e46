#include "models/spec.h"

#include "tests/scenario.h"

#include <math.h>

#define TOP "blackstart: 1\ntitle: t\nclock: {duration: 1h}\n"
#define SITE "sites: {web: {service: proxy, requests: 1/s}}\n"
#define MINIMAL TOP "services: {proxy: {placement: pop}}\n" SITE

/* Every table below a field, each once, and the paths that a reader sees. */
static void
walk(const SimFieldTable *table, GPtrArray *seen)
{
    if (g_ptr_array_find(seen, table, NULL))
        return;
    g_ptr_array_add(seen, (gpointer)table);
    for (uint32_t i = 0; i < table->n_fields; i++)
        if (table->fields[i].table)
            walk(table->fields[i].table, seen);
}

static void
check_field(const SimFieldTable *table, const SimField *field)
{
    bool is_sentence = field->about &&
                       (g_str_has_suffix(field->about, ".") || g_str_has_suffix(field->about, "…"));
    bool ok = is_sentence && field->key &&
              strspn(field->key, "abcdefghijklmnopqrstuvwxyz_") == strlen(field->key) &&
              field->offset < table->size && !(field->required && field->fallback) &&
              field->max >= field->min;
    if (!CHECK(ok))
        fprintf(stderr, "%s.%s\n", table->name, field->key);
}

static void
tables_are_complete(void)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new();
    walk(&spec_table, seen);
    CHECK(seen->len > 30);
    for (guint t = 0; t < seen->len; t++) {
        const SimFieldTable *table = seen->pdata[t];
        CHECK(table->about && g_str_has_suffix(table->about, "."));
        for (uint32_t i = 0; i < table->n_fields; i++) {
            check_field(table, &table->fields[i]);
            for (uint32_t j = 0; j < i; j++) {
                CHECK(strcmp(table->fields[i].key, table->fields[j].key) != 0);
                CHECK(table->fields[i].offset != table->fields[j].offset);
            }
        }
    }
}

static void
references_lead_to_maps_of_the_root(void)
{
    g_autoptr(GPtrArray) seen = g_ptr_array_new();
    walk(&spec_table, seen);
    for (guint t = 0; t < seen->len; t++) {
        const SimFieldTable *table = seen->pdata[t];
        for (uint32_t i = 0; i < table->n_fields; i++) {
            bool found = !table->fields[i].path;
            for (uint32_t k = 0; k < spec_table.n_fields; k++)
                found |= spec_table.fields[k].kind == SIM_FIELD_MAP && table->fields[i].path &&
                         strcmp(spec_table.fields[k].key, table->fields[i].path) == 0;
            CHECK(found);
        }
    }
}

static void
what_is_left_out_has_the_documented_default(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario, MINIMAL);
    const Spec *spec = &scenario.spec;
    const ServiceSpec *proxy = SIM_ITEM(spec->services, const ServiceSpec, 0);
    const SiteSpec *web = SIM_ITEM(spec->sites, const SiteSpec, 0);
    CHECK_INT(spec->clock.tick, SIM_SECOND);
    CHECK_INT(spec->clock.seed, 1);
    CHECK_NEAR(spec->network.diurnal.amplitude, 0.45, 1e-12);
    CHECK_INT(spec->network.diurnal.peak, 20 * SIM_HOUR);
    CHECK_NEAR(spec->network.headroom, 0.6, 1e-12);
    CHECK_INT(spec->network.convergence.n_parts, 2);
    CHECK(spec->network.pops == NULL);
    CHECK_INT(proxy->inside, SIM_NONE);
    CHECK_INT(proxy->front.service, SIM_NONE);
    CHECK_INT(proxy->outcome, OUTCOME_503);
    CHECK_INT(proxy->restart.processes, 40);
    CHECK_INT(proxy->restart.backoff, BACKOFF_KUBERNETES);
    CHECK_INT(web->client.timeout, 30 * SIM_SECOND);
    CHECK_INT(web->client.retries, 0);
    CHECK_NEAR(web->client.persistence, 0.7, 1e-12);
    CHECK_INT(web->sessions.login, SIM_NONE);
    CHECK(!web->diurnal.entity.is_given);
    scenario_text_clear(&scenario);
}

static void
choices_have_the_order_of_their_enums(void)
{
    ScenarioText scenario;
    scenario_text_read(&scenario,
                       TOP "network: {discipline: lifo}\n"
                           "locations: {dc: {latitude: 0, longitude: 0}}\n"
                           "services:\n"
                           "  proxy: {placement: pop, restart: {backoff: systemd},\n"
                           "    needs: {a: {on_failure: open}, b: {on_failure: stale},\n"
                           "    c: {on_failure: fallback, fallback: a, outcome: timeout}}}\n"
                           "  a: {placement: core, location: dc}\n"
                           "  b: {placement: external, location: dc, outcome: '522'}\n"
                           "  c: {placement: core, location: dc}\n" SITE
                           "configs: {f: {properties: {x: 1}, rollout: {order: large-first,\n"
                           "  gate: {kind: burn, scope: all}}}}\n");
    const Spec *spec = &scenario.spec;
    const ServiceSpec *services = SIM_ITEM(spec->services, const ServiceSpec, 0);
    const NeedSpec *needs = SIM_ITEM(services[0].needs, const NeedSpec, 0);
    const ConfigSpec *config = SIM_ITEM(spec->configs, const ConfigSpec, 0);
    CHECK_INT(spec->network.discipline, DISCIPLINE_LIFO);
    CHECK_INT(services[1].placement, PLACEMENT_CORE);
    CHECK_INT(services[2].placement, PLACEMENT_EXTERNAL);
    CHECK_INT(services[0].restart.backoff, BACKOFF_SYSTEMD);
    CHECK_INT(services[2].outcome, OUTCOME_522);
    CHECK_INT(needs[0].on_failure, NEED_OPEN);
    CHECK_INT(needs[1].on_failure, NEED_STALE);
    CHECK_INT(needs[1].outcome, OUTCOME_NONE);
    CHECK_INT(needs[2].on_failure, NEED_FALLBACK);
    CHECK_INT(needs[2].service, 3);
    CHECK_INT(needs[2].fallback, 1);
    CHECK_INT(needs[2].outcome, OUTCOME_TIMEOUT);
    CHECK_INT(config->rollout.order, WAVE_LARGE_FIRST);
    CHECK_INT(config->rollout.gate.kind, GATE_BURN);
    CHECK_INT(config->rollout.gate.scope, GATE_SCOPE_ALL);
    scenario_text_clear(&scenario);
}

static void
checks_across_fields_say_what_is_wrong(void)
{
    static const char places[] = "locations: {dc: {latitude: 0, longitude: 0}}\n";
    static const struct {
        const char *services, *sites, *said;
    } cases[] = {
        {"a: {placement: pop, station: {servers: 3}}", "",
         "service 'a' has a station but stands at the PoPs, where services share the CPU: "
         "expected cpu: instead"},
        {"a: {placement: pop, front: {service: proxy}}", "",
         "service 'a' has a front but stands at the PoPs already: expected placement core or "
         "external"},
        {"a: {placement: core, location: dc, inside: proxy}", "",
         "service 'a' is inside another but not placed at the PoPs: expected placement: pop"},
        {"a: {placement: core, location: dc, cpu: 1ms}", "",
         "service 'a' has CPU time but is not placed at the PoPs: expected a station with "
         "servers and service_time"},
        {"a: {placement: pop, needs: {proxy: {on_failure: fallback}}}", "",
         "need 'proxy' has on_failure: fallback: expected fallback: with the name of another "
         "service"},
        {"a: {placement: pop, inside: proxy, restart: {processes: 4}}", "",
         "service 'a' has a restart but runs inside the processes of another: expected restart: "
         "there"},
        {"a: {placement: core, cohorts: {b: 100%}}", "",
         "service 'a' has cohorts but is not placed at the PoPs, where processes are modelled: "
         "expected placement: pop"},
        {"a: {placement: core, restart: {processes: 4}}", "",
         "service 'a' has a restart but is not placed at the PoPs, where processes are modelled: "
         "expected placement: pop"},
        {"a: {placement: core, needs: {proxy: {outcome: '504'}}}", "",
         "need 'proxy' has an outcome, but callers of 'a' see that service's own: expected "
         "outcome: on a need of a site or of a service at the PoPs"},
        {"a: {placement: pop}",
         "w: {service: proxy, share: 10%, client: {retries: 1, budget_min: 5/s}}",
         "site 'w' has a budget_min without a budget: expected budget: with the share of retries "
         "such as 20%"},
        {"a: {placement: pop, needs: {proxi: 10%}}", "",
         "no service is called 'proxi'; did you mean 'proxy'?"},
        {"a: {placement: pop}", "w: {service: proxy, share: 10%, remainder: true}",
         "site 'w' has more than one of share, requests, remainder: expected one"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf(TOP "%sservices:\n  proxy: {placement: pop}\n  %s\n"
                                "sites:\n  web: {service: proxy, requests: 1/s}\n  %s\n",
                            places, cases[i].services, cases[i].sites);
        g_autofree char *said = scenario_text_complaints(text);
        CHECK_HAS(said, cases[i].said);
        CHECK_HAS(said, "error: ");
    }
    g_autofree char *future =
        scenario_text_complaints("blackstart: 2\ntitle: t\nclock: {duration: 1h}\n"
                                 "services: {proxy: {placement: pop}}\n" SITE);
    CHECK_HAS(future, "format version 2 is not known: expected blackstart: 1");
}

static void
what_must_be_there_is_asked_for(void)
{
    static const char *const keys[] = {"blackstart", "title", "clock", "services", "sites"};
    g_autofree char *said = scenario_text_complaints("about: nothing else\n");
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *quoted = g_strdup_printf("'%s'", keys[i]);
        CHECK_HAS(said, quoted);
    }
}

static CU_TestInfo tests[] = {
    {"tables_are_complete", tables_are_complete},
    {"references_lead_to_maps_of_the_root", references_lead_to_maps_of_the_root},
    {"what_is_left_out_has_the_documented_default", what_is_left_out_has_the_documented_default},
    {"choices_have_the_order_of_their_enums", choices_have_the_order_of_their_enums},
    {"checks_across_fields_say_what_is_wrong", checks_across_fields_say_what_is_wrong},
    {"what_must_be_there_is_asked_for", what_must_be_there_is_asked_for},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("spec", tests)
