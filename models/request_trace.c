#include "models/request_trace.h"

#include "models/access_trace.h"

#include <string.h>

enum { BLOCK = 4096 };
static const uint64_t REQUESTS_MAX = 100000000;

struct RequestTraces {
    uint32_t n_sites;
    RequestTrace of_site[];
};

static char *
path_of(const SiteSpec *site)
{
    const char *file = site->entity.mark.file;
    if (g_path_is_absolute(site->cache.trace) || !file || strcmp(file, "-") == 0)
        return g_strdup(site->cache.trace);
    g_autofree char *directory = g_path_get_dirname(file);
    return g_build_filename(directory, site->cache.trace, NULL);
}

static bool
read_keys(const char *path, GArray *keys, GError **error)
{
    g_autoptr(AccessTrace) trace = NULL;
    g_autofree Access *block = g_new(Access, BLOCK);
    uint32_t n = 0;
    if (!access_trace_open(path, ACCESS_TRACE_AUTO, &trace, error))
        return false;
    do {
        if (!access_trace_read(trace, block, BLOCK, &n, error))
            return false;
        for (uint32_t i = 0; i < n; i++)
            g_array_append_val(keys, block[i].key);
    } while (n > 0 && keys->len <= REQUESTS_MAX);
    return true;
}

static gint
by_key(gconstpointer a, gconstpointer b, gpointer unused)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    (void)unused;
    return left < right ? -1 : left > right;
}

static uint64_t
count_distinct(const GArray *keys)
{
    g_autoptr(GArray) sorted = g_array_sized_new(FALSE, FALSE, sizeof(uint64_t), keys->len);
    uint64_t n = 0;
    g_array_append_vals(sorted, keys->data, keys->len);
    g_array_sort_with_data(sorted, by_key, NULL);
    for (guint i = 0; i < sorted->len; i++)
        n += i == 0 || g_array_index(sorted, uint64_t, i) != g_array_index(sorted, uint64_t, i - 1);
    return n;
}

static void
load(const SiteSpec *site, RequestTrace *ret, SimMessages *messages)
{
    g_autofree char *path = path_of(site);
    g_autoptr(GError) error = NULL;
    GArray *keys = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    SimMark mark = site->cache.entity.is_given ? site->cache.entity.mark : site->entity.mark;
    if (!read_keys(path, keys, &error))
        sim_messages_error(messages, mark, "the trace of site '%s' can not be read: %s",
                           site->entity.name, error->message);
    else if (keys->len == 0 || keys->len > REQUESTS_MAX)
        sim_messages_error(messages, mark,
                           "the trace of site '%s', '%s', has %s: expected 1 to 100 million",
                           site->entity.name, path, keys->len ? "too many requests" : "no request");
    ret->n = keys->len;
    ret->n_distinct = count_distinct(keys);
    ret->keys = (uint64_t *)(void *)g_array_free(keys, FALSE);
}

RequestTraces *
request_traces_load(const Spec *spec, SimMessages *messages)
{
    uint32_t before = sim_messages_errors(messages), n = 0;
    RequestTraces *traces = g_malloc0(sizeof *traces + spec->sites.n * sizeof(RequestTrace));
    traces->n_sites = spec->sites.n;
    for (uint32_t s = 0; s < spec->sites.n; s++) {
        const SiteSpec *site = SIM_ITEM(spec->sites, const SiteSpec, s);
        if (!site->cache.trace)
            continue;
        load(site, &traces->of_site[s], messages);
        n++;
    }
    if (n > 0 && sim_messages_errors(messages) == before)
        return traces;
    request_traces_free(traces);
    return NULL;
}

void
request_traces_free(RequestTraces *traces)
{
    for (uint32_t s = 0; traces && s < traces->n_sites; s++)
        g_free(traces->of_site[s].keys);
    g_free(traces);
}

const RequestTrace *
request_traces_of(const RequestTraces *traces)
{
    return traces ? traces->of_site : NULL;
}
