#include "models/cache.h"

#include "sim/elementary.h"

#include <math.h>

#define HEAD_RANKS 64
#define PANELS_MAX 128
#define PANEL_POINTS 4
#define NODES_MAX (HEAD_RANKS + PANELS_MAX * PANEL_POINTS)
#define PIECES 256

/* A cubic piece needs value and slope at both ends; slopes are per piece, in log n. */
typedef struct Knot {
    double resident, resident_slope;
    double miss, miss_slope;
} Knot;

struct CacheCurve {
    double end;          /* the age after which nothing changes */
    double full;         /* the same, or infinity when the cache never fills */
    double end_resident; /* C, or N when all of it fits */
    double end_miss;     /* from the age `end` on */
    double start;        /* below this age two terms of a power series are used */
    double square_sum;   /* of the popularities */
    double log_start;    /* of the first knot */
    double pieces_per_log;
    Knot knots[PIECES + 1];
};

/* The catalogue as a few groups of equally popular objects. */
typedef struct Popularity {
    uint32_t n;
    double share[NODES_MAX]; /* p of each object of the group */
    double count[NODES_MAX];
    double square_sum;
    double objects;
} Popularity;

typedef struct Sums {
    double resident; /* sum 1 - e^(-p n) */
    double miss;     /* sum p e^(-p n) */
    double slope;    /* sum p^2 e^(-p n) */
} Sums;

/* Nodes and weights of Gauss-Legendre with four points on [-1, 1]. */
static const double gauss_node[PANEL_POINTS] = {-0.8611363115940526, -0.3399810435848563,
                                                0.3399810435848563, 0.8611363115940526};
static const double gauss_weight[PANEL_POINTS] = {0.3478548451374538, 0.6521451548625461,
                                                  0.6521451548625461, 0.3478548451374538};

static void
add_group(Popularity *popularity, double rank, double count, double alpha)
{
    popularity->share[popularity->n] = sim_exp(-alpha * sim_log(rank));
    popularity->count[popularity->n] = count;
    popularity->n++;
}

/* The ranks from first to last, as the integral from first - 1/2 to last + 1/2. */
static void
add_tail(Popularity *popularity, double first, double last, double alpha)
{
    double from = sim_log(first - 0.5), to = sim_log(last + 0.5);
    double width_max = 0.7 / fmax(1, alpha);
    double panels = fmin(ceil((to - from) / width_max), PANELS_MAX);
    double half = (to - from) / panels / 2;
    for (uint32_t panel = 0; panel < (uint32_t)panels; panel++)
        for (uint32_t i = 0; i < PANEL_POINTS; i++) {
            double rank = sim_exp(from + half * (2 * panel + 1 + gauss_node[i]));
            add_group(popularity, rank, gauss_weight[i] * half * rank, alpha);
        }
}

static void
popularity_init(Popularity *popularity, double objects, double alpha)
{
    popularity->n = 0;
    popularity->objects = objects;
    for (uint32_t rank = 1; rank <= HEAD_RANKS && rank <= objects; rank++)
        add_group(popularity, rank, 1, alpha);
    if (objects > HEAD_RANKS)
        add_tail(popularity, HEAD_RANKS + 1, objects, alpha);
    double total = 0;
    for (uint32_t i = 0; i < popularity->n; i++)
        total += popularity->count[i] * popularity->share[i];
    popularity->square_sum = 0;
    for (uint32_t i = 0; i < popularity->n; i++) {
        popularity->share[i] /= total;
        popularity->square_sum +=
            popularity->count[i] * popularity->share[i] * popularity->share[i];
    }
}

static Sums
sums_at(const Popularity *popularity, double n)
{
    Sums sums = {0};
    for (uint32_t i = 0; i < popularity->n; i++) {
        double p = popularity->share[i], count = popularity->count[i], x = p * n;
        double absent = sim_exp(-x);
        /* The difference from 1 would lose the digits of a rare object. */
        double present = x < 1e-3 ? x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4))) : 1 - absent;
        sums.resident += count * present;
        sums.miss += count * p * absent;
        sums.slope += count * p * p * absent;
    }
    return sums;
}

/* resident(n) is concave, so Newton's steps from the left never overshoot. */
static double
age_of_content(const Popularity *popularity, double content)
{
    double n = content;
    for (uint32_t i = 0; i < 200; i++) {
        Sums sums = sums_at(popularity, n);
        double step = (content - sums.resident) / sums.miss;
        n += fmax(step, 0);
        if (!(step > 1e-13 * n))
            break;
    }
    return n;
}

static void
fill_table(CacheCurve *curve, const Popularity *popularity)
{
    curve->start = fmin(1e-4 / popularity->share[0], curve->end / 2);
    curve->log_start = sim_log(curve->start);
    double range = sim_log(curve->end) - curve->log_start;
    curve->pieces_per_log = PIECES / range;
    for (uint32_t i = 0; i <= PIECES; i++) {
        double n = sim_exp(curve->log_start + range * i / PIECES);
        Sums sums = sums_at(popularity, n);
        curve->knots[i] = (Knot){
            .resident = sums.resident,
            .resident_slope = n * sums.miss / curve->pieces_per_log,
            .miss = sums.miss,
            .miss_slope = -n * sums.slope / curve->pieces_per_log,
        };
    }
}

