#include "models/flow_plan.h"

#include "models/need.h"

#include <string.h>

int
flow_plan_on_failure(const NeedSpec *need, const int *on_failure)
{
    int set = on_failure ? on_failure[need->service] : -1;
    return set < 0 ? need->on_failure : set;
}

bool
flow_plan_may_switch(const World *world, uint32_t service)
{
    SIM_EACH(const TimelineSpec, entry, world->spec->timeline)
    {
        if (entry->verb != VERB_FAIL_OPEN && entry->verb != VERB_FAIL_CLOSED)
            continue;
        SIM_EACH(const uint32_t, item, entry->services)
        if (*item == service)
            return true;
    }
    return false;
}

/* One walk down the needs of a row. */
typedef struct Walk {
    FlowPlan *plan;
    const World *world;
    const bool *killed;
    const int *on_failure; /* [service] */
    uint32_t row;
    bool is_rehearsal; /* only makes what a switch might ask for */
    uint32_t *last;    /* term met last in a rehearsal */
} Walk;

/* What lies above a call on the way down: how often, and what its failure does to the request. */
typedef struct Path {
    double weight;
    NeedFailure action;
    int outcome; /* OUTCOME_NONE: the failing service's own */
    uint32_t depth;
    uint32_t owner; /* the PoP service that makes the calls; SIM_NONE: the site or front itself */
} Path;

/* Room for one row more behind n, doubled when n is full. */
static void *
with_room(void *rows, uint32_t n, size_t size)
{
    return n & (n - 1) ? rows : g_realloc_n(rows, n ? 2 * (size_t)n : 1, size);
}

static double *
new_column(FlowPlan *plan)
{
    SIM_ASSERT(plan->arena);
    return SIM_ARENA_NEW(plan->arena, double, plan->stride);
}

static uint32_t
find_unit(FlowPlan *plan, uint32_t service, uint32_t cohort)
{
    for (uint32_t i = 0; i < plan->n_units; i++)
        if (plan->units[i].service == service && plan->units[i].cohort == cohort)
            return i;
    plan->units = with_room(plan->units, plan->n_units, sizeof(FlowUnit));
    plan->units[plan->n_units] =
        (FlowUnit){.service = service, .cohort = cohort, .calls = new_column(plan)};
    return plan->n_units++;
}

static uint32_t
find_edge(FlowPlan *plan, uint32_t service, const NeedSpec *need, uint32_t fallback, bool guarded)
{
    for (uint32_t i = 0; i < plan->n_edges; i++) {
        const FlowEdge *edge = &plan->edges[i];
        if (edge->service == service && edge->timeout == need->timeout &&
            edge->retries == (uint32_t)need->retries && edge->each == need->calls &&
            edge->fallback == fallback && edge->guarded == (guarded ? need : NULL))
            return i;
    }
    plan->edges = with_room(plan->edges, plan->n_edges, sizeof(FlowEdge));
    plan->edges[plan->n_edges] = (FlowEdge){.service = service,
                                            .timeout = need->timeout,
                                            .retries = (uint32_t)need->retries,
                                            .each = need->calls,
                                            .fallback = fallback,
                                            .guarded = guarded ? need : NULL,
                                            .guard = guarded ? plan->n_guarded++ : SIM_NONE,
                                            .calls = new_column(plan)};
    return plan->n_edges++;
}

/* The term's index; a new one comes after the one met before it on the same walk. */
static uint32_t
find_term(FlowPlan *plan, FlowTerm wanted, uint32_t last)
{
    for (uint32_t i = 0; i < plan->n_terms; i++) {
        const FlowTerm *term = &plan->terms[i];
        if (term->source == wanted.source && term->index == wanted.index &&
            term->is_stale == wanted.is_stale && term->outcome == wanted.outcome)
            return i;
    }
    uint32_t at = last == SIM_NONE ? plan->n_terms : last + 1;
    plan->terms = with_room(plan->terms, plan->n_terms, sizeof(FlowTerm));
    memmove(&plan->terms[at + 1], &plan->terms[at], (plan->n_terms - at) * sizeof(FlowTerm));
    plan->n_terms++;
    wanted.weight = new_column(plan);
    wanted.spared = wanted.source == FLOW_BLOCK ? new_column(plan) : NULL;
    plan->terms[at] = wanted;
    return at;
}

