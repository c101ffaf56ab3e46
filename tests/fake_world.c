#include "tests/fake_world.h"

#include "tests/harness.h"

#include <stdlib.h>
#include <string.h>

static const char head[] = "blackstart: 1\n"
                           "title: test\n"
                           "clock: {start: 2025-11-18T11:00:00Z, duration: 6h}\n";

static void
note(void *plane, FakeCall call)
{
    FakeWorld *fake = plane;
    call.at = sim_now(fake->sim);
    g_array_append_val(fake->calls, call);
}

static Behaviour *
behaviour_at(const FakeWorld *fake, uint32_t service, uint32_t pop, uint32_t cohort)
{
    SIM_ASSERT(service < fake->world.n_services);
    SIM_ASSERT(pop < fake->world.n_pops);
    SIM_ASSERT(cohort < COHORTS_MAX);
    return &fake->behaviours[(service * fake->world.n_pops + pop) * COHORTS_MAX + cohort];
}

static void
behaviour_set(void *plane, uint32_t service, uint32_t pop, uint32_t cohort,
              const Behaviour *behaviour)
{
    *behaviour_at(plane, service, pop, cohort) = *behaviour;
    note(plane, (FakeCall){.kind = FAKE_BEHAVIOUR,
                           .who = service,
                           .where = pop,
                           .value = behaviour->speed,
                           .cause = behaviour->cause});
}

static void
kill_switch_set(void *plane, uint32_t service, bool killed, uint32_t cause)
{
    note(plane,
         (FakeCall){.kind = FAKE_KILL_SWITCH, .who = service, .value = killed, .cause = cause});
}

static void
front_set(void *plane, uint32_t service, uint32_t cohort, uint32_t cause)
{
    note(plane, (FakeCall){.kind = FAKE_FRONT, .who = service, .where = cohort, .cause = cause});
}

static void
capacity_set(void *plane, uint32_t service, double factor, uint32_t cause)
{
    note(plane, (FakeCall){.kind = FAKE_CAPACITY, .who = service, .value = factor, .cause = cause});
}

static void
station_drop(void *plane, uint32_t service, uint32_t cause)
{
    note(plane, (FakeCall){.kind = FAKE_DROP, .who = service, .cause = cause});
}

static void
halt_set(void *plane, uint32_t service, bool halted, uint32_t cause)
{
    note(plane, (FakeCall){.kind = FAKE_HALT, .who = service, .value = halted, .cause = cause});
}

static void
demand_set(void *plane, uint32_t site, double factor, double limit, uint32_t cause)
{
    note(plane,
         (FakeCall){
             .kind = FAKE_DEMAND, .who = site, .value = factor, .limit = limit, .cause = cause});
}

static void
catchment_moved(void *plane, uint32_t group, const CatchmentMove *move)
{
    (void)group;
    note(plane, (FakeCall){.kind = FAKE_CATCHMENT,
                           .who = move->metro,
                           .where = move->to,
                           .value = move->parts,
                           .cause = move->cause});
}

static void
cache_keep(void *plane, uint32_t pop, uint32_t site, double kept, uint32_t cause)
{
    note(plane,
         (FakeCall){.kind = FAKE_CACHE, .who = site, .where = pop, .value = kept, .cause = cause});
}

static void
crash(void *plane, uint32_t host, uint32_t pop, uint32_t cohort, double share, uint32_t cause)
{
    (void)cohort;
    note(plane,
         (FakeCall){.kind = FAKE_CRASH, .who = host, .where = pop, .value = share, .cause = cause});
}

static void
impair_set(void *plane, uint32_t service, const Impairment *impairment)
{
    FakeWorld *fake = plane;
    fake->impairments[service] = *impairment;
    note(plane, (FakeCall){.kind = FAKE_IMPAIR,
                           .who = service,
                           .value = impairment->errors,
                           .limit = impairment->slow,
                           .cause = impairment->cause});
}

static void
entry_set(void *plane, uint32_t site, uint32_t pop, const EntryFault *fault)
{
    note(plane, (FakeCall){.kind = FAKE_ENTRY,
                           .who = site,
                           .where = pop,
                           .value = fault->share,
                           .cause = fault->cause});
}

static void
origin_set(void *plane, uint32_t site, const OriginFault *fault)
{
    note(plane, (FakeCall){.kind = FAKE_ORIGIN,
                           .who = site,
                           .value = fault->errors,
                           .limit = fault->delay,
                           .cause = fault->cause});
}

static void
need_set(void *plane, uint32_t service, int on_failure, uint32_t cause)
{
    note(plane, (FakeCall){.kind = FAKE_NEED, .who = service, .value = on_failure, .cause = cause});
}

static PlaneCounts
counts(const void *plane, uint32_t pop)
{
    const FakeWorld *fake = plane;
    return fake->counts ? fake->counts(fake, pop) : (PlaneCounts){0};
}

