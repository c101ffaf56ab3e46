#include "models/run.h"

#include "models/autoscaler.h"
#include "models/capability.h"
#include "models/config.h"
#include "models/flow.h"
#include "models/metric.h"
#include "models/observers.h"
#include "models/request.h"
#include "models/request_trace.h"
#include "models/responders.h"
#include "models/status_page.h"
#include "models/timeline.h"
#include "models/verdict.h"

#include <math.h>

enum { SAMPLE };
static void on_sample(Sim *sim, void *state, SimEvent event);
static const SimKind kinds[] = {[SAMPLE] = {"run.sample", on_sample}};

/* What of a run lives in its arena, so that a snapshot has it. */
typedef struct Parts {
    World world;
    const PlaneOps *ops;
    void *plane;
    const Books *books;
    Clusters *clusters;
    Processes *processes;
    Routing *routing;
    Configs *configs;
    Observers *observers;
    StatusPage *status_page;
    Tools *tools;
    Levers *levers;
    Timeline *timeline;
    Responders *responders;
    uint32_t *config_column; /* [config] first of its gauges */
    SimTime sampled;
} Parts;

static const SimModelOps model = {
    .name = "run", .state_size = sizeof(Parts), .kinds = kinds, .n_kinds = G_N_ELEMENTS(kinds)};

const char *const run_plane_names[RUN_PLANES + 1] = {"flow", "request", NULL};
static const PlaneOps *const planes[RUN_PLANES] = {&flow_plane_ops, &request_plane_ops};

struct Run {
    Sim *sim;
    Parts *parts;
    Geo *geo;
    RequestTraces *traces;
    SimTime duration;
};

/* Each second: what moves between events of the plane. */
static void
on_sample(Sim *sim, void *state, SimEvent event)
{
    Parts *parts = state;
    SimTime now = sim_now(sim);
    SimTime width = sim_recorder_width(parts->books->recorder);
    SimTime open = now / width * width;
    (void)event;
    for (uint32_t c = 0; c < parts->world.n_configs; c++) {
        const double shares[] = {config_share_bad(parts->configs, c),
                                 config_share_held(parts->configs, c),
                                 config_share_newest(parts->configs, c)};
        for (uint32_t i = 0; i < G_N_ELEMENTS(shares); i++)
            sim_recorder_gauge(parts->books->recorder, parts->config_column[c] + i, shares[i],
                               MAX(parts->sampled, open), now);
    }
    observers_record(parts->observers, MAX(parts->sampled, open), now);
    parts->sampled = now;
    sim_after(sim, SIM_SECOND, &model, SAMPLE, 0, 0);
}

static void
attach_gauges(Parts *parts, SimArena *arena)
{
    static const char *const words[] = {"bad", "held", "new"};
    parts->config_column = SIM_ARENA_NEW(arena, uint32_t, parts->world.n_configs + 1);
    for (uint32_t c = 0; c < parts->world.n_configs; c++)
        for (uint32_t i = 0; i < G_N_ELEMENTS(words); i++) {
            g_autofree char *name = g_strdup_printf(
                "config.%s.%s", world_config(&parts->world, c)->entity.name, words[i]);
            uint32_t column = sim_recorder_column(parts->books->recorder, name, SIM_COLUMN_GAUGE,
                                                  "share", "of PoPs");
            if (i == 0)
                parts->config_column[c] = column;
        }
}

/* For `when` and tools: the last closed buckets. */
static double
read_metric(void *context, const char *name, SimTime span)
{
    const Parts *parts = context;
    const SimRecorder *recorder = parts->books->recorder;
    SimTime width = sim_recorder_width(recorder);
    uint32_t closed = sim_recorder_n_closed(recorder);
    uint32_t wanted = span <= width ? 1 : (uint32_t)MIN((span - 1) / width + 1, (SimTime)closed);
    Metric metric;
    if (closed == 0 || !metric_find(recorder, name, &metric))
        return NAN;
    return metric_mean(&metric, closed - wanted, closed);
}

