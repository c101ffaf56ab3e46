#include "models/sharing.h"

#include <math.h>
#include <string.h>

#define CAPACITY_FIRST 16

typedef struct End {
    double at; /* on the virtual clock */
    uint64_t sequence;
    uint32_t job;
} End;

/* heap[0] ends first; the children of i are 2 i + 1 and 2 i + 2. */
struct Sharing {
    SimArena *arena;
    End *heap;
    uint32_t n, capacity;
    uint64_t sequence;
    double servers, speed;
    double rate;   /* virtual nanoseconds a nanosecond, since: */
    SimTime since; /* the last change */
    double clock;  /* the virtual clock then */
};

static bool
ends_before(const End *a, const End *b)
{
    return a->at < b->at || (a->at == b->at && a->sequence < b->sequence);
}

static void
sift_up(End *heap, uint32_t i, End end)
{
    while (i > 0 && ends_before(&end, &heap[(i - 1) / 2])) {
        heap[i] = heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    heap[i] = end;
}

static void
sift_down(End *heap, uint32_t n, uint32_t i, End end)
{
    for (uint64_t child = 2 * (uint64_t)i + 1; child < n; child = 2 * (uint64_t)i + 1) {
        if (child + 1 < n && ends_before(&heap[child + 1], &heap[child]))
            child++;
        if (!ends_before(&heap[child], &end))
            break;
        heap[i] = heap[child];
        i = (uint32_t)child;
    }
    heap[i] = end;
}

static void
remove_at(Sharing *sharing, uint32_t i)
{
    End last = sharing->heap[--sharing->n];
    if (i == sharing->n)
        return;
    if (i > 0 && ends_before(&last, &sharing->heap[(i - 1) / 2]))
        sift_up(sharing->heap, i, last);
    else
        sift_down(sharing->heap, sharing->n, i, last);
}

static void
grow(Sharing *sharing)
{
    SIM_ASSERT(sharing->capacity < UINT32_MAX / 2);
    End *heap = SIM_ARENA_NEW(sharing->arena, End, 2 * sharing->capacity);
    memcpy(heap, sharing->heap, sharing->n * sizeof *heap);
    sharing->heap = heap;
    sharing->capacity *= 2;
}

/* Of the speed, for each job. */
static double
share(const Sharing *sharing)
{
    return sharing->n > sharing->servers ? sharing->servers / sharing->n : 1;
}

/* After a change of n, servers or speed, the clock being at the present. */
static void
rate_again(Sharing *sharing)
{
    if (sharing->n == 0)
        sharing->clock = 0;
    sharing->rate = sharing->speed * share(sharing);
}

static void
clock_advance(Sharing *sharing, SimTime now)
{
    SIM_ASSERT(now >= sharing->since);
    sharing->clock += (double)(now - sharing->since) * sharing->rate;
    sharing->since = now;
}

/* When the first job ends at the present rate: the one place where that is worked out. */
static SimTime
first_end(const Sharing *sharing)
{
    if (sharing->n == 0 || sharing->rate == 0)
        return SIM_TIME_MAX;
    double left = fmax(sharing->heap[0].at - sharing->clock, 0);
    return sim_time_add(sharing->since, sim_from_nanoseconds(ceil(left / sharing->rate)));
}

static void
change_at(Sharing *sharing, SimTime now)
{
    SIM_ASSERT(first_end(sharing) >= now); /* else a job that has ended holds its share */
    clock_advance(sharing, now);
}

Sharing *
sharing_new(SimArena *arena, double servers)
{
    SIM_ASSERT(servers >= 0);
    Sharing *sharing = SIM_ARENA_NEW(arena, Sharing, 1);
    sharing->arena = arena;
    sharing->heap = SIM_ARENA_NEW(arena, End, CAPACITY_FIRST);
    sharing->capacity = CAPACITY_FIRST;
    sharing->servers = servers;
    sharing->speed = 1;
    rate_again(sharing);
    return sharing;
}

void
sharing_arrive(Sharing *sharing, SimTime now, uint32_t job, double work)
{
    SIM_ASSERT(work >= 0);
    change_at(sharing, now);
    if (sharing->n == sharing->capacity)
        grow(sharing);
    End end = {.at = sharing->clock + (double)sim_from_seconds(work),
               .sequence = sharing->sequence++,
               .job = job};
    sift_up(sharing->heap, sharing->n++, end);
    rate_again(sharing);
}

SimTime
sharing_next(const Sharing *sharing, SimTime now)
{
    SimTime at = first_end(sharing);
    return at > now ? at : now;
}

uint32_t
sharing_finish(Sharing *sharing, SimTime now)
{
    SimTime at = first_end(sharing);
    if (at > now || at == SIM_TIME_MAX)
        return SIM_NONE;
    uint32_t job = sharing->heap[0].job;
    clock_advance(sharing, at);
    remove_at(sharing, 0);
    rate_again(sharing);
    return job;
}

void
sharing_leave(Sharing *sharing, SimTime now, uint32_t job)
{
    uint32_t i = 0;
    while (i < sharing->n && sharing->heap[i].job != job)
        i++;
    SIM_ASSERT(i < sharing->n);
    change_at(sharing, now);
    remove_at(sharing, i);
    rate_again(sharing);
}

void
sharing_speed_set(Sharing *sharing, SimTime now, double servers, double speed)
{
    SIM_ASSERT(servers >= 0);
    SIM_ASSERT(speed >= 0);
    change_at(sharing, now);
    sharing->servers = servers;
    sharing->speed = speed;
    rate_again(sharing);
}

uint32_t
sharing_jobs(const Sharing *sharing)
{
    return sharing->n;
}

void
sharing_verify(const Sharing *sharing)
{
    SIM_ASSERT(sharing->n <= sharing->capacity);
    SIM_ASSERT(sharing->n > 0 || sharing->clock == 0);
    for (uint32_t i = 1; i < sharing->n; i++)
        SIM_ASSERT(!ends_before(&sharing->heap[i], &sharing->heap[(i - 1) / 2]));
    for (uint32_t i = 0; i < sharing->n; i++)
        SIM_ASSERT(sharing->heap[i].sequence < sharing->sequence);
    SIM_ASSERT(sharing->rate == sharing->speed * share(sharing));
}
