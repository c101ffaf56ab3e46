#include "models/plane.h"

bool
behaviour_is_same(const Behaviour *a, const Behaviour *b)
{
    return a->panic == b->panic && a->errors == b->errors && a->refused == b->refused &&
           a->speed == b->speed && a->burn_cpu == b->burn_cpu && a->delay == b->delay &&
           a->calls == b->calls && a->degrade == b->degrade && a->cause == b->cause &&
           a->stuck_cause == b->stuck_cause;
}

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
