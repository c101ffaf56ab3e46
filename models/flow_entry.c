#include "models/flow.h"

#include <math.h>
#include <string.h>

/*
 * Attempts that end before they reach a PoP are taken out of a step before its
 * CPU, calls and caches: only the client's side of the books knows of them.
 */

static FlowGate
gate_of(uint8_t outcome)
{
    SIM_ASSERT(outcome == OUTCOME_SERVFAIL || outcome == OUTCOME_TIMEOUT || outcome == OUTCOME_TLS);
    return outcome == OUTCOME_SERVFAIL  ? FLOW_GATE_NAME
           : outcome == OUTCOME_TIMEOUT ? FLOW_GATE_WAY
                                        : FLOW_GATE_TLS;
}

static const uint8_t outcome_of[FLOW_GATES] = {
    [FLOW_GATE_NAME] = OUTCOME_SERVFAIL,
    [FLOW_GATE_WAY] = OUTCOME_TIMEOUT,
    [FLOW_GATE_TLS] = OUTCOME_TLS,
};

static double *
turned_at(const FlowStep *step, FlowGate gate, uint32_t level)
{
    return step->flow->turned + ((size_t)gate * step->levels + level) * step->n;
}

/* setting ----------------------------------------------------------------------------------- */

static void
make_columns(Flow *flow, FlowEntry *entry)
{
    uint32_t n = flow->plan->stride, sites = flow->world->n_sites;
    size_t all = (size_t)flow->clients.levels * n;
    if (!flow->turned) {
        flow->turned = SIM_ARENA_NEW(flow->arena, double, FLOW_GATES *all);
        flow->in_vain = SIM_ARENA_NEW(flow->arena, double, all);
    }
    if (entry->share)
        return;
    entry->faults = SIM_ARENA_NEW(flow->arena, EntryFault, FLOW_GATES * sites);
    entry->share = SIM_ARENA_NEW(flow->arena, double, FLOW_GATES *n);
    entry->slot = SIM_ARENA_NEW(flow->arena, uint32_t, FLOW_GATES * n);
    entry->delay = SIM_ARENA_NEW(flow->arena, double, n);
}

/* The shares of one row's attempts; who would be delayed beyond his time-out is lost on the way. */
static void
find_row(Flow *flow, FlowEntry *entry, uint32_t row)
{
    uint32_t site = flow->plan->rows[row].site, sites = flow->world->n_sites;
    const EntryFault *slowest = &entry->faults[site];
    double left = 1, share[FLOW_GATES];
    entry->delay[row] = 0;
    for (uint32_t g = 0; g < FLOW_GATES; g++) {
        const EntryFault *fault = &entry->faults[g * sites + site];
        share[g] = fault->share;
        entry->delay[row] += fault->delay;
        slowest = fault->delay > slowest->delay ? fault : slowest;
        if (fault->share > 0)
            entry->slot[g * flow->plan->stride + row] = books_cause_slot(flow->books, fault->cause);
    }
    if (entry->delay[row] >= flow->clients.timeout[row]) {
        share[FLOW_GATE_WAY] = 1;
        entry->slot[FLOW_GATE_WAY * flow->plan->stride + row] =
            books_cause_slot(flow->books, slowest->cause);
    }
    for (uint32_t g = 0; g < FLOW_GATES; g++) {
        entry->share[g * flow->plan->stride + row] = left * share[g];
        left -= left * share[g];
    }
    entry->is_set |= left < 1;
    entry->has_delay |= entry->delay[row] > 0;
}

static void
set_at(Flow *flow, uint32_t pop, uint32_t site, const EntryFault *fault)
{
    FlowEntry *entry = &flow->pops[pop].entry;
    uint32_t sites = flow->world->n_sites;
    flow_pop_advance(flow, pop, sim_now(flow->world->sim));
    make_columns(flow, entry);
    for (uint32_t s = 0; s < sites; s++)
        if (site == SIM_NONE || s == site)
            entry->faults[gate_of(fault->outcome) * sites + s] = *fault;
    entry->is_set = entry->has_delay = false;
    for (uint32_t r = 0; r < flow->plan->n_clients; r++)
        find_row(flow, entry, r);
    flow_pop_refresh(flow, pop);
}

