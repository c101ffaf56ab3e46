/*
 * request_fault.h - what faults do to single calls and attempts; a part of request.h.
 *
 * The plane's operations that set them, and what its own files ask: what befalls an attempt on its
 * way to a PoP, and a call on its way to a central service and there.  A call's fate is one number
 * of its own, cut into three.  O(1), and a branch not taken where nothing is impaired.
 */
#pragma once

#include "models/request.h"

void request_fault_attach(RequestPlane *plane);
void request_impair_set(void *plane, uint32_t service, const Impairment *impairment);
void request_entry_set(void *plane, uint32_t site, uint32_t pop, const EntryFault *fault);
void request_origin_set(void *plane, uint32_t site, const OriginFault *fault);
void request_need_set(void *plane, uint32_t service, int on_failure, uint32_t cause);
/* What befalls an attempt on its way, into its wish. */
void request_entry_judge(const RequestPlane *plane, const RequestPop *pop, RequestWish *wish);
/* What its way takes longer. */
SimTime request_entry_delay(const RequestPlane *plane, const RequestPop *pop, uint32_t row);
/* The number that decides what faults do to a call. */
uint64_t request_fault_fate(const RequestPlane *plane, const RequestCall *call);
/* It does, but is refused or answered at once; true: its row is free. */
bool request_fault_stops(RequestPlane *plane, uint32_t call, SimTime now);
/* Parts of a fate, each uniform and apart from the others. */
typedef enum RequestFate { REQUEST_FATE_WAY, REQUEST_FATE_HOST, REQUEST_FATE_ANSWER } RequestFate;
static inline double
request_fate_part(uint64_t fate, RequestFate part)
{
    return ((double)(fate >> (43 - 21 * (int)part) & 0x1fffff) + 0.5) * 0x1p-21;
}
/* A call does not get there: nobody will answer. */
static inline bool
request_fault_loses(const RequestPlane *plane, const RequestCall *call)
{
    const RequestCore *core = &plane->cores[call->core];
    return G_UNLIKELY(core->is_impaired) && core->fault.lost > 0 &&
           request_fate_part(request_fault_fate(plane, call), REQUEST_FATE_WAY) < core->fault.lost;
}
/* Served, it is answered with an error. */
static inline bool
request_fault_errs(const RequestPlane *plane, const RequestCall *call)
{
    const RequestCore *core = &plane->cores[call->core];
    return G_UNLIKELY(core->is_impaired) && core->fault.errors > 0 &&
           request_fate_part(request_fault_fate(plane, call), REQUEST_FATE_ANSWER) <
               core->fault.errors;
}
