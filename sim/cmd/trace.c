#include "sim/cmd/trace.h"

#include "sim/cmd/json.h"

#include <string.h>

enum { TRACK_ATTEMPTS, TRACK_CALLS, TRACKS_A_POP };
/* Numbers of processes; Perfetto shows them in this order. */
enum { PROCESS_JOURNAL = 1, PROCESS_SERVICES = 10, PROCESS_NOWHERE = 1000, PROCESS_POPS = 1001 };

typedef struct Track { /* rows of what does not overlap */
    uint32_t process;
    const char *words; /* of its rows */
    uint32_t first;    /* row number */
    GArray *ends;      /* [row] SimTime up to which it is taken */
} Track;

typedef struct Place { /* where a slice stands */
    uint32_t process, row;
} Place;

struct Trace {
    Outfile *file;
    uint64_t limit, n, held; /* events written; hops of what is not over */
    SimTime from, full_at;
    bool needs_comma;
    const Run *run;
    const Spec *spec;
    GArray *tracks;   /* [service], then [pop][TRACKS_A_POP], the last of no PoP */
    GHashTable *open; /* number -> GArray of hops: its own, and those that begin its calls */
    GString *text;    /* scratch */
};

static void
clear_track(gpointer track)
{
    g_array_unref(((Track *)track)->ends);
}

static void
free_hops(gpointer hops)
{
    g_array_unref(hops);
}

Trace *
trace_new(Outfile *file, uint64_t limit, SimTime from)
{
    static const char head[] = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";
    Trace *trace = g_new0(Trace, 1);
    trace->file = file;
    trace->limit = limit;
    trace->from = from;
    trace->full_at = -1;
    trace->tracks = g_array_new(FALSE, FALSE, sizeof(Track));
    g_array_set_clear_func(trace->tracks, clear_track);
    trace->open = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, free_hops);
    trace->text = g_string_new(NULL);
    outfile_write(file, head, sizeof head - 1);
    return trace;
}

void
trace_free(Trace *trace)
{
    if (!trace)
        return;
    outfile_free(trace->file);
    g_array_unref(trace->tracks);
    g_hash_table_unref(trace->open);
    g_string_free(trace->text, TRUE);
    g_free(trace);
}

SimTime
trace_full_at(const Trace *trace)
{
    return trace->full_at;
}

/* events ------------------------------------------------------------------------------------ */

static void
write_event(Trace *trace)
{
    if (trace->needs_comma)
        outfile_write(trace->file, ",\n", 2);
    outfile_write(trace->file, trace->text->str, trace->text->len);
    trace->needs_comma = true;
}

/* Opens an event; it ends with end_event. */
static Json
begin_event(Trace *trace, const char *phase, Place place)
{
    Json json = {.out = trace->text, .style = JSON_LINE};
    g_string_truncate(trace->text, 0);
    json_open(&json, NULL, '{');
    json_text(&json, "ph", phase);
    json_integer(&json, "pid", place.process);
    json_integer(&json, "tid", place.row);
    return json;
}

static void
end_event(Trace *trace, Json *json)
{
    json_close(json, '}');
    g_string_truncate(trace->text, trace->text->len - 1); /* the line break */
    write_event(trace);
}

/* Microseconds, exactly. */
static void
add_time(Json *json, const char *key, SimTime time)
{
    char text[32];
    g_snprintf(text, sizeof text, "%" G_GINT64_FORMAT ".%03d", time / SIM_MICROSECOND,
               (int)(time % SIM_MICROSECOND));
    json_raw(json, key, text);
}

static void
write_name(Trace *trace, Place place, const char *kind, const char *name)
{
    Json json = begin_event(trace, "M", place);
    json_text(&json, "name", kind);
    json_open(&json, "args", '{');
    json_text(&json, "name", name);
    json_close(&json, '}');
    end_event(trace, &json);
}

static void
write_flow(Trace *trace, Place place, const char *phase, SimTime at, uint64_t id)
{
    Json json = begin_event(trace, phase, place);
    json_text(&json, "name", "call");
    json_text(&json, "cat", "call");
    add_time(&json, "ts", at);
    json_integer(&json, "id", (int64_t)id);
    if (*phase == 'f')
        json_text(&json, "bp", "e");
    end_event(trace, &json);
    trace->n++;
}

typedef struct Slice {
    const char *name;
    SimTime from, to;
    const RequestHop *hop; /* what its arguments say */
} Slice;

