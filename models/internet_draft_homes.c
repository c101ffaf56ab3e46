#include "models/internet_draft.h"

#include "sim/elementary.h"

#define HOME_POWER 0.75
/* How far the cities of a large network are spread around its home. */
#define LARGE_SCALE_KM 2500.0
/* Of local sellers, of stubs and of content: the share with more than one home, and how likely each
 * further one is. */
#define LOCAL_SPREAD 0.4
#define STUB_SPREAD 0.06
#define CONTENT_SPREAD 0.3
#define FURTHER 0.65
#define CONTENT_FURTHER 0.9
#define HOMES_LOCAL_MAX 12
#define TRIES 8
/* Users of a metro by network. */
#define INCUMBENT_METROS 30
#define INCUMBENT_GROUPS_MAX 20
#define INCUMBENT_CLASSES 3
#define LOCAL_SHARE 0.35
#define SIZE_SIGMA 1.5
/* A seller of transit among the local networks, as against a stub. */
#define SELLER_SIZE 3.0
static const double incumbent_share[INCUMBENT_CLASSES] = {0.35, 0.20, 0.10};

typedef struct Homes {
    InternetDraft *draft;
    double *people;          /* [metro] cumulative attraction of homes */
    double *carriers;        /* [metro] the same for networks of the whole world */
    InternetRows metros_of;  /* by country */
    double *within;          /* cumulative attraction in each country, beside metros_of.list */
    InternetRows incumbents; /* by country; classes in turn */
    uint32_t *marked;        /* [metro] last network drawn there, plus 1 */
    GArray *pairs;           /* InternetPair: network, metro */
} Homes;

/* ---- Where cities attract ---- */

static uint32_t
metro_of_pop(const Geo *geo, uint32_t pop)
{
    uint32_t best = 0;
    double best_chord = 5;
    for (uint32_t metro = 0; metro < geo->n_metros; metro++) {
        double chord = internet_draft_chord_squared(&geo->metros.at, metro, &geo->pops.at, pop);
        if (chord < best_chord) {
            best = metro;
            best_chord = chord;
        }
    }
    return best;
}

static void
accumulate(double *values, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++)
        values[i] += values[i - 1];
}

/* Networks of the whole world are where people are and where networks meet, half and half. */
static void
weigh_metros(Homes *homes)
{
    const Geo *geo = homes->draft->geo;
    double people = 0, weights = 0;
    homes->people = g_new(double, geo->n_metros);
    homes->carriers = g_new0(double, geo->n_metros);
    for (uint32_t metro = 0; metro < geo->n_metros; metro++) {
        homes->people[metro] = sim_pow(geo->metros.users[metro], HOME_POWER);
        people += homes->people[metro];
    }
    for (uint32_t pop = 0; pop < geo->n_pops; pop++)
        weights += geo->pops.weight[pop];
    for (uint32_t pop = 0; pop < geo->n_pops; pop++)
        homes->carriers[metro_of_pop(geo, pop)] += geo->pops.weight[pop] / weights;
    for (uint32_t metro = 0; metro < geo->n_metros; metro++)
        homes->carriers[metro] += homes->people[metro] / people;
}

static void
sort_countries(Homes *homes)
{
    const InternetDraft *draft = homes->draft;
    uint32_t n = draft->geo->n_metros;
    g_autofree InternetPair *pairs = g_new(InternetPair, n);
    for (uint32_t metro = 0; metro < n; metro++)
        pairs[metro] = (InternetPair){.row = draft->country[metro], .column = metro};
    homes->metros_of = internet_draft_rows(draft->n_countries, n, pairs, n);
    homes->within = g_new(double, n);
    for (uint32_t i = 0; i < n; i++)
        homes->within[i] = homes->people[homes->metros_of.list[i]];
    for (uint32_t country = 0; country < draft->n_countries; country++) {
        uint32_t start = homes->metros_of.start[country];
        accumulate(homes->within + start, homes->metros_of.start[country + 1] - start);
    }
}

