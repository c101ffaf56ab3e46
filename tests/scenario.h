/*
 * scenario.h - a scenario in a string, read as a file would be, for tests.
 */
#pragma once

#include "models/spec.h"
#include "tests/harness.h"

#include <string.h>

typedef struct ScenarioText {
    SimMessages *messages;
    SimDocument *document;
    SimFields *fields;
    Spec spec;
} ScenarioText;

static inline void
scenario_text_read(ScenarioText *scenario, const char *text)
{
    *scenario = (ScenarioText){.messages = sim_messages_new()};
    scenario->document =
        sim_document_parse(text, strlen(text), "test.yaml", NULL, scenario->messages);
    scenario->fields = sim_fields_read(&spec_table, sim_document_root(scenario->document),
                                       &scenario->spec, scenario->messages);
    g_autoptr(GString) out = g_string_new(NULL);
    sim_messages_print(scenario->messages, false, out);
    CHECK_STR(out->str, "");
}

/* What is said about a text that may be wrong; the caller frees it. */
static inline char *
scenario_text_complaints(const char *text)
{
    ScenarioText scenario = {.messages = sim_messages_new()};
    scenario.document =
        sim_document_parse(text, strlen(text), "test.yaml", NULL, scenario.messages);
    scenario.fields = sim_fields_read(&spec_table, sim_document_root(scenario.document),
                                      &scenario.spec, scenario.messages);
    GString *out = g_string_new(NULL);
    sim_messages_print(scenario.messages, false, out);
    sim_fields_free(scenario.fields);
    sim_document_free(scenario.document);
    sim_messages_free(scenario.messages);
    return g_string_free(out, FALSE);
}

static inline void
scenario_text_clear(ScenarioText *scenario)
{
    sim_fields_free(scenario->fields);
    sim_document_free(scenario->document);
    sim_messages_free(scenario->messages);
}
