/*
 * trace.h - the run as a timeline for Perfetto (ui.perfetto.dev) or chrome://tracing: the Trace
 * Event Format of Chrome, an object with traceEvents.
 *
 * A process for each PoP and central service.  A PoP has rows of attempts (with their stretches:
 * waits, CPU, work in vain, origin) and rows of calls; a service has rows of the calls it serves.
 * What overlaps stands in different rows.  Arrows lead from a request to the calls it makes and on
 * to the service.  The journal is a process of its own, of instants, with arrows from cause to
 * consequence.
 *
 * Bounded: of requests so many events at most, from a moment on; what is not over when they are
 * used up, or the run ends, is left out.  The journal (65,536 entries at most) comes on top.
 */
#pragma once

#include "models/run.h"
#include "sim/cmd/outfile.h"

enum { TRACE_LIMIT_DEFAULT = 200000 };

typedef struct Trace Trace;

/* Takes the file.  from: nothing that begins before is shown. */
Trace *trace_new(Outfile *file, uint64_t limit, SimTime from);
void trace_free(Trace *trace);
/* Before the first hop. */
void trace_attach(Trace *trace, const Run *run, const Spec *spec);
void trace_hop(Trace *trace, const RequestHop *hop);
/* The journal and the end. */
bool trace_publish(Trace *trace, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* When the events were used up; -1: they were not. */
SimTime trace_full_at(const Trace *trace);
