#include "sim/cmd/command.h"
#include "sim/cmd/output.h"

#include "sim/nearest.h"

#include <string.h>

static char *
help_text(void)
{
    GString *text = g_string_new("usage: blackstart VERB [OPTION…] [ARGUMENT…]\n\n"
                                 "Simulates an anycast edge network through an incident.\n\n");
    for (guint i = 0; commands[i]; i++)
        if (!commands[i]->is_hidden)
            g_string_append_printf(text, "  %-8s %s\n", commands[i]->name, commands[i]->about);
    g_string_append(text,
                    "\n`blackstart VERB --help` shows a verb's options, `blackstart list` what "
                    "there is.\n"
                    "Exit codes: 0 all expectations held, 1 error, 2 usage or scenario, 3 an "
                    "expectation failed,\n4 inconclusive, 130 interrupted.\n");
    return g_string_free(text, FALSE);
}

static ExitCode
complain_about_verb(const char *name)
{
    const char *names[32];
    uint32_t n = 0;
    for (guint i = 0; commands[i] && n < G_N_ELEMENTS(names); i++)
        if (!commands[i]->is_hidden)
            names[n++] = commands[i]->name;
    const char *nearest = sim_nearest(name, names, n);
    output_complain("there is no verb '%s'%s%s%s", name, nearest ? "; did you mean '" : "",
                    nearest ? nearest : ": `blackstart --help` names them all",
                    nearest ? "'?" : "");
    return CODE_USAGE;
}

int
main(int argc, char **argv)
{
    output_start();
    const char *name = argc > 1 ? argv[1] : "";
    bool wants_help =
        strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0;
    if (argc < 2 || wants_help) {
        g_autofree char *text = help_text();
        if (wants_help)
            return output_print(text) ? CODE_HELD : CODE_ERROR;
        g_printerr("%s", text);
        return CODE_USAGE;
    }
    if (strcmp(name, "--version") == 0)
        return output_print("blackstart " BLACKSTART_VERSION "\n") ? CODE_HELD : CODE_ERROR;
    for (guint i = 0; commands[i]; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return (int)commands[i]->run(argc - 1, argv + 1);
    return (int)complain_about_verb(name);
}
