#include "sim/cmd/check_observers.h"
#include "sim/cmd/check_rollouts.h"
#include "sim/cmd/command.h"
#include "sim/cmd/json.h"
#include "sim/cmd/output.h"
#include "sim/cmd/run.h"

#include "models/exposure.h"
#include "models/landmark.h"
#include "models/rollback.h"
#include "sim/quantity.h"

#include <math.h>
#include <string.h>

enum { TEXT_MAX = 64, SITES_SHOWN = 8 };

/* network ----------------------------------------------------------------------------------- */

/* Of one region, or of all. */
typedef struct Place {
    uint32_t n_pops;
    double traffic, cores;
} Place;

static void
append_place(GString *out, const char *name, const Place *place, double rate, double traffic)
{
    char demand[TEXT_MAX], share[TEXT_MAX], cores[TEXT_MAX];
    sim_quantity_format_rate(demand, sizeof demand, rate * place->traffic / traffic);
    sim_quantity_format_share(share, sizeof share, place->traffic / traffic);
    sim_quantity_format_count(cores, sizeof cores, place->cores);
    g_string_append_printf(out, "  %-15s %5u PoPs  %10s  %7s  %8s cores\n", name, place->n_pops,
                           demand, share, cores);
}

static void
append_network(GString *out, const Run *run, const Exposure *exposure)
{
    const Geo *geo = run_geo(run);
    Place all = {.n_pops = geo->n_pops}, regions[GEO_REGIONS] = {{.n_pops = 0}};
    g_autofree uint32_t *nearest = g_new0(uint32_t, geo->n_metros);
    double rate = 0;
    geo_nearest(geo, NULL, nearest);
    for (uint32_t m = 0; m < geo->n_metros; m++) {
        if (nearest[m] == SIM_NONE)
            continue;
        regions[geo->pops.at.region[nearest[m]]].traffic += geo->metros.traffic[m];
        all.traffic += geo->metros.traffic[m];
    }
    for (uint32_t p = 0; p < geo->n_pops; p++) {
        Place *region = &regions[geo->pops.at.region[p]];
        region->n_pops++;
        region->cores += run_pop_cores(run, p);
        all.cores += run_pop_cores(run, p);
    }
    for (uint32_t i = 0; i < exposure->n_sites; i++)
        rate += exposure->site_rate[i];
    g_string_append_printf(out, "\nNetwork: %u metros, %u sites; mean demand and capacity by PoP\n",
                           geo->n_metros, exposure->n_sites);
    for (uint32_t r = 0; r < GEO_REGIONS; r++)
        if (regions[r].n_pops > 0)
            append_place(out, geo_region_name(r), &regions[r], rate, all.traffic);
    append_place(out, "all", &all, rate, all.traffic);
}

/* targets ----------------------------------------------------------------------------------- */

static bool
selects(const PopSelector *selector, const Geo *geo, uint32_t pop)
{
    if (selector->region && geo_region_find(selector->region) != geo->pops.at.region[pop])
        return false;
    if (selector->country && g_ascii_strcasecmp(selector->country, geo->pops.at.country[pop]) != 0)
        return false;
    return !selector->code || g_ascii_strcasecmp(selector->code, geo->pops.code[pop]) == 0;
}

static void
append_targets(GString *out, const Scenario *scenario, const Geo *geo)
{
    bool is_first = true;
    SIM_EACH(TimelineSpec, entry, scenario->spec.timeline)
    {
        const PopSelector *pops = &entry->pops;
        uint32_t n = 0;
        if (!pops->region && !pops->country && !pops->code && pops->busiest == 0)
            continue;
        for (uint32_t p = 0; p < geo->n_pops; p++)
            n += selects(pops, geo, p);
        if (pops->busiest > 0)
            n = (uint32_t)MIN((int64_t)n, pops->busiest);
        g_autofree char *words = landmark_words(&scenario->spec, entry);
        g_string_append_printf(out, "%s  %s: %u PoPs%s\n",
                               is_first ? "\nTargets of the timeline\n" : "", words, n,
                               n ? "" : " - it does nothing");
        is_first = false;
    }
}

