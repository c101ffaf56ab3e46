#include "sim/cmd/story.h"

#include "models/measure.h"
#include "sim/quantity.h"

#include <string.h>

enum { TEXT_MAX = 96, DEPTH_MAX = 12 };
static const SimTime GRACE = SIM_MINUTE;

typedef struct Told { /* a hop, and how deep in the calls it belongs */
    RequestHop hop;
    uint32_t depth, order;
    SimTime at; /* where it stands in the story */
} Told;

struct Story {
    RequestLog log;
    uint64_t number, highest;
    GArray *told;
    GHashTable *depths; /* number -> depth + 1, of the request and its calls */
    uint32_t n_open;    /* calls without an answer, attempts left behind in a queue */
    bool is_over;
    SimTime over_at;
    bool is_sorted;
};

/* collecting -------------------------------------------------------------------------------- */

static uint32_t
depth_of(const Story *story, uint64_t number)
{
    return number ? GPOINTER_TO_UINT(g_hash_table_lookup(story->depths, &number)) : 0;
}

static void
admit(Story *story, uint64_t number, uint32_t depth)
{
    g_hash_table_insert(story->depths, g_memdup2(&number, sizeof number),
                        GUINT_TO_POINTER(MIN(depth, DEPTH_MAX)));
}

/* Stretches stand where they begin, ends where they end. */
static SimTime
moment_of(const RequestHop *hop)
{
    bool is_end = hop->kind == HOP_ENDED || hop->kind == HOP_ANSWERED;
    return is_end ? hop->to : hop->from;
}

static bool
is_last(const Story *story, const RequestHop *hop)
{
    if (hop->request != story->number)
        return false;
    if (hop->kind == HOP_ENDED)
        return !outcome_is_failed(hop->outcome);
    return hop->kind == HOP_WAITS || hop->kind == HOP_GONE || hop->kind == HOP_ANSWERED;
}

static void
count_open(Story *story, const RequestHop *hop)
{
    if (hop->kind == HOP_CALLED || (hop->kind == HOP_QUEUED && hop->outcome == OUTCOME_TIMEOUT))
        story->n_open++;
    bool is_closed =
        hop->kind == HOP_ANSWERED || (hop->kind == HOP_SERVED && hop->outcome == OUTCOME_NONE);
    if (is_closed && story->n_open > 0)
        story->n_open--;
}

static void
on_hop(void *context, const RequestHop *hop)
{
    Story *story = context;
    uint32_t depth = hop->request == story->number ? 1 : depth_of(story, hop->request);
    story->highest = MAX(story->highest, hop->request);
    if (!depth && hop->parent) {
        uint32_t above = depth_of(story, hop->parent);
        depth = above ? above + 1 : 0;
    }
    if (!depth)
        return;
    admit(story, hop->request, depth);
    const Told told = {
        .hop = *hop, .depth = depth - 1, .order = story->told->len, .at = moment_of(hop)};
    g_array_append_val(story->told, told);
    count_open(story, hop);
    if (is_last(story, hop)) {
        story->is_over = true;
        story->over_at = hop->to;
    }
}

Story *
story_new(uint64_t number)
{
    Story *story = g_new0(Story, 1);
    story->number = number;
    story->log = (RequestLog){.context = story, .hop = on_hop};
    story->told = g_array_new(FALSE, FALSE, sizeof(Told));
    story->depths = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return story;
}

void
story_free(Story *story)
{
    if (!story)
        return;
    g_array_unref(story->told);
    g_hash_table_unref(story->depths);
    g_free(story);
}

RequestLog *
story_log(Story *story)
{
    return &story->log;
}

bool
story_is_told(const Story *story, SimTime now)
{
    return story->is_over && (story->n_open == 0 || now > story->over_at + GRACE);
}

bool
story_is_found(const Story *story)
{
    return story->told->len > 0;
}

uint64_t
story_highest(const Story *story)
{
    return story->highest;
}

