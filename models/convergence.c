#include "models/convergence.h"

#include <math.h>

enum { NUMBER_HOP, NUMBER_TIMER, NUMBER_AGAIN, NUMBER_HOLD, NUMBER_INSIDE, NUMBER_HUNT, NUMBERS };
/* A way is no longer than its network's rank says; the last is a PoP. */
enum { WAY_MAX = ANYCAST_LENGTH_MAX + 2 };
#define NOT_KNOWN (-1)

struct Convergence {
    const Internet *internet;
    ConvergenceOptions options;
    uint64_t key;
    uint64_t n_changes;
    /* Before the change. */
    uint32_t *parent; /* [place] */
    uint32_t *pop;    /* [place] */
    uint8_t *rank;    /* [network] */
    /* While one is looked at. */
    bool *is_changed;         /* [place] */
    SimTime *heard, *follows; /* [place], of those changed */
};

/* What all functions of one look share. */
typedef struct Look {
    const Convergence *convergence;
    const Anycast *anycast;
    const AnycastChange *changes;
    uint32_t n;
    RouteCause cause;
    SimTime hold;
    double hunt_scale;
} Look;

/* ---- draws ---- */

static SimRng
draw_of(const Convergence *convergence, uint64_t change, uint32_t network, unsigned purpose)
{
    uint64_t name = (uint64_t)convergence->internet->asn[network] * NUMBERS + purpose;
    return (SimRng){.key = sim_mix64(convergence->key ^ sim_mix64(name + (change << 36)))};
}

static SimTime
hop(const Look *look, uint32_t network)
{
    const Convergence *c = look->convergence;
    SimRng rng = draw_of(c, c->n_changes, network, NUMBER_HOP);
    return sim_rng_lognormal(&rng, c->options.hop_median, c->options.hop_sigma);
}

static SimTime
inside(const Look *look, uint32_t network)
{
    const Convergence *c = look->convergence;
    SimRng rng = draw_of(c, c->n_changes, network, NUMBER_INSIDE);
    return sim_rng_uniform(&rng, c->options.inside_least, c->options.inside_most);
}

/* What is left of the sender's timer, which other news started: any part of it. */
static SimTime
timer(const Look *look, uint32_t sender, uint32_t receiver)
{
    const Convergence *c = look->convergence;
    SimRng keeps = draw_of(c, 0, sender, NUMBER_TIMER);
    if (!sim_rng_chance(&keeps, c->options.mrai_share))
        return 0;
    SimRng rng = draw_of(c, c->n_changes, receiver, NUMBER_TIMER);
    double jitter = 0.75 + 0.25 * sim_rng_unit(&rng);
    double left = sim_rng_unit(&rng);
    return sim_from_nanoseconds((double)c->options.mrai * jitter * left);
}

/* The same for an announcement, which seldom is the second within one timer. */
static SimTime
timer_of_announcement(const Look *look, uint32_t sender, uint32_t receiver)
{
    const Convergence *c = look->convergence;
    SimRng rng = draw_of(c, c->n_changes, receiver, NUMBER_AGAIN);
    bool again = sim_rng_chance(&rng, c->options.again_share);
    return again ? timer(look, sender, receiver) : 0;
}

static SimTime
hunt(const Look *look, uint32_t network)
{
    const Convergence *c = look->convergence;
    SimRng rng = draw_of(c, c->n_changes, network, NUMBER_HUNT);
    SimTime median = sim_from_nanoseconds((double)c->options.hunt_median * look->hunt_scale);
    return sim_rng_lognormal(&rng, median, c->options.hunt_sigma);
}

/* When a network hears of a session that ceases. */
static SimTime
noticed(const Look *look, uint32_t network)
{
    const Convergence *c = look->convergence;
    if (look->cause == ROUTE_CUT)
        return c->options.detect;
    if (look->cause != ROUTE_SILENT)
        return hop(look, network);
    SimRng rng = draw_of(c, c->n_changes, network, NUMBER_HOLD);
    SimTime drawn = sim_rng_uniform(&rng, c->options.hold_least, c->options.hold_most);
    return look->hold > 0 ? look->hold : drawn;
}

