#include "models/restart.h"

typedef struct Lane {
    uint32_t pop, pending; /* cohorts of its PoP that are being restarted */
    uint32_t failed;       /* there when the lane came */
    SimTime paced;         /* not before */
} Lane;

typedef struct Campaign {
    uint32_t host, cohort, n_pops, next, lanes_open, cause;
    uint64_t failed, back;
    SimTime pace;
    double success;
    uint32_t *pops;
    Lane *lanes;
} Campaign;

struct Restarts {
    Sim *sim;
    const World *world;
    Processes *processes;
    Campaign campaigns[RESTART_CAMPAIGNS_MAX];
};

enum { DONE, NEXT };

static void on_done(Sim *sim, void *state, SimEvent event);
static void on_next(Sim *sim, void *state, SimEvent event);
static void verify(const Sim *sim, const void *state);

static const SimKind kinds[] = {
    [DONE] = {"restart.done", on_done},
    [NEXT] = {"restart.next", on_next},
};
static const SimModelOps ops = {.name = "restart",
                                .state_size = sizeof(Restarts),
                                .kinds = kinds,
                                .n_kinds = G_N_ELEMENTS(kinds),
                                .verify = verify};

static void
verify(const Sim *sim, const void *state)
{
    const Restarts *restarts = state;
    (void)sim;
    for (uint32_t i = 0; i < RESTART_CAMPAIGNS_MAX; i++) {
        const Campaign *campaign = &restarts->campaigns[i];
        SIM_ASSERT(campaign->next <= campaign->n_pops);
        SIM_ASSERT(campaign->lanes_open <= campaign->n_pops);
        SIM_ASSERT(campaign->back <= campaign->failed);
    }
}

Restarts *
restart_attach(Sim *sim, const World *world, Processes *processes)
{
    Restarts *restarts = sim_attach(sim, &ops);
    restarts->sim = sim;
    restarts->world = world;
    restarts->processes = processes;
    return restarts;
}

static bool
is_chosen(const Campaign *campaign, uint32_t cohort)
{
    return campaign->cohort == SIM_NONE || campaign->cohort == cohort;
}

/* Stuck processes of the chosen cohorts at a PoP. */
static uint32_t
count_failed(const Restarts *restarts, const Campaign *campaign, uint32_t pop)
{
    uint32_t n = 0;
    for (uint32_t cohort = 0; cohort < restarts->world->n_cohorts[campaign->host]; cohort++)
        if (is_chosen(campaign, cohort))
            n += processes_counts(restarts->processes, campaign->host, cohort, pop).stuck;
    return n;
}

static void
end_campaign(const Restarts *restarts, const Campaign *campaign)
{
    const char *name = world_service(restarts->world, campaign->host)->entity.name;
    SimJournalEntry entry = {.at = sim_now(restarts->sim),
                             .cause = campaign->cause,
                             .kind = "restart.done",
                             .entity = name};
    sim_journal_add(restarts->world->journal, &entry,
                    "restart of %s done at %u PoPs: %llu of %llu stuck processes are back", name,
                    campaign->n_pops, (unsigned long long)campaign->back,
                    (unsigned long long)campaign->failed);
}

/* The lane takes the next PoP, or closes. */
static void
go_on(Restarts *restarts, uint32_t id, uint32_t lane_id)
{
    Campaign *campaign = &restarts->campaigns[id];
    Lane *lane = &campaign->lanes[lane_id];
    if (campaign->next == campaign->n_pops) {
        if (--campaign->lanes_open == 0)
            end_campaign(restarts, campaign);
        return;
    }
    lane->pop = campaign->pops[campaign->next++];
    lane->paced = sim_time_add(sim_now(restarts->sim), campaign->pace);
    lane->failed = count_failed(restarts, campaign, lane->pop);
    ProcessRoll roll = {.service = campaign->host,
                        .pop = lane->pop,
                        .success = campaign->success,
                        .cause = campaign->cause,
                        .then = sim_event(restarts->sim, &ops, DONE, id, lane_id)};
    for (roll.cohort = 0; roll.cohort < restarts->world->n_cohorts[campaign->host]; roll.cohort++)
        if (is_chosen(campaign, roll.cohort))
            lane->pending += processes_roll(restarts->processes, &roll);
    if (lane->pending == 0)
        sim_at(restarts->sim, lane->paced, &ops, NEXT, id, lane_id);
}

