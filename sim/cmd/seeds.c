#include "sim/cmd/seeds.h"

#include "sim/cmd/ensemble.h"
#include "sim/cmd/json.h"
#include "sim/cmd/output.h"
#include "sim/cmd/progress.h"
#include "sim/cmd/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN_MAX = 256, BROKEN_MAX = 5, LINE_MAX_BYTES = 1 << 20 };

typedef struct Sweep Sweep;

/* One seed being run. */
typedef struct Child {
    ev_child on_exit;
    ev_io on_output;
    Sweep *sweep;
    guint index; /* of the seed */
    GString *line;
    bool is_running, has_ended, has_closed;
} Child;

struct Sweep {
    const RunArguments *arguments;
    const Scenario *scenario;
    Interrupt *interrupt;
    GArray *seeds;
    char **lines; /* [seed] its JSON; NULL: not done, or failed */
    guint next, running, most, n_done, n_broken;
    Progress progress;
    Child *children;
};

/* seeds ------------------------------------------------------------------------------------- */

static int
by_number(gconstpointer left, gconstpointer right)
{
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static bool
add_range(GArray *seeds, const char *text)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 3);
    guint n = g_strv_length(ends);
    guint64 first, last;
    if (n < 1 || n > 2 || !g_ascii_string_to_unsigned(ends[0], 10, 0, INT64_MAX, &first, NULL) ||
        !g_ascii_string_to_unsigned(ends[n - 1], 10, 0, INT64_MAX, &last, NULL) || last < first ||
        last - first >= SEEDS_MAX || seeds->len + (last - first) >= SEEDS_MAX)
        return false;
    for (uint64_t seed = first; seed <= last; seed++)
        g_array_append_val(seeds, seed);
    return true;
}

GArray *
seeds_parse(const char *text)
{
    g_autoptr(GArray) seeds = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (guint i = 0; parts[i]; i++)
        if (!add_range(seeds, parts[i]))
            return NULL;
    if (seeds->len == 0)
        return NULL;
    g_array_sort(seeds, by_number);
    guint n = 1;
    for (guint i = 1; i < seeds->len; i++)
        if (g_array_index(seeds, uint64_t, i) != g_array_index(seeds, uint64_t, n - 1))
            g_array_index(seeds, uint64_t, n++) = g_array_index(seeds, uint64_t, i);
    g_array_set_size(seeds, n);
    return g_steal_pointer(&seeds);
}

/* children ---------------------------------------------------------------------------------- */

static void start_more(Sweep *sweep);

static void
finish_child(Child *child)
{
    Sweep *sweep = child->sweep;
    int status = child->on_exit.rstatus;
    bool is_run = WIFEXITED(status) && WEXITSTATUS(status) != CODE_ERROR &&
                  WEXITSTATUS(status) != CODE_USAGE && WEXITSTATUS(status) != CODE_INTERRUPTED;
    if (!child->has_ended || !child->has_closed)
        return;
    if (is_run && child->line->len > 0 && child->line->str[child->line->len - 1] == '\n') {
        sweep->lines[child->index] = g_strdup(child->line->str);
        sweep->n_done++;
    } else if (!sweep->interrupt->is_asked) {
        uint64_t seed = g_array_index(sweep->seeds, uint64_t, child->index);
        output_complain("seed %" G_GUINT64_FORMAT " came to nothing: %s", seed,
                        WIFSIGNALED(status) ? "its process was killed" : "see above");
        sweep->n_broken++;
    }
    g_string_free(child->line, TRUE);
    child->is_running = false;
    sweep->running--;
    progress_show(&sweep->progress, (double)(sweep->n_done + sweep->n_broken) / sweep->seeds->len);
    start_more(sweep);
}

