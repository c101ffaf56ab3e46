#include "models/landmark.h"

#include "sim/quantity.h"

#include <string.h>

typedef struct VerbRank {
    const char *kind;
    int rank; /* lower is more important */
} VerbRank;

static const VerbRank ranks[VERB_COUNT] = {
    [VERB_NOTE] = {"note", 3},
    [VERB_MIGRATE] = {"change", 0},
    [VERB_PUSH] = {"change", 0},
    [VERB_STOP_GENERATOR] = {"action", 1},
    [VERB_START_GENERATOR] = {"change", 1},
    [VERB_PUSH_KNOWN_GOOD] = {"action", 0},
    [VERB_CONFIRM] = {"action", 2},
    [VERB_RESTART] = {"action", 1},
    [VERB_SWITCH_FALLBACK] = {"action", 1},
    [VERB_SWITCH_BACK] = {"action", 2},
    [VERB_KILL_SWITCH] = {"action", 0},
    [VERB_RESTORE] = {"action", 2},
    [VERB_SCALE] = {"action", 1},
    [VERB_HALT] = {"fault", 0},
    [VERB_LIMIT] = {"action", 1},
    [VERB_SURGE] = {"fault", 0},
    [VERB_POP_DOWN] = {"fault", 0},
    [VERB_POP_UP] = {"action", 1},
    [VERB_PURGE] = {"fault", 0},
    [VERB_KILL] = {"fault", 0},
    [VERB_FAIL_OPEN] = {"action", 1},
    [VERB_FAIL_CLOSED] = {"action", 1},
    [VERB_POST] = {"public", 2},
    [VERB_SERVICE_FAILS] = {"fault", 0},
    [VERB_SERVICE_SLOW] = {"fault", 0},
    [VERB_BURN_CPU] = {"fault", 0},
    [VERB_LINK] = {"fault", 0},
    [VERB_POWER_LOSS] = {"fault", 0},
    [VERB_CLOUD_OUTAGE] = {"fault", 0},
    [VERB_CERTIFICATE] = {"fault", 0},
    [VERB_DNS_FAILURE] = {"fault", 0},
    [VERB_DDOS] = {"fault", 0},
    [VERB_ORIGIN_FAILS] = {"fault", 0},
    [VERB_ORIGIN_SLOW] = {"fault", 0},
    [VERB_CLOCK_SKEW] = {"fault", 0},
    [VERB_BLACKOUT] = {"fault", 1},
    [VERB_QUOTA] = {"fault", 0},
    [VERB_STATUS_DOWN] = {"fault", 2},
};

/* An alert that wakes nobody gives way to everything else. */
enum { FAINT = 3 };

/* What the journal tells besides; of a kind and entity the first alone. */
static const struct TellingKind {
    const char *journal, *kind;
    int rank;
} telling[] = {
    {"rollout.stopped", "alert", 0}, {"rollout.unconfirmed", "alert", 0},
    {"alert.fires", "alert", 1},     {"team.acks", "human", 2},
    {"team.misled", "human", 1},     {"team.identifies", "human", 0},
    {"team.posts", "public", 1},     {"status.down", "public", 1},
    {"change.approved", "human", 2},
};

const char *
landmark_kind(int verb)
{
    SIM_ASSERT(verb >= 0 && verb < VERB_COUNT);
    return ranks[verb].kind;
}

char *
landmark_cut(const char *text, glong most)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    for (char *at = valid; *at; at++)
        if (*at == '"')
            *at = '\'';
        else if ((unsigned char)*at < ' ')
            *at = ' ';
    if (g_utf8_strlen(valid, -1) <= most)
        return g_steal_pointer(&valid);
    g_autofree char *head = g_utf8_substring(valid, 0, most - 1);
    g_strchomp(head);
    return g_strconcat(head, "…", NULL);
}

static void
append_name(GString *text, const SimList *list, gsize size, uint32_t index)
{
    if (index >= list->n)
        return;
    const char *item = (const char *)list->items + size * index;
    g_string_append_printf(text, " %s", ((const SimEntity *)(const void *)item)->name);
}

static void
append_names(GString *text, const SimList *list, gsize size, const SimList *indices)
{
    SIM_EACH(uint32_t, index, *indices)
    append_name(text, list, size, *index);
}

