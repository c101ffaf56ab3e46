#include "sim/cmd/story_text.h"

#include "models/measure.h"
#include "sim/quantity.h"

enum { TEXT_MAX = 96 };

/* words ------------------------------------------------------------------------------------- */

typedef struct Teller {
    const GArray *hops;
    uint64_t number;
    bool is_over;
    const Run *run;
    const Spec *spec;
    GString *out;
    SimTime first;
} Teller;

static const StoryHop *
nth(const Teller *teller, guint i)
{
    return &g_array_index(teller->hops, StoryHop, i);
}

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
    for (guint i = 0; i < teller->hops->len; i++) {
        const RequestHop *other = &nth(teller, i)->hop;
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
    for (guint i = 0; i < teller->hops->len; i++) {
        const RequestHop *other = &nth(teller, i)->hop;
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
last_of(const Teller *teller, RequestHopKind kind)
{
    const RequestHop *found = NULL;
    for (guint i = 0; i < teller->hops->len; i++)
        if (nth(teller, i)->hop.request == teller->number && nth(teller, i)->hop.kind == kind)
            found = &nth(teller, i)->hop;
    return found;
}

static void
tell_title(const Teller *teller)
{
    const RequestHop *first = &nth(teller, 0)->hop;
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
    const RequestHop *ended = last_of(teller, HOP_ENDED);
    const RequestHop *end = ended ? ended : last_of(teller, HOP_ANSWERED);
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
    g_string_append(teller->out, !teller->is_over             ? "; not over when the run ended.\n"
                                 : last_of(teller, HOP_WAITS) ? ". Its person waits.\n"
                                 : last_of(teller, HOP_GONE)  ? ". Nobody tries again.\n"
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
        if (has_cause(&nth(teller, i)->hop) &&
            has_chain_of(teller, &nth(teller, index)->hop, &nth(teller, i)->hop))
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
    const RequestHop *first = &nth(teller, index)->hop;
    g_autoptr(GHashTable) told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (guint i = index; i < teller->hops->len; i++) {
        const RequestHop *hop = &nth(teller, i)->hop;
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
    for (guint i = 0; i < teller->hops->len; i++) {
        const RequestHop *hop = &nth(teller, i)->hop;
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
tell_hop(const Teller *teller, const StoryHop *told)
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

static Teller
teller_of(Story *story, const Run *run, const Spec *spec, GString *out)
{
    return (Teller){.hops = story_hops(story),
                    .number = story_number(story),
                    .is_over = story_is_over(story),
                    .run = run,
                    .spec = spec,
                    .out = out,
                    .first = g_array_index(story_hops(story), StoryHop, 0).at};
}

char *
story_text(Story *story, const Run *run, const Spec *spec)
{
    const Teller teller = teller_of(story, run, spec, g_string_new(NULL));
    tell_title(&teller);
    tell_outcome(&teller);
    g_string_append(teller.out, "\n  UTC           since      what happened\n");
    for (guint i = 0; i < teller.hops->len; i++)
        tell_hop(&teller, nth(&teller, i));
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
json_hop(Json *json, const Teller *teller, const StoryHop *told)
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
    const Teller teller = teller_of(story, run, spec, NULL);
    const RequestHop *first = &nth(&teller, 0)->hop;
    json_integer(json, "request", (int64_t)teller.number);
    json_text(json, "site", site_of(&teller, first));
    json_text(json, "pop", pop_of(&teller, first));
    json_bool(json, "over", teller.is_over);
    json_open(json, "hops", '[');
    for (guint i = 0; i < teller.hops->len; i++)
        json_hop(json, &teller, nth(&teller, i));
    json_close(json, ']');
}
