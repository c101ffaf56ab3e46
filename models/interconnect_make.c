#include "models/interconnect.h"

#include "sim/elementary.h"
#include "sim/rng.h"

#include <math.h>
#include <string.h>

#define EARTH_RADIUS_KM 6371.0088
/* Of all networks, at most so many meet the edge. */
#define NETWORKS_SHARE_MAX 0.65
/* How readily one meets the edge: by kind, and by the square root of its users in means. */
static const double kind_weight[NETWORK_KINDS] = {8, 3, 4, 0.5};
/* A city with e times as many networks is worth so much more of a way, to networks that meet others
 * in large hubs and to the rest; and how far their choices scatter. */
#define HUB_REACH_KM 800.0
#define HUB_SCATTER_KM 60.0
#define LOCAL_REACH_KM 100.0
#define LOCAL_SCATTER_KM 160.0
/* Remote hubs attract by weight and exp(-distance / this), from that distance on. */
#define REMOTE_SCALE_KM 2000.0
#define REMOTE_FROM_KM 500.0
/* A seller of transit is at a PoP when a home of its is as near as that. */
#define SELLER_NEAR_KM 60.0

/* Cumulative attraction of PoPs, made when first asked for. */
typedef struct Rows {
    double reach_km, scatter_km;
    double *at;    /* [metro][pop] */
    bool *is_made; /* [metro] */
} Rows;

typedef struct Maker {
    const Internet *internet;
    const Geo *geo;
    const InterconnectOptions *options;
    double *log_weight; /* [pop] */
    Rows hubs, local;
    double *row;      /* [pop] scratch */
    uint32_t *marked; /* [pop] last network that meets there, plus 1 */
    GArray *sessions; /* InterconnectSession */
} Maker;

static double
chord_km(const Maker *maker, uint32_t metro, uint32_t pop)
{
    const GeoPlaces *a = &maker->geo->metros.at, *b = &maker->geo->pops.at;
    double x = a->x[metro] - b->x[pop], y = a->y[metro] - b->y[pop], z = a->z[metro] - b->z[pop];
    return sqrt(x * x + y * y + z * z) * EARTH_RADIUS_KM;
}

static SimRng
stream(const Maker *maker, const char *decision)
{
    g_autofree char *path = g_strdup_printf("interconnect/%s", decision);
    return sim_rng_named(maker->options->seed, 0, path);
}

static SimRng
fork_stream(const SimRng *base, uint32_t network)
{
    return (SimRng){.key = sim_mix64(base->key ^ (network + UINT64_C(0x9e3779b97f4a7c15)))};
}

static bool
meet(Maker *maker, uint32_t network, uint32_t pop, SessionClass class)
{
    if (maker->marked[pop] == network + 1)
        return false;
    maker->marked[pop] = network + 1;
    InterconnectSession session = {.network = network, .pop = pop, .class = class};
    g_array_append_val(maker->sessions, session);
    return true;
}

