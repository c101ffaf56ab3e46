#include "sim/elementary.h"

#include <math.h>
#include <stdbool.h>

/* fdlibm's constants (Sun Microsystems 1993; "Permission to use, copy, modify, and distribute this
 * software is freely granted, provided that this notice is preserved"). */
static const double ln2_hi = 6.93147180369123816490e-01;
static const double ln2_lo = 1.90821492927058770002e-10;

/* log(1 + f) without its leading f - f^2/2, after fdlibm: s = f / (2 + f). */
static double
log_tail(double f, double half_f2)
{
    double s = f / (2.0 + f);
    double z = s * s;
    double w = z * z;
    double even = w * (3.999999999940941908e-01 +
                       w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    double odd = z * (6.666666666666735130e-01 +
                      w * (2.857142874366239149e-01 +
                           w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    return s * (half_f2 + (even + odd));
}

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)), for a positive finite x. */
static double
split(double x, int64_t *ret_k)
{
    int64_t k = 0;
    if (x < 0x1p-1022) {
        x *= 0x1p54;
        k = -54;
    }
    /* Adding the bits between sqrt(1/2) and 1 carries into the exponent from sqrt(2) on. */
    uint64_t bits = sim_bits_from_double(x) + (UINT64_C(0x3ff0000000000000) - 0x3fe6a09e667f3bcd);
    k += (int64_t)(bits >> 52) - 1023;
    *ret_k = k;
    return sim_double_from_bits((bits & UINT64_C(0x000fffffffffffff)) + 0x3fe6a09e667f3bcd);
}

double
sim_log(double x)
{
    if (!(x > 0.0))
        return x == 0.0 ? -INFINITY : NAN;
    if (x == INFINITY)
        return x;
    int64_t k;
    double f = split(x, &k) - 1.0;
    double half_f2 = 0.5 * f * f;
    double dk = (double)k;
    return log_tail(f, half_f2) + dk * ln2_lo - half_f2 + f + dk * ln2_hi;
}

double
sim_log1p(double x)
{
    if (!(x > -1.0))
        return x == -1.0 ? -INFINITY : NAN;
    if (x == INFINITY)
        return x;
    if (fabs(x) < 0x1p-54)
        return x;
    if (x > -0.29 && x < 0.41)
        return x - (0.5 * x * x - log_tail(x, 0.5 * x * x));
    double u = 1.0 + x;
    int64_t k;
    double f = split(u, &k) - 1.0;
    /* What rounding 1 + x lost, relative to u. */
    double lost = (x > 1.0 ? 1.0 - (u - x) : x - (u - 1.0)) / u;
    double half_f2 = 0.5 * f * f;
    double dk = (double)k;
    return log_tail(f, half_f2) + (dk * ln2_lo + lost) - half_f2 + f + dk * ln2_hi;
}

double
sim_expm1(double x)
{
    if (fabs(x) <= 0.35)
        return x + x * x * sim_exp_tail(x);
    return sim_exp(x) - 1.0;
}

static double
power_integer(double x, int n)
{
    double result = 1.0;
    for (int left = n < 0 ? -n : n; left > 0; left >>= 1, x *= x)
        if (left & 1)
            result *= x;
    return n < 0 ? 1.0 / result : result;
}

double
sim_pow(double x, double y)
{
    if (y == 0.0 || x == 1.0)
        return 1.0;
    if (x != x || y != y)
        return NAN;
    bool is_integer = floor(y) == y;
    if (is_integer && fabs(y) <= 16.0)
        return power_integer(x, (int)y);
    if (x < 0.0 && !is_integer)
        return NAN;
    if (x == -1.0 && fabs(y) == INFINITY)
        return 1.0;
    double size = sim_exp(y * sim_log(fabs(x)));
    bool is_odd = is_integer && fabs(y) < 0x1p53 && fmod(y, 2.0) != 0.0;
    return x < 0.0 && is_odd ? -size : size;
}

static double
sin_near_zero(double x)
{
    double z = x * x;
    double p = -1.66666666666666324348e-01 +
               z * (8.33333333332248946124e-03 +
                    z * (-1.98412698298579493134e-04 +
                         z * (2.75573137070700676789e-06 +
                              z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10))));
    return x + x * z * p;
}

static double
cos_near_zero(double x)
{
    double z = x * x;
    double p = 4.16666666666666019037e-02 +
               z * (-1.38888888888741095749e-03 +
                    z * (2.48015872894767294178e-05 +
                         z * (-2.75573143513906633035e-07 +
                              z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11))));
    return 1.0 - (0.5 * z - z * z * p);
}

/* sin(x + quarters * pi / 2).  fmod is exact, hence the same everywhere. */
static double
sin_turned(double x, int64_t quarters)
{
    if (!(fabs(x) < INFINITY))
        return NAN;
    if (fabs(x) > 1048576.0)
        x = fmod(x, 6.283185307179586477);
    double k = floor(x * 6.36619772367581382433e-01 + 0.5);
    /* pi / 2 in two parts of 33 bits and a tail: k times a part is exact. */
    double r = x - k * 1.57079632673412561417e+00 - k * 6.07710050630396597660e-11 -
               k * 2.02226624879595063154e-21;
    switch (((int64_t)k + quarters) & 3) {
    case 0:
        return sin_near_zero(r);
    case 1:
        return cos_near_zero(r);
    case 2:
        return -sin_near_zero(r);
    default:
        return -cos_near_zero(r);
    }
}

