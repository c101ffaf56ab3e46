#include "sim/wheel_parts.h"

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
