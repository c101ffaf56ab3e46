#include "models/guard.h"

#include "models/need.h"

#include <string.h>

/* finding ----------------------------------------------------------------------------------- */

static uint32_t
count(const SimList *needs)
{
    uint32_t n = 0;
    SIM_EACH(const NeedSpec, need, *needs)
    n += need_is_guarded(need);
    return n;
}

uint32_t
guards_count(const Spec *spec)
{
    uint32_t n = 0;
    SIM_EACH(const ServiceSpec, service, spec->services)
    n += count(&service->needs) + count(&service->front.needs);
    SIM_EACH(const SiteSpec, site, spec->sites)
    n += count(&site->needs);
    return n;
}

static const char *
join(SimArena *arena, const char *a, const char *b, const char *c)
{
    g_autofree char *text = g_strconcat(a, b, c, NULL);
    size_t size = strlen(text) + 1;
    char *kept = sim_arena_alloc(arena, 1, size);
    memcpy(kept, text, size);
    return kept;
}

static void
add(Guards *guards, SimArena *arena, const SimList *needs, const char *caller)
{
    SIM_EACH(const NeedSpec, need, *needs)
    {
        if (!need_is_guarded(need))
            continue;
        const char *names = join(arena, caller, "/", need->entity.name);
        guards->of[guards->n++] = (Guard){.need = need,
                                          .caller = caller,
                                          .entity = join(arena, "breaker/", names, ""),
                                          .hosts = join(arena, "outlier/", names, ""),
                                          .column = SIM_NONE,
                                          .opened = SIM_NONE,
                                          .ejected = SIM_NONE};
    }
}

Guards *
guards_new(const World *world, SimArena *arena)
{
    const Spec *spec = world->spec;
    Guards *guards = SIM_ARENA_NEW(arena, Guards, 1);
    guards->of = SIM_ARENA_NEW(arena, Guard, guards_count(spec) + 1);
    SIM_EACH(const ServiceSpec, service, spec->services)
    {
        add(guards, arena, &service->needs, service->entity.name);
        if (service->front.needs.n > 0)
            add(guards, arena, &service->front.needs,
                join(arena, service->entity.name, "-front", ""));
    }
    SIM_EACH(const SiteSpec, site, spec->sites)
    add(guards, arena, &site->needs, site->entity.name);
    return guards;
}

void
guards_attach(Guards *guards, SimRecorder *recorder)
{
    for (uint32_t i = 0; i < guards->n; i++) {
        Guard *guard = &guards->of[i];
        if (guard->need->breaker.kind == BREAKER_NONE)
            continue;
        g_autofree char *name =
            g_strdup_printf("breaker.%s.%s.open", guard->caller, guard->need->entity.name);
        guard->column = sim_recorder_column(recorder, name, SIM_COLUMN_GAUGE, "share",
                                            "of its places whose breaker is not closed");
    }
}

uint32_t
guards_find(const Guards *guards, const NeedSpec *need)
{
    for (uint32_t i = 0; i < guards->n; i++)
        if (guards->of[i].need == need)
            return i;
    return SIM_NONE;
}

SimRng
guard_stream(const World *world, const Guard *guard, const char *what, uint32_t pop)
{
    return sim_stream(world->sim, "guard/%s/%s/%s/%s", guard->caller, guard->need->entity.name,
                      what, pop == SIM_NONE ? "-" : world->geo->pops.code[pop]);
}

/* journal ----------------------------------------------------------------------------------- */

static uint32_t
note(const World *world, const char *kind, const char *entity, SimTime now, uint32_t cause,
     uint64_t n, const char *text)
{
    const SimJournalEntry entry = {.at = now, .cause = cause, .kind = kind, .entity = entity};
    uint64_t key = sim_mix64(sim_hash_text(entity) ^ sim_hash_text(kind));
    return sim_journal_coalesce(world->journal, key, n, &entry, "%s", text);
}

void
guard_breaker_moved(Guard *guard, const World *world, const Breaker *breaker, BreakerState was,
                    SimTime now, uint32_t cause)
{
    const char *service = guard->need->entity.name;
    char text[SIM_JOURNAL_LINE_MAX];
    if (breaker->state == was)
        return;
    if (breaker->state == BREAKER_OPEN && was == BREAKER_CLOSED) {
        g_snprintf(text, sizeof text, "%s stops calling %s: its breaker opens", guard->caller,
                   service);
        guard->opened = note(world, "breaker.opens", guard->entity, now, cause, 1, text);
    } else if (breaker->state == BREAKER_TRYING && breaker->opened == 1) {
        g_snprintf(text, sizeof text, "%s lets calls to %s try", guard->caller, service);
        note(world, "breaker.tries", guard->entity, now, guard->opened, 1, text);
    } else if (breaker->state == BREAKER_CLOSED) {
        g_snprintf(text, sizeof text, "%s calls %s again: its breaker closes", guard->caller,
                   service);
        note(world, "breaker.closes", guard->entity, now, guard->opened, 1, text);
    }
}

void
guard_outlier_moved(Guard *guard, const World *world, const Outlier *outlier, uint64_t ejections,
                    uint64_t returns, SimTime now, uint32_t cause)
{
    const char *service = guard->need->entity.name;
    char text[SIM_JOURNAL_LINE_MAX];
    if (outlier->ejections > ejections) {
        g_snprintf(text, sizeof text, "%s leaves out a host of %s", guard->caller, service);
        guard->ejected = note(world, "outlier.ejects", guard->hosts, now, cause,
                              outlier->ejections - ejections, text);
    }
    if (outlier->returns > returns) {
        g_snprintf(text, sizeof text, "%s asks a host of %s again", guard->caller, service);
        note(world, "outlier.returns", guard->hosts, now, guard->ejected,
             outlier->returns - returns, text);
    }
}
