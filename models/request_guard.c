#include "models/request.h"

/* attaching --------------------------------------------------------------------------------- */

static void
attach_hosts(RequestPlane *plane, RequestGuard *guard, SimRng rng)
{
    const ServiceSpec *service = world_service(plane->world, guard->need->service);
    uint32_t n = outlier_hosts(service->station.hosts);
    if (n == 0 || !guard->need->outlier.entity.is_given)
        return;
    OutlierRule rule = outlier_rule(&guard->need->outlier);
    outlier_init(&guard->outlier, &rule, SIM_ARENA_NEW(plane->arena, OutlierHost, n), n, rng);
}

/* share: of the callers that are in this sample, for whom a limit is one for all. */
static RequestGuard *
guard_new(RequestPlane *plane, const Guard *of, uint32_t pop, double share)
{
    RequestGuard *guard = SIM_ARENA_NEW(plane->arena, RequestGuard, 1);
    const NeedSpec *need = of->need;
    *guard = (RequestGuard){.need = need,
                            .bulkhead = need->bulkhead * share,
                            .retries_at_once = need->retries_at_once * share};
    if (need->breaker.kind != BREAKER_NONE) {
        BreakerRule rule = breaker_rule(&need->breaker);
        breaker_init(&guard->breaker, &rule, guard_stream(plane->world, of, "breaker", pop));
    }
    if (need->retry_budget > 0)
        retry_policy_init(&guard->budget, RETRY_BUDGET, need->retry_budget, 0);
    attach_hosts(plane, guard, guard_stream(plane->world, of, "outlier", pop));
    return guard;
}

/* A guard's place: at each PoP if rows there make its calls, else at its central service. */
static void
attach_at_pops(RequestPlane *plane, const RequestProgram *program)
{
    for (uint32_t i = 0; i < program->n_steps; i++) {
        uint32_t g = program->steps[i].guard;
        for (uint32_t p = 0; g != REQUEST_NO_GUARD && p < plane->n_kept; p++) {
            RequestPop *pop = &plane->pops[p];
            if (!pop->guards[g])
                pop->guards[g] = guard_new(plane, &plane->books->guards->of[g], pop->index, 1);
        }
    }
}

void
request_guard_attach(RequestPlane *plane)
{
    uint32_t n = plane->books->guards->n;
    plane->guards = SIM_ARENA_NEW(plane->arena, RequestGuard *, n + 1);
    plane->guard_open = SIM_ARENA_NEW(plane->arena, double, n + 1);
    for (uint32_t p = 0; p < plane->n_pops; p++)
        plane->pops[p].guards = SIM_ARENA_NEW(plane->arena, RequestGuard *, n + 1);
    for (uint32_t r = 0; r < plane->plan->n_rows; r++)
        attach_at_pops(plane, &plane->rows[r].program);
    for (uint32_t i = 0; i < plane->n_cores; i++) {
        const RequestCore *core = &plane->cores[i];
        for (uint32_t k = 0; k < core->program.n_steps; k++) {
            uint32_t g = core->program.steps[k].guard;
            if (g != REQUEST_NO_GUARD)
                plane->guards[g] = guard_new(plane, &plane->books->guards->of[g], SIM_NONE,
                                             plane->service_share[core->service]);
        }
    }
}

/* calls ------------------------------------------------------------------------------------- */

/* What costs nothing to ask comes first; the breaker last, for a trial that it grants must go. */
bool
request_guard_admit(RequestGuard *guard, const RequestGo *go)
{
    const ThrottleRule *rule = throttle_rule((ThrottleKind)guard->need->throttle);
    if (guard->bulkhead > 0 && guard->in_hand + 1 > guard->bulkhead)
        return false;
    if (go->is_retry && guard->retries_at_once > 0 && guard->retries + 1 > guard->retries_at_once)
        return false;
    if (rule && !throttle_admit(&guard->throttle, rule, go->now, go->draw))
        return false;
    if (guard->need->breaker.kind != BREAKER_NONE && !breaker_admit(&guard->breaker, go->now)) {
        if (rule)
            throttle_answer(&guard->throttle, rule, go->now, false);
        return false;
    }
    if (guard->need->retry_budget > 0)
        retry_policy_sent(&guard->budget, go->now, go->is_retry);
    guard->in_hand++;
    guard->retries += go->is_retry;
    return true;
}