static void
on_output(struct ev_loop *loop, ev_io *watcher, int events)
{
    Child *child = watcher->data;
    char bytes[4096];
    (void)events;
    ssize_t n = read(watcher->fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (n > 0 && child->line->len < LINE_MAX_BYTES) {
        g_string_append_len(child->line, bytes, n);
        return;
    }
    ev_io_stop(loop, watcher);
    close(watcher->fd);
    child->has_closed = true;
    finish_child(child);
}

static void
on_child_exit(struct ev_loop *loop, ev_child *watcher, int events)
{
    Child *child = watcher->data;
    (void)events;
    ev_child_stop(loop, watcher);
    child->has_ended = true;
    finish_child(child);
}

static void
in_child(gpointer nothing)
{
    (void)nothing;
    signal(SIGPIPE, SIG_DFL);
}

static GPtrArray *
worker_command_line(const Sweep *sweep, uint64_t seed)
{
    const RunArguments *arguments = sweep->arguments;
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(words, g_file_read_link("/proc/self/exe", NULL));
    g_ptr_array_add(words, g_strdup("worker"));
    g_ptr_array_add(words, g_strdup_printf("--seed=%" G_GUINT64_FORMAT, seed));
    if (arguments->until_text)
        g_ptr_array_add(words, g_strconcat("--until=", arguments->until_text, NULL));
    if (arguments->plane_text)
        g_ptr_array_add(words, g_strconcat("--plane=", arguments->plane_text, NULL));
    if (arguments->sample_pops > 0)
        g_ptr_array_add(words, g_strdup_printf("--sample-pops=%d", arguments->sample_pops));
    for (guint i = 0; arguments->set && arguments->set[i]; i++)
        g_ptr_array_add(words, g_strconcat("--set=", arguments->set[i], NULL));
    g_ptr_array_add(words, g_strdup("--"));
    g_ptr_array_add(words, g_strdup(sweep->scenario->path));
    g_ptr_array_add(words, NULL);
    return words;
}

static bool
start_one(Sweep *sweep, Child *child, guint index)
{
    GPid pid;
    int output;
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) words =
        worker_command_line(sweep, g_array_index(sweep->seeds, uint64_t, index));
    if (!g_spawn_async_with_pipes(NULL, (char **)words->pdata, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                  in_child, NULL, &pid, NULL, &output, NULL, &error)) {
        output_complain("cannot start a worker: %s", error->message);
        sweep->n_broken++;
        return false;
    }
    *child =
        (Child){.sweep = sweep, .index = index, .line = g_string_new(NULL), .is_running = true};
    ev_child_init(&child->on_exit, on_child_exit, pid, 0);
    ev_io_init(&child->on_output, on_output, output, EV_READ);
    child->on_exit.data = child->on_output.data = child;
    ev_child_start(sweep->interrupt->loop, &child->on_exit);
    ev_io_start(sweep->interrupt->loop, &child->on_output);
    sweep->running++;
    return true;
}

static void
start_more(Sweep *sweep)
{
    for (guint i = 0; i < sweep->most && sweep->next < sweep->seeds->len; i++)
        if (!sweep->children[i].is_running && !sweep->interrupt->is_asked &&
            sweep->n_broken < BROKEN_MAX)
            start_one(sweep, &sweep->children[i], sweep->next++);
}

static void
run_children(Sweep *sweep)
{
    bool is_ending = false;
    start_more(sweep);
    while (sweep->running > 0) {
        ev_run(sweep->interrupt->loop, EVRUN_ONCE);
        if (!sweep->interrupt->is_asked || is_ending)
            continue;
        is_ending = true;
        for (guint i = 0; i < sweep->most; i++)
            if (sweep->children[i].is_running)
                kill(sweep->children[i].on_exit.pid, SIGTERM);
    }
}

/* results ----------------------------------------------------------------------------------- */

static bool
write_all(const Sweep *sweep, const Ensemble *ensemble, const char *summary, Rundir *rundir,
          GError **error)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    g_autoptr(GString) page = g_string_new(summary);
    g_autoptr(GString) scenario = g_string_new(sweep->scenario->normalised);
    g_autoptr(GString) object = g_string_new(NULL);
    g_autoptr(GString) manifest = g_string_new(NULL);
    for (guint i = 0; i < sweep->seeds->len; i++)
        if (sweep->lines[i])
            g_string_append(lines, sweep->lines[i]);
    Json json = {.out = object};
    ensemble_json(ensemble, &json);
    Json about = {.out = manifest};
    json_open(&about, NULL, '{');
    json_text(&about, "blackstart", BLACKSTART_VERSION);
    json_text(&about, "scenario", sweep->scenario->name);
    json_text(&about, "title", sweep->scenario->spec.title);
    json_text(&about, "hash", sweep->scenario->hash);
    json_text(&about, "seeds", sweep->arguments->seeds_text);
    json_integer(&about, "done", sweep->n_done);
    json_bool(&about, "interrupted", sweep->interrupt->is_asked);
    json_close(&about, '}');
    return rundir_write(rundir, "seeds.jsonl", lines, error) &&
           rundir_write(rundir, "scenario.yaml", scenario, error) &&
           rundir_write(rundir, "summary.txt", page, error) &&
           rundir_write(rundir, "summary.json", object, error) &&
           rundir_write(rundir, "manifest.json", manifest, error) && rundir_publish(rundir, error);
}

