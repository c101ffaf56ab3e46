#include "models/request.h"

#include <math.h>

void
request_fault_attach(RequestPlane *plane)
{
    const World *world = plane->world;
    plane->origins = SIM_ARENA_NEW(plane->arena, RequestOrigin, world->n_sites);
    plane->has_origin_fault = SIM_ARENA_NEW(plane->arena, bool, world->n_sites);
    plane->on_failure = SIM_ARENA_NEW(plane->arena, int8_t, world->n_services);
    for (uint32_t v = 0; v < world->n_services; v++)
        plane->on_failure[v] = NEED_AS_WRITTEN;
    plane->central_key = sim_stream(world->sim, "request/central").key;
}

/* central services -------------------------------------------------------------------------- */

static bool
is_normal(const Impairment *fault)
{
    return fault->errors <= 0 && fault->bad_hosts <= 0 && fault->lost <= 0 && fault->delay <= 0 &&
           fault->slow == 1 && fault->quota_per_s < 0;
}

/* Calls that wait start at the new pace; those in service end as they began. */
void
request_impair_set(void *state, uint32_t service, const Impairment *impairment)
{
    RequestPlane *plane = state;
    request_advance_to_now(plane);
    SIM_ASSERT(plane->core_of[service] != SIM_NONE);
    RequestCore *core = &plane->cores[plane->core_of[service]];
    const StationSpec *station = &world_service(plane->world, service)->station;
    bool had_quota = core->is_impaired && core->fault.quota_per_s >= 0;
    core->fault = *impairment;
    core->is_impaired = !is_normal(impairment);
    core->fault_slot = (uint8_t)books_cause_slot(plane->books, impairment->cause);
    core->seconds = sim_seconds(station->service_time) * impairment->slow;
    core->delay = sim_from_seconds(impairment->delay);
    if (!had_quota) {
        core->quota_tokens = 1;
        core->quota_at = plane->at;
    }
}

uint64_t
request_fault_fate(const RequestPlane *plane, const RequestCall *call)
{
    uint64_t key = call->pop == SIM_NONE ? plane->central_key : plane->pops[call->pop].key;
    SimRng rng = {.key = key, .counter = call->number * DRAWS + call->fate};
    return sim_rng_u64(&rng);
}

/* Earned evenly; what a second does not use is lost, so that the rate holds from the start. */
static bool
is_beyond_quota(const RequestPlane *plane, RequestCore *core, SimTime now)
{
    if (core->fault.quota_per_s < 0)
        return false;
    double rate = core->fault.quota_per_s * plane->service_share[core->service];
    core->quota_tokens =
        fmin(fmax(1, rate), core->quota_tokens + rate * sim_seconds(now - core->quota_at));
    core->quota_at = now;
    if (core->quota_tokens < 1)
        return true;
    core->quota_tokens--;
    return false;
}

/* Where among the hosts, all of them being one, the call goes. */
static double
host_of(const RequestPlane *plane, const RequestCall *call)
{
    double place = request_fate_part(request_fault_fate(plane, call), REQUEST_FATE_HOST);
    const RequestCore *core = &plane->cores[call->core];
    const StationSpec *station = &world_service(plane->world, core->service)->station;
    return call->host ? (call->host - 1 + place) / outlier_hosts(station->hosts) : place;
}

bool
request_fault_stops(RequestPlane *plane, uint32_t index, SimTime now)
{
    RequestCall *call = &plane->calls[index];
    RequestCore *core = &plane->cores[call->core];
    Outcome outcome = OUTCOME_OK;
    if (is_beyond_quota(plane, core, now))
        outcome = OUTCOME_503;
    else if (core->fault.bad_hosts > 0 && host_of(plane, call) < core->fault.bad_hosts)
        outcome = (Outcome)world_service(plane->world, core->service)->outcome;
    if (outcome == OUTCOME_OK)
        return false;
    call->is_turned_away = true;
    HOP_AT_CORE(plane, call, .kind = HOP_CENTRAL, .from = now, .to = now, .service = core->service,
                .outcome = outcome, .cause = core->fault_slot);
    request_core_answer(plane, index, outcome, core->fault_slot, now);
    return true;
}

void
request_need_set(void *state, uint32_t service, int on_failure, uint32_t cause)
{
    RequestPlane *plane = state;
    (void)cause;
    request_advance_to_now(plane);
    plane->on_failure[service] = (int8_t)on_failure;
    request_plan_actions_set(plane);
}

/* ways to PoPs ------------------------------------------------------------------------------ */

