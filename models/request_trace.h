/*
 * request_trace.h - logs that sites' requests follow, read before a run.
 *
 * cache.trace names a file in the format of access_trace.h, beside the scenario file that has it
 * or with an absolute path.  Its keys are asked for in their order, over and over, by each PoP
 * from the begin; its times are not used: the scenario says how often requests come.
 *
 * A log of 100 million requests takes 0.8 GB; longer ones are refused.
 */
#pragma once

#include "models/plane.h"
#include "models/spec.h"

typedef struct RequestTraces RequestTraces;

/* What can not be read is an error at the site's place; NULL then, and when no site has a trace. */
RequestTraces *request_traces_load(const Spec *spec, SimMessages *messages);
void request_traces_free(RequestTraces *traces);
/* [site]; those without a trace are zero.  NULL for NULL. */
const RequestTrace *request_traces_of(const RequestTraces *traces);
