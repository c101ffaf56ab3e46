#include "sim/cmd/figure_budget.h"

#include "sim/quantity.h"

#include <math.h>
#include <string.h>

#define THIRTY_DAYS (30 * 86400.0)
#define USUAL_BUDGET 0.001
enum { PAIRS_MAX = 3, OBSERVERS_MAX = 8, TEXT_MAX = 64 };

typedef struct Pair {
    SimTime wide, narrow;
    double burn;
    int severity;
} Pair;

static const Pair usual[] = {
    {SIM_HOUR, 5 * SIM_MINUTE, 14.4, SEVERITY_PAGE},
    {6 * SIM_HOUR, 30 * SIM_MINUTE, 6, SEVERITY_PAGE},
    {3 * SIM_DAY, 6 * SIM_HOUR, 1, SEVERITY_TICKET},
};

/* What is watched, and sums of its two counts from the start to the end of each bucket. */
typedef struct Budget {
    const Result *result;
    const ObserverSpec *monitor; /* NULL: none burns */
    double budget;
    guint n_pairs;
    Pair pairs[PAIRS_MAX];
    FigureRows rows;
    double *failed, *all; /* [bucket + 1] */
} Budget;

/* the budget ---------------------------------------------------------------------------------- */

static const ObserverSpec *
burn_monitor(const Spec *spec)
{
    SIM_EACH(ObserverSpec, observer, spec->observers)
    if (observer->kind == OBSERVER_BURN)
        return observer;
    return NULL;
}

static int
by_burn(gconstpointer left, gconstpointer right)
{
    const Pair *a = left, *b = right;
    if (a->burn != b->burn)
        return a->burn > b->burn ? -1 : 1;
    return a->wide < b->wide ? -1 : a->wide > b->wide;
}

static void
read_pairs(Budget *budget)
{
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(Pair));
    if (budget->monitor) {
        SIM_EACH(BurnWindowSpec, window, budget->monitor->windows)
        {
            Pair pair = {window->long_window, window->short_window, window->burn, window->severity};
            g_array_append_val(pairs, pair);
        }
    } else {
        g_array_append_vals(pairs, usual, G_N_ELEMENTS(usual));
    }
    g_array_sort(pairs, by_burn);
    budget->n_pairs = MIN(pairs->len, PAIRS_MAX);
    for (guint i = 0; i < budget->n_pairs; i++)
        budget->pairs[i] = g_array_index(pairs, Pair, i);
}

static void
sum_counts(Budget *budget)
{
    const SimRecorder *recorder = budget->rows.recording->recorder;
    uint32_t n = budget->rows.n_buckets;
    Metric errors;
    budget->failed = g_new0(double, n + 1);
    budget->all = g_new0(double, n + 1);
    bool is_known =
        metric_find(recorder, budget->monitor ? budget->monitor->metric : "errors", &errors);
    if (!is_known || errors.over == SIM_NONE)
        return;
    for (uint32_t b = 0; b < n; b++) {
        double upper = sim_recorder_value(recorder, errors.column, b);
        double all = sim_recorder_value(recorder, errors.over, b);
        budget->failed[b + 1] = budget->failed[b] + (errors.is_rest ? all - upper : upper);
        budget->all[b + 1] = budget->all[b] + all;
    }
}

static void
budget_init(Budget *budget, const Result *result)
{
    *budget = (Budget){.result = result,
                       .monitor = burn_monitor(&result->scenario->spec),
                       .rows = figure_rows(result, FIGURE_ROWS_MAX)};
    budget->budget = budget->monitor ? budget->monitor->budget : USUAL_BUDGET;
    read_pairs(budget);
    sum_counts(budget);
}

static void
budget_clear(Budget *budget)
{
    g_free(budget->failed);
    g_free(budget->all);
}

static double
burnt(const Budget *budget, uint32_t end)
{
    double all = budget->all[budget->rows.n_buckets];
    double thirty_days = all / sim_seconds(budget->rows.recording->end) * THIRTY_DAYS;
    return all > 0 ? budget->failed[end] / (budget->budget * thirty_days) : NAN;
}

/* Over the window that ends with a bucket. */
static double
burn_over(const Budget *budget, uint32_t end, SimTime window)
{
    SimTime width = sim_recorder_width(budget->rows.recording->recorder);
    uint32_t n = (uint32_t)MAX(1, window / width);
    uint32_t from = end > n ? end - n : 0;
    double missing = n > end ? (double)(n - end) * budget->all[1] : 0;
    double all = budget->all[end] - budget->all[from] + missing;
    return all > 0 ? (budget->failed[end] - budget->failed[from]) / all / budget->budget : NAN;
}

bool
figure_has_budget(const Result *result)
{
    return result->scenario->spec.observers.n > 0 || result->merit.onset >= 0;
}

GString *
figure_print_budget(const Result *result)
{
    Budget budget;
    GString *out = g_string_new("time\tburnt");
    budget_init(&budget, result);
    for (guint i = 1; i <= budget.n_pairs; i++)
        g_string_append_printf(out, "\tlong_%u\tshort_%u", i, i);
    g_string_append_c(out, '\n');
    for (uint32_t row = 0; row < budget.rows.n; row++) {
        uint32_t end = figure_row_end(&budget.rows, row);
        figure_append_time(out, result, &budget.rows, row);
        figure_append_number(out, burnt(&budget, end));
        for (guint i = 0; i < budget.n_pairs; i++) {
            figure_append_number(out, burn_over(&budget, end, budget.pairs[i].wide));
            figure_append_number(out, burn_over(&budget, end, budget.pairs[i].narrow));
        }
        g_string_append_c(out, '\n');
    }
    budget_clear(&budget);
    return out;
}

