#include "sim/value.h"

#include "sim/base.h"
#include "sim/instant.h"
#include "sim/nearest.h"
#include "sim/quantity.h"

#include <math.h>
#include <string.h>

#define SHOWN_MAX 60
#define INTEGER_MAX 9007199254740992.0 /* 2^53: limits are doubles */
#define NUMBER "[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?"
#define DURATION "^(" NUMBER "(w|d|h|m|s|ms|us|ns))+$"
#define TIMESTAMP "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"

static const SimValueKind kinds[] = {
    [SIM_FIELD_BOOL] = {"a truth value", "true or false", NULL, false, 0, 1},
    [SIM_FIELD_INTEGER] = {"a whole number", "12", NULL, false, -INTEGER_MAX, INTEGER_MAX},
    [SIM_FIELD_NUMBER] = {"a number", "0.9 or 1e6", NULL, false, -1e300, 1e300},
    [SIM_FIELD_COUNT] = {"a count", "200, 1.5k or 5M", "^-?" NUMBER "[kMGT]?$", false, 0, 1e300},
    [SIM_FIELD_SHARE] = {"a share", "20% or 0.1%", "^" NUMBER "%$", true, 0, 1},
    [SIM_FIELD_FACTOR] = {"a factor", "4x or 0.5x", "^" NUMBER "x$", true, 0, 1e300},
    [SIM_FIELD_DURATION] = {"a duration", "30s, 5m or 6h30m", DURATION, true, 0, 9.2e9},
    [SIM_FIELD_RATE] = {"a rate", "300/s, 81M/s or 12/min", "^" NUMBER "[kMGT]?/(ms|s|min|m|h|d)$",
                        true, 0, 1e300},
    [SIM_FIELD_BYTES] = {"a size", "64MiB or 2TB", "^" NUMBER "([kMGTP]?B|[KMGTP]iB)$", true, 0,
                         1e300},
    [SIM_FIELD_TIMESTAMP] = {"a UTC time", "2025-11-18T11:00:00Z", "^" TIMESTAMP "$", false, -1e12,
                             1e12},
    [SIM_FIELD_INSTANT] = {"a time", "11:05, +5m or 2025-11-18T11:05:00Z",
                           "^(([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|" TIMESTAMP
                           "|\\+?(" NUMBER "(w|d|h|m|s|ms|us|ns))+)$",
                           false, 0, 0},
    [SIM_FIELD_LAW] = {"a delay law", "5s, exponential(mean 5s) or lognormal(median 3m, sigma 0.7)",
                       NULL, true, 0, 9.2e9},
    [SIM_FIELD_TEXT] = {"a text", "", NULL, false, 0, 0},
    [SIM_FIELD_NAME] = {"a name", "lyon-2 (letters, digits, - _ and .)",
                        "^[A-Za-z0-9][A-Za-z0-9._-]*$", false, 0, 0},
    [SIM_FIELD_CHOICE] = {"a word", "", NULL, false, 0, 0},
    [SIM_FIELD_REFERENCE] = {"a name", "", NULL, false, 0, 0},
    [SIM_FIELD_REFERENCES] = {"a list of names", "[lyon, oslo]", NULL, false, 0, 0},
    [SIM_FIELD_OBJECT] = {"a mapping", "", NULL, false, 0, 0},
    [SIM_FIELD_LIST] = {"a list", "", NULL, false, 0, 0},
    [SIM_FIELD_MAP] = {"a mapping from names", "", NULL, false, 0, 0},
    [SIM_FIELD_CUSTOM] = {"a value", "", NULL, false, 0, 0},
};
_Static_assert(G_N_ELEMENTS(kinds) == SIM_FIELD_CUSTOM + 1, "every kind has a row");

const SimValueKind *
sim_value_kind(SimFieldKind kind)
{
    return &kinds[kind];
}

static void
append_choices(const SimField *field, GString *out)
{
    for (uint32_t i = 0; field->choices[i]; i++)
        g_string_append_printf(out, "%s%s", i == 0 ? "" : (field->choices[i + 1] ? ", " : " or "),
                               field->choices[i]);
}

