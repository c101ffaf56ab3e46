#include "sim/wheel.h"

#include <string.h>

#define LEVELS 8u
#define SLOTS 256u
#define CHUNK_BYTES 512u
#define CHUNK_ITEMS 31u
#define BLOCK_CHUNKS 64u /* chunks taken from the arena at a time */
#define RUN_MAX 2048u    /* a slot with more items is dealt out, not sorted */
#define BINS 256u        /* of the sort */
#define BIN_MAX 32u      /* a slot with more items than this in a bin is dealt out, too */
#define LATE_MAX 64u     /* more late items than this go back into the slots */
#define LATE_ROOM 128u
#define SEQUENCE_MAX ((UINT64_C(1) << (64 - SIM_WHEEL_PAYLOAD_BITS)) - 1)
#define NO_KEY UINT64_MAX /* of what stands behind the last item */

/* Chunks lie at multiples of their size.  The chunks of a slot form a ring: the last one, where
 * items are appended, points to the first. */
typedef struct Chunk {
    struct Chunk *next;
    uint64_t n_before; /* items in the chunks before this one; all of them are full */
    SimWheelItem items[CHUNK_ITEMS];
} Chunk;
_Static_assert(sizeof(Chunk) == CHUNK_BYTES, "a chunk is found by its items' addresses");

/* end is where the next item goes.  Where it is a multiple of CHUNK_BYTES there is no room: the
 * chunk before it is full or, for NULL, there is none. */
typedef struct Slot {
    SimWheelItem *end;
    SimTime first; /* the least time in it */
} Slot;

typedef struct Tables {
    Slot slots[LEVELS][SLOTS];
    uint64_t occupied[LEVELS][SLOTS / 64];
    SimWheelItem run[RUN_MAX + 1]; /* ends with a filler */
} Tables;

enum { RUN, LATE };

struct SimWheel {
    const SimWheelItem *head[2]; /* of the run and of what came late; at its end stands a filler */
    SimWheelItem *late_end;
    SimTime horizon; /* the window's last tick */
    SimTime now;     /* when the last item left */
    uint64_t n_pushed;
    uint64_t n_left;  /* popped or swept */
    uint64_t current; /* the tick that levels are relative to; none is before it in the slots */
    Tables *tables;   /* NULL until a slot is needed */
    Chunk *free;
    uint32_t levels; /* bit l: some slot of level l is occupied */
    SimArena *arena;
    SimWheelItem filler;
    SimWheelItem late[1 + LATE_ROOM + 1];
};

static const SimWheelItem no_item = {SIM_TIME_MAX, NO_KEY};

/* Ticks are times made unsigned, in the same order. */
static inline uint64_t
tick_of(SimTime at)
{
    return (uint64_t)at ^ (UINT64_C(1) << 63);
}

/* --- late items: an array in order, which leaves at its front --- */

/* Of equal times the new one is last.  What has left before the front is no later, so the search
 * ends there. */
static inline void
insert_late(SimWheel *wheel, SimWheelItem item)
{
    SimWheelItem *place = wheel->late_end++;
    place[1] = no_item;
    for (; item.at < place[-1].at; place--)
        *place = place[-1];
    *place = item;
}

static void
clear_late(SimWheel *wheel)
{
    wheel->late[0] = (SimWheelItem){-SIM_TIME_MAX, 0};
    wheel->late[1] = no_item;
    wheel->late_end = wheel->late + 1;
    wheel->head[LATE] = wheel->late + 1;
}

static void
move_late_down(SimWheel *wheel)
{
    size_t n = (size_t)(wheel->late_end - wheel->head[LATE]);
    memmove(wheel->late + 1, wheel->head[LATE], (n + 1) * sizeof *wheel->late);
    wheel->late[0] = (SimWheelItem){-SIM_TIME_MAX, 0};
    wheel->late_end = wheel->late + 1 + n;
    wheel->head[LATE] = wheel->late + 1;
}

/* --- slots and chunks --- */

