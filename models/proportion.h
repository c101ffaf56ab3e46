/*
 * proportion.h - tests of a share: is what failed more than chance explains?
 *
 * Exact, against a share p that is known: of n requests X fail, and
 *     P(X >= x) = sum of C(n, k) p^k (1 - p)^(n - k) over k >= x.
 * With p = 0.1 %, n = 1000 and a level of 1 % the first x that is too many is 5:
 * P = 0.0036.
 *
 * Against another sample, one-sided, with the pooled share p:
 *     z = (x1 / n1 - x0 / n0) / sqrt(p (1 - p) (1 / n1 + 1 / n0)).
 * The normal law behind it needs some failures: with fewer than about five
 * expected in both samples together its level is not what it says.
 *
 * Its power, by the same law, d = p1 - p0, p pooled as expected:
 *     Phi((d - z sqrt(p (1 - p) (1 / n1 + 1 / n0))) / sqrt(p1 q1 / n1 + p0 q0 / n0)).
 *
 * Left out: what is dependent.  m requests that fail together count as one, n / (1 + (m - 1) rho):
 * the caller divides.
 */
#pragma once

#include "sim/base.h"

/* P(X >= x). */
double proportion_tail(uint64_t n, double p, uint64_t x);
/* The smallest x with P(X >= x) <= alpha; n + 1: none. */
uint64_t proportion_limit(uint64_t n, double p, double alpha);

typedef struct ProportionSample {
    double n, failed;
} ProportionSample;

/* The z above; 0 when one of them is empty, or nothing fails, or everything. */
double proportion_z(ProportionSample with, ProportionSample without);
/* Chance that z exceeds the level's limit when the shares are p1 and p0. */
double proportion_power(double n1, double p1, double n0, double p0, double alpha);

/* The smallest share of failures with which at least `limit` of n requests fail with that
 * probability, by bisection; 1: none below. */
double proportion_noticed_at(uint64_t n, uint64_t limit, double power);
/* The same for the test against another sample. */
double proportion_noticed(double n1, double n0, double p0, double alpha, double power);
