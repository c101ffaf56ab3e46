#include "sim/cmd/summary.h"

#include "sim/quantity.h"

#include <math.h>
#include <string.h>

enum { TEXT_MAX = 96, COLUMN = 50, BRIEF_LINES = 40 };

/* Pads to a column by characters, not bytes. */
static void
append_padded(GString *out, const char *text, glong width)
{
    g_string_append(out, text);
    for (glong i = g_utf8_strlen(text, -1); i < width; i++)
        g_string_append_c(out, ' ');
}

static char *
clock_of(const Result *result, SimTime at)
{
    char text[TEXT_MAX];
    return g_strdup(
        measure_format_clock(text, sizeof text, at, result->scenario->spec.clock.start));
}

static void
append_head(GString *out, const Result *result)
{
    char lasting[TEXT_MAX];
    const Recording *recording = &result->facts.recording;
    g_autofree char *begin = clock_of(result, 0);
    g_autofree char *end = clock_of(result, recording->end);
    sim_quantity_format_duration(lasting, sizeof lasting, recording->end);
    g_string_append_printf(out, "%s\n%s, seed %" G_GUINT64_FORMAT ", %s to %s UTC (%s), %u PoP%s\n",
                           result->scenario->spec.title, result->scenario->name, result->seed,
                           begin, end, lasting, run_geo(result->run)->n_pops,
                           run_geo(result->run)->n_pops == 1 ? "" : "s");
}

static void
append_phases(GString *out, const Result *result)
{
    g_string_append(out, "\nPhases\n");
    for (uint32_t i = 0; i < result->phases.n; i++) {
        const Phase *phase = &result->phases.phases[i];
        char lasting[TEXT_MAX], errors[TEXT_MAX];
        g_autofree char *begin = clock_of(result, phase->begin);
        g_autofree char *peak = clock_of(result, phase->errors_at);
        sim_quantity_format_duration(lasting, sizeof lasting, phase->end - phase->begin);
        g_string_append_printf(out, "  %s  ", begin);
        append_padded(out, phase->name, 12);
        append_padded(out, lasting, 10);
        if (isnan(phase->errors))
            g_string_append(out, "no requests\n");
        else if (phase->errors == 0)
            g_string_append(out, "no errors\n");
        else
            g_string_append_printf(out, "errors at most %s, at %s\n",
                                   sim_quantity_format_share(errors, sizeof errors, phase->errors),
                                   peak);
    }
}

static void
append_figures(GString *out, const Result *result)
{
    const Recording *recording = &result->facts.recording;
    g_autoptr(GString) left = g_string_new(NULL);
    g_string_append(out, "\nKey figures\n");
    for (uint32_t i = 0; i < result->figures->n; i++) {
        Measured measured;
        if (!key_figure_take(&result->figures->figures[i], recording, &measured) ||
            isnan(measured.value))
            continue;
        if (measured.value == 0 && result->figures->figures[i].is_silent_at_zero)
            continue;
        g_autofree char *value = key_figure_text(&measured, recording->start);
        g_autoptr(GString) cell = g_string_new("  ");
        append_padded(cell, result->figures->figures[i].words, 24);
        g_string_append(cell, value);
        if (left->len == 0) {
            g_string_assign(left, cell->str);
            continue;
        }
        append_padded(out, left->str, COLUMN);
        g_string_append_printf(out, "%s\n", cell->str);
        g_string_truncate(left, 0);
    }
    if (left->len > 0)
        g_string_append_printf(out, "%s\n", left->str);
}

static void
append_causes(GString *out, const Result *result, uint32_t most)
{
    if (result->n_causes == 0)
        return;
    g_string_append(out, "\nFailed or blocked requests by first cause\n");
    for (uint32_t i = 0; i < MIN(result->n_causes, most); i++) {
        char share[TEXT_MAX], count[TEXT_MAX];
        g_autofree char *label = landmark_cut(result->causes[i].label, 60);
        g_string_append(out, "  ");
        append_padded(out, sim_quantity_format_share(share, sizeof share, result->causes[i].share),
                      9);
        append_padded(out, sim_quantity_format_count(count, sizeof count, result->causes[i].failed),
                      10);
        g_string_append_printf(out, "%s\n", label);
    }
    if (result->n_causes > most)
        g_string_append_printf(out, "  and %u smaller ones\n", result->n_causes - most);
}

