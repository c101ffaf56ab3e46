/*
 * theory.h - checks against the cases of the model book, which print what they found.
 *
 * Suite "theory": simulations and equations that take longer than a unit test may.  Each check
 * prints the number of its case, what it is about, the expected value and the one found, so that
 * the log is a table of agreement also where everything passes.
 */
#pragma once

#include "tests/harness.h"

#include <stdio.h>

#define CASE_NEAR(number, about, got, want, tolerance)                                             \
    do {                                                                                           \
        double got_ = (got), want_ = (want), tolerance_ = (tolerance);                             \
        printf("case %-3s %-58s expected %12.6g  got %12.6g  within %.2g\n", (number), (about),    \
               want_, got_, tolerance_);                                                           \
        CHECK_NEAR(got_, want_, tolerance_);                                                       \
    } while (0)
