#include "models/spec.h"

#include "models/keyed_cache.h"
#include "models/limiter.h"
#include "models/need.h"
#include "models/retry_policy.h"
#include "models/spec_row.h"

#include <string.h>

#define DAY_S 86400.0
enum { SITES_MAX = 200, SERVICES_MAX = 60, ENTRIES_MAX = 1000 };

/* clock ------------------------------------------------------------------------------------- */

static const SimField clock_fields[] = {
    ROW(ClockSpec, start, "start", SIM_FIELD_TIMESTAMP, .fallback = "2025-01-01T00:00:00Z",
        .about = "When the run begins, UTC."),
    DURATION(ClockSpec, duration, "duration", .required = true, .min = 1, .max = 31 * 86400.0,
             .about = "How long it lasts."),
    DURATION(ClockSpec, tick, "tick", .fallback = "1s", .min = 0.01, .max = 10,
             .about = "The step that couples PoPs and central services."),
    INTEGER(ClockSpec, seed, "seed", .fallback = "1", .min = 0, .max = 9007199254740991.0,
            .about = "Seed of every random stream; `--seed` and `--seeds` replace it."),
};
static const SimFieldTable clock_table = {.name = "clock",
                                          .about = "When, how long, and with which seed.",
                                          .size = sizeof(ClockSpec),
                                          SIM_TABLE(clock_fields)};

static const SimField location_fields[] = {
    NUMBER(LocationSpec, latitude, "latitude", .required = true, .min = -90, .max = 90,
           .about = "Degrees north."),
    NUMBER(LocationSpec, longitude, "longitude", .required = true, .min = -180, .max = 180,
           .about = "Degrees east."),
};
static const SimFieldTable location_table = {.name = "location",
                                             .about = "A core data centre or a cloud region.",
                                             .size = sizeof(LocationSpec),
                                             SIM_TABLE(location_fields)};

/* services ---------------------------------------------------------------------------------- */

static const SimField cohort_fields[] = {
    SHARE(CohortSpec, share, "share", .required = true, .min = 0, .max = 1,
          .about = "Share of customer zones, by hash, so that a retry meets the same cohort."),
};
static const SimFieldTable cohort_table = {.name = "cohort",
                                           .about = "A version of a service that runs beside "
                                                    "others; shares sum to 100%.",
                                           .size = sizeof(CohortSpec),
                                           SIM_TABLE(cohort_fields),
                                           .shorthand = "share"};

static const char *const need_outcomes[] = {"ok",  "stale",   "blocked", "429", "500",
                                            "502", "503",     "504",     "522", "servfail",
                                            "tls", "timeout", "default", NULL};
_Static_assert(G_N_ELEMENTS(need_outcomes) == OUTCOME_COUNT + 2,
               "one word an outcome, and default");
