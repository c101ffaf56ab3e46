#include "models/internet_generate.h"

#include "models/internet_draft.h"
#include "sim/elementary.h"

#define EARTH_RADIUS_KM 6371.0088
/* Of a graph large enough for them. */
#define TIER1 16
#define LARGE 260
#define TRANSIT_SHARE 0.15
#define CONTENT_SHARE 0.04
/* Of a smaller one: one tier 1 for so many networks; that share of the other sellers is large. */
#define NETWORKS_PER_TIER1 125
#define TIER1_MIN 3
#define LARGE_SHARE 0.45

/* ---- What the parts share ---- */

SimRng
internet_draft_stream(const InternetDraft *draft, const char *decision)
{
    g_autofree char *path = g_strdup_printf("internet/%s", decision);
    return sim_rng_named(draft->seed, 0, path);
}

uint32_t
internet_draft_pick(const double *cumulative, uint32_t n, SimRng *rng)
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

double
internet_draft_law(const InternetLaw *law, uint32_t n, double survival)
{
    uint32_t i = 1;
    while (i + 1 < n && survival < law[i].survival)
        i++;
    survival = CLAMP(survival, law[n - 1].survival, law[0].survival);
    double slope =
        sim_log(law[i].above / law[i - 1].above) / sim_log(law[i - 1].survival / law[i].survival);
    return law[i - 1].above * sim_pow(law[i - 1].survival / survival, slope);
}

void
internet_draft_kernel_init(InternetKernel *kernel, double scale_km)
{
    for (int i = 0; i <= INTERNET_KERNEL_STEPS; i++)
        kernel->factor[i] =
            sim_exp(-(i + 0.5) * 2 / INTERNET_KERNEL_STEPS * EARTH_RADIUS_KM / scale_km);
}

/* Stable, by the row of each pair or by its column. */
static void
sort_pairs(const InternetPair *pairs, size_t n, uint32_t n_keys, bool by_row, InternetPair *ret)
{
    g_autofree uint32_t *next = g_new0(uint32_t, (size_t)n_keys + 1);
    for (size_t i = 0; i < n; i++)
        next[(by_row ? pairs[i].row : pairs[i].column) + 1]++;
    for (uint32_t key = 0; key < n_keys; key++)
        next[key + 1] += next[key];
    for (size_t i = 0; i < n; i++)
        ret[next[by_row ? pairs[i].row : pairs[i].column]++] = pairs[i];
}

InternetRows
internet_draft_rows(uint32_t n_rows, uint32_t n_columns, const InternetPair *pairs, size_t n)
{
    g_autofree InternetPair *by_column = g_new(InternetPair, n + 1);
    g_autofree InternetPair *by_row = g_new(InternetPair, n + 1);
    sort_pairs(pairs, n, n_columns, false, by_column);
    sort_pairs(by_column, n, n_rows, true, by_row);
    InternetRows rows = {.start = g_new(uint32_t, (size_t)n_rows + 1),
                         .list = g_new(uint32_t, n + 1)};
    size_t i = 0;
    uint32_t used = 0;
    for (uint32_t row = 0; row < n_rows; row++) {
        rows.start[row] = used;
        for (; i < n && by_row[i].row == row; i++)
            if (used == rows.start[row] || rows.list[used - 1] != by_row[i].column)
                rows.list[used++] = by_row[i].column;
    }
    rows.start[n_rows] = used;
    return rows;
}

/* ---- The whole ---- */

static void
set_counts(InternetDraft *draft, uint32_t n)
{
    uint32_t transit = (uint32_t)(n * TRANSIT_SHARE);
    draft->n = n;
    draft->tier1_end = CLAMP(n / NETWORKS_PER_TIER1, TIER1_MIN, TIER1);
    uint32_t large = (uint32_t)((transit - draft->tier1_end) * LARGE_SHARE);
    draft->large_end = draft->tier1_end + MIN(large, LARGE);
    draft->transit_end = transit;
    draft->content_end = transit + (uint32_t)(n * CONTENT_SHARE);
}

static NetworkKind
kind_of(const InternetDraft *draft, uint32_t network)
{
    if (network < draft->tier1_end)
        return NETWORK_TIER1;
    if (network < draft->transit_end)
        return NETWORK_TRANSIT;
    return network < draft->content_end ? NETWORK_CONTENT : NETWORK_STUB;
}

static void
name_networks(InternetDraft *draft)
{
    Internet *internet = draft->internet;
    internet->n = draft->n;
    internet->asn = g_new(uint32_t, draft->n);
    internet->kind = g_new(uint8_t, draft->n);
    for (uint32_t i = 0; i < draft->n; i++) {
        internet->asn[i] = i + 1;
        internet->kind[i] = (uint8_t)kind_of(draft, i);
    }
}

/* Countries by their two letters, whatever these are. */
static void
name_countries(InternetDraft *draft)
{
    const Geo *geo = draft->geo;
    g_autofree uint32_t *known = g_new0(uint32_t, 1 << 16);
    draft->country = g_new(uint32_t, geo->n_metros);
    for (uint32_t metro = 0; metro < geo->n_metros; metro++) {
        const char *code = geo->metros.at.country[metro];
        uint32_t letters = code[0] ? (uint32_t)(uint8_t)code[0] << 8 | (uint8_t)code[1] : 0;
        if (!known[letters])
            known[letters] = ++draft->n_countries;
        draft->country[metro] = known[letters] - 1;
    }
}

Internet *
internet_generate(const Geo *geo, const InternetOptions *options)
{
    SIM_ASSERT(options->networks >= INTERNET_GENERATE_MIN &&
               options->networks <= INTERNET_NETWORKS_MAX);
    InternetDraft draft = {.geo = geo, .seed = options->seed, .internet = g_new0(Internet, 1)};
    set_counts(&draft, options->networks);
    name_networks(&draft);
    name_countries(&draft);
    draft.first_home = g_new(uint32_t, draft.n);
    internet_draft_homes(&draft);
    internet_draft_transit(&draft);
    internet_draft_peers(&draft);
    g_free(draft.country);
    g_free(draft.first_home);
    return draft.internet;
}