char *
sim_value_expected(const SimField *field)
{
    const SimValueKind *kind = &kinds[field->kind];
    GString *out = g_string_new(NULL);
    if (field->kind == SIM_FIELD_CHOICE)
        append_choices(field, out);
    else if (field->kind == SIM_FIELD_CUSTOM)
        g_string_append(out, field->expected ? field->expected : "another value");
    else if (field->kind == SIM_FIELD_BOOL)
        g_string_append(out, kind->example);
    else if (field->kind == SIM_FIELD_REFERENCE)
        g_string_append_printf(out, "the name of an entry of '%s'", field->path);
    else if (field->kind == SIM_FIELD_REFERENCES)
        g_string_append_printf(out, "a list of names of entries of '%s'", field->path);
    else
        g_string_append_printf(out, "%s%s%s", kind->noun, kind->example[0] ? " such as " : "",
                               kind->example);
    return g_string_free(out, FALSE);
}

void
sim_value_limits(const SimField *field, double *ret_min, double *ret_max)
{
    const SimValueKind *kind = &kinds[field->kind];
    bool is_given = field->min != 0.0 || field->max != 0.0;
    *ret_min = is_given ? field->min : kind->min;
    *ret_max = is_given && field->max >= field->min ? field->max : kind->max;
}

bool
sim_value_is_name(const char *text)
{
    if (!g_ascii_isalnum(text[0]))
        return false;
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "-_.");
    return text[length] == '\0' && length <= 200;
}

char *
sim_value_shorten(const char *text)
{
    const char *end = text;
    for (int i = 0; i < SHOWN_MAX && *end; i++)
        end = g_utf8_next_char(end);
    return g_strdup_printf("%.*s%s", (int)(end - text), text, *end ? "..." : "");
}

/* Reading. */

static bool
read_bool(const char *text, bool *ret)
{
    *ret = strcmp(text, "true") == 0;
    return *ret || strcmp(text, "false") == 0;
}

static bool
read_integer(const char *text, int64_t *ret)
{
    const char *digits = text + (text[0] == '-');
    size_t n = strspn(digits, "0123456789");
    if (n == 0 || n > 17 || digits[n] != '\0')
        return false;
    *ret = g_ascii_strtoll(text, NULL, 10);
    return true;
}

static bool
read_number(const char *text, double *ret)
{
    if (!sim_quantity_number(text + (text[0] == '-'), ret))
        return false;
    if (text[0] == '-')
        *ret = -*ret;
    return true;
}

/* With a sign, as properties of a config may have one; the limits of the row decide. */
static bool
read_count(const char *text, double *ret)
{
    if (!sim_quantity_count(text + (text[0] == '-'), ret))
        return false;
    if (text[0] == '-')
        *ret = -*ret;
    return true;
}

/* Above 100 % too, so that the limits of the row decide. */
static bool
read_share(const char *text, double *ret)
{
    size_t length = strlen(text);
    char number[SIM_QUANTITY_TEXT_MAX];
    if (length < 2 || length > sizeof number || text[length - 1] != '%')
        return false;
    g_strlcpy(number, text, length);
    if (!sim_quantity_number(number, ret))
        return false;
    *ret /= 100.0;
    return true;
}

static bool
read_choice(const SimField *field, const char *text, int *ret)
{
    for (int i = 0; field->choices[i]; i++)
        if (strcmp(field->choices[i], text) == 0) {
            *ret = i;
            return true;
        }
    return false;
}

