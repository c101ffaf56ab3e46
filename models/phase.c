#include "models/phase.h"

#include <math.h>

#define LEAST_THRESHOLD 0.01
#define TIMES_BASELINE 5.0
#define CALM_SHARE 0.1

/* Numbers of buckets at which something begins; n when it does not. */
typedef struct Turns {
    uint32_t onset, steady_failing, drop, recovered, n;
} Turns;

static int
by_value(gconstpointer left, gconstpointer right)
{
    const double *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* The share at the start, or that of the calmest tenth of the run if that is less. */
static double
baseline_of(const Metric *errors, uint32_t n)
{
    g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
    for (uint32_t b = 0; b < n; b++) {
        double value = metric_value(errors, b);
        if (!isnan(value))
            g_array_append_val(values, value);
    }
    if (values->len == 0)
        return 0;
    double first = g_array_index(values, double, 0);
    g_array_sort(values, by_value);
    return MIN(first, g_array_index(values, double, values->len / 10));
}

static double
threshold_of(const Metric *errors, uint32_t n)
{
    return MAX(LEAST_THRESHOLD, TIMES_BASELINE * baseline_of(errors, n));
}

static double
peak_of(const Metric *errors, uint32_t from, uint32_t to, uint32_t *ret_bucket)
{
    double peak = NAN;
    for (uint32_t b = from; b < to; b++) {
        double value = metric_value(errors, b);
        if (!isnan(value) && !(value <= peak)) {
            peak = value;
            *ret_bucket = b;
        }
    }
    return peak;
}

static Turns
find_turns(const Metric *errors, double threshold, uint32_t n)
{
    Turns turns = {.onset = n, .steady_failing = n, .drop = n, .recovered = n, .n = n};
    uint32_t bucket = 0, ups = 0, calm = 0;
    bool is_up = false;
    for (turns.onset = 0; turns.onset < n; turns.onset++)
        if (metric_value(errors, turns.onset) > threshold)
            break;
    double line = peak_of(errors, turns.onset, n, &bucket) / 2;
    turns.steady_failing = turns.onset;
    for (uint32_t b = turns.onset; b < n; b++) {
        double value = metric_value(errors, b);
        if (isnan(value))
            continue;
        if (!is_up && value > line) {
            is_up = true;
            bool flaps = ups++ > 0 && calm >= CALM_SHARE * (b - turns.onset);
            turns.steady_failing = flaps ? b : turns.steady_failing;
        } else if (is_up && value < 0.8 * line) {
            is_up = false;
            turns.drop = b;
        }
        calm += !is_up;
        if (value > threshold)
            turns.recovered = b + 1;
    }
    if (is_up)
        turns.drop = n;
    turns.drop = MIN(turns.drop, turns.recovered);
    return turns;
}

static void
add(Phases *phases, const Recording *recording, const Metric *errors, uint32_t from, uint32_t to,
    const char *kind, const char *name)
{
    uint32_t peak = from;
    if (from >= to || phases->n == PHASES_MAX)
        return;
    Phase *phase = &phases->phases[phases->n++];
    SimTime end = sim_recorder_bucket_start(recording->recorder, to - 1) +
                  sim_recorder_width(recording->recorder);
    phase->begin = sim_recorder_bucket_start(recording->recorder, from);
    phase->end = MIN(end, recording->end);
    phase->kind = kind;
    phase->name = name;
    phase->errors = peak_of(errors, from, to, &peak);
    phase->errors_at = sim_recorder_bucket_start(recording->recorder, peak);
}

void
phases_find(const Recording *recording, Phases *ret)
{
    uint32_t n = sim_recorder_n_closed(recording->recorder);
    Metric errors = {.recorder = NULL};
    *ret = (Phases){.threshold = LEAST_THRESHOLD};
    if (!metric_find(recording->recorder, "errors", &errors) || n == 0)
        return;
    ret->threshold = threshold_of(&errors, n);
    Turns turns = find_turns(&errors, ret->threshold, n);
    add(ret, recording, &errors, 0, turns.onset, "steady", "steady");
    if (turns.onset == n)
        return;
    add(ret, recording, &errors, turns.onset, turns.steady_failing, "impact", "flapping");
    add(ret, recording, &errors, turns.steady_failing, turns.drop, "fault", "failing");
    add(ret, recording, &errors, turns.drop, turns.recovered, "recovering", "recovering");
    add(ret, recording, &errors, turns.recovered, n, "steady", "recovered");
}
