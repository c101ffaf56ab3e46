#include "models/spec.h"
#include "sim/cmd/command.h"
#include "sim/cmd/output.h"

static ExitCode
run(int argc, char **argv)
{
    (void)argc;
    gboolean wants_reference = FALSE;
    const GOptionEntry entries[] = {{"reference", 0, 0, G_OPTION_ARG_NONE, &wants_reference,
                                     "Print the reference page (Markdown) instead", NULL},
                                    G_OPTION_ENTRY_NULL};
    g_auto(GStrv) rest = NULL;
    ExitCode code;
    if (!command_options(&schema_command, entries, argv, &rest, &code))
        return code;
    if (rest[1])
        return command_misused(&schema_command, "it takes no argument, not '%s'", rest[1]);
    g_autoptr(GString) text = g_string_new(NULL);
    if (wants_reference)
        sim_fields_print_reference(&spec_table, text);
    else
        sim_fields_print_schema(&spec_table, text);
    return output_print(text->str) ? CODE_HELD : CODE_ERROR;
}

const Command schema_command = {
    .name = "schema",
    .arguments = "",
    .about = "Print the JSON Schema of scenario files, for editors.",
    .details = "With yaml-language-server: `# yaml-language-server: $schema=PATH` as the first "
               "line of a scenario.",
    .run = run,
};
