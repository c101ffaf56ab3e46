#include "models/flow_clients.h"

#include "models/traffic.h"

#include <math.h>
#include <string.h>

static double *
column(SimArena *arena, const FlowClients *clients, uint32_t n)
{
    return SIM_ARENA_NEW(arena, double, (size_t)clients->stride *n);
}

static void
fill_client(FlowClients *clients, uint32_t r, const ClientSpec *spec, SimTime at_once_most)
{
    for (uint32_t k = 0; k < clients->levels; k++) {
        clients->can_retry[k * clients->stride + r] = k < (uint32_t)spec->retries;
        clients->timeout[k * clients->stride + r] = sim_seconds(spec->timeout);
    }
    clients->at_once[r] = spec->backoff <= at_once_most;
    clients->persistence[r] = spec->persistence;
    clients->reload[r] = sim_seconds(spec->reload);
    clients->budget[r] = spec->budget;
    clients->budget_min[r] = spec->budget_min_per_s;
    clients->backoff[r] = sim_seconds(spec->backoff);
    clients->growth[r] = spec->growth;
    clients->jitter[r] = spec->jitter;
    clients->timeout_min = fmin(clients->timeout_min, sim_seconds(spec->timeout));
    clients->timeout_max = fmax(clients->timeout_max, sim_seconds(spec->timeout));
    if (spec->persistence > 0)
        clients->reload_min = fmin(clients->reload_min, sim_seconds(spec->reload));
}

/* Calls through a front: their callers' time-out is the least of the edges to that service. */
static void
fill_zone(FlowClients *clients, uint32_t r, const FlowPlan *plan)
{
    double timeout = 10;
    for (uint32_t e = 0; e < plan->n_edges; e++)
        if (plan->edges[e].service == plan->rows[r].service)
            timeout = fmin(timeout, sim_seconds(plan->edges[e].timeout));
    for (uint32_t k = 0; k < clients->levels; k++)
        clients->timeout[k * clients->stride + r] = timeout;
    clients->reload[r] = 1;
    clients->at_once[r] = 1;
    clients->timeout_min = fmin(clients->timeout_min, timeout);
}

static SimTime
delay_slot(const FlowClients *clients)
{
    double longest = 0;
    for (uint32_t r = 0; r < clients->n_clients; r++) {
        double wait = clients->backoff[r];
        for (uint32_t k = 0; k + 1 < clients->levels; k++, wait *= clients->growth[r])
            if (clients->can_retry[k * clients->stride + r] > 0)
                longest = fmax(longest, wait);
    }
    SimTime slot = sim_from_seconds(longest / (FLOW_DELAY_SLOTS / 2));
    return slot > 0 ? slot : 1;
}

void
flow_clients_init(FlowClients *clients, const World *world, const FlowPlan *plan, SimArena *arena)
{
    *clients = (FlowClients){.stride = plan->stride,
                             .n_clients = plan->n_clients,
                             .levels = 1,
                             .reload_min = 1e9,
                             .timeout_min = 1e9};
    for (uint32_t r = 0; r < plan->n_clients; r++) {
        const SiteSpec *site = world_site(world, plan->rows[r].site);
        uint32_t levels = (uint32_t)traffic_client(site).retries + 1;
        clients->levels = levels > clients->levels ? levels : clients->levels;
    }
    clients->can_retry = column(arena, clients, clients->levels);
    clients->timeout = column(arena, clients, clients->levels);
    clients->at_once = column(arena, clients, 1);
    clients->persistence = column(arena, clients, 1);
    clients->reload = column(arena, clients, 1);
    clients->budget = column(arena, clients, 1);
    clients->budget_min = column(arena, clients, 1);
    clients->backoff = column(arena, clients, 1);
    clients->growth = column(arena, clients, 1);
    clients->jitter = column(arena, clients, 1);
    for (uint32_t i = 0; i < clients->stride * clients->levels; i++)
        clients->timeout[i] = 1e9;
    for (uint32_t r = 0; r < clients->stride; r++)
        clients->reload[r] = 1;
    SimTime at_once_most = world->spec->clock.tick / 2;
    for (uint32_t r = 0; r < plan->n_clients; r++) {
        const ClientSpec spec = traffic_client(world_site(world, plan->rows[r].site));
        fill_client(clients, r, &spec, at_once_most);
        clients->has_delays |= spec.retries > 0 && spec.backoff > at_once_most;
    }
    for (uint32_t r = plan->n_clients; r < plan->n_rows; r++)
        fill_zone(clients, r, plan);
    clients->slot = delay_slot(clients);
    clients->slot_wait = sim_from_seconds(clients->timeout_max / (FLOW_DELAY_SLOTS / 2));
}