static int
by_time(gconstpointer left, gconstpointer right)
{
    const Told *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static void
sort(Story *story)
{
    if (!story->is_sorted)
        g_array_sort(story->told, by_time);
    story->is_sorted = true;
}

static const Told *
nth(const Story *story, guint i)
{
    return &g_array_index(story->told, Told, i);
}

/* words ------------------------------------------------------------------------------------- */

typedef struct Teller {
    const Story *story;
    const Run *run;
    const Spec *spec;
    GString *out;
    SimTime first;
} Teller;

static const char *
service_of(const Teller *teller, const RequestHop *hop)
{
    return hop->service < teller->spec->services.n
               ? SIM_ITEM(teller->spec->services, const ServiceSpec, hop->service)->entity.name
               : NULL;
}

static const char *
site_of(const Teller *teller, const RequestHop *hop)
{
    return hop->site < teller->spec->sites.n
               ? SIM_ITEM(teller->spec->sites, const SiteSpec, hop->site)->entity.name
               : NULL;
}

static const char *
pop_of(const Teller *teller, const RequestHop *hop)
{
    return hop->pop < run_geo(teller->run)->n_pops ? run_geo(teller->run)->pops.code[hop->pop]
                                                   : NULL;
}

static const char *
duration(char *buffer, SimTime time)
{
    return sim_quantity_format_duration(buffer, TEXT_MAX, time);
}

/* "14:10:01.204" */
static char *
clock_of(const Teller *teller, SimTime at)
{
    char text[TEXT_MAX];
    measure_format_clock(text, sizeof text, at - at % SIM_SECOND, teller->spec->clock.start);
    return g_strdup_printf("%s.%03d", text, (int)(at % SIM_SECOND / SIM_MILLISECOND));
}

static void
say_arrived(const Teller *teller, const RequestHop *hop)
{
    const char *pop = pop_of(teller, hop);
    if (hop->parent)
        g_string_append_printf(teller->out, "comes to the edge in front of %s, at %s",
                               service_of(teller, hop), pop ? pop : "no PoP");
    else if (!pop)
        g_string_append_printf(teller->out, "attempt %u finds no PoP", hop->attempt);
    else
        g_string_append_printf(teller->out, "attempt %u arrives at %s", hop->attempt, pop);
}

static bool
has_arrived(const Teller *teller, const RequestHop *hop)
{
    for (guint i = 0; i < teller->story->told->len; i++) {
        const RequestHop *other = &nth(teller->story, i)->hop;
        if (other->kind == HOP_ARRIVED && other->request == hop->request &&
            other->attempt == hop->attempt)
            return true;
    }
    return false;
}

static void
say_admitted(const Teller *teller, const RequestHop *hop)
{
    const char *service = service_of(teller, hop);
    if (service && hop->outcome == OUTCOME_502)
        g_string_append_printf(teller->out, "is refused: no process of %s lives here", service);
    else if (service)
        g_string_append_printf(teller->out, "is refused: every process of %s is stuck", service);
    else if (hop->outcome == OUTCOME_503)
        g_string_append(teller->out, "is refused: the PoP's queue is full, or its limit reached");
    else if (has_arrived(teller, hop))
        g_string_append(teller->out, "is refused: the site's limit is reached");
    else
        g_string_append(teller->out,
                        "is not sent: the client's own library holds it back after failures");
}

static void
say_queued(const Teller *teller, const RequestHop *hop)
{
    char text[TEXT_MAX];
    g_string_append_printf(teller->out, "waits %s for CPU", duration(text, hop->to - hop->from));
    if (hop->outcome == OUTCOME_TIMEOUT)
        g_string_append(teller->out, " and gets none before its client gives up");
    else if (hop->outcome == OUTCOME_502)
        g_string_append(teller->out, "; then the process that has it dies");
    else if (hop->outcome != OUTCOME_OK)
        g_string_append(teller->out, ", then is dropped from the queue");
}

static void
say_served(const Teller *teller, const RequestHop *hop)
{
    char text[TEXT_MAX];
    const char *service = service_of(teller, hop);
    if (hop->outcome == OUTCOME_NONE) {
        g_string_append_printf(teller->out, "has CPU for %s, in vain: its client has gone",
                               duration(text, hop->to - hop->from));
        return;
    }
    g_string_append_printf(teller->out, "has CPU for %s", duration(text, hop->to - hop->from));
    if (!service && hop->outcome == OUTCOME_502)
        g_string_append(teller->out, "; then the process that has it dies");
    if (hop->outcome == OUTCOME_OK || (!service && hop->outcome == OUTCOME_502))
        return;
    g_string_append_printf(
        teller->out, " and %s%s%s: %s", outcome_is_failed(hop->outcome) ? "fails" : "ends",
        service ? " at " : "", service ? service : "", outcome_names[hop->outcome]);
}

static void
say_called(const Teller *teller, const RequestHop *hop)
{
    g_string_append_printf(teller->out, "calls %s", service_of(teller, hop));
    if (hop->attempt > 1)
        g_string_append_printf(teller->out, ", try %u", hop->attempt);
}

static bool
is_answered_before(const Teller *teller, const RequestHop *hop)
{
    for (guint i = 0; i < teller->story->told->len; i++) {
        const RequestHop *other = &nth(teller->story, i)->hop;
        if (other->request == hop->request && other->kind == HOP_ANSWERED && other->to < hop->to)
            return true;
    }
    return false;
}

static void
say_central(const Teller *teller, const RequestHop *hop)
{
    char wait[TEXT_MAX], text[TEXT_MAX];
    const char *service = service_of(teller, hop);
    if (hop->waited > 0)
        g_string_append_printf(teller->out, "waits %s at %s, which ", duration(wait, hop->waited),
                               service);
    else
        g_string_append_printf(teller->out, "%s ", service);
    if (hop->outcome != OUTCOME_OK)
        g_string_append_printf(teller->out, "refuses it: %s", outcome_names[hop->outcome]);
    else
        g_string_append_printf(
            teller->out, "serves it for %s%s", duration(text, hop->to - hop->from - hop->waited),
            is_answered_before(teller, hop) ? ", in vain: its caller has gone" : "");
}

static void
say_answered(const Teller *teller, const RequestHop *hop)
{
    char text[TEXT_MAX];
    duration(text, hop->to - hop->from);
    if (hop->outcome == OUTCOME_OK)
        g_string_append_printf(teller->out, "%s has answered, after %s", service_of(teller, hop),
                               text);
    else if (hop->outcome == OUTCOME_TIMEOUT)
        g_string_append_printf(teller->out, "no answer of %s within %s", service_of(teller, hop),
                               text);
    else
        g_string_append_printf(teller->out, "%s fails with %s, after %s", service_of(teller, hop),
                               outcome_names[hop->outcome], text);
}

static void
say_cache(const Teller *teller, const RequestHop *hop)
{
    bool is_hit = hop->outcome == OUTCOME_OK;
    g_string_append(teller->out, is_hit ? "is answered from the cache"
                                        : "is not in the cache: the origin is asked");
    if (hop->key)
        g_string_append_printf(teller->out, " (object %" G_GUINT64_FORMAT ")", hop->key);
}

static void
say_origin(const Teller *teller, const RequestHop *hop)
{
    char text[TEXT_MAX];
    g_string_append_printf(teller->out,
                           hop->outcome == OUTCOME_OK        ? "the origin answers after %s"
                           : hop->outcome == OUTCOME_TIMEOUT ? "the origin does not answer in %s"
                                                             : "the origin refuses, after %s",
                           duration(text, hop->to - hop->from));
}

static void
say_retry(const Teller *teller, const RequestHop *hop)
{
    char text[TEXT_MAX];
    g_string_append(teller->out, "its machine tries again");
    if (hop->to > hop->from)
        g_string_append_printf(teller->out, " after %s", duration(text, hop->to - hop->from));
    else
        g_string_append(teller->out, " at once");
}

static void
say_waits(const Teller *teller, const RequestHop *hop)
{
    char text[TEXT_MAX];
    g_string_append_printf(teller->out,
                           "its person waits and comes back, after %s on average, as a new request",
                           duration(text, hop->to - hop->from));
}

static void
say_gone(const Teller *teller, const RequestHop *hop)
{
    (void)hop;
    g_string_append(teller->out, "its person, or machine, gives up");
}

static void
say_ended(const Teller *teller, const RequestHop *hop)
{
    char text[TEXT_MAX], way[TEXT_MAX];
    const char *service = service_of(teller, hop);
    bool is_at = service && outcome_is_failed(hop->outcome);
    g_string_append_printf(teller->out, "attempt %u ends: %s%s%s; %s for the client", hop->attempt,
                           outcome_names[hop->outcome], is_at ? " at " : "", is_at ? service : "",
                           duration(text, hop->to - hop->from + hop->way));
    if (hop->way > 0)
        g_string_append_printf(teller->out, ", %s of it on the way", duration(way, hop->way));
}

static void (*const sayings[HOP_KINDS])(const Teller *teller, const RequestHop *hop) = {
    [HOP_ARRIVED] = say_arrived,   [HOP_ADMITTED] = say_admitted, [HOP_QUEUED] = say_queued,
    [HOP_SERVED] = say_served,     [HOP_CALLED] = say_called,     [HOP_CENTRAL] = say_central,
    [HOP_ANSWERED] = say_answered, [HOP_CACHE] = say_cache,       [HOP_ORIGIN] = say_origin,
    [HOP_RETRY] = say_retry,       [HOP_WAITS] = say_waits,       [HOP_GONE] = say_gone,
    [HOP_ENDED] = say_ended};

/* the head ---------------------------------------------------------------------------------- */

/* The last of these kinds of the request itself; NULL. */
static const RequestHop *
last_of(const Story *story, RequestHopKind kind)
{
    const RequestHop *found = NULL;
    for (guint i = 0; i < story->told->len; i++)
        if (nth(story, i)->hop.request == story->number && nth(story, i)->hop.kind == kind)
            found = &nth(story, i)->hop;
    return found;
}

static void
tell_title(const Teller *teller)
{
    const RequestHop *first = &nth(teller->story, 0)->hop;
    const char *pop = pop_of(teller, first), *site = site_of(teller, first);
    const Geo *geo = run_geo(teller->run);
    if (site)
        g_string_append_printf(teller->out, "Request %" G_GUINT64_FORMAT " for %s, ",
                               first->request, site);
    else
        g_string_append_printf(teller->out, "Call %" G_GUINT64_FORMAT " of %s, ", first->request,
                               service_of(teller, first));
    if (pop)
        g_string_append_printf(teller->out, "at %s (%s)\n", pop,
                               geo_region_name(geo->pops.at.region[first->pop]));
    else
        g_string_append(teller->out,
                        site ? "which reaches no PoP\n" : "between central services\n");
    if (first->parent)
        g_string_append_printf(teller->out,
                               "It is made for request %" G_GUINT64_FORMAT
                               ": --request %" G_GUINT64_FORMAT " tells the whole.\n",
                               first->parent, first->parent);
}

static void
tell_outcome(const Teller *teller)
{
    char text[TEXT_MAX];
    const Story *story = teller->story;
    const RequestHop *ended = last_of(story, HOP_ENDED);
    const RequestHop *end = ended ? ended : last_of(story, HOP_ANSWERED);
    if (!end) {
        g_string_append(teller->out, "It was under way when the run ended.\n");
        return;
    }
    SimTime lasted = end->to - teller->first + end->way;
    const char *verdict = outcome_is_failed(end->outcome)    ? "Failed"
                          : outcome_is_blocked(end->outcome) ? "Blocked"
                                                             : "Answered";
    g_string_append_printf(teller->out, "%s: %s, %s after it was sent", verdict,
                           outcome_names[end->outcome], duration(text, lasted));
    if (ended && ended->attempt > 1)
        g_string_append_printf(teller->out, ", at attempt %u", ended->attempt);
    g_string_append(teller->out, !story->is_over             ? "; not over when the run ended.\n"
                                 : last_of(story, HOP_WAITS) ? ". Its person waits.\n"
                                 : last_of(story, HOP_GONE)  ? ". Nobody tries again.\n"
                                                             : ".\n");
}

/* causes ------------------------------------------------------------------------------------ */

static bool
has_cause(const RequestHop *hop)
{
    bool is_end = hop->kind == HOP_ENDED || hop->kind == HOP_ANSWERED || hop->kind == HOP_CENTRAL;
    return is_end && hop->outcome < OUTCOME_COUNT && hop->outcome != OUTCOME_OK;
}

/* The most that is known: the entry itself, else the root; SIM_NONE. */
static uint32_t
entry_of(const Teller *teller, const RequestHop *hop)
{
    return hop->entry != SIM_NONE ? hop->entry : run_cause_entry(teller->run, hop->cause);
}

static uint32_t
root_of(const Teller *teller, const RequestHop *hop)
{
    return run_cause_entry(teller->run, hop->cause);
}

/* What is known only by its root joins the chain that leads to it. */
static bool
has_chain_of(const Teller *teller, const RequestHop *hop, const RequestHop *first)
{
    return has_cause(hop) && root_of(teller, hop) == root_of(teller, first) &&
           (hop->entry == SIM_NONE || hop->entry == first->entry);
}

static bool
is_told_before(const Teller *teller, guint index)
{
    for (guint i = 0; i < index; i++)
        if (has_cause(&nth(teller->story, i)->hop) &&
            has_chain_of(teller, &nth(teller->story, index)->hop, &nth(teller->story, i)->hop))
            return true;
    return false;
}

static char *
effect_of(const Teller *teller, const RequestHop *hop)
{
    const char *service = service_of(teller, hop);
    g_autofree char *place = g_strdup_printf("%s%s%s", outcome_names[hop->outcome],
                                             service ? " at " : "", service ? service : "");
    return hop->kind == HOP_ENDED ? g_strdup_printf("%s of attempt %u", place, hop->attempt)
                                  : g_steal_pointer(&place);
}

/* All that the chain explains, each once: "500 at kv, 503 at kv of attempt 1". */
static void
tell_effects(const Teller *teller, guint index)
{
    const RequestHop *first = &nth(teller->story, index)->hop;
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = index; i < teller->story->told->len; i++) {
        const RequestHop *hop = &nth(teller->story, i)->hop;
        if (!has_chain_of(teller, hop, first))
            continue;
        char *effect = effect_of(teller, hop);
        if (!g_hash_table_contains(told, effect))
            g_string_append_printf(teller->out, "%s%s", i == index ? "  " : ", ", effect);
        g_hash_table_add(told, effect);
    }
    g_string_append_c(teller->out, '\n');
}