static void
take_block(SimWheel *wheel, uint32_t n_chunks)
{
    void *block = SIM_ARENA_NEW(wheel->arena, Chunk, (size_t)n_chunks + 1);
    uintptr_t aligned = ((uintptr_t)block + CHUNK_BYTES - 1) & ~(uintptr_t)(CHUNK_BYTES - 1);
    Chunk *chunks = (Chunk *)aligned;
    for (uint32_t i = n_chunks; i-- > 0;) {
        chunks[i].next = wheel->free;
        wheel->free = &chunks[i];
    }
}

static Chunk *
last_chunk(const Slot *slot)
{
    return (Chunk *)(((uintptr_t)slot->end - 1) & ~(uintptr_t)(CHUNK_BYTES - 1));
}

static uint64_t
slot_size(const Slot *slot)
{
    const Chunk *last = last_chunk(slot);
    return last->n_before + (uint64_t)(slot->end - last->items);
}

static void
add_chunk(SimWheel *wheel, Slot *slot)
{
    if (!wheel->free)
        take_block(wheel, BLOCK_CHUNKS);
    Chunk *chunk = wheel->free;
    wheel->free = chunk->next;
    if (slot->end) {
        Chunk *last = last_chunk(slot);
        chunk->n_before = last->n_before + CHUNK_ITEMS;
        chunk->next = last->next;
        last->next = chunk;
    } else {
        uint64_t i = (uint64_t)(slot - wheel->tables->slots[0]);
        wheel->tables->occupied[i / SLOTS][i % SLOTS / 64] |= UINT64_C(1) << i % 64;
        wheel->levels |= 1u << i / SLOTS;
        slot->first = SIM_TIME_MAX;
        chunk->n_before = 0;
        chunk->next = chunk;
    }
    slot->end = chunk->items;
}

/* The items of a slot must be appended in order of sequence where their times are equal. */
static inline void
append(SimWheel *wheel, SimWheelItem item)
{
    uint64_t tick = tick_of(item.at);
    unsigned level = (63u - (unsigned)__builtin_clzll((tick ^ wheel->current) | 1)) / 8;
    Slot *slot = &wheel->tables->slots[level][(tick >> 8 * level) & 255];
    if (G_UNLIKELY(((uintptr_t)slot->end & (CHUNK_BYTES - 1)) == 0))
        add_chunk(wheel, slot);
    *slot->end++ = item;
    slot->first = MIN(slot->first, item.at);
}

/* There must be one. */
static inline Slot *
first_slot(const SimWheel *wheel, unsigned *ret_level)
{
    unsigned level = (unsigned)__builtin_ctz(wheel->levels);
    const uint64_t *words = wheel->tables->occupied[level];
    unsigned word = 0;
    while (words[word] == 0)
        word++;
    *ret_level = level;
    return &wheel->tables->slots[level][64 * word + (unsigned)__builtin_ctzll(words[word])];
}

/* The slot's chunks are the caller's. */
static inline void
empty_slot(SimWheel *wheel, Slot *slot, unsigned level)
{
    uint64_t *words = wheel->tables->occupied[level];
    uint64_t i = (uint64_t)(slot - wheel->tables->slots[level]);
    words[i / 64] &= ~(UINT64_C(1) << i % 64);
    if ((words[0] | words[1] | words[2] | words[3]) == 0)
        wheel->levels &= ~(1u << level);
    slot->end = NULL;
}

static inline void
free_chunks(SimWheel *wheel, Chunk *last)
{
    Chunk *first = last->next;
    last->next = wheel->free;
    wheel->free = first;
}

/* --- the window --- */

static Tables *
tables(SimWheel *wheel)
{
    if (!wheel->tables)
        wheel->tables = SIM_ARENA_NEW(wheel->arena, Tables, 1);
    return wheel->tables;
}

static void
begin_run(SimWheel *wheel, uint32_t n, SimTime horizon)
{
    wheel->tables->run[n] = no_item;
    wheel->head[RUN] = wheel->tables->run;
    wheel->horizon = wheel->levels == 0 ? SIM_TIME_MAX : horizon;
}

