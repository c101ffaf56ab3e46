/*
 * request.h - the request plane: every request is an object that walks through events.  This
 * header is for the plane's own files; the world sees plane.h.
 *
 * A request.  People and programs arrive as Poisson streams with the rates of traffic.h.  A
 * person's wish is one request with up to 1 + retries attempts.  An attempt queues for the PoP's
 * CPU (station.h: cores / cores_per_queue queues, a connection stays with one), meets what its
 * processes do to calls, walks the steps of its row (request_plan.c) - calls to central services,
 * each a row of its own with a time-out and tries, through the edge where there is a front - then
 * the cache and the origin.  A failure is retried by the machine, at once or after its back-off, as
 * its library allows (retry_policy.h); then the person waits (a count a row: an exponential wait
 * has no memory) and comes back, or gives up.
 *
 * A client's time-out is its patience for one wait: for CPU, then again for what it calls and
 * fetches.  Who gets CPU in time is served, as on the flow plane, whose curves know when work
 * starts; the milliseconds of the service itself break nobody's patience.  Under processor sharing,
 * where nobody waits, it holds for the whole service.
 *
 * Time.  A PoP touches others only through central services, and nothing gets there or back faster
 * than its way.  So PoPs advance one by one, each as far as the way ahead of what is central, and
 * what is central follows when no PoP can send it anything earlier.  Within such a window a PoP is
 * a plain event loop over its next arrival, the next person to come back and a wheel of its own.
 * What the world does falls on the edges of windows.
 *
 * Fast path.  While a PoP is plain - first in, first out, no limit, nothing failing - a request's
 * whole future is known when it arrives: it starts when the first server of its queue is free.  If
 * it ends within the window it is booked at once and never becomes an object; else it is a row with
 * an event at its end.  In a PoP that is not plain stations decide who is next.  Both give the same
 * run, request for request (tested), because every random number of a request is a function of
 * its PoP, its number and its purpose, and of nothing that happened before.
 *
 * Cause.  As in flow.h: a failure names the slot of what broke the unit; an overload names what
 * took capacity away, sent others here or multiplied the demand, else the cause that made a
 * person wait who came back.
 *
 * Faults.  A call to a central service meets them in this order: it gets lost on its way; it is
 * beyond the quota, a bucket of tokens that holds a second's worth at most; its host is bad; it is
 * served, more slowly; what the service needs fails; it is answered with an error.  An attempt
 * meets its own before its PoP: the name, the way, TLS.  Each is a number of the call or attempt,
 * so order decides nothing.  A fault that begins touches what is sent from then on.
 *
 * Guards (guard.h).  Each try of a guarded need has a row and asks the guard of its place first:
 * who may not go ends there, without a retry, and what the need does on failure happens at once.
 * Its answer, whenever it comes and whoever still waits, is counted.  What has changed is written
 * down at ticks.
 *
 * Attacks.  A row of a site that attacks is booked in its site's columns alone.  The service that
 * sees through it ends a share of it there: it costs the CPU up to that step and calls nothing.
 *
 * Left out: set-up of connections, sizes of answers, the way of a request within a PoP; an object
 * that is fetched from an origin without a limit is in the cache at once.
 */
#pragma once

#include "models/books.h"
#include "models/cache.h"
#include "models/keyed_cache.h"
#include "models/limiter.h"
#include "models/plane.h"
#include "models/request_guard.h"
#include "models/request_log.h"
#include "models/retry_policy.h"
#include "models/sharing.h"
#include "models/station.h"
#include "models/traffic.h"
#include "models/zipf.h"
#include "sim/wheel.h"

enum {
    REQUEST_STEPS_MAX = 64,
    REQUEST_TIMEOUTS_MAX = 255,
    REQUEST_NO_OWNER = UINT16_MAX,
    REQUEST_NO_GUARD = UINT16_MAX
};

/* steps ------------------------------------------------------------------------------------- */

typedef enum RequestStepKind {
    REQUEST_GATE, /* what is below happens with this probability */
    REQUEST_UNIT, /* a PoP service in one cohort: CPU, and what its processes do */
    REQUEST_CALL  /* to a central service */
} RequestStepKind;

