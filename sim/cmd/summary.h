/*
 * summary.h - a run in words: the page that `run` prints, and the same as JSON.
 *
 * The text is for somebody tired: what happened when, how bad, why, against what
 * was published and expected, and how to see more.  With brief it keeps within
 * 40 lines and says what it left out.
 */
#pragma once

#include "sim/cmd/json.h"
#include "sim/cmd/result.h"

/* directory: where the files are; NULL when none were written. */
char *summary_text(const Result *result, const char *directory, bool is_brief);
/* Members of the object that is open. */
void summary_json(Json *json, const Result *result, const char *directory);