static RequestEntryKind
kind_of(Outcome outcome)
{
    return outcome == OUTCOME_SERVFAIL ? REQUEST_ENTRY_DNS
           : outcome == OUTCOME_TLS    ? REQUEST_ENTRY_TLS
                                       : REQUEST_ENTRY_LOST;
}

static const uint8_t entry_outcomes[REQUEST_ENTRY_KINDS] = {[REQUEST_ENTRY_DNS] = OUTCOME_SERVFAIL,
                                                            [REQUEST_ENTRY_LOST] = OUTCOME_TIMEOUT,
                                                            [REQUEST_ENTRY_TLS] = OUTCOME_TLS};

static void
find_entry(const RequestPlane *plane, RequestPop *pop)
{
    pop->has_entry = false;
    for (uint32_t s = 0; s < plane->world->n_sites; s++)
        for (int k = 0; k < REQUEST_ENTRY_KINDS; k++)
            pop->has_entry |= pop->entry[s].share[k] > 0 || pop->entry[s].delay[k] > 0;
}

static void
entry_set_at(RequestPlane *plane, RequestPop *pop, uint32_t site, const EntryFault *fault)
{
    RequestEntryKind kind = kind_of((Outcome)fault->outcome);
    if (!pop->entry)
        pop->entry = SIM_ARENA_NEW(plane->arena, RequestEntry, plane->world->n_sites);
    for (uint32_t s = 0; s < plane->world->n_sites; s++) {
        if (site != SIM_NONE && s != site)
            continue;
        RequestEntry *entry = &pop->entry[s];
        entry->share[kind] = fault->share;
        entry->delay[kind] = sim_from_seconds(fault->delay);
        entry->slot[kind] = (uint8_t)books_cause_slot(plane->books, fault->cause);
    }
    find_entry(plane, pop);
}

void
request_entry_set(void *state, uint32_t site, uint32_t pop, const EntryFault *fault)
{
    RequestPlane *plane = state;
    request_advance_to_now(plane);
    for (uint32_t p = 0; p < plane->n_kept; p++)
        if (pop == SIM_NONE || plane->pops[p].index == pop)
            entry_set_at(plane, &plane->pops[p], site, fault);
}

SimTime
request_entry_delay(const RequestPlane *plane, const RequestPop *pop, uint32_t row)
{
    const RequestEntry *entry = &pop->entry[plane->rows[row].site];
    SimTime delay = 0;
    for (int k = 0; k < REQUEST_ENTRY_KINDS; k++)
        delay += entry->delay[k];
    return delay;
}

static uint8_t
slot_of_delay(const RequestEntry *entry)
{
    int most = 0;
    for (int k = 1; k < REQUEST_ENTRY_KINDS; k++)
        most = entry->delay[k] > entry->delay[most] ? k : most;
    return entry->slot[most];
}

void
request_entry_judge(const RequestPlane *plane, const RequestPop *pop, RequestWish *wish)
{
    const RequestRow *row = &plane->rows[wish->row];
    const RequestEntry *entry = &pop->entry[row->site];
    SimRng rng = request_draws(pop, wish->number, DRAW_ENTRY + wish->level);
    uint64_t fate = sim_rng_u64(&rng);
    for (int k = 0; k < REQUEST_ENTRY_KINDS && wish->entry == OUTCOME_OK; k++)
        if (request_fate_part(fate, (RequestFate)k) < entry->share[k]) {
            wish->entry = entry_outcomes[k];
            wish->slot = entry->slot[k];
        }
    if (wish->entry == OUTCOME_OK &&
        request_entry_delay(plane, pop, wish->row) > plane->timeouts[row->clock]) {
        wish->entry = OUTCOME_TIMEOUT;
        wish->slot = slot_of_delay(entry);
    }
}

/* origins ----------------------------------------------------------------------------------- */

void
request_origin_set(void *state, uint32_t site, const OriginFault *fault)
{
    RequestPlane *plane = state;
    request_advance_to_now(plane);
    RequestOrigin *origin = &plane->origins[site];
    origin->errors = fault->errors;
    origin->delay = sim_from_seconds(fault->delay);
    origin->slot = (uint8_t)books_cause_slot(plane->books, fault->cause);
    plane->has_origin_fault[site] = fault->errors > 0 || fault->delay > 0;
    for (uint32_t i = 0; i < plane->n_cores; i++)
        if (plane->cores[i].service == SIM_NONE && plane->cores[i].site == site)
            plane->cores[i].delay = origin->delay;
}
