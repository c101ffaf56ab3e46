/*
 * flow.h - the flow plane: between discrete events, traffic is rates and
 * backlogs.  This header is for the plane's own files; the world sees plane.h.
 *
 * Time.  A global tick (1 s) couples PoPs and central services.  Each PoP has a
 * clock of its own and advances in steps that end at its events, at ticks, or,
 * while nothing changes there, at the close of the recorder's bucket.  A step
 * with an overloaded station is cut into pieces of a twentieth of the shortest
 * time-out.  Demand is piecewise constant (60 s).
 *
 * A step of a PoP, for all rows (flow_plan.h) at once:
 *   1. attempts: fresh demand, people who try again, machines' delayed retries;
 *   2. the PoP's CPU: all served at once while it suffices, else through a
 *      station of cumulative curves (flow_station.h), whose time-outs and
 *      refusals come back as retries at the moment they happen;
 *   3. terms: each unit or edge that fails takes its share of what is left, in
 *      the plan's order, so that an attempt has one first cause;
 *   4. failures: machine retries within their budget, at once or after a
 *      back-off (delay line); then people wait and reload, or give up.
 * A guarded need (flow_guard.c) has a state at each PoP and in each central
 * caller: what share of its calls goes is decided before a step, of the number
 * asked for in the last, and what came of them counted after it.  PoPs with a
 * guard at work step with the tick.
 *
 * Central stations then advance a tick with the calls of all PoPs (flow_core.h)
 * and their failed share is what PoPs meet in the next tick.
 *
 * Cause.  Slots 0 to 15 stand for roots of the journal (0: none known: demand
 * beyond capacity).  While a tick lasts, failures of central services, of
 * overload and of origins are booked under a pseudo-slot each; at its end these
 * are shared out.  An overload belongs to what took capacity away, else to what
 * sent other PoPs' users here, else to a surge, as long as that lasts or work of
 * its time still waits; without any, to the marks of the arrivals, the causes
 * that made people wait and come back.
 */
#pragma once

#include "models/books.h"
#include "models/cache.h"
#include "models/flow_clients.h"
#include "models/flow_station.h"
#include "models/plane.h"
#include "models/traffic.h"

/*
 * Loops over columns of rows: compiled apart, for wider registers too where the
 * machine has them.  Element by element (sums in four lanes), so that every
 * version gives the same bits.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__clang__)
#define FLOW_COLUMNS __attribute__((noinline))
#else
#define FLOW_COLUMNS __attribute__((noinline, target_clones("avx2", "default")))
#endif
/* Before a loop over rows: no column overlaps another. */
#if defined(__clang__)
#define FLOW_APART _Pragma("clang loop vectorize(assume_safety)")
#else
#define FLOW_APART _Pragma("GCC ivdep")
#endif

/* A term that fails at a PoP now. */
typedef struct FlowActive {
    const double *weight; /* [row] */
    const double *spared; /* [row] seconds of CPU that such an end saves; NULL: none */
    double chance;        /* that a call fails */
    double error_cpu;     /* seconds of CPU that such a failure costs */
    uint32_t slot;        /* of its cause */
    uint32_t service;     /* SIM_NONE: an origin */
    uint8_t outcome;
    bool is_free;   /* nobody who has CPU works on them: refused, or answered by the stuck alone */
    bool is_joined; /* the same calls as the one before, so it takes its share of what that had */
    bool is_gone;   /* from a call to a central service, which has failed for that */
} FlowActive;

/* Faults on the way in, in the order that attempts meet them: a name that does not resolve, a
 * packet lost, a connection refused. */
typedef enum FlowGate { FLOW_GATE_NAME, FLOW_GATE_WAY, FLOW_GATE_TLS, FLOW_GATES } FlowGate;

typedef struct FlowEntry { /* NULL columns until the first fault */
    EntryFault *faults;    /* [gate][site] */
    double *share;         /* [gate][row] of what comes that ends there */
    uint32_t *slot;        /* [gate][row] of the last cause */
    double *delay;         /* [row] seconds that the others lose */
    FlowDelays lost;       /* attempts of those who wait in vain */
    bool is_set, has_delay;
} FlowEntry;

