#include "sim/cmd/interrupt.h"

#include <signal.h>

static void
on_signal(struct ev_loop *loop, ev_signal *watcher, int events)
{
    Interrupt *interrupt = watcher->data;
    (void)events;
    interrupt->is_asked = true;
    ev_signal_stop(loop, &interrupt->on_int);
    ev_signal_stop(loop, &interrupt->on_term);
    ev_break(loop, EVBREAK_ALL);
}

void
interrupt_start(Interrupt *interrupt)
{
    *interrupt = (Interrupt){.loop = ev_default_loop(EVFLAG_AUTO)};
    ev_signal_init(&interrupt->on_int, on_signal, SIGINT);
    ev_signal_init(&interrupt->on_term, on_signal, SIGTERM);
    interrupt->on_int.data = interrupt->on_term.data = interrupt;
    ev_signal_start(interrupt->loop, &interrupt->on_int);
    ev_signal_start(interrupt->loop, &interrupt->on_term);
    /* They alone keep no loop running. */
    ev_unref(interrupt->loop);
    ev_unref(interrupt->loop);
}

void
interrupt_stop(Interrupt *interrupt)
{
    ev_ref(interrupt->loop);
    ev_ref(interrupt->loop);
    ev_signal_stop(interrupt->loop, &interrupt->on_int);
    ev_signal_stop(interrupt->loop, &interrupt->on_term);
}

bool
interrupt_is_asked(Interrupt *interrupt)
{
    if (!interrupt->is_asked)
        ev_run(interrupt->loop, EVRUN_NOWAIT);
    return interrupt->is_asked;
}
