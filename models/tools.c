#include "models/tools.h"

#include <math.h>

enum { DRAW_STRIDE = 16 };
static const SimTime recent = SIM_MINUTE;

typedef struct LogIn { /* of one user to one tool */
    bool is_begun;     /* in, or getting in */
    SimTime in_at;     /* in from then on */
    uint64_t draws;
} LogIn;

struct Tools {
    Sim *sim;
    const World *world;
    MetricReader read_metric;
    void *context;
    const char **metrics; /* [tool] NULL: it always works */
    LogIn *log_ins;       /* [user * n + tool] */
    uint32_t n, n_users;
};

static void verify(const Sim *sim, const void *state);
static const SimModelOps ops = {.name = "tools", .state_size = sizeof(Tools), .verify = verify};

static void
verify(const Sim *sim, const void *state)
{
    const Tools *tools = state;
    (void)sim;
    for (uint32_t i = 0; i < tools->n_users * tools->n; i++)
        SIM_ASSERT(!tools->log_ins[i].is_begun || tools->log_ins[i].draws > 0);
}

static const ToolSpec *
spec_at(const World *world, uint32_t tool)
{
    SIM_ASSERT(tool < world->spec->tools.n);
    return SIM_ITEM(world->spec->tools, ToolSpec, tool);
}

static bool
is_in_circle(const World *world, uint32_t tool)
{
    uint32_t at = spec_at(world, tool)->instead;
    for (uint32_t step = 0; at != SIM_NONE && step < world->spec->tools.n; step++) {
        if (at == tool)
            return true;
        at = spec_at(world, at)->instead;
    }
    return false;
}

static bool
check(const World *world, SimMessages *messages)
{
    bool is_right = true;
    for (uint32_t tool = 0; tool < world->spec->tools.n; tool++) {
        if (!is_in_circle(world, tool))
            continue;
        is_right = false;
        sim_messages_error(messages, spec_at(world, tool)->entity.mark,
                           "tool '%s' stands in for itself, perhaps through others: expected an "
                           "end to the chain of instead",
                           spec_at(world, tool)->entity.name);
    }
    return is_right;
}

static const char *
metric_of(const World *world, const ToolSpec *tool, SimArena *arena)
{
    g_autofree char *name = NULL;
    if (tool->site != SIM_NONE)
        name = g_strdup_printf("site.%s.success", world_site(world, tool->site)->entity.name);
    else if (tool->service != SIM_NONE)
        name =
            g_strdup_printf("service.%s.success", world_service(world, tool->service)->entity.name);
    return name ? sim_arena_strdup(arena, name) : NULL;
}

Tools *
tools_attach(Sim *sim, const World *world, MetricReader read_metric, void *context,
             SimMessages *messages)
{
    SimArena *arena = sim_arena(sim);
    if (!check(world, messages))
        return NULL;
    Tools *tools = sim_attach(sim, &ops);
    *tools = (Tools){.sim = sim,
                     .world = world,
                     .read_metric = read_metric,
                     .context = context,
                     .n = world->spec->tools.n,
                     .n_users = world->spec->timeline.n + world->spec->teams.n};
    tools->metrics = SIM_ARENA_NEW(arena, const char *, tools->n);
    tools->log_ins = SIM_ARENA_NEW(arena, LogIn, (size_t)tools->n * tools->n_users);
    for (uint32_t tool = 0; tool < tools->n; tool++)
        tools->metrics[tool] = metric_of(world, spec_at(world, tool), arena);
    return tools;
}

bool
tools_works(const Tools *tools, uint32_t tool)
{
    SIM_ASSERT(tool < tools->n);
    if (!tools->metrics[tool])
        return true;
    double success = tools->read_metric(tools->context, tools->metrics[tool], recent);
    return isnan(success) || success >= spec_at(tools->world, tool)->works_above;
}