/* exposure ---------------------------------------------------------------------------------- */

static void
append_chains(GString *out, const Spec *spec, const Exposure *exposure)
{
    bool is_first = true;
    g_string_append(out, exposure->n_loops ? "\nLoops: each needs the next, and the first again\n"
                                           : "\nLoops: none\n");
    for (uint32_t i = 0; i < exposure->n_loops; i++) {
        g_autofree char *text = exposure_chain_text(spec, &exposure->loops[i], true);
        g_string_append_printf(out, "  %s\n", text);
    }
    for (uint32_t s = 0; s < exposure->n_services; s++) {
        if (exposure->chains[s].n == 0)
            continue;
        g_autofree char *text = exposure_chain_text(spec, &exposure->chains[s], false);
        g_string_append_printf(
            out, "%s  %s\n",
            is_first ? "\nBehind the edge: a repair that needs one of these waits for the edge\n"
                     : "",
            text);
        is_first = false;
    }
}

typedef struct Fall {
    uint32_t site;
    double fails;
    bool by_vendor;
} Fall;

/* Who loses most first, then in the file's order. */
static int
by_harm(gconstpointer left, gconstpointer right)
{
    const Fall *a = left, *b = right;
    if (a->fails != b->fails)
        return a->fails > b->fails ? -1 : 1;
    return (a->site > b->site) - (a->site < b->site);
}

/* "shop 100 %, login 32.5 % and through a vendor, news through a vendor" */
static char *
sites_text(const Spec *spec, const Exposure *exposure, uint32_t service)
{
    GString *text = g_string_new(NULL);
    char share[TEXT_MAX];
    g_autoptr(GArray) falls = g_array_new(FALSE, FALSE, sizeof(Fall));
    for (uint32_t i = 0; i < exposure->n_sites; i++) {
        Fall fall = {.site = i,
                     .fails = exposure->fails[service * exposure->n_sites + i],
                     .by_vendor = exposure->by_vendor[service * exposure->n_sites + i]};
        if (fall.fails >= 1e-6 || fall.by_vendor)
            g_array_append_val(falls, fall);
    }
    g_array_sort(falls, by_harm);
    for (uint32_t i = 0; i < MIN(falls->len, SITES_SHOWN); i++) {
        const Fall *fall = &g_array_index(falls, Fall, i);
        g_string_append_printf(text, "%s%s ", text->len ? ", " : "",
                               SIM_ITEM(spec->sites, SiteSpec, fall->site)->entity.name);
        g_string_append(text, fall->fails < 1e-6
                                  ? "through a vendor"
                                  : sim_quantity_format_share(share, sizeof share, fall->fails));
        if (fall->fails >= 1e-6 && fall->by_vendor)
            g_string_append(text, " and through a vendor");
    }
    if (falls->len > SITES_SHOWN)
        g_string_append_printf(text, " and %u more", falls->len - SITES_SHOWN);
    return g_string_free(text, FALSE);
}

static void
append_failures(GString *out, const Spec *spec, const Exposure *exposure)
{
    char share[TEXT_MAX];
    g_string_append(out, "\nWhen a service is down, this share of requests fails\n");
    for (uint32_t s = 0; s < exposure->n_services; s++) {
        g_autofree char *sites = sites_text(spec, exposure, s);
        g_string_append_printf(out, "  %-18s %8s  %s\n",
                               SIM_ITEM(spec->services, ServiceSpec, s)->entity.name,
                               sim_quantity_format_share(share, sizeof share, exposure->traffic[s]),
                               *sites ? sites : "nobody");
    }
}

static void
append_name(GString *list, const char *name)
{
    g_string_append_printf(list, "%s%s", list->len ? ", " : "", name);
}

