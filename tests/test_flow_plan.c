#include "models/flow_plan.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

#define PLACES "locations: {dc: {latitude: 0, longitude: 0}}\n"

/* Sites: shop (one row a cohort), login (cohort new alone).  Zones of kv: two. */
static const char text[] = PLACES
    "services:\n"
    "  proxy: {placement: pop, cpu: 1ms, cohorts: {new: 75%, old: 25%},\n"
    "    needs: {bots: 40%, kv: {share: 10%, cached: 50%, timeout: 2s}}}\n"
    "  bots: {placement: pop, inside: proxy, cpu: 2ms, needs: {score: {on_failure: stale}}}\n"
    "  waf: {placement: pop, cpu: 10ms, cohorts: {a: 60%, b: 40%}}\n"
    "  kv: {placement: core, location: dc,\n"
    "    front: {service: proxy, cohorts: {old: 100%}, needs: {waf: 50%}}}\n"
    "  score: {placement: core, location: dc}\n"
    "  mirror: {placement: external, location: dc}\n"
    "sites:\n"
    "  shop: {service: proxy, requests: 1/s, needs: {score: {share: 20%, on_failure: open},\n"
    "    kv: {share: 30%, on_failure: fallback, fallback: mirror, timeout: 3s, outcome: '504'}}}\n"
    "  login: {service: proxy, requests: 1/s, cohorts: {new: 100%}}\n";
enum { PROXY, BOTS, WAF, KV, SCORE, MIRROR };
enum { SHOP, LOGIN };
enum { SHOP_NEW, SHOP_OLD, LOGIN_NEW, ZONE_NEW, ZONE_OLD };

typedef struct Planned {
    FakeWorld *fake;
    FlowPlan *plan;
} Planned;

static Planned
make(const char *scenario)
{
    Planned planned = {.fake = fake_world_new(scenario, 1, 1)};
    planned.plan = flow_plan_new(&planned.fake->world, sim_arena(planned.fake->sim));
    return planned;
}

static double
unit_calls(const FlowPlan *plan, uint32_t service, uint32_t cohort, uint32_t row)
{
    for (uint32_t i = 0; i < plan->n_units; i++)
        if (plan->units[i].service == service && plan->units[i].cohort == cohort)
            return plan->units[i].calls[row];
    return 0;
}

/* Over all edges to the service that some row calls directly. */
static double
edge_calls(const FlowPlan *plan, uint32_t service, uint32_t row)
{
    double sum = 0;
    for (uint32_t i = 0; i < plan->n_edges; i++)
        if (plan->edges[i].service == service && plan->edges[i].is_used)
            sum += plan->edges[i].calls[row];
    return sum;
}

static double
term_weight(const FlowPlan *plan, uint32_t service, bool is_stale, int outcome, uint32_t row)
{
    double sum = 0;
    for (uint32_t i = 0; i < plan->n_terms; i++) {
        const FlowTerm *term = &plan->terms[i];
        uint32_t source = term->source == FLOW_UNIT ? plan->units[term->index].service
                                                    : plan->edges[term->index].service;
        if (source == service && term->is_stale == is_stale && term->outcome == outcome)
            sum += term->weight[row];
    }
    return sum;
}

static void
a_row_is_a_site_or_a_zone_in_a_cohort(void)
{
    static const FlowRow want[] = {
        [SHOP_NEW] = {SHOP, PROXY, 0, 0.75}, [SHOP_OLD] = {SHOP, PROXY, 1, 0.25},
        [LOGIN_NEW] = {LOGIN, PROXY, 0, 1},  [ZONE_NEW] = {SIM_NONE, KV, 0, 0},
        [ZONE_OLD] = {SIM_NONE, KV, 1, 1},
    };
    Planned planned = make(text);
    CHECK_INT(planned.plan->n_rows, G_N_ELEMENTS(want));
    CHECK_INT(planned.plan->n_clients, 3);
    CHECK_INT(planned.plan->stride, 8);
    CHECK_INT(planned.plan->zone_first[KV], ZONE_NEW);
    CHECK_INT(planned.plan->zone_first[SCORE], SIM_NONE);
    for (uint32_t r = 0; r < G_N_ELEMENTS(want); r++) {
        CHECK_INT(planned.plan->rows[r].site, want[r].site);
        CHECK_INT(planned.plan->rows[r].service, want[r].service);
        CHECK_INT(planned.plan->rows[r].cohort, want[r].cohort);
        CHECK_NEAR(planned.plan->rows[r].share, want[r].share, 1e-12);
    }
    fake_world_free(planned.fake);
}