static void
tell_chain(const Teller *teller, uint32_t id)
{
    const SimJournal *journal = run_journal(teller->run);
    if (id == SIM_NONE)
        g_string_append(teller->out,
                        "    demand beyond capacity: nothing in the journal began it\n");
    for (bool is_first = true; id != SIM_NONE; is_first = false) {
        char text[SIM_JOURNAL_LINE_MAX + TEXT_MAX];
        const SimJournalEntry *entry = sim_journal_get(journal, id);
        g_autofree char *at = clock_of(teller, entry->at);
        g_string_append_printf(teller->out, "    %s  %s%s  (%s, journal entry %u)\n", at,
                               is_first ? "" : "because ",
                               sim_journal_describe(journal, id, text, sizeof text),
                               entry->entity ? entry->entity : entry->kind, id);
        id = entry->cause;
    }
}

static void
tell_causes(const Teller *teller)
{
    bool has_head = false;
    for (guint i = 0; i < teller->story->told->len; i++) {
        const RequestHop *hop = &nth(teller->story, i)->hop;
        if (!has_cause(hop) || is_told_before(teller, i))
            continue;
        g_string_append(teller->out, has_head ? "" : "\nWhy\n");
        tell_effects(teller, i);
        tell_chain(teller, entry_of(teller, hop));
        has_head = true;
    }
}

