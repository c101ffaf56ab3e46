#include "models/bgp.h"

#include "models/bgp_paths.h"
#include "sim/queue.h"

enum { EVENT_MESSAGE, EVENT_TIMER };
/* What a neighbour's routes are worth to the network that the slot belongs to. */
enum { CLASS_CUSTOMER, CLASS_PEER, CLASS_PROVIDER };
#define NO_SLOT SIM_NONE

/* One way of a link, seen from the network that receives on it. */
typedef struct Slot {
    uint32_t neighbour; /* SIM_NONE: the edge, or the network itself as an origin */
    uint32_t back;      /* the neighbour's slot for the other way */
    uint32_t in;        /* path held */
    uint32_t out;       /* path that this network told the neighbour last */
    uint32_t n_sent;    /* messages to this slot so far */
    uint8_t class;
    bool is_waiting; /* a timer runs to tell the neighbour */
    SimTime ready;   /* when the neighbour may be told of a route again */
    SimTime arrival; /* of the latest message to this slot: none overtakes it */
    uint64_t since;  /* number of the message that brought `in` */
} Slot;

typedef struct Speaker {
    uint32_t best; /* slot, or NO_SLOT */
    uint32_t told; /* path of itself and what follows */
    uint32_t n_changes;
    uint64_t worth; /* of the best */
    uint8_t class;  /* of the best */
    uint8_t filters;
    bool keeps_timer, leaks;
    uint32_t next; /* the neighbour, as bgp_next */
    SimTime first, last, moved;
} Speaker;

struct Bgp {
    const Internet *internet;
    const Interconnect *interconnect;
    BgpOptions options;
    uint64_t key;
    uint32_t *start; /* [n + 1] slots of a network: customers, peers, providers, sessions, itself */
    Slot *slots;
    Speaker *speakers;
    BgpPaths paths;
    SimQueue *queue;
    SimTime now, origin;
    uint64_t n_messages;
};

static uint32_t
row_length(const InternetRows *rows, uint32_t i)
{
    return rows->start[i + 1] - rows->start[i];
}

static uint32_t
session_slot(const Bgp *bgp, uint32_t session)
{
    uint32_t network = bgp->interconnect->network[session];
    uint32_t after = bgp->interconnect->start[network + 1];
    return bgp->start[network + 1] - 1 - (after - session);
}

/* ---- the links ---- */

static uint32_t
add_slots(Bgp *bgp, uint32_t next, const InternetRows *rows, uint32_t network, uint8_t class)
{
    for (uint32_t i = rows->start[network]; i < rows->start[network + 1]; i++)
        bgp->slots[next++] = (Slot){.neighbour = rows->list[i], .class = class};
    return next;
}

static void
make_slots(Bgp *bgp, SimArena *arena)
{
    const Internet *net = bgp->internet;
    const Interconnect *edge = bgp->interconnect;
    size_t n =
        2 * ((size_t)net->n_customer_relations + net->n_peer_relations) + net->n + edge->n_sessions;
    bgp->slots = SIM_ARENA_NEW(arena, Slot, n);
    bgp->start = SIM_ARENA_NEW(arena, uint32_t, (size_t)net->n + 1);
    uint32_t next = 0;
    for (uint32_t v = 0; v < net->n; v++) {
        bgp->start[v] = next;
        next = add_slots(bgp, next, &net->customers, v, CLASS_CUSTOMER);
        next = add_slots(bgp, next, &net->peers, v, CLASS_PEER);
        next = add_slots(bgp, next, &net->providers, v, CLASS_PROVIDER);
        for (uint32_t s = edge->start[v]; s < edge->start[v + 1]; s++)
            bgp->slots[next++] = (Slot){.neighbour = SIM_NONE, .class = edge->class[s]};
        bgp->slots[next++] = (Slot){.neighbour = SIM_NONE, .class = CLASS_CUSTOMER};
    }
    bgp->start[net->n] = next;
    SIM_ASSERT(next == n);
}

