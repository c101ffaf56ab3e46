#include "sim/cmd/record.h"

#include "sim/cmd/json.h"
#include "sim/cmd/summary.h"
#include "sim/quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* "2025-11-18T11:20:00.125Z" */
static char *
time_text(const Result *result, SimTime at)
{
    int64_t start = result->scenario->spec.clock.start;
    g_autofree char *seconds = sim_timestamp_format(start + at / SIM_SECOND);
    g_autofree char *stem = g_strndup(seconds, strlen(seconds) - 1);
    return g_strdup_printf("%s.%03dZ", stem, (int)(at % SIM_SECOND / SIM_MILLISECOND));
}

/* Shortest of what is common first: zeros and whole numbers make up most of the files. */
static void
append_number(GString *out, double value)
{
    char text[32];
    if (value == 0)
        g_string_append(out, "\t0");
    else if (isnan(value))
        g_string_append(out, "\tnan");
    else
        g_string_append_len(out, text, snprintf(text, sizeof text, "\t%.7g", value));
}

static GString *
series_text(const Result *result)
{
    const SimRecorder *recorder = run_recorder(result->run);
    uint32_t n_columns = sim_recorder_n_columns(recorder);
    uint32_t n_rows = sim_recorder_n_closed(recorder);
    GString *out = g_string_new("time\tseconds");
    for (uint32_t c = 0; c < n_columns; c++)
        g_string_append_printf(out, "\t%s", sim_recorder_describe(recorder, c)->name);
    g_string_append_c(out, '\n');
    for (uint32_t b = 0; b < n_rows; b++) {
        SimTime start = sim_recorder_bucket_start(recorder, b);
        g_autofree char *time = time_text(result, start);
        g_string_append_printf(out, "%s\t%.9g", time, sim_seconds(start));
        for (uint32_t c = 0; c < n_columns; c++)
            append_number(out, sim_recorder_value(recorder, c, b));
        g_string_append_c(out, '\n');
    }
    return out;
}

static GString *
pops_text(const Result *result)
{
    static const char *const kinds[] = {"offered", "failed", "utilisation"};
    const SimRecorder *recorder = run_pop_recorder(result->run);
    const Geo *geo = run_geo(result->run);
    uint32_t n_rows = sim_recorder_n_closed(recorder);
    GString *out = g_string_new("time\tseconds");
    for (uint32_t c = 0; c < 3 * geo->n_pops; c++)
        g_string_append_printf(out, "\t%s.%s", geo->pops.code[c / 3], kinds[c % 3]);
    g_string_append_c(out, '\n');
    for (uint32_t b = 0; b < n_rows; b++) {
        SimTime start = sim_recorder_bucket_start(recorder, b);
        g_autofree char *time = time_text(result, start);
        g_string_append_printf(out, "%s\t%.9g", time, sim_seconds(start));
        for (uint32_t c = 0; c < 3 * geo->n_pops; c++)
            append_number(out, sim_recorder_value(recorder, c, b));
        g_string_append_c(out, '\n');
    }
    return out;
}

static GString *
journal_text(const Result *result)
{
    const SimJournal *journal = run_journal(result->run);
    GString *out = g_string_new(NULL);
    for (uint32_t id = 0; id < sim_journal_count(journal); id++) {
        const SimJournalEntry *entry = sim_journal_get(journal, id);
        g_autofree char *time = time_text(result, entry->at);
        Json json = {.out = out, .style = JSON_LINE};
        json_open(&json, NULL, '{');
        json_text(&json, "time", time);
        json_integer(&json, "id", id);
        if (entry->cause == SIM_NONE)
            json_null(&json, "cause");
        else
            json_integer(&json, "cause", entry->cause);
        json_text(&json, "kind", entry->kind);
        json_text(&json, "entity", entry->entity);
        json_text(&json, "text", entry->text);
        if (entry->n > 1) {
            json_integer(&json, "n", (int64_t)entry->n);
            json_number(&json, "last_s", sim_seconds(entry->last));
        }
        json_close(&json, '}');
    }
    return out;
}

/* As --sample-pops has it: 0 is all. */
static uint32_t
sample_of(const Run *run)
{
    uint32_t n = run_kept(run).n_pops;
    return n < run_geo(run)->n_pops ? n : 0;
}

/* What must be known to make the same run again stands here too, see replay.h. */
static GString *
manifest_text(const Result *result)
{
    const Spec *spec = &result->scenario->spec;
    GString *out = g_string_new(NULL);
    Json json = {.out = out};
    g_autofree char *start = sim_timestamp_format(spec->clock.start);
    char until[SIM_QUANTITY_TEXT_MAX];
    sim_quantity_exact_duration(until, sizeof until, run_duration(result->run));
    json_open(&json, NULL, '{');
    json_text(&json, "blackstart", BLACKSTART_VERSION);
    json_text(&json, "scenario", result->scenario->name);
    json_text(&json, "folder", result->scenario->folder);
    json_text(&json, "title", spec->title);
    json_text(&json, "hash", result->scenario->hash);
    json_integer(&json, "seed", (int64_t)result->seed);
    json_text(&json, "plane", run_plane_names[run_plane(result->run)]);
    json_integer(&json, "sample_pops", sample_of(result->run));
    json_text(&json, "start", start);
    json_number(&json, "duration_s", sim_seconds(spec->clock.duration));
    json_text(&json, "until", until);
    json_number(&json, "simulated_s", sim_seconds(result->facts.recording.end));
    json_text(&json, "command", result->command);
    json_text(&json, "digest", result->digest);
    json_text(&json, "verdict", result_verdict(result));
    json_integer(&json, "exit_code", result_code(result));
    json_close(&json, '}');
    return out;
}

static GString *
summary_json_text(const Result *result, const char *directory)
{
    GString *out = g_string_new(NULL);
    Json json = {.out = out};
    json_open(&json, NULL, '{');
    summary_json(&json, result, directory);
    json_close(&json, '}');
    return out;
}

/* Writes and frees. */
static bool
write_one(Rundir *rundir, const char *name, GString *text, GError **error)
{
    bool ok = rundir_write(rundir, name, text, error);
    g_string_free(text, TRUE);
    return ok;
}

bool
record_write(const Result *result, Rundir *rundir, GError **error)
{
    const char *path = rundir_path(rundir);
    g_autofree char *summary = summary_text(result, path, false);
    return write_one(rundir, "scenario.yaml", g_string_new(result->scenario->normalised), error) &&
           write_one(rundir, "journal.jsonl", journal_text(result), error) &&
           write_one(rundir, "series.tsv", series_text(result), error) &&
           write_one(rundir, "pops.tsv", pops_text(result), error) &&
           write_one(rundir, "summary.txt", g_string_new(summary), error) &&
           write_one(rundir, "summary.json", summary_json_text(result, path), error) &&
           write_one(rundir, "manifest.json", manifest_text(result), error);
}
