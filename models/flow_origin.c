#include "models/flow.h"

#include <math.h>
#include <string.h>

/*
 * What becomes of a miss at its site's origin, in order: no answer (a fault), an
 * answer later than clients wait for it (a time-out, told at once), a refusal
 * beyond the origin's limit.
 */

void
flow_origin_attach(Flow *flow)
{
    uint32_t n = flow->world->n_sites;
    flow->origins = SIM_ARENA_NEW(flow->arena, FlowOrigin, n);
    flow->origin_lost = SIM_ARENA_NEW(flow->arena, double, flow->plan->stride);
    flow->origin_come = SIM_ARENA_NEW(flow->arena, double, flow->plan->stride);
    for (uint32_t s = 0; s < n; s++)
        flow->has_origin_limit |= world_site(flow->world, s)->origin.capacity_per_s > 0;
    flow->origin_weight =
        SIM_ARENA_NEW(flow->arena, double, FLOW_ORIGIN_TERMS *(size_t)flow->plan->stride);
}

/* Share of a site's misses that fail. */
static double
lost_of(const FlowOrigin *origin)
{
    if (origin->fault.errors <= 0 && !origin->is_late)
        return origin->refused;
    return origin->is_late ? 1 : 1 - (1 - origin->fault.errors) * (1 - origin->refused);
}

static void
find_rows(Flow *flow)
{
    flow->origin_trouble = 0;
    flow->has_origin_fault = false;
    for (uint32_t s = 0; s < flow->world->n_sites; s++) {
        FlowOrigin *origin = &flow->origins[s];
        origin->lost = lost_of(origin);
        flow->origin_trouble += origin->lost > 0;
        flow->has_origin_fault |= origin->fault.errors > 0 || origin->is_late;
    }
    for (uint32_t r = 0; r < flow->plan->n_clients; r++)
        flow->origin_lost[r] = flow->origins[flow->plan->rows[r].site].lost;
}

void
flow_origin_set(void *plane, uint32_t site, const OriginFault *fault)
{
    Flow *flow = plane;
    FlowOrigin *origin = &flow->origins[site];
    const SiteSpec *spec = world_site(flow->world, site);
    flow_advance_all(flow);
    origin->fault = *fault;
    origin->is_late = fault->delay > 0 && fault->delay + sim_seconds(spec->origin.latency) >=
                                              sim_seconds(spec->client.timeout);
    if (fault->errors > 0 || fault->delay > 0)
        origin->slot = books_cause_slot(flow->books, fault->cause);
    find_rows(flow);
    flow->core_trouble += flow->origin_trouble;
    flow_refresh_all(flow);
}

/* Origins with a limit refuse what is beyond it. */
void
flow_origin_advance(Flow *flow)
{
    for (uint32_t s = 0; flow->has_origin_limit && s < flow->world->n_sites; s++) {
        FlowOrigin *origin = &flow->origins[s];
        double capacity = world_site(flow->world, s)->origin.capacity_per_s;
        double rate = origin->misses * (1 - origin->fault.errors);
        if (capacity <= 0)
            continue;
        double failed = rate > capacity ? 1 - capacity / rate : 0;
        if (fabs(failed - origin->refused) > 1e-3 || (failed == 0) != (origin->refused == 0))
            flow->core_version++;
        origin->refused = failed;
    }
    find_rows(flow);
    flow->core_trouble += flow->origin_trouble;
}

/* [row] share of requests that end so, absolute: they are joined. */
static void
find_weights(FlowStep *step, double *errors, double *late, double *refused)
{
    const Flow *flow = step->flow;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        const FlowOrigin *origin = &flow->origins[flow->plan->rows[r].site];
        double miss = step->pop->miss[r], left = 1 - origin->fault.errors;
        errors[r] = miss * origin->fault.errors;
        late[r] = miss * left * origin->is_late;
        refused[r] = miss * left * !origin->is_late * origin->refused;
    }
}

void
flow_origin_terms(FlowStep *step)
{
    static const Outcome outcomes[FLOW_ORIGIN_TERMS] = {OUTCOME_522, OUTCOME_TIMEOUT, OUTCOME_503};
    Flow *flow = step->flow;
    if (flow->origin_trouble == 0)
        return;
    memcpy(flow->origin_come, flow->survive, step->n * sizeof(double));
    find_weights(step, flow_column(flow->origin_weight, step, 0),
                 flow_column(flow->origin_weight, step, 1),
                 flow_column(flow->origin_weight, step, 2));
    for (uint32_t i = flow->has_origin_fault ? 0 : 2; i < FLOW_ORIGIN_TERMS; i++) {
        SIM_ASSERT(step->n_active < flow->active_max);
        flow->active[step->n_active++] =
            (FlowActive){.weight = flow_column(flow->origin_weight, step, i),
                         .chance = 1,
                         .slot = flow->slot_origin + (i < 2),
                         .service = SIM_NONE,
                         .outcome = (uint8_t)outcomes[i],
                         .is_joined = flow->has_origin_fault && i > 0};
    }
}

/* Who comes to an origin that answers nobody has asked it all the same.  Misses are known as rates,
 * for steps of PoPs are of different lengths. */
void
flow_origin_book(const FlowStep *step)
{
    Flow *flow = step->flow;
    FlowPop *pop = step->pop;
    double *rate = flow->traffic.site_scratch;
    if (!flow->has_origin_fault && !flow->has_origin_limit)
        return;
    memset(rate, 0, flow->world->n_sites * sizeof(double));
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        double reached = 1 - pop->miss[r] * flow->origin_lost[r];
        double asked = flow->served[r] / (reached > 1e-9 ? reached : 1e-9);
        if (flow->has_origin_fault && flow->origin_lost[r] > 0) {
            double more = flow->attempts[r] * flow->origin_come[r] - asked;
            flow->books->asked[r] += more;
            flow->books->miss[r] += more * pop->miss[r];
            asked += more;
        }
        rate[flow->plan->rows[r].site] += asked * pop->miss[r] / step->seconds;
    }
    for (uint32_t s = 0; flow->has_origin_limit && s < flow->world->n_sites; s++) {
        flow->origins[s].misses += rate[s] - pop->misses[s];
        pop->misses[s] = rate[s];
    }
}
