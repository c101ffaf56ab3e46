#include "sim/journal.h"

#include "sim/quantity.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CHUNK_ENTRIES 1024u
#define CHUNK_TEXT ((size_t)16384)
#define GROUPS 4096u /* a power of two */
#define PROBES 8u

/* The happenings of one key since `first`.  Two keys too many in one place push out the older. */
typedef struct Group {
    uint64_t key;
    bool is_used;
    SimTime first;
    uint32_t shared_id; /* SIM_NONE until the second happening */
} Group;

struct SimJournal {
    SimArena *arena;
    SimJournalEntry **chunks;
    uint32_t n;
    uint32_t capacity;
    SimTime window;
    SimTime latest;
    uint64_t n_dropped;
    char *text; /* the rest of the chunk of text in use */
    size_t text_left;
    size_t text_bytes; /* that may still be taken from the arena */
    Group groups[GROUPS];
};

SimJournal *
sim_journal_new(SimArena *arena, const SimJournalOptions *options)
{
    SimJournalOptions chosen = options ? *options : (SimJournalOptions){0};
    SimJournal *journal = SIM_ARENA_NEW(arena, SimJournal, 1);
    journal->arena = arena;
    journal->capacity = chosen.capacity > 0 ? chosen.capacity : SIM_JOURNAL_CAPACITY_DEFAULT;
    journal->text_bytes = chosen.text_bytes > 0 ? chosen.text_bytes : SIM_JOURNAL_TEXT_DEFAULT;
    journal->window = chosen.window > 0 ? chosen.window : SIM_MINUTE;
    size_t n_chunks = journal->capacity / CHUNK_ENTRIES + 1;
    journal->chunks = SIM_ARENA_NEW(arena, SimJournalEntry *, n_chunks);
    return journal;
}

static SimJournalEntry *
entry_at(const SimJournal *journal, uint32_t id)
{
    return &journal->chunks[id / CHUNK_ENTRIES][id % CHUNK_ENTRIES];
}

static uint32_t
append(SimJournal *journal, const SimJournalEntry *entry)
{
    uint32_t id = journal->n++;
    SimJournalEntry **chunk = &journal->chunks[id / CHUNK_ENTRIES];
    if (!*chunk)
        *chunk = SIM_ARENA_NEW(journal->arena, SimJournalEntry, CHUNK_ENTRIES);
    *entry_at(journal, id) = *entry;
    return id;
}

/* NULL when the text is used up. */
static const char *
keep_text(SimJournal *journal, const char *text)
{
    size_t size = strlen(text) + 1;
    if (size > journal->text_left) {
        if (journal->text_bytes < size)
            return NULL;
        size_t chunk = MIN(MAX(CHUNK_TEXT, size), journal->text_bytes);
        journal->text = sim_arena_alloc(journal->arena, chunk, 1);
        journal->text_left = chunk;
        journal->text_bytes -= chunk;
    }
    char *kept = memcpy(journal->text, text, size);
    journal->text += size;
    journal->text_left -= size;
    return kept;
}

/* The last entry is kept for this. */
static void
drop(SimJournal *journal, SimTime at, uint64_t n)
{
    if (journal->n_dropped == 0)
        append(journal, &(SimJournalEntry){
                            .at = at,
                            .cause = SIM_NONE,
                            .kind = "journal.full",
                            .text = "the journal is full: further happenings are only counted",
                        });
    journal->n_dropped += n;
    SimJournalEntry *last = entry_at(journal, journal->n - 1);
    last->n = journal->n_dropped;
    last->last = at;
}

static uint32_t
add_text(SimJournal *journal, const SimJournalEntry *entry, uint64_t n, const char *text)
{
    bool is_full = journal->n_dropped > 0 || journal->n + 1 >= journal->capacity;
    const char *kept = is_full ? NULL : keep_text(journal, text);
    if (!kept) {
        drop(journal, entry->at, n);
        return entry->cause;
    }
    SimJournalEntry added = *entry;
    added.text = kept;
    added.last = entry->at;
    added.n = n;
    return append(journal, &added);
}

static void
check_entry(SimJournal *journal, const SimJournalEntry *entry)
{
    SIM_ASSERT(entry->cause == SIM_NONE || entry->cause < journal->n);
    SIM_ASSERT(entry->kind);
    SIM_ASSERT(entry->at >= journal->latest);
    journal->latest = entry->at;
}

uint32_t
sim_journal_add(SimJournal *journal, const SimJournalEntry *entry, const char *format, ...)
{
    char text[SIM_JOURNAL_LINE_MAX];
    check_entry(journal, entry);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return add_text(journal, entry, 1, text);
}

/* The group of the key, or the place where a new one may stand: free, or else the oldest. */
static Group *
find_group(SimJournal *journal, uint64_t key)
{
    uint64_t start = sim_mix64(key);
    Group *place = NULL;
    for (uint64_t i = 0; i < PROBES; i++) {
        Group *group = &journal->groups[(start + i) % GROUPS];
        if (group->is_used && group->key == key)
            return group;
        bool is_better = !place || (place->is_used && !group->is_used) ||
                         (place->is_used && group->is_used && group->first < place->first);
        if (is_better)
            place = group;
    }
    return place;
}

uint32_t
sim_journal_coalesce(SimJournal *journal, uint64_t key, uint64_t n, const SimJournalEntry *entry,
                     const char *format, ...)
{
    char text[SIM_JOURNAL_LINE_MAX];
    SIM_ASSERT(n >= 1);
    check_entry(journal, entry);
    Group *group = find_group(journal, key);
    bool is_open =
        group->is_used && group->key == key && entry->at - group->first <= journal->window;
    if (is_open && group->shared_id != SIM_NONE) {
        SimJournalEntry *shared = entry_at(journal, group->shared_id);
        shared->n += n;
        shared->last = entry->at;
        return group->shared_id;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    uint64_t n_dropped = journal->n_dropped;
    uint32_t id = add_text(journal, entry, n, text);
    if (journal->n_dropped != n_dropped)
        return id;
    if (is_open)
        group->shared_id = id;
    else
        *group = (Group){.key = key, .is_used = true, .first = entry->at, .shared_id = SIM_NONE};
    return id;
}

uint32_t
sim_journal_count(const SimJournal *journal)
{
    return journal->n;
}

const SimJournalEntry *
sim_journal_get(const SimJournal *journal, uint32_t id)
{
    SIM_ASSERT(id < journal->n);
    return entry_at(journal, id);
}

uint32_t
sim_journal_root(const SimJournal *journal, uint32_t id)
{
    if (id == SIM_NONE)
        return SIM_NONE;
    while (sim_journal_get(journal, id)->cause != SIM_NONE)
        id = sim_journal_get(journal, id)->cause;
    return id;
}

uint64_t
sim_journal_dropped(const SimJournal *journal)
{
    return journal->n_dropped;
}

char *
sim_journal_describe(const SimJournal *journal, uint32_t id, char *buffer, size_t size)
{
    const SimJournalEntry *entry = sim_journal_get(journal, id);
    char within[SIM_QUANTITY_TEXT_MAX];
    sim_quantity_format_duration(within, sizeof within, entry->last - entry->at);
    if (entry->n == 1)
        snprintf(buffer, size, "%s", entry->text);
    else
        snprintf(buffer, size, "%s (%" G_GUINT64_FORMAT " times within %s)", entry->text, entry->n,
                 within);
    return buffer;
}