GString *
figure_print_budget_about(const Result *result)
{
    Budget budget;
    char share[TEXT_MAX];
    GString *out = g_string_new("key\tvalue\n");
    budget_init(&budget, result);
    sim_quantity_exact_share(share, sizeof share, 1 - budget.budget);
    g_autofree char *slo = g_strdup_printf("SLO %s, 30 days", share);
    g_autofree char *monitor = budget.monitor
                                   ? g_strdup_printf("of %s", budget.monitor->entity.name)
                                   : g_strdup("of all requests");
    g_string_append(out, "slo");
    figure_append_text(out, slo, 28);
    g_string_append(out, "\nmonitor");
    figure_append_text(out, monitor, 28);
    g_string_append_c(out, '\n');
    budget_clear(&budget);
    return out;
}

GString *
figure_print_budget_windows(const Result *result)
{
    Budget budget;
    GString *out = g_string_new("column\tburn\tkind\ttext\n");
    budget_init(&budget, result);
    for (guint i = 0; i < budget.n_pairs; i++) {
        char wide[TEXT_MAX], narrow[TEXT_MAX];
        const Pair *pair = &budget.pairs[i];
        sim_quantity_exact_duration(wide, sizeof wide, pair->wide);
        sim_quantity_exact_duration(narrow, sizeof narrow, pair->narrow);
        g_string_append_printf(out, "%u\t%.9g\t%s\t%s and %s\n", i + 1, pair->burn,
                               severity_names[pair->severity], wide, narrow);
    }
    budget_clear(&budget);
    return out;
}

/* who was told -------------------------------------------------------------------------------- */

GString *
figure_print_budget_observers(const Result *result)
{
    const SimList *observers = &result->scenario->spec.observers;
    GString *out = g_string_new("lane\ttext\n");
    for (uint32_t i = 0; i < MIN(observers->n, OBSERVERS_MAX); i++) {
        g_string_append_printf(out, "%u", i);
        figure_append_text(out, SIM_ITEM(*observers, ObserverSpec, i)->entity.name, 20);
        g_string_append_c(out, '\n');
    }
    return out;
}

GString *
figure_print_budget_alerts(const Result *result)
{
    const SimList *observers = &result->scenario->spec.observers;
    GString *out = g_string_new("lane\tbegin\tend\tkind\n");
    for (uint32_t i = 0; i < MIN(observers->n, OBSERVERS_MAX); i++) {
        g_autoptr(GArray) spells = figure_alerts(result, i);
        for (guint s = 0; s < spells->len; s++) {
            const FigureSpell *spell = &g_array_index(spells, FigureSpell, s);
            g_string_append_printf(out, "%u\t%.3f\t%.3f\t%s\n", i,
                                   figure_unix_seconds(result, spell->begin),
                                   figure_unix_seconds(result, spell->end), spell->kind);
        }
    }
    return out;
}

/* Moments that say how the burn came to an end. */
static const struct Moment {
    MeritKind kind;
    const char *colour, *words;
} moments[] = {
    {MERIT_DETECT, "alert", "first alert that pages"},
    {MERIT_PAGE, "human", "a team is paged"},
    {MERIT_ACK, "human", "acknowledged"},
    {MERIT_IDENTIFY, "human", "the cause is known"},
    {MERIT_FIRST_WORD, "public", "first public word"},
    {MERIT_MITIGATE, "action", "mitigated"},
    {MERIT_RECOVER, "action", "recovered"},
};

typedef struct Mark {
    SimTime at;
    guint number;
    const char *colour;
    char *text;
} Mark;

static int
by_time(gconstpointer left, gconstpointer right)
{
    const Mark *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

static void
add_moment(GArray *marks, const Merit *merit, const struct Moment *moment)
{
    char after[TEXT_MAX];
    SimTime at = merit->marks[moment->kind].at;
    if (at < 0)
        return;
    sim_quantity_format_duration(after, sizeof after, ABS(at - merit->onset));
    Mark mark = {at, marks->len, moment->colour,
                 g_strdup_printf("%s, %s %s", moment->words, after,
                                 at < merit->onset ? "before users felt it" : "later")};
    g_array_append_val(marks, mark);
}

GString *
figure_print_budget_marks(const Result *result)
{
    const Merit *merit = &result->merit;
    GString *out = g_string_new("time\tkind\ttext\n");
    g_autoptr(GArray) marks = g_array_new(FALSE, FALSE, sizeof(Mark));
    if (merit->onset >= 0) {
        Mark onset = {merit->onset, 0, "fault", g_strdup("users feel it")};
        g_array_append_val(marks, onset);
        for (guint i = 0; i < G_N_ELEMENTS(moments); i++)
            add_moment(marks, merit, &moments[i]);
    }
    g_array_sort(marks, by_time);
    for (guint i = 0; i < marks->len; i++) {
        Mark *mark = &g_array_index(marks, Mark, i);
        g_string_append_printf(out, "%.3f\t%s", figure_unix_seconds(result, mark->at),
                               mark->colour);
        figure_append_text(out, mark->text, 60);
        g_string_append_c(out, '\n');
        g_free(mark->text);
    }
    return out;
}
