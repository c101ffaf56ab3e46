#include "sim/cmd/command.h"
#include "sim/cmd/interrupt.h"
#include "sim/cmd/json.h"
#include "sim/cmd/output.h"
#include "sim/cmd/progress.h"

#include "models/access_trace.h"
#include "models/keyed_cache.h"
#include "sim/nearest.h"
#include "sim/quantity.h"

#include <math.h>
#include <string.h>

enum { BATCH = 4096, AHEAD = 8, SIZES_MAX = 16, OBJECTS_MAX = 1 << 30, TEXT_MAX = 64 };

/* A size as it was asked for: objects, or a share of the log's distinct objects. */
typedef struct Size {
    const char *text;
    double share, objects; /* one of them is 0 */
} Size;

typedef struct Arguments {
    char *policies_text, *sizes_text, *format_text, *ttl_text;
    gboolean wants_json;
    bool policies[CACHE_POLICY_COUNT];
    char **size_texts;
    Size sizes[SIZES_MAX];
    uint32_t n_sizes;
    AccessTraceFormat format;
    SimTime ttl;
} Arguments;

typedef struct Totals {
    uint64_t requests, objects, bytes;
    SimTime first, last;
} Totals;

typedef struct Replayed {
    const Size *size;
    KeyedCacheOptions options;
    KeyedCache *cache;
    uint64_t hits, hit_bytes;
} Replayed;

typedef struct Replay {
    const char *path;
    const Arguments *arguments;
    AccessTrace *trace;
    SimArena *arena;
    Interrupt interrupt;
    Totals totals; /* of the log; `done`: of what the caches have seen */
    Totals done;
    uint32_t n;
    Replayed caches[SIZES_MAX * CACHE_POLICY_COUNT];
    Access batch[BATCH];
} Replay;

/* the objects of a log ---------------------------------------------------------------------- */

/* Open addressing, at most half full; the key 0 is counted apart. */
typedef struct KeySet {
    uint64_t *keys, n, mask;
    bool has_zero;
} KeySet;

static uint64_t *
key_slot(const KeySet *set, uint64_t key)
{
    uint64_t at = sim_mix64(key) & set->mask;
    while (set->keys[at] && set->keys[at] != key)
        at = (at + 1) & set->mask;
    return &set->keys[at];
}

static void
key_set_grow(KeySet *set)
{
    KeySet grown = *set;
    grown.mask = set->keys ? set->mask * 2 + 1 : 1023;
    grown.keys = g_new0(uint64_t, grown.mask + 1);
    for (uint64_t i = 0; set->keys && i <= set->mask; i++)
        if (set->keys[i])
            *key_slot(&grown, set->keys[i]) = set->keys[i];
    g_free(set->keys);
    *set = grown;
}

static void
key_set_add(KeySet *set, uint64_t key)
{
    if (key == 0) {
        set->n += !set->has_zero;
        set->has_zero = true;
        return;
    }
    if (set->n * 2 >= set->mask)
        key_set_grow(set);
    uint64_t *slot = key_slot(set, key);
    set->n += *slot == 0;
    *slot = key;
}

static void
totals_add(Totals *totals, const Access *accesses, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        totals->first =
            totals->requests++ == 0 ? accesses[i].at : MIN(totals->first, accesses[i].at);
        totals->last = MAX(totals->last, accesses[i].at);
        totals->bytes += accesses[i].bytes;
    }
}

/* First reading: false when something was wrong, which has been said. */
static bool
count_objects(Replay *replay)
{
    g_autoptr(GError) error = NULL;
    KeySet set = {.n = 0};
    uint32_t n = 1;
    key_set_grow(&set);
    bool ok = true;
    while (ok && n > 0 && !interrupt_is_asked(&replay->interrupt)) {
        ok = access_trace_read(replay->trace, replay->batch, BATCH, &n, &error);
        for (uint32_t i = 0; ok && i < n; i++)
            key_set_add(&set, replay->batch[i].key);
        if (ok)
            totals_add(&replay->totals, replay->batch, n);
    }
    replay->totals.objects = set.n;
    g_free(set.keys);
    if (!ok)
        output_complain("%s", error->message);
    else if (replay->totals.requests == 0 && !replay->interrupt.is_asked)
        output_complain("%s: it has no request: expected one at least", replay->path);
    return ok && replay->totals.requests > 0;
}

/* caches ------------------------------------------------------------------------------------ */

