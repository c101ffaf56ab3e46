#include "models/exposure.h"

#include <math.h>
#include <string.h>

enum { LOOPS_MAX = 40, ROUNDS_MAX = 500 };
#define CONVERGED 1e-12

/* The graph: link[a * n + b] is how a depends on b. */
typedef struct Graph {
    uint32_t n;
    LinkKind *link;
} Graph;

static const ServiceSpec *
service_at(const Spec *spec, uint32_t service)
{
    return SIM_ITEM(spec->services, ServiceSpec, service);
}

static void
link_needs(Graph *graph, uint32_t from, SimList needs, LinkKind kind)
{
    SIM_EACH(NeedSpec, need, needs)
    {
        LinkKind *link = &graph->link[from * graph->n + need->service];
        if (*link == LINK_NONE)
            *link = kind;
    }
}

static Graph
graph_of(const Spec *spec)
{
    Graph graph = {.n = spec->services.n};
    graph.link = g_new0(LinkKind, (gsize)graph.n * graph.n);
    for (uint32_t s = 0; s < graph.n; s++) {
        const ServiceSpec *service = service_at(spec, s);
        link_needs(&graph, s, service->needs, LINK_NEED);
        if (service->front.service == SIM_NONE || !service->front.entity.is_given)
            continue;
        graph.link[s * graph.n + service->front.service] = LINK_FRONT;
        link_needs(&graph, s, service->front.needs, LINK_FRONT_NEED);
    }
    return graph;
}

/* shortest ways ------------------------------------------------------------------------------- */

/* Breadth first from `from`; previous[s] is the service before s, SIM_NONE when s was not reached.
 * previous[from] is set only if a circle leads back to it. */
static void
search_ways(const Graph *graph, uint32_t from, uint32_t *previous)
{
    g_autofree uint32_t *queue = g_new(uint32_t, graph->n + 1);
    uint32_t head = 0, tail = 0;
    for (uint32_t s = 0; s < graph->n; s++)
        previous[s] = SIM_NONE;
    queue[tail++] = from;
    while (head < tail) {
        uint32_t a = queue[head++];
        for (uint32_t b = 0; b < graph->n; b++) {
            if (graph->link[a * graph->n + b] == LINK_NONE || previous[b] != SIM_NONE)
                continue;
            previous[b] = a;
            if (b != from)
                queue[tail++] = b;
        }
    }
}

/* from -> ... -> to as found by search_ways; a circle when from == to. */
static Chain
chain_between(const Graph *graph, const uint32_t *previous, uint32_t from, uint32_t to)
{
    Chain chain = {.n = from == to ? 0 : 1};
    uint32_t at = to;
    do {
        at = previous[at];
        chain.n++;
    } while (at != from);
    chain.services = g_new(uint32_t, chain.n);
    chain.links = g_new0(LinkKind, chain.n);
    uint32_t next = to;
    uint32_t i = chain.n;
    if (from != to)
        chain.services[--i] = to;
    for (at = previous[to]; i > 0; next = at, at = previous[at]) {
        chain.services[--i] = at;
        chain.links[i] = graph->link[at * graph->n + next];
    }
    return chain;
}

void
chain_clear(Chain *chain)
{
    g_free(chain->services);
    g_free(chain->links);
    *chain = (Chain){.n = 0};
}

static bool
has_same_services(const Chain *a, const Chain *b)
{
    if (a->n != b->n)
        return false;
    for (uint32_t i = 0; i < a->n; i++) {
        bool is_there = false;
        for (uint32_t j = 0; j < b->n; j++)
            is_there |= a->services[i] == b->services[j];
        if (!is_there)
            return false;
    }
    return true;
}

static void
find_loops(Exposure *exposure, const Graph *graph)
{
    g_autofree uint32_t *previous = g_new(uint32_t, MAX(graph->n, 1));
    exposure->loops = g_new0(Chain, LOOPS_MAX);
    for (uint32_t s = 0; s < graph->n && exposure->n_loops < LOOPS_MAX; s++) {
        search_ways(graph, s, previous);
        if (previous[s] == SIM_NONE)
            continue;
        Chain loop = chain_between(graph, previous, s, s);
        bool is_known = false;
        for (uint32_t i = 0; i < exposure->n_loops; i++)
            is_known |= has_same_services(&exposure->loops[i], &loop);
        if (is_known)
            chain_clear(&loop);
        else
            exposure->loops[exposure->n_loops++] = loop;
    }
}

