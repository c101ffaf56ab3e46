/*
 * cache.h - the hit ratio of an LRU cache from cold to warm, as a curve.
 *
 * One site's catalogue of N objects, asked for independently with Zipf popularities
 * p_i ~ i^-alpha, in a cache that holds C of them.  n is the cache's age in requests since it was
 * empty.  Requests arrive as a Poisson stream, so the object i was asked for with probability
 * 1 - e^(-p_i n), and
 *
 *     resident(n) = sum 1 - e^(-p_i n)           objects in the cache
 *     hit(n)      = sum p_i (1 - e^(-p_i n))     = 1 - d resident / dn
 *     hits(0, n)  = n - resident(n)              each miss has brought one object in
 *
 * hold exactly until the cache is full, at the n_full that solves resident(n) = C.  n_full is also
 * Che's characteristic time in requests, and hit(n_full) is Che's steady hit ratio (exact as
 * caches grow): the cache is in its steady state from the moment when it is full.
 *
 * When only a share s of the fetches succeeds, an absent object comes in at the rate s p_i, so the
 * age advances by s for each request, whether the request was a hit or a miss: n += s * requests.
 * While the cache fills this is exact for any s that changes in time; s = 0 freezes it.  In a full
 * cache that lives with a constant s < 1 the true hit ratio creeps above the steady value, because
 * misses stop evicting (.632 for .605 at s = .3, alpha = .9, N = 1e5, C = 1e4); this curve keeps
 * the steady value, so it errs on the side of more origin traffic.
 *
 * A flush or restart that keeps a share k of the content at random leaves no point of the curve
 * but the mixture k at the age n and 1 - k at the age 0, both of which then go on ageing; with two
 * ages a caller has it exactly, also when the rest is full, since a share of a cache's machines
 * holds the same share of its keys.  cache_curve_keep puts one age in its place, the one with the
 * same resident content: right in content, and too optimistic about which objects those are (by
 * .026 of the hit ratio over the first C / 2 requests after half of a half-filled cache is lost).
 *
 * Left out: sizes of objects, expiry, purges by key, changes of popularity, and other sites in the
 * same cache other than through C.
 *
 * Ranks up to 64 are summed one by one, the tail by Gauss quadrature in log rank, so that a
 * catalogue of 1e9 objects costs what one of 1e4 does, about half a millisecond.  The table has
 * 256 cubic pieces in log n.  Hit ratios are within 2e-6 of the sums above, the content within 1e-6
 * (2e-5 for alpha over 2).  A look-up is one logarithm.
 */
#pragma once

#include "sim/arena.h"

typedef struct CacheCurve CacheCurve;

/*
 * Objects in the catalogue (at least 1, at most 1e12; a fraction is rounded), exponent alpha (0 to
 * 4), objects that fit (0 or more; a fraction is kept; all but 1e-6 of the catalogue is all of it).
 * Lives in the arena and is immutable.
 */
CacheCurve *cache_curve_new(SimArena *arena, double objects, double alpha, double size);

/* The probability that a request at the age n is a hit; from n_full on the steady value. */
double cache_curve_hit(const CacheCurve *curve, double n);
/* The mean number of hits while the age goes from n0 to n1 >= n0, every fetch succeeding. */
double cache_curve_hits(const CacheCurve *curve, double n0, double n1);
/* The age at which the cache is full; infinity if the whole catalogue fits. */
double cache_curve_full(const CacheCurve *curve);
double cache_curve_steady(const CacheCurve *curve);
/* The content resident at the age n, as a share of that of a full (or complete) cache. */
double cache_curve_warm(const CacheCurve *curve, double n);
/* The age at which the share `kept` (0..1) of the content at the age n is resident. */
double cache_curve_keep(const CacheCurve *curve, double n, double kept);
/*
 * The age after so many requests of whose fetches the share `success` succeeds; stops at the age
 * where nothing changes any more, so that a later cache_curve_keep starts from there.
 */
double cache_curve_advance(const CacheCurve *curve, double n, double requests, double success);
