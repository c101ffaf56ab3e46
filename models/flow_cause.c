#include "models/flow.h"

#include <math.h>
#include <string.h>

void
flow_cause_attach(Flow *flow)
{
    size_t stride = flow->plan->stride;
    flow->slot_core = BOOKS_CAUSES;
    flow->slot_overload = flow->slot_core + flow->n_cores;
    flow->slot_origin = flow->slot_overload + 1;
    flow->n_slots = flow->slot_origin + 2; /* and one for faults of origins */
    flow->cause_rows = SIM_ARENA_NEW(flow->arena, double, flow->n_slots *stride);
    flow->orbit_marks = SIM_ARENA_NEW(flow->arena, double, BOOKS_CAUSES *stride);
    flow->orbit_total = SIM_ARENA_NEW(flow->arena, double, stride);
    flow->orbit_in = SIM_ARENA_NEW(flow->arena, double, stride);
    flow->orbit_out = SIM_ARENA_NEW(flow->arena, double, stride);
}

/* The causes for which a row's waiting people wait, as shares; slot 0 when nobody does. */
static void
add_marks(const Flow *flow, uint32_t row, double amount, double *into)
{
    size_t stride = flow->plan->stride;
    double sum = 0;
    for (uint32_t c = 0; c < flow->books->n_causes; c++)
        sum += flow->orbit_marks[c * stride + row];
    if (sum < 1e-6) {
        into[0] += amount;
        return;
    }
    for (uint32_t c = 0; c < flow->books->n_causes; c++)
        into[c] += amount * flow->orbit_marks[c * stride + row] / sum;
}

/* Why a call of a central service failed: the front at its PoP, or the service called. */
void
flow_cause_of_call(Flow *flow, const FlowCore *core, const NeedSpec *need, double amount,
                   double *into)
{
    uint32_t service = need->service;
    uint32_t target = flow->core_of[service], first = flow->plan->zone_first[service];
    const FlowPop *pop = &flow->pops[core->pop];
    if (target != SIM_NONE && flow_impair_is_late(&flow->cores[target], need->timeout)) {
        into[flow->cores[target].impair_slot] += amount;
        return;
    }
    if (target != SIM_NONE && flow->cores[target].failed > 0) {
        for (uint32_t c = 0; c < BOOKS_CAUSES; c++)
            into[c] += amount * flow->cores[target].causes[c];
        return;
    }
    uint32_t slot = first == SIM_NONE ? 0 : pop->zone_slot[first - flow->plan->n_clients];
    into[slot < BOOKS_CAUSES ? slot : 0] += amount;
}

/*
 * An overload belongs to what took capacity away or to a surge, while it lasts
 * or work of its time waits; without that, to the excess: the calls of people
 * who came back, by what made them wait.
 */
void
flow_cause_of_overload(Flow *flow, const FlowCore *core, double amount, double *into)
{
    if (core->backlog_slot) {
        into[core->backlog_slot] += amount;
        return;
    }
    double marks[BOOKS_CAUSES] = {0}, sum = 0;
    for (uint32_t e = 0; e < flow->plan->n_edges; e++) {
        const FlowEdge *edge = &flow->plan->edges[e];
        if (edge->service != core->service)
            continue;
        for (uint32_t r = 0; r < flow->plan->n_clients; r++)
            if (edge->calls[r] > 0 && flow->orbit_out[r] > 0)
                add_marks(flow, r, edge->calls[r] * flow->orbit_out[r], marks);
    }
    for (uint32_t c = 1; c < BOOKS_CAUSES; c++)
        sum += marks[c];
    if (sum <= 0) {
        into[0] += amount;
        return;
    }
    for (uint32_t c = 1; c < BOOKS_CAUSES; c++)
        into[c] += amount * marks[c] / sum;
}

/* One row's failures of the tick by cause, pseudo-slots resolved; returns their sum. */
static double
resolve_row(Flow *flow, uint32_t row, double *ret)
{
    size_t stride = flow->plan->stride;
    double sum = 0;
    for (uint32_t c = 0; c < BOOKS_CAUSES; c++)
        ret[c] = c < flow->books->n_causes ? flow->cause_rows[c * stride + row] : 0;
    for (uint32_t k = 0; k < flow->n_cores; k++) {
        double amount = flow->cause_rows[(flow->slot_core + k) * stride + row];
        for (uint32_t c = 0; amount > 0 && c < BOOKS_CAUSES; c++)
            ret[c] += amount * flow->cores[k].causes[c];
    }
    double overload = flow->cause_rows[flow->slot_overload * stride + row];
    if (overload > 0)
        add_marks(flow, row, overload, ret);
    ret[flow->cache_slot[flow->plan->rows[row].site]] +=
        flow->cause_rows[flow->slot_origin * stride + row];
    ret[flow->origins[flow->plan->rows[row].site].slot] +=
        flow->cause_rows[(flow->slot_origin + 1) * stride + row];
    for (uint32_t c = 0; c < BOOKS_CAUSES; c++)
        sum += ret[c];
    return sum;
}

static void
move_marks(Flow *flow, uint32_t row, const double *causes, double sum)
{
    size_t stride = flow->plan->stride;
    double before = flow->orbit_total[row], in = flow->orbit_in[row];
    double kept = before > 0 ? fmax(0, 1 - flow->orbit_out[row] / before) : 0;
    for (uint32_t c = 0; c < BOOKS_CAUSES; c++) {
        double *mark = &flow->orbit_marks[c * stride + row];
        *mark *= kept;
        if (sum > 0)
            *mark += in * causes[c] / sum;
        else if (c == 0)
            *mark += in;
    }
    flow->orbit_total[row] = fmax(0, before - flow->orbit_out[row]) + in;
}

void
flow_cause_share_out(Flow *flow)
{
    size_t stride = flow->plan->stride;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++) {
        double causes[BOOKS_CAUSES];
        double sum = resolve_row(flow, r, causes);
        move_marks(flow, r, causes, sum);
        for (uint32_t c = 0; sum > 0 && c < BOOKS_CAUSES; c++) {
            flow->books->cause_sum[c] += causes[c];
            flow->books->cause_total[c] += causes[c];
        }
    }
    memset(flow->cause_rows, 0, flow->n_slots * stride * sizeof(double));
    memset(flow->orbit_in, 0, stride * sizeof(double));
    memset(flow->orbit_out, 0, stride * sizeof(double));
}
