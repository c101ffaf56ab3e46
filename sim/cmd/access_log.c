#include "sim/cmd/access_log.h"

#include "sim/cmd/json.h"

#include <string.h>

/* A line of cut texts, every byte escaped, still fits a piece of the file. */
enum { CAUSES_MAX = 64, NAME_MAX_BYTES = 256, STAMP_MAX = 40 };

const char *const access_log_format_names[ACCESS_LOG_FORMATS + 1] = {"json", "common", NULL};

static const uint16_t statuses[OUTCOME_COUNT] = {
    [OUTCOME_OK] = 200,  [OUTCOME_STALE] = 200,  [OUTCOME_BLOCKED] = 403, [OUTCOME_429] = 429,
    [OUTCOME_500] = 500, [OUTCOME_502] = 502,    [OUTCOME_503] = 503,     [OUTCOME_504] = 504,
    [OUTCOME_522] = 522, [OUTCOME_TIMEOUT] = 499};

struct AccessLog {
    Outfile *file;
    AccessLogFormat format;
    const Run *run;
    int64_t start;
    GPtrArray *pops, *sites, *services; /* GString: what a line says of each; the last: of none */
    GString *outcomes[OUTCOME_COUNT];
    GString *causes[CAUSES_MAX];
    int64_t second; /* that stamp is of */
    size_t stamp_length;
    char stamp[STAMP_MAX];
};

uint32_t
access_log_status(Outcome outcome)
{
    return outcome < OUTCOME_COUNT ? statuses[outcome] : 0;
}

static void
free_string(gpointer string)
{
    if (string)
        g_string_free(string, TRUE);
}

AccessLog *
access_log_new(Outfile *file, AccessLogFormat format)
{
    AccessLog *log = g_new0(AccessLog, 1);
    log->file = file;
    log->format = format;
    log->pops = g_ptr_array_new_with_free_func(free_string);
    log->sites = g_ptr_array_new_with_free_func(free_string);
    log->services = g_ptr_array_new_with_free_func(free_string);
    log->second = INT64_MIN;
    return log;
}

void
access_log_free(AccessLog *log)
{
    if (!log)
        return;
    outfile_free(log->file);
    g_ptr_array_unref(log->pops);
    g_ptr_array_unref(log->sites);
    g_ptr_array_unref(log->services);
    for (guint i = 0; i < OUTCOME_COUNT; i++)
        free_string(log->outcomes[i]);
    for (guint i = 0; i < CAUSES_MAX; i++)
        free_string(log->causes[i]);
    g_free(log);
}

/* what lines are made of -------------------------------------------------------------------- */

/* ,"key":"value" of an object whose first member stands already. */
static void
add_text(GString *out, const char *key, const char *value)
{
    Json json = {.out = out, .style = JSON_LINE, .depth = 1, .needs_comma = true};
    g_autofree char *cut = g_strndup(value, NAME_MAX_BYTES);
    json_text(&json, key, cut);
}

/* A token of the Common Log Format has no blanks and no quotes. */
static char *
token_of(const char *name)
{
    char *token = g_strndup(name, NAME_MAX_BYTES);
    for (char *at = token; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == '"' || *at == 0x7f)
            *at = '_';
    return token;
}

static void
add_pop(AccessLog *log, const char *code, const char *region)
{
    GString *out = g_string_new(NULL);
    g_autofree char *token = token_of(code ? code : "-");
    if (log->format == ACCESS_LOG_COMMON) {
        g_string_append(out, token);
    } else {
        add_text(out, "pop", code);
        add_text(out, "region", region);
    }
    g_ptr_array_add(log->pops, out);
}

static void
add_name(AccessLog *log, GPtrArray *names, const char *key, const char *name)
{
    GString *out = g_string_new(NULL);
    g_autofree char *token = token_of(name ? name : "");
    if (log->format == ACCESS_LOG_COMMON)
        g_string_append(out, token);
    else
        add_text(out, key, name);
    g_ptr_array_add(names, out);
}

void
access_log_attach(AccessLog *log, const Run *run, const Spec *spec)
{
    const Geo *geo = run_geo(run);
    log->run = run;
    log->start = spec->clock.start;
    for (uint32_t p = 0; p < geo->n_pops; p++)
        add_pop(log, geo->pops.code[p], geo_region_name(geo->pops.at.region[p]));
    add_pop(log, NULL, NULL);
    SIM_EACH(const SiteSpec, site, spec->sites)
    add_name(log, log->sites, "site", site->entity.name);
    add_name(log, log->sites, "site", NULL);
    SIM_EACH(const ServiceSpec, service, spec->services)
    add_name(log, log->services, "service", service->entity.name);
    add_name(log, log->services, "service", NULL);
    for (uint32_t o = 0; o < OUTCOME_COUNT; o++) {
        log->outcomes[o] = g_string_new(NULL);
        if (log->format == ACCESS_LOG_JSON)
            add_text(log->outcomes[o], "outcome", outcome_names[o]);
        g_string_append_printf(log->outcomes[o],
                               log->format == ACCESS_LOG_JSON ? ",\"status\":%u" : "%u",
                               statuses[o]);
    }
}

static const GString *
words_of(const GPtrArray *names, uint32_t index)
{
    return names->pdata[index < names->len ? index : names->len - 1];
}