/* A slot of one tick is in order as it stands.  If it does not fit into a run, the window ends
 * before the tick and what is pushed for it joins the rest. */
static void
run_ties(SimWheel *wheel, Slot *slot)
{
    Chunk *last = last_chunk(slot);
    uint64_t size = slot_size(slot);
    SimTime at = slot->first;
    uint32_t n = 0;
    while (n < size && n + CHUNK_ITEMS <= RUN_MAX) {
        Chunk *chunk = last->next;
        uint32_t more = (uint32_t)MIN(size - n, CHUNK_ITEMS);
        memcpy(wheel->tables->run + n, chunk->items, more * sizeof *chunk->items);
        n += more;
        last->next = chunk->next;
        chunk->next = wheel->free;
        wheel->free = chunk;
    }
    if (n < size) {
        last->n_before -= n;
        begin_run(wheel, n, at - 1);
    } else {
        empty_slot(wheel, slot, 0);
        begin_run(wheel, n, at);
    }
}

/* Copies n items of a ring that begins with chunk. */
static void
copy_out(const Chunk *chunk, SimWheelItem *to, uint32_t n)
{
    for (; n > CHUNK_ITEMS; n -= CHUNK_ITEMS) {
        memcpy(to, chunk->items, sizeof chunk->items);
        to += CHUNK_ITEMS;
        chunk = chunk->next;
    }
    memcpy(to, chunk->items, n * sizeof *to);
}

/* Stable, which puts equal times in order of sequence. */
static void
insertion_sort(SimWheelItem *items, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        SimWheelItem item = items[i];
        uint32_t j = i;
        for (; j > 0 && item.at < items[j - 1].at; j--)
            items[j] = items[j - 1];
        items[j] = item;
    }
}

/* Where the items of each bin go: bins are the 8 bits from shift on.  False if one holds too many.
 */
static bool
find_bins(uint16_t *ends, const Chunk *chunk, uint32_t n, unsigned shift)
{
    for (; n > 0; chunk = chunk->next) {
        uint32_t here = MIN(n, CHUNK_ITEMS);
        for (uint32_t i = 0; i < here; i++)
            ends[(chunk->items[i].at >> shift) & (BINS - 1)]++;
        n -= here;
    }
    uint16_t sum = 0, most = 0;
    for (uint32_t bin = 0; bin < BINS; bin++) {
        uint16_t count = ends[bin];
        most = MAX(most, count);
        ends[bin] = sum;
        sum = (uint16_t)(sum + count);
    }
    return most <= BIN_MAX;
}

static void
fill_bins(uint16_t *ends, const Chunk *chunk, uint32_t n, unsigned shift, SimWheelItem *to)
{
    for (; n > 0; chunk = chunk->next) {
        uint32_t here = MIN(n, CHUNK_ITEMS);
        for (uint32_t i = 0; i < here; i++)
            to[ends[(chunk->items[i].at >> shift) & (BINS - 1)]++] = chunk->items[i];
        n -= here;
    }
}

/* Sorts the slot's items into the run: by the leading 8 bits below the window's into bins, then
 * within bins.  False if the slot should rather be dealt out. */
static bool
run_slot(SimWheel *wheel, Slot *slot, unsigned level)
{
    uint64_t size = slot_size(slot);
    if (size > RUN_MAX)
        return false;
    Chunk *last = last_chunk(slot);
    SimWheelItem *run = wheel->tables->run;
    uint32_t n = (uint32_t)size;
    if (n <= BIN_MAX) {
        copy_out(last->next, run, n);
    } else {
        uint16_t ends[BINS] = {0};
        if (!find_bins(ends, last->next, n, 8 * level - 8))
            return false;
        fill_bins(ends, last->next, n, 8 * level - 8, run);
    }
    insertion_sort(run, n);
    SimTime first = slot->first;
    free_chunks(wheel, last);
    empty_slot(wheel, slot, level);
    begin_run(wheel, n, first | (SimTime)((UINT64_C(1) << (8 * level)) - 1));
    return true;
}

