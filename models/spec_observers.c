#include "models/spec_observers.h"

#include "models/spec_row.h"

const char *const observer_kind_names[OBSERVER_KINDS + 1] = {"threshold", "burn",  "cusum",
                                                             "probes",    "crowd", NULL};

static const SimField observer_fields[] = {
    CHOICE(ObserverSpec, kind, "kind", .required = true, .choices = observer_kind_names,
           .about = "How it watches."),
    TEXT(ObserverSpec, metric, "metric", .about = "What a monitor looks at."),
};
const SimFieldTable observer_table = {.name = "observer",
                                      .about = "Somebody, or something, that watches.",
                                      .size = sizeof(ObserverSpec),
                                      SIM_TABLE(observer_fields)};