static void
add_arguments(const Trace *trace, Json *json, const RequestHop *hop)
{
    json_open(json, "args", '{');
    json_integer(json, "request", (int64_t)hop->request);
    json_integer(json, "attempt", hop->attempt);
    if (hop->parent)
        json_integer(json, "of", (int64_t)hop->parent);
    if (hop->outcome < OUTCOME_COUNT)
        json_text(json, "outcome", outcome_names[hop->outcome]);
    if (hop->key)
        json_integer(json, "key", (int64_t)hop->key);
    if (hop->outcome < OUTCOME_COUNT && hop->outcome != OUTCOME_OK)
        json_text(json, "cause", run_cause_label(trace->run, hop->cause));
    json_close(json, '}');
}

static void
write_slice(Trace *trace, Place place, Slice slice)
{
    Json json = begin_event(trace, "X", place);
    json_text(&json, "name", slice.name);
    json_text(&json, "cat", request_hop_names[slice.hop->kind]);
    add_time(&json, "ts", slice.from);
    add_time(&json, "dur", slice.to - slice.from);
    if (slice.hop->outcome < OUTCOME_COUNT && outcome_is_failed(slice.hop->outcome))
        json_text(&json, "cname", "terrible");
    add_arguments(trace, &json, slice.hop);
    end_event(trace, &json);
    trace->n++;
}

/* rows -------------------------------------------------------------------------------------- */

static void
add_track(Trace *trace, uint32_t process, const char *words, uint32_t first)
{
    const Track track = {.process = process,
                         .words = words,
                         .first = first,
                         .ends = g_array_new(FALSE, FALSE, sizeof(SimTime))};
    g_array_append_val(trace->tracks, track);
}

/* The first row that is free again by then, or a new one. */
static Place
place_on(Trace *trace, uint32_t index, SimTime from, SimTime to)
{
    Track *track = &g_array_index(trace->tracks, Track, index);
    guint row = 0;
    while (row < track->ends->len && g_array_index(track->ends, SimTime, row) > from)
        row++;
    Place place = {.process = track->process, .row = track->first + row};
    if (row < track->ends->len) {
        g_array_index(track->ends, SimTime, row) = to;
        return place;
    }
    g_array_append_val(track->ends, to);
    g_autofree char *name = g_strdup_printf("%s %u", track->words, row + 1);
    write_name(trace, place, "thread_name", name);
    return place;
}

static uint32_t
track_of_pop(const Trace *trace, uint32_t pop, uint32_t kind)
{
    uint32_t n_pops = run_geo(trace->run)->n_pops;
    return trace->spec->services.n + TRACKS_A_POP * MIN(pop, n_pops) + kind;
}

static const char *
service_name(const Trace *trace, uint32_t service)
{
    return service < trace->spec->services.n
               ? SIM_ITEM(trace->spec->services, const ServiceSpec, service)->entity.name
               : "";
}

static void
name_processes(Trace *trace)
{
    const Geo *geo = run_geo(trace->run);
    write_name(trace, (Place){PROCESS_JOURNAL, 1}, "process_name", "journal");
    for (uint32_t v = 0; v < trace->spec->services.n; v++) {
        g_autofree char *name = g_strdup_printf("service %s", service_name(trace, v));
        if (SIM_ITEM(trace->spec->services, const ServiceSpec, v)->placement != PLACEMENT_POP)
            write_name(trace, (Place){PROCESS_SERVICES + v, 0}, "process_name", name);
    }
    for (uint32_t p = 0; p < geo->n_pops; p++) {
        g_autofree char *name = g_strdup_printf("PoP %s", geo->pops.code[p]);
        write_name(trace, (Place){PROCESS_POPS + p, 0}, "process_name", name);
    }
    write_name(trace, (Place){PROCESS_NOWHERE, 0}, "process_name", "users who reach no PoP");
}

void
trace_attach(Trace *trace, const Run *run, const Spec *spec)
{
    const Geo *geo = run_geo(run);
    trace->run = run;
    trace->spec = spec;
    for (uint32_t v = 0; v < spec->services.n; v++)
        add_track(trace, PROCESS_SERVICES + v, "serves", 1);
    for (uint32_t p = 0; p <= geo->n_pops; p++) {
        uint32_t process = p < geo->n_pops ? PROCESS_POPS + p : PROCESS_NOWHERE;
        add_track(trace, process, "attempts", 1);
        add_track(trace, process, "calls", 1000001);
    }
    name_processes(trace);
}

/* requests ---------------------------------------------------------------------------------- */

static GArray *
hops_of(const Trace *trace, uint64_t number)
{
    return number ? g_hash_table_lookup(trace->open, &number) : NULL;
}

