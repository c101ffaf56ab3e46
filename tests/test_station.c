#include "models/station.h"

#include "sim/rng.h"
#include "tests/harness.h"

#define MS SIM_MILLISECOND
#define JOBS 48

/* A station of one server that job 0 has taken at time 0. */
static Station
busy_station(const StationRule *rule, StationJob *jobs)
{
    Station station;
    station_init(&station, rule, 1);
    for (uint32_t i = 0; i < JOBS; i++)
        jobs[i] = (StationJob){.deadline = SIM_TIME_MAX};
    CHECK_INT(station_arrive(&station, jobs, 0, 0), STATION_START);
    return station;
}

/* Releases, and takes the next: its index, or SIM_NONE. */
static uint32_t
served_next(Station *station, StationJob *jobs, SimTime now, uint32_t *ret_dropped)
{
    uint32_t dropped = SIM_NONE;
    station_release(station);
    uint32_t job = station_take(station, jobs, now, &dropped);
    station_verify(station, jobs);
    if (ret_dropped)
        *ret_dropped = dropped;
    return job;
}

static void
idle_servers_start_jobs_at_once(void)
{
    StationRule rule = {.queue = -1};
    StationJob jobs[3] = {0};
    Station station;
    station_init(&station, &rule, 2);
    CHECK_INT(station_arrive(&station, jobs, 0, 7), STATION_START);
    CHECK_INT(station_arrive(&station, jobs, 1, 8), STATION_START);
    CHECK_INT(station_arrive(&station, jobs, 2, 9), STATION_WAIT);
    CHECK_INT(station.busy, 2);
    CHECK_INT(station.waiting, 1);
    CHECK_INT(jobs[0].arrived, 7);
    CHECK_INT(jobs[2].arrived, 9);
    station_verify(&station, jobs);
}

static void
the_oldest_is_served_first(void)
{
    StationRule rule = {.queue = -1};
    StationJob jobs[JOBS];
    Station station = busy_station(&rule, jobs);
    for (uint32_t job = 1; job <= 3; job++)
        CHECK_INT(station_arrive(&station, jobs, job, job), STATION_WAIT);
    for (uint32_t job = 1; job <= 3; job++)
        CHECK_INT(served_next(&station, jobs, 10, NULL), job);
    CHECK_INT(served_next(&station, jobs, 10, NULL), SIM_NONE);
    CHECK_INT(station.busy, 0);
}

static void
the_newest_is_served_first_under_lifo(void)
{
    StationRule rule = {.discipline = STATION_LIFO, .queue = -1};
    StationJob jobs[JOBS];
    Station station = busy_station(&rule, jobs);
    for (uint32_t job = 1; job <= 3; job++)
        station_arrive(&station, jobs, job, job);
    for (uint32_t job = 3; job >= 1; job--)
        CHECK_INT(served_next(&station, jobs, 10, NULL), job);
}

static void
adaptive_lifo_turns_to_the_newest_in_a_standing_queue(void)
{
    StationRule rule = {.discipline = STATION_ADAPTIVE_LIFO, .queue = -1};
    StationJob jobs[JOBS];
    Station station = busy_station(&rule, jobs);
    for (uint32_t job = 1; job <= 6; job++)
        station_arrive(&station, jobs, job, 10 * MS);
    CHECK_INT(served_next(&station, jobs, 11 * MS, NULL), 1);
    CHECK_INT(served_next(&station, jobs, 110 * MS, NULL), 2);
    CHECK_INT(served_next(&station, jobs, 110 * MS + 1, NULL), 6);
    CHECK_INT(served_next(&station, jobs, 200 * MS, NULL), 5);
}

static void
codel_drops_after_the_interval_while_the_room_empties(void)
{
    StationRule rule = {.discipline = STATION_CODEL, .queue = -1};
    StationJob jobs[JOBS];
    uint32_t dropped;
    Station station = busy_station(&rule, jobs);
    station_arrive(&station, jobs, 1, 0);
    CHECK_INT(served_next(&station, jobs, 100 * MS, &dropped), 1);
    CHECK_INT(dropped, SIM_NONE);
    station_arrive(&station, jobs, 2, 101 * MS);
    CHECK_INT(served_next(&station, jobs, 202 * MS, &dropped), SIM_NONE);
    CHECK_INT(dropped, 2);
    CHECK_INT(station.waiting, 0);
}