/* What limits are compared with: the value in the unit of the row. */
static double
magnitude(const SimField *field, const void *value)
{
    switch (field->kind) {
    case SIM_FIELD_INTEGER:
    case SIM_FIELD_TIMESTAMP:
        return (double)*(const int64_t *)value;
    case SIM_FIELD_DURATION:
        return sim_seconds(*(const SimTime *)value);
    case SIM_FIELD_LAW:
        return sim_seconds(sim_law_mean(value));
    case SIM_FIELD_NUMBER:
    case SIM_FIELD_COUNT:
    case SIM_FIELD_SHARE:
    case SIM_FIELD_FACTOR:
    case SIM_FIELD_RATE:
    case SIM_FIELD_BYTES:
        return *(const double *)value;
    case SIM_FIELD_BOOL:
    case SIM_FIELD_INSTANT:
    case SIM_FIELD_TEXT:
    case SIM_FIELD_NAME:
    case SIM_FIELD_CHOICE:
    case SIM_FIELD_REFERENCE:
    case SIM_FIELD_REFERENCES:
    case SIM_FIELD_OBJECT:
    case SIM_FIELD_LIST:
    case SIM_FIELD_MAP:
    case SIM_FIELD_CUSTOM:
        return 0.0;
    }
    g_assert_not_reached();
}

static bool
read_text(const SimField *field, const char *text, void *value, char **ret_expected)
{
    switch (field->kind) {
    case SIM_FIELD_BOOL:
        return read_bool(text, value);
    case SIM_FIELD_INTEGER:
        return read_integer(text, value);
    case SIM_FIELD_NUMBER:
        return read_number(text, value);
    case SIM_FIELD_COUNT:
        return read_count(text, value);
    case SIM_FIELD_SHARE:
        return read_share(text, value);
    case SIM_FIELD_FACTOR:
        return sim_quantity_factor(text, value);
    case SIM_FIELD_DURATION:
        return sim_quantity_duration(text, value);
    case SIM_FIELD_RATE:
        return sim_quantity_rate(text, value);
    case SIM_FIELD_BYTES:
        return sim_quantity_bytes(text, value);
    case SIM_FIELD_TIMESTAMP:
        return sim_timestamp_parse(text, value);
    case SIM_FIELD_INSTANT:
        return sim_instant_parse(text, value);
    case SIM_FIELD_LAW:
        return sim_law_parse(text, value, ret_expected);
    case SIM_FIELD_TEXT:
        *(const char **)value = text;
        return true;
    case SIM_FIELD_NAME:
        *(const char **)value = text;
        return sim_value_is_name(text);
    case SIM_FIELD_CHOICE:
        return read_choice(field, text, value);
    case SIM_FIELD_REFERENCE:
    case SIM_FIELD_REFERENCES:
    case SIM_FIELD_OBJECT:
    case SIM_FIELD_LIST:
    case SIM_FIELD_MAP:
    case SIM_FIELD_CUSTOM:
        break;
    }
    g_assert_not_reached();
}

static bool
is_bare_number(const char *text)
{
    double ignored;
    return read_number(text, &ignored);
}

/* "'30' has no unit", "'5 bananas' is not a duration", "'-5s' is negative" */
static char *
describe_problem(const SimField *field, const char *text, const char *law_expected)
{
    g_autofree char *shown = sim_value_shorten(text);
    g_autofree char *expected = sim_value_expected(field);
    const SimValueKind *kind = &kinds[field->kind];
    if (field->kind == SIM_FIELD_CHOICE) {
        const char *near =
            sim_nearest(text, field->choices, g_strv_length((char **)field->choices));
        if (near)
            return g_strdup_printf("'%s' is not one of %s; did you mean '%s'?", shown, expected,
                                   near);
        return g_strdup_printf("'%s' is not one of %s", shown, expected);
    }
    if (field->kind == SIM_FIELD_BOOL)
        return g_strdup_printf("'%s' is not true or false", shown);
    if (kind->has_unit && is_bare_number(text) && text[0] != '-')
        return g_strdup_printf("'%s' has no unit: expected %s", shown, expected);
    if (law_expected && strchr(text, '('))
        return g_strdup_printf("'%s' is not a delay law: %s", shown, law_expected);
    return g_strdup_printf("'%s' is not %s: expected %s", shown, kind->noun, expected);
}

