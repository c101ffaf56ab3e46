#include "models/plane.h"

double
plane_speed(const World *world, const FlowPlan *plan, const Behaviour *behaviour)
{
    double cpu = 0, usable = 0;
    for (uint32_t u = 0; u < plan->n_units; u++) {
        const FlowUnit *unit = &plan->units[u];
        if (world->host[unit->service] != unit->service)
            continue;
        double share = world_cohort_share(world, unit->service, unit->cohort);
        double weight = share * sim_seconds(world_service(world, unit->service)->cpu);
        cpu += weight;
        usable += weight * behaviour[u].speed;
    }
    return cpu > 0 ? usable / cpu : 1;
}
