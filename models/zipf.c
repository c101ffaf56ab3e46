#include "models/zipf.h"

#include "sim/elementary.h"

__extension__ typedef unsigned __int128 Wide;

/* A column of the table: its own rank below the threshold (of 2^32), else the other. */
typedef struct Column {
    uint32_t threshold, alias;
} Column;

struct Zipf {
    uint64_t ranks;
    Column *columns; /* NULL: rejection inversion, by what follows */
    double alpha;
    double area_first, area_last; /* of the hat, before the first and after the last rank */
    double surely;                /* a point that lies no further below its rank is accepted */
};

/* (e^x - 1) / x and log(1 + x) / x, also where x is near 0. */
static double
expm1_ratio(double x)
{
    return x > -1e-8 && x < 1e-8 ? 1 + x / 2 : sim_expm1(x) / x;
}

static double
log1p_ratio(double x)
{
    return x > -1e-8 && x < 1e-8 ? 1 - x / 2 : sim_log1p(x) / x;
}

/* The hat is x^-alpha over the real numbers. */
static double
hat(const Zipf *zipf, double x)
{
    return sim_exp(-zipf->alpha * sim_log(x));
}

/* Its integral from 1, (x^(1 - alpha) - 1) / (1 - alpha), which for alpha = 1 is log x. */
static double
hat_area(const Zipf *zipf, double x)
{
    double log_x = sim_log(x);
    return log_x * expm1_ratio((1 - zipf->alpha) * log_x);
}

static double
hat_area_inverse(const Zipf *zipf, double area)
{
    double t = MAX(area * (1 - zipf->alpha), -1.0);
    return sim_exp(area * log1p_ratio(t));
}

static void
prepare_rejection(Zipf *zipf)
{
    zipf->area_first = hat_area(zipf, 1.5) - 1;
    zipf->area_last = hat_area(zipf, (double)zipf->ranks + 0.5);
    zipf->surely = 2 - hat_area_inverse(zipf, hat_area(zipf, 2.5) - hat(zipf, 2));
}

static uint64_t
draw_by_rejection(const Zipf *zipf, SimRng *rng)
{
    for (;;) {
        double unit = sim_rng_unit(rng);
        double area = zipf->area_last + unit * (zipf->area_first - zipf->area_last);
        double x = hat_area_inverse(zipf, area);
        double k = CLAMP(x + 0.5, 1.0, (double)zipf->ranks);
        uint64_t rank = (uint64_t)k;
        k = (double)rank;
        if (k - x <= zipf->surely || area >= hat_area(zipf, k + 0.5) - hat(zipf, k))
            return rank - 1;
    }
}

static inline uint64_t
draw_by_table(const Zipf *zipf, uint64_t number)
{
    Wide product = (Wide)number * zipf->ranks;
    uint32_t column = (uint32_t)(product >> 64), rest = (uint32_t)((uint64_t)product >> 32);
    return rest < zipf->columns[column].threshold ? column : zipf->columns[column].alias;
}

/* A share of a column, in units of 2^-32; a full column is its own alias. */
static void
fill_column(Column *columns, uint32_t rank, double share, uint32_t alias)
{
    double units = share * 0x1p32 + 0.5;
    bool is_full = units >= 0x1p32;
    columns[rank].threshold = is_full ? UINT32_MAX : (uint32_t)units;
    columns[rank].alias = is_full ? rank : alias;
}

/* Popularities fall with the rank: the columns that overflow come first.  The last of them that
 * still does (large) fills up those that do not (small, from its end), and becomes one itself. */
static void
fill_table(Zipf *zipf)
{
    uint32_t n = (uint32_t)zipf->ranks;
    g_autofree double *share = g_new(double, n);
    g_autofree uint32_t *small = g_new(uint32_t, n);
    double sum = 0;
    for (uint32_t i = n; i-- > 0;)
        sum += share[i] = sim_pow(i + 1.0, -zipf->alpha);
    uint32_t n_large = 0, n_small = 0;
    while (n_large < n && share[n_large] * n >= sum)
        n_large++;
    for (uint32_t i = 0; i < n; i++)
        share[i] *= n / sum;
    for (uint32_t i = n_large; i < n; i++)
        small[n_small++] = i;
    while (n_large > 0 && n_small > 0) {
        uint32_t rank = small[--n_small], large = n_large - 1;
        fill_column(zipf->columns, rank, share[rank], large);
        share[large] -= 1 - share[rank];
        if (share[large] < 1) {
            n_large--;
            small[n_small++] = large;
        }
    }
    /* What is left is full but for rounding. */
    while (n_small > 0)
        fill_column(zipf->columns, small[--n_small], 1, 0);
    while (n_large > 0)
        fill_column(zipf->columns, --n_large, 1, 0);
}

Zipf *
zipf_new_by(SimArena *arena, uint64_t ranks, double alpha, ZipfMethod method)
{
    SIM_ASSERT(ranks >= 1 && ranks <= ZIPF_RANKS_MAX);
    SIM_ASSERT(alpha >= 0 && alpha <= ZIPF_ALPHA_MAX);
    if (method == ZIPF_BY_SIZE)
        method = ranks <= ZIPF_ALIAS_MAX ? ZIPF_ALIAS : ZIPF_REJECTION;
    Zipf *zipf = SIM_ARENA_NEW(arena, Zipf, 1);
    zipf->ranks = ranks;
    zipf->alpha = alpha;
    if (method == ZIPF_REJECTION) {
        prepare_rejection(zipf);
        return zipf;
    }
    SIM_ASSERT(ranks <= UINT32_MAX);
    zipf->columns = SIM_ARENA_NEW(arena, Column, ranks);
    fill_table(zipf);
    return zipf;
}

Zipf *
zipf_new(SimArena *arena, uint64_t ranks, double alpha)
{
    return zipf_new_by(arena, ranks, alpha, ZIPF_BY_SIZE);
}

uint64_t
zipf_draw(const Zipf *zipf, SimRng *rng)
{
    return zipf->columns ? draw_by_table(zipf, sim_rng_u64(rng)) : draw_by_rejection(zipf, rng);
}

uint64_t
zipf_at(const Zipf *zipf, uint64_t number)
{
    SimRng rng = {.key = number};
    return zipf->columns ? draw_by_table(zipf, number) : draw_by_rejection(zipf, &rng);
}

uint64_t
zipf_ranks(const Zipf *zipf)
{
    return zipf->ranks;
}