/* For people: whether their status page can be reached, and an alert gets them out of bed. */
static bool
page_is_up(void *context)
{
    return status_page_is_up(((const Parts *)context)->status_page);
}

static bool
is_page(void *context, uint32_t observer)
{
    return observers_severity(((const Parts *)context)->observers, observer) == SEVERITY_PAGE;
}

/* Somebody looks at a site's attempts PoP by PoP. */
static bool
counts_sites(const Spec *spec)
{
    bool is_asked = false;
    SIM_EACH(ObserverSpec, observer, spec->observers)
    is_asked |= observer->kind == OBSERVER_PROBES || observer->canary != SIM_NONE;
    SIM_EACH(ConfigSpec, config, spec->configs)
    is_asked |= config->rollout.gate.sites.n > 0;
    return is_asked;
}

static void
refuse(SimMessages *messages, const SimEntity *entity, const char *key)
{
    if (entity->is_given)
        sim_messages_error(messages, entity->mark,
                           "`%s` is read but not simulated yet: expected a network without it",
                           key);
}

/* Keys of the network around the edge that no mechanism obeys yet; better refused than ignored. */
static void
refuse_unfinished(const Spec *spec, SimMessages *messages)
{
    const NetworkSpec *network = &spec->network;
    refuse(messages, &network->internet.entity, "internet");
    refuse(messages, &network->connections.entity, "connections");
    refuse(messages, &network->overload.entity, "overload");
    refuse(messages, &network->traffic_manager.entity, "traffic_manager");
    SIM_EACH(const PopOverrideSpec, override, network->overrides)
    {
        refuse(messages, &override->overload.entity, "overload");
        if (override->clusters.n > 0)
            refuse(messages, &override->entity, "clusters");
    }
    SIM_EACH(const PrefixGroupSpec, group, spec->prefix_groups)
    refuse(messages, &group->entity, "prefix_groups");
    SIM_EACH(const TimelineSpec, entry, spec->timeline)
    if (entry->how != POP_LOSS_DRAIN)
        refuse(messages, &entry->entity, "how");
}

static bool
attach(Run *run, const Spec *spec, const RunOptions *options, SimMessages *messages)
{
    Parts *parts = run->parts = sim_attach(run->sim, &model);
    World *world = &parts->world;
    uint32_t before = sim_messages_errors(messages);
    refuse_unfinished(spec, messages);
    if (!world_init(world, run->sim, spec, run->geo, messages))
        return false;
    const PlaneOptions plane_options = {.duration = run->duration,
                                        .messages = messages,
                                        .tick_factor = options->tick_factor,
                                        .counts_sites = counts_sites(spec),
                                        .sample_pops = options->sample_pops,
                                        .traces = request_traces_of(run->traces),
                                        .log = options->log,
                                        .has_no_fast_path = options->has_no_fast_path};
    parts->ops = planes[options->plane];
    parts->plane = parts->ops->attach(run->sim, world, &plane_options);
    if (!parts->plane)
        return false;
    parts->books = parts->ops->books(parts->plane);
    parts->routing = routing_attach(run->sim, world);
    parts->processes = processes_attach(run->sim, world);
    parts->clusters = cluster_attach(run->sim, world);
    parts->levers = levers_attach(run->sim, world);
    const ConfigParts config_parts = {
        .clusters = parts->clusters, .processes = parts->processes, .routing = parts->routing};
    parts->configs = config_attach(run->sim, world, &config_parts, messages);
    if (!parts->configs)
        return false;
    attach_gauges(parts, sim_arena(run->sim));
    const ObserversParts observers_parts = {
        .configs = parts->configs, .routing = parts->routing, .books = parts->books};
    parts->observers = observers_attach(run->sim, world, &observers_parts, messages);
    if (!parts->observers)
        return false;
    parts->status_page = status_page_attach(run->sim, world, parts->books);
    parts->tools = tools_attach(run->sim, world, read_metric, parts, messages);
    if (!parts->tools)
        return false;
    const TimelineParts timeline_parts = {.clusters = parts->clusters,
                                          .configs = parts->configs,
                                          .processes = parts->processes,
                                          .routing = parts->routing,
                                          .tools = parts->tools,
                                          .levers = parts->levers,
                                          .observers = parts->observers,
                                          .status_page = parts->status_page,
                                          .read_metric = read_metric,
                                          .context = parts};
    parts->timeline = timeline_attach(run->sim, world, &timeline_parts, messages);
    autoscaler_attach(
        run->sim, world,
        &(AutoscalerParts){.levers = parts->levers, .read_metric = read_metric, .context = parts});
    const ResponderParts responder_parts = {.timeline = parts->timeline,
                                            .tools = parts->tools,
                                            .read_metric = read_metric,
                                            .page_is_up = page_is_up,
                                            .is_page = is_page,
                                            .context = parts};
    parts->responders = responders_attach(run->sim, world, &responder_parts, messages);
    if (parts->timeline)
        observers_listen(parts->observers, timeline_alert(parts->timeline));
    if (parts->responders)
        observers_listen(parts->observers, responders_alert(parts->responders));
    verdict_check(spec, parts->books->recorder, messages);
    sim_after(run->sim, SIM_SECOND, &model, SAMPLE, 0, 0);
    return sim_messages_errors(messages) == before && parts->timeline && parts->responders;
}

