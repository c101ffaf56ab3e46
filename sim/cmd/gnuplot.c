#include "sim/cmd/gnuplot.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN_MAX = 64, SECONDS_MAX = 120 };

typedef struct Drawing Drawing;

/* One picture being drawn. */
typedef struct Child {
    ev_child on_exit;
    ev_timer on_time_up;
    Drawing *drawing;
    char *picture; /* incident-light.png */
    char *log;     /* what gnuplot says goes here */
    bool is_running, is_late;
} Child;

struct Drawing {
    const GnuplotJob *job;
    Interrupt *interrupt;
    char *program;
    GPtrArray *waiting; /* pictures not yet begun, as "figure\ttheme\tformat" */
    guint next, running, most;
    Child children[CHILDREN_MAX];
    GString *complaint;
};

static void start_more(Drawing *drawing);

static const char *const themes[] = {"light", "dark"};
static const char *const formats[] = {"png", "svg"};

static bool
choose(const char *word, const char *const *words, GnuplotChoice *ret)
{
    for (guint i = 0; i < 2; i++)
        if (strcmp(word, words[i]) == 0) {
            *ret = i ? GNUPLOT_SECOND : GNUPLOT_FIRST;
            return true;
        }
    if (strcmp(word, "both") != 0)
        return false;
    *ret = GNUPLOT_BOTH;
    return true;
}

bool
gnuplot_theme(const char *word, GnuplotChoice *ret)
{
    return choose(word, themes, ret);
}

bool
gnuplot_format(const char *word, GnuplotChoice *ret)
{
    return choose(word, formats, ret);
}

static void
complain(Drawing *drawing, const char *picture, const char *why)
{
    g_string_append_printf(drawing->complaint, "%s%s: %s", drawing->complaint->len ? "; " : "",
                           picture, why);
}

/* The last line that gnuplot wrote, which says what stopped it; warnings come before. */
static char *
last_words(const char *log)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents(log, &text, NULL, NULL))
        return g_strdup("no message");
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    const char *found = "no message";
    for (guint i = 0; lines[i]; i++)
        if (*g_strstrip(lines[i]))
            found = lines[i];
    return g_utf8_make_valid(found, -1);
}

static void
judge_exit(Child *child, int status)
{
    Drawing *drawing = child->drawing;
    g_autofree char *path = g_build_filename(drawing->job->folder, child->picture, NULL);
    bool is_good =
        WIFEXITED(status) && WEXITSTATUS(status) == 0 && g_file_test(path, G_FILE_TEST_IS_REGULAR);
    if (is_good)
        return;
    g_unlink(path);
    if (drawing->interrupt->is_asked)
        return;
    if (child->is_late)
        complain(drawing, child->picture, "gnuplot took more than two minutes");
    else if (WIFSIGNALED(status))
        complain(drawing, child->picture, "gnuplot was killed");
    else {
        g_autofree char *why = last_words(child->log);
        complain(drawing, child->picture, why);
    }
}

static void
on_child_exit(struct ev_loop *loop, ev_child *watcher, int events)
{
    Child *child = watcher->data;
    (void)events;
    ev_child_stop(loop, watcher);
    ev_timer_stop(loop, &child->on_time_up);
    judge_exit(child, watcher->rstatus);
    g_unlink(child->log);
    g_clear_pointer(&child->picture, g_free);
    g_clear_pointer(&child->log, g_free);
    child->is_running = false;
    child->drawing->running--;
    start_more(child->drawing);
}

static void
on_time_up(struct ev_loop *loop, ev_timer *watcher, int events)
{
    Child *child = watcher->data;
    (void)loop;
    (void)events;
    child->is_late = true;
    kill(child->on_exit.pid, SIGKILL);
}

static void
in_child(gpointer log)
{
    int file = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    if (file >= 0)
        dup2(file, STDERR_FILENO);
}