/* ---- the ways before ---- */

/* When the place's network hears that its way is gone: hop by hop down from where it was cut. */
static SimTime
heard(const Look *look, uint32_t place)
{
    const Convergence *c = look->convergence;
    uint32_t way[WAY_MAX], n = 0, from = place;
    while (from != SIM_NONE && c->is_changed[from] && c->heard[from] == NOT_KNOWN) {
        SIM_ASSERT(n < WAY_MAX);
        way[n++] = from;
        from = c->parent[from];
    }
    SimTime at = from != SIM_NONE && c->is_changed[from] ? c->heard[from] : 0;
    for (; n > 0; n--) {
        uint32_t here = way[n - 1], network = c->internet->network[here];
        bool is_at_pop = c->parent[here] == SIM_NONE && c->pop[here] != SIM_NONE;
        at = is_at_pop ? noticed(look, network) : sim_time_add(at, hop(look, network));
        c->heard[here] = at;
    }
    return c->is_changed[place] ? c->heard[place] : 0;
}

static bool
went_through(const Convergence *c, uint32_t place, uint32_t network)
{
    for (; place != SIM_NONE; place = c->parent[place])
        if (c->internet->network[place] == network)
            return true;
    return false;
}

/* Whether the network had been told a route by the one that it hands over to now, and kept it. */
static bool
was_told(const Look *look, uint32_t network, uint32_t from)
{
    const Convergence *c = look->convergence;
    uint8_t before = c->rank[c->internet->network[from]];
    bool tells_all = before < ANYCAST_CLASS_STEP;
    bool is_provider = anycast_rank(look->anycast, network) >= 2 * ANYCAST_CLASS_STEP;
    return before != ANYCAST_UNREACHABLE && (tells_all || is_provider) &&
           !went_through(c, from, network);
}

/* ---- when a place follows ---- */

static uint32_t
n_neighbours(const Internet *internet, uint32_t network)
{
    return internet->customers.start[network + 1] - internet->customers.start[network] +
           internet->peers.start[network + 1] - internet->peers.start[network] +
           internet->providers.start[network + 1] - internet->providers.start[network];
}

/* Changes come in order of place, so the places of a network stand together. */
static double
hunt_scale(const Look *look)
{
    const Convergence *c = look->convergence;
    uint32_t n = 0, latest = SIM_NONE;
    for (uint32_t i = 0; i < look->n; i++) {
        uint32_t network = c->internet->network[look->changes[i].place];
        n += look->changes[i].to == SIM_NONE && network != latest;
        latest = look->changes[i].to == SIM_NONE ? network : latest;
    }
    return n < c->options.hunt_networks ? sqrt((double)n / c->options.hunt_networks) : 1;
}

static SimTime follows(const Look *look, uint32_t place);

/* It has no way left.  With more than one neighbour it hunts; with one it hears from that when it
 * has given up. */
static SimTime
gives_up(const Look *look, uint32_t place)
{
    const Convergence *c = look->convergence;
    uint32_t network = c->internet->network[place], parent = c->parent[place];
    if (n_neighbours(c->internet, network) > 1)
        return sim_time_add(heard(look, place), hunt(look, network));
    if (parent == SIM_NONE || !c->is_changed[parent])
        return heard(look, place);
    return sim_time_add(follows(look, parent), hop(look, network));
}

/* It has a session of its own with the edge. */
static SimTime
follows_directly(const Look *look, uint32_t place)
{
    const Convergence *c = look->convergence;
    uint32_t network = c->internet->network[place];
    bool was_direct = c->pop[place] != SIM_NONE && c->parent[place] == SIM_NONE;
    SimTime at = look->cause == ROUTE_ANNOUNCE ? hop(look, network) : heard(look, place);
    return was_direct ? sim_time_add(at, inside(look, network)) : at;
}

