/*
 * internet_draft.h - what the parts of internet_generate share: an Internet in the making.
 *
 * Networks are numbered by kind, the greatest sellers of transit first: tier 1, large transit,
 * local transit, content, stubs.  Parts are made in the order homes, users, transit, peers; each
 * draws from streams of its own, one for each network.
 */
#pragma once

#include "models/internet.h"
#include "sim/rng.h"

#include <math.h>

typedef struct InternetDraft {
    const Geo *geo;
    uint64_t seed;
    uint32_t n, tier1_end, large_end, transit_end, content_end;
    uint32_t n_countries;
    uint32_t *country;    /* [metro] dense, in order of appearance */
    uint32_t *first_home; /* [network] metro */
    Internet *internet;
} InternetDraft;

/* The networks' homes, and who has how many users there. */
void internet_draft_homes(InternetDraft *draft);
/* Providers and customers. */
void internet_draft_transit(InternetDraft *draft);
/* Peers; needs both. */
void internet_draft_peers(InternetDraft *draft);

/* The stream of one network for one decision; base is that of the decision. */
SimRng internet_draft_stream(const InternetDraft *draft, const char *decision);
static inline SimRng
internet_draft_fork(const SimRng *base, uint32_t network)
{
    return (SimRng){.key = sim_mix64(base->key ^ (network + UINT64_C(0x9e3779b97f4a7c15)))};
}

typedef struct InternetPair {
    uint32_t row, column;
} InternetPair;
/* Rows of ascending columns, each once. */
InternetRows internet_draft_rows(uint32_t n_rows, uint32_t n_columns, const InternetPair *pairs,
                                 size_t n);

/* The first index whose cumulative weight exceeds a uniform draw from the whole; n > 0. */
uint32_t internet_draft_pick(const double *cumulative, uint32_t n, SimRng *rng);

/* A distribution by its survival function: P(X > above) = survival, straight between two points
 * when both are logarithms.  Survival falls from point to point; below the first it is that of the
 * first. */
typedef struct InternetLaw {
    double above, survival;
} InternetLaw;
/* The value that is exceeded with that probability; the last one at most. */
double internet_draft_law(const InternetLaw *law, uint32_t n, double survival);

/* Attraction by distance, exp(-chord / scale), for any two metros. */
enum { INTERNET_KERNEL_STEPS = 4096 };
typedef struct InternetKernel {
    double factor[INTERNET_KERNEL_STEPS + 1]; /* by chord */
} InternetKernel;
void internet_draft_kernel_init(InternetKernel *kernel, double scale_km);
static inline double
internet_draft_chord_squared(const GeoPlaces *a, uint32_t i, const GeoPlaces *b, uint32_t j)
{
    double x = a->x[i] - b->x[j], y = a->y[i] - b->y[j], z = a->z[i] - b->z[j];
    return x * x + y * y + z * z;
}
static inline double
internet_draft_kernel(const InternetKernel *kernel, const GeoPlaces *at, uint32_t a, uint32_t b)
{
    double chord = sqrt(internet_draft_chord_squared(at, a, at, b));
    return kernel->factor[(int)(chord * (INTERNET_KERNEL_STEPS / 2.0))];
}
