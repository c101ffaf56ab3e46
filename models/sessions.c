#include "models/sessions.h"

#include <math.h>

enum { SLOTS = 1024 };

typedef struct Population {
    bool is_used;
    double users, open, return_share, balance;
    SimTime width; /* of a slot */
    double *ends;  /* [slot] sessions that end in it, a ring */
    double *law;   /* [slot] share of new sessions that end so many slots later */
    int64_t slot;  /* the one in hand */
    double opened; /* in the slot in hand */
    SimTime at;
} Population;

struct Sessions {
    const World *world;
    Population *of_site;
    uint32_t *of_login;
};

/* Slots reach to where hardly any session is left; the last one takes the rest.  What opens in the
 * middle of a slot ends in the middle of the one in which its time is up. */
static void
spread_law(Population *population, const SimLaw *law)
{
    SimTime longest = sim_law_quantile(law, 0.999);
    population->width = longest / (SLOTS - 2) + SIM_SECOND;
    double before = 0;
    for (uint32_t i = 0; i < SLOTS - 1; i++) {
        double until = sim_law_cdf(law, population->width * (SimTime)i + population->width * 3 / 2);
        population->law[i] = until - before;
        before = until;
    }
    population->law[SLOTS - 1] = 1 - before;
}

/* In balance, the rest of an open session's life has the density (1 - F) / mean. */
static void
fill_at_start(Population *population)
{
    double left = 1, mean = 0;
    for (uint32_t i = 0; i < SLOTS; i++) {
        population->ends[i] = fmax(0, left);
        mean += population->ends[i];
        left -= population->law[i];
    }
    for (uint32_t i = 0; i < SLOTS; i++)
        population->ends[i] *= population->users / mean;
    population->balance = population->users / (mean * sim_seconds(population->width));
}

Sessions *
sessions_new(const World *world, SimArena *arena)
{
    Sessions *sessions = SIM_ARENA_NEW(arena, Sessions, 1);
    sessions->world = world;
    sessions->of_site = SIM_ARENA_NEW(arena, Population, world->n_sites);
    sessions->of_login = SIM_ARENA_NEW(arena, uint32_t, world->n_sites);
    for (uint32_t s = 0; s < world->n_sites; s++)
        sessions->of_login[s] = SIM_NONE;
    for (uint32_t s = 0; s < world->n_sites; s++) {
        const SessionsSpec *spec = &world_site(world, s)->sessions;
        if (spec->login == SIM_NONE)
            continue;
        Population *population = &sessions->of_site[s];
        *population = (Population){.is_used = true,
                                   .users = spec->users,
                                   .open = spec->users,
                                   .return_share = spec->return_share,
                                   .ends = SIM_ARENA_NEW(arena, double, SLOTS),
                                   .law = SIM_ARENA_NEW(arena, double, SLOTS)};
        spread_law(population, &spec->lifetime);
        fill_at_start(population);
        sessions->of_login[spec->login] = s;
    }
    return sessions;
}

double
sessions_balance(const Sessions *sessions, uint32_t site)
{
    return sessions->of_site[site].balance;
}

static double
end_rate(const Population *population)
{
    return population->ends[population->slot % SLOTS] / sim_seconds(population->width);
}

/* Closes the slot in hand: what opened in it will end by the law, from the next slot on. */
static void
roll(Population *population)
{
    population->ends[population->slot % SLOTS] = 0;
    for (uint32_t i = 0; i < SLOTS; i++)
        population->ends[(population->slot + 1 + i) % SLOTS] +=
            population->opened * population->law[i];
    population->opened = 0;
    population->slot++;
}

void
sessions_advance(Sessions *sessions, uint32_t site, SimTime to, double opened)
{
    Population *population = &sessions->of_site[site];
    if (!population->is_used)
        return;
    population->open += opened;
    double rate = to > population->at ? opened / sim_seconds(to - population->at) : 0;
    population->opened += to > population->at ? 0 : opened;
    while (population->at < to) {
        SimTime edge = population->width * (population->slot + 1);
        SimTime until = edge < to ? edge : to;
        double seconds = sim_seconds(until - population->at);
        population->opened += rate * seconds;
        population->open -= end_rate(population) * seconds;
        population->at = until;
        if (until == edge)
            roll(population);
    }
}

double
sessions_open(const Sessions *sessions, uint32_t site)
{
    return sessions->of_site[site].open;
}

double
sessions_use_factor(const Sessions *sessions, uint32_t site)
{
    const Population *population = &sessions->of_site[site];
    return population->is_used ? population->open / population->users : 1;
}

double
sessions_login_factor(const Sessions *sessions, uint32_t site)
{
    const Population *population = &sessions->of_site[site];
    return 1 - population->return_share +
           population->return_share * end_rate(population) / population->balance;
}

uint32_t
sessions_of_login(const Sessions *sessions, uint32_t login)
{
    return sessions->of_login[login];
}
