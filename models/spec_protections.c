#include "models/spec_protections.h"

#include "models/spec_row.h"

const char *const breaker_names[BREAKER_KINDS + 1] = {"none", "hystrix", "resilience4j", "finagle",
                                                      NULL};
const char *const throttle_names[THROTTLE_KINDS + 1] = {"none", "sre", "envoy", NULL};

static const SimField breaker_fields[] = {
    CHOICE(BreakerSpec, kind, "kind", .fallback = "none", .choices = breaker_names,
           .about = "Whose rules: failed share of a window of time (hystrix), of the last calls "
                    "(resilience4j), or failures on end (finagle)."),
    SHARE(BreakerSpec, errors, "errors", .fallback = "0%", .min = 0, .max = 1,
          .about = "Failed share that trips it; 0%: the kind's own (50%)."),
    COUNT(BreakerSpec, volume, "volume", .fallback = "0", .min = 0, .max = 1e6,
          .about = "With fewer calls in the window it does not trip (resilience4j: the window "
                   "itself); 0: the kind's own (20; 100)."),
    DURATION(BreakerSpec, window, "window", .fallback = "0s", .min = 0, .max = 3600,
             .about = "hystrix: time that counts; 0s: its own (10s)."),
    DURATION(BreakerSpec, open, "open", .fallback = "0s", .min = 0, .max = 3600,
             .about = "How long it stays open before it lets calls try; 0s: the kind's own (5s; "
                      "60s; 5s, growing to 300s)."),
    COUNT(BreakerSpec, consecutive, "consecutive", .fallback = "0", .min = 0, .max = 1e6,
          .about = "finagle: failures on end that trip it; 0: its own (5)."),
};
const SimFieldTable breaker_table = {.name = "breaker",
                                     .about = "Stops calling what keeps failing; one for each "
                                              "caller's kind at each PoP.",
                                     .size = sizeof(BreakerSpec),
                                     SIM_TABLE(breaker_fields),
                                     .shorthand = "kind"};

static const SimField outlier_fields[] = {
    COUNT(OutlierSpec, consecutive, "consecutive", .fallback = "5", .min = 1, .max = 1e6,
          .about = "Failures on end after which a host is left out."),
    DURATION(OutlierSpec, interval, "interval", .fallback = "10s", .min = 1, .max = 3600,
             .about = "Time between looks at who may come back."),
    DURATION(OutlierSpec, ejection, "ejection", .fallback = "30s", .min = 1, .max = 86400,
             .about = "How long a host is left out the first time; each further time longer by "
                      "this."),
    DURATION(OutlierSpec, ejection_max, "ejection_max", .fallback = "300s", .min = 1, .max = 86400,
             .about = "And at most."),
    SHARE(OutlierSpec, ejected_max, "ejected_max", .fallback = "10%", .min = 0, .max = 1,
          .about = "Share of hosts that may be left out at once; one host always may."),
    SHARE(OutlierSpec, panic, "panic", .fallback = "50%", .min = 0, .max = 1,
          .about = "With a smaller share of hosts in, all are asked again."),
};
const SimFieldTable outlier_table = {
    .name = "outlier detection",
    .about = "Leaves out the hosts of a service that keep failing (Envoy's defaults).",
    .size = sizeof(OutlierSpec),
    SIM_TABLE(outlier_fields)};

static const SimField autoscale_fields[] = {
    SHARE(AutoscaleSpec, target, "target", .fallback = "0%", .min = 0, .max = 1,
          .about = "Utilisation that it aims at; 0%: no scaling."),
    DURATION(AutoscaleSpec, every, "every", .fallback = "1m", .min = 1, .max = 86400,
             .about = "Time between decisions."),
    LAW(AutoscaleSpec, delay, "delay", .fallback = "3m",
        .about = "From a decision to servers that serve."),
    FACTOR(AutoscaleSpec, most, "most", .fallback = "4x", .min = 1, .max = 1e6,
           .about = "Most servers, in those of the scenario."),
    DURATION(AutoscaleSpec, calm, "calm", .fallback = "5m", .min = 0, .max = 86400,
             .about = "How long fewer must have been enough before it scales in."),
};
const SimFieldTable autoscale_table = {.name = "autoscale",
                                       .about = "More servers when those there are busy, after a "
                                                "while.",
                                       .size = sizeof(AutoscaleSpec),
                                       SIM_TABLE(autoscale_fields),
                                       .shorthand = "target"};

static const SimField failover_fields[] = {
    REFERENCE(FailoverSpec, location, "location", .path = "locations", .required = true,
              .about = "Where the service goes on."),
    LAW(FailoverSpec, after, "after", .fallback = "10m",
        .about = "From the loss of its own location to the first call served there."),
    SHARE(FailoverSpec, capacity, "capacity", .fallback = "100%", .min = 1e-6, .max = 1,
          .about = "Servers there, as a share of its own."),
};
const SimFieldTable failover_table = {.name = "failover",
                                      .about = "A second location for a core service.",
                                      .size = sizeof(FailoverSpec),
                                      SIM_TABLE(failover_fields),
                                      .shorthand = "location"};

static const SimField attack_fields[] = {
    REFERENCE(AttackSpec, blocked_by, "blocked_by", .path = "services",
              .about = "The service at the PoPs that sees through it, while it works and is not "
                       "switched off."),
    SHARE(AttackSpec, share, "share", .fallback = "95%", .min = 0, .max = 1,
          .about = "Of the attack that is blocked there."),
};
const SimFieldTable attack_table = {
    .name = "attack",
    .about = "The site's requests are an attack's: silent until a `ddos` of the timeline, and "
             "never counted as anybody's.",
    .size = sizeof(AttackSpec),
    SIM_TABLE(attack_fields),
    .shorthand = "blocked_by"};
