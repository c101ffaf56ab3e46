#include "models/request.h"

const char *const request_hop_names[HOP_KINDS + 1] = {
    "arrived", "admitted", "queued", "served", "called", "central", "answered",
    "cache",   "origin",   "retry",  "waits",  "gone",   "ended",   NULL};

/* Numbers are given in turn at each PoP, to calls that central services make and to direct calls;
 * of all of them they are apart by the place. */
static uint64_t
public_number(const RequestPlane *plane, uint32_t place, uint64_t number)
{
    return number ? (number - 1) * (plane->n_pops + 2) + place + 1 : 0;
}

static uint64_t
direct_number(const RequestPlane *plane, uint32_t direct)
{
    return public_number(plane, plane->n_pops + 1, direct);
}

static bool
is_short(const Behaviour *does)
{
    return does->burn_cpu != 1 || does->speed < 1;
}

/* What does harm at this PoP, as the journal has it; SIM_NONE where only its root is known. */
static uint32_t
entry_of(const RequestPlane *plane, const RequestPop *pop, const Request *row, uint32_t slot)
{
    if (row->row == SIM_NONE || pop->index == SIM_NONE || slot == 0)
        return SIM_NONE;
    const RequestProgram *program = &plane->rows[row->row].program;
    for (uint32_t i = 0; i < program->n_steps; i++) {
        const RequestStep *step = &program->steps[i];
        if (step->kind != REQUEST_UNIT || !(row->made >> i & 1))
            continue;
        const Behaviour *does = &pop->behaviour[step->unit];
        if (row->blamed != step->service && !(row->blamed == SIM_NONE && is_short(does)))
            continue;
        if (pop->unit_slot[step->unit] == slot && does->cause != SIM_NONE)
            return does->cause;
        if (pop->stuck_slot[step->unit] == slot)
            return does->stuck_cause;
    }
    return SIM_NONE;
}

void
request_hop(RequestPlane *plane, const RequestPop *pop, uint32_t request, RequestHop hop)
{
    const Request *row = &pop->requests[request];
    uint32_t place = row->caller != SIM_NONE ? plane->n_pops : pop->rank;
    hop.request = public_number(plane, pop->rank, row->number);
    hop.parent = public_number(plane, place, row->parent_number);
    hop.pop = pop->index;
    hop.site = row->row == SIM_NONE ? SIM_NONE : plane->rows[row->row].site;
    hop.attempt = row->level + 1u;
    hop.entry = entry_of(plane, pop, row, hop.cause);
    plane->log->hop(plane->log->context, &hop);
}

/* A call that its request makes itself, without a row: its number is the watcher's only. */
void
request_hop_direct(RequestPlane *plane, const RequestPop *pop, uint32_t request,
                   RequestHopKind kind, Outcome outcome, uint32_t slot, SimTime now)
{
    Request *row = &pop->requests[request];
    if (kind == HOP_CALLED)
        row->direct = ++plane->direct_numbers;
    const RequestHop hop = {.kind = kind,
                            .from = row->called,
                            .to = now,
                            .request = direct_number(plane, row->direct),
                            .parent = public_number(plane, pop->rank, row->number),
                            .pop = pop->index,
                            .site = SIM_NONE,
                            .service = plane->rows[row->row].program.steps[row->step].service,
                            .attempt = 1,
                            .outcome = outcome,
                            .cause = slot,
                            .entry = SIM_NONE};
    plane->log->hop(plane->log->context, &hop);
}

void
request_hop_cpu(RequestPlane *plane, const RequestPop *pop, uint32_t request, Outcome outcome,
                uint32_t slot, SimTime now)
{
    const Request *row = &pop->requests[request];
    SimTime start = row->done - row->service;
    bool has_begun =
        (row->state == REQUEST_SERVED || row->state == REQUEST_SCHEDULED) && start <= now;
    start = has_begun ? start : now;
    if (start > row->began && !row->is_orphan)
        HOP(plane, pop, request, .kind = HOP_QUEUED, .from = row->began, .to = start,
            .outcome = has_begun ? OUTCOME_OK : outcome, .cause = has_begun ? 0 : slot,
            .service = SIM_NONE);
    if (has_begun && (now > start || outcome != OUTCOME_OK))
        HOP(plane, pop, request, .kind = HOP_SERVED, .from = start, .to = now, .outcome = outcome,
            .cause = slot, .service = row->blamed);
}

void
request_hop_expired(RequestPlane *plane, const RequestPop *pop, uint32_t request, uint32_t slot,
                    SimTime now)
{
    const Request *row = &pop->requests[request];
    if (row->state == REQUEST_FETCHING)
        HOP(plane, pop, request, .kind = HOP_ORIGIN, .from = row->called, .to = now,
            .outcome = OUTCOME_TIMEOUT, .cause = slot, .key = row->key, .service = SIM_NONE);
    else if (row->state != REQUEST_CALLING && row->state != REQUEST_AWAY &&
             row->state != REQUEST_DELAYED && row->state != REQUEST_LOST)
        request_hop_cpu(plane, pop, request, OUTCOME_TIMEOUT, slot, now);
}

HopCache
request_hop_cache(const Request *row, Outcome outcome)
{
    bool has_asked = outcome == OUTCOME_OK || row->state == REQUEST_FETCHING;
    return !has_asked ? HOP_CACHE_NOT_ASKED : row->is_miss ? HOP_CACHE_MISS : HOP_CACHE_HIT;
}

/* central services -------------------------------------------------------------------------- */

static uint64_t
call_number(const RequestPlane *plane, const RequestCall *call)
{
    uint32_t place = call->pop == SIM_NONE ? plane->n_pops : call->pop;
    if (call->pop != SIM_NONE && call->direct)
        return direct_number(plane, call->direct);
    return public_number(plane, place, call->number);
}

void
request_hop_central(RequestPlane *plane, const RequestCall *call, RequestHop hop)
{
    hop.request = call_number(plane, call);
    hop.parent = call->parent;
    hop.pop = hop.site = SIM_NONE;
    hop.attempt = call->tries + 1u;
    hop.entry = SIM_NONE;
    if (plane->cores[call->core].service == SIM_NONE) /* an origin is told of at the PoP */
        return;
    plane->log->hop(plane->log->context, &hop);
}

uint64_t
request_call_number(const RequestPlane *plane, uint32_t call)
{
    return call_number(plane, &plane->calls[call]);
}
