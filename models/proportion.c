#include "models/proportion.h"

#include "sim/elementary.h"

#include <math.h>

enum { HALVINGS = 60 };

static double
log_factorial(double n)
{
    double product = 1;
    while (n < 16) {
        n++;
        product *= n;
    }
    double inverse = 1 / n, square = inverse * inverse;
    double series = inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260)));
    return (n + 0.5) * sim_log(n) - n + 0.918938533204672742 + series - sim_log(product);
}

static double
mass(double n, double p, double k)
{
    double log_choose = log_factorial(n) - log_factorial(k) - log_factorial(n - k);
    return sim_exp(log_choose + k * sim_log(p) + (n - k) * sim_log1p(-p));
}

/* Of the masses from k on, away from the mean, each from the one before. */
static double
sum_upwards(double n, double p, double k)
{
    double term = mass(n, p, k), sum = 0, odds = p / (1 - p);
    while (k <= n && term > 1e-17 * sum) {
        sum += term;
        term *= (n - k) / (k + 1) * odds;
        k++;
    }
    return sum;
}

static double
sum_downwards(double n, double p, double k)
{
    double term = mass(n, p, k), sum = 0, odds = (1 - p) / p;
    while (k >= 0 && term > 1e-17 * sum) {
        sum += term;
        term *= k / (n - k + 1) * odds;
        k--;
    }
    return sum;
}

double
proportion_tail(uint64_t n, double p, uint64_t x)
{
    if (x == 0)
        return 1;
    if (x > n || p <= 0)
        return 0;
    if (p >= 1)
        return 1;
    double sum = (double)x > (double)n * p ? sum_upwards((double)n, p, (double)x)
                                           : 1 - sum_downwards((double)n, p, (double)x - 1);
    return CLAMP(sum, 0, 1);
}

uint64_t
proportion_limit(uint64_t n, double p, double alpha)
{
    uint64_t low = 0, high = n + 1; /* P at low is more, at high not */
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (proportion_tail(n, p, middle) <= alpha)
            high = middle;
        else
            low = middle;
    }
    return high;
}

double
proportion_z(ProportionSample with, ProportionSample without)
{
    double n1 = with.n, n0 = without.n;
    if (n1 <= 0 || n0 <= 0)
        return 0;
    double p = (with.failed + without.failed) / (n1 + n0);
    double variance = p * (1 - p) * (1 / n1 + 1 / n0);
    return variance > 0 ? (with.failed / n1 - without.failed / n0) / sqrt(variance) : 0;
}

double
proportion_power(double n1, double p1, double n0, double p0, double alpha)
{
    double p = (n1 * p1 + n0 * p0) / (n1 + n0);
    double under = sqrt(p * (1 - p) * (1 / n1 + 1 / n0));
    double over = sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0);
    double excess = p1 - p0 - sim_normal_quantile(1 - alpha) * under;
    if (over <= 0)
        return excess > 0;
    return sim_normal_cdf(excess / over);
}

double
proportion_noticed_at(uint64_t n, uint64_t limit, double power)
{
    double low = 0, high = 1;
    for (int i = 0; i < HALVINGS && limit <= n; i++) {
        double middle = (low + high) / 2;
        if (proportion_tail(n, middle, limit) >= power)
            high = middle;
        else
            low = middle;
    }
    return high;
}

double
proportion_noticed(double n1, double n0, double p0, double alpha, double power)
{
    double low = p0, high = 1;
    for (int i = 0; i < HALVINGS && n1 > 0 && n0 > 0; i++) {
        double middle = (low + high) / 2;
        if (proportion_power(n1, middle, n0, p0, alpha) >= power)
            high = middle;
        else
            low = middle;
    }
    return high;
}
