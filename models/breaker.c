#include "models/breaker.h"

#include "sim/elementary.h"

#include <math.h>
#include <string.h>

static const SimTime LOOK = 500 * SIM_MILLISECOND;
static const SimTime DEAD_MOST = 300 * SIM_SECOND;

const char *const breaker_names[BREAKER_KINDS + 1] = {"none", "hystrix", "resilience4j", "finagle",
                                                      NULL};

static const struct {
    BreakerRule rule;
    double trial; /* calls that try */
} kinds[BREAKER_KINDS] = {
    [BREAKER_HYSTRIX] =
        {{.errors = 0.5, .volume = 20, .window = 10 * SIM_SECOND, .open = 5 * SIM_SECOND}, 1},
    [BREAKER_RESILIENCE4J] = {{.errors = 0.5,
                               .volume = 100,
                               .open = 60 * SIM_SECOND,
                               .slow = 60 * SIM_SECOND,
                               .slow_share = 1},
                              10},
    [BREAKER_FINAGLE] = {{.consecutive = 5, .open = 5 * SIM_SECOND}, 1},
};

BreakerRule
breaker_rule_complete(const BreakerRule *rule)
{
    const BreakerRule *own = &kinds[rule->kind].rule;
    return (BreakerRule){.kind = rule->kind,
                         .errors = rule->errors > 0 ? rule->errors : own->errors,
                         .volume = rule->volume > 0 ? rule->volume : own->volume,
                         .window = rule->window > 0 ? rule->window : own->window,
                         .open = rule->open > 0 ? rule->open : own->open,
                         .consecutive =
                             rule->consecutive > 0 ? rule->consecutive : own->consecutive,
                         .slow = rule->slow > 0 ? rule->slow : own->slow,
                         .slow_share = rule->slow_share > 0 ? rule->slow_share : own->slow_share};
}

/* states ------------------------------------------------------------------------------------ */

static void
forget(Breaker *breaker)
{
    memset(breaker->ok, 0, sizeof breaker->ok);
    memset(breaker->failed, 0, sizeof breaker->failed);
    memset(breaker->bad, 0, sizeof breaker->bad);
    memset(breaker->slow, 0, sizeof breaker->slow);
    breaker->filled = breaker->counted = breaker->run = breaker->hazard = 0;
    breaker->threshold =
        breaker->rule.kind == BREAKER_FINAGLE ? -sim_log(sim_rng_unit(&breaker->rng)) : 0;
}

void
breaker_init(Breaker *breaker, const BreakerRule *rule, SimRng rng)
{
    SIM_ASSERT(rule->kind > BREAKER_NONE && rule->kind < BREAKER_KINDS);
    *breaker = (Breaker){.rule = breaker_rule_complete(rule), .rng = rng};
    forget(breaker);
}

/* The first time as it is; then half of what has doubled stands and as much again is drawn. */
static SimTime
dead_time(Breaker *breaker)
{
    SimTime half = breaker->rule.open;
    if (breaker->opened == 0)
        return half;
    for (uint32_t i = 1; i < breaker->opened && half < DEAD_MOST; i++)
        half *= 2;
    SimTime all = half + sim_rng_uniform(&breaker->rng, 0, half);
    return all < DEAD_MOST ? all : DEAD_MOST;
}

static void
trip(Breaker *breaker, SimTime now)
{
    bool grows = breaker->rule.kind == BREAKER_FINAGLE;
    breaker->state = BREAKER_OPEN;
    breaker->until = sim_time_add(now, grows ? dead_time(breaker) : breaker->rule.open);
    breaker->opened++;
}

static void
begin_trial(Breaker *breaker, SimTime now)
{
    breaker->state = BREAKER_TRYING;
    breaker->due = breaker->until < now ? breaker->until : now;
    breaker->free = kinds[breaker->rule.kind].trial;
    breaker->tried_ok = breaker->tried_failed = breaker->tried_slow = 0;
    breaker->until = sim_time_add(now, breaker->rule.open);
}

/* A trial that has been given out whole and has no verdict after so long has lost an answer. */
static void
try_when_due(Breaker *breaker, SimTime now)
{
    bool is_out = breaker->state == BREAKER_OPEN || breaker->free < 1e-9;
    if (is_out && now >= breaker->until)
        begin_trial(breaker, now);
}