CacheCurve *
cache_curve_new(SimArena *arena, double objects, double alpha, double size)
{
    SIM_ASSERT(objects >= 0.5 && objects <= 1e12);
    SIM_ASSERT(alpha >= 0 && alpha <= 4);
    SIM_ASSERT(size >= 0);
    CacheCurve *curve = SIM_ARENA_NEW(arena, CacheCurve, 1);
    if (size == 0) {
        curve->end_miss = 1;
        return curve;
    }
    Popularity popularity;
    popularity_init(&popularity, rint(objects), alpha);
    /* The quadrature does not count the catalogue any better. */
    bool is_all = size >= (1 - 1e-6) * popularity.objects;
    /* After 40 mean requests for the rarest object nothing is absent. */
    curve->end =
        is_all ? 40 / popularity.share[popularity.n - 1] : age_of_content(&popularity, size);
    curve->full = is_all ? INFINITY : curve->end;
    curve->end_resident = is_all ? popularity.objects : size;
    curve->end_miss = is_all ? 0 : fmin(sums_at(&popularity, curve->end).miss, 1);
    curve->square_sum = popularity.square_sum;
    fill_table(curve, &popularity);
    return curve;
}

static double
cubic(double t, double from, double from_slope, double to, double to_slope)
{
    double rise = to - from;
    double second = 3 * rise - 2 * from_slope - to_slope;
    double third = from_slope + to_slope - 2 * rise;
    return from + t * (from_slope + t * (second + t * third));
}

/* The piece that holds an age between start and end, and how far into it the age lies. */
static const Knot *
piece_at(const CacheCurve *curve, double n, double *ret_t)
{
    double position = (sim_log(n) - curve->log_start) * curve->pieces_per_log;
    position = fmin(fmax(position, 0), PIECES);
    uint32_t piece = MIN((uint32_t)position, PIECES - 1);
    *ret_t = position - piece;
    return &curve->knots[piece];
}

static double
resident_in(const Knot *knot, double t)
{
    return cubic(t, knot[0].resident, knot[0].resident_slope, knot[1].resident,
                 knot[1].resident_slope);
}

static double
resident_at(const CacheCurve *curve, double n)
{
    if (n >= curve->end)
        return curve->end_resident;
    if (n <= curve->start)
        return n - n * n * curve->square_sum / 2;
    double t;
    const Knot *knot = piece_at(curve, n, &t);
    return fmin(resident_in(knot, t), curve->end_resident);
}

double
cache_curve_hit(const CacheCurve *curve, double n)
{
    SIM_ASSERT(n >= 0);
    if (n >= curve->end)
        return 1 - curve->end_miss;
    if (n <= curve->start)
        return n * curve->square_sum;
    double t;
    const Knot *knot = piece_at(curve, n, &t);
    double miss = cubic(t, knot[0].miss, knot[0].miss_slope, knot[1].miss, knot[1].miss_slope);
    return fmin(fmax(1 - miss, 0), 1);
}

double
cache_curve_hits(const CacheCurve *curve, double n0, double n1)
{
    SIM_ASSERT(n0 >= 0);
    SIM_ASSERT(n1 >= n0);
    double filling0 = fmin(n0, curve->end), filling1 = fmin(n1, curve->end);
    double filling_misses = resident_at(curve, filling1) - resident_at(curve, filling0);
    double filling_hits = fmax(filling1 - filling0 - filling_misses, 0);
    double steady_requests = (n1 - filling1) - (n0 - filling0);
    return filling_hits + steady_requests * (1 - curve->end_miss);
}

double
cache_curve_full(const CacheCurve *curve)
{
    return curve->full;
}

double
cache_curve_steady(const CacheCurve *curve)
{
    return 1 - curve->end_miss;
}

double
cache_curve_warm(const CacheCurve *curve, double n)
{
    SIM_ASSERT(n >= 0);
    return curve->end > 0 ? fmin(resident_at(curve, n) / curve->end_resident, 1) : 1;
}

/* The last knot with less than the content; the content lies between the first and the last. */
static uint32_t
knot_before(const CacheCurve *curve, double content)
{
    uint32_t low = 0, high = PIECES;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (curve->knots[middle].resident < content)
            low = middle;
        else
            high = middle;
    }
    return low;
}

double
cache_curve_keep(const CacheCurve *curve, double n, double kept)
{
    SIM_ASSERT(n >= 0);
    SIM_ASSERT(kept >= 0 && kept <= 1);
    n = fmin(n, curve->end);
    if (kept == 1 || n == 0)
        return n;
    double content = kept * resident_at(curve, n);
    if (content <= curve->knots[0].resident) {
        double root = sqrt(fmax(1 - 2 * curve->square_sum * content, 0));
        return 2 * content / (1 + root);
    }
    uint32_t piece = knot_before(curve, content);
    double low = 0, high = 1;
    for (uint32_t i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if (resident_in(&curve->knots[piece], middle) < content)
            low = middle;
        else
            high = middle;
    }
    return fmin(n, sim_exp(curve->log_start + (piece + high) / curve->pieces_per_log));
}

double
cache_curve_advance(const CacheCurve *curve, double n, double requests, double success)
{
    SIM_ASSERT(n >= 0);
    SIM_ASSERT(requests >= 0);
    SIM_ASSERT(success >= 0 && success <= 1);
    return fmin(n + success * requests, curve->end);
}
