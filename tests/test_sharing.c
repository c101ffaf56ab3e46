#include "models/sharing.h"

#include "sim/rng.h"
#include "tests/harness.h"

#include <math.h>

#define S SIM_SECOND

/* The job that ends next, which must do so at the time given. */
static uint32_t
ended_at(Sharing *sharing, SimTime now, SimTime want)
{
    CHECK_INT(sharing_next(sharing, now), want);
    if (want > now)
        CHECK_INT(sharing_finish(sharing, want - 1), SIM_NONE);
    uint32_t job = sharing_finish(sharing, want);
    sharing_verify(sharing);
    return job;
}

static void
a_job_alone_takes_its_work(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    Sharing *sharing = sharing_new(arena, 1);
    static const double works[] = {1, .07, .1 + .2, 1e-9, 123456.789, 0};
    SimTime now = 5;
    CHECK_INT(sharing_next(sharing, now), SIM_TIME_MAX);
    for (uint32_t i = 0; i < G_N_ELEMENTS(works); i++) {
        sharing_arrive(sharing, now, i, works[i]);
        SimTime end = now + sim_from_seconds(works[i]);
        CHECK_INT(ended_at(sharing, now, end), i);
        CHECK_INT(sharing_jobs(sharing), 0);
        now = end + 17;
    }
}

static void
two_jobs_share_one_server(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    Sharing *sharing = sharing_new(arena, 1);
    sharing_arrive(sharing, 0, 10, 3);
    sharing_arrive(sharing, 1 * S, 11, 1);
    CHECK_INT(sharing_jobs(sharing), 2);
    CHECK_INT(ended_at(sharing, 1 * S, 3 * S), 11);
    CHECK_INT(ended_at(sharing, 3 * S, 4 * S), 10);
    CHECK_INT(sharing_next(sharing, 4 * S), SIM_TIME_MAX);
    CHECK_INT(sharing_finish(sharing, 9 * S), SIM_NONE);
}

static void
jobs_within_the_servers_do_not_slow_each_other(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    Sharing *sharing = sharing_new(arena, 2.5);
    sharing_arrive(sharing, 0, 0, 2);
    sharing_arrive(sharing, 0, 1, 2);
    CHECK_INT(sharing_next(sharing, 0), 2 * S);
    /* Five jobs on 2.5 servers: half speed. */
    for (uint32_t i = 2; i < 5; i++)
        sharing_arrive(sharing, 1 * S, i, 4);
    CHECK_INT(ended_at(sharing, 1 * S, 3 * S), 0);
    CHECK_INT(ended_at(sharing, 3 * S, 3 * S), 1);
}

static void
speed_and_servers_change_what_is_under_way(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    Sharing *sharing = sharing_new(arena, 1);
    sharing_arrive(sharing, 0, 0, 4);
    sharing_speed_set(sharing, 1 * S, 1, 2);
    CHECK_INT(sharing_next(sharing, 1 * S), S + 3 * S / 2);
    sharing_speed_set(sharing, 2 * S, 1, 0);
    CHECK_INT(sharing_next(sharing, 2 * S), SIM_TIME_MAX);
    CHECK_INT(sharing_finish(sharing, 1000 * S), SIM_NONE);
    sharing_speed_set(sharing, 1000 * S, .25, 1);
    CHECK_INT(sharing_next(sharing, 1000 * S), 1004 * S);
    sharing_speed_set(sharing, 1002 * S, 0, 1);
    CHECK_INT(sharing_next(sharing, 1002 * S), SIM_TIME_MAX);
    sharing_speed_set(sharing, 1003 * S, 1, .5);
    CHECK_INT(ended_at(sharing, 1003 * S, 1004 * S), 0);
}

static void
who_leaves_frees_a_share(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    Sharing *sharing = sharing_new(arena, 1);
    for (uint32_t i = 0; i < 4; i++)
        sharing_arrive(sharing, 0, i, 1 + i);
    sharing_leave(sharing, 2 * S, 0);
    sharing_verify(sharing);
    sharing_leave(sharing, 2 * S, 3);
    CHECK_INT(sharing_jobs(sharing), 2);
    CHECK_INT(ended_at(sharing, 2 * S, 5 * S), 1);
    CHECK_INT(ended_at(sharing, 5 * S, 6 * S), 2);
    sharing_arrive(sharing, 6 * S, 7, 1);
    sharing_leave(sharing, 6 * S, 7);
    CHECK_INT(sharing_jobs(sharing), 0);
    CHECK_INT(sharing_next(sharing, 6 * S), SIM_TIME_MAX);
}

static void
equal_ends_leave_in_order_of_arrival(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    Sharing *sharing = sharing_new(arena, 3);
    for (uint32_t i = 0; i < 100; i++)
        sharing_arrive(sharing, 0, 99 - i, 3);
    CHECK_INT(sharing_next(sharing, 0), 100 * S);
    for (uint32_t i = 0; i < 100; i++)
        CHECK_INT(sharing_finish(sharing, 100 * S), 99 - i);
}

static void
an_owner_who_comes_late_finds_each_end_at_its_time(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    Sharing *sharing = sharing_new(arena, 1);
    for (uint32_t i = 0; i < 3; i++)
        sharing_arrive(sharing, 0, i, 1 + i);
    /* Ends are at 3, 5 and 6 s. */
    CHECK_INT(sharing_finish(sharing, 5500 * SIM_MILLISECOND), 0);
    CHECK_INT(sharing_finish(sharing, 5500 * SIM_MILLISECOND), 1);
    CHECK_INT(sharing_finish(sharing, 5500 * SIM_MILLISECOND), SIM_NONE);
    CHECK_INT(ended_at(sharing, 5500 * SIM_MILLISECOND, 6 * S), 2);
}

