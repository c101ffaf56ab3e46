#include "models/rollback.h"

#include "sim/quantity.h"

#include <string.h>

typedef struct Broken { /* what is down, in the cohort that the config breaks */
    uint32_t config, service, consumer;
    const char *cohort; /* NULL: all */
} Broken;

static const ServiceSpec *
service_at(const Spec *spec, uint32_t service)
{
    return SIM_ITEM(spec->services, ServiceSpec, service);
}

static const ToolSpec *
tool_at(const Spec *spec, uint32_t tool)
{
    return SIM_ITEM(spec->tools, ToolSpec, tool);
}

static uint32_t
host_of(const Spec *spec, uint32_t service)
{
    for (uint32_t step = 0; step < spec->services.n; step++) {
        uint32_t inside = service_at(spec, service)->inside;
        if (inside == SIM_NONE)
            break;
        service = inside;
    }
    return service;
}

/* what an action repairs ---------------------------------------------------------------------- */

bool
rollback_is_action(const TimelineSpec *entry)
{
    switch (entry->verb) {
    case VERB_NOTE:
    case VERB_POST:
    case VERB_MIGRATE:
        return false;
    default:
        return !verb_is_fault(entry->verb);
    }
}

static bool
breaks(const EffectSpec *effect)
{
    return effect->panic > 0 || effect->crash_loop > 0 || effect->errors > 0 ||
           effect->burn_cpu > 1 || effect->withdraw || effect->slow > 0 || effect->calls > 1;
}

/* What else runs in the same processes goes with it. */
static bool
breaks_host(const EffectSpec *effect)
{
    return effect->panic > 0 || effect->crash_loop > 0 || effect->burn_cpu > 1 || effect->withdraw;
}

static void
add(GArray *list, Broken broken)
{
    g_array_append_val(list, broken);
}

static void
add_service(const Spec *spec, uint32_t service, GArray *list)
{
    uint32_t host = host_of(spec, service);
    add(list, (Broken){.config = SIM_NONE, .service = service, .consumer = service});
    if (host != service)
        add(list, (Broken){.config = SIM_NONE, .service = host, .consumer = service});
}

/* Broken, of all that it may repair. */
static void
find_broken(const Spec *spec, const TimelineSpec *entry, GArray *list)
{
    if (entry->service != SIM_NONE)
        add_service(spec, entry->service, list);
    SIM_EACH(uint32_t, service, entry->services)
    add_service(spec, *service, list);
    if (entry->config == SIM_NONE)
        return;
    SIM_EACH(ConsumerSpec, consumer, SIM_ITEM(spec->configs, ConfigSpec, entry->config)->consumers)
    {
        Broken broken = {.config = entry->config,
                         .service = consumer->service,
                         .consumer = consumer->service,
                         .cohort = consumer->cohort};
        if (!breaks(&consumer->effect))
            continue;
        add(list, broken);
        broken.service = host_of(spec, consumer->service);
        if (broken.service != consumer->service && breaks_host(&consumer->effect))
            add(list, broken);
    }
}

/* ways ---------------------------------------------------------------------------------------- */

/* Breadth first from what a tool is; previous[s] is SIM_NONE - 1 for the first, SIM_NONE when s was
 * not reached. */
static const uint32_t FIRST = SIM_NONE - 1;
typedef struct Search {
    const Spec *spec;
    const Broken *broken;
    uint32_t *previous, *queue, tail;
    LinkKind *link; /* from previous */
} Search;

static bool
meets_cohort(const Search *search, SimList cohorts, uint32_t to)
{
    const Broken *broken = search->broken;
    bool is_broken = to == broken->consumer || to == host_of(search->spec, broken->consumer);
    if (!broken->cohort || cohorts.n == 0 || !is_broken)
        return true;
    SIM_EACH(CohortSpec, cohort, cohorts)
    if (strcmp(cohort->entity.name, broken->cohort) == 0 && cohort->share > 0)
        return true;
    return false;
}

static void
reach(Search *search, uint32_t from, uint32_t to, LinkKind link)
{
    if (search->previous[to] != SIM_NONE)
        return;
    search->previous[to] = from;
    search->link[to] = link;
    search->queue[search->tail++] = to;
}

static void
reach_needs(Search *search, uint32_t from, SimList needs, SimList cohorts, LinkKind link)
{
    SIM_EACH(NeedSpec, need, needs)
    if (need->on_failure == NEED_FAIL && meets_cohort(search, cohorts, need->service))
        reach(search, from, need->service, link);
}

