/*
 * zipf.h - draws from a catalogue whose popularities follow Zipf's law.
 *
 * Ranks 0 .. n-1, the first being the most popular, with probabilities
 *
 *     p_i = (i + 1)^-alpha / sum over j of (j + 1)^-alpha
 *
 * Up to ZIPF_ALIAS_MAX ranks by an alias table (Walker 1977, built as Vose 1991): one number and
 * one entry of 8 bytes a draw, each p_i within 2^-32 / n of its value.  Above by rejection
 * inversion (Hoermann and Derflinger 1996), which needs no table and 1.0x numbers a draw, and is
 * exact but for rounding.  Both follow the same law, not the same ranks for the same numbers.
 *
 * Plain arithmetic and elementary.h: the same ranks on every machine.  Immutable, so that many
 * caches and threads may share one.  Building a table of a million ranks takes about 0.1 s.
 *
 * Left out: popularities that change, catalogues that grow, correlation between requests.
 */
#pragma once

#include "sim/arena.h"
#include "sim/rng.h"

#define ZIPF_ALIAS_MAX (UINT64_C(1) << 21)
#define ZIPF_RANKS_MAX (UINT64_C(1) << 40)
#define ZIPF_ALPHA_MAX 10.0

typedef enum ZipfMethod { ZIPF_BY_SIZE, ZIPF_ALIAS, ZIPF_REJECTION } ZipfMethod;

typedef struct Zipf Zipf;

/* ranks 1 to ZIPF_RANKS_MAX, alpha 0 to ZIPF_ALPHA_MAX.  Lives in the arena. */
Zipf *zipf_new(SimArena *arena, uint64_t ranks, double alpha);
/* The same by a method of the caller's choice; the alias table for 2^32 ranks at most. */
Zipf *zipf_new_by(SimArena *arena, uint64_t ranks, double alpha, ZipfMethod method);
uint64_t zipf_draw(const Zipf *zipf, SimRng *rng);
/* The rank that belongs to a number whose 64 bits are random, a hash for instance. */
uint64_t zipf_at(const Zipf *zipf, uint64_t number);
uint64_t zipf_ranks(const Zipf *zipf);
