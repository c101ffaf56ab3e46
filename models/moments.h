/*
 * moments.h - the mean queue of a station in time, where neither the fluid nor the steady state
 * tells it.
 *
 * M(t)/M/c with a mean m and a variance v of the jobs in the system.  With Q the number of jobs,
 * E = E[min(Q, c)] and K = Cov(Q, min(Q, c)),
 *
 *     m' = lambda - mu E          v' = lambda + mu E - 2 mu K
 *
 * which is exact but not closed.  The closure takes E and K from a law with the same two moments:
 * for c <= 64 the negative binomial (binomial for v < m, Poisson between), beyond it the normal:
 * E = c - sqrt(v) (phi(z) + z Phi(z)), K = v Phi(z), z = (c - m) / sqrt(v).
 *
 * The pointwise stationary fluid flow (PSFFA) has one equation, m' = lambda - c mu G^-1(m), where
 * G(rho) = c rho + C rho / (1 - rho) is the steady mean; it is steady where the queue is, and
 * slower to follow.
 *
 * Error of the mean over a load pulse, relative to its peak, against the Kolmogorov equations:
 *
 *     c    rho before -> in it, length     fluid   PSFFA    moments
 *     1    .6 -> 1.5, 40 / mu               28 %   12.6 %    4.8 %
 *     10   .7 -> 1.3, 20 / mu               16 %    9.2 %    1.7 %
 *     100  .8 -> 1.2, 10 / mu                7 %    4.6 %    1.9 %
 *
 * Left out: quantiles while a queue drains (its law then has two humps and no closure has them).
 * Where the queue is far above c the fluid is right and cheaper.
 *
 * Cost: explicit Runge-Kutta steps of at most half a service time, each four closures (c terms, or
 * one normal distribution); steps end when nothing moves any more, and are as long as the queue
 * allows while it lies far above c.
 */
#pragma once

typedef struct MomentsStation {
    double servers;       /* a real number */
    double service_per_s; /* of one server */
} MomentsStation;

typedef struct Moments {
    double mean, variance; /* of the jobs in the system */
} Moments;

typedef struct MomentsClosure {
    double busy;       /* E: mean number of busy servers */
    double covariance; /* K */
} MomentsClosure;

MomentsClosure moments_closure(const Moments *moments, double servers);
/* Advances by dt_s under a constant arrival rate. */
void moments_step(Moments *moments, const MomentsStation *station, double dt_s,
                  double arrivals_per_s);

#define MOMENTS_POINTS 128

/* G as a table, for one number of servers; 128 values of Erlang C to build. */
typedef struct MomentsSteady {
    double servers;
    double utilisation[MOMENTS_POINTS];
    double in_system[MOMENTS_POINTS];
} MomentsSteady;

void moments_steady_init(MomentsSteady *steady, double servers);
/* The utilisation whose steady mean this is: G^-1. */
double moments_steady_utilisation(const MomentsSteady *steady, double in_system);
/* The mean number in the system after dt_s more, by PSFFA; service_per_s of one server. */
double moments_steady_step(const MomentsSteady *steady, double in_system, double service_per_s,
                           double dt_s, double arrivals_per_s);
