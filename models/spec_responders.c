#include "models/spec_responders.h"

#include "models/spec_row.h"

static void tool_check(SimFields *fields, void *item);
static const SimField tool_fields[] = {
    REFERENCE(ToolSpec, site, "site", .path = "sites",
              .about = "The site that it is; absent: none of these."),
    REFERENCE(ToolSpec, service, "service", .path = "services",
              .about = "The service that it is, such as a log-in; absent: none of these."),
    SHARE(ToolSpec, works_above, "works_above", .fallback = "50%", .min = 0, .max = 1,
          .about = "It works while at least this share of the site's answers, or the service's "
                   "calls, of the last minute was a success."),
    LAW(ToolSpec, access, "access", .fallback = "0s", .about = "How long it takes to get in."),
    DURATION(ToolSpec, holds, "holds", .fallback = "1h", .min = 0, .max = 31 * 86400.0,
             .about = "Who is in need not get in again for so long."),
    REFERENCE(ToolSpec, instead, "instead", .path = "tools",
              .about = "The tool that people turn to when this one does not work."),
};
const SimFieldTable tool_table = {
    .name = "tool",
    .about = "What an action takes: a dashboard, an API, a log-in.  Without site and service it "
             "stands on nothing that can fail.",
    .size = sizeof(ToolSpec),
    SIM_TABLE(tool_fields),
    .check = tool_check};

static const SimField first_alert_fields[] = {
    SHARE(FirstAlertSpec, chance, "chance", .required = true, .min = 0, .max = 1,
          .about = "Chance of the wrong lead when this observer paged."),
};
static const SimFieldTable first_alert_table = {.name = "first alert",
                                                .about = "Which alert the team saw first.",
                                                .size = sizeof(FirstAlertSpec),
                                                SIM_TABLE(first_alert_fields),
                                                .shorthand = "chance"};

static const SimField lead_fields[] = {
    SHARE(LeadSpec, chance, "chance", .fallback = "0%", .min = 0, .max = 1,
          .about = "Chance that they follow it, whatever they see."),
    SHARE(LeadSpec, flapping, "flapping", .fallback = "0%", .min = 0, .max = 1,
          .about = "When alerts come and go: twice again within half an hour."),
    SHARE(LeadSpec, status_page_down, "status_page_down", .fallback = "0%", .min = 0, .max = 1,
          .about = "When the status page can not be reached."),
    MAP(LeadSpec, first_alert, "first_alert", .table = &first_alert_table, .items_max = 200,
        .about = "When this observer paged them: `{NAME: 40%}`."),
    LAW(LeadSpec, diagnosis, "diagnosis", .fallback = "lognormal(median 130m, sigma 0.5)",
        .about = "How long until they give it up, in place of the team's own diagnosis."),
};
static const SimFieldTable lead_table = {
    .name = "wrong lead",
    .about = "What the team may take the incident for: chance 1 - product of (1 - chance) over "
             "the conditions that hold.",
    .size = sizeof(LeadSpec),
    SIM_TABLE(lead_fields)};

static const SimField says_fields[] = {
    LAW(SaysSpec, first, "first", .fallback = "lognormal(median 15m, sigma 0.5)",
        .about = "From the acknowledgement to the first public word."),
    DURATION(SaysSpec, every, "every", .fallback = "30m", .min = 0, .max = 31 * 86400.0,
             .about = "From one public word to the next; 0s: none but at the stages."),
};
static const SimFieldTable says_table = {.name = "communication",
                                         .about = "When the team speaks on the status page.",
                                         .size = sizeof(SaysSpec),
                                         SIM_TABLE(says_fields)};

static void team_check(SimFields *fields, void *item);
static const SimField team_fields[] = {
    REFERENCES(TeamSpec, alerts, "alerts", .path = "observers", .required = true, .items_max = 200,
               .about = "The observers that page it."),
    LAW(TeamSpec, page, "page", .fallback = "0s", .about = "From the alert to the page."),
    LAW(TeamSpec, ack, "ack", .fallback = "lognormal(median 3m, sigma 0.7)",
        .about = "From the page to the acknowledgement."),
    LAW(TeamSpec, triage, "triage", .fallback = "lognormal(median 4m, sigma 0.7)",
        .about = "From there until they know that it is an incident, and whose."),
    LAW(TeamSpec, diagnosis, "diagnosis", .fallback = "lognormal(median 20m, sigma 1)",
        .about = "From there to the cause, when nothing misleads them."),
    MAP(TeamSpec, wrong_leads, "wrong_leads", .table = &lead_table, .items_max = 16,
        .about = "What they may take it for instead, tried in this order."),
    LAW(TeamSpec, decision, "decision", .fallback = "0s",
        .about = "From the cause to the decision what to do."),
    OBJECT(TeamSpec, says, "says", .table = &says_table,
           .about = "What the public hears; absent: nothing."),
    CUSTOM(TeamSpec, until, "until", .parse = trigger_parse, .print = trigger_print,
           .expected = "a condition on a metric such as `errors < 1% for 5m`",
           .about = "When the incident is over for them: what is left of the runbook is not done "
                    "and they can be paged again; absent: after the last step."),
};
const SimFieldTable team_table = {
    .name = "team",
    .about = "People who are paged, and what they do: page, acknowledgement, triage, diagnosis "
             "with its wrong leads, decision, and then the entries of the timeline with `team:`, "
             "in order.",
    .size = sizeof(TeamSpec),
    SIM_TABLE(team_fields),
    .check = team_check};

static const SimField status_page_fields[] = {
    REFERENCE(StatusPageSpec, site, "site", .path = "sites",
              .about = "The site it is, when it stands behind this edge; absent: elsewhere."),
};
const SimFieldTable status_page_table = {.name = "status page",
                                         .about = "Where the public hears of it.",
                                         .size = sizeof(StatusPageSpec),
                                         SIM_TABLE(status_page_fields)};

static void
tool_check(SimFields *fields, void *item)
{
    ToolSpec *tool = item;
    if (tool->site != SIM_NONE && tool->service != SIM_NONE)
        sim_fields_error(fields, tool->entity.mark,
                         "tool '%s' has both site and service: expected at most one",
                         tool->entity.name);
}

static void
team_check(SimFields *fields, void *item)
{
    TeamSpec *team = item;
    if (team->alerts.n == 0)
        sim_fields_error(fields, team->entity.mark,
                         "nothing pages team '%s': expected at least one observer in alerts",
                         team->entity.name);
}