static void
on_next(Sim *sim, void *state, SimEvent event)
{
    (void)sim;
    go_on(state, event.actor, (uint32_t)event.arg);
}

static void
on_done(Sim *sim, void *state, SimEvent event)
{
    Restarts *restarts = state;
    Campaign *campaign = &restarts->campaigns[event.actor];
    Lane *lane = &campaign->lanes[event.arg];
    SIM_ASSERT(lane->pending > 0);
    if (--lane->pending > 0)
        return;
    uint32_t left = count_failed(restarts, campaign, lane->pop);
    campaign->failed += lane->failed;
    campaign->back += lane->failed - MIN(lane->failed, left);
    sim_at(sim, MAX(lane->paced, sim_now(sim)), &ops, NEXT, event.actor, event.arg);
}

static uint32_t
find_idle(const Restarts *restarts)
{
    for (uint32_t i = 0; i < RESTART_CAMPAIGNS_MAX; i++)
        if (restarts->campaigns[i].lanes_open == 0)
            return i;
    return SIM_NONE;
}

static void
journal_begin(const Restarts *restarts, const RestartCampaign *spec, uint32_t lanes, bool begins)
{
    const World *world = restarts->world;
    uint32_t host = world->host[spec->service];
    const char *name = world_service(world, host)->entity.name;
    const char *cohort =
        spec->cohort == SIM_NONE ? "" : world_cohort_name(world, host, spec->cohort);
    SimJournalEntry entry = {.at = sim_now(restarts->sim),
                             .cause = spec->cause,
                             .kind = begins ? "restart.begins" : "restart.refused",
                             .entity = name};
    if (begins)
        sim_journal_add(world->journal, &entry, "restart of %s%s%s begins: %u PoPs, %u at once",
                        name, *cohort ? " " : "", cohort, spec->n_pops, lanes);
    else
        sim_journal_add(world->journal, &entry, "restart of %s passed over: %d are under way", name,
                        RESTART_CAMPAIGNS_MAX);
}

void
restart_begin(Restarts *restarts, const RestartCampaign *spec)
{
    const World *world = restarts->world;
    uint32_t id = find_idle(restarts);
    uint32_t lanes = spec->concurrency ? MIN(spec->concurrency, spec->n_pops) : spec->n_pops;
    SIM_ASSERT(spec->service < world->n_services);
    SIM_ASSERT(spec->n_pops <= world->n_pops);
    journal_begin(restarts, spec, lanes, id != SIM_NONE);
    if (id == SIM_NONE)
        return;
    Campaign *campaign = &restarts->campaigns[id];
    uint32_t *pops = campaign->pops;
    Lane *kept = campaign->lanes;
    if (!pops) {
        pops = SIM_ARENA_NEW(sim_arena(restarts->sim), uint32_t, world->n_pops);
        kept = SIM_ARENA_NEW(sim_arena(restarts->sim), Lane, world->n_pops);
    }
    *campaign = (Campaign){.host = world->host[spec->service],
                           .cohort = spec->cohort,
                           .n_pops = spec->n_pops,
                           .lanes_open = lanes,
                           .cause = spec->cause,
                           .pace = spec->pace,
                           .success = spec->success,
                           .pops = pops,
                           .lanes = kept};
    for (uint32_t i = 0; i < spec->n_pops; i++)
        pops[i] = spec->pops[i];
    for (uint32_t lane = 0; lane < lanes; lane++) {
        kept[lane] = (Lane){0};
        go_on(restarts, id, lane);
    }
}

uint32_t
restart_count(const Restarts *restarts)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < RESTART_CAMPAIGNS_MAX; i++)
        n += restarts->campaigns[i].lanes_open > 0;
    return n;
}
