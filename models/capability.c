#include "models/capability.h"

#include "models/limiter.h"
#include "models/retry_policy.h"

typedef void Found(void *context, SimMark mark);

/* The place of a part that is written, else of the whole that has it. */
static SimMark
mark_of(const SimEntity *part, const SimEntity *whole)
{
    return part->is_given ? part->mark : whole->mark;
}

static void
find_discipline(const Spec *spec, Found *found, void *context)
{
    if (spec->network.discipline == DISCIPLINE_SHARING)
        found(context, spec->network.entity.mark);
    SIM_EACH(const ServiceSpec, service, spec->services)
    if (service->station.discipline == DISCIPLINE_SHARING)
        found(context, mark_of(&service->station.entity, &service->entity));
}

static void
find_law(const Spec *spec, Found *found, void *context)
{
    if (spec->network.law != SERVICE_EXPONENTIAL)
        found(context, spec->network.entity.mark);
    SIM_EACH(const ServiceSpec, service, spec->services)
    if (service->station.law != SERVICE_EXPONENTIAL)
        found(context, mark_of(&service->station.entity, &service->entity));
}

static void
find_deadlines(const Spec *spec, Found *found, void *context)
{
    if (spec->network.deadlines)
        found(context, spec->network.entity.mark);
    SIM_EACH(const ServiceSpec, service, spec->services)
    if (service->station.deadlines)
        found(context, mark_of(&service->station.entity, &service->entity));
}

static void
find_limit(const Spec *spec, Found *found, void *context)
{
    if (spec->network.limit.kind != LIMITER_NONE)
        found(context, mark_of(&spec->network.limit.entity, &spec->network.entity));
    SIM_EACH(const ServiceSpec, service, spec->services)
    if (service->station.limit.kind != LIMITER_NONE)
        found(context, mark_of(&service->station.limit.entity, &service->station.entity));
}

static void
find_library(const Spec *spec, Found *found, void *context)
{
    SIM_EACH(const SiteSpec, site, spec->sites)
    if (site->client.library != RETRY_NONE && site->client.library != RETRY_BUDGET)
        found(context, mark_of(&site->client.entity, &site->entity));
}

static void
find_policy(const Spec *spec, Found *found, void *context)
{
    SIM_EACH(const SiteSpec, site, spec->sites)
    if (site->cache.policy != 0)
        found(context, mark_of(&site->cache.entity, &site->entity));
}

static void
find_ttl(const Spec *spec, Found *found, void *context)
{
    SIM_EACH(const SiteSpec, site, spec->sites)
    if (site->cache.ttl > 0)
        found(context, mark_of(&site->cache.entity, &site->entity));
}

static void
find_trace(const Spec *spec, Found *found, void *context)
{
    SIM_EACH(const SiteSpec, site, spec->sites)
    if (site->cache.trace)
        found(context, mark_of(&site->cache.entity, &site->entity));
}

static void
find_moves(const Spec *spec, Found *found, void *context)
{
    SIM_EACH(const TimelineSpec, entry, spec->timeline)
    if (entry->verb == VERB_POP_DOWN || entry->verb == VERB_POP_UP)
        found(context, entry->entity.mark);
    SIM_EACH(const ConfigSpec, config, spec->configs)
    SIM_EACH(const ConsumerSpec, consumer, config->consumers)
    if (consumer->effect.withdraw)
        found(context, mark_of(&consumer->effect.entity, &config->entity));
}

const Capability capabilities[] = {
    {.name = "discipline sharing",
     .has_request = true,
     .has_sampled = true,
     .why = "its curves know when work starts, and nothing of work that is half done",
     .find = find_discipline},
    {.name = "law constant",
     .has_request = true,
     .has_sampled = true,
     .why = "its waits while CPU suffices are those of exponential service",
     .find = find_law},
    {.name = "deadlines",
     .has_request = true,
     .has_sampled = true,
     .why = "it has no call that could carry one",
     .find = find_deadlines},
    {.name = "limit on what is in hand",
     .has_request = true,
     .has_sampled = true,
     .why = "such a limit follows the round trips of single calls",
     .find = find_limit},
    {.name = "client library",
     .has_request = true,
     .has_sampled = true,
     .why = "it has retry budgets, as rates; the libraries count calls",
     .find = find_library},
    {.name = "cache policy other than lru",
     .has_request = true,
     .has_sampled = true,
     .why = "its caches follow the curve of LRU",
     .find = find_policy},
    {.name = "cache ttl",
     .has_request = true,
     .has_sampled = true,
     .why = "its caches have one age and no objects that could expire",
     .find = find_ttl},
    {.name = "cache trace",
     .has_request = true,
     .has_sampled = true,
     .why = "a log is replayed object by object",
     .find = find_trace},
    {.name = "users who move to other PoPs (pop-down, pop-up, withdraw)",
     .has_flow = true,
     .has_request = true,
     .why = "they would move to PoPs that are left out",
     .find = find_moves},
};
const uint32_t n_capabilities = G_N_ELEMENTS(capabilities);

typedef struct Report {
    SimMessages *messages;
    const Capability *capability;
    CapabilityUse use;
} Report;

static void
refuse(void *context, SimMark mark)
{
    const Report *report = context;
    const Capability *capability = report->capability;
    if (!report->use.is_request)
        sim_messages_error(report->messages, mark,
                           "the flow plane has no %s: %s: expected --plane request",
                           capability->name, capability->why);
    else
        sim_messages_error(report->messages, mark,
                           "a sample of PoPs has no %s: %s: expected a run without --sample-pops",
                           capability->name, capability->why);
}

void
capability_check(const Spec *spec, CapabilityUse use, SimMessages *messages)
{
    for (uint32_t i = 0; i < n_capabilities; i++) {
        Report report = {.messages = messages, .capability = &capabilities[i], .use = use};
        bool has = !use.is_request  ? capabilities[i].has_flow
                   : use.is_sampled ? capabilities[i].has_sampled
                                    : capabilities[i].has_request;
        if (!has)
            capabilities[i].find(spec, refuse, &report);
    }
}