static uint32_t
pick(const double *cumulative, uint32_t n, SimRng *rng)
{
    double target = sim_rng_unit(rng) * cumulative[n - 1];
    uint32_t low = 0, high = n - 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (cumulative[middle] > target)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* ---- Sellers of transit ---- */

static uint32_t
n_customers(const Internet *internet, uint32_t network)
{
    return internet->customers.start[network + 1] - internet->customers.start[network];
}

/* The tier 1 with most customers, the lower number on a tie. */
static void
choose_sellers(const Maker *maker, bool *ret_is_seller)
{
    const Internet *internet = maker->internet;
    for (uint32_t k = 0; k < maker->options->transits; k++) {
        uint32_t best = SIM_NONE;
        for (uint32_t i = 0; i < internet->n; i++)
            if (internet->kind[i] == NETWORK_TIER1 && !ret_is_seller[i] &&
                (best == SIM_NONE || n_customers(internet, i) > n_customers(internet, best)))
                best = i;
        if (best == SIM_NONE)
            return;
        ret_is_seller[best] = true;
    }
}

/* At the PoPs of its homes; if no home is near one, at that which is nearest to any. */
static void
sell(Maker *maker, uint32_t seller)
{
    const Internet *internet = maker->internet;
    uint32_t nearest = SIM_NONE;
    double nearest_km = INFINITY;
    guint before = maker->sessions->len;
    for (uint32_t place = internet->place_start[seller]; place < internet->place_start[seller + 1];
         place++)
        for (uint32_t pop = 0; pop < maker->geo->n_pops; pop++) {
            double km = chord_km(maker, internet->home[place], pop);
            if (km < SELLER_NEAR_KM)
                meet(maker, seller, pop, SESSION_CUSTOMER);
            if (km < nearest_km) {
                nearest = pop;
                nearest_km = km;
            }
        }
    if (maker->sessions->len == before)
        meet(maker, seller, nearest, SESSION_CUSTOMER);
}

/* ---- Who meets the edge ---- */

static double
users_of(const Internet *internet, uint32_t network)
{
    double users = 0;
    for (uint32_t place = internet->place_start[network];
         place < internet->place_start[network + 1]; place++)
        users += internet->users[place];
    return users;
}

/* Sequential Poisson sampling: those with the smallest of uniform draws over weights, so that a
 * heavier network comes first in expectation and nobody's draw depends on another. */
static void
draw_keys(const Maker *maker, const bool *is_seller, double *ret_keys)
{
    const Internet *internet = maker->internet;
    SimRng base = stream(maker, "meets");
    double all = 0;
    for (uint32_t i = 0; i < internet->n; i++)
        all += ret_keys[i] = users_of(internet, i);
    double mean = all > 0 ? all / internet->n : 1;
    for (uint32_t i = 0; i < internet->n; i++) {
        SimRng rng = fork_stream(&base, i);
        double weight = kind_weight[internet->kind[i]] + sqrt(ret_keys[i] / mean);
        ret_keys[i] = is_seller[i] ? INFINITY : sim_rng_unit(&rng) / weight;
    }
}

/* The key below which there are n; by halving the bits of positive doubles, which order as they do.
 */
static double
threshold(const double *keys, uint32_t n_keys, uint32_t n)
{
    uint64_t low = 0, high = sim_bits_from_double(INFINITY);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        double limit = sim_double_from_bits(middle);
        uint32_t below = 0;
        for (uint32_t i = 0; i < n_keys; i++)
            below += keys[i] < limit;
        if (below < n)
            low = middle + 1;
        else
            high = middle;
    }
    return sim_double_from_bits(low);
}

/* ---- Where they meet it ---- */

static const double *
row_of(const Maker *maker, Rows *rows, uint32_t metro)
{
    uint32_t n = maker->geo->n_pops;
    double *row = rows->at + (size_t)metro * n;
    if (rows->is_made[metro])
        return row;
    rows->is_made[metro] = true;
    double best = -INFINITY;
    for (uint32_t pop = 0; pop < n; pop++)
        row[pop] = maker->log_weight[pop] * rows->reach_km - chord_km(maker, metro, pop);
    for (uint32_t pop = 0; pop < n; pop++)
        best = MAX(best, row[pop]);
    for (uint32_t pop = 0; pop < n; pop++)
        row[pop] = sim_exp((row[pop] - best) * (1 / rows->scatter_km));
    for (uint32_t pop = 1; pop < n; pop++)
        row[pop] += row[pop - 1];
    return row;
}

/* Once for each home, and once more for one of them. */
static void
meet_near(Maker *maker, uint32_t network, SimRng *rng)
{
    const Internet *internet = maker->internet;
    uint32_t n = maker->geo->n_pops, start = internet->place_start[network];
    uint32_t homes = internet->place_start[network + 1] - start;
    Rows *rows = sim_rng_chance(rng, maker->options->hubs) ? &maker->hubs : &maker->local;
    for (uint32_t i = 0; i < homes; i++)
        meet(maker, network, pick(row_of(maker, rows, internet->home[start + i]), n, rng),
             SESSION_PEER);
    uint32_t home = internet->home[start + (uint32_t)sim_rng_below(rng, homes)];
    meet(maker, network, pick(row_of(maker, rows, home), n, rng), SESSION_PEER);
}

