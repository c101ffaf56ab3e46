#include "models/erlang.h"

#include "sim/base.h"
#include "sim/elementary.h"

#include <math.h>

#define GAUSS_POINTS 8
/* Panels end where the integrand is e^-32 of its peak, and lose at most e^-4.5 each. */
#define DROP_MAX 32.0
#define PANEL_DROP 4.5

static const double gauss_node[GAUSS_POINTS] = {
    -0.9602898564975363, -0.7966664774136267, -0.5255324099163290, -0.1834346424956498,
    0.1834346424956498,  0.5255324099163290,  0.7966664774136267,  0.9602898564975363};
static const double gauss_weight[GAUSS_POINTS] = {
    0.1012285362903763, 0.2223810344533745, 0.3137066458778873, 0.3626837833783620,
    0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};

/*
 * f(u) = exp(-scale * (e^(bend u) - 1) + slope u) on u >= 0, bend = +-1: with scale = a and
 * slope = c + 1 the integral of Erlang B under 1 + y = e^u, with bend = -1, scale = x and
 * slope = -s that of Erlang-A.  The exponent is concave in both.
 */
typedef struct Peaked {
    double scale, slope, bend;
    double peak;   /* where the exponent is largest */
    double height; /* of the exponent there */
} Peaked;

typedef struct PeakedIntegral {
    double height; /* all integrals are divided by e^height */
    double plain;  /* of f */
    double bent;   /* of f e^(bend u) */
    double rest;   /* of f (1 - e^(bend u)) */
} PeakedIntegral;

static double
exponent(const Peaked *peaked, double u)
{
    return -peaked->scale * (sim_exp(peaked->bend * u) - 1) + peaked->slope * u;
}

/* The first loop becomes vector code; the second adds in a fixed order. */
static void
add_panel(PeakedIntegral *sum, const Peaked *peaked, double from, double to)
{
    double middle = (from + to) / 2, half = (to - from) / 2;
    double grown[GAUSS_POINTS], f[GAUSS_POINTS];
    for (int i = 0; i < GAUSS_POINTS; i++) {
        double u = middle + half * gauss_node[i];
        grown[i] = sim_exp(peaked->bend * u);
        f[i] = sim_exp(-peaked->scale * (grown[i] - 1) + peaked->slope * u - peaked->height);
    }
    for (int i = 0; i < GAUSS_POINTS; i++) {
        double part = gauss_weight[i] * fabs(half) * f[i];
        sum->plain += part;
        sum->bent += part * grown[i];
        sum->rest += part * (1 - grown[i]);
    }
}

/*
 * Panels outward from the peak, each wide enough for the exponent to fall by PANEL_DROP to second
 * order.  Towards where e^(bend u) grows the fall steepens within a panel: those stay short.
 * The others resolve e^-u, where that matters.
 */
static void
add_side(PeakedIntegral *sum, const Peaked *peaked, double direction)
{
    bool steepens = direction * peaked->bend > 0;
    double u = peaked->peak;
    for (int panel = 0; panel < 200; panel++) {
        double grown = sim_exp(peaked->bend * u);
        double steepness = fabs(peaked->slope - peaked->scale * peaked->bend * grown);
        double curvature = peaked->scale * grown;
        double width =
            2 * PANEL_DROP / (steepness + sqrt(steepness * steepness + 2 * PANEL_DROP * curvature));
        double width_max = steepens ? 0.5 : fmax(1, u / 3);
        double next = fmax(u + direction * fmin(width, width_max), 0);
        add_panel(sum, peaked, u, next);
        u = next;
        if (u == 0 || exponent(peaked, u) < peaked->height - DROP_MAX)
            break;
    }
}

static PeakedIntegral
integrate(Peaked peaked)
{
    peaked.peak = fmax(peaked.bend * sim_log(peaked.bend * peaked.slope / peaked.scale), 0);
    peaked.height = exponent(&peaked, peaked.peak);
    PeakedIntegral sum = {.height = peaked.height};
    add_side(&sum, &peaked, 1);
    if (peaked.peak > 0)
        add_side(&sum, &peaked, -1);
    return sum;
}

double
erlang_b(double load, double servers)
{
    SIM_ASSERT(load >= 0);
    SIM_ASSERT(servers >= 0);
    if (servers == 0)
        return 1;
    if (load == 0)
        return 0;
    if (servers <= 128 && servers == floor(servers)) {
        double b = 1;
        for (double k = 1; k <= servers; k++)
            b = load * b / (k + load * b);
        return b;
    }
    PeakedIntegral sum = integrate((Peaked){.scale = load, .slope = servers + 1, .bend = 1});
    return fmin(sim_exp(-sum.height) / (load * sum.plain), 1);
}

double
erlang_c(double load, double servers)
{
    if (load >= servers)
        return 1;
    double b = erlang_b(load, servers);
    return b / (1 - load / servers * (1 - b));
}

static double
load_of(const ErlangQueue *queue)
{
    SIM_ASSERT(queue->service_per_s > 0);
    return queue->arrivals_per_s / queue->service_per_s;
}

static double
spare_per_s(const ErlangQueue *queue)
{
    return queue->servers * queue->service_per_s - queue->arrivals_per_s;
}

double
erlang_wait_mean(const ErlangQueue *queue)
{
    double spare = spare_per_s(queue);
    return spare > 0 ? erlang_c(load_of(queue), queue->servers) / spare : INFINITY;
}

