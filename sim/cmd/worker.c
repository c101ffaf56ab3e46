#include "sim/cmd/command.h"

#include "sim/cmd/json.h"
#include "sim/cmd/output.h"
#include "sim/cmd/run.h"
#include "sim/quantity.h"

#include <math.h>

/* Infinities have no number in JSON: "inf" and "-inf" as texts; nothing measured is null. */
static void
json_value(Json *json, const Measured *measured)
{
    if (measured->status != MEASURED)
        json_null(json, "value");
    else if (isinf(measured->value))
        json_text(json, "value", measured->value > 0 ? "inf" : "-inf");
    else
        json_number(json, "value", measured->value);
    json_integer(json, "unit", measured->unit);
}

static void
json_figures(Json *json, const Result *result)
{
    json_open(json, "figures", '[');
    for (uint32_t i = 0; i < result->figures->n; i++) {
        Measured measured;
        if (!key_figure_take(&result->figures->figures[i], &result->facts.recording, &measured))
            continue;
        json_open(json, NULL, '{');
        json_text(json, "id", result->figures->figures[i].id);
        json_value(json, &measured);
        json_close(json, '}');
    }
    for (uint32_t i = 0; i < result->verdict->n_published; i++) {
        const PublishedFinding *finding = &result->verdict->published[i];
        json_open(json, NULL, '{');
        json_text(json, "id", finding->published->id);
        json_value(json, &finding->measured);
        if (finding->has_band)
            json_bool(json, "inside", finding->is_inside);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static char *
line_of(const Result *result)
{
    GString *out = g_string_new(NULL);
    Json json = {.out = out, .style = JSON_LINE};
    json_open(&json, NULL, '{');
    json_integer(&json, "seed", (int64_t)result->seed);
    json_text(&json, "verdict", result_verdict(result));
    json_text(&json, "digest", result->digest);
    json_text(&json, "hash", result->scenario->hash);
    json_figures(&json, result);
    json_open(&json, "expectations", '[');
    for (uint32_t i = 0; i < result->verdict->n; i++)
        json_text(&json, NULL, judgement_names[result->verdict->findings[i].judgement]);
    json_close(&json, ']');
    json_close(&json, '}');
    return g_string_free(out, FALSE);
}

static ExitCode
run_seed(const RunArguments *arguments, const char *name)
{
    ExitCode code;
    Interrupt interrupt;
    g_autoptr(Scenario) scenario = scenario_load(name, arguments->set, &code);
    if (!scenario)
        return code;
    g_autoptr(Run) run = run_prepare(arguments, scenario);
    if (!run)
        return CODE_USAGE;
    interrupt_start(&interrupt);
    g_autoptr(Result) result = run_drive(run, arguments, scenario, &interrupt);
    interrupt_stop(&interrupt);
    if (result->is_interrupted)
        return CODE_INTERRUPTED;
    g_autofree char *line = line_of(result);
    return output_print(line) ? result_code(result) : CODE_ERROR;
}

static ExitCode
run_worker(int argc, char **argv)
{
    RunArguments arguments = {.is_quiet = true, .has_seed = true};
    const GOptionEntry entries[] = {
        {"seed", 0, 0, G_OPTION_ARG_FILENAME, &arguments.seed_text, "Seed", "N"},
        {"until", 0, 0, G_OPTION_ARG_FILENAME, &arguments.until_text, "Stop early", "10m"},
        {"plane", 0, 0, G_OPTION_ARG_FILENAME, &arguments.plane_text, "flow or request", "WORD"},
        {"sample-pops", 0, 0, G_OPTION_ARG_INT, &arguments.sample_pops, "PoPs to keep", "N"},
        {"set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments.set, "Change the scenario",
         "PATH=VALUE"},
        G_OPTION_ENTRY_NULL};
    g_auto(GStrv) rest = NULL;
    ExitCode code;
    (void)argc;
    if (command_options(&worker_command, entries, argv, &rest, &code)) {
        bool ok = rest[1] && arguments.seed_text &&
                  g_ascii_string_to_unsigned(arguments.seed_text, 10, 0, INT64_MAX, &arguments.seed,
                                             NULL) &&
                  run_read_plane(&arguments) &&
                  (!arguments.until_text ||
                   sim_quantity_duration(arguments.until_text, &arguments.until));
        code = ok ? run_seed(&arguments, rest[1])
                  : command_misused(&worker_command, "it is for run --seeds");
    }
    run_arguments_clear(&arguments);
    return code;
}

const Command worker_command = {
    .name = "worker",
    .arguments = "SCENARIO",
    .about = "Run one seed and print one JSON line: for run --seeds.",
    .run = run_worker,
    .is_hidden = true,
};