/* telling ----------------------------------------------------------------------------------- */

static void
tell_hop(const Teller *teller, const Told *told)
{
    char since[TEXT_MAX];
    g_autofree char *at = clock_of(teller, told->at);
    duration(since, told->at - teller->first);
    g_string_append_printf(teller->out, "  %s  +%-9s ", at, since);
    for (uint32_t i = 0; i < told->depth; i++)
        g_string_append(teller->out, "   ");
    sayings[told->hop.kind](teller, &told->hop);
    g_string_append_c(teller->out, '\n');
}

char *
story_text(Story *story, const Run *run, const Spec *spec)
{
    sort(story);
    Teller teller = {.story = story, .run = run, .spec = spec, .out = g_string_new(NULL)};
    teller.first = nth(story, 0)->at;
    tell_title(&teller);
    tell_outcome(&teller);
    g_string_append(teller.out, "\n  UTC           since      what happened\n");
    for (guint i = 0; i < story->told->len; i++)
        tell_hop(&teller, nth(story, i));
    tell_causes(&teller);
    return g_string_free(teller.out, FALSE);
}

static void
json_chain(Json *json, const Teller *teller, uint32_t id)
{
    json_open(json, "causes", '[');
    while (id != SIM_NONE) {
        const SimJournalEntry *entry = sim_journal_get(run_journal(teller->run), id);
        json_open(json, NULL, '{');
        json_integer(json, "entry", id);
        json_number(json, "at_s", sim_seconds(entry->at));
        json_text(json, "kind", entry->kind);
        json_text(json, "entity", entry->entity);
        json_text(json, "text", entry->text);
        json_close(json, '}');
        id = entry->cause;
    }
    json_close(json, ']');
}

