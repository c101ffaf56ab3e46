#include "models/spec_responders.h"

#include "models/spec_row.h"

const SimFieldTable tool_table = {.name = "tool",
                                  .about = "What an action takes: a dashboard, an API, a log-in.",
                                  .size = sizeof(ToolSpec)};
const SimFieldTable team_table = {
    .name = "team", .about = "People who are paged, and what they do.", .size = sizeof(TeamSpec)};

static const SimField status_page_fields[] = {
    REFERENCE(StatusPageSpec, site, "site", .path = "sites",
              .about = "The site it is, when it stands behind this edge; absent: elsewhere."),
};
const SimFieldTable status_page_table = {.name = "status page",
                                         .about = "Where the public hears of it.",
                                         .size = sizeof(StatusPageSpec),
                                         SIM_TABLE(status_page_fields)};