static void
find_chains(Exposure *exposure, const Spec *spec, const Graph *graph)
{
    g_autofree uint32_t *previous = g_new(uint32_t, MAX(graph->n, 1));
    exposure->chains = g_new0(Chain, MAX(graph->n, 1));
    for (uint32_t s = 0; s < graph->n; s++) {
        if (service_at(spec, s)->placement == PLACEMENT_POP)
            continue;
        search_ways(graph, s, previous);
        Chain best = {.n = 0};
        for (uint32_t t = 0; t < graph->n; t++) {
            const ServiceSpec *service = service_at(spec, t);
            if (t == s || previous[t] == SIM_NONE || service->placement != PLACEMENT_POP)
                continue;
            Chain chain = chain_between(graph, previous, s, t);
            bool is_better =
                chain.links[chain.n - 2] == LINK_FRONT && (best.n == 0 || chain.n < best.n);
            if (is_better) {
                chain_clear(&best);
                best = chain;
            } else {
                chain_clear(&chain);
            }
        }
        exposure->chains[s] = best;
    }
}

/* who falls ----------------------------------------------------------------------------------- */

/* The share of calls that get through these needs. */
static double
passing(SimList needs, const double *fails)
{
    double passes = 1;
    SIM_EACH(NeedSpec, need, needs)
    {
        double broken = 0;
        if (need->on_failure == NEED_FAIL)
            broken = fails[need->service];
        else if (need->on_failure == NEED_FALLBACK && need->fallback != SIM_NONE)
            broken = fails[need->service] * fails[need->fallback];
        passes *= 1 - need->share * (1 - need->cached) * broken;
    }
    return passes;
}

static double
failing(const Spec *spec, uint32_t service, const double *fails)
{
    const ServiceSpec *at = service_at(spec, service);
    double passes = passing(at->needs, fails);
    if (at->inside != SIM_NONE)
        passes *= 1 - fails[at->inside];
    if (at->front.entity.is_given && at->front.service != SIM_NONE)
        passes *= (1 - fails[at->front.service]) * passing(at->front.needs, fails);
    return 1 - passes;
}

/* fails[x] for all services when `down` is. */
static void
spread(const Spec *spec, uint32_t down, double *fails)
{
    uint32_t n = spec->services.n;
    memset(fails, 0, n * sizeof *fails);
    fails[down] = 1;
    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        double change = 0;
        for (uint32_t s = 0; s < n; s++) {
            double next = s == down ? 1 : MAX(fails[s], failing(spec, s, fails));
            change = MAX(change, next - fails[s]);
            fails[s] = next;
        }
        if (change < CONVERGED)
            break;
    }
}

static void
set_rates(Exposure *exposure, const Spec *spec)
{
    double all = spec->network.requests_per_s, given = 0;
    SIM_EACH(SiteSpec, site, spec->sites)
    given += site->remainder || site->requests_per_s > 0 ? 0 : site->share;
    exposure->site_rate = g_new0(double, MAX(exposure->n_sites, 1));
    for (uint32_t i = 0; i < exposure->n_sites; i++) {
        const SiteSpec *site = SIM_ITEM(spec->sites, SiteSpec, i);
        double share = site->remainder ? MAX(1 - given, 0) : site->share;
        exposure->site_rate[i] = site->requests_per_s > 0 ? site->requests_per_s : share * all;
    }
}

static void
set_failures(Exposure *exposure, const Spec *spec)
{
    uint32_t n_sites = exposure->n_sites;
    double total = 0;
    g_autofree double *fails = g_new0(double, MAX(exposure->n_services, 1));
    for (uint32_t i = 0; i < n_sites; i++)
        total += exposure->site_rate[i];
    for (uint32_t s = 0; s < exposure->n_services; s++) {
        double lost = 0;
        spread(spec, s, fails);
        memcpy(exposure->service_fails + (gsize)s * exposure->n_services, fails,
               exposure->n_services * sizeof *fails);
        for (uint32_t i = 0; i < n_sites; i++) {
            const SiteSpec *site = SIM_ITEM(spec->sites, SiteSpec, i);
            double share = 1 - (1 - fails[site->service]) * passing(site->needs, fails);
            exposure->fails[s * n_sites + i] = share;
            lost += share * exposure->site_rate[i];
        }
        exposure->traffic[s] = total > 0 ? lost / total : 0;
    }
}

/* vendors ------------------------------------------------------------------------------------- */

/* Everything that a vendor stands on: over as many vendors between as there are. */
static void
close_vendors(Exposure *exposure, const Spec *spec)
{
    uint32_t n = exposure->n_vendors;
    bool *on = exposure->stands_on = g_new0(bool, MAX((gsize)n * n, 1));
    for (uint32_t v = 0; v < n; v++) {
        on[v * n + v] = true;
        SIM_EACH(uint32_t, other, SIM_ITEM(spec->vendors, VendorSpec, v)->vendors)
        on[v * n + *other] = true;
    }
    for (uint32_t between = 0; between < n; between++)
        for (uint32_t v = 0; v < n; v++)
            for (uint32_t w = 0; on[v * n + between] && w < n; w++)
                on[v * n + w] |= on[between * n + w];
}

