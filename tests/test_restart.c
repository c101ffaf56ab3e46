#include "models/restart.h"

#include "tests/fake_world.h"
#include "tests/harness.h"

static double
share_live(const Processes *processes, uint32_t service)
{
    ProcessCounts sum = processes_sum(processes, service);
    return (double)sum.live / sum.processes;
}

static const char text[] = "services:\n"
                           "  proxy:\n"
                           "    placement: pop\n"
                           "    cohorts: {old: 50%, new: 50%}\n"
                           "    restart: {processes: 40, delay: 5s}\n"
                           "sites: {web: {service: proxy, requests: 100/s}}\n";

typedef struct Bench {
    FakeWorld *fake;
    Processes *processes;
    Restarts *restarts;
} Bench;

static Bench
bench_new(FakeWorld *fake)
{
    Processes *processes = processes_attach(fake->sim, &fake->world);
    return (Bench){fake, processes, restart_attach(fake->sim, &fake->world, processes)};
}

static uint32_t
pops_in_hand(const Bench *bench)
{
    uint32_t n = 0;
    for (uint32_t pop = 0; pop < bench->fake->world.n_pops; pop++)
        n += processes_counts(bench->processes, 0, 1, pop).restarting > 0;
    return n;
}

static RestartCampaign
campaign_of(const FakeWorld *fake)
{
    return (RestartCampaign){.cohort = SIM_NONE,
                             .pops = fake->world.pops_by_demand,
                             .n_pops = fake->world.n_pops,
                             .success = 1,
                             .cause = SIM_NONE};
}

static void
lanes_limit_how_many_pops_are_in_hand(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 10, 1);
    Bench bench = bench_new(fake);
    RestartCampaign campaign = campaign_of(fake);
    campaign.concurrency = 3;
    restart_begin(bench.restarts, &campaign);
    CHECK_INT(restart_count(bench.restarts), 1);
    CHECK(processes_counts(bench.processes, 0, 0, fake->world.pops_by_demand[2]).restarting > 0);
    for (uint32_t round = 0; round < 4; round++) {
        sim_run(fake->sim, (20 * round + 19) * SIM_SECOND);
        CHECK_INT(pops_in_hand(&bench), round < 3 ? 3 : 1);
    }
    sim_run(fake->sim, 80 * SIM_SECOND);
    CHECK_INT(restart_count(bench.restarts), 0);
    g_autofree char *journal = fake_journal(fake);
    CHECK_HAS(journal, "00:00 restart.begins restart of proxy begins: 10 PoPs, 3 at once");
    CHECK_HAS(journal, "01:20 restart.done restart of proxy done at 10 PoPs");
}

static void
a_lane_keeps_its_pace(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 4, 1);
    Bench bench = bench_new(fake);
    RestartCampaign campaign = campaign_of(fake);
    campaign.concurrency = 1;
    campaign.pace = 60 * SIM_SECOND;
    campaign.cohort = 1;
    restart_begin(bench.restarts, &campaign);
    sim_run(fake->sim, 30 * SIM_SECOND);
    CHECK_INT(pops_in_hand(&bench), 0);
    sim_run(fake->sim, 61 * SIM_SECOND);
    CHECK_INT(pops_in_hand(&bench), 1);
    CHECK_INT(processes_counts(bench.processes, 0, 0, fake->world.pops_by_demand[1]).restarting, 0);
    sim_run(fake->sim, 239 * SIM_SECOND);
    CHECK_INT(restart_count(bench.restarts), 1);
    sim_run(fake->sim, 240 * SIM_SECOND);
    CHECK_INT(restart_count(bench.restarts), 0);
    sim_verify(fake->sim);
}

static void
too_many_campaigns_are_passed_over(void)
{
    g_autoptr(FakeWorld) fake = fake_world_new(text, 4, 1);
    Bench bench = bench_new(fake);
    RestartCampaign campaign = campaign_of(fake);
    for (uint32_t i = 0; i < RESTART_CAMPAIGNS_MAX + 3; i++)
        restart_begin(bench.restarts, &campaign);
    CHECK_INT(restart_count(bench.restarts), RESTART_CAMPAIGNS_MAX);
    sim_run(fake->sim, SIM_MINUTE);
    CHECK_INT(restart_count(bench.restarts), 0);
    CHECK_NEAR(share_live(bench.processes, 0), 1, 0);
    sim_verify(fake->sim);
}

static CU_TestInfo tests[] = {
    {"lanes_limit_how_many_pops_are_in_hand", lanes_limit_how_many_pops_are_in_hand},
    {"a_lane_keeps_its_pace", a_lane_keeps_its_pace},
    {"too_many_campaigns_are_passed_over", too_many_campaigns_are_passed_over},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("restart", tests)
