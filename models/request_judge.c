#include "models/request.h"

/* what processes do -------------------------------------------------------------------------- */

static uint8_t
outcome_of(const RequestStep *step, uint32_t own)
{
    if (step->action == NEED_STALE)
        return OUTCOME_STALE;
    return step->outcome == OUTCOME_NONE ? (uint8_t)own : step->outcome;
}

static void
doom(Request *row, const RequestStep *step, uint32_t own, uint8_t slot)
{
    row->outcome = outcome_of(step, own);
    row->slot = slot;
    row->blamed = step->service;
}

/* Whether it fails there, and then, where that matters, with what. */
static bool
fails_at(RequestPlane *plane, RequestPop *pop, Request *row, uint32_t index, bool matters)
{
    const RequestStep *step = &plane->rows[row->row].program.steps[index];
    const Behaviour *does = &pop->behaviour[step->unit];
    uint32_t purpose = DRAW_PANIC + 128u * row->level + 2 * index;
    uint32_t own = OUTCOME_NONE;
    uint8_t slot = pop->unit_slot[step->unit];
    if (does->refused) {
        own = OUTCOME_502;
    } else if (does->panic > 0 && request_draw(pop, row->number, purpose) < does->panic) {
        own = OUTCOME_500;
    } else if (does->errors > 0 && request_draw(pop, row->number, purpose + 1) < does->errors) {
        own = (uint32_t)world_service(plane->world, step->service)->outcome;
        slot = pop->stuck_slot[step->unit];
    }
    if (own != OUTCOME_NONE && matters)
        doom(row, step, own, slot);
    return own != OUTCOME_NONE;
}

static void
judge_unit(RequestPlane *plane, RequestPop *pop, Request *row, uint32_t index)
{
    bool matters = plane->rows[row->row].program.steps[index].action != NEED_OPEN;
    if (matters)
        fails_at(plane, pop, row, index, true);
}

/* The service sees through some of an attack where it works; what comes after it is spared. */
static void
judge_attack(RequestPlane *plane, RequestPop *pop, Request *row, uint32_t index)
{
    const RequestRow *of = &plane->rows[row->row];
    const RequestStep *step = &of->program.steps[index];
    if (step->service != of->blocked_by || fails_at(plane, pop, row, index, false) ||
        pop->behaviour[step->unit].degrade != SIM_NONE ||
        request_draw(pop, row->number, DRAW_DEGRADED + index) >= of->block)
        return;
    row->outcome = OUTCOME_BLOCKED;
    row->slot = 0;
    row->blamed = step->service;
    row->step = (uint16_t)index;
}

static double
reaction_of(const RequestPlane *plane, const RequestRow *row, uint32_t condition)
{
    const SimList *reactions = row->site == SIM_NONE
                                   ? &world_service(plane->world, row->service)->front.reactions
                                   : &world_site(plane->world, row->site)->reactions;
    SIM_EACH(const ReactionSpec, reaction, *reactions)
    if (strcmp(reaction->entity.name, plane->world->conditions[condition]) == 0)
        return reaction->share;
    return 0;
}

/* A degraded unit: the site's own rules block some. */
static void
judge_degraded(RequestPlane *plane, RequestPop *pop, Request *row, uint32_t index)
{
    const RequestStep *step = &plane->rows[row->row].program.steps[index];
    const Behaviour *does = &pop->behaviour[step->unit];
    if (does->degrade == SIM_NONE)
        return;
    /* The same for every attempt of a request: rules look at it and not at the dice. */
    double u = request_draw(pop, row->number, DRAW_DEGRADED + index);
    if (u < reaction_of(plane, &plane->rows[row->row], does->degrade)) {
        row->outcome = OUTCOME_BLOCKED;
        row->slot = pop->unit_slot[step->unit];
        row->blamed = step->service;
    }
}

void
request_judge(RequestPlane *plane, RequestPop *pop, uint32_t request)
{
    Request *row = &pop->requests[request];
    const RequestProgram *program = &plane->rows[row->row].program;
    row->outcome = OUTCOME_OK;
    row->blamed = SIM_NONE;
    bool is_attack = plane->rows[row->row].is_attack;
    row->step = 0;
    for (int pass = 0; (pop->has_trouble || is_attack) && pass < 2; pass++)
        for (uint32_t i = 0; i < program->n_steps && row->outcome == OUTCOME_OK; i++) {
            const RequestStep *step = &program->steps[i];
            if (step->kind != REQUEST_UNIT || !(row->made >> i & 1))
                continue;
            if (pass == 1)
                judge_degraded(plane, pop, row, i);
            else
                judge_unit(plane, pop, row, i);
            if (pass == 0 && is_attack && row->outcome == OUTCOME_OK)
                judge_attack(plane, pop, row, i);
        }
}

/* No process takes its connection, or those that do are stuck: it fails without CPU. */
bool
request_is_refused(RequestPlane *plane, RequestPop *pop, uint32_t request)
{
    Request *row = &pop->requests[request];
    const RequestProgram *program = &plane->rows[row->row].program;
    for (uint32_t i = 0; pop->has_trouble && i < program->n_steps; i++) {
        const RequestStep *step = &program->steps[i];
        if (step->kind != REQUEST_UNIT || !(row->made >> i & 1) || step->action == NEED_OPEN)
            continue;
        const Behaviour *does = &pop->behaviour[step->unit];
        if (!does->refused && !(does->errors >= 1 && does->speed <= 0))
            continue;
        judge_unit(plane, pop, row, i);
        HOP(plane, pop, request, .kind = HOP_ADMITTED, .from = row->began, .to = row->began,
            .outcome = (Outcome)row->outcome, .cause = row->slot, .service = row->blamed);
        return row->outcome != OUTCOME_OK;
    }
    return false;
}