typedef struct RequestStep {
    uint8_t kind;
    uint8_t action;  /* NeedFailure */
    uint8_t outcome; /* of a failure; OUTCOME_NONE: the service's own */
    uint8_t clock;   /* call: its time-out class */
    uint16_t skip;   /* steps below it, not taken when it is not made */
    uint16_t rest;   /* unit: alternatives after it, not taken when it is made */
    uint16_t guard;  /* call: of the books' guards, when its need has one */
    uint16_t owner;  /* call: the first unit of the service whose need it is; REQUEST_NO_OWNER */
    double share;    /* probability that it is made, once it is reached */
    uint32_t service;
    uint32_t unit;     /* of the plan */
    uint32_t core;     /* call: the central service */
    uint32_t fallback; /* call: another one, while its action says so; SIM_NONE */
    uint32_t retries, calls;
    bool is_direct; /* call: one try, straight to its service */
} RequestStep;

typedef struct RequestProgram { /* of a row, or of a central service */
    RequestStep *steps;
    uint32_t n_steps;
    double cpu;             /* seconds of the units that are always made */
    uint64_t alive;         /* steps that no kill switch skips */
    uint64_t calls, direct; /* steps that are calls; those of them that are direct */
    bool has_cpu;           /* that is all: no unit is made only at times */
    bool is_certain;        /* every unit is always made, or never: cpu is all */
    bool has_calls;
} RequestProgram;

/* requests ---------------------------------------------------------------------------------- */

typedef enum RequestState {
    REQUEST_FREE,
    REQUEST_BACKING_OFF,
    REQUEST_LOST,      /* on its way to the PoP: its client waits in vain */
    REQUEST_SCHEDULED, /* its CPU time is fixed: the fast path's rows */
    REQUEST_DOOMED,    /* scheduled never: its client will have gone (cancel) */
    REQUEST_WAITING,   /* in a queue */
    REQUEST_SERVED,    /* has CPU */
    REQUEST_DELAYED,   /* a unit lets it wait */
    REQUEST_CALLING,   /* waits for calls */
    REQUEST_FETCHING,  /* waits for an origin */
    REQUEST_AWAY       /* a call that is at a central service */
} RequestState;

typedef struct Request {
    uint64_t number; /* at its PoP */
    uint64_t parent_number;
    uint64_t made;   /* steps */
    SimTime began;   /* this attempt, or call */
    SimTime done;    /* scheduled or served: end of its CPU time */
    SimTime service; /* CPU time it takes */
    union {
        uint64_t key;       /* client: of the object it asks for */
        struct {            /* call */
            uint32_t guard; /* that counts it, from 1; 0: none */
            uint32_t host;  /* that it goes to, from 1; 0: any */
        };
    };
    SimTime called; /* when its direct call began; fetching: when it asked its origin */
    uint32_t row;   /* SIM_NONE: a call without CPU here */
    uint32_t turn; /* grows with every change of state: events and answers of old turns are stale */
    uint32_t parent, parent_turn; /* call: the request at this PoP that makes it, else SIM_NONE */
    uint32_t caller, caller_turn; /* call of a central service: its row there, else SIM_NONE */
    uint32_t earlier, later;      /* in its time-out class */
    uint32_t queue;
    uint16_t step; /* the one in hand */
    uint16_t pending;
    uint8_t state, level, clock;
    uint8_t mark;    /* slot of the cause that made its person wait */
    uint8_t outcome; /* decided when it got CPU: OUTCOME_OK, or what it fails with */
    uint8_t slot;    /* of that */
    uint32_t blamed; /* the service that it fails at; SIM_NONE */
    bool is_orphan;  /* nobody waits for it any more; it only takes CPU */
    bool is_miss, is_fallback, is_timed, is_direct;
    bool is_put_late; /* its object comes into the cache when the origin answers */
    uint8_t patience; /* its own time-out class during a direct call */
    uint32_t direct;  /* for who watches: the number of its direct call */
} Request;

