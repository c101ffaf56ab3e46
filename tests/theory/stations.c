#include "tests/theory/line.h"
#include "tests/theory/theory.h"

#include <math.h>

static int
compare_doubles(const void *a, const void *b, void *data)
{
    (void)data;
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void
one_server_keeps_its_jobs_as_long_as_the_formula_says(void)
{
    const double jobs = 4e6;
    g_autofree double *sojourns = g_new(double, (size_t)jobs);
    Line line = {.arrivals_per_s = .8,
                 .service_per_s = 1,
                 .servers = 1,
                 .rule = {.queue = -1},
                 .sojourns = sojourns};
    line_run_jobs(&line, jobs);
    g_qsort_with_data(sojourns, (int)line.served, sizeof *sojourns, compare_doubles, NULL);
    CASE_NEAR("1", "M/M/1 at .8: jobs in the system", line.in_hand_area / line_elapsed_s(&line), 4,
              .03 * 4);
    CASE_NEAR("1", "M/M/1 at .8: median sojourn", sojourns[(int)(.5 * line.served)], 3.466,
              .01 * 3.466);
    CASE_NEAR("1", "M/M/1 at .8: 99 % quantile of the sojourn", sojourns[(int)(.99 * line.served)],
              23.03, .04 * 23.03);
    line_end(&line);
}

static void
many_servers_make_wait_whom_the_formula_says(void)
{
    Line line = {.arrivals_per_s = 8, .service_per_s = 1, .servers = 10, .rule = {.queue = -1}};
    line_run_jobs(&line, 4e6);
    CASE_NEAR("2", "M/M/10 a=8: probability of waiting", line.waited / line.arrived, .40918,
              .02 * .40918);
    CASE_NEAR("2", "M/M/10 a=8: mean wait", line.wait_s / line.arrived, .20459, .02 * .20459);
    CASE_NEAR("2", "M/M/10 a=8: P(wait > 1)", line.waited_over_1s / line.arrived, .05538,
              .02 * .05538);
    line_end(&line);
    Line hundred = {
        .arrivals_per_s = 90, .service_per_s = 1, .servers = 100, .rule = {.queue = -1}};
    line_run_jobs(&hundred, 4e6);
    CASE_NEAR("2", "M/M/100 a=90: probability of waiting", hundred.waited / hundred.arrived, .21694,
              .02 * .21694);
    line_end(&hundred);
}

static void
full_rooms_refuse_as_many_as_the_formula_says(void)
{
    static const struct {
        const char *about;
        double arrivals, queue, refused;
        uint32_t servers;
    } rows[] = {{"M/M/1/10 at .9: refused", .9, 9, .05081, 1},
                {"M/M/1/10 at 1.5: refused", 1.5, 9, .33723, 1},
                {"M/M/10/10 a=8: refused", 8, 0, .12166, 10}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Line line = {.arrivals_per_s = rows[i].arrivals,
                     .service_per_s = 1,
                     .servers = rows[i].servers,
                     .rule = {.queue = rows[i].queue}};
        line_run_jobs(&line, 4e6);
        CASE_NEAR("3", rows[i].about, line.refused / line.arrived, rows[i].refused,
                  .015 * rows[i].refused);
        line_end(&line);
    }
}

static void
impatient_jobs_leave_as_erlang_a_says(void)
{
    Line line = {.arrivals_per_s = 60,
                 .service_per_s = 1,
                 .servers = 50,
                 .rule = {.queue = -1},
                 .patience_s = 2,
                 .patience_varies = true,
                 .gives_up = true};
    Line critical = line, lazy = line;
    line_run_jobs(&line, 2e6);
    CASE_NEAR("4", "Erlang-A at 60: share that leaves", line.left / line.arrived, .16823,
              .02 * .16823);
    CASE_NEAR("4", "Erlang-A at 60: waiting", line.waiting_area / line_elapsed_s(&line), 20.187,
              .02 * 20.187);
    line_end(&line);
    critical.arrivals_per_s = 50;
    line_run_jobs(&critical, 4e6);
    CASE_NEAR("4", "Erlang-A at 50: share that leaves", critical.left / critical.arrived, .04668,
              .02 * .04668);
    line_end(&critical);
    /* Nobody leaves, but a server skips whose deadline has come: the same jobs are served. */
    lazy.gives_up = false;
    lazy.rule.cancel = true;
    line_run_jobs(&lazy, 2e6);
    CASE_NEAR("4", "the same at 60, cancelled when its turn comes", lazy.dropped / lazy.arrived,
              .16823, .02 * .16823);
    line_end(&lazy);
}

static void
shared_servers_care_for_the_mean_service_alone(void)
{
    for (int constant = 0; constant <= 1; constant++) {
        Line line = {.arrivals_per_s = .8,
                     .service_per_s = 1,
                     .servers = 1,
                     .rule = {.discipline = STATION_SHARING, .queue = -1},
                     .is_constant = constant};
        line_run_jobs(&line, 4e6);
        CASE_NEAR("5", constant ? "M/D/1-PS at .8: mean sojourn" : "M/M/1-PS at .8: mean sojourn",
                  line.in_hand_area / line.served, 5, .02 * 5);
        line_end(&line);
    }
}

static void
an_overloaded_server_collects_jobs_as_the_fluid_does(void)
{
    const uint32_t replications = 2000;
    double sum = 0, squares = 0;
    for (uint32_t i = 0; i < replications; i++) {
        Line line = {
            .arrivals_per_s = 150, .service_per_s = 100, .servers = 1, .rule = {.queue = -1}};
        line_begin(&line, i);
        line_run_seconds(&line, 10);
        double n = line_in_hand(&line);
        sum += n;
        squares += n * n;
        line_end(&line);
    }
    double mean = sum / replications, variance = squares / replications - mean * mean;
    CASE_NEAR("6", "overloaded M/M/1, n = 100: mean after 10 s", mean, 503.5, .01 * 503.5);
    CASE_NEAR("6", "overloaded M/M/1, n = 100: deviation", sqrt(variance), 50, .06 * 50);
}

static void
a_pulse_peaks_where_the_equations_say(void)
{
    const uint32_t replications = 4000;
    double at_end[41] = {0}, peak = 0;
    for (uint32_t i = 0; i < replications; i++) {
        Line line = {.arrivals_per_s = 7, .service_per_s = 1, .servers = 10, .rule = {.queue = -1}};
        line_begin(&line, i);
        line_run_seconds(&line, 20);
        line_arrivals_set(&line, 13);
        for (int k = 0; k <= 40; k++) {
            line_run_seconds(&line, k == 0 ? 0 : 1);
            at_end[k] += line_in_hand(&line);
            if (k == 20)
                line_arrivals_set(&line, 7);
        }
        line_end(&line);
    }
    for (int k = 0; k <= 40; k++)
        peak = fmax(peak, at_end[k] / replications);
    CASE_NEAR("7", "c = 10, pulse .7 to 1.3: peak", peak, 70.2, .02 * 70.2);
}

/* The rate of service within a second, in shares of what the servers can do, at 1.5 times that. */
static double
goodput_of(StationDiscipline discipline, Line *line)
{
    *line = (Line){.arrivals_per_s = 1500,
                   .service_per_s = 100,
                   .servers = 10,
                   .rule = {.discipline = discipline, .queue = -1},
                   .patience_s = 1,
                   .jobs_max = 1 << 18};
    line_begin(line, 0);
    line_run_seconds(line, 20);
    line_counts_reset(line);
    line_run_seconds(line, 200);
    double goodput = line->in_time / (1000 * line_elapsed_s(line));
    line_end(line);
    return goodput;
}

static void
in_overload_the_discipline_decides_what_is_in_time(void)
{
    Line line;
    CASE_NEAR("1.4", "1.5 times capacity, FIFO: in time", goodput_of(STATION_FIFO, &line), 0, .001);
    CASE_NEAR("1.4", "LIFO: in time", goodput_of(STATION_LIFO, &line), 1, .01);
    CASE_NEAR("1.4", "adaptive LIFO: in time", goodput_of(STATION_ADAPTIVE_LIFO, &line), 1, .01);
    CASE_NEAR("1.4", "CoDel: in time", goodput_of(STATION_CODEL, &line), 1, .02);
    CHECK(line.wait_most_s <= .1);
    CASE_NEAR("1.4", "CoDel: mean wait of the served, ms", 1e3 * line.wait_s / line.served, 13, 2);
}

static void
shared_servers_that_lose_callers_serve_the_small(void)
{
    static const struct {
        const char *about;
        double load, goodput;
        bool is_constant;
    } rows[] = {{"PS at 1.5, abort at 1 s, exponential: goodput", 1.5, .991, false},
                {"PS at 1.5, abort at 1 s, constant: goodput", 1.5, 0, true},
                {"PS at 1.2, abort at 1 s, exponential: goodput", 1.2, .991, false},
                {"PS at 1.2, abort at 1 s, constant: goodput", 1.2, .022, true}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Line line = {.arrivals_per_s = 100 * rows[i].load,
                     .service_per_s = 100,
                     .servers = 1,
                     .rule = {.discipline = STATION_SHARING, .queue = -1},
                     .is_constant = rows[i].is_constant,
                     .patience_s = 1,
                     .gives_up = true};
        line_begin(&line, 0);
        line_run_seconds(&line, 50);
        line_counts_reset(&line);
        line_run_seconds(&line, 2000);
        CASE_NEAR("1.4", rows[i].about, line.in_time / (100 * line_elapsed_s(&line)),
                  rows[i].goodput, .015);
        line_end(&line);
    }
}

/* Ten servers of 10 ms behind a limit. */
static Line
limited(Limiter *limiter, LimiterKind kind, double arrivals_per_s)
{
    limiter_init(limiter, kind, 0, sim_rng_named(1, 0, "limiter"));
    return (Line){.arrivals_per_s = arrivals_per_s,
                  .service_per_s = 100,
                  .servers = 10,
                  .rule = {.queue = -1},
                  .is_constant = true,
                  .limiter = limiter};
}

static double
limit_mean(const Line *line)
{
    return line->limit_sum / line->samples;
}

static double
served_of_capacity(const Line *line)
{
    return line->served / (line->servers * line->service_per_s * line_elapsed_s(line));
}

/* A sample tells of a limit that is a round trip old, so that all three swing. */
static void
gradient2_bounds_the_wait_of_an_overload(void)
{
    Limiter limiter;
    Line line = limited(&limiter, LIMITER_GRADIENT2, 2000);
    line_begin(&line, 0);
    line_run_seconds(&line, 120);
    CHECK(line.in_hand_most <= 200);
    CHECK(line.wait_most_s <= 200 / 1000.0);
    CASE_NEAR("3.2", "Gradient2, twice the capacity: longest wait, s", line.wait_most_s, .1, .1);
    CASE_NEAR("3.2", "Gradient2: mean limit", limit_mean(&line), 38, 4);
    CHECK(line.limit_least >= 20 && line.limit_most <= 85);
    CASE_NEAR("3.2", "Gradient2: served, of capacity", served_of_capacity(&line), 1, .01);
    line_end(&line);
}

static void
gradient2_comes_down_within_fifty_samples_of_a_step(void)
{
    Limiter limiter;
    Line line = limited(&limiter, LIMITER_GRADIENT2, 8000);
    line.servers = 100;
    line_begin(&line, 0);
    line_run_seconds(&line, 5);
    CASE_NEAR("3.2", "Gradient2, calm and four fifths busy: limit", limiter.limit, 200, 0);
    limiter.limit_min = 1;
    /* Four times slower: what has begun still ends as before, then the samples tell. */
    line.service_per_s = 25;
    while (limiter.short_rtt < .04)
        line_run_seconds(&line, 1e-6);
    line_counts_reset(&line);
    while (line.samples < 49)
        line_run_seconds(&line, 1e-6);
    double gradient = fmax(.5, fmin(1, limiter.long_rtt / limiter.short_rtt));
    CASE_NEAR("3.2", "Gradient2, 50 samples after a step: limit", limiter.limit, 8, 1);
    CHECK(limiter.limit <= 4 / (1 - gradient) + 1);
    line_end(&line);
}

/* Ten servers and a room for twenty: what goes beyond is refused, and takes a tenth off. */
static void
aimd_saws_around_the_room_that_refuses(void)
{
    Limiter limiter;
    Line line = limited(&limiter, LIMITER_AIMD, 2000);
    line.rule.queue = 20;
    line.is_constant = false;
    line_begin(&line, 0);
    line_run_seconds(&line, 1);
    line_counts_reset(&line);
    line_run_seconds(&line, 60);
    CASE_NEAR("3.1", "AIMD, room for 30: least limit", line.limit_least, 27, 0);
    CASE_NEAR("3.1", "AIMD, room for 30: mean limit", limit_mean(&line), 32, 3);
    CHECK(line.limit_most <= 61); /* half of it must be in use */
    CASE_NEAR("3.1", "AIMD: served, of capacity", served_of_capacity(&line), 1, .01);
    line_end(&line);
}

static void
vegas_swings_around_what_is_served(void)
{
    Limiter limiter;
    Line line = limited(&limiter, LIMITER_VEGAS, 2000);
    line_begin(&line, 0);
    line_run_seconds(&line, 120);
    CASE_NEAR("3.1", "Vegas, twice the capacity: mean limit", limit_mean(&line), 27, 4);
    CHECK(line.limit_least >= 6 && line.limit_most <= 80);
    CASE_NEAR("3.1", "Vegas: served, of capacity", served_of_capacity(&line), .957, .02);
    line_end(&line);
}

static CU_TestInfo tests[] = {
    {"one_server_keeps_its_jobs_as_long_as_the_formula_says",
     one_server_keeps_its_jobs_as_long_as_the_formula_says},
    {"many_servers_make_wait_whom_the_formula_says", many_servers_make_wait_whom_the_formula_says},
    {"full_rooms_refuse_as_many_as_the_formula_says",
     full_rooms_refuse_as_many_as_the_formula_says},
    {"impatient_jobs_leave_as_erlang_a_says", impatient_jobs_leave_as_erlang_a_says},
    {"shared_servers_care_for_the_mean_service_alone",
     shared_servers_care_for_the_mean_service_alone},
    {"an_overloaded_server_collects_jobs_as_the_fluid_does",
     an_overloaded_server_collects_jobs_as_the_fluid_does},
    {"a_pulse_peaks_where_the_equations_say", a_pulse_peaks_where_the_equations_say},
    {"in_overload_the_discipline_decides_what_is_in_time",
     in_overload_the_discipline_decides_what_is_in_time},
    {"shared_servers_that_lose_callers_serve_the_small",
     shared_servers_that_lose_callers_serve_the_small},
    {"gradient2_bounds_the_wait_of_an_overload", gradient2_bounds_the_wait_of_an_overload},
    {"gradient2_comes_down_within_fifty_samples_of_a_step",
     gradient2_comes_down_within_fifty_samples_of_a_step},
    {"aimd_saws_around_the_room_that_refuses", aimd_saws_around_the_room_that_refuses},
    {"vegas_swings_around_what_is_served", vegas_swings_around_what_is_served},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("stations", tests)