/* Each vendor: the share of requests to sites that stand on it, and what it stands on itself. */
static void
append_vendors(GString *out, const Spec *spec, const Exposure *exposure)
{
    char share[TEXT_MAX];
    uint32_t n = exposure->n_vendors;
    if (n > 0)
        g_string_append(out, "\nVendors: this share of requests is to sites that stand on them\n");
    for (uint32_t v = 0; v < n; v++) {
        g_autoptr(GString) sites = g_string_new(NULL);
        g_autoptr(GString) under = g_string_new(NULL);
        for (uint32_t i = 0; i < exposure->n_sites; i++)
            if (exposure_site_stands_on(exposure, spec, i, v))
                append_name(sites, SIM_ITEM(spec->sites, SiteSpec, i)->entity.name);
        for (uint32_t w = 0; w < n; w++)
            if (w != v && exposure->stands_on[v * n + w])
                append_name(under, SIM_ITEM(spec->vendors, VendorSpec, w)->entity.name);
        for (uint32_t s = 0; s < exposure->n_services; s++) {
            bool is_under = false;
            for (uint32_t w = 0; w < n; w++)
                SIM_EACH(uint32_t, on, SIM_ITEM(spec->vendors, VendorSpec, w)->services)
            is_under |= exposure->stands_on[v * n + w] && *on == s;
            if (is_under)
                append_name(under, SIM_ITEM(spec->services, ServiceSpec, s)->entity.name);
        }
        g_string_append_printf(
            out, "  %-18s %8s  %s; it stands on %s\n",
            SIM_ITEM(spec->vendors, VendorSpec, v)->entity.name,
            sim_quantity_format_share(share, sizeof share, exposure->vendor_traffic[v]),
            sites->len ? sites->str : "nobody", under->len ? under->str : "nothing here");
    }
}

/* rolling back ------------------------------------------------------------------------------ */

/* "glass, in after lognormal(median 5m, sigma 0.5)" */
static void
append_tool(GString *out, const Spec *spec, uint32_t tool)
{
    const ToolSpec *what = SIM_ITEM(spec->tools, ToolSpec, tool);
    g_autofree char *access = sim_law_format(&what->access);
    g_string_append(out, what->entity.name);
    if (sim_law_mean(&what->access) > 0)
        g_string_append_printf(out, ", in after %s", access);
}

static void
append_names(GString *out, const char *before, GArray *names, const SimList *list, size_t size)
{
    for (guint i = 0; i < names->len; i++) {
        uint32_t id = g_array_index(names, uint32_t, i);
        const SimEntity *entity = (const void *)((const char *)list->items + size * id);
        g_string_append_printf(out, "%s%s", i ? ", " : before, entity->name);
    }
}

static void
append_tools(GString *out, const Spec *spec, const Exposure *exposure)
{
    if (spec->tools.n > 0)
        g_string_append(out, "\nTools: what takes each of them away when it is down\n");
    for (uint32_t t = 0; t < spec->tools.n; t++) {
        const ToolSpec *tool = SIM_ITEM(spec->tools, ToolSpec, t);
        g_autoptr(GArray) services = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        rollback_lost_with(spec, exposure, t, services, places);
        g_string_append_printf(out, "  %-18s %s", tool->entity.name,
                               services->len ? "" : "nothing here");
        append_names(out, "", services, &spec->services, sizeof(ServiceSpec));
        append_names(out, "; the place ", places, &spec->locations, sizeof(LocationSpec));
        if (tool->instead != SIM_NONE)
            g_string_append(out, "; instead: ");
        if (tool->instead != SIM_NONE)
            append_tool(out, spec, tool->instead);
        g_string_append(out, "\n");
    }
}

static void
append_use(GString *out, const Spec *spec, const ToolUse *use)
{
    const TimelineSpec *entry = SIM_ITEM(spec->timeline, TimelineSpec, use->entry);
    g_autofree char *words = landmark_words(spec, entry);
    g_string_append_printf(out, "  %s - ", words);
    if (use->is_there) {
        g_string_append(out, "yes: takes ");
        append_tool(out, spec, use->tool);
        g_string_append(out, "\n");
        return;
    }
    g_autofree char *why = rollback_text(spec, use);
    g_string_append_printf(out, "no: takes %s; %s, and it can not be done; instead: ",
                           SIM_ITEM(spec->tools, ToolSpec, use->tool)->entity.name, why);
    if (use->instead == SIM_NONE)
        g_string_append(out, "nothing");
    else
        append_tool(out, spec, use->instead);
    g_string_append(out, "\n");
}

