#include "sim/cmd/run.h"

#include "sim/cmd/figures.h"
#include "sim/cmd/gnuplot.h"
#include "sim/cmd/output.h"
#include "sim/cmd/progress.h"
#include "sim/cmd/record.h"
#include "sim/cmd/seeds.h"
#include "sim/cmd/summary.h"
#include "sim/cmd/watch.h"
#include "sim/quantity.h"

#include <string.h>

enum { SLICES = 400 };

/* arguments --------------------------------------------------------------------------------- */

static bool
read_seed(RunArguments *arguments, const char *text)
{
    guint64 seed;
    if (!text)
        return true;
    arguments->has_seed = true;
    if (!g_ascii_string_to_unsigned(text, 10, 0, INT64_MAX, &seed, NULL))
        return false;
    arguments->seed = seed;
    return true;
}

bool
run_read_plane(RunArguments *arguments)
{
    for (int i = 0; i < RUN_PLANES && arguments->plane_text; i++)
        if (strcmp(arguments->plane_text, run_plane_names[i]) == 0) {
            arguments->plane = (RunPlane)i;
            return true;
        }
    return !arguments->plane_text;
}

/* What a watched run does not go with. */
static void
find_unwatchable(const RunArguments *arguments, const char **ret_wrong, const char **ret_what)
{
    const char *option = arguments->watch.access_log ? "--access-log" : "--trace";
    if (arguments->plane != RUN_REQUEST)
        *ret_what = "needs requests that can be told apart: expected --plane request";
    else if (arguments->seeds_text)
        *ret_what = "is of one run: expected --seed in place of --seeds";
    else if (watch_takes_output(&arguments->watch) && arguments->wants_json)
        *ret_what = "and --json both want standard output: expected a file for one of them";
    else
        return;
    *ret_wrong = option;
}

/* False: *ret_code is set and all has been said. */
static bool
check_arguments(RunArguments *arguments, ExitCode *ret_code)
{
    const char *wrong = NULL, *what = NULL;
    if (!read_seed(arguments, arguments->seed_text)) {
        wrong = arguments->seed_text;
        what = "is no seed: expected a whole number, 0 or more";
    } else if (arguments->until_text &&
               !(sim_quantity_duration(arguments->until_text, &arguments->until) &&
                 arguments->until > 0)) {
        wrong = arguments->until_text;
        what = "is no time to stop at: expected a duration such as 10m";
    } else if (arguments->theme_text && !gnuplot_theme(arguments->theme_text, &arguments->themes)) {
        wrong = arguments->theme_text;
        what = "is no theme: expected light, dark or both";
    } else if (!run_read_plane(arguments)) {
        wrong = arguments->plane_text;
        what = "is no plane: expected flow or request";
    } else if (arguments->sample_pops < 0 ||
               (arguments->sample_pops > 0 && arguments->plane != RUN_REQUEST)) {
        wrong = "--sample-pops";
        what = "keeps some PoPs of the request plane: expected a number of PoPs, 1 or more, and "
               "--plane request";
    } else if (arguments->jobs < 0) {
        wrong = "--jobs";
        what = "is negative: expected the number of runs at once, or 0 for all processors";
    }
    if (!wrong)
        watch_arguments_read(&arguments->watch, &wrong, &what);
    if (!wrong && watch_is_wanted(&arguments->watch))
        find_unwatchable(arguments, &wrong, &what);
    if (!wrong)
        return true;
    *ret_code = command_misused(&run_command, "'%s' %s", wrong, what);
    return false;
}

void
run_arguments_clear(RunArguments *arguments)
{
    g_free(arguments->seed_text);
    g_free(arguments->seeds_text);
    g_free(arguments->until_text);
    g_free(arguments->theme_text);
    g_free(arguments->out);
    g_free(arguments->plane_text);
    watch_arguments_clear(&arguments->watch);
    g_strfreev(arguments->set);
}