static void
meet_far(Maker *maker, uint32_t network, SimRng *rng)
{
    const Internet *internet = maker->internet;
    uint32_t n = maker->geo->n_pops, home = internet->home[internet->place_start[network]];
    double *row = maker->row;
    for (uint32_t pop = 0; pop < n; pop++)
        row[pop] = chord_km(maker, home, pop);
    for (uint32_t pop = 0; pop < n; pop++) {
        double weight = row[pop] < REMOTE_FROM_KM ? 0 : maker->geo->pops.weight[pop];
        row[pop] = weight * sim_exp(row[pop] * (-1 / REMOTE_SCALE_KM));
    }
    for (uint32_t pop = 1; pop < n; pop++)
        row[pop] += row[pop - 1];
    if (row[n - 1] > 0)
        meet(maker, network, pick(row, n, rng), SESSION_PEER);
    else
        meet_near(maker, network, rng);
}

/* A seller of transit in several countries has routers of its own where it meets others. */
static bool
is_abroad(const Maker *maker, uint32_t network)
{
    const Internet *internet = maker->internet;
    const uint32_t *home = internet->home;
    uint32_t start = internet->place_start[network];
    if (internet->kind[network] == NETWORK_TIER1)
        return true;
    if (internet->kind[network] != NETWORK_TRANSIT)
        return false;
    for (uint32_t place = start + 1; place < internet->place_start[network + 1]; place++)
        if (strcmp(maker->geo->metros.at.country[home[start]],
                   maker->geo->metros.at.country[home[place]]) != 0)
            return true;
    return false;
}

static void
meet_all(Maker *maker, const bool *is_seller)
{
    const Internet *internet = maker->internet;
    g_autofree double *keys = g_new(double, internet->n);
    uint32_t n = MIN(maker->options->networks, (uint32_t)(internet->n * NETWORKS_SHARE_MAX));
    draw_keys(maker, is_seller, keys);
    double limit = threshold(keys, internet->n, n);
    SimRng remote = stream(maker, "remote"), base = stream(maker, "meeting");
    for (uint32_t i = 0; i < internet->n; i++) {
        if (is_seller[i])
            sell(maker, i);
        if (is_seller[i] || !(keys[i] < limit))
            continue;
        SimRng flag = fork_stream(&remote, i), rng = fork_stream(&base, i);
        if (sim_rng_chance(&flag, maker->options->remote) && !is_abroad(maker, i))
            meet_far(maker, i, &rng);
        else
            meet_near(maker, i, &rng);
    }
}

static void
rows_init(Rows *rows, const Geo *geo, double reach_km, double scatter_km)
{
    rows->reach_km = reach_km;
    rows->scatter_km = scatter_km;
    rows->at = g_new(double, (size_t)geo->n_metros * geo->n_pops);
    rows->is_made = g_new0(bool, geo->n_metros);
}

static void
rows_finish(Rows *rows)
{
    g_free(rows->at);
    g_free(rows->is_made);
}

static void
maker_init(Maker *maker)
{
    const Geo *geo = maker->geo;
    maker->log_weight = g_new(double, geo->n_pops);
    for (uint32_t pop = 0; pop < geo->n_pops; pop++)
        maker->log_weight[pop] = sim_log(MAX(geo->pops.weight[pop], 1e-3));
    rows_init(&maker->hubs, geo, HUB_REACH_KM, HUB_SCATTER_KM);
    rows_init(&maker->local, geo, LOCAL_REACH_KM, LOCAL_SCATTER_KM);
    maker->row = g_new(double, geo->n_pops);
    maker->marked = g_new0(uint32_t, geo->n_pops);
    maker->sessions = g_array_new(FALSE, FALSE, sizeof(InterconnectSession));
}

static void
maker_finish(Maker *maker)
{
    g_free(maker->log_weight);
    rows_finish(&maker->hubs);
    rows_finish(&maker->local);
    g_free(maker->row);
    g_free(maker->marked);
    g_array_unref(maker->sessions);
}

Interconnect *
interconnect_make(const Internet *internet, const Geo *geo, const InterconnectOptions *options)
{
    Maker maker = {.internet = internet, .geo = geo, .options = options};
    g_autofree bool *is_seller = g_new0(bool, internet->n);
    maker_init(&maker);
    choose_sellers(&maker, is_seller);
    meet_all(&maker, is_seller);
    const InterconnectSession *all = (const InterconnectSession *)(void *)maker.sessions->data;
    Interconnect *made = interconnect_of(internet->n, geo->n_pops, all, maker.sessions->len);
    maker_finish(&maker);
    return made;
}
