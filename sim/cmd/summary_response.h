/*
 * summary_response.h - who saw it, who acted, and how long it took: as text and as JSON.
 *
 * A line for each figure of merit that the scenario has somebody for, with what the journal says of
 * that moment, and one for each team where several were paged.
 */
#pragma once

#include "sim/cmd/json.h"
#include "sim/cmd/result.h"

/* Nothing when nobody watches or acts, or users felt nothing. */
void summary_response(GString *out, const Result *result);
/* The member "response" of the object that is open. */
void summary_response_json(Json *json, const Result *result);
