/*
 * fake_world.h - a small world with a plane that only takes notes, for tests of
 * the modules that tell a plane what changed.
 *
 * The text is a scenario in YAML without `blackstart`, `title` and `clock`,
 * which are put before it: the run starts at 11:00 UTC.  The PoPs are the
 * busiest of the built-in reference edge.  Behaviours are kept as last set;
 * every call leaves a note.  The counters of a PoP are whatever `counts` says.
 */
#pragma once

#include "models/plane.h"
#include "sim/node.h"

typedef enum FakeKind {
    FAKE_BEHAVIOUR,
    FAKE_CRASH,
    FAKE_KILL_SWITCH,
    FAKE_FRONT,
    FAKE_CAPACITY,
    FAKE_DROP,
    FAKE_HALT,
    FAKE_DEMAND,
    FAKE_CATCHMENT,
    FAKE_CACHE,
    FAKE_IMPAIR, /* value: errors; limit: slow */
    FAKE_ENTRY,  /* value: share */
    FAKE_ORIGIN, /* value: errors; limit: delay */
    FAKE_NEED    /* value: on_failure */
} FakeKind;

typedef struct FakeCall {
    SimTime at;
    FakeKind kind;
    uint32_t who;   /* service, site or metro */
    uint32_t where; /* PoP, or cohort of a front */
    double value, limit;
    uint32_t cause;
} FakeCall;

typedef struct FakeWorld FakeWorld;
struct FakeWorld {
    SimMessages *messages;
    SimDocument *document;
    SimFields *fields;
    Spec spec;
    Geo *geo;
    Sim *sim;
    World world;
    GArray *calls;                                              /* FakeCall */
    Behaviour *behaviours;                                      /* [service, pop, cohort] */
    Impairment *impairments;                                    /* [service] as last set */
    PlaneCounts (*counts)(const FakeWorld *fake, uint32_t pop); /* NULL: nothing happens */
    void *context;                                              /* for counts */
};

FakeWorld *fake_world_new(const char *text, uint32_t n_pops, uint64_t seed);
void fake_world_free(FakeWorld *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeWorld, fake_world_free)

Behaviour fake_behaviour(const FakeWorld *fake, uint32_t service, uint32_t pop, uint32_t cohort);
uint32_t fake_count(const FakeWorld *fake, FakeKind kind);
/* The k-th call of the kind, from 0; the test fails and gets zeros if there is none. */
FakeCall fake_call(const FakeWorld *fake, FakeKind kind, uint32_t k);
/* All journal lines, "MM:SS kind text", a line each. */
char *fake_journal(const FakeWorld *fake);
/* Errors and warnings as printed. */
char *fake_messages(const FakeWorld *fake);