static void
codel_drops_after_the_target_in_a_standing_queue(void)
{
    StationRule rule = {.discipline = STATION_CODEL, .queue = -1, .target = 8 * MS};
    StationJob jobs[JOBS];
    uint32_t dropped;
    Station station = busy_station(&rule, jobs);
    static const SimTime arrivals[] = {0, 1, 2, 90, 95, 96};
    for (uint32_t job = 1; job <= 5; job++)
        station_arrive(&station, jobs, job, arrivals[job] * MS);
    /* The room has been full for 60 ms, which is not yet long. */
    CHECK_INT(served_next(&station, jobs, 61 * MS, &dropped), 1);
    CHECK_INT(dropped, SIM_NONE);
    /* Job 2 has waited 100 ms, job 3 12 ms; job 4 just 7 ms. */
    CHECK_INT(served_next(&station, jobs, 102 * MS, &dropped), 4);
    CHECK_INT(dropped, 3);
    CHECK_INT(jobs[3].next, 2);
    CHECK_INT(jobs[2].next, SIM_NONE);
    CHECK_INT(station.waiting, 1);
}

static void
a_dropped_job_is_chained_before_those_of_earlier_calls(void)
{
    StationRule rule = {.queue = -1, .cancel = true};
    StationJob jobs[JOBS];
    Station station = busy_station(&rule, jobs);
    uint32_t dropped = 40;
    for (uint32_t job = 1; job <= 3; job++) {
        jobs[job].deadline = job < 3 ? 20 : 100;
        station_arrive(&station, jobs, job, 10);
    }
    station_release(&station);
    CHECK_INT(station_take(&station, jobs, 20, &dropped), 3);
    CHECK_INT(dropped, 2);
    CHECK_INT(jobs[2].next, 1);
    CHECK_INT(jobs[1].next, 40);
    station_verify(&station, jobs);
}

static void
a_full_room_refuses(void)
{
    static const struct {
        double queue;
        uint32_t places;
    } rows[] = {{0, 0}, {1, 1}, {2.9, 2}, {-1, 20}, {1e300, 20}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        StationRule rule = {.queue = rows[i].queue};
        StationJob jobs[JOBS];
        Station station = busy_station(&rule, jobs);
        uint32_t n = 0;
        while (n < 20 && station_arrive(&station, jobs, n + 1, 5) == STATION_WAIT)
            n++;
        CHECK_INT(n, rows[i].places);
        CHECK_INT(station.waiting, n);
        station_verify(&station, jobs);
    }
}

static void
the_limit_counts_the_waiting_and_the_served(void)
{
    StationRule rule = {.queue = -1};
    StationJob jobs[JOBS];
    Station station = busy_station(&rule, jobs);
    station.limit = 3;
    CHECK_INT(station_arrive(&station, jobs, 1, 1), STATION_WAIT);
    CHECK_INT(station_arrive(&station, jobs, 2, 2), STATION_WAIT);
    CHECK_INT(station_arrive(&station, jobs, 3, 3), STATION_REFUSE);
    station.limit = 1;
    CHECK_INT(served_next(&station, jobs, 4, NULL), 1);
    CHECK_INT(station_arrive(&station, jobs, 3, 4), STATION_REFUSE);
    CHECK_INT(served_next(&station, jobs, 5, NULL), 2);
    CHECK_INT(served_next(&station, jobs, 6, NULL), SIM_NONE);
    CHECK_INT(station_arrive(&station, jobs, 3, 7), STATION_START);
    CHECK_INT(station_arrive(&station, jobs, 4, 8), STATION_REFUSE);
}

