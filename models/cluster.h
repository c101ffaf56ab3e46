/*
 * cluster.h - clusters of machines that a change migrates node by node.
 *
 * A change moves a cluster's migrated share from `from` to `to` in a straight
 * line over a time:
 *     share(t) = from + (to - from) min(1, (t - begin) / over).
 * The nodes migrate in an order drawn once from the cluster's own stream: the
 * node of rank r is migrated when r + 1/2 < n share(t), so at any time the
 * number of migrated nodes is n share(t) rounded.  A change back undoes them in
 * reverse order.
 *
 * Left out: nodes that are out of service while they migrate.  Nothing is
 * scheduled; every question costs O(1).  The state lies in the run's arena.
 */
#pragma once

#include "models/world.h"

typedef struct Clusters Clusters;

typedef struct ClusterMigration {
    uint32_t cluster;
    double from, to;
    SimTime over;
    uint32_t cause; /* journal id of the change */
} ClusterMigration;

Clusters *cluster_attach(Sim *sim, const World *world);
/* Begins now and replaces a change that is under way. */
void cluster_migrate(Clusters *clusters, const ClusterMigration *migration);
bool cluster_is_migrated(const Clusters *clusters, uint32_t cluster, uint32_t node);
double cluster_share(const Clusters *clusters, uint32_t cluster);
/* Journal id of the last change; SIM_NONE before the first. */
uint32_t cluster_cause(const Clusters *clusters, uint32_t cluster);