double
erlang_wait_tail(const ErlangQueue *queue, double t)
{
    double spare = spare_per_s(queue);
    return spare > 0 ? erlang_c(load_of(queue), queue->servers) * sim_exp(-spare * t) : 1;
}

double
erlang_wait_quantile(const ErlangQueue *queue, double p)
{
    SIM_ASSERT(p >= 0 && p < 1);
    double spare = spare_per_s(queue);
    if (spare <= 0)
        return INFINITY;
    double c = erlang_c(load_of(queue), queue->servers);
    return c > 1 - p ? sim_log(c / (1 - p)) / spare : 0;
}

/* The convolution of service and wait; near c - 1 = a both exponentials are the same one. */
static double
sojourn_tail(const ErlangQueue *queue, double c, double t)
{
    double mu = queue->service_per_s, spare = spare_per_s(queue);
    double excess = spare / mu - 1, served = sim_exp(-mu * t);
    double product = mu * t * excess;
    double convolved = fabs(product) < 0.5
                           ? served * (excess == 0 ? mu * t : -sim_expm1(-product) / excess)
                           : (served - sim_exp(-spare * t)) / excess;
    return served + c * convolved;
}

double
erlang_sojourn_tail(const ErlangQueue *queue, double t)
{
    if (spare_per_s(queue) <= 0)
        return 1;
    return sojourn_tail(queue, erlang_c(load_of(queue), queue->servers), t);
}

double
erlang_sojourn_quantile(const ErlangQueue *queue, double p)
{
    SIM_ASSERT(p >= 0 && p < 1);
    if (spare_per_s(queue) <= 0)
        return INFINITY;
    double c = erlang_c(load_of(queue), queue->servers);
    double low = 0, high = 1 / queue->service_per_s;
    while (sojourn_tail(queue, c, high) > 1 - p)
        high *= 2;
    for (int i = 0; i < 100 && high - low > 1e-12 * high; i++) {
        double middle = (low + high) / 2;
        if (sojourn_tail(queue, c, middle) > 1 - p)
            low = middle;
        else
            high = middle;
    }
    return high;
}

double
erlang_waiting(const ErlangQueue *queue)
{
    return queue->arrivals_per_s > 0 ? queue->arrivals_per_s * erlang_wait_mean(queue) : 0;
}

double
erlang_in_system(const ErlangQueue *queue)
{
    return load_of(queue) + erlang_waiting(queue);
}

/* In units of the probability of c jobs: 1/B for up to c, then powers of rho. */
double
erlang_blocking(const ErlangQueue *queue)
{
    double load = load_of(queue), waiting_places = queue->places - queue->servers;
    SIM_ASSERT(waiting_places >= 0);
    if (queue->servers == 0 || load == 0)
        return load > 0 || queue->places == 0 ? 1 : 0;
    double b = erlang_b(load, queue->servers);
    if (b == 0)
        return 0;
    double rho = load / queue->servers;
    double log_rho = sim_log1p((load - queue->servers) / queue->servers);
    if (fabs(log_rho) * (waiting_places + 1) < 1e-9)
        return 1 / (1 / b + waiting_places);
    if (rho > 1) {
        double fall = -sim_expm1(-log_rho * waiting_places);
        return 1 / ((1 - fall) / b + fall * rho / (rho - 1));
    }
    double fall = -sim_expm1(log_rho * waiting_places);
    return (1 - fall) / (1 / b + rho * fall / (1 - rho));
}

double
erlang_sharing_sojourn(double service_s, double utilisation)
{
    return utilisation < 1 ? service_s / (1 - utilisation) : INFINITY;
}

/*
 * In units of the probability of c jobs and divided by e^height: the states with an idle server,
 * the states with j >= 1 waiting (x times the integral of f e^-w), and their mean number
 * (x s times the integral of f (1 - e^-w)).  All terms are positive, nothing cancels.
 */
ErlangAbandon
erlang_a(const ErlangQueue *queue)
{
    SIM_ASSERT(queue->patience_per_s > 0);
    if (queue->arrivals_per_s == 0)
        return (ErlangAbandon){0};
    double load = load_of(queue);
    double s = queue->servers * queue->service_per_s / queue->patience_per_s;
    double x = queue->arrivals_per_s / queue->patience_per_s;
    if (s == 0)
        return (ErlangAbandon){.waiting = x, .share = 1};
    PeakedIntegral sum = integrate((Peaked){.scale = x, .slope = -s, .bend = -1});
    double b = erlang_b(load, queue->servers);
    double below = b > 0 ? sim_exp(-sum.height) / b : INFINITY;
    double waiting = x * s * sum.rest / (below + x * sum.bent);
    return (ErlangAbandon){.waiting = waiting, .share = fmin(waiting / x, 1)};
}

ErlangAbandon
erlang_a_fluid(const ErlangQueue *queue)
{
    SIM_ASSERT(queue->patience_per_s > 0);
    double excess = fmax(-spare_per_s(queue), 0);
    if (excess == 0)
        return (ErlangAbandon){0};
    return (ErlangAbandon){.waiting = excess / queue->patience_per_s,
                           .share = excess / queue->arrivals_per_s};
}

double
erlang_retrial_orbit(double utilisation, double arrivals_per_s, double return_per_s)
{
    SIM_ASSERT(return_per_s > 0);
    if (utilisation >= 1)
        return INFINITY;
    return utilisation / (1 - utilisation) * (utilisation + arrivals_per_s / return_per_s);
}