typedef enum RequestEventKind {
    REQUEST_ON_CPU,    /* its CPU time is over */
    REQUEST_ON_SHARED, /* the next job of a shared queue may be done */
    REQUEST_ON_RETRY,  /* its back-off is over */
    REQUEST_ON_DELAY,  /* a unit has let it wait long enough */
    REQUEST_ON_ORIGIN, /* its origin has answered */
    REQUEST_ON_ANSWER, /* a central service has */
    REQUEST_ON_ENTER,  /* a call of a central service comes in through the edge */
    REQUEST_ON_EXPIRY, /* the oldest of a time-out class is due */
} RequestEventKind;

typedef struct RequestEvent {
    uint32_t who, turn; /* request; queue; central call */
    uint8_t kind;
    uint8_t outcome; /* of an answer */
    uint8_t slot;
    uint8_t mark;
    uint32_t service; /* entered: the service called */
} RequestEvent;

typedef struct RequestClock { /* rows with one time-out, oldest first */
    uint32_t first, last;
    uint32_t recent; /* the last one that came, or one before it */
    bool is_armed;   /* an event is on its way: */
    uint32_t turn;   /* the last one posted */
    SimTime armed;   /* when it comes */
} RequestClock;

typedef struct RequestEvents { /* what a wheel's payloads mean */
    RequestEvent *slots;
    uint32_t *free;
    uint32_t n_free, capacity;
} RequestEvents;

/* faults ------------------------------------------------------------------------------------ */

/* On the way to a PoP: names that do not resolve come first, then what gets lost, then TLS. */
typedef enum RequestEntryKind {
    REQUEST_ENTRY_DNS,
    REQUEST_ENTRY_LOST,
    REQUEST_ENTRY_TLS,
    REQUEST_ENTRY_KINDS
} RequestEntryKind;

typedef struct RequestEntry { /* of a site at a PoP */
    double share[REQUEST_ENTRY_KINDS];
    SimTime delay[REQUEST_ENTRY_KINDS];
    uint8_t slot[REQUEST_ENTRY_KINDS];
} RequestEntry;

typedef struct RequestOrigin { /* of a site */
    double errors;
    SimTime delay;
    uint8_t slot;
} RequestOrigin;

/* PoPs -------------------------------------------------------------------------------------- */

typedef struct RequestPop {
    uint32_t index; /* in the world; SIM_NONE: users who reach no PoP */
    uint32_t rank;  /* among the kept */
    uint64_t key;   /* of its requests' random numbers */
    uint64_t numbers;
    SimTime at, next_fresh, next_reload, next_local;
    double fresh_rate, reload_rate; /* a second */
    SimRng fresh, reload;
    uint32_t n_rows;
    double *demand;                  /* [row] before shares and factors */
    double *accept;                  /* [row] alias table of fresh arrivals */
    uint32_t *other;                 /* [row] */
    uint32_t *orbit;                 /* [row] people who wait */
    uint32_t *marks;                 /* [row][cause] of them */
    RetryPolicy **policies;          /* [row]; NULL: no limit */
    double *age;                     /* [site] caches by curve: age in requests */
    double *hit;                     /* [site] the same: share of look-ups that hit */
    double *asked;                   /* [site] look-ups since the last tick */
    KeyedCache **caches;             /* [site]; NULL: by curve */
    uint64_t *trace_at;              /* [site] position in its trace */
    Behaviour *behaviour;            /* [unit] */
    uint8_t *unit_slot, *stuck_slot; /* [unit] causes */
    double cores, speed;
    double pace; /* nanoseconds that a second of CPU time takes on one server */
    bool is_halted, has_trouble, is_burning, is_delaying, is_multiplying;
    RequestGuard **guards;                /* [guard of the books]; NULL: its caller is not here */
    RequestEntry *entry;                  /* [site]; NULL: never any fault */
    bool has_entry;                       /* some fault on the way here */
    uint64_t *site_offered, *site_failed; /* [site]; NULL: nobody asks */
    uint32_t n_crashes;
    bool is_scheduled; /* the fast path's way */
    uint32_t n_queues, servers;
    SimTime *free_at;      /* [queue][server] */
    Station *stations;     /* [queue] */
    Sharing **shared;      /* [queue]; NULL */
    uint32_t *shared_turn; /* [queue] */
    Limiter *limiters;     /* [queue]; NULL */
    uint32_t waiting;      /* in all queues */
    Request *requests;
    StationJob *jobs;
    uint32_t n_requests, capacity, free; /* free: chain through jobs[].next */
    RequestClock *clocks;                /* [time-out class] */
    SimWheel *wheel;
    RequestEvents events;
    uint64_t passed;  /* on the fast path since the counts were last taken */
    uint64_t busy_ns; /* CPU time given since then, on one server */
    StationRule rule;
    BooksPop counts;
    uint32_t overload_slot, backlog_slot, guest_slot;
    int64_t n_guests; /* parts of metros that reach another PoP at the start of the run */
    uint32_t region;
    SimTime ways[BOOKS_WAY_POINTS]; /* of its clients, there and back */
    uint64_t *latencies;            /* of its region: [outcome][bucket] */
} RequestPop;