char *
sim_value_limit_text(const SimField *field, double limit)
{
    char buffer[SIM_QUANTITY_TEXT_MAX];
    const char *unit = "";
    switch (field->kind) {
    case SIM_FIELD_DURATION:
    case SIM_FIELD_LAW:
        return g_strdup(
            sim_quantity_exact_duration(buffer, sizeof buffer, sim_from_seconds(limit)));
    case SIM_FIELD_SHARE:
        return g_strdup(sim_quantity_exact_share(buffer, sizeof buffer, limit));
    case SIM_FIELD_TIMESTAMP:
        return sim_timestamp_format((int64_t)limit);
    case SIM_FIELD_FACTOR:
        unit = "x";
        break;
    case SIM_FIELD_RATE:
        unit = "/s";
        break;
    case SIM_FIELD_BYTES:
        unit = "B";
        break;
    case SIM_FIELD_BOOL:
    case SIM_FIELD_INTEGER:
    case SIM_FIELD_NUMBER:
    case SIM_FIELD_COUNT:
    case SIM_FIELD_INSTANT:
    case SIM_FIELD_TEXT:
    case SIM_FIELD_NAME:
    case SIM_FIELD_CHOICE:
    case SIM_FIELD_REFERENCE:
    case SIM_FIELD_REFERENCES:
    case SIM_FIELD_OBJECT:
    case SIM_FIELD_LIST:
    case SIM_FIELD_MAP:
    case SIM_FIELD_CUSTOM:
        break;
    }
    if (floor(limit) == limit && fabs(limit) < 1e15)
        g_ascii_formatd(buffer, sizeof buffer, "%.0f", limit);
    else
        sim_quantity_exact_number(buffer, sizeof buffer, limit);
    return g_strconcat(buffer, unit, NULL);
}

static bool
is_within_limits(const SimField *field, const char *text, const void *value, char **ret_problem)
{
    double min, max, got = magnitude(field, value);
    sim_value_limits(field, &min, &max);
    if (got >= min && got <= max)
        return true;
    bool is_low = got < min;
    g_autofree char *limit = sim_value_limit_text(field, is_low ? min : max);
    g_autofree char *shown = sim_value_shorten(text);
    *ret_problem = g_strdup_printf("'%s' is %s allowed value %s", shown,
                                   is_low ? "below the least" : "above the largest", limit);
    return false;
}

bool
sim_value_is_unset(const SimField *field, const void *value)
{
    double min, max, got = magnitude(field, value);
    sim_value_limits(field, &min, &max);
    return !field->fallback && got == 0.0 && (min > 0.0 || max < 0.0);
}

bool
sim_value_read(const SimField *field, const char *text, void *destination, char **ret_problem)
{
    union {
        bool truth;
        int choice;
        int64_t integer;
        double number;
        const char *text;
        SimInstant instant;
        SimLaw law;
    } value = {.law = {0}};
    static const uint8_t sizes[] = {
        [SIM_FIELD_BOOL] = sizeof(bool),          [SIM_FIELD_INTEGER] = sizeof(int64_t),
        [SIM_FIELD_NUMBER] = sizeof(double),      [SIM_FIELD_COUNT] = sizeof(double),
        [SIM_FIELD_SHARE] = sizeof(double),       [SIM_FIELD_FACTOR] = sizeof(double),
        [SIM_FIELD_DURATION] = sizeof(SimTime),   [SIM_FIELD_RATE] = sizeof(double),
        [SIM_FIELD_BYTES] = sizeof(double),       [SIM_FIELD_TIMESTAMP] = sizeof(int64_t),
        [SIM_FIELD_INSTANT] = sizeof(SimInstant), [SIM_FIELD_LAW] = sizeof(SimLaw),
        [SIM_FIELD_TEXT] = sizeof(char *),        [SIM_FIELD_NAME] = sizeof(char *),
        [SIM_FIELD_CHOICE] = sizeof(int)};
    SIM_ASSERT(field->kind < G_N_ELEMENTS(sizes));
    g_autofree char *law_expected = NULL;
    if (!read_text(field, text, &value, &law_expected)) {
        *ret_problem = describe_problem(field, text, law_expected);
        return false;
    }
    if (!is_within_limits(field, text, &value, ret_problem))
        return false;
    memcpy(destination, &value, sizes[field->kind]);
    return true;
}