static void
shares_multiply_along_needs(void)
{
    Planned planned = make(text);
    const FlowPlan *plan = planned.plan;
    CHECK_NEAR(unit_calls(plan, PROXY, 0, SHOP_NEW), 1, 1e-12);
    CHECK_NEAR(unit_calls(plan, BOTS, 0, SHOP_NEW), 0.4, 1e-12);
    CHECK_NEAR(edge_calls(plan, SCORE, SHOP_NEW), 0.4 + 0.2, 1e-12);
    CHECK_NEAR(edge_calls(plan, SCORE, LOGIN_NEW), 0.4, 1e-12);
    CHECK_NEAR(edge_calls(plan, KV, LOGIN_NEW), 0.1 * 0.5, 1e-12);
    CHECK_NEAR(edge_calls(plan, KV, SHOP_NEW), 0.1 * 0.5 + 0.3, 1e-12);
    CHECK_NEAR(plan->cpu[LOGIN_NEW], 0.001 + 0.4 * 0.002, 1e-12);
    fake_world_free(planned.fake);
}

static void
modules_run_in_their_hosts_cohort(void)
{
    Planned planned = make(text);
    const FlowPlan *plan = planned.plan;
    CHECK_NEAR(unit_calls(plan, BOTS, 1, SHOP_OLD), 0.4, 1e-12);
    CHECK_NEAR(unit_calls(plan, BOTS, 0, SHOP_OLD), 0, 0);
    /* Another host's cohorts are met by their shares. */
    CHECK_NEAR(unit_calls(plan, WAF, 0, ZONE_OLD), 0.5 * 0.6, 1e-12);
    CHECK_NEAR(unit_calls(plan, WAF, 1, ZONE_OLD), 0.5 * 0.4, 1e-12);
    CHECK_NEAR(plan->cpu[ZONE_OLD], 0.001 + 0.4 * 0.002 + 0.5 * 0.01, 1e-12);
    fake_world_free(planned.fake);
}

static void
only_needs_that_fail_have_terms(void)
{
    Planned planned = make(text);
    const FlowPlan *plan = planned.plan;
    CHECK_NEAR(term_weight(plan, PROXY, false, OUTCOME_NONE, SHOP_NEW), 1, 1e-12);
    CHECK_NEAR(term_weight(plan, BOTS, false, OUTCOME_NONE, SHOP_NEW), 0.4, 1e-12);
    /* bots serves an older score; the shop's own call to score fails open. */
    CHECK_NEAR(term_weight(plan, SCORE, true, OUTCOME_NONE, SHOP_NEW), 0.4, 1e-12);
    CHECK_NEAR(term_weight(plan, SCORE, false, OUTCOME_NONE, SHOP_NEW), 0, 0);
    CHECK_NEAR(term_weight(plan, KV, false, OUTCOME_504, SHOP_NEW), 0.3, 1e-12);
    CHECK_NEAR(term_weight(plan, KV, false, OUTCOME_NONE, SHOP_NEW), 0.05, 1e-12);
    fake_world_free(planned.fake);
}

