#include "sim/cmd/summary_response.h"

#include "models/phase_story.h"
#include "sim/quantity.h"

#include <math.h>
#include <string.h>

enum { TEXT_MAX = 96, WHAT_MAX = 56 };

static const struct Line {
    MeritKind kind;
    const char *words, *key;
} lines[] = {
    {MERIT_DETECT, "detected", "detect"},       {MERIT_PAGE, "paged", "page"},
    {MERIT_ACK, "acknowledged", "acknowledge"}, {MERIT_MISLED, "wrong lead", "misled"},
    {MERIT_IDENTIFY, "identified", "identify"}, {MERIT_MITIGATE, "mitigated", "mitigate"},
    {MERIT_RECOVER, "recovered", "recover"},    {MERIT_FIRST_WORD, "first word", "first_word"},
};

/* "after 3m10s", "20 s before", "never" */
static char *
after_text(double seconds)
{
    char text[TEXT_MAX];
    if (!(seconds < INFINITY))
        return g_strdup("never");
    SimTime time = sim_from_seconds(seconds < 0 ? -seconds : seconds);
    sim_quantity_format_duration(text, sizeof text, time);
    return seconds < 0 ? g_strdup_printf("%s before", text) : g_strdup_printf("after %s", text);
}

static void
append_cell(GString *out, const char *text, glong width)
{
    g_string_append(out, text);
    for (glong i = g_utf8_strlen(text, -1); i < width; i++)
        g_string_append_c(out, ' ');
}

static char *
clock_at(const Result *result, SimTime at)
{
    char text[TEXT_MAX];
    return g_strdup(
        at < 0 ? ""
               : measure_format_clock(text, sizeof text, at, result->scenario->spec.clock.start));
}

/* What the journal says of that moment, cut; the caller frees it. */
static char *
what_happened(const Result *result, MeritKind kind, MeritMark mark)
{
    if (mark.entry == SIM_NONE)
        return g_strdup(kind == MERIT_MITIGATE && mark.at >= 0 ? "by itself" : "");
    return landmark_cut(sim_journal_get(run_journal(result->run), mark.entry)->text, WHAT_MAX);
}

static MeritMark
mark_of(const Merit *merit, MeritKind kind)
{
    const MeritTeam *team = merit_lead_team(merit);
    if (kind == MERIT_MISLED)
        return team && team->misled_for > 0 ? team->misled : (MeritMark){-1, SIM_NONE};
    return merit->marks[kind];
}

static void
append_line(GString *out, const Result *result, const struct Line *line)
{
    const Merit *merit = &result->merit;
    MeritMark mark = mark_of(merit, line->kind);
    double value = merit_value(merit, line->kind);
    if (line->kind == MERIT_MISLED && value == 0)
        return;
    g_autofree char *at = clock_at(result, mark.at);
    g_autofree char *what = what_happened(result, line->kind, mark);
    g_autofree char *after = after_text(value);
    g_string_append(out, "  ");
    append_cell(out, line->words, 14);
    append_cell(out, line->kind == MERIT_MISLED ? after + strlen("after ") : after, 15);
    append_cell(out, at, *at || *what ? 10 : 0);
    g_string_append(out, what);
    if (line->kind == MERIT_FIRST_WORD && merit->n_words > 1)
        g_string_append_printf(out, "; %u update%s", merit->n_words - 1,
                               merit->n_words > 2 ? "s" : "");
    g_strchomp(out->str);
    g_string_set_size(out, strlen(out->str));
    g_string_append_c(out, '\n');
}

static void
append_step(GString *out, const Merit *merit, const char *word, MeritMark mark)
{
    if (mark.at < 0)
        return;
    g_autofree char *after = after_text(sim_seconds(mark.at - merit->onset));
    g_string_append_printf(out, "%s %s %s", out->str[out->len - 1] == ':' ? "" : ",", word, after);
}

static void
append_team(GString *out, const Merit *merit, const MeritTeam *team)
{
    g_autofree char *name = landmark_cut(team->name, 20);
    g_string_append_printf(out, "  %s:", name);
    append_step(out, merit, "paged", team->paged);
    append_step(out, merit, "acknowledged", team->acks);
    append_step(out, merit, "misled", team->misled);
    append_step(out, merit, "identified", team->identifies);
    append_step(out, merit, "done", team->done);
    g_string_append_c(out, '\n');
}

void
summary_response(GString *out, const Result *result)
{
    const Spec *spec = &result->scenario->spec;
    const Merit *merit = &result->merit;
    if (!phase_story_applies(spec) || merit->onset < 0)
        return;
    g_autofree char *onset = clock_at(result, merit->onset);
    g_string_append_printf(out, "\nResponse, from users' pain at %s\n", onset);
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        if (merit_applies(spec, lines[i].kind))
            append_line(out, result, &lines[i]);
    for (uint32_t i = 0; i < merit->n_teams && merit->n_teams > 1; i++)
        append_team(out, merit, &merit->teams[i]);
}

/* JSON ---------------------------------------------------------------------------------------- */

static void
json_mark(Json *json, const Result *result, const char *key, MeritMark mark)
{
    if (mark.at < 0) {
        json_null(json, key);
        return;
    }
    json_open(json, key, '{');
    json_number(json, "at_s", sim_seconds(mark.at));
    json_number(json, "after_s", sim_seconds(mark.at - result->merit.onset));
    if (mark.entry != SIM_NONE) {
        json_integer(json, "entry", mark.entry);
        json_text(json, "text", sim_journal_get(run_journal(result->run), mark.entry)->text);
    }
    json_close(json, '}');
}

static void
json_team(Json *json, const Result *result, const MeritTeam *team)
{
    json_open(json, NULL, '{');
    json_text(json, "team", team->name);
    json_mark(json, result, "page", team->paged);
    json_mark(json, result, "acknowledge", team->acks);
    json_mark(json, result, "misled", team->misled);
    json_number(json, "misled_s", sim_seconds(team->misled_for));
    json_mark(json, result, "identify", team->identifies);
    json_mark(json, result, "done", team->done);
    json_close(json, '}');
}

void
summary_response_json(Json *json, const Result *result)
{
    const Spec *spec = &result->scenario->spec;
    const Merit *merit = &result->merit;
    json_open(json, "response", '{');
    if (merit->onset < 0) {
        json_null(json, "onset_s");
        json_close(json, '}');
        return;
    }
    json_number(json, "onset_s", sim_seconds(merit->onset));
    if (merit->push >= 0)
        json_number(json, "push_s", sim_seconds(merit->push));
    for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
        if (merit_applies(spec, lines[i].kind))
            json_mark(json, result, lines[i].key, mark_of(merit, lines[i].kind));
    if (merit_applies(spec, MERIT_MISLED))
        json_number(json, "misled_s", merit_value(merit, MERIT_MISLED));
    if (merit_applies(spec, MERIT_UPDATES))
        json_number(json, "updates", merit_value(merit, MERIT_UPDATES));
    json_open(json, "teams", '[');
    for (uint32_t i = 0; i < merit->n_teams; i++)
        json_team(json, result, &merit->teams[i]);
    json_close(json, ']');
    json_close(json, '}');
}
