#include "models/moments.h"

#include "models/erlang.h"
#include "sim/base.h"
#include "sim/elementary.h"

#include <math.h>

/* Above this number of servers the normal law is as good and costs O(1). */
#define SERVERS_COUNTED_MAX 64.0
/* Steps in service times; Runge-Kutta of order four is stable up to 2.8. */
#define STEP_MAX 0.5
/* What would change less than this by the end of the step is at rest. */
#define REST 1e-9

/* p(0) and the ratios p(q+1) / p(q) = (first + next q) / (q + 1) of the laws that have such. */
typedef struct CountingLaw {
    double none;
    double first, next;
} CountingLaw;

static CountingLaw
counting_law(double mean, double variance)
{
    double excess = variance - mean;
    if (fabs(excess) <= 1e-8 * mean)
        return (CountingLaw){.none = sim_exp(-mean), .first = mean};
    double size = mean * mean / excess; /* negative: that many trials of a binomial */
    if (excess > 0) {
        double tail = excess / variance;
        return (CountingLaw){
            .none = sim_exp(size * sim_log1p(-tail)), .first = size * tail, .next = tail};
    }
    double odds = -excess / variance;
    return (CountingLaw){
        .none = sim_exp(size * sim_log1p(odds)), .first = -size * odds, .next = -odds};
}

/* E = c - sum (c - q) p(q), K = sum (c - q) (m - q) p(q) over q < c. */
static MomentsClosure
counted_closure(double mean, double variance, double servers)
{
    CountingLaw law = counting_law(mean, variance);
    double p = law.none, idle = 0, covariance = 0;
    for (double q = 0; q < servers; q++) {
        idle += (servers - q) * p;
        covariance += (servers - q) * (mean - q) * p;
        p *= (law.first + law.next * q) / (q + 1);
    }
    return (MomentsClosure){.busy = servers - idle, .covariance = covariance};
}

static MomentsClosure
normal_closure(double mean, double variance, double servers)
{
    double deviation = sqrt(variance), z = (servers - mean) / deviation;
    double density = 0.3989422804014327 * sim_exp(-z * z / 2);
    double below = sim_normal_cdf(z);
    return (MomentsClosure){.busy = servers - deviation * (density + z * below),
                            .covariance = variance * below};
}

MomentsClosure
moments_closure(const Moments *moments, double servers)
{
    double mean = fmax(moments->mean, 0), variance = fmax(moments->variance, 0);
    /* A law on 0..n with n <= c keeps every job in service. */
    bool fits = variance < mean && mean * mean <= servers * (mean - variance);
    if (mean == 0 || servers == 0 || fits)
        return (MomentsClosure){.busy = fmin(mean, servers),
                                .covariance = servers > 0 ? variance : 0};
    if (variance <= 1e-12 * mean)
        return (MomentsClosure){.busy = fmin(mean, servers)};
    MomentsClosure closure = servers <= SERVERS_COUNTED_MAX
                                 ? counted_closure(mean, variance, servers)
                                 : normal_closure(mean, variance, servers);
    closure.busy = fmin(fmax(closure.busy, 0), fmin(mean, servers));
    closure.covariance = fmin(fmax(closure.covariance, 0), variance);
    return closure;
}

static Moments
slope_at(Moments at, const MomentsStation *station, double arrivals_per_s)
{
    MomentsClosure closure = moments_closure(&at, station->servers);
    double served_per_s = station->service_per_s * closure.busy;
    return (Moments){.mean = arrivals_per_s - served_per_s,
                     .variance = arrivals_per_s + served_per_s -
                                 2 * station->service_per_s * closure.covariance};
}

static Moments
moved(Moments from, Moments slope, double dt_s)
{
    return (Moments){.mean = fmax(from.mean + slope.mean * dt_s, 0),
                     .variance = fmax(from.variance + slope.variance * dt_s, 0)};
}