/* What guards one caller's calls over a need, at one place. */
typedef struct FlowGuard {
    uint32_t index;     /* of books->guards */
    Breaker *breaker;   /* NULL: none, as the others */
    Throttle *throttle; /* with its rule */
    const ThrottleRule *rule;
    Outlier *outlier;
    double asked;                 /* calls a second that the caller wanted in the last step */
    double in_hand;               /* of the bulkhead */
    double tokens;                /* retries saved up */
    double come;                  /* share of calls that the breaker lets pass in this step */
    double pass;                  /* share that its breaker and throttle let pass */
    double go;                    /* share that is made */
    double grant;                 /* share of the retries wanted that is made */
    double once;                  /* share of tries that fails */
    double tries;                 /* a call that is made */
    double lost;                  /* share of the calls made that fails in the end */
    double spread;                /* factor on calls that meet good hosts: bad ones are left out */
    uint32_t slot;                /* cause of most of the failures that it saw last */
    bool was_clean;               /* no failure in the last step */
    double sent, lost_sum, again; /* a second: its part of the plane's sums */
} FlowGuard;

/* Calls of a step that a guard decides on. */
typedef struct FlowCalls {
    const NeedSpec *need;
    uint32_t target; /* core */
    double front;    /* share that the front before it loses */
    uint32_t front_slot;
    SimTime from, to;
} FlowCalls;

typedef struct FlowPop {
    SimTime at, due;  /* advanced up to; the next step is due no later */
    uint32_t stretch; /* ticks that a step may take */
    uint32_t seen;    /* core_version of the last step */
    double cores;     /* CPU capacity */
    double speed;     /* share of it that is usable: live processes, warm-up */
    bool is_halted;
    double load;    /* CPU seconds a second of the last step */
    double *demand; /* [row] fresh requests a second of the row's site, before factors */
    double *orbit;  /* [row] people who wait to try again */
    double *stays;  /* [row] of those who came in the last step, the share that failed and waits */
    double *tokens; /* [row] retry budget */
    double *miss;   /* [row] share of requests that go to the origin */
    double *zone_failed;  /* [zone] share of calls through the front that fail */
    uint32_t *zone_slot;  /* [zone] cause of most of it */
    double *zone_lost;    /* [zone] share lost to overload in the last step */
    double *calls;        /* [edge] calls a second */
    double *passed;       /* [edge] of those, through the front */
    FlowGuard *guards;    /* [guarded edge]; NULL: none */
    bool is_guarding;     /* some guard has something to do */
    double *age;          /* [site] of the cache, in requests */
    double *misses;       /* [site] requests a second to the origin */
    Behaviour *behaviour; /* [unit] */
    FlowActive *active;   /* of units; edges and origins are added in a step */
    uint32_t n_active;
    double *late;       /* [unit][row] calls that take longer than clients wait; NULL: never yet */
    double *more_calls; /* [call of the plan] factor; NULL: never yet */
    bool has_delay, has_more_calls;
    bool has_orbit, is_filling, is_burning;
    double change;       /* relative change of the final failures over the last step */
    double *last_failed; /* [row] */
    FlowStation station;
    double *carry; /* [level][row] retries that enter with the next piece; NULL: never yet */
    FlowDelays delays;
    FlowEntry entry;
    BooksPop counts;
    double *site_offered, *site_failed; /* [site] attempts since the run began; NULL: nobody asks */
    double bucket_backlog;              /* waiting CPU seconds x seconds since the bucket opened */
    double bucket_cost, bucket_calls;   /* CPU seconds that its attempts ask for; attempts */
    double bucket_delayed, bucket_delay; /* those served whom faults cost time; seconds */
    double *dropped;                     /* [level][row] calls lost when processes died; or NULL */
    bool has_dropped;
    uint32_t overload_slot; /* cause of lost capacity or burnt CPU; 0: none */
    uint32_t backlog_slot;  /* the last such cause since work began to wait; 0: none */
    int64_t n_guests;       /* parts of metros that reach another PoP at the start of the run */
    uint32_t guest_slot;    /* cause that sent the last of them; 0: none are here */
} FlowPop;

/* Users who reach no PoP: the routes to all of them are gone. */
typedef struct FlowNowhere {
    SimTime at;             /* advanced up to */
    double *demand, *orbit; /* [row] as of a PoP */
    uint32_t slot;          /* cause of the last that came here */
    bool has_users;
} FlowNowhere;

