/*
 * nearest.h - "did you mean": the candidate that a mistyped word is closest to.
 *
 * Closeness is the number of inserted, deleted, replaced or swapped letters
 * (Damerau-Levenshtein, neighbours only), ignoring case.  At most 2 count as near,
 * and fewer than half of the word's letters.  The first of equally near ones wins.
 */
#pragma once

#include <stdint.h>

/* NULL: nothing is near. */
const char *sim_nearest(const char *text, const char *const *candidates, uint32_t n);
/* 0 .. limit, or limit + 1 when they are further apart. */
uint32_t sim_nearest_distance(const char *left, const char *right, uint32_t limit);
