#include "sim/nearest.h"

#include <glib.h>
#include <string.h>

#define WORD_MAX 64u /* longer words are not compared */
#define NEAR_MAX 2u

static uint32_t
cell(const char *left, const char *right, uint32_t i, uint32_t j, uint32_t rows[3][WORD_MAX + 1])
{
    char a = g_ascii_tolower(left[i - 1]), b = g_ascii_tolower(right[j - 1]);
    const uint32_t *before = rows[(i + 2) % 3], *two_before = rows[(i + 1) % 3];
    uint32_t best = before[j - 1] + (a != b);
    best = MIN(best, before[j] + 1);
    best = MIN(best, rows[i % 3][j - 1] + 1);
    if (i > 1 && j > 1 && a == g_ascii_tolower(right[j - 2]) && g_ascii_tolower(left[i - 2]) == b)
        best = MIN(best, two_before[j - 2] + 1);
    return best;
}

uint32_t
sim_nearest_distance(const char *left, const char *right, uint32_t limit)
{
    size_t n = strnlen(left, WORD_MAX + 1), m = strnlen(right, WORD_MAX + 1);
    if (n > WORD_MAX || m > WORD_MAX || (n > m ? n - m : m - n) > limit)
        return limit + 1;
    uint32_t rows[3][WORD_MAX + 1];
    for (uint32_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (uint32_t i = 1; i <= n; i++) {
        rows[i % 3][0] = i;
        for (uint32_t j = 1; j <= m; j++)
            rows[i % 3][j] = cell(left, right, i, j, rows);
    }
    return MIN(rows[n % 3][m], limit + 1);
}

const char *
sim_nearest(const char *text, const char *const *candidates, uint32_t n)
{
    if (text[0] == '\0')
        return NULL;
    const char *best = NULL;
    uint32_t limit = MIN(NEAR_MAX, (uint32_t)((strnlen(text, WORD_MAX) - 1) / 2));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t distance = sim_nearest_distance(text, candidates[i], limit);
        if (distance > limit)
            continue;
        best = candidates[i];
        if (distance == 0)
            break;
        limit = distance - 1;
    }
    return best;
}