static uint32_t
count_bands(const Verdict *verdict)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < verdict->n_published; i++)
        n += verdict->published[i].has_band;
    return n;
}

static void
append_published(GString *out, const Result *result, uint32_t most)
{
    const Verdict *verdict = result->verdict;
    if (verdict->n_published == 0)
        return;
    g_string_append_printf(out, "\nPublished figures: %u of %u inside their band\n",
                           verdict->n_inside, count_bands(verdict));
    for (uint32_t i = 0; i < MIN(verdict->n_published, most); i++) {
        const PublishedFinding *finding = &verdict->published[i];
        const PublishedSpec *published = finding->published;
        g_autofree char *name = g_strdup_printf("%s %s", published->id, published->about);
        g_autofree char *cut = landmark_cut(name, 40);
        g_autofree char *value = landmark_cut(published->value, 32);
        const char *mark = !finding->has_band ? "" : finding->is_inside ? "ok" : "off";
        g_string_append_printf(out, "  %-4s ", mark);
        append_padded(out, cut, 41);
        append_padded(out, finding->simulated, 12);
        if (finding->has_band)
            g_string_append_printf(out, "band %s; ", finding->band);
        g_string_append_printf(out, "published %s\n", value);
    }
    if (verdict->n_published > most)
        g_string_append_printf(out, "  and %u more\n", verdict->n_published - most);
}

static void
append_expectations(GString *out, const Result *result, uint32_t most)
{
    static const char *const marks[] = {"ok  ", "FAIL", "?   "};
    const Verdict *verdict = result->verdict;
    uint32_t left_out = 0, shown = 0;
    if (verdict->n == 0)
        return;
    g_string_append(out, "\nExpectations\n");
    for (uint32_t i = 0; i < verdict->n; i++) {
        const Finding *finding = &verdict->findings[i];
        bool is_short = verdict->n > most && finding->judgement == JUDGEMENT_HELD;
        if (is_short || shown == most) {
            left_out++;
            continue;
        }
        shown++;
        g_string_append_printf(out, "  %s %s: %s\n", marks[finding->judgement], finding->expected,
                               finding->sentence);
        if (finding->judgement == JUDGEMENT_FAILED && finding->expect->because)
            g_string_append_printf(out, "       expected because %s\n", finding->expect->because);
    }
    if (left_out)
        g_string_append_printf(out, "  and %u more\n", left_out);
}

static void
append_tail(GString *out, const Result *result, const char *directory)
{
    const Verdict *verdict = result->verdict;
    g_string_append_printf(out, "\nVerdict: %s", result_verdict(result));
    if (verdict->n)
        g_string_append_printf(out, " (%u held, %u failed, %u inconclusive)", verdict->n_held,
                               verdict->n_failed, verdict->n_inconclusive);
    if (directory)
        g_string_append_printf(out, "\nFiles:   %s/", directory);
    g_string_append_printf(out, "\nAgain:   %s\nDigest:  %s\n", result->command, result->digest);
}

