#include "sim/cmd/shortlist.h"

#include "models/measure.h"
#include "sim/quantity.h"

#include <string.h>

enum { TEXT_MAX = 96, SERVICES_MAX = 64 };

typedef struct Group { /* one outcome at one service */
    uint64_t n;
    GArray *slowest; /* RequestHop, the slowest first */
} Group;

struct Shortlist {
    RequestLog log;
    uint32_t of_each;
    Outcome only;
    Group groups[OUTCOME_COUNT][SERVICES_MAX + 1]; /* the last: of no service */
};

static SimTime
latency_of(const RequestHop *hop)
{
    return hop->to - hop->from + hop->way;
}

/* One line for a request, that of its slowest attempt. */
static void
enter(const Shortlist *list, Group *group, const RequestHop *hop)
{
    guint at = group->slowest->len;
    for (guint i = 0; i < group->slowest->len; i++) {
        const RequestHop *other = &g_array_index(group->slowest, RequestHop, i);
        if (other->request == hop->request)
            return;
    }
    while (at > 0 &&
           latency_of(&g_array_index(group->slowest, RequestHop, at - 1)) < latency_of(hop))
        at--;
    if (at >= list->of_each)
        return;
    g_array_insert_val(group->slowest, at, *hop);
    if (group->slowest->len > list->of_each)
        g_array_set_size(group->slowest, list->of_each);
}

static void
on_hop(void *context, const RequestHop *hop)
{
    Shortlist *list = context;
    if (hop->kind != HOP_ENDED || (list->only != OUTCOME_NONE && hop->outcome != list->only))
        return;
    Group *group = &list->groups[hop->outcome][MIN(hop->service, SERVICES_MAX)];
    if (!group->slowest)
        group->slowest = g_array_new(FALSE, FALSE, sizeof(RequestHop));
    group->n++;
    enter(list, group, hop);
}

Shortlist *
shortlist_new(uint32_t of_each, Outcome outcome)
{
    Shortlist *list = g_new0(Shortlist, 1);
    list->of_each = of_each;
    list->only = outcome;
    list->log = (RequestLog){.context = list, .hop = on_hop};
    return list;
}

void
shortlist_free(Shortlist *list)
{
    if (!list)
        return;
    for (guint o = 0; o < OUTCOME_COUNT; o++)
        for (guint v = 0; v <= SERVICES_MAX; v++)
            if (list->groups[o][v].slowest)
                g_array_unref(list->groups[o][v].slowest);
    g_free(list);
}

RequestLog *
shortlist_log(Shortlist *list)
{
    return &list->log;
}

static const char *
service_name(const Spec *spec, uint32_t service)
{
    return service < spec->services.n
               ? SIM_ITEM(spec->services, const ServiceSpec, service)->entity.name
               : NULL;
}

static const char *
pop_code(const Run *run, uint32_t pop)
{
    return pop < run_geo(run)->n_pops ? run_geo(run)->pops.code[pop] : "no PoP";
}

static void
append_row(GString *out, const RequestHop *hop, const Run *run, const Spec *spec)
{
    char clock[TEXT_MAX], latency[TEXT_MAX];
    const char *site = SIM_ITEM(spec->sites, const SiteSpec, hop->site)->entity.name;
    measure_format_clock(clock, sizeof clock, hop->from, spec->clock.start);
    sim_quantity_format_duration(latency, sizeof latency, latency_of(hop));
    g_string_append_printf(out, "  %-12" G_GUINT64_FORMAT " %-9s %-7s %-16s %-8s attempt %u  %s\n",
                           hop->request, clock, pop_code(run, hop->pop), site, latency,
                           hop->attempt,
                           hop->outcome == OUTCOME_OK ? "" : run_cause_label(run, hop->cause));
}

char *
shortlist_text(Shortlist *list, const Run *run, const Spec *spec)
{
    GString *out = g_string_new(NULL);
    for (uint32_t o = 0; o < OUTCOME_COUNT; o++)
        for (uint32_t v = 0; v <= SERVICES_MAX; v++) {
            const Group *group = &list->groups[o][v];
            char count[TEXT_MAX];
            if (group->n == 0)
                continue;
            const char *service = o == OUTCOME_OK ? NULL : service_name(spec, v);
            sim_quantity_format_count(count, sizeof count, (double)group->n);
            g_string_append_printf(out, "%s%s%s%s: %s attempts, the slowest requests\n",
                                   out->len ? "\n" : "", outcome_names[o], service ? " at " : "",
                                   service ? service : "", count);
            for (guint i = 0; i < group->slowest->len; i++)
                append_row(out, &g_array_index(group->slowest, RequestHop, i), run, spec);
        }
    if (out->len == 0)
        g_string_append(out, "No attempt ended so.\n");
    return g_string_free(out, FALSE);
}

static void
json_row(Json *json, const RequestHop *hop, const Run *run, const Spec *spec)
{
    json_open(json, NULL, '{');
    json_integer(json, "request", (int64_t)hop->request);
    json_integer(json, "attempt", hop->attempt);
    json_text(json, "outcome", outcome_names[hop->outcome]);
    json_text(json, "service", service_name(spec, hop->service));
    json_text(json, "pop", hop->pop == SIM_NONE ? NULL : pop_code(run, hop->pop));
    json_text(json, "site", SIM_ITEM(spec->sites, const SiteSpec, hop->site)->entity.name);
    json_number(json, "at_s", sim_seconds(hop->from));
    json_number(json, "latency_s", sim_seconds(latency_of(hop)));
    json_text(json, "cause", hop->outcome == OUTCOME_OK ? NULL : run_cause_label(run, hop->cause));
    json_close(json, '}');
}

void
shortlist_json(Json *json, Shortlist *list, const Run *run, const Spec *spec)
{
    json_open(json, "requests", '[');
    for (uint32_t o = 0; o < OUTCOME_COUNT; o++)
        for (uint32_t v = 0; v <= SERVICES_MAX; v++) {
            const GArray *slowest = list->groups[o][v].slowest;
            for (guint i = 0; slowest && i < slowest->len; i++)
                json_row(json, &g_array_index(slowest, RequestHop, i), run, spec);
        }
    json_close(json, ']');
}
