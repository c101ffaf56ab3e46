/*
 * need.h - which service a need means.
 *
 * Needs are maps whose keys are names of services; once all is read, each gets
 * the index of its service.  A name that no service has is an error at its
 * place, with the nearest name there is.
 */
#pragma once

#include "models/spec.h"

/* Of services, of their fronts and of sites; called by the check of the root table. */
void need_resolve(SimFields *fields, Spec *spec);

/* Its calls have a breaker, a throttle, a limit of calls or retries, or watch the hosts. */
bool need_is_guarded(const NeedSpec *need);