static void
a_fallback_is_an_edge_of_its_own(void)
{
    Planned planned = make(text);
    const FlowPlan *plan = planned.plan;
    uint32_t found = 0;
    for (uint32_t i = 0; i < plan->n_edges; i++) {
        const FlowEdge *edge = &plan->edges[i];
        CHECK(edge->service != MIRROR || !edge->is_used);
        if (edge->fallback == SIM_NONE)
            continue;
        found++;
        CHECK_INT(edge->service, KV);
        CHECK_INT(edge->timeout, 3 * SIM_SECOND);
        CHECK_INT(plan->edges[edge->fallback].service, MIRROR);
    }
    CHECK_INT(found, 1);
    fake_world_free(planned.fake);
}

/* What stands below a need that fails open or stale cannot fail the request. */
static void
needs_below_an_open_one_are_open(void)
{
    Planned planned = make(PLACES "services:\n"
                                  "  proxy: {placement: pop, needs: {bots: {on_failure: open}}}\n"
                                  "  bots: {placement: pop, inside: proxy, needs: {score: 100%}}\n"
                                  "  score: {placement: core, location: dc}\n"
                                  "sites: {web: {service: proxy, requests: 1/s}}\n");
    const FlowPlan *plan = planned.plan;
    CHECK_INT(plan->n_terms, 1); /* of proxy itself */
    CHECK_NEAR(unit_calls(plan, 1, 0, 0), 1, 0);
    CHECK_NEAR(edge_calls(plan, 2, 0), 1, 0);
    fake_world_free(planned.fake);
}

static void
a_killed_service_is_not_called_nor_what_it_needs(void)
{
    Planned planned = make(text);
    FlowPlan *plan = planned.plan;
    uint32_t n_units = plan->n_units, n_edges = plan->n_edges, n_terms = plan->n_terms;
    const bool killed[] = {[BOTS] = true, [MIRROR] = false};
    const bool none[] = {[MIRROR] = false};
    flow_plan_build(plan, &planned.fake->world, killed, NULL);
    CHECK_NEAR(unit_calls(plan, BOTS, 0, SHOP_NEW), 0, 0);
    CHECK_NEAR(edge_calls(plan, SCORE, LOGIN_NEW), 0, 0);
    CHECK_NEAR(edge_calls(plan, SCORE, SHOP_NEW), 0.2, 1e-12);
    CHECK_NEAR(plan->cpu[LOGIN_NEW], 0.001, 1e-12);
    CHECK_NEAR(term_weight(plan, BOTS, false, OUTCOME_NONE, SHOP_NEW), 0, 0);
    flow_plan_build(plan, &planned.fake->world, none, NULL);
    CHECK_NEAR(unit_calls(plan, BOTS, 0, SHOP_NEW), 0.4, 1e-12);
    CHECK_INT(plan->n_units, n_units);
    CHECK_INT(plan->n_edges, n_edges);
    CHECK_INT(plan->n_terms, n_terms);
    fake_world_free(planned.fake);
}

/* Position of a term among those that have weight for a row; SIM_NONE: it has none. */
static uint32_t
position(const FlowPlan *plan, uint32_t service, bool is_stale, uint32_t row)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < plan->n_terms; i++) {
        const FlowTerm *term = &plan->terms[i];
        uint32_t source = term->source == FLOW_EDGE ? plan->edges[term->index].service
                                                    : plan->units[term->index].service;
        if (term->weight[row] > 0 && source == service && term->is_stale == is_stale)
            return before;
        before += term->weight[row] > 0;
    }
    return SIM_NONE;
}

