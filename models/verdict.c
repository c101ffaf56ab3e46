#include "models/verdict.h"

#include "models/merit.h"
#include "sim/nearest.h"
#include "sim/quantity.h"

#include <math.h>
#include <string.h>

enum { TEXT_MAX = 96 };

const char *const judgement_names[3] = {"held", "failed", "inconclusive"};

uint32_t
verdict_find_entry(const Spec *spec, const char *name)
{
    const TimelineSpec *entries = spec->timeline.items;
    for (uint32_t i = 0; i < spec->timeline.n; i++)
        if (g_strcmp0(entries[i].id, name) == 0)
            return i;
    for (uint32_t i = 0; i < spec->timeline.n; i++)
        if (!entries[i].id && strcmp(verb_names[entries[i].verb], name) == 0)
            return i;
    return SIM_NONE;
}

static uint32_t
find_config(const Spec *spec, const char *name)
{
    for (uint32_t i = 0; i < spec->configs.n; i++)
        if (strcmp(SIM_ITEM(spec->configs, ConfigSpec, i)->entity.name, name) == 0)
            return i;
    return SIM_NONE;
}

/* bounds ------------------------------------------------------------------------------------ */

/* A bound in the unit of what is measured: instants in seconds since the start. */
static double
bound_value(const Bound *bound, const Recording *recording)
{
    return bound->kind == BOUND_INSTANT
               ? sim_seconds(sim_instant_resolve(bound->instant, recording->start))
               : bound->number;
}

static bool
is_within(const Bound *at_least, const Bound *at_most, double value, const Recording *recording)
{
    if (isnan(value))
        return false;
    if (at_least->kind != BOUND_NONE && !(value >= bound_value(at_least, recording)))
        return false;
    return at_most->kind == BOUND_NONE || value <= bound_value(at_most, recording);
}

static char *
bounds_text(const Bound *at_least, const Bound *at_most)
{
    bool has_low = at_least->kind != BOUND_NONE, has_high = at_most->kind != BOUND_NONE;
    return g_strconcat(has_low ? "at least " : "", has_low ? at_least->text : "",
                       has_low && has_high ? ", " : "", has_high ? "at most " : "",
                       has_high ? at_most->text : "", NULL);
}

/* findings ---------------------------------------------------------------------------------- */

static void
set_finding(Finding *finding, Judgement judgement, char *sentence)
{
    finding->judgement = judgement;
    finding->sentence = sentence;
}

static void
judge_bites(Finding *finding, const Spec *spec, const Facts *facts)
{
    const char *name = finding->expect->fault_bites;
    uint32_t config = find_config(spec, name), entry = verdict_find_entry(spec, name);
    double bites = config != SIM_NONE ? facts->config_bites[config] : facts->entry_bites[entry];
    char count[TEXT_MAX];
    finding->expected = g_strdup_printf("%s has an effect on requests", name);
    if (bites > 0)
        set_finding(finding, JUDGEMENT_HELD,
                    g_strdup_printf("%s requests failed or were blocked because of it",
                                    sim_quantity_format_count(count, sizeof count, bites)));
    else
        set_finding(finding, JUDGEMENT_INCONCLUSIVE,
                    g_strdup("it never had one: this run says nothing about the policy"));
}

/* Start of the window; false, with the finding made, when what it waits for did not happen. */
static bool
window_start(Finding *finding, const Spec *spec, const Facts *facts, SimTime *ret)
{
    const ExpectSpec *expect = finding->expect;
    *ret = -1;
    if (!expect->after.is_given)
        return true;
    *ret = expect->after.delay;
    if (!expect->after.entry)
        return true;
    SimTime happened = facts->entry_times[verdict_find_entry(spec, expect->after.entry)];
    if (happened < 0) {
        set_finding(finding, JUDGEMENT_INCONCLUSIVE,
                    g_strdup_printf("%s did not happen in this run", expect->after.entry));
        return false;
    }
    *ret = sim_time_add(happened, expect->after.delay);
    return true;
}

static char *
measured_text(const Measured *measured, const Recording *recording)
{
    char value[TEXT_MAX], at[TEXT_MAX];
    measure_format(value, sizeof value, measured->unit, measured->value, recording->start);
    if (measured->at < 0)
        return g_strdup_printf("was %s", value);
    return g_strdup_printf("was %s at %s", value,
                           measure_format_clock(at, sizeof at, measured->at, recording->start));
}

