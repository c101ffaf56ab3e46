#include "sim/cmd/command.h"
#include "sim/cmd/json.h"
#include "sim/cmd/output.h"
#include "sim/cmd/progress.h"
#include "sim/cmd/rerun.h"
#include "sim/cmd/shortlist.h"
#include "sim/cmd/story_text.h"

#include <string.h>

enum { OF_EACH_DEFAULT = 3, OF_EACH_MAX = 1000 };

typedef struct Arguments {
    char *request_text, *outcome_text, *slowest_text;
    bool wants_json, is_quiet;
    uint64_t request; /* 0: a list */
    uint32_t of_each;
    Outcome outcome; /* OUTCOME_NONE: all */
} Arguments;

/* To its end, or till the story is told; false: Ctrl-C came first. */
static bool
drive(Run *run, const Story *story, const Arguments *arguments, const char *name)
{
    Progress progress;
    Interrupt interrupt;
    SimTime duration = run_duration(run), now = 0;
    interrupt_start(&interrupt);
    progress_start(&progress, name, arguments->is_quiet);
    while (now < duration && !(story && story_is_told(story, now)) &&
           !interrupt_is_asked(&interrupt)) {
        now = MIN(now + SIM_SECOND, duration);
        run_advance(run, now);
        progress_show(&progress, sim_seconds(now) / sim_seconds(duration));
    }
    progress_stop(&progress);
    bool is_asked = interrupt.is_asked;
    interrupt_stop(&interrupt);
    return !is_asked;
}

static Run *
prepare(Rerun *rerun, RequestLog *log)
{
    rerun->arguments.log = log;
    return run_prepare(&rerun->arguments, rerun->scenario);
}

/* A whole run must have come to the same end. */
static void
compare(Run *run, const Rerun *rerun)
{
    run_finish(run);
    g_autofree char *digest =
        g_strdup_printf("%016" G_GINT64_MODIFIER "x", sim_digest(run_sim(run)));
    if (strcmp(digest, rerun->digest) != 0)
        output_complain("the run is not the one of the directory: its digest is %s, not %s; was it "
                        "interrupted, or another version?",
                        digest, rerun->digest);
}

static ExitCode
print_story(Story *story, const Run *run, const Rerun *rerun, const Arguments *arguments)
{
    if (!arguments->wants_json) {
        g_autofree char *text = story_text(story, run, &rerun->scenario->spec);
        return output_print(text) ? CODE_HELD : CODE_ERROR;
    }
    g_autoptr(GString) out = g_string_new(NULL);
    Json json = {.out = out};
    json_open(&json, NULL, '{');
    json_text(&json, "scenario", rerun->name);
    story_json(&json, story, run, &rerun->scenario->spec);
    json_close(&json, '}');
    return output_print(out->str) ? CODE_HELD : CODE_ERROR;
}

static ExitCode
tell(Rerun *rerun, const Arguments *arguments)
{
    g_autoptr(Story) story = story_new(arguments->request);
    g_autoptr(Run) run = prepare(rerun, story_log(story));
    if (!run)
        return CODE_USAGE;
    bool is_whole = drive(run, story, arguments, rerun->scenario->stem);
    if (story_is_found(story)) {
        ExitCode code = print_story(story, run, rerun, arguments);
        return is_whole ? code : command_worse(code, CODE_INTERRUPTED);
    }
    if (!is_whole)
        return CODE_INTERRUPTED;
    compare(run, rerun);
    output_complain("this run has no request %" G_GUINT64_FORMAT
                    ": expected a number up to %" G_GUINT64_FORMAT
                    ", of which some are not used; without --request there is a list",
                    arguments->request, story_highest(story));
    return CODE_USAGE;
}

static ExitCode
list(Rerun *rerun, const Arguments *arguments, const char *directory)
{
    g_autoptr(Shortlist) shortlist = shortlist_new(arguments->of_each, arguments->outcome);
    g_autoptr(Run) run = prepare(rerun, shortlist_log(shortlist));
    const Spec *spec = &rerun->scenario->spec;
    g_autoptr(GString) out = g_string_new(NULL);
    if (!run)
        return CODE_USAGE;
    bool is_whole = drive(run, NULL, arguments, rerun->scenario->stem);
    if (is_whole)
        compare(run, rerun);
    if (arguments->wants_json) {
        Json json = {.out = out};
        json_open(&json, NULL, '{');
        json_text(&json, "scenario", rerun->name);
        shortlist_json(&json, shortlist, run, spec);
        json_close(&json, '}');
    } else {
        g_autofree char *text = shortlist_text(shortlist, run, spec);
        g_string_append_printf(out,
                               "%s\n`blackstart explain %s --request NUMBER` tells the story.\n",
                               text, directory);
    }
    ExitCode code = is_whole ? CODE_HELD : CODE_INTERRUPTED;
    return output_print(out->str) ? code : CODE_ERROR;
}