static uint32_t
places_of(const Size *size, const Totals *totals)
{
    double objects = (double)totals->objects;
    double places = size->share > 0 ? floor(size->share * objects + .5) : size->objects;
    return (uint32_t)CLAMP(places, 1, MIN(objects, (double)OBJECTS_MAX));
}

/* What is larger than the log's objects needs no more places than they. */
static void
make_caches(Replay *replay)
{
    const Arguments *arguments = replay->arguments;
    size_t bytes = (size_t)1 << 20;
    for (uint32_t i = 0; i < arguments->n_sizes * CACHE_POLICY_COUNT; i++) {
        const Size *size = &arguments->sizes[i / CACHE_POLICY_COUNT];
        KeyedCacheOptions options = {.policy = (CachePolicyKind)(i % CACHE_POLICY_COUNT),
                                     .capacity = places_of(size, &replay->totals),
                                     .ttl = arguments->ttl};
        if (!arguments->policies[options.policy])
            continue;
        replay->caches[replay->n++] = (Replayed){.size = size, .options = options};
        bytes += keyed_cache_bytes(&options);
    }
    replay->arena = sim_arena_new(bytes);
    for (uint32_t i = 0; i < replay->n; i++)
        replay->caches[i].cache = keyed_cache_new(replay->arena, &replay->caches[i].options);
}

/* Time goes forward only: caches live by when requests are seen. */
static void
feed(Replayed *replayed, const Access *accesses, uint32_t n, SimTime now)
{
    KeyedCache *cache = replayed->cache;
    for (uint32_t i = 0; i < n; i++) {
        if (i + AHEAD < n)
            keyed_cache_prefetch(cache, accesses[i + AHEAD].key);
        now = MAX(now, accesses[i].at);
        if (keyed_cache_access(cache, accesses[i].key, now)) {
            replayed->hits++;
            replayed->hit_bytes += accesses[i].bytes;
        }
    }
}

/* Second reading. */
static bool
replay_all(Replay *replay)
{
    g_autoptr(GError) error = NULL;
    Progress progress;
    uint32_t n = 1;
    bool ok = access_trace_rewind(replay->trace, &error);
    progress_start(&progress, replay->path, false);
    while (ok && n > 0 && !interrupt_is_asked(&replay->interrupt)) {
        ok = access_trace_read(replay->trace, replay->batch, BATCH, &n, &error);
        for (uint32_t i = 0; ok && i < replay->n; i++)
            feed(&replay->caches[i], replay->batch, n, replay->done.last);
        if (ok)
            totals_add(&replay->done, replay->batch, n);
        progress_show(&progress, (double)replay->done.requests / (double)replay->totals.requests);
    }
    progress_stop(&progress);
    if (!ok)
        output_complain("%s", error->message);
    return ok;
}

/* what is printed --------------------------------------------------------------------------- */

static double
hit_ratio(const Replay *replay, const Replayed *replayed)
{
    return (double)replayed->hits / (double)replay->done.requests;
}

/* NAN: the log says no sizes, or all are 0. */
static double
byte_hit_ratio(const Replay *replay, const Replayed *replayed)
{
    return replay->done.bytes > 0 ? (double)replayed->hit_bytes / (double)replay->done.bytes : NAN;
}

static void
append_table(GString *out, const Replay *replay)
{
    const Totals *totals = &replay->totals;
    char lasting[TEXT_MAX], bytes[TEXT_MAX], most[TEXT_MAX], text[TEXT_MAX];
    sim_quantity_format_duration(lasting, sizeof lasting, totals->last - totals->first);
    sim_quantity_format_bytes(bytes, sizeof bytes, (double)totals->bytes);
    sim_quantity_format_share(most, sizeof most,
                              1 - (double)totals->objects / (double)totals->requests);
    g_string_append_printf(out,
                           "%s: %" G_GUINT64_FORMAT " requests for %" G_GUINT64_FORMAT
                           " objects in %s%s%s; at most %s can hit\n",
                           replay->path, totals->requests, totals->objects, lasting,
                           totals->bytes > 0 ? ", " : "", totals->bytes > 0 ? bytes : "", most);
    if (replay->done.requests < totals->requests)
        g_string_append_printf(out, "Interrupted after %" G_GUINT64_FORMAT " of them.\n",
                               replay->done.requests);
    g_string_append_printf(out, "\n%10s  %10s  %-8s %10s  %10s\n", "size", "objects", "policy",
                           "hits", "bytes");
    for (uint32_t i = 0; i < replay->n; i++) {
        const Replayed *replayed = &replay->caches[i];
        double share = byte_hit_ratio(replay, replayed);
        g_string_append_printf(
            out, "%10s  %10u  %-8s %10s", replayed->size->text, replayed->options.capacity,
            cache_policy_names[replayed->options.policy],
            sim_quantity_format_share(text, sizeof text, hit_ratio(replay, replayed)));
        if (isnan(share))
            strcpy(text, "-");
        else
            sim_quantity_format_share(text, sizeof text, share);
        g_string_append_printf(out, "  %10s\n", text);
    }
}

