#include "models/convergence.h"
#include "tests/harness.h"
#include "tests/told_anycast.h"

#include <math.h>
#include <string.h>

/* A run of changes on one graph. */
typedef struct Case {
    Internet *internet;
    SimArena *arena;
    Anycast anycast;
    Convergence *convergence;
    SimTime *delay; /* [place] of the latest change; -1 if not changed */
} Case;

/* Peers "8=9"; the provider before its customer, "5>1". */
static Internet *
internet_of(const char *text)
{
    g_autoptr(InternetBuilder) builder = internet_builder_new();
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word; word++) {
        char *end;
        uint32_t a = (uint32_t)g_ascii_strtoull(*word, &end, 10);
        uint32_t b = (uint32_t)g_ascii_strtoull(end + 1, NULL, 10);
        CHECK(*end == '>' ? internet_builder_transit(builder, a, b, NULL)
                          : internet_builder_peering(builder, a, b, NULL));
    }
    return internet_builder_finish(builder, NULL);
}

/* Ways from the edge, the last network last: "A 2 30" reaches PoP A over network 2, "- 30" nothing.
 * A prefix says the class of the rank: c, r, p; provider without. */
static void
set_way(Anycast *anycast, const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    uint32_t parent = SIM_NONE;
    for (int i = 1; words[i]; i++) {
        const char *word = words[i];
        const char *class = strchr("crp", *word);
        unsigned rank = class ? (unsigned)(class - "crp") : 2;
        char *end;
        uint32_t asn = (uint32_t)g_ascii_strtoull(class ? word + 1 : word, &end, 10);
        uint32_t v = internet_find(anycast->internet, asn);
        bool reaches = *words[0] != '-';
        anycast->rank[v] =
            reaches ? (uint8_t)(rank * ANYCAST_CLASS_STEP + (unsigned)i) : ANYCAST_UNREACHABLE;
        anycast->parent[v] = reaches ? parent : SIM_NONE;
        anycast->pop[v] = reaches ? (uint32_t)(*words[0] - 'A') : SIM_NONE;
        parent = v;
    }
}

static void
set_ways(Anycast *anycast, const char *text)
{
    g_auto(GStrv) ways = g_strsplit(text, ", ", -1);
    for (char **way = ways; *way; way++)
        set_way(anycast, *way);
}

static Case
case_with(const char *graph, const char *ways, const ConvergenceOptions *options, uint64_t seed)
{
    Case c = {.internet = internet_of(graph), .arena = sim_arena_new((size_t)64 << 20)};
    uint32_t n = c.internet->n;
    told_anycast_init(&c.anycast, c.internet);
    c.delay = g_new(SimTime, n);
    set_ways(&c.anycast, ways);
    c.convergence =
        convergence_new(&c.anycast, options, sim_rng_named(seed, 0, "convergence"), c.arena);
    return c;
}

static Case
case_of(const char *graph, const char *ways)
{
    return case_with(graph, ways, &CONVERGENCE_DEFAULTS, 1);
}

static void
case_drop(Case *c)
{
    sim_arena_free(c->arena);
    internet_free(c->internet);
    told_anycast_clear(&c->anycast);
    g_free(c->delay);
}

/* The ways that are new, and for how long each network goes its old one. */
static void
change(Case *c, const char *ways, RouteCause cause, SimTime hold)
{
    uint32_t n = c->internet->n, n_changes = 0;
    g_autofree uint32_t *parent = g_memdup2(c->anycast.parent, n * sizeof *parent);
    g_autofree uint32_t *pop = g_memdup2(c->anycast.pop, n * sizeof *pop);
    g_autofree SimTime *delay = g_new(SimTime, n);
    set_ways(&c->anycast, ways);
    for (uint32_t v = 0; v < n; v++)
        if (pop[v] != c->anycast.pop[v] || parent[v] != c->anycast.parent[v])
            c->anycast.changes[n_changes++] =
                (AnycastChange){.place = v, .from = pop[v], .to = c->anycast.pop[v]};
    c->anycast.n_changes = n_changes;
    convergence_follow(c->convergence, &c->anycast, cause, hold, delay);
    for (uint32_t v = 0; v < n; v++)
        c->delay[v] = -1;
    for (uint32_t i = 0; i < n_changes; i++)
        c->delay[c->anycast.changes[i].place] = delay[i];
}

