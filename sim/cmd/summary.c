#include "sim/cmd/summary.h"

#include "sim/cmd/summary_response.h"
#include "sim/quantity.h"

#include <math.h>
#include <string.h>

enum { TEXT_MAX = 96, BRIEF_LINES = 40, LINE_MAX_CHARACTERS = 100 };

/* What is shown of lists that may be long. */
typedef struct Detail {
    bool has_inside;    /* published values inside their band in full, not as a list of numbers */
    bool has_held;      /* expectations that hold */
    bool has_latencies; /* the whole table, not all requests and the slowest region alone */
    uint32_t most;      /* of any other list */
} Detail;

/* Pads to a column by characters, not bytes; one blank at least. */
static void
append_padded(GString *out, const char *text, glong width)
{
    g_string_append(out, text);
    g_string_append_c(out, ' ');
    for (glong i = g_utf8_strlen(text, -1) + 1; i < width; i++)
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
    PlaneKept kept = run_kept(result->run);
    uint32_t n_pops = run_geo(result->run)->n_pops;
    g_autofree char *sample = kept.n_pops < n_pops ? g_strdup_printf("%u of ", kept.n_pops) : NULL;
    g_string_append_printf(
        out, "%s\n%s, seed %" G_GUINT64_FORMAT ", %s to %s UTC (%s), %s%u PoP%s%s%s\n",
        result->scenario->spec.title, result->scenario->name, result->seed, begin, end, lasting,
        sample ? sample : "", n_pops, n_pops == 1 ? "" : "s",
        run_plane(result->run) == RUN_REQUEST ? ", request by request" : "",
        result->scenario->spec.replay ? "; a replay, human times are pinned" : "");
}

/* What the request plane carried, if not all of everything. */
static void
append_kept(GString *out, const Result *result)
{
    char share[TEXT_MAX], count[TEXT_MAX];
    PlaneKept kept = run_kept(result->run);
    if (run_plane(result->run) == RUN_FLOW)
        return;
    sim_quantity_format_count(count, sizeof count, (double)run_steps(result->run));
    sim_quantity_format_share(share, sizeof share, kept.share);
    g_string_append_printf(out, "%s attempts", count);
    if (kept.n_pops < run_geo(result->run)->n_pops)
        g_string_append_printf(out, "; kept %u PoPs with %s of the demand: all counts are of these",
                               kept.n_pops, share);
    if (kept.n_caches_keyed < kept.n_caches)
        g_string_append_printf(out,
                               "\nCaches of %u of %u sites are kept by object, others by curve",
                               kept.n_caches_keyed, kept.n_caches);
    g_string_append_c(out, '\n');
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

/* A table of two columns of words and values; each is as wide as it must be. */
static void
append_pairs(GString *out, const GPtrArray *words, const GPtrArray *values)
{
    glong widths[4] = {0};
    for (guint i = 0; i < words->len; i++) {
        glong *width = &widths[2 * (i % 2)];
        width[0] = MAX(width[0], g_utf8_strlen(words->pdata[i], -1) + 2);
        width[1] = MAX(width[1], g_utf8_strlen(values->pdata[i], -1) + 2);
    }
    for (guint i = 0; i < words->len; i++) {
        bool is_last = i % 2 == 1 || i + 1 == words->len;
        if (i % 2 == 0)
            g_string_append(out, "  ");
        append_padded(out, words->pdata[i], widths[2 * (i % 2)]);
        if (is_last)
            g_string_append_printf(out, "%s\n", (const char *)values->pdata[i]);
        else
            append_padded(out, values->pdata[i], widths[1]);
    }
}

static void
append_figures(GString *out, const Result *result)
{
    const Recording *recording = &result->facts.recording;
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
    for (uint32_t i = 0; i < result->figures->n; i++) {
        const KeyFigure *figure = &result->figures->figures[i];
        Measured measured;
        if (key_figure_is_merit(figure) || !key_figure_take(figure, recording, &measured) ||
            isnan(measured.value))
            continue;
        if (measured.value == 0 && figure->is_silent_at_zero)
            continue;
        g_ptr_array_add(words, (char *)figure->words);
        g_ptr_array_add(values, key_figure_text(&measured, recording->start));
    }
    g_string_append(out, "\nKey figures\n");
    append_pairs(out, words, values);
}

/* Of a whole: nobody reads digits beyond the first of what is left. */
static const char *
format_part(char *buffer, size_t size, double share)
{
    if (share > 0 && share < 0.0005)
        return "< 0.1 %";
    if (share > 0.9995 && share < 1 - 5e-8)
        return "> 99.9 %";
    return sim_quantity_format_share(buffer, size, share);
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
        append_padded(out, format_part(share, sizeof share, result->causes[i].share), 9);
        append_padded(out, sim_quantity_format_count(count, sizeof count, result->causes[i].failed),
                      10);
        g_string_append_printf(out, "%s\n", label);
    }
    if (result->n_causes > most)
        g_string_append_printf(out, "  and %u smaller ones\n", result->n_causes - most);
}