/* Written open, the need lies between two others; switched, its failures come in that order. */
static void
a_switch_changes_what_failures_do_and_no_order(void)
{
    Planned planned =
        make(PLACES "services:\n"
                    "  proxy: {placement: pop, cpu: 1ms, needs: {a: 100%, b: {on_failure: open},\n"
                    "    c: {on_failure: fallback, fallback: a}, d: 100%}}\n"
                    "  a: {placement: core, location: dc}\n"
                    "  b: {placement: core, location: dc}\n"
                    "  c: {placement: core, location: dc}\n"
                    "  d: {placement: core, location: dc}\n"
                    "sites: {web: {service: proxy, requests: 1/s}}\n"
                    "timeline: [{at: +1m, do: fail-closed, services: [b, c]}]\n");
    enum { A = 1, B, C, D };
    FlowPlan *plan = planned.plan;
    const bool killed[5] = {false};
    CHECK(flow_plan_may_switch(&planned.fake->world, B));
    CHECK(!flow_plan_may_switch(&planned.fake->world, D));
    CHECK_INT(position(plan, B, false, 0), SIM_NONE);
    CHECK_INT(position(plan, D, false, 0), 3);
    uint32_t n_terms = plan->n_terms;
    const int closed[] = {-1, -1, NEED_FAIL, NEED_FAIL, -1};
    flow_plan_build(plan, &planned.fake->world, killed, closed);
    CHECK_INT(position(plan, A, false, 0), 1);
    CHECK_INT(position(plan, B, false, 0), 2);
    CHECK_INT(position(plan, C, false, 0), 3);
    CHECK_INT(position(plan, D, false, 0), 4);
    for (uint32_t e = 0; e < plan->n_edges; e++)
        CHECK(!plan->edges[e].is_used || plan->edges[e].fallback == SIM_NONE);
    const int stale[] = {-1, -1, NEED_STALE, NEED_OPEN, -1};
    flow_plan_build(plan, &planned.fake->world, killed, stale);
    CHECK_INT(position(plan, B, true, 0), 2);
    CHECK_INT(position(plan, C, false, 0), SIM_NONE);
    CHECK_NEAR(edge_calls(plan, C, 0), 1, 0);
    CHECK_INT(position(plan, D, false, 0), 3);
    CHECK_INT(plan->n_terms, n_terms);
    fake_world_free(planned.fake);
}

/* As many services, cohorts and different calls as a scenario may hold. */
static void
the_largest_plan_fits(void)
{
    g_autoptr(GString) out = g_string_new(PLACES "services:\n");
    g_string_append(out, "  kv: {placement: core, location: dc}\n");
    for (int v = 0; v < 59; v++) {
        g_string_append_printf(out, "  s%d: {placement: pop, cohorts: {", v);
        for (int c = 0; c < 8; c++)
            g_string_append_printf(out, "c%d: 12.5%%, ", c);
        g_string_append_printf(out, "}, needs: {kv: {timeout: %ds}", v + 1);
        if (v)
            g_string_append_printf(out, ", s%d: 100%%", v - 1);
        g_string_append(out, "}}\n");
    }
    g_string_append(out, "sites:\n");
    for (int s = 0; s < 40; s++)
        g_string_append_printf(
            out, "  w%d: {service: s58, requests: 1/s, needs: {kv: {timeout: %dms}}}\n", s, s + 1);
    Planned planned = make(out->str);
    CHECK_INT(planned.plan->n_units, 59 * 8);
    CHECK_INT(planned.plan->n_edges, 59 + 40);
    CHECK_NEAR(unit_calls(planned.plan, 1, 0, 0), 0.125, 1e-12);
    fake_world_free(planned.fake);
}

static CU_TestInfo tests[] = {
    {"a_row_is_a_site_or_a_zone_in_a_cohort", a_row_is_a_site_or_a_zone_in_a_cohort},
    {"shares_multiply_along_needs", shares_multiply_along_needs},
    {"modules_run_in_their_hosts_cohort", modules_run_in_their_hosts_cohort},
    {"only_needs_that_fail_have_terms", only_needs_that_fail_have_terms},
    {"a_fallback_is_an_edge_of_its_own", a_fallback_is_an_edge_of_its_own},
    {"needs_below_an_open_one_are_open", needs_below_an_open_one_are_open},
    {"a_killed_service_is_not_called_nor_what_it_needs",
     a_killed_service_is_not_called_nor_what_it_needs},
    {"a_switch_changes_what_failures_do_and_no_order",
     a_switch_changes_what_failures_do_and_no_order},
    {"the_largest_plan_fits", the_largest_plan_fits},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("flow_plan", tests)
