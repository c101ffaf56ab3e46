#include "models/outcome.h"

#include <stddef.h>

const char *const outcome_names[OUTCOME_COUNT + 1] = {
    [OUTCOME_OK] = "ok",           [OUTCOME_STALE] = "stale",
    [OUTCOME_BLOCKED] = "blocked", [OUTCOME_429] = "429",
    [OUTCOME_500] = "500",         [OUTCOME_502] = "502",
    [OUTCOME_503] = "503",         [OUTCOME_504] = "504",
    [OUTCOME_522] = "522",         [OUTCOME_SERVFAIL] = "servfail",
    [OUTCOME_TLS] = "tls",         [OUTCOME_TIMEOUT] = "timeout",
    [OUTCOME_COUNT] = NULL,
};