static ExitCode
report(const Sweep *sweep, Rundir *rundir)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Ensemble) ensemble = ensemble_new(sweep->scenario, sweep->lines, sweep->seeds->len);
    g_autofree char *summary = ensemble_text(ensemble, rundir_path(rundir));
    ExitCode code = ensemble_code(ensemble);
    if (sweep->n_broken)
        code = command_worse(code, CODE_ERROR);
    if (sweep->interrupt->is_asked)
        code = CODE_INTERRUPTED;
    if (!write_all(sweep, ensemble, summary, rundir, &error)) {
        output_complain("%s", error->message);
        code = command_worse(code, CODE_ERROR);
    }
    g_autoptr(GString) text = g_string_new(NULL);
    Json json = {.out = text};
    if (sweep->arguments->wants_json)
        ensemble_json(ensemble, &json);
    else if (!sweep->arguments->is_quiet)
        g_string_append(text, summary);
    return output_print(text->str) ? code : command_worse(code, CODE_ERROR);
}

static Rundir *
open_directory(const RunArguments *arguments, const Scenario *scenario, GError **error)
{
    g_autofree char *folder = g_strconcat(scenario->stem, "-seeds", NULL);
    g_autofree char *several =
        g_build_filename(arguments->out ? arguments->out : "runs", folder, NULL);
    bool is_own = arguments->out && arguments->n_scenarios == 1;
    return rundir_open(is_own ? arguments->out : several, error);
}

ExitCode
seeds_run(const RunArguments *arguments, const char *name, Interrupt *interrupt)
{
    ExitCode code;
    g_autoptr(GError) error = NULL;
    g_autoptr(GArray) seeds = seeds_parse(arguments->seeds_text);
    if (!seeds || arguments->has_seed)
        return command_misused(&run_command,
                               seeds ? "--seed and --seeds are both given: expected one"
                                     : "'%s' names no seeds: expected ranges such as 1-200,7",
                               arguments->seeds_text);
    if (strcmp(name, "-") == 0)
        return command_misused(&run_command,
                               "--seeds reads the scenario many times: expected a file, not -");
    g_autoptr(Scenario) scenario = scenario_load(name, arguments->set, &code);
    if (!scenario)
        return code;
    g_autoptr(Run) trial = run_prepare(arguments, scenario);
    if (!trial)
        return CODE_USAGE;
    g_clear_pointer(&trial, run_free);
    g_autoptr(Rundir) rundir = open_directory(arguments, scenario, &error);
    if (!rundir) {
        output_complain("%s", error->message);
        return CODE_ERROR;
    }
    guint jobs = arguments->jobs > 0 ? (guint)arguments->jobs : g_get_num_processors();
    Sweep sweep = {.arguments = arguments,
                   .scenario = scenario,
                   .interrupt = interrupt,
                   .seeds = seeds,
                   .most = CLAMP(jobs, 1, CHILDREN_MAX)};
    sweep.lines = g_new0(char *, seeds->len + 1);
    sweep.children = g_new0(Child, sweep.most);
    progress_start(&sweep.progress, scenario->stem, arguments->is_quiet);
    run_children(&sweep);
    progress_stop(&sweep.progress);
    code = report(&sweep, rundir);
    for (guint i = 0; i < seeds->len; i++)
        g_free(sweep.lines[i]);
    g_free(sweep.lines);
    g_free(sweep.children);
    return code;
}
