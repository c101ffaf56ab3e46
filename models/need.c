#include "models/need.h"

#include <string.h>

enum { NAMES_MAX = 1000 };

bool
need_is_guarded(const NeedSpec *need)
{
    return need->breaker.kind != BREAKER_NONE || need->throttle != THROTTLE_NONE ||
           need->bulkhead > 0 || need->retries_at_once > 0 || need->retry_budget > 0 ||
           need->outlier.entity.is_given;
}

/* What guards calls guards none inside a PoP, where a call is CPU time of the request's own. */
static void
check_guards(SimFields *fields, const ServiceSpec *service, const NeedSpec *need)
{
    if (service->placement == PLACEMENT_POP && need_is_guarded(need))
        sim_fields_error(fields, need->entity.mark,
                         "need '%s' has a breaker, throttle, bulkhead, budget or outlier, but that "
                         "service stands at the PoPs: expected a core or external service",
                         need->entity.name);
    else if (need->outlier.entity.is_given && service->station.hosts < 1)
        sim_fields_error(fields, need->outlier.entity.mark,
                         "need '%s' tells hosts of that service apart, which has none: expected "
                         "hosts: in its station",
                         need->entity.name);
}

static void
resolve_needs(SimFields *fields, const Spec *spec, const SimList *needs)
{
    const char *names[NAMES_MAX + 1] = {NULL};
    for (uint32_t i = 0; i < MIN(spec->services.n, NAMES_MAX); i++)
        names[i] = SIM_ITEM(spec->services, ServiceSpec, i)->entity.name;
    SIM_EACH(NeedSpec, need, *needs)
    {
        need->service = 0;
        while (names[need->service] && strcmp(names[need->service], need->entity.name) != 0)
            need->service++;
        if (names[need->service]) {
            check_guards(fields, SIM_ITEM(spec->services, ServiceSpec, need->service), need);
            continue;
        }
        const char *nearest = sim_fields_nearest(need->entity.name, names);
        sim_fields_error(fields, need->entity.mark, "no service is called '%s'%s%s%s",
                         need->entity.name, nearest ? "; did you mean '" : "",
                         nearest ? nearest : "", nearest ? "'?" : "");
    }
}

void
need_resolve(SimFields *fields, Spec *spec)
{
    SIM_EACH(ServiceSpec, service, spec->services)
    {
        resolve_needs(fields, spec, &service->needs);
        resolve_needs(fields, spec, &service->front.needs);
    }
    SIM_EACH(SiteSpec, site, spec->sites)
    resolve_needs(fields, spec, &site->needs);
}
