#include "sim/cmd/rerun.h"

#include "sim/cmd/output.h"
#include "sim/cmd/rundir.h"
#include "sim/quantity.h"

#include <string.h>

/* A manifest is JSON, which is YAML too. */
static const char *
read_text(const SimNode *manifest, const char *key)
{
    const SimNode *node = sim_node_get(manifest, key);
    return node && node->kind == SIM_NODE_SCALAR ? node->scalar : "";
}

static bool
read_number(const SimNode *manifest, const char *key, guint64 most, guint64 *ret)
{
    return g_ascii_string_to_unsigned(read_text(manifest, key), 10, 0, most, ret, NULL);
}

static bool
read_manifest(Rerun *rerun, const SimNode *manifest)
{
    guint64 seed, sample_pops;
    RunArguments *arguments = &rerun->arguments;
    arguments->is_quiet = true;
    arguments->plane_text = g_strdup(read_text(manifest, "plane"));
    arguments->until_text = g_strdup(read_text(manifest, "until"));
    rerun->name = g_strdup(read_text(manifest, "scenario"));
    rerun->digest = g_strdup(read_text(manifest, "digest"));
    rerun->command = g_strdup(read_text(manifest, "command"));
    if (!read_number(manifest, "seed", INT64_MAX, &seed) ||
        !read_number(manifest, "sample_pops", GEO_POPS_MAX, &sample_pops) ||
        !run_read_plane(arguments) ||
        !sim_quantity_duration(arguments->until_text, &arguments->until))
        return false;
    arguments->seed = seed;
    arguments->has_seed = true;
    arguments->sample_pops = (int)sample_pops;
    return true;
}

/* Says what is wrong with it, if something is. */
static bool
is_usable(const Rerun *rerun, const char *directory, const SimNode *manifest, bool is_whole)
{
    const char *version = read_text(manifest, "blackstart");
    if (strcmp(read_text(manifest, "plane"), run_plane_names[RUN_FLOW]) == 0) {
        output_complain("%s: was run on the flow plane, which has rates and no single requests: "
                        "expected a run with --plane request; made by `%s`",
                        directory, rerun->command);
        return false;
    }
    if (!is_whole) {
        output_complain(
            "%s: its manifest does not say how to make the run again: expected one that "
            "`blackstart run` of this version left",
            directory);
        return false;
    }
    if (strcmp(version, BLACKSTART_VERSION) != 0)
        output_complain("%s: was made by version %s; this is %s, whose run may differ", directory,
                        version, BLACKSTART_VERSION);
    return true;
}

static bool
load_scenario(Rerun *rerun, const char *directory, const SimNode *manifest, ExitCode *ret_code)
{
    g_autofree char *path = g_build_filename(directory, "scenario.yaml", NULL);
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        output_complain("%s: holds no scenario.yaml: expected the directory of a single run",
                        directory);
        *ret_code = CODE_USAGE;
        return false;
    }
    rerun->scenario = scenario_load_in(path, read_text(manifest, "folder"), NULL, ret_code);
    if (!rerun->scenario)
        return false;
    if (strcmp(rerun->scenario->hash, read_text(manifest, "hash")) != 0)
        output_complain("%s: is not as it was when the run was made: this is another run", path);
    return true;
}

Rerun *
rerun_load(const char *directory, ExitCode *ret_code)
{
    g_autoptr(Rerun) rerun = g_new0(Rerun, 1);
    g_autofree char *path = g_build_filename(directory, "manifest.json", NULL);
    const SimDocumentOptions options = {.set = NULL};
    *ret_code = CODE_USAGE;
    if (!rundir_is_run(directory)) {
        output_complain("%s: is no run directory: expected one that `blackstart run` left",
                        directory);
        return NULL;
    }
    SimMessages *messages = sim_messages_new();
    g_autoptr(SimDocument) document = sim_document_load(path, &options, messages);
    const SimNode *manifest = sim_document_root(document);
    bool is_whole = manifest && sim_messages_errors(messages) == 0 &&
                    manifest->kind == SIM_NODE_MAPPING && read_manifest(rerun, manifest);
    sim_messages_free(messages);
    if (!manifest || manifest->kind != SIM_NODE_MAPPING) {
        output_complain("%s: is no manifest", path);
        return NULL;
    }
    if (!is_usable(rerun, directory, manifest, is_whole) ||
        !load_scenario(rerun, directory, manifest, ret_code))
        return NULL;
    return g_steal_pointer(&rerun);
}

void
rerun_free(Rerun *rerun)
{
    if (!rerun)
        return;
    run_arguments_clear(&rerun->arguments);
    scenario_free(rerun->scenario);
    g_free(rerun->name);
    g_free(rerun->digest);
    g_free(rerun->command);
    g_free(rerun);
}