static void
a_job_without_time_for_its_service_is_not_served(void)
{
    StationRule rule = {.queue = -1, .expected = 10};
    StationJob jobs[JOBS];
    uint32_t dropped;
    Station station = busy_station(&rule, jobs);
    jobs[1].deadline = jobs[2].deadline = jobs[3].deadline = 30;
    CHECK_INT(station_arrive(&station, jobs, 1, 20), STATION_WAIT);
    CHECK_INT(station_arrive(&station, jobs, 2, 20), STATION_WAIT);
    CHECK_INT(station_arrive(&station, jobs, 3, 21), STATION_REFUSE);
    CHECK_INT(served_next(&station, jobs, 20, &dropped), 1);
    CHECK_INT(served_next(&station, jobs, 21, &dropped), SIM_NONE);
    CHECK_INT(dropped, 2);
    jobs[4].deadline = 39;
    CHECK_INT(station_arrive(&station, jobs, 4, 30), STATION_REFUSE);
    CHECK_INT(station_arrive(&station, jobs, 5, 30), STATION_START);
}

static void
a_job_whose_deadline_has_come_is_served_unless_it_cancels(void)
{
    for (int cancel = 0; cancel <= 1; cancel++) {
        StationRule rule = {.queue = -1, .cancel = cancel};
        StationJob jobs[JOBS];
        Station station = busy_station(&rule, jobs);
        jobs[1].deadline = 30;
        jobs[2].deadline = 25;
        station_arrive(&station, jobs, 1, 10);
        CHECK_INT(served_next(&station, jobs, 30, NULL), cancel ? SIM_NONE : 1);
        CHECK_INT(station_arrive(&station, jobs, 2, 30), cancel ? STATION_REFUSE : STATION_WAIT);
    }
}

static void
busy_servers_finish_what_they_have(void)
{
    StationRule rule = {.queue = -1};
    StationJob jobs[JOBS];
    Station station = busy_station(&rule, jobs);
    uint32_t dropped = SIM_NONE;
    for (uint32_t job = 1; job <= 4; job++)
        station_arrive(&station, jobs, job, 1);
    station_servers_set(&station, 3);
    CHECK_INT(station_take(&station, jobs, 2, &dropped), 1);
    CHECK_INT(station_take(&station, jobs, 2, &dropped), 2);
    CHECK_INT(station_take(&station, jobs, 2, &dropped), SIM_NONE);
    station_servers_set(&station, 1);
    CHECK_INT(station.busy, 3);
    CHECK_INT(served_next(&station, jobs, 3, NULL), SIM_NONE);
    CHECK_INT(served_next(&station, jobs, 3, NULL), SIM_NONE);
    CHECK_INT(served_next(&station, jobs, 3, NULL), 3);
    station_servers_set(&station, 0);
    CHECK_INT(served_next(&station, jobs, 4, NULL), SIM_NONE);
    CHECK_INT(station_arrive(&station, jobs, 5, 4), STATION_WAIT);
}

static void
a_job_that_leaves_is_not_served(void)
{
    StationRule rule = {.queue = -1};
    StationJob jobs[JOBS];
    Station station = busy_station(&rule, jobs);
    for (uint32_t job = 1; job <= 4; job++)
        station_arrive(&station, jobs, job, 1);
    static const uint32_t leaves[] = {2, 1, 4};
    for (uint32_t i = 0; i < 3; i++) {
        station_leave(&station, jobs, leaves[i], 2);
        station_verify(&station, jobs);
        CHECK_INT(station.waiting, 3 - i);
    }
    CHECK_INT(served_next(&station, jobs, 3, NULL), 3);
}

static void
all_that_wait_are_dropped_oldest_first(void)
{
    StationRule rule = {.discipline = STATION_LIFO, .queue = -1};
    StationJob jobs[JOBS];
    Station station = busy_station(&rule, jobs);
    CHECK_INT(station_drop_all(&station, jobs, 1), SIM_NONE);
    for (uint32_t job = 1; job <= 3; job++)
        station_arrive(&station, jobs, job, job);
    uint32_t chain = station_drop_all(&station, jobs, 4);
    for (uint32_t job = 1; job <= 3; job++, chain = jobs[chain].next) {
        CHECK_INT(chain, job);
        CHECK_INT(jobs[chain].prev, SIM_NONE);
    }
    CHECK_INT(chain, SIM_NONE);
    CHECK_INT(station.waiting, 0);
    CHECK_INT(station.busy, 1);
    station_verify(&station, jobs);
}

