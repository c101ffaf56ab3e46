/*
 * change.h - the change process: what a version or a wave waits for before it
 * goes out.
 *
 * Asked for something, it first takes the approval, whose time is drawn, at any
 * hour; then the first moment at which a window is open and no freeze holds.
 *     goes out at open(asked + approval)
 * Windows are hours of the week in UTC, freezes are spans of the calendar; what
 * is asked for while it is open and needs no approval goes out at once, without
 * an event and without a journal line.  A config with `change` has that alone,
 * others have the scenario's `change_process`.
 *
 * One thing a config waits at most: asking again withdraws what was asked
 * before, as a new push supersedes the rollout under way.  A config that is
 * generated more often than its approval takes therefore never gets one.
 *
 * What does not come here: what goes past the rollout (`bypass`), reverts of a
 * gate or a missing confirmation, and push-known-good where an emergency
 * bypasses.
 *
 * Draws: one stream a config, one position a question.  Journal: change.waits
 * for the approval, the window, the freeze; change.approved when what waited
 * goes out; both with the cause that was given.
 *
 * Left out: approvals that are refused, people who sleep, a window that closes
 * while a wave is on its way.
 */
#pragma once

#include "models/world.h"

typedef struct Changes Changes;

typedef struct ChangeAsk {
    uint32_t config;
    const char *what;       /* "version 3", "wave 2": for the journal; copied */
    const SimLaw *approval; /* what the yes takes */
    uint32_t cause;
    bool is_quiet; /* no journal lines: one of many */
    SimEvent then;
} ChangeAsk;

/* NULL when a freeze ends before it begins, which messages then says. */
Changes *change_attach(Sim *sim, const World *world, SimMessages *messages);
/* What holds for the config: its own, or the scenario's. */
const ChangeSpec *change_spec(const World *world, uint32_t config);
/* True: it goes out now.  False: `then` is posted when it may, unless something else is asked or
 * it is withdrawn. */
bool change_ask(Changes *changes, const ChangeAsk *ask);
void change_withdraw(Changes *changes, uint32_t config);
bool change_is_waiting(const Changes *changes, uint32_t config);
/* The first moment from `at` on when a window is open and no freeze holds; SIM_TIME_MAX: none.
 * ret_why: what holds at `at`: the text of a freeze, or NULL for a window; may be NULL. */
SimTime change_opens(const Changes *changes, uint32_t config, SimTime at, const char **ret_why);
