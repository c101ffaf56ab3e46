#include "models/lane.h"

#include "sim/nearest.h"

#include <string.h>

/* The first consumer whose service has the cohort; its share, < 0: none. */
static double
share_of(const World *world, const ConfigSpec *config, const char *cohort)
{
    SIM_EACH(ConsumerSpec, consumer, config->consumers)
    {
        uint32_t found = world_cohort_find(world, consumer->service, cohort);
        if (found != SIM_NONE)
            return world_cohort_share(world, consumer->service, found);
    }
    return -1;
}

static const char *
nearest_cohort(const World *world, const ConfigSpec *config, const char *text)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    SIM_EACH(ConsumerSpec, consumer, config->consumers)
    for (uint32_t c = 0; c < world->n_cohorts[consumer->service]; c++)
        g_ptr_array_add(names, (void *)world_cohort_name(world, consumer->service, c));
    return sim_nearest(text, (const char *const *)names->pdata, names->len);
}

static void
complain(const World *world, const ConfigSpec *config, const WaveCohortSpec *wave,
         SimMessages *messages)
{
    const char *near = nearest_cohort(world, config, wave->cohort);
    sim_messages_error(messages, wave->entity.mark,
                       "no service that reads config '%s' has a cohort '%s': expected one of their "
                       "cohorts%s%s%s",
                       config->entity.name, wave->cohort, near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
}

static void
add(Lanes *lanes, const World *world, const ConfigSpec *config, const WaveCohortSpec *wave,
    SimMessages *messages)
{
    double share = share_of(world, config, wave->cohort);
    if (share < 0) {
        complain(world, config, wave, messages);
        return;
    }
    if (lanes_find(lanes, wave->cohort) != 0)
        return;
    if (lanes->n == LANES_MAX) {
        sim_messages_error(messages, wave->entity.mark,
                           "the waves of config '%s' name more than %d cohorts",
                           config->entity.name, COHORTS_MAX);
        return;
    }
    lanes->names[lanes->n] = wave->cohort;
    lanes->weights[lanes->n++] = share;
    lanes->weights[0] = MAX(0, lanes->weights[0] - share);
}

bool
lanes_init(Lanes *lanes, const World *world, const ConfigSpec *config, SimMessages *messages)
{
    uint32_t before = sim_messages_errors(messages);
    *lanes = (Lanes){.n = 1, .weights = {1}};
    SIM_EACH(WaveSpec, wave, config->rollout.waves)
    SIM_EACH(WaveCohortSpec, cohort, wave->cohorts)
    add(lanes, world, config, cohort, messages);
    return sim_messages_errors(messages) == before;
}

uint32_t
lanes_find(const Lanes *lanes, const char *cohort)
{
    for (uint32_t lane = 1; lane < lanes->n; lane++)
        if (strcmp(lanes->names[lane], cohort) == 0)
            return lane;
    return 0;
}

bool
lanes_is_reached(const Lanes *lanes, uint32_t lane, const WaveSpec *wave)
{
    SIM_ASSERT(lane < lanes->n);
    if (wave->cohorts.n == 0)
        return true;
    SIM_EACH(WaveCohortSpec, cohort, wave->cohorts)
    if (lane > 0 && lanes_find(lanes, cohort->cohort) == lane)
        return true;
    return false;
}