static void
add_term(const Walk *walk, FlowSource source, uint32_t index, const Path *path)
{
    FlowTerm term = {.source = source,
                     .index = index,
                     .is_stale = path->action == NEED_STALE,
                     .outcome = path->outcome};
    if (path->action == NEED_OPEN)
        return;
    bool lies_between = walk->is_rehearsal || walk->row >= walk->plan->n_people;
    uint32_t at = find_term(walk->plan, term, lies_between ? *walk->last : SIM_NONE);
    *walk->last = at;
    if (!walk->is_rehearsal)
        walk->plan->terms[at].weight[walk->row] += path->weight;
}

/* The service sees through a share of the row's attack; what comes after it is spared. */
static void
add_block(const Walk *walk, uint32_t unit, double calls)
{
    FlowPlan *plan = walk->plan;
    const FlowRow *row = &plan->rows[walk->row];
    const FlowTerm term = {.source = FLOW_BLOCK, .index = unit, .outcome = OUTCOME_BLOCKED};
    if (row->site == SIM_NONE || walk->is_rehearsal)
        return;
    const AttackSpec *attack = &world_site(walk->world, row->site)->attack;
    if (!attack->entity.is_given || attack->blocked_by != plan->units[unit].service)
        return;
    *walk->last = find_term(plan, term, *walk->last);
    plan->terms[*walk->last].weight[walk->row] += calls * attack->share;
    plan->terms[*walk->last].spared[walk->row] = -plan->cpu[walk->row];
}

/* Once the row's whole cost is known. */
static void
finish_blocks(const Walk *walk)
{
    for (uint32_t i = 0; !walk->is_rehearsal && i < walk->plan->n_terms; i++) {
        const FlowTerm *term = &walk->plan->terms[i];
        if (term->source == FLOW_BLOCK && term->weight[walk->row] > 0)
            term->spared[walk->row] += walk->plan->cpu[walk->row];
    }
}

static void
add_unit(const Walk *walk, uint32_t service, uint32_t cohort, const Path *path)
{
    uint32_t unit = find_unit(walk->plan, service, cohort);
    double cpu = sim_seconds(world_service(walk->world, service)->cpu);
    add_term(walk, FLOW_UNIT, unit, path);
    if (walk->is_rehearsal)
        return;
    walk->plan->units[unit].calls[walk->row] += path->weight;
    walk->plan->cpu[walk->row] += path->weight * cpu;
    add_block(walk, unit, path->weight);
}

static void
add_call_to_pop(const Walk *walk, uint32_t service, const Path *path)
{
    const World *world = walk->world;
    const FlowRow *row = &walk->plan->rows[walk->row];
    uint32_t entry =
        row->site == SIM_NONE ? world_service(world, row->service)->front.service : row->service;
    if (world->host[entry] == world->host[service]) {
        add_unit(walk, service, row->cohort, path);
        return;
    }
    for (uint32_t c = 0; c < world->n_cohorts[service]; c++) {
        Path part = *path;
        part.weight *= world_cohort_share(world, service, c);
        add_unit(walk, service, c, &part);
    }
}

static void
add_owned(FlowPlan *plan, FlowOwned owned)
{
    if (plan->arena)
        plan->owned = with_room(plan->owned, plan->n_owned, sizeof(FlowOwned));
    else
        SIM_ASSERT(plan->n_owned < plan->n_owned_max);
    plan->owned[plan->n_owned++] = owned;
}

static void
add_call_to_core(const Walk *walk, const NeedSpec *need, int on_failure, const Path *path)
{
    uint32_t fallback = SIM_NONE;
    if (on_failure == NEED_FALLBACK)
        fallback = find_edge(walk->plan, need->fallback, need, SIM_NONE, false);
    uint32_t index = find_edge(walk->plan, need->service, need, fallback, need_is_guarded(need));
    add_term(walk, FLOW_EDGE, index, path);
    if (walk->is_rehearsal)
        return;
    walk->plan->edges[index].calls[walk->row] += path->weight * need->calls;
    walk->plan->edges[index].is_used = true;
    if (path->owner != SIM_NONE)
        add_owned(walk->plan, (FlowOwned){.edge = index,
                                          .row = walk->row,
                                          .service = path->owner,
                                          .per_request = path->weight * need->calls});
}

static void walk_service(const Walk *walk, uint32_t service, const Path *path);

