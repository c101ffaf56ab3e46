#include "models/observers_row.h"

#include "models/metric.h"
#include "sim/quantity.h"

#include <math.h>
#include <string.h>

static void on_scrape(Sim *sim, void *state, SimEvent event);
static void on_evaluate(Sim *sim, void *state, SimEvent event);
static void on_watch(Sim *sim, void *state, SimEvent event);
static void on_test(Sim *sim, void *state, SimEvent event);
static void on_result(Sim *sim, void *state, SimEvent event);
static void on_report(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [OBSERVERS_SCRAPE] = {"observers.scrape", on_scrape},
    [OBSERVERS_EVALUATE] = {"observers.evaluate", on_evaluate},
    [OBSERVERS_WATCH] = {"observers.watch", on_watch},
    [OBSERVERS_TEST] = {"observers.test", on_test},
    [OBSERVERS_RESULT] = {"observers.result", on_result},
    [OBSERVERS_REPORT] = {"observers.report", on_report},
};
static const SimModelOps ops = {.name = "observers",
                                .state_size = sizeof(Observers),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

static ObserverRow *
row_at(const Observers *observers, uint32_t observer)
{
    SIM_ASSERT(observer < observers->n);
    return &observers->rows[observer];
}

static uint32_t
n_alerts(const ObserverRow *row)
{
    return row->spec->kind == OBSERVER_BURN ? row->spec->windows.n : 1;
}

static const BurnWindowSpec *
pair_at(const ObserverRow *row, uint32_t alert)
{
    return SIM_ITEM(row->spec->windows, BurnWindowSpec, alert);
}

static void
verify(const Sim *sim, const void *state)
{
    const Observers *observers = state;
    for (uint32_t i = 0; i < observers->n; i++) {
        const ObserverRow *row = &observers->rows[i];
        SIM_ASSERT(row->probes.n_failing <= row->probes.n);
        for (uint32_t a = 0; a < n_alerts(row); a++)
            SIM_ASSERT(row->alerts[a].since <= sim_now(sim));
    }
}

void
observers_after(Observers *observers, SimTime delay, uint16_t kind, uint32_t actor, uint64_t arg)
{
    sim_after(observers->sim, delay, &ops, kind, actor, arg);
}

/* attach ------------------------------------------------------------------------------------ */

static void
complain_metric(const Observers *observers, const ObserverSpec *spec, SimMessages *messages)
{
    g_autofree char *near = metric_nearest(observers->parts.books->recorder, spec->metric);
    sim_messages_error(messages, spec->entity.mark, "there is no metric '%s'%s%s%s", spec->metric,
                       near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/* A share of requests for burn; a share or a count for cusum. */
static bool
check_kind(const ObserverRow *row, SimMessages *messages)
{
    const ObserverSpec *spec = row->spec;
    MonitorReadingKind kind = row->reading.kind;
    if (spec->kind == OBSERVER_BURN && kind != READING_SHARE)
        sim_messages_error(messages, spec->entity.mark,
                           "'%s' is no share of requests, and a budget is one: expected a metric "
                           "such as errors or site.NAME.errors",
                           spec->metric);
    else if (spec->kind == OBSERVER_CUSUM && kind == READING_GAUGE)
        sim_messages_error(messages, spec->entity.mark,
                           "'%s' counts no events: expected a share such as errors or a count "
                           "such as service.NAME.failed",
                           spec->metric);
    else if (spec->kind == OBSERVER_CUSUM && kind == READING_SHARE && spec->shifted.value > 1)
        sim_messages_error(messages, spec->entity.mark,
                           "'%s' is a share: expected normal and shifted as shares such as 0.1%%",
                           spec->metric);
    else
        return true;
    return false;
}

/* The site of site.NAME.errors; SIM_NONE for errors; false for another metric. */
static bool
canary_site(const World *world, const char *metric, uint32_t *ret_site)
{
    *ret_site = SIM_NONE;
    if (strcmp(metric, "errors") == 0)
        return true;
    for (uint32_t s = 0; s < world->n_sites; s++) {
        g_autofree char *name =
            g_strdup_printf("site.%s.errors", world_site(world, s)->entity.name);
        if (strcmp(name, metric) == 0)
            *ret_site = s;
    }
    return *ret_site != SIM_NONE;
}

static bool
attach_canary(Observers *observers, ObserverRow *row, SimMessages *messages)
{
    const ObserverSpec *spec = row->spec;
    uint32_t site;
    if (spec->canary == SIM_NONE)
        return true;
    if (!canary_site(observers->world, spec->metric, &site)) {
        sim_messages_error(messages, spec->entity.mark,
                           "'%s' is not counted by PoP: with canary, expected errors or "
                           "site.NAME.errors",
                           spec->metric);
        return false;
    }
    row->canary = SIM_ARENA_NEW(sim_arena(observers->sim), Canary, 1);
    row->canary->config = spec->canary;
    row->canary->site = site;
    canary_init(row->canary, sim_arena(observers->sim), observers->world, observers->parts.configs);
    return true;
}

static SimTime
memory_of(const ObserverSpec *spec, SimTime duration)
{
    SimTime most = spec->kind == OBSERVER_THRESHOLD ? spec->window : spec->every;
    for (uint32_t i = 0; spec->kind == OBSERVER_BURN && i < spec->windows.n; i++)
        most = MAX(most, SIM_ITEM(spec->windows, BurnWindowSpec, i)->long_window);
    return MIN(most, duration) + spec->lag;
}

static bool
attach_monitor(Observers *observers, ObserverRow *row, SimMessages *messages)
{
    const ObserverSpec *spec = row->spec;
    const World *world = observers->world;
    if (!monitor_reading_find(&row->reading, observers->parts.books, spec->metric)) {
        complain_metric(observers, spec, messages);
        return false;
    }
    if (!check_kind(row, messages) || !attach_canary(observers, row, messages))
        return false;
    monitor_series_init(&row->series, sim_arena(observers->sim), spec->scrape,
                        memory_of(spec, world->spec->clock.duration));
    row->series.unit = row->reading.unit;
    if (row->reading.kind == READING_SHARE)
        row->series.before = spec->below.is_given ? 1 : 0;
    observers_after(observers, spec->scrape, OBSERVERS_SCRAPE, row->id, 0);
    observers_after(observers, spec->every, OBSERVERS_EVALUATE, row->id, 0);
    return true;
}

static uint32_t
gauge(const Observers *observers, const ObserverRow *row, const char *word, const char *unit,
      const char *about)
{
    g_autofree char *name = g_strdup_printf("observer.%s.%s", row->spec->entity.name, word);
    return sim_recorder_column(observers->parts.books->recorder, name, SIM_COLUMN_GAUGE, unit,
                               about);
}

static const char *
unit_of(const ObserverRow *row)
{
    static const char *const units[] = {
        [METRIC_SHARE] = "share", [METRIC_SECONDS] = "s", [METRIC_RATE] = "/s"};
    if (row->spec->kind == OBSERVER_PROBES)
        return "share";
    if (row->spec->kind == OBSERVER_CROWD)
        return "times what is usual";
    if (row->spec->kind == OBSERVER_CUSUM)
        return "events";
    return row->reading.metric.unit == METRIC_COUNT ? "" : units[row->reading.metric.unit];
}

static void
attach_gauges(const Observers *observers, ObserverRow *row)
{
    row->column = gauge(observers, row, "value", unit_of(row), "what it last saw");
    gauge(observers, row, "firing", "share", "an alert is on");
    if (row->spec->kind == OBSERVER_BURN) {
        gauge(observers, row, "burn", "times the budget", "over the first pair's long window");
        gauge(observers, row, "budget", "share", "of thirty days' errors, since the start");
    }
    if (row->spec->kind == OBSERVER_CROWD)
        gauge(observers, row, "reports", "/s", "of people");
}

static bool
attach_row(Observers *observers, uint32_t id, SimMessages *messages)
{
    ObserverRow *row = &observers->rows[id];
    const ObserverSpec *spec = SIM_ITEM(observers->world->spec->observers, ObserverSpec, id);
    g_autofree char *entity = g_strdup_printf("observer/%s", spec->entity.name);
    *row = (ObserverRow){.spec = spec,
                         .id = id,
                         .entity = sim_arena_strdup(sim_arena(observers->sim), entity),
                         .value = NAN,
                         .severity = (Severity)spec->severity};
    row->losses = sim_stream(observers->sim, "observer/%.100s/losses", spec->entity.name);
    for (uint32_t a = 0; a < ALERTS_MAX; a++)
        row->alerts[a].since = -1;
    monitor_reading_find(&row->everything, observers->parts.books, "errors");
    if (spec->kind == OBSERVER_PROBES)
        return observers_probes_attach(observers, row, messages);
    if (spec->kind == OBSERVER_CROWD)
        return observers_crowd_attach(observers, row, messages);
    return attach_monitor(observers, row, messages);
}

Observers *
observers_attach(Sim *sim, const World *world, const ObserversParts *parts, SimMessages *messages)
{
    Observers *observers = sim_attach(sim, &ops);
    bool is_right = true;
    observers->sim = sim;
    observers->world = world;
    observers->parts = *parts;
    observers->n = world->spec->observers.n;
    observers->rows = SIM_ARENA_NEW(sim_arena(sim), ObserverRow, observers->n);
    for (uint32_t i = 0; i < observers->n; i++)
        is_right &= attach_row(observers, i, messages);
    for (uint32_t i = 0; is_right && i < observers->n; i++)
        attach_gauges(observers, &observers->rows[i]);
    monitor_tally_init(&observers->tally, parts->books, sim_arena(sim));
    return is_right ? observers : NULL;
}

/* telling ----------------------------------------------------------------------------------- */

void
observers_listen(Observers *observers, SimEvent then)
{
    SIM_ASSERT(observers->n_listeners < OBSERVERS_LISTENERS_MAX);
    observers->listeners[observers->n_listeners++] = then;
}

Severity
observers_alert_severity(const ObserverRow *row, uint32_t alert)
{
    return (Severity)(row->spec->kind == OBSERVER_BURN ? pair_at(row, alert)->severity
                                                       : row->spec->severity);
}

void
observers_tell(Observers *observers, ObserverRow *row, uint32_t alert, const char *text)
{
    bool fires = row->alerts[alert].is_firing;
    Severity severity = observers_alert_severity(row, alert);
    SimJournalEntry entry = {.at = sim_now(observers->sim),
                             .cause = SIM_NONE,
                             .kind = fires ? "alert.fires" : "alert.clears",
                             .entity = row->entity};
    uint32_t id =
        sim_journal_add(observers->world->journal, &entry, "%s (%s)%s: %s", row->spec->entity.name,
                        severity_names[severity], fires ? "" : " is over", text);
    row->n_fired += fires;
    if (fires)
        row->severity = severity;
    for (uint32_t i = 0; i < observers->n_listeners; i++) {
        SimEvent then = observers->listeners[i];
        then.actor = row->id;
        then.arg = (uint64_t)id << 1 | fires;
        sim_post(observers->sim, sim_now(observers->sim), then);
    }
}

bool
observers_is_firing(const Observers *observers, uint32_t observer)
{
    const ObserverRow *row = row_at(observers, observer);
    bool is_firing = false;
    for (uint32_t a = 0; a < n_alerts(row); a++)
        is_firing |= row->alerts[a].is_firing;
    return is_firing;
}

Severity
observers_severity(const Observers *observers, uint32_t observer)
{
    const ObserverRow *row = row_at(observers, observer);
    int most = -1;
    for (uint32_t a = 0; a < n_alerts(row); a++)
        if (row->alerts[a].is_firing)
            most = MAX(most, (int)observers_alert_severity(row, a));
    return most >= 0 ? (Severity)most : row->severity;
}

uint32_t
observers_count(const Observers *observers, uint32_t observer)
{
    return row_at(observers, observer)->n_fired;
}

/* losing ------------------------------------------------------------------------------------ */

void
observers_blackout_set(Observers *observers, uint32_t observer, bool is_dark, uint32_t cause)
{
    (void)cause;
    for (uint32_t i = 0; i < observers->n; i++) {
        ObserverRow *row = &observers->rows[i];
        if (observer != i && (observer != SIM_NONE || !observer_is_monitor(row->spec->kind)))
            continue;
        SIM_ASSERT(is_dark || row->dark > 0);
        row->dark += is_dark ? 1u : -1u;
    }
}

bool
observers_loses(Observers *observers, ObserverRow *row)
{
    int64_t failed, answered;
    if (row->spec->via == VIA_DIRECT)
        return row->dark > 0;
    monitor_reading_take(&row->everything, &observers->tally, sim_now(observers->sim), &failed,
                         &answered);
    int64_t asked = answered - row->answered, lost = failed - row->failed;
    SimRng draws = row->losses;
    draws.counter = row->n_losses++ * DRAW_STRIDE;
    row->failed = failed;
    row->answered = answered;
    return sim_rng_chance(&draws, asked > 0 ? (double)lost / (double)asked : 0) || row->dark > 0;
}

/* monitors ---------------------------------------------------------------------------------- */

/* The sample that is due, whichever of scrape and evaluation comes first at one moment. */
static void
scrape(Observers *observers, ObserverRow *row)
{
    SimTime now = sim_now(observers->sim);
    int64_t upper, lower;
    bool is_new = false;
    if (monitor_series_due(&row->series) > now)
        return;
    if (row->canary) {
        is_new = canary_take(row->canary);
        upper = row->canary->failed;
        lower = row->canary->offered;
    } else {
        monitor_reading_take(&row->reading, &observers->tally, now, &upper, &lower);
    }
    if (observers_loses(observers, row))
        monitor_series_miss(&row->series);
    else
        monitor_series_add(&row->series, upper, lower);
    if (is_new)
        monitor_series_forget(&row->series);
}

static void
on_scrape(Sim *sim, void *state, SimEvent event)
{
    Observers *observers = state;
    ObserverRow *row = row_at(observers, event.actor);
    (void)sim;
    scrape(observers, row);
    observers_after(observers, row->spec->scrape, OBSERVERS_SCRAPE, row->id, 0);
}

static MonitorWindow
look(const Observers *observers, const ObserverRow *row, SimTime length)
{
    return monitor_window(&row->series, sim_now(observers->sim), row->spec->lag, length);
}

static bool
is_enough(const ObserverRow *row, const MonitorWindow *window)
{
    return window->has_data &&
           (row->reading.kind != READING_SHARE || (double)window->lower >= row->spec->requests_min);
}

/* A level of the metric as people write it. */
static const char *
level_text(const ObserverRow *row, double value, char *buffer, size_t size)
{
    switch (row->reading.metric.unit) {
    case METRIC_SHARE:
        return sim_quantity_format_share(buffer, size, value);
    case METRIC_SECONDS:
        return sim_quantity_format_duration(buffer, size, sim_from_seconds(value));
    case METRIC_RATE:
        return sim_quantity_format_rate(buffer, size, value);
    case METRIC_COUNT:
        break;
    }
    return sim_quantity_format_count(buffer, size, value);
}

static void
evaluate_threshold(Observers *observers, ObserverRow *row)
{
    const ObserverSpec *spec = row->spec;
    MonitorWindow window = look(observers, row, spec->window);
    MonitorVerdict verdict = MONITOR_NO_DATA;
    double limit = spec->above.is_given ? spec->above.value : spec->below.value;
    if (is_enough(row, &window))
        verdict = (spec->above.is_given ? window.level > limit : window.level < limit) ? MONITOR_BAD
                                                                                       : MONITOR_OK;
    row->value = window.level;
    if (!monitor_alert_step(&row->alerts[0], verdict, (NoData)spec->no_data,
                            sim_now(observers->sim), spec->lasting))
        return;
    char text[160], seen[32], length[32], bound[32];
    const char *const words[] = {"not below", "below", "not above", "above"};
    const char *word = words[2 * spec->above.is_given + (verdict == MONITOR_BAD)];
    if (verdict == MONITOR_NO_DATA)
        g_snprintf(text, sizeof text, "no figures of %s", spec->metric);
    else
        g_snprintf(text, sizeof text, "%s %s%s over %s, %s %s", spec->metric,
                   level_text(row, window.level, seen, sizeof seen),
                   strcmp(spec->metric, "errors") == 0 ? " of requests" : "",
                   sim_quantity_format_duration(length, sizeof length, spec->window), word,
                   level_text(row, limit, bound, sizeof bound));
    observers_tell(observers, row, 0, text);
}

static void
evaluate_pair(Observers *observers, ObserverRow *row, uint32_t alert)
{
    const ObserverSpec *spec = row->spec;
    const BurnWindowSpec *pair = pair_at(row, alert);
    MonitorWindow slow = look(observers, row, pair->long_window);
    MonitorWindow fast = look(observers, row, pair->short_window);
    double limit = pair->burn * spec->budget;
    MonitorVerdict verdict = MONITOR_NO_DATA;
    if (is_enough(row, &slow) && fast.has_data)
        verdict = slow.level >= limit && fast.level >= limit ? MONITOR_BAD : MONITOR_OK;
    if (alert == 0)
        row->value = slow.level;
    if (!monitor_alert_step(&row->alerts[alert], verdict, (NoData)spec->no_data,
                            sim_now(observers->sim), 0))
        return;
    char text[200], slow_text[32], fast_text[32];
    sim_quantity_format_duration(slow_text, sizeof slow_text, pair->long_window);
    sim_quantity_format_duration(fast_text, sizeof fast_text, pair->short_window);
    if (verdict == MONITOR_NO_DATA)
        g_snprintf(text, sizeof text, "no figures of %s", spec->metric);
    else
        g_snprintf(text, sizeof text,
                   "%s burn the budget %.3gx over %s and %.3gx over %s, limit %.3gx", spec->metric,
                   slow.level / spec->budget, slow_text, fast.level / spec->budget, fast_text,
                   pair->burn);
    observers_tell(observers, row, alert, text);
}

static void
evaluate_cusum(Observers *observers, ObserverRow *row)
{
    const ObserverSpec *spec = row->spec;
    MonitorCusum *cusum = &row->cusum;
    MonitorSample now;
    if (!monitor_series_newest(&row->series, sim_now(observers->sim), spec->lag, &now))
        return;
    double exposure = (double)(now.lower - cusum->lower) / row->series.unit;
    double reference = monitor_cusum_reference(spec->normal.value, spec->shifted.value);
    int64_t events = now.upper - cusum->upper;
    bool has_changed = monitor_cusum_step(cusum, events, reference * exposure, spec->excess);
    cusum->upper = now.upper;
    cusum->lower = now.lower;
    row->alerts[0].is_firing = cusum->is_firing;
    row->value = cusum->sum;
    if (!has_changed)
        return;
    char text[160], sum[32], limit[32];
    g_snprintf(text, sizeof text, "%s: %s events beyond the reference, limit %s", spec->metric,
               sim_quantity_format_count(sum, sizeof sum, cusum->sum),
               sim_quantity_format_count(limit, sizeof limit, spec->excess));
    observers_tell(observers, row, 0, text);
}

static void
on_evaluate(Sim *sim, void *state, SimEvent event)
{
    Observers *observers = state;
    ObserverRow *row = row_at(observers, event.actor);
    (void)sim;
    scrape(observers, row);
    if (row->spec->kind == OBSERVER_THRESHOLD)
        evaluate_threshold(observers, row);
    else if (row->spec->kind == OBSERVER_CUSUM)
        evaluate_cusum(observers, row);
    else
        for (uint32_t a = 0; a < n_alerts(row); a++)
            evaluate_pair(observers, row, a);
    observers_after(observers, row->spec->every, OBSERVERS_EVALUATE, row->id, 0);
}

/* probes and the crowd ---------------------------------------------------------------------- */

static void
on_watch(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    observers_probes_watch(state, row_at(state, event.actor));
}

static void
on_test(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    observers_probes_test(state, row_at(state, event.actor), (uint32_t)event.arg);
}

static void
on_result(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    observers_probes_result(state, row_at(state, event.actor), (uint32_t)event.arg, true);
}

static void
on_report(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    observers_crowd_look(state, row_at(state, event.actor));
}

/* recording --------------------------------------------------------------------------------- */

/* Share of the errors that thirty days of this traffic may have, spent since the start. */
static double
budget_spent(const Observers *observers, const ObserverRow *row)
{
    MonitorSample now;
    if (!monitor_series_newest(&row->series, sim_now(observers->sim), row->spec->lag, &now) ||
        now.lower <= 0)
        return 0;
    double share = (double)now.upper / (double)now.lower / row->spec->budget;
    return share * sim_seconds(sim_now(observers->sim)) / (30 * 86400.0);
}

static void
record_row(const Observers *observers, const ObserverRow *row, SimTime from, SimTime to)
{
    SimRecorder *recorder = observers->parts.books->recorder;
    if (!isnan(row->value))
        sim_recorder_gauge(recorder, row->column, row->value, from, to);
    sim_recorder_gauge(recorder, row->column + 1, observers_is_firing(observers, row->id), from,
                       to);
    if (row->spec->kind == OBSERVER_CROWD)
        sim_recorder_gauge(recorder, row->column + 2, row->reports_per_s, from, to);
    if (row->spec->kind != OBSERVER_BURN)
        return;
    if (!isnan(row->value))
        sim_recorder_gauge(recorder, row->column + 2, row->value / row->spec->budget, from, to);
    sim_recorder_gauge(recorder, row->column + 3, budget_spent(observers, row), from, to);
}

void
observers_record(const Observers *observers, SimTime from, SimTime to)
{
    for (uint32_t i = 0; i < observers->n; i++)
        record_row(observers, &observers->rows[i], from, to);
}