/* It hands over to a neighbour, who follows at that time. */
static SimTime
follows_neighbour(const Look *look, uint32_t place, uint32_t parent, SimTime theirs)
{
    const Convergence *c = look->convergence;
    uint32_t network = c->internet->network[place], sender = c->internet->network[parent];
    if (c->pop[place] != SIM_NONE && c->parent[place] == parent)
        return theirs;
    if (look->cause == ROUTE_ANNOUNCE) {
        SimTime told = sim_time_add(theirs, timer_of_announcement(look, sender, network));
        return sim_time_add(told, hop(look, network));
    }
    SimTime at = heard(look, place);
    if (was_told(look, network, parent))
        return MAX(at, theirs);
    SimTime told = sim_time_add(theirs, timer(look, sender, network));
    return MAX(at, sim_time_add(told, hop(look, network)));
}

static SimTime
follows(const Look *look, uint32_t place)
{
    const Convergence *c = look->convergence;
    uint32_t way[WAY_MAX], n = 0, parent = place;
    SimTime at = 0;
    while (parent != SIM_NONE && c->is_changed[parent] && c->follows[parent] == NOT_KNOWN) {
        SIM_ASSERT(n < WAY_MAX);
        way[n++] = parent;
        parent = anycast_parent(look->anycast, parent);
    }
    if (parent != SIM_NONE)
        at = c->is_changed[parent] ? c->follows[parent] : 0;
    for (; n > 0; n--) {
        uint32_t here = way[n - 1];
        if (anycast_pop_of(look->anycast, here) == SIM_NONE)
            at = gives_up(look, here);
        else if (parent == SIM_NONE)
            at = follows_directly(look, here);
        else
            at = follows_neighbour(look, here, parent, at);
        c->follows[here] = at;
        parent = here;
    }
    return at;
}

/* ---- interface ---- */

static void
remember(Convergence *convergence, const Anycast *anycast, uint32_t place)
{
    uint32_t network = convergence->internet->network[place];
    convergence->parent[place] = anycast_parent(anycast, place);
    convergence->pop[place] = anycast_pop_of(anycast, place);
    convergence->rank[network] = anycast_rank(anycast, network);
}

Convergence *
convergence_new(const Anycast *anycast, const ConvergenceOptions *options, SimRng key,
                SimArena *arena)
{
    const Internet *internet = anycast_internet(anycast_map(anycast));
    Convergence *convergence = SIM_ARENA_NEW(arena, Convergence, 1);
    uint32_t n = internet->n_places;
    *convergence = (Convergence){.internet = internet,
                                 .options = *options,
                                 .key = key.key,
                                 .parent = SIM_ARENA_NEW(arena, uint32_t, n),
                                 .pop = SIM_ARENA_NEW(arena, uint32_t, n),
                                 .rank = SIM_ARENA_NEW(arena, uint8_t, internet->n),
                                 .is_changed = SIM_ARENA_NEW(arena, bool, n),
                                 .heard = SIM_ARENA_NEW(arena, SimTime, n),
                                 .follows = SIM_ARENA_NEW(arena, SimTime, n)};
    for (uint32_t place = 0; place < n; place++)
        remember(convergence, anycast, place);
    return convergence;
}

void
convergence_follow(Convergence *convergence, const Anycast *anycast, RouteCause cause, SimTime hold,
                   SimTime *ret_delay)
{
    convergence->n_changes++;
    Look look = {.convergence = convergence, .anycast = anycast, .cause = cause, .hold = hold};
    look.changes = anycast_changes(anycast, &look.n);
    for (uint32_t i = 0; i < look.n; i++) {
        uint32_t place = look.changes[i].place;
        convergence->is_changed[place] = true;
        convergence->heard[place] = convergence->follows[place] = NOT_KNOWN;
    }
    look.hunt_scale = hunt_scale(&look);
    for (uint32_t i = 0; i < look.n; i++)
        ret_delay[i] = follows(&look, look.changes[i].place);
    for (uint32_t i = 0; i < look.n; i++) {
        convergence->is_changed[look.changes[i].place] = false;
        remember(convergence, anycast, look.changes[i].place);
    }
}