static void
append_rollback(GString *out, const Spec *spec, const Exposure *exposure)
{
    GArray *uses = rollback_find(spec, exposure);
    g_autoptr(GString) free_of_tools = g_string_new(NULL);
    bool is_first = true;
    for (guint i = 0; i < uses->len; i++) {
        if (i == 0)
            g_string_append(out, "\nCan you still roll back, while what you repair is down?\n");
        append_use(out, spec, &g_array_index(uses, ToolUse, i));
    }
    rollback_free(uses);
    SIM_EACH(TimelineSpec, entry, spec->timeline)
    {
        g_autofree char *words = landmark_words(spec, entry);
        if (!rollback_is_action(entry) || entry->tools.n > 0)
            continue;
        g_string_append_printf(free_of_tools, "%s%s", is_first ? "" : "; ", words);
        is_first = false;
    }
    if (!is_first)
        g_string_append_printf(out, "\nActions that name no tools, assumed always possible: %s\n",
                               free_of_tools->str);
}

/* JSON -------------------------------------------------------------------------------------- */

static void
json_chains(Json *json, const char *key, const Spec *spec, const Chain *chains, uint32_t n,
            bool are_loops)
{
    json_open(json, key, '[');
    for (uint32_t i = 0; i < n; i++) {
        if (chains[i].n == 0)
            continue;
        g_autofree char *text = exposure_chain_text(spec, &chains[i], are_loops);
        json_text(json, NULL, text);
    }
    json_close(json, ']');
}

static void
json_rollback(Json *json, const Spec *spec, const Exposure *exposure)
{
    GArray *uses = rollback_find(spec, exposure);
    json_open(json, "rollback", '[');
    for (guint i = 0; i < uses->len; i++) {
        const ToolUse *use = &g_array_index(uses, ToolUse, i);
        const TimelineSpec *entry = SIM_ITEM(spec->timeline, TimelineSpec, use->entry);
        g_autofree char *words = landmark_words(spec, entry);
        g_autofree char *why = use->is_there ? NULL : rollback_text(spec, use);
        json_open(json, NULL, '{');
        json_integer(json, "entry", use->entry);
        json_text(json, "action", words);
        json_text(json, "tool", SIM_ITEM(spec->tools, ToolSpec, use->tool)->entity.name);
        json_bool(json, "possible", use->is_there);
        if (why)
            json_text(json, "why", why);
        if (use->instead != SIM_NONE)
            json_text(json, "instead", SIM_ITEM(spec->tools, ToolSpec, use->instead)->entity.name);
        json_close(json, '}');
    }
    json_close(json, ']');
    rollback_free(uses);
    json_open(json, "without_tools", '[');
    SIM_EACH(TimelineSpec, entry, spec->timeline)
    {
        g_autofree char *words = landmark_words(spec, entry);
        if (rollback_is_action(entry) && entry->tools.n == 0)
            json_text(json, NULL, words);
    }
    json_close(json, ']');
}

