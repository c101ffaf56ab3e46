/*
 * plane_world.h - a small world and a real plane, without the modules that would tell it things:
 * a test calls the plane's operations itself, at the moments it likes.
 *
 * The text is a scenario as in fake_world.h, and so are the PoPs.
 */
#pragma once

#include "models/flow.h"
#include "models/request.h"
#include "tests/fake_world.h"
#include "tests/harness.h"

typedef struct PlaneWorld {
    FakeWorld *fake;
    const PlaneOps *ops;
    void *plane;
} PlaneWorld;

static inline PlaneWorld
plane_world_new(const PlaneOps *ops, const char *text, uint32_t n_pops, uint64_t seed,
                PlaneOptions options)
{
    PlaneWorld made = {.fake = fake_world_new(text, n_pops, seed), .ops = ops};
    options.messages = made.fake->messages;
    if (options.duration == 0)
        options.duration = SIM_HOUR;
    made.plane = ops->attach(made.fake->sim, &made.fake->world, &options);
    SIM_ASSERT(made.plane);
    return made;
}

static inline void
plane_world_free(PlaneWorld *of)
{
    fake_world_free(of->fake);
}

static inline void
plane_world_advance(const PlaneWorld *of, SimTime to)
{
    sim_run(of->fake->sim, to);
    sim_verify(of->fake->sim);
}

/* To the end, and the open bucket closed. */
static inline void
plane_world_finish(const PlaneWorld *of, SimTime to)
{
    plane_world_advance(of, to);
    of->ops->finish(of->plane);
}

/* The id of something that happened now: a cause. */
static inline uint32_t
plane_world_note(const PlaneWorld *of, const char *text)
{
    const SimJournalEntry entry = {
        .at = sim_now(of->fake->sim), .cause = SIM_NONE, .kind = "test.fault"};
    return sim_journal_add(of->fake->world.journal, &entry, "%s", text);
}

/* The amount of a count in the closed buckets that begin within from <= t < to. */
static inline double
plane_world_total(const PlaneWorld *of, const char *column, SimTime from, SimTime to)
{
    const SimRecorder *recorder = of->ops->books(of->plane)->recorder;
    uint32_t index = sim_recorder_find(recorder, column);
    double sum = 0;
    if (!CHECK(index != SIM_NONE))
        return 0;
    for (uint32_t b = 0; b < sim_recorder_n_closed(recorder); b++) {
        SimTime start = sim_recorder_bucket_start(recorder, b);
        if (start >= from && start < to)
            sum += sim_recorder_value(recorder, index, b);
    }
    return sum;
}

/* All failures that the cause is blamed for. */
static inline double
plane_world_blamed(const PlaneWorld *of, uint32_t cause)
{
    Books *books = (Books *)of->ops->books(of->plane);
    return books->cause_total[books_cause_slot(books, cause)];
}