static void
search_on(Search *search, uint32_t at)
{
    const ServiceSpec *service = service_at(search->spec, at);
    const SimList none = {.n = 0};
    reach_needs(search, at, service->needs, none, LINK_NEED);
    if (service->inside != SIM_NONE)
        reach(search, at, service->inside, LINK_INSIDE);
    if (!service->front.entity.is_given || service->front.service == SIM_NONE)
        return;
    if (meets_cohort(search, service->front.cohorts, service->front.service))
        reach(search, at, service->front.service, LINK_FRONT);
    reach_needs(search, at, service->front.needs, service->front.cohorts, LINK_FRONT_NEED);
}

static void
search_from(Search *search, const ToolSpec *tool)
{
    if (tool->service != SIM_NONE)
        reach(search, FIRST, tool->service, LINK_NEED);
    if (tool->site == SIM_NONE)
        return;
    const SiteSpec *site = SIM_ITEM(search->spec->sites, SiteSpec, tool->site);
    if (meets_cohort(search, site->cohorts, site->service))
        reach(search, FIRST, site->service, LINK_FRONT);
    reach_needs(search, FIRST, site->needs, site->cohorts, LINK_NEED);
}

/* The shortest way from the tool to what is broken; n == 0: none. */
static Chain
chain_to(const Spec *spec, const ToolSpec *tool, const Broken *broken)
{
    uint32_t n = spec->services.n;
    g_autofree uint32_t *previous = g_new(uint32_t, MAX(n, 1));
    g_autofree uint32_t *queue = g_new(uint32_t, MAX(n, 1));
    g_autofree LinkKind *link = g_new0(LinkKind, MAX(n, 1));
    Search search = {
        .spec = spec, .broken = broken, .previous = previous, .queue = queue, .link = link};
    Chain chain = {.n = 0};
    for (uint32_t s = 0; s < n; s++)
        previous[s] = SIM_NONE;
    search_from(&search, tool);
    for (uint32_t head = 0; head < search.tail; head++)
        search_on(&search, queue[head]);
    if (previous[broken->service] == SIM_NONE)
        return chain;
    for (uint32_t s = broken->service; s != FIRST; s = previous[s])
        chain.n++;
    chain.services = g_new(uint32_t, chain.n);
    chain.links = g_new0(LinkKind, chain.n);
    uint32_t i = chain.n;
    for (uint32_t s = broken->service; s != FIRST; s = previous[s]) {
        chain.services[--i] = s;
        if (i > 0)
            chain.links[i - 1] = link[s];
    }
    return chain;
}

static double
share_lost(const Exposure *exposure, const ToolSpec *tool, uint32_t down)
{
    if (tool->site != SIM_NONE)
        return exposure->fails[down * exposure->n_sites + tool->site];
    if (tool->service != SIM_NONE)
        return exposure->service_fails[down * exposure->n_services + tool->service];
    return 0;
}

static bool
is_lost(const ToolSpec *tool, double lost)
{
    return 1 - lost < tool->works_above - 1e-9;
}

/* uses ---------------------------------------------------------------------------------------- */

/* The part of the tool's requests whose cohort is broken where the chain last enters the edge. */
static double
cohort_share(const Spec *spec, const ToolSpec *tool, const Chain *chain, const Broken *broken)
{
    SimList cohorts = {.n = 0};
    if (!broken->cohort)
        return 1;
    if (tool->site != SIM_NONE)
        cohorts = SIM_ITEM(spec->sites, SiteSpec, tool->site)->cohorts;
    for (uint32_t i = 0; i + 1 < chain->n; i++)
        if (chain->links[i] == LINK_FRONT || chain->links[i] == LINK_FRONT_NEED)
            cohorts = service_at(spec, chain->services[i])->front.cohorts;
    if (cohorts.n == 0)
        cohorts = service_at(spec, host_of(spec, broken->consumer))->cohorts;
    SIM_EACH(CohortSpec, cohort, cohorts)
    if (strcmp(cohort->entity.name, broken->cohort) == 0)
        return cohort->share;
    return 1;
}

/* Whether one of what is broken takes the tool away; fills the use if so. */
static bool
is_taken(const Spec *spec, const Exposure *exposure, uint32_t tool, GArray *list, ToolUse *use)
{
    const ToolSpec *what = tool_at(spec, tool);
    for (guint i = 0; i < list->len; i++) {
        const Broken *broken = &g_array_index(list, Broken, i);
        Chain chain = chain_to(spec, what, broken);
        double lost =
            share_lost(exposure, what, broken->service) * cohort_share(spec, what, &chain, broken);
        if (chain.n == 0 || !is_lost(what, lost)) {
            chain_clear(&chain);
            continue;
        }
        chain_clear(&use->chain);
        use->chain = chain;
        use->config = broken->config;
        use->broken = broken->consumer;
        use->fails = lost;
        return true;
    }
    return false;
}

