/*
 * json.h - JSON text, written from left to right.
 *
 * Values go into the object or array that is open; key is NULL in an array.
 * Texts that are not UTF-8 have their wrong bytes replaced.  Numbers that JSON
 * lacks (NaN, infinities) become null.  A Json of style JSON_LINE has no line
 * breaks inside, and is one line of a .jsonl file.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum JsonStyle { JSON_INDENTED, JSON_LINE } JsonStyle;

typedef struct Json {
    GString *out; /* the caller's */
    JsonStyle style;
    uint32_t depth;
    bool needs_comma;
} Json;

void json_open(Json *json, const char *key, char bracket);      /* '{' or '[' */
void json_close(Json *json, char bracket);                      /* '}' or ']' */
void json_text(Json *json, const char *key, const char *value); /* NULL gives null */
void json_number(Json *json, const char *key, double value);
void json_integer(Json *json, const char *key, int64_t value);
void json_bool(Json *json, const char *key, bool value);
void json_null(Json *json, const char *key);
/* JSON text made elsewhere. */
void json_raw(Json *json, const char *key, const char *value);