static void
close_again(Breaker *breaker)
{
    breaker->state = BREAKER_CLOSED;
    breaker->opened = 0;
    forget(breaker);
}

/* calls ------------------------------------------------------------------------------------- */

bool
breaker_admit(Breaker *breaker, SimTime now)
{
    if (breaker->state == BREAKER_CLOSED)
        return true;
    try_when_due(breaker, now);
    if (breaker->state == BREAKER_OPEN || breaker->free < 1)
        return false;
    breaker->free -= 1;
    return true;
}

double
breaker_share(Breaker *breaker, SimTime now, double calls)
{
    if (breaker->state == BREAKER_CLOSED)
        return 1;
    try_when_due(breaker, now);
    if (breaker->state == BREAKER_OPEN)
        return 0;
    double go = fmin(breaker->free, calls);
    breaker->free -= go;
    return calls > 0 ? go / calls : 1;
}

/* A trial's answers, once they are all there. */
static void
judge_trial(Breaker *breaker, SimTime now, bool draws)
{
    double all = breaker->tried_ok + breaker->tried_failed;
    double trial = kinds[breaker->rule.kind].trial;
    /* In rates about as many calls came as were let go. */
    bool is_whole = draws ? all > 0 && breaker->free < 1e-9 : all >= trial;
    if (!is_whole)
        return;
    double failed = breaker->tried_failed, slow = breaker->tried_slow;
    if (draws) {
        uint64_t n = (uint64_t)trial;
        failed = (double)sim_rng_binomial(&breaker->rng, n, failed / all);
        slow = (double)sim_rng_binomial(&breaker->rng, n, slow / all);
        all = trial;
    }
    double most = trial > 1 ? breaker->rule.errors : 1;
    bool is_slow = breaker->rule.slow_share > 0 && slow >= all * breaker->rule.slow_share;
    if (failed >= most * all || is_slow)
        trip(breaker, now);
    else
        close_again(breaker);
}

static void
count_trial(Breaker *breaker, const BreakerCalls *calls)
{
    breaker->tried_ok += calls->ok;
    breaker->tried_failed += calls->failed;
    breaker->tried_slow += calls->slow;
    bool draws = calls->from < calls->to;
    SimTime went = calls->from > breaker->due ? calls->from : breaker->due;
    judge_trial(breaker, draws ? sim_time_add(went, breaker->took) : calls->to, draws);
}

/* hystrix ----------------------------------------------------------------------------------- */

static uint32_t
ring(int64_t bucket)
{
    return (uint32_t)(bucket % (BREAKER_BUCKETS + 1));
}

/* The bucket of now is open; those that the ring has passed over are empty. */
static void
open_bucket(Breaker *breaker, int64_t bucket)
{
    int64_t first = breaker->bucket + 1, oldest = bucket - BREAKER_BUCKETS;
    for (int64_t b = first > oldest ? first : oldest; b <= bucket; b++)
        breaker->ok[ring(b)] = breaker->failed[ring(b)] = 0;
    breaker->bucket = bucket > breaker->bucket ? bucket : breaker->bucket;
}

/* The ten buckets before the open one. */
static bool
has_bad_window(const Breaker *breaker)
{
    double ok = 0, failed = 0;
    for (uint32_t i = 0; i <= BREAKER_BUCKETS; i++) {
        bool is_open = i == ring(breaker->bucket);
        ok += is_open ? 0 : breaker->ok[i];
        failed += is_open ? 0 : breaker->failed[i];
    }
    double all = ok + failed;
    return failed > 0 && all >= breaker->rule.volume * (1 - 1e-9) &&
           failed >= breaker->rule.errors * all * (1 - 1e-9);
}

static void
count_buckets(Breaker *breaker, const BreakerCalls *calls)
{
    SimTime width = breaker->rule.window / BREAKER_BUCKETS;
    SimTime length = calls->to - calls->from;
    SimTime from = calls->from;
    while (length > 0 && from < calls->to) {
        SimTime edge = (from / width + 1) * width, end = edge < calls->to ? edge : calls->to;
        double part = (double)(end - from) / (double)length;
        open_bucket(breaker, from / width);
        breaker->ok[ring(breaker->bucket)] += calls->ok * part;
        breaker->failed[ring(breaker->bucket)] += calls->failed * part;
        from = end;
    }
    open_bucket(breaker, calls->to / width);
    if (length == 0) {
        breaker->ok[ring(breaker->bucket)] += calls->ok;
        breaker->failed[ring(breaker->bucket)] += calls->failed;
    }
    if (calls->to < breaker->looks_at)
        return;
    breaker->looks_at = calls->to + LOOK;
    if (has_bad_window(breaker))
        trip(breaker, calls->to);
}