static void
deal_out(SimWheel *wheel, Slot *slot, unsigned level)
{
    uint64_t n = slot_size(slot);
    Chunk *chunk = last_chunk(slot)->next;
    empty_slot(wheel, slot, level);
    while (n > 0) {
        uint64_t here = MIN(n, CHUNK_ITEMS);
        Chunk *next = chunk->next;
        for (uint64_t i = 0; i < here; i++)
            append(wheel, chunk->items[i]);
        chunk->next = wheel->free;
        wheel->free = chunk;
        chunk = next;
        n -= here;
    }
}

/* Makes a run of the first slot; run and heap must be spent.  The current time becomes the first
 * item's, which passes all levels in which the items of the slot do not differ. */
static void
open_window(SimWheel *wheel)
{
    for (;;) {
        unsigned level;
        Slot *slot = first_slot(wheel, &level);
        wheel->current = tick_of(slot->first);
        if (level == 0) {
            run_ties(wheel, slot);
            return;
        }
        if (run_slot(wheel, slot, level))
            return;
        deal_out(wheel, slot, level);
    }
}

/* Puts run and late items back into the slots, so that the window can be shorter.  All slots below
 * the level that it came from are empty. */
static void
close_window(SimWheel *wheel)
{
    tables(wheel);
    wheel->current = tick_of(wheel->now);
    wheel->horizon = wheel->now - 1;
    for (const SimWheelItem *item = wheel->head[RUN]; item->key != NO_KEY; item++)
        append(wheel, *item);
    for (const SimWheelItem *item = wheel->head[LATE]; item->key != NO_KEY; item++)
        append(wheel, *item);
    wheel->head[RUN] = &wheel->filler;
    clear_late(wheel);
}

SimWheel *
sim_wheel_new(SimArena *arena)
{
    SimWheel *wheel = SIM_ARENA_NEW(arena, SimWheel, 1);
    wheel->arena = arena;
    wheel->filler = no_item;
    wheel->head[RUN] = &wheel->filler;
    wheel->horizon = SIM_TIME_MAX;
    wheel->now = -SIM_TIME_MAX;
    clear_late(wheel);
    return wheel;
}

void
sim_wheel_reserve(SimWheel *wheel, uint32_t n)
{
    if (n <= LATE_MAX)
        return;
    tables(wheel);
    take_block(wheel, n / CHUNK_ITEMS + MIN(n, SLOTS) + 1);
}

static void
make_room(SimWheel *wheel)
{
    if (wheel->late_end - wheel->head[LATE] > LATE_MAX)
        close_window(wheel);
    else
        move_late_down(wheel);
}

uint64_t
sim_wheel_push(SimWheel *wheel, SimTime at, uint32_t payload)
{
    SIM_ASSERT(at >= wheel->now && payload <= SIM_WHEEL_PAYLOAD_MAX);
    uint64_t sequence = ++wheel->n_pushed;
    SIM_ASSERT(sequence < SEQUENCE_MAX);
    SimWheelItem item = {at, sequence << SIM_WHEEL_PAYLOAD_BITS | payload};
    if (G_UNLIKELY(wheel->late_end == wheel->late + 1 + LATE_ROOM))
        make_room(wheel);
    if (at <= wheel->horizon)
        insert_late(wheel, item);
    else
        append(wheel, item);
    return sequence;
}

/* When nothing is left in the window, or only something for SIM_TIME_MAX. */
static const SimWheelItem **
next_window(SimWheel *wheel, SimTime until)
{
    if (wheel->head[LATE]->key != NO_KEY)
        return &wheel->head[LATE];
    unsigned level;
    if (wheel->levels != 0 && first_slot(wheel, &level)->first <= until)
        open_window(wheel);
    return &wheel->head[RUN];
}