/* A job that never ends keeps the clock going for a month; short ones still take what they must. */
static void
a_month_without_an_idle_moment_costs_a_nanosecond(void)
{
    g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
    SimRng rng = sim_rng_named(1, 0, "sharing");
    Sharing *sharing = sharing_new(arena, 1);
    SimTime now = 0, worst = 0;
    sharing_arrive(sharing, 0, 0, 1e9);
    for (uint32_t i = 1; i <= 20000; i++) {
        SimTime work = 1 + (SimTime)sim_rng_below(&rng, 100 * SIM_MILLISECOND);
        now += (SimTime)sim_rng_below(&rng, 260 * S);
        sharing_arrive(sharing, now, i, sim_seconds(work));
        SimTime end = sharing_next(sharing, now), error = end - now - 2 * work;
        CHECK_INT(sharing_finish(sharing, end), i);
        worst = error > worst ? error : worst < -error ? -error : worst;
        now = end;
    }
    CHECK(now > 29 * SIM_DAY);
    CHECK(worst <= 1);
}

#define JOBS 64

/* Each job's work in nanoseconds, counted down; checks what the module says against that. */
typedef struct Naive {
    Sharing *sharing;
    double left[JOBS];
    bool is_here[JOBS];
    uint32_t n;
    double servers, speed;
    SimTime now;
    SimRng rng;
} Naive;

static double
naive_rate(const Naive *naive)
{
    return naive->speed * fmin(1, naive->servers / fmax(naive->n, 1));
}

static void
naive_advance(Naive *naive, SimTime to)
{
    double done = (double)(to - naive->now) * naive_rate(naive);
    for (uint32_t i = 0; i < JOBS; i++)
        naive->left[i] -= naive->is_here[i] ? done : 0;
    naive->now = to;
}

/* Who ends has its work done, and less than a nanosecond ago; who stays has not. */
static void
finish_and_check(Naive *naive)
{
    const double rounding = 1e-3;
    double rate = naive_rate(naive);
    uint32_t job;
    while ((job = sharing_finish(naive->sharing, naive->now)) != SIM_NONE) {
        CHECK(naive->is_here[job]);
        CHECK_NEAR(naive->left[job], -rate / 2, rate / 2 + rounding);
        naive->is_here[job] = false;
        naive->n--;
    }
    for (uint32_t i = 0; i < JOBS; i++)
        if (naive->is_here[i])
            CHECK(naive->left[i] > -rounding);
}

static void
go_on(Naive *naive, SimTime to)
{
    SimTime next;
    while ((next = sharing_next(naive->sharing, naive->now)) <= to) {
        uint32_t n = naive->n;
        naive_advance(naive, next);
        finish_and_check(naive);
        CHECK(naive->n < n);
    }
    naive_advance(naive, to);
    finish_and_check(naive);
}

static void
change(Naive *naive)
{
    uint32_t job = (uint32_t)sim_rng_below(&naive->rng, JOBS);
    uint64_t what = sim_rng_below(&naive->rng, 20);
    if (what == 0) {
        naive->servers = (double)sim_rng_below(&naive->rng, 16) / 2;
        naive->speed = (double)sim_rng_below(&naive->rng, 9) / 4;
        sharing_speed_set(naive->sharing, naive->now, naive->servers, naive->speed);
    } else if (naive->is_here[job] && what < 6) {
        sharing_leave(naive->sharing, naive->now, job);
        naive->is_here[job] = false;
        naive->n--;
    } else if (!naive->is_here[job]) {
        SimTime work = (SimTime)sim_rng_below(&naive->rng, what < 12 ? 20 : 1000000);
        sharing_arrive(naive->sharing, naive->now, job, sim_seconds(work));
        naive->is_here[job] = true;
        naive->left[job] = (double)work;
        naive->n++;
    }
}

static void
sharing_agrees_with_counting_down_over_50_seeds(void)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        g_autoptr(SimArena) arena = sim_arena_new(1 << 24);
        Naive naive = {.sharing = sharing_new(arena, 2),
                       .servers = 2,
                       .speed = 1,
                       .rng = sim_rng_named(seed, 0, "sharing")};
        for (int i = 0; i < 2000; i++) {
            uint64_t span = sim_rng_below(&naive.rng, 2) ? 10 : 300000;
            go_on(&naive, naive.now + (SimTime)sim_rng_below(&naive.rng, span));
            change(&naive);
            sharing_verify(naive.sharing);
            CHECK_INT(sharing_jobs(naive.sharing), naive.n);
        }
    }
}

static CU_TestInfo tests[] = {
    {"a_job_alone_takes_its_work", a_job_alone_takes_its_work},
    {"two_jobs_share_one_server", two_jobs_share_one_server},
    {"jobs_within_the_servers_do_not_slow_each_other",
     jobs_within_the_servers_do_not_slow_each_other},
    {"speed_and_servers_change_what_is_under_way", speed_and_servers_change_what_is_under_way},
    {"who_leaves_frees_a_share", who_leaves_frees_a_share},
    {"equal_ends_leave_in_order_of_arrival", equal_ends_leave_in_order_of_arrival},
    {"an_owner_who_comes_late_finds_each_end_at_its_time",
     an_owner_who_comes_late_finds_each_end_at_its_time},
    {"a_month_without_an_idle_moment_costs_a_nanosecond",
     a_month_without_an_idle_moment_costs_a_nanosecond},
    {"sharing_agrees_with_counting_down_over_50_seeds",
     sharing_agrees_with_counting_down_over_50_seeds},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("sharing", tests)