static void
append_json(GString *out, const Replay *replay)
{
    Json json = {.out = out};
    json_open(&json, NULL, '{');
    json_text(&json, "trace", replay->path);
    json_text(&json, "format", access_trace_format_names[access_trace_format(replay->trace)]);
    json_integer(&json, "requests", (int64_t)replay->totals.requests);
    json_integer(&json, "objects", (int64_t)replay->totals.objects);
    json_integer(&json, "bytes", (int64_t)replay->totals.bytes);
    json_number(&json, "seconds", sim_seconds(replay->totals.last - replay->totals.first));
    json_number(&json, "ttl_seconds",
                replay->arguments->ttl > 0 ? sim_seconds(replay->arguments->ttl) : NAN);
    json_integer(&json, "replayed", (int64_t)replay->done.requests);
    json_open(&json, "caches", '[');
    for (uint32_t i = 0; i < replay->n; i++) {
        const Replayed *replayed = &replay->caches[i];
        json_open(&json, NULL, '{');
        json_text(&json, "policy", cache_policy_names[replayed->options.policy]);
        json_text(&json, "size", replayed->size->text);
        json_integer(&json, "objects", replayed->options.capacity);
        json_integer(&json, "hits", (int64_t)replayed->hits);
        json_number(&json, "hit_ratio", hit_ratio(replay, replayed));
        json_number(&json, "byte_hit_ratio", byte_hit_ratio(replay, replayed));
        json_close(&json, '}');
    }
    json_close(&json, ']');
    json_close(&json, '}');
}

static ExitCode
print(const Replay *replay)
{
    g_autoptr(GString) out = g_string_new(NULL);
    if (replay->arguments->wants_json)
        append_json(out, replay);
    else
        append_table(out, replay);
    return output_print(out->str) ? CODE_HELD : CODE_ERROR;
}

static ExitCode
replay_trace(const Arguments *arguments, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(AccessTrace) trace = NULL;
    /* A pipe is refused at once rather than after it was read. */
    if (!access_trace_open(path, arguments->format, &trace, &error) ||
        !access_trace_rewind(trace, &error)) {
        output_complain("%s", error->message);
        return CODE_USAGE;
    }
    g_autofree Replay *replay = g_new0(Replay, 1);
    ExitCode code = CODE_USAGE;
    replay->path = path;
    replay->arguments = arguments;
    replay->trace = trace;
    interrupt_start(&replay->interrupt);
    if (count_objects(replay)) {
        make_caches(replay);
        if (replay_all(replay))
            code = replay->done.requests > 0 ? print(replay) : CODE_HELD;
    }
    if (replay->interrupt.is_asked)
        code = CODE_INTERRUPTED;
    interrupt_stop(&replay->interrupt);
    sim_arena_free(replay->arena);
    return code;
}

/* arguments --------------------------------------------------------------------------------- */

/* The parts between commas; of an empty text one empty part. */
static char **
parts_of(const char *text)
{
    return *text ? g_strsplit(text, ",", -1) : g_strsplit(",", ",", 2);
}

static bool
read_policies(Arguments *arguments, ExitCode *code)
{
    const char *text = arguments->policies_text ? arguments->policies_text : "all";
    g_auto(GStrv) names = parts_of(text);
    for (guint i = 0; names[i]; i++) {
        bool is_known = false;
        for (int policy = 0; policy < CACHE_POLICY_COUNT; policy++)
            if (!strcmp(names[i], "all") || !strcmp(names[i], cache_policy_names[policy]))
                arguments->policies[policy] = is_known = true;
        if (is_known)
            continue;
        const char *nearest = sim_nearest(names[i], cache_policy_names, CACHE_POLICY_COUNT);
        *code = command_misused(&replay_command,
                                "'%s' is no policy: expected lru, fifo, clock, sieve, s3-fifo or "
                                "all, with commas between them%s%s%s",
                                names[i], nearest ? "; did you mean '" : "", nearest ? nearest : "",
                                nearest ? "'?" : "");
        return false;
    }
    return true;
}