static Moments
runge_kutta(Moments at, Moments first, const MomentsStation *station, double dt_s,
            double arrivals_per_s)
{
    Moments second = slope_at(moved(at, first, dt_s / 2), station, arrivals_per_s);
    Moments third = slope_at(moved(at, second, dt_s / 2), station, arrivals_per_s);
    Moments fourth = slope_at(moved(at, third, dt_s), station, arrivals_per_s);
    Moments mean_slope = {
        .mean = (first.mean + 2 * (second.mean + third.mean) + fourth.mean) / 6,
        .variance =
            (first.variance + 2 * (second.variance + third.variance) + fourth.variance) / 6};
    return moved(at, mean_slope, dt_s);
}

/* All servers are busy beyond doubt: the normal law has 1e-15 below c. */
static bool
is_far_above(Moments at, double servers)
{
    return at.mean - servers > 8 * sqrt(at.variance);
}

/* There both slopes are constant and a step may be as long as it stays there. */
static double
step_max(Moments at, Moments slope, const MomentsStation *station, double left_s)
{
    double step_s = STEP_MAX / station->service_per_s;
    if (!is_far_above(at, station->servers))
        return fmin(step_s, left_s);
    while (step_s < left_s && is_far_above(moved(at, slope, 2 * step_s), station->servers))
        step_s *= 2;
    return fmin(step_s, left_s);
}

void
moments_step(Moments *moments, const MomentsStation *station, double dt_s, double arrivals_per_s)
{
    SIM_ASSERT(dt_s >= 0);
    SIM_ASSERT(arrivals_per_s >= 0);
    SIM_ASSERT(station->servers >= 0);
    SIM_ASSERT(station->service_per_s > 0);
    for (double left_s = dt_s; left_s > 0;) {
        Moments slope = slope_at(*moments, station, arrivals_per_s);
        if (fabs(slope.mean) * left_s <= REST * (1 + moments->mean) &&
            fabs(slope.variance) * left_s <= REST * (1 + moments->variance))
            break;
        double step_s = step_max(*moments, slope, station, left_s);
        *moments = runge_kutta(*moments, slope, station, step_s, arrivals_per_s);
        left_s -= step_s;
    }
}

/* Denser towards saturation, where the mean grows as 1 / (1 - rho). */
void
moments_steady_init(MomentsSteady *steady, double servers)
{
    SIM_ASSERT(servers > 0);
    steady->servers = servers;
    for (uint32_t i = 0; i < MOMENTS_POINTS; i++) {
        double x = 1 - (double)i / MOMENTS_POINTS, idle = x * x, utilisation = 1 - idle;
        double waiting = erlang_c(utilisation * servers, servers) * utilisation / idle;
        steady->utilisation[i] = utilisation;
        steady->in_system[i] = servers * utilisation + waiting;
    }
}

double
moments_steady_utilisation(const MomentsSteady *steady, double in_system)
{
    SIM_ASSERT(in_system >= 0);
    uint32_t low = 0, high = MOMENTS_POINTS - 1;
    if (in_system >= steady->in_system[high]) {
        double queue_max = steady->in_system[high] - steady->servers;
        double idle = 1 - steady->utilisation[high];
        return 1 - idle * queue_max / (in_system - steady->servers);
    }
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (steady->in_system[middle] <= in_system)
            low = middle;
        else
            high = middle;
    }
    double t =
        (in_system - steady->in_system[low]) / (steady->in_system[high] - steady->in_system[low]);
    return steady->utilisation[low] + t * (steady->utilisation[high] - steady->utilisation[low]);
}

double
moments_steady_step(const MomentsSteady *steady, double in_system, double service_per_s,
                    double dt_s, double arrivals_per_s)
{
    SIM_ASSERT(service_per_s > 0);
    double capacity_per_s = steady->servers * service_per_s;
    for (double left_s = dt_s; left_s > 0;) {
        double step_s = fmin(left_s, STEP_MAX / service_per_s);
        double first =
            arrivals_per_s - capacity_per_s * moments_steady_utilisation(steady, in_system);
        if (fabs(first) * left_s <= REST * (1 + in_system))
            break;
        double middle = fmax(in_system + first * step_s / 2, 0);
        double second =
            arrivals_per_s - capacity_per_s * moments_steady_utilisation(steady, middle);
        in_system = fmax(in_system + second * step_s, 0);
        left_s -= step_s;
    }
    return in_system;
}