/* Of the row of a network, the slot of that neighbour. */
static uint32_t
find_slot(const InternetRows *rows, uint32_t network, uint32_t neighbour, uint32_t first)
{
    uint32_t lo = rows->start[network], hi = rows->start[network + 1];
    while (lo + 1 < hi) {
        uint32_t middle = lo + (hi - lo) / 2;
        if (rows->list[middle] <= neighbour)
            lo = middle;
        else
            hi = middle;
    }
    SIM_ASSERT(lo < rows->start[network + 1] && rows->list[lo] == neighbour);
    return first + (lo - rows->start[network]);
}

static uint32_t
back_slot(const Bgp *bgp, uint32_t network, const Slot *slot)
{
    const Internet *net = bgp->internet;
    uint32_t w = slot->neighbour;
    uint32_t peers = bgp->start[w] + row_length(&net->customers, w);
    if (slot->class == CLASS_PROVIDER)
        return find_slot(&net->customers, w, network, bgp->start[w]);
    if (slot->class == CLASS_PEER)
        return find_slot(&net->peers, w, network, peers);
    return find_slot(&net->providers, w, network, peers + row_length(&net->peers, w));
}

static void
join_slots(Bgp *bgp)
{
    for (uint32_t v = 0; v < bgp->internet->n; v++)
        for (uint32_t s = bgp->start[v]; s < bgp->start[v + 1]; s++) {
            Slot *slot = &bgp->slots[s];
            slot->back = slot->neighbour == SIM_NONE ? NO_SLOT : back_slot(bgp, v, slot);
        }
}

/* ---- draws ---- */

/* Numbers of one direction of a link: of its k-th message, 2k + 1 is the delay and 2k + 2 the
 * sender's timer. */
static SimRng
link_rng(const Bgp *bgp, uint32_t sender, uint32_t receiver)
{
    uint64_t name = (uint64_t)sender << 32 | receiver;
    return (SimRng){.key = sim_mix64(bgp->key ^ sim_mix64(name + 1))};
}

static bool
draw_keeps_timer(const Bgp *bgp, uint32_t network)
{
    SimRng rng = link_rng(bgp, UINT32_MAX, bgp->internet->asn[network]);
    return sim_rng_chance(&rng, bgp->options.mrai_share);
}

/* ---- messages ---- */

/* Whose messages come to the slot: an ASN, or for the edge a number that no ASN has (4294967295 and
 * the numbers below are reserved). */
static uint32_t
sender_of(const Bgp *bgp, uint32_t receiver, uint32_t slot)
{
    if (bgp->slots[slot].neighbour != SIM_NONE)
        return bgp->internet->asn[bgp->slots[slot].neighbour];
    uint32_t before_end = bgp->start[receiver + 1] - 1 - slot;
    uint32_t session = bgp->interconnect->start[receiver + 1] - before_end;
    return UINT32_MAX - 1 - bgp->interconnect->pop[session];
}

/* The message holds its path. */
static void
deliver_at(Bgp *bgp, SimTime at, uint32_t receiver, uint32_t slot, uint32_t path)
{
    bgp->slots[slot].arrival = MAX(bgp->slots[slot].arrival, at);
    SimEvent event = {.kind = EVENT_MESSAGE, .actor = receiver};
    event.arg = (uint64_t)slot << 32 | path;
    sim_queue_push(bgp->queue, bgp->slots[slot].arrival, event);
}

static void
send_path(Bgp *bgp, uint32_t receiver, uint32_t slot, uint32_t path)
{
    uint32_t number = bgp->slots[slot].n_sent++;
    SimRng rng = link_rng(bgp, sender_of(bgp, receiver, slot), bgp->internet->asn[receiver]);
    rng.counter = 2 * (uint64_t)number;
    SimTime hop = sim_rng_lognormal(&rng, bgp->options.hop_median, bgp->options.hop_sigma);
    deliver_at(bgp, sim_time_add(bgp->now, hop), receiver, slot, path);
}