static uint32_t
find_instead(const Spec *spec, const Exposure *exposure, uint32_t tool, GArray *list)
{
    ToolUse unused = {.entry = SIM_NONE};
    uint32_t instead = tool_at(spec, tool)->instead;
    for (uint32_t step = 0; instead != SIM_NONE && step < spec->tools.n; step++) {
        if (!is_taken(spec, exposure, instead, list, &unused))
            break;
        instead = tool_at(spec, instead)->instead;
    }
    chain_clear(&unused.chain);
    return instead;
}

GArray *
rollback_find(const Spec *spec, const Exposure *exposure)
{
    GArray *uses = g_array_new(FALSE, FALSE, sizeof(ToolUse));
    for (uint32_t id = 0; id < spec->timeline.n; id++) {
        const TimelineSpec *entry = SIM_ITEM(spec->timeline, TimelineSpec, id);
        if (!rollback_is_action(entry))
            continue;
        g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(Broken));
        find_broken(spec, entry, list);
        SIM_EACH(uint32_t, tool, entry->tools)
        {
            ToolUse use = {.entry = id,
                           .tool = *tool,
                           .config = SIM_NONE,
                           .broken = SIM_NONE,
                           .instead = SIM_NONE};
            use.is_there = !is_taken(spec, exposure, *tool, list, &use);
            if (!use.is_there)
                use.instead = find_instead(spec, exposure, *tool, list);
            g_array_append_val(uses, use);
        }
    }
    return uses;
}

void
rollback_free(GArray *uses)
{
    for (guint i = 0; i < uses->len; i++)
        chain_clear(&g_array_index(uses, ToolUse, i).chain);
    g_array_unref(uses);
}

void
rollback_lost_with(const Spec *spec, const Exposure *exposure, uint32_t tool, GArray *ret_services,
                   GArray *ret_locations)
{
    g_autofree bool *is_listed = g_new0(bool, MAX(spec->locations.n, 1));
    for (uint32_t s = 0; s < spec->services.n; s++) {
        uint32_t location = service_at(spec, s)->location;
        if (!is_lost(tool_at(spec, tool), share_lost(exposure, tool_at(spec, tool), s)))
            continue;
        g_array_append_val(ret_services, s);
        if (location != SIM_NONE && !is_listed[location])
            g_array_append_val(ret_locations, location);
        if (location != SIM_NONE)
            is_listed[location] = true;
    }
}

/* words --------------------------------------------------------------------------------------- */

static const char *
name_of(const Spec *spec, uint32_t service)
{
    return service_at(spec, service)->entity.name;
}

/* What the tool is, and how the chain begins. */
static const char *
append_start(const Spec *spec, const ToolUse *use, GString *text)
{
    const ToolSpec *tool = tool_at(spec, use->tool);
    uint32_t first = use->chain.services[0];
    if (tool->site == SIM_NONE) {
        g_string_append_printf(text, "it is service %s", name_of(spec, first));
        return name_of(spec, first);
    }
    const SiteSpec *site = SIM_ITEM(spec->sites, SiteSpec, tool->site);
    g_string_append_printf(text, "site %s %s %s", site->entity.name,
                           first == site->service ? "enters at" : "needs", name_of(spec, first));
    return site->entity.name;
}

char *
rollback_text(const Spec *spec, const ToolUse *use)
{
    GString *text = g_string_new(NULL);
    char share[SIM_QUANTITY_TEXT_MAX];
    SIM_ASSERT(!use->is_there);
    uint32_t last = use->chain.services[use->chain.n - 1];
    const char *tool = append_start(spec, use, text);
    if (use->chain.n > 1) {
        g_autofree char *chain = exposure_chain_text(spec, &use->chain, false);
        g_string_append_printf(text, "; %s", chain);
    }
    if (use->broken != last)
        g_string_append_printf(text, "; %s runs inside %s", name_of(spec, use->broken),
                               name_of(spec, last));
    if (use->config != SIM_NONE)
        g_string_append_printf(text, "; %s reads %s: when that breaks it, ",
                               name_of(spec, use->broken),
                               SIM_ITEM(spec->configs, ConfigSpec, use->config)->entity.name);
    else
        g_string_append_printf(text, ": while %s is down, ", name_of(spec, use->broken));
    g_string_append_printf(text, "%s of %s fails",
                           sim_quantity_format_share(share, sizeof share, use->fails), tool);
    return g_string_free(text, FALSE);
}