static const char *const need_failures[] = {"fail", "open", "fallback", "stale", NULL};
static void need_check(SimFields *fields, void *item);
static const SimField need_fields[] = {
    SHARE(NeedSpec, share, "share", .fallback = "100%", .min = 0, .max = 1,
          .about = "Share of the caller's requests that make this call."),
    SHARE(NeedSpec, cached, "cached", .fallback = "0%", .min = 0, .max = 1,
          .about = "Share of those answered from a cache of earlier answers, without a call."),
    COUNT(NeedSpec, calls, "calls", .fallback = "1", .min = 1, .max = 10000,
          .about = "Calls that each of those makes; the need fails when any of them does."),
    CHOICE(NeedSpec, on_failure, "on_failure", .fallback = "fail", .choices = need_failures,
           .about = "What a failed call does to the request: fails it (fail closed), lets it "
                    "pass (open), tries another service, or serves an older answer."),
    REFERENCE(NeedSpec, fallback, "fallback", .path = "services",
              .about = "The other service, for on_failure: fallback."),
    DURATION(NeedSpec, timeout, "timeout", .fallback = "10s", .min = 0.001, .max = 3600,
             .about = "The caller gives up after this long."),
    INTEGER(NeedSpec, retries, "retries", .fallback = "0", .min = 0, .max = 5,
            .about = "Further tries after a failed call, at once."),
    CHOICE(NeedSpec, outcome, "outcome", .choices = need_outcomes, .fallback = "default",
           .about = "What the client sees when the call fails; default: the needed service's."),
    OBJECT(NeedSpec, breaker, "breaker", .table = &breaker_table,
           .about = "Stops calling while calls keep failing; on_failure says what that does."),
    CHOICE(NeedSpec, throttle, "throttle", .fallback = "none", .choices = throttle_names,
           .about = "Calls that the caller refuses itself, when the service refuses many."),
    COUNT(NeedSpec, bulkhead, "bulkhead", .fallback = "0", .min = 0, .max = 1e9,
          .about = "Most calls in hand at once, at one PoP or of one central caller; more fail at "
                   "once; 0: any number."),
    CHOICE(NeedSpec, limits, "limits", .choices = call_limit_names, .fallback = "none",
           .about = "Whose numbers bulkhead and retries_at_once have when they are not given: "
                    "envoy's circuit breaking 1024 and 3, hystrix' pool 10."),
    COUNT(NeedSpec, retries_at_once, "retries_at_once", .fallback = "0", .min = 0, .max = 1e9,
          .about = "Most retries in hand at once, as bulkhead; 0: any number."),
    SHARE(NeedSpec, retry_budget, "retry_budget", .fallback = "0%", .min = 0, .max = 1,
          .about = "Retries for each first try; 0%: no limit."),
    OBJECT(NeedSpec, outlier, "outlier", .table = &outlier_table,
           .about = "Leaves out hosts of the service that fail (station.hosts)."),
};
static const SimFieldTable need_table = {.name = "need",
                                         .about =
                                             "A call that one service (or site) makes to another.",
                                         .size = sizeof(NeedSpec),
                                         SIM_TABLE(need_fields),
                                         .shorthand = "share",
                                         .check = need_check};

static const SimField station_fields[] = {
    COUNT(StationSpec, servers, "servers", .fallback = "1", .min = 1e-6, .max = 1e9,
          .about = "Calls served at the same time."),
    DURATION(StationSpec, service_time, "service_time", .fallback = "10ms", .min = 1e-6,
             .max = 3600, .about = "Mean time of one call on one server."),
    COUNT(StationSpec, queue, "queue", .min = 1e-6, .max = 1e12,
          .about = "Waiting places; a call that finds none is refused; absent: no limit."),
    COUNT(StationSpec, concurrency, "concurrency", .min = 1e-6, .max = 1e12,
          .about = "Calls held at once including those that wait for what they need; absent: no "
                   "limit. Slow dependencies then eat capacity."),
    CHOICE(StationSpec, discipline, "discipline", .fallback = "fifo", .choices = discipline_names,
           .about = "Which waiting call is served" ABOUT_DISCIPLINE),
    CHOICE(StationSpec, law, "law", .fallback = "exponential", .choices = service_law_names,
           .about = "How service times spread around their mean (the flow plane: exponential)."),
    BOOL(StationSpec, cancel, "cancel", .fallback = "false",
         .about = "Whether a call whose caller has given up is dropped unserved."),
    BOOL(StationSpec, deadlines, "deadlines", .fallback = "false",
         .about = "Whether a call" ABOUT_DEADLINES),
    OBJECT(StationSpec, limit, "limit", .table = &concurrency_table,
           .about = "Calls in hand, beyond which more are refused."),
    COUNT(StationSpec, hosts, "hosts", .fallback = "0", .min = 0, .max = 1e6,
          .about = "Machines that the servers are spread over; 0: not told apart."),
    CHOICE(StationSpec, admission, "admission", .fallback = "none", .choices = throttle_names,
           .about = "Calls that are refused before they reach a server, when many fail (envoy: "
                    "its admission control)."),
    OBJECT(StationSpec, autoscale, "autoscale", .table = &autoscale_table,
           .about = "Servers that are added when it is busy."),
};
static const SimFieldTable station_table = {.name = "station",
                                            .about = "Where calls queue for servers.",
                                            .size = sizeof(StationSpec),
                                            SIM_TABLE(station_fields)};

