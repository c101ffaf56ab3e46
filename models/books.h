/*
 * books.h - what every data plane writes down: series, outcomes, causes.
 *
 * The columns of the recorder and the slots of causes are the same whichever plane is running, so
 * that metrics, figures and verdicts never ask.  A plane adds to the sums of the open bucket and,
 * when the bucket ends, fills what only it knows (latencies, stations, caches) and closes it.
 *
 * Sums are doubles: the flow plane has fractions of attempts, the request plane whole numbers,
 * which doubles hold exactly.
 *
 * Attacks are nobody's requests: their rows are in the columns of their site, of caches and
 * origins, and in no other.
 *
 * Whoever watches reads sums while a bucket is open: books_tally says what it would hold if it were
 * closed now, and changes nothing.
 *
 * Causes.  Slots 0 to 15 stand for roots of the journal (0: none known: demand beyond capacity);
 * when all are taken the last one takes the rest.
 */
#pragma once

#include "models/demand.h"
#include "models/flow_plan.h"
#include "models/guard.h"
#include "models/outcome.h"
#include "models/sessions.h"
#include "sim/histogram.h"
#include "sim/recorder.h"

enum { BOOKS_CAUSES = 16, BOOKS_WAY_POINTS = 4 };
enum { BOOKS_SITE_COLUMNS = 6, BOOKS_SERVICE_COLUMNS = 2 };

typedef struct BooksColumns { /* recorder columns; those of lists: the first of each */
    uint32_t fresh, retries, reloads, offered, ok, failed, blocked, answered;
    uint32_t outcome, cause;
    uint32_t *site, *cohort, *region, *service, *sessions;
    uint32_t *cohort_of_row; /* [row] index into cohort; SIM_NONE */
    uint32_t latency, cpu_mean, cpu_max, waiting, warm, lookups, hits, origin, origin_capacity;
} BooksColumns;

typedef struct BooksPop {
    double offered, failed; /* attempts since the run began */
    double ok, blocked;     /* attempts since the bucket opened */
    double work;            /* CPU seconds since then */
    double capacity;        /* CPU seconds a second, as it stands */
    double recorded_offered, recorded_failed;
} BooksPop;

typedef struct Books {
    const World *world;
    const FlowPlan *plan;
    SimRecorder *recorder, *pop_recorder;
    BooksColumns columns;
    Guards *guards; /* with the columns of their breakers */
    SimTime bucket_from;
    double *fresh, *retries, *reloads, *offered, *ok, *failed, *blocked; /* [row], open bucket */
    double *miss, *asked;                                                /* [row], open bucket */
    double cause_sum[BOOKS_CAUSES], cause_total[BOOKS_CAUSES]; /* of the open bucket; of the run */
    double outcome_sum[OUTCOME_COUNT];                         /* of the open bucket */
    double *service_calls, *service_failed;                    /* [service] of the open bucket */
    uint32_t roots[BOOKS_CAUSES], firsts[BOOKS_CAUSES], n_causes;
    double *way;           /* [pop][BOOKS_WAY_POINTS] round trips of equal weight, seconds */
    const BooksPop **pops; /* [pop] counters that its plane keeps; NULL: it does not carry it */
} Books;

Books *books_new(const World *world, const FlowPlan *plan, SimArena *arena, SimTime duration);
/* Round trips of users to each PoP: four points of equal weight over its metros. */
void books_ways_find(Books *books, SimArena *arena);
/* The slot of the root of a cause. */
uint32_t books_cause_slot(Books *books, uint32_t cause);
static inline SimTime
books_bucket_end(const Books *books)
{
    return books->bucket_from + sim_recorder_width(books->recorder);
}

/* What the open bucket holds so far, by column (0 for gauges): as many as the recorder has. */
void books_tally(const Books *books, double *ret_counts);
/* Closing: rows, causes and outcomes, services. */
void books_close_sums(Books *books);
/* One PoP's share of its region and its own row; every PoP once. */
void books_close_pop(Books *books, uint32_t pop, BooksPop *counts, SimTime to);
/* Gauges of CPU over all PoPs: CPU seconds used and there, share in use at the busiest. */
void books_close_cpu(Books *books, double used, double there, double most, SimTime to);
/* People who wait, by site, and sessions open. */
void books_close_sites(Books *books, const double *waiting, const Sessions *sessions, SimTime to);
void books_gauge(Books *books, uint32_t column, double value, SimTime to);
/* Mixes whole attempts into the digest, clears the sums and opens the next bucket. */
void books_close(Books *books, SimTime to);
