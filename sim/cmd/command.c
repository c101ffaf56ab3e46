#include "sim/cmd/command.h"

#include "sim/cmd/output.h"

#include <stdarg.h>

const Command *const commands[] = {&check_command,   &run_command,    &plot_command,
                                   &explain_command, &replay_command, &list_command,
                                   &schema_command,  &worker_command, NULL};

bool
command_options(const Command *command, const GOptionEntry *entries, char **argv, char ***ret_rest,
                ExitCode *ret_code)
{
    gboolean wants_help = FALSE;
    const GOptionEntry help[] = {
        {"help", 'h', 0, G_OPTION_ARG_NONE, &wants_help, "Show this and stop", NULL},
        G_OPTION_ENTRY_NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) context = g_option_context_new(command->arguments);
    g_auto(GStrv) rest = g_strdupv(argv);
    g_autofree char *name = g_strdup_printf("blackstart %s", command->name);
    g_set_prgname(name);
    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_set_summary(context, command->about);
    g_option_context_set_description(context, command->details);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, help, NULL);
    if (!g_option_context_parse_strv(context, &rest, &error)) {
        *ret_code = command_misused(command, "%s", error->message);
        return false;
    }
    if (wants_help) {
        g_autofree char *text = g_option_context_get_help(context, TRUE, NULL);
        *ret_code = output_print(text) ? CODE_HELD : CODE_ERROR;
        return false;
    }
    *ret_rest = g_steal_pointer(&rest);
    return true;
}

ExitCode
command_misused(const Command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    output_complain("%s; `blackstart %s --help` shows how it is used", text, command->name);
    return CODE_USAGE;
}

ExitCode
command_worse(ExitCode a, ExitCode b)
{
    static const ExitCode worst_first[] = {CODE_INTERRUPTED, CODE_ERROR,  CODE_USAGE,
                                           CODE_REGRESSION,  CODE_FAILED, CODE_INCONCLUSIVE};
    for (guint i = 0; i < G_N_ELEMENTS(worst_first); i++)
        if (a == worst_first[i] || b == worst_first[i])
            return worst_first[i];
    return CODE_HELD;
}