static const char *const backoffs[] = {"none", "kubernetes", "systemd", NULL};
static const SimField restart_fields[] = {
    INTEGER(RestartSpec, processes, "processes", .fallback = "40", .min = 1, .max = 1e6,
            .about = "Processes per PoP (placement pop) or in all."),
    LAW(RestartSpec, delay, "delay", .fallback = "3s",
        .about = "A process's own start, from exec to ready."),
    CHOICE(RestartSpec, backoff, "backoff", .fallback = "kubernetes", .choices = backoffs,
           .about = "Waits between restarts of a process that keeps dying."),
    SHARE(RestartSpec, stuck, "stuck", .fallback = "0%", .min = 0, .max = 1,
          .about = "Share of crash-looping processes that end up failed until somebody restarts "
                   "them."),
    DURATION(RestartSpec, warm_up, "warm_up", .fallback = "0s", .min = 0, .max = 86400,
             .about = "From ready to full speed."),
    SHARE(RestartSpec, warm_speed, "warm_speed", .fallback = "50%", .min = 0.01, .max = 1,
          .about = "Speed of a process just after its start; grows linearly over warm_up."),
    SHARE(RestartSpec, cache_kept, "cache_kept", .fallback = "100%", .min = 0, .max = 1,
          .about = "Share of the PoP's cached content that survives a restart."),
};
static const SimFieldTable restart_table = {.name = "restart",
                                            .about = "How processes die and come back.",
                                            .size = sizeof(RestartSpec),
                                            SIM_TABLE(restart_fields)};

static const SimField reaction_fields[] = {
    SHARE(ReactionSpec, share, "share", .required = true, .min = 0, .max = 1,
          .about = "Share of requests that the site's own rules block in that condition."),
};
static const SimFieldTable reaction_table = {
    .name = "reaction",
    .about = "What a degraded condition (effect `degrade`) does to a site.",
    .size = sizeof(ReactionSpec),
    SIM_TABLE(reaction_fields),
    .shorthand = "share"};

static const SimField front_fields[] = {
    REFERENCE(FrontSpec, service, "service", .path = "services", .required = true,
              .about = "The edge service that calls enter, at the PoP the caller reaches."),
    MAP(FrontSpec, cohorts, "cohorts", .table = &cohort_table, .items_max = 8,
        .about = "Which cohorts serve this service's own zone; default: as the edge service."),
    MAP(FrontSpec, needs, "needs", .table = &need_table, .items_max = 32,
        .about = "What the edge calls for each request of this zone, e.g. bot management."),
    MAP(FrontSpec, reactions, "reactions", .table = &reaction_table, .items_max = 16,
        .about = "What the zone's own rules block when a service is degraded."),
};
static const SimFieldTable front_table = {.name = "front",
                                          .about =
                                              "The service is reached through the edge itself.",
                                          .size = sizeof(FrontSpec),
                                          SIM_TABLE(front_fields)};

static const char *const placements[] = {"pop", "core", "external", NULL};
static void service_check(SimFields *fields, void *item);
static const SimField service_fields[] = {
    CHOICE(ServiceSpec, placement, "placement", .required = true, .choices = placements,
           .about = "At every PoP, in a core data centre, or in somebody else's cloud."),
    REFERENCE(ServiceSpec, location, "location", .path = "locations",
              .about = "Where a core or external service stands."),
    REFERENCE(ServiceSpec, inside, "inside", .path = "services",
              .about = "A module of this PoP service: shares its processes and cohorts."),
    DURATION(ServiceSpec, cpu, "cpu", .fallback = "0s", .min = 0, .max = 3600,
             .about = "CPU time of a call (placement pop)."),
    DURATION(ServiceSpec, error_cpu, "error_cpu", .fallback = "0s", .min = 0, .max = 3600,
             .about = "Further CPU time of a call that fails here: enriching and reporting the "
                      "error."),
    MAP(ServiceSpec, cohorts, "cohorts", .table = &cohort_table, .items_max = 8,
        .about = "Versions that run beside each other."),
    OBJECT(ServiceSpec, station, "station", .table = &station_table,
           .about = "Servers and queue (placement core or external)."),
    OBJECT(ServiceSpec, restart, "restart", .table = &restart_table,
           .about = "How its processes die and come back."),
    OBJECT(ServiceSpec, front, "front", .table = &front_table,
           .about = "Callers reach it through the edge (`via: edge`)."),
    MAP(ServiceSpec, needs, "needs", .table = &need_table, .items_max = 32,
        .about = "What it calls for each request."),
    CHOICE(ServiceSpec, outcome, "outcome", .fallback = "503", .choices = outcome_names,
           .about = "What a failed call of this service is to a client."),
    OBJECT(ServiceSpec, failover, "failover", .table = &failover_table,
           .about = "Where a core service goes on when its location is lost."),
    DURATION(ServiceSpec, clock_tolerance, "clock_tolerance", .fallback = "0s", .min = 0,
             .max = 31 * 86400.0,
             .about = "Clocks that are off by more make its calls fail; 0s: it does not care."),
    OBJECT(ServiceSpec, when_killed, "when_killed", .table = &effect_table,
           .about = "What happens to the processes it runs in when calls to it are switched off: "
                    "a latent bug of the kill switch."),
};
static const SimFieldTable service_table = {.name = "service",
                                            .about = "A program that answers calls.",
                                            .size = sizeof(ServiceSpec),
                                            SIM_TABLE(service_fields),
                                            .check = service_check};

