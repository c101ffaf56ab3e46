/*
 * journal.h - the discrete happenings of a run, each with its cause.
 *
 * An entry has a dense id (0, 1, 2, ...) and names an earlier entry as its
 * cause, so causes never form a circle and a walk up ends at a root: a fault, a
 * change, something the scenario did.
 *
 * Many happenings of one key (320 PoPs receive a file) are coalesced: the first
 * stands alone, all others within the window share one further entry with their
 * number and the times of the first and last; the next after the window begins
 * anew.  Entries therefore lie in order of their first time, not of their last.
 *
 * The journal is bounded.  When its entries or its text are full, the last entry
 * counts what was dropped, and a dropped happening's id is that of its cause:
 * what it would have caused hangs on its parent.
 *
 * Memory comes from the run's arena in chunks; kind must be a static string and
 * entity must live as long as the run; text is copied.  The times given must
 * not decrease.
 */
#pragma once

#include "sim/arena.h"

#define SIM_JOURNAL_CAPACITY_DEFAULT 65536u
#define SIM_JOURNAL_TEXT_DEFAULT ((size_t)4 << 20)
#define SIM_JOURNAL_LINE_MAX 512 /* longer text is cut */

typedef struct SimJournal SimJournal;

typedef struct SimJournalOptions {
    uint32_t capacity; /* entries; 0: default */
    size_t text_bytes; /* 0: default */
    SimTime window;    /* of coalescing; 0: one minute */
} SimJournalOptions;

typedef struct SimJournalEntry {
    SimTime at;         /* of the first happening */
    uint32_t cause;     /* id of an earlier entry, or SIM_NONE */
    const char *kind;   /* "config.arrived" */
    const char *entity; /* "pop/AMS"; may be NULL */
    /* Set by the journal. */
    const char *text; /* never NULL */
    SimTime last;     /* of the last happening */
    uint64_t n;       /* happenings in this entry, 1 unless coalesced */
} SimJournalEntry;

/* options may be NULL. */
SimJournal *sim_journal_new(SimArena *arena, const SimJournalOptions *options);
/* Uses at, cause, kind and entity; returns the id to give to consequences. */
uint32_t sim_journal_add(SimJournal *journal, const SimJournalEntry *entry, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* The same for n >= 1 happenings of a key (any number that names what belongs together, such as a
 * hash of kind and version).  The shared entry keeps entity, cause and text of its first. */
uint32_t sim_journal_coalesce(SimJournal *journal, uint64_t key, uint64_t n,
                              const SimJournalEntry *entry, const char *format, ...)
    G_GNUC_PRINTF(5, 6);

uint32_t sim_journal_count(const SimJournal *journal);
/* Valid until the next add. */
const SimJournalEntry *sim_journal_get(const SimJournal *journal, uint32_t id);
/* The first cause of an entry, itself if it has none; SIM_NONE gives SIM_NONE. */
uint32_t sim_journal_root(const SimJournal *journal, uint32_t id);
/* Happenings that found no room. */
uint64_t sim_journal_dropped(const SimJournal *journal);
/* "text", and for a coalesced entry " (319 times within 4.2 s)". */
char *sim_journal_describe(const SimJournal *journal, uint32_t id, char *buffer, size_t size);
