/*
 * whole_run.h - a scenario in a string, run from begin to end on the built-in
 * reference edge, for tests of what all models do together.
 */
#pragma once

#include "models/metric.h"
#include "models/run.h"
#include "tests/scenario.h"

typedef struct WholeRun {
    ScenarioText scenario;
    Geo *geo;
    Run *run;
} WholeRun;

/* Made, not yet advanced; a scenario that is wrong fails the test and leaves run NULL. */
static inline void
whole_run_make(WholeRun *whole, const char *text, const RunOptions *options)
{
    g_autoptr(GError) error = NULL;
    *whole = (WholeRun){0};
    scenario_text_read(&whole->scenario, text);
    CHECK(geo_load(NULL, NULL, &whole->geo, &error));
    whole->run = run_new(&whole->scenario.spec, whole->geo, options, whole->scenario.messages);
    g_autoptr(GString) out = g_string_new(NULL);
    sim_messages_print(whole->scenario.messages, false, out);
    CHECK_STR(out->str, "");
}

static inline void
whole_run_finish(WholeRun *whole)
{
    run_advance(whole->run, run_duration(whole->run));
    run_finish(whole->run);
}

static inline void
whole_run_clear(WholeRun *whole)
{
    run_free(whole->run);
    geo_free(whole->geo);
    scenario_text_clear(&whole->scenario);
}

/* The digest of a run that is advanced in steps of this length. */
static inline uint64_t
whole_run_digest(const char *text, SimTime step, const RunOptions *options)
{
    WholeRun whole;
    whole_run_make(&whole, text, options);
    for (SimTime now = 0; now < run_duration(whole.run); now += step)
        run_advance(whole.run, now);
    whole_run_finish(&whole);
    uint64_t digest = sim_digest(run_sim(whole.run));
    whole_run_clear(&whole);
    return digest;
}

/* The same scenario once more, from the start. */
static inline void
whole_run_again(WholeRun *whole, const RunOptions *options)
{
    run_free(whole->run);
    whole->run = run_new(&whole->scenario.spec, whole->geo, options, whole->scenario.messages);
    CHECK(whole->run != NULL);
}

/* The amount of a count in the buckets that begin within from <= t < to. */
static inline double
whole_run_total(const WholeRun *whole, const char *column, SimTime from, SimTime to)
{
    const SimRecorder *recorder = run_recorder(whole->run);
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
