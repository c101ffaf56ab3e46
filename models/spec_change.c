#include "models/spec_change.h"

#include "models/spec_row.h"

#include <string.h>

static const char *const day_names[WEEK_DAYS + 1] = {"mon", "tue", "wed", "thu",
                                                     "fri", "sat", "sun", NULL};

/* reading ----------------------------------------------------------------------------------- */

static bool
read_day(const char *text, uint32_t *ret)
{
    for (uint32_t day = 0; day < WEEK_DAYS; day++)
        if (g_ascii_strcasecmp(text, day_names[day]) == 0) {
            *ret = day;
            return true;
        }
    return false;
}

/* "mon", "mon-thu", "fri-mon" */
static bool
read_days(const char *text, uint32_t *days)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    uint32_t from, to;
    if (!ends[0] || !read_day(ends[0], &from))
        return false;
    to = from;
    if (ends[1] && !read_day(ends[1], &to))
        return false;
    *days |= 1u << from;
    while (from != to) {
        from = (from + 1) % WEEK_DAYS;
        *days |= 1u << from;
    }
    return true;
}

static bool
read_time(const char *text, int32_t *ret_s)
{
    SimInstant instant;
    if (strcmp(text, "24:00") == 0) {
        *ret_s = WEEK_DAY_S;
        return true;
    }
    if (!sim_instant_parse(text, &instant) || instant.kind != SIM_INSTANT_CLOCK)
        return false;
    *ret_s = (int32_t)(instant.value / SIM_SECOND);
    return true;
}

/* "08:00-16:00"; an end that is not after the beginning is of the next day. */
static bool
read_times(const char *text, Week *week)
{
    g_auto(GStrv) ends = g_strsplit(text, "-", 2);
    if (!ends[0] || !ends[1] || !read_time(ends[0], &week->from_s) ||
        !read_time(ends[1], &week->to_s) || week->from_s >= WEEK_DAY_S)
        return false;
    if (week->to_s <= week->from_s)
        week->to_s += WEEK_DAY_S;
    return true;
}

static bool
read_week(const char *text, Week *week)
{
    const char *space = strrchr(text, ' ');
    if (!read_times(space ? space + 1 : text, week))
        return false;
    week->days = 0;
    if (!space) {
        week->days = (1u << WEEK_DAYS) - 1;
        return true;
    }
    g_autofree char *before = g_strndup(text, (gsize)(space - text));
    g_auto(GStrv) parts = g_strsplit(before, ",", -1);
    bool is_right = parts[0] != NULL;
    for (guint i = 0; parts[i]; i++)
        is_right &= read_days(g_strstrip(parts[i]), &week->days);
    return is_right;
}

static bool
week_parse(SimFields *fields, const SimNode *node, void *destination)
{
    Week *week = destination;
    g_autofree char *text = g_strdup(node->kind == SIM_NODE_SCALAR ? node->scalar : "…");
    if (node->kind == SIM_NODE_SCALAR && read_week(g_strstrip(text), week))
        return true;
    sim_fields_error(fields, node->mark,
                     "'%s' is no window: expected days and hours in UTC such as mon-thu "
                     "08:00-16:00, or hours alone",
                     text);
    return false;
}

static void
print_time(GString *out, int32_t seconds)
{
    g_string_append_printf(out, "%02d:%02d", seconds / 3600, seconds / 60 % 60);
    if (seconds % 60)
        g_string_append_printf(out, ":%02d", seconds % 60);
}

void
week_print(const void *data, GString *out)
{
    const Week *week = data;
    bool is_first = true;
    if (week->days == 0)
        return;
    for (uint32_t day = 0; day < WEEK_DAYS; day++)
        if (week->days >> day & 1) {
            g_string_append_printf(out, "%s%s", is_first ? "" : ",", day_names[day]);
            is_first = false;
        }
    g_string_append_c(out, ' ');
    print_time(out, week->from_s);
    g_string_append_c(out, '-');
    print_time(out, week->to_s > WEEK_DAY_S ? week->to_s - WEEK_DAY_S : week->to_s);
}

/* An instant, or a date, which is its midnight. */
static bool
moment_parse(SimFields *fields, const SimNode *node, void *destination)
{
    const char *text = node->kind == SIM_NODE_SCALAR ? node->scalar : "…";
    SimInstant *instant = destination;
    g_autofree char *midnight = g_strconcat(text, "T00:00:00Z", NULL);
    int64_t seconds;
    if (sim_timestamp_parse(midnight, &seconds)) {
        *instant = (SimInstant){SIM_INSTANT_ABSOLUTE, seconds};
        return true;
    }
    if (node->kind == SIM_NODE_SCALAR && sim_instant_parse(text, instant))
        return true;
    sim_fields_error(fields, node->mark,
                     "'%s' is no moment: expected a date such as 2025-12-20, a timestamp, a clock "
                     "time or an offset such as +5m",
                     text);
    return false;
}

static void
moment_print(const void *data, GString *out)
{
    g_autofree char *text = sim_instant_format(*(const SimInstant *)data);
    g_string_append(out, text);
}

/* tables ------------------------------------------------------------------------------------ */

static const SimField window_fields[] = {
    CUSTOM(WindowSpec, week, "week", .required = true, .parse = week_parse, .print = week_print,
           .expected = "days and hours in UTC such as `mon-thu 08:00-16:00`",
           .about = "When something may go out; an end before the beginning is of the next day."),
};
static const SimFieldTable window_table = {.name = "window",
                                           .about = "Hours of the week in which changes go out.",
                                           .size = sizeof(WindowSpec),
                                           SIM_TABLE(window_fields),
                                           .shorthand = "week"};

#define MOMENT "a date such as `2025-12-20`, which is its midnight, or an instant"
static const SimField freeze_fields[] = {
    CUSTOM(FreezeSpec, from, "from", .required = true, .parse = moment_parse, .print = moment_print,
           .expected = MOMENT, .about = "When it begins."),
    CUSTOM(FreezeSpec, to, "to", .required = true, .parse = moment_parse, .print = moment_print,
           .expected = MOMENT, .about = "When it ends."),
    TEXT(FreezeSpec, because, "because", .about = "Why, for the journal."),
};
static const SimFieldTable freeze_table = {
    .name = "freeze",
    .about = "A time in which nothing goes out, whatever the windows.",
    .size = sizeof(FreezeSpec),
    SIM_TABLE(freeze_fields)};

static const char *const emergencies[] = {"bypasses", "waits", NULL};
static const SimField change_fields[] = {
    LIST(ChangeSpec, windows, "windows", .table = &window_table, .items_max = 100,
         .about = "When a version or a wave may go out; absent: always."),
    LIST(ChangeSpec, freezes, "freezes", .table = &freeze_table, .items_max = 100,
         .about = "When none may."),
    LAW(ChangeSpec, approval, "approval", .fallback = "0s",
        .about = "What somebody's yes takes before a version goes out, drawn each time."),
    CHOICE(ChangeSpec, emergency, "emergency", .fallback = "bypasses", .choices = emergencies,
           .about = "Whether push-known-good goes past windows and approval or waits as any other "
                    "change; what a gate or a missing confirmation takes back never waits."),
};
const SimFieldTable change_table = {
    .name = "change process",
    .about = "What a version waits for before it goes out; a config's own replaces that of all.",
    .size = sizeof(ChangeSpec),
    SIM_TABLE(change_fields)};