char *
run_repeat_command(const RunArguments *arguments, const Scenario *scenario, uint64_t seed)
{
    g_autofree char *name = g_shell_quote(scenario->name);
    const char *bare = strspn(scenario->name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789-_./") == strlen(scenario->name)
                           ? scenario->name
                           : name;
    GString *text = g_string_new("blackstart run ");
    g_string_append_printf(text, "%s --seed %" G_GUINT64_FORMAT, bare, seed);
    if (arguments->until_text)
        g_string_append_printf(text, " --until %s", arguments->until_text);
    if (arguments->plane != RUN_FLOW)
        g_string_append_printf(text, " --plane %s", run_plane_names[arguments->plane]);
    if (arguments->sample_pops > 0)
        g_string_append_printf(text, " --sample-pops %d", arguments->sample_pops);
    for (guint i = 0; arguments->set && arguments->set[i]; i++) {
        g_autofree char *set = g_shell_quote(arguments->set[i]);
        g_string_append_printf(text, " --set %s", set);
    }
    return g_string_free(text, FALSE);
}

/* running ----------------------------------------------------------------------------------- */

Run *
run_prepare(const RunArguments *arguments, const Scenario *scenario)
{
    uint64_t seed = arguments->has_seed ? arguments->seed : (uint64_t)scenario->spec.clock.seed;
    g_autofree char *command = run_repeat_command(arguments, scenario, seed);
    RunOptions options = {.name = scenario->name,
                          .command = command,
                          .seed = arguments->seed,
                          .has_seed = arguments->has_seed,
                          .until = arguments->until,
                          .plane = arguments->plane,
                          .log = arguments->log,
                          .sample_pops = (uint32_t)arguments->sample_pops};
    Run *run = run_new(&scenario->spec, scenario->geo, &options, scenario->messages);
    bool is_wrong = scenario_print_messages(scenario);
    if (run && !is_wrong)
        return run;
    run_free(run);
    return NULL;
}

Result *
run_drive(Run *run, const RunArguments *arguments, const Scenario *scenario, Interrupt *interrupt)
{
    Progress progress;
    SimTime duration = run_duration(run);
    g_autofree char *command = run_repeat_command(arguments, scenario, sim_seed(run_sim(run)));
    progress_start(&progress, scenario->stem, arguments->is_quiet);
    for (int i = 1; i <= SLICES && !interrupt_is_asked(interrupt); i++) {
        run_advance(run, duration / SLICES * i + (i == SLICES ? duration % SLICES : 0));
        progress_show(&progress, (double)i / SLICES);
    }
    bool is_interrupted = sim_now(run_sim(run)) < duration;
    run_finish(run);
    if (run_complaint(run))
        output_complain("%s: ended at %.0f s: %s", scenario->name,
                        sim_seconds(sim_now(run_sim(run))), run_complaint(run));
    ResultOptions options = {.command = command,
                             .wall_seconds = progress_stop(&progress),
                             .is_interrupted = is_interrupted};
    return result_new(scenario, run, &options);
}

/* one scenario ------------------------------------------------------------------------------ */

static char *
directory_for(const RunArguments *arguments, const Scenario *scenario)
{
    const char *parent = arguments->out ? arguments->out : "runs";
    if (!arguments->out || arguments->n_scenarios > 1)
        return g_build_filename(parent, scenario->stem, NULL);
    gsize length = strlen(parent);
    while (length > 1 && parent[length - 1] == '/')
        length--;
    return g_strndup(parent, length);
}

/* Scripts and pictures; what is missing is said, and costs nothing else. */
static void
draw(const RunArguments *arguments, const Result *result, const Rundir *rundir,
     Interrupt *interrupt, ExitCode *code)
{
    g_autofree char *folder = g_build_filename(rundir_staging(rundir), "plots", NULL);
    g_autofree char *complaint = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) figures = figures_of(result);
    GnuplotJob job = {.folder = folder,
                      .figures = figures,
                      .themes = arguments->themes ? arguments->themes : GNUPLOT_FIRST,
                      .formats = GNUPLOT_FIRST};
    bool is_wanted = !arguments->has_no_plots && !result->is_interrupted;
    bool ok = figures_copy_scripts(figures, folder, &error);
    if (!is_wanted || (ok && gnuplot_draw(&job, interrupt, &complaint)))
        return;
    output_complain("some figures are missing: %s; `blackstart plot %s` tries again",
                    complaint ? complaint : error->message, rundir_path(rundir));
    *code = command_worse(*code, CODE_ERROR);
}

