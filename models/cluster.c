#include "models/cluster.h"

typedef struct Row {
    uint32_t nodes;
    uint32_t *rank; /* [node] its place in the order of migration */
    SimTime begin;
    ClusterMigration change;
} Row;

struct Clusters {
    Sim *sim;
    Row *rows;
    uint32_t n;
};

static void
verify(const Sim *sim, const void *state)
{
    const Clusters *clusters = state;
    for (uint32_t i = 0; i < clusters->n; i++)
        SIM_ASSERT(clusters->rows[i].begin <= sim_now(sim));
}

static const SimModelOps ops = {
    .name = "cluster", .state_size = sizeof(Clusters), .verify = verify};

static void
shuffle(uint32_t *ranks, uint32_t n, SimRng *rng)
{
    for (uint32_t i = 0; i < n; i++)
        ranks[i] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t j = (uint32_t)sim_rng_below(rng, i);
        uint32_t rank = ranks[i - 1];
        ranks[i - 1] = ranks[j];
        ranks[j] = rank;
    }
}

Clusters *
cluster_attach(Sim *sim, const World *world)
{
    const SimList *specs = &world->spec->clusters;
    Clusters *clusters = sim_attach(sim, &ops);
    clusters->sim = sim;
    clusters->n = specs->n;
    clusters->rows = SIM_ARENA_NEW(sim_arena(sim), Row, specs->n);
    for (uint32_t i = 0; i < specs->n; i++) {
        const ClusterSpec *spec = SIM_ITEM(*specs, ClusterSpec, i);
        SimRng rng = sim_stream(sim, "cluster/%.100s/order", spec->entity.name);
        Row *row = &clusters->rows[i];
        row->nodes = (uint32_t)spec->nodes;
        row->rank = SIM_ARENA_NEW(sim_arena(sim), uint32_t, row->nodes);
        shuffle(row->rank, row->nodes, &rng);
        row->change.cause = SIM_NONE;
    }
    return clusters;
}

void
cluster_migrate(Clusters *clusters, const ClusterMigration *migration)
{
    SIM_ASSERT(migration->cluster < clusters->n);
    Row *row = &clusters->rows[migration->cluster];
    row->begin = sim_now(clusters->sim);
    row->change = *migration;
}

double
cluster_share(const Clusters *clusters, uint32_t cluster)
{
    SIM_ASSERT(cluster < clusters->n);
    const Row *row = &clusters->rows[cluster];
    const ClusterMigration *change = &row->change;
    SimTime age = sim_now(clusters->sim) - row->begin;
    if (age >= change->over)
        return change->to;
    return change->from + (change->to - change->from) * ((double)age / (double)change->over);
}

bool
cluster_is_migrated(const Clusters *clusters, uint32_t cluster, uint32_t node)
{
    double share = cluster_share(clusters, cluster);
    const Row *row = &clusters->rows[cluster];
    SIM_ASSERT(node < row->nodes);
    return (double)row->rank[node] + 0.5 < share * (double)row->nodes;
}

uint32_t
cluster_cause(const Clusters *clusters, uint32_t cluster)
{
    SIM_ASSERT(cluster < clusters->n);
    return clusters->rows[cluster].change.cause;
}
