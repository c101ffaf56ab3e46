#include "models/request.h"

#include <string.h>

/* One walk down the needs of a row or a central service. */
typedef struct Walk {
    RequestPlane *plane;
    GArray *steps;
    uint32_t row; /* SIM_NONE: a central service */
} Walk;

/* What lies above a need: what its failure does to the request. */
typedef struct Path {
    NeedFailure action;
    int outcome;
    uint32_t depth;
    uint16_t owner; /* first unit step of the service that has the need */
} Path;

uint8_t
request_clock(RequestPlane *plane, SimTime timeout)
{
    for (uint32_t i = 0; i < plane->n_timeouts; i++)
        if (plane->timeouts[i] == timeout)
            return (uint8_t)i;
    if (plane->n_timeouts == REQUEST_TIMEOUTS_MAX) {
        plane->has_too_many_timeouts = true;
        return 0;
    }
    plane->timeouts[plane->n_timeouts] = timeout;
    return (uint8_t)plane->n_timeouts++;
}

static uint32_t
find_unit(const FlowPlan *plan, uint32_t service, uint32_t cohort)
{
    for (uint32_t u = 0; u < plan->n_units; u++)
        if (plan->units[u].service == service && plan->units[u].cohort == cohort)
            return u;
    return SIM_NONE;
}

/* One too many is said when the plane is checked, and the run refused. */
static void
add_step(const Walk *walk, const RequestStep *step)
{
    g_array_append_val(walk->steps, *step);
}

static void
add_unit(const Walk *walk, uint32_t service, uint32_t cohort, const Path *path, double share,
         uint32_t rest)
{
    add_step(walk, &(RequestStep){.kind = REQUEST_UNIT,
                                  .action = (uint8_t)path->action,
                                  .outcome = (uint8_t)path->outcome,
                                  .service = service,
                                  .unit = find_unit(walk->plane->plan, service, cohort),
                                  .share = share,
                                  .rest = (uint16_t)rest,
                                  .owner = REQUEST_NO_OWNER,
                                  .guard = REQUEST_NO_GUARD});
}

/* The PoP service that a row enters. */
static uint32_t
entry_of(const World *world, const FlowRow *row)
{
    return row->site == SIM_NONE ? world_service(world, row->service)->front.service : row->service;
}

/* In the cohort of the row where they share processes, else in one that is drawn. */
static void
add_units(const Walk *walk, uint32_t service, const Path *path)
{
    const World *world = walk->plane->world;
    const FlowRow *row = &walk->plane->plan->rows[walk->row];
    uint32_t entry = entry_of(world, row);
    uint32_t n = world->n_cohorts[service];
    double left = 1;
    if (world->host[entry] == world->host[service]) {
        add_unit(walk, service, row->cohort, path, 1, 0);
        return;
    }
    for (uint32_t c = 0; c < n; c++) {
        double share = world_cohort_share(world, service, c);
        bool is_last = c + 1 == n;
        add_unit(walk, service, c, path, is_last ? 1 : left > 0 ? share / left : 0, n - 1 - c);
        left -= share;
    }
}

static void
add_call(const Walk *walk, const NeedSpec *need, const Path *path, double share)
{
    RequestPlane *plane = walk->plane;
    uint32_t core = plane->core_of[need->service];
    bool has_front = world_service(plane->world, need->service)->front.service != SIM_NONE;
    uint32_t guard = guards_find(plane->books->guards, need);
    bool has_fallback = need->on_failure == NEED_FALLBACK;
    bool is_plain = need->retries == 0 && need->calls < 1.5 && !has_fallback && guard == SIM_NONE;
    add_step(walk, &(RequestStep){.kind = REQUEST_CALL,
                                  .action = (uint8_t)path->action,
                                  .outcome = (uint8_t)path->outcome,
                                  .clock = request_clock(plane, need->timeout),
                                  .share = share,
                                  .service = need->service,
                                  .unit = SIM_NONE,
                                  .core = core,
                                  .owner = path->owner,
                                  .guard = guard == SIM_NONE ? REQUEST_NO_GUARD : (uint16_t)guard,
                                  .fallback = has_fallback ? need->fallback : SIM_NONE,
                                  .retries = (uint32_t)need->retries,
                                  .calls = (uint32_t)(need->calls + 0.5),
                                  .is_direct = is_plain && !has_front});
}

/* What the scenario says, unless a switch says otherwise now. */
static NeedFailure
action_of(const RequestPlane *plane, const NeedSpec *need)
{
    int set = plane->on_failure[need->service];
    return set == NEED_AS_WRITTEN ? (NeedFailure)need->on_failure : (NeedFailure)set;
}

static void walk_service(const Walk *walk, uint32_t service, const Path *path);