/* A figure that holds by what is missing is not held. */
static void
doubt(Finding *finding, const Measured *measured, const Recording *recording)
{
    char at[TEXT_MAX], lasting[TEXT_MAX];
    g_autofree char *was = finding->sentence;
    if (measured->missing > 0)
        finding->sentence = g_strdup_printf(
            "%s, but from %s on there was nothing to judge by for %s", was,
            measure_format_clock(at, sizeof at, measured->missing_at, recording->start),
            sim_quantity_format_duration(lasting, sizeof lasting, measured->missing));
    else
        finding->sentence =
            g_strdup_printf("%s, but the run ended at %s, before the window did", was,
                            measure_format_clock(at, sizeof at, recording->end, recording->start));
    finding->judgement = JUDGEMENT_INCONCLUSIVE;
}

static void
judge_measure(Finding *finding, const Facts *facts, SimTime from)
{
    const ExpectSpec *expect = finding->expect;
    const Recording *recording = &facts->recording;
    Measured measured = measure_take(&expect->measure, recording, from);
    finding->measured = measured;
    if (measured.status != MEASURED) {
        MeritKind merit;
        const char *why = measured.status == MEASURE_NOT_REACHED
                              ? "the run ended before the window begins"
                          : merit_find(expect->measure.metric, &merit)
                              ? "there was nothing to judge by: users felt nothing"
                              : "there was nothing to judge by: no traffic in the window";
        set_finding(finding, JUDGEMENT_INCONCLUSIVE, g_strdup(why));
        return;
    }
    bool holds = is_within(&expect->at_least, &expect->at_most, measured.value, recording);
    set_finding(finding, holds ? JUDGEMENT_HELD : JUDGEMENT_FAILED,
                measured_text(&measured, recording));
    bool is_open = !holds && isinf(measured.value) && measured.is_cut;
    if ((holds && (measured.missing > 0 || measured.is_cut)) || is_open)
        doubt(finding, &measured, recording);
}

/* The first bucket from which the bounds hold for `lasting`; the run may end while they do. */
typedef struct Stay {
    uint32_t begin; /* SIM_NONE: none in time */
    bool is_whole;
} Stay;

static Stay
find_stay(const ExpectSpec *expect, const Metric *metric, const Facts *facts, SimTime from)
{
    const Recording *recording = &facts->recording;
    SimTime latest = sim_time_add(from, expect->within);
    SimTime needed = MAX(expect->lasting, 1);
    Stay stay = {.begin = SIM_NONE};
    uint32_t first, end;
    measure_window(recording, from, SIM_TIME_MAX, &first, &end);
    for (uint32_t b = first; b < end; b++) {
        SimTime start = sim_recorder_bucket_start(recording->recorder, b);
        double value = metric_value(metric, b);
        if (!is_within(&expect->at_least, &expect->at_most, value, recording)) {
            stay.begin = SIM_NONE;
            continue;
        }
        if (stay.begin == SIM_NONE && start > latest)
            return stay;
        if (stay.begin == SIM_NONE)
            stay.begin = b;
        SimTime begin = sim_recorder_bucket_start(recording->recorder, stay.begin);
        SimTime until = MIN(start + sim_recorder_width(recording->recorder), recording->end);
        stay.is_whole = until - begin >= needed;
        if (stay.is_whole)
            return stay;
    }
    return stay;
}

static void
judge_within(Finding *finding, const Facts *facts, SimTime from)
{
    const ExpectSpec *expect = finding->expect;
    const Recording *recording = &facts->recording;
    char at[TEXT_MAX], value[TEXT_MAX];
    Metric metric = {.recorder = NULL};
    bool is_found = metric_find(recording->recorder, expect->measure.metric, &metric);
    SIM_ASSERT(is_found);
    metric.end = recording->end;
    if (from < 0)
        from = expect->measure.from.kind == SIM_INSTANT_NONE
                   ? 0
                   : sim_instant_resolve(expect->measure.from, recording->start);
    Stay stay = find_stay(expect, &metric, facts, from);
    uint32_t n = sim_recorder_n_closed(recording->recorder);
    if (stay.begin != SIM_NONE) {
        SimTime begin = sim_recorder_bucket_start(recording->recorder, stay.begin);
        measure_format_clock(at, sizeof at, begin, recording->start);
        set_finding(
            finding, stay.is_whole ? JUDGEMENT_HELD : JUDGEMENT_INCONCLUSIVE,
            g_strdup_printf(stay.is_whole ? "from %s on" : "from %s on, but the run ended too soon",
                            at));
        return;
    }
    bool is_early = recording->end < sim_time_add(from, expect->within);
    double last = n ? metric_value(&metric, n - 1) : NAN;
    measure_format(value, sizeof value, measure_unit_of_metric(&metric), last, recording->start);
    set_finding(finding, is_early ? JUDGEMENT_INCONCLUSIVE : JUDGEMENT_FAILED,
                g_strdup_printf(is_early ? "not yet when the run ended, with %s"
                                         : "not in time; at the end of the run it was %s",
                                value));
}