typedef struct FlowCall { /* a need of a central service */
    const NeedSpec *need;
    uint32_t target;  /* core; SIM_NONE: a PoP service, which central ones reach by fronts only */
    uint32_t stream;  /* of the target's station */
    double failed;    /* share that fails, of the last tick */
    FlowGuard *guard; /* NULL: none */
} FlowCall;

/* A central (core or external) service. */
typedef struct FlowCore {
    uint32_t service;
    double factor; /* of servers, by `scale` */
    bool is_halted;
    uint32_t capacity_slot; /* cause of lost capacity; 0: none */
    uint32_t backlog_slot;  /* as of a PoP */
    uint32_t n_streams;
    double *timeout, *work, *arrivals, *started, *timed_out, *refused; /* [stream] */
    double *patience;      /* [stream] time-out as written: less what the way takes is `timeout` */
    double *given_up;      /* [stream] since the last tick, when a fault began */
    Impairment impairment; /* by faults */
    bool is_impaired;
    uint32_t impair_slot; /* cause of that */
    double turned;        /* share of the tick's calls that it kept from the station */
    Throttle *admission;  /* refuses calls before the station; NULL: none */
    const ThrottleRule *admission_rule;
    double bad_hosts;                /* share of its hosts, as `failed` has it */
    double overload;                 /* share lost at its own station, of what was admitted */
    double asked_per_s, could_per_s; /* calls that came in the last tick; that it could serve */
    double own_failed;               /* share lost at its own station */
    double failed;                   /* share of calls that fail, own and by what it needs */
    double announced;                /* the value that PoPs last saw */
    double causes[BOOKS_CAUSES];     /* of its failures; sums to 1 */
    double marked[BOOKS_CAUSES];     /* calls a second from people whom a cause made wait */
    FlowStation station;
    double wait, utilisation, backlog;
    uint32_t pop; /* where its own calls through the edge enter */
    FlowCall *calls;
    uint32_t n_calls;
    double calls_per_s;
} FlowCore;

enum { FLOW_ORIGIN_TERMS = 3 };

typedef struct FlowOrigin {
    OriginFault fault;
    bool is_late;   /* answers come later than clients wait for them */
    double refused; /* share beyond its limit */
    double lost;    /* share of misses that fail, for any reason */
    double misses;  /* a second, of all PoPs */
    uint32_t slot;  /* cause of the last fault */
} FlowOrigin;

typedef struct Flow {
    World *world;
    SimArena *arena;
    SimTime tick, ticked, demand_until;
    double tick_factor; /* of every step, for tests of convergence */
    FlowPlan *plan;
    FlowClients clients;
    Traffic traffic;
    Books *books;
    bool *killed;    /* [service] */
    int *on_failure; /* [service] set by switches; NEED_AS_WRITTEN */
    FlowNowhere nowhere;
    uint32_t n_pops, n_zones;
    uint32_t halt_slot, scale_slot; /* causes of the last halt and scaling down of PoPs; 0: none */
    FlowPop *pops;
    double pop_scale; /* of all PoPs' CPU, by `scale` */
    uint32_t n_cores;
    FlowCore *cores;
    uint32_t *core_of;     /* [service]; SIM_NONE */
    uint32_t *core_order;  /* callers before those they call */
    uint32_t core_version; /* counts changes that PoPs must see */
    uint32_t core_trouble; /* central services and origins that fail some calls */
    double *calls;         /* [edge] calls a second of all PoPs */
    double *tried;         /* [edge] calls a second of all PoPs, those too that the front loses */
    double *guard_sent;    /* [guarded edge] tries a second that reach the service */
    double *guard_lost;    /* [guarded edge] calls a second that were made and failed */
    double *guard_again;   /* [guarded edge] retries a second, each of a call that failed */
    double *guard_open;    /* [2][guard] scratch of recording */
    double *zone_extra;    /* [pop][zone] calls a second of central services */
    double *reactions;     /* [unit][condition][row] share that sites block */
    const CacheCurve **curves; /* [site]; NULL: nothing cacheable */
    double *ends, *within;     /* [row] shares of waits that end in a step, in the middle of one */
    double ends_seconds;       /* the step for which these hold */
    FlowOrigin *origins;       /* [site] */
    double *origin_lost;       /* [row] share of misses that fail */
    double *origin_come;       /* [row] share of attempts that came to the cache, in a step */
    bool has_far_core;         /* a fault makes calls of some central service take longer */
    uint32_t origin_trouble;   /* sites whose origins fail some requests */
    bool has_origin_fault, has_origin_limit;
    uint32_t *cache_slot; /* [site] cause of the last loss of content */
    uint32_t n_slots, slot_core, slot_overload, slot_origin; /* pseudo-slots start there */
    double *cause_rows;  /* [slot][row] failed or blocked attempts of this tick */
    double *orbit_marks; /* [cause][row] waiting people by cause, all PoPs */
    double *orbit_total, *orbit_in, *orbit_out; /* [row] all PoPs; the latter of this tick */
    double *login_ok;                           /* [row] successes of the tick */
    double entered, left; /* people: fresh demand so far; served, blocked or given up */
    SimHistogram *latency;
    uint64_t pop_steps;
    /* Scratch of a step. */
    double *enter, *level, *started, *timed_out, *refused, *work; /* [level][row] */
    double *survive, *came, *attempts, *failed, *blocked, *served, *final, *tokens, *cpu,
        *grant;            /* [row] */
    double *origin_weight; /* [term][row] */
    double *portion;       /* [active][row] */
    double *reach;         /* [call of the plan] share of requests that come as far as that call */
    double *front; /* [core] failed share of calls through its front, at the PoP of the step */
    uint32_t *front_slot; /* [core] cause of most of that */
    FlowActive *active;
    uint32_t active_max;
    double *impatient;         /* [row] share of a term's requests that do not wait for its calls */
    double *undelayed, *delay; /* [row] share whom faults cost no time; seconds a request */
    double *turned;    /* [gate][level][row] attempts that end on the way; NULL until a fault */
    double *in_vain;   /* [level][row] attempts whose clients have waited in vain */
    double *was_there; /* [2][row] offered and failed at the begin of a step */
} Flow;