static void
walk_need(const Walk *walk, const NeedSpec *need, int on_failure, const Path *path)
{
    Path below = *path;
    below.weight *= need->share * (1 - need->cached);
    below.depth++;
    if (path->action == NEED_FAIL)
        below.action = (NeedFailure)on_failure;
    if (path->outcome == OUTCOME_NONE)
        below.outcome = need->outcome;
    if (world_service(walk->world, need->service)->placement == PLACEMENT_POP)
        walk_service(walk, need->service, &below);
    else
        add_call_to_core(walk, need, on_failure, &below);
}

static void
walk_needs(const Walk *walk, const SimList *needs, const Path *path)
{
    SIM_EACH(const NeedSpec, need, *needs)
    {
        if (walk->killed[need->service])
            continue;
        walk_need(walk, need, flow_plan_on_failure(need, walk->on_failure), path);
        if (!walk->is_rehearsal || !flow_plan_may_switch(walk->world, need->service))
            continue;
        walk_need(walk, need, NEED_FAIL, path);
        walk_need(walk, need, NEED_STALE, path);
    }
}

/* Depth is bounded: a loop of needs inside a PoP is refused when the run is made. */
static void
walk_service(const Walk *walk, uint32_t service, const Path *path)
{
    SIM_ASSERT(path->depth <= walk->world->n_services);
    Path own = *path;
    own.owner = service;
    add_call_to_pop(walk, service, path);
    walk_needs(walk, &world_service(walk->world, service)->needs, &own);
}

static void
walk_row(Walk walk)
{
    const World *world = walk.world;
    const FlowRow *row = &walk.plan->rows[walk.row];
    uint32_t last = SIM_NONE;
    walk.last = &last;
    const Path top = {.weight = 1, .action = NEED_FAIL, .outcome = OUTCOME_NONE, .owner = SIM_NONE};
    if (row->site == SIM_NONE) {
        const FrontSpec *front = &world_service(world, row->service)->front;
        walk_service(&walk, front->service, &top);
        walk_needs(&walk, &front->needs, &top);
    } else {
        walk_service(&walk, row->service, &top);
        walk_needs(&walk, &world_site(world, row->site)->needs, &top);
    }
    finish_blocks(&walk);
}

static double
listed_share(const World *world, const SimList *cohorts, uint32_t service, uint32_t cohort)
{
    const char *name = world_cohort_name(world, service, cohort);
    if (cohorts->n == 0)
        return world_cohort_share(world, service, cohort);
    SIM_EACH(const CohortSpec, item, *cohorts)
    if (strcmp(item->entity.name, name) == 0)
        return item->share;
    return 0;
}

/* Rows of all sites that attack, or of all that do not, from the n-th on; how many there are then.
 */
static uint32_t
make_site_rows(const World *world, bool attacks, FlowRow *rows, uint32_t n)
{
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const SiteSpec *site = world_site(world, s);
        for (uint32_t c = 0; c < world->n_cohorts[site->service]; c++) {
            double share = listed_share(world, &site->cohorts, site->service, c);
            if (share <= 0 || site->attack.entity.is_given != attacks)
                continue;
            if (rows)
                rows[n] =
                    (FlowRow){.site = s, .service = site->service, .cohort = c, .share = share};
            n++;
        }
    }
    return n;
}

/* Fills rows when they are given, and counts them. */
static uint32_t
make_rows(const World *world, FlowRow *rows, FlowPlan *plan, uint32_t *zone_first)
{
    uint32_t n = make_site_rows(world, false, rows, 0);
    plan->n_people = n;
    n = make_site_rows(world, true, rows, n);
    plan->n_clients = n;
    for (uint32_t v = 0; v < world->n_services; v++) {
        const FrontSpec *front = &world_service(world, v)->front;
        if (zone_first)
            zone_first[v] = front->service == SIM_NONE ? SIM_NONE : n;
        if (front->service == SIM_NONE)
            continue;
        for (uint32_t c = 0; c < world->n_cohorts[front->service]; c++, n++)
            if (rows)
                rows[n] =
                    (FlowRow){.site = SIM_NONE,
                              .service = v,
                              .cohort = c,
                              .share = listed_share(world, &front->cohorts, front->service, c)};
    }
    return n;
}

static void *
settle(SimArena *arena, void *rows, uint32_t n, size_t size)
{
    void *kept = sim_arena_alloc(arena, n, size);
    if (n)
        memcpy(kept, rows, n * size);
    g_free(rows);
    return kept;
}