static char *
expectation_text(const ExpectSpec *expect)
{
    g_autofree char *bounds = bounds_text(&expect->at_least, &expect->at_most);
    GString *text = g_string_new(expect->measure.metric);
    char duration[TEXT_MAX];
    if (!expect->within && expect->measure.kind != MEASURE_MEAN)
        g_string_append_printf(text, " %s", measure_kind_names[expect->measure.kind]);
    g_string_append_printf(text, " %s", bounds);
    if (expect->within)
        g_string_append_printf(
            text, " within %s",
            sim_quantity_format_duration(duration, sizeof duration, expect->within));
    if (expect->after.is_given && expect->after.entry)
        g_string_append_printf(text, " after %s", expect->after.entry);
    if (expect->lasting)
        g_string_append_printf(
            text, " for %s",
            sim_quantity_format_duration(duration, sizeof duration, expect->lasting));
    return g_string_free(text, FALSE);
}

static void
judge(Finding *finding, const Spec *spec, const Facts *facts)
{
    SimTime from;
    if (finding->expect->fault_bites) {
        judge_bites(finding, spec, facts);
        return;
    }
    finding->expected = expectation_text(finding->expect);
    if (!window_start(finding, spec, facts, &from))
        return;
    if (finding->expect->within > 0)
        judge_within(finding, facts, from);
    else
        judge_measure(finding, facts, from);
}

/* faults ------------------------------------------------------------------------------------ */

/* Fractions of attempts are no effect. */
static bool
is_some(double amount)
{
    return amount >= 0.5;
}

static char *
effect_text(const FaultEffect *effect, double failed)
{
    char touched[TEXT_MAX], attempts[TEXT_MAX];
    sim_quantity_format_count(touched, sizeof touched, effect->touched);
    sim_quantity_format_count(attempts, sizeof attempts, failed);
    if (!is_some(failed))
        return g_strdup_printf("%s %s", touched, effect->unit);
    return g_strdup_printf("%s %s; %s attempts failed or were blocked because of it", touched,
                           effect->unit, attempts);
}

static void
judge_fault(FaultFinding *finding, const FaultFact *fact, double failed)
{
    const FaultEffect *effect = &fact->effect;
    finding->has_effect = is_some(effect->touched) || is_some(failed);
    finding->is_idle = !finding->has_effect && !fact->is_skipped;
    if (finding->has_effect)
        finding->sentence = effect_text(effect, failed);
    else if (fact->is_skipped)
        finding->sentence =
            g_strdup("did not happen in this run: its chance or its condition was against it");
    else if (!effect->has_happened)
        finding->sentence =
            g_strdup("never happened: the run ended before, or what it waits for did not come");
    else
        finding->sentence = g_strdup_printf("happened and touched nothing: %s", effect->why);
}

static void
judge_faults(Verdict *verdict, const Spec *spec, const Facts *facts)
{
    verdict->faults = g_new0(FaultFinding, spec->timeline.n);
    for (uint32_t i = 0; i < spec->timeline.n && facts->faults; i++) {
        const TimelineSpec *entry = SIM_ITEM(spec->timeline, TimelineSpec, i);
        if (!facts->faults[i].effect.is_fault)
            continue;
        FaultFinding *finding = &verdict->faults[verdict->n_faults++];
        finding->entry = entry;
        finding->name = entry->id ? entry->id : verb_names[entry->verb];
        judge_fault(finding, &facts->faults[i], facts->entry_bites[i]);
        verdict->n_effective += finding->has_effect;
        verdict->n_idle += finding->is_idle;
    }
}

/* published values -------------------------------------------------------------------------- */

static char *
band_text(const PublishedSpec *published)
{
    if (published->at_least.kind == BOUND_NONE || published->at_most.kind == BOUND_NONE)
        return bounds_text(&published->at_least, &published->at_most);
    return g_strdup_printf("%s to %s", published->at_least.text, published->at_most.text);
}

static void
compare(PublishedFinding *finding, const PublishedSpec *published, const Recording *recording)
{
    char text[TEXT_MAX];
    Measured measured = measure_take(&published->measure, recording, -1);
    bool is_known = measured.status == MEASURED && !(measured.is_cut && isinf(measured.value));
    finding->published = published;
    finding->measured = measured;
    measure_format(text, sizeof text, measured.unit, measured.value, recording->start);
    finding->simulated = g_strdup(is_known                             ? text
                                  : measured.status == MEASURE_NO_DATA ? "no data"
                                                                       : "not reached");
    finding->band = band_text(published);
    finding->has_band = *finding->band != 0;
    finding->is_inside =
        is_known && is_within(&published->at_least, &published->at_most, measured.value, recording);
}

