#include "sim/quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_LENGTH_MAX 48

typedef struct Unit {
    const char *name;
    double size;
} Unit;

static const Unit duration_units[] = {{"w", 604800e9}, {"d", 86400e9}, {"h", 3600e9}, {"m", 60e9},
                                      {"s", 1e9},      {"ms", 1e6},    {"us", 1e3},   {"ns", 1}};
static const Unit count_units[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}};
static const Unit byte_units[] = {{"B", 1},
                                  {"kB", 1e3},
                                  {"MB", 1e6},
                                  {"GB", 1e9},
                                  {"TB", 1e12},
                                  {"PB", 1e15},
                                  {"KiB", 1024.0},
                                  {"MiB", 1048576.0},
                                  {"GiB", 1073741824.0},
                                  {"TiB", 1099511627776.0},
                                  {"PiB", 1125899906842624.0}};
static const Unit rate_units[] = {{"/s", 1},    {"/min", 60},  {"/m", 60},
                                  {"/h", 3600}, {"/d", 86400}, {"/ms", 1e-3}};

static size_t
count_digits(const char *text)
{
    size_t n = 0;
    while (g_ascii_isdigit(text[n]))
        n++;
    return n;
}

/* Reads digits[.digits][e[+-]digits] and moves *cursor behind it. */
static bool
read_number(const char **cursor, double *ret)
{
    const char *text = *cursor;
    size_t length = count_digits(text);
    if (length == 0)
        return false;
    if (text[length] == '.') {
        size_t fraction = count_digits(text + length + 1);
        if (fraction == 0)
            return false;
        length += 1 + fraction;
    }
    if (text[length] == 'e' || text[length] == 'E') {
        size_t sign = text[length + 1] == '+' || text[length + 1] == '-';
        size_t exponent = count_digits(text + length + 1 + sign);
        if (exponent == 0)
            return false;
        length += 1 + sign + exponent;
    }
    char number[NUMBER_LENGTH_MAX + 1];
    if (length > NUMBER_LENGTH_MAX)
        return false;
    memcpy(number, text, length);
    number[length] = '\0';
    double value = g_ascii_strtod(number, NULL);
    if (!(value <= 1e300))
        return false;
    *ret = value;
    *cursor = text + length;
    return true;
}

/* The unit at the cursor that all following letters and signs make up; -1 when there is none. */
static int
read_unit(const char **cursor, const Unit *units, size_t n)
{
    size_t length = strcspn(*cursor, "0123456789.");
    for (size_t i = 0; i < n; i++)
        if (strlen(units[i].name) == length && strncmp(*cursor, units[i].name, length) == 0) {
            *cursor += length;
            return (int)i;
        }
    return -1;
}

bool
sim_quantity_duration(const char *text, SimTime *ret)
{
    double total = 0;
    SimTime sum = 0;
    int last = -1;
    do {
        double value;
        if (!read_number(&text, &value))
            return false;
        int unit = read_unit(&text, duration_units, G_N_ELEMENTS(duration_units));
        if (unit <= last)
            return false;
        last = unit;
        total += value * duration_units[unit].size;
        if (total >= 9.2e18)
            return false;
        /* Summed as integers, so that 6h30m is exact whatever the parts. */
        sum = sim_time_add(sum, sim_from_nanoseconds(value * duration_units[unit].size));
    } while (*text);
    *ret = sum;
    return true;
}

static bool
read_with_unit(const char *text, const Unit *units, size_t n, double *ret)
{
    double value;
    if (!read_number(&text, &value))
        return false;
    int unit = read_unit(&text, units, n);
    if (unit < 0 || *text)
        return false;
    *ret = value * units[unit].size;
    return true;
}

bool
sim_quantity_share(const char *text, double *ret)
{
    double value;
    if (!read_number(&text, &value) || strcmp(text, "%") != 0 || value > 100.0)
        return false;
    *ret = value / 100.0;
    return true;
}

