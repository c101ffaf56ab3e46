#include "sim/cmd/ensemble.h"

#include "models/keyfigure.h"
#include "models/landmark.h"
#include "models/verdict.h"

#include <math.h>
#include <string.h>

/* One figure over all seeds. */
typedef struct Row {
    const char *id, *words;
    const PublishedSpec *published; /* NULL: a key figure */
    int unit;
    GArray *values; /* double, sorted after all are in */
    guint n_judged, n_inside;
} Row;

struct Ensemble {
    const Scenario *scenario;
    guint n_seeds, n_done;
    guint n_verdicts[3];      /* by Judgement */
    guint (*expectations)[3]; /* [expectation][Judgement] */
    KeyFigures *figures;
    guint n_rows;
    Row *rows;
};

static void
add_rows(Ensemble *ensemble)
{
    const SimList *published = &ensemble->scenario->spec.published;
    const KeyFigures *figures = ensemble->figures = key_figures_new(&ensemble->scenario->spec);
    ensemble->n_rows = figures->n + published->n;
    ensemble->rows = g_new0(Row, ensemble->n_rows);
    for (uint32_t i = 0; i < figures->n; i++)
        ensemble->rows[i] = (Row){.id = figures->figures[i].id, .words = figures->figures[i].words};
    for (uint32_t i = 0; i < published->n; i++) {
        const PublishedSpec *one = SIM_ITEM(*published, PublishedSpec, i);
        ensemble->rows[figures->n + i] =
            (Row){.id = one->id, .words = one->about, .published = one};
    }
    for (guint i = 0; i < ensemble->n_rows; i++)
        ensemble->rows[i].values = g_array_new(FALSE, FALSE, sizeof(double));
}

static const char *
scalar_of(const SimNode *mapping, const char *key)
{
    const SimNode *node = sim_node_get(mapping, key);
    return node && node->kind == SIM_NODE_SCALAR ? node->scalar : NULL;
}

static Row *
find_row(Ensemble *ensemble, const char *id)
{
    for (guint i = 0; id && i < ensemble->n_rows; i++)
        if (strcmp(ensemble->rows[i].id, id) == 0)
            return &ensemble->rows[i];
    return NULL;
}

static void
add_figure(Ensemble *ensemble, const SimNode *figure)
{
    Row *row = find_row(ensemble, scalar_of(figure, "id"));
    const char *value = scalar_of(figure, "value"), *unit = scalar_of(figure, "unit");
    const char *inside = scalar_of(figure, "inside");
    if (!row || !value || !unit)
        return;
    if (inside) {
        row->n_judged++;
        row->n_inside += strcmp(inside, "true") == 0;
    }
    double number = strcmp(value, "inf") == 0    ? (double)INFINITY
                    : strcmp(value, "-inf") == 0 ? (double)-INFINITY
                                                 : g_ascii_strtod(value, NULL);
    row->unit = (int)g_ascii_strtoll(unit, NULL, 10);
    if (*value && strcmp(value, "null") != 0)
        g_array_append_val(row->values, number);
}

static int
judgement_of(const char *word)
{
    for (int i = 0; i < 3; i++)
        if (g_strcmp0(word, judgement_names[i]) == 0)
            return i;
    return JUDGEMENT_INCONCLUSIVE;
}

static void
add_line(Ensemble *ensemble, const char *line)
{
    g_autoptr(SimMessages) messages = sim_messages_new();
    g_autoptr(SimDocument) document =
        sim_document_parse(line, strlen(line), "worker", NULL, messages);
    const SimNode *root = sim_document_root(document);
    if (sim_messages_errors(messages) > 0 || !root || root->kind != SIM_NODE_MAPPING)
        return;
    if (g_strcmp0(scalar_of(root, "hash"), ensemble->scenario->hash) != 0)
        return;
    const SimNode *figures = sim_node_get(root, "figures");
    const SimNode *expectations = sim_node_get(root, "expectations");
    ensemble->n_done++;
    ensemble->n_verdicts[judgement_of(scalar_of(root, "verdict"))]++;
    for (uint32_t i = 0; figures && i < figures->n; i++)
        add_figure(ensemble, figures->items[i]);
    for (uint32_t i = 0; expectations && i < expectations->n; i++)
        if (i < ensemble->scenario->spec.expect.n)
            ensemble->expectations[i][judgement_of(expectations->items[i]->scalar)]++;
}

