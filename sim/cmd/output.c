#include "sim/cmd/output.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void
output_start(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

bool
output_print(const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t written = write(STDOUT_FILENO, text, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0 && errno == EPIPE)
            return true;
        if (written < 0) {
            output_complain("standard output: cannot write: %s", g_strerror(errno));
            return false;
        }
        text += written;
        left -= (size_t)written;
    }
    return true;
}

void
output_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fprintf(stderr, "blackstart: %s\n", text);
}

bool
output_is_terminal(void)
{
    const char *kind = g_getenv("TERM");
    return isatty(STDERR_FILENO) && kind && strcmp(kind, "dumb") != 0;
}

bool
output_has_colour(void)
{
    const char *refused = g_getenv("NO_COLOR");
    return output_is_terminal() && !(refused && *refused);
}