static const SimField vendor_fields[] = {
    REFERENCES(VendorSpec, services, "services", .path = "services", .items_max = 100,
               .about = "Services of this network that the vendor stands on."),
    REFERENCES(VendorSpec, vendors, "vendors", .path = "vendors", .items_max = 100,
               .about = "Other vendors that it stands on."),
};
static const SimFieldTable vendor_table = {.name = "vendor",
                                           .about = "A site's own supplier (log-in, DNS, tags), "
                                                    "perhaps itself behind this edge; `check` "
                                                    "prints the transitive exposure.",
                                           .size = sizeof(VendorSpec),
                                           SIM_TABLE(vendor_fields)};

/* sites ------------------------------------------------------------------------------------- */

static const SimField region_fields[] = {
    FACTOR(RegionSpec, factor, "factor", .required = true, .min = 0, .max = 1000,
           .about = "Demand of this region relative to its users' share."),
};
static const SimFieldTable region_table = {.name = "region",
                                           .about = "Where a site's users are.",
                                           .size = sizeof(RegionSpec),
                                           SIM_TABLE(region_fields),
                                           .shorthand = "factor"};

static const SimField cache_fields[] = {
    SHARE(CacheSpec, cacheable, "cacheable", .fallback = "0%", .min = 0, .max = 1,
          .about = "Share of requests that a cache may answer."),
    COUNT(CacheSpec, objects, "objects", .fallback = "1M", .min = 1, .max = 1e10,
          .about = "Objects in the catalogue."),
    NUMBER(CacheSpec, alpha, "alpha", .fallback = "0.9", .min = 0, .max = 3,
           .about = "Exponent of the Zipf law of popularity."),
    SHARE(CacheSpec, size, "size", .fallback = "10%", .min = 1e-9, .max = 1,
          .about = "Share of the catalogue that fits into a PoP's cache."),
    CHOICE(CacheSpec, policy, "policy", .fallback = "lru", .choices = cache_policy_names,
           .about = "Which object makes room for a new one (the flow plane: lru)."),
    DURATION(CacheSpec, ttl, "ttl", .fallback = "0s", .min = 0, .max = 31 * 86400.0,
             .about = "An object older than this is fetched again; 0s: never (request plane)."),
    TEXT(CacheSpec, trace, "trace",
         .about = "A log, CSV or oracleGeneral, whose keys the requests ask for in its order, in "
                  "place of draws from the Zipf law (request plane); objects is then the number of "
                  "distinct keys, of which size is a share."),
};
static const SimFieldTable cache_table = {.name = "cache",
                                          .about = "How much of a site's traffic its caches "
                                                   "answer, and how long they take to fill.",
                                          .size = sizeof(CacheSpec),
                                          SIM_TABLE(cache_fields)};

static const SimField origin_fields[] = {
    RATE(OriginSpec, capacity_per_s, "capacity", .min = 1e-6, .max = 1e12,
         .about = "Requests per second that the origin can answer; absent: as many as come. "
                  "More are refused (503)."),
    DURATION(OriginSpec, latency, "latency", .fallback = "80ms", .min = 0, .max = 3600,
             .about = "Time the origin takes to answer, with the way there."),
};
static const SimFieldTable origin_table = {.name = "origin",
                                           .about = "Where a site's content comes from.",
                                           .size = sizeof(OriginSpec),
                                           SIM_TABLE(origin_fields)};

