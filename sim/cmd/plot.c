#include "sim/cmd/command.h"
#include "sim/cmd/figures.h"
#include "sim/cmd/gnuplot.h"
#include "sim/cmd/json.h"
#include "sim/cmd/output.h"

#include <string.h>

/* A figure is there when its own data file is. */
static bool
has_data(const char *folder, const char *figure)
{
    g_autofree char *name = g_strconcat(figure, ".tsv", NULL);
    g_autofree char *path = g_build_filename(folder, name, NULL);
    return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

/* NULL: it has none of these, which has been said. */
static GPtrArray *
figures_in(const char *folder, const char *wanted)
{
    g_autoptr(GPtrArray) figures = g_ptr_array_new();
    for (guint i = 0; figure_names[i]; i++)
        if (has_data(folder, figure_names[i]) && (!wanted || strcmp(wanted, figure_names[i]) == 0))
            g_ptr_array_add(figures, (char *)figure_names[i]);
    if (figures->len > 0)
        return g_steal_pointer(&figures);
    if (wanted && g_strv_contains(figure_names, wanted))
        output_complain("%s: this run has no data for the figure '%s'", folder, wanted);
    else if (wanted)
        output_complain("no figure is called '%s': expected incident, pops, retries, cache, "
                        "versions, lanes or budget",
                        wanted);
    else
        output_complain("%s: holds no data of figures", folder);
    return NULL;
}

static ExitCode
print_json(const char *folder, const GPtrArray *figures, const char *complaint, ExitCode code)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Json json = {.out = out};
    json_open(&json, NULL, '{');
    json_text(&json, "directory", folder);
    json_open(&json, "figures", '[');
    for (guint i = 0; i < figures->len; i++)
        json_text(&json, NULL, figures->pdata[i]);
    json_close(&json, ']');
    json_text(&json, "missing", complaint);
    json_close(&json, '}');
    return output_print(out->str) ? code : CODE_ERROR;
}

static ExitCode
draw(const char *run, const char *figure, GnuplotChoice themes, GnuplotChoice formats,
     bool wants_json)
{
    Interrupt interrupt;
    g_autofree char *folder = g_build_filename(run, "plots", NULL);
    g_autofree char *complaint = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) figures = NULL;
    if (!g_file_test(folder, G_FILE_TEST_IS_DIR)) {
        output_complain("%s: is no run directory with figures: expected one that `blackstart run` "
                        "left",
                        run);
        return CODE_USAGE;
    }
    figures = figures_in(folder, figure);
    if (!figures)
        return CODE_USAGE;
    if (!figures_copy_scripts(figures, folder, &error)) {
        output_complain("%s", error->message);
        return CODE_ERROR;
    }
    GnuplotJob job = {.folder = folder, .figures = figures, .themes = themes, .formats = formats};
    interrupt_start(&interrupt);
    bool ok = gnuplot_draw(&job, &interrupt, &complaint);
    interrupt_stop(&interrupt);
    if (!ok)
        output_complain("some figures are missing: %s", complaint);
    ExitCode code = interrupt.is_asked ? CODE_INTERRUPTED : ok ? CODE_HELD : CODE_ERROR;
    return wants_json ? print_json(folder, figures, complaint, code) : code;
}

static ExitCode
run_verb(int argc, char **argv)
{
    gboolean json = FALSE;
    g_autofree char *figure = NULL, *theme = NULL, *format = NULL;
    const GOptionEntry entries[] = {
        {"figure", 'f', 0, G_OPTION_ARG_FILENAME, &figure,
         "Only this one: incident, pops, retries, cache, versions, lanes, budget", "NAME"},
        {"theme", 0, 0, G_OPTION_ARG_FILENAME, &theme, "light (default), dark or both", "WORD"},
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &format, "png (default), svg or both", "WORD"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        G_OPTION_ENTRY_NULL};
    g_auto(GStrv) rest = NULL;
    GnuplotChoice themes = GNUPLOT_FIRST, formats = GNUPLOT_FIRST;
    ExitCode code;
    (void)argc;
    if (!command_options(&plot_command, entries, argv, &rest, &code))
        return code;
    if (!rest[1] || rest[2])
        return command_misused(&plot_command, "expected one run directory");
    if (theme && !gnuplot_theme(theme, &themes))
        return command_misused(&plot_command, "'%s' is no theme: expected light, dark or both",
                               theme);
    if (format && !gnuplot_format(format, &formats))
        return command_misused(&plot_command, "'%s' is no format: expected png, svg or both",
                               format);
    return draw(rest[1], figure, themes, formats, json);
}

const Command plot_command = {
    .name = "plot",
    .arguments = "RUN",
    .about = "Draw the figures of a run directory again.",
    .details = "RUN is a directory that `blackstart run` left. Pictures appear in RUN/plots, "
               "beside their data and scripts.",
    .run = run_verb,
};
