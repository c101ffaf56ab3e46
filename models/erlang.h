/*
 * erlang.h - closed forms of queues: loss, waiting, abandonment, sharing.
 *
 * Poisson arrivals at the rate lambda, c servers, exponential service at the rate mu each; offered
 * load a = lambda / mu, utilisation rho = a / c.
 *
 *     Erlang B   1 / B = a * integral over y > 0 of e^(-a y) (1 + y)^c        any real c >= 0
 *                B(0) = 1,  B(k) = a B(k-1) / (k + a B(k-1))                   integer c
 *     Erlang C   C = B / (1 - rho (1 - B)), the probability of waiting;  1 for rho >= 1
 *     M/M/c      P(wait > t) = C e^(-(c mu - lambda) t)
 *                P(sojourn > t) = e^(-mu t) + C (e^(-mu t) - e^(-(c mu - lambda) t)) / (c - 1 - a)
 *     M/M/c/K    at most K in the system; c = 1: (1 - rho) rho^K / (1 - rho^(K+1))
 *     M/G/1-PS   E[S] / (1 - rho), whatever the law of S
 *     Erlang-A   waiting jobs leave at the rate theta each: birth lambda, death min(n, c) mu +
 *                (n - c)+ theta.  With s = c mu / theta and x = lambda / theta the sum over the
 *                waiting states is s * integral over w > 0 of exp(x (1 - e^-w) - s w).
 *     retrial    M/M/1 without a queue whose refused customers come back after Exp(theta):
 *                rho / (1 - rho) * (rho + lambda / theta) customers in orbit
 *
 * c may be any real number, because capacity shares are.  Left out: any law of service times but
 * the exponential (and PS), priorities, and transients (moments.h).
 *
 * Cost: B and C take the recursion for integer c up to 128 (4 ns a server).  Beyond, and for a
 * real c, the integrand is log-concave and is integrated panel by panel outward from its peak:
 * 2 to 4 us whatever c is, within 5e-9 of the recursion up to c = 1e6.  Erlang-A costs two such
 * integrals.
 */
#pragma once

#include <stdbool.h>

typedef struct ErlangQueue {
    double servers;
    double service_per_s; /* of one server; the unit of time is the caller's */
    double arrivals_per_s;
    double places;         /* K: jobs in the system at most; read by erlang_blocking alone */
    double patience_per_s; /* theta: rate at which a waiting job leaves; for erlang_a_* alone */
} ErlangQueue;

/* The loss probability of an offered load (in servers). */
double erlang_b(double load, double servers);
/* The probability of waiting. */
double erlang_c(double load, double servers);

/* Of M/M/c, by the queue's arrivals, servers and service; infinity or 1 at rho >= 1. */
double erlang_wait_mean(const ErlangQueue *queue);
double erlang_wait_tail(const ErlangQueue *queue, double t);
/* The wait that the share p of the jobs (0 <= p < 1) does not exceed; 0 if that many never wait. */
double erlang_wait_quantile(const ErlangQueue *queue, double p);
double erlang_sojourn_tail(const ErlangQueue *queue, double t);
/* By bisection on the tail, to 1e-12 relative. */
double erlang_sojourn_quantile(const ErlangQueue *queue, double p);
/* Jobs waiting; jobs waiting or in service. */
double erlang_waiting(const ErlangQueue *queue);
double erlang_in_system(const ErlangQueue *queue);

/* The share refused by M/M/c/K, rho of any size; places >= servers. */
double erlang_blocking(const ErlangQueue *queue);
/* The mean sojourn of M/G/1 with processor sharing; infinity at rho >= 1. */
double erlang_sharing_sojourn(double service_s, double utilisation);

typedef struct ErlangAbandon {
    double waiting; /* mean number of waiting jobs */
    double share;   /* of the arrivals, that leave without service */
} ErlangAbandon;

/* Exact, and in the fluid limit (exact as c grows, worst at rho = 1); patience_per_s > 0. */
ErlangAbandon erlang_a(const ErlangQueue *queue);
ErlangAbandon erlang_a_fluid(const ErlangQueue *queue);

/* Customers in orbit of the M/M/1 retrial queue; infinity at rho >= 1. */
double erlang_retrial_orbit(double utilisation, double arrivals_per_s, double return_per_s);
