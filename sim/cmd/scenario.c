#include "sim/cmd/scenario.h"

#include "sim/cmd/library.h"
#include "sim/cmd/output.h"

#include <stdio.h>
#include <string.h>

static char *
find_path(const char *name, const char *library)
{
    if (strcmp(name, "-") == 0 || strchr(name, '/') || !library ||
        g_file_test(name, G_FILE_TEST_EXISTS))
        return g_strdup(name);
    g_autofree char *with_suffix = g_strconcat(name, ".yaml", NULL);
    const char *candidates[] = {name, with_suffix};
    for (guint i = 0; i < G_N_ELEMENTS(candidates); i++) {
        g_autofree char *path = g_build_filename(library, candidates[i], NULL);
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
            return g_steal_pointer(&path);
    }
    return g_strdup(name);
}

char *
scenario_stem(const char *path)
{
    if (strcmp(path, "-") == 0)
        return g_strdup("stdin");
    g_autofree char *base = g_path_get_basename(path);
    char *dot = strrchr(base, '.');
    if (dot && dot != base)
        *dot = 0;
    g_strcanon(base, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", '_');
    g_strdelimit(base, ".", '_');
    return *base ? g_steal_pointer(&base) : g_strdup("scenario");
}

/* A file of the network, relative to the scenario's directory. */
static char *
network_path(const Scenario *scenario, const char *file)
{
    bool is_here = strcmp(scenario->folder, ".") == 0;
    if (!file || g_path_is_absolute(file) || is_here)
        return g_strdup(file);
    return g_build_filename(scenario->folder, file, NULL);
}

static bool
load_network(Scenario *scenario)
{
    const NetworkSpec *network = &scenario->spec.network;
    g_autoptr(GError) error = NULL;
    g_autofree char *pops = network_path(scenario, network->pops);
    g_autofree char *metros = network_path(scenario, network->metros);
    if (geo_load(pops, metros, &scenario->geo, &error))
        return true;
    output_complain("%s", error->message);
    return false;
}

bool
scenario_print_messages(const Scenario *scenario)
{
    g_autoptr(GString) text = g_string_new(NULL);
    sim_messages_print(scenario->messages, output_has_colour(), text);
    fputs(text->str, stderr);
    return sim_messages_errors(scenario->messages) > 0;
}

static void
normalise(Scenario *scenario)
{
    GString *text = g_string_new(NULL);
    sim_fields_print_yaml(&spec_table, &scenario->spec, text);
    scenario->normalised = g_string_free(text, FALSE);
    scenario->hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, scenario->normalised, -1);
}

Scenario *
scenario_load(const char *name, char **set, ExitCode *ret_code)
{
    return scenario_load_in(name, NULL, set, ret_code);
}

Scenario *
scenario_load_in(const char *name, const char *folder, char **set, ExitCode *ret_code)
{
    g_autoptr(Scenario) scenario = g_new0(Scenario, 1);
    g_autofree char *library = library_folder("scenarios");
    SimDocumentOptions options = {.set = (const char *const *)set, .library = library};
    scenario->name = g_strdup(name);
    scenario->path = find_path(name, library);
    scenario->folder = folder ? g_strdup(folder) : g_path_get_dirname(scenario->path);
    scenario->stem = scenario_stem(scenario->path);
    scenario->messages = sim_messages_new();
    scenario->document = sim_document_load(scenario->path, &options, scenario->messages);
    *ret_code = CODE_USAGE;
    if (sim_document_root(scenario->document))
        scenario->fields = sim_fields_read(&spec_table, sim_document_root(scenario->document),
                                           &scenario->spec, scenario->messages);
    if (sim_messages_errors(scenario->messages) > 0 || !scenario->fields) {
        scenario_print_messages(scenario);
        return NULL;
    }
    if (!load_network(scenario))
        return NULL;
    normalise(scenario);
    return g_steal_pointer(&scenario);
}

void
scenario_free(Scenario *scenario)
{
    if (!scenario)
        return;
    geo_free(scenario->geo);
    if (scenario->fields)
        sim_fields_free(scenario->fields);
    sim_document_free(scenario->document);
    sim_messages_free(scenario->messages);
    g_free(scenario->name);
    g_free(scenario->path);
    g_free(scenario->folder);
    g_free(scenario->stem);
    g_free(scenario->normalised);
    g_free(scenario->hash);
    g_free(scenario);
}
