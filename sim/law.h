/*
 * law.h - delay laws: how long something takes, as scenarios say it.
 *
 *   5s                                        always
 *   exponential(mean 5s)
 *   lognormal(median 3m, sigma 0.7)           sigma: deviation of the logarithm
 *   lognormal(median 600ms, p99 2.3s)         or by any percentile above p50
 *   lognormal(median 3m)                      sigma 0.7, usual for what people do
 *   uniform(1s, 2s)
 *   mixture(80% exponential(mean 6s), 20% lognormal(median 60s, sigma 1))
 *
 * A mixture has two to four parts, whose shares make 100 %, and no mixture
 * among them.  Every law lives on [0, SIM_TIME_MAX].
 *
 * A sample inverts the distribution function: one random number, two for a
 * mixture, none for a constant.
 */
#pragma once

#include "sim/rng.h"

#define SIM_LAW_PARTS_MAX 4
#define SIM_LAW_SIGMA_DEFAULT 0.7

typedef enum SimLawKind {
    SIM_LAW_CONSTANT,    /* a */
    SIM_LAW_EXPONENTIAL, /* a: mean */
    SIM_LAW_LOGNORMAL,   /* a: median, sigma */
    SIM_LAW_UNIFORM,     /* a .. b */
} SimLawKind;

typedef struct SimLawPart {
    SimLawKind kind;
    SimTime a;
    SimTime b;
    double sigma;
    double share; /* of the mixture; 1 for a lone part */
} SimLawPart;

/* All zero is the constant 0s. */
typedef struct SimLaw {
    uint32_t n_parts; /* 0 and 1 mean the same: parts[0] alone */
    SimLawPart parts[SIM_LAW_PARTS_MAX];
} SimLaw;

SimLaw sim_law_constant(SimTime value);
/* On failure *ret_expected (may be NULL) is a new sentence that says what would have been right;
 * the caller frees it. */
bool sim_law_parse(const char *text, SimLaw *ret, char **ret_expected);
SimTime sim_law_sample(const SimLaw *law, SimRng *rng);
SimTime sim_law_mean(const SimLaw *law);
/* P(delay <= time). */
double sim_law_cdf(const SimLaw *law, SimTime time);
/* The least time whose cdf reaches p; p is clamped to [0, 1). */
SimTime sim_law_quantile(const SimLaw *law, double p);
/* Text that parses to the same law; the caller frees it. */
char *sim_law_format(const SimLaw *law);