bool
sim_quantity_rate(const char *text, double *ret)
{
    double value;
    const char *slash = strchr(text, '/');
    char count[NUMBER_LENGTH_MAX + 4];
    if (!slash || (size_t)(slash - text) >= sizeof count)
        return false;
    memcpy(count, text, (size_t)(slash - text));
    count[slash - text] = '\0';
    if (!sim_quantity_count(count, &value))
        return false;
    int unit = read_unit(&slash, rate_units, G_N_ELEMENTS(rate_units));
    if (unit < 0 || *slash)
        return false;
    *ret = value / rate_units[unit].size;
    return true;
}

bool
sim_quantity_count(const char *text, double *ret)
{
    return read_with_unit(text, count_units, G_N_ELEMENTS(count_units), ret);
}

bool
sim_quantity_bytes(const char *text, double *ret)
{
    return read_with_unit(text, byte_units, G_N_ELEMENTS(byte_units), ret);
}

bool
sim_quantity_factor(const char *text, double *ret)
{
    static const Unit units[] = {{"x", 1}};
    return read_with_unit(text, units, G_N_ELEMENTS(units), ret);
}

bool
sim_quantity_number(const char *text, double *ret)
{
    double value;
    if (!read_number(&text, &value) || *text)
        return false;
    *ret = value;
    return true;
}

/* Printing goes through g_ascii_formatd, which knows no locale. */
static char *
format_number(char *buffer, size_t size, const char *format, double value, const char *unit)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE + 32];
    g_ascii_formatd(number, sizeof number, format, value);
    snprintf(buffer, size, "%s%s", number, unit);
    return buffer;
}

static char *
format_text(char *buffer, size_t size, const char *text)
{
    snprintf(buffer, size, "%s", text);
    return buffer;
}

/* Two units that stand side by side, such as minutes and seconds, both as integers. */
static char *
format_pair(char *buffer, size_t size, SimTime value, int unit)
{
    const Unit *large = &duration_units[unit], *small = &duration_units[unit + 1];
    SimTime step = (SimTime)small->size;
    SimTime steps = value / step + (value % step >= step / 2);
    SimTime ratio = (SimTime)large->size / step;
    snprintf(buffer, size, "%" G_GINT64_FORMAT "%s%0*" G_GINT64_FORMAT "%s", steps / ratio,
             large->name, unit == 1 ? 1 : 2, steps % ratio, small->name);
    if (steps % ratio == 0)
        snprintf(buffer, size, "%" G_GINT64_FORMAT "%s", steps / ratio, large->name);
    return buffer;
}

char *
sim_quantity_format_duration(char *buffer, size_t size, SimTime value)
{
    if (value < 0 && size > 1) {
        buffer[0] = '-';
        sim_quantity_format_duration(buffer + 1, size - 1,
                                     value == INT64_MIN ? SIM_TIME_MAX : -value);
        return buffer;
    }
    if (value == SIM_TIME_MAX)
        return format_text(buffer, size, "never");
    if (value >= SIM_DAY - SIM_HOUR / 120)
        return format_pair(buffer, size, value, 1);
    if (value >= SIM_HOUR - SIM_SECOND / 2)
        return format_pair(buffer, size, value, 2);
    if (value >= SIM_MINUTE)
        return format_pair(buffer, size, value, 3);
    if (value >= 10 * SIM_SECOND || value == 0)
        return format_number(buffer, size, value % SIM_SECOND ? "%.1f" : "%.0f", sim_seconds(value),
                             " s");
    if (value >= SIM_SECOND)
        return format_number(buffer, size, "%.3g", sim_seconds(value), " s");
    if (value >= SIM_MILLISECOND)
        return format_number(buffer, size, "%.3g", (double)value / 1e6, " ms");
    if (value >= SIM_MICROSECOND)
        return format_number(buffer, size, "%.3g", (double)value / 1e3, " us");
    return format_number(buffer, size, "%.0f", (double)value, " ns");
}

char *
sim_quantity_format_share(char *buffer, size_t size, double value)
{
    double percent = value * 100.0;
    double distance = MIN(fabs(percent), fabs(100.0 - percent));
    const char *format = "%.1f";
    if (distance < 0.000005) /* else it would be 100.00000 */
        format = "%.0f";
    else if (distance < 0.0001)
        format = "%.5f";
    else if (distance < 0.001)
        format = "%.4f";
    else if (distance < 0.01)
        format = "%.3f";
    else if (distance < 1.0)
        format = "%.2f";
    return format_number(buffer, size, format, percent, " %");
}