FlowPlan *
flow_plan_new(const World *world, SimArena *arena)
{
    FlowPlan *plan = SIM_ARENA_NEW(arena, FlowPlan, 1);
    plan->n_rows = make_rows(world, NULL, plan, NULL);
    plan->stride = (plan->n_rows + 3) & ~3u;
    plan->rows = SIM_ARENA_NEW(arena, FlowRow, plan->n_rows);
    plan->zone_first = SIM_ARENA_NEW(arena, uint32_t, world->n_services);
    make_rows(world, plan->rows, plan, plan->zone_first);
    plan->cpu = SIM_ARENA_NEW(arena, double, plan->stride);
    plan->arena = arena;
    bool *killed = SIM_ARENA_NEW(arena, bool, world->n_services);
    flow_plan_build(plan, world, killed, NULL);
    for (uint32_t r = 0; r < plan->n_rows; r++)
        walk_row(
            (Walk){.plan = plan, .world = world, .killed = killed, .row = r, .is_rehearsal = true});
    plan->units = settle(arena, plan->units, plan->n_units, sizeof(FlowUnit));
    plan->edges = settle(arena, plan->edges, plan->n_edges, sizeof(FlowEdge));
    plan->terms = settle(arena, plan->terms, plan->n_terms, sizeof(FlowTerm));
    plan->owned = settle(arena, plan->owned, plan->n_owned, sizeof(FlowOwned));
    plan->n_owned_max = plan->n_owned;
    plan->arena = NULL;
    return plan;
}

/* The first build has the most calls: switches only take some away. */
static void
list_calls(FlowPlan *plan)
{
    uint32_t n = 0;
    for (uint32_t e = 0; e < plan->n_edges; e++)
        for (uint32_t r = 0; r < plan->n_rows; r++)
            n += plan->edges[e].calls[r] > 0;
    if (!plan->calls)
        plan->calls = SIM_ARENA_NEW(plan->arena, FlowRowCall, n + 1);
    else
        SIM_ASSERT(n <= plan->n_calls_max);
    plan->n_calls_max = n > plan->n_calls_max ? n : plan->n_calls_max;
    plan->n_calls = 0;
    for (uint32_t e = 0; e < plan->n_edges; e++) {
        FlowEdge *edge = &plan->edges[e];
        edge->first_call = plan->n_calls;
        for (uint32_t r = 0; r < plan->n_rows; r++)
            if (edge->calls[r] > 0)
                plan->calls[plan->n_calls++] =
                    (FlowRowCall){.row = r, .per_request = edge->calls[r]};
        edge->n_calls = plan->n_calls - edge->first_call;
    }
    for (uint32_t i = 0; i < plan->n_terms; i++) {
        FlowTerm *term = &plan->terms[i];
        if (term->source != FLOW_EDGE)
            continue;
        const FlowEdge *edge = &plan->edges[term->index];
        term->has_all_calls = true;
        for (uint32_t k = edge->first_call; k < edge->first_call + edge->n_calls; k++)
            term->has_all_calls &= term->weight[plan->calls[k].row] > 0;
    }
    for (uint32_t i = 0; i < plan->n_owned; i++) {
        FlowOwned *owned = &plan->owned[i];
        owned->call = plan->edges[owned->edge].first_call;
        while (plan->calls[owned->call].row != owned->row)
            owned->call++;
    }
}

/* Units, edges and terms of an earlier build keep their indices, so that state keyed by them holds.
 */
void
flow_plan_build(FlowPlan *plan, const World *world, const bool *killed, const int *on_failure)
{
    size_t column = plan->stride * sizeof(double);
    memset(plan->cpu, 0, column);
    plan->n_owned = 0;
    for (uint32_t i = 0; i < plan->n_units; i++)
        memset(plan->units[i].calls, 0, column);
    for (uint32_t i = 0; i < plan->n_edges; i++) {
        memset(plan->edges[i].calls, 0, column);
        plan->edges[i].is_used = false;
    }
    for (uint32_t i = 0; i < plan->n_terms; i++)
        memset(plan->terms[i].weight, 0, column);
    for (uint32_t r = 0; r < plan->n_rows; r++)
        walk_row((Walk){
            .plan = plan, .world = world, .killed = killed, .on_failure = on_failure, .row = r});
    list_calls(plan);
}
