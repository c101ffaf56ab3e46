/*
 * flow_world.h - the flow plane on a small world, told what to do by a test.
 *
 * The text is one of fake_world.h.  Sums are of the buckets of the plane's own books, one second
 * wide for runs of up to an hour; the open bucket is not in them.
 */
#pragma once

#include "models/flow.h"
#include "tests/fake_world.h"
#include "tests/harness.h"

typedef struct FlowWorld {
    FakeWorld *fake;
    Flow *flow;
} FlowWorld;

static inline FlowWorld
flow_world_new(const char *text, uint32_t n_pops)
{
    const PlaneOptions options = {.duration = SIM_HOUR, .counts_sites = true};
    FlowWorld it = {.fake = fake_world_new(text, n_pops, 1)};
    it.flow = flow_plane_ops.attach(it.fake->sim, &it.fake->world, &options);
    return it;
}

static inline void
flow_world_free(FlowWorld *it)
{
    fake_world_free(it->fake);
}

/* A root of the journal. */
static inline uint32_t
flow_world_cause(FlowWorld *it, const char *kind)
{
    const SimJournalEntry entry = {.at = sim_now(it->fake->sim), .cause = SIM_NONE, .kind = kind};
    return sim_journal_add(it->fake->world.journal, &entry, "%s", kind);
}

/* Second by second, with people counted at each. */
static inline void
flow_world_run(FlowWorld *it, double until)
{
    SimTime end = sim_from_seconds(until);
    for (SimTime at = sim_now(it->fake->sim); at < end;) {
        at = at + SIM_SECOND < end ? at + SIM_SECOND : end;
        sim_run(it->fake->sim, at);
        sim_verify(it->fake->sim);
    }
}

/* Of the buckets within from <= t < to; a gauge: of their number. */
static inline double
flow_world_sum(const FlowWorld *it, const char *column, double from, double to)
{
    const SimRecorder *recorder = it->flow->books->recorder;
    uint32_t index = sim_recorder_find(recorder, column);
    double sum = 0;
    if (!CHECK(index != SIM_NONE))
        return 0;
    for (uint32_t b = 0; b < sim_recorder_n_closed(recorder); b++) {
        double start = sim_seconds(sim_recorder_bucket_start(recorder, b));
        if (start >= from && start < to)
            sum += sim_recorder_value(recorder, index, b);
    }
    return sum;
}

static inline double
flow_world_share(const FlowWorld *it, const char *above, const char *below, double from, double to)
{
    return flow_world_sum(it, above, from, to) / flow_world_sum(it, below, from, to);
}
