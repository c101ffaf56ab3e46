#include "sim/cmd/result.h"

#include "models/phase_story.h"

#include <math.h>

static void
take_facts(Result *result)
{
    const Spec *spec = &result->scenario->spec;
    SimTime *times = g_new0(SimTime, MAX(spec->timeline.n, 1));
    double *entry_bites = g_new0(double, MAX(spec->timeline.n, 1));
    double *config_bites = g_new0(double, MAX(spec->configs.n, 1));
    FaultFact *faults = g_new0(FaultFact, MAX(spec->timeline.n, 1));
    for (uint32_t i = 0; i < spec->timeline.n; i++) {
        times[i] = run_entry_time(result->run, i);
        entry_bites[i] = run_bites_entry(result->run, i);
        faults[i] = (FaultFact){.effect = run_fault_effect(result->run, i),
                                .is_skipped = run_entry_skipped(result->run, i)};
    }
    for (uint32_t i = 0; i < spec->configs.n; i++)
        config_bites[i] = run_bites_config(result->run, i);
    result->facts = (Facts){.recording = {.recorder = run_recorder(result->run),
                                          .start = spec->clock.start,
                                          .end = sim_now(run_sim(result->run)),
                                          .duration = spec->clock.duration},
                            .entry_times = times,
                            .entry_bites = entry_bites,
                            .config_bites = config_bites,
                            .faults = faults};
}

static double
total_failed(const SimRecorder *recorder, uint32_t slot)
{
    g_autofree char *name = g_strdup_printf("cause.%u.failed", slot);
    uint32_t column = sim_recorder_find(recorder, name);
    double total = 0;
    for (uint32_t b = 0; column != SIM_NONE && b < sim_recorder_n_closed(recorder); b++)
        total += sim_recorder_value(recorder, column, b);
    return total;
}

static int
by_size(gconstpointer left, gconstpointer right)
{
    const ResultCause *a = left, *b = right;
    if (a->failed != b->failed)
        return a->failed > b->failed ? -1 : 1;
    return a->slot < b->slot ? -1 : 1;
}

static void
take_causes(Result *result)
{
    uint32_t n = MIN(run_causes(result->run), RESULT_CAUSES_MAX);
    double all = 0;
    g_autoptr(GArray) causes = g_array_new(FALSE, FALSE, sizeof(ResultCause));
    for (uint32_t slot = 0; slot < n; slot++) {
        ResultCause cause = {.slot = slot, .failed = total_failed(run_recorder(result->run), slot)};
        all += cause.failed;
        if (!(cause.failed > 0))
            continue;
        cause.label = g_strdup(run_cause_label(result->run, slot));
        g_array_append_val(causes, cause);
    }
    g_array_sort(causes, by_size);
    for (guint i = 0; i < causes->len; i++) {
        result->causes[i] = g_array_index(causes, ResultCause, i);
        result->causes[i].share = result->causes[i].failed / all;
    }
    result->n_causes = causes->len;
}

/* Before the verdict, which may ask for it. */
static void
take_merit(Result *result)
{
    const Spec *spec = &result->scenario->spec;
    const Recording *recording = &result->facts.recording;
    uint32_t cause =
        result->n_causes ? run_cause_entry(result->run, result->causes[0].slot) : SIM_NONE;
    merit_take(spec, recording, run_journal(result->run), cause, &result->merit);
    result->facts.recording.merit = &result->merit;
    if (phase_story_applies(spec))
        phase_story_find(recording, &result->merit, &result->phases);
    else
        phases_find(recording, &result->phases);
}

Result *
result_new(const Scenario *scenario, Run *run, const ResultOptions *options)
{
    Result *result = g_new0(Result, 1);
    result->scenario = scenario;
    result->run = run;
    result->is_interrupted = options->is_interrupted;
    result->wall_seconds = options->wall_seconds;
    result->seed = sim_seed(run_sim(run));
    result->command = g_strdup(options->command);
    result->digest = g_strdup_printf("%016" G_GINT64_MODIFIER "x", sim_digest(run_sim(run)));
    result->figures = key_figures_new(&scenario->spec);
    take_facts(result);
    take_causes(result);
    take_merit(result);
    result->verdict = verdict_new(&scenario->spec, &result->facts);
    result->landmarks = landmarks_new(&scenario->spec, result->facts.entry_times, run_journal(run));
    return result;
}

void
result_free(Result *result)
{
    if (!result)
        return;
    for (uint32_t i = 0; i < result->n_causes; i++)
        g_free(result->causes[i].label);
    g_free((void *)result->facts.entry_times);
    g_free((void *)result->facts.entry_bites);
    g_free((void *)result->facts.config_bites);
    g_free((void *)result->facts.faults);
    verdict_free(result->verdict);
    key_figures_free(result->figures);
    landmarks_free(result->landmarks);
    g_free(result->command);
    g_free(result->digest);
    g_free(result);
}

const char *
result_verdict(const Result *result)
{
    return result->is_interrupted ? "interrupted" : judgement_names[result->verdict->judgement];
}

ExitCode
result_code(const Result *result)
{
    static const ExitCode codes[] = {[JUDGEMENT_HELD] = CODE_HELD,
                                     [JUDGEMENT_FAILED] = CODE_FAILED,
                                     [JUDGEMENT_INCONCLUSIVE] = CODE_INCONCLUSIVE};
    if (run_complaint(result->run))
        return CODE_ERROR;
    return result->is_interrupted ? CODE_INTERRUPTED : codes[result->verdict->judgement];
}