/* central services -------------------------------------------------------------------------- */

typedef struct RequestCore {
    uint32_t service; /* SIM_NONE: the origin of a site */
    uint32_t site;
    uint32_t pop; /* kept PoP where its own calls enter */
    double servers, factor;
    double seconds;    /* service time, slowed down by what slows it */
    bool is_scheduled; /* first in, first out, and nothing that could change a time once fixed */
    SimTime *free_at;  /* then: [server], a heap */
    SimTime *starts;   /* and a ring: when those that wait will start */
    uint32_t starts_capacity, first_start, n_starts;
    double rate, tokens; /* origin: requests a second that it answers, a second's worth at most */
    bool is_constant, is_halted;
    double concurrency; /* < 0: none */
    uint32_t held;      /* calls that wait for what this one needs */
    Station station;
    StationRule rule;
    Sharing *shared;
    uint32_t shared_turn;
    Limiter limiter;
    const ThrottleRule *admission; /* NULL: none */
    Throttle throttle;
    RequestProgram program;
    SimRng draws;
    SimTime *way; /* [kept PoP] one way */
    uint32_t capacity_slot, backlog_slot;
    Impairment fault;
    bool is_impaired;   /* some of it is not normal */
    SimTime delay;      /* of it, or of an origin's fault */
    uint8_t fault_slot; /* its cause */
    double quota_tokens;
    SimTime quota_at;
    double marked[BOOKS_CAUSES]; /* calls of people who came back, since the last tick */
    double busy_ns, waited_ns, begun, refused;
    SimTime counted;
    uint64_t *latencies; /* [bucket] */
} RequestCore;

typedef enum RequestCentralEvent {
    REQUEST_CENTRAL_ARRIVES,
    REQUEST_CENTRAL_SERVED,
    REQUEST_CENTRAL_SHARED,
    REQUEST_CENTRAL_ANSWERED, /* of a call through the edge: its end has come back */
    REQUEST_CENTRAL_EXPIRES
} RequestCentralEvent;

typedef struct RequestCall { /* at a central service */
    SimTime sent, began, started, service;
    uint64_t number; /* its PoP's row's; of the call, where a call makes it */
    uint64_t parent; /* for who watches: the caller's public number; 0: a PoP's row */
    union {
        uint32_t direct; /* the same: of a row's direct call; 0: it has a row of its own */
        uint32_t guard;  /* of a call here: as of a Request */
    };
    uint16_t host; /* as of a Request */
    uint16_t fate; /* purpose of the number that decides what faults do */
    uint64_t made;
    uint32_t core, turn;
    uint32_t pop, request, request_turn; /* who asked: a PoP's row, or (pop SIM_NONE) a call here */
    uint16_t step, pending;
    uint8_t state, tries, mark;
    bool is_admitted;                 /* by admission control, which hears of its end */
    bool is_fallback, is_turned_away; /* by the limit, for which it is no sample */
} RequestCall;

/* the plane --------------------------------------------------------------------------------- */

