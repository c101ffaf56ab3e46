#include "models/need.h"

#include <string.h>

enum { NAMES_MAX = 1000 };

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
        if (names[need->service])
            continue;
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