static void
a_room_emptied_and_entered_at_once_was_empty_then(void)
{
    StationRule rule = {.discipline = STATION_ADAPTIVE_LIFO, .queue = -1};
    StationJob jobs[JOBS];
    Station station = busy_station(&rule, jobs);
    station_arrive(&station, jobs, 1, 0);
    CHECK_INT(served_next(&station, jobs, 90 * MS, NULL), 1);
    station_arrive(&station, jobs, 2, 90 * MS);
    station_arrive(&station, jobs, 3, 95 * MS);
    station_arrive(&station, jobs, 4, 96 * MS);
    CHECK_INT(served_next(&station, jobs, 190 * MS, NULL), 2);
    CHECK_INT(served_next(&station, jobs, 191 * MS, NULL), 4);
}

static void
shared_servers_start_all_up_to_the_queue(void)
{
    StationRule rule = {.discipline = STATION_SHARING, .queue = 3};
    StationJob jobs[JOBS];
    uint32_t dropped;
    Station station = busy_station(&rule, jobs);
    station_servers_set(&station, 2);
    for (uint32_t job = 1; job <= 4; job++)
        CHECK_INT(station_arrive(&station, jobs, job, job), STATION_START);
    CHECK_INT(station_arrive(&station, jobs, 5, 5), STATION_REFUSE);
    CHECK_INT(station.busy, 5);
    CHECK_INT(served_next(&station, jobs, 6, &dropped), SIM_NONE);
    station.limit = 4;
    CHECK_INT(station_arrive(&station, jobs, 5, 7), STATION_REFUSE);
    station.limit = 5;
    CHECK_INT(station_arrive(&station, jobs, 5, 8), STATION_START);
}

/* What the header says, with a list that is scanned and a diary instead of `emptied`. */
typedef struct Naive {
    const StationRule *rule;
    uint32_t servers, busy, limit;
    uint32_t room[JOBS], n;
    struct {
        SimTime from;
        uint32_t n;
    } diary[4096]; /* how many waited from when on */
    uint32_t pages;
} Naive;

static void
note(Naive *naive, SimTime now)
{
    naive->diary[naive->pages].from = now;
    naive->diary[naive->pages++].n = naive->n;
}

static bool
was_empty_within(const Naive *naive, SimTime now, SimTime interval)
{
    for (uint32_t i = 0; i < naive->pages; i++) {
        SimTime until = i + 1 < naive->pages ? naive->diary[i + 1].from : now;
        if (naive->diary[i].n == 0 && until >= now - interval)
            return true;
    }
    return false;
}

static bool
naive_is_dead(const Naive *naive, const StationJob *job, SimTime now)
{
    return (naive->rule->cancel && job->deadline <= now) ||
           (naive->rule->expected > 0 && job->deadline - now < naive->rule->expected);
}

static void
naive_remove(Naive *naive, uint32_t place, SimTime now)
{
    naive->n--;
    for (uint32_t i = place; i < naive->n; i++)
        naive->room[i] = naive->room[i + 1];
    note(naive, now);
}

static StationAnswer
naive_arrive(Naive *naive, const StationJob *jobs, uint32_t job, SimTime now)
{
    double queue = naive->rule->queue < 0 ? 1e9 : naive->rule->queue;
    bool is_shared = naive->rule->discipline == STATION_SHARING;
    if (naive_is_dead(naive, &jobs[job], now) || naive->busy + naive->n + 1 > naive->limit)
        return STATION_REFUSE;
    if (is_shared && naive->busy + 1 > naive->servers + queue)
        return STATION_REFUSE;
    if (is_shared || (naive->busy < naive->servers && naive->n == 0)) {
        naive->busy++;
        return STATION_START;
    }
    if (naive->n + 1 > queue)
        return STATION_REFUSE;
    naive->room[naive->n++] = job;
    note(naive, now);
    return STATION_WAIT;
}