typedef struct RequestRow {
    RequestProgram program;
    uint32_t cohort;
    uint32_t site, service;
    uint8_t clock;
    uint32_t retries;
    SimTime backoff;
    double growth, persistence, reload_s;
    bool has_jitter;
    bool is_attack;      /* nobody's: only its site's columns know of it */
    uint32_t blocked_by; /* attack: the service that sees through it; SIM_NONE */
    double block;        /* the share that it blocks */
    bool is_plain;       /* may take the fast path: no calls for certain, no policy but a budget */
    double cacheable;
    SimTime origin_latency;
    uint32_t origin;    /* central, when it has a limit; SIM_NONE */
    uint32_t core;      /* zone: the central service behind the front */
    uint64_t *sojourns; /* of the host that it enters: [bucket] */
} RequestRow;

typedef struct RequestPlane {
    World *world;
    SimArena *arena;
    FlowPlan *plan;
    Traffic traffic;
    Books *books;
    SimTime tick, ticked, demand_until, at;
    SimTime reach;             /* the shortest way between a PoP and a central service */
    SimTime *pop_at, *pop_way; /* [pop] where it has got to; its own shortest way */
    bool *killed;
    int8_t *on_failure;     /* [service] NeedFailure; NEED_AS_WRITTEN */
    RequestOrigin *origins; /* [site] */
    bool *has_origin_fault; /* [site] */
    RequestRow *rows;
    uint32_t n_kept, n_pops; /* kept PoPs; with the nowhere at the end */
    RequestPop *pops;
    uint32_t *kept_of;          /* [world PoP]; SIM_NONE */
    double kept_share;          /* of all fresh demand */
    double *site_share;         /* [site] of it at the kept PoPs */
    double *service_share;      /* [service] of calls to it */
    const RequestTrace *traces; /* [site]; NULL without any */
    double *origin_failed;      /* [site] share refused in the last tick */
    uint32_t n_keyed;           /* sites whose caches are kept object by object */
    bool has_fast_path, counts_sites;
    double pop_scale;
    uint32_t halt_slot, scale_slot;
    SimTime timeouts[REQUEST_TIMEOUTS_MAX];
    uint32_t n_timeouts;
    bool has_too_many_timeouts, has_too_many_steps;
    const char *complaint; /* why the run was ended; NULL: it was not */
    bool may_schedule;     /* first in, first out and no limits: the fast path may be taken */
    uint32_t n_cores;
    RequestCore *cores;
    uint32_t *core_of; /* [service]; SIM_NONE */
    RequestCall *calls;
    StationJob *call_jobs;
    uint64_t central_numbers;
    RequestGuard **guards; /* [guard of the books] of central callers; NULL */
    double *guard_open;    /* [guard of the books] open share x seconds of the bucket */
    uint64_t central_key;  /* of the numbers of calls that central services make */
    uint32_t n_calls, calls_capacity, calls_free;
    SimWheel *wheel; /* of central services */
    RequestEvents events;
    const CacheCurve **curves; /* [site] */
    const Zipf **zipfs;        /* [site]; NULL: by curve */
    uint32_t *cache_slot;      /* [site] cause of the last loss of content */
    uint64_t *passed;          /* [row] on the fast path since the sums were last taken */
    uint64_t *passed_miss;
    double *login_ok;                         /* [row] successes of the tick */
    uint64_t entered, left;                   /* people */
    uint64_t attempts;                        /* of clients, all PoPs: the work done */
    uint64_t *region_latencies;               /* [region][outcome][bucket], of the open bucket */
    uint64_t *service_latencies;              /* [service][bucket] */
    uint64_t *region_totals, *service_totals; /* the same of the run */
    uint32_t *latency_columns;                /* first of four: regions, services, outcomes, all */
    RequestLog *log;                          /* NULL: nobody watches */
    uint32_t direct_numbers;                  /* of direct calls: given while somebody does */
    uint64_t *sampled;                        /* scratch of quantiles: [bucket] */
    double *asked, *rates;                    /* [row] scratch */
    uint32_t *stack;                          /* [2 row] scratch */
} RequestPlane;

/* An attempt of a client. */
static inline void
request_offered(RequestPlane *plane, RequestPop *pop, uint32_t row)
{
    plane->books->offered[row]++;
    pop->counts.offered += !plane->rows[row].is_attack;
    if (pop->site_offered)
        pop->site_offered[plane->rows[row].site]++;
}

/* draws ------------------------------------------------------------------------------------- */

