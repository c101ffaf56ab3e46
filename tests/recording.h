/*
 * recording.h - a small run made by hand, for tests of what reads recorders.
 *
 * One bucket a second.  Attempts, failures and blocked ones of `all`, the same
 * of site.shop, calls of service.kv, and two gauges: latency.p95 in seconds and
 * orbit.waiting.  A bucket with offered < 0 leaves its gauges without data and
 * has no attempts.
 */
#pragma once

#include "sim/recorder.h"

typedef struct Sample {
    double offered, failed, blocked, latency;
} Sample;

static inline void
recording_add(SimRecorder *recorder, const char *prefix, const Sample *sample)
{
    static const char *const names[] = {"offered", "failed", "blocked", "ok"};
    const double values[] = {sample->offered, sample->failed, sample->blocked,
                             sample->offered - sample->failed - sample->blocked};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *name = g_strconcat(prefix, names[i], NULL);
        uint32_t column = sim_recorder_find(recorder, name);
        sim_recorder_counts(recorder)[column] += values[i];
    }
}

static inline void
recording_columns(SimRecorder *recorder)
{
    static const char *const counts[] = {
        "all.offered",        "all.failed",        "all.blocked",  "all.ok",
        "site.shop.offered",  "site.shop.failed",  "site.shop.ok", "site.shop.blocked",
        "service.kv.offered", "service.kv.failed", "cache.hits",   "cache.lookups"};
    for (guint i = 0; i < G_N_ELEMENTS(counts); i++)
        sim_recorder_column(recorder, counts[i], SIM_COLUMN_COUNT, NULL, NULL);
    sim_recorder_column(recorder, "latency.p95", SIM_COLUMN_GAUGE, "s", NULL);
    sim_recorder_column(recorder, "orbit.waiting", SIM_COLUMN_GAUGE, "people", NULL);
}

static inline SimRecorder *
recording_new(SimArena *arena, const Sample *samples, uint32_t n)
{
    SimRecorder *recorder = sim_recorder_new(arena, n * SIM_SECOND, 4096, 64);
    recording_columns(recorder);
    uint32_t latency = sim_recorder_find(recorder, "latency.p95");
    uint32_t kv = sim_recorder_find(recorder, "service.kv.offered");
    for (uint32_t b = 0; b < n; b++) {
        Sample sample = samples[b];
        bool is_silent = sample.offered < 0;
        if (is_silent)
            sample = (Sample){0};
        recording_add(recorder, "all.", &sample);
        recording_add(recorder, "site.shop.", &sample);
        sim_recorder_counts(recorder)[kv] += sample.offered;
        sim_recorder_counts(recorder)[kv + 1] += sample.failed;
        sim_recorder_counts(recorder)[kv + 2] += sample.offered / 2;
        sim_recorder_counts(recorder)[kv + 3] += sample.offered;
        if (!is_silent)
            sim_recorder_gauge(recorder, latency, sample.latency, b * SIM_SECOND,
                               (b + 1) * SIM_SECOND);
        sim_recorder_close(recorder);
    }
    return recorder;
}