static void
walk_needs(const Walk *walk, const SimList *needs, const Path *path)
{
    const World *world = walk->plane->world;
    SIM_EACH(const NeedSpec, need, *needs)
    {
        bool is_pop = world_service(world, need->service)->placement == PLACEMENT_POP;
        double share = need->share * (1 - need->cached);
        Path below = *path;
        below.depth++;
        if (path->action == NEED_FAIL)
            below.action = action_of(walk->plane, need);
        if (path->outcome == OUTCOME_NONE)
            below.outcome = need->outcome;
        if (!is_pop) {
            add_call(walk, need, &below, share);
            continue;
        }
        if (walk->row == SIM_NONE) /* central services reach PoP services by fronts only */
            continue;
        uint32_t gate = walk->steps->len;
        add_step(walk, &(RequestStep){.kind = REQUEST_GATE,
                                      .share = share,
                                      .service = need->service,
                                      .unit = SIM_NONE,
                                      .owner = REQUEST_NO_OWNER,
                                      .guard = REQUEST_NO_GUARD});
        walk_service(walk, need->service, &below);
        g_array_index(walk->steps, RequestStep, gate).skip =
            (uint16_t)(walk->steps->len - gate - 1);
    }
}

/* Depth is bounded: a loop of needs inside a PoP is refused when the run is made. */
static void
walk_service(const Walk *walk, uint32_t service, const Path *path)
{
    SIM_ASSERT(path->depth <= walk->plane->world->n_services);
    Path below = *path;
    below.owner = (uint16_t)walk->steps->len;
    add_units(walk, service, path);
    walk_needs(walk, &world_service(walk->plane->world, service)->needs, &below);
}

static RequestProgram
settle(RequestPlane *plane, GArray *steps)
{
    if (steps->len > REQUEST_STEPS_MAX) {
        plane->has_too_many_steps = true;
        g_array_set_size(steps, 0);
    }
    RequestStep *kept = SIM_ARENA_NEW(plane->arena, RequestStep, steps->len);
    if (steps->len)
        memcpy(kept, steps->data, steps->len * sizeof(RequestStep));
    RequestProgram program = {.steps = kept, .n_steps = steps->len};
    g_array_free(steps, TRUE);
    return program;
}

static const Path top = {.action = NEED_FAIL, .outcome = OUTCOME_NONE, .owner = REQUEST_NO_OWNER};

static GArray *
steps_of_row(RequestPlane *plane, uint32_t index)
{
    const FlowRow *row = &plane->plan->rows[index];
    const Walk walk = {
        .plane = plane, .row = index, .steps = g_array_new(FALSE, FALSE, sizeof(RequestStep))};
    if (row->site == SIM_NONE) {
        const FrontSpec *front = &world_service(plane->world, row->service)->front;
        walk_service(&walk, front->service, &top);
        walk_needs(&walk, &front->needs, &top);
    } else {
        walk_service(&walk, row->service, &top);
        walk_needs(&walk, &world_site(plane->world, row->site)->needs, &top);
    }
    return walk.steps;
}

static GArray *
steps_of_core(RequestPlane *plane, uint32_t service)
{
    const Walk walk = {
        .plane = plane, .row = SIM_NONE, .steps = g_array_new(FALSE, FALSE, sizeof(RequestStep))};
    walk_needs(&walk, &world_service(plane->world, service)->needs, &top);
    return walk.steps;
}

/* The same steps in the same order, whatever their needs do when they fail. */
static void
renew(const RequestProgram *program, GArray *steps)
{
    SIM_ASSERT(steps->len == program->n_steps);
    if (steps->len)
        memcpy(program->steps, steps->data, steps->len * sizeof(RequestStep));
    g_array_free(steps, TRUE);
}

void
request_plan_actions_set(RequestPlane *plane)
{
    for (uint32_t r = 0; r < plane->plan->n_rows; r++)
        renew(&plane->rows[r].program, steps_of_row(plane, r));
    for (uint32_t i = 0; i < plane->n_cores; i++)
        if (plane->cores[i].service != SIM_NONE)
            renew(&plane->cores[i].program, steps_of_core(plane, plane->cores[i].service));
}

/* Callers of a front give up after the least of their time-outs to it, as on the flow plane. */
static SimTime
zone_timeout(const RequestPlane *plane, uint32_t service)
{
    SimTime timeout = 10 * SIM_SECOND;
    for (uint32_t e = 0; e < plane->plan->n_edges; e++)
        if (plane->plan->edges[e].service == service && plane->plan->edges[e].timeout < timeout)
            timeout = plane->plan->edges[e].timeout;
    return timeout;
}

static void
fill_client(RequestPlane *plane, RequestRow *row)
{
    const SiteSpec *site = world_site(plane->world, row->site);
    const ClientSpec given = traffic_client(site), *client = &given;
    row->clock = request_clock(plane, client->timeout);
    row->retries = (uint32_t)client->retries;
    row->backoff = client->backoff;
    row->growth = client->growth;
    row->has_jitter = client->jitter;
    row->persistence = client->persistence;
    row->reload_s = sim_seconds(client->reload);
    row->cacheable = site->cache.cacheable;
    row->origin_latency = site->origin.latency;
    row->is_plain =
        client->library == RETRY_NONE || client->library == RETRY_BUDGET || client->retries == 0;
    row->is_attack = site->attack.entity.is_given;
    row->blocked_by = row->is_attack ? site->attack.blocked_by : SIM_NONE;
    row->block = site->attack.share;
    if (client->library == RETRY_SRE || row->is_attack)
        row->is_plain = false;
}