Run *
run_new(const Spec *spec, const Geo *geo, const RunOptions *options, SimMessages *messages)
{
    const CapabilityUse use = {.is_request = options->plane == RUN_REQUEST,
                               .is_sampled = options->sample_pops > 0};
    capability_check(spec, use, messages);
    g_autoptr(Run) run = g_new0(Run, 1);
    run->traces = request_traces_load(spec, messages);
    if (sim_messages_errors(messages))
        return NULL;
    const SimOptions sim_options = {.scenario = options->name,
                                    .seed = options->has_seed ? options->seed
                                                              : (uint64_t)spec->clock.seed,
                                    /* Address space; pages count once they are used. */
                                    .reserve = options->plane == RUN_REQUEST ? (size_t)48 << 30 : 0,
                                    .repeat = options->command};
    run->sim = sim_new(&sim_options);
    run->duration = spec->clock.duration;
    if (options->until > 0 && options->until < run->duration)
        run->duration = options->until;
    run->geo = geo_busiest(geo, (uint32_t)spec->network.busiest);
    if (!attach(run, spec, options, messages))
        return NULL;
    return g_steal_pointer(&run);
}

void
run_free(Run *run)
{
    if (!run)
        return;
    sim_free(run->sim);
    geo_free(run->geo);
    request_traces_free(run->traces);
    g_free(run);
}

SimTime
run_duration(const Run *run)
{
    return run->duration;
}

void
run_advance(Run *run, SimTime until)
{
    sim_run(run->sim, until < run->duration ? until : run->duration);
}

void
run_finish(Run *run)
{
    run->parts->ops->finish(run->parts->plane);
}

Sim *
run_sim(Run *run)
{
    return run->sim;
}

const SimRecorder *
run_recorder(const Run *run)
{
    return run->parts->books->recorder;
}

const SimRecorder *
run_pop_recorder(const Run *run)
{
    return run->parts->books->pop_recorder;
}

const SimJournal *
run_journal(const Run *run)
{
    return run->parts->world.journal;
}

const Geo *
run_geo(const Run *run)
{
    return run->geo;
}

double
run_pop_cores(const Run *run, uint32_t pop)
{
    SIM_ASSERT(pop < run->geo->n_pops);
    return run->parts->ops->cores(run->parts->plane, pop);
}

uint32_t
run_causes(const Run *run)
{
    return run->parts->books->n_causes;
}