static PlaneCounts
site_counts(const void *plane, uint32_t pop, uint32_t site)
{
    (void)site;
    return counts(plane, pop);
}

static const PlaneOps fake_ops = {
    .name = "fake",
    .behaviour_set = behaviour_set,
    .crash = crash,
    .kill_switch_set = kill_switch_set,
    .front_set = front_set,
    .capacity_set = capacity_set,
    .station_drop = station_drop,
    .halt_set = halt_set,
    .demand_set = demand_set,
    .catchment_moved = catchment_moved,
    .cache_keep = cache_keep,
    .impair_set = impair_set,
    .entry_set = entry_set,
    .origin_set = origin_set,
    .need_set = need_set,
    .counts = counts,
    .site_counts = site_counts,
};

/* A test whose text is wrong says so and stops. */
static void
stop_if_wrong(const FakeWorld *fake)
{
    if (sim_messages_errors(fake->messages) == 0)
        return;
    g_autofree char *said = fake_messages(fake);
    fprintf(stderr, "%s", said);
    abort();
}

static void
load(FakeWorld *fake, const char *text)
{
    g_autofree char *whole = g_strconcat(head, text, NULL);
    fake->messages = sim_messages_new();
    fake->document = sim_document_parse(whole, strlen(whole), "test.yaml", NULL, fake->messages);
    fake->fields = sim_fields_read(&spec_table, sim_document_root(fake->document), &fake->spec,
                                   fake->messages);
    stop_if_wrong(fake);
}

FakeWorld *
fake_world_new(const char *text, uint32_t n_pops, uint64_t seed)
{
    FakeWorld *fake = g_new0(FakeWorld, 1);
    g_autoptr(Geo) all = NULL;
    g_autoptr(GError) error = NULL;
    load(fake, text);
    if (!geo_load(NULL, NULL, &all, &error))
        abort();
    fake->geo = geo_busiest(all, n_pops);
    fake->sim = sim_new(&(SimOptions){.scenario = "test", .seed = seed});
    world_init(&fake->world, fake->sim, &fake->spec, fake->geo, fake->messages);
    stop_if_wrong(fake);
    fake->world.ops = &fake_ops;
    fake->world.plane = fake;
    fake->calls = g_array_new(FALSE, TRUE, sizeof(FakeCall));
    uint32_t n = fake->world.n_services * fake->world.n_pops * COHORTS_MAX;
    fake->impairments = g_new0(Impairment, fake->world.n_services + 1);
    for (uint32_t i = 0; i < fake->world.n_services; i++)
        fake->impairments[i] = IMPAIRMENT_NONE;
    fake->behaviours = g_new0(Behaviour, n);
    for (uint32_t i = 0; i < n; i++)
        fake->behaviours[i] = BEHAVIOUR_NORMAL;
    return fake;
}

void
fake_world_free(FakeWorld *fake)
{
    if (!fake)
        return;
    g_free(fake->behaviours);
    g_free(fake->impairments);
    g_array_unref(fake->calls);
    sim_free(fake->sim);
    geo_free(fake->geo);
    sim_fields_free(fake->fields);
    sim_document_free(fake->document);
    sim_messages_free(fake->messages);
    g_free(fake);
}

Behaviour
fake_behaviour(const FakeWorld *fake, uint32_t service, uint32_t pop, uint32_t cohort)
{
    return *behaviour_at(fake, service, pop, cohort);
}

uint32_t
fake_count(const FakeWorld *fake, FakeKind kind)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < fake->calls->len; i++)
        n += g_array_index(fake->calls, FakeCall, i).kind == kind;
    return n;
}

FakeCall
fake_call(const FakeWorld *fake, FakeKind kind, uint32_t k)
{
    for (uint32_t i = 0; i < fake->calls->len; i++) {
        FakeCall call = g_array_index(fake->calls, FakeCall, i);
        if (call.kind == kind && k-- == 0)
            return call;
    }
    bool was_made = false;
    CHECK(was_made);
    return (FakeCall){0};
}

char *
fake_journal(const FakeWorld *fake)
{
    GString *out = g_string_new(NULL);
    for (uint32_t i = 0; i < sim_journal_count(fake->world.journal); i++) {
        const SimJournalEntry *entry = sim_journal_get(fake->world.journal, i);
        int64_t second = entry->at / SIM_SECOND;
        char text[SIM_JOURNAL_LINE_MAX];
        g_string_append_printf(out, "%02d:%02d %s %s\n", (int)(second / 60), (int)(second % 60),
                               entry->kind,
                               sim_journal_describe(fake->world.journal, i, text, sizeof text));
    }
    return g_string_free(out, FALSE);
}

char *
fake_messages(const FakeWorld *fake)
{
    GString *out = g_string_new(NULL);
    sim_messages_print(fake->messages, false, out);
    return g_string_free(out, FALSE);
}