/* The next in line; drops go to the end of the list. */
static uint32_t
naive_take(Naive *naive, const StationJob *jobs, SimTime now, uint32_t *drops, uint32_t *n_drops)
{
    SimTime target = naive->rule->target ? naive->rule->target : 5 * MS;
    SimTime interval = naive->rule->interval ? naive->rule->interval : 100 * MS;
    while (naive->busy < naive->servers && naive->n > 0) {
        bool is_calm = was_empty_within(naive, now, interval);
        bool is_newest = naive->rule->discipline == STATION_LIFO ||
                         (naive->rule->discipline == STATION_ADAPTIVE_LIFO && !is_calm);
        uint32_t place = is_newest ? naive->n - 1 : 0, job = naive->room[place];
        bool is_late = naive->rule->discipline == STATION_CODEL &&
                       now - jobs[job].arrived > (is_calm ? interval : target);
        is_late |= naive_is_dead(naive, &jobs[job], now);
        naive_remove(naive, place, now);
        if (!is_late) {
            naive->busy++;
            return job;
        }
        drops[(*n_drops)++] = job;
    }
    return SIM_NONE;
}

typedef struct Pair {
    StationRule rule;
    Station station;
    StationJob jobs[JOBS];
    bool is_here[JOBS];
    Naive naive;
    SimTime now;
    SimRng rng;
} Pair;

static uint32_t
below(Pair *pair, uint32_t n)
{
    return (uint32_t)sim_rng_below(&pair->rng, n);
}

static void
both_arrive(Pair *pair)
{
    uint32_t job = below(pair, JOBS);
    if (pair->is_here[job])
        return;
    pair->jobs[job].deadline =
        below(pair, 4) == 0 ? SIM_TIME_MAX : pair->now + (SimTime)below(pair, 200) * MS;
    StationAnswer answer = station_arrive(&pair->station, pair->jobs, job, pair->now);
    CHECK_INT(answer, naive_arrive(&pair->naive, pair->jobs, job, pair->now));
    CHECK_INT(pair->jobs[job].arrived, pair->now);
    pair->is_here[job] = answer == STATION_WAIT;
}

static void
both_take(Pair *pair)
{
    uint32_t chain = SIM_NONE, drops[JOBS], n = 0, job;
    do {
        job = station_take(&pair->station, pair->jobs, pair->now, &chain);
        CHECK_INT(job, naive_take(&pair->naive, pair->jobs, pair->now, drops, &n));
        if (job != SIM_NONE)
            pair->is_here[job] = false;
    } while (job != SIM_NONE);
    for (; n > 0; chain = pair->jobs[chain].next) {
        CHECK_INT(chain, drops[--n]);
        pair->is_here[chain] = false;
    }
    CHECK_INT(chain, SIM_NONE);
}

static void
both_release(Pair *pair)
{
    if (pair->naive.busy == 0)
        return;
    pair->naive.busy--;
    station_release(&pair->station);
}

static void
both_leave(Pair *pair)
{
    if (pair->naive.n == 0)
        return;
    uint32_t place = below(pair, pair->naive.n), job = pair->naive.room[place];
    naive_remove(&pair->naive, place, pair->now);
    station_leave(&pair->station, pair->jobs, job, pair->now);
    pair->is_here[job] = false;
}

static void
both_drop_all(Pair *pair)
{
    uint32_t chain = station_drop_all(&pair->station, pair->jobs, pair->now);
    for (uint32_t i = 0; i < pair->naive.n; i++, chain = pair->jobs[chain].next) {
        CHECK_INT(chain, pair->naive.room[i]);
        pair->is_here[chain] = false;
    }
    CHECK_INT(chain, SIM_NONE);
    pair->naive.n = 0;
    note(&pair->naive, pair->now);
}

static void
both_change(Pair *pair)
{
    if (below(pair, 2)) {
        pair->naive.servers = below(pair, 6);
        station_servers_set(&pair->station, pair->naive.servers);
    } else {
        pair->naive.limit = below(pair, 3) ? UINT32_MAX : 1 + below(pair, 30);
        pair->station.limit = pair->naive.limit;
    }
}