static const SimField client_fields[] = {
    DURATION(ClientSpec, timeout, "timeout", .fallback = "30s", .min = 0.001, .max = 3600,
             .about = "A client gives up an attempt after this long."),
    INTEGER(ClientSpec, retries, "retries", .fallback = "0", .min = 0, .max = 5,
            .about = "Further attempts that the machine makes by itself."),
    DURATION(ClientSpec, backoff, "backoff", .fallback = "0s", .min = 0, .max = 600,
             .about = "Wait before the first of them.  Half a tick or less counts as at once, "
                      "for the later ones too."),
    NUMBER(ClientSpec, growth, "growth", .fallback = "2", .min = 1, .max = 10,
           .about = "Each further wait is this many times longer."),
    BOOL(ClientSpec, jitter, "jitter", .fallback = "false",
         .about = "Full jitter: the wait is uniform between 0 and the back-off."),
    SHARE(ClientSpec, budget, "budget", .min = 1e-6, .max = 1,
          .about = "Retries allowed per request of a person or program that is none (retry "
                   "budget); absent: no limit."),
    RATE(ClientSpec, budget_min_per_s, "budget_min", .fallback = "0/s", .min = 0, .max = 1e12,
         .about = "Retries per second that the budget always allows, per PoP."),
    CHOICE(ClientSpec, library, "library", .fallback = "none", .choices = retry_policy_names,
           .about = "The limits of a named client library in place of the budget (request "
                    "plane)."),
    DURATION(ClientSpec, reload, "reload", .fallback = "15s", .min = 0.1, .max = 86400,
             .about = "Mean time until a person tries again after a failure."),
    SHARE(ClientSpec, persistence, "persistence", .fallback = "70%", .min = 0, .max = 1,
          .about = "Share of people who try again, after each failure; 0%: only machines retry."),
};
static const SimFieldTable client_table = {.name = "client",
                                           .about = "How machines and people behave when an "
                                                    "attempt fails.",
                                           .size = sizeof(ClientSpec),
                                           SIM_TABLE(client_fields)};

static const SimField sessions_fields[] = {
    REFERENCE(SessionsSpec, login, "login", .path = "sites", .required = true,
              .about = "The site whose successful requests open sessions here."),
    COUNT(SessionsSpec, users, "users", .required = true, .min = 1, .max = 1e11,
          .about = "Sessions open at the start."),
    LAW(SessionsSpec, lifetime, "lifetime", .fallback = "exponential(mean 8h)",
        .about = "How long a session lasts."),
    SHARE(SessionsSpec, return_share, "return", .fallback = "60%", .min = 0, .max = 1,
          .about = "Share of expired sessions whose people log in again at once; newcomers, "
                   "over the day, make up for the rest."),
};
static const SimFieldTable sessions_table = {
    .name = "sessions",
    .about = "A population of logged-in people: only expiries and newcomers log in, so log-in "
             "demand is an outcome.",
    .size = sizeof(SessionsSpec),
    SIM_TABLE(sessions_fields)};