/* Purposes of a request's random numbers; those of attempts and steps are apart by level. */
enum {
    DRAW_SERVICE = 0, /* + 8 level: a ziggurat takes some in a row */
    DRAW_WAY = 64,
    DRAW_KEY = 65, /* + 1, 2: of rejection */
    DRAW_CACHEABLE = 72,
    DRAW_ADMIT = 73,
    DRAW_PERSISTENCE = 74,
    DRAW_COHORT = 75,
    DRAW_QUEUE = 76,
    DRAW_MARK = 77,
    DRAW_THROTTLE = 78,
    DRAW_CRASH = 79,     /* with the number of the crash in it */
    DRAW_BACKOFF = 80,   /* + level */
    DRAW_PANIC = 128,    /* + 128 level + 2 unit steps */
    DRAW_DEGRADED = 896, /* + step */
    DRAW_STEP = 1024,    /* + 64 level + step */
    DRAW_FATE = 1408,    /* + 64 level + step, the last one for its way to a central service */
    DRAW_ENTRY = 1792,   /* + level */
    DRAW_ORIGIN = 1800,  /* + level */
    DRAWS = 2048
};

static inline SimRng
request_draws(const RequestPop *pop, uint64_t number, uint32_t purpose)
{
    return (SimRng){.key = pop->key, .counter = number * DRAWS + purpose};
}

static inline double
request_draw(const RequestPop *pop, uint64_t number, uint32_t purpose)
{
    SimRng rng = request_draws(pop, number, purpose);
    return sim_rng_unit(&rng);
}

/* The way of a request's client. */
static inline SimTime
request_way(const RequestPop *pop, uint64_t number)
{
    SimRng rng = request_draws(pop, number, DRAW_WAY);
    return pop->ways[sim_rng_u64(&rng) >> 62];
}
_Static_assert(BOOKS_WAY_POINTS == 4, "two bits choose one");

/* What an attempt will ask for, drawn when it arrives. */
typedef struct RequestWish {
    uint32_t row, level;
    uint64_t number, made, key;
    bool is_miss, is_put_late;
    uint8_t entry, slot; /* outcome of what befalls it on its way, and the cause; OUTCOME_OK */
} RequestWish;

/* request_plan.c */
void request_plan_attach(RequestPlane *plane);
void request_plan_refresh(RequestPlane *plane);     /* after a kill switch */
void request_plan_actions_set(RequestPlane *plane); /* after on_failure changed */
uint8_t request_clock(RequestPlane *plane, SimTime timeout);
/* The steps that an attempt makes. */
uint64_t request_steps_draw(const RequestPlane *plane, const RequestPop *pop,
                            const RequestProgram *program, uint64_t number, uint32_t level);

/* request_pop.c */
void request_pop_attach(RequestPlane *plane, RequestPop *pop, uint32_t index, uint32_t rank,
                        double cores);
void request_pop_advance(RequestPlane *plane, RequestPop *pop, SimTime to);
void request_pop_rates_set(RequestPlane *plane, RequestPop *pop);
uint32_t request_new(RequestPlane *plane, RequestPop *pop);
void request_free(RequestPop *pop, uint32_t request);
void request_post(RequestPlane *plane, RequestPop *pop, SimTime at, RequestEvent event);
void request_timer_start(RequestPlane *plane, RequestPop *pop, uint32_t request, uint8_t clock);
void request_timer_stop(RequestPop *pop, uint32_t request);
/* A person begins to wait; one who comes back. */
void request_orbit_join(RequestPlane *plane, RequestPop *pop, uint32_t row, uint32_t mark,
                        SimTime now);
uint32_t request_events_put(RequestEvents *events, SimArena *arena, RequestEvent event);
RequestEvent request_events_take(RequestEvents *events, uint32_t slot);
void request_counts_take(RequestPop *pop);
/* People join those who wait in a row, or leave them: how often somebody comes back. */
void request_orbit_add(RequestPlane *plane, RequestPop *pop, uint32_t row, double people,
                       SimTime now);
/* What took capacity away from a PoP, sent others to it or multiplied demand now; 0: nothing. */
uint32_t request_pop_overload(const RequestPlane *plane, const RequestPop *pop);
/* Remembers that while work of its time waits. */
void request_pop_tick(RequestPlane *plane, RequestPop *pop);