/* Where times are equal the run was there first. */
bool
sim_wheel_pop(SimWheel *wheel, SimTime until, SimWheelItem *ret)
{
    const SimWheelItem **head = &wheel->head[wheel->head[LATE]->at < wheel->head[RUN]->at];
    if (G_UNLIKELY((*head)->key == NO_KEY)) {
        head = next_window(wheel, until);
        if ((*head)->key == NO_KEY)
            return false;
    }
    SimWheelItem item = **head;
    if (item.at > until)
        return false;
    *ret = item;
    ++*head;
    wheel->now = item.at;
    wheel->n_left++;
    return true;
}

/* The least of a slot; of equal times the first one met. */
static SimWheelItem
least_of_slot(const Slot *slot)
{
    const Chunk *chunk = last_chunk(slot)->next;
    for (;; chunk = chunk->next)
        for (uint32_t i = 0; i < CHUNK_ITEMS; i++)
            if (chunk->items[i].at == slot->first)
                return chunk->items[i];
}

bool
sim_wheel_first(const SimWheel *wheel, SimWheelItem *ret)
{
    SimWheelItem run = *wheel->head[RUN], late = *wheel->head[LATE];
    bool is_late = run.key == NO_KEY || late.at < run.at;
    if (run.key != NO_KEY || late.key != NO_KEY) {
        *ret = is_late ? late : run;
        return true;
    }
    if (wheel->levels == 0)
        return false;
    unsigned level;
    *ret = least_of_slot(first_slot(wheel, &level));
    return true;
}

SimTime
sim_wheel_next(const SimWheel *wheel)
{
    const SimWheelItem *run = wheel->head[RUN], *late = wheel->head[LATE];
    if (run->key != NO_KEY || late->key != NO_KEY || wheel->levels == 0)
        return MIN(run->at, late->at);
    unsigned level;
    return first_slot(wheel, &level)->first;
}

uint32_t
sim_wheel_ahead(const SimWheel *wheel, uint32_t n)
{
    const SimWheelItem *next = wheel->head[RUN];
    if (next->key == NO_KEY || n >= wheel->tables->run + RUN_MAX - next)
        return SIM_NONE;
    return next[n].key == NO_KEY ? SIM_NONE : (uint32_t)next[n].key & SIM_WHEEL_PAYLOAD_MAX;
}

uint64_t
sim_wheel_size(const SimWheel *wheel)
{
    return wheel->n_pushed - wheel->n_left;
}

/* --- sweeping --- */

typedef struct Sweep {
    bool (*is_stale)(const void *context, SimWheelItem item);
    const void *context;
    uint64_t n_stale;
} Sweep;

static bool
is_kept(Sweep *sweep, SimWheelItem item)
{
    bool is_stale = sweep->is_stale(sweep->context, item);
    sweep->n_stale += is_stale;
    return !is_stale;
}

/* Closes the gaps in a list that ends with a filler; returns its new end. */
static SimWheelItem *
sweep_list(SimWheelItem *to, Sweep *sweep)
{
    for (const SimWheelItem *from = to; from->key != NO_KEY; from++)
        if (is_kept(sweep, *from))
            *to++ = *from;
    *to = no_item;
    return to;
}

static void
sweep_slot(SimWheel *wheel, Slot *slot, unsigned level, Sweep *sweep)
{
    Chunk *last = last_chunk(slot), *from = last->next, *to = from;
    uint64_t n = slot_size(slot), kept = 0;
    slot->first = SIM_TIME_MAX;
    for (uint64_t i = 0; i < n; i++) {
        from = i > 0 && i % CHUNK_ITEMS == 0 ? from->next : from;
        SimWheelItem item = from->items[i % CHUNK_ITEMS];
        if (!is_kept(sweep, item))
            continue;
        to = kept > 0 && kept % CHUNK_ITEMS == 0 ? to->next : to;
        to->items[kept++ % CHUNK_ITEMS] = item;
        slot->first = MIN(slot->first, item.at);
    }
    to->n_before = kept == 0 ? 0 : (kept - 1) / CHUNK_ITEMS * CHUNK_ITEMS;
    slot->end = to->items + (kept - to->n_before);
    if (kept == 0) {
        free_chunks(wheel, last);
        empty_slot(wheel, slot, level);
    } else if (to != last) {
        Chunk *first = last->next;
        last->next = to->next; /* a ring of the chunks that are spent */
        free_chunks(wheel, last);
        to->next = first;
    }
}

