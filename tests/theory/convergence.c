/*
 * How long routes take, against what was measured on the Internet; and the two ways of telling it,
 * delays on the changed set and message by message, against each other.
 *
 * The graph is a generated one of as many networks as the real one had in December 2017, where an
 * edge of 40 providers and 192 peers announces: what collectors saw of AS13335 then.
 */
#include "models/convergence.h"
#include "models/bgp.h"
#include "models/internet_generate.h"
#include "tests/harness.h"
#include "tests/told_anycast.h"

#include <stdio.h>

enum { N_TRANSITS = 40, N_PEERS = 192, N_SESSIONS = N_TRANSITS + N_PEERS };

typedef struct Trial {
    Geo *geo;
    Internet *internet;
    Interconnect *interconnect;
    SimArena *arena;
    Bgp *bgp;
    SimRng rng;
    bool is_up[N_SESSIONS];
} Trial;

/* Some tier 1 and other sellers of transit, peers of all kinds. */
static Interconnect *
edge_of(const Internet *internet, SimRng *rng)
{
    InterconnectSession sessions[N_SESSIONS];
    g_autofree bool *has_one = g_new0(bool, internet->n);
    double n = internet->n, n_transit = 0.15 * n;
    for (uint32_t i = 0; i < N_SESSIONS;) {
        double unit = sim_rng_unit(rng);
        double at = i < 8            ? i
                    : i < N_TRANSITS ? unit * unit * n_transit / 2
                    : i % 3          ? unit * n_transit
                                     : unit * n;
        uint32_t network = (uint32_t)at;
        if (has_one[network])
            continue;
        has_one[network] = true;
        sessions[i] = (InterconnectSession){
            .network = network, .class = i < N_TRANSITS ? SESSION_CUSTOMER : SESSION_PEER};
        i++;
    }
    return interconnect_of(internet->n, 1, sessions, N_SESSIONS);
}

static Trial
trial_of(uint32_t n, const BgpOptions *options, uint64_t seed)
{
    Trial trial = {.arena = sim_arena_new(0), .rng = sim_rng_named(seed, 0, "trial")};
    CHECK(geo_load(NULL, NULL, &trial.geo, NULL));
    trial.internet = internet_generate(trial.geo, &(InternetOptions){.seed = seed, .networks = n});
    trial.interconnect = edge_of(trial.internet, &trial.rng);
    trial.bgp = bgp_new(trial.internet, trial.interconnect, options, sim_rng_named(seed, 0, "bgp"),
                        trial.arena);
    return trial;
}

static void
trial_drop(Trial *trial)
{
    sim_arena_free(trial->arena);
    interconnect_free(trial->interconnect);
    internet_free(trial->internet);
    geo_free(trial->geo);
}

/* Sessions that are not so already, with that chance; messages sent. */
static uint64_t
turn(Trial *trial, bool is_up, double chance)
{
    bgp_count_anew(trial->bgp);
    for (uint32_t s = 0; s < N_SESSIONS; s++)
        if (trial->is_up[s] != is_up && sim_rng_chance(&trial->rng, chance)) {
            trial->is_up[s] = is_up;
            bgp_session_set(trial->bgp, s, is_up, 0);
        }
    return bgp_run(trial->bgp);
}

/* ---- samples ---- */

static int
compare_doubles(const void *a, const void *b, void *unused)
{
    double x = *(const double *)a, y = *(const double *)b;
    (void)unused;
    return (x > y) - (x < y);
}

typedef struct Sample {
    GArray *seconds;
} Sample;

static Sample
sample_new(void)
{
    return (Sample){g_array_new(FALSE, FALSE, sizeof(double))};
}

static void
add(Sample *sample, double seconds)
{
    g_array_append_val(sample->seconds, seconds);
}

static void
sort(Sample *sample)
{
    g_qsort_with_data(sample->seconds->data, (int)sample->seconds->len, sizeof(double),
                      compare_doubles, NULL);
}

static double
quantile(const Sample *sample, double p)
{
    uint32_t i = (uint32_t)(p * sample->seconds->len);
    return g_array_index(sample->seconds, double, MIN(i, sample->seconds->len - 1));
}

static double
mean(const Sample *sample)
{
    double sum = 0;
    for (uint32_t i = 0; i < sample->seconds->len; i++)
        sum += g_array_index(sample->seconds, double, i);
    return sum / sample->seconds->len;
}

static void
add_times(Sample *sample, const Trial *trial, SimTime (*time)(const Bgp *, uint32_t))
{
    for (uint32_t v = 0; v < trial->internet->n; v++)
        if (time(trial->bgp, v) != SIM_TIME_MAX)
            add(sample, sim_seconds(time(trial->bgp, v)));
}

static void
drop(Sample *sample)
{
    g_array_free(sample->seconds, TRUE);
}

/* ---- message by message, against the Internet ---- */

typedef struct Row {
    double share, hop;
    /* Measured. */
    double first[3], partial[4], gone[3], mean, ratio, changes;
} Row;