static void site_check(SimFields *fields, void *item);
static const SimField site_fields[] = {
    SHARE(SiteSpec, share, "share", .fallback = "0%", .min = 0, .max = 1,
          .about = "Share of network.requests."),
    BOOL(SiteSpec, remainder, "remainder", .fallback = "false",
         .about = "Takes what the shares of the other sites leave (one site)."),
    RATE(SiteSpec, requests_per_s, "requests", .fallback = "0/s", .min = 0, .max = 1e12,
         .about = "Its own mean rate over a day, in place of a share."),
    MAP(SiteSpec, regions, "regions", .table = &region_table, .items_max = 7,
        .about = "Where its users are, relative to all users; a region not named: 1x."),
    OBJECT(SiteSpec, diurnal, "diurnal", .table = &diurnal_table,
           .about = "A daily shape of its own; absent: the network's."),
    REFERENCE(SiteSpec, service, "service", .path = "services", .required = true,
              .about = "The PoP service that its requests enter."),
    MAP(SiteSpec, cohorts, "cohorts", .table = &cohort_table, .items_max = 8,
        .about = "Which cohorts serve its zone; default: as the service."),
    MAP(SiteSpec, needs, "needs", .table = &need_table, .items_max = 32,
        .about = "What its requests need beyond the service's own needs."),
    MAP(SiteSpec, reactions, "reactions", .table = &reaction_table, .items_max = 16,
        .about = "What its rules block when a service is degraded: false positives."),
    OBJECT(SiteSpec, cache, "cache", .table = &cache_table, .about = "How it caches."),
    OBJECT(SiteSpec, origin, "origin", .table = &origin_table, .about = "Where it comes from."),
    OBJECT(SiteSpec, client, "client", .table = &client_table, .about = "How clients behave."),
    OBJECT(SiteSpec, sessions, "sessions", .table = &sessions_table,
           .about = "Logged-in people; demand is then in proportion to open sessions."),
    REFERENCES(SiteSpec, vendors, "vendors", .path = "vendors", .items_max = 100,
               .about = "Suppliers that it stands on, for `check`."),
    OBJECT(SiteSpec, attack, "attack", .table = &attack_table,
           .about = "Its requests are an attack's."),
    REFERENCE(SiteSpec, group, "group", .path = "prefix_groups",
              .about = "The prefix group in which it is announced; absent: that of all others."),
    TEXT(SiteSpec, about, "about", .about = "What it stands for."),
};
static const SimFieldTable site_table = {.name = "site",
                                         .about = "A customer, or the long tail of customers: a "
                                                  "traffic class.",
                                         .size = sizeof(SiteSpec),
                                         SIM_TABLE(site_fields),
                                         .check = site_check};

/* checks across fields ---------------------------------------------------------------------- */

static void
need_check(SimFields *fields, void *item)
{
    NeedSpec *need = item;
    if (need->bulkhead <= 0)
        need->bulkhead = call_limit_calls[need->limits];
    if (need->retries_at_once <= 0)
        need->retries_at_once = call_limit_retries[need->limits];
    if (need->on_failure == NEED_FALLBACK && need->fallback == SIM_NONE)
        sim_fields_error(fields, need->entity.mark,
                         "need '%s' has on_failure: fallback: expected fallback: with the name of "
                         "another service",
                         need->entity.name);
}

/* What would have no effect on a service at the PoPs. */
static void
check_at_pop(SimFields *fields, const ServiceSpec *service)
{
    const char *name = service->entity.name;
    if (service->station.entity.is_given)
        sim_fields_error(fields, service->station.entity.mark,
                         "service '%s' has a station but stands at the PoPs, where services share "
                         "the CPU: expected cpu: instead",
                         name);
    if (service->front.entity.is_given)
        sim_fields_error(fields, service->front.entity.mark,
                         "service '%s' has a front but stands at the PoPs already: expected "
                         "placement core or external",
                         name);
    if (service->location != SIM_NONE)
        sim_fields_error(fields, service->entity.mark,
                         "service '%s' has a location but stands at every PoP: expected placement "
                         "core or external, or no location",
                         name);
    if (service->inside != SIM_NONE && service->restart.entity.is_given)
        sim_fields_error(fields, service->restart.entity.mark,
                         "service '%s' has a restart but runs inside the processes of another: "
                         "expected restart: there",
                         name);
}

/* What would have no effect on a core or external service. */
static void
check_central(SimFields *fields, const ServiceSpec *service)
{
    const char *name = service->entity.name;
    if (service->inside != SIM_NONE)
        sim_fields_error(fields, service->entity.mark,
                         "service '%s' is inside another but not placed at the PoPs: expected "
                         "placement: pop",
                         name);
    if (service->cpu || service->error_cpu)
        sim_fields_error(fields, service->entity.mark,
                         "service '%s' has CPU time but is not placed at the PoPs: expected a "
                         "station with servers and service_time",
                         name);
    if (service->restart.entity.is_given || service->cohorts.n)
        sim_fields_error(fields, service->entity.mark,
                         "service '%s' has %s but is not placed at the PoPs, where processes are "
                         "modelled: expected placement: pop",
                         name, service->cohorts.n ? "cohorts" : "a restart");
    SIM_EACH(const NeedSpec, need, service->needs)
    if (need->outcome != OUTCOME_NONE)
        sim_fields_error(fields, need->entity.mark,
                         "need '%s' has an outcome, but callers of '%s' see that service's own: "
                         "expected outcome: on a need of a site or of a service at the PoPs",
                         need->entity.name, name);
}

