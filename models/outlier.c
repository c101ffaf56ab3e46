#include "models/outlier.h"

#include "models/breaker.h"
#include "sim/elementary.h"

#include <math.h>

static const double SPREAD = 1.9; /* standard deviations */
static const double CALLS_MIN = 100;
static const uint32_t HOSTS_MIN = 5;

uint32_t
outlier_hosts(double hosts)
{
    return (uint32_t)fmin(hosts, OUTLIER_HOSTS_MOST);
}

static void
clear_run(Outlier *outlier, OutlierHost *host)
{
    host->run = host->hazard = 0;
    host->threshold = -sim_log(sim_rng_unit(&outlier->rng));
}

void
outlier_init(Outlier *outlier, const OutlierRule *rule, OutlierHost *hosts, uint32_t n, SimRng rng)
{
    SIM_ASSERT(n > 0);
    *outlier =
        (Outlier){.rule = *rule, .hosts = hosts, .n = n, .sweeps_at = rule->interval, .rng = rng};
    for (uint32_t i = 0; i < n; i++) {
        hosts[i] = (OutlierHost){0};
        clear_run(outlier, &hosts[i]);
    }
}

static void
eject(Outlier *outlier, OutlierHost *host, SimTime now)
{
    double most = floor(outlier->rule.ejected_max * outlier->n + 1e-9);
    if (host->is_out || outlier->n_out >= fmax(1, most))
        return;
    host->is_out = true;
    host->times++;
    double times = host->times;
    SimTime out = sim_from_nanoseconds((double)outlier->rule.ejection * times);
    if (out > outlier->rule.ejection_max)
        out = outlier->rule.ejection_max;
    host->until = sim_time_add(now, out);
    outlier->n_out++;
    outlier->ejections++;
    clear_run(outlier, host);
}

/* Those whose share of successes lies far below the others'. */
static void
eject_by_success(Outlier *outlier, SimTime now)
{
    double sum = 0, squares = 0, n = 0;
    for (uint32_t i = 0; i < outlier->n; i++) {
        const OutlierHost *host = &outlier->hosts[i];
        double rate = host->calls >= CALLS_MIN ? host->ok / host->calls : 0;
        n += host->calls >= CALLS_MIN;
        sum += rate;
        squares += rate * rate;
    }
    if (n < HOSTS_MIN)
        return;
    double mean = sum / n, variance = fmax(0, squares / n - mean * mean);
    double least = mean - SPREAD * sqrt(variance);
    for (uint32_t i = 0; i < outlier->n; i++) {
        OutlierHost *host = &outlier->hosts[i];
        if (host->calls >= CALLS_MIN && host->ok / host->calls < least - 1e-9)
            eject(outlier, host, now);
    }
}

static void
sweep(Outlier *outlier, SimTime now)
{
    for (uint32_t i = 0; i < outlier->n; i++) {
        OutlierHost *host = &outlier->hosts[i];
        if (host->is_out && host->until <= now) {
            host->is_out = false;
            outlier->n_out--;
            outlier->returns++;
        } else if (!host->is_out && host->times > 0) {
            host->times--;
        }
    }
    eject_by_success(outlier, now);
    for (uint32_t i = 0; i < outlier->n; i++)
        outlier->hosts[i].calls = outlier->hosts[i].ok = 0;
}

static void
sweep_when_due(Outlier *outlier, SimTime now)
{
    if (now < outlier->sweeps_at)
        return;
    outlier->sweeps_at = (now / outlier->rule.interval + 1) * outlier->rule.interval;
    sweep(outlier, now);
}

static bool
is_panic(const Outlier *outlier)
{
    double in = outlier->n - outlier->n_out;
    return in <= 0 || in < outlier->rule.panic * outlier->n;
}

/* call by call ------------------------------------------------------------------------------ */

uint32_t
outlier_pick(Outlier *outlier, SimTime now)
{
    sweep_when_due(outlier, now);
    bool any = is_panic(outlier);
    uint32_t host = (uint32_t)sim_rng_below(&outlier->rng, outlier->n);
    while (!any && outlier->hosts[host].is_out)
        host = (uint32_t)sim_rng_below(&outlier->rng, outlier->n);
    return host;
}

void
outlier_count(Outlier *outlier, SimTime now, uint32_t index, bool ok)
{
    OutlierHost *host = &outlier->hosts[index];
    sweep_when_due(outlier, now);
    host->calls += 1;
    host->ok += ok;
    host->run = ok ? 0 : host->run + 1;
    if (host->run >= outlier->rule.consecutive)
        eject(outlier, host, now);
}

/* in rates ---------------------------------------------------------------------------------- */

static double
badness(const Outlier *outlier, double bad, uint32_t host)
{
    return fmax(0, fmin(1, bad * outlier->n - host));
}

double
outlier_bad_share(const Outlier *outlier, double bad)
{
    double sum = 0;
    if (outlier->n_out == 0 || is_panic(outlier))
        return bad;
    for (uint32_t i = 0; i < outlier->n; i++)
        sum += outlier->hosts[i].is_out ? 0 : badness(outlier, bad, i);
    return sum / (outlier->n - outlier->n_out);
}

/* Some calls to one host, failing with chance p: has it failed enough on end? */
static bool
has_run(const Outlier *outlier, OutlierHost *host, double calls, double p)
{
    double k = outlier->rule.consecutive;
    if (p <= 0) {
        host->run = 0;
        return false;
    }
    double first = fmin(calls, k - host->run);
    host->run += first;
    if (host->run < k * (1 - 1e-9))
        return false;
    double more = breaker_run_mean(p, k) - k;
    host->hazard += more > 1e-9 ? (calls - first) / more : 0;
    return more <= 1e-9 || host->hazard >= host->threshold;
}

void
outlier_step(Outlier *outlier, const OutlierCalls *step)
{
    bool any = is_panic(outlier);
    double each = step->calls / (any ? outlier->n : outlier->n - outlier->n_out);
    for (uint32_t i = 0; i < outlier->n; i++) {
        OutlierHost *host = &outlier->hosts[i];
        if (host->is_out && !any)
            continue;
        double p = 1 - (1 - badness(outlier, step->bad, i)) * (1 - step->failed);
        host->calls += each;
        host->ok += each * (1 - p);
        if (has_run(outlier, host, each, p))
            eject(outlier, host, step->to);
    }
    sweep_when_due(outlier, step->to);
}