void
sim_wheel_sweep(SimWheel *wheel, bool (*is_stale)(const void *context, SimWheelItem item),
                const void *context)
{
    Sweep sweep = {is_stale, context, 0};
    if (wheel->head[RUN] != &wheel->filler)
        sweep_list(wheel->tables->run + (wheel->head[RUN] - wheel->tables->run), &sweep);
    wheel->late_end = sweep_list(wheel->late + (wheel->head[LATE] - wheel->late), &sweep);
    for (unsigned level = 0; wheel->levels >> level != 0; level++)
        for (unsigned i = 0; i < SLOTS; i++)
            if (wheel->tables->slots[level][i].end)
                sweep_slot(wheel, &wheel->tables->slots[level][i], level, &sweep);
    if (wheel->levels == 0)
        wheel->horizon = SIM_TIME_MAX;
    wheel->n_left += sweep.n_stale;
}

/* --- verification --- */

static uint64_t
verify_list(const SimWheel *wheel, const SimWheelItem *item)
{
    uint64_t n = 0;
    for (; item->key != NO_KEY; item++, n++) {
        SIM_ASSERT(item->at >= wheel->now);
        SIM_ASSERT(item[0].at < item[1].at ||
                   (item[0].at == item[1].at && item[0].key < item[1].key));
        SIM_ASSERT(item->at <= wheel->horizon || item->at == wheel->horizon + 1);
    }
    return n;
}

static uint64_t
verify_slot(const SimWheel *wheel, const Slot *slot, unsigned level, unsigned index)
{
    const Chunk *last = last_chunk(slot), *chunk = last->next;
    uint64_t n = slot_size(slot);
    SimTime first = SIM_TIME_MAX;
    SimWheelItem before = {-SIM_TIME_MAX, 0};
    for (uint64_t i = 0; i < n; i++) {
        chunk = i > 0 && i % CHUNK_ITEMS == 0 ? chunk->next : chunk;
        SimWheelItem item = chunk->items[i % CHUNK_ITEMS];
        uint64_t tick = tick_of(item.at), differing = tick ^ wheel->current;
        SIM_ASSERT(item.at > wheel->horizon && tick >= wheel->current);
        SIM_ASSERT(level == 7 || differing >> (8 * level + 8) == 0);
        SIM_ASSERT((tick >> 8 * level & 255) == index);
        SIM_ASSERT(item.at != before.at || item.key > before.key);
        first = MIN(first, item.at);
        before = item;
    }
    SIM_ASSERT(n > 0 && chunk == last && first == slot->first);
    return n;
}

void
sim_wheel_verify(const SimWheel *wheel)
{
    uint64_t n = verify_list(wheel, wheel->head[RUN]) + verify_list(wheel, wheel->head[LATE]);
    SIM_ASSERT(wheel->late_end->key == NO_KEY && wheel->late_end >= wheel->head[LATE]);
    for (unsigned level = 0; wheel->tables && level < LEVELS; level++) {
        bool is_occupied = false;
        for (unsigned i = 0; i < SLOTS; i++) {
            const Slot *slot = &wheel->tables->slots[level][i];
            SIM_ASSERT((slot->end != NULL) ==
                       (wheel->tables->occupied[level][i / 64] >> i % 64 & 1));
            if (!slot->end)
                continue;
            is_occupied = true;
            n += verify_slot(wheel, slot, level, i);
        }
        SIM_ASSERT(is_occupied == (wheel->levels >> level & 1));
    }
    SIM_ASSERT(n == sim_wheel_size(wheel));
    SIM_ASSERT(wheel->levels != 0 || wheel->horizon == SIM_TIME_MAX);
}
