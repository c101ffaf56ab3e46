#include "models/observers_canary.h"

static PlaneCounts
counts_of(const Canary *canary, uint32_t pop)
{
    const World *world = canary->world;
    if (canary->site != SIM_NONE)
        return world->ops->site_counts(world->plane, pop, canary->site);
    return world->ops->counts(world->plane, pop);
}

void
canary_init(Canary *canary, SimArena *arena, const World *world, const Configs *configs)
{
    canary->world = world;
    canary->configs = configs;
    canary->last = SIM_ARENA_NEW(arena, PlaneCounts, world->n_pops);
    canary->has = SIM_ARENA_NEW(arena, bool, world->n_pops);
    for (uint32_t pop = 0; pop < world->n_pops; pop++)
        canary->has[pop] = true;
}

bool
canary_take(Canary *canary)
{
    uint32_t newest = config_newest(canary->configs, canary->config);
    bool is_new = newest != canary->version;
    canary->version = newest;
    for (uint32_t pop = 0; pop < canary->world->n_pops; pop++) {
        PlaneCounts now = counts_of(canary, pop), *last = &canary->last[pop];
        bool has = config_has_newest(canary->configs, canary->config, pop);
        if (has && canary->has[pop] && !is_new) {
            canary->offered += now.offered - last->offered;
            canary->failed += now.failed - last->failed;
        }
        canary->has[pop] = has;
        *last = now;
    }
    return is_new;
}
