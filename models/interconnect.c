#include "models/interconnect.h"

#include <string.h>

static int
compare_sessions(const void *a, const void *b, void *unused)
{
    const InterconnectSession *x = a, *y = b;
    (void)unused;
    if (x->network != y->network)
        return x->network < y->network ? -1 : 1;
    return (x->pop > y->pop) - (x->pop < y->pop);
}

/* Turns counts at [i + 1] into the starts of rows. */
static void
add_up(uint32_t *start, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        start[i + 1] += start[i];
}

static void
fill_columns(Interconnect *interconnect, const InterconnectSession *sessions)
{
    for (uint32_t s = 0; s < interconnect->n_sessions; s++) {
        const InterconnectSession *session = &sessions[s];
        SIM_ASSERT(session->network < interconnect->n_networks);
        SIM_ASSERT(session->pop < interconnect->n_pops);
        SIM_ASSERT(s == 0 || compare_sessions(session - 1, session, NULL) < 0);
        interconnect->network[s] = session->network;
        interconnect->pop[s] = session->pop;
        interconnect->class[s] = (uint8_t)session->class;
        interconnect->prepend[s] = session->prepend;
        interconnect->start[session->network + 1]++;
        interconnect->pop_start[session->pop + 1]++;
    }
    add_up(interconnect->start, interconnect->n_networks);
    add_up(interconnect->pop_start, interconnect->n_pops);
}

static void
fill_rows_of_pops(Interconnect *interconnect)
{
    g_autofree uint32_t *next = g_new(uint32_t, (size_t)interconnect->n_pops + 1);
    memcpy(next, interconnect->pop_start, interconnect->n_pops * sizeof *next);
    for (uint32_t s = 0; s < interconnect->n_sessions; s++)
        interconnect->of_pop[next[interconnect->pop[s]]++] = s;
}

Interconnect *
interconnect_of(uint32_t n_networks, uint32_t n_pops, const InterconnectSession *sessions,
                uint32_t n)
{
    Interconnect *interconnect = g_new0(Interconnect, 1);
    g_autofree InterconnectSession *sorted = g_new(InterconnectSession, (size_t)n + 1);
    if (n > 0)
        memcpy(sorted, sessions, n * sizeof *sorted);
    g_qsort_with_data(sorted, (int)n, sizeof *sorted, compare_sessions, NULL);
    interconnect->n_networks = n_networks;
    interconnect->n_pops = n_pops;
    interconnect->n_sessions = n;
    interconnect->start = g_new0(uint32_t, (size_t)n_networks + 1);
    interconnect->pop_start = g_new0(uint32_t, (size_t)n_pops + 1);
    interconnect->network = g_new(uint32_t, (size_t)n + 1);
    interconnect->pop = g_new(uint32_t, (size_t)n + 1);
    interconnect->of_pop = g_new(uint32_t, (size_t)n + 1);
    interconnect->class = g_new(uint8_t, (size_t)n + 1);
    interconnect->prepend = g_new(uint8_t, (size_t)n + 1);
    fill_columns(interconnect, sorted);
    fill_rows_of_pops(interconnect);
    return interconnect;
}

void
interconnect_free(Interconnect *interconnect)
{
    if (!interconnect)
        return;
    g_free(interconnect->start);
    g_free(interconnect->network);
    g_free(interconnect->pop);
    g_free(interconnect->class);
    g_free(interconnect->prepend);
    g_free(interconnect->pop_start);
    g_free(interconnect->of_pop);
    g_free(interconnect);
}
