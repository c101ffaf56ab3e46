/*
 * elementary.h - exp, log and relatives with the same bits on every machine.
 *
 * libm may differ in the last bit between versions and processors (it selects
 * FMA variants at run time), and one bit can flip a decision.  These are plain
 * IEEE additions, multiplications and divisions in a fixed order, so they must
 * be compiled without contraction or fast-math.
 *
 * Errors, measured by the tests: exp and log below 1 ulp, expm1 and log1p below
 * 3 ulp, pow below 1e-12 relative (the error of y log x is magnified by its
 * size), sin and cos below 1e-15 absolute up to |x| = 1e5 and decaying beyond as
 * the argument itself does, the normal distribution function
 * below 1e-13 relative where the result is a normal number, its inverse below
 * 1e-15 relative for p > 1e-11 and 3e-12 in the tail beyond.
 *
 * NaN gives NaN; overflow gives infinity, underflow zero.
 */
#pragma once

#include <stdint.h>
#include <string.h>

static inline double
sim_double_from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint64_t
sim_bits_from_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* (e^r - 1 - r) / r^2 for |r| <= 0.35: the Taylor series, cut where a term is below 2^-60. */
static inline double
sim_exp_tail(double r)
{
    double r2 = r * r, r4 = r2 * r2;
    double a = 1.0 / 2 + r * (1.0 / 6);
    double b = 1.0 / 24 + r * (1.0 / 120);
    double c = 1.0 / 720 + r * (1.0 / 5040);
    double d = 1.0 / 40320 + r * (1.0 / 362880);
    double e = 1.0 / 3628800 + r * (1.0 / 39916800);
    double f = 1.0 / 479001600 + r * (1.0 / 6227020800);
    return (a + r2 * b) + r4 * ((c + r2 * d) + r4 * (e + r2 * f));
}

/*
 * Without branches, so that a loop over it becomes vector code.  x = k ln 2 + r; adding 1.5 * 2^52
 * rounds to an integer that then stands in the low bits.  2^k is applied in two factors, which is
 * right for results that underflow gradually and for those that overflow.
 */
static inline double
sim_exp(double x)
{
    const double shift = 6755399441055744.0;
    x = x < -746.0 ? -746.0 : x;
    x = x > 710.0 ? 710.0 : x;
    double shifted = x * 1.4426950408889634074 + shift;
    double k = shifted - shift;
    double hi = x - k * 6.93147180369123816490e-01;
    double lo = k * 1.90821492927058770002e-10;
    double r = hi - lo;
    double error = (hi - r) - lo;
    uint64_t exponent = (sim_bits_from_double(shifted) + 2048) & 4095; /* k + 2048 */
    uint64_t half = exponent >> 1;
    double scale_a = sim_double_from_bits((half - 1) << 52);
    double scale_b = sim_double_from_bits((exponent - half - 1) << 52);
    return (1.0 + (r + (error + r * r * sim_exp_tail(r)))) * scale_a * scale_b;
}

double sim_log(double x); /* -infinity at 0, NaN below */
double sim_expm1(double x);
double sim_log1p(double x);
/* As pow: 1 for y == 0 or x == 1; a negative x needs an integer y.  Integers |y| <= 16 multiply. */
double sim_pow(double x, double y);
double sim_sin(double x); /* NaN for infinities */
double sim_cos(double x);
/* P(Z <= x) of the standard normal, precise in relative terms down to x = -37. */
double sim_normal_cdf(double x);
/* Its inverse: -infinity at 0, infinity at 1, NaN outside. */
double sim_normal_quantile(double p);