static uint32_t
count_lines(const char *text)
{
    uint32_t n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static char *
text_with(const Result *result, const char *directory, uint32_t most)
{
    GString *out = g_string_new(NULL);
    append_head(out, result);
    append_phases(out, result);
    append_figures(out, result);
    append_causes(out, result, MIN(most, 6));
    append_published(out, result, most);
    append_expectations(out, result, most);
    append_tail(out, result, directory);
    return g_string_free(out, FALSE);
}

char *
summary_text(const Result *result, const char *directory, bool is_brief)
{
    char *text = text_with(result, directory, 1000);
    for (uint32_t most = 14; is_brief && most > 0 && count_lines(text) > BRIEF_LINES; most--) {
        g_free(text);
        text = text_with(result, directory, most);
    }
    return text;
}

/* JSON -------------------------------------------------------------------------------------- */

static const char *const unit_names[] = {
    [MEASURE_SHARE] = "share", [MEASURE_SECONDS] = "s",    [MEASURE_INSTANT] = "s since start",
    [MEASURE_RATE] = "/s",     [MEASURE_NUMBER] = "count", [MEASURE_FACTOR] = "factor"};

static void
json_measured(Json *json, const Result *result, const Measured *measured)
{
    char text[TEXT_MAX];
    measure_format(text, sizeof text, measured->unit, measured->value,
                   result->scenario->spec.clock.start);
    json_number(json, "value", measured->value);
    json_text(json, "unit", unit_names[measured->unit]);
    json_text(json, "text", measured->status == MEASURED ? text : "no data");
    if (measured->at >= 0)
        json_number(json, "at_s", sim_seconds(measured->at));
}

static void
json_measures(Json *json, const Result *result)
{
    json_open(json, "measures", '{');
    for (uint32_t i = 0; i < result->figures->n; i++) {
        Measured measured;
        if (!key_figure_take(&result->figures->figures[i], &result->facts.recording, &measured))
            continue;
        json_open(json, result->figures->figures[i].id, '{');
        json_measured(json, result, &measured);
        json_close(json, '}');
    }
    json_close(json, '}');
}

static void
json_published(Json *json, const Result *result)
{
    json_open(json, "published", '[');
    for (uint32_t i = 0; i < result->verdict->n_published; i++) {
        const PublishedFinding *finding = &result->verdict->published[i];
        json_open(json, NULL, '{');
        json_text(json, "id", finding->published->id);
        json_text(json, "about", finding->published->about);
        json_text(json, "published", finding->published->value);
        json_text(json, "source", finding->published->source);
        json_text(json, "simulated", finding->simulated);
        json_measured(json, result, &finding->measured);
        json_text(json, "band", finding->band);
        if (finding->has_band)
            json_bool(json, "inside", finding->is_inside);
        else
            json_null(json, "inside");
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void
json_expectations(Json *json, const Result *result)
{
    json_open(json, "expectations", '[');
    for (uint32_t i = 0; i < result->verdict->n; i++) {
        const Finding *finding = &result->verdict->findings[i];
        json_open(json, NULL, '{');
        json_text(json, "expected", finding->expected);
        json_text(json, "judgement", judgement_names[finding->judgement]);
        json_text(json, "finding", finding->sentence);
        json_text(json, "because", finding->expect->because);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void
json_story(Json *json, const Result *result)
{
    json_open(json, "phases", '[');
    for (uint32_t i = 0; i < result->phases.n; i++) {
        const Phase *phase = &result->phases.phases[i];
        json_open(json, NULL, '{');
        json_text(json, "name", phase->name);
        json_number(json, "begin_s", sim_seconds(phase->begin));
        json_number(json, "end_s", sim_seconds(phase->end));
        json_number(json, "errors_max", phase->errors);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "causes", '[');
    for (uint32_t i = 0; i < result->n_causes; i++) {
        json_open(json, NULL, '{');
        json_text(json, "cause", result->causes[i].label);
        uint32_t entry = run_cause_entry(result->run, result->causes[i].slot);
        if (entry == SIM_NONE)
            json_null(json, "entry");
        else
            json_integer(json, "entry", entry);
        json_number(json, "failed", result->causes[i].failed);
        json_number(json, "share", result->causes[i].share);
        json_close(json, '}');
    }
    json_close(json, ']');
}

void
summary_json(Json *json, const Result *result, const char *directory)
{
    Sim *sim = run_sim(result->run);
    json_text(json, "verdict", result_verdict(result));
    json_integer(json, "exit_code", result_code(result));
    json_text(json, "digest", result->digest);
    json_integer(json, "seed", (int64_t)result->seed);
    json_text(json, "version", BLACKSTART_VERSION);
    json_text(json, "scenario", result->scenario->name);
    json_text(json, "title", result->scenario->spec.title);
    json_text(json, "hash", result->scenario->hash);
    json_text(json, "command", result->command);
    json_text(json, "directory", directory);
    json_integer(json, "start", result->scenario->spec.clock.start);
    json_number(json, "simulated_s", sim_seconds(result->facts.recording.end));
    json_number(json, "wall_seconds", result->wall_seconds);
    json_integer(json, "events", (int64_t)sim_events(sim));
    json_integer(json, "pop_steps", (int64_t)run_pop_steps(result->run));
    json_integer(json, "arena_bytes", (int64_t)sim_arena_used(sim_arena(sim)));
    json_measures(json, result);
    json_story(json, result);
    json_published(json, result);
    json_expectations(json, result);
}