/* What the owner of the slot would have the neighbour there know. */
static uint32_t
wanted(const Bgp *bgp, const Speaker *speaker, const Slot *slot)
{
    if (speaker->best == NO_SLOT || &bgp->slots[speaker->best] == slot)
        return 0;
    bool may = bgp->slots[speaker->best].class == CLASS_CUSTOMER || slot->class == CLASS_CUSTOMER ||
               speaker->leaks;
    return may ? speaker->told : 0;
}

/* Whether the timer of that network for that neighbour lets an announcement through now, which
 * starts it anew; else it calls again when it has run. */
static bool
timer_lets_through(Bgp *bgp, uint32_t network, uint32_t slot_id)
{
    Slot *slot = &bgp->slots[slot_id];
    if (bgp->now < slot->ready) {
        if (!slot->is_waiting)
            sim_queue_push(bgp->queue, slot->ready,
                           (SimEvent){.kind = EVENT_TIMER, .actor = network, .arg = slot_id});
        slot->is_waiting = true;
        return false;
    }
    const uint32_t *asn = bgp->internet->asn;
    SimRng rng = link_rng(bgp, asn[network], asn[slot->neighbour]);
    rng.counter = 2 * (uint64_t)bgp->slots[slot->back].n_sent + 1;
    double share = 0.75 + 0.25 * sim_rng_unit(&rng);
    slot->ready = bgp->now + sim_from_nanoseconds((double)bgp->options.mrai * share);
    return true;
}

/* Tells the neighbour of the slot what it should know and does not. */
static void
tell(Bgp *bgp, uint32_t network, uint32_t slot_id)
{
    Slot *slot = &bgp->slots[slot_id];
    const Speaker *speaker = &bgp->speakers[network];
    if (slot->neighbour == SIM_NONE)
        return;
    uint32_t path = wanted(bgp, speaker, slot);
    if (bgp_paths_are_equal(&bgp->paths, path, slot->out))
        return;
    if (path != 0 && speaker->keeps_timer && !timer_lets_through(bgp, network, slot_id))
        return;
    bgp_paths_drop(&bgp->paths, slot->out);
    slot->out = bgp_paths_hold(&bgp->paths, path);
    send_path(bgp, slot->neighbour, slot->back, bgp_paths_hold(&bgp->paths, path));
}

/* ---- choice ---- */

/* Less is better; a slot without a path is worth nothing. */
static uint64_t
worth(const Bgp *bgp, uint32_t slot_id)
{
    const Slot *slot = &bgp->slots[slot_id];
    if (slot->in == 0)
        return UINT64_MAX;
    uint64_t among_equals = bgp->options.prefer_oldest ? slot->since : slot->neighbour + 1;
    return (uint64_t)slot->class << 60 | (uint64_t)bgp->paths.nodes[slot->in].length << 48 |
           among_equals;
}

static uint32_t
best_slot(const Bgp *bgp, uint32_t network, uint64_t *ret_worth)
{
    uint32_t best = NO_SLOT;
    *ret_worth = UINT64_MAX;
    for (uint32_t s = bgp->start[network]; s < bgp->start[network + 1]; s++) {
        uint64_t value = worth(bgp, s);
        if (value < *ret_worth) {
            *ret_worth = value;
            best = s;
        }
    }
    return best;
}

/* The network's best is that slot now, if it was not so before: others hear of a path or class that
 * changed. */
static void
take_best(Bgp *bgp, uint32_t network, uint32_t best, uint64_t value)
{
    Speaker *speaker = &bgp->speakers[network];
    uint32_t path = best == NO_SLOT ? 0 : bgp->slots[best].in;
    bool aside = best != NO_SLOT && bgp->slots[best].class != CLASS_CUSTOMER;
    uint32_t held = bgp->paths.nodes[speaker->told].rest;
    bool had = speaker->told != 0;
    bool same = had == (path != 0) && (!had || bgp_paths_are_equal(&bgp->paths, path, held)) &&
                speaker->class == (best == NO_SLOT ? 0 : bgp->slots[best].class);
    speaker->best = best;
    speaker->worth = value;
    if (same)
        return;
    if (had != (path != 0) || bgp_next(bgp, network) != speaker->next)
        speaker->moved = bgp->now;
    speaker->next = bgp_next(bgp, network);
    bgp_paths_drop(&bgp->paths, speaker->told);
    speaker->told = path == 0 ? 0 : bgp_paths_new(&bgp->paths, network, path, aside);
    speaker->class = best == NO_SLOT ? 0 : bgp->slots[best].class;
    speaker->last = bgp->now;
    speaker->n_changes++;
    if (!had && speaker->first == SIM_TIME_MAX)
        speaker->first = bgp->now;
    for (uint32_t s = bgp->start[network]; s < bgp->start[network + 1]; s++)
        tell(bgp, network, s);
}