static int
by_value(gconstpointer left, gconstpointer right)
{
    const double *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

Ensemble *
ensemble_new(const Scenario *scenario, char *const *lines, guint n)
{
    Ensemble *ensemble = g_new0(Ensemble, 1);
    ensemble->scenario = scenario;
    ensemble->n_seeds = n;
    ensemble->expectations =
        g_malloc0_n(MAX(scenario->spec.expect.n, 1), sizeof *ensemble->expectations);
    add_rows(ensemble);
    for (guint i = 0; i < n; i++)
        if (lines[i])
            add_line(ensemble, lines[i]);
    for (guint i = 0; i < ensemble->n_rows; i++)
        g_array_sort(ensemble->rows[i].values, by_value);
    return ensemble;
}

void
ensemble_free(Ensemble *ensemble)
{
    if (!ensemble)
        return;
    for (guint i = 0; i < ensemble->n_rows; i++)
        g_array_free(ensemble->rows[i].values, TRUE);
    key_figures_free(ensemble->figures);
    g_free(ensemble->rows);
    g_free(ensemble->expectations);
    g_free(ensemble);
}

/* Nearest rank: the least value that at least this share of all reaches. */
static double
percentile(const Row *row, guint percent)
{
    guint rank = (row->values->len * percent + 99) / 100;
    return g_array_index(row->values, double, CLAMP(rank, 1, row->values->len) - 1);
}

/* text -------------------------------------------------------------------------------------- */

static void
append_padded(GString *out, const char *text, glong width)
{
    g_string_append(out, text);
    for (glong i = g_utf8_strlen(text, -1); i < width; i++)
        g_string_append_c(out, ' ');
}

static void
append_row(const Ensemble *ensemble, GString *out, const Row *row)
{
    static const guint percents[] = {10, 50, 90};
    g_autofree char *name =
        row->published ? g_strdup_printf("%s %s", row->id, row->words) : g_strdup(row->words);
    g_autofree char *cut = landmark_cut(name, 33);
    g_string_append(out, "  ");
    append_padded(out, cut, 35);
    for (guint i = 0; i < G_N_ELEMENTS(percents); i++) {
        char text[64];
        measure_format(text, sizeof text, (MeasureUnit)row->unit, percentile(row, percents[i]),
                       ensemble->scenario->spec.clock.start);
        append_padded(out, text, 13);
    }
    if (row->n_judged)
        g_string_append_printf(out, "%3.0f %%", 100.0 * row->n_inside / row->n_judged);
    g_string_append_c(out, '\n');
}

static void
append_expectations(const Ensemble *ensemble, GString *out)
{
    const SimList *expect = &ensemble->scenario->spec.expect;
    if (expect->n)
        g_string_append(out,
                        "\nExpectations                           held  failed  inconclusive\n");
    for (uint32_t i = 0; i < expect->n; i++) {
        const ExpectSpec *one = SIM_ITEM(*expect, ExpectSpec, i);
        g_autofree char *name = one->fault_bites
                                    ? g_strdup_printf("%s bites", one->fault_bites)
                                    : g_strdup_printf("%s %s%s%s%s%s", one->measure.metric,
                                                      measure_kind_names[one->measure.kind],
                                                      one->at_least.kind ? " at least " : "",
                                                      one->at_least.kind ? one->at_least.text : "",
                                                      one->at_most.kind ? " at most " : "",
                                                      one->at_most.kind ? one->at_most.text : "");
        g_autofree char *cut = landmark_cut(name, 35);
        g_string_append(out, "  ");
        append_padded(out, cut, 36);
        g_string_append_printf(out, "%5u %7u %13u\n", ensemble->expectations[i][0],
                               ensemble->expectations[i][1], ensemble->expectations[i][2]);
    }
}

char *
ensemble_text(const Ensemble *ensemble, const char *directory)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out, "%s\n%s, %u of %u seeds\n\n", ensemble->scenario->spec.title,
                           ensemble->scenario->name, ensemble->n_done, ensemble->n_seeds);
    g_string_append(
        out,
        "Over seeds                           p10          p50          p90          inside\n");
    for (guint i = 0; i < ensemble->n_rows; i++)
        if (ensemble->rows[i].values->len > 0)
            append_row(ensemble, out, &ensemble->rows[i]);
    append_expectations(ensemble, out);
    g_string_append_printf(out, "\nVerdicts: %u held, %u failed, %u inconclusive\nFiles:    %s/\n",
                           ensemble->n_verdicts[0], ensemble->n_verdicts[1],
                           ensemble->n_verdicts[2], directory);
    return g_string_free(out, FALSE);
}

void
ensemble_json(const Ensemble *ensemble, Json *json)
{
    json_open(json, NULL, '{');
    json_text(json, "scenario", ensemble->scenario->name);
    json_text(json, "hash", ensemble->scenario->hash);
    json_integer(json, "seeds", ensemble->n_seeds);
    json_integer(json, "done", ensemble->n_done);
    for (int i = 0; i < 3; i++)
        json_integer(json, judgement_names[i], ensemble->n_verdicts[i]);
    json_open(json, "figures", '{');
    for (guint i = 0; i < ensemble->n_rows; i++) {
        const Row *row = &ensemble->rows[i];
        if (row->values->len == 0)
            continue;
        json_open(json, row->id, '{');
        json_number(json, "p10", percentile(row, 10));
        json_number(json, "p50", percentile(row, 50));
        json_number(json, "p90", percentile(row, 90));
        json_integer(json, "n", row->values->len);
        if (row->n_judged)
            json_number(json, "inside", (double)row->n_inside / row->n_judged);
        json_close(json, '}');
    }
    json_close(json, '}');
    json_close(json, '}');
}

ExitCode
ensemble_code(const Ensemble *ensemble)
{
    if (ensemble->n_verdicts[JUDGEMENT_FAILED])
        return CODE_FAILED;
    return ensemble->n_verdicts[JUDGEMENT_INCONCLUSIVE] ? CODE_INCONCLUSIVE : CODE_HELD;
}