static SimTime
delay(const Case *c, uint32_t asn)
{
    return c->delay[internet_find(c->internet, asn)];
}

static ConvergenceOptions
even_hops(void)
{
    ConvergenceOptions options = CONVERGENCE_DEFAULTS;
    options.hop_sigma = 0;
    options.again_share = 0;
    return options;
}

static void
a_network_with_another_session_moves_inside(void)
{
    ConvergenceOptions options = even_hops();
    for (uint64_t seed = 0; seed < 50; seed++) {
        Case c = case_with("2>3 3>4", "A 2 3 4", &options, seed);
        change(&c, "B 2 3 4", ROUTE_CUT, 0);
        CHECK(delay(&c, 2) >= options.detect + options.inside_least);
        CHECK(delay(&c, 2) <= options.detect + options.inside_most);
        CHECK_INT(delay(&c, 3), delay(&c, 2));
        CHECK_INT(delay(&c, 4), delay(&c, 2));
        change(&c, "A 2 3 4", ROUTE_ANNOUNCE, 0);
        CHECK(delay(&c, 2) >= options.hop_median + options.inside_least);
        CHECK(delay(&c, 2) <= options.hop_median + options.inside_most);
        CHECK_INT(delay(&c, 4), delay(&c, 2));
        case_drop(&c);
    }
}

static void
news_goes_hop_by_hop_down_the_old_way(void)
{
    ConvergenceOptions options = even_hops();
    Case c = case_with("2>3 3>4 5>4 5>3", "A 2 3 4, B 5", &options, 1);
    change(&c, "B 5 3 4", ROUTE_CUT, 0);
    /* 2 still goes to A in this telling; 3 hears of it one hop after 2 noticed. */
    CHECK_INT(delay(&c, 3), 0 + options.hop_median);
    change(&c, "A 2 3 4", ROUTE_ANNOUNCE, 0);
    CHECK_INT(delay(&c, 3), options.hop_median);
    CHECK_INT(delay(&c, 4), options.hop_median);
    case_drop(&c);
}

static void
what_is_known_is_taken_when_the_old_way_is_gone(void)
{
    ConvergenceOptions options = even_hops();
    Case c = case_with("2>3 3>4 5>2 5>4", "A 2 3 4, B 5", &options, 1);
    change(&c, "B 5 2 3, B 5 4", ROUTE_CUT, 0);
    CHECK_INT(delay(&c, 5), -1);
    CHECK_INT(delay(&c, 2), options.detect);
    CHECK_INT(delay(&c, 3), options.detect);
    CHECK_INT(delay(&c, 4), options.detect + 2 * options.hop_median);
    case_drop(&c);
}

static void
a_drain_is_a_message_and_a_cut_is_seen(void)
{
    ConvergenceOptions options = even_hops();
    Case c = case_with("5>2 2>3", "A 2 3, B 5", &options, 1);
    change(&c, "B 5 2 3", ROUTE_DRAIN, 0);
    CHECK_INT(delay(&c, 2), options.hop_median);
    CHECK_INT(delay(&c, 3), options.hop_median);
    case_drop(&c);
}

/* 2 heard the edge itself and told 5, which told 2 nothing, since its own route led through 2: so
 * 5's other route is news to 2. */
static void
what_is_not_known_waits_for_the_neighbour_and_its_timer(void)
{
    ConvergenceOptions options = even_hops();
    int n_waited = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        Case c = case_with("5>2 6>5", "A c2 c5, B 6", &options, seed);
        change(&c, "B 6 5 2", ROUTE_CUT, 0);
        SimTime heard = options.detect + options.hop_median;
        CHECK_INT(delay(&c, 5), heard);
        SimTime least = heard + options.hop_median;
        CHECK(delay(&c, 2) >= least && delay(&c, 2) <= least + options.mrai);
        n_waited += delay(&c, 2) > least;
        case_drop(&c);
    }
    CHECK_NEAR(n_waited, 100, 4 * 7.1);
}