static void
keep(Trace *trace, uint64_t number, const RequestHop *hop)
{
    GArray *hops = hops_of(trace, number);
    if (!hops)
        return;
    g_array_append_val(hops, *hop);
    trace->held++;
}

static void
start(Trace *trace, const RequestHop *hop)
{
    if (hops_of(trace, hop->request)) { /* a call comes to its front */
        keep(trace, hop->request, hop);
        return;
    }
    if (hop->from < trace->from || trace->n + trace->held >= trace->limit)
        return;
    g_hash_table_insert(trace->open, g_memdup2(&hop->request, sizeof hop->request),
                        g_array_new(FALSE, FALSE, sizeof(RequestHop)));
    keep(trace, hop->request, hop);
    keep(trace, hop->parent, hop);
}

/* Room for so many events; when there is none the trace ends. */
static bool
has_room(Trace *trace, uint64_t n, SimTime now)
{
    if (trace->full_at < 0 && trace->n + n > trace->limit) {
        trace->full_at = now;
        g_hash_table_remove_all(trace->open);
    }
    return trace->full_at < 0;
}

static const char *
stretch_name(const RequestHop *hop)
{
    static const char *const names[HOP_KINDS] = {
        [HOP_QUEUED] = "waits for CPU", [HOP_SERVED] = "CPU", [HOP_ORIGIN] = "origin"};
    return hop->kind == HOP_SERVED && hop->outcome == OUTCOME_NONE ? "CPU, in vain"
                                                                   : names[hop->kind];
}

/* A call's two arrows: from who makes it, and on to the central service. */
static uint64_t
arrow(uint64_t number, bool is_onward)
{
    return 2 * number + is_onward;
}

static void
write_inside(Trace *trace, Place place, const RequestHop *whole, const RequestHop *hop)
{
    bool is_other = hop->request != whole->request;
    if (is_other)
        write_flow(trace, place, "s", hop->from, arrow(hop->request, false));
    else if (hop->kind == HOP_CENTRAL)
        write_flow(trace, place, "s", whole->from, arrow(hop->request, true));
    else if (stretch_name(hop) && hop->from >= whole->from && hop->to <= whole->to)
        write_slice(
            trace, place,
            (Slice){.name = stretch_name(hop), .from = hop->from, .to = hop->to, .hop = hop});
}

/* An attempt, or a call, is over: it and what it consists of. */
static void
write_whole(Trace *trace, const RequestHop *whole, uint32_t track, const char *name)
{
    GArray *hops = hops_of(trace, whole->request);
    if (!hops || !has_room(trace, hops->len + 2, whole->to))
        return;
    Place place = place_on(trace, track, whole->from, whole->to);
    write_slice(trace, place,
                (Slice){.name = name, .from = whole->from, .to = whole->to, .hop = whole});
    for (guint i = 0; i < hops->len; i++)
        write_inside(trace, place, whole, &g_array_index(hops, RequestHop, i));
    if (whole->parent)
        write_flow(trace, place, "f", whole->from, arrow(whole->request, false));
    trace->held -= hops->len;
    g_hash_table_remove(trace->open, &whole->request);
}

static void
attempt_over(Trace *trace, const RequestHop *hop)
{
    const char *site = hop->site < trace->spec->sites.n
                           ? SIM_ITEM(trace->spec->sites, const SiteSpec, hop->site)->entity.name
                           : "";
    g_autofree char *name = g_strdup_printf("%s: %s", site, outcome_names[hop->outcome]);
    write_whole(trace, hop, track_of_pop(trace, hop->pop, TRACK_ATTEMPTS), name);
}

static void
call_over(Trace *trace, const RequestHop *hop)
{
    g_autofree char *name = g_strdup_printf("calls %s: %s", service_name(trace, hop->service),
                                            outcome_names[hop->outcome]);
    bool is_central = hop->pop == SIM_NONE && hop->service < trace->spec->services.n;
    write_whole(trace, hop, is_central ? hop->service : track_of_pop(trace, hop->pop, TRACK_CALLS),
                name);
}

static void
central(Trace *trace, const RequestHop *hop)
{
    bool is_known = hops_of(trace, hop->request) != NULL;
    if (hop->from < trace->from || hop->service >= trace->spec->services.n ||
        !has_room(trace, 3, hop->to))
        return;
    Place place = place_on(trace, hop->service, hop->from, hop->to);
    SimTime begun = hop->from + hop->waited;
    if (hop->waited > 0)
        write_slice(trace, place,
                    (Slice){.name = "waits", .from = hop->from, .to = begun, .hop = hop});
    write_slice(trace, place,
                (Slice){.name = hop->outcome != OUTCOME_OK ? "refused"
                                : is_known                 ? "serves"
                                                           : "serves in vain",
                        .from = begun,
                        .to = hop->to,
                        .hop = hop});
    if (is_known)
        write_flow(trace, place, "f", begun, arrow(hop->request, true));
    keep(trace, hop->request, hop);
}