/* request_cpu.c */
void request_cpu_attach(RequestPlane *plane, RequestPop *pop);
/* The whole of a plain request at once, or with one direct call all up to it; false: it must
 * become an object now. */
bool request_cpu_pass(RequestPlane *plane, RequestPop *pop, const RequestWish *wish, SimTime now,
                      SimTime to);
/* The least of a heap of times becomes `done`: its server is taken until then. */
void request_server_take(SimTime *free_at, uint32_t n, SimTime done);
void request_cpu_arrive(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now);
void request_cpu_done(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now);
void request_cpu_shared(RequestPlane *plane, RequestPop *pop, uint32_t queue, SimTime now);
/* A row that waits or is served loses whom it is for; true: the row is free for another use. */
bool request_cpu_abandon(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now);
/* After capacity, behaviour or a halt changed. */
void request_cpu_refresh(RequestPlane *plane, RequestPop *pop, SimTime now);
/* Processes died: the share of what they had in hand fails now. */
typedef struct RequestCrash {
    uint32_t host, cohort;
    double share;
    uint32_t slot;
} RequestCrash;
void request_cpu_crash(RequestPlane *plane, RequestPop *pop, const RequestCrash *crash,
                       SimTime now);
/* Back to the fast path where nothing waits and nothing fails. */
void request_cpu_settle(RequestPlane *plane, RequestPop *pop, SimTime now);

/* request_judge.c: what processes do to it */
/* No process takes its connection, or those that do are stuck: it fails without CPU. */
bool request_is_refused(RequestPlane *plane, RequestPop *pop, uint32_t request);
/* What is decided when an attempt gets CPU. */
void request_judge(RequestPlane *plane, RequestPop *pop, uint32_t request);

/* request_life.c */
uint32_t request_client_new(RequestPlane *plane, RequestPop *pop, const RequestWish *wish,
                            uint32_t mark, SimTime now);
void request_fresh(RequestPlane *plane, RequestPop *pop, uint32_t row, uint32_t mark,
                   bool is_reload, SimTime now, SimTime to);
/* It waits for calls and origins as long again as it would have waited for CPU. */
void request_watch(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now);
/* The next call that it makes; when there is none, what comes after the steps. */
void request_take_steps(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now);
/* What a unit did to it, when it has had its CPU. */
void request_end_by_unit(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now);
void request_succeed(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome,
                     SimTime now);
/* It has had its CPU time. */
void request_go_on(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now);
/* A unit has let it wait. */
void request_delay_over(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now);
void request_attempt_failed(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome,
                            uint32_t slot, SimTime now);
void request_retry(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now);
void request_origin_answered(RequestPlane *plane, RequestPop *pop, uint32_t request,
                             const RequestEvent *event, SimTime now);

/* request_call.c */
/* All tries of a need's step, to its service or its fallback. */
void request_make_calls(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t service,
                        bool is_fallback, SimTime now);
void request_call_directly(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime at);
void request_call_over(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome,
                       uint32_t slot, SimTime now);
/* A direct call's time is up: true if that was all; false: its client's is. */
bool request_direct_expired(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t slot,
                            SimTime now);
void request_call_answered(RequestPlane *plane, RequestPop *pop, uint32_t request,
                           const RequestEvent *event, SimTime now);
void request_entered(RequestPlane *plane, RequestPop *pop, const RequestEvent *event, SimTime now);

/* request_life.c again: time-outs */
void request_expired(RequestPlane *plane, RequestPop *pop, uint32_t request, SimTime now);
uint32_t request_overload_slot(RequestPlane *plane, RequestPop *pop, uint32_t request);

/* request_cache.c */
/* What a site's caches take at all kept PoPs where they must be kept object by object; else 0. */
double request_cache_bytes(const RequestPlane *plane, uint32_t site);
void request_cache_attach(RequestPlane *plane);
void request_cache_attach_pop(RequestPlane *plane, RequestPop *pop);
/* Whether the request must go to its origin; a key that is missed comes in unless it waits. */
bool request_cache_misses(RequestPlane *plane, RequestPop *pop, RequestWish *wish, SimTime now);
void request_cache_fetched(RequestPlane *plane, RequestPop *pop, uint32_t row, uint64_t key,
                           SimTime now);