double
sim_sin(double x)
{
    return sin_turned(x, 0);
}

double
sim_cos(double x)
{
    return sin_turned(x, 1);
}

/* numerator and denominator are lists of n coefficients, highest power first. */
static double
rational(const double *numerator, const double *denominator, int n, double x)
{
    double top = numerator[0], bottom = denominator[0];
    for (int i = 1; i < n; i++) {
        top = top * x + numerator[i];
        bottom = bottom * x + denominator[i];
    }
    return top / bottom;
}

/* exp(-y^2 / 2) in two factors, the first exact, so that the rounding of y^2 is not magnified. */
static double
half_square_exp(double y)
{
    double near = floor(y * 16.0) / 16.0;
    return sim_exp(-near * near * 0.5) * sim_exp(-(y - near) * (y + near) * 0.5);
}

/* The upper tail P(Z > y), y >= 0.67448975: W. J. Cody, "Rational Chebyshev approximations for the
 * error function", Math. Comp. 23 (1969), as arranged for the normal by himself in ALGORITHM 715.
 */
static double
normal_upper_tail(double y)
{
    static const double c[] = {
        1.0765576773720192317e-8, 0.39894151208813466764, 8.8831497943883759412,
        93.506656132177855979,    597.27027639480026226,  2494.5375852903726711,
        6848.1904505362823326,    11602.651437647350124,  9842.7148383839780218};
    static const double d[] = {1.0,
                               22.266688044328115691,
                               235.38790178262499861,
                               1519.377599407554805,
                               6485.558298266760755,
                               18615.571640885098091,
                               34900.952721145977266,
                               38912.003286093271411,
                               19685.429676859990727};
    static const double p[] = {0.02307344176494017303,  0.21589853405795699,
                               0.1274011611602473639,   0.022235277870649807,
                               0.001421619193227893466, 2.9112874951168792e-5};
    static const double q[] = {1.0,
                               1.28426009614491121,
                               0.468238212480865118,
                               0.0659881378689285515,
                               0.00378239633202758244,
                               7.29751555083966205e-5};
    const double inverse_sqrt_2pi = 0.398942280401432677939946;
    if (y > 38.6)
        return 0.0;
    if (y <= 5.656854249492380195)
        return half_square_exp(y) * rational(c, d, 9, y);
    double z = 1.0 / (y * y);
    return half_square_exp(y) * (inverse_sqrt_2pi - z * rational(p, q, 6, z)) / y;
}

double
sim_normal_cdf(double x)
{
    static const double a[] = {0.065682337918207449113, 2.2352520354606839287,
                               161.02823106855587881, 1067.6894854603709582, 18154.981253343561249};
    static const double b[] = {1.0, 47.20258190468824187, 976.09855173777669322,
                               10260.932208618978205, 45507.789335026729956};
    if (x != x)
        return x;
    if (fabs(x) <= 0.67448975)
        return 0.5 + x * rational(a, b, 5, x * x);
    return x < 0.0 ? normal_upper_tail(-x) : 1.0 - normal_upper_tail(x);
}

/* M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied
 * Statistics 37 (1988), routine PPND16. */
static double
quantile_tail(double tail)
{
    static const double near_top[] = {7.7454501427834140764e-4, 0.0227238449892691845833,
                                      0.24178072517745061177,   1.27045825245236838258,
                                      3.64784832476320460504,   5.7694972214606914055,
                                      4.6303378461565452959,    1.42343711074968357734};
    static const double near_bottom[] = {1.05075007164441684324e-9, 5.475938084995344946e-4,
                                         0.0151986665636164571966,  0.14810397642748007459,
                                         0.68976733498510000455,    1.6763848301838038494,
                                         2.05319162663775882187,    1.0};
    static const double far_top[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5,
                                     0.0012426609473880784386,  0.026532189526576123093,
                                     0.29656057182650489123,    1.7848265399172913358,
                                     5.4637849111641143699,     6.6579046435011037772};
    static const double far_bottom[] = {2.04426310338993978564e-15, 1.4215117583164458887e-7,
                                        1.8463183175100546818e-5,   7.868691311456132591e-4,
                                        0.0148753612908506148525,   0.13692988092273580531,
                                        0.59983220655588793769,     1.0};
    double r = sqrt(-sim_log(tail));
    return r <= 5.0 ? rational(near_top, near_bottom, 8, r - 1.6)
                    : rational(far_top, far_bottom, 8, r - 5.0);
}

double
sim_normal_quantile(double p)
{
    static const double top[] = {
        2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
        13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.387132872796366608};
    static const double bottom[] = {
        5226.495278852545925,  28729.085735721942674, 39307.89580009271061,  21213.794301586595867,
        5394.1960214247511077, 687.1870074920579083,  42.313330701600911252, 1.0};
    if (!(p > 0.0 && p < 1.0))
        return p == 0.0 ? -INFINITY : p == 1.0 ? INFINITY : NAN;
    double q = p - 0.5;
    if (fabs(q) <= 0.425)
        return q * rational(top, bottom, 8, 0.180625 - q * q);
    return q < 0.0 ? -quantile_tail(p) : quantile_tail(0.5 - q);
}
