/*
 * command.h - the verbs of the command line: one table that dispatches, prints
 * help and answers `list verbs`.
 *
 * A verb gets its own arguments (argv[0] is its name), reads its options with
 * command_options, prints results with output.h, and returns an exit code.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum ExitCode {
    CODE_HELD = 0,         /* every expectation held, or nothing was expected */
    CODE_ERROR = 1,        /* files, disks, programs, our own bugs */
    CODE_USAGE = 2,        /* options, or the scenario */
    CODE_FAILED = 3,       /* an expectation failed */
    CODE_INCONCLUSIVE = 4, /* a fault never bit, or a figure could not be judged */
    CODE_REGRESSION = 5,
    CODE_INTERRUPTED = 130
} ExitCode;

typedef struct Command {
    const char *name, *arguments, *about;
    const char *details; /* below the options in --help; may be NULL */
    ExitCode (*run)(int argc, char **argv);
    bool is_hidden;
} Command;

extern const Command check_command, run_command, plot_command, explain_command, replay_command;
extern const Command list_command, schema_command, worker_command;
extern const Command *const commands[]; /* NULL-terminated, in the order of help */

/* Reads options into the places that entries name and leaves the other arguments, after argv[0], in
 * a new vector that the caller frees.  False: the verb ends with *ret_code, all being said. */
bool command_options(const Command *command, const GOptionEntry *entries, char **argv,
                     char ***ret_rest, ExitCode *ret_code);
/* Says what is wrong and where help is; returns CODE_USAGE. */
ExitCode command_misused(const Command *command, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The worse of two results, for verbs that do several things. */
ExitCode command_worse(ExitCode a, ExitCode b);