static void
in_vain(Trace *trace, const RequestHop *hop)
{
    if (hop->from < trace->from || !has_room(trace, 1, hop->to))
        return;
    Place place =
        place_on(trace, track_of_pop(trace, hop->pop, TRACK_ATTEMPTS), hop->from, hop->to);
    write_slice(trace, place,
                (Slice){.name = stretch_name(hop), .from = hop->from, .to = hop->to, .hop = hop});
}

void
trace_hop(Trace *trace, const RequestHop *hop)
{
    if (hop->to < trace->from || trace->full_at >= 0)
        return;
    if (hop->kind == HOP_ARRIVED || hop->kind == HOP_CALLED ||
        (hop->kind == HOP_ADMITTED && !hops_of(trace, hop->request)))
        start(trace, hop);
    else if (hop->kind == HOP_ENDED)
        attempt_over(trace, hop);
    else if (hop->kind == HOP_ANSWERED)
        call_over(trace, hop);
    else if (hop->kind == HOP_CENTRAL)
        central(trace, hop);
    else if (hop->kind == HOP_SERVED && hop->outcome == OUTCOME_NONE)
        in_vain(trace, hop);
    else if (stretch_name(hop))
        keep(trace, hop->request, hop);
}

/* the journal ------------------------------------------------------------------------------- */

static void
write_entry(Trace *trace, uint32_t id)
{
    static const Place place = {PROCESS_JOURNAL, 1};
    const SimJournalEntry *entry = sim_journal_get(run_journal(trace->run), id);
    Json json = begin_event(trace, "i", place);
    json_text(&json, "name", entry->text);
    json_text(&json, "cat", entry->kind);
    json_text(&json, "s", "g");
    add_time(&json, "ts", entry->at);
    json_open(&json, "args", '{');
    json_integer(&json, "entry", id);
    if (entry->cause != SIM_NONE)
        json_integer(&json, "cause", entry->cause);
    json_text(&json, "entity", entry->entity);
    json_integer(&json, "n", (int64_t)entry->n);
    json_close(&json, '}');
    end_event(trace, &json);
}

/* Arrows of the journal have a category of their own, so their ids never meet those of calls. */
static void
write_cause(Trace *trace, uint32_t id)
{
    const SimJournal *journal = run_journal(trace->run);
    const SimJournalEntry *entry = sim_journal_get(journal, id);
    const SimTime times[] = {sim_journal_get(journal, entry->cause)->at, entry->at};
    for (uint32_t i = 0; i < 2; i++) {
        Json json = begin_event(trace, i ? "f" : "s", (Place){PROCESS_JOURNAL, 1});
        json_text(&json, "name", "cause");
        json_text(&json, "cat", "cause");
        add_time(&json, "ts", times[i]);
        json_integer(&json, "id", id);
        if (i)
            json_text(&json, "bp", "e");
        end_event(trace, &json);
    }
}

static void
write_end(Trace *trace)
{
    g_autofree char *start = sim_timestamp_format(trace->spec->clock.start);
    Json json = {.out = trace->text, .style = JSON_LINE, .depth = 1, .needs_comma = true};
    g_string_assign(trace->text, "\n]");
    json_open(&json, "otherData", '{');
    json_text(&json, "blackstart", BLACKSTART_VERSION);
    json_text(&json, "title", trace->spec->title);
    json_text(&json, "start", start);
    json_integer(&json, "request_events", (int64_t)trace->n);
    if (trace->full_at >= 0)
        json_number(&json, "cut_at_s", sim_seconds(trace->full_at));
    json_close(&json, '}');
    json_close(&json, '}');
    outfile_write(trace->file, trace->text->str, trace->text->len);
}

bool
trace_publish(Trace *trace, GError **error)
{
    const SimJournal *journal = run_journal(trace->run);
    for (uint32_t id = 0; id < sim_journal_count(journal); id++) {
        write_entry(trace, id);
        if (sim_journal_get(journal, id)->cause != SIM_NONE)
            write_cause(trace, id);
    }
    write_end(trace);
    return outfile_publish(trace->file, error);
}