static double *
slot_row(const FlowDelays *delays, const FlowClients *clients, uint32_t level, int64_t slot)
{
    size_t index = (size_t)level * FLOW_DELAY_SLOTS + (size_t)(slot % FLOW_DELAY_SLOTS);
    return delays->slots + index * clients->stride;
}

/* Spreads one row's amount evenly over begin .. end. */
static void
spread(FlowDelays *delays, const FlowClients *clients, uint32_t level, uint32_t row, double amount,
       SimTime begin, SimTime end)
{
    int64_t first = begin / delays->slot, last = (end - 1) / delays->slot;
    if (last > first + FLOW_DELAY_SLOTS - 2)
        last = first + FLOW_DELAY_SLOTS - 2;
    double rate = amount / sim_seconds(end - begin);
    for (int64_t s = first; s <= last; s++) {
        SimTime lo = s == first ? begin : s * delays->slot;
        SimTime hi = s == last ? end : (s + 1) * delays->slot;
        slot_row(delays, clients, level, s)[row] += rate * sim_seconds(hi - lo);
    }
    delays->pending += amount;
}

static void
make_slots(FlowDelays *delays, const FlowClients *clients, SimArena *arena, SimTime slot)
{
    if (delays->slots)
        return;
    size_t n = (size_t)clients->levels * FLOW_DELAY_SLOTS * clients->stride;
    delays->slots = SIM_ARENA_NEW(arena, double, n);
    delays->slot = slot;
}

void
flow_delays_put(FlowDelays *delays, const FlowClients *clients, SimArena *arena, uint32_t level,
                SimTime from, SimTime to, const double *amounts)
{
    make_slots(delays, clients, arena, clients->slot);
    for (uint32_t r = 0; r < clients->n_clients; r++) {
        if (amounts[r] <= 0)
            continue;
        double wait = clients->backoff[r];
        for (uint32_t k = 0; k < level; k++)
            wait *= clients->growth[r];
        SimTime delay = sim_from_seconds(wait);
        SimTime begin = clients->jitter[r] > 0 ? from : from + delay;
        /* What would be due before `to` comes right after it. */
        begin = begin < to ? to : begin;
        SimTime end = to + delay > begin ? to + delay : begin + 1;
        spread(delays, clients, level + 1, r, amounts[r], begin, end);
    }
}

void
flow_delays_put_wait(FlowDelays *delays, const FlowClients *clients, SimArena *arena,
                     uint32_t level, SimTime from, SimTime to, const double *amounts)
{
    const double *timeout = clients->timeout + (size_t)level * clients->stride;
    make_slots(delays, clients, arena, clients->slot_wait);
    for (uint32_t r = 0; r < clients->n_clients; r++) {
        SimTime wait = sim_from_seconds(timeout[r]);
        SimTime begin = from + wait < to ? to : from + wait;
        SimTime end = to + wait > begin ? to + wait : begin + 1;
        if (amounts[r] > 0)
            spread(delays, clients, level, r, amounts[r], begin, end);
    }
}

void
flow_delays_take(FlowDelays *delays, const FlowClients *clients, SimTime from, SimTime to,
                 double *ret)
{
    if (!delays->slots || delays->pending <= 0)
        return;
    int64_t first = from / delays->slot, last = (to - 1) / delays->slot;
    double taken = 0;
    /* Nothing lies further ahead than the ring is long. */
    for (int64_t s = first; s <= last && s < first + FLOW_DELAY_SLOTS; s++) {
        SimTime begin = s == first ? from : s * delays->slot;
        SimTime edge = (s + 1) * delays->slot;
        SimTime end = edge < to ? edge : to;
        double part = sim_seconds(end - begin) / sim_seconds(edge - begin);
        for (uint32_t k = 0; k < clients->levels; k++) {
            double *row = slot_row(delays, clients, k, s);
            double *into = ret + (size_t)k * clients->stride;
            for (uint32_t r = 0; r < clients->stride; r++) {
                double amount = row[r] * part;
                into[r] += amount;
                row[r] -= amount;
                taken += amount;
            }
        }
    }
    delays->pending = fmax(0, delays->pending - taken);
}