uint32_t
request_guard_host(RequestGuard *guard, SimTime now)
{
    return guard->outlier.n ? outlier_pick(&guard->outlier, now) + 1 : 0;
}

static RetryFailure
kind_of(Outcome outcome)
{
    return outcome == OUTCOME_TIMEOUT ? RETRY_TIMEOUT
           : outcome == OUTCOME_503   ? RETRY_THROTTLED
                                      : RETRY_ERROR;
}

static bool
ask_budget(RequestGuard *guard, const RequestAnswer *answer)
{
    if (guard->need->retry_budget <= 0)
        return answer->wants;
    if (answer->outcome != OUTCOME_OK)
        return retry_policy_failed(&guard->budget, answer->now, answer->was_retry,
                                   kind_of(answer->outcome), answer->wants) &&
               answer->wants;
    retry_policy_succeeded(&guard->budget, answer->now, answer->was_retry);
    return false;
}

bool
request_guard_answered(RequestGuard *guard, const RequestAnswer *answer)
{
    const ThrottleRule *rule = throttle_rule((ThrottleKind)guard->need->throttle);
    bool ok = answer->outcome == OUTCOME_OK;
    guard->in_hand--;
    guard->retries -= answer->was_retry;
    if (!ok)
        guard->slot = (uint8_t)answer->slot;
    if (rule)
        throttle_answer(&guard->throttle, rule, answer->now, ok);
    if (guard->outlier.n)
        outlier_count(&guard->outlier, answer->now, answer->host - 1, ok);
    if (guard->need->breaker.kind != BREAKER_NONE) {
        bool is_slow =
            guard->breaker.rule.slow > 0 && answer->now - answer->sent >= guard->breaker.rule.slow;
        breaker_count(
            &guard->breaker,
            &(BreakerCalls){
                .from = answer->now, .to = answer->now, .ok = ok, .failed = !ok, .slow = is_slow});
    }
    return ask_budget(guard, answer);
}

/* ticks ------------------------------------------------------------------------------------- */

static uint32_t
cause_of(const RequestPlane *plane, uint32_t slot)
{
    return slot ? plane->books->firsts[slot] : SIM_NONE;
}

/* Written down at ticks: PoPs are not at one time within a window.  Whether it is open. */
static bool
look_at(RequestPlane *plane, Guard *of, RequestGuard *guard, SimTime now)
{
    uint32_t cause = cause_of(plane, guard->slot);
    if (guard->outlier.n) {
        guard_outlier_moved(of, plane->world, &guard->outlier, guard->ejections, guard->returns,
                            now, cause);
        guard->ejections = guard->outlier.ejections;
        guard->returns = guard->outlier.returns;
    }
    if (guard->need->breaker.kind == BREAKER_NONE)
        return false;
    guard_breaker_moved(of, plane->world, &guard->breaker, guard->was, now, cause);
    guard->was = guard->breaker.state;
    return guard->was != BREAKER_CLOSED;
}

void
request_guard_tick(RequestPlane *plane, SimTime now, double seconds)
{
    for (uint32_t g = 0; g < plane->books->guards->n; g++) {
        Guard *of = &plane->books->guards->of[g];
        uint32_t places = 0, open = 0;
        for (uint32_t p = 0; p < plane->n_kept + 1; p++) {
            RequestGuard *guard = p < plane->n_kept ? plane->pops[p].guards[g] : plane->guards[g];
            places += guard != NULL;
            open += guard && look_at(plane, of, guard, now);
        }
        plane->guard_open[g] += places ? seconds * open / places : 0;
    }
}

void
request_guard_close(RequestPlane *plane, SimTime to)
{
    double seconds = sim_seconds(to - plane->books->bucket_from);
    for (uint32_t g = 0; g < plane->books->guards->n; g++) {
        uint32_t column = plane->books->guards->of[g].column;
        if (column != SIM_NONE)
            books_gauge(plane->books, column, plane->guard_open[g] / seconds, to);
        plane->guard_open[g] = 0;
    }
}
