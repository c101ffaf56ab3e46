#include "models/spec_protections.h"

#include "models/spec_row.h"

const char *const call_limit_names[CALL_LIMITS + 1] = {"none", "envoy", "hystrix", NULL};
const double call_limit_calls[CALL_LIMITS] = {0, 1024, 10};
const double call_limit_retries[CALL_LIMITS] = {0, 3, 0};

BreakerRule
breaker_rule(const BreakerSpec *spec)
{
    return (BreakerRule){.kind = (BreakerKind)spec->kind,
                         .errors = spec->errors,
                         .volume = spec->volume,
                         .window = spec->window,
                         .open = spec->open,
                         .consecutive = spec->consecutive,
                         .slow = spec->slow,
                         .slow_share = spec->slow_share};
}

OutlierRule
outlier_rule(const OutlierSpec *spec)
{
    return (OutlierRule){.consecutive = spec->consecutive,
                         .interval = spec->interval,
                         .ejection = spec->ejection,
                         .ejection_max = spec->ejection_max,
                         .ejected_max = spec->ejected_max,
                         .panic = spec->panic};
}

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
    DURATION(BreakerSpec, slow, "slow", .fallback = "0s", .min = 0, .max = 3600,
             .about = "resilience4j: a call that takes so long counts as slow; 0s: its own (60s)."),
    SHARE(BreakerSpec, slow_share, "slow_share", .fallback = "0%", .min = 0, .max = 1,
          .about = "resilience4j: slow share that trips it; 0%: its own (100%)."),
};

/* Numbers that the kind does not ask for. */
static void
breaker_check(SimFields *fields, void *item)
{
    const BreakerSpec *spec = item;
    BreakerRule rule = breaker_rule(spec);
    BreakerRule own = breaker_rule_complete(&(BreakerRule){.kind = rule.kind});
    const struct {
        const char *key;
        bool is_given, is_read;
    } keys[] = {{"errors", rule.errors > 0, own.errors > 0},
                {"volume", rule.volume > 0, own.volume > 0},
                {"window", rule.window > 0, own.window > 0},
                {"open", rule.open > 0, own.open > 0},
                {"consecutive", rule.consecutive > 0, own.consecutive > 0},
                {"slow", rule.slow > 0, own.slow > 0},
                {"slow_share", rule.slow_share > 0, own.slow_share > 0}};
    for (uint32_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (keys[i].is_given && !keys[i].is_read)
            sim_fields_error(fields, spec->entity.mark,
                             "a breaker of kind %s has no %s: expected a kind that has, or none "
                             "of it",
                             breaker_names[rule.kind], keys[i].key);
}

const SimFieldTable breaker_table = {.name = "breaker",
                                     .about = "Stops calling what keeps failing; one for each "
                                              "caller's kind at each PoP.",
                                     .size = sizeof(BreakerSpec),
                                     SIM_TABLE(breaker_fields),
                                     .check = breaker_check,
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