/* Printing. */

/* Bare text must not look like another type, a null, or YAML's own signs. */
static bool
is_safe_bare(const char *text)
{
    static const char *const words[] = {"null", "Null",  "NULL",  "true", "True",
                                        "TRUE", "false", "False", "FALSE"};
    if (!g_ascii_isalpha(text[0]))
        return false;
    for (guint i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(text, words[i]) == 0)
            return false;
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "-_./+ ()%<>=");
    return text[length] == '\0' && text[length - 1] != ' ';
}

void
sim_value_quote(const char *text, GString *out)
{
    if (is_safe_bare(text)) {
        g_string_append(out, text);
        return;
    }
    g_string_append_c(out, '"');
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (character == '"' || character == '\\')
            g_string_append_printf(out, "\\%c", (char)character);
        else if (character == '\n')
            g_string_append(out, "\\n");
        else if (character == '\t')
            g_string_append(out, "\\t");
        else if (character < 0x20 || (character >= 0x7f && character < 0xa0) ||
                 character == 0x2028 || character == 0x2029 || character == 0xfeff)
            g_string_append_printf(out, "\\u%04x", character);
        else
            g_string_append_unichar(out, character);
    }
    g_string_append_c(out, '"');
}

static void
print_number(double value, const char *unit, GString *out)
{
    char buffer[SIM_QUANTITY_TEXT_MAX];
    if (floor(value) == value && fabs(value) < 1e15)
        g_ascii_formatd(buffer, sizeof buffer, "%.0f", value);
    else
        sim_quantity_exact_number(buffer, sizeof buffer, value);
    g_string_append_printf(out, "%s%s", buffer, unit);
}

static void
take(char *text, GString *out)
{
    g_string_append(out, text);
    g_free(text);
}

void
sim_value_print(const SimField *field, const void *source, GString *out)
{
    char buffer[SIM_QUANTITY_TEXT_MAX];
    const char *text;
    switch (field->kind) {
    case SIM_FIELD_BOOL:
        g_string_append(out, *(const bool *)source ? "true" : "false");
        break;
    case SIM_FIELD_INTEGER:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, *(const int64_t *)source);
        break;
    case SIM_FIELD_NUMBER:
    case SIM_FIELD_COUNT:
        print_number(*(const double *)source, "", out);
        break;
    case SIM_FIELD_SHARE:
        g_string_append(out,
                        sim_quantity_exact_share(buffer, sizeof buffer, *(const double *)source));
        break;
    case SIM_FIELD_FACTOR:
        print_number(*(const double *)source, "x", out);
        break;
    case SIM_FIELD_DURATION:
        g_string_append(
            out, sim_quantity_exact_duration(buffer, sizeof buffer, *(const SimTime *)source));
        break;
    case SIM_FIELD_RATE:
        print_number(*(const double *)source, "/s", out);
        break;
    case SIM_FIELD_BYTES:
        print_number(*(const double *)source, "B", out);
        break;
    case SIM_FIELD_TIMESTAMP:
        take(sim_timestamp_format(*(const int64_t *)source), out);
        break;
    case SIM_FIELD_INSTANT:
        take(sim_instant_format(*(const SimInstant *)source), out);
        break;
    case SIM_FIELD_LAW:
        take(sim_law_format(source), out);
        break;
    case SIM_FIELD_TEXT:
    case SIM_FIELD_NAME:
        text = *(const char *const *)source;
        if (text)
            sim_value_quote(text, out);
        break;
    case SIM_FIELD_CHOICE:
        sim_value_quote(field->choices[*(const int *)source], out);
        break;
    case SIM_FIELD_REFERENCE:
    case SIM_FIELD_REFERENCES:
    case SIM_FIELD_OBJECT:
    case SIM_FIELD_LIST:
    case SIM_FIELD_MAP:
    case SIM_FIELD_CUSTOM:
        break;
    }
}