void
flow_entry_set(void *plane, uint32_t site, uint32_t pop, const EntryFault *fault)
{
    Flow *flow = plane;
    for (uint32_t p = 0; p < flow->n_pops; p++)
        if (pop == SIM_NONE || p == pop)
            set_at(flow, p, site, fault);
}

bool
flow_entry_is_busy(const FlowPop *pop)
{
    return pop->entry.is_set || pop->entry.lost.pending > FLOW_CALM;
}

/* in a step --------------------------------------------------------------------------------- */

void
flow_entry_take(const FlowStep *step)
{
    Flow *flow = step->flow;
    memset(flow->in_vain, 0, (size_t)step->levels * step->n * sizeof(double));
    flow_delays_take(&step->pop->entry.lost, &flow->clients, step->from, step->to, flow->in_vain);
}

void
flow_entry_divert(const FlowStep *step, uint32_t level, double *attempts)
{
    for (uint32_t r = 0; r < step->n; r++) {
        double all = attempts[r];
        for (uint32_t g = 0; g < FLOW_GATES; g++) {
            double part = all * step->pop->entry.share[g * step->n + r];
            turned_at(step, (FlowGate)g, level)[r] = part;
            attempts[r] -= part;
        }
        attempts[r] = fmax(0, attempts[r]);
    }
}

void
flow_entry_failed(const FlowStep *step, uint32_t level, double *into)
{
    const double *name = turned_at(step, FLOW_GATE_NAME, level);
    const double *tls = turned_at(step, FLOW_GATE_TLS, level);
    const double *in_vain = step->flow->in_vain + (size_t)level * step->n;
    for (uint32_t r = 0; r < step->n; r++)
        into[r] += name[r] + tls[r] + in_vain[r];
}

/* Attempts known to have failed, by the cause of their gate. */
static void
book_failed(const FlowStep *step, FlowGate gate, const double *failed)
{
    Flow *flow = step->flow;
    const uint32_t *slot = step->pop->entry.slot + (size_t)gate * step->n;
    double sum = 0;
    for (uint32_t r = 0; r < flow->clients.n_clients; r++) {
        bool is_person = r < flow->plan->n_people;
        flow->cause_rows[(size_t)slot[r] * step->n + r] += is_person ? failed[r] : 0;
        flow->books->failed[r] += failed[r];
        sum += is_person ? failed[r] : 0;
    }
    flow->books->outcome_sum[outcome_of[gate]] += sum;
    step->pop->counts.failed += sum;
}

static void
book_offered(const FlowStep *step, uint32_t level, const double *turned)
{
    Flow *flow = step->flow;
    double sum = 0;
    for (uint32_t r = 0; r < flow->clients.n_clients; r++) {
        flow->books->offered[r] += turned[r];
        flow->books->retries[r] += level > 0 ? turned[r] : 0;
        sum += r < flow->plan->n_people ? turned[r] : 0;
    }
    step->pop->counts.offered += sum;
}

void
flow_entry_book(const FlowStep *step)
{
    Flow *flow = step->flow;
    FlowEntry *entry = &step->pop->entry;
    for (uint32_t k = 0; k < step->levels; k++) {
        for (uint32_t g = 0; g < FLOW_GATES; g++) {
            const double *turned = turned_at(step, (FlowGate)g, k);
            book_offered(step, k, turned);
            if (g != FLOW_GATE_WAY)
                book_failed(step, (FlowGate)g, turned);
        }
        book_failed(step, FLOW_GATE_WAY, flow->in_vain + (size_t)k * step->n);
        flow_delays_put_wait(&entry->lost, &flow->clients, flow->arena, k, step->from, step->to,
                             turned_at(step, FLOW_GATE_WAY, k));
    }
}