void request_cache_keep(RequestPlane *plane, RequestPop *pop, uint32_t site, double kept);
/* Caches by curve age by what was asked. */
void request_cache_tick(RequestPlane *plane, RequestPop *pop);

/* request_core.c */
void request_core_attach(RequestPlane *plane);
void request_core_settle(RequestPlane *plane); /* once programs are known */
/* Servers that may be busy, fewer while calls are held for what they need. */
void request_core_bound(RequestCore *core);
void request_core_advance(RequestPlane *plane, SimTime to);
/* A PoP's row calls a central service or an origin. */
void request_core_send(RequestPlane *plane, RequestPop *pop, uint32_t request, uint32_t core,
                       SimTime now);
/* The end of a call that a central service made through the edge. */
void request_core_reply(RequestPlane *plane, RequestPop *pop, uint32_t request, Outcome outcome,
                        uint32_t slot, SimTime now);
/* All calls that wait there fail now. */
void request_core_forget(RequestPlane *plane, RequestCore *core, SimTime now);
void request_core_refresh(RequestPlane *plane, RequestCore *core, SimTime now);
uint32_t request_core_slot(RequestPlane *plane, const RequestCore *core, SimRng *draws);
/* The number of the call that makes this one; 0: it is over. */
uint64_t request_core_number(const RequestPlane *plane, const RequestEvent *event);
void request_core_tick(RequestPlane *plane);
/* Calls that wait for a server now. */
uint32_t request_core_waiting(RequestCore *core, SimTime now);
/* Rows and events of calls. */
uint32_t request_central_new(RequestPlane *plane);
void request_central_free(RequestPlane *plane, uint32_t call);
void request_central_post(RequestPlane *plane, SimTime at, RequestCentralEvent kind, uint32_t who,
                          uint32_t turn);
void request_core_arrive(RequestPlane *plane, uint32_t call, SimTime now);
/* Its row is free; who asked hears it when the answer has come back. */
void request_core_answer(RequestPlane *plane, uint32_t call, Outcome outcome, uint32_t slot,
                         SimTime now);
/* Served, and its needs are met: it answers, by a fault with an error. */
void request_core_be_done(RequestPlane *plane, uint32_t call, SimTime now);
/* Servers that are idle take what waits. */
void request_core_fill(RequestPlane *plane, RequestCore *core, SimTime now);

/* request_core_call.c */
/* Served: the next thing that it needs; when there is none it answers. */
void request_core_take_steps(RequestPlane *plane, uint32_t call, SimTime now);
void request_core_child_over(RequestPlane *plane, const RequestCall *child, Outcome outcome,
                             uint32_t slot, SimTime now);
/* The caller here gave up; the call, if it is at a station, is served in vain. */
void request_core_expire(RequestPlane *plane, uint32_t call, uint32_t number, SimTime now);

/* request_guard.c */
void request_guard_attach(RequestPlane *plane);
/* States that have changed are written down, and how many breakers are open. */
void request_guard_tick(RequestPlane *plane, SimTime now, double seconds);
void request_guard_close(RequestPlane *plane, SimTime to);

/* request_check.c */
/* Before anything large is taken: what is too much for single requests, or too little in this
 * sample, goes to messages; false if there is any.  cores: of all PoPs of the world. */
bool request_check(const RequestPlane *plane, const double *cores, SimMessages *messages);
/* Why a run can not go on: it has outgrown what it may take.  NULL: it has not. */
const char *request_exhausted(const RequestPlane *plane);

/* request_record.c */
void request_record_attach(RequestPlane *plane);
/* What passed at once is counted: before anybody reads the sums. */
void request_record_take(RequestPlane *plane);
GArray *request_latencies(const void *plane);
void request_record_close(RequestPlane *plane, SimTime to);

/* request.c */
extern const PlaneOps request_plane_ops;
void request_advance_to_now(RequestPlane *plane);
void request_verify(const RequestPlane *plane);

#include "models/request_fault.h"
#include "models/request_hop.h"