static bool
read_outcome(Arguments *arguments)
{
    arguments->outcome = OUTCOME_NONE;
    for (guint i = 0; i < OUTCOME_COUNT && arguments->outcome_text; i++)
        if (strcmp(arguments->outcome_text, outcome_names[i]) == 0)
            arguments->outcome = (Outcome)i;
    return !arguments->outcome_text || arguments->outcome != OUTCOME_NONE;
}

static bool
read_count(const char *text, guint64 most, guint64 *ret)
{
    return !text || g_ascii_string_to_unsigned(text, 10, 1, most, ret, NULL);
}

/* False: *ret_code is set and all has been said. */
static bool
check_arguments(Arguments *arguments, ExitCode *ret_code)
{
    guint64 request = 0, of_each = OF_EACH_DEFAULT;
    const Command *command = &explain_command;
    if (!read_count(arguments->request_text, INT64_MAX, &request))
        *ret_code = command_misused(command, "'%s' is no request: expected a number, 1 or more",
                                    arguments->request_text);
    else if (!read_count(arguments->slowest_text, OF_EACH_MAX, &of_each))
        *ret_code = command_misused(command, "'%s' is no number of requests: expected 1 to %d",
                                    arguments->slowest_text, OF_EACH_MAX);
    else if (!read_outcome(arguments))
        *ret_code = command_misused(command,
                                    "'%s' is no outcome: `blackstart list outcomes` names "
                                    "them",
                                    arguments->outcome_text);
    else if (request && (arguments->slowest_text || arguments->outcome_text))
        *ret_code = command_misused(command, "--request tells one story, --slowest and --outcome "
                                             "list many: expected one or the other");
    else {
        arguments->request = request;
        arguments->of_each = (uint32_t)of_each;
        return true;
    }
    return false;
}

static ExitCode
explain(const char *directory, const Arguments *arguments)
{
    ExitCode code;
    g_autoptr(Rerun) rerun = rerun_load(directory, &code);
    if (!rerun)
        return code;
    return arguments->request ? tell(rerun, arguments) : list(rerun, arguments, directory);
}

static ExitCode
run_verb(int argc, char **argv)
{
    Arguments arguments = {.of_each = OF_EACH_DEFAULT};
    gboolean json = FALSE, quiet = FALSE;
    const GOptionEntry entries[] = {
        {"request", 'r', 0, G_OPTION_ARG_FILENAME, &arguments.request_text,
         "Tell what became of it, hop by hop", "N"},
        {"slowest", 0, 0, G_OPTION_ARG_FILENAME, &arguments.slowest_text,
         "List so many requests of each kind; default 3", "N"},
        {"outcome", 0, 0, G_OPTION_ARG_FILENAME, &arguments.outcome_text,
         "List those with attempts that ended so: ok, 502, timeout, ...", "WORD"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Show no progress", NULL},
        G_OPTION_ENTRY_NULL};
    g_auto(GStrv) rest = NULL;
    ExitCode code;
    (void)argc;
    if (command_options(&explain_command, entries, argv, &rest, &code)) {
        arguments.wants_json = json;
        arguments.is_quiet = quiet;
        if (!rest[1] || rest[2])
            code = command_misused(&explain_command, "expected one run directory");
        else if (check_arguments(&arguments, &code))
            code = explain(rest[1], &arguments);
    }
    g_free(arguments.request_text);
    g_free(arguments.slowest_text);
    g_free(arguments.outcome_text);
    return code;
}

const Command explain_command = {
    .name = "explain",
    .arguments = "RUN",
    .about = "Tell what became of one request, hop by hop, and why.",
    .details = "RUN is a directory that `blackstart run --plane request` left. The run is made "
               "again, up to the end of the story.\n"
               "Without --request: requests worth a look. Numbers stand in access logs and traces, "
               "too.",
    .run = run_verb,
};
