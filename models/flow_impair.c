#include "models/flow.h"

#include <math.h>

/*
 * The way of a call to an impaired service: some are lost (their callers wait
 * in vain), beyond the quota they are refused, hosts gone bad answer with an
 * error, the station serves the rest, and of those served some are answered
 * with an error.
 */
static double
turned_away(const Impairment *fault, double calls_per_s)
{
    double come = 1 - fault->lost;
    double rate = calls_per_s * come;
    if (fault->quota_per_s >= 0 && rate > fault->quota_per_s)
        come *= fault->quota_per_s / rate;
    return 1 - come * (1 - fault->bad_hosts);
}

void
flow_impair_arrive(FlowCore *core, double seconds)
{
    double calls = 0;
    core->turned = 0;
    if (!core->is_impaired)
        return;
    for (uint32_t i = 0; i < core->n_streams; i++)
        calls += core->arrivals[i];
    core->turned = turned_away(&core->impairment, calls / seconds);
    for (uint32_t i = 0; i < core->n_streams; i++)
        core->arrivals[i] *= 1 - core->turned;
}

bool
flow_impair_is_any_late(const Flow *flow, const FlowCore *core)
{
    if (core->impairment.delay >= flow->clients.timeout_min)
        return true;
    for (uint32_t i = 0; core->impairment.delay > 0 && i < core->n_streams; i++)
        if (core->impairment.delay >= core->patience[i])
            return true;
    return false;
}

double
flow_impair_delay(const Flow *flow, const FlowCore *core)
{
    const StationSpec *station = &world_service(flow->world, core->service)->station;
    const Impairment *fault = &core->impairment;
    return fault->delay + fmax(0, fault->slow - 1) * sim_seconds(station->service_time);
}

/* What the way takes is not there to wait for a server.  Nobody stops calling who is late in any
 * case; the station then serves him in vain, and he is counted where he waits. */
static void
set_timeouts(Flow *flow, FlowCore *core)
{
    static const double LEAST = 0.1; /* of the patience: steps follow the shortest time-out */
    for (uint32_t i = 0; i < core->n_streams; i++) {
        double patience = core->patience[i], left = patience - core->impairment.delay;
        flow->grant[i] = left <= 0 ? patience : fmax(left, LEAST * patience);
    }
    flow_station_retime(&core->station, sim_now(flow->world->sim), core->timeout, flow->grant,
                        core->given_up);
}

void
flow_impair_set(void *plane, uint32_t service, const Impairment *impairment)
{
    Flow *flow = plane;
    FlowCore *core = &flow->cores[flow->core_of[service]];
    const StationSpec *station = &world_service(flow->world, service)->station;
    SIM_ASSERT(flow->core_of[service] != SIM_NONE);
    bool is_none = impairment->errors <= 0 && impairment->bad_hosts <= 0 && impairment->lost <= 0 &&
                   impairment->delay <= 0 && impairment->slow == 1 && impairment->quota_per_s < 0;
    flow_advance_all(flow);
    core->impairment = *impairment;
    core->is_impaired = !is_none;
    core->impair_slot = is_none ? 0 : books_cause_slot(flow->books, impairment->cause);
    for (uint32_t i = 0; i < core->n_streams; i++)
        core->work[i] = sim_seconds(station->service_time) * impairment->slow;
    flow_station_reweigh(&core->station, core->work);
    set_timeouts(flow, core);
    flow->has_far_core = false;
    for (uint32_t i = 0; i < flow->n_cores; i++)
        flow->has_far_core |= flow_impair_delay(flow, &flow->cores[i]) > 0;
    flow->core_version++;
    flow->core_trouble++;
}