static void
measure_partial(Trial *trial, Row *row)
{
    Sample sample = sample_new();
    for (int i = 0; i < 5; i++) {
        turn(trial, false, 0.15);
        add_times(&sample, trial, bgp_last_change);
        turn(trial, true, 1);
    }
    sort(&sample);
    const double at[] = {0.5, 0.8, 0.9, 0.99};
    for (int i = 0; i < 4; i++)
        row->partial[i] = quantile(&sample, at[i]);
    drop(&sample);
}

static void
measure(Row *row)
{
    BgpOptions options = BGP_DEFAULTS;
    options.mrai_share = row->share;
    options.hop_median = sim_from_seconds(row->hop);
    Trial trial = trial_of(60000, &options, 1);
    Sample first = sample_new(), gone = sample_new();
    double n_announced = (double)turn(&trial, true, 1);
    add_times(&first, &trial, bgp_first_route);
    CHECK_INT(first.seconds->len, trial.internet->n);
    measure_partial(&trial, row);
    row->ratio = (double)turn(&trial, false, 1) / n_announced;
    add_times(&gone, &trial, bgp_last_change);
    for (uint32_t v = 0; v < trial.internet->n; v++)
        row->changes += bgp_changes(trial.bgp, v) / (double)trial.internet->n;
    sort(&first);
    sort(&gone);
    const double first_at[] = {0.5, 0.9, 0.99}, gone_at[] = {0.5, 0.9, 1};
    for (int i = 0; i < 3; i++) {
        row->first[i] = quantile(&first, first_at[i]);
        row->gone[i] = quantile(&gone, gone_at[i]);
    }
    row->mean = mean(&gone);
    drop(&first);
    drop(&gone);
    trial_drop(&trial);
}

static void
print_row(const Row *row)
{
    printf("%.1f, %.1f s      %5.1f %5.1f %5.1f   %5.1f %5.1f %5.1f %5.1f   %4.0f %4.0f %4.0f   "
           "%4.0f  %4.1f   %4.1f\n",
           row->share, row->hop, row->first[0], row->first[1], row->first[2], row->partial[0],
           row->partial[1], row->partial[2], row->partial[3], row->gone[0], row->gone[1],
           row->gone[2], row->mean, row->ratio, row->changes);
}

static void
messages_take_as_long_as_was_measured(void)
{
    Row rows[] = {{.share = 0.5, .hop = 1.0},
                  {.share = 0.5, .hop = 1.5},
                  {.share = 0.4, .hop = 1.5},
                  {.share = 0.3, .hop = 2.0},
                  {.share = 0, .hop = 0.5}};
    printf("timer, hop      first route t50/90/99   15 %% withdrawn t50/80/90/99   all withdrawn "
           "t50/90/max mean  ratio changes\n");
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        measure(&rows[i]);
        print_row(&rows[i]);
    }
    printf("published       50 %% < 10, all 38      80 %% ~10, long tail           10 %% left at "
           "~120, mean 121    ~4\n");
    const Row *ours = &rows[1];
    CHECK(ours->first[0] < 10 && ours->first[2] < 38);
    CHECK(ours->partial[1] > 5 && ours->partial[1] < 15);
    CHECK(ours->partial[3] > 3 * ours->partial[0]);
    CHECK(ours->gone[1] > 90 && ours->gone[1] < 200);
    CHECK(ours->ratio > 2.5 && ours->ratio < 5);
    /* What the timer is for: without it, the search sends far more messages, but ends sooner. */
    CHECK(rows[4].changes > 1.5 * ours->changes && rows[4].ratio > ours->ratio);
    CHECK(rows[4].gone[0] < 0.6 * ours->gone[0]);
    CHECK(rows[0].gone[0] < ours->gone[0] && rows[3].gone[0] > ours->gone[0]);
}

/* ---- delays on the changed set, against messages ---- */

/* What the messages have led to, as an Anycast of one place for each network. */
typedef struct Told {
    Anycast anycast;
    Internet flat; /* a place for each network */
    uint32_t *parent, *pop;
    bool *is_changed;
    SimTime *delay;
} Told;

static void
take_routes(Told *told, const Trial *trial)
{
    for (uint32_t v = 0; v < told->flat.n; v++) {
        told->anycast.rank[v] = bgp_rank(trial->bgp, v);
        told->anycast.parent[v] = bgp_next(trial->bgp, v);
        told->anycast.pop[v] = told->anycast.rank[v] == ANYCAST_UNREACHABLE ? SIM_NONE : 0;
    }
}

static void
told_init(Told *told, const Trial *trial)
{
    uint32_t n = trial->internet->n;
    *told = (Told){.flat = *trial->internet, .parent = g_new(uint32_t, n)};
    told->flat.n_places = n;
    told->flat.network = g_new(uint32_t, n);
    for (uint32_t v = 0; v < n; v++)
        told->flat.network[v] = v;
    told_anycast_init(&told->anycast, &told->flat);
    told->pop = g_new(uint32_t, n);
    told->is_changed = g_new(bool, n);
    told->delay = g_new(SimTime, n);
    take_routes(told, trial);
}