static void
both_step(Pair *pair)
{
    uint32_t what = below(pair, 100);
    pair->now += below(pair, 3) ? 0 : (SimTime)below(pair, 20) * MS;
    if (what < 55)
        both_arrive(pair);
    else if (what < 88)
        both_release(pair);
    else if (what < 94)
        both_leave(pair);
    else if (what < 99)
        both_change(pair);
    else
        both_drop_all(pair);
    if (below(pair, 4)) /* sometimes the owner is slow to take */
        both_take(pair);
    station_verify(&pair->station, pair->jobs);
    CHECK_INT(pair->station.busy, pair->naive.busy);
    CHECK_INT(pair->station.waiting, pair->naive.n);
    uint32_t job = pair->station.first;
    for (uint32_t i = 0; i < pair->naive.n; i++, job = pair->jobs[job].next)
        CHECK_INT(job, pair->naive.room[i]);
}

static void
all_disciplines_agree_with_a_naive_list_over_60_seeds(void)
{
    g_autofree Pair *pair = g_new(Pair, 1);
    for (uint32_t seed = 0; seed < 60; seed++) {
        *pair = (Pair){.rng = sim_rng_named(seed, 0, "station")};
        pair->rule = (StationRule){.discipline = (StationDiscipline)(seed % 5),
                                   .queue = seed % 3 == 0 ? (double)below(pair, 12) : -1,
                                   .cancel = below(pair, 2),
                                   .expected = below(pair, 3) ? 0 : 15 * MS,
                                   .target = below(pair, 2) ? 0 : 20 * MS,
                                   .interval = below(pair, 2) ? 0 : 50 * MS};
        pair->naive = (Naive){.rule = &pair->rule, .servers = 3, .limit = UINT32_MAX};
        station_init(&pair->station, &pair->rule, 3);
        note(&pair->naive, 0);
        for (int i = 0; i < 1500; i++)
            both_step(pair);
    }
}

static CU_TestInfo tests[] = {
    {"idle_servers_start_jobs_at_once", idle_servers_start_jobs_at_once},
    {"the_oldest_is_served_first", the_oldest_is_served_first},
    {"the_newest_is_served_first_under_lifo", the_newest_is_served_first_under_lifo},
    {"adaptive_lifo_turns_to_the_newest_in_a_standing_queue",
     adaptive_lifo_turns_to_the_newest_in_a_standing_queue},
    {"codel_drops_after_the_interval_while_the_room_empties",
     codel_drops_after_the_interval_while_the_room_empties},
    {"codel_drops_after_the_target_in_a_standing_queue",
     codel_drops_after_the_target_in_a_standing_queue},
    {"a_dropped_job_is_chained_before_those_of_earlier_calls",
     a_dropped_job_is_chained_before_those_of_earlier_calls},
    {"a_full_room_refuses", a_full_room_refuses},
    {"the_limit_counts_the_waiting_and_the_served", the_limit_counts_the_waiting_and_the_served},
    {"a_job_without_time_for_its_service_is_not_served",
     a_job_without_time_for_its_service_is_not_served},
    {"a_job_whose_deadline_has_come_is_served_unless_it_cancels",
     a_job_whose_deadline_has_come_is_served_unless_it_cancels},
    {"busy_servers_finish_what_they_have", busy_servers_finish_what_they_have},
    {"a_job_that_leaves_is_not_served", a_job_that_leaves_is_not_served},
    {"all_that_wait_are_dropped_oldest_first", all_that_wait_are_dropped_oldest_first},
    {"a_room_emptied_and_entered_at_once_was_empty_then",
     a_room_emptied_and_entered_at_once_was_empty_then},
    {"shared_servers_start_all_up_to_the_queue", shared_servers_start_all_up_to_the_queue},
    {"all_disciplines_agree_with_a_naive_list_over_60_seeds",
     all_disciplines_agree_with_a_naive_list_over_60_seeds},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("station", tests)