/* Three digits and the largest unit that leaves at least 1. */
static char *
format_scaled(char *buffer, size_t size, double value, const Unit *units, size_t n,
              const char *suffix)
{
    size_t i = n - 1;
    while (i > 0 && fabs(value) < units[i].size * 0.9995)
        i--;
    double scaled = value / units[i].size;
    double magnitude = fabs(scaled);
    const char *format = magnitude >= 99.95 ? "%.0f" : magnitude >= 9.995 ? "%.1f" : "%.2f";
    if (magnitude < 0.995 && magnitude > 0.0)
        format = "%.2g";
    else if (i == 0 && floor(scaled) == scaled)
        format = "%.0f";
    char unit[16];
    bool has_unit = units[i].name[0] || suffix[0];
    bool is_joined = !units[i].name[0] && suffix[0] == '/';
    snprintf(unit, sizeof unit, "%s%s%s", has_unit && !is_joined ? " " : "", units[i].name, suffix);
    return format_number(buffer, size, format, scaled, unit);
}

char *
sim_quantity_format_rate(char *buffer, size_t size, double per_second)
{
    return format_scaled(buffer, size, per_second, count_units, G_N_ELEMENTS(count_units), "/s");
}

char *
sim_quantity_format_count(char *buffer, size_t size, double value)
{
    return format_scaled(buffer, size, value, count_units, G_N_ELEMENTS(count_units), "");
}

char *
sim_quantity_format_bytes(char *buffer, size_t size, double value)
{
    /* The decimal multiples come first in the table. */
    return format_scaled(buffer, size, value, byte_units, 6, "");
}

char *
sim_quantity_format_factor(char *buffer, size_t size, double value)
{
    return format_number(buffer, size, "%.3g", value, "x");
}

char *
sim_quantity_exact_number(char *buffer, size_t size, double value)
{
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    static const char *const formats[] = {"%.6g", "%.15g", "%.16g", "%.17g"};
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_ascii_formatd(number, sizeof number, formats[i], value);
        if (g_ascii_strtod(number, NULL) == value)
            break;
    }
    snprintf(buffer, size, "%s", number);
    return buffer;
}

/* A single unit below days, hours, minutes and seconds: "2300ms"; the number is exact as a double.
 */
static char *
exact_fraction(char *buffer, size_t size, SimTime value)
{
    int unit = (int)G_N_ELEMENTS(duration_units) - 1;
    while (value % (SimTime)duration_units[unit - 1].size == 0)
        unit--;
    snprintf(buffer, size, "%" G_GINT64_FORMAT "%s", value / (SimTime)duration_units[unit].size,
             duration_units[unit].name);
    return buffer;
}

char *
sim_quantity_exact_duration(char *buffer, size_t size, SimTime value)
{
    size_t used = 0;
    if (value <= 0)
        return format_text(buffer, size, "0s");
    if (value % SIM_SECOND != 0 && value < SIM_DAY)
        return exact_fraction(buffer, size, value);
    for (int i = 1; i <= 4; i++) {
        SimTime step = (SimTime)duration_units[i].size;
        if (value >= step && used < size)
            used += (size_t)snprintf(buffer + used, size - used, "%" G_GINT64_FORMAT "%s",
                                     value / step, duration_units[i].name);
        value %= step;
    }
    if (value > 0 && used < size)
        exact_fraction(buffer + used, size - used, value);
    return buffer;
}

char *
sim_quantity_exact_share(char *buffer, size_t size, double value)
{
    /* Dividing by 100 again may round elsewhere; one of the neighbours then reads back. */
    double percent = value * 100.0;
    for (int i = -1; i <= 1 && percent / 100.0 != value; i++) {
        double near = nextafter(value * 100.0, i < 0 ? 0.0 : 1e300);
        if (near / 100.0 == value)
            percent = near;
    }
    char number[SIM_QUANTITY_TEXT_MAX];
    snprintf(buffer, size, "%s%%", sim_quantity_exact_number(number, sizeof number, percent));
    return buffer;
}