static void
service_check(SimFields *fields, void *item)
{
    const ServiceSpec *service = item;
    if (service->placement == PLACEMENT_POP)
        check_at_pop(fields, service);
    else
        check_central(fields, service);
}

static void
site_check(SimFields *fields, void *item)
{
    SiteSpec *site = item;
    int given = (site->share > 0) + (site->requests_per_s > 0) + site->remainder;
    if (given > 1)
        sim_fields_error(fields, site->entity.mark,
                         "site '%s' has more than one of share, requests, remainder: expected one",
                         site->entity.name);
    if (site->client.budget_min_per_s > 0 && site->client.budget <= 0)
        sim_fields_error(fields, site->client.entity.mark,
                         "site '%s' has a budget_min without a budget: expected budget: with the "
                         "share of retries such as 20%%",
                         site->entity.name);
}

static void
root_check(SimFields *fields, void *item)
{
    Spec *spec = item;
    need_resolve(fields, spec);
    if (spec->version != 1)
        sim_fields_error(fields, spec->entity.mark,
                         "format version %lld is not known: expected blackstart: 1",
                         (long long)spec->version);
}

/* the root ---------------------------------------------------------------------------------- */

static const SimField root_fields[] = {
    INTEGER(Spec, version, "blackstart", .required = true, .min = 1, .max = 1000,
            .about = "Version of the format: 1."),
    TEXT(Spec, title, "title", .required = true, .about = "One line."),
    TEXT(Spec, about, "about", .about = "The question, the inputs, what is left out."),
    BOOL(Spec, replay, "replay", .fallback = "false",
         .about = "Human times are pinned to a published clock: not for comparing policies."),
    OBJECT(Spec, clock, "clock", .table = &clock_table, .required = true,
           .about = "When, how long, which seed."),
    OBJECT(Spec, network, "network", .table = &network_table, .about = "PoPs and demand."),
    MAP(Spec, locations, "locations", .table = &location_table, .items_max = 1000,
        .about = "Core data centres and clouds."),
    MAP(Spec, services, "services", .table = &service_table, .required = true,
        .items_max = SERVICES_MAX, .about = "What answers calls."),
    MAP(Spec, vendors, "vendors", .table = &vendor_table, .items_max = 1000,
        .about = "Suppliers of sites."),
    MAP(Spec, prefix_groups, "prefix_groups", .table = &prefix_group_table, .items_max = 15,
        .about = "Sites announced together, apart from all others."),
    MAP(Spec, sites, "sites", .table = &site_table, .required = true, .items_max = SITES_MAX,
        .about = "Traffic classes: customers and the long tail."),
    MAP(Spec, clusters, "clusters", .table = &cluster_table, .items_max = 100,
        .about = "Where configs are generated."),
    OBJECT(Spec, change_process, "change_process", .table = &change_table,
           .about = "What every config's versions wait for before they go out."),
    MAP(Spec, configs, "configs", .table = &config_table, .items_max = 100,
        .about = "What is pushed to every PoP."),
    MAP(Spec, observers, "observers", .table = &observer_table, .items_max = 200,
        .about = "Who watches: monitors, probes, the crowd."),
    MAP(Spec, tools, "tools", .table = &tool_table, .items_max = 100,
        .about = "What actions take."),
    MAP(Spec, teams, "teams", .table = &team_table, .items_max = 100,
        .about = "Who is paged, and acts."),
    OBJECT(Spec, status_page, "status_page", .table = &status_page_table,
           .about = "Where the public hears of it."),
    LIST(Spec, timeline, "timeline", .table = &timeline_table, .items_max = ENTRIES_MAX,
         .about = "Faults, changes, actions and notes."),
    LIST(Spec, expect, "expect", .table = &expect_table, .items_max = ENTRIES_MAX,
         .about = "What must hold; decides the exit code."),
    LIST(Spec, published, "published", .table = &published_table, .items_max = ENTRIES_MAX,
         .about = "Published values, printed beside the simulated ones; never a gate."),
    TEXT(Spec, spotlight, "spotlight",
         .about = "A success or errors metric for a panel of its own in the incident strip."),
};
const SimFieldTable spec_table = {.name = "scenario",
                                  .about = "A scenario file.",
                                  .size = sizeof(Spec),
                                  SIM_TABLE(root_fields),
                                  .check = root_check};