/* Entries of one name share a stream; the numbers of each depend on nothing but itself. */
static SimRng
access_stream(const Tools *tools, uint32_t user, uint32_t tool)
{
    const Spec *spec = tools->world->spec;
    const char *name = spec_at(tools->world, tool)->entity.name;
    if (user >= spec->timeline.n) {
        uint32_t team = user - spec->timeline.n;
        return sim_stream(tools->sim, "tool/%.100s/team/%.100s", name,
                          SIM_ITEM(spec->teams, const TeamSpec, team)->entity.name);
    }
    const TimelineSpec *entry = SIM_ITEM(spec->timeline, const TimelineSpec, user);
    return sim_stream(tools->sim, "tool/%.100s/timeline/%.100s", name,
                      entry->id ? entry->id : verb_names[entry->verb]);
}

/* Not in and not getting in. */
static bool
is_out(const Tools *tools, const LogIn *log_in, uint32_t tool)
{
    return !log_in->is_begun ||
           sim_now(tools->sim) - log_in->in_at > spec_at(tools->world, tool)->holds;
}

static void
get_in(Tools *tools, uint32_t user, uint32_t tool)
{
    LogIn *log_in = &tools->log_ins[(size_t)user * tools->n + tool];
    SimRng access = access_stream(tools, user, tool);
    access.counter = log_in->draws++ * DRAW_STRIDE;
    SimTime takes = sim_law_sample(&spec_at(tools->world, tool)->access, &access);
    log_in->is_begun = true;
    log_in->in_at = MIN(takes, SIM_TIME_MAX - sim_now(tools->sim)) + sim_now(tools->sim);
}

/* One wanted tool, or what stands in for it: when the user is in. */
static ToolsAnswer
ask_one(Tools *tools, uint32_t user, uint32_t wanted)
{
    SimTime now = sim_now(tools->sim);
    ToolsAnswer answer = {.at = SIM_TIME_MAX, .lacking = SIM_NONE, .using = SIM_NONE};
    bool is_first = true;
    for (uint32_t tool = wanted; tool != SIM_NONE; tool = spec_at(tools->world, tool)->instead) {
        LogIn *log_in = &tools->log_ins[(size_t)user * tools->n + tool];
        if (!tools_works(tools, tool)) {
            log_in->is_begun &= log_in->in_at <= now;
            answer.lacking = wanted;
            continue;
        }
        if (is_first && is_out(tools, log_in, tool))
            get_in(tools, user, tool);
        is_first = false;
        if (is_out(tools, log_in, tool) || MAX(now, log_in->in_at) >= answer.at)
            continue;
        answer.at = MAX(now, log_in->in_at);
        answer.using = tool;
    }
    if (answer.using == wanted)
        answer.lacking = SIM_NONE;
    return answer;
}

ToolsAnswer
tools_ask(Tools *tools, uint32_t user, SimList wanted)
{
    ToolsAnswer latest = {.at = -1, .lacking = SIM_NONE, .using = SIM_NONE};
    SIM_EACH(uint32_t, tool, wanted)
    {
        SIM_ASSERT(user < tools->n_users);
        ToolsAnswer one = ask_one(tools, user, *tool);
        if (one.at > latest.at)
            latest = one;
    }
    if (latest.at < 0)
        latest.at = sim_now(tools->sim);
    return latest;
}

char *
tools_describe(const World *world, const ToolsAnswer *answer, char *buffer, size_t size)
{
    const char *lacking =
        answer->lacking == SIM_NONE ? NULL : spec_at(world, answer->lacking)->entity.name;
    const char *using =
        answer->using == SIM_NONE ? NULL : spec_at(world, answer->using)->entity.name;
    if (lacking && using)
        g_snprintf(buffer, size, "%s does not work: gets in through %s", lacking, using);
    else if (lacking)
        g_snprintf(buffer, size, "%s does not work", lacking);
    else
        g_snprintf(buffer, size, "gets in through %s", using ? using : "nothing");
    return buffer;
}
