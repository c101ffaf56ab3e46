/*
 * request_hop.h - how the request plane tells who watches; the last part of request.h.
 *
 * HOP and HOP_AT_CORE ask first whether anybody does: without one a hop is a branch not taken.
 * Cost: a call of the watcher for each hop.
 */
#pragma once

#include "models/request.h"

/* request_log.c: only while somebody watches; HOP asks that first. */
void request_hop(RequestPlane *plane, const RequestPop *pop, uint32_t request, RequestHop hop);
/* Its wait for CPU and its CPU, as far as it came. */
void request_hop_direct(RequestPlane *plane, const RequestPop *pop, uint32_t request,
                        RequestHopKind kind, Outcome outcome, uint32_t slot, SimTime now);
void request_hop_cpu(RequestPlane *plane, const RequestPop *pop, uint32_t request, Outcome outcome,
                     uint32_t slot, SimTime now);
void request_hop_expired(RequestPlane *plane, const RequestPop *pop, uint32_t request,
                         uint32_t slot, SimTime now);
HopCache request_hop_cache(const Request *row, Outcome outcome);
void request_hop_central(RequestPlane *plane, const RequestCall *call, RequestHop hop);
uint64_t request_call_number(const RequestPlane *plane, uint32_t call);

#define HOP(plane, pop, request, ...)                                                              \
    do {                                                                                           \
        if (G_UNLIKELY((plane)->log))                                                              \
            request_hop((plane), (pop), (request), (RequestHop){__VA_ARGS__});                     \
    } while (0)

#define HOP_AT_CORE(plane, call, ...)                                                              \
    do {                                                                                           \
        if (G_UNLIKELY((plane)->log))                                                              \
            request_hop_central((plane), (call), (RequestHop){__VA_ARGS__});                       \
    } while (0)
