#include "sim/cmd/story.h"

enum { DEPTH_MAX = 12 };
static const SimTime GRACE = SIM_MINUTE;

struct Story {
    RequestLog log;
    uint64_t number, highest;
    GArray *told;
    GHashTable *depths; /* number -> depth + 1, of the request and its calls */
    uint32_t n_open;    /* calls without an answer, attempts left behind in a queue */
    bool is_over;
    SimTime over_at;
    bool is_sorted;
};

/* collecting -------------------------------------------------------------------------------- */

static uint32_t
depth_of(const Story *story, uint64_t number)
{
    return number ? GPOINTER_TO_UINT(g_hash_table_lookup(story->depths, &number)) : 0;
}

static void
admit(Story *story, uint64_t number, uint32_t depth)
{
    g_hash_table_insert(story->depths, g_memdup2(&number, sizeof number),
                        GUINT_TO_POINTER(MIN(depth, DEPTH_MAX)));
}

/* Stretches stand where they begin, ends where they end. */
static SimTime
moment_of(const RequestHop *hop)
{
    bool is_end = hop->kind == HOP_ENDED || hop->kind == HOP_ANSWERED;
    return is_end ? hop->to : hop->from;
}

static bool
is_last(const Story *story, const RequestHop *hop)
{
    if (hop->request != story->number)
        return false;
    if (hop->kind == HOP_ENDED)
        return !outcome_is_failed(hop->outcome);
    return hop->kind == HOP_WAITS || hop->kind == HOP_GONE || hop->kind == HOP_ANSWERED;
}

static void
count_open(Story *story, const RequestHop *hop)
{
    if (hop->kind == HOP_CALLED || (hop->kind == HOP_QUEUED && hop->outcome == OUTCOME_TIMEOUT))
        story->n_open++;
    bool is_closed =
        hop->kind == HOP_ANSWERED || (hop->kind == HOP_SERVED && hop->outcome == OUTCOME_NONE);
    if (is_closed && story->n_open > 0)
        story->n_open--;
}

static void
on_hop(void *context, const RequestHop *hop)
{
    Story *story = context;
    uint32_t depth = hop->request == story->number ? 1 : depth_of(story, hop->request);
    story->highest = MAX(story->highest, hop->request);
    if (!depth && hop->parent) {
        uint32_t above = depth_of(story, hop->parent);
        depth = above ? above + 1 : 0;
    }
    if (!depth)
        return;
    admit(story, hop->request, depth);
    const StoryHop told = {
        .hop = *hop, .depth = depth - 1, .order = story->told->len, .at = moment_of(hop)};
    g_array_append_val(story->told, told);
    count_open(story, hop);
    if (is_last(story, hop)) {
        story->is_over = true;
        story->over_at = hop->to;
    }
}

Story *
story_new(uint64_t number)
{
    Story *story = g_new0(Story, 1);
    story->number = number;
    story->log = (RequestLog){.context = story, .hop = on_hop};
    story->told = g_array_new(FALSE, FALSE, sizeof(StoryHop));
    story->depths = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    return story;
}

void
story_free(Story *story)
{
    if (!story)
        return;
    g_array_unref(story->told);
    g_hash_table_unref(story->depths);
    g_free(story);
}

RequestLog *
story_log(Story *story)
{
    return &story->log;
}

bool
story_is_told(const Story *story, SimTime now)
{
    return story->is_over && (story->n_open == 0 || now > story->over_at + GRACE);
}

bool
story_is_found(const Story *story)
{
    return story->told->len > 0;
}

uint64_t
story_highest(const Story *story)
{
    return story->highest;
}

static int
by_time(gconstpointer left, gconstpointer right)
{
    const StoryHop *a = left, *b = right;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

const GArray *
story_hops(Story *story)
{
    if (!story->is_sorted)
        g_array_sort(story->told, by_time);
    story->is_sorted = true;
    return story->told;
}

uint64_t
story_number(const Story *story)
{
    return story->number;
}

bool
story_is_over(const Story *story)
{
    return story->is_over;
}
