#include "models/flow.h"

static const SimTime DEMAND_AHEAD = SIM_MINUTE / 2;

void
flow_catchment_attach(Flow *flow)
{
    size_t stride = flow->plan->stride;
    flow->nowhere.demand = SIM_ARENA_NEW(flow->arena, double, stride);
    flow->nowhere.orbit = SIM_ARENA_NEW(flow->arena, double, stride);
}

static double
sum_of(const double *rows, uint32_t n)
{
    double sum = 0;
    for (uint32_t r = 0; r < n; r++)
        sum += rows[r];
    return sum;
}

void
flow_catchment_demand_set(Flow *flow, SimTime at)
{
    FlowNowhere *nowhere = &flow->nowhere;
    uint32_t n = flow->plan->n_clients;
    traffic_demand_read(&flow->traffic, SIM_NONE, at, nowhere->demand);
    nowhere->has_users = sum_of(nowhere->demand, n) > 0 || sum_of(nowhere->orbit, n) > 0;
}

void
flow_catchment_advance(Flow *flow, SimTime to)
{
    FlowNowhere *nowhere = &flow->nowhere;
    double seconds = sim_seconds(to - nowhere->at), failed = 0;
    double *cause = flow->cause_rows + (size_t)nowhere->slot * flow->plan->stride;
    nowhere->at = to;
    for (uint32_t r = 0; nowhere->has_users && r < flow->plan->n_clients; r++) {
        double fresh =
            nowhere->demand[r] * flow->traffic.share_now[r] * flow->traffic.factor[r] * seconds;
        double again = nowhere->orbit[r] * seconds / (flow->clients.reload[r] + seconds);
        double all = fresh + again, stay = all * flow->clients.persistence[r];
        nowhere->orbit[r] += stay - again;
        flow->books->fresh[r] += fresh;
        flow->books->reloads[r] += again;
        flow->books->offered[r] += all;
        flow->books->failed[r] += all;
        flow->orbit_out[r] += again;
        flow->orbit_in[r] += stay;
        flow->entered += fresh;
        flow->left += all - stay;
        cause[r] += r < flow->plan->n_people ? all : 0;
        failed += r < flow->plan->n_people ? all : 0;
    }
    flow->books->outcome_sum[OUTCOME_TIMEOUT] += failed;
}

/* Brings a place up to now. */
static void
advance(Flow *flow, uint32_t pop, SimTime now)
{
    if (pop == SIM_NONE)
        flow_catchment_advance(flow, now);
    else
        flow_pop_advance(flow, pop, now);
}

static void
refresh(Flow *flow, uint32_t pop, SimTime now)
{
    if (pop == SIM_NONE) {
        flow_catchment_demand_set(flow, now + DEMAND_AHEAD);
        return;
    }
    traffic_demand_read(&flow->traffic, pop, now + DEMAND_AHEAD, flow->pops[pop].demand);
    flow_pop_refresh(flow, pop);
}

/* A PoP has guests while users reach it who did not at the start. */
static void
count_guests(Flow *flow, uint32_t pop, int64_t change, uint32_t cause)
{
    if (pop == SIM_NONE || change == 0)
        return;
    FlowPop *host = &flow->pops[pop];
    host->n_guests += change;
    if (change > 0)
        host->guest_slot = books_cause_slot(flow->books, cause);
    else if (host->n_guests == 0)
        host->guest_slot = 0;
}

/* Those who wait move with the fresh demand, as much of them as of it. */
static void
move_people(Flow *flow, uint32_t from, uint32_t to, const double *demand_before)
{
    double *leave = from == SIM_NONE ? flow->nowhere.orbit : flow->pops[from].orbit;
    double *join = to == SIM_NONE ? flow->nowhere.orbit : flow->pops[to].orbit;
    const double *after = from == SIM_NONE ? flow->nowhere.demand : flow->pops[from].demand;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        double share = demand_before[r] > 0 ? 1 - after[r] / demand_before[r] : 0;
        double people = leave[r] * CLAMP(share, 0, 1);
        leave[r] -= people;
        join[r] += people;
        if (to == SIM_NONE)
            flow->nowhere.has_users = true;
        else
            flow->pops[to].has_orbit |= people > 0;
    }
}

void
flow_catchment_moved(void *plane, uint32_t group, const CatchmentMove *move)
{
    Flow *flow = plane;
    SimTime now = sim_now(flow->world->sim);
    uint32_t from = move->from, to = move->to;
    advance(flow, from, now);
    advance(flow, to, now);
    /* The same moment before and after, or the hour would move people too. */
    traffic_demand_read(&flow->traffic, from, now + DEMAND_AHEAD, flow->attempts);
    demand_move(flow->traffic.demand, group, move->metro, from, to, move->parts);
    count_guests(flow, from, -(int64_t)move->guests_out, move->cause);
    count_guests(flow, to, move->guests_in, move->cause);
    if (to == SIM_NONE)
        flow->nowhere.slot = books_cause_slot(flow->books, move->cause);
    refresh(flow, from, now);
    refresh(flow, to, now);
    move_people(flow, from, to, flow->attempts);
}
