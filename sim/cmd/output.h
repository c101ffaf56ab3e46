/*
 * output.h - what goes to standard output and standard error.
 *
 * Results go to standard output, whole; everything else to standard error, each
 * message with the program's name before it.  A reader that goes away (`| head`)
 * is no error and is not mentioned; a full disk is one.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* SIGPIPE and SIGXFSZ become errors of the write that met them.  Once, at the start. */
void output_start(void);
/* False: could not be written, which has been said. */
bool output_print(const char *text);
/* "blackstart: ..." with a newline. */
void output_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Whether standard error is a terminal that may be coloured (NO_COLOR). */
bool output_has_colour(void);
bool output_is_terminal(void);
