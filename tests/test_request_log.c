#include "models/request.h"

#include "tests/whole_run.h"

/* Two PoPs, a service in the middle behind the edge that needs another, a push that breaks. */
static const char scenario[] =
    "blackstart: 1\n"
    "title: hops\n"
    "clock: {duration: 60s, seed: 3}\n"
    "network: {busiest: 2, cores: 3, diurnal: {amplitude: 0%}}\n"
    "locations: {dc: {latitude: 45, longitude: -120}}\n"
    "services:\n"
    "  proxy: {placement: pop, cpu: 5ms, needs: {kv: {share: 20%, timeout: 300ms, retries: 1},\n"
    "          mail: 10%},\n"
    "          restart: {processes: 4, stuck: 20%}}\n"
    "  kv: {placement: core, location: dc, station: {servers: 3, service_time: 20ms},\n"
    "       front: {service: proxy}, needs: {db: 50%}}\n"
    "  db: {placement: core, location: dc, station: {servers: 2, service_time: 20ms}}\n"
    "  mail: {placement: core, location: dc, station: {servers: 9, service_time: 9ms},\n"
    "         needs: {db: 50%}}\n" /* called directly: one try, no front */
    "sites:\n"
    "  web: {service: proxy, requests: 300/s,\n"
    "        client: {timeout: 1s, retries: 2, reload: 5s, persistence: 50%},\n"
    "        origin: {latency: 40ms}, cache: {cacheable: 60%, objects: 1000, size: 10%}}\n"
    "configs:\n"
    "  flags: {properties: {x: 1}, consumers: [\n"
    "    {service: proxy, when: x > 1, effect: {panic: 30%}}]}\n"
    "timeline:\n"
    "  - {at: +10s, do: push, config: flags, properties: {x: 2}}\n"
    "  - {at: +30s, do: halt, service: kv, for: 5s}\n";

typedef struct Seen {
    uint64_t n[HOP_KINDS], wrong, entries;
    uint64_t ended[OUTCOME_COUNT];
    GHashTable *calls; /* numbers */
    GHashTable *made;  /* those of calls */
    uint64_t unknown_parents, parents, centrals_of_none;
} Seen;

static void
look(void *context, const RequestHop *hop)
{
    Seen *seen = context;
    int64_t number = (int64_t)hop->request, parent = (int64_t)hop->parent;
    seen->n[hop->kind]++;
    seen->wrong += hop->to < hop->from || hop->request == 0 || hop->attempt == 0;
    seen->wrong += hop->kind == HOP_ENDED && hop->outcome >= OUTCOME_COUNT;
    seen->wrong += hop->kind == HOP_CENTRAL && hop->waited > hop->to - hop->from;
    if (hop->kind == HOP_ENDED && hop->outcome < OUTCOME_COUNT)
        seen->ended[hop->outcome]++;
    seen->entries += hop->entry != SIM_NONE;
    if (hop->kind == HOP_ARRIVED || hop->kind == HOP_CALLED)
        g_hash_table_add(seen->calls, g_memdup2(&number, sizeof number));
    if (hop->kind == HOP_CALLED || (hop->kind == HOP_ARRIVED && hop->parent))
        seen->wrong += !g_hash_table_add(seen->made, g_memdup2(&number, sizeof number)) &&
                       hop->kind == HOP_CALLED;
    seen->centrals_of_none +=
        hop->kind == HOP_CENTRAL && !g_hash_table_contains(seen->made, &number);
    if (hop->parent && (hop->kind == HOP_CALLED || hop->kind == HOP_ARRIVED)) {
        seen->parents++;
        seen->unknown_parents += !g_hash_table_contains(seen->calls, &parent);
    }
}

static void
watch(Seen *seen, WholeRun *whole)
{
    RequestLog log = {.context = seen, .hop = look};
    const RunOptions options = {.name = "hops", .plane = RUN_REQUEST, .log = seen ? &log : NULL};
    if (seen)
        *seen = (Seen){.calls = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
                       .made = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL)};
    whole_run_make(whole, scenario, &options);
    whole_run_finish(whole);
}

static void
clear(Seen *seen)
{
    g_hash_table_unref(seen->calls);
    g_hash_table_unref(seen->made);
}

static void
watching_changes_no_digest(void)
{
    Seen seen;
    WholeRun watched, alone;
    watch(&seen, &watched);
    watch(NULL, &alone);
    CHECK_INT(sim_digest(run_sim(watched.run)), sim_digest(run_sim(alone.run)));
    clear(&seen);
    whole_run_clear(&watched);
    whole_run_clear(&alone);
}

static void
every_attempt_that_is_counted_ends_once(void)
{
    static const char *const columns[] = {"all.ok", "all.failed", "all.blocked"};
    Seen seen;
    WholeRun whole;
    double counted = 0;
    watch(&seen, &whole);
    for (uint32_t i = 0; i < G_N_ELEMENTS(columns); i++)
        counted += whole_run_total(&whole, columns[i], 0, SIM_TIME_MAX);
    CHECK_NEAR((double)seen.n[HOP_ENDED], counted, 0.5);
    for (uint32_t o = OUTCOME_STALE; o < OUTCOME_COUNT; o++) {
        g_autofree char *column = g_strdup_printf("outcome.%s", outcome_names[o]);
        CHECK_NEAR((double)seen.ended[o], whole_run_total(&whole, column, 0, SIM_TIME_MAX), 0.5);
    }
    CHECK_NEAR((double)seen.n[HOP_RETRY], whole_run_total(&whole, "all.retries", 0, SIM_TIME_MAX),
               0.5);
    clear(&seen);
    whole_run_clear(&whole);
}

static void
every_kind_of_hop_is_told_and_calls_name_who_made_them(void)
{
    Seen seen;
    WholeRun whole;
    watch(&seen, &whole);
    CHECK_INT(seen.wrong, 0);
    for (uint32_t k = 0; k < HOP_KINDS; k++)
        if (k != HOP_ADMITTED)
            test_check(seen.n[k] > 0, request_hop_names[k], __FILE__, __LINE__);
    CHECK(seen.parents > 100);
    CHECK_INT(seen.unknown_parents, 0);
    CHECK_INT(seen.centrals_of_none, 0);
    CHECK(seen.entries > 0);
    clear(&seen);
    whole_run_clear(&whole);
}

static CU_TestInfo tests[] = {
    {"watching_changes_no_digest", watching_changes_no_digest},
    {"every_attempt_that_is_counted_ends_once", every_attempt_that_is_counted_ends_once},
    {"every_kind_of_hop_is_told_and_calls_name_who_made_them",
     every_kind_of_hop_is_told_and_calls_name_who_made_them},
    CU_TEST_INFO_NULL,
};
TEST_MAIN("request_log", tests)