/* ---- Homes of one network ---- */

static bool
add_home(Homes *homes, uint32_t network, uint32_t metro)
{
    if (homes->marked[metro] == network + 1)
        return false;
    homes->marked[metro] = network + 1;
    InternetPair pair = {.row = network, .column = metro};
    g_array_append_val(homes->pairs, pair);
    return true;
}

/* So many different ones, if a few draws for each find them. */
static void
draw_homes(Homes *homes, uint32_t network, const double *cumulative, const uint32_t *metros,
           uint32_t n_metros, uint32_t n, SimRng *rng)
{
    n = MIN(n, n_metros);
    for (uint32_t tries = n * TRIES; tries > 0 && n > 0; tries--) {
        uint32_t at = internet_draft_pick(cumulative, n_metros, rng);
        if (add_home(homes, network, metros ? metros[at] : at))
            n--;
    }
}

static void
draw_homes_at_home(Homes *homes, uint32_t network, uint32_t n, SimRng *rng)
{
    uint32_t country = homes->draft->country[homes->draft->first_home[network]];
    uint32_t start = homes->metros_of.start[country];
    draw_homes(homes, network, homes->within + start, homes->metros_of.list + start,
               homes->metros_of.start[country + 1] - start, n, rng);
}

static void
draw_homes_around(Homes *homes, uint32_t network, uint32_t n, const InternetKernel *kernel,
                  const double *attraction, SimRng *rng)
{
    const Geo *geo = homes->draft->geo;
    uint32_t center = homes->draft->first_home[network];
    g_autofree double *around = g_new(double, geo->n_metros);
    for (uint32_t metro = 0; metro < geo->n_metros; metro++)
        around[metro] =
            attraction[metro] * internet_draft_kernel(kernel, &geo->metros.at, center, metro);
    accumulate(around, geo->n_metros);
    draw_homes(homes, network, around, NULL, geo->n_metros, n, rng);
}

static uint32_t
further_homes(SimRng *rng, double spread, double further, uint32_t max)
{
    uint32_t n = 0;
    if (!sim_rng_chance(rng, spread))
        return 0;
    for (n = 1; n < max && sim_rng_chance(rng, further);)
        n++;
    return n;
}

static void
draw_all(Homes *homes, const double *attraction)
{
    InternetDraft *draft = homes->draft;
    uint32_t n_metros = draft->geo->n_metros;
    SimRng base = internet_draft_stream(draft, "homes");
    InternetKernel kernel;
    internet_draft_kernel_init(&kernel, LARGE_SCALE_KM);
    for (uint32_t i = 0; i < draft->n; i++) {
        SimRng rng = internet_draft_fork(&base, i);
        draft->first_home[i] = internet_draft_pick(
            i < draft->tier1_end ? homes->carriers : homes->people, n_metros, &rng);
        add_home(homes, i, draft->first_home[i]);
        if (i < draft->tier1_end)
            draw_homes(homes, i, homes->carriers, NULL, n_metros,
                       99 + (uint32_t)sim_rng_below(&rng, 101), &rng);
        else if (i < draft->large_end)
            draw_homes_around(homes, i, 7 + (uint32_t)sim_rng_below(&rng, 51), &kernel, attraction,
                              &rng);
        else if (i < draft->transit_end)
            draw_homes_at_home(homes, i,
                               further_homes(&rng, LOCAL_SPREAD, FURTHER, HOMES_LOCAL_MAX), &rng);
        else if (i < draft->content_end)
            draw_homes(homes, i, homes->carriers, NULL, n_metros,
                       further_homes(&rng, CONTENT_SPREAD, CONTENT_FURTHER, 30), &rng);
        else
            draw_homes_at_home(homes, i, further_homes(&rng, STUB_SPREAD, FURTHER, 5), &rng);
    }
}

/* ---- Incumbents ---- */