static bool
print_result(const RunArguments *arguments, const Result *result, const char *directory)
{
    g_autoptr(GString) text = g_string_new(NULL);
    if (arguments->wants_json) {
        Json json = {.out = text};
        json_open(&json, NULL, '{');
        summary_json(&json, result, directory);
        json_close(&json, '}');
    } else if (!arguments->is_quiet && !watch_takes_output(&arguments->watch)) {
        g_autofree char *summary = summary_text(result, directory, true);
        g_string_append(text, summary);
    }
    return output_print(text->str);
}

/* Writes, draws and publishes; false when the directory could not be written. */
static bool
leave_files(const RunArguments *arguments, const Result *result, Rundir *rundir,
            Interrupt *interrupt, ExitCode *code)
{
    g_autoptr(GError) error = NULL;
    bool ok = record_write(result, rundir, &error) && figures_write(result, rundir, &error);
    if (ok)
        draw(arguments, result, rundir, interrupt, code);
    ok = ok && rundir_publish(rundir, &error);
    if (!ok)
        output_complain("%s", error->message);
    return ok;
}

static void
complain_about_expectations(const Result *result)
{
    for (uint32_t i = 0; i < result->verdict->n; i++) {
        const Finding *finding = &result->verdict->findings[i];
        if (finding->judgement != JUDGEMENT_HELD)
            output_complain("%s: %s: %s: %s", result->scenario->name,
                            judgement_names[finding->judgement], finding->expected,
                            finding->sentence);
    }
    for (uint32_t i = 0; i < result->verdict->n_faults; i++) {
        const FaultFinding *finding = &result->verdict->faults[i];
        if (finding->is_idle)
            output_complain("%s: %s: %s: %s", result->scenario->name,
                            judgement_names[JUDGEMENT_INCONCLUSIVE], finding->name,
                            finding->sentence);
    }
}

static ExitCode
finish_scenario(const RunArguments *arguments, const Result *result, Rundir *rundir,
                Interrupt *interrupt)
{
    ExitCode code = result_code(result);
    bool is_whole = leave_files(arguments, result, rundir, interrupt, &code);
    if (arguments->is_quiet)
        complain_about_expectations(result);
    if (!print_result(arguments, result, is_whole ? rundir_path(rundir) : NULL) || !is_whole)
        code = command_worse(code, CODE_ERROR);
    return code;
}

static ExitCode
run_scenario(const RunArguments *given, const char *name, Interrupt *interrupt)
{
    ExitCode code;
    RunArguments arguments = *given;
    g_autoptr(GError) error = NULL;
    g_autoptr(Scenario) scenario = scenario_load(name, arguments.set, &code);
    if (!scenario)
        return code;
    g_autoptr(Watch) watch = watch_new(&arguments.watch);
    arguments.log = watch_log(watch);
    g_autoptr(Run) run = run_prepare(&arguments, scenario);
    if (!run)
        return CODE_USAGE;
    g_autofree char *directory = directory_for(&arguments, scenario);
    g_autoptr(Rundir) rundir = rundir_open(directory, &error);
    /* After the directory, in which they may lie. */
    if (!rundir || !watch_open(watch, run, &scenario->spec, &error)) {
        output_complain("%s", error->message);
        return CODE_ERROR;
    }
    g_autoptr(Result) result = run_drive(run, &arguments, scenario, interrupt);
    bool is_watched = watch_publish(watch);
    code = finish_scenario(&arguments, result, rundir, interrupt);
    return is_watched ? code : command_worse(code, CODE_ERROR);
}

/* Two scenarios that would write into the same directory; NULL: none. */
static const char *
find_twin(const RunArguments *arguments, char **names)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = 0; names[i] && arguments->n_scenarios > 1; i++)
        if (!g_hash_table_add(seen, scenario_stem(names[i])))
            return names[i];
    return NULL;
}