static void
told_clear(Told *told)
{
    told_anycast_clear(&told->anycast);
    g_free(told->flat.network);
    g_free(told->parent);
    g_free(told->pop);
    g_free(told->is_changed);
    g_free(told->delay);
}

/* Of the new ways, those on which somebody sends to another neighbour than before. */
static void
find_changes(Told *told)
{
    Anycast *anycast = &told->anycast;
    anycast->n_changes = 0;
    for (uint32_t v = 0; v < told->flat.n; v++)
        told->is_changed[v] =
            told->parent[v] != anycast->parent[v] || told->pop[v] != anycast->pop[v];
    for (uint32_t v = 0; v < told->flat.n; v++) {
        uint32_t p = v;
        while (p != SIM_NONE && !told->is_changed[p])
            p = anycast->parent[p];
        if (p != SIM_NONE)
            anycast->changes[anycast->n_changes++] =
                (AnycastChange){.place = v, .from = told->pop[v], .to = anycast->pop[v]};
    }
}

/* By messages: when the last network on its way moved; who has none, when it gave up. */
static SimTime
moved(const Told *told, const Bgp *bgp, uint32_t v)
{
    SimTime last = 0;
    for (; v != SIM_NONE; v = told->anycast.parent[v])
        if (bgp_last_move(bgp, v) != SIM_TIME_MAX)
            last = MAX(last, bgp_last_move(bgp, v));
    return last;
}

/* One change by both. */
static void
compare_change(Trial *trial, Told *told, Convergence *convergence, bool is_up, double chance,
               Sample samples[2])
{
    Anycast *anycast = &told->anycast;
    memcpy(told->parent, anycast->parent, told->flat.n * sizeof *told->parent);
    memcpy(told->pop, anycast->pop, told->flat.n * sizeof *told->pop);
    turn(trial, is_up, chance);
    take_routes(told, trial);
    find_changes(told);
    convergence_follow(convergence, anycast, is_up ? ROUTE_ANNOUNCE : ROUTE_DRAIN, 0, told->delay);
    for (uint32_t i = 0; i < anycast->n_changes; i++) {
        add(&samples[0], sim_seconds(told->delay[i]));
        add(&samples[1], sim_seconds(moved(told, trial->bgp, anycast->changes[i].place)));
    }
}

/* The quantiles of delays are those of messages, times at most the factor either way. */
static void
check_quantiles(const char *name, Sample samples[2], double factor)
{
    const double at[] = {0.1, 0.5, 0.8, 0.9, 0.99};
    const char *const of[] = {"delays", "messages"};
    for (int k = 0; k < 2; k++) {
        sort(&samples[k]);
        printf("%-10s %-9s n %7u", name, of[k], samples[k].seconds->len);
        for (size_t i = 0; i < G_N_ELEMENTS(at); i++)
            printf("  t%.0f %5.1f", 100 * at[i], quantile(&samples[k], at[i]));
        printf("  mean %5.1f  max %5.1f\n", mean(&samples[k]), quantile(&samples[k], 1));
    }
    for (size_t i = 1; i < G_N_ELEMENTS(at); i++) {
        double ratio = quantile(&samples[0], at[i]) / quantile(&samples[1], at[i]);
        CHECK(ratio < factor && ratio > 1 / factor);
    }
}

static void
delays_agree_with_messages(void)
{
    Sample samples[3][2];
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++)
            samples[i][k] = sample_new();
    for (uint64_t seed = 1; seed <= 8; seed++) {
        Trial trial = trial_of(20000, &BGP_DEFAULTS, seed);
        turn(&trial, true, 1);
        Told told;
        told_init(&told, &trial);
        Convergence *convergence =
            convergence_new(&told.anycast, &CONVERGENCE_DEFAULTS,
                            sim_rng_named(seed, 0, "convergence"), trial.arena);
        for (int i = 0; i < 20; i++) {
            compare_change(&trial, &told, convergence, false, 0.15, samples[0]);
            compare_change(&trial, &told, convergence, true, 1, samples[1]);
        }
        compare_change(&trial, &told, convergence, false, 1, samples[2]);
        told_clear(&told);
        trial_drop(&trial);
    }
    check_quantiles("withdrawn", samples[0], 1.5);
    check_quantiles("announced", samples[1], 1.5);
    /* The default graph of 20,000 stands for the whole Internet, so that hunting takes as long as
     * there, and longer than messages take among 20,000. */
    check_quantiles("all gone", samples[2], 2.5);
    CHECK_NEAR(mean(&samples[2][0]), 121, 20);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++)
            drop(&samples[i][k]);
}

static CU_TestInfo tests[] = {
    {"messages_take_as_long_as_was_measured", messages_take_as_long_as_was_measured},
    {"delays_agree_with_messages", delays_agree_with_messages},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("theory_convergence", tests)
