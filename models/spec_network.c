#include "models/spec_network.h"

#include "models/limiter.h"
#include "models/spec_row.h"

#define DAY_S 86400.0
enum { POPS_MAX = 5000, OVERRIDES_MAX = 1000 };

static const SimField diurnal_fields[] = {
    SHARE(DiurnalSpec, amplitude, "amplitude", .fallback = "45%",
          .about = "Swing of demand around its daily mean (assumption; peak over trough 2.6)."),
    DURATION(DiurnalSpec, peak, "peak", .fallback = "20h", .min = 0, .max = DAY_S,
             .about = "Local solar time of the daily peak."),
};
const SimFieldTable diurnal_table = {
    .name = "diurnal",
    .about = "Demand follows the sun: mean x (1 + amplitude cos(time - peak)).",
    .size = sizeof(DiurnalSpec),
    SIM_TABLE(diurnal_fields)};

static const SimField cluster_share_fields[] = {
    SHARE(ClusterShareSpec, share, "share", .required = true, .min = 1e-6, .max = 1,
          .about = "Of the PoP's machines."),
};
static const SimFieldTable cluster_share_table = {.name = "cluster share",
                                                  .about = "Machines behind one router of a PoP.",
                                                  .size = sizeof(ClusterShareSpec),
                                                  SIM_TABLE(cluster_share_fields),
                                                  .shorthand = "share"};

const char *const overload_policy_names[OVERLOAD_POLICIES + 1] = {"ride", "shed", "withdraw-group",
                                                                  "withdraw", NULL};
static const SimField overload_fields[] = {
    CHOICE(OverloadSpec, policy, "policy", .fallback = "ride", .choices = overload_policy_names,
           .about = "What a PoP does whose CPU is short: lets requests wait, refuses what is too "
                    "much, withdraws one prefix group, or withdraws altogether."),
    REFERENCE(OverloadSpec, group, "group", .path = "prefix_groups",
              .about = "Which group, for withdraw-group."),
    SHARE(OverloadSpec, above, "above", .fallback = "100%", .min = 0.01, .max = 100,
          .about = "CPU asked for, as a share of capacity, that is too much."),
    DURATION(OverloadSpec, lasting, "for", .fallback = "30s", .min = 0, .max = 86400,
             .about = "For so long, before it acts."),
    SHARE(OverloadSpec, below, "below", .fallback = "70%", .min = 0, .max = 100,
          .about = "It comes back when its load would be below this."),
    DURATION(OverloadSpec, calm, "calm", .fallback = "5m", .min = 0, .max = 86400,
             .about = "And not before so long."),
    DURATION(OverloadSpec, every, "every", .fallback = "10s", .min = 1, .max = 3600,
             .about = "Between looks."),
    SHARE(OverloadSpec, inhibit, "inhibit", .fallback = "100%", .min = 0, .max = 1,
          .about = "No PoP withdraws while this share of them has."),
};
static const SimFieldTable overload_table = {.name = "overload policy",
                                             .about = "What a PoP does with more than it can "
                                                      "serve.",
                                             .size = sizeof(OverloadSpec),
                                             SIM_TABLE(overload_fields),
                                             .shorthand = "policy"};

static const SimField traffic_manager_fields[] = {
    SHARE(TrafficManagerSpec, above, "above", .fallback = "0%", .min = 0, .max = 1,
          .about = "CPU in use from which a PoP gives load away; 0%: no traffic manager."),
    SHARE(TrafficManagerSpec, target, "target", .fallback = "75%", .min = 0.01, .max = 1,
          .about = "What it shall have then, and nobody gets more than."),
    SHARE(TrafficManagerSpec, below, "below", .fallback = "65%", .min = 0, .max = 1,
          .about = "It takes load back while it would stay below this."),
    DURATION(TrafficManagerSpec, every, "every", .fallback = "30s", .min = 1, .max = 3600,
             .about = "Between decisions."),
    DURATION(TrafficManagerSpec, lag, "lag", .fallback = "15s", .min = 0, .max = 3600,
             .about = "Age of the figures that it sees."),
    NUMBER(TrafficManagerSpec, distance_km, "distance", .fallback = "3000", .min = 0, .max = 20100,
           .about = "How far it moves load, in km."),
    SHARE(TrafficManagerSpec, most, "most", .fallback = "50%", .min = 0, .max = 1,
          .about = "Share of a PoP's load that may be away at once."),
};
static const SimFieldTable traffic_manager_table = {
    .name = "traffic manager",
    .about = "Moves load from PoPs that are short of CPU to others, and back.",
    .size = sizeof(TrafficManagerSpec),
    SIM_TABLE(traffic_manager_fields)};