static ExitCode
run_all(RunArguments *arguments, char **names)
{
    ExitCode code = CODE_HELD;
    Interrupt interrupt;
    while (names[arguments->n_scenarios])
        arguments->n_scenarios++;
    if (arguments->n_scenarios == 0)
        return command_misused(&run_command, "no scenario is named");
    const char *twin = find_twin(arguments, names);
    if (twin)
        return command_misused(&run_command,
                               "'%s' would write into the directory of another: expected different "
                               "file names, or one run each with --out",
                               twin);
    if (arguments->n_scenarios > 1 && watch_is_wanted(&arguments->watch))
        return command_misused(&run_command, "--access-log and --trace are of one run: expected "
                                             "one scenario");
    interrupt_start(&interrupt);
    for (guint i = 0; names[i] && !interrupt.is_asked; i++) {
        ExitCode one = arguments->seeds_text ? seeds_run(arguments, names[i], &interrupt)
                                             : run_scenario(arguments, names[i], &interrupt);
        code = command_worse(code, one);
    }
    interrupt_stop(&interrupt);
    return code;
}

static ExitCode
run_verb(int argc, char **argv)
{
    RunArguments arguments = {.jobs = 0};
    gboolean no_plots = FALSE, json = FALSE, quiet = FALSE;
    const GOptionEntry entries[] = {
        {"seed", 's', 0, G_OPTION_ARG_FILENAME, &arguments.seed_text,
         "Seed, in place of clock.seed", "N"},
        {"seeds", 0, 0, G_OPTION_ARG_FILENAME, &arguments.seeds_text,
         "Run many seeds and print percentiles", "1-200[,7]"},
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &arguments.out,
         "Run directory, in place of runs/SCENARIO", "DIR"},
        {"until", 0, 0, G_OPTION_ARG_FILENAME, &arguments.until_text, "Stop early", "10m"},
        {"set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &arguments.set,
         "Change the scenario, such as sites.shop.client.retries=0", "PATH=VALUE"},
        {"plane", 0, 0, G_OPTION_ARG_FILENAME, &arguments.plane_text,
         "Of traffic: flow (rates, the default) or request (every request an event)", "WORD"},
        {"sample-pops", 0, 0, G_OPTION_ARG_INT, &arguments.sample_pops,
         "Request plane: carry the traffic of so many PoPs only, whole", "N"},
        {"access-log", 0, 0, G_OPTION_ARG_FILENAME, &arguments.watch.access_log,
         "Request plane: write a line for each attempt; - is standard output", "FILE"},
        {"access-log-format", 0, 0, G_OPTION_ARG_FILENAME, &arguments.watch.format_text,
         "Of it: json (one object a line, the default) or common", "WORD"},
        {"trace", 0, 0, G_OPTION_ARG_FILENAME, &arguments.watch.trace,
         "Request plane: write a timeline for Perfetto (ui.perfetto.dev)", "FILE"},
        {"trace-from", 0, 0, G_OPTION_ARG_FILENAME, &arguments.watch.from_text,
         "Of it: leave out what begins before, counted from the start of the run", "10m"},
        {"trace-limit", 0, 0, G_OPTION_ARG_FILENAME, &arguments.watch.limit_text,
         "Of it: so many events of requests at most; default 200000", "N"},
        {"no-plots", 0, 0, G_OPTION_ARG_NONE, &no_plots, "Write the figures' data only", NULL},
        {"theme", 0, 0, G_OPTION_ARG_FILENAME, &arguments.theme_text,
         "Of figures: light, dark, both", "WORD"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print one JSON object a scenario", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print what went wrong only", NULL},
        {"jobs", 'j', 0, G_OPTION_ARG_INT, &arguments.jobs, "Seeds at once; default: processors",
         "N"},
        G_OPTION_ENTRY_NULL};
    g_auto(GStrv) rest = NULL;
    ExitCode code;
    (void)argc;
    if (command_options(&run_command, entries, argv, &rest, &code)) {
        arguments.has_no_plots = no_plots;
        arguments.wants_json = json;
        arguments.is_quiet = quiet;
        if (check_arguments(&arguments, &code))
            code = run_all(&arguments, rest + 1);
    }
    run_arguments_clear(&arguments);
    return code;
}

const Command run_command = {
    .name = "run",
    .arguments = "SCENARIO…",
    .about = "Run scenarios; print what happened and leave a run directory.",
    .details = "SCENARIO is a file, the name of a shipped scenario, or - for standard input.\n"
               "Exit codes: 0 all expectations held, 1 error, 2 usage or scenario, 3 an "
               "expectation failed, 4 inconclusive, 130 interrupted.",
    .run = run_verb,
};
