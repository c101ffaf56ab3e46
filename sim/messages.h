/*
 * messages.h - errors and warnings about a user's files, collected and then
 * printed together.
 *
 * A message is `file:line:column: error: what is wrong: what was expected`,
 * followed by the line of the file and a caret line that underlines the text.
 * They are printed in the order of files and lines, each once; at most 50, then
 * a line says how many were left out.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A place in a file: file is a string owned by the document; line and column count from 1, in
 * characters, as does length, the text to underline.  text points at the start of the line (not
 * terminated: ends at \n or NUL), NULL if unknown; offset: bytes from there to the column. */
typedef struct SimMark {
    const char *file;
    uint32_t line, column, length, offset;
    const char *text;
} SimMark;

typedef struct SimMessages SimMessages;

/* Messages copy what they need of a mark: they may outlive the document. */
SimMessages *sim_messages_new(void);
void sim_messages_free(SimMessages *messages);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SimMessages, sim_messages_free)

void sim_messages_error(SimMessages *messages, SimMark mark, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void sim_messages_warning(SimMessages *messages, SimMark mark, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
uint32_t sim_messages_errors(const SimMessages *messages);
uint32_t sim_messages_warnings(const SimMessages *messages);
/* All of them, sorted, with the underlined text; colour when wanted. */
void sim_messages_print(const SimMessages *messages, bool colour, GString *out);
