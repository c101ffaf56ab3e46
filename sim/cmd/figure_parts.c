#include "sim/cmd/figure_parts.h"

#include <math.h>
#include <string.h>

FigureRows
figure_rows(const Result *result, uint32_t most)
{
    const Recording *recording = &result->facts.recording;
    FigureRows rows = {.recording = recording,
                       .n_buckets = sim_recorder_n_closed(recording->recorder)};
    rows.merge = MAX(1, (rows.n_buckets + most - 1) / most);
    rows.n = (rows.n_buckets + rows.merge - 1) / rows.merge;
    return rows;
}

uint32_t
figure_row_begin(const FigureRows *rows, uint32_t row)
{
    return row * rows->merge;
}

uint32_t
figure_row_end(const FigureRows *rows, uint32_t row)
{
    return MIN((row + 1) * rows->merge, rows->n_buckets);
}

SimTime
figure_row_time(const FigureRows *rows, uint32_t row)
{
    return sim_recorder_width(rows->recording->recorder) * rows->merge * row;
}

double
figure_row_value(const FigureRows *rows, uint32_t row, const char *name)
{
    Metric metric;
    if (!metric_find(rows->recording->recorder, name, &metric))
        return NAN;
    metric.end = rows->recording->end;
    return metric_mean(&metric, figure_row_begin(rows, row), figure_row_end(rows, row));
}

double
figure_unix_seconds(const Result *result, SimTime at)
{
    return (double)result->scenario->spec.clock.start + sim_seconds(at);
}

void
figure_append_time(GString *out, const Result *result, const FigureRows *rows, uint32_t row)
{
    SimTime middle = (figure_row_time(rows, row) + figure_row_time(rows, row + 1)) / 2;
    g_string_append_printf(out, "%.3f", figure_unix_seconds(result, middle));
}

void
figure_append_number(GString *out, double value)
{
    if (isfinite(value))
        g_string_append_printf(out, "\t%.9g", value);
    else
        g_string_append(out, "\tnan");
}

void
figure_append_text(GString *out, const char *text, glong most)
{
    g_autofree char *cut = landmark_cut(text, most);
    g_string_append_printf(out, "\t%s", cut);
}

/* Of those that share a verb and have no id the one that happened then. */
uint32_t
figure_entry_of(const Result *result, const SimJournalEntry *entry)
{
    const Spec *spec = &result->scenario->spec;
    const char *name = figure_name_in(entry->entity);
    if (!g_str_has_prefix(entry->kind, "timeline."))
        return SIM_NONE;
    for (uint32_t i = 0; i < spec->timeline.n; i++) {
        const TimelineSpec *one = SIM_ITEM(spec->timeline, TimelineSpec, i);
        if (!one->id && strcmp(verb_names[one->verb], name) == 0 &&
            result->facts.entry_times[i] == entry->at)
            return i;
    }
    return verdict_find_entry(spec, name);
}

const char *
figure_name_in(const char *entity)
{
    const char *slash = entity ? strchr(entity, '/') : NULL;
    return slash ? slash + 1 : "";
}

static bool
is_of(const FigurePairs *pairs, const SimJournalEntry *entry)
{
    return entry->entity && (!pairs->entity || strcmp(entry->entity, pairs->entity) == 0) &&
           (!pairs->has_text || strstr(entry->text, pairs->has_text));
}

void
figure_spells(const Result *result, const FigurePairs *pairs, GArray *spells)
{
    const SimJournal *journal = run_journal(result->run);
    uint32_t depth = 0;
    FigureSpell spell = {.kind = pairs->kind};
    for (uint32_t id = 0; id < sim_journal_count(journal); id++) {
        const SimJournalEntry *entry = sim_journal_get(journal, id);
        bool begins = strcmp(entry->kind, pairs->begin) == 0;
        if ((!begins && strcmp(entry->kind, pairs->end) != 0) || !is_of(pairs, entry))
            continue;
        if (begins && depth++ == 0)
            spell.begin = entry->at;
        else if (!begins && depth > 0 && --depth == 0) {
            spell.end = entry->at;
            g_array_append_val(spells, spell);
        }
    }
    spell.end = result->facts.recording.end;
    if (depth > 0)
        g_array_append_val(spells, spell);
}

/* What is left of a spell where none of the first n of the others lasts. */
static void
append_uncovered(GArray *spells, guint n, FigureSpell spell)
{
    for (guint i = 0; i < n && spell.begin < spell.end; i++) {
        const FigureSpell other = g_array_index(spells, FigureSpell, i);
        if (other.end <= spell.begin || other.begin >= spell.end)
            continue;
        FigureSpell head = {spell.begin, MIN(spell.end, other.begin), spell.kind};
        if (head.begin < head.end)
            append_uncovered(spells, n, head);
        spell.begin = other.end;
    }
    if (spell.begin < spell.end)
        g_array_append_val(spells, spell);
}

GArray *
figure_alerts(const Result *result, uint32_t observer)
{
    GArray *spells = g_array_new(FALSE, FALSE, sizeof(FigureSpell));
    const SimList *observers = &result->scenario->spec.observers;
    const char *name = SIM_ITEM(*observers, ObserverSpec, observer)->entity.name;
    g_autofree char *entity = g_strconcat("observer/", name, NULL);
    for (int i = SEVERITY_PAGE; i >= SEVERITY_INFO; i--) {
        g_autoptr(GArray) own = g_array_new(FALSE, FALSE, sizeof(FigureSpell));
        g_autofree char *word = g_strdup_printf("(%s)", severity_names[i]);
        const FigurePairs pairs = {.begin = "alert.fires",
                                   .end = "alert.clears",
                                   .entity = entity,
                                   .has_text = word,
                                   .kind = severity_names[i]};
        guint n_graver = spells->len;
        figure_spells(result, &pairs, own);
        for (guint s = 0; s < own->len; s++)
            append_uncovered(spells, n_graver, g_array_index(own, FigureSpell, s));
    }
    return spells;
}