/* Case A7. */
static void
a_silent_death_takes_its_hold_time_and_then_what_others_take(void)
{
    const char *graph = "2>3 5>2 5>7 2=8", *before = "A 2 3, A r8, B 5 7", *after = "B 5 2 3, - 8";
    Case silent = case_of(graph, before), cut = case_of(graph, before);
    change(&silent, after, ROUTE_SILENT, 90 * SIM_SECOND);
    change(&cut, after, ROUTE_CUT, 0);
    for (uint32_t asn = 2; asn <= 3; asn++)
        CHECK_INT(delay(&silent, asn),
                  delay(&cut, asn) + 90 * SIM_SECOND - CONVERGENCE_DEFAULTS.detect);
    CHECK(delay(&silent, 8) >= 90 * SIM_SECOND);
    CHECK_INT(delay(&silent, 7), -1);
    case_drop(&silent);
    case_drop(&cut);
}

static void
hold_times_are_drawn_by_session(void)
{
    double sum = 0;
    for (uint64_t seed = 0; seed < 500; seed++) {
        Case c = case_with("5>2 5>3", "A 2, A 3, B 5", &CONVERGENCE_DEFAULTS, seed);
        change(&c, "B 5 2, B 5 3", ROUTE_SILENT, 0);
        CHECK(delay(&c, 2) >= 60 * SIM_SECOND && delay(&c, 2) <= 90 * SIM_SECOND);
        CHECK(delay(&c, 2) != delay(&c, 3));
        sum += sim_seconds(delay(&c, 2));
        case_drop(&c);
    }
    CHECK_NEAR(sum / 500, 75, 4 * 8.66 / 22.4);
}

static void
announcements_arrive_later_the_longer_the_way(void)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        Case c = case_with("2>3 3>4 4>5", "- 2 3 4 5", &CONVERGENCE_DEFAULTS, seed);
        change(&c, "A 2 3 4 5", ROUTE_ANNOUNCE, 0);
        CHECK(delay(&c, 2) > 0);
        for (uint32_t asn = 3; asn <= 5; asn++)
            CHECK(delay(&c, asn) > delay(&c, asn - 1));
        case_drop(&c);
    }
}

static void
hops_have_the_law_of_their_options(void)
{
    int n_below = 0, n_below_sigma = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        Case c = case_with("2>3", "- 2 3", &CONVERGENCE_DEFAULTS, seed);
        change(&c, "A 2 3", ROUTE_ANNOUNCE, 0);
        n_below += delay(&c, 2) < CONVERGENCE_DEFAULTS.hop_median;
        /* The median times e: one sigma. */
        n_below_sigma += sim_seconds(delay(&c, 2)) < 1.5 * 2.718281828;
        case_drop(&c);
    }
    CHECK_NEAR(n_below, 500, 4 * 15.8);
    CHECK_NEAR(n_below_sigma, 841.3, 4 * 11.6);
}

/* As many networks with two providers below one PoP, and one with a single provider. */
static double
median_of_hunt(uint32_t n)
{
    g_autoptr(GString) graph = g_string_new("2>4 2>5 4>3");
    g_autoptr(GString) ways = g_string_new("A 2 4 3, A 2 5");
    g_autoptr(GString) gone = g_string_new("- 2 4 3, - 5");
    for (uint32_t i = 0; i < n; i++) {
        g_string_append_printf(graph, " 4>%u 5>%u", 100 + i, 100 + i);
        g_string_append_printf(ways, ", A 2 4 %u", 100 + i);
        g_string_append_printf(gone, ", - %u", 100 + i);
    }
    ConvergenceOptions options = CONVERGENCE_DEFAULTS;
    options.hop_median = SIM_MILLISECOND;
    Case c = case_with(graph->str, ways->str, &options, 1);
    change(&c, gone->str, ROUTE_CUT, 0);
    CHECK(delay(&c, 3) > delay(&c, 4) && delay(&c, 3) < delay(&c, 4) + SIM_SECOND);
    g_autofree double *seconds = g_new(double, n);
    for (uint32_t i = 0; i < n; i++) {
        double value = sim_seconds(delay(&c, 100 + i));
        uint32_t k = i;
        for (; k > 0 && seconds[k - 1] > value; k--)
            seconds[k] = seconds[k - 1];
        seconds[k] = value;
    }
    double median = seconds[n / 2];
    case_drop(&c);
    return median;
}

