#include "sim/cmd/json.h"

#include <math.h>

static void
append_quoted(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_string_append_c(out, '"');
    for (const char *at = valid; *at; at++) {
        unsigned char c = (unsigned char)*at;
        if (c == '"' || c == '\\')
            g_string_append_printf(out, "\\%c", c);
        else if (c == '\n')
            g_string_append(out, "\\n");
        else if (c < 0x20)
            g_string_append_printf(out, "\\u%04x", c);
        else
            g_string_append_c(out, (char)c);
    }
    g_string_append_c(out, '"');
}

static void
break_line(Json *json)
{
    if (json->style == JSON_LINE || json->out->len == 0)
        return;
    g_string_append_c(json->out, '\n');
    for (uint32_t i = 0; i < json->depth; i++)
        g_string_append(json->out, "  ");
}

static void
begin_value(Json *json, const char *key)
{
    if (json->needs_comma)
        g_string_append_c(json->out, ',');
    if (json->depth > 0)
        break_line(json);
    if (key) {
        append_quoted(json->out, key);
        g_string_append(json->out, json->style == JSON_LINE ? ":" : ": ");
    }
    json->needs_comma = true;
}

void
json_open(Json *json, const char *key, char bracket)
{
    begin_value(json, key);
    g_string_append_c(json->out, bracket);
    json->needs_comma = false;
    json->depth++;
}

void
json_close(Json *json, char bracket)
{
    json->depth--;
    if (json->needs_comma)
        break_line(json);
    g_string_append_c(json->out, bracket);
    json->needs_comma = true;
    if (json->depth == 0)
        g_string_append_c(json->out, '\n');
}

void
json_text(Json *json, const char *key, const char *value)
{
    if (!value) {
        json_null(json, key);
        return;
    }
    begin_value(json, key);
    append_quoted(json->out, value);
}

void
json_number(Json *json, const char *key, double value)
{
    if (!isfinite(value)) {
        json_null(json, key);
        return;
    }
    begin_value(json, key);
    g_string_append_printf(json->out, "%.12g", value);
}

void
json_integer(Json *json, const char *key, int64_t value)
{
    begin_value(json, key);
    g_string_append_printf(json->out, "%" G_GINT64_FORMAT, value);
}

void
json_bool(Json *json, const char *key, bool value)
{
    begin_value(json, key);
    g_string_append(json->out, value ? "true" : "false");
}

void
json_null(Json *json, const char *key)
{
    begin_value(json, key);
    g_string_append(json->out, "null");
}

void
json_raw(Json *json, const char *key, const char *value)
{
    begin_value(json, key);
    g_string_append(json->out, value);
}