static void
append_latency(GString *out, const PlaneLatency *row)
{
    char text[TEXT_MAX];
    g_autofree char *name = g_strdup_printf("%s %s", row->scope, row->name);
    g_string_append(out, "  ");
    append_padded(out, name, 32);
    for (guint i = 0; i < G_N_ELEMENTS(row->seconds); i++)
        append_padded(
            out, sim_quantity_format_duration(text, sizeof text, sim_from_seconds(row->seconds[i])),
            11);
    g_string_append_printf(out, "%s\n",
                           sim_quantity_format_count(text, sizeof text, (double)row->n));
}

/* The region whose 99th percentile is worst; NULL: none. */
static const PlaneLatency *
slowest_region(const GArray *rows)
{
    const PlaneLatency *slowest = NULL;
    for (guint i = 0; i < rows->len; i++) {
        const PlaneLatency *row = &g_array_index(rows, PlaneLatency, i);
        if (strcmp(row->scope, "region") == 0 &&
            (!slowest || row->seconds[2] > slowest->seconds[2]))
            slowest = row;
    }
    return slowest;
}

static void
append_latencies(GString *out, const Result *result, bool is_whole)
{
    g_autoptr(GArray) rows = run_latencies(result->run);
    const PlaneLatency *slowest = slowest_region(rows);
    if (rows->len == 0)
        return;
    g_string_append(out, "\nLatency, with the way of clients  p50        p95        p99        "
                         "p99.9      of\n");
    for (guint i = 0; i < rows->len; i++) {
        const PlaneLatency *row = &g_array_index(rows, PlaneLatency, i);
        if (is_whole || row == slowest || strcmp(row->scope, "all") == 0)
            append_latency(out, row);
    }
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
append_finding(GString *out, const PublishedFinding *finding)
{
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

/* "  inside: F1 11:25:00, F2 7, …" on as many lines as it needs. */
static void
append_wrapped(GString *out, const char *head, const GPtrArray *items)
{
    glong indent = g_utf8_strlen(head, -1) + 2, at = indent;
    if (items->len == 0)
        return;
    g_string_append_printf(out, "  %s", head);
    for (guint i = 0; i < items->len; i++) {
        glong length = g_utf8_strlen(items->pdata[i], -1) + 2;
        if (at > indent && at + length > LINE_MAX_CHARACTERS) {
            g_string_append_printf(out, "\n%*s", (int)indent, "");
            at = indent;
        }
        g_string_append_printf(out, " %s%s", (const char *)items->pdata[i],
                               i + 1 < items->len ? "," : "\n");
        at += length;
    }
}

/* Those outside their band first: they are what a reader must know. */
static void
append_published(GString *out, const Result *result, Detail detail)
{
    const Verdict *verdict = result->verdict;
    g_autoptr(GPtrArray) inside = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GPtrArray) unjudged = g_ptr_array_new_with_free_func(g_free);
    uint32_t shown = 0, left_out = 0;
    if (verdict->n_published == 0)
        return;
    g_string_append_printf(out, "\nPublished figures: %u of %u inside their band\n",
                           verdict->n_inside, count_bands(verdict));
    for (uint32_t i = 0; i < verdict->n_published; i++) {
        const PublishedFinding *finding = &verdict->published[i];
        bool is_off = finding->has_band && !finding->is_inside;
        if (!is_off && !detail.has_inside)
            g_ptr_array_add(finding->has_band ? inside : unjudged,
                            g_strdup_printf("%s %s", finding->published->id, finding->simulated));
        else if (shown++ < detail.most)
            append_finding(out, finding);
        else
            left_out++;
    }
    if (left_out)
        g_string_append_printf(out, "  and %u more\n", left_out);
    append_wrapped(out, "inside:", inside);
    append_wrapped(out, "without a band:", unjudged);
}

static void
append_expectations(GString *out, const Result *result, Detail detail)
{
    static const char *const marks[] = {"ok  ", "FAIL", "?   "};
    const Verdict *verdict = result->verdict;
    uint32_t left_out = 0, shown = 0;
    if (verdict->n == 0)
        return;
    g_string_append_printf(out, "\nExpectations: %u of %u hold\n", verdict->n_held, verdict->n);
    for (uint32_t i = 0; i < verdict->n; i++) {
        const Finding *finding = &verdict->findings[i];
        if (!detail.has_held && finding->judgement == JUDGEMENT_HELD)
            continue;
        if (shown++ == detail.most) {
            left_out = verdict->n - i;
            break;
        }
        g_string_append_printf(out, "  %s %s: %s\n", marks[finding->judgement], finding->expected,
                               finding->sentence);
        if (finding->judgement == JUDGEMENT_FAILED && finding->expect->because)
            g_string_append_printf(out, "       expected because %s\n", finding->expect->because);
    }
    if (left_out)
        g_string_append_printf(out, "  and %u more\n", left_out);
}

/* Those without effect in any case: they are why a verdict is inconclusive. */
static void
append_faults(GString *out, const Result *result, Detail detail)
{
    const Verdict *verdict = result->verdict;
    uint32_t shown = 0;
    if (verdict->n_faults == 0 || (verdict->n_idle == 0 && !detail.has_held))
        return;
    g_string_append_printf(out, "\nFaults: %u of %u had an effect\n", verdict->n_effective,
                           verdict->n_faults);
    for (uint32_t i = 0; i < verdict->n_faults && shown < detail.most; i++) {
        const FaultFinding *finding = &verdict->faults[i];
        if (!finding->is_idle && !detail.has_held)
            continue;
        const char *mark = finding->has_effect ? "ok  " : finding->is_idle ? "?   " : "-   ";
        g_string_append_printf(out, "  %s %s: %s\n", mark, finding->name, finding->sentence);
        shown++;
    }
}

static void
append_tail(GString *out, const Result *result, const char *directory)
{
    const Verdict *verdict = result->verdict;
    g_string_append_printf(out, "\nVerdict: %s", result_verdict(result));
    if (verdict->n)
        g_string_append_printf(out, " (%u held, %u failed, %u inconclusive)", verdict->n_held,
                               verdict->n_failed, verdict->n_inconclusive);
    if (verdict->n_idle)
        g_string_append_printf(out, ", %u fault%s without effect", verdict->n_idle,
                               verdict->n_idle == 1 ? "" : "s");
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
text_with(const Result *result, const char *directory, Detail detail)
{
    GString *out = g_string_new(NULL);
    append_head(out, result);
    append_kept(out, result);
    append_phases(out, result);
    summary_response(out, result);
    append_figures(out, result);
    append_latencies(out, result, detail.has_latencies);
    append_causes(out, result, MIN(detail.most, 6));
    append_published(out, result, detail);
    append_expectations(out, result, detail);
    append_faults(out, result, detail);
    append_tail(out, result, directory);
    return g_string_free(out, FALSE);
}

/* A brief text gives up what is as it should be before anything else. */
char *
summary_text(const Result *result, const char *directory, bool is_brief)
{
    static const Detail details[] = {
        {true, true, true, 1000},    {true, true, false, 1000}, {false, true, false, 1000},
        {false, false, false, 1000}, {false, false, false, 12}, {false, false, false, 9},
        {false, false, false, 6},    {false, false, false, 4},  {false, false, false, 3},
        {false, false, false, 2},    {false, false, false, 1}};
    guint first = is_brief; /* the table of latencies is of the file */
    char *text = text_with(result, directory, details[first]);
    for (guint i = first + 1;
         is_brief && i < G_N_ELEMENTS(details) && count_lines(text) > BRIEF_LINES; i++) {
        g_free(text);
        text = text_with(result, directory, details[i]);
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
json_faults(Json *json, const Result *result)
{
    json_open(json, "faults", '[');
    for (uint32_t i = 0; i < result->verdict->n_faults; i++) {
        const FaultFinding *finding = &result->verdict->faults[i];
        json_open(json, NULL, '{');
        json_text(json, "name", finding->name);
        json_text(json, "kind", verb_names[finding->entry->verb]);
        json_bool(json, "has_effect", finding->has_effect);
        json_text(json, "finding", finding->sentence);
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

/* The work done, and what of the network it was done for. */
static void
json_kept(Json *json, const Result *result)
{
    PlaneKept kept = run_kept(result->run);
    bool is_request = run_plane(result->run) == RUN_REQUEST;
    json_integer(json, is_request ? "attempts" : "pop_steps", (int64_t)run_steps(result->run));
    json_open(json, "kept", '{');
    json_integer(json, "pops", kept.n_pops);
    json_number(json, "demand", kept.share);
    if (is_request) {
        json_integer(json, "caches", kept.n_caches);
        json_integer(json, "caches_by_object", kept.n_caches_keyed);
    }
    json_close(json, '}');
}

static void
json_latencies(Json *json, const Result *result)
{
    static const char *const keys[] = {"p50_s", "p95_s", "p99_s", "p999_s"};
    g_autoptr(GArray) rows = run_latencies(result->run);
    json_open(json, "latencies", '[');
    for (guint i = 0; i < rows->len; i++) {
        const PlaneLatency *row = &g_array_index(rows, PlaneLatency, i);
        json_open(json, NULL, '{');
        json_text(json, "scope", row->scope);
        json_text(json, "name", row->name);
        json_integer(json, "n", (int64_t)row->n);
        for (guint q = 0; q < G_N_ELEMENTS(keys); q++)
            json_number(json, keys[q], row->seconds[q]);
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
    json_text(json, "plane", run_plane_names[run_plane(result->run)]);
    json_kept(json, result);
    json_integer(json, "arena_bytes", (int64_t)sim_arena_used(sim_arena(sim)));
    json_measures(json, result);
    json_latencies(json, result);
    json_story(json, result);
    summary_response_json(json, result);
    json_published(json, result);
    json_expectations(json, result);
    json_faults(json, result);
}