void
request_plan_attach(RequestPlane *plane)
{
    plane->rows = SIM_ARENA_NEW(plane->arena, RequestRow, plane->plan->n_rows);
    for (uint32_t r = 0; r < plane->plan->n_rows; r++) {
        const FlowRow *of = &plane->plan->rows[r];
        RequestRow *row = &plane->rows[r];
        *row = (RequestRow){.cohort = of->cohort,
                            .site = of->site,
                            .service = of->service,
                            .origin = SIM_NONE,
                            .core = SIM_NONE,
                            .reload_s = 1};
        row->program = settle(plane, steps_of_row(plane, r));
        uint32_t host = plane->world->host[entry_of(plane->world, of)];
        row->sojourns = plane->service_latencies + (size_t)host * SIM_HISTOGRAM_BUCKETS;
        if (of->site != SIM_NONE) {
            fill_client(plane, row);
            continue;
        }
        row->core = plane->core_of[of->service];
        row->clock = request_clock(plane, zone_timeout(plane, of->service));
    }
    for (uint32_t i = 0; i < plane->n_cores; i++)
        if (plane->cores[i].service != SIM_NONE)
            plane->cores[i].program = settle(plane, steps_of_core(plane, plane->cores[i].service));
    request_plan_refresh(plane);
}

/* What no kill switch skips, itself or what it stands below. */
static uint64_t
alive_steps(const RequestPlane *plane, const RequestProgram *program)
{
    uint64_t alive = 0;
    for (uint32_t i = 0; i < program->n_steps; i++)
        if (plane->killed[program->steps[i].service])
            i += program->steps[i].skip;
        else
            alive |= UINT64_C(1) << i;
    return alive;
}

static void
refresh(const RequestPlane *plane, RequestProgram *program)
{
    program->alive = alive_steps(plane, program);
    program->cpu = 0;
    program->is_certain = program->has_cpu = true;
    program->has_calls = false;
    program->calls = program->direct = 0;
    for (uint32_t i = 0; i < program->n_steps; i++) {
        program->calls |= (uint64_t)(program->steps[i].kind == REQUEST_CALL) << i;
        program->direct |= (uint64_t)program->steps[i].is_direct << i;
    }
    for (uint32_t i = 0; i < program->n_steps; i++) {
        const RequestStep *step = &program->steps[i];
        bool is_made = !plane->killed[step->service] && step->share > 0;
        if (is_made && step->share < 1) {
            program->is_certain = false;
            program->has_cpu &= step->kind == REQUEST_CALL;
            is_made = false;
        }
        program->has_calls |= is_made && step->kind == REQUEST_CALL;
        if (!is_made)
            i += step->skip;
        else if (step->kind == REQUEST_UNIT)
            program->cpu += sim_seconds(world_service(plane->world, step->service)->cpu);
        if (is_made)
            i += step->rest;
    }
}

/* Requests under way forget what they will not do any more. */
static void
forget_killed(RequestPlane *plane)
{
    for (uint32_t p = 0; p < plane->n_pops; p++)
        for (uint32_t i = 0; i < plane->pops[p].n_requests; i++) {
            Request *row = &plane->pops[p].requests[i];
            if (row->state != REQUEST_FREE && row->row != SIM_NONE)
                row->made &= plane->rows[row->row].program.alive;
        }
    for (uint32_t i = 0; i < plane->n_calls; i++)
        plane->calls[i].made &= plane->cores[plane->calls[i].core].program.alive;
}

void
request_plan_refresh(RequestPlane *plane)
{
    for (uint32_t r = 0; r < plane->plan->n_rows; r++)
        refresh(plane, &plane->rows[r].program);
    for (uint32_t i = 0; i < plane->n_cores; i++)
        refresh(plane, &plane->cores[i].program);
    forget_killed(plane);
}

uint64_t
request_steps_draw(const RequestPlane *plane, const RequestPop *pop, const RequestProgram *program,
                   uint64_t number, uint32_t level)
{
    uint64_t made = 0;
    for (uint32_t i = 0; i < program->n_steps; i++) {
        const RequestStep *step = &program->steps[i];
        bool is_made = step->share > 0 && !plane->killed[step->service];
        if (is_made && step->share < 1)
            is_made = request_draw(pop, number, DRAW_STEP + 64 * level + i) < step->share;
        if (!is_made) {
            i += step->skip;
            continue;
        }
        made |= UINT64_C(1) << i;
        i += step->rest;
    }
    return made;
}