uint32_t
run_cause_entry(const Run *run, uint32_t slot)
{
    SIM_ASSERT(slot < run_causes(run));
    return run->parts->books->roots[slot];
}

const char *
run_cause_label(const Run *run, uint32_t slot)
{
    uint32_t root = run_cause_entry(run, slot);
    return root == SIM_NONE ? "demand beyond capacity"
                            : sim_journal_get(run_journal(run), root)->text;
}

double
run_bites_config(const Run *run, uint32_t config)
{
    const Books *books = run->parts->books;
    double sum = 0;
    for (uint32_t i = 1; i < books->n_causes; i++)
        if (config_is_cause(run->parts->configs, config, books->firsts[i]))
            sum += books->cause_total[i];
    return sum;
}

double
run_bites_entry(const Run *run, uint32_t entry)
{
    const Books *books = run->parts->books;
    double sum = 0;
    for (uint32_t i = 1; i < books->n_causes; i++)
        if (timeline_is_cause(run->parts->timeline, entry, books->firsts[i]))
            sum += books->cause_total[i];
    return sum;
}

FaultEffect
run_fault_effect(const Run *run, uint32_t entry)
{
    return faults_effect(run->sim, entry, run_recorder(run), run_pop_recorder(run));
}

bool
run_entry_skipped(const Run *run, uint32_t entry)
{
    return timeline_is_skipped(run->parts->timeline, entry);
}

uint32_t
run_config_versions(const Run *run, uint32_t config)
{
    return config_n_versions(run->parts->configs, config);
}

RunVersion
run_config_version(const Run *run, uint32_t config, uint32_t version)
{
    const Configs *configs = run->parts->configs;
    return (RunVersion){.at = config_generated_at(configs, config, version),
                        .is_bad = config_is_bad(configs, config, version)};
}

RunWave
run_wave(const Run *run, uint32_t config, uint32_t wave)
{
    const World *world = &run->parts->world;
    const Rollouts *rollouts = config_rollouts(run->parts->configs);
    const Lanes *lanes = rollout_lanes(rollouts, config);
    const uint32_t *order;
    RunWave reached = {0};
    double all = 0;
    for (uint32_t pop = 0; pop < world->n_pops; pop++)
        all += world->demand[pop];
    for (uint32_t lane = 0; lane < lanes->n && all > 0; lane++) {
        uint32_t n = rollout_wave_reach(rollouts, config, wave, lane, &order);
        reached.n_pops = MAX(reached.n_pops, n);
        for (uint32_t i = 0; i < n; i++)
            reached.reached += lanes->weights[lane] * world->demand[order[i]] / all;
    }
    for (uint32_t i = 0; i < reached.n_pops; i++)
        reached.traffic += world->demand[order[i]] / all;
    return reached;
}

SimTime
run_entry_time(const Run *run, uint32_t entry)
{
    return timeline_time(run->parts->timeline, entry);
}

RunPlane
run_plane(const Run *run)
{
    return run->parts->ops == &request_plane_ops ? RUN_REQUEST : RUN_FLOW;
}

const char *
run_complaint(const Run *run)
{
    const Parts *parts = run->parts;
    return parts->ops->complaint ? parts->ops->complaint(parts->plane) : NULL;
}

PlaneKept
run_kept(const Run *run)
{
    const Parts *parts = run->parts;
    if (parts->ops->kept)
        return parts->ops->kept(parts->plane);
    return (PlaneKept){.n_pops = parts->world.n_pops, .share = 1};
}

GArray *
run_latencies(const Run *run)
{
    const Parts *parts = run->parts;
    if (parts->ops->latencies)
        return parts->ops->latencies(parts->plane);
    return g_array_new(FALSE, FALSE, sizeof(PlaneLatency));
}

uint64_t
run_steps(const Run *run)
{
    return run->parts->ops->steps(run->parts->plane);
}