static void
check_json(GString *out, const Scenario *scenario, const Run *run, const Exposure *exposure)
{
    const Spec *spec = &scenario->spec;
    Json json = {.out = out};
    json_open(&json, NULL, '{');
    json_text(&json, "scenario", scenario->name);
    json_text(&json, "title", spec->title);
    json_text(&json, "hash", scenario->hash);
    json_integer(&json, "pops", run_geo(run)->n_pops);
    json_chains(&json, "loops", spec, exposure->loops, exposure->n_loops, true);
    json_chains(&json, "behind_the_edge", spec, exposure->chains, exposure->n_services, false);
    json_rollback(&json, spec, exposure);
    json_open(&json, "services", '{');
    for (uint32_t s = 0; s < exposure->n_services; s++) {
        json_open(&json, SIM_ITEM(spec->services, ServiceSpec, s)->entity.name, '{');
        json_number(&json, "fails", exposure->traffic[s]);
        json_open(&json, "sites", '{');
        for (uint32_t i = 0; i < exposure->n_sites; i++)
            json_number(&json, SIM_ITEM(spec->sites, SiteSpec, i)->entity.name,
                        exposure->fails[s * exposure->n_sites + i]);
        json_close(&json, '}');
        json_open(&json, "through_vendors", '[');
        for (uint32_t i = 0; i < exposure->n_sites; i++)
            if (exposure->by_vendor[s * exposure->n_sites + i])
                json_text(&json, NULL, SIM_ITEM(spec->sites, SiteSpec, i)->entity.name);
        json_close(&json, ']');
        json_close(&json, '}');
    }
    json_close(&json, '}');
    json_open(&json, "vendors", '{');
    for (uint32_t v = 0; v < exposure->n_vendors; v++)
        json_number(&json, SIM_ITEM(spec->vendors, VendorSpec, v)->entity.name,
                    exposure->vendor_traffic[v]);
    json_close(&json, '}');
    check_rollouts_json(&json, run, spec, exposure);
    json_close(&json, '}');
}

/* the verb ---------------------------------------------------------------------------------- */

static ExitCode
check_one(const char *name, char **set, bool wants_json, bool is_quiet)
{
    ExitCode code;
    RunArguments arguments = {.is_quiet = true};
    g_autoptr(Scenario) scenario = scenario_load(name, set, &code);
    if (!scenario)
        return code;
    g_autoptr(Run) run = run_prepare(&arguments, scenario);
    if (!run)
        return CODE_USAGE;
    const Spec *spec = &scenario->spec;
    const Geo *geo = run_geo(run);
    g_autoptr(Exposure) exposure = exposure_new(spec);
    g_autoptr(GString) out = g_string_new(NULL);
    if (is_quiet)
        return CODE_HELD;
    if (wants_json)
        check_json(out, scenario, run, exposure);
    else {
        g_string_append_printf(out, "%s\n%s: no errors\n", spec->title, scenario->name);
        append_network(out, run, exposure);
        check_rollouts_append(out, run, spec, exposure);
        append_targets(out, scenario, geo);
        append_chains(out, spec, exposure);
        append_tools(out, spec, exposure);
        append_rollback(out, spec, exposure);
        append_failures(out, spec, exposure);
        append_vendors(out, spec, exposure);
        check_observers_append(out, run, spec);
    }
    return output_print(out->str) ? CODE_HELD : CODE_ERROR;
}

static ExitCode
run_verb(int argc, char **argv)
{
    gboolean json = FALSE, quiet = FALSE;
    g_auto(GStrv) set = NULL;
    const GOptionEntry entries[] = {
        {"set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &set, "Change the scenario", "PATH=VALUE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "Print JSON", NULL},
        {"quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print errors only", NULL},
        G_OPTION_ENTRY_NULL};
    g_auto(GStrv) rest = NULL;
    ExitCode code;
    (void)argc;
    if (!command_options(&check_command, entries, argv, &rest, &code))
        return code;
    if (!rest[1])
        return command_misused(&check_command, "no scenario is named");
    for (guint i = 1; rest[i]; i++)
        code = command_worse(i == 1 ? CODE_HELD : code, check_one(rest[i], set, json, quiet));
    return code;
}

const Command check_command = {
    .name = "check",
    .arguments = "SCENARIO…",
    .about = "Say all that can be said without running: errors, loops, exposure.",
    .details = "Errors are reported with their places, all at once. Then: demand by region, waves "
               "in PoPs, loops through the edge, whether each action's tools are there while it is "
               "needed, and what falls with each service.",
    .run = run_verb,
};