bool
exposure_site_stands_on(const Exposure *exposure, const Spec *spec, uint32_t site, uint32_t vendor)
{
    SIM_EACH(uint32_t, own, SIM_ITEM(spec->sites, SiteSpec, site)->vendors)
    if (exposure->stands_on[*own * exposure->n_vendors + vendor])
        return true;
    return false;
}

static void
set_vendors(Exposure *exposure, const Spec *spec)
{
    double total = 0;
    g_autofree double *fails = g_new0(double, MAX(exposure->n_services, 1));
    close_vendors(exposure, spec);
    exposure->vendor_traffic = g_new0(double, MAX(exposure->n_vendors, 1));
    for (uint32_t i = 0; i < exposure->n_sites; i++)
        total += exposure->site_rate[i];
    for (uint32_t v = 0; v < exposure->n_vendors; v++)
        for (uint32_t i = 0; total > 0 && i < exposure->n_sites; i++)
            if (exposure_site_stands_on(exposure, spec, i, v))
                exposure->vendor_traffic[v] += exposure->site_rate[i] / total;
    for (uint32_t s = 0; s < exposure->n_services; s++) {
        spread(spec, s, fails);
        for (uint32_t v = 0; v < exposure->n_vendors; v++) {
            bool falls = false;
            SIM_EACH(uint32_t, on, SIM_ITEM(spec->vendors, VendorSpec, v)->services)
            falls |= fails[*on] > 0;
            for (uint32_t i = 0; falls && i < exposure->n_sites; i++)
                exposure->by_vendor[s * exposure->n_sites + i] |=
                    exposure_site_stands_on(exposure, spec, i, v);
        }
    }
}

Exposure *
exposure_new(const Spec *spec)
{
    Exposure *exposure = g_new0(Exposure, 1);
    Graph graph = graph_of(spec);
    exposure->n_services = spec->services.n;
    exposure->n_sites = spec->sites.n;
    exposure->n_vendors = spec->vendors.n;
    gsize cells = MAX((gsize)exposure->n_services * exposure->n_sites, 1);
    exposure->fails = g_new0(double, cells);
    exposure->service_fails =
        g_new0(double, MAX((gsize)exposure->n_services * exposure->n_services, 1));
    exposure->by_vendor = g_new0(bool, cells);
    exposure->traffic = g_new0(double, MAX(exposure->n_services, 1));
    find_loops(exposure, &graph);
    find_chains(exposure, spec, &graph);
    set_rates(exposure, spec);
    set_failures(exposure, spec);
    set_vendors(exposure, spec);
    g_free(graph.link);
    return exposure;
}

void
exposure_free(Exposure *exposure)
{
    if (!exposure)
        return;
    for (uint32_t i = 0; i < exposure->n_loops; i++)
        chain_clear(&exposure->loops[i]);
    for (uint32_t s = 0; s < exposure->n_services; s++)
        chain_clear(&exposure->chains[s]);
    g_free(exposure->loops);
    g_free(exposure->chains);
    g_free(exposure->site_rate);
    g_free(exposure->fails);
    g_free(exposure->service_fails);
    g_free(exposure->by_vendor);
    g_free(exposure->traffic);
    g_free(exposure->stands_on);
    g_free(exposure->vendor_traffic);
    g_free(exposure);
}

char *
exposure_chain_text(const Spec *spec, const Chain *chain, bool is_loop)
{
    GString *text = g_string_new(NULL);
    uint32_t n = is_loop ? chain->n : chain->n - 1;
    for (uint32_t i = 0; i < n; i++) {
        const ServiceSpec *from = service_at(spec, chain->services[i]);
        const ServiceSpec *to = service_at(spec, chain->services[(i + 1) % chain->n]);
        g_string_append_printf(text, "%s%s ", i ? "; " : "", from->entity.name);
        if (chain->links[i] == LINK_FRONT_NEED)
            g_string_append_printf(text, "is reached through %s, which needs %s for it",
                                   service_at(spec, from->front.service)->entity.name,
                                   to->entity.name);
        else
            g_string_append_printf(text, "%s %s",
                                   chain->links[i] == LINK_FRONT    ? "is reached through"
                                   : chain->links[i] == LINK_INSIDE ? "runs inside"
                                                                    : "needs",
                                   to->entity.name);
    }
    return g_string_free(text, FALSE);
}