Verdict *
verdict_new(const Spec *spec, const Facts *facts)
{
    Verdict *verdict = g_new0(Verdict, 1);
    uint32_t *tally[] = {&verdict->n_held, &verdict->n_failed, &verdict->n_inconclusive};
    verdict->n = spec->expect.n;
    verdict->findings = g_new0(Finding, spec->expect.n);
    for (uint32_t i = 0; i < verdict->n; i++) {
        Finding *finding = &verdict->findings[i];
        finding->expect = SIM_ITEM(spec->expect, ExpectSpec, i);
        finding->measured.status = MEASURE_NO_DATA;
        judge(finding, spec, facts);
        (*tally[finding->judgement])++;
    }
    judge_faults(verdict, spec, facts);
    verdict->judgement = verdict->n_failed                           ? JUDGEMENT_FAILED
                         : verdict->n_inconclusive + verdict->n_idle ? JUDGEMENT_INCONCLUSIVE
                                                                     : JUDGEMENT_HELD;
    verdict->n_published = spec->published.n;
    verdict->published = g_new0(PublishedFinding, spec->published.n);
    for (uint32_t i = 0; i < verdict->n_published; i++) {
        PublishedFinding *finding = &verdict->published[i];
        compare(finding, SIM_ITEM(spec->published, PublishedSpec, i), &facts->recording);
        verdict->n_inside += finding->has_band && finding->is_inside;
    }
    return verdict;
}

void
verdict_free(Verdict *verdict)
{
    if (!verdict)
        return;
    for (uint32_t i = 0; i < verdict->n; i++) {
        g_free(verdict->findings[i].expected);
        g_free(verdict->findings[i].sentence);
    }
    for (uint32_t i = 0; i < verdict->n_faults; i++)
        g_free(verdict->faults[i].sentence);
    g_free(verdict->faults);
    for (uint32_t i = 0; i < verdict->n_published; i++) {
        g_free(verdict->published[i].simulated);
        g_free(verdict->published[i].band);
    }
    g_free(verdict->findings);
    g_free(verdict->published);
    g_free(verdict);
}

/* what only the recorder can show wrong ------------------------------------------------------- */

static char *
nearest_metric(const SimRecorder *recorder, const char *name)
{
    const char *merit =
        g_str_has_prefix(name, "merit.") ? sim_nearest(name, merit_names, MERIT_COUNT) : NULL;
    return merit ? g_strdup(merit) : metric_nearest(recorder, name);
}

static bool
check_metric(const SimRecorder *recorder, const char *name, SimMark mark, SimMessages *messages)
{
    if (metric_exists(recorder, name))
        return true;
    g_autofree char *nearest = nearest_metric(recorder, name);
    if (nearest)
        sim_messages_error(messages, mark, "no metric is called '%s'; did you mean '%s'?", name,
                           nearest);
    else
        sim_messages_error(messages, mark,
                           "no metric is called '%s': `blackstart list metrics SCENARIO` names "
                           "them all",
                           name);
    return false;
}

static void
check_bound(const Bound *bound, MeasureUnit unit, SimMark mark, SimMessages *messages)
{
    if (bound->kind == BOUND_INSTANT && unit != MEASURE_INSTANT)
        sim_messages_error(messages, mark,
                           "'%s' is a clock time, but what is measured is not: expected a number "
                           "with its unit",
                           bound->text);
}

/* A figure of merit: somebody must be there whose it is, and it has no kind and no window. */
static bool
check_merit(const Spec *spec, const MeasureSpec *measure, MeritKind kind, SimMark mark,
            SimMessages *messages)
{
    if (!merit_applies(spec, kind))
        sim_messages_error(messages, mark, "'%s' is of nobody: expected %s in this scenario",
                           measure->metric,
                           kind <= MERIT_CROWD    ? "observers of that kind"
                           : kind < MERIT_RECOVER ? "teams"
                                                  : "teams, a status page or a post");
    else if (measure->kind != MEASURE_MEAN || measure->from.kind != SIM_INSTANT_NONE ||
             measure->to.kind != SIM_INSTANT_NONE)
        sim_messages_error(messages, mark,
                           "'%s' is one number of the whole run: expected no of, from or to",
                           measure->metric);
    else
        return true;
    return false;
}

