/*
 * interrupt.h - Ctrl-C and SIGTERM as a question asked between two slices of
 * work.
 *
 * The first is remembered; after it the signals do what they always do, so a
 * second one ends the program at once.  Uses libev's default loop, which child
 * watchers need too.
 */
#pragma once

#include <ev.h>
#include <stdbool.h>

typedef struct Interrupt {
    struct ev_loop *loop;
    ev_signal on_int, on_term;
    bool is_asked;
} Interrupt;

/* The Interrupt must stay where it is until interrupt_stop. */
void interrupt_start(Interrupt *interrupt);
void interrupt_stop(Interrupt *interrupt);
/* Looks for signals now. */
bool interrupt_is_asked(Interrupt *interrupt);
