#include "sim/cmd/figures.h"

#include "sim/cmd/figure_budget.h"
#include "sim/cmd/figure_data.h"
#include "sim/cmd/figure_lanes.h"
#include "sim/cmd/library.h"

#include <string.h>

const char *const figure_names[] = {"incident", "pops",  "retries", "cache",
                                    "versions", "lanes", "budget",  NULL};

static const char *const data_names[] = {"run.tsv",
                                         "events.tsv",
                                         "phases.tsv",
                                         "incident.tsv",
                                         "incident_causes.tsv",
                                         "incident_watched.tsv",
                                         "pops.tsv",
                                         "pops_rows.tsv",
                                         "retries.tsv",
                                         "cache.tsv",
                                         "cache_marks.tsv",
                                         "versions.tsv",
                                         "versions_names.tsv",
                                         "versions_marks.tsv",
                                         "lanes.tsv",
                                         "lanes_span.tsv",
                                         "lanes_heat.tsv",
                                         "lanes_bars.tsv",
                                         "lanes_marks.tsv",
                                         "budget.tsv",
                                         "budget_about.tsv",
                                         "budget_windows.tsv",
                                         "budget_observers.tsv",
                                         "budget_alerts.tsv",
                                         "budget_marks.tsv"};
static const char *const suffixes[] = {".gp", "-light.png", "-dark.png", "-light.svg", "-dark.svg"};

GPtrArray *
figures_file_names(void)
{
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(names, g_strdup("style.gp"));
    for (guint i = 0; i < G_N_ELEMENTS(data_names); i++)
        g_ptr_array_add(names, g_strdup(data_names[i]));
    for (guint i = 0; figure_names[i]; i++)
        for (guint s = 0; s < G_N_ELEMENTS(suffixes); s++)
            g_ptr_array_add(names, g_strconcat(figure_names[i], suffixes[s], NULL));
    return names;
}

/* Figures that only some runs have something for. */
static bool
has_something(const Result *result, const char *figure)
{
    if (strcmp(figure, "cache") == 0)
        return figure_data_has_cache(result);
    if (strcmp(figure, "versions") == 0)
        return result->scenario->spec.configs.n > 0;
    if (strcmp(figure, "lanes") == 0)
        return figure_has_lanes(result);
    if (strcmp(figure, "budget") == 0)
        return figure_has_budget(result);
    return true;
}

GPtrArray *
figures_of(const Result *result)
{
    GPtrArray *names = g_ptr_array_new();
    for (guint i = 0; figure_names[i]; i++)
        if (has_something(result, figure_names[i]))
            g_ptr_array_add(names, (char *)figure_names[i]);
    return names;
}

static bool
copy_file(const char *name, const char *from_folder, const char *to_folder, GError **error)
{
    char *text;
    gsize length;
    g_autofree char *from = g_build_filename(from_folder, name, NULL);
    g_autofree char *to = g_build_filename(to_folder, name, NULL);
    if (!g_file_get_contents(from, &text, &length, error))
        return false;
    bool ok = g_file_set_contents_full(to, text, (gssize)length, G_FILE_SET_CONTENTS_CONSISTENT,
                                       0666, error);
    g_free(text);
    return ok;
}

bool
figures_copy_scripts(const GPtrArray *figures, const char *folder, GError **error)
{
    g_autofree char *scripts = library_folder("plots");
    if (!scripts) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT,
                    "the plot scripts are not there: expected them in share/blackstart/plots, or "
                    "BLACKSTART_DATA to name the directory that holds plots/");
        return false;
    }
    if (!copy_file("style.gp", scripts, folder, error))
        return false;
    for (guint i = 0; i < figures->len; i++) {
        g_autofree char *script = g_strconcat(figures->pdata[i], ".gp", NULL);
        if (!copy_file(script, scripts, folder, error))
            return false;
    }
    return true;
}

bool
figures_write(const Result *result, Rundir *rundir, GError **error)
{
    g_autoptr(GPtrArray) names = figures_of(result);
    for (guint i = 0; i < n_figure_data; i++) {
        const FigureData *data = &figure_data[i];
        g_autofree char *name = g_strconcat("plots/", data->name, NULL);
        if (data->figure &&
            !g_ptr_array_find_with_equal_func(names, data->figure, g_str_equal, NULL))
            continue;
        g_autoptr(GString) text = data->print(result);
        if (!rundir_write(rundir, name, text, error))
            return false;
    }
    return true;
}