static bool
read_size(const char *text, Size *size)
{
    *size = (Size){.text = text};
    if (sim_quantity_share(text, &size->share))
        return size->share > 0;
    return sim_quantity_count(text, &size->objects) && size->objects >= 1 &&
           size->objects <= OBJECTS_MAX && floor(size->objects) == size->objects;
}

static bool
read_sizes(Arguments *arguments, ExitCode *code)
{
    const char *text = arguments->sizes_text ? arguments->sizes_text : "1%,10%";
    arguments->size_texts = parts_of(text);
    for (guint i = 0; arguments->size_texts[i]; i++) {
        const char *one = arguments->size_texts[i];
        bool fits = arguments->n_sizes < SIZES_MAX;
        if (fits && read_size(one, &arguments->sizes[arguments->n_sizes++]))
            continue;
        *code = fits ? command_misused(&replay_command,
                                       "'%s' is no size: expected a number of objects, such as "
                                       "5000 or 1M, or a share of the log's objects, such as 10%%",
                                       one)
                     : command_misused(&replay_command, "too many sizes: expected at most %d",
                                       SIZES_MAX);
        return false;
    }
    return true;
}

static bool
read_rest(Arguments *arguments, char **rest, ExitCode *code)
{
    const char *format = arguments->format_text;
    while (format && strcmp(format, access_trace_format_names[arguments->format]) != 0)
        if (++arguments->format == ACCESS_TRACE_FORMAT_COUNT) {
            *code = command_misused(&replay_command,
                                    "'%s' is no format: expected auto, oracle or csv", format);
            return false;
        }
    const char *ttl = arguments->ttl_text;
    if (ttl && (!sim_quantity_duration(ttl, &arguments->ttl) || arguments->ttl <= 0)) {
        *code = command_misused(&replay_command,
                                "'%s' is no time to live: expected a duration such as 5m", ttl);
        return false;
    }
    guint n = g_strv_length(rest);
    if (n != 2 || !strcmp(rest[1], "-")) {
        *code = n < 2   ? command_misused(&replay_command, "no trace is named")
                : n > 2 ? command_misused(&replay_command, "too many arguments: expected one trace")
                        : command_misused(&replay_command, "standard input can be read once only: "
                                                           "expected a file, which is read twice");
        return false;
    }
    return true;
}

static ExitCode
run_verb(int argc, char **argv)
{
    Arguments arguments = {.format = ACCESS_TRACE_AUTO};
    const GOptionEntry entries[] = {
        {"policy", 'p', 0, G_OPTION_ARG_FILENAME, &arguments.policies_text,
         "lru, fifo, clock, sieve, s3-fifo or all (default)", "NAME,..."},
        {"size", 's', 0, G_OPTION_ARG_FILENAME, &arguments.sizes_text,
         "Objects that fit, or a share of the log's objects; default: 1%,10%", "N|10%,..."},
        {"format", 'f', 0, G_OPTION_ARG_FILENAME, &arguments.format_text,
         "auto (default), oracle or csv", "WORD"},
        {"ttl", 't', 0, G_OPTION_ARG_FILENAME, &arguments.ttl_text,
         "What came in longer ago is a miss; default: never", "5m"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &arguments.wants_json, "Print JSON", NULL},
        G_OPTION_ENTRY_NULL};
    g_auto(GStrv) rest = NULL;
    ExitCode code;
    (void)argc;
    if (command_options(&replay_command, entries, argv, &rest, &code) &&
        read_policies(&arguments, &code) && read_sizes(&arguments, &code) &&
        read_rest(&arguments, rest, &code))
        code = replay_trace(&arguments, rest[1]);
    g_strfreev(arguments.size_texts);
    g_free(arguments.policies_text);
    g_free(arguments.sizes_text);
    g_free(arguments.format_text);
    g_free(arguments.ttl_text);
    return code;
}

const Command replay_command = {
    .name = "replay",
    .arguments = "TRACE",
    .about = "Replay a log of requests through caches and print what would have hit.",
    .details =
        "TRACE is CSV with the columns time (seconds, or 2025-11-18T11:05:00Z), key and, if\n"
        "known, size (bytes); a first line that names them may name others too. Or it is the\n"
        "binary oracleGeneral of libCacheSim. It is read twice.\n\n"
        "Caches begin empty and count objects, not bytes. `hits` is the share of the requests\n"
        "that hit, `bytes` the share of the log's bytes that these hits would have served.",
    .run = run_verb,
};