static bool
passes_tier1_elsewhere(const Bgp *bgp, uint32_t path)
{
    for (uint32_t p = bgp->paths.nodes[path].rest; p != 0; p = bgp->paths.nodes[p].rest) {
        uint32_t network = bgp->paths.nodes[p].network;
        if (network != SIM_NONE && bgp->internet->kind[network] == NETWORK_TIER1)
            return true;
    }
    return false;
}

static bool
is_refused(const Bgp *bgp, uint32_t network, const Slot *slot, uint32_t path)
{
    unsigned filters = slot->class == CLASS_PROVIDER ? 0 : bgp->speakers[network].filters;
    bool has_neighbour = slot->neighbour != SIM_NONE;
    if (bgp_paths_has(&bgp->paths, path, network))
        return true;
    if ((filters & ANYCAST_FILTER_OTC) && bgp->paths.nodes[path].went_aside)
        return true;
    if ((filters & ANYCAST_FILTER_PEER_LOCK) && passes_tier1_elsewhere(bgp, path))
        return true;
    return (filters & ANYCAST_FILTER_MAX_PREFIX) && has_neighbour &&
           bgp->speakers[slot->neighbour].leaks;
}

static void
hear(Bgp *bgp, uint32_t network, uint32_t slot_id, uint32_t path)
{
    Slot *slot = &bgp->slots[slot_id];
    Speaker *speaker = &bgp->speakers[network];
    bgp->n_messages++;
    if (path != 0 && is_refused(bgp, network, slot, path)) {
        bgp_paths_drop(&bgp->paths, path);
        path = 0;
    }
    bgp_paths_drop(&bgp->paths, slot->in);
    slot->in = path;
    slot->since = bgp->n_messages;
    uint64_t value = worth(bgp, slot_id);
    bool is_best = speaker->best == slot_id;
    if (value < speaker->worth || (is_best && value == speaker->worth)) {
        take_best(bgp, network, slot_id, value);
    } else if (is_best) {
        uint32_t best = best_slot(bgp, network, &value);
        take_best(bgp, network, best, value);
    }
}

/* ---- interface ---- */

Bgp *
bgp_new(const Internet *internet, const Interconnect *interconnect, const BgpOptions *options,
        SimRng key, SimArena *arena)
{
    SIM_ASSERT(interconnect->n_networks == internet->n);
    Bgp *bgp = SIM_ARENA_NEW(arena, Bgp, 1);
    *bgp = (Bgp){.internet = internet,
                 .interconnect = interconnect,
                 .options = *options,
                 .key = key.key,
                 .queue = sim_queue_new(arena, 0)};
    bgp_paths_init(&bgp->paths, arena);
    bgp->speakers = SIM_ARENA_NEW(arena, Speaker, internet->n);
    make_slots(bgp, arena);
    join_slots(bgp);
    for (uint32_t v = 0; v < internet->n; v++) {
        bgp->speakers[v] = (Speaker){.best = NO_SLOT, .worth = UINT64_MAX, .next = SIM_NONE};
        bgp->speakers[v].keeps_timer = draw_keeps_timer(bgp, v);
    }
    bgp_count_anew(bgp);
    return bgp;
}

void
bgp_session_set(Bgp *bgp, uint32_t session, bool is_announced, uint8_t prepend)
{
    uint32_t path = is_announced ? bgp_paths_root(&bgp->paths, 1U + prepend) : 0;
    send_path(bgp, bgp->interconnect->network[session], session_slot(bgp, session), path);
}