static const SimField pop_override_fields[] = {
    NAME(PopOverrideSpec, region, "region", .about = "Only PoPs of this region."),
    NAME(PopOverrideSpec, country, "country", .about = "Only PoPs of this country (ISO code)."),
    NAME(PopOverrideSpec, code, "code", .about = "Only the PoP of this code."),
    INTEGER(PopOverrideSpec, busiest, "busiest", .min = 0, .max = POPS_MAX,
            .about = "Only the n PoPs with most demand."),
    FACTOR(PopOverrideSpec, capacity, "capacity", .fallback = "1x", .min = 1e-6, .max = 1e6,
           .about = "What the CPU capacity of these PoPs is multiplied with."),
    LIST(PopOverrideSpec, clusters, "clusters", .table = &cluster_share_table, .items_max = 8,
         .about = "Shares of their machines that stand behind routers of their own; a balancer "
                  "gives each what it can serve.  Absent: one."),
    OBJECT(PopOverrideSpec, overload, "overload", .table = &overload_table,
           .about = "What these PoPs do with too much; absent: as the network says."),
};
static const SimFieldTable pop_override_table = {.name = "pop override",
                                                 .about = "Changes some PoPs of the network.",
                                                 .size = sizeof(PopOverrideSpec),
                                                 SIM_TABLE(pop_override_fields)};

const char *const discipline_names[] = {"fifo", "lifo", "adaptive-lifo", "codel", "sharing", NULL};
const char *const service_law_names[] = {"exponential", "constant", NULL};
static const SimField concurrency_fields[] = {
    CHOICE(ConcurrencySpec, kind, "kind", .fallback = "none", .choices = limiter_names,
           .about = "What moves the limit: nothing (fixed), successes and drops (aimd), the "
                    "gradient of round trips (gradient2), or an estimate of the queue (vegas)."),
    COUNT(ConcurrencySpec, initial, "initial", .fallback = "0", .min = 0, .max = 1e9,
          .about = "The limit at the start; 0: the kind's own default."),
};
const SimFieldTable concurrency_table = {
    .name = "concurrency limit",
    .about = "How many may be in hand, waiting or served, before more are refused (request "
             "plane).",
    .size = sizeof(ConcurrencySpec),
    SIM_TABLE(concurrency_fields),
    .shorthand = "kind"};

static const SimField filter_fields[] = {
    SHARE(FilterSpec, otc, "otc", .fallback = "0%", .min = 0, .max = 1,
          .about = "Networks that refuse routes marked only-to-customer."),
    SHARE(FilterSpec, peer_lock, "peer_lock", .fallback = "0%", .min = 0, .max = 1,
          .about = "Networks that refuse a tier 1 behind somebody else's route."),
    SHARE(FilterSpec, max_prefix, "max_prefix", .fallback = "0%", .min = 0, .max = 1,
          .about = "Networks that close a session on which far too many routes come."),
};
static const SimFieldTable filter_table = {.name = "filters",
                                           .about = "How many networks refuse leaked routes.",
                                           .size = sizeof(FilterSpec),
                                           SIM_TABLE(filter_fields)};

static const SimField convergence_fields[] = {
    LAW(ConvergenceSpec, hop, "hop", .fallback = "lognormal(median 1500ms, sigma 1)",
        .about = "From one network to the next."),
    SHARE(ConvergenceSpec, mrai_share, "mrai_share", .fallback = "50%", .min = 0, .max = 1,
          .about = "Networks that wait between advertisements."),
    DURATION(ConvergenceSpec, mrai, "mrai", .fallback = "30s", .min = 0, .max = 600,
             .about = "How long they do: 75% to all of it."),
    LAW(ConvergenceSpec, inside, "inside", .fallback = "uniform(1s, 3s)",
        .about = "Until a network that meets the edge elsewhere too sends its traffic there."),
    DURATION(ConvergenceSpec, bfd, "bfd", .fallback = "300ms", .min = 0, .max = 600,
             .about = "Until neighbours notice that a link is lost."),
    DURATION(ConvergenceSpec, hold, "hold", .fallback = "90s", .min = 0, .max = 3600,
             .about = "Until they notice silence; the last sign of life was up to a third of it "
                      "ago."),
};
static const SimFieldTable convergence_table = {.name = "convergence",
                                                .about = "How fast routes follow a change.",
                                                .size = sizeof(ConvergenceSpec),
                                                SIM_TABLE(convergence_fields)};