static bool
has_users(const InternetDraft *draft, uint32_t network)
{
    return (network >= draft->large_end && network < draft->transit_end) ||
           network >= draft->content_end;
}

/* The first networks of a country, which are its greatest: as many as its metros need. */
static void
choose_incumbents(Homes *homes)
{
    const InternetDraft *draft = homes->draft;
    g_autofree uint32_t *left = g_new(uint32_t, draft->n_countries);
    g_autoptr(GArray) pairs = g_array_new(FALSE, FALSE, sizeof(InternetPair));
    for (uint32_t country = 0; country < draft->n_countries; country++) {
        uint32_t metros = homes->metros_of.start[country + 1] - homes->metros_of.start[country];
        left[country] =
            CLAMP(metros / INCUMBENT_METROS, 1, INCUMBENT_GROUPS_MAX) * INCUMBENT_CLASSES;
    }
    for (uint32_t i = 0; i < draft->n; i++) {
        uint32_t country = draft->country[draft->first_home[i]];
        if (!has_users(draft, i) || left[country] == 0)
            continue;
        left[country]--;
        InternetPair pair = {.row = country, .column = i};
        g_array_append_val(pairs, pair);
    }
    homes->incumbents = internet_draft_rows(draft->n_countries, draft->n,
                                            (const InternetPair *)(void *)pairs->data, pairs->len);
}

/* Of list, every INCUMBENT_CLASSES-th from that class on: the one whose home is nearest. */
static uint32_t
nearest_of(const InternetDraft *draft, uint32_t metro, const uint32_t *list, uint32_t n,
           uint32_t class, uint32_t step)
{
    uint32_t best = SIM_NONE;
    double best_chord = 5;
    for (uint32_t i = class; i < n; i += step) {
        double chord = internet_draft_chord_squared(
            &draft->geo->metros.at, metro, &draft->geo->metros.at, draft->first_home[list[i]]);
        if (chord < best_chord) {
            best = list[i];
            best_chord = chord;
        }
    }
    return best;
}

/* Who covers a metro, one of each class; in a country without networks the nearest of abroad.
 * Returns how many there are. */
static uint32_t
incumbents_at(const Homes *homes, uint32_t metro, uint32_t *ret_networks)
{
    const InternetRows *rows = &homes->incumbents;
    const InternetDraft *draft = homes->draft;
    uint32_t country = draft->country[metro], n = 0;
    const uint32_t *list = rows->list + rows->start[country];
    uint32_t length = rows->start[country + 1] - rows->start[country];
    for (uint32_t class = 0; class < MIN(length, INCUMBENT_CLASSES); class ++)
        ret_networks[n++] = nearest_of(draft, metro, list, length, class, INCUMBENT_CLASSES);
    if (n == 0)
        ret_networks[n++] =
            nearest_of(draft, metro, rows->list, rows->start[draft->n_countries], 0, 1);
    return n;
}

static void
spread_incumbents(Homes *homes, uint32_t (*ret_at)[INCUMBENT_CLASSES])
{
    const Geo *geo = homes->draft->geo;
    for (uint32_t metro = 0; metro < geo->n_metros; metro++) {
        uint32_t n = incumbents_at(homes, metro, ret_at[metro]);
        for (uint32_t i = n; i < INCUMBENT_CLASSES; i++)
            ret_at[metro][i] = SIM_NONE;
        for (uint32_t i = 0; i < n; i++) {
            InternetPair pair = {.row = ret_at[metro][i], .column = metro};
            g_array_append_val(homes->pairs, pair);
        }
    }
}

/* ---- Users ---- */

static void
place_networks(Homes *homes)
{
    Internet *internet = homes->draft->internet;
    InternetRows rows =
        internet_draft_rows(internet->n, homes->draft->geo->n_metros,
                            (const InternetPair *)(void *)homes->pairs->data, homes->pairs->len);
    internet->n_places = rows.start[internet->n];
    SIM_ASSERT(internet->n_places <= INTERNET_HOMES_MAX);
    internet->place_start = rows.start;
    internet->home = rows.list;
    internet->network = g_new(uint32_t, internet->n_places);
    internet->users = g_new0(double, internet->n_places);
    for (uint32_t i = 0; i < internet->n; i++)
        for (uint32_t place = rows.start[i]; place < rows.start[i + 1]; place++)
            internet->network[place] = i;
}

