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

static SimTime
time_of(const Recording *recording, uint32_t bucket, uint32_t n)
{
    return bucket < n ? sim_recorder_bucket_start(recording->recorder, bucket) : -1;
}

/* False: there is no curve. */
static bool
read_curve(const Recording *recording, Metric *ret_errors, Turns *ret_turns, double *ret_threshold)
{
    uint32_t n = sim_recorder_n_closed(recording->recorder);
    *ret_threshold = LEAST_THRESHOLD;
    if (!metric_find(recording->recorder, "errors", ret_errors) || n == 0)
        return false;
    *ret_threshold = threshold_of(ret_errors, n);
    *ret_turns = find_turns(ret_errors, *ret_threshold, n);
    return true;
}

PhaseTurns
phases_turns(const Recording *recording)
{
    PhaseTurns result = {.onset = -1, .drop = -1, .recovered = -1};
    Metric errors = {.recorder = NULL};
    Turns turns;
    if (!read_curve(recording, &errors, &turns, &result.threshold))
        return result;
    result.onset = time_of(recording, turns.onset, turns.n);
    result.drop = time_of(recording, turns.drop, turns.n);
    result.recovered = time_of(recording, turns.recovered, turns.n);
    return result;
}

void
phases_add(Phases *phases, const Recording *recording, SimTime begin, SimTime end, const char *kind,
           const char *name)
{
    uint32_t from, to, peak;
    Metric errors = {.recorder = NULL};
    if (begin >= end || phases->n == PHASES_MAX)
        return;
    SimTime width = sim_recorder_width(recording->recorder);
    measure_window(recording, begin - begin % width, end, &from, &to);
    peak = from;
    Phase *phase = &phases->phases[phases->n++];
    *phase = (Phase){.begin = begin, .end = end, .kind = kind, .name = name, .errors = NAN};
    if (metric_find(recording->recorder, "errors", &errors))
        phase->errors = peak_of(&errors, from, to, &peak);
    phase->errors_at = sim_recorder_bucket_start(recording->recorder, peak);
}

void
phases_find(const Recording *recording, Phases *ret)
{
    Metric errors = {.recorder = NULL};
    Turns turns;
    *ret = (Phases){.n = 0};
    if (!read_curve(recording, &errors, &turns, &ret->threshold))
        return;
    SimTime times[] = {0,
                       time_of(recording, turns.onset, turns.n),
                       time_of(recording, turns.steady_failing, turns.n),
                       time_of(recording, turns.drop, turns.n),
                       time_of(recording, turns.recovered, turns.n),
                       recording->end};
    static const char *const kinds[] = {"steady", "impact", "fault", "recovering", "steady"};
    static const char *const names[] = {"steady", "flapping", "failing", "recovering", "recovered"};
    for (guint i = 1; i + 1 < G_N_ELEMENTS(times); i++)
        if (times[i] < 0)
            times[i] = recording->end;
    for (guint i = 0; i + 1 < G_N_ELEMENTS(times); i++)
        phases_add(ret, recording, times[i], times[i + 1], kinds[i], names[i]);
}