static const SimField internet_fields[] = {
    TEXT(InternetSpec, relations, "relations",
         .about = "CAIDA as-rel file of relations between networks, plain or bz2; absent: a "
                  "generated Internet."),
    INTEGER(InternetSpec, networks, "networks", .fallback = "20000", .min = 16, .max = 200000,
            .about = "Networks of a generated Internet."),
    INTEGER(InternetSpec, seed, "seed", .fallback = "1", .min = 0, .max = 9007199254740991.0,
            .about = "Of the generated Internet and of where the edge meets it; the run's seed "
                     "does not change them."),
    INTEGER(InternetSpec, interconnected, "interconnected", .fallback = "13000", .min = 0,
            .max = 200000, .about = "Networks that meet the edge, as far as there are."),
    INTEGER(InternetSpec, transits, "transits", .fallback = "8", .min = 1, .max = 64,
            .about = "Tier 1 networks that sell transit to the edge."),
    SHARE(InternetSpec, remote, "remote", .fallback = "15%", .min = 0, .max = 1,
          .about = "Networks that meet the edge at one distant hub only."),
    NUMBER(InternetSpec, hubs, "hubs", .fallback = "1", .min = 0, .max = 10,
           .about = "How strongly networks prefer large exchange points to near ones."),
    OBJECT(InternetSpec, filters, "filters", .table = &filter_table,
           .about = "How many networks refuse leaked routes."),
    OBJECT(InternetSpec, convergence, "convergence", .table = &convergence_table,
           .about = "How fast routes follow."),
};
static const SimFieldTable internet_table = {
    .name = "internet",
    .about = "The networks between users and the edge.  Given, even empty, users reach the PoP to "
             "which routes lead; absent, every metro reaches the nearest.",
    .size = sizeof(InternetSpec),
    SIM_TABLE(internet_fields)};

static const SimField connections_fields[] = {
    DURATION(ConnectionsSpec, lifetime, "lifetime", .fallback = "60s", .min = 0, .max = 86400,
             .about = "How long a connection of a user stays open."),
    COUNT(ConnectionsSpec, requests, "requests", .fallback = "20", .min = 1, .max = 1e6,
          .about = "Requests that are made on it."),
    DURATION(ConnectionsSpec, handshake, "handshake", .fallback = "250us", .min = 0, .max = 10,
             .about = "CPU time to set one up anew when it broke; 0s: none."),
    DURATION(ConnectionsSpec, spread, "spread", .fallback = "3s", .min = 0.1, .max = 600,
             .about = "Users whose connections broke come back within about this."),
};
static const SimFieldTable connections_table = {.name = "connections",
                                                .about = "What breaks when users move to another "
                                                         "PoP, and is set up anew there.",
                                                .size = sizeof(ConnectionsSpec),
                                                SIM_TABLE(connections_fields)};

