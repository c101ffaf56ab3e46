#include "models/config_state.h"

static void
check_condition(const ConfigSpec *spec, SimMark mark, const Condition *condition,
                SimMessages *messages)
{
    if (version_property_find(spec, condition->property) == SIM_NONE)
        sim_messages_error(messages, mark,
                           "config '%s' has no property '%s': expected one of its properties",
                           spec->entity.name, condition->property);
}

static void
check_consumer(const World *world, const ConfigSpec *spec, const ConsumerSpec *consumer,
               SimMessages *messages)
{
    const ServiceSpec *service = world_service(world, consumer->service);
    SimMark mark = consumer->entity.mark;
    check_condition(spec, mark, &consumer->when, messages);
    if (service->placement != PLACEMENT_POP)
        sim_messages_error(messages, mark,
                           "service '%s' is not placed at the PoPs and receives no config: "
                           "expected a service with placement: pop",
                           service->entity.name);
    else if (consumer->cohort &&
             world_cohort_find(world, consumer->service, consumer->cohort) == SIM_NONE)
        sim_messages_error(messages, mark, "service '%s' has no cohort '%s'", service->entity.name,
                           consumer->cohort);
}

/* What a generator overtakes never goes out. */
static void
check_pace(const World *world, uint32_t config, SimMessages *messages)
{
    const ConfigSpec *spec = world_config(world, config);
    const ChangeSpec *change = change_spec(world, config);
    SimTime soak = 0, every = spec->generator.every;
    for (uint32_t i = 0; i + 1 < spec->rollout.waves.n; i++)
        soak += SIM_ITEM(spec->rollout.waves, WaveSpec, i)->soak;
    if (soak >= every)
        sim_messages_warning(messages, spec->rollout.entity.mark,
                             "config '%s' is generated again before its waves are through: the "
                             "later ones are never pushed",
                             spec->entity.name);
    if (sim_law_mean(&change->approval) >= every)
        sim_messages_warning(messages, spec->generator.entity.mark,
                             "config '%s' is generated again before somebody approves it: most "
                             "versions never go out; bypass: generated would let them",
                             spec->entity.name);
}

static void
check_generator(const World *world, uint32_t config, SimMessages *messages)
{
    const ConfigSpec *spec = world_config(world, config);
    const GeneratorSpec *generator = &spec->generator;
    if (generator->every == 0)
        return;
    if (world->spec->clock.duration / generator->every >= VERSIONS_MAX)
        sim_messages_error(messages, generator->entity.mark,
                           "config '%s' would be generated more than %d times: expected a longer "
                           "period or a shorter run",
                           spec->entity.name, VERSIONS_MAX);
    if (generator->when_migrated.n > 0 && generator->runs_on == SIM_NONE)
        sim_messages_error(messages, generator->entity.mark,
                           "config '%s' has when_migrated but runs on no cluster: expected "
                           "runs_on: with the name of one",
                           spec->entity.name);
    version_check(spec, generator->when_migrated, messages);
    if (!version_bypasses(spec, true))
        check_pace(world, config, messages);
}

bool
config_check(const World *world, uint32_t config, SimMessages *messages)
{
    const ConfigSpec *spec = world_config(world, config);
    uint32_t before = sim_messages_errors(messages);
    SIM_EACH(LimitSpec, limit, spec->limits)
    check_condition(spec, limit->entity.mark, &limit->demand, messages);
    SIM_EACH(ConsumerSpec, consumer, spec->consumers)
    check_consumer(world, spec, consumer, messages);
    check_generator(world, config, messages);
    return sim_messages_errors(messages) == before;
}
