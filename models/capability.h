/*
 * capability.h - what each data plane can do, and why not the rest.
 *
 * A table of features with a flag for each plane.  A scenario that uses what its plane lacks is
 * refused before it runs, at the place in the file, with the reason: no setting is read and then
 * ignored.  Everything that no row names both planes have.
 *
 * A sampled run (some PoPs of a large network, see request_sample.h) lacks what would move users
 * between PoPs; what depends on sizes after sampling the plane itself refuses.
 */
#pragma once

#include "models/spec.h"

typedef struct CapabilityUse {
    bool is_request; /* the request plane; else the flow plane */
    bool is_sampled;
} CapabilityUse;

typedef struct Capability {
    const char *name; /* what it is, as a noun: "discipline codel" */
    bool has_flow, has_request, has_sampled;
    const char *why; /* the one that lacks it */
    /* Calls found(context, mark) for each place that uses it. */
    void (*find)(const Spec *spec, void (*found)(void *context, SimMark mark), void *context);
} Capability;

extern const Capability capabilities[];
extern const uint32_t n_capabilities;

void capability_check(const Spec *spec, CapabilityUse use, SimMessages *messages);