char *
landmark_words(const Spec *spec, const TimelineSpec *entry)
{
    GString *text = g_string_new(entry->text);
    char factor[SIM_QUANTITY_TEXT_MAX];
    if (entry->text)
        return g_string_free(text, FALSE);
    g_string_append(text, verb_names[entry->verb]);
    append_name(text, &spec->configs, sizeof(ConfigSpec), entry->config);
    append_name(text, &spec->clusters, sizeof(ClusterSpec), entry->cluster);
    append_name(text, &spec->services, sizeof(ServiceSpec), entry->service);
    append_name(text, &spec->sites, sizeof(SiteSpec), entry->site);
    append_names(text, &spec->services, sizeof(ServiceSpec), &entry->services);
    append_names(text, &spec->sites, sizeof(SiteSpec), &entry->sites);
    if (entry->cohort)
        g_string_append_printf(text, " (%s)", entry->cohort);
    const char *places[] = {entry->pops.region, entry->pops.country, entry->pops.code};
    for (guint i = 0; i < G_N_ELEMENTS(places); i++)
        if (places[i])
            g_string_append_printf(text, " %s", places[i]);
    if (entry->pops.busiest > 0)
        g_string_append_printf(text, " of the %d busiest PoPs", (int)entry->pops.busiest);
    if (entry->verb == VERB_SCALE || entry->verb == VERB_SURGE)
        g_string_append_printf(text, " by %s",
                               sim_quantity_format_factor(factor, sizeof factor, entry->by));
    return g_string_free(text, FALSE);
}

/* What happened, as (rank, time, number): a total order.  The number counts timeline entries, then
 * journal entries. */
typedef struct Happened {
    int rank;
    SimTime at;
    uint32_t number;
    const SimJournalEntry *journal; /* NULL: a timeline entry */
} Happened;

static int
by_importance(gconstpointer left, gconstpointer right)
{
    const Happened *a = left, *b = right;
    if (a->rank != b->rank)
        return a->rank < b->rank ? -1 : 1;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

static int
by_time(gconstpointer left, gconstpointer right)
{
    const Happened *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

static int
telling_kind(const SimJournalEntry *entry)
{
    for (guint i = 0; i < G_N_ELEMENTS(telling); i++)
        if (strcmp(telling[i].journal, entry->kind) == 0)
            return (int)i;
    return -1;
}

static bool
is_repeated(const SimJournal *journal, uint32_t id)
{
    const SimJournalEntry *entry = sim_journal_get(journal, id);
    for (uint32_t i = 0; i < id; i++) {
        const SimJournalEntry *before = sim_journal_get(journal, i);
        if (strcmp(before->kind, entry->kind) == 0 && g_strcmp0(before->entity, entry->entity) == 0)
            return true;
    }
    return false;
}

static void
collect(const Spec *spec, const SimTime *entry_times, const SimJournal *journal, GArray *happened)
{
    uint32_t n_journal = journal ? sim_journal_count(journal) : 0;
    for (uint32_t i = 0; i < spec->timeline.n; i++) {
        const TimelineSpec *entry = SIM_ITEM(spec->timeline, TimelineSpec, i);
        Happened one = {.rank = ranks[entry->verb].rank, .at = entry_times[i], .number = i};
        if (one.at >= 0)
            g_array_append_val(happened, one);
    }
    for (uint32_t id = 0; id < n_journal; id++) {
        const SimJournalEntry *entry = sim_journal_get(journal, id);
        int kind = telling_kind(entry);
        if (kind < 0 || (!g_str_has_prefix(entry->kind, "rollout.") && is_repeated(journal, id)))
            continue;
        bool is_faint = strcmp(entry->kind, "alert.fires") == 0 && !strstr(entry->text, "(page)");
        Happened one = {.rank = is_faint ? FAINT : telling[kind].rank,
                        .at = entry->at,
                        .number = spec->timeline.n + id,
                        .journal = entry};
        g_array_append_val(happened, one);
    }
}

static Landmark
landmark_of(const Spec *spec, const Happened *happened)
{
    if (happened->journal)
        return (Landmark){.at = happened->at,
                          .entry = SIM_NONE,
                          .kind = telling[telling_kind(happened->journal)].kind,
                          .text = landmark_cut(happened->journal->text, LANDMARK_TEXT_MAX)};
    const TimelineSpec *entry = SIM_ITEM(spec->timeline, TimelineSpec, happened->number);
    g_autofree char *words = landmark_words(spec, entry);
    return (Landmark){.at = happened->at,
                      .entry = happened->number,
                      .kind = ranks[entry->verb].kind,
                      .text = landmark_cut(words, LANDMARK_TEXT_MAX)};
}

Landmarks *
landmarks_new(const Spec *spec, const SimTime *entry_times, const SimJournal *journal)
{
    Landmarks *landmarks = g_new0(Landmarks, 1);
    g_autoptr(GArray) happened = g_array_new(FALSE, FALSE, sizeof(Happened));
    collect(spec, entry_times, journal, happened);
    g_array_sort(happened, by_importance);
    if (happened->len > LANDMARKS_MAX)
        g_array_set_size(happened, LANDMARKS_MAX);
    g_array_sort(happened, by_time);
    for (guint i = 0; i < happened->len; i++)
        landmarks->landmarks[landmarks->n++] =
            landmark_of(spec, &g_array_index(happened, Happened, i));
    return landmarks;
}

void
landmarks_free(Landmarks *landmarks)
{
    if (!landmarks)
        return;
    for (uint32_t i = 0; i < landmarks->n; i++)
        g_free(landmarks->landmarks[i].text);
    g_free(landmarks);
}