static void
hunting_grows_as_the_root_of_how_many_hunt(void)
{
    for (uint32_t n = 100; n <= 900; n *= 3) {
        double want = sim_seconds(CONVERGENCE_DEFAULTS.hunt_median) *
                      sqrt((n + 4) / (double)CONVERGENCE_DEFAULTS.hunt_networks);
        /* The median of n lognormals has the standard error 1.2533 sigma / sqrt(n). */
        CHECK_NEAR(median_of_hunt(n), want + 0.3, want * 4 * 1.2533 * 0.25 / sqrt(n));
    }
}

static void
one_network_more_moves_nobody_elses_delay(void)
{
    Case few = case_of("2>3 3>4 5>3", "A 2 3 4, B 5");
    Case more = case_of("1>2 2>3 3>4 5>3 3>35 4>45", "A 2 3 4, A 2 1, A 2 3 35, A 2 3 4 45, B 5");
    change(&few, "- 2, B 5 3 4", ROUTE_CUT, 0);
    change(&more, "- 2, - 1, B 5 3 4, B 5 3 35, B 5 3 4 45", ROUTE_CUT, 0);
    CHECK_INT(delay(&more, 3), delay(&few, 3));
    CHECK_INT(delay(&more, 4), delay(&few, 4));
    case_drop(&few);
    case_drop(&more);
}

static void
each_change_has_numbers_of_its_own_and_snapshots_repeat_them(void)
{
    Case c = case_of("5>2 2>3", "A 2 3, B 5");
    g_autoptr(SimSnapshot) snapshot = sim_arena_snapshot(c.arena);
    change(&c, "B 5 2 3", ROUTE_DRAIN, 0);
    SimTime first = delay(&c, 2);
    change(&c, "A 2 3", ROUTE_ANNOUNCE, 0);
    change(&c, "B 5 2 3", ROUTE_DRAIN, 0);
    CHECK(delay(&c, 2) != first);
    change(&c, "A 2 3", ROUTE_ANNOUNCE, 0);
    sim_arena_restore(c.arena, snapshot);
    change(&c, "B 5 2 3", ROUTE_DRAIN, 0);
    CHECK_INT(delay(&c, 2), first);
    case_drop(&c);
}

static CU_TestInfo tests[] = {
    {"a_network_with_another_session_moves_inside", a_network_with_another_session_moves_inside},
    {"news_goes_hop_by_hop_down_the_old_way", news_goes_hop_by_hop_down_the_old_way},
    {"what_is_known_is_taken_when_the_old_way_is_gone",
     what_is_known_is_taken_when_the_old_way_is_gone},
    {"a_drain_is_a_message_and_a_cut_is_seen", a_drain_is_a_message_and_a_cut_is_seen},
    {"what_is_not_known_waits_for_the_neighbour_and_its_timer",
     what_is_not_known_waits_for_the_neighbour_and_its_timer},
    {"a_silent_death_takes_its_hold_time_and_then_what_others_take",
     a_silent_death_takes_its_hold_time_and_then_what_others_take},
    {"hold_times_are_drawn_by_session", hold_times_are_drawn_by_session},
    {"announcements_arrive_later_the_longer_the_way",
     announcements_arrive_later_the_longer_the_way},
    {"hops_have_the_law_of_their_options", hops_have_the_law_of_their_options},
    {"hunting_grows_as_the_root_of_how_many_hunt", hunting_grows_as_the_root_of_how_many_hunt},
    {"one_network_more_moves_nobody_elses_delay", one_network_more_moves_nobody_elses_delay},
    {"each_change_has_numbers_of_its_own_and_snapshots_repeat_them",
     each_change_has_numbers_of_its_own_and_snapshots_repeat_them},
    CU_TEST_INFO_NULL,
};

TEST_MAIN("convergence", tests)
