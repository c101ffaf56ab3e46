#include "models/routing.h"

#include "models/plane.h"

typedef struct Metro {
    uint32_t home, current, target;
    uint32_t cause;  /* of the pending move */
    SimEventId move; /* pending when target != current */
    SimRng convergence;
} Metro;

typedef struct Group {
    Metro *metros;
    uint32_t *holds; /* [pop] configs that withdraw it */
    bool *is_down;   /* [pop] by an operator */
    bool *is_up;     /* [pop] neither */
} Group;

struct Routing {
    Sim *sim;
    const World *world;
    Group groups[ROUTING_GROUPS];
    uint32_t *nearest; /* [metro] scratch */
};

enum { MOVE };

static void on_move(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {[MOVE] = {"routing.move", on_move}};
static const SimModelOps ops = {.name = "routing",
                                .state_size = sizeof(Routing),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

static void
verify(const Sim *sim, const void *state)
{
    const Routing *routing = state;
    for (uint32_t g = 0; g < ROUTING_GROUPS; g++) {
        const Group *group = &routing->groups[g];
        for (uint32_t pop = 0; pop < routing->world->n_pops; pop++)
            SIM_ASSERT(group->is_up[pop] == (!group->is_down[pop] && group->holds[pop] == 0));
        for (uint32_t m = 0; m < routing->world->n_metros; m++) {
            const Metro *metro = &group->metros[m];
            SIM_ASSERT((metro->target != metro->current) == sim_is_pending(sim, metro->move));
            SIM_ASSERT(metro->target == SIM_NONE || group->is_up[metro->target]);
        }
    }
}

Routing *
routing_attach(Sim *sim, const World *world)
{
    SimArena *arena = sim_arena(sim);
    Routing *routing = sim_attach(sim, &ops);
    routing->sim = sim;
    routing->world = world;
    routing->nearest = SIM_ARENA_NEW(arena, uint32_t, world->n_metros);
    geo_nearest(world->geo, NULL, routing->nearest);
    for (uint32_t g = 0; g < ROUTING_GROUPS; g++) {
        Group *group = &routing->groups[g];
        group->metros = SIM_ARENA_NEW(arena, Metro, world->n_metros);
        group->holds = SIM_ARENA_NEW(arena, uint32_t, world->n_pops);
        group->is_down = SIM_ARENA_NEW(arena, bool, world->n_pops);
        group->is_up = SIM_ARENA_NEW(arena, bool, world->n_pops);
        for (uint32_t pop = 0; pop < world->n_pops; pop++)
            group->is_up[pop] = true;
        for (uint32_t m = 0; m < world->n_metros; m++)
            group->metros[m] =
                (Metro){.home = routing->nearest[m],
                        .current = routing->nearest[m],
                        .target = routing->nearest[m],
                        .cause = SIM_NONE,
                        .convergence = sim_stream(sim, "routing/%u/convergence/metro/%u", g, m)};
    }
    return routing;
}

static Group *
group_at(Routing *routing, uint32_t group, uint32_t pop)
{
    SIM_ASSERT(group < ROUTING_GROUPS);
    SIM_ASSERT(pop < routing->world->n_pops);
    return &routing->groups[group];
}

uint32_t
routing_pop_of(const Routing *routing, uint32_t group, uint32_t metro)
{
    SIM_ASSERT(group < ROUTING_GROUPS);
    SIM_ASSERT(metro < routing->world->n_metros);
    return routing->groups[group].metros[metro].current;
}

bool
routing_is_up(const Routing *routing, uint32_t group, uint32_t pop)
{
    return group_at((Routing *)routing, group, pop)->is_up[pop];
}

static void
on_move(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    Routing *routing = state;
    uint32_t group = (uint32_t)event.arg;
    Metro *metro = &routing->groups[group].metros[event.actor];
    const CatchmentMove move = {.metro = event.actor,
                                .from = metro->current,
                                .to = metro->target,
                                .parts = CATCHMENT_PARTS,
                                .guests_out = metro->current != metro->home ? CATCHMENT_PARTS : 0,
                                .guests_in = metro->target != metro->home ? CATCHMENT_PARTS : 0,
                                .cause = metro->cause};
    metro->current = metro->target;
    metro->move = 0;
    const World *world = routing->world;
    world->ops->catchment_moved(world->plane, group, &move);
}

/* The best path of a metro changed: it follows in a while, or stays if it is there already. */
static void
retarget(Routing *routing, uint32_t group, uint32_t index, uint32_t to, uint32_t cause)
{
    Metro *metro = &routing->groups[group].metros[index];
    if (metro->target == to)
        return;
    if (metro->target != metro->current)
        sim_cancel(routing->sim, metro->move);
    metro->target = to;
    metro->cause = cause;
    metro->move = 0;
    SimTime delay = sim_law_sample(&routing->world->spec->network.convergence, &metro->convergence);
    if (to != metro->current)
        metro->move = sim_after(routing->sim, delay, &ops, MOVE, index, group);
}

/* The metros of PoPs that went look for the next; nobody else has reason to move. */
static void
retarget_orphans(Routing *routing, uint32_t group, uint32_t cause)
{
    const World *world = routing->world;
    const bool *is_up = routing->groups[group].is_up;
    for (uint32_t m = 0; m < world->n_metros; m++) {
        uint32_t target = routing->groups[group].metros[m].target;
        if (target == SIM_NONE || is_up[target])
            continue;
        uint32_t next = SIM_NONE;
        if (geo_nearest_k(world->geo, is_up, m, 1, &next) == 0)
            next = SIM_NONE;
        retarget(routing, group, m, next, cause);
    }
}

static void
retarget_all(Routing *routing, uint32_t group, uint32_t cause)
{
    geo_nearest(routing->world->geo, routing->groups[group].is_up, routing->nearest);
    for (uint32_t m = 0; m < routing->world->n_metros; m++)
        retarget(routing, group, m, routing->nearest[m], cause);
}

/* Whether the PoP's being up has changed. */
static bool
update(Group *group, uint32_t pop)
{
    bool up = !group->is_down[pop] && group->holds[pop] == 0;
    bool has_changed = up != group->is_up[pop];
    group->is_up[pop] = up;
    return has_changed;
}

void
routing_pops_set(Routing *routing, uint32_t group, const uint32_t *pops, uint32_t n_pops, bool up,
                 uint32_t cause)
{
    bool has_changed = false;
    for (uint32_t i = 0; i < n_pops; i++) {
        Group *rows = group_at(routing, group, pops[i]);
        rows->is_down[pops[i]] = !up;
        has_changed |= update(rows, pops[i]);
    }
    if (has_changed && up)
        retarget_all(routing, group, cause);
    else if (has_changed)
        retarget_orphans(routing, group, cause);
}

void
routing_withdraw(Routing *routing, uint32_t group, uint32_t pop, uint32_t cause)
{
    Group *rows = group_at(routing, group, pop);
    rows->holds[pop]++;
    if (update(rows, pop))
        retarget_orphans(routing, group, cause);
}

void
routing_announce(Routing *routing, uint32_t group, uint32_t pop, uint32_t cause)
{
    Group *rows = group_at(routing, group, pop);
    SIM_ASSERT(rows->holds[pop] > 0);
    rows->holds[pop]--;
    if (update(rows, pop))
        retarget_all(routing, group, cause);
}
