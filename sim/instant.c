#include "sim/instant.h"

#include "sim/quantity.h"

#include <string.h>

#define DAY_SECONDS INT64_C(86400)

/* Days since 1970-01-01; Howard Hinnant, "chrono-compatible low-level date algorithms". */
static int64_t
days_from_date(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = year / 400, year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void
date_from_days(int64_t days, int64_t *ret_year, int64_t *ret_month, int64_t *ret_day)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day_of_year + 2) / 153;
    *ret_day = day_of_year - (153 * month + 2) / 5 + 1;
    *ret_month = month < 10 ? month + 3 : month - 9;
    *ret_year = year + era * 400 + (*ret_month <= 2);
}

static int64_t
days_in_month(int64_t year, int64_t month)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

/* Matches text against a pattern in which 0 stands for a digit. */
static bool
has_shape(const char *text, const char *shape)
{
    for (; *shape; text++, shape++)
        if (*shape == '0' ? !g_ascii_isdigit(*text) : *text != *shape)
            return false;
    return *text == '\0';
}

static int64_t
digits(const char *text, int n)
{
    int64_t value = 0;
    for (int i = 0; i < n; i++)
        value = value * 10 + g_ascii_digit_value(text[i]);
    return value;
}

static bool
read_clock(int64_t hour, int64_t minute, int64_t second, int64_t *ret_seconds)
{
    *ret_seconds = hour * 3600 + minute * 60 + second;
    return hour < 24 && minute < 60 && second < 60;
}

bool
sim_timestamp_parse(const char *text, int64_t *ret_unix_seconds)
{
    if (!has_shape(text, "0000-00-00T00:00:00Z"))
        return false;
    int64_t year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2), clock;
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    if (!read_clock(digits(text + 11, 2), digits(text + 14, 2), digits(text + 17, 2), &clock))
        return false;
    *ret_unix_seconds = days_from_date(year, month, day) * DAY_SECONDS + clock;
    return true;
}

char *
sim_timestamp_format(int64_t unix_seconds)
{
    int64_t second = unix_seconds % DAY_SECONDS, year, month, day;
    if (second < 0)
        second += DAY_SECONDS;
    date_from_days((unix_seconds - second) / DAY_SECONDS, &year, &month, &day);
    return g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month, (int)day,
                           (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
}

/* 9:05, 11:05, 11:05:30 */
static bool
parse_clock(const char *text, int64_t *ret_seconds)
{
    int n = g_ascii_isdigit(text[0]) && text[1] == ':' ? 1 : 2;
    const char *rest = text + n;
    if (n == 2 && (!g_ascii_isdigit(text[0]) || !g_ascii_isdigit(text[1])))
        return false;
    if (!has_shape(rest, ":00") && !has_shape(rest, ":00:00"))
        return false;
    int64_t second = strlen(rest) > 3 ? digits(rest + 4, 2) : 0;
    return read_clock(digits(text, n), digits(rest + 1, 2), second, ret_seconds);
}

bool
sim_instant_parse(const char *text, SimInstant *ret)
{
    int64_t value;
    if (sim_timestamp_parse(text, &value)) {
        *ret = (SimInstant){SIM_INSTANT_ABSOLUTE, value};
        return true;
    }
    if (parse_clock(text, &value)) {
        *ret = (SimInstant){SIM_INSTANT_CLOCK, value * SIM_SECOND};
        return true;
    }
    if (!sim_quantity_duration(text + (text[0] == '+'), &value))
        return false;
    *ret = (SimInstant){SIM_INSTANT_OFFSET, value};
    return true;
}

char *
sim_instant_format(SimInstant instant)
{
    char duration[SIM_QUANTITY_TEXT_MAX];
    int64_t second = instant.value / SIM_SECOND;
    switch (instant.kind) {
    case SIM_INSTANT_NONE:
        return g_strdup("");
    case SIM_INSTANT_OFFSET:
        return g_strconcat(
            "+", sim_quantity_exact_duration(duration, sizeof duration, instant.value), NULL);
    case SIM_INSTANT_CLOCK:
        return g_strdup_printf("%02d:%02d:%02d", (int)(second / 3600), (int)(second / 60 % 60),
                               (int)(second % 60));
    case SIM_INSTANT_ABSOLUTE:
        return sim_timestamp_format(instant.value);
    }
    g_assert_not_reached();
}

SimTime
sim_instant_resolve(SimInstant instant, int64_t start_unix_seconds)
{
    SimTime offset;
    int64_t start_of_day = start_unix_seconds % DAY_SECONDS;
    if (start_of_day < 0)
        start_of_day += DAY_SECONDS;
    switch (instant.kind) {
    case SIM_INSTANT_NONE:
        return 0;
    case SIM_INSTANT_OFFSET:
        return instant.value;
    case SIM_INSTANT_CLOCK:
        offset = instant.value - start_of_day * SIM_SECOND;
        return offset < 0 ? offset + SIM_DAY : offset;
    case SIM_INSTANT_ABSOLUTE:
        return sim_from_seconds((double)(instant.value - start_unix_seconds));
    }
    g_assert_not_reached();
}