/* One step of one PoP. */
typedef struct FlowStep {
    Flow *flow;
    FlowPop *pop;
    uint32_t index;
    SimTime from, to;
    double seconds;
    uint32_t n, levels, n_active; /* stride; levels; terms that fail now */
    bool has_entry;               /* attempts end on the way, or have */
} FlowStep;

/* Column k of a table of columns of rows. */
static inline double *
flow_column(double *columns, const FlowStep *step, uint32_t k)
{
    return columns + (size_t)k * step->n;
}

/* flow_terms.c */
void flow_terms_refresh(Flow *flow, FlowPop *pop); /* after a behaviour or the plan changed */
/* Failed and blocked shares of each row's attempts, what an attempt costs, how far calls come. */
void flow_terms_judge(FlowStep *step);
/* Failed share of calls over an edge from this PoP, by the front and the service as last judged;
 * those too that its guard keeps back, ret_refused of them all. */
double flow_terms_edge_failed(const Flow *flow, const FlowPop *pop, const FlowEdge *edge,
                              double *ret_front, double *ret_refused);

/* The calls of a step over an edge with a guard. */
FlowCalls flow_terms_calls(const FlowStep *step, const FlowEdge *edge);

/* flow_pop.c */
void flow_pop_advance(Flow *flow, uint32_t pop, SimTime to);
/* Decides when the PoP's next step is due, after one. */
void flow_pop_plan_next(Flow *flow, uint32_t pop);
/* A share of what waits at a PoP fails now: its processes died. */
void flow_pop_drop(Flow *flow, uint32_t pop, double share);
/* What waits costs as much as it would if it came now: rules were switched off, or burn no more. */
void flow_pop_reweigh(Flow *flow, uint32_t pop);
void flow_pop_refresh(Flow *flow, uint32_t pop); /* after a behaviour or the plan changed */
/* Calls a second over an edge, and how many of them pass its front. */
void flow_pop_calls_set(Flow *flow, FlowPop *pop, uint32_t edge, double rate, double passed);
void flow_pop_miss_set(Flow *flow, FlowPop *pop); /* after cache ages changed */

/* flow_book.c: what a step comes to, in the books and for the next */
static const double FLOW_CALM = 1e-9; /* people or attempts below which a PoP has none waiting */
void flow_book_step(const FlowStep *step, bool by_station);
void flow_book_sites_begin(const FlowStep *step); /* before anything of the step is booked */

/* flow_catchment.c: metros move, those who wait there with them */
void flow_catchment_attach(Flow *flow);
void flow_catchment_demand_set(Flow *flow, SimTime at);
void flow_catchment_moved(void *plane, uint32_t group, const CatchmentMove *move);
/* Users who reach no PoP: each attempt is a time-out, made once; people wait and try again. */
void flow_catchment_advance(Flow *flow, SimTime to);

