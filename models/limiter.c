#include "models/limiter.h"

#include <math.h>

#define LIMIT_MOST 4e9 /* fits what limiter_limit returns */

#define AIMD_BACKOFF 0.9
#define AIMD_TIMEOUT (5 * SIM_SECOND)

#define GRADIENT2_WARMUP 10
#define GRADIENT2_WINDOW 600
#define GRADIENT2_SMOOTHING 0.2
#define GRADIENT2_QUEUE 4
#define GRADIENT2_CUT 0.95

#define VEGAS_PROBE 30

const char *const limiter_names[LIMITER_COUNT + 1] = {
    [LIMITER_NONE] = "none",           [LIMITER_FIXED] = "fixed", [LIMITER_AIMD] = "aimd",
    [LIMITER_GRADIENT2] = "gradient2", [LIMITER_VEGAS] = "vegas", [LIMITER_COUNT] = NULL};

static const struct {
    double initial, least, most;
} defaults[LIMITER_COUNT] = {
    [LIMITER_NONE] = {INFINITY, 1, INFINITY}, [LIMITER_FIXED] = {INFINITY, 1, INFINITY},
    [LIMITER_AIMD] = {10, 1, LIMIT_MOST},     [LIMITER_GRADIENT2] = {20, 20, 200},
    [LIMITER_VEGAS] = {20, 1, 1000},
};

static double
jitter_draw(SimRng *rng)
{
    return 0.5 + 0.5 * sim_rng_unit(rng);
}

void
limiter_init(Limiter *limiter, LimiterKind kind, double initial, SimRng rng)
{
    SIM_ASSERT(kind < LIMITER_COUNT);
    SIM_ASSERT(initial == 0 || initial >= 1);
    *limiter =
        (Limiter){.kind = kind,
                  .limit = initial > 0 && kind != LIMITER_NONE ? initial : defaults[kind].initial,
                  .limit_min = defaults[kind].least,
                  .limit_max = defaults[kind].most,
                  .rng = rng};
    if (kind == LIMITER_VEGAS)
        limiter->probe_jitter = jitter_draw(&limiter->rng);
}

static void
limit_set(Limiter *limiter, double limit)
{
    limiter->limit = fmax(limiter->limit_min, fmin(limit, limiter->limit_max));
}

static void
aimd_sample(Limiter *limiter, const LimiterSample *sample)
{
    double limit = floor(limiter->limit);
    if (sample->was_dropped || sample->rtt > AIMD_TIMEOUT)
        limit_set(limiter, floor(limit * AIMD_BACKOFF));
    else if (2.0 * sample->in_hand >= limit)
        limit_set(limiter, limit + 1);
}

static void
gradient2_average(Limiter *limiter)
{
    if (limiter->samples <= GRADIENT2_WARMUP)
        limiter->long_rtt += (limiter->short_rtt - limiter->long_rtt) / limiter->samples;
    else
        limiter->long_rtt +=
            (limiter->short_rtt - limiter->long_rtt) * (2.0 / (GRADIENT2_WINDOW + 1));
}

static void
gradient2_sample(Limiter *limiter, const LimiterSample *sample)
{
    gradient2_average(limiter);
    double gradient = limiter->long_rtt / limiter->short_rtt;
    if (gradient > 2 && limiter->samples >= GRADIENT2_WARMUP) /* a plain mean forgets the cut */
        limiter->long_rtt *= GRADIENT2_CUT;
    if (sample->in_hand < limiter->limit / 2)
        return;
    gradient = fmax(0.5, fmin(gradient, 1));
    double aim = limiter->limit * gradient + GRADIENT2_QUEUE;
    limit_set(limiter, limiter->limit * (1 - GRADIENT2_SMOOTHING) + aim * GRADIENT2_SMOOTHING);
}

/* The whole part of log10, at least 1; the class goes over to the root at 1000. */
static double
vegas_unit(double limit)
{
    return limit < 100 ? 1 : limit < 1000 ? 2 : floor(sqrt(floor(limit)));
}

static void
vegas_move(Limiter *limiter, const LimiterSample *sample)
{
    double limit = limiter->limit, unit = vegas_unit(limit);
    double queue = ceil(limit * (1 - limiter->long_rtt / limiter->short_rtt));
    if (sample->was_dropped)
        limit_set(limiter, limit - unit);
    else if (2.0 * sample->in_hand < limit)
        return;
    else if (queue <= unit)
        limit_set(limiter, limit + 6 * unit);
    else if (queue < 3 * unit)
        limit_set(limiter, limit + unit);
    else if (queue > 6 * unit)
        limit_set(limiter, limit - unit);
}

static void
vegas_sample(Limiter *limiter, const LimiterSample *sample)
{
    if (limiter->probe_jitter * VEGAS_PROBE * limiter->limit <= limiter->samples) {
        limiter->probe_jitter = jitter_draw(&limiter->rng);
        limiter->samples = 0;
        limiter->long_rtt = limiter->short_rtt;
    } else if (limiter->long_rtt == 0 || limiter->short_rtt < limiter->long_rtt) {
        limiter->long_rtt = limiter->short_rtt;
    } else {
        vegas_move(limiter, sample);
    }
}

void
limiter_sample(Limiter *limiter, const LimiterSample *sample)
{
    static void (*const takes[LIMITER_COUNT])(Limiter *, const LimiterSample *) = {
        [LIMITER_AIMD] = aimd_sample,
        [LIMITER_GRADIENT2] = gradient2_sample,
        [LIMITER_VEGAS] = vegas_sample,
    };
    SIM_ASSERT(sample->rtt >= 0);
    if (!takes[limiter->kind])
        return;
    limiter->short_rtt = sim_seconds(sample->rtt > 0 ? sample->rtt : 1);
    limiter->samples++;
    takes[limiter->kind](limiter, sample);
}

uint32_t
limiter_limit(const Limiter *limiter)
{
    return limiter->limit > LIMIT_MOST ? UINT32_MAX : (uint32_t)fmax(limiter->limit, 1);
}