static void
json_hop(Json *json, const Teller *teller, const Told *told)
{
    const RequestHop *hop = &told->hop;
    json_open(json, NULL, '{');
    json_text(json, "kind", request_hop_names[hop->kind]);
    json_number(json, "from_s", sim_seconds(hop->from));
    json_number(json, "to_s", sim_seconds(hop->to));
    json_integer(json, "request", (int64_t)hop->request);
    json_integer(json, "parent", (int64_t)hop->parent);
    json_integer(json, "depth", told->depth);
    json_integer(json, "attempt", hop->attempt);
    json_text(json, "pop", pop_of(teller, hop));
    json_text(json, "service", service_of(teller, hop));
    json_text(json, "outcome", hop->outcome < OUTCOME_COUNT ? outcome_names[hop->outcome] : NULL);
    if (hop->kind == HOP_ENDED)
        json_number(json, "way_s", sim_seconds(hop->way));
    if (hop->kind == HOP_CENTRAL)
        json_number(json, "waited_s", sim_seconds(hop->waited));
    if (has_cause(hop)) {
        json_text(json, "cause", run_cause_label(teller->run, hop->cause));
        json_chain(json, teller, entry_of(teller, hop));
    }
    json_close(json, '}');
}

void
story_json(Json *json, Story *story, const Run *run, const Spec *spec)
{
    sort(story);
    Teller teller = {.story = story, .run = run, .spec = spec};
    const RequestHop *first = &nth(story, 0)->hop;
    json_integer(json, "request", (int64_t)story->number);
    json_text(json, "site", site_of(&teller, first));
    json_text(json, "pop", pop_of(&teller, first));
    json_bool(json, "over", story->is_over);
    json_open(json, "hops", '[');
    for (guint i = 0; i < story->told->len; i++)
        json_hop(json, &teller, nth(story, i));
    json_close(json, ']');
}