/* resilience4j ------------------------------------------------------------------------------ */

static bool
has_bad_calls(const Breaker *breaker, double size)
{
    /* The oldest cell leaves as the open one fills. */
    uint32_t oldest = breaker->cell == BREAKER_CELLS ? 0 : breaker->cell + 1;
    double kept = 1 - breaker->filled / size, failed = 0, slow = 0;
    if (breaker->counted < breaker->rule.volume * (1 - 1e-6))
        return false;
    for (uint32_t i = 0; i <= BREAKER_CELLS; i++) {
        double weight = i == oldest ? kept : 1;
        failed += weight * (double)breaker->bad[i];
        slow += weight * (double)breaker->slow[i];
    }
    double slack = 1 - 1e-6;
    return failed >= breaker->rule.errors * breaker->rule.volume * slack ||
           slow >= breaker->rule.slow_share * breaker->rule.volume * slack;
}

static void
count_cells(Breaker *breaker, const BreakerCalls *calls)
{
    double all = calls->ok + calls->failed, size = breaker->rule.volume / BREAKER_CELLS;
    if (all <= 0)
        return;
    /* What fills the ring more than once only its last round tells of. */
    double left = fmin(all, breaker->rule.volume + size);
    double bad = calls->failed / all, slow = calls->slow / all;
    breaker->counted += all;
    while (left > 0) {
        double part = fmin(left, size - breaker->filled);
        breaker->bad[breaker->cell] += (float)(part * bad);
        breaker->slow[breaker->cell] += (float)(part * slow);
        breaker->filled += part;
        left -= part;
        if (breaker->filled < size * (1 - 1e-9))
            break;
        breaker->cell = breaker->cell == BREAKER_CELLS ? 0 : breaker->cell + 1;
        breaker->bad[breaker->cell] = breaker->slow[breaker->cell] = 0;
        breaker->filled = 0;
    }
    if (has_bad_calls(breaker, size))
        trip(breaker, calls->to);
}

/* finagle ----------------------------------------------------------------------------------- */

double
breaker_run_mean(double p, double k)
{
    return p < 1 ? (sim_pow(p, -k) - 1) / (1 - p) : k;
}

static void
count_single(Breaker *breaker, const BreakerCalls *calls)
{
    breaker->run = calls->failed > 0 ? breaker->run + calls->failed : 0;
    if (breaker->run >= breaker->rule.consecutive)
        trip(breaker, calls->to);
}

static void
count_run(Breaker *breaker, const BreakerCalls *calls)
{
    double all = calls->ok + calls->failed, k = breaker->rule.consecutive;
    if (all <= 0)
        return;
    double p = fmin(1, calls->failed / all);
    if (p <= 0) {
        breaker->run = 0;
        return;
    }
    double first = fmin(all, k - breaker->run), beyond = all - first;
    breaker->run += first;
    if (breaker->run < k * (1 - 1e-9))
        return;
    double more = breaker_run_mean(p, k) - k;
    if (more > 1e-9)
        breaker->hazard += beyond / more;
    if (more <= 1e-9 || breaker->hazard >= breaker->threshold)
        trip(breaker, calls->to);
}

void
breaker_count(Breaker *breaker, const BreakerCalls *calls)
{
    SIM_ASSERT(calls->from <= calls->to);
    if (breaker->state == BREAKER_OPEN)
        return;
    if (breaker->state == BREAKER_TRYING)
        count_trial(breaker, calls);
    else if (breaker->rule.kind == BREAKER_HYSTRIX)
        count_buckets(breaker, calls);
    else if (breaker->rule.kind == BREAKER_RESILIENCE4J)
        count_cells(breaker, calls);
    else if (calls->from == calls->to)
        count_single(breaker, calls);
    else
        count_run(breaker, calls);
}