void
bgp_session_break(Bgp *bgp, uint32_t session, SimTime detected)
{
    deliver_at(bgp, sim_time_add(bgp->now, detected), bgp->interconnect->network[session],
               session_slot(bgp, session), 0);
}

void
bgp_origin_set(Bgp *bgp, uint32_t network, bool is_on)
{
    uint32_t path = is_on ? bgp_paths_root(&bgp->paths, 0) : 0;
    deliver_at(bgp, bgp->now, network, bgp->start[network + 1] - 1, path);
}

void
bgp_leak_set(Bgp *bgp, uint32_t network, bool is_on)
{
    bgp->speakers[network].leaks = is_on;
    for (uint32_t s = bgp->start[network]; s < bgp->start[network + 1]; s++) {
        const Slot *slot = &bgp->slots[s];
        tell(bgp, network, s);
        /* Who closes the session, or opens it again, does so whatever was told. */
        if (slot->neighbour != SIM_NONE &&
            (bgp->speakers[slot->neighbour].filters & ANYCAST_FILTER_MAX_PREFIX))
            send_path(bgp, slot->neighbour, slot->back, bgp_paths_hold(&bgp->paths, slot->out));
    }
}

void
bgp_filter_set(Bgp *bgp, uint32_t network, unsigned filters)
{
    bgp->speakers[network].filters = (uint8_t)filters;
}

uint64_t
bgp_run(Bgp *bgp)
{
    uint64_t before = bgp->n_messages;
    SimEvent event;
    SimTime at;
    while (sim_queue_peek(bgp->queue, &at) && sim_queue_pop(bgp->queue, at, &bgp->now, &event)) {
        if (event.kind == EVENT_MESSAGE) {
            hear(bgp, event.actor, (uint32_t)(event.arg >> 32), (uint32_t)event.arg);
            continue;
        }
        bgp->slots[event.arg].is_waiting = false;
        tell(bgp, event.actor, (uint32_t)event.arg);
    }
    return bgp->n_messages - before;
}

void
bgp_count_anew(Bgp *bgp)
{
    bgp->origin = bgp->now;
    for (uint32_t v = 0; v < bgp->internet->n; v++) {
        Speaker *speaker = &bgp->speakers[v];
        speaker->first = speaker->last = speaker->moved = SIM_TIME_MAX;
        speaker->n_changes = 0;
    }
}

uint8_t
bgp_rank(const Bgp *bgp, uint32_t network)
{
    const Speaker *speaker = &bgp->speakers[network];
    if (speaker->best == NO_SLOT)
        return ANYCAST_UNREACHABLE;
    unsigned length = bgp->paths.nodes[bgp->slots[speaker->best].in].length;
    return (uint8_t)(speaker->class * ANYCAST_CLASS_STEP + MIN(length, ANYCAST_LENGTH_MAX));
}

uint32_t
bgp_next(const Bgp *bgp, uint32_t network)
{
    uint32_t best = bgp->speakers[network].best;
    return best == NO_SLOT ? SIM_NONE : bgp->slots[best].neighbour;
}

static SimTime
since_counted_anew(const Bgp *bgp, SimTime at)
{
    return at == SIM_TIME_MAX ? at : at - bgp->origin;
}

SimTime
bgp_first_route(const Bgp *bgp, uint32_t network)
{
    return since_counted_anew(bgp, bgp->speakers[network].first);
}

SimTime
bgp_last_change(const Bgp *bgp, uint32_t network)
{
    return since_counted_anew(bgp, bgp->speakers[network].last);
}

SimTime
bgp_last_move(const Bgp *bgp, uint32_t network)
{
    return since_counted_anew(bgp, bgp->speakers[network].moved);
}

uint32_t
bgp_changes(const Bgp *bgp, uint32_t network)
{
    return bgp->speakers[network].n_changes;
}

uint32_t
bgp_paths_most(const Bgp *bgp)
{
    return bgp->paths.live_most;
}