static bool
spawn(Child *child, char **arguments)
{
    GPid pid;
    g_autoptr(GError) error = NULL;
    GSpawnFlags flags = G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL;
    if (!g_spawn_async(child->drawing->job->folder, arguments, NULL, flags, in_child, child->log,
                       &pid, &error)) {
        complain(child->drawing, child->picture, error->message);
        return false;
    }
    ev_child_init(&child->on_exit, on_child_exit, pid, 0);
    ev_timer_init(&child->on_time_up, on_time_up, SECONDS_MAX, 0);
    child->on_exit.data = child->on_time_up.data = child;
    ev_child_start(child->drawing->interrupt->loop, &child->on_exit);
    ev_timer_start(child->drawing->interrupt->loop, &child->on_time_up);
    return true;
}

static void
start_one(Drawing *drawing, Child *child, const char *order)
{
    g_auto(GStrv) words = g_strsplit(order, "\t", 3);
    g_autofree char *setting = g_strdup_printf("theme='%s'; format='%s'", words[1], words[2]);
    g_autofree char *script = g_strconcat(words[0], ".gp", NULL);
    char *arguments[] = {drawing->program, (char *)"-e", setting, script, NULL};
    child->drawing = drawing;
    child->is_late = false;
    child->picture = g_strdup_printf("%s-%s.%s", words[0], words[1], words[2]);
    child->log = g_strdup_printf("%s/.%s.log", drawing->job->folder, child->picture);
    child->is_running = spawn(child, arguments);
    drawing->running += child->is_running;
    if (!child->is_running) {
        g_clear_pointer(&child->picture, g_free);
        g_clear_pointer(&child->log, g_free);
    }
}

static void
start_more(Drawing *drawing)
{
    while (drawing->running < drawing->most && drawing->next < drawing->waiting->len &&
           !drawing->interrupt->is_asked)
        for (guint i = 0; i < drawing->most; i++)
            if (!drawing->children[i].is_running) {
                start_one(drawing, &drawing->children[i], drawing->waiting->pdata[drawing->next++]);
                break;
            }
}

static void
end_children(Drawing *drawing)
{
    for (guint i = 0; i < drawing->most; i++)
        if (drawing->children[i].is_running)
            kill(drawing->children[i].on_exit.pid, SIGTERM);
}

static void
list_pictures(Drawing *drawing)
{
    for (guint f = 0; f < drawing->job->figures->len; f++)
        for (guint t = 0; t < 2; t++)
            for (guint k = 0; k < 2; k++)
                if ((drawing->job->themes & (1u << t)) && (drawing->job->formats & (1u << k)))
                    g_ptr_array_add(drawing->waiting,
                                    g_strdup_printf("%s\t%s\t%s",
                                                    (char *)drawing->job->figures->pdata[f],
                                                    themes[t], formats[k]));
}

bool
gnuplot_draw(const GnuplotJob *job, Interrupt *interrupt, char **ret_complaint)
{
    g_autofree char *program = g_find_program_in_path("gnuplot");
    if (!program) {
        *ret_complaint = g_strdup("gnuplot is not installed (Debian: gnuplot-nox)");
        return false;
    }
    Drawing *drawing = g_new0(Drawing, 1);
    drawing->job = job;
    drawing->interrupt = interrupt;
    drawing->program = program;
    drawing->waiting = g_ptr_array_new_with_free_func(g_free);
    drawing->most = CLAMP(g_get_num_processors(), 1, CHILDREN_MAX);
    drawing->complaint = g_string_new(NULL);
    list_pictures(drawing);
    start_more(drawing);
    while (drawing->running > 0) {
        ev_run(interrupt->loop, EVRUN_ONCE);
        if (interrupt->is_asked)
            end_children(drawing);
    }
    bool ok = drawing->complaint->len == 0;
    *ret_complaint = g_string_free(drawing->complaint, ok);
    g_ptr_array_free(drawing->waiting, TRUE);
    g_free(drawing);
    return ok;
}