/* flow_core.c */
void flow_core_attach(Flow *flow);
void flow_core_advance(Flow *flow, SimTime from, SimTime to);
/* Seconds for which a call is in its caller's hand: it waits and is served, longer by faults; the
 * lost wait all. */
double flow_core_held(const Flow *flow, uint32_t core, SimTime timeout);

/* flow_guard.c: breakers, throttles, bulkheads, budgets, outlier detection */
void flow_guard_attach(Flow *flow);
void flow_guard_init(Flow *flow, FlowGuard *guard, const NeedSpec *need, uint32_t pop);
/* Before a step: decides, for about as many calls as were asked for last, what share goes. */
void flow_guard_open(Flow *flow, FlowGuard *guard, const FlowCalls *calls);
/* What those that go meet, as the service was last judged. */
void flow_guard_judge(const Flow *flow, FlowGuard *guard, const FlowCalls *calls);
/* After it: what came of them, `asked` a second having been wanted. */
void flow_guard_count(Flow *flow, FlowGuard *guard, const FlowCalls *calls, double asked);
void flow_guard_sums_set(Flow *flow, FlowGuard *guard, uint32_t edge, double front, double made);
bool flow_guard_is_calm(const FlowGuard *guard);
/* Every PoP to now, when a service's failures are about to change. */
void flow_guard_catch_up(Flow *flow, SimTime to);
void flow_guard_record(Flow *flow, SimTime to);

/* flow_entry.c: faults on the way to a PoP */
void flow_entry_set(void *plane, uint32_t site, uint32_t pop, const EntryFault *fault);
/* Attempts end on the way, or have and their clients do not know yet. */
bool flow_entry_is_busy(const FlowPop *pop);
/* At the begin of a step: those who have waited in vain. */
void flow_entry_take(const FlowStep *step);
/* Takes from the attempts of a level those that end on the way. */
void flow_entry_divert(const FlowStep *step, uint32_t level, double *attempts);
/* Adds attempts of a level whose clients know now that they failed. */
void flow_entry_failed(const FlowStep *step, uint32_t level, double *into);
/* What the step's last diversion comes to. */
void flow_entry_book(const FlowStep *step);

/* flow_origin.c */
void flow_origin_attach(Flow *flow);
void flow_origin_set(void *plane, uint32_t site, const OriginFault *fault);
void flow_origin_advance(Flow *flow);
void flow_origin_terms(FlowStep *step);
void flow_origin_book(const FlowStep *step);

/* flow_impair.c: faults of central services */
void flow_impair_set(void *plane, uint32_t service, const Impairment *impairment);
/* Takes from the arrivals of a tick what never comes to the station. */
void flow_impair_arrive(FlowCore *core, double seconds);
/* Seconds that a fault adds to a call that nobody queues for. */
double flow_impair_delay(const Flow *flow, const FlowCore *core);
/* The way takes longer than callers with this time-out wait. */
static inline bool
flow_impair_is_late(const FlowCore *core, SimTime timeout)
{
    return core->impairment.delay > 0 && core->impairment.delay >= sim_seconds(timeout);
}
/* Share of calls with this time-out that fail, as last judged. */
static inline double
flow_impair_failed(const FlowCore *core, SimTime timeout)
{
    return flow_impair_is_late(core, timeout) ? 1 : core->failed;
}
/* Some caller or client may be late. */
bool flow_impair_is_any_late(const Flow *flow, const FlowCore *core);

/* flow_cause.c */
void flow_cause_attach(Flow *flow);
/* Adds `amount` to the causes of a failed call of a central service, of its own overload. */
void flow_cause_of_call(Flow *flow, const FlowCore *core, const NeedSpec *need, double amount,
                        double *into);
void flow_cause_of_overload(Flow *flow, const FlowCore *core, double amount, double *into);
/* At the end of a tick: marks of waiting people, pseudo-slots shared out, causes counted. */
void flow_cause_share_out(Flow *flow);

/* flow_record.c */
void flow_record_close(Flow *flow, SimTime to);

/* flow.c: the plane */
void flow_advance_all(Flow *flow); /* every PoP to now */
void flow_refresh_all(Flow *flow); /* every PoP, after a change */
extern const PlaneOps flow_plane_ops;