static const SimField network_fields[] = {
    TEXT(NetworkSpec, pops, "pops",
         .about = "CSV file of PoPs (code, latitude, longitude, …); absent: the built-in "
                  "reference edge."),
    TEXT(NetworkSpec, metros, "metros",
         .about = "CSV file of client metros (name, latitude, longitude, users, …); absent: the "
                  "built-in ones."),
    INTEGER(NetworkSpec, busiest, "busiest", .fallback = "0", .min = 0, .max = POPS_MAX,
            .about = "Keep only the n PoPs with most demand; 0 keeps all."),
    RATE(NetworkSpec, requests_per_s, "requests", .fallback = "0/s", .min = 0, .max = 1e12,
         .about = "Mean request rate of the whole network over a day; sites take shares of it."),
    OBJECT(NetworkSpec, diurnal, "diurnal", .table = &diurnal_table,
           .about = "How demand moves over the day."),
    SHARE(NetworkSpec, headroom, "headroom", .fallback = "60%", .min = 0, .max = 1,
          .about = "CPU capacity of a PoP above its own daily peak, when capacity is derived."),
    COUNT(NetworkSpec, cores, "cores", .fallback = "0", .min = 0, .max = 1e9,
          .about = "CPU capacity of each PoP in cores; 0 derives it from demand and headroom."),
    COUNT(NetworkSpec, cores_min, "cores_min", .fallback = "32", .min = 1e-3, .max = 1e9,
          .about = "Least capacity of a PoP when it is derived."),
    INTEGER(NetworkSpec, cores_per_queue, "cores_per_queue", .fallback = "1", .min = 1, .max = 4096,
            .about = "Cores that share one queue. 1: a connection stays with one worker, one a "
                     "core, as event-driven proxies do."),
    COUNT(NetworkSpec, queue, "queue", .min = 1e-6, .max = 1e12,
          .about = "Requests that may wait at a PoP that is short of CPU; absent: no limit."),
    CHOICE(NetworkSpec, discipline, "discipline", .fallback = "fifo", .choices = discipline_names,
           .about = "Which waiting request a PoP serves" ABOUT_DISCIPLINE),
    CHOICE(NetworkSpec, law, "law", .fallback = "exponential", .choices = service_law_names,
           .about = "How CPU times spread around their mean (the flow plane: exponential)."),
    BOOL(NetworkSpec, cancel, "cancel", .fallback = "false",
         .about = "Whether a request whose client has given up is dropped unserved."),
    BOOL(NetworkSpec, deadlines, "deadlines", .fallback = "false",
         .about = "Whether a request" ABOUT_DEADLINES),
    OBJECT(NetworkSpec, limit, "limit", .table = &concurrency_table,
           .about = "Requests in hand in each queue of a PoP, beyond which more get 503."),
    LAW(NetworkSpec, convergence, "convergence",
        .fallback = "mixture(80% exponential(mean 6s), 20% lognormal(median 60s, sigma 1))",
        .about = "Time until a metro's traffic follows when a PoP is withdrawn or comes back."),
    LIST(NetworkSpec, overrides, "overrides", .table = &pop_override_table,
         .items_max = OVERRIDES_MAX, .about = "Changes to some PoPs, by region, country or size."),
    OBJECT(NetworkSpec, internet, "internet", .table = &internet_table,
           .about = "The networks between users and PoPs."),
    OBJECT(NetworkSpec, connections, "connections", .table = &connections_table,
           .about = "What breaks when users move."),
    OBJECT(NetworkSpec, overload, "overload", .table = &overload_table,
           .about = "What PoPs do with more than they can serve."),
    OBJECT(NetworkSpec, traffic_manager, "traffic_manager", .table = &traffic_manager_table,
           .about = "Moves load between PoPs by measured CPU."),
};
const SimFieldTable network_table = {.name = "network",
                                     .about = "PoPs, client metros, demand and capacity.",
                                     .size = sizeof(NetworkSpec),
                                     SIM_TABLE(network_fields)};

static const SimField health_fields[] = {
    REFERENCE(HealthSpec, service, "service", .path = "services", .required = true,
              .about = "The central service that must answer the PoP."),
    SHARE(HealthSpec, failed, "failed", .fallback = "50%", .min = 0, .max = 1,
          .about = "More of the checks must fail than this."),
    DURATION(HealthSpec, every, "every", .fallback = "10s", .min = 1, .max = 3600,
             .about = "Between checks."),
    DURATION(HealthSpec, lasting, "for", .fallback = "30s", .min = 0, .max = 86400,
             .about = "For so long, before the PoP withdraws the group."),
    DURATION(HealthSpec, calm, "calm", .fallback = "60s", .min = 0, .max = 86400,
             .about = "Well for so long, before it announces it again."),
    SHARE(HealthSpec, inhibit, "inhibit", .fallback = "100%", .min = 0, .max = 1,
          .about = "When more than this share of PoPs are sick it is the check that is: none "
                   "withdraws."),
};
static const SimFieldTable health_table = {.name = "health check",
                                           .about = "PoPs withdraw what they can not serve.",
                                           .size = sizeof(HealthSpec),
                                           SIM_TABLE(health_fields)};

static const SimField group_region_fields[] = {
    NAME(GroupRegionSpec, region, "region", .required = true, .about = "Name of a region."),
};
static const SimFieldTable group_region_table = {.name = "group region",
                                                 .about = "Where a group is announced.",
                                                 .size = sizeof(GroupRegionSpec),
                                                 SIM_TABLE(group_region_fields),
                                                 .shorthand = "region"};

static const SimField prefix_group_fields[] = {
    LIST(PrefixGroupSpec, regions, "regions", .table = &group_region_table, .items_max = 7,
         .about = "Only PoPs of these regions announce it; absent: all."),
    OBJECT(PrefixGroupSpec, health, "health", .table = &health_table,
           .about = "Withdraws it where a service does not answer."),
};
const SimFieldTable prefix_group_table = {.name = "prefix group",
                                          .about = "Addresses that are announced together.",
                                          .size = sizeof(PrefixGroupSpec),
                                          SIM_TABLE(prefix_group_fields)};
