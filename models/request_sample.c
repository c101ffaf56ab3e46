#include "models/request_sample.h"

#include <glib.h>

static double
demand_of(const Traffic *traffic, uint32_t pop)
{
    double sum = 0;
    for (uint32_t s = 0; s < traffic->world->n_sites; s++)
        sum += demand_mean(traffic->demand, pop, s);
    return sum;
}

static gint
by_region_and_size(gconstpointer a, gconstpointer b, gpointer data)
{
    const Traffic *traffic = data;
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    const uint32_t *region = traffic->world->geo->pops.at.region;
    double more = demand_of(traffic, left) - demand_of(traffic, right);
    if (region[left] != region[right])
        return region[left] < region[right] ? -1 : 1;
    if (more != 0)
        return more > 0 ? -1 : 1;
    return left < right ? -1 : left > right;
}

static gint
by_index(gconstpointer a, gconstpointer b, gpointer unused)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    (void)unused;
    return left < right ? -1 : left > right;
}

static void
choose(RequestSample *sample, const Traffic *traffic, uint32_t keep)
{
    uint32_t n = traffic->world->n_pops;
    g_autoptr(GArray) order = g_array_sized_new(FALSE, FALSE, sizeof(uint32_t), n);
    for (uint32_t p = 0; p < n; p++)
        g_array_append_val(order, p);
    if (keep < n)
        g_array_sort_with_data(order, by_region_and_size, (gpointer)traffic);
    for (uint32_t i = 0; i < keep; i++) {
        uint64_t middle = ((uint64_t)2 * i + 1) * n / (2 * (uint64_t)keep);
        sample->pops[i] = g_array_index(order, uint32_t, keep < n ? middle : i);
    }
    sample->n_pops = keep;
    g_qsort_with_data(sample->pops, (gint)keep, sizeof(uint32_t), by_index, NULL);
}

/* Calls a second over the edges to each central service. */
static void
add_calls(const Traffic *traffic, uint32_t pop, double *calls)
{
    const FlowPlan *plan = traffic->plan;
    for (uint32_t e = 0; e < plan->n_edges; e++)
        for (uint32_t r = 0; r < plan->n_clients; r++)
            calls[plan->edges[e].service] += demand_mean(traffic->demand, pop, plan->rows[r].site) *
                                             plan->rows[r].share * plan->edges[e].calls[r];
}

static double
share_of(double part, double all, double otherwise)
{
    return all > 0 ? part / all : otherwise;
}

RequestSample
request_sample_new(const Traffic *traffic, SimArena *arena, uint32_t keep)
{
    const World *world = traffic->world;
    RequestSample sample = {.pops = SIM_ARENA_NEW(arena, uint32_t, world->n_pops),
                            .site_share = SIM_ARENA_NEW(arena, double, world->n_sites),
                            .service_share = SIM_ARENA_NEW(arena, double, world->n_services)};
    g_autofree double *all = g_new0(double, world->n_services);
    g_autofree double *kept = g_new0(double, world->n_services);
    double demand_all = 0, demand_kept = 0;
    choose(&sample, traffic, keep == 0 || keep > world->n_pops ? world->n_pops : keep);
    for (uint32_t p = 0; p < world->n_pops; p++) {
        demand_all += demand_of(traffic, p);
        add_calls(traffic, p, all);
    }
    for (uint32_t i = 0; i < sample.n_pops; i++) {
        demand_kept += demand_of(traffic, sample.pops[i]);
        add_calls(traffic, sample.pops[i], kept);
    }
    bool is_whole = sample.n_pops == world->n_pops;
    sample.share = is_whole ? 1 : share_of(demand_kept, demand_all, 1);
    for (uint32_t s = 0; s < world->n_sites; s++) {
        double here = 0, total = demand_site_mean(traffic->demand, s);
        for (uint32_t i = 0; i < sample.n_pops; i++)
            here += demand_mean(traffic->demand, sample.pops[i], s);
        sample.site_share[s] = is_whole ? 1 : share_of(here, total, sample.share);
    }
    for (uint32_t v = 0; v < world->n_services; v++)
        sample.service_share[v] = is_whole ? 1 : share_of(kept[v], all[v], sample.share);
    return sample;
}