/* Slots are given as the run goes and never change. */
static const GString *
cause_of(AccessLog *log, uint32_t slot)
{
    SIM_ASSERT(slot < CAUSES_MAX);
    if (!log->causes[slot]) {
        log->causes[slot] = g_string_new(NULL);
        add_text(log->causes[slot], "cause", run_cause_label(log->run, slot));
    }
    return log->causes[slot];
}

/* writing ----------------------------------------------------------------------------------- */

static char *
put(char *at, const char *text, size_t n)
{
    memcpy(at, text, n);
    return at + n;
}

static char *
put_string(char *at, const GString *string)
{
    return put(at, string->str, string->len);
}

#define PUT(at, literal) put((at), "" literal, sizeof(literal) - 1)

static char *
put_number(char *at, uint64_t value)
{
    char digits[20];
    uint32_t n = sizeof digits;
    do
        digits[--n] = (char)('0' + value % 10);
    while (value /= 10);
    return put(at, digits + n, sizeof digits - n);
}

/* Always three digits. */
static char *
put_thousandths(char *at, uint32_t value)
{
    *at++ = '.';
    *at++ = (char)('0' + value / 100);
    *at++ = (char)('0' + value / 10 % 10);
    *at++ = (char)('0' + value % 10);
    return at;
}

static void
set_stamp(AccessLog *log, int64_t second)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    g_autofree char *text = sim_timestamp_format(log->start + second);
    unsigned month = (unsigned)(text[5] - '0') * 10 + (unsigned)(text[6] - '0');
    if (log->format == ACCESS_LOG_JSON)
        g_strlcpy(log->stamp, text, strlen(text)); /* without the Z */
    else
        g_snprintf(log->stamp, sizeof log->stamp, "%.2s/%s/%.4s:%.8s", text + 8, months[month - 1],
                   text, text + 11);
    log->stamp_length = strlen(log->stamp);
    log->second = second;
}

static char *
put_json(AccessLog *log, char *at, const RequestHop *hop)
{
    static const char *const caches[] = {",\"cache\":null", ",\"cache\":\"hit\"",
                                         ",\"cache\":\"miss\""};
    uint64_t microseconds = (uint64_t)(hop->to - hop->from + hop->way) / SIM_MICROSECOND;
    at = PUT(at, "{\"time\":\"");
    at = put(at, log->stamp, log->stamp_length);
    at = put_thousandths(at, (uint32_t)(hop->from % SIM_SECOND / SIM_MILLISECOND));
    at = PUT(at, "Z\",\"request\":");
    at = put_number(at, hop->request);
    at = PUT(at, ",\"attempt\":");
    at = put_number(at, hop->attempt);
    at = put_string(at, words_of(log->pops, hop->pop));
    at = put_string(at, words_of(log->sites, hop->site));
    at = put_string(at, log->outcomes[hop->outcome]);
    at = PUT(at, ",\"latency_ms\":");
    at = put_number(at, microseconds / 1000);
    at = put_thousandths(at, (uint32_t)(microseconds % 1000));
    at = put(at, caches[hop->cache], strlen(caches[hop->cache]));
    at = PUT(at, ",\"key\":");
    at = hop->key ? put_number(at, hop->key) : PUT(at, "null");
    if (outcome_is_served(hop->outcome) && hop->outcome != OUTCOME_STALE)
        return PUT(at, ",\"service\":null,\"cause\":null,\"entry\":null}\n");
    uint32_t root = run_cause_entry(log->run, hop->cause);
    uint32_t entry = hop->entry != SIM_NONE ? hop->entry : root;
    at = put_string(at, words_of(log->services, hop->service));
    at = put_string(at, cause_of(log, hop->cause));
    at = PUT(at, ",\"entry\":");
    at = entry == SIM_NONE ? PUT(at, "null") : put_number(at, entry);
    return PUT(at, "}\n");
}

static char *
put_common(AccessLog *log, char *at, const RequestHop *hop)
{
    at = put_string(at, words_of(log->pops, hop->pop));
    *at++ = ' ';
    at = put_number(at, hop->request);
    *at++ = '.';
    at = put_number(at, hop->attempt);
    at = PUT(at, " - [");
    at = put(at, log->stamp, log->stamp_length);
    at = PUT(at, " +0000] \"GET /");
    at = put_string(at, words_of(log->sites, hop->site));
    *at++ = '/';
    if (hop->key)
        at = put_number(at, hop->key);
    at = PUT(at, " HTTP/1.1\" ");
    at = put_string(at, log->outcomes[hop->outcome]);
    return PUT(at, " -\n");
}

void
access_log_hop(AccessLog *log, const RequestHop *hop)
{
    if (hop->kind != HOP_ENDED)
        return;
    if (hop->from / SIM_SECOND != log->second)
        set_stamp(log, hop->from / SIM_SECOND);
    char *begin = outfile_room(log->file);
    char *end =
        log->format == ACCESS_LOG_JSON ? put_json(log, begin, hop) : put_common(log, begin, hop);
    outfile_take(log->file, (size_t)(end - begin));
}

bool
access_log_publish(AccessLog *log, GError **error)
{
    return outfile_publish(log->file, error);
}