static uint32_t
class_at(const uint32_t at[INCUMBENT_CLASSES], uint32_t network)
{
    for (uint32_t class = 0; class < INCUMBENT_CLASSES; class ++)
        if (at[class] == network)
            return class;
    return SIM_NONE;
}

/* First every place gets a part, then each metro's parts are scaled to its users.  Local networks
 * share their part by size. */
static void
size_places(const Homes *homes, uint32_t (*at)[INCUMBENT_CLASSES], double *ret_local)
{
    const InternetDraft *draft = homes->draft;
    const Internet *internet = draft->internet;
    SimRng base = internet_draft_stream(draft, "size");
    for (uint32_t i = draft->large_end; i < draft->n; i++) {
        if (!has_users(draft, i))
            continue;
        SimRng rng = internet_draft_fork(&base, i);
        double size =
            sim_exp(SIZE_SIGMA * sim_rng_normal(&rng)) * (i < draft->transit_end ? SELLER_SIZE : 1);
        for (uint32_t p = internet->place_start[i]; p < internet->place_start[i + 1]; p++) {
            if (class_at(at[internet->home[p]], i) != SIM_NONE)
                continue;
            internet->users[p] = size;
            ret_local[internet->home[p]] += size;
        }
    }
}

static void
share_users(const Homes *homes, uint32_t (*at)[INCUMBENT_CLASSES], const double *local)
{
    const Geo *geo = homes->draft->geo;
    Internet *internet = homes->draft->internet;
    for (uint32_t p = 0; p < internet->n_places; p++) {
        uint32_t metro = internet->home[p];
        uint32_t class = class_at(at[metro], internet->network[p]);
        double whole = local[metro] > 0 ? LOCAL_SHARE : 0;
        for (uint32_t i = 0; i < INCUMBENT_CLASSES; i++)
            whole += at[metro][i] == SIM_NONE ? 0 : incumbent_share[i];
        double part = class != SIM_NONE        ? incumbent_share[class]
                      : internet->users[p] > 0 ? LOCAL_SHARE * internet->users[p] / local[metro]
                                               : 0;
        internet->users[p] = geo->metros.users[metro] * part / whole;
    }
}

static void
homes_finish(Homes *homes)
{
    g_free(homes->people);
    g_free(homes->carriers);
    g_free(homes->metros_of.start);
    g_free(homes->metros_of.list);
    g_free(homes->within);
    g_free(homes->incumbents.start);
    g_free(homes->incumbents.list);
    g_free(homes->marked);
    g_array_unref(homes->pairs);
}

void
internet_draft_homes(InternetDraft *draft)
{
    uint32_t n_metros = draft->geo->n_metros;
    Homes homes = {.draft = draft,
                   .marked = g_new0(uint32_t, n_metros),
                   .pairs = g_array_new(FALSE, FALSE, sizeof(InternetPair))};
    weigh_metros(&homes);
    sort_countries(&homes);
    g_autofree double *attraction = g_memdup2(homes.carriers, n_metros * sizeof(double));
    accumulate(homes.people, n_metros);
    accumulate(homes.carriers, n_metros);
    draw_all(&homes, attraction);
    choose_incumbents(&homes);
    g_autofree uint32_t(*at)[INCUMBENT_CLASSES] =
        g_malloc_n(n_metros, sizeof(uint32_t[INCUMBENT_CLASSES]));
    spread_incumbents(&homes, at);
    place_networks(&homes);
    g_autofree double *local = g_new0(double, n_metros);
    size_places(&homes, at, local);
    share_users(&homes, at, local);
    homes_finish(&homes);
}