static bool
check_measure(const Spec *spec, const MeasureSpec *measure, const SimRecorder *recorder,
              SimMark mark, SimMessages *messages, MeasureUnit *ret_unit)
{
    Metric metric = {.recorder = NULL};
    MeritKind merit;
    const char *why;
    if (merit_find(measure->metric, &merit)) {
        *ret_unit = merit_unit(merit);
        return check_merit(spec, measure, merit, mark, messages);
    }
    if (!check_metric(recorder, measure->metric, mark, messages))
        return false;
    bool is_found = metric_find(recorder, measure->metric, &metric);
    SIM_ASSERT(is_found);
    *ret_unit = measure_unit(measure, &metric);
    if (measure_check(measure, &metric, &why))
        return true;
    sim_messages_error(messages, mark, "'%s' of '%s': %s", measure_kind_names[measure->kind],
                       measure->metric, why);
    return false;
}

static void
check_entry_name(const Spec *spec, const char *name, bool may_be_config, SimMark mark,
                 SimMessages *messages)
{
    if (verdict_find_entry(spec, name) != SIM_NONE ||
        (may_be_config && find_config(spec, name) != SIM_NONE))
        return;
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    SIM_EACH(TimelineSpec, entry, spec->timeline)
    g_ptr_array_add(names, (char *)(entry->id ? entry->id : verb_names[entry->verb]));
    SIM_EACH(ConfigSpec, config, spec->configs)
    if (may_be_config)
        g_ptr_array_add(names, (char *)config->entity.name);
    const char *nearest = sim_nearest(name, (const char *const *)names->pdata, names->len);
    sim_messages_error(messages, mark, "no %stimeline entry is called '%s'%s%s%s",
                       may_be_config ? "config or " : "", name,
                       nearest ? "; did you mean '" : ": expected its id, or its verb",
                       nearest ? nearest : "", nearest ? "'?" : "");
}

static void
check_expectation(const Spec *spec, const ExpectSpec *expect, const SimRecorder *recorder,
                  SimMessages *messages)
{
    SimMark mark = expect->entity.mark;
    MeasureUnit unit;
    if (expect->after.is_given && expect->after.entry)
        check_entry_name(spec, expect->after.entry, false, mark, messages);
    if (expect->fault_bites)
        check_entry_name(spec, expect->fault_bites, true, mark, messages);
    else if (check_measure(spec, &expect->measure, recorder, mark, messages, &unit)) {
        MeritKind merit;
        if (merit_find(expect->measure.metric, &merit) &&
            (expect->after.is_given || expect->within))
            sim_messages_error(messages, mark,
                               "'%s' is one number of the whole run: expected no after or within",
                               expect->measure.metric);
        check_bound(&expect->at_least, unit, mark, messages);
        check_bound(&expect->at_most, unit, mark, messages);
    }
}

static void
check_spotlight(const Spec *spec, const SimRecorder *recorder, SimMessages *messages)
{
    const char *name = spec->spotlight;
    if (!name || !check_metric(recorder, name, spec->entity.mark, messages))
        return;
    if (!g_str_has_suffix(name, "success") && !g_str_has_suffix(name, "errors"))
        sim_messages_error(messages, spec->entity.mark,
                           "spotlight '%s' is no share of requests: expected one that ends in "
                           "success or errors",
                           name);
}

static void
check_trigger(const SimRecorder *recorder, const Trigger *trigger, SimMark mark,
              SimMessages *messages)
{
    if (trigger->metric)
        check_metric(recorder, trigger->metric, mark, messages);
}

void
verdict_check(const Spec *spec, const SimRecorder *recorder, SimMessages *messages)
{
    MeasureUnit unit;
    SIM_EACH(TimelineSpec, entry, spec->timeline)
    {
        check_trigger(recorder, &entry->when, entry->entity.mark, messages);
        check_trigger(recorder, &entry->only_if, entry->entity.mark, messages);
    }
    SIM_EACH(TeamSpec, team, spec->teams)
    check_trigger(recorder, &team->until, team->entity.mark, messages);
    SIM_EACH(ExpectSpec, expect, spec->expect)
    check_expectation(spec, expect, recorder, messages);
    SIM_EACH(PublishedSpec, published, spec->published)
    {
        SimMark mark = published->measure.entity.mark;
        if (!check_measure(spec, &published->measure, recorder, mark, messages, &unit))
            continue;
        check_bound(&published->at_least, unit, mark, messages);
        check_bound(&published->at_most, unit, mark, messages);
    }
    check_spotlight(spec, recorder, messages);
}
